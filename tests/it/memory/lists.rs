//! The memory list and the Memory64 list as stored in the file.

use libtest_mimic::Trial;
use userdump::read::MemoryRange;
use userdump::read::memory::{Memory64List, MemoryList};
use userdump::{Minidump, ReadError};

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Range, Range64, Shape, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        ranges_have_the_numbers_of_the_file,
        truncated_ranges_keep_the_bytes_present,
        ranges_may_share_bytes,
        memory64_ranges_are_contiguous,
        an_empty_memory64_range_moves_nothing,
        memory64_ranges_past_the_end_have_no_bytes,
        a_position_beyond_64_bits_has_no_bytes,
        a_huge_position_of_the_first_range_costs_nothing,
        both_lists_may_be_present,
    ]
}

fn ranges_have_the_numbers_of_the_file() {
    let dump = |_| {
        let dump = Dump::new().memory(0xffff_ffff_8000_0001, [1; 3]).memory(0x1000, [2; 5]);
        dump.memory_range(Range::At(7, 4, 0)).memory(0x1000, [])
    };
    in_every_form(dump, |dump, facts| {
        let found = ranges(dump);
        let numbers: Vec<_> = found.iter().map(|range| (range.address, range.size, range.bytes().unwrap())).collect();
        // Offset 0 is the header, not memory.
        let expected: [(u64, u64, &[u8]); 4] =
            [(0xffff_ffff_8000_0001, 3, &[1; 3]), (0x1000, 5, &[2; 5]), (7, 4, &[]), (0x1000, 0, &[])];
        assert_eq!(numbers, expected);
        let offsets: Vec<u64> = found.iter().map(|range| range.offset).collect();
        assert_eq!(offsets, facts.ranges().iter().map(|range| range.at.0).collect::<Vec<_>>());
        let faults: Vec<bool> = found.iter().map(|range| range.fault().is_some()).collect();
        assert_eq!(faults, [false, false, true, false]);
    });
}

fn truncated_ranges_keep_the_bytes_present() {
    for form in Form::ALL {
        let whole = form.build(Dump::new().memory(0x1000, [1; 6]).memory(0x2000, [2; 6]));
        let second = whole.len() as u64 - 6;
        for available in 0..6 {
            let found = ranges(&open(&whole[..(second + available) as usize]));
            let fault = truncated(second, 6, available);
            assert_eq!(found.iter().map(MemoryRange::fault).collect::<Vec<_>>(), [None, Some(fault)]);
            assert_eq!((found[1].size, found[1].bytes().unwrap()), (6, &[2; 6][..available as usize]));
        }
    }
    let outside = |_| Dump::new().memory_range(Range::At(0x1000, u32::MAX, u32::MAX)).memory(0x2000, [2]);
    in_every_form(outside, |dump, _| {
        let found = ranges(dump);
        let fault = truncated(0xffff_ffff, 0xffff_ffff, 0);
        assert_eq!([found[0].fault(), found[1].fault()], [Some(fault), None]);
    });
}

fn ranges_may_share_bytes() {
    let dump = |_| Dump::new().memory_range(Range::At(0x1000, 4, 72)).memory_range(Range::At(0x2000, 8, 70));
    in_every_form(dump, |dump, facts| {
        let found: Vec<_> = ranges(dump).iter().map(|range| range.bytes().unwrap()).collect();
        assert_eq!(found, [&facts.bytes[72..76], &facts.bytes[70..78]]);
    });
}

fn memory64_ranges_are_contiguous() {
    let dump = |_| Dump::new().memory64(0x5000, [1; 3]).memory64(0x1000, [2; 4]).memory64(u64::MAX, [3; 1]);
    in_every_form(dump, |dump, _| {
        let base = dump.file_size() - 8;
        let list = list64(dump);
        assert_eq!((list.base_rva(), list.len(), list.is_empty(), list.fault()), (base, 3, false, None));
        let expected: [(u64, u64, u64, &[u8]); 3] =
            [(0x5000, 3, base, &[1; 3]), (0x1000, 4, base + 3, &[2; 4]), (u64::MAX, 1, base + 7, &[3])];
        check64(dump, &expected);
        assert_eq!(list.iter().len(), 3);
    });
}

fn an_empty_memory64_range_moves_nothing() {
    let dump = |_| Dump::new().memory64(0x5000, [1; 3]).memory64(0x5003, []).memory64(0x5003, [2]);
    in_every_form(dump, |dump, _| {
        let base = dump.file_size() - 4;
        check64(dump, &[(0x5000, 3, base, &[1; 3]), (0x5003, 0, base + 3, &[]), (0x5003, 1, base + 3, &[2])]);
    });
}

