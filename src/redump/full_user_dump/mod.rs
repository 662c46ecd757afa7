//! Full user dumps as sources and as results.

mod records;

pub(super) use records::records_of;
