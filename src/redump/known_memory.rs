//! Makes up memory information entries from what is known of memory that the source does not describe.
//!
//! Readers trust such entries: LLDB does not unwind frames in memory that is described as data, and stack walkers look
//! for flipped bits where memory is described as accessible. Therefore
//!
//! - the memory of an image has the protection that its section headers in memory give it, in whole pages; it is
//!   read-only between sections. An image without headers is readable and executable: what such dumps have of it is
//!   code, and frames are not found in memory that is not executable;
//! - memory that contains the instruction pointer of a thread or an exception, and no stack pointer, is readable and
//!   executable, unless the exception is that it cannot be executed;
//! - everything else is private, readable and writable data. The debugger describes all memory this way. If it were
//!   left out, it would count as free.
//!
//! With `w`, which takes all memory if nothing describes it, all memory is private, and none is read-only.
//!
//! Whatever uses memory information then uses these entries, so that a second pass gives the same result.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::memory::{MemoryState, MemoryType};
use crate::format::module::SectionCharacteristics as Flags;
use crate::format::{MemoryInfo, MemoryProtection, MinidumpType, StreamType};
use crate::read::memory::MemoryInfoList;
use crate::read::module::{Image, ImageSection};
use crate::read::work::worked;
use crate::read::{Budget, Exception, Interval, Located, Ranked, holder, position, settle};
use crate::redump::hooks::Hooks;
use crate::redump::made_up::made_up_region;
use crate::redump::options::Options;
use crate::redump::report::ItemFault;
use crate::redump::source::{MadeUpRows, Source, made_records};

/// The page size; protection applies to pages.
const PAGE: u64 = 0x1000;
/// An access violation, and the value of its first parameter if an instruction was fetched.
const ACCESS_VIOLATION: u32 = 0xc000_0005;
const OF_INSTRUCTION: u64 = 8;

/// A part of an image, or all of it.
#[derive(Clone, Copy)]
struct Part {
    interval: Interval,
    rank: u32,
    /// The base of the image.
    base: u64,
    protection: MemoryProtection,
}

impl Located for Part {
    fn interval(&self) -> Interval {
        self.interval
    }
}

impl Ranked for Part {
    fn rank(&self) -> u32 {
        self.rank
    }

    fn part(&self, interval: Interval) -> Self {
        Self { interval, ..*self }
    }
}

/// Returns the entries for a Windows source without any, if the options ask for them. Returns `None` also if the
/// options ask for the debugger's own entries, or if nothing is known.
pub(super) fn made_up_rows(
    source: &mut Source<'_>,
    options: &Options,
    hooks: &Hooks<'_>,
) -> Result<Option<MadeUpRows>, RedumpError> {
    let dump = source.dump();
    let is_asked = options.contain(MinidumpType::WITH_FULL_MEMORY_INFO) && !options.has_made_up_records();
    let has_rows = dump.find::<MemoryInfoList<'_>>().is_some_and(|list| !list.is_empty());
    let stream = dump.raw_stream(StreamType::MEMORY_INFO_LIST);
    let stream = stream.unwrap_or_else(|| dump.absent_stream(StreamType::MEMORY_INFO_LIST));
    if !is_asked || has_rows || !source.target.is_windows() || !hooks.keeps_stream(&stream) {
        return Ok(None);
    }
    let mut faults = Vec::new();
    let mut rows = KnownMemory::of(source, &mut faults).map(|known| known.rows(source));
    if options.contain(MinidumpType::WITH_PRIVATE_READ_WRITE_MEMORY) {
        // `w` takes all memory as private if nothing describes it.
        rows.iter_mut().flatten().for_each(made_private);
    }
    source.faults.append(&mut faults);
    let Some(rows) = rows else { return Ok(None) };
    let rows: Arc<[MemoryInfo]> = rows.into();
    let shared = Arc::clone(&rows);
    let records = made_records(source.target, |builder| {
        builder.computed_memory_infos(rows.len(), move |index| shared.get(index).copied().unwrap_or_default());
    })?;
    Ok(Some(MadeUpRows { rows, records }))
}

