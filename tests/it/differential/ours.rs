//! A dump as this crate reads it.

use userdump::Minidump;
use userdump::format::Guid;
use userdump::format::module::FixedFileInfo;
use userdump::read::handle::HandleData;
use userdump::read::memory::{Memory64List, MemoryInfoList, MemoryList};
use userdump::read::module::{CodeView, UnloadedModuleList};
use userdump::read::system::MiscInfo;
use userdump::read::thread::{ThreadInfoList, ThreadNames};
use userdump::read::{ByteOrder, Context, FromStream, Module, ModuleList, SystemInfo, ThreadList};

use super::description::{Description, Value};

/// Describes everything that the peer also reads.
pub fn describe<'a>(dump: &Minidump<'a>) -> Description<'a> {
    let mut it = Description::default();
    let header = dump.header();
    let fields = [
        ("flags", Value::number(dump.flags().bits())),
        ("time", Value::number(header.time_date_stamp)),
        ("checksum", Value::number(header.check_sum)),
    ];
    it.add("header", "", fields);
    system(&mut it, dump);
    misc(&mut it, dump);
    threads(&mut it, dump);
    modules(&mut it, dump);
    ranges(&mut it, dump);
    rows(&mut it, dump);
    exception(&mut it, dump);
    it
}

/// The addresses around the borders of all ranges, where memory is read.
pub fn probes(dump: &Minidump<'_>) -> Vec<u64> {
    let list = view::<MemoryList<'_>>(dump).into_iter().flatten();
    let list64 = view::<Memory64List<'_>>(dump).into_iter().flatten();
    let borders = list.chain(list64).flat_map(|range| {
        let last = range.address.wrapping_add(range.size.saturating_sub(1));
        [range.address.wrapping_sub(1), range.address, last.wrapping_sub(7), last, last.wrapping_add(1)]
    });
    let mut borders: Vec<u64> = borders.collect();
    borders.sort_unstable();
    borders.dedup();
    borders
}

/// Up to 16 bytes from each of the addresses.
pub fn read_memory(it: &mut Description<'_>, dump: &Minidump<'_>, probes: &[u64]) {
    let memory = dump.memory();
    for probe in probes {
        let mut bytes = vec![0; 16];
        let read = memory.read(*probe, &mut bytes);
        bytes.truncate(read);
        it.add("memory", format!("{probe:#x}"), [("first", first(&bytes)), ("all", Value::Read(bytes))]);
    }
}

pub fn first(bytes: &[u8]) -> Value<'static> {
    Value::maybe(bytes.first().copied())
}

fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> Option<T> {
    dump.stream().ok().flatten()
}

fn system(it: &mut Description<'_>, dump: &Minidump<'_>) {
    let Some(system) = view::<SystemInfo<'_>>(dump) else { return };
    let raw = system.raw();
    let csd = system.csd_version().ok().flatten().map(|text| text.to_string_lossy());
    let fields = [
        ("architecture", Value::number(raw.processor_architecture.0)),
        ("level", Value::number(raw.processor_level)),
        ("revision", Value::number(raw.processor_revision)),
        ("processors", Value::number(raw.number_of_processors)),
        ("product", Value::number(raw.product_type)),
        ("version", Value::numbers(&[raw.major_version, raw.minor_version, raw.build_number])),
        ("platform", Value::number(raw.platform_id.0)),
        ("suite", Value::number(raw.suite_mask)),
        ("service pack", Value::text(csd.unwrap_or_default())),
        ("processor", Value::numbers(&raw.cpu)),
    ];
    it.add("system info", "", fields);
}

