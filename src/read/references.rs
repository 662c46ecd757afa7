//! Finds the file offsets (RVAs) that streams contain, so that a stream can be moved together with the data it refers
//! to.
//!
//! The views give such references a meaning. Here they are found regardless of meaning, in the streams that are copied
//! as bytes when a dump is re-encoded.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;
use core::fmt;

use crate::error::ReadError;
use crate::format::crashpad::{
    Annotation, CrashpadInfo, ModuleCrashpadInfo, ModuleCrashpadInfoLink, SimpleStringDictionaryEntry,
};
use crate::format::debug::{Hex, Size};
use crate::format::handle::HandleObjectInformation;
use crate::format::linux::{
    DsoDebug32, DsoDebug64, DsoDebug64Packed, DsoDebugLayout, LinkMap32, LinkMap64, LinkMap64Packed,
};
use crate::format::mozilla::{MacBootArgs, MacBootArgsAligned, MacCrashInfo};
use crate::format::stream::Relocation;
use crate::format::{LocationDescriptor, Rva, RvaWidth, StreamType, typed_streams};

use crate::read::budget::Budget;
use crate::read::bytes::{Bytes, integer_at};
use crate::read::claims::ClaimKind;
use crate::read::linux::dso_debug_layout;
use crate::read::module::list::ModuleList;
use crate::read::mozilla::has_aligned_boot_args;
use crate::read::raw_stream::RawStream;
use crate::read::reference_fields::{Field, Layout, MODULE, OBJECT, Records};
use crate::read::work::worked;

/// A stream and everything it refers to, see [`parts`].
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parts<'a> {
    /// The stream itself, followed by the data it refers to. Bytes that two fields refer to occur once.
    pub parts: Vec<Part<'a>>,
    /// Errors of references that cannot be followed, and of lists that are truncated.
    pub faults: Vec<ReadError>,
}

/// A stream, or bytes that a stream refers to.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Part<'a> {
    /// The file offset of the bytes.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
    /// The references in the bytes, in ascending order of position.
    ///
    /// A field that refers to nothing (usually 0) is left out and can be copied unchanged.
    pub references: Vec<Reference>,
}

/// Prints the number of bytes and of references, but not their content.
impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut part = f.debug_struct("Part");
        part.field("offset", &Hex(self.offset)).field("bytes", &Size(self.bytes.len()));
        part.field("references", &self.references.len()).finish()
    }
}

/// A field that contains a file offset.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The offset of the field in its part, in bytes.
    pub position: u64,
    /// The width of the field.
    pub width: RvaWidth,
    /// The offset in its part of the four-byte field that has the size of the target or the number of its entries.
    /// `None` if the target contains its own size.
    pub extent: Option<u64>,
    /// The index of the part that it refers to; `None` if that is outside the file. Then both the field and its extent
    /// should be written as 0.
    pub target: Option<usize>,
}

/// Splits a stream into its own bytes, the bytes it refers to, those that these refer to, and so on.
///
/// A stream without known references is returned alone. Memory use is proportional to the size of the bytes that are
/// referred to.
///
/// # Errors
///
/// [`ReadError::Unsupported`] for streams whose [`StreamRow::relocation`](crate::format::stream::StreamRow::relocation)
/// is [`Relocation::Viewed`] or [`Relocation::Unmovable`], [`ReadError::Truncated`] if no byte of the stream is in the
/// file, and [`ReadError::BudgetSpent`] if the parts overlap so much that their total size exceeds that of the file.
pub fn parts<'a>(stream: &RawStream<'a>) -> Result<Parts<'a>, ReadError> {
    let (parts, faults) = parts_within(stream, &mut Budget::times(stream.dump().bytes().size(), 2))?;
    Ok(Parts { parts: parts.into_iter().map(|(_, part)| part).collect(), faults })
}

/// The parts of a stream with their kinds, and the faults of its references.
pub(crate) type KnownParts<'a> = (Vec<(Kind, Part<'a>)>, Vec<ReadError>);

/// Like [`parts`], with the kind of each part. The data that the stream refers to, and references that cannot be
/// followed, are also charged to `all`, so that many streams with the same bytes cost no more than one.
pub(crate) fn parts_within<'a>(stream: &RawStream<'a>, all: &mut Budget) -> Result<KnownParts<'a>, ReadError> {
    parts_of(stream, Kind::of, all)
}

