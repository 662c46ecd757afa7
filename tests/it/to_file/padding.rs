//! The zeros before the memory: as many as make it parallel to the source, and none where that is of no use.

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::format::full_user_dump::ImageFileMachine;
use userdump::redump::{Hooks, Options, Redump};
use userdump::write::MemoryRange;
use userdump::{Dump, FullUserDumpBuilder, Minidump, MinidumpBuilder};

use super::{contents, in_memory};
use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::Facts;
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth;

pub fn trials() -> Vec<Trial> {
    trials![
        the_first_long_run_is_parallel,
        nothing_is_inserted_where_it_is_of_no_use,
        a_full_user_dump_is_parallel_too,
        full_memory_is_parallel_to_its_source,
        a_small_dump_is_not_padded,
        a_comment_leaves_a_dump_as_it_is_parallel,
    ]
}

const LONG: usize = 80 << 10;

/// The file offset of the memory of a Memory64List.
fn base(file: &[u8]) -> u64 {
    let dump = Minidump::parse(file).expect("it opens");
    let list = dump.stream::<userdump::read::memory::Memory64List<'_>>().expect("it is sound").expect("it is there");
    let first = list.iter().find(|range| range.available() > 0).expect("it has memory");
    first.offset
}

/// Addresses and bytes of all ranges.
fn memory(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let facts = Facts::of(file);
    facts.ranges().iter().map(|range| (range.address, range.bytes.0.to_vec())).collect()
}

fn the_first_long_run_is_parallel() {
    let source = contents(1 << 20);
    for at in [0, 1, 2000, 4095, 9000] {
        for before in [0, 100, 5000] {
            for extra in [0, 8, 1000, 4088] {
                let plan = |parallel: bool| {
                    let mut dump = MinidumpBuilder::new();
                    dump.stream(StreamType(0x1_0001), vec![1; extra]);
                    // From elsewhere, and too short.
                    dump.memory64(MemoryRange::from_pieces(1, vec![&source[500_000..][..before]]));
                    for (address, bytes) in (1..).zip(source[at..at + LONG].chunks(1000)) {
                        dump.memory64(MemoryRange::borrowed(address << 16, bytes));
                    }
                    if parallel {
                        dump.parallel_to(&source);
                    }
                    dump.plan().expect("it is small")
                };
                let (with, without) = (plan(true), plan(false));
                let padding = with.size() - without.size();
                assert!(padding < 4096);
                assert_eq!(with.directory(), without.directory());
                let (with, without) = (in_memory(with), in_memory(without));
                assert_eq!((base(&with) + before as u64) % 4096, at as u64 % 4096, "{at} {before} {extra}");
                let end = base(&without) as usize;
                assert_eq!(base(&with), end as u64 + padding);
                assert!(with[end..][..padding as usize].iter().all(|byte| *byte == 0));
                assert!(with[end + padding as usize..] == without[end..]);
                assert!(memory(&with) == memory(&without));
            }
        }
    }
}

fn add<'s>(dump: &mut MinidumpBuilder<'s>, bytes: &'s [u8]) {
    dump.memory64(MemoryRange::borrowed(1, bytes));
}

