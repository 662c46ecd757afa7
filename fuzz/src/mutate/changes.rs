//! The changes. Each returns `None`, and changes nothing, if it cannot be applied to the dump.

// All have the same signature as those that make a dump longer.
#![allow(clippy::ptr_arg)]

use crate::random::Random;

use super::map::{Field, Map, Stream, What};
use super::shapes::SHAPES;

type Change = fn(&mut Vec<u8>, &Map, usize, &mut Random) -> Option<()>;

const CHANGES: [Change; 12] =
    [retarget, resize, reposition, reposition, swap, duplicate, cut, overlap, readdress, plant, grow, renumber];

/// Makes one change that `seed` selects. `room` is the largest size that the dump may grow to.
pub fn change(file: &mut Vec<u8>, map: &Map, room: usize, random: &mut Random) -> Option<()> {
    CHANGES[random.below(CHANGES.len())](file, map, room, random)
}

/// A directory entry gets the type or the location of another one, or a type of its own.
fn retarget(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let [to, from] = [random.pick(&map.streams)?.entry, random.pick(&map.streams)?.entry];
    let part = match random.below(5) {
        0 => 0..4,
        1 => 4..12,
        2 => 8..12,
        3 => 0..12,
        _ => {
            let stream_type = random.pick(&SHAPES)?.stream_type;
            return map.put(file, to, 4, stream_type.into());
        }
    };
    let bytes = file.get(from + part.start..from + part.end)?.to_vec();
    file.get_mut(to + part.start..to + part.end)?.copy_from_slice(&bytes);
    Some(())
}

/// A size or a count is increased or decreased a little, or becomes 0, the maximum, or more than that.
fn resize(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let field = *random.pick(&map.all(&[What::Size, What::Count]))?;
    let number = map.get(file, field.at, field.width)?;
    let step = 1 << random.below(7);
    let number = match random.below(8) {
        0 | 1 => number.wrapping_add(step),
        2 | 3 => number.wrapping_sub(step),
        4 => number / 2,
        5 => number.wrapping_mul(2),
        6 => 0,
        _ => *random.pick(&[1, 0x7fff_ffff, 0xffff_ffff, 0x1_0000_0000, u64::MAX, file.len() as u64])?,
    };
    map.put(file, field.at, field.width, number)
}

/// An offset becomes that of something else, a slightly different one, or one near the end.
fn reposition(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let positions = map.all(&[What::Position]);
    let field = *random.pick(&positions)?;
    let start = match random.below(6) {
        0 => random.pick(&map.tables)?.at as u64,
        1 => random.pick(&map.streams)?.start as u64,
        2 => (file.len() as u64).wrapping_sub(random.below(64) as u64),
        3 => map.get(file, field.at, field.width)?,
        _ => other(file, map, &positions, random)?,
    };
    let beside = if random.one_in(2) { 0 } else { random.below(65) as u64 };
    let position = start.wrapping_add(beside).wrapping_sub(if random.one_in(2) { 0 } else { beside * 2 });
    map.put(file, field.at, field.width, position)
}

fn other(file: &[u8], map: &Map, fields: &[Field], random: &mut Random) -> Option<u64> {
    let field = random.pick(fields)?;
    map.get(file, field.at, field.width)
}

/// Swaps two entries of a table, or copies one to the other.
fn swap(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let tables: Vec<_> = map.tables.iter().filter(|table| table.len > 1).collect();
    let table = *random.pick(&tables)?;
    let [one, two] = [random.below(table.len), random.below(table.len)].map(|index| table.at + table.entry * index);
    let [first, second] = [one, two].map(|at| file.get(at..at + table.entry).map(<[u8]>::to_vec));
    file.get_mut(two..two + table.entry)?.copy_from_slice(&first?);
    if random.one_in(2) {
        file.get_mut(one..one + table.entry)?.copy_from_slice(&second?);
    }
    Some(())
}

