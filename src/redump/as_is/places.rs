//! Assigns new file offsets, and updates the fields that contain them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::error::{Item, WriteError};
use crate::format::{DirectoryEntry, LocationDescriptor, RvaWidth, StreamType};

use crate::redump::as_is::choice::{Choice, Place};
use crate::redump::as_is::inventory::Inventory;
use crate::redump::as_is::patches::Patches;
use crate::redump::as_is::shift::{ALIGN, Shift};
use crate::redump::as_is::stream_edit::{Link, NewPart, To};

const STREAM: Item = Item { name: "stream", index: None };

pub(super) fn rva(item: Item, position: u64) -> Result<u32, WriteError> {
    u32::try_from(position).map_err(|_| WriteError::RvaOverflow { item, offset: position, size: 0 })
}

/// Returns the offset of each new part from the end of the old directory, and the total size.
pub(super) fn place(end: u64, more: u64, new: &[NewPart]) -> Result<(Vec<u64>, u64), WriteError> {
    let mut at = end.saturating_add(more);
    let mut places = Vec::with_capacity(new.len());
    for part in new {
        at = at.next_multiple_of(part.align.max(1));
        places.push(at - end);
        at = at.saturating_add(part.bytes.len() as u64);
    }
    // Everything after this moves by a multiple of the alignment.
    let size = (at - end).next_multiple_of(ALIGN);
    rva(STREAM, end.saturating_add(size))?;
    Ok((places, size))
}

/// Returns the inserted bytes: the rest of the directory, and the new parts.
pub(super) fn new_bytes(rest: Vec<u8>, new: &[NewPart], places: &[u64], size: u64) -> Vec<u8> {
    let mut bytes = rest;
    for (part, at) in new.iter().zip(places) {
        bytes.resize(usize::try_from(*at).unwrap_or(bytes.len()), 0);
        bytes.extend_from_slice(&part.bytes);
    }
    bytes.resize(usize::try_from(size).unwrap_or(bytes.len()), 0);
    bytes
}

/// Returns the directory of the result.
pub(super) fn directory(
    choice: &Choice,
    new: &[NewPart],
    moved: &BTreeMap<usize, usize>,
    shift: &Shift,
    at_new: &dyn Fn(usize) -> u64,
) -> Result<Vec<DirectoryEntry>, WriteError> {
    let of_new = |stream_type, number: usize| {
        let size = new.get(number).map_or(0, |part| part.bytes.len() as u64);
        let data_size = u32::try_from(size).map_err(|_| WriteError::SizeOverflow {
            item: STREAM,
            found: size,
            unit: "bytes",
            limit: u32::MAX.into(),
        })?;
        let location = LocationDescriptor { data_size, rva: rva(STREAM, at_new(number))? };
        Ok(DirectoryEntry { stream_type, location })
    };
    let entry = |&(stream_type, place): &(StreamType, Place)| match place {
        Place::New(number) => of_new(stream_type, number),
        Place::Source(_, number) if moved.contains_key(&number) => {
            of_new(stream_type, moved.get(&number).copied().unwrap_or(usize::MAX))
        }
        Place::Source(entry, number) => {
            let mut location = entry.location;
            if location.rva != 0 {
                // An offset outside the file stays outside, as far as 32 bits allow.
                let position = shift.position(location.rva.into());
                let is_inside = position < shift.size;
                location.rva =
                    rva(STREAM, position).or_else(|error| if is_inside { Err(error) } else { Ok(u32::MAX) })?;
            }
            let growth = choice.edited.get(&number).map_or(0, |edited| edited.growth);
            let size = i128::from(location.data_size) + growth;
            location.data_size = u32::try_from(size.max(0)).unwrap_or(u32::MAX);
            Ok(DirectoryEntry { stream_type, location })
        }
    };
    choice.directory.iter().map(entry).collect()
}

/// Maps the targets of fields to file offsets in the result.
pub(super) struct Links<'l> {
    pub(super) shift: &'l Shift,
    pub(super) at_new: &'l dyn Fn(usize) -> u64,
}

impl Links<'_> {
    /// Returns the new value of a field.
    fn value(&self, link: &Link) -> Result<u64, WriteError> {
        let (position, is_optional, is_inside) = match link.to {
            To::New(number) => ((self.at_new)(number), false, true),
            To::Source { value, is_optional, .. } => {
                let position = self.shift.position(value);
                (position, is_optional, position < self.shift.size)
            }
        };
        match link.width {
            RvaWidth::Rva64 => Ok(position),
            RvaWidth::Rva if u32::try_from(position).is_ok() => Ok(position),
            // Its target is also found by address.
            RvaWidth::Rva if is_optional => Ok(0),
            RvaWidth::Rva if !is_inside => Ok(u32::MAX.into()),
            RvaWidth::Rva => Err(WriteError::RvaOverflow { item: STREAM, offset: position, size: 0 }),
        }
    }

    /// Updates all fields of a part.
    pub(super) fn write(&self, part: &mut NewPart) -> Result<(), WriteError> {
        for (at, link) in &part.links {
            let value = self.value(link)?.to_le_bytes();
            let room = usize::try_from(*at).ok().and_then(|at| part.bytes.get_mut(at..)).unwrap_or_default();
            let width = usize::try_from(link.width.bytes()).unwrap_or(0);
            room.iter_mut().zip(value).take(width).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

/// Updates each field of the source that is kept, and writes streams that are edited in place.
pub(super) fn write_links(
    inventory: &Inventory<'_>,
    choice: &mut Choice,
    moved: &BTreeMap<usize, usize>,
    links: &Links<'_>,
    patches: &mut Patches,
) -> Result<(), WriteError> {
    for (number, held) in inventory.held.iter().enumerate() {
        if choice.kept.get(number) != Some(&true) {
            continue;
        }
        let edited = choice.edited.get_mut(&number);
        let own = held.interval().filter(|_| edited.is_some());
        // The fields of an edited stream are in its new bytes.
        let fields = held.fields().filter(|field| !links.shift.is_none() && !own.is_some_and(|own| own.has(field.at)));
        for field in fields {
            let to = To::Source { value: field.value, target: field.target, is_optional: field.is_optional };
            let value = links.value(&Link { width: field.width, to })?;
            if value != field.value {
                patches.integer(field.at, field.width.bytes(), value);
            }
        }
        let start = held.stream.offset();
        match edited {
            Some(edited) if !moved.contains_key(&number) => {
                links.write(&mut edited.part)?;
                let size = usize::try_from(held.own).unwrap_or(usize::MAX);
                let mut bytes = core::mem::take(&mut edited.part.bytes);
                bytes.resize(size.max(bytes.len()), 0);
                patches.bytes(start, bytes);
            }
            _ => {}
        }
    }
    Ok(())
}