/// As [`parts_within`], for streams of every type. Positions of memory are not among the references.
#[cfg(feature = "std")]
pub(crate) fn all_parts_within<'a>(stream: &RawStream<'a>, all: &mut Budget) -> Result<KnownParts<'a>, ReadError> {
    let kind = |stream: &RawStream<'_>| match (Kind::of_row(stream)?, Records::of(stream)?) {
        (Some(kind), _) => Ok(kind),
        (None, Some(records)) => Ok(Kind::Records(records)),
        (None, None) => Ok(Kind::Plain("stream")),
    };
    parts_of(stream, kind, all)
}

fn parts_of<'a>(
    stream: &RawStream<'a>,
    kind: impl FnOnce(&RawStream<'a>) -> Result<Kind, ReadError>,
    all: &mut Budget,
) -> Result<KnownParts<'a>, ReadError> {
    let bytes = stream.bytes();
    if let Some(fault) = stream.fault().filter(|_| bytes.is_empty()) {
        return Err(fault);
    }
    let source = *stream.dump().bytes();
    let budgets = [&mut Budget::times(source.size(), 1), all];
    let mut walk = Walk { source, budgets, found: Vec::new(), known: BTreeMap::new(), faults: Vec::new() };
    walk.found.push((kind(stream)?, Part { offset: stream.offset(), bytes, references: Vec::new() }));
    let mut next = 0;
    while let Some((kind, part)) = walk.found.get(next) {
        let (kind, offset, bytes) = (*kind, part.offset, part.bytes);
        let references = walk.references(kind, offset, bytes)?;
        if let Some((_, part)) = walk.found.get_mut(next) {
            part.references = references;
        }
        next += 1;
    }
    Ok((walk.found, walk.faults))
}

/// The kind of a part, which determines where it has references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Bytes without references, whose size is stored next to the reference.
    Plain(&'static str),
    /// `MINIDUMP_STRING`: size, UTF-16 text, and usually a NUL that the size does not include.
    Utf16,
    /// Crashpad's `MinidumpUTF8String`: size, UTF-8 text, and a NUL that the size does not include.
    Utf8,
    /// Crashpad's `MinidumpByteArray`: size, bytes.
    ByteArray,
    /// Entries like those of the module list; `first` is the offset of the first one.
    Modules { first: u64, entries: u64, size: u64 },
    /// Breakpad's `MDRawDebug32` or `MDRawDebug64`, the header of the link maps.
    DsoDebug(DsoDebugLayout),
    /// An array of Breakpad's `MDRawLinkMap32` or `MDRawLinkMap64`.
    LinkMaps(DsoDebugLayout),
    /// Crashpad's `MinidumpCrashpadInfo`.
    CrashpadInfo,
    /// Crashpad's `MinidumpSimpleStringDictionary`: pairs of key and value.
    Dictionary,
    /// Crashpad's `MinidumpModuleCrashpadInfoList`.
    ModuleLinks,
    /// Crashpad's `MinidumpModuleCrashpadInfo`.
    ModuleInfo,
    /// Crashpad's `MinidumpRVAList` of strings.
    Utf8List,
    /// Crashpad's `MinidumpAnnotationList`.
    Annotations,
    /// The header of Mozilla's crash information records.
    CrashInfo,
    /// Mozilla's boot arguments, packed or aligned.
    BootArgs { aligned: bool },
    /// The records of a stream with a view.
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "the re-encoder alone makes them"))]
    Records(Records),
    /// One record of a chain about the object of a handle.
    Object,
}

