//! One stream: its bytes, and the trait for views of it.

use crate::error::ReadError;
use crate::format::{DirectoryEntry, FieldOffset, PlatformId, StreamType};

use crate::read::bytes::Decode;
use crate::read::dump_bytes::DumpBytes;
use crate::read::target::Target;

/// A type that views one kind of stream; users may view their own streams through it.
///
/// # Examples
///
/// ```
/// use userdump::read::{FromStream, RawStream};
/// use userdump::{ReadError, format::StreamType};
///
/// /// The build number that our crash reporter adds.
/// struct BuildNumber(u8);
///
/// impl FromStream<'_> for BuildNumber {
///     const STREAM_TYPE: StreamType = StreamType(0x1_0001);
///
///     fn from_stream(stream: &RawStream<'_>) -> Result<Self, ReadError> {
///         Ok(Self(stream.whole("BuildNumber", 1)?[0]))
///     }
/// }
/// ```
pub trait FromStream<'a>: Sized {
    /// The type under which the stream stands in the directory.
    const STREAM_TYPE: StreamType;

    /// Checks the stream and makes the view.
    ///
    /// # Errors
    ///
    /// Whatever keeps the stream from being viewed.
    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError>;
}

/// A stream that is not decoded: its directory entry and its bytes.
#[derive(Clone, Copy, Debug)]
pub struct RawStream<'a> {
    dump: DumpBytes<'a>,
    index: u32,
    entry: DirectoryEntry,
    /// True if nothing behind the stream's size is believed to belong to it.
    is_bounded: bool,
}

impl<'a> RawStream<'a> {
    pub(crate) const fn new(dump: DumpBytes<'a>, index: u32, entry: DirectoryEntry) -> Self {
        Self { dump, index, entry, is_bounded: false }
    }

    pub(crate) const fn is_bounded(&self) -> bool {
        self.is_bounded
    }

    /// The file that the stream is part of, for what the stream refers to by position.
    #[must_use]
    pub const fn dump(&self) -> &DumpBytes<'a> {
        &self.dump
    }

    /// The position of the stream's entry in the directory, from 0.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// The stream's entry in the directory.
    #[must_use]
    pub const fn entry(&self) -> DirectoryEntry {
        self.entry
    }

    /// The stream's type.
    #[must_use]
    pub const fn stream_type(&self) -> StreamType {
        self.entry.stream_type
    }

    /// Where the stream starts, in bytes from the start of the file.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.entry.location.rva as u64
    }

    /// The stream's size in bytes, as the directory has it.
    #[must_use]
    pub const fn declared_size(&self) -> u64 {
        self.entry.location.data_size as u64
    }

    /// The stream's bytes, as many of them as the file has.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.dump.bytes().clipped(self.offset(), self.declared_size())
    }

    /// The same stream, of which no more than `size` bytes are believed.
    #[cfg(feature = "std")]
    pub(crate) fn shortened(mut self, size: u64) -> Self {
        let location = &mut self.entry.location;
        location.data_size = location.data_size.min(u32::try_from(size).unwrap_or(u32::MAX));
        self.is_bounded = true;
        self
    }

    /// The same stream, to which `size` bytes prove to belong.
    #[cfg(feature = "std")]
    pub(crate) fn grown(mut self, size: u64) -> Self {
        let location = &mut self.entry.location;
        location.data_size = location.data_size.max(u32::try_from(size).unwrap_or(u32::MAX));
        self
    }

    /// The same stream, which is about a process of another platform than the dump says.
    pub(crate) fn of_platform(self, platform: PlatformId) -> Self {
        let target = Target { platform: Some(platform), ..self.dump.target() };
        Self { dump: DumpBytes::new(*self.dump.bytes(), target), ..self }
    }

    /// The stream's bytes; an error only if none of those that it should have is there.
    pub(crate) fn present(&self) -> Result<&'a [u8], ReadError> {
        let bytes = self.bytes();
        self.fault().filter(|_| bytes.is_empty()).map_or(Ok(bytes), Err)
    }

    /// What is missing, if the stream reaches beyond the end of the file.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        self.dump.location("stream", self.entry.location).err()
    }

    /// The first `size` bytes of the stream.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`], which calls the stream `what`, if there are not as many.
    pub fn whole(&self, what: &'static str, size: u64) -> Result<&'a [u8], ReadError> {
        let bytes = self.bytes();
        usize::try_from(size).ok().and_then(|size| bytes.get(..size)).ok_or(ReadError::Truncated {
            what,
            offset: self.offset(),
            needed: size,
            available: bytes.len() as u64,
        })
    }

    /// Views the stream as a `T`, whatever its type.
    ///
    /// # Errors
    ///
    /// Those of [`FromStream::from_stream`].
    pub fn view<T: FromStream<'a>>(&self) -> Result<T, ReadError> {
        T::from_stream(self)
    }

    /// Decodes a field of the structure that the stream is, all of it within the stream.
    pub(crate) fn field<S, T: Decode>(&self, what: &'static str, field: FieldOffset<S, T>) -> Result<T, ReadError> {
        self.read(what, field.get() as u64)
    }

    /// Decodes the structure at `position` of the stream, all of it within the stream.
    pub(crate) fn read<T: Decode>(&self, what: &'static str, position: u64) -> Result<T, ReadError> {
        let bytes = usize::try_from(position).ok().and_then(|position| self.bytes().get(position..));
        self.dump.bytes().read_from(what, bytes.unwrap_or_default(), self.offset().saturating_add(position))
    }
}
