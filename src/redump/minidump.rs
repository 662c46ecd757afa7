//! Opens minidumps as a source: everything is in the file.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::error::RedumpError;
use crate::format::{DirectoryEntry, Header, MinidumpType, StreamType, SystemInfo};
use crate::read::memory::{CompressedMemory, Memory64List};
use crate::read::{ByteOrder, Memory, MemoryPositions, Minidump, listed_ranges};

use crate::redump::ranges::{Ranges, Runs};
use crate::redump::report::ItemFault;
use crate::redump::select::selected::Selected;
use crate::redump::source::{Records, Source};
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
    let dump = targeted(dump, system);
    of_memory(dump, system, dump.memory())
}

/// Returns the dump with the guessed system, if it does not record its own.
fn targeted<'a>(dump: &Minidump<'a>, system: Option<SystemInfo>) -> Minidump<'a> {
    match system {
        Some(system) => dump.with_target(system.processor_architecture, system.platform_id),
        None => *dump,
    }
}

/// Returns the source without the buckets of compressed memory that cannot be unpacked, or `None` if all buckets that
/// the result needs can be unpacked.
///
/// Only buckets that were read are known to be sound, so this reads those of the selected ranges and, if one of them is
/// damaged, all of them. It does nothing if the memory is not compressed.
pub(super) fn without_broken<'a>(
    dump: &Minidump<'a>,
    source: &Source<'a>,
    selected: &Selected,
) -> Result<Option<Source<'a>>, RedumpError> {
    // What a small result needs is kept, because it is read again; all memory is too much to keep.
    if source.memory.are_sound(&selected.ranges, !selected.full) {
        return Ok(None);
    }
    let dump = targeted(dump, source.system);
    let memory = source.memory.without_broken(&dump);
    of_memory(dump, source.system, memory).map(Some)
}

fn of_memory<'a>(
    dump: Minidump<'a>,
    system: Option<SystemInfo>,
    memory: Memory<'a>,
) -> Result<Source<'a>, RedumpError> {
    let compressed = dump.find::<CompressedMemory<'a>>();
    if let Some(error) = memory.missing_feature() {
        return Err(error.into());
    }
    let memory = Arc::new(memory);
    let shared = Arc::clone(&memory);
    let listed = move || Box::new(listed_ranges(&dump, shared.shared_buckets()));
    let file_size = dump.file_size();
    let (packed, plain) = compressed.map_or((0, 0), |memory| memory.sizes());
    let faults = compressed.map(|compressed| compressed_faults(&compressed, &memory)).unwrap_or_default();
    Ok(Source {
        records: Records::InFile(dump),
        ranges: Ranges::of(&memory, &listed),
        listed: Box::new(move || listed()),
        readable_bytes: None,
        runs: Runs::new(&memory),
        positions: MemoryPositions::of(&dump),
        target: dump.target(),
        memory,
        system,
        named: None,
        made_up_rows: None,
        region_table: None,
        module_intervals: OnceLock::new(),
        file_size,
        plain_size: file_size.saturating_sub(packed).saturating_add(plain),
        has_full_memory: has_full_memory(&dump, compressed.as_ref()) && faults.is_empty(),
        claims_full_memory: claims_full_memory(&dump),
        losses: Vec::new(),
        additions: Vec::new(),
        truncated_tables: dump.directory().fault().into_iter().collect(),
        faults,
    })
}

/// Returns what cannot be read of compressed memory: each damaged region, and the arrays that the end of the file cuts.
fn compressed_faults(compressed: &CompressedMemory<'_>, memory: &Memory<'_>) -> Vec<ItemFault> {
    let stream_type = StreamType::COMPRESSED_MEMORY;
    let regions = (0..).zip(compressed.regions()).filter_map(|(item, region)| {
        let error = memory.region_fault(&region)?;
        Some(ItemFault { stream_type, item, part: "region", error })
    });
    let (regions_cut, buckets_cut) = (compressed.regions().fault(), compressed.buckets().fault());
    let cut = [("regions", regions_cut), ("buckets", buckets_cut)].into_iter();
    let cut = cut.filter_map(|(part, error)| Some(ItemFault { stream_type, item: 0, part, error: error? }));
    regions.chain(cut).collect()
}

/// True if the header declares no streams, and no data follows that could be any.
fn is_header_alone(dump: &Minidump<'_>) -> bool {
    dump.directory().declared_len() == 0 && dump.file_size() <= Header::SIZE as u64
}

/// True if the dump claims to have all memory of its process, whether it is there or not. Compressed dumps have a
/// different flag, which small ones have as well. Writers of full memory leave out what cannot be read, and set a flag
/// for that.
fn claims_full_memory(dump: &Minidump<'_>) -> bool {
    let in_compressed_form = MinidumpType::WITH_MEMORY_COMPRESSED.union(MinidumpType::IGNORE_INACCESSIBLE_MEMORY);
    [MinidumpType::WITH_FULL_MEMORY, in_compressed_form].into_iter().any(|flags| dump.flags().contains(flags))
}

/// True if the dump is meant to contain all memory of its process, and no list of it is truncated.
fn has_full_memory(dump: &Minidump<'_>, compressed: Option<&CompressedMemory<'_>>) -> bool {
    let list = dump.list::<Memory64List<'_>>();
    let claims = dump.flags().contains(MinidumpType::WITH_FULL_MEMORY)
        || dump.raw_stream(StreamType::MEMORY64_LIST).is_some()
        || compressed.is_some();
    claims && list.fault().is_none() && !list.iter().any(|range| range.fault().is_some())
}
