//! The structures of a minidump and their places, by the documented offsets.

use std::ops::Range;

use crate::facts::{Entry, Facts, Rva};

/// An entry of a list, a stream that is a single structure, or a part that one of these refers to.
#[derive(Debug)]
pub struct Structure {
    /// The type of its stream.
    pub kind: u32,
    /// The index of its stream among those of the same type.
    pub stream: usize,
    /// The index of the entry, or of the entry that refers to it.
    pub item: usize,
    pub name: &'static str,
    /// Its place in the file; `None` if it is not in the file or has no bytes.
    pub place: Option<Range<usize>>,
    /// The RVAs, and the sizes next to them, by place in the file.
    references: Vec<Range<usize>>,
    /// The offsets of 64-bit addresses in the structure.
    pub addresses: Vec<usize>,
}

impl Structure {
    /// Returns true for a byte of a field that refers to something.
    pub fn is_reference(&self, at: usize) -> bool {
        self.references.iter().any(|range| range.contains(&at))
    }

    /// Returns true for a part that other structures refer to, but that is not a stream.
    pub(super) fn is_piece(&self) -> bool {
        let pieces = layout(self.kind).map_or(&[][..], |(_, pieces)| pieces);
        self.name == OBJECT || pieces.iter().any(|piece| piece.0 == self.name)
    }

    /// Returns its bytes, with `None` in place of references.
    pub fn bytes(&self, file: &[u8]) -> Vec<Option<u8>> {
        let bytes = self.place.iter().flat_map(|place| place.clone());
        bytes.map(|at| if self.is_reference(at) { None } else { file.get(at).copied() }).collect()
    }
}

/// The entries of a list type: their documented size, the fields that refer to something, and the offsets of addresses.
struct Layout {
    name: &'static str,
    size: usize,
    references: &'static [(usize, usize)],
    addresses: &'static [usize],
}

/// The parts that an entry refers to: the name, the offset of the RVA, and the offset of the size.
type Pieces = &'static [(&'static str, usize, Option<usize>)];

fn layout(kind: u32) -> Option<(Layout, Pieces)> {
    let of = |name, size, references, addresses| Layout { name, size, references, addresses };
    Some(match kind {
        3 => (of("Thread", 48, &[(24, 48)], &[16]), &[("context", 44, Some(40))]),
        4 => (
            of("Module", 108, &[(20, 24), (76, 92)], &[0]),
            &[("name", 20, None), ("CodeView record", 80, Some(76)), ("miscellaneous record", 88, Some(84))],
        ),
        6 => (
            of(
                "ExceptionStream",
                168,
                &[(160, 168)],
                &[16, 24, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152],
            ),
            &[("context", 164, Some(160))],
        ),
        7 => (of("SystemInfo", 56, &[(24, 28)], &[]), &[("name", 24, None)]),
        8 => (of("ThreadEx", 64, &[(24, 64)], &[16]), &[("context", 44, Some(40))]),
        12 => (of("HandleDescriptor2", 40, &[(8, 16), (32, 36)], &[]), &[("type name", 8, None), ("name", 12, None)]),
        14 => (of("UnloadedModule", 24, &[(20, 24)], &[0]), &[("name", 20, None)]),
        15 => (of("process information", 1364, &[(0, 4)], &[]), &[]),
        16 => (of("MemoryInfo", 48, &[], &[0, 8]), &[]),
        17 => (of("ThreadInfo", 64, &[], &[48]), &[]),
        24 => (of("ThreadName", 12, &[(4, 12)], &[]), &[("name", 4, None)]),
        _ => return None,
    })
}

/// The streams that are carried with the parts that they refer to: those of Wine, Crashpad, Breakpad and Mozilla.
pub const RELOCATED: [u32; 5] = [0xfff0, 0x4350_0001, 0x4767_000a, 0x4d7a_0001, 0x4d7a_0002];

/// Returns all structures of the dump. Of streams that a dump should have only once, only the first is included.
pub fn of(facts: &Facts<'_>) -> Vec<Structure> {
    let mut all = Vec::new();
    let mut seen: Vec<u32> = Vec::new();
    for entry in facts.directory.iter().filter(|entry| entry.kind != 0 && is_there(facts, entry)) {
        let stream = seen.iter().filter(|kind| **kind == entry.kind).count();
        seen.push(entry.kind);
        match layout(entry.kind) {
            Some((layout, pieces)) if entry.kind == 6 || stream == 0 => {
                add_rows(facts, entry, stream, &layout, pieces, &mut all);
            }
            None if entry.kind == 18 => add_operations(facts, entry, stream, &mut all),
            // Memory is compared separately. Further lists of a type are ignored.
            None if ![5, 9].contains(&entry.kind) => all.push(whole(entry, stream)),
            _ => {}
        }
    }
    // The debugger sorts the regions by address.
    let (mut regions, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.kind == 16);
    let address = |at: usize| match facts.u64(at as u64) {
        address if is_narrow(facts) => i64::from(address as u32 as i32) as u64,
        address => address,
    };
    regions.sort_by_key(|it| it.place.as_ref().map_or(0, |place| address(place.start)));
    (0..).zip(&mut regions).for_each(|(item, region)| region.item = item);
    others.extend(regions);
    others
}

