//! Values in memory: integers, pointers and text, within one range and across several.

use std::borrow::Cow;

use libtest_mimic::Trial;

use crate::support::forms::{Form, open};
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        integers_of_every_width_are_read_across_ranges,
        integers_with_a_missing_byte_are_absent,
        text_ends_with_a_nul,
        text_within_a_range_is_borrowed,
        text_without_an_end_is_absent,
        wide_text_has_the_byte_order_of_the_file,
        wide_text_may_begin_at_an_odd_address_and_cross_ranges,
        wide_text_without_an_end_is_absent,
        wide_text_of_a_known_size_is_borrowed,
    ]
}

fn with_memory(form: Form, ranges: &[(u64, &[u8])]) -> Vec<u8> {
    form.build(ranges.iter().fold(Dump::new(), |dump, (address, bytes)| dump.memory(*address, bytes)))
}

fn integers_of_every_width_are_read_across_ranges() {
    for form in Form::ALL {
        let bytes = with_memory(form, &[(0x1000, &[1, 2, 3]), (0x1003, &[4, 5, 6, 7, 8])]);
        let memory = open(&bytes).memory();
        let order = |little, big| Some(if form.big_endian { big } else { little });
        assert_eq!(memory.read_u8(0x1007), Some(8));
        assert_eq!(memory.read_u16(0x1002).map(u64::from), order(0x0403, 0x0304));
        assert_eq!(memory.read_u32(0x1001).map(u64::from), order(0x0504_0302, 0x0203_0405));
        assert_eq!(memory.read_u64(0x1000), order(0x0807_0605_0403_0201, 0x0102_0304_0506_0708));
    }
}

fn integers_with_a_missing_byte_are_absent() {
    let bytes = with_memory(Form::ALL[0], &[(0x1000, &[1; 8]), (0x1009, &[1; 8])]);
    let memory = open(&bytes).memory();
    assert_eq!(memory.read_u8(0x1008), None);
    assert_eq!(memory.read_u16(0x1007), None);
    assert_eq!(memory.read_u32(0x1005), None);
    assert_eq!(memory.read_u64(0x1001), None);
    assert_eq!(memory.read_u64(0xfff), None);
}

fn text_ends_with_a_nul() {
    let bytes =
        with_memory(Form::ALL[0], &[(0x1000, b"one\0two"), (0x1007, b"\0"), (0x1008, b"thr"), (0x100b, b"ee\0")]);
    let memory = open(&bytes).memory();
    let text =
        |address, limit| memory.read_c_string(address, limit).map(|text| String::from_utf8(text.into()).unwrap());
    assert_eq!(text(0x1000, 100).as_deref(), Some("one"));
    assert_eq!(text(0x1003, 100).as_deref(), Some(""));
    assert_eq!(text(0x1004, 100).as_deref(), Some("two"), "the NUL is in the next range");
    assert_eq!(text(0x1008, 100).as_deref(), Some("three"));
    assert_eq!(text(0x1008, 6).as_deref(), Some("three"), "the NUL is the last byte that is read");
    assert_eq!(text(0x1008, 5), None);
}

fn text_within_a_range_is_borrowed() {
    let bytes = with_memory(Form::ALL[0], &[(0x1000, b"one\0"), (0x1004, b"two"), (0x1007, b"\0")]);
    let memory = open(&bytes).memory();
    assert!(matches!(memory.read_c_string(0x1000, 100), Some(Cow::Borrowed(b"one"))));
}

fn text_without_an_end_is_absent() {
    let bytes = with_memory(Form::ALL[0], &[(0x1000, b"abc"), (0x1004, b"\0"), (u64::MAX - 1, b"xy")]);
    let memory = open(&bytes).memory();
    assert_eq!(memory.read_c_string(0x1000, u64::MAX), None, "there is a gap before the NUL");
    assert_eq!(memory.read_c_string(u64::MAX - 1, u64::MAX), None, "the addresses end");
    assert_eq!(memory.read_c_string(0x5000, 100), None);
    assert_eq!(memory.read_c_string(0x1004, 0), None);
}

/// UTF-16 in the byte order of the form, followed by the given bytes.
fn wide(form: Form, text: &str) -> Vec<u8> {
    let order = if form.big_endian { u16::to_be_bytes } else { u16::to_le_bytes };
    text.encode_utf16().flat_map(order).collect()
}

fn wide_text_has_the_byte_order_of_the_file() {
    for form in Form::ALL {
        let bytes = with_memory(form, &[(0x1000, &wide(form, "C:\\\u{1f600}\0rest"))]);
        let memory = open(&bytes).memory();
        assert_eq!(memory.read_utf16_c_string(0x1000, 100).as_deref(), Some("C:\\\u{1f600}"));
        assert_eq!(memory.read_utf16_c_string(0x1008, 100).as_deref(), Some("\u{fffd}"), "half a surrogate pair");
        assert_eq!(memory.read_utf16_c_string(0x1000, 6).as_deref(), Some("C:\\\u{1f600}"));
        assert_eq!(memory.read_utf16_c_string(0x1000, 5), None);
    }
}

fn wide_text_may_begin_at_an_odd_address_and_cross_ranges() {
    for form in Form::ALL {
        let text = wide(form, "wide\0");
        let bytes = with_memory(form, &[(0x1001, &text[..3]), (0x1004, &text[3..])]);
        assert_eq!(open(&bytes).memory().read_utf16_c_string(0x1001, 100).as_deref(), Some("wide"));
    }
}

fn wide_text_without_an_end_is_absent() {
    for form in Form::ALL {
        let mut text = wide(form, "wide\0");
        text.pop();
        let bytes = with_memory(form, &[(0x1000, &text)]);
        let memory = open(&bytes).memory();
        assert_eq!(memory.read_utf16_c_string(0x1000, 100), None);
        assert_eq!(memory.read_utf16_c_string(0x5000, 100), None);
    }
}

fn wide_text_of_a_known_size_is_borrowed() {
    for form in Form::ALL {
        let bytes = with_memory(form, &[(0x1000, &wide(form, "ab\0cd"))]);
        let memory = open(&bytes).memory();
        let text = memory.utf16(0x1000, 10).unwrap();
        assert_eq!(text, "ab\0cd");
        let within = bytes.as_ptr_range();
        assert!(within.contains(&text.as_bytes().as_ptr()));
        assert_eq!(memory.utf16(0x1000, 11), None);
    }
}
