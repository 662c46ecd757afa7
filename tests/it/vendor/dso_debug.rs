//! The dynamic linker's data, in its three layouts.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::format::linux::DsoDebugLayout;
use userdump::read::linux::LinuxDsoDebug;
use userdump::read::references::{Part, parts};

use super::{kind, linux, view};
use crate::support::forms::{in_every_form, open};
use crate::support::trials;
use crate::synth::{Bytes, Dump};

pub fn trials() -> Vec<Trial> {
    trials![
        every_layout_has_its_fields,
        references_find_the_same_link_maps,
        a_process_without_link_maps_has_none,
        link_maps_are_those_that_the_file_holds,
        a_name_outside_the_file_is_a_separate_error,
        a_header_that_is_cut_is_an_error,
        the_dynamic_section_ends_at_its_mark,
    ]
}

const LAYOUTS: [DsoDebugLayout; 3] = [DsoDebugLayout::Bits32, DsoDebugLayout::Bits64, DsoDebugLayout::Bits64Packed];

/// A word of the target.
fn word(bytes: &mut Bytes, layout: DsoDebugLayout, value: u64) {
    match layout {
        DsoDebugLayout::Bits32 => bytes.u32(value as u32),
        _ => bytes.u64(value),
    };
}

/// Padding that Breakpad's compilers insert.
fn pad(bytes: &mut Bytes, layout: DsoDebugLayout) {
    if layout == DsoDebugLayout::Bits64 {
        bytes.filler(4);
    }
}

/// A dump with two link maps and a dynamic section of this number of entries. The link maps and their names follow the
/// stream's own data.
fn dump(layout: DsoDebugLayout, entries: u64) -> Dump {
    linux(layout == DsoDebugLayout::Bits32).written(kind::LINUX_DSO_DEBUG, move |bytes| {
        let [map, first, second] = [bytes.label(), bytes.label(), bytes.label()];
        let start = bytes.len() as usize;
        bytes.u32(1).rva(map).u32(2);
        pad(bytes, layout);
        [0x1122_3344, 0x5566_7788, 0x99aa_bbcc].into_iter().for_each(|value| word(bytes, layout, value));
        for entry in 0..entries {
            word(bytes, layout, 21 + entry);
            word(bytes, layout, 0x6000_0000 + entry);
        }
        let end = bytes.len() as usize;
        // The data after this is not part of the stream: its size excludes it.
        assert_eq!(end - start, size(layout, entries) as usize);
        bytes.place(map);
        for (addr, name, ld) in [(0, first, 0x60_0000), (0x7f00_1000, second, 0x7f00_2000)] {
            word(bytes, layout, addr);
            bytes.rva(name);
            pad(bytes, layout);
            word(bytes, layout, ld);
        }
        bytes.place(first).string("").place(second).string("/lib/libc.so.6");
    })
}

/// The size of the stream alone.
fn size(layout: DsoDebugLayout, entries: u64) -> u64 {
    match layout {
        DsoDebugLayout::Bits32 => 24 + 8 * entries,
        DsoDebugLayout::Bits64 => 40 + 16 * entries,
        DsoDebugLayout::Bits64Packed => 36 + 16 * entries,
        other => panic!("{other:?}"),
    }
}

/// The same dump, with the size of the stream alone in the directory.
fn sized(layout: DsoDebugLayout, entries: u64) -> Dump {
    let shape = crate::synth::Shape::usual().data_size(size(layout, entries) as u32);
    dump(layout, entries).shape(kind::LINUX_DSO_DEBUG, shape)
}

fn every_layout_has_its_fields() {
    for (layout, entries) in LAYOUTS.into_iter().flat_map(|layout| [(layout, 0), (layout, 1), (layout, 3), (layout, 4)])
    {
        in_every_form(
            |_| sized(layout, entries),
            |dump, _| {
                let debug: LinuxDsoDebug<'_> = view(dump);
                assert_eq!((debug.layout(), debug.version()), (layout, 1));
                assert_eq!([debug.brk(), debug.ldbase(), debug.dynamic()], [0x1122_3344, 0x5566_7788, 0x99aa_bbcc]);
                let section = size(layout, entries) - size(layout, 0);
                assert_eq!(debug.dynamic_section().len() as u64, section);
                let found: Vec<_> = debug.dynamic_entries().collect();
                assert_eq!(found, (0..entries).map(|it| (21 + it, 0x6000_0000 + it)).collect::<Vec<_>>());
                let maps = debug.link_maps();
                assert_eq!((maps.len(), maps.declared_len(), maps.fault()), (2, 2, None));
                let found: Vec<_> = maps.iter().map(|map| (map.addr(), map.ld(), map.name())).collect();
                let names: Vec<_> = found.iter().map(|it| it.2.map(|name| name.to_string_lossy())).collect();
                assert_eq!(names, [Ok(String::new()), Ok("/lib/libc.so.6".to_owned())]);
                assert_eq!(
                    [(found[0].0, found[0].1), (found[1].0, found[1].1)],
                    [(0, 0x60_0000), (0x7f00_1000, 0x7f00_2000)]
                );
            },
        );
    }
}

