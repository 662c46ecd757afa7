//! The user shared data page, as the engine of 2026 writes it and as `r` and `R` leave it.

use std::ops::Range;

use super::spans::uncovered;

/// The part that the engine writes.
pub const SHARED_DATA: Range<u64> = 0x7ffe_0000..0x7ffe_0aa0;
const FULL_MEMORY: u64 = 0x2;
const FILTER_MEMORY: u64 = 0x8;
const FILTER_MODULE_PATHS: u64 = 0x80;

/// The range that the engine takes for shared data if the source has none: the memory that follows.
pub fn stranger(source: &[(u64, &[u8])]) -> Range<u64> {
    let is_there = uncovered(SHARED_DATA, source) != [SHARED_DATA];
    let behind = source.iter().find(|(start, _)| *start >= SHARED_DATA.end);
    match behind.filter(|_| !is_there) {
        Some((start, _)) => *start..*start + (SHARED_DATA.end - SHARED_DATA.start),
        None => 0..0,
    }
}

/// Memory in which the parts of the shared data that the flags remove are zero: everything but times, time zone,
/// versions and features of the processor, edition and ticks; or the system folder.
pub fn hidden(ranges: &[(u64, &[u8])], flags: u64) -> Vec<(u64, Vec<u8>)> {
    if flags & FULL_MEMORY != 0 || flags & (FILTER_MEMORY | FILTER_MODULE_PATHS) == 0 {
        return ranges.iter().map(|(start, bytes)| (*start, bytes.to_vec())).collect();
    }
    let kept: &[Range<u64>] = match flags & (FILTER_MEMORY | FILTER_MODULE_PATHS) {
        FILTER_MODULE_PATHS => &[0..0x30, 0x238..0xaa0],
        _ => &[0..0x2c, 0x240..0x244, 0x260..0x2b4, 0x2d0..0x2d4, 0x320..0x32c],
    };
    let is_hidden = |address: u64| {
        SHARED_DATA.contains(&address) && !kept.iter().any(|kept| kept.contains(&(address - SHARED_DATA.start)))
    };
    let hide = |&(start, bytes): &(u64, &[u8])| {
        let mut bytes = bytes.to_vec();
        (0..)
            .map(|position| start.wrapping_add(position))
            .zip(&mut bytes)
            .filter(|(address, _)| is_hidden(*address))
            .for_each(|(_, byte)| *byte = 0);
        (start, bytes)
    };
    ranges.iter().map(hide).collect()
}
