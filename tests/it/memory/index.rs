//! Memory by address: what is read where, and which bytes can be borrowed. Precedence in overlaps is in `overlaps`.

use libtest_mimic::Trial;
use userdump::read::Memory;

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Range, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_dump_without_memory_holds_nothing,
        what_is_read_ends_at_the_first_gap,
        what_is_not_read_is_left_alone,
        reads_continue_across_adjacent_ranges,
        both_lists_are_read_as_one,
        a_range_may_end_at_the_last_address,
        a_range_ends_at_the_last_address_of_a_narrow_target,
        addresses_of_narrow_targets_are_masked,
        wide_addresses_are_not_masked,
        without_a_system_addresses_are_wide,
        bytes_are_borrowed_if_they_are_contiguous_in_the_file,
        bytes_that_are_not_contiguous_are_not_borrowed,
        runs_are_counted_up_to_the_limit,
        the_visible_ranges_within_an_interval_are_cut_to_it,
        integers_have_the_byte_order_of_the_file,
        pointers_have_the_width_of_the_target,
        stacks_in_no_list_are_present,
        a_stack_without_a_position_adds_nothing,
    ]
}

fn a_dump_without_memory_holds_nothing() {
    for dump in
        [Dump::new, || Dump::new().memory(0x1000, []).memory64(0x1000, []), || Dump::new().thread(Thread::new(1))]
    {
        check(dump, |memory| {
            assert!(memory.is_empty() && memory.visible_ranges().len() == 0);
            for address in [0, 0x1000, u64::MAX] {
                holds(memory, address, &[]);
                assert_eq!((memory.range_at(address), memory.slice(address, 0)), (None, None));
            }
            assert_eq!(memory.visible_within(0, u64::MAX).count(), 0);
        });
    }
}

fn what_is_read_ends_at_the_first_gap() {
    let dump = || Dump::new().memory(0x1000, [1, 2, 3, 4]).memory(0x1005, [6, 7]);
    check(dump, |memory| {
        holds(memory, 0xfff, &[]);
        holds(memory, 0x1000, &[1, 2, 3, 4]);
        holds(memory, 0x1003, &[4]);
        holds(memory, 0x1004, &[]);
        holds(memory, 0x1005, &[6, 7]);
        holds(memory, 0x1007, &[]);
        let range = memory.range_at(0x1002).expect("it is present");
        assert_eq!((range.address, range.size, range.bytes()), (0x1000, 4, Ok([1, 2, 3, 4].as_slice())));
    });
}

fn what_is_not_read_is_left_alone() {
    check(
        || Dump::new().memory(0x1000, [1, 2, 3]),
        |memory| {
            let mut buffer = [9; 5];
            assert_eq!((memory.read(0x1001, &mut buffer), buffer), (2, [2, 3, 9, 9, 9]));
            assert_eq!((memory.read(0x1001, &mut buffer[..1]), buffer), (1, [2, 3, 9, 9, 9]));
            assert_eq!((memory.read(0x5000, &mut buffer), buffer), (0, [2, 3, 9, 9, 9]));
            assert_eq!(memory.read(0x1001, &mut []), 0);
        },
    );
}

fn reads_continue_across_adjacent_ranges() {
    let dump = || {
        let dump = Dump::new().memory(0x1006, [7]).memory(0x1000, [1, 2]).memory(0x1004, []);
        dump.memory(0x1002, [3, 4, 5, 6]).memory(0x1008, [9])
    };
    check(dump, |memory| {
        holds(memory, 0x1000, &[1, 2, 3, 4, 5, 6, 7]);
        holds(memory, 0x1005, &[6, 7]);
        let visible: Vec<_> = memory.visible_ranges().map(|range| (range.address, range.size)).collect();
        assert_eq!(visible, [(0x1000, 2), (0x1002, 4), (0x1006, 1), (0x1008, 1)]);
    });
}

