//! Modules: fields, names, versions, addresses, and the debug records that identify their symbols.

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::read::module::{CodeView, DebugMiscName, HostModuleList, UnloadedModuleList};
use userdump::read::{Module, ModuleList};
use userdump::{Minidump, ReadError};

use crate::support::everything::{build_id, pdb20, pdb70};
use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{self, Dump, Part, SystemInfo, Text, UnloadedModule, rsds};

pub fn trials() -> Vec<Trial> {
    trials![
        a_module_has_the_fields_of_the_file,
        a_version_counts_if_its_signature_does,
        pdb70_has_guid_age_and_path,
        pdb20_has_time_stamp_age_and_path,
        an_elf_build_id_is_what_follows_the_signature,
        letters_are_letters_in_either_byte_order,
        paths_end_at_the_first_nul_or_with_the_record,
        other_records_are_returned_completely,
        records_too_short_for_their_signature_are_returned_completely,
        a_record_outside_the_file_leaves_the_module,
        no_record_is_none,
        the_debug_record_is_returned_as_bytes,
        the_debug_record_names_a_file,
        a_debug_record_without_a_location_is_absent,
        a_module_with_a_broken_name_stays,
        modules_contain_their_addresses,
        high_addresses_of_narrow_targets_are_found_in_either_form,
        the_first_of_overlapping_modules_is_found,
        equal_modules_are_both_kept,
        host_modules_have_the_same_form,
        unloaded_modules_have_the_fields_of_the_file,
    ]
}

fn a_module_has_the_fields_of_the_file() {
    let module = synth::Module {
        checksum: 3,
        timestamp: 4,
        version: std::array::from_fn(|word| 0x100 + word as u32),
        reserved: [352, 6],
        ..synth::Module::new(0x7ff8_1234_0000, 0x21_f000, "C:\\Windows\\System32\\ntdll.dll")
    };
    in_every_form(
        |_| Dump::new().module(synth::Module::default()).module(module.clone()),
        |dump, _| {
            let module = modules(dump).get(1).expect("it is present");
            assert_eq!((module.base(), module.size()), (0x7ff8_1234_0000, 0x21_f000));
            let raw = module.raw();
            assert_eq!((raw.check_sum, raw.time_date_stamp, raw.reserved0, raw.reserved1), (3, 4, 352, 6));
            assert_eq!((raw.version_info.signature, raw.version_info.file_date_ls), (0x100, 0x10c));
            assert_eq!(module.name().map(|name| name.to_string()), Ok("C:\\Windows\\System32\\ntdll.dll".to_owned()));
        },
    );
}

fn a_version_counts_if_its_signature_does() {
    let with = |signature| {
        let mut version = [0; 13];
        version[..4].copy_from_slice(&[signature, 0x1_0000, 0x000a_0000, 0x4a61_0003]);
        synth::Module { version, ..synth::Module::new(1, 2, "a") }
    };
    in_every_form(
        |_| Dump::new().module(with(0xfeef_04bd)).module(with(0)).module(with(0xbd04_effe)),
        |dump, _| {
            let versions = modules(dump)
                .iter()
                .map(|module| module.version().map(|version| (version.file_version_ms, version.file_version_ls)));
            assert_eq!(versions.collect::<Vec<_>>(), [Some((0x000a_0000, 0x4a61_0003)), None, None]);
        },
    );
}

fn pdb70_has_guid_age_and_path() {
    code_view(pdb70, |found| match found {
        CodeView::Pdb70 { header, path } => {
            assert_eq!(header.signature.to_string(), "01020304-0506-0708-090A-0B0C0D0E0F10");
            assert_eq!((header.age, path), (3, b"app.pdb".as_slice()));
        }
        other => panic!("{other:?}"),
    });
    // The GUID's first two fields depend on byte order; its last eight bytes do not.
    let bytes = Dump::new().module(synth::Module::new(1, 2, "a").code_view(rsds([0x11; 16], 7, "b.pdb"))).build();
    match modules(&open(&bytes)).get(0).map(|module| module.code_view()) {
        Some(Ok(Some(CodeView::Pdb70 { header, path }))) => {
            assert_eq!(header.signature.to_string(), "11111111-1111-1111-1111-111111111111");
            assert_eq!((header.age, path), (7, b"b.pdb".as_slice()));
        }
        other => panic!("{other:?}"),
    }
}

