//! What became of the source.

use alloc::vec::Vec;
use core::fmt;

use crate::error::ReadError;
use crate::format::{DirectoryEntry, StreamType};
use crate::read::List;
use crate::read::list::Record;
use crate::write::{Compressed, Written};

/// The size in bytes of a list that has no entries.
const COUNT: u32 = 4;

/// What a re-encoding kept, dropped and could not read.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The size of the result in bytes. With compressed memory it is the most that it can be until it is written.
    pub size: u64,
    /// The size of the source in bytes.
    pub source_size: u64,
    /// How many bytes of the source are in something that could be read: tables, streams, memory and what records refer
    /// to, whether or not the result has it. In a sound dump that is nearly the whole file.
    pub understood: u64,
    /// The stream directory of the result.
    pub streams_written: Vec<DirectoryEntry>,
    /// Every entry of the source's directory that is in use and can be read, in its order.
    pub streams: Vec<StreamReport>,
    /// What is missing of tables that the file cuts: of the stream directory, or of the threads, modules and regions of a
    /// full user dump. What the missing entries led to is not in the result.
    pub cut_tables: Vec<ReadError>,
    /// Streams that the source lacks and that are written all the same: those that the debugger always writes, an exception only
    /// if it is asked for ([`Options::with_made_up_records`](crate::redump::Options::with_made_up_records)).
    pub made_up: Vec<StreamType>,
    /// The number of memory ranges in the result.
    pub memory_ranges: u64,
    /// The sum of their sizes in bytes.
    pub memory_bytes: u64,
    /// The memory of the result, if it is compressed: `None` without [`Options::compressed`](crate::redump::Options::compressed)
    /// and where no memory is selected. Its compressed size is the most that it can be until it is written.
    pub compressed: Option<Compressed>,
    /// Memory that was asked for in full and of which bytes are missing in the source: regions, and what the program added
    /// ([`Hooks::add_memory`](crate::redump::Hooks::add_memory)).
    pub missing_memory: Vec<MissingMemory>,
    /// What letters and presets ask for and the source does not have, or has only in part. The flags in the header of the
    /// result claim what letters ask for all the same.
    pub unserved: Vec<Unserved>,
    /// What the rules of [`Options::managed`](crate::redump::Options::managed) could not find or decide.
    pub undecided: Vec<Undecided>,
    /// What the result says beyond the source, beside whole streams ([`Report::made_up`]).
    pub additions: Vec<Addition>,
    /// How many threads the program asked to leave out ([`Hooks`](crate::redump::Hooks)).
    pub threads_left_out: u64,
    /// How many modules it asked to leave out.
    pub modules_left_out: u64,
    /// True if the option `r` had no effect because full memory was asked for as well.
    pub filter_overruled: bool,
    /// With the option `r`: how many bytes of memory other options added, which are not filtered.
    pub unfiltered_memory: u64,
    /// How many bytes of the result are zero because the program asked for it
    /// ([`Hooks::blank`](crate::redump::Hooks::blank)).
    pub blanked_memory: u64,
    /// Parts of items that could not be read (names, contexts, records), or that are kept though something is wrong with
    /// them: names that are not valid UTF-16, sizes that claim memory of the process.
    pub faults: Vec<ItemFault>,
    /// What the source says and the result does not, though no option asked for that, beside whole streams
    /// ([`Report::streams`]) and what cannot be read ([`Report::faults`]).
    pub losses: Vec<Loss>,
    /// How many threads and exceptions have no registers in the result, although the source says where they are.
    pub contexts_lost: u64,
    /// Why the result is of no use to a debugger.
    pub hindrances: Vec<Hindrance>,
    /// True if the result claims to have all memory of the process (`f`, `a`, `A`, `/f`) and the source does not have it:
    /// [`Report::missing_memory`] then has what is known to be missing.
    pub is_partial: bool,
}

impl Report {
    /// True if nothing of the source is in the result: nobody would want it in place of the source.
    pub fn keeps_nothing(&self) -> bool {
        !self.streams.iter().any(|stream| stream.outcome.is_kept())
    }

