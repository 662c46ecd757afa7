//! Finds stack words that point to code, for the presets with which stacks can be walked.

use alloc::vec;
use alloc::vec::Vec;

use crate::read::{Interval, any_has};
use crate::redump::filter::code::Code;
use crate::redump::filter::{StackFilter, unsigned};
use crate::redump::source::Source;

use crate::redump::select::images::Images;

/// How many bytes of a stack are read at once; a multiple of every word size.
const CHUNK: usize = 0x1000;
/// Nothing is mapped below this address.
const PAGE: u64 = 0x1000;

/// Stacks with words of one size; disjoint, and with all their bytes present.
pub(super) struct StacksOfWidth {
    pub(super) stacks: Vec<Interval>,
    /// The size of a word in bytes.
    pub(super) width: u32,
    /// What the result does not have is not followed.
    pub(super) filter: Option<StackFilter>,
}

/// Where code may be outside images.
pub(super) enum Outside {
    /// In these intervals, which are sorted and disjoint.
    Executable(Vec<Interval>),
    /// Anywhere except on these stacks, which are sorted and disjoint, because nothing describes the address space.
    NotOn(Vec<Interval>),
}

impl Outside {
    /// True if only image headers tell what is executable. Other memory of an image may have been executable too.
    const fn is_everywhere(&self) -> bool {
        matches!(self, Self::NotOn(_))
    }

    fn last(&self) -> u64 {
        let (Self::Executable(parts) | Self::NotOn(parts)) = self;
        parts.last().map_or(0, |part| part.last)
    }

    fn may_be_code(&self, source: &Source<'_>, address: u64) -> bool {
        match self {
            Self::Executable(parts) => any_has(parts, address),
            // A small number is not a pointer.
            Self::NotOn(stacks) => {
                address >= PAGE && !any_has(stacks, address) && source.memory.range_at(address).is_some()
            }
        }
    }
}

/// Code addresses on stacks and in instruction pointers: sorted, without duplicates and without signatures.
#[derive(Debug, Default)]
pub(super) struct CodePointers {
    /// In executable memory of images, with the index of the image.
    pub(super) in_images: Vec<(usize, u64)>,
    /// In memory outside all images that is executable, or may be.
    pub(super) generated: Vec<u64>,
}

impl CodePointers {
    pub(super) fn find(
        source: &Source<'_>,
        (images, code): (&Images, &Code),
        outside: &Outside,
        stacks: &[StacksOfWidth],
        instruction_pointers: impl Iterator<Item = u64>,
    ) -> Self {
        let highest = source.modules().last().map_or(0, |module| module.last);
        let unsigned = unsigned(source.target, highest.max(outside.last()));
        let thumb = u64::from(source.target.processor().has_thumb);
        let (mut in_images, mut generated) = (Unique::default(), Unique::default());
        let mut visit = |word: u64| {
            let address = source.target.mask(word) & unsigned & !thumb;
            if code.is_at_code(address) || outside.is_everywhere() && any_has(source.modules(), address) {
                images.index_at(address).into_iter().for_each(|image| in_images.push((image, address)));
            } else if outside.may_be_code(source, address) {
                generated.push(address);
            }
        };
        instruction_pointers.for_each(&mut visit);
        let mut buffer = vec![0; CHUNK];
        for StacksOfWidth { stacks, width, filter } in stacks {
            let word = u64::from(*width);
            for stack in stacks {
                let mut next = stack.start.checked_next_multiple_of(word);
                while let Some(start) = next.filter(|&start| start <= stack.last) {
                    let size = usize::try_from(stack.last - start).unwrap_or(CHUNK).saturating_add(1).min(CHUNK);
                    let Some(bytes) = buffer.get_mut(..size) else { break };
                    let there = source.memory.read(start, bytes);
                    let Some(bytes) = bytes.get_mut(..there).filter(|bytes| !bytes.is_empty()) else { break };
                    if let Some(filter) = filter {
                        filter.filter(&source.memory, start, bytes);
                    }
                    let words = bytes.chunks_exact(if *width == 4 { 4 } else { 8 });
                    words
                        .map(|word| word.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
                        .for_each(&mut visit);
                    next = start.checked_add(CHUNK as u64);
                }
            }
        }
        Self { in_images: in_images.into_sorted(), generated: generated.into_sorted() }
    }

    /// Returns the pointers into each image that has any, by image index.
    pub(super) fn by_image(&self) -> impl Iterator<Item = (usize, &[(usize, u64)])> {
        let groups = self.in_images.chunk_by(|(one, _), (other, _)| one == other);
        groups.filter_map(|group| Some((group.first()?.0, group)))
    }
}

/// Collects values without duplicates, when many values occur many times.
#[derive(Default)]
struct Unique<T> {
    values: Vec<T>,
    /// The number of values at which duplicates are removed again.
    limit: usize,
}

impl<T: Ord + Copy> Unique<T> {
    fn push(&mut self, value: T) {
        if self.values.last() == Some(&value) {
            return;
        }
        if self.values.len() >= self.limit {
            self.settle();
            self.limit = (2 * self.values.len()).max(0x1000);
        }
        self.values.push(value);
    }

    fn settle(&mut self) {
        self.values.sort_unstable();
        self.values.dedup();
    }

    fn into_sorted(mut self) -> Vec<T> {
        self.settle();
        self.values
    }
}