fn pdb20_has_time_stamp_age_and_path() {
    code_view(pdb20, |found| match found {
        CodeView::Pdb20 { header, path } => {
            assert_eq!((header.cv_offset, header.signature, header.age), (0, 0x3b00_0001, 2));
            assert_eq!(path, b"high.pdb");
        }
        other => panic!("{other:?}"),
    });
}

fn an_elf_build_id_is_what_follows_the_signature() {
    let id: Vec<u8> = (1..=20).collect();
    code_view(build_id, |found| assert_eq!(found, CodeView::ElfBuildId(&id)));
    for size in [0, 1, 16] {
        let record = move |form: Form| {
            form.record(|bytes| {
                bytes.u32(0x4270_454c).zeros(size);
            })
        };
        code_view(record, |found| assert_eq!(found, CodeView::ElfBuildId(&[0; 16][..size])));
    }
    // As stored in a little-endian file.
    let bytes = Dump::new().module(synth::Module::new(1, 2, "a").code_view(b"LEpB\x01\x02")).build();
    let found = modules(&open(&bytes)).get(0).expect("it is present").code_view();
    assert_eq!(found, Ok(Some(CodeView::ElfBuildId(&[1, 2]))));
}

fn letters_are_letters_in_either_byte_order() {
    let letters = |form: Form, letters: &str, rest: &[u32], name: &str| {
        form.record(|bytes| {
            bytes.raw(letters).u32s(rest).raw(name);
        })
    };
    in_every_form(
        |form| {
            Dump::new()
                .module(synth::Module::default().code_view(letters(form, "RSDS", &[1, 2, 3, 4, 5], "a\0")))
                .module(synth::Module::default().code_view(letters(form, "NB10", &[6, 7, 8], "b\0")))
                .module(synth::Module::default().code_view(letters(form, "LEpB", &[], "id")))
        },
        |dump, _| {
            let views = [0, 1, 2].map(|index| modules(dump).get(index).expect("it is present").code_view());
            let [Ok(Some(first)), Ok(Some(second)), Ok(Some(third))] = views else {
                panic!("the views are present: {views:?}");
            };
            assert!(
                matches!(first, CodeView::Pdb70 { header, path: b"a" } if header.signature.data1 == 1 && header.age == 5)
            );
            assert!(
                matches!(second, CodeView::Pdb20 { header, path: b"b" } if (header.signature, header.age) == (7, 8))
            );
            assert_eq!(third, CodeView::ElfBuildId(b"id"));
        },
    );
}

fn paths_end_at_the_first_nul_or_with_the_record() {
    for (tail, expected) in [("a.pdb", "a.pdb"), ("", ""), ("\0", ""), ("a\0b\0", "a"), ("é.pdb\0\0\0", "é.pdb")] {
        let head70 = |form: Form| {
            form.record(|bytes| {
                bytes.u32(0x5344_5352).zeros(20).raw(tail);
            })
        };
        code_view(head70, |found| match found {
            CodeView::Pdb70 { path, .. } => assert_eq!(path, expected.as_bytes()),
            other => panic!("{other:?}"),
        });
        let head20 = |form: Form| {
            form.record(|bytes| {
                bytes.u32(0x3031_424e).zeros(12).raw(tail);
            })
        };
        code_view(head20, |found| match found {
            CodeView::Pdb20 { path, .. } => assert_eq!(path, expected.as_bytes()),
            other => panic!("{other:?}"),
        });
    }
}

fn other_records_are_returned_completely() {
    // NB09 and NB11 hold the symbols themselves.
    for record in [b"NB09symbols".as_slice(), b"NB11symbols", b"\0\0\0\0\0", b"anything", b"x", b"rsds...."] {
        code_view(|_| record.to_vec(), |found| assert_eq!(found, CodeView::Unknown(record)));
    }
}

