//! Streams of other producers that contain file offsets: which bytes belong to them, and where the offsets are.

use libtest_mimic::Trial;
use userdump::format::stream::Relocation;
use userdump::format::{RvaWidth, StreamType};
use userdump::read;
use userdump::read::references::{Parts, parts};
use userdump::{Minidump, ReadError};

use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::{Bytes, Dump, Shape, SystemInfo, Text};

pub fn trials() -> Vec<Trial> {
    trials![
        each_type_has_its_kind_of_relocation,
        a_stream_without_offsets_comes_alone,
        streams_with_views_are_refused,
        crashpad_information_is_followed_to_its_strings,
        the_older_crashpad_information_has_the_same_offsets,
        link_maps_have_three_layouts,
        missing_link_maps_are_not_a_reference,
        host_modules_refer_to_names_and_records,
        crash_information_has_twenty_records_at_most,
        boot_arguments_are_at_either_offset,
        a_terminator_belongs_to_its_text_if_present,
        what_two_fields_refer_to_is_stored_once,
        references_outside_the_file_are_faults,
        a_list_that_is_cut_is_a_fault,
        parts_larger_than_the_file_together_are_refused,
        a_stream_outside_the_file_is_an_error,
    ]
}

const CRASHPAD_INFO: u32 = 0x4350_0001;
const LINUX_DSO_DEBUG: u32 = 0x4767_000a;
const MOZ_MAC_CRASH_INFO: u32 = 0x4d7a_0001;
const MOZ_MAC_BOOT_ARGS: u32 = 0x4d7a_0002;
const WINE_HOST_MODULE_LIST: u32 = 0xfff0;

fn each_type_has_its_kind_of_relocation() {
    let is = |types: &[u32], expected| {
        for &stream_type in types {
            assert_eq!(StreamType(stream_type).row().relocation, expected, "{stream_type:#x}");
        }
    };
    is(&[3, 4, 5, 6, 7, 8, 9, 12, 14, 24, 25], Relocation::Viewed);
    is(&[0xfff0, 0x4350_0001, 0x4767_000a, 0x4d7a_0001, 0x4d7a_0002], Relocation::Known);
    is(&[0, 10, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22], Relocation::None);
    is(&[0x4767_0001, 0x4767_0002, 0x4767_0003, 0x4767_0009, 0x4767_000b, 0x4767_000d], Relocation::None);
    is(&[0x4d7a_0003, 0x4d7a_0004, 0x4b6b_0001, 0x4b6b_0002, 0x1_0000, 0xface_cafa, u32::MAX], Relocation::None);
    is(&[0x8000, 0x8001, 0x800c, 0x800f], Relocation::Unmovable);
    is(&[1, 2, 23, 26, 0x7fff, 0x8010, 0xffef, 0xfff1, 0xffff], Relocation::Unexamined);
    is(&[0x4350_0002, 0x4350_ffff, 0x4767_000e, 0x4d7a_0005], Relocation::Unexamined);
}

fn a_stream_without_offsets_comes_alone() {
    for kind in [99, 0x4767_0003, 23, 20] {
        let dump = |_| Dump::new().raw(98, "x").raw(kind, "text");
        in_every_form(dump, |dump, facts| {
            let found = take(dump, kind).expect("it is valid");
            assert_eq!((found.parts.len(), found.faults.len()), (1, 0));
            let part = &found.parts[0];
            assert_eq!(Some(part.offset), facts.stream(kind).map(|stream| stream.rva.0));
            assert_eq!((part.bytes, part.references.len()), (b"text".as_slice(), 0));
        });
    }
}

fn streams_with_views_are_refused() {
    for kind in [3, 4, 5, 6, 7, 8, 9, 12, 14, 24, 0x8001] {
        in_every_form(
            |_| Dump::new().raw(kind, [0; 200]),
            |dump, _| assert!(take(dump, kind).is_err_and(|error| error.is_unsupported()), "{kind:#x}"),
        );
    }
}

