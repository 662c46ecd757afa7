//! The versions of the debugger engine that differ in what they write: each rule that is not the same is here, or in a
//! column of the table of letters.

use crate::format::MinidumpType;
use crate::format::handle::HandleOperation;
use crate::format::module::UnloadedModuleListHeader;
use crate::format::process::ProcessLayout;
use crate::format::system::{SystemMemoryInfo1, SystemMemoryInfo2};

/// The version of the debugger engine that a result equals.
///
/// Which of them opens what is written makes no difference: both open either.
///
/// # Examples
///
/// ```
/// use userdump::redump::{Engine, Options};
///
/// let today: Options = "/ma".parse().unwrap();
/// assert_eq!((today.engine(), today.minidump_type().bits()), (Engine::V2026, 0x66_1826));
/// let before = Options::parse_as(Engine::V2017, "/ma").unwrap();
/// assert_eq!((before.engine(), before.minidump_type().bits()), (Engine::V2017, 0x4_1826));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Engine {
    /// 10.0.15063, of 2017.
    V2017,
    /// 10.0.29507, of 2026.
    #[default]
    V2026,
}

impl Engine {
    /// What every dump has without a letter for it: no letter of the older engine stands for a trace of the processor.
    pub(super) const fn without_letter(self) -> MinidumpType {
        match self {
            Self::V2017 => MinidumpType::WITH_IPT_TRACE,
            Self::V2026 => MinidumpType::empty(),
        }
    }

    /// How much of the page that the system shares with all processes is in every dump without full memory, in bytes.
    pub(super) const fn shared_data_size(self) -> u64 {
        match self {
            Self::V2017 => 0,
            Self::V2026 => 0xaa0,
        }
    }

    /// How much is written of a thread's storage that is local to fibers, in bytes.
    pub(super) const fn fls_data_size(self, layout: &ProcessLayout) -> u64 {
        match self {
            Self::V2017 => layout.fls_data_size,
            // As many pointers in either width.
            Self::V2026 => 0xff2 * layout.pointer_size,
        }
    }

    /// How many unloaded modules a dump may list. A longer list makes the engine of 2026 ignore it, and refuse every
    /// further dump of the file.
    pub(super) const fn most_unloaded_modules(self) -> u64 {
        match self {
            Self::V2017 => u64::MAX,
            Self::V2026 => UnloadedModuleListHeader::MOST_ENTRIES,
        }
    }

    /// How many bytes an entry of the handle operations has at least. The engine of 2026 takes no shorter ones.
    pub(super) const fn least_handle_operation(self) -> usize {
        match self {
            Self::V2017 => 0,
            Self::V2026 => HandleOperation::SIZE,
        }
    }

    /// The size of the memory counters of the system where the source has none, in bytes; all are zero.
    pub(super) const fn system_memory_info_size(self) -> usize {
        match self {
            Self::V2017 => SystemMemoryInfo1::SIZE,
            Self::V2026 => SystemMemoryInfo2::SIZE,
        }
    }
}
