//! Words on stacks: those that point into modules or stacks stay, all others become zero.
//!
//! The expected bytes are computed from the parts of the synthetic process.

use std::collections::BTreeMap;
use std::ops::Range;

use libtest_mimic::Trial;

use crate::roundtrip::Random;
use crate::support::bare::bare_of_size;
use crate::support::cpu::{Cpu, pattern};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, Exception, Module, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        return_addresses_and_frame_pointers_stay,
        words_that_the_stack_has_in_part_become_zero,
        borders_of_source_ranges_may_cut_words,
        stacks_larger_than_a_buffer_are_filtered_throughout,
        windows_beside_stacks_are_left_alone,
        gaps_between_ranges_become_zero,
        addresses_above_2_gib_are_treated_alike,
        registers_stay,
        stacks_by_the_environment_block_are_filtered,
        generated_stacks_are_filtered_by_the_rule,
    ]
}

/// None of its bytes is a letter, so that pointers into it do not read as text.
const IMAGE: u64 = 0x1d_0000;
const IMAGE_SIZE: u32 = 0x3000;
const BASE: u64 = 0x10_0000;

/// A process: memory by address, the stacks of its threads, and its modules.
#[derive(Default)]
struct Process {
    memory: BTreeMap<u64, u8>,
    stacks: Vec<Range<u64>>,
    modules: Vec<Range<u64>>,
    /// The instruction pointers, one for each thread.
    instructions: Vec<u64>,
}

impl Process {
    fn put(&mut self, address: u64, bytes: &[u8]) {
        self.memory.extend((address..).zip(bytes.iter().copied()));
    }

    fn put_words(&mut self, cpu: Cpu, address: u64, words: &[u64]) {
        for (word, at) in words.iter().zip((address..).step_by(cpu.word)) {
            self.put(at, &word.to_le_bytes()[..cpu.word]);
        }
    }

    /// A Linux dump, in which the thread's descriptor gives the stack. Memory is split into ranges at missing bytes and
    /// at each of `cuts`.
    fn dump(&self, cpu: Cpu, system: SystemInfo, cuts: &[u64]) -> Vec<u8> {
        let mut ranges: Vec<(u64, Vec<u8>)> = Vec::new();
        for (&address, &byte) in &self.memory {
            match ranges.last_mut() {
                Some((start, bytes)) if *start + bytes.len() as u64 == address && !cuts.contains(&address) => {
                    bytes.push(byte);
                }
                _ => ranges.push((address, vec![byte])),
            }
        }
        let instructions = self.instructions.iter().copied().chain(std::iter::repeat(0));
        let threads = self.stacks.iter().zip(instructions).zip(1..).map(|((stack, ip), id)| {
            let stack = Stack::At(stack.start, (stack.end - stack.start) as u32, 0);
            Thread::new(id).stack(stack).context(cpu.context(ip, 0x10))
        });
        let dump = threads.fold(Dump::new().system_info(system), Dump::thread);
        let dump = self
            .modules
            .iter()
            .fold(dump, |dump, module| dump.module(Module::new(module.start, (module.end - module.start) as u32, "a")));
        // In reverse: neither the list nor the file is ordered by address.
        ranges.into_iter().rev().fold(dump, |dump, (start, bytes)| dump.memory(start, bytes)).build()
    }

    /// The stacks from the first to the last byte that is present: frames are never outside.
    fn hulls(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.stacks.iter().filter_map(|stack| {
            let mut held = self.memory.range(stack.clone());
            let first = *held.next()?.0;
            Some(first..held.next_back().map_or(first, |last| *last.0) + 1)
        })
    }

