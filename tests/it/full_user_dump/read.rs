//! Header, modules, event and version information.

use libtest_mimic::Trial;
use userdump::format::full_user_dump::ImageFileMachine;
use userdump::format::{PlatformId, ProcessorArchitecture};
use userdump::read::FullUserDump;
use userdump::read::full_user_dump::VersionInformation;
use userdump::{Dump, ReadError};

use super::{Slot, empty, high, in_every_form, information, open, set_word, sound};
use crate::support::trials;
use crate::synth::{UserDump, UserEvent, UserModule};

pub fn trials() -> Vec<Trial> {
    trials![
        the_header_has_the_fields_of_the_file,
        what_does_not_start_like_one_is_refused,
        a_header_cut_short_says_what_is_missing,
        modules_have_the_fields_of_the_file,
        the_event_has_the_fields_of_the_file,
        another_event_is_not_an_exception,
        parameters_are_as_many_as_the_record_counts,
        parts_at_position_0_are_absent,
        an_empty_dump_has_nothing,
        names_may_be_of_any_length,
        names_are_in_windows_1252,
        version_texts_come_in_pairs,
        version_texts_end_with_an_empty_key_or_the_file,
        a_service_pack_may_be_absent,
        eight_bytes_of_version_information_are_two_numbers,
        other_version_information_is_returned_completely,
        machines_are_processors,
    ]
}

fn the_header_has_the_fields_of_the_file() {
    let dump = |wide| UserDump { major: 6, minor: 0x1db1_0001, ..sound(wide) };
    in_every_form(dump, |dump, wide| {
        let header = dump.header();
        assert_eq!(&header.signature, if wide { b"USERDU64" } else { b"USERDUMP" });
        assert_eq!((header.major_version, header.minor_version, dump.build_number()), (6, 0x1db1_0001, 7601));
        assert_eq!((header.thread_count, header.module_count, header.memory_region_count), (2, 2, 3));
        let positions = [
            header.thread_offset,
            header.module_offset,
            header.data_offset,
            header.memory_region_offset,
            header.debug_event_offset,
            header.thread_state_offset,
            header.version_info_offset,
        ];
        assert_eq!(positions, Slot::ALL.map(|slot| slot.get(dump.data().unwrap())));
        assert_eq!((header.spare, dump.is_64_bit()), (0, wide));
        assert_eq!(dump.target().platform, Some(PlatformId::WIN32_NT));
    });
}

fn what_does_not_start_like_one_is_refused() {
    let refused = |bytes: &[u8]| FullUserDump::parse(bytes).expect_err("it is not a full user dump");
    let narrow = sound(false).build();
    for at in 0..8 {
        let mut bytes = narrow.clone();
        bytes[at] ^= 0x20;
        assert_eq!(refused(&bytes), ReadError::Signature { found: bytes[..8].try_into().expect("eight bytes") });
    }
    assert_eq!(refused(b"USERDUM"), ReadError::Signature { found: *b"USERDUM\0" });
    assert_eq!(refused(b"MDMP\x93\xa7\0\0"), ReadError::Signature { found: *b"MDMP\x93\xa7\0\0" });
}

fn a_header_cut_short_says_what_is_missing() {
    for (wide, what, needed) in [(false, "USERMODE_CRASHDUMP_HEADER32", 64), (true, "USERMODE_CRASHDUMP_HEADER64", 96)]
    {
        let bytes = sound(wide).build();
        for size in 8..needed {
            let error = FullUserDump::parse(&bytes[..size]).map(|_| ());
            let (needed, available) = (needed as u64, size as u64);
            assert_eq!(error, Err(ReadError::Truncated { what, offset: 0, needed, available }));
        }
        assert!(FullUserDump::parse(&bytes[..needed]).is_ok());
    }
}

