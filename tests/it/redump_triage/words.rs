//! How readers report the words of a triage dump: filtered words, and lost words.

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::read::thread::StackWords;

use crate::support::cpu::Cpu;
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, Stack, Thread};

use super::PATTERN;

pub fn trials() -> Vec<Trial> {
    let mut all = trials![filtered_and_lost_words_are_told_apart, no_stack_and_no_memory];
    all.push(shared_trial("redump_triage::words::samples_have_as_many_as_their_readme_says", samples));
    all
}

const STACK: u64 = 0x10_0000;

fn words(bytes: &[u8]) -> Vec<[u64; 3]> {
    let dump = Minidump::parse(bytes).expect("it is a dump");
    let memory = dump.memory();
    let numbers = |words: StackWords| [words.all, words.filtered, words.lost];
    dump.threads().map(|thread| numbers(dump.stack_words(&memory, &thread))).collect()
}

fn filtered_and_lost_words_are_told_apart() {
    for cpu in [Cpu::X86, Cpu::AMD64] {
        let word = cpu.word as u64;
        // 2,048 words, so that more than one piece is examined: every fourth word is filtered.
        let kept = [1, 2, 3].map(|byte| vec![byte; cpu.word]).concat();
        let stack = [kept, vec![PATTERN; cpu.word]].concat().repeat(512);
        let size = stack.len();
        let thread = |start: u64, size: u64| Thread::new(1).stack(Stack::At(start, size as u32, 0));
        let dump = || Dump::new().system_info(cpu.windows()).flags(0x10_0080).thread(thread(STACK, size as u64));
        assert_eq!(words(&dump().memory(STACK, &stack).build()), [[2048, 512, 0]], "{cpu:?}");
        // A gap of two and a half words at the start of the second quarter loses three words, one of which is filtered:
        // 3, 4, 5 of 8.
        let gap = size / 4 + 2 * cpu.word;
        let behind = gap + 5 * cpu.word / 2;
        let parts = dump().memory(STACK, &stack[..gap]).memory(STACK + behind as u64, &stack[behind..]);
        assert_eq!(words(&parts.build()), [[2048, 511, 3]], "{cpu:?}");
        // The end is missing.
        let parts = dump().memory(STACK, &stack[..size - 6 * cpu.word]);
        assert_eq!(words(&parts.build()), [[2048, 510, 6]], "{cpu:?}");
        // The start is missing.
        let at = STACK + 6 * word;
        let parts = dump().memory(at, &stack[6 * cpu.word..]);
        assert_eq!(words(&parts.build()), [[2048, 511, 6]], "{cpu:?}");
    }
}

fn no_stack_and_no_memory() {
    let cpu = Cpu::AMD64;
    let dump = |start, size| {
        let thread = Thread::new(1).stack(Stack::At(start, size, 0));
        Dump::new().system_info(cpu.windows()).flags(0x10_0080).thread(thread).build()
    };
    assert_eq!(words(&dump(STACK, 0)), [[0, 0, 0]]);
    assert_eq!(words(&dump(STACK, 0x1000)), [[512, 0, 512]]);
    assert_eq!(words(&dump(STACK, u32::MAX)), [[0x1fff_ffff, 0, 0x1fff_ffff]]);
    assert_eq!(words(&dump(u64::MAX - 7, 0x1000)), [[512, 0, 0]].map(|_| [512, 0, 512]));
    let is_triage = |flags| Minidump::parse(&Dump::new().flags(flags).build()).expect("it is a dump").is_triage();
    assert_eq!([0x10_0080, 0x10_0000, 0x88].map(is_triage), [true, true, false]);
}

/// "Planter: none of its words is; three stacks have 3, 1, 1 words replaced."
fn samples(shared: &Shared) {
    let numbers = |name: &str| words(&shared.read(&format!("golden/mdwd/{name}.dmp")));
    let filtered: Vec<u64> = numbers("triage-indirect").iter().map(|words| words[1]).collect();
    assert_eq!(filtered, [0, 0, 0, 3, 1, 1]);
    for name in ["triage", "triage-exception", "x86-triage-exception"] {
        assert!(
            numbers(name).iter().all(|&[all, filtered, lost]| 0 < filtered && filtered < all && lost == 0),
            "{name}"
        );
    }
}
