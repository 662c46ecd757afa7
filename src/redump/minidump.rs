//! The door of minidumps: everything is in the file.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::{DirectoryEntry, Header, MinidumpType, StreamType};
use crate::read::memory::{Memory64List, MemoryList};
use crate::read::{ByteOrder, MemoryPositions, Minidump};

use crate::redump::gapless_runs::Runs;
use crate::redump::source::{Ranges, Records, Source};
use crate::redump::system;

pub(super) fn open<'a>(dump: &Minidump<'a>) -> Result<Source<'a>, RedumpError> {
    if dump.byte_order() == ByteOrder::Big {
        return Err(RedumpError::Unsupported { what: "a big-endian dump" });
    }
    let directory = dump.directory();
    if !directory.iter().any(|entry| entry.stream_type != StreamType::UNUSED) && !is_header_alone(dump) {
        let size = |entries: u32| u64::from(entries) * DirectoryEntry::SIZE as u64;
        return Err(RedumpError::NothingToKeep {
            what: "MINIDUMP_DIRECTORY",
            offset: directory.entry_offset(0),
            needed: size(directory.declared_len()),
            available: size(directory.len()),
        });
    }
    let system = system::guessed(dump);
    let dump = &match system {
        Some(system) => dump.with_target(system.processor_architecture, system.platform_id),
        None => *dump,
    };
    let memory = Rc::new(dump.memory());
    let (list, list64) = (dump.list::<MemoryList<'a>>(), dump.list::<Memory64List<'a>>());
    Ok(Source {
        records: Records::InFile(*dump),
        ranges: Ranges::of(&memory, || list.into_iter().chain(list64)),
        listed: Box::new(move || Box::new(list.into_iter().chain(list64))),
        understood: None,
        runs: Runs::new(&memory),
        positions: MemoryPositions::of(dump),
        target: dump.target(),
        memory,
        system,
        file_size: dump.data().len() as u64,
        has_full_memory: has_full_memory(dump),
        losses: Vec::new(),
        additions: Vec::new(),
        cut_tables: directory.fault().into_iter().collect(),
        faults: Vec::new(),
    })
}

/// True if the header announces no streams, and has nothing behind it that could be any.
fn is_header_alone(dump: &Minidump<'_>) -> bool {
    dump.directory().declared_len() == 0 && dump.data().len() <= Header::SIZE
}

/// True if the dump was meant to have all memory of its process, and none of it is cut.
fn has_full_memory(dump: &Minidump<'_>) -> bool {
    let list = dump.list::<Memory64List<'_>>();
    let claims =
        dump.flags().contains(MinidumpType::WITH_FULL_MEMORY) || dump.raw_stream(StreamType::MEMORY64_LIST).is_some();
    claims && list.fault().is_none() && !list.iter().any(|range| range.fault().is_some())
}
