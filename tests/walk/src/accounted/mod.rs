//! The judge: finds what is missing in a result, although no option removes it and the report does not mention it.

mod judgeable;
pub mod structures;

use std::collections::BTreeMap;

use userdump::ReadError;
use userdump::redump::{ItemFault, Outcome, Report};

use crate::facts::Facts;
use structures::{BESIDE_OPERATIONS, OPERATION, RELOCATED, Structure, is_narrow, is_there, rows, text};

pub use judgeable::is_judgeable;

/// The streams that letters ask for: the type, the letters, and the letter that is reported if the source has no such stream.
/// With `a`, a missing processor trace is not reported, because few dumps have one.
const ASKED: [(u32, &str, char); 5] =
    [(16, "FaA", 'F'), (12, "haA", 'h'), (14, "uaA", 'u'), (17, "taA", 't'), (23, "TaA", 'T')];

/// Returns true if the judge finds anything in a dump. Panics if it cannot read the dump.
pub fn is_readable(source: &[u8]) -> bool {
    structures::of(&Facts::of(source)).len() + Facts::of(source).ranges().len() > 0
}

/// Returns a description of each violation.
pub fn violations(source: &[u8], result: &[u8], report: &Report, letters: &str) -> Vec<String> {
    let (before, after) = (Facts::of(source), Facts::of(result));
    let letters = letters.trim_start_matches("/m");
    let full = letters.contains(['a', 'A', 'f']);
    let mut judge = Judge {
        before: &before,
        after: &after,
        report,
        // Full memory overrides `r`, but not `s`.
        filtered: letters.contains('r') && !full || letters.contains('s'),
        without_folders: letters.contains(['R', 's']),
        letters,
        narrow: is_narrow(&before),
        found: Vec::new(),
    };
    judge.header();
    judge.streams();
    judge.lists();
    judge.letters();
    if full {
        judge.memory();
    }
    judge.found
}

struct Judge<'j, 'a> {
    before: &'j Facts<'a>,
    after: &'j Facts<'a>,
    report: &'j Report,
    letters: &'j str,
    filtered: bool,
    without_folders: bool,
    narrow: bool,
    found: Vec<String>,
}

impl Judge<'_, '_> {
    fn is_lost(&self, words: &str) -> bool {
        self.report.losses.iter().any(|loss| loss.count > 0 && loss.what.contains(words))
    }

    fn has_fault(&self, kind: u32, item: usize) -> bool {
        let faults = &self.report.faults;
        faults.iter().any(|fault| fault.stream_type.0 == kind && (fault.item == item as u64 || fault.part == "entries"))
    }

    fn unless(&mut self, excused: bool, what: impl FnOnce() -> String) {
        if !excused {
            self.found.push(what());
        }
    }

    fn header(&mut self) {
        let (before, after) = (self.before.header, self.after.header);
        self.unless(before.timestamp == after.timestamp, || "the time stamp of the header differs".to_owned());
        self.unless(before.checksum == after.checksum || self.is_lost("checksum"), || {
            "the checksum differs".to_owned()
        });
    }