fn records_too_short_for_their_signature_are_returned_completely() {
    for (record, least) in [(pdb70 as fn(Form) -> Vec<u8>, 24), (pdb20, 16), (build_id, 4)] {
        for size in 1..least {
            let cut = |form: Form| record(form)[..size].to_vec();
            for form in Form::ALL {
                let bytes = form.build(Dump::new().module(synth::Module::new(1, 2, "a").code_view(cut(form))));
                let found = modules(&open(&bytes)).get(0).expect("it is present").code_view();
                assert_eq!(found, Ok(Some(CodeView::Unknown(&cut(form)))));
            }
        }
        code_view(|form| record(form)[..least].to_vec(), |found| assert!(!matches!(found, CodeView::Unknown(_))));
    }
}

fn a_record_outside_the_file_leaves_the_module() {
    let with = |part: Part| synth::Module { misc: part.clone(), ..synth::Module::new(1, 2, "a").code_view(part) };
    for (size, rva, available) in [(24, 0x10_0000, 0), (1, u32::MAX, 0), (u32::MAX, 33, 0)] {
        let dump = || Dump::new().module(with(Part::At(size, rva))).module(synth::Module::new(5, 6, "b"));
        in_every_form(
            |_| dump(),
            |dump, _| {
                let file = dump.file_size();
                let available = if rva == 33 { file - 33 } else { available };
                let missing = |what| ReadError::Truncated { what, offset: rva.into(), needed: size.into(), available };
                let [first, second] = [0, 1].map(|index| modules(dump).get(index).expect("it is present"));
                assert_eq!(first.code_view(), Err(missing("CodeView record")));
                assert_eq!(first.misc_record(), Err(missing("IMAGE_DEBUG_MISC")));
                assert_eq!((first.base(), first.name().map(|name| name.to_string())), (1, Ok("a".to_owned())));
                assert_eq!((second.base(), second.code_view()), (5, Ok(None)));
            },
        );
    }
}

fn no_record_is_none() {
    // An RVA without a size refers to nothing, wherever it points; the same goes for a size at RVA 0, where the header
    // is.
    for part in [Part::None, Part::At(0, 33), Part::At(0, u32::MAX), Part::At(32, 0), Part::At(u32::MAX, 0)] {
        let module = synth::Module { misc: part.clone(), ..synth::Module::new(1, 2, "a").code_view(part) };
        in_every_form(
            |_| Dump::new().module(module.clone()),
            |dump, _| {
                let module = modules(dump).get(0).expect("it is present");
                assert_eq!((module.code_view(), module.misc_record()), (Ok(None), Ok([].as_slice())));
            },
        );
    }
}

fn the_debug_record_is_returned_as_bytes() {
    let module = || synth::Module { misc: b"\x01\0\0\0misc".into(), ..synth::Module::new(1, 2, "a") };
    in_every_form(
        |_| Dump::new().module(module()),
        |dump, _| {
            let record = modules(dump).get(0).expect("it is present").misc_record();
            assert_eq!(record, Ok(b"\x01\0\0\0misc".as_slice()));
        },
    );
}

fn the_debug_record_names_a_file() {
    /// The length in the record, whether it is UTF-16, what follows its 12-byte header, and the name.
    type Case = (u32, u8, &'static str, &'static str);
    let cases: [Case; 6] = [
        (18, 0, "a.dbg\0", "a.dbg"),
        (17, 0, "a.dbg", "a.dbg"),
        (18, 1, "\u{e9}.dbg", "\u{e9}.d"),
        (14, 0, "a.dbg", "a."),
        // Impossible lengths.
        (900, 0, "a.dbg", "a.dbg"),
        (3, 0, "a.dbg", "a.dbg"),
    ];
    for (length, unicode, text, expected) in cases {
        let module = |form: Form| {
            let record = form.record(|bytes| {
                bytes.u32s(&[1, length]).raw([unicode, 9, 9, 9]);
                match unicode {
                    0 => bytes.raw(text),
                    _ => bytes.utf16(text),
                };
            });
            synth::Module { misc: record.into(), ..Default::default() }
        };
        in_every_form(
            |form| Dump::new().module(module(form)),
            |dump, _| {
                let module = modules(dump).get(0).expect("it is present");
                let record = module.debug_misc().expect("it is valid").expect("it is present");
                assert_eq!((record.raw().data_type, record.raw().length), (1, length));
                let name = match record.name() {
                    DebugMiscName::Ansi(name) => String::from_utf8(name.to_vec()).expect("it is ASCII"),
                    DebugMiscName::Wide(name) => name.to_string(),
                };
                assert_eq!(name, expected);
                assert_eq!(matches!(record.name(), DebugMiscName::Wide(_)), unicode != 0);
            },
        );
    }
}

