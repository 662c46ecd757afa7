//! From a minidump to a full user dump and back: what is the same, and what is lost.

use libtest_mimic::Trial;
use userdump::redump::{Outcome, Report};

use super::facts::User;
use super::losses::{check, fits_windows_1252, held, masked};
use super::redumped;
use crate::redump_corpus::all_of_it_is_in;
use crate::support::facts::Facts;
use crate::support::{Shared, golden, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![every_dump_of_the_corpus];
    all.extend(golden::full_user().map(|set| {
        shared_trial(format!("redump_user::round_trip::golden::{set}"), move |shared| golden_set(shared, set))
    }));
    all
}

/// Thread times, unloaded modules, token, and the counters of system and process.
const LOST_STREAMS: [u32; 5] = [17, 14, 19, 21, 22];

fn golden_set(shared: &Shared, set: &str) {
    let (source, expected) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&format!("{set}-from-f/ma.dmp")));
    let (user, report) = redumped(&source, "/f").unwrap_or_else(|error| panic!("{error}"));
    let facts = Facts::of(&source);
    assert_eq!(check(&facts, &report, |_| Some(true), set), 0);
    let lost: Vec<u32> =
        report.streams.iter().filter(|it| it.outcome == Outcome::Unsupported).map(|it| it.stream_type.0).collect();
    assert_eq!(lost, LOST_STREAMS);
    let losses: Vec<_> = report.losses.iter().map(|loss| (loss.what, loss.count)).collect();
    let mut listed = vec![
        ("stack bounds, which the environment blocks also have", facts.threads().len() as u64),
        ("context of the exception, which differs from that of its thread", 1),
    ];
    if set == "crash" {
        // The clock ticked between the start of the dump and the reading of the user shared data page.
        listed.push(("time of the dump", 1));
    }
    listed.push(("processor information", 1));
    listed.push(("process information except the process ID", 1));
    let rows = match set {
        "live" | "crash" => 48,
        "highstack32" => 51,
        _ => 47,
    };
    listed.push(("memory regions without bytes", rows));
    // The debugger writes a meaningless number there.
    listed.push(("`reserved0` of `Module`", facts.modules().len() as u64));
    assert_eq!(losses, listed);

    let (back, report) = redumped(&user, "/ma").unwrap_or_else(|error| panic!("{error}"));
    let losses: Vec<_> = report.losses.iter().map(|loss| (loss.what, loss.count)).collect();
    // One of the two strings of the debugger's version information is the service pack.
    let expected_losses =
        [("whether the exception was first-chance", 1), ("version information except the service pack", 1)];
    assert_eq!(losses, expected_losses);
    let back = Facts::of(&back);
    same_process(&facts, &back, set);
    // Beyond the parts that every format has: the rest of the module records comes from the images in memory.
    let mut modules = facts.modules();
    modules.sort_by_key(|module| masked(&facts, module.base));
    for (before, after) in modules.iter().zip(back.modules()) {
        assert_eq!(
            (before.checksum, before.timestamp, before.version),
            (after.checksum, after.timestamp, after.version)
        );
        assert_eq!((before.code_view, before.misc), (after.code_view, after.misc), "{:?}", after.name);
        assert!(!after.code_view.is_empty() || before.code_view.is_empty());
    }
    let memory = |facts: &Facts<'_>| -> Vec<_> {
        facts.ranges().into_iter().map(|range| (range.address, range.bytes.0.to_vec())).collect()
    };
    assert!(memory(&facts) == memory(&back), "memory");
    let kinds = |facts: &Facts<'_>| {
        let mut kinds = facts.kinds();
        kinds.sort_unstable();
        kinds
    };
    assert_eq!(kinds(&back), kinds(&Facts::of(&expected)), "the streams that the engine makes up");
}

/// Threads, modules and exception are the same, except for the form of addresses and the order of modules.
fn same_process(before: &Facts<'_>, after: &Facts<'_>, what: &str) {
    let mask = |address| masked(before, address);
    let threads = |facts: &Facts<'_>| -> Vec<_> {
        let row = |it: crate::support::facts::Thread<'_>| {
            (it.id, it.suspend_count, it.priority_class, it.priority, mask(it.teb))
        };
        facts.threads().into_iter().map(row).collect()
    };
    assert_eq!(threads(before), threads(after), "{what}: threads");
    for (before, after) in before.threads().iter().zip(after.threads()) {
        let fixed = after.context.len();
        // A longer context is cut to its fixed part, and no flag announces more.
        if before.context.len() == fixed {
            assert!(before.context == after.context, "{what}: context of {}", after.id);
        }
    }
    let modules = |facts: &Facts<'_>| -> Vec<_> {
        let mut modules = facts.modules();
        modules.sort_by_key(|module| mask(module.base));
        let name =
            |name: String| name.chars().map(|it| if fits_windows_1252(it) { it } else { '?' }).collect::<String>();
        modules.into_iter().map(|it| (mask(it.base), it.size, name(it.name.text.unwrap_or_default()))).collect()
    };
    assert_eq!(modules(before), modules(after), "{what}: modules");
    let exception = |facts: &Facts<'_>| {
        facts.exceptions().into_iter().next().map(|it| {
            let valid = it.information[..it.parameters.min(15) as usize].iter().map(|it| mask(*it)).collect::<Vec<_>>();
            (it.thread, it.code, it.flags, mask(it.record), mask(it.address), it.parameters, valid)
        })
    };
    if !before.exceptions().is_empty() {
        assert_eq!(exception(before), exception(after), "{what}: exception");
    }
}

