//! Findings about the memory lists as a whole, and about lists that do not fill their streams.

use libtest_mimic::Trial;
use userdump::read::check::FindingCode as Code;

use super::*;
use crate::support::Shared;

pub fn trials() -> Vec<Trial> {
    trials![
        memory_that_ends_with_the_file_is_found_once,
        memory64_ranges_that_go_back_are_found,
        memory_ranges_may_be_in_any_order,
        ranges_that_overlap_and_agree_are_valid,
        ranges_that_overlap_and_disagree_are_found,
        ranges_of_both_lists_are_compared,
        addresses_of_32_bits_are_compared_without_their_upper_halves,
        ranges_after_a_long_one_are_compared_with_it,
        flags_that_promise_full_memory_are_checked,
        full_memory_without_the_flag_is_found,
        a_memory_list_beside_full_memory_is_found,
        a_dump_without_modules_is_found,
        the_shared_file_has_memory_without_the_flag,
        a_stream_with_room_for_more_entries_is_found,
        padding_after_a_list_is_valid,
    ]
}

fn range(start: u64, size: u64, bytes: impl AsRef<[u8]>) -> Range64 {
    Range64 { address: start, size, bytes: bytes.as_ref().to_vec() }
}

fn memory_that_ends_with_the_file_is_found_once() {
    let dump = |_| {
        sound().flags(2).memory64(0x1000, [1; 8]).memory64_range(range(0x2000, 100, [2; 4])).memory64_range(range(
            0x3000,
            50,
            [],
        ))
    };
    in_every_form(dump, |dump, _| {
        let base = dump.stream::<userdump::read::memory::Memory64List<'_>>().unwrap().unwrap().base_rva();
        let left = dump.file_size() - base;
        assert!((12..100).contains(&left), "{left}");
        // The ranges that are cut are not separate findings.
        finds(dump, &[file_ends(base + left, base + 158)]);
    });
}

fn memory64_ranges_that_go_back_are_found() {
    let dump =
        |_| sound().flags(2).memory64(0x2000, "b").memory64(0x1000, "a").memory64(0x1001, "a").memory64(0x1000, []);
    check(dump, |facts| {
        let row = |index: u64| (Code::RangesUnsorted, Some(9), Some(index), start(facts, 9) + 16 + 16 * index, None);
        vec![row(1), row(3)]
    });
}

fn memory_ranges_may_be_in_any_order() {
    check(|_| sound().memory(0x2000, "b").memory(0x1000, "a").memory(0x3000, "c"), |_| vec![]);
}

fn ranges_that_overlap_and_agree_are_valid() {
    check(
        |_| sound().memory(0x1000, "abcdef").memory(0x1002, "cd").memory(0x1004, "efg").memory(0x1004, "ef"),
        |_| vec![],
    );
}

fn disagreement(facts: &Facts<'_>, index: u64) -> Expected {
    let list = facts.stream(5).expect("it is in the directory");
    let head = u64::from(list.size) % 16;
    (Code::RangesDisagree, Some(5), Some(index), list.rva.0 + head + 16 * index, None)
}

fn ranges_that_overlap_and_disagree_are_found() {
    check(
        |_| sound().memory(0x1000, "abcd").memory(0x1003, "dx").memory(0x1002, "cX"),
        |facts| {
            // By address the third comes second, and the other one agrees with the one that reaches furthest.
            vec![disagreement(facts, 2)]
        },
    );
    check(|_| sound().memory(0x1000, "a").memory(0x1000, "b"), |facts| vec![disagreement(facts, 1)]);
}

fn ranges_of_both_lists_are_compared() {
    let dump = |_| sound().flags(2).memory(0x1000, "abcd").memory64(0x1002, "c").memory64(0x1003, "x");
    let beside = (Code::MemoryListBesideFull, None, None, 0, None);
    check(dump, move |facts| vec![(Code::RangesDisagree, Some(9), Some(1), start(facts, 9) + 32, None), beside]);
}

fn addresses_of_32_bits_are_compared_without_their_upper_halves() {
    let ranges = |dump: Dump| dump.thread(Thread::new(7)).memory(0x9000_0000, "ab").memory(0xffff_ffff_9000_0001, "x");
    let x86 = SystemInfo { architecture: 0, ..SystemInfo::default() };
    check(|_| ranges(Dump::new().system_info(x86.clone())), |facts| vec![disagreement(facts, 1)]);
    let amd64 = SystemInfo { architecture: 9, ..SystemInfo::default() };
    check(|_| ranges(Dump::new().system_info(amd64.clone())), |_| vec![]);
}

