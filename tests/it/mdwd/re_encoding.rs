//! Each file re-encoded. Only `process-thread-data` and `wide-1965` have environment blocks, so the engine's own
//! re-encoding of the others loses all stacks; ours keeps what the source has of them, and the engine's answers with
//! it.

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::redump::{Options, Outcome, redump};
use userdump_walk::accounted::violations;

use super::reading::{Found, agrees};
use super::{NAMES, Sample, codes};
use crate::support::facts::Facts;
use crate::support::redumped::Redumped;
use crate::support::spans::position_of;
use crate::support::{Shared, shared_trial};

pub fn trials() -> Vec<Trial> {
    let test = |name| shared_trial(format!("mdwd::re_encoding::{name}"), move |shared| re_encodes(shared, name));
    NAMES.map(test).into()
}

const LETTERS: [&str; 12] = ["/m", "/mi", "/mw", "/mp", "/md", "/me", "/mFhut", "/my", "/mr", "/mR", "/mrR", "/ma"];

const SHARED_DATA: u64 = 0x7ffe_0000;
const SHARED_DATA_SIZE: u64 = 0xaa0;

const FULL_MEMORY: u64 = 2;
const FILTER_PATHS: u64 = 0x80;
const TRIAGE: u64 = 0x10_0000;

/// One file with one set of letters.
struct Case<'c> {
    sample: &'c Sample,
    source: &'c Facts<'c>,
    ours: &'c Facts<'c>,
    out: &'c Redumped,
    words: &'static str,
}

fn re_encodes(shared: &Shared, name: &'static str) {
    let sample = Sample::read(shared, name);
    let source = Facts::of(&sample.bytes);
    for words in LETTERS {
        let out = Redumped::once(&sample.bytes, &words.parse().expect("it is known"));
        let ours = out.facts();
        let case = Case { sample: &sample, source: &source, ours: &ours, out: &out, words };
        case.flags();
        case.stacks();
        case.contexts();
        case.exceptions();
        case.windows();
        case.memory();
        case.streams();
        let found = if case.is_filtered() { Found::ReturnAddresses } else { Found::Words };
        agrees(&out.bytes, &sample.answers, found);
        agrees(&compressed(&sample.bytes, words), &sample.answers, found);
        let new: Vec<_> = codes(&out.bytes).into_iter().filter(|code| !sample.findings().contains(code)).collect();
        assert_eq!(new, [""; 0], "{words}: findings that the source does not have");
        assert_eq!(violations(&sample.bytes, &out.bytes, &out.report, words), [""; 0], "{words}");
    }
}

/// The same with its memory compressed.
fn compressed(source: &[u8], words: &str) -> Vec<u8> {
    let options: Options = words.parse().expect("it is known");
    let mut out = Vec::new();
    let dump = Dump::parse(source).expect("it is a dump");
    let report = redump(&dump, &options.compressed(), &mut out).expect("it is written");
    assert!(report.compressed.is_some(), "{words}");
    out
}

