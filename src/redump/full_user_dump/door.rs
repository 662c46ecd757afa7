//! The door of full user dumps: what they say is written down as a minidump says it, their memory stays where it is.

use alloc::rc::Rc;

use crate::error::RedumpError;
use crate::read::{FullUserDump, OwnedMinidump};
use crate::redump::source::{Opened, Ranges, Records, Source};

use super::losses;
use super::records::records_of;

pub(in crate::redump) fn open<'a>(dump: &FullUserDump<'a>) -> Result<Source<'a>, RedumpError> {
    let memory = Rc::new(dump.memory());
    let records = OwnedMinidump::parse(records_of(dump, &memory)?)?;
    Ok(Source::new(Opened {
        records: Records::Made(records),
        ranges: Ranges::of(&memory, || dump.stored_regions().map(|region| region.range)),
        memory,
        file_size: dump.data().len() as u64,
        losses: losses::of_minidump(dump),
    }))
}