fn both_lists_are_read_as_one() {
    let dump = || Dump::new().memory64(0x1002, [3, 4]).memory(0x1000, [1, 2]).memory(0x1004, [5]).memory64(0x1005, [6]);
    check(dump, |memory| holds(memory, 0x1000, &[1, 2, 3, 4, 5, 6]));
}

fn a_range_may_end_at_the_last_address() {
    const LAST: u64 = u64::MAX;
    let dump = || Dump::new().memory(LAST - 3, [1, 2]).memory(LAST - 1, [3, 4]).memory(0, [5, 6]);
    check(dump, |memory| {
        // The address space does not wrap around.
        holds(memory, LAST - 3, &[1, 2, 3, 4]);
        holds(memory, LAST, &[4]);
        holds(memory, 0, &[5, 6]);
        assert_eq!(memory.slice(LAST, 2), None);
        let ranges: Vec<_> = memory.visible_ranges().map(|range| (range.address, range.size)).collect();
        assert_eq!(ranges, [(0, 2), (LAST - 3, 2), (LAST - 1, 2)]);
    });
    // A range that would wrap around ends there.
    check(
        || Dump::new().memory(LAST - 1, [1, 2, 3, 4]).memory(0, [5]),
        |memory| {
            holds(memory, LAST - 1, &[1, 2]);
            holds(memory, 0, &[5]);
            holds(memory, 1, &[]);
        },
    );
}

fn a_range_ends_at_the_last_address_of_a_narrow_target() {
    for start in [0xffff_fffe, u64::MAX - 1] {
        check(
            || narrow().memory(start, [1, 2, 3, 4]).memory(0x1_0000_0000, [5]),
            |memory| {
                holds(memory, start, &[1, 2]);
                holds(memory, 0, &[5]);
                holds(memory, 1, &[]);
            },
        );
    }
}

fn addresses_of_narrow_targets_are_masked() {
    const HIGH: u64 = 0xffff_ffff_0000_0000;
    let dump = || narrow().memory(HIGH | 0x8000_0000, [1, 2]).memory(0x8000_0002, [3]).memory64(0x9_0000_0010, [4]);
    check(dump, |memory| {
        for upper in [0, HIGH, 0x5_0000_0000] {
            holds(memory, upper | 0x8000_0000, &[1, 2, 3]);
            holds(memory, upper | 0x8000_0002, &[3]);
            holds(memory, upper | 0x10, &[4]);
            assert_eq!(memory.range_at(upper | 0x8000_0001).map(|range| range.address), Some(0x8000_0000));
            assert_eq!(memory.visible_within(upper | 0x8000_0001, upper | 0x8000_0002).count(), 2);
        }
        let addresses: Vec<_> = memory.visible_ranges().map(|range| range.address).collect();
        assert_eq!(addresses, [0x10, 0x8000_0000, 0x8000_0002]);
        assert_eq!(memory.visible_within(0, u64::MAX).count(), 3);
    });
}

fn wide_addresses_are_not_masked() {
    let dump = || Dump::new().system_info(SystemInfo::default()).memory(0x1_0000_1000, [1]).memory(0x1000, [2]);
    check(dump, |memory| {
        holds(memory, 0x1_0000_1000, &[1]);
        holds(memory, 0x1000, &[2]);
        holds(memory, 0xffff_ffff_0000_1000, &[]);
    });
}

fn without_a_system_addresses_are_wide() {
    check(
        || Dump::new().memory(0x1_0000_1000, [1]),
        |memory| {
            holds(memory, 0x1_0000_1000, &[1]);
            holds(memory, 0x1000, &[]);
        },
    );
}