fn crashpad_information_is_followed_to_its_strings() {
    let write = |bytes: &mut Bytes| {
        let [program, program_end, links, links_end] = std::array::from_fn(|_| bytes.label());
        let [info, info_end, list, list_end, notes, notes_end] = std::array::from_fn(|_| bytes.label());
        let [key, value, array] = std::array::from_fn(|_| bytes.label());
        bytes.u32(1).filler(32).location(program, program_end).location(links, links_end).u32(0).u64(0);
        bytes.place(program).u32(1).rva(key).rva(value).place(program_end);
        bytes.place(links).u32(1).u32(5).location(info, info_end).place(links_end);
        bytes.place(info).u32(1).location(list, list_end).zeros(8).location(notes, notes_end).place(info_end);
        bytes.place(list).u32(2).rva(value).rva(key).place(list_end);
        bytes.place(notes).u32(1).rva(key).u16s(&[1, 0]).rva(array).place(notes_end);
        bytes.place(key).u32(3).raw("key\0").place(value).u32(5).raw("value\0").place(array).u32(2).raw([0; 9]);
    };
    let key = (148, 8, vec![]);
    let expected = [
        (0, 179, vec![rva(40, Some(36), 1), rva(48, Some(44), 2)]),
        (64, 12, vec![rva(4, None, 3), rva(8, None, 4)]),
        (76, 16, vec![rva(12, Some(8), 5)]),
        key,
        (156, 10, vec![]),
        (92, 28, vec![rva(8, Some(4), 6), rva(24, Some(20), 7)]),
        (120, 12, vec![rva(4, None, 4), rva(8, None, 3)]),
        (132, 16, vec![rva(4, None, 3), rva(12, None, 8)]),
        // A byte array has no terminator.
        (166, 6, vec![]),
    ];
    check(CRASHPAD_INFO, 9, write, &expected);
}

fn the_older_crashpad_information_has_the_same_offsets() {
    let write = |bytes: &mut Bytes| {
        let [start, end] = [bytes.label(), bytes.label()];
        bytes.u32(1).filler(32).location(start, end).zeros(8).place(start).u32(0).place(end);
    };
    check(CRASHPAD_INFO, 9, write, &[(0, 56, vec![rva(40, Some(36), 1)]), (52, 4, vec![])]);
    // Cut before its fields, it refers to nothing.
    let short = |bytes: &mut Bytes| {
        bytes.filler(36);
    };
    check(CRASHPAD_INFO, 9, short, &[(0, 36, vec![])]);
}

fn link_maps_have_three_layouts() {
    let narrow = |bytes: &mut Bytes| {
        let [map, name] = [bytes.label(), bytes.label()];
        bytes.u32(1).rva(map).u32(2).u32s(&[7, 8, 9]);
        bytes.place(map).u32(5).rva(name).u32(6).u32s(&[5, 0, 6]).place(name).string("/so");
    };
    check(
        LINUX_DSO_DEBUG,
        0,
        narrow,
        &[(0, 60, vec![rva(4, Some(8), 1)]), (24, 24, vec![rva(4, None, 2)]), (48, 12, vec![])],
    );
    // The dynamic table, of pairs of 8 bytes, follows the header: the size of the stream shows which header it is.
    let breakpad = |bytes: &mut Bytes| {
        let [map, name] = [bytes.label(), bytes.label()];
        bytes.u32(1).rva(map).u32s(&[2, 0]).u64s(&[7, 8, 9]);
        bytes.place(map).u64(5).rva(name).u32(0).u64(6).u64(5).rva(name).u32(0).u64(6).place(name).string("/so").u32(0);
    };
    let maps = [rva(8, None, 2), rva(32, None, 2)];
    check(
        LINUX_DSO_DEBUG,
        9,
        breakpad,
        &[(0, 104, vec![rva(4, Some(8), 1)]), (40, 48, maps.to_vec()), (88, 12, vec![])],
    );
    let packed = |bytes: &mut Bytes| {
        let [map, name] = [bytes.label(), bytes.label()];
        bytes.u32(1).rva(map).u32(2).u64s(&[7, 8, 9]);
        bytes.place(map).u64(5).rva(name).u64(6).u64(5).rva(name).u64(6).place(name).string("/so").zeros(12);
    };
    let maps = [rva(8, None, 2), rva(28, None, 2)];
    check(LINUX_DSO_DEBUG, 9, packed, &[(0, 100, vec![rva(4, Some(8), 1)]), (36, 40, maps.to_vec()), (76, 12, vec![])]);
}

