//! Precedence where ranges overlap: the memory list before the Memory64 list before the stacks; within a list, the
//! earlier entry.

use libtest_mimic::Trial;
use userdump::read::memory::MemoryList;

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        the_earlier_entry_wins,
        an_inner_range_leaves_both_ends_of_the_outer_one,
        an_outer_range_that_comes_first_hides_the_inner_one,
        the_memory_list_wins_over_memory64,
        the_lists_win_over_the_stacks,
        the_earlier_stack_wins,
        an_empty_range_wins_nothing,
        what_is_cut_off_wins_nothing,
        ranges_with_either_extension_overlap,
        overlaps_at_the_last_address_are_settled,
        the_lists_still_give_all_ranges,
        overlaps_are_told,
        ranges_of_other_readers_disagreement_are_settled,
    ]
}

fn the_earlier_entry_wins() {
    let lower = || Dump::new().memory(0x1000, [1; 8]).memory(0x1004, [2; 8]);
    check(lower, 0x1000, &[1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2], &[(0x1000, 8), (0x1008, 4)]);
    let higher = || Dump::new().memory(0x1004, [2; 8]).memory(0x1000, [1; 8]);
    check(higher, 0x1000, &[1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2], &[(0x1000, 4), (0x1004, 8)]);
    let same = || Dump::new().memory(0x1000, [1; 4]).memory(0x1000, [2; 4]).memory(0x1000, [3; 6]);
    check(same, 0x1000, &[1, 1, 1, 1, 3, 3], &[(0x1000, 4), (0x1004, 2)]);
    let three = || Dump::new().memory(0x1004, [1; 2]).memory(0x1002, [2; 6]).memory(0x1000, [3; 10]);
    check(
        three,
        0x1000,
        &[3, 3, 2, 2, 1, 1, 2, 2, 3, 3],
        &[(0x1000, 2), (0x1002, 2), (0x1004, 2), (0x1006, 2), (0x1008, 2)],
    );
}

fn an_inner_range_leaves_both_ends_of_the_outer_one() {
    // The bytes of the outer range continue after the inner one.
    let dump = || Dump::new().memory(0x1002, [9; 2]).memory(0x1000, [0, 1, 2, 3, 4, 5]);
    check(dump, 0x1000, &[0, 1, 9, 9, 4, 5], &[(0x1000, 2), (0x1002, 2), (0x1004, 2)]);
}

fn an_outer_range_that_comes_first_hides_the_inner_one() {
    let dump = || Dump::new().memory(0x1000, [0, 1, 2, 3, 4, 5]).memory(0x1002, [9; 2]).memory(0x1005, [8; 2]);
    check(dump, 0x1000, &[0, 1, 2, 3, 4, 5, 8], &[(0x1000, 6), (0x1006, 1)]);
}

fn the_memory_list_wins_over_memory64() {
    let dump = || Dump::new().memory64(0x1000, [6; 6]).memory(0x1002, [3; 2]).memory64(0x1003, [7; 5]);
    check(dump, 0x1000, &[6, 6, 3, 3, 6, 6, 7, 7], &[(0x1000, 2), (0x1002, 2), (0x1004, 2), (0x1006, 2)]);
}

