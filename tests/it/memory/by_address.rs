//! List entries by address: modules, unloaded modules, regions.

use libtest_mimic::Trial;
use userdump::read::list::ByAddress;
use userdump::read::memory::MemoryInfoList;
use userdump::read::module::UnloadedModuleList;
use userdump::read::{Module, ModuleList};

use super::Random;
use crate::support::forms::{Form, open};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Module as Row, SystemInfo, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    trials![
        modules_are_found_from_their_first_to_their_last_address,
        the_first_of_overlapping_modules_in_the_list_is_found,
        modules_without_a_size_are_at_no_address,
        modules_may_reach_the_last_address,
        modules_above_2_gib_are_found_in_either_form,
        regions_are_found,
        look_ups_agree_with_a_search_of_the_list,
        all_unloaded_modules_at_an_address_are_found,
    ]
}

fn module(base: u64, size: u32) -> Row {
    Row::new(base, size, "m")
}

fn with_modules(form: Form, modules: &[(u64, u32)]) -> Vec<u8> {
    form.build(modules.iter().fold(Dump::new(), |dump, &(base, size)| dump.module(module(base, size))))
}

fn index<'a>(bytes: &'a [u8]) -> ByAddress<'a, Module<'a>> {
    open(bytes).stream::<ModuleList<'_>>().unwrap().unwrap().by_address()
}

/// Base and size of the entry found at each of the addresses.
fn found<const N: usize>(index: &ByAddress<'_, Module<'_>>, addresses: [u64; N]) -> [Option<(u64, u32)>; N] {
    addresses.map(|address| index.get(address).map(|module| (module.base(), module.size())))
}

fn modules_are_found_from_their_first_to_their_last_address() {
    for form in Form::ALL {
        let bytes = with_modules(form, &[(0x5000, 0x1000), (0x1000, 0x1000), (0x2000, 1)]);
        let (first, second, third) = (Some((0x5000, 0x1000)), Some((0x1000, 0x1000)), Some((0x2000, 1)));
        let addresses = [0xfff, 0x1000, 0x1fff, 0x2000, 0x2001, 0x4fff, 0x5000, 0x5fff, 0x6000, u64::MAX];
        let expected = [None, second, second, third, None, None, first, first, None, None];
        assert_eq!(found(&index(&bytes), addresses), expected);
    }
}

fn the_first_of_overlapping_modules_in_the_list_is_found() {
    let bytes = with_modules(Form::ALL[0], &[(0x2000, 0x1000), (0x1000, 0x4000), (0x2800, 0x10)]);
    let (small, large) = (Some((0x2000, 0x1000)), Some((0x1000, 0x4000)));
    let addresses = [0x1000, 0x1fff, 0x2000, 0x2808, 0x2fff, 0x3000, 0x4fff, 0x5000];
    assert_eq!(found(&index(&bytes), addresses), [large, large, small, small, small, large, large, None]);
}

fn modules_without_a_size_are_at_no_address() {
    let bytes = with_modules(Form::ALL[0], &[(0x1000, 0), (0, 0), (0x1000, 1)]);
    assert_eq!(found(&index(&bytes), [0, 0xfff, 0x1000]), [None, None, Some((0x1000, 1))]);
}

fn modules_may_reach_the_last_address() {
    let bytes = with_modules(Form::ALL[0], &[(u64::MAX - 0xff, 0x1000)]);
    let last = Some((u64::MAX - 0xff, 0x1000));
    assert_eq!(found(&index(&bytes), [u64::MAX - 0x100, u64::MAX - 0xff, u64::MAX, 0]), [None, last, last, None]);
}

fn modules_above_2_gib_are_found_in_either_form() {
    let system = SystemInfo { architecture: 0, ..SystemInfo::default() };
    let base = 0xffff_ffff_9000_0000;
    let bytes = Dump::new().system_info(system).module(module(base, 0x1000)).build();
    let there = Some((base, 0x1000));
    assert_eq!(found(&index(&bytes), [0x9000_0000, base + 0xfff, 0x9000_1000, base - 1]), [there, there, None, None]);
}

fn regions_are_found() {
    let row = |base, size| MemoryInfo { base, size, ..MemoryInfo::default() };
    let bytes = Dump::new().memory_info(row(0x1000, 0x1000)).memory_info(row(0x2000, u64::MAX)).build();
    let regions = open(&bytes).stream::<MemoryInfoList<'_>>().unwrap().unwrap().by_address();
    let bases = [0xfff, 0x1fff, 0x2000, u64::MAX].map(|address| regions.get(address).map(|region| region.base()));
    assert_eq!(bases, [None, Some(0x1000), Some(0x2000), Some(0x2000)]);
}

fn look_ups_agree_with_a_search_of_the_list() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let modules: Vec<(u64, u32)> =
            (0..1 + random.below(12)).map(|_| (random.below(64), random.below(24) as u32)).collect();
        let bytes = with_modules(Form::ALL[0], &modules);
        let index = index(&bytes);
        for address in 0..100 {
            let first = modules.iter().find(|(base, size)| (*base..base + u64::from(*size)).contains(&address));
            assert_eq!(found(&index, [address]), [first.copied()], "{address} in {modules:?}");
        }
    }
}

fn all_unloaded_modules_at_an_address_are_found() {
    let row = |base, size| UnloadedModule::new(base, size, "u");
    let dump = Dump::new().unloaded_module(row(0x1000, 0x2000)).unloaded_module(row(0x5000, 1));
    let bytes = dump.unloaded_module(row(0x2000, 0x1000)).build();
    let list = open(&bytes).stream::<UnloadedModuleList<'_>>().unwrap().unwrap();
    let at = |address| list.at_address(address).map(|module| module.raw().base_of_image).collect::<Vec<_>>();
    assert_eq!([at(0x1fff), at(0x2000), at(0x3000)], [vec![0x1000], vec![0x1000, 0x2000], vec![]]);
}
