//! Keeps a dump as it is, except for the changes of the program: no byte moves unless something before it changes.
//!
//! The result is the file itself. Bytes are overwritten in place, large parts that are no longer referred to are cut out,
//! and new parts are inserted after the directory. Then each field that contains a file offset is updated.

mod choice;
mod inventory;
mod memory;
mod patches;
mod places;
mod records;
mod shift;
mod stream_edit;
mod unused;

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::error::{Item, ReadError, RedumpError, WriteError};
use crate::format::stream::Relocation;
use crate::format::{DirectoryEntry, Header, StreamType};
use crate::read::{ByteOrder, Bytes, Interval, Intervals, Minidump, overlapping, union};
use crate::write::{Piece, Plan, encoded};

use crate::redump::as_is::choice::{Choice, Place, choose, move_grown};
use crate::redump::as_is::inventory::{Held, Inventory};
use crate::redump::as_is::memory::Edits;
use crate::redump::as_is::patches::{Patched, Patches};
use crate::redump::as_is::places::{Links, directory, new_bytes, place, rva, write_links};
use crate::redump::as_is::records::Records;
use crate::redump::as_is::shift::{Shift, Stretch};
use crate::redump::as_is::stream_edit::NewPart;
use crate::redump::as_is::unused::drop_unused;
use crate::redump::edits::new_memory::MemoryEdits;
use crate::redump::hooks::Hooks;
use crate::redump::report::{MissingMemory, Outcome, Report, StreamReport};

const DIRECTORY: Item = Item { name: "MINIDUMP_DIRECTORY", index: None };

/// Plans a result from a source, a comment, and whether there may be padding. The intervals are the memory of the result.
type PlanAsIs =
    for<'a> fn(&Minidump<'a>, (Option<&str>, bool), Hooks<'a>) -> Result<(Plan<'a>, Report, Intervals), RedumpError>;

/// Marks options as `as-is`. It refers to the code as a function, so that the linker leaves it out of programs that never ask
/// for it.
#[derive(Clone, Copy)]
pub(super) struct AsIs {
    pub(super) plan: PlanAsIs,
}

impl AsIs {
    pub(super) fn new() -> Self {
        Self { plan }
    }
}

