//! ELF images in memory: programs and libraries of Linux and Android.
//!
//! The structures are those of the System V ABI (`elf.h`). The note with the build ID (`NT_GNU_BUILD_ID`) is documented
//! with the option `--build-id` of the GNU linker.

use alloc::vec::Vec;
use core::fmt;

use crate::error::ReadError;

use crate::read::budget::Budget;
use crate::read::bytes::{ByteOrder, integer_at};
use crate::read::interval::{Interval, united};
use crate::read::memory::by_address::Memory;

/// The size of the identification (`e_ident`) at the start of every header.
const IDENT: usize = 16;
/// `PT_LOAD` and `PT_NOTE`.
const LOAD: u32 = 1;
const NOTE: u32 = 4;
/// `PF_W`: the segment is writable.
const WRITE: u32 = 2;
/// The maximum number of program headers that are read. Programs have about ten.
const MAX_SEGMENTS: u64 = 128;
/// The maximum size of a note segment that is read. The notes of programs take a few hundred bytes.
const MAX_NOTES_SIZE: u64 = 0x1_0000;
/// The type of the build ID note, and the name of its owner.
const BUILD_ID: u32 = 3;
const OWNER: &[u8] = b"GNU\0";

/// An ELF image (a program or library) in the memory of a dump.
///
/// Nothing in the image is trusted: a lookup reads a bounded number of headers, regardless of the counts and sizes in
/// them. Images of both widths and both byte orders can be read, regardless of those of the dump.
///
/// Only available with the feature `std`.
#[derive(Clone, Copy)]
pub struct ElfImage<'m, 'a> {
    memory: &'m Memory<'a>,
    base: u64,
    is_64_bit: bool,
    order: ByteOrder,
    machine: u16,
    /// The program headers: offset, size of one, count.
    headers: (u64, u64, u64),
}

/// A program header, which describes a segment of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ElfSegment {
    /// `PT_LOAD` etc.
    pub(crate) kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    /// The size in memory, in bytes.
    pub(crate) size: u64,
    alignment: u64,
}

impl fmt::Debug for ElfImage<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ElfImage({} bits at {:#x})", if self.is_64_bit { 64 } else { 32 }, self.base)
    }
}

impl<'m, 'a> ElfImage<'m, 'a> {
    /// Returns the image whose ELF header is at `base`. `None` unless the header is complete and its identification has
    /// a known width and byte order.
    #[must_use]
    pub fn at(memory: &'m Memory<'a>, base: u64) -> Option<Self> {
        let base = memory.target().mask(base);
        let mut ident = [0; IDENT];
        let is_there = memory.read(base, &mut ident) == ident.len();
        let [0x7f, b'E', b'L', b'F', class, data, ..] = ident else { return None };
        let is_64_bit = match class {
            1 => false,
            2 => true,
            _ => return None,
        };
        let order = match data {
            1 => ByteOrder::Little,
            2 => ByteOrder::Big,
            _ => return None,
        };
        let mut image = Self { memory, base, is_64_bit, order, machine: 0, headers: (0, 0, 0) };
        let word = if is_64_bit { 8 } else { 4 };
        let pick = |wide, narrow| if is_64_bit { wide } else { narrow };
        let short = |position| image.number(position, 2);
        let (machine, at) = (short(18)?, image.number(pick(32, 28), word)?);
        let (size, count) = (short(pick(54, 42))?, short(pick(56, 44))?);
        // The last field of the header.
        short(pick(62, 50))?;
        image.machine = u16::try_from(machine).ok()?;
        let count = if size < image.segment_size() { 0 } else { count.min(MAX_SEGMENTS) };
        image.headers = (at, size, count);
        is_there.then_some(image)
    }

    /// Returns the address of the first byte, without the upper half on 32-bit targets.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// True if the addresses of the image have 64 bits.
    #[must_use]
    pub const fn is_64_bit(&self) -> bool {
        self.is_64_bit
    }

    /// Returns the byte order of the image.
    #[must_use]
    pub const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Returns the processor that the image is built for, as a number of the ABI: 62 for AMD64, 183 for ARM64.
    #[doc(alias = "e_machine")]
    #[must_use]
    pub const fn machine(&self) -> u16 {
        self.machine
    }

    /// Returns the build ID, which identifies the binary and its symbols. It is usually a 20-byte hash computed by the
    /// linker.
    ///
    /// If there are several, the first one in memory is returned.
    #[doc(alias = "NT_GNU_BUILD_ID")]
    #[must_use]
    pub fn build_id(&self) -> Option<Vec<u8>> {
        self.places(|segment| segment.kind == NOTE && segment.size <= MAX_NOTES_SIZE)
            .find_map(|(segment, place)| self.build_id_in(&segment, place))
    }

