//! The offsets of those fields of the structures that refer to something, in bytes from the start of each structure.

/// The kind of the field at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file offset, of 4 or 8 bytes.
    Position(usize),
    /// A size, of 4 or 8 bytes.
    Size(usize),
    /// The size and the file offset of something, 4 bytes each.
    Location,
    /// A virtual address, of 4 or 8 bytes.
    Address(usize),
    /// The first address of a range, of 4 or 8 bytes, with the offset of its size from the start of the structure, and
    /// the width of the size in bytes.
    Range(usize, usize, usize),
    /// The number of entries in a list, of 4 or 8 bytes.
    Count(usize),
    /// A number that something else may use as a key, of 4 bytes.
    Id,
}

pub type Fields = &'static [(usize, Kind)];

/// A stream of a minidump: the fields and the size of its header, and those of its entries.
pub struct Shape {
    pub stream_type: u32,
    pub head: usize,
    pub head_fields: Fields,
    pub entry: usize,
    pub fields: Fields,
}

use Kind::{Address, Count, Id, Location, Position, Range, Size};

const fn shape(stream_type: u32, head: usize, head_fields: Fields, entry: usize, fields: Fields) -> Shape {
    Shape { stream_type, head, head_fields, entry, fields }
}

const COUNTED: Fields = &[(0, Count(4))];
const SIZED: Fields = &[(0, Size(4)), (4, Size(4)), (8, Count(4))];
const MODULE: Fields = &[(0, Range(8, 8, 4)), (20, Position(4)), (76, Location), (84, Location)];
const REGION: Fields = &[(0, Range(8, 24, 8)), (8, Address(8))];
const THREAD: Fields = &[(0, Id), (16, Address(8)), (24, Range(8, 32, 4)), (32, Location), (40, Location)];

pub const SHAPES: [Shape; 20] = [
    shape(3, 4, COUNTED, 48, THREAD),
    shape(4, 4, COUNTED, 108, MODULE),
    shape(0xfff0, 4, COUNTED, 108, MODULE),
    shape(5, 4, COUNTED, 16, &[(0, Range(8, 8, 4)), (8, Location)]),
    shape(6, 168, &[(0, Id), (24, Address(8)), (32, Count(4)), (48, Address(8)), (160, Location)], 0, &[]),
    shape(7, 56, &[(24, Position(4))], 0, &[]),
    shape(8, 4, COUNTED, 64, THREAD),
    shape(9, 16, &[(0, Count(8)), (8, Position(8))], 16, &[(0, Range(8, 8, 8))]),
    shape(12, 16, SIZED, 40, &[(8, Position(4)), (12, Position(4)), (32, Position(4))]),
    shape(13, 24, &[(0, Size(4)), (4, Size(4)), (8, Size(4)), (12, Size(4)), (16, Count(4)), (20, Size(4))], 0, &[]),
    shape(14, 12, SIZED, 24, &[(0, Range(8, 8, 4)), (20, Position(4))]),
    shape(15, 4, &[(0, Size(4))], 0, &[]),
    shape(16, 16, &[(0, Size(4)), (4, Size(4)), (8, Count(8))], 48, REGION),
    shape(17, 12, SIZED, 64, &[(0, Id), (48, Address(8))]),
    shape(19, 16, &[(0, Size(4)), (4, Count(4)), (8, Size(4))], 0, &[]),
    shape(24, 4, COUNTED, 12, &[(0, Id), (4, Position(8))]),
    shape(0x4350_0001, 52, &[(0, Count(4)), (36, Location), (44, Location)], 0, &[]),
    shape(0x4767_000a, 32, &[(4, Position(4)), (8, Count(4))], 0, &[]),
    shape(0x4d7a_0001, 20, &[(4, Count(4)), (8, Size(4)), (12, Location)], 0, &[]),
    shape(0x4d7a_0002, 16, &[(8, Position(8))], 0, &[]),
];

/// A full user dump: the fields of its header, and its tables: the header fields with their offset and count, the size
/// of an entry, and its fields.
pub struct UserDump {
    pub fields: Fields,
    pub tables: [(usize, usize, usize, Fields); 3],
}

const P4: Kind = Position(4);
const P8: Kind = Position(8);
const C4: Kind = Count(4);

pub const NARROW: UserDump = UserDump {
    fields: &[(20, C4), (24, C4), (28, C4), (32, P4), (36, P4), (40, P4), (44, P4), (48, P4), (52, P4), (56, P4)],
    tables: [
        (44, 28, 28, &[(0, Range(4, 12, 4)), (4, Address(4))]),
        (52, 20, 48, &[(0, Id), (16, Address(4))]),
        (36, 24, 12, &[(0, Range(4, 4, 4)), (8, Size(4))]),
    ],
};

pub const WIDE: UserDump = UserDump {
    fields: &[(20, C4), (24, C4), (28, C4), (32, P8), (40, P8), (48, P8), (56, P8), (64, P8), (72, P8), (80, P8)],
    tables: [
        (56, 28, 48, REGION),
        (72, 20, 80, &[(0, Id), (16, Address(8))]),
        (40, 24, 16, &[(0, Range(8, 8, 4)), (12, Size(4))]),
    ],
};
