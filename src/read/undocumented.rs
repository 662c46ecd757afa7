//! Streams of Microsoft whose content is not documented: views that give them a name and their bytes.

use crate::error::ReadError;
use crate::format::StreamType;

use crate::read::raw_stream::{FromStream, RawStream};

/// Declares views of streams that are handed out as they are.
macro_rules! opaque_streams {
    ($($(#[$doc:meta])* $view:ident($constant:ident);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $view<'a> {
            bytes: &'a [u8],
        }

        $crate::format::debug::debug_without_bytes!($view { ; bytes });

        impl<'a> $view<'a> {
            /// The stream as the file has it.
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
    /// The stacks of scripts, as one message of Microsoft's script engines; its form is not documented.
    JavaScriptData(JAVA_SCRIPT_DATA);
    /// A trace of Intel's processor tracing, as Windows hands it out; its form is not documented.
    ///
    /// Whether it holds positions in the file is not known.
    IptTrace(IPT_TRACE);
}