fn bytes_are_borrowed_if_they_are_contiguous_in_the_file() {
    // The ranges of the 64-bit list are adjacent, whatever filler there is.
    let dump = || Dump::new().memory64(0x1000, [1, 2, 3]).memory64(0x1003, [4]).memory64(0x1004, [5, 6]);
    check(dump, |memory| {
        let all = [1, 2, 3, 4, 5, 6];
        for start in 0..6 {
            for size in 0..=(6 - start) {
                let expected = &all[start..start + size];
                assert_eq!(memory.slice(0x1000 + start as u64, size as u64), Some(expected));
            }
            assert_eq!(memory.slice(0x1000 + start as u64, 7 - start as u64), None);
            assert_eq!(memory.slice(0x1000 + start as u64, u64::MAX), None);
        }
        assert_eq!((memory.slice(0xfff, 1), memory.slice(0x1006, 0)), (None, None));
    });
}

fn bytes_that_are_not_contiguous_are_not_borrowed() {
    // In this order in the list, and therefore in the file.
    let dump = || Dump::new().memory(0x1002, [3, 4]).memory(0x1000, [1, 2]);
    check(dump, |memory| {
        assert_eq!(memory.slice(0x1000, 2), Some([1, 2].as_slice()));
        assert_eq!(memory.slice(0x1002, 2), Some([3, 4].as_slice()));
        assert_eq!(memory.slice(0x1001, 2), None);
        holds(memory, 0x1001, &[2, 3, 4]);
    });
    // Ranges that are adjacent in the process share bytes of the file.
    let bytes = Dump::new().memory_range(Range::At(0x1000, 4, 50)).memory_range(Range::At(0x1004, 4, 52)).build();
    let memory = open(&bytes).memory();
    assert_eq!(memory.slice(0x1000, 8), None);
    let mut buffer = [0; 8];
    assert_eq!(memory.read(0x1000, &mut buffer), 8);
    assert_eq!(buffer, [bytes[50], bytes[51], bytes[52], bytes[53], bytes[52], bytes[53], bytes[54], bytes[55]]);
}

fn runs_are_counted_up_to_the_limit() {
    let dump = || Dump::new().memory(0x1000, [1; 4]).memory(0x1004, [2; 4]).memory(0x1009, [3; 4]);
    check(dump, |memory| {
        for (address, limit, expected) in
            [(0x1000, 100, 8), (0x1000, 8, 8), (0x1000, 7, 7), (0x1000, 3, 3), (0x1000, 0, 0), (0x1003, u64::MAX, 5)]
        {
            assert_eq!(memory.run_len(address, limit), expected, "{address:#x}, {limit}");
        }
        assert_eq!([0xfff, 0x1008, 0x100d].map(|address| memory.run_len(address, 10)), [0; 3]);
        assert_eq!(memory.run_len(0x1009, u64::MAX), 4);
    });
}

fn the_visible_ranges_within_an_interval_are_cut_to_it() {
    let dump = || Dump::new().memory(0x1000, [1, 2, 3, 4]).memory(0x1008, [5, 6, 7, 8]);
    let within = |memory: &Memory<'_>, start, last| -> Vec<(u64, Vec<u8>)> {
        memory
            .visible_within(start, last)
            .map(|range| (range.address, range.bytes().expect("it is in the file").to_vec()))
            .collect()
    };
    check(dump, |memory| {
        assert_eq!(within(memory, 0, u64::MAX), [(0x1000, vec![1, 2, 3, 4]), (0x1008, vec![5, 6, 7, 8])]);
        assert_eq!(within(memory, 0x1001, 0x1002), [(0x1001, vec![2, 3])]);
        assert_eq!(within(memory, 0x1003, 0x1008), [(0x1003, vec![4]), (0x1008, vec![5])]);
        assert_eq!(within(memory, 0x1003, 0x1003), [(0x1003, vec![4])]);
        assert_eq!(within(memory, 0x1004, 0x1007), []);
        assert_eq!(within(memory, 0x100c, u64::MAX), []);
        assert_eq!(within(memory, 0, 0xfff), []);
        assert_eq!(within(memory, 0x1002, 0x1001), [], "an interval that ends before it begins");
    });
}

