//! Re-encoding, and what holds of every result.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::num::NonZero;

use userdump::format::{MinidumpType, StreamType};
use userdump::read::linux::LinuxMaps;
use userdump::read::{Context, Memory};
use userdump::redump::{Engine, Options, Outcome, Redump, Report, StreamReport};
use userdump::{Dump, Minidump, ReadError};
use userdump_walk::presets;

use crate::contract::Planted;
use crate::process::Process;
use crate::{canary, findings, laws};

/// The letters; a bit stands for each.
const LETTERS: [char; 15] = ['a', 'A', 'f', 'F', 'h', 't', 'u', 'd', 'c', 'i', 'p', 'w', 'r', 'R', 'y'];

/// Options out of three bytes: a bit for each letter, one for a comment; in the last byte one for `/f` in place of all that,
/// for `s`, which does not go with `y` and what stands for it, for `e`, for the engine of 2017, and four for the
/// [presets](presets::of_bits).
pub fn options(bytes: [u8; 3]) -> Options {
    let bits = u16::from_le_bytes([bytes[0], bytes[1]]);
    let more = |bit: u8| bytes[2] & (1 << bit) != 0;
    let is_out = |letter: &char| more(1) && ['a', 'A', 'y'].contains(letter);
    let letters = (0..).zip(LETTERS).filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, letter)| letter);
    let letters = letters.filter(|letter| !is_out(letter));
    let others = [(1, 's'), (2, 'e')].into_iter().filter(|&(bit, _)| more(bit)).map(|(_, letter)| letter);
    let word: String = ['m'].into_iter().chain(letters).chain(others).collect();
    let engine = if more(3) { Engine::V2017 } else { Engine::V2026 };
    let options = match more(0) {
        false => presets::of_bits(Options::parse_as(engine, &word).expect("these are letters"), bytes[2] >> 4),
        true => Options::full_user_dump().forced(),
    };
    if bits & 0x8000 != 0 { options.with_comment("fuzz") } else { options }
}

/// Re-encodes the dump, and the result of that. Nothing happens if the options cannot be carried out on it.
pub fn check(source: &[u8], options: &Options) {
    let Ok(before) = Dump::parse(source) else { return };
    let Some((once, report)) = redump(&before, options) else { return };
    let gave_up = gave_up(&report);
    let dump = Dump::parse(&once).expect("the result is a dump");
    assert_eq!(matches!(dump, Dump::FullUserDump(_)), options.is_full_user_dump());
    crate::walk(&dump);
    laws::size(&before, &report, options);
    laws::report_is_short(&report);
    laws::obstacles(&dump, &report);
    laws::accounted(&before, &once, &report, options);
    findings::check(&before, &dump, options);
    // What the option `r` zeroes may be just what tells the bounds of a stack, if environment blocks lie on stacks.
    let filtered = filters(options.minidump_type());
    // With `R` the folder of the system is zero, in the page that it shares with all processes.
    let hides = options.minidump_type().contains(MinidumpType::FILTER_MODULE_PATHS)
        && before.memory().visible_within(0x7ffe_0030, 0x7ffe_0237).next().is_some();
    holds(&before.memory(), &dump.memory(), filtered || hides);
    if let (Dump::Minidump(before), Dump::Minidump(dump)) = (&before, &dump) {
        // Streams of other producers than Microsoft are carried though their heads cannot be read.
        assert!(unreadable(dump).is_subset(&unreadable(before)), "the result has streams that cannot be read");
    }
    let (twice, _) = redump(&dump, options).expect("the result can be re-encoded");
    let excused = filtered || gave_up || pointers_are_filtered(&before);
    let asked = options.minidump_type().contains(MinidumpType::FILTER_MODULE_PATHS);
    let same = once == twice || (asked && more_asterisks(&once, &twice));
    let excused = excused || (asked && pointers_are_no_registers(&before));
    let excused = excused || same || findings::are_lists_shifted(&dump);
    assert!(excused, "re-encoding the result changes it");
}

/// Re-encoding commutes with compressing: what is compressed is just what the same options write without compression.
pub fn check_compressed(source: &[u8], options: &Options) {
    if options.is_full_user_dump() {
        return;
    }
    let Ok(dump) = Dump::parse(source) else { return };
    let compressed = options.clone().compressed();
    let planned = [options, &compressed].map(|options| Redump::new(&dump, options));
    let [Ok(plain), Ok(packed)] = planned else {
        let [plain, packed] = planned.map(|it| it.err().map(|error| error.to_string()));
        assert_eq!(plain, packed, "compressed memory is refused for another reason");
        return;
    };
    let threads = NonZero::new(2).expect("it is not zero");
    let (mut before, mut after) = (Vec::new(), Cursor::new(Vec::new()));
    plain.write_to(&mut before).expect("a vector takes everything");
    packed.with_threads(threads).write_to_seekable(&mut after).expect("a vector takes everything");
    userdump_walk::compressed::check(&before, after.get_ref());
}

