//! The option `R`: modules keep their base names, and their folders occur nowhere in the result except in memory.

mod code_pages;
mod cost;
mod spellings;

use libtest_mimic::Trial;
use userdump::redump::Outcome;

use crate::support::cpu::{Cpu, put};
use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, hex, parsed};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{
    Bytes, Dump, Handle, MiscInfo, Module, ObjectInfo, Shape, Stack, SystemInfo, Thread, UnloadedModule, kind, rsds,
};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        modules_have_their_base_names,
        host_modules_and_link_maps_have_their_base_names,
        mapped_files_have_their_base_names,
        no_folder_is_left_in_the_streams,
        folders_are_found_in_every_spelling,
        folders_of_all_lengths_are_found,
        names_that_only_begin_like_a_folder_stay,
        memory_is_left_alone,
        without_the_option_folders_stay,
        mapped_files_are_found_again_without_folders,
        a_backslash_in_a_mapped_file_is_not_a_separator,
        names_of_memory_are_hidden,
        debug_records_name_folders_in_either_width,
    ];
    trials.push(shared_trial("redump_folders::a_debug_record_of_a_shared_file_in_utf16", shared_misc_record));
    trials.extend(spellings::trials());
    trials.extend(cost::trials());
    trials
}

const CRASHPAD_INFO: u32 = 0x4350_0001;
const LINUX_CMD_LINE: u32 = 0x4767_0006;
const LINUX_ENVIRON: u32 = 0x4767_0007;
const LINUX_MAPS: u32 = 0x4767_0009;
const LINUX_DSO_DEBUG: u32 = 0x4767_000a;
const WINE_HOST_MODULE_LIST: u32 = 0xfff0;
const USER_STREAM: u32 = 0x1_0001;

/// The folders of modules, one for each kind of name.
const OF_MODULE: &str = "C:\\Users\\Jane Doe\\bin";
const OF_UNLOADED: &str = "D:\\gone\\modules";
const OF_PDB: &str = "E:\\build\\jane\\obj";
const OF_OLD_PDB: &str = "F:\\old\\build";
const OF_MISC: &str = "G:\\misc\\records";
const OF_HOST: &str = "/opt/host/lib";
const OF_LINK_MAP: &str = "/home/jane/so";
const OF_MAPPING: &str = "/home/jane/mapped files";
const FOLDERS: [&str; 8] = [OF_MODULE, OF_UNLOADED, OF_PDB, OF_OLD_PDB, OF_MISC, OF_HOST, OF_LINK_MAP, OF_MAPPING];

fn pdb20(name: &str) -> Vec<u8> {
    [b"NB10".as_slice(), &[0; 4], &[1; 4], &[2; 4], name.as_bytes(), b"\0"].concat()
}

fn misc(name: &str) -> Vec<u8> {
    let size = 12 + name.len() as u32 + 1;
    [&1u32.to_le_bytes(), &size.to_le_bytes(), &[0; 4], name.as_bytes(), &[0]].concat()
}

/// `IMAGE_DEBUG_MISC` with these fields, followed by this text.
fn misc_with(length: usize, unicode: u8, text: &[u8]) -> Vec<u8> {
    [&1u32.to_le_bytes(), &(length as u32).to_le_bytes(), &[unicode, 0, 0, 0], text].concat()
}

