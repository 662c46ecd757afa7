//! A sound dump that has a record of every kind, for tests that go through all of them.

use super::forms::Form;
use crate::synth::compressed::COMPRESSED_MEMORY;
use crate::synth::*;

/// Stream types for which the builder has no records.
const HANDLE_OPERATION_LIST: u32 = 18;
const SYSTEM_MEMORY_INFO: u32 = 21;
const PROCESS_VM_COUNTERS: u32 = 22;
const WINE_HOST_MODULE_LIST: u32 = 0xfff0;
const CRASHPAD_INFO: u32 = 0x4350_0001;
const LINUX_DSO_DEBUG: u32 = 0x4767_000a;
const BREAKPAD_INFO: u32 = 0x4767_0001;
const ASSERTION_INFO: u32 = 0x4767_0002;
const LINUX_CPU_INFO: u32 = 0x4767_0003;
const LINUX_PROC_STATUS: u32 = 0x4767_0004;
const LINUX_LSB_RELEASE: u32 = 0x4767_0005;
const LINUX_CMD_LINE: u32 = 0x4767_0006;
const LINUX_ENVIRON: u32 = 0x4767_0007;
const LINUX_AUXV: u32 = 0x4767_0008;
const LINUX_MAPS: u32 = 0x4767_0009;
const LINUX_PROC_STAT: u32 = 0x4767_000b;
const LINUX_PROC_UPTIME: u32 = 0x4767_000c;
const LINUX_PROC_FD: u32 = 0x4767_000d;
const MOZ_MAC_CRASH_INFO: u32 = 0x4d7a_0001;
const MOZ_MAC_BOOT_ARGS: u32 = 0x4d7a_0002;
const MOZ_LINUX_LIMITS: u32 = 0x4d7a_0003;
const MOZ_SOFT_ERRORS: u32 = 0x4d7a_0004;
/// Facebook's text streams.
const FACEBOOK: [u32; 9] = [
    0xface_1ca7,
    0xface_cafa,
    0xface_cafc,
    0xface_cafd,
    0xface_cafe,
    0xface_cb00,
    0xface_cccc,
    0xface_dead,
    0xface_e000,
];

/// The number of directory entries, including unused ones.
pub const STREAMS: u64 = 30;

/// A dump of a 32-bit process: two threads and more, three kinds of CodeView records, both memory lists, two
/// exceptions, a chain of records at a handle, and every stream that refers to other data.
pub fn everything(form: Form) -> Dump {
    streams_with_file_offsets(records(form))
}

fn records(form: Form) -> Dump {
    let zone =
        TimeZone { standard_name: "winter".to_owned(), daylight_name: "summer".to_owned(), ..Default::default() };
    let misc = MiscInfo {
        flags: 0x3f7,
        time_zone: zone,
        build: "19041".to_owned(),
        debugger_build: "synth".to_owned(),
        xstate_features: 7,
        xstate: std::array::from_fn(|index| [index as u32, 16]),
        cookie: 0x1234,
        ..MiscInfo::default()
    };
    let objects = vec![ObjectInfo { kind: 6, bytes: vec![1; 4] }, ObjectInfo { kind: 1, bytes: vec![2; 4] }];
    let handle = Handle { object_name: "\\Event".into(), objects, ..Handle::new(8, "Event") };
    let table = FunctionTable {
        minimum: 0x50_0000,
        maximum: 0x50_1000,
        base: 0x50_0000,
        native: vec![3; 8],
        entry_size: 12,
        entries: vec![4; 24],
        padding: 4,
    };
    Dump::new()
        .thread(Thread::new(7).stack(Stack::Listed(0x10_0008, 24)).context(x86_context(form, 0x10_0008)))
        .thread(Thread {
            suspend_count: 1,
            teb: 0x7ffd_e000,
            ..Thread::new(8).stack(Stack::stored(0x20_0000, [8; 16]))
        })
        .module(Module { misc: b"misc".into(), ..Module::new(0x40_0000, 0x1000, "C:\\app.exe") }.code_view(pdb70(form)))
        .module(Module::new(0xffff_ffff_9000_0000, 0x2000, "high.dll").code_view(pdb20(form)))
        .module(Module::new(0x60_0000, 0x3000, "/lib/elf.so").code_view(build_id(form)))
        .unused(1)
        .memory(0x10_0000, [1; 32])
        .memory(0xffff_ffff_8000_0000, [2; 8])
        .exception(Exception { parameters: 2, information: [5; 15], ..Exception::new(7, 0xc000_0005, 0x40_0123) })
        .exception(Exception::new(7, 0x8000_0003, 0x40_0124))
        .system_info(SystemInfo { architecture: 0, service_pack: "SP".into(), ..SystemInfo::default() })
        .thread_ex(Thread { backing_store: Stack::stored(0x21_0000, [9; 8]), ..Thread::new(9) })
        .memory64(0x30_0000, [3; 12])
        .memory64(0x30_000c, [4; 4])
        .comment_a("ansi\0")
        .comment_w("wide\0")
        .handle(handle)
        .handle(Handle::new(12, "File"))
        .function_table(table.clone())
        .function_table(table)
        .unloaded_module(UnloadedModule::new(0x70_0000, 0x1000, "gone.dll"))
        .misc_info(misc)
        .memory_info(MemoryInfo::new(0x10_0000, 0x1000))
        .memory_info(MemoryInfo::new(0xffff_ffff_8000_0000, 0x1000))
        .thread_info(ThreadInfo { id: 7, flags: 2, exit_status: 0x103, ..ThreadInfo::default() })
        .token(Token { id: 7, handle: 4, data: vec![6; 8] })
        .token(Token { id: 8, handle: 0, data: vec![] })
        .thread_name(7, "main")
        .thread_name(8, "worker")
        .raw(20, "script")
        .raw(23, "trace")
        .raw(0x1_0001, "unknown")
}

