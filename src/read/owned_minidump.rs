//! A minidump that owns its bytes.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::read::source::Source;

use crate::read::minidump::Minidump;

/// A minidump that was created in memory, together with its bytes.
#[derive(Debug)]
pub(crate) struct OwnedMinidump {
    data: Vec<u8>,
    /// What was parsed, without the bytes.
    parsed: Minidump<'static>,
}

impl OwnedMinidump {
    pub(crate) fn parse(data: Vec<u8>) -> Result<Self, ReadError> {
        let parsed = Minidump::parse(&data)?.rebound(Source::NOTHING);
        Ok(Self { data, parsed })
    }

    pub(crate) fn view(&self) -> Minidump<'_> {
        self.parsed.rebound(Source::Bytes(&self.data))
    }
}
