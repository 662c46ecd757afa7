//! Full user dumps made to break the re-encoder: its cost depends on the size of the file, not on its claims.

use libtest_mimic::Trial;
use userdump::redump::{Options, redump};
use userdump::{Dump, RedumpError};

use crate::images::assembler;
use crate::resources::{Count, measure};
use crate::support::cpu::{Cpu, pattern, put};
use crate::support::trials;
use crate::synth::{UserDump, UserEvent, UserModule, UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        every_truncation,
        every_word_of_the_header,
        modules_that_share_an_image,
        modules_without_number,
        regions_that_overlap,
        lists_of_the_loader_that_go_in_circles,
    ]
}

const OPTIONS: [&str; 4] = ["/f", "/m", "/mcdFhiptuw", "/mA"];

/// A small process with a stack, environment blocks and an image.
fn small(wide: bool) -> Vec<u8> {
    let (dump, cpu) = if wide { (UserDump::wide(), Cpu::AMD64) } else { (UserDump::narrow(), Cpu::X86) };
    let context = cpu.context(0x40_1010, 0x7010);
    let thread = UserThread { id: 1, teb: 0x9000, context, ..UserThread::default() };
    let event = UserEvent { process: 7, thread: 1, code: 5, address: 0x40_1010, ..UserEvent::default() };
    let mut block = cpu.teb(0x8000, 0x7000);
    block.resize(0x40, 0x55);
    let dump = dump.event(event).thread(thread).module(0x40_0000, 0x200, "a.exe").module(0x50_0000, 9, "C:\\b.dll");
    let dump = dump.memory(0x7000, pattern(0x7000, 0x40)).memory(0x9000, block);
    dump.memory(0x40_0000, [b"MZ".as_slice(), &pattern(2, 0x7e)].concat()).service_pack("1").build()
}

/// Limits for the output and for peak memory, as multiples of the file size. A module takes as few as 13 bytes; in a
/// minidump it takes 108 and a string, and several records in memory during planning.
const OUTPUT: u64 = 10;
const PEAK: usize = 64;
const LITTLE: usize = 256 * 1024;

/// Re-encodes, twice where possible; memory use stays in proportion to the file.
fn survives(what: &str, file: &[u8], options: &str) {
    let Ok(dump) = Dump::parse(file) else { return };
    let options: Options = options.parse().expect("the options are known");
    let mut sink = Count::default();
    let (result, spent) = measure(|| redump(&dump, &options, &mut sink));
    assert!(spent.peak <= PEAK * file.len() + LITTLE, "{what}: {} bytes, {options}: {spent:?}", file.len());
    match result {
        Err(error) => assert!(!matches!(error, RedumpError::Write(_)) || sink.0 == 0, "{what}: {error}"),
        Ok(report) => {
            assert_eq!(report.size, sink.0, "{what}");
            assert!(sink.0 <= OUTPUT * file.len() as u64 + LITTLE as u64, "{what}: {} bytes of {}", sink.0, file.len());
            let mut out = Vec::new();
            redump(&dump, &options, &mut out).expect("it succeeded before");
            let mut again = Vec::new();
            let second = Dump::parse(&out).expect("what is written can be read");
            redump(&second, &options, &mut again).unwrap_or_else(|error| panic!("{what}, {options}: {error}"));
            assert!(again == out, "{what}: a second pass with {options} changes the dump");
        }
    }
}

fn every_truncation() {
    for wide in [false, true] {
        let file = small(wide);
        for size in 0..file.len() {
            survives(&format!("{size} of {} bytes", file.len()), &file[..size], OPTIONS[size % OPTIONS.len()]);
        }
    }
}

fn every_word_of_the_header() {
    for wide in [false, true] {
        let file = small(wide);
        let size = file.len() as u32;
        for at in (8..if wide { 96 } else { 64 }).step_by(4) {
            for value in [0, 1, 2, 7, 0x60, size - 1, size, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, u32::MAX] {
                let mut changed = file.clone();
                put(&mut changed, at, &value.to_le_bytes());
                for options in OPTIONS {
                    survives(&format!("{value:#x} at {at}, wide: {wide}"), &changed, options);
                }
            }
        }
    }
}

