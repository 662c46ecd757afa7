//! The minidump as a whole: header, directory, and the way to its streams.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::{self, Header, LocationDescriptor, MinidumpType, StreamType};
#[cfg(feature = "std")]
use crate::format::{PlatformId, ProcessorArchitecture};

use crate::read::bytes::{ByteOrder, Bytes, signature};
use crate::read::directory::{Directory, DirectoryEntries};
use crate::read::dump_bytes::DumpBytes;
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::target::Target;
use crate::read::text::utf16::Utf16;

/// A minidump: a view of the bytes of one file.
///
/// # Examples
///
/// ```
/// use userdump::read::{Minidump, ModuleList};
///
/// # fn main() -> Result<(), userdump::ReadError> {
/// // The least minidump there is: a header that announces no stream.
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
    /// Reads header and directory; the streams are looked at when they are asked for.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signature`] if the file does not start with `MDMP` (or `PMDM`, all integers big-endian),
    /// [`ReadError::Version`] if the header's version is not that of minidumps, and [`ReadError::Truncated`] if the
    /// header is not there whole. A directory that is cut short is no error: see [`Directory::fault`].
    pub fn parse(data: &'a [u8]) -> Result<Self, ReadError> {
        let order = match data.first_chunk::<4>() {
            Some(b"MDMP") => ByteOrder::Little,
            Some(b"PMDM") => ByteOrder::Big,
            _ => {
                return Err(ReadError::Signature { found: signature(data) });
            }
        };
        let bytes = Bytes::new(data, order);
        let header: Header = bytes.read("MINIDUMP_HEADER", 0)?;
        if header.version & 0xffff != format::header::VERSION {
            return Err(ReadError::Version { found: header.version });
        }
        let dump = Self::new(DumpBytes::new(bytes, Target::default()), header);
        Ok(Self { dump: DumpBytes::new(bytes, dump.find_target()), ..dump })
    }

    /// The dump of these bytes, which start with this header.
    pub(crate) fn new(dump: DumpBytes<'a>, header: Header) -> Self {
        Self { dump, header, directory: Directory::new(*dump.bytes(), &header) }
    }

    /// The architecture decides how addresses compare, so every view needs it.
    fn find_target(&self) -> Target {
        // One that is cut short is no stream that can be read, so nothing follows from it.
        let system = self.raw_stream(StreamType::SYSTEM_INFO);
        let system = system.and_then(|stream| stream.read::<format::SystemInfo>("MINIDUMP_SYSTEM_INFO", 0).ok());
        Target {
            architecture: system.map(|system| system.processor_architecture),
            platform: system.map(|system| system.platform_id),
        }
    }

    /// The same dump, which does not say itself what it is of.
    #[cfg(feature = "std")]
    pub(crate) fn with_target(&self, architecture: ProcessorArchitecture, platform: PlatformId) -> Self {
        let target = Target { architecture: Some(architecture), platform: Some(platform) };
        Self { dump: DumpBytes::new(*self.bytes(), target), ..*self }
    }

    /// The file's bytes.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.dump.data()
    }

    /// The order of the bytes of every integer in the file.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.dump.byte_order()
    }

    /// The header as stored in the file.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the producer was asked to write; many producers leave it 0 whatever they wrote.
    #[must_use]
    pub const fn flags(&self) -> MinidumpType {
        MinidumpType::from_bits_retain(self.header.flags)
    }

    /// The stream directory.
    #[must_use]
    pub const fn directory(&self) -> Directory<'a> {
        self.directory
    }

    /// Processor and operating system, from the first system information stream.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.dump.target()
    }

    /// The first stream of the type that `T` views; `None` if the directory has none.
    ///
    /// # Errors
    ///
    /// Whatever keeps that one stream from being read: usually [`ReadError::Truncated`].
    pub fn stream<T: FromStream<'a>>(&self) -> Result<Option<T>, ReadError> {
        self.raw_stream(T::STREAM_TYPE).map(|stream| stream.view()).transpose()
    }

    /// The first stream of a type, not yet decoded.
    #[must_use]
    pub fn raw_stream(&self, stream_type: StreamType) -> Option<RawStream<'a>> {
        self.raw_streams().find(|stream| stream.stream_type() == stream_type)
    }

    /// The first stream of the type that `T` views, if it is there and can be read.
    ///
    /// Whoever has to tell an absent stream from a damaged one asks [`Minidump::stream`], or [`Minidump::check`] once.
    #[must_use]
    pub fn find<T: FromStream<'a>>(&self) -> Option<T> {
        self.stream().ok().flatten()
    }

    /// The first list of the type that `T` views: an empty one where it is absent or cannot be read, as
    /// [`Minidump::find`].
    #[must_use]
    pub fn list<T: FromStream<'a> + Default>(&self) -> T {
        self.find().unwrap_or_default()
    }

    /// All streams in directory order, not decoded; entries that are not in use are there too.
    #[must_use]
    pub const fn raw_streams(&self) -> RawStreams<'a> {
        RawStreams { dump: self.dump, entries: self.directory.iter(), next: 0 }
    }

    /// A stream that is not there: of no size, behind the last entry of the directory.
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

    /// The bytes that a location descriptor points to.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if they are not entirely in the file; `what` names them in it.
    pub fn location(&self, what: &'static str, location: LocationDescriptor) -> Result<&'a [u8], ReadError> {
        self.dump.location(what, location)
    }

    /// The file with its byte order and target: what every view stands on.
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

/// Iterator over the streams of a [`Minidump`] as they are, see [`Minidump::raw_streams`].
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
