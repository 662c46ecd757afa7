//! `Debug` output without contents: the data in a dump is private, and there is too much of it to read.

use core::fmt;

/// Prints a size in bytes.
pub(crate) struct Size(pub(crate) usize);

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// Prints a number in hexadecimal, for addresses and file offsets.
pub(crate) struct Hex(pub(crate) u64);

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Implements `Debug` for a view: prints some of its fields, and only the sizes of its byte slices.
macro_rules! debug_without_bytes {
    ($view:ident { $($field:ident),* ; $($bytes:ident),+ }) => {
        /// Prints only the sizes of byte slices.
        impl core::fmt::Debug for $view<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut view = f.debug_struct(stringify!($view));
                $(view.field(stringify!($field), &self.$field);)*
                $(view.field(stringify!($bytes), &$crate::format::debug::Size(self.$bytes.len()));)+
                view.finish()
            }
        }
    };
}

pub(crate) use debug_without_bytes;