/// Returns true for a process with 32-bit addresses.
pub(super) fn is_narrow(facts: &Facts<'_>) -> bool {
    let system = facts.stream(7).filter(|entry| is_there(facts, entry) && entry.size >= 2);
    matches!(system.map(|it| facts.u16(it.rva.0)), Some(0 | 1 | 3 | 5 | 10 | 0x8001 | 0x8002))
}

pub fn is_there(facts: &Facts<'_>, entry: &Entry) -> bool {
    entry.rva.0 + u64::from(entry.size) <= facts.bytes.len() as u64
}

fn whole(entry: &Entry, stream: usize) -> Structure {
    let start = entry.rva.0 as usize;
    plain(entry.kind, stream, 0, "stream", start..start + entry.size as usize)
}

/// Returns a structure without references.
fn plain(kind: u32, stream: usize, item: usize, name: &'static str, place: Range<usize>) -> Structure {
    let place = Some(place).filter(|place| !place.is_empty());
    Structure { kind, stream, item, name, place, references: Vec::new(), addresses: Vec::new() }
}

pub(super) const OPERATION: &str = "handle operation";
pub(super) const BESIDE_OPERATIONS: [&str; 2] = ["header of handle operations", "bytes after handle operations"];

/// Adds the header of a list of handle operations without the entry size, the entries, and the bytes after them. (In other
/// lists, bytes after the entries are checked separately.) An invalid list is one structure.
fn add_operations(facts: &Facts<'_>, entry: &Entry, stream: usize, all: &mut Vec<Structure>) {
    let (at, size) = (entry.rva.0 as usize, entry.size as usize);
    let number = |place: usize| facts.u32((at + place) as u64) as usize;
    let is_list = size >= 16 && (16..=size).contains(&number(0)) && number(4) >= 32 && number(8) > 0;
    if !is_list {
        return all.push(whole(entry, stream));
    }
    let (header, row) = (number(0), number(4));
    let count = number(8).min((size - header) / row);
    let of = |item, name, place: Range<usize>| plain(entry.kind, stream, item, name, place.start + at..place.end + at);
    let [before, after] = BESIDE_OPERATIONS;
    all.push(Structure { references: std::iter::once(at + 4..at + 8).collect(), ..of(0, before, 0..header) });
    all.extend((0..count).map(|item| of(item, OPERATION, header + item * row..header + (item + 1) * row)));
    all.push(of(0, after, header + count * row..size));
}

/// Returns the offsets of the entries of a list, and their size in the file.
pub fn rows(facts: &Facts<'_>, entry: &Entry) -> (Vec<usize>, usize) {
    let (at, size) = (entry.rva.0, u64::from(entry.size));
    let (first, row, count) = match entry.kind {
        3 | 4 | 8 | 24 => {
            let row = match entry.kind {
                3 => 48,
                4 => 108,
                8 => 64,
                _ => 12,
            };
            let count = u64::from(facts.u32(at));
            (if count > 0 && size == 8 + count * row { 8 } else { 4 }, row, count)
        }
        12 | 14 | 16 | 17 => {
            let count = if entry.kind == 16 { facts.u64(at + 8) } else { u64::from(facts.u32(at + 8)) };
            (u64::from(facts.u32(at)), u64::from(facts.u32(at + 4)), count)
        }
        _ => (0, size, 1),
    };
    let starts = (0..count.min(size / row.max(1))).map(|index| (at + first + index * row) as usize);
    (starts.filter(|start| start + row as usize <= (at + size) as usize).collect(), row as usize)
}

