//! Flags, named numbers and identifiers as text and as plain numbers.

use std::fmt::{Debug, Display, LowerHex, UpperHex};
use std::str::FromStr;

use libtest_mimic::Trial;
use userdump::error::ParseError;
use userdump::format::breakpad::{AssertionType, BreakpadInfoFlags};
use userdump::format::context::ContextState;
use userdump::format::crashpad::AnnotationType;
use userdump::format::exception::ExceptionFlags;
use userdump::format::full_user_dump::ImageFileMachine;
use userdump::format::handle::HandleObjectInformationType;
use userdump::format::linux::{AuxType, LinuxMapFlags};
use userdump::format::memory::{MemoryState, MemoryType};
use userdump::format::module::SectionCharacteristics;
use userdump::format::system::{MiscInfoFlags, ProcessVmCountersFlags, SystemMemoryInfoFlags};
use userdump::format::thread::ThreadInfoFlags;
use userdump::format::{Guid, MemoryProtection, MinidumpType, PlatformId, ProcessorArchitecture, StreamType};
use userdump::read::module::{CodeId, DebugId, FileVersion};

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        every_set_of_flags_is_text_and_a_number,
        every_named_number_is_text_and_a_number,
        flags_print_their_names_and_the_rest_in_hexadecimal,
        what_is_not_a_value_is_not_parsed,
        guids_are_text_and_a_number,
        identifiers_that_were_printed_are_parsed,
    ]
}

/// Checks that printed text is parsed again, in either case.
fn round_trip<T: Copy + Debug + Display + Eq + FromStr<Err = ParseError>>(value: T) {
    let text = value.to_string();
    assert_eq!(text.parse(), Ok(value), "{text}");
    assert_eq!(text.to_ascii_lowercase().parse(), Ok(value), "{text}");
    assert_eq!(text.to_ascii_uppercase().replace("0X", "0x").parse(), Ok(value), "{text}");
    let wide = format!("{value:>900}");
    assert_eq!((wide.len(), wide.trim_start()), (900, text.as_str()));
}

macro_rules! each_flag_set {
    ($($type:ident($integer:ty)),* $(,)?) => {$(
        let all = $type::all().iter_names().collect::<Vec<_>>();
        assert!(!all.is_empty(), stringify!($type));
        for (name, flag) in &all {
            assert_eq!(flag.to_string(), *name);
            round_trip(*flag);
        }
        let names = all.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!($type::all().to_string(), names.join(" | "));
        assert_eq!($type::empty().to_string(), "0x0");
        // Each bit alone, all of them, and none.
        let bits = (0..<$integer>::BITS).map(|bit| 1 << bit).chain([<$integer>::MAX, 0]);
        for bits in bits {
            let flags = $type::from(bits);
            assert_eq!(<$integer>::from(flags), bits);
            assert_eq!(format!("{flags:#x}"), format!("{bits:#x}"));
            if all.iter().all(|(_, flag)| flag.bits() & bits == 0) {
                assert_eq!(flags.to_string(), format!("{bits:#x}"));
            }
            round_trip(flags);
        }
    )*};
}

fn every_set_of_flags_is_text_and_a_number() {
    each_flag_set!(
        BreakpadInfoFlags(u32),
        ContextState(u32),
        ExceptionFlags(u32),
        LinuxMapFlags(u32),
        MemoryProtection(u32),
        MemoryState(u32),
        MemoryType(u32),
        MinidumpType(u64),
        MiscInfoFlags(u32),
        ProcessVmCountersFlags(u16),
        SectionCharacteristics(u32),
        SystemMemoryInfoFlags(u16),
        ThreadInfoFlags(u32),
    );
}

macro_rules! each_named_number {
    ($($type:ident($integer:ty)),* $(,)?) => {$(
        assert!(!$type::KNOWN.is_empty(), stringify!($type));
        for known in $type::KNOWN {
            assert_eq!(known.name(), Some(known.to_string().as_str()));
            round_trip(*known);
        }
        for number in $type::KNOWN.iter().map(|known| known.0).chain([0, 1, 0x5ca1, <$integer>::MAX]) {
            let value = $type::from(number);
            assert_eq!((value, <$integer>::from(value)), ($type(number), number));
            assert_eq!((format!("{value:x}"), format!("{value:#X}")), (format!("{number:x}"), format!("{number:#X}")));
            assert_eq!((format!("{number}").parse(), format!("{number:#x}").parse()), (Ok(value), Ok(value)));
            round_trip(value);
        }
        // One that does not fit.
        assert!(u128::from(<$integer>::MAX).wrapping_add(1).to_string().parse::<$type>().is_err());
    )*};
}

fn every_named_number_is_text_and_a_number() {
    each_named_number!(
        AnnotationType(u16),
        AssertionType(u32),
        AuxType(u64),
        HandleObjectInformationType(u32),
        ImageFileMachine(u32),
        PlatformId(u32),
        ProcessorArchitecture(u16),
        StreamType(u32),
    );
}

