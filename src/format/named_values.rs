//! The macro that declares numbers with names.

use core::fmt;

use crate::format::padded::pad;

/// Parses a number: decimal, or hexadecimal with the prefix `0x`.
pub(crate) fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u64::from_str_radix(digits, radix).ok())?
}

/// Prints a number that has no name, in hexadecimal.
pub(crate) fn print(number: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    pad(f, |out| write!(out, "{number:#x}"))
}

/// Declares an integer type that can hold any value and has names for some.
///
/// Each row gives an associated constant, its value and its name, so that they always agree.
macro_rules! named_values {
    (
        $(#[$attribute:meta])*
        pub struct $type:ident($integer:ty);
        $($(#[$row_attribute:meta])* $constant:ident = $value:literal => $name:literal,)*
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $type(
            /// The number as stored in the file.
            pub $integer,
        );

        impl $type {
            /// Size of the number in the file in bytes.
            pub const SIZE: usize = size_of::<$integer>();

            /// All values with a name, in ascending order.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant),*];

            $($(#[$row_attribute])* pub const $constant: Self = Self($value);)*

            /// Returns the name of the value; `None` if it is not in [`Self::KNOWN`].
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($name),)*
                    _ => None,
                }
            }
        }

        impl $crate::format::structure::Stored for $type {
            const SIZE: usize = Self::SIZE;
            const ZERO: Self = Self(0);

            #[inline]
            fn take(bytes: &mut &[u8], order: scroll::Endian) -> Self {
                Self($crate::format::structure::Stored::take(bytes, order))
            }

            #[inline]
            fn put(&self, buffer: &mut &mut [u8], order: scroll::Endian) {
                self.0.put(buffer, order);
            }
        }

        scroll_stored!($type);
        $crate::format::serde_forms::serde_as_text_or_number!($type, $integer);
        $crate::format::serde_forms::serde_field!($type);

        /// Prints the name, or the number in hexadecimal if it has no name.
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => $crate::format::named_values::print(self.0.into(), f),
                }
            }
        }

        /// Parses a name, ignoring case, or a number: decimal, or hexadecimal with the prefix `0x`.
        ///
        /// # Errors
        ///
        /// Returns a [`ParseError`](crate::error::ParseError) for any other string.
        impl core::str::FromStr for $type {
            type Err = $crate::error::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let has_name = |known: &&Self| known.name().is_some_and(|name| name.eq_ignore_ascii_case(text));
                let named = Self::KNOWN.iter().find(has_name).copied();
                let numbered = || Some(Self($crate::format::named_values::number(text)?.try_into().ok()?));
                named.or_else(numbered).ok_or(Self::Err::new(stringify!($type), "expected a name or a number"))
            }
        }

        impl From<$integer> for $type {
            fn from(number: $integer) -> Self {
                Self(number)
            }
        }

        impl From<$type> for $integer {
            fn from(value: $type) -> Self {
                value.0
            }
        }

        impl core::fmt::LowerHex for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::LowerHex::fmt(&self.0, f)
            }
        }

        impl core::fmt::UpperHex for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::UpperHex::fmt(&self.0, f)
            }
        }

        /// Prints the same as `Display`.
        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
    };
}
