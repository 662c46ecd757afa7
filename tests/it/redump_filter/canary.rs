//! User data planted everywhere a dump can have some: none of it may be in a filtered result.

use libtest_mimic::Trial;
use userdump::redump::{Options, Outcome};

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::facts::Facts;
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, Exception, Handle, MemoryInfo, Module, Stack, SystemInfo, Thread, ThreadInfo, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        nothing_of_the_user_is_in_a_filtered_dump,
        streams_too_short_for_their_view_are_left_out_too,
        what_other_options_add_is_counted,
        instructions_outside_of_modules_are_counted,
        full_memory_wins,
        a_comment_that_the_caller_adds_stays,
        a_filtered_dump_filters_again_to_itself,
    ]
}

const CRASHPAD_INFO: u32 = 0x4350_0001;
const ASSERTION_INFO: u32 = 0x4767_0002;
const LINUX_CMD_LINE: u32 = 0x4767_0006;
const LINUX_ENVIRON: u32 = 0x4767_0007;
const LINUX_PROC_FD: u32 = 0x4767_000d;
const MOZ_MAC_BOOT_ARGS: u32 = 0x4d7a_0002;
const MOZ_SOFT_ERRORS: u32 = 0x4d7a_0004;
const JAVA_SCRIPT_DATA: u32 = 20;
const USER_STREAM: u32 = 0x1_0001;
const UNKNOWN: [u32; 3] = [0x7777, 0x4767_0fff, 0x4350_0002];

/// Streams that are private as a whole.
const PRIVATE: [u32; 14] = [
    kind::COMMENT_A,
    kind::COMMENT_W,
    CRASHPAD_INFO,
    ASSERTION_INFO,
    LINUX_CMD_LINE,
    LINUX_ENVIRON,
    LINUX_PROC_FD,
    MOZ_MAC_BOOT_ARGS,
    MOZ_SOFT_ERRORS,
    JAVA_SCRIPT_DATA,
    USER_STREAM,
    UNKNOWN[0],
    UNKNOWN[1],
    UNKNOWN[2],
];

/// Text, a path, a variable and random words. None of their eight-byte words is a pointer.
const CANARIES: [&str; 4] = [
    "the quick brown secret",
    "C:\\Users\\Jane Doe\\diary.txt",
    "API_TOKEN=hunter2-hunter2",
    "\u{1}\u{7f}#~]{9@?\u{2}\u{3}!",
];

const STACK: u64 = 0x10_0000;
const HEAP: u64 = 0x20_0000;
const TEB: u64 = 0x7ff0_0000;
const PEB: u64 = 0x7ff1_0000;
const PARAMETERS: u64 = 0x30_0000;
const ENVIRONMENT: u64 = 0x31_0000;
const IMAGE: u64 = 0x1_4000_0000;

fn narrow() -> Vec<u8> {
    CANARIES.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect()
}

fn wide() -> Vec<u8> {
    CANARIES.iter().flat_map(|text| text.encode_utf16().chain([0])).flat_map(u16::to_le_bytes).collect()
}

fn both() -> Vec<u8> {
    let mut both = [narrow(), wide()].concat();
    both.resize(both.len().next_multiple_of(8), 0);
    both
}

/// The canaries found in `bytes`. A fragment of each is searched for, so that cut or preceded text is found too.
fn found(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for canary in CANARIES {
        let units: Vec<u16> = canary.encode_utf16().collect();
        // Eight bytes: the size of a word that may be kept.
        let narrow = canary.as_bytes().windows(8).map(<[u8]>::to_vec);
        let wide = units.windows(4).map(|units| units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>());
        let mut pieces = narrow.chain(wide);
        if let Some(piece) = pieces.find(|piece| bytes.windows(8).any(|window| window == piece)) {
            found.push(format!("{canary}: {:?}", String::from_utf8_lossy(&piece)));
        }
    }
    found
}

