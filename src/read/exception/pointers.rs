//! Exceptions that are not recorded in the dump, found by what crash handlers leave on stacks.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::format::ExceptionRecord;
use crate::format::MemoryProtection;
use crate::format::context::{ContextLayout, RegisterGroup};
use crate::format::memory::MemoryState;
use crate::format::process::ProcessLayout;

use crate::read::any_format::AnyThread;
use crate::read::context::registers::Context;
use crate::read::dump::Dump;
use crate::read::exception::crash_reason::CrashReason;
use crate::read::exception::in_memory;
use crate::read::interval::{Interval, Span, any_has, holder, settle, united};
use crate::read::memory::by_address::Memory;
use crate::read::memory::regions::MemoryRegions;
use crate::read::target::Target;
use crate::read::work::worked;

/// An access violation is the only exception whose instruction may be at an address without code.
const ACCESS_VIOLATION: u32 = 0xc000_0005;
/// The exception flags that Windows uses.
const KNOWN_FLAGS: u32 = 0xff;
/// No exception has a code below this.
const LEAST_CODE: u32 = 0x1_0000;

/// An `EXCEPTION_POINTERS` on a stack: the addresses of an exception record and of the registers at that time.
///
/// [`Options::with_exception_pointers`](crate::redump::Options::with_exception_pointers) uses it to make a crash dump.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("hang.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// for found in dump.find_exception_pointers(&dump.memory()) {
///     println!("thread {:#x}: {} at {:#x}", found.thread_id, found.reason, found.instruction_pointer);
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExceptionPointers {
    /// The virtual address of the `EXCEPTION_POINTERS`.
    pub address: u64,
    /// The virtual address of the `EXCEPTION_RECORD`.
    pub record_address: u64,
    /// The virtual address of the `CONTEXT`.
    pub context_address: u64,
    /// The exception record; a record of a 32-bit process is zero-extended.
    pub record: ExceptionRecord,
    /// The meaning of the record, in Windows' terms.
    pub reason: CrashReason,
    /// The instruction pointer in the context.
    pub instruction_pointer: u64,
    /// The stack pointer in the context.
    pub stack_pointer: u64,
    /// The ID of the thread whose stack contains the stack pointer.
    pub thread_id: u32,
}

impl<'a> Dump<'a> {
    /// Finds the exceptions that crash handlers left on the stacks of a Windows process, in ascending order of address.
    /// This is useful for a process that hangs in its handler or was dumped by another program. `memory` is
    /// [`Dump::memory`].
    ///
    /// Two words are taken for an `EXCEPTION_POINTERS` if both point to structures that are entirely in the dump and
    /// valid:
    ///
    /// - a record with a code, known flags and at most 15 parameters;
    /// - a context with the flags of the processor, whose stack pointer is on the stack of a thread;
    /// - the addresses of exception and instruction are in modules or in executable memory. For an access violation,
    ///   they may be anywhere if they are equal.
    ///
    /// If several point to the same structures, the one at the lowest address is returned. The result may include
    /// exceptions that the process has handled. It is empty for other systems than Windows.
    ///
    /// Each word of each stack is examined once. Stacks are found by their thread environment blocks or, without these,
    /// by their descriptors. They are extended by the memory range around a stack pointer that is outside of them.
    #[must_use]
    pub fn find_exception_pointers(&self, memory: &Memory<'_>) -> Vec<ExceptionPointers> {
        let target = self.target();
        let layout = target.processor().windows_context().filter(|_| target.is_windows());
        let Some(layout) = layout else { return Vec::new() };
        let stacks = Stacks::of(self, memory);
        let modules = self.modules().filter_map(|it| target.interval(it.base(), it.size().into())).collect();
        let search = Search { memory, layout, stacks, modules: united(modules), regions: self.regions() };
        search.run()
    }
}

/// The positions of the stacks.
struct Stacks {
    /// Sorted, without overlaps; the rank is the index of the thread.
    spans: Vec<Span>,
    threads: Vec<u32>,
}