const DSO_DEBUG_32: &[Field] = &[Field::counted(
    DsoDebug32::OFFSETS.map,
    DsoDebug32::OFFSETS.dso_count,
    LinkMap32::SIZE,
    Kind::LinkMaps(DsoDebugLayout::Bits32),
)];
const DSO_DEBUG_64: &[Field] = &[Field::counted(
    DsoDebug64::OFFSETS.map,
    DsoDebug64::OFFSETS.dso_count,
    LinkMap64::SIZE,
    Kind::LinkMaps(DsoDebugLayout::Bits64),
)];
const DSO_DEBUG_PACKED: &[Field] = &[Field::counted(
    DsoDebug64Packed::OFFSETS.map,
    DsoDebug64Packed::OFFSETS.dso_count,
    LinkMap64Packed::SIZE,
    Kind::LinkMaps(DsoDebugLayout::Bits64Packed),
)];
const LINK_MAP_32: &[Field] = &[Field::rva(LinkMap32::OFFSETS.name, Kind::Utf16)];
const LINK_MAP_64: &[Field] = &[Field::rva(LinkMap64::OFFSETS.name, Kind::Utf16)];
const LINK_MAP_PACKED: &[Field] = &[Field::rva(LinkMap64Packed::OFFSETS.name, Kind::Utf16)];
const CRASHPAD_INFO: &[Field] = &[
    Field::location(CrashpadInfo::OFFSETS.simple_annotations, Kind::Dictionary),
    Field::location(CrashpadInfo::OFFSETS.module_list, Kind::ModuleLinks),
];
const DICTIONARY_ENTRY: &[Field] = &[
    Field::rva(SimpleStringDictionaryEntry::OFFSETS.key, Kind::Utf8),
    Field::rva(SimpleStringDictionaryEntry::OFFSETS.value, Kind::Utf8),
];
const MODULE_LINK: &[Field] = &[Field::location(ModuleCrashpadInfoLink::OFFSETS.location, Kind::ModuleInfo)];
const MODULE_INFO: &[Field] = &[
    Field::location(ModuleCrashpadInfo::OFFSETS.list_annotations, Kind::Utf8List),
    Field::location(ModuleCrashpadInfo::OFFSETS.simple_annotations, Kind::Dictionary),
    Field::location(ModuleCrashpadInfo::OFFSETS.annotation_objects, Kind::Annotations),
];
/// The entry is an RVA.
const UTF8_LIST_ENTRY: &[Field] = &[Field { position: 0, width: RvaWidth::Rva, extent: None, target: Kind::Utf8 }];
const ANNOTATION: &[Field] =
    &[Field::rva(Annotation::OFFSETS.name, Kind::Utf8), Field::rva(Annotation::OFFSETS.value, Kind::ByteArray)];
/// The entry is a location descriptor.
const CRASH_INFO_RECORD: &[Field] = &[Field {
    position: LocationDescriptor::OFFSETS.rva.get() as u64,
    width: RvaWidth::Rva,
    extent: Some((LocationDescriptor::OFFSETS.data_size.get() as u64, 1)),
    target: Kind::Plain("MINIDUMP_MAC_CRASH_INFO_RECORD"),
}];
const BOOT_ARGS: &[Field] = &[Field::rva64(MacBootArgs::OFFSETS.bootargs, Kind::Utf16)];
const BOOT_ARGS_ALIGNED: &[Field] = &[Field::rva64(MacBootArgsAligned::OFFSETS.bootargs, Kind::Utf16)];

/// The size of a count, which precedes the items that it counts.
const COUNT: u64 = size_of::<u32>() as u64;

/// Generates the function that selects the kind of a stream according to the table.
macro_rules! kinds {
    ($(
        $constant:ident = $number:literal, $name:literal, $variant:ident($view:ty),
        check $check:ident, rewrite [$($rewrite:ident)?], refers [$($refers:ident)?], paths [$($paths:ident)?],
        used [$($used:ident)?];
    )*) => {
        impl Kind {
            /// The kind of a stream; `None` if it refers to nothing according to the table.
            fn of_row(stream: &RawStream<'_>) -> Result<Option<Self>, ReadError> {
                match stream.stream_type() {
                    $($(StreamType::$constant => Self::$refers(stream).map(Some),)?)*
                    _ => Ok(None),
                }
            }
        }
    };
}

typed_streams!(kinds);

impl Kind {
    fn of(stream: &RawStream<'_>) -> Result<Self, ReadError> {
        if let Some(kind) = Self::of_row(stream)? {
            return Ok(kind);
        }
        match stream.stream_type().row().relocation {
            Relocation::Viewed => Err(ReadError::Unsupported { what: "the references of a stream with a view" }),
            Relocation::Unmovable => Err(ReadError::Unsupported { what: "the references of a Windows CE stream" }),
            Relocation::Known => Err(ReadError::Unsupported { what: "the references of a stream without a kind" }),
            Relocation::None | Relocation::Unexamined => Ok(Self::Plain("stream")),
        }
    }

    fn link_maps(stream: &RawStream<'_>) -> Result<Self, ReadError> {
        Ok(Self::DsoDebug(dso_debug_layout(stream)))
    }

    const fn crashpad_info(_: &RawStream<'_>) -> Result<Self, ReadError> {
        Ok(Self::CrashpadInfo)
    }

    const fn mac_crash_info(_: &RawStream<'_>) -> Result<Self, ReadError> {
        Ok(Self::CrashInfo)
    }

    fn mac_boot_args(stream: &RawStream<'_>) -> Result<Self, ReadError> {
        Ok(Self::BootArgs { aligned: has_aligned_boot_args(stream) })
    }

    fn host_modules(stream: &RawStream<'_>) -> Result<Self, ReadError> {
        let list: ModuleList<'_> = stream.view()?;
        let first = list.entry_offset(0) - stream.offset();
        Ok(Self::Modules { first, entries: list.len(), size: list.entry_size() })
    }

