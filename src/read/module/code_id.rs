//! Identifiers of binaries.

use core::fmt;
use core::str::FromStr;

use crate::error::ParseError;
use crate::format::module::Guid;
use crate::format::serde_forms::serde_as_text;

use crate::read::module::hex::NOT_A_CODE_ID;

/// The longest build ID that has room. Linkers write 8 to 32 bytes; more can only be dictated to them.
const MOST_BYTES: usize = 64;

/// Identifies the binary of a module, program or library, as a string of up to 128 hexadecimal digits:
///
/// - of a Windows image the time stamp in 8 digits and the size in memory without leading zeros;
/// - of an ELF file the build ID;
/// - of a Mach-O file the UUID.
///
/// It prints in lower case, as the crate `debugid` and Sentry have it, and as keys of symbol servers in the SSQP form.
/// `{:X}` prints upper case, as `INFO CODE_ID` in the symbol files of Breakpad. The alternate form, `{:#}`, is that of
/// Microsoft's tools for Windows images: the time stamp in upper case, the size in lower case. Parsing takes either case and
/// ignores hyphens. The digits do not show the kind of binary, so comparisons ignore it.
///
/// # Examples
///
/// ```
/// use userdump::read::module::CodeId;
///
/// # fn main() -> Result<(), userdump::error::ParseError> {
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
    /// The ID of a Windows image, from its time stamp, by convention in seconds since 1970, and its size in memory in bytes.
    #[must_use]
    pub fn from_image(time_date_stamp: u32, size_of_image: u32) -> Self {
        let of_size = (u32::BITS - size_of_image.leading_zeros()).div_ceil(4).max(1);
        let mut id = Self::EMPTY;
        // Sixteen digits fit.
        for digit in digits_of(time_date_stamp, 8).chain(digits_of(size_of_image, of_size)) {
            id.push(digit);
        }
        id
    }

    /// The ID of an ELF file with this build ID.
    ///
    /// `None` if it is empty or all zeros: producers write that for files that have none. `None` also if it is longer than 64
    /// bytes, which no linker writes unless it is told to.
    #[must_use]
    pub fn from_build_id(build_id: &[u8]) -> Option<Self> {
        let mut digits = [0; MOST_BYTES];
        digits.get_mut(..build_id.len())?.copy_from_slice(build_id);
        let len = u8::try_from(2 * build_id.len()).ok()?;
        (digits != [0; MOST_BYTES]).then_some(Self { digits, len })
    }

    /// The ID of a Mach-O file with this UUID. `None` if it is all zeros.
    #[must_use]
    pub fn from_uuid(uuid: Guid) -> Option<Self> {
        let ([a, b, c, d], [e, f]) = (uuid.data1.to_be_bytes(), uuid.data2.to_be_bytes());
        let ([g, h], [i, j, k, l, m, n, o, p]) = (uuid.data3.to_be_bytes(), uuid.data4);
        Self::from_build_id(&[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    const EMPTY: Self = Self { digits: [0; MOST_BYTES], len: 0 };

    /// The digits, each a number below 16.
    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        let digits = self.digits.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        digits.take(self.len.into())
    }

    /// Adds a digit; `None` if there is no room.
    fn push(&mut self, digit: u8) -> Option<()> {
        let byte = self.digits.get_mut(usize::from(self.len / 2))?;
        *byte |= if self.len % 2 == 0 { digit << 4 } else { digit };
        self.len += 1;
        Some(())
    }
}

/// The lowest `count` digits of a number, the first one first.
fn digits_of(number: u32, count: u32) -> impl Iterator<Item = u8> {
    let digit = move |index: u32| number >> (4 * index) & 0xf;
    (0..count).rev().map(move |index| u8::try_from(digit(index)).unwrap_or(0))
}

serde_as_text!(CodeId);

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
/// [`ParseError`] unless the text is 1 to 128 hexadecimal digits, hyphens aside.
impl FromStr for CodeId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut id = Self::EMPTY;
        let mut digits = text.chars().filter(|&character| character != '-').map(|digit| digit.to_digit(16));
        let is_whole = digits.all(|digit| digit.and_then(|digit| id.push(u8::try_from(digit).ok()?)).is_some());
        Some(id).filter(|id| is_whole && id.len > 0).ok_or(NOT_A_CODE_ID)
    }
}
