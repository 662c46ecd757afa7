//! Finds the fields of a dump that refer to something. It works for any bytes, and omits fields that are not in the
//! file.

use super::shapes::{Fields, Kind, NARROW, SHAPES, Shape, WIDE};

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Position,
    Size,
    Address,
    Count,
    Id,
    StreamType,
}

/// A field of 4 or 8 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub at: usize,
    pub width: usize,
    pub what: What,
}

/// Adjacent entries of the same size, and the offset of their count.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub at: usize,
    pub entry: usize,
    pub len: usize,
    pub count: Field,
}

/// A stream: its directory entry, and the offset of its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    pub entry: usize,
    pub start: usize,
    pub size: usize,
}

#[derive(Debug)]
pub struct Map {
    pub big_endian: bool,
    pub fields: Vec<Field>,
    pub tables: Vec<Table>,
    /// Empty for a full user dump.
    pub streams: Vec<Stream>,
    /// Address ranges: start and size.
    pub ranges: Vec<(u64, u64)>,
}

impl Map {
    /// Maximum number of entries of a list that are covered.
    const MOST: usize = 32;

    /// Returns the map of a dump; `None` if the bytes are not a dump.
    pub fn new(file: &[u8]) -> Option<Self> {
        let (big_endian, user_dump) = match file.first_chunk::<8>()? {
            [b'M', b'D', b'M', b'P', ..] => (false, None),
            [b'P', b'M', b'D', b'M', ..] => (true, None),
            b"USERDUMP" => (false, Some(&NARROW)),
            b"USERDU64" => (false, Some(&WIDE)),
            _ => return None,
        };
        let mut map = Self { big_endian, fields: vec![], tables: vec![], streams: vec![], ranges: vec![] };
        let Some(shapes) = user_dump else {
            map.minidump(file);
            return Some(map);
        };
        map.fields(file, 0, shapes.fields);
        let wide = if file[6] == b'6' { 8 } else { 4 };
        for &(position, count, entry, fields) in &shapes.tables {
            let at = map.get(file, position, wide).and_then(|at| usize::try_from(at).ok());
            if let Some(at) = at {
                map.table(file, at, entry, Field { at: count, width: 4, what: What::Count }, fields);
            }
        }
        Some(map)
    }

    fn minidump(&mut self, file: &[u8]) {
        self.fields(file, 0, &[(8, Kind::Count(4)), (12, Kind::Position(4))]);
        let Some(directory) = self.position(file, 12) else { return };
        let count = Field { at: 8, width: 4, what: What::Count };
        self.table(file, directory, 12, count, &[(4, Kind::Location)]);
        let entries = self.tables.first().map_or(0, |table| table.len);
        for entry in (0..entries).map(|index| directory + 12 * index) {
            self.fields.push(Field { at: entry, width: 4, what: What::StreamType });
            let (Some(size), Some(start)) = (self.position(file, entry + 4), self.position(file, entry + 8)) else {
                continue;
            };
            if start < file.len() {
                self.streams.push(Stream { entry, start, size: size.min(file.len() - start) });
            }
            let stream_type = self.get(file, entry, 4);
            let shape = SHAPES.iter().find(|shape| Some(shape.stream_type.into()) == stream_type);
            shape.into_iter().for_each(|shape| self.stream(file, start, shape));
        }
    }

    fn stream(&mut self, file: &[u8], start: usize, shape: &Shape) {
        self.fields(file, start, shape.head_fields);
        let count = shape.head_fields.iter().find_map(|&(at, kind)| match kind {
            Kind::Count(width) => Some(Field { at: start.checked_add(at)?, width, what: What::Count }),
            _ => None,
        });
        if let Some(count) = count.filter(|_| shape.entry > 0) {
            let at = start.saturating_add(shape.head);
            self.table(file, at, shape.entry, count, shape.fields);
        }
    }

    fn table(&mut self, file: &[u8], at: usize, entry: usize, count: Field, fields: Fields) {
        let declared = self.get(file, count.at, count.width).and_then(|count| usize::try_from(count).ok());
        let room = file.len().saturating_sub(at) / entry;
        let len = declared.unwrap_or(0).min(room);
        self.tables.push(Table { at, entry, len, count });
        (0..len.min(Self::MOST)).for_each(|index| self.fields(file, at + entry * index, fields));
    }

    fn fields(&mut self, file: &[u8], start: usize, fields: Fields) {
        for &(offset, kind) in fields {
            let Some(at) = start.checked_add(offset) else { continue };
            let (first, second) = match kind {
                Kind::Position(width) => ((at, width, What::Position), None),
                Kind::Size(width) => ((at, width, What::Size), None),
                Kind::Address(width) => ((at, width, What::Address), None),
                Kind::Count(width) => ((at, width, What::Count), None),
                Kind::Id => ((at, 4, What::Id), None),
                Kind::Location => ((at, 4, What::Size), Some((at.saturating_add(4), 4, What::Position))),
                Kind::Range(width, size, size_width) => {
                    let size = start.saturating_add(size);
                    self.range(file, (at, width), (size, size_width));
                    ((at, width, What::Address), Some((size, size_width, What::Size)))
                }
            };
            for (at, width, what) in [Some(first), second].into_iter().flatten() {
                if at.checked_add(width).is_some_and(|end| end <= file.len()) {
                    self.fields.push(Field { at, width, what });
                }
            }
        }
    }

    fn range(&mut self, file: &[u8], start: (usize, usize), size: (usize, usize)) {
        let range = self.get(file, start.0, start.1).zip(self.get(file, size.0, size.1));
        self.ranges.extend(range.filter(|(_, size)| *size > 0));
    }

    fn position(&self, file: &[u8], at: usize) -> Option<usize> {
        self.get(file, at, 4).and_then(|position| usize::try_from(position).ok())
    }

    /// Returns the number of `width` bytes at an offset.
    pub fn get(&self, file: &[u8], at: usize, width: usize) -> Option<u64> {
        let bytes = file.get(at..at.checked_add(width)?)?;
        let digit = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.big_endian { bytes.iter().fold(0, digit) } else { bytes.iter().rev().fold(0, digit) })
    }

    /// Writes the low bytes of a number at an offset.
    pub fn put(&self, file: &mut [u8], at: usize, width: usize, number: u64) -> Option<()> {
        let bytes = file.get_mut(at..at.checked_add(width)?)?;
        let digits = number.to_le_bytes();
        let digits = digits.get(..width)?;
        bytes.copy_from_slice(digits);
        if self.big_endian {
            bytes.reverse();
        }
        Some(())
    }

    pub fn all(&self, what: &[What]) -> Vec<Field> {
        self.fields.iter().copied().filter(|field| what.contains(&field.what)).collect()
    }
}
