//! The parts of a minidump that a full user dump lacks, computed from the minidump alone.

use std::collections::BTreeSet;

use userdump::redump::{Outcome, Report};
use userdump_walk::accounted::structures;

use crate::support::facts::{Facts, Thread};
use crate::synth::kind;

/// The streams that a full user dump can hold, at least in part.
const KEPT: [u32; 9] = [
    kind::THREAD_LIST,
    kind::MODULE_LIST,
    kind::MEMORY_LIST,
    kind::EXCEPTION,
    kind::SYSTEM_INFO,
    kind::THREAD_EX_LIST,
    kind::MEMORY64_LIST,
    kind::MISC_INFO,
    kind::MEMORY_INFO_LIST,
];
const LINUX_MAPS: u32 = 0x4767_0009;
const KUSER_SHARED_DATA: u64 = 0x7ffe_0000;

/// Checks the losses that the report gives for `source`, and returns the number of unreadable streams.
///
/// `of_image` tells, for the index of a module, how much of its image is in memory, where that is known: `Some(true)`
/// if all of it, `Some(false)` if nothing.
pub fn check(source: &Facts<'_>, report: &Report, of_image: impl Fn(usize) -> Option<bool>, what: &str) -> usize {
    let unreadable = streams(source, report, what);
    let mut found = report.losses.iter().map(|loss| (loss.what, loss.count)).peekable();
    for (name, least, most) in expected(source, of_image) {
        let count = found.next_if(|(found, _)| *found == name).map_or(0, |(_, count)| count);
        assert!((least..=most).contains(&count), "{what}: {count} {name}, {least} to {most} expected");
    }
    assert_eq!(found.next(), None, "{what}: an unexpected loss");
    unreadable
}

fn streams(source: &Facts<'_>, report: &Report, what: &str) -> usize {
    let (mut seen, mut unreadable) = (BTreeSet::new(), 0);
    let has_rows = source.stream(kind::MEMORY_INFO_LIST).is_some();
    let mut reported = report.streams.iter();
    for kind in source.kinds() {
        let stream = reported.next().unwrap_or_else(|| panic!("{what}: stream {kind:#x} is not in the report"));
        let first = seen.insert(kind);
        let kept = KEPT.contains(&kind) || kind == LINUX_MAPS && first && !has_rows;
        let outcome = match kept {
            true if first => Outcome::Rewritten,
            true => Outcome::Duplicate,
            false => Outcome::Unsupported,
        };
        assert_eq!(stream.stream_type.0, kind, "{what}");
        match stream.outcome {
            Outcome::Unreadable(_) => unreadable += 1,
            found => assert_eq!(found, outcome, "{what}: stream {kind:#x}"),
        }
    }
    assert_eq!(reported.next(), None, "{what}: unexpected streams");
    unreadable
}