/// One module of each kind, and no text that mentions their folders.
fn modules(system: SystemInfo) -> Dump {
    // The sizes of the header of link maps, of a pointer, and of a link map.
    let (head, word, link_map) = if system.architecture == 0 { (24, 4, 12) } else { (40, 8, 24) };
    let old = Module { misc: misc(&format!("{OF_MISC}\\old.dbg")).into(), ..Module::new(0x50_0000, 0x1000, "old.dll") };
    Dump::new()
        .system_info(system)
        .thread(Thread::new(1).stack(Stack::Listed(0x10_0000, 16)))
        .module(Module::new(0x40_0000, 0x1000, &format!("{OF_MODULE}\\app.exe")).code_view(rsds(
            [7; 16],
            1,
            &format!("{OF_PDB}\\app.pdb"),
        )))
        .module(old.code_view(pdb20(&format!("{OF_OLD_PDB}\\old.pdb"))))
        .unloaded_module(UnloadedModule::new(0x60_0000, 0x1000, &format!("{OF_UNLOADED}\\gone.dll")))
        .raw(LINUX_MAPS, format!("00400000-00401000 r-xp 00000000 08:01 12 {OF_MAPPING}/app.so (deleted)\n"))
        .written(LINUX_DSO_DEBUG, move |bytes| {
            let [maps, name] = [bytes.label(), bytes.label()];
            bytes.u32(1).rva(maps).u32(1).zeros(head - 12).place(maps).raw(&[0; 8][..word]).rva(name);
            bytes.zeros(link_map - word - 4).place(name).string(&format!("{OF_LINK_MAP}/libmap.so"));
        })
        .shape(LINUX_DSO_DEBUG, Shape::usual().data_size(head as u32))
        .written(WINE_HOST_MODULE_LIST, |bytes| {
            let name = bytes.label();
            bytes.u32(1).u64(0x7b00_0000).u32s(&[0x1000, 0, 0]).rva(name).zeros(84).place(name);
            bytes.string(&format!("{OF_HOST}/host.so"));
        })
        .memory(0x10_0000, [0; 0x400])
}

fn modules_have_their_base_names() {
    for cpu in [Cpu::AMD64, Cpu::X86] {
        let source = modules(cpu.windows()).build();
        let out = Redumped::of(&source, "/muR");
        let facts = out.facts();
        let name = |text: &Option<String>| text.clone().expect("it has a name");
        let modules = facts.modules();
        assert_eq!(modules.iter().map(|it| name(&it.name.text)).collect::<Vec<_>>(), ["app.exe", "old.dll"]);
        assert_eq!(name(&facts.unloaded_modules()[0].name.text), "gone.dll");
        assert!(modules[0].code_view.0 == rsds([7; 16], 1, "app.pdb"));
        assert!(modules[1].code_view.0 == pdb20("old.pdb"));
        assert_eq!(out.faults(), [""; 0]);
        // Every separator of paths, with nothing after it.
        for (path, expected) in
            [("a.dll", "a.dll"), ("/lib/x\\b", "b"), ("c:\\dir\\", ""), ("", ""), ("c:d.dll", "c:d.dll")]
        {
            let dump = Dump::new().system_info(cpu.windows()).thread(Thread::new(1)).module(Module::new(8, 8, path));
            let out = Redumped::of(&dump.build(), "/mR");
            assert_eq!(name(&out.facts().modules()[0].name.text), expected);
        }
    }
}

fn host_modules_and_link_maps_have_their_base_names() {
    let out = Redumped::of(&modules(Cpu::AMD64.linux()).build(), "/mR");
    let facts = out.facts();
    let start = |kind: u32| facts.stream(kind).expect("it is kept").rva.0;
    let host = facts.name(facts.rva(start(WINE_HOST_MODULE_LIST) + 4 + 20));
    let map = facts.name(facts.rva(facts.rva(start(LINUX_DSO_DEBUG) + 4).0 + 8));
    assert_eq!([host.text.as_deref(), map.text.as_deref()], [Some("host.so"), Some("libmap.so")]);
    assert_eq!(out.outcomes(LINUX_DSO_DEBUG), [Outcome::Relocated]);
}