fn missing_link_maps_are_not_a_reference() {
    for position in [0, u32::MAX] {
        let write = move |bytes: &mut Bytes| {
            bytes.u32s(&[1, position, 0, 0]).u64s(&[7, 8, 9]);
        };
        check(LINUX_DSO_DEBUG, 9, write, &[(0, 40, vec![])]);
    }
}

fn host_modules_refer_to_names_and_records() {
    let write = |bytes: &mut Bytes| {
        let [name, start, end] = std::array::from_fn(|_| bytes.label());
        bytes.u32(2).zeros(20).rva(name).zeros(52).location(start, end).location(end, end).zeros(16);
        bytes.zeros(20).rva(name).zeros(84).place(name).string("/so").place(start).raw("record").place(end);
    };
    // A location of size zero is still a reference, to nothing.
    let fields = vec![rva(24, None, 1), rva(84, Some(80), 2), rva(92, Some(88), 3), rva(132, None, 1)];
    let expected = [(0, 238, fields), (220, 12, vec![]), (232, 6, vec![]), (238, 0, vec![])];
    check(WINE_HOST_MODULE_LIST, 9, write, &expected);
    // Padding after the count moves all of it.
    let write = |bytes: &mut Bytes| {
        bytes.u32(1).filler(4).zeros(76).u32s(&[4, 36, 5, 40]).zeros(16);
    };
    in_every_form(
        |_| Dump::new().written(WINE_HOST_MODULE_LIST, write),
        |dump, _| {
            let found = take(dump, WINE_HOST_MODULE_LIST).expect("it is valid");
            let fields: Vec<_> = found.parts[0].references.iter().map(|it| (it.position, it.extent)).collect();
            assert_eq!(fields, [(88, Some(84)), (96, Some(92))]);
            let records: Vec<_> = found.parts[1..].iter().map(|part| (part.offset, part.bytes.len())).collect();
            assert_eq!(records, [(36, 4), (40, 5)]);
        },
    );
}

fn crash_information_has_twenty_records_at_most() {
    for (counted, expected) in [(0, 0), (1, 1), (20, 20), (21, 20), (u32::MAX, 20)] {
        let dump = |_| {
            Dump::new().written(MOZ_MAC_CRASH_INFO, move |bytes| {
                let start = bytes.here();
                bytes.u32s(&[MOZ_MAC_CRASH_INFO, counted, 16]);
                for index in 0..20 {
                    bytes.u32(3).rva_into(start, index);
                }
                bytes.zeros(8);
            })
        };
        in_every_form(dump, |dump, _| {
            let found = take(dump, MOZ_MAC_CRASH_INFO).expect("it is valid");
            assert_eq!((found.parts.len(), found.faults.len()), (1 + expected, 0), "{counted}");
            let fields = found.parts[0].references.iter().map(|it| (it.position, it.extent));
            assert!(fields.eq((0..expected as u64).map(|index| (16 + 8 * index, Some(12 + 8 * index)))));
        });
    }
}