/// A dump of many modules with the same base.
fn modules(wide: bool, count: usize, name: &[u8]) -> UserDump {
    let mut dump = if wide { UserDump::wide() } else { UserDump::narrow() };
    dump.modules = vec![UserModule { base: assembler::BASE, size: 0x1000, name: name.to_vec() }; count];
    dump
}

fn modules_that_share_an_image() {
    for (wide, cpu) in [(false, Cpu::X86), (true, Cpu::AMD64)] {
        let mut image = assembler::whole(cpu);
        let size = 0x2_0000;
        image.resize(0x4000 + size, 0x41);
        put(&mut image, 0x4000, &crate::synth::rsds([1; 16], 2, "x"));
        image[0x4000 + 24..].fill(0x41);
        assembler::debug_entry(&mut image, assembler::CODE_VIEW_ENTRY_AT, 2, size as u32, 0);
        put(&mut image, assembler::CODE_VIEW_ENTRY_AT + 20, &0x4000u32.to_le_bytes());
        let file = modules(wide, 1000, b"m\0").memory(assembler::BASE, &image).build();
        for options in OPTIONS {
            survives("a record of 128 KiB", &file, options);
        }
    }
}

fn modules_without_number() {
    for wide in [false, true] {
        let file = modules(wide, 100_000, b"\0").memory(0x1000, [1; 16]).build();
        for options in ["/f", "/m"] {
            survives("100,000 modules", &file, options);
        }
    }
}

fn regions_that_overlap() {
    for wide in [false, true] {
        let mut dump = if wide { UserDump::wide() } else { UserDump::narrow() };
        for index in 0..1000 {
            let at = 0x1_0000 + (index * 37 % 500) * 0x40;
            dump = dump.region(UserRegion::new(at, pattern(at + index, 0x100)));
        }
        // An entry that claims everything, and one at the end of the address space.
        let last = if wide { u64::MAX } else { u32::MAX.into() };
        dump = dump.region(UserRegion { size: last, ..UserRegion::new(0, []) });
        let file = dump.region(UserRegion { size: 0x1000, ..UserRegion::new(last - 7, [7; 64]) }).build();
        for options in OPTIONS {
            survives("regions", &file, options);
        }
    }
}

/// Environment blocks that lead to a list whose only entry is its own successor, with a name of maximum length.
fn lists_of_the_loader_that_go_in_circles() {
    for (wide, word) in [(false, 4), (true, 8)] {
        let pointer = |bytes: &mut Vec<u8>, at: usize, to: u64| put(bytes, at, &to.to_le_bytes()[..word]);
        let mut block = vec![0; 0x1000];
        // Thread block at 0x10000, process block at +0x200, loader at +0x400, entry at +0x500, name at 0x20000.
        let positions = if wide { [0x60, 0x18, 0x10, 0x30, 0x48] } else { [0x30, 0xc, 0xc, 0x18, 0x24] };
        pointer(&mut block, positions[0], 0x1_0200);
        pointer(&mut block, 0x200 + positions[1], 0x1_0400);
        pointer(&mut block, 0x400 + positions[2], 0x1_0500);
        pointer(&mut block, 0x500, 0x1_0500);
        pointer(&mut block, 0x500 + positions[3], assembler::BASE);
        put(&mut block, 0x500 + positions[4], &0xfffeu16.to_le_bytes());
        pointer(&mut block, 0x500 + positions[4] + word, 0x2_0000);
        let mut name: Vec<u8> = [b'x', 0].repeat(0x7ffd);
        name.extend(b"\\\0m\0");
        let cpu = if wide { Cpu::AMD64 } else { Cpu::X86 };
        let thread = UserThread { id: 1, teb: 0x1_0000, context: cpu.context(0, 0), ..UserThread::default() };
        let file = modules(wide, 10_000, b"m\0").thread(thread).memory(0x1_0000, block).memory(0x2_0000, name).build();
        for options in OPTIONS {
            survives("a loader's list", &file, options);
        }
    }
}