    /// The expected byte at an address of the result.
    fn expected(&self, cpu: Cpu, address: u64) -> u8 {
        let word = cpu.word as u64;
        let on_stack = |address: u64| self.stacks.iter().any(|stack| stack.contains(&address));
        let wanted = |it: u64| (it.saturating_sub(cpu.reach)..it.saturating_add(cpu.reach)).contains(&address);
        if !on_stack(address) {
            let wanted = self.instructions.iter().any(|&instruction| wanted(instruction));
            let in_module = self.modules.iter().any(|module| module.contains(&address));
            return if wanted || in_module { self.memory[&address] } else { 0 };
        }
        let first = address / word * word;
        let bytes = (first..first + word).filter(|&at| on_stack(at)).map(|at| self.memory.get(&at));
        let bytes: Vec<u8> = bytes.map_while(|byte| byte.copied()).collect();
        if bytes.len() < cpu.word {
            return 0;
        }
        let value = bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
        // A return address follows an instruction, and may be the end of the module.
        let helps = self.modules.iter().any(|module| module.start < value && value <= module.end)
            || self.hulls().any(|stack| stack.start <= value && value <= stack.end);
        if helps { self.memory[&address] } else { 0 }
    }

    /// Re-encodes with and without `r`: both have the same ranges, and each byte has its expected value.
    fn check(&self, cpu: Cpu, cuts: &[u64], what: &str) {
        for system in [cpu.linux(), cpu.windows()] {
            let source = self.dump(cpu, system, cuts);
            let plain = Redumped::of(&source, "/m");
            let out = Redumped::of(&source, "/mr");
            assert_eq!(hex(&out.ranges()), hex(&plain.ranges()), "{what}");
            assert!(out.report.unfiltered_memory == 0 || !self.instructions.is_empty(), "{what}");
            let facts = out.facts();
            for range in facts.ranges() {
                let start = range.address & if cpu.word == 4 { 0xffff_ffff } else { u64::MAX };
                for (address, &byte) in (start..).zip(range.bytes.0) {
                    let expected = self.expected(cpu, address);
                    assert_eq!(byte, expected, "{what}: {byte:#x} at {address:#x} of {cpu:?}, {expected:#x} expected");
                }
            }
            let contexts = |out: &Redumped| -> Vec<Vec<u8>> {
                out.facts().threads().iter().map(|thread| thread.context.0.to_vec()).collect()
            };
            let bare: Vec<_> = contexts(&plain).iter().map(|context| bare_of_size(context, "/mr")).collect();
            assert!(contexts(&out) == bare, "{what}: registers");
        }
    }
}

/// A process with a stack of words from `start` on, and a module.
fn process(cpu: Cpu, start: u64, words: &[u64]) -> Process {
    let mut process = Process::default();
    process.modules.push(IMAGE..IMAGE + u64::from(IMAGE_SIZE));
    process.put_words(cpu, start, words);
    let end = *process.memory.last_key_value().expect("a stack has bytes").0 + 1;
    process.stacks.push(start..end);
    process
}

fn return_addresses_and_frame_pointers_stay() {
    for cpu in Cpu::ALL {
        let text = u64::from_le_bytes(*b"secret!!");
        let end = BASE + 16 * cpu.word as u64;
        let words = [
            IMAGE,
            IMAGE - 1,
            IMAGE + 0x1234,
            IMAGE + 0x2fff,
            IMAGE + 0x3000,
            BASE,
            BASE - 1,
            BASE + 5,
            end,
            end + 1,
            text,
            u64::MAX,
            1,
            0x60_0000,
            IMAGE + 0x1235,
            0,
        ];
        let process = process(cpu, BASE, &words);
        let out = Redumped::of(&process.dump(cpu, cpu.linux(), &[]), "/mr");
        let facts = out.facts();
        let found = facts.read(BASE, 16 * cpu.word as u64);
        let kept = [
            0,
            0,
            IMAGE + 0x1234,
            IMAGE + 0x2fff,
            IMAGE + 0x3000,
            BASE,
            0,
            BASE + 5,
            end,
            0,
            0,
            0,
            0,
            0,
            IMAGE + 0x1235,
            0,
        ];
        let kept: Vec<u8> = kept.iter().flat_map(|word| word.to_le_bytes()[..cpu.word].to_vec()).collect();
        assert_eq!(hex(found), hex(&kept), "{cpu:?}");
        process.check(cpu, &[], "pointers to borders");
    }
}

