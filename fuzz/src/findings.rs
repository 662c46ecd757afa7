//! The findings that a check may have in a re-encoded result: none for which the writer is responsible, and otherwise
//! only those that the source explains.

use std::collections::BTreeSet;

use userdump::Dump;
use userdump::format::{MinidumpType, StreamType};
use userdump::read::check::{Finding, FindingCode};
use userdump::redump::Options;

/// Who is responsible for a finding in a result.
#[derive(PartialEq)]
enum Blame {
    /// The re-encoder: it determines offsets, sizes, counts and order.
    Writer,
    /// The source, whose stream, context or name was carried unchanged, or which lacks what is missing. The check of
    /// the source has a finding for the same stream, but not necessarily the same one: a stream that is truncated by
    /// the end of the file becomes a truncated list in the result.
    Source,
    /// A source that is a full user dump, whose check does not cover processors, sizes of contexts, names and numbers.
    UserDump,
    /// The options: the result is only written if forced.
    Options,
}

pub fn check(before: &Dump<'_>, after: &Dump<'_>, options: &Options) {
    let source = findings(before);
    // The name of a module that leads into a structure has a folder of binary bytes, which other places replace with
    // asterisks.
    let asterisks = options.minidump_type().contains(MinidumpType::FILTER_MODULE_PATHS);
    let of_user_dump = matches!(before, Dump::FullUserDump(_));
    let result = findings(after);
    let shifted: Vec<_> = result.iter().filter(|it| is_shifted(it)).map(|it| it.stream).collect();
    for finding in result {
        let excused = match blame(&finding, of_user_dump && matches!(after, Dump::FullUserDump(_))) {
            // Errors in a list that is not read as it was written.
            Blame::Writer if shifted.contains(&finding.stream) => source.iter().any(|other| is_cause(other, &finding)),
            Blame::Writer => false,
            Blame::Options => options.is_forced(),
            Blame::UserDump if of_user_dump => true,
            _ if asterisks && finding.stream.is_some_and(|stream_type| !is_rebuilt(stream_type)) => true,
            Blame::Source | Blame::UserDump => source.iter().any(|other| is_cause(other, &finding)),
        };
        assert!(excused, "the result has a finding of its own: {finding}");
    }
}

/// Returns true for a list that is made from records and does not have the size of its entries: if its contents are
/// invalid, it can look as if it began four bytes later, and is read like that.
fn is_shifted(finding: &Finding) -> bool {
    finding.code == FindingCode::StreamSizeWrong && finding.stream.is_some_and(is_rebuilt)
}

/// Returns true if a list of a result is not read as it was written; see [`is_shifted`].
pub fn are_lists_shifted(dump: &Dump<'_>) -> bool {
    findings(dump).iter().any(is_shifted)
}

fn findings(dump: &Dump<'_>) -> Vec<Finding> {
    // One finding of each kind and stream is sufficient, and quick to compare.
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    dump.check(&mut |finding| {
        if seen.insert((finding.code, finding.stream)) {
            found.push(finding);
        }
    });
    found
}

/// Streams that are made from records, independently of their bytes in the source.
const fn is_rebuilt(stream_type: StreamType) -> bool {
    matches!(
        stream_type,
        StreamType::THREAD_LIST
            | StreamType::THREAD_EX_LIST
            | StreamType::MODULE_LIST
            | StreamType::UNLOADED_MODULE_LIST
            | StreamType::MEMORY_LIST
            | StreamType::MEMORY64_LIST
            | StreamType::MEMORY_INFO_LIST
            | StreamType::SYSTEM_INFO
            | StreamType::HANDLE_DATA
            | StreamType::THREAD_INFO_LIST
            | StreamType::THREAD_NAMES
            | StreamType::MISC_INFO
            | StreamType::EXCEPTION
    )
}

