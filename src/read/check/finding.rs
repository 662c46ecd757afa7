//! What a check of a dump finds.

use core::fmt;
use core::str::FromStr;

use crate::error::{ParseError, ReadError};
use crate::format::StreamType;
use crate::format::serde_forms::serde_as_text;

/// Something in a dump that a sound dump does not have, see [`Dump::check`](crate::read::Dump::check).
///
/// It prints as one sentence.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// What kind of fault it is.
    pub code: FindingCode,
    /// The type of the stream that has it; `None` if the dump as a whole has it.
    pub stream: Option<StreamType>,
    /// The number of the entry in the stream's list, from 0; `None` if the stream as a whole has the fault.
    pub entry: Option<u64>,
    /// Where the faulty entry, stream or directory entry lies, in bytes from the start of the file.
    pub offset: u64,
    /// What happened when the bytes were read; `None` for faults that lie in the meaning of the bytes.
    pub error: Option<ReadError>,
}

/// With what it prints as its `message`, which has the error in it.
#[cfg(feature = "serde")]
impl serde::Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut finding = serializer.serialize_struct("Finding", 5)?;
        finding.serialize_field("code", &self.code)?;
        finding.serialize_field("stream", &self.stream)?;
        finding.serialize_field("entry", &self.entry)?;
        finding.serialize_field("offset", &self.offset)?;
        finding.serialize_field("message", &format_args!("{self}"))?;
        finding.end()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (FindingCode::FileTruncated, Some(ReadError::Truncated { needed, available, .. })) =
            (self.code, self.error)
        {
            return write!(f, "{} at {available} of at least {needed} bytes", self.code.description());
        }
        match self.stream {
            Some(stream) => write!(f, "{stream}")?,
            None => f.write_str("dump")?,
        }
        if let Some(entry) = self.entry {
            write!(f, ", entry {entry}")?;
        }
        write!(f, " at 0x{:x}: {}", self.offset, self.code.description())?;
        match self.error {
            Some(error) => write!(f, " ({error})"),
            None => Ok(()),
        }
    }
}

/// Declares [`FindingCode`]: a row gives the variant, the name that programs rely on and the text for people.
macro_rules! finding_codes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, $description:literal;)*) => {
        /// The kinds of faults that a check finds.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode {
            $($(#[$doc])* $variant,)*
        }

        impl FindingCode {
            /// All codes, in the order in which they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name of the code: words in lower case with hyphens, which later versions do not change.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What the code means, without a capital letter and a full stop.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }
        }
    };
}

