//! The 32-bit side of a 64-bit dump of a 32-bit process: the stacks and registers of the program itself, and what a
//! debugger needs to find them.
//!
//! Today's debugger leaves all of it out when it re-encodes, and for a live process writes only the stacks. What it needs
//! to switch to x86 was measured: the TEB slot that leads to the saved registers, and pages with both process environment
//! blocks, regardless of their contents.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::format::context::ContextLayout;
use crate::format::process::{ProcessLayout, Wow64Layout};
use crate::read::context::Context;
use crate::read::system::wow64::{Wow64, Wow64Thread, X86};
use crate::read::{Dump, Interval, Intervals, Thread, gaps, united};
use crate::redump::context_form::{Change, Form};
use crate::redump::filter::triage::Triage;
use crate::redump::options::Options;
use crate::redump::source::Source;

use crate::redump::select::process;
use crate::redump::select::reason::Reason;
use crate::redump::select::stacks;
use crate::redump::select::wanted::Wanted;

/// Environment blocks begin at page boundaries.
const PAGE: u64 = 0x1000;
const WIDE: &ProcessLayout = &ProcessLayout::BITS_64;
const NARROW: &ProcessLayout = &ProcessLayout::BITS_32;
/// How much of a 32-bit thread environment block is taken, in bytes: up to and including the address of the process
/// environment block. The debugger does not need it, but re-encoding the result does.
const NARROW_TEB: u64 = NARROW.teb_process_environment_block + 4;
/// The size of the area with the saved registers, in bytes.
const AREA: u64 = Wow64Layout::CPU_AREA_CONTEXT + ContextLayout::X86.size as u64;
/// What `r` keeps of the blocks, as offsets and sizes: addresses, one of which leads to the registers.
const KEPT_OF_TEB: [(u64, u64); 7] = [
    (Wow64Layout::TEB_EXCEPTION_LIST, 8),
    (WIDE.teb_stack_base, 8),
    (WIDE.teb_stack_limit, 8),
    (WIDE.teb_self, 8),
    (WIDE.teb_process_environment_block, 8),
    (Wow64Layout::TEB_CPU_AREA, 8),
    (Wow64Layout::TEB_WOW_TEB_OFFSET, 4),
];
const KEPT_OF_NARROW_TEB: [(u64, u64); 4] = [
    (NARROW.teb_stack_base, 4),
    (NARROW.teb_stack_limit, 4),
    (NARROW.teb_self, 4),
    (NARROW.teb_process_environment_block, 4),
];
const KEPT_OF_PEB: [(u64, u64); 1] = [(WIDE.peb_image_base_address, 8)];
const KEPT_OF_NARROW_PEB: [(u64, u64); 1] = [(NARROW.peb_image_base_address, 4)];

/// The 32-bit side of a thread.
#[derive(Clone, Copy, Debug, Default)]
struct NarrowThread {
    id: u32,
    /// The addresses of the 64-bit and the 32-bit environment block.
    blocks: (Option<u64>, Option<u64>),
    /// The 32-bit stack in the descriptor, and further parts of it that the source names.
    stack: Option<Interval>,
    more: [Option<Interval>; 2],
    /// The 64-bit stack.
    wide: Option<Interval>,
    /// The complete 32-bit stack, including the memory below the stack pointer.
    whole: Option<Interval>,
    /// The area in which WOW64 saved the registers.
    area: Option<Interval>,
    instruction: Option<u64>,
    frame: Option<u64>,
}

/// The 32-bit side of the process; empty if it has none.
#[derive(Debug, Default)]
pub(in crate::redump) struct NarrowSide {
    threads: Vec<NarrowThread>,
    /// The addresses of the 64-bit and the 32-bit process environment block.
    process_blocks: (Option<u64>, Option<u64>),
    /// The filtered parts of the 32-bit stacks, in a triage dump including the memory below the stack pointers; sorted
    /// and disjoint.
    filtered: Vec<Interval>,
}

