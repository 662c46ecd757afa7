//! The cost of the search for folders: time and memory are proportional to the size of the file, whatever its content.

use libtest_mimic::Trial;
use userdump::redump::{Outcome, redump};
use userdump::{Dump as Source, ReadError};

use super::USER_STREAM;
use crate::resources::measure;
use crate::support::redumped::{Redumped, parsed};
use crate::support::trials;
use crate::synth::{Dump, Module, SystemInfo, Text, Thread, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        texts_that_would_cost_too_much_are_left_out,
        searches_are_as_many_as_the_file_is_long,
        many_modules_with_long_folders_cost_little,
        four_times_the_folders_cost_four_times_as_much,
    ]
}

/// Folders that all have the same ending, and a text in which every position could be the end of one.
fn hostile(modules: u64, size: usize, text: usize) -> Vec<u8> {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let module = |index: u64| {
        Module::new(index << 12, 0x1000, &format!("{}/{index}/x y/a", "/".repeat(size + (index % 64) as usize)))
    };
    let dump = (0..modules).fold(dump, |dump, index| dump.module(module(index)));
    dump.raw(USER_STREAM, b"/x y".repeat(text / 4)).thread_name(1, Text::from("////////////////////////")).build()
}

fn texts_that_would_cost_too_much_are_left_out() {
    // Each module has a folder of a different length, and many positions of the stream could be the end of each of
    // them.
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let name = |index: usize| format!("/x{}/a", "/x y".repeat(index));
    let dump = (0..40).fold(dump, |dump, index| dump.module(Module::new(index as u64 * 8, 8, &name(index))));
    let text = [vec![b'-'; 900], b"/x y ".repeat(1000)].concat();
    let source = dump.raw(USER_STREAM, text).comment_a("none").thread_name(1, "worker").build();
    let out = Redumped::twice(&source, &parsed("/mR"));
    assert_eq!(out.outcomes(USER_STREAM), [Outcome::Unexamined]);
    // A folder of tens of thousands of characters could begin at each position of the text.
    let text = b"/x y".repeat(20_000);
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let dump = dump.module(Module::new(8, 8, &format!("{}/end/a", "/x y".repeat(8_000))));
    let source = dump.raw(USER_STREAM, text).comment_a("none").thread_name(1, "worker").build();
    let out = Redumped::twice(&source, &parsed("/mR"));
    // The streams after it are not searched any more.
    assert_eq!(out.outcomes(USER_STREAM), [Outcome::Filtered]);
    assert_eq!(out.outcomes(kind::COMMENT_A), [Outcome::Filtered]);
    assert_eq!(out.faults(), ["ThreadNames 0 name"]);
    assert!(matches!(out.report.faults[0].error, ReadError::BudgetSpent { what: "MINIDUMP_STRING", .. }));
    assert_eq!(out.facts().modules()[0].name.text.as_deref(), Some("a"));
}

/// A fifth of a case that takes two seconds with optimisation: a hundred thousand modules and ten megabytes of text.
/// Without bounds it would take hours.
fn many_modules_with_long_folders_cost_little() {
    let source = hostile(20_000, 40, 1 << 20);
    let dump = Source::parse(&source).expect("it is a dump");
    let ((), spent) = measure(|| _ = redump(&dump, &parsed("/mR"), std::io::sink()).expect("it is re-encoded"));
    assert!(spent.peak < 12 * source.len(), "{spent:?} for {} bytes", source.len());
}

/// Each search of the text costs the square of its length; a file of four times the size may have four times as many
/// searches.
fn searches_are_as_many_as_the_file_is_long() {
    let searched = |padding: usize| {
        let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
        let dump = dump.module(Module::new(8, 8, &format!("{}/end/a", "/x y".repeat(8_000))));
        let dump = dump.raw(0x1_0002, vec![0; padding]);
        let text = b"/x y".repeat(1000);
        let source = (0..100).fold(dump, |dump, _| dump.raw(USER_STREAM, &text)).build();
        let out = Redumped::once(&source, &parsed("/mR"));
        out.outcomes(USER_STREAM).iter().filter(|outcome| outcome.is_kept()).count()
    };
    let [few, many] = [1 << 20, 4 << 20].map(searched);
    assert!(few >= 2 && many >= 3 * few && 2 * many <= 9 * few, "{few} and {many} of 100");
}

/// Folders that differ, folders that are prefixes of others, and folders with the same ending: n of them, and 4 n.
fn four_times_the_folders_cost_four_times_as_much() {
    type Name = fn(usize) -> String;
    let kinds: [(&str, Name); 4] = [
        ("different", |index| format!("C:\\{index:08}\\x\\a")),
        ("with one beginning", |index| format!("/{}/{index}/a", "x".repeat(100))),
        ("with one end", |index| format!("/{index}{}/a", "/x".repeat(50))),
        ("not in ASCII", |index| format!("/home/\u{416}{index}/\u{df}\u{131}/a")),
    ];
    for (what, name) in kinds {
        let costs = |count: usize| {
            let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
            let dump = (0..count).fold(dump, |dump, index| dump.module(Module::new(8 * index as u64, 8, &name(index))));
            let text: String = (0..count).map(|index| name(index) + "/x/x/x/x ").collect();
            let source = dump.raw(USER_STREAM, &text).build();
            let dump = Source::parse(&source).expect("it is a dump");
            let options = [parsed("/mR"), parsed("/m")];
            let [with, without] = options
                .map(|options| measure(|| _ = redump(&dump, &options, std::io::sink()).expect("it is re-encoded")).1);
            assert!(with.peak < without.peak + 8 * source.len(), "{what}: {with:?} for {} bytes", source.len());
            with
        };
        let [small, large] = [1000, 4000].map(costs);
        for (what_of, small, large) in [("peak", small.peak, large.peak), ("total", small.total, large.total)] {
            assert!(2 * large <= 9 * small, "folders {what}, {what_of}: {small} and {large}");
        }
        assert!(2 * large.calls <= 9 * small.calls, "folders {what}: {small:?} and {large:?}");
    }
}
