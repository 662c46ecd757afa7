//! Random plans, and every kind of re-encoding: both ways give the same bytes.

use std::fs;
use std::io::{Seek, SeekFrom};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use libtest_mimic::Trial;
use userdump::redump::{Hooks, Options, Redump};
use userdump::write::{CopySource, MemoryRange};
use userdump::{Dump, MappedFile, MinidumpBuilder};

use super::{KERNEL_COPIES, KIB, contents, file_of, in_memory, written};
use crate::roundtrip::Random;
use crate::support::cpu::{Cpu, pattern};
use crate::support::{Shared, fixtures, trials};
use crate::synth;

pub fn trials() -> Vec<Trial> {
    trials![
        random_plans_are_the_same_in_both_ways,
        long_parallel_runs_are_copied_by_the_kernel,
        many_small_ranges_are_one_run,
        overlapping_sources_and_parts_of_files_are_found,
        two_threads_use_one_source,
        positions_of_sources_stay,
        progress_reaches_the_end,
        every_fixture_is_the_same_in_both_ways,
        a_large_dump_is_the_same_with_all_letters,
        changed_memory_is_not_the_kernels,
        dumps_as_they_are_are_the_same_in_both_ways,
        golden_dumps_are_the_same_in_both_ways,
    ]
}

/// A range of a source, as a test describes it: the offset in the file, and the size.
type Place = (u64, u64);

/// Consecutive places, with gaps and in disorder if the numbers say so.
fn places(random: &mut Random, size: u64) -> Vec<Place> {
    let unit = [1, 16, 512, 4096][random.below(4) as usize];
    let longest = [3, 40, 300][random.below(3) as usize] * 4096 / unit;
    let mut at = random.below(9000);
    let mut places = Vec::new();
    while at < size && places.len() < 300 {
        let length = (random.below(longest) * unit).min(size - at);
        places.push((at, length));
        at += length + if random.below(8) == 0 { random.below(20_000) } else { 0 };
    }
    if random.below(3) == 0 {
        for last in (1..places.len()).rev() {
            places.swap(last, random.below(last as u64 + 1) as usize);
        }
    }
    places
}

/// Borrowed, in pieces, in a file, or from a reader; in either list.
fn plan_of<'a>(
    random: &mut Random,
    places: &[Place],
    mapped: &'a [u8],
    file: &'a fs::File,
    shape: (u64, bool),
) -> MinidumpBuilder<'a> {
    let (first, is_parallel) = shape;
    let mut dump = MinidumpBuilder::new();
    dump.stream(userdump::format::StreamType(0x1_0001), vec![7; first as usize]);
    if random.below(4) == 0 {
        dump.stream(userdump::format::StreamType(0x1_0002), &mapped[4096..4096 * 60]);
    }
    let mixture = random.below(3);
    for (index, &(at, size)) in places.iter().enumerate() {
        let address = 0x10_0000 * index as u64;
        let bytes = &mapped[at as usize..][..size as usize];
        let kind = if mixture == 0 { 0 } else { random.below(4 * mixture) };
        let range = match kind {
            1 => MemoryRange::from_file(address, size, file, at),
            2 => {
                let (one, other) = bytes.split_at(random.below(size + 1) as usize);
                MemoryRange::from_pieces(address, vec![one, other])
            }
            3 => MemoryRange::from_reader(address, size, bytes),
            _ => MemoryRange::borrowed(address, bytes),
        };
        match mixture == 2 && random.below(30) == 0 {
            true => dump.memory(range),
            false => dump.memory64(range),
        };
    }
    if is_parallel {
        dump.parallel_to(mapped);
    }
    dump
}

