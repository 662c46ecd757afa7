//! The images of the process, by address.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::read::{Interval, Span, holder};
use crate::redump::hooks::Hooks;
use crate::redump::source::Source;

/// The images that the result lists, with their extents.
pub(super) struct Images {
    list: Vec<ListedImage>,
    /// Sorted by address and disjoint; the rank is the index in `list`.
    spans: Vec<Span>,
    /// The same spans, sorted by rank.
    by_rank: Vec<Span>,
}

/// A module that the result lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListedImage {
    /// Its index in the module list, from 0; of several modules at one base, that of the first.
    pub(super) module: u64,
    /// The base address, without the upper half on 32-bit targets.
    pub(super) base: u64,
}

/// Returns the modules that the result lists, in the order of the module list, each base once.
pub(super) fn listed(source: &Source<'_>, hooks: &Hooks<'_>) -> Vec<ListedImage> {
    let mut met = HashSet::new();
    let kept = (0..).zip(source.dump().modules()).filter(|(_, module)| hooks.keeps_module(module));
    let images = kept.map(|(module, it)| ListedImage { module, base: source.target.mask(it.base()) });
    images.filter(|image| met.insert(image.base)).collect()
}

impl Images {
    pub(super) fn new(source: &Source<'_>, hooks: &Hooks<'_>) -> Self {
        let dump = source.dump();
        let modules = dump.modules();
        let list = listed(source, hooks);
        let indices: BTreeMap<u64, u32> = list.iter().map(|image| image.base).zip(0..).collect();
        let index_of = |number: u64| indices.get(&source.target.mask(modules.get(number)?.base())).copied();
        let extents = source.module_extents();
        let spans =
            extents.numbered().filter_map(|(interval, number)| Some(Span { interval, rank: index_of(number)? }));
        let spans: Vec<Span> = spans.collect();
        let mut by_rank = spans.clone();
        by_rank.sort_by_key(|span| (span.rank, span.interval.start));
        Self { list, spans, by_rank }
    }

    /// See [`listed`].
    pub(super) fn list(&self) -> &[ListedImage] {
        &self.list
    }

    /// Returns the index in [`Images::list`] of the image that contains the address.
    pub(super) fn index_at(&self, address: u64) -> Option<usize> {
        usize::try_from(holder(&self.spans, address)?.rank).ok()
    }

    /// Returns the intervals of the image with an index, sorted by address.
    pub(super) fn parts(&self, index: usize) -> impl Iterator<Item = Interval> + '_ {
        let rank = |span: &Span| usize::try_from(span.rank).unwrap_or(usize::MAX);
        let first = self.by_rank.partition_point(|span| rank(span) < index);
        let parts = self.by_rank.get(first..).unwrap_or_default().iter();
        parts.take_while(move |span| rank(span) == index).map(|span| span.interval)
    }
}