fn ranges_after_a_long_one_are_compared_with_it() {
    check(
        |_| sound().memory(0x1000, "abcdefgh").memory(0x1001, "b").memory(0x1006, "g").memory(0x1007, "x"),
        |facts| vec![disagreement(facts, 3)],
    );
}

fn flags_that_promise_full_memory_are_checked() {
    check(|_| sound().flags(0x1806), |_| vec![(Code::FlagsDisagree, None, None, 24, None)]);
    // It is not a fault if the engine was asked for something and had none of it to write.
    check(|_| sound().flags(0x1824), |_| vec![]);
}

/// This also applies to producers that leave all flags 0: the debugger requires the flag nonetheless.
fn full_memory_without_the_flag_is_found() {
    let disagrees = |_: &Facts<'_>| vec![(Code::FlagsDisagree, None, None, 24, None)];
    check(|_| sound().flags(0x20).memory64(1, "a"), disagrees);
    check(|_| sound().memory64(1, "a"), disagrees);
    check(|_| sound().memory64_range(range(1, 0, [])), disagrees);
    check(|_| sound().flags(2).memory64(1, "a"), |_| vec![]);
}

/// Tested with the debugger: it rejects the dump even if the memory list is empty.
fn a_memory_list_beside_full_memory_is_found() {
    let beside = (Code::MemoryListBesideFull, None, None, 0, None);
    check(|_| sound().flags(2).memory64(1, "a").memory(0x1000, "b"), move |_| vec![beside]);
    check(|_| sound().flags(2).memory64(1, "a").raw(5, [0; 4]), move |_| vec![beside]);
    // LLDB leaves the flags 0.
    let disagrees = (Code::FlagsDisagree, None, None, 24, None);
    check(|_| sound().memory64(1, "a").memory(0x1000, "b"), move |_| vec![beside, disagrees]);
    check(|_| sound().memory(0x1000, "b"), |_| vec![]);
}

fn a_dump_without_modules_is_found() {
    let has = |dump: Dump| {
        let bytes = dump.build();
        all_findings(&open(&bytes)).iter().any(|finding| finding.code == Code::NoModules)
    };
    assert!(has(sound()));
    assert!(has(sound().raw(kind::MODULE_LIST, [0; 4])));
    assert!(!has(sound().module(Module::new(0x1000, 0x1000, "a"))));
    // A list that cannot be read is one finding.
    assert!(!has(sound().raw(kind::MODULE_LIST, [0; 3])));
}

fn the_shared_file_has_memory_without_the_flag(shared: &Shared) {
    let bytes = shared.read("cases/memory64-without-flag.dmp");
    let found: Vec<_> = all_findings(&open(&bytes)).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["dump at 0x18: the flags and the streams disagree about full memory; the debugger refuses the dump"]
    );
}

fn a_stream_with_room_for_more_entries_is_found() {
    let dump = |_| sound().thread(Thread::new(8)).shape(kind::THREAD_LIST, Shape::usual().count(1));
    check(dump, |facts| vec![(Code::ListSmallerThanStream, Some(3), None, start(facts, 3), None)]);
    let dump = |_| sound().memory_info(MemoryInfo::default()).shape(kind::MEMORY_INFO_LIST, Shape::usual().count(0));
    check(dump, |facts| vec![(Code::ListSmallerThanStream, Some(16), None, start(facts, 16), None)]);
}

fn padding_after_a_list_is_valid() {
    for more in 1..8 {
        let dump = move |_| sound().raw(kind::TOKEN, "").thread_name(7, Text::from("x"));
        in_every_form(dump, |dump, facts| {
            let names = facts.stream(24).expect("it is in the directory");
            let mut bytes = facts.bytes.to_vec();
            // The size in the directory; its low byte is enough.
            let size =
                entry(facts, 24) as usize + if dump.byte_order() == userdump::read::ByteOrder::Big { 7 } else { 4 };
            assert_eq!(bytes[size], names.size as u8);
            bytes[size] += more;
            let found =
                findings(&open(&bytes)).into_iter().filter(|finding| finding.code == Code::ListSmallerThanStream);
            assert_eq!(found.count(), 0, "{more}");
        });
    }
}
