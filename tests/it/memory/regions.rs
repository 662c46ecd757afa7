//! Memory regions: the state of the address space, whether or not the dump has the bytes.

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::format::MemoryProtection;
use userdump::format::memory::{MemoryState, MemoryType};
use userdump::read::memory::{MemoryInfoList, RegionDetail};

use crate::support::forms::{in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, SystemInfo};

pub fn trials() -> Vec<Trial> {
    trials![
        a_region_has_the_fields_of_the_file,
        bits_without_a_name_are_kept,
        regions_contain_their_addresses,
        high_regions_of_narrow_targets_are_found_in_either_form,
        the_first_of_overlapping_regions_is_found,
        rows_are_regions,
        lines_of_maps_are_regions,
        every_right_of_a_line_has_its_protection,
        rows_come_before_lines_unless_there_are_none,
        regions_are_found_by_address,
        lines_are_found_by_address,
        what_a_protection_allows,
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
            let region = regions(dump).get(1).expect("it is present");
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
            let region = regions(dump).get(0).expect("it is present");
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
    dump.stream().expect("it is valid").expect("it is present")
}

/// Checks which region, by its base, contains each of these addresses.
fn found(dump: &Minidump<'_>, addresses: &[u64], base: Option<u64>) {
    for &address in addresses {
        let region = regions(dump).at_address(address);
        assert_eq!(region.map(|region| region.base()), base, "{address:#x}");
    }
}

const MAPS: &str = "\
00400000-0040b000 r-xp 00001000 08:1f 1234                               /usr/bin/app
not a line
0060a000-0060c000 rw-p 00000000 00:00 0                                  [heap]
00609000-0060b000 rw-s 00000000 00:05 77                                 /dev/shm/x (deleted)
";

fn lines() -> Dump {
    Dump::new().raw(0x4767_0009, MAPS)
}

fn rows_are_regions() {
    let info = MemoryInfo {
        base: 0x1000,
        size: 0x3000,
        state: 0x1000,
        protect: 0x20,
        kind: 0x100_0000,
        ..MemoryInfo::default()
    };
    in_every_form(
        |_| Dump::new().memory_info(info.clone()),
        |dump, _| {
            let all: Vec<_> = dump.regions().iter().collect();
            let [region] = all.as_slice() else { panic!("{all:?}") };
            assert_eq!((region.base(), region.size(), region.path().is_empty()), (0x1000, 0x3000, true));
            assert_eq!((region.state(), region.memory_type()), (MemoryState::COMMIT, MemoryType::IMAGE));
            assert_eq!(region.protection(), MemoryProtection::EXECUTE_READ);
            assert!(matches!(region.detail(), RegionDetail::MemoryInfo(row) if row.raw().region_size == 0x3000));
        },
    );
}

fn lines_of_maps_are_regions() {
    in_every_form(
        |_| lines(),
        |dump, _| {
            let all: Vec<_> = dump.regions().iter().collect();
            let [app, heap, shared] = all.as_slice() else { panic!("{all:?}") };
            assert_eq!((app.base(), app.size(), app.path() == "/usr/bin/app"), (0x40_0000, 0xb000, true));
            assert_eq!((heap.base(), heap.size(), heap.path() == "[heap]"), (0x60_a000, 0x2000, true));
            assert_eq!((shared.base(), shared.size(), shared.path() == "/dev/shm/x"), (0x60_9000, 0x2000, true));
            assert!(all.iter().all(|region| region.state() == MemoryState::COMMIT));
            let types = [app, heap, shared].map(|region| region.memory_type());
            assert_eq!(types, [MemoryType::MAPPED, MemoryType::PRIVATE, MemoryType::MAPPED]);
            assert!(matches!(shared.detail(), RegionDetail::LinuxMapping(mapping) if mapping.deleted));
        },
    );
}

fn every_right_of_a_line_has_its_protection() {
    use MemoryProtection as P;
    // Memory without a file; of a file, private; of a file, shared.
    let expected = [
        ("---", [P::NO_ACCESS; 3]),
        ("r--", [P::READ_ONLY; 3]),
        ("-w-", [P::READ_WRITE, P::WRITE_COPY, P::READ_WRITE]),
        ("rw-", [P::READ_WRITE, P::WRITE_COPY, P::READ_WRITE]),
        ("--x", [P::EXECUTE; 3]),
        ("r-x", [P::EXECUTE_READ; 3]),
        ("-wx", [P::EXECUTE_READ_WRITE, P::EXECUTE_WRITE_COPY, P::EXECUTE_READ_WRITE]),
        ("rwx", [P::EXECUTE_READ_WRITE, P::EXECUTE_WRITE_COPY, P::EXECUTE_READ_WRITE]),
    ];
    for (rights, protections) in expected {
        let text = format!(
            "1000-2000 {rights}p 0 00:00 0\n2000-3000 {rights}p 0 08:01 5 /a\n3000-4000 {rights}s 0 08:01 5 /a\n"
        );
        let bytes = Dump::new().raw(0x4767_0009, text).build();
        let found: Vec<_> = open(&bytes).regions().iter().map(|region| region.protection()).collect();
        assert_eq!(found, protections, "{rights}");
    }
}

fn rows_come_before_lines_unless_there_are_none() {
    let row = MemoryInfo { base: 0x1000, size: 0x1000, ..MemoryInfo::default() };
    let bytes = lines().memory_info(row).build();
    let bases: Vec<_> = open(&bytes).regions().iter().map(|region| region.base()).collect();
    assert_eq!(bases, [0x1000]);
    assert!(open(&bytes).regions().at_address(0x40_0000).is_none());
    let head = [16u32, 48, 0, 0].map(u32::to_le_bytes).concat();
    let bytes = lines().raw(16, head).build();
    assert_eq!(open(&bytes).regions().iter().count(), 3);
    let bytes = Dump::new().build();
    assert!(open(&bytes).regions().is_empty());
    assert!(open(&bytes).regions().at_address(0).is_none());
}

fn regions_are_found_by_address() {
    let row = |base, size, protect| MemoryInfo { base, size, protect, ..MemoryInfo::default() };
    // Not sorted, and the last overlaps the first.
    let dump = Dump::new().memory_info(row(0x5000, 0x1000, 1)).memory_info(row(0x1000, 0x1000, 2));
    let bytes = dump.memory_info(row(0x4000, 0x2000, 4)).build();
    let regions = open(&bytes).regions();
    let at = |address| regions.at_address(address).map(|region| region.protection().bits());
    let addresses = [0xfff, 0x1000, 0x1fff, 0x2000, 0x4000, 0x4fff, 0x5000, 0x5fff, 0x6000];
    assert_eq!(addresses.map(at), [None, Some(2), Some(2), None, Some(4), Some(4), Some(1), Some(1), None]);
}

fn lines_are_found_by_address() {
    let bytes = lines().build();
    let regions = open(&bytes).regions();
    let at = |address| regions.at_address(address).map(|region| region.path().to_string_lossy().into_owned());
    let addresses = [0x3f_ffff, 0x40_0000, 0x40_afff, 0x40_b000, 0x60_9000, 0x60_9fff, 0x60_a000, 0x60_bfff, 0x60_c000];
    let (app, heap, shared) = (Some("/usr/bin/app"), Some("[heap]"), Some("/dev/shm/x"));
    let expected = [None, app, app, None, shared, shared, heap, heap, None];
    assert_eq!(addresses.map(at), expected.map(|path| path.map(str::to_owned)));
    // 32-bit targets with a sign-extended address.
    let system = SystemInfo { architecture: 0, ..SystemInfo::default() };
    let text = "90000000-90001000 r--p 0 00:00 0 [x]\n";
    let bytes = Dump::new().system_info(system).raw(0x4767_0009, text).build();
    assert!(open(&bytes).regions().at_address(0xffff_ffff_9000_0fff).is_some());
}

fn what_a_protection_allows() {
    let allowed = |bits| {
        let protection = MemoryProtection::from_bits_retain(bits);
        [protection.allows_read(), protection.allows_write(), protection.allows_execute()].map(u8::from)
    };
    // As Microsoft describes the constants; a guard page allows no access.
    let expected = [
        (0, [0, 0, 0]),
        (0x01, [0, 0, 0]),
        (0x02, [1, 0, 0]),
        (0x04, [1, 1, 0]),
        (0x08, [1, 1, 0]),
        (0x10, [0, 0, 1]),
        (0x20, [1, 0, 1]),
        (0x40, [1, 1, 1]),
        (0x80, [1, 1, 1]),
        (0x104, [0, 0, 0]),
        (0x204, [1, 1, 0]),
        (0x4000_0020, [1, 0, 1]),
        (0x800, [0, 0, 0]),
        (0x1000, [1, 0, 0]),
        (0x2000, [1, 1, 0]),
        (0x4000, [0, 0, 1]),
        (0x8000, [1, 0, 1]),
        (0x1_0000, [1, 1, 1]),
    ];
    for (bits, rights) in expected {
        assert_eq!(allowed(bits), rights, "{bits:#x}");
    }
}
