//! The images of the process by address.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::read::{Interval, Module, Span, holder};
use crate::redump::hooks::Hooks;
use crate::redump::source::Source;

/// The images that the result lists, as far as they reach.
pub(super) struct Images {
    list: Vec<ListedImage>,
    /// In the order of addresses and apart; the rank is the index in `list`.
    spans: Vec<Span>,
    /// The same in the order of ranks.
    by_rank: Vec<Span>,
}

/// A module that the result lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListedImage {
    /// Its number in the list, from 0; of several at one base that of the first.
    pub(super) module: u64,
    /// Without an upper half on 32-bit targets.
    pub(super) base: u64,
}

impl Images {
    pub(super) fn new(source: &Source<'_>, hooks: &Hooks<'_>) -> Self {
        let dump = source.dump();
        let modules = dump.modules();
        let base = |module: &Module<'_>| source.target.mask(module.base());
        let mut list: Vec<ListedImage> = Vec::new();
        let mut indices = BTreeMap::new();
        for (number, module) in (0..).zip(modules).filter(|(_, module)| hooks.keeps_module(module)) {
            let index = u32::try_from(list.len()).unwrap_or(u32::MAX);
            indices.entry(base(&module)).or_insert_with(|| {
                list.push(ListedImage { module: number, base: base(&module) });
                index
            });
        }
        let index_of = |number: u64| indices.get(&base(&modules.get(number)?)).copied();
        let extents = dump.module_extents();
        let spans =
            extents.numbered().filter_map(|(interval, number)| Some(Span { interval, rank: index_of(number)? }));
        let spans: Vec<Span> = spans.collect();
        let mut by_rank = spans.clone();
        by_rank.sort_by_key(|span| (span.rank, span.interval.start));
        Self { list, spans, by_rank }
    }

    /// All of them, in the order of the module list, each base once.
    pub(super) fn list(&self) -> &[ListedImage] {
        &self.list
    }

    /// The index in [`Images::list`] of the image that has the address.
    pub(super) fn index_at(&self, address: u64) -> Option<usize> {
        usize::try_from(holder(&self.spans, address)?.rank).ok()
    }

    /// Where the image with an index is, in the order of addresses.
    pub(super) fn parts(&self, index: usize) -> impl Iterator<Item = Interval> + '_ {
        let rank = |span: &Span| usize::try_from(span.rank).unwrap_or(usize::MAX);
        let first = self.by_rank.partition_point(|span| rank(span) < index);
        let parts = self.by_rank.get(first..).unwrap_or_default().iter();
        parts.take_while(move |span| rank(span) == index).map(|span| span.interval)
    }
}
