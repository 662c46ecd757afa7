//! The layout of a full user dump: its parts in the order of the debugger engine, without padding.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::{Item, WriteError};
use crate::format::full_user_dump::{
    ImageFileMachine, MemoryBasicInformation32, USERDU64_SIGNATURE, USERDUMP_SIGNATURE, UsermodeCrashdumpHeader32,
    UsermodeCrashdumpHeader64,
};
use crate::format::{MemoryInfo, RvaWidth};
use crate::write::cursor::Cursor;
use crate::write::encode::{self, fit32};
use crate::write::memory_range::MemoryRange;
use crate::write::parallel::padding;
use crate::write::part_bytes::{PartBytes, Rows};
use crate::write::plan::{Chunk, MemoryChunk, MemoryForm, Plan};
use crate::write::range_list::{ComputedRegions, RangeList};

use crate::write::full_user_dump::builder::FullUserDumpBuilder;
use crate::write::full_user_dump::names::{CONTEXT, EVENT, HEADER, MODULE, RANGE, REGION, THREAD, VERSION};
use crate::write::full_user_dump::narrow::Narrow;

impl<'a> FullUserDumpBuilder<'a> {
    /// Assigns a file offset to every part.
    ///
    /// # Errors
    ///
    /// [`WriteError::RvaOverflow`] and [`WriteError::SizeOverflow`] if a value does not fit its field in the format,
    /// [`WriteError::Overflow`] if it does not fit 64 bits, [`WriteError::InvalidInput`] for a region whose size differs
    /// from the size of its contents, for a context that is too long for the machine, and for an address that a 32-bit
    /// process cannot have.
    pub fn plan(self) -> Result<Plan<'a>, WriteError> {
        let Self { width, machine, threads, modules, .. } = self;
        let computed = self.computed_regions;
        let count = |name, count| fit32(Item { name, index: None }, count as u64, "entries");
        let regions = self.regions.len() + computed.as_ref().map_or(0, |regions| regions.count());
        let mut header = UsermodeCrashdumpHeader64 {
            signature: match width {
                RvaWidth::Rva => USERDUMP_SIGNATURE,
                RvaWidth::Rva64 => USERDU64_SIGNATURE,
            },
            major_version: self.major_version,
            minor_version: self.minor_version,
            machine_image_type: machine,
            thread_count: count(THREAD, threads.len())?,
            module_count: count(MODULE, modules.len())?,
            memory_region_count: count(REGION, regions)?,
            spare: self.spare,
            ..Default::default()
        };
        let header_item = Item { name: HEADER, index: None };
        let header_size = match width {
            RvaWidth::Rva => UsermodeCrashdumpHeader32::SIZE,
            RvaWidth::Rva64 => UsermodeCrashdumpHeader64::SIZE,
        };
        let mut layout = Layout { width, cursor: Cursor::default() };
        layout.take(header_size as u64, header_item)?;

        let mut chunks = Vec::with_capacity(4 + 2 * threads.len() + modules.len());
        if let Some(event) = self.event {
            header.debug_event_offset = layout.cursor.at;
            chunks.push(layout.record(event, Item { name: EVENT, index: None })?);
        }
        header.memory_region_offset = layout.cursor.at;
        let (table, ranges) = table(width, self.regions, computed)?;
        chunks.push(layout.chunk(table, Item { name: REGION, index: None })?);

        header.thread_offset = layout.cursor.at;
        let (states, contexts): (Vec<_>, Vec<_>) = threads.into_iter().unzip();
        let size = context_size(machine, &contexts);
        for (context, index) in contexts.into_iter().zip(0..) {
            let item = Item { name: CONTEXT, index: Some(index) };
            chunks.push(layout.chunk(filled_up(context, size, item)?, item)?);
        }
        header.thread_state_offset = layout.cursor.at;
        for (state, index) in states.into_iter().zip(0..) {
            chunks.push(layout.record(state, Item { name: THREAD, index: Some(index) })?);
        }
        header.module_offset = layout.cursor.at;
        for ((mut record, name), index) in modules.into_iter().zip(0..) {
            let item = Item { name: MODULE, index: Some(index) };
            record.image_name_length = fit32(item, name.len() as u64 + 1, "bytes")?;
            let mut bytes = Vec::new();
            put(width, &mut bytes, record, item)?;
            bytes.reserve_exact(name.len() + 1);
            bytes.extend_from_slice(&name);
            bytes.push(0);
            chunks.push(layout.chunk(bytes, item)?);
        }
        let rest = self.version_information.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let limit = match width {
            RvaWidth::Rva => u64::from(u32::MAX).saturating_sub(rest),
            RvaWidth::Rva64 => u64::MAX.saturating_sub(rest),
        };
        let padding = padding(&ranges, self.parallel_to, layout.cursor.at, limit);
        layout.take(padding, Item { name: "padding", index: None })?;
        let base = layout.cursor.at;
        header.data_offset = base;
        for ((_, size), index) in ranges.bounds().zip(0..) {
            layout.take(size, Item { name: RANGE, index: Some(index) })?;
        }
        let memory = MemoryChunk { form: MemoryForm::Bare, offset: base, base, ranges };
        let mut tail = Vec::new();
        if let Some(bytes) = self.version_information {
            header.version_info_offset = layout.cursor.at;
            tail.push(layout.chunk(bytes, Item { name: VERSION, index: None })?);
        }

