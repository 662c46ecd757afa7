//! Full user dumps as sources and as results: all that asks whether a dump is one.

mod context;
mod door;
mod event;
mod from_records;
mod from_user_dump;
mod loader;
mod losses;
mod memory;
mod records;
mod result;

pub(super) use door::open;
pub(super) use result::transcode;
