//! What can go wrong, by whom it concerns: readers, writers, re-encoders.
//!
//! Every error says what it is about (by the format's own name), where (an absolute file offset) and how much was
//! needed and there. A part that is absent is not an error: it is `None`.
//!
//! Every error prints its causes with it, in one line, and has no [`source`](core::error::Error::source), so that whoever prints
//! the chain of sources prints nothing twice.

#[cfg(feature = "std")]
mod causes;
mod other_format;
mod owned_dump;
mod parse;
#[cfg(feature = "serde")]
mod serialise;

pub use other_format::{EntryName, OtherFormat};
pub use owned_dump::OwnedDumpError;
pub use parse::ParseError;

use core::fmt;

use thiserror::Error;

/// A fault found while reading a dump.
///
/// It allocates nothing, so that walking a broken file costs no more than walking a sound one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ReadError {
    /// The first bytes are no signature of a dump.
    #[error("not a user-mode dump: the file starts with {found:02x?}")]
    Signature {
        /// The first eight bytes, zeros where the file is shorter.
        found: [u8; 8],
    },

    /// The low half of the header's version word is not `0xa793`.
    #[error("MINIDUMP_HEADER at 0x0 has version 0x{found:x}, 0xa793 is expected in the low 16 bits")]
    Version {
        /// The whole version word.
        found: u32,
    },

    /// Bytes that the file promises are not there.
    #[error("{what} at 0x{offset:x} needs {needed} bytes, {available} available")]
    Truncated {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// How many bytes it takes.
        needed: u64,
        /// How many of them the file or the stream holds.
        available: u64,
    },

    /// A size field holds a value that the structure cannot have.
    #[error("{what} at 0x{offset:x} gives {field} as {found}, at least {needed} is needed")]
    Size {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// The field, by the name that the format gives it.
        field: &'static str,
        /// What the file says.
        found: u64,
        /// The least value that makes sense.
        needed: u64,
    },

    /// A size is not the one that follows from what it is the size of.
    #[error("{what} at 0x{offset:x} gives {field} as {found}, and what is there has {proven}")]
    SizeDiffers {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// The field, by the name that the format gives it.
        field: &'static str,
        /// What the file says.
        found: u64,
        /// What it would have to say.
        proven: u64,
    },

    /// A sum of offsets, sizes or addresses leaves 64 bits.
    #[error("{what} at 0x{offset:x} reaches beyond 64 bits")]
    Overflow {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
    },

    /// Structures refer to each other in a circle.
    #[error("{what} at 0x{offset:x} is reached again and again")]
    Cycle {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
    },

    /// The file begins with zeros in place of a header, as after a copy or an upload that failed.
    #[error("the file is all zeros up to 0x{size:x}: copy or upload the dump again")]
    Zeros {
        /// How many zeros there are before the first other byte, or before the end.
        size: u64,
    },

    /// So much of the file refers to the same bytes that following it all would cost more than the file is worth.
    #[error("{what} at 0x{offset:x} goes beyond the limit of {limit} bytes for a file of this size")]
    BudgetSpent {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// How many bytes all structures of its kind together may have.
        limit: u64,
    },

    /// The size of a structure claims bytes that are memory of the process.
    #[error("{what} at 0x{offset:x} has {size} bytes, of which those from 0x{memory:x} on are memory of the process")]
    MemoryShared {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// How many bytes it claims.
        size: u64,
        /// Where the memory starts.
        memory: u64,
    },

    /// A structure claims bytes that belong to something else in the file.
    #[error("{what} at 0x{offset:x} has {size} bytes, some of which belong to {other} at 0x{other_offset:x}")]
    PartShared {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// How many bytes it claims.
        size: u64,
        /// What else claims some of them.
        other: &'static str,
        /// Where that starts, in bytes from the start of the file.
        other_offset: u64,
    },

    /// A text in UTF-16 has surrogates without their other half, or an odd number of bytes.
    #[error("{what} at 0x{offset:x} is not valid UTF-16")]
    NotUtf16 {
        /// The structure, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
    },

    /// There is nothing in the file: it has 0 bytes.
    #[error("the file is empty")]
    Empty,

    /// A bucket of compressed memory is not unpacked.
    #[error("bucket {number} at 0x{offset:x} of the compressed memory {fault}")]
    Bucket {
        /// The number of the bucket, from 0.
        number: u64,
        /// Where its bytes are, in bytes from the start of the file.
        offset: u64,
        /// Why not.
        fault: BucketFault,
    },

    /// The bytes are in compressed memory, and so nowhere in the file.
    #[error("{what} at address 0x{address:x} is in compressed memory: it has to be read by address")]
    Compressed {
        /// What it is.
        what: &'static str,
        /// Its virtual address.
        address: u64,
    },

    /// The first bytes are those of another kind of file.
    #[error("the file is {}, not a user-mode dump: {}{entry}", format.name, format.hint)]
    OtherFormat {
        /// What the file is, and what to do with it.
        format: &'static OtherFormat,
        /// The entry of an archive that has the name of a dump.
        entry: EntryName,
    },

    /// A format, or a part of one, that this version does not read.
    #[error("{what} cannot be read by this version")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
}