/// A Windows process with canaries everywhere.
fn process() -> Dump {
    let cpu = Cpu::AMD64;
    let mut stack = vec![0; 0x1000];
    put(&mut stack, 0x100, &both());
    put(&mut stack, 0x500, &(IMAGE + 0x123).to_le_bytes());
    put(&mut stack, 0x508, &(STACK + 0x800).to_le_bytes());
    // A pointer that `i` follows.
    put(&mut stack, 0x510, &(HEAP + 0x100).to_le_bytes());
    // Not aligned to a word, and up to the end.
    put(&mut stack, 0x803, &both());
    let last = stack.len() - both().len();
    put(&mut stack, last, &both());
    let mut teb = cpu.teb(STACK + 0x1000, STACK);
    teb.resize(0x2000, 0);
    put(&mut teb, 0x60, &PEB.to_le_bytes());
    let mut peb = vec![0; 0x1000];
    put(&mut peb, 0x20, &PARAMETERS.to_le_bytes());
    // The strings follow the fixed part, as Windows lays them out.
    let mut parameters = vec![0; 0x400];
    for at in [0x38, 0x50, 0x60, 0x70, 0xb0, 0xc0] {
        put(&mut parameters, at, &(both().len() as u16).to_le_bytes());
        put(&mut parameters, at + 8, &(PARAMETERS + 0x400).to_le_bytes());
    }
    put(&mut parameters, 0x80, &ENVIRONMENT.to_le_bytes());
    parameters.extend(both());
    let mut image = pattern(IMAGE, 0x3000);
    put(&mut image, 0x1800, &both());
    // A call; its return address is on the stack.
    put(&mut image, 0x11e, &[0xe8, 0, 0, 0, 0]);
    let thread = Thread { teb: TEB, ..Thread::new(7) }.context(cpu.context(IMAGE + 0x200, STACK + 0x40));
    Dump::new()
        .system_info(SystemInfo::default())
        .thread(thread)
        .module(Module::new(IMAGE, 0x3000, "app.exe"))
        .exception(Exception::new(7, 0xc000_0005, IMAGE + 0x210))
        .memory_info(MemoryInfo::new(HEAP, 0x1000))
        .thread_info(ThreadInfo { id: 7, ..ThreadInfo::default() })
        .handle(Handle::new(8, "Event"))
        .memory(STACK, stack)
        .memory(HEAP, &[both().repeat(3), vec![0; 0x1000]].concat()[..0x1000])
        .memory(TEB, teb)
        .memory(PEB, peb)
        .memory(PARAMETERS, parameters)
        .memory(ENVIRONMENT, [wide(), vec![0; 4]].concat())
        .memory(IMAGE, image)
}

/// The same process with the private streams.
fn with_streams() -> Vec<u8> {
    let canaries = [narrow(), wide()].concat();
    let dump = process().comment_a(&CANARIES.join("\n")).comment_w(&CANARIES.join("\n"));
    let dump = dump.written(CRASHPAD_INFO, |bytes| {
        let [start, end, modules, modules_end, info, info_end, list, list_end, text, value] =
            std::array::from_fn(|_| bytes.label());
        bytes.u32(1).zeros(32).location(start, end).location(modules, modules_end).zeros(12);
        bytes.place(start).u32(1).rva(text).rva(text).place(end);
        bytes.place(modules).u32(1).u32(0).location(info, info_end).place(modules_end);
        bytes.place(info).u32(1).zeros(16).location(list, list_end).place(info_end);
        bytes.place(list).u32(1).rva(text).u16s(&[1, 0]).rva(value).place(list_end);
        bytes.place(text).u32(narrow().len() as u32).raw(narrow()).u8(0);
        bytes.place(value).u32(both().len() as u32).raw(both());
    });
    let dump = dump.written(MOZ_MAC_BOOT_ARGS, |bytes| {
        let text = bytes.label();
        bytes.u32s(&[MOZ_MAC_BOOT_ARGS, 0]).rva64(text).place(text).string(CANARIES[0]);
    });
    let written = [kind::COMMENT_A, kind::COMMENT_W, CRASHPAD_INFO, MOZ_MAC_BOOT_ARGS];
    let others = PRIVATE.into_iter().filter(|kind| !written.contains(kind));
    others.fold(dump, |dump, kind| dump.raw(kind, &canaries)).build()
}

fn nothing_of_the_user_is_in_a_filtered_dump() {
    let source = with_streams();
    assert_eq!(found(&source).len(), CANARIES.len(), "the source has all canaries");
    assert_eq!(found(&Redumped::of(&source, "/m").bytes).len(), CANARIES.len(), "an unfiltered result has them too");
    for options in ["/mr", "/mhur", "/mtFr", "/mpr", "/mry", "/mhutFpry", "/mrR", "/mcr"] {
        let out = Redumped::twice(&source, &options.parse().unwrap());
        assert_eq!(found(&out.bytes), [""; 0], "{options}");
        for kind in PRIVATE {
            assert_eq!(out.outcomes(kind), [Outcome::Filtered], "{options}, stream {kind:#x}");
            assert!(out.facts().stream(kind).is_none(), "{options}, stream {kind:#x}");
        }
        let facts = out.facts();
        let kept = [IMAGE + 0x123, STACK + 0x800, 0].map(u64::to_le_bytes);
        assert_eq!(facts.read(STACK + 0x500, 24), kept.as_flattened(), "{options}");
    }
    let out = Redumped::twice(&source, &"/mpr".parse().unwrap());
    for (block, size, kept) in [(TEB, 0x2000, true), (PEB, 0x1000, true), (PARAMETERS, 1, false)] {
        assert_eq!(out.facts().read(block, size).len() as u64, if kept { size } else { 0 }, "{block:#x}");
    }
    assert!(out.facts().read(ENVIRONMENT, 1).is_empty());
}

