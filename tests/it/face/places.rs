//! Modules by address: loaded ones of every format, and unloaded ones, of which several may have been at one address.

use libtest_mimic::Trial;
use minidump::{Minidump as Peer, MinidumpModuleList, MinidumpUnloadedModuleList, Module as _};
use userdump::Dump;

use crate::support::cpu::Cpu;
use crate::support::{Shared, fixtures, golden, trials};
use crate::synth::{self, Exception, Module, UnloadedModule, UserDump, UserEvent};

pub fn trials() -> Vec<Trial> {
    trials![
        modules_are_found_by_address_in_every_format,
        the_first_of_overlapping_modules_is_found,
        places_print_names_without_folders,
        unloaded_modules_at_an_address_are_all_found,
        unloaded_modules_of_32_bit_targets_are_found_in_either_form,
        many_unloaded_modules_are_looked_up_in_logarithmic_time,
        fixtures_have_the_places_of_the_peer,
        golden_dumps_have_the_places_of_the_peer,
        instructions_of_exceptions_are_located,
    ]
}

fn minidump(modules: &[(u64, u32, &str)]) -> Vec<u8> {
    let dump = synth::Dump::new().system_info(Cpu::AMD64.windows());
    modules.iter().fold(dump, |dump, &(base, size, name)| dump.module(Module::new(base, size, name))).build()
}

fn user_dump(modules: &[(u64, u32, &str)]) -> Vec<u8> {
    modules.iter().fold(UserDump::wide(), |dump, &(base, size, name)| dump.module(base, size, name)).build()
}

/// What is printed for an address.
fn place(bytes: &[u8], address: u64) -> Option<String> {
    let dump = Dump::parse(bytes).expect("it is valid");
    dump.modules_by_address().locate(address).map(|place| place.to_string())
}

fn modules_are_found_by_address_in_every_format() {
    let modules = [(0x7000, 0x2000, "C:\\b.dll"), (0x1000, 0x1000, "C:\\a.exe"), (u64::MAX - 0xfff, 0x1000, "top")];
    let expected = [
        (0xfff, None),
        (0x1000, Some("a.exe+0x0")),
        (0x1fff, Some("a.exe+0xfff")),
        (0x2000, None),
        (0x8fff, Some("b.dll+0x1fff")),
        (0x9000, None),
        (u64::MAX, Some("top+0xfff")),
    ];
    for bytes in [minidump(&modules), user_dump(&modules)] {
        for (address, expected) in expected {
            assert_eq!(place(&bytes, address).as_deref(), expected, "{address:#x}");
        }
    }
    let narrow = UserDump::narrow().module(0xffff_0000, 0x1_0000, "high.dll").build();
    assert_eq!(place(&narrow, 0xffff_ffff_ffff_0010).as_deref(), Some("high.dll+0x10"));
}

fn the_first_of_overlapping_modules_is_found() {
    let modules =
        [(0x2000, 0x1000, "first"), (0x1000, 0x4000, "second"), (0x2800, 0x1000, "third"), (0x1000, 0, "none")];
    for bytes in [minidump(&modules), user_dump(&modules)] {
        let found = [0x1000, 0x2000, 0x2fff, 0x3000, 0x4fff, 0x5000].map(|address| place(&bytes, address));
        let expected = ["second+0x0", "first+0x0", "first+0xfff", "second+0x2000", "second+0x3fff"];
        assert_eq!(found[..5].iter().flatten().collect::<Vec<_>>(), expected);
        assert_eq!(found[5], None);
    }
}

fn places_print_names_without_folders() {
    for (path, name) in
        [("/usr/lib/libc.so.6", "libc.so.6"), ("C:\\Windows/x.dll", "x.dll"), ("plain", "plain"), ("a\\", "")]
    {
        assert_eq!(place(&minidump(&[(0x1000, 0x100, path)]), 0x1010), Some(format!("{name}+0x10")));
    }
    let module = Module { name: synth::Text::At(0xffff_fff0), ..Module::new(0x1000, 0x100, "") };
    let bytes = synth::Dump::new().system_info(Cpu::AMD64.windows()).module(module).build();
    assert_eq!(place(&bytes, 0x1010).as_deref(), Some("0x1000+0x10"));
}