impl NarrowSide {
    /// `threads` are all threads of the source, each with its 64-bit stack; `None` for one that is left out.
    pub(super) fn of<'t>(
        source: &Source<'_>,
        threads: impl Iterator<Item = (Option<Thread<'t>>, Option<Interval>)>,
        is_triage: bool,
    ) -> Self {
        let dump = Dump::Minidump(source.dump());
        let Some(process) = Wow64::of(&dump, &source.memory) else { return Self::default() };
        let mut side = Self::default();
        let mut raised: Vec<_> = source.exceptions().collect();
        raised.sort_by_key(|exception| exception.thread_id());
        let mut has_any = false;
        for (thread, wide) in threads {
            has_any |= thread.is_some();
            let Some(thread) = thread else {
                side.threads.push(NarrowThread::default());
                continue;
            };
            let first = raised.partition_point(|exception| exception.thread_id() < thread.id());
            let exception = raised.get(first).filter(|exception| exception.thread_id() == thread.id());
            let at_fault = exception.and_then(|exception| exception.registers());
            let at_fault = process.thread_at(0, at_fault).context().and_then(|context| context.stack_pointer());
            let narrow = process.thread_at(thread.teb(), thread.registers());
            side.threads.push(NarrowThread::new(source, &thread, &narrow, wide, at_fault));
        }
        if !has_any {
            return Self::default();
        }
        let teb = side.threads.iter().find_map(|thread| thread.blocks.0);
        let wide = teb.and_then(|teb| source.memory.read_u64(teb.wrapping_add(WIDE.teb_process_environment_block)));
        let wide = wide.filter(|block| *block != 0 && block % PAGE == 0);
        side.process_blocks = (wide, process.process_environment_block());
        let whole = |thread: &NarrowThread| thread.whole.filter(|_| is_triage);
        let all = side.threads.iter().flat_map(|it| it.stacks().chain(whole(it)));
        side.filtered = united(all.collect());
        side
    }

    /// Replaces the 64-bit stack of the thread with this index with its 32-bit stack.
    pub(super) fn replace(&self, index: usize, stack: &mut Option<Interval>) {
        let narrow = self.threads.get(index).and_then(|thread| thread.stack);
        *stack = narrow.or(*stack);
    }

    /// Returns the 64-bit stack of the thread with this index, whose descriptor has `stack`.
    pub(super) fn wide_stack(&self, index: usize, stack: Option<Interval>) -> Option<Interval> {
        match self.threads.get(index) {
            Some(thread) if thread.stack.is_some() => thread.wide,
            _ => stack,
        }
    }

    /// Returns the 64-bit stacks, and the parts of `described` that are not 32-bit stacks: everything that is filtered
    /// as 64-bit stacks.
    pub(super) fn wide_stacks(&self, mut described: Vec<Interval>) -> Vec<Interval> {
        if self.threads.is_empty() {
            return described;
        }
        described.extend(self.threads.iter().filter_map(|thread| thread.wide));
        let areas = self.threads.iter().filter_map(|thread| thread.area);
        let others = united(self.filtered.iter().copied().chain(areas).collect());
        united(described).into_iter().flat_map(|stack| gaps(&others, stack)).collect()
    }

    /// True if the address is on a 64-bit stack of a thread whose descriptor names the 32-bit stack.
    pub(super) fn is_on_wide_stack(&self, address: u64) -> bool {
        self.threads.iter().any(|thread| thread.wide.is_some_and(|stack| stack.has(address)))
    }

    /// Returns all stacks by word size, for `i`. `described` are those in descriptors.
    pub(super) fn by_width(&self, mut described: Vec<Interval>, width: u32) -> Vec<(Vec<Interval>, u32)> {
        if self.threads.is_empty() {
            return vec![(described, width)];
        }
        let narrow = united(self.threads.iter().flat_map(NarrowThread::stacks).collect());
        described.extend(self.threads.iter().filter_map(|thread| thread.wide));
        let wide = united(described).into_iter().flat_map(|stack| gaps(&narrow, stack)).collect();
        vec![(wide, width), (narrow, 4)]
    }

