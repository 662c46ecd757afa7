//! Selects the memory that goes into the result, with the reasons.

mod chosen;
mod code_pointers;
mod eh_frame;
mod exception_directory;
mod folders;
mod full;
mod ground;
mod headers;
mod identify;
mod images;
mod in_use;
mod managed;
pub(super) mod narrow;
mod pointers;
mod presets;
mod private;
mod process;
pub(super) mod reason;
mod sections;
pub(super) mod selected;
mod shared_data;
mod stacks;
mod unwind;
mod unwind_forms;
mod unwritten;
mod walk;
mod wanted;

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::error::RedumpError;
use crate::format::MinidumpType;
use crate::read::thread::{ThreadEx, ThreadExList};
use crate::read::{Context, Exception, Interval, Intervals, Thread, ThreadList, united};
use crate::redump::filter::code::Code;
use crate::redump::filter::triage::Triage;
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::Report;
use crate::redump::source::Source;

use in_use::Stacks;
use narrow::NarrowSide;
use reason::Reason;
use sections::{Section, sections};
use selected::{Selected, Selection};
use wanted::Wanted;

/// The largest gap over which ranges are joined: a descriptor would take as many bytes.
const LARGEST_GAP: u64 = 16;

pub(super) fn select(
    source: &Source<'_>,
    options: &Options,
    hooks: &Hooks<'_>,
    report: &mut Report,
) -> Result<Selection, RedumpError> {
    let threads = Threads::new(source, hooks);
    let mut in_use = Stacks::new(source, threads.exceptions.iter().copied());
    let mut stacks: Vec<_> = threads.list().map(|thread| threads.stack(&mut in_use, &thread)).collect();
    let extended = threads.extended().map(|thread| threads.extended_stacks(source, &mut in_use, &thread));
    let mut extended: Vec<_> = extended.collect();
    let below = if options.is_triage() { threads.below(source, &mut in_use) } else { Vec::new() };
    let others = in_use.into_others();
    let narrow = threads.narrow(source, &mut stacks, &mut extended, options.is_triage());
    let mut wanted = Wanted::new(source);
    for &(address, size) in &hooks.memory {
        wanted.add_at(address, size, Reason::Requested);
    }
    threads.stacks(&mut wanted, &stacks, &extended, &narrow);
    others.iter().for_each(|&(thread, stack)| wanted.add(stack, Reason::Stack { thread }));
    let others: Vec<Interval> = others.into_iter().map(|(_, stack)| stack).collect();
    let full = options.contain(MinidumpType::WITH_FULL_MEMORY);
    let code = options.contain(MinidumpType::FILTER_MEMORY).then(|| Arc::new(Code::new(source)));
    let mut folders = Vec::new();
    let ranges = if threads.no_memory {
        Intervals::default()
    } else if full {
        let go_on = options.contain(MinidumpType::IGNORE_INACCESSIBLE_MEMORY);
        full::full_memory(source, go_on, report)?
    } else {
        threads.instructions(&mut wanted, code.as_deref());
        let may_be_code = |address: u64| !code.as_deref().is_some_and(|code| code.is_data(address));
        narrow.add(&mut wanted, may_be_code, !options.contain(MinidumpType::WITH_PROCESS_THREAD_DATA));
        shared_data::shared_data(&mut wanted, options);
        unwind::unwind_data(&mut wanted, hooks, options.is_private(), report);
        if !source.triage(full).is_empty() {
            // For objects that stack words point to, such a dump has only the first word.
            let word = u64::from(source.target.pointer_size());
            let words = source.ranges.iter().filter(|range| range.size() <= word);
            let may_stay = |range: &Interval| {
                let word = source.memory.read_pointer(range.start).map(|word| source.target.mask(word));
                let is_stack = |word| {
                    let mut all = stacks.iter().flatten().chain(&others);
                    all.any(|stack| stack.has(word)) || narrow.is_on_wide_stack(word)
                };
                let code = code.as_ref().filter(|_| options.is_triage());
                code.is_none_or(|code| word.is_some_and(|word| code.is_in_module(word) || is_stack(word)))
            };
            words.filter(may_stay).for_each(|range| wanted.add(range, Reason::TriageObject));
        }
        let stacks = stacks.iter().chain(extended.as_flattened()).flatten().chain(&others);
        chosen(options, hooks, (&threads, &narrow), stacks.clone(), &mut wanted, report)?;
        let in_use = (stacks.copied().collect(), threads.contexts());
        presets::presets(&mut wanted, (options, hooks), in_use, &narrow, code.as_ref(), report)?;
        folders = folders::in_images(source, options, hooks)?;
        report.unavailable.extend(wanted.unavailable());
        present_and_merged(source, wanted.intervals().consume())
    };
    let selected = Selected { ranges: Arc::new(ranges), full, chosen: wanted.into_chosen() };
    let mut hidden = if full { Vec::new() } else { shared_data::hidden(options) };
    let code_of_triage = code.as_ref().filter(|_| options.is_triage());
    let triage = code_of_triage.map(|code| Triage::new(Arc::clone(code), Arc::clone(&selected.ranges), source.target));
    let triage = triage.map(Arc::new);
    let mut patterned = Vec::new();
    if code.is_some() && (!full || triage.is_some()) {
        let with_blocks = !full && !options.contain(MinidumpType::WITH_PROCESS_THREAD_DATA);
        let [zero, pattern] = narrow.hidden(source, || selected.asked_for(), with_blocks, triage.as_ref());
        hidden = united(hidden.into_iter().chain(zero).collect());
        patterned = pattern;
    }
    Ok(Selection {
        selected,
        threads_left_out: threads.left_out,
        stacks,
        extended,
        others,
        narrow,
        below,
        hidden,
        patterned,
        folders,
        code,
        triage,
    })
}

