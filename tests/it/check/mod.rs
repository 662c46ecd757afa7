//! The check: what it finds in broken dumps, and where, and that it reports nothing in sound ones.

mod cut;
mod linux_text;
mod memory;
mod plausible;
mod references;
mod streams;

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::read::check::{Finding, FindingCode};
use userdump::{Minidump, ReadError};

use crate::support::everything::everything;
use crate::support::facts::Facts;
use crate::support::forms::{Form, in_every_form, open};
use crate::support::{fixtures, trials};
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    let general = trials![
        a_dump_with_a_record_of_every_kind_has_no_findings,
        what_the_engine_wrote_has_no_findings,
        every_code_has_a_dump_that_has_it,
        codes_have_names_of_their_own,
        findings_print_as_sentences,
    ];
    [
        general,
        cut::trials(),
        linux_text::trials(),
        streams::trials(),
        memory::trials(),
        references::trials(),
        plausible::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn a_dump_with_a_record_of_every_kind_has_no_findings() {
    // It has both memory lists, which no debugger opens.
    let lists = [FindingCode::FlagsDisagree, FindingCode::MemoryListBesideFull];
    in_every_form(everything, |dump, _| {
        let found: Vec<_> = findings(dump).iter().map(|finding| finding.code).collect();
        assert_eq!(found, lists);
    });
    in_every_form(|_| sound(), |dump, _| assert_eq!(findings(dump), []));
}

fn what_the_engine_wrote_has_no_findings() {
    let mut checked = 0;
    // The sources are our own and odd on purpose.
    for (name, bytes) in fixtures::all().filter(|(name, _)| name.contains("-from-") || !name.starts_with("synth")) {
        let found: Vec<_> = findings(&open(bytes)).iter().map(ToString::to_string).collect();
        assert_eq!(found, [""; 0], "{name}");
        checked += 1;
    }
    assert!(checked > 200, "{checked} fixtures");
}

fn every_code_has_a_dump_that_has_it() {
    let of_user_dumps = [FindingCode::PartOutsideFile, FindingCode::PartsOverlap, FindingCode::ImageMissing];
    // A file that cannot be read has it: `file_source`.
    let of_files = [FindingCode::FileUnreadable];
    let has_own = |code| {
        of_user_dumps.contains(code) || of_files.contains(code) || crate::compressed::broken::CODES.contains(code)
    };
    for &code in FindingCode::ALL.iter().filter(|code| !has_own(code)) {
        for form in Form::ALL {
            let bytes = with(code, form);
            let codes: BTreeSet<_> = all_findings(&open(&bytes)).iter().map(|finding| finding.code).collect();
            assert!(codes.contains(&code), "{code} in {form:?}: {codes:?}");
        }
    }
}

pub fn with(code: FindingCode, form: Form) -> Vec<u8> {
    use FindingCode as Code;
    let nowhere = || Shape::usual().rva(0x7fff_0000);
    let dump = match code {
        Code::FileTruncated => {
            let bytes = form.build(sound().directory_last());
            return bytes[..bytes.len() - 1].to_vec();
        }
        Code::DirectoryTruncated => {
            let bytes = form.build(sound().directory_last());
            return bytes[..bytes.len() - 1].to_vec();
        }
        Code::StreamOutsideFile => sound().raw(99, "x").shape(99, nowhere()),
        Code::StreamUnreadable => sound().raw(kind::MISC_INFO, [0; 23]),
        Code::DuplicateStream => sound().raw(99, "x").raw(99, "y"),
        Code::StreamsOverlap => {
            sound().raw(99, "xyz").raw(98, "xyz").order(&[7, 3, 99, 98]).shape(99, Shape::usual().data_size(999))
        }
        Code::ListTruncated => sound().shape(kind::THREAD_LIST, Shape::usual().count(2)),
        Code::NoSystemInfo => Dump::new().thread(Thread::new(7)),
        Code::NoThreads => Dump::new().system_info(SystemInfo::default()),
        Code::NoModules => sound(),
        Code::MemoryListBesideFull => sound().flags(2).memory64(0x1000, "a").memory(0x2000, "b"),
        Code::TextOfOtherStream => sound().raw(0x4767_0009, linux_text::auxv(form)),
        Code::NameUnreadable => sound().thread_name(7, Text::None),
        Code::NameNotUtf16 => sound().thread_name(7, Text::Units(2, vec![0xd800])),
        Code::NameTooLong => sound().thread_name(7, Text::Units(8, vec![0x61, 0, 0x62, 0x63])),
        Code::MemoryShared => sound()
            .memory(0x5000, "abcd")
            .memory(0x6000, [0; 2])
            .raw(0x1_0001, "x")
            .shape(0x1_0001, Shape::usual().data_size(99999)),
        Code::PartShared => sound().module(Module::new(1, 2, "a").code_view(Part::At(8, 40))),
        Code::ContextOutsideFile => {
            sound().exception(Exception { context: Part::At(9, u32::MAX), ..Exception::new(7, 1, 2) })
        }
        Code::ContextUnknownSize => sound().exception(Exception { context: [0; 9].into(), ..Exception::new(7, 1, 2) }),
        Code::StackWithoutBytes => sound().thread(Thread::new(8).stack(Stack::At(0x5000, 8, 0))),
        Code::StackNotListed => sound().thread(Thread::new(8).stack(Stack::stored(0x5000, [1; 16]))),
        Code::MemoryTruncated => sound().memory_range(Range::At(0x5000, 8, u32::MAX)),
        Code::MemoryDataTruncated => {
            sound().flags(2).memory64_range(Range64 { address: 1, size: u64::MAX, bytes: vec![1] })
        }
        Code::RangesUnsorted => sound().flags(2).memory64(0x2000, "b").memory64(0x1000, "a"),
        Code::RangesDisagree => sound().memory(0x1000, "abc").memory(0x1001, "bd"),
        Code::FlagsDisagree => sound().flags(2).memory(0x1000, "a"),
        Code::ListSmallerThanStream => sound().shape(kind::THREAD_LIST, Shape::usual().count(0)),
        Code::StreamSizeWrong => sound().shape(kind::THREAD_LIST, Shape::usual().data_size(57)),
        Code::MemoryInTables => sound().memory_range(Range::At(0x1000, 4, 33)),
        Code::StackDisagrees => {
            sound().memory(0x1000, "abc").thread(Thread::new(8).stack(Stack::stored(0x1000, "abd")))
        }
        Code::CodeViewUnreadable => sound().module(Module::new(1, 2, "a").code_view(Part::At(8, u32::MAX))),
        Code::MiscRecordUnreadable => sound().module(Module { misc: Part::At(8, u32::MAX), ..Module::new(1, 2, "a") }),
        Code::ExceptionThreadMissing => sound().exception(Exception { context: Part::None, ..Exception::new(9, 1, 2) }),
        Code::HandleChainBroken => {
            let objects = vec![ObjectInfo::default()];
            sound().handle(Handle { objects, objects_in_a_circle: true, ..Handle::new(4, Text::None) })
        }
        Code::ReferenceOutsideFile => sound().written(0x4d7a_0002, |bytes| {
            bytes.u32(0).u64(0x7fff_0000);
        }),
        Code::ReferencesExceedFile => one_text_for_all(100, 2000),
        other => plausible::with(other, form),
    };
    form.build(dump)
}

fn codes_have_names_of_their_own() {
    let mut names: Vec<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    let lower =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    assert!(names.iter().all(lower), "{names:?}");
    assert!(FindingCode::ALL.iter().all(|code| code.to_string() == code.as_str()));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FindingCode::ALL.len());
    assert_eq!(format!("{:>20}|", FindingCode::NoThreads), "          no-threads|");
}

