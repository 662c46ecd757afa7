//! Breakpad's IDs and assertions, and the undocumented streams.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::format::StreamType;
use userdump::format::breakpad::{AssertionType, BreakpadInfoFlags};
use userdump::read::Stream;
use userdump::read::breakpad::{AssertionInfo, BreakpadInfo};
use userdump::read::undocumented::{IptTrace, JavaScriptData};

use super::{kind, view};
use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Bytes, Dump};

pub fn trials() -> Vec<Trial> {
    trials![
        flags_tell_which_ids_count,
        texts_of_an_assertion_end_at_their_nul,
        a_text_that_fills_its_field_has_no_nul,
        types_of_assertions_have_names,
        streams_that_are_too_short_are_errors,
        opaque_streams_are_their_bytes,
    ]
}

fn flags_tell_which_ids_count() {
    let cases = [
        (0, None, None),
        (1, Some(0x1122_3344), None),
        (2, None, Some(0x5566_7788)),
        (3, Some(0x1122_3344), Some(0x5566_7788)),
        (0xffff_fff8, None, None),
    ];
    for (validity, dumper, requester) in cases {
        let dump = |_| {
            Dump::new().written(kind::BREAKPAD_INFO, move |bytes| {
                bytes.u32s(&[validity, 0x1122_3344, 0x5566_7788]);
            })
        };
        in_every_form(dump, |dump, _| {
            let info: BreakpadInfo = view(dump);
            assert_eq!((info.dump_thread_id(), info.requesting_thread_id()), (dumper, requester));
            assert_eq!(info.validity(), BreakpadInfoFlags::from_bits_retain(validity));
            assert_eq!((info.raw().dump_thread_id, info.raw().requesting_thread_id), (0x1122_3344, 0x5566_7788));
        });
    }
}

/// A field of 128 code units: text, a NUL, and `0xfefe` as the debug heap of Windows leaves it.
fn field(bytes: &mut Bytes, text: &str) {
    let used = text.encode_utf16().count() + 1;
    bytes.utf16(text).u16(0);
    (used..128).for_each(|_| {
        bytes.u16(0xfefe);
    });
}

fn assertion(kind_of_assertion: u32) -> Dump {
    Dump::new().written(kind::ASSERTION_INFO, move |bytes| {
        field(bytes, "format != nullptr");
        field(bytes, "");
        field(bytes, "c:\\src\\\u{e4}.cpp");
        bytes.u32(0x0102_0304).u32(kind_of_assertion);
    })
}

fn texts_of_an_assertion_end_at_their_nul() {
    in_every_form(
        |_| assertion(1),
        |dump, _| {
            let info: AssertionInfo<'_> = view(dump);
            assert_eq!(info.expression(), "format != nullptr");
            assert_eq!(info.expression().as_bytes().len(), 34);
            assert!(info.function().is_empty());
            assert_eq!(info.file(), "c:\\src\\\u{e4}.cpp");
            assert_eq!((info.line(), info.assertion_type()), (0x0102_0304, AssertionType::INVALID_PARAMETER));
            let raw = info.raw();
            assert_eq!((raw.expression[0], raw.expression[17], raw.expression[18]), (u16::from(b'f'), 0, 0xfefe));
            assert_eq!((raw.function[0], raw.file[127], raw.line), (0, 0xfefe, 0x0102_0304));
        },
    );
}

fn a_text_that_fills_its_field_has_no_nul() {
    let dump = |_| {
        Dump::new().written(kind::ASSERTION_INFO, |bytes| {
            bytes.utf16(&"e".repeat(128)).utf16(&"f".repeat(128)).utf16(&"g".repeat(128)).u32s(&[7, 2]);
            // Later versions may append more fields.
            bytes.filler(20);
        })
    };
    in_every_form(dump, |dump, _| {
        let info: AssertionInfo<'_> = view(dump);
        let texts = [info.expression(), info.function(), info.file()];
        assert_eq!(texts.map(|text| text.to_string_lossy()), ["e", "f", "g"].map(|text| text.repeat(128)));
        assert_eq!((info.line(), info.assertion_type()), (7, AssertionType::PURE_VIRTUAL_CALL));
    });
}

fn types_of_assertions_have_names() {
    for (number, name) in [(0, Some("Unknown")), (1, Some("InvalidParameter")), (2, Some("PureVirtualCall")), (3, None)]
    {
        let bytes = Form::USUAL.build(assertion(number));
        let found = view::<AssertionInfo<'_>>(&open(&bytes)).assertion_type();
        assert_eq!((found.0, found.name()), (number, name));
    }
}

fn streams_that_are_too_short_are_errors() {
    for (kind, what, needed) in
        [(kind::BREAKPAD_INFO, "MDRawBreakpadInfo", 12), (kind::ASSERTION_INFO, "MDRawAssertionInfo", 776)]
    {
        for size in [0, 1, needed - 1] {
            let dump = |_| Dump::new().raw(kind, vec![1; size as usize]);
            in_every_form(dump, |dump, facts| {
                let offset = facts.stream(kind).expect("it is there").rva.0;
                let (_, decoded) = dump.streams().next().expect("there is one");
                assert_eq!(decoded.err(), Some(ReadError::Truncated { what, offset, needed, available: size }));
            });
        }
    }
}

fn opaque_streams_are_their_bytes() {
    let dump = |_| Dump::new().raw(kind::JAVA_SCRIPT_DATA, "script").raw(kind::IPT_TRACE, [0, 1, 2]);
    in_every_form(dump, |dump, _| {
        assert_eq!(view::<JavaScriptData<'_>>(dump).as_bytes(), b"script");
        assert_eq!(view::<IptTrace<'_>>(dump).as_bytes(), [0, 1, 2]);
        let variants = dump.streams().map(|(_, decoded)| decoded.expect("it can be viewed"));
        let found: Vec<_> = variants.map(|it| matches!(it, Stream::JavaScriptData(_) | Stream::IptTrace(_))).collect();
        assert_eq!(found, [true, true]);
    });
    assert!(Stream::TYPED.contains(&StreamType::IPT_TRACE));
}
