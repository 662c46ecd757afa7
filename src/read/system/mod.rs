//! The machine, its operating system, and the process.

pub(crate) mod counters;
pub(crate) mod info;
pub(crate) mod misc;
pub(crate) mod token;
pub(crate) mod wine;
pub mod wow64;

pub use counters::{ProcessVmCounters, SystemMemoryInfo};
pub use info::{CpuInformation, SystemInfo};
pub use misc::{MiscInfo, ProcessorPower};
pub use token::{Token, TokenInfoList, Tokens};
pub use wine::WineInfo;
