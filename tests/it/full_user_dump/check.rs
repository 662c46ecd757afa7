//! What the check finds in full user dumps, and what it does not report.

use libtest_mimic::Trial;
use userdump::read::check::{Finding, FindingCode as Code};
use userdump::{Dump, MappedFile, ReadError};

use super::{Slot, context, empty, in_every_form, open, set_word, sound};
use crate::support::cpu::Cpu;
use crate::support::{Shared, golden, trials};
use crate::synth::{UserDump, UserEvent, UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        sound_dumps_have_no_findings,
        golden_dumps_have_no_findings,
        parts_outside_the_file,
        parts_that_overlap,
        lists_cut_short,
        lists_at_position_0,
        names_cut_short,
        memory_cut_short,
        memory_at_position_0,
        unsorted_regions,
        contexts_outside_the_file,
        contexts_of_another_processor,
        no_threads,
        nothing_at_all,
        an_exception_of_a_missing_thread,
        modules_without_images,
        findings_print_as_sentences,
    ]
}

fn all_findings(bytes: &[u8]) -> Vec<Finding> {
    let mut found = Vec::new();
    Dump::parse(bytes).expect("the header is valid").check(&mut |finding| found.push(finding));
    found
}

/// Without the findings about module images, which the dumps of the tests do not have.
fn findings(bytes: &[u8]) -> Vec<Finding> {
    all_findings(bytes).into_iter().filter(|finding| finding.code != Code::ImageMissing).collect()
}

/// Code, entry, offset and error.
type Expected = (Code, Option<u64>, u64, Option<ReadError>);

/// Checks the findings, in any order.
fn finds(bytes: &[u8], expected: &[Expected]) {
    let mut found: Vec<Expected> = findings(bytes)
        .iter()
        .inspect(|finding| assert_eq!(finding.stream, None))
        .map(|finding| (finding.code, finding.entry, finding.offset, finding.error))
        .collect();
    let mut expected = expected.to_vec();
    for list in [&mut found, &mut expected] {
        list.sort_by_key(|(code, entry, offset, _)| (*code, *entry, *offset));
    }
    assert_eq!(found, expected);
}

fn truncated(what: &'static str, offset: u64, needed: u64, available: u64) -> Option<ReadError> {
    Some(ReadError::Truncated { what, offset, needed, available })
}

/// The cause of what is missing: the file ends, and should have `needed` bytes.
fn file_ends(size: u64, needed: u64) -> Expected {
    (Code::FileTruncated, None, size, truncated("file", 0, needed, size))
}

/// Breaks a sound dump of each width and checks the findings.
fn broken(wreck: impl Fn(&mut Vec<u8>), expected: impl Fn(&[u8], bool) -> Vec<Expected>) {
    for wide in [false, true] {
        let mut bytes = sound(wide).build();
        wreck(&mut bytes);
        finds(&bytes, &expected(&bytes, wide));
    }
}

/// Selects one of two numbers by the width of the format.
fn by_width(wide: bool, [narrow, other]: [u64; 2]) -> u64 {
    if wide { other } else { narrow }
}

fn sound_dumps_have_no_findings() {
    let nothing = |finding: Finding| assert_eq!(finding.code, Code::ImageMissing, "{finding}");
    in_every_form(sound, |dump, _| dump.check(&mut |finding| nothing(finding)));
    let without_version = |wide| UserDump { version_info: None, event: None, ..sound(wide) };
    in_every_form(without_version, |dump, _| dump.check(&mut |finding| nothing(finding)));
}

fn golden_dumps_have_no_findings(shared: &Shared) {
    for set in golden::USER_DUMP_SETS {
        let file = MappedFile::open(shared.golden_path(&format!("{set}/f.dmp"))).expect("it is unpacked");
        assert_eq!(all_findings(&file), [], "{set}");
    }
}

fn parts_outside_the_file() {
    for (slot, what, sizes) in [(Slot::Event, "DEBUG_EVENT", [96, 176]), (Slot::Version, "version information", [1, 1])]
    {
        let at_end = |bytes: &mut Vec<u8>| {
            let end = bytes.len() as u64;
            slot.set(bytes, end);
        };
        broken(at_end, |bytes, wide| {
            let end = bytes.len() as u64;
            vec![(Code::PartOutsideFile, None, end, truncated(what, end, by_width(wide, sizes), 0))]
        });
    }
    let nearly = |bytes: &mut Vec<u8>| {
        let end = bytes.len() as u64;
        bytes.extend([0; 95]);
        Slot::Event.set(bytes, end);
    };
    broken(nearly, |bytes, wide| {
        let offset = bytes.len() as u64 - 95;
        vec![(Code::PartOutsideFile, None, offset, truncated("DEBUG_EVENT", offset, by_width(wide, [96, 176]), 95))]
    });
}