fn findings_print_as_sentences() {
    let prints = |bytes: &[u8], expected: &[&str]| {
        let found: Vec<_> = findings(&open(bytes)).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    };
    prints(
        &Dump::new().build(),
        &[
            "dump at 0x0: there is no system information",
            "dump at 0x0: there are no threads; the debugger refuses the dump",
        ],
    );
    prints(
        &sound().shape(kind::THREAD_LIST, Shape::usual().count(2)).build(),
        &["ThreadList at 0x70: the list has fewer entries than it declares \
           (MINIDUMP_THREAD_LIST at 0x74 needs 96 bytes, 48 available)"],
    );
    prints(
        &sound().thread(Thread::new(8).stack(Stack::At(0x5000, 8, 0))).build(),
        &["ThreadList, entry 1 at 0xa4: the dump has no bytes of the stack"],
    );
}

/// A dump without errors: a system and a thread.
fn sound() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(7))
}

/// A sound dump with this many thread names, all of them one text of this many characters.
fn one_text_for_all(names: u32, characters: usize) -> Dump {
    sound()
        .written(kind::THREAD_NAMES, move |bytes| {
            let text = bytes.label();
            bytes.u32(names);
            for id in 0..names {
                bytes.u32(id).rva64(text);
            }
            bytes.place(text).string(&"x".repeat(characters));
        })
        .shape(kind::THREAD_NAMES, Shape::usual().data_size(4 + 12 * names))
}

