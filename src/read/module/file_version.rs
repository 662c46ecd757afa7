//! Versions of files.

use core::fmt;

use crate::format::PlatformId;
use crate::format::module::FixedFileInfo;

use crate::read::target::Target;

/// The version of a file: four numbers, which print as `10.0.19041.1`.
///
/// See [`Module::file_version`](crate::read::Module::file_version).
///
/// # Examples
///
/// ```
/// use userdump::read::module::FileVersion;
///
/// let version = FileVersion { parts: [10, 0, 19041, 1] };
/// assert_eq!(version.to_string(), "10.0.19041.1");
/// assert!(version < FileVersion { parts: [10, 0, 22000, 0] });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileVersion {
    /// The numbers, the most significant one first. Those of Windows have 16 bits.
    pub parts: [u32; 4],
}

impl FileVersion {
    /// The version in a version resource.
    ///
    /// On Windows, macOS and iOS it is in the two numbers of the file's version. For other systems Breakpad and its relatives
    /// write four numbers of 32 bits, the last two in place of the product's version.
    pub(crate) const fn new(info: &FixedFileInfo, target: Target) -> Self {
        let (high, low) = (info.file_version_ms, info.file_version_ls);
        let is_in_halves = match target.platform {
            Some(PlatformId::MAC_OS | PlatformId::IOS) | None => true,
            Some(platform) => platform.is_windows(),
        };
        if is_in_halves {
            return Self::of_windows(info);
        }
        Self { parts: [high, low, info.product_version_ms, info.product_version_ls] }
    }

    /// The version in a version resource of Windows: four numbers of 16 bits.
    pub(crate) const fn of_windows(info: &FixedFileInfo) -> Self {
        let (high, low) = (info.file_version_ms, info.file_version_ls);
        Self { parts: [high >> 16, high & 0xffff, low >> 16, low & 0xffff] }
    }
}

impl fmt::Display for FileVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth] = self.parts;
        write!(f, "{first}.{second}.{third}.{fourth}")
    }
}
