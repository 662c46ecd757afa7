//! Finds the stacks that are in use, wherever they are.
//!
//! The debugger takes only the stack in the thread environment block. A thread may run on another stack: that of a
//! fiber, one that the program switched to, or that of the 32-bit side of its process. Such a stack is named by the
//! source's own descriptor, or contains the stack pointer of the thread or of its exception.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::memory::{MemoryRegion, RegionDetail};
use crate::read::{Exception, Interval, Thread, any_has};
use crate::redump::known_memory::address_space::AddressSpace;
use crate::redump::source::Source;

use crate::redump::select::stacks;

/// The largest size of a stack in a descriptor, in bytes.
const LARGEST: u64 = u32::MAX as u64;

/// Finds the stacks of threads, one thread after the other.
pub(super) struct Stacks<'s, 'a> {
    source: &'s Source<'a>,
    regions: AddressSpace<'s>,
    /// The stack pointers of exceptions by thread ID.
    raised: BTreeMap<u32, Vec<u64>>,
    /// Additional stacks that the descriptor of their thread will not name, with the thread ID.
    others: Vec<(u32, Interval)>,
}

impl<'s, 'a> Stacks<'s, 'a> {
    pub(super) fn new(source: &'s Source<'a>, exceptions: impl Iterator<Item = Exception<'s>>) -> Self {
        let mut raised: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for exception in exceptions {
            let pointer = exception.registers().and_then(|context| context.stack_pointer());
            raised.entry(exception.thread_id()).or_default().extend(pointer);
        }
        Self { source, regions: source.regions(), raised, others: Vec::new() }
    }

    /// Returns the stack that the descriptor of a thread will name. If there are two, this is the one that the stack
    /// pointer is not in, because readers of the result find the other one by the stack pointer.
    pub(super) fn of(&mut self, thread: &Thread<'_>) -> Option<Interval> {
        let (source, target) = (self.source, self.source.target);
        let own_pointer = thread.registers().and_then(|context| context.stack_pointer());
        // If several threads have the same ID, the exception belongs to the first.
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
                // The same stack, including its guard page.
                found = Some(described);
            } else if bounds.has(described.start) && bounds.has(described.last) {
                // The stack by the environment block is the same or larger.
            } else if let Some(both) = joined(stack, described) {
                // Without the environment block, readers of the result find one stack.
                found = Some(both);
            } else {
                // Only a descriptor can name bytes further below a stack pointer than where stacks normally begin.
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

    /// Returns the memory from a stack pointer to the end of its region or, without regions, of its range. Stacks are
    /// never in a module.
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

    /// Returns the region that contains the address, if it is committed.
    fn region(&mut self, address: u64) -> Option<MemoryRegion<'s>> {
        self.regions.at_address(address).filter(|region| region.state() == MemoryState::COMMIT)
    }

    /// Returns the last address of a region. Guard pages belong to the region above them.
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

    /// Returns the additional stacks, and frees the rest.
    pub(super) fn into_others(self) -> Vec<(u32, Interval)> {
        self.others
    }

    /// Returns the complete additional stacks, including the memory below the stack pointers.
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

/// Joins two stacks if they touch and the result is not too large for one stack.
fn joined(one: Interval, other: Interval) -> Option<Interval> {
    let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
    let both = Interval { start: first.start, last: first.last.max(second.last) };
    let touches = first.next().is_none_or(|next| second.start <= next);
    (touches && both.last - both.start < LARGEST).then_some(both)
}

/// True if the memory around a stack pointer extends up to a stack, and both together are not too large for one stack.
fn reaches(around: Interval, stack: Interval) -> bool {
    around.start < stack.start
        && around.next().is_none_or(|next| next >= stack.start)
        && stack.last - around.start < LARGEST
}