/// Every relevant address, compared with a linear search of the list.
fn unloaded_modules_at_an_address_are_all_found() {
    let mut state = 7u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    for count in [0, 1, 2, 3, 7, 8, 9, 64, 200] {
        let modules: Vec<(u64, u32)> = (0..count).map(|_| (u64::from(next(100)), next(40))).collect();
        let dump = synth::Dump::new().system_info(Cpu::AMD64.windows());
        let dump = modules.iter().zip(0..).fold(dump, |dump, (&(base, size), number)| {
            dump.unloaded_module(UnloadedModule { timestamp: number, ..UnloadedModule::new(base, size, "x") })
        });
        let bytes = dump.build();
        let dump = Dump::parse(&bytes).expect("it is valid");
        assert_eq!(dump.unloaded_modules().count(), modules.len());
        let index = dump.unloaded_modules_by_address();
        for address in (0..150).chain([u64::MAX]) {
            let found: Vec<u32> = index.at_address(address).map(|module| module.time_date_stamp()).collect();
            let has = |&(&(base, size), _): &(&(u64, u32), u32)| (base..base + u64::from(size)).contains(&address);
            let expected: Vec<u32> = modules.iter().zip(0..).filter(has).map(|(_, number)| number).collect();
            assert_eq!(found, expected, "{address} of {count}");
        }
    }
    let user = user_dump(&[(0x1000, 0x1000, "a")]);
    let dump = Dump::parse(&user).expect("it is valid");
    assert_eq!(dump.unloaded_modules().count(), 0);
    assert_eq!(dump.unloaded_modules_by_address().at_address(0x1000).count(), 0);
}

fn unloaded_modules_of_32_bit_targets_are_found_in_either_form() {
    let dump = synth::Dump::new().system_info(Cpu::X86.windows());
    let dump = dump.unloaded_module(UnloadedModule::new(0xffff_ffff_f000_0000, 0x1000, "extended"));
    let bytes = dump.unloaded_module(UnloadedModule::new(0xf000_0800, 0x1000, "plain")).build();
    let dump = Dump::parse(&bytes).expect("it is valid");
    let index = dump.unloaded_modules_by_address();
    for address in [0xf000_0900, 0xffff_ffff_f000_0900] {
        let names: Vec<_> = index.at_address(address).filter_map(|module| module.code_file()).collect();
        assert_eq!(names, ["extended", "plain"]);
    }
}

/// Adjacent modules, and one that overlaps all of them, which a search from the end would have to reach.
fn many_unloaded_modules_are_looked_up_in_logarithmic_time() {
    let steps = |count: u64| {
        let dump = synth::Dump::new().system_info(Cpu::AMD64.windows());
        let dump = dump.unloaded_module(UnloadedModule::new(0, u32::MAX, "all"));
        let modules = (0..count).map(|number| UnloadedModule::new(number * 0x1000, 0x1000, "x"));
        let bytes = modules.fold(dump, |dump, module| dump.unloaded_module(module)).build();
        let dump = Dump::parse(&bytes).expect("it is valid");
        let index = dump.unloaded_modules_by_address();
        let before = userdump::__steps();
        for number in 0..count {
            assert_eq!(index.at_address(number * 0x1000 + 5).count(), 2);
        }
        (userdump::__steps() - before) / count
    };
    let [few, many] = [256, 4096].map(steps);
    // Both results are leaves, 8 and 12 levels down, and each level has one sibling node.
    assert!(few > 8 && few <= 4 * 9 && many <= 4 * 13, "{few} and {many} steps");
}

