//! The forms in which identifiers are printed and parsed, compared with those of the crate `debugid`.

use libtest_mimic::Trial;
use userdump::format::module::Guid;
use userdump::read::ByteOrder;
use userdump::read::module::{CodeId, DebugId};

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        debug_ids_have_the_forms_of_others,
        invalid_debug_ids_are_refused,
        code_ids_have_the_forms_of_others,
        invalid_code_ids_are_refused,
        identifiers_are_compared_as_they_print,
        parts_of_a_debug_id_are_accessible,
    ]
}

/// Unsorted numbers, edge values first.
fn numbers() -> Vec<u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let edges = [0, 1, 0xf, 0x10, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, u64::MAX];
    edges.into_iter().chain((0..500).map(|_| next())).collect()
}

/// Every debug ID, with the one that the other crate makes of the same numbers.
fn debug_ids() -> Vec<(DebugId, debugid::DebugId)> {
    let numbers = numbers();
    let pairs = numbers.iter().zip(numbers.iter().rev());
    let ids = pairs.flat_map(|(&first, &second)| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&first.to_le_bytes());
        bytes[8..].copy_from_slice(&second.to_le_bytes());
        let guid = Guid {
            data1: first as u32,
            data2: (first >> 32) as u16,
            data3: (first >> 48) as u16,
            data4: second.to_le_bytes(),
        };
        let (stamp, age) = (first as u32, second as u32);
        [
            (DebugId::Guid { guid, age }, debugid::DebugId::from_guid_age(&bytes, age).expect("16 bytes")),
            (DebugId::Guid { guid, age: 0 }, debugid::DebugId::from_guid_age(&bytes, 0).expect("16 bytes")),
            (DebugId::Pdb20 { time_date_stamp: stamp, age }, debugid::DebugId::from_pdb20(stamp, age)),
            (DebugId::Pdb20 { time_date_stamp: stamp, age: 0 }, debugid::DebugId::from_pdb20(stamp, 0)),
        ]
    });
    ids.collect()
}

fn debug_ids_have_the_forms_of_others() {
    for (ours, theirs) in debug_ids() {
        let [breakpad, hyphens] = [theirs.breakpad().to_string(), theirs.to_string()];
        assert_eq!([ours.to_string(), format!("{ours:#}")], [breakpad.clone(), hyphens.clone()]);
        for text in [&breakpad, &hyphens, &breakpad.to_lowercase(), &hyphens.to_uppercase(), &hyphens.to_lowercase()] {
            assert_eq!(text.parse(), Ok(ours), "{text}");
        }
        assert_eq!(debugid::DebugId::from_breakpad(&ours.to_string()), Ok(theirs));
        assert_eq!((debugid::DebugId::from(ours), DebugId::from(theirs)), (theirs, ours));
        if let DebugId::Guid { age: 0, .. } = ours {
            let digits = &breakpad[..32];
            assert_eq!(digits.parse(), Ok(ours), "{digits}");
        }
    }
}

fn invalid_debug_ids_are_refused() {
    let texts = [
        "",
        "-",
        "1",
        "1234567",
        "+2345678",
        "1234567g",
        "12345678+1",
        "12345678-",
        "12345678-+1",
        "12345678-123456789",
        "12345678-1-1",
        "-12345678",
        "12345678123456789",
        "3249D99D0C4049318610F4E4FB0B693",
        "3249D99D0C4049318610F4E4FB0B6936123456789",
        "3249D99D0C4049318610F4E4FB0B6936 1",
        "3249D99D0C4049318610F4E4FB0B693+1",
        "3249D99D0C4049318610F4E4FB0B693é",
        "3249D99D0C4049318610F4E4FB0B6936-1",
        "3249d99d-0c40-4931-8610-f4e4fb0b693",
        "3249d99d-0c40-4931-8610-f4e4fb0b69361",
        "3249d99d-0c40-4931-8610-f4e4fb0b6936-",
        "3249d99d-0c40-4931-8610-f4e4fb0b6936-123456789",
        "3249d99d-0c40-4931-8610-f4e4fb0b6936-1-1",
        "3249d99d-0c4-04931-8610-f4e4fb0b6936-1",
        "3249d99d-0c40-4931-8610f4e4fb0b6936-1",
        "{3249d99d-0c40-4931-8610-f4e4fb0b6936}",
    ];
    for text in texts {
        let error = text.parse::<DebugId>().expect_err(text);
        assert!(error.to_string().starts_with("not a debug ID: "), "{error}");
    }
    // The other crate rejects these as well, except for truncated ages and signs.
    let looser = ["12345678+1", "12345678-+1", "3249d99d-0c40-4931-8610-f4e4fb0b6936-123456789"];
    let accepted: Vec<_> = texts.into_iter().filter(|text| text.parse::<debugid::DebugId>().is_ok()).collect();
    assert!(looser.iter().all(|text| accepted.contains(text)), "{accepted:?}");
}