/// The losses besides whole streams, in the order of the report, with the minimum and maximum count of each.
fn expected(source: &Facts<'_>, of_image: impl Fn(usize) -> Option<bool>) -> Vec<(&'static str, u64, u64)> {
    let mut all = Vec::new();
    // The process ID is stored in the event, which belongs to a thread.
    let misc = source.stream_bytes(kind::MISC_INFO).filter(|misc| misc.len() >= 24);
    let has_number = misc.is_some_and(|misc| misc[4] & 1 != 0 && misc[8..12] != [0; 4]);
    let has_event = !source.exceptions().is_empty() || !source.threads().is_empty();
    let without_event = u64::from(has_number && !has_event);
    all.push(("process ID, because there is no debug event", without_event, without_event));
    let modules = source.modules();
    let is_foreign = |name: &str| name.chars().any(|char| !fits_windows_1252(char));
    let foreign = modules.iter().filter(|it| it.name.text.as_deref().is_some_and(is_foreign)).count() as u64;
    all.push(("module names with characters outside Windows-1252", foreign, foreign));
    let mut of_modules = |name, is_there: &dyn Fn(&crate::support::facts::Module<'_>) -> bool| {
        let with = || modules.iter().enumerate().filter(|(_, module)| is_there(module));
        let least = with().filter(|(index, _)| of_image(*index) == Some(false)).count();
        let most = with().filter(|(index, _)| of_image(*index) != Some(true)).count();
        all.push((name, least as u64, most as u64));
    };
    of_modules("CodeView records of modules whose images in memory lack them", &|it| !it.code_view.is_empty());
    of_modules("miscellaneous debug records of modules whose images in memory lack them", &|it| !it.misc.is_empty());
    of_modules("versions of modules whose images in memory lack them", &|it| it.version[0] == 0xfeef_04bd);
    let stamps = "time stamps or checksums of modules that differ from those of their images in memory";
    of_modules(stamps, &|it| (it.timestamp, it.checksum) != (0, 0));

    let mut exactly = |name, count: usize| all.push((name, count as u64, count as u64));
    let system = source.system_info();
    let fixed = match system.as_ref().map(|system| system.architecture) {
        Some(0 | 10) => 716,
        Some(9) => 1232,
        Some(12) => 912,
        _ => usize::MAX,
    };
    let threads = source.threads();
    let is_longer = |thread: &&Thread<'_>| thread.context.len() > fixed;
    let stacks = threads.iter().filter(|thread| (thread.stack_start, thread.stack_size) != (0, 0)).count();
    exactly("stack bounds, which the environment blocks also have", stacks);
    exactly("extended states after the contexts of threads", threads.iter().filter(is_longer).count());
    // The contexts of Breakpad and LLDB.
    let foreign: &[usize] = match system.as_ref().map(|system| system.architecture) {
        Some(5) => &[368],
        Some(12 | 0x8003) => &[796, 800],
        Some(9) => &[736],
        _ => &[],
    };
    let is_foreign = |thread: &&Thread<'_>| foreign.contains(&thread.context.len());
    let of_layout = "contexts that are not in the Windows layout, of which registers with the same names stay";
    exactly(of_layout, threads.iter().filter(is_foreign).count());
    let exceptions = source.exceptions();
    exactly("exceptions after the first", exceptions.len().saturating_sub(1));
    let differs = exceptions.first().is_some_and(|exception| {
        let thread = threads.iter().find(|thread| thread.id == exception.thread);
        !exception.context.is_empty() && thread.is_none_or(|thread| thread.context != exception.context)
    });
    exactly("context of the exception, which differs from that of its thread", differs.into());

    let time = source.header.timestamp;
    exactly("time of the dump", usize::from(time != 0 && time != time_in_memory(source)));
    exactly("checksum of the header", usize::from(source.header.checksum != 0));
    if let Some(system) = &system {
        let has_cpu = (system.level, system.revision) != (0, 0) || system.cpu.iter().any(|byte| *byte != 0);
        exactly("processor information", usize::from(has_cpu || system.processors > 1));
        let product = source.read(KUSER_SHARED_DATA + 0x264, 1).first().copied().unwrap_or(0);
        let edition = system.suite != 0 || system.product != 0 && system.product != product;
        exactly("edition of the operating system", edition.into());
        exactly("operating system, which is not Windows", usize::from(system.platform > 3));
        let behind = source.stream(kind::SYSTEM_INFO).map_or(0, |entry| entry.rva.0 as usize + 56);
        let is_wine = source.bytes.get(behind..behind + 4) == Some(b"WINE");
        exactly("Wine data after the system information", is_wine.into());
    }
    let misc = source.stream_bytes(kind::MISC_INFO).filter(|misc| misc.len() >= 24);
    let is_more = misc.is_some_and(|misc| {
        let flags = u32::from_le_bytes(misc[4..8].try_into().expect("four bytes"));
        let known = if flags & 1 != 0 { 12 } else { 8 };
        flags & !1 != 0 || misc[known..].iter().any(|byte| *byte != 0)
    });
    exactly("process information except the process ID", usize::from(is_more));
    let mut memory = held(source);
    memory.sort_unstable();
    // The number of bytes of a region that are present; overlapping bytes count once.
    let present = |(start, end): &(u64, u64)| {
        let (mut at, mut total) = (*start, 0);
        for (first, last) in memory.iter().filter(|it| it.0 < *end && *start <= it.1) {
            let from = at.max(*first);
            let to = last.saturating_add(1).min(*end);
            total += to.saturating_sub(from);
            at = at.max(to);
        }
        total
    };
    // Addresses, permissions, offset, device, inode, path: anonymous memory has inode 0 and no path.
    let is_file = |line: &str| {
        line.split_whitespace().nth(4).is_some_and(|inode| inode != "0") || line.split_whitespace().nth(5).is_some()
    };
    let files = if source.stream(kind::MEMORY_INFO_LIST).is_some() {
        0
    } else {
        maps(source).lines().filter(|line| is_file(line)).count()
    };
    exactly("names and files of mappings", files);
    let regions = described(source);
    exactly("memory regions without bytes", regions.iter().filter(|it| present(it) == 0).count());
    let is_partial = |it: &&(u64, u64)| (1..it.1 - it.0).contains(&present(it));
    let partial = regions.iter().filter(is_partial).count();
    exactly("extents of memory regions with missing bytes", partial);
    all.extend(fields(source));
    let differing = differing(source) as u64;
    all.push(("bytes of memory that differ from those of an overlapping range", differing, differing));
    all
}