fn the_lists_win_over_the_stacks() {
    let stack = |address, bytes: [u8; 4]| Thread::new(1).stack(Stack::stored(address, bytes));
    let dump = || Dump::new().thread(stack(0x1000, [1, 1, 2, 2])).memory(0x1002, [2; 4]);
    check(dump, 0x1000, &[1, 1, 2, 2, 2, 2], &[(0x1000, 2), (0x1002, 4)]);
    let dump = || Dump::new().thread(stack(0x1002, [2, 2, 1, 1])).memory64(0x1000, [2; 4]);
    check(dump, 0x1000, &[2, 2, 2, 2, 1, 1], &[(0x1000, 4), (0x1004, 2)]);
    // A gap between two ranges is filled by the stack.
    let dump = || Dump::new().thread(stack(0x1001, [3, 1, 1, 2])).memory64(0x1004, [2; 2]).memory(0x1000, [3; 2]);
    check(dump, 0x1000, &[3, 3, 1, 1, 2, 2], &[(0x1000, 2), (0x1002, 2), (0x1004, 2)]);
    // A stack with other bytes fills nothing.
    let dump = || Dump::new().thread(stack(0x1001, [3, 1, 1, 1])).memory64(0x1004, [2; 2]).memory(0x1000, [3; 2]);
    check(dump, 0x1000, &[3, 3], &[(0x1000, 2), (0x1004, 2)]);
    // Two adjacent ranges hold it together.
    let dump = || Dump::new().thread(stack(0x1001, [1; 4])).memory(0x1003, [2; 3]).memory(0x1000, [3; 3]);
    check(dump, 0x1000, &[3, 3, 3, 2, 2, 2], &[(0x1000, 3), (0x1003, 3)]);
}

fn the_earlier_stack_wins() {
    let stack = |id, address, bytes: [u8; 4]| Thread::new(id).stack(Stack::stored(address, bytes));
    let dump = || {
        Dump::new().thread(stack(1, 0x1002, [1; 4])).thread(stack(2, 0x1000, [2; 4])).thread(stack(3, 0x1003, [3; 4]))
    };
    check(dump, 0x1000, &[2, 2, 1, 1, 1, 1, 3], &[(0x1000, 2), (0x1002, 4), (0x1006, 1)]);
    // A stack does not count as list memory for another stack.
    let dump = || Dump::new().thread(stack(1, 0x1000, [1; 4])).thread(stack(1, 0x1000, [2; 4])).memory(0x5000, [0]);
    check(dump, 0x1000, &[1; 4], &[(0x1000, 4), (0x5000, 1)]);
}

fn an_empty_range_wins_nothing() {
    let dump = || Dump::new().memory(0x1002, []).memory(0x1000, [1; 4]).memory(0x1000, []).memory64(0x1003, []);
    check(dump, 0x1000, &[1; 4], &[(0x1000, 4)]);
}

fn what_is_cut_off_wins_nothing() {
    for form in Form::ALL {
        // The last range is last in the file.
        let bytes = form.build(Dump::new().memory64(0x1000, [6; 8]).memory64(0x1008, [7; 8]));
        let memory = open(&bytes[..bytes.len() - 3]).memory();
        assert_eq!(memory.run_len(0x1000, u64::MAX), 13);
        assert_eq!(memory.range_at(0x100d), None);
        let range = memory.range_at(0x1008).expect("it is present");
        assert_eq!(
            (range.address, range.size, range.bytes().map(<[u8]>::len)),
            (0x1008, 5, Ok(5)),
            "visible bytes can be read"
        );
    }
    // A stack supplies bytes that a list range lost.
    let stack = Stack::stored(0x1000, [6, 6, 6, 6, 6, 1, 1, 1]);
    let bytes = Dump::new().thread(Thread::new(1).stack(stack)).memory64(0x1000, [6; 8]).build();
    let memory = open(&bytes[..bytes.len() - 3]).memory();
    let mut buffer = [0; 9];
    assert_eq!((memory.read(0x1000, &mut buffer), buffer), (8, [6, 6, 6, 6, 6, 1, 1, 1, 0]));
}

fn ranges_with_either_extension_overlap() {
    let system = || SystemInfo { architecture: 0, ..SystemInfo::default() };
    let dump = || {
        let dump = Dump::new().system_info(system()).memory(0x8000_0002, [2; 4]);
        dump.memory(0xffff_ffff_8000_0000, [1; 4])
            .thread(Thread::new(1).stack(Stack::stored(0x5_8000_0004, [2, 2, 3, 3])))
    };
    let expected = &[(0x8000_0000, 2), (0x8000_0002, 4), (0x8000_0006, 2)];
    check(dump, 0xffff_ffff_8000_0000, &[1, 1, 2, 2, 2, 2, 3, 3], expected);
}