fn mapped_files_have_their_base_names() {
    let source = "400000-401000 r-xp 00000000 08:01 12      /usr/lib/my lib.so (deleted)\n\
                  401000-402000 rw-p 00000000 00:00 0 \n\
                  402000-403000 rw-p 00000000 00:00 0       [heap]\n\
                  403000-404000 r--s 00000000 00:0d 99      anon_inode:[perf_event]\n\
                  404000-405000 r--p 00000000 08:01 13      /tmp/a\\012b\n\
                  405000-406000 r--p 00000000 08:01 14      /tmp/odd[1]\n\
                  no mapping /at/all\n\
                  406000-4070";
    let expected = "400000-401000 r-xp 00000000 08:01 12      my lib.so (deleted)\n\
                    401000-402000 rw-p 00000000 00:00 0 \n\
                    402000-403000 rw-p 00000000 00:00 0       [heap]\n\
                    403000-404000 r--s 00000000 00:0d 99      anon_inode:[perf_event]\n\
                    404000-405000 r--p 00000000 08:01 13      a\\012b\n\
                    405000-406000 r--p 00000000 08:01 14      /odd[1]\n\
                    no mapping all\n\
                    406000-4070";
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).raw(LINUX_MAPS, source);
    let out = Redumped::of(&dump.build(), "/mR");
    let found = String::from_utf8(out.facts().stream_bytes(LINUX_MAPS).expect("it is kept").0.to_vec()).unwrap();
    assert_eq!(found, expected);
}

/// A program's own name for anonymous memory is not a base name.
fn names_of_memory_are_hidden() {
    let source = "400000-401000 rw-s 00000000 00:01 12      /memfd:jane/s secret (deleted)\n\
                  401000-402000 rw-s 00000000 00:01 13      /memfd:\n\
                  402000-403000 rw-p 00000000 00:00 0       [anon:secret heap]\n\
                  403000-404000 rw-s 00000000 00:01 14      [anon_shmem:a]b]\n\
                  404000-405000 rw-s 00000000 00:01 15      /dev/shm/jane.1000/x\n\
                  405000-406000 rw-s 00000000 00:01 16      /dev/ashmem/secret (deleted)\n\
                  406000-407000 rw-p 00000000 00:00 0       [stack:17]\n\
                  407000-408000 rw-s 00000000 00:01 18      /SYSV0000 (deleted)\n\
                  408000-409000 r--p 00000000 08:01 19      /home/jane/[anon:x]/memfd:y\n";
    let expected = "400000-401000 rw-s 00000000 00:01 12      memfd:************* (deleted)\n\
                    401000-402000 rw-s 00000000 00:01 13      memfd:\n\
                    402000-403000 rw-p 00000000 00:00 0       [anon:***********]\n\
                    403000-404000 rw-s 00000000 00:01 14      [anon_shmem:***]\n\
                    404000-405000 rw-s 00000000 00:01 15      ***********\n\
                    405000-406000 rw-s 00000000 00:01 16      ****** (deleted)\n\
                    406000-407000 rw-p 00000000 00:00 0       [stack:17]\n\
                    407000-408000 rw-s 00000000 00:01 18      SYSV0000 (deleted)\n\
                    408000-409000 r--p 00000000 08:01 19      memfd:y\n";
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).raw(LINUX_MAPS, source);
    let dump = dump.module(Module::new(0x40_0000, 0x1000, "/memfd:jane/s secret (deleted)"));
    let dump = dump.module(Module::new(0x50_0000, 0x1000, "/memfd:\u{416}")).comment_a("fd 5: /memfd:jane/s secret");
    let source = dump.build();
    let out = Redumped::of(&source, "/mR");
    let text = |kind| String::from_utf8(out.facts().stream_bytes(kind).expect("it is kept").0.to_vec()).unwrap();
    assert_eq!(text(LINUX_MAPS), expected);
    assert_eq!(text(kind::COMMENT_A).trim_end_matches('\0'), "fd 5: ********************");
    let names = out.facts().modules().into_iter().map(|module| module.name.text.expect("it has a name"));
    assert_eq!(names.collect::<Vec<_>>(), ["memfd:************* (deleted)", "memfd:*"]);
}

/// Everything in a file except its memory.
fn unfolded_metadata(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let ranges: Vec<_> =
        Facts::of(&bytes).ranges().iter().map(|range| (range.at.0 as usize, range.bytes.0.len())).collect();
    for (at, size) in ranges {
        bytes[at..at + size].fill(0);
    }
    bytes
}

