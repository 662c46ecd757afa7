//! ARM64 stacks: walked by packed entries, and by records with codes. Forms that do not occur in the available dumps
//! are not supported, and functions are assumed to be past their prologs.

use super::process::{Process, little_endian};
use super::{Frame, MOST_FRAMES};

const EXCEPTIONS: u64 = 3;
const CODE: u64 = 16;
const BEYOND: u64 = 32;
const FRAME: usize = 29;
const LINK: usize = 30;
const STACK: usize = 31;

/// The registers `x0` to `x30`, and the stack pointer.
pub type Registers = [u64; 32];

pub fn frames(process: &Process<'_>, mut registers: Registers, mut instruction: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.len() < MOST_FRAMES {
        let stack = registers[STACK];
        let returns_to = step(process, &mut registers, instruction, frames.is_empty()).unwrap_or(0);
        frames.push(Frame { stack, returns_to });
        if returns_to == 0 {
            break;
        }
        instruction = returns_to;
    }
    frames
}

fn step(process: &Process<'_>, registers: &mut Registers, instruction: u64, is_first: bool) -> Option<u64> {
    match entry_of(process, instruction) {
        Some((image, begin, word)) => {
            process.whole(instruction, CODE)?;
            let unwind = if word & 3 != 0 { Unwind::Packed(word) } else { Unwind::record(process, image + word)? };
            if instruction < image + begin + unwind.length() {
                unwind.apply(process, registers)?;
            } else if !is_first {
                return None;
            }
        }
        // Only the innermost function can be one that saves nothing.
        None if !is_first => return None,
        None => {}
    }
    Some(registers[LINK])
}

/// The image that contains an instruction, and both words of the last entry at or before it.
fn entry_of(process: &Process<'_>, instruction: u64) -> Option<(u64, u64, u64)> {
    let image = process.image_at(instruction)?;
    let (position, size) = process.directory(image, EXCEPTIONS)?;
    let table = process.whole(image + position, size)?;
    let entries = table.chunks_exact(8).map(|entry| (little_endian(&entry[..4]), little_endian(&entry[4..])));
    let (begin, word) = entries.take_while(|(begin, _)| image + begin <= instruction).last()?;
    Some((image, begin, word))
}

enum Unwind {
    Packed(u64),
    /// The first word of a record, and its codes.
    Record(u64, Vec<u8>),
}

impl Unwind {
    fn record(process: &Process<'_>, at: u64) -> Option<Self> {
        let header = process.number(at, 4)?;
        let (mut epilogs, mut words, mut start) = (header >> 22 & 0x1f, header >> 27, 4);
        if (epilogs, words) == (0, 0) {
            let more = process.number(at + 4, 4)?;
            (epilogs, words, start) = (more & 0xffff, more >> 16 & 0xff, 8);
        }
        let has_scopes = header >> 21 & 1 == 0;
        start += if has_scopes { 4 * epilogs } else { 0 };
        let handler = 4 * (header >> 20 & 1);
        let record = process.whole(at, start + 4 * words + handler + BEYOND)?;
        Some(Self::Record(header, record[start as usize..(start + 4 * words) as usize].to_vec()))
    }

    /// The length of the function, in bytes.
    const fn length(&self) -> u64 {
        match self {
            Self::Packed(word) => 4 * (*word >> 2 & 0x7ff),
            Self::Record(header, _) => 4 * (*header & 0x3_ffff),
        }
    }

    fn apply(&self, process: &Process<'_>, registers: &mut Registers) -> Option<()> {
        match self {
            Self::Packed(word) => packed(process, *word, registers),
            Self::Record(_, codes) => coded(process, codes, registers),
        }
    }
}

/// Loads registers from consecutive words.
fn load(process: &Process<'_>, registers: &mut Registers, at: u64, numbers: &[usize]) -> Option<()> {
    for (place, number) in (at..).step_by(8).zip(numbers) {
        registers[*number] = process.number(place, 8)?;
    }
    Some(())
}

/// A frame in the usual form: saved registers at the top, the frame pointer and link register below them.
fn packed(process: &Process<'_>, word: u64, registers: &mut Registers) -> Option<()> {
    let [saved, homes, chain, size] = [word >> 16 & 0xf, word >> 20 & 1, word >> 21 & 3, 16 * (word >> 23)];
    assert_eq!((word >> 13 & 7, homes, chain), (0, 0, 3), "an unsupported frame form");
    let top = (8 * saved).next_multiple_of(16);
    registers[STACK] = registers[FRAME];
    load(process, registers, registers[STACK], &[FRAME, LINK])?;
    registers[STACK] += size - top;
    let numbers: Vec<usize> = (19..19 + saved as usize).collect();
    load(process, registers, registers[STACK], &numbers)?;
    registers[STACK] += top;
    Some(())
}

/// Undoes the prolog, from its last instruction to the first.
fn coded(process: &Process<'_>, codes: &[u8], registers: &mut Registers) -> Option<()> {
    let mut codes = codes.iter().map(|code| u64::from(*code));
    loop {
        let code = codes.next()?;
        match code {
            // alloc_s
            0..0x20 => registers[STACK] += 16 * code,
            // save_fplr_x
            0x80..0xc0 => {
                load(process, registers, registers[STACK], &[FRAME, LINK])?;
                registers[STACK] += 8 * ((code & 0x3f) + 1);
            }
            // save_reg
            0xd0..0xd4 => {
                let next = codes.next()?;
                let number = 19 + ((code & 3) << 2 | next >> 6);
                load(process, registers, registers[STACK] + 8 * (next & 0x3f), &[number as usize])?;
            }
            // set_fp
            0xe1 => registers[STACK] = registers[FRAME],
            // nop
            0xe3 => {}
            // end
            0xe4 => return Some(()),
            other => panic!("the code {other:#x} is not supported"),
        }
    }
}
