//! A minidump with every record and every stream.

use super::process::{HEAP, IMAGE, SECTIONS, TEB, UNWIND, context, memory, parameters, path};
use super::producers::with_streams;
use crate::support::cpu::{Cpu, put};
use crate::synth::*;
use userdump_walk::words::{all, four, within, word, words_of_4, words_of_8};

/// A string whose size includes a NUL and what follows it.
pub fn with_nul(text: &str, behind: &str) -> Text {
    let units: Vec<u16> = format!("{text}\0{}", word(behind)).encode_utf16().collect();
    Text::Units(2 * units.len() as u32, units)
}

pub fn build(cpu: Cpu) -> Vec<u8> {
    let dump = with_streams(modules(handles(records(cpu))), cpu);
    let dump = dump.raw(0, all("unused directory entry"));
    let dump = memory(cpu).into_iter().fold(dump, |dump, (at, bytes)| dump.memory(at, bytes));
    let dump = if cpu.word == 8 { dump.memory(UNWIND, unwind_data()) } else { dump };
    [dump.build(), all("end of the file")].concat()
}

/// Version 1, with as many codes as fit the words.
fn unwind_data() -> Vec<u8> {
    let codes = all("unwind data of a function table");
    [&[1, 0, (codes.len() / 2) as u8, 0], codes.as_slice()].concat()
}

/// System, process, threads, the exception, regions.
fn records(cpu: Cpu) -> Dump {
    let mut system =
        SystemInfo { service_pack: with_nul(&word("service pack"), "after the service pack"), ..cpu.windows() };
    // For AMD64, Windows uses 16 bytes; for x86 the union has no unused bytes except AMD's word, which is removed too.
    system.cpu[if cpu.word == 4 { 20 } else { 16 }..][..4]
        .copy_from_slice(&four("after the processor information").to_le_bytes());
    let exception = Exception {
        parameters: 2,
        information: parameters(cpu),
        alignment: [four("padding of the exception"); 2],
        ..Exception::new(7, 0xc000_0005, IMAGE + 0x210)
    };
    let region = MemoryInfo { alignment: [four("padding of a region"); 2], ..MemoryInfo::new(HEAP, 0x1000) };
    let thread = Thread { teb: TEB, ..Thread::new(7) }.context(context(cpu));
    let failed = ThreadInfo {
        id: 8,
        flags: 1,
        times: words_of_8("times of a thread that could not be examined"),
        ..ThreadInfo::default()
    };
    let dump = Dump::new()
        .system_info(system)
        .misc_info(misc_info())
        .thread(thread)
        .exception(exception)
        .memory_info(region)
        .thread_info(ThreadInfo { id: 7, error: four("error of a thread without an error"), ..ThreadInfo::default() })
        .thread_info(failed)
        .thread_name(7, with_nul(&word("thread"), "after the name of a thread"));
    if cpu.word == 8 { dump.thread(Thread::new(8).context(extended(cpu))) } else { dump }
}

fn misc_info() -> MiscInfo {
    let and = |text: &str, behind: &str| format!("{}\0{}", word(text), word(behind));
    let time_zone = TimeZone {
        standard_name: and("name of the time zone", "after the name of the time zone"),
        daylight_name: and("name of daylight saving time", "after the name of daylight saving time"),
        ..TimeZone::default()
    };
    // All flags except the one for the processor speeds.
    let mut misc = MiscInfo { flags: 0x3f3, time_zone, xstate_context_size: 1680, ..MiscInfo::default() };
    misc.power = words_of_4("MiscInfo field whose flag is clear");
    misc.build = and("build of the system", "after the build of the system");
    misc.debugger_build = and("build of the debugger", "after the build of the debugger");
    misc.xstate_features = 0x27;
    misc.xstate[2] = [576, 256];
    misc.xstate[5] = [832, 64];
    misc.xstate[40] = words_of_4("MiscInfo entry without an extended register");
    misc
}

/// A context with AVX registers and room for masks, which are not present.
fn extended(cpu: Cpu) -> Vec<u8> {
    let mut record = cpu.context(0, 0);
    put(&mut record, cpu.flags_at, &0x10_005fu32.to_le_bytes());
    record.resize(1680, 0);
    // Relative offsets and sizes: the whole record, the fixed part, the chunk.
    let parts = [-1232, 1680, -1232, 1232, 64, 384].map(i32::to_le_bytes);
    put(&mut record, 1232, parts.as_flattened());
    put(&mut record, 1256, &within("gap in the extended state", 40));
    // AVX is present.
    put(&mut record, 1296, &4u64.to_le_bytes());
    put(&mut record, 1296 + 64, &all("extended registers"));
    put(&mut record, 1296 + 320, &within("extended registers that are not present", 64));
    record
}

