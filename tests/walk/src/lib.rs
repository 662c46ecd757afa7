//! Code that tests and fuzz targets share: the walk, a simple decoder of minidumps, the judge that uses it, and words to plant.
//!
//! The walk visits everything that the reader returns for a dump. For any file, nothing may panic, different views of the same
//! data must agree, and no list may have more entries than it declares.
//!
//! The walk passes on everything that it visits, so that tests can print or compare it. The work is limited, because a
//! malicious file can make hundreds of streams from the same bytes, and thousands of entries that each require a search through
//! all others.

// `Stream` is non-exhaustive, so matches need a wildcard arm. This lint reports the variants that only the wildcard matches. It
// requires a nightly compiler, which builds the fuzz targets. Otherwise, a test walks a stream of each type.
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

/// The maximum number of streams of a type that are walked. A hundred lists of the same bytes, whose entries all have the same
/// long name, take time without testing more.
const LISTS: u32 = 8;
/// The maximum number of entries of a list for which all entries of another list are searched.
const SEARCHES: usize = 64;
/// The maximum number of module annotations that are visited. All modules of a malicious file may share the same long list.
const ANNOTATIONS: usize = 10_000;

/// The numbers of visited items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Directory entries; 0 in a full user dump.
    pub streams: u64,
    /// Entries of the directory and of all lists, records of chains, visible memory ranges, and findings.
    pub items: u64,
    /// Findings of the check.
    pub findings: u64,
}

/// Visits all streams, entries, names, contexts, stacks, records and ranges, and runs the check.
///
/// `see` gets the same values for dumps that have the same contents at the same offsets, regardless of their byte order.
///
/// # Panics
///
/// If the reader panics, if a stream, the memory or the check has more items than the file has bytes, or if views of the same
/// data contradict each other.
pub fn walk(dump: &Dump<'_>, see: &mut dyn FnMut(&dyn Debug)) -> Walked {
    let size = dump.file_size();
    let mut walk = Walk { see, items: 0, size, limit: size };
    let streams = match dump {
        Dump::Minidump(dump) => walk.minidump(dump),
        Dump::FullUserDump(dump) => {
            walk.user_dump(dump);
            0
        }
        other => panic!("the walk does not support {other:?}"),
    };
    walk.any_format(dump);
    let findings = walk.findings(dump);
    Walked { streams, items: walk.items, findings }
}

/// Visits one stream, without its offset in the file.
///
/// # Panics
///
/// Like [`walk`].
pub fn walk_stream(stream: &RawStream<'_>, decoded: &Stream<'_>, see: &mut dyn FnMut(&dyn Debug)) {
    let size = stream.dump().file_size();
    Walk { see, items: 0, size, limit: size }.stream(stream, decoded);
}

struct Walk<'f> {
    see: &'f mut dyn FnMut(&dyn Debug),
    items: u64,
    /// The size of the file in bytes.
    size: u64,
    /// The maximum of `items` at the end of the part that is being walked.
    limit: u64,
}

impl Walk<'_> {
    /// Visits what all formats have.
    fn any_format(&mut self, dump: &Dump<'_>) {
        // Their contexts are walked with their records.
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
            assert_eq!(module.contains(module.base()), module.size() > 0, "a module with a size contains its base");
            if index < SEARCHES {
                memory::image_at(&memory, module.base());
                memory::facts_of(&memory, &module);
            }
        }
        memory::places_of(dump);
        memory::kept_of(dump, &memory);
        self.next();
        if let Some(process) = Wow64::of(dump, &memory) {
            self.see(&process.process_environment_block());
            for thread in dump.threads().take(SEARCHES) {
                let wow64 = process.thread(&thread);
                let (bounds, stack) = (wow64.stack_bounds(), wow64.stack());
                let is_inside = bounds.zip(stack).is_none_or(|(all, it)| all.start <= it.start && it.end == all.end);
                assert!(is_inside, "the stack is within its bounds");
                let size = wow64.context().map(|context| context.as_bytes().len());
                assert!(size.is_none_or(|size| size == 716), "the context is an x86 CONTEXT");
                self.item(&(wow64, wow64.teb(), wow64.saved_at(), wow64.is_running()));
            }
            let count = dump.modules().take(SEARCHES).filter(|module| process.is_32_bit(module)).count();
            self.see(&count);
        }
        self.next();
        self.regions(&dump.regions());
    }

    /// Runs the check and returns the number of findings.
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

    /// Starts the next part, which may have as many items as the file has bytes.
    fn next(&mut self) {
        self.limit = self.items + self.size;
    }

    fn see(&mut self, value: &dyn Debug) {
        (self.see)(value);
    }

    fn item(&mut self, value: &dyn Debug) {
        self.items += 1;
        assert!(self.items <= self.limit, "a part has more items than the file has bytes");
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
                // The tail is bytes that depend on the byte order, so it is not passed on.
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

/// Checks that a string decodes to the same text at once and character by character.
fn check_text(text: &Utf16<'_>) {
    assert!(text.chars_lossy().eq(text.to_string_lossy().chars()));
    assert!(text.trim_end_nul().as_bytes().len() <= text.as_bytes().len());
}

/// Checks and decodes a string, because its `Debug` output does not contain the text.
fn spelled(text: &Utf16<'_>) -> String {
    check_text(text);
    text.to_string_lossy()
}

/// Does the same as [`check_text`] for a string that may be missing.
fn check_optional_text(text: &Option<Utf16<'_>>) {
    text.iter().for_each(check_text);
}
