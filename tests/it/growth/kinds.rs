//! A stream of every type with any number of entries, all of whose references lead to chosen offsets.

use userdump::format::StreamType;

use super::BASE;
use crate::resources::words;

/// An undescribed type.
pub const UNKNOWN: u32 = 0x9999_0000;

/// The targets of references: the size and the RVA for entry `index` where it refers to something, and for the lists of
/// the stream itself.
pub struct Places<'a> {
    pub place: &'a dyn Fn(u32) -> (u32, u32),
    /// The file offset of the stream.
    pub at: u32,
}

/// Rows of words after a header.
fn rows<const N: usize>(head: impl IntoIterator<Item = u32>, count: u32, row: impl Fn(u32) -> [u32; N]) -> Vec<u8> {
    words(head.into_iter().chain((0..count).flat_map(row)))
}

fn lines(count: u32, line: impl Fn(u32) -> String) -> Vec<u8> {
    (0..count).map(line).collect::<String>().into_bytes()
}

/// A stream of the type with `count` entries; `None` for types that are not streams.
///
/// # Panics
///
/// For a type that is not known here: a new stream needs an entry.
pub fn stream(stream_type: StreamType, count: u32, places: &Places<'_>) -> Option<Vec<u8>> {
    let place = |index| (places.place)(index);
    let rva = |index| place(index).1;
    let module = |index: u32| {
        let ((size, at), mut row) = (place(index), [0; 27]);
        (row[0], row[2], row[5]) = (BASE + (index << 12), 0x1000, at);
        (row[19], row[20], row[21], row[22]) = (size, at, size, at);
        row
    };
    let thread = |index: u32| {
        let (size, at) = place(index);
        [index, 0, 0, 0, BASE, 0, 0x2000_0000 + (index << 8), 0, size, at, size, at]
    };
    let opaque = || vec![0x41; 16 * count as usize];
    Some(match stream_type.0 {
        0 | 1 | 2 | 0xffff => return None,
        3 => rows([count], count, thread),
        4 | 0xfff0 => rows([count], count, module),
        5 => rows([count], count, |index| [0x3000_0000 + 16 * index, 0, place(index).0, rva(index)]),
        6 => words((0..42).map(|word| match word {
            0 => 7,
            2 => 0xc000_0005,
            40 => place(0).0,
            41 => rva(0),
            _ => 0,
        })),
        7 => words([9, 0, 0, 0, 0, 2, rva(0), 0, 0, 0, 0, 0, 0, 0]),
        8 => rows([count], count, |index| {
            let ([a, b, c, d, e, f, g, h, i, j, k, l], (size, at)) = (thread(index), place(index));
            [a, b, c, d, e, f, g, h, i, j, k, l, 0x5000_0000 + (index << 8), 0, size, at]
        }),
        9 => {
            let (size, at) = place(0);
            rows([count, 0, at, 0], count, |index| [0x6000_0000 + 16 * index, 0, size, 0])
        }
        10 | 20 | 21 | 22 | 23 => opaque(),
        11 => words((0..4 * count).map(|_| 0)),
        12 => rows([16, 40, count, 0], count, |index| [index, 0, rva(index), rva(index), 0, 0, 0, 0, rva(index), 0]),
        // Each table has a function, whose unwind data is that of another one, or includes a part of it.
        13 => rows([24, 32, 0, 12, count, 0], count, |index| {
            [index << 12, 0, (index + 1) << 12, 0, BASE + index % 16, 0, 1, 0, 0, 4, 4 * index]
        }),
        14 => rows([12, 24, count], count, |index| [index << 12, 0, 0x1000, 0, 0, rva(index)]),
        15 => words((0..341).map(|word| if word == 0 { 1364 } else { 0x41 })),
        16 => rows([16, 48, count, 0], count, |index| {
            [index << 12, 0, index << 12, 0, 4, 0, 0x1000, 0, 0x1000, 4, 0x2_0000, 0]
        }),
        17 => rows([12, 64, count], count, |index| [index, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        18 => rows([16, 288, count, 0], count, |index| {
            let mut row = [0; 72];
            row[0] = index;
            row
        }),
        19 => rows([16 + 32 * count, count, 16, 72], count, |index| [32, index, 4, 0, 1, 2, 3, 4]),
        24 => rows([count], count, |index| [index, rva(index), 0]),
        25 => compressed(count, places),
        0x8000..=0x800c => opaque(),
        0x4350_0001 => crashpad(count, places),
        0x4767_0001 => words([3, 1, 2]),
        0x4767_0002 => vec![0x41; 776],
        0x4767_0008 => rows([], count, |index| [index, 0, index, 0]),
        // One for all modules with a long path, and one for each.
        0x4767_0009 => lines(count, |index| match index {
            0 => format!("10000000-20000000 rwxp 00000000 08:01 7 /{}\n", "a".repeat(32 * count as usize)),
            _ => format!(
                "{:x}-{:x} r-xp 00000000 08:01 7 /lib/a.so\n",
                0x1000_0000 + (index << 12),
                0x1000_1000 + (index << 12)
            ),
        }),
        0x4767_000a => {
            let head = [1, places.at + 36, count, 0, 0, 0, 0, 0, 0];
            rows(head, count, |index| [index << 12, 0, rva(index), 0, 0])
        }
        0x4767_0003..=0x4767_000d | 0x4d7a_0003 | 0x4d7a_0004 => lines(count, |index| format!("key{index} : value\n")),
        0x4b6b_0001 | 0x4b6b_0002 | 0x4c4c_4442 | UNKNOWN => opaque(),
        0x4d7a_0001 => {
            let record = |index| [place(index).0, rva(index)];
            rows([0x4d7a_0001, 20, 16], 20, record)
        }
        0x4d7a_0002 => words([0x4d7a_0002, rva(0), 0]),
        0xface_0000..=0xface_ffff => opaque(),
        other => panic!("no stream is defined here for the type {other:#x}, {stream_type}"),
    })
}

/// The header of compressed memory and its arrays: a region and a bucket for each entry. Every other region is in the
/// first bucket, and the buckets are at the targets of the references, some of them as a block that unpacks.
fn compressed(count: u32, places: &Places<'_>) -> Vec<u8> {
    let (regions, buckets) = (places.at + 192, places.at + 192 + 32 * count);
    let end = buckets + 40 * count;
    let mut header = [0; 48];
    for (word, value) in [
        (0, 192),
        (1, 2),
        (2, 0x6d70_2121),
        (3, 0x2121_7a64),
        (8, 0x40_0000),
        (10, places.at),
        (12, end - places.at),
        (20, count),
        (22, regions),
        (24, 32 * count),
        (26, count),
        (28, buckets),
        (30, 40 * count),
        (36, 1),
    ] {
        header[word] = value;
    }
    let region = |index: u32| [index, 0, 0x7000_0000 + 16 * index, 0, index / 2 * 2, 0, 16, 0];
    let bucket = |index: u32| {
        let (size, at) = (places.place)(index);
        [index, 0, size.saturating_mul(8), size, at, 0, index, 0, 1, 0]
    };
    let mut bytes = rows(header, count, region);
    bytes.extend(rows([], count, bucket));
    bytes
}

/// The lists of one Crashpad stream after its header: pairs, modules, and what the modules share.
fn crashpad(count: u32, places: &Places<'_>) -> Vec<u8> {
    let place = |index| (places.place)(index);
    let rva = |index| place(index).1;
    let pairs = places.at + 52;
    let links = pairs + 4 + 8 * count;
    let info = links + 4 + 12 * count;
    let texts = info + 28;
    let objects = texts + 4 + 4 * count;
    let mut head = [0; 13];
    (head[0], head[9], head[10], head[11], head[12]) = (1, 4 + 8 * count, pairs, 4 + 12 * count, links);
    // Every second module has the shared lists; the others have the targets of the references.
    let link = |index: u32| {
        let (size, at) = if index % 2 == 0 { (28, info) } else { place(index) };
        [index, size, at]
    };
    let lists = [1, 4 + 4 * count, texts, 4 + 8 * count, pairs, 4 + 12 * count, objects];
    let all = head.into_iter();
    let all = all.chain([count]).chain((0..count).flat_map(|index| [rva(index), rva(index)]));
    let all = all.chain([count]).chain((0..count).flat_map(link)).chain(lists);
    let all = all.chain([count]).chain((0..count).map(rva));
    words(all.chain([count]).chain((0..count).flat_map(|index| [rva(index), 1, rva(index)])))
}