/// The reason why a dump cannot become a full user dump: its byte order or its processor.
fn refusal(source: &Facts<'_>) -> Option<&'static str> {
    if source.big_endian {
        return Some("a big-endian dump cannot be re-encoded by this version");
    }
    let known = [0, 5, 9, 12, 0x8003];
    let is_known = source.system_info().is_some_and(|system| known.contains(&system.architecture));
    (!is_known)
        .then_some("a dump of a processor that full user dumps do not support cannot be re-encoded by this version")
}

fn every_dump_of_the_corpus(shared: &Shared) {
    let (mut written, mut refused, mut unreadable, mut whole) = (0, Vec::new(), 0, Vec::new());
    for row in shared.corpus() {
        let (source, what) = (shared.corpus_file(&row), row.file.as_str());
        let facts = Facts::of(&source);
        let (user, report) = match (redumped(&source, "/f"), refusal(&facts)) {
            (Ok(result), None) => result,
            (Err(error), Some(reason)) => {
                assert_eq!(error.to_string(), reason, "{what}");
                refused.push(if facts.big_endian { "big-endian" } else { row.arch.as_str() }.to_owned());
                continue;
            }
            (Ok(_), Some(reason)) => panic!("{what} should be refused: {reason}"),
            (Err(error), None) => panic!("{what}: {error}"),
        };
        written += 1;
        let images = images(&facts);
        unreadable += check(&facts, &report, |index| (!images[index]).then_some(false), what);
        let has_all = facts.header.flags & 2 != 0 || facts.stream(9).is_some();
        assert_eq!(report.is_partial, !has_all || !report.missing_memory.is_empty(), "{what}");
        if !report.is_partial {
            whole.push(row.file.clone());
        }
        regions(&facts, &source, &User::of(&user), &report, what);
        let (again, _) = redumped(&user, "/f").unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(again == user, "{what}: a second pass changes the dump");
        let (back, _) = redumped(&user, "/ma").unwrap_or_else(|error| panic!("{what}: {error}"));
        same_process(&facts, &Facts::of(&back), what);
    }
    refused.sort_unstable();
    // Seven dumps do not state their processor.
    let processors = ["mips", "ppc", "ppc64", "riscv64", "sparc"];
    let expected = [&["-"; 7][..], &["big-endian"; 2], &processors].concat();
    assert_eq!((written, refused), (81 - 14, expected.into_iter().map(str::to_owned).collect()));
    assert_eq!(unreadable, 0, "streams that cannot be read");
    let expected = ["lldb-regions-memlist64", "synth-le-windows-amd64-memory64", "yaml-memory32-and-memory64"];
    let names = whole.iter().map(|file| file.rsplit('/').next().unwrap_or(file).trim_end_matches(".dmp"));
    assert_eq!(names.collect::<Vec<_>>(), expected);
}

/// For each module, whether there is memory at its base.
fn images(source: &Facts<'_>) -> Vec<bool> {
    let held = held(source);
    let in_memory = |base: u64| held.iter().any(|(start, last)| (*start..=*last).contains(&base));
    source.modules().iter().map(|module| in_memory(masked(source, module.base))).collect()
}

/// The regions are sorted and disjoint, and all memory of the source is in them or counted as left out.
fn regions(facts: &Facts<'_>, source: &[u8], user: &User<'_>, report: &Report, what: &str) {
    let rows = user.rows();
    assert!(
        rows.windows(2).all(|pair| pair[0].base + pair[0].size <= pair[1].base),
        "{what}: regions are not in order"
    );
    all_of_it_is_in(source, user.regions.iter().map(|region| (region.row.base, region.bytes)), false, what);
    let mut held = held(facts);
    held.sort_unstable();
    let (mut total, mut end) = (0, 0);
    for (first, last) in held {
        let behind = u128::from(last) + 1;
        total += behind.saturating_sub(end.max(first.into()));
        end = end.max(behind);
    }
    assert_eq!(report.memory_bytes, rows.iter().map(|row| row.size).sum::<u64>(), "{what}");
    assert_eq!(u128::from(report.memory_bytes), total, "{what}: memory");
}