/// As [`check`] of the dump of a process; what secrets it keeps are not in a filtered result, nor is anything else that
/// the contract calls gone.
pub fn check_process(mut process: Process, full_user_dump: bool, options: &Options) {
    let plain = process.dump(full_user_dump);
    check(&plain, options);
    let flags = options.minidump_type();
    if !filters(flags) && !flags.contains(MinidumpType::FILTER_MODULE_PATHS) {
        return;
    }
    process.plant_secrets(full_user_dump);
    let planted = Planted::plant(&mut process, &plain);
    let file = process.dump(full_user_dump);
    let source = Dump::parse(&file).expect("it is a dump");
    let Ok(redump) = Redump::new(&source, options) else { return };
    let selected = redump.selected_memory().collect::<Vec<_>>();
    let mut result = Vec::new();
    let report = redump.write_to(&mut result).expect("a vector takes everything");
    if let Some(planted) = planted {
        planted.check(&source, &selected, &result, options);
        planted.check_text(&format!("{report:?}"));
    }
    if filters(flags) && canary::forget(&mut process, full_user_dump) {
        canary::check(&source, &selected, &result);
    }
}

/// True if the second pass did nothing but to blank more of a text. In a damaged dump the path of a module can be a part of
/// another one's, which is known only once the first pass has blanked the rest of it.
fn more_asterisks(once: &[u8], twice: &[u8]) -> bool {
    let blanked = |(before, after): (&u8, &u8)| before == after || [b'*', 0].contains(after);
    once.len() == twice.len() && once.iter().zip(twice).all(blanked)
}

/// True if stacks are filtered: with `r` and with `s`.
pub fn filters(flags: MinidumpType) -> bool {
    flags.intersects(MinidumpType::FILTER_MEMORY.union(MinidumpType::FILTER_TRIAGE))
}

/// True if the dump says that it was made with `i` and `r` or `s`: all its memory counts as pointed to by stacks that no longer
/// show it. A result without `r` does not say so, so that a second pass finds nothing on the stacks.
fn pointers_are_filtered(dump: &Dump<'_>) -> bool {
    let follows = |flags: MinidumpType| flags.contains(MinidumpType::WITH_INDIRECTLY_REFERENCED_MEMORY);
    matches!(dump, Dump::Minidump(dump) if filters(dump.flags()) && follows(dump.flags()))
}

/// True if some context points to code or a stack with what its flags do not call valid. `r` and `R` zero that, so that a second
/// pass finds nothing there. The same goes for mappings behind a NUL.
fn pointers_are_no_registers(dump: &Dump<'_>) -> bool {
    let contexts = dump.threads().map(|thread| thread.context()).chain(dump.exceptions().map(|it| it.context()));
    let are_none = |context: Context<'_>| {
        let Some(layout) = context.layout() else { return false };
        let valid = |pointer| {
            context.valid_groups().any(|group| layout.group_ranges(group).any(|range| range.contains(&pointer)))
        };
        ![layout.instruction_pointer, layout.stack_pointer].into_iter().all(valid)
    };
    let maps = match dump {
        Dump::Minidump(dump) => dump.find::<LinuxMaps<'_>>(),
        _ => None,
    };
    contexts.flatten().flatten().any(are_none) || maps.is_some_and(|maps| maps.text().as_bytes().contains(&0))
}

/// The result; `None` if the options cannot be carried out on the dump.
fn redump(dump: &Dump<'_>, options: &Options) -> Option<(Vec<u8>, Report)> {
    let redump = Redump::new(dump, options).ok()?;
    let size = redump.size();
    let mut out = Vec::new();
    let report = redump.write_to(&mut out).expect("a vector takes everything");
    assert_eq!((report.size, out.len() as u64), (size, size));
    Some((out, report))
}

/// True if something was given up that a second pass may find otherwise.
fn gave_up(report: &Report) -> bool {
    // A stream that lies on the same bytes as others too often may have had a part in choosing memory.
    let is_one_too_many = |outcome| matches!(outcome, Outcome::Unreadable(ReadError::BudgetSpent { .. }));
    // A reference that leads nowhere may lead somewhere once parts that shared bytes stand apart.
    let broke_off = report.faults.iter().any(|fault| fault.part == "reference");
    // With `r` and `R`, what claims bytes of something else had a part in choosing memory, and is not in the result.
    let is_shared = |error| matches!(error, ReadError::MemoryShared { .. } | ReadError::PartShared { .. });
    let has_shared = report.faults.iter().any(|fault| is_shared(fault.error));
    // A stream is cut where such bytes begin, and may be too short then.
    let is_cut = |stream: &StreamReport| matches!(stream.outcome, Outcome::Unreadable(error) if is_shared(error));
    let streams = &report.streams;
    broke_off || has_shared || streams.iter().any(|stream| is_one_too_many(stream.outcome) || is_cut(stream))
}

/// Every byte of the result stands at its address in the source, or is a filtered one.
fn holds(source: &Memory<'_>, result: &Memory<'_>, filtered: bool) {
    for range in result.visible_ranges() {
        let bytes = range.bytes().expect("the result is plain");
        let mut expected = vec![0; bytes.len()];
        let read = source.read(range.address, &mut expected);
        assert!(filtered || read == expected.len(), "the result has {:#x}, the source has not", range.address);
        let taken_out = [0, MinidumpType::TRIAGE_PATTERN];
        let same = |(ours, theirs): (&u8, &u8)| ours == theirs || (filtered && taken_out.contains(ours));
        assert!(bytes.iter().zip(&expected[..read]).all(same), "other bytes at {:#x}", range.address);
    }
}

/// The types of the streams that cannot be read.
fn unreadable(dump: &Minidump<'_>) -> BTreeSet<StreamType> {
    dump.streams().filter(|(_, decoded)| decoded.is_err()).map(|(stream, _)| stream.stream_type()).collect()
}