    /// Each stream has the right outcome, and streams that are reported as kept are in the result byte for byte.
    fn streams(&mut self) {
        let mut kept: BTreeMap<(u32, usize), usize> = BTreeMap::new();
        let mut seen: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        let used = self.before.directory.iter().filter(|entry| entry.kind != 0);
        let mut reported = self.report.streams.iter();
        for entry in used {
            let stream = reported.next().filter(|stream| stream.stream_type.0 == entry.kind);
            let Some(stream) = stream else {
                return self.found.push(format!("stream {:#x} is not in the report", entry.kind));
            };
            let (number, number_kept) = seen.entry(entry.kind).or_default();
            if is_there(self.before, entry) {
                if stream.outcome.is_kept() {
                    kept.insert((entry.kind, *number), *number_kept);
                }
                *number += 1;
            }
            *number_kept += usize::from(stream.outcome.is_kept());
            let asked = ASKED.iter().find(|(kind, ..)| *kind == entry.kind);
            let is_right = match stream.outcome {
                Outcome::NotRequested => {
                    // A triage dump has no tokens.
                    let is_token = entry.kind == 19 && self.letters.contains('s');
                    is_token || asked.is_some_and(|(_, letters, _)| !self.letters.contains(|it| letters.contains(it)))
                }
                Outcome::Filtered => self.filtered || self.without_folders,
                Outcome::Rewritten
                | Outcome::Copied
                | Outcome::Relocated
                | Outcome::Unexamined
                | Outcome::Duplicate
                | Outcome::Unreadable(_) => true,
                // The tests leave out no streams, and a minidump can store every stream.
                Outcome::LeftOut | Outcome::Unsupported | Outcome::Replaced => false,
                other => panic!("the judge does not support {other:?}"),
            };
            self.unless(is_right, || format!("stream {:#x} is {:?}", entry.kind, stream.outcome));
        }
        let (before, after) = (structures::of(self.before), structures::of(self.after));
        let key = |it: &Structure| (it.kind, it.stream, it.item, it.name);
        let mut results: BTreeMap<_, Vec<&Structure>> = BTreeMap::new();
        after.iter().for_each(|it| results.entry(key(it)).or_default().push(it));
        let mut names_lost: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for structure in &before {
            let Some(&stream) = kept.get(&(structure.kind, structure.stream)) else { continue };
            // A thread name that cannot be read loses its entry, and the following entries move up.
            let is_lost = |fault: &ItemFault| {
                let is_odd = matches!(fault.error, ReadError::NotUtf16 { .. });
                fault.stream_type.0 == 24 && fault.part == "name" && fault.item == structure.item as u64 && !is_odd
            };
            if structure.kind == 24 && structure.name == "ThreadName" && self.report.faults.iter().any(is_lost) {
                names_lost.entry(structure.stream).or_default().push(structure.item);
            }
            let lost =
                names_lost.get(&structure.stream).filter(|_| structure.kind == 24).map_or(&[][..], Vec::as_slice);
            if lost.contains(&structure.item) {
                continue;
            }
            let item = structure.item - lost.len();
            let key = (structure.kind, stream, item, structure.name);
            let result = results.get_mut(&key).filter(|found| !found.is_empty()).map(|found| found.remove(0));
            let what = format!("{} {} of stream {:#x}", structure.name, structure.item, structure.kind);
            match result {
                Some(result) => self.compare(structure, result, &what),
                None if structure.place.is_none() => {}
                None => self.unless(self.has_fault(structure.kind, structure.item), || format!("{what} is missing")),
            }
        }
    }

    /// Compares the bytes of a structure that is in both dumps.
    fn compare(&mut self, before: &Structure, after: &Structure, what: &str) {
        let (from, to) = (before.bytes(self.before.bytes), after.bytes(self.after.bytes));
        match before.name {
            "name" | "type name" | "CodeView record" | "miscellaneous record" => {
                // `r` removes the bytes after the NUL of a record.
                let excused = self.without_folders || self.has_fault(before.kind, before.item);
                let clears = |(from, to): (&Option<u8>, &Option<u8>)| from == to || self.filtered && *to == Some(0);
                let agree = from.len() == to.len() && from.iter().zip(&to).all(clears);
                self.unless(agree || excused, || format!("{what} differs"));
            }
            "object information" => {
                // A truncated record gets the size of its available bytes.
                self.unless(from == to || self.without_folders, || format!("{what} differs"));
            }
            "context" => self.context(&from, &to, before, what),
            "stream" => self.carried(before, after, &from, &to, what),
            OPERATION => {
                // Short entries are padded.
                let (common, added) = to.split_at(from.len().min(to.len()));
                self.unless(from.len() <= to.len(), || format!("{what} is truncated"));
                self.unless(added.iter().all(|byte| *byte == Some(0)), || format!("{what} is longer"));
                self.carried(before, after, &from[..common.len()], common, what);
            }
            name if BESIDE_OPERATIONS.contains(&name) => self.carried(before, after, &from, &to, what),
            name => self.row(name, before, &from, &to, what),
        }
    }

    fn row(&mut self, name: &str, before: &Structure, from: &[Option<u8>], to: &[Option<u8>], what: &str) {
        let rest = from.get(to.len()..).unwrap_or_default();
        let is_lost = self.is_lost(name) || self.is_lost("ends of entries") || self.is_lost("bytes after");
        self.unless(rest.iter().all(|byte| matches!(byte, Some(0) | None)) || is_lost, || {
            format!("{what} is truncated")
        });
        let mut differing = Vec::new();
        for (at, (from, to)) in from.iter().zip(to).enumerate() {
            let upper = before.addresses.iter().any(|start| (start + 4..start + 8).contains(&at));
            let may_clear = (self.filtered || self.without_folders)
                && [
                    "Module",
                    "HandleDescriptor2",
                    "ExceptionStream",
                    "process information",
                    "ThreadInfo",
                    "MemoryInfo",
                ]
                .contains(&name);
            // Bytes that do not describe the system: a reserved field, and the bytes after the processor information.
            let is_unused = name == "SystemInfo" && (at == 30 || at == 31 || at >= 48);
            let may_clear = may_clear || is_unused && (self.filtered || self.without_folders);
            if from == to || from.is_none() || may_clear && *to == Some(0) {
                continue;
            }
            if self.narrow && upper && matches!((from, to), (Some(0 | 0xff), Some(0 | 0xff))) {
                continue;
            }
            if self.narrow && upper && self.is_lost("upper halves") || before.kind == 15 && self.without_folders {
                continue;
            }
            differing.push(at);
        }
        self.unless(differing.is_empty() || self.is_lost(name), || format!("{what} differs at {differing:?}"));
    }

