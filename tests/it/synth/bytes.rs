//! A byte assembler: numbers in either byte order, and labels that are resolved at the end.

/// Bytes under construction. Appended numbers can refer to positions that do not exist yet.
#[derive(Default)]
pub struct Bytes {
    bytes: Vec<u8>,
    big_endian: bool,
    /// The position of each label, once it is placed.
    labels: Vec<Option<u64>>,
    fixups: Vec<Fixup>,
}

/// A position in the bytes, which may be placed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// A number to be filled in: the distance of a label from another one or from the start, plus a constant.
struct Fixup {
    at: usize,
    /// 4 or 8 bytes.
    width: usize,
    to: Label,
    from: Option<Label>,
    plus: u64,
}

/// Appends a number; one method for each width.
macro_rules! numbers {
    ($($name:ident),*) => {
        $(#[doc = concat!("Appends a `", stringify!($name), "`.")]
        pub fn $name(&mut self, value: $name) -> &mut Self {
            let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
            self.raw(bytes)
        })*
    };
}

impl Bytes {
    pub fn little_endian() -> Self {
        Self::default()
    }

    pub fn big_endian() -> Self {
        Self { big_endian: true, ..Self::default() }
    }

    numbers!(u8, u16, u32, u64, i32);

    /// Appends numbers of one width.
    pub fn u16s(&mut self, values: &[u16]) -> &mut Self {
        values.iter().fold(self, |bytes, value| bytes.u16(*value))
    }

    /// Appends numbers of one width.
    pub fn u32s(&mut self, values: &[u32]) -> &mut Self {
        values.iter().fold(self, |bytes, value| bytes.u32(*value))
    }

    /// Appends numbers of one width.
    pub fn u64s(&mut self, values: &[u64]) -> &mut Self {
        values.iter().fold(self, |bytes, value| bytes.u64(*value))
    }

    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.bytes.extend_from_slice(bytes.as_ref());
        self
    }

    pub fn zeros(&mut self, count: usize) -> &mut Self {
        self.raw(vec![0; count])
    }

    /// Appends bytes `0xEE`, which are noticed if a reader takes them for data.
    pub fn filler(&mut self, count: usize) -> &mut Self {
        self.raw(vec![0xEE; count])
    }

    /// Fills up to a multiple of `to`.
    pub fn align(&mut self, to: usize) -> &mut Self {
        let missing = self.bytes.len().next_multiple_of(to) - self.bytes.len();
        self.filler(missing)
    }

    /// Truncates the bytes to a size, or fills them up with zeros.
    pub fn resize(&mut self, size: usize) -> &mut Self {
        self.bytes.resize(size, 0);
        self
    }

    /// UTF-16 without length or terminator.
    pub fn utf16(&mut self, text: &str) -> &mut Self {
        text.encode_utf16().fold(self, Self::u16)
    }

    /// UTF-16 in a field of fixed size, filled up with zeros.
    pub fn utf16_field(&mut self, text: &str, units: usize) -> &mut Self {
        let used = text.encode_utf16().count();
        self.utf16(text).zeros(2 * units.checked_sub(used).expect("the text fits into its field"))
    }

    /// A `MINIDUMP_STRING`: the size in bytes, UTF-16, and a terminator that the size does not include.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.u32(2 * text.encode_utf16().count() as u32).utf16(text).u16(0)
    }

    /// The number of bytes.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// A label to be placed later.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// A label at the current end.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    /// Places a label at the current end.
    pub fn place(&mut self, label: Label) -> &mut Self {
        let place = Some(self.len());
        assert_eq!(self.labels[label.0], None, "a label can only be placed once");
        self.labels[label.0] = place;
        self
    }

    /// Appends the 32-bit file offset of a label.
    pub fn rva(&mut self, to: Label) -> &mut Self {
        self.rva_into(to, 0)
    }

    /// Appends the 32-bit file offset of the position `plus` bytes after a label.
    pub fn rva_into(&mut self, to: Label, plus: u64) -> &mut Self {
        self.fixup(4, to, None, plus)
    }

    /// Appends the 64-bit file offset of a label.
    pub fn rva64(&mut self, to: Label) -> &mut Self {
        self.fixup(8, to, None, 0)
    }

    /// Appends the number of bytes between two labels, in 32 bits.
    pub fn distance(&mut self, from: Label, to: Label) -> &mut Self {
        self.fixup(4, to, Some(from), 0)
    }

    /// Appends a location descriptor for the bytes between two labels.
    pub fn location(&mut self, start: Label, end: Label) -> &mut Self {
        self.distance(start, end).rva(start)
    }

    fn fixup(&mut self, width: usize, to: Label, from: Option<Label>, plus: u64) -> &mut Self {
        self.fixups.push(Fixup { at: self.bytes.len(), width, to, from, plus });
        self.zeros(width)
    }

    /// The bytes, with every label resolved.
    pub fn finish(mut self) -> Vec<u8> {
        let place = |label: Label| self.labels[label.0].expect("every label that is used is placed");
        for fixup in &self.fixups {
            let value = place(fixup.to) + fixup.plus - fixup.from.map_or(0, place);
            let wide = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
            let bytes = match (fixup.width, self.big_endian) {
                (4, true) => &wide[4..],
                (4, false) => &wide[..4],
                _ => &wide[..],
            };
            assert!(fixup.width == 8 || value <= u64::from(u32::MAX), "a label is beyond 4 GiB");
            self.bytes[fixup.at..fixup.at + fixup.width].copy_from_slice(bytes);
        }
        self.bytes
    }
}
