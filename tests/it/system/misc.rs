//! MiscInfo in five forms: its size and its flags determine which fields are valid.

use libtest_mimic::Trial;
use userdump::read::system::{MiscInfo, ProcessorPower};
use userdump::{Minidump, ReadError};

use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::{self, Dump, Shape, TimeZone, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        the_size_tells_the_form,
        each_form_has_its_fields,
        a_field_needs_its_flag,
        a_field_needs_its_complete_form,
        the_smaller_of_two_sizes_counts,
        an_impossible_size_is_ignored,
        texts_end_at_the_first_nul_or_with_their_field,
        the_time_zone_has_the_fields_of_the_file,
        the_program_that_wrote_needs_no_flag_if_it_is_there,
        extended_registers_have_no_flag,
        what_is_not_there_is_zero_in_the_longest_form,
        what_does_not_count_is_zero_in_the_longest_form,
        a_stream_below_the_first_form_is_an_error,
    ]
}

const SIZES: [usize; 5] = [24, 44, 232, 832, 1364];

/// All flags set and every field filled.
fn full(size: usize) -> synth::MiscInfo {
    let zone = TimeZone {
        id: 2,
        bias: -60,
        standard_name: "winter".to_owned(),
        standard_date: [0, 10, 0, 5, 3, 1, 2, 4],
        standard_bias: 13,
        daylight_name: "summer".to_owned(),
        daylight_date: [2024, 3, 1, 31, 2, 59, 58, 999],
        daylight_bias: -120,
    };
    synth::MiscInfo {
        size,
        size_of_info: None,
        flags: 0x3f7,
        process_id: 0x1234,
        times: [1_600_000_000, 5, 6],
        power: [3000, 2000, 2500, 2, 1],
        process: [0x2000, 0x4d, 1],
        time_zone: zone,
        build: "19041.1.amd64fre".to_owned(),
        debugger_build: "dbgeng.amd64,10.0".to_owned(),
        xstate_context_size: 1376,
        xstate_features: 0x8000_0000_0000_0807,
        xstate: std::array::from_fn(|index| [576 + index as u32, 16]),
        cookie: 0xc00c_1e00,
    }
}

fn the_size_tells_the_form() {
    for (size, version) in [
        (24, 1),
        (25, 1),
        (43, 1),
        (44, 2),
        (45, 2),
        (231, 2),
        (232, 3),
        (831, 3),
        (832, 4),
        (1363, 4),
        (1364, 5),
        (1368, 5),
        (2000, 5),
    ] {
        check(full(size), |misc| assert_eq!(misc.version(), version, "{size}"));
    }
}

fn each_form_has_its_fields() {
    for (size, version) in SIZES.into_iter().zip(1..) {
        check(full(size), |misc| has_fields_of(misc, version));
    }
}

/// Checks that the fields of a form and of those before it are there, and no others.
fn has_fields_of(misc: &MiscInfo<'_>, version: u8) {
    let since = |least: u8| version >= least;
    assert_eq!(misc.flags().bits(), 0x3f7);
    let times = [misc.process_create_time(), misc.process_user_time(), misc.process_kernel_time()];
    assert_eq!((misc.process_id(), times), (Some(0x1234), [Some(1_600_000_000), Some(5), Some(6)]));
    let power =
        ProcessorPower { max_mhz: 3000, current_mhz: 2000, mhz_limit: 2500, max_idle_state: 2, current_idle_state: 1 };
    assert_eq!(misc.processor_power(), since(2).then_some(power));
    let process = [misc.process_integrity_level(), misc.process_execute_flags(), misc.protected_process()];
    assert_eq!(process, [0x2000, 0x4d, 1].map(|value| since(3).then_some(value)));
    assert_eq!(misc.time_zone_id(), since(3).then_some(2));
    assert_eq!(misc.time_zone().map(|zone| zone.bias), since(3).then_some(-60));
    let text = |text: Option<userdump::read::text::Utf16<'_>>| text.map(|text| text.to_string());
    assert_eq!(text(misc.standard_name()).as_deref(), since(3).then_some("winter"));
    assert_eq!(text(misc.daylight_name()).as_deref(), since(3).then_some("summer"));
    assert_eq!(text(misc.build_string()).as_deref(), since(4).then_some("19041.1.amd64fre"));
    assert_eq!(text(misc.debug_build_string()).as_deref(), since(4).then_some("dbgeng.amd64,10.0"));
    assert_eq!(misc.xstate().map(|xstate| xstate.context_size), since(5).then_some(1376));
    assert_eq!(misc.process_cookie(), since(5).then_some(0xc00c_1e00));
}

