//! The table of regions and their contiguous bytes: which regions have any?

use libtest_mimic::Trial;
use userdump::format::MemoryProtection;
use userdump::format::memory::{MemoryState, MemoryType};
use userdump::read::FullUserDump;

use super::{Slot, empty, high, in_every_form, open, sound};
use crate::support::trials;
use crate::synth::{UserDump, UserRegion};

pub fn trials() -> Vec<Trial> {
    trials![
        regions_have_the_fields_of_the_file,
        bytes_follow_in_the_order_of_the_table,
        regions_without_bytes_are_told_by_the_room,
        guard_pages_may_have_bytes,
        without_a_fit_every_region_has_bytes,
        a_cut_file_keeps_the_rule_of_the_whole,
        memory_is_found_in_either_form_of_an_address,
        regions_may_end_with_the_address_space,
        sizes_may_add_up_to_more_than_64_bits,
    ]
}

fn regions_have_the_fields_of_the_file() {
    let row = |wide: bool| UserRegion {
        base: high(wide) + 0x2000,
        allocation_base: high(wide),
        allocation_protect: 0x40,
        state: 0x1000,
        protect: 0x104,
        kind: 0x4_0000,
        alignment: [7, 9],
        ..UserRegion::new(0, [3; 20])
    };
    in_every_form(
        |wide| empty(wide).memory(0x1000, [1; 4]).region(row(wide)),
        |dump, wide| {
            let regions = dump.region_list();
            assert_eq!((regions.len(), regions.entry_size(), regions.fault()), (2, if wide { 48 } else { 28 }, None));
            let region = regions.get(1).expect("it is present");
            assert_eq!((region.base(), region.size()), (high(wide) + 0x2000, 20));
            assert_eq!((region.raw().allocation_base, region.raw().allocation_protect), (high(wide), 0x40));
            assert_eq!((region.state(), region.raw().memory_type), (MemoryState::COMMIT, 0x4_0000));
            assert_eq!(region.protection(), MemoryProtection::READ_WRITE | MemoryProtection::GUARD);
            let found = dump.regions().at_address(high(wide) + 0x2013).expect("it is present");
            assert_eq!((found.base(), found.memory_type()), (region.base(), MemoryType::MAPPED));
            assert!(dump.regions().at_address(high(wide) + 0x2014).is_none());
            assert_eq!(dump.regions().iter().map(|it| it.base()).collect::<Vec<_>>(), [0x1000, high(wide) + 0x2000]);
        },
    );
}

fn bytes_follow_in_the_order_of_the_table() {
    in_every_form(sound, |dump, wide| {
        let start = Slot::Data.get(dump.data().unwrap());
        let found: Vec<_> = dump
            .stored_regions()
            .map(|it| (it.range.address, it.range.size, it.range.offset - start, it.range.bytes().unwrap().to_vec()))
            .collect();
        let expected = [
            (0x2000, 24, 0, (0..24).collect()),
            (0x40_1000, 9, 24, vec![0x90; 9]),
            (high(wide), 31, 33, vec![0xcc; 31]),
        ];
        assert_eq!(found, expected);
        let memory = dump.memory();
        let mut buffer = [0; 40];
        assert_eq!((memory.read(0x2010, &mut buffer), &buffer[..9]), (8, &[16, 17, 18, 19, 20, 21, 22, 23, 0][..]));
        assert_eq!(memory.slice(high(wide), 31), Some(&[0xcc; 31][..]));
        assert_eq!((memory.read_u8(high(wide) + 31), memory.read_u8(0x1fff)), (None, None));
    });
}

const RESERVED: u32 = 0x2000;
const GUARD: u32 = 0x104;

/// A region of 16 bytes without contents.
fn described(base: u64, state: u32, protect: u32) -> UserRegion {
    UserRegion { size: 16, state, protect, bytes: Vec::new(), ..UserRegion::new(base, []) }
}

/// Two regions with bytes, and regions without bytes between and around them.
fn with_guard_pages(wide: bool) -> UserDump {
    empty(wide)
        .region(described(0x1000, 0x1000, GUARD))
        .memory(0x2000, [2; 16])
        .region(described(0x3000, RESERVED, 0))
        .region(described(0x4000, 0x1000, 0x101))
        .memory(0x5000, [5; 8])
        .region(described(0x6000, RESERVED, GUARD))
}

/// Base, offset from the start of the data, and bytes of the regions that have any.
fn stored<'a>(dump: &FullUserDump<'a>) -> Vec<(u64, u64, &'a [u8])> {
    let start = dump.header().data_offset;
    dump.stored_regions().map(|it| (it.info.base(), it.range.offset - start, it.range.bytes().unwrap())).collect()
}

