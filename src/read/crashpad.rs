//! Streams that Crashpad writes: the IDs of the report, and annotations of the program and its modules.

use crate::error::ReadError;
use crate::format;
use crate::format::crashpad::{
    AnnotationType, ModuleCrashpadInfo, ModuleCrashpadInfoLink, SimpleStringDictionaryEntry,
};
use crate::format::{FieldOffset, Guid, LocationDescriptor, Rva, Stored, StreamType};

use crate::read::bytes::Decode;
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf8::Utf8;

const TEXT: &str = "MinidumpUTF8String";

/// Crashpad's IDs and annotations. Fields beyond the end of the stream are absent.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("crashpad.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// if let Some(info) = dump.find::<userdump::read::crashpad::CrashpadInfo>() {
///     println!("report {:?}", info.report_id());
///     for entry in info.simple_annotations()? {
///         println!("{} = {}", entry.key()?, entry.value()?);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CrashpadInfo<'a> {
    stream: RawStream<'a>,
    version: u32,
}

impl<'a> CrashpadInfo<'a> {
    const WHAT: &'static str = "MinidumpCrashpadInfo";

    /// 1 in all known files. Higher versions are compatible, and 0 is invalid.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The ID of the report that the dump belongs to; all zeros if it has none.
    #[must_use]
    pub fn report_id(&self) -> Option<Guid> {
        self.field(format::crashpad::CrashpadInfo::OFFSETS.report_id)
    }

    /// The ID of the installation that the report comes from; all zeros if it has none.
    #[must_use]
    pub fn client_id(&self) -> Option<Guid> {
        self.field(format::crashpad::CrashpadInfo::OFFSETS.client_id)
    }

    /// Annotations of the program; empty if there are none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the header of the dictionary is not in the file.
    pub fn simple_annotations(&self) -> Result<StringDictionary<'a>, ReadError> {
        let location = self.field(format::crashpad::CrashpadInfo::OFFSETS.simple_annotations);
        List::located(self.stream.dump(), location.unwrap_or_default())
    }

    /// The modules that have annotations; empty if there are none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the header of the list is not in the file.
    pub fn modules(&self) -> Result<CrashpadModuleList<'a>, ReadError> {
        let location = self.field(format::crashpad::CrashpadInfo::OFFSETS.module_list);
        List::located(self.stream.dump(), location.unwrap_or_default())
    }

    /// The mask of pointer bits that are not part of the address; 0 if there are none, `None` in older files.
    #[must_use]
    pub fn address_mask(&self) -> Option<u64> {
        self.field(format::crashpad::CrashpadInfo::OFFSETS.address_mask)
    }

    fn field<T: Decode>(&self, field: FieldOffset<format::crashpad::CrashpadInfo, T>) -> Option<T> {
        self.stream.field(Self::WHAT, field).ok()
    }
}

impl<'a> FromStream<'a> for CrashpadInfo<'a> {
    const STREAM_TYPE: StreamType = StreamType::CRASHPAD_INFO;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Ok(Self {
            stream: *stream,
            version: stream.field(Self::WHAT, format::crashpad::CrashpadInfo::OFFSETS.version)?,
        })
    }
}

/// A key and its value.
#[derive(Clone, Copy, Debug)]
pub struct StringDictionaryEntry<'a> {
    raw: SimpleStringDictionaryEntry,
    dump: DumpBytes<'a>,
}

/// Keys and values in file order; a key may occur more than once.
pub type StringDictionary<'a> = List<'a, StringDictionaryEntry<'a>>;

impl<'a> StringDictionaryEntry<'a> {
    /// The entry as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &SimpleStringDictionaryEntry {
        &self.raw
    }

    /// The key.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn key(&self) -> Result<Utf8<'a>, ReadError> {
        text(&self.dump, self.raw.key)
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn value(&self) -> Result<Utf8<'a>, ReadError> {
        text(&self.dump, self.raw.value)
    }
}

impl<'a> Record<'a> for StringDictionaryEntry<'a> {
    const LIST: &'static str = "MinidumpSimpleStringDictionary";
    const SIZE: u64 = SimpleStringDictionaryEntry::SIZE as u64;

    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }
}

impl<'a> StringDictionary<'a> {
    /// The value of the first entry with this key. Entries that cannot be read are skipped.
    #[must_use]
    pub fn value_of(&self, key: &str) -> Option<Utf8<'a>> {
        let entry = self.iter().find(|entry| entry.key().is_ok_and(|found| found == key))?;
        entry.value().ok()
    }
}

/// A module and its annotations.
#[derive(Clone, Copy, Debug)]
pub struct CrashpadModule<'a> {
    raw: ModuleCrashpadInfoLink,
    dump: DumpBytes<'a>,
}

/// The modules that have annotations.
pub type CrashpadModuleList<'a> = List<'a, CrashpadModule<'a>>;

impl<'a> CrashpadModule<'a> {
    const WHAT: &'static str = "MinidumpModuleCrashpadInfo";