fn words_that_the_stack_has_in_part_become_zero() {
    for cpu in Cpu::ALL {
        for (from, to) in (0..9).flat_map(|from| (0..9).map(move |to| (from, to))) {
            let mut process = process(cpu, BASE, &[IMAGE + 8; 6]);
            let end = process.stacks[0].end;
            process.stacks[0] = BASE + from..end - to;
            process.check(cpu, &[], "an unaligned stack");
        }
    }
}

fn borders_of_source_ranges_may_cut_words() {
    for cpu in Cpu::ALL {
        for cut in 1..=2 * cpu.word as u64 {
            let process = process(cpu, BASE, &[IMAGE + 8, 0x1_0000, IMAGE + 9, BASE, 77]);
            process.check(cpu, &[BASE + cut], "a border");
            process.check(cpu, &[BASE + cut, BASE + cut + 1, BASE + cut + 3], "borders");
        }
        // A word with missing bytes is unknown.
        for missing in 0..2 * cpu.word as u64 {
            let mut process = process(cpu, BASE, &[IMAGE + 8; 5]);
            process.memory.remove(&(BASE + missing));
            process.check(cpu, &[], "a missing byte");
        }
    }
}

fn stacks_larger_than_a_buffer_are_filtered_throughout() {
    for (cpu, into) in [(Cpu::AMD64, 3), (Cpu::X86, 1), (Cpu::ARM64, 4)] {
        let mut random = Random::new(into);
        let word = |random: &mut Random| match random.below(3) {
            0 => IMAGE + random.below(0x3000),
            1 => BASE + random.below(0x1_4000),
            _ => random.u64(),
        };
        let words: Vec<u64> = (0..0x1_4000 / cpu.word).map(|_| word(&mut random)).collect();
        let mut process = process(cpu, BASE, &words);
        // Neither the stack nor its parts are word-aligned, so none of the cuts inside is.
        process.stacks[0].start += into;
        process.check(cpu, &[BASE + 0xffff, BASE + 0x1_2347], "a large stack");
    }
}

fn windows_beside_stacks_are_left_alone() {
    for cpu in Cpu::ALL {
        for distance in [0, 3, 0x40, cpu.reach - 1, cpu.reach, cpu.reach + 0x10] {
            let mut process = process(cpu, BASE, &[0x1234; 0x20]);
            process.put(BASE - 0x1000, &pattern(BASE - 0x1000, 0x1000));
            process.instructions.push(BASE - distance);
            // The instructions are in a module, as in sound dumps.
            process.modules.push(BASE - 0x1000..BASE);
            process.check(cpu, &[], "a window");
        }
    }
}

fn gaps_between_ranges_become_zero() {
    for cpu in Cpu::ALL {
        for gap in 1..=17 {
            let mut process = process(cpu, BASE, &[BASE; 8]);
            let end = process.stacks[0].end;
            process.put(end, &pattern(end, 0x100));
            process.stacks.push(end + gap..end + gap + 0x20);
            process.check(cpu, &[], "a gap");
            // Code is not private.
            process.modules.push(end + 3..end + 9);
            process.check(cpu, &[], "a gap in a module");
        }
    }
}

fn addresses_above_2_gib_are_treated_alike() {
    for cpu in [Cpu::X86, Cpu::ARM] {
        let (stack, image) = (0xb000_0000, 0xa500_0000);
        let mut process = Process::default();
        process.modules.push(image..image + 0x1000);
        process.put_words(cpu, stack, &[image + 8, stack + 4, 0x9000_0000, image + 0x1001, 0xffff_ffff, stack]);
        process.stacks.push(stack..stack + 24);
        process.check(cpu, &[], "high addresses");
    }
}