fn a_debug_record_without_a_location_is_absent() {
    for misc in [Part::None, Part::At(9120, 0), Part::At(0, 32)] {
        in_every_form(
            |_| Dump::new().module(synth::Module { misc: misc.clone(), ..Default::default() }),
            |dump, _| assert_eq!(modules(dump).get(0).expect("it is present").debug_misc(), Ok(None)),
        );
    }
    in_every_form(
        |_| Dump::new().module(synth::Module { misc: [1; 11].into(), ..Default::default() }),
        |dump, _| {
            let record = modules(dump).get(0).expect("it is present").debug_misc();
            assert!(record.is_err_and(|error| error.is_truncated()));
        },
    );
}

fn a_module_with_a_broken_name_stays() {
    let broken = || synth::Module { name: Text::At(0x7fff_ffff), ..synth::Module::new(1, 2, "") };
    in_every_form(
        |_| Dump::new().module(broken().code_view(b"any")).module(synth::Module::new(5, 6, "b")),
        |dump, _| {
            let missing =
                ReadError::Truncated { what: "MINIDUMP_STRING", offset: 0x7fff_ffff, needed: 4, available: 0 };
            let names = modules(dump).iter().map(|module| module.name().map(|name| name.to_string()));
            assert_eq!(names.collect::<Vec<_>>(), [Err(missing), Ok("b".to_owned())]);
            let first = modules(dump).get(0).expect("it is present");
            assert_eq!((first.base(), first.code_view()), (1, Ok(Some(CodeView::Unknown(b"any")))));
        },
    );
}

fn modules_contain_their_addresses() {
    let dump = || {
        let dump = Dump::new().system_info(SystemInfo::default()).module(synth::Module::new(0x1000, 0x10, "a"));
        dump.module(synth::Module::new(0x2000, 0, "empty")).module(synth::Module::new(u64::MAX - 3, 0x10, "end"))
    };
    in_every_form(
        |_| dump(),
        |dump, _| {
            let none = [0, 0xfff, 0x1010, 0x2000, 0x1_0000_1000, 0xffff_ffff_0000_1000, u64::MAX - 4];
            found(dump, &none, None);
            found(dump, &[0x1000, 0x1001, 0x100f], Some("a"));
            // The module would extend past the last address, but it does not wrap around to the first.
            found(dump, &[u64::MAX - 3, u64::MAX], Some("end"));
            found(dump, &[1], None);
        },
    );
}

fn high_addresses_of_narrow_targets_are_found_in_either_form() {
    const HIGH: u64 = 0xffff_ffff_0000_0000;
    let dump = || {
        let dump = Dump::new().system_info(SystemInfo { architecture: 0, ..SystemInfo::default() });
        let dump = dump.module(synth::Module::new(HIGH | 0xa500_0000, 0x1000, "signed"));
        dump.module(synth::Module::new(0x9000_0000, 0x1000, "zero")).module(synth::Module::new(0x1000, 0x10, "low"))
    };
    in_every_form(
        |_| dump(),
        |dump, _| {
            for upper in [0, HIGH, 0x1_0000_0000] {
                found(dump, &[upper | 0xa500_0000], Some("signed"));
                found(dump, &[upper | 0xa500_0fff], Some("signed"));
                found(dump, &[upper | 0xa500_1000], None);
                found(dump, &[upper | 0x9000_0800], Some("zero"));
                found(dump, &[upper | 0x1008], Some("low"));
                found(dump, &[upper | 0x8fff_ffff], None);
            }
            // The view returns the values of the file.
            let bases: Vec<u64> = modules(dump).iter().map(|module| module.base()).collect();
            assert_eq!(bases, [0xffff_ffff_a500_0000, 0x9000_0000, 0x1000]);
        },
    );
}

