//! Stacks, and the code around instruction pointers.

use crate::format::process::ProcessLayout;
use crate::read::{Interval, Thread};
use crate::redump::known_memory::address_space::AddressSpace;
use crate::redump::source::Source;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// The debugger accepts the bounds of a stack only if they are page-aligned.
const PAGE: u64 = 0x1000;

/// Returns `[SP, StackBase)` within the bounds of a stack, where `SP` is the lowest of the stack pointers. The first of
/// them is the thread's own; if it is outside the bounds, the complete stack is returned.
pub(super) fn in_use(source: &Source<'_>, bounds: Interval, pointers: &[u64]) -> Interval {
    let below = source.target.processor().below_stack_pointer;
    let from = |&pointer: &u64| source.target.mask(pointer.wrapping_sub(below));
    let is_there = pointers.first().is_some_and(|own| bounds.has(from(own)));
    let lowest = pointers.iter().map(from).filter(|&from| is_there && bounds.has(from)).min();
    // Sizes in descriptors have 32 bits.
    let start = lowest.unwrap_or(bounds.start).max(bounds.last.saturating_sub(u64::from(u32::MAX) - 1));
    Interval { start, ..bounds }
}

/// Returns the complete stack according to its environment block, `[StackLimit, StackBase)`.
pub(super) fn reserved(source: &Source<'_>, thread: &Thread<'_>) -> Option<Interval> {
    let target = source.target;
    if !target.is_windows() || thread.teb() == 0 {
        return None;
    }
    let layout = ProcessLayout::for_pointer_size(target.pointer_size());
    let base = target.mask(source.memory.read_pointer(thread.teb().wrapping_add(layout.teb_stack_base))?);
    let limit = target.mask(source.memory.read_pointer(thread.teb().wrapping_add(layout.teb_stack_limit))?);
    if base % PAGE != 0 || limit % PAGE != 0 || limit >= base {
        return None;
    }
    Some(Interval { start: limit, last: base - 1 })
}

/// Returns a thread's complete stack, including the memory below its stack pointer: according to its environment block,
/// or the region that contains its descriptor's start or its stack pointer.
pub(super) fn whole(source: &Source<'_>, thread: &Thread<'_>, regions: &AddressSpace<'_>) -> Option<Interval> {
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

/// Returns the window around an instruction.
pub(super) fn window(source: &Source<'_>, address: u64) -> Option<Interval> {
    around(source, source.target.mask(address), source.target.processor().code_window)
}

/// Returns `reach` bytes to either side of an address, which has no upper half on 32-bit targets.
pub(super) fn around(source: &Source<'_>, address: u64, reach: u64) -> Option<Interval> {
    let start = address.saturating_sub(reach);
    source.target.interval(start, address - start + reach)
}
