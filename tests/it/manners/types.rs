//! The traits of every public type: printed, copied, compared, used as a key.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{Debug, Display, LowerHex, UpperHex};
use std::hash::Hash;
use std::iter::FusedIterator;
use std::str::FromStr;

use libtest_mimic::Trial;
use userdump::error::ParseError;
use userdump::{
    Dump, FullUserDumpBuilder, MappedFile, Minidump, MinidumpBuilder, OwnedDump, ReadError, RedumpError, Source,
    SourceFile, WriteError, error, format, read, redump, write,
};

use crate::support::{tree, trials};

pub fn trials() -> Vec<Trial> {
    trials![every_public_type_is_listed]
}

/// Lists types by kind; a type that lacks a trait of its kind does not compile.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: ($($bound:tt)*) => [$($type:ty,)*];)*) => {
        const LISTED: &[&str] = &[$($(stringify!($type),)*)*];

        $(
            $(#[$doc])*
            #[allow(dead_code)]
            fn $kind() {
                const fn can<T: $($bound)*>() {}
                $(can::<$type>();)*
            }
        )*
    };
}

kinds! {
    /// Structures of the file, which users make, compare and use as keys.
    records: (Copy + Debug + Default + Eq + Hash + Send + Sync) => [
        format::DirectoryEntry,
        format::ExceptionRecord,
        format::ExceptionStream,
        format::Header,
        format::LocationDescriptor,
        format::MemoryDescriptor,
        format::MemoryInfo,
        format::Module,
        format::SystemInfo,
        format::Thread,
        format::breakpad::AssertionInfo,
        format::breakpad::BreakpadInfo,
        format::compressed_memory::CompressedBucket,
        format::compressed_memory::CompressedMemoryHeader,
        format::compressed_memory::CompressedRegion,
        format::context::ContextChunk,
        format::context::ContextEx,
        format::context::XSaveHeader,
        format::crashpad::Annotation,
        format::crashpad::CrashpadInfo,
        format::crashpad::ModuleCrashpadInfo,
        format::crashpad::ModuleCrashpadInfoLink,
        format::crashpad::SimpleStringDictionaryEntry,
        format::exception::JitDebugInfo,
        format::full_user_dump::CrashModule32,
        format::full_user_dump::CrashModule64,
        format::full_user_dump::CrashThread32,
        format::full_user_dump::CrashThread64,
        format::full_user_dump::CrashdumpVersionInfo,
        format::full_user_dump::ExceptionDebugEvent32,
        format::full_user_dump::ExceptionDebugEvent64,
        format::full_user_dump::ExceptionRecord32,
        format::full_user_dump::MemoryBasicInformation32,
        format::full_user_dump::UsermodeCrashdumpHeader32,
        format::full_user_dump::UsermodeCrashdumpHeader64,
        format::function_table::FunctionTableDescriptor,
        format::function_table::FunctionTableStream,
        format::handle::HandleDataStream,
        format::handle::HandleDescriptor,
        format::handle::HandleDescriptor2,
        format::handle::HandleObjectInformation,
        format::handle::HandleOperation,
        format::handle::HandleOperationList,
        format::linux::DsoDebug32,
        format::linux::DsoDebug64,
        format::linux::DsoDebug64Packed,
        format::linux::LinkMap32,
        format::linux::LinkMap64,
        format::linux::LinkMap64Packed,
        format::memory::Memory64List,
        format::memory::MemoryDescriptor64,
        format::memory::MemoryInfoListHeader,
        format::module::CvInfoPdb20,
        format::module::CvInfoPdb70,
        format::module::FixedFileInfo,
        format::module::ImageDebugMisc,
        format::module::UnloadedModule,
        format::module::UnloadedModuleListHeader,
        format::mozilla::MacBootArgs,
        format::mozilla::MacBootArgsAligned,
        format::mozilla::MacCrashInfo,
        format::mozilla::MacCrashInfoRecord,
        format::mozilla::MacCrashInfoRecord4,
        format::mozilla::MacCrashInfoRecord5,
        format::system::ArmCpuInfo,
        format::system::MiscInfo,
        format::system::MiscInfo2,
        format::system::MiscInfo3,
        format::system::MiscInfo4,
        format::system::MiscInfo5,
        format::system::OtherCpuInfo,
        format::system::ProcessVmCounters1,
        format::system::ProcessVmCounters2,
        format::system::SystemBasicInformation,
        format::system::SystemBasicPerformanceInformation,
        format::system::SystemFileCacheInformation,
        format::system::SystemMemoryInfo1,
        format::system::SystemMemoryInfo2,
        format::system::SystemPerformanceInformation,
        format::system::SystemTime,
        format::system::TimeZoneInformation,
        format::system::TokenInfo,
        format::system::TokenInfoList,
        format::system::X86CpuInfo,
        format::system::XStateConfigFeature,
        format::system::XStateFeature,
        format::thread::ThreadEx,
        format::thread::ThreadInfo,
        format::thread::ThreadInfoListHeader,
        format::thread::ThreadName,
    ];
    /// Numbers with names, and sets of flags.
    numbers: (Copy + Debug + Default + Display + FromStr<Err = ParseError> + LowerHex + UpperHex + Ord + Hash + Send + Sync) => [
        format::MemoryProtection,
        format::MinidumpType,
        format::PlatformId,
        format::ProcessorArchitecture,
        format::StreamType,
        format::breakpad::AssertionType,
        format::breakpad::BreakpadInfoFlags,
        format::context::ContextState,
        format::crashpad::AnnotationType,
        format::exception::ExceptionFlags,
        format::full_user_dump::ImageFileMachine,
        format::handle::HandleObjectInformationType,
        format::linux::AuxType,
        format::linux::LinuxMapFlags,
        format::memory::MemoryState,
        format::memory::MemoryType,
        format::module::SectionCharacteristics,
        format::system::MiscInfoFlags,
        format::system::ProcessVmCountersFlags,
        format::system::SystemMemoryInfoFlags,
        format::thread::ThreadInfoFlags,
    ];
    /// Identifiers.
    identifiers: (Copy + Debug + Display + FromStr<Err = ParseError> + Ord + Hash + Send + Sync) => [
        format::Guid,
        read::module::CodeId,
        read::module::DebugId,
        read::module::FileVersion,
    ];
    /// Borrowed text.
    texts: (Copy + Debug + Display + Eq + Hash + PartialEq<str> + for<'t> PartialEq<&'t str> + Send + Sync) => [
        read::any_format::AnyText<'static>,
        read::text::Ansi<'static>,
        read::text::Utf16<'static>,
        read::text::Utf8<'static>,
    ];
    /// Types that hold all their data, as numbers and borrowed bytes.
    values: (Copy + Debug + Eq + Hash + Send + Sync) => [
        error::EntryName,
        error::Item,
        format::FieldOffset<format::Module, u32>,
        format::RvaWidth,
        format::context::ContextLayout,
        format::context::RegisterField,
        format::context::RegisterGroup,
        format::context::XStateFeatureInfo,
        format::linux::DsoDebugLayout,
        format::process::ProcessLayout,
        format::process::UserSharedData,
        format::process::Wow64Layout,
        format::processor::CpuInfoForm,
        format::processor::Processor,
        format::stream::Handling,
        format::stream::Relocation,
        format::stream::Repeats,
        format::stream::StreamRow,
        format::stream::UserDumpPlace,
        read::ByteOrder,
        read::MemoryRange<'static>,
        read::Target,
        read::breakpad::BreakpadInfo,
        read::check::Finding,
        read::check::FindingCode,
        read::context::CetUser,
        read::context::Register,
        read::context::RegisterValue,
        read::context::XStateFeature<'static>,
        read::exception::Access,
        read::exception::CrashReason,
        read::exception::ExceptionPointers,
        read::exception::WindowsDetail,
        read::facebook::FacebookAbortReason<'static>,
        read::facebook::FacebookAppCustomData<'static>,
        read::facebook::FacebookAppStateLog<'static>,
        read::facebook::FacebookAppVersionName<'static>,
        read::facebook::FacebookDalvikInfo<'static>,
        read::facebook::FacebookDumpErrorLog<'static>,
        read::facebook::FacebookJavaStack<'static>,
        read::facebook::FacebookLogcat<'static>,
        read::facebook::FacebookThreadName<'static>,
        read::full_user_dump::StoredRegion<'static>,
        read::full_user_dump::VersionInformation<'static>,
        read::full_user_dump::VersionTexts<'static>,
        read::function_table::FunctionTable<'static>,
        read::handle::HandleObject<'static>,
        read::linux::AuxEntry,
        read::linux::Field<'static>,
        read::linux::LinuxAuxv<'static>,
        read::linux::LinuxCmdLine<'static>,
        read::linux::LinuxCpuInfo<'static>,
        read::linux::LinuxEnviron<'static>,
        read::linux::LinuxLimit<'static>,
        read::linux::LinuxLsbRelease<'static>,
        read::linux::LinuxMapping<'static>,
        read::linux::LinuxMaps<'static>,
        read::linux::LinuxProcFd<'static>,
        read::linux::LinuxProcStat<'static>,
        read::linux::LinuxProcStatus<'static>,
        read::linux::LinuxProcUptime<'static>,
        read::linux::LinuxProcessor<'static>,
        read::linux::MozLinuxLimits<'static>,
        read::memory::MemoryInfo,
        read::memory::MemoryRegion<'static>,
        read::memory::RegionDetail<'static>,
        read::memory::VisibleRange<'static>,
        read::module::CodeView<'static>,
        read::module::DebugMisc<'static>,
        read::module::DebugMiscName<'static>,
        read::module::ImageSection,
        read::mozilla::MozSoftErrors<'static>,
        read::references::Reference,
        read::system::CpuInformation,
        read::system::ProcessorPower,
        read::system::Token<'static>,
        read::system::WineInfo<'static>,
        read::text::CommentA<'static>,
        read::text::CommentW<'static>,
        read::thread::StackWords,
        read::thread::ThreadInfo,
        read::undocumented::IptTrace<'static>,
        read::undocumented::JavaScriptData<'static>,
        redump::Addition,
        redump::Engine,
        redump::ItemFault,
        redump::Loss,
        redump::Managed,
        redump::MissingMemory,
        redump::Obstacle,
        redump::OptionName,
        redump::Outcome,
        redump::Reason,
        redump::SelectedMemory,
        redump::StreamReport,
        redump::Unavailable,
        redump::Undecided,
        redump::Walk,
        write::Compressed,
        write::PartId,
        write::ShortSource,
        write::Shortfall,
    ];
    /// The same with owned memory.
    owned: (Clone + Debug + Eq + Hash + Send + Sync) => [
        read::module::CodeViewRecord<'static>,
        read::references::Part<'static>,
        read::references::Parts<'static>,
        redump::ExceptionEdit,
        redump::ModuleEdit,
        redump::Options,
        redump::Report,
        redump::ThreadEdit,
        redump::UnloadedModuleEdit,
        write::Text<'static>,
        write::TextStream,
        write::Written,
    ];
    /// Views read from the file, so equal ones could return different data: their records and texts are compared.
    views: (Copy + Debug + Send + Sync) => [
        Dump<'static>,
        Minidump<'static>,
        read::Context<'static>,
        read::DumpBytes<'static>,
        Source<'static>,
        read::Exception<'static>,
        read::FullUserDump<'static>,
        read::List<'static, read::Module<'static>>,
        read::Module<'static>,
        read::RawStream<'static>,
        read::Stream<'static>,
        read::SystemInfo<'static>,
        read::Thread<'static>,
        read::any_format::AnyException<'static>,
        read::any_format::AnyModule<'static>,
        read::any_format::AnyThread<'static>,
        read::breakpad::AssertionInfo<'static>,
        read::crashpad::Annotation<'static>,
        read::crashpad::CrashpadInfo<'static>,
        read::crashpad::CrashpadModule<'static>,
        read::crashpad::StringDictionaryEntry<'static>,
        read::crashpad::TextListEntry<'static>,
        read::full_user_dump::UserException<'static>,
        read::full_user_dump::UserModule<'static>,
        read::full_user_dump::UserThread<'static>,
        read::full_user_dump::UserThreadList<'static>,
        read::function_table::FunctionTableList<'static>,
        read::handle::Handle<'static>,
        read::linux::LinkMap<'static>,
        read::linux::LinuxDsoDebug<'static>,
        read::memory::CompressedMemory<'static>,
        read::memory::Memory64List<'static>,
        read::module::ElfImage<'static, 'static>,
        read::module::HostModuleList<'static>,
        read::module::Image<'static, 'static>,
        read::module::MachOImage<'static, 'static>,
        read::module::ModuleOffset<'static>,
        read::module::UnloadedModule<'static>,
        read::mozilla::MacCrashInfoRecord<'static>,
        read::mozilla::MozMacBootArgs<'static>,
        read::mozilla::MozMacCrashInfo<'static>,
        read::streams::Directory<'static>,
        read::system::MiscInfo<'static>,
        read::system::ProcessVmCounters<'static>,
        read::system::SystemMemoryInfo<'static>,
        read::system::TokenInfoList<'static>,
        read::system::wow64::Wow64<'static, 'static>,
        read::system::wow64::Wow64Thread,
        read::thread::ThreadEx<'static>,
        read::thread::ThreadName<'static>,
        write::CopySource<'static>,
    ];
    /// Indexes over a whole dump.
    indexes: (Clone + Debug + Send) => [
        read::Memory<'static>,
        read::context::XState<'static>,
        read::list::ByAddress<'static, read::Module<'static>>,
        read::memory::MemoryRegions<'static>,
        read::module::ModuleExtents<'static>,
        read::module::ModulesByAddress<'static>,
        read::module::UnloadedByAddress<'static>,
        OwnedDump<Vec<u8>>,
        read::memory::MemoryIndex,
        read::memory::RegionIndex,
        read::module::ModuleIndex,
        read::module::UnloadedModuleIndex,
        write::CodeView,
        write::ContextBuilder,
        write::MemoryInfo,
    ];
    /// Iterators with a known number of entries.
    lists: (Clone + Debug + DoubleEndedIterator + ExactSizeIterator + FusedIterator + Send + Sync) => [
        read::context::XStateFeatures<'static, 'static>,
        read::full_user_dump::UserThreads<'static>,
        read::list::Iter<'static, read::Module<'static>>,
        read::memory::Memory64Ranges<'static>,
        read::memory::VisibleRanges<'static, 'static>,
        read::streams::DirectoryEntries<'static>,
        read::streams::RawStreams<'static>,
        read::streams::Streams<'static>,
    ];
    /// Iterators that find the next entry through the previous one, or skip some.
    iterators: (Clone + Debug + FusedIterator + Send + Sync) => [
        read::exception::Exceptions<'static>,
        read::full_user_dump::StoredRegions<'static>,
        read::full_user_dump::UserModules<'static>,
        read::full_user_dump::VersionTextPairs<'static>,
        read::function_table::FunctionTables<'static>,
        read::handle::HandleObjects<'static>,
        read::linux::AuxEntries<'static>,
        read::linux::LinuxMappings<'static>,
        read::memory::MemoryRegionIter<'static>,
        read::system::Tokens<'static>,
        read::text::Lines<'static>,
    ];
    /// Types that are not cloned: mappings, builders with readers in them, and plans.
    unique: (Debug + Send) => [
        FullUserDumpBuilder<'static>,
        MappedFile,
        MinidumpBuilder<'static>,
        SourceFile,
        error::OtherFormat,
        redump::Hooks<'static>,
        redump::Redump<'static>,
        write::Exception<'static>,
        write::Handle<'static>,
        write::MemoryRange<'static>,
        write::MiscInfo,
        write::Module<'static>,
        write::PartContent<'static>,
        write::SystemInfo<'static>,
        write::Thread<'static>,
        write::UnloadedModule<'static>,
        write::Plan<'static>,
    ];
    errors: (Error + Send + Sync + 'static) => [
        ReadError,
        RedumpError,
        WriteError,
        error::BucketFault,
        error::OwnedDumpError<Vec<u8>>,
        error::ParseError,
        error::SourceFault,
    ];
}

