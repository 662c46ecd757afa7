//! Finds the exception that the options name in the source's memory.

use alloc::borrow::Cow;

use crate::error::RedumpError;
use crate::format::exception::JitDebugInfo;
use crate::format::{self, ProcessorArchitecture};
use crate::read::exception::in_memory;
use crate::read::{OwnedMinidump, Thread};
use crate::redump::hooks::Hooks;
use crate::redump::made_up::STATUS_BREAKPOINT;
use crate::redump::options::Options;
use crate::redump::source::{Source, made_records};

/// Returns a minidump that has only the exception that the options name; `None` if they name none.
pub(super) fn found(
    source: &Source<'_>,
    options: &Options,
    hooks: &Hooks<'_>,
) -> Result<Option<OwnedMinidump>, RedumpError> {
    if !options.names_exception() {
        return Ok(None);
    }
    let target = source.target;
    let context_size = in_memory::context_size(target);
    if !target.is_windows() || context_size.is_none() {
        return Err(RedumpError::Unsupported { what: "an exception in memory of a system other than Windows" });
    }
    let named = options.exception;
    let jit = named.jit_debug_info.map(|address| jit_debug_info(source, address)).transpose()?;
    let pointers = named.pointers.map(|address| pointers(source, address)).transpose()?;
    let of_pointers = pointers.unzip();
    let record = named.record.or(of_pointers.0).or(jit.map(|jit| jit.exception_record));
    let context = named.context.or(of_pointers.1).or(jit.map(|jit| jit.context_record));
    let thread = thread(source, hooks, named.thread.or(jit.map(|jit| jit.thread_id)))?;
    let exception_record = match record {
        Some(address) => in_memory::record_at(&source.memory, address)
            .ok_or_else(|| missing(source, "EXCEPTION_RECORD", address, in_memory::record_size(target)))?,
        None => format::ExceptionRecord { exception_code: STATUS_BREAKPOINT, ..Default::default() },
    };
    let context: Option<Cow<'_, [u8]>> = match context {
        Some(address) => {
            let bytes = in_memory::context_at(&source.memory, address);
            let needed = context_size.unwrap_or(0);
            Some(bytes.ok_or_else(|| missing(source, "CONTEXT", address, needed))?.into())
        }
        None => thread.registers().map(|context| context.as_bytes().into()),
    };
    made(source, thread.id(), exception_record, context).map(Some)
}

/// Returns the thread with the ID; without an ID, the thread of the source's exception or the first thread.
fn thread<'s>(source: &'s Source<'_>, hooks: &Hooks<'_>, id: Option<u32>) -> Result<Thread<'s>, RedumpError> {
    let dump = source.dump();
    let left_out = hooks.threads_left_out(&dump);
    let mut threads = dump.threads().filter(|thread| !left_out.contains(&thread.id()));
    let with_id = |id: u32| threads.clone().find(|thread| thread.id() == id);
    match id {
        Some(id) => with_id(id).ok_or(RedumpError::NoThread { id }),
        None => {
            let raised = dump.exceptions().flatten().next().and_then(|exception| with_id(exception.thread_id()));
            raised
                .or_else(|| threads.next())
                .ok_or(RedumpError::Unsupported { what: "an exception of a dump without threads" })
        }
    }
}

fn missing(source: &Source<'_>, what: &'static str, address: u64, needed: u64) -> RedumpError {
    let address = source.target.mask(address);
    RedumpError::NotInMemory { what, address, needed, available: source.memory.run_len(address, needed) }
}

/// Returns the addresses of the exception record and the context.
fn pointers(source: &Source<'_>, address: u64) -> Result<(u64, u64), RedumpError> {
    let found = in_memory::pointers_at(&source.memory, address);
    found.ok_or_else(|| missing(source, "EXCEPTION_POINTERS", address, 2 * u64::from(source.target.pointer_size())))
}

fn jit_debug_info(source: &Source<'_>, address: u64) -> Result<JitDebugInfo, RedumpError> {
    const WHAT: &str = "JIT_DEBUG_INFO";
    let unusable = |reason| RedumpError::Unusable { what: WHAT, address: source.target.mask(address), reason };
    let size = JitDebugInfo::SIZE as u64;
    let found = in_memory::structure_at::<JitDebugInfo>(&source.memory, address);
    let found = found.ok_or_else(|| missing(source, WHAT, address, size))?;
    if u64::from(found.size) < size {
        return Err(unusable("its size field is smaller than the structure"));
    }
    let architecture = u16::try_from(found.processor_architecture).ok().map(ProcessorArchitecture);
    if architecture != source.target.architecture {
        return Err(unusable("it is for another processor than the dump"));
    }
    Ok(found)
}

/// Makes a minidump with an exception and nothing else.
fn made(
    source: &Source<'_>,
    thread_id: u32,
    exception_record: format::ExceptionRecord,
    context: Option<Cow<'_, [u8]>>,
) -> Result<OwnedMinidump, RedumpError> {
    made_records(source.target, |builder| {
        let context = context.map(|bytes| builder.part("CONTEXT", bytes));
        builder.exception(format::ExceptionStream { thread_id, exception_record, ..Default::default() }, context);
    })
}