/// The threads of the source, and which of them are kept.
struct Threads<'a> {
    list: Option<ThreadList<'a>>,
    extended: Option<ThreadExList<'a>>,
    exceptions: Vec<Exception<'a>>,
    left_out: HashSet<u32>,
    /// True if all memory is left out, including the stacks.
    no_memory: bool,
}

impl<'a> Threads<'a> {
    fn new(source: &'a Source<'_>, hooks: &Hooks<'_>) -> Self {
        let dump = &source.dump();
        let left_out = hooks.threads_left_out(dump);
        let exceptions = source.exceptions().filter(|exception| !left_out.contains(&exception.thread_id()));
        Self {
            list: dump.find(),
            extended: dump.find(),
            exceptions: exceptions.collect(),
            no_memory: hooks.leave_out_memory(dump),
            left_out,
        }
    }

    fn list(&self) -> impl Iterator<Item = Thread<'a>> + use<'a> {
        self.list.into_iter().flatten()
    }

    fn extended(&self) -> impl Iterator<Item = ThreadEx<'a>> + use<'a> {
        self.extended.into_iter().flatten()
    }

    fn counts(&self, thread: &Thread<'_>) -> bool {
        !self.no_memory && !self.left_out.contains(&thread.id())
    }

    /// Returns all threads that are kept.
    fn all(&self) -> impl Iterator<Item = Thread<'a>> + '_ {
        self.list().chain(self.extended().map(|thread| thread.thread())).filter(|thread| self.counts(thread))
    }

    /// Returns the readable contexts of the threads that are kept and of the exceptions.
    fn contexts(&self) -> impl Iterator<Item = Context<'a>> + '_ {
        let exceptions = self.exceptions.iter().filter_map(|exception| exception.registers());
        self.all().filter_map(|thread| thread.registers()).chain(exceptions)
    }

    fn stack(&self, in_use: &mut Stacks<'_, '_>, thread: &Thread<'_>) -> Option<Interval> {
        self.counts(thread).then(|| in_use.of(thread)).flatten()
    }

