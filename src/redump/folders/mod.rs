//! The option `R`: replaces paths with base names, and hides the folders of modules everywhere else except in memory.

pub(super) mod base_names;
pub(super) mod learn;
pub(super) mod maps;
mod search;
mod spelling;
