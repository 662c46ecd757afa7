//! The one way in which structures of the file are declared.
//!
//! Everything that is known of a structure follows from its fields: its size, where each field is, how it is decoded
//! and encoded. Fields follow each other without padding.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::ops::Range;

use scroll::Endian;

use crate::format::debug::Size;

/// What has a fixed size in a file: a number, an array of such, a structure.
pub trait Stored: Sized + fmt::Debug {
    /// Size in the file, in bytes.
    const SIZE: usize;
    /// The size of an element of an array; 0 for everything else.
    const ELEMENT: usize = 0;
    /// The value of zeros.
    const ZERO: Self;

    /// Takes the value from the front of bytes of which there are enough.
    fn take(bytes: &mut &[u8], order: Endian) -> Self;

    /// Puts the value to the front of room of which there is enough.
    fn put(&self, room: &mut &mut [u8], order: Endian);
}

/// What is declared by `structure!`.
#[cfg(feature = "std")]
pub(crate) trait Structure: Stored {
    /// What each field is called, with the name of the structure, and where it ends.
    const FIELDS: &'static [(&'static str, usize)];
}

/// The size of a structure, for a field of 32 bits.
pub const fn size32<T: Stored>() -> u32 {
    // No structure comes near the limit.
    let [a, b, c, d, ..] = (T::SIZE as u64).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The largest array that is printed, in bytes: the parameters of an exception. Larger ones are texts and tables.
const PRINTED: usize = 120;
/// The same of bytes and of characters.
const PRINTED_TEXT: usize = 16;

/// A field as it is printed: of a large array only the size.
pub(crate) struct Shown<'s, T>(pub(crate) &'s T);

impl<T: Stored> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = match T::ELEMENT {
            0 => usize::MAX,
            1 | 2 => PRINTED_TEXT,
            _ => PRINTED,
        };
        if T::SIZE > most { fmt::Debug::fmt(&Size(T::SIZE), f) } else { fmt::Debug::fmt(self.0, f) }
    }
}

/// The first bytes, which the caller knows to be there.
#[inline]
fn take_front<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (front, rest) = bytes.split_first_chunk().unwrap_or((&[0; N], &[]));
    *bytes = rest;
    *front
}

/// Overwrites the first bytes, which the caller knows to be there.
#[inline]
fn put_front<const N: usize>(room: &mut &mut [u8], bytes: [u8; N]) {
    if let Some((front, rest)) = core::mem::take(room).split_first_chunk_mut() {
        *front = bytes;
        *room = rest;
    }
}

macro_rules! store_integers {
    ($($integer:ty)*) => {
        $(impl Stored for $integer {
            const SIZE: usize = size_of::<Self>();
            const ZERO: Self = 0;

            #[inline]
            fn take(bytes: &mut &[u8], order: Endian) -> Self {
                let bytes = take_front(bytes);
                if order.is_little() { Self::from_le_bytes(bytes) } else { Self::from_be_bytes(bytes) }
            }

            #[inline]
            fn put(&self, room: &mut &mut [u8], order: Endian) {
                put_front(room, if order.is_little() { self.to_le_bytes() } else { self.to_be_bytes() });
            }
        })*
    };
}

store_integers!(u8 u16 u32 u64 i32 i64);

impl<T: Stored, const N: usize> Stored for [T; N] {
    const SIZE: usize = N * T::SIZE;
    const ELEMENT: usize = T::SIZE;
    const ZERO: Self = [T::ZERO; N];

    #[inline]
    fn take(bytes: &mut &[u8], order: Endian) -> Self {
        core::array::from_fn(|_| T::take(bytes, order))
    }

    #[inline]
    fn put(&self, room: &mut &mut [u8], order: Endian) {
        self.iter().for_each(|element| element.put(room, order));
    }
}

/// Where a field of the type `T` is in a structure `S`; the structures have them in their `OFFSETS`.
///
/// ```
/// use userdump::format::{LocationDescriptor, Module};
///
/// assert_eq!(Module::OFFSETS.cv_record.get(), 76);
/// assert_eq!(Module::OFFSETS.cv_record.then(LocationDescriptor::OFFSETS.rva).get(), 80);
/// ```
pub struct FieldOffset<S, T> {
    bytes: usize,
    field: PhantomData<fn(S) -> T>,
}

impl<S, T> FieldOffset<S, T> {
    pub(crate) const fn new(bytes: usize) -> Self {
        Self { bytes, field: PhantomData }
    }

    /// Bytes from the start of the structure to that of the field.
    #[must_use]
    pub const fn get(self) -> usize {
        self.bytes
    }

    /// Where a field of the field is.
    #[must_use]
    pub const fn then<U>(self, inner: FieldOffset<T, U>) -> FieldOffset<S, U> {
        FieldOffset::new(self.bytes + inner.bytes)
    }
}

impl<S, T: Stored> FieldOffset<S, T> {
    /// The bytes of the field, counted from the start of the structure.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.bytes..self.bytes + T::SIZE
    }
}

// Derived, these would ask it of the types.
impl<S, T> Clone for FieldOffset<S, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, T> Copy for FieldOffset<S, T> {}

impl<S, T> PartialEq for FieldOffset<S, T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<S, T> Eq for FieldOffset<S, T> {}

impl<S, T> Hash for FieldOffset<S, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl<S, T> fmt::Debug for FieldOffset<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.bytes, f)
    }
}