fn registers_stay() {
    for cpu in Cpu::ALL {
        let context = cpu.context(IMAGE + 8, BASE);
        let thread = || Thread::new(1).stack(Stack::Listed(BASE, 16)).context(&context);
        let dump = Dump::new().system_info(cpu.linux()).thread(thread()).exception(Exception {
            parameters: 2,
            information: [0x5ec2e7; 15],
            ..Exception::new(1, 11, IMAGE)
        });
        let source = dump.memory(BASE, [7; 16]).build();
        let [plain, out] = ["/m", "/mr"].map(|options| Redumped::of(&source, options));
        let exceptions = |out: &Redumped| out.facts().exceptions()[0].information;
        // The parameter count is two.
        let mut expected = exceptions(&plain);
        expected[2..].fill(0);
        assert_eq!(exceptions(&out), expected);
        assert!(out.facts().threads()[0].context.0 == bare_of_size(plain.facts().threads()[0].context.0, "/mr"));
        assert!(out.facts().exceptions()[0].context.0 == bare_of_size(plain.facts().exceptions()[0].context.0, "/mr"));
        assert_eq!(out.facts().read(BASE, 16), [0; 16]);
    }
}

fn stacks_by_the_environment_block_are_filtered() {
    for cpu in Cpu::ALL {
        let (teb, limit, base) = (0x7f_0000, BASE, BASE + 0x2000);
        let below = if cpu == Cpu::X86 { 4 } else { 0 };
        for pointer in [BASE + 0x1000, BASE + 0x1ffc, BASE + 0x1003, 0] {
            let words: Vec<u64> =
                (0..0x2000 / cpu.word as u64).map(|index| if index % 3 == 0 { BASE + 0x1ff0 } else { 1 }).collect();
            let start = if pointer == 0 { limit } else { pointer - below };
            let mut process = process(cpu, BASE, &words);
            process.stacks[0] = start..base;
            let thread = Thread { teb, ..Thread::new(7) }.context(cpu.context(0, pointer));
            let dump = Dump::new().system_info(cpu.windows()).thread(thread).memory(teb, cpu.teb(base, limit));
            let bytes: Vec<u8> = (limit..base).map(|at| process.memory[&at]).collect();
            let out = Redumped::of(&dump.memory(limit, bytes).build(), "/mr");
            let expected: Vec<u8> = (start..base).map(|at| process.expected(cpu, at)).collect();
            assert_eq!(hex(&out.ranges()), hex(&[(start, base - start)]));
            assert!(out.facts().read(start, base - start) == expected, "{cpu:?}, stack pointer {pointer:#x}");
        }
    }
}

/// Stacks that overlap, touch, are close together or cut words, in memory with holes, with windows inside and next to
/// them.
fn generated_stacks_are_filtered_by_the_rule() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let cpu = Cpu::ALL[random.below(4) as usize];
        let mut process = Process { modules: vec![IMAGE..IMAGE + 0x3000, BASE - 0x400..BASE], ..Process::default() };
        for _ in 0..1 + random.below(4) {
            let start = BASE + random.below(0x300);
            process.stacks.push(start..start + 1 + random.below(0x200));
        }
        let words: Vec<u64> = (0..0x600 / cpu.word)
            .map(|_| match random.below(5) {
                0 => IMAGE - 1 + random.below(0x3002),
                1 => BASE + 1 + random.below(0x5ff),
                2 => {
                    let stack = &process.stacks[random.below(process.stacks.len() as u64) as usize];
                    let near = [stack.start - 1, stack.start, stack.end - 1, stack.end, stack.end + 1];
                    // The code below the first stack deliberately has no calls.
                    near[random.below(5) as usize].max(BASE + 1)
                }
                3 => random.below(0x100),
                _ => random.u64(),
            })
            .collect();
        process.put_words(cpu, BASE, &words);
        process.put(BASE - 0x400, &pattern(BASE - 0x400, 0x400));
        for _ in 0..random.below(3) {
            let hole = BASE + random.below(0x500);
            (hole..hole + random.below(20)).for_each(|at| _ = process.memory.remove(&at));
        }
        process.instructions.extend((0..random.below(3)).map(|_| BASE - random.below(0x300)));
        process.instructions.truncate(process.stacks.len());
        let cuts: Vec<u64> = (0..random.below(4)).map(|_| BASE + random.below(0x500)).collect();
        process.check(cpu, &cuts, &format!("seed {seed}"));
    }
}