/// The streams that have to be written by hand.
fn streams_with_file_offsets(dump: Dump) -> Dump {
    dump.written(HANDLE_OPERATION_LIST, |bytes| {
        bytes.u32s(&[16, 288, 1, 0]).u64(8).u32s(&[77, 7, 1, 0, 2, 3]).u64s(&[0x40_0001; 32]);
    })
    .written(SYSTEM_MEMORY_INFO, system_memory_info)
    .written(PROCESS_VM_COUNTERS, |bytes| {
        bytes.u16s(&[2, 31]).u32(1).u64s(&std::array::from_fn::<_, 18, _>(|index| 100 + index as u64));
    })
    .written(WINE_HOST_MODULE_LIST, |bytes| {
        let name = bytes.label();
        bytes.u32(1).u64(0x7b00_0000).u32s(&[0x1000, 0, 0]).rva(name).zeros(84).place(name).string("/lib/host.so");
    })
    .written(CRASHPAD_INFO, crashpad_info)
    .written(LINUX_DSO_DEBUG, |bytes| {
        let [map, name] = [bytes.label(), bytes.label()];
        bytes
            .u32(1)
            .rva(map)
            .u32s(&[1, 2, 3, 4])
            .place(map)
            .u32(0x6000)
            .rva(name)
            .u32(0x6100)
            .place(name)
            .string("/so");
    })
    .written(MOZ_MAC_CRASH_INFO, |bytes| {
        let [start, end] = [bytes.label(), bytes.label()];
        bytes.u32s(&[MOZ_MAC_CRASH_INFO, 1, 16]).location(start, end).zeros(19 * 8);
        bytes.place(start).u64s(&[1, 4]).raw("path\0").place(end);
    })
    .written(MOZ_MAC_BOOT_ARGS, |bytes| {
        let text = bytes.label();
        bytes.u32s(&[MOZ_MAC_BOOT_ARGS, 0]).rva64(text).place(text).string("-v");
    })
}

fn system_memory_info(bytes: &mut Bytes) {
    bytes.u16s(&[1, 63]).u32s(&[1, 2, 3, 4, 5, 6]).u64s(&[7, 8, 9]).u32(10);
    bytes.u64s(&[11, 12]).u32(13).u64s(&[14, 15, 16, 17]).u32s(&[18, 19]);
    bytes.u64s(&[20, 21, 22, 23]);
    bytes.u64s(&[24, 25, 26, 27]).u32s(&[28; 70]).u64s(&[29, 30, 31, 32]);
    bytes.u64s(&[33, 34, 35, 36]);
}