    /// Registers are kept. Extended state and its flag may be missing if that is reported, and so may bit 0 of an ARM program
    /// counter.
    fn context(&mut self, from: &[Option<u8>], to: &[Option<u8>], before: &Structure, what: &str) {
        if self.has_fault(before.kind, before.item) {
            return;
        }
        self.unless(from.len() == to.len() || self.is_lost("extended states"), || format!("{what} is truncated"));
        self.unless(from.len() >= to.len(), || format!("{what} is longer"));
        // Bit 6 of the flags, which are at offset 48 for AMD64, indicates extended state.
        let flags = if from.len() >= 1232 && !self.narrow { 48 } else { 0 };
        let is_excused = |at: usize, from: u8, to: u8| {
            let cut = at == flags && from & !0x40 == to && self.is_lost("extended states");
            let counter = at == 64 && from ^ to == 1 && self.is_lost("program counters");
            let triage = to == 0xaa && self.letters.contains('s');
            cut || counter || triage || (self.filtered || self.without_folders) && to == 0
        };
        let differs = |(at, (from, to)): (usize, (&Option<u8>, &Option<u8>))| match (from, to) {
            (Some(from), Some(to)) => from != to && !is_excused(at, *from, *to),
            _ => true,
        };
        let differing = from.iter().zip(to).enumerate().filter(|pair| differs(*pair)).count();
        self.unless(differing == 0, || format!("{what} differs in {differing} bytes"));
    }

