//! Adds the comment that the caller asks for.

use std::collections::HashSet;

use crate::error::ReadError;
use crate::read::{RawStream, Stream};

use crate::redump::transcode::Transcoder;

impl<'s> Transcoder<'s, '_> {
    /// True if the stream is the comment that the caller asked for, from an earlier pass. Many streams may share the
    /// same bytes.
    pub(super) fn is_of_caller(&mut self, stream: &RawStream<'s>, decoded: &Result<Stream<'s>, ReadError>) -> bool {
        let Some(comment) = self.options.comment() else { return false };
        let size = stream.available();
        matches!(decoded, Ok(Stream::CommentW(_)))
            && self.compared.charge("comment", stream.offset(), size).is_ok()
            && is_comment(decoded, comment)
    }

    /// Adds the requested comment, unless an equal one was carried.
    pub(super) fn comment(&mut self, comment: &str) {
        let carried: HashSet<u32> =
            self.report.streams.iter().filter(|stream| stream.outcome.is_kept()).map(|stream| stream.index).collect();
        let is_known = |(stream, decoded): (RawStream<'s>, Result<Stream<'s>, ReadError>)| {
            carried.contains(&stream.index()) && is_comment(&decoded, comment)
        };
        if !self.source.dump().streams().any(is_known) {
            self.carrier.builder.comment(comment);
        }
    }
}

/// True if the stream consists of exactly this comment.
fn is_comment(stream: &Result<Stream<'_>, ReadError>, comment: &str) -> bool {
    matches!(stream, Ok(Stream::CommentW(known)) if known.text().trim_end_nul() == comment)
}
