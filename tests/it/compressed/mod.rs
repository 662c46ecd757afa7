//! Reading compressed memory: like any other memory, and damage affects only the damaged part.

pub mod broken;
mod cache;
mod equal;
mod golden;

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern};
use crate::synth::compressed::{Packed, pack};
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    [broken::trials(), cache::trials(), equal::trials(), golden::trials()].into_iter().flatten().collect()
}

/// The address of the first range of [`full`].
const START: u64 = 0x10_0000;

/// A full dump of a Windows process: a stack that a thread points into, a range adjacent to the next one, a long and
/// mostly empty one, and one elsewhere.
fn full(cpu: Cpu) -> Vec<u8> {
    let thread = Thread::new(1).stack(Stack::At(START, 0x400, 0)).context(cpu.context(0x7000_0010, START + 0x40));
    let dump = Dump::new()
        .flags(2)
        .system_info(SystemInfo { architecture: cpu.architecture, ..SystemInfo::default() })
        .thread(thread)
        .module(Module::new(0x7000_0000, 0x1000, "C:\\app.exe"))
        .memory64(START, pattern(START, 0x800))
        .memory64(START + 0x800, pattern(START + 0x800, 0x300))
        .memory64(0x30_0000, vec![0; 0x2345])
        .memory64(0x7000_0000, pattern(0x7000_0000, 0x1000));
    dump.build()
}

/// The same dump, packed into three buckets and more.
fn packed() -> Packed {
    pack(&full(Cpu::AMD64), 0x1000)
}
