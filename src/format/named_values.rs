//! The one way in which numbers of the format get their names.

/// Declares an integer type that holds any value and knows the names of some.
///
/// A row gives the associated constant, the value and the name, so that the three cannot drift apart.
macro_rules! named_values {
    (
        $(#[$attribute:meta])*
        pub struct $type:ident($integer:ty);
        $($(#[$row_attribute:meta])* $constant:ident = $value:literal => $name:literal,)*
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $type(
            /// The number as it stands in the file.
            pub $integer,
        );

        impl $type {
            /// Size of the number in the file, in bytes.
            pub const SIZE: usize = size_of::<$integer>();

            /// All values that have a name, in ascending order.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant),*];

            $($(#[$row_attribute])* pub const $constant: Self = Self($value);)*

            /// What the value is called, `None` for one that is not in [`Self::KNOWN`].
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
            fn put(&self, room: &mut &mut [u8], order: scroll::Endian) {
                self.0.put(room, order);
            }
        }

        scroll_stored!($type);

        /// Prints the name, or the number in hexadecimal where there is none.
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "{:#x}", self.0),
                }
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
