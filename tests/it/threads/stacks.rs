//! Stacks: at the position in the descriptor, or in a memory list if the position is 0.

use libtest_mimic::Trial;
use userdump::{Minidump, ReadError};

use super::threads;
use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_stack_is_where_its_descriptor_points,
        a_stack_without_a_size_is_absent,
        a_stack_cut_by_the_end_of_the_file_keeps_its_bytes,
        a_stack_outside_the_file_is_an_error,
        a_stack_without_a_position_is_found_in_the_memory_list,
        a_stack_without_a_position_is_found_in_memory64,
        the_memory_list_is_searched_first,
        the_first_range_that_holds_the_start_has_the_bytes,
        a_stack_ends_with_the_range_that_has_it,
        a_stack_that_no_list_holds_is_an_error,
        stacks_of_narrow_targets_are_found_in_either_form,
        stacks_of_wide_targets_are_not_masked,
    ]
}

fn a_stack_is_where_its_descriptor_points() {
    let stored = Stack::stored(0x7000, [1, 2, 3, 4]);
    // The list has the same bytes at another position; for different bytes, see `positions`.
    check(|| Dump::new().memory(0x7000, [1, 2, 3, 4]), stored.clone(), Ok(Some((0x7000, 4, &[1, 2, 3, 4]))));
    check(|| Dump::new().memory(0x7004, [9; 4]), stored, Ok(Some((0x7000, 4, &[1, 2, 3, 4]))));
    // Inside a range of the list, as most producers write it.
    let listed = || Dump::new().thread(Thread::new(1).stack(Stack::Listed(0x7002, 3)));
    in_every_form(
        |_| listed().memory(0x7000, [1, 2, 3, 4, 5, 6]),
        |dump, _| expect(dump, Ok(Some((0x7002, 3, &[3, 4, 5])))),
    );
}

fn a_stack_without_a_size_is_absent() {
    for stack in [Stack::None, Stack::At(0x7000, 0, 0), Stack::At(0x7000, 0, 33), Stack::At(0, 0, u32::MAX)] {
        check(|| Dump::new().memory(0x7000, [1; 4]), stack, Ok(None));
    }
}

fn a_stack_cut_by_the_end_of_the_file_keeps_its_bytes() {
    for form in Form::ALL {
        let bytes = form.build(Dump::new().thread(Thread::new(1).stack(Stack::stored(0x7000, [1, 2, 3, 4]))));
        let start = bytes.len() - 4;
        for available in 1..4 {
            let dump = open(&bytes[..start + available]);
            let stack = dump.stack(&threads(&dump).get(0).expect("it is there"));
            let stack = stack.expect("some of it is there").expect("it has a size");
            assert_eq!((stack.size, stack.bytes().unwrap()), (4, &[1, 2, 3, 4][..available]));
            let fault = ReadError::Truncated {
                what: "memory range",
                offset: start as u64,
                needed: 4,
                available: available as u64,
            };
            assert_eq!(stack.fault(), Some(fault));
        }
    }
}

fn a_stack_outside_the_file_is_an_error() {
    let missing = |offset| ReadError::Truncated { what: "stack", offset, needed: 8, available: 0 };
    for rva in [0x10_0000, u32::MAX] {
        // If a descriptor refers to a position outside the file, a list that holds the address is not used instead.
        let dump = || Dump::new().memory(0x7000, [1; 8]);
        check(dump, Stack::At(0x7000, 8, rva), Err(missing(rva.into())));
    }
}

fn a_stack_without_a_position_is_found_in_the_memory_list() {
    let dump = || Dump::new().memory(0x9000, [9; 8]).memory(0x7000, [1, 2, 3, 4, 5, 6]);
    check(dump, Stack::At(0x7000, 6, 0), Ok(Some((0x7000, 6, &[1, 2, 3, 4, 5, 6]))));
    check(dump, Stack::At(0x7002, 3, 0), Ok(Some((0x7002, 3, &[3, 4, 5]))));
    check(dump, Stack::At(0x7005, 1, 0), Ok(Some((0x7005, 1, &[6]))));
}

fn a_stack_without_a_position_is_found_in_memory64() {
    let dump = || Dump::new().memory64(0x6000, [9; 7]).memory64(0x7000, [1, 2, 3, 4, 5, 6]);
    check(dump, Stack::At(0x7000, 6, 0), Ok(Some((0x7000, 6, &[1, 2, 3, 4, 5, 6]))));
    check(dump, Stack::At(0x7004, 2, 0), Ok(Some((0x7004, 2, &[5, 6]))));
    // The bytes have a file offset.
    in_every_form(
        |_| dump().thread(Thread::new(1).stack(Stack::At(0x7002, 2, 0))),
        |dump, _| {
            let stack = dump.stack(&threads(dump).get(0).expect("it is there"));
            let offset = stack.expect("it is held").expect("it has a size").offset;
            assert_eq!(offset, dump.file_size() - 4);
        },
    );
}

