//! Ranges of addresses, and which of their bytes others have.

use std::ops::Range;

pub fn span((start, size): (u64, u64)) -> Range<u64> {
    start..start.saturating_add(size)
}

pub fn overlaps(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The parts of a range that none of `ranges` has.
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

/// The parts of some bytes that `ranges` lack, or have otherwise.
///
/// Where several of `ranges` hold an address, one of them must have the byte.
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
