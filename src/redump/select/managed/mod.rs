//! What debuggers of .NET need: the preset `managed`.
//!
//! They read the memory of a process through a library that belongs to one build of the runtime. A re-encoder has none.
//! But what was recorded of their reads lies within memory that rules name:
//!
//! 1. what identifies images, by the preset for it;
//! 2. of the image of the runtime, data and tables ([`runtime`]);
//! 3. of images with managed code, data, metadata and the header of precompiled code ([`image`]);
//! 4. of images that stacks point into, all unwind data, and more code than a walk needs ([`pointed_into`]);
//! 5. and 6., of memory outside of images, what the runtime may have made for itself ([`regions`]).
//!
//! A dump without full memory has nothing but what somebody chose for a debugger: all of it is taken but stacks, which the
//! letters cut.

mod image;
mod pointed_into;
mod regions;
mod runtime;
mod stacks;
mod writable;

use crate::read::Budget;
use crate::redump::report::{Report, Undecided};

use crate::redump::select::presets::Ground;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

use runtime::Runtimes;
use stacks::WholeStacks;
use writable::Writable;

pub(super) fn managed(wanted: &mut Wanted<'_, '_>, ground: &Ground<'_, '_>, report: &mut Report) {
    let Some(detail) = ground.options.manages() else { return };
    let runtimes = Runtimes::find(ground);
    if runtimes.is_empty() {
        report.undecided.push(Undecided::NoRuntime);
        return;
    }
    let writable = Writable::of(ground.source);
    // In sound dumps no two images have a header or a table in common.
    let mut budget = Budget::times(ground.source.plain_size, 1);
    runtimes.add_images(wanted, ground, &writable, &mut budget, report);
    image::add(wanted, ground, &writable, &mut budget, report);
    pointed_into::add(wanted, ground, report);
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
