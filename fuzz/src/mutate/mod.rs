//! Mutates dumps by meaning: fields get values that exercise other code, and references stay within reach.
//!
//! Bytes that are not a dump, and about half of the dumps, are left to the fuzzer's own mutations.

mod changes;
mod map;
mod shapes;

use arbitrary::{Arbitrary, Unstructured};

use crate::process::Process;
use crate::random::Random;
use map::Map;

/// Changes `data[..size]` in place and returns its new size, at most `max_size`. Only `seed` determines the change.
///
/// The last `tail` bytes are options, which are not part of the dump. `default` is the fuzzer's own mutation of a part
/// of `data`.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    tail: usize,
    default: impl Fn(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut random = Random::new(seed.into());
    let most = max_size.min(data.len());
    let (Some(end), Some(room)) = (size.checked_sub(tail), most.checked_sub(tail).filter(|room| *room > 0)) else {
        return default(data, size, max_size);
    };
    let mut options = data[end..size].to_vec();
    if random.one_in(4) {
        let bit = random.below(8 * options.len());
        options.get_mut(bit / 8).into_iter().for_each(|byte| *byte ^= 1 << (bit % 8));
    }
    let changed = if random.one_in(2) { by_meaning(&data[..end], room, &mut random) } else { None };
    let end = match changed {
        Some(file) => {
            data[..file.len()].copy_from_slice(&file);
            file.len()
        }
        None => default(data, end.min(room), room),
    };
    data[end..end + tail].copy_from_slice(&options);
    end + tail
}

/// Returns the dump with some changes; `None` if it is not a dump, or if no change could be applied.
fn by_meaning(file: &[u8], room: usize, random: &mut Random) -> Option<Vec<u8>> {
    if Map::new(file).is_none() {
        return made(file, random).filter(|file| file.len() <= room);
    }
    let mut file = file.to_vec();
    let mut changed = false;
    for _ in 0..=random.below(3) {
        let map = Map::new(&file)?;
        changed |= changes::change(&mut file, &map, room, random).is_some();
    }
    changed.then_some(file).filter(|file| file.len() <= room)
}

/// Occasionally replaces bytes that describe a process with its dump, so that the fields of the dump can be changed.
fn made(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    if !random.one_in(4) {
        return None;
    }
    let process = Process::arbitrary_take_rest(Unstructured::new(bytes)).ok()?;
    Some(process.dump(random.one_in(2)))
}
