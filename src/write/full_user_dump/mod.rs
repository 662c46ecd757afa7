//! Writes the full user dump, the older format that the debugger writes with `/f`.

mod builder;
mod layout;
mod names;
mod narrow;

pub use builder::FullUserDumpBuilder;