fn modules_have_the_fields_of_the_file() {
    in_every_form(sound, |dump, wide| {
        let modules: Vec<_> = dump.modules().collect();
        let [first, second] = modules.as_slice() else { panic!("{modules:?}") };
        let start = Slot::Modules.get(dump.data().unwrap());
        assert_eq!((first.base(), first.size(), first.offset()), (0x40_0000, 0x2000, start));
        assert_eq!(first.name().map(|name| name.to_string()), Ok("C:\\a.exe".to_owned()));
        // A header of 12 or 16 bytes, and a name of 9.
        let packed = start + if wide { 25 } else { 21 };
        assert_eq!((second.base(), second.size(), second.offset()), (high(wide), 0x1000, packed));
        assert_eq!(second.raw().image_name_length, 8);
        assert!(second.name().is_ok_and(|name| name == "bcd.dll" && name.as_bytes() == b"bcd.dll"));
        let contains = [high(wide) - 1, high(wide), high(wide) + 0xfff, high(wide) + 0x1000];
        assert_eq!(contains.map(|address| second.contains(address)), [false, true, true, false]);
        // The debugger sign-extends addresses of 32-bit processes.
        assert_eq!(second.contains(high(wide) | 0xffff_ffff_0000_0000), !wide);
        assert_eq!((dump.modules().declared_len(), dump.modules().fault()), (2, None));
    });
}

fn the_event_has_the_fields_of_the_file() {
    in_every_form(sound, |dump, wide| {
        let exception = dump.exception().expect("it can be read").expect("it is present");
        assert_eq!((exception.process_id(), exception.thread_id(), exception.code()), (0x120, 8, 0xc000_0005));
        let record = exception.record();
        assert_eq!((record.exception_flags, record.exception_record), (1, 0x3000));
        assert_eq!((exception.address(), exception.is_first_chance()), (high(wide) + 0x10, true));
        assert_eq!(exception.parameters(), [1, high(wide) + 1]);
        assert_eq!(record.exception_information, information(wide));
        assert_eq!(dump.debug_event(), Ok(Some(*exception.event())));
        let context = exception.context().expect("it is complete").expect("it is present");
        assert_eq!(context.instruction_pointer(), Some(0x40_1008), "the registers are those of the thread");
    });
    let second_chance = UserEvent { thread: 8, first_chance: 0, ..UserEvent::default() };
    in_every_form(
        |wide| sound(wide).event(second_chance.clone()),
        |dump, _| assert!(dump.exception().is_ok_and(|it| it.is_some_and(|it| !it.is_first_chance()))),
    );
}

fn another_event_is_not_an_exception() {
    for wide in [false, true] {
        let mut bytes = sound(wide).build();
        let event = Slot::Event.get(&bytes) as usize;
        // CREATE_PROCESS_DEBUG_EVENT
        bytes[event] = 3;
        let dump = open(&bytes);
        assert!(dump.exception().expect("it can be read").is_none());
        let event = dump.debug_event().expect("it can be read").expect("it is present");
        assert_eq!((event.debug_event_code, event.process_id, event.thread_id), (3, 0x120, 8));
        assert_eq!(Dump::parse(&bytes).expect("it is a dump").exceptions().count(), 0);
    }
}

fn parameters_are_as_many_as_the_record_counts() {
    for (counted, len) in [(0, 0), (15, 15), (16, 15), (u32::MAX, 15)] {
        in_every_form(
            |wide| sound(wide).event(UserEvent { parameters: counted, ..UserEvent::default() }),
            |dump, _| assert!(dump.exception().is_ok_and(|it| it.is_some_and(|it| it.parameters().len() == len))),
        );
    }
}

/// Counts of threads, contexts, modules, rows of the table, bytes of memory, events, version information.
fn counts(dump: &FullUserDump<'_>) -> [u64; 7] {
    let memory = dump.memory();
    let contexts = dump.threads().iter().filter(|thread| thread.context().is_ok_and(|context| context.is_some()));
    [
        dump.threads().len(),
        contexts.count() as u64,
        dump.modules().count() as u64,
        dump.region_list().len(),
        memory.visible_ranges().map(|range| range.size).sum(),
        u64::from(dump.debug_event().is_ok_and(|event| event.is_some())),
        u64::from(dump.version_information().is_some()),
    ]
}

