//! Crashpad's IDs and annotations.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::format::crashpad::AnnotationType;
use userdump::read::crashpad::{CrashpadInfo, StringDictionary};

use super::{kind, texts, view};
use crate::support::forms::{in_every_form, open};
use crate::support::trials;
use crate::synth::{Bytes, Dump, Label};

pub fn trials() -> Vec<Trial> {
    trials![
        ids_and_mask_are_those_of_the_file,
        fields_beyond_the_stream_are_absent,
        dictionaries_keep_their_order,
        modules_have_three_kinds_of_annotations,
        absent_parts_are_empty,
        lists_are_cut_to_what_their_place_holds,
        texts_outside_the_file_are_separate_errors,
        annotations_of_a_module_may_be_shorter,
    ]
}

/// The header: IDs, a dictionary and a list of modules.
fn head(bytes: &mut Bytes, program: (Label, Label), modules: (Label, Label)) {
    bytes.u32(1).u32(0x0102_0304).u16s(&[0x0506, 0x0708]).raw([9, 10, 11, 12, 13, 14, 15, 16]);
    bytes.u32(0x1112_1314).u16s(&[0x1516, 0x1718]).raw([25, 26, 27, 28, 29, 30, 31, 32]);
    bytes.location(program.0, program.1).location(modules.0, modules.1).u32(0).u64(0xff00_0000_0000_0001);
}

fn text(bytes: &mut Bytes, label: Label, text: impl AsRef<[u8]>) {
    bytes.place(label).u32(text.as_ref().len() as u32).raw(text);
}

fn whole() -> Dump {
    Dump::new().written(kind::CRASHPAD_INFO, |bytes| {
        let [program, program_end, modules, modules_end, first, first_end, second, second_end] =
            std::array::from_fn(|_| bytes.label());
        let [list, list_end, pairs, pairs_end, objects, objects_end] = std::array::from_fn(|_| bytes.label());
        let [plat, linux, empty, odd, user] = std::array::from_fn(|_| bytes.label());
        head(bytes, (program, program_end), (modules, modules_end));
        bytes.place(program).u32(3).rva(plat).rva(linux).rva(empty).rva(odd).rva(plat).rva(empty).place(program_end);
        bytes.place(modules).u32(2).u32(3).location(first, first_end).u32(0xffff_ffff).location(second, second_end);
        bytes.place(modules_end);
        bytes.place(first).u32(1).location(list, list_end).location(pairs, pairs_end).location(objects, objects_end);
        bytes.place(first_end).place(second).u32(2).zeros(24).place(second_end);
        bytes.place(list).u32(2).rva(linux).rva(odd).place(list_end);
        bytes.place(pairs).u32(1).rva(empty).rva(linux).place(pairs_end);
        bytes.place(objects).u32(4);
        for (name, kind, reserved, value) in [(plat, 1, 0, linux), (linux, 0x802a, 7, user), (odd, 2, 0, user)] {
            bytes.rva(name).u16s(&[kind, reserved]).rva(value);
        }
        bytes.rva(empty).u16s(&[0, 0]).u32(0).place(objects_end);
        text(bytes, plat, "plat");
        bytes.u8(0);
        text(bytes, linux, "Lin\u{fc}x");
        bytes.u8(0);
        text(bytes, empty, "");
        bytes.u8(0);
        text(bytes, odd, b"a\0b\xff");
        text(bytes, user, [1, 0, 0, 0]);
    })
}

fn pairs(dictionary: &StringDictionary<'_>) -> Vec<(String, String)> {
    let text = |text: Result<userdump::read::text::Utf8<'_>, ReadError>| text.expect("it is there").to_string();
    dictionary.iter().map(|entry| (text(entry.key()), text(entry.value()))).collect()
}

fn ids_and_mask_are_those_of_the_file() {
    in_every_form(
        |_| whole(),
        |dump, _| {
            let info: CrashpadInfo<'_> = view(dump);
            let ids = [info.report_id(), info.client_id()].map(|id| id.expect("it is there").to_string());
            assert_eq!(ids, ["01020304-0506-0708-090A-0B0C0D0E0F10", "11121314-1516-1718-191A-1B1C1D1E1F20"]);
            assert_eq!((info.version(), info.address_mask()), (1, Some(0xff00_0000_0000_0001)));
        },
    );
}

