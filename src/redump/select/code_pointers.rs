//! Words of stacks that point to code, for whatever is kept so that stacks can be walked.

use alloc::vec;
use alloc::vec::Vec;

use crate::read::{Interval, any_has};
use crate::redump::filter::code::Code;
use crate::redump::filter::{StackFilter, unsigned};
use crate::redump::source::Source;

use crate::redump::select::images::Images;

/// So many bytes of a stack are looked at at once; a multiple of every width of a word.
const CHUNK: usize = 0x1000;
/// Nothing is mapped below.
const PAGE: u64 = 0x1000;

/// Stacks of one width of words, which are apart and have all their bytes.
pub(super) struct StacksOfWidth {
    pub(super) stacks: Vec<Interval>,
    /// The size of a word in bytes.
    pub(super) width: u32,
    /// What the result does not have is not followed.
    pub(super) filter: Option<StackFilter>,
}

/// Where code may be outside of images.
pub(super) enum Outside {
    /// There, in the order of addresses and apart.
    Executable(Vec<Interval>),
    /// Nothing describes the address space: anywhere but on the stacks, which are in the order of addresses and apart.
    NotOn(Vec<Interval>),
}

impl Outside {
    /// True if headers of images alone tell what is executable. What they do not call so may have been.
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
            // A word that is a small number leads nowhere.
            Self::NotOn(stacks) => {
                address >= PAGE && !any_has(stacks, address) && source.memory.range_at(address).is_some()
            }
        }
    }
}

/// Addresses of code that stacks and instruction pointers name, sorted, each once, without signatures.
#[derive(Debug, Default)]
pub(super) struct CodePointers {
    /// In executable memory of images, with the index of the image.
    pub(super) in_images: Vec<(usize, u64)>,
    /// In memory outside of all images that is executable, or may be.
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
        let mut look_at = |word: u64| {
            let address = source.target.mask(word) & unsigned & !thumb;
            if code.is_at_code(address) || outside.is_everywhere() && any_has(source.modules(), address) {
                images.index_at(address).into_iter().for_each(|image| in_images.push((image, address)));
            } else if outside.may_be_code(source, address) {
                generated.push(address);
            }
        };
        instruction_pointers.for_each(&mut look_at);
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
                        .for_each(&mut look_at);
                    next = start.checked_add(CHUNK as u64);
                }
            }
        }
        Self { in_images: in_images.into_sorted(), generated: generated.into_sorted() }
    }

    /// The pointers into each image that has some, by its index.
    pub(super) fn by_image(&self) -> impl Iterator<Item = (usize, &[(usize, u64)])> {
        let groups = self.in_images.chunk_by(|(one, _), (other, _)| one == other);
        groups.filter_map(|group| Some((group.first()?.0, group)))
    }
}

/// Values of which many come many times, kept once.
#[derive(Default)]
struct Unique<T> {
    values: Vec<T>,
    /// How many may be there before repeated ones are looked for again.
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