fn boot_arguments_are_at_either_offset() {
    // When packed, the text follows the stream.
    let packed = |_| {
        Dump::new().written(MOZ_MAC_BOOT_ARGS, |bytes| {
            bytes.u32(MOZ_MAC_BOOT_ARGS).u64(32);
        })
    };
    let aligned = |_| {
        Dump::new().written(MOZ_MAC_BOOT_ARGS, |bytes| {
            bytes.u32s(&[MOZ_MAC_BOOT_ARGS, 0]).u64(32);
        })
    };
    let field = |dump: &Minidump<'_>| {
        let found = take(dump, MOZ_MAC_BOOT_ARGS).expect("it is valid");
        let [reference] = found.parts[0].references.as_slice() else { panic!("{found:?}") };
        (reference.position, reference.width, reference.extent)
    };
    in_every_form(packed, |dump, _| assert_eq!(field(dump), (4, RvaWidth::Rva64, None)));
    in_every_form(aligned, |dump, _| assert_eq!(field(dump), (8, RvaWidth::Rva64, None)));
}

fn a_terminator_belongs_to_its_text_if_present() {
    // In a dictionary of UTF-8 and as a name in UTF-16.
    for (behind, size) in [(b"\0".as_slice(), 8), (b"x", 7), (b"", 7)] {
        let write = move |bytes: &mut Bytes| {
            let [start, end, key] = std::array::from_fn(|_| bytes.label());
            bytes.u32(1).zeros(32).location(start, end).zeros(8).u32(0).u64(0);
            bytes.place(start).u32(1).rva(key).u32(0).place(end).place(key).u32(3).raw("key").raw(behind);
        };
        let stream = 83 + behind.len();
        let expected = [(0, stream, vec![rva(40, Some(36), 1)]), (64, 12, vec![rva(4, None, 2)]), (76, size, vec![])];
        check(CRASHPAD_INFO, 9, write, &expected);
    }
    for (behind, size) in [(b"\0\0".as_slice(), 12), (b"\0x", 10), (b"\0", 10), (b"", 10)] {
        let write = move |bytes: &mut Bytes| {
            let name = bytes.label();
            bytes.u32s(&[MOZ_MAC_BOOT_ARGS, 0]).rva64(name).place(name).u32(6).utf16("/so").raw(behind);
        };
        let field = (8, RvaWidth::Rva64, None, Some(1));
        check(MOZ_MAC_BOOT_ARGS, 9, write, &[(0, 26 + behind.len(), vec![field]), (16, size, vec![])]);
    }
}

fn what_two_fields_refer_to_is_stored_once() {
    let write = |bytes: &mut Bytes| {
        let [start, end, key] = std::array::from_fn(|_| bytes.label());
        bytes.u32(1).zeros(32).location(start, end).zeros(8).u32(0).u64(0).place(start).u32(3);
        for _ in 0..6 {
            bytes.rva(key);
        }
        bytes.place(end).place(key).u32(3).raw("key\0");
    };
    let fields: Vec<Field> = (0..6).map(|index| rva(4 + 4 * index, None, 2)).collect();
    check(CRASHPAD_INFO, 9, write, &[(0, 100, vec![rva(40, Some(36), 1)]), (64, 28, fields), (92, 8, vec![])]);
}

fn references_outside_the_file_are_faults() {
    let dump = |_| {
        Dump::new().written(CRASHPAD_INFO, |bytes| {
            bytes.u32(1).zeros(32).u32s(&[12, 0x7fff_0000, 20, 0x7fff_1000]).u32(0).u64(0);
        })
    };
    in_every_form(dump, |dump, _| {
        let found = take(dump, CRASHPAD_INFO).expect("the stream itself is valid");
        let targets: Vec<_> = found.parts[0].references.iter().map(|it| (it.position, it.target)).collect();
        assert_eq!(targets, [(40, None), (48, None)]);
        let missing = |what, offset, needed| ReadError::Truncated { what, offset, needed, available: 0 };
        let dictionary = missing("MinidumpSimpleStringDictionary", 0x7fff_0000, 12);
        assert_eq!(found.faults, [dictionary, missing("MinidumpModuleCrashpadInfoList", 0x7fff_1000, 20)]);
    });
}

