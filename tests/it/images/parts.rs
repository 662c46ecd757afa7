//! The parts of every image, and where they may be.

use libtest_mimic::Trial;
use userdump::format::module::SectionCharacteristics;
use userdump::read::module::{CodeView, Image};
use userdump::{Minidump, read::ByteOrder};

use super::assembler::*;
use crate::support::cpu::{Cpu, put};
use crate::support::forms::{in_every_form, open};
use crate::support::image::{SIGNATURE_AT, TABLE_AT};
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        an_image_has_all_its_parts,
        a_code_view_record_can_be_taken_apart,
        what_is_not_an_image_is_absent,
        machine_and_width_need_not_be_those_of_the_dump,
        an_optional_header_has_what_it_has_room_for,
        data_directories_are_as_many_as_the_header_says,
        a_truncated_part_is_absent,
        parts_may_cross_ranges,
        sections_end_where_a_header_is_missing,
        addresses_do_not_wrap_around,
        addresses_of_32_bits_are_compared_in_32_bits,
        an_image_prints_what_it_is,
    ]
}

/// The headers of images are little-endian in dumps of either byte order.
fn an_image_has_all_its_parts() {
    for cpu in Cpu::ALL {
        in_every_form(
            |_| Dump::new().system_info(cpu.windows()).memory(BASE, whole(cpu)),
            |dump, _| {
                let memory = dump.memory();
                let image = Image::at(&memory, BASE).expect("it is valid");
                assert_eq!(
                    (image.base(), image.machine().0, image.is_64_bit()),
                    (BASE, machine(cpu).into(), cpu.word == 8)
                );
                assert_eq!(image.time_date_stamp(), TIME);
                assert_eq!(Parts::of(&image), Parts::whole(), "{cpu:?}");
                let sections: Vec<_> = image.sections().collect();
                let [text, data] = sections.as_slice() else { panic!("{sections:?}") };
                assert_eq!((&text.name, text.virtual_address, text.virtual_size), (b".text\0\0\0", 0x1000, 0x234));
                assert_eq!((&data.name, data.virtual_address, data.virtual_size), (b"8letters", 0x3000, 0x345));
                assert_eq!([text.characteristics.bits(), data.characteristics.bits()], [0x6000_0020, 0xc000_0040]);
                let named = [
                    SectionCharacteristics::CODE | SectionCharacteristics::EXECUTE | SectionCharacteristics::READ,
                    SectionCharacteristics::INITIALIZED_DATA
                        | SectionCharacteristics::READ
                        | SectionCharacteristics::WRITE,
                ];
                assert_eq!([text.characteristics, data.characteristics], named);
            },
        );
    }
}

fn a_code_view_record_can_be_taken_apart() {
    in_every_form(
        |_| Dump::new().memory(BASE, whole(Cpu::AMD64)),
        |dump, _| {
            let memory = dump.memory();
            let record = Image::at(&memory, BASE).expect("it is valid").code_view_record().expect("it is present");
            match CodeView::new(&record, ByteOrder::Little) {
                CodeView::Pdb70 { header, path } => {
                    assert_eq!(header.signature.to_string(), "07070707-0707-0707-0707-070707070707");
                    assert_eq!((header.age, path), (3, b"C:\\a.pdb".as_slice()));
                }
                other => panic!("{other:?}"),
            }
        },
    );
    // The letters are not swapped, but the numbers after them are.
    match CodeView::new(&code_view(), ByteOrder::Big) {
        CodeView::Pdb70 { header, .. } => assert_eq!(header.age, 0x0300_0000),
        other => panic!("{other:?}"),
    }
}

