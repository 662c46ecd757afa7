//! Images of Mach-O as they lie in memory: programs and libraries of macOS and iOS.
//!
//! The structures and numbers are those of `mach-o/loader.h`.

use alloc::vec::Vec;
use core::fmt;

use crate::error::ReadError;

use crate::read::budget::Budget;
use crate::read::bytes::{ByteOrder, integer_at};
use crate::read::interval::Interval;
use crate::read::memory::by_address::Memory;

/// `MH_MAGIC` and `MH_MAGIC_64`.
const MAGIC: [u64; 2] = [0xfeed_face, 0xfeed_facf];
/// `LC_UUID`.
const UUID: u64 = 0x1b;
/// All load commands of an image take less: those of the largest programs some ten thousand bytes.
const MOST_COMMANDS: u64 = 0x1_0000;
/// The size of a command that has nothing but its type and size.
const COMMAND: u64 = 8;

/// An image of Mach-O, a program or library, as it lies in the memory of a dump.
///
/// Nothing is taken on trust: a look-up reads a bounded number of load commands, whatever counts and sizes they give. Both
/// widths and both byte orders are read, whatever those of the dump are.
///
/// There is no such view without the feature `std`.
#[derive(Clone, Copy)]
pub struct MachOImage<'m, 'a> {
    memory: &'m Memory<'a>,
    base: u64,
    is_64_bit: bool,
    order: ByteOrder,
    cpu_type: u32,
    /// How many load commands there are, and their size in bytes.
    commands: (u64, u64),
}

impl fmt::Debug for MachOImage<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MachOImage({} bits at {:#x})", if self.is_64_bit { 64 } else { 32 }, self.base)
    }
}

impl<'m, 'a> MachOImage<'m, 'a> {
    /// The image whose Mach header is at `base`; `None` unless all of the header is there, with one of the magic numbers in
    /// either byte order.
    #[must_use]
    pub fn at(memory: &'m Memory<'a>, base: u64) -> Option<Self> {
        let base = memory.target().mask(base);
        let mut header = [0; 28];
        if memory.read(base, &mut header) < header.len() {
            return None;
        }
        let number = |at: u32, order: ByteOrder| integer_at(&header, at, 4, order);
        let magic = |order: ByteOrder| number(0, order).filter(|magic| MAGIC.contains(magic)).map(|it| (it, order));
        let (magic, order) = magic(ByteOrder::Little).or_else(|| magic(ByteOrder::Big))?;
        let commands = (number(16, order)?, number(20, order)?.min(MOST_COMMANDS));
        let cpu_type = u32::try_from(number(4, order)?).ok()?;
        Some(Self { memory, base, is_64_bit: magic == 0xfeed_facf, order, cpu_type, commands })
    }

    pub(crate) const fn memory(&self) -> &'m Memory<'a> {
        self.memory
    }

    /// The address of the first byte; without the upper half on 32-bit targets.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// True if its addresses have 64 bits.
    #[must_use]
    pub const fn is_64_bit(&self) -> bool {
        self.is_64_bit
    }

    /// The byte order of the image.
    #[must_use]
    pub const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// The kind of processor that it was made for, as a number of `mach/machine.h`: `0x1000007` of AMD64, `0x100000c` of
    /// ARM64.
    #[must_use]
    pub const fn cpu_type(&self) -> u32 {
        self.cpu_type
    }

    /// The number that identifies the binary and its symbols, in the order in which it is printed.
    #[doc(alias = "LC_UUID")]
    #[must_use]
    pub fn uuid(&self) -> Option<[u8; 16]> {
        let is_uuid = |command: &[u8; 24]| integer_at(command, 0, 4, self.order) == Some(UUID);
        let (command, place) = self.commands().find(|(command, _)| is_uuid(command))?;
        (place.size() >= 24).then(|| command.get(8..)?.try_into().ok())?
    }

    /// The load commands: the first bytes of each, with what follows it where it is shorter, and where it is. They end where
    /// bytes of these are missing.
    pub(crate) fn commands(&self) -> impl Iterator<Item = ([u8; 24], Interval)> + use<'m, 'a> {
        let image = *self;
        let (count, size) = image.commands;
        let (mut at, end) = (image.header_size(), image.header_size() + size);
        (0..count).map_while(move |_| {
            let target = image.memory.target();
            let start = target.above(image.base, at).filter(|_| at < end)?;
            let mut command = [0; 24];
            let there = image.memory.read(start, &mut command);
            // A shorter command would not have its own size.
            let size = integer_at(command.get(..there)?, 4, 4, image.order).filter(|&size| size >= COMMAND)?;
            let size = size.min(end - at);
            if (there as u64) < size.min(command.len() as u64) {
                return None;
            }
            at += size;
            Some((command, target.interval(start, size)?))
        })
    }

    /// Adds where the parts are that identify the image, whatever of them is in the dump: the header and the load commands.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if the header does not fit into the budget.
    pub(crate) fn identity(&self, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<(), ReadError> {
        budget.charge("mach_header", 0, self.header_size())?;
        found.extend(self.header_place());
        Ok(())
    }

    /// Where nothing is that the process may have written: the header and the load commands.
    pub(crate) fn unwritten(&self) -> Vec<Interval> {
        self.header_place().into_iter().collect()
    }

    fn header_place(&self) -> Option<Interval> {
        self.memory.target().interval(self.base, self.header_size() + self.commands.1)
    }

    const fn header_size(&self) -> u64 {
        if self.is_64_bit { 32 } else { 28 }
    }
}