/// One annotation of the program, and one module with a list, a dictionary and an annotation of each kind.
fn crashpad_info(bytes: &mut Bytes) {
    let [program, program_end, links, links_end, info, info_end] = std::array::from_fn(|_| bytes.label());
    let [list, list_end, objects, objects_end, key, value] = std::array::from_fn(|_| bytes.label());
    bytes.u32(1).zeros(32).location(program, program_end).location(links, links_end).u32(0).u64(0xff);
    bytes.place(program).u32(1).rva(key).rva(value).place(program_end);
    bytes.place(links).u32(1).u32(0).location(info, info_end).place(links_end);
    bytes.place(info).u32(1).location(list, list_end).location(program, program_end).location(objects, objects_end);
    bytes.place(info_end);
    bytes.place(list).u32(1).rva(value).place(list_end);
    bytes.place(objects).u32(1).rva(key).u16s(&[1, 0]).rva(value).place(objects_end);
    bytes.place(key).u32(3).raw("key\0").place(value).u32(5).raw("value\0");
}

/// Flags, Ebp, Eip and Esp of an x86 context of 716 bytes.
pub fn x86_context(form: Form, stack_pointer: u32) -> Vec<u8> {
    form.record(|bytes| {
        bytes.u32(0x1_003f).zeros(176).u32s(&[stack_pointer + 8, 0x40_0123]).zeros(8).u32(stack_pointer).zeros(516);
    })
}

/// An `RSDS` record in the byte order of the form.
pub fn pdb70(form: Form) -> Vec<u8> {
    form.record(|bytes| {
        bytes.u32(0x5344_5352).u32(0x0102_0304).u16s(&[0x0506, 0x0708]).raw([9, 10, 11, 12, 13, 14, 15, 16]);
        bytes.u32(3).raw("app.pdb\0");
    })
}

/// An `NB10` record in the byte order of the form.
pub fn pdb20(form: Form) -> Vec<u8> {
    form.record(|bytes| {
        bytes.u32s(&[0x3031_424e, 0, 0x3b00_0001, 2]).raw("high.pdb\0");
    })
}

/// An ELF build ID in the byte order of the form; the ID itself is bytes.
pub fn build_id(form: Form) -> Vec<u8> {
    form.record(|bytes| {
        bytes.u32(0x4270_454c).raw((1..=20).collect::<Vec<u8>>());
    })
}

const MAPS: &str = "400d9000-400db000 r-xp 00000000 b3:04 227        /system/bin/app process\n\
                    400dc000-400dd000 rw-p 00000000 00:00 0 \n400de000-400df0";

/// [`everything`], and the streams of other producers that do not refer to other data.
pub fn everything_of_all_producers(form: Form) -> Dump {
    let texts = everything(form)
        .raw(LINUX_CPU_INFO, "processor\t: 0\nflags: a\n\nprocessor\t: 1\n")
        .raw(LINUX_PROC_STATUS, "Name:\tapp\nPid:\t42\n")
        .raw(LINUX_LSB_RELEASE, "DISTRIB_ID=\"Example\"\n")
        .raw(LINUX_CMD_LINE, "/usr/bin/app\0--flag\0")
        .raw(LINUX_ENVIRON, "LANG=C\0A=b\0")
        .raw(LINUX_MAPS, MAPS)
        .raw(LINUX_PROC_STAT, "42 (app) S\n")
        .raw(LINUX_PROC_UPTIME, "1.5 2.5\n")
        .raw(LINUX_PROC_FD, "0 /dev/null\n")
        .raw(MOZ_LINUX_LIMITS, "Max open files            1024                 4096                 files\n")
        .raw(MOZ_SOFT_ERRORS, "[]");
    let texts = FACEBOOK.iter().fold(texts, |dump, &kind| dump.raw(kind, "a text\0"));
    texts
        .written(BREAKPAD_INFO, |bytes| {
            bytes.u32s(&[3, 7, 8]);
        })
        .written(ASSERTION_INFO, |bytes| {
            bytes.utf16_field("a", 128).utf16_field("b", 256).u32s(&[1, 2]);
        })
        .written(LINUX_AUXV, |bytes| {
            bytes.u32s(&[6, 4096, 3, 0x40_0000, 0, 0]);
        })
        .written(COMPRESSED_MEMORY, |bytes| {
            // No regions and no buckets, because there are memory lists.
            bytes.u32s(&[192, 2]).u64(u64::from_le_bytes(*b"!!pmdz!!")).zeros(128).u32(1).zeros(44);
        })
}
