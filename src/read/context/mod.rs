//! Contexts: the registers of threads.

pub(crate) mod registers;
pub(crate) mod xstate;

pub use registers::{Context, Register, RegisterValue};
pub use xstate::{CetUser, XState, XStateFeature, XStateFeatures};
