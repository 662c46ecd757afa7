//! Words and texts everywhere that `MiniDumpWriteDump` leaks them in a triage dump, and the other rules of the option.

use libtest_mimic::Trial;
use userdump::RedumpError;
use userdump::format::MinidumpType;
use userdump::redump::{Engine, Options, Outcome};

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::redumped::{Redumped, hooked, parsed};
use crate::support::trials;
use crate::synth::{Dump, Exception, MemoryInfo, Module, Part, SystemInfo, Thread};

use super::PATTERN;

pub fn trials() -> Vec<Trial> {
    trials![
        no_letter_brings_stack_words_back,
        general_registers_of_exceptions_are_filtered,
        texts_in_registers_are_filtered,
        contexts_of_unknown_layout_are_filtered,
        zero_stays_and_parts_of_words_go,
        objects_stay_in_triage_dumps_alone,
        extended_contexts_are_refused,
        the_flags_are_those_of_the_engine,
        a_triage_dump_keeps_no_extended_contexts,
        there_is_no_token,
        hooks_blank_with_zeros,
    ]
}

const STACK: u64 = 0x10_0000;
const HEAP: u64 = 0x20_0000;
const TEB: u64 = 0x7ff0_0000;
const IMAGE: u64 = 0x40_0000;
const SECRET: u64 = 0x1234_5678_9abc_def0;

/// The position of a return address on the stack.
const RETURN: usize = 0x500;

/// A process with a secret in words of its stack above and below the stack pointer and in all registers.
fn process(cpu: Cpu) -> Dump {
    let secret = &SECRET.to_le_bytes()[..];
    let mut stack = secret.repeat(0x1000 / 8);
    put(&mut stack, RETURN, &(IMAGE + 0x124).to_le_bytes()[..cpu.word]);
    put(&mut stack, RETURN + 8, &(STACK + 0x440).to_le_bytes()[..cpu.word]);
    // Pointers that `i` follows: to the stack itself, and to the heap.
    put(&mut stack, RETURN + 16, &(HEAP + 0x100).to_le_bytes()[..cpu.word]);
    put(&mut stack, RETURN + 24, &[0; 8]);
    let mut teb = cpu.teb(STACK + 0x1000, STACK);
    teb.resize(0x2000, 0);
    let mut image = pattern(IMAGE, 0x3000);
    let call: &[u8] = match cpu.size {
        416 => &[0, 0, 0, 0, 0xeb],
        912 => &[0, 0, 0, 0, 0x94],
        _ => &[0xe8, 0, 0, 0, 0],
    };
    put(&mut image, 0x11f, call);
    let registers = registers(cpu);
    let thread = Thread { teb: TEB, ..Thread::new(7) }.context(registers.clone());
    Dump::new()
        .system_info(cpu.windows())
        .thread(thread)
        .module(Module::new(IMAGE, 0x3000, "C:\\Users\\me\\app.exe"))
        .exception(Exception { context: Part::Bytes(registers), ..Exception::new(7, 0xc000_0005, IMAGE + 0x210) })
        .memory_info(MemoryInfo::new(HEAP, 0x1000))
        .memory_info(MemoryInfo::new(STACK, 0x1000))
        .memory(STACK, stack)
        .memory(HEAP, vec![b'h'; 0x1000])
        .memory(TEB, teb)
        .memory(IMAGE, image)
}

/// A context that has the secret in every field that does not need another value.
fn registers(cpu: Cpu) -> Vec<u8> {
    let mut bytes = SECRET.to_le_bytes().repeat(cpu.size.div_ceil(8));
    bytes.truncate(cpu.size);
    put(&mut bytes, cpu.flags_at, &cpu.flags.to_le_bytes());
    put(&mut bytes, cpu.ip_at, &(IMAGE + 0x200).to_le_bytes()[..cpu.word]);
    put(&mut bytes, cpu.sp_at, &(STACK + 0x400).to_le_bytes()[..cpu.word]);
    bytes
}

/// True if half of the secret is found.
fn has_secret(bytes: &[u8]) -> bool {
    let secret = SECRET.to_le_bytes();
    bytes.windows(4).any(|window| window == &secret[..4] || window == &secret[4..])
}