fn misc(it: &mut Description<'_>, dump: &Minidump<'_>) {
    let Some(misc) = view::<MiscInfo<'_>>(dump) else { return };
    let power = misc.processor_power();
    let power = power.map(|it| [it.max_mhz, it.current_mhz, it.mhz_limit, it.max_idle_state, it.current_idle_state]);
    let zone = misc.time_zone().map(|zone| [zone.bias, zone.standard_bias, zone.daylight_bias]);
    let xstate = misc.xstate().map(|it| {
        let enabled = (0..64).filter(|bit| it.enabled_features >> bit & 1 == 1);
        enabled.map(|bit| (bit, it.features[bit].offset, it.features[bit].size)).collect::<Vec<_>>()
    });
    let fields = [
        ("size", Value::number(misc.raw().misc_info4.misc_info3.misc_info2.misc_info.size_of_info)),
        ("flags", Value::number(misc.flags().bits())),
        ("process", Value::maybe(misc.process_id())),
        ("created", Value::maybe(misc.process_create_time())),
        ("user time", Value::maybe(misc.process_user_time())),
        ("kernel time", Value::maybe(misc.process_kernel_time())),
        ("power", Value::maybe_text(power.map(|it| format!("{it:x?}")))),
        ("integrity", Value::maybe(misc.process_integrity_level())),
        ("execute flags", Value::maybe(misc.process_execute_flags())),
        ("protected", Value::maybe(misc.protected_process())),
        ("time zone id", Value::maybe(misc.time_zone_id())),
        ("time zone", Value::maybe_text(zone.map(|it| format!("{it:?}")))),
        ("standard name", Value::maybe_text(misc.standard_name())),
        ("daylight name", Value::maybe_text(misc.daylight_name())),
        ("build", Value::maybe_text(misc.build_string())),
        ("producer", Value::maybe_text(misc.debug_build_string())),
        ("xstate", Value::maybe_text(xstate.map(|it| format!("{it:x?}")))),
        ("cookie", Value::maybe(misc.process_cookie())),
    ];
    it.add("misc info", "", fields);
}

fn threads<'a>(it: &mut Description<'a>, dump: &Minidump<'a>) {
    let names = view::<ThreadNames<'a>>(dump);
    if names.is_some() {
        it.list("thread name");
    }
    if let Some(list) = view::<ThreadList<'a>>(dump) {
        it.list("thread");
        for thread in list {
            let raw = thread.raw();
            let stack = dump.stack(&thread).ok().flatten().map_or([].as_slice(), |stack| stack.bytes().unwrap());
            let name = names.and_then(|names| names.by_id(thread.id())?.name().ok());
            let fields = [
                ("suspended", Value::number(raw.suspend_count)),
                ("priority", Value::numbers(&[raw.priority_class, raw.priority])),
                ("teb", Value::number(thread.teb())),
                ("stack start", Value::number(raw.stack.start_of_memory_range)),
                ("stack size", Value::number(raw.stack.memory.data_size)),
                ("stack bytes", Value::Bytes(stack)),
                ("name", Value::maybe_text(name.map(|name| name.to_string_lossy()))),
            ];
            it.add("thread", thread.id(), fields);
            context(it, format!("of {}", thread.id()), thread.context().ok().flatten());
        }
    }
    let Some(list) = view::<ThreadInfoList<'a>>(dump) else { return };
    it.list("thread info");
    for info in list {
        let raw = info.raw();
        let times = [raw.create_time, raw.exit_time, raw.kernel_time, raw.user_time];
        let fields = [
            ("flags", Value::number(info.flags().bits())),
            ("error", Value::number(raw.dump_error)),
            ("exit status", Value::number(raw.exit_status)),
            ("times", Value::numbers(&times)),
            ("start", Value::number(raw.start_address)),
            ("affinity", Value::number(raw.affinity)),
        ];
        it.add("thread info", info.id(), fields);
    }
}

fn context(it: &mut Description<'_>, key: String, context: Option<Context<'_>>) {
    // A record without a known layout has no registers.
    let Some(context) = context.filter(|context| context.instruction_pointer().is_some()) else { return };
    let pointers =
        [("(instruction pointer)", context.instruction_pointer()), ("(stack pointer)", context.stack_pointer())];
    let pointers = pointers.map(|(name, value)| (name, Value::maybe(value)));
    let registers = context.registers().map(|register| (register.name, Value::Number(register.value.bits())));
    it.add("context", key, pointers.into_iter().chain(registers));
}

