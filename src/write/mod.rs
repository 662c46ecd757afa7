//! Writing a minidump: parts go in, a plan comes out, the plan goes into any sink in one pass.
//!
//! [`MinidumpBuilder`] collects what the dump shall hold, borrowed where it can be. [`MinidumpBuilder::plan`] consumes
//! it and gives a [`Plan`], in which every position and size is final and every limit of the format has been checked.
//! [`Plan::write_to`] then writes from the first byte to the last: no seeking, and borrowed memory contents go from
//! where they are into the sink.
//!
//! Whatever is pointed to by 32-bit positions comes first in the file, the bytes of the memory ranges last. Structures
//! start at multiples of 8 bytes, text at multiples of 4; memory contents are packed.

mod builder;
mod emit;
mod encode;
mod lists;
mod memory;
mod plan;
mod string;

pub use builder::{MinidumpBuilder, PartId};
pub use emit::{Shortfall, Written};
pub use memory::{MemoryRange, ShortSource};
pub use plan::Plan;
pub use string::Text;
