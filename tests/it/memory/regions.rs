//! Memory regions: what the address space was like, whether or not the dump has the bytes.

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::format::{MemoryProtection, MemoryState, MemoryType};
use userdump::read::MemoryInfoList;

use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, SystemInfo};

pub fn trials() -> Vec<Trial> {
    trials![
        a_region_has_the_fields_of_the_file,
        bits_without_a_name_are_kept,
        regions_contain_their_addresses,
        high_regions_of_narrow_targets_are_found_in_either_form,
        the_first_of_overlapping_regions_is_found,
    ]
}

fn a_region_has_the_fields_of_the_file() {
    let info = MemoryInfo {
        base: 0x1_0000_0001,
        allocation_base: 2,
        allocation_protect: 0x80,
        size: 0x4_0000_0004,
        state: 0x2000,
        protect: 0x104,
        kind: 0x4_0000,
        alignment: [8, 9],
    };
    in_every_form(
        |_| Dump::new().memory_info(MemoryInfo::default()).memory_info(info.clone()),
        |dump, _| {
            let region = regions(dump).get(1).expect("it is there");
            assert_eq!((region.base(), region.size()), (0x1_0000_0001, 0x4_0000_0004));
            assert_eq!(region.state(), MemoryState::RESERVE);
            assert_eq!(region.protection(), MemoryProtection::READ_WRITE | MemoryProtection::GUARD);
            assert_eq!(region.memory_type(), MemoryType::MAPPED);
            let raw = region.raw();
            let rest = (raw.allocation_base, raw.allocation_protect, raw.alignment1, raw.alignment2);
            assert_eq!(rest, (2, 0x80, 8, 9));
        },
    );
}

fn bits_without_a_name_are_kept() {
    let info = MemoryInfo { state: 0x8000_1000, protect: 0x2000_0000, kind: 1, ..MemoryInfo::default() };
    in_every_form(
        |_| Dump::new().memory_info(info.clone()),
        |dump, _| {
            let region = regions(dump).get(0).expect("it is there");
            let bits = [region.state().bits(), region.protection().bits(), region.memory_type().bits()];
            assert_eq!(bits, [0x8000_1000, 0x2000_0000, 1]);
        },
    );
}

fn regions_contain_their_addresses() {
    let dump = |_| {
        let dump = Dump::new().system_info(SystemInfo::default()).memory_info(MemoryInfo::new(0x1000, 0x10));
        dump.memory_info(MemoryInfo::new(0x2000, 0)).memory_info(MemoryInfo::new(u64::MAX - 3, u64::MAX))
    };
    in_every_form(dump, |dump, _| {
        found(dump, &[0xfff, 0x1010, 0x2000, 0x1_0000_1000, 0, u64::MAX - 4], None);
        found(dump, &[0x1000, 0x100f], Some(0x1000));
        found(dump, &[u64::MAX - 3, u64::MAX], Some(u64::MAX - 3));
    });
}

fn high_regions_of_narrow_targets_are_found_in_either_form() {
    const HIGH: u64 = 0xffff_ffff_0000_0000;
    let dump = |_| {
        let dump = Dump::new().system_info(SystemInfo { architecture: 5, ..SystemInfo::default() });
        dump.memory_info(MemoryInfo::new(HIGH | 0x8000_0000, 0x1000)).memory_info(MemoryInfo::new(0x9000_0000, 0x1000))
    };
    in_every_form(dump, |dump, _| {
        for upper in [0, HIGH, 0x7_0000_0000] {
            found(dump, &[upper | 0x8000_0000, upper | 0x8000_0fff], Some(HIGH | 0x8000_0000));
            found(dump, &[upper | 0x9000_0000], Some(0x9000_0000));
            found(dump, &[upper | 0x8000_1000, upper | 0x7fff_ffff], None);
        }
    });
}

fn the_first_of_overlapping_regions_is_found() {
    let dump = |_| Dump::new().memory_info(MemoryInfo::new(0x2000, 0x10)).memory_info(MemoryInfo::new(0x1000, 0x2000));
    in_every_form(dump, |dump, _| {
        found(dump, &[0x2000, 0x200f], Some(0x2000));
        found(dump, &[0x1000, 0x2010, 0x2fff], Some(0x1000));
    });
}

fn regions<'a>(dump: &Minidump<'a>) -> MemoryInfoList<'a> {
    dump.stream().expect("it is sound").expect("it is there")
}

/// Checks which region, by its base, has each of these addresses.
fn found(dump: &Minidump<'_>, addresses: &[u64], base: Option<u64>) {
    for &address in addresses {
        let region = regions(dump).at_address(address);
        assert_eq!(region.map(|region| region.base()), base, "{address:#x}");
    }
}
