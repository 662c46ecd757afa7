//! Recognises files that are not user-mode dumps but are often passed in place of one, by their first bytes.
//!
//! [`Dump::parse`](crate::Dump::parse) reports them as [`ReadError::OtherFormat`], with a hint on what to do.

use crate::error::{EntryName, OtherFormat, ReadError};
use crate::format::Header;

/// How files of a kind are recognised.
enum Start {
    /// They start with one of these byte sequences.
    With(&'static [&'static [u8]]),
    /// They start with one of these texts after an optional byte order mark and white space, in upper or lower case.
    Text(&'static [&'static str]),
    /// They satisfy a predicate.
    Like(fn(&[u8]) -> bool),
}

use Start::{Like, Text, With};

/// A kind of file, how it is recognised, and a function that finds the archive entry that is named like a dump.
struct Row {
    format: OtherFormat,
    start: Start,
    entry: for<'a> fn(&'a [u8]) -> Option<&'a [u8]>,
}

const fn row(name: &'static str, hint: &'static str, start: Start) -> Row {
    Row { format: OtherFormat { name, hint }, start, entry: |_| None }
}

const fn archive(
    name: &'static str,
    hint: &'static str,
    start: Start,
    entry: for<'a> fn(&'a [u8]) -> Option<&'a [u8]>,
) -> Row {
    Row { format: OtherFormat { name, hint }, start, entry }
}

