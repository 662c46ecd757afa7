//! Makes a full user dump from a full user dump: everything stays as it is, except what a program leaves out.

use crate::format::StreamType;
use crate::format::full_user_dump::{CrashModule64, CrashThread64};
use crate::read::full_user_dump::VersionInformation;
use crate::read::{Budget, FullUserDump, ModuleList};
use crate::redump::hooks::Hooks;
use crate::redump::report::Report;
use crate::redump::select::selected::Selection;
use crate::redump::source::{LITTLE, Source};
use crate::write::FullUserDumpBuilder;

use crate::redump::full_user_dump::{event, windows_context};

/// Returns the builder with everything except the regions.
pub(super) fn builder<'a>(
    dump: &FullUserDump<'a>,
    source: &Source<'a>,
    hooks: &Hooks<'_>,
    selection: &Selection,
    report: &mut Report,
) -> FullUserDumpBuilder<'a> {
    let header = dump.header();
    let mut builder = match dump.is_64_bit() {
        true => FullUserDumpBuilder::new_64_bit(header.machine_image_type),
        false => FullUserDumpBuilder::new_32_bit(header.machine_image_type),
    };
    builder.system_version(header.major_version, header.minor_version).spare(header.spare);
    match dump.version_information() {
        Some(VersionInformation::Texts(texts)) => drop(builder.version_information(texts.as_bytes())),
        Some(VersionInformation::Unknown(bytes)) => drop(builder.version_information(bytes)),
        // What the numbers tell about guard pages no longer applies.
        Some(VersionInformation::Numbers(_)) => report.lose("numeric version information", 1),
        None => {}
    }
    threads(dump, selection, &mut builder, report);
    modules(dump, source, hooks, &mut builder, report);
    builder
}

/// Adds the threads and the debug event.
fn threads<'a>(
    dump: &FullUserDump<'a>,
    selection: &Selection,
    builder: &mut FullUserDumpBuilder<'a>,
    report: &mut Report,
) {
    let stays = |id: u32| !selection.threads_left_out.contains(&id);
    let processor = dump.header().machine_image_type.processor();
    let (mut first, mut cut) = (None, 0);
    // If contexts are cut, each thread still gets a complete one.
    let mut budget = Budget::times(dump.file_size(), 2).plus(LITTLE);
    let each = dump.context_size().saturating_add(CrashThread64::SIZE as u64);
    for (thread, item) in dump.threads().into_iter().zip(0..) {
        if !stays(thread.id()) {
            report.threads_left_out += 1;
            continue;
        }
        if let Err(error) = budget.charge("CONTEXT", dump.header().thread_offset, each) {
            report.fault(StreamType::THREAD_LIST, item, "context", error);
            continue;
        }
        let context = thread.registers();
        let size = context.map_or(0, |context| context.as_bytes().len());
        let context = context.map(|context| windows_context::of_windows(&context, processor));
        cut += u64::from(context.as_ref().is_some_and(|context| context.len() < size));
        builder.thread(*thread.raw(), context.unwrap_or_default());
        first.get_or_insert(thread.id());
    }
    report.lose("extended states after the contexts of threads", cut);
    let event = dump.debug_event().ok().flatten();
    if let Some(event) = event.filter(|event| stays(event.thread_id)) {
        builder.debug_event(event);
    } else if let Some(thread_id) = first {
        report.made_up.push(StreamType::EXCEPTION);
        builder.debug_event(event::breakpoint(event.map_or(0, |event| event.process_id), thread_id));
    }
}

/// Adds the modules. Names are not changed, regardless of their code page and of the names in memory.
fn modules<'a>(
    dump: &FullUserDump<'a>,
    source: &Source<'a>,
    hooks: &Hooks<'_>,
    builder: &mut FullUserDumpBuilder<'a>,
    report: &mut Report,
) {
    // Hooks get modules as minidumps have them; there is one for each module.
    let views = source.dump().list::<ModuleList<'_>>();
    for ((module, view), item) in dump.modules().zip(&views).zip(0..) {
        if !hooks.keeps_module(&view) {
            report.modules_left_out += 1;
            continue;
        }
        let name = module.name().map(|name| name.as_bytes()).unwrap_or_else(|error| {
            report.fault(StreamType::MODULE_LIST, item, "name", error);
            &[]
        });
        let base_of_image = source.target.mask(module.base());
        let record = CrashModule64 { base_of_image, size_of_image: module.size(), ..Default::default() };
        builder.module(record, name);
    }
}
