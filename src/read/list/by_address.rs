//! List entries by address.

use alloc::vec::Vec;
use core::fmt;

use crate::read::interval::{Span, holder, settle};
use crate::read::list::entries::{List, Record};
use crate::read::shared::Shared;
use crate::read::source::Source;
use crate::read::target::Target;

/// An entry that describes a range of addresses.
pub trait Addressed {
    /// The first address, as stored in the file.
    fn base(&self) -> u64;
    /// The number of addresses.
    fn size(&self) -> u64;
}

/// The entries of a list by address, see [`List::by_address`].
///
/// Where entries overlap, the first one in the list takes precedence. An entry of size 0 contains no address, and one
/// that extends beyond the highest address of the target ends there. Addresses of 32-bit targets are compared by their
/// low 32 bits.
pub struct ByAddress<'a, R> {
    list: List<'a, R>,
    target: Target,
    spans: Shared<Vec<Span>>,
}

impl<'a, R: Record<'a> + Addressed> ByAddress<'a, R> {
    fn new(list: List<'a, R>) -> Self {
        let target = list.dump().target();
        let entries = (0..).zip(list);
        let mut spans = Vec::with_capacity(usize::try_from(list.len()).unwrap_or(0));
        spans.extend(
            entries.filter_map(|(rank, entry)| {
                Some(Span { interval: target.interval(entry.base(), entry.size())?, rank })
            }),
        );
        settle(&mut spans);
        Self { list, target, spans: Shared::new(spans) }
    }

    /// The same index of other bytes of the same size.
    pub(crate) fn rebound<'b, S>(&self, source: Source<'b>) -> ByAddress<'b, S> {
        ByAddress { list: self.list.rebound(source), target: self.target, spans: Shared::clone(&self.spans) }
    }

    /// The list, in file order.
    #[must_use]
    pub const fn list(&self) -> &List<'a, R> {
        &self.list
    }

    /// The entry that contains `address`.
    #[must_use]
    pub fn get(&self, address: u64) -> Option<R> {
        let span = holder(&self.spans, self.target.mask(address))?;
        self.list.get(span.rank.into())
    }
}

// Not derived, because that would require `R: Clone`.
impl<R> Clone for ByAddress<'_, R> {
    fn clone(&self) -> Self {
        Self { list: self.list, target: self.target, spans: self.spans.clone() }
    }
}

impl<R> fmt::Debug for ByAddress<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByAddress").field("len", &self.spans.len()).finish()
    }
}

impl<'a, R: Record<'a> + Addressed> List<'a, R> {
    /// An index of the list, for more than a few lookups: each takes time proportional to the logarithm of the number
    /// of entries.
    ///
    /// Building the index takes 24 bytes per entry, and O(n log n) time if the entries are not sorted by address.
    #[must_use]
    pub fn by_address(&self) -> ByAddress<'a, R> {
        ByAddress::new(*self)
    }
}
