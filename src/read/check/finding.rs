//! The findings of a check.

use core::fmt;
use core::str::FromStr;

use crate::error::{ParseError, ReadError};
use crate::format::StreamType;
use crate::format::serde_forms::serde_as_text;
use crate::read::bytes::Bytes;

/// A fault in a dump; see [`Dump::check`](crate::read::Dump::check).
///
/// Displayed as one sentence.
///
/// # Examples
///
/// ```
/// use userdump::Minidump;
/// use userdump::read::check::FindingCode;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dump = userdump::MinidumpBuilder::new();
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = Minidump::parse(&file)?;
/// let mut findings = Vec::new();
/// dump.check(&mut |finding| findings.push(finding));
/// let finding = findings.iter().find(|finding| finding.code == FindingCode::NoSystemInfo).expect("the dump is empty");
/// assert_eq!(finding.to_string(), "dump at 0x0: there is no system information");
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// The kind of the fault.
    pub code: FindingCode,
    /// The type of the stream with the fault; `None` if the fault concerns the dump as a whole.
    pub stream: Option<StreamType>,
    /// The index of the entry in the stream's list; `None` if the fault concerns the stream as a whole.
    pub entry: Option<u64>,
    /// The file offset of the faulty entry, stream or directory entry, in bytes.
    pub offset: u64,
    /// The error when the bytes were read; `None` if the bytes can be read but their content is wrong.
    pub error: Option<ReadError>,
}

/// Serialised with the displayed sentence as its `message`, which includes the error.
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

/// Declares [`FindingCode`]. Each row has the variant, the name for programs and the description for people.
macro_rules! finding_codes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, $description:literal;)*) => {
        /// The kinds of faults that a check reports.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode {
            $($(#[$doc])* $variant,)*
        }

        impl FindingCode {
            /// All codes, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the name of the code: lower-case words with hyphens. Names do not change in later versions.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns a description of the code, without an initial capital letter and without a full stop.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }
        }
    };
}