fn overlaps_at_the_last_address_are_settled() {
    const LAST: u64 = u64::MAX;
    let dump = || Dump::new().memory(LAST - 1, [1; 8]).memory(LAST - 3, [2; 4]).memory(LAST, [3]).memory(0, [4; 2]);
    check(dump, LAST - 3, &[2, 2, 1, 1], &[(0, 2), (LAST - 3, 2), (LAST - 1, 2)]);
    let narrow = || Dump::new().system_info(SystemInfo { architecture: 5, ..SystemInfo::default() });
    let dump = || narrow().memory(LAST - 1, [1; 8]).memory(0xffff_fffc, [2; 4]).memory(0xffff_ffff, [3]);
    check(dump, LAST - 3, &[2, 2, 1, 1], &[(0xffff_fffc, 2), (0xffff_fffe, 2)]);
}

fn the_lists_still_give_all_ranges() {
    let dump = |_| Dump::new().memory(0x1000, [1; 8]).memory(0x1000, [2; 8]).memory(0x1002, []);
    in_every_form(dump, |dump, _| {
        assert_eq!(dump.memory().visible_ranges().len(), 1);
        let list = dump.stream::<MemoryList<'_>>().expect("it is valid").expect("it is present");
        let all: Vec<_> = list.iter().map(|range| (range.address, range.bytes().unwrap())).collect();
        let expected: [(u64, &[u8]); 3] = [(0x1000, &[1; 8]), (0x1000, &[2; 8]), (0x1002, &[])];
        assert_eq!(all, expected);
    });
}

fn overlaps_are_told() {
    let touching = || Dump::new().memory(0x1010, [1; 8]).memory64(0x1008, [2; 8]).memory(0x100f, []);
    let thread = |start, bytes: [u8; 8]| Thread::new(1).stack(Stack::stored(start, bytes));
    for (dump, expected) in [
        (Dump::new(), false),
        (touching(), false),
        // One that no list has, one that a list has, one that a list has in part, once with other bytes.
        (touching().thread(thread(0x1000, [3; 8])), false),
        (touching().thread(thread(0x1008, [3; 8])), false),
        (touching().thread(thread(0x1001, [3, 3, 3, 3, 3, 3, 3, 2])), true),
        (touching().thread(thread(0x1001, [3; 8])), false),
        (touching().memory64(0x1017, [4]), true),
        (touching().memory(0x1008, [2; 8]), true),
    ] {
        assert_eq!(open(&dump.build()).memory().has_overlaps(), expected);
    }
}

fn ranges_of_other_readers_disagreement_are_settled() {
    // As in `synthetic/yaml-overlapping-memory.dmp`: overlapping, repeated and empty ranges and one at the end.
    let dump = || {
        let dump = Dump::new().memory(0x1000, [1; 0x40]).memory(0x1020, [2; 0x40]).memory(0x1000, [3; 0x10]);
        dump.memory(0x3000, []).memory(u64::MAX - 0xf, [5; 0x10])
    };
    let mut expected = vec![1; 0x40];
    expected.extend([2; 0x20]);
    check(dump, 0x1000, &expected, &[(0x1000, 0x40), (0x1040, 0x20), (u64::MAX - 0xf, 0x10)]);
}

/// Checks what is read from an address on, and addresses and sizes of the visible ranges.
fn check(dump: impl Fn() -> Dump, address: u64, bytes: &[u8], ranges: &[(u64, u64)]) {
    in_every_form(
        |_| dump(),
        |dump, _| {
            let memory = dump.memory();
            let mut buffer = vec![0xcc; bytes.len() + 8];
            let read = memory.read(address, &mut buffer);
            assert_eq!(&buffer[..read], bytes);
            let visible: Vec<_> = memory.visible_ranges().map(|range| (range.address, range.size)).collect();
            assert_eq!(visible, ranges);
            assert!(
                memory.visible_ranges().all(|range| range.bytes().is_ok_and(|bytes| bytes.len() as u64 == range.size))
            );
        },
    );
}