fn the_first_of_overlapping_modules_is_found() {
    let dump = || {
        let dump = Dump::new().module(synth::Module::new(0x2000, 0x1000, "later"));
        dump.module(synth::Module::new(0x1000, 0x1800, "earlier"))
    };
    in_every_form(
        |_| dump(),
        |dump, _| {
            found(dump, &[0x2000, 0x27ff, 0x2fff], Some("later"));
            found(dump, &[0x1000, 0x1fff], Some("earlier"));
        },
    );
}

fn equal_modules_are_both_kept() {
    let module = || synth::Module::new(0x1000, 0x1000, "a");
    in_every_form(
        |_| Dump::new().module(module()).module(module()),
        |dump, _| {
            let bases: Vec<u64> = modules(dump).iter().map(|module| module.base()).collect();
            assert_eq!(bases, [0x1000, 0x1000]);
        },
    );
}

fn host_modules_have_the_same_form() {
    let dump = |padding| {
        Dump::new().module(synth::Module::new(1, 2, "a")).written(0xfff0, move |bytes| {
            bytes.u32(2).filler(padding);
            for base in [0x7f00_0000_0000, 0x7f00_1000_0000] {
                bytes.u64(base).u32(0x3000).zeros(96);
            }
        })
    };
    for padding in [0, 4] {
        in_every_form(
            |_| dump(padding),
            |dump, _| {
                let host = dump.stream::<HostModuleList<'_>>().expect("it is valid").expect("it is present");
                let found: Vec<_> = host.modules().iter().map(|module| (module.base(), module.size())).collect();
                assert_eq!(found, [(0x7f00_0000_0000, 0x3000), (0x7f00_1000_0000, 0x3000)]);
                assert_eq!(modules(dump).len(), 1);
                assert_eq!(dump.raw_stream(StreamType(0xfff0)).map(|stream| stream.index()), Some(1));
            },
        );
    }
}

fn unloaded_modules_have_the_fields_of_the_file() {
    let dump = || {
        let module = UnloadedModule { checksum: 3, timestamp: 4, ..UnloadedModule::new(0x5_0000_0001, 2, "gone.dll") };
        let nameless = UnloadedModule { name: Text::At(u32::MAX.into()), ..UnloadedModule::new(6, 7, "") };
        Dump::new().unloaded_module(module).unloaded_module(nameless)
    };
    in_every_form(
        |_| dump(),
        |dump, _| {
            let list = dump.stream::<UnloadedModuleList<'_>>().expect("it is valid").expect("it is present");
            let [first, second] = [0, 1].map(|index| list.get(index).expect("it is present"));
            let raw = first.raw();
            let fields = (raw.base_of_image, raw.size_of_image, raw.check_sum, raw.time_date_stamp);
            assert_eq!(fields, (0x5_0000_0001, 2, 3, 4));
            assert_eq!(first.name().map(|name| name.to_string()), Ok("gone.dll".to_owned()));
            assert_eq!(second.raw().base_of_image, 6);
            assert!(second.name().is_err_and(|error| error.is_truncated()));
        },
    );
}

fn modules<'a>(dump: &Minidump<'a>) -> ModuleList<'a> {
    dump.stream().expect("it is valid").expect("it is present")
}

/// Calls `look` for a CodeView record in every form of a dump.
fn code_view(record: impl Fn(Form) -> Vec<u8>, look: impl Fn(CodeView<'_>)) {
    let dump = |form| Dump::new().module(synth::Module::new(1, 2, "a").code_view(record(form)));
    in_every_form(dump, |dump, _| {
        let module: Module<'_> = modules(dump).get(0).expect("it is present");
        look(module.code_view().expect("it is in the file").expect("it is present"));
    });
}

/// Checks which module contains each of these addresses.
fn found(dump: &Minidump<'_>, addresses: &[u64], name: Option<&str>) {
    for &address in addresses {
        let module = modules(dump).at_address(address);
        let actual = module.and_then(|module| module.name().ok()).map(|name| name.to_string());
        assert_eq!(actual.as_deref(), name, "{address:#x}");
        assert!(module.is_none_or(|module| module.contains(address)));
    }
}
