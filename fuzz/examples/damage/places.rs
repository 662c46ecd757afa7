//! Finds the places where damage has an effect. The bytes are parsed by hand, independently of the crate.

use std::ops::Range;

use crate::numbers::Numbers;

/// Number of directory entries, and of offsets in a stream, that are followed.
const ROWS: usize = 128;
const POSITIONS: usize = 16;
/// Number of bytes of a stream that count as its header.
const HEAD: usize = 2048;
/// Number of bytes at an offset that count as its target.
const TARGET: usize = 64;

/// A directory entry of a minidump.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub at: usize,
    pub stream_type: u32,
    pub size: u32,
    pub position: u32,
}

/// The places in a file that are worth damaging.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The directory of a minidump.
    pub rows: Vec<Row>,
    /// The header fields of a full user dump that contain offsets.
    pub fields: Vec<usize>,
    /// Width of these fields in bytes, 4 or 8.
    pub width: usize,
    pub big_endian: bool,
    /// Headers, directories, headers of lists, and the targets of their offsets.
    spans: Vec<Range<usize>>,
}

impl Places {
    pub fn of(bytes: &[u8]) -> Self {
        let mut places = Self { width: 4, ..Self::default() };
        match bytes.get(..4) {
            Some(b"MDMP") => places.minidump(bytes),
            Some(b"PMDM") => {
                places.big_endian = true;
                places.minidump(bytes);
            }
            Some(b"USER") => places.full_user_dump(bytes),
            _ => {}
        }
        places.spans.retain_mut(|span| {
            span.end = span.end.min(bytes.len());
            span.start < span.end
        });
        places
    }

    fn minidump(&mut self, bytes: &[u8]) {
        self.spans.push(0..32);
        let (count, directory) = (self.word(bytes, 8), self.word(bytes, 12));
        let (Some(count), Some(directory)) = (count, directory) else { return };
        for index in 0..ROWS.min(count as usize) {
            let at = directory as usize + 12 * index;
            let row = [at, at + 4, at + 8].map(|at| self.word(bytes, at));
            let [Some(stream_type), Some(size), Some(position)] = row else { break };
            self.rows.push(Row { at, stream_type, size, position });
            let (start, size) = (position as usize, size as usize);
            self.spans.extend([at..at + 12, start..start + size.min(16), start..start + size.min(HEAD)]);
            self.follow(bytes, start..start + size.min(HEAD), 4);
        }
    }

    fn full_user_dump(&mut self, bytes: &[u8]) {
        self.width = if bytes.starts_with(b"USERDU64") { 8 } else { 4 };
        let header = 12 * self.width;
        self.spans.extend([0..header, 0..header]);
        for at in (8..header).step_by(self.width) {
            let Some(position) = self.position(bytes, at, self.width) else { continue };
            self.fields.push(at);
            self.spans.extend([position..position + TARGET, position..position + HEAD]);
            self.follow(bytes, position..position + TARGET, self.width);
        }
    }

    /// Adds the targets of all words in a stretch that may be offsets.
    fn follow(&mut self, bytes: &[u8], within: Range<usize>, width: usize) {
        let positions = within.step_by(4).filter_map(|at| self.position(bytes, at, width));
        let spans: Vec<_> = positions.take(POSITIONS).map(|position| position..position + TARGET).collect();
        self.spans.extend(spans);
    }

    fn position(&self, bytes: &[u8], at: usize, width: usize) -> Option<usize> {
        let low = self.word(bytes, at)? as usize;
        let whole = width == 4 || self.word(bytes, at + 4)? == 0;
        (whole && low.is_multiple_of(2) && (32..bytes.len()).contains(&low)).then_some(low)
    }

    fn word(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    }

    /// Returns a place for a word of this width in a file of this size, mostly a place where damage has an effect.
    pub fn pick(&self, numbers: &mut Numbers, size: usize, width: usize) -> Option<usize> {
        let last = size.checked_sub(width)?;
        let spread = numbers.once_in(5);
        let at = match numbers.pick(&self.spans) {
            Some(span) if !spread => span.start + numbers.below(span.len()),
            _ => numbers.below(last + 1),
        };
        let aligned = if numbers.once_in(8) { at } else { at & !3 };
        Some(aligned.min(last))
    }

    /// Returns the start or end of a place, or an offset a few bytes away.
    pub fn edge(&self, numbers: &mut Numbers, size: usize) -> usize {
        let Some(span) = numbers.pick(&self.spans) else { return numbers.below(size) };
        let edge = if numbers.once_in(2) { span.start } else { span.end };
        (edge + numbers.below(9)).saturating_sub(4).min(size)
    }

    /// Writes a number in the byte order of the dump, unless it does not fit into the file.
    pub fn put(&self, bytes: &mut [u8], at: usize, width: usize, number: u64) {
        let (little, big) = (number.to_le_bytes(), number.to_be_bytes());
        let encoded = if self.big_endian { &big[8 - width..] } else { &little[..width] };
        if let Some(target) = bytes.get_mut(at..at + width) {
            target.copy_from_slice(encoded);
        }
    }
}
