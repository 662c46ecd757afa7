//! Selects what stacks point to: the option `i`.

use crate::read::{Interval, any_has};

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// How much memory is taken below a pointer and from the pointer on, in bytes.
const BELOW: u64 = 0x100;
const FROM: u64 = 0x300;

/// Adds a window for every aligned stack word of `width` bytes that points to memory outside modules. The stacks are
/// disjoint, and all their bytes are there.
///
/// The debugger scans all stacks of a live process, but only one when it re-encodes; here all are scanned.
pub(super) fn pointers(wanted: &mut Wanted<'_, '_>, stacks: &[Interval], width: u32) {
    let source = wanted.source;
    let target = source.target;
    let modules = source.modules();
    let word = u64::from(width);
    for stack in stacks {
        let mut at = stack.start.checked_next_multiple_of(word);
        while let Some(address) = at.filter(|at| at.checked_add(word - 1).is_some_and(|last| last <= stack.last)) {
            if let Some(pointer) =
                source.memory.read_integer(address, width).filter(|&pointer| !any_has(modules, target.mask(pointer)))
            {
                let pointer = target.mask(pointer);
                let start = pointer.saturating_sub(BELOW);
                let window = target.interval(start, pointer - start + FROM).and_then(|window| source.hull(window));
                // Most words point nowhere, so only those that point to memory count, and their windows are cut to it.
                if let Some(window) = window {
                    wanted.count('i', Interval { last: window.start, ..window });
                }
                wanted.add(window, Reason::Pointer { at: address });
            }
            at = address.checked_add(word);
        }
    }
}