    /// Returns the 32-bit stacks that are filtered.
    pub(in crate::redump) fn filtered(&self) -> &[Interval] {
        &self.filtered
    }

    /// Returns the 32-bit instruction pointers.
    pub(in crate::redump) fn instructions(&self) -> impl Iterator<Item = u64> + '_ {
        self.threads.iter().filter_map(|thread| thread.instruction)
    }

    /// Returns the 32-bit frame pointers.
    pub(in crate::redump) fn frames(&self) -> impl Iterator<Item = u64> + '_ {
        self.threads.iter().filter_map(|thread| thread.frame)
    }

    /// Adds the stacks.
    pub(super) fn add_stacks(&self, wanted: &mut Wanted<'_, '_>) {
        for thread in &self.threads {
            for stack in thread.stacks() {
                wanted.add(stack, Reason::Wow64Stack { thread: thread.id });
            }
        }
    }

    /// Adds the code around instruction pointers and what leads to the registers, but without `with_blocks` not the
    /// environment blocks, which `p` adds.
    pub(super) fn add(&self, wanted: &mut Wanted<'_, '_>, may_be_code: impl Fn(u64) -> bool, with_blocks: bool) {
        let reach = X86.processor().code_window;
        for thread in &self.threads {
            let id = thread.id;
            if let Some(address) = thread.instruction.filter(|&address| may_be_code(address)) {
                let window = stacks::around(wanted.source, address, reach);
                wanted.add(window, Reason::InstructionPointer { thread: id });
            }
            wanted.add(thread.area, Reason::Wow64Context { thread: id });
        }
        if with_blocks {
            self.blocks().for_each(|(block, _)| wanted.add(block, Reason::Wow64Blocks));
        }
    }

    /// Adds what `p` takes of the 32-bit side.
    pub(super) fn add_process(&self, wanted: &mut Wanted<'_, '_>, options: &Options) {
        if !self.threads.is_empty() {
            let threads = self.threads.iter().filter_map(|thread| Some((thread.blocks.1?, thread.id)));
            process::blocks(wanted, threads, self.process_blocks.1, NARROW, options);
        }
    }

    /// Returns the environment blocks without duplicates, and what `r` keeps of them.
    fn blocks(&self) -> impl Iterator<Item = (Option<Interval>, &'static [(u64, u64)])> + '_ {
        let mut met = HashSet::new();
        let of_threads = self.threads.iter().flat_map(|thread| {
            let wide = thread.blocks.0.map(|at| (at, WIDE.teb_size, &KEPT_OF_TEB[..]));
            let narrow = thread.blocks.1.map(|at| (at, NARROW_TEB, &KEPT_OF_NARROW_TEB[..]));
            [wide, narrow]
        });
        let (wide, narrow) = self.process_blocks;
        let wide = wide.map(|at| (at, WIDE.peb_size, &KEPT_OF_PEB[..]));
        let narrow = narrow.map(|at| (at, NARROW.peb_size, &KEPT_OF_NARROW_PEB[..]));
        let has_any = !self.threads.is_empty();
        let all = of_threads.chain([wide, narrow].into_iter().filter(move |_| has_any)).flatten();
        all.filter(move |(at, ..)| met.insert(*at)).map(|(at, size, kept)| (Interval::new(at, size), kept))
    }

    /// Returns what `r` takes out: everything in the environment blocks except what leads to the registers or is
    /// requested by another letter, and those saved registers that a thread's context loses as well. The first list is
    /// zeroed, the second filled with the triage pattern; both are sorted and disjoint. `asked` returns what other letters
    /// request; it is only called if the process has blocks.
    pub(super) fn hidden(
        &self,
        source: &Source<'_>,
        asked: impl FnOnce() -> Intervals,
        with_blocks: bool,
        triage: Option<&Arc<Triage>>,
    ) -> [Vec<Interval>; 2] {
        let (mut zeroed, mut marked) = (Vec::new(), Vec::new());
        let asked =
            if with_blocks && self.blocks().any(|(block, _)| block.is_some()) { asked() } else { Intervals::default() };
        for (block, kept) in self.blocks().filter(|_| with_blocks) {
            let Some(block) = block else { continue };
            let kept = kept.iter().filter_map(|(at, size)| Interval::new(block.start + at, *size));
            let kept = united(kept.collect());
            zeroed.extend(gaps(&kept, block).flat_map(|part| gaps(&asked, part)));
        }
        let narrow = triage.map(|triage| triage.of_target(X86));
        let form = Form { bare: true, vectors: false, triage: narrow.as_ref(), ..Form::FIXED_PART };
        let mut met = HashSet::new();
        for area in self.threads.iter().filter_map(|thread| thread.area).filter(|area| met.insert(area.start)) {
            let mut record = [0; ContextLayout::X86.size as usize];
            let start = area.start.saturating_add(Wow64Layout::CPU_AREA_CONTEXT);
            source.memory.read(start, &mut record);
            let context = Context::new(&record, X86, source.dump().byte_order());
            let bare = Change::new(&context, X86.processor(), form).applied(&context);
            for ((before, after), at) in record.iter().zip(bare.iter()).zip(start..) {
                let list = if *after == 0 { &mut zeroed } else { &mut marked };
                match list.last_mut() {
                    _ if before == after => {}
                    Some(run) if run.next() == Some(at) => run.last = at,
                    _ => list.push(Interval { start: at, last: at }),
                }
            }
        }
        // Blocks and areas only overlap in crafted files.
        [united(zeroed), united(marked)]
    }
}