/// The findings, without those that many dumps here cause for unrelated reasons. See `plausible`.
fn findings(dump: &Minidump<'_>) -> Vec<Finding> {
    use FindingCode as Code;
    let is_bare = |code: FindingCode| {
        matches!(
            code,
            Code::ContextMissing
                | Code::ModuleWithoutBase
                | Code::ModuleWithoutSize
                | Code::NoModules
                | Code::StackNotListed
                | Code::ProcessorUnknown
        )
    };
    all_findings(dump).into_iter().filter(|finding| !is_bare(finding.code)).collect()
}

fn all_findings(dump: &Minidump<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    dump.check(&mut |finding| found.push(finding));
    found
}

/// An expected finding: code, stream, entry, offset and error.
type Expected = (FindingCode, Option<u32>, Option<u64>, u64, Option<ReadError>);

/// Checks the findings of a dump in every form, in any order; the expected ones may depend on file offsets.
fn check(dump: impl Fn(Form) -> Dump, expected: impl Fn(&Facts<'_>) -> Vec<Expected>) {
    in_every_form(dump, |dump, facts| finds(dump, &expected(facts)));
}

/// Checks the findings of a dump, in any order.
fn finds(dump: &Minidump<'_>, expected: &[Expected]) {
    let plain = |finding: &Finding| {
        (finding.code, finding.stream.map(|StreamType(kind)| kind), finding.entry, finding.offset, finding.error)
    };
    let mut found: Vec<Expected> = findings(dump).iter().map(plain).collect();
    let mut expected = expected.to_vec();
    for list in [&mut found, &mut expected] {
        list.sort_by_key(|(code, stream, entry, offset, _)| (*code, *stream, *entry, *offset));
    }
    assert_eq!(found, expected);
}

/// The file offset of the directory entry for the first stream of a type.
fn entry(facts: &Facts<'_>, kind: u32) -> u64 {
    let index = facts.directory.iter().position(|entry| entry.kind == kind).expect("it is in the directory");
    facts.header.directory.0 + 12 * index as u64
}

/// The file offset of the first stream of a type.
fn start(facts: &Facts<'_>, kind: u32) -> u64 {
    facts.stream(kind).expect("it is in the directory").rva.0
}

/// The cause of what is missing: the file ends, and should have `needed` bytes.
fn file_ends(size: u64, needed: u64) -> Expected {
    (FindingCode::FileTruncated, None, None, size, Some(truncated("file", 0, needed, size)))
}

fn truncated(what: &'static str, offset: u64, needed: u64, available: u64) -> ReadError {
    ReadError::Truncated { what, offset, needed, available }
}
