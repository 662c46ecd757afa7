//! The reader's view of a process: memory, images and registers of a dump, and nothing else.

use std::borrow::Cow;
use std::ops::Range;

use crate::support::facts::Facts;
use crate::support::narrow_side::NarrowSide;

use super::arm64;

/// The positions of the stack pointer and the frame pointer in an x86 context.
const POINTERS_X86: [usize; 2] = [0xc4, 0xb4];
/// The position of the registers in an x64 context, in the order of their numbers, and that of the instruction pointer.
const REGISTERS_X64: usize = 0x78;
const INSTRUCTION_X64: usize = 0xf8;
/// The same for ARM64.
const REGISTERS_ARM64: usize = 8;
const INSTRUCTION_ARM64: usize = 264;

/// A dump of a Windows process, or of one that the debugger takes for one.
pub struct Process<'a> {
    /// In address order, not overlapping.
    ranges: Vec<(u64, &'a [u8])>,
    /// The address ranges of the images, in the order of the module list.
    pub images: Vec<Range<u64>>,
    pub threads: Vec<Registers>,
}

/// The registers of a thread at the start of the walk.
#[derive(Clone, Debug)]
pub struct Registers {
    pub thread: u32,
    pub side: Side,
}

#[derive(Clone, Debug)]
pub enum Side {
    X64 { registers: [u64; 16], instruction: u64 },
    X86 { stack: u32, frame: u32 },
    Arm64 { registers: arm64::Registers, instruction: u64 },
}

fn architecture(facts: &Facts<'_>) -> u16 {
    facts.system_info().expect("the dump has system information").architecture
}

impl Side {
    fn of(architecture: u16, context: &[u8]) -> Self {
        let number = |at: usize, size: usize| little_endian(&context[at..at + size]);
        match architecture {
            0 => {
                let [stack, frame] = POINTERS_X86.map(|at| number(at, 4) as u32);
                Self::X86 { stack, frame }
            }
            9 => Self::X64 {
                registers: std::array::from_fn(|index| number(REGISTERS_X64 + 8 * index, 8)),
                instruction: number(INSTRUCTION_X64, 8),
            },
            12 => Self::Arm64 {
                registers: std::array::from_fn(|index| number(REGISTERS_ARM64 + 8 * index, 8)),
                instruction: number(INSTRUCTION_ARM64, 8),
            },
            other => panic!("stacks of processor {other} are not supported"),
        }
    }
}

impl<'a> Process<'a> {
    /// The process with the threads of the thread list and their contexts, where the debugger starts as well.
    pub fn of(facts: &Facts<'a>) -> Self {
        let architecture = architecture(facts);
        let threads = facts.threads().into_iter();
        let threads = threads.map(|it| Registers { thread: it.id, side: Side::of(architecture, &it.context) });
        Self::with(facts, threads.collect(), architecture == 0)
    }

    /// The process with the threads of the exceptions and the contexts of these exceptions.
    pub fn of_exceptions(facts: &Facts<'a>) -> Self {
        let architecture = architecture(facts);
        let exceptions = facts.exceptions().into_iter().filter(|it| !it.context.is_empty());
        let threads = exceptions.map(|it| Registers { thread: it.thread, side: Side::of(architecture, &it.context) });
        Self::with(facts, threads.collect(), architecture == 0)
    }

    /// The 32-bit side of a process on a 64-bit system.
    pub fn narrow(facts: &Facts<'a>) -> Self {
        let side = NarrowSide::of(facts);
        let threads = side.threads.iter().flatten().map(|thread| {
            let [stack, frame] = [thread.stack.start, thread.ebp].map(|it| it as u32);
            Registers { thread: thread.id, side: Side::X86 { stack, frame } }
        });
        Self::with(facts, threads.collect(), false)
    }

    fn with(facts: &Facts<'a>, threads: Vec<Registers>, is_narrow: bool) -> Self {
        let mask = |address: u64| if is_narrow { address & 0xffff_ffff } else { address };
        let mut all: Vec<_> = facts.ranges().into_iter().map(|it| (mask(it.address), it.bytes.0)).collect();
        all.sort_by_key(|&(start, bytes)| (start, bytes.len()));
        let mut ranges: Vec<(u64, &[u8])> = Vec::new();
        let mut end = 0;
        for (start, bytes) in all {
            let known = usize::try_from(u64::saturating_sub(end, start)).expect("it is within the range");
            if let Some(rest) = bytes.get(known..).filter(|rest| !rest.is_empty()) {
                ranges.push((start.max(end), rest));
                end = start.max(end) + rest.len() as u64;
            }
        }
        let images = facts.modules().into_iter().map(|it| mask(it.base)..mask(it.base) + u64::from(it.size));
        Self { ranges, images: images.collect(), threads }
    }

    /// The same process, without a part of its memory.
    pub fn without(mut self, part: &Range<u64>) -> Self {
        let left = self.ranges.into_iter().flat_map(|(start, bytes)| {
            let at = |address: u64| (address.max(start) - start).min(bytes.len() as u64) as usize;
            let (from, to) = (at(part.start), at(part.end));
            [(start, &bytes[..from]), (start + to as u64, &bytes[to..])]
        });
        self.ranges = left.filter(|(_, bytes)| !bytes.is_empty()).collect();
        self
    }

    /// The bytes at an address, at most `size`.
    pub fn read(&self, address: u64, size: u64) -> Cow<'a, [u8]> {
        let first = self.ranges.partition_point(|&(start, _)| start <= address);
        let mut ranges = self.ranges[first.saturating_sub(1)..].iter();
        let mut held = Cow::Borrowed(&[][..]);
        let mut next = address;
        while next - address < size {
            let Some(&(start, bytes)) = ranges.next() else { break };
            let from = next.checked_sub(start).and_then(|from| bytes.get(usize::try_from(from).ok()?..));
            let Some(bytes) = from.filter(|bytes| !bytes.is_empty()) else { break };
            let bytes = &bytes[..bytes.len().min((size - (next - address)) as usize)];
            next += bytes.len() as u64;
            if held.is_empty() {
                held = Cow::Borrowed(bytes);
            } else {
                held.to_mut().extend_from_slice(bytes);
            }
        }
        held
    }

    /// The bytes, if all of them are present.
    pub fn whole(&self, address: u64, size: u64) -> Option<Cow<'a, [u8]>> {
        Some(self.read(address, size)).filter(|bytes| bytes.len() as u64 == size)
    }

    pub fn number(&self, address: u64, size: u64) -> Option<u64> {
        self.whole(address, size).map(|bytes| little_endian(&bytes))
    }

    /// The base of the image that contains the address.
    pub fn image_at(&self, address: u64) -> Option<u64> {
        self.images.iter().find(|image| image.contains(&address)).map(|image| image.start)
    }

    /// Position and size of an entry in the data directory of an image.
    pub fn directory(&self, image: u64, entry: u64) -> Option<(u64, u64)> {
        let signature = image + self.number(image + 0x3c, 4).filter(|_| self.number(image, 2) == Some(0x5a4d))?;
        let is_wide = self.number(signature + 24, 2) == Some(0x20b);
        let table = signature + 24 + if is_wide { 112 } else { 96 } + 8 * entry;
        self.number(table, 4).filter(|_| self.number(signature, 4) == Some(0x4550)).zip(self.number(table + 4, 4))
    }
}

pub fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}
