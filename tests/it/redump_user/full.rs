//! `/f`, compared with the full user dump that the debugger wrote of the same stopped process.

use libtest_mimic::Trial;
use userdump::redump::MissingMemory;

use super::facts::{Module, User};
use super::redumped;
use crate::support::facts::Facts;
use crate::support::{Shared, golden, shared_trial};

pub fn trials() -> Vec<Trial> {
    let of_set = |name: &str, test: fn(&Shared, &str)| -> Vec<Trial> {
        let trial = |set| shared_trial(format!("redump_user::full::{name}::{set}"), move |shared| test(shared, set));
        golden::full_user().map(trial).collect()
    };
    let of_minidump = of_set("of_all_memory", the_engine_wrote_the_same);
    let of_user_dump = of_set("of_a_full_user_dump", nothing_changes);
    [of_minidump, of_user_dump].into_iter().flatten().collect()
}

/// The user shared data page, which changes while the debugger writes one file and then the other, and the offsets that
/// differ between the two in every set: the low bytes of tick count, interrupt time, system time and 64-bit tick count.
const TICKING_PAGE: u64 = 0x7ffe_0000;
const TICKING: [u64; 10] = [0x000, 0x001, 0x008, 0x009, 0x00a, 0x014, 0x015, 0x016, 0x320, 0x321];

/// Modules of the engine's dump that lack their folders.
fn without_folder(set: &str) -> &'static [&'static str] {
    match set {
        "crash" | "crash32" => &["victim.exe", "ntdll.dll"],
        _ => &[],
    }
}

fn the_engine_wrote_the_same(shared: &Shared, set: &str) {
    let (source, expected) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&format!("{set}/f.dmp")));
    let (out, report) = redumped(&source, "/f").unwrap_or_else(|error| panic!("{error}"));
    let (ours, engine) = (User::of(&out), User::of(&expected));
    assert_eq!((ours.wide, ours.machine), (engine.wide, engine.machine));
    assert_eq!((ours.major, ours.minor), (engine.major, engine.minor));
    assert!(ours.version == engine.version, "{:?} and {:?}", ours.texts(), engine.texts());

    // The alignment padding in the engine's entries holds stale bytes.
    let rows = |user: &User<'_>| -> Vec<_> {
        user.rows().into_iter().map(|row| super::facts::Row { alignment: [0; 2], ..row }).collect()
    };
    assert_eq!(rows(&ours), rows(&engine));
    let mut different = Vec::new();
    for (ours, engine) in ours.regions.iter().zip(&engine.regions) {
        if ours.bytes != engine.bytes {
            let bytes = ours.bytes.iter().zip(engine.bytes).zip(ours.row.base..);
            different.extend(bytes.filter(|((ours, engine), _)| ours != engine).map(|(_, address)| address));
        }
    }
    assert_eq!(different, TICKING.map(|at| TICKING_PAGE + at), "bytes that differ");

    assert_eq!(ours.threads.len(), engine.threads.len());
    for (ours, engine) in ours.threads.iter().zip(&engine.threads) {
        assert_eq!(ours.state(), engine.state());
        for (name, registers) in registers(User::of(&out).wide) {
            assert_eq!(ours.context[registers.clone()], engine.context[registers], "{name} of {}", ours.id);
        }
    }

    let bare = |path: &str| path.rsplit('\\').next().unwrap_or_default().to_owned();
    let expected: Vec<Module> = ours
        .modules
        .iter()
        .zip(&engine.modules)
        .map(|(ours, engine)| {
            let name = if without_folder(set).contains(&engine.name.as_str()) { &ours.name } else { &engine.name };
            assert_eq!(bare(name), bare(&engine.name));
            Module { name: name.clone(), ..engine.clone() }
        })
        .collect();
    assert_eq!(ours.modules, expected);
    let without: Vec<&str> =
        engine.modules.iter().map(|it| it.name.as_str()).filter(|name| !name.contains('\\')).collect();
    assert_eq!(without, without_folder(set));
    assert!(ours.modules.iter().all(|module| module.name.contains('\\')));

    let event = |user: &User<'_>| user.event.as_ref().expect("both have one").valid();
    assert_eq!(event(&ours), event(&engine));
    assert_eq!(event(&ours).first_chance, 1);

    assert!(!report.is_partial);
    assert_eq!(report.missing_memory, [] as [MissingMemory; 0]);
    assert_eq!((report.memory_ranges, report.memory_bytes), {
        let ranges = Facts::of(&source).ranges();
        (ranges.len() as u64, ranges.iter().map(|range| range.size).sum())
    });
    let (again, _) = redumped(&out, "/f").unwrap_or_else(|error| panic!("second pass: {error}"));
    assert!(again == out, "a second pass changes the dump");
}

/// Positions of the registers that both dumps have: the integer and the control group.
fn registers(wide: bool) -> Vec<(&'static str, std::ops::Range<usize>)> {
    match wide {
        // Cs to EFlags, without debug registers; Rax to R15; Rip.
        true => vec![("segments and flags", 0x38..0x48), ("integers", 0x78..0xf8), ("Rip", 0xf8..0x100)],
        // Everything except the flags that describe which groups are present.
        false => vec![("all registers", 4..716)],
    }
}

fn nothing_changes(shared: &Shared, set: &str) {
    let source = shared.golden(&format!("{set}/f.dmp"));
    let (out, report) = redumped(&source, "/f").unwrap_or_else(|error| panic!("{error}"));
    let different = out.iter().zip(&source).position(|(ours, theirs)| ours != theirs);
    assert_eq!((different, out.len()), (None, source.len()));
    assert_eq!((report.losses, report.is_partial, report.faults.len()), (Vec::new(), false, 0));
}
