//! Which memory goes into the result.

use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::{MinidumpType, ProcessorArchitecture};
use crate::read::{Thread, ThreadExList, ThreadList};

use super::full::full_memory;
use super::options::Options;
use super::report::Report;
use super::sections::sections;
use super::source::{Interval, Source};

/// Ranges that leave no larger gap than this become one: a descriptor would take as many bytes.
const LARGEST_GAP: u64 = 16;
/// The debugger takes a stack's bounds for real only if they are whole pages.
const PAGE: u64 = 0x1000;

/// What goes into the result.
pub(super) struct Selection {
    /// The stack of each thread of the source, in its order.
    pub(super) stacks: Vec<Option<Interval>>,
    /// The stack and the backing store of each extended thread, likewise.
    pub(super) extended: Vec<[Option<Interval>; 2]>,
    /// The memory ranges, in the order of addresses, apart from each other, with all their bytes present.
    pub(super) ranges: Vec<Interval>,
    /// True if the ranges are all memory and belong into a Memory64 list.
    pub(super) full: bool,
}

pub(super) fn select(source: &Source<'_>, options: &Options, report: &mut Report) -> Result<Selection, RedumpError> {
    let threads = source.dump.stream::<ThreadList<'_>>().ok().flatten();
    let threads = || threads.into_iter().flatten();
    let extended = source.dump.stream::<ThreadExList<'_>>().ok().flatten();
    let extended = || extended.into_iter().flatten();
    let mut stacks: Vec<_> = threads().map(|thread| stack(source, &thread)).collect();
    let mut extended_stacks: Vec<_> = extended()
        .map(|thread| [stack(source, &thread.thread()), source.described(&thread.raw().backing_store)])
        .collect();
    let full = options.contain(MinidumpType::WITH_FULL_MEMORY);
    let ranges = if full {
        let go_on = options.contain(MinidumpType::IGNORE_INACCESSIBLE_MEMORY);
        let ranges = full_memory(source, go_on, report)?;
        for stack in stacks.iter_mut().chain(extended_stacks.as_flattened_mut()) {
            *stack = stack.and_then(|stack| kept(&ranges, &stack));
        }
        ranges
    } else {
        let mut wanted: Vec<Interval> = Vec::new();
        wanted.extend(stacks.iter().chain(extended_stacks.as_flattened()).flatten());
        let pointers = threads().chain(extended().map(|thread| thread.thread()));
        let pointers = pointers.filter_map(|thread| instruction_pointer(source, &thread));
        wanted.extend(pointers.filter_map(|pointer| window(source, pointer)));
        let addresses = source.dump.exceptions().flatten().map(|exception| exception.address());
        wanted.extend(addresses.filter_map(|address| window(source, address)));
        let [data, code] =
            [MinidumpType::WITH_DATA_SEGS, MinidumpType::WITH_CODE_SEGS].map(|bits| options.contain(bits));
        if data || code {
            let sections = sections(source).into_iter();
            let chosen = sections.filter(|it| data && it.kind.is_data() || code && it.kind.is_code());
            wanted.extend(chosen.map(|section| section.bounds));
        }
        present_and_merged(source, wanted)
    };
    Ok(Selection { stacks, extended: extended_stacks, ranges, full })
}

/// A thread's stack, from the first to the last byte that is there: by its environment block, or by its own descriptor.
///
/// With a gap in it, the descriptor promises more than there is. So it finds the same bytes when it is read again, which
/// the bytes up to the gap alone would not.
fn stack(source: &Source<'_>, thread: &Thread<'_>) -> Option<Interval> {
    let bounds = bounds_by_environment_block(source, thread);
    bounds.and_then(|bounds| source.hull(bounds)).or_else(|| source.described(&thread.raw().stack))
}

/// From the first to the last byte of `stack` that is in one of `ranges`, which are sorted and apart.
fn kept(ranges: &[Interval], stack: &Interval) -> Option<Interval> {
    let first = ranges.get(ranges.partition_point(|range| range.last < stack.start))?.intersection(stack)?;
    let behind = ranges.partition_point(|range| range.start <= stack.last);
    let last = ranges.get(..behind)?.last()?.intersection(stack)?;
    Some(Interval { start: first.start, last: last.last })
}

/// `[SP, StackBase)`, or the whole stack if the stack pointer is elsewhere.
fn bounds_by_environment_block(source: &Source<'_>, thread: &Thread<'_>) -> Option<Interval> {
    let target = source.target;
    if !target.is_windows() || thread.teb() == 0 {
        return None;
    }
    let pointer = u64::from(target.pointer_size());
    let base = target.mask(source.memory.read_pointer(thread.teb().wrapping_add(pointer))?);
    let limit = target.mask(source.memory.read_pointer(thread.teb().wrapping_add(2 * pointer))?);
    if base % PAGE != 0 || limit % PAGE != 0 || limit >= base {
        return None;
    }
    let mut from = target.mask(thread.context().ok().flatten()?.stack_pointer()?);
    if is_x86(source) {
        // The engine counts the word below the stack pointer to the stack, on x86 alone.
        from = target.mask(from.wrapping_sub(4));
    }
    let start = if (limit..base).contains(&from) { from } else { limit };
    // No descriptor can name more than 32 bits of bytes.
    Some(Interval { start: start.max(base.saturating_sub(u32::MAX.into())), last: base - 1 })
}

fn is_x86(source: &Source<'_>) -> bool {
    matches!(source.target.architecture, Some(ProcessorArchitecture::X86 | ProcessorArchitecture::X86_ON_WIN64))
}

fn instruction_pointer(source: &Source<'_>, thread: &Thread<'_>) -> Option<u64> {
    let pointer = thread.context().ok().flatten()?.instruction_pointer()?;
    // The lowest bit says Thumb; it is no part of the address.
    let thumb = u64::from(source.target.architecture == Some(ProcessorArchitecture::ARM));
    Some(pointer & !thumb)
}

/// The bytes around an instruction.
fn window(source: &Source<'_>, address: u64) -> Option<Interval> {
    let reach = match source.target.architecture {
        Some(ProcessorArchitecture::ARM64) => 0x200,
        Some(ProcessorArchitecture::ARM) => 0x100,
        _ => 0x80,
    };
    let address = source.target.mask(address);
    let start = address.saturating_sub(reach);
    Interval::new(start, address - start + reach, source.target.last_address())
}

/// The parts that have bytes, those that lie close together made one.
fn present_and_merged(source: &Source<'_>, mut wanted: Vec<Interval>) -> Vec<Interval> {
    wanted.sort_unstable();
    // Overlaps go first, so that no byte is looked at for each of many intervals that want it.
    let mut apart: Vec<Interval> = Vec::new();
    for next in wanted {
        match apart.last_mut() {
            Some(before) if next.start <= before.last => before.last = before.last.max(next.last),
            _ => apart.push(next),
        }
    }
    let mut merged: Vec<Interval> = Vec::new();
    for next in apart.into_iter().flat_map(|wanted| source.present(wanted)) {
        match merged.last_mut() {
            Some(before) if joins(source, before, &next) => before.last = next.last,
            _ => merged.push(next),
        }
    }
    merged
}

/// True if what parts two intervals is small and the source has its bytes.
fn joins(source: &Source<'_>, before: &Interval, next: &Interval) -> bool {
    let gap = next.start - before.last - 1;
    gap == 0 || gap <= LARGEST_GAP && source.holds(Interval { start: before.last + 1, last: next.start - 1 })
}
