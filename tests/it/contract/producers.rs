//! Streams of Microsoft that are carried as bytes, and those of other producers.

use super::process::{IMAGE, UNWIND, path};
use crate::support::cpu::Cpu;
use crate::synth::{Bytes, Dump, Shape, kind};
use userdump_walk::words::{all, four, word, words_of_8};

const CRASHPAD_INFO: u32 = 0x4350_0001;
const BREAKPAD_INFO: u32 = 0x4767_0001;
const LINUX_DSO_DEBUG: u32 = 0x4767_000a;
const MOZ_MAC_CRASH_INFO: u32 = 0x4d7a_0001;
const MOZ_MAC_BOOT_ARGS: u32 = 0x4d7a_0002;

/// Linux texts that describe system and process.
const TEXTS: [(u32, &str); 6] = [
    (0x4767_0003, "/proc/cpuinfo"),
    (0x4767_0004, "/proc/self/status"),
    (0x4767_000b, "/proc/self/stat"),
    (0x4767_0005, "/etc/lsb-release"),
    (0x4d7a_0003, "/proc/self/limits"),
    (0x4767_000c, "/proc/uptime"),
];

/// Streams that are one place as a whole.
const WHOLE: [(u32, &str); 9] = [
    (20, "script"),
    (23, "trace"),
    (0x1_0001, "stream added by a program"),
    (0x7777_0000, "unknown stream"),
    (0x4767_0006, "/proc/self/cmdline"),
    (0x4767_0007, "/proc/self/environ"),
    (0x4767_000d, "/proc/self/fd"),
    (0x4d7a_0004, "soft errors"),
    (0x4b6b_0002, "unknown stream"),
];

pub fn with_streams(dump: Dump, cpu: Cpu) -> Dump {
    let dump = of_microsoft(dump);
    let users = paths_of_users();
    let wide: Vec<u8> = users.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text_of = |place| text(&format!("{}\n{users}", word(place)));
    let dump = TEXTS.into_iter().fold(dump, |dump, (kind, place)| dump.raw(kind, text_of(place)));
    let whole = |place| [&all(place), users.as_bytes(), &wide, b"\0", &wide].concat();
    let dump = WHOLE.into_iter().fold(dump, |dump, (kind, place)| dump.raw(kind, whole(place)));
    let mut maps = format!("1000-2000 r--p 0 08:01 5 /{}/{}\n", word("folder of a mapped file"), word("mapped file"));
    for (prefix, end, place) in [
        ("[anon:", "]", "name of anonymous memory"),
        ("[anon_shmem:", "]", "name of anonymous memory"),
        ("/memfd:", " (deleted)", "name of shared memory"),
        ("/memfd:", "", "name of shared memory"),
        ("/dev/shm/", "", "name of shared memory"),
        ("/dev/ashmem/", " (deleted)", "name of shared memory"),
    ] {
        maps += &format!("1000-2000 rw-p 0 00:01 5 {prefix}{}{end}\n", word(place));
    }
    let counted = [
        &0u32.to_le_bytes(),
        words_of_8::<1>("Breakpad thread IDs that are not valid").map(u64::to_le_bytes).as_flattened(),
    ]
    .concat();
    let short = &word("stream that is too short")[..11];
    let dump = dump.raw(0x4767_0009, text(&maps)).raw(BREAKPAD_INFO, counted).raw(BREAKPAD_INFO, short);
    mozilla(crashpad(linker(dump, cpu)))
}

/// Paths outside the modules' folders, in which user names are whole components.
fn paths_of_users() -> String {
    let paths = ["user name after Users", "user name after home"].map(|place| {
        let user = word(place);
        format!("PATH=C:\\Users\\{user}\\Desktop;D:/backup/{user}/x;/home/{user}/.cache;file:///mnt/{user}/y\n")
    });
    paths.concat()
}

/// A text terminated by a NUL, and bytes after it.
fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0], &all("after a Linux text")].concat()
}

fn of_microsoft(dump: Dump) -> Dump {
    let comment = [word("comment in ANSI").as_bytes(), &[0], &all("after a comment")].concat();
    let wide: Vec<u8> = word("comment in UTF-16").encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    // An operation of 288 bytes after a header of 16.
    let operations = [16u32, 288, 1, 0].map(u32::to_le_bytes).as_flattened().to_vec();
    dump.raw(kind::COMMENT_A, comment)
        .raw(kind::COMMENT_W, [wide, all("after a comment")].concat())
        .raw(18, [operations, all("handle operations").repeat(4)].concat())
        .raw(21, [vec![0; 492], all("after the system memory counters")].concat())
        .raw(22, [vec![0; 152], all("after the process memory counters")].concat())
        .written(kind::TOKEN, |bytes| {
            bytes.u32s(&[16 + 88, 1, 16, 72]).u32s(&[88, 7]).u64(4).raw(all("token")).raw(all("after the last token"));
        })
        .written(kind::FUNCTION_TABLE, |bytes| {
            let padding = all("padding of a function table");
            bytes.u32s(&[24, 32, 72, 12, 1, 72]).raw(&padding).u64s(&[0x50_0000, 0x50_1000, 0]).u32s(&[8, 72]);
            bytes.raw(all("native descriptor of a function table")).raw(all("entries of a function table"));
            // The first of these leads to unwind data; the other one does not.
            bytes.u32s(&[0, 4, UNWIND as u32, 4, 8, IMAGE as u32 + 0x1800]).raw(&padding);
        })
        .written(0x4767_0002, |bytes| {
            let behind = word("after an assertion");
            bytes
                .utf16_field(&format!("{}\0{behind}", word("assertion")), 128)
                .utf16_field(&format!("b\0{behind}"), 128);
            bytes.utf16_field(&format!("\0{behind}"), 128).u32s(&[1, 2]).raw(all("after an assertion"));
        })
}

