//! Edits the bytes of one stream: entries are removed, changed or added.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::format::{FieldOffset, LocationDescriptor, RvaWidth};
use crate::read::Interval;
use crate::write::encoded;

use crate::redump::as_is::inventory::Held;
use crate::redump::edits::Linked;

/// The target of a field in the result.
#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    /// The bytes at this offset in the source.
    Source { value: u64, target: Option<Interval>, is_optional: bool },
    /// The new part with this index.
    New(usize),
}

/// A field of an edited stream or of a new part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) width: RvaWidth,
    pub(super) to: To,
}

/// Bytes that are added to the file.
#[derive(Debug, Default)]
pub(super) struct NewPart {
    pub(super) bytes: Vec<u8>,
    /// The file offset is a multiple of this.
    pub(super) align: u64,
    /// The fields in it, by offset.
    pub(super) links: BTreeMap<u64, Link>,
}

impl NewPart {
    /// Creates a part without file offsets.
    pub(super) fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), align: 8, links: BTreeMap::new() }
    }

    /// Returns the offsets in the source that its fields still refer to.
    pub(super) fn sources(&self) -> impl Iterator<Item = u64> + '_ {
        self.links.values().filter_map(|link| match link.to {
            To::Source { value, .. } => Some(value),
            To::New(_) => None,
        })
    }

    /// Creates a `MINIDUMP_STRING` from little-endian code units.
    pub(super) fn text(units: &[u8]) -> Self {
        let length = u32::try_from(units.len()).unwrap_or(u32::MAX);
        Self { align: 4, ..Self::plain([&length.to_le_bytes()[..], units, &[0, 0]].concat()) }
    }
}

/// A stream and its entries; the bytes before `first` are its header.
#[derive(Debug)]
pub(super) struct StreamEdit {
    bytes: Vec<u8>,
    links: BTreeMap<u64, Link>,
    first: u64,
    size: u64,
    entries: u64,
    /// The offset of the number of entries, which takes four bytes.
    count_at: u64,
    dropped: Vec<u64>,
    added: Vec<NewPart>,
    is_changed: bool,
}

/// A stream after editing.
#[derive(Debug)]
pub(super) struct Edited {
    pub(super) part: NewPart,
    /// The change of its size in bytes.
    pub(super) growth: i128,
}

impl StreamEdit {
    /// Starts with the unchanged stream. The tuple contains the offset of the first entry, the size of an entry, and the
    /// number of entries.
    pub(super) fn new(held: &Held<'_>, (first, size, entries): (u64, u64, u64), count_at: u64) -> Self {
        let stream = held.stream.grown(held.own);
        let own = usize::try_from(held.own).unwrap_or(usize::MAX);
        let bytes = stream.bytes();
        let bytes = bytes.get(..own).unwrap_or(bytes).to_vec();
        let start = stream.offset();
        let fields = held.fields().filter_map(|field| {
            let at = field.at.checked_sub(start).filter(|at| *at < bytes.len() as u64)?;
            let to = To::Source { value: field.value, target: field.target, is_optional: field.is_optional };
            Some((at, Link { width: field.width, to }))
        });
        let links = fields.collect();
        let (dropped, added) = (Vec::new(), Vec::new());
        Self { bytes, links, first, size, entries, count_at, dropped, added, is_changed: false }
    }

    /// Removes an entry.
    pub(super) fn drop_entry(&mut self, index: u64) {
        self.dropped.push(index);
        self.is_changed = true;
    }

    /// Appends an entry with its fields.
    pub(super) fn add_entry(&mut self, mut entry: NewPart) {
        entry.bytes.resize(usize::try_from(self.size).unwrap_or(0), 0);
        self.added.push(entry);
        self.is_changed = true;
    }

    /// Returns the offset of an entry.
    const fn entry(&self, index: u64) -> u64 {
        self.first.saturating_add(index.saturating_mul(self.size))
    }

