//! Texts in many alphabets on stacks, next to the modules of real processes: what stays of them is not a word in any
//! language.

use libtest_mimic::Trial;

use crate::roundtrip::Random;
use crate::support::cpu::{Cpu, put};
use crate::support::facts::Facts;
use crate::support::redumped::Redumped;
use crate::support::{Shared, fixtures, trials};
use crate::synth::{Dump, Module, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        no_text_stays_beside_the_modules_of_fixtures,
        no_text_stays_beside_the_modules_of_real_processes,
        no_text_stays_in_a_process_that_is_all_over_the_letters,
        the_password_of_a_small_program_goes,
    ]
}

/// The number of consecutive characters that may stay.
const HARMLESS: usize = 4;

type Modules = Vec<(u64, u32)>;

/// An encoding, and the characters it is tested with.
struct Writing {
    name: &'static str,
    /// Ranges of characters, from the first to the last one.
    alphabet: &'static [(u32, u32)],
    encode: fn(u32) -> Vec<u8>,
}

fn narrow(unit: u32) -> Vec<u8> {
    vec![unit as u8]
}

fn double(unit: u32) -> Vec<u8> {
    (unit as u16).to_be_bytes().to_vec()
}

fn utf8(unit: u32) -> Vec<u8> {
    char::from_u32(unit).expect("a character").to_string().into_bytes()
}