fn parts_at_position_0_are_absent() {
    for wide in [false, true] {
        let whole = sound(wide).build();
        assert_eq!(counts(&open(&whole)), [2, 2, 2, 3, 64, 1, 1]);
        for (slot, left) in [
            (Slot::Threads, [2, 0, 2, 3, 64, 1, 1]),
            (Slot::Modules, [2, 2, 0, 3, 64, 1, 1]),
            (Slot::Data, [2, 2, 2, 3, 0, 1, 1]),
            (Slot::Regions, [2, 2, 2, 0, 0, 1, 1]),
            (Slot::Event, [2, 2, 2, 3, 64, 0, 1]),
            (Slot::States, [0, 0, 2, 3, 64, 1, 1]),
            (Slot::Version, [2, 2, 2, 3, 64, 1, 0]),
        ] {
            let mut bytes = whole.clone();
            slot.set(&mut bytes, 0);
            assert_eq!(counts(&open(&bytes)), left, "without {slot:?}");
        }
        for (word, left) in [(5, [0, 0, 2, 3, 64, 1, 1]), (6, [2, 2, 0, 3, 64, 1, 1]), (7, [2, 2, 2, 0, 0, 1, 1])] {
            let mut bytes = whole.clone();
            set_word(&mut bytes, word, 0);
            assert_eq!(counts(&open(&bytes)), left, "with 0 for word {word}");
        }
    }
}

fn an_empty_dump_has_nothing() {
    in_every_form(empty, |dump, _| {
        assert_eq!(counts(dump), [0; 7]);
        assert_eq!((dump.regions().is_empty(), dump.stored_regions().count()), (true, 0));
        assert_eq!(dump.exception().map(|exception| exception.is_none()), Ok(true));
    });
}

fn names(names: &[&[u8]], wide: bool) -> Vec<(u64, String)> {
    let module = |(base, name): (u64, &&[u8])| UserModule { base, size: 1, name: name.to_vec() };
    let modules = (1..).zip(names).map(module).collect();
    let bytes = UserDump { modules, ..sound(wide) }.build();
    let named = open(&bytes).modules().map(|module| (module.base(), module.name().expect("it is present").to_string()));
    named.collect()
}

fn names_may_be_of_any_length() {
    for wide in [false, true] {
        let found = names(&[b"", b"a", b"b\0", b"\0", b"c\0d\0", b"efg"], wide);
        let expected = ["", "a", "b", "", "c", "efg"];
        let expected: Vec<_> = (1..).zip(expected.map(str::to_owned)).collect();
        assert_eq!(found, expected);
    }
}

fn names_are_in_windows_1252() {
    // The upper half of the code page, from Microsoft's table; five bytes only map to control characters.
    let high = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿\
                ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";
    assert_eq!(high.chars().count(), 128);
    let expected: String = (1..0x80).map(|byte: u8| byte as char).chain(high.chars()).collect();
    let bytes: Vec<u8> = (1..=255).collect();
    for wide in [false, true] {
        assert_eq!(names(&[&bytes], wide), [(1, expected.clone())]);
    }
}

