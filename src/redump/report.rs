//! The report of a re-encoding: what was kept, dropped and not readable.

use alloc::vec::Vec;
use core::fmt;

use crate::error::ReadError;
use crate::format::serde_forms::serialize_as_text;
use crate::format::{DirectoryEntry, StreamType};
use crate::read::List;
use crate::read::list::Record;
use crate::write::{Compressed, Written};

/// The size of a list without entries, in bytes.
const COUNT: u32 = 4;

/// What a re-encoding kept, dropped and could not read.
///
/// # Examples
///
/// ```
/// use userdump::redump::redump;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let report = redump(&dump, &"/mh".parse()?, std::io::sink())?;
/// for stream in &report.streams {
///     println!("{}: {:?}", stream.stream_type, stream.outcome);
/// }
/// // The source has no handles, which `h` asks for.
/// assert_eq!(report.unavailable.len(), 1);
/// assert!(report.losses.is_empty() && report.faults.is_empty());
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Report {
    /// The size of the result in bytes. With compressed memory, it is an upper bound until the result is written.
    pub size: u64,
    /// How many bytes of the result the kernel copied from the source: see [`Written::bytes_by_kernel`].
    pub bytes_by_kernel: u64,
    /// The size of the source in bytes.
    pub source_size: u64,
    /// How many bytes of the source belong to something that could be read: tables, streams, memory and what records
    /// refer to, whether or not the result has it. In an undamaged dump, that is nearly the whole file.
    pub readable_bytes: u64,
    /// The stream directory of the result.
    pub streams_written: Vec<DirectoryEntry>,
    /// Every entry of the source's directory that is used and readable, in directory order.
    pub streams: Vec<StreamReport>,
    /// The missing parts of tables that the end of the file cuts: the stream directory, or the threads, modules and
    /// regions of a full user dump. What the missing entries referred to is not in the result.
    pub truncated_tables: Vec<ReadError>,
    /// Streams that the source lacks and that are written anyway: those that the debugger always writes; an exception
    /// only on request ([`Options::with_made_up_records`](crate::redump::Options::with_made_up_records)).
    pub made_up: Vec<StreamType>,
    /// The number of memory ranges in the result.
    pub memory_ranges: u64,
    /// The total size of these ranges in bytes.
    pub memory_bytes: u64,
    /// The memory of the result, if it is compressed; `None` without
    /// [`Options::compressed`](crate::redump::Options::compressed) or if no memory is selected. The compressed size is
    /// an upper bound until the result is written.
    pub compressed: Option<Compressed>,
    /// Memory that was requested in full and of which the source lacks bytes: regions, and memory that the program
    /// added ([`Hooks::add_memory`](crate::redump::Hooks::add_memory)).
    pub missing_memory: Vec<MissingMemory>,
    /// What letters and presets ask for and the source lacks, or has only in part. The flags in the header of the
    /// result are those of the letters regardless.
    pub unavailable: Vec<Unavailable>,
    /// What the rules of [`Options::managed`](crate::redump::Options::managed) could not find or decide.
    pub undecided: Vec<Undecided>,
    /// What the result has beyond the source, except whole streams ([`Report::made_up`]).
    pub additions: Vec<Addition>,
    /// How many threads are left out at the program's request ([`Hooks`](crate::redump::Hooks)).
    pub threads_left_out: u64,
    /// How many modules are left out at the program's request.
    pub modules_left_out: u64,
    /// True if the option `r` had no effect because full memory was asked for as well.
    pub filter_overruled: bool,
    /// How many bytes of memory other options added that the option `r` does not filter.
    pub unfiltered_memory: u64,
    /// How many bytes of the result are zero at the program's request ([`Hooks::blank`](crate::redump::Hooks::blank)).
    pub blanked_memory: u64,
    /// Parts of items that could not be read (names, contexts, records), or that are kept although they are faulty:
    /// names that are not valid UTF-16, sizes that claim memory of the process.
    pub faults: Vec<ItemFault>,
    /// What the source has and the result lacks although no option asked for that, except whole streams
    /// ([`Report::streams`]) and what could not be read ([`Report::faults`]).
    pub losses: Vec<Loss>,
    /// How many threads and exceptions have no registers in the result, although the source gives a location for them.
    pub contexts_lost: u64,
    /// Why a debugger cannot use the result.
    pub obstacles: Vec<Obstacle>,
    /// True if the result claims to have all memory of the process (`f`, `a`, `A`, `/f`) and the source does not have
    /// it. [`Report::missing_memory`] then lists what is known to be missing.
    pub is_partial: bool,
}

