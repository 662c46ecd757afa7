//! Where the parts of an image of Windows are that identify it: headers, debug directory and records, version resources.
//!
//! Symbol servers and debuggers take the keys of binaries and symbols from there, and the version that they show.

use alloc::vec::Vec;
use core::mem::size_of;

use object::{LittleEndian as LE, U16, pe};

use crate::error::ReadError;
use crate::format::module::SectionCharacteristics;

use crate::read::budget::Budget;
use crate::read::interval::{Interval, gaps, united};
use crate::read::module::image::{DEBUG_ENTRIES, Directory, Image, LONGEST_RECORD, PAGE, subdirectory};

/// So many sections are looked at. The loader of Windows took no more for long.
const MOST_SECTIONS: u64 = 96;
/// So much is taken of the headers, even if it is more than they use: some readers look at so much before they know it.
const FIRST_HEADERS: u64 = 0x400;
/// So many entries of a directory of resources are looked at. Images have some ten types of resources.
const MOST_ENTRIES: u64 = 0x400;
/// So many names of versions, and so many languages of each, are taken. Images have one.
const MOST_NAMES: usize = 16;
const MOST_LANGUAGES: usize = 64;
/// `VS_VERSIONINFO` gives its size in 16 bits.
const LONGEST_VERSION: u32 = 0xffff;
/// The longest name of a resource that is taken, in characters.
const LONGEST_NAME: u16 = 0x100;
/// The longest embedded PDB that is taken.
const LONGEST_PDB: u32 = 0x10_0000;
/// `IMAGE_DEBUG_TYPE_EMBEDDED_PORTABLE_PDB`, of the specification of portable executables in .NET.
pub(crate) const EMBEDDED_PDB: u32 = 17;
/// The map of precompiled code, of the same specification.
pub(crate) const PERFMAP: u32 = 21;
/// The size of an entry of the debug directory.
const DEBUG_ENTRY: u64 = size_of::<pe::ImageDebugDirectory>() as u64;

/// An entry of a directory of resources: a name or number, and where it leads.
type Entry = pe::ImageResourceDirectoryEntry;

impl Image<'_, '_> {
    /// Adds where the parts are that identify the image, whatever of them is in the dump; they may overlap. An embedded PDB
    /// has the paths of source files, compressed, and may be left aside.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if what is looked at does not fit into the budget; the parts found before are added.
    pub(crate) fn identity(
        &self,
        with_embedded: bool,
        budget: &mut Budget,
        found: &mut Vec<Interval>,
    ) -> Result<(), ReadError> {
        found.extend(
            self.headers_place().and_then(|headers| Interval::new(headers.start, headers.size().min(FIRST_HEADERS))),
        );
        let headers = self.headers(self.number_of_sections().min(MOST_SECTIONS));
        found.extend(self.place(headers.start, headers.end - headers.start));
        self.debug_records(with_embedded, budget, found)?;
        self.version_resources(budget, found)
    }

