//! Facts about modules that only their images in memory have.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use minidump::{Minidump as Peer, MinidumpModuleList, Module as _};
use userdump::read::Memory;
use userdump::read::any_format::AnyModule;
use userdump::{Dump, MappedFile};

use crate::identify::{elf, mach_o};
use crate::images::assembler::{self, BASE, CHECKSUM, SIZE, TIME};
use crate::support::cpu::Cpu;
use crate::support::{Shared, golden, trials};
use crate::synth::{self, Module, SystemInfo, UserDump, rsds};

pub fn trials() -> Vec<Trial> {
    trials![
        full_user_dumps_have_the_facts_of_minidumps_of_the_same_process,
        windows_images_supply_what_a_full_user_dump_lacks,
        images_supply_what_a_list_lacks,
        lists_take_precedence,
        records_across_ranges_are_read,
        nothing_is_known_of_what_is_nowhere,
    ]
}

/// Debug ID, code ID, debug file, version, time stamp, checksum.
type Facts = ([Option<String>; 4], [Option<u32>; 2]);

fn facts<'a>(module: &AnyModule<'a>, memory: &Memory<'a>) -> Facts {
    let texts = [
        module.debug_id(memory).map(|id| id.to_string()),
        module.code_id(memory).map(|id| id.to_string()),
        module.debug_file(memory).map(|file| file.into_owned()),
        module.file_version(memory).map(|version| version.to_string()),
    ];
    (texts, [module.time_date_stamp(memory), module.checksum(memory)])
}

fn first(bytes: &[u8]) -> Facts {
    let dump = Dump::parse(bytes).expect("it is valid");
    let memory = dump.memory();
    let module = dump.modules().next().expect("there is one");
    facts(&module, &memory)
}

fn some(texts: [&str; 4]) -> [Option<String>; 4] {
    texts.map(|text| Some(text.to_owned()))
}

/// The peer reads the minidump that the debugger wrote of the same stopped process.
fn full_user_dumps_have_the_facts_of_minidumps_of_the_same_process(shared: &Shared) {
    let (mut equal, mut with_symbols) = (0, 0);
    for set in golden::USER_DUMP_SETS {
        let [user, mini] = ["f", "ma"].map(|name| shared.golden_path(&format!("{set}/{name}.dmp")));
        let peer = Peer::read_path(mini).expect("it is valid");
        let list = peer.get_stream::<MinidumpModuleList>().expect("it is valid");
        let expected: BTreeMap<u32, Facts> = list
            .iter()
            .map(|module| {
                let texts = [
                    module.debug_identifier().map(|id| id.breakpad().to_string()),
                    module.code_identifier().map(|id| id.to_string()),
                    module.debug_file().map(|file| file.into_owned()),
                    module.version().map(|version| version.into_owned()),
                ];
                let numbers = [module.raw.time_date_stamp, module.raw.checksum].map(Some);
                (module.raw.base_of_image as u32, (texts, numbers))
            })
            .collect();
        let file = MappedFile::open(user).expect("it can be mapped");
        let dump = Dump::parse(&file).expect("it is valid");
        assert!(dump.minidump().is_none());
        let memory = dump.memory();
        assert_eq!(dump.modules().count(), expected.len(), "{set}");
        for module in dump.modules() {
            let facts = facts(&module, &memory);
            assert_eq!(Some(&facts), expected.get(&(module.base() as u32)), "{set} {:?}", module.code_file());
            equal += 1;
            with_symbols += usize::from(facts.0[0].is_some());
        }
    }
    println!("{equal} modules, {with_symbols} with symbols");
    assert!(equal > 20, "{equal}");
}

const OF_IMAGE: [&str; 4] = ["070707070707070707070707070707073", "5f5e0ff17000", "C:\\a.pdb", "10.1.19041.3"];

fn windows_images_supply_what_a_full_user_dump_lacks() {
    for (cpu, dump) in [(Cpu::AMD64, UserDump::wide()), (Cpu::X86, UserDump::narrow())] {
        // The size in the table of modules differs: servers use the one in the header.
        let dump = dump.module(BASE, 0x9000, "C:\\a.exe").memory(BASE, assembler::whole(cpu));
        let bytes = dump.build();
        assert_eq!(first(&bytes), (some(OF_IMAGE), [Some(TIME), Some(CHECKSUM)]));
        let dump = Dump::parse(&bytes).expect("it is valid");
        assert_eq!(dump.modules().next().and_then(|it| it.code_file()).as_deref(), Some("C:\\a.exe"));
    }
    assert_eq!(OF_IMAGE[1], format!("{TIME:08x}{SIZE:x}"));
}