// There is only one such function.
impl PartialEq for AsIs {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for AsIs {}

impl Hash for AsIs {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Plans a dump that equals the source except for the comment and the changes of the hooks. Returns also its memory.
fn plan<'a>(
    dump: &Minidump<'a>,
    (comment, has_padding): (Option<&str>, bool),
    mut hooks: Hooks<'a>,
) -> Result<(Plan<'a>, Report, Intervals), RedumpError> {
    if dump.byte_order() == ByteOrder::Big {
        return Err(RedumpError::Unsupported { what: "a big-endian dump" });
    }
    let mut report = Report { truncated_tables: dump.directory().fault().into_iter().collect(), ..Report::default() };
    let inventory = Inventory::new(dump, &mut report);
    let mut records = Records::new(dump, &hooks);
    let mut choice = choose(dump, &inventory, &mut records, &mut report);
    let mut new = core::mem::take(&mut records.new);
    add_streams(&mut choice, &mut new, comment, &hooks);
    let edits = MemoryEdits {
        blank: core::mem::take(&mut hooks.blank),
        replaced: core::mem::take(&mut hooks.new_memory),
        redactor: hooks.redactor.take(),
    };
    if !edits.is_empty() && dump.raw_stream(StreamType::COMPRESSED_MEMORY).is_some() {
        return Err(RedumpError::Unsupported { what: "compressed memory that is changed with `as-is`" });
    }
    let mut patches = Patches::default();
    let cuts = drop_unused(dump, &inventory, &choice, &mut patches);
    let moved = move_grown(&mut choice, &mut new);

    // The directory may grow; the new parts follow it.
    let old = dump.directory();
    let entry = DirectoryEntry::SIZE as u64;
    let is_there = !old.is_empty();
    let is_same = new.is_empty() && choice.edited.is_empty() && choice.directory.len() == inventory.entries.len();
    if is_there && old.entry_offset(0) < Header::SIZE as u64 && !(is_same && hooks.keep_header()) {
        return Err(RedumpError::Unsupported { what: "a dump whose directory overlaps its header" });
    }
    let end = if is_there { old.entry_offset(old.len()) } else { Header::SIZE as u64 };
    let more = (choice.directory.len() as u64).saturating_sub(old.len().into()).saturating_mul(entry);
    let (places, mut new_size) = place(end, more, &new)?;
    let mut shift = Shift::new(dump.file_size(), &cuts, end, new_size);
    if has_padding && new_size > 0 {
        new_size = new_size.saturating_add(shift.padding());
        shift = Shift::new(dump.file_size(), &cuts, end, new_size);
    }
    let at_new = |number: usize| shift.new_at.saturating_add(places.get(number).copied().unwrap_or(0));

    let directory = directory(&choice, &new, &moved, &shift, &at_new)?;
    let links = Links { shift: &shift, at_new: &at_new };
    write_links(&inventory, &mut choice, &moved, &links, &mut patches)?;
    for part in &mut new {
        links.write(part)?;
    }
    let rest = write_tables(dump, &directory, &shift, &hooks, &mut patches)?;

    let patched = Arc::new(patches.applied(dump.bytes()));
    let edits = Edits::new(dump, &inventory, edits, Arc::clone(&patched))?.map(Arc::new);
    let new = new_bytes(rest, &new, &places, new_size);
    let pieces = pieces(*dump.bytes(), &shift, (&patched, edits.as_ref()), new);
    let asked = new_size.saturating_sub(more);
    refuse_growth(dump, shift.size, asked)?;
    finish(dump, &inventory, &choice, &shift, &mut report);
    report.blanked_memory = edits.as_ref().map_or(0, |edits| edits.blanked());
    report.missing_memory = missing(dump, &hooks.memory);
    report.streams_written.clone_from(&directory);
    report.size = shift.size;
    report.judge(None);
    let ranges = inventory.memory().filter_map(|range| dump.target().interval(range.address, range.at.size()));
    Ok((Plan::of_pieces(pieces, directory), report, union(ranges)))
}

/// Adds the streams of the program, and a comment; each takes the place of a stream that it replaces.
fn add_streams(choice: &mut Choice, new: &mut Vec<NewPart>, comment: Option<&str>, hooks: &Hooks<'_>) {
    let comment = comment.map(|text| {
        let units = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
        (StreamType::COMMENT_W, Cow::from(units.collect::<Vec<u8>>()))
    });
    for (stream_type, bytes) in hooks.replaced.iter().chain(&hooks.added).chain(&comment) {
        let is_placed =
            |(place, at): &(StreamType, Place)| place == stream_type && matches!(at, Place::New(usize::MAX));
        let place = choice.directory.iter_mut().find(|place| is_placed(place));
        match place {
            Some((_, at)) => *at = Place::New(new.len()),
            None => choice.directory.push((*stream_type, Place::New(new.len()))),
        }
        new.push(NewPart::plain(bytes.as_ref()));
    }
}

/// Overwrites header and directory in place, and returns the part of the directory that does not fit there.
fn write_tables(
    dump: &Minidump<'_>,
    directory: &[DirectoryEntry],
    shift: &Shift,
    hooks: &Hooks<'_>,
    patches: &mut Patches,
) -> Result<Vec<u8>, WriteError> {
    let old = dump.directory();
    let number_of_streams = u32::try_from(directory.len())
        .map_err(|_| WriteError::InvalidInput { item: DIRECTORY, reason: "it has too many entries" })?;
    let mut header = *dump.header();
    header.stream_directory_rva = match !old.is_empty() {
        true => rva(DIRECTORY, shift.position(header.stream_directory_rva.into()))?,
        false if directory.is_empty() => header.stream_directory_rva,
        false => rva(DIRECTORY, shift.new_at)?,
    };
    if number_of_streams != old.len() {
        header.number_of_streams = number_of_streams;
    }
    header.flags = hooks.flags.map_or(header.flags, |flags| flags.bits());
    header.time_date_stamp = hooks.time_date_stamp.unwrap_or(header.time_date_stamp);
    // Even if it does not change: a record may claim its bytes.
    patches.table(0, encoded(header));
    let mut table: Vec<u8> = directory.iter().flat_map(|&entry| encoded(entry)).collect();
    let old_size = usize::try_from(u64::from(old.len()) * DirectoryEntry::SIZE as u64).unwrap_or(usize::MAX);
    let rest = table.split_off(old_size.min(table.len()));
    table.resize(old_size, 0);
    if !old.is_empty() {
        patches.table(old.entry_offset(0), table);
    }
    Ok(rest)
}

/// Returns the pieces of the result: those of the source before the new bytes, the new bytes, and those after them.
fn pieces<'a>(
    file: Bytes<'a>,
    shift: &Shift,
    (patched, edits): (&Patched, Option<&Arc<Edits<'a>>>),
    new: Vec<u8>,
) -> Vec<Piece<'a>> {
    let touched = edits.map(|edits| edits.touched()).unwrap_or_default();
    let mut pieces = Vec::new();
    let old_stretches = |from: &[Stretch], pieces: &mut Vec<Piece<'a>>| {
        for stretch in from {
            let mut next = Some(stretch.from.start);
            let memory = overlapping(&touched, stretch.from).filter_map(|part| part.intersection(&stretch.from));
            for part in memory {
                let before = next.and_then(|next| Interval::new(next, part.start.checked_sub(next)?));
                pieces.extend(before.into_iter().flat_map(|it| patched.pieces(file, it)));
                pieces.extend(edits.map(|edits| Piece::Memory(memory::edited(edits, part))));
                next = part.next();
            }
            let rest = next.filter(|next| *next <= stretch.from.last);
            let rest = rest.map(|start| Interval { start, last: stretch.from.last });
            pieces.extend(rest.into_iter().flat_map(|it| patched.pieces(file, it)));
        }
    };
    let (before, after) = shift.stretches.split_at_checked(shift.before_new).unwrap_or((&shift.stretches, &[]));
    old_stretches(before, &mut pieces);
    pieces.push(Piece::Bytes(new.into()));
    old_stretches(after, &mut pieces);
    pieces
}

