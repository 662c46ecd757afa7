//! Finds the parts of a Windows image that identify it: headers, debug directory and records, version resources.
//!
//! Symbol servers and debuggers derive the keys of binaries and symbols from these parts, and the version that they
//! display.

use alloc::vec::Vec;
use core::mem::size_of;

use object::{LittleEndian as LE, U16, pe};

use crate::error::ReadError;
use crate::format::module::SectionCharacteristics;

use crate::read::budget::Budget;
use crate::read::interval::{Interval, gaps, united};
use crate::read::module::image::{Directory, Image, MAX_DEBUG_ENTRIES, MAX_RECORD_SIZE, PAGE, subdirectory};

/// The maximum number of sections that are read. Older Windows loaders accept no more.
const MAX_SECTIONS: u64 = 96;
/// The size of the header part that is always taken, even if the headers are smaller: some readers read this much
/// before they know the size.
const MIN_HEADERS_SIZE: u64 = 0x400;
/// The maximum number of entries that are read in a resource directory. Images have about ten types of resources.
const MAX_ENTRIES: u64 = 0x400;
/// The maximum numbers of version resource names, and of languages for each. Images have one.
const MAX_NAMES: usize = 16;
const MAX_LANGUAGES: usize = 64;
/// `VS_VERSIONINFO` has a 16-bit size field.
const MAX_VERSION_SIZE: u32 = 0xffff;
/// The maximum length of a resource name, in characters.
const MAX_NAME_LEN: u16 = 0x100;
/// The maximum size of an embedded PDB, in bytes.
const MAX_PDB_SIZE: u32 = 0x10_0000;
/// `IMAGE_DEBUG_TYPE_EMBEDDED_PORTABLE_PDB`, from the PE/COFF specification of .NET.
pub(crate) const EMBEDDED_PDB: u32 = 17;
/// The debug type of a perfmap of precompiled code, from the same specification.
pub(crate) const PERFMAP: u32 = 21;
/// The size of an entry of the debug directory, in bytes.
const DEBUG_ENTRY_SIZE: u64 = size_of::<pe::ImageDebugDirectory>() as u64;

/// An entry of a resource directory: a name or ID, and the position of a subdirectory or of data.
type Entry = pe::ImageResourceDirectoryEntry;

impl Image<'_, '_> {
    /// Adds the places of the parts that identify the image, as far as they are in the dump; they may overlap. An
    /// embedded PDB contains compressed paths of source files, and is included only if `with_embedded` is set.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if the parts that are read exceed the budget; the parts found before are added.
    pub(crate) fn identity(
        &self,
        with_embedded: bool,
        budget: &mut Budget,
        found: &mut Vec<Interval>,
    ) -> Result<(), ReadError> {
        found.extend(
            self.headers_place().and_then(|headers| Interval::new(headers.start, headers.size().min(MIN_HEADERS_SIZE))),
        );
        let headers = self.headers(self.number_of_sections().min(MAX_SECTIONS));
        found.extend(self.place(headers.start, headers.end - headers.start));
        self.debug_records(with_embedded, budget, found)?;
        self.version_resources(budget, found)
    }

    /// Returns the parts that the process cannot have written: the headers, and read-only and executable sections. They
    /// are sorted and do not overlap.
    pub(crate) fn unwritten(&self) -> Vec<Interval> {
        let (mut unwritten, mut written) = (Vec::new(), Vec::new());
        let mut first = PAGE;
        for number in 0..self.number_of_sections().min(MAX_SECTIONS) {
            let Some(section) = self.section(number) else { break };
            let start = u64::from(section.virtual_address);
            first = first.min(start);
            let is_written = section.characteristics.contains(SectionCharacteristics::WRITE);
            let sections = if is_written { &mut written } else { &mut unwritten };
            sections.extend(self.place(start, u64::from(section.virtual_size).next_multiple_of(PAGE)));
        }
        unwritten.extend(self.place(0, first));
        let written = united(written);
        united(unwritten).into_iter().flat_map(|part| gaps(&written, part).collect::<Vec<_>>()).collect()
    }

    fn debug_records(
        &self,
        with_embedded: bool,
        budget: &mut Budget,
        found: &mut Vec<Interval>,
    ) -> Result<(), ReadError> {
        found.extend(self.debug_directory().and_then(|(start, entries)| self.place(start, entries * DEBUG_ENTRY_SIZE)));
        self.each_debug_record(budget, |kind, place, _| {
            found.extend((with_embedded || kind.0 != EMBEDDED_PDB).then_some(place));
            Ok(())
        })
    }

