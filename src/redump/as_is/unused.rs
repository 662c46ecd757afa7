//! Removes what nothing refers to any more, so that it is not in the result.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::read::{Interval, Minidump, Union, gaps, united};

use crate::redump::as_is::choice::Choice;
use crate::redump::as_is::inventory::{Inventory, Placed};
use crate::redump::as_is::patches::Patches;
use crate::redump::as_is::shift::ALIGN;
use crate::redump::as_is::stream_edit::To;

/// Unused intervals of at least this size are cut out. Smaller ones are zeroed, so that everything after them stays in
/// place.
const LEAST_CUT: u64 = 0x1000;

/// Zeroes what nothing refers to any more, and returns the intervals that are large enough to be cut out.
pub(super) fn drop_unused(
    dump: &Minidump<'_>,
    inventory: &Inventory<'_>,
    choice: &Choice,
    patches: &mut Patches,
) -> Vec<Interval> {
    // Parts that are still referred to and entries of lists are in use; bytes that only a size field claims may not be.
    let (mut parts, mut streams) = (Vec::new(), Vec::new());
    let (mut parts_gone, mut streams_gone) = (Vec::new(), Vec::new());
    for (number, held) in inventory.held.iter().enumerate() {
        match choice.kept.get(number) {
            Some(true) => {
                match choice.edited.get(&number) {
                    None => parts.extend(held.parts.iter().copied()),
                    Some(edited) => {
                        let targets: BTreeSet<Interval> = edited
                            .part
                            .links
                            .values()
                            .filter_map(|link| match link.to {
                                To::Source { target, .. } => target,
                                To::New(_) => None,
                            })
                            .collect();
                        for part in &held.parts {
                            if targets.contains(part) { &mut parts } else { &mut parts_gone }.push(*part);
                        }
                    }
                }
                if choice.edited.get(&number).is_some_and(|edited| edited.growth > 0) {
                    // It is moved.
                    streams_gone.extend(held.interval());
                    continue;
                }
                if held.records.is_some() {
                    parts.extend(held.interval());
                }
                streams.extend(held.claimed());
            }
            _ => {
                parts_gone.extend(held.parts.iter().copied());
                streams_gone.extend(held.interval());
            }
        }
    }
    parts.extend(dump.header_and_directory().into_iter().flatten());
    let parts = united(parts);
    // Memory is removed with its list, and a stack that is in no list with its thread.
    let sources: BTreeMap<usize, BTreeSet<u64>> =
        choice.edited.iter().map(|(number, edited)| (*number, edited.part.sources().collect())).collect();
    let stays = |range: &Placed| {
        let is_told = sources.get(&range.of).is_none_or(|sources| sources.contains(&range.at.start));
        choice.kept.get(range.of) == Some(&true) && (range.is_listed || is_told)
    };
    let mut all = Union::default();
    all.extend(streams.into_iter().chain(parts.iter().copied()));
    for range in inventory.memory() {
        match stays(&range) {
            true => all.add(range.at),
            false => streams_gone.push(range.at),
        }
    }
    let all = all.into_intervals();
    let gone = united(parts_gone.iter().chain(&streams_gone).copied().collect());
    let mut cuts = Vec::new();
    for part in gone.iter().flat_map(|part| gaps(&all, *part)) {
        let (start, end) = (part.start.next_multiple_of(ALIGN), part.last.saturating_add(1) / ALIGN * ALIGN);
        match end.checked_sub(start).filter(|size| *size >= LEAST_CUT).and_then(|size| Interval::new(start, size)) {
            Some(cut) => {
                cuts.push(cut);
                gaps([cut].as_slice(), part).for_each(|rest| patches.zero(rest));
            }
            None => patches.zero(part),
        }
    }
    for part in united(parts_gone).iter().flat_map(|part| gaps(&parts, *part)) {
        patches.zero(part);
    }
    cuts
}
