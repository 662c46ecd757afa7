//! Stacks, and the code around instruction pointers.

use crate::format::process::ProcessLayout;
use crate::read::memory::MemoryRegions;
use crate::read::{Interval, Thread};
use crate::redump::source::Source;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// The debugger takes a stack's bounds for real only if they are whole pages.
const PAGE: u64 = 0x1000;

/// `[SP, StackBase)` of the bounds of a stack, from the lowest of the stack pointers on, of which the first is the
/// thread's own; all of it if that one is elsewhere.
pub(super) fn in_use(source: &Source<'_>, bounds: Interval, pointers: &[u64]) -> Interval {
    let below = source.target.processor().below_stack_pointer;
    let from = |&pointer: &u64| source.target.mask(pointer.wrapping_sub(below));
    let is_there = pointers.first().is_some_and(|own| bounds.has(from(own)));
    let lowest = pointers.iter().map(from).filter(|&from| is_there && bounds.has(from)).min();
    // No descriptor can name more than 32 bits of bytes.
    let start = lowest.unwrap_or(bounds.start).max(bounds.last.saturating_sub(u64::from(u32::MAX) - 1));
    Interval { start, ..bounds }
}

/// All of a stack by its environment block, `[StackLimit, StackBase)`.
pub(super) fn reserved(source: &Source<'_>, thread: &Thread<'_>) -> Option<Interval> {
    let target = source.target;
    if !target.is_windows() || thread.teb() == 0 {
        return None;
    }
    let layout = ProcessLayout::of_pointer_size(target.pointer_size());
    let base = target.mask(source.memory.read_pointer(thread.teb().wrapping_add(layout.teb_stack_base))?);
    let limit = target.mask(source.memory.read_pointer(thread.teb().wrapping_add(layout.teb_stack_limit))?);
    if base % PAGE != 0 || limit % PAGE != 0 || limit >= base {
        return None;
    }
    Some(Interval { start: limit, last: base - 1 })
}

/// All of a thread's stack, with what is below its stack pointer: by its environment block, or by the region that its
/// descriptor or its stack pointer is in.
pub(super) fn whole(source: &Source<'_>, thread: &Thread<'_>, regions: &MemoryRegions<'_>) -> Option<Interval> {
    reserved(source, thread).or_else(|| {
        let stack_pointer = || thread.registers()?.stack_pointer();
        let described = source.described(&thread.raw().stack);
        let at = described.map(|stack| stack.start).or_else(stack_pointer)?;
        let region = regions.at_address(source.target.mask(at))?;
        source.target.interval(region.base(), region.size())
    })
}

/// Adds the code around an instruction pointer, which may have a bit that is not part of the address.
pub(super) fn instruction_pointer(wanted: &mut Wanted<'_, '_>, pointer: u64, reason: Reason) {
    let thumb = u64::from(wanted.source.target.processor().has_thumb);
    wanted.add(window(wanted.source, pointer & !thumb), reason);
}

/// The bytes around an instruction.
pub(super) fn window(source: &Source<'_>, address: u64) -> Option<Interval> {
    around(source, source.target.mask(address), source.target.processor().code_window)
}

/// So many bytes to either side of an address, which has no upper half on 32-bit targets.
pub(super) fn around(source: &Source<'_>, address: u64, reach: u64) -> Option<Interval> {
    let start = address.saturating_sub(reach);
    source.target.interval(start, address - start + reach)
}