fn parts_that_overlap() {
    let over_data = |bytes: &mut Vec<u8>| {
        let data = Slot::Data.get(bytes);
        Slot::Data.set(bytes, data - 1);
    };
    broken(over_data, |bytes, _| vec![(Code::PartsOverlap, None, Slot::Data.get(bytes), None)]);
    let contexts_over_regions = |bytes: &mut Vec<u8>| {
        let contexts = Slot::Threads.get(bytes);
        Slot::Threads.set(bytes, contexts - 2);
    };
    broken(contexts_over_regions, |bytes, wide| {
        let overlap = (Code::PartsOverlap, None, Slot::Threads.get(bytes), None);
        // The flags are read from two bytes before: 0x1003f becomes 0x3f0000, 0x10001f becomes 0x1f0000, which name
        // several.
        let entry = |index| Slot::States.get(bytes) + by_width(wide, [48, 80]) * index;
        let other = |index| (Code::ContextOfOtherProcessor, Some(index), entry(index), None);
        vec![overlap, other(0), other(1)]
    });
    // It begins with the last word of the header, which is not a known event.
    let event_over_header = |bytes: &mut Vec<u8>| {
        let event = Slot::Event.get(bytes);
        Slot::Event.set(bytes, event - 4);
    };
    broken(event_over_header, |bytes, _| vec![(Code::PartsOverlap, None, Slot::Event.get(bytes), None)]);
    // The file does not give its size.
    let version_over_contexts = |bytes: &mut Vec<u8>| {
        let contexts = Slot::Threads.get(bytes);
        Slot::Version.set(bytes, contexts + 1);
    };
    broken(version_over_contexts, |bytes, _| vec![(Code::PartsOverlap, None, Slot::Version.get(bytes), None)]);
}

fn lists_cut_short() {
    for (word, slot, what, sizes) in
        [(5, Slot::States, "CRASH_THREAD", [48, 80]), (7, Slot::Regions, "MEMORY_BASIC_INFORMATION", [28, 48])]
    {
        // There is room for one at the end of the file.
        let wreck = |bytes: &mut Vec<u8>| {
            let wide = super::is_wide(bytes);
            let (start, size) = (slot.get(bytes) as usize, by_width(wide, sizes) as usize);
            let entry = bytes[start..start + size].to_vec();
            let end = bytes.len() as u64;
            bytes.extend(entry);
            bytes.push(0);
            slot.set(bytes, end);
        };
        broken(wreck, |bytes, wide| {
            let (offset, size) = (slot.get(bytes), by_width(wide, sizes));
            let declared = if word == 7 { 3 } else { 2 };
            let mut expected = vec![file_ends(offset + size + 1, offset + declared * size)];
            if word == 7 {
                // The thread of the exception was the second, so two things are missing for the threads.
                expected.push((Code::ListTruncated, None, offset, truncated(what, offset, declared * size, size)));
            }
            expected
        });
    }
    let one_more_module = |bytes: &mut Vec<u8>| {
        let end = bytes.len() as u64;
        let (start, behind) = (Slot::Modules.get(bytes) as usize, Slot::Data.get(bytes) as usize);
        let modules = bytes[start..behind].to_vec();
        bytes.extend(modules);
        bytes.extend([0; 11]);
        Slot::Modules.set(bytes, end);
        set_word(bytes, 6, 3);
    };
    broken(one_more_module, |bytes, wide| {
        let offset = bytes.len() as u64 - 11;
        let error = truncated("CRASH_MODULE", offset, by_width(wide, [12, 16]), 11);
        vec![(Code::ListTruncated, None, Slot::Modules.get(bytes), error)]
    });
}

fn lists_at_position_0() {
    broken(
        |bytes| Slot::Modules.set(bytes, 0),
        |_, wide| {
            let error = truncated("CRASH_MODULE", 0, by_width(wide, [12, 16]), 0);
            vec![(Code::ListTruncated, None, 0, error)]
        },
    );
    broken(
        |bytes| Slot::States.set(bytes, 0),
        |_, wide| vec![(Code::ListTruncated, None, 0, truncated("CRASH_THREAD", 0, by_width(wide, [96, 160]), 0))],
    );
    broken(
        |bytes| Slot::Regions.set(bytes, 0),
        |_, wide| {
            let error = truncated("MEMORY_BASIC_INFORMATION", 0, by_width(wide, [84, 144]), 0);
            vec![(Code::ListTruncated, None, 0, error)]
        },
    );
}

fn names_cut_short() {
    let wreck = |bytes: &mut Vec<u8>| {
        let end = bytes.len() as u64;
        let (start, behind) = (Slot::Modules.get(bytes) as usize, Slot::Data.get(bytes) as usize);
        let modules = bytes[start..behind - 1].to_vec();
        bytes.extend(modules);
        Slot::Modules.set(bytes, end);
    };
    broken(wreck, |bytes, _| {
        let error = truncated("ImageName", bytes.len() as u64 - 7, 8, 7);
        vec![(Code::ListTruncated, None, Slot::Modules.get(bytes), error)]
    });
}

