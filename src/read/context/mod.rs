//! The registers of a thread.

pub(crate) mod registers;
pub(crate) mod xstate;

pub use registers::{Context, Register, RegisterValue};
pub use xstate::{CetUser, XState, XStateFeature, XStateFeatures};