/// The same in lower case and with one kind of separator.
fn metadata(bytes: &[u8]) -> Vec<u8> {
    let fold = |byte: u8| if byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
    unfolded_metadata(bytes).into_iter().map(fold).collect()
}

/// The folders that occur in a file, in 8-bit characters or UTF-16.
fn folders_in(bytes: &[u8], folders: &[&str]) -> Vec<String> {
    let bytes = metadata(bytes);
    let is_in = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    let mut found = Vec::new();
    for folder in folders {
        let folder = folder.to_ascii_lowercase().replace('\\', "/");
        let wide: Vec<u8> = folder.encode_utf16().flat_map(u16::to_le_bytes).collect();
        if is_in(folder.as_bytes()) || is_in(&wide) {
            found.push(folder);
        }
    }
    found
}

fn place_utf8(bytes: &mut Bytes, text: &str) {
    bytes.u32(text.len() as u32).raw(text).u8(0);
}

/// [`modules`], and every kind of text that mentions their folders.
fn talkative(system: SystemInfo) -> Dump {
    let paths: Vec<String> = FOLDERS.iter().map(|folder| format!("{folder}/data.txt")).collect();
    let text = format!("{} in {}, {}.", paths.join("\n"), FOLDERS.join(";"), OF_MODULE.to_uppercase());
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let nuls = paths.join("\0");
    let object = ObjectInfo { kind: 1, bytes: text.clone().into_bytes() };
    let handle = Handle { object_name: text.as_str().into(), objects: vec![object], ..Handle::new(8, "File") };
    let annotation = text.clone();
    modules(system)
        .comment_a(&text)
        .comment_w(&text)
        .handle(handle)
        .thread_name(1, text.as_str())
        .misc_info(MiscInfo { build: format!("{OF_UNLOADED}\\x"), ..MiscInfo::default() })
        .raw(LINUX_CMD_LINE, &nuls)
        .raw(LINUX_ENVIRON, format!("HOME={nuls}\0PATH={}\0", FOLDERS.join(":")))
        .raw(USER_STREAM, [text.as_bytes(), b"\0", &wide, b"\0\0\0", &wide].concat())
        .raw(0x7777, &wide)
        .written(CRASHPAD_INFO, move |bytes| {
            let [start, end, text] = std::array::from_fn(|_| bytes.label());
            bytes.u32(1).zeros(32).location(start, end).zeros(20);
            bytes.place(start).u32(1).rva(text).rva(text).place(end).place(text);
            place_utf8(bytes, &annotation);
        })
}

fn no_folder_is_left_in_the_streams() {
    for cpu in [Cpu::AMD64, Cpu::X86] {
        for system in [cpu.windows(), cpu.linux()] {
            let source = talkative(system).build();
            assert_eq!(folders_in(&source, &FOLDERS).len(), FOLDERS.len());
            for options in ["/mR", "/mhutR", "/maR", "/mrR", "/mhutFipwdcyR"] {
                let out = Redumped::of(&source, options);
                assert_eq!(folders_in(&out.bytes, &FOLDERS), [""; 0], "{options}");
                // Sizes and everything else stay, including what follows the folder.
                if !options.contains('r') {
                    let [before, after] = [&source, &out.bytes]
                        .map(|bytes| Facts::of(bytes).stream(USER_STREAM).expect("it is kept").size);
                    assert_eq!(before, after);
                    let text = out.facts().stream_bytes(kind::COMMENT_A).expect("it is kept").0.to_vec();
                    assert_eq!(String::from_utf8(text).unwrap().matches("*/data.txt").count(), FOLDERS.len());
                }
            }
        }
    }
}

/// A dump with one module in a folder, and a stream.
fn with_stream(path: &str, stream: &[u8]) -> Vec<u8> {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    dump.module(Module::new(0x1000, 0x1000, path)).raw(USER_STREAM, stream).build()
}