impl Report {
    /// True if nothing of the source is in the result, so that it cannot replace the source.
    #[must_use]
    pub fn keeps_nothing(&self) -> bool {
        !self.streams.iter().any(|stream| stream.outcome.is_kept())
    }

    /// True if the source is damaged and more than half of it could not be read, so that the result is only a small
    /// remainder.
    #[must_use]
    pub fn is_mostly_unreadable(&self) -> bool {
        self.readable_bytes < self.source_size / 2
    }

    /// True if whole parts of the source could not be found or read: streams, or entries of tables.
    #[must_use]
    pub fn has_unreadable_parts(&self) -> bool {
        let is_unreadable = |stream: &StreamReport| matches!(stream.outcome, Outcome::Unreadable(_));
        !self.truncated_tables.is_empty() || self.streams.iter().any(is_unreadable)
    }

    /// Records a part of an item that could not be read.
    pub(super) fn fault(&mut self, stream_type: StreamType, item: u64, part: &'static str, error: ReadError) {
        self.faults.push(ItemFault { stream_type, item, part, error });
    }

    /// Records that a list declares more entries than there are.
    pub(super) fn list_fault<'a, R: Record<'a>>(&mut self, stream_type: StreamType, list: &List<'a, R>) {
        if let Some(error) = list.fault() {
            self.fault(stream_type, list.len(), "entries", error);
        }
    }

    /// Returns the report after the result is written.
    pub(super) fn written(self, written: &Written) -> Self {
        let Written { size, compressed, bytes_by_kernel, .. } = *written;
        Self { size, compressed, bytes_by_kernel, ..self }
    }

    /// Records what a debugger needs and the result lacks. `has_threads` tells whether a full user dump has threads; it
    /// is `None` for minidumps, whose threads are in a stream.
    pub(super) fn judge(&mut self, has_threads: Option<bool>) {
        let has = |wanted: StreamType| self.streams_written.iter().any(|entry| entry.stream_type == wanted);
        // A list of the source may be left out, because it shares its bytes with something else.
        let mut written = self.streams_written.iter().map(|entry| (entry.stream_type, entry.location.data_size));
        let is_listed = written.any(|(stream_type, size)| {
            matches!(stream_type, StreamType::THREAD_LIST | StreamType::THREAD_EX_LIST) && size > COUNT
        });
        let found = [
            (Obstacle::NothingKept, self.keeps_nothing()),
            (Obstacle::NoSystemInfo, has_threads.is_none() && !has(StreamType::SYSTEM_INFO)),
            (Obstacle::NoThreads, !has_threads.unwrap_or(is_listed)),
        ];
        self.obstacles.extend(found.into_iter().filter(|(_, is_so)| *is_so).map(|(obstacle, _)| obstacle));
    }

    /// Records what the result has beyond the source; does nothing for a count of 0.
    pub(super) fn add(&mut self, what: &'static str, count: u64) {
        self.additions.extend((count > 0).then_some(Addition { what, count }));
    }

    /// Records what is not in the result; does nothing for a count of 0.
    pub(super) fn lose(&mut self, what: &'static str, count: u64) {
        self.losses.extend(Loss::new(what, count));
    }
}

/// A reason why a debugger cannot open the result, or cannot show anything in it, because the source lacks data.
///
/// The [`Display`](fmt::Display) form is a clause, such as "it has no threads".
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Obstacle {
    /// No stream of the source is in the result.
    NothingKept,
    /// It does not record the processor and the system.
    NoSystemInfo,
    /// It has no threads.
    NoThreads,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingKept => "nothing of the source is in it",
            Self::NoSystemInfo => "it has no system information",
            Self::NoThreads => "it has no threads",
        })
    }
}

/// An option that asks for something: a letter or a preset.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionName {
    /// A letter of the debugger.
    Letter(char),
    /// A preset, by the name of its method: `identify` for [`Options::identify`](crate::redump::Options::identify).
    Preset(&'static str),
}

impl From<char> for OptionName {
    fn from(letter: char) -> Self {
        Self::Letter(letter)
    }
}

serialize_as_text!([] OptionName);

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Letter(letter) => write!(f, "{letter}"),
            Self::Preset(name) => f.write_str(name),
        }
    }
}