fn the_memory_list_is_searched_first() {
    let dump = || Dump::new().memory64(0x7000, [6; 8]).memory(0x7002, [3; 2]);
    check(dump, Stack::At(0x7002, 2, 0), Ok(Some((0x7002, 2, &[3; 2]))));
    check(dump, Stack::At(0x7004, 2, 0), Ok(Some((0x7004, 2, &[6; 2]))));
}

fn the_first_range_that_holds_the_start_has_the_bytes() {
    let dump = || Dump::new().memory(0x7002, []).memory(0x7001, [1; 4]).memory(0x7002, [2; 4]);
    check(dump, Stack::At(0x7002, 2, 0), Ok(Some((0x7002, 2, &[1; 2]))));
    check(dump, Stack::At(0x7005, 1, 0), Ok(Some((0x7005, 1, &[2]))));
}

fn a_stack_ends_with_the_range_that_has_it() {
    // The next range continues where the first one ends; `Memory` reads across both.
    let dump = || Dump::new().memory64(0x7000, [1, 2, 3, 4]).memory64(0x7004, [5, 6]);
    check(dump, Stack::At(0x7001, 5, 0), Ok(Some((0x7001, 5, &[2, 3, 4]))));
    in_every_form(
        |_| dump().thread(Thread::new(1).stack(Stack::At(0x7001, 5, 0))),
        |dump, _| {
            let stack = dump.stack(&threads(dump).get(0).expect("it is there"));
            let fault = stack.expect("it is held").and_then(|stack| stack.fault());
            let offset = dump.file_size() - 5;
            let expected = ReadError::Truncated { what: "memory range", offset, needed: 5, available: 3 };
            assert_eq!(fault, Some(expected));
            assert_eq!(dump.memory().run_len(0x7001, 5), 5);
        },
    );
}

fn a_stack_that_no_list_holds_is_an_error() {
    let missing = ReadError::Truncated { what: "stack", offset: 0, needed: 8, available: 0 };
    for dump in [Dump::new, || Dump::new().memory(0x6ff8, [1; 8]).memory(0x7001, [2; 8]).memory64(0x7000, [])] {
        check(dump, Stack::At(0x7000, 8, 0), Err(missing));
    }
    // The bytes of the header, if they were the stack.
    check(Dump::new, Stack::At(0, 8, 0), Err(missing));
    // The range that holds it is cut before it.
    let bytes = Dump::new().thread(Thread::new(1).stack(Stack::At(0x7004, 8, 0))).memory64(0x7000, [1; 8]).build();
    let dump = open(&bytes[..bytes.len() - 4]);
    assert_eq!(dump.stack(&threads(&dump).get(0).expect("it is there")), Err(missing));
}

fn stacks_of_narrow_targets_are_found_in_either_form() {
    const HIGH: u64 = 0xffff_ffff_0000_0000;
    let narrow = || Dump::new().system_info(SystemInfo { architecture: 0, ..SystemInfo::default() });
    for (range, stack) in [(HIGH, 0), (0, HIGH), (HIGH, HIGH), (0, 0)] {
        let [range, stack] = [range | 0x8000_0000, stack | 0x8000_0002];
        check(|| narrow().memory(range, [1, 2, 3, 4]), Stack::At(stack, 2, 0), Ok(Some((stack, 2, &[3, 4]))));
        check(|| narrow().memory64(range, [1, 2, 3, 4]), Stack::At(stack, 2, 0), Ok(Some((stack, 2, &[3, 4]))));
    }
}

fn stacks_of_wide_targets_are_not_masked() {
    let missing = ReadError::Truncated { what: "stack", offset: 0, needed: 2, available: 0 };
    let dump = || Dump::new().system_info(SystemInfo::default()).memory(0xffff_ffff_8000_0000, [1; 4]);
    check(dump, Stack::At(0x8000_0000, 2, 0), Err(missing));
}

/// Address, size and bytes of a stack; `None` if there is none.
type Expected<'a> = Result<Option<(u64, u64, &'a [u8])>, ReadError>;

/// Checks the stack of a thread with this descriptor, in every form of the dump.
fn check(dump: impl Fn() -> Dump, stack: Stack, expected: Expected<'_>) {
    in_every_form(|_| dump().thread(Thread::new(1).stack(stack.clone())), |dump, _| expect(dump, expected));
}

fn expect(dump: &Minidump<'_>, expected: Expected<'_>) {
    let stack = dump.stack(&threads(dump).get(0).expect("it is there"));
    assert_eq!(stack.map(|stack| stack.map(|it| (it.address, it.size, it.bytes().unwrap()))), expected);
}
