//! Unwind tables of ELF images in memory: `.eh_frame_hdr` and `.eh_frame`.
//!
//! Sections are not in memory, but program headers are, and one of them (`PT_GNU_EH_FRAME`) says where the first table is,
//! which says where the second one begins. That one ends with a record of length 0. The layouts are those of the System V
//! ABI (`elf.h`) and of the Linux Standard Base ("Exception Frames").

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::read::{Budget, Interval};
use crate::redump::source::Source;

const MAGIC: u32 = u32::from_le_bytes(*b"\x7fELF");
/// `PT_LOAD` and `PT_GNU_EH_FRAME`.
const LOAD: u32 = 1;
const EH_FRAME: u32 = 0x6474_e550;
/// `PN_XNUM`: there are so many program headers that their number is in a section.
const MOST_HEADERS: u16 = u16::MAX;
/// The first length of a record whose length has 64 bits.
const LONG: u32 = u32::MAX;

/// The tables of an image.
pub(super) struct EhFrame {
    /// `.eh_frame_hdr`
    pub(super) header: Interval,
    /// `.eh_frame`, as far as its records can be read.
    pub(super) frames: Option<Interval>,
}

/// A part of an image as a program header has it.
struct Segment {
    kind: u32,
    position: u64,
    address: u64,
    size: u64,
}

/// The image at `base`; `None` if it is not one of ELF, or has no such tables. What is read is charged to the budget.
pub(super) fn of_image(source: &Source<'_>, base: u64, budget: &mut Budget) -> Result<Option<EhFrame>, ReadError> {
    let segments = segments(source, base, budget)?;
    let Some(first) = segments.iter().find(|it| it.kind == LOAD && it.position == 0) else { return Ok(None) };
    let interval = |segment: &Segment| {
        let start = base.wrapping_add(segment.address.wrapping_sub(first.address));
        source.target.interval(start, segment.size)
    };
    let Some(header) = segments.iter().find(|it| it.kind == EH_FRAME).and_then(interval) else { return Ok(None) };
    let start = frames_at(source, header.start);
    let within =
        |start: &u64| segments.iter().filter(|it| it.kind == LOAD).filter_map(interval).find(|it| it.has(*start));
    let Some((start, segment)) = start.and_then(|start| Some((start, within(&start)?))) else {
        return Ok(Some(EhFrame { header, frames: None }));
    };
    let last = last_of_records(source, Interval { start, ..segment }, budget)?;
    Ok(Some(EhFrame { header, frames: last.map(|last| Interval { start, last }) }))
}

fn segments(source: &Source<'_>, base: u64, budget: &mut Budget) -> Result<Vec<Segment>, ReadError> {
    let memory = &source.memory;
    let at = |position: u64| base.wrapping_add(position);
    let is_wide = memory.read_u8(at(4)) == Some(2);
    if memory.read_u32(at(0)) != Some(MAGIC) {
        return Ok(Vec::new());
    }
    let width = if is_wide { 8 } else { 4 };
    let [table, step, count] = if is_wide { [32, 54, 56] } else { [28, 42, 44] };
    let table = memory.read_integer(at(table), width);
    let sizes = memory.read_u16(at(step)).zip(memory.read_u16(at(count)));
    let Some((table, (step, count))) = table.zip(sizes).filter(|(_, (_, count))| *count != MOST_HEADERS) else {
        return Ok(Vec::new());
    };
    let fields = if is_wide { [8, 16, 40] } else { [4, 8, 20] };
    let mut segments = Vec::new();
    for number in 0..u64::from(count) {
        budget.charge("program header", 0, step.into())?;
        let header = at(table.wrapping_add(number * u64::from(step)));
        let Some(kind) = memory.read_u32(header) else { break };
        if kind != LOAD && kind != EH_FRAME {
            continue;
        }
        let [position, address, size] = fields.map(|field| memory.read_integer(header.wrapping_add(field), width));
        let Some(((position, address), size)) = position.zip(address).zip(size) else { break };
        segments.push(Segment { kind, position, address, size });
    }
    Ok(segments)
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
        0xa => i64::from(source.memory.read_u16(at)?.cast_signed()).cast_unsigned(),
        0xb => i64::from(source.memory.read_u32(at)?.cast_signed()).cast_unsigned(),
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
