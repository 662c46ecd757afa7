//! Sorts the numbers of entries by keys that are slow to read.

use alloc::vec::Vec;

use crate::read::work::worked;

/// How many times all keys are read.
const PARTS: usize = 16;
/// The number of keys that are looked at to find parts of similar size.
const SAMPLES: usize = 1 << 10;

/// Returns the numbers of the keys that are `Some`, sorted by key. `keys` returns all keys, of which there are `count`;
/// `visit` is called for each key, in ascending order.
///
/// Comparing keys in the file would wait for memory at nearly every comparison. So the keys are read in their order,
/// several times, and each time those in one part of their range are sorted. Meanwhile, this takes little more than the
/// numbers themselves, unless most keys are equal.
pub(crate) fn sorted_numbers<K, I>(count: usize, keys: impl Fn() -> I, mut visit: impl FnMut(K)) -> Vec<u32>
where
    K: Copy + Ord,
    I: Iterator<Item = Option<K>>,
{
    let limits = limits(keys().step_by(count.div_ceil(SAMPLES).max(1)).flatten());
    let mut numbers = Vec::new();
    numbers.reserve_exact(count);
    // The samples tell the size of a part only roughly.
    let mut part: Vec<(K, u32)> = Vec::with_capacity(count / PARTS + count / (4 * PARTS) + 1);
    for index in 0..=limits.len() {
        let (from, limit) = (index.checked_sub(1).and_then(|before| limits.get(before)), limits.get(index));
        worked(count as u64);
        for (key, number) in keys().zip(0..=u32::MAX) {
            let Some(key) = key.filter(|key| from.is_none_or(|it| it <= key) && limit.is_none_or(|it| key < it)) else {
                continue;
            };
            if part.len() == part.capacity() {
                part.reserve_exact(part.len());
            }
            part.push((key, number));
        }
        part.sort_unstable();
        numbers.extend(part.drain(..).map(|(key, number)| {
            visit(key);
            number
        }));
    }
    numbers
}

/// Returns the first key of each part except the first.
fn limits<K: Copy + Ord>(samples: impl Iterator<Item = K>) -> Vec<K> {
    let mut samples: Vec<K> = samples.collect();
    samples.sort_unstable();
    let mut limits: Vec<K> = (1..PARTS).filter_map(|part| samples.get(part * samples.len() / PARTS).copied()).collect();
    limits.dedup();
    limits
}