fn images_supply_what_a_list_lacks() {
    let module = || Module { timestamp: 0x0123_abcd, checksum: 6, ..Module::new(BASE, 0xc000, "/lib/x.so") };
    let built = |platform, image: &[u8]| {
        let system = SystemInfo { platform, ..SystemInfo::default() };
        first(&synth::Dump::new().system_info(system).module(module()).memory(BASE, image).build())
    };
    // Time stamp and size are in the list, so the list's are used.
    let [debug_id, _, debug_file, version] = OF_IMAGE;
    let expected = some([debug_id, "0123abcdc000", debug_file, version]);
    assert_eq!(built(2, &assembler::whole(Cpu::AMD64)), (expected, [Some(0x0123_abcd), Some(6)]));

    // A program of Wine on Linux, by Breakpad: the list has none of it, so the image's are used.
    let expected = (some(OF_IMAGE), [Some(0x0123_abcd), Some(6)]);
    assert_eq!(built(0x8201, &assembler::whole(Cpu::AMD64)), expected);

    let id: String = elf::ID.iter().map(|byte| format!("{byte:02x}")).collect();
    for (image, big_endian) in elf::with_build_id() {
        // The GUID is in the byte order of the image; for these bytes it is the same in both.
        let debug_id = format!("{}0", id[..32].to_uppercase());
        let expected = [Some(debug_id), Some(id.clone()), Some("/lib/x.so".to_owned()), None];
        for platform in [0x8201, 0x8203, 2] {
            assert_eq!(built(platform, &image).0, expected, "{platform:#x} {big_endian}");
        }
    }
    let uuid: String = mach_o::UUID.iter().map(|byte| format!("{byte:02x}")).collect();
    for image in mach_o::with_uuid() {
        let expected = [Some(format!("{}0", uuid.to_uppercase())), Some(uuid.clone()), Some("/lib/x.so".into()), None];
        assert_eq!(built(0x8101, &image).0, expected);
    }
}

fn lists_take_precedence() {
    let version = [0xfeef_04bd, 0x1_0000, 0x9_0008, 0x7_0006, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let module = Module { version, timestamp: 1, ..Module::new(BASE, 0xc000, "a.exe") };
    let module = module.code_view(rsds([1; 16], 2, "b.pdb"));
    let dump = synth::Dump::new().system_info(SystemInfo::default()).module(module);
    let found = first(&dump.memory(BASE, assembler::whole(Cpu::AMD64)).build());
    let expected = some(["010101010101010101010101010101012", "00000001c000", "b.pdb", "9.8.7.6"]);
    assert_eq!(found, (expected, [Some(1), Some(0)]));
}

fn records_across_ranges_are_read() {
    let image = assembler::whole(Cpu::AMD64);
    for cut in [0x20, assembler::CODE_VIEW_AT + 10, assembler::VERSION_AT + 60] {
        let (low, high) = image.split_at(cut);
        let dump = UserDump::wide().module(BASE, 0x7000, "a").memory(BASE, low).memory(BASE + cut as u64, high);
        assert_eq!(first(&dump.build()).0, some(OF_IMAGE), "{cut:#x}");
    }
}

fn nothing_is_known_of_what_is_nowhere() {
    let nothing = ([None, None, None, None], [None, None]);
    assert_eq!(first(&UserDump::wide().module(BASE, 0x7000, "a").build()), nothing);
    let dump = UserDump::wide().module(BASE, 0x7000, "a").memory(BASE, [0x55; 0x1000]);
    assert_eq!(first(&dump.build()), nothing);
    // An image with only its headers.
    let dump = UserDump::wide().module(BASE, 0x7000, "a").memory(BASE, &assembler::whole(Cpu::AMD64)[..0x1000]);
    let headers = ([None, Some(OF_IMAGE[1].to_owned()), None, None], [Some(TIME), Some(CHECKSUM)]);
    assert_eq!(first(&dump.build()), headers);
    // A record that is not in the file is an error of the record; it is not replaced.
    let module = Module { code_view: synth::Part::At(40, 0xffff_fff0), ..Module::new(BASE, 0x7000, "a") };
    let dump = synth::Dump::new().system_info(SystemInfo::default()).module(module);
    let bytes = dump.memory(BASE, assembler::whole(Cpu::AMD64)).build();
    assert_eq!(first(&bytes).0[0], None);
    let dump = Dump::parse(&bytes).expect("it is valid");
    let memory = dump.memory();
    let module = dump.modules().next().expect("there is one");
    assert!(module.code_view(&memory).is_err());
}