impl ReadError {
    /// True if bytes are missing: the file was cut short or points beyond its end.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        matches!(self, Self::Truncated { .. })
    }

    /// True if the input may be sound but this version cannot read it.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        let is_missing = matches!(self, Self::Bucket { fault: BucketFault::FeatureMissing, .. });
        is_missing || matches!(self, Self::Unsupported { .. } | Self::OtherFormat { .. })
    }

    /// Where in the file the fault lies, in bytes from its start.
    #[must_use]
    pub const fn offset(&self) -> Option<u64> {
        match *self {
            Self::Truncated { offset, .. }
            | Self::Size { offset, .. }
            | Self::SizeDiffers { offset, .. }
            | Self::Overflow { offset, .. }
            | Self::Cycle { offset, .. }
            | Self::BudgetSpent { offset, .. }
            | Self::MemoryShared { offset, .. }
            | Self::PartShared { offset, .. }
            | Self::NotUtf16 { offset, .. }
            | Self::Bucket { offset, .. } => Some(offset),
            Self::Signature { .. }
            | Self::Version { .. }
            | Self::Empty
            | Self::Zeros { .. }
            | Self::OtherFormat { .. } => Some(0),
            Self::Unsupported { .. } | Self::Compressed { .. } => None,
        }
    }
}

/// Why a bucket of compressed memory is not unpacked.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum BucketFault {
    /// Its bytes are not entirely in the file, or where the header or the directory is.
    #[error("does not lie in the file whole")]
    OutsideFile,
    /// Its uncompressed size is more than 255 times the compressed one, which LZ4 cannot reach.
    #[error("claims more bytes than its compressed bytes can stand for")]
    Expands,
    /// Its uncompressed size is larger than the limit of the cache.
    #[error("is larger than the limit of the cache")]
    AboveLimit,
    /// It lies on bytes of other buckets, which have been unpacked as often as the size of the file allows.
    #[error("lies on the bytes of other buckets too often to be unpacked")]
    BytesShared,
    /// Its bytes are no block of LZ4.
    #[error("does not decompress")]
    Undecodable,
    /// Its bytes decompress to more or fewer bytes than it claims.
    #[error("decompresses to another size than it claims")]
    OtherSize,
    /// The cache has no room for it, so that its bytes can be copied but not lent.
    #[error("is not kept in memory: the limit of the cache is reached")]
    CacheFull,
    /// The crate was built without what unpacks it.
    #[error("can be read only with the feature `lz4` of the crate `userdump`")]
    FeatureMissing,
}

/// A thing that a writer puts into a dump, for errors: its name and its number among its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// What it is, by the name that the format gives it.
    pub name: &'static str,
    /// Its number among those of its kind, from 0, where there can be several.
    pub index: Option<u64>,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "{} {index}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// A fault found while planning or writing a dump.
