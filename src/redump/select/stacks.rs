//! Stacks, and the code around instruction pointers.

use crate::format::process::ProcessLayout;
use crate::read::memory::MemoryRegions;
use crate::read::{Interval, Thread};
use crate::redump::source::Source;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// The debugger takes a stack's bounds for real only if they are whole pages.
const PAGE: u64 = 0x1000;

/// A thread's stack, from the first to the last byte that is there: by its environment block, or by its own descriptor.
///
/// With a gap in it, the descriptor promises more than there is. So it finds the same bytes when it is read again, which
/// the bytes up to the gap alone would not.
pub(super) fn stack(source: &Source<'_>, thread: &Thread<'_>) -> Option<Interval> {
    let bounds = bounds_by_environment_block(source, thread);
    bounds.and_then(|bounds| source.hull(bounds)).or_else(|| source.described(&thread.raw().stack))
}

/// `[SP, StackBase)`, or the whole stack if the stack pointer is elsewhere.
fn bounds_by_environment_block(source: &Source<'_>, thread: &Thread<'_>) -> Option<Interval> {
    let target = source.target;
    let Interval { start: limit, last } = reserved(source, thread)?;
    let stack_pointer = thread.registers()?.stack_pointer()?;
    let from = target.mask(stack_pointer.wrapping_sub(target.processor().below_stack_pointer));
    let start = if (limit..=last).contains(&from) { from } else { limit };
    // No descriptor can name more than 32 bits of bytes.
    Some(Interval { start: start.max(last.saturating_sub(u64::from(u32::MAX) - 1)), last })
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
    let reach = source.target.processor().code_window;
    let address = source.target.mask(address);
    let start = address.saturating_sub(reach);
    source.target.interval(start, address - start + reach)
}