fn integers_have_the_byte_order_of_the_file() {
    for form in Form::ALL {
        let bytes = form.build(Dump::new().memory(0x1000, [1, 2, 3]).memory(0x1003, [4, 5, 6, 7, 8, 9]));
        let memory = open(&bytes).memory();
        let order = |little, big| Some(if form.big_endian { big } else { little });
        assert_eq!(memory.read_integer(0x1000, 4), order(0x0403_0201, 0x0102_0304));
        assert_eq!(memory.read_integer(0x1001, 8), order(0x0908_0706_0504_0302, 0x0203_0405_0607_0809));
        assert_eq!([memory.read_integer(0x1002, 8), memory.read_integer(0x1006, 4)], [None; 2], "a byte is missing");
        assert_eq!(memory.read_integer(0x1002, 2), order(0x0403, 0x0304));
        assert_eq!(memory.read_integer(0x1002, 1), Some(3));
        assert_eq!([0, 3, 9, u32::MAX].map(|width| memory.read_integer(0x1000, width)), [None; 4]);
    }
}

fn pointers_have_the_width_of_the_target() {
    let dump = |architecture| {
        let system = SystemInfo { architecture, ..SystemInfo::default() };
        Dump::new().system_info(system).memory(0x1000, [1, 0, 0, 0x80, 0, 0, 0, 0x40])
    };
    for (architecture, narrow) in [(0, true), (1, true), (3, true), (5, true), (9, false), (12, false), (0x8003, false)]
    {
        let bytes = dump(architecture).build();
        let expected = if narrow { 0x8000_0001 } else { 0x4000_0000_8000_0001 };
        assert_eq!(open(&bytes).memory().read_pointer(0x1000), Some(expected), "{architecture}");
        assert_eq!(open(&bytes).memory().read_pointer(0x1004), narrow.then_some(0x4000_0000), "{architecture}");
    }
}

fn stacks_in_no_list_are_present() {
    let dump = || {
        let dump = Dump::new().thread(Thread::new(1).stack(Stack::stored(0x3000, [1, 2, 3])));
        dump.thread(Thread::new(2).stack(Stack::Listed(0x1001, 2))).memory(0x1000, [4, 5, 6, 7])
    };
    check(dump, |memory| {
        holds(memory, 0x3000, &[1, 2, 3]);
        holds(memory, 0x1000, &[4, 5, 6, 7]);
        assert_eq!(memory.visible_ranges().len(), 2);
    });
    check(
        || Dump::new().thread(Thread::new(1).stack(Stack::stored(0x3000, [1, 2, 3]))),
        |memory| holds(memory, 0x3000, &[1, 2, 3]),
    );
}

fn a_stack_without_a_position_adds_nothing() {
    for stack in [Stack::At(0x3000, 8, 0), Stack::At(0x3000, 8, u32::MAX), Stack::At(0x3000, 0, 32)] {
        check(|| Dump::new().thread(Thread::new(1).stack(stack.clone())), |memory| assert!(memory.is_empty()));
    }
}

fn narrow() -> Dump {
    Dump::new().system_info(SystemInfo { architecture: 0, ..SystemInfo::default() })
}

/// Calls `look` for the memory of a dump in every form.
fn check(dump: impl Fn() -> Dump, look: impl Fn(&Memory<'_>)) {
    in_every_form(|_| dump(), |dump, _| look(&dump.memory()));
}

/// Checks what is read from an address on, by each of the ways to read it.
fn holds(memory: &Memory<'_>, address: u64, expected: &[u8]) {
    let mut buffer = [0xcc; 64];
    let read = memory.read(address, &mut buffer);
    assert_eq!(&buffer[..read], expected, "{address:#x}");
    assert_eq!(memory.run_len(address, u64::MAX), expected.len() as u64, "{address:#x}");
    assert_eq!(memory.range_at(address).is_some(), !expected.is_empty(), "{address:#x}");
}
