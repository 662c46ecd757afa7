//! The system (processor and operating system), and the process as a whole.

pub(crate) mod counters;
pub(crate) mod info;
pub(crate) mod misc;
pub(crate) mod token;

pub use super::flags::{MiscInfoFlags, ProcessVmCountersFlags, SystemMemoryInfoFlags};
pub use counters::{
    ProcessVmCounters1, ProcessVmCounters2, SystemBasicInformation, SystemBasicPerformanceInformation,
    SystemFileCacheInformation, SystemMemoryInfo1, SystemMemoryInfo2, SystemPerformanceInformation,
};
pub use info::{ArmCpuInfo, OtherCpuInfo, PlatformId, ProcessorArchitecture, SystemInfo, X86CpuInfo};
pub use misc::{
    MiscInfo, MiscInfo2, MiscInfo3, MiscInfo4, MiscInfo5, SystemTime, TimeZoneInformation, XStateConfigFeature,
    XStateFeature,
};
pub use token::{TokenInfo, TokenInfoList};
