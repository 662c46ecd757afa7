//! Entries of lists by address.

use alloc::vec::Vec;
use core::fmt;

use crate::read::interval::{Span, holder, settle};
use crate::read::list::entries::{List, Record};
use crate::read::shared::Shared;
use crate::read::target::Target;

/// An entry that stands for a stretch of addresses.
pub trait Addressed {
    /// The first address, as the file has it.
    fn base(&self) -> u64;
    /// The number of addresses.
    fn size(&self) -> u64;
}

/// The entries of a list by address, see [`List::by_address`].
///
/// Where entries overlap, the one that comes first in the list takes precedence; one of no size holds no address, and one
/// that runs past the highest address of the target ends at it. Addresses of 32-bit targets are compared by their low
/// 32 bits.
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
    pub(crate) fn rebound<'b, S>(&self, data: &'b [u8]) -> ByAddress<'b, S> {
        ByAddress { list: self.list.rebound(data), target: self.target, spans: Shared::clone(&self.spans) }
    }

    /// The list, in the order of the file.
    #[must_use]
    pub const fn list(&self) -> &List<'a, R> {
        &self.list
    }

    /// The entry that holds `address`.
    #[must_use]
    pub fn get(&self, address: u64) -> Option<R> {
        let span = holder(&self.spans, self.target.mask(address))?;
        self.list.get(span.rank.into())
    }
}

// Derived, it would ask it of the entries.
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
    /// An index of the list, for more than a few look-ups: each takes time in proportion to the logarithm of the
    /// number of entries.
    ///
    /// Building it takes 24 bytes for each entry, and n log n time if they are not in the order of their addresses.
    #[must_use]
    pub fn by_address(&self) -> ByAddress<'a, R> {
        ByAddress::new(*self)
    }
}
