//! Shared test code: how tests are listed, where their files are, and a plain decoder to compare with.

pub mod bare;
pub mod cpu;
pub mod engine;
pub mod everything;
pub mod excess;
pub mod fixtures;
pub mod forms;
pub mod golden;
pub mod holes;
pub mod image;
pub mod in_use;
pub mod json;
pub mod narrow_side;
pub mod redumped;
pub mod shared;
pub mod shared_page;
pub mod spans;
pub mod tree;
pub mod trial;
pub mod walk;

pub use shared::Shared;
pub(crate) use trial::trials;
pub use trial::{shared_trial, trial_of_large_file};
pub use userdump_walk::facts;