/// Streams too short for their view must not be treated as opaque bytes.
fn streams_too_short_for_their_view_are_left_out_too() {
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1));
    let text = CANARIES[0];
    let kinds = [CRASHPAD_INFO, ASSERTION_INFO, MOZ_MAC_BOOT_ARGS, 0x4d7a_0001];
    let source = kinds.into_iter().fold(dump, |dump, kind| dump.raw(kind, &text[..11])).build();
    let out = Redumped::of(&source, "/mr");
    assert_eq!(found(&out.bytes), [""; 0]);
    for kind in kinds {
        assert_eq!(out.outcomes(kind), [Outcome::Filtered], "{kind:#x}");
    }
}

fn what_other_options_add_is_counted() {
    let source = process().build();
    let unfiltered = |options: &str| {
        let out = Redumped::of(&source, options);
        // Every byte of the result belongs to a stack, is near an instruction, or is counted.
        let traces = 0xfc0 + 0x110;
        assert_eq!(out.report.unfiltered_memory, out.report.memory_bytes - traces, "{options}");
        assert_eq!(Redumped::of(&source, &options.replace('r', "")).report.unfiltered_memory, 0);
        out.report.unfiltered_memory
    };
    assert_eq!(unfiltered("/mr"), 0);
    // The heap from 0 to 0x400; the other words lead nowhere, or to memory that is kept anyway.
    assert_eq!(unfiltered("/mir"), 0x400);
    assert_eq!(unfiltered("/mwr"), 0x1000);
    assert_eq!(unfiltered("/miwr"), 0x1000);
    assert_eq!(unfiltered("/mpr"), 0x3000);
}

/// A program may execute code in its data: 0x80 bytes to either side are kept.
fn instructions_outside_of_modules_are_counted() {
    let cpu = Cpu::AMD64;
    for (ip, counted) in [(HEAP + 0x100, 0x100), (IMAGE + 0x200, 0), (IMAGE + 0x20, 0x60), (STACK + 0x800, 0)] {
        let thread = Thread::new(1).stack(Stack::At(STACK, 0x1000, 0)).context(cpu.context(ip, STACK));
        let dump = Dump::new().system_info(cpu.linux()).thread(thread).module(Module::new(IMAGE, 0x1000, "a"));
        let dump = [STACK, HEAP, IMAGE - 0x1000, IMAGE].into_iter().fold(dump, |dump, at| dump.memory(at, [1; 0x1000]));
        assert_eq!(Redumped::of(&dump.build(), "/mr").report.unfiltered_memory, counted, "{ip:#x}");
    }
}

fn full_memory_wins() {
    let source = with_streams();
    for (filtered, plain) in [("/mar", "/ma"), ("/mfr", "/mf"), ("/mAr", "/mA"), ("/mfrR", "/mfR")] {
        let [filtered, plain] = [filtered, plain].map(|options| Redumped::of(&source, options));
        assert!(filtered.bytes == plain.bytes);
        assert_eq!([filtered.report.filter_overruled, plain.report.filter_overruled], [true, false]);
        assert_eq!(filtered.facts().header.flags & 8, 0);
    }
    let out = Redumped::of(&source, "/mr");
    assert_eq!((out.report.filter_overruled, out.facts().header.flags & 8), (false, 8));
}

fn a_comment_that_the_caller_adds_stays() {
    let options: Options = "/mr".parse().unwrap();
    for comment in ["seen twice in the lab", CANARIES[0]] {
        let out = Redumped::once(&with_streams(), &options.clone().with_comment(comment));
        let expected: Vec<u8> = comment.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        assert_eq!(out.facts().stream_bytes(kind::COMMENT_W).expect("it is there").0, expected);
        assert_eq!(Facts::of(&out.bytes).kinds().iter().filter(|kind| **kind == kind::COMMENT_W).count(), 1);
        // Again with the same comment: it is added only once.
        let again = Redumped::once(&out.bytes, &options.clone().with_comment(comment));
        assert!(again.bytes == out.bytes, "{comment}");
    }
}

fn a_filtered_dump_filters_again_to_itself() {
    let source = with_streams();
    for options in ["/mr", "/mir", "/mwr", "/mipwr", "/mipwrRhutFy"] {
        Redumped::of(&source, options);
    }
}
