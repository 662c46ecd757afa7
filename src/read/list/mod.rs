//! Lists of entries, in file order and by address.

pub(crate) mod by_address;
pub(crate) mod entries;
pub(crate) mod form;
pub(crate) mod joined;

pub use by_address::{Addressed, ByAddress};
pub use entries::{Iter, List, Record};
