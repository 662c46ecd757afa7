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

pub(super) mod address_space;
pub(super) mod rows;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::format::module::SectionCharacteristics as Flags;
use crate::format::{MemoryProtection, MinidumpType, StreamType};
use crate::read::module::{Image, ImageSection};
use crate::read::{Budget, Exception, Interval, settle};
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::ItemFault;
use crate::redump::source::Source;

use crate::redump::known_memory::rows::{KnownMemory, MadeUpRows, Part};

/// The page size; protection applies to pages.
const PAGE: u64 = 0x1000;
/// An access violation, and the value of its first parameter if an instruction was fetched.
const ACCESS_VIOLATION: u32 = 0xc000_0005;
const OF_INSTRUCTION: u64 = 8;

/// Returns the entries for a Windows source without any, if the options ask for them. Returns `None` also if the
/// options ask for the debugger's own entries, or if nothing is known.
pub(super) fn made_up_rows<'a>(
    source: &mut Source<'a>,
    options: &Options,
    hooks: &Hooks<'_>,
) -> Option<Arc<MadeUpRows<'a>>> {
    let dump = source.dump();
    let is_asked = options.contain(MinidumpType::WITH_FULL_MEMORY_INFO) && !options.has_made_up_records();
    let has_rows = source.listed_rows().is_some_and(|list| !list.is_empty());
    let stream = dump.raw_stream(StreamType::MEMORY_INFO_LIST);
    let stream = stream.unwrap_or_else(|| dump.absent_stream(StreamType::MEMORY_INFO_LIST));
    if !is_asked || has_rows || !source.target.is_windows() || !hooks.keeps_stream(&stream) {
        return None;
    }
    let mut faults = Vec::new();
    let known = KnownMemory::of(source, &mut faults);
    // `w` takes all memory as private if nothing describes it.
    let is_private = options.contain(MinidumpType::WITH_PRIVATE_READ_WRITE_MEMORY);
    let rows = known.map(|known| Arc::new(MadeUpRows::new(source.ranges.clone(), source.target, known, is_private)));
    source.faults.append(&mut faults);
    rows
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
