//! The security tokens of the process and its threads.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::debug::debug_without_bytes;
use crate::format::{self, StreamType};

use crate::read::raw_stream::{FromStream, RawStream};

const WHAT: &str = "MINIDUMP_TOKEN_INFO_LIST";

/// The token stream.
///
/// Each token contains its own size, so they cannot be accessed by index.
#[derive(Clone, Copy, Debug)]
pub struct TokenInfoList<'a> {
    raw: format::system::TokenInfoList,
    stream: RawStream<'a>,
}

/// A security token.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token<'a> {
    /// The token's header as stored in the file.
    pub raw: format::system::TokenInfo,
    /// The file offset of the token.
    pub offset: u64,
    /// The bytes of the token, including the header. The layout is undocumented; it was not observed to contain file
    /// offsets.
    pub bytes: &'a [u8],
}

debug_without_bytes!(Token { raw, offset; bytes });

impl<'a> TokenInfoList<'a> {
    /// The stream's header as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::system::TokenInfoList {
        &self.raw
    }

    /// The number of tokens that the stream declares.
    #[must_use]
    pub const fn declared_len(&self) -> u32 {
        self.raw.token_list_entries
    }

    /// The error if not all declared tokens are present. This walks the stream.
    pub fn fault(&self) -> Option<ReadError> {
        let mut tokens = self.iter();
        tokens.by_ref().for_each(drop);
        tokens.fault
    }

    /// The size of the stream up to the end of the last token that is present.
    #[cfg(feature = "std")]
    pub(crate) fn own_size(&self) -> u64 {
        let mut tokens = self.iter();
        tokens.by_ref().for_each(drop);
        tokens.position
    }

    /// The size that the tokens require of the stream; `None` if not all tokens are present.
    pub(crate) fn proven_size(&self) -> Option<u64> {
        let mut tokens = self.iter();
        tokens.by_ref().for_each(drop);
        tokens.fault.is_none().then_some(tokens.position)
    }

    /// The tokens in file order, up to the first that does not fit in the stream.
    #[must_use]
    pub fn iter(&self) -> Tokens<'a> {
        let head = u64::from(self.raw.list_header_size);
        Tokens { stream: self.stream, position: head, left: self.raw.token_list_entries, fault: None }
    }
}

impl<'a> IntoIterator for TokenInfoList<'a> {
    type Item = Token<'a>;
    type IntoIter = Tokens<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &TokenInfoList<'a> {
    type Item = Token<'a>;
    type IntoIter = Tokens<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> FromStream<'a> for TokenInfoList<'a> {
    const STREAM_TYPE: StreamType = StreamType::TOKEN;

    /// `ElementHeaderSize` is ignored: dbgeng was observed to write 72, although the structure has 16 bytes.
    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let raw: format::system::TokenInfoList = stream.read(WHAT, 0)?;
        let needed = format::system::TokenInfoList::SIZE as u64;
        let found = u64::from(raw.list_header_size);
        if found < needed {
            let field = "ListHeaderSize";
            return Err(ReadError::Size { what: WHAT, offset: stream.offset(), field, found, needed });
        }
        Ok(Self { raw, stream: *stream })
    }
}

/// Iterator over the tokens of a [`TokenInfoList`].
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    stream: RawStream<'a>,
    /// The offset of the next token in the stream.
    position: u64,
    left: u32,
    fault: Option<ReadError>,
}

impl<'a> Tokens<'a> {
    fn token(&mut self) -> Result<Token<'a>, ReadError> {
        const TOKEN: &str = "MINIDUMP_TOKEN_INFO_HEADER";
        let raw: format::system::TokenInfo = self.stream.read(TOKEN, self.position)?;
        let offset = self.stream.offset() + self.position;
        let (needed, least) = (u64::from(raw.token_size), format::system::TokenInfo::SIZE as u64);
        if needed < least {
            return Err(ReadError::Size { what: TOKEN, offset, field: "TokenSize", found: needed, needed: least });
        }
        let rest = usize::try_from(self.position).ok().and_then(|position| self.stream.bytes().get(position..));
        let rest = rest.unwrap_or_default();
        let bytes = usize::try_from(needed).ok().and_then(|size| rest.get(..size));
        let missing = ReadError::Truncated { what: TOKEN, offset, needed, available: rest.len() as u64 };
        let bytes = bytes.ok_or(missing)?;
        self.position += needed;
        Ok(Token { raw, offset, bytes })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match self.token() {
            Ok(token) => Some(token),
            Err(error) => {
                self.fault = Some(error);
                self.left = 0;
                None
            }
        }
    }
}

impl FusedIterator for Tokens<'_> {}
