//! The streams of a synthetic dump about system and process, compared with the plain decoder.

use libtest_mimic::Trial;

use super::both;
use crate::support::facts::Facts;
use crate::support::trials;
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    trials![system, misc_info, tables_and_tokens]
}

fn system() {
    let info = SystemInfo {
        architecture: 1,
        level: 2,
        revision: 3,
        processors: 4,
        product: 5,
        major: 6,
        minor: 7,
        build: 8,
        platform: 9,
        service_pack: "Service Pack 1".into(),
        suite: 10,
        reserved: 11,
        cpu: [12; 24],
    };
    both(
        || Dump::new().system_info(info.clone()),
        |facts| {
            let found = facts.system_info().expect("it is there");
            assert_eq!(
                (found.architecture, found.level, found.revision, found.processors, found.product),
                (1, 2, 3, 4, 5)
            );
            assert_eq!((found.major, found.minor, found.build, found.platform), (6, 7, 8, 9));
            assert_eq!(found.service_pack.text.as_deref(), Some("Service Pack 1"));
            assert_eq!((found.suite, found.reserved, found.cpu.0), (10, 11, [12; 24].as_slice()));
        },
    );
}

fn misc_info() {
    let zone = TimeZone {
        id: 12,
        bias: -60,
        standard_name: "winter".to_owned(),
        standard_date: [1, 2, 3, 4, 5, 6, 7, 8],
        standard_bias: 13,
        daylight_name: "summer".to_owned(),
        daylight_date: [9, 10, 11, 12, 13, 14, 15, 16],
        daylight_bias: 14,
    };
    let info = MiscInfo {
        flags: 1,
        process_id: 2,
        times: [3, 4, 5],
        power: [6, 7, 8, 9, 10],
        process: [11, 11, 11],
        time_zone: zone,
        build: "build".to_owned(),
        debugger_build: "debugger".to_owned(),
        xstate_context_size: 15,
        xstate_features: 16,
        xstate: std::array::from_fn(|index| [index as u32, 17]),
        cookie: 18,
        ..MiscInfo::default()
    };
    for size in [24, 44, 232, 832, 1364, 1368] {
        let dump = || Dump::new().misc_info(MiscInfo { size, ..info.clone() });
        both(dump, |facts| {
            let stream = facts.stream(15).expect("it is there");
            assert_eq!((stream.size, facts.u32(stream.rva.0)), (size as u32, size as u32));
            let words =
                [(4, 1), (8, 2), (20, 5), (24, 6), (40, 10), (44, 11), (56, 12), (144, 13), (228, 14), (832, 528)];
            let words = words.into_iter().chain([(836, 15), (840, 16), (852, 17), (1352, 63), (1360, 18)]);
            // Only the low half of a 64-bit number is compared.
            let offset = |at: u64| if facts.big_endian && at == 840 { 844 } else { at };
            for (at, value) in words.filter(|(at, _)| *at < size as u64) {
                assert_eq!(facts.u32(stream.rva.0 + offset(at)), value, "at {at} of {size}");
            }
            let units = [(64, b'w'), (128, 1), (148, b's'), (212, 9), (232, b'b'), (752, b'd')];
            for (at, value) in units.into_iter().filter(|(at, _)| *at < size as u64) {
                assert_eq!(facts.u16(stream.rva.0 + at), u16::from(value), "at {at} of {size}");
            }
        });
    }
    let bytes = Dump::new().misc_info(MiscInfo::of_size(24)).build();
    assert_eq!(Facts::of(&bytes).stream_bytes(15).map(|it| (it.len(), it[8])), Some((24, 77)));
    let lying = Dump::new().misc_info(MiscInfo { size: 24, size_of_info: Some(44), ..info }).build();
    assert_eq!(Facts::of(&lying).stream_bytes(15).map(|it| it[0]), Some(44));
}

fn tables_and_tokens() {
    let table = FunctionTable {
        minimum: 1,
        maximum: 2,
        base: 3,
        native: vec![4; 6],
        entry_size: 5,
        entries: vec![7; 10],
        padding: 2,
    };
    let token = Token { id: 1, handle: 2, data: vec![3; 4] };
    let both_streams = || {
        let dump = Dump::new().function_table(table.clone()).function_table(table.clone());
        dump.token(token.clone()).comment_a("ansi").comment_w("wide")
    };
    both(both_streams, |facts| {
        let words = |kind: u32, count: u64| {
            let at = facts.stream(kind).expect("it is there").rva.0;
            (0..count).map(|word| facts.u32(at + 4 * word)).collect::<Vec<_>>()
        };
        assert_eq!(words(13, 6), [24, 32, 6, 5, 2, 0]);
        let tables = facts.stream(13).expect("it is there");
        assert_eq!(u64::from(tables.size), 24 + 2 * (32 + 6 + 10 + 2));
        assert_eq!([24, 32, 40].map(|at| facts.u64(tables.rva.0 + at)), [1, 2, 3]);
        assert_eq!([48, 52].map(|at| facts.u32(tables.rva.0 + at)), [2, 2]);
        assert_eq!(
            facts.stream_bytes(13).expect("it is there")[56..74],
            [[4; 6].as_slice(), &[7; 10], &[0xEE; 2]].concat()
        );
        assert_eq!(words(19, 6), [36, 1, 16, 16, 20, 1]);
        assert_eq!(facts.u64(facts.stream(19).expect("it is there").rva.0 + 24), 2);
        assert_eq!(facts.stream_bytes(10).map(|it| it.to_vec()), Some(b"ansi".to_vec()));
        assert_eq!(facts.stream_bytes(11).map(|it| it.len()), Some(8));
    });
}