fn random_plans_are_the_same_in_both_ways() {
    let size = 3 << 20;
    let file = file_of(&contents(size));
    let map = MappedFile::open(file.path()).expect("it exists");
    let opened = file.reopen().expect("it exists");
    let source = map.copy_source().expect("it is mapped");
    let mut copied = 0;
    for seed in 0..120 {
        let mut random = Random::new(seed);
        let places = places(&mut random, size);
        let shape = (random.below(5000), random.below(2) == 0);
        let plan = || {
            let mut random = Random::new(seed + 1000);
            plan_of(&mut random, &places, &map, &opened, shape).plan().expect("it is small")
        };
        let start = [0, 0, 4096, 1, 777][random.below(5) as usize];
        let whole = in_memory(plan());
        let sources: &[CopySource<'_>] = if random.below(5) == 0 { &[] } else { &[source] };
        let (bytes, report) = written(plan(), sources, start);
        assert!(bytes == whole, "seed {seed}: {places:?}");
        assert!(report.bytes_by_kernel <= report.size, "seed {seed}");
        copied += report.bytes_by_kernel;
    }
    assert_eq!(copied > 4 << 20, KERNEL_COPIES, "{copied} bytes");
}

/// One run, wherever it is in the source and in the result.
fn long_parallel_runs_are_copied_by_the_kernel() {
    let file = file_of(&contents(1 << 20));
    let map = MappedFile::open(file.path()).expect("it exists");
    let source = map.copy_source().expect("it is mapped");
    for at in [0, 1, 100, 4095, 4096, 5000] {
        // From the first whole block to the last.
        let whole = |size: u64| (at + size) / 4096 * 4096 - at.next_multiple_of(4096);
        for size in [64 * KIB, 252 * KIB, 256 * KIB, 264 * KIB, 500 * KIB, 500 * KIB + 1] {
            let plan = |is_parallel: bool| {
                let mut dump = MinidumpBuilder::new();
                dump.memory64(MemoryRange::borrowed(0x1000, &map[at as usize..][..size as usize]));
                if is_parallel {
                    dump.parallel_to(&map);
                }
                dump.plan().expect("it is small")
            };
            let expected = if KERNEL_COPIES && whole(size) >= 256 * KIB { whole(size) } else { 0 };
            let (bytes, report) = written(plan(true), &[source], 0);
            assert!(bytes == in_memory(plan(true)));
            assert_eq!(report.bytes_by_kernel, expected, "{size} bytes at {at}");
            let (_, report) = written(plan(true), &[source], 2048);
            assert_eq!(report.bytes_by_kernel, 0, "behind half a block");
            let (_, report) = written(plan(true), &[], 0);
            assert_eq!(report.bytes_by_kernel, 0, "without a source");
            let without = plan(false);
            let (base, from) = (without.size() - size, at);
            let (_, report) = written(without, &[source], 0);
            assert_eq!(report.bytes_by_kernel > 0, expected > 0 && base % 4096 == from % 4096, "without padding");
        }
    }
}

/// More ranges than are joined at once, each smaller than a block, with the ends of runs in the middle of blocks.
fn many_small_ranges_are_one_run() {
    let size = 3 << 20;
    let file = file_of(&contents(size));
    let map = MappedFile::open(file.path()).expect("it exists");
    let opened = file.reopen().expect("it exists");
    for (in_file, step) in [(false, 100), (false, 513), (true, 3000), (true, 4096)] {
        let plan = || {
            let mut dump = MinidumpBuilder::new();
            for (index, bytes) in map.chunks(step).enumerate() {
                let (address, at) = (index as u64 * 0x1000, (index * step) as u64);
                dump.memory64(match in_file {
                    true => MemoryRange::from_file(address, bytes.len() as u64, &opened, at),
                    false => MemoryRange::borrowed(address, bytes),
                });
            }
            dump.parallel_to(&map);
            dump.plan().expect("it is small")
        };
        let (bytes, report) = written(plan(), map.copy_source().as_slice(), 0);
        assert!(bytes == in_memory(plan()), "{in_file} {step}");
        let runs = size.div_ceil(step as u64).div_ceil(4096);
        let least = size - runs * 2 * 4096;
        assert_eq!(report.bytes_by_kernel >= least, KERNEL_COPIES, "{step}: {} bytes", report.bytes_by_kernel);
    }
}

fn overlapping_sources_and_parts_of_files_are_found() {
    let held = contents(1 << 20);
    let file = file_of(&held);
    let map = MappedFile::open(file.path()).expect("it exists");
    let opened = file.reopen().expect("it exists");
    let (low, high) = (&map[..600_000], &map[4096 * 50..]);
    let of_part = |bytes, at| CopySource::new(bytes, &opened).at(at);
    let other = file_of(&contents(1000));
    let foreign = other.reopen().expect("it exists");
    for sources in [
        vec![of_part(low, 0), of_part(high, 4096 * 50)],
        vec![of_part(high, 4096 * 50), of_part(low, 0)],
        vec![CopySource::new(&[], &foreign), of_part(&map, 0)],
        // Bytes that are in no mapping at all.
        vec![CopySource::new(b"elsewhere", &foreign)],
    ] {
        let plan = || {
            let mut dump = MinidumpBuilder::new();
            for (address, range) in (1..).zip([4096..300_000, 300_000..900_000, 500_000..700_001]) {
                dump.memory64(MemoryRange::borrowed(address << 32, &map[range]));
            }
            dump.memory64(MemoryRange::borrowed(9 << 32, &held[..200_000]));
            dump.parallel_to(&map);
            dump.plan().expect("it is small")
        };
        let (bytes, report) = written(plan(), &sources, 0);
        assert!(bytes == in_memory(plan()), "{sources:?}");
        assert_eq!(report.bytes_by_kernel > 0, KERNEL_COPIES && sources.len() > 1, "{sources:?}");
    }
}

fn two_threads_use_one_source() {
    let file = file_of(&contents(2 << 20));
    let map = MappedFile::open(file.path()).expect("it exists");
    let opened = file.reopen().expect("it exists");
    let source = map.copy_source().expect("it is mapped");
    let plan = |first: usize| {
        let mut dump = MinidumpBuilder::new();
        for (address, bytes) in (1..).zip(map[first..].chunks(100_000)) {
            dump.memory64(MemoryRange::borrowed(address << 20, bytes));
            dump.memory64(MemoryRange::from_file(address << 30, 70_000, &opened, address * 4096 + first as u64));
        }
        dump.parallel_to(&map);
        dump.plan().expect("it is small")
    };
    let expected = [0, 5000].map(|first| in_memory(plan(first)));
    thread::scope(|scope| {
        for _ in 0..2 {
            for (first, expected) in [0, 5000].into_iter().zip(&expected) {
                scope.spawn(move || {
                    for _ in 0..20 {
                        assert!(written(plan(first), &[source], 0).0 == *expected);
                    }
                });
            }
        }
    });
}

fn positions_of_sources_stay() {
    let file = file_of(&contents(1 << 20));
    let map = MappedFile::open(file.path()).expect("it exists");
    let mut opened = file.reopen().expect("it exists");
    opened.seek(SeekFrom::Start(77)).expect("it is a file");
    let mut dump = MinidumpBuilder::new();
    dump.memory64(MemoryRange::borrowed(0x1000, &map)).parallel_to(&map);
    let (_, report) = written(dump.plan().expect("it is small"), &[CopySource::new(&map, &opened)], 0);
    assert_eq!(report.bytes_by_kernel > 0, KERNEL_COPIES);
    assert_eq!(opened.stream_position().expect("it is a file"), 77);
}

fn progress_reaches_the_end() {
    let file = file_of(&contents(1 << 20));
    let map = MappedFile::open(file.path()).expect("it exists");
    let mut dump = MinidumpBuilder::new();
    dump.memory64(MemoryRange::borrowed(0x1000, &map[..1 << 19])).memory64(MemoryRange::borrowed(1, &map[9..]));
    let (last, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, counted) = (Arc::clone(&last), Arc::clone(&calls));
    let plan = dump.plan().expect("it is small");
    let size = plan.size();
    let plan = plan.with_progress(move |done, total| {
        assert!(total == size && done <= total && seen.fetch_max(done, Ordering::Relaxed) <= done);
        counted.fetch_add(1, Ordering::Relaxed);
    });
    written(plan, map.copy_source().as_slice(), 0);
    assert!(last.load(Ordering::Relaxed) == size && calls.load(Ordering::Relaxed) > 2);
}

/// Re-encodes a file in both ways. Returns how many bytes the kernel copied.
fn re_encoded(path: &std::path::Path, options: &Options, what: &str) -> Option<u64> {
    let map = MappedFile::open(path).expect("it exists");
    let dump = Dump::parse(&map).expect("it is a dump");
    let planned = || Redump::new(&dump, options).ok();
    let mut expected = Vec::new();
    let report = planned()?.write_to(&mut expected).expect("a vector accepts every write");
    let mut file = tempfile::tempfile().expect("there is room");
    let sources = map.copy_source();
    let other = planned()?.write_to_file(&file, sources.as_slice()).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(super::behind(&mut file, 0, other.size) == expected, "{what}");
    assert_eq!((other.size, report.bytes_by_kernel), (report.size, 0), "{what}");
    Some(other.bytes_by_kernel)
}

const WORDS: [&str; 15] = [
    "/m",
    "/ma",
    "/mA",
    "/mf",
    "/mfR",
    "/mfs",
    "/mF",
    "/mi",
    "/mpw",
    "/mdc",
    "/mr",
    "/mR",
    "/mcdFhiptuw",
    "/f",
    "/as-is",
];

fn every_fixture_is_the_same_in_both_ways() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("in.dmp");
    for (name, bytes) in fixtures::all().chain([("user", fixtures::FULL_USER_DUMP)]) {
        fs::write(&path, bytes).expect("there is room");
        for words in WORDS {
            let options: Options = words.parse().expect("they are known");
            re_encoded(&path, &options, &format!("{words} of {name}"));
            re_encoded(&path, &options.without_padding(), &format!("{words} of {name}"));
        }
    }
}