fn no_letter_brings_stack_words_back() {
    for cpu in Cpu::ALL {
        let source = process(cpu).build();
        for letters in ["", "i", "w", "iw", "F", "f", "fF", "fFhut", "p", "d", "c", "e", "r", "rf"] {
            let options = parsed(&format!("/m{letters}s"));
            let out = Redumped::twice(&source, &options);
            let facts = out.facts();
            // Registers such as the debug registers are kept unchanged.
            for range in facts.ranges() {
                assert!(!has_secret(range.bytes.0), "{cpu:?}, /m{letters}s, {:#x}", range.address);
            }
            assert_eq!(facts.header.flags & 0x10_0080, 0x10_0080, "/m{letters}s");
            assert!(!out.report.filter_overruled, "/m{letters}s");
            let word = |at: usize| facts.read(STACK + at as u64, cpu.word as u64).to_vec();
            assert_eq!(word(RETURN), &(IMAGE + 0x124).to_le_bytes()[..cpu.word], "{cpu:?}, /m{letters}s");
            assert_eq!(word(RETURN + 8), &(STACK + 0x440).to_le_bytes()[..cpu.word], "{cpu:?}, /m{letters}s");
            assert_eq!(word(RETURN + 16), vec![PATTERN; cpu.word], "{cpu:?}, /m{letters}s");
            assert_eq!(word(RETURN + 24), vec![0; cpu.word], "{cpu:?}, /m{letters}s");
            assert_eq!(word(0x600), vec![PATTERN; cpu.word], "{cpu:?}, /m{letters}s");
            // Below the stack pointer, only memory that a letter requests is kept.
            let below = facts.read(STACK + 0x3f0, 8);
            assert!(below.is_empty() || below == [PATTERN; 8], "{cpu:?}, /m{letters}s");
            assert_eq!(below.is_empty(), !letters.contains(['f', 'w', 'i']), "{cpu:?}, /m{letters}s");
        }
    }
}

fn general_registers_of_exceptions_are_filtered() {
    for cpu in Cpu::ALL {
        let out = Redumped::of(&process(cpu).build(), "/ms");
        let facts = out.facts();
        let counters = out.report.losses.iter().filter(|loss| loss.what.contains("program counters")).count();
        assert_eq!(counters > 0, cpu.is_arm(), "{cpu:?}: {:?}", out.report.losses);
        // The positions of the general registers and of the others, by the documentation of the contexts.
        let (general, vectors) = match cpu.size {
            716 => (156..180, 28..140),
            416 => (4..56, 80..336),
            1232 => (120..152, 256..1184),
            _ => (8..248, 272..784),
        };
        for context in [facts.threads()[0].context.0, facts.exceptions()[0].context.0] {
            let word =
                |at: usize| context[at..at + cpu.word].iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            // The lowest bit of an ARM address selects the instruction set.
            assert_eq!((word(cpu.ip_at) & !1, word(cpu.sp_at)), (IMAGE + 0x200, STACK + 0x400), "{cpu:?}");
            let filtered = [&context[general.clone()], &context[vectors.clone()]];
            assert!(filtered.concat().iter().all(|&byte| byte == PATTERN), "{cpu:?}: {context:x?}");
        }
    }
}

/// Four letters that happen to be an address in a module.
fn texts_in_registers_are_filtered() {
    let cpu = Cpu::X86;
    let text = u32::from_le_bytes(*b"text");
    let base = u64::from(text) & !0xffff;
    for (value, stays) in [(text, false), (text & !0xff, true), (0, true), (STACK as u32 + 0x800, true), (7, false)] {
        let mut context = cpu.context(IMAGE + 0x200, STACK + 0x400);
        put(&mut context, 156, &value.to_le_bytes());
        let thread = Thread { teb: TEB, ..Thread::new(7) }.context(context);
        let source = Dump::new()
            .system_info(cpu.windows())
            .thread(thread)
            .module(Module::new(base, 0x1_0000, "a"))
            .memory(STACK, [0; 0x1000])
            .memory(TEB, cpu.teb(STACK + 0x1000, STACK))
            .build();
        let out = Redumped::of(&source, "/ms");
        let expected = if stays { value.to_le_bytes() } else { [PATTERN; 4] };
        assert_eq!(out.facts().threads()[0].context.0[156..160], expected, "{value:#x}");
    }
}

fn contexts_of_unknown_layout_are_filtered() {
    for size in [40, 717, 5000] {
        let unknown = SystemInfo { architecture: 0x1234, ..SystemInfo::default() };
        let thread = Thread::new(1).context(vec![b'x'; size]);
        let source = Dump::new().system_info(unknown).thread(thread).build();
        assert_eq!(Redumped::twice(&source, &parsed("/mr")).facts().threads()[0].context.0, vec![b'x'; size]);
        let out = Redumped::twice(&source, &parsed("/ms"));
        assert_eq!(out.facts().threads()[0].context.0, vec![PATTERN; size]);
    }
}

/// For a word that is cut, it is unknown whether it was zero.
fn zero_stays_and_parts_of_words_go() {
    let cpu = Cpu::AMD64;
    let mut stack = vec![0; 0x1000];
    put(&mut stack, 0xffc, &[1, 2]);
    for sp in [STACK + 0x400, STACK + 0x403] {
        let thread = Thread { teb: TEB, ..Thread::new(7) }.context(cpu.context(IMAGE, sp));
        let dump = Dump::new().system_info(cpu.windows()).thread(thread).memory(TEB, cpu.teb(STACK + 0x1000, STACK));
        let out = Redumped::of(&dump.memory(STACK, &stack).build(), "/ms");
        let facts = out.facts();
        let read = facts.read(sp, STACK + 0x1000 - sp);
        let mut expected = vec![0; read.len()];
        expected[read.len() - 8..].fill(PATTERN);
        expected[..(8 - (sp % 8) as usize) % 8].fill(PATTERN);
        assert!(read == expected, "{sp:#x}: {read:x?}");
    }
}

