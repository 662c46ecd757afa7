//! The first bytes of a file: signatures, byte orders, the version, and formats that are recognised but not read.

use libtest_mimic::Trial;
use userdump::read::ByteOrder;
use userdump::{Dump, Minidump, ReadError};

use crate::support::trials;
use crate::synth::Bytes;

pub fn trials() -> Vec<Trial> {
    trials![
        either_signature_tells_the_byte_order,
        the_high_half_of_the_version_is_ignored,
        another_low_half_of_the_version_is_an_error,
        other_first_bytes_are_an_error_that_shows_them,
        a_truncated_header_reports_what_is_present,
        flags_without_a_name_are_kept,
        formats_that_are_not_read_yet_are_refused_by_name,
        a_minidump_is_found_among_the_formats,
        errors_print_what_where_and_how_much,
        errors_know_their_kind_and_place,
    ]
}

const VERSION: u32 = 0xa793;

fn either_signature_tells_the_byte_order() {
    let fields = [0x1234_a793, 0, 0x20, 0x0102_0304, 0x5f5e_107b];
    for (mut bytes, signature, order) in
        [(Bytes::little_endian(), b"MDMP", ByteOrder::Little), (Bytes::big_endian(), b"PMDM", ByteOrder::Big)]
    {
        bytes.raw(signature).u32s(&fields).u64(0x1122_3344_5566_7788);
        let bytes = bytes.finish();
        let dump = Minidump::parse(&bytes).expect("the header is valid");
        let header = dump.header();
        let found = [
            header.version,
            header.number_of_streams,
            header.stream_directory_rva,
            header.check_sum,
            header.time_date_stamp,
        ];
        assert_eq!((dump.byte_order(), found), (order, fields));
        assert_eq!((header.signature, header.flags), (0x504d_444d, 0x1122_3344_5566_7788));
        assert_eq!(dump.data().unwrap(), bytes);
    }
}

fn the_high_half_of_the_version_is_ignored() {
    for high in [0, 1, 0xa0d7, 0xffff] {
        assert_eq!(parse(&header(b"MDMP", high << 16 | VERSION)), Ok(()));
    }
}

fn another_low_half_of_the_version_is_an_error() {
    for version in [0, 0xa792, 0xa793_0000, 0x93a7, u32::MAX] {
        assert_eq!(parse(&header(b"MDMP", version)), Err(ReadError::Version { found: version }));
    }
    // A little-endian header after the big-endian signature.
    assert_eq!(parse(&header(b"PMDM", VERSION)), Err(ReadError::Version { found: 0x93a7_0000 }));
}

fn other_first_bytes_are_an_error_that_shows_them() {
    let refused = |bytes: &[u8], found: &[u8; 8]| {
        assert_eq!(parse(bytes), Err(ReadError::Signature { found: *found }));
    };
    refused(&[], &[0; 8]);
    refused(b"MDM", b"MDM\0\0\0\0\0");
    refused(&[0; 64], &[0; 8]);
    refused(&header(b"mdmp", VERSION), b"mdmp\x93\xa7\0\0");
    refused(&header(b"\x7fELF", VERSION), b"\x7fELF\x93\xa7\0\0");
    refused(&header(b"DMPM", VERSION), b"DMPM\x93\xa7\0\0");
}

fn a_truncated_header_reports_what_is_present() {
    for signature in [b"MDMP", b"PMDM"] {
        let mut bytes = Bytes::little_endian();
        bytes.raw(signature).zeros(28);
        let whole = bytes.finish();
        for size in 4..32 {
            let cut = ReadError::Truncated { what: "MINIDUMP_HEADER", offset: 0, needed: 32, available: size as u64 };
            assert_eq!(parse(&whole[..size]), Err(cut));
        }
        assert_eq!(parse(&whole), Err(ReadError::Version { found: 0 }));
    }
}

fn flags_without_a_name_are_kept() {
    let bytes = crate::synth::Dump::new().flags(0x8000_0000_0000_0102).build();
    let dump = Minidump::parse(&bytes).expect("the header is valid");
    assert_eq!(dump.flags().bits(), 0x8000_0000_0000_0102);
}

