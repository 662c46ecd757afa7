//! 32-bit processes in 64-bit dumps: many threads with separate or shared environment blocks, registers and stacks.

use libtest_mimic::Trial;

use super::{OPTIONS, out_of_proportion};
use crate::support::cpu::{Cpu, put};
use crate::support::trials;
use crate::synth::{Dump, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![threads_of_their_own, threads_with_everything_in_common, areas_and_stacks_within_each_other]
}

const FEW: u32 = 64;
const BASE: u64 = 0x1000_0000;
const STACKS: u64 = 0x4000_0000;
const STEP: u64 = 0x4000;

/// The pages of a thread: the 64-bit TEB, the 32-bit TEB, and a page with the saved registers. The arguments select its
/// stack and area, and the offset of the registers in the area.
fn pages(at: u64, area: u64, stack: u64, esp: u64) -> Vec<u8> {
    let mut pages = vec![0x41; STEP as usize];
    for (place, value) in [(0, at + 0x2000), (8, at + 0x3000), (16, at + 0x2000), (0x60, BASE), (0x1488, area)] {
        put(&mut pages, place, &value.to_le_bytes());
    }
    for (place, value) in [(4, stack + 0x1000), (8, stack), (0x18, at + 0x2000), (0x30, BASE)] {
        put(&mut pages, 0x2000 + place, &(value as u32).to_le_bytes());
    }
    for start in (0x3000..0x3d00).step_by(if esp == 0 { 0x1000 } else { 8 }) {
        put(&mut pages, start + 4, &0x1_0003u32.to_le_bytes());
    }
    put(&mut pages, 0x3000 + 4 + 184, &0x2000_0000u32.to_le_bytes());
    put(&mut pages, 0x3000 + 4 + 196, &(stack as u32 + 0x100).to_le_bytes());
    pages
}

fn dump(threads: impl Iterator<Item = u64>, memory: Vec<(u64, Vec<u8>)>) -> Vec<u8> {
    let dump = Dump::new().system_info(Cpu::AMD64.windows());
    let dump = threads.zip(1..).fold(dump, |dump, (teb, id)| {
        let thread = Thread::new(id).stack(Stack::At(STACKS, 0x100, 0)).context(Cpu::AMD64.context(BASE, STACKS));
        dump.thread(Thread { teb, ..thread })
    });
    memory.into_iter().fold(dump, |dump, (at, bytes)| dump.memory(at, bytes)).build()
}

fn in_proportion(what: &str, build: impl Fn(u32) -> Vec<u8>) {
    let found = out_of_proportion(what, &build(FEW), &build(4 * FEW), &OPTIONS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn threads_of_their_own() {
    in_proportion("threads with separate data", |count| {
        let tebs = (0..u64::from(count)).map(|index| BASE + index * STEP);
        let blocks = tebs.clone().zip(0..).flat_map(|(at, index)| pages(at, at + 0x3000, STACKS + index * 0x1000, 0));
        let stacks = (0..0x1000 * count).map(|at| (at >> 3) as u8 & 7).collect();
        dump(tebs.clone(), vec![(BASE, blocks.collect()), (STACKS, stacks)])
    });
}

fn threads_with_everything_in_common() {
    in_proportion("threads with everything in common", |count| {
        let memory = vec![(BASE, pages(BASE, BASE + 0x3000, STACKS, 0)), (STACKS, vec![0x11; 0x1000])];
        dump((0..count).map(|_| BASE), memory)
    });
}

/// Registers that begin a few bytes after those of the previous thread, in one page, and one stack.
fn areas_and_stacks_within_each_other() {
    in_proportion("nested areas and stacks", |count| {
        let tebs = (0..u64::from(count)).map(|index| BASE + index * STEP);
        let area = |index: u64| BASE + 0x3000 + index % 0x100 * 8;
        let blocks = tebs.clone().zip(0..).flat_map(|(at, index)| pages(at, area(index), STACKS, 1));
        dump(tebs.clone(), vec![(BASE, blocks.collect()), (STACKS, vec![0x11; 0x1000])])
    });
}
