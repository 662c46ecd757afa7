//! The errors of readers, writers and re-encoders.
//!
//! Every error names what it is about (in the terms of the format), where it is (as an absolute file offset), and how
//! many bytes were needed and available. An absent part is not an error: it is `None`.
//!
//! Every error prints its causes in the same line, and has no [`source`](core::error::Error::source), so that programs that
//! print the chain of sources print nothing twice.

mod accessors;
mod bucket_fault;
#[cfg(feature = "std")]
mod causes;
mod other_format;
mod owned_dump;
mod parse;
#[cfg(feature = "serde")]
mod serialise;
#[cfg(feature = "std")]
mod source_fault;

pub use bucket_fault::BucketFault;
pub use other_format::{EntryName, OtherFormat};
pub use owned_dump::OwnedDumpError;
pub use parse::ParseError;
#[cfg(feature = "std")]
pub use source_fault::SourceFault;

use core::fmt;

use thiserror::Error;

/// An error while reading a dump.
///
/// It does not allocate, so reading a damaged file costs no more than reading an intact one.
///
/// ```
/// use userdump::Dump;
///
/// let error = Dump::parse(b"MDMP").unwrap_err();
/// assert_eq!(error.to_string(), "MINIDUMP_HEADER at 0x0 needs 32 bytes, 4 available");
/// assert!(error.is_truncated());
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ReadError {
    /// The file does not start with a known dump signature.
    #[error("not a user-mode dump: the file starts with {found:02x?}")]
    Signature {
        /// The first eight bytes of the file, padded with zeros if it is shorter.
        found: [u8; 8],
    },

    /// The low half of the header's version field is not `0xa793`.
    #[error("MINIDUMP_HEADER at 0x0 has version 0x{found:x}, 0xa793 is expected in the low 16 bits")]
    Version {
        /// The version field, all 32 bits.
        found: u32,
    },

    /// The file or the stream ends before the structure does.
    #[error("{what} at 0x{offset:x} needs {needed} bytes, {available} available")]
    Truncated {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
        /// Size of the structure in bytes.
        needed: u64,
        /// Number of available bytes in the file or the stream.
        available: u64,
    },

    /// A size field has a value that is too small for the structure.
    #[error("{what} at 0x{offset:x} gives {field} as {found}, at least {needed} is needed")]
    Size {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
        /// The field, in the terms of the format.
        field: &'static str,
        /// Value of the field.
        found: u64,
        /// The smallest valid value.
        needed: u64,
    },

    /// A size field contradicts the size that follows from other data.
    #[error("{what} at 0x{offset:x} gives {field} as {found}, but the actual value is {proven}")]
    SizeDiffers {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
        /// The field, in the terms of the format.
        field: &'static str,
        /// Value of the field.
        found: u64,
        /// The value that follows from other data.
        proven: u64,
    },

    /// A sum of offsets, sizes or addresses overflows 64 bits.
    #[error("{what} at 0x{offset:x} reaches beyond 64 bits")]
    Overflow {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
    },

    /// Structures refer to each other in a cycle.
    #[error("{what} at 0x{offset:x} is part of a cycle")]
    Cycle {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
    },

    /// The file begins with zeros in place of a header, for example after a failed copy or upload.
    #[error("the file is all zeros up to 0x{size:x}: copy or upload the dump again")]
    Zeros {
        /// Number of zero bytes at the start of the file.
        size: u64,
    },

    /// So many structures share the same bytes that following them all would take too much time for a file of this
    /// size.
    #[error("{what} at 0x{offset:x} exceeds the limit of {limit} bytes for a file of this size")]
    BudgetSpent {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
        /// The limit for the total size of all structures of this kind, in bytes.
        limit: u64,
    },

    /// A structure overlaps bytes that are memory of the process.
    #[error("{what} at 0x{offset:x} has {size} bytes, of which those from 0x{memory:x} on are memory of the process")]
    MemoryShared {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
        /// Size of the structure in bytes.
        size: u64,
        /// File offset of the memory.
        memory: u64,
    },

    /// A structure overlaps another part of the file.
    #[error("{what} at 0x{offset:x} has {size} bytes, some of which belong to {other} at 0x{other_offset:x}")]
    PartShared {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
        /// Size of the structure in bytes.
        size: u64,
        /// The other part.
        other: &'static str,
        /// File offset of the other part.
        other_offset: u64,
    },

    /// A string is not valid UTF-16: it has unpaired surrogates or an odd number of bytes.
    #[error("{what} at 0x{offset:x} is not valid UTF-16")]
    NotUtf16 {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
    },

    /// The file has a size of 0 bytes.
    #[error("the file is empty")]
    Empty,

    /// A bucket of compressed memory cannot be decompressed.
    #[error("bucket {number} at 0x{offset:x} of the compressed memory {fault}")]
    Bucket {
        /// Index of the bucket.
        number: u64,
        /// File offset of the compressed contents.
        offset: u64,
        /// The reason.
        fault: BucketFault,
    },

    /// Bytes of a file that is read piece by piece could not be read.
    #[cfg(feature = "std")]
    #[error("{what} at 0x{offset:x} needs {needed} bytes, {available} could be read: {fault}")]
    Source {
        /// The structure, in the terms of the format.
        what: &'static str,
        /// File offset of the structure.
        offset: u64,
        /// Number of bytes needed.
        needed: u64,
        /// Number of bytes that could be read.
        available: u64,
        /// The reason.
        fault: SourceFault,
    },

    /// The data is in compressed memory, so it has no file offset.
    #[error("{what} at address 0x{address:x} is in compressed memory: read it by address")]
    Compressed {
        /// The structure.
        what: &'static str,
        /// Virtual address of the structure.
        address: u64,
    },

    /// The file is of another known format.
    #[error("the file is {}, not a user-mode dump: {}{entry}", format.name, format.hint)]
    OtherFormat {
        /// The format, and a hint what to do with such a file.
        format: &'static OtherFormat,
        /// The entry of an archive that is named like a dump.
        entry: EntryName,
    },

    /// This version does not support a format, or a part of one.
    #[error("{what} cannot be read by this version")]
    Unsupported {
        /// What is not supported.
        what: &'static str,
    },
}