fn modules(dump: Dump) -> Dump {
    let mut pdb = rsds([7; 16], 1, &path("folder of a PDB", "PDB"));
    // The user's folder in a module; the other places of the name are in `producers`.
    let user = |root: &str, place: &str| format!("{root}{}\\app\\b.dll", word(place));
    let of_user = Module::new(0x62_0000, 0x1000, &user("C:\\Users\\", "user name after Users"));
    let home = Module::new(0x64_0000, 0x1000, &user("/home/", "user name after home").replace('\\', "/"));
    pdb.extend(all("after the name of a PDB"));
    let name = word("debug file");
    let mut misc = [&1u32.to_le_bytes(), &12u32.to_le_bytes(), &[0; 4], name.as_bytes(), &[0]].concat();
    misc.extend(all("after the name of a debug file"));
    let size = misc.len() as u32;
    put(&mut misc, 4, &size.to_le_bytes());
    let module = Module {
        name: with_nul(&path("folder of a module", "module"), "after the name of a module"),
        misc: misc.into(),
        reserved: words_of_8("reserved fields of a module"),
        ..Module::new(IMAGE, 0x1000, "")
    };
    let other = Module {
        version: words_of_4("version of a module without its signature"),
        ..Module::new(SECTIONS, 0x4000, "coreclr.dll")
    };
    let unloaded = UnloadedModule {
        name: with_nul(
            &path("folder of an unloaded module", "unloaded module"),
            "after the name of an unloaded module",
        ),
        ..UnloadedModule::new(0x60_0000, 0x1000, "")
    };
    let source = format!("C:\\src\\{}\\b.pdb", word("user name after Users"));
    let dump = dump.module(of_user.code_view(rsds([8; 16], 1, &source))).module(home);
    dump.module(module.code_view(pdb)).module(other).unloaded_module(unloaded)
}

fn handles(dump: Dump) -> Dump {
    let objects = vec![ObjectInfo { kind: 6, bytes: all("record of a handle") }];
    let handle = Handle {
        handle: 8,
        type_name: (*word("type of a handle")).into(),
        object_name: with_nul(&word("object of a handle"), "after the object of a handle"),
        objects,
        reserved: four("reserved field of a handle"),
        ..Handle::default()
    };
    dump.handle(handle)
}

const VDSO: u64 = 0x77f0_0000;

/// A minidump of LLDB, which fills most of the system information with the contents of its stack.
pub fn of_lldb(cpu: Cpu) -> Vec<u8> {
    let [major, minor, build] = words_of_4("unused part of LLDB's system information");
    // LLDB has a layout for AMD64; for x86 it has none, and names the writer of the file.
    let context = if cpu.word == 8 { vec![0; 736] } else { vec![0; cpu.size] };
    let dump = Dump::new().system_info(SystemInfo { major, minor, build, ..cpu.linux() });
    let dump = dump.thread(Thread::new(7).context(context));
    // No letter selects it by itself; on Linux it is the address of memory that could not be accessed.
    let region = MemoryInfo { kind: 0x4_0000, ..MemoryInfo::new(HEAP, 0x1000) };
    let mut heap = vec![0; 0x1000];
    let place = within("memory at the address of an exception", 72);
    put(&mut heap, 0x800, &place);
    // Its description of the stop replaces the parameters.
    let text = [b"signal SIGSEGV: ".to_vec(), within("LLDB stop description", 104)].concat();
    let text = text.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")));
    let mut exception = Exception { flags: 0x4c4c_4442, parameters: 1, ..Exception::new(7, 11, HEAP + 0x810) };
    exception.information.iter_mut().zip(text).for_each(|(parameter, word)| *parameter = word);
    let dump = dump.memory_info(region).memory(HEAP, heap).exception(exception);
    let image = [b"\x7fELF".to_vec(), all("vDSO image of Linux")].concat();
    let maps = format!("{VDSO:x}-{:x} r-xp 00000000 00:00 0 [vdso]\n", VDSO + 0x1000);
    let dump = dump.memory(VDSO, image).raw(0x4767_0009, maps);
    if cpu.word == 8 { dump.build() } else { dump.raw(0x4c4c_4442, all("stream added by a program")).build() }
}

/// A minidump of Wine: its own information and that of the host system.
pub fn of_wine(cpu: Cpu) -> Vec<u8> {
    let [build, system] = ["wine-8.0\0".to_owned(), "Linux\0".to_owned()];
    let release = word("Wine data after the system information") + "\0";
    let at = [16, 16 + build.len(), 16 + build.len() + system.len()].map(|at| at as u32);
    let architecture = cpu.architecture;
    let dump = Dump::new().shape(7, Shape::usual().data_size(56)).written(7, move |bytes| {
        bytes.u16(architecture).zeros(18).u32(2).zeros(32).raw("WINE").u32s(&[3]).u32s(&at);
        bytes.raw(build.clone()).raw(system.clone()).raw(release.clone());
    });
    dump.thread(Thread::new(7).context(vec![0; cpu.size])).build()
}