/// Refuses a result that is far larger than the source and the additions.
fn refuse_growth(dump: &Minidump<'_>, size: u64, asked: u64) -> Result<(), RedumpError> {
    let limit = dump.file_size().saturating_mul(2).saturating_add(asked).saturating_add(0x1_0000);
    if size <= limit { Ok(()) } else { Err(ReadError::BudgetSpent { what: "result", offset: 0, limit }.into()) }
}

/// Returns the memory that the program asks for and the source lacks.
fn missing(dump: &Minidump<'_>, asked: &[(u64, u64)]) -> Vec<MissingMemory> {
    let memory = if asked.is_empty() { return Vec::new() } else { dump.memory() };
    let missing = |&(address, size): &(u64, u64)| {
        let available = memory.run_len(dump.target().mask(address), size);
        (available < size).then_some(MissingMemory { address, size, available })
    };
    asked.iter().filter_map(missing).collect()
}

/// Reports what happened to the streams.
fn finish(dump: &Minidump<'_>, inventory: &Inventory<'_>, choice: &Choice, shift: &Shift, report: &mut Report) {
    let stays = shift.is_none();
    let outcome = |held: &Held<'_>, number: usize| {
        let row = held.stream.stream_type().row();
        match row.relocation {
            _ if choice.edited.contains_key(&number) => Outcome::Rewritten,
            _ if stays => Outcome::Copied,
            Relocation::Known | Relocation::Viewed if !held.is_unreadable => Outcome::Relocated,
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
    let kept = inventory.held.iter().zip(&choice.kept).filter(|(_, kept)| **kept);
    let listed = |sum: (u64, u64), held: &Held<'_>| (sum.0 + held.listed.0, sum.1.saturating_add(held.listed.1));
    (report.memory_ranges, report.memory_bytes) = kept.fold((0, 0), |sum, (held, _)| listed(sum, held));
    report.source_size = dump.file_size();
    report.readable_bytes = report.source_size;
}
