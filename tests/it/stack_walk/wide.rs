//! x64 stacks: walked by the function tables of images in the dump's memory; without tables, functions are treated as
//! leaf functions.

use std::ops::Range;

use pe_unwind_info::x86_64::{FunctionTableEntries, Register, UnwindState, XmmRegister};

use super::process::{Process, little_endian};
use super::{Frame, MOST_FRAMES};

/// The index of the function table in the data directory.
const EXCEPTIONS: u64 = 3;
/// The minimum amount of code that the debugger needs to decide whether a function is about to return.
const CODE: u64 = 16;
/// The minimum amount of unwind data that it reads.
const UNWIND_DATA: u64 = 32;

/// The frames of a thread from its registers on. The last one has the return address 0, as in the debugger: its return
/// address is unknown.
pub fn frames(process: &Process<'_>, registers: [u64; 16], instruction: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut state = State { process, registers };
    let mut instruction = instruction;
    while frames.len() < MOST_FRAMES {
        let stack = state.registers[Register::RSP as usize];
        let returns_to = step(&mut state, instruction, frames.is_empty()).unwrap_or(0);
        frames.push(Frame { stack, returns_to });
        if returns_to == 0 {
            break;
        }
        instruction = returns_to;
    }
    frames
}

fn step(state: &mut State<'_, '_>, instruction: u64, is_first: bool) -> Option<u64> {
    let process = state.process;
    let table = process.image_at(instruction).and_then(|image| {
        let (position, size) = process.directory(image, EXCEPTIONS)?;
        Some((image, process.whole(image + position, size / 12 * 12)?))
    });
    let Some((image, table)) = table else {
        return FunctionTableEntries::parse(&[]).unwind_frame(state, |_| None, 0);
    };
    let entries = FunctionTableEntries::parse(&table);
    let position = u32::try_from(instruction - image).ok()?;
    let mut parts: Vec<(u32, Vec<u8>)> = Vec::new();
    if let Some(function) = entries.lookup(position) {
        parts.push((position, code(process, image, position..function.end_address.get(), is_first)?));
        let mut next = Some(function.unwind_info_address.get());
        while let Some(at) = next {
            assert!(parts.len() < 40, "a chain of unwind data at {:#x}", image + u64::from(at));
            let (data, chained) = unwind_data(process, image, at)?;
            parts.push((at, data));
            next = chained;
        }
    }
    let part = |wanted: u32| parts.iter().find(|(at, _)| *at == wanted).map(|(_, bytes)| bytes.as_slice());
    entries.unwind_frame(state, part, position)
}

/// The rest of a function, from which the unwinder decides whether it is about to return. It only looks at instructions
/// that can be part of a return; missing bytes are replaced by instructions that cannot.
///
/// A function that has called another one is not returning yet, but the unwinder would take any jump for a return.
fn code(process: &Process<'_>, image: u64, rest: Range<u32>, is_first: bool) -> Option<Vec<u8>> {
    const BREAKPOINT: u8 = 0xcc;
    let (at, size) = (image + u64::from(rest.start), u64::from(rest.end.checked_sub(rest.start)?));
    process.whole(at, size.min(CODE))?;
    let mut code = if is_first { process.read(at, size).into_owned() } else { Vec::new() };
    code.resize(size as usize, BREAKPOINT);
    Some(code)
}

/// Unwind data, and the position of the data that it is chained to.
fn unwind_data(process: &Process<'_>, image: u64, position: u32) -> Option<(Vec<u8>, Option<u32>)> {
    const CHAINED: u8 = 4;
    let at = image + u64::from(position);
    let header = process.whole(at, 4)?;
    let codes = 4 + 2 * u64::from(header[2]).next_multiple_of(2);
    let is_chained = header[0] >> 3 & CHAINED != 0;
    let data = process.whole(at, (codes + if is_chained { 12 } else { 8 }).max(UNWIND_DATA))?;
    let chained = &data[codes as usize + 8..];
    let chained = is_chained.then(|| little_endian(&chained[..4]) as u32);
    Some((data.into_owned(), chained))
}

struct State<'p, 'a> {
    process: &'p Process<'a>,
    registers: [u64; 16],
}

impl UnwindState for State<'_, '_> {
    fn read_register(&mut self, register: Register) -> u64 {
        self.registers[register as usize]
    }

    fn read_stack(&mut self, address: u64) -> Option<u64> {
        self.process.number(address, 8)
    }

    fn write_register(&mut self, register: Register, value: u64) {
        self.registers[register as usize] = value;
    }

    fn write_xmm_register(&mut self, _: XmmRegister, _: u128) {}
}