/// An item of a dump to be written, as named in errors: its name and its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// Name of the item, in the terms of the format.
    pub name: &'static str,
    /// Index among the items with the same name, if there can be several.
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

/// An error while planning or writing a dump.
#[cfg(feature = "std")]
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum WriteError {
    /// Writing to the output failed.
    #[error("{item} at 0x{offset:x} takes {needed} bytes, {written} written: {}", causes::Causes(source))]
    Io {
        /// The item being written.
        item: Item,
        /// Offset of the item in the output.
        offset: u64,
        /// Size of the item in bytes.
        needed: u64,
        /// Number of its bytes that were written.
        written: u64,
        /// The error of the output.
        r#source: std::io::Error,
    },

    /// Reading the contents of a memory range failed.
    #[error(
        "memory range {index} at address 0x{address:x} needs {needed} bytes, its reader failed after {available}: {}",
        causes::Causes(source)
    )]
    Source {
        /// Index of the range in its list.
        index: u64,
        /// Virtual address of the range.
        address: u64,
        /// Size of the range in bytes.
        needed: u64,
        /// Number of bytes that had been read.
        available: u64,
        /// The error of the reader.
        r#source: std::io::Error,
    },

    /// The reader of a memory range ended early, and filling with zeros was not requested.
    #[error("memory range {index} at address 0x{address:x} needs {needed} bytes, its reader ended after {available}")]
    ShortSource {
        /// Index of the range in its list.
        index: u64,
        /// Virtual address of the range.
        address: u64,
        /// Size of the range in bytes.
        needed: u64,
        /// Number of bytes that had been read.
        available: u64,
    },

    /// The file from which the kernel copies is shorter than the bytes that were borrowed from it: it was truncated.
    #[error("{item} at 0x{offset:x} needs {needed} bytes, the source file ended after {available}")]
    SourceEnded {
        /// The item being written.
        item: Item,
        /// Offset of the item in the output.
        offset: u64,
        /// Size of the item in bytes.
        needed: u64,
        /// Number of its bytes that the source file had.
        available: u64,
    },

    /// An item would start or end beyond the limit of a 32-bit RVA.
    #[error("{item} would take {size} bytes at 0x{offset:x}, beyond the 4 GiB limit of an RVA")]
    RvaOverflow {
        /// The item.
        item: Item,
        /// Offset of the item in the output.
        offset: u64,
        /// Size of the item in bytes.
        size: u64,
    },

    /// An item would end beyond the limit of a 64-bit offset.
    #[error("{item} would take {size} bytes at 0x{offset:x}, beyond 64 bits")]
    Overflow {
        /// The item.
        item: Item,
        /// Offset of the item in the output.
        offset: u64,
        /// Size of the item in bytes.
        size: u64,
    },

    /// A size or a number of entries does not fit into its field of the format.
    #[error("{item} has {found} {unit}, the format's limit is {limit}")]
    SizeOverflow {
        /// The item.
        item: Item,
        /// The size or number.
        found: u64,
        /// The unit: bytes or entries.
        unit: &'static str,
        /// The largest size or number that fits.
        limit: u64,
    },

    /// The context layout does not have a register with this name.
    #[error("the context layout {layout} has no register {name:?}")]
    UnknownRegister {
        /// Name of the layout.
        layout: &'static str,
        /// Name of the register.
        name: alloc::string::String,
    },

    /// The input of the caller does not result in a valid dump.
    #[error("{item}: {reason}")]
    InvalidInput {
        /// The item.
        item: Item,
        /// The reason why it is invalid.
        reason: &'static str,
    },
}