/// Threads with stacks, modules, and 3 MiB of memory in ranges of odd sizes, in several orders.
fn large(order: u64, unit: u64) -> Vec<u8> {
    let cpu = Cpu::AMD64;
    let mut random = Random::new(order);
    let mut dump = synth::Dump::new().system_info(cpu.windows()).flags(2);
    dump = dump.thread(synth::Thread::new(1).context(cpu.context(0x1_4000_1000, 0x7f00)));
    dump = dump.module(synth::Module::new(0x1_4000_0000, 0x1000, "a.exe"));
    let mut ranges: Vec<(u64, u64)> =
        (0..60).map(|index| (0x10_0000 * (index + 1), (random.below(40) + 1) * unit)).collect();
    if order > 1 {
        for last in (1..ranges.len()).rev() {
            ranges.swap(last, random.below(last as u64 + 1) as usize);
        }
    }
    ranges.into_iter().fold(dump, |dump, (address, size)| dump.memory64(address, pattern(address, size))).build()
}

fn a_large_dump_is_the_same_with_all_letters() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("in.dmp");
    for (order, unit) in [(0, 4096), (1, 4000), (2, 4096), (3, 1234)] {
        fs::write(&path, large(order, unit)).expect("there is room");
        let mut full = Vec::new();
        for words in WORDS {
            let options: Options = words.parse().expect("they are known");
            let copied = re_encoded(&path, &options, words);
            re_encoded(&path, &options.clone().without_padding(), words);
            if let (Some(copied), "/ma" | "/mf" | "/f" | "/as-is") = (copied, words) {
                full.push((words, copied));
            }
        }
        let in_order = order < 2;
        for (words, copied) in full {
            let is_most = copied > 60 * 20 * unit / 2;
            assert!(!in_order || is_most == KERNEL_COPIES, "{words} {order} {unit}: {copied}");
        }
    }
}