fn memory64_ranges_past_the_end_have_no_bytes() {
    for form in Form::ALL {
        let dump = Dump::new().memory64(0x1000, [1; 4]).memory64(0x2000, [2; 4]).memory64(0x3000, [3; 4]);
        let whole = form.build(dump);
        let base = whole.len() as u64 - 12;
        let cut = &whole[..whole.len() - 6];
        let expected: [(u64, u64, u64, &[u8]); 3] =
            [(0x1000, 4, base, &[1; 4]), (0x2000, 4, base + 4, &[2; 2]), (0x3000, 4, base + 8, &[])];
        check64(&open(cut), &expected);
        let faults: Vec<_> = list64(&open(cut)).iter().map(|range| range.fault()).collect();
        assert_eq!(faults, [None, Some(truncated(base + 4, 4, 2)), Some(truncated(base + 8, 4, 0))]);
        assert_eq!(list64(&open(cut)).fault(), None, "all descriptors are present");
    }
}

fn a_position_beyond_64_bits_has_no_bytes() {
    let lying = |size| Range64 { address: 0x1000, size, bytes: vec![1; 2] };
    let dump = |_| {
        let dump = Dump::new().memory64_range(lying(2)).memory64_range(lying(u64::MAX));
        dump.memory64_range(lying(2)).memory64_range(lying(u64::MAX)).memory64_range(lying(0))
    };
    in_every_form(dump, |dump, _| {
        let found: Vec<_> =
            list64(dump).iter().map(|range| (range.size, range.bytes().unwrap().len(), range.offset)).collect();
        let base = dump.file_size() - 10;
        assert_eq!(found[..2], [(2, 2, base), (u64::MAX, 8, base + 2)]);
        assert_eq!(found[2..], [(2, 0, u64::MAX), (u64::MAX, 0, u64::MAX), (0, 0, u64::MAX)]);
        let last = list64(dump).iter().nth(3).expect("it is present");
        assert_eq!(last.fault(), Some(truncated(u64::MAX, u64::MAX, 0)));
        assert_eq!(dump.memory().run_len(0x1000, u64::MAX), 8);
    });
}

fn a_huge_position_of_the_first_range_costs_nothing() {
    for base in [0x1_0000_0000, i64::MAX as u64, u64::MAX - 1, u64::MAX] {
        let dump = move |_| {
            Dump::new().written(kind::MEMORY64_LIST, move |bytes| {
                bytes.u64s(&[2, base, 0x1000, 4, 0x2000, 4]);
            })
        };
        in_every_form(dump, |dump, _| {
            let second = base.saturating_add(4);
            check64(dump, &[(0x1000, 4, base, &[]), (0x2000, 4, second, &[])]);
            let faults: Vec<_> = list64(dump).iter().map(|range| range.fault()).collect();
            assert_eq!(faults, [Some(truncated(base, 4, 0)), Some(truncated(second, 4, 0))]);
            assert!(dump.memory().is_empty());
        });
    }
}

fn both_lists_may_be_present() {
    let dump = |_| Dump::new().memory64(0x2000, [2; 4]).memory(0x1000, [1; 4]);
    in_every_form(dump, |dump, _| {
        assert_eq!((ranges(dump).len(), list64(dump).len()), (1, 1));
        assert_eq!(dump.memory().visible_ranges().map(|range| range.address).collect::<Vec<_>>(), [0x1000, 0x2000]);
    });
    // An unreadable list does not hide the other.
    let broken =
        |kind| Dump::new().memory64(0x2000, [2; 4]).memory(0x1000, [1; 4]).shape(kind, Shape::usual().data_size(3));
    for (kind, left) in [(kind::MEMORY_LIST, 0x2000), (kind::MEMORY64_LIST, 0x1000)] {
        in_every_form(
            |_| broken(kind),
            |dump, _| {
                let visible = dump.memory().visible_ranges().map(|range| range.address).collect::<Vec<_>>();
                assert_eq!(visible, [left]);
            },
        );
    }
}

fn ranges<'a>(dump: &Minidump<'a>) -> Vec<MemoryRange<'a>> {
    let list: MemoryList<'_> = dump.stream().expect("it is valid").expect("it is present");
    list.iter().collect()
}

fn list64<'a>(dump: &Minidump<'a>) -> Memory64List<'a> {
    dump.stream().expect("it is valid").expect("it is present")
}

/// Checks address, size, file offset and bytes of each range of the Memory64 list.
fn check64(dump: &Minidump<'_>, expected: &[(u64, u64, u64, &[u8])]) {
    let found: Vec<_> =
        list64(dump).iter().map(|range| (range.address, range.size, range.offset, range.bytes().unwrap())).collect();
    assert_eq!(found, expected);
}

fn truncated(offset: u64, needed: u64, available: u64) -> ReadError {
    ReadError::Truncated { what: "memory range", offset, needed, available }
}
