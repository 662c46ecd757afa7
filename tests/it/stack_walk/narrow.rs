//! x86 stacks: walked by the chain of frame pointers, and by the code before return addresses where the dump has it.

use super::process::Process;
use super::{Frame, MOST_FRAMES};

/// There is no code below this address.
const LOWEST_CODE: u32 = 0x1_0000;

/// The frames of a thread from its registers on; the last one has the return address 0, as in the debugger.
///
/// When a link of the chain leads nowhere, the debugger takes the words at the stack pointer for return addresses. It
/// always accepts the first link. It prefers return addresses that follow a call: if there is no code around any of
/// them it accepts them all; if there is code around some, it only accepts those.
pub fn frames(process: &Process<'_>, mut stack: u32, mut frame: u32) -> Vec<Frame> {
    let number = |address: u32| process.number(u64::from(address), 4).map(|it| it as u32);
    let follows = |address: u32| follows_call(process, u64::from(address));
    let has_code = chain(process, frame).into_iter().skip(1).any(follows);
    let is_believed = |address: u32, is_first: bool| {
        address == 0 || address >= LOWEST_CODE && (is_first || !has_code || follows(address))
    };
    let mut frames: Vec<Frame> = Vec::new();
    let mut push = |stack: u32, returns_to: u32| {
        frames.push(Frame { stack: stack.into(), returns_to: returns_to.into() });
        returns_to != 0 && frames.len() < MOST_FRAMES
    };
    let mut is_first = true;
    loop {
        if frame == 0 && !is_first {
            push(0, 0);
            break;
        }
        let linked = number(frame.wrapping_add(4)).filter(|_| is_first || frame >= stack);
        let goes_on = if let Some(returns_to) = linked.filter(|it| is_believed(*it, is_first)) {
            let goes_on = push(frame, returns_to);
            (stack, frame) = (frame + 8, number(frame).unwrap_or(0));
            goes_on
        } else if is_first {
            push(frame, 0)
        } else {
            let returns_to = number(stack).filter(|_| !has_code).unwrap_or(0);
            stack += 4;
            push(stack - 8, returns_to)
        };
        if !goes_on {
            break;
        }
        is_first = false;
    }
    frames
}

/// The return addresses of the chain, unchecked.
fn chain(process: &Process<'_>, mut frame: u32) -> Vec<u32> {
    let mut addresses = Vec::new();
    while addresses.len() < MOST_FRAMES {
        let words = [0, 4].map(|at| process.number(u64::from(frame.wrapping_add(at)), 4).map(|it| it as u32));
        let [Some(next), Some(address)] = words else { break };
        addresses.push(address);
        if next <= frame {
            break;
        }
        frame = next;
    }
    addresses
}

/// True if the bytes before the address are a call: `e8` with a distance, or `ff /2` with its operands.
fn follows_call(process: &Process<'_>, address: u64) -> bool {
    let before = |size: u64| process.whole(address.checked_sub(size)?, size);
    let is_direct = before(5).is_some_and(|code| code[0] == 0xe8);
    is_direct || (2..=7).any(|size| before(size).is_some_and(|code| is_indirect_call(&code)))
}

/// True if the bytes are a single `ff /2` instruction.
fn is_indirect_call(code: &[u8]) -> bool {
    let (mode, operation, register) = (code[1] >> 6, code[1] >> 3 & 7, code[1] & 7);
    let has_scale = mode != 3 && register == 4;
    let base = if has_scale { code.get(2).map_or(0, |scale| scale & 7) } else { register };
    let distance = match mode {
        0 if base == 5 => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    code[0] == 0xff && operation == 2 && code.len() == 2 + usize::from(has_scale) + distance
}
