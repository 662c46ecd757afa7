//! Opens full user dumps as a source: their records are converted to those of a minidump, and their memory stays where
//! it is.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::error::{ReadError, RedumpError};
use crate::format::StreamType;
use crate::read::{FullUserDump, MemoryPositions, OwnedMinidump};
use crate::redump::ranges::{Ranges, Runs};
use crate::redump::report::{Addition, ItemFault, Loss};
use crate::redump::source::{Records, Source};

use crate::redump::full_user_dump::as_minidump::records_of;
use crate::redump::full_user_dump::losses;

pub(in crate::redump) fn open<'a>(dump: &FullUserDump<'a>) -> Result<Source<'a>, RedumpError> {
    let truncated_tables = truncated_tables(dump)?;
    let memory = Arc::new(dump.memory());
    let (records, names) = records_of(dump, &memory)?;
    let records = OwnedMinidump::parse(records)?;
    let folders =
        Addition { what: "folders of module names from the loader's list in memory", count: names.with_folder };
    let case = Loss::new("case of module names that differs in the loader's list", names.with_other_case);
    let (copy, target) = (*dump, records.view().target());
    let listed = move || {
        copy.stored_regions().filter_map(move |region| {
            let range = region.range;
            Some((target.interval(range.address, range.available())?, range.offset))
        })
    };
    Ok(Source {
        system: None,
        positions: MemoryPositions::of(&records.view()),
        target: records.view().target(),
        records: Records::Made(records),
        ranges: Ranges::of(&memory, listed),
        listed: Box::new(move || Box::new(listed())),
        readable_bytes: Some(readable_bytes(dump)),
        runs: Runs::new(&memory),
        memory,
        named: None,
        made_up_rows: None,
        region_table: Some(dump.region_list()).filter(|table| !table.is_empty()),
        module_intervals: OnceLock::new(),
        file_size: dump.file_size(),
        plain_size: dump.file_size(),
        has_full_memory: dump.region_list().fault().is_none()
            && dump.stored_regions().all(|region| region.range.fault().is_none()),
        claims_full_memory: true,
        losses: losses::of_minidump(dump).into_iter().chain(case).collect(),
        additions: Some(folders).filter(|folders| folders.count > 0).into_iter().collect(),
        truncated_tables,
        faults: faults(dump),
    })
}

/// Returns the size of everything in front of the memory, and of the memory.
fn readable_bytes(dump: &FullUserDump<'_>) -> u64 {
    let size = dump.file_size();
    let memory = dump.stored_regions().map(|region| region.range.available());
    memory.fold(dump.header().data_offset, u64::saturating_add).min(size)
}

/// Returns the missing parts of the tables; an error if all tables are missing.
fn truncated_tables(dump: &FullUserDump<'_>) -> Result<Vec<ReadError>, RedumpError> {
    let (threads, modules, regions) = (dump.threads(), dump.modules(), dump.region_list());
    let faults: Vec<ReadError> = [threads.fault(), modules.fault(), regions.fault()].into_iter().flatten().collect();
    let is_empty = threads.is_empty() && regions.is_empty() && dump.modules().next().is_none();
    match faults.first() {
        Some(&ReadError::Truncated { what, offset, needed, available }) if is_empty => {
            Err(RedumpError::NothingToKeep { what, offset, needed, available })
        }
        _ => Ok(faults),
    }
}

/// Returns the faults of the contexts and the debug event that cannot be read.
fn faults(dump: &FullUserDump<'_>) -> Vec<ItemFault> {
    let contexts = (0..).zip(dump.threads()).filter_map(|(item, thread)| Some((item, thread.context().err()?)));
    let fault = |(item, error)| ItemFault { stream_type: StreamType::THREAD_LIST, item, part: "context", error };
    let event = dump.debug_event().err();
    let event =
        event.map(|error| ItemFault { stream_type: StreamType::EXCEPTION, item: 0, part: "debug event", error });
    contexts.map(fault).chain(event).collect()
}