        let mut head = Vec::new();
        put(width, &mut head, header, header_item)?;
        chunks.insert(0, Chunk { offset: 0, item: header_item, bytes: head.into() });
        let (short_source, size) = (self.short_source, layout.cursor.at);
        let (directory, compressed, threads, progress) = (Vec::new(), None, None, None);
        Ok(Plan { chunks, memory: [memory].into(), compressed, tail, short_source, directory, size, threads, progress })
    }
}

/// Assigns file offsets to parts, below 4 GiB if the width requires it.
struct Layout {
    width: RvaWidth,
    cursor: Cursor,
}

impl Layout {
    fn take(&mut self, size: u64, item: Item) -> Result<u64, WriteError> {
        match self.width {
            RvaWidth::Rva => self.cursor.take_rva(size, 1, item),
            RvaWidth::Rva64 => self.cursor.take(size, 1, item),
        }
    }

    fn chunk<'a>(&mut self, bytes: impl Into<PartBytes<'a>>, item: Item) -> Result<Chunk<'a>, WriteError> {
        let bytes = bytes.into();
        Ok(Chunk { offset: self.take(bytes.len(), item)?, item, bytes })
    }

    fn record<'a>(&mut self, record: impl Narrow, item: Item) -> Result<Chunk<'a>, WriteError> {
        let mut bytes = Vec::new();
        put(self.width, &mut bytes, record, item)?;
        self.chunk(bytes, item)
    }
}

/// Appends a record in the form for the width.
fn put(width: RvaWidth, out: &mut Vec<u8>, record: impl Narrow, item: Item) -> Result<(), WriteError> {
    match width {
        RvaWidth::Rva => encode::put(out, record.narrow(item)?),
        RvaWidth::Rva64 => encode::put(out, record),
    }
    Ok(())
}

/// Returns the table of the regions and the memory that it describes.
fn table<'a>(
    width: RvaWidth,
    regions: Vec<(MemoryInfo, MemoryRange<'a>)>,
    computed: Option<Arc<dyn ComputedRegions + 'a>>,
) -> Result<(PartBytes<'a>, RangeList<'a>), WriteError> {
    let row_size = match width {
        RvaWidth::Rva => MemoryBasicInformation32::SIZE,
        RvaWidth::Rva64 => MemoryInfo::SIZE,
    };
    let put_checked = |out: &mut Vec<u8>, row: MemoryInfo, size, index| {
        let item = Item { name: REGION, index: Some(index) };
        if row.region_size != size {
            return Err(WriteError::InvalidInput { item, reason: "its size differs from the size of its contents" });
        }
        put(width, out, row, item)
    };
    let mut table = Vec::with_capacity(row_size.saturating_mul(regions.len()));
    let mut ranges = Vec::with_capacity(regions.len());
    for ((row, range), index) in regions.into_iter().zip(0..) {
        put_checked(&mut table, row, range.size(), index)?;
        ranges.push(range);
    }
    let mut ranges = RangeList::from(ranges);
    let Some(computed) = computed else { return Ok((table.into(), ranges)) };
    let (count, before) = (computed.count(), ranges.count());
    ranges.compute(Box::new(Arc::clone(&computed)));
    // Checked now, so that nothing is written if a row does not fit.
    let mut row = Vec::with_capacity(row_size);
    for ((of_range, (_, size)), number) in computed.rows().zip(computed.bounds()).zip(before..) {
        row.clear();
        put_checked(&mut row, of_range, size, number)?;
    }
    let put = Box::new(move |index, out: &mut Vec<u8>| {
        let item = Item { name: REGION, index: Some(before + index as u64) };
        let _ = put(width, out, computed.row(index), item);
    });
    let rows = Rows { head: table, count, row_size, put };
    Ok((PartBytes::Rows(Box::new(rows)), ranges))
}

/// Returns the size of every context: that of the machine, or of the longest context if the machine is not known.
fn context_size(machine: ImageFileMachine, contexts: &[Cow<'_, [u8]>]) -> usize {
    let known = machine.processor().windows_context().and_then(|layout| usize::try_from(layout.size).ok());
    known.unwrap_or_else(|| contexts.iter().map(|context| context.len()).max().unwrap_or(0))
}

/// Returns the context, padded with zeros if it is too short.
fn filled_up(mut context: Cow<'_, [u8]>, size: usize, item: Item) -> Result<Cow<'_, [u8]>, WriteError> {
    if context.len() > size {
        return Err(WriteError::InvalidInput { item, reason: "it is longer than the contexts of the machine" });
    }
    if context.len() < size {
        let mut filled = Vec::with_capacity(size);
        filled.extend_from_slice(&context);
        filled.resize(size, 0);
        context = filled.into();
    }
    Ok(context)
}
