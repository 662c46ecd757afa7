//! Records of every kind on every system, compared with the `minidump` crate.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use minidump::{Minidump as Peer, MinidumpModuleList, MinidumpUnloadedModuleList, Module as _};
use userdump::Minidump;
use userdump::read::module::HostModuleList;

use super::{differences, of_module, of_peer};
use crate::support::trials;
use crate::synth::{Bytes, Dump, Module, SystemInfo, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    trials![
        records_of_every_kind_are_those_of_the_peer,
        unloaded_modules_have_a_code_id_on_windows,
        host_modules_of_wine_are_not_windows_modules,
    ]
}

const WINDOWS: u32 = 2;
const WINDOWS_95: u32 = 1;
const MAC: u32 = 0x8101;
const IOS: u32 = 0x8102;
const LINUX: u32 = 0x8201;
const SOLARIS: u32 = 0x8202;
const ANDROID: u32 = 0x8203;
const FUCHSIA: u32 = 0x8206;
const UNHEARD_OF: u32 = 0x1234;
/// `None` is a dump without system information.
const SYSTEMS: [Option<u32>; 10] = [
    Some(WINDOWS),
    Some(WINDOWS_95),
    Some(MAC),
    Some(IOS),
    Some(LINUX),
    Some(SOLARIS),
    Some(ANDROID),
    Some(FUCHSIA),
    Some(UNHEARD_OF),
    None,
];

/// Fills a record in the byte order of the dump.
type Fill = fn(&mut Bytes);

fn rsds(bytes: &mut Bytes, data1: u32, rest: u8, age: u32, path: &[u8]) {
    bytes.u32(0x5344_5352).u32(data1).u16s(&[rest.into(), rest.into()]).raw([rest; 8]).u32(age).raw(path);
}

fn elf(bytes: &mut Bytes, id: &[u8]) {
    bytes.u32(0x4270_454c).raw(id);
}

const RECORDS: [(&str, Fill); 17] = [
    ("PDB 7", |bytes| rsds(bytes, 0x3249_d99d, 0xe4, 0x1f, b"C:\\b\\ntdll.pdb\0")),
    ("PDB 7 of age 0", |bytes| rsds(bytes, 1, 2, 0, b"/usr/lib/a\0")),
    ("PDB 7 of the largest age", |bytes| rsds(bytes, 1, 2, u32::MAX, b"a\0")),
    ("PDB 7 without a NUL", |bytes| rsds(bytes, 1, 2, 3, b"a.pdb")),
    ("PDB 7 without a path", |bytes| rsds(bytes, 1, 2, 3, b"")),
    ("PDB 7 with bytes of no encoding", |bytes| rsds(bytes, 1, 2, 3, b"C:\\\xe4\xff\\a.pdb\0rest")),
    ("PDB 7 of no GUID", |bytes| rsds(bytes, 0, 0, 3, b"a.pdb\0")),
    ("PDB 2", |bytes| {
        bytes.u32s(&[0x3031_424e, 0, 0x3b00_0001, 0x2a]).raw("n.pdb\0");
    }),
    ("build ID", |bytes| elf(bytes, &[0xb1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])),
    ("short build ID", |bytes| elf(bytes, &[1, 2, 3, 4, 5, 6, 7, 8])),
    ("build ID of one byte", |bytes| elf(bytes, &[1])),
    ("longest build ID", |bytes| elf(bytes, &[0xab; 64])),
    ("too long build ID", |bytes| elf(bytes, &[0xab; 65])),
    ("build ID of zeros", |bytes| elf(bytes, &[0; 20])),
    ("build ID that begins with zeros", |bytes| elf(bytes, &[&[0; 16][..], &[1; 4]].concat())),
    ("embedded symbols", |bytes| {
        bytes.u32s(&[0x3131_424e, 8, 1]);
    }),
    ("nothing", |_| ()),
];

/// Where we differ, and why: record, systems, fact, and whether we return a value at all.
type Decision = (&'static str, &'static [Option<u32>], &'static str, bool, &'static str);

const DECISIONS: [Decision; 11] = [
    ("PDB 7", OTHERS, "code ID", false, MADE_UP),
    ("PDB 7 of age 0", OTHERS, "code ID", false, MADE_UP),
    ("PDB 7 of the largest age", OTHERS, "code ID", false, MADE_UP),
    ("PDB 7 without a NUL", OTHERS, "code ID", false, MADE_UP),
    ("PDB 7 without a path", OTHERS, "code ID", false, MADE_UP),
    ("PDB 7 with bytes of no encoding", OTHERS, "code ID", false, MADE_UP),
    ("PDB 7 of no GUID", OTHERS, "code ID", false, MADE_UP),
    ("PDB 7 of no GUID", &[Some(MAC), Some(IOS)], "code ID", false, "a UUID of zeros identifies nothing"),
    ("too long build ID", &SYSTEMS, "code ID", false, "no linker writes one by default"),
    ("build ID that begins with zeros", &SYSTEMS, "debug ID", false, "a GUID of zeros identifies nothing"),
    (
        "embedded symbols",
        &[Some(WINDOWS), Some(WINDOWS_95)],
        "code ID",
        true,
        "time stamp and size do not depend on a record",
    ),
];
const MADE_UP: &str = "the peer makes up a code ID from a PDB record outside Windows";
const OTHERS: &[Option<u32>] = &[Some(LINUX), Some(SOLARIS), Some(ANDROID), Some(FUCHSIA), Some(UNHEARD_OF)];

