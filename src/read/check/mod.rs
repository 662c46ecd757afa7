//! Checks a dump for faults.

mod compressed_memory;
pub(crate) mod cut;
pub(crate) mod finding;
mod limits;
mod linux_text;
mod memory_lists;
mod plausible;
mod state;
mod streams;

pub use finding::{Finding, FindingCode};

use alloc::vec::Vec;

use crate::format::stream::Repeats;
use crate::format::{DirectoryEntry, StreamType};
use crate::read::budget::Budget;
use crate::read::claims::{Owner, SharedParts};
use crate::read::memory::positions::MemoryPositions;
use crate::read::minidump::Minidump;
use crate::read::module::list::ModuleList;
use crate::read::system::info::SystemInfo;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::ThreadList;

use cut::{Effects, claims, sound_entries};
use state::{Check, Place};

impl<'a> Minidump<'a> {
    /// Reads everything in the dump and reports faults, in no particular order, with one exception: if the file ends
    /// too early, that is reported first, and replaces the findings for everything that is missing because of it.
    ///
    /// If a type occurs more than once in the directory, only the first stream is checked, which is the one that
    /// [`Minidump::stream`] returns. All exceptions and comments are checked, because there may be several.
    ///
    /// The time is proportional to the size of the file (n log n for directory, memory and threads), regardless of its
    /// contents. Memory is allocated for the directory entries, threads and modules, and for an index of memory if
    /// something refers to it by address. Compressed memory is decompressed one bucket at a time, if the feature `lz4`
    /// is enabled.
    pub fn check(&self, found: &mut dyn FnMut(Finding)) {
        let looked_at = Budget::times(self.bytes().size(), Check::EFFORT);
        let positions = MemoryPositions::of(self);
        let entries = sound_entries(self);
        let effects = Effects::of(self.bytes().size(), claims(self, entries));
        let is_before_directory_end = false;
        let (dump, memory, threads) = (*self, None, None);
        Check {
            dump,
            memory,
            threads,
            positions,
            looked_at,
            entries,
            effects,
            is_before_directory_end,
            found: &mut *found,
        }
        .run();
        finding::of_file(self.bytes(), found);
    }
}

impl<'a> Check<'a, '_> {
    fn run(&mut self) {
        let dump = self.dump;
        if let Some(cause) = self.effects.cause() {
            (self.found)(cause);
        }
        if let Some(fault) = dump.directory().fault() {
            self.report(FindingCode::DirectoryTruncated, Place::DUMP, fault);
        }
        let repeated = self.directory();
        let mut repeated = repeated.into_iter().peekable();
        let entries = self.entries;
        for (stream, decoded) in dump.streams().take_while(|(stream, _)| stream.index() < entries) {
            let fault = stream.fault().filter(|_| stream.stream_type() != StreamType::UNUSED);
            let place = Place::directory(&dump, stream.index(), &stream.entry());
            match (fault, &decoded) {
                (Some(fault), _) => self.report(FindingCode::StreamOutsideFile, place, fault),
                (None, Err(error)) => self.report(FindingCode::StreamUnreadable, place, *error),
                (None, Ok(_)) => {}
            }
            self.limits(&stream, place, decoded.as_ref().ok());
            if stream.stream_type() != StreamType::UNUSED {
                let whole = stream.available();
                let size = decoded.as_ref().map_or(whole, |decoded| decoded.size_in_file(&stream));
                self.refuse_memory(place, "stream", stream.offset(), size);
            }
            if repeated.next_if(|&index| index == stream.index()).is_none() {
                if let Ok(decoded) = decoded {
                    self.stream(&stream, &decoded);
                }
            }
        }
        self.absences();
        self.flags();
        self.compressed_flags();
        self.overlaps();
        self.shared_parts();
        if let Some(effect) = self.effects.only() {
            (self.found)(effect);
        }
    }

    /// Compares the directory entries with each other. Returns the indices of those that repeat a type, in order.
    fn directory(&mut self) -> Vec<u32> {
        let dump = self.dump;
        let used = (0..self.entries).zip(dump.directory()).filter(|(_, entry)| entry.stream_type != StreamType::UNUSED);
        let mut entries: Vec<(u32, DirectoryEntry)> = used.collect();

        entries.sort_unstable_by_key(|(index, entry)| (entry.location.rva, *index));
        let mut end = 0;
        for (index, entry) in entries.iter().filter(|(_, entry)| entry.location.data_size > 0) {
            let start = u64::from(entry.location.rva);
            if start < end {
                self.report(FindingCode::StreamsOverlap, Place::directory(&dump, *index, entry), None);
            }
            end = end.max(start + u64::from(entry.location.data_size));
        }

        entries.sort_unstable_by_key(|(index, entry)| (entry.stream_type, *index));
        let mut repeated = Vec::new();
        for (_, (index, entry)) in entries.iter().zip(entries.iter().skip(1)).filter(|((_, before), (_, entry))| {
            before.stream_type == entry.stream_type && entry.stream_type.row().repeats != Repeats::Allowed
        }) {
            self.report(FindingCode::DuplicateStream, Place::directory(&dump, *index, entry), None);
            repeated.push(*index);
        }
        repeated.sort_unstable();
        repeated
    }

    /// Looks for bytes that two parts claim. Overlapping streams have already been reported with the directory.
    fn shared_parts(&mut self) {
        let shared = SharedParts::of(&self.dump, &self.positions);
        for shared in shared.iter().filter(|shared| !shared.is_of_directory()) {
            let Owner { stream, entry, offset } = shared.claim.owner;
            let place = Place { stream: Some(stream), entry: entry.map(u64::from), offset };
            self.report(FindingCode::PartShared, place, shared.error());
        }
    }

    fn absences(&mut self) {
        if matches!(self.dump.stream::<SystemInfo<'a>>(), Ok(None)) {
            self.report(FindingCode::NoSystemInfo, Place::DUMP, None);
        }
        let threads = self.dump.stream::<ThreadList<'a>>().map(|list| list.is_some_and(|list| list.declared_len() > 0));
        let more = self.dump.stream::<ThreadExList<'a>>().map(|list| list.is_some_and(|list| list.declared_len() > 0));
        // Lists that cannot be read have already been reported.
        if matches!((threads, more), (Ok(false), Ok(false))) {
            self.report(FindingCode::NoThreads, Place::DUMP, None);
        }
        let modules = self.dump.stream::<ModuleList<'a>>().map(|list| list.is_some_and(|list| list.declared_len() > 0));
        if matches!(modules, Ok(false)) && self.dump.directory().fault().is_none() {
            self.report(FindingCode::NoModules, Place::DUMP, None);
        }
    }
}