    fn write(&mut self, at: u64, bytes: &[u8]) {
        let room = usize::try_from(at).ok().and_then(|at| self.bytes.get_mut(at..)).unwrap_or_default();
        room.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.is_changed = true;
    }

    /// Writes the bytes that differ between two encodings of the record of an entry.
    pub(super) fn record(&mut self, index: u64, old: &[u8], new: &[u8]) {
        let start = self.entry(index);
        for (at, (old, new)) in (start..).zip(old.iter().zip(new)) {
            if old != new {
                self.write(at, &[*new]);
            }
        }
    }

    /// Makes a field of an entry refer to a new part.
    pub(super) fn refer<S, P>(&mut self, index: u64, field: FieldOffset<S, P>, width: RvaWidth, new: usize) {
        let at = self.entry(index).saturating_add(field.get() as u64);
        self.links.insert(at, Link { width, to: To::New(new) });
        self.is_changed = true;
    }

    /// Makes a location of an entry refer to other bytes, which become a new part, or to nothing.
    pub(super) fn relocate<S>(
        &mut self,
        index: u64,
        field: FieldOffset<S, LocationDescriptor>,
        linked: Linked,
        new: &mut Vec<NewPart>,
    ) {
        let at = self.entry(index).saturating_add(field.get() as u64);
        let rva = at.saturating_add(LocationDescriptor::OFFSETS.rva.get() as u64);
        let bytes = match linked {
            Linked::Kept => return,
            Linked::Replaced(bytes) => Some(bytes),
            Linked::Removed => None,
        };
        // A size that does not fit 32 bits does not fit the file either; this is reported when the part is placed.
        let data_size = bytes.as_ref().map_or(0, |bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.write(at, &encoded(LocationDescriptor { data_size, rva: 0 }));
        self.links.remove(&rva);
        if let Some(bytes) = bytes {
            self.links.insert(rva, Link { width: RvaWidth::Rva, to: To::New(new.len()) });
            new.push(NewPart::plain(bytes));
        }
    }

    /// Returns the edited stream; `None` if nothing has changed.
    pub(super) fn finish(mut self) -> Option<Edited> {
        if !self.is_changed {
            return None;
        }
        let (before, dropped, added) = (self.bytes.len(), self.dropped.len() as u64, self.added.len() as u64);
        if dropped + added > 0 {
            let at = usize::try_from(self.count_at).unwrap_or(usize::MAX);
            let count =
                self.bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |count| u32::from_le_bytes(*count));
            let count = u64::from(count).saturating_sub(dropped).saturating_add(added);
            self.write(self.count_at, &u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        let entries = self.entry(0)..self.entry(self.entries);
        let mut bytes = Vec::with_capacity(before);
        let mut links = BTreeMap::new();
        let mut append = |from: &[u8], of: &BTreeMap<u64, Link>, range: core::ops::Range<u64>| {
            let to = bytes.len() as u64;
            links.extend(of.range(range.clone()).map(|(at, link)| (at - range.start + to, *link)));
            bytes.extend_from_slice(from);
        };
        let part = |range: core::ops::Range<u64>| {
            let (start, end) = (usize::try_from(range.start).ok(), usize::try_from(range.end).ok());
            let whole = start.zip(end).and_then(|(start, end)| self.bytes.get(start..end.min(self.bytes.len())));
            whole.unwrap_or_default()
        };
        let end = self.bytes.len() as u64;
        append(part(0..entries.start), &self.links, 0..entries.start);
        let mut dropped = self.dropped.iter().copied().peekable();
        for index in 0..self.entries {
            let entry = self.entry(index)..self.entry(index + 1);
            if dropped.next_if_eq(&index).is_none() {
                append(part(entry.clone()), &self.links, entry);
            }
        }
        for entry in &self.added {
            append(&entry.bytes, &entry.links, 0..entry.bytes.len() as u64);
        }
        append(part(entries.end..end), &self.links, entries.end..end.max(entries.end));
        let growth = bytes.len() as i128 - before as i128;
        Some(Edited { part: NewPart { bytes, align: 8, links }, growth })
    }
}