#[cfg(feature = "std")]
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum WriteError {
    /// The sink failed.
    #[error("{item} at 0x{offset:x} takes {needed} bytes, {written} written: {}", causes::Causes(source))]
    Io {
        /// What was being written.
        item: Item,
        /// Where it starts in the output, in bytes from the start.
        offset: u64,
        /// Its size in bytes.
        needed: u64,
        /// How many of its bytes the sink had taken.
        written: u64,
        /// What the sink said.
        r#source: std::io::Error,
    },

    /// The reader of a memory range failed.
    #[error(
        "memory range {index} at address 0x{address:x} needs {needed} bytes, its reader failed after {available}: {}",
        causes::Causes(source)
    )]
    Source {
        /// The number of the range in its list, from 0.
        index: u64,
        /// The range's address.
        address: u64,
        /// The range's size in bytes.
        needed: u64,
        /// How many bytes the reader had given.
        available: u64,
        /// What the reader said.
        r#source: std::io::Error,
    },

    /// The reader of a memory range ended before the range did, and zeros were not asked for.
    #[error("memory range {index} at address 0x{address:x} needs {needed} bytes, its reader ended after {available}")]
    ShortSource {
        /// The number of the range in its list, from 0.
        index: u64,
        /// The range's address.
        address: u64,
        /// The range's size in bytes.
        needed: u64,
        /// How many bytes the reader gave.
        available: u64,
    },

    /// Something would start or end where the 32 bits of an RVA do not reach.
    #[error("{item} would take {size} bytes at 0x{offset:x}, beyond the 4 GiB that an RVA reaches")]
    RvaOverflow {
        /// What it is.
        item: Item,
        /// Where it would start, in bytes from the start of the output.
        offset: u64,
        /// Its size in bytes.
        size: u64,
    },

    /// Something would end where 64 bits do not reach.
    #[error("{item} would take {size} bytes at 0x{offset:x}, beyond 64 bits")]
    Overflow {
        /// What it is.
        item: Item,
        /// Where it would start, in bytes from the start of the output.
        offset: u64,
        /// Its size in bytes.
        size: u64,
    },

    /// Something is larger, or there is more of it, than its field of the format can say.
    #[error("{item} has {found} {unit}, the format's limit is {limit}")]
    SizeOverflow {
        /// What it is.
        item: Item,
        /// Its size or number.
        found: u64,
        /// What is counted: bytes or entries.
        unit: &'static str,
        /// The largest size or number that the format can say.
        limit: u64,
    },

    /// A register name that the context layout does not have.
    #[error("the context layout {layout} has no register {name:?}")]
    UnknownRegister {
        /// The name of the layout.
        layout: &'static str,
        /// The name that was given.
        name: alloc::string::String,
    },

    /// The caller asked for something that makes no dump.
    #[error("{item}: {reason}")]
    InvalidInput {
        /// What it is about.
        item: Item,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// A reason why a dump cannot be re-encoded.
#[cfg(feature = "std")]
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum RedumpError {
    /// The source cannot be read.
    #[error("the source cannot be read: {0}")]
    Read(ReadError),

    /// The result cannot be written.
    #[error("the result cannot be written: {0}")]
    Write(WriteError),

    /// The option word is none of the debugger's.
    #[error("{word:?} is no option: `/m` and letters are expected, or `/f` alone")]
    OptionWord {
        /// The word.
        word: alloc::string::String,
    },

    /// A letter that no option has.
    #[error("option letter {letter:?} is not known")]
    UnknownLetter {
        /// The letter.
        letter: char,
    },

    /// A letter that the debugger takes and that is refused here.
    #[error("option letter {letter:?} is refused: {reason}")]
    RefusedLetter {
        /// The letter.
        letter: char,
        /// Why, and what to do in its place.
        reason: &'static str,
    },

    /// Bits of a `MINIDUMP_TYPE` that no option letter stands for.
    #[error("no option letter stands for the bits 0x{bits:x} of MINIDUMP_TYPE")]
    UnsupportedFlags {
        /// The bits.
        bits: u64,
    },

    /// A kind of source that this version does not re-encode.
    #[error("{what} cannot be re-encoded by this version")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },

    /// The memory of the dump lacks a structure, or a part of it, that the options name by its address.
    #[error("{what} at address 0x{address:x} needs {needed} bytes, {available} are in the dump")]
    NotInMemory {
        /// The structure, by the name that Microsoft's headers give it.
        what: &'static str,
        /// Its virtual address.
        address: u64,
        /// Its size in bytes.
        needed: u64,
        /// How many of its bytes the dump has, from the address on.
        available: u64,
    },

    /// A structure that the options name by its address is not what it should be.
    #[error("{what} at address 0x{address:x} cannot be used: {reason}")]
    Unusable {
        /// The structure, by the name that Microsoft's headers give it.
        what: &'static str,
        /// Its virtual address.
        address: u64,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The dump has no thread with the ID that the options name, or it is one of those that are left out.
    #[error("thread 0x{id:x} is not among those that are kept")]
    NoThread {
        /// The ID.
        id: u32,
    },

    /// A full user dump of the source would be one that every debugger refuses.
    #[error("every debugger would refuse a full user dump of it: {reason}")]
    Refused {
        /// What the debugger wants and the source lacks.
        reason: &'static str,
    },

    /// Nothing of the source can be found, so that nothing of it could be kept.
    #[error(
        "nothing could be kept: {what} at 0x{offset:x} has no entry in use that can be read, \
         {needed} bytes are needed, {available} available"
    )]
    NothingToKeep {
        /// The table that leads to everything else, by the name that the format gives it.
        what: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// How many bytes it takes.
        needed: u64,
        /// How many of them the file has.
        available: u64,
    },

    /// The memory information promises memory that the source lacks, and the options ask for all of it.
    #[error(
        "memory at 0x{address:x} needs {needed} bytes, {available} available: the option letter `A` without `N` goes on"
    )]
    MissingMemory {
        /// The address of the region.
        address: u64,
        /// The size of the region in bytes.
        needed: u64,
        /// How many bytes of it the source has.
        available: u64,
    },
}
