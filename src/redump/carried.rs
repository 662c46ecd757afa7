//! Checks the parts that records refer to while they are carried.

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

/// The largest size of a `UNICODE_STRING` that ends in a NUL, in bytes.
const LONGEST_TEXT: u64 = 65_534;

impl Carrier<'_, '_> {
    /// Notes what is wrong with a string that is carried: unpaired surrogates, and a size that reaches past its NUL.
    pub(super) fn check_text(&mut self, rva: Rva64, text: Utf16<'_>) {
        if !text.is_valid() {
            self.noticed.push(ReadError::NotUtf16 { what: STRING, offset: rva });
        }
        // Many producers count the terminating NUL.
        let size = text.as_bytes().len() as u64;
        let claimed = self.dump.bytes().read::<u32>(STRING, rva).map_or(0, u64::from).min(LONGEST_TEXT);
        if claimed > size {
            let tail = rva.saturating_add(4).saturating_add(size);
            self.accounts.unclaimed("text after the NUL of a name", tail, claimed - size);
        }
    }

    /// Returns the parts of the file that are in the result as separate items.
    pub(super) fn carried(&self) -> impl Iterator<Item = Interval> + '_ {
        self.carried.keys().filter_map(|&(kind, offset, size)| match kind {
            // Including the length in front of it and the NUL after it.
            Kind::Text | Kind::ModuleName => Interval::new(offset, size.saturating_add(6)),
            Kind::Object => Interval::new(offset, size.saturating_add(HandleObjectInformation::SIZE as u64)),
            Kind::CodeView | Kind::DebugMisc | Kind::PlainContext | Kind::Context | Kind::ThreadContext => {
                Interval::new(offset, size)
            }
        })
    }
}

/// Encodes an object information record without a reference to the next one.
pub(super) fn object_bytes(object: &HandleObject<'_>) -> Vec<u8> {
    // The size of the bytes that are there, so that a truncated record does not claim what follows it.
    let size_of_info = u32::try_from(object.bytes.len()).unwrap_or(u32::MAX);
    let info_type = object.raw.info_type;
    let mut bytes = encoded(HandleObjectInformation { next_info_rva: 0, info_type, size_of_info });
    bytes.extend_from_slice(object.bytes);
    bytes
}
