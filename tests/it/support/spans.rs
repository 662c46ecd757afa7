//! Ranges of addresses, and which of their bytes are in other ranges.

use std::ops::Range;

use super::facts::MemoryRange;

pub fn span((start, size): (u64, u64)) -> Range<u64> {
    start..start.saturating_add(size)
}

pub fn overlaps(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The parts of a range that are in none of `ranges`.
pub fn uncovered(range: Range<u64>, ranges: &[(u64, &[u8])]) -> Vec<Range<u64>> {
    let near = ranges.iter().map(|(start, bytes)| span((*start, bytes.len() as u64)));
    uncovered_by(range.clone(), &near.filter(|it| overlaps(it, &range)).collect::<Vec<_>>())
}

pub fn uncovered_by(range: Range<u64>, covers: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut covers: Vec<_> = covers.iter().filter(|it| overlaps(it, &range)).cloned().collect();
    covers.sort_by_key(|it| it.start);
    let mut gaps = Vec::new();
    let mut at = range.start;
    for cover in covers {
        if cover.start > at {
            gaps.push(at..cover.start);
        }
        at = at.max(cover.end);
    }
    if at < range.end {
        gaps.push(at..range.end);
    }
    gaps
}

/// The parts of some bytes that `ranges` lack or have with other values.
///
/// If several of `ranges` have an address, one of them must have the byte.
pub fn unequal(start: u64, bytes: &[u8], ranges: &[(u64, &[u8])]) -> Vec<Range<u64>> {
    let wanted = span((start, bytes.len() as u64));
    let mut same = Vec::new();
    for (at, held) in ranges {
        let shared = wanted.start.max(*at)..wanted.end.min(at + held.len() as u64);
        if shared.is_empty() {
            continue;
        }
        let part = |from: u64, of: &'_ [u8]| -> Vec<u8> {
            let from = usize::try_from(shared.start - from).unwrap();
            of[from..from + usize::try_from(shared.end - shared.start).unwrap()].to_vec()
        };
        let (a, b) = (part(start, bytes), part(*at, held));
        if a == b {
            same.push(shared);
        } else {
            same.extend(
                (0..a.len()).filter(|&i| a[i] == b[i]).map(|i| shared.start + i as u64..shared.start + i as u64 + 1),
            );
        }
    }
    uncovered_by(wanted, &same)
}

/// The file position of the `size` bytes at `address`: in one range, or in several that are adjacent in the file and by
/// address; 0 if they are not, or if the position is beyond 32 bits.
pub fn position_of(ranges: &[MemoryRange<'_>], address: u64, size: u64) -> u64 {
    let holds = |range: &MemoryRange<'_>| range.address <= address && address - range.address < range.size;
    for (number, first) in ranges.iter().enumerate().filter(|(_, range)| holds(range)) {
        let at = first.at.0 + (address - first.address);
        let mut covered = first.size - (address - first.address);
        for pair in ranges[number..].windows(2) {
            if pair[0].address + pair[0].size != pair[1].address || pair[0].at.0 + pair[0].size != pair[1].at.0 {
                break;
            }
            covered += pair[1].size;
        }
        if covered >= size && size > 0 && u32::try_from(at).is_ok() {
            return at;
        }
    }
    0
}
