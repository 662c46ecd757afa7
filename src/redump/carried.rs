//! What is to be said of the parts that are carried.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::Rva64;
use crate::format::handle::HandleObjectInformation;
use crate::read::Interval;
use crate::read::handle::HandleObject;
use crate::read::text::Utf16;
use crate::write::encoded;

use crate::redump::first_places::STRING;
use crate::redump::shared_parts::{Carrier, Kind};

/// The most bytes that Windows has in a text.
const LONGEST_TEXT: u64 = 65_534;

impl Carrier<'_, '_> {
    /// Notices what is odd about a text that is carried: surrogates alone, and what its size claims behind its end.
    pub(super) fn look_at_text(&mut self, rva: Rva64, text: Utf16<'_>) {
        if !text.is_valid() {
            self.noticed.push(ReadError::NotUtf16 { what: STRING, offset: rva });
        }
        // Many producers count the NUL at the end.
        let size = text.as_bytes().len() as u64;
        let claimed = self.dump.bytes().read::<u32>(STRING, rva).map_or(0, u64::from).min(LONGEST_TEXT);
        if claimed > size {
            let behind = rva.saturating_add(4).saturating_add(size);
            self.accounts.loose("text behind the NUL of a name", behind, claimed - size);
        }
    }

    /// The parts of the file that are in the result as something of their own.
    pub(super) fn carried(&self) -> impl Iterator<Item = Interval> + '_ {
        self.carried.keys().filter_map(|&(kind, offset, size)| match kind {
            // Its length stands before it, and a NUL behind it.
            Kind::Text | Kind::ModuleName => Interval::new(offset, size.saturating_add(6)),
            Kind::Object => Interval::new(offset, size.saturating_add(HandleObjectInformation::SIZE as u64)),
            Kind::CodeView | Kind::DebugMisc | Kind::PlainContext | Kind::Context | Kind::ThreadContext => {
                Interval::new(offset, size)
            }
        })
    }
}

/// A record about an object, pointing nowhere.
pub(super) fn object_bytes(object: &HandleObject<'_>) -> Vec<u8> {
    // As many bytes as there are, so that a record which the file cuts takes none of what comes behind it.
    let size_of_info = u32::try_from(object.bytes.len()).unwrap_or(u32::MAX);
    let info_type = object.raw.info_type;
    let mut bytes = encoded(HandleObjectInformation { next_info_rva: 0, info_type, size_of_info });
    bytes.extend_from_slice(object.bytes);
    bytes
}
