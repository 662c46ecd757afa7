//! The byte assembler.

use libtest_mimic::Trial;

use crate::support::trials;
use crate::synth::Bytes;

pub fn trials() -> Vec<Trial> {
    trials![numbers_have_the_byte_order_asked_for, labels_are_filled_in_wherever_they_are_placed]
}

fn numbers_have_the_byte_order_asked_for() {
    let write = |mut bytes: Bytes| {
        bytes.u8(1).u16(0x0203).u32(0x0405_0607).u64(0x0809_0A0B_0C0D_0E0F).i32(-2).string("é");
        bytes.finish()
    };
    let little = [1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8, 254, 255, 255, 255, 2, 0, 0, 0, 0xE9, 0, 0, 0];
    let big = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 254, 0, 0, 0, 2, 0, 0xE9, 0, 0];
    assert_eq!(write(Bytes::little_endian()), little);
    assert_eq!(write(Bytes::big_endian()), big);
}

fn labels_are_filled_in_wherever_they_are_placed() {
    let write = |mut bytes: Bytes| {
        let start = bytes.here();
        let end = bytes.label();
        bytes.location(start, end).rva64(end).rva_into(end, 5).align(8);
        bytes.place(end).filler(1);
        bytes.finish()
    };
    let mut expected =
        vec![24, 0, 0, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 29, 0, 0, 0, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE];
    assert_eq!(write(Bytes::little_endian()), expected);
    for number in [0..4, 4..8, 8..16, 16..20] {
        expected[number].reverse();
    }
    assert_eq!(write(Bytes::big_endian()), expected);
}
