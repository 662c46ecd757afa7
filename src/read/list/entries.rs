//! Lists of entries of the same type. The header of the stream is checked once; entries are decoded on access.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;

use crate::error::ReadError;
use crate::format::debug::Hex;
use crate::format::{LocationDescriptor, Stored};
use crate::read::source::Source;

use crate::read::bytes::Decode;
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::form::{self, COUNT};
use crate::read::raw_stream::RawStream;

/// An entry of a [`List`].
pub trait Record<'a>: Sized {
    /// The name of the list in the format, for errors.
    const LIST: &'static str;
    /// The minimum size of an entry in bytes.
    const SIZE: u64;
    /// The name of the header field with the size of an entry in the format, for errors.
    const SIZE_FIELD: &'static str = "SizeOfEntry";
    /// The size of an entry in bytes if a compiler has aligned its fields, for lists whose header does not contain the
    /// size of an entry; `None` if alignment does not change it.
    const ALIGNED_SIZE: Option<u64> = None;

    /// Decodes the entry at `offset` in the file. It has `size` bytes, which are all in the file. In a minidump, this
    /// is at least [`Record::SIZE`]; some tables of full user dumps have a smaller form of the same entry.
    ///
    /// # Errors
    ///
    /// Errors do not occur in practice, because the list has checked the bounds.
    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError>;

    /// True if there is evidence that the bytes are such an entry: what it refers to is in the file and has the right
    /// form.
    ///
    /// A list uses this to find its entries if the size of the stream does not match their number. Entries that provide
    /// no evidence are not plausible.
    fn is_plausible(&self, _dump: &DumpBytes<'a>) -> bool {
        false
    }
}

/// A view of a list: a stream of a minidump, or a table of a full user dump.
///
/// Entries may be larger than this crate knows, because the size that the stream declares is used to find the next
/// entry.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # for thread_id in [0x1a4c, 0x1a50] {
/// #     dump.thread(userdump::format::Thread { thread_id, ..Default::default() }, None);
/// # }
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::ThreadList;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// let threads: ThreadList = dump.stream()?.expect("the dump has a thread list");
/// assert_eq!((threads.len(), threads.declared_len()), (2, 2)); // nothing is missing
/// assert_eq!(threads.get(1).map(|thread| thread.id()), Some(0x1a50));
/// assert!(threads.get(2).is_none() && threads.fault().is_none());
/// # Ok(())
/// # }
/// ```
pub struct List<'a, R> {
    dump: DumpBytes<'a>,
    /// The name of the list in the format, for errors.
    what: &'static str,
    /// The file offset of the first entry.
    offset: u64,
    entry_size: u64,
    len: u64,
    declared: u64,
    record: PhantomData<fn() -> (R, &'a ())>,
}

impl<R> Clone for List<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for List<'_, R> {}

/// A list without entries.
impl<'a, R: Record<'a>> Default for List<'a, R> {
    fn default() -> Self {
        Self::at(&DumpBytes::default(), R::LIST, 0, R::SIZE, 0, 0)
    }
}

/// Prints the name of the list, the position of its first entry and the number of entries, but not the entries.
impl<'a, R: Record<'a>> fmt::Debug for List<'a, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_struct("List");
        list.field("what", &R::LIST).field("offset", &Hex(self.entry_offset(0))).field("len", &self.len()).finish()
    }
}

