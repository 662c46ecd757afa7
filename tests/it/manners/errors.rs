//! Every error says in one line what happened and why, and printing its sources repeats nothing.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use libtest_mimic::Trial;
use userdump::error::{BucketFault, EntryName, Item, OtherFormat, SourceFault};
use userdump::format::{Guid, StreamType};
use userdump::read::check::FindingCode;
use userdump::{ReadError, RedumpError, WriteError};

use crate::support::{tree, trials};

pub fn trials() -> Vec<Trial> {
    trials![every_error_names_its_cause_once, every_variant_is_among_them, what_a_sink_says_can_be_asked_for]
}

/// A sink's error with its own causes.
#[derive(Debug)]
struct Sink(Option<Box<Sink>>, &'static str);

impl Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
}

impl Error for Sink {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_deref().map(|cause| cause as _)
    }
}

/// The messages of the sink's error, down to its last cause.
const SAID: [&str; 3] = ["upload failed", "connection lost", "cable torn"];

fn sink() -> io::Error {
    let [upload, connection, cable] = SAID;
    let cause = Sink(Some(Box::new(Sink(None, cable))), connection);
    io::Error::other(Sink(Some(Box::new(cause)), upload))
}

const FAULTS: [BucketFault; 9] = [
    BucketFault::OutsideFile,
    BucketFault::Expands,
    BucketFault::AboveLimit,
    BucketFault::BytesShared,
    BucketFault::Undecodable,
    BucketFault::OtherSize,
    BucketFault::CacheFull,
    BucketFault::Unreadable,
    BucketFault::FeatureMissing,
];

const SOURCE_FAULTS: [SourceFault; 5] = [
    SourceFault::Shrunk,
    SourceFault::Changed,
    SourceFault::CacheFull,
    SourceFault::System(5),
    SourceFault::Other(io::ErrorKind::TimedOut),
];

fn read_errors() -> Vec<ReadError> {
    let (what, offset, size) = ("MINIDUMP_THREAD_LIST", 0x40, 9);
    let format = OtherFormat::known().next().expect("there are some");
    let mut all = vec![
        ReadError::Signature { found: *b"deadbeef" },
        ReadError::Version { found: 7 },
        ReadError::Truncated { what, offset, needed: 4, available: 1 },
        ReadError::Size { what, offset, field: "SizeOfEntry", found: 3, needed: 4 },
        ReadError::SizeDiffers { what, offset, field: "SizeOfEntry", found: 3, proven: 4 },
        ReadError::Overflow { what, offset },
        ReadError::Cycle { what, offset },
        ReadError::Zeros { size },
        ReadError::BudgetSpent { what, offset, limit: 5 },
        ReadError::MemoryShared { what, offset, size, memory: 0x44 },
        ReadError::PartShared { what, offset, size, other: "MINIDUMP_STRING", other_offset: 0x44 },
        ReadError::NotUtf16 { what, offset },
        ReadError::Empty,
        ReadError::Compressed { what, address: 0x1000 },
        ReadError::OtherFormat { format, entry: EntryName::default() },
        ReadError::Unsupported { what },
    ];
    all.extend(SOURCE_FAULTS.map(|fault| ReadError::Source { what, offset, needed: 4, available: 1, fault }));
    all.extend(FAULTS.map(|fault| ReadError::Bucket { number: 3, offset, fault }));
    all
}

fn write_errors() -> Vec<WriteError> {
    let item = Item { name: "memory range", index: Some(3) };
    vec![
        WriteError::Io { item, offset: 0x40, needed: 9, written: 4, source: sink() },
        WriteError::Source { index: 3, address: 0x1000, needed: 9, available: 4, source: sink() },
        WriteError::ShortSource { index: 3, address: 0x1000, needed: 9, available: 4 },
        WriteError::SourceEnded { item, offset: 9, needed: 8, available: 4 },
        WriteError::RvaOverflow { item, offset: 0x40, size: 9 },
        WriteError::Overflow { item, offset: 0x40, size: 9 },
        WriteError::SizeOverflow { item, found: 9, unit: "bytes", limit: 4 },
        WriteError::UnknownRegister { layout: "AMD64", name: "xip".to_owned() },
        WriteError::InvalidInput { item, reason: "the reason" },
    ]
}

fn redump_errors() -> Vec<RedumpError> {
    let (what, reason) = ("PEB", "the reason");
    let mut all = vec![
        RedumpError::OptionWord { word: "/q".to_owned() },
        RedumpError::UnknownLetter { letter: 'q' },
        RedumpError::RefusedLetter { letter: 'k', reason },
        RedumpError::UnsupportedFlags { bits: 0x40 },
        RedumpError::Unsupported { what },
        RedumpError::NotInMemory { what, address: 0x1000, needed: 9, available: 4 },
        RedumpError::Unusable { what, address: 0x1000, reason },
        RedumpError::NoThread { id: 7 },
        RedumpError::Refused { reason },
        RedumpError::NothingToKeep { what, offset: 0x40, needed: 9, available: 4 },
        RedumpError::MissingMemory { address: 0x1000, needed: 9, available: 4 },
    ];
    all.extend(read_errors().into_iter().map(RedumpError::from));
    all.extend(write_errors().into_iter().map(RedumpError::from));
    all
}

