//! Modules, loaded and unloaded: fields, order, names, debug records.

use libtest_mimic::Trial;
use userdump::redump::Loss;

use crate::support::facts::{Facts, Name};
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, Module, Part, Shape, SystemInfo, Text, Thread, UnloadedModule, kind, rsds};

pub fn trials() -> Vec<Trial> {
    trials![
        modules_are_kept_field_by_field_in_their_order,
        debug_records_are_kept,
        debug_records_that_cannot_be_read_are_absent,
        debug_records_at_position_0_are_absent,
        names_keep_every_code_unit_before_a_nul,
        a_name_that_cannot_be_read_costs_the_module_its_name,
        names_in_one_place_are_written_once,
        padded_lists_are_read_alike,
        unloaded_modules_are_kept_if_asked_for,
        an_unloaded_module_may_have_no_name,
    ]
}

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

/// A module whose fields have distinct values for each index.
fn module(index: u32, name: &str) -> Module {
    Module {
        base: 0x9_0000_0000 - 0x1_0000 * u64::from(index),
        size: 0x1000 + index,
        checksum: 0x2000 + index,
        timestamp: 0x3000 + index,
        name: name.into(),
        version: std::array::from_fn(|word| 0x4000 + 0x10 * index + word as u32),
        reserved: [0x160 + u64::from(index), u64::MAX - u64::from(index)],
        ..Module::default()
    }
}

fn modules_are_kept_field_by_field_in_their_order() {
    // The program comes first, although its address is the highest.
    let names = ["C:\\app.exe", "C:\\b.dll", "", "C:\\\u{1F980}.dll"];
    let dump = names.iter().zip(0..).fold(base(), |dump, (name, index)| dump.module(module(index, name)));
    let source = dump.build();
    for options in ["/m", "/ma"] {
        let out = Redumped::of(&source, options);
        let modules = out.facts().modules();
        assert_eq!(modules.len(), 4);
        for ((found, name), index) in modules.iter().zip(names).zip(0..) {
            let Module { base, size, checksum, timestamp, version, reserved, .. } = module(index, name);
            assert_eq!((found.base, found.size), (base, size));
            assert_eq!((found.checksum, found.timestamp), (checksum, timestamp));
            assert_eq!((found.version, found.reserved), (version, reserved));
            assert_eq!(found.name.text.as_deref(), Some(name));
        }
    }
}

fn debug_records_are_kept() {
    let records = [
        (Part::from(rsds([7; 16], 3, "app.pdb")), Part::from(b"a miscellaneous record")),
        (Part::None, Part::None),
        (Part::from([0x4c, 0x45, 0x70, 0x42, 1, 2, 3]), Part::None),
        (Part::None, Part::from([5; 272])),
        // Unknown kinds.
        (Part::from([1]), Part::from([2])),
    ];
    let dump = records.iter().zip(0..).fold(base(), |dump, ((code_view, misc), index)| {
        dump.module(Module { code_view: code_view.clone(), misc: misc.clone(), ..module(index, "x") })
    });
    let out = Redumped::of(&dump.build(), "/m");
    let bytes = |part: &Part| if let Part::Bytes(bytes) = part { bytes.clone() } else { Vec::new() };
    let found: Vec<_> = out.facts().modules().iter().map(|it| (it.code_view.to_vec(), it.misc.to_vec())).collect();
    assert!(found == records.each_ref().map(|(code_view, misc)| (bytes(code_view), bytes(misc))));
    let empty = &out.facts().modules()[1];
    assert_eq!((empty.code_view_at.0, empty.misc_at.0), (0, 0));
}