impl<'a, R: Record<'a>> List<'a, R> {
    /// A list after a 32-bit count, which may be followed by four bytes of padding.
    pub(crate) fn counted(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let count: u32 = stream.read(R::LIST, 0)?;
        let (start, entry_size) = form::counted::<R>(stream, count);
        Self::new(stream, start, entry_size, count.into())
    }

    /// A list after a header `H` with the size of the header, the size of an entry, and the number of entries.
    pub(crate) fn headed<H: Decode + Stored>(
        stream: &RawStream<'a>,
        tell: impl FnOnce(&H) -> (u32, u32, u32),
    ) -> Result<Self, ReadError> {
        let (size_of_header, size_of_entry, count) = tell(&stream.read(R::LIST, 0)?);
        Self::sized(stream, H::SIZE as u64, size_of_header, size_of_entry, count.into())
    }

    /// A list after a header with its own size and that of an entry; `header` is the minimum size of the header.
    pub(crate) fn sized(
        stream: &RawStream<'a>,
        header: u64,
        size_of_header: u32,
        size_of_entry: u32,
        count: u64,
    ) -> Result<Self, ReadError> {
        let size_error = |field, found: u32, needed| ReadError::Size {
            what: R::LIST,
            offset: stream.offset(),
            field,
            found: found.into(),
            needed,
        };
        if u64::from(size_of_header) < header {
            return Err(size_error("SizeOfHeader", size_of_header, header));
        }
        if u64::from(size_of_entry) < R::SIZE && count > 0 {
            return Err(size_error(R::SIZE_FIELD, size_of_entry, R::SIZE));
        }
        Self::new(stream, size_of_header.into(), u64::from(size_of_entry).max(R::SIZE), count)
    }

    /// The `declared` entries of `entry_size` bytes from `start` in the stream: those that are in the stream and the
    /// file, and those after the end of the stream that are proven to be entries.
    pub(crate) fn new(stream: &RawStream<'a>, start: u64, entry_size: u64, declared: u64) -> Result<Self, ReadError> {
        let size = stream.declared_size().saturating_sub(start);
        let within = |size| Self::at(stream.dump(), R::LIST, stream.offset() + start, entry_size, declared, size);
        let list = within(size);
        if list.len < declared && stream.fault().is_none() {
            let whole = within(declared.saturating_mul(entry_size));
            if form::is_proven(stream, &list, &whole) {
                return Ok(whole);
            }
        }
        Ok(list)
    }

    /// A list after a 32-bit count, in the bytes that a location descriptor refers to; empty if its size is 0.
    pub(crate) fn located(dump: &DumpBytes<'a>, location: LocationDescriptor) -> Result<Self, ReadError> {
        let start = u64::from(location.rva);
        if location.data_size == 0 {
            return Ok(Self::at(dump, R::LIST, start, R::SIZE, 0, 0));
        }
        let available = dump.bytes().available(start, location.data_size.into());
        let bytes = dump.bytes().clipped(start, available.min(COUNT));
        let count: u32 = dump.bytes().read_from(R::LIST, bytes, start)?;
        Ok(Self::at(dump, R::LIST, start + COUNT, R::SIZE, count.into(), available - COUNT))
    }

    /// The `declared` entries of `entry_size` bytes from `offset` in the file: those within `size` bytes and the file.
    pub(crate) fn at(
        dump: &DumpBytes<'a>,
        what: &'static str,
        offset: u64,
        entry_size: u64,
        declared: u64,
        size: u64,
    ) -> Self {
        let present = dump.bytes().available(offset, size);
        let len = declared.min(present / entry_size.max(1));
        Self { dump: *dump, what, offset, entry_size, len, declared, record: PhantomData }
    }

    /// The same entries of other bytes of the same size.
    pub(crate) const fn rebound<'b, S>(&self, source: Source<'b>) -> List<'b, S> {
        let Self { what, offset, entry_size, len, declared, .. } = *self;
        List { dump: self.dump.rebound(source), what, offset, entry_size, len, declared, record: PhantomData }
    }

    pub(crate) const fn dump(&self) -> &DumpBytes<'a> {
        &self.dump
    }

    /// The number of entries that are present.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// True if there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of entries that the stream declares.
    #[must_use]
    pub const fn declared_len(&self) -> u64 {
        self.declared
    }

    /// The size of an entry in bytes, as stored in the stream.
    #[must_use]
    pub const fn entry_size(&self) -> u64 {
        self.entry_size
    }

    /// The error if the stream declares more entries than are present.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        (self.len < self.declared).then(|| ReadError::Truncated {
            what: self.what,
            offset: self.offset,
            needed: self.declared.saturating_mul(self.entry_size),
            available: self.len * self.entry_size,
        })
    }

    /// The file offset of the end of the entries, if all declared entries are present and there is at least one.
    pub(crate) fn proven_end(&self) -> Option<u64> {
        (self.len == self.declared && self.len > 0).then(|| self.entry_offset(self.len))
    }

    /// The entry at `index`, `None` beyond the end.
    #[inline]
    #[must_use]
    pub fn get(&self, index: u64) -> Option<R> {
        if index >= self.len {
            return None;
        }
        R::decode(&self.dump, self.offset + index * self.entry_size, self.entry_size).ok()
    }

    /// The file offset of the entry at `index`.
    #[must_use]
    pub const fn entry_offset(&self, index: u64) -> u64 {
        self.offset.saturating_add(index.saturating_mul(self.entry_size))
    }

    /// The entries in file order.
    #[must_use]
    pub const fn iter(&self) -> Iter<'a, R> {
        Iter { list: *self, next: 0, end: self.len }
    }
}

impl<'a, R: Record<'a>> IntoIterator for List<'a, R> {
    type Item = R;
    type IntoIter = Iter<'a, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, R: Record<'a>> IntoIterator for &List<'a, R> {
    type Item = R;
    type IntoIter = Iter<'a, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the entries of a [`List`].
pub struct Iter<'a, R> {
    list: List<'a, R>,
    next: u64,
    /// The index after the last remaining entry.
    end: u64,
}

// Not derived, because that would require `R: Clone`.
impl<R> Clone for Iter<'_, R> {
    fn clone(&self) -> Self {
        Self { list: self.list, next: self.next, end: self.end }
    }
}

impl<R> fmt::Debug for Iter<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iter({}..{} of {})", self.next, self.end, self.list.len)
    }
}

impl<'a, R: Record<'a>> Iterator for Iter<'a, R> {
    type Item = R;

    #[inline]
    fn next(&mut self) -> Option<R> {
        if self.next >= self.end {
            return None;
        }
        let entry = self.list.get(self.next)?;
        self.next += 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.end - self.next).ok();
        (left.unwrap_or(usize::MAX), left)
    }

    fn nth(&mut self, n: usize) -> Option<R> {
        self.next = self.next.saturating_add(n as u64).min(self.end);
        self.next()
    }
}

impl<'a, R: Record<'a>> DoubleEndedIterator for Iter<'a, R> {
    #[inline]
    fn next_back(&mut self) -> Option<R> {
        let last = self.end.checked_sub(1).filter(|last| *last >= self.next)?;
        let entry = self.list.get(last)?;
        self.end = last;
        Some(entry)
    }

    fn nth_back(&mut self, n: usize) -> Option<R> {
        self.end = self.end.saturating_sub(n as u64).max(self.next);
        self.next_back()
    }
}

impl<'a, R: Record<'a>> ExactSizeIterator for Iter<'a, R> {}
impl<'a, R: Record<'a>> FusedIterator for Iter<'a, R> {}
