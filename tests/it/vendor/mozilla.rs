//! Mozilla's streams for macOS.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::read::mozilla::{MozMacBootArgs, MozMacCrashInfo};

use super::{kind, view};
use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        records_have_the_fields_of_their_version,
        texts_end_at_a_nul_or_with_the_record,
        later_versions_have_more_fields_in_front_of_the_texts,
        texts_that_would_begin_within_the_fields_are_an_error,
        records_are_twenty_at_most,
        a_record_outside_the_file_is_a_separate_error,
        boot_arguments_are_in_either_place,
        boot_arguments_may_be_absent,
    ]
}

/// A dump with one record that has this number of words before its strings.
fn record(version: u64, words: u64, start: u32, texts: &'static str) -> Dump {
    Dump::new().written(kind::MOZ_MAC_CRASH_INFO, move |bytes| {
        let [begin, end] = [bytes.label(), bytes.label()];
        bytes.u32s(&[kind::MOZ_MAC_CRASH_INFO, 1, start]).location(begin, end).zeros(19 * 8);
        bytes.place(begin).u64s(&[kind::MOZ_MAC_CRASH_INFO.into(), version]);
        (2..words).for_each(|word| {
            bytes.u64(0x1_0000_0000 + word);
        });
        bytes.raw(texts).place(end);
    })
}

fn records_have_the_fields_of_their_version() {
    let texts = "/usr/lib/a\0first\0sign\0back\0second\0";
    let word = |word: u64| Some(0x1_0000_0000 + word);
    for (version, words, fields) in [
        (1, 2, [None, None, None]),
        (3, 2, [None, None, None]),
        (4, 4, [word(2), word(3), None]),
        (5, 5, [word(2), word(3), word(4)]),
        (6, 5, [word(2), word(3), word(4)]),
    ] {
        in_every_form(
            |_| record(version, words, 8 * words as u32, texts),
            |dump, _| {
                let info: MozMacCrashInfo<'_> = view(dump);
                assert_eq!((info.declared_len(), u64::from(info.record_start_size())), (1, 8 * words));
                let [record] = info.records().collect::<Vec<_>>().try_into().expect("one record");
                let record = record.expect("it can be read");
                assert_eq!((record.version(), record.as_bytes().len()), (version, 8 * words as usize + texts.len()));
                assert_eq!([record.thread(), record.dialog_mode(), record.abort_cause()], fields);
                let found = [
                    record.module_path(),
                    record.message(),
                    record.signature_string(),
                    record.backtrace(),
                    record.message2(),
                ];
                let expected: &[&str] =
                    if version < 4 { &[] } else { &["/usr/lib/a", "first", "sign", "back", "second"] };
                assert_eq!(super::texts(found.into_iter().flatten()), expected);
                assert_eq!(record.texts().count(), expected.len());
            },
        );
    }
}