/// Declares a structure of the file.
macro_rules! structure {
    // What is serialised in another way than field by field.
    (@serde_by_hand $($structure:tt)*) => {
        structure! { @with [cfg(all())] [cfg(all())] $($structure)* }
    };
    ($(#[$attribute:meta])* pub struct $($structure:tt)*) => {
        structure! {
            @with [cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
            [cfg_attr(feature = "serde", serde(with = "crate::format::as_serde"))]
            $(#[$attribute])* pub struct $($structure)*
        }
    };
    (
        @with [$serde:meta] [$serde_field:meta]
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $($(#[$field_attribute:meta])* pub $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[$serde]
        pub struct $name {
            $($(#[$field_attribute])* #[$serde_field] pub $field: $type,)+
        }

        $crate::format::serde_forms::serde_field!($name);

        /// Prints of texts and tables only the size.
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut structure = f.debug_struct(stringify!($name));
                $(structure.field(stringify!($field), &$crate::format::structure::Shown(&self.$field));)+
                structure.finish()
            }
        }

        impl $name {
            /// Size of the structure in the file, in bytes.
            pub const SIZE: usize = 0 $(+ <$type as $crate::format::structure::Stored>::SIZE)+;

            /// Encodes the structure in little-endian byte order.
            pub fn to_le_bytes(&self) -> [u8; Self::SIZE] {
                let mut bytes = [0; Self::SIZE];
                $crate::format::structure::Stored::put(self, &mut &mut bytes[..], scroll::Endian::Little);
                bytes
            }

            /// Encodes the structure in big-endian byte order.
            pub fn to_be_bytes(&self) -> [u8; Self::SIZE] {
                let mut bytes = [0; Self::SIZE];
                $crate::format::structure::Stored::put(self, &mut &mut bytes[..], scroll::Endian::Big);
                bytes
            }

            /// Decodes the structure from little-endian bytes.
            pub fn from_le_bytes(bytes: &[u8; Self::SIZE]) -> Self {
                $crate::format::structure::Stored::take(&mut &bytes[..], scroll::Endian::Little)
            }

            /// Decodes the structure from big-endian bytes.
            pub fn from_be_bytes(bytes: &[u8; Self::SIZE]) -> Self {
                $crate::format::structure::Stored::take(&mut &bytes[..], scroll::Endian::Big)
            }
        }

        // In a scope of its own, for every structure has a type of this name.
        const _: () = {
            use $crate::format::structure::{FieldOffset, Stored};

            /// Where each field of a structure is.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct Offsets {
                $(#[doc = concat!("Where `", stringify!($field), "` is.")] pub $field: FieldOffset<$name, $type>,)+
            }

            impl $name {
                /// Where each field is, in bytes from the start of the structure.
                pub const OFFSETS: Offsets = {
                    let end = 0;
                    $(
                        let $field = FieldOffset::new(end);
                        let end = end + <$type as Stored>::SIZE;
                    )+
                    let _ = end;
                    Offsets { $($field),+ }
                };
            }

            #[cfg(feature = "std")]
            impl $crate::format::structure::Structure for $name {
                const FIELDS: &'static [(&'static str, usize)] = &[$((
                    concat!("`", stringify!($field), "` of `", stringify!($name), "`"),
                    $name::OFFSETS.$field.range().end,
                )),+];
            }

            impl Stored for $name {
                const SIZE: usize = Self::SIZE;
                const ZERO: Self = Self { $($field: <$type as Stored>::ZERO),+ };

                #[inline]
                fn take(bytes: &mut &[u8], order: scroll::Endian) -> Self {
                    $(let $field = Stored::take(bytes, order);)+
                    Self { $($field),+ }
                }

                #[inline]
                fn put(&self, room: &mut &mut [u8], order: scroll::Endian) {
                    $(self.$field.put(room, order);)+
                }
            }
        };

        /// All zeros.
        impl Default for $name {
            fn default() -> Self {
                <Self as $crate::format::structure::Stored>::ZERO
            }
        }

        scroll_stored!($name);
    };
}

/// Implements scroll's traits for what is [`Stored`]: the size is checked once, not at every field.
macro_rules! scroll_stored {
    ($name:ident) => {
        impl scroll::ctx::SizeWith<scroll::Endian> for $name {
            #[inline]
            fn size_with(_: &scroll::Endian) -> usize {
                Self::SIZE
            }
        }

        impl<'x> scroll::ctx::TryFromCtx<'x, scroll::Endian> for $name {
            type Error = scroll::Error;

            #[inline]
            fn try_from_ctx(bytes: &'x [u8], order: scroll::Endian) -> Result<(Self, usize), scroll::Error> {
                let too_big = || scroll::Error::TooBig { size: Self::SIZE, len: bytes.len() };
                let mut whole = bytes.get(..Self::SIZE).ok_or_else(too_big)?;
                Ok(($crate::format::structure::Stored::take(&mut whole, order), Self::SIZE))
            }
        }

        impl scroll::ctx::TryIntoCtx<scroll::Endian> for $name {
            type Error = scroll::Error;

            #[inline]
            fn try_into_ctx(self, room: &mut [u8], order: scroll::Endian) -> Result<usize, scroll::Error> {
                let too_big = scroll::Error::TooBig { size: Self::SIZE, len: room.len() };
                let mut whole = room.get_mut(..Self::SIZE).ok_or(too_big)?;
                $crate::format::structure::Stored::put(&self, &mut whole, order);
                Ok(Self::SIZE)
            }
        }

        impl scroll::ctx::TryIntoCtx<scroll::Endian> for &$name {
            type Error = scroll::Error;

            #[inline]
            fn try_into_ctx(self, room: &mut [u8], order: scroll::Endian) -> Result<usize, scroll::Error> {
                (*self).try_into_ctx(room, order)
            }
        }
    };
}
