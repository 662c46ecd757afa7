//! Every stream by its type: the enum, its decoding, and the way through all streams of a dump.

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
        /// A stream, decoded by its type.
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
            /// The types of streams that have a variant of their own, in the order of the variants.
            pub const TYPED: &'static [StreamType] = &[$({
                // The view is that of the row.
                assert!(<$view as FromStream<'a>>::STREAM_TYPE.0 == $number);
                StreamType::$constant
            },)*];

            /// Decodes a stream by its type.
            ///
            /// # Errors
            ///
            /// Those of the view.
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
    /// All streams in directory order, each decoded or with the error that prevents it.
    pub const fn streams(&self) -> Streams<'a> {
        Streams { streams: self.raw_streams() }
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
}

impl FusedIterator for Streams<'_> {}
