//! Sections of modules on Linux, taken from the mappings of their files.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern};
use crate::support::image::{DATA, headers};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, Module, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        each_letter_takes_its_mappings,
        a_file_is_found_at_the_base_and_not_by_the_name,
        mappings_that_are_not_modules_are_left_out,
        memory_information_beside_the_mappings_changes_nothing,
        both_parts_of_a_mapping_with_a_hole_are_kept,
        addresses_of_32_bits_are_compared_in_32_bits,
        without_mappings_there_are_no_sections,
    ]
}

const LINUX_MAPS: u32 = 0x4767_0009;
const MAPS: &str = "\
400000-401000 r--p 00000000 08:01 7    /usr/bin/app
401000-403000 r-xp 00001000 08:01 7    /usr/bin/app
403000-404000 rw-p 00003000 08:01 7    /usr/bin/app
404000-405000 rw-p 00000000 00:00 0 
500000-502000 r-xp 00000000 08:01 8    /lib/libc-2.31.so (deleted)
502000-503000 rwxp 00002000 08:01 8    /lib/libc-2.31.so (deleted)
600000-601000 rw-s 00000000 08:01 9    /home/user/data
7000000-7001000 rw-p 00000000 00:00 0  [heap]
";
const APP: u64 = 0x40_0000;
const LIBRARY: u64 = 0x50_0000;

fn linux(cpu: Cpu, maps: &'static str) -> Dump {
    let dump = Dump::new().system_info(cpu.linux()).thread(Thread::new(1)).raw(LINUX_MAPS, maps);
    let memory = |dump: Dump, start| dump.memory(start, pattern(start, 0x8000));
    [APP, LIBRARY, 0x60_0000, 0x700_0000].into_iter().fold(dump, memory)
}

fn check(dump: impl Fn() -> Dump, options: &str, expected: &[(u64, u64)]) {
    let out = Redumped::of(&dump().build(), options);
    assert_eq!(hex(&out.ranges()), hex(expected), "{options}");
    out.assert_memory(expected);
}

fn each_letter_takes_its_mappings() {
    for cpu in Cpu::ALL {
        let dump = || linux(cpu, MAPS).module(Module::new(APP, 0x4000, "/usr/bin/app"));
        check(dump, "/m", &[]);
        check(dump, "/md", &[(0x40_3000, 0x1000)]);
        check(dump, "/mc", &[(0x40_1000, 0x2000)]);
        check(dump, "/mcd", &[(0x40_1000, 0x3000)]);
        // Memory that is both writable and executable is both data and code.
        let dump = || dump().module(Module::new(LIBRARY, 0x3000, "/lib/libc-2.31.so"));
        check(dump, "/md", &[(0x40_3000, 0x1000), (0x50_2000, 0x1000)]);
        check(dump, "/mc", &[(0x40_1000, 0x2000), (0x50_0000, 0x3000)]);
    }
}

fn a_file_is_found_at_the_base_and_not_by_the_name() {
    for (base, expected) in [
        (LIBRARY, vec![(0x50_2000, 0x1000)]),
        (LIBRARY + 0x1234, vec![(0x50_2000, 0x1000)]),
        (LIBRARY + 0x2fff, vec![(0x50_2000, 0x1000)]),
        (LIBRARY + 0x3000, vec![]),
        (LIBRARY - 1, vec![]),
        (0, vec![]),
        (u64::MAX, vec![]),
    ] {
        check(|| linux(Cpu::AMD64, MAPS).module(Module::new(base, 0, "/usr/bin/app")), "/md", &expected);
    }
}

fn mappings_that_are_not_modules_are_left_out() {
    let modules = |base| move || linux(Cpu::AMD64, MAPS).module(Module::new(base, 0x1000, "[heap]"));
    check(modules(0x700_0000), "/mcd", &[]);
    check(modules(0x40_4000), "/mcd", &[]);
    check(|| linux(Cpu::AMD64, MAPS), "/mcd", &[]);
}

/// minidump-writer derives such entries from the mappings, and writes both.
fn memory_information_beside_the_mappings_changes_nothing() {
    let row = || crate::synth::MemoryInfo::new(APP, 0x8000);
    check(
        || linux(Cpu::AMD64, MAPS).module(Module::new(APP, 0, "a")).memory_info(row()),
        "/md",
        &[(0x40_3000, 0x1000)],
    );
}

fn both_parts_of_a_mapping_with_a_hole_are_kept() {
    let dump = || {
        let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).raw(LINUX_MAPS, MAPS);
        let dump = dump.module(Module::new(APP, 0x4000, "a")).memory(0x40_0f00, pattern(0x40_0f00, 0x200));
        dump.memory(0x40_2f00, pattern(0x40_2f00, 0x80))
    };
    check(dump, "/mc", &[(0x40_1000, 0x100), (0x40_2f00, 0x80)]);
}

fn addresses_of_32_bits_are_compared_in_32_bits() {
    const HIGH: &str = "f0000000-f0002000 rw-p 00000000 08:01 7  /usr/bin/app\n";
    for base in [0xf000_0000, 0xffff_ffff_f000_0000] {
        let dump = || linux(Cpu::X86, HIGH).module(Module::new(base, 0x2000, "a"));
        check(|| dump().memory(0xf000_0000, pattern(0xf000_0000, 0x1000)), "/md", &[(0xf000_0000, 0x1000)]);
    }
}

/// On other systems, headers of Windows images are not looked for either.
fn without_mappings_there_are_no_sections() {
    let image = headers(Cpu::AMD64, &[("d", 0x1000, 0x100, DATA)]);
    for platform in [0x8201, 0x8101, 0x8102, 0x8203] {
        let dump = || {
            let system = SystemInfo { platform, ..Cpu::AMD64.windows() };
            let dump = Dump::new().system_info(system).thread(Thread::new(1)).module(Module::new(APP, 0x8000, "a"));
            dump.memory(APP, [&image[..], &pattern(APP + 0x1000, 0x1000)].concat())
        };
        check(dump, "/mcd", &[]);
    }
}
