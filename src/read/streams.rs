//! Streams by type: the enum, its decoding, and the iteration over the streams of a dump.

pub use super::directory::{Directory, DirectoryEntries};
pub use super::minidump::RawStreams;
use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::{StreamType, typed_streams};

use crate::read::breakpad::{AssertionInfo, BreakpadInfo};
use crate::read::crashpad::CrashpadInfo;
use crate::read::exception::stream::Exception;
use crate::read::facebook::{
    FacebookAbortReason, FacebookAppCustomData, FacebookAppStateLog, FacebookAppVersionName, FacebookDalvikInfo,
    FacebookDumpErrorLog, FacebookJavaStack, FacebookLogcat, FacebookThreadName,
};
use crate::read::function_table::FunctionTableList;
use crate::read::handle::{HandleData, HandleOperationList};
use crate::read::linux::{
    LinuxAuxv, LinuxCmdLine, LinuxCpuInfo, LinuxDsoDebug, LinuxEnviron, LinuxLsbRelease, LinuxMaps, LinuxProcFd,
    LinuxProcStat, LinuxProcStatus, LinuxProcUptime, MozLinuxLimits,
};
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::info::MemoryInfoList;
use crate::read::memory::lists::{Memory64List, MemoryList};
use crate::read::minidump::Minidump;
use crate::read::module::list::{HostModuleList, ModuleList, UnloadedModuleList};
use crate::read::mozilla::{MozMacBootArgs, MozMacCrashInfo, MozSoftErrors};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::system::counters::{ProcessVmCounters, SystemMemoryInfo};
use crate::read::system::info::SystemInfo;
use crate::read::system::misc::MiscInfo;
use crate::read::system::token::TokenInfoList;
use crate::read::text::comment::{CommentA, CommentW};
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::{ThreadInfoList, ThreadList, ThreadNames};
use crate::read::undocumented::{IptTrace, JavaScriptData};

/// Declares [`Stream`] with a variant for each row of the table that has a view.
macro_rules! streams {
    ($(
        $constant:ident = $number:literal, $name:literal, $variant:ident($view:ty),
        check $check:ident, rewrite [$($rewrite:ident)?], refers [$($refers:ident)?], paths [$($paths:ident)?],
        used [$($used:ident)?];
    )*) => {
        /// A stream, decoded according to its type.
        ///
        /// # Examples
        ///
        /// ```
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let mut dump = userdump::MinidumpBuilder::new();
        /// # dump.thread(userdump::format::Thread::default(), None);
        /// # let mut file = Vec::new();
        /// # dump.plan()?.write_to(&mut file)?;
        /// use userdump::read::Stream;
        ///
        /// let dump = userdump::Minidump::parse(&file)?;
        /// for (raw, stream) in dump.streams() {
        ///     match stream {
        ///         Ok(Stream::ThreadList(list)) => println!("{} threads", list.len()),
        ///         Ok(_) => println!("{}: {} bytes", raw.stream_type(), raw.declared_size()),
        ///         Err(error) => println!("{}: {error}", raw.stream_type()),
        ///     }
        /// }
        /// # Ok(())
        /// # }
        /// ```
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug)]
        pub enum Stream<'a> {
            /// A directory entry that is not in use.
            Unused,
            $(
                #[doc = concat!("[`", $name, "`](StreamType::", stringify!($constant), ").")]
                $variant($view),
            )*
            /// Any other type.
            Raw(RawStream<'a>),
        }

        impl<'a> Stream<'a> {
            /// The stream types that have their own variant, in the order of the variants.
            pub const TYPED: &'static [StreamType] = &[$({
                // The view must match the row.
                assert!(<$view as FromStream<'a>>::STREAM_TYPE.0 == $number);
                StreamType::$constant
            },)*];

            /// Decodes a stream according to its type.
            ///
            /// # Errors
            ///
            /// The errors of the view.
            pub fn decode(stream: &RawStream<'a>) -> Result<Self, ReadError> {
                match stream.stream_type() {
                    StreamType::UNUSED => Ok(Self::Unused),
                    $(StreamType::$constant => stream.view().map(Self::$variant),)*
                    _ => stream.present().map(|_| Self::Raw(*stream)),
                }
            }
        }
    };
}

typed_streams!(streams);

impl<'a> Minidump<'a> {
    /// All streams in directory order, each decoded or with the error that prevented it.
    #[must_use]
    pub const fn streams(&self) -> Streams<'a> {
        Streams { streams: self.raw_streams() }
    }
}

impl Stream<'_> {
    /// The size that a list's stream must have to hold the entries, regardless of the directory; `None` for other
    /// streams and for truncated lists.
    pub(crate) fn proven_size(&self, stream: &RawStream<'_>) -> Option<u64> {
        let end = match self {
            Self::ThreadList(list) => list.proven_end(),
            Self::ThreadExList(list) => list.proven_end(),
            Self::ThreadNames(list) => list.proven_end(),
            Self::ThreadInfoList(list) => list.proven_end(),
            Self::ModuleList(list) => list.proven_end(),
            Self::HostModuleList(list) => list.modules().proven_end(),
            Self::UnloadedModuleList(list) => list.proven_end(),
            Self::MemoryList(list) => list.proven_end(),
            Self::Memory64List(list) => list.descriptors().proven_end(),
            Self::MemoryInfoList(list) => list.proven_end(),
            Self::HandleData(list) => list.proven_end(),
            _ => None,
        };
        end.map(|end| end.saturating_sub(stream.offset()))
    }

    /// The error if the declared size of a list's stream is too small for its entries.
    #[cfg(feature = "std")]
    pub(crate) fn size_fault(&self, stream: &RawStream<'_>) -> Option<ReadError> {
        let (found, needed) = (stream.declared_size(), self.proven_size(stream)?);
        (found < needed).then(|| ReadError::SizeDiffers {
            what: stream.stream_type().name().unwrap_or("stream"),
            offset: stream.offset(),
            field: "DataSize",
            found,
            proven: needed,
        })
    }

    /// The size of the stream in the file. For lists, this is the size of the header and the entries.
    pub(crate) fn size_in_file(&self, stream: &RawStream<'_>) -> u64 {
        let size = stream.available();
        match (self, self.proven_size(stream)) {
            // Wine counts the names as part of the stream.
            (Self::HostModuleList(_), Some(proven)) => proven.max(size),
            (_, Some(proven)) => proven,
            (_, None) => size,
        }
    }
}

/// Iterator over the streams of a [`Minidump`], see [`Minidump::streams`].
#[derive(Clone, Debug)]
pub struct Streams<'a> {
    streams: RawStreams<'a>,
}

impl<'a> Iterator for Streams<'a> {
    type Item = (RawStream<'a>, Result<Stream<'a>, ReadError>);

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.streams.next()?;
        Some((stream, Stream::decode(&stream)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.streams.size_hint()
    }
}

impl DoubleEndedIterator for Streams<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let stream = self.streams.next_back()?;
        Some((stream, Stream::decode(&stream)))
    }
}

impl ExactSizeIterator for Streams<'_> {}

impl FusedIterator for Streams<'_> {}
