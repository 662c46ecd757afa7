//! Windows images as loaded in memory: their headers are built and parsed by hand.

use std::ops::Range;

use super::cpu::{Cpu, put};

/// The position of the PE signature and file header in the images made here.
pub const SIGNATURE_AT: usize = 0x80;
/// The position of the section headers in 64-bit and in 32-bit images.
pub const TABLE_AT: [usize; 2] = [SIGNATURE_AT + 24 + 240, SIGNATURE_AT + 24 + 224];

/// The relevant fields of a section header: name, position, size, characteristics.
pub type Section<'a> = (&'a str, u32, u32, u32);

/// Sections, and the ranges of their headers.
pub type Sections = (Vec<Range<u64>>, [Range<u64>; 2]);

pub const DATA: u32 = 0xc000_0040;
pub const CODE: u32 = 0x6000_0020;

/// The headers of an image, a page or more.
pub fn headers(cpu: Cpu, sections: &[Section<'_>]) -> Vec<u8> {
    let (size, magic, table) = if cpu.word == 8 { (240u16, 0x20bu16, TABLE_AT[0]) } else { (224, 0x10b, TABLE_AT[1]) };
    let mut bytes = vec![0; (table + 40 * sections.len()).next_multiple_of(0x1000)];
    put(&mut bytes, 0, b"MZ");
    put(&mut bytes, 0x3c, &(SIGNATURE_AT as u32).to_le_bytes());
    put(&mut bytes, SIGNATURE_AT, b"PE\0\0");
    put(&mut bytes, SIGNATURE_AT + 6, &(sections.len() as u16).to_le_bytes());
    put(&mut bytes, SIGNATURE_AT + 20, &size.to_le_bytes());
    put(&mut bytes, SIGNATURE_AT + 24, &magic.to_le_bytes());
    for (index, (name, position, size, characteristics)) in sections.iter().enumerate() {
        let at = table + 40 * index;
        put(&mut bytes, at, name.as_bytes());
        put(&mut bytes, at + 8, &size.to_le_bytes());
        put(&mut bytes, at + 12, &position.to_le_bytes());
        // The size of the raw data, which is ignored.
        put(&mut bytes, at + 16, &0x200u32.to_le_bytes());
        put(&mut bytes, at + 36, &characteristics.to_le_bytes());
    }
    bytes
}

/// The sections of the image at `base` that are data, or code, and its headers in two ranges. `read` returns the bytes
/// at an address, or fewer where they end.
pub fn sections(base: u64, data: bool, code: bool, read: impl Fn(u64, u64) -> Vec<u8>) -> Option<Sections> {
    let number = |at: u64, size: u64| {
        let bytes = read(base + at, size);
        (bytes.len() as u64 == size).then(|| bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    };
    let span = |at: u64, size: u64| base + at..base + at + size;
    let signature = number(0x3c, 4).filter(|at| number(0, 2) == Some(0x5a4d) && number(*at, 4) == Some(0x4550))?;
    let mut wanted = Vec::new();
    let mut at = signature + 24 + number(signature + 20, 2).unwrap_or(0);
    for _ in 0..number(signature + 6, 2).unwrap_or(0) {
        let fields = [8, 12, 36].map(|field| number(at + field, 4));
        let [Some(size), Some(position), Some(flags)] = fields else {
            break;
        };
        let is_data = flags & 0xc000_0000 == 0xc000_0000 && flags & 0xc0 != 0;
        if size > 0 && (data && is_data || code && flags & 0x20 != 0) {
            wanted.push(span(position, size));
        }
        at += 40;
    }
    Some((wanted, [span(0, 0x200), span(signature, at - signature)]))
}

/// The headers of the image at `base`, the parts that its data directory describes, and its debug records.
pub fn described(base: u64, read: impl Fn(u64, u64) -> Vec<u8>) -> Vec<Range<u64>> {
    let number = |at: u64, size: u64| {
        let bytes = read(base + at, size);
        (bytes.len() as u64 == size).then(|| bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    };
    let span = |at: u64, size: u64| base + at..base + at + size;
    let signature = number(0x3c, 4).filter(|at| number(0, 2) == Some(0x5a4d) && number(*at, 4) == Some(0x4550));
    let Some(signature) = signature else { return Vec::new() };
    let table = signature + if number(signature + 24, 2) == Some(0x20b) { 24 + 112 } else { 24 + 96 };
    let end = signature + 24 + number(signature + 20, 2).unwrap_or(0);
    let mut parts: Vec<_> = number(signature + 24 + 60, 4).map(|size| span(0, signature + size)).into_iter().collect();
    for index in (0..number(table - 4, 4).unwrap_or(0).min(16)).filter(|index| *index != 4) {
        let at = table + 8 * index;
        let Some((position, size)) = number(at, 4).zip(number(at + 4, 4)).filter(|_| at + 8 <= end) else { break };
        if position == 0 {
            continue;
        }
        parts.push(span(position, size));
        for entry in (0..size / 28).filter(|_| index == 6).map(|entry| position + 28 * entry) {
            let kind = number(entry + 12, 4).filter(|kind| [2, 4].contains(kind));
            let record = kind.and_then(|_| number(entry + 20, 4).zip(number(entry + 16, 4)));
            parts.extend(record.filter(|(at, _)| *at != 0).map(|(at, size)| span(at, size)));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
