//! Identifiers of binaries.

use core::fmt::{self, Write};
use core::str::FromStr;

use crate::format::module::Guid;

use crate::read::module::hex::ParseIdError;

/// The longest build ID that has room. Linkers write 8 to 32 bytes; more can only be dictated to them.
const MOST_BYTES: usize = 64;

/// Identifies the binary of a module, program or library, as a row of up to 128 hexadecimal digits:
///
/// - of a Windows image the time stamp in 8 digits and the size in memory without leading zeros;
/// - of an ELF file the build ID;
/// - of a Mach-O file the UUID.
///
/// It prints in lower case, as the crate `debugid` and Sentry have it, and as keys of symbol servers in the SSQP form.
/// `{:X}` prints upper case, as `INFO CODE_ID` in the symbol files of Breakpad. The alternate form, `{:#}`, is that of
/// Microsoft's tools for Windows images: the time stamp in upper case, the size in lower case. Parsing takes either case and
/// ignores hyphens. The digits do not tell which kind of binary it is, so neither does a comparison.
///
/// # Examples
///
/// ```
/// use userdump::read::module::CodeId;
///
/// # fn main() -> Result<(), userdump::read::module::ParseIdError> {
/// let id = CodeId::from_image(0x63f1_4e2b, 0x5e_5000);
/// assert_eq!(id.to_string(), "63f14e2b5e5000");
/// // Where a symbol server has the file.
/// assert_eq!(format!("kernelbase.dll/{id:#}/kernelbase.dll"), "kernelbase.dll/63F14E2B5e5000/kernelbase.dll");
/// assert_eq!("63F14E2B5E5000".parse(), Ok(id));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId {
    /// Two digits in each byte, the first in its upper half.
    digits: [u8; MOST_BYTES],
    /// How many digits there are.
    len: u8,
}

impl CodeId {
    /// That of a Windows image: its time stamp, by convention in seconds since 1970, and its size in memory in bytes.
    pub fn from_image(time_date_stamp: u32, size_of_image: u32) -> Self {
        let mut id = Self { digits: [0; MOST_BYTES], len: 0 };
        // Sixteen digits fit.
        let _ = write!(id, "{time_date_stamp:08x}{size_of_image:x}");
        id
    }

    /// That of an ELF file with this build ID.
    ///
    /// `None` if it is empty or all zeros: producers write that for files that have none. `None` also above 64 bytes, which no
    /// linker writes by itself.
    pub fn from_build_id(build_id: &[u8]) -> Option<Self> {
        let mut digits = [0; MOST_BYTES];
        digits.get_mut(..build_id.len())?.copy_from_slice(build_id);
        let len = u8::try_from(2 * build_id.len()).ok()?;
        (digits != [0; MOST_BYTES]).then_some(Self { digits, len })
    }

    /// That of a Mach-O file with this UUID. `None` if it is all zeros.
    pub fn from_uuid(uuid: Guid) -> Option<Self> {
        let mut id = Self { digits: [0; MOST_BYTES], len: 0 };
        let Guid { data1, data2, data3, data4 } = uuid;
        // Thirty-two digits fit.
        let _ = write!(id, "{data1:08x}{data2:04x}{data3:04x}{:016x}", u64::from_be_bytes(data4));
        (uuid != Guid::default()).then_some(id)
    }

    /// The digits, each a number below 16.
    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        let digits = self.digits.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        digits.take(self.len.into())
    }

    fn push(&mut self, digit: u8) -> Option<()> {
        let byte = self.digits.get_mut(usize::from(self.len / 2))?;
        *byte |= if self.len % 2 == 0 { digit << 4 } else { digit };
        self.len += 1;
        Some(())
    }
}

/// Takes digits; everything else is an error.
impl Write for CodeId {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut digits = text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok());
        digits.try_for_each(|digit| self.push(digit?)).ok_or(fmt::Error)
    }
}

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // More digits than those of two numbers are of something else.
        let upper = if f.alternate() && self.len <= 16 { 8 } else { 0 };
        self.digits().zip(0..).try_for_each(|(digit, number)| match number < upper {
            true => write!(f, "{digit:X}"),
            false => write!(f, "{digit:x}"),
        })
    }
}

impl fmt::LowerHex for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits().try_for_each(|digit| write!(f, "{digit:x}"))
    }
}

impl fmt::UpperHex for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits().try_for_each(|digit| write!(f, "{digit:X}"))
    }
}

/// Prints the digits: an identifier is a number, not data of the process.
impl fmt::Debug for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeId({self})")
    }
}

/// # Errors
///
/// [`ParseIdError`] unless the text is 1 to 128 hexadecimal digits, hyphens aside.
impl FromStr for CodeId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let mut id = Self { digits: [0; MOST_BYTES], len: 0 };
        let mut parts = text.split('-');
        let is_whole = parts.try_for_each(|part| id.write_str(part)).is_ok() && id.len > 0;
        is_whole.then_some(id).ok_or(ParseIdError::CODE_ID)
    }
}
