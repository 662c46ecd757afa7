//! Finds return addresses into code outside modules: generated code, whose location most dumps do not record.
//!
//! Frame pointers lead to them. Each points to the frame pointer of the caller, which is at a higher address; the word
//! after that is the return address, regardless of its target.

use alloc::vec::Vec;
use core::iter;
use std::collections::HashSet;

use crate::format::ProcessorArchitecture;
use crate::read::{Interval, Memory, Target, holder};

use crate::redump::filter::code::Code;

/// The number of characters that may be in one word.
const HARMLESS: usize = 4;

/// Returns the addresses of such return addresses in `stacks`, sorted, following the frame pointers in `starts`.
/// `stacks` are sorted and disjoint.
pub(super) fn return_addresses(
    memory: &Memory<'_>,
    target: Target,
    starts: impl Iterator<Item = u64>,
    stacks: &[Interval],
    code: &Code,
) -> Vec<u64> {
    use ProcessorArchitecture as Architecture;

    let known = [Architecture::X86, Architecture::AMD64, Architecture::ARM64, Architecture::ARM64_OLD];
    if !target.architecture.is_some_and(|architecture| known.contains(&architecture)) {
        return Vec::new();
    }
    let width = target.pointer_size();
    let word_at = |address| memory.read_integer(address, width);
    // The addresses of frame pointers met so far; chains that meet continue as one.
    let mut met = HashSet::new();
    let mut found = Vec::new();
    for start in starts {
        let Some(stack) = holder(stacks, target.mask(start)) else { continue };
        let frames = iter::successors(Some(target.mask(start)), |&frame| {
            word_at(frame).filter(|&caller| caller > frame && caller <= stack.last)
        });
        for frame in frames {
            if frame % u64::from(width) != 0 || !met.insert(frame) {
                break;
            }
            let place = frame.saturating_add(width.into());
            let address = word_at(place).unwrap_or(0);
            if address != 0 && is_pointer(address, width) && !code.is_data(address) {
                found.push(place);
            }
        }
    }
    found.sort_unstable();
    found
}

/// False for what cannot be an address, or has more text than is harmless.
pub(super) fn is_pointer(word: u64, width: u32) -> bool {
    if width == 4 {
        return true;
    }
    let bytes = word.to_le_bytes();
    let texts = bytes.chunk_by(|a, b| is_text(*a) && is_text(*b));
    word >> 48 == 0 && texts.map(<[u8]>::len).all(|size| size <= HARMLESS)
}

const fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}