fn exception(it: &mut Description<'_>, dump: &Minidump<'_>) {
    let Some(Ok(exception)) = dump.exceptions().next() else { return };
    let record = exception.raw().exception_record;
    let fields = [
        ("thread", Value::number(exception.thread_id())),
        ("code", Value::number(exception.code())),
        ("flags", Value::number(record.exception_flags)),
        ("record", Value::number(record.exception_record)),
        ("address", Value::number(exception.address())),
        ("parameters", Value::numbers(exception.parameters())),
    ];
    it.add("exception", "", fields);
    context(it, "of the exception".to_owned(), exception.context().ok().flatten());
}

fn modules<'a>(it: &mut Description<'a>, dump: &Minidump<'a>) {
    if let Some(list) = view::<ModuleList<'a>>(dump) {
        it.list("module");
        for module in list {
            module_fields(it, dump, &module);
        }
    }
    let Some(list) = view::<UnloadedModuleList<'a>>(dump) else { return };
    it.list("unloaded module");
    for module in list {
        let raw = module.raw();
        let fields = [
            ("size", Value::number(raw.size_of_image)),
            ("checksum", Value::number(raw.check_sum)),
            ("time stamp", Value::number(raw.time_date_stamp)),
            ("name", Value::maybe_text(module.name().ok().map(|name| name.to_string_lossy()))),
        ];
        it.add("unloaded module", format!("{:#x}", raw.base_of_image), fields);
    }
}

fn module_fields<'a>(it: &mut Description<'a>, dump: &Minidump<'a>, module: &Module<'a>) {
    let raw = module.raw();
    let code_view = module.code_view().ok().flatten();
    let version = module.version().map(version);
    let fields = [
        ("size", Value::number(module.size())),
        ("checksum", Value::number(raw.check_sum)),
        ("time stamp", Value::number(raw.time_date_stamp)),
        ("name", Value::maybe_text(module.name().ok().map(|name| name.to_string_lossy()))),
        ("version", Value::maybe_text(version)),
        ("code view", Value::maybe_text(code_view.map(|it| code_view_text(&it)))),
        ("debug id", Value::maybe_text(code_view.and_then(|it| debug_id(&it, dump.byte_order())))),
        ("code id", Value::maybe_text(code_id(dump, module, code_view))),
    ];
    it.add("module", format!("{:#x}", module.base()), fields);
}

fn version(it: &FixedFileInfo) -> String {
    let numbers = [it.file_version_ms, it.file_version_ls, it.product_version_ms, it.product_version_ls];
    let rest = [it.struc_version, it.file_flags_mask, it.file_flags, it.file_os, it.file_type, it.file_subtype];
    format!("{numbers:x?} {rest:x?} {:x?}", [it.file_date_ms, it.file_date_ls])
}

fn code_view_text(record: &CodeView<'_>) -> String {
    match record {
        CodeView::Pdb70 { header, path } => {
            format!("RSDS {} {:x} {:?}", guid(&header.signature), header.age, String::from_utf8_lossy(path))
        }
        CodeView::Pdb20 { header, path } => {
            format!("NB10 {:x} {:x} {:?}", header.signature, header.age, String::from_utf8_lossy(path))
        }
        CodeView::ElfBuildId(id) => format!("build id {id:02x?}"),
        CodeView::Unknown(bytes) => format!("unknown {bytes:02x?}"),
        other => panic!("{other:?} is not known here"),
    }
}

fn guid(it: &Guid) -> String {
    let tail: String = it.data4.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{:08X}{:04X}{:04X}{tail}", it.data1, it.data2, it.data3)
}

