//! Makes a full user dump from the records of any other dump.

use alloc::vec::Vec;

use crate::error::{ReadError, RedumpError};
use crate::format::full_user_dump::{CrashModule64, CrashThread64, ImageFileMachine};
use crate::format::text::char_to_windows_1252;
use crate::format::{ExceptionRecord, StreamType};
use crate::read::system::MiscInfo;
use crate::read::text::Utf16;
use crate::read::thread::ThreadExList;
use crate::read::{Budget, Module, ModuleList, SystemInfo, Thread, ThreadList};
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::Report;
use crate::redump::select::selected::Selection;
use crate::redump::source::{LITTLE, Source};
use crate::write::FullUserDumpBuilder;

use crate::redump::full_user_dump::{event, windows_context};

/// Refuses a source if the debugger would refuse the full user dump.
///
/// Measured: it requires threads, modules and regions, and in a `USERDUMP` the `MZ` signature at the base of a module.
fn refuse(source: &Source<'_>, hooks: &Hooks<'_>, selection: &Selection) -> Result<(), RedumpError> {
    let dump = source.dump();
    let mut modules = dump.list::<ModuleList<'_>>().into_iter().filter(|module| hooks.keeps_module(module)).peekable();
    let reason = if dump.threads().all(|thread| selection.threads_left_out.contains(&thread.id())) {
        "it has no threads"
    } else if modules.peek().is_none() {
        "it has no modules"
    } else if selection.selected.ranges.is_empty() {
        "it has no memory"
    } else if source.target.is_32_bit() && !modules.any(|module| has_image(source, &module)) {
        "none of its modules has an image in memory"
    } else {
        return Ok(());
    };
    Err(RedumpError::Refused { reason })
}

fn has_image(source: &Source<'_>, module: &Module<'_>) -> bool {
    source.memory.read_u16(module.base()) == Some(u16::from_le_bytes(*b"MZ"))
}

/// Returns the builder with everything except the regions.
pub(super) fn builder<'a>(
    source: &Source<'a>,
    options: &Options,
    hooks: &Hooks<'_>,
    selection: &Selection,
    report: &mut Report,
) -> Result<FullUserDumpBuilder<'a>, RedumpError> {
    let what = "a dump of a processor that full user dumps do not support";
    let machine = source.target.architecture.and_then(ImageFileMachine::from_architecture);
    let machine = machine.ok_or(RedumpError::Unsupported { what })?;
    if !options.is_forced() {
        refuse(source, hooks, selection)?;
    }
    let builder = match source.target.is_32_bit() {
        true => FullUserDumpBuilder::new_32_bit(machine),
        false => FullUserDumpBuilder::new_64_bit(machine),
    };
    let budget = source.room(&selection.selected.ranges).plus(LITTLE);
    let mut transcoder = Transcoder { source, hooks, selection, machine, builder, budget, report };
    transcoder.system();
    let first_thread = transcoder.threads();
    transcoder.event(first_thread);
    transcoder.modules();
    Ok(transcoder.builder)
}

struct Transcoder<'s, 'a, 'h> {
    source: &'s Source<'a>,
    hooks: &'s Hooks<'h>,
    selection: &'s Selection,
    machine: ImageFileMachine,
    builder: FullUserDumpBuilder<'a>,
    /// The budget for contexts and names: in valid dumps, threads and modules do not share them, and here each gets a
    /// copy.
    budget: Budget,
    report: &'s mut Report,
}

impl<'s> Transcoder<'s, '_, '_> {
    fn system(&mut self) {
        let system = self.source.dump().find::<SystemInfo<'_>>();
        if let Some(raw) = system.map(|system| *system.raw()) {
            self.builder.system_version(raw.major_version, raw.build_number << 16 | raw.minor_version & 0xffff);
        }
        let service_pack = system.map_or(Ok(None), |system| system.csd_version());
        let service_pack = service_pack.unwrap_or_else(|error| {
            self.system_fault("service pack", error);
            None
        });
        let service_pack = service_pack.map(|text| {
            if !text.is_valid() {
                let offset = system.map_or(0, |system| system.raw().csd_version_rva.into());
                self.system_fault("service pack", ReadError::NotUtf16 { what: "MINIDUMP_STRING", offset });
            }
            text.to_string_lossy()
        });
        let service_pack = service_pack.filter(|text| !text.is_empty());
        // The debugger's text for a system without hotfixes.
        self.builder.service_pack(service_pack.as_deref().unwrap_or("none"));
    }

    fn system_fault(&mut self, part: &'static str, error: ReadError) {
        self.report.fault(StreamType::SYSTEM_INFO, 0, part, error);
    }

