//! A 64-bit dump of a 32-bit process, with words in everything that is included for its 32-bit side.

use crate::support::cpu::put;
use crate::wow64::process::{BASE, EBP, EIP, ESP, HEAP, LIMIT, Process};
use userdump_walk::words::{all, word};

pub fn build() -> Vec<u8> {
    let mut process = Process::new();
    let from_base = (BASE - LIMIT) as usize;
    put(&mut process.stack, (ESP - LIMIT) as usize + 0x100, &all("32-bit stack"));
    put(&mut process.stack, from_base - 72, &all("end of the 32-bit stack"));
    put(&mut process.teb, 0x900, &all("environment blocks of a 32-bit process"));
    put(&mut process.peb, 0x800, &all("environment blocks of a 32-bit process"));
    put(&mut process.narrow_peb, 0x800, &all("environment blocks of a 32-bit process"));
    // Edi and Esi.
    put(&mut process.narrow_context, 0x9c, &word("32-bit register").as_bytes()[..8]);
    put(&mut process.narrow_context, 364, &all("vector register of 32-bit code"));
    // The 64-bit registers and other memory contain nothing planted here.
    process.context = quiet(&process);
    let narrow = quiet_narrow(&process);
    process.narrow_context = narrow;
    process.more.retain(|(at, _)| *at != HEAP);
    process.build()
}

/// The 64-bit context with only pointers.
fn quiet(process: &Process) -> Vec<u8> {
    let mut context = vec![0; process.context.len()];
    for (at, size) in [(0x30, 4), (0x38, 2), (0x98, 8), (0xf8, 8)] {
        put(&mut context, at, &process.context[at..at + size]);
    }
    context
}

/// The 32-bit one with the planted words and pointers.
fn quiet_narrow(process: &Process) -> Vec<u8> {
    let mut context = vec![0; process.narrow_context.len()];
    for (at, size) in [(0, 4), (0x9c, 8), (364, 72)] {
        put(&mut context, at, &process.narrow_context[at..at + size]);
    }
    for (at, value) in [(184, EIP), (196, ESP), (180, EBP)] {
        put(&mut context, at, &(value as u32).to_le_bytes());
    }
    context
}
