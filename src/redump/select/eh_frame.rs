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

/// A part of an image as a program header has it.
struct Segment {
    kind: u32,
    position: u64,
    address: u64,
    size: u64,
}

/// Where the tables of the image at `base` are, with the headers that lead to them: the image's own, program headers,
/// `.eh_frame_hdr`, and `.eh_frame` as far as its records can be read. Nothing, if it is not an image of ELF or has no such
/// tables. What is read is charged to the budget.
pub(super) fn of_image(source: &Source<'_>, base: u64, budget: &mut Budget) -> Result<Vec<Interval>, ReadError> {
    let Some(headers) = Headers::of(source, base) else { return Ok(Vec::new()) };
    let segments = headers.segments(source, budget)?;
    let Some(first) = segments.iter().find(|it| it.kind == LOAD && it.position == 0) else { return Ok(Vec::new()) };
    let interval = |segment: &Segment| {
        let start = base.wrapping_add(segment.address.wrapping_sub(first.address));
        source.target.interval(start, segment.size)
    };
    let Some(header) = segments.iter().find(|it| it.kind == EH_FRAME).and_then(interval) else {
        return Ok(Vec::new());
    };
    let mut parts: Vec<Interval> = headers.places(source).chain([header]).collect();
    let segment_of = |start: u64| {
        segments.iter().filter(|it| it.kind == LOAD).filter_map(interval).find(|segment| segment.has(start))
    };
    let frames = frames_at(source, header.start);
    if let Some((start, segment)) = frames.and_then(|start| Some((start, segment_of(start)?))) {
        let last = last_of_records(source, Interval { start, ..segment }, budget)?;
        parts.extend(last.map(|last| Interval { start, last }));
    }
    Ok(parts)
}

/// Where an image has its program headers.
struct Headers {
    base: u64,
    /// The size of a field that is as wide as an address, in bytes.
    width: u32,
    table: u64,
    step: u16,
    count: u16,
}

impl Headers {
    fn of(source: &Source<'_>, base: u64) -> Option<Self> {
        let memory = &source.memory;
        let at = |position: u64| base.wrapping_add(position);
        if memory.read_u32(at(0))? != MAGIC {
            return None;
        }
        let is_wide = memory.read_u8(at(4))? == 2;
        let width = if is_wide { 8 } else { 4 };
        let [table, step, count] = if is_wide { [32, 54, 56] } else { [28, 42, 44] };
        let table = memory.read_integer(at(table), width)?;
        let (step, count) = (memory.read_u16(at(step))?, memory.read_u16(at(count))?);
        (count != MOST_HEADERS).then_some(Self { base, width, table, step, count })
    }

    /// The header of the image and the program headers.
    fn places(&self, source: &Source<'_>) -> impl Iterator<Item = Interval> + use<> {
        let size = if self.width == 8 { 64 } else { 52 };
        let table = source.target.above(self.base, self.table);
        let table = table.and_then(|at| source.target.interval(at, u64::from(self.step) * u64::from(self.count)));
        source.target.interval(self.base, size).into_iter().chain(table)
    }

    fn segments(&self, source: &Source<'_>, budget: &mut Budget) -> Result<Vec<Segment>, ReadError> {
        let &Self { base, width, table, step, count } = self;
        let memory = &source.memory;
        let fields = if width == 8 { [8, 16, 40] } else { [4, 8, 20] };
        let mut segments = Vec::new();
        for number in 0..u64::from(count) {
            budget.charge("program header", 0, step.into())?;
            let header = base.wrapping_add(table.wrapping_add(number * u64::from(step)));
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
