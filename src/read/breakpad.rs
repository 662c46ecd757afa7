//! Streams that Breakpad writes on every system.

use crate::error::ReadError;
use crate::format;
use crate::format::breakpad::{AssertionType, BreakpadInfoFlags};
use crate::format::{FieldOffset, StreamType};

use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf16::Utf16;

/// The IDs of the thread that wrote the dump and of the thread that requested it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BreakpadInfo {
    raw: format::breakpad::BreakpadInfo,
}

impl BreakpadInfo {
    /// The stream as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::breakpad::BreakpadInfo {
        &self.raw
    }

    /// Which of the thread IDs are valid.
    #[must_use]
    pub const fn validity(&self) -> BreakpadInfoFlags {
        BreakpadInfoFlags::from_bits_retain(self.raw.validity)
    }

    /// The ID of the thread that wrote the dump, which is rarely of interest; `None` if it is not valid.
    #[must_use]
    pub fn dump_thread_id(&self) -> Option<u32> {
        self.validity().contains(BreakpadInfoFlags::DUMP_THREAD_ID).then_some(self.raw.dump_thread_id)
    }

    /// The ID of the thread that requested the dump, usually the one that crashed; `None` if it is not valid.
    #[must_use]
    pub fn requesting_thread_id(&self) -> Option<u32> {
        self.validity().contains(BreakpadInfoFlags::REQUESTING_THREAD_ID).then_some(self.raw.requesting_thread_id)
    }
}

impl FromStream<'_> for BreakpadInfo {
    const STREAM_TYPE: StreamType = StreamType::BREAKPAD_INFO;

    fn from_stream(stream: &RawStream<'_>) -> Result<Self, ReadError> {
        Ok(Self { raw: stream.read("MDRawBreakpadInfo", 0)? })
    }
}

/// An assertion that failed. Each text is truncated to 127 code units.
#[derive(Clone, Copy, Debug)]
pub struct AssertionInfo<'a> {
    stream: RawStream<'a>,
}

impl<'a> AssertionInfo<'a> {
    const WHAT: &'static str = "MDRawAssertionInfo";

    /// The stream as stored in the file.
    #[must_use]
    pub fn raw(&self) -> format::breakpad::AssertionInfo {
        // The size was checked when the view was made.
        self.stream.read(Self::WHAT, 0).unwrap_or_default()
    }

    /// The condition that was false; empty if the producer did not know it.
    #[must_use]
    pub fn expression(&self) -> Utf16<'a> {
        self.text(format::breakpad::AssertionInfo::OFFSETS.expression)
    }

    /// The function that contains the assertion; empty if the producer did not know it.
    #[must_use]
    pub fn function(&self) -> Utf16<'a> {
        self.text(format::breakpad::AssertionInfo::OFFSETS.function)
    }

    /// The source file of the function; empty if the producer did not know it.
    #[must_use]
    pub fn file(&self) -> Utf16<'a> {
        self.text(format::breakpad::AssertionInfo::OFFSETS.file)
    }

    /// The line in the source file, from 1; 0 if the producer did not know it.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.raw().line
    }

    /// What detected the failure.
    #[must_use]
    pub fn assertion_type(&self) -> AssertionType {
        self.raw().assertion_type
    }

    fn text<const N: usize>(&self, field: FieldOffset<format::breakpad::AssertionInfo, [u16; N]>) -> Utf16<'a> {
        Utf16::of_field(self.stream.bytes(), field, self.stream.dump().byte_order())
    }
}

impl<'a> FromStream<'a> for AssertionInfo<'a> {
    const STREAM_TYPE: StreamType = StreamType::ASSERTION_INFO;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        stream.prefix(Self::WHAT, format::breakpad::AssertionInfo::SIZE as u64)?;
        Ok(Self { stream: *stream })
    }
}
