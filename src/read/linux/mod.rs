//! Streams that Breakpad, minidump-writer and Mozilla write on Linux: copies of files in `/proc` and `/etc`, and the
//! data of the dynamic linker.
//!
//! The files are text, which is returned as borrowed bytes; iterators return their records. Malformed records are
//! skipped. The last record may be truncated, because producers stop reading at a limit.

mod auxv;
mod cpu_info;
mod dso_debug;
mod fields;
mod limits;
pub(crate) mod maps;
mod release;
mod status;
mod strings;

pub use auxv::{AuxEntries, AuxEntry, LinuxAuxv};
pub use cpu_info::{LinuxCpuInfo, LinuxProcessor};
pub use dso_debug::{LinkMap, LinkMapList, LinuxDsoDebug};
pub use fields::Field;
pub use limits::{LinuxLimit, MozLinuxLimits};
pub use maps::{LinuxMapping, LinuxMappings, LinuxMaps};
pub use release::LinuxLsbRelease;
pub use status::{LinuxProcFd, LinuxProcStat, LinuxProcStatus, LinuxProcUptime};
pub use strings::{LinuxCmdLine, LinuxEnviron};

pub(super) use dso_debug::layout as dso_debug_layout;