fn flags_print_their_names_and_the_rest_in_hexadecimal() {
    let print = |bits| MinidumpType::from_bits_retain(bits).to_string();
    assert_eq!(print(0x2), "WITH_FULL_MEMORY");
    assert_eq!(print(0x1006), "WITH_FULL_MEMORY | WITH_HANDLE_DATA | WITH_THREAD_INFO");
    assert_eq!(print(0x8000_0000_0000_0002), "WITH_FULL_MEMORY | 0x8000000000000000");
    assert_eq!(MemoryProtection::from_bits_retain(0x8000_0104).to_string(), "READ_WRITE | GUARD | 0x80000000");
    assert_eq!("read_write|Guard".parse(), Ok(MemoryProtection::from_bits_retain(0x104)));
    assert_eq!("0x100 | 4".parse(), Ok(MemoryProtection::from_bits_retain(0x104)));
    assert_eq!("ThreadList".parse(), Ok(StreamType(3)));
}

fn what_is_not_a_value_is_not_parsed() {
    for text in ["", " ", "|", "READ_WRITE |", "READ_WRITE || GUARD", "PAGE_GUARD", "0x", "-1", "+1", "0x1_0000_0000"] {
        assert!(text.parse::<MemoryProtection>().is_err(), "{text}");
    }
    let error = "GUARDED".parse::<MemoryProtection>().expect_err("there is no such flag");
    assert_eq!(error.to_string(), "not a MemoryProtection: expected names of flags or numbers, joined with `|`");
    for text in ["", "Thread List", "ThreadList ", "0xg", "0x", "+3", "-3", "0x100000000", "3.0"] {
        assert!(text.parse::<StreamType>().is_err(), "{text}");
    }
    let error = "Threads".parse::<StreamType>().expect_err("there is no such stream");
    assert_eq!(error.to_string(), "not a StreamType: expected a name or a number");
    for text in ["", "10.0.19041", "10.0.19041.1.2", "10.0.19041.", "10.0.-1.1", "10.0.4294967296.1", "10.0.+1.1"] {
        assert!(text.parse::<FileVersion>().is_err(), "{text}");
    }
}

/// The GUID of `IUnknown` in Microsoft's `unknwn.h`, and the first example of RFC 9562.
const IUNKNOWN: &str = "00000000-0000-0000-C000-000000000046";
const RFC: &str = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6";

fn guids_are_text_and_a_number() {
    let expected = [
        (IUNKNOWN, Guid { data1: 0, data2: 0, data3: 0, data4: [0xc0, 0, 0, 0, 0, 0, 0, 0x46] }, 0xc000_0000_0000_0046),
        (
            RFC,
            Guid {
                data1: 0xf81d_4fae,
                data2: 0x7dec,
                data3: 0x11d0,
                data4: [0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6],
            },
            0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6,
        ),
    ];
    for (text, guid, number) in expected {
        let lower = text.to_ascii_lowercase();
        assert_eq!(
            (guid.to_string(), format!("{guid:X}"), format!("{guid:x}")),
            (text.into(), text.into(), lower.clone())
        );
        assert_eq!((u128::from(guid), Guid::from(number)), (number, guid));
        let spellings =
            [text.to_owned(), lower.clone(), format!("{{{text}}}"), text.replace('-', ""), format!("{{{lower}}}")];
        for spelling in spellings {
            assert_eq!(spelling.parse(), Ok(guid), "{spelling}");
        }
        // Every text that results from one letter more, less or changed.
        for at in 0..text.len() {
            let (before, behind) = text.split_at(at);
            for wrong in [
                format!("{before}{}", &behind[1..]),
                format!("{before}g{}", &behind[1..]),
                format!("{before}-{behind}"),
            ] {
                assert!(wrong.parse::<Guid>().is_err(), "{wrong}");
            }
        }
        for wrong in
            [format!("{{{text}"), format!("{text}}}"), format!("{text}0"), format!("{{{{{text}}}}}"), String::new()]
        {
            assert!(wrong.parse::<Guid>().is_err(), "{wrong}");
        }
    }
    let error = "guid".parse::<Guid>().expect_err("it is not a GUID");
    assert_eq!(error.to_string(), "not a GUID: expected 32 hexadecimal digits");
}

fn identifiers_that_were_printed_are_parsed() {
    fn both<T: Copy + Debug + Display + Eq + FromStr<Err = ParseError>>(value: T) {
        assert_eq!((value.to_string().parse(), format!("{value:#}").parse()), (Ok(value), Ok(value)));
    }
    fn hexadecimal<T: Copy + Debug + Eq + FromStr<Err = ParseError> + LowerHex + UpperHex>(value: T) {
        assert_eq!((format!("{value:x}").parse(), format!("{value:X}").parse()), (Ok(value), Ok(value)));
    }
    let guid: Guid = RFC.parse().expect("it is valid");
    for age in [0, 1, 0x1f, u32::MAX] {
        both(DebugId::Guid { guid, age });
        both(DebugId::Pdb20 { time_date_stamp: 0x3b7d_8410, age });
    }
    for id in [CodeId::from_image(0x5c9d_0000, 0x12000), CodeId::from_build_id(&[0xab; 20]).expect("there are bytes")] {
        both(id);
        hexadecimal(id);
    }
    hexadecimal(guid);
    let version = FileVersion::from([10, 0, 19041, u32::MAX]);
    both(version);
    assert_eq!((version.to_string().as_str(), <[u32; 4]>::from(version)), ("10.0.19041.4294967295", version.parts));
}