/// The reason why a dump cannot be re-encoded.
///
/// ```
/// use userdump::redump::Options;
///
/// let error = "/mz".parse::<Options>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown option letter 'z'");
/// ```
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

    /// The option word is not valid in the debugger.
    #[error("{word:?} is not an option: expected `/m` followed by letters, or only `/f`")]
    OptionWord {
        /// The option word.
        word: alloc::string::String,
    },

    /// An option letter does not exist.
    #[error("unknown option letter {letter:?}")]
    UnknownLetter {
        /// The option letter.
        letter: char,
    },

    /// The debugger accepts an option letter that this crate refuses.
    #[error("option letter {letter:?} is refused: {reason}")]
    RefusedLetter {
        /// The option letter.
        letter: char,
        /// The reason, and what to do instead.
        reason: &'static str,
    },

    /// `MINIDUMP_TYPE` has bits for which there is no option letter.
    #[error("there is no option letter for the bits 0x{bits:x} of MINIDUMP_TYPE")]
    UnsupportedFlags {
        /// Those bits.
        bits: u64,
    },

    /// This version cannot re-encode the source.
    #[error("{what} cannot be re-encoded by this version")]
    Unsupported {
        /// What is not supported.
        what: &'static str,
    },

    /// The options name the address of a structure that is not, or not completely, in the memory of the dump.
    #[error("{what} at address 0x{address:x} needs {needed} bytes, {available} are in the dump")]
    NotInMemory {
        /// Microsoft's name of the structure.
        what: &'static str,
        /// Virtual address of the structure.
        address: u64,
        /// Size of the structure in bytes.
        needed: u64,
        /// Number of its bytes that the dump has, from its address on.
        available: u64,
    },

    /// The options name the address of a structure that is not valid.
    #[error("{what} at address 0x{address:x} cannot be used: {reason}")]
    Unusable {
        /// Microsoft's name of the structure.
        what: &'static str,
        /// Virtual address of the structure.
        address: u64,
        /// The reason why it is not valid.
        reason: &'static str,
    },

    /// The options name a thread ID that is not in the dump, or whose thread is left out.
    #[error("thread 0x{id:x} is not among the threads that are kept")]
    NoThread {
        /// The thread ID.
        id: u32,
    },

    /// The source would result in a full user dump that every debugger rejects.
    #[error("every debugger would reject a full user dump of this source: {reason}")]
    Refused {
        /// What debuggers require and the source lacks.
        reason: &'static str,
    },

    /// Nothing in the source can be found, so the result would be empty.
    #[error(
        "nothing could be kept: {what} at 0x{offset:x} has no used entry that can be read, \
         {needed} bytes are needed, {available} available"
    )]
    NothingToKeep {
        /// The table that refers to everything else, in the terms of the format.
        what: &'static str,
        /// File offset of the table.
        offset: u64,
        /// Size of the table in bytes.
        needed: u64,
        /// Number of its bytes that are in the file.
        available: u64,
    },

    /// The options ask for all memory, and the memory information lists memory that the source lacks.
    #[error(
        "memory at 0x{address:x} needs {needed} bytes, {available} available: \
         use the option letter `A` without `N` to continue"
    )]
    MissingMemory {
        /// Virtual address of the region.
        address: u64,
        /// Size of the region in bytes.
        needed: u64,
        /// Number of its bytes that the source has.
        available: u64,
    },
}
