//! Lists the threads of a dump: registers, stack bounds, and which thread crashed and why.
//!
//! ```text
//! $ cargo run --release --example threads -- tests/fixtures/quick-start.dmp
//! thread 0x124, environment block 0x67fe0000
//!   stack 0x11fd90 to 0x120000, 624 bytes in the dump
//!   cs     0033              ss     002b              eflags 00010206          rax    0000000000000000
//! ...
//! thread 0x124 stopped at 0x14000179a: ACCESS_VIOLATION (0xc0000005) writing 0x1234
//!   cs     0033              ss     002b              eflags 00010206          rax    0000000000000000
//! ...
//! ```

mod support;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use support::printable;
use userdump::Dump;
use userdump::format::context::RegisterGroup;
use userdump::read::any_format::AnyThread;
use userdump::read::memory::MemoryRegions;
use userdump::read::system::wow64::{Wow64, Wow64Thread};
use userdump::read::thread::ThreadNames;
use userdump::read::{Context, Memory};

const HELP: &str = "\
threads FILE

Lists the threads of a dump of any format with their registers and stack bounds, then the exceptions: which thread crashed,
where and why. For a 32-bit process in a 64-bit dump, the 64-bit and the 32-bit state of each thread are listed.

Example: threads crash.dmp";

fn main() -> ExitCode {
    support::run(HELP, list)
}

fn list(file: &[u8], _: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let dump = Dump::parse(file)?;
    let names = if let Dump::Minidump(dump) = dump { dump.stream::<ThreadNames<'_>>()? } else { None };
    let (memory, regions) = (dump.memory(), dump.regions());
    let wow64 = Wow64::of(&dump, &memory);
    for thread in dump.threads() {
        let name = names.and_then(|names| names.by_id(thread.id())).and_then(|name| name.name().ok());
        let name = name.map_or(String::new(), |name| format!(" {}", printable(&name.to_string_lossy())));
        writeln!(out, "thread {:#x}{name}, environment block {:#x}", thread.id(), thread.teb())?;
        match stack(&thread, &memory, &regions) {
            Some((start, size)) => {
                // The index finds the bytes in any of the memory lists.
                let present = memory.run_len(start, size);
                writeln!(out, "  stack {start:#x} to {:#x}, {present} bytes in the dump", start.saturating_add(size))?;
            }
            None => writeln!(out, "  no stack")?,
        }
        match thread.context() {
            Ok(Some(context)) => registers(&context, out)?,
            Ok(None) => writeln!(out, "  no registers")?,
            Err(error) => writeln!(out, "  {error}")?,
        }
        // In a WOW64 process, all of the above belongs to the 64-bit emulation layer.
        if let Some(process) = &wow64 {
            state_of_32_bits(&process.thread(&thread), &memory, out)?;
        }
    }
    for exception in dump.exceptions() {
        let thread = exception.thread_id();
        let address = exception.instruction_address().unwrap_or(dump.target().mask(exception.address()));
        writeln!(out, "thread {thread:#x} stopped at {address:#x}: {}", exception.reason())?;
        // The registers at the time of the fault. The context of the thread is from when the dump was written.
        exception.context()?.map_or(Ok(()), |context| registers(&context, out))?;
    }
    if dump.threads().next().is_none() { Err("the dump has no threads".into()) } else { Ok(()) }
}

/// Prints the 32-bit state of a thread of a WOW64 process.
fn state_of_32_bits(thread: &Wow64Thread, memory: &Memory<'_>, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let teb = thread.teb().map_or("not in the dump".to_owned(), |teb| format!("{teb:#x}"));
    writeln!(out, "  32-bit environment block {teb}")?;
    if let Some(stack) = thread.stack() {
        let present = memory.run_len(stack.start, stack.end - stack.start);
        writeln!(out, "  stack {:#x} to {:#x}, {present} bytes in the dump", stack.start, stack.end)?;
    }
    match thread.context() {
        Some(context) => registers(&context, out),
        None => Ok(writeln!(out, "  no registers")?),
    }
}

/// Returns the address and size of the stack: from the thread record, or else from the stack pointer to the end of its memory
/// region or range.
fn stack(thread: &AnyThread<'_>, memory: &Memory<'_>, regions: &MemoryRegions<'_>) -> Option<(u64, u64)> {
    if let AnyThread::Minidump(thread) = thread {
        let stack = thread.raw().stack;
        if stack.memory.data_size > 0 {
            return Some((stack.start_of_memory_range, stack.memory.data_size.into()));
        }
    }
    let pointer = thread.context().ok()??.stack_pointer()?;
    let region = regions.at_address(pointer).map(|region| region.base().wrapping_add(region.size()));
    let end = region.or_else(|| memory.range_at(pointer).map(|range| range.address.wrapping_add(range.size)))?;
    Some((pointer, end.wrapping_sub(pointer)))
}

fn registers(context: &Context<'_>, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    // There are also floating-point and vector registers, and the extended state in `context.xstate()`.
    let shown = |group| matches!(group, RegisterGroup::Control | RegisterGroup::Integer) && context.is_valid(group);
    let general: Vec<String> = context
        .registers()
        .filter(|register| shown(register.group))
        .map(|register| format!("{:<6} {:<16}", register.name, register.value.to_string()))
        .collect();
    for row in general.chunks(4) {
        writeln!(out, "  {}", row.join("  ").trim_end())?;
    }
    Ok(())
}
