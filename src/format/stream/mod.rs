//! The types of streams, and what is known of each.

pub(crate) mod row;
pub(crate) mod table;
pub(crate) mod types;
mod whole;

pub use row::{Handling, Relocation, Repeats, StreamRow, UserDumpPlace};
pub use types::StreamType;
pub use whole::{TextLine, WholeStream};
