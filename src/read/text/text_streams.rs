//! Declares the views of streams that consist of text.

/// Declares views of streams that consist of text in 8-bit characters.
macro_rules! text_streams {
    ($($(#[$doc:meta])* $view:ident($constant:ident);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $view<'a> {
            text: $crate::read::text::utf8::Utf8<'a>,
        }

        impl<'a> $view<'a> {
            /// Views text that is not in a dump.
            pub const fn parse(text: &'a [u8]) -> Self {
                Self { text: $crate::read::text::utf8::Utf8::new(text) }
            }

            /// The text of the stream, as stored in the file.
            pub const fn text(&self) -> $crate::read::text::utf8::Utf8<'a> {
                self.text
            }
        }

        impl<'a> $crate::format::stream::WholeStream<'a> for $view<'a> {
            fn stream_type(&self) -> $crate::format::StreamType {
                $crate::format::StreamType::$constant
            }

            fn stream_bytes(&self) -> &'a [u8] {
                self.text.as_bytes()
            }
        }

        impl<'a> $crate::read::raw_stream::FromStream<'a> for $view<'a> {
            const STREAM_TYPE: $crate::format::StreamType = $crate::format::StreamType::$constant;

            fn from_stream(stream: &$crate::read::raw_stream::RawStream<'a>) -> Result<Self, $crate::error::ReadError> {
                stream.present().map(|bytes| Self { text: $crate::read::text::utf8::Utf8::new(bytes) })
            }
        }
    )*};
}
