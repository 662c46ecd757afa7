//! Writing the full user dump, the older format of the debugger's `/f`.

mod builder;
mod layout;
mod names;
mod narrow;

pub use builder::FullUserDumpBuilder;