/// The data of the dynamic linker, and the modules of Wine's host.
fn linker(dump: Dump, cpu: Cpu) -> Dump {
    let wide = cpu.word == 8;
    let (head, end) = if wide { (40, vec![0; 16]) } else { (24, vec![0; 8]) };
    let number = move |bytes: &mut Bytes, number: u32| {
        match wide {
            true => bytes.u64(number.into()),
            false => bytes.u32(number),
        };
    };
    let auxv = move |bytes: &mut Bytes| {
        [31, four("auxiliary vector"), 0, 0].into_iter().for_each(|it| number(bytes, it));
        bytes.raw(all("after the auxiliary vector"));
    };
    let debug = move |bytes: &mut Bytes| {
        let [maps, name] = [bytes.label(), bytes.label()];
        bytes.u32(1).rva(maps).u32(1);
        if wide {
            bytes.u32(four("padding of a shared object"));
        }
        [1, 2, 3].into_iter().for_each(|it| number(bytes, it));
        bytes.raw(&end).raw(all("after the dynamic section")).place(maps);
        number(bytes, 5);
        bytes.rva(name);
        if wide {
            bytes.u32(four("padding of a shared object"));
        }
        number(bytes, 6);
        bytes.place(name).string(&path("folder of a shared object", "shared object"));
    };
    let host = |bytes: &mut Bytes| {
        let name = bytes.label();
        bytes.u32(1).u64(0x7b00_0000).u32s(&[0x1000, 0, 0]).rva(name).zeros(68);
        bytes.u64s(&words_of_8::<2>("reserved fields of a host module")).place(name);
        bytes.string(&path("folder of a host module", "host module"));
    };
    let size = head + if wide { 16 } else { 8 } + 72;
    dump.written(0x4767_0008, auxv)
        .written(LINUX_DSO_DEBUG, debug)
        .shape(LINUX_DSO_DEBUG, Shape::usual().data_size(size))
        .written(0xfff0, host)
        .shape(0xfff0, Shape::usual().data_size(4 + 108))
}

fn crashpad(dump: Dump) -> Dump {
    let write = |bytes: &mut Bytes| {
        let [start, end, modules, modules_end, info, info_end] = std::array::from_fn(|_| bytes.label());
        let [list, list_end, pairs, pairs_end, objects, objects_end] = std::array::from_fn(|_| bytes.label());
        let places = [
            "Crashpad key",
            "Crashpad value",
            "Crashpad list",
            "Crashpad pair",
            "Crashpad object",
            "value of a Crashpad object",
        ];
        let [key, value, of_list, of_pair, object, of_object] = std::array::from_fn(|_| bytes.label());
        bytes.u32(1).zeros(32).location(start, end).location(modules, modules_end);
        bytes.u32(four("Crashpad padding")).zeros(8);
        bytes.place(start).u32(1).rva(key).rva(value).place(end);
        bytes.place(modules).u32(1).u32(0).location(info, info_end).place(modules_end);
        bytes.place(info).u32(1).location(list, list_end).location(pairs, pairs_end).location(objects, objects_end);
        bytes.place(info_end).place(list).u32(1).rva(of_list).place(list_end);
        bytes.place(pairs).u32(1).rva(of_pair).rva(of_pair).place(pairs_end);
        bytes.place(objects).u32(1).rva(object).u16s(&[1, 0]).rva(of_object).place(objects_end);
        for (label, place) in [key, value, of_list, of_pair, object, of_object].into_iter().zip(places) {
            let text = word(place);
            let behind = word("after a Crashpad string");
            // The value of an object is bytes, all of which count.
            match place {
                "value of a Crashpad object" => bytes.place(label).u32(12).raw(text).u8(0),
                _ => bytes.place(label).u32(25).raw(text).u8(0).raw(behind).u8(0),
            };
        }
    };
    dump.written(CRASHPAD_INFO, write).shape(CRASHPAD_INFO, Shape::usual().data_size(64))
}

fn mozilla(dump: Dump) -> Dump {
    let crash = |bytes: &mut Bytes| {
        let [start, end] = [bytes.label(), bytes.label()];
        bytes.u32s(&[MOZ_MAC_CRASH_INFO, 1, 32]).location(start, end);
        bytes.raw(all("unused record of macOS crash information")).zeros(80);
        bytes.place(start).u64s(&[1, 4, 0, 0]).raw(word("macOS crash information")).u8(0).place(end);
    };
    let boot = |bytes: &mut Bytes| {
        let text = bytes.label();
        bytes.u32s(&[MOZ_MAC_BOOT_ARGS, 0]).rva64(text).place(text).string(&word("macOS boot arguments"));
    };
    dump.written(MOZ_MAC_CRASH_INFO, crash)
        .shape(MOZ_MAC_CRASH_INFO, Shape::usual().data_size(172))
        .written(MOZ_MAC_BOOT_ARGS, boot)
        .shape(MOZ_MAC_BOOT_ARGS, Shape::usual().data_size(16))
}
