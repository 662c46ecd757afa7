//! The walk through those streams of other producers that have parts.

use std::hint::black_box;

use userdump::read::crashpad::{CrashpadInfo, CrashpadModule};
use userdump::read::linux::{LinuxCmdLine, LinuxCpuInfo, LinuxDsoDebug, LinuxMaps};
use userdump::read::mozilla::MozMacCrashInfo;

/// How many annotations of modules are looked at: modules of a hostile file may all share the same long list.
const ANNOTATIONS: usize = 10_000;

pub(crate) fn walk_cpu_info(info: &LinuxCpuInfo<'_>) {
    let within = info.processors().flat_map(|processor| processor.fields()).count();
    assert_eq!(within, info.fields().count());
    info.processors().for_each(|processor| see(processor.number()));
}

/// Each argument takes its own bytes and a NUL, which the last one may lack.
pub(crate) fn walk_command_line(line: &LinuxCmdLine<'_>) {
    let sizes = line.arguments().map(|argument| argument.as_bytes().len() + 1).sum::<usize>();
    assert!(sizes <= line.text().as_bytes().len() + 1);
}

pub(crate) fn walk_maps(maps: &LinuxMaps<'_>) {
    let lines = maps.text().lines().count();
    assert_eq!(maps.iter().count() + maps.unreadable_lines().count(), lines);
    if let Some(mapping) = maps.iter().next().filter(|mapping| mapping.size() > 0) {
        see((maps.at_address(mapping.start), mapping.is_file()));
    }
}

pub(crate) fn walk_dso_debug(debug: &LinuxDsoDebug<'_>) {
    assert!(debug.dynamic_entries().count() <= debug.dynamic_section().len() / 8);
    debug.link_maps().iter().flat_map(|map| map.name()).for_each(|name| see(name.is_valid()));
}

pub(crate) fn walk_crashpad(info: &CrashpadInfo<'_>) {
    see((info.report_id(), info.client_id(), info.address_mask()));
    let program = info.simple_annotations().into_iter().flatten();
    program.for_each(|entry| see((entry.key().is_ok(), entry.value().is_ok())));
    let modules = info.modules().into_iter().flatten();
    modules.flat_map(annotations).take(ANNOTATIONS).for_each(see);
}

pub(crate) fn walk_mac_crash_info(info: &MozMacCrashInfo<'_>) {
    assert!(info.records().count() <= 20);
    for record in info.records().flatten() {
        see((record.thread(), record.dialog_mode(), record.abort_cause(), record.message2()));
        assert!(record.texts().count() <= record.as_bytes().len());
    }
}

fn see(value: impl Sized) {
    black_box(value);
}

/// Whether what each annotation of a module refers to can be read.
fn annotations(module: CrashpadModule<'_>) -> impl Iterator<Item = bool> {
    let list = module.list_annotations().into_iter().flatten().map(|entry| entry.text().is_ok());
    let pairs = module.simple_annotations().into_iter().flatten().map(|entry| entry.value().is_ok());
    let objects = module.annotation_objects().into_iter().flatten();
    list.chain(pairs).chain(objects.map(|object| object.name().is_ok() && object.value().is_ok()))
}
