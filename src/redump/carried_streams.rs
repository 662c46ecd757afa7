//! Streams that are carried as bytes, alone or with what they point to.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::error::ReadError;
use crate::read::RawStream;
use crate::read::linux::LinuxMaps;
use crate::read::references::{Kind as PartKind, Part, parts_within};
use crate::write::PartId;

use crate::redump::folders::base_names::string_without_folder;
use crate::redump::folders::maps::maps_without_folders;
use crate::redump::shared_parts::{Carrier, shown};
use crate::redump::unused_in_streams::{clear_part, clear_stream};

impl<'s> Carrier<'s, '_> {
    /// A stream byte for byte, as much of it as there is; false if folders may be in it and cannot be taken out.
    pub(super) fn copy(&mut self, stream: &RawStream<'s>) -> Result<bool, ReadError> {
        let bytes = stream.bytes();
        self.charge("stream", stream.offset(), bytes.len() as u64)?;
        let mut bytes = Cow::Borrowed(bytes);
        if self.is_private {
            clear_stream(stream, &mut bytes);
        }
        let Ok(bytes) = shown(&mut self.folders, ("stream", stream.offset()), bytes) else { return Ok(false) };
        self.builder.stream(stream.stream_type(), self.source.lasting(stream.offset(), bytes));
        Ok(true)
    }

    /// The mappings with base names in place of paths. Many streams may be on the same bytes, and each gets a text of its own.
    pub(super) fn maps_without_folders(
        &mut self,
        stream: &RawStream<'s>,
        maps: &LinuxMaps<'s>,
    ) -> Result<(), ReadError> {
        self.charge("stream", stream.offset(), stream.bytes().len() as u64)?;
        self.builder.stream(stream.stream_type(), maps_without_folders(maps));
        Ok(())
    }

    /// A stream with all that it points to, the file offsets in it moved; tells which of them led nowhere.
    /// `None` as for [`Carrier::copy`].
    pub(super) fn relocate(&mut self, stream: &RawStream<'s>) -> Result<Option<Vec<ReadError>>, ReadError> {
        self.charge("stream", stream.offset(), stream.bytes().len() as u64)?;
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

/// The numbers of the parts that are names of modules: in lists of modules, what is referred to without a size.
fn module_names(stream: &RawStream<'_>, parts: &[Part<'_>]) -> HashSet<usize> {
    if !stream.stream_type().row().names_files {
        return HashSet::new();
    }
    let references = parts.iter().flat_map(|part| &part.references);
    references.filter(|reference| reference.extent.is_none()).filter_map(|reference| reference.target).collect()
}

/// The bytes of a part, with 0 for references that lead nowhere and for the sizes beside them.
fn without_dead_references<'a>(part: &Part<'a>) -> Cow<'a, [u8]> {
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
