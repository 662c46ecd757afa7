//! Selects what stacks point to: the option `i`.

use alloc::vec;

use crate::read::{Interval, Intervals, any_has};
use crate::redump::filter::value;
use crate::redump::source::Source;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// How much memory is taken below a pointer and from the pointer on, in bytes.
const BELOW: u64 = 0x100;
const FROM: u64 = 0x300;

/// How many bytes of a stack are read at once; a multiple of every word size.
const CHUNK: usize = 0x1000;

/// Adds a window for every aligned stack word of `width` bytes that points to memory outside modules. The stacks are
/// disjoint, and all their bytes are there.
///
/// The debugger scans all stacks of a live process, but only one when it re-encodes; here all are scanned.
pub(super) fn pointers(wanted: &mut Wanted<'_, '_>, stacks: &Intervals, width: u32) {
    let source = wanted.source;
    let word = u64::from(width);
    let size = if width == 4 { 4 } else { 8 };
    let Some(all) = source.memory.hull() else { return };
    // Most words point nowhere, so this is checked first: the window of a pointer outside of it has no memory.
    let near = Interval { start: all.start.saturating_sub(FROM - 1), last: all.last.saturating_add(BELOW) };
    let highest = source.target.last_address();
    let mut buffer = vec![0; CHUNK];
    for stack in stacks.iter() {
        let mut next = stack.start.checked_next_multiple_of(word);
        while let Some(start) = next.filter(|&start| start <= stack.last) {
            let left = usize::try_from(stack.last - start).unwrap_or(CHUNK).saturating_add(1).min(CHUNK);
            let bytes = buffer.get_mut(..left).unwrap_or_default();
            let there = source.memory.read(start, bytes);
            let words = bytes.get(..there).unwrap_or_default().chunks_exact(size);
            let windows = words.zip((start..).step_by(size)).filter_map(|(bytes, at)| {
                let pointer = value(bytes, 0, word)? & highest;
                if !near.has(pointer) {
                    return None;
                }
                window(source, pointer)?.intersection(&all).map(|window| (window, at))
            });
            source.for_each_position(windows, |index, window, at| {
                // Only windows with memory count, and they are cut to it.
                if let Some(there) = source.hull_from(index, window) {
                    wanted.tell('i'.into(), true, true);
                    wanted.add_present(there, Reason::Pointer { at });
                }
            });
            next = start.checked_add(CHUNK as u64);
        }
    }
}

/// Returns the window around a pointer; `None` if it points into a module.
fn window(source: &Source<'_>, pointer: u64) -> Option<Interval> {
    let start = pointer.saturating_sub(BELOW);
    let around = source.target.interval(start, pointer - start + FROM)?;
    (!any_has(source.modules(), pointer)).then_some(around)
}