fn regions_without_bytes_are_told_by_the_room() {
    let expected: [(u64, u64, &[u8]); 2] = [(0x2000, 0, &[2; 16]), (0x5000, 16, &[5; 8])];
    let check = |dump: &FullUserDump<'_>, _| {
        assert_eq!(stored(dump), expected);
        assert_eq!((dump.region_list().len(), dump.regions().iter().count()), (6, 6));
        assert_eq!(dump.memory().visible_ranges().map(|it| it.address).collect::<Vec<_>>(), [0x2000, 0x5000]);
    };
    // The room ends at the end of the file, or at the version information.
    for wide in [false, true] {
        check(&open(&with_guard_pages(wide).build()), wide);
        check(&open(&with_guard_pages(wide).service_pack("Service Pack 1").build()), wide);
    }
}

fn guard_pages_may_have_bytes() {
    for wide in [false, true] {
        let guard = UserRegion { protect: GUARD, ..UserRegion::new(0x1000, [1; 16]) };
        let dump = || empty(wide).region(guard.clone()).memory(0x2000, [2; 16]);
        for bytes in [dump().build(), dump().service_pack("").build()] {
            assert_eq!(stored(&open(&bytes)), [(0x1000, 0, &[1; 16][..]), (0x2000, 16, &[2; 16])]);
        }
        // More room than needed changes nothing.
        let roomy = [dump().build(), vec![0; 5]].concat();
        assert_eq!(stored(&open(&roomy)).len(), 2);
    }
}

fn without_a_fit_every_region_has_bytes() {
    for wide in [false, true] {
        let mut bytes = with_guard_pages(wide).build();
        bytes.push(0);
        let found: Vec<_> =
            stored(&open(&bytes)).iter().map(|(base, offset, bytes)| (*base, *offset, bytes.len())).collect();
        let expected =
            [(0x1000, 0, 16), (0x2000, 16, 9), (0x3000, 32, 0), (0x4000, 48, 0), (0x5000, 64, 0), (0x6000, 72, 0)];
        assert_eq!(
            found.iter().map(|(base, _, size)| (*base, *size)).collect::<Vec<_>>(),
            expected.map(|it| (it.0, it.2))
        );
        assert_eq!(found.iter().map(|it| it.1).collect::<Vec<_>>(), expected.map(|it| it.1));
    }
}

fn a_cut_file_keeps_the_rule_of_the_whole() {
    for wide in [false, true] {
        let bytes = with_guard_pages(wide).service_pack("").build();
        let data = Slot::Data.get(&bytes) as usize;
        for size in 0..=24 {
            let found = stored(&open(&bytes[..data + size])).iter().map(|it| (it.0, it.2.len())).collect::<Vec<_>>();
            assert_eq!(found, [(0x2000, size.min(16)), (0x5000, size.saturating_sub(16))]);
        }
    }
}

fn memory_is_found_in_either_form_of_an_address() {
    let narrow = sound(false).build();
    let dump = open(&narrow);
    let (memory, regions) = (dump.memory(), dump.regions());
    for address in [0xa500_0000, 0xffff_ffff_a500_0000] {
        assert_eq!(memory.read_u32(address), Some(0xcccc_cccc));
        assert_eq!(regions.at_address(address).map(|region| region.base()), Some(0xa500_0000));
    }
    let wide = sound(true).build();
    assert_eq!(open(&wide).memory().read_u32(0xa500_0000), None);
}

fn regions_may_end_with_the_address_space() {
    for (wide, last) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
        let exact = empty(wide).memory(last - 7, [8; 8]).build();
        let beyond = empty(wide).memory(last - 3, [8; 8]).build();
        for (bytes, held) in [(exact, 8), (beyond, 4)] {
            let dump = open(&bytes);
            let memory = dump.memory();
            assert_eq!(memory.visible_ranges().map(|it| it.size).collect::<Vec<_>>(), [held]);
            assert_eq!((memory.read_u8(last), memory.read_u8(0)), (Some(8), None));
            assert!(dump.regions().at_address(last).is_some() && dump.regions().at_address(0).is_none());
        }
    }
}

fn sizes_may_add_up_to_more_than_64_bits() {
    let lies = |base, size| UserRegion { size, ..UserRegion::new(base, [7; 16]) };
    let bytes = empty(true).region(lies(0x1000, 8)).region(lies(0x2000, u64::MAX)).region(lies(0x3000, 8)).build();
    let dump = open(&bytes);
    let found: Vec<_> =
        dump.stored_regions().map(|it| (it.range.address, it.range.size, it.range.bytes().unwrap().len())).collect();
    assert_eq!(found, [(0x1000, 8, 8), (0x2000, u64::MAX, 40), (0x3000, 8, 0)]);
    assert!(dump.stored_regions().last().is_some_and(|it| it.range.offset == u64::MAX && it.range.fault().is_some()));
    let memory = dump.memory();
    assert_eq!((memory.read_u8(0x1007), memory.read_u8(0x2027), memory.read_u8(0x3000)), (Some(7), Some(7), None));
    assert_eq!(dump.regions().at_address(u64::MAX).map(|region| region.base()), Some(0x2000));
}
