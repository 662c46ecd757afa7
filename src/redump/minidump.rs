//! The door of minidumps: everything is in the file.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::read::{ByteOrder, Memory64List, MemoryList, Minidump};

use super::source::{Opened, Ranges, Records, Source};

pub(super) fn open<'a>(dump: &Minidump<'a>) -> Result<Source<'a>, RedumpError> {
    if dump.byte_order() == ByteOrder::Big {
        return Err(RedumpError::Unsupported { what: "a big-endian dump" });
    }
    let memory = Rc::new(dump.memory());
    let (list, list64) = (dump.list::<MemoryList<'a>>(), dump.list::<Memory64List<'a>>());
    Ok(Source::new(Opened {
        records: Records::InFile(*dump),
        ranges: Ranges::of(&memory, || list.into_iter().chain(list64)),
        memory,
        file_size: dump.data().len() as u64,
        losses: Vec::new(),
    }))
}
