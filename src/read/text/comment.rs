//! Comments that the user or the debugger added to the dump.

use alloc::borrow::Cow;
use core::fmt;

use crate::error::ReadError;
use crate::format::StreamType;
use crate::format::debug::Size;
use crate::format::serde_forms::serialize_as_text;
use crate::format::stream::WholeStream;

use crate::read::bytes::ByteOrder;
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::ansi::Ansi;
use crate::read::text::utf8::Utf8;
use crate::read::text::utf16::Utf16;

/// A comment in 8-bit characters of a code page that the dump does not record. The text is the whole stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommentA<'a> {
    bytes: &'a [u8],
}

impl<'a> CommentA<'a> {
    /// Views text that is not in a dump.
    #[must_use]
    pub const fn parse(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes of the stream, including trailing NULs.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes without trailing NULs, which some producers include.
    #[must_use]
    pub fn trim_end_nul(&self) -> &'a [u8] {
        Utf8::new(self.bytes).trim_end_nul().as_bytes()
    }

    /// The text without trailing NULs, in the code page of the system that wrote it. It is decoded as Windows-1252.
    #[must_use]
    pub fn ansi(&self) -> Ansi<'a> {
        Ansi::new(self.trim_end_nul())
    }

    /// The text without trailing NULs, decoded as UTF-8. Invalid sequences are replaced with U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'a, str> {
        Utf8::new(self.trim_end_nul()).to_string_lossy()
    }
}

serialize_as_text!(['a] CommentA<'a>);

/// Prints the text without trailing NULs, decoded as UTF-8. Invalid sequences are replaced with U+FFFD.
impl fmt::Display for CommentA<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Utf8::new(self.trim_end_nul()), f)
    }
}

/// Prints only the size.
impl fmt::Debug for CommentA<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CommentA").field(&Size(self.bytes.len())).finish()
    }
}

impl<'a> WholeStream<'a> for CommentA<'a> {
    fn stream_type(&self) -> StreamType {
        StreamType::COMMENT_A
    }

    fn stream_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> FromStream<'a> for CommentA<'a> {
    const STREAM_TYPE: StreamType = StreamType::COMMENT_A;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        stream.present().map(|bytes| Self { bytes })
    }
}

/// A comment in UTF-16. The text is the whole stream, not a `MINIDUMP_STRING`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommentW<'a> {
    text: Utf16<'a>,
}

impl<'a> CommentW<'a> {
    /// Views little-endian UTF-16 text that is not in a dump.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Self {
        Self { text: Utf16::new(bytes, ByteOrder::Little) }
    }

    /// The text of the stream, including trailing NULs; see [`Utf16::trim_end_nul`].
    #[must_use]
    pub const fn text(&self) -> Utf16<'a> {
        self.text
    }
}

serialize_as_text!(['a] CommentW<'a>);

/// Prints the text without trailing NULs. Unpaired surrogates are replaced with U+FFFD.
impl fmt::Display for CommentW<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text.trim_end_nul(), f)
    }
}

impl<'a> WholeStream<'a> for CommentW<'a> {
    fn stream_type(&self) -> StreamType {
        StreamType::COMMENT_W
    }

    fn stream_bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn is_big_endian(&self) -> bool {
        self.text.is_big_endian()
    }
}

impl<'a> FromStream<'a> for CommentW<'a> {
    const STREAM_TYPE: StreamType = StreamType::COMMENT_W;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let order = stream.dump().byte_order();
        stream.present().map(|bytes| Self { text: Utf16::new(bytes, order) })
    }
}
