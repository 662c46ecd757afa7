//! Identifiers of debug symbols.

use core::fmt;
use core::str::FromStr;

use crate::error::ParseError;
use crate::format::module::Guid;
use crate::format::serde_forms::serde_as_text;
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::module::hex;

/// The number of bytes of a build ID that go into a [`DebugId`].
const GUID_SIZE: usize = 16;

/// Identifies the debug symbols of a module: a GUID or time stamp, and an age.
///
/// Displayed as in Breakpad and on Microsoft's symbol servers: the digits of the GUID in upper case, then the age in
/// hexadecimal without leading zeros. The alternate form, `{:#}`, is that of Sentry and the crate `debugid`: with
/// hyphens, with the GUID in lower case, and without the age if it is 0. Both forms can be parsed, in either case; a
/// missing age is 0.
///
/// The age of ELF and Mach-O modules is 0.
///
/// # Examples
///
/// ```
/// use userdump::read::module::DebugId;
///
/// # fn main() -> Result<(), userdump::error::ParseError> {
/// let id: DebugId = "3249D99D0C4049318610F4E4FB0B69361".parse()?;
/// assert_eq!(id.age(), 1);
/// // The path of the file on a symbol server.
/// assert_eq!(format!("ntdll.pdb/{id}/ntdll.pdb"), "ntdll.pdb/3249D99D0C4049318610F4E4FB0B69361/ntdll.pdb");
/// assert_eq!(format!("{id:#}"), "3249d99d-0c40-4931-8610-f4e4fb0b6936-1");
/// assert_eq!("3249d99d-0c40-4931-8610-f4e4fb0b6936-1".parse(), Ok(id));
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DebugId {
    /// The ID of a PDB of version 7 (`RSDS`), an ELF file or a Mach-O file.
    Guid {
        /// The GUID of the PDB, the UUID of the Mach-O file, or the first bytes of the build ID of the ELF file.
        guid: Guid,
        /// The number of times the PDB had been changed; 0 for other files.
        age: u32,
    },
    /// The ID of a PDB of version 2 (`NB10`).
    Pdb20 {
        /// The creation time of the PDB, in seconds since 1970.
        time_date_stamp: u32,
        /// The number of times the PDB had been changed.
        age: u32,
    },
}

impl DebugId {
    /// Returns the ID of an ELF file with this build ID. As in Breakpad, the first 16 bytes are read as a GUID in the
    /// byte order of the file. A shorter build ID is padded with zeros.
    ///
    /// `None` if these bytes are all zeros, which producers write for files without a build ID.
    #[must_use]
    pub fn from_build_id(build_id: &[u8], order: ByteOrder) -> Option<Self> {
        let mut bytes = [0; GUID_SIZE];
        bytes.iter_mut().zip(build_id).for_each(|(to, from)| *to = *from);
        Self::from_guid(Bytes::new(Source::Bytes(&bytes), order).read("build ID", 0).ok()?, 0)
    }

    /// Returns the ID of a Mach-O file with this UUID, whose bytes are in display order. `None` if they are all zeros.
    #[must_use]
    pub fn from_uuid(uuid: [u8; 16]) -> Option<Self> {
        let guid = Bytes::new(Source::Bytes(&uuid), ByteOrder::Big).read("UUID", 0).ok()?;
        Self::from_guid(guid, 0)
    }

    /// Returns the ID with this GUID and age. `None` if the GUID is all zeros, because such a GUID identifies nothing.
    pub(crate) fn from_guid(guid: Guid, age: u32) -> Option<Self> {
        (guid != Guid::default()).then_some(Self::Guid { guid, age })
    }

    /// Returns the GUID, or `None` for a PDB of version 2.
    #[must_use]
    pub const fn guid(&self) -> Option<Guid> {
        match self {
            Self::Guid { guid, .. } => Some(*guid),
            Self::Pdb20 { .. } => None,
        }
    }

    /// Returns the number of times the PDB had been changed; 0 for other files.
    #[must_use]
    pub const fn age(&self) -> u32 {
        match self {
            Self::Guid { age, .. } | Self::Pdb20 { age, .. } => *age,
        }
    }
}

serde_as_text!(DebugId);

impl fmt::Display for DebugId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guid { guid: Guid { data1, data2, data3, data4 }, age } => {
                let [clock0, clock1, node @ ..] = data4;
                if !f.alternate() {
                    write!(f, "{data1:08X}{data2:04X}{data3:04X}{clock0:02X}{clock1:02X}")?;
                    node.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
                    return write!(f, "{age:x}");
                }
                write!(f, "{data1:08x}-{data2:04x}-{data3:04x}-{clock0:02x}{clock1:02x}-")?;
                node.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            }
            Self::Pdb20 { time_date_stamp, age } if !f.alternate() => return write!(f, "{time_date_stamp:08X}{age:x}"),
            Self::Pdb20 { time_date_stamp, .. } => write!(f, "{time_date_stamp:08X}")?,
        }
        match self.age() {
            0 => Ok(()),
            age => write!(f, "-{age:x}"),
        }
    }
}

/// # Errors
///
/// [`ParseError`] unless the text is the 32 digits of a GUID, or the 8 digits of a time stamp, followed by an age of up
/// to 8 digits. With hyphens, the GUID has its usual form, and the age follows another hyphen.
impl FromStr for DebugId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).ok_or(hex::NOT_A_DEBUG_ID)
    }
}

fn parse(text: &str) -> Option<DebugId> {
    const GUID: [usize; 5] = [8, 4, 4, 4, 12];
    let mut parts = [""; 6];
    if text.contains('-') {
        let mut split = text.split('-');
        parts.iter_mut().zip(&mut split).for_each(|(part, found)| *part = found);
        if split.next().is_some() {
            return None;
        }
    } else {
        // Split where the hyphens would be. Up to 16 digits are a time stamp and an age.
        let lengths: &[usize] = if text.len() <= 16 { &GUID[..1] } else { &GUID };
        let mut rest = text;
        let mut cut = |length| {
            let (part, left) = rest.split_at_checked(length)?;
            rest = left;
            Some(part)
        };
        for (part, &length) in parts.iter_mut().zip(lengths) {
            *part = cut(length)?;
        }
        *parts.get_mut(lengths.len())? = rest;
    }
    let age = |age: &str, has_hyphen: bool| match age {
        "" if !has_hyphen => Some(0),
        digits => hex::number(digits),
    };
    let hyphens = text.bytes().filter(|&byte| byte == b'-').count();
    match parts {
        [stamp, digits, "", "", "", ""] if hyphens <= 1 => {
            let time_date_stamp = hex::number(stamp).filter(|_| stamp.len() == 8)?;
            Some(DebugId::Pdb20 { time_date_stamp, age: age(digits, hyphens == 1)? })
        }
        [a, b, c, d, e, digits] => {
            if parts.iter().zip(GUID).any(|(part, length)| part.len() != length) {
                return None;
            }
            let short = |digits| u16::try_from(hex::number(digits)?).ok();
            let (tail, end) = (short(d)?, e.split_at_checked(4)?);
            let (middle, last) = (short(end.0)?, hex::number(end.1)?);
            let ([d0, d1], [d2, d3], [d4, d5, d6, d7]) = (tail.to_be_bytes(), middle.to_be_bytes(), last.to_be_bytes());
            let guid = Guid {
                data1: hex::number(a)?,
                data2: short(b)?,
                data3: short(c)?,
                data4: [d0, d1, d2, d3, d4, d5, d6, d7],
            };
            Some(DebugId::Guid { guid, age: age(digits, hyphens == 5)? })
        }
    }
}