finding_codes! {
    /// The file ends before what it describes: the rest of it was cut off. It is found first, and takes the place of
    /// everything that is missing because of it, unless that is one thing only. Its error says how long the file is and
    /// how long it has to be at least, by the largest end that stream, memory or table claims.
    FileTruncated => "file-truncated", "the file ends";
    /// The header announces more directory entries than the file holds.
    DirectoryTruncated => "directory-truncated", "the stream directory is cut short";
    /// A stream reaches beyond the end of the file.
    StreamOutsideFile => "stream-outside-file", "the stream does not lie in the file whole";
    /// The header of a stream cannot be read.
    StreamUnreadable => "stream-unreadable", "the stream cannot be read";
    /// Two directory entries have one type; exceptions may, for LLDB writes one for each stopped thread.
    DuplicateStream => "duplicate-stream", "an earlier entry of the directory has the same type";
    /// Two directory entries share bytes.
    StreamsOverlap => "streams-overlap", "the stream shares bytes with another one";
    /// A list announces more entries than its stream or the file holds.
    ListTruncated => "list-truncated", "the list has fewer entries than it announces";
    /// Behind the entries that its list announces, a stream has just the room of some more.
    ListSmallerThanStream => "list-smaller-than-stream", "the list announces fewer entries than its stream has";
    /// The size of a stream is not what the entries that it counts take, or not what a field in it says.
    StreamSizeWrong => "stream-size-wrong",
        "the size does not fit what is there; today's debugger refuses the dump, or ignores the stream";
    /// A stream lies before the end of the directory.
    StreamBeforeDirectoryEnd => "stream-before-directory-end",
        "the stream starts before the end of the directory; today's debugger refuses the dump";
    /// There are more than 10,000 unloaded modules.
    TooManyUnloadedModules => "too-many-unloaded-modules",
        "there are more than 10,000 unloaded modules; today's debugger ignores them, and writes no dump of this one";
    /// There are more than 0x80000 entries with times of threads.
    TooManyThreadInfos => "too-many-thread-infos",
        "times of more than 0x80000 threads are listed; today's debugger refuses or ignores them";
    /// The entries of the handle operations are shorter than Microsoft's declaration.
    HandleOperationsShort => "handle-operations-short",
        "the entries have fewer than 0x120 bytes; today's debugger refuses or ignores them";
    /// The dump does not say what system and processor it is of.
    NoSystemInfo => "no-system-info", "there is no system information";
    /// The dump has no thread list, or an empty one.
    NoThreads => "no-threads", "there are no threads; the debugger refuses the dump";
    /// The dump has no module list, or an empty one. The debugger refuses a full user dump without modules; a minidump it
    /// opens.
    NoModules => "no-modules", "there are no modules, so no address has a name";
    /// Two threads of a list have one ID.
    ThreadIdRepeated => "thread-id-repeated", "an earlier thread has the same ID";
    /// A thread has the ID 0.
    ThreadIdZero => "thread-id-zero", "the thread ID is 0";
    /// No debugger is known to open dumps of the processor that the system information names.
    ProcessorUnknown => "processor-unknown", "no debugger is known to open dumps of the processor";
    /// A name is not entirely in the file, or its position is 0 where a name has to be.
    NameUnreadable => "name-unreadable", "the name cannot be read";
    /// A name has an odd size or unpaired surrogates.
    NameNotUtf16 => "name-not-utf16", "the name is not valid UTF-16";
    /// A NUL ends a name before its size does.
    NameTooLong => "name-too-long", "the name ends before its size does";
    /// The size of a stream, a name, a record or a context claims bytes that are memory of the process.
    MemoryShared => "memory-shared", "its size claims bytes that are memory of the process";
    /// A name, a record, a context or a stream claims bytes that belong to something else: its position or size is wrong, or
    /// that of the other. It is found once for each part, however many records refer to it.
    PartShared => "part-shared", "it claims bytes that belong to something else in the file";
    /// A thread context is not entirely in the file.
    ContextOutsideFile => "context-outside-file", "the thread context does not lie in the file whole";
    /// A thread context is too small for all layouts of the processor.
    ContextUnknownSize => "context-unknown-size", "the thread context has no size that is known for the processor";
    /// A thread or an exception has no context.
    ContextMissing => "context-missing", "there are no registers";
    /// The flags of a context name another processor than that of the dump.
    ContextOfOtherProcessor => "context-of-other-processor", "the thread context is of another processor than the dump";
    /// A stack has a size but no position, and no memory list holds the address at which it starts.
    StackWithoutBytes => "stack-without-bytes", "the dump holds no bytes of the stack";
    /// A thread points to the bytes of its stack, of which no memory list has any.
    StackNotListed => "stack-not-listed",
        "no memory list has the bytes of the stack; readers that go by addresses do not find it";
    /// The bytes to which a thread points as its stack are not those that a memory list has for the same addresses.
    StackDisagrees => "stack-disagrees",
        "a memory list has other bytes for the stack than those at its position; those of the list are believed";
    /// A memory range reaches beyond the end of the file.
    MemoryTruncated => "memory-truncated", "the memory range does not lie in the file whole";
    /// The bytes of a range, or of all of the Memory64 list, claim to be where the header or the directory is.
    MemoryInTables => "memory-in-tables", "the memory claims to be where the header or the directory is";
    /// The file ends before the memory of the Memory64 list does, which has its bytes at one place, or that of the
    /// regions of a full user dump.
    MemoryDataTruncated => "memory-data-truncated", "the memory of all ranges does not lie in the file whole";
    /// A range of the Memory64 list, or a region of a full user dump, starts below the one before it; in the memory list
    /// they stand in any order.
    RangesUnsorted => "ranges-unsorted", "the range starts below the one before it";
    /// Two memory ranges overlap and have different bytes where they do; those that agree are no fault.
    RangesDisagree => "ranges-disagree",
        "another range has other bytes for the same addresses; in the memory list, the debugger refuses the dump";
    /// The flags promise full memory and there is no Memory64 list, or the other way round.
    FlagsDisagree => "flags-disagree",
        "the flags and the streams disagree on whether there is full memory; the debugger refuses the dump";
    /// There is a memory list beside the Memory64 list, even if it is empty.
    MemoryListBesideFull => "memory-list-beside-full",
        "there is a memory list beside full memory; the debugger refuses the dump";
    /// Size, version or signature of the header of compressed memory are not those of the format.
    CompressedHeaderWrong => "compressed-header-wrong", "the header of compressed memory is not the one that is known";
    /// The header of compressed memory names another compression than LZ4. Today's debugger does not look at it, and takes
    /// the memory for LZ4, as is done here.
    CompressionUnknown => "compression-unknown", "the memory is compressed in a way that is not known; LZ4 is expected";
    /// Compressed memory does not start where its header says, or does not end with the file.
    CompressedSizeWrong => "compressed-size-wrong",
        "compressed memory does not reach from its header to the end of the file; today's debugger refuses the dump";
    /// There are no regions or no buckets.
    CompressedMemoryEmpty => "compressed-memory-empty",
        "compressed memory has no regions or no buckets; today's debugger refuses the dump";
    /// The size of the array of regions or of buckets is not that of so many entries.
    CompressedArraySizeWrong => "compressed-array-size-wrong", "the size of an array is not that of its entries";
    /// The sums that the header of compressed memory has are not those of regions and buckets.
    CompressedTotalsWrong => "compressed-totals-wrong", "the sizes of regions and buckets do not add up";
    /// The largest transfer is 0, or smaller than a bucket.
    TransferSizeWrong => "transfer-size-wrong",
        "a bucket is larger than the header allows; today's debugger hangs or ends";
    /// There is a memory list beside compressed memory.
    MemoryBesideCompressed => "memory-beside-compressed",
        "there is a memory list beside compressed memory; today's debugger refuses the dump";
    /// The flags promise compressed memory and there is none, or the other way round.
    CompressedFlagDisagrees => "compressed-flag-disagrees",
        "the flags and the streams disagree on whether memory is compressed; today's debugger refuses the dump";
    /// The flags promise full memory beside compressed memory.
    CompressedAndFull => "compressed-and-full",
        "the flags promise full memory and compressed memory; today's debugger refuses the dump";
    /// A region of compressed memory does not have its place in the array for a number.
    RegionNumberWrong => "region-number-wrong", "the number of the region is not its place";
    /// Two regions of compressed memory share addresses.
    RegionsOverlap => "regions-overlap", "the region shares addresses with one before it";
    /// A region of compressed memory names a bucket that is not there.
    RegionWithoutBucket => "region-without-bucket", "the bucket of the region is not there";
    /// A region of compressed memory goes on behind the end of its bucket.
    RegionOutsideBucket => "region-outside-bucket", "the region does not lie in its bucket whole";
    /// The bucket that a region names does not count it among its own.
    RegionNotOfBucket => "region-not-of-bucket", "the bucket of the region does not have it among its own";
    /// A bucket does not have its place in the array for a number.
    BucketNumberWrong => "bucket-number-wrong", "the number of the bucket is not its place";
    /// The compressed bytes of a bucket are not entirely in the file.
    BucketOutsideFile => "bucket-outside-file", "the bucket does not lie in the file whole";
    /// Other regions name a bucket than those that it counts.
    BucketRegionsWrong => "bucket-regions-wrong", "the bucket has other regions than it says";
    /// The regions of a bucket do not have together the size that it has uncompressed.
    BucketSizeWrong => "bucket-size-wrong", "the regions of the bucket do not have its size together";
    /// Two buckets share compressed bytes.
    BucketsOverlap => "buckets-overlap", "the bucket shares bytes with another one";
    /// A bucket claims more bytes than LZ4 can make of its compressed ones.
    BucketExpands => "bucket-expands", "the bucket is larger than its bytes can stand for";
    /// A bucket is no block of LZ4.
    BucketUndecodable => "bucket-undecodable", "the bucket does not decompress";
    /// A bucket decompresses to more or fewer bytes than it claims.
    BucketSizeDiffers => "bucket-size-differs", "the bucket decompresses to another size than it claims";
    /// A bucket was not unpacked for what it would cost.
    BucketNotRead => "bucket-not-read", "the bucket is too large to be looked at, or too many lie on the same bytes";
    /// Two modules have one base address and one size.
    ModuleRepeated => "module-repeated", "an earlier module has the same base address and size";
    /// A module has addresses of another one.
    ModulesOverlap => "modules-overlap", "the module shares addresses with another one";
    /// A module has the base address 0.
    ModuleWithoutBase => "module-without-base", "the base address of the module is 0";
    /// A module has the size 0.
    ModuleWithoutSize => "module-without-size", "the size of the module is 0";
    /// A module reaches beyond the last address of the target.
    ModulePastEnd => "module-past-end", "the module reaches beyond the last address";
    /// The CodeView record of a module is not entirely in the file.
    CodeViewUnreadable => "code-view-unreadable", "the CodeView record does not lie in the file whole";
    /// The miscellaneous debug record of a module is not entirely in the file.
    MiscRecordUnreadable => "misc-record-unreadable", "the debug record does not lie in the file whole";
    /// The thread of an exception is not in the thread list.
    ExceptionThreadMissing => "exception-thread-missing",
        "the thread of the exception is not in the thread list; no command of the debugger works";
    /// An exception claims more than the 15 parameters that there is room for.
    TooManyParameters => "too-many-parameters", "the exception claims more than 15 parameters";
    /// The records about the object of a handle lead out of the file or in a circle.
    HandleChainBroken => "handle-chain-broken", "the records about the object of the handle cannot be followed";
    /// A position inside a stream that this crate otherwise hands out as it is leads out of the file.
    ReferenceOutsideFile => "reference-outside-file", "what the stream refers to does not lie in the file whole";
    /// A stream that is a file of Linux, as read, holds the content of another file: the mappings
    /// under the type of the auxiliary vector, for example.
    TextOfOtherStream => "text-of-other-stream", "the stream holds the content of another stream type";
    /// A part of a full user dump is not entirely in the file.
    PartOutsideFile => "part-outside-file", "the part does not lie in the file whole";
    /// A full user dump of 32 bits lists a module whose image is not in its memory.
    ImageMissing => "image-missing", "the module has no image in memory, without which debuggers refuse the file";
    /// Two parts of a full user dump share bytes.
    PartsOverlap => "parts-overlap", "the part shares bytes with the one before it";
    /// Many references lead to the same bytes, so that following all of them would take too long.
    ReferencesExceedFile => "references-exceed-file", "references lead to the same bytes too often to follow them all";
}

serde_as_text!(FindingCode);

/// Parses the name of a code.
///
/// # Errors
///
/// [`ParseError`] if no code has the name.
impl FromStr for FindingCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.iter().find(|code| code.as_str() == text).copied();
        found.ok_or(ParseError::new("FindingCode", "expected the name of a code"))
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