fn changed_memory_is_not_the_kernels() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("in.dmp");
    fs::write(&path, large(0, 4096)).expect("there is room");
    let map = MappedFile::open(&path).expect("it exists");
    let dump = Dump::parse(&map).expect("it is a dump");
    for options in [Options::as_is(), "/ma".parse().expect("it is known")] {
        for is_redacted in [false, true] {
            let planned = || {
                let hooks = match is_redacted {
                    true => Hooks::new().redact(|_, _, bytes| bytes.fill(3)),
                    false => Hooks::new().blank(iter::once(0x80_0010..0x80_0015)),
                };
                Redump::with_hooks(&dump, &options, hooks).expect("it can be re-encoded")
            };
            let mut expected = Vec::new();
            planned().write_to(&mut expected).expect("a vector accepts every write");
            let mut file = tempfile::tempfile().expect("there is room");
            let report = planned().write_to_file(&file, map.copy_source().as_slice()).expect("there is room");
            assert!(super::behind(&mut file, 0, report.size) == expected, "{options}");
            assert_eq!(report.bytes_by_kernel > 0, KERNEL_COPIES && !is_redacted, "{options}");
        }
    }
}

fn dumps_as_they_are_are_the_same_in_both_ways() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("in.dmp");
    fs::write(&path, large(1, 4096)).expect("there is room");
    let size = fs::metadata(&path).expect("it exists").len();
    for (options, is_shared) in [
        (Options::as_is(), true),
        (Options::as_is().with_comment("a comment"), true),
        (Options::as_is().with_comment("a comment").without_padding(), false),
    ] {
        let copied = re_encoded(&path, &options, "as is").expect("it can be re-encoded");
        assert_eq!(copied > size / 2, KERNEL_COPIES && is_shared, "{options:?}: {copied} of {size}");
    }
}

fn golden_dumps_are_the_same_in_both_ways(shared: &Shared) {
    for name in ["live/ma.dmp", "live32/ma.dmp", "live/f.dmp", "crash32/f.dmp"] {
        let path = shared.golden_path(name);
        let size = fs::metadata(&path).expect("it exists").len();
        for words in WORDS {
            let copied = re_encoded(&path, &words.parse().expect("they are known"), &format!("{words} of {name}"));
            if let (Some(copied), "/ma" | "/f") = (copied, words) {
                assert_eq!(copied > size / 2, KERNEL_COPIES, "{words} of {name}: {copied} of {size}");
            }
        }
    }
}
