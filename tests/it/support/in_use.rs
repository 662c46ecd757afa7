//! The stacks that are in use outside the bounds in the thread environment block, by the table "Where we differ",
//! computed from the source alone and without the crate.

use std::ops::Range;

use super::facts::{Facts, Thread};
use super::spans::span;

/// The positions of the stack pointer and the instruction pointer in a processor's context, the size of both, and how
/// far below the stack pointer a stack begins.
pub fn registers(architecture: u16) -> Option<(usize, usize, usize, u64)> {
    match architecture {
        0 => Some((196, 184, 4, 4)),
        5 => Some((56, 64, 4, 0)),
        9 => Some((152, 248, 8, 0)),
        12 => Some((256, 264, 8, 0)),
        _ => None,
    }
}

fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let mut number = [0; 8];
    number[..size].copy_from_slice(bytes.get(at..at + size)?);
    Some(u64::from_le_bytes(number))
}

/// The instruction pointers of the contexts of exceptions.
pub fn raised(source: &Facts<'_>) -> Vec<u64> {
    let Some((_, at, size, _)) = source.system_info().and_then(|system| registers(system.architecture)) else {
        return Vec::new();
    };
    source.exceptions().iter().filter_map(|exception| number(exception.context.0, at, size)).collect()
}

/// The stack pointers of a thread and of its exceptions, the thread's first, each lowered to where its stack begins.
pub fn pointers(source: &Facts<'_>, thread: &Thread<'_>) -> Vec<u64> {
    let Some((at, _, size, below)) = source.system_info().and_then(|system| registers(system.architecture)) else {
        return Vec::new();
    };
    let exceptions = source.exceptions();
    let of_thread = exceptions.iter().filter(|exception| exception.thread == thread.id);
    let contexts = [thread.context.0].into_iter().chain(of_thread.map(|exception| exception.context.0));
    contexts.filter_map(|context| Some(number(context, at, size)?.wrapping_sub(below))).collect()
}

/// The stack around the stack pointer of a thread that is not within `bounds`; `memory` is the sorted memory of the
/// source.
fn around(source: &Facts<'_>, memory: &[(u64, &[u8])], thread: &Thread<'_>, bounds: &Range<u64>) -> Option<Range<u64>> {
    let (at, _, size, below) = registers(source.system_info()?.architecture)?;
    let mask = if size == 4 { u64::from(u32::MAX) } else { u64::MAX };
    let pointer = number(thread.context.0, at, size)?;
    let holder = memory.iter().position(|(start, bytes)| span((*start, bytes.len() as u64)).contains(&pointer))?;
    if pointer == 0 || bounds.contains(&pointer) || bounds.end == pointer {
        return None;
    }
    let infos = source.memory_infos();
    let row = infos.iter().find(|row| span((row.base & mask, row.size)).contains(&pointer) && row.state == 0x1000);
    let in_module = source.modules().iter().any(|it| span((it.base & mask, u64::from(it.size))).contains(&pointer));
    let end = match row {
        _ if in_module => return None,
        Some(row) => (row.base & mask) + row.size,
        None => memory[holder..].iter().fold(memory[holder].0, |end, (start, bytes)| match *start == end {
            true => end + bytes.len() as u64,
            false => end,
        }),
    };
    Some(pointer.saturating_sub(below)..end)
}

/// The stack that the descriptor of a thread names, and its other stacks. `by_rule` is the stack in use by the thread
/// environment block, `bounds` is the whole stack.
pub fn stacks(
    (source, memory): (&Facts<'_>, &[(u64, &[u8])]),
    thread: &Thread<'_>,
    by_rule: (u64, u64),
    bounds: Range<u64>,
) -> ((u64, u64), Vec<Range<u64>>) {
    let narrow = source.system_info().is_some_and(|system| matches!(system.architecture, 0 | 5 | 10));
    let mask = if narrow { u64::from(u32::MAX) } else { u64::MAX };
    let by_rule = (by_rule.0 & mask, by_rule.1);
    let own = span((thread.stack_start & mask, thread.stack_size.into()));
    let is_elsewhere = !own.is_empty() && !bounds.is_empty() && (own.start < bounds.start || own.end > bounds.end);
    let around = around(source, memory, thread, &bounds).filter(|around| !own.contains(&around.start));
    let mut others: Vec<Range<u64>> = if is_elsewhere { vec![own.clone()] } else { Vec::new() };
    let pointer = source.system_info().and_then(|system| registers(system.architecture));
    let pointer = pointer.and_then(|(at, _, size, _)| number(thread.context.0, at, size));
    let named = match around {
        // The stack pointer leads to the stack by the thread environment block.
        _ if is_elsewhere && pointer.is_some_and(|pointer| bounds.contains(&pointer)) => {
            others.push(span(by_rule));
            (own.start, own.end - own.start)
        }
        Some(around) if by_rule.1 == 0 => (around.start, around.end - around.start),
        Some(around) if around.start < by_rule.0 && around.end >= by_rule.0 => {
            (around.start, by_rule.0 + by_rule.1 - around.start)
        }
        Some(around) => {
            others.push(around);
            by_rule
        }
        None => by_rule,
    };
    others.push(span(named));
    (named, others)
}