fn references_find_the_same_link_maps() {
    for layout in LAYOUTS {
        in_every_form(
            |_| sized(layout, 2),
            |dump, _| {
                let stream = dump.streams().map(|(stream, _)| stream).next_back().expect("it is there");
                let found = parts(&stream).expect("it can be taken apart");
                assert_eq!(found.faults, []);
                let maps = view::<LinuxDsoDebug<'_>>(dump).link_maps();
                let is_the_map = |part: &Part<'_>| part.offset == maps.entry_offset(0);
                let map = found.parts.iter().find(|part| is_the_map(part)).expect("the link maps are a part");
                assert_eq!(map.bytes.len() as u64, 2 * maps.entry_size());
                let names = map.references.iter().map(|it| &found.parts[it.target.expect("it leads somewhere")]);
                let ends: Vec<_> = names.map(|part| part.bytes.len()).collect();
                assert_eq!(ends, [6, 6 + 2 * 14]);
            },
        );
    }
}

fn a_process_without_link_maps_has_none() {
    for (map, count) in [(u32::MAX, 0), (u32::MAX, 5), (0, 0)] {
        let dump = |_| {
            linux(true).written(kind::LINUX_DSO_DEBUG, move |bytes| {
                bytes.u32s(&[1, map, count, 2, 3, 4]);
            })
        };
        in_every_form(dump, |dump, _| {
            let maps = view::<LinuxDsoDebug<'_>>(dump).link_maps();
            assert_eq!((maps.len(), maps.is_empty(), maps.fault()), (0, true, None));
        });
    }
}

fn link_maps_are_those_that_the_file_holds() {
    for count in [2, 3, 0x1000_0000, u32::MAX] {
        let dump = |_| {
            linux(true).written(kind::LINUX_DSO_DEBUG, move |bytes| {
                let map = bytes.label();
                bytes.u32(1).rva(map).u32s(&[count, 0, 0, 0]).place(map).u32s(&[7, 0, 8, 9, 0, 10]);
            })
        };
        in_every_form(dump, |dump, _| {
            let maps = view::<LinuxDsoDebug<'_>>(dump).link_maps();
            let found: Vec<_> = maps.iter().map(|it| (it.addr(), it.ld())).collect();
            assert_eq!(found, [(7, 8), (9, 10)]);
            let needed = u64::from(count) * 12;
            let fault =
                ReadError::Truncated { what: "MDRawLinkMap", offset: maps.entry_offset(0), needed, available: 24 };
            assert_eq!((maps.declared_len(), maps.fault()), (count.into(), (count > 2).then_some(fault)));
        });
    }
}

fn a_name_outside_the_file_is_a_separate_error() {
    let dump = |_| {
        linux(true).written(kind::LINUX_DSO_DEBUG, |bytes| {
            let [map, name] = [bytes.label(), bytes.label()];
            bytes.u32(1).rva(map).u32s(&[2, 0, 0, 0]).place(map).u32s(&[7, u32::MAX, 8, 9]).rva(name).u32(10);
            bytes.place(name).string("/so");
        })
    };
    in_every_form(dump, |dump, _| {
        let [first, second] =
            view::<LinuxDsoDebug<'_>>(dump).link_maps().iter().collect::<Vec<_>>().try_into().expect("two");
        assert!(first.name().is_err_and(|error| error.is_truncated() && error.offset() == Some(0xffff_ffff)));
        assert!(second.name().is_ok_and(|name| name == "/so"));
    });
}

fn a_header_that_is_cut_is_an_error() {
    for (layout, what) in LAYOUTS.into_iter().zip(["MDRawDebug32", "MDRawDebug64", "MDRawDebug64"]) {
        let whole = size(layout, 0);
        // A size that indicates the same layout in 64 bits.
        let cut = whole - 16;
        let dump = |_| linux(layout == DsoDebugLayout::Bits32).raw(kind::LINUX_DSO_DEBUG, vec![1; cut as usize]);
        in_every_form(dump, |dump, facts| {
            let offset = facts.stream(kind::LINUX_DSO_DEBUG).expect("it is there").rva.0;
            let error = dump.stream::<LinuxDsoDebug<'_>>().err();
            assert_eq!(error, Some(ReadError::Truncated { what, offset, needed: whole, available: cut }));
        });
    }
}

fn the_dynamic_section_ends_at_its_mark() {
    let bytes = linux(true)
        .written(kind::LINUX_DSO_DEBUG, |bytes| {
            bytes.u32s(&[1, 0, 0, 2, 3, 4, 1, 5, 0, 0, 6, 7, 8]);
        })
        .build();
    let debug: LinuxDsoDebug<'_> = view(&open(&bytes));
    assert_eq!(debug.dynamic_section().len(), 28);
    assert_eq!(debug.dynamic_entries().collect::<Vec<_>>(), [(1, 5)]);
}