/// The first matching row wins.
static TABLE: [Row; 26] = [
    row(
        "a kernel dump",
        "open it in WinDbg or kd; this is not a user-mode dump, which is of a single process",
        With(&[b"PAGEDUMP", b"PAGEDU64"]),
    ),
    row(
        "a Windows CE dump",
        "open it in Platform Builder or Visual Studio 2008",
        With(&[b"CEDX", b"CEDS", b"CEDC", b"XDEC", b"SDEC", b"CDEC"]),
    ),
    row("gzip data", "unpack it first (`gunzip`)", With(&[b"\x1f\x8b"])),
    archive("a ZIP archive", "unpack it first", With(&[b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"]), zip_entry),
    archive(
        "a CAB archive",
        "unpack it first (`expand` on Windows, `cabextract` elsewhere); WinDbg opens it directly",
        With(&[b"MSCF\0\0\0\0"]),
        cab_entry,
    ),
    row("Zstandard data", "unpack it first (`unzstd`)", With(&[b"\x28\xb5\x2f\xfd"])),
    row("xz data", "unpack it first (`unxz`)", With(&[b"\xfd7zXZ\0"])),
    row("bzip2 data", "unpack it first (`bunzip2`)", Like(is_bzip2)),
    row("LZ4 data", "unpack it first (`unlz4`)", With(&[b"\x04\x22\x4d\x18"])),
    row("a 7z archive", "unpack it first", With(&[b"7z\xbc\xaf\x27\x1c"])),
    row("a RAR archive", "unpack it first", With(&[b"Rar!\x1a\x07"])),
    row("a tar archive", "unpack it first (`tar xf`)", Like(|data| has(data, 257, b"ustar"))),
    row("an ELF core", "open it in gdb or lldb", Like(|data| elf_type(data) == Some(4))),
    row("an ELF program or library", "pass the dump instead of the program", Like(|data| elf_type(data).is_some())),
    row("a Mach-O core", "open it in lldb", Like(|data| mach_o_type(data) == Some(4))),
    row(
        "a Mach-O program or library",
        "pass the dump instead of the program",
        Like(|data| mach_o_type(data).is_some()),
    ),
    row("a Windows program or library", "pass the dump instead of the program", Like(is_pe)),
    row(
        "a PDB file with symbols",
        "pass the dump instead of its symbols",
        With(&[b"Microsoft C/C++ MSF 7.00\r\n\x1aDS"]),
    ),
    row(
        "an HTML page",
        "download the dump again; the server may have sent an error or a login page",
        Text(&["<!doctype html", "<html", "<head", "<body"]),
    ),
    row("an XML document", "download the dump again; the server may have sent an error message", Text(&["<?xml"])),
    row(
        "a Git LFS pointer",
        "fetch the file that it refers to (`git lfs pull`)",
        With(&[b"version https://git-lfs.github.com/spec/"]),
    ),
    row(
        "an HTTP message",
        "extract the dump from its body",
        Text(&["HTTP/1.0 ", "HTTP/1.1 ", "POST /", "PUT /", "Content-Type:", "Content-Disposition:"]),
    ),
    row("a multipart upload of a crash report", "extract the dump from it", Like(is_multipart)),
    row(
        "a dump as base64 text",
        "decode it first (`base64 -d`)",
        // `MDMP` and its version, and the two signatures of full user dumps.
        Like(|data| begins_text(data, &[b"TURNUJOn", b"VVNFUkRV"])),
    ),
    row(
        "gzip data as base64 text",
        "decode it (`base64 -d`), then unpack it (`gunzip`)",
        Like(|data| begins_text(data, &[b"H4sI"])),
    ),
    row("a hexadecimal listing", "turn it back into bytes first (`xxd -r`)", With(&[b"00000000: 4d44 4d50"])),
];

impl OtherFormat {
    /// All kinds of files that are recognised, in the order in which they are tried.
    pub fn known() -> impl Iterator<Item = &'static Self> {
        TABLE.iter().map(|row| &row.format)
    }
}

/// Returns the error that names the kind of file, if the first bytes identify it.
pub(crate) fn recognise(data: &[u8]) -> Option<ReadError> {
    of_table(data).or_else(|| {
        let zeros = data.iter().position(|byte| *byte != 0).unwrap_or(data.len());
        // Fewer zeros are not conclusive.
        (zeros >= Header::SIZE).then_some(ReadError::Zeros { size: zeros as u64 })
    })
}

fn of_table(data: &[u8]) -> Option<ReadError> {
    let row = TABLE.iter().find(|row| match row.start {
        With(heads) => heads.iter().any(|head| data.starts_with(head)),
        Text(heads) => {
            let text = text(data);
            heads.iter().any(|head| text.get(..head.len()).is_some_and(|it| it.eq_ignore_ascii_case(head.as_bytes())))
        }
        Like(is) => is(data),
    })?;
    let entry = (row.entry)(data).map(EntryName::new).unwrap_or_default();
    Some(ReadError::OtherFormat { format: &row.format, entry })
}

/// The data after an optional UTF-8 byte order mark and white space.
fn text(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data).trim_ascii_start()
}

fn begins_text(data: &[u8], heads: &[&[u8]]) -> bool {
    heads.iter().any(|head| text(data).starts_with(head))
}

fn has(data: &[u8], at: usize, wanted: &[u8]) -> bool {
    data.get(at..).is_some_and(|rest| rest.starts_with(wanted))
}

fn le16(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk().map(|it| u16::from_le_bytes(*it))
}

fn le32(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?.first_chunk().map(|it| u32::from_le_bytes(*it))
}

/// A file offset that is stored in a 32-bit field.
fn place(data: &[u8], at: usize) -> Option<usize> {
    usize::try_from(le32(data, at)?).ok()
}

/// The compression level is a digit; the first block starts with the digits of pi.
fn is_bzip2(data: &[u8]) -> bool {
    data.starts_with(b"BZh") && data.get(3).is_some_and(u8::is_ascii_digit) && has(data, 4, b"1AY&SY")
}

/// `e_type`, which is 4 in a core.
fn elf_type(data: &[u8]) -> Option<u16> {
    let field = le16(data, 16).filter(|_| data.starts_with(b"\x7fELF"))?;
    Some(if data.get(5) == Some(&2) { field.swap_bytes() } else { field })
}

/// `filetype`, which is 4 in a core.
fn mach_o_type(data: &[u8]) -> Option<u32> {
    let field = le32(data, 12)?;
    match le32(data, 0)? {
        0xfeed_face | 0xfeed_facf => Some(field),
        0xcefa_edfe | 0xcffa_edfe => Some(field.swap_bytes()),
        _ => None,
    }
}

fn is_pe(data: &[u8]) -> bool {
    data.starts_with(b"MZ") && place(data, 0x3c).is_some_and(|at| has(data, at, b"PE\0\0"))
}

/// The header of the first part follows its boundary line.
fn is_multipart(data: &[u8]) -> bool {
    const HEAD: &[u8] = b"content-disposition:";
    let start = data.get(..512).unwrap_or(data);
    data.starts_with(b"--") && start.windows(HEAD.len()).any(|it| it.eq_ignore_ascii_case(HEAD))
}

fn is_named_like_a_dump(name: &&[u8]) -> bool {
    let ends = |ending: &[u8]| {
        let end = name.len().checked_sub(ending.len()).and_then(|at| name.get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(ending))
    };
    ends(b".dmp") || ends(b".mdmp") || ends(b".hdmp")
}

/// Searches the central directory or, if the archive is truncated, the entries from the start.
fn zip_entry(data: &[u8]) -> Option<&[u8]> {
    // It is at the end of the file, followed only by a comment of at most 65,535 bytes.
    let end_from = data.len().saturating_sub(22 + 0xffff);
    let end = data.get(end_from..)?.windows(4).rposition(|it| it == b"PK\x05\x06");
    let directory = end.and_then(|end| place(data, end_from.checked_add(end)?.checked_add(16)?));
    match directory.filter(|at| has(data, *at, b"PK\x01\x02")) {
        Some(directory) => walk(directory, |at| {
            let (name, next) = zip_name(data, at, b"PK\x01\x02", 28, 46)?;
            let (extra, comment) = (le16(data, at.checked_add(30)?)?, le16(data, at.checked_add(32)?)?);
            Some((name, next.checked_add(extra.into())?.checked_add(comment.into())?))
        }),
        None => walk(0, |at| {
            let (name, next) = zip_name(data, at, b"PK\x03\x04", 26, 30)?;
            let extra = le16(data, at.checked_add(28)?)?;
            // If the size follows the data, the start of the next entry is unknown.
            let size =
                if le16(data, at.checked_add(6)?)? & 8 == 0 { place(data, at.checked_add(18)?)? } else { data.len() };
            Some((name, next.checked_add(extra.into())?.saturating_add(size)))
        }),
    }
}

/// The name of the entry whose record is at `at`, and the offset after the name.
fn zip_name<'a>(
    data: &'a [u8],
    at: usize,
    signature: &[u8],
    size_at: usize,
    name_at: usize,
) -> Option<(&'a [u8], usize)> {
    let size = le16(data, at.checked_add(size_at)?).filter(|_| has(data, at, signature))?;
    let start = at.checked_add(name_at)?;
    let end = start.checked_add(size.into())?;
    Some((data.get(start..end)?, end))
}

/// `CFHEADER` has the offset of the first `CFFILE` and their number. A name ends with a NUL.
fn cab_entry(data: &[u8]) -> Option<&[u8]> {
    let mut left = le16(data, 28)?;
    walk(place(data, 16)?, |at| {
        left = left.checked_sub(1)?;
        let start = at.checked_add(16)?;
        let size = data.get(start..)?.iter().take(256).position(|byte| *byte == 0)?;
        let end = start.checked_add(size)?;
        Some((data.get(start..end)?, end.checked_add(1)?))
    })
}

/// The first entry that is named like a dump. `entry` returns the name of the entry at an offset, and the offset of the
/// next one.
fn walk<'a>(start: usize, mut entry: impl FnMut(usize) -> Option<(&'a [u8], usize)>) -> Option<&'a [u8]> {
    let mut at = start;
    let names = core::iter::from_fn(|| {
        let (name, next) = entry(at)?;
        at = next;
        Some(name)
    });
    names.into_iter().find(is_named_like_a_dump)
}
