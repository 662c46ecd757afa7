//! Files with filtered stacks and contexts, compared with unfiltered ones of the same processes.

use std::ops::Range;

use userdump::read::Context;

use super::{Planted, Sample};
use crate::support::Shared;

/// The value that replaces each filtered byte.
const PATTERN: u8 = 0xaa;

/// The bytes of a context that are vectors and floating point.
const VECTORS: [Range<usize>; 2] = [0x100..0x4a0, 0..0];
const NARROW_VECTORS: [Range<usize>; 2] = [0x1c..0x8c, 0xcc..0x2cc];

/// The bytes of the general registers, except the stack pointer.
const GENERAL: [Range<usize>; 2] = [0x78..0x98, 0xa0..0xf8];
const NARROW_GENERAL: [Range<usize>; 2] = [0x9c..0xb8, 0..0];

/// A filtered file, and the one with the same words before filtering.
struct Pair {
    filtered: Sample,
    plain: Sample,
}

impl Pair {
    fn read(shared: &Shared, filtered: &'static str, plain: &'static str) -> Self {
        Self { filtered: Sample::read(shared, filtered), plain: Sample::read(shared, plain) }
    }

    fn word_size(&self) -> usize {
        if self.plain.is_narrow() { 4 } else { 8 }
    }

    fn pattern(&self) -> u64 {
        number(&[PATTERN; 8][..self.word_size()])
    }

    /// True if a word is 0 or a pointer by the rules of the filter: into a module, a stack or other memory in the dump.
    /// For ranges that are not stacks, their end counts as well, as the files show.
    fn stays(&self, word: u64) -> bool {
        let dump = self.filtered.dump();
        let is_stack = |start: u64| dump.threads().any(|thread| thread.raw().stack.start_of_memory_range == start);
        let ranges = self.filtered.ranges();
        let is_in = |&(start, size): &(u64, u64)| word >= start && word < start + size + u64::from(!is_stack(start));
        word == 0 || dump.modules().iter().any(|module| module.contains(word)) || ranges.iter().any(is_in)
    }

    /// The words of each stack, before and after.
    fn stacks(&self) -> Vec<Vec<(u64, u64)>> {
        let (filtered, plain) = (self.filtered.dump(), self.plain.dump());
        let (after, before) = (filtered.memory(), plain.memory());
        filtered
            .threads()
            .map(|thread| {
                let stack = thread.raw().stack;
                let [mut from, mut to] = [0, 1].map(|_| vec![0; stack.memory.data_size as usize]);
                assert_eq!(before.read(stack.start_of_memory_range, &mut from), from.len());
                assert_eq!(after.read(stack.start_of_memory_range, &mut to), to.len());
                let words = |bytes: &[u8]| bytes.chunks_exact(self.word_size()).map(number).collect::<Vec<_>>();
                words(&from).into_iter().zip(words(&to)).collect()
            })
            .collect()
    }

    /// Checks each word against the rule; returns how many are replaced, and how many remain that are not 0.
    fn hold_stacks(&self) -> (usize, usize) {
        let (mut replaced, mut kept) = (0, 0);
        for (before, after) in self.stacks().into_iter().flatten() {
            let stays = self.stays(before);
            assert_eq!(after, if stays { before } else { self.pattern() }, "{before:#x}");
            replaced += usize::from(!stays);
            kept += usize::from(stays && before != 0);
        }
        (replaced, kept)
    }

    /// Checks the contexts of the threads against the rule; returns how many registers are replaced.
    fn hold_contexts(&self) -> usize {
        let (filtered, plain) = (self.filtered.dump(), self.plain.dump());
        let mut replaced = 0;
        for (thread, before) in filtered.threads().zip(plain.threads()) {
            let [after, before] = [thread, before].map(|it| it.context().expect("it is valid").expect("it is present"));
            self.hold_vectors(&after);
            let (after, before) = (after.as_bytes(), before.as_bytes());
            assert_eq!(after.len(), before.len());
            let general = if self.plain.is_narrow() { NARROW_GENERAL } else { GENERAL };
            for place in &general {
                let words =
                    |bytes: &[u8]| bytes[place.clone()].chunks_exact(self.word_size()).map(number).collect::<Vec<_>>();
                for (before, after) in words(before).into_iter().zip(words(after)) {
                    let stays = self.stays(before);
                    assert_eq!(after, if stays { before } else { self.pattern() }, "{before:#x}");
                    replaced += usize::from(!stays);
                }
            }
            let is_filtered = |at: &usize| self.vectors().iter().chain(&general).any(|range| range.contains(at));
            assert!((0..after.len()).filter(|at| !is_filtered(at)).all(|at| after[at] == before[at]));
        }
        replaced
    }

    fn vectors(&self) -> [Range<usize>; 2] {
        if self.plain.is_narrow() { NARROW_VECTORS } else { VECTORS }
    }

    fn hold_vectors(&self, context: &Context<'_>) {
        for range in self.vectors() {
            assert!(context.as_bytes()[range.clone()].iter().all(|byte| *byte == PATTERN), "{range:x?}");
        }
    }

