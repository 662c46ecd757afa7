//! A full user dump from the source: what `.dump /f` writes of a running process.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::error::{ReadError, RedumpError};
use crate::format::{
    self, CrashModule64, CrashThread64, EXCEPTION_DEBUG_EVENT, ExceptionDebugEvent64, ImageFileMachine, MinidumpType,
    StreamType, char_to_windows_1252,
};
use crate::read::{
    MiscInfo, Module, ModuleList, SystemInfo, Thread, ThreadExList, ThreadList, Utf16, VersionInformation,
};
use crate::redump::carry::Keep;
use crate::redump::changed::Changes;
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::{ItemFault, Report};
use crate::redump::select::Selection;
use crate::redump::source::Source;
use crate::redump::transcode::STATUS_BREAKPOINT;
use crate::write::FullUserDumpBuilder;

use super::{context, losses, memory};

/// Fills a builder with all that the format has a place for, and reports the rest.
pub(in crate::redump) fn transcode<'r, 'a>(
    source: &Source<'r, 'a>,
    keep: Keep<'r, 'a>,
    options: &Options,
    hooks: Hooks<'a>,
    selection: &Selection,
    report: &mut Report,
) -> Result<FullUserDumpBuilder<'a>, RedumpError> {
    let machine = machine(source)?;
    let builder = if source.is_64_bit() {
        FullUserDumpBuilder::new_64_bit(machine)
    } else {
        FullUserDumpBuilder::new_32_bit(machine)
    };
    let mut transcoder = Transcoder { source, keep, hooks: &hooks, selection, machine, builder, report: &mut *report };
    transcoder.system();
    let first_thread = transcoder.threads();
    transcoder.event(first_thread);
    transcoder.modules();
    let mut builder = transcoder.builder;
    losses::report(source, options, &hooks, report);
    let changes = Changes::new(source, None, hooks.redactor, &selection.selected).map(Rc::new);
    match source.user {
        Some(dump) => memory::carry(source, &dump, changes.as_ref(), &mut builder, report),
        None => memory::add(source, &selection.selected.ranges, changes.as_ref(), &mut builder, report),
    }
    report.is_partial = !report.missing_memory.is_empty() || source.user.is_none() && !has_full_memory(source);
    Ok(builder)
}

/// Its machine: that of the source, if it is a full user dump.
fn machine(source: &Source<'_, '_>) -> Result<ImageFileMachine, RedumpError> {
    let machine = match source.user {
        Some(dump) => Some(dump.header().machine_image_type),
        None => source.target.architecture.and_then(ImageFileMachine::from_architecture),
    };
    let what = "a dump of a processor that full user dumps have no number for";
    machine.ok_or(RedumpError::Unsupported { what })
}

/// True if the source was meant to have all memory of its process.
fn has_full_memory(source: &Source<'_, '_>) -> bool {
    source.dump.flags().contains(MinidumpType::WITH_FULL_MEMORY)
        || source.dump.raw_stream(StreamType::MEMORY64_LIST).is_some()
}

struct Transcoder<'s, 'r, 'a> {
    source: &'s Source<'r, 'a>,
    keep: Keep<'r, 'a>,
    hooks: &'s Hooks<'a>,
    selection: &'s Selection,
    machine: ImageFileMachine,
    builder: FullUserDumpBuilder<'a>,
    report: &'s mut Report,
}

impl<'r> Transcoder<'_, 'r, '_> {
    fn system(&mut self) {
        if let Some(dump) = self.source.user {
            let header = dump.header();
            self.builder.system_version(header.major_version, header.minor_version).spare(header.spare);
            match dump.version_information() {
                Some(VersionInformation::Texts(texts)) => drop(self.builder.version_information(texts.as_bytes())),
                Some(VersionInformation::Unknown(bytes)) => drop(self.builder.version_information(bytes)),
                // What the numbers say of guard pages is no longer so.
                Some(VersionInformation::Numbers(_)) | None => {}
            }
            return;
        }
        let system = self.source.dump.stream::<SystemInfo<'_>>().ok().flatten();
        if let Some(raw) = system.map(|system| *system.raw()) {
            self.builder.system_version(raw.major_version, raw.build_number << 16 | raw.minor_version & 0xffff);
        }
        let service_pack = system.and_then(|system| system.csd_version().ok().flatten());
        let service_pack = service_pack.map(|text| text.to_string_lossy()).filter(|text| !text.is_empty());
        // The debugger's word for no hotfixes.
        self.builder.service_pack(service_pack.as_deref().unwrap_or("none"));
    }

    /// Adds the threads, and gives the number of the first.
    fn threads(&mut self) -> Option<u32> {
        let dump = &self.source.dump;
        let list = dump.stream::<ThreadList<'r>>().ok().flatten().into_iter().flatten();
        let extended = dump.stream::<ThreadExList<'r>>().ok().flatten().into_iter().flatten();
        let list = (0..).zip(list).map(|(item, thread)| ((StreamType::THREAD_LIST, item), thread));
        let extended = (0..).zip(extended).map(|(item, it)| ((StreamType::THREAD_EX_LIST, item), it.thread()));
        let mut first = None;
        for ((stream_type, item), thread) in list.chain(extended) {
            if self.selection.threads_left_out.contains(&thread.id()) {
                self.report.threads_left_out += 1;
                continue;
            }
            let context = thread.context().unwrap_or_else(|error| {
                self.report.faults.push(ItemFault { stream_type, item, part: "context", error });
                None
            });
            let context = context.map(|context| context::of_windows(&context, self.machine.processor()));
            self.builder.thread(self.state(&thread, item), (self.keep)(context.unwrap_or_default()));
            first.get_or_insert(thread.id());
        }
        first
    }

