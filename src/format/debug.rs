//! `Debug` that prints no bytes: a dump has other people's data in them, and more of it than anyone reads.

use core::fmt;

/// Prints how many bytes there are.
pub(crate) struct Size(pub(crate) usize);

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// Prints a number in hexadecimal, as addresses and positions are.
pub(crate) struct Hex(pub(crate) u64);

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Implements `Debug` for a view: some of its fields, and of its bytes only how many there are.
macro_rules! debug_without_bytes {
    ($view:ident { $($field:ident),* ; $($bytes:ident),+ }) => {
        /// Prints of bytes only how many there are.
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