/// The peer uses the list alone, and leaves out modules that overlap others.
fn compare(name: &str, bytes: &[u8], counts: &mut [usize; 2]) {
    let Ok(dump @ Dump::Minidump(_)) = Dump::parse(bytes) else { return };
    let (modules, unloaded) = (dump.modules_by_address(), dump.unloaded_modules_by_address());
    let peer = Peer::read(bytes).expect("it is valid");
    if let Ok(list) = peer.get_stream::<MinidumpModuleList>() {
        for module in list.iter().filter(|module| module.size() > 0) {
            for address in [module.base_address(), module.base_address() + module.size() - 1] {
                let expected = list.module_at_address(address).map(|it| it.base_address());
                assert_eq!(modules.at_address(address).map(|it| it.base()), expected, "{name} {address:#x}");
                counts[0] += 1;
            }
        }
    }
    if let Ok(list) = peer.get_stream::<MinidumpUnloadedModuleList>() {
        for module in list.iter().filter(|module| module.size() > 0) {
            let address = module.base_address() + module.size() / 2;
            let mut expected: Vec<_> = list.modules_at_address(address).map(|it| it.raw.time_date_stamp).collect();
            let mut found: Vec<_> = unloaded.at_address(address).map(|it| it.time_date_stamp()).collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "{name} {address:#x}");
            counts[1] += 1;
        }
    }
}

fn fixtures_have_the_places_of_the_peer() {
    let mut counts = [0; 2];
    fixtures::all().for_each(|(name, bytes)| compare(name, bytes, &mut counts));
    assert!(counts[0] > 100 && counts[1] > 5, "{counts:?}");
}

fn golden_dumps_have_the_places_of_the_peer(shared: &Shared) {
    let mut counts = [0; 2];
    for set in golden::SETS {
        for name in ["m", "m_i"] {
            compare(set, &shared.golden(&format!("{set}/{name}.dmp")), &mut counts);
        }
        compare(set, &shared.golden(&format!("{set}-from-ma/m_u.dmp")), &mut counts);
    }
    println!("{counts:?} loaded, unloaded");
    assert!(counts[0] > 100 && counts[1] > 3, "{counts:?}");
}

fn instructions_of_exceptions_are_located() {
    let printed = |bytes: &[u8]| {
        let dump = Dump::parse(bytes).expect("it is valid");
        let exception = dump.exceptions().next().expect("there is one");
        exception.instruction(&dump.modules_by_address()).map(|place| place.to_string())
    };
    let module = || Module::new(0x1_4000_0000, 0x5000, "C:\\dir\\app.exe");
    let (cpu, at) = (Cpu::AMD64, 0x1_4000_1234);
    let windows = synth::Dump::new().system_info(cpu.windows()).module(module());
    let bytes =
        windows.exception(Exception { context: synth::Part::None, ..Exception::new(1, 0xc000_0005, at) }).build();
    assert_eq!(printed(&bytes).as_deref(), Some("app.exe+0x1234"));
    // On Linux the record has the memory address, here one that is in the module too.
    let thread = synth::Thread::new(1).context(cpu.context(at, 0x7000));
    let linux = synth::Dump::new().system_info(cpu.linux()).module(module()).thread(thread);
    let bytes = linux.exception(Exception { flags: 1, ..Exception::new(1, 11, 0x1_4000_4000) }).build();
    assert_eq!(printed(&bytes).as_deref(), Some("app.exe+0x1234"));
    let event = UserEvent { code: 0x8000_0003, address: 0x40_0010, ..UserEvent::default() };
    let user = UserDump::narrow().module(0x40_0000, 0x1000, "C:\\a.exe").event(event);
    assert_eq!(printed(&user.build()).as_deref(), Some("a.exe+0x10"));
    let nowhere = UserDump::narrow().event(UserEvent { code: 1, ..UserEvent::default() });
    assert_eq!(printed(&nowhere.build()), None);
}