/// Returns true if a list has exactly the size of its entries, and these have at least the documented size; for a stream that
/// is a single structure, if it is large enough; for other streams, always.
pub(super) fn rows_fit(facts: &Facts<'_>, entry: &Entry) -> bool {
    let (at, size) = (entry.rva.0, u64::from(entry.size));
    let counted = |row: u64| {
        let rows = (size >= 4).then(|| u64::from(facts.u32(at)) * row);
        rows.is_some_and(|rows| size == 4 + rows || rows > 0 && size == 8 + rows)
    };
    match entry.kind {
        5 => return counted(16),
        9 => {
            return size >= 16
                && facts.u64(at).checked_mul(16) == Some(size - 16)
                && (0..facts.u64(at))
                    .try_fold(facts.u64(at + 8), |end, row| end.checked_add(facts.u64(at + 24 + 16 * row)))
                    .is_some_and(|end| end <= facts.bytes.len() as u64);
        }
        _ => {}
    }
    let Some((layout, _)) = layout(entry.kind) else { return true };
    let documented = layout.size as u64;
    match entry.kind {
        3 | 4 | 8 | 24 => counted(documented),
        12 | 14 | 16 | 17 => {
            let least = if entry.kind == 12 { 32 } else { documented };
            let documented_header = if matches!(entry.kind, 12 | 16) { 16 } else { 12 };
            if size < documented_header {
                return false;
            }
            let (header, row) = (u64::from(facts.u32(at)), u64::from(facts.u32(at + 4)));
            let count = if entry.kind == 16 { facts.u64(at + 8) } else { u64::from(facts.u32(at + 8)) };
            header == documented_header
                && row >= least
                && count.checked_mul(row).is_some_and(|rows| rows == size - header)
        }
        15 => size >= 24,
        _ => size >= documented,
    }
}

fn add_rows(
    facts: &Facts<'_>,
    entry: &Entry,
    stream: usize,
    layout: &Layout,
    pieces: Pieces,
    all: &mut Vec<Structure>,
) {
    let (starts, size) = rows(facts, entry);
    for (item, start) in starts.into_iter().enumerate() {
        let moved = |range: &(usize, usize)| start + range.0..start + range.1;
        let known = size.min(layout.size);
        all.push(Structure {
            kind: entry.kind,
            stream,
            item,
            name: layout.name,
            place: Some(start..start + size),
            references: layout.references.iter().map(moved).collect(),
            addresses: layout.addresses.to_vec(),
        });
        for &(name, position, extent) in pieces.iter().filter(|piece| piece.1 + 4 <= known) {
            let wide = entry.kind == 24;
            let at = (start + position) as u64;
            let position = if wide { facts.u64(at) } else { facts.rva(at).0 };
            let place = match extent {
                Some(extent) => located(facts, position, u64::from(facts.u32((start + extent) as u64))),
                None => text(facts, position).map(|(place, _)| place),
            };
            all.push(Structure {
                kind: entry.kind,
                stream,
                item,
                name,
                place: place.filter(|place| !place.is_empty()),
                references: Vec::new(),
                addresses: Vec::new(),
            });
        }
        if entry.kind == 12 && size >= 40 {
            objects(facts, (entry.kind, stream, item), facts.rva((start + 32) as u64), all);
        }
    }
}

pub(super) const OBJECT: &str = "object information";

/// Adds the object information records, without their references to each other.
fn objects(facts: &Facts<'_>, (kind, stream, item): (u32, usize, usize), mut at: Rva, all: &mut Vec<Structure>) {
    let before = all.len();
    // The limit ends cyclic chains.
    while at.0 != 0 && at.0 + 12 <= facts.bytes.len() as u64 && all.len() - before < 1000 {
        let start = at.0 as usize;
        let Some(rest) = located(facts, at.0 + 12, u64::from(facts.u32(at.0 + 8))) else { return };
        let place = start + 4..rest.end.max(start + 12);
        let (references, addresses) = (Vec::new(), Vec::new());
        all.push(Structure { kind, stream, item, name: OBJECT, place: Some(place), references, addresses });
        at = facts.rva(at.0);
    }
}

fn located(facts: &Facts<'_>, position: u64, size: u64) -> Option<Range<usize>> {
    let is_there = size > 0 && position > 0 && position + size <= facts.bytes.len() as u64;
    is_there.then(|| position as usize..(position + size) as usize)
}

/// Returns the place of the code units of a string up to the first NUL, and of the rest up to the end of the string.
pub fn text(facts: &Facts<'_>, position: u64) -> Option<(Range<usize>, Range<usize>)> {
    if position == 0 || position.saturating_add(4) > facts.bytes.len() as u64 {
        return None;
    }
    let all = located(facts, position + 4, u64::from(facts.u32(position))).unwrap_or(0..0);
    let units = all.clone().step_by(2).filter(|at| at + 2 <= all.end);
    let end = units.clone().find(|at| facts.u16(*at as u64) == 0).unwrap_or(all.end);
    Some((all.start..end, end..all.end))
}
