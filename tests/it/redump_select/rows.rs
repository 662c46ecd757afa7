//! Memory information entries: those of the source, and made-up ones.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern};
use crate::support::facts;
use crate::support::image::{CODE, DATA, headers};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, Exception, MemoryInfo, Module, Part, Shape, Stack, SystemInfo, Thread, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        rows_are_kept_in_the_order_of_addresses,
        longer_rows_are_written_in_the_usual_size,
        without_rows_they_are_made_up_for_each_range,
        made_up_rows_describe_all_memory_of_the_source,
        made_up_rows_say_what_is_known,
        an_empty_list_is_treated_as_absent,
        no_rows_are_made_up_for_other_systems,
    ]
}

/// Options that include `F`, explicitly or implicitly.
const WITH_ROWS: [&str; 5] = ["/mF", "/mfF", "/mFhtu", "/ma", "/mA"];

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

/// An entry as the engine makes it up.
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

/// Entries that differ in every field.
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
        // Overlapping ranges are merged, so they have one entry.
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
    // Entries of memory that is left out, and of stacks in no memory list, are kept too.
    let thread = Thread::new(2).stack(Stack::stored(0x9008, pattern(0x9008, 8)));
    let source = base().memory(0x5000, pattern(0x5000, 0x100)).thread(thread).build();
    let out = Redumped::of(&source, "/mF");
    out.assert_memory(&[(0x9008, 8)]);
    assert_eq!(hex(&out.facts().memory_infos()), hex(&[made_up(0x5000, 0x100), made_up(0x9008, 8)]));
}

fn made_up_rows_say_what_is_known() {
    let sections = [("code", 0x1000, 0x1800, CODE), ("data", 0x3000, 0x200, DATA), ("const", 0x4000, 8, 0x4000_0040)];
    let image = headers(Cpu::AMD64, &sections);
    let with = |exception: Option<Exception>| {
        let dump = Dump::new().system_info(SystemInfo::default());
        let dump = dump.module(Module::new(0x40_0000, 0x6000, "a.exe")).module(Module::new(0x50_0000, 0x2000, "b.dll"));
        let dump = dump.thread(Thread::new(1).context(Cpu::AMD64.context(0x40_1010, 0x70_0080)));
        // Generated code, and a stack that contains running code.
        let dump = dump.thread(Thread::new(2).context(Cpu::AMD64.context(0x60_0010, 0x70_0090)));
        let dump = dump.thread(Thread::new(3).context(Cpu::AMD64.context(0x70_0010, 0x70_00a0)));
        let dump = dump.memory(0x40_0000, [image.clone(), vec![0; 0x6000 - image.len()]].concat());
        let dump = dump.memory(0x50_0800, [0; 0x100]).memory(0x60_0000, [0; 0x1000]);
        let dump = dump.memory(0x70_0000, [0; 0x1000]).memory(0x80_0000, [0; 0x1000]);
        exception.into_iter().fold(dump, |dump, exception| dump.exception(exception)).build()
    };
    let image = |base, size, protect, allocation_base| facts::MemoryInfo {
        allocation_base,
        allocation_protect: 0x80,
        protect,
        kind: 0x100_0000,
        ..made_up(base, size)
    };
    let jit = |protect| facts::MemoryInfo { protect, ..made_up(0x60_0000, 0x1000) };
    let expected = |jit| {
        [
            image(0x40_0000, 0x1000, 2, 0x40_0000),
            image(0x40_1000, 0x2000, 0x20, 0x40_0000),
            image(0x40_3000, 0x1000, 4, 0x40_0000),
            image(0x40_4000, 0x2000, 2, 0x40_0000),
            image(0x50_0800, 0x100, 0x20, 0x50_0000),
            jit,
            made_up(0x70_0000, 0x1000),
            made_up(0x80_0000, 0x1000),
        ]
    };
    for options in WITH_ROWS {
        let out = Redumped::of(&with(None), options);
        assert_eq!(hex(&out.facts().memory_infos()), hex(&expected(jit(0x20))), "{options}");
        assert!(out.made_up().contains(&16));
    }
    // Data execution prevention: the memory at the instruction pointer was not executable.
    let mut refused = Exception { context: Part::None, ..Exception::new(2, 0xc000_0005, 0x60_0010) };
    (refused.parameters, refused.information[0]) = (2, 8);
    assert_eq!(hex(&Redumped::of(&with(Some(refused)), "/mF").facts().memory_infos()), hex(&expected(jit(4))));
    // The debugger makes up different entries.
    let out = Redumped::as_debugger(&with(None), "/mF");
    let ranges =
        [(0x40_0000, 0x6000), (0x50_0800, 0x100), (0x60_0000, 0x1000), (0x70_0000, 0x1000), (0x80_0000, 0x1000)];
    assert_eq!(hex(&out.facts().memory_infos()), hex(&ranges.map(|(base, size)| made_up(base, size))));
}

fn an_empty_list_is_treated_as_absent() {
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