    /// True if the source is damaged and the greater part of it could not be read, so that the result is at most a small
    /// remainder.
    pub fn is_remainder(&self) -> bool {
        self.understood < self.source_size / 2
    }

    /// True if parts of the source could not be found or read as a whole: tables that are cut, streams.
    pub fn has_unreadable_parts(&self) -> bool {
        let is_unreadable = |stream: &StreamReport| matches!(stream.outcome, Outcome::Unreadable(_));
        !self.cut_tables.is_empty() || self.streams.iter().any(is_unreadable)
    }

    /// Notes a part of an item that could not be read.
    pub(super) fn fault(&mut self, stream_type: StreamType, item: u64, part: &'static str, error: ReadError) {
        self.faults.push(ItemFault { stream_type, item, part, error });
    }

    /// Notes that a list announces more entries than there are.
    pub(super) fn list_fault<'a, R: Record<'a>>(&mut self, stream_type: StreamType, list: &List<'a, R>) {
        if let Some(error) = list.fault() {
            self.fault(stream_type, list.len(), "entries", error);
        }
    }

    /// The report when the result is written.
    pub(super) fn written(self, written: &Written) -> Self {
        Self { size: written.size, compressed: written.compressed, ..self }
    }

    /// Notes what the result lacks that a debugger needs; of a full user dump, whose threads are in no stream, with whether it
    /// has some.
    pub(super) fn judge(&mut self, has_threads: Option<bool>) {
        let has = |wanted: StreamType| self.streams_written.iter().any(|entry| entry.stream_type == wanted);
        // What the source has may be left out: a list that shares its bytes with something else.
        let mut written = self.streams_written.iter().map(|entry| (entry.stream_type, entry.location.data_size));
        let is_listed = written.any(|(stream_type, size)| {
            matches!(stream_type, StreamType::THREAD_LIST | StreamType::THREAD_EX_LIST) && size > COUNT
        });
        let found = [
            (Hindrance::NothingKept, self.keeps_nothing()),
            (Hindrance::NoSystemInfo, has_threads.is_none() && !has(StreamType::SYSTEM_INFO)),
            (Hindrance::NoThreads, !has_threads.unwrap_or(is_listed)),
        ];
        self.hindrances.extend(found.into_iter().filter(|(_, is_so)| *is_so).map(|(hindrance, _)| hindrance));
    }

    /// Notes what the result has beyond the source, if there is any of it.
    pub(super) fn add(&mut self, what: &'static str, count: u64) {
        self.additions.extend((count > 0).then_some(Addition { what, count }));
    }

    /// Notes what is not in the result, if there is any of it.
    pub(super) fn lose(&mut self, what: &'static str, count: u64) {
        self.losses.extend(Loss::new(what, count));
    }
}

/// What keeps a debugger from opening a result, or from showing anything in it, because the source lacks it.
///
/// It prints as the end of a sentence.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// No stream of the source is in the result.
    NothingKept,
    /// Nothing says which processor and system it is of.
    NoSystemInfo,
    /// It has no threads.
    NoThreads,
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingKept => "nothing of the source is in it",
            Self::NoSystemInfo => "it has no system information",
            Self::NoThreads => "it has no threads",
        })
    }
}

/// What asks for something: a letter, or a preset.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionName {
    /// A letter of the debugger.
    Letter(char),
    /// A preset by the name of its method: `identify` of [`Options::identify`](crate::redump::Options::identify).
    Preset(&'static str),
}

impl From<char> for OptionName {
    fn from(letter: char) -> Self {
        Self::Letter(letter)
    }
}

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Letter(letter) => write!(f, "{letter}"),
            Self::Preset(name) => f.write_str(name),
        }
    }
}

/// What a letter or a preset asks for and the source does not have, or has only in part.
///
/// Its [`Display`](fmt::Display) form is a line for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unserved {
    /// The letter, or the preset.
    pub option: OptionName,
    /// What it asks for, in the plural; the name of the stream if it asks for one.
    pub what: &'static str,
    /// How many of them the source speaks of; 0 if it does not tell of any.
    pub wanted: u64,
    /// Of how many it has all bytes.
    pub whole: u64,
    /// Of how many it has some bytes.
    pub partial: u64,
}

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, what, wanted, whole, partial } = *self;
        match (wanted, whole, partial) {
            (0, ..) => write!(f, "{option}: the source has no {what}"),
            (_, 0, 0) => write!(f, "{option}: none of {wanted} {what} are in the source"),
            (_, _, 0) => write!(f, "{option}: {whole} of {wanted} {what} are in the source"),
            _ => write!(f, "{option}: {whole} of {wanted} {what} are in the source, {partial} in part"),
        }
    }
}