    /// Adds the threads, and returns the ID of the first.
    fn threads(&mut self) -> Option<u32> {
        let dump = self.source.dump();
        let list = (0..).zip(dump.list::<ThreadList<'s>>());
        let extended = (0..).zip(dump.list::<ThreadExList<'s>>());
        let list = list.map(|(item, thread)| ((StreamType::THREAD_LIST, item), thread));
        let extended = extended.map(|(item, it)| ((StreamType::THREAD_EX_LIST, item), it.thread()));
        let mut first = None;
        // In this format each thread has its own context, even if it shares one in the source, or has none.
        let registers = self.machine.processor().windows_context().map_or(0, |layout| u64::from(layout.size));
        let each = registers.saturating_add(CrashThread64::SIZE as u64);
        for ((stream_type, item), thread) in list.chain(extended) {
            if self.selection.threads_left_out.contains(&thread.id()) {
                self.report.threads_left_out += 1;
                continue;
            }
            let offset = thread.raw().thread_context.rva.into();
            if let Err(error) = self.budget.charge("CONTEXT", offset, each) {
                self.report.fault(stream_type, item, "context", error);
                continue;
            }
            let context = thread.context();
            let context = context.unwrap_or_else(|error| {
                self.report.fault(stream_type, item, "context", error);
                None
            });
            let context = context.map(|context| windows_context::of_windows(&context, self.machine.processor()));
            let context = self.source.lasting(offset, context.unwrap_or_default());
            self.builder.thread(self.state(&thread), context);
            first.get_or_insert(thread.id());
        }
        first
    }

    fn state(&self, thread: &Thread<'_>) -> CrashThread64 {
        let raw = thread.raw();
        CrashThread64 {
            thread_id: raw.thread_id,
            suspend_count: raw.suspend_count,
            priority_class: raw.priority_class,
            priority: raw.priority,
            teb: self.source.target.mask(raw.teb),
            ..Default::default()
        }
    }

    /// Adds the first exception of a thread that stays or, without one, the breakpoint that the debugger makes up.
    fn event(&mut self, first_thread: Option<u32>) {
        let (dump, left_out) = (self.source.dump(), &self.selection.threads_left_out);
        let process_id = dump.find::<MiscInfo<'_>>().and_then(|misc| misc.process_id()).unwrap_or(0);
        let mut exceptions = dump.exceptions().flatten();
        if let Some(exception) = exceptions.find(|exception| !left_out.contains(&exception.thread_id())) {
            let mask = |number| self.source.target.mask(number);
            let record = exception.raw().exception_record;
            let record = ExceptionRecord {
                exception_record: mask(record.exception_record),
                exception_address: mask(record.exception_address),
                exception_information: record.exception_information.map(mask),
                ..record
            };
            self.builder.debug_event(event::exception(process_id, exception.thread_id(), record));
        } else if let Some(thread_id) = first_thread {
            self.report.made_up.push(StreamType::EXCEPTION);
            self.builder.debug_event(event::breakpoint(process_id, thread_id));
        } else {
            // The format has no other place for the process ID.
            self.report.lose("process ID, because there is no debug event", u64::from(process_id != 0));
        }
    }

    /// Leaves out modules because of which the debugger would refuse the file.
    ///
    /// Measured: in a `USERDUMP` it requires the `MZ` signature at the base of each module in the list, or it calls the
    /// list corrupt. If no module has it, the debugger refuses the file anyway; if writing is forced, all modules stay.
    fn leave_out_modules_without_image(&mut self, modules: &mut Vec<(u64, Module<'_>)>) {
        let source = self.source;
        let without = modules.iter().filter(|(_, module)| !has_image(source, module)).count();
        if !source.target.is_32_bit() || without == 0 || without == modules.len() {
            return;
        }
        modules.retain(|(_, module)| has_image(source, module));
        let what = "modules without an image in memory, which debuggers refuse in a USERDUMP";
        self.report.lose(what, without as u64);
    }

    /// Adds the modules by base address, as the debugger does.
    fn modules(&mut self) {
        let mut modules: Vec<(u64, Module<'s>)> = (0..).zip(self.source.dump().list::<ModuleList<'s>>()).collect();
        let count = modules.len();
        modules.retain(|(_, module)| self.hooks.keeps_module(module));
        self.report.modules_left_out += (count - modules.len()) as u64;
        modules.sort_by_key(|(_, module)| self.source.target.mask(module.base()));
        self.leave_out_modules_without_image(&mut modules);
        let (mut altered, mut cut) = (0, 0);
        for (item, module) in modules {
            let name = charged_name(&mut self.budget, &module).map(|name| {
                let whole = name.to_string_lossy();
                // In this format, a name ends at its first NUL.
                let text = whole.split('\0').next().unwrap_or_default();
                cut += u64::from(text.len() + 1 < whole.len());
                altered += u64::from(text.chars().any(|char| char_to_windows_1252(char).is_none()));
                text.chars().map(|char| char_to_windows_1252(char).unwrap_or(b'?')).collect()
            });
            let name: Vec<u8> = name.unwrap_or_else(|error| {
                self.report.fault(StreamType::MODULE_LIST, item, "name", error);
                Vec::new()
            });
            let base_of_image = self.source.target.mask(module.base());
            let record = CrashModule64 { base_of_image, size_of_image: module.size(), ..Default::default() };
            self.builder.module(record, name);
        }
        self.report.lose("module names with characters outside Windows-1252", altered);
        self.report.lose("module names that continue after a NUL", cut);
    }
}

/// Returns the name of a module, while all names together are not much larger than the file.
fn charged_name<'a>(budget: &mut Budget, module: &Module<'a>) -> Result<Utf16<'a>, ReadError> {
    const WHAT: &str = "MINIDUMP_STRING";
    let offset = module.raw().module_name_rva.into();
    // Finding the end of a string takes time proportional to its length.
    budget.charge(WHAT, offset, 0)?;
    let name = module.name()?;
    budget.charge(WHAT, offset, name.as_bytes().len() as u64).map(|()| name)
}
