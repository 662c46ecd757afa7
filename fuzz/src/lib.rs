//! What the fuzz targets share: a walk over everything that a dump can be asked for, mutating by meaning, processes to
//! make dumps of, and re-encoding.

// `Stream` may grow, so that its matches need an arm for what is not known yet. This lint, which only a nightly
// compiler has, names the variants that fall into it; the fuzz targets are built by one.
#![cfg_attr(fuzzing, feature(non_exhaustive_omitted_patterns_lint), deny(non_exhaustive_omitted_patterns))]

mod canary;
mod findings;
mod mutate;
pub mod process;
pub mod random;
pub mod redumped;
mod secret;
mod user;
mod vendor;

use std::collections::BTreeMap;
use std::hint::black_box;

use userdump::format::StreamType;
use userdump::read::module::{CodeView, Image};
use userdump::read::text::Utf16;
use userdump::read::{ByteOrder, Context, Memory, MemoryRange, Module, Stream};
use userdump::{Dump, Minidump};

pub use mutate::mutate;
pub use user::walk_user_dump;

/// How many streams of a type are walked through.
const LISTS: u32 = 8;
/// Of how many threads of a list the stack is asked for, each time by a search through all ranges.
const STACKS: usize = 64;

/// Asks the dump for everything there is in it. Nothing of it may panic, and no list may give more than it announces.
pub fn walk(dump: &Dump<'_>) {
    match dump {
        Dump::Minidump(dump) => walk_minidump(dump),
        Dump::FullUserDump(dump) => walk_user_dump(dump),
        other => panic!("the walk does not know {other:?}"),
    }
    dump.threads().for_each(|thread| walk_context(thread.context()));
    for module in dump.modules() {
        assert_eq!(module.contains(module.base()), module.size() > 0);
    }
    dump.exceptions().for_each(|exception| walk_context(exception.context()));
    dump.check(&mut |finding| {
        black_box(finding.to_string());
    });
}

fn walk_minidump(dump: &Minidump<'_>) {
    assert!(dump.directory().len() <= dump.directory().declared_len());
    let mut met: BTreeMap<StreamType, u32> = BTreeMap::new();
    for (index, (raw, stream)) in (0..).zip(dump.streams()) {
        assert_eq!((raw.index(), Some(raw.entry())), (index, dump.directory().get(index)));
        assert!(raw.bytes().len() as u64 <= raw.declared_size());
        // A hundred lists of the same bytes, whose entries all have the same long name, take their time and tell no more.
        let times = met.entry(raw.stream_type()).or_default();
        *times += 1;
        if let (Ok(stream), ..=LISTS) = (stream, *times) {
            walk_stream(&stream);
        }
    }
    for thread in dump.threads().take(STACKS) {
        dump.stack(&thread).into_iter().flatten().for_each(|range| walk_range(&range));
    }
    dump.exceptions().flatten().for_each(|exception| walk_context(exception.context()));
    walk_index(&dump.memory());
}