/// The decision for a record on a system: whether we return a value, and why.
fn decision(record: &str, system: Option<u32>, what: &str) -> Option<(bool, &'static str)> {
    match (record, system, what) {
        (_, Some(WINDOWS_95), "version") | ("embedded symbols" | "nothing", Some(WINDOWS_95), "code ID") => {
            return Some((true, "Windows 95 is Windows, but the peer does not know it"));
        }
        (_, None, "version") => return Some((true, "without system information, versions are read as on Windows")),
        ("PDB 2", Some(system), "code ID") if ![WINDOWS, WINDOWS_95].contains(&system) => {
            return Some((false, "time stamp and size only identify Windows binaries"));
        }
        _ => {}
    }
    let row = DECISIONS.iter().find(|row| row.0 == record && row.1.contains(&system) && row.2 == what)?;
    Some((row.3, row.4))
}

fn build(system: Option<u32>, big_endian: bool, fill: Fill) -> Vec<u8> {
    let mut record = if big_endian { Bytes::big_endian() } else { Bytes::little_endian() };
    fill(&mut record);
    let version = [0xfeef_04bd, 0x1_0000, 0x1_0002, 0x3_0004, 0x5_0006, 0x7_0008, 0, 0, 0, 0, 0, 0, 0];
    let module = Module { timestamp: 0x0123_abcd, version, ..Module::new(0x40_0000, 0xa_b000, "/C:\\dir\\böse.exe") };
    let record = record.finish();
    let module = if record.is_empty() { module } else { module.code_view(record) };
    let dump = if big_endian { Dump::new().big_endian() } else { Dump::new() };
    let dump = match system {
        Some(platform) => dump.system_info(SystemInfo { platform, ..SystemInfo::default() }),
        None => dump,
    };
    dump.module(module).build()
}

fn records_of_every_kind_are_those_of_the_peer() {
    let (mut compared, mut decided) = (0, BTreeSet::new());
    for (record, fill) in RECORDS {
        for system in SYSTEMS {
            for big_endian in [false, true] {
                let bytes = build(system, big_endian, fill);
                let dump = Minidump::parse(&bytes).expect("it is valid");
                let ours = dump.modules().get(0).expect("there is one");
                let peer = Peer::read(bytes.as_slice()).expect("it is valid");
                let list = peer.get_stream::<MinidumpModuleList>().expect("it is valid");
                let theirs = of_peer(list.iter().next().expect("there is one"));
                for (what, theirs, found) in differences(theirs, of_module(&ours)) {
                    let decision = decision(record, system, what);
                    let expected = decision.map(|(is_some, _)| is_some);
                    assert_eq!(
                        expected,
                        Some(found.is_some()),
                        "{what} of {record} on {system:x?}: {theirs:?} {found:?}"
                    );
                    decided.insert((record, system, what));
                }
                compared += 1;
            }
        }
    }
    assert_eq!(compared, RECORDS.len() * SYSTEMS.len() * 2);
    // Every decision corresponds to a difference.
    for (record, systems, what, ..) in DECISIONS {
        let is_one = |system: &Option<u32>| decided.contains(&(record, *system, what));
        assert!(systems.iter().all(is_one), "{what} of {record}");
    }
}

fn unloaded_modules_have_a_code_id_on_windows() {
    let module =
        UnloadedModule { timestamp: 0x0123_abcd, checksum: 5, ..UnloadedModule::new(0x40_0000, 0xa_b000, "a.dll") };
    for system in SYSTEMS {
        let platform = system.unwrap_or(WINDOWS);
        let dump = Dump::new().system_info(SystemInfo { platform, ..SystemInfo::default() });
        let bytes = dump.unloaded_module(module.clone()).build();
        let dump = Minidump::parse(&bytes).expect("it is valid");
        let ours = dump.unloaded_modules().get(0).expect("there is one");
        let peer = Peer::read(bytes.as_slice()).expect("it is valid");
        let list = peer.get_stream::<MinidumpUnloadedModuleList>().expect("it is valid");
        let theirs = list.iter().next().expect("there is one");
        // According to its source it should know the system.
        let is_windows = [WINDOWS, WINDOWS_95].contains(&platform);
        let expected = theirs.code_identifier().filter(|_| is_windows).map(|id| id.to_string());
        assert_eq!(ours.code_id().map(|id| id.to_string()), expected, "{platform:#x}");
        assert_eq!(ours.code_id().is_some(), is_windows);
        assert_eq!((ours.code_file().as_deref(), ours.checksum()), (Some("a.dll"), 5));
        assert_eq!(
            [0x3f_ffff, 0x40_0000, 0x4a_afff, 0x4a_b000].map(|it| ours.contains(it)),
            [false, true, true, false]
        );
    }
}

/// Time stamps and sizes of ELF files identify nothing, even in a Windows dump.
fn host_modules_of_wine_are_not_windows_modules() {
    let bytes = Dump::new().system_info(SystemInfo::default()).written(0xfff0, |bytes| {
        bytes.u32(1);
        let [name, end] = [bytes.label(), bytes.label()];
        bytes.u64(0x7f00_0000_0000).u32s(&[0x1000, 0, 0x0123_abcd]).rva(name).zeros(52).zeros(32);
        bytes.place(name).string("/usr/lib/libc.so.6").place(end);
    });
    let bytes = bytes.build();
    let dump = Minidump::parse(&bytes).expect("it is valid");
    let list = dump.find::<HostModuleList<'_>>().expect("it is valid");
    let module = list.modules().get(0).expect("there is one");
    assert_eq!(module.code_file().as_deref(), Some("/usr/lib/libc.so.6"));
    assert_eq!((module.time_date_stamp(), module.code_id(), module.debug_id()), (0x0123_abcd, None, None));
}
