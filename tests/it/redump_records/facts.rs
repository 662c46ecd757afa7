//! System and process information: SystemInfo, MiscInfo, token and counters.

use libtest_mimic::Trial;
use userdump::redump::Outcome;

use crate::support::cpu::Cpu;
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, MiscInfo, Shape, SystemInfo, Thread, TimeZone, Token};

pub fn trials() -> Vec<Trial> {
    trials![
        system_information_is_kept_field_by_field,
        on_windows_the_tail_of_the_processors_features_is_blanked,
        on_other_systems_it_is_kept,
        a_service_pack_that_cannot_be_read_is_absent,
        every_form_of_misc_info_grows_to_the_longest,
        misc_info_keeps_flags_of_fields_that_were_not_there,
        bytes_after_the_size_of_misc_info_are_ignored,
        wine_data_stays_where_it_is,
        on_windows_token_and_counters_are_made_up,
        on_other_systems_they_are_not,
        those_that_are_there_are_kept_byte_for_byte,
    ]
}

fn of(dump: Dump) -> Redumped {
    let source = dump.thread(Thread::new(1)).build();
    Redumped::of(&source, "/ma");
    Redumped::of(&source, "/m")
}

fn system_information_is_kept_field_by_field() {
    let system = SystemInfo {
        architecture: 9,
        level: 0x17,
        revision: 0xf101,
        processors: 250,
        product: 3,
        major: 10,
        minor: 2,
        build: 22631,
        platform: 2,
        service_pack: "Service Pack 3".into(),
        suite: 0x110,
        reserved: 0x77,
        cpu: [0; 24],
    };
    let out = of(Dump::new().system_info(system));
    let found = out.facts().system_info().expect("it is kept");
    // The engine clears the top bits of the revision.
    assert_eq!((found.architecture, found.level, found.revision), (9, 0x17, 0xf101));
    assert_eq!((found.processors, found.product, found.suite, found.reserved), (250, 3, 0x110, 0x77));
    assert_eq!((found.major, found.minor, found.build, found.platform), (10, 2, 22631, 2));
    assert_eq!(found.service_pack.text.as_deref(), Some("Service Pack 3"));
}

/// The 24 bytes of processor information in the result if the source has 1 to 24 of them.
fn features(system: SystemInfo) -> Vec<u8> {
    let cpu = std::array::from_fn(|index| index as u8 + 1);
    let out = of(Dump::new().system_info(SystemInfo { cpu, ..system }));
    out.facts().system_info().expect("it is kept").cpu.to_vec()
}

fn on_windows_the_tail_of_the_processors_features_is_blanked() {
    let kept = |count: u8| (1..=24).map(|byte| if byte <= count { byte } else { 0 }).collect::<Vec<u8>>();
    for cpu in Cpu::ALL.into_iter().chain(Cpu::EMULATED).chain([Cpu::ARM64_OLD]) {
        assert_eq!(features(cpu.windows()), kept(if cpu.is_x86() { 20 } else { 16 }), "{cpu:?}");
    }
}

fn on_other_systems_it_is_kept() {
    for cpu in Cpu::ALL {
        assert_eq!(features(cpu.linux()), (1..=24).collect::<Vec<u8>>(), "{cpu:?}");
    }
}

fn a_service_pack_that_cannot_be_read_is_absent() {
    let system = SystemInfo { service_pack: crate::synth::Text::At(0x7fff_0000), ..SystemInfo::default() };
    let out = of(Dump::new().system_info(system));
    let found = out.facts().system_info().expect("the rest of it is kept");
    assert_eq!((found.build, found.service_pack.at.0, found.service_pack.text), (19041, 0, None));
    assert_eq!(out.faults(), ["SystemInfo 0 service pack"]);
    // A missing string is not a fault.
    let system = SystemInfo { service_pack: crate::synth::Text::None, ..SystemInfo::default() };
    let out = of(Dump::new().system_info(system));
    assert_eq!((out.facts().system_info().expect("it is kept").service_pack.text, out.faults()), (None, vec![]));
}

/// A MiscInfo with every field filled.
fn misc_info(size: usize) -> MiscInfo {
    let zone = TimeZone {
        id: 2,
        bias: -60,
        standard_name: "winter".to_owned(),
        standard_date: [1, 2, 3, 4, 5, 6, 7, 8],
        standard_bias: -5,
        daylight_name: "summer".to_owned(),
        daylight_date: [9; 8],
        daylight_bias: 7,
    };
    MiscInfo {
        flags: 0x3f7,
        power: [1, 2, 3, 4, 5],
        process: [6, 7, 8],
        time_zone: zone,
        build: "22621.1 (WinBuild)".to_owned(),
        debugger_build: "the producer's own".to_owned(),
        xstate_context_size: 9,
        xstate_features: 0x8000_0000_0000_0007,
        xstate: std::array::from_fn(|index| [index as u32 + 1, 16]),
        cookie: 0x1234_5678,
        ..MiscInfo::of_size(size)
    }
}

/// The stream of the source, read by its position in the file, and the stream of the result.
fn redumped_misc(info: MiscInfo) -> (Vec<u8>, Vec<u8>) {
    let source = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).misc_info(info).build();
    let before = crate::support::facts::Facts::of(&source).stream_bytes(15).expect("it is there").to_vec();
    let out = Redumped::of(&source, "/m");
    assert_eq!(out.outcomes(15), [Outcome::Rewritten]);
    let after = out.facts().stream_bytes(15).expect("it is kept").to_vec();
    (before, after)
}