fn nothing_is_inserted_where_it_is_of_no_use() {
    let source = contents(1 << 20);
    let own = contents(LONG as u64);
    type Fill<'s> = &'s dyn Fn(&mut MinidumpBuilder<'s>);
    let cases: [(&str, Fill<'_>); 6] = [
        ("no memory", &|_| ()),
        ("an empty range", &|dump| add(dump, &[])),
        ("a short range", &|dump| add(dump, &source[1..60_000])),
        ("other bytes", &|dump| add(dump, &own)),
        ("short ranges in disorder", &|dump| {
            for (address, bytes) in (1..).zip(source.chunks(30_000)).collect::<Vec<_>>().into_iter().rev() {
                dump.memory64(MemoryRange::borrowed(address << 20, bytes));
            }
        }),
        ("a MemoryList", &|dump| {
            dump.memory(MemoryRange::borrowed(1, &source[1..]));
        }),
    ];
    for (name, fill) in cases {
        for compressed in [false, true] {
            let plan = |parallel: bool| {
                let mut dump = MinidumpBuilder::new();
                fill(&mut dump);
                if compressed {
                    dump.compressed();
                }
                if parallel {
                    dump.parallel_to(&source);
                }
                in_memory(dump.plan().expect("it is small"))
            };
            assert!(plan(true) == plan(false), "{name}");
        }
    }
    let plan = |parallel: bool| {
        let mut dump = MinidumpBuilder::new();
        dump.memory64(MemoryRange::borrowed(1, &source[1..])).compressed();
        if parallel {
            dump.parallel_to(&source);
        }
        in_memory(dump.plan().expect("it is small"))
    };
    assert!(plan(true) == plan(false), "compressed memory");
}

fn a_full_user_dump_is_parallel_too() {
    let source = contents(1 << 20);
    for (wide, at) in [(false, 0), (false, 77), (true, 0), (true, 4095)] {
        let plan = |parallel: bool| {
            let machine = if wide { ImageFileMachine::AMD64 } else { ImageFileMachine::I386 };
            let mut dump = match wide {
                true => FullUserDumpBuilder::new_64_bit(machine),
                false => FullUserDumpBuilder::new_32_bit(machine),
            };
            dump.service_pack("1");
            for (index, bytes) in (0..).zip(source[at..at + LONG].chunks(4096)) {
                let row = userdump::format::MemoryInfo {
                    base_address: 0x1_0000 * index,
                    region_size: bytes.len() as u64,
                    ..Default::default()
                };
                dump.region(row, MemoryRange::borrowed(row.base_address, bytes));
            }
            if parallel {
                dump.parallel_to(&source);
            }
            in_memory(dump.plan().expect("it is small"))
        };
        let (with, without) = (plan(true), plan(false));
        let place = |file: &[u8]| {
            let dump = userdump::read::FullUserDump::parse(file).expect("it opens");
            let memory = dump.memory();
            let bytes = memory.slice(0, 4096).expect("it is there");
            assert!(bytes == &source[at..at + 4096]);
            bytes.as_ptr().addr() - file.as_ptr().addr()
        };
        assert_eq!(place(&with) % 4096, at % 4096);
        assert_eq!(with.len() - without.len(), place(&with) - place(&without));
    }
}

/// A dump with full memory behind a header of an odd size.
fn full(size: u64) -> Vec<u8> {
    let cpu = Cpu::AMD64;
    let dump = synth::Dump::new().system_info(cpu.windows()).flags(2);
    let dump = dump.thread(synth::Thread::new(1).context(cpu.context(0x1_4000_1000, 0x7f00)));
    let dump = dump.module(synth::Module::new(0x1_4000_0000, 0x1000, "a.exe"));
    dump.memory64(0x10_0000, pattern(0x10_0000, size)).memory64(0x50_0000, pattern(0x50_0000, 0x3000)).build()
}

fn full_memory_is_parallel_to_its_source() {
    let source = full(0x2_0000);
    for words in ["/ma", "/mf", "/mA", "/mfFhut"] {
        let options: Options = words.parse().expect("it is known");
        let with = Redumped::with(&source, &options);
        let without = Redumped::with(&source, &options.without_padding());
        assert_eq!(base(&with.bytes) % 4096, base(&source) % 4096, "{words}");
        let padding = with.bytes.len() - without.bytes.len();
        assert!(padding > 0 && padding < 4096, "{words}: {padding}");
        let (at, end) = (base(&without.bytes) as usize, base(&with.bytes) as usize);
        assert!(with.bytes[end..] == without.bytes[at..] && with.bytes[at..end].iter().all(|byte| *byte == 0));
        assert_eq!(with.report.memory_bytes, without.report.memory_bytes);
    }
    // Memory that is changed throughout has no counterpart in the source.
    let dump = Dump::parse(&source).expect("it is a dump");
    let hooks = || Hooks::new().redact(|_, _, _| {});
    let size = |options: Options| Redump::with_hooks(&dump, &options, hooks()).expect("it is planned").size();
    let options: Options = "/ma".parse().expect("it is known");
    assert_eq!(size(options.clone()), size(options.without_padding()));
}

fn a_small_dump_is_not_padded() {
    let source = full(0xd000);
    for words in ["/m", "/ma", "/mf", "/mpw"] {
        let options: Options = words.parse().expect("it is known");
        let with = Redumped::with(&source, &options);
        assert!(with.bytes == Redumped::with(&source, &options.without_padding()).bytes, "{words}");
    }
    let large = full(0x2_0000);
    for words in ["/m", "/mw", "/mi"] {
        let options: Options = words.parse().expect("it is known");
        let with = Redumped::with(&large, &options);
        assert!(with.bytes == Redumped::with(&large, &options.without_padding()).bytes, "{words}");
    }
}

fn a_comment_leaves_a_dump_as_it_is_parallel() {
    for size in [0x2_0000, 0x800] {
        let source = full(size);
        let options = Options::as_is().with_comment("a comment");
        let with = Redumped::once(&source, &options);
        let without = Redumped::once(&source, &options.without_padding());
        let padding = with.bytes.len() - without.bytes.len();
        assert!(padding < 4096);
        match size {
            0x800 => assert_eq!(padding, 0),
            _ => assert_eq!(base(&with.bytes) % 4096, base(&source) % 4096),
        }
        assert!(memory(&with.bytes) == memory(&source));
    }
    let source = full(0x2_0000);
    assert!(Redumped::once(&source, &Options::as_is()).bytes == source, "without changes, nothing is inserted");
}
