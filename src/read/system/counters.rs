//! Memory statistics of the machine and of the process.

use crate::error::ReadError;
use crate::format::StreamType;
use crate::format::system::{ProcessVmCounters1, ProcessVmCounters2, SystemMemoryInfo1, SystemMemoryInfo2};

use crate::read::bytes::Decode;
use crate::read::raw_stream::{FromStream, RawStream};

/// The memory statistics of the machine, in the longer of two forms if the stream is large enough.
#[derive(Clone, Copy, Debug)]
pub struct SystemMemoryInfo<'a> {
    stream: RawStream<'a>,
}

impl SystemMemoryInfo<'_> {
    const WHAT: &'static str = "MINIDUMP_SYSTEM_MEMORY_INFO_1";

    /// The fields that both forms have. The flags among them indicate which fields are valid.
    #[must_use]
    pub fn basic(&self) -> SystemMemoryInfo1 {
        decode(&self.stream, Self::WHAT)
    }

    /// The longer form; `None` if the stream has the shorter one.
    #[must_use]
    pub fn extended(&self) -> Option<SystemMemoryInfo2> {
        self.stream.read("MINIDUMP_SYSTEM_MEMORY_INFO_2", 0).ok()
    }
}

impl<'a> FromStream<'a> for SystemMemoryInfo<'a> {
    const STREAM_TYPE: StreamType = StreamType::SYSTEM_MEMORY_INFO;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        stream.prefix(Self::WHAT, SystemMemoryInfo1::SIZE as u64)?;
        Ok(Self { stream: *stream })
    }
}

/// The memory statistics of the process, in the longer of two forms if the stream is large enough.
#[derive(Clone, Copy, Debug)]
pub struct ProcessVmCounters<'a> {
    stream: RawStream<'a>,
}

impl ProcessVmCounters<'_> {
    const WHAT: &'static str = "MINIDUMP_PROCESS_VM_COUNTERS_1";

    /// The fields that both forms have.
    ///
    /// The longer form does not begin with the shorter one; the private usage is at a later offset and is read from
    /// there.
    #[must_use]
    pub fn basic(&self) -> ProcessVmCounters1 {
        let begin: ProcessVmCounters1 = decode(&self.stream, Self::WHAT);
        match self.extended() {
            Some(longer) => ProcessVmCounters1 { alignment: 0, private_usage: longer.private_usage, ..begin },
            None => begin,
        }
    }

    /// The longer form; `None` if the stream has the shorter one. Its flags indicate which fields are valid.
    ///
    /// The size of the stream determines the form, because dbgeng was observed to write the longer form with a revision
    /// of 0.
    #[must_use]
    pub fn extended(&self) -> Option<ProcessVmCounters2> {
        self.stream.read("MINIDUMP_PROCESS_VM_COUNTERS_2", 0).ok()
    }
}

impl<'a> FromStream<'a> for ProcessVmCounters<'a> {
    const STREAM_TYPE: StreamType = StreamType::PROCESS_VM_COUNTERS;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        stream.prefix(Self::WHAT, ProcessVmCounters1::SIZE as u64)?;
        Ok(Self { stream: *stream })
    }
}

/// Decodes the structure at the start of a stream whose size was checked when the view was created.
fn decode<T: Decode + Default>(stream: &RawStream<'_>, what: &'static str) -> T {
    stream.read(what, 0).unwrap_or_default()
}