    /// Compares a stream that is carried as bytes. Only RVAs may differ, and they must refer to the same bytes as before.
    fn carried(&mut self, before: &Structure, after: &Structure, from: &[Option<u8>], to: &[Option<u8>], what: &str) {
        if self.without_folders || self.has_fault(before.kind, 0) {
            return;
        }
        self.unless(from.len() == to.len(), || format!("{what} has a different size"));
        let (Some(start), Some(end)) = (&before.place, &after.place) else { return };
        for at in (0..from.len().min(to.len())).filter(|&at| from[at] != to[at]) {
            if self.filtered && to[at] == Some(0) {
                continue;
            }
            let leads_to_the_same = |field: usize| {
                let number = |file: &[u8], at: usize| {
                    file.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes) as usize
                };
                let (from, to) =
                    (number(self.before.bytes, start.start + field), number(self.after.bytes, end.start + field));
                let (from, to) = (self.before.bytes.get(from..), self.after.bytes.get(to..));
                // In module lists and for Crashpad, an RVA is preceded by a size, which may be less than 4.
                let is_at = |place: usize| field.checked_sub(4 + place).is_some_and(|row| row % 108 == 0);
                let is_sized = match before.kind {
                    0xfff0 => is_at(80) || is_at(88),
                    0x4350_0001 => [40, 48].contains(&field),
                    _ => false,
                };
                let size = if is_sized { number(self.before.bytes, start.start + field - 4).min(4) } else { 4 };
                // If the size is 0, the RVA does not matter.
                let is_same = from.zip(to).is_some_and(|(from, to)| {
                    from.len() >= size && from.iter().zip(to).take(size).all(|(a, b)| a == b)
                });
                size == 0 || is_same
            };
            // The RVA of link maps does not matter if their number is 0.
            let no_link_maps =
                before.kind == 0x4767_000a && (4..8).contains(&at) && from.get(8..12) == Some(&[Some(0); 4]);
            if no_link_maps {
                continue;
            }
            let is_position = RELOCATED.contains(&before.kind)
                && (at.saturating_sub(3)..=at).filter(|field| field + 4 <= from.len()).any(leads_to_the_same);
            self.unless(is_position, || format!("{what} differs at {at}"));
        }
    }

    /// Checks the bytes after the entries, the bytes after the NUL of names, and the data of Wine.
    fn lists(&mut self) {
        let all = structures::of(self.before);
        let pieces: Vec<_> = all.iter().filter(|it| it.name != "stream").flat_map(|it| it.place.clone()).collect();
        let is_set = |at: usize| self.before.bytes.get(at).is_some_and(|byte| *byte != 0);
        let mut loose = Vec::new();
        for kind in [3, 4, 6, 7, 8, 12, 14, 16, 17, 24] {
            let Some(entry) = self.before.stream(kind).filter(|entry| is_there(self.before, entry)) else { continue };
            let is_kept = self.report.streams.iter().any(|it| it.stream_type.0 == kind && it.outcome.is_kept());
            let (starts, size) = rows(self.before, &entry);
            let (start, end) = (entry.rva.0 as usize, entry.rva.0 as usize + entry.size as usize);
            let last = starts.last().map_or(end, |last| last + size);
            let rows_of_structure = match kind {
                6 => start + 168,
                7 => start + 56,
                _ => last,
            };
            // Some producers include the names in the list. Their sizes and NULs are not part of the pieces.
            let is_piece = |at: usize| pieces.iter().any(|it| (it.start.saturating_sub(4)..it.end + 2).contains(&at));
            if is_kept && (rows_of_structure..end).any(|at| is_set(at) && !is_piece(at)) {
                loose.push(("bytes after", format!("bytes after the entries of stream {kind:#x}")));
            }
        }
        if let Some(entry) = self.before.stream(7) {
            // The marker, four integers, three strings.
            let block = |facts: &Facts<'_>, rva: usize| {
                let bytes = facts.bytes.get(rva + 56..).filter(|bytes| bytes.starts_with(b"WINE"))?;
                let texts = bytes.get(20..)?.split_inclusive(|byte| *byte == 0).take(3).map(<[u8]>::len).sum::<usize>();
                bytes.get(..20 + texts).map(<[u8]>::to_vec)
            };
            let before = block(self.before, entry.rva.0 as usize);
            let after = self.after.stream(7).and_then(|entry| block(self.after, entry.rva.0 as usize));
            if before.is_some() && before != after {
                loose.push(("Wine", "the data of Wine".to_owned()));
            }
        }
        let modules = self.before.stream(4).filter(|entry| is_there(self.before, entry));
        for start in modules.map_or_else(Vec::new, |entry| rows(self.before, &entry).0) {
            let position = self.before.rva(start as u64 + 20).0;
            let rest = text(self.before, position).map_or(0..0, |(_, rest)| rest);
            if rest.clone().any(is_set) && self.before.stream(4).is_some() {
                loose.push(("NUL", format!("text after the NUL at {:#x}", rest.start)));
            }
        }
        for (words, what) in loose {
            self.unless(self.is_lost(words), || what);
        }
    }

    /// A letter is reported if the source has no stream for it.
    fn letters(&mut self) {
        for (kind, asking, letter) in ASKED {
            let is_asked = match letter {
                'T' => self.letters.contains('T') && !self.letters.contains(['a', 'A']),
                _ => self.letters.contains(|it| asking.contains(it)),
            };
            let is_kept = self.report.streams.iter().any(|it| it.stream_type.0 == kind && it.outcome.is_kept());
            let is_named = self.report.unavailable.iter().any(|it| it.option == letter.into());
            self.unless(is_named == (is_asked && !is_kept), || format!("letter {letter}, reported: {is_named}"));
        }
        let claims = self.letters.contains(['a', 'A', 'f']);
        let has_all = self.before.header.flags & 2 != 0 || self.before.stream(9).is_some();
        self.unless(!claims || has_all || self.report.is_partial, || "full memory is claimed".to_owned());
    }

    /// Each byte of memory is at its address, or reported as overlapping.
    fn memory(&mut self) {
        let mask = |address: u64| if self.narrow { address & 0xffff_ffff } else { address };
        let mut after: Vec<_> = self.after.ranges().iter().map(|it| (mask(it.address), it.bytes.0)).collect();
        after.sort_by_key(|it| it.0);
        let (mut missing, mut differing) = (Vec::new(), 0);
        // Triage dumps filter stacks, even with full memory.
        let filters = self.letters.contains('s');
        let is_same = |from: &u8, to: &u8| from == to || filters && [0, 0xaa].contains(to);
        for range in self.before.ranges() {
            let (start, end) = (mask(range.address), mask(range.address).saturating_add(range.bytes.len() as u64));
            let mut at = start;
            let first = after.partition_point(|it| it.0.saturating_add(it.1.len() as u64) <= start);
            for (address, bytes) in after[first..].iter().take_while(|it| it.0 < end) {
                if at < *address {
                    missing.push((at, *address));
                    at = *address;
                }
                let stop = end.min(address.saturating_add(bytes.len() as u64));
                let of_source = &range.bytes.0[(at - start) as usize..(stop - start) as usize];
                let of_result = &bytes[(at - address) as usize..(stop - address) as usize];
                if of_source != of_result {
                    differing += of_source.iter().zip(of_result).filter(|(from, to)| !is_same(from, to)).count();
                }
                at = stop;
            }
            if at < end {
                missing.push((at, end));
            }
        }
        missing.sort_unstable();
        let (mut total, mut end) = (0, 0);
        for (start, stop) in missing {
            total += stop.saturating_sub(start.max(end));
            end = end.max(stop);
        }
        self.unless(total == 0, || format!("{total} bytes of memory are missing"));
        let hidden: u64 =
            self.report.losses.iter().filter(|it| it.what.contains("overlapping")).map(|it| it.count).sum();
        let differing = differing as u64;
        self.unless(differing <= hidden, || format!("{differing} bytes of memory differ, {hidden} are reported"));
    }
}
