//! Finds stack words that point to code, for the presets with which stacks can be walked.

use alloc::vec;
use alloc::vec::Vec;

use crate::read::{Interval, Intervals, Union, any_has, overlapping};
use crate::redump::filter::code::Code;
use crate::redump::filter::{StackFilter, unsigned, value};
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
    Executable(Intervals),
    /// Anywhere except on these stacks, which are sorted and disjoint, because nothing describes the address space.
    NotOn(Vec<Interval>),
}

impl Outside {
    /// True if only image headers tell what is executable. Other memory of an image may have been executable too.
    const fn is_everywhere(&self) -> bool {
        matches!(self, Self::NotOn(_))
    }

    fn last(&self) -> u64 {
        match self {
            Self::Executable(parts) => parts.last().map_or(0, |part| part.last),
            Self::NotOn(parts) => parts.last().map_or(0, |part| part.last),
        }
    }

    fn may_be_code(&self, source: &Source<'_>, address: u64) -> bool {
        match self {
            Self::Executable(parts) => parts.has(address),
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
    /// In executable memory of images; each is an interval of one address.
    in_images: Intervals,
    /// In memory outside all images that is executable, or may be.
    generated: Intervals,
}

/// The pointers into an image.
pub(super) struct PointersInto<'p> {
    all: &'p Intervals,
    /// The parts of the image.
    parts: Vec<Interval>,
}

impl PointersInto<'_> {
    /// Returns the addresses, sorted and without duplicates.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.parts.iter().flat_map(|part| overlapping(self.all, *part)).map(|point| point.start)
    }
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
        let (mut in_images, mut generated) = (Union::default(), Union::default());
        let mut visit = |word: u64| {
            let address = source.target.mask(word) & unsigned & !thumb;
            let point = Interval { start: address, last: address };
            if code.is_at_code(address) || outside.is_everywhere() && any_has(source.modules(), address) {
                in_images.extend(images.index_at(address).map(|_| point));
            } else if outside.may_be_code(source, address) {
                generated.add(point);
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
                    words.filter_map(|bytes| value(bytes, 0, word)).for_each(&mut visit);
                    next = start.checked_add(CHUNK as u64);
                }
            }
        }
        Self { in_images: in_images.into_intervals(), generated: generated.into_intervals() }
    }

    /// Returns the pointers into each image that has any, by image index.
    pub(super) fn by_image<'i>(&'i self, images: &'i Images) -> impl Iterator<Item = (usize, PointersInto<'i>)> + 'i {
        (0..images.list().len()).filter_map(|index| {
            let pointers = PointersInto { all: &self.in_images, parts: images.parts(index).collect() };
            let has_any = pointers.iter().next().is_some();
            has_any.then_some((index, pointers))
        })
    }

    /// Takes the pointers to other memory; each is an interval of one address.
    pub(super) fn take_generated(&mut self) -> Intervals {
        core::mem::take(&mut self.generated)
    }
}
