//! Decoding of structures with many fields: the size is checked once, not at every field.

use scroll::Endian;

use super::location::LocationDescriptor;

/// A field that is taken from the front of bytes which are there.
pub(super) trait Take {
    fn take(bytes: &mut &[u8], order: Endian) -> Self;
}

/// The first bytes, which the caller knows to be there.
#[inline]
fn front<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (front, rest) = bytes.split_first_chunk().unwrap_or((&[0; N], &[]));
    *bytes = rest;
    *front
}

macro_rules! take_integers {
    ($($integer:ty),*) => {
        $(impl Take for $integer {
            #[inline]
            fn take(bytes: &mut &[u8], order: Endian) -> Self {
                let bytes = front(bytes);
                if order.is_little() { Self::from_le_bytes(bytes) } else { Self::from_be_bytes(bytes) }
            }
        })*
    };
}

/// Implements scroll's decoding for a structure by its fields, which stand in the order of the file.
macro_rules! decode_whole {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::format::whole::Take for $name {
            #[inline]
            fn take(bytes: &mut &[u8], order: scroll::Endian) -> Self {
                $(let $field = $crate::format::whole::Take::take(bytes, order);)*
                Self { $($field),* }
            }
        }

        impl<'x> scroll::ctx::TryFromCtx<'x, scroll::Endian> for $name {
            type Error = scroll::Error;

            #[inline]
            fn try_from_ctx(bytes: &'x [u8], order: scroll::Endian) -> Result<(Self, usize), scroll::Error> {
                let too_big = || scroll::Error::TooBig { size: Self::SIZE, len: bytes.len() };
                let mut whole = bytes.get(..Self::SIZE).ok_or_else(too_big)?;
                Ok(($crate::format::whole::Take::take(&mut whole, order), Self::SIZE))
            }
        }
    };
}

pub(super) use decode_whole;

take_integers!(u32, u64);

impl Take for LocationDescriptor {
    #[inline]
    fn take(bytes: &mut &[u8], order: Endian) -> Self {
        Self { data_size: u32::take(bytes, order), rva: u32::take(bytes, order) }
    }
}