fn a_field_needs_its_flag() {
    for flag in [0x001, 0x002, 0x004, 0x010, 0x020, 0x040, 0x080, 0x100, 0x200] {
        check(synth::MiscInfo { flags: flag, ..full(1364) }, |misc| {
            let there = |of: u32| flag == of;
            let filled = [
                (0x001, misc.process_id().is_some()),
                (0x002, misc.process_create_time().is_some()),
                (0x002, misc.process_user_time().is_some()),
                (0x002, misc.process_kernel_time().is_some()),
                (0x004, misc.processor_power().is_some()),
                (0x010, misc.process_integrity_level().is_some()),
                (0x020, misc.process_execute_flags().is_some()),
                (0x040, misc.time_zone_id().is_some()),
                (0x040, misc.time_zone().is_some()),
                (0x040, misc.standard_name().is_some()),
                (0x040, misc.daylight_name().is_some()),
                (0x080, misc.protected_process().is_some()),
                (0x100, misc.build_string().is_some()),
                (0x200, misc.process_cookie().is_some()),
            ];
            assert_eq!(filled, filled.map(|(of, _)| (of, there(of))));
        });
    }
}

fn a_field_needs_its_complete_form() {
    for (whole, version) in SIZES.into_iter().zip(1..).skip(1) {
        check(full(whole - 1), |misc| has_fields_of(misc, version - 1));
    }
}

fn the_smaller_of_two_sizes_counts() {
    for size_of_info in [24, 30, 44, 232, 832, 1363] {
        let version = SIZES.into_iter().filter(|size| *size <= size_of_info).count() as u8;
        let misc = synth::MiscInfo { size_of_info: Some(size_of_info as u32), ..full(1364) };
        check(misc, |misc| has_fields_of(misc, version));
    }
    // The smaller of both sizes counts.
    let dump = |_| Dump::new().misc_info(full(1364)).shape(kind::MISC_INFO, Shape::usual().data_size(44));
    in_every_form(dump, |dump, _| has_fields_of(&view(dump).expect("it is sound"), 2));
}

fn an_impossible_size_is_ignored() {
    for size_of_info in [0, 1, 23, 1365, 5000, u32::MAX] {
        let misc = synth::MiscInfo { size_of_info: Some(size_of_info), ..full(1364) };
        check(misc, |misc| {
            has_fields_of(misc, 5);
            assert_eq!(misc.raw().misc_info4.misc_info3.misc_info2.misc_info.size_of_info, size_of_info);
        });
    }
}

fn texts_end_at_the_first_nul_or_with_their_field() {
    let filling = "x".repeat(32);
    let texts = synth::MiscInfo {
        time_zone: TimeZone { standard_name: filling.clone(), daylight_name: "a\0b".to_owned(), ..TimeZone::default() },
        build: "é".repeat(260),
        debugger_build: "y".repeat(40),
        ..full(1364)
    };
    check(texts, |misc| {
        assert!(misc.standard_name().is_some_and(|name| name == filling.as_str()));
        assert!(misc.daylight_name().is_some_and(|name| name == "a"));
        assert!(misc.build_string().is_some_and(|text| text.to_string() == "é".repeat(260)));
        assert!(misc.debug_build_string().is_some_and(|text| text.to_string() == "y".repeat(40)));
    });
    // A code unit with one zero byte is not a NUL in either byte order.
    let texts = synth::MiscInfo { build: "\u{6100}\u{0061}".to_owned(), ..full(1364) };
    check(texts, |misc| assert!(misc.build_string().is_some_and(|text| text == "\u{6100}a")));
}

