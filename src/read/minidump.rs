//! The minidump: its header, its directory, and access to its streams.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::{self, Header, LocationDescriptor, MinidumpType, StreamType};
#[cfg(feature = "std")]
use crate::format::{PlatformId, ProcessorArchitecture};
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes, signature};
use crate::read::directory::{Directory, DirectoryEntries};
use crate::read::dump_bytes::DumpBytes;
use crate::read::interval::Interval;
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::target::Target;
use crate::read::text::utf16::Utf16;

/// A minidump: a view of the bytes of a file.
///
/// # Examples
///
/// ```
/// use userdump::read::{Minidump, ModuleList};
///
/// # fn main() -> Result<(), userdump::ReadError> {
/// // The smallest possible minidump: a header that declares no streams.
/// let mut file = [0; 32];
/// file[..8].copy_from_slice(b"MDMP\x93\xa7\0\0");
///
/// let dump = Minidump::parse(&file)?;
/// assert!(dump.directory().is_empty());
/// assert!(dump.stream::<ModuleList>()?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Minidump<'a> {
    dump: DumpBytes<'a>,
    header: Header,
    directory: Directory<'a>,
}

impl<'a> Minidump<'a> {
    /// Reads the header and the directory. Streams are read when they are requested.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signature`] if the file does not start with `MDMP` (or `PMDM`, for big-endian files),
    /// [`ReadError::Version`] if the version in the header is not that of minidumps, and [`ReadError::Truncated`] if
    /// the header is not entirely in the file. A truncated directory is not an error: see [`Directory::fault`].
    pub fn parse(data: &'a [u8]) -> Result<Self, ReadError> {
        Self::from_source(data)
    }

    /// Like [`Minidump::parse`], for bytes that may be in a `SourceFile`, which is then read piece by
    /// piece.
    ///
    /// # Errors
    ///
    /// The errors of [`Minidump::parse`], and `ReadError::Source` if the file cannot be read.
    pub fn from_source(source: impl Into<Source<'a>>) -> Result<Self, ReadError> {
        let source = source.into();
        let start = Bytes::new(source, ByteOrder::Little).start(size_of::<[u8; 8]>())?;
        let order = match start.first_chunk::<4>() {
            Some(b"MDMP") => ByteOrder::Little,
            Some(b"PMDM") => ByteOrder::Big,
            _ => {
                return Err(ReadError::Signature { found: signature(start) });
            }
        };
        let bytes = Bytes::new(source, order);
        let header: Header = bytes.read("MINIDUMP_HEADER", 0)?;
        if header.version & 0xffff != format::header::VERSION {
            return Err(ReadError::Version { found: header.version });
        }
        let dump = Self::new(DumpBytes::new(bytes, Target::default()), header);
        Ok(Self { dump: DumpBytes::new(bytes, dump.find_target()), ..dump })
    }

    /// The minidump in these bytes, which start with this header.
    pub(crate) fn new(dump: DumpBytes<'a>, header: Header) -> Self {
        Self { dump, header, directory: Directory::new(*dump.bytes(), &header) }
    }

