//! Undocumented streams of Microsoft. The views give them a name and return their bytes.

use crate::error::ReadError;
use crate::format::StreamType;

use crate::read::raw_stream::{FromStream, RawStream};

/// Declares views of streams that are returned as bytes.
macro_rules! opaque_streams {
    ($($(#[$doc:meta])* $view:ident($constant:ident);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $view<'a> {
            bytes: &'a [u8],
        }

        $crate::format::debug::debug_without_bytes!($view { ; bytes });

        impl<'a> $view<'a> {
            /// The stream's bytes, as stored in the file.
            pub const fn as_bytes(&self) -> &'a [u8] {
                self.bytes
            }
        }

        impl<'a> FromStream<'a> for $view<'a> {
            const STREAM_TYPE: StreamType = StreamType::$constant;

            fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
                stream.present().map(|bytes| Self { bytes })
            }
        }
    )*};
}

opaque_streams! {
    /// The stacks of scripts, as a message of Microsoft's script engines in an undocumented format.
    JavaScriptData(JAVA_SCRIPT_DATA);
    /// A trace of Intel Processor Trace, as Windows provides it, in an undocumented format.
    ///
    /// It is unknown whether it contains file offsets.
    IptTrace(IPT_TRACE);
}
