//! Identifiers of binaries.

use core::fmt;
use core::str::FromStr;

use crate::error::ParseError;
use crate::format::module::Guid;
use crate::format::serde_forms::serde_as_text;

use crate::read::module::hex::NOT_A_CODE_ID;

/// The longest supported build ID, in bytes. By default, linkers write 8 to 32 bytes; longer ones must be specified
/// explicitly.
const MAX_BYTES: usize = 64;

/// Identifies the binary of a module (a program or library), as a string of up to 128 hexadecimal digits:
///
/// - for a Windows image, the time stamp as 8 digits and the size in memory without leading zeros;
/// - for an ELF file, the build ID;
/// - for a Mach-O file, the UUID.
///
/// Displayed in lower case, like in the crate `debugid`, in Sentry, and in the SSQP keys of symbol servers. `{:X}`
/// prints upper case, like `INFO CODE_ID` in Breakpad symbol files. The alternate form, `{:#}`, is the one of
/// Microsoft's tools for Windows images: the time stamp in upper case, the size in lower case. Parsing accepts either
/// case and ignores hyphens. The digits do not tell the kind of binary, so comparisons ignore it.
///
/// # Examples
///
/// ```
/// use userdump::read::module::CodeId;
///
/// # fn main() -> Result<(), userdump::error::ParseError> {
/// let id = CodeId::from_image(0x63f1_4e2b, 0x5e_5000);
/// assert_eq!(id.to_string(), "63f14e2b5e5000");
/// // The path of the file on a symbol server.
/// assert_eq!(format!("kernelbase.dll/{id:#}/kernelbase.dll"), "kernelbase.dll/63F14E2B5e5000/kernelbase.dll");
/// assert_eq!("63F14E2B5E5000".parse(), Ok(id));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId {
    /// Two digits per byte, the first in the upper half.
    digits: [u8; MAX_BYTES],
    /// The number of digits.
    len: u8,
}

impl CodeId {
    /// Returns the ID of a Windows image, given its time stamp (by convention in seconds since 1970) and its size in
    /// memory in bytes.
    #[must_use]
    pub fn from_image(time_date_stamp: u32, size_of_image: u32) -> Self {
        let of_size = (u32::BITS - size_of_image.leading_zeros()).div_ceil(4).max(1);
        let mut id = Self::EMPTY;
        // There are at most 16 digits, so they always fit.
        for digit in digits_of(time_date_stamp, 8).chain(digits_of(size_of_image, of_size)) {
            id.push(digit);
        }
        id
    }

    /// Returns the ID of an ELF file with this build ID.
    ///
    /// `None` if it is empty or all zeros, which producers write for files without a build ID. Also `None` if it is
    /// longer than 64 bytes, which linkers write only if told to.
    #[must_use]
    pub fn from_build_id(build_id: &[u8]) -> Option<Self> {
        let mut digits = [0; MAX_BYTES];
        digits.get_mut(..build_id.len())?.copy_from_slice(build_id);
        let len = u8::try_from(2 * build_id.len()).ok()?;
        (digits != [0; MAX_BYTES]).then_some(Self { digits, len })
    }

    /// Returns the ID of a Mach-O file with this UUID, or `None` if it is all zeros.
    #[must_use]
    pub fn from_uuid(uuid: Guid) -> Option<Self> {
        let ([a, b, c, d], [e, f]) = (uuid.data1.to_be_bytes(), uuid.data2.to_be_bytes());
        let ([g, h], [i, j, k, l, m, n, o, p]) = (uuid.data3.to_be_bytes(), uuid.data4);
        Self::from_build_id(&[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    const EMPTY: Self = Self { digits: [0; MAX_BYTES], len: 0 };

    /// Returns the digits as numbers below 16.
    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        let digits = self.digits.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        digits.take(self.len.into())
    }

    /// Appends a digit. Returns `None` if there is no room.
    fn push(&mut self, digit: u8) -> Option<()> {
        let byte = self.digits.get_mut(usize::from(self.len / 2))?;
        *byte |= if self.len % 2 == 0 { digit << 4 } else { digit };
        self.len += 1;
        Some(())
    }
}

/// Returns the lowest `count` digits of a number, the most significant digit first.
fn digits_of(number: u32, count: u32) -> impl Iterator<Item = u8> {
    let digit = move |index: u32| number >> (4 * index) & 0xf;
    (0..count).rev().map(move |index| u8::try_from(digit(index)).unwrap_or(0))
}

serde_as_text!(CodeId);

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With more than 16 digits, it is not the ID of a Windows image.
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

/// Prints the digits. An identifier is not data of the process.
impl fmt::Debug for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeId({self})")
    }
}

/// # Errors
///
/// [`ParseError`] unless the text is 1 to 128 hexadecimal digits, ignoring hyphens.
impl FromStr for CodeId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut id = Self::EMPTY;
        let mut digits = text.chars().filter(|&character| character != '-').map(|digit| digit.to_digit(16));
        let is_whole = digits.all(|digit| digit.and_then(|digit| id.push(u8::try_from(digit).ok()?)).is_some());
        Some(id).filter(|id| is_whole && id.len > 0).ok_or(NOT_A_CODE_ID)
    }
}
