//! With `r` and `s`, nothing that the process may have written counts as the identity of an image.

use libtest_mimic::Trial;

use super::{kept, places};
use crate::images::assembler::{BASE, DEBUG_AT, debug_entry, whole};
use crate::support::cpu::{Cpu, put};
use crate::support::image::{SIGNATURE_AT, TABLE_AT};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Module};

pub fn trials() -> Vec<Trial> {
    trials![sections_that_can_be_written_are_not_taken, rows_decide, nothing_is_taken_beyond_an_image]
}

const READ_ONLY: u32 = 0x4000_0040;
const DATA: u32 = 0xc000_0040;
/// After the image, but in reach of its headers.
const BEHIND: u64 = BASE + 0x1_0000;

/// The image with its parts in a section, followed by memory that one of its debug records refers to.
fn image(characteristics: u32) -> Vec<u8> {
    let mut image = whole(Cpu::AMD64);
    put(&mut image, TABLE_AT[0] + 8, &0xc00u32.to_le_bytes());
    put(&mut image, TABLE_AT[0] + 36, &characteristics.to_le_bytes());
    put(&mut image, SIGNATURE_AT + 6, &1u16.to_le_bytes());
    debug_entry(&mut image, DEBUG_AT, 13, 32, (BEHIND - BASE) as u32);
    image
}

fn dump(image: &[u8], rows: &[(u64, u64, u32, u32)]) -> Vec<u8> {
    let dump = Dump::new().system_info(Cpu::AMD64.windows()).module(Module::new(BASE, 0x7000, "a.dll"));
    let dump = rows.iter().fold(dump, |dump, &(base, size, protection, kind)| {
        dump.memory_info(MemoryInfo { protect: protection, kind, ..MemoryInfo::new(base, size) })
    });
    dump.memory(BASE, image).memory(BEHIND, [7; 0x100]).build()
}

/// Which of these are taken: headers, resources, debug records, and the memory after the image.
fn taken(source: &[u8], options: &str) -> [bool; 4] {
    let (parts, _) = kept(source, options);
    let has = |at: u64, size| parts.is_superset(&places(at, &[(0, size)]));
    [has(BASE, 0x400), has(BASE + 0x1400, 92), has(BASE + 0x1900, 33), has(BEHIND, 32)]
}

fn sections_that_can_be_written_are_not_taken() {
    for (characteristics, is_taken) in [(READ_ONLY, true), (0x6000_0020, true), (DATA, false), (0x8000_0040, false)] {
        let source = dump(&image(characteristics), &[]);
        assert_eq!(taken(&source, "/m --identify"), [true; 4]);
        for options in ["/mr --identify", "/ms --identify"] {
            assert_eq!(taken(&source, options), [true, is_taken, is_taken, false], "{characteristics:x} {options}");
        }
    }
    // A data section that overlaps the other one, and no section at all.
    let mut both = image(READ_ONLY);
    put(&mut both, SIGNATURE_AT + 6, &2u16.to_le_bytes());
    put(&mut both, TABLE_AT[0] + 40 + 8, &0x1000u32.to_le_bytes());
    put(&mut both, TABLE_AT[0] + 40 + 12, &0x1000u32.to_le_bytes());
    put(&mut both, TABLE_AT[0] + 40 + 36, &DATA.to_le_bytes());
    assert_eq!(taken(&dump(&both, &[]), "/mr --identify"), [true, false, false, false]);
    let mut none = image(READ_ONLY);
    put(&mut none, SIGNATURE_AT + 6, &0u16.to_le_bytes());
    assert_eq!(taken(&dump(&none, &[]), "/mr --identify"), [true, false, false, false]);
}

fn rows_decide() {
    const IMAGE: u32 = 0x100_0000;
    const PRIVATE: u32 = 0x2_0000;
    // Executable memory, so that the rows have meaningful protections.
    let code = (BASE + 0x10_0000, 0x1000, 0x20, IMAGE);
    for (protection, kind, is_taken) in [
        (0x02, IMAGE, true),
        (0x20, IMAGE, true),
        (0x04, IMAGE, false),
        (0x08, IMAGE, false),
        (0x40, IMAGE, false),
        (0x102, IMAGE, false),
        (0x02, PRIVATE, false),
        (0x20, PRIVATE, false),
    ] {
        let rows = [code, (BASE, 0x1000, 2, IMAGE), (BASE + 0x1000, 0x6000, protection, kind)];
        let source = dump(&image(READ_ONLY), &rows);
        assert_eq!(taken(&source, "/m --identify"), [true; 4]);
        assert_eq!(taken(&source, "/mr --identify"), [true, is_taken, is_taken, false], "{protection:x} {kind:x}");
        // An image that was loaded manually.
        let rows = [code, (BASE, 0x7000, protection, kind)];
        let found = taken(&dump(&image(READ_ONLY), &rows), "/mr --identify");
        assert_eq!(found, [is_taken, is_taken, is_taken, false], "{protection:x} {kind:x}");
    }
}

fn nothing_is_taken_beyond_an_image() {
    // The module ends before the debug records, whatever the sections say.
    let dump = Dump::new().system_info(Cpu::AMD64.windows()).module(Module::new(BASE, 0x1900, "a.dll"));
    let source = dump.memory(BASE, &image(READ_ONLY)[..]).memory(BEHIND, [7; 0x100]).build();
    assert_eq!(taken(&source, "/m --identify"), [true; 4]);
    assert_eq!(taken(&source, "/mr --identify"), [true, true, false, false]);
}
