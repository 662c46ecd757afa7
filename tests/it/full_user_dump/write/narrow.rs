//! What 64-bit records become in a dump of a 32-bit process, and what happens to contexts.

use libtest_mimic::Trial;
use userdump::WriteError;
use userdump::error::Item;
use userdump::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64, ImageFileMachine};
use userdump::write::{FullUserDumpBuilder, MemoryRange};

use super::{builder, empty, sample, sized, write};
use crate::support::trials;
use crate::synth::UserDump;

pub fn trials() -> Vec<Trial> {
    trials![
        an_address_may_be_extended_by_zeros_or_its_sign,
        other_high_halves_are_refused_by_name,
        parameters_beyond_their_number_may_be_anything,
        any_number_of_parameters_is_taken,
        words_without_a_meaning_are_kept,
        contexts_have_the_size_of_the_machine,
        contexts_of_other_machines_have_the_size_of_the_longest,
        a_region_must_have_the_size_of_its_contents,
    ]
}

/// Every address that is passed in as 64 bits, and how errors name what it belongs to.
type Change = fn(&mut UserDump, u64);
const ADDRESSES: [(&str, Change); 8] = [
    ("DEBUG_EVENT", |dump, value| dump.event.as_mut().expect("it is present").record = value),
    ("DEBUG_EVENT", |dump, value| dump.event.as_mut().expect("it is present").address = value),
    ("DEBUG_EVENT", |dump, value| dump.event.as_mut().expect("it is present").information[0] = value),
    ("DEBUG_EVENT", |dump, value| dump.event.as_mut().expect("it is present").information[1] = value),
    ("MEMORY_BASIC_INFORMATION 2", |dump, value| dump.regions[2].base = value),
    ("MEMORY_BASIC_INFORMATION 1", |dump, value| dump.regions[1].allocation_base = value),
    ("CRASH_THREAD 2", |dump, value| dump.threads[2].teb = value),
    ("CRASH_MODULE 1", |dump, value| dump.modules[1].base = value),
];

fn changed(wide: bool, change: Change, value: u64) -> UserDump {
    let mut dump = sample(wide);
    change(&mut dump, value);
    dump
}

fn an_address_may_be_extended_by_zeros_or_its_sign() {
    let same = [
        (0, 0),
        (0x7FFF_FFFF, 0x7FFF_FFFF),
        (0x8000_0000, 0x8000_0000),
        (0xFFFF_FFFF, 0xFFFF_FFFF),
        (0xFFFF_FFFF_8000_0000, 0x8000_0000),
        (0xFFFF_FFFF_A500_1234, 0xA500_1234),
        (u64::MAX, 0xFFFF_FFFF),
    ];
    for (item, change) in ADDRESSES {
        for (given, expected) in same {
            let file = write(builder(&changed(false, change, given)));
            assert!(file == changed(false, change, expected).build(), "{given:#x} in {item}");
        }
    }
}