/// The same stream in the result.
fn stream_of(path: &str, stream: &[u8]) -> Vec<u8> {
    let out = Redumped::of(&with_stream(path, stream), "/mR");
    out.facts().stream_bytes(USER_STREAM).expect("it is kept").0.to_vec()
}

fn folders_are_found_in_every_spelling() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let path = "C:\\Jürgen\\app\\a.exe";
    let latin = |text: &str| text.chars().map(|char| char as u8).collect::<Vec<u8>>();
    for (text, expected) in [
        ("<C:\\Jürgen\\app\\b>", "<*************\\b>"),
        ("c:/Jürgen/APP.", "*************."),
        ("=C:\\Jürgen\\app", "=*************"),
    ] {
        assert_eq!(hex(&stream_of(path, &wide(text))), hex(&wide(expected)), "{text}");
        assert_eq!(hex(&stream_of(path, &latin(text))), hex(&latin(expected)), "{text}");
        // The letter takes two bytes there.
        let expected = expected.replacen('*', "**", 1);
        assert_eq!(hex(stream_of(path, text.as_bytes()).as_slice()), hex(expected.as_bytes()), "{text}");
    }
    // As JSON escapes it, and with two-byte characters that begin at an odd offset.
    assert_eq!(stream_of("C:\\one\\two\\a.exe", br#"{"C:\\one\\two\\b"}"#), br#"{"************\\b"}"#);
    let odd = [b"x".to_vec(), wide("C:\\one\\b")].concat();
    assert_eq!(stream_of("C:\\one\\a.exe", &odd), [b"x".to_vec(), wide("******\\b")].concat());
}

fn folders_of_all_lengths_are_found() {
    // A long series of lengths, all with the same end.
    let folder = |size: usize| format!("/{}/end", "d".repeat(size));
    let text: String = (0..300).map(|size| format!("{}/x ", folder(size))).collect();
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).raw(USER_STREAM, &text);
    let module = |size| Module::new(0x1000 * size as u64, 0x1000, &format!("{}/m", folder(size)));
    let source = (0..300).fold(dump, |dump, size| dump.module(module(size))).build();
    let out = Redumped::of(&source, "/mR");
    let found = out.facts().stream_bytes(USER_STREAM).expect("it is kept").0.to_vec();
    let expected: String = (0..300).map(|size| format!("{}/x ", "*".repeat(size + 5))).collect();
    assert!(found == expected.as_bytes());
}

fn names_that_only_begin_like_a_folder_stay() {
    let path = "/usr/lib/a.so";
    for text in ["/usr/lib64", "/usr/libexec/b", "/usr/lib_old", "/usr/lib-old", "usr/lib", "/usr/li"] {
        assert_eq!(stream_of(path, text.as_bytes()), text.as_bytes());
    }
    assert_eq!(stream_of(path, b"/mnt/usr/lib:/usr/lib.old"), b"/mnt********:********.old");
    // Too short to identify anything.
    assert_eq!(stream_of("C:\\a.exe", b"C:\\b C:"), b"C:\\b C:");
    assert_eq!(stream_of("/a", b"/b/c /"), b"/b/c /");
}

fn memory_is_left_alone() {
    let text = format!("{OF_MODULE}\\app.exe");
    let mut memory = vec![0; 0x400];
    put(&mut memory, 0x100, text.as_bytes());
    for options in ["/mfR", "/maR"] {
        let dump = modules(Cpu::AMD64.windows()).memory(0x20_0000, &memory);
        let out = Redumped::of(&dump.build(), options);
        assert_eq!(out.facts().read(0x20_0100, text.len() as u64), text.as_bytes(), "{options}");
        assert_eq!(folders_in(&out.bytes, &FOLDERS), [""; 0], "{options}");
    }
}

fn without_the_option_folders_stay() {
    let out = Redumped::of(&talkative(Cpu::AMD64.windows()).build(), "/mhut");
    assert_eq!(folders_in(&out.bytes, &FOLDERS).len(), FOLDERS.len());
}

