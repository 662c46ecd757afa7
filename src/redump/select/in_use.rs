//! The stacks that are in use, wherever they are.
//!
//! The debugger takes the one stack that a thread environment block tells of. A thread may run on another: that of a
//! fiber, one that the program switched to, or that of the 32-bit half of its process. The source's own descriptor names it,
//! or the stack pointer is in it, be it the thread's or that of its exception.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::memory::{MemoryRegion, MemoryRegions, RegionDetail};
use crate::read::{Exception, Interval, Thread, any_has};
use crate::redump::source::Source;

use crate::redump::select::stacks;

/// The largest stack that a descriptor can name, in bytes.
const LARGEST: u64 = u32::MAX as u64;

/// Finds the stacks of threads, one thread after the other.
pub(super) struct Stacks<'s, 'a> {
    source: &'s Source<'a>,
    /// What describes the address space, from the first time on that it is asked.
    regions: Option<MemoryRegions<'s>>,
    /// The stack pointers of exceptions by thread ID.
    raised: BTreeMap<u32, Vec<u64>>,
    /// Stacks that are not the one that the descriptor of a thread is to name, with the thread's ID.
    pub(super) others: Vec<(u32, Interval)>,
}

impl<'s, 'a> Stacks<'s, 'a> {
    pub(super) fn new(source: &'s Source<'a>, exceptions: impl Iterator<Item = Exception<'s>>) -> Self {
        let mut raised: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for exception in exceptions {
            let pointer = exception.registers().and_then(|context| context.stack_pointer());
            raised.entry(exception.thread_id()).or_default().extend(pointer);
        }
        Self { source, regions: None, raised, others: Vec::new() }
    }

    /// The stack that the descriptor of a thread is to name. If there are two, it is the one that the stack pointer is not
    /// in: whoever reads the result finds the other one by that.
    pub(super) fn of(&mut self, thread: &Thread<'_>) -> Option<Interval> {
        let (source, target) = (self.source, self.source.target);
        let own_pointer = thread.registers().and_then(|context| context.stack_pointer());
        // Of several threads with one ID, the first is the one that is meant.
        let raised = self.raised.remove(&thread.id()).unwrap_or_default();
        let pointers: Vec<u64> = own_pointer.into_iter().chain(raised).map(|pointer| target.mask(pointer)).collect();
        let bounds = stacks::reserved(source, thread);
        let described = source.described(&thread.raw().stack);
        let by_bounds = bounds.filter(|_| !pointers.is_empty()).map(|it| stacks::in_use(source, it, &pointers));
        let by_bounds = by_bounds.and_then(|stack| source.hull(stack));
        let mut found = by_bounds.or(described);
        let first = self.others.len();
        if let (Some(bounds), Some(stack), Some(described)) = (bounds, by_bounds, described) {
            if described.start < bounds.start && described.next() == bounds.next() {
                // It is the same stack, with what is in its guard page.
                found = Some(described);
            } else if bounds.has(described.start) && bounds.has(described.last) {
                // What the environment block says is as much or more.
            } else if let Some(both) = joined(stack, described) {
                // Whoever reads the result without the environment block finds one stack.
                found = Some(both);
            } else {
                // Only a descriptor tells of bytes that are further below a stack pointer than all stacks begin.
                let begin = described.start.saturating_add(target.processor().below_stack_pointer);
                let is_below = pointers.iter().any(|&pointer| begin < pointer && described.has(pointer));
                let is_used = is_below || pointers.iter().any(|&pointer| bounds.has(pointer));
                let (named, other) = if is_used { (described, stack) } else { (stack, described) };
                found = Some(named);
                self.others.push((thread.id(), other));
            }
        }
        for pointer in pointers {
            let is_in = |stack: Interval| stack.has(pointer) || stack.next() == Some(pointer);
            let others = self.others.get(first..).unwrap_or_default();
            if bounds.into_iter().chain(found).chain(others.iter().map(|&(_, stack)| stack)).any(is_in) {
                continue;
            }
            let Some(around) = self.around(pointer) else { continue };
            match &mut found {
                Some(stack) if reaches(around, *stack) => stack.start = around.start,
                Some(_) => self.others.push((thread.id(), around)),
                None => found = Some(around),
            }
        }
        found
    }

    /// From a stack pointer to the end of the region that it is in, or without regions to the end of its range. No stack is
    /// in a module.
    fn around(&mut self, pointer: u64) -> Option<Interval> {
        let source = self.source;
        source.memory.range_at(pointer).filter(|_| pointer != 0)?;
        if any_has(source.modules(), pointer) {
            return None;
        }
        let last = match self.region(pointer) {
            Some(region) => self.end(&region)?,
            None => source.memory.interval(source.runs.last_of(source.memory.position(pointer)))?.last,
        };
        let below = source.target.processor().below_stack_pointer;
        let start = pointer.saturating_sub(below);
        source.hull(Interval { start, last: last.min(start.saturating_add(LARGEST - 1)) })
    }

    /// The row or line that has the address, if it is in use.
    fn region(&mut self, address: u64) -> Option<MemoryRegion<'s>> {
        let source = self.source;
        let regions = self.regions.get_or_insert_with(|| source.regions());
        regions.at_address(address).filter(|region| region.state() == MemoryState::COMMIT)
    }

    /// The last address of a region. Guard pages belong to what is above them.
    fn end(&mut self, region: &MemoryRegion<'s>) -> Option<u64> {
        let target = self.source.target;
        let interval = |region: &MemoryRegion<'_>| target.interval(region.base(), region.size());
        let last = interval(region)?.last;
        if !region.protection().contains(MemoryProtection::GUARD) {
            return Some(last);
        }
        let allocation = |region: &MemoryRegion<'_>| match region.detail() {
            RegionDetail::MemoryInfo(row) => Some(row.raw().allocation_base),
            RegionDetail::LinuxMapping(_) => None,
        };
        let above = last.checked_add(1).and_then(|next| self.region(next));
        let above = above.filter(|above| allocation(above) == allocation(region));
        Some(above.and_then(|above| interval(&above)).map_or(last, |it| it.last))
    }

    /// All of the stacks that no descriptor names, with what is below the stack pointers.
    pub(super) fn whole_others(&mut self) -> Vec<Interval> {
        let others = self.others.clone();
        let whole = others.into_iter().map(|(_, stack)| {
            let region = self.region(stack.start);
            let region = region.and_then(|region| self.source.target.interval(region.base(), region.size()));
            let range = || self.source.memory.interval(self.source.memory.position(stack.start));
            let start = region.or_else(range).map_or(stack.start, |whole| whole.start.min(stack.start));
            Interval { start, ..stack }
        });
        whole.collect()
    }
}

/// Two stacks as one, if nothing parts them and one can be as large.
fn joined(one: Interval, other: Interval) -> Option<Interval> {
    let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
    let both = Interval { start: first.start, last: first.last.max(second.last) };
    let touches = first.next().is_none_or(|next| second.start <= next);
    (touches && both.last - both.start < LARGEST).then_some(both)
}

/// True if what is around a stack pointer goes on up to a stack, which it makes no larger than one can be.
fn reaches(around: Interval, stack: Interval) -> bool {
    around.start < stack.start
        && around.next().is_none_or(|next| next >= stack.start)
        && stack.last - around.start < LARGEST
}