    /// The entry of the list as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &ModuleCrashpadInfoLink {
        &self.raw
    }

    /// The index of the module in the module list.
    #[must_use]
    pub const fn module_index(&self) -> u32 {
        self.raw.minidump_module_list_index
    }

    /// 1 in all known files. Higher versions are compatible, and 0 is invalid.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not in the file.
    pub fn version(&self) -> Result<u32, ReadError> {
        self.field(ModuleCrashpadInfo::OFFSETS.version)
    }

    /// Messages without keys; empty if there are none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the list's location descriptor or its header is not in the file.
    pub fn list_annotations(&self) -> Result<TextList<'a>, ReadError> {
        self.list(ModuleCrashpadInfo::OFFSETS.list_annotations)
    }

    /// Keys and values; empty if there are none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the dictionary's location descriptor or its header is not in the file.
    pub fn simple_annotations(&self) -> Result<StringDictionary<'a>, ReadError> {
        self.list(ModuleCrashpadInfo::OFFSETS.simple_annotations)
    }

    /// Annotations with names and types; empty if there are none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the list's location descriptor or its header is not in the file.
    pub fn annotation_objects(&self) -> Result<AnnotationList<'a>, ReadError> {
        self.list(ModuleCrashpadInfo::OFFSETS.annotation_objects)
    }

    fn list<R: Record<'a>>(
        &self,
        field: FieldOffset<ModuleCrashpadInfo, LocationDescriptor>,
    ) -> Result<List<'a, R>, ReadError> {
        List::located(&self.dump, self.field(field)?)
    }

    /// A field of the annotations; 0 if they are too short for it.
    fn field<T: Decode + Stored>(&self, field: FieldOffset<ModuleCrashpadInfo, T>) -> Result<T, ReadError> {
        let location = self.raw.location;
        if u64::from(location.data_size) < field.range().end as u64 {
            return Ok(T::ZERO);
        }
        self.dump.bytes().read(Self::WHAT, u64::from(location.rva) + field.get() as u64)
    }
}

impl<'a> Record<'a> for CrashpadModule<'a> {
    const LIST: &'static str = "MinidumpModuleCrashpadInfoList";
    const SIZE: u64 = ModuleCrashpadInfoLink::SIZE as u64;

    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }
}

/// An entry of a list of texts.
#[derive(Clone, Copy, Debug)]
pub struct TextListEntry<'a> {
    rva: Rva,
    dump: DumpBytes<'a>,
}

/// Texts in file order.
pub type TextList<'a> = List<'a, TextListEntry<'a>>;

impl<'a> TextListEntry<'a> {
    /// The text.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn text(&self) -> Result<Utf8<'a>, ReadError> {
        text(&self.dump, self.rva)
    }
}

impl<'a> Record<'a> for TextListEntry<'a> {
    const LIST: &'static str = "MinidumpRVAList";
    const SIZE: u64 = size_of::<Rva>() as u64;

    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { rva: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }
}

/// A value with a name and a type.
#[derive(Clone, Copy, Debug)]
pub struct Annotation<'a> {
    raw: format::crashpad::Annotation,
    dump: DumpBytes<'a>,
}

/// Values with names and types, in file order; a name may occur more than once.
pub type AnnotationList<'a> = List<'a, Annotation<'a>>;

impl<'a> Annotation<'a> {
    /// The entry as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::crashpad::Annotation {
        &self.raw
    }

    /// The name.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn name(&self) -> Result<Utf8<'a>, ReadError> {
        text(&self.dump, self.raw.name)
    }

    /// The type of the value.
    #[must_use]
    pub const fn annotation_type(&self) -> AnnotationType {
        self.raw.annotation_type
    }

    /// The bytes of the value; empty if the RVA is 0.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if they are not entirely in the file.
    pub fn value(&self) -> Result<&'a [u8], ReadError> {
        match self.raw.value {
            0 => Ok(&[]),
            rva => self.dump.bytes().counted("MinidumpByteArray", rva),
        }
    }

    /// The value as text; `None` if it is of another type.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn text(&self) -> Result<Option<Utf8<'a>>, ReadError> {
        match self.annotation_type() {
            AnnotationType::STRING => self.value().map(Utf8::new).map(Some),
            _ => Ok(None),
        }
    }
}

impl<'a> Record<'a> for Annotation<'a> {
    const LIST: &'static str = "MinidumpAnnotationList";
    const SIZE: u64 = format::crashpad::Annotation::SIZE as u64;

    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }
}

impl<'a> AnnotationList<'a> {
    /// The first annotation with this name. Annotations whose names cannot be read are skipped.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Annotation<'a>> {
        self.iter().find(|annotation| annotation.name().is_ok_and(|found| found == name))
    }
}

/// Returns the `MinidumpUTF8String` at `rva`. Its terminating NUL is not checked, because some writers omit it.
fn text<'a>(dump: &DumpBytes<'a>, rva: Rva) -> Result<Utf8<'a>, ReadError> {
    dump.bytes().counted(TEXT, rva).map(Utf8::new)
}
