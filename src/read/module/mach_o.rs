//! Mach-O images in memory: programs and libraries of macOS and iOS.
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
/// The maximum size of all load commands. Those of the largest programs take some ten thousand bytes.
const MAX_COMMANDS_SIZE: u64 = 0x1_0000;
/// The size of a command that consists only of its type and size.
const COMMAND: u64 = 8;

/// A Mach-O image (a program or library) in the memory of a dump.
///
/// Nothing in the image is trusted: a lookup reads a bounded number of load commands, regardless of the counts and
/// sizes in them. Images of both widths and both byte orders can be read, regardless of those of the dump.
///
/// Only available with the feature `std`.
#[derive(Clone, Copy)]
pub struct MachOImage<'m, 'a> {
    memory: &'m Memory<'a>,
    base: u64,
    is_64_bit: bool,
    order: ByteOrder,
    cpu_type: u32,
    /// The number of load commands, and their total size in bytes.
    commands: (u64, u64),
}

impl fmt::Debug for MachOImage<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MachOImage({} bits at {:#x})", if self.is_64_bit { 64 } else { 32 }, self.base)
    }
}

impl<'m, 'a> MachOImage<'m, 'a> {
    /// Returns the image whose Mach header is at `base`. `None` unless the header is complete and has one of the magic
    /// numbers in either byte order.
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
        let commands = (number(16, order)?, number(20, order)?.min(MAX_COMMANDS_SIZE));
        let cpu_type = u32::try_from(number(4, order)?).ok()?;
        Some(Self { memory, base, is_64_bit: magic == 0xfeed_facf, order, cpu_type, commands })
    }

    pub(crate) const fn memory(&self) -> &'m Memory<'a> {
        self.memory
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

    /// Returns the processor that the image is built for, as a number of `mach/machine.h`: `0x1000007` for AMD64,
    /// `0x100000c` for ARM64.
    #[must_use]
    pub const fn cpu_type(&self) -> u32 {
        self.cpu_type
    }

    /// Returns the UUID, which identifies the binary and its symbols, in display order.
    #[doc(alias = "LC_UUID")]
    #[must_use]
    pub fn uuid(&self) -> Option<[u8; 16]> {
        let is_uuid = |command: &[u8; 24]| integer_at(command, 0, 4, self.order) == Some(UUID);
        let (command, place) = self.commands().find(|(command, _)| is_uuid(command))?;
        (place.size() >= 24).then(|| command.get(8..)?.try_into().ok())?
    }

    /// Returns the first 24 bytes and the place of each load command; if a command is shorter, the bytes after it are
    /// included. Stops at the first incomplete command.
    pub(crate) fn commands(&self) -> impl Iterator<Item = ([u8; 24], Interval)> + use<'m, 'a> {
        let image = *self;
        let (count, size) = image.commands;
        let (mut at, end) = (image.header_size(), image.header_size() + size);
        (0..count).map_while(move |_| {
            let target = image.memory.target();
            let start = target.above(image.base, at).filter(|_| at < end)?;
            let mut command = [0; 24];
            let there = image.memory.read(start, &mut command);
            // A shorter command would not contain its size field.
            let size = integer_at(command.get(..there)?, 4, 4, image.order).filter(|&size| size >= COMMAND)?;
            let size = size.min(end - at);
            if (there as u64) < size.min(command.len() as u64) {
                return None;
            }
            at += size;
            Some((command, target.interval(start, size)?))
        })
    }

    /// Adds the place of the parts that identify the image, as far as they are in the dump: the header and the load
    /// commands.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if the header does not fit into the budget.
    pub(crate) fn identity(&self, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<(), ReadError> {
        budget.charge("mach_header", 0, self.header_size())?;
        found.extend(self.header_place());
        Ok(())
    }

    /// Returns the parts that the process cannot have written: the header and the load commands.
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
