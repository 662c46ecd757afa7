//! The image that Linux shares with all processes.

use libtest_mimic::Trial;
use userdump::redump::{Engine, Options};

use crate::support::cpu::{Cpu, pattern};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![it_is_in_every_small_dump, nothing_else_is_taken_for_it, a_part_of_the_image_is_kept]
}

const IMAGE: u64 = 0x77f0_0000;
const SIZE: u64 = 0x2000;

fn image() -> Vec<u8> {
    [b"\x7fELF".as_slice(), &pattern(IMAGE + 4, SIZE - 4)].concat()
}

fn dump(system: SystemInfo, line: &str, image: &[u8]) -> Vec<u8> {
    let maps = format!("400000-401000 r-xp 00000000 08:01 7 /usr/bin/app\n{line}\n");
    let dump = Dump::new().system_info(system).thread(Thread::new(1)).raw(0x4767_0009, maps);
    dump.memory(0x40_0000, image).memory(IMAGE, image).build()
}

/// Checks that the image is the only memory of the result.
fn check(source: &[u8], options: &str, image: &[u8]) {
    let out = Redumped::of(source, options);
    assert_eq!(hex(&out.ranges()), hex(&[(IMAGE, image.len() as u64)]), "{options}");
    assert!(out.facts().read(IMAGE, SIZE) == image, "{options}");
}

const LINE: &str = "77f00000-77f02000 r-xp 00000000 00:00 0                          [vdso]";

fn it_is_in_every_small_dump() {
    for cpu in Cpu::ALL {
        let source = dump(cpu.linux(), LINE, &image());
        for options in ["/m", "/mi", "/mp", "/mr", "/mR", "/ms"] {
            check(&source, options, &image());
        }
        let of_2017 = Options::parse_as(Engine::V2017, "/m").expect("it is known");
        assert_eq!(Redumped::with(&source, &of_2017).ranges(), []);
    }
}

fn nothing_else_is_taken_for_it() {
    let cpu = Cpu::AMD64;
    let mut text = image();
    text[0] = 0;
    assert_eq!(Redumped::of(&dump(cpu.linux(), LINE, &text), "/m").ranges(), [], "without the first byte");
    assert_eq!(Redumped::of(&dump(cpu.windows(), LINE, &image()), "/m").ranges(), [], "of Windows");
    for line in [
        "77f00000-77f02000 r-xp 00000000 08:01 9 [vdso]",
        "77f00000-77f02000 r-xp 00000000 00:00 0 [vvar]",
        "77f00000-77f02000 rwxp 00000000 00:00 0 [vdso]",
        "77f00000-77f02000 r--p 00000000 00:00 0 [vdso]",
        "77f00000-77f11000 r-xp 00000000 00:00 0 [vdso]",
        "77f01000-77f02000 r-xp 00000000 00:00 0 [vdso]",
        "88f00000-88f02000 r-xp 00000000 00:00 0 [vdso]",
        "",
    ] {
        assert_eq!(Redumped::of(&dump(cpu.linux(), line, &image()), "/m").ranges(), [], "{line}");
    }
}

fn a_part_of_the_image_is_kept() {
    let source = dump(Cpu::AMD64.linux(), LINE, &image()[..0x1234]);
    check(&source, "/mr", &image()[..0x1234]);
}
