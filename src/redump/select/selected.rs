//! What goes into the result.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::format::MinidumpType;
use crate::read::{Interval, gaps, overlapping, united};
use crate::redump::filter::code::Code;
use crate::redump::filter::triage::Triage;
use crate::redump::options::Options;
use crate::redump::source::Source;

use crate::redump::select::narrow::NarrowSide;
use crate::redump::select::reason::{Reason, SelectedMemory};

/// What goes into the result.
#[derive(Debug)]
pub(in crate::redump) struct Selection {
    pub(in crate::redump) selected: Selected,
    /// The IDs of the threads that the program leaves out.
    pub(in crate::redump) threads_left_out: HashSet<u32>,
    /// The stack of each thread of the source, in its order.
    pub(in crate::redump) stacks: Vec<Option<Interval>>,
    /// The stack and the backing store of each extended thread, likewise.
    pub(in crate::redump) extended: Vec<[Option<Interval>; 2]>,
    /// The stacks beside those.
    pub(in crate::redump) others: Vec<Interval>,
    /// The 32-bit side of the process, if it has one.
    pub(in crate::redump) narrow: NarrowSide,
    /// What lies in the stacks below the stack pointers, where it is to be filtered as well.
    pub(in crate::redump) below: Vec<Interval>,
    /// What becomes zero though it is selected, sorted and apart.
    pub(in crate::redump) hidden: Vec<Interval>,
    /// What becomes the pattern of triage dumps, likewise.
    pub(in crate::redump) patterned: Vec<Interval>,
    /// Where folders are in it that asterisks replace, likewise.
    pub(in crate::redump) folders: Vec<Interval>,
    /// Where code is, if the stacks are to be filtered.
    pub(in crate::redump) code: Option<Arc<Code>>,
    /// What stays of stacks and registers in a triage dump, if the result is to become one.
    pub(in crate::redump) triage: Option<Arc<Triage>>,
}

impl Selection {
    /// The flags of the result. A triage dump as a source stays one, and has no extended contexts.
    pub(in crate::redump) fn flags(&self, source: &Source<'_>, options: &Options) -> MinidumpType {
        let triage = source.triage(self.selected.full);
        let excluded = if triage.is_empty() { triage } else { MinidumpType::WITH_AVX_X_STATE_CONTEXT };
        (options.asked() - excluded) | triage
    }

    /// All that is filtered as a stack.
    pub(in crate::redump) fn filtered(&self) -> Vec<Interval> {
        let stacks = self.stacks.iter().chain(self.extended.as_flattened()).flatten();
        let all = stacks.chain(&self.others).chain(&self.below).copied().collect();
        self.narrow.wide_stacks(all)
    }

    /// How many bytes are neither stacks and shared data, which are filtered, nor code of modules around instructions.
    pub(in crate::redump) fn unfiltered(&self, source: &Source<'_>) -> u64 {
        self.selected.unfiltered(source, &[&self.below, self.narrow.filtered()].concat())
    }
}

/// The memory that goes into the result.
#[derive(Debug)]
pub(in crate::redump) struct Selected {
    /// The ranges, in the order of addresses, apart from each other, with all their bytes present.
    pub(in crate::redump) ranges: Arc<Vec<Interval>>,
    /// True if the ranges are all memory and belong into a Memory64 list.
    pub(in crate::redump) full: bool,
    /// What is wanted for other reasons than that it is there, and of which the source has bytes; one byte may be wanted
    /// many times.
    pub(super) chosen: Vec<SelectedMemory>,
}

impl Selected {
    /// All memory, whatever lists it is in.
    pub(in crate::redump) fn all(ranges: Vec<Interval>) -> Self {
        Self { ranges: Arc::new(ranges), full: true, chosen: Vec::new() }
    }

    /// All that is wanted, each for its reason.
    pub(in crate::redump) fn iter(&self) -> impl Iterator<Item = SelectedMemory> + '_ {
        let ranges = self.ranges.iter().filter(|_| self.full);
        self.chosen.iter().copied().chain(ranges.map(|range| SelectedMemory {
            address: range.start,
            size: range.size(),
            reason: Reason::FullMemory,
        }))
    }

    /// All that is wanted, in the order of addresses and apart from each other. Ranges hold small gaps between it too.
    pub(in crate::redump) fn wanted(&self) -> Vec<Interval> {
        united(self.iter().filter_map(|memory| memory.interval()).collect())
    }

    /// What letters and the program ask for, and not every dump has; in the order of addresses and apart.
    pub(super) fn asked_for(&self) -> Vec<Interval> {
        let others = self.iter().filter(|memory| !memory.reason.is_for_traces());
        united(others.filter_map(|memory| memory.interval()).collect())
    }

    /// See [`Selection::unfiltered`]; `below` is filtered, too.
    fn unfiltered(&self, source: &Source<'_>, below: &[Interval]) -> u64 {
        let total = |intervals: Vec<Interval>| {
            let intervals = united(intervals);
            let present = intervals.iter().flat_map(|&interval| source.present(interval));
            present.fold(0u64, |sum, part| sum.saturating_add(part.size()))
        };
        let wanted = self.wanted();
        let asked = self.asked_for();
        // Of what is below the stack pointers, what is asked for.
        let filtered = below.iter().flat_map(|part| overlapping(&wanted, *part).filter_map(|it| it.intersection(part)));
        let (mut traces, mut windows): (Vec<Interval>, _) = (filtered.collect(), Vec::new());
        for memory in self.iter().filter(|memory| memory.reason.is_for_traces() || memory.reason.is_of_image()) {
            let is_code = memory.reason.is_of_image()
                || matches!(
                    memory.reason,
                    Reason::InstructionPointer { .. } | Reason::ExceptionAddress | Reason::UnwindData
                );
            let blocks = memory.interval().filter(|_| memory.reason == Reason::NarrowSide);
            if let Some(block) = blocks {
                // What other letters ask for of them is not filtered.
                traces.extend(gaps(&asked, block));
            } else {
                if is_code { &mut windows } else { &mut traces }.extend(memory.interval());
            }
        }
        let modules = source.modules();
        // Overlaps go first, so that no module is met once for each of many windows at one place.
        for window in united(windows) {
            traces.extend(overlapping(modules, window).filter_map(|module| module.intersection(&window)));
        }
        let traces = total(traces);
        total(wanted).saturating_sub(traces)
    }
}
