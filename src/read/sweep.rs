//! Differences and intersections of many sorted intervals, in one sweep over both.

use core::iter;

use crate::read::interval::Interval;
use crate::read::work::worked;

/// Returns the parts of intervals that the others do not cover. Both are sorted and disjoint.
pub(crate) fn without(
    all: impl IntoIterator<Item = Interval>,
    others: impl IntoIterator<Item = Interval>,
) -> impl Iterator<Item = Interval> {
    let (mut all, mut others) = (all.into_iter(), others.into_iter().peekable());
    let mut rest = None;
    iter::from_fn(move || {
        loop {
            let part: Interval = rest.take().or_else(|| all.next())?;
            worked(1);
            while others.next_if(|other| other.last < part.start).is_some() {
                worked(1);
            }
            let Some(other) = others.peek().filter(|other| other.start <= part.last) else { return Some(part) };
            rest = other.next().map(|start| Interval { start, ..part }).filter(|rest| rest.start <= rest.last);
            let before = other.start.checked_sub(1).map(|last| Interval { last, ..part });
            if let Some(before) = before.filter(|before| before.start <= before.last) {
                return Some(before);
            }
        }
    })
}

/// Returns the parts of intervals that the others cover. Both are sorted and disjoint.
pub(crate) fn common(
    all: impl IntoIterator<Item = Interval>,
    others: impl IntoIterator<Item = Interval>,
) -> impl Iterator<Item = Interval> {
    let (mut all, mut others) = (all.into_iter().peekable(), others.into_iter().peekable());
    iter::from_fn(move || {
        loop {
            worked(1);
            let (part, other) = (*all.peek()?, *others.peek()?);
            // The one that ends first has nothing in common with what follows.
            if part.last <= other.last {
                all.next()
            } else {
                others.next()
            };
            if let Some(both) = part.intersection(&other) {
                return Some(both);
            }
        }
    })
}
