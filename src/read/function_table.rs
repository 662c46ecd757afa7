//! Tables for unwinding dynamically generated code.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::StreamType;
use crate::format::debug::debug_without_bytes;
use crate::format::function_table::{FunctionTableDescriptor, FunctionTableStream};

use crate::read::raw_stream::{FromStream, RawStream};

const WHAT: &str = "MINIDUMP_FUNCTION_TABLE_STREAM";

/// The function table stream.
///
/// The tables have a variable size and follow one another, so they cannot be accessed by index.
#[derive(Clone, Copy, Debug)]
pub struct FunctionTableList<'a> {
    raw: FunctionTableStream,
    stream: RawStream<'a>,
}

/// A function table: its header, and its entries as bytes.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FunctionTable<'a> {
    /// The table's header as stored in the file.
    pub descriptor: FunctionTableDescriptor,
    /// The native descriptor of the table, in the layout of the dumped machine.
    pub native: &'a [u8],
    /// The entries without gaps, in the layout of the dumped machine.
    pub entries: &'a [u8],
    /// The size of an entry in bytes, as stored in the stream.
    pub entry_size: u32,
}

debug_without_bytes!(FunctionTable { descriptor, entry_size; native, entries });

impl<'a> FunctionTableList<'a> {
    /// The stream's header as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &FunctionTableStream {
        &self.raw
    }

    /// The number of tables that the stream declares.
    #[must_use]
    pub const fn declared_len(&self) -> u32 {
        self.raw.number_of_descriptors
    }

    /// The error if not all declared tables are present. This walks the stream.
    pub fn fault(&self) -> Option<ReadError> {
        let mut tables = self.iter();
        tables.by_ref().for_each(drop);
        tables.fault
    }

    /// The size that the tables require of the stream, including padding; `None` if not all tables are present.
    pub(crate) fn proven_size(&self) -> Option<u64> {
        let mut tables = self.iter();
        tables.by_ref().for_each(drop);
        let end = tables.offset.saturating_add(tables.cut_padding);
        tables.fault.is_none().then(|| end.saturating_sub(self.stream.offset()))
    }

    /// The tables in file order, up to the first that does not fit in the stream.
    #[must_use]
    pub fn iter(&self) -> FunctionTables<'a> {
        let head = u64::from(self.raw.size_of_header) + u64::from(self.raw.size_of_align_pad);
        let bytes = usize::try_from(head).ok().and_then(|head| self.stream.bytes().get(head..));
        FunctionTables {
            list: *self,
            offset: self.stream.offset() + head,
            bytes: bytes.unwrap_or_default(),
            left: self.raw.number_of_descriptors,
            cut_padding: 0,
            fault: None,
        }
    }
}

impl<'a> IntoIterator for FunctionTableList<'a> {
    type Item = FunctionTable<'a>;
    type IntoIter = FunctionTables<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &FunctionTableList<'a> {
    type Item = FunctionTable<'a>;
    type IntoIter = FunctionTables<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> FromStream<'a> for FunctionTableList<'a> {
    const STREAM_TYPE: StreamType = StreamType::FUNCTION_TABLE;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let raw: FunctionTableStream = stream.read(WHAT, 0)?;
        let check = |field, found: u32, least: usize| {
            let needed = least as u64;
            let error = ReadError::Size { what: WHAT, offset: stream.offset(), field, found: found.into(), needed };
            if u64::from(found) < needed { Err(error) } else { Ok(()) }
        };
        check("SizeOfHeader", raw.size_of_header, FunctionTableStream::SIZE)?;
        if raw.number_of_descriptors > 0 {
            check("SizeOfDescriptor", raw.size_of_descriptor, FunctionTableDescriptor::SIZE)?;
        }
        Ok(Self { raw, stream: *stream })
    }
}

/// Iterator over the tables of a [`FunctionTableList`].
#[derive(Clone)]
pub struct FunctionTables<'a> {
    list: FunctionTableList<'a>,
    /// The file offset of `bytes`.
    offset: u64,
    /// The rest of the stream from the next table on.
    bytes: &'a [u8],
    left: u32,
    /// The number of bytes by which the padding of the last table exceeds the stream.
    cut_padding: u64,
    fault: Option<ReadError>,
}

debug_without_bytes!(FunctionTables { list, offset, left, cut_padding, fault; bytes });

impl<'a> FunctionTables<'a> {
    /// Takes the next `size` bytes.
    fn take(&mut self, what: &'static str, size: u64) -> Result<&'a [u8], ReadError> {
        let missing =
            ReadError::Truncated { what, offset: self.offset, needed: size, available: self.bytes.len() as u64 };
        let (taken, rest) =
            usize::try_from(size).ok().and_then(|size| self.bytes.split_at_checked(size)).ok_or(missing)?;
        self.bytes = rest;
        self.offset += size;
        Ok(taken)
    }

    fn table(&mut self) -> Result<FunctionTable<'a>, ReadError> {
        const TABLE: &str = "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR";
        let head = self.list.raw;
        let offset = self.offset;
        let bytes = self.take(TABLE, head.size_of_descriptor.into())?;
        let descriptor: FunctionTableDescriptor = self.list.stream.dump().bytes().read_from(TABLE, bytes, offset)?;
        let native = self.take("native function table descriptor", head.size_of_native_descriptor.into())?;
        let size = u64::from(descriptor.entry_count) * u64::from(head.size_of_function_entry);
        let entries = self.take("function table entries", size)?;
        // Padding after the last table may be cut off without loss.
        let declared = u64::from(descriptor.size_of_align_pad);
        let pad = declared.min(self.bytes.len() as u64);
        self.take(TABLE, pad)?;
        self.cut_padding = declared - pad;
        Ok(FunctionTable { descriptor, native, entries, entry_size: head.size_of_function_entry })
    }
}

impl<'a> Iterator for FunctionTables<'a> {
    type Item = FunctionTable<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match self.table() {
            Ok(table) => Some(table),
            Err(error) => {
                self.fault = Some(error);
                self.left = 0;
                None
            }
        }
    }
}

impl FusedIterator for FunctionTables<'_> {}
