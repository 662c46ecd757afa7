//! Stream types and their properties.

pub(crate) mod row;
pub(crate) mod table;
pub(crate) mod types;

pub use row::{Handling, Relocation, Repeats, StreamRow, UserDumpPlace};
pub use types::StreamType;
