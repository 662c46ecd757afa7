//! ELF images, in both widths and byte orders.

use libtest_mimic::Trial;
use userdump::read::ByteOrder;
use userdump::read::module::ElfImage;

use super::{kept, places, said};
use crate::support::cpu::Cpu;
use crate::support::forms::open;
use crate::support::trials;
use crate::synth::{Bytes, Dump, Module};

pub fn trials() -> Vec<Trial> {
    trials![headers_and_notes_are_kept, build_ids_are_read, what_is_not_sound_is_nothing]
}

const BASE: u64 = 0x40_0000;
/// The address that the file gives its first byte.
const LINKED: u64 = 0x1_0000;
const NOTES_AT: u64 = 0x300;
pub const ID: [u8; 20] = [0xb1; 20];

#[derive(Clone, Copy, Debug)]
struct Shape {
    wide: bool,
    big_endian: bool,
}

const SHAPES: [Shape; 4] = [
    Shape { wide: true, big_endian: false },
    Shape { wide: false, big_endian: false },
    Shape { wide: true, big_endian: true },
    Shape { wide: false, big_endian: true },
];

/// A program header: type, flags, offset, size.
type Segment = (u32, u32, u64, u64);

impl Shape {
    fn bytes(self) -> Bytes {
        if self.big_endian { Bytes::big_endian() } else { Bytes::little_endian() }
    }

    const fn header(self) -> [u64; 2] {
        if self.wide { [64, 56] } else { [52, 32] }
    }

    fn image(self, segments: &[Segment], notes: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes();
        let [header, step] = self.header();
        bytes.raw([0x7f, b'E', b'L', b'F', if self.wide { 2 } else { 1 }, if self.big_endian { 2 } else { 1 }, 1]);
        bytes.raw([0; 9]);
        bytes.u16(3).u16(62).u32(1);
        let word = |bytes: &mut Bytes, value: u64| {
            if self.wide {
                bytes.u64(value)
            } else {
                bytes.u32(value as u32)
            };
        };
        for value in [0, header, 0] {
            word(&mut bytes, value);
        }
        bytes.u32(0).u16(header as u16).u16(step as u16).u16(segments.len() as u16).u16(0).u16(0).u16(0);
        for &(kind, flags, position, size) in segments {
            bytes.u32(kind);
            if self.wide {
                bytes.u32(flags);
            }
            for value in [position, LINKED + position, LINKED + position, size, size] {
                word(&mut bytes, value);
            }
            if !self.wide {
                bytes.u32(flags);
            }
            word(&mut bytes, 4);
        }
        let mut bytes = bytes.finish();
        bytes.resize(NOTES_AT as usize, 0);
        bytes.extend(notes);
        bytes.resize(0x1000, 0);
        bytes
    }

    /// A note with another owner, and the note with the build ID.
    fn notes(self) -> Vec<u8> {
        let mut bytes = self.bytes();
        bytes.u32(5).u32(2).u32(3).raw(b"Else\0\0\0\0").raw([1, 2, 0, 0]);
        bytes.u32(4).u32(ID.len() as u32).u32(3).raw(b"GNU\0").raw(ID);
        bytes.finish()
    }
}

/// Executable code, data, notes, and an unknown segment.
const SEGMENTS: [Segment; 4] =
    [(1, 5, 0, 0x800), (1, 6, 0x800, 0x400), (4, 4, NOTES_AT, 24 + 36), (0x6474_e550, 4, 0x400, 0x40)];

/// Images with a build ID, each with a flag that is true for big-endian.
pub fn with_build_id() -> impl Iterator<Item = (Vec<u8>, bool)> {
    SHAPES.into_iter().map(|shape| (shape.image(&SEGMENTS, &shape.notes()), shape.big_endian))
}

fn dump(image: &[u8]) -> Vec<u8> {
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).module(Module::new(BASE, 0x1000, "/lib/libc.so.6"));
    dump.memory(BASE, image).build()
}

fn headers_and_notes_are_kept() {
    for shape in SHAPES {
        let source = dump(&shape.image(&SEGMENTS, &shape.notes()));
        let [header, step] = shape.header();
        let (parts, report) = kept(&source, "/m --identify");
        assert_eq!(parts, places(BASE, &[(0, header), (header, 4 * step), (NOTES_AT, 60)]), "{shape:?}");
        assert_eq!(said(&report), [""; 0]);
        // With `r`, writable memory is not taken: here a segment of notes within data.
        let mut segments = SEGMENTS;
        segments[2] = (4, 4, 0x900, 16);
        let source = dump(&shape.image(&segments, &[]));
        assert!(kept(&source, "/m --identify").0.is_superset(&places(BASE, &[(0x900, 16)])));
        assert_eq!(kept(&source, "/mr --identify").0, places(BASE, &[(0, header), (header, 4 * step)]), "{shape:?}");
    }
}

fn build_ids_are_read() {
    for shape in SHAPES {
        let source = dump(&shape.image(&SEGMENTS, &shape.notes()));
        let memory = open(&source).memory();
        let image = ElfImage::at(&memory, BASE).expect("it is valid");
        assert_eq!(image.build_id().as_deref(), Some(&ID[..]), "{shape:?}");
        let order = if shape.big_endian { ByteOrder::Big } else { ByteOrder::Little };
        assert_eq!(
            (image.base(), image.machine(), image.is_64_bit(), image.byte_order()),
            (BASE, 62, shape.wide, order)
        );
        // What remains after a small re-encoding is enough.
        let small = crate::support::redumped::Redumped::of(&source, "/m --identify").bytes;
        let memory = open(&small).memory();
        assert_eq!(ElfImage::at(&memory, BASE).and_then(|image| image.build_id()).as_deref(), Some(&ID[..]));
    }
}

fn what_is_not_sound_is_nothing() {
    for shape in SHAPES {
        let sound = shape.image(&SEGMENTS, &shape.notes());
        let build_id = |image: &[u8]| {
            let source = dump(image);
            let memory = open(&source).memory();
            ElfImage::at(&memory, BASE).map(|image| image.build_id())
        };
        let changed = |at: usize, byte: u8| {
            let mut image = sound.clone();
            image[at] = byte;
            build_id(&image)
        };
        let [header, step] = shape.header().map(|size| size as usize);
        // Signature, width, byte order.
        assert_eq!([changed(0, 0), changed(3, 0), changed(4, 3), changed(5, 0)], [None, None, None, None]);
        // The owner, the type, a size beyond the segment, the type of the segment.
        let note = NOTES_AT as usize + 24;
        let low = |at: usize| if shape.big_endian { at + 3 } else { at };
        let high = |at: usize| if shape.big_endian { at } else { at + 3 };
        let broken =
            [changed(note + 12, b'X'), changed(low(note + 8), 4), changed(high(note + 4), 0xff), changed(low(note), 5)];
        assert_eq!(broken, [Some(None), Some(None), Some(None), Some(None)], "{shape:?}");
        assert_eq!(changed(low(header + 2 * step), 9), Some(None));
        // Truncated at any offset, it returns nothing that is not there.
        for size in 0..NOTES_AT as usize + 60 {
            let found = build_id(&sound[..size]);
            assert_eq!(found.is_some(), size >= header, "{shape:?} of {size} bytes");
            assert_eq!(found.flatten(), None, "{shape:?} of {size} bytes");
        }
        assert_eq!(build_id(&sound[..NOTES_AT as usize + 60]), Some(Some(ID.to_vec())));
    }
}
