//! What tests and fuzz targets share: the walk, the plain decoder of minidumps and who judges by it, words to plant.
//!
//! The walk goes through everything that the reader gives of a dump: whatever the file is, nothing of
//! it may panic, what is said in two ways must agree, and no list may give more than it announces.
//!
//! What it sees it hands on, so that tests can print it or compare it. The work is bounded: a hostile file makes hundreds of
//! streams out of the same bytes, and thousands of entries that each take a search through all others.

// `Stream` may grow, so that its matches need an arm for what is not known yet. This lint, which only a nightly
// compiler has, names the variants that fall into it; the fuzz targets are built by one. Elsewhere a test walks through a
// stream of each type.
#![cfg_attr(fuzzing, feature(non_exhaustive_omitted_patterns_lint), deny(non_exhaustive_omitted_patterns))]

pub mod accounted;
pub mod compressed;
pub mod facts;
mod memory;
mod minidump;
pub mod presets;
mod streams;
mod user_dump;
mod vendor;
pub mod words;

use std::fmt::Debug;
use std::hint::black_box;

use userdump::read::check::Finding;
use userdump::read::list::Record;
use userdump::read::system::wow64::Wow64;
use userdump::read::text::Utf16;
use userdump::read::{Context, List, RawStream, Stream};
use userdump::{Dump, ReadError};

/// How many streams of a type are walked through. A hundred lists of the same bytes, whose entries all have the same long
/// name, take their time and tell no more.
const LISTS: u32 = 8;
/// For how many entries of a list something is searched for, each time among all of another list.
const SEARCHES: usize = 64;
/// How many annotations of modules are looked at: modules of a hostile file may all share the same long list.
const ANNOTATIONS: usize = 10_000;

/// What was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Entries of the directory; none in a full user dump.
    pub streams: u64,
    /// Entries of the directory and of all lists, records of chains, ranges by address, findings.
    pub items: u64,
    /// What the check found.
    pub findings: u64,
}

/// Goes through all streams, entries, names, contexts, stacks, records and ranges, and through the check.
///
/// What is seen is equal for dumps that hold the same at the same places, whatever their byte order.
///
/// # Panics
///
/// If the reader does, if a stream, the memory or the check gives more items than the file has bytes, or if views of the same
/// thing contradict each other.
pub fn walk(dump: &Dump<'_>, see: &mut dyn FnMut(&dyn Debug)) -> Walked {
    let size = dump.data().len() as u64;
    let mut walk = Walk { see, items: 0, size, limit: size };
    let streams = match dump {
        Dump::Minidump(dump) => walk.minidump(dump),
        Dump::FullUserDump(dump) => {
            walk.user_dump(dump);
            0
        }
        other => panic!("the walk has no way through {other:?}"),
    };
    walk.any_format(dump);
    let findings = walk.findings(dump);
    Walked { streams, items: walk.items, findings }
}

/// Goes through one stream, and sees nothing of where it is in the file.
///
/// # Panics
///
/// As [`walk`].
pub fn walk_stream(stream: &RawStream<'_>, decoded: &Stream<'_>, see: &mut dyn FnMut(&dyn Debug)) {
    let size = stream.dump().data().len() as u64;
    Walk { see, items: 0, size, limit: size }.stream(stream, decoded);
}

struct Walk<'f> {
    see: &'f mut dyn FnMut(&dyn Debug),
    items: u64,
    /// The bytes of the file.
    size: u64,
    /// How many items there may be at the end of what is being walked.
    limit: u64,
}

