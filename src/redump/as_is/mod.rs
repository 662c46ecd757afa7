//! A dump as it is, but for what the program changes: every byte stays where nothing is changed in front of it.
//!
//! The result is the file itself. Bytes are written over where they are, large stretches that nobody needs any more are cut
//! out, and whatever is new comes in behind the directory. Then each field that holds a position is given the new one.

mod inventory;
mod memory;
mod patches;
mod records;
mod shift;
mod stream_edit;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::{Item, ReadError, RedumpError, WriteError};
use crate::format::stream::Relocation;
use crate::format::{DirectoryEntry, Header, LocationDescriptor, RvaWidth, StreamType};
use crate::read::{ByteOrder, Exception, Interval, Minidump, gaps, overlapping, united};
use crate::write::{Piece, Plan, encoded};

use crate::redump::as_is::inventory::{Held, Inventory};
use crate::redump::as_is::memory::Edits;
use crate::redump::as_is::patches::Patches;
use crate::redump::as_is::records::Records;
use crate::redump::as_is::shift::{ALIGN, Shift};
use crate::redump::as_is::stream_edit::{Edited, Link, NewPart, To};
use crate::redump::hooks::Hooks;
use crate::redump::new_memory::MemoryEdits;
use crate::redump::re_encoding::Redump;
use crate::redump::report::{MissingMemory, Outcome, Report, StreamReport};
use crate::redump::select::selected::Selected;

/// Stretches that nobody needs any more are cut out from this size on; smaller ones become zeros, so that all that follows
/// stays where it is.
const LEAST_CUT: u64 = 0x1000;

/// What becomes of the streams.
#[derive(Default)]
struct Choice {
    /// The new form of streams, by their numbers.
    edited: BTreeMap<usize, Edited>,
    /// The directory of the result: types, and where the streams are.
    directory: Vec<(StreamType, Place)>,
    /// The numbers of the streams that stay in some form.
    kept: Vec<bool>,
    /// Whether a stream of the source is left out, by its entry of the directory.
    outcomes: Vec<Option<Outcome>>,
}

#[derive(Clone, Copy)]
enum Place {
    /// As an entry of the source says, of the stream of this number.
    Source(DirectoryEntry, usize),
    New(usize),
}