fn formats_that_are_not_read_yet_are_refused_by_name() {
    let refused = |bytes: &[u8], name: &str| {
        let error = Dump::parse(bytes).expect_err("it is not a minidump");
        assert!(error.is_unsupported(), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        // It is not a minidump either.
        assert!(matches!(parse(bytes), Err(ReadError::Signature { .. })));
    };
    refused(b"PAGEDUMP\x0f\0\0\0", "kernel dump");
    refused(b"PAGEDU64\x0f\0\0\0", "kernel dump");
    for signature in [b"CEDX", b"CEDS", b"CEDC", b"XDEC", b"SDEC", b"CDEC"] {
        refused(&header(signature, VERSION), "Windows CE");
    }
}

fn a_minidump_is_found_among_the_formats() {
    let streams = |bytes: &[u8]| match Dump::parse(bytes) {
        Ok(Dump::Minidump(dump)) => Ok(dump.directory().len()),
        Ok(other) => panic!("{other:?} is not a minidump"),
        Err(error) => Err(error),
    };
    let dump = || crate::synth::Dump::new().raw(99, [1]).raw(98, []);
    assert_eq!(streams(&dump().build()), Ok(2));
    assert_eq!(streams(&dump().big_endian().build()), Ok(2));
    assert_eq!(streams(b"USER"), Err(ReadError::Signature { found: *b"USER\0\0\0\0" }));
    assert_eq!(streams(b"PAGEDUM"), Err(ReadError::Signature { found: *b"PAGEDUM\0" }));
    assert_eq!(streams(&header(b"MDMP", 1)), Err(ReadError::Version { found: 1 }));
}

fn errors_print_what_where_and_how_much() {
    let prints = |error: ReadError, text: &str| assert_eq!(error.to_string(), text);
    let what = "MINIDUMP_MODULE_LIST";
    prints(
        ReadError::Truncated { what, offset: 0x1c40, needed: 8644, available: 512 },
        "MINIDUMP_MODULE_LIST at 0x1c40 needs 8644 bytes, 512 available",
    );
    prints(
        ReadError::Size { what, offset: 32, field: "SizeOfEntry", found: 23, needed: 24 },
        "MINIDUMP_MODULE_LIST at 0x20 gives SizeOfEntry as 23, at least 24 is needed",
    );
    prints(ReadError::Overflow { what, offset: 1 }, "MINIDUMP_MODULE_LIST at 0x1 reaches beyond 64 bits");
    prints(ReadError::Cycle { what, offset: 1 }, "MINIDUMP_MODULE_LIST at 0x1 is part of a cycle");
    prints(
        ReadError::BudgetSpent { what, offset: 0x20, limit: 3000 },
        "MINIDUMP_MODULE_LIST at 0x20 exceeds the limit of 3000 bytes for a file of this size",
    );
    prints(
        ReadError::MemoryShared { what, offset: 0x20, size: 80, memory: 0x40 },
        "MINIDUMP_MODULE_LIST at 0x20 has 80 bytes, of which those from 0x40 on are memory of the process",
    );
    let (other, other_offset) = ("CONTEXT", 0x48);
    prints(
        ReadError::PartShared { what, offset: 0x20, size: 80, other, other_offset },
        "MINIDUMP_MODULE_LIST at 0x20 has 80 bytes, some of which belong to CONTEXT at 0x48",
    );
    prints(
        ReadError::Version { found: 0xa794 },
        "MINIDUMP_HEADER at 0x0 has version 0xa794, 0xa793 is expected in the low 16 bits",
    );
    prints(
        ReadError::Signature { found: *b"\x7fELF\x02\x01\x01\0" },
        "not a user-mode dump: the file starts with [7f, 45, 4c, 46, 02, 01, 01, 00]",
    );
}

fn errors_know_their_kind_and_place() {
    let what = "stream";
    let know = |error: ReadError, truncated, unsupported, offset| {
        assert_eq!((error.is_truncated(), error.is_unsupported(), error.offset()), (truncated, unsupported, offset));
    };
    know(ReadError::Truncated { what, offset: 5, needed: 2, available: 1 }, true, false, Some(5));
    know(ReadError::Size { what, offset: 6, field: "SizeOfEntry", found: 1, needed: 2 }, false, false, Some(6));
    know(ReadError::Overflow { what, offset: 7 }, false, false, Some(7));
    know(ReadError::Cycle { what, offset: 8 }, false, false, Some(8));
    know(ReadError::BudgetSpent { what, offset: 9, limit: 1 }, false, false, Some(9));
    know(ReadError::MemoryShared { what, offset: 9, size: 2, memory: 10 }, false, false, Some(9));
    let (other, other_offset) = ("CONTEXT", 10);
    know(ReadError::PartShared { what, offset: 9, size: 2, other, other_offset }, false, false, Some(9));
    know(ReadError::Version { found: 1 }, false, false, Some(0));
    know(ReadError::Signature { found: [0; 8] }, false, false, Some(0));
    know(ReadError::Unsupported { what }, false, true, None);
}

/// A little-endian header without streams.
fn header(signature: &[u8; 4], version: u32) -> Vec<u8> {
    let mut bytes = Bytes::little_endian();
    bytes.raw(signature).u32(version).zeros(24);
    bytes.finish()
}

fn parse(bytes: &[u8]) -> Result<(), ReadError> {
    Minidump::parse(bytes).map(|_| ())
}