fn texts_end_at_a_nul_or_with_the_record() {
    let cases: [(&'static str, &[&str]); 5] = [
        ("", &[]),
        ("\0", &[""]),
        ("path", &["path"]),
        ("\0\0sign\0", &["", "", "sign"]),
        ("a\0b\0c\0d\0e\0f\0", &["a", "b", "c", "d", "e", "f"]),
    ];
    for (texts, expected) in cases {
        in_every_form(
            |_| record(5, 5, 40, texts),
            |dump, _| {
                let info: MozMacCrashInfo<'_> = view(dump);
                let record = info.records().next().expect("there is one").expect("it can be read");
                assert_eq!(super::texts(record.texts()), expected);
                assert_eq!(super::texts(record.message2()), expected.get(4..5).unwrap_or_default());
            },
        );
    }
}

fn later_versions_have_more_fields_in_front_of_the_texts() {
    for (start, path) in [(56, Some("path")), (60, None), (57, Some("ath")), (61, None), (u32::MAX, None)] {
        in_every_form(
            |_| record(9, 7, start, "path"),
            |dump, _| {
                let info: MozMacCrashInfo<'_> = view(dump);
                let record = info.records().next().expect("there is one").expect("it can be read");
                assert_eq!(record.module_path().map(|it| it.to_string()).as_deref(), path);
                assert_eq!(record.abort_cause(), Some(0x1_0000_0004));
            },
        );
    }
}

fn texts_that_would_begin_within_the_fields_are_an_error() {
    for (version, words, start, needed) in [(4, 4, 31, 32), (5, 5, 39, 40), (5, 5, 0, 40), (7, 6, 39, 40)] {
        in_every_form(
            |_| record(version, words, start, "path\0"),
            |dump, _| {
                let info: MozMacCrashInfo<'_> = view(dump);
                let error = info.records().next().expect("there is one").expect_err("it is invalid");
                let ReadError::Size { field: "record_start_size", found, needed: least, .. } = error else {
                    panic!("{error}");
                };
                assert_eq!((found, least), (start.into(), needed));
            },
        );
    }
}

fn records_are_twenty_at_most() {
    for (count, size, expected) in
        [(20, 172, 20), (21, 180, 20), (u32::MAX, 172, 20), (20, 171, 19), (3, 12, 0), (2, 20, 1)]
    {
        let dump = |_| {
            Dump::new().written(kind::MOZ_MAC_CRASH_INFO, move |bytes| {
                let start = bytes.len() as usize;
                bytes.u32s(&[kind::MOZ_MAC_CRASH_INFO, count, 16]).resize(start + size);
            })
        };
        in_every_form(dump, |dump, _| {
            assert_eq!(view::<MozMacCrashInfo<'_>>(dump).records().count(), expected);
        });
    }
}

fn a_record_outside_the_file_is_a_separate_error() {
    let dump = |_| {
        Dump::new().written(kind::MOZ_MAC_CRASH_INFO, |bytes| {
            let [begin, end] = [bytes.label(), bytes.label()];
            bytes.u32s(&[kind::MOZ_MAC_CRASH_INFO, 4, 16]);
            bytes.u32s(&[8, u32::MAX, u32::MAX, 32, 15, 32]).location(begin, end).zeros(16 * 8);
            bytes.place(begin).u64s(&[1, 1]).place(end);
        })
    };
    in_every_form(dump, |dump, _| {
        let found: Vec<_> = view::<MozMacCrashInfo<'_>>(dump).records().map(|it| it.map(|it| it.version())).collect();
        assert!(found[..3].iter().all(|it| it.is_err_and(|error| error.is_truncated())), "{found:?}");
        assert_eq!(found[3..], [Ok(1)]);
    });
}

fn boot_arguments_are_in_either_place() {
    for aligned in [false, true] {
        let dump = |_| {
            let size = if aligned { 16 } else { 12 };
            let shape = crate::synth::Shape::usual().data_size(size);
            let dump = Dump::new().written(kind::MOZ_MAC_BOOT_ARGS, move |bytes| {
                let text = bytes.label();
                bytes.u32(kind::MOZ_MAC_BOOT_ARGS);
                if aligned {
                    bytes.filler(4);
                }
                bytes.rva64(text).place(text).string("keepsyms=1 -v");
            });
            dump.shape(kind::MOZ_MAC_BOOT_ARGS, shape)
        };
        in_every_form(dump, |dump, facts| {
            let arguments: MozMacBootArgs<'_> = view(dump);
            let stream = facts.stream(kind::MOZ_MAC_BOOT_ARGS).expect("it is there");
            assert_eq!(arguments.rva(), stream.rva.0 + u64::from(stream.size));
            assert!(arguments.text().is_ok_and(|text| text.is_some_and(|text| text == "keepsyms=1 -v")));
        });
    }
}

fn boot_arguments_may_be_absent() {
    for (rva, expected) in [(0, Some(None)), (0x1_0000_0000, None), (u64::MAX, None)] {
        let dump = |_| {
            Dump::new().written(kind::MOZ_MAC_BOOT_ARGS, move |bytes| {
                bytes.u32(kind::MOZ_MAC_BOOT_ARGS).u64(rva);
            })
        };
        in_every_form(dump, |dump, _| {
            let arguments: MozMacBootArgs<'_> = view(dump);
            assert_eq!((arguments.rva(), arguments.text().ok()), (rva, expected));
        });
    }
    let short = |_| Dump::new().raw(kind::MOZ_MAC_BOOT_ARGS, [0; 11]);
    in_every_form(short, |dump, _| {
        let error = dump.stream::<MozMacBootArgs<'_>>().expect_err("it is too short");
        assert!(error.to_string().starts_with("MINIDUMP_MAC_BOOTARGS at "), "{error}");
    });
}
