//! Compared with the triage dumps of both engines: everything that they filter is filtered, and everything except
//! memory is the same.

use std::ops::Range;

use libtest_mimic::Trial;
use userdump::redump::{Engine, Options};

use crate::support::facts::Facts;
use crate::support::narrow_side::NarrowSide;
use crate::support::redumped::Redumped;
use crate::support::spans::span;
use crate::support::{Shared, golden, shared_trial};

use super::PATTERN;

pub fn trials() -> Vec<Trial> {
    let trial = |paths: [String; 3]| {
        shared_trial(format!("redump_triage::golden::{}", paths[1]), move |shared| is_stricter(shared, &paths))
    };
    golden::triage_dumps().map(trial).collect()
}

const TOKEN: u32 = 19;
const PAGE: u64 = 0x7ffe_0000;

fn is_stricter(shared: &Shared, [source, theirs, without]: &[String; 3]) {
    let engine = if theirs.contains("@26") || theirs.contains("26-") { Engine::V2026 } else { Engine::V2017 };
    let options = |words| Options::parse_as(engine, words).expect("it is known");
    let source = shared.golden(source);
    let [ours, plain] = [options("/ms"), options("/m")].map(|options| Redumped::once(&source, &options));
    let again = Redumped::once(&ours.bytes, &options("/ms"));
    assert!(again.bytes == ours.bytes, "a second pass changes it");
    let [theirs, without] = [theirs, without].map(|path| shared.golden(path));
    let [ours, plain, theirs, without] = [&ours.bytes, &plain.bytes, &theirs, &without].map(|bytes| Facts::of(bytes));
    let threads = if source.starts_with(b"MDMP") { Facts::of(&source).threads() } else { Vec::new() };
    let named: Vec<_> = threads.iter().map(|it| span((it.stack_start, it.stack_size.into()))).collect();
    assert_eq!((ours.header.flags, theirs.header.flags), (0x10_0080, 0x10_0080));
    let kinds = |facts: &Facts<'_>| {
        let mut kinds = facts.kinds();
        kinds.sort_unstable();
        kinds
    };
    let expected: Vec<u32> = kinds(&plain).into_iter().filter(|kind| *kind != TOKEN).collect();
    assert!(kinds(&plain) != expected && !kinds(&theirs).contains(&TOKEN));
    assert_eq!(kinds(&ours), expected);
    // We sign-extend addresses above 2 GiB.
    let is_32_bit = ours.system_info().expect("it is there").architecture == 0;
    let mask = if is_32_bit { u64::from(u32::MAX) } else { u64::MAX };
    let names = |facts: &Facts<'_>| {
        let mut names: Vec<_> = facts.modules().into_iter().map(|it| (it.base & mask, it.name.text)).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&ours), names(&theirs));
    let side = if source.starts_with(b"MDMP") { NarrowSide::of(&Facts::of(&source)) } else { NarrowSide::of(&plain) };
    memory(&ours, &plain, (&theirs, &without), (&side, &named));
    registers(&ours, &theirs, &plain, (&side, &named));
}

