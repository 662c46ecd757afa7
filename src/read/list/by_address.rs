//! List entries by address.

use alloc::vec::Vec;
use core::fmt;

use crate::read::interval::{Interval, Span, holder, settle};
use crate::read::list::entries::{List, Record};
use crate::read::shared::Shared;
use crate::read::sorted_numbers::sorted_numbers;
use crate::read::source::Source;
use crate::read::target::Target;
use crate::read::work::worked;

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
    order: Shared<Order>,
}

/// The order of entries by address.
enum Order {
    /// As in the list, where none overlap and none are empty. Every [`STEP`]th start is kept, and their number.
    Listed(Vec<u64>, usize),
    /// The numbers of the entries that are not empty, by address; none overlap. Every [`STEP`]th start is kept.
    Sorted(Vec<u64>, Vec<u32>),
    /// Some overlap: the parts that they have of the address space.
    Cut(Vec<Span>),
}

/// The distance between starts that are kept.
const STEP: usize = 64;

impl Order {
    fn of<'a, R: Record<'a> + Addressed>(list: List<'a, R>, target: Target) -> Self {
        let interval = |entry: &R| target.interval(entry.base(), entry.size());
        let count = usize::try_from(list.len()).unwrap_or(0);
        worked(list.len());
        let mut next = Follows::default();
        if list.iter().all(|entry| interval(&entry).is_some_and(|interval| next.follows(interval))) {
            let starts = (0..list.len()).step_by(STEP).filter_map(|number| interval(&list.get(number)?));
            return Self::Listed(starts.map(|it| it.start).collect(), count);
        }
        let (mut next, mut are_disjoint, mut place, mut starts) = (Follows::default(), true, 0usize, Vec::new());
        let intervals = || list.iter().map(|entry| interval(&entry));
        let numbers = sorted_numbers(count, intervals, |interval: Interval| {
            are_disjoint &= next.follows(interval);
            if place % STEP == 0 {
                starts.push(interval.start);
            }
            place += 1;
        });
        if are_disjoint {
            return Self::Sorted(starts, numbers);
        }
        drop(numbers);
        let mut spans = Vec::with_capacity(count);
        let entries = (0..).zip(list);
        spans.extend(entries.filter_map(|(rank, entry)| Some(Span { interval: interval(&entry)?, rank })));
        settle(&mut spans);
        Self::Cut(spans)
    }

    /// Returns the number of entries or parts.
    fn len(&self) -> usize {
        match self {
            Self::Listed(_, count) => *count,
            Self::Sorted(_, numbers) => numbers.len(),
            Self::Cut(spans) => spans.len(),
        }
    }
}

/// Tells whether intervals are sorted and do not overlap.
#[derive(Default)]
struct Follows(Option<Interval>);

impl Follows {
    fn follows(&mut self, interval: Interval) -> bool {
        self.0.replace(interval).is_none_or(|before| before.last < interval.start)
    }
}

/// Returns the last of `count` places that starts at or below an address. `starts` has every [`STEP`]th start; the
/// others are looked up.
fn last_start(starts: &[u64], count: usize, address: u64, start: impl Fn(usize) -> Option<u64>) -> Option<usize> {
    worked(1);
    let group = starts.partition_point(|&start| start <= address).checked_sub(1)?;
    let (mut from, mut to) = (group * STEP, (group * STEP + STEP).min(count));
    while from + 1 < to {
        let middle = from.midpoint(to);
        if start(middle).is_some_and(|start| start <= address) { from = middle } else { to = middle }
    }
    Some(from)
}

impl<'a, R: Record<'a> + Addressed> ByAddress<'a, R> {
    fn new(list: List<'a, R>) -> Self {
        let target = list.dump().target();
        Self { list, target, order: Shared::new(Order::of(list, target)) }
    }

    /// The same index of other bytes of the same size.
    pub(crate) fn rebound<'b, S>(&self, source: Source<'b>) -> ByAddress<'b, S> {
        ByAddress { list: self.list.rebound(source), target: self.target, order: Shared::clone(&self.order) }
    }

    /// The list, in file order.
    #[must_use]
    pub const fn list(&self) -> &List<'a, R> {
        &self.list
    }

    /// The entry that contains `address`.
    #[must_use]
    pub fn get(&self, address: u64) -> Option<R> {
        let address = self.target.mask(address);
        let interval = |entry: &R| self.target.interval(entry.base(), entry.size());
        let start = |number: u64| self.list.get(number).as_ref().and_then(interval).map(|it| it.start);
        let found = match &*self.order {
            Order::Cut(spans) => return self.list.get(holder(spans, address)?.rank.into()),
            Order::Listed(starts, count) => last_start(starts, *count, address, |place| start(place as u64))? as u64,
            Order::Sorted(starts, numbers) => {
                let place = |place: usize| numbers.get(place).copied().map(u64::from);
                place(last_start(starts, numbers.len(), address, |at| start(place(at)?))?)?
            }
        };
        self.list.get(found).filter(|entry| interval(entry).is_some_and(|it| it.has(address)))
    }
}

// Not derived, because that would require `R: Clone`.
impl<R> Clone for ByAddress<'_, R> {
    fn clone(&self) -> Self {
        Self { list: self.list, target: self.target, order: self.order.clone() }
    }
}

impl<R> fmt::Debug for ByAddress<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByAddress").field("len", &self.order.len()).finish()
    }
}

impl<'a, R: Record<'a> + Addressed> List<'a, R> {
    /// An index of the list, for more than a few lookups: each takes time proportional to the logarithm of the number
    /// of entries.
    ///
    /// The index takes an eighth of a byte for each entry if they are sorted by address, 4 bytes more if they are not,
    /// and 24 bytes if some overlap. Building it takes O(n log n) time if they are not sorted.
    #[must_use]
    pub fn by_address(&self) -> ByAddress<'a, R> {
        ByAddress::new(*self)
    }
}