/// Every error with the messages of its causes.
fn errors() -> Vec<(Box<dyn Error>, Vec<String>)> {
    let said = |error: &WriteError| match error {
        WriteError::Io { .. } | WriteError::Source { .. } => SAID.map(str::to_owned).to_vec(),
        _ => Vec::new(),
    };
    let of_bucket = |error: &ReadError| match error {
        ReadError::Bucket { fault, .. } => vec![fault.to_string()],
        ReadError::Source { fault, .. } => vec![fault.to_string()],
        _ => Vec::new(),
    };
    let mut all: Vec<(Box<dyn Error>, Vec<String>)> = Vec::new();
    all.extend(FAULTS.map(|fault| (Box::from(fault), Vec::new())));
    all.extend(SOURCE_FAULTS.map(|fault| (Box::from(fault), Vec::new())));
    all.extend(read_errors().into_iter().map(|error| (Box::from(error), of_bucket(&error))));
    for error in write_errors() {
        let causes = said(&error);
        all.push((Box::from(error), causes));
    }
    for error in redump_errors() {
        let causes = match &error {
            RedumpError::Read(error) => vec![error.to_string()],
            RedumpError::Write(error) => said(error).into_iter().chain([error.to_string()]).collect(),
            _ => Vec::new(),
        };
        all.push((Box::from(error), causes));
    }
    all.push((Box::from("".parse::<Guid>().expect_err("it is not valid")), Vec::new()));
    all.push((Box::from("".parse::<StreamType>().expect_err("it is not valid")), Vec::new()));
    all.push((Box::from("".parse::<FindingCode>().expect_err("it is not valid")), Vec::new()));
    all
}

fn every_error_names_its_cause_once() {
    for (error, causes) in errors() {
        let text = error.to_string();
        assert!(!text.is_empty() && text.lines().count() == 1 && !text.ends_with(['.', ' ', ':']), "{text:?}");
        for cause in causes {
            assert_eq!(text.matches(&cause).count(), 1, "{text}: {cause}");
        }
        // As anyhow and eyre print it: the error, then each source.
        let mut chain = vec![text];
        let mut source = error.source();
        while let Some(cause) = source {
            chain.push(cause.to_string());
            source = cause.source();
        }
        for (index, outer) in chain.iter().enumerate() {
            let repeated = chain[index + 1..].iter().find(|inner| outer.contains(inner.as_str()));
            assert_eq!(repeated, None, "{chain:?}");
        }
    }
}

/// The variants that the error types declare.
fn every_variant_is_among_them() {
    let text = ["src/error.rs", "src/error/bucket_fault.rs", "src/error/source_fault.rs"]
        .map(|path| std::fs::read_to_string(tree::path(path)).expect("it is present"))
        .concat();
    let is_variant =
        |line: &&str| line.starts_with("    ") && line.as_bytes().get(4).is_some_and(u8::is_ascii_uppercase);
    let names = |line: &str| line.trim().split(|letter: char| !letter.is_alphanumeric()).next().map(str::to_owned);
    let mut declared = BTreeSet::new();
    for block in text.split("\npub enum ").skip(1) {
        let block = block.split("\n}").next().expect("it ends");
        let (name, variants) = block.split_once(" {").expect("it begins");
        declared
            .extend(variants.lines().filter(is_variant).filter_map(names).map(|variant| format!("{name}::{variant}")));
    }
    let name =
        |debug: String| debug.split(|letter: char| !letter.is_alphanumeric()).next().expect("it has a name").to_owned();
    let mut found = BTreeSet::new();
    found.extend(FAULTS.iter().map(|it| format!("BucketFault::{}", name(format!("{it:?}")))));
    found.extend(SOURCE_FAULTS.iter().map(|it| format!("SourceFault::{}", name(format!("{it:?}")))));
    found.extend(read_errors().iter().map(|it| format!("ReadError::{}", name(format!("{it:?}")))));
    found.extend(write_errors().iter().map(|it| format!("WriteError::{}", name(format!("{it:?}")))));
    found.extend(redump_errors().iter().map(|it| format!("RedumpError::{}", name(format!("{it:?}")))));
    assert_eq!(declared, found);
}

fn what_a_sink_says_can_be_asked_for() {
    for error in write_errors() {
        let has_one = matches!(error, WriteError::Io { .. } | WriteError::Source { .. });
        assert_eq!(error.io_error().map(io::Error::kind), has_one.then_some(io::ErrorKind::Other));
        assert_eq!(RedumpError::from(error).io_error().is_some(), has_one);
    }
    assert!(redump_errors().iter().filter(|error| error.io_error().is_some()).count() == 2);
}
