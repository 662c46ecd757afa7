//! File versions.

use core::fmt;
use core::str::FromStr;

use crate::error::ParseError;
use crate::format::PlatformId;
use crate::format::module::FixedFileInfo;
use crate::format::serde_forms::serde_as_text;

use crate::read::target::Target;

/// The version of a file: four numbers, displayed as `10.0.19041.1`.
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
    /// The numbers, the most significant one first. On Windows they have 16 bits each.
    pub parts: [u32; 4],
}

impl FileVersion {
    /// Returns the version in a version resource.
    ///
    /// On Windows, macOS and iOS it is in the two fields of the file version. For other systems, Breakpad and its
    /// relatives write four 32-bit numbers, the last two in the fields of the product version.
    pub(crate) const fn new(info: &FixedFileInfo, target: Target) -> Self {
        let (high, low) = (info.file_version_ms, info.file_version_ls);
        let is_in_halves = match target.platform {
            Some(PlatformId::MAC_OS | PlatformId::IOS) | None => true,
            Some(platform) => platform.is_windows(),
        };
        if is_in_halves {
            return Self::for_windows(info);
        }
        Self { parts: [high, low, info.product_version_ms, info.product_version_ls] }
    }

    /// Returns the version in a version resource of Windows: four 16-bit numbers.
    pub(crate) const fn for_windows(info: &FixedFileInfo) -> Self {
        let (high, low) = (info.file_version_ms, info.file_version_ls);
        Self { parts: [high >> 16, high & 0xffff, low >> 16, low & 0xffff] }
    }
}

impl From<[u32; 4]> for FileVersion {
    fn from(parts: [u32; 4]) -> Self {
        Self { parts }
    }
}

impl From<FileVersion> for [u32; 4] {
    fn from(version: FileVersion) -> Self {
        version.parts
    }
}

/// # Errors
///
/// [`ParseError`] unless the text is four decimal numbers separated by dots.
impl FromStr for FileVersion {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const ERROR: ParseError = ParseError::new("file version", "expected four numbers separated by dots");
        let (mut parts, mut words) = ([0; 4], text.split('.'));
        for part in &mut parts {
            let word = words.next().filter(|word| word.bytes().all(|digit| digit.is_ascii_digit()));
            *part = word.and_then(|word| word.parse().ok()).ok_or(ERROR)?;
        }
        if words.next().is_some() { Err(ERROR) } else { Ok(Self { parts }) }
    }
}

serde_as_text!(FileVersion);

impl fmt::Display for FileVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth] = self.parts;
        write!(f, "{first}.{second}.{third}.{fourth}")
    }
}