fn utf16(unit: u32) -> Vec<u8> {
    let mut units = [0; 2];
    let units = char::from_u32(unit).expect("a character").encode_utf16(&mut units);
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

const LETTERS: (u32, u32) = (0x61, 0x7a);
const WRITINGS: [Writing; 19] = [
    Writing { name: "lower case", alphabet: &[LETTERS], encode: narrow },
    Writing { name: "passwords", alphabet: &[(0x21, 0x7e)], encode: narrow },
    Writing { name: "digits", alphabet: &[(0x30, 0x39), (0x20, 0x20)], encode: narrow },
    Writing { name: "French", alphabet: &[LETTERS, LETTERS, (0xe0, 0xef), (0x20, 0x20)], encode: narrow },
    Writing { name: "cp1251", alphabet: &[(0xc0, 0xff), (0xe0, 0xff)], encode: narrow },
    Writing { name: "UTF-8 Cyrillic", alphabet: &[(0x410, 0x44f), (0x20, 0x20)], encode: utf8 },
    Writing { name: "UTF-8 Han", alphabet: &[(0x4e00, 0x9fa0)], encode: utf8 },
    Writing { name: "UTF-8 Devanagari", alphabet: &[(0x905, 0x939)], encode: utf8 },
    Writing { name: "UTF-8 emoji", alphabet: &[(0x1f600, 0x1f64f)], encode: utf8 },
    Writing { name: "GBK", alphabet: &[(0xb0a1, 0xb0fe), (0xc4a1, 0xc4fe), (0xd7a1, 0xd7f9)], encode: double },
    Writing { name: "Shift JIS", alphabet: &[(0x8340, 0x837e), (0x8380, 0x8396), (0x889f, 0x88fc)], encode: double },
    Writing { name: "UTF-16 lower case", alphabet: &[LETTERS], encode: utf16 },
    Writing { name: "UTF-16 passwords", alphabet: &[(0x21, 0x7e)], encode: utf16 },
    Writing { name: "UTF-16 Cyrillic", alphabet: &[(0x410, 0x44f), (0x20, 0x20)], encode: utf16 },
    Writing { name: "UTF-16 Arabic", alphabet: &[(0x621, 0x64a)], encode: utf16 },
    Writing { name: "UTF-16 Devanagari", alphabet: &[(0x905, 0x939)], encode: utf16 },
    Writing { name: "UTF-16 Han", alphabet: &[(0x4e00, 0x9fa0)], encode: utf16 },
    Writing { name: "UTF-16 Hangul", alphabet: &[(0xac00, 0xd7a3)], encode: utf16 },
    Writing { name: "UTF-16 kana", alphabet: &[(0x3041, 0x3093), (0x30a1, 0x30f6)], encode: utf16 },
];

impl Writing {
    fn character(&self, random: &mut Random) -> Vec<u8> {
        let (first, last) = self.alphabet[random.below(self.alphabet.len() as u64) as usize];
        (self.encode)(first + random.below(u64::from(last - first) + 1) as u32)
    }
}

/// Checks the longest run of characters that stays of a text, planted at every alignment of a stack.
fn check(cpu: Cpu, windows: bool, modules: &Modules, writing: &Writing, seed: u64) -> usize {
    const START: u64 = 0x12_0000;
    let mut random = Random::new(seed);
    let mut stack = vec![0; 0x8000];
    let mut texts: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut at = 0x10;
    // Texts of all lengths, each one byte further into its word than the previous one.
    while at + 0x200 < stack.len() {
        let mut text = Vec::new();
        for _ in 0..5 + random.below(60) {
            let character = writing.character(&mut random);
            put(&mut stack, at, &character);
            text.push((at, character.len()));
            at += character.len();
        }
        texts.push(text);
        at = at.next_multiple_of(8) + 8 + texts.len() % 8;
    }
    let thread = Thread::new(1).stack(Stack::At(START, stack.len() as u32, 0)).context(cpu.context(0, START));
    let system = if windows { cpu.windows() } else { cpu.linux() };
    let dump = Dump::new().system_info(system).thread(thread).memory(START, &stack);
    let dump = modules.iter().fold(dump, |dump, &(base, size)| dump.module(Module::new(base, size, "m")));
    let out = Redumped::once(&dump.build(), &"/mr".parse().unwrap());
    let facts = out.facts();
    let kept = facts.read(START, stack.len() as u64);
    let mut longest = 0;
    for text in texts {
        let mut run = 0;
        for (at, size) in text {
            // UTF-16 contains zero bytes, which carry no information.
            let stays = (at..at + size).all(|at| kept[at] == stack[at]);
            run = if stays { run + 1 } else { 0 };
            longest = longest.max(run);
        }
    }
    assert!(longest <= HARMLESS, "{longest} characters of {} stay, {cpu:?}, seed {seed}", writing.name);
    longest
}

fn check_all(cpu: Cpu, windows: bool, modules: &Modules, seeds: u64) {
    for writing in &WRITINGS {
        (0..seeds).for_each(|seed| _ = check(cpu, windows, modules, writing, seed));
    }
}

/// The modules of a dump, its processor, and whether it is of Windows.
fn modules(bytes: &[u8]) -> Option<(Cpu, bool, Modules)> {
    let facts = Facts::of(bytes);
    let system = facts.system_info().filter(|_| !facts.big_endian)?;
    let cpu = Cpu::ALL.into_iter().find(|cpu| cpu.architecture == system.architecture)?;
    let modules: Modules = facts.modules().iter().map(|it| (it.base, it.size)).collect();
    (!modules.is_empty()).then_some((cpu, system.platform == 2, modules))
}

fn no_text_stays_beside_the_modules_of_fixtures() {
    for name in ["live/m.dmp", "live32/m.dmp"] {
        let Some((_, bytes)) = fixtures::all().find(|(it, _)| *it == name) else { continue };
        let (cpu, windows, modules) = modules(bytes).expect("it has modules");
        check_all(cpu, windows, &modules, 2);
    }
    let (cpu, windows, modules) = modules(fixtures::QUICK_START).expect("it has modules");
    check_all(cpu, windows, &modules, 2);
}

fn no_text_stays_beside_the_modules_of_real_processes(shared: &Shared) {
    let corpus = shared.corpus().into_iter().map(|row| shared.corpus_file(&row));
    let golden = ["live/m.dmp", "live32/m.dmp"].into_iter().map(|member| shared.golden(member));
    let mut narrow = 0;
    for (cpu, windows, modules) in corpus.chain(golden).filter_map(|bytes| modules(&bytes)) {
        check_all(cpu, windows, &modules, if cpu.word == 4 { 2 } else { 1 });
        narrow += usize::from(cpu.word == 4);
    }
    assert!(narrow > 10, "{narrow} module lists of 32-bit processes");
}

/// Modules at addresses that are letters of every kind: the worst case.
fn no_text_stays_in_a_process_that_is_all_over_the_letters() {
    let modules: Modules = (0x20..0xff).map(|high| (high << 24, 0xff_0000)).collect();
    let low: Modules = vec![(0x20_0000, 0x60_0000), (0x0410_0000, 0x50_0000), (0x0900_0000, 0x50_0000)];
    for cpu in [Cpu::X86, Cpu::ARM] {
        check_all(cpu, true, &[modules.clone(), low.clone()].concat(), 2);
        check_all(cpu, false, &[modules.clone(), low.clone()].concat(), 2);
    }
}

fn the_password_of_a_small_program_goes(shared: &Shared) {
    let source = shared.read("cases/secret-32bit-text.dmp");
    let out = Redumped::of(&source, "/mr");
    let (before, after) = (Facts::of(&source), out.facts());
    let mut texts = 0;
    for range in before.ranges() {
        let kept = after.read(range.address, range.size);
        for size in [1, 2] {
            for start in 0..size {
                let is_letter = |unit: &[u8]| unit[0].is_ascii_graphic() && unit[1..].iter().all(|byte| *byte == 0);
                let (mut letters, mut run) = (0, 0);
                for (unit, kept) in range.bytes.0[start..].chunks_exact(size).zip(kept[start..].chunks_exact(size)) {
                    letters = if is_letter(unit) { letters + 1 } else { 0 };
                    run = if letters > 0 && unit == kept { run + 1 } else { 0 };
                    texts += usize::from(letters == 8);
                    assert!(run <= HARMLESS, "{run} letters at {:#x}", range.address);
                }
            }
        }
    }
    assert!(texts > 0, "there is text");
}