/// In a source that is not a triage dump, ranges of one word are not objects; in a triage dump those that hold pointers
/// stay.
fn objects_stay_in_triage_dumps_alone() {
    let cpu = Cpu::AMD64;
    let object = |value: u64| value.to_le_bytes();
    let dump = || {
        process(cpu)
            .memory(0x50_0000, object(IMAGE + 0x100))
            .memory(0x50_1000, object(SECRET))
            .memory(0x50_2000, object(STACK + 0x900))
    };
    let ranges = |source: &[u8], words: &str| {
        let out = Redumped::twice(source, &parsed(words));
        out.ranges().into_iter().filter(|(_, size)| *size == 8).map(|(at, _)| at).collect::<Vec<_>>()
    };
    assert!(ranges(&dump().build(), "/ms").is_empty());
    let triage = dump().flags(0x10_0080).build();
    assert_eq!(ranges(&triage, "/m"), [0x50_0000, 0x50_1000, 0x50_2000]);
    assert_eq!(ranges(&triage, "/ms"), [0x50_0000, 0x50_2000]);
}

fn extended_contexts_are_refused() {
    let refused = |error: RedumpError| match error {
        RedumpError::RefusedLetter { letter, reason } => (letter, reason.contains("extended contexts")),
        other => panic!("{other}"),
    };
    for words in ["/msy", "/mys", "/ms /my", "/mas", "/mAs", "/mFhutys"] {
        assert_eq!(refused(words.parse::<Options>().expect_err(words)), ('s', true), "{words}");
    }
    let flags = MinidumpType::from_bits_retain(0x30_0080);
    assert_eq!(refused(Options::from_minidump_type(flags).expect_err("both")), ('s', true));
    // In 2017 the letters for full memory had no such filter.
    for words in ["/mas", "/mAs"] {
        assert!(Options::parse_as(Engine::V2017, words).is_ok(), "{words}");
    }
}

fn the_flags_are_those_of_the_engine() {
    let cases = [
        ("/ms", 0x10_0080, "/ms"),
        ("/msR", 0x10_0080, "/ms"),
        ("/msr", 0x10_0088, "/msr"),
        ("/msi", 0x10_00c0, "/mis"),
        ("/mfs", 0x12_0082, "/mfs"),
    ];
    for (words, bits, shortest) in cases {
        let options = parsed(words);
        assert_eq!((options.minidump_type().bits(), options.to_string().as_str()), (bits, shortest), "{words}");
        assert!(options.is_triage());
        let same = Options::from_minidump_type(options.minidump_type()).expect("it is known");
        assert_eq!((same.minidump_type().bits(), same.to_string().as_str()), (bits, shortest), "{words}");
    }
    // `MiniDumpWriteDump` adds the flag for base names.
    let alone = Options::from_minidump_type(MinidumpType::FILTER_TRIAGE).expect("it is known");
    assert_eq!((alone.minidump_type().bits(), alone.to_string().as_str()), (0x10_0080, "/ms"));
    assert!(!parsed("/mrR").is_triage());
}

/// The debugger refuses the combination, so it has no such source; ours is synthetic.
fn a_triage_dump_keeps_no_extended_contexts() {
    let source = process(Cpu::AMD64).flags(0x30_0080).build();
    for words in ["/m", "/my", "/mFhuty"] {
        let out = Redumped::twice(&source, &parsed(words));
        assert_eq!(out.facts().header.flags & 0x30_0000, 0x10_0000, "{words}");
    }
}

fn there_is_no_token() {
    let source = process(Cpu::AMD64).raw(19, [16, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0]).build();
    let out = Redumped::of(&source, "/ms");
    assert_eq!((out.outcomes(19), out.facts().stream(19)), (vec![Outcome::NotRequested], None));
    assert!(!out.made_up().contains(&19));
    assert!(Redumped::of(&source, "/mr").facts().stream(19).is_some());
    let out = Redumped::of(&process(Cpu::AMD64).build(), "/ms");
    assert!(!out.made_up().contains(&19) && out.made_up().contains(&21));
    assert_eq!(out.facts().modules()[0].name.text.as_deref(), Some("app.exe"));
}

/// Bytes that a hook blanks become zero, unlike bytes that the option filters.
fn hooks_blank_with_zeros() {
    let source = process(Cpu::AMD64).build();
    let hooks = userdump::redump::Hooks::new().blank(std::iter::once(STACK + 0x600..STACK + 0x608));
    let (bytes, _) = hooked(&source, "/ms", hooks);
    let facts = crate::support::facts::Facts::of(&bytes);
    assert_eq!(facts.read(STACK + 0x5f8, 24), [[PATTERN; 8], [0; 8], [PATTERN; 8]].as_flattened());
}
