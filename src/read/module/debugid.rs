//! Conversions from and to the types of the crate `debugid`, which Sentry's `symbolic` and the crate `minidump` use.

use alloc::string::ToString;

use crate::error::ParseError;
use crate::format::module::Guid;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::module::code_id::CodeId;
use crate::read::module::debug_id::DebugId;
use crate::read::source::Source;

/// Available with the feature `debugid`.
impl From<DebugId> for debugid::DebugId {
    fn from(id: DebugId) -> Self {
        match id {
            DebugId::Guid { guid: Guid { data1, data2, data3, data4 }, age } => {
                let ([a, b, c, d], [e, f], [g, h]) = (data1.to_le_bytes(), data2.to_le_bytes(), data3.to_le_bytes());
                let [i, j, k, l, m, n, o, p] = data4;
                let bytes = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
                // 16 bytes are always accepted.
                Self::from_guid_age(&bytes, age).unwrap_or_default()
            }
            DebugId::Pdb20 { time_date_stamp, age } => Self::from_pdb20(time_date_stamp, age),
        }
    }
}

/// Available with the feature `debugid`.
impl From<debugid::DebugId> for DebugId {
    fn from(id: debugid::DebugId) -> Self {
        let (uuid, age) = (id.uuid(), id.appendix());
        let bytes = uuid.as_bytes();
        // All 16 bytes are there, in display order.
        let guid: Guid = Bytes::new(Source::Bytes(bytes), ByteOrder::Big).read("UUID", 0).unwrap_or_default();
        if id.is_pdb20() { Self::Pdb20 { time_date_stamp: guid.data1, age } } else { Self::Guid { guid, age } }
    }
}

/// Available with the feature `debugid`.
impl From<CodeId> for debugid::CodeId {
    fn from(id: CodeId) -> Self {
        Self::new(id.to_string())
    }
}

/// Available with the feature `debugid`.
///
/// # Errors
///
/// [`ParseError`] if there are no digits, or more than 128.
impl TryFrom<&debugid::CodeId> for CodeId {
    type Error = ParseError;

    fn try_from(id: &debugid::CodeId) -> Result<Self, ParseError> {
        id.as_str().parse()
    }
}