fn a_list_that_is_cut_is_a_fault() {
    for counted in [3, u32::MAX] {
        let dump = |_| {
            Dump::new().written(CRASHPAD_INFO, move |bytes| {
                let [start, end] = [bytes.label(), bytes.label()];
                bytes.u32(1).zeros(32).location(start, end).zeros(8).u32(0).u64(0);
                bytes.place(start).u32(counted).zeros(16).place(end);
            })
        };
        in_every_form(dump, |dump, facts| {
            let found = take(dump, CRASHPAD_INFO).expect("the stream itself is valid");
            let offset = facts.stream(CRASHPAD_INFO).expect("it is present").rva.0 + 64;
            let (what, needed) = ("MinidumpSimpleStringDictionary", 4 + 8 * u64::from(counted));
            assert_eq!(found.faults, [ReadError::Truncated { what, offset, needed, available: 20 }]);
            assert_eq!(found.parts.len(), 2);
        });
    }
}

fn parts_larger_than_the_file_together_are_refused() {
    // Each record is most of the file, and begins one byte after the one before.
    let dump = |_| {
        Dump::new().written(MOZ_MAC_CRASH_INFO, |bytes| {
            let start = bytes.here();
            bytes.u32s(&[MOZ_MAC_CRASH_INFO, 20, 16]);
            for index in 0..20 {
                bytes.u32(160).rva_into(start, index);
            }
            bytes.zeros(20);
        })
    };
    in_every_form(dump, |dump, _| {
        let error = take(dump, MOZ_MAC_CRASH_INFO).map(|_| ()).expect_err("it does not fit");
        let ReadError::BudgetSpent { what: "MINIDUMP_MAC_CRASH_INFO_RECORD", limit, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(limit, dump.file_size());
    });
}

fn a_stream_outside_the_file_is_an_error() {
    for kind in [CRASHPAD_INFO, 99] {
        let dump = |_| Dump::new().raw(kind, [0; 64]).shape(kind, Shape::usual().rva(0x7fff_0000));
        let missing = ReadError::Truncated { what: "stream", offset: 0x7fff_0000, needed: 64, available: 0 };
        in_every_form(dump, |dump, _| assert_eq!(take(dump, kind).map(|_| ()), Err(missing)));
    }
}

/// An expected field: its offset, its width, its extent, and the index of its part.
type Field = (u64, RvaWidth, Option<u64>, Option<usize>);

/// An expected part: its offset from the start of the stream, its size and its fields.
type Part = (u64, usize, Vec<Field>);

/// A four-byte field that refers to a part.
fn rva(position: u64, extent: Option<u64>, target: usize) -> Field {
    (position, RvaWidth::Rva, extent, Some(target))
}

/// Splits the first stream of a type into its parts.
fn take<'a>(dump: &Minidump<'a>, kind: u32) -> Result<Parts<'a>, ReadError> {
    parts(&dump.raw_stream(StreamType(kind)).expect("it is in the directory"))
}

/// Checks the parts of a stream in every form of a dump. Nothing follows the stream in the file.
fn check(kind: u32, architecture: u16, write: impl FnOnce(&mut Bytes) + Copy + 'static, expected: &[Part]) {
    let system = SystemInfo { architecture, service_pack: Text::None, ..SystemInfo::default() };
    in_every_form(
        |_| Dump::new().system_info(system.clone()).written(kind, write),
        |dump, facts| {
            let start = facts.stream(kind).expect("it is present").rva.0;
            let found = take(dump, kind).expect("it is valid");
            assert_eq!(found.faults, []);
            let fields = |part: &read::references::Part<'_>| {
                part.references.iter().map(|it| (it.position, it.width, it.extent, it.target)).collect()
            };
            let found: Vec<Part> =
                found.parts.iter().map(|part| (part.offset - start, part.bytes.len(), fields(part))).collect();
            assert_eq!(found, expected);
        },
    );
}
