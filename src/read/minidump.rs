//! The minidump as a whole: header, directory, and the way to its streams.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::{self, DirectoryEntry, Header, LocationDescriptor, MinidumpType, StreamType};

use super::breakpad::BreakpadInfo;
use super::bytes::{ByteOrder, Bytes};
use super::directory::{Directory, DirectoryEntries};
use super::exception::Exception;
use super::index::Memory;
use super::regions::MemoryRegions;
use super::stream::{FromStream, Stream, StreamContext};
use super::string::Utf16;
use super::target::Target;
use super::thread::{Thread, ThreadList};
use super::thread_ex::ThreadExList;

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
    bytes: Bytes<'a>,
    header: Header,
    directory: Directory<'a>,
    target: Target,
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
                return Err(ReadError::Signature { found: super::dump::signature(data) });
            }
        };
        let bytes = Bytes::new(data, order);
        let header: Header = bytes.read("MINIDUMP_HEADER", 0)?;
        if header.version & 0xffff != format::VERSION {
            return Err(ReadError::Version { found: header.version });
        }
        let directory = Directory::new(bytes, &header);
        let mut dump = Self { bytes, header, directory, target: Target::default() };
        dump.target = dump.find_target();
        Ok(dump)
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

    /// The file's bytes.
    pub const fn data(&self) -> &'a [u8] {
        self.bytes.data()
    }

    /// The order of the bytes of every integer in the file.
    pub fn byte_order(&self) -> ByteOrder {
        self.bytes.order()
    }

    /// The header as it stands in the file.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the producer was asked to write; many producers leave it 0 whatever they wrote.
    pub const fn flags(&self) -> MinidumpType {
        MinidumpType::from_bits_retain(self.header.flags)
    }

    /// The stream directory.
    pub const fn directory(&self) -> Directory<'a> {
        self.directory
    }

    /// Processor and operating system, from the first system information stream.
    pub const fn target(&self) -> Target {
        self.target
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
    pub fn raw_stream(&self, stream_type: StreamType) -> Option<StreamContext<'a>> {
        let (index, entry) = (0..).zip(self.directory).find(|(_, entry)| entry.stream_type == stream_type)?;
        Some(StreamContext::new(*self, index, entry))
    }

    /// All streams in directory order, each decoded or with what is wrong with it.
    pub const fn streams(&self) -> Streams<'a> {
        Streams { dump: *self, entries: self.directory.iter(), next: 0 }
    }

    /// Every exception stream: one at most in a Windows dump, one for each stopped thread where LLDB wrote it.
    pub const fn exceptions(&self) -> Exceptions<'a> {
        Exceptions { streams: self.streams() }
    }

    /// The memory of the process by address: an index of both memory lists and of the thread stacks.
    ///
    /// Building it takes time and memory in proportion to the ranges that are there, so keep it: 28 bytes
    /// for each and 7 KiB at most on top, more for the time in which overlaps are settled.
    pub fn memory(&self) -> Memory<'a> {
        Memory::new(self)
    }

    /// The address space of the process: which addresses were in use, and what access they allowed.
    pub fn regions(&self) -> MemoryRegions<'a> {
        MemoryRegions::new(self)
    }

    /// The number of the thread that crashed: that of the first exception; without one, the thread that asked Breakpad
    /// for the dump.
    pub fn crashed_thread_id(&self) -> Option<u32> {
        let exception = self.exceptions().flatten().next().map(|exception| exception.thread_id());
        exception.or_else(|| self.stream::<BreakpadInfo>().ok().flatten()?.requesting_thread_id())
    }

    /// The thread that crashed, if it is in the thread list or the extended one.
    ///
    /// Its registers at the crash are those of the exception, if that has any: the thread's own are of the time when
    /// the dump was written, which for a thread that writes its own dump is later.
    pub fn crashed_thread(&self) -> Option<Thread<'a>> {
        let id = self.crashed_thread_id()?;
        let thread = self.stream::<ThreadList<'a>>().ok().flatten().and_then(|threads| threads.by_id(id));
        thread.or_else(|| {
            let threads = self.stream::<ThreadExList<'a>>().ok().flatten()?;
            threads.into_iter().map(|thread| thread.thread()).find(|thread| thread.id() == id)
        })
    }

    /// The `MINIDUMP_STRING` at `rva`.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it does not lie in the file whole.
    #[inline]
    pub fn string(&self, rva: format::Rva64) -> Result<Utf16<'a>, ReadError> {
        self.bytes.string(rva)
    }

    /// The `MINIDUMP_STRING` at `rva`, where 0 stands for no string.
    pub(crate) fn optional_string(&self, rva: format::Rva) -> Result<Option<Utf16<'a>>, ReadError> {
        if rva == 0 { Ok(None) } else { self.string(rva.into()).map(Some) }
    }

    /// The bytes that a location descriptor points to.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if they do not lie in the file whole; `what` names them in it.
    pub fn location(&self, what: &'static str, location: LocationDescriptor) -> Result<&'a [u8], ReadError> {
        self.bytes.slice(what, location.rva.into(), location.data_size.into())
    }

    /// The bytes of a record that need not be there: none where the location has no size, or where its position is 0,
    /// which is that of the header.
    pub(crate) fn optional_location(
        &self,
        what: &'static str,
        location: LocationDescriptor,
    ) -> Result<Option<&'a [u8]>, ReadError> {
        if location.data_size == 0 || location.rva == 0 { Ok(None) } else { self.location(what, location).map(Some) }
    }

    #[inline]
    pub(crate) const fn bytes(&self) -> &Bytes<'a> {
        &self.bytes
    }
}

/// Iterator over the streams of a [`Minidump`], see [`Minidump::streams`].
#[derive(Clone, Debug)]
pub struct Streams<'a> {
    dump: Minidump<'a>,
    entries: DirectoryEntries<'a>,
    next: u32,
}

impl<'a> Streams<'a> {
    fn next_of(&mut self, wanted: impl Fn(&DirectoryEntry) -> bool) -> Option<StreamContext<'a>> {
        loop {
            let entry = self.entries.next()?;
            let index = self.next;
            self.next += 1;
            if wanted(&entry) {
                return Some(StreamContext::new(self.dump, index, entry));
            }
        }
    }
}

impl<'a> Iterator for Streams<'a> {
    type Item = (StreamContext<'a>, Result<Stream<'a>, ReadError>);

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.next_of(|_| true)?;
        Some((stream, Stream::decode(&stream)))
    }
}

impl FusedIterator for Streams<'_> {}

/// Iterator over the exception streams of a [`Minidump`], see [`Minidump::exceptions`].
#[derive(Clone, Debug)]
pub struct Exceptions<'a> {
    streams: Streams<'a>,
}

impl<'a> Iterator for Exceptions<'a> {
    type Item = Result<Exception<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.streams.next_of(|entry| entry.stream_type == StreamType::EXCEPTION)?;
        Some(stream.view())
    }
}

impl FusedIterator for Exceptions<'_> {}