fn the_time_zone_has_the_fields_of_the_file() {
    check(full(1364), |misc| {
        let zone = misc.time_zone().expect("its flag is set");
        assert_eq!((zone.bias, zone.standard_bias, zone.daylight_bias), (-60, 13, -120));
        let date = zone.standard_date;
        assert_eq!([date.year, date.month, date.day_of_week, date.day], [0, 10, 0, 5]);
        let date = zone.daylight_date;
        assert_eq!([date.year, date.month, date.day_of_week, date.day], [2024, 3, 1, 31]);
        assert_eq!([date.hour, date.minute, date.second, date.milliseconds], [2, 59, 58, 999]);
        assert_eq!(zone.standard_name[..7], [b'w', b'i', b'n', b't', b'e', b'r', 0].map(u16::from));
    });
}

fn the_program_that_wrote_needs_no_flag_if_it_is_there() {
    let with = |flags, text: &str| synth::MiscInfo { flags, debugger_build: text.to_owned(), ..full(1364) };
    for (flags, text, expected) in
        [(0, "dbgeng", Some("dbgeng")), (0x100, "dbgeng", Some("dbgeng")), (0, "", None), (0x100, "", Some(""))]
    {
        check(with(flags, text), |misc| {
            let found = misc.debug_build_string().map(|text| text.to_string());
            assert_eq!(found.as_deref(), expected, "flags {flags:#x}");
        });
    }
}

fn extended_registers_have_no_flag() {
    check(synth::MiscInfo { flags: 0, ..full(1364) }, |misc| {
        let xstate = misc.xstate().expect("features are enabled");
        assert_eq!((xstate.size_of_info, xstate.context_size), (528, 1376));
        assert_eq!(xstate.enabled_features, 0x8000_0000_0000_0807);
        let places = [0, 11, 63, 64].map(|number| xstate.feature(number));
        assert_eq!(places, [Some((576, 16)), Some((587, 16)), Some((639, 16)), None]);
    });
    check(synth::MiscInfo { xstate_features: 0, ..full(1364) }, |misc| assert!(misc.xstate().is_none()));
}

fn what_is_not_there_is_zero_in_the_longest_form() {
    for size in SIZES {
        check(full(size), |misc| {
            let raw = misc.raw();
            let third = raw.misc_info4.misc_info3;
            let fields = [
                (24, third.misc_info2.misc_info.process_kernel_time == 6),
                (44, third.misc_info2.processor_current_idle_state == 1),
                (232, third.time_zone.daylight_bias == -120),
                (832, raw.misc_info4.dbg_bld_str[0] == u16::from(b'd')),
                (1364, raw.process_cookie == 0xc00c_1e00),
            ];
            assert_eq!(fields, fields.map(|(since, _)| (since, size >= since)));
            let rest = [raw.process_cookie, raw.xstate_data.context_size, third.process_integrity_level];
            let expected = [(1364, 0xc00c_1e00), (1364, 1376), (232, 0x2000)];
            assert_eq!(rest, expected.map(|(since, value)| if size >= since { value } else { 0 }));
        });
    }
}

fn what_does_not_count_is_zero_in_the_longest_form() {
    // The second form is cut after its first field, the fifth one inside its features.
    check(full(28), |misc| assert_eq!(misc.raw().misc_info4.misc_info3.misc_info2.processor_max_mhz, 0));
    check(full(900), |misc| assert_eq!(misc.raw().xstate_data.context_size, 0));
    let short = synth::MiscInfo { size_of_info: Some(28), ..full(1364) };
    check(short, |misc| assert_eq!(misc.raw().misc_info4.misc_info3.misc_info2.processor_max_mhz, 0));
}

fn a_stream_below_the_first_form_is_an_error() {
    for size in [0, 4, 23] {
        let dump = |_| Dump::new().misc_info(full(24)).shape(kind::MISC_INFO, Shape::usual().data_size(size));
        in_every_form(dump, |dump, facts| {
            let offset = facts.stream(15).expect("it is there").rva.0;
            let what = "MINIDUMP_MISC_INFO";
            let error = ReadError::Truncated { what, offset, needed: 24, available: size.into() };
            assert_eq!(view(dump).map(|_| ()), Err(error));
        });
    }
}

/// Checks such a stream in every form of a dump.
fn check(misc: synth::MiscInfo, look: impl Fn(&MiscInfo<'_>)) {
    in_every_form(|_| Dump::new().misc_info(misc.clone()), |dump, _| look(&view(dump).expect("it is sound")));
}

fn view<'a>(dump: &Minidump<'a>) -> Result<MiscInfo<'a>, ReadError> {
    dump.stream().map(|stream| stream.expect("it is there"))
}
