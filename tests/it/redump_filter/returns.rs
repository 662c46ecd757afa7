//! Return addresses that stay although they do not look like addresses, and numbers that look like pointers into
//! modules.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, put};
use crate::support::redumped::Redumped;
use crate::support::{Shared, trials};
use crate::synth::{Dump, Exception, MemoryInfo, Module, Part, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        signatures_do_not_hide_return_addresses,
        signed_return_addresses_of_windows_stay,
        calls_are_told_from_other_code,
        only_executable_memory_has_code,
        mappings_tell_how_far_a_module_goes,
        rows_tell_how_far_a_module_goes,
        signal_handlers_return_where_no_call_is,
        instruction_pointers_stay_where_no_call_is,
        frames_stay_though_they_read_as_text,
        wide_frames_stay_after_text,
        frame_pointers_lead_to_generated_code,
        no_window_is_kept_around_data,
        no_window_is_kept_where_nothing_can_run,
    ]
}

const STACK: u64 = 0x10_0000;

fn dump(cpu: Cpu, system: SystemInfo, ip: u64, words: &[u64]) -> Dump {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()[..cpu.word].to_vec()).collect();
    let thread = Thread::new(1).stack(Stack::At(STACK, bytes.len() as u32, 0)).context(cpu.context(ip, STACK));
    Dump::new().system_info(system).thread(thread).memory(STACK, bytes)
}

/// The words that stay.
fn kept(cpu: Cpu, dump: Dump, words: &[u64]) -> Vec<u64> {
    let out = Redumped::of(&dump.build(), "/mr");
    let facts = out.facts();
    let bytes = facts.read(STACK, (words.len() * cpu.word) as u64);
    let values =
        bytes.chunks(cpu.word).map(|word| word.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)));
    let kept: Vec<u64> = values.filter(|&value| value != 0).collect();
    kept
}

fn signatures_do_not_hide_return_addresses() {
    let cpu = Cpu::ARM64;
    // Windows and macOS with 47-bit addresses, Android with 39 bits, Linux with 48.
    let cases: [(SystemInfo, u64, &[u64]); 4] = [
        (cpu.windows(), 0x1_4000_0000, &[0x00a5_0001_4000_1200, 0x5a7f_0001_4000_1300, 0x1_4000_1400]),
        (
            SystemInfo { platform: 0x8101, ..cpu.windows() },
            0x1_8000_0000,
            &[0x3b47_8001_8000_1200, 0xffff_8001_8000_1200],
        ),
        (cpu.linux(), 0x7b_1200_0000, &[0x0034_567b_1200_1200, 0x007f_ff7b_1200_1204]),
        (cpu.linux(), 0xffff_1200_0000, &[0x0023_ffff_1200_1200]),
    ];
    for (system, image, signed) in cases {
        let words = [signed, &[image ^ 0x7_0000_0000, u64::MAX, 0x5a7f_0001_5000_1300, 0x6665_6463_6261_2020]].concat();
        let dump = dump(cpu, system, 0, &words).module(Module::new(image, 0x3000, "a"));
        assert_eq!(hex2(&kept(cpu, dump, &words)), hex2(signed));
    }
}

fn hex2(words: &[u64]) -> Vec<String> {
    words.iter().map(|word| format!("{word:x}")).collect()
}

fn signed_return_addresses_of_windows_stay(shared: &Shared) {
    let source = shared.read("cases/arm64-signed-returns.dmp");
    let out = Redumped::of(&source, "/mr");
    for signed in [0x00a5_0001_4000_1200_u64, 0x5a7f_0001_4000_1300] {
        let stays = out.bytes.windows(8).any(|bytes| bytes == signed.to_le_bytes());
        assert!(stays, "{signed:x}");
    }
}

/// The last bytes before an address, and whether they are a call.
type Code<'a> = (&'a [u8], bool);

