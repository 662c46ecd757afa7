//! Finds the unwind tables of ELF images in memory: `.eh_frame_hdr` and `.eh_frame`.
//!
//! Section headers are not in memory, but program headers are. One of them (`PT_GNU_EH_FRAME`) gives the location of
//! `.eh_frame_hdr`, which gives the start of `.eh_frame`. The latter ends with a record of length 0. The layouts are
//! those of the System V ABI (`elf.h`) and of the Linux Standard Base ("Exception Frames").

use crate::error::ReadError;
use crate::read::module::ElfImage;
use crate::read::{Budget, Interval};
use crate::redump::source::Source;

/// `PT_LOAD` and `PT_GNU_EH_FRAME`.
const LOAD: u32 = 1;
const EH_FRAME: u32 = 0x6474_e550;
/// The value of the 32-bit length that announces a 64-bit length.
const LONG: u32 = u32::MAX;

/// Returns the locations of `.eh_frame_hdr` and of `.eh_frame`, the latter as far as its records can be read. Charges
/// the budget for what is read.
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

/// Returns the start of `.eh_frame`, according to the encoded pointer in the header at an address.
fn frames_at(source: &Source<'_>, header: u64) -> Option<u64> {
    let [version, encoding] = source.memory.read_u16(header)?.to_le_bytes();
    let at = header.wrapping_add(4);
    // The low bits are the format (`DW_EH_PE_udata4` and so on), the high bits what the value is relative to.
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

/// Sign-extends a number of `bits` bits.
const fn extended(value: u64, bits: u32) -> u64 {
    let sign = 1 << (bits - 1);
    (value ^ sign).wrapping_sub(sign)
}

/// Returns the last address of the records that begin at the start of `records` and end within it.
fn last_of_records(source: &Source<'_>, records: Interval, budget: &mut Budget) -> Result<Option<u64>, ReadError> {
    let mut next = records.start;
    let mut last = None;
    while let Some(length) = source.memory.read_u32(next) {
        budget.charge("exception frame", 0, 4)?;
        let (header, length) = match length {
            LONG => (12, source.memory.read_u64(next.wrapping_add(4)).unwrap_or(0)),
            length => (4, length.into()),
        };
        let end = next.checked_add(header - 1).and_then(|end| end.checked_add(length));
        let Some(end) = end.filter(|&end| records.has(end)) else { break };
        last = Some(end);
        match end.checked_add(1).filter(|_| length != 0) {
            Some(following) => next = following,
            None => break,
        }
    }
    Ok(last)
}
