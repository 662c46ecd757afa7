//! Full user dumps as sources and as results.

mod context;
mod loader;
mod losses;
mod memory;
mod records;
mod result;

pub(super) use losses::report_of_user_dump;
pub(super) use records::records_of;
pub(super) use result::transcode;