fn other_high_halves_are_refused_by_name() {
    for (item, change) in ADDRESSES {
        for value in [1 << 32, 0xFFFF_FFFF_7FFF_FFFF, 0xFFFF_FFFE_8000_0000, 0x0000_7FF6_1234_5678, 1 << 63] {
            let error = builder(&changed(false, change, value)).plan().map(|plan| plan.size());
            let error = error.expect_err("it has more than 32 bits");
            let expected = format!("{item}: an address or a word in it has more than 32 bits");
            assert!(matches!(error, WriteError::InvalidInput { .. }), "{value:#x}: {error:?}");
            assert_eq!(error.to_string(), expected, "{value:#x}");
            assert!(write(builder(&changed(true, change, value))) == changed(true, change, value).build());
        }
    }
    type Add = fn(&mut FullUserDumpBuilder<'_>);
    let refused: [(&str, Add); 3] = [
        ("USERMODE_CRASHDUMP_HEADER", |dump| _ = dump.spare(1 << 32)),
        ("CRASH_THREAD", |dump| {
            let spare = [0, 0, 0, 0, 0, 0, 1 << 40];
            dump.thread(CrashThread64 { spare, ..Default::default() }, &[]);
        }),
        ("MEMORY_BASIC_INFORMATION", |dump| {
            dump.region(sized(1 << 32), MemoryRange::from_reader(0, 1 << 32, std::io::repeat(0)));
        }),
    ];
    for (name, add) in refused {
        let mut dump = empty(false);
        add(&mut dump);
        let error = dump.plan().map(|plan| plan.size()).expect_err("it has more than 32 bits");
        match error {
            WriteError::InvalidInput { item, .. } => assert_eq!(item.name, name),
            WriteError::SizeOverflow { item, found, unit, limit } => {
                assert_eq!(item, Item { name, index: Some(0) });
                assert_eq!((found, unit, limit), (1 << 32, "bytes", 0xFFFF_FFFF));
            }
            other => panic!("{other:?}"),
        }
        let mut dump = empty(true);
        add(&mut dump);
        assert!(dump.plan().is_ok(), "{name}");
    }
}

fn parameters_beyond_their_number_may_be_anything() {
    let [mut given, mut expected] = [sample(false), sample(false)];
    let information = |dump: &mut UserDump, value| {
        dump.event.as_mut().expect("it is present").information[2..].fill(value);
    };
    information(&mut given, 0x0123_4567_89AB_CDEF);
    information(&mut expected, 0x89AB_CDEF);
    assert!(write(builder(&given)) == expected.build());
}

fn any_number_of_parameters_is_taken() {
    for number in [0, 14, 15, 16, u32::MAX] {
        let change = |value| {
            let mut dump = sample(false);
            let event = dump.event.as_mut().expect("it is present");
            (event.parameters, event.information[14]) = (number, value);
            dump
        };
        assert!(write(builder(&change(5))) == change(5).build(), "{number}");
        let refused = builder(&change(5 << 32)).plan().is_err();
        assert_eq!(refused, number >= 15, "{number}: the last parameter is used from 15 on");
    }
}

fn words_without_a_meaning_are_kept() {
    let spare: [u64; 7] = std::array::from_fn(|index| 0x0101_0101 * (index as u64 + 1));
    let state = CrashThread64 { spare, ..Default::default() };
    for wide in [false, true] {
        let mut dump = empty(wide);
        dump.thread(state, &[]);
        let file = write(dump);
        let expected: Vec<u8> = match wide {
            false => spare.iter().flat_map(|word| (*word as u32).to_le_bytes()).collect(),
            true => spare.iter().flat_map(|word| word.to_le_bytes()).collect(),
        };
        assert!(file.ends_with(&expected), "wide: {wide}");
    }
    // Only wide records have padding, and they keep it.
    let mut event = ExceptionDebugEvent64 { alignment: 0xA1, alignment2: 0xA2, ..Default::default() };
    event.exception_record.alignment = 0xA3;
    let mut dump = empty(true);
    dump.debug_event(event);
    let file = write(dump);
    assert_eq!([file[96 + 12], file[96 + 172], file[96 + 16 + 28]], [0xA1, 0xA2, 0xA3]);
    assert_eq!(file[96..].iter().filter(|byte| **byte != 0).count(), 3);
}

fn contexts_have_the_size_of_the_machine() {
    let sizes = [(0x14C, 716), (0x1C0, 416), (0x1C2, 416), (0x1C4, 416), (0x8664, 1232), (0xAA64, 912)];
    for (machine, size) in sizes {
        for constructor in [FullUserDumpBuilder::new_32_bit, FullUserDumpBuilder::new_64_bit] {
            let [empty, one] = [0, 1].map(|threads| {
                let mut dump = constructor(ImageFileMachine(machine));
                (0..threads).for_each(|_| _ = dump.thread(CrashThread64::default(), &[]));
                write(dump)
            });
            let state = if empty.len() == 64 { 48 } else { 80 };
            assert_eq!(one.len() - empty.len() - state, size, "{machine:#x}");

            let mut dump = constructor(ImageFileMachine(machine));
            dump.thread(CrashThread64::default(), vec![1; size - 1]).thread(CrashThread64::default(), vec![2; size]);
            let contexts = write(dump).split_off(empty.len());
            assert!(contexts[..2 * size] == [vec![1; size - 1], vec![0], vec![2; size]].concat(), "{machine:#x}");

            let mut dump = constructor(ImageFileMachine(machine));
            dump.thread(CrashThread64::default(), &[]).thread(CrashThread64::default(), vec![1; size + 1]);
            let Err(WriteError::InvalidInput { item, reason }) = dump.plan() else {
                panic!("{machine:#x}: the context is too long");
            };
            assert_eq!(item, Item { name: "CONTEXT", index: Some(1) });
            assert_eq!(reason, "it is longer than the contexts of the machine");
        }
    }
}

fn contexts_of_other_machines_have_the_size_of_the_longest() {
    for machine in [ImageFileMachine::IA64, ImageFileMachine::ALPHA, ImageFileMachine(0x5032), ImageFileMachine(0)] {
        let contexts = [vec![1; 7], vec![2; 10_001], Vec::new(), vec![3; 10_001]];
        let mut dump = FullUserDumpBuilder::new_64_bit(machine);
        contexts.iter().for_each(|context| _ = dump.thread(CrashThread64::default(), context));
        let file = write(dump);
        let filled = |byte, size| [vec![byte; size], vec![0; 10_001 - size]].concat();
        let expected = [filled(1, 7), filled(2, 10_001), filled(0, 0), filled(3, 10_001)].concat();
        assert!(file[96..96 + 4 * 10_001] == expected, "{machine:?}");
        assert_eq!(file.len(), 96 + 4 * 10_001 + 4 * 80, "{machine:?}");
    }
    let mut dump = FullUserDumpBuilder::new_32_bit(ImageFileMachine(0));
    dump.thread(CrashThread64::default(), &[]).module(CrashModule64::default(), &[]);
    assert_eq!(write(dump).len(), 64 + 48 + 12 + 1);
}

fn a_region_must_have_the_size_of_its_contents() {
    for wide in [false, true] {
        for size in [0, 9, 11, 0x1_0000_000A, u64::MAX] {
            let mut dump = empty(wide);
            dump.region(sized(10), MemoryRange::borrowed(0x1000, &[1; 10]));
            dump.region(sized(size), MemoryRange::borrowed(0x2000, &[1; 10]));
            let error = dump.plan().map(|plan| plan.size()).expect_err("it has another size");
            assert_eq!(error.to_string(), "MEMORY_BASIC_INFORMATION 1: its size differs from the size of its contents");
        }
    }
}