fn code_ids_have_the_forms_of_others() {
    let numbers = numbers();
    for (&first, &second) in numbers.iter().zip(numbers.iter().rev()) {
        let (stamp, size) = (first as u32, second as u32);
        let id = CodeId::from_image(stamp, size);
        let text = format!("{stamp:08X}{size:x}");
        let theirs = debugid::CodeId::new(text.clone());
        assert_eq!([id.to_string(), format!("{id:x}"), format!("{id:#}")], [theirs.as_str(), theirs.as_str(), &text]);
        assert_eq!(format!("{id:X}"), format!("{stamp:08X}{size:X}"));
        assert_eq!((format!("{id:X}").parse(), CodeId::try_from(&theirs)), (Ok(id), Ok(id)));
        assert_eq!(debugid::CodeId::from(id), theirs);
    }
    for length in 1..=64u8 {
        let bytes: Vec<u8> = (0..length).map(|at| at.wrapping_mul(37).wrapping_add(1)).collect();
        let id = CodeId::from_build_id(&bytes).expect("it is valid");
        let theirs = debugid::CodeId::from_binary(&bytes);
        assert_eq!((id.to_string().as_str(), CodeId::try_from(&theirs)), (theirs.as_str(), Ok(id)));
        assert_eq!(format!("{id:X}"), theirs.as_str().to_uppercase());
    }
    // A UUID in its usual form has hyphens.
    let uuid =
        Guid { data1: 0x3249_d99d, data2: 0xc40, data3: 0x4931, data4: [0x86, 0x10, 0xf4, 0xe4, 0, 0xb, 0x69, 0x36] };
    let id = CodeId::from_uuid(uuid).expect("it is valid");
    assert_eq!(id.to_string(), "3249d99d0c4049318610f4e4000b6936");
    assert_eq!(uuid.to_string().parse(), Ok(id));
    assert_eq!(format!("{id:#} {id:?}"), format!("{id} CodeId({id})"));
}

fn invalid_code_ids_are_refused() {
    let long = "a".repeat(129);
    for text in ["", "-", "g", "0x12", "12 34", "+1", "é", &long] {
        let error = text.parse::<CodeId>().expect_err(text);
        assert!(error.to_string().starts_with("not a code ID: "), "{error}");
    }
    assert_eq!(long[1..].parse().map(|id: CodeId| id.to_string()), Ok(long[1..].to_owned()));
    assert_eq!([&[][..], &[0], &[0; 64], &[1; 65]].map(CodeId::from_build_id), [None; 4]);
    assert_eq!(CodeId::from_uuid(Guid::default()), None);
}

fn identifiers_are_compared_as_they_print() {
    let mut ids: Vec<DebugId> = debug_ids().into_iter().map(|(id, _)| id).filter(|id| id.guid().is_some()).collect();
    ids.sort_unstable();
    let keys: Vec<_> = ids.iter().map(|id| (id.to_string()[..32].to_owned(), id.age())).collect();
    assert!(keys.is_sorted());
    let texts = ["1", "10", "100", "12", "2", "a", "abcdef0123", "abcdef0123456789abcdef", "b"];
    let ids = texts.map(|text| text.parse::<CodeId>().expect("it is valid"));
    assert!(ids.is_sorted() && ids.map(|id| id.to_string()).is_sorted());
    assert_ne!(ids[0], ids[1], "a zero is a digit");
}

fn parts_of_a_debug_id_are_accessible() {
    let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
    let little = DebugId::from_build_id(&bytes, ByteOrder::Little).expect("it is valid");
    let big = DebugId::from_build_id(&bytes, ByteOrder::Big).expect("it is valid");
    assert_eq!(little.to_string(), "0403020106050807090A0B0C0D0E0F100");
    assert_eq!(big.to_string(), "0102030405060708090A0B0C0D0E0F100");
    let uuid: [u8; 16] = bytes[..16].try_into().expect("sixteen");
    assert_eq!((DebugId::from_uuid(uuid), DebugId::from_uuid([0; 16])), (Some(big), None));
    let guid = Guid { data1: 0x0102_0304, data2: 0x0506, data3: 0x0708, data4: [9, 10, 11, 12, 13, 14, 15, 16] };
    assert_eq!((big.guid(), big.age()), (Some(guid), 0));
    let old: DebugId = "3B0000012a".parse().expect("it is valid");
    assert_eq!(old, DebugId::Pdb20 { time_date_stamp: 0x3b00_0001, age: 0x2a });
    assert_eq!((old.guid(), old.age()), (None, 0x2a));
}
