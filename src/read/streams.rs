//! Every stream by its type: the enum, its decoding, and the way through all streams of a dump.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::{StreamType, stream_table};

use super::breakpad::{AssertionInfo, BreakpadInfo};
use super::comment::{CommentA, CommentW};
use super::counters::{ProcessVmCounters, SystemMemoryInfo};
use super::crashpad::CrashpadInfo;
use super::exception::Exception;
use super::function_table::FunctionTableList;
use super::handle::{HandleData, HandleOperationList};
use super::linux::{
    LinuxAuxv, LinuxCmdLine, LinuxCpuInfo, LinuxDsoDebug, LinuxEnviron, LinuxLsbRelease, LinuxMaps, LinuxProcFd,
    LinuxProcStat, LinuxProcStatus, LinuxProcUptime, MozLinuxLimits,
};
use super::memory::{Memory64List, MemoryList};
use super::memory_info::MemoryInfoList;
use super::minidump::{Minidump, RawStreams};
use super::misc::MiscInfo;
use super::module::{HostModuleList, ModuleList, UnloadedModuleList};
use super::mozilla::{MozMacBootArgs, MozMacCrashInfo, MozSoftErrors};
use super::opaque::{IptTrace, JavaScriptData};
use super::stream::{FromStream, RawStream};
use super::system::SystemInfo;
use super::thread::{ThreadInfoList, ThreadList, ThreadNames};
use super::thread_ex::ThreadExList;
use super::token::TokenInfoList;

/// Declares [`Stream`] with a variant for each row of the table that has a view.
macro_rules! streams {
    ($(
        $(#[$attribute:meta])*
        $constant:ident = $number:literal => $name:literal, $base:ident $(.$fact:ident($($argument:expr)?))*
        $(, $variant:ident($view:ty) { $($action:tt)* })?;
    )*) => {
        /// A stream, decoded by its type.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug)]
        pub enum Stream<'a> {
            /// A directory entry that is not in use.
            Unused,
            $($(
                #[doc = concat!("[`", $name, "`](StreamType::", stringify!($constant), ").")]
                $variant($view),
            )?)*
            /// Any other type.
            Raw(RawStream<'a>),
        }

        impl<'a> Stream<'a> {
            /// The types of streams that have a variant of their own, in the order of the variants.
            pub const TYPED: &'static [StreamType] = &[$($({
                // The view is that of the row.
                assert!(<$view as FromStream<'a>>::STREAM_TYPE.0 == $number);
                StreamType::$constant
            },)?)*];

            /// Decodes a stream by its type.
            ///
            /// # Errors
            ///
            /// Those of the view.
            pub fn decode(stream: &RawStream<'a>) -> Result<Self, ReadError> {
                match stream.stream_type() {
                    StreamType::UNUSED => Ok(Self::Unused),
                    $($(StreamType::$constant => stream.view().map(Self::$variant),)?)*
                    _ => stream.present().map(|_| Self::Raw(*stream)),
                }
            }
        }
    };
}

stream_table!(streams);

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