/// What a letter or a preset asks for and the source lacks, or has only in part.
///
/// The [`Display`](fmt::Display) form is a human-readable line.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Unavailable {
    /// The letter, or the preset.
    pub option: OptionName,
    /// What it asks for: a plural noun, or the name of a stream.
    pub what: &'static str,
    /// How many of them the source refers to; 0 if it does not refer to any.
    pub wanted: u64,
    /// How many of them the source has completely.
    pub whole: u64,
    /// How many of them the source has in part.
    pub partial: u64,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, what, wanted, whole, partial } = *self;
        match (wanted, whole, partial) {
            (0, ..) => write!(f, "{option}: the source has no {what}"),
            (_, 0, 0) => write!(f, "{option}: the source has 0 of {wanted} {what}"),
            (_, _, 0) => write!(f, "{option}: the source has {whole} of {wanted} {what}"),
            _ => write!(f, "{option}: the source has {whole} of {wanted} {what}, and parts of {partial}"),
        }
    }
}

/// What the rules of [`Options::managed`](crate::redump::Options::managed) could not find or decide.
///
/// The [`Display`](fmt::Display) form is a human-readable clause.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Undecided {
    /// No module is a .NET or Mono runtime. The result lacks what its debuggers need.
    NoRuntime,
    /// This many images have no headers in the source. It is unknown whether they have managed code, and they are not
    /// kept.
    Images(u64),
    /// No region describes this many bytes outside images and stacks. They are kept.
    Undescribed(u64),
    /// The protections of the regions cannot be right. All mapped memory is kept.
    Protections,
    /// No region is reserved, for example because the dump only describes the memory it has. It is unknown which memory
    /// was reserved together, so the heap of the garbage collector may be kept although only
    /// [`Managed::Heap`](crate::redump::Managed::Heap) asks for it.
    Reservations,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRuntime => f.write_str("a .NET or Mono runtime"),
            Self::Images(1) => f.write_str("whether an image without headers has managed code"),
            Self::Images(count) => write!(f, "whether {count} images without headers have managed code"),
            Self::Undescribed(bytes) => write!(f, "what {bytes} bytes without a region are: they are kept"),
            Self::Reservations => f.write_str("which memory was reserved together: the heap may be kept"),
            Self::Protections => f.write_str("what mapped memory is, because its protection is unknown: it is kept"),
        }
    }
}

/// Something that the result has and the source does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Addition {
    /// What it is.
    pub what: &'static str,
    /// How many of them the result has.
    pub count: u64,
}

/// Something that the source has and the result does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Loss {
    /// What it is.
    pub what: &'static str,
    /// How many of them the source has.
    pub count: u64,
}

impl Loss {
    /// Returns `None` for a count of 0.
    pub(super) fn new(what: &'static str, count: u64) -> Option<Self> {
        (count > 0).then_some(Self { what, count })
    }
}

/// What happened to a stream of the source.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StreamReport {
    /// The index of its entry in the source's directory, from 0.
    pub index: u32,
    /// Its type.
    pub stream_type: StreamType,
    /// Its size in the source, in bytes.
    pub size: u64,
    /// What happened to it.
    pub outcome: Outcome,
}

/// What happened to a stream of the source.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Outcome {
    /// Decoded and encoded again.
    Rewritten,
    /// Copied byte for byte; it has no file positions.
    Copied,
    /// Copied with everything it refers to, and the file positions in it adjusted.
    Relocated,
    /// Copied byte for byte, although it may have file positions that are now wrong.
    Unexamined,
    /// The options do not ask for it.
    NotRequested,
    /// Left out because an earlier stream of the same type is used.
    Duplicate,
    /// Left out because it may have what the option `r` keeps out, or folders that the option `R` keeps out and that
    /// would take too long to find.
    Filtered,
    /// Left out at the program's request ([`Hooks`](crate::redump::Hooks)).
    LeftOut,
    /// Left out because the options name another exception ([`Options`](crate::redump::Options)).
    Replaced,
    /// Left out because the format of the result cannot hold it.
    Unsupported,
    /// Not readable, and not in the result.
    Unreadable(ReadError),
}

impl Outcome {
    /// True if the stream, or its content, is in the result.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        matches!(self, Self::Rewritten | Self::Copied | Self::Relocated | Self::Unexamined)
    }
}

/// A memory region of which the source lacks bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MissingMemory {
    /// The region's address.
    pub address: u64,
    /// The region's size in bytes.
    pub size: u64,
    /// How many bytes of it the source has; they are in the result.
    pub available: u64,
}

/// A part of an item that could not be read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ItemFault {
    /// The stream that the item belongs to.
    pub stream_type: StreamType,
    /// The index of the item in the stream, from 0.
    pub item: u64,
    /// The name of the part.
    pub part: &'static str,
    /// What is wrong.
    pub error: ReadError,
}