    /// The state of a thread; that of a full user dump as it was.
    fn state(&self, thread: &Thread<'_>, item: u64) -> CrashThread64 {
        if let Some(thread) = self.source.user.and_then(|dump| dump.threads().get(item)) {
            return *thread.raw();
        }
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

    /// The first exception of a thread that stays; without one, the breakpoint that the debugger makes up.
    fn event(&mut self, first_thread: Option<u32>) {
        let (source, left_out) = (self.source, &self.selection.threads_left_out);
        let of_user = source.user.and_then(|dump| dump.debug_event().ok().flatten());
        if let Some(event) = of_user.filter(|event| !left_out.contains(&event.thread_id)) {
            self.builder.debug_event(event);
            return;
        }
        let mut exceptions = source.dump.exceptions().flatten();
        let exception = exceptions.find(|exception| !left_out.contains(&exception.thread_id()));
        let thread_id = exception.map(|exception| exception.thread_id()).or(first_thread);
        let Some(thread_id) = thread_id else { return };
        let record = exception.map(|exception| exception.raw().exception_record);
        if record.is_none() {
            self.report.made_up.push(StreamType::EXCEPTION);
        }
        let made_up = format::ExceptionRecord { exception_code: STATUS_BREAKPOINT, ..Default::default() };
        let record = record.unwrap_or(made_up);
        let mask = |number| source.target.mask(number);
        let exception_record = format::ExceptionRecord {
            exception_record: mask(record.exception_record),
            exception_address: mask(record.exception_address),
            exception_information: record.exception_information.map(mask),
            ..record
        };
        let misc = source.dump.stream::<MiscInfo<'_>>().ok().flatten();
        self.builder.debug_event(ExceptionDebugEvent64 {
            debug_event_code: EXCEPTION_DEBUG_EVENT,
            process_id: misc.and_then(|misc| misc.process_id()).unwrap_or(0),
            thread_id,
            exception_record,
            // A minidump does not say; it is what the debugger writes of a process that it stops.
            first_chance: 1,
            ..Default::default()
        });
    }

    /// Leaves out the modules for which the debugger would refuse the file.
    ///
    /// Measured: of a `USERDUMP` it wants the letters of an image at the base of each module that the file lists, or it
    /// calls the list corrupt. If no module has them, it refuses the file in any case, and all may stay.
    fn leave_out_modules_without_image(&mut self, modules: &mut Vec<(u64, Module<'r>)>) {
        let source = self.source;
        let has_image = |module: &Module<'_>| source.memory.read_u16(module.base()) == Some(u16::from_le_bytes(*b"MZ"));
        let without = modules.iter().filter(|(_, module)| !has_image(module)).count();
        if source.user.is_some() || source.is_64_bit() || without == 0 || without == modules.len() {
            return;
        }
        modules.retain(|(_, module)| has_image(module));
        let what = "modules without an image in memory, for which debuggers refuse a USERDUMP";
        self.report.lose(what, without as u64);
    }

    /// By base address, as the debugger has them.
    fn modules(&mut self) {
        let list = self.source.dump.stream::<ModuleList<'r>>().ok().flatten();
        let mut modules: Vec<(u64, Module<'r>)> = (0..).zip(list.into_iter().flatten()).collect();
        let count = modules.len();
        modules.retain(|(_, module)| self.hooks.keeps_module(module));
        self.report.modules_left_out += (count - modules.len()) as u64;
        if self.source.user.is_none() {
            modules.sort_by_key(|(_, module)| self.source.target.mask(module.base()));
        }
        self.leave_out_modules_without_image(&mut modules);
        // Those of a full user dump stay as they are, whatever their code page and whatever memory tells.
        let names: Vec<_> = self.source.user.into_iter().flat_map(|dump| dump.modules()).map(|it| it.name()).collect();
        let (mut altered, mut cut) = (0, 0);
        // In sound dumps no two modules have a name in common; here each gets a copy.
        let mut left = self.source.file_size.saturating_mul(2);
        for (item, module) in modules {
            let name = names.get(usize::try_from(item).unwrap_or(usize::MAX)).copied();
            let name = match name {
                Some(name) => name.map(|name| name.as_bytes().to_vec()),
                None => module.name().and_then(|name| charged(&mut left, &module, name)).map(|name| {
                    let whole = name.to_string_lossy();
                    // In this format a name ends at its first NUL.
                    let text = whole.split('\0').next().unwrap_or_default();
                    cut += u64::from(text.len() + 1 < whole.len());
                    altered += u64::from(text.chars().any(|char| char_to_windows_1252(char).is_none()));
                    text.chars().map(|char| char_to_windows_1252(char).unwrap_or(b'?')).collect()
                }),
            };
            let name = name.unwrap_or_else(|error| {
                self.report.faults.push(ItemFault { stream_type: StreamType::MODULE_LIST, item, part: "name", error });
                Vec::new()
            });
            let base_of_image = self.source.target.mask(module.base());
            let record = CrashModule64 { base_of_image, size_of_image: module.size(), ..Default::default() };
            self.builder.module(record, name);
        }
        self.report.lose("module names with characters that Windows-1252 lacks", altered);
        self.report.lose("module names that go on behind a NUL", cut);
    }
}

/// The name of a module, as long as all of them together are not much larger than the file.
fn charged<'a>(left: &mut u64, module: &Module<'_>, name: Utf16<'a>) -> Result<Utf16<'a>, ReadError> {
    let rest = left.checked_sub(name.as_bytes().len() as u64);
    *left = rest.unwrap_or(0);
    let offset = module.raw().module_name_rva.into();
    rest.map(|_| name).ok_or(ReadError::Cycle { what: "MINIDUMP_STRING", offset })
}