fn what_is_not_an_image_is_absent() {
    type Change = fn(&mut Vec<u8>);
    let changes: [Change; 9] = [
        |it| put(it, 0, b"ZM"),
        |it| put(it, SIGNATURE_AT, b"NE\0\0"),
        |it| put(it, SIGNATURE_AT, b"PE\0\x01"),
        |it| put(it, OPTIONAL_AT, &[0, 0]),
        // The optional header of a ROM image.
        |it| put(it, OPTIONAL_AT, &0x107u16.to_le_bytes()),
        |it| put(it, 0x3c, &0x1000u32.to_le_bytes()),
        |it| put(it, 0x3c, &u32::MAX.to_le_bytes()),
        |it| it.truncate(63),
        |it| it.truncate(OPTIONAL_AT + 1),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut image = whole(Cpu::AMD64);
        change(&mut image);
        assert_eq!(parts(&image), None, "change {number}");
    }
    let bytes = Dump::new().memory(BASE, whole(Cpu::AMD64)).build();
    for base in [0, BASE - 1, BASE + 1, BASE + 0x1c00, u64::MAX] {
        assert_eq!(parts_at(&open(&bytes), base), None, "{base:#x}");
    }
}

fn machine_and_width_need_not_be_those_of_the_dump() {
    for dumped in Cpu::ALL {
        for cpu in Cpu::ALL {
            let bytes = Dump::new().system_info(dumped.windows()).memory(BASE, whole(cpu)).build();
            assert_eq!(parts_at(&open(&bytes), BASE), Some(Parts::whole()), "{cpu:?} in {dumped:?}");
        }
    }
    // A machine without a name.
    let mut image = whole(Cpu::AMD64);
    put(&mut image, SIGNATURE_AT + 4, &[0xff; 2]);
    let bytes = Dump::new().memory(BASE, image).build();
    let memory = open(&bytes).memory();
    assert_eq!(Image::at(&memory, BASE).map(|image| image.machine().0), Some(0xffff));
}

/// The section headers follow the optional header, so its size moves them.
fn an_optional_header_has_what_it_has_room_for() {
    for cpu in Cpu::ALL {
        let directories = directories_at(cpu) - OPTIONAL_AT;
        for (size, which) in [
            (2, 0),
            (59, 0),
            (60, 1),
            (67, 1),
            (68, 2),
            (directories + 8 * 2 + 7, 2),
            (directories + 8 * 3, 3),
            (directories + 8 * 6 + 7, 3),
            (directories + 8 * 7, 4),
        ] {
            let mut image = whole(cpu);
            put(&mut image, SIGNATURE_AT + 20, &(size as u16).to_le_bytes());
            let bytes = Dump::new().system_info(cpu.windows()).memory(BASE, image).build();
            let whole = Parts::whole();
            let expected = Parts {
                size: whole.size.filter(|_| which >= 1),
                checksum: whole.checksum.filter(|_| which >= 2),
                version: whole.version.filter(|_| which >= 3),
                code_view: whole.code_view.filter(|_| which >= 4),
                misc: whole.misc.filter(|_| which >= 4),
                sections: 2,
            };
            assert_eq!(parts_at(&open(&bytes), BASE), Some(expected), "{cpu:?}, {size} bytes");
        }
    }
}

fn data_directories_are_as_many_as_the_header_says() {
    for cpu in Cpu::ALL {
        for count in [0u32, 2, 3, 6, 7, 16, 17, u32::MAX] {
            let mut image = whole(cpu);
            numbers(&mut image, directories_at(cpu) - 4, &[count]);
            let bytes = Dump::new().system_info(cpu.windows()).memory(BASE, image).build();
            let found = parts_at(&open(&bytes), BASE).expect("it is valid");
            let held = [found.version.is_some(), found.code_view.is_some(), found.misc.is_some()];
            assert_eq!(held, [count > 2, count > 6, count > 6], "{cpu:?}, {count} entries");
        }
    }
    // Without an RVA there is no directory.
    let [none, half] = [2, 6].map(|index| changed(|it| numbers(it, directories_at(Cpu::AMD64) + 8 * index, &[0])));
    assert_eq!(none, Parts { version: None, ..Parts::whole() });
    assert_eq!(half, Parts { code_view: None, misc: None, ..Parts::whole() });
}