    /// Returns the stack and the backing store.
    fn extended_stacks(
        &self,
        source: &Source<'_>,
        in_use: &mut Stacks<'_, '_>,
        thread: &ThreadEx<'_>,
    ) -> [Option<Interval>; 2] {
        let counts = self.counts(&thread.thread());
        let backing_store = counts.then(|| source.described(&thread.raw().backing_store)).flatten();
        [self.stack(in_use, &thread.thread()), backing_store]
    }

    /// Returns the complete stacks of all threads, regardless of the stack pointers.
    fn below(&self, source: &Source<'_>, in_use: &mut Stacks<'_, '_>) -> Vec<Interval> {
        let regions = source.regions();
        let all = self.list().chain(self.extended().map(|thread| thread.thread()));
        let whole = all.filter_map(|thread| stacks::whole(source, &thread, &regions));
        whole.chain(in_use.whole_others()).collect()
    }

    fn stacks(
        &self,
        wanted: &mut Wanted<'_, '_>,
        stacks: &[Option<Interval>],
        extended: &[[Option<Interval>; 2]],
        narrow: &NarrowSide,
    ) {
        let mut index = 0..;
        // The 64-bit stack; if there is a 32-bit one, the descriptor names that instead.
        let mut wide = |stack: Option<Interval>| narrow.wide_stack(index.next().unwrap_or(0), stack);
        for (thread, stack) in self.list().zip(stacks) {
            wanted.add(wide(*stack), Reason::Stack { thread: thread.id() });
        }
        for (thread, [stack, backing_store]) in self.extended().map(|thread| thread.thread()).zip(extended) {
            wanted.add(wide(*stack), Reason::Stack { thread: thread.id() });
            wanted.add(*backing_store, Reason::BackingStore { thread: thread.id() });
        }
        narrow.add_stacks(wanted);
    }

    /// Returns the 32-bit side, after replacing the stacks of its threads with the 32-bit ones.
    fn narrow(
        &self,
        source: &Source<'_>,
        stacks: &mut [Option<Interval>],
        extended: &mut [[Option<Interval>; 2]],
        is_triage: bool,
    ) -> NarrowSide {
        let threads = self.list().chain(self.extended().map(|thread| thread.thread()));
        let mut own: Vec<&mut Option<Interval>> = stacks.iter_mut().collect();
        own.extend(extended.iter_mut().map(|[stack, _]| stack));
        let counting = threads.zip(own.iter()).map(|(thread, stack)| (self.counts(&thread).then_some(thread), **stack));
        let narrow = NarrowSide::of(source, counting, is_triage);
        own.into_iter().enumerate().for_each(|(number, stack)| narrow.replace(number, stack));
        narrow
    }

    /// Adds the code around instruction pointers and exception addresses. With `code` (stacks are filtered), leaves out
    /// memory that the dump describes as data, and memory around exception addresses that are data addresses by
    /// definition.
    fn instructions(&self, wanted: &mut Wanted<'_, '_>, code: Option<&Code>) {
        let source = wanted.source;
        let may_be_code = |address: u64| !code.is_some_and(|code| code.is_data(source.target.mask(address)));
        let threads = self.all().filter_map(|thread| Some((thread.registers()?.instruction_pointer()?, thread.id())));
        for (address, thread) in threads.filter(|&(address, _)| may_be_code(address)) {
            stacks::instruction_pointer(wanted, address, Reason::InstructionPointer { thread });
        }
        for exception in &self.exceptions {
            let instruction = exception.registers().and_then(|context| context.instruction_pointer());
            if let Some(address) = instruction.filter(|&address| may_be_code(address)) {
                stacks::instruction_pointer(wanted, address, Reason::ExceptionAddress);
            }
            let is_meant = source.target.is_windows() || code.is_none();
            if let Some(address) = Some(exception.address()).filter(|&address| is_meant && may_be_code(address)) {
                wanted.add(stacks::window(source, address), Reason::ExceptionAddress);
            }
        }
    }
}

