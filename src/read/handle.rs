//! Handles that were open when the dump was taken, and operations on handles before that.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::StreamType;
use crate::format::debug::debug_without_bytes;
use crate::format::handle::{HandleDescriptor, HandleDescriptor2, HandleObjectInformation, HandleOperation};

use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf16::Utf16;

/// An open handle. On Linux, minidump-writer writes file descriptors in this form.
///
/// # Examples
///
/// ```
/// use userdump::format::handle::{HandleDescriptor, HandleDescriptor2};
/// use userdump::read::handle::HandleData;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let name = dump.text("Event");
/// # let descriptor = HandleDescriptor { handle: 0x44, ..Default::default() };
/// # dump.handle(HandleDescriptor2 { descriptor, ..Default::default() }, Some(name), None, None);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = userdump::Minidump::parse(&file)?;
/// for handle in dump.stream::<HandleData>()?.into_iter().flatten() {
///     println!("{:#x} {:?} {:?}", handle.value(), handle.type_name()?, handle.object_name()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Handle<'a> {
    raw: HandleDescriptor2,
    dump: DumpBytes<'a>,
}

/// The handle data stream. Its entries have one of two sizes; see [`Handle::raw`].
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let type_name = dump.text("Event");
/// # let mut handle = userdump::format::handle::HandleDescriptor2::default();
/// # handle.descriptor.handle = 0x1c4;
/// # dump.handle(handle, Some(type_name), None, None);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::handle::HandleData;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// for handle in dump.list::<HandleData>() {
///     let type_name = handle.type_name()?.expect("the producer recorded it");
///     println!("{:#x}: {type_name}", handle.value());
///     # assert_eq!((handle.value(), type_name.to_string().as_str()), (0x1c4, "Event"));
/// }
/// # Ok(())
/// # }
/// ```
pub type HandleData<'a> = List<'a, Handle<'a>>;

impl<'a> Handle<'a> {
    /// The entry as stored in the file. If the entries of the stream are shorter than 40 bytes, the fields that only
    /// the longer form has are 0.
    #[must_use]
    pub const fn raw(&self) -> &HandleDescriptor2 {
        &self.raw
    }

    /// The value of the handle.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.raw.descriptor.handle
    }

    /// The type of the object, such as `Event`; `None` if the producer did not record it.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    pub fn type_name(&self) -> Result<Option<Utf16<'a>>, ReadError> {
        self.dump.optional_string(self.raw.descriptor.type_name_rva)
    }

    /// The name of the object; `None` if it has none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    pub fn object_name(&self) -> Result<Option<Utf16<'a>>, ReadError> {
        self.dump.optional_string(self.raw.descriptor.object_name_rva)
    }

    /// Further information about the object: a chain of records, empty if the producer wrote none.
    #[must_use]
    pub fn object_information(&self) -> HandleObjects<'a> {
        HandleObjects::new(&self.dump, self.raw.object_info_rva)
    }
}

impl<'a> Record<'a> for Handle<'a> {
    const LIST: &'static str = "MINIDUMP_HANDLE_DATA_STREAM";
    const SIZE: u64 = HandleDescriptor::SIZE as u64;
    const SIZE_FIELD: &'static str = "SizeOfDescriptor";

    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        let raw = if size < HandleDescriptor2::SIZE as u64 {
            HandleDescriptor2 { descriptor: dump.bytes().read(Self::LIST, offset)?, object_info_rva: 0, reserved0: 0 }
        } else {
            dump.bytes().read(Self::LIST, offset)?
        };
        Ok(Self { raw, dump: *dump })
    }

    fn is_plausible(&self, dump: &DumpBytes<'a>) -> bool {
        dump.has_name(self.raw.descriptor.type_name_rva.into())
    }
}

impl<'a> HandleData<'a> {
    /// The first handle with this value.
    #[must_use]
    pub fn by_value(&self, value: u64) -> Option<Handle<'a>> {
        self.iter().find(|handle| handle.value() == value)
    }
}

impl<'a> FromStream<'a> for HandleData<'a> {
    const STREAM_TYPE: StreamType = StreamType::HANDLE_DATA;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::headed(stream, |header: &format::handle::HandleDataStream| {
            (header.size_of_header, header.size_of_descriptor, header.number_of_descriptors)
        })
    }
}

