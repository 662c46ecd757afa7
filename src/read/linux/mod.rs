//! What Breakpad, minidump-writer and Mozilla add on Linux: files of `/proc` and `/etc` as they were read, and what the
//! dynamic linker knows.
//!
//! The files are text, and text is handed out as borrowed bytes; iterators go through its records. A record that makes
//! no sense is left out. The last one may be cut off, for producers stop reading at a limit.

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
