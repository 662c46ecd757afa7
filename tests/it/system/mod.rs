//! Processor and operating system; MiscInfo and counters have separate files.

mod counters;
mod misc;

use libtest_mimic::Trial;
use userdump::format::{PlatformId, ProcessorArchitecture};
use userdump::read::system::CpuInformation;
use userdump::read::{SystemInfo, Target};
use userdump::{Minidump, ReadError};

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{self, Dump, Shape, Text, kind};

pub fn trials() -> Vec<Trial> {
    let system = trials![
        the_system_has_the_fields_of_the_file,
        the_service_pack_may_be_absent_empty_or_broken,
        x86_says_what_cpuid_said,
        amd64_outside_windows_has_the_x86_form_if_it_names_a_vendor,
        arm_outside_windows_has_its_own_form,
        other_processors_give_their_features,
        wine_names_its_host_system,
        a_system_that_is_cut_is_an_error,
        a_longer_system_is_sound,
        the_target_is_that_of_the_first_system,
        the_target_needs_a_stream_that_can_be_read,
        a_target_knows_its_addresses,
    ];
    [system, misc::trials(), counters::trials()].into_iter().flatten().collect()
}

fn the_system_has_the_fields_of_the_file() {
    let system = synth::SystemInfo {
        architecture: 0x1234,
        level: 2,
        revision: 0x5e03,
        processors: 250,
        product: 3,
        major: 10,
        minor: 7,
        build: 0x1_e240,
        platform: 0x8765_4321,
        service_pack: "Service Pack 1".into(),
        suite: 0x110,
        reserved: 0xabcd,
        cpu: std::array::from_fn(|at| at as u8),
    };
    in_every_form(
        |_| Dump::new().system_info(system.clone()),
        |dump, _| {
            let found = view(dump).expect("it is sound");
            assert_eq!(found.architecture(), ProcessorArchitecture(0x1234));
            assert_eq!(found.platform(), PlatformId(0x8765_4321));
            let raw = found.raw();
            let processor = (raw.processor_level, raw.processor_revision, raw.number_of_processors);
            assert_eq!(processor, (2, 0x5e03, 250));
            assert_eq!((raw.product_type, raw.suite_mask, raw.reserved2), (3, 0x110, 0xabcd));
            assert_eq!((raw.major_version, raw.minor_version, raw.build_number), (10, 7, 0x1_e240));
            assert_eq!(raw.cpu, std::array::from_fn(|at| at as u8));
            let service_pack = found.csd_version().map(|text| text.map(|text| text.to_string()));
            assert_eq!(service_pack, Ok(Some("Service Pack 1".to_owned())));
        },
    );
}

fn the_service_pack_may_be_absent_empty_or_broken() {
    let missing = ReadError::Truncated { what: "MINIDUMP_STRING", offset: 0x7fff_ffff, needed: 4, available: 0 };
    for (service_pack, expected) in
        [(Text::None, Ok(None)), ("".into(), Ok(Some(String::new()))), (Text::At(0x7fff_ffff), Err(missing))]
    {
        let system = || synth::SystemInfo { service_pack: service_pack.clone(), ..synth::SystemInfo::default() };
        in_every_form(
            |_| Dump::new().system_info(system()),
            |dump, _| {
                let found = view(dump).expect("the stream itself is sound");
                assert_eq!(found.csd_version().map(|text| text.map(|text| text.to_string())), expected);
            },
        );
    }
}

/// "GenuineIntel", then three more words.
const CPUID: [u32; 6] = [0x756e_6547, 0x4965_6e69, 0x6c65_746e, 0x0009_06ea, 0xbfeb_fbff, 0x2c10_0800];

fn x86_says_what_cpuid_said() {
    for platform in [2, 0x8201, 0x8101] {
        for architecture in [0, 10, 14] {
            cpu(architecture, platform, &CPUID, |found| is_x86(found, CPUID));
            cpu(architecture, platform, &[0; 6], |found| is_x86(found, [0; 6]));
        }
    }
}

fn amd64_outside_windows_has_the_x86_form_if_it_names_a_vendor() {
    for platform in [0x8201, 0x8203, 0x8101] {
        cpu(9, platform, &CPUID, |found| is_x86(found, CPUID));
        cpu(9, platform, &[0; 6], |found| assert!(matches!(found, CpuInformation::Other(_)), "{found:?}"));
        // Processor features: not all of their bytes are letters.
        let features = [0x4965_6e69, 0x0000_0001, 0, 0, 0, 0];
        cpu(9, platform, &features, |found| assert!(matches!(found, CpuInformation::Other(_)), "{found:?}"));
    }
    for platform in [0, 1, 2, 3] {
        cpu(9, platform, &CPUID, |found| assert!(matches!(found, CpuInformation::Other(_)), "{found:?}"));
    }
}