    /// Only the vectors of the exception's context are filtered.
    fn hold_exception(&self) {
        let [filtered, plain] =
            [&self.filtered, &self.plain].map(|it| it.dump().exceptions().flatten().next().expect("it has one"));
        let [after, before] = [filtered, plain].map(|it| it.context().expect("it is valid").expect("it is present"));
        self.hold_vectors(&after);
        let is_vector = |at: usize| self.vectors().iter().any(|range| range.contains(&at));
        let (after, before) = (after.as_bytes(), before.as_bytes());
        assert_eq!(after.len(), before.len());
        assert!((0..after.len()).all(|at| is_vector(at) || after[at] == before[at]));
        assert_eq!(filtered.raw().exception_record, plain.raw().exception_record);
    }

    /// The ranges of one word each, which are objects that the stacks point to: the first word of each is a pointer.
    fn objects(&self) -> Vec<u64> {
        let size = self.word_size() as u64;
        let objects: Vec<u64> =
            self.filtered.ranges().into_iter().filter(|range| range.1 == size).map(|range| range.0).collect();
        let memory = self.filtered.dump().memory();
        let words: Vec<u64> = self.stacks().into_iter().flatten().map(|(_, after)| after).collect();
        for object in &objects {
            assert!(self.stays(memory.read_pointer(*object).expect("it is present")), "{object:#x}");
            assert!(words.contains(object), "nothing points to {object:#x}");
        }
        objects
    }
}

fn number(word: &[u8]) -> u64 {
    word.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

pub fn flags(shared: &Shared) {
    assert_eq!(Sample::read(shared, "triage").dump().flags().bits(), 0x10_0080);
}

pub fn names(shared: &Shared) {
    for name in ["triage", "triage-exception", "triage-indirect", "x86-triage-exception"] {
        let sample = Sample::read(shared, name);
        let names: Vec<String> =
            sample.dump().modules().iter().map(|it| it.name().expect("it is present").to_string()).collect();
        let program = if sample.is_narrow() { "plant32.exe" } else { "plant.exe" };
        assert_eq!(names, [program, "ntdll.dll", "kernel32.dll", "kernelbase.dll"], "{name}");
    }
}

pub fn words(shared: &Shared) {
    let pair = Pair::read(shared, "triage", "normal");
    assert_eq!(pair.pattern(), 0xaaaa_aaaa_aaaa_aaaa);
    let (replaced, kept) = pair.hold_stacks();
    assert!(replaced > 200 && kept > 100, "{replaced} words are replaced, {kept} stay");
    let replaced = pair.hold_contexts();
    assert!(replaced > 20, "{replaced} registers are replaced");
}

pub fn objects(shared: &Shared) {
    let pair = Pair::read(shared, "triage", "normal");
    let (objects, planted) = (pair.objects(), Planted::read(shared, false));
    assert_eq!(objects.len(), 10);
    // Where the program put pointers (`plant.c`); the one at 150 points to the heap, which does not count.
    let expected = [0x100, 0x110, 0x120, 0x130, 0x143, 0x160, 0x170].map(|at| planted.at("rw") + at);
    for object in expected.into_iter().chain([planted.at("rwx") + 0x40]) {
        assert!(objects.contains(&object), "{object:#x} of {objects:x?}");
    }
    assert!(!objects.contains(&(planted.at("rw") + 0x150)));
}

pub fn exception(shared: &Shared) {
    let pair = Pair::read(shared, "triage-exception", "exception-client");
    let (replaced, kept) = pair.hold_stacks();
    assert!(replaced > 200 && kept > 100, "{replaced} words are replaced, {kept} stay");
    assert!(pair.hold_contexts() > 20);
    assert_eq!(pair.objects().len(), 10);
    pair.hold_exception();
}

pub fn covered_words(shared: &Shared) {
    let pair = Pair::read(shared, "triage-indirect", "indirect");
    let planter = Planted::read(shared, false).at("planter_tid");
    let mut counts = Vec::new();
    for (stack, thread) in pair.stacks().iter().zip(pair.filtered.dump().threads()) {
        let replaced = stack.iter().filter(|(before, after)| before != after).count();
        assert!(stack.iter().all(|(before, after)| before == after || *after == pair.pattern()));
        assert!(u64::from(thread.id()) != planter || replaced == 0);
        counts.push(replaced);
    }
    let told: Vec<usize> = counts.into_iter().filter(|count| *count > 0).collect();
    assert_eq!(told, [3, 1, 1]);
}

pub fn contexts_beside_covered_words(shared: &Shared) {
    let pair = Pair::read(shared, "triage-indirect", "indirect");
    // By the words that stay without the windows: the dump has more than the filter considers.
    let alone = Pair { filtered: Sample::read(shared, "triage"), plain: Sample::read(shared, "normal") };
    let registers = |pair: &Pair| -> Vec<Vec<u8>> {
        let dump = pair.filtered.dump();
        dump.threads().map(|it| it.context().unwrap().expect("it is present").as_bytes().to_vec()).collect()
    };
    assert!(registers(&pair) == registers(&alone));
    assert!(alone.hold_contexts() > 20);
}

pub fn narrow_words(shared: &Shared) {
    let pair = Pair::read(shared, "x86-triage-exception", "x86-exception");
    assert_eq!(pair.pattern(), 0xaaaa_aaaa);
    let (replaced, kept) = pair.hold_stacks();
    assert!(replaced > 200 && kept > 100, "{replaced} words are replaced, {kept} stay");
    assert!(pair.hold_contexts() > 10);
    pair.hold_exception();
    assert!(pair.objects().len() > 10);
}
