//! Streams that Mozilla's crash reporter writes. The limits of Linux processes are with the other files of `/proc`.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::debug::debug_without_bytes;
use crate::format::mozilla::{MacBootArgs, MacBootArgsAligned, MacCrashInfo, MacCrashInfoRecord4, MacCrashInfoRecord5};
use crate::format::{LocationDescriptor, Rva64, StreamType};

use crate::read::bytes::Decode;
use crate::read::dump_bytes::DumpBytes;
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf8::{Utf8, until_nul};
use crate::read::text::utf16::Utf16;

text_streams! {
    /// Errors that occurred while minidump-writer wrote the dump, as JSON. The content varies between versions.
    MozSoftErrors(MOZ_SOFT_ERRORS);
}

/// Messages that libraries left for the crash report, in `__crash_info` sections of Mach-O files.
#[derive(Clone, Copy, Debug)]
pub struct MozMacCrashInfo<'a> {
    stream: RawStream<'a>,
    record_count: u32,
    record_start_size: u32,
}

impl<'a> MozMacCrashInfo<'a> {
    const WHAT: &'static str = "MINIDUMP_MAC_CRASH_INFO";

    /// The number of records that the stream declares. It has room for 20.
    #[must_use]
    pub const fn declared_len(&self) -> u32 {
        self.record_count
    }

    /// The offset of the texts in each record, in bytes from the start of the record.
    #[must_use]
    pub const fn record_start_size(&self) -> u32 {
        self.record_start_size
    }

    /// The records in file order, up to 20 and up to the end of the stream. Records that cannot be read are errors.
    #[must_use]
    pub fn records(&self) -> impl FusedIterator<Item = Result<MacCrashInfoRecord<'a>, ReadError>> + Clone + use<'a> {
        let Self { stream, record_start_size, .. } = *self;
        let (first, size) = (MacCrashInfo::OFFSETS.records.get() as u64, LocationDescriptor::SIZE as u64);
        let indices = (0..u64::from(self.record_count)).take(MacCrashInfo::MAXIMUM_RECORDS);
        let places = indices.map(move |index| first + size * index);
        let locations = places.map_while(move |place| stream.read::<LocationDescriptor>(Self::WHAT, place).ok());
        locations.map(move |location| MacCrashInfoRecord::new(*stream.dump(), location, record_start_size)).fuse()
    }
}

impl<'a> FromStream<'a> for MozMacCrashInfo<'a> {
    const STREAM_TYPE: StreamType = StreamType::MOZ_MAC_CRASH_INFO;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let record_count = stream.field(Self::WHAT, MacCrashInfo::OFFSETS.record_count)?;
        let record_start_size = stream.field(Self::WHAT, MacCrashInfo::OFFSETS.record_start_size)?;
        Ok(Self { stream: *stream, record_count, record_start_size })
    }
}

/// The message that a library left for the crash report.
#[derive(Clone, Copy)]
pub struct MacCrashInfoRecord<'a> {
    bytes: &'a [u8],
    offset: u64,
    dump: DumpBytes<'a>,
    record: format::mozilla::MacCrashInfoRecord,
    texts: &'a [u8],
}

debug_without_bytes!(MacCrashInfoRecord { offset, record; bytes });

impl<'a> MacCrashInfoRecord<'a> {
    const WHAT: &'static str = "MINIDUMP_MAC_CRASH_INFO_RECORD";

    fn new(dump: DumpBytes<'a>, location: LocationDescriptor, start: u32) -> Result<Self, ReadError> {
        let offset = location.rva.into();
        let bytes = dump.location(Self::WHAT, location)?;
        let record: format::mozilla::MacCrashInfoRecord = dump.bytes().read_from(Self::WHAT, bytes, offset)?;
        let needed = match record.version {
            ..4 => return Ok(Self { bytes, offset, dump, record, texts: &[] }),
            4 => MacCrashInfoRecord4::SIZE,
            5.. => MacCrashInfoRecord5::SIZE,
        };
        let (found, needed) = (u64::from(start), needed as u64);
        if found < needed {
            return Err(ReadError::Size { what: Self::WHAT, offset, field: "record_start_size", found, needed });
        }
        let texts = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
        Ok(Self { bytes, offset, dump, record, texts })
    }