/// The list of handle operations that Application Verifier recorded.
///
/// Entries may be shorter than Microsoft declares; the missing return addresses are 0.
pub type HandleOperationList<'a> = List<'a, HandleOperation>;

impl<'a> Record<'a> for HandleOperation {
    const LIST: &'static str = "MINIDUMP_HANDLE_OPERATION_LIST";
    /// The size up to the return addresses.
    const SIZE: u64 = Self::OFFSETS.return_addresses.get() as u64;

    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        let mut whole = [0; Self::SIZE];
        let present = dump.bytes().slice(<Self as Record>::LIST, offset, size.min(whole.len() as u64))?;
        whole.iter_mut().zip(present).for_each(|(to, from)| *to = *from);
        dump.bytes().read_from(<Self as Record>::LIST, &whole, offset)
    }
}

impl<'a> FromStream<'a> for HandleOperationList<'a> {
    const STREAM_TYPE: StreamType = StreamType::HANDLE_OPERATION_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::headed(stream, |header: &format::handle::HandleOperationList| {
            (header.size_of_header, header.size_of_entry, header.number_of_entries)
        })
    }
}

/// A record with information about the object of a handle.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HandleObject<'a> {
    /// The record's header as stored in the file.
    ///
    /// `next_info_rva` is the position of the next record, and `info_type` the type of this one.
    pub raw: HandleObjectInformation,
    /// The file offset of the header.
    pub offset: u64,
    /// The bytes after the header: `SizeOfInfo` bytes, or fewer if the file ends before that.
    ///
    /// It is not documented whether `SizeOfInfo` includes the 12 bytes of the header. If it does, the last 12 bytes
    /// here belong to the data that follows.
    pub bytes: &'a [u8],
}

debug_without_bytes!(HandleObject { raw, offset; bytes });

impl HandleObject<'_> {
    /// The error if the record extends beyond the end of the file.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        let head = HandleObjectInformation::SIZE as u64;
        let available = self.bytes.len() as u64;
        let needed = u64::from(self.raw.size_of_info);
        (available < needed).then_some(ReadError::Truncated {
            what: WHAT_OBJECT,
            offset: self.offset,
            needed: head + needed,
            available: head + available,
        })
    }
}

const WHAT_OBJECT: &str = "MINIDUMP_HANDLE_OBJECT_INFORMATION";

/// Iterator over the information records of an object, see [`Handle::object_information`].
///
/// It ends after the first error. Cycles are detected by comparing each position with an earlier one (Brent's
/// algorithm, which needs constant memory), so some records may be returned twice or more before [`ReadError::Cycle`].
#[derive(Clone, Debug)]
pub struct HandleObjects<'a> {
    dump: DumpBytes<'a>,
    /// The file offset of the next record; 0 at the end.
    next: format::Rva,
    /// An earlier position; it is updated when `steps` reaches `limit`.
    passed: format::Rva,
    steps: u64,
    limit: u64,
}

impl<'a> HandleObjects<'a> {
    fn new(dump: &DumpBytes<'a>, first: format::Rva) -> Self {
        Self { dump: *dump, next: first, passed: 0, steps: 0, limit: 1 }
    }
}

impl<'a> Iterator for HandleObjects<'a> {
    type Item = Result<HandleObject<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = u64::from(self.next);
        if self.next == 0 {
            return None;
        }
        if self.next == self.passed {
            self.next = 0;
            return Some(Err(ReadError::Cycle { what: WHAT_OBJECT, offset }));
        }
        if self.steps == self.limit || self.passed == 0 {
            self.passed = self.next;
            self.steps = 0;
            self.limit = self.limit.saturating_mul(2);
        }
        self.steps += 1;

        let raw: HandleObjectInformation = match self.dump.bytes().read(WHAT_OBJECT, offset) {
            Ok(raw) => raw,
            Err(error) => {
                self.next = 0;
                return Some(Err(error));
            }
        };
        self.next = raw.next_info_rva;
        let bytes = self.dump.bytes().clipped(offset + HandleObjectInformation::SIZE as u64, raw.size_of_info.into());
        Some(Ok(HandleObject { raw, offset, bytes }))
    }
}

impl FusedIterator for HandleObjects<'_> {}
