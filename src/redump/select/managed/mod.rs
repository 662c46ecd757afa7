//! Selects what .NET debuggers need: the preset `managed`.
//!
//! .NET debuggers read the memory of a process through a library that belongs to one build of the runtime, which a
//! re-encoder does not have. All their recorded reads are within memory that the following rules select:
//!
//! 1. what identifies images, by the preset for it;
//! 2. data and tables of the runtime's image ([`runtime`]);
//! 3. data, metadata and the header of precompiled code of images with managed code ([`image`], [`unlisted`]);
//! 4. all unwind data, and more code than a walk needs, of images that stacks point into ([`pointed_into`]);
//! 5. memory outside images that the runtime may have allocated for itself: mapped and private memory, and the heap
//!    ([`regions`]).
//!
//! In a dump without full memory, all memory was chosen for a debugger: all of it is taken except stacks, which the
//! letters select.

mod image;
mod pointed_into;
mod regions;
mod runtime;
mod sections;
mod stacks;
mod unlisted;
mod writable;

use crate::read::Budget;
use crate::redump::report::{Report, Undecided};

use crate::redump::select::ground::Ground;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

use runtime::Runtimes;
use stacks::WholeStacks;
use writable::Writable;

pub(super) fn managed(wanted: &mut Wanted<'_, '_>, ground: &Ground<'_, '_>, report: &mut Report) {
    let Some(detail) = ground.options.managed_preset() else { return };
    let runtimes = Runtimes::find(ground);
    if runtimes.is_empty() {
        report.undecided.push(Undecided::NoRuntime);
        return;
    }
    let writable = Writable::of(ground.source);
    // In valid dumps, headers and tables of different images do not overlap.
    let mut budget = Budget::times(ground.source.plain_size, 1);
    runtimes.add_images(wanted, ground, &writable, &mut budget, report);
    image::add(wanted, ground, &writable, &mut budget, report);
    pointed_into::add(wanted, ground, report);
    drop(writable);
    if ground.is_filtered() {
        return;
    }
    let stacks = WholeStacks::of(ground);
    if ground.source.claims_full_memory {
        regions::add(wanted, ground, (detail, &runtimes), &stacks, report);
    } else {
        for part in ground.source.ranges.iter().flat_map(|range| stacks.outside(range)) {
            wanted.add(part, Reason::SourceMemory);
        }
    }
}