impl Case<'_> {
    fn is_filtered(&self) -> bool {
        self.words.contains('r')
    }

    fn is_full(&self) -> bool {
        self.words == "/ma"
    }

    /// A triage dump remains one, unless full memory is requested.
    fn flags(&self) {
        let (before, after) = (self.source.header.flags, self.ours.header.flags);
        assert_eq!(after & TRIAGE, if self.is_full() { 0 } else { before & TRIAGE }, "{}", self.words);
        assert_eq!(after & FULL_MEMORY != 0, self.is_full(), "{}", self.words);
        assert!(!self.words.contains('R') || after & FILTER_PATHS != 0, "{}", self.words);
        assert_eq!(self.ours.header.timestamp, self.source.header.timestamp);
    }

    /// Every byte of every stack; with `r` each word is unchanged or 0.
    fn stacks(&self) {
        let words = self.words;
        let (before, after) = (self.source.threads(), self.ours.threads());
        assert_eq!(after.len(), before.len(), "{words}");
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((before.stack_start, before.stack_size), (after.stack_start, after.stack_size), "{words}");
            let size = u64::from(before.stack_size);
            let [from, to] = [self.source, self.ours].map(|facts| facts.read(before.stack_start, size));
            assert_eq!((from.len() as u64, to.len() as u64), (size, size), "{words}: stack of {:#x}", before.id);
            let same = from.iter().zip(to).filter(|(from, to)| from == to).count();
            let is_kept = same == from.len() || self.is_filtered();
            assert!(is_kept, "{words}: {same} of {size} bytes of the stack of {:#x}", before.id);
            assert!(from.iter().zip(to).all(|(from, to)| from == to || *to == 0), "{words}: {:#x}", before.id);
            // Its own RVA leads to it.
            let own = after.stack_at.0;
            let place = position_of(&self.ours.ranges(), after.stack_start, size);
            assert_eq!((own, own == 0), (place, size == 0), "{words}: stack of {:#x}", before.id);
            assert!(own == 0 || &self.out.bytes[own as usize..][..to.len()] == to, "{words}: {:#x}", before.id);
        }
        // Including those that only the memory list has: of threads that the producer was asked to leave out.
        if !self.is_filtered() && (self.is_full() || self.words == "/mw") && !self.source.kinds().contains(&16) {
            let lost: u64 = self.source.ranges().iter().map(|it| it.size - self.same(it.address, it.bytes.0)).sum();
            assert_eq!(lost, 0, "{words}: bytes of memory");
        }
    }

    /// As in the source; what follows the known part stays with `y` and `a`.
    fn contexts(&self) {
        let fixed = if self.sample.is_narrow() { 716 } else { 1232 };
        let flags = if self.sample.is_narrow() { 0 } else { 48 };
        let keeps_all = self.words.contains(['y', 'a']);
        for (before, after) in self.source.threads().iter().zip(self.ours.threads()) {
            let (from, to) = (before.context.0, after.context.0);
            let size = if keeps_all { from.len() } else { fixed };
            assert_eq!(to.len(), size, "{}: {:#x}", self.words, before.id);
            if self.is_filtered() || self.words.contains('R') {
                continue;
            }
            let mut expected = from[..size].to_vec();
            if size < from.len() {
                // The flag for the part that is cut off.
                expected[flags] &= !0x40;
            }
            assert!(to == expected, "{}: context of {:#x}", self.words, before.id);
        }
    }

    /// The exception unchanged, and none if there is none.
    fn exceptions(&self) {
        let of = |facts: &Facts<'_>| -> Vec<_> {
            facts.exceptions().iter().map(|it| (it.thread, it.code, it.record, it.address, it.parameters)).collect()
        };
        let (before, after) = (of(self.source), of(self.ours));
        assert_eq!(after, before, "{}", self.words);
        assert!(!self.out.made_up().contains(&6), "{}", self.words);
        if !before.is_empty() && !self.is_filtered() && !self.words.contains('R') {
            let [from, to] = [self.source, self.ours].map(|facts| facts.exceptions()[0].information);
            assert_eq!(from, to, "{}: including the bytes after the parameters", self.words);
        }
    }

    /// 128 bytes on each side of each instruction, and of the exception address; with `r`, where that is code.
    fn windows(&self) {
        let of_threads = self.sample.answers.registers.iter().map(|state| state.address);
        let of_exceptions = self.source.exceptions().into_iter().map(|it| it.address).filter(|address| {
            let modules = self.source.modules();
            !self.is_filtered() || modules.iter().any(|it| (it.base..it.base + u64::from(it.size)).contains(address))
        });
        for at in of_threads.chain(of_exceptions) {
            let [from, to] = [self.source, self.ours].map(|facts| facts.read(at - 0x80, 0x100));
            assert!(from.len() == 0x100 && from == to, "{}: {} bytes around {at:#x}", self.words, to.len());
        }
    }

    fn memory(&self) {
        let (words, name) = (self.words, self.sample.name);
        let of_source = self.source.read(SHARED_DATA, SHARED_DATA_SIZE);
        let shared_data = self.ours.read(SHARED_DATA, SHARED_DATA_SIZE);
        assert_eq!(shared_data.len() as u64, SHARED_DATA_SIZE, "{words}: shared data");
        assert!(shared_data == of_source || words.contains(['r', 'R']), "{words}: shared data");
        // The words of objects of a triage dump.
        let words_of_objects = self.source.ranges().into_iter().filter(|it| it.size <= 8);
        for word in words_of_objects {
            assert!(self.ours.read(word.address, word.size) == word.bytes.0, "{words}: {:#x}", word.address);
        }
        let lost: u64 = self.source.ranges().iter().map(|it| it.size - self.same(it.address, it.bytes.0)).sum();
        let takes_all = match words {
            // The windows are around the words of stacks that the source has.
            "/mi" => name == "indirect" || name == "triage-indirect",
            "/mp" => name == "process-thread-data",
            _ => false,
        };
        assert!(!takes_all || lost == 0, "{words}: {lost} bytes are lost");
        if self.is_full() {
            assert_eq!(lost, 0, "bytes that are lost");
        }
    }

    /// User streams, the token, and what a letter requests.
    fn streams(&self) {
        let words = self.words;
        for kind in [10, 11, 0x1_0001, 19] {
            let [before, after] = [self.source, self.ours].map(|it| it.stream_bytes(kind).map(|it| it.to_vec()));
            if before.is_none() {
                continue;
            }
            // `r` leaves out the user's comments.
            let is_kept = kind == 19 || !self.is_filtered();
            assert_eq!(after.is_some(), is_kept, "{words}: stream {kind:#x}");
            assert!(after.is_none() || after == before, "{words}: stream {kind:#x}");
            assert_eq!(self.out.outcomes(kind) == [Outcome::Filtered], !is_kept, "{words}: stream {kind:#x}");
        }
        for (kind, asking) in [(16, "Fa"), (17, "ta")] {
            let asked = self.words.contains(|letter| asking.contains(letter));
            let is_there = self.source.kinds().contains(&kind);
            assert!(!is_there || asked == self.ours.kinds().contains(&kind), "{words}: stream {kind:#x}");
        }
        if self.source.kinds().contains(&17) && words == "/mFhut" {
            assert_eq!(self.ours.thread_infos(), self.source.thread_infos());
            assert_eq!(self.ours.memory_infos(), self.source.memory_infos());
        }
        let names = |facts: &Facts<'_>| -> Vec<_> {
            facts.thread_names().into_iter().map(|it| (it.thread, it.name.text)).collect()
        };
        if self.sample.name == "callback-threads-excluded" {
            // The only row has no name, and the other one is missing.
            assert_eq!(self.ours.stream_bytes(24).map_or(0, |it| it.len()), 4, "{words}");
            assert_eq!(self.out.faults(), ["ThreadNames 1 entries", "ThreadNames 0 name"], "{words}");
        } else {
            assert_eq!(names(self.ours), names(self.source), "{words}");
        }
        let modules = |facts: &Facts<'_>| -> Vec<_> {
            facts.modules().into_iter().map(|it| (it.base, it.size, it.timestamp, it.code_view.to_vec())).collect()
        };
        assert_eq!(modules(self.ours), modules(self.source), "{words}");
        let are_bare = self.ours.modules().iter().all(|it| !it.name.text.as_deref().unwrap_or_default().contains('\\'));
        let were_bare = self.source.header.flags & TRIAGE != 0;
        assert_eq!(are_bare, were_bare || words.contains('R'), "{words}");
    }

    /// The number of these bytes that the result has at their addresses, in adjacent ranges or not.
    fn same(&self, address: u64, bytes: &[u8]) -> u64 {
        let mut count = 0;
        for range in self.ours.ranges() {
            let (from, to) =
                (range.address.max(address), (range.address + range.size).min(address + bytes.len() as u64));
            let part = |start: u64, bytes: &[u8]| bytes[(from - start) as usize..(to - start) as usize].to_vec();
            if from < to {
                let is_same = part(range.address, range.bytes.0) == part(address, bytes);
                assert!(is_same || self.words.contains(['r', 'R']), "{}: other bytes at {from:#x}", self.words);
                count += to - from;
            }
        }
        count
    }
}