finding_codes! {
    /// The file ends before the data that it describes, because the rest was cut off. This finding is reported first,
    /// and replaces the findings for everything that is missing because of it, unless there is only one. Its error has
    /// the size of the file and the minimum size that it needs, which is the largest end that a stream, memory or a
    /// table claims.
    FileTruncated => "file-truncated", "the file ends";
    /// The header declares more directory entries than the file has.
    DirectoryTruncated => "directory-truncated", "the stream directory is cut short";
    /// A stream extends beyond the end of the file.
    StreamOutsideFile => "stream-outside-file", "the stream is not entirely in the file";
    /// The header of a stream cannot be read.
    StreamUnreadable => "stream-unreadable", "the stream cannot be read";
    /// Two directory entries have the same type. Exceptions may, because LLDB writes one for each stopped thread.
    DuplicateStream => "duplicate-stream", "an earlier entry of the directory has the same type";
    /// Two directory entries share bytes.
    StreamsOverlap => "streams-overlap", "the stream overlaps another one";
    /// A list declares more entries than its stream or the file has.
    ListTruncated => "list-truncated", "the list has fewer entries than it declares";
    /// After the declared entries of a list, its stream has room for one or more further entries exactly.
    ListSmallerThanStream => "list-smaller-than-stream", "the list declares fewer entries than its stream has";
    /// The size of a stream does not match its number of entries, or a size field in it.
    StreamSizeWrong => "stream-size-wrong",
        "the size does not match the content; today's debugger refuses the dump or ignores the stream";
    /// A stream starts before the end of the directory.
    StreamBeforeDirectoryEnd => "stream-before-directory-end",
        "the stream starts before the end of the directory; today's debugger refuses the dump";
    /// There are more than 10,000 unloaded modules.
    TooManyUnloadedModules => "too-many-unloaded-modules",
        "there are more than 10,000 unloaded modules; today's debugger ignores them, and cannot re-encode the dump";
    /// There are more than 0x80000 entries with thread times.
    TooManyThreadInfos => "too-many-thread-infos",
        "there are times of more than 0x80000 threads; today's debugger refuses or ignores them";
    /// The entries of the handle operations are shorter than in Microsoft's declaration.
    HandleOperationsShort => "handle-operations-short",
        "the entries have fewer than 0x120 bytes; today's debugger refuses or ignores them";
    /// The dump does not record its operating system and processor.
    NoSystemInfo => "no-system-info", "there is no system information";
    /// The dump has no thread list, or an empty one.
    NoThreads => "no-threads", "there are no threads; the debugger refuses the dump";
    /// The dump has no module list, or an empty one. The debugger refuses a full user dump without modules, but opens
    /// such a minidump.
    NoModules => "no-modules", "there are no modules, so no address has a name";
    /// Two threads of a list have the same ID.
    ThreadIdRepeated => "thread-id-repeated", "an earlier thread has the same ID";
    /// A thread has the ID 0.
    ThreadIdZero => "thread-id-zero", "the thread ID is 0";
    /// The system information has a processor whose dumps no known debugger opens.
    ProcessorUnknown => "processor-unknown", "no debugger is known to open dumps of the processor";
    /// A name is not entirely in the file, or the RVA of a required name is 0.
    NameUnreadable => "name-unreadable", "the name cannot be read";
    /// A name has an odd size or unpaired surrogates.
    NameNotUtf16 => "name-not-utf16", "the name is not valid UTF-16";
    /// A name has a NUL before the end given by its size.
    NameTooLong => "name-too-long", "the name has a NUL before its end";
    /// The size of a stream, a name, a record or a context is so large that it includes memory of the process.
    MemoryShared => "memory-shared", "its data overlaps memory of the process";
    /// A name, a record, a context or a stream includes bytes that belong to something else: either its position or
    /// size is wrong, or that of the other. It is reported once for each part, regardless of the number of references
    /// to it.
    PartShared => "part-shared", "its data overlaps something else in the file";
    /// A thread context is not entirely in the file.
    ContextOutsideFile => "context-outside-file", "the thread context is not entirely in the file";
    /// A thread context is smaller than all layouts of the processor.
    ContextUnknownSize => "context-unknown-size", "the thread context is too small for the processor";
    /// A thread or an exception has no context.
    ContextMissing => "context-missing", "there are no registers";
    /// The flags of a context are for another processor than the one of the dump.
    ContextOfOtherProcessor => "context-of-other-processor",
        "the thread context is for another processor than the dump";
    /// A stack has a size but no RVA, and no memory list contains the address at which it starts.
    StackWithoutBytes => "stack-without-bytes", "the dump has no bytes of the stack";
    /// A thread refers to the bytes of its stack, and no memory list contains any of them.
    StackNotListed => "stack-not-listed",
        "no memory list has the bytes of the stack; readers that look up addresses do not find it";
    /// A thread refers to bytes of its stack that differ from those in a memory list for the same addresses.
    StackDisagrees => "stack-disagrees",
        "a memory list has other bytes for the stack than the thread; those of the list take precedence";
    /// A memory range extends beyond the end of the file.
    MemoryTruncated => "memory-truncated", "the memory range is not entirely in the file";
    /// The position of a range, or of all memory of the Memory64 list, is inside the header or the directory.
    MemoryInTables => "memory-in-tables", "the position of the memory is inside the header or the directory";
    /// The file ends before the end of the memory of the Memory64 list, which is contiguous, or before that of the
    /// regions of a full user dump.
    MemoryDataTruncated => "memory-data-truncated", "the memory of all ranges is not entirely in the file";
    /// A range of the Memory64 list, or a region of a full user dump, starts below the previous one. The memory list
    /// may be in any order.
    RangesUnsorted => "ranges-unsorted", "the range starts below the previous one";
    /// Two memory ranges overlap and have different bytes in the overlap. It is not a fault if the bytes are equal.
    RangesDisagree => "ranges-disagree",
        "another range has other bytes for the same addresses; in the memory list, the debugger refuses the dump";
    /// The flags declare full memory and there is no Memory64 list, or vice versa.
    FlagsDisagree => "flags-disagree",
        "the flags and the streams disagree about full memory; the debugger refuses the dump";
    /// There is a memory list in addition to the Memory64 list, even if it is empty.
    MemoryListBesideFull => "memory-list-beside-full",
        "there is a memory list in addition to full memory; the debugger refuses the dump";
    /// Size, version or signature in the header of compressed memory are not those of the format.
    CompressedHeaderWrong => "compressed-header-wrong",
        "the header of compressed memory has an unknown size, version or signature";
    /// The header of compressed memory declares a compression other than LZ4. Today's debugger ignores this field and
    /// treats the memory as LZ4, and so does this crate.
    CompressionUnknown => "compression-unknown", "the compression is not LZ4, which is the only supported one";
    /// Compressed memory does not start where its header says, or does not extend to the end of the file.
    CompressedSizeWrong => "compressed-size-wrong",
        "compressed memory does not extend from its header to the end of the file; today's debugger refuses the dump";
    /// There are no regions or no buckets.
    CompressedMemoryEmpty => "compressed-memory-empty",
        "compressed memory has no regions or no buckets; today's debugger refuses the dump";
    /// The size of the array of regions or buckets does not match its number of entries.
    CompressedArraySizeWrong => "compressed-array-size-wrong",
        "the size of an array does not match its number of entries";
    /// The total sizes in the header of compressed memory do not match the regions and buckets.
    CompressedTotalsWrong => "compressed-totals-wrong", "the sizes of regions and buckets do not add up";
    /// The maximum transfer size is 0, or smaller than a bucket.
    TransferSizeWrong => "transfer-size-wrong",
        "a bucket is larger than the maximum transfer size; today's debugger hangs or exits";
    /// There is a memory list in addition to compressed memory.
    MemoryBesideCompressed => "memory-beside-compressed",
        "there is a memory list in addition to compressed memory; today's debugger refuses the dump";
    /// The flags declare compressed memory and there is none, or vice versa.
    CompressedFlagDisagrees => "compressed-flag-disagrees",
        "the flags and the streams disagree about compressed memory; today's debugger refuses the dump";
    /// The flags declare both full memory and compressed memory.
    CompressedAndFull => "compressed-and-full",
        "the flags declare both full memory and compressed memory; today's debugger refuses the dump";
    /// The ID of a region of compressed memory is not its index in the array.
    RegionNumberWrong => "region-number-wrong", "the ID of the region is not its index";
    /// Two regions of compressed memory share addresses.
    RegionsOverlap => "regions-overlap", "the region overlaps an earlier one";
    /// A region of compressed memory refers to a bucket that does not exist.
    RegionWithoutBucket => "region-without-bucket", "the bucket of the region does not exist";
    /// A region of compressed memory extends beyond the end of its bucket.
    RegionOutsideBucket => "region-outside-bucket", "the region is not entirely in its bucket";
    /// A region refers to a bucket that does not include the region.
    RegionNotOfBucket => "region-not-of-bucket", "the bucket of the region does not include it";
    /// The ID of a bucket is not its index in the array.
    BucketNumberWrong => "bucket-number-wrong", "the ID of the bucket is not its index";
    /// The compressed bytes of a bucket are not entirely in the file.
    BucketOutsideFile => "bucket-outside-file", "the bucket is not entirely in the file";
    /// The regions that refer to a bucket are not those that the bucket declares.
    BucketRegionsWrong => "bucket-regions-wrong", "the regions of the bucket are not those that it declares";
    /// The total size of a bucket's regions is not its uncompressed size.
    BucketSizeWrong => "bucket-size-wrong", "the total size of the bucket's regions is not its size";
    /// Two buckets overlap in the file.
    BucketsOverlap => "buckets-overlap", "the bucket overlaps another one";
    /// A bucket declares more bytes than LZ4 can produce from its compressed bytes.
    BucketExpands => "bucket-expands", "the bucket is larger than its compressed bytes allow";
    /// A bucket is not a valid LZ4 block.
    BucketUndecodable => "bucket-undecodable", "the bucket cannot be decompressed";
    /// A bucket decompresses to more or fewer bytes than it declares.
    BucketSizeDiffers => "bucket-size-differs", "the bucket decompresses to another size than it declares";
    /// A bucket was not decompressed because that would be too expensive.
    BucketNotRead => "bucket-not-read",
        "the bucket is too large to be decompressed, or too many buckets share the same bytes";
    /// Two modules have the same base address and size.
    ModuleRepeated => "module-repeated", "an earlier module has the same base address and size";
    /// A module overlaps another one.
    ModulesOverlap => "modules-overlap", "the module overlaps another one";
    /// A module has the base address 0.
    ModuleWithoutBase => "module-without-base", "the base address of the module is 0";
    /// A module has the size 0.
    ModuleWithoutSize => "module-without-size", "the size of the module is 0";
    /// A module extends beyond the highest address of the target.
    ModulePastEnd => "module-past-end", "the module extends beyond the highest address";
    /// The CodeView record of a module is not entirely in the file.
    CodeViewUnreadable => "code-view-unreadable", "the CodeView record is not entirely in the file";
    /// The miscellaneous debug record of a module is not entirely in the file.
    MiscRecordUnreadable => "misc-record-unreadable", "the debug record is not entirely in the file";
    /// The thread of an exception is not in the thread list.
    ExceptionThreadMissing => "exception-thread-missing",
        "the thread of the exception is not in the thread list; no debugger command works";
    /// An exception declares more than 15 parameters, the maximum that fits.
    TooManyParameters => "too-many-parameters", "the exception declares more than 15 parameters";
    /// The chain of records about a handle's object leads out of the file or forms a cycle.
    HandleChainBroken => "handle-chain-broken", "the records about the object of the handle cannot be followed";
    /// A reference in a stream leads out of the file. This code is for streams that this crate otherwise returns
    /// undecoded.
    ReferenceOutsideFile => "reference-outside-file", "a reference in the stream leads out of the file";
    /// A stream that should be a copy of a Linux file has the content of another file, for example the mappings under
    /// the type of the auxiliary vector.
    TextOfOtherStream => "text-of-other-stream", "the stream has the content of another stream type";
    /// A part of a full user dump is not entirely in the file.
    PartOutsideFile => "part-outside-file", "the part is not entirely in the file";
    /// A 32-bit full user dump has a module whose image is not in its memory.
    ImageMissing => "image-missing", "the image of the module is not in memory; debuggers refuse the dump";
    /// Two parts of a full user dump overlap in the file.
    PartsOverlap => "parts-overlap", "the part overlaps the previous one";
    /// So many references lead to the same bytes that following all of them would take too long.
    ReferencesExceedFile => "references-exceed-file", "too many references lead to the same bytes to follow them all";
    /// The file could not be read while it was checked, so other findings may be wrong or missing. This finding is reported
    /// last, and only for a `SourceFile`. Its error is that of the first access that failed.
    FileUnreadable => "file-unreadable", "the file cannot be read";
}

serde_as_text!(FindingCode);

/// Parses the name of a code.
///
/// # Errors
///
/// [`ParseError`] if no code has this name.
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

/// Reports that the file could not be read.
pub(crate) fn of_file(bytes: &Bytes<'_>, found: &mut dyn FnMut(Finding)) {
    if let Some(error) = bytes.fault() {
        let (code, offset) = (FindingCode::FileUnreadable, error.offset().unwrap_or(0));
        found(Finding { code, stream: None, entry: None, offset, error: Some(error) });
    }
}
