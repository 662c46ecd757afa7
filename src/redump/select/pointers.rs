//! Selects what stacks point to: the option `i`.

use alloc::vec;

use crate::read::{Intervals, any_has};

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
    let mut buffer = vec![0; CHUNK];
    for stack in stacks.iter() {
        let mut next = stack.start.checked_next_multiple_of(word);
        while let Some(start) = next.filter(|&start| start <= stack.last) {
            let left = usize::try_from(stack.last - start).unwrap_or(CHUNK).saturating_add(1).min(CHUNK);
            let bytes = buffer.get_mut(..left).unwrap_or_default();
            let there = source.memory.read(start, bytes);
            let words = bytes.get(..there).unwrap_or_default().chunks_exact(size);
            for (bytes, address) in words.zip((start..).step_by(size)) {
                let pointer = bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
                window(wanted, source.target.mask(pointer), address);
            }
            next = start.checked_add(CHUNK as u64);
        }
    }
}

/// Adds the window around a pointer, which is at an address.
fn window(wanted: &mut Wanted<'_, '_>, pointer: u64, at: u64) {
    let source = wanted.source;
    // Most words point nowhere, so only those that point to memory count, and their windows are cut to it.
    let start = pointer.saturating_sub(BELOW);
    let around = source.target.interval(start, pointer - start + FROM);
    if any_has(source.modules(), pointer) {
        return;
    }
    let there = around.and_then(|around| source.hull(around));
    if there.is_some() {
        wanted.tell('i'.into(), true, true);
    }
    wanted.add_present(there, Reason::Pointer { at });
}