/// Each part is found once its last byte is present.
fn a_truncated_part_is_absent() {
    let (whole, all) = (whole(Cpu::AMD64), Parts::whole());
    let [sections, code_view, misc] = [TABLE_AT[0], CODE_VIEW_AT, MISC_AT];
    let [code_view, misc] =
        [code_view + all.code_view.as_ref().unwrap().len(), misc + all.misc.as_ref().unwrap().len()];
    let ends = [OPTIONAL_AT + 60, OPTIONAL_AT + 68, sections + 40, sections + 80, VERSION_END, code_view, misc];
    let mut held = Vec::new();
    for end in ends {
        for size in [end - 1, end] {
            let there = |end: usize| size >= end;
            let expected = Parts {
                size: all.size.filter(|_| there(ends[0])),
                checksum: all.checksum.filter(|_| there(ends[1])),
                sections: usize::from(there(ends[2])) + usize::from(there(ends[3])),
                version: all.version.filter(|_| there(ends[4])),
                code_view: all.code_view.clone().filter(|_| there(ends[5])),
                misc: all.misc.clone().filter(|_| there(ends[6])),
            };
            assert_eq!(parts(&whole[..size]).as_ref(), Some(&expected), "{size:#x} bytes");
            held.push(expected);
        }
    }
    assert_eq!(held.first(), Some(&Parts::default()));
    assert_eq!(held.last(), Some(&all));
}

/// Ranges that are adjacent in the process, but not in the file.
fn parts_may_cross_ranges() {
    let image = whole(Cpu::AMD64);
    for cut in (1..0x1c0).chain(0x1000..0x1c00) {
        let dump = Dump::new().memory(BASE + cut as u64, &image[cut..]).memory(BASE, &image[..cut]);
        let bytes = dump.build();
        assert_eq!(parts_at(&Minidump::parse(&bytes).unwrap(), BASE), Some(Parts::whole()), "cut at {cut:#x}");
    }
}

fn sections_end_where_a_header_is_missing() {
    let mut image = whole(Cpu::AMD64);
    put(&mut image, SIGNATURE_AT + 6, &[0xff; 2]);
    let there = (image.len() - TABLE_AT[0]) / 40;
    assert_eq!(parts(&image).expect("it is valid").sections, there);
    assert_eq!(changed(|it| put(it, SIGNATURE_AT + 6, &[0; 2])).sections, 0);
}

fn addresses_do_not_wrap_around() {
    for (cpu, base) in [(Cpu::AMD64, u64::MAX - 0xfff), (Cpu::X86, 0xffff_f000), (Cpu::X86, u64::MAX - 0xfff)] {
        let image = whole(cpu);
        // Everything but the headers is at addresses that would wrap.
        let dump = Dump::new().system_info(cpu.windows()).memory(base, &image[..0x1000]).memory(0, &image[0x1000..]);
        let expected = Parts { version: None, code_view: None, misc: None, ..Parts::whole() };
        assert_eq!(parts_at(&open(&dump.build()), base), Some(expected), "{base:#x}");
    }
    // The headers themselves, of which only the first is below the end.
    let mut image = whole(Cpu::AMD64);
    put(&mut image, 0x3c, &0x40u32.to_le_bytes());
    let moved = image[SIGNATURE_AT..0x1000].to_vec();
    let dump = Dump::new().memory(u64::MAX - 0x3f, &image[..0x40]).memory(0, moved);
    assert_eq!(parts_at(&open(&dump.build()), u64::MAX - 0x3f), None);
}

fn addresses_of_32_bits_are_compared_in_32_bits() {
    let forms = [0xa000_0000, 0xffff_ffff_a000_0000];
    for (asked, held) in forms.iter().flat_map(|asked| forms.map(|held| (*asked, held))) {
        let bytes = Dump::new().system_info(Cpu::X86.windows()).memory(held, whole(Cpu::X86)).build();
        let memory = open(&bytes).memory();
        let image = Image::at(&memory, asked).expect("it is valid");
        assert_eq!((image.base(), Parts::of(&image)), (0xa000_0000, Parts::whole()));
    }
}

fn an_image_prints_what_it_is() {
    let bytes = Dump::new().memory(BASE, whole(Cpu::ARM64)).build();
    let memory = open(&bytes).memory();
    assert_eq!(format!("{:?}", Image::at(&memory, BASE)), "Some(Image(ARM64 at 0x10000000))");
}