fn memory_cut_short() {
    for missing in [1, 31, 32, 64] {
        broken(
            |bytes| bytes.truncate(Slot::Version.get(bytes) as usize - missing),
            |bytes, _| {
                let version = Slot::Version.get(bytes);
                // The memory is 64 bytes before the version information, which is missing too.
                vec![file_ends(version - missing as u64, version)]
            },
        );
    }
}

fn memory_at_position_0() {
    broken(
        |bytes| Slot::Data.set(bytes, 0),
        |_, _| vec![(Code::MemoryDataTruncated, None, 0, truncated("memory of all regions", 0, 64, 0))],
    );
}

fn unsorted_regions() {
    for wide in [false, true] {
        let bytes = sound(wide).memory(0x1000, "a").memory(0x1000, "b").memory(0xfff, "c").build();
        let row = |index| Slot::Regions.get(&bytes) + by_width(wide, [28, 48]) * index;
        let unsorted = |index| (Code::RangesUnsorted, Some(index), row(index), None);
        finds(&bytes, &[unsorted(3), unsorted(5)]);
    }
}

fn contexts_outside_the_file() {
    let wreck = |bytes: &mut Vec<u8>| {
        let (start, end) = (Slot::Threads.get(bytes) as usize, Slot::States.get(bytes) as usize);
        let contexts = bytes[start..end - 1].to_vec();
        let behind = bytes.len() as u64;
        bytes.extend(contexts);
        Slot::Threads.set(bytes, behind);
    };
    broken(wreck, |bytes, wide| {
        let size = by_width(wide, [716, 1232]);
        let error = truncated("CONTEXT", Slot::Threads.get(bytes) + size, size, size - 1);
        vec![
            file_ends(bytes.len() as u64, bytes.len() as u64 + 1),
            (Code::ContextOutsideFile, Some(1), Slot::States.get(bytes) + by_width(wide, [48, 80]), error),
        ]
    });
}

fn contexts_of_another_processor() {
    for (wide, other) in
        [(false, Cpu::AMD64.flags), (false, Cpu::ARM.flags), (true, Cpu::ARM64.flags), (true, Cpu::X86.flags)]
    {
        let cpu = if wide { Cpu::AMD64 } else { Cpu::X86 };
        let mut bytes = sound(wide).build();
        let second = (Slot::Threads.get(&bytes) + by_width(wide, [716, 1232])) as usize + cpu.flags_at;
        bytes[second..second + 4].copy_from_slice(&other.to_le_bytes());
        let entry = Slot::States.get(&bytes) + by_width(wide, [48, 80]);
        finds(&bytes, &[(Code::ContextOfOtherProcessor, Some(1), entry, None)]);
    }
}

fn no_threads() {
    broken(|bytes| set_word(bytes, 5, 0), |_, _| vec![(Code::NoThreads, None, 0, None)]);
}

/// Measured: the debugger rejects a file without threads, and one without modules.
fn nothing_at_all() {
    for wide in [false, true] {
        let none = |code| (code, None, 0, None);
        finds(&empty(wide).build(), &[none(Code::NoThreads), none(Code::NoModules)]);
    }
}

fn an_exception_of_a_missing_thread() {
    for wide in [false, true] {
        let bytes = sound(wide).event(UserEvent { thread: 9, ..UserEvent::default() }).build();
        finds(&bytes, &[(Code::ExceptionThreadMissing, None, Slot::Event.get(&bytes), None)]);
    }
}

/// Measured: the debugger requires the images only for the narrow form.
fn modules_without_images() {
    let images = |wide, second: &str| {
        let dump = empty(wide).thread(UserThread { id: 1, context: context(wide, 0, 0), ..UserThread::default() });
        let dump = dump.module(0x40_0000, 0x1000, "a.exe").module(0x50_0000, 0x1000, "b.dll");
        dump.memory(0x40_0000, "MZ").memory(0x50_0000, second).build()
    };
    for (wide, second, expected) in
        [(false, "MZ", None), (false, "MX", Some(1)), (false, "M", Some(1)), (true, "", None)]
    {
        let bytes = images(wide, second);
        let found: Vec<_> = all_findings(&bytes).iter().map(|it| (it.code, it.entry, it.offset)).collect();
        let expected: Vec<_> =
            expected.map(|entry| (Code::ImageMissing, Some(entry), Slot::Modules.get(&bytes))).into_iter().collect();
        assert_eq!(found, expected);
    }
}

fn findings_print_as_sentences() {
    let lies = UserRegion { size: 100, ..UserRegion::new(0x1000, "a") };
    let bytes = empty(false).region(lies).build();
    let found: Vec<_> = findings(&bytes).iter().map(ToString::to_string).collect();
    let expected = [
        "the file ends at 93 of at least 192 bytes",
        "dump at 0x0: there are no threads; the debugger refuses the dump",
        "dump at 0x0: there are no modules, so no address has a name",
        "dump at 0x5c: the memory of all ranges is not entirely in the file \
         (memory of all regions at 0x5c needs 100 bytes, 1 available)",
    ];
    assert_eq!(found, expected);
    assert_eq!(open(&bytes).threads().len(), 0);
}
