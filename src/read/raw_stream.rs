//! An undecoded stream, and the trait for views of streams.

use crate::error::ReadError;
use crate::format::{DirectoryEntry, FieldOffset, PlatformId, StreamType};

use crate::read::bytes::{self, Decode};
use crate::read::dump_bytes::DumpBytes;
use crate::read::target::Target;

/// A view of one type of stream. Implement it to view streams of your own.
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
///         Ok(Self(stream.prefix("BuildNumber", 1)?[0]))
///     }
/// }
/// ```
pub trait FromStream<'a>: Sized {
    /// The type of the stream in the directory.
    const STREAM_TYPE: StreamType;

    /// Checks the stream and creates the view.
    ///
    /// # Errors
    ///
    /// The error that prevents the stream from being viewed.
    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError>;
}

/// An undecoded stream: its directory entry and its bytes.
///
/// # Examples
///
/// ```
/// use userdump::format::StreamType;
/// use userdump::read::SystemInfo;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Minidump::parse(&file)?;
/// let stream = dump.raw_stream(StreamType::SYSTEM_INFO).expect("it is there");
/// assert_eq!(stream.bytes().len(), 56);
/// assert_eq!(stream.view::<SystemInfo>()?.raw().build_number, 7601);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawStream<'a> {
    dump: DumpBytes<'a>,
    index: u32,
    entry: DirectoryEntry,
    /// True if data beyond the declared size must not be attributed to the stream.
    is_bounded: bool,
}

impl<'a> RawStream<'a> {
    pub(crate) const fn new(dump: DumpBytes<'a>, index: u32, entry: DirectoryEntry) -> Self {
        Self { dump, index, entry, is_bounded: false }
    }

    pub(crate) const fn is_bounded(&self) -> bool {
        self.is_bounded
    }

    /// The file that contains the stream, for following references.
    #[must_use]
    pub const fn dump(&self) -> &DumpBytes<'a> {
        &self.dump
    }

    /// The index of the stream's entry in the directory.
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

    /// The file offset of the stream.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.entry.location.rva as u64
    }

    /// The stream's size in bytes, as stored in the directory.
    #[must_use]
    pub const fn declared_size(&self) -> u64 {
        self.entry.location.data_size as u64
    }

    /// The stream's bytes, as far as they are in the file.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.dump.bytes().clipped(self.offset(), self.declared_size())
    }

    /// The number of the stream's bytes that are in the file.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.dump.bytes().available(self.offset(), self.declared_size())
    }

    /// The same stream, limited to `size` bytes.
    #[cfg(feature = "std")]
    pub(crate) fn shortened(mut self, size: u64) -> Self {
        let location = &mut self.entry.location;
        location.data_size = location.data_size.min(u32::try_from(size).unwrap_or(u32::MAX));
        self.is_bounded = true;
        self
    }

    /// The same stream, extended to `size` bytes that provably belong to it.
    #[cfg(feature = "std")]
    pub(crate) fn grown(mut self, size: u64) -> Self {
        let location = &mut self.entry.location;
        location.data_size = location.data_size.max(u32::try_from(size).unwrap_or(u32::MAX));
        self
    }

    /// The same stream, interpreted for another platform than that of the dump.
    pub(crate) fn of_platform(self, platform: PlatformId) -> Self {
        let target = Target { platform: Some(platform), ..self.dump.target() };
        Self { dump: DumpBytes::new(*self.dump.bytes(), target), ..self }
    }

    /// The stream's bytes; an error only if it should have some but has none.
    pub(crate) fn present(&self) -> Result<&'a [u8], ReadError> {
        match self.dump.bytes().slice("stream", self.offset(), self.available()) {
            Ok(bytes) => self.fault().filter(|_| bytes.is_empty()).map_or(Ok(bytes), Err),
            Err(error) => Err(error),
        }
    }

    /// The error if the stream extends beyond the end of the file.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        self.dump.bytes().present("stream", self.offset(), self.declared_size()).err()
    }

    /// The first `size` bytes of the stream.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] with the name `what`, if the stream is shorter.
    pub fn prefix(&self, what: &'static str, size: u64) -> Result<&'a [u8], ReadError> {
        let available = self.available();
        if available < size {
            return Err(ReadError::Truncated { what, offset: self.offset(), needed: size, available });
        }
        self.dump.bytes().slice(what, self.offset(), size)
    }

    /// Views the stream as a `T`, regardless of its type.
    ///
    /// # Errors
    ///
    /// The errors of [`FromStream::from_stream`].
    pub fn view<T: FromStream<'a>>(&self) -> Result<T, ReadError> {
        T::from_stream(self)
    }

    /// Decodes a field of the structure that the stream starts with; it must be within the stream.
    pub(crate) fn field<S, T: Decode>(&self, what: &'static str, field: FieldOffset<S, T>) -> Result<T, ReadError> {
        self.read(what, field.get() as u64)
    }

    /// Decodes the structure at `position` in the stream; it must be within the stream.
    pub(crate) fn read<T: Decode>(&self, what: &'static str, position: u64) -> Result<T, ReadError> {
        let offset = self.offset().saturating_add(position);
        let (bytes, needed) = (self.dump.bytes(), bytes::size::<T>());
        let available = self.available().saturating_sub(position);
        if available < needed {
            return Err(ReadError::Truncated { what, offset, needed, available });
        }
        bytes.read(what, offset)
    }
}