fn arm_outside_windows_has_its_own_form() {
    // Breakpad and minidump-writer use the same form for their own ARM64 number.
    for architecture in [5, 13, 0x8003] {
        for platform in [0x8201, 0x8203, 0x8102] {
            cpu(architecture, platform, &[0x410f_d034, 0x7b_b0d6, 1, 2, 3, 4], |found| match found {
                CpuInformation::Arm(found) => assert_eq!((found.cpuid, found.elf_hwcaps), (0x410f_d034, 0x7b_b0d6)),
                other => panic!("{other:?}"),
            });
        }
        let words = [1, 2, 3, 4, 5, 6];
        cpu(architecture, 2, &words, |found| assert!(matches!(found, CpuInformation::Other(_)), "{found:?}"));
    }
}

fn other_processors_give_their_features() {
    for (architecture, platform) in [(9, 2), (12, 2), (12, 0x8203), (0x8006, 0x8201), (1, 0x8201), (0xffff, 2)] {
        let system = |form: Form| {
            let features = form.record(|bytes| {
                bytes.u64s(&[0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, 7]);
            });
            let cpu = features.try_into().expect("24 bytes");
            synth::SystemInfo { architecture, platform, cpu, ..synth::SystemInfo::default() }
        };
        in_every_form(
            |form| Dump::new().system_info(system(form)),
            |dump, _| match view(dump).map(|system| system.cpu()) {
                Ok(CpuInformation::Other(found)) => {
                    assert_eq!(found.processor_features, [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);
                }
                other => panic!("{other:?}"),
            },
        );
    }
}

fn wine_names_its_host_system() {
    // After the 56 bytes of the stream: marker, count, three offsets relative to the end of the marker, three strings.
    let wine = |count: u32, last: u32| {
        Dump::new().shape(kind::SYSTEM_INFO, Shape::usual().data_size(56)).written(kind::SYSTEM_INFO, move |bytes| {
            bytes.u16(9).zeros(18).u32(2).zeros(32).raw("WINE").u32s(&[count, 16, 25, last]);
            bytes.raw("wine-8.0\0Linux\x006.1.0\0");
        })
    };
    let look = |dump: Dump, expected: [Option<&str>; 3]| {
        let little = dump.build();
        let found = view(&open(&little)).expect("it is sound").wine().expect("it is there");
        let texts = [found.build_id, found.system, found.release].map(|text| text.map(|text| text.to_string()));
        assert_eq!(texts, expected.map(|text| text.map(str::to_owned)));
    };
    for big_endian in [false, true] {
        let dump = |count, last| if big_endian { wine(count, last).big_endian() } else { wine(count, last) };
        look(dump(3, 31), [Some("wine-8.0"), Some("Linux"), Some("6.1.0")]);
        look(dump(4, 31), [Some("wine-8.0"), Some("Linux"), Some("6.1.0")]);
        look(dump(2, 31), [Some("wine-8.0"), Some("Linux"), None]);
        look(dump(0, 31), [None; 3]);
        for outside in [0x1000, u32::MAX] {
            look(dump(3, outside), [Some("wine-8.0"), Some("Linux"), None]);
        }
    }
    in_every_form(
        |_| Dump::new().system_info(synth::SystemInfo::default()),
        |dump, _| assert_eq!(view(dump).expect("it is sound").wine(), None),
    );
}

fn a_system_that_is_cut_is_an_error() {
    for size in [0, 1, 32, 55] {
        let dump = |_| Dump::new().system_info(Default::default()).shape(7, Shape::usual().data_size(size));
        in_every_form(dump, |dump, facts| {
            let offset = facts.stream(7).expect("it is there").rva.0;
            let what = "MINIDUMP_SYSTEM_INFO";
            let error = ReadError::Truncated { what, offset, needed: 56, available: size.into() };
            assert_eq!(view(dump).map(|_| ()), Err(error));
        });
    }
}

fn a_longer_system_is_sound() {
    let dump = |_| Dump::new().system_info(Default::default()).shape(7, Shape::usual().data_size(60)).raw(99, [0; 4]);
    in_every_form(dump, |dump, _| assert_eq!(view(dump).map(|system| system.raw().build_number), Ok(19041)));
}

fn the_target_is_that_of_the_first_system() {
    let system = |architecture, platform| synth::SystemInfo { architecture, platform, ..Default::default() };
    let dump = |_| Dump::new().system_info(system(5, 0x8201)).system_info(system(9, 2));
    in_every_form(dump, |dump, _| {
        let expected = Target { architecture: Some(ProcessorArchitecture::ARM), platform: Some(PlatformId::LINUX) };
        assert_eq!(dump.target(), expected);
        assert_eq!(view(dump).map(|system| system.architecture()), Ok(ProcessorArchitecture::ARM));
    });
    let bytes = Dump::new().raw(99, []).build();
    assert_eq!(open(&bytes).target(), Target { architecture: None, platform: None });
}

fn the_target_needs_a_stream_that_can_be_read() {
    for (size, architecture, platform) in [(0, None, None), (24, None, None), (55, None, None), (56, Some(0), Some(2))]
    {
        let system = || synth::SystemInfo { architecture: 0, ..Default::default() };
        let dump = |_| Dump::new().system_info(system()).shape(kind::SYSTEM_INFO, Shape::usual().data_size(size));
        in_every_form(dump, |dump, _| {
            let found = dump.target();
            assert_eq!((found.architecture.map(|it| it.0), found.platform.map(|it| it.0)), (architecture, platform));
            assert_eq!(found.is_32_bit(), size >= 56);
        });
    }
}

fn a_target_knows_its_addresses() {
    let target = |architecture, platform| Target {
        architecture: Some(ProcessorArchitecture(architecture)),
        platform: Some(PlatformId(platform)),
    };
    for architecture in [0, 1, 2, 3, 4, 5, 10, 13, 14, 0x8005] {
        let narrow = target(architecture, 2);
        assert_eq!((narrow.pointer_size(), narrow.is_32_bit(), narrow.last_address()), (4, true, 0xffff_ffff));
        let addresses = [0x1234, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff_a500_0000, 0x5_0000_0001];
        let masked = [0x1234, 0x7fff_ffff, 0x8000_0000, 0xa500_0000, 1];
        let extended = [0x1234, 0x7fff_ffff, 0xffff_ffff_8000_0000, 0xffff_ffff_a500_0000, 1];
        assert_eq!(addresses.map(|it| narrow.mask(it)), masked);
        assert_eq!(addresses.map(|it| narrow.sign_extend(it)), extended);
    }
    let unknown = Target { architecture: None, platform: None };
    for wide in [target(9, 2), target(12, 2), target(0x8001, 0x8202), target(0x8003, 0x8201), target(6, 2), unknown] {
        assert_eq!((wide.pointer_size(), wide.is_32_bit(), wide.last_address()), (8, false, u64::MAX));
        let addresses = [0, 0x8000_0000, 0xffff_ffff_8000_0000, 0x5_0000_0001, u64::MAX];
        assert_eq!(
            (addresses.map(|it| wide.mask(it)), addresses.map(|it| wide.sign_extend(it))),
            (addresses, addresses)
        );
    }
    assert_eq!([0, 1, 2, 3].map(|platform| target(9, platform).is_windows()), [true; 4]);
    assert_eq!([4, 0x8000, 0x8201, u32::MAX].map(|platform| target(9, platform).is_windows()), [false; 4]);
    assert!(!unknown.is_windows());
}

fn view<'a>(dump: &Minidump<'a>) -> Result<SystemInfo<'a>, ReadError> {
    dump.stream().map(|stream| stream.expect("it is there"))
}

/// Checks how these six words describe a processor, in every form of a dump. Characters are stored in the byte order of
/// the words.
fn cpu(architecture: u16, platform: u32, words: &[u32; 6], look: impl Fn(CpuInformation)) {
    let system = |form: Form| {
        let cpu = form
            .record(|bytes| {
                bytes.u32s(words);
            })
            .try_into()
            .expect("24 bytes");
        synth::SystemInfo { architecture, platform, cpu, ..synth::SystemInfo::default() }
    };
    in_every_form(|form| Dump::new().system_info(system(form)), |dump, _| look(view(dump).expect("it is sound").cpu()));
}

fn is_x86(found: CpuInformation, [vendor0, vendor1, vendor2, version, features, extended]: [u32; 6]) {
    let CpuInformation::X86(found) = found else { panic!("{found:?}") };
    assert_eq!(found.vendor_id, [vendor0, vendor1, vendor2]);
    let rest = (found.version_information, found.feature_information, found.amd_extended_cpu_features);
    assert_eq!(rest, (version, features, extended));
}
