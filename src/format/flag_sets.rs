//! The macro that declares sets of flags.

use core::fmt;

use bitflags::Flags;
use bitflags::parser::{WriteHex, to_writer};

use crate::error::ParseError;
use crate::format::named_values::number;
use crate::format::padded::pad;

/// Declares sets of flags with `bitflags!`, and adds conversions from and to text and plain integers.
macro_rules! flag_sets {
    ($(
        $(#[$attribute:meta])*
        pub struct $type:ident: $integer:ty {
            $($flags:tt)*
        }
    )+) => {$(
        bitflags::bitflags! {
            $(#[$attribute])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $type: $integer {
                $($flags)*
            }
        }

        /// Prints the names of the flags, and unnamed bits as one hexadecimal number, joined with ` | `; prints `0x0`
        /// for an empty set.
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::format::flag_sets::print(self, f)
            }
        }

        /// Parses the output of `Display`, ignoring case.
        ///
        /// # Errors
        ///
        /// Returns a [`ParseError`](crate::error::ParseError) unless the text consists of names and numbers joined with
        /// `|`.
        impl core::str::FromStr for $type {
            type Err = $crate::error::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::format::flag_sets::parse(stringify!($type), text)
            }
        }

        $crate::format::serde_forms::serde_as_text_or_number!($type, $integer);

        /// Keeps unnamed bits.
        impl From<$integer> for $type {
            fn from(bits: $integer) -> Self {
                Self::from_bits_retain(bits)
            }
        }

        impl From<$type> for $integer {
            fn from(flags: $type) -> Self {
                flags.bits()
            }
        }
    )+};
}

pub(crate) use flag_sets;

pub(crate) fn print<F: Flags<Bits: WriteHex>>(flags: &F, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if flags.is_empty() {
        return f.pad("0x0");
    }
    if f.width().is_none() && f.precision().is_none() {
        return to_writer(flags, f);
    }
    pad(f, |out| to_writer(flags, out))
}

pub(crate) fn parse<F: Flags<Bits: TryFrom<u64>>>(what: &'static str, text: &str) -> Result<F, ParseError> {
    let mut all = F::empty();
    for word in text.split('|').map(str::trim) {
        let bits = F::FLAGS.iter().find(|flag| flag.name().eq_ignore_ascii_case(word)).map(|flag| flag.value().bits());
        let bits = bits.or_else(|| number(word)?.try_into().ok());
        let bits = bits.ok_or(ParseError::new(what, "expected names of flags or numbers, joined with `|`"))?;
        all = all.union(F::from_bits_retain(bits));
    }
    Ok(all)
}