fn blame(finding: &Finding, between_user_dumps: bool) -> Blame {
    match finding.code {
        // Its offsets are adjusted. A list with invalid contents is read in another form once the offsets that led
        // nowhere are 0.
        FindingCode::MemoryShared | FindingCode::PartShared
            if finding.stream == Some(StreamType::WINE_HOST_MODULE_LIST) =>
        {
            Blame::Source
        }
        FindingCode::FileTruncated
        | FindingCode::DirectoryTruncated
        | FindingCode::StreamOutsideFile
        | FindingCode::StreamsOverlap
        | FindingCode::ContextOutsideFile
        | FindingCode::StackWithoutBytes
        | FindingCode::StackDisagrees
        | FindingCode::MemoryShared
        | FindingCode::PartShared
        | FindingCode::MemoryInTables
        | FindingCode::MemoryTruncated
        | FindingCode::MemoryDataTruncated
        | FindingCode::RangesDisagree
        | FindingCode::FlagsDisagree
        | FindingCode::MemoryListBesideFull
        | FindingCode::CodeViewUnreadable
        | FindingCode::MiscRecordUnreadable
        | FindingCode::HandleChainBroken
        | FindingCode::PartOutsideFile
        | FindingCode::PartsOverlap => Blame::Writer,
        // Between full user dumps, regions keep their order.
        FindingCode::RangesUnsorted => {
            if between_user_dumps {
                Blame::Source
            } else {
                Blame::Writer
            }
        }
        // Other streams are carried byte by byte, including all streams with the same type.
        FindingCode::StreamUnreadable
        | FindingCode::DuplicateStream
        | FindingCode::ListTruncated
        | FindingCode::ListSmallerThanStream => match finding.stream {
            Some(stream_type) if !is_rebuilt(stream_type) => Blame::Source,
            _ => Blame::Writer,
        },
        FindingCode::ContextUnknownSize
        | FindingCode::ContextMissing
        | FindingCode::ContextOfOtherProcessor
        | FindingCode::ProcessorUnknown
        | FindingCode::NameUnreadable
        | FindingCode::NameTooLong
        | FindingCode::TooManyParameters
        | FindingCode::ModuleRepeated
        | FindingCode::ModulesOverlap
        | FindingCode::ModuleWithoutBase
        | FindingCode::ModuleWithoutSize
        | FindingCode::ModulePastEnd
        | FindingCode::ThreadIdRepeated
        | FindingCode::ThreadIdZero => Blame::UserDump,
        FindingCode::ImageMissing => Blame::Options,
        FindingCode::StreamSizeWrong
        | FindingCode::NameNotUtf16
        | FindingCode::NoSystemInfo
        | FindingCode::NoThreads
        | FindingCode::NoModules
        | FindingCode::TextOfOtherStream
        | FindingCode::ExceptionThreadMissing
        | FindingCode::ReferenceOutsideFile
        | FindingCode::ReferencesExceedFile => Blame::Source,
        code => panic!("nobody answers for {code}"),
    }
}

/// Returns true if the source explains the finding in the result.
fn is_cause(source: &Finding, result: &Finding) -> bool {
    let lacking: &[StreamType] = if result.code == FindingCode::NoSystemInfo {
        &[StreamType::SYSTEM_INFO]
    } else if result.code == FindingCode::NoThreads {
        &[StreamType::THREAD_LIST, StreamType::THREAD_EX_LIST]
    } else if result.code == FindingCode::NoModules {
        &[StreamType::MODULE_LIST]
    } else if matches!(result.code, FindingCode::ContextMissing | FindingCode::ContextOfOtherProcessor) {
        // A made-up exception has the context of a thread, and a full user dump truncates a context of unknown size.
        &[StreamType::THREAD_LIST, StreamType::THREAD_EX_LIST, StreamType::EXCEPTION]
    } else {
        result.stream.as_slice()
    };
    let has_to_do = match source.stream {
        Some(stream_type) => lacking.contains(&stream_type),
        // The directory, or a list of a full user dump.
        None => result.stream.is_none(),
    };
    // This finding replaces those for data that is missing because of it, and those for data that looks missing: a name
    // at offset 0, whose size is the signature.
    // In addition, a truncated directory is only searched up to a limit.
    let hides = matches!(source.code, FindingCode::FileTruncated | FindingCode::DirectoryTruncated);
    // Of two streams on the same bytes `r` and `R` keep neither, and only the second has a finding.
    let is_lost = source.code == FindingCode::StreamsOverlap
        && matches!(
            result.code,
            FindingCode::NoSystemInfo
                | FindingCode::NoThreads
                | FindingCode::NoModules
                | FindingCode::ExceptionThreadMissing
        );
    hides || is_lost || source.code == result.code || has_to_do
}