/// Every kind of stream has its line: where one is missing, the fuzz targets do not compile.
fn walk_stream(stream: &Stream<'_>) {
    match stream {
        Stream::Unused => {}
        Stream::ThreadList(list) => {
            list.iter().for_each(|thread| walk_context(thread.context()));
        }
        Stream::ThreadExList(list) => {
            list.iter().for_each(|thread| {
                walk_context(thread.thread().context());
                thread.backing_store().iter().for_each(walk_range);
            });
        }
        Stream::ModuleList(list) => list.iter().for_each(|module| walk_module(&module)),
        Stream::HostModuleList(list) => list.modules().iter().for_each(|module| walk_module(&module)),
        Stream::UnloadedModuleList(list) => list.iter().flat_map(|module| module.name()).for_each(walk_text),
        Stream::MemoryList(list) => list.iter().for_each(|range| walk_range(&range)),
        Stream::Memory64List(list) => list.iter().for_each(|range| walk_range(&range)),
        Stream::MemoryInfoList(list) => list.iter().for_each(|region| {
            black_box((region.state(), region.protection(), region.memory_type()));
        }),
        Stream::Exception(exception) => {
            assert!(exception.parameters().len() <= 15);
            black_box(exception.reason().to_string());
        }
        Stream::SystemInfo(system) => {
            black_box((system.cpu(), system.wine()));
            system.csd_version().into_iter().flatten().for_each(walk_text);
        }
        Stream::ThreadInfoList(list) => list.iter().for_each(|info| {
            black_box(info.flags());
        }),
        Stream::ThreadNames(list) => list.iter().flat_map(|thread| thread.name()).for_each(walk_text),
        Stream::HandleData(list) => list.iter().for_each(|handle| {
            let names = [handle.type_name(), handle.object_name()];
            names.into_iter().flatten().flatten().for_each(walk_text);
            handle.object_information().flatten().for_each(|object| {
                black_box(object.fault());
            });
        }),
        Stream::HandleOperationList(list) => list.iter().for_each(|operation| {
            black_box(operation);
        }),
        Stream::FunctionTable(list) => list.iter().for_each(|table| {
            black_box(table);
        }),
        Stream::Token(list) => list.iter().for_each(|token| {
            black_box(token);
        }),
        Stream::CommentA(comment) => {
            black_box(comment.to_string_lossy());
        }
        Stream::CommentW(comment) => walk_text(comment.text()),
        Stream::MiscInfo(misc) => {
            black_box((misc.raw(), misc.processor_power(), misc.time_zone(), misc.xstate()));
            let texts = [misc.standard_name(), misc.daylight_name(), misc.build_string(), misc.debug_build_string()];
            texts.into_iter().flatten().for_each(walk_text);
        }
        Stream::SystemMemoryInfo(info) => {
            black_box(info);
        }
        Stream::ProcessVmCounters(counters) => {
            black_box(counters);
        }
        Stream::Raw(raw) => {
            black_box((raw.stream_type().name(), raw.bytes()));
        }
        Stream::JavaScriptData(report) => {
            black_box(report.as_bytes());
        }
        Stream::IptTrace(trace) => {
            black_box(trace.as_bytes());
        }
        Stream::BreakpadInfo(info) => {
            black_box((info.dump_thread_id(), info.requesting_thread_id()));
        }
        Stream::AssertionInfo(info) => {
            [info.expression(), info.function(), info.file()].into_iter().for_each(walk_text);
            black_box((info.line(), info.assertion_type()));
        }
        Stream::LinuxCpuInfo(info) => vendor::walk_cpu_info(info),
        Stream::LinuxProcStatus(status) => {
            black_box((status.fields().count(), status.process_id()));
        }
        Stream::LinuxLsbRelease(release) => {
            black_box((release.fields().count(), release.description()));
        }
        Stream::LinuxCmdLine(line) => vendor::walk_command_line(line),
        Stream::LinuxEnviron(environ) => assert!(environ.variables().count() <= environ.strings().count()),
        Stream::LinuxAuxv(auxv) => assert!(auxv.iter().count() <= auxv.as_bytes().len() / 8),
        Stream::LinuxMaps(maps) => vendor::walk_maps(maps),
        Stream::LinuxDsoDebug(debug) => vendor::walk_dso_debug(debug),
        Stream::LinuxProcStat(stat) => {
            black_box(stat.text().lines().count());
        }
        Stream::LinuxProcUptime(uptime) => {
            black_box(uptime.text().to_string_lossy());
        }
        Stream::LinuxProcFd(files) => {
            black_box(files.text().lines().count());
        }
        Stream::CrashpadInfo(info) => vendor::walk_crashpad(info),
        Stream::MozMacCrashInfo(info) => vendor::walk_mac_crash_info(info),
        Stream::MozMacBootArgs(arguments) => arguments.text().into_iter().flatten().for_each(walk_text),
        Stream::MozLinuxLimits(limits) => assert!(limits.limits().count() <= limits.text().lines().count()),
        Stream::MozSoftErrors(errors) => assert_eq!(errors.text().to_string(), errors.text().to_string_lossy()),
        Stream::FacebookLogcat(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookAppCustomData(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookAppVersionName(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookJavaStack(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookDalvikInfo(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookDumpErrorLog(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookAppStateLog(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookAbortReason(text) => drop(black_box(text.text().to_string_lossy())),
        Stream::FacebookThreadName(text) => drop(black_box(text.text().to_string_lossy())),
        other => panic!("the walk does not know {other:?}"),
    }
}

fn walk_context(context: Result<Option<Context<'_>>, userdump::ReadError>) {
    if let Ok(Some(context)) = context {
        black_box((context.flags(), context.instruction_pointer(), context.stack_pointer(), context.frame_pointer()));
        black_box((context.state(), context.valid_groups().count(), context.tail()));
        if let Some(extended) = context.xstate(None) {
            assert!(extended.iter().all(|feature| feature.bytes.len() <= feature.size as usize));
            black_box((extended.ymm_registers().count(), extended.cet_u()));
        }
        assert!(context.registers().all(|register| context.register(register.name) == Some(register.value)));
    }
}

fn walk_module(module: &Module<'_>) {
    module.name().into_iter().for_each(walk_text);
    black_box((
        module.version(),
        module.code_view().is_ok(),
        module.misc_record().is_ok(),
        module.debug_misc().is_ok(),
    ));
}

fn walk_text(text: Utf16<'_>) {
    assert_eq!(text.chars_lossy().collect::<String>(), text.to_string_lossy());
    assert!(text.trim_end_nul().as_bytes().len() <= text.as_bytes().len());
}

fn walk_range(range: &MemoryRange<'_>) {
    let available = range.bytes.len() as u64;
    assert!(available <= range.size);
    assert_eq!(range.fault().is_some(), available < range.size);
}

/// The index gives the same bytes for the same address, whichever way it is asked.
fn walk_index(memory: &Memory<'_>) {
    let mut last = None;
    for range in memory.visible_ranges() {
        assert!(!range.bytes.is_empty() && range.size == range.bytes.len() as u64);
        assert!(last < Some(range.address), "the ranges ascend and do not overlap");
        last = Some(range.address + (range.size - 1));

        assert_eq!(memory.range_at(range.address), Some(range));
        assert_eq!(memory.slice(range.address, range.size), Some(range.bytes));
        let mut copy = vec![0; range.bytes.len().min(64)];
        assert_eq!(memory.read(range.address, &mut copy), copy.len());
        assert!(range.bytes.starts_with(&copy));
        let around = [range.address.wrapping_sub(1), range.address.wrapping_add(range.size)];
        around
            .into_iter()
            .for_each(|address| assert_eq!(memory.range_at(address).is_some(), memory.run_len(address, 1) > 0));
        walk_image_at(memory, range.address);
    }
}

fn walk_image_at(memory: &Memory<'_>, address: u64) {
    Image::at(memory, address).iter().for_each(walk_image);
}

fn walk_image(image: &Image<'_, '_>) {
    let records = [image.code_view_record(), image.misc_record()];
    for record in records.iter().flatten() {
        assert!((1..=0x2_0000).contains(&record.len()));
        black_box(CodeView::new(record, ByteOrder::Little));
    }
    black_box((image.checksum(), image.size_of_image(), image.version(), image.sections().take(100).count()));
}
