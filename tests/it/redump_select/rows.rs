//! Rows of the memory information, those of the source and those that are made up.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern};
use crate::support::facts;
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Shape, Stack, SystemInfo, Thread, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        rows_are_kept_in_the_order_of_addresses,
        longer_rows_are_written_in_the_usual_size,
        without_rows_they_are_made_up_for_each_range,
        made_up_rows_describe_all_memory_of_the_source,
        an_empty_list_is_as_good_as_none,
        no_rows_are_made_up_for_other_systems,
    ]
}

/// Options with `F`, in themselves or by what they stand for.
const WITH_ROWS: [&str; 5] = ["/mF", "/mfF", "/mFhtu", "/ma", "/mA"];

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

/// A row as the engine makes it up.
fn made_up(base: u64, size: u64) -> facts::MemoryInfo {
    facts::MemoryInfo {
        base,
        allocation_base: base,
        allocation_protect: 4,
        size,
        state: 0x1000,
        protect: 4,
        kind: 0x2_0000,
        alignment: [0; 2],
    }
}

/// Rows that differ in every field.
fn two_rows() -> [MemoryInfo; 2] {
    let first = MemoryInfo {
        base: 0x7000,
        allocation_base: 0x6000,
        allocation_protect: 0x80,
        size: 0x3000,
        state: 0x2000,
        protect: 0,
        kind: 0x100_0000,
        alignment: [5, 6],
    };
    [first, MemoryInfo::new(0x1000, 0x1000)]
}

fn rows_are_kept_in_the_order_of_addresses() {
    let [first, second] = two_rows();
    let source = base().memory(0x1000, [1; 0x1000]).memory_info(first).memory_info(second).build();
    for options in WITH_ROWS {
        let out = Redumped::of(&source, options);
        let rows = out.facts().memory_infos();
        let moved = facts::MemoryInfo {
            base: 0x7000,
            allocation_base: 0x6000,
            allocation_protect: 0x80,
            size: 0x3000,
            state: 0x2000,
            protect: 0,
            kind: 0x100_0000,
            alignment: [5, 6],
        };
        assert_eq!(hex(&rows), hex(&[made_up(0x1000, 0x1000), moved]), "{options}");
        assert!(!out.made_up().contains(&16));
    }
    for options in ["/m", "/mf", "/mhtu"] {
        assert_eq!(Redumped::of(&source, options).facts().stream(16), None);
    }
}

fn longer_rows_are_written_in_the_usual_size() {
    let rows = Shape::usual().header_size(24).entry_size(64);
    let [first, second] = two_rows();
    let dump = || base().memory(0x1000, [1; 0x1000]).memory_info(second.clone()).memory_info(first.clone());
    let [usual, longer] =
        [dump(), dump().shape(kind::MEMORY_INFO_LIST, rows)].map(|dump| Redumped::of(&dump.build(), "/mF"));
    assert_eq!(hex(&longer.facts().memory_infos()), hex(&usual.facts().memory_infos()));
    let list = longer.facts().stream_bytes(16).expect("the rows are there");
    assert_eq!((list.len(), &list[..16]), (16 + 2 * 48, [16u32, 48, 2, 0].map(u32::to_le_bytes).as_flattened()));
}

fn without_rows_they_are_made_up_for_each_range() {
    let source = base()
        .memory(0x5000, pattern(0x5000, 0x123))
        .memory(0x1000, pattern(0x1000, 0x1000))
        .memory(0x2000, pattern(0x2000, 0x1000))
        // Overlapping ranges are one, and so have one row.
        .memory(0x8000, pattern(0x8000, 0x800))
        .memory(0x8400, pattern(0x8400, 0x800))
        .build();
    let rows = [(0x1000, 0x1000), (0x2000, 0x1000), (0x5000, 0x123), (0x8000, 0xc00)];
    for options in WITH_ROWS {
        let out = Redumped::of(&source, options);
        assert_eq!(hex(&out.facts().memory_infos()), hex(&rows.map(|(base, size)| made_up(base, size))), "{options}");
        assert!(out.made_up().contains(&16));
    }
    for options in ["/m", "/mf"] {
        let out = Redumped::of(&source, options);
        assert_eq!((out.facts().stream(16), out.made_up().contains(&16)), (None, false));
    }
}

fn made_up_rows_describe_all_memory_of_the_source() {
    // Those of memory that is left out too, and of stacks that stand in no list.
    let thread = Thread::new(2).stack(Stack::stored(0x9008, pattern(0x9008, 8)));
    let source = base().memory(0x5000, pattern(0x5000, 0x100)).thread(thread).build();
    let out = Redumped::of(&source, "/mF");
    out.assert_memory(&[(0x9008, 8)]);
    assert_eq!(hex(&out.facts().memory_infos()), hex(&[made_up(0x5000, 0x100), made_up(0x9008, 8)]));
}

fn an_empty_list_is_as_good_as_none() {
    let empty = |dump: Dump| {
        dump.written(16, |bytes| {
            bytes.u32s(&[16, 48]).u64(0);
        })
    };
    let source = empty(base().memory(0x5000, pattern(0x5000, 0x100))).build();
    for options in WITH_ROWS {
        let out = Redumped::of(&source, options);
        assert_eq!(hex(&out.facts().memory_infos()), hex(&[made_up(0x5000, 0x100)]));
        assert!(out.made_up().contains(&16));
    }
    Redumped::of(&source, "/mf").assert_memory(&[(0x5000, 0x100)]);
}

fn no_rows_are_made_up_for_other_systems() {
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1));
    let source = dump.memory(0x5000, pattern(0x5000, 0x100)).build();
    for options in WITH_ROWS {
        let out = Redumped::of(&source, options);
        assert_eq!((out.facts().stream(16), out.made_up()), (None, vec![]));
    }
}