impl NarrowThread {
    /// Returns the 32-bit stacks.
    fn stacks(&self) -> impl Iterator<Item = Interval> + use<> {
        self.stack.into_iter().chain(self.more.into_iter().flatten())
    }

    fn new(
        source: &Source<'_>,
        thread: &Thread<'_>,
        narrow: &Wow64Thread,
        wide: Option<Interval>,
        at_fault: Option<u64>,
    ) -> Self {
        let interval = |range: core::ops::Range<u64>| Interval::new(range.start, range.end - range.start);
        let context = narrow.context();
        let whole = narrow.stack_bounds().and_then(interval);
        let by_block = narrow.stack().and_then(interval).and_then(|stack| source.hull(stack));
        // Windows 7 wrote descriptors of the 32-bit stacks, but no environment blocks that lead to them.
        let described = source.described(&thread.raw().stack).filter(|stack| {
            let is_wide =
                wide.into_iter().chain(stacks::reserved(source, thread)).any(|it| it.intersection(stack).is_some());
            !is_wide && stack.last <= u32::MAX.into()
        });
        let stack = by_block.or(described);
        let more =
            described.filter(|own| by_block.is_some_and(|stack| own.start < stack.start || stack.last < own.last));
        let at_fault = at_fault.zip(stack.zip(whole)).and_then(|(pointer, (stack, whole))| {
            source
                .hull(Interval { start: pointer, last: stack.last })
                .filter(|_| whole.has(pointer) && pointer < stack.start)
        });
        let teb = Some(thread.teb()).filter(|teb| *teb != 0 && teb % PAGE == 0);
        Self {
            id: thread.id(),
            blocks: (teb, narrow.teb()),
            stack,
            more: [more, at_fault],
            wide: wide.filter(|_| stack.is_some()),
            whole,
            area: narrow.saved_at().and_then(|at| Interval::new(at - Wow64Layout::CPU_AREA_CONTEXT, AREA)),
            instruction: context.and_then(|context| context.instruction_pointer()),
            frame: context.and_then(|context| context.frame_pointer()),
        }
    }
}