    /// Adds the places of the parts that identify the image, as far as they are in the dump: headers and notes.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if the headers do not fit into the budget.
    pub(crate) fn identity(&self, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<(), ReadError> {
        found.extend(self.place(0, if self.is_64_bit { 64 } else { 52 }));
        found.extend(self.place(self.headers.0, self.size_of_headers()));
        budget.charge("Elf_Phdr", 0, self.size_of_headers())?;
        let notes = self.places(|segment| segment.kind == NOTE && segment.size <= MAX_NOTES_SIZE);
        found.extend(notes.map(|(_, place)| place));
        Ok(())
    }

    /// Returns the size in bytes of the program headers that are read.
    pub(crate) const fn size_of_headers(&self) -> u64 {
        let (_, size, count) = self.headers;
        size * count
    }

    /// Returns the parts that the process cannot have written: read-only and executable segments.
    pub(crate) fn unwritten(&self) -> Vec<Interval> {
        let loaded = self.places(|segment| segment.kind == LOAD && segment.flags & WRITE == 0);
        united(loaded.map(|(_, place)| place).collect())
    }

    /// Returns the segments in the order of their headers, up to the first incomplete header.
    pub(crate) fn segments(&self) -> impl Iterator<Item = ElfSegment> + use<'m, 'a> {
        let image = *self;
        let (at, size, count) = self.headers;
        (0..count).map_while(move |number| image.segment(at.checked_add(number * size)?))
    }

    /// Returns the wanted segments and their places in memory, limited to the address space.
    pub(crate) fn places(
        &self,
        mut is_wanted: impl FnMut(&ElfSegment) -> bool,
    ) -> impl Iterator<Item = (ElfSegment, Interval)> {
        // Addresses are relative to that of the first byte of the file, which is at the base.
        let first = self.segments().find(|segment| segment.kind == LOAD);
        let (address, offset) = first.map_or((0, 0), |segment| (segment.address, segment.offset));
        let place = move |segment: &ElfSegment| {
            self.place(segment.address.checked_sub(address)?.checked_add(offset)?, segment.size)
        };
        let wanted = self.segments().filter(move |segment| is_wanted(segment));
        wanted.filter_map(move |segment| Some((segment, place(&segment)?)))
    }

    fn segment(&self, at: u64) -> Option<ElfSegment> {
        let number = |wide: u64, narrow: u64| {
            let (offset, width) = if self.is_64_bit { (wide, 8) } else { (narrow, 4) };
            self.number(at.checked_add(offset)?, width)
        };
        let short = |offset: u64| u32::try_from(self.number(at.checked_add(offset)?, 4)?).ok();
        Some(ElfSegment {
            kind: short(0)?,
            flags: short(if self.is_64_bit { 4 } else { 24 })?,
            offset: number(8, 4)?,
            address: number(16, 8)?,
            size: number(40, 20)?,
            alignment: number(48, 28)?,
        })
    }

    const fn segment_size(&self) -> u64 {
        if self.is_64_bit { 56 } else { 32 }
    }

    /// Finds the build ID in a note segment. A note consists of the sizes of its name and its contents, a type, and
    /// both of these, padded to the alignment.
    fn build_id_in(&self, segment: &ElfSegment, place: Interval) -> Option<Vec<u8>> {
        let mut bytes = alloc::vec![0; usize::try_from(place.size()).ok()?];
        let there = self.memory.read(place.start, &mut bytes);
        let notes = bytes.get(..there)?;
        let alignment = if segment.alignment == 8 { 8 } else { 4 };
        let word = |position: usize| {
            let number = integer_at(notes, u32::try_from(position).ok()?, 4, self.order)?;
            usize::try_from(number).ok()
        };
        let mut at = 0;
        loop {
            let [name_size, size, kind] = [word(at)?, word(at + 4)?, word(at + 8)?];
            let name = at + 12;
            let contents = name.checked_add(name_size)?.checked_next_multiple_of(alignment)?;
            let end = contents.checked_add(size)?;
            let of_owner = notes.get(name..name.checked_add(name_size)?) == Some(OWNER);
            if of_owner && kind == BUILD_ID as usize && size > 0 {
                return notes.get(contents..end).map(<[u8]>::to_vec);
            }
            at = end.checked_next_multiple_of(alignment)?;
        }
    }

    fn place(&self, position: u64, size: u64) -> Option<Interval> {
        let target = self.memory.target();
        target.interval(target.above(self.base, position)?, size)
    }

    /// Reads an integer of `width` bytes at a position in the image.
    fn number(&self, position: u64, width: u32) -> Option<u64> {
        let mut bytes = [0; 8];
        let bytes = bytes.get_mut(..usize::try_from(width).ok()?)?;
        let address = self.memory.target().above(self.base, position)?;
        (self.memory.read(address, bytes) == bytes.len()).then(|| integer_at(bytes, 0, width, self.order))?
    }
}