impl Stacks {
    fn of(dump: &Dump<'_>, memory: &Memory<'_>) -> Self {
        let (mut spans, mut around, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        for (thread, rank) in dump.threads().zip(0u32..) {
            let own = bounds(memory, &thread).or_else(|| described(memory, &thread));
            let stack_pointer = thread.context().ok().flatten().and_then(|context| context.stack_pointer());
            let stack_pointer = stack_pointer.map(|address| memory.target().mask(address));
            let outside = stack_pointer.filter(|&address| !own.is_some_and(|own| own.has(address)));
            let range = outside.and_then(|address| memory.range_at(address));
            spans.extend(own.map(|interval| Span { interval, rank }));
            let range = range.and_then(|range| Interval::new(range.address, range.size));
            around.extend(range.map(|interval| Span { interval, rank }));
            threads.push(thread.id());
        }
        // The stacks found by the environment blocks take precedence.
        let count = u32::try_from(threads.len()).unwrap_or(u32::MAX);
        let around = around.into_iter().map(|span| Span { rank: span.rank.saturating_add(count), ..span });
        spans.extend(around);
        settle(&mut spans);
        Self { spans, threads }
    }

    /// The ID of the thread whose stack contains the address.
    fn thread(&self, address: u64) -> Option<u32> {
        let rank = usize::try_from(holder(&self.spans, address)?.rank).ok()?;
        self.threads.get(rank.checked_rem(self.threads.len())?).copied()
    }
}

/// The bounds of a stack according to the thread environment block.
fn bounds(memory: &Memory<'_>, thread: &AnyThread<'_>) -> Option<Interval> {
    let target = memory.target();
    let layout = ProcessLayout::for_pointer_size(target.pointer_size());
    let field = |offset: u64| Some(target.mask(memory.read_pointer(thread.teb().checked_add(offset)?)?));
    let (base, limit) = (field(layout.teb_stack_base)?, field(layout.teb_stack_limit)?);
    (thread.teb() != 0 && limit < base).then(|| Interval { start: limit, last: base - 1 })
}

/// The stack according to the descriptor in the thread's record.
fn described(memory: &Memory<'_>, thread: &AnyThread<'_>) -> Option<Interval> {
    match thread {
        AnyThread::Minidump(thread) => {
            let stack = thread.raw().stack;
            memory.target().interval(stack.start_of_memory_range, stack.memory.data_size.into())
        }
        AnyThread::FullUserDump(_) => None,
    }
}

struct Search<'s, 'a> {
    memory: &'s Memory<'a>,
    layout: &'static ContextLayout,
    stacks: Stacks,
    /// Sorted, without overlaps.
    modules: Vec<Interval>,
    regions: MemoryRegions<'s>,
}

impl Search<'_, '_> {
    fn run(&self) -> Vec<ExceptionPointers> {
        let width = u64::from(self.target().pointer_size());
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        // The previous word, if there is no gap in between.
        let mut before: Option<(u64, u64)> = None;
        for stack in self.stacks.spans.iter().map(|span| span.interval) {
            for part in self.memory.visible_within(stack.start, stack.last) {
                let Some(part) = Interval::new(part.address, part.size).and_then(|part| part.intersection(&stack))
                else {
                    continue;
                };
                let mut next = part.start.checked_next_multiple_of(width);
                while let Some(address) = next.filter(|&address| address <= part.last) {
                    worked(1);
                    let word = self.memory.read_pointer(address);
                    let first = before.filter(|&(at, _)| at.checked_add(width) == Some(address));
                    let candidate = first.zip(word).and_then(|((at, record), context)| self.at(at, record, context));
                    found.extend(candidate.filter(|it| seen.insert((it.record_address, it.context_address))));
                    before = word.map(|word| (address, word));
                    next = address.checked_add(width);
                }
            }
        }
        found
    }

    fn target(&self) -> Target {
        self.memory.target()
    }

    /// The exception that two words point to, if they do.
    fn at(&self, address: u64, record_address: u64, context_address: u64) -> Option<ExceptionPointers> {
        let is_aligned = |pointer: u64| pointer != 0 && pointer % 4 == 0;
        if !is_aligned(record_address) || !is_aligned(context_address) || record_address == context_address {
            return None;
        }
        let (memory, target) = (self.memory, self.target());
        // The cheapest check comes first: hardly any word is such an address.
        memory.range_at(context_address)?;
        let record = in_memory::record_at(memory, record_address)?;
        let is_record = record.exception_code >= LEAST_CODE
            && record.exception_flags & !KNOWN_FLAGS == 0
            && record.number_parameters as usize <= ExceptionRecord::MAXIMUM_PARAMETERS;
        if !is_record {
            return None;
        }
        let bytes = in_memory::fixed_context_at(memory, context_address, self.layout)?;
        let context = Context::new(&bytes, target, memory.byte_order());
        if !context.is_for_its_processor() || !context.is_valid(RegisterGroup::Control) {
            return None;
        }
        let [instruction_pointer, stack_pointer] =
            [context.instruction_pointer()?, context.stack_pointer()?].map(|address| target.mask(address));
        let thread_id = self.stacks.thread(stack_pointer)?;
        let raised = target.mask(record.exception_address);
        let agrees = record.exception_code == ACCESS_VIOLATION && raised == instruction_pointer;
        let is_code = self.is_code(raised) && self.is_code(instruction_pointer);
        (agrees || is_code).then_some(ExceptionPointers {
            address,
            record_address,
            context_address,
            record,
            reason: CrashReason::new(&record, target),
            instruction_pointer,
            stack_pointer,
            thread_id,
        })
    }

    /// True if the address is in a module or in executable memory.
    fn is_code(&self, address: u64) -> bool {
        let is_executable = || {
            let region = self.regions.at_address(address);
            region.is_some_and(|it| {
                it.state() == MemoryState::COMMIT && it.protection().intersects(MemoryProtection::EXECUTABLE)
            })
        };
        any_has(&self.modules, address) || is_executable()
    }
}