/// Plans a dump that is as the source is, but for what the hooks change.
pub(super) fn plan<'a>(dump: &Minidump<'a>, mut hooks: Hooks<'a>) -> Result<Redump<'a>, RedumpError> {
    if dump.byte_order() == ByteOrder::Big {
        return Err(RedumpError::Unsupported { what: "a big-endian dump" });
    }
    let mut report = Report { cut_tables: dump.directory().fault().into_iter().collect(), ..Report::default() };
    let inventory = Inventory::new(dump, &mut report);
    let mut records = Records::new(dump, &hooks);
    let mut choice = choose(dump, &inventory, &mut records, &mut report);
    let mut new = core::mem::take(&mut records.new);
    for (stream_type, bytes) in hooks.replaced.iter().chain(&hooks.added) {
        let is_placed =
            |(place, at): &(StreamType, Place)| place == stream_type && matches!(at, Place::New(usize::MAX));
        let place = choice.directory.iter_mut().find(|place| is_placed(place));
        match place {
            Some((_, at)) => *at = Place::New(new.len()),
            None => choice.directory.push((*stream_type, Place::New(new.len()))),
        }
        new.push(NewPart::plain(bytes.as_ref()));
    }
    let edits = MemoryEdits {
        blank: core::mem::take(&mut hooks.blank),
        replaced: core::mem::take(&mut hooks.new_memory),
        redactor: hooks.redactor.take(),
    };
    if !edits.is_empty() && dump.raw_stream(StreamType::COMPRESSED_MEMORY).is_some() {
        return Err(RedumpError::Unsupported { what: "compressed memory that is changed and otherwise as it is" });
    }
    let mut patches = Patches::default();
    let cuts = drop_unused(dump, &inventory, &choice, &mut patches);
    let moved = move_grown(&mut choice, &mut new);

    // The directory may grow, and what is new follows it.
    let old = dump.directory();
    let entry = DirectoryEntry::SIZE as u64;
    let is_there = !old.is_empty();
    let end = if is_there { old.entry_offset(old.len()) } else { Header::SIZE as u64 };
    let more = (choice.directory.len() as u64).saturating_sub(old.len().into()).saturating_mul(entry);
    let (places, new_size) = place(end, more, &new)?;
    let shift = Shift::new(dump.data().len() as u64, &cuts, end, new_size);
    let at_new = |number: usize| shift.new_at.saturating_add(places.get(number).copied().unwrap_or(0));

    let directory = directory(&choice, &new, &moved, &shift, &at_new)?;
    let links = Links { shift: &shift, at_new: &at_new };
    write_links(&inventory, &mut choice, &moved, &links, &mut patches)?;
    for part in &mut new {
        links.write(part)?;
    }
    let number_of_streams = u32::try_from(directory.len())
        .map_err(|_| WriteError::InvalidInput { item: DIRECTORY, reason: "it has too many entries" })?;
    let mut header = *dump.header();
    header.stream_directory_rva = match is_there {
        true => rva(DIRECTORY, shift.position(header.stream_directory_rva.into()))?,
        false if directory.is_empty() => header.stream_directory_rva,
        false => rva(DIRECTORY, shift.new_at)?,
    };
    if directory.len() != inventory.entries.len() {
        header.number_of_streams = number_of_streams;
    }
    header.flags = hooks.flags.map_or(header.flags, |flags| flags.bits());
    header.time_date_stamp = hooks.time_date_stamp.unwrap_or(header.time_date_stamp);
    if header != *dump.header() {
        patches.bytes(0, encoded(header));
    }
    let mut table: Vec<u8> = directory.iter().flat_map(|&entry| encoded(entry)).collect();
    let old_size = usize::try_from(u64::from(old.len()) * entry).unwrap_or(usize::MAX);
    let rest = table.split_off(old_size.min(table.len()));
    table.resize(old_size, 0);
    if is_there {
        patches.bytes(old.entry_offset(0), table);
    }

    let patched = Arc::new(patches.applied(dump.data()));
    let ranges = inventory.memory.clone();
    let edits = Edits::new(dump, ranges, edits, Arc::clone(&patched))?.map(Arc::new);
    let touched = edits.as_ref().map(|edits| edits.touched()).unwrap_or_default();
    let mut pieces = Vec::new();
    let old_stretches = |from: &[shift::Stretch], pieces: &mut Vec<Piece<'a>>| {
        for stretch in from {
            let mut next = Some(stretch.from.start);
            let memory = overlapping(&touched, stretch.from).filter_map(|part| part.intersection(&stretch.from));
            for part in memory {
                let before = next.and_then(|next| Interval::new(next, part.start.checked_sub(next)?));
                pieces.extend(before.into_iter().flat_map(|it| patched.pieces(dump.data(), it)).map(Piece::Bytes));
                pieces.extend(edits.as_ref().map(|edits| Piece::Memory(memory::edited(edits, part))));
                next = part.next();
            }
            let rest = next.filter(|next| *next <= stretch.from.last);
            let rest = rest.map(|start| Interval { start, last: stretch.from.last });
            pieces.extend(rest.into_iter().flat_map(|it| patched.pieces(dump.data(), it)).map(Piece::Bytes));
        }
    };
    let (before, behind) = shift.stretches.split_at_checked(shift.before_new).unwrap_or((&shift.stretches, &[]));
    old_stretches(before, &mut pieces);
    pieces.push(Piece::Bytes(new_bytes(rest, &new, &places, new_size).into()));
    old_stretches(behind, &mut pieces);

    let asked = new_size.saturating_sub(more);
    refuse_growth(dump, shift.size, asked)?;
    finish(dump, &inventory, &choice, &shift, &mut report);
    report.blanked_memory = edits.as_ref().map_or(0, |edits| edits.blanked());
    report.missing_memory = missing(dump, &hooks.memory);
    report.streams_written.clone_from(&directory);
    report.size = shift.size;
    report.judge(None);
    let ranges = inventory.memory.iter().filter_map(|range| dump.target().interval(range.address, range.at.size()));
    let selected = Selected::all(united(ranges.collect()));
    Ok(Redump { plan: Plan::of_pieces(pieces, directory), report, selected })
}

