//! A minidump that owns its bytes.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::Header;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::dump_bytes::DumpBytes;
use crate::read::minidump::Minidump;
use crate::read::target::Target;

/// A minidump that was created in memory, together with its bytes.
#[derive(Debug)]
pub(crate) struct OwnedMinidump {
    data: Vec<u8>,
    order: ByteOrder,
    header: Header,
    target: Target,
}

impl OwnedMinidump {
    pub(crate) fn parse(data: Vec<u8>) -> Result<Self, ReadError> {
        let dump = Minidump::parse(&data)?;
        let (order, header, target) = (dump.byte_order(), *dump.header(), dump.target());
        Ok(Self { data, order, header, target })
    }

    pub(crate) fn view(&self) -> Minidump<'_> {
        Minidump::new(DumpBytes::new(Bytes::new(&self.data, self.order), self.target), self.header)
    }
}