    /// The kind of claim to its bytes.
    pub(crate) fn claim(self) -> ClaimKind {
        match self {
            Self::Utf16 => ClaimKind::Text,
            Self::Plain("CodeView record") => ClaimKind::CodeView,
            Self::Plain("IMAGE_DEBUG_MISC") => ClaimKind::DebugMisc,
            _ => ClaimKind::Part,
        }
    }

    /// The name that its authors gave it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain(name) => name,
            Self::Utf16 => "MINIDUMP_STRING",
            Self::Utf8 => "MinidumpUTF8String",
            Self::ByteArray => "MinidumpByteArray",
            Self::Modules { .. } => "MINIDUMP_MODULE_LIST",
            Self::DsoDebug(_) => "MDRawDebug",
            Self::LinkMaps(_) => "MDRawLinkMap",
            Self::CrashpadInfo => "MinidumpCrashpadInfo",
            Self::Dictionary => "MinidumpSimpleStringDictionary",
            Self::ModuleLinks => "MinidumpModuleCrashpadInfoList",
            Self::ModuleInfo => "MinidumpModuleCrashpadInfo",
            Self::Utf8List => "MinidumpRVAList",
            Self::Annotations => "MinidumpAnnotationList",
            Self::CrashInfo => "MINIDUMP_MAC_CRASH_INFO",
            Self::BootArgs { .. } => "MINIDUMP_MAC_BOOTARGS",
            Self::Records(_) => "stream",
            Self::Object => "MINIDUMP_HANDLE_OBJECT_INFORMATION",
        }
    }

    /// The layout of the fields; `None` if there are none, or if the part is too short to determine it.
    pub(super) fn layout(self, source: &Bytes<'_>, bytes: &[u8]) -> Option<Layout> {
        let count = |position: usize| source.read_from::<u32>("", bytes.get(position..)?, 0).ok().map(u64::from);
        let counted =
            |size: usize, fields| Some(Layout { first: COUNT, entries: count(0)?, size: size as u64, fields });
        let once = |fields| Some(Layout { first: 0, entries: 1, size: 0, fields });
        let all = |size: usize, fields| {
            Some(Layout { first: 0, entries: (bytes.len() / size) as u64, size: size as u64, fields })
        };
        match self {
            Self::Plain(_) | Self::Utf16 | Self::Utf8 | Self::ByteArray => None,
            Self::Modules { first, entries, size } => Some(Layout { first, entries, size, fields: MODULE }),
            Self::DsoDebug(DsoDebugLayout::Bits32) => once(DSO_DEBUG_32),
            Self::DsoDebug(DsoDebugLayout::Bits64) => once(DSO_DEBUG_64),
            Self::DsoDebug(DsoDebugLayout::Bits64Packed) => once(DSO_DEBUG_PACKED),
            Self::LinkMaps(DsoDebugLayout::Bits32) => all(LinkMap32::SIZE, LINK_MAP_32),
            Self::LinkMaps(DsoDebugLayout::Bits64) => all(LinkMap64::SIZE, LINK_MAP_64),
            Self::LinkMaps(DsoDebugLayout::Bits64Packed) => all(LinkMap64Packed::SIZE, LINK_MAP_PACKED),
            Self::CrashpadInfo => once(CRASHPAD_INFO),
            Self::Dictionary => counted(SimpleStringDictionaryEntry::SIZE, DICTIONARY_ENTRY),
            Self::ModuleLinks => counted(ModuleCrashpadInfoLink::SIZE, MODULE_LINK),
            Self::ModuleInfo => once(MODULE_INFO),
            Self::Utf8List => counted(size_of::<Rva>(), UTF8_LIST_ENTRY),
            Self::Annotations => counted(Annotation::SIZE, ANNOTATION),
            Self::CrashInfo => Some(Layout {
                first: MacCrashInfo::OFFSETS.records.get() as u64,
                entries: count(MacCrashInfo::OFFSETS.record_count.get())?.min(MacCrashInfo::MAXIMUM_RECORDS as u64),
                size: LocationDescriptor::SIZE as u64,
                fields: CRASH_INFO_RECORD,
            }),
            Self::BootArgs { aligned: false } => once(BOOT_ARGS),
            Self::BootArgs { aligned: true } => once(BOOT_ARGS_ALIGNED),
            Self::Records(records) => Some(records.layout()),
            Self::Object => once(OBJECT),
        }
    }

    /// The size of the data at `offset`, which contains its own size.
    fn measure(self, source: &Bytes<'_>, offset: u64) -> Result<u64, ReadError> {
        if self == Self::Object {
            let object: HandleObjectInformation = source.read(self.name(), offset)?;
            // What the file has of it is enough.
            let size = HandleObjectInformation::SIZE as u64 + u64::from(object.size_of_info);
            return Ok(source.available(offset, size));
        }
        let size = COUNT + u64::from(source.read::<u32>(self.name(), offset)?);
        let nul: &[u8] = match self {
            Self::Utf16 => &[0, 0],
            Self::Utf8 => &[0],
            _ => &[],
        };
        // The NUL belongs to the text although the size does not include it. Some producers omit it.
        let end = offset.checked_add(size).ok_or(ReadError::Overflow { what: self.name(), offset })?;
        let after = source.clipped(end, nul.len() as u64);
        Ok(if after == nul { size + nul.len() as u64 } else { size })
    }
}

