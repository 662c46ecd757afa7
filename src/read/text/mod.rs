//! Text in UTF-16, UTF-8 and Windows code pages, and streams that consist of text.

#[macro_use]
pub(crate) mod text_streams;

pub(crate) mod ansi;
pub(crate) mod comment;
pub(crate) mod utf16;
pub(crate) mod utf8;

pub use ansi::Ansi;
pub use comment::{CommentA, CommentW};
pub use utf8::{Lines, Utf8};
pub use utf16::Utf16;