/// Duplicates a stream: its bytes and a longer directory are appended.
fn duplicate(file: &mut Vec<u8>, map: &Map, room: usize, random: &mut Random) -> Option<()> {
    let (stream, directory) = (*random.pick(&map.streams)?, map.tables.first()?);
    let bytes = file.get(stream.start..stream.start + stream.size)?.to_vec();
    let entry = file.get(stream.entry..stream.entry + 12)?.to_vec();
    let entries = file.get(directory.at..directory.at + directory.entry * directory.len)?.to_vec();
    let start = file.len().next_multiple_of(4);
    let longer = start + bytes.len().next_multiple_of(4);
    if longer + entries.len() + entry.len() > room {
        return None;
    }
    file.resize(start, 0);
    file.extend(bytes);
    file.resize(longer, 0);
    file.extend(entries);
    let last = file.len();
    file.extend(entry);
    map.put(file, last + 8, 4, start as u64)?;
    map.put(file, 8, 4, directory.len as u64 + 1)?;
    map.put(file, 12, 4, longer as u64)
}

/// Truncates the file in a stream, after one, or where something else begins.
fn cut(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let end = match random.pick(&map.streams) {
        Some(Stream { start, size, .. }) if random.one_in(2) => match random.one_in(2) {
            true => start + size,
            false => start + random.below(*size),
        },
        _ => usize::try_from(other(file, map, &map.all(&[What::Position]), random)?).ok()?,
    };
    // Files without a complete header are not worth trying.
    if !(32..file.len()).contains(&end) {
        return None;
    }
    file.truncate(end);
    Some(())
}

/// Makes a range begin in another one, or overlap it.
fn overlap(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let &(start, size) = random.pick(&map.ranges)?;
    let target = *random.pick(&map.ranges)?;
    let addresses = map.all(&[What::Address]);
    let found = addresses.iter().position(|field| map.get(file, field.at, field.width) == Some(target.0))?;
    let field = addresses[found];
    let into = if random.one_in(3) { 0 } else { random.below(usize::try_from(size).unwrap_or(usize::MAX)) as u64 };
    let address = match random.below(3) {
        // The range ends inside the other one, or where that begins.
        0 => start.wrapping_add(into).wrapping_sub(target.1),
        _ => start.wrapping_add(into),
    };
    map.put(file, field.at, field.width, address)
}

/// Returns an address in a range: its start, its end, or any other.
fn address(map: &Map, random: &mut Random) -> Option<u64> {
    let &(start, size) = random.pick(&map.ranges)?;
    Some(start.wrapping_add(match random.below(6) {
        0 => 0,
        1 => size,
        2 => size.wrapping_sub(1),
        3 => 0u64.wrapping_sub(random.below(64) as u64),
        _ => random.below(usize::try_from(size).unwrap_or(usize::MAX)) as u64 & !7,
    }))
}

fn readdress(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let field = *random.pick(&map.all(&[What::Address]))?;
    let address = address(map, random)?;
    map.put(file, field.at, field.width, address)
}

/// A word at an offset, in a context or in memory, becomes an address.
fn plant(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let start = match random.pick(&map.streams) {
        Some(stream) if random.one_in(4) => stream.start,
        _ => usize::try_from(other(file, map, &map.all(&[What::Position]), random)?).ok()?,
    };
    let width = if random.one_in(3) { 4 } else { 8 };
    let at = start.checked_add(width * random.below(160))?;
    let address = address(map, random)?;
    map.put(file, at, width, address)
}

/// Moves a stream to the end, with an additional entry in its list.
fn grow(file: &mut Vec<u8>, map: &Map, room: usize, random: &mut Random) -> Option<()> {
    let stream = *random.pick(&map.streams)?;
    let inside = |at: usize| (stream.start..stream.start + stream.size).contains(&at);
    let table = map.tables.iter().find(|table| inside(table.count.at) && table.len > 0)?;
    let mut bytes = file.get(stream.start..table.at + table.entry * table.len)?.to_vec();
    let entry = table.at + table.entry * random.below(table.len);
    bytes.extend_from_slice(file.get(entry..entry + table.entry)?);
    let start = file.len().next_multiple_of(4);
    if start + bytes.len() > room {
        return None;
    }
    let (size, count) = (bytes.len() as u64, start + (table.count.at - stream.start));
    file.resize(start, 0);
    file.extend(bytes);
    map.put(file, count, table.count.width, table.len as u64 + 1)?;
    map.put(file, stream.entry + 4, 4, size)?;
    map.put(file, stream.entry + 8, 4, start as u64)
}

/// A thread gets the ID of another one.
fn renumber(file: &mut Vec<u8>, map: &Map, _: usize, random: &mut Random) -> Option<()> {
    let fields = map.all(&[What::Id]);
    let number = other(file, map, &fields, random)?;
    let field = *random.pick(&fields)?;
    map.put(file, field.at, field.width, number)
}