const DIRECTORY: Item = Item { name: "MINIDUMP_DIRECTORY", index: None };
const STREAM: Item = Item { name: "stream", index: None };

fn rva(item: Item, position: u64) -> Result<u32, WriteError> {
    u32::try_from(position).map_err(|_| WriteError::RvaOverflow { item, offset: position, size: 0 })
}

/// Decides what becomes of each stream.
fn choose(
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
            // What replaces it takes its place in the directory.
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

/// Zeroes what nothing refers to any more, and tells what is large enough to be cut out.
fn drop_unused(
    dump: &Minidump<'_>,
    inventory: &Inventory<'_>,
    choice: &Choice,
    patches: &mut Patches,
) -> Vec<Interval> {
    // Parts that are still referred to, and entries of lists, are nobody else's; what only a size claims may be.
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
                    // It goes elsewhere.
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
    let tables = [
        Interval::new(0, Header::SIZE as u64),
        Interval::new(
            dump.directory().entry_offset(0),
            u64::from(dump.directory().len()) * DirectoryEntry::SIZE as u64,
        ),
    ];
    parts.extend(tables.into_iter().flatten());
    let parts = united(parts);
    let memory = inventory.memory.iter().map(|range| range.at);
    let all = united(streams.into_iter().chain(parts.iter().copied()).chain(memory).collect());
    let gone = united(parts_gone.iter().chain(&streams_gone).copied().collect());
    let mut cuts = Vec::new();
    for part in gone.iter().flat_map(|part| gaps(&all, *part)) {
        let (start, end) = (part.start.next_multiple_of(ALIGN), part.last.saturating_add(1) / ALIGN * ALIGN);
        match end.checked_sub(start).filter(|size| *size >= LEAST_CUT).and_then(|size| Interval::new(start, size)) {
            Some(cut) => {
                cuts.push(cut);
                gaps(&[cut], part).for_each(|rest| patches.zero(rest));
            }
            None => patches.zero(part),
        }
    }
    for part in united(parts_gone).iter().flat_map(|part| gaps(&parts, *part)) {
        patches.zero(part);
    }
    cuts
}

/// Lets streams that have become larger go where there is room, and tells which new part each is.
fn move_grown(choice: &mut Choice, new: &mut Vec<NewPart>) -> BTreeMap<usize, usize> {
    let grown: Vec<usize> = choice.edited.iter().filter(|(_, edited)| edited.growth > 0).map(|(it, _)| *it).collect();
    let mut moved = BTreeMap::new();
    for number in grown {
        let edited = choice.edited.get_mut(&number).map(|edited| core::mem::take(&mut edited.part));
        moved.insert(number, new.len());
        new.extend(edited);
    }
    moved
}

/// Where each new part is, in bytes behind the old directory, and the size of all.
fn place(end: u64, more: u64, new: &[NewPart]) -> Result<(Vec<u64>, u64), WriteError> {
    let mut at = end.saturating_add(more);
    let mut places = Vec::with_capacity(new.len());
    for part in new {
        at = at.next_multiple_of(part.align.max(1));
        places.push(at - end);
        at = at.saturating_add(part.bytes.len() as u64);
    }
    // All that follows moves by a multiple of what it may start at.
    let size = (at - end).next_multiple_of(ALIGN);
    rva(STREAM, end.saturating_add(size))?;
    Ok((places, size))
}

/// What comes into the file: the rest of the directory, and the new parts.
fn new_bytes(rest: Vec<u8>, new: &[NewPart], places: &[u64], size: u64) -> Vec<u8> {
    let mut bytes = rest;
    for (part, at) in new.iter().zip(places) {
        bytes.resize(usize::try_from(*at).unwrap_or(bytes.len()), 0);
        bytes.extend_from_slice(&part.bytes);
    }
    bytes.resize(usize::try_from(size).unwrap_or(bytes.len()), 0);
    bytes
}

/// The directory of the result.
fn directory(
    choice: &Choice,
    new: &[NewPart],
    moved: &BTreeMap<usize, usize>,
    shift: &Shift,
    at_new: &dyn Fn(usize) -> u64,
) -> Result<Vec<DirectoryEntry>, WriteError> {
    let of_new = |stream_type, number: usize| {
        let size = new.get(number).map_or(0, |part| part.bytes.len() as u64);
        let data_size = u32::try_from(size).map_err(|_| WriteError::SizeOverflow {
            item: STREAM,
            found: size,
            unit: "bytes",
            limit: u32::MAX.into(),
        })?;
        let location = LocationDescriptor { data_size, rva: rva(STREAM, at_new(number))? };
        Ok(DirectoryEntry { stream_type, location })
    };
    let entry = |&(stream_type, place): &(StreamType, Place)| match place {
        Place::New(number) => of_new(stream_type, number),
        Place::Source(_, number) if moved.contains_key(&number) => {
            of_new(stream_type, moved.get(&number).copied().unwrap_or(usize::MAX))
        }
        Place::Source(entry, number) => {
            let mut location = entry.location;
            if location.rva != 0 {
                // A position outside of the file stays outside, as far as 32 bits go.
                let position = shift.position(location.rva.into());
                let is_inside = position < shift.size;
                location.rva =
                    rva(STREAM, position).or_else(|error| if is_inside { Err(error) } else { Ok(u32::MAX) })?;
            }
            let growth = choice.edited.get(&number).map_or(0, |edited| edited.growth);
            let size = i128::from(location.data_size) + growth;
            location.data_size = u32::try_from(size.max(0)).unwrap_or(u32::MAX);
            Ok(DirectoryEntry { stream_type, location })
        }
    };
    choice.directory.iter().map(entry).collect()
}

/// The way from what fields refer to, to where that is.
struct Links<'l> {
    shift: &'l Shift,
    at_new: &'l dyn Fn(usize) -> u64,
}