/// Files whose paths are removed are still files: sections and private memory are re-encoded the same.
fn mapped_files_are_found_again_without_folders() {
    let maps = "400000-401000 r-xp 00000000 08:01 12 /usr/bin/app\n\
                401000-402000 rw-p 00001000 08:01 12 /usr/bin/app\n\
                402000-403000 rw-p 00000000 08:01 13 /usr/bin/other\n\
                403000-404000 rw-p 00000000 00:00 0 [heap]\n";
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).raw(LINUX_MAPS, maps);
    let dump = dump.module(Module::new(0x40_0000, 0x2000, "/usr/bin/app")).memory(0x40_0000, [3; 0x4000]);
    let source = dump.build();
    for options in ["/md", "/mc", "/mcd", "/mw", "/mcdw", "/mF"] {
        let [plain, without] = [options.to_owned(), format!("{options}R")].map(|it| Redumped::of(&source, &it));
        assert_eq!(hex(&without.ranges()), hex(&plain.ranges()), "{options}");
        assert!(!plain.ranges().is_empty() || options == "/mF");
    }
}

/// A second pass would otherwise find another folder: the name of this file is `lib\\x.so`.
fn a_backslash_in_a_mapped_file_is_not_a_separator() {
    let maps = "1000-2000 r--p 0 08:01 5 /home/jane/lib\\x.so\n";
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).raw(LINUX_MAPS, maps);
    let source = dump.raw(USER_STREAM, "/home/jane/lib and /lib/y").build();
    let facts = Redumped::of(&source, "/mR").bytes;
    let facts = Facts::of(&facts);
    let text = |kind| String::from_utf8_lossy(facts.stream_bytes(kind).expect("it is carried").0).into_owned();
    assert_eq!(text(LINUX_MAPS), "1000-2000 r--p 0 08:01 5 lib\\x.so\n");
    assert_eq!(text(USER_STREAM), "**********/lib and /lib/y");
}

fn debug_records_name_folders_in_either_width() {
    let path = format!("{OF_MISC}\\app.dbg");
    let narrow = [path.as_bytes(), b"\0"].concat();
    let wide: Vec<u8> = path.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    // The length in the record, and whether its Unicode flag matches its characters, make no difference.
    let [narrow_size, wide_size] = [&narrow, &wide].map(|text| 12 + text.len());
    let records = [
        misc_with(narrow_size, 0, &narrow),
        misc_with(20, 0, &narrow),
        misc_with(narrow_size, 1, &narrow),
        misc_with(wide_size, 1, &wide),
        misc_with(20, 1, &wide),
        misc_with(0, 1, &wide),
        misc_with(5000, 1, &wide[..wide.len() - 2]),
    ];
    for (record, index) in records.into_iter().zip(0..) {
        let text = format!("read {OF_MISC}\\other.txt");
        let module = Module { misc: record.clone().into(), ..Module::new(0x40_0000, 0x1000, "app.exe") };
        let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).module(module);
        let source = dump.comment_a(&text).comment_w(&text).raw(USER_STREAM, &text).build();
        assert_eq!(folders_in(&source, &[OF_MISC]).len(), 1);
        for options in ["/mR", "/maR"] {
            let out = Redumped::of(&source, options);
            assert_eq!(folders_in(&out.bytes, &[OF_MISC]), [""; 0], "record {index}, {options}");
            let found = out.facts().modules()[0].misc.0.to_vec();
            assert_eq!(found.len(), record.len(), "record {index}, {options}");
        }
    }
}

fn shared_misc_record(shared: &Shared) {
    let source = shared.read("cases/misc-record-unicode.dmp");
    let folder = "D:\\secretuser\\build";
    assert_eq!(folders_in(&source, &[folder]).len(), 1);
    for options in ["/mR", "/mAR", "/mhutR", "/mrR"] {
        assert_eq!(folders_in(&Redumped::once(&source, &parsed(options)).bytes, &[folder]), [""; 0], "{options}");
    }
}
