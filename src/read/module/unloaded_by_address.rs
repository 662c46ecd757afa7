//! Unloaded modules by address.

use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

use crate::read::dump_bytes::DumpBytes;
use crate::read::interval::Span;
use crate::read::module::list::{UnloadedModule, UnloadedModuleList};
use crate::read::shared::Shared;
use crate::read::source::Source;
use crate::read::work::worked;

/// The unloaded modules by address, for many lookups.
///
/// Several modules may have been at the same address one after another, so each lookup returns all of them. It takes
/// time proportional to the number of results times the logarithm of the number of modules.
#[derive(Clone)]
pub struct UnloadedByAddress<'a> {
    dump: DumpBytes<'a>,
    list: UnloadedModuleList<'a>,
    tree: Shared<Tree>,
}

/// The addresses of modules, without the bytes of the file.
struct Tree {
    /// Sorted by first address; the rank is the index of the module in the list.
    spans: Vec<Span>,
    /// A binary tree over the spans with its root at index 1. Each node has the highest address in its subtree.
    highest: Vec<u64>,
}

impl<'a> UnloadedByAddress<'a> {
    pub(crate) fn new(list: UnloadedModuleList<'a>, dump: DumpBytes<'a>) -> Self {
        let target = dump.target();
        let spans = list.iter().zip(0..).filter_map(|(module, rank)| {
            Some(Span { interval: target.interval(module.base(), module.size().into())?, rank })
        });
        let mut spans: Vec<Span> = spans.collect();
        worked(spans.len() as u64);
        spans.sort_by_key(|span| span.interval.start);
        let leaves = spans.len().next_power_of_two();
        let mut highest = alloc::vec![0; leaves];
        highest.extend(spans.iter().map(|span| span.interval.last));
        highest.resize(2 * leaves, 0);
        for node in (1..leaves).rev() {
            let below = highest.get(2 * node..2 * node + 2).and_then(|below| below.iter().max()).copied();
            if let Some((node, below)) = highest.get_mut(node).zip(below) {
                *node = below;
            }
        }
        Self { dump, list, tree: Shared::new(Tree { spans, highest }) }
    }

    fn size(&self) -> u64 {
        self.dump.bytes().size()
    }

    fn rebound<'b>(&self, source: Source<'b>) -> UnloadedByAddress<'b> {
        let (dump, list) = (self.dump.rebound(source), self.list.rebound(source));
        UnloadedByAddress { dump, list, tree: Shared::clone(&self.tree) }
    }

    fn emptied(&self) -> UnloadedByAddress<'static> {
        UnloadedByAddress::new(UnloadedModuleList::default(), self.dump.rebound(Source::NOTHING))
    }

    /// Returns the list, in the order of the file.
    #[must_use]
    pub const fn list(&self) -> &UnloadedModuleList<'a> {
        &self.list
    }

    /// Returns all modules that were loaded at `address`, in the order of the list. The dump does not record when each
    /// of them was loaded. Only addresses at which a module was loaded cause an allocation.
    #[must_use]
    pub fn at_address(
        &self,
        address: u64,
    ) -> impl DoubleEndedIterator<Item = UnloadedModule<'a>> + FusedIterator + use<'a> {
        let address = self.dump.target().mask(address);
        // Spans from `end` on start above the address.
        let Tree { spans, highest } = &*self.tree;
        let end = spans.partition_point(|span| span.interval.start <= address);
        let mut found = Vec::new();
        let leaves = highest.len() / 2;
        // A depth-first walk without a stack: the next subtree is the right one of the last node that is a left one.
        let (mut node, mut first, mut count) = (1, 0, leaves);
        while first < end {
            worked(1);
            let is_below = highest.get(node).is_some_and(|&highest| address <= highest);
            if is_below && count > 1 {
                (node, count) = (2 * node, count / 2);
                continue;
            }
            if let Some(span) = spans.get(first).filter(|span| is_below && span.interval.has(address)) {
                found.push(span.rank);
            }
            first += count;
            while node % 2 == 1 && node > 1 {
                (node, count) = (node / 2, 2 * count);
            }
            if node == 1 {
                break;
            }
            node += 1;
        }
        found.sort_unstable();
        let list = self.list;
        found.into_iter().filter_map(move |rank| list.get(rank.into()))
    }
}

kept_index! {
    /// An [`UnloadedByAddress`] without the bytes of the dump, to be stored next to them: see
    /// [`OwnedDump`](crate::OwnedDump#examples).
    pub struct UnloadedModuleIndex of UnloadedByAddress
}

impl fmt::Debug for UnloadedByAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnloadedByAddress").field("len", &self.tree.spans.len()).finish()
    }
}
