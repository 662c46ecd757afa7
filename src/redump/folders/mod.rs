//! The option `R`: base names in place of paths, and the folders of modules nowhere else in the result but in memory.

pub(super) mod base_names;
pub(super) mod learn;
pub(super) mod maps;
mod search;
mod spelling;
