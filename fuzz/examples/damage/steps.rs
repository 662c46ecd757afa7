//! The kinds of damage.

use std::io;

use crate::numbers::Numbers;
use crate::places::Places;
use crate::sources::Sources;

/// Maximum size of a block that is copied, zeroed, removed or inserted, in bytes.
const BLOCK: usize = 4096;

/// A description of a step: its kind and its details.
pub type Step = (&'static str, String);

/// A dump that is being damaged, and the input for that.
struct Work<'w> {
    bytes: &'w mut Vec<u8>,
    places: &'w Places,
    numbers: &'w mut Numbers,
    sources: &'w Sources,
}

type Kind = fn(&mut Work<'_>) -> io::Result<Option<Step>>;

/// The kinds of damage in the order in which they are applied, with weights: those that move bytes are late, and
/// truncation is last.
const KINDS: [(Kind, usize); 9] =
    [(flip, 5), (swap, 3), (replace, 6), (row, 4), (splice, 4), (copy, 1), (zero, 1), (shift, 1), (cut, 3)];

/// Damages the dump in one to six ways, and describes them.
pub fn damage(bytes: &mut Vec<u8>, places: &Places, numbers: &mut Numbers, sources: &Sources) -> io::Result<Vec<Step>> {
    let before = bytes.clone();
    let mut count = 1;
    while count < 6 && numbers.once_in(2) {
        count += 1;
    }
    let total = KINDS.iter().map(|(_, weight)| weight).sum();
    let mut chosen: Vec<usize> = (0..count).map(|_| kind(numbers.below(total))).collect();
    chosen.sort_unstable();
    let mut work = Work { bytes, places, numbers, sources };
    let mut steps = Vec::new();
    for index in chosen {
        steps.extend((KINDS[index].0)(&mut work)?);
    }
    // Swapping equal words or zeroing zeros changes nothing.
    if *work.bytes == before {
        steps.extend(flip(&mut work)?);
    }
    Ok(steps)
}

fn kind(mut ticket: usize) -> usize {
    let of = |(_, weight): &(Kind, usize)| {
        let hit = ticket < *weight;
        ticket = ticket.saturating_sub(*weight);
        hit
    };
    KINDS.iter().position(of).expect("the ticket is below the sum of all weights")
}

/// Flips 1 to 64 different bits.
fn flip(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let count = 1 << numbers.below(7);
    let mut flipped = Vec::new();
    for _ in 0..count {
        let Some(at) = places.pick(numbers, bytes.len(), 1) else { return Ok(None) };
        // The place is for a word; choose any of its bytes.
        let at = (at + numbers.below(4)).min(bytes.len() - 1);
        let bit = numbers.below(8);
        if !flipped.contains(&(at, bit)) {
            bytes[at] ^= 1 << bit;
            flipped.push((at, bit));
        }
    }
    let places: Vec<_> = flipped.iter().map(|(at, bit)| format!("{at:#x}.{bit}")).collect();
    Ok(Some(("bits flipped", places.join(" "))))
}

fn swap(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let width = width(numbers);
    let first = places.pick(numbers, bytes.len(), width);
    let second = places.pick(numbers, bytes.len(), width);
    let (Some(first), Some(second)) = (first, second) else { return Ok(None) };
    (0..width).for_each(|at| bytes.swap(first + at, second + at));
    Ok(Some(("words swapped", format!("{width} bytes at {first:#x} and {second:#x}"))))
}

/// Replaces a word with an extreme value.
fn replace(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let width = width(numbers);
    let Some(at) = places.pick(numbers, bytes.len(), width) else { return Ok(None) };
    let number = number(bytes.len() as u64, places, numbers);
    places.put(bytes, at, width, number);
    Ok(Some(("words replaced", format!("{width} bytes at {at:#x} by {number:#x}"))))
}

fn number(size: u64, places: &Places, numbers: &mut Numbers) -> u64 {
    let of_a_row = numbers.pick(&places.rows).map_or([size / 2; 3], |row| {
        [row.position.into(), row.size.into(), u64::from(row.position) + u64::from(row.size)]
    });
    let extremes = [0, 1, u64::MAX, 0x7fff_ffff, 0x8000_0000, u64::MAX >> 1, 1 << 63, u64::MAX << 12, 0x1000_0000];
    let small = numbers.below(64) as u64;
    match numbers.below(5) {
        0 => size.saturating_add_signed(*numbers.pick(&[-8, -4, -1, 0, 1]).expect("the list has rows")),
        1 => *numbers.pick(&of_a_row).expect("the list has rows"),
        2 => small,
        3 => u64::MAX - small,
        _ => *numbers.pick(&extremes).expect("the list has rows"),
    }
}

/// A directory entry takes the type, the location or both from another one; an offset of a full user dump takes the
/// value of another one.
fn row(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let (first, second) = (numbers.pick(&places.rows), numbers.pick(&places.rows));
    if let (Some(first), Some(second)) = (first, second) {
        let part = *numbers.pick(&[0..4, 4..12, 0..12]).as_ref().expect("the list has rows");
        copy_within(bytes, second.at + part.start, first.at + part.start, part.len());
        let what = format!("bytes {part:?} of the row at {:#x} taken from that at {:#x}", first.at, second.at);
        return Ok(Some(("streams spliced", what)));
    }
    let (first, second) = (numbers.pick(&places.fields), numbers.pick(&places.fields));
    let (Some(&first), Some(&second)) = (first, second) else { return Ok(None) };
    copy_within(bytes, second, first, places.width);
    Ok(Some(("streams spliced", format!("the position at {first:#x} taken from {second:#x}"))))
}

/// Appends a part of another dump, and makes an offset point to it.
fn splice(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, sources } = work;
    let (path, other) = sources.pick(numbers)?;
    let theirs = Places::of(&other);
    let (start, size, stream_type) = match numbers.pick(&theirs.rows) {
        Some(row) => (row.position as usize, row.size as usize, row.stream_type),
        None => (numbers.below(other.len()), 1 + numbers.below(BLOCK), 3),
    };
    let part = other.get(start..other.len().min(start.saturating_add(size.min(1 << 20)))).unwrap_or_default();
    let end = bytes.len();
    if let Some(row) = numbers.pick(&places.rows) {
        bytes.extend_from_slice(part);
        if !numbers.once_in(4) {
            places.put(bytes, row.at, 4, stream_type.into());
        }
        places.put(bytes, row.at + 4, 4, part.len() as u64);
        places.put(bytes, row.at + 8, 4, end as u64);
    } else if let Some(&field) = numbers.pick(&places.fields) {
        bytes.extend_from_slice(part);
        places.put(bytes, field, places.width, end as u64);
    } else {
        return Ok(None);
    }
    let what =
        format!("{} bytes at {start:#x} of {} put at {end:#x}, type {stream_type:#x}", part.len(), path.display());
    Ok(Some(("streams of other dumps", what)))
}