/// Calls `look` for a dump with these bytes as version information.
fn with_version(bytes: &[u8], look: impl Fn(&FullUserDump<'_>, Option<VersionInformation<'_>>)) {
    for wide in [false, true] {
        let bytes = UserDump { version_info: Some(bytes.to_vec()), ..sound(wide) }.build();
        let dump = open(&bytes);
        look(&dump, dump.version_information());
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Checks the pairs of texts.
fn pairs(bytes: &[u8], expected: &[(&str, &str)]) {
    with_version(bytes, |_, version| {
        let Some(VersionInformation::Texts(texts)) = version else { panic!("{version:?}") };
        assert_eq!(texts.as_bytes(), bytes);
        let found: Vec<_> = texts.iter().map(|(key, text)| (key.to_string(), text.to_string())).collect();
        let expected: Vec<_> = expected.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        assert_eq!(found, expected);
    });
}

fn version_texts_come_in_pairs() {
    let text = "CRASH: OS SP\0Service Pack 1\0CRASH: Hotfixes\0none\0\0";
    let bytes = utf16(text);
    assert_eq!(bytes.len(), 100);
    pairs(&bytes, &[("CRASH: OS SP", "Service Pack 1"), ("CRASH: Hotfixes", "none")]);
    with_version(&bytes, |dump, _| assert!(dump.service_pack().is_some_and(|text| text == "Service Pack 1")));
}

fn version_texts_end_with_an_empty_key_or_the_file() {
    pairs(&utf16("CRASH: X\0a\0\0more\0"), &[("CRASH: X", "a")]);
    pairs(&utf16("CRASH: X\0\0CRASH: Y\0b\0\0"), &[("CRASH: X", ""), ("CRASH: Y", "b")]);
    pairs(&utf16("CRASH: X\0a"), &[("CRASH: X", "a")]);
    pairs(&utf16("CRASH: X"), &[("CRASH: X", "")]);
    // Half a character is dropped.
    pairs(&[utf16("CRASH: X\0a"), vec![b'b']].concat(), &[("CRASH: X", "a")]);
    pairs(&[utf16("CRASH: X\0a\0"), vec![b'b']].concat(), &[("CRASH: X", "a")]);
}

fn a_service_pack_may_be_absent() {
    for text in ["CRASH: OS SP\0none\0\0", "CRASH: OS SP\0\0\0", "CRASH: OS SP", "CRASH: Hotfixes\0Service Pack 1\0\0"]
    {
        with_version(&utf16(text), |dump, version| {
            assert!(version.is_some() && dump.service_pack().is_none(), "{text}");
        });
    }
}

fn eight_bytes_of_version_information_are_two_numbers() {
    with_version(&[1, 0, 0, 0, 32, 0, 0, 0], |dump, version| {
        let Some(VersionInformation::Numbers(numbers)) = version else { panic!("{version:?}") };
        assert_eq!((numbers.ignore_guard_pages, numbers.pointer_size), (1, 32));
        assert!(dump.service_pack().is_none());
    });
}

fn other_version_information_is_returned_completely() {
    for bytes in [&b"x"[..], b"C\0R", b"CRASH: ", b"123456789"] {
        with_version(bytes, |dump, version| {
            let Some(VersionInformation::Unknown(found)) = version else { panic!("{version:?}") };
            assert_eq!(found, bytes);
            assert!(dump.service_pack().is_none());
        });
    }
    with_version(b"", |_, version| assert!(version.is_none()));
}

fn machines_are_processors() {
    // `IMAGE_FILE_MACHINE_*` of winnt.h and `PROCESSOR_ARCHITECTURE_*`.
    let known = [
        (0x14c, "I386", 0),
        (0x184, "ALPHA", 2),
        (0x1c0, "ARM", 5),
        (0x1c2, "THUMB", 5),
        (0x1c4, "ARMNT", 5),
        (0x200, "IA64", 6),
        (0x284, "ALPHA64", 7),
        (0x8664, "AMD64", 9),
        (0xaa64, "ARM64", 12),
    ];
    for (machine, name, architecture) in known {
        for wide in [false, true] {
            let bytes = UserDump { machine, ..sound(wide) }.build();
            let dump = open(&bytes);
            assert_eq!(dump.header().machine_image_type.name(), Some(name));
            assert_eq!(dump.target().architecture, Some(ProcessorArchitecture(architecture)));
        }
    }
    let bytes = UserDump { machine: 0x166, ..sound(true) }.build();
    let dump = open(&bytes);
    assert_eq!((dump.header().machine_image_type, dump.target().architecture), (ImageFileMachine(0x166), None));
    assert_eq!(counts(&dump), [2, 2, 2, 3, 64, 1, 1], "the room gives the size of a context");
}
