//! Goes through everything that the reader gives of the streams of other producers.

use std::fmt::Debug;

use userdump::Minidump;
use userdump::read::crashpad::{Annotation, CrashpadModule, StringDictionaryEntry};
use userdump::read::{RawStream, Stream};

/// What the views of these streams show, printed, without positions: equal for dumps that hold the same.
pub fn content(dump: &Minidump<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (stream, decoded) in dump.streams() {
        if let Ok(decoded) = decoded {
            let name = stream.stream_type();
            walk(&stream, &decoded, &mut |value| lines.push(format!("{name}: {value:x?}")));
        }
    }
    lines
}

/// False if the stream is none of those that are known here.
pub fn walk(stream: &RawStream<'_>, decoded: &Stream<'_>, see: &mut dyn FnMut(&dyn Debug)) -> bool {
    match decoded {
        Stream::JavaScriptData(report) => see(&report),
        Stream::IptTrace(trace) => see(&trace),
        Stream::BreakpadInfo(info) => see(&(info.raw(), info.dump_thread_id(), info.requesting_thread_id())),
        Stream::AssertionInfo(info) => {
            see(&(info.expression(), info.function(), info.file(), info.line(), info.assertion_type()));
        }
        Stream::LinuxCpuInfo(info) => {
            info.processors().for_each(|it| see(&(it.number(), it.fields().collect::<Vec<_>>())));
            see(&info.fields().count());
        }
        Stream::LinuxProcStatus(status) => status.fields().for_each(|field| see(&field)),
        Stream::LinuxLsbRelease(release) => {
            release.fields().for_each(|field| see(&field));
            see(&(release.distribution(), release.release(), release.codename(), release.description()));
        }
        Stream::LinuxCmdLine(line) => line.arguments().for_each(|argument| see(&argument)),
        Stream::LinuxEnviron(environ) => {
            environ.variables().for_each(|variable| see(&variable));
            see(&environ.strings().count());
        }
        Stream::LinuxAuxv(auxv) => auxv.iter().for_each(|entry| see(&entry)),
        Stream::LinuxMaps(maps) => {
            maps.iter().for_each(|mapping| see(&(mapping, mapping.size(), mapping.is_file())));
            maps.unreadable_lines().for_each(|line| see(&line));
        }
        Stream::LinuxDsoDebug(debug) => {
            see(&(debug.layout(), debug.version(), debug.brk(), debug.ldbase(), debug.dynamic()));
            // In the tests, anything may follow the head.
            see(&(debug.dynamic_section().len(), debug.dynamic_entries().count()));
            let maps = debug.link_maps();
            see(&(maps.len(), maps.declared_len(), maps.fault().is_some()));
            maps.iter().for_each(|map| see(&(map.addr(), map.ld(), map.name().ok())));
        }
        Stream::LinuxProcStat(stat) => see(&stat.text()),
        Stream::LinuxProcUptime(uptime) => see(&uptime.text()),
        Stream::LinuxProcFd(files) => see(&files.text()),
        Stream::CrashpadInfo(info) => {
            see(&(info.version(), info.report_id(), info.client_id(), info.address_mask()));
            let annotations = info.simple_annotations().into_iter().flatten();
            annotations.for_each(|entry| see(&pair(&entry)));
            // Modules may share their annotations, and a hostile file makes all of them share large ones.
            let mut left = stream.dump().data().len();
            for module in info.modules().into_iter().flatten() {
                self::module(&module, &mut left, see);
            }
        }
        Stream::MozMacCrashInfo(info) => {
            see(&(info.declared_len(), info.record_start_size()));
            for record in info.records().filter_map(|record| record.ok()) {
                see(&(record.version(), record.thread(), record.dialog_mode(), record.abort_cause()));
                see(&(record.module_path(), record.message(), record.signature_string()));
                see(&(record.backtrace(), record.message2(), record.texts().count(), record.as_bytes().len()));
            }
        }
        Stream::MozMacBootArgs(arguments) => see(&arguments.text().ok()),
        Stream::MozLinuxLimits(limits) => limits.limits().for_each(|limit| see(&limit)),
        Stream::MozSoftErrors(errors) => see(&errors.text()),
        Stream::FacebookLogcat(text) => see(&text.text()),
        Stream::FacebookAppCustomData(text) => see(&text.text()),
        Stream::FacebookAppVersionName(text) => see(&text.text()),
        Stream::FacebookJavaStack(text) => see(&text.text()),
        Stream::FacebookDalvikInfo(text) => see(&text.text()),
        Stream::FacebookDumpErrorLog(text) => see(&text.text()),
        Stream::FacebookAppStateLog(text) => see(&text.text()),
        Stream::FacebookAbortReason(text) => see(&text.text()),
        Stream::FacebookThreadName(text) => see(&text.text()),
        _ => return false,
    }
    true
}

fn pair<'a>(entry: &StringDictionaryEntry<'a>) -> impl Debug + use<'a> {
    (entry.key().ok(), entry.value().ok())
}

fn object<'a>(annotation: &Annotation<'a>) -> impl Debug + use<'a> {
    let value = annotation.value().ok();
    (annotation.name().ok(), annotation.annotation_type(), annotation.raw().reserved, value, annotation.text().ok())
}

fn module(module: &CrashpadModule<'_>, left: &mut usize, see: &mut dyn FnMut(&dyn Debug)) {
    see(&(module.module_index(), module.version().ok()));
    let mut see = |value: &dyn Debug| {
        *left = left.saturating_sub(1);
        if *left > 0 {
            see(value);
        }
        *left > 0
    };
    let _ = module.list_annotations().into_iter().flatten().all(|entry| see(&entry.text().ok()));
    let _ = module.simple_annotations().into_iter().flatten().all(|entry| see(&pair(&entry)));
    let _ = module.annotation_objects().into_iter().flatten().all(|entry| see(&object(&entry)));
}
