//! Adds changed parts of records to the builder.

use crate::write::{PartId, Text};

use crate::format::StreamType;

use crate::redump::edits::Linked;
use crate::redump::transcode::Transcoder;

impl Transcoder<'_, '_> {
    /// Adds a text that the program has changed; `kept` copies the text of the source.
    pub(in crate::redump) fn edited_text(
        &mut self,
        text: Linked,
        kept: impl FnOnce(&mut Self) -> Option<PartId>,
    ) -> Option<PartId> {
        match text {
            Linked::Kept => kept(self),
            Linked::Replaced(text) => Some(self.carrier.builder.text(Text::from_utf16_le(text))),
            Linked::Removed => None,
        }
    }

    /// Does the same for bytes.
    pub(in crate::redump) fn edited_part(
        &mut self,
        what: &'static str,
        part: Linked,
        kept: impl FnOnce(&mut Self) -> Option<PartId>,
    ) -> Option<PartId> {
        match part {
            Linked::Kept => kept(self),
            Linked::Replaced(bytes) => Some(self.carrier.builder.part(what, bytes)),
            Linked::Removed => None,
        }
    }

    /// Writes the names that the program assigns to threads.
    pub(in crate::redump) fn new_thread_names(&mut self) {
        for (id, name) in &self.hooks.thread_names {
            let name = self.carrier.builder.text(Text::from_utf16_le(name.as_slice()));
            self.carrier.builder.thread_name(*id, name);
            self.kept.insert(StreamType::THREAD_NAMES);
        }
    }
}