/// The name of a type without its module and its parameters.
fn name(path: &str) -> String {
    let path = path.split('<').next().expect("there is a part before the first");
    path.rsplit("::").next().expect("there is a last part").trim().to_owned()
}

/// The name of the public type that a line of the sources declares.
fn declared(line: &str, is_list: bool) -> Option<&str> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")) {
        return rest.split(|letter: char| !letter.is_alphanumeric()).next().filter(|name| !name.is_empty());
    }
    // `text_streams!` lists names with their types of stream.
    let (name, stream) = line.strip_suffix(");")?.split_once('(')?;
    let is_constant =
        stream.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'_');
    (is_list && is_constant && name.bytes().all(|letter| letter.is_ascii_alphanumeric())).then_some(name)
}

fn every_public_type_is_listed() {
    let listed: BTreeSet<String> = LISTED.iter().map(|path| name(path)).collect();
    let mut found = BTreeSet::new();
    let mut folders = vec![tree::path("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it is present").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("it is text");
                let is_list = text.contains("text_streams! {");
                found.extend(text.lines().filter_map(|line| declared(line, is_list)).map(str::to_owned));
            }
        }
    }
    // Every structure has an associated type of this name, which is in no module.
    assert!(found.remove("Offsets"));
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "types that are not listed: {missing:?}");
    assert!(found.len() > 280, "{}", found.len());
}
