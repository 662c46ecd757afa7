//! The versions of the debugger engine, and the rules that differ between them, except for the columns in the table of
//! option letters.

use crate::format::MinidumpType;
use crate::format::handle::HandleOperation;
use crate::format::module::UnloadedModuleListHeader;
use crate::format::process::ProcessLayout;
use crate::format::system::{SystemMemoryInfo1, SystemMemoryInfo2};

/// The version of the debugger engine that a result equals.
///
/// Either version opens the results of both.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Engine {
    /// 10.0.15063, of 2017.
    V2017,
    /// 10.0.29507, of 2026.
    #[default]
    V2026,
}

impl Engine {
    /// Returns the flags that every dump has without a letter: the older engine has no letter for processor traces.
    pub(super) const fn without_letter(self) -> MinidumpType {
        match self {
            Self::V2017 => MinidumpType::WITH_IPT_TRACE,
            Self::V2026 => MinidumpType::empty(),
        }
    }

    /// Returns how much of the user shared data is in every dump without full memory, in bytes.
    pub(super) const fn shared_data_size(self) -> u64 {
        match self {
            Self::V2017 => 0,
            Self::V2026 => 0xaa0,
        }
    }

    /// Returns how much of a thread's fiber-local storage is written, in bytes.
    pub(super) const fn fls_data_size(self, layout: &ProcessLayout) -> u64 {
        match self {
            Self::V2017 => layout.fls_data_size,
            // The same number of pointers in either width.
            Self::V2026 => 0xff2 * layout.pointer_size,
        }
    }

    /// Returns how many unloaded modules a dump may list. The engine of 2026 ignores a longer list, and refuses to
    /// write further dumps of the file.
    pub(super) const fn most_unloaded_modules(self) -> u64 {
        match self {
            Self::V2017 => u64::MAX,
            Self::V2026 => UnloadedModuleListHeader::MOST_ENTRIES,
        }
    }

    /// Returns the minimum size of an entry of the handle operations, in bytes. The engine of 2026 does not accept
    /// shorter ones.
    pub(super) const fn least_handle_operation(self) -> usize {
        match self {
            Self::V2017 => 0,
            Self::V2026 => HandleOperation::SIZE,
        }
    }

    /// Returns the size of the system memory counters that are written, all zero, if the source has none, in bytes.
    pub(super) const fn system_memory_info_size(self) -> usize {
        match self {
            Self::V2017 => SystemMemoryInfo1::SIZE,
            Self::V2026 => SystemMemoryInfo2::SIZE,
        }
    }
}