fn every_form_of_misc_info_grows_to_the_longest() {
    for size in [24, 44, 232, 832, 1364, 1365, 2000] {
        let (before, after) = redumped_misc(misc_info(size));
        let (head, tail) = (size.min(1364), 1364 - size.min(1364));
        assert_eq!((before.len(), after.len()), (size, 1364));
        assert_eq!(after[..4], 1364u32.to_le_bytes(), "the size that the structure gives");
        assert!(after[4..head] == before[4..head], "{size} bytes");
        assert!(after[head..] == vec![0; tail], "{size} bytes");
    }
    // The other information of the source takes precedence, whatever the size.
    let (_, after) = redumped_misc(misc_info(24));
    assert_eq!(after[8..12], 77u32.to_le_bytes(), "the process");
}

fn misc_info_keeps_flags_of_fields_that_were_not_there() {
    let (_, after) = redumped_misc(misc_info(24));
    assert_eq!(after[4..8], 0x3f7u32.to_le_bytes());
}

fn bytes_after_the_size_of_misc_info_are_ignored() {
    let (before, after) = redumped_misc(MiscInfo { size_of_info: Some(44), ..misc_info(1364) });
    assert_eq!(after[4..44], before[4..44]);
    assert!(after[44..] == [0; 1364 - 44]);
}

fn on_windows_token_and_counters_are_made_up() {
    for platform in 0..=3 {
        let out = of(Dump::new().system_info(SystemInfo { platform, ..SystemInfo::default() }));
        let facts = out.facts();
        let token = [16u32, 0, 16, 72].map(u32::to_le_bytes);
        assert_eq!(facts.stream_bytes(19).expect("an empty list").0, token.as_flattened());
        assert_eq!(facts.stream_bytes(21).expect("zeros").0, [0; 524]);
        assert_eq!(facts.stream_bytes(22).expect("zeros").0, [0; 152]);
        // The source has no module list, and none of the other three.
        assert_eq!(out.made_up(), [4, 19, 21, 22]);
    }
}

fn on_other_systems_they_are_not() {
    for platform in [0x8201, 0x8101, 0x8203, u32::MAX] {
        let out = of(Dump::new().system_info(SystemInfo { platform, ..SystemInfo::default() }));
        assert_eq!(out.facts().kinds(), [3, 5, 7]);
        assert!(out.made_up().is_empty());
    }
}

fn those_that_are_there_are_kept_byte_for_byte() {
    for system in [Cpu::AMD64.windows(), Cpu::AMD64.linux()] {
        // Both forms of the counters, and larger ones than are known.
        for (memory, counters) in [(492, 80), (524, 152), (600, 200)] {
            let pattern = |size: usize| (0..size).map(|at| (at * 3 + 1) as u8).collect::<Vec<u8>>();
            let token = Token { id: 1, handle: 0x44, data: vec![6; 56] };
            let dump = Dump::new().system_info(system.clone()).token(token).token(Token::default());
            let out = of(dump.raw(21, pattern(memory)).raw(22, pattern(counters)));
            let facts = out.facts();
            let mut expected = [104u32, 2, 16, 16, 72, 1, 0x44, 0].map(u32::to_le_bytes).as_flattened().to_vec();
            expected.extend([6; 56]);
            expected.extend([16u32, 0, 0, 0].map(u32::to_le_bytes).as_flattened());
            assert_eq!(facts.stream_bytes(19).expect("it is kept").0, expected);
            assert_eq!(facts.stream_bytes(21).expect("they are kept").0, pattern(memory));
            assert_eq!(facts.stream_bytes(22).expect("they are kept").0, pattern(counters));
            assert!(!out.made_up().iter().any(|kind| [19, 21, 22].contains(kind)));
            assert_eq!([19, 21, 22].map(|kind| out.outcomes(kind)), [19, 21, 22].map(|_| vec![Outcome::Copied]));
        }
    }
}

/// Not in a stream, but right after the system information and before the service pack: `winedbg` looks for it there.
fn wine_data_stays_where_it_is() {
    const LOSS: &str = "Wine data after the system information";
    let block = |release: &str| {
        let numbers = [3u32, 16, 25, 31].map(u32::to_le_bytes);
        [b"WINE".as_slice(), numbers.as_flattened(), b"wine-8.0\0Linux\0", release.as_bytes(), b"\0"].concat()
    };
    let source = |block: &[u8]| {
        let block = block.to_vec();
        let dump = Dump::new().shape(7, Shape::usual().data_size(56)).written(7, move |bytes| {
            let text = bytes.label();
            bytes.u16(9).zeros(18).u32(2).rva(text).zeros(28).raw(block).place(text).string("SP");
        });
        dump.thread(Thread::new(1)).misc_info(MiscInfo::default()).build()
    };
    let long = "6".repeat(256);
    let stranger = [block("6.1.0").as_slice(), &[7; 4]].concat();
    for (block, kept) in [
        (block("6.1.0"), block("6.1.0")),
        (block(""), block("")),
        (stranger, block("6.1.0")),
        (block(&long), Vec::new()),
        (block("6")[..21].to_vec(), Vec::new()),
    ] {
        let source = source(&block);
        for (options, stays) in [("/m", true), ("/ma", true), ("/mr", false), ("/mR", false), ("/ms", false)] {
            let out = Redumped::once(&source, &options.parse().unwrap());
            let facts = out.facts();
            let stream = facts.stream(7).expect("it is kept");
            let start = stream.rva.0 as usize + 56;
            let found = facts.bytes.get(start..start + kept.len()).unwrap_or_default();
            let is_kept = stays && !kept.is_empty();
            assert_eq!((stream.size, !kept.is_empty() && found == kept), (56, is_kept), "{options}");
            let lost = out.report.losses.iter().any(|loss| loss.what == LOSS);
            assert_eq!(lost, !is_kept, "{options}");
            let system = facts.system_info().expect("it is kept");
            assert_eq!(system.service_pack.text.as_deref(), Some("SP"));
        }
    }
}