    /// Returns the position of the debug directory, and the number of its entries to read.
    fn debug_directory(&self) -> Option<(u64, u64)> {
        let (start, size) = self.data_directory(Directory::Debug as usize)?;
        Some((start, (u64::from(size) / DEBUG_ENTRY_SIZE).min(MAX_DEBUG_ENTRIES)))
    }

    /// Calls `take` with the type and place of each debug record in memory.
    pub(crate) fn each_debug_record(
        &self,
        budget: &mut Budget,
        mut take: impl FnMut(pe::DebugType, Interval, &mut Budget) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let Some((start, entries)) = self.debug_directory() else { return Ok(()) };
        for number in 0..entries {
            budget.charge("IMAGE_DEBUG_DIRECTORY", 0, DEBUG_ENTRY_SIZE)?;
            let Some(entry) = self.read::<pe::ImageDebugDirectory>(start + number * DEBUG_ENTRY_SIZE) else { break };
            let kind = entry.typ.get(LE);
            let longest = if kind.0 == EMBEDDED_PDB { MAX_PDB_SIZE } else { MAX_RECORD_SIZE };
            let (at, size) = (entry.address_of_raw_data.get(LE), entry.size_of_data.get(LE));
            // The address is 0 if the record is not loaded into memory.
            if let Some(place) = self.place(at.into(), size.into()).filter(|_| at != 0 && (1..=longest).contains(&size))
            {
                take(kind, place, budget)?;
            }
        }
        Ok(())
    }

    /// Adds the places of version resources, and of the directories and entries that lead to them.
    fn version_resources(&self, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<(), ReadError> {
        let Some((root, _)) = self.data_directory(Directory::Resources as usize) else { return Ok(()) };
        // There are three levels (type, name and language), even if entries form a cycle.
        let by_type = self.entries(root, budget, found)?;
        let versions = by_type.iter().find(|entry| entry.name_or_id.get(LE) == pe::RT_VERSION.into());
        let Some(names) = versions.and_then(subdirectory) else { return Ok(()) };
        for by_name in self.entries(root + names, budget, found)?.iter().take(MAX_NAMES) {
            found.extend(self.resource_name(root, by_name));
            let Some(languages) = subdirectory(by_name) else { continue };
            for by_language in self.entries(root + languages, budget, found)?.iter().take(MAX_LANGUAGES) {
                let leaf = by_language.offset_to_data_or_directory.get(LE);
                if leaf & pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY != 0 {
                    continue;
                }
                let (at, size) = (root + u64::from(leaf), size_of::<pe::ImageResourceDataEntry>() as u64);
                budget.charge("IMAGE_RESOURCE_DATA_ENTRY", 0, size)?;
                let Some(data) = self.read::<pe::ImageResourceDataEntry>(at) else { continue };
                found.extend(self.place(at, size));
                let size = data.size.get(LE).min(MAX_VERSION_SIZE);
                found.extend(self.place(data.offset_to_data.get(LE).into(), size.into()));
            }
        }
        Ok(())
    }

    /// Returns the entries of a resource directory, up to the first incomplete one, and adds their places.
    fn entries(&self, position: u64, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<Vec<Entry>, ReadError> {
        let (head, step) = (size_of::<pe::ImageResourceDirectory>() as u64, size_of::<Entry>() as u64);
        budget.charge("IMAGE_RESOURCE_DIRECTORY", 0, head)?;
        let Some(directory) = self.read::<pe::ImageResourceDirectory>(position) else { return Ok(Vec::new()) };
        let [named, ids] = [directory.number_of_named_entries, directory.number_of_id_entries].map(|it| it.get(LE));
        let count = (u64::from(named) + u64::from(ids)).min(MAX_ENTRIES);
        let mut entries = Vec::new();
        for number in 0..count {
            budget.charge("IMAGE_RESOURCE_DIRECTORY_ENTRY", 0, step)?;
            let Some(entry) = self.read(position + head + number * step) else { break };
            entries.push(entry);
        }
        found.extend(self.place(position, head + step * entries.len() as u64));
        Ok(entries)
    }

    /// Returns the place of an entry's name, if it has a name instead of an ID. The name is a count of characters
    /// followed by the characters.
    fn resource_name(&self, root: u64, entry: &Entry) -> Option<Interval> {
        let name = entry.name_or_id.get(LE);
        if name & pe::IMAGE_RESOURCE_NAME_IS_STRING == 0 {
            return None;
        }
        let at = root + u64::from(name & !pe::IMAGE_RESOURCE_NAME_IS_STRING);
        let length = self.read::<U16<LE>>(at)?.get(LE);
        (length <= MAX_NAME_LEN).then(|| self.place(at, 2 + 2 * u64::from(length)))?
    }
}
