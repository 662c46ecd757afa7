//! Mach-O images, in both widths and byte orders.

use libtest_mimic::Trial;
use userdump::read::ByteOrder;
use userdump::read::module::MachOImage;

use super::{kept, places, said};
use crate::support::cpu::Cpu;
use crate::support::forms::open;
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Bytes, Dump, Module, SystemInfo};

pub fn trials() -> Vec<Trial> {
    trials![load_commands_are_kept, uuids_are_read, what_is_not_sound_is_nothing]
}

const BASE: u64 = 0x1_0000_0000;
pub const UUID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const SHAPES: [(bool, bool); 4] = [(true, false), (false, false), (true, true), (false, true)];
/// The size of all commands: one of 16 bytes, the one with the UUID, one of 8 bytes.
const COMMANDS: u64 = 16 + 24 + 8;

const fn header(wide: bool) -> u64 {
    if wide { 32 } else { 28 }
}

fn image((wide, big_endian): (bool, bool)) -> Vec<u8> {
    let mut bytes = if big_endian { Bytes::big_endian() } else { Bytes::little_endian() };
    bytes.u32(if wide { 0xfeed_facf } else { 0xfeed_face }).u32(0x0100_000c).u32(0).u32(2).u32(3);
    bytes.u32(COMMANDS as u32).u32(0);
    if wide {
        bytes.u32(0);
    }
    bytes.u32(0x32).u32(16).u64(7).u32(0x1b).u32(24).raw(UUID).u32(0x26).u32(8);
    let mut bytes = bytes.finish();
    bytes.resize(0x1000, 0x11);
    bytes
}

/// Images with a UUID.
pub fn with_uuid() -> impl Iterator<Item = Vec<u8>> {
    SHAPES.into_iter().map(image)
}

fn dump(image: &[u8]) -> Vec<u8> {
    let system = SystemInfo { platform: 0x8101, ..Cpu::ARM64.linux() };
    Dump::new().system_info(system).module(Module::new(BASE, 0x1000, "/a")).memory(BASE, image).build()
}

fn load_commands_are_kept() {
    for shape in SHAPES {
        for options in ["/m --identify", "/mr --identify"] {
            let (parts, report) = kept(&dump(&image(shape)), options);
            assert_eq!(parts, places(BASE, &[(0, header(shape.0) + COMMANDS)]), "{shape:?}");
            assert_eq!(said(&report), [""; 0]);
        }
    }
}

fn uuids_are_read() {
    for shape in SHAPES {
        let source = dump(&image(shape));
        let small = Redumped::of(&source, "/m --identify").bytes;
        for bytes in [source, small] {
            let memory = open(&bytes).memory();
            let image = MachOImage::at(&memory, BASE).expect("it is valid");
            assert_eq!(image.uuid(), Some(UUID), "{shape:?}");
            let order = if shape.1 { ByteOrder::Big } else { ByteOrder::Little };
            assert_eq!((image.base(), image.is_64_bit(), image.byte_order()), (BASE, shape.0, order));
            assert_eq!(image.cpu_type(), 0x0100_000c);
        }
    }
}

fn what_is_not_sound_is_nothing() {
    for shape in SHAPES {
        let sound = image(shape);
        let uuid = |image: &[u8]| {
            let source = dump(image);
            let memory = open(&source).memory();
            MachOImage::at(&memory, BASE).map(|image| image.uuid())
        };
        let header = header(shape.0) as usize;
        let changed = |at: usize, bytes: &[u8]| {
            let mut image = sound.clone();
            image[at..at + bytes.len()].copy_from_slice(bytes);
            uuid(&image)
        };
        assert_eq!(changed(0, &[0; 4]), None);
        // No commands; a command without a size; one that extends past the last.
        assert_eq!(
            [changed(16, &[0; 4]), changed(header + 4, &[0; 4]), changed(header + 4, &[0x11; 4])],
            [Some(None); 3]
        );
        for size in 0..header + 40 {
            assert_eq!(uuid(&sound[..size]).flatten(), None, "{shape:?} of {size} bytes");
        }
        assert_eq!(uuid(&sound[..header + 40]), Some(Some(UUID)));
    }
}
