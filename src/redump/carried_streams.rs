//! Carries streams as bytes, alone or with what they refer to.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::error::ReadError;
use crate::format::handle::HandleOperationList as HandleOperations;
use crate::read::RawStream;
use crate::read::handle::HandleOperationList;
use crate::read::linux::LinuxMaps;
use crate::read::references::{Kind as PartKind, Part, parts_within};
use crate::write::PartId;

use crate::redump::folders::base_names::string_without_folder;
use crate::redump::folders::maps::maps_without_folders;
use crate::redump::shared_parts::{Carrier, shown};
use crate::redump::unused_in_streams::{clear_part, clear_stream};

impl<'s> Carrier<'s, '_> {
    /// Copies what is there of a stream byte for byte. Returns false if it may have folders that cannot be removed.
    pub(super) fn copy(&mut self, stream: &RawStream<'s>) -> Result<bool, ReadError> {
        self.charge("stream", stream.offset(), stream.available())?;
        let Some(bytes) = self.shown_stream(stream) else { return Ok(false) };
        self.builder.stream(stream.stream_type(), self.source.lasting(stream.offset(), bytes));
        Ok(true)
    }

    /// Copies the handle operations byte for byte, except that each entry with less than `entry_size` bytes is padded
    /// with zeros. Returns false as [`Carrier::copy`] does.
    pub(super) fn padded_operations(
        &mut self,
        stream: &RawStream<'s>,
        list: &HandleOperationList<'s>,
        entry_size: usize,
    ) -> Result<bool, ReadError> {
        let added = (entry_size as u64).saturating_sub(list.entry_size()).saturating_mul(list.len());
        self.charge_padded(stream, added)?;
        let Some(bytes) = self.shown_stream(stream) else { return Ok(false) };
        let start_of = |index| {
            let position = list.entry_offset(index).saturating_sub(stream.offset());
            usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len())
        };
        let (header, rest) = bytes.split_at_checked(start_of(0)).unwrap_or_default();
        let (entries, trailing) = rest.split_at_checked(start_of(list.len()) - header.len()).unwrap_or_default();
        let mut padded = header.to_vec();
        let field = HandleOperations::OFFSETS.size_of_entry.range();
        if let Some(field) = padded.get_mut(field) {
            field.copy_from_slice(&u32::try_from(entry_size).unwrap_or(u32::MAX).to_le_bytes());
        }
        let before = usize::try_from(list.entry_size()).unwrap_or(usize::MAX);
        for entry in entries.chunks(before) {
            let end = padded.len().saturating_add(entry_size);
            padded.extend_from_slice(entry);
            padded.resize(end, 0);
        }
        padded.extend_from_slice(trailing);
        self.builder.stream(stream.stream_type(), padded);
        Ok(true)
    }

    /// Charges for a stream and for zeros in it. If the zeros exceed the budget, nothing is charged, so other streams
    /// are not affected.
    fn charge_padded(&mut self, stream: &RawStream<'s>, zeros: u64) -> Result<(), ReadError> {
        let size = stream.available();
        if self.zeros.has(zeros) {
            self.zeros.charge("stream", stream.offset(), zeros)?;
            return self.charge("stream", stream.offset(), size);
        }
        let before = self.carried_bytes;
        let charged = self.charge("stream", stream.offset(), size.saturating_add(zeros));
        if charged.is_err() {
            self.carried_bytes = before;
        }
        charged
    }

    /// Returns the bytes of a stream without what the options take out, or `None` if it may have folders that cannot be
    /// removed.
    fn shown_stream(&mut self, stream: &RawStream<'s>) -> Option<Cow<'s, [u8]>> {
        let mut bytes = Cow::Borrowed(stream.bytes());
        if self.is_private {
            clear_stream(stream, &mut bytes);
        }
        shown(&mut self.folders, ("stream", stream.offset()), bytes).ok()
    }

    /// Carries the mappings with base names instead of paths. Many streams may share the same bytes; each gets its own
    /// copy.
    pub(super) fn maps_without_folders(
        &mut self,
        stream: &RawStream<'s>,
        maps: &LinuxMaps<'s>,
    ) -> Result<(), ReadError> {
        self.charge("stream", stream.offset(), stream.available())?;
        self.builder.stream(stream.stream_type(), maps_without_folders(maps));
        Ok(())
    }

    /// Carries a stream with everything it refers to, adjusting the file positions in it. Returns the references that
    /// could not be followed, or `None` where [`Carrier::copy`] returns false.
    pub(super) fn relocate(&mut self, stream: &RawStream<'s>) -> Result<Option<Vec<ReadError>>, ReadError> {
        self.charge("stream", stream.offset(), stream.available())?;
        let (parts, mut faults) = parts_within(stream, &mut self.followed)?;
        let (kinds, parts): (Vec<PartKind>, Vec<Part<'_>>) = parts.into_iter().unzip();
        let beside = parts.iter().skip(1).fold(0u64, |total, part| total.saturating_add(part.bytes.len() as u64));
        self.charge("part of a stream", stream.offset(), beside)?;
        for (part, kind) in parts.iter().zip(&kinds).skip(1) {
            let size = part.bytes.len() as u64;
            let own = self.source.positions.refuse("part of a stream", part.offset, size);
            let claimed = match kind {
                // Up to its NUL.
                PartKind::Utf16 => self.dump.string(part.offset).map_or(0, |text| text.as_bytes().len() as u64 + 4),
                _ => size,
            };
            match own.and_then(|()| self.doubtful.refuse(kind.claim(), part.offset, claimed)) {
                Err(_) if self.is_private => return Ok(None),
                noted => faults.extend(noted.err()),
            }
        }
        let names = if self.folders.is_some() { module_names(stream, &parts) } else { HashSet::new() };
        let mut contents = Vec::with_capacity(parts.len());
        for ((part, &kind), number) in parts.iter().zip(&kinds).zip(0..) {
            let mut bytes = without_dead_references(part);
            if self.is_private {
                clear_part(kind, self.dump.dump_bytes(), part.bytes, &mut bytes);
            }
            let bytes = match names.contains(&number) {
                true => Ok(string_without_folder(&bytes).into()),
                false => shown(&mut self.folders, ("part of a stream", part.offset), bytes),
            };
            let Ok(bytes) = bytes else { return Ok(None) };
            contents.push(self.source.lasting(part.offset, bytes));
        }
        let mut ids: Vec<PartId> = Vec::with_capacity(parts.len());
        for bytes in contents {
            let is_stream = ids.is_empty();
            ids.push(match is_stream {
                true => self.builder.stream(stream.stream_type(), bytes),
                false => self.builder.part("part of a stream", bytes),
            });
        }
        for (part, &from) in parts.iter().zip(&ids) {
            for reference in &part.references {
                if let Some(&to) = reference.target.and_then(|target| ids.get(target)) {
                    self.builder.reference(from, reference.position, reference.width, to);
                }
            }
        }
        Ok(Some(faults))
    }
}

/// Returns the indices of the parts that are module names: in module lists, the targets of references without a size.
fn module_names(stream: &RawStream<'_>, parts: &[Part<'_>]) -> HashSet<usize> {
    if !stream.stream_type().row().names_files {
        return HashSet::new();
    }
    let references = parts.iter().flat_map(|part| &part.references);
    references.filter(|reference| reference.extent.is_none()).filter_map(|reference| reference.target).collect()
}

/// Returns the bytes of a part, with zeros for references that lead nowhere and for the sizes next to them.
pub(super) fn without_dead_references<'a>(part: &Part<'a>) -> Cow<'a, [u8]> {
    let mut bytes = Cow::Borrowed(part.bytes);
    for reference in part.references.iter().filter(|reference| reference.target.is_none()) {
        let field = (reference.position, u64::from(reference.width.bytes()));
        for (position, width) in [Some(field), reference.extent.map(|extent| (extent, 4))].into_iter().flatten() {
            let range = usize::try_from(position).ok().zip(usize::try_from(position.saturating_add(width)).ok());
            let field = range.and_then(|(start, end)| bytes.to_mut().get_mut(start..end));
            field.into_iter().flatten().for_each(|byte| *byte = 0);
        }
    }
    bytes
}