/// What is known; each of the lists is sorted and disjoint.
struct KnownMemory {
    /// Sections.
    sections: Vec<Part>,
    /// Whole images.
    images: Vec<Part>,
    /// Where code is executed.
    instructions: Vec<Interval>,
    /// Where stacks are in use.
    stacks: Vec<Interval>,
}

impl KnownMemory {
    /// Returns `None` if nothing is known.
    fn of(source: &Source<'_>, faults: &mut Vec<ItemFault>) -> Option<Self> {
        let (mut sections, mut images) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        // In valid dumps, headers of different images do not overlap.
        let mut budget = Budget::times(source.plain_size, 1);
        for (module, item) in source.dump().modules().into_iter().zip(0u32..) {
            let base = source.target.mask(module.base());
            if !seen.insert(base) {
                continue;
            }
            let whole = source.target.interval(base, u64::from(module.size()).max(1));
            let image = Image::at(&source.memory, base);
            let elsewhere = match image {
                Some(_) => MemoryProtection::READ_ONLY,
                None => MemoryProtection::EXECUTE_READ,
            };
            images.extend(whole.map(|interval| Part { interval, rank: item, base, protection: elsewhere }));
            let Some(image) = image else { continue };
            for number in 0..image.number_of_sections() {
                let offset = source.memory.range_at(base).map_or(0, |range| range.position());
                if let Err(error) = budget.charge("IMAGE_SECTION_HEADER", offset, ImageSection::HEADER_SIZE as u64) {
                    let stream_type = StreamType::MODULE_LIST;
                    faults.push(ItemFault { stream_type, item: item.into(), part: "sections", error });
                    break;
                }
                let Some(header) = image.section(number) else { break };
                let pages = pages(source, base, &header);
                sections.extend(pages.map(|interval| Part {
                    interval,
                    rank: item,
                    base,
                    protection: protection(header.characteristics),
                }));
            }
            if budget.is_spent() {
                break;
            }
        }
        settle(&mut sections);
        settle(&mut images);
        let points = |addresses: BTreeSet<u64>| -> Vec<Interval> {
            addresses.into_iter().map(|address| Interval { start: address, last: address }).collect()
        };
        let mask = |address| source.target.mask(address);
        let refused: BTreeSet<u64> =
            source.exceptions().filter_map(|exception| not_executable(&exception)).map(mask).collect();
        let (mut instructions, mut stacks) = (BTreeSet::new(), BTreeSet::new());
        for context in source.contexts() {
            instructions.extend(context.instruction_pointer().map(mask).filter(|it| !refused.contains(it)));
            stacks.extend(context.stack_pointer().map(mask));
        }
        let known = Self { sections, images, instructions: points(instructions), stacks: points(stacks) };
        let is_empty = known.images.is_empty() && known.instructions.is_empty();
        (!is_empty).then_some(known)
    }

    /// Returns the entries for all memory of the source.
    fn rows(&self, source: &Source<'_>) -> Vec<MemoryInfo> {
        let mut rows: Vec<MemoryInfo> = Vec::new();
        for range in source.ranges.iter() {
            let first = rows.len();
            let mut next = Some(range.start);
            while let Some(start) = next.filter(|start| *start <= range.last) {
                worked(1);
                let (piece, row) = self.row(range, start);
                let row = MemoryInfo {
                    base_address: source.written(row.base_address),
                    allocation_base: source.written(row.allocation_base),
                    ..row
                };
                match rows.get_mut(first..).and_then(|rows| rows.last_mut()).filter(|before| is_same(before, &row)) {
                    Some(before) => before.region_size = before.region_size.saturating_add(row.region_size),
                    None => rows.push(row),
                }
                next = piece.next();
            }
        }
        rows
    }