impl Links<'_> {
    /// What a field has to hold.
    fn value(&self, link: &Link) -> Result<u64, WriteError> {
        let (position, is_optional, is_inside) = match link.to {
            To::New(number) => ((self.at_new)(number), false, true),
            To::Source { value, is_optional, .. } => {
                let position = self.shift.position(value);
                (position, is_optional, position < self.shift.size)
            }
        };
        match link.width {
            RvaWidth::Rva64 => Ok(position),
            RvaWidth::Rva if u32::try_from(position).is_ok() => Ok(position),
            // What it refers to is found by its address.
            RvaWidth::Rva if is_optional => Ok(0),
            RvaWidth::Rva if !is_inside => Ok(u32::MAX.into()),
            RvaWidth::Rva => Err(WriteError::RvaOverflow { item: STREAM, offset: position, size: 0 }),
        }
    }

    /// Writes all fields of a part.
    fn write(&self, part: &mut NewPart) -> Result<(), WriteError> {
        for (at, link) in &part.links {
            let value = self.value(link)?.to_le_bytes();
            let room = usize::try_from(*at).ok().and_then(|at| part.bytes.get_mut(at..)).unwrap_or_default();
            let width = usize::try_from(link.width.bytes()).unwrap_or(0);
            room.iter_mut().zip(value).take(width).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

/// Gives each field of the source that stays its new value, and writes streams that are edited where they are.
fn write_links(
    inventory: &Inventory<'_>,
    choice: &mut Choice,
    moved: &BTreeMap<usize, usize>,
    links: &Links<'_>,
    patches: &mut Patches,
) -> Result<(), WriteError> {
    for (number, held) in inventory.held.iter().enumerate() {
        if choice.kept.get(number) != Some(&true) {
            continue;
        }
        let edited = choice.edited.get_mut(&number);
        let own = held.interval().filter(|_| edited.is_some());
        // Those of a stream that is edited are in its new bytes.
        let fields =
            held.fields.iter().filter(|field| !links.shift.is_none() && !own.is_some_and(|own| own.has(field.at)));
        for field in fields {
            let to = To::Source { value: field.value, target: field.target, is_optional: field.is_optional };
            let value = links.value(&Link { width: field.width, to })?;
            if value != field.value {
                patches.integer(field.at, field.width.bytes(), value);
            }
        }
        let start = held.stream.offset();
        match edited {
            Some(edited) if !moved.contains_key(&number) => {
                links.write(&mut edited.part)?;
                let size = usize::try_from(held.own).unwrap_or(usize::MAX);
                let mut bytes = core::mem::take(&mut edited.part.bytes);
                bytes.resize(size.max(bytes.len()), 0);
                patches.bytes(start, bytes);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a result that is far larger than what it is made of.
fn refuse_growth(dump: &Minidump<'_>, size: u64, asked: u64) -> Result<(), RedumpError> {
    let limit = (dump.data().len() as u64).saturating_mul(2).saturating_add(asked).saturating_add(0x1_0000);
    if size <= limit { Ok(()) } else { Err(ReadError::BudgetSpent { what: "result", offset: 0, limit }.into()) }
}

/// What the source lacks of memory that the program asks for.
fn missing(dump: &Minidump<'_>, asked: &[(u64, u64)]) -> Vec<MissingMemory> {
    let memory = if asked.is_empty() { return Vec::new() } else { dump.memory() };
    let missing = |&(address, size): &(u64, u64)| {
        let available = memory.run_len(dump.target().mask(address), size);
        (available < size).then_some(MissingMemory { address, size, available })
    };
    asked.iter().filter_map(missing).collect()
}

/// Says what became of the streams.
fn finish(dump: &Minidump<'_>, inventory: &Inventory<'_>, choice: &Choice, shift: &Shift, report: &mut Report) {
    let stays = shift.is_none();
    let outcome = |held: &Held<'_>, number: usize| {
        let row = held.stream.stream_type().row();
        match row.relocation {
            _ if choice.edited.contains_key(&number) => Outcome::Rewritten,
            _ if stays => Outcome::Copied,
            Relocation::Known | Relocation::Viewed if held.error.is_none() => Outcome::Relocated,
            Relocation::None if held.stream.stream_type().name().is_some() => Outcome::Copied,
            _ => Outcome::Unexamined,
        }
    };
    let streams = dump.raw_streams().zip(inventory.entries.iter().zip(&choice.outcomes));
    for (stream, ((entry, number), outcome_of)) in streams {
        if let Some(held) = inventory.held.get(*number).filter(|_| entry.stream_type != StreamType::UNUSED) {
            report.streams.push(StreamReport {
                index: stream.index(),
                stream_type: entry.stream_type,
                size: stream.declared_size(),
                outcome: outcome_of.unwrap_or_else(|| outcome(held, *number)),
            });
            if let Some(error) = stream.fault().filter(|_| outcome_of.is_none()) {
                report.fault(entry.stream_type, 0, "size", error);
            }
        }
    }
    (report.memory_ranges, report.memory_bytes) = inventory.listed;
    report.source_size = dump.data().len() as u64;
    report.understood = report.source_size;
}
