//! A word of its own in every place that a dump has for text: which of them leave in a filtered result, by option.
//!
//! What stays is what the documentation of `redump` lists, and that is written down here; all else must be gone.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, put};
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    trials![
        just_what_is_documented_stays_of_a_minidump,
        just_what_is_documented_stays_of_a_full_user_dump,
        words_are_found_in_both_encodings,
    ]
}

/// When the word of a place stays.
#[derive(Clone, Copy)]
enum Stays {
    Never,
    Always,
    /// Only with the option.
    With(char),
    /// The folder of a module: gone with `R`.
    Folder,
    /// The same of a stream that the option brings in.
    FolderWith(char),
}
use Stays::*;

impl Stays {
    fn with(self, options: &str) -> bool {
        match self {
            Never => false,
            Always => true,
            With(option) => options.contains(option),
            Folder => !options.contains('R'),
            FolderWith(option) => options.contains(option) && !options.contains('R'),
        }
    }
}

type Place = (&'static str, Stays);

/// Places in the process: any source has them.
const PROCESS: [Place; 10] = [
    ("stack", Never),
    ("end of the stack", Never),
    ("heap", With('w')),
    ("thread environment block", With('p')),
    ("process environment block", With('p')),
    ("process parameters", Never),
    ("command line", Never),
    ("environment", Never),
    // It is no image that `c` could take sections of.
    ("image", Never),
    ("register", Always),
];

/// Places in records that any source has.
const RECORDS: [Place; 4] =
    [("exception", Always), ("service pack", Always), ("folder of a module", Folder), ("module", Always)];

/// Places in records and streams that only minidumps have.
const STREAMS: [Place; 41] = [
    ("folder of a PDB", Folder),
    ("PDB", Always),
    ("folder of an unloaded module", FolderWith('u')),
    ("unloaded module", With('u')),
    ("folder of a mapped file", Folder),
    ("mapped file", Always),
    ("thread", Always),
    ("type of a handle", With('h')),
    ("object of a handle", With('h')),
    ("record of a handle", With('h')),
    ("standard time", Always),
    ("daylight time", Always),
    ("build", Always),
    ("build of the debugger", Always),
    ("token", Always),
    ("function table", Always),
    ("/proc/cpuinfo", Always),
    ("/proc/self/status", Always),
    ("/proc/self/stat", Always),
    ("/etc/lsb-release", Always),
    ("/proc/self/limits", Always),
    ("comment in ANSI", Never),
    ("comment in UTF-16", Never),
    ("/proc/self/cmdline", Never),
    ("/proc/self/environ", Never),
    ("/proc/self/fd", Never),
    ("script", Never),
    ("trace", Never),
    ("handle operations", Never),
    ("assertion", Never),
    ("stream of a user", Never),
    ("stream of nobody", Never),
    ("key of Crashpad", Never),
    ("value of Crashpad", Never),
    ("list of Crashpad", Never),
    ("pair of Crashpad", Never),
    ("object of Crashpad", Never),
    ("value of an object of Crashpad", Never),
    ("crash of a Mac", Never),
    ("boot of a Mac", Never),
    ("soft errors", Never),
];

/// Twelve letters that are no part of those of another place.
fn word(place: &str) -> String {
    let mut hash = place
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let letter = |_| {
        hash = hash.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        char::from(b'a' + (hash >> 33) as u8 % 26)
    };
    (0..12).map(letter).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The word in 8 bits and in 16, from a multiple of eight on.
fn both(place: &str) -> Vec<u8> {
    let mut bytes = [word(place).as_bytes(), &[0; 4], &utf16(&word(place)), &[0; 8]].concat();
    bytes.truncate(48);
    bytes
}

/// True if eight bytes of the word are there, in either encoding.
fn has(bytes: &[u8], place: &str) -> bool {
    let (narrow, wide) = (word(place).into_bytes(), utf16(&word(place)));
    let pieces: Vec<&[u8]> = narrow.windows(8).chain(wide.windows(8).step_by(2)).collect();
    bytes.windows(8).any(|window| pieces.contains(&window))
}

const STACK: u64 = 0x10_0000;
const HEAP: u64 = 0x20_0000;
const TEB: u64 = 0x70_0000;
const PEB: u64 = 0x71_0000;
const PARAMETERS: u64 = 0x30_0000;
const COMMAND_LINE: u64 = 0x30_1000;
const ENVIRONMENT: u64 = 0x31_0000;
const IMAGE: u64 = 0x40_0000;

fn context(cpu: Cpu) -> Vec<u8> {
    let mut context = cpu.context(IMAGE + 0x200, STACK + 0x40);
    // Edi and Esi, or Rbx.
    put(&mut context, if cpu.word == 4 { 0x9c } else { 0x90 }, &word("register").as_bytes()[..8]);
    context
}

/// The memory of the process.
fn memory(cpu: Cpu) -> Vec<(u64, Vec<u8>)> {
    let narrow = cpu.word == 4;
    let pick = |first, second| if narrow { first } else { second };
    let pointer = |bytes: &mut [u8], at: usize, to: u64| put(bytes, at, &to.to_le_bytes()[..cpu.word]);
    let block = |size: usize, at: usize, place: &str| {
        let mut bytes = vec![0; size];
        put(&mut bytes, at, &both(place));
        bytes
    };
    let mut stack = block(0x1000, 0x100, "stack");
    put(&mut stack, 0x1000 - 48, &both("end of the stack"));
    // A return address, and what `i` follows.
    pointer(&mut stack, 0x500, IMAGE + 0x123);
    pointer(&mut stack, 0x600, STACK + 0x800);
    let mut teb = block(0x2000, 0x900, "thread environment block");
    put(&mut teb, 0, &cpu.teb(STACK + 0x1000, STACK));
    pointer(&mut teb, pick(0x30, 0x60), PEB);
    let mut peb = block(0x1000, 0x800, "process environment block");
    pointer(&mut peb, pick(0x10, 0x20), PARAMETERS);
    let mut parameters = block(0x500, 0x300, "process parameters");
    let text = pick(0x40, 0x70);
    put(&mut parameters, text, &48u16.to_le_bytes());
    pointer(&mut parameters, text + cpu.word, COMMAND_LINE);
    pointer(&mut parameters, pick(0x48, 0x80), ENVIRONMENT);
    // Not near the instruction: what is around it comes along whatever it is.
    let image = block(0x3000, 0x1800, "image");
    vec![
        (STACK, stack),
        (HEAP, block(0x1000, 0x200, "heap")),
        (PARAMETERS, parameters),
        (COMMAND_LINE, both("command line")),
        (ENVIRONMENT, block(0x2000, 0x100, "environment")),
        (IMAGE, image),
        (TEB, teb),
        (PEB, peb),
    ]
}

fn first_eight(place: &str) -> u64 {
    u64::from_le_bytes(word(place).as_bytes()[..8].try_into().expect("eight bytes"))
}

fn minidump(cpu: Cpu) -> Vec<u8> {
    let path = |folder: &str, name: &str| format!("C:\\{}\\{}", word(folder), word(name));
    let module = Module::new(IMAGE, 0x1000, &path("folder of a module", "module"));
    let zone =
        TimeZone { standard_name: word("standard time"), daylight_name: word("daylight time"), ..TimeZone::default() };
    let misc = MiscInfo {
        flags: 0x3f7,
        time_zone: zone,
        build: word("build"),
        debugger_build: word("build of the debugger"),
        ..MiscInfo::default()
    };
    let objects = vec![ObjectInfo { kind: 6, bytes: both("record of a handle") }];
    let handle = Handle { object_name: (*word("object of a handle")).into(), objects, ..Handle::default() };
    let mut exception = Exception { parameters: 2, ..Exception::new(7, 0xc000_0005, IMAGE + 0x210) };
    exception.information[..2].copy_from_slice(&[first_eight("exception"); 2]);
    let maps = format!("1000-2000 r--p 0 08:01 5 /{}/{}\n", word("folder of a mapped file"), word("mapped file"));
    let table = FunctionTable {
        minimum: 0x50_0000,
        maximum: 0x50_1000,
        native: both("function table"),
        entry_size: 12,
        ..FunctionTable::default()
    };
    let dump = Dump::new()
        .system_info(SystemInfo { service_pack: (*word("service pack")).into(), ..cpu.windows() })
        .thread(Thread { teb: TEB, ..Thread::new(7) }.context(context(cpu)))
        .thread_name(7, &*word("thread"))
        .module(module.code_view(rsds([7; 16], 1, &path("folder of a PDB", "PDB"))))
        .unloaded_module(UnloadedModule::new(
            0x60_0000,
            0x1000,
            &path("folder of an unloaded module", "unloaded module"),
        ))
        .exception(exception)
        .misc_info(misc)
        .handle(Handle { handle: 8, type_name: (*word("type of a handle")).into(), ..handle })
        .memory_info(MemoryInfo::new(HEAP, 0x1000))
        .thread_info(ThreadInfo { id: 7, ..ThreadInfo::default() })
        .token(Token { id: 7, handle: 4, data: both("token") })
        .function_table(table)
        .comment_a(&word("comment in ANSI"))
        .comment_w(&word("comment in UTF-16"))
        .raw(0x4767_0009, maps)
        .written(0x4350_0001, crashpad)
        .written(0x4d7a_0001, |bytes| {
            let [start, end] = [bytes.label(), bytes.label()];
            bytes.u32s(&[0x4d7a_0001, 1, 16]).location(start, end).zeros(19 * 8);
            bytes.place(start).u64s(&[1, 4]).raw(word("crash of a Mac")).u8(0).place(end);
        })
        .written(0x4d7a_0002, |bytes| {
            let text = bytes.label();
            bytes.u32s(&[0x4d7a_0002, 0]).rva64(text).place(text).string(&word("boot of a Mac"));
        })
        .written(0x4767_0002, |bytes| {
            bytes.utf16_field(&word("assertion"), 128).utf16_field("b", 256).zeros(256).u32s(&[1, 2]);
        });
    let raw = [
        (0x4767_0003, "/proc/cpuinfo"),
        (0x4767_0004, "/proc/self/status"),
        (0x4767_000b, "/proc/self/stat"),
        (0x4767_0005, "/etc/lsb-release"),
        (0x4d7a_0003, "/proc/self/limits"),
        (0x4767_0006, "/proc/self/cmdline"),
        (0x4767_0007, "/proc/self/environ"),
        (0x4767_000d, "/proc/self/fd"),
        (20, "script"),
        (23, "trace"),
        (18, "handle operations"),
        (0x1_0001, "stream of a user"),
        (0x7777_0000, "stream of nobody"),
        (0x4d7a_0004, "soft errors"),
    ];
    let dump = raw.into_iter().fold(dump, |dump, (kind, place)| match kind {
        // A list of handle operations whose head can be read.
        18 => {
            dump.raw(kind, [&[16, 0, 0, 0, 0x20, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0][..], &both(place).repeat(6)].concat())
        }
        _ => dump.raw(kind, both(place)),
    });
    memory(cpu).into_iter().fold(dump, |dump, (at, bytes)| dump.memory(at, bytes)).build()
}

fn crashpad(bytes: &mut Bytes) {
    let [start, end, modules, modules_end, info, info_end] = std::array::from_fn(|_| bytes.label());
    let [list, list_end, pairs, pairs_end, objects, objects_end] = std::array::from_fn(|_| bytes.label());
    let places = ["key", "value", "list", "pair", "object", "value of an object"];
    let [key, value, of_list, of_pair, object, of_object] = std::array::from_fn(|_| bytes.label());
    bytes.u32(1).zeros(32).location(start, end).location(modules, modules_end).zeros(12);
    bytes.place(start).u32(1).rva(key).rva(value).place(end);
    bytes.place(modules).u32(1).u32(0).location(info, info_end).place(modules_end);
    bytes.place(info).u32(1).location(list, list_end).location(pairs, pairs_end).location(objects, objects_end);
    bytes.place(info_end).place(list).u32(1).rva(of_list).place(list_end);
    bytes.place(pairs).u32(1).rva(of_pair).rva(of_pair).place(pairs_end);
    bytes.place(objects).u32(1).rva(object).u16s(&[1, 0]).rva(of_object).place(objects_end);
    for (label, place) in [key, value, of_list, of_pair, object, of_object].into_iter().zip(places) {
        let text = word(&format!("{place} of Crashpad"));
        bytes.place(label).u32(12).raw(text).u8(0);
    }
}

fn user_dump(cpu: Cpu) -> Vec<u8> {
    let dump = if cpu.word == 4 { UserDump::narrow() } else { UserDump::wide() };
    let mut event =
        UserEvent { process: 7, thread: 7, code: 0xc000_0005, address: IMAGE + 0x210, ..Default::default() };
    event.parameters = 2;
    event.information[..2].copy_from_slice(&[first_eight("exception"); 2]);
    let thread = UserThread { id: 7, teb: TEB, context: context(cpu), ..UserThread::default() };
    let path = format!("C:\\{}\\{}", word("folder of a module"), word("module"));
    let dump = dump.event(event).thread(thread).module(IMAGE, 0x1000, &path).service_pack(&word("service pack"));
    let region = |(at, bytes): (u64, Vec<u8>)| match at {
        HEAP => UserRegion::new(at, bytes),
        // Mapped, so that `w` leaves them out.
        _ => UserRegion { kind: 0x4_0000, ..UserRegion::new(at, bytes) },
    };
    memory(cpu).into_iter().map(region).fold(dump, UserDump::region).build()
}

const OPTIONS: [&str; 16] = [
    "/mr",
    "/mrR",
    "/mhr",
    "/mhrR",
    "/mur",
    "/murR",
    "/mpr",
    "/mprR",
    "/mwr",
    "/mwrR",
    "/mir",
    "/mcr",
    "/mtFryR",
    "/mdirR",
    "/mhutFpryR",
    "/mcdFhiprRtuwy",
];

/// What is found of the places is what should be.
fn compare(what: &str, source: &[u8], places: &[Place]) {
    for (place, _) in places {
        assert!(has(source, place), "{what} has nothing planted in this place: {place}");
    }
    for options in OPTIONS {
        // Once: without the rows of memory information a second pass does not know what `w` stands for.
        let out = Redumped::once(source, &options.parse().expect("the options are known")).bytes;
        let found: Vec<&str> = places.iter().map(|place| place.0).filter(|place| has(&out, place)).collect();
        let expected: Vec<&str> = places.iter().filter(|(_, stays)| stays.with(options)).map(|place| place.0).collect();
        assert_eq!(found, expected, "{what}, {options}");
    }
}

/// Parameters of a 32-bit exception are four bytes each, too few to be told from others.
fn places_of(cpu: Cpu, places: &[&[Place]]) -> Vec<Place> {
    places.concat().into_iter().filter(|place| cpu.word == 8 || place.0 != "exception").collect()
}

fn just_what_is_documented_stays_of_a_minidump() {
    for cpu in [Cpu::X86, Cpu::AMD64] {
        let places = places_of(cpu, &[&PROCESS, &RECORDS, &STREAMS]);
        compare(&format!("a minidump with pointers of {} bytes", cpu.word), &minidump(cpu), &places);
    }
}

fn just_what_is_documented_stays_of_a_full_user_dump() {
    for cpu in [Cpu::X86, Cpu::AMD64] {
        let places = places_of(cpu, &[&PROCESS, &RECORDS]);
        compare(&format!("a full user dump with pointers of {} bytes", cpu.word), &user_dump(cpu), &places);
    }
}

fn words_are_found_in_both_encodings() {
    let text = word("stack");
    for bytes in [text.as_bytes(), &utf16(&text), &text.as_bytes()[2..10], &utf16(&text)[6..14]] {
        assert!(has(&[b"...", bytes, b"..."].concat(), "stack") && !has(bytes, "heap"));
        assert!(!has(&bytes[..7], "stack"));
    }
    let all = [PROCESS.as_slice(), &RECORDS, &STREAMS].concat();
    for (at, (place, _)) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|(other, _)| !has(&both(other), place)), "{place}");
    }
}