    /// Returns the entry for the memory of a range from `start` on, and the interval for which it holds.
    fn row(&self, range: Interval, start: u64) -> (Interval, MemoryInfo) {
        let rest = Interval { start, last: range.last };
        if let Some(section) = holder(&self.sections, start) {
            let piece = Interval { start, last: section.interval.last.min(rest.last) };
            return (piece, of_image(piece, section.base, section.protection));
        }
        let end = |parts: &[Part]| {
            parts.get(position(parts, start)).map_or(u64::MAX, |it| it.interval.start.saturating_sub(1))
        };
        let before_section = Interval { start, last: rest.last.min(end(&self.sections)) };
        if let Some(image) = holder(&self.images, start) {
            let piece = Interval { start, last: before_section.last.min(image.interval.last) };
            let protection = if self.runs(piece) { MemoryProtection::EXECUTE_READ } else { image.protection };
            return (piece, of_image(piece, image.base, protection));
        }
        let piece = Interval { start, last: before_section.last.min(end(&self.images)) };
        let data = made_up_region(piece.start, piece.size());
        let row = match self.runs(piece) {
            true => MemoryInfo { protect: MemoryProtection::EXECUTE_READ.bits(), ..data },
            false => data,
        };
        (piece, MemoryInfo { allocation_base: range.start, ..row })
    }

    /// True if the memory contains executed code and no stack.
    fn runs(&self, piece: Interval) -> bool {
        let is_in =
            |points: &[Interval]| points.get(position(points, piece.start)).is_some_and(|it| it.start <= piece.last);
        is_in(&self.instructions) && !is_in(&self.stacks)
    }
}

/// True if two adjacent entries of a range can be joined.
fn is_same(before: &MemoryInfo, next: &MemoryInfo) -> bool {
    (before.allocation_base, before.protect, before.memory_type)
        == (next.allocation_base, next.protect, next.memory_type)
}

/// Changes an entry so that `w` takes its memory, without restricting access.
fn made_private(row: &mut MemoryInfo) {
    row.memory_type = MemoryType::PRIVATE.bits();
    row.allocation_protect = MemoryProtection::READ_WRITE.bits();
    if row.protect == MemoryProtection::READ_ONLY.bits() {
        row.protect = MemoryProtection::READ_WRITE.bits();
    }
}

fn of_image(piece: Interval, base: u64, protection: MemoryProtection) -> MemoryInfo {
    MemoryInfo {
        base_address: piece.start,
        allocation_base: base,
        allocation_protect: MemoryProtection::EXECUTE_WRITE_COPY.bits(),
        region_size: piece.size(),
        state: MemoryState::COMMIT.bits(),
        protect: protection.bits(),
        memory_type: MemoryType::IMAGE.bits(),
        ..Default::default()
    }
}

/// Returns the pages that a section occupies.
fn pages(source: &Source<'_>, base: u64, header: &ImageSection) -> Option<Interval> {
    let start = u64::from(header.virtual_address) & !(PAGE - 1);
    let end = u64::from(header.virtual_address) + u64::from(header.virtual_size);
    source.target.interval(source.target.above(base, start)?, end.next_multiple_of(PAGE) - start)
}

fn protection(flags: Flags) -> MemoryProtection {
    match (flags.contains(Flags::EXECUTE), flags.contains(Flags::WRITE), flags.contains(Flags::READ)) {
        (true, true, _) => MemoryProtection::EXECUTE_READ_WRITE,
        (true, false, true) => MemoryProtection::EXECUTE_READ,
        (true, false, false) => MemoryProtection::EXECUTE,
        (false, true, _) => MemoryProtection::READ_WRITE,
        (false, false, _) => MemoryProtection::READ_ONLY,
    }
}

/// Returns the address of an instruction that could not be fetched because its memory is not executable.
fn not_executable(exception: &Exception<'_>) -> Option<u64> {
    let is_refused = exception.code() == ACCESS_VIOLATION && exception.parameters().first() == Some(&OF_INSTRUCTION);
    is_refused.then(|| exception.address())
}
