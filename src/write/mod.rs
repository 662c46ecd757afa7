//! Writing a dump: parts go in, a plan comes out, the plan goes into any sink in one pass.
//!
//! [`MinidumpBuilder`] collects what a minidump shall hold, borrowed where it can be, and [`FullUserDumpBuilder`] what
//! the older full user dump shall hold. [`MinidumpBuilder::plan`] and [`FullUserDumpBuilder::plan`] consume them and give
//! a [`Plan`], in which every position and size is final and every limit of the format has been checked.
//! [`Plan::write_to`] then writes from the first byte to the last: no seeking, and borrowed memory contents go from
//! where they are into the sink.
//!
//! In a minidump, whatever is pointed to by 32-bit positions comes first, the bytes of the memory ranges last.
//! Structures start at multiples of 8 bytes, text at multiples of 4; memory contents are packed. In a full user dump
//! everything is packed, and the version information comes behind the memory.

mod builder;
mod cursor;
mod emit;
mod encode;
mod full_user_dump;
mod layout;
mod lists;
mod memory_range;
mod part;
mod part_bytes;
mod plan;
mod range_list;
mod records;
mod text;

pub use builder::MinidumpBuilder;
pub use emit::{Shortfall, Written};
pub(crate) use encode::encoded;
pub use full_user_dump::FullUserDumpBuilder;
pub use memory_range::{MemoryRange, ShortSource};
pub use part::PartId;
pub use plan::Plan;
pub(crate) use range_list::{ComputedRanges, ComputedRegions};
pub use text::Text;
