//! A re-encoding for tests that check one aspect of it; what must hold for every re-encoding is checked as well.

use std::io;

use userdump::redump::{Engine, Hooks, Options, Outcome, Redump, Report};
use userdump::{Dump, Minidump, RedumpError, redump};

use super::cpu::pattern;
use super::facts::{Facts, Positions, differences};
use super::forms::file_of;

/// The result of a re-encoding.
pub struct Redumped {
    pub bytes: Vec<u8>,
    pub report: Report,
}

impl Redumped {
    /// Re-encodes with the debugger's words for options.
    ///
    /// A second pass must change nothing, the report must match the file, and the check must have no findings unless
    /// the source has some.
    pub fn of(source: &[u8], options: &str) -> Self {
        Self::with(source, &parsed(options))
    }

    /// Like [`Redumped::of`], with options.
    pub fn with(source: &[u8], options: &Options) -> Self {
        let redumped = Self::twice(source, options);
        if faults(source).is_empty() {
            assert_eq!(faults(&redumped.bytes), [""; 0], "findings with {options}");
        }
        redumped
    }

    /// Like [`Redumped::of`], with the records that the debugger makes up.
    pub fn as_debugger(source: &[u8], options: &str) -> Self {
        Self::with(source, &parsed(options).with_made_up_records())
    }

    /// Like [`Redumped::of`], regardless of the findings of the check.
    pub fn twice(source: &[u8], options: &Options) -> Self {
        let first = Self::once(source, options);
        let again = Self::once(&first.bytes, options);
        let changes = differences(&first.bytes, &again.bytes, Positions::Matter);
        assert!(again.bytes == first.bytes, "a second pass with {options} changes the dump:\n{}", changes.join("\n"));
        first
    }

    /// One pass, without checking that a second one changes nothing.
    pub fn once(source: &[u8], options: &Options) -> Self {
        let mut bytes = Vec::new();
        let dump = Dump::parse(source).expect("the source is a dump");
        let report = redump(&dump, options, &mut bytes).unwrap_or_else(|error| panic!("{options}: {error}"));
        let redumped = Self { bytes, report };
        redumped.check_report();
        redumped.check_file(source, options);
        redumped
    }

    /// Checks that the result is the same if the source is read piece by piece.
    fn check_file(&self, source: &[u8], options: &Options) {
        let file = file_of(source);
        let mut bytes = Vec::new();
        let dump = Dump::from_source(&file).expect("the source is a dump");
        let report = redump(&dump, options, &mut bytes).unwrap_or_else(|error| panic!("{options}, a file: {error}"));
        assert!(bytes == self.bytes, "{options}: another result of a file");
        assert_eq!(format!("{report:?}"), format!("{:?}", self.report), "{options}: another report of a file");
    }

    fn check_report(&self) {
        let (facts, report) = (self.facts(), &self.report);
        assert_eq!(report.size, self.bytes.len() as u64, "size in the report");
        let written =
            report.streams_written.iter().map(|it| (it.stream_type.0, it.location.data_size, it.location.rva));
        let directory = facts.directory.iter().map(|it| (it.kind, it.size, it.rva.0 as u32));
        assert_eq!(written.collect::<Vec<_>>(), directory.collect::<Vec<_>>(), "directory in the report");
        let ranges = facts.ranges();
        let bytes = ranges.iter().map(|range| range.size).sum::<u64>();
        assert_eq!((report.memory_ranges, report.memory_bytes), (ranges.len() as u64, bytes), "memory in the report");
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts::of(&self.bytes)
    }

    /// Addresses and sizes of the memory ranges, in the order of the file.
    pub fn ranges(&self) -> Vec<(u64, u64)> {
        self.facts().ranges().iter().map(|range| (range.address, range.size)).collect()
    }

    /// Checks that exactly these ranges are present, in this order, with the bytes of the [`pattern`].
    pub fn assert_memory(&self, expected: &[(u64, u64)]) {
        assert_eq!(hex(&self.ranges()), hex(expected));
        for range in self.facts().ranges() {
            assert!(range.bytes.0 == pattern(range.address, range.size), "wrong bytes at {:#x}", range.address);
        }
    }

    /// Start and size of the stack of each thread, and whether it has a file position.
    pub fn stacks(&self) -> Vec<(u64, u64, bool)> {
        let threads = self.facts().threads();
        threads.iter().map(|it| (it.stack_start, u64::from(it.stack_size), it.stack_at.0 != 0)).collect()
    }

    /// The outcomes of the streams of a type, in the order of the source.
    pub fn outcomes(&self, kind: u32) -> Vec<Outcome> {
        let streams = self.report.streams.iter().filter(|stream| stream.stream_type.0 == kind);
        streams.map(|stream| stream.outcome).collect()
    }

    /// The faults of the report as text: `ModuleList 1 name`.
    pub fn faults(&self) -> Vec<String> {
        let faults = self.report.faults.iter();
        faults.map(|it| format!("{} {} {}", it.stream_type, it.item, it.part)).collect()
    }

    /// The types of the streams that were made up.
    pub fn made_up(&self) -> Vec<u32> {
        self.report.made_up.iter().map(|made_up| made_up.0).collect()
    }
}

/// One pass with hooks.
pub fn hooked<'a>(source: &'a [u8], options: &str, hooks: Hooks<'a>) -> (Vec<u8>, Report) {
    let dump = Dump::parse(source).expect("the source is a dump");
    let redump = Redump::with_hooks(&dump, &parsed(options), hooks).unwrap();
    let mut out = Vec::new();
    let report = redump.write_to(&mut out).unwrap();
    (out, report)
}

/// Options from the debugger's words and the names of [presets](userdump_walk::presets). Forced, because test dumps
/// lack most of what debuggers need in a full user dump.
pub fn parsed(options: &str) -> Options {
    let options = userdump_walk::presets::options(Engine::default(), options);
    options.unwrap_or_else(|error| panic!("{error}")).forced()
}

/// The error for a source that cannot be re-encoded; the sink must not have been touched.
pub fn refusal(source: &[u8], options: &str) -> RedumpError {
    struct Untouched;
    impl io::Write for Untouched {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            panic!("{} bytes were written", bytes.len());
        }

        fn flush(&mut self) -> io::Result<()> {
            panic!("the sink was flushed");
        }
    }
    let dump = Dump::parse(source).expect("the source is a dump");
    redump(&dump, &parsed(options), Untouched).expect_err("it cannot be re-encoded")
}

/// Everything that the check finds, as text.
pub fn findings(bytes: &[u8]) -> Vec<String> {
    let mut findings = Vec::new();
    let dump = Minidump::parse(bytes).expect("the header is sound");
    dump.check(&mut |finding| findings.push(finding.to_string()));
    findings
}

/// Like [`findings`], without those about threads without registers, stacks in no memory list, and dumps without
/// modules, which do not matter in many of the dumps here.
pub fn faults(bytes: &[u8]) -> Vec<String> {
    let usual = ["there are no registers", "no memory list has the bytes of the stack", "there are no modules"];
    findings(bytes).into_iter().filter(|finding| !usual.iter().any(|it| finding.contains(it))).collect()
}

/// Numbers in hexadecimal, which are easier to compare in messages.
pub fn hex<T: std::fmt::Debug + ?Sized>(value: &T) -> String {
    format!("{value:x?}")
}
