//! The selection: what goes into the result.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::format::MinidumpType;
use crate::read::{Interval, Intervals, Union, gaps, overlapping, union};
use crate::redump::filter::code::Code;
use crate::redump::filter::triage::Triage;
use crate::redump::options::Options;
use crate::redump::source::Source;

use crate::redump::select::chosen::Chosen;
use crate::redump::select::narrow::NarrowSide;
use crate::redump::select::reason::{Reason, SelectedMemory};

/// The selection: what goes into the result.
#[derive(Debug)]
pub(in crate::redump) struct Selection {
    pub(in crate::redump) selected: Selected,
    /// The IDs of the threads that the program leaves out.
    pub(in crate::redump) threads_left_out: HashSet<u32>,
    /// The stack of each thread of the source, in thread order.
    pub(in crate::redump) stacks: Vec<Option<Interval>>,
    /// The stack and the backing store of each extended thread, in thread order.
    pub(in crate::redump) extended: Vec<[Option<Interval>; 2]>,
    /// The additional stacks.
    pub(in crate::redump) others: Vec<Interval>,
    /// The 32-bit side of the process, if it has one.
    pub(in crate::redump) narrow: NarrowSide,
    /// The parts of stacks below the stack pointers, if they are filtered as well.
    pub(in crate::redump) below: Vec<Interval>,
    /// The selected memory that is zeroed, sorted and disjoint.
    pub(in crate::redump) hidden: Vec<Interval>,
    /// The selected memory that is filled with the triage pattern, sorted and disjoint.
    pub(in crate::redump) patterned: Vec<Interval>,
    /// The folders in it that are replaced with asterisks, sorted and disjoint.
    pub(in crate::redump) folders: Vec<Interval>,
    /// The code of the process, if stacks are filtered.
    pub(in crate::redump) code: Option<Arc<Code>>,
    /// The filter for stacks and registers, if the result is a triage dump.
    pub(in crate::redump) triage: Option<Arc<Triage>>,
}

impl Selection {
    /// Returns the flags of the result. A triage dump as a source stays one, and has no extended contexts.
    pub(in crate::redump) fn flags(&self, source: &Source<'_>, options: &Options) -> MinidumpType {
        let triage = source.triage(self.selected.full);
        let excluded = if triage.is_empty() { triage } else { MinidumpType::WITH_AVX_X_STATE_CONTEXT };
        (options.asked() - excluded) | triage
    }

    /// Returns everything that is filtered as a stack.
    pub(in crate::redump) fn filtered(&self) -> Vec<Interval> {
        let stacks = self.stacks.iter().chain(self.extended.as_flattened()).flatten();
        let all = stacks.chain(&self.others).chain(&self.below).copied().collect();
        self.narrow.wide_stacks(all)
    }

    /// Returns how many bytes are not filtered: all except stacks, shared data, and code of modules around
    /// instructions.
    pub(in crate::redump) fn unfiltered(&self, source: &Source<'_>) -> u64 {
        self.selected.unfiltered(source, &[&self.below, self.narrow.filtered()].concat())
    }
}

/// The memory that goes into the result.
#[derive(Debug)]
pub(in crate::redump) struct Selected {
    /// The ranges: sorted, disjoint, and with all their bytes present.
    pub(in crate::redump) ranges: Arc<Intervals>,
    /// True if the ranges are full memory and go into a Memory64List.
    pub(in crate::redump) full: bool,
    /// The memory that is selected for other reasons than full memory, and of which the source has bytes; a byte may be
    /// selected many times.
    pub(super) chosen: Chosen,
}

impl Selected {
    /// Returns a selection of all memory in all lists.
    pub(in crate::redump) fn all(ranges: Intervals) -> Self {
        Self { ranges: Arc::new(ranges), full: true, chosen: Chosen::default() }
    }

    /// Returns all selected memory with its reasons.
    pub(in crate::redump) fn iter(&self) -> impl Iterator<Item = SelectedMemory> + '_ {
        let ranges = self.ranges.iter().filter(|_| self.full);
        self.chosen.iter().chain(ranges.map(|range| SelectedMemory {
            address: range.start,
            size: range.size(),
            reason: Reason::FullMemory,
        }))
    }

    /// Returns all selected memory, sorted and disjoint. The ranges also include small gaps in it.
    pub(in crate::redump) fn wanted(&self) -> Intervals {
        union(self.iter().filter_map(|memory| memory.interval()))
    }

    /// Returns the memory that letters and the program ask for and that not every dump has; sorted and disjoint.
    pub(super) fn asked_for(&self) -> Intervals {
        let others = self.iter().filter(|memory| !memory.reason.is_for_traces());
        union(others.filter_map(|memory| memory.interval()))
    }

    /// See [`Selection::unfiltered`]; `below` is filtered as well.
    fn unfiltered(&self, source: &Source<'_>, below: &[Interval]) -> u64 {
        let total = |intervals: &Intervals| {
            let present = intervals.iter().flat_map(|interval| source.present(interval));
            present.fold(0u64, |sum, part| sum.saturating_add(part.size()))
        };
        let (mut traces, mut windows) = (Union::default(), Union::default());
        let wanted = self.wanted();
        // Of the memory below the stack pointers, only what is selected.
        traces.extend(below.iter().flat_map(|part| overlapping(&wanted, *part).filter_map(|it| it.intersection(part))));
        let whole = total(&wanted);
        drop(wanted);
        let has_blocks = self.chosen.iter().any(|memory| memory.reason == Reason::Wow64Blocks);
        let asked = if has_blocks { self.asked_for() } else { Intervals::default() };
        for memory in self.iter().filter(|memory| memory.reason.is_for_traces() || memory.reason.is_of_image()) {
            let is_code = memory.reason.is_of_image()
                || matches!(
                    memory.reason,
                    Reason::InstructionPointer { .. } | Reason::ExceptionAddress | Reason::UnwindData
                );
            let blocks = memory.interval().filter(|_| memory.reason == Reason::Wow64Blocks);
            if let Some(block) = blocks {
                // The parts that other letters ask for are not filtered.
                traces.extend(gaps(&asked, block));
            } else {
                if is_code { &mut windows } else { &mut traces }.extend(memory.interval());
            }
        }
        let modules = source.modules();
        // Overlaps are joined first, so that a module is not visited once for each of many windows at the same place.
        for window in windows.into_intervals().iter() {
            traces.extend(overlapping(modules, window).filter_map(|module| module.intersection(&window)));
        }
        whole.saturating_sub(total(&traces.into_intervals()))
    }
}