/// Each instruction is placed directly before the address.
fn calls_are_told_from_other_code() {
    const IMAGE: u64 = 0x9a_0000;
    let x86: [Code<'_>; 17] = [
        (&[0xe8, 1, 2, 3, 4], true),
        (&[0xe8, 1, 2, 3], false),
        (&[0xff, 0xd0], true),
        (&[0x41, 0xff, 0xd3], true),
        (&[0xff, 0x15, 1, 2, 3, 4], true),
        (&[0xff, 0x55, 8], true),
        (&[0xff, 0x54, 0x24, 8], true),
        (&[0xff, 0x14, 0x85, 1, 2, 3, 4], true),
        (&[0xff, 0x94, 0x24, 1, 2, 3, 4], true),
        (&[0xff, 0x90, 1, 2, 3, 4], true),
        (&[0xff, 0x1c, 0x24], true),
        (&[0x9a, 1, 2, 3, 4, 5, 6], true),
        (&[0xff, 0xe0], false),
        (&[0xff, 0x25, 1, 2, 3, 4], false),
        (&[0xff, 0xd0, 0x90], false),
        (&[0xe9, 1, 2, 3, 4], false),
        (&[0xff, 0x75, 8], false),
    ];
    let a64: [Code<'_>; 5] = [
        (&0x9400_0012_u32.to_le_bytes(), true),
        (&0xd63f_0100_u32.to_le_bytes(), true),
        (&0xd73f_0911_u32.to_le_bytes(), true),
        (&0x1400_0012_u32.to_le_bytes(), false),
        (&0xd61f_0100_u32.to_le_bytes(), false),
    ];
    let a32: [Code<'_>; 5] = [
        (&0xeb00_0012_u32.to_le_bytes(), true),
        (&0xfa00_0012_u32.to_le_bytes(), true),
        (&0xe12f_ff33_u32.to_le_bytes(), true),
        (&0xea00_0012_u32.to_le_bytes(), false),
        (&0xe12f_ff13_u32.to_le_bytes(), false),
    ];
    let t32: [Code<'_>; 4] = [
        (&[0x00, 0xf0, 0x12, 0xf8], true),
        (&[0x00, 0xf0, 0x12, 0xe8], true),
        (&[0x98, 0x47], true),
        (&[0x18, 0x47], false),
    ];
    let sets: [(Cpu, u64, &[Code<'_>]); 5] =
        [(Cpu::X86, 0, &x86), (Cpu::AMD64, 0, &x86), (Cpu::ARM64, 0, &a64), (Cpu::ARM, 0, &a32), (Cpu::ARM, 1, &t32)];
    for (cpu, bit, codes) in sets {
        for &(code, is_call) in codes {
            let at = 0x1100;
            let mut image = vec![0; 0x2000];
            put(&mut image, at - code.len(), code);
            // Memory that begins right before the address proves nothing, so the word stays.
            for (from, stays) in [(0, is_call), (at, true)] {
                let words = [IMAGE + at as u64 + bit];
                let dump = dump(cpu, cpu.linux(), 0, &words).module(Module::new(IMAGE, 0x2000, "a"));
                let dump = dump.memory(IMAGE + from as u64, &image[from..]);
                assert_eq!(kept(cpu, dump, &words).len(), usize::from(stays), "{cpu:?} {code:x?} from {from:#x}");
            }
        }
    }
}

/// Code is found by section headers in memory, memory information entries, and lines of `/proc/self/maps`.
fn only_executable_memory_has_code() {
    const IMAGE: u64 = 0x9a_0000;
    let words: Vec<u64> = [0x123, 0x1123, 0x2000, 0x2001, 0x2123, 0x3000].map(|at| IMAGE + at).to_vec();
    // The code section is 0x1000 to 0x2000; a return address may be its end.
    let in_code = vec![IMAGE + 0x1123, IMAGE + 0x2000];
    for cpu in [Cpu::X86, Cpu::AMD64] {
        let module = Module::new(IMAGE, 0x3000, "a");
        let plain = || dump(cpu, cpu.windows(), 0, &words).module(module.clone());
        assert_eq!(kept(cpu, plain(), &words), words, "without descriptions all words stay");
        let rows = [(0, 0x1000, 2), (0x1000, 0x1000, 0x20), (0x2000, 0x1000, 4)];
        let row = |&(at, size, protect): &(u64, u64, u32)| MemoryInfo {
            base: IMAGE + at,
            size,
            state: 0x1000,
            protect,
            ..MemoryInfo::default()
        };
        let described = rows.iter().map(row).fold(plain(), Dump::memory_info);
        // With `F`, so that the second pass has the entries as well.
        let out = Redumped::of(&described.build(), "/mrF");
        let facts = out.facts();
        let bytes = facts.read(STACK, (words.len() * cpu.word) as u64);
        let stays: Vec<bool> = bytes.chunks(cpu.word).map(|word| word.iter().any(|byte| *byte != 0)).collect();
        assert_eq!(stays, words.iter().map(|word| in_code.contains(word)).collect::<Vec<_>>(), "{cpu:?}");

        let mut headers = vec![0; 0x400];
        put(&mut headers, 0, b"MZ");
        put(&mut headers, 0x3c, &[0x40]);
        put(&mut headers, 0x40, b"PE\0\0\x64\x86\x02\0");
        put(&mut headers, 0x54, &[0xf0, 0]);
        put(&mut headers, 0x58, &[0x0b, 0x02]);
        for (number, (address, flags)) in [(0x1000_u32, 0x6000_0020_u32), (0x2000, 0xc000_0040)].into_iter().enumerate()
        {
            let at = 0x58 + 0xf0 + 40 * number;
            put(&mut headers, at + 8, &0x1000_u32.to_le_bytes());
            put(&mut headers, at + 12, &address.to_le_bytes());
            put(&mut headers, at + 36, &flags.to_le_bytes());
        }
        let with_headers = plain().memory(IMAGE, &headers);
        assert_eq!(kept(cpu, with_headers, &words), in_code, "{cpu:?}");
    }
    let maps = "009a0000-009a1000 r--p 00000000 08:01 7 /lib/a\n009a1000-009a2000 r-xp 00001000 08:01 7 /lib/a\n\
                009a2000-009a3000 rw-p 00002000 08:01 7 /lib/a\n";
    for cpu in Cpu::ALL {
        let dump = dump(cpu, cpu.linux(), 0, &words).module(Module::new(IMAGE, 0x3000, "a")).raw(0x4767_0009, maps);
        assert_eq!(kept(cpu, dump, &words), in_code, "{cpu:?}");
    }
}

/// LLDB gives a module the size of its first segment.
fn mappings_tell_how_far_a_module_goes() {
    let maps = "009a0000-009a1000 r--p 00000000 08:01 7 /lib/a\n009a1000-009a2000 r-xp 00001000 08:01 7 /lib/a\n\
                009a2000-009a3000 r-xp 00001000 08:01 8 /lib/b\n009a3000-009a4000 r-xp 00000000 00:00 0 \n";
    for cpu in Cpu::ALL {
        let words = [0x9a_1123, 0x9a_2123, 0x9a_3123];
        let dump = dump(cpu, cpu.linux(), 0, &words).module(Module::new(0x9a_0000, 0x1000, "a")).raw(0x4767_0009, maps);
        assert_eq!(kept(cpu, dump, &words), [0x9a_1123], "{cpu:?}");
    }
}

fn rows_tell_how_far_a_module_goes() {
    let row = |base, allocation_base, protect, kind| MemoryInfo {
        base,
        allocation_base,
        size: 0x1000,
        state: 0x1000,
        protect,
        kind,
        ..MemoryInfo::default()
    };
    for cpu in [Cpu::X86, Cpu::AMD64, Cpu::ARM64] {
        for (allocation, next) in [(0x9a_0000, 0x9a_2000), (0, 0)] {
            let words = [0x9a_1123, 0x9a_2123];
            let dump = dump(cpu, cpu.windows(), 0, &words).module(Module::new(0x9a_0000, 0x1000, "a"));
            let dump = dump.memory_info(row(0x9a_0000, allocation, 2, 0x100_0000));
            let dump = dump.memory_info(row(0x9a_1000, allocation, 0x20, 0x100_0000));
            let dump = dump.memory_info(row(0x9a_2000, next, 0x20, if next == 0 { 0x2_0000 } else { 0x100_0000 }));
            let out = Redumped::of(&dump.build(), "/mrF");
            let facts = out.facts();
            let bytes = facts.read(STACK, 2 * cpu.word as u64);
            let stays: Vec<bool> = bytes.chunks(cpu.word).map(|word| word.iter().any(|byte| *byte != 0)).collect();
            assert_eq!(stays, [true, false], "{cpu:?}, allocation base {allocation:#x}");
        }
    }
}

fn signal_handlers_return_where_no_call_is() {
    const IMAGE: u64 = 0x9a_0000;
    let codes: [(Cpu, &[u8]); 4] = [
        (Cpu::AMD64, &[0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05]),
        (Cpu::X86, &[0xb8, 0xad, 0, 0, 0, 0xcd, 0x80]),
        (Cpu::ARM64, &[0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4]),
        (Cpu::ARM, &[0xad, 0x70, 0xa0, 0xe3, 0, 0, 0, 0xef]),
    ];
    for (cpu, code) in codes {
        let mut image = vec![0; 0x2000];
        put(&mut image, 0x1100, code);
        let words = [IMAGE + 0x1100, IMAGE + 0x1200];
        let dump = dump(cpu, cpu.linux(), 0, &words).module(Module::new(IMAGE, 0x2000, "a")).memory(IMAGE, &image);
        assert_eq!(kept(cpu, dump, &words), [IMAGE + 0x1100], "{cpu:?}");
    }
}

/// An exception frame on the stack holds the instruction at which the thread was interrupted.
fn instruction_pointers_stay_where_no_call_is() {
    const IMAGE: u64 = 0x9a_0000;
    for cpu in Cpu::ALL {
        let words = [IMAGE + 0x1100, IMAGE + 0x1200];
        let dump = dump(cpu, cpu.linux(), IMAGE + 0x1200, &words).module(Module::new(IMAGE, 0x2000, "a"));
        assert_eq!(kept(cpu, dump.memory(IMAGE, [0; 0x2000]), &words), [IMAGE + 0x1200], "{cpu:?}");
    }
}

/// A frame pointer next to a return address stays, even if its bytes are letters.
fn frames_stay_though_they_read_as_text() {
    let (cpu, image) = (Cpu::X86, 0x7765_0000);
    let letters = |text: &[u8; 4]| u64::from(u32::from_le_bytes(*text));
    let words =
        [STACK + 8, letters(b"abew"), STACK + 0x20, letters(b"cdew"), letters(b"efew"), letters(b"ghew"), 0, 0, 0];
    let dump = dump(cpu, cpu.windows(), 0, &words).module(Module::new(image, 0x1_0000, "a"));
    assert_eq!(hex2(&kept(cpu, dump, &words)), hex2(&words[..4]));
}

/// A program that fills a buffer with line breaks, letters or blanks up to its saved frame pointer does not hide the
/// frame: an address contains few characters by chance, followed by zeros.
fn wide_frames_stay_after_text() {
    let (image, text) = (0x1d_0000, u64::from_le_bytes(*b"\n\nsecret"));
    for cpu in [Cpu::AMD64, Cpu::ARM64] {
        // The lowest bytes of stack addresses: three characters, then four and five that continue one text.
        for (stack, stays) in [(0x7f0a_b164_7e20, true), (0x7f0a_6164_7e20, true), (0x7f20_6164_7e20, false)] {
            let words = [text, text, stack + 0x30, image + 0x10, text, text, stack + 0x40, text, 0, image + 0x20];
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let thread = Thread::new(1).stack(Stack::At(stack, bytes.len() as u32, 0)).context(cpu.context(0, stack));
            let dump = Dump::new().system_info(cpu.linux()).thread(thread).module(Module::new(image, 0x1000, "a"));
            let out = Redumped::of(&dump.memory(stack, &bytes).build(), "/mr");
            let facts = out.facts();
            let kept = facts.read(stack, bytes.len() as u64).chunks_exact(8).map(|word| word.try_into().unwrap());
            let kept: Vec<u64> = kept.map(u64::from_le_bytes).filter(|&word| word != 0).collect();
            // A frame pointer without a return address after it may be the end of the text.
            let frame = if stays { vec![stack + 0x30] } else { Vec::new() };
            assert_eq!(kept, [frame, vec![image + 0x10, image + 0x20]].concat(), "{cpu:?}, {stack:#x}");
        }
    }
}

/// Addresses outside all modules stay if the chain of frame pointers identifies them as return addresses.
fn frame_pointers_lead_to_generated_code() {
    let generated = 0x57b_285d;
    // Ebp, Rbp and X29 in Windows contexts.
    for (cpu, frame_pointer) in [(Cpu::X86, 180), (Cpu::AMD64, 160), (Cpu::ARM64, 240)] {
        let width = cpu.word as u64;
        let at = |number: u64| STACK + number * width;
        let (caller, outer, down) = (at(4), at(7), at(1));
        let secret = u64::from_le_bytes(*b"secret\0\0");
        let last = if width == 4 { 0 } else { secret };
        let words = [7, caller, generated, generated + 8, outer, generated + 16, generated + 24, down, last, 0x9999];
        let mut context = cpu.context(0, STACK);
        put(&mut context, frame_pointer, &at(1).to_le_bytes()[..cpu.word]);
        let build = |context: &[u8]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()[..cpu.word].to_vec()).collect();
            let thread = Thread::new(1).stack(Stack::At(STACK, bytes.len() as u32, 0)).context(context);
            Dump::new().system_info(cpu.windows()).thread(thread).memory(STACK, bytes)
        };
        let pointers = [caller, outer, down];
        let all = [caller, generated, outer, generated + 16, down];
        assert_eq!(kept(cpu, build(&context), &words), all, "{} bytes", cpu.word);
        // Without a frame pointer they cannot be identified.
        assert_eq!(kept(cpu, build(&cpu.context(0, STACK)), &words), pointers, "{} bytes", cpu.word);
    }
}

/// On systems other than Windows, the address of an exception is a memory address or a number.
fn no_window_is_kept_around_data() {
    const IMAGE: u64 = 0x9a_0000;
    const HEAP: u64 = 0x50_0000;
    for cpu in Cpu::ALL {
        for (system, window) in [(cpu.linux(), false), (cpu.windows(), true)] {
            let context = cpu.context(IMAGE + 0x1000, STACK);
            let exception = Exception { context: Part::Bytes(context), ..Exception::new(1, 11, HEAP + 0x800) };
            let dump = dump(cpu, system, 0, &[0]).exception(exception).module(Module::new(IMAGE, 0x2000, "a"));
            let source = dump.memory(HEAP, [7; 0x1000]).memory(IMAGE, [9; 0x2000]).build();
            let out = Redumped::of(&source, "/mr");
            let facts = out.facts();
            assert_eq!(facts.read(HEAP + 0x800, 1).len(), usize::from(window), "{cpu:?}");
            // The instruction pointer is that of an instruction on any system.
            assert_eq!(facts.read(IMAGE + 0x1000, 1).len(), 1, "{cpu:?}");
            // Without the filter, like the debugger.
            assert_eq!(Redumped::of(&source, "/m").facts().read(HEAP + 0x800, 1).len(), 1, "{cpu:?}");
        }
    }
}

/// A jump into data does not cause the data to be kept.
fn no_window_is_kept_where_nothing_can_run() {
    let cpu = Cpu::AMD64;
    const HEAP: u64 = 0x50_0000;
    for (protect, kept) in [(4, 0), (0x40, 1)] {
        let row = |base, protect| MemoryInfo { base, size: 0x1000, state: 0x1000, protect, ..MemoryInfo::default() };
        let dump = dump(cpu, cpu.windows(), HEAP + 0x800, &[0]).memory(HEAP, [7; 0x1000]);
        let source = dump.memory_info(row(HEAP, protect)).memory_info(row(0x60_0000, 0x20)).build();
        assert_eq!(Redumped::of(&source, "/mrF").facts().read(HEAP + 0x800, 1).len(), kept, "{protect:#x}");
    }
}
