//! Walks the structured streams of other producers.

use std::fmt::Debug;
use std::hint::black_box;

use userdump::read::crashpad::{Annotation, CrashpadInfo, CrashpadModule, StringDictionaryEntry};
use userdump::read::linux::{LinuxCmdLine, LinuxCpuInfo, LinuxDsoDebug, LinuxEnviron, LinuxMaps};
use userdump::read::mozilla::MozMacCrashInfo;
use userdump::read::text::Utf8;

use crate::{ANNOTATIONS, Walk};

impl Walk<'_> {
    pub(crate) fn text(&mut self, text: Utf8<'_>) {
        assert_eq!(text.to_string(), text.to_string_lossy());
        black_box(text.lines().count());
        self.see(&text.as_bytes());
    }

    pub(crate) fn cpu_info(&mut self, info: &LinuxCpuInfo<'_>) {
        self.text(info.text());
        let within = info.processors().flat_map(|processor| processor.fields()).count();
        assert_eq!(within, info.fields().count());
        info.processors().for_each(|it| self.see(&(it.number(), it.fields().collect::<Vec<_>>())));
        self.see(&within);
    }

    pub(crate) fn command_line(&mut self, line: &LinuxCmdLine<'_>) {
        // Each argument is followed by a NUL, which may be missing after the last one.
        let sizes = line.arguments().map(|argument| argument.as_bytes().len() + 1).sum::<usize>();
        assert!(sizes <= line.text().as_bytes().len() + 1);
        line.arguments().for_each(|argument| self.see(&argument.as_bytes()));
    }

    pub(crate) fn environment(&mut self, environ: &LinuxEnviron<'_>) {
        self.text(environ.text());
        assert!(environ.variables().count() <= environ.strings().count());
        environ.variables().for_each(|variable| self.see(&variable));
        self.see(&environ.strings().count());
    }

    pub(crate) fn maps(&mut self, maps: &LinuxMaps<'_>) {
        self.text(maps.text());
        assert_eq!(maps.iter().count() + maps.unreadable_lines().count(), maps.text().lines().count());
        maps.iter().for_each(|mapping| self.see(&(mapping, mapping.size(), mapping.is_file())));
        maps.unreadable_lines().for_each(|line| self.see(&line));
        if let Some(mapping) = maps.iter().next().filter(|mapping| mapping.size() > 0) {
            self.see(&maps.at_address(mapping.start));
        }
    }

    pub(crate) fn dso_debug(&mut self, debug: &LinuxDsoDebug<'_>) {
        self.see(&(debug.layout(), debug.version(), debug.brk(), debug.ldbase(), debug.dynamic()));
        let entries = debug.dynamic_entries().count();
        assert!(entries <= debug.dynamic_section().len() / 8);
        // In the tests, any bytes may follow the header.
        self.see(&(debug.dynamic_section().len(), entries));
        let maps = debug.link_maps();
        self.see(&(maps.len(), maps.declared_len(), maps.fault().is_some()));
        maps.iter().for_each(|map| {
            let name = map.name().inspect(|name| {
                black_box(name.is_valid());
            });
            self.see(&(map.addr(), map.ld(), name.ok().map(|name| name.to_string())));
        });
    }

    pub(crate) fn crashpad(&mut self, info: &CrashpadInfo<'_>) {
        self.see(&(info.version(), info.report_id(), info.client_id(), info.address_mask()));
        let annotations = info.simple_annotations().into_iter().flatten();
        annotations.for_each(|entry| self.see(&pair(&entry)));
        let mut left = ANNOTATIONS.min(usize::try_from(self.size).unwrap_or(ANNOTATIONS));
        for module in info.modules().into_iter().flatten() {
            self.crashpad_module(&module, &mut left);
        }
    }

    fn crashpad_module(&mut self, module: &CrashpadModule<'_>, left: &mut usize) {
        self.see(&(module.module_index(), module.version().ok()));
        let mut see = |value: &dyn Debug| {
            *left = left.saturating_sub(1);
            if *left > 0 {
                self.see(value);
            }
            *left > 0
        };
        let _ = module
            .list_annotations()
            .into_iter()
            .flatten()
            .all(|entry| see(&entry.text().ok().map(|text| text.to_string())));
        let _ = module.simple_annotations().into_iter().flatten().all(|entry| see(&pair(&entry)));
        let _ = module.annotation_objects().into_iter().flatten().all(|entry| see(&object(&entry)));
    }

    pub(crate) fn mac_crash_info(&mut self, info: &MozMacCrashInfo<'_>) {
        assert!(info.records().count() <= 20);
        self.see(&(info.declared_len(), info.record_start_size()));
        for record in info.records().flatten() {
            assert!(record.texts().count() <= record.as_bytes().len());
            self.see(&(record.version(), record.thread(), record.dialog_mode(), record.abort_cause()));
            let spelled = [
                record.module_path(),
                record.message(),
                record.signature_string(),
                record.backtrace(),
                record.message2(),
            ];
            self.see(&spelled.map(|text| text.map(|text| text.to_string())));
            self.see(&(record.texts().count(), record.as_bytes().len()));
        }
    }
}

fn pair(entry: &StringDictionaryEntry<'_>) -> impl Debug + use<> {
    (entry.key().ok().map(|text| text.to_string()), entry.value().ok().map(|text| text.to_string()))
}

fn object<'a>(annotation: &Annotation<'a>) -> impl Debug + use<'a> {
    let value = annotation.value().ok();
    (annotation.name().ok(), annotation.annotation_type(), annotation.raw().reserved, value, annotation.text().ok())
}
