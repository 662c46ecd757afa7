//! Lists that may have a million items.

use alloc::vec::Vec;

/// The number of items from which on a list grows in small steps.
const MANY: usize = 1 << 12;

/// Appends an item to a list that grows in small steps once it is long, so that little is unused.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() && list.len() >= MANY {
        list.reserve_exact(list.len() / 16);
    }
    list.push(item);
}