fn debug_records_that_cannot_be_read_are_absent() {
    let lost = Part::At(0x20, 0x7fff_0000);
    let source = base()
        .module(Module { code_view: lost.clone(), misc: Part::from([1, 2]), ..module(0, "a") })
        .module(Module { code_view: Part::from([3, 4]), misc: lost, ..module(1, "b") })
        .build();
    let out = Redumped::of(&source, "/m");
    assert_eq!(out.faults(), ["ModuleList 0 CodeView record", "ModuleList 1 miscellaneous record"]);
    let modules = out.facts().modules();
    let found: Vec<_> = modules.iter().map(|it| (it.code_view.to_vec(), it.misc.to_vec())).collect();
    assert_eq!(found, [(vec![], vec![1, 2]), (vec![3, 4], vec![])]);
    assert_eq!((modules[0].code_view_at.0, modules[1].misc_at.0), (0, 0));
    assert_eq!(modules.iter().map(|it| it.name.text.clone().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
}

/// Position 0 is the header, which must not be copied as a record.
fn debug_records_at_position_0_are_absent() {
    let header = Part::At(0x20, 0);
    let source = base().module(Module { code_view: header.clone(), misc: header, ..module(0, "a") }).build();
    let out = Redumped::of(&source, "/m");
    assert_eq!(out.faults(), [""; 0]);
    let facts = out.facts();
    assert_eq!((facts.modules()[0].code_view_at.0, facts.modules()[0].misc_at.0), (0, 0));
}

/// The size and code units of a name, and the code unit after them.
fn units(facts: &Facts<'_>, name: &Name) -> (u32, Vec<u16>, u16) {
    let size = facts.u32(name.at.0);
    let unit = |index: u32| facts.u16(name.at.0 + 4 + 2 * u64::from(index));
    (size, (0..size / 2).map(unit).collect(), unit(size / 2))
}

fn names_keep_every_code_unit_before_a_nul() {
    // Unpaired surrogates in the wrong order, a NUL inside, and a NUL that some producers include in the size.
    let name = [0x43, 0xd800, 0x5c, 0xdc00, 0xd83e, 0xdd80, 0, 0xfffe, 0xdfff, 0xd8ff, 0];
    let source = base()
        .module(Module { name: Text::Units(22, name.to_vec()), ..module(0, "") })
        .unloaded_module(UnloadedModule { name: Text::Units(22, name.to_vec()), ..UnloadedModule::default() })
        .named_thread((1, Text::Units(22, name.to_vec())))
        .build();
    let out = Redumped::of(&source, "/mu");
    let facts = out.facts();
    // A NUL follows that is not included in the size, whether or not the source has one.
    let expected = (12, name[..6].to_vec(), 0);
    assert_eq!(units(&facts, &facts.modules()[0].name), expected);
    assert_eq!(units(&facts, &facts.unloaded_modules()[0].name), expected);
    assert_eq!(units(&facts, &facts.thread_names()[0].name), expected);
    // The text is not valid UTF-16, and the part after the NUL is not kept.
    assert_eq!(out.faults(), ["ModuleList 0 name", "UnloadedModuleList 0 name", "ThreadNames 0 name"]);
    assert_eq!(out.report.losses, [Loss { what: "text after the NUL of a name", count: 3 }]);
}

fn a_name_that_cannot_be_read_costs_the_module_its_name() {
    use minidump::Module as _;

    for lost in [Text::At(0x7fff_0000), Text::Units(0x7fff_fff0, vec![0x41]), Text::None] {
        let code_view = rsds([9; 16], 1, "b.pdb");
        let source = base()
            .module(module(0, "a"))
            .module(Module { name: lost, code_view: code_view.clone().into(), ..module(1, "") })
            .module(module(2, "c"))
            .build();
        let out = Redumped::of(&source, "/m");
        assert_eq!(out.faults(), ["ModuleList 1 name"]);
        let modules = out.facts().modules();
        let names: Vec<_> = modules.iter().map(|it| (it.base, it.name.text.as_deref())).collect();
        assert_eq!(names, [(0x9_0000_0000, Some("a")), (0x8_ffff_0000, Some("")), (0x8_fffe_0000, Some("c"))]);
        assert_eq!(modules[1].code_view.to_vec(), code_view);
        let peer = minidump::Minidump::read(out.bytes.as_slice()).expect("it is one");
        let list = peer.get_stream::<minidump::MinidumpModuleList>().expect("no module costs it the list");
        assert_eq!(list.iter().map(|module| module.code_file().into_owned()).collect::<Vec<_>>(), ["a", "", "c"]);
    }
}

fn names_in_one_place_are_written_once() {
    let at = |rva| {
        let dump = base().module(module(0, "a shared name")).module(Module { name: Text::At(rva), ..module(1, "") });
        dump.unloaded_module(UnloadedModule { name: Text::At(rva), ..UnloadedModule::default() }).build()
    };
    let rva = Facts::of(&at(0)).modules()[0].name.at.0;
    let out = Redumped::of(&at(rva), "/mu");
    let facts = out.facts();
    let names =
        [&facts.modules()[0].name, &facts.modules()[1].name, &facts.unloaded_modules()[0].name].map(Name::clone);
    assert_eq!(names[0].text.as_deref(), Some("a shared name"));
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}

fn padded_lists_are_read_alike() {
    let dump = || base().module(module(0, "a")).module(module(1, "b")).thread(Thread::new(2)).thread_name(2, "n");
    let [usual, padded] = [false, true].map(|padded| {
        let shape = || if padded { Shape::usual().padded() } else { Shape::usual() };
        let dump = dump().shape(kind::MODULE_LIST, shape()).shape(kind::THREAD_LIST, shape());
        dump.shape(kind::THREAD_NAMES, shape()).build()
    });
    assert!(usual != padded);
    assert!(Redumped::of(&usual, "/m").bytes == Redumped::of(&padded, "/m").bytes);
}

fn unloaded_modules_are_kept_if_asked_for() {
    let unloaded = |index: u32| UnloadedModule {
        base: 0x7fff_0000_0000 - u64::from(index),
        size: 0x1000 + index,
        checksum: 0x2000 + index,
        timestamp: 0x3000 + index,
        name: ["first.dll", "second.dll"][index as usize].into(),
    };
    let dump = || base().unloaded_module(unloaded(0)).unloaded_module(unloaded(1));
    let longer = Shape::usual().header_size(20).entry_size(32);
    for source in [dump().build(), dump().shape(kind::UNLOADED_MODULE_LIST, longer).build()] {
        for options in ["/mu", "/ma", "/mA"] {
            let out = Redumped::of(&source, options);
            let found = out.facts().unloaded_modules();
            assert_eq!(found.len(), 2);
            for (found, index) in found.iter().zip(0..) {
                let UnloadedModule { base, size, checksum, timestamp, .. } = unloaded(index);
                assert_eq!((found.base, found.size), (base, size));
                assert_eq!((found.checksum, found.timestamp), (checksum, timestamp));
            }
            let names: Vec<_> = found.iter().map(|it| it.name.text.as_deref()).collect();
            assert_eq!(names, [Some("first.dll"), Some("second.dll")]);
            let list = out.facts().stream_bytes(14).expect("it is kept");
            assert_eq!((list.len(), &list[..12]), (12 + 2 * 24, [12u32, 24, 2].map(u32::to_le_bytes).as_flattened()));
        }
        assert_eq!(Redumped::of(&source, "/mFhtf").facts().stream(14), None);
    }
    assert_eq!(Redumped::of(&base().build(), "/mu").facts().stream(14), None);
}

fn an_unloaded_module_may_have_no_name() {
    let source = base()
        .unloaded_module(UnloadedModule { name: Text::None, base: 0x1000, ..UnloadedModule::default() })
        .unloaded_module(UnloadedModule { name: Text::At(0x7fff_0000), base: 0x2000, ..UnloadedModule::default() })
        .unloaded_module(UnloadedModule::new(0x3000, 1, "c"))
        .build();
    let out = Redumped::of(&source, "/mu");
    let modules = out.facts().unloaded_modules();
    let found: Vec<_> = modules.iter().map(|it| (it.base, it.name.text.as_deref())).collect();
    assert_eq!(found, [(0x1000, None), (0x2000, None), (0x3000, Some("c"))]);
    assert_eq!(out.faults(), ["UnloadedModuleList 1 name"]);
}
