//! Unwind tables of ELF images in memory: `.eh_frame_hdr` and `.eh_frame`.
//!
//! Sections are not in memory, but program headers are, and one of them (`PT_GNU_EH_FRAME`) says where the first table is,
//! which says where the second one begins. That one ends with a record of length 0. The layouts are those of the System V
//! ABI (`elf.h`) and of the Linux Standard Base ("Exception Frames").

use crate::error::ReadError;
use crate::read::module::ElfImage;
use crate::read::{Budget, Interval};
use crate::redump::source::Source;

/// `PT_LOAD` and `PT_GNU_EH_FRAME`.
const LOAD: u32 = 1;
const EH_FRAME: u32 = 0x6474_e550;
/// The first length of a record whose length has 64 bits.
const LONG: u32 = u32::MAX;

/// Where `.eh_frame_hdr` of an image is, and `.eh_frame` as far as its records can be read. What is read is charged to the
/// budget.
pub(super) fn of_image(
    source: &Source<'_>,
    image: &ElfImage<'_, '_>,
    budget: &mut Budget,
) -> Result<[Option<Interval>; 2], ReadError> {
    budget.charge("Elf_Phdr", 0, image.size_of_headers())?;
    let Some((_, header)) = image.places(|segment| segment.kind == EH_FRAME).next() else { return Ok([None; 2]) };
    let mut loaded = image.places(|segment| segment.kind == LOAD).map(|(_, place)| place);
    let start = frames_at(source, header.start);
    let frames = start.and_then(|start| loaded.find(|place| place.has(start)).map(|it| Interval { start, ..it }));
    let Some(frames) = frames else { return Ok([Some(header), None]) };
    let last = last_of_records(source, frames, budget)?;
    Ok([Some(header), last.map(|last| Interval { last, ..frames })])
}

/// Where `.eh_frame` begins, by the encoded pointer in the header at an address.
fn frames_at(source: &Source<'_>, header: u64) -> Option<u64> {
    let [version, encoding] = source.memory.read_u16(header)?.to_le_bytes();
    let at = header.wrapping_add(4);
    // The low bits say what it is (`DW_EH_PE_udata4` and so on), the others what it is relative to.
    let value = match encoding & 0xf {
        0x0 => source.memory.read_pointer(at)?,
        0x2 => source.memory.read_u16(at)?.into(),
        0x3 => source.memory.read_u32(at)?.into(),
        0xa => extended(source.memory.read_u16(at)?.into(), 16),
        0xb => extended(source.memory.read_u32(at)?.into(), 32),
        0x4 | 0xc => source.memory.read_u64(at)?,
        _ => return None,
    };
    let relative_to = match encoding & 0xf0 {
        0x00 => 0,
        0x10 => at,
        0x30 => header,
        _ => return None,
    };
    (version == 1).then(|| source.target.mask(value.wrapping_add(relative_to)))
}

/// A signed number of so many bits.
const fn extended(value: u64, bits: u32) -> u64 {
    let sign = 1 << (bits - 1);
    (value ^ sign).wrapping_sub(sign)
}

/// The last address of the records that begin with `records` and do not reach beyond it.
fn last_of_records(source: &Source<'_>, records: Interval, budget: &mut Budget) -> Result<Option<u64>, ReadError> {
    let mut next = records.start;
    let mut last = None;
    while let Some(length) = source.memory.read_u32(next) {
        budget.charge("exception frame", 0, 4)?;
        let (head, length) = match length {
            LONG => (12, source.memory.read_u64(next.wrapping_add(4)).unwrap_or(0)),
            length => (4, length.into()),
        };
        let end = next.checked_add(head - 1).and_then(|end| end.checked_add(length));
        let Some(end) = end.filter(|&end| records.has(end)) else { break };
        last = Some(end);
        match end.checked_add(1).filter(|_| length != 0) {
            Some(following) => next = following,
            None => break,
        }
    }
    Ok(last)
}