/// The ID for symbol lookup, as in Breakpad: the GUID and the age without a gap; for a build ID the first 16 bytes as a
/// GUID.
fn debug_id(record: &CodeView<'_>, order: ByteOrder) -> Option<String> {
    match record {
        CodeView::Pdb70 { header, .. } => {
            let id = guid(&header.signature);
            id.bytes().any(|digit| digit != b'0').then(|| format!("{id}{:x}", header.age))
        }
        CodeView::Pdb20 { header, .. } => Some(format!("{:08X}{:x}", header.signature, header.age)),
        CodeView::ElfBuildId(id) if id.iter().any(|byte| *byte != 0) => {
            let mut first: Vec<u8> = id.iter().copied().chain([0; 16]).take(16).collect();
            if order == ByteOrder::Little {
                first[..4].reverse();
                first[4..6].reverse();
                first[6..8].reverse();
            }
            Some(first.iter().map(|byte| format!("{byte:02X}")).collect::<String>() + "0")
        }
        _ => None,
    }
}

/// The ID for file lookup: time stamp and size for Windows, the build ID for others.
fn code_id(dump: &Minidump<'_>, module: &Module<'_>, record: Option<CodeView<'_>>) -> Option<String> {
    let apple = dump.target().platform.is_some_and(|platform| [0x8101, 0x8102].contains(&platform.0));
    let stamp = || format!("{:08x}{:x}", module.raw().time_date_stamp, module.size());
    match record {
        Some(CodeView::Pdb70 { header, .. }) if apple => Some(guid(&header.signature).to_lowercase()),
        Some(CodeView::Pdb70 { .. } | CodeView::Pdb20 { .. }) => Some(stamp()),
        Some(CodeView::ElfBuildId(id)) if id.iter().any(|byte| *byte != 0) => {
            Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        None if dump.target().is_windows() => Some(stamp()),
        _ => None,
    }
}

fn ranges<'a>(it: &mut Description<'a>, dump: &Minidump<'a>) {
    let mut add = |kind, ranges: &mut dyn Iterator<Item = userdump::read::MemoryRange<'a>>| {
        it.list(kind);
        for range in ranges {
            let fields = [("size", Value::number(range.size)), ("bytes", Value::Bytes(range.bytes().unwrap()))];
            it.add(kind, format!("{:#x}", range.address), fields);
        }
    };
    if let Some(list) = view::<MemoryList<'a>>(dump) {
        add("memory range", &mut list.iter());
    }
    if let Some(list) = view::<Memory64List<'a>>(dump) {
        add("64-bit range", &mut list.iter());
    }
}

fn rows<'a>(it: &mut Description<'a>, dump: &Minidump<'a>) {
    if let Some(list) = view::<MemoryInfoList<'a>>(dump) {
        it.list("memory info");
        for row in list {
            let raw = row.raw();
            let fields = [
                ("allocation base", Value::number(raw.allocation_base)),
                ("allocation protection", Value::number(raw.allocation_protect)),
                ("size", Value::number(row.size())),
                ("state", Value::number(row.state().bits())),
                ("protection", Value::number(row.protection().bits())),
                ("type", Value::number(row.memory_type().bits())),
            ];
            it.add("memory info", format!("{:#x}", row.base()), fields);
        }
    }
    let Some(list) = view::<HandleData<'a>>(dump) else { return };
    it.list("handle");
    for handle in list {
        let raw = &handle.raw().descriptor;
        let text = |name: Result<Option<userdump::read::text::Utf16<'_>>, _>| {
            Value::maybe_text(name.ok().flatten().map(|name| name.to_string_lossy()))
        };
        let objects = handle.object_information().flatten().map(|it| (it.raw.info_type.0, it.raw.size_of_info));
        let fields = [
            ("type", text(handle.type_name())),
            ("name", text(handle.object_name())),
            ("access", Value::numbers(&[raw.attributes, raw.granted_access])),
            ("counts", Value::numbers(&[raw.handle_count, raw.pointer_count])),
            ("objects", Value::numbers(&objects.collect::<Vec<_>>())),
        ];
        it.add("handle", format!("{:#x}", handle.value()), fields);
    }
}
