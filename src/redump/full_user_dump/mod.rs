//! Full user dumps as sources and as results; only this folder needs to know whether a dump is one.

mod as_minidump;
mod event;
mod fields;
mod from_records;
mod from_user_dump;
mod loader;
mod losses;
mod open;
mod regions;
mod result;
mod windows_context;

pub(super) use open::open;
pub(super) use result::transcode;