fn fields_beyond_the_stream_are_absent() {
    for size in 0..=64 {
        let shape = crate::synth::Shape::usual().data_size(size);
        in_every_form(
            |_| whole().shape(kind::CRASHPAD_INFO, shape.clone()),
            |dump, facts| {
                let offset = facts.stream(kind::CRASHPAD_INFO).expect("it is there").rva.0;
                let info = match dump.stream::<CrashpadInfo<'_>>() {
                    Ok(info) => info.expect("it is there"),
                    Err(error) => {
                        let (what, available) = ("MinidumpCrashpadInfo", size.into());
                        assert_eq!(error, ReadError::Truncated { what, offset, needed: 4, available });
                        assert!(size < 4);
                        return;
                    }
                };
                let there = [info.report_id().is_some(), info.client_id().is_some(), info.address_mask().is_some()];
                assert_eq!(there, [size >= 20, size >= 36, size >= 64]);
                let lens = [
                    info.simple_annotations().expect("it can be read").len(),
                    info.modules().expect("it can be read").len(),
                ];
                assert_eq!(lens, [if size >= 44 { 3 } else { 0 }, if size >= 52 { 2 } else { 0 }]);
            },
        );
    }
}

fn dictionaries_keep_their_order() {
    in_every_form(
        |_| whole(),
        |dump, _| {
            let program = view::<CrashpadInfo<'_>>(dump).simple_annotations().expect("it is there");
            let expected = [("plat", "Lin\u{fc}x"), ("", "a\0b\u{fffd}"), ("plat", "")];
            assert_eq!(pairs(&program), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
            assert_eq!(program.value_of("plat").map(|it| it.to_string()), Some("Lin\u{fc}x".to_owned()));
            assert_eq!((program.value_of("Plat"), program.fault()), (None, None));
            assert_eq!(program.value_of("").map(|it| it.as_bytes()), Some(b"a\0b\xff".as_slice()));
        },
    );
}

fn modules_have_three_kinds_of_annotations() {
    in_every_form(
        |_| whole(),
        |dump, _| {
            let modules = view::<CrashpadInfo<'_>>(dump).modules().expect("they are there");
            let [first, second] = modules.iter().collect::<Vec<_>>().try_into().expect("two modules");
            assert_eq!((first.module_index(), second.module_index()), (3, u32::MAX));
            assert_eq!((first.version(), second.version()), (Ok(1), Ok(2)));
            let list = first.list_annotations().expect("it is there");
            let found: Vec<_> = list.iter().map(|it| it.text().expect("it is there").to_string()).collect();
            assert_eq!(found, ["Lin\u{fc}x", "a\0b\u{fffd}"]);
            let simple = first.simple_annotations().expect("it is there");
            assert_eq!(pairs(&simple), [(String::new(), "Lin\u{fc}x".to_owned())]);
            let objects = first.annotation_objects().expect("they are there");
            let found: Vec<_> = objects.iter().map(|it| (it.annotation_type().0, it.raw().reserved)).collect();
            assert_eq!(found, [(1, 0), (0x802a, 7), (2, 0), (0, 0)]);
            let values: Vec<_> = objects.iter().map(|it| it.value().expect("it is there")).collect();
            assert_eq!(values, ["Lin\u{fc}x".as_bytes(), &[1, 0, 0, 0], &[1, 0, 0, 0], &[]]);
            let kinds: Vec<_> = objects.iter().map(|it| it.text().expect("it is there").is_some()).collect();
            assert_eq!(kinds, [true, false, false, false]);
            assert_eq!(texts(objects.named("plat").map(|it| it.name().expect("it is there"))), ["plat"]);
            assert!(objects.named("none").is_none());
            let empty = [
                second.list_annotations().map(|it| it.len()),
                second.simple_annotations().map(|it| it.len()),
                second.annotation_objects().map(|it| it.len()),
            ];
            assert_eq!(empty, [Ok(0); 3]);
        },
    );
    let types = [0, 1, 2, 0x7fff, 0x8000, 0xffff].map(AnnotationType);
    assert_eq!(types.map(|it| it.is_user_defined()), [false, false, false, false, true, true]);
    assert_eq!([types[0].name(), types[1].name(), types[2].name()], [Some("Invalid"), Some("String"), None]);
}

fn absent_parts_are_empty() {
    let dump = |_| {
        Dump::new().written(kind::CRASHPAD_INFO, |bytes| {
            bytes.u32(1).zeros(60);
        })
    };
    in_every_form(dump, |dump, _| {
        let info: CrashpadInfo<'_> = view(dump);
        let lens = [info.simple_annotations().map(|it| it.len()), info.modules().map(|it| it.len())];
        assert_eq!((lens, info.address_mask()), ([Ok(0); 2], Some(0)));
        assert!(info.report_id().is_some_and(|id| id == userdump::format::Guid::default()));
    });
}

fn lists_are_cut_to_what_their_place_holds() {
    // The count, the stated size, and the real number of entries.
    for (count, size, len) in
        [(2, 20, 2), (3, 20, 2), (u32::MAX, 20, 2), (2, 19, 1), (2, 12, 1), (2, 11, 0), (1, 20, 1)]
    {
        let dump = |_| {
            Dump::new().written(kind::CRASHPAD_INFO, move |bytes| {
                let program = bytes.label();
                bytes.u32(1).zeros(32).u32(size).rva(program).zeros(20).place(program).u32(count).zeros(16);
            })
        };
        in_every_form(dump, |dump, _| {
            let program = view::<CrashpadInfo<'_>>(dump).simple_annotations().expect("its head is there");
            assert_eq!((program.len(), program.declared_len()), (len, count.into()));
            assert_eq!(program.fault().is_some(), u64::from(count) > len);
            assert_eq!(program.iter().count() as u64, len);
        });
    }
    // There is not even room for the count.
    for (size, rva) in [(3, 0), (20, 0xffff_fff0), (u32::MAX, u32::MAX)] {
        let dump = |_| {
            Dump::new().written(kind::CRASHPAD_INFO, move |bytes| {
                bytes.u32(1).zeros(32).u32s(&[size, rva]).zeros(20);
            })
        };
        in_every_form(dump, |dump, _| {
            let error = view::<CrashpadInfo<'_>>(dump).simple_annotations().expect_err("there is no count");
            let expected = format!("MinidumpSimpleStringDictionary at {rva:#x} needs 4 bytes, ");
            assert!(error.to_string().starts_with(&expected), "{error}");
        });
    }
}

fn texts_outside_the_file_are_separate_errors() {
    let dump = |_| {
        Dump::new().written(kind::CRASHPAD_INFO, |bytes| {
            let [program, end, good, long] = std::array::from_fn(|_| bytes.label());
            bytes.u32(1).zeros(32).location(program, end).zeros(20);
            bytes.place(program).u32(2).u32(u32::MAX).rva(good).rva(good).rva(long).place(end);
            text(bytes, good, "good");
            bytes.place(long).u32(u32::MAX).raw("long");
        })
    };
    in_every_form(dump, |dump, _| {
        let program = view::<CrashpadInfo<'_>>(dump).simple_annotations().expect("it is there");
        let [first, second] = program.iter().collect::<Vec<_>>().try_into().expect("two entries");
        assert!(first.key().is_err_and(|error| error.is_truncated()) && first.value().is_ok_and(|it| it == "good"));
        let error = second.value().expect_err("it is too long");
        let what = "MinidumpUTF8String";
        let offset = u64::from(second.raw().value) + 4;
        assert_eq!(error, ReadError::Truncated { what, offset, needed: u32::MAX.into(), available: 4 });
        assert_eq!((program.value_of("good"), program.value_of("x")), (None, None));
    });
}

fn annotations_of_a_module_may_be_shorter() {
    let bytes = Dump::new()
        .written(kind::CRASHPAD_INFO, |bytes| {
            let [modules, end, info, list, list_end, one] = std::array::from_fn(|_| bytes.label());
            bytes.u32(1).zeros(40).location(modules, end).zeros(12).place(modules).u32(5);
            // Room for the version and one list, for the version, for nothing; beyond the end; and at the end.
            for size in [12, 4, 0] {
                bytes.u32s(&[size, size]).rva(info);
            }
            bytes.u32s(&[0, 28, u32::MAX, 1, 28]).rva(one).place(end);
            bytes.place(info).u32(1).location(list, list_end).filler(16);
            bytes.place(list).u32(1).rva(one).place(list_end);
            bytes.place(one).u32(0);
        })
        .build();
    let modules = view::<CrashpadInfo<'_>>(&open(&bytes)).modules().expect("they are there");
    let found: Vec<_> = modules
        .iter()
        .map(|it| (it.version().ok(), it.list_annotations().map(|it| it.len()).ok(), it.simple_annotations().is_ok()))
        .collect();
    let expected = [
        (Some(1), Some(1), true),
        (Some(1), Some(0), true),
        (Some(0), Some(0), true),
        (None, None, false),
        (Some(0), None, false),
    ];
    assert_eq!(found, expected);
}
