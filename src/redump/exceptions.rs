//! Writes exceptions: those of the source, and the one that the options name.

use crate::format;
use crate::format::StreamType;
use crate::read::{Exception, RawStream};

use crate::redump::record_rules::EXCEPTION;
use crate::redump::report::Outcome;
use crate::redump::transcode::Transcoder;
use crate::redump::unused_bytes::clear_exception;

impl<'s> Transcoder<'s, '_> {
    pub(super) fn exception(&mut self, stream: &RawStream<'s>, exception: Exception<'s>) -> Outcome {
        if self.threads_left_out.contains(&exception.thread_id()) {
            return Outcome::LeftOut;
        }
        // Many streams may share the same few bytes. The first one always fits the budget, regardless of what other streams
        // have used.
        let size = format::ExceptionStream::SIZE as u64;
        let charged = match self.kept.contains(&StreamType::EXCEPTION) {
            true => self.carrier.charge("MINIDUMP_EXCEPTION_STREAM", stream.offset(), size),
            false => Ok(()),
        };
        if let Err(error) = charged {
            return Outcome::Unreadable(error);
        }
        let edit = self.hooks.mapped_exception(&exception);
        let mut raw = format::ExceptionStream { thread_context: exception.raw().thread_context, ..edit.record };
        if self.carrier.is_private {
            clear_exception(&mut raw, self.source.target.is_windows());
        }
        let context = self.edited_part("context", edit.context, |this| {
            let context =
                exception.context().and_then(|context| this.carrier.context(context, raw.thread_context, false));
            this.context_or_fault((StreamType::EXCEPTION, 0, "context"), context)
        });
        let result = self.written_exception(raw);
        self.carrier.accounts.record(&raw, &result, &EXCEPTION);
        self.carrier.accounts.unclaimed_from(
            "bytes after the record of an exception",
            stream,
            format::ExceptionStream::SIZE,
        );
        self.carrier.builder.exception(result, context);
        Outcome::Rewritten
    }

    /// Returns the exception with its addresses in the form that the debugger writes.
    fn written_exception(&self, raw: format::ExceptionStream) -> format::ExceptionStream {
        let record = raw.exception_record;
        let written = |address| self.source.written(address);
        let parameters = record.exception_information.map(|parameter| self.source.written_parameter(parameter));
        let exception_record = format::ExceptionRecord {
            exception_record: written(record.exception_record),
            exception_address: written(record.exception_address),
            exception_information: parameters,
            ..record
        };
        format::ExceptionStream { exception_record, ..raw }
    }

    /// True if the options name an exception that replaces this one, or the program replaces the stream.
    pub(super) fn is_replaced(&self, stream: &RawStream<'s>) -> bool {
        stream.stream_type() == StreamType::EXCEPTION && self.source.named.is_some()
            || self.hooks.replaces(stream.stream_type())
    }

    /// Writes the exception that the options name.
    pub(super) fn named_exception(&mut self) {
        let Some(exception) = self.source.named.as_ref().and_then(|named| named.view().exceptions().flatten().next())
        else {
            return;
        };
        let mut raw = *exception.raw();
        if self.carrier.is_private {
            clear_exception(&mut raw, self.source.target.is_windows());
        }
        let context = exception.registers().map(|context| self.carrier.new_context(&context));
        let result = self.written_exception(raw);
        self.carrier.builder.exception(result, context);
        // No exception has to be made up.
        self.kept.insert(StreamType::EXCEPTION);
        self.report.add("exception that the options name", 1);
    }
}