    /// Where nothing is that the process may have written: the headers, and sections that can only be read or executed.
    /// Sorted and apart.
    pub(crate) fn unwritten(&self) -> Vec<Interval> {
        let (mut unwritten, mut written) = (Vec::new(), Vec::new());
        let mut first = PAGE;
        for number in 0..self.number_of_sections().min(MOST_SECTIONS) {
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
        found.extend(self.debug_directory().and_then(|(start, entries)| self.place(start, entries * DEBUG_ENTRY)));
        self.each_debug_record(budget, |kind, place, _| {
            found.extend((with_embedded || kind.0 != EMBEDDED_PDB).then_some(place));
            Ok(())
        })
    }

    /// The position of the debug directory, and how many entries of it are looked at.
    fn debug_directory(&self) -> Option<(u64, u64)> {
        let (start, size) = self.data_directory(Directory::Debug as usize)?;
        Some((start, (u64::from(size) / DEBUG_ENTRY).min(DEBUG_ENTRIES)))
    }

    /// Goes through the debug records that are in memory: their types, and where they are.
    pub(crate) fn each_debug_record(
        &self,
        budget: &mut Budget,
        mut take: impl FnMut(pe::DebugType, Interval, &mut Budget) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let Some((start, entries)) = self.debug_directory() else { return Ok(()) };
        for number in 0..entries {
            budget.charge("IMAGE_DEBUG_DIRECTORY", 0, DEBUG_ENTRY)?;
            let Some(entry) = self.read::<pe::ImageDebugDirectory>(start + number * DEBUG_ENTRY) else { break };
            let kind = entry.typ.get(LE);
            let longest = if kind.0 == EMBEDDED_PDB { LONGEST_PDB } else { LONGEST_RECORD };
            let (at, size) = (entry.address_of_raw_data.get(LE), entry.size_of_data.get(LE));
            // The address is 0 if the record is in the file of the image only.
            if let Some(place) = self.place(at.into(), size.into()).filter(|_| at != 0 && (1..=longest).contains(&size))
            {
                take(kind, place, budget)?;
            }
        }
        Ok(())
    }

    /// The directories and entries on the way to version resources, and these.
    fn version_resources(&self, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<(), ReadError> {
        let Some((root, _)) = self.data_directory(Directory::Resources as usize) else { return Ok(()) };
        // There are three levels, however the entries go in circles: type, name and language.
        let by_type = self.entries(root, budget, found)?;
        let versions = by_type.iter().find(|entry| entry.name_or_id.get(LE) == pe::RT_VERSION.into());
        let Some(names) = versions.and_then(subdirectory) else { return Ok(()) };
        for by_name in self.entries(root + names, budget, found)?.iter().take(MOST_NAMES) {
            found.extend(self.resource_name(root, by_name));
            let Some(languages) = subdirectory(by_name) else { continue };
            for by_language in self.entries(root + languages, budget, found)?.iter().take(MOST_LANGUAGES) {
                let leaf = by_language.offset_to_data_or_directory.get(LE);
                if leaf & pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY != 0 {
                    continue;
                }
                let (at, size) = (root + u64::from(leaf), size_of::<pe::ImageResourceDataEntry>() as u64);
                budget.charge("IMAGE_RESOURCE_DATA_ENTRY", 0, size)?;
                let Some(data) = self.read::<pe::ImageResourceDataEntry>(at) else { continue };
                found.extend(self.place(at, size));
                let size = data.size.get(LE).min(LONGEST_VERSION);
                found.extend(self.place(data.offset_to_data.get(LE).into(), size.into()));
            }
        }
        Ok(())
    }

    /// The entries of a directory of resources, up to the first of which bytes are missing; where they are is added.
    fn entries(&self, position: u64, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<Vec<Entry>, ReadError> {
        let (head, step) = (size_of::<pe::ImageResourceDirectory>() as u64, size_of::<Entry>() as u64);
        budget.charge("IMAGE_RESOURCE_DIRECTORY", 0, head)?;
        let Some(directory) = self.read::<pe::ImageResourceDirectory>(position) else { return Ok(Vec::new()) };
        let [named, ids] = [directory.number_of_named_entries, directory.number_of_id_entries].map(|it| it.get(LE));
        let count = (u64::from(named) + u64::from(ids)).min(MOST_ENTRIES);
        let mut entries = Vec::new();
        for number in 0..count {
            budget.charge("IMAGE_RESOURCE_DIRECTORY_ENTRY", 0, step)?;
            let Some(entry) = self.read(position + head + number * step) else { break };
            entries.push(entry);
        }
        found.extend(self.place(position, head + step * entries.len() as u64));
        Ok(entries)
    }

    /// Where the name of an entry is, if it has one in place of a number: a count of characters and these.
    fn resource_name(&self, root: u64, entry: &Entry) -> Option<Interval> {
        let name = entry.name_or_id.get(LE);
        if name & pe::IMAGE_RESOURCE_NAME_IS_STRING == 0 {
            return None;
        }
        let at = root + u64::from(name & !pe::IMAGE_RESOURCE_NAME_IS_STRING);
        let length = self.read::<U16<LE>>(at)?.get(LE);
        (length <= LONGEST_NAME).then(|| self.place(at, 2 + 2 * u64::from(length)))?
    }
}