    /// The bytes of the record.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The version of Apple's structure that the record was made from; the same in all records of a stream.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.record.version
    }

    /// The thread that wrote the message; `None` before version 4.
    #[must_use]
    pub fn thread(&self) -> Option<u64> {
        self.field(4).map(|record: MacCrashInfoRecord4| record.thread)
    }

    /// How the system was to inform the user; `None` before version 4.
    #[must_use]
    pub fn dialog_mode(&self) -> Option<u64> {
        self.field(4).map(|record: MacCrashInfoRecord4| record.dialog_mode)
    }

    /// Why the program aborted; `None` before version 5.
    #[must_use]
    pub fn abort_cause(&self) -> Option<u64> {
        self.field(5).map(|record: MacCrashInfoRecord5| record.abort_cause)
    }

    /// The path of the library; `None` before version 4, and if the record ends before it.
    ///
    /// This text and the others are empty if the library did not set them.
    #[must_use]
    pub fn module_path(&self) -> Option<Utf8<'a>> {
        self.texts().next()
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> Option<Utf8<'a>> {
        self.texts().nth(1)
    }

    /// The key by which the system groups similar reports.
    #[must_use]
    pub fn signature_string(&self) -> Option<Utf8<'a>> {
        self.texts().nth(2)
    }

    /// The backtrace that the library recorded.
    #[must_use]
    pub fn backtrace(&self) -> Option<Utf8<'a>> {
        self.texts().nth(3)
    }

    /// A second message.
    #[must_use]
    pub fn message2(&self) -> Option<Utf8<'a>> {
        self.texts().nth(4)
    }

    /// The texts in file order, each terminated by a NUL or by the end of the record. Versions up to 5 have five texts.
    #[must_use]
    pub fn texts(&self) -> impl FusedIterator<Item = Utf8<'a>> + Clone + use<'a> {
        let mut rest = self.texts;
        let mut next = move || {
            let text = (!rest.is_empty()).then(|| until_nul(rest))?;
            rest = rest.get(text.len() + 1..).unwrap_or_default();
            Some(Utf8::new(text))
        };
        core::iter::repeat(()).map_while(move |()| next()).fuse()
    }

    fn field<T: Decode>(&self, version: u64) -> Option<T> {
        let present = self.version() >= version;
        present.then(|| self.dump.bytes().read_from(Self::WHAT, self.bytes, self.offset).ok()).flatten()
    }
}

/// The boot arguments of the macOS kernel.
#[derive(Clone, Copy, Debug)]
pub struct MozMacBootArgs<'a> {
    rva: Rva64,
    dump: DumpBytes<'a>,
}

/// True if the RVA is aligned as a compiler would align it; minidump-writer packs it.
pub(crate) fn has_aligned_boot_args(stream: &RawStream<'_>) -> bool {
    stream.declared_size() >= MacBootArgsAligned::SIZE as u64
}

impl<'a> MozMacBootArgs<'a> {
    const WHAT: &'static str = "MINIDUMP_MAC_BOOTARGS";

    /// The RVA of the arguments; 0 if there are none.
    #[must_use]
    pub const fn rva(&self) -> Rva64 {
        self.rva
    }

    /// The arguments as a single text; `None` if there are none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    pub fn text(&self) -> Result<Option<Utf16<'a>>, ReadError> {
        if self.rva == 0 { Ok(None) } else { self.dump.string(self.rva).map(Some) }
    }
}

impl<'a> FromStream<'a> for MozMacBootArgs<'a> {
    const STREAM_TYPE: StreamType = StreamType::MOZ_MAC_BOOT_ARGS;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let rva = match has_aligned_boot_args(stream) {
            true => stream.field(Self::WHAT, MacBootArgsAligned::OFFSETS.bootargs)?,
            false => stream.field(Self::WHAT, MacBootArgs::OFFSETS.bootargs)?,
        };
        Ok(Self { rva, dump: *stream.dump() })
    }
}