/// Adds what the letters `i`, `p`, `e`, `w`, `d` and `c` ask for.
fn chosen<'i>(
    options: &Options,
    hooks: &Hooks<'_>,
    (threads, narrow): (&Threads<'_>, &NarrowSide),
    stacks: impl Iterator<Item = &'i Interval>,
    wanted: &mut Wanted<'_, '_>,
    report: &mut Report,
) -> Result<(), RedumpError> {
    let source = wanted.source;
    let asked = |bits| options.contain(bits);
    if asked(MinidumpType::WITH_INDIRECTLY_REFERENCED_MEMORY) {
        wanted.ask('i', "memory that stack words point to");
        // Each byte once, even if it is on the stacks of many threads, and without the gaps.
        for (stacks, width) in narrow.by_width(stacks.copied().collect(), source.target.pointer_size()) {
            let present = present_and_merged(source, united(stacks).into_iter());
            source.refuse_shared_bytes(&present)?;
            pointers::pointers(wanted, &present, width);
        }
        let flags = source.dump().flags();
        let filtered = flags.intersects(MinidumpType::FILTER_MEMORY.union(MinidumpType::FILTER_TRIAGE));
        if filtered && flags.contains(MinidumpType::WITH_INDIRECTLY_REFERENCED_MEMORY) {
            // The pointers have been filtered out of its stacks; what they pointed to is here.
            source.ranges.iter().for_each(|range| wanted.add(range, Reason::FilteredPointer));
        }
    }
    if asked(MinidumpType::WITH_PROCESS_THREAD_DATA) {
        wanted.ask('p', "thread and process environment blocks");
        process::process(wanted, threads.all(), options);
        narrow.add_process(wanted, options);
    }
    if asked(MinidumpType::WITH_MODULE_HEADERS) {
        wanted.ask('e', "image headers and data directories");
        headers::headers(wanted, hooks);
    }
    if asked(MinidumpType::WITH_PRIVATE_READ_WRITE_MEMORY) {
        wanted.ask('w', "private regions");
        private::private(wanted);
    }
    let [data, code] = [MinidumpType::WITH_DATA_SEGS, MinidumpType::WITH_CODE_SEGS].map(asked);
    if data || code {
        let modules = source.dump().modules();
        let is_kept = |number| modules.get(number).is_some_and(|it| hooks.keeps_module(&it));
        for (letter, what, _) in
            [('d', "data sections", data), ('c', "code sections", code)].into_iter().filter(|it| it.2)
        {
            wanted.ask(letter, what);
        }
        for section in sections(source, report).into_iter().filter(|it| is_kept(it.module)) {
            let Section { module, bounds, kind, .. } = section;
            for (letter, is_of_letter) in [('d', kind.is_data()), ('c', kind.is_code())] {
                if is_of_letter && !section.is_headers() {
                    wanted.count(letter, bounds);
                }
            }
            if data && kind.is_data() {
                wanted.add(bounds, Reason::DataSection { module });
            } else if code && kind.is_code() {
                wanted.add(bounds, Reason::CodeSection { module });
            }
        }
    }
    Ok(())
}

/// Returns the parts that have bytes, joining those that are close together. The intervals are sorted and disjoint, so
/// that a byte is not visited once for each of many intervals.
fn present_and_merged(source: &Source<'_>, wanted: impl Iterator<Item = Interval>) -> Intervals {
    let mut merged = Intervals::default();
    for next in wanted.flat_map(|wanted| source.present(wanted)) {
        match merged.last_mut() {
            Some(before) if joins(source, before, &next) => before.last = next.last,
            _ => merged.push(next),
        }
    }
    merged
}

/// True if the gap between two intervals is small and the source has its bytes.
fn joins(source: &Source<'_>, before: &Interval, next: &Interval) -> bool {
    let gap = next.start - before.last - 1;
    gap == 0 || gap <= LARGEST_GAP && source.holds(Interval { start: before.last + 1, last: next.start - 1 })
}
