//! Decides what happens to each stream.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::format::{DirectoryEntry, StreamType};
use crate::read::{Exception, Minidump};

use crate::redump::as_is::inventory::Inventory;
use crate::redump::as_is::records::Records;
use crate::redump::as_is::stream_edit::{Edited, NewPart};
use crate::redump::report::{Outcome, Report};

/// The decisions for all streams.
#[derive(Default)]
pub(super) struct Choice {
    /// The new contents of streams, by stream index.
    pub(super) edited: BTreeMap<usize, Edited>,
    /// The directory of the result: types, and where the streams are.
    pub(super) directory: Vec<(StreamType, Place)>,
    /// Whether each stream is kept in some form, by stream index.
    pub(super) kept: Vec<bool>,
    /// Why a directory entry of the source is left out, by entry; `None` if it is kept.
    pub(super) outcomes: Vec<Option<Outcome>>,
}

#[derive(Clone, Copy)]
pub(super) enum Place {
    /// A directory entry of the source, and the index of its stream.
    Source(DirectoryEntry, usize),
    New(usize),
}

/// Decides what happens to each stream.
pub(super) fn choose(
    dump: &Minidump<'_>,
    inventory: &Inventory<'_>,
    records: &mut Records<'_, '_>,
    report: &mut Report,
) -> Choice {
    let mut choice = Choice { kept: Vec::new(), ..Choice::default() };
    choice.kept.resize(inventory.held.len(), false);
    for (stream, (entry, number)) in dump.raw_streams().zip(&inventory.entries) {
        let is_left_out = stream.view::<Exception<'_>>().is_ok_and(|exception| {
            stream.stream_type() == StreamType::EXCEPTION && records.left_out.contains(&exception.thread_id())
        });
        let outcome = match stream.stream_type() {
            StreamType::UNUSED => None,
            replaced if records.hooks.replaces(replaced) => Some(Outcome::Replaced),
            _ if is_left_out || !records.hooks.keeps_stream(&stream) => Some(Outcome::LeftOut),
            _ => None,
        };
        match outcome {
            None => {
                choice.directory.push((entry.stream_type, Place::Source(*entry, *number)));
                choice.kept.get_mut(*number).into_iter().for_each(|kept| *kept = true);
            }
            // The replacement takes its place in the directory.
            Some(Outcome::Replaced) if !choice.directory.iter().any(|(it, _)| *it == entry.stream_type) => {
                choice.directory.push((entry.stream_type, Place::New(usize::MAX)));
            }
            Some(_) => {}
        }
        choice.outcomes.push(outcome);
    }
    for (number, held) in inventory.held.iter().enumerate() {
        if choice.kept.get(number) == Some(&true) {
            let edited = records.edited(held, report);
            choice.edited.extend(edited.map(|edited| (number, edited)));
        }
    }
    if let Some((stream_type, number)) = records.new_thread_names() {
        choice.directory.push((stream_type, Place::New(number)));
    }
    choice
}

/// Moves streams that have grown to the new parts, and returns the part index of each.
pub(super) fn move_grown(choice: &mut Choice, new: &mut Vec<NewPart>) -> BTreeMap<usize, usize> {
    let grown: Vec<usize> = choice.edited.iter().filter(|(_, edited)| edited.growth > 0).map(|(it, _)| *it).collect();
    let mut moved = BTreeMap::new();
    for number in grown {
        let edited = choice.edited.get_mut(&number).map(|edited| core::mem::take(&mut edited.part));
        moved.insert(number, new.len());
        new.extend(edited);
    }
    moved
}