fn copy(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let size = 1 + numbers.below(BLOCK);
    let (from, to) = (places.pick(numbers, bytes.len(), 1), places.pick(numbers, bytes.len(), 1));
    let (Some(from), Some(to)) = (from, to) else { return Ok(None) };
    let size = size.min(bytes.len() - from.max(to));
    copy_within(bytes, from, to, size);
    Ok(Some(("blocks copied", format!("{size} bytes from {from:#x} to {to:#x}"))))
}

fn zero(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let size = 1 + numbers.below(BLOCK);
    let Some(at) = places.pick(numbers, bytes.len(), 1) else { return Ok(None) };
    let end = bytes.len().min(at + size);
    bytes[at..end].fill(0);
    Ok(Some(("blocks zeroed", format!("{at:#x} to {end:#x}"))))
}

/// Removes or duplicates a block, which moves all bytes after it.
fn shift(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let most = if numbers.once_in(2) { 16 } else { BLOCK };
    let size = 1 + numbers.below(most);
    let Some(at) = places.pick(numbers, bytes.len(), 1) else { return Ok(None) };
    let block = at..bytes.len().min(at + size);
    let what = format!("{:#x} to {:#x}", block.start, block.end);
    if numbers.once_in(2) {
        bytes.drain(block);
        return Ok(Some(("blocks taken out", what)));
    }
    let twice = bytes[block].to_vec();
    bytes.splice(at..at, twice);
    Ok(Some(("blocks put in twice", what)))
}

fn cut(work: &mut Work<'_>) -> io::Result<Option<Step>> {
    let Work { bytes, places, numbers, .. } = work;
    let size = bytes.len();
    let at = if numbers.once_in(2) { places.edge(numbers, size) } else { numbers.below(size) };
    bytes.truncate(at);
    Ok(Some(("cut", format!("at {at:#x} of {size:#x}"))))
}

fn width(numbers: &mut Numbers) -> usize {
    if numbers.once_in(3) { 8 } else { 4 }
}

fn copy_within(bytes: &mut [u8], from: usize, to: usize, size: usize) {
    if from.max(to) + size <= bytes.len() {
        bytes.copy_within(from..from + size, to);
    }
}
