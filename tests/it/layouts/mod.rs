//! The structs of `userdump::format`, byte by byte, in both byte orders.
//!
//! The tables repeat the documentation of the format, not the declarations. Every number of a struct is stored at its
//! documented offset with a distinct value, so two fields in the wrong order cannot cancel out.

mod process;
mod tables;
mod vendor;

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;
use scroll::ctx::{SizeWith, TryFromCtx, TryIntoCtx};
use scroll::{Endian, Pread, Pwrite};

use crate::support::{tree, trials};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![every_struct_has_a_table];
    trials.extend(process::trials());
    trials.extend(tables::trials());
    trials.extend(vendor::trials());
    trials
}

/// A type with a documented layout: a number, an array, a struct.
trait Layout: Sized + 'static {
    /// The size in bytes.
    const SIZE: usize;

    /// All numbers in it.
    fn numbers() -> Vec<Number<Self>>;
}

/// A number inside a `T`.
struct Number<T> {
    offset: usize,
    size: usize,
    get: Box<dyn Fn(&T) -> u64>,
}

impl<T: 'static> Number<T> {
    /// The same number inside a type that has the `T` at an offset.
    fn within<U>(self, offset: usize, inner: impl Fn(&U) -> &T + 'static) -> Number<U> {
        let get = self.get;
        Number { offset: offset + self.offset, size: self.size, get: Box::new(move |outer| get(inner(outer))) }
    }
}

macro_rules! plain_numbers {
    ($($type:ty)*) => {
        $(impl Layout for $type {
            const SIZE: usize = <$type>::BITS as usize / 8;

            fn numbers() -> Vec<Number<Self>> {
                vec![Number { offset: 0, size: Self::SIZE, get: Box::new(|it| *it as u64) }]
            }
        })*
    };
}

plain_numbers!(u8 u16 u32 u64 i32 i64);

impl<T: Layout, const N: usize> Layout for [T; N] {
    const SIZE: usize = N * T::SIZE;

    fn numbers() -> Vec<Number<Self>> {
        let element =
            |index| T::numbers().into_iter().map(move |it| it.within(index * T::SIZE, move |all: &Self| &all[index]));
        (0..N).flat_map(element).collect()
    }
}

/// Declares the documented layout of structs: size, and type and offset of each field.
macro_rules! layouts {
    (@offset $type:ident 0 $offset:literal, $size:expr) => {};
    (@offset $type:ident $field:ident $offset:literal, $size:expr) => {
        let named = $type::OFFSETS.$field;
        assert_eq!(named.get(), $offset, concat!("the place of ", stringify!($field)));
        assert_eq!(named.range(), $offset..$offset + $size, stringify!($field));
    };
    ($($type:ident = $size:literal { $($field:tt: $of:ty = $offset:literal),+ $(,)? })+) => {
        $(impl Layout for $type {
            const SIZE: usize = $size;

            fn numbers() -> Vec<Number<Self>> {
                let mut numbers = Vec::new();
                $(numbers.extend(<$of>::numbers().into_iter().map(|it| it.within($offset, |it: &Self| &it.$field)));)+
                numbers
            }
        })+

        /// One test for each struct.
        pub fn trials() -> Vec<Trial> {
            vec![$(Trial::test(concat!("layouts::", stringify!($type)), || {
                check::<$type>($type::SIZE);
                $(layouts!(@offset $type $field $offset, <$of as Layout>::SIZE);)+
                Ok(())
            })),+]
        }

        /// The structs that have a table.
        pub const NAMES: &[&str] = &[$(stringify!($type)),+];
    };
}
use layouts;

fn check<T>(declared_size: usize)
where
    T: Layout + SizeWith<Endian>,
    T: for<'a> TryFromCtx<'a, Endian, Error = scroll::Error> + TryIntoCtx<Endian, Error = scroll::Error>,
{
    let size = <T as Layout>::SIZE;
    let numbers = T::numbers();
    covers_every_byte_once(&numbers, size);
    assert_eq!(declared_size, size, "SIZE");
    for order in [Endian::Little, Endian::Big] {
        assert_eq!(T::size_with(&order), size, "size_with");
        let mut bytes = vec![0; size];
        for number in &numbers {
            plant(&mut bytes[number.offset..][..number.size], planted(number.offset), order);
        }
        let decoded: T = bytes.pread_with(0, order).expect("there are enough bytes");
        for number in &numbers {
            let expected = planted(number.offset) & mask(number.size);
            let found = (number.get)(&decoded) & mask(number.size);
            assert_eq!(found, expected, "the number at {}, {order:?}-endian", number.offset);
        }
        let mut encoded = vec![0xEE; size];
        let written = encoded.pwrite_with(decoded, 0, order).expect("the size is sufficient");
        assert_eq!((written, encoded.as_slice()), (size, bytes.as_slice()), "{order:?}-endian, written");
        assert!(bytes[..size - 1].pread_with::<T>(0, order).is_err(), "one byte less suffices too");
    }
}

/// Checks the table itself: it has every byte exactly once.
fn covers_every_byte_once<T>(numbers: &[Number<T>], size: usize) {
    let mut places: Vec<_> = numbers.iter().map(|number| (number.offset, number.size)).collect();
    places.sort_unstable();
    let end = places.into_iter().fold(0, |end, (offset, size)| {
        assert_eq!(offset, end, "the table has a gap or an overlap");
        end + size
    });
    assert_eq!(end, size, "the table ends at a different offset");
}

/// A value for each offset; they differ in their low bytes too, as far as possible.
fn planted(offset: usize) -> u64 {
    (offset as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn mask(size: usize) -> u64 {
    u64::MAX >> (64 - 8 * size)
}

fn plant(field: &mut [u8], value: u64, order: Endian) {
    let size = field.len();
    match order {
        Endian::Little => field.copy_from_slice(&value.to_le_bytes()[..size]),
        Endian::Big => field.copy_from_slice(&value.to_be_bytes()[8 - size..]),
    }
}

fn every_struct_has_a_table() {
    let mut without = Vec::new();
    let mut found = 0;
    for text in sources(&tree::path("src/format")) {
        for name in decoded_structs(&text) {
            found += 1;
            if !tables::NAMES.contains(&name) && !vendor::NAMES.contains(&name) {
                without.push(name.to_owned());
            }
        }
    }
    assert!(without.is_empty(), "no table for {}", without.join(", "));
    assert_eq!(found, tables::NAMES.len() + vendor::NAMES.len(), "structs found in src/format");
}

/// The files of a folder and its subfolders.
fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("src/format can be listed");
    let paths = entries.map(|entry| entry.expect("src/format can be listed").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![fs::read_to_string(&path).expect("sources are UTF-8")],
        })
        .collect()
}

/// The names of the decoded structs: those of `structure!` and of `named_values!`.
fn decoded_structs(text: &str) -> Vec<&str> {
    let declared =
        ["structure! {", "named_values! {"].into_iter().flat_map(|macro_name| text.split(macro_name).skip(1));
    let declared = declared.filter_map(|declaration| declaration.split_once("pub struct ")).map(|(_, rest)| rest);
    let names = declared.map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default());
    names.filter(|name| !name.is_empty()).collect()
}