/// The ranges are those without a filter: the engine only adds the first words of objects. The engine keeps nothing of
/// the 32-bit side of a process.
fn memory(
    ours: &Facts<'_>,
    plain: &Facts<'_>,
    (theirs, without): (&Facts<'_>, &Facts<'_>),
    (side, named): (&NarrowSide, &[Range<u64>]),
) {
    let places = |facts: &Facts<'_>| facts.ranges().iter().map(|it| (it.address, it.size)).collect::<Vec<_>>();
    assert_eq!(places(ours), places(plain));
    let word = if ours.system_info().expect("it is there").architecture == 0 { 4 } else { 8 };
    let known = places(without);
    assert!(places(theirs).iter().all(|place| place.1 == word as u64 || known.contains(place)));
    let is_named = |address: u64| named.iter().any(|stack| stack.contains(&address));
    let (mut kept, mut stricter) = (0, 0);
    for range in ours.ranges() {
        // We sign-extend addresses above 2 GiB, and the engine misses them.
        let address = if word == 4 { range.address & u64::from(u32::MAX) } else { range.address };
        let (theirs, before) = (theirs.read(address, range.size), without.read(address, range.size));
        if theirs.is_empty() && side.wanted().iter().any(|part| part.contains(&address)) {
            continue;
        }
        assert!(!theirs.is_empty() || address >> 31 == 1, "{address:#x}");
        let step = if address == PAGE { 1 } else { word };
        let words = range.bytes.0.chunks(step).zip(theirs.chunks(step)).zip(before.chunks(step));
        for (number, ((mine, theirs), before)) in words.enumerate() {
            // Saved 32-bit registers are not words of the 64-bit stack.
            if side.areas().any(|area| area.contains(&(address + (number * step) as u64))) {
                continue;
            }
            // The debugger documents the pattern for stacks and registers.
            let filling = if address == PAGE { 0 } else { PATTERN };
            let is_filtered = mine.iter().all(|&byte| byte == filling);
            // The same goes for words that point there.
            let is_high = word == 4 && mine[step - 1] >= 0x80;
            let is_named = mine.try_into().is_ok_and(|word| is_named(u64::from_le_bytes(word)));
            assert!(
                mine == theirs || is_filtered || is_high || is_named,
                "{address:#x}+{:#x}: {mine:x?}",
                number * step
            );
            kept += u64::from(mine == theirs && !is_filtered && before.iter().any(|&byte| byte != 0));
            stricter += u64::from(mine != theirs);
        }
    }
    assert!(kept > 100 && stricter > 0, "{kept} words stay, {stricter} more are gone");
}

/// The instruction and stack pointers of a thread stay. Every register that the engine filters is filtered, in
/// exceptions as well.
fn registers(ours: &Facts<'_>, theirs: &Facts<'_>, plain: &Facts<'_>, (side, named): (&NarrowSide, &[Range<u64>])) {
    let contexts = |facts: &Facts<'_>| {
        let mut contexts: Vec<_> = facts.threads().into_iter().map(|it| (it.id, it.context.0.to_vec())).collect();
        contexts.extend(facts.exceptions().into_iter().map(|it| (it.thread, it.context.0.to_vec())));
        contexts
    };
    let (ours, theirs, plain) = (contexts(ours), contexts(theirs), contexts(plain));
    assert_eq!((ours.len(), plain.len()), (theirs.len(), theirs.len()));
    let mut of_threads = std::collections::BTreeMap::new();
    for (number, ((thread, mine), (_, theirs))) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(mine.len(), theirs.len());
        let (step, places, general, flags) = match mine.len() {
            716 => (4, [184, 196], 156..184, 0),
            _ => (8, [248, 152], 120..248, 48),
        };
        for place in places {
            assert_eq!(mine[place..place + step], plain[number].1[place..place + step], "thread {thread:#x}");
        }
        for at in (0..mine.len()).step_by(4) {
            // A register that points into a 32-bit stack refers to memory that the engine lacks.
            let register = mine.get(at / 8 * 8..at / 8 * 8 + 8).map(|it| u64::from_le_bytes(it.try_into().unwrap()));
            let wanted = side.wanted();
            if register.is_some_and(|it| wanted.iter().any(|part| part.contains(&it))) {
                continue;
            }
            let (mine, theirs) = (&mine[at..at + 4], &theirs[at..at + 4]);
            let word = u32::from_le_bytes(mine.try_into().expect("four bytes"));
            let is_named = named.iter().any(|stack| stack.contains(&word.into()));
            let is_nothing = mine == [0; 4] || mine == [PATTERN; 4] || is_named;
            // The flags describe which parts are present.
            let is_same = mine == theirs || at == flags && mine[1..] == theirs[1..];
            assert!(is_same || is_nothing, "thread {thread:#x}, byte {at}: {mine:x?} {theirs:x?}");
            assert!(theirs != [PATTERN; 4] || is_nothing, "thread {thread:#x}, byte {at}: {mine:x?}");
        }
        // Our exception has the registers of its thread; the engine leaks them.
        let general = general.filter(|at| !places.contains(at)).step_by(step);
        let filtered: Vec<usize> = general.filter(|&at| mine[at..at + step].iter().all(|&it| it == PATTERN)).collect();
        match of_threads.insert(*thread, filtered.clone()) {
            Some(of_thread) => assert_eq!(filtered, of_thread, "thread {thread:#x}"),
            None => assert!(!filtered.is_empty(), "thread {thread:#x}"),
        }
    }
}