/// What the rules of [`Options::managed`](crate::redump::Options::managed) could not find or decide.
///
/// Its [`Display`](fmt::Display) form is a line for people.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// No module is a runtime of .NET or Mono. What its debuggers need is not in the result.
    NoRuntime,
    /// So many images have no headers in the source. Whether they have managed code is not known, and they are not kept for it.
    Images(u64),
    /// No region describes so many bytes outside of images and stacks. They are kept.
    Undescribed(u64),
    /// The regions have no protections that can be true. All mapped memory is kept.
    Protections,
    /// No region is reserved, as where a dump has rows of its own memory alone: how much was reserved together is not known,
    /// and the heap of the garbage collector may be kept though only [`Managed::Heap`](crate::redump::Managed::Heap) asks for it.
    Reservations,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRuntime => f.write_str("a runtime of .NET or Mono"),
            Self::Images(1) => f.write_str("whether an image without headers has managed code"),
            Self::Images(count) => write!(f, "whether {count} images without headers have managed code"),
            Self::Undescribed(bytes) => write!(f, "what {bytes} bytes are that no region describes: they are kept"),
            Self::Reservations => f.write_str("what was reserved together: the heap may be kept"),
            Self::Protections => f.write_str("what mapped memory is, as its protection is not known: it is kept"),
        }
    }
}

/// Something that the result says and the source does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addition {
    /// What it is.
    pub what: &'static str,
    /// How many of it the result has.
    pub count: u64,
}

/// Something that the source says and the result does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What it is.
    pub what: &'static str,
    /// How many of it the source has.
    pub count: u64,
}

impl Loss {
    /// `None` if there is nothing of it.
    pub(super) fn new(what: &'static str, count: u64) -> Option<Self> {
        (count > 0).then_some(Self { what, count })
    }
}

/// What became of a stream of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamReport {
    /// The position of its entry in the source's directory, from 0.
    pub index: u32,
    /// Its type.
    pub stream_type: StreamType,
    /// Its size in the source, in bytes.
    pub size: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a stream of the source.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Decoded and written anew.
    Rewritten,
    /// Copied byte for byte; it holds no file offsets.
    Copied,
    /// Copied with all that it points to, the file offsets in it moved.
    Relocated,
    /// Copied byte for byte, though file offsets may be in it that are now wrong.
    Unexamined,
    /// The options do not ask for it.
    NotAsked,
    /// Left out: an earlier stream of the same type counts.
    Duplicate,
    /// Left out: it may hold what the option `r` keeps out, or folders that the option `R` keeps out and that would take
    /// too long to find in it.
    Filtered,
    /// The program asked for it to be left out ([`Hooks`](crate::redump::Hooks)).
    LeftOut,
    /// Left out: the options name another exception ([`Options`](crate::redump::Options)).
    Replaced,
    /// Left out: the format of the result has no place for it.
    NoPlace,
    /// Could not be read, and is not in the result.
    Unreadable(ReadError),
}

impl Outcome {
    /// True if the stream, or what it says, is in the result.
    pub const fn is_kept(&self) -> bool {
        matches!(self, Self::Rewritten | Self::Copied | Self::Relocated | Self::Unexamined)
    }
}

/// A memory region of which bytes are missing in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingMemory {
    /// The region's address.
    pub address: u64,
    /// The region's size in bytes.
    pub size: u64,
    /// How many bytes of it the source has; these are in the result.
    pub available: u64,
}

/// A part of an item that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemFault {
    /// The stream that the item belongs to.
    pub stream_type: StreamType,
    /// The item's number in the stream, from 0.
    pub item: u64,
    /// Which part of it.
    pub part: &'static str,
    /// What is wrong.
    pub error: ReadError,
}
