//! Makes minidumps and full user dumps, sound ones and broken ones, without a single type of the crate: a field that
//! both sides had in the wrong place would otherwise cancel out.
//!
//! ```text
//! let bytes = Dump::new()
//!     .system_info(SystemInfo::default())
//!     .thread(Thread::new(7).stack(Stack::Listed(0x1008, 8)).context([0; 1232]))
//!     .module(Module::new(0x14000_0000, 0x5000, "a.exe").code_view(rsds([7; 16], 1, "a.pdb")))
//!     .memory(0x1000, [0; 16])
//!     .build();
//! ```
//!
//! Streams come in the order in which their first record is added; [`Dump::order`] changes that. Numbers here are those
//! of the format: types of streams are plain `u32`, and [`kind`] has names for them.

mod bytes;
pub mod compressed;
mod dump;
mod encode;
mod records;
mod rows;
mod user;

pub use bytes::{Bytes, Label};
pub use dump::{Dump, Shape};
pub use records::*;
pub use user::*;

/// Types of streams.
pub mod kind {
    pub const THREAD_LIST: u32 = 3;
    pub const MODULE_LIST: u32 = 4;
    pub const MEMORY_LIST: u32 = 5;
    pub const EXCEPTION: u32 = 6;
    pub const SYSTEM_INFO: u32 = 7;
    pub const THREAD_EX_LIST: u32 = 8;
    pub const MEMORY64_LIST: u32 = 9;
    pub const COMMENT_A: u32 = 10;
    pub const COMMENT_W: u32 = 11;
    pub const HANDLE_DATA: u32 = 12;
    pub const FUNCTION_TABLE: u32 = 13;
    pub const UNLOADED_MODULE_LIST: u32 = 14;
    pub const MISC_INFO: u32 = 15;
    pub const MEMORY_INFO_LIST: u32 = 16;
    pub const THREAD_INFO_LIST: u32 = 17;
    pub const TOKEN: u32 = 19;
    pub const THREAD_NAMES: u32 = 24;
}