/// Non-zero fields that a full user dump cannot hold, by name, in alphabetical order.
fn fields(source: &Facts<'_>) -> Vec<(&'static str, u64, u64)> {
    let rows = |kind: u32| {
        let entry = source.stream(kind);
        entry.map_or_else(Vec::new, |entry| structures::rows(source, &entry).0)
    };
    let is_set = |at: usize, size: usize| source.bytes[at..at + size].iter().any(|byte| *byte != 0);
    let with = |kind: u32, field: usize, size: usize| rows(kind).iter().filter(|at| is_set(**at + field, size)).count();
    let is_32_bit = masked(source, u64::MAX) != u64::MAX;
    let of_rows = |field: usize| if is_32_bit { with(kind::MEMORY_INFO_LIST, field, 4) } else { 0 };
    let without_signature = rows(kind::MODULE_LIST)
        .into_iter()
        .filter(|at| source.bytes[at + 24..at + 28] != 0xfeef_04bd_u32.to_le_bytes() && is_set(at + 24, 52));
    // In the lists, the first range with an address counts.
    let ranges = source.ranges();
    let listed = |address: u64| {
        let range = ranges.iter().find(|range| {
            address.checked_sub(masked(source, range.address)).is_some_and(|into| into < range.bytes.len() as u64)
        });
        range.map(|range| range.bytes[(address - masked(source, range.address)) as usize])
    };
    let is_other = |thread: &Thread<'_>| {
        let own = source.bytes.get(thread.stack_at.0 as usize..).unwrap_or_default();
        let own = own.iter().take(thread.stack_size as usize).zip(masked(source, thread.stack_start)..);
        thread.stack_at.0 != 0 && own.into_iter().any(|(byte, at)| listed(at).is_some_and(|other| other != *byte))
    };
    let all = [
        ("`alignment1` of `MemoryInfo`", of_rows(20)),
        ("`alignment2` of `MemoryInfo`", of_rows(44)),
        ("`reserved0` of `Module`", with(kind::MODULE_LIST, 92, 8)),
        ("`reserved1` of `Module`", with(kind::MODULE_LIST, 100, 8)),
        ("`reserved2` of `SystemInfo`", with(kind::SYSTEM_INFO, 30, 2)),
        ("`version_info` of `Module`", without_signature.count()),
        (
            "bytes at stack positions that differ from those of the memory lists",
            source.threads().iter().filter(|thread| is_other(thread)).count(),
        ),
        ("empty ranges of memory lists", source.ranges().iter().filter(|range| range.size == 0).count()),
    ];
    all.map(|(name, count)| (name, count as u64, count as u64)).into()
}

/// The number of bytes in the ranges that differ from an earlier byte at the same address.
fn differing(source: &Facts<'_>) -> usize {
    let mut ranges = source.ranges();
    ranges.sort_by_key(|range| range.address);
    let overlaps =
        ranges.windows(2).any(|pair| pair[0].address.saturating_add(pair[0].bytes.len() as u64) > pair[1].address);
    if !overlaps {
        return 0;
    }
    let mut first = std::collections::BTreeMap::new();
    let mut differing = 0;
    for range in source.ranges() {
        for (into, byte) in (0..).zip(range.bytes.iter()) {
            differing += usize::from(first.entry(range.address.wrapping_add(into)).or_insert(*byte) != byte);
        }
    }
    differing
}

/// True for characters of ISO 8859-1. Names in the test dumps have none of the other characters of Windows-1252.
pub fn fits_windows_1252(char: char) -> bool {
    char.is_ascii() || ('\u{a0}'..='\u{ff}').contains(&char)
}

/// The time in the user shared data page: stored in 100 ns since 1601, returned in seconds since 1970.
fn time_in_memory(source: &Facts<'_>) -> u32 {
    let time = source.read(KUSER_SHARED_DATA + 0x14, 8).try_into().map_or(0, u64::from_le_bytes);
    (time / 10_000_000).checked_sub(11_644_473_600).map_or(0, |seconds| seconds as u32)
}

/// Start and end of the address ranges that the source describes, with and without bytes.
fn described(source: &Facts<'_>) -> Vec<(u64, u64)> {
    if source.stream(kind::MEMORY_INFO_LIST).is_some() {
        let rows = source.memory_infos().into_iter();
        return rows.map(|row| (masked(source, row.base), masked(source, row.base) + row.size)).collect();
    }
    let bounds = |line: &str| {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
    };
    maps(source).lines().filter_map(bounds).collect()
}

/// The text of the mappings, empty if the source has none.
fn maps(source: &Facts<'_>) -> String {
    source.stream_bytes(LINUX_MAPS).map(|text| String::from_utf8_lossy(text.0).into_owned()).unwrap_or_default()
}

/// The first and last address of every range with bytes.
pub fn held(source: &Facts<'_>) -> Vec<(u64, u64)> {
    let ranges = source.ranges().into_iter().map(|range| (range.address, range.bytes.len()));
    let stacks = source.threads().into_iter().filter(|it| it.stack_at.0 != 0);
    let stacks = stacks.map(|it| (it.stack_start, it.stack_size as usize));
    let all = ranges.chain(stacks).filter(|(_, size)| *size > 0);
    let bounds = |(start, size)| (masked(source, start), masked(source, start).saturating_add(size as u64 - 1));
    all.map(bounds).collect()
}

/// An address in the form in which all addresses of the dump are compared.
pub fn masked(source: &Facts<'_>, address: u64) -> u64 {
    match source.system_info().map(|system| system.architecture) {
        Some(0 | 5 | 10) => address & 0xffff_ffff,
        _ => address,
    }
}
