//! Walks a stream by its type.

use std::hint::black_box;

use userdump::format::stream::Relocation;
use userdump::read::list::{Addressed, Record};
use userdump::read::module::CodeView;
use userdump::read::{List, MemoryRange, Module, RawStream, Stream, Thread};

use crate::{SEARCHES, Walk, check_optional_text, check_text, spelled};

impl Walk<'_> {
    /// Walks a stream. Every stream type has an arm.
    pub(crate) fn stream(&mut self, stream: &RawStream<'_>, decoded: &Stream<'_>) {
        match decoded {
            Stream::Unused => {}
            Stream::ThreadList(list) => self.list(list, |walk, thread| walk.thread(&thread)),
            Stream::ThreadExList(list) => self.list(list, |walk, thread| {
                walk.thread(&thread.thread());
                let backing_store = thread.backing_store();
                backing_store.iter().for_each(check_range);
                walk.see(&(thread.raw(), thread.context().is_ok(), backing_store));
            }),
            Stream::ModuleList(list) => {
                self.list(list, |walk, module| walk.module(&module));
                by_address(list, |found, address| found.contains(address));
            }
            Stream::HostModuleList(list) => self.list(list.modules(), |walk, module| walk.module(&module)),
            Stream::MemoryList(list) => self.list(list, |walk, range| walk.range(&range)),
            Stream::Memory64List(list) => {
                self.see(&(list.base_rva(), list.fault()));
                self.list(list.descriptors(), |walk, descriptor| walk.item(&descriptor));
                list.iter().for_each(|range| self.range(&range));
            }
            Stream::CompressedMemory(memory) => {
                self.see(&memory.header());
                self.list(memory.regions(), |walk, region| walk.item(&region));
                self.list(memory.buckets(), |walk, bucket| walk.item(&bucket));
            }
            Stream::Exception(exception) => {
                assert!(exception.parameters().len() <= 15);
                self.see(&(exception.raw(), exception.parameters(), exception.reason()));
                black_box(exception.reason().to_string());
                self.context(exception.context());
            }
            Stream::SystemInfo(system) => {
                let csd = system.csd_version().inspect(check_optional_text);
                let csd = csd.map(|text| text.map(|text| text.to_string_lossy()));
                self.see(&(system.raw(), csd, system.cpu(), system.wine()));
            }
            Stream::UnloadedModuleList(list) => {
                self.list(list, |walk, module| walk.item(&(module.raw(), module.name().map(|name| spelled(&name)))));
                by_address(list, |found, address| {
                    list.at_address(address).any(|it| it.raw().base_of_image == found.raw().base_of_image)
                });
            }
            Stream::MemoryInfoList(list) => {
                self.list(list, |walk, region| {
                    walk.item(&(region.raw(), region.state(), region.protection(), region.memory_type()));
                });
                by_address(list, |found, address| found.contains(address));
            }
            Stream::ThreadInfoList(list) => self.list(list, |walk, info| walk.item(&(info.raw(), info.flags()))),
            Stream::ThreadNames(list) => {
                self.list(list, |walk, name| walk.item(&(name.raw(), name.name().map(|name| spelled(&name)))));
            }
            Stream::HandleOperationList(list) => self.list(list, |walk, operation| walk.item(&operation)),
            Stream::HandleData(list) => self.list(list, |walk, handle| {
                let names = [handle.type_name(), handle.object_name()];
                let names = names.map(|name| name.map(|name| name.map(|name| spelled(&name))));
                walk.item(&(handle.raw(), names));
                handle.object_information().for_each(|object| walk.item(&object.map(|it| (it, it.bytes, it.fault()))));
            }),
            Stream::FunctionTable(list) => {
                self.see(&(list.raw(), list.fault()));
                list.iter().for_each(|table| self.item(&(table, table.native, table.entries)));
            }
            Stream::Token(list) => {
                self.see(&(list.raw(), list.fault()));
                // The bytes after a token's header may contain numbers in either byte order, so only their number is passed on.
                list.iter().for_each(|token| self.item(&(token.raw, token.offset, token.bytes.len())));
            }
            Stream::MiscInfo(misc) => {
                self.see(&(misc.version(), misc.raw()));
                self.see(&(misc.processor_power(), misc.time_zone(), misc.xstate()));
                let texts =
                    [misc.standard_name(), misc.daylight_name(), misc.build_string(), misc.debug_build_string()];
                self.see(&texts.map(|text| text.map(|text| spelled(&text))));
                self.see(&misc.xstate().map(|it| it.features));
            }
            // The extended form includes the basic one.
            Stream::SystemMemoryInfo(figures) => match figures.extended() {
                Some(extended) => self.see(&(extended, figures.basic().perf_info.counters)),
                None => self.see(&(figures.basic(), figures.basic().perf_info.counters)),
            },
            Stream::ProcessVmCounters(figures) => self.see(&(figures.basic(), figures.extended())),
            Stream::CommentA(comment) => {
                self.see(&(comment.as_bytes(), comment.to_string(), comment.to_string_lossy()));
            }
            Stream::CommentW(comment) => {
                check_text(&comment.text());
                self.see(&(comment.text().as_bytes().len(), comment.to_string()));
            }
            Stream::Raw(raw) => {
                black_box(raw.stream_type().name());
                // Streams with known parts are visited part by part.
                if raw.stream_type().row().relocation != Relocation::Known {
                    self.see(&(raw.stream_type(), raw.bytes()));
                }
            }
            Stream::JavaScriptData(report) => self.see(&(report, report.as_bytes())),
            Stream::IptTrace(trace) => self.see(&(trace, trace.as_bytes())),
            Stream::BreakpadInfo(info) => {
                self.see(&(info.raw(), info.dump_thread_id(), info.requesting_thread_id()));
            }
            Stream::AssertionInfo(info) => {
                let texts = [info.expression(), info.function(), info.file()];
                let texts = texts.map(|text| spelled(&text));
                self.see(&(texts, info.line(), info.assertion_type()));
            }
            Stream::LinuxCpuInfo(info) => self.cpu_info(info),
            Stream::LinuxProcStatus(status) => {
                self.text(status.text());
                status.fields().for_each(|field| self.see(&field));
                self.see(&status.process_id());
            }
            Stream::LinuxLsbRelease(release) => {
                self.text(release.text());
                release.fields().for_each(|field| self.see(&field));
                self.see(&(release.distribution(), release.release(), release.codename(), release.description()));
            }
            Stream::LinuxCmdLine(line) => self.command_line(line),
            Stream::LinuxEnviron(environ) => self.environment(environ),
            Stream::LinuxAuxv(auxv) => {
                assert!(auxv.iter().count() <= auxv.as_bytes().len() / 8);
                auxv.iter().for_each(|entry| self.see(&entry));
            }
            Stream::LinuxMaps(maps) => self.maps(maps),
            Stream::LinuxDsoDebug(debug) => self.dso_debug(debug),
            Stream::LinuxProcStat(stat) => self.text(stat.text()),
            Stream::LinuxProcUptime(uptime) => self.text(uptime.text()),
            Stream::LinuxProcFd(files) => self.text(files.text()),
            Stream::CrashpadInfo(info) => self.crashpad(info),
            Stream::MozMacCrashInfo(info) => self.mac_crash_info(info),
            Stream::MozMacBootArgs(arguments) => {
                self.see(&arguments.text().ok().map(|text| text.map(|text| spelled(&text))))
            }
            Stream::MozLinuxLimits(limits) => {
                assert!(limits.limits().count() <= limits.text().lines().count());
                self.text(limits.text());
                limits.limits().for_each(|limit| self.see(&limit));
            }
            Stream::MozSoftErrors(errors) => self.text(errors.text()),
            Stream::FacebookLogcat(text) => self.text(text.text()),
            Stream::FacebookAppCustomData(text) => self.text(text.text()),
            Stream::FacebookAppVersionName(text) => self.text(text.text()),
            Stream::FacebookJavaStack(text) => self.text(text.text()),
            Stream::FacebookDalvikInfo(text) => self.text(text.text()),
            Stream::FacebookDumpErrorLog(text) => self.text(text.text()),
            Stream::FacebookAppStateLog(text) => self.text(text.text()),
            Stream::FacebookAbortReason(text) => self.text(text.text()),
            Stream::FacebookThreadName(text) => self.text(text.text()),
            other => panic!("the walk does not support {}: {other:?}", stream.stream_type()),
        }
    }

    pub(crate) fn thread(&mut self, thread: &Thread<'_>) {
        self.item(thread.raw());
        self.context(thread.context());
    }

    fn module(&mut self, module: &Module<'_>) {
        self.item(module.raw());
        let name = module.name().inspect(check_text).map(|name| (name.is_valid(), name.to_string_lossy()));
        self.see(&(name, module.version(), module.code_view(), module.misc_record(), module.debug_misc().is_ok()));
        if let Ok(Some(code_view)) = module.code_view() {
            self.see(&match code_view {
                CodeView::Pdb70 { path, .. } | CodeView::Pdb20 { path, .. } => path,
                CodeView::ElfBuildId(bytes) | CodeView::Unknown(bytes) => bytes,
                other => panic!("the walk does not support {other:?}"),
            });
        }
    }

    fn range(&mut self, range: &MemoryRange<'_>) {
        check_range(range);
        self.item(&(range, range.bytes(), range.fault()));
    }
}

/// Checks that a range has its bytes, or reports that some are missing.
pub(crate) fn check_range(range: &MemoryRange<'_>) {
    let available = range.bytes().map_or(range.available(), |bytes| bytes.len() as u64);
    assert_eq!(available, range.available());
    assert!(available <= range.size, "a range has more bytes than its size");
    assert_eq!(range.fault().is_some(), available < range.size);
}

/// Checks that the entries that the index finds contain the address.
fn by_address<'a, R: Record<'a> + Addressed>(list: &List<'a, R>, has: impl Fn(&R, u64) -> bool) {
    let index = list.by_address();
    for entry in list.iter().take(SEARCHES) {
        for address in [entry.base(), entry.base().wrapping_add(entry.size().wrapping_sub(1)), u64::MAX] {
            if let Some(found) = index.get(address) {
                assert!(has(&found, address), "{address:#x} is not in the entry that the index finds");
            }
        }
    }
}