impl Walk<'_> {
    /// What every format has.
    fn any_format(&mut self, dump: &Dump<'_>) {
        // Those whose contexts are walked where they stand.
        for thread in dump.threads().take(SEARCHES) {
            self.see(&thread.context().map(|it| it.map(|it| it.as_bytes().len())));
        }
        for exception in dump.exceptions().take(SEARCHES) {
            self.see(&(exception.code(), exception.context().map(|it| it.map(|it| it.as_bytes().len()))));
        }
        let memory = dump.memory();
        self.next();
        self.memory(&memory);
        for (index, module) in dump.modules().enumerate() {
            assert_eq!(module.contains(module.base()), module.size() > 0, "a module of a size has its base");
            if index < SEARCHES {
                memory::image_at(&memory, module.base());
                memory::facts_of(&memory, &module);
            }
        }
        memory::places_of(dump);
        memory::kept_of(dump, &memory);
        self.next();
        if let Some(side) = Wow64::of(dump, &memory) {
            self.see(&side.process_environment_block());
            for thread in dump.threads().take(SEARCHES) {
                let narrow = side.thread(&thread);
                let (whole, stack) = (narrow.stack_bounds(), narrow.stack());
                let is_inside = whole.zip(stack).is_none_or(|(all, it)| all.start <= it.start && it.end == all.end);
                assert!(is_inside, "a stack lies within its bounds");
                let size = narrow.context().map(|context| context.as_bytes().len());
                assert!(size.is_none_or(|size| size == 716), "it is a record of x86");
                self.item(&(narrow, narrow.teb(), narrow.saved_at(), narrow.is_running()));
            }
            let narrow = dump.modules().take(SEARCHES).filter(|module| side.is_32_bit(module)).count();
            self.see(&narrow);
        }
        self.next();
        self.regions(&dump.regions());
    }

    /// The number of findings of the check.
    fn findings(&mut self, dump: &Dump<'_>) -> u64 {
        self.next();
        let mut findings = 0;
        dump.check(&mut |finding: Finding| {
            findings += 1;
            self.item(&(finding, format_args!("{finding}")));
            black_box(finding.to_string());
        });
        findings
    }

    /// What comes now may have as many items as the file has bytes.
    fn next(&mut self) {
        self.limit = self.items + self.size;
    }

    fn see(&mut self, value: &dyn Debug) {
        (self.see)(value);
    }

    fn item(&mut self, value: &dyn Debug) {
        self.items += 1;
        assert!(self.items <= self.limit, "a stream gives more items than the file has bytes");
        self.see(value);
    }

    fn list<'a, R: Record<'a>>(&mut self, list: &List<'a, R>, mut each: impl FnMut(&mut Self, R)) {
        assert!(list.len() <= list.declared_len());
        self.see(&(list.len(), list.declared_len(), list.entry_size(), list.fault()));
        for entry in list {
            each(self, entry);
        }
    }

    fn context(&mut self, context: Result<Option<Context<'_>>, ReadError>) {
        match context {
            Ok(Some(it)) => {
                let registers = [it.flags(), it.instruction_pointer(), it.stack_pointer(), it.frame_pointer()];
                self.see(&(it.as_bytes().len(), it.layout(), registers));
                self.see(&(it.state(), it.valid_groups().collect::<Vec<_>>(), it.registers().collect::<Vec<_>>()));
                assert!(it.registers().all(|register| it.register(register.name) == Some(register.value)));
                // Bytes, in either order.
                black_box(it.tail());
                let extended = it.xstate(None);
                let features = extended.iter().flat_map(|it| it.iter());
                features.for_each(|feature| assert!(feature.bytes.len() <= feature.size as usize));
                self.see(
                    &extended.map(|it| {
                        (it.features(), it.iter().collect::<Vec<_>>(), it.ymm_registers().count(), it.cet_u())
                    }),
                );
            }
            other => self.see(&other.map(|_| ())),
        }
    }
}

/// A text is the same, character by character and as a whole.
fn sound(text: &Utf16<'_>) {
    assert!(text.chars_lossy().eq(text.to_string_lossy().chars()));
    assert!(text.trim_end_nul().as_bytes().len() <= text.as_bytes().len());
}

/// The text, for its `Debug` does not print it.
fn spelled(text: &Utf16<'_>) -> String {
    sound(text);
    text.to_string_lossy()
}

/// As [`sound`], for a text that may be missing.
fn sound_if_any(text: &Option<Utf16<'_>>) {
    text.iter().for_each(sound);
}
