//! Files that are not dumps: the error names each kind and says what to do.

use libtest_mimic::Trial;
use userdump::error::OtherFormat;
use userdump::{Dump, ReadError};

use crate::support::{Shared, trials};
use crate::synth::Bytes;

pub fn trials() -> Vec<Trial> {
    trials![
        every_kind_is_recognised_by_its_first_bytes,
        a_cut_head_is_not_told,
        an_empty_file_is_called_empty,
        zeros_are_called_zeros,
        the_entry_that_is_a_dump_is_named,
        damaged_archives_are_archives,
        files_of_reports_are_called_by_their_names,
    ]
}

/// Names, and headers that end with the last significant byte; written by hand from the specifications of the formats.
fn heads() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let all = |heads: &[&[u8]]| heads.iter().map(|head| head.to_vec()).collect::<Vec<_>>();
    let at = |head: &[u8], place: usize, value: &[u8]| {
        let mut bytes = head.to_vec();
        bytes.resize(place, 0);
        bytes.extend(value);
        bytes
    };
    vec![
        ("a kernel dump", all(&[b"PAGEDUMP", b"PAGEDU64"])),
        ("a Windows CE dump", all(&[b"CEDX", b"CEDS", b"CEDC", b"XDEC", b"SDEC", b"CDEC"])),
        // RFC 1952.
        ("gzip data", all(&[&[0x1f, 0x8b]])),
        // APPNOTE.TXT: a local entry, an archive without entries, one in several volumes.
        ("a ZIP archive", all(&[b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"])),
        // [MS-CAB]: the reserved field is 0.
        ("a CAB archive", all(&[b"MSCF\0\0\0\0"])),
        // RFC 8878: 0xFD2FB528.
        ("Zstandard data", all(&[&[0x28, 0xb5, 0x2f, 0xfd]])),
        ("xz data", all(&[&[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]])),
        ("bzip2 data", all(&[b"BZh9\x31\x41\x59\x26\x53\x59", b"BZh1\x31\x41\x59\x26\x53\x59"])),
        ("LZ4 data", all(&[&[0x04, 0x22, 0x4d, 0x18]])),
        ("a 7z archive", all(&[&[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]])),
        ("a RAR archive", all(&[&[0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]])),
        ("a tar archive", vec![at(b"crash.dmp", 257, b"ustar")]),
        // ET_CORE is 4, in the byte order that EI_DATA names.
        ("an ELF core", vec![at(b"\x7fELF\x02\x01\x01", 16, &[4, 0]), at(b"\x7fELF\x01\x02\x01", 16, &[0, 4])]),
        ("an ELF program or library", vec![at(b"\x7fELF\x02\x01", 16, &[3, 0]), at(b"\x7fELF\x01\x02", 16, &[0, 2])]),
        // MH_CORE is 4, in the byte order of the magic number.
        (
            "a Mach-O core",
            vec![
                at(&[0xcf, 0xfa, 0xed, 0xfe], 12, &[4, 0, 0, 0]),
                at(&[0xce, 0xfa, 0xed, 0xfe], 12, &[4, 0, 0, 0]),
                at(&[0xfe, 0xed, 0xfa, 0xce], 12, &[0, 0, 0, 4]),
            ],
        ),
        (
            "a Mach-O program or library",
            vec![at(&[0xcf, 0xfa, 0xed, 0xfe], 12, &[2, 0, 0, 0]), at(&[0xfe, 0xed, 0xfa, 0xcf], 12, &[0, 0, 0, 6])],
        ),
        ("a Windows program or library", vec![at(&at(b"MZ", 0x3c, &[0x80, 0, 0, 0]), 0x80, b"PE\0\0")]),
        ("a PDB file with symbols", all(&[b"Microsoft C/C++ MSF 7.00\r\n\x1aDS"])),
        (
            "an HTML page",
            all(&[
                b"<!DOCTYPE html",
                b"<html",
                b"<HTML",
                b"\r\n  <!doctype HTML",
                b"\xef\xbb\xbf<!DOCTYPE html",
                b"<head",
            ]),
        ),
        ("an XML document", all(&[b"<?xml", b"\xef\xbb\xbf<?xml"])),
        ("a Git LFS pointer", all(&[b"version https://git-lfs.github.com/spec/"])),
        ("an HTTP message", all(&[b"HTTP/1.1 ", b"HTTP/1.0 ", b"POST /", b"Content-Type:", b"content-disposition:"])),
        (
            "a multipart upload of a crash report",
            all(&[
                b"--b0undary\r\nContent-Disposition:",
                b"------WebKitFormBoundary7MA4YWxk\r\nContent-Type: text/plain\r\ncontent-disposition:",
            ]),
        ),
        // `base64` of coreutils on "MDMP\x93\xa7", "USERDU".
        ("a dump as base64 text", all(&[b"TURNUJOn", b"VVNFUkRV", b"\nTURNUJOn"])),
        ("gzip data as base64 text", all(&[b"H4sI"])),
        ("a hexadecimal listing", all(&[b"00000000: 4d44 4d50"])),
    ]
}

/// The name of the kind, if any, and the text of the error.
fn told(bytes: &[u8]) -> (Option<&'static str>, String) {
    let error = Dump::parse(bytes).expect_err("it is not a dump");
    let text = error.to_string();
    match error {
        ReadError::OtherFormat { format, .. } => {
            assert!(error.is_unsupported() && error.offset() == Some(0));
            (Some(format.name), text)
        }
        _ => (None, text),
    }
}

fn every_kind_is_recognised_by_its_first_bytes() {
    let heads = heads();
    let names: Vec<_> = heads.iter().map(|(name, _)| *name).collect();
    assert_eq!(OtherFormat::known().map(|format| format.name).collect::<Vec<_>>(), names);
    for (format, (name, heads)) in OtherFormat::known().zip(&heads) {
        for head in heads {
            for more in [0, 1, 300] {
                let mut bytes = head.clone();
                bytes.resize(head.len() + more, 0xaa);
                let (found, text) = told(&bytes);
                assert_eq!(found, Some(*name), "{:?}", String::from_utf8_lossy(head));
                assert_eq!(text, format!("the file is {name}, not a user-mode dump: {}", format.hint));
            }
        }
    }
}

fn a_cut_head_is_not_told() {
    for (name, heads) in heads() {
        for head in heads {
            for size in 1..head.len() {
                assert_ne!(told(&head[..size]).0, Some(name), "{size} bytes");
            }
        }
    }
}

fn zeros_are_called_zeros() {
    for (zeros, more) in [(32, 0), (33, 1), (100_000, 0), (4096, 5000)] {
        let bytes = [vec![0; zeros], vec![0x41; more]].concat();
        let error = Dump::parse(&bytes).expect_err("it is not a dump");
        assert_eq!((error, error.offset()), (ReadError::Zeros { size: zeros as u64 }, Some(0)));
        let text = format!("the file is all zeros up to {zeros:#x}: copy or upload the dump again");
        assert_eq!(error.to_string(), text);
    }
    // A file that begins like this could be anything.
    assert!(matches!(Dump::parse(&[0; 31]), Err(ReadError::Signature { .. })));
    assert!(matches!(Dump::parse(&[[0; 31].as_slice(), &[1]].concat()), Err(ReadError::Signature { .. })));
}

fn an_empty_file_is_called_empty() {
    assert_eq!(Dump::parse(&[]).err(), Some(ReadError::Empty));
    assert_eq!(ReadError::Empty.to_string(), "the file is empty");
    // No other file has a kind.
    assert!(matches!(Dump::parse(&[0]), Err(ReadError::Signature { .. })));
}

/// A ZIP archive of stored entries with these names, each of five bytes.
fn zip(names: &[&str], comment: &str) -> Vec<u8> {
    let (mut entries, mut directory) = (Bytes::little_endian(), Bytes::little_endian());
    let mut at = 0;
    for name in names {
        let size = name.len() as u16;
        // Version, flags, method, time, date, checksum; the sizes; name and extra field.
        let common = |bytes: &mut Bytes, extra: u16| {
            bytes.u16s(&[20, 0, 0, 0, 0]).u32s(&[0x3610_a686, 5, 5]).u16s(&[size, extra]);
        };
        entries.raw(b"PK\x03\x04");
        common(&mut entries, 3);
        entries.raw(name.as_bytes()).raw(b"xxx").raw(b"hello");
        directory.raw(b"PK\x01\x02").u16(20);
        common(&mut directory, 2);
        // Size of the comment, volume, attributes, position.
        directory.u16s(&[4, 0, 0]).u32s(&[0, at]).raw(name.as_bytes()).raw(b"ee").raw(b"text");
        at += 30 + u32::from(size) + 3 + 5;
    }
    let (mut bytes, directory) = (entries.finish(), directory.finish());
    let count = names.len() as u16;
    let mut end = Bytes::little_endian();
    end.raw(b"PK\x05\x06").u16s(&[0, 0, count, count]).u32s(&[directory.len() as u32, at]);
    end.u16(comment.len() as u16).raw(comment.as_bytes());
    bytes.extend(directory);
    bytes.extend(end.finish());
    bytes
}

/// A CAB archive with one folder and files with these names, without its data.
fn cab(names: &[&str]) -> Vec<u8> {
    let mut bytes = Bytes::little_endian();
    // Archive size, offset of the first file, version, folders, files, flags, set, number in the set.
    bytes.raw(b"MSCF").u32s(&[0, 0, 0, 44, 0]).u16s(&[0x0103, 1, names.len() as u16, 0, 0, 0]);
    // The folder: offset, blocks, compression.
    bytes.u32(0).u16s(&[0, 0]);
    for name in names {
        bytes.u32s(&[5, 0]).u16s(&[0, 0, 0, 0x20]).raw(name.as_bytes()).raw(b"\0");
    }
    bytes.finish()
}

fn the_entry_that_is_a_dump_is_named() {
    let named = |bytes: &[u8], expected: &str| {
        let (_, text) = told(bytes);
        let end = text.split_once("; ").map_or("", |(_, end)| end);
        let end = end.strip_prefix("WinDbg opens it directly").unwrap_or(end).trim_start_matches("; ");
        let wanted = match expected {
            "" => String::new(),
            name => format!("its entry {name} is named like a dump"),
        };
        assert_eq!(end, wanted, "{text}");
    };
    for archive in [|names: &[&str]| zip(names, ""), |names: &[&str]| zip(names, "a comment"), cab] {
        named(&archive(&[]), "");
        named(&archive(&["Report.wer", "a.dmp.txt", "dmp"]), "");
        named(&archive(&["Report.wer", "memory.hdmp", "minidump.mdmp"]), "memory.hdmp");
        named(&archive(&["WER\\triage.MDMP"]), "WER\\triage.MDMP");
        named(&archive(&["x\u{e9}\x1b[2J.dmp"]), "x???[2J.dmp");
        // 32 characters are kept.
        named(&archive(&["12345678901234567890123456-9.dmp"]), "12345678901234567890123456-9.dmp");
        named(&archive(&["x12345678901234567890123456-9.dmp"]), "...12345678901234567890123456-9.dmp");
    }
    // Without the end of the archive, the entries are used, as long as they give their sizes.
    let whole = zip(&["Report.wer", "memory.hdmp"], "");
    let cut = &whole[..30 + 10 + 8 + 30 + 11];
    named(cut, "memory.hdmp");
    named(&cut[..cut.len() - 1], "");
    let mut streamed = cut.to_vec();
    streamed[6] |= 8;
    named(&streamed, "");
}

fn damaged_archives_are_archives() {
    let names: Vec<String> = (0..9).map(|it| format!("{it}.txt")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["x.dmp"]).collect();
    for (archive, head) in [(zip(&names, "comment"), 4), (cab(&names), 8)] {
        let kind = told(&archive).0;
        for at in head..archive.len() {
            assert_eq!(told(&archive[..at]).0, kind);
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = archive.clone();
                damaged[at] = value;
                assert_eq!(told(&damaged).0, kind);
            }
        }
    }
}

fn files_of_reports_are_called_by_their_names(shared: &Shared) {
    for (file, name) in [("gzip", "gzip data"), ("elf-core", "an ELF core"), ("html", "an HTML page")] {
        assert_eq!(told(&shared.read(&format!("cases/{file}.dmp"))).0, Some(name));
    }
    assert_eq!(told(&shared.read("cases/empty.dmp")), (None, "the file is empty".to_owned()));
}