/// The state of the search for parts.
struct Walk<'a, 'b> {
    source: Bytes<'a>,
    /// The budgets that further parts are charged to: that of this stream, and that of all streams.
    budgets: [&'b mut Budget; 2],
    found: Vec<(Kind, Part<'a>)>,
    /// The indices of the parts by position, size and, for parts with references, kind.
    known: BTreeMap<(u64, u64, Option<Kind>), usize>,
    faults: Vec<ReadError>,
}

impl<'a> Walk<'a, '_> {
    /// Finds the references in a part, and adds their targets as parts.
    fn references(&mut self, kind: Kind, offset: u64, bytes: &'a [u8]) -> Result<Vec<Reference>, ReadError> {
        let mut references = Vec::new();
        let Some(layout) = kind.layout(&self.source, bytes) else {
            return Ok(references);
        };
        let room = (bytes.len() as u64).saturating_sub(layout.first);
        let entries = room.checked_div(layout.size).map_or(layout.entries, |room| room.min(layout.entries));
        if entries < layout.entries {
            let needed = layout.first + layout.entries * layout.size;
            self.faults.push(ReadError::Truncated { what: kind.name(), offset, needed, available: bytes.len() as u64 });
        }
        for entry in (0..entries).map(|index| layout.first + index * layout.size) {
            for field in layout.fields {
                worked(1);
                references.extend(self.follow(field, bytes, entry)?);
            }
        }
        Ok(references)
    }

    /// The reference in a field; `None` if the part is too short for the field or the field refers to nothing.
    fn follow(&mut self, field: &Field, bytes: &'a [u8], entry: u64) -> Result<Option<Reference>, ReadError> {
        /// Breakpad's RVA for missing data.
        const INVALID: u64 = u32::MAX as u64;

        let order = self.source.order();
        let integer = |position: u64, width: RvaWidth| {
            let bytes = bytes.get(usize::try_from(entry + position).ok()?..)?;
            integer_at(bytes, 0, width.bytes(), order)
        };
        let Some(rva) = integer(field.position, field.width) else {
            return Ok(None);
        };
        if rva == 0 || (rva == INVALID && matches!(field.target, Kind::LinkMaps(_))) {
            return Ok(None);
        }
        let size = match field.extent {
            // Units have at most two digits.
            Some((position, unit)) => integer(position, RvaWidth::Rva).map(|count| Ok(count * unit)),
            None => Some(field.target.measure(&self.source, rva)),
        };
        let Some(size) = size else { return Ok(None) };
        let target = match size.and_then(|size| self.source.slice(field.target.name(), rva, size)) {
            Ok(bytes) => Some(self.part(field.target, rva, bytes)?),
            Err(fault) => {
                // The same fields may occur in many streams, and every fault is kept.
                let [_, all] = &mut self.budgets;
                all.charge(field.target.name(), rva, size_of_val(&fault) as u64)?;
                self.faults.push(fault);
                None
            }
        };
        let extent = field.extent.map(|(position, _)| entry + position);
        Ok(Some(Reference { position: entry + field.position, width: field.width, extent, target }))
    }

    /// Returns the index of the part with these bytes. A new part is added.
    fn part(&mut self, kind: Kind, offset: u64, bytes: &'a [u8]) -> Result<usize, ReadError> {
        let number = self.found.len();
        let size = bytes.len() as u64;
        let has_fields = kind.layout(&self.source, bytes).is_some();
        match self.known.entry((offset, size, has_fields.then_some(kind))) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(vacant) => {
                for budget in &mut self.budgets {
                    budget.charge(kind.name(), offset, size)?;
                }
                vacant.insert(number);
                self.found.push((kind, Part { offset, bytes, references: Vec::new() }));
                Ok(number)
            }
        }
    }
}