    /// The same dump in other bytes, which are not looked at: what was read of the header stays.
    pub(crate) fn rebound<'b>(&self, source: Source<'b>) -> Minidump<'b> {
        Minidump::new(self.dump.rebound(source), self.header)
    }

    /// The architecture determines how addresses are compared, so every view needs it.
    fn find_target(&self) -> Target {
        // A truncated system information stream cannot be read, so it is ignored.
        let system = self.raw_stream(StreamType::SYSTEM_INFO);
        let system = system.and_then(|stream| stream.read::<format::SystemInfo>("MINIDUMP_SYSTEM_INFO", 0).ok());
        Target {
            architecture: system.map(|system| system.processor_architecture),
            platform: system.map(|system| system.platform_id),
        }
    }

    /// The same dump with another target, for dumps that do not record it.
    #[cfg(feature = "std")]
    pub(crate) fn with_target(&self, architecture: ProcessorArchitecture, platform: PlatformId) -> Self {
        let target = Target { architecture: Some(architecture), platform: Some(platform) };
        Self { dump: DumpBytes::new(*self.bytes(), target), ..*self }
    }

    /// The bytes of the file, if all of them are in memory; `None` if the dump is read from a
    /// `SourceFile`.
    #[must_use]
    pub const fn data(&self) -> Option<&'a [u8]> {
        self.dump_bytes().data()
    }

    /// The size of the file in bytes.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.dump_bytes().file_size()
    }

    /// The byte order of all integers in the file.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.dump.byte_order()
    }

    /// The header as stored in the file.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The flags that the producer was asked to write. Many producers leave them 0 regardless of what they wrote.
    #[must_use]
    pub const fn flags(&self) -> MinidumpType {
        MinidumpType::from_bits_retain(self.header.flags)
    }

    /// The stream directory.
    #[must_use]
    pub const fn directory(&self) -> Directory<'a> {
        self.directory
    }

    /// The positions of the header and of all entries of the directory.
    pub(crate) fn header_and_directory(&self) -> [Option<Interval>; 2] {
        let (start, end) = (self.directory.entry_offset(0), self.directory.entry_offset(self.directory.len()));
        [Interval::new(0, Header::SIZE as u64), Interval::new(start, end.saturating_sub(start))]
    }

    /// The processor and operating system, from the first system information stream.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.dump.target()
    }

    /// The first stream of the type that `T` views; `None` if the directory has none.
    ///
    /// # Errors
    ///
    /// The error that prevents the stream from being read, usually [`ReadError::Truncated`].
    pub fn stream<T: FromStream<'a>>(&self) -> Result<Option<T>, ReadError> {
        self.raw_stream(T::STREAM_TYPE).map(|stream| stream.view()).transpose()
    }

    /// The first stream of a type, undecoded.
    #[must_use]
    pub fn raw_stream(&self, stream_type: StreamType) -> Option<RawStream<'a>> {
        self.raw_streams().find(|stream| stream.stream_type() == stream_type)
    }

    /// The first stream of the type that `T` views, if it is present and can be read.
    ///
    /// To tell an absent stream from a damaged one, use [`Minidump::stream`], or [`Minidump::check`] once.
    #[must_use]
    pub fn find<T: FromStream<'a>>(&self) -> Option<T> {
        self.stream().ok().flatten()
    }

    /// The first list of the type that `T` views; an empty one if it is absent or cannot be read, as for
    /// [`Minidump::find`].
    #[must_use]
    pub fn list<T: FromStream<'a> + Default>(&self) -> T {
        self.find().unwrap_or_default()
    }

    /// All streams in directory order, undecoded, including unused entries.
    #[must_use]
    pub const fn raw_streams(&self) -> RawStreams<'a> {
        RawStreams { dump: self.dump, entries: self.directory.iter(), next: 0 }
    }

    /// An absent stream: of size 0, with the index after the last directory entry.
    #[cfg(feature = "std")]
    pub(crate) fn absent_stream(&self, stream_type: StreamType) -> RawStream<'a> {
        RawStream::new(self.dump, self.directory.len(), format::DirectoryEntry { stream_type, ..Default::default() })
    }

    /// The `MINIDUMP_STRING` at `rva`.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    #[inline]
    pub fn string(&self, rva: format::Rva64) -> Result<Utf16<'a>, ReadError> {
        self.dump.string(rva)
    }

    /// The bytes that a location descriptor refers to; `what` names them in the error.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if they are not entirely in the file.
    pub fn location(&self, what: &'static str, location: LocationDescriptor) -> Result<&'a [u8], ReadError> {
        self.dump.location(what, location)
    }

    /// The file with its byte order and target, which every view is based on.
    #[inline]
    #[must_use]
    pub const fn dump_bytes(&self) -> &DumpBytes<'a> {
        &self.dump
    }

    #[inline]
    pub(crate) const fn bytes(&self) -> &Bytes<'a> {
        self.dump.bytes()
    }
}

/// Iterator over the undecoded streams of a [`Minidump`], see [`Minidump::raw_streams`].
#[derive(Clone, Debug)]
pub struct RawStreams<'a> {
    dump: DumpBytes<'a>,
    entries: DirectoryEntries<'a>,
    next: u32,
}

impl<'a> Iterator for RawStreams<'a> {
    type Item = RawStream<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let index = self.next;
        self.next += 1;
        Some(RawStream::new(self.dump, index, entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl DoubleEndedIterator for RawStreams<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next_back()?;
        let left = u32::try_from(self.entries.len()).ok()?;
        Some(RawStream::new(self.dump, self.next + left, entry))
    }
}

impl ExactSizeIterator for RawStreams<'_> {}
impl FusedIterator for RawStreams<'_> {}
