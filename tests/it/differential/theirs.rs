//! A dump as the `minidump` crate reads it.

use minidump::format::VS_FIXEDFILEINFO;
use minidump::{
    CodeView, Minidump, MinidumpContext, MinidumpException, MinidumpHandleDataStream, MinidumpMemory64List,
    MinidumpMemoryInfoList, MinidumpMemoryList, MinidumpMiscInfo, MinidumpModule, MinidumpModuleList, MinidumpStream,
    MinidumpSystemInfo, MinidumpThreadInfoList, MinidumpThreadList, MinidumpThreadNames, MinidumpUnloadedModuleList,
    Module, UnifiedMemoryList,
};

use super::description::{Description, Value};
use super::ours::first;
use crate::contexts::fields_of_the_peer;

pub type Peer<'a> = Minidump<'a, &'a [u8]>;

/// The peer's parsed data; a description borrows from it.
pub struct Read<'a> {
    dump: &'a Peer<'a>,
    system: Option<MinidumpSystemInfo>,
    misc: Option<MinidumpMiscInfo>,
    threads: Option<MinidumpThreadList<'a>>,
    list: Option<MinidumpMemoryList<'a>>,
    list64: Option<MinidumpMemory64List<'a>>,
    memory: UnifiedMemoryList<'a>,
}

fn stream<'a, S: MinidumpStream<'a>>(dump: &'a Peer<'a>) -> Option<S> {
    dump.get_stream::<S>().ok()
}

impl<'a> Read<'a> {
    pub fn new(dump: &'a Peer<'a>) -> Self {
        Self {
            dump,
            system: stream(dump),
            misc: stream(dump),
            threads: stream(dump),
            list: stream(dump),
            list64: stream(dump),
            memory: dump.get_memory().unwrap_or_default(),
        }
    }

    /// Describes everything that we also read.
    pub fn describe(&'a self) -> Description<'a> {
        let mut it = Description::default();
        let header = &self.dump.header;
        let fields = [
            ("flags", Value::number(header.flags)),
            ("time", Value::number(header.time_date_stamp)),
            ("checksum", Value::number(header.checksum)),
        ];
        it.add("header", "", fields);
        self.system(&mut it);
        self.misc(&mut it);
        self.threads(&mut it);
        self.modules(&mut it);
        self.ranges(&mut it);
        self.rows(&mut it);
        self.exception(&mut it);
        it
    }

    /// Up to 16 bytes from each of the addresses, each byte looked up by itself, because the peer does not read across
    /// borders.
    pub fn read_memory(&self, it: &mut Description<'_>, probes: &[u64]) {
        let at = |address: Option<u64>| {
            let range = self.memory.memory_at_address(address?)?;
            range.get_memory_at_address::<u8>(address?)
        };
        for probe in probes {
            let bytes: Vec<u8> = (0..16).map_while(|into| at(probe.checked_add(into))).collect();
            it.add("memory", format!("{probe:#x}"), [("first", first(&bytes)), ("all", Value::Read(bytes))]);
        }
    }

    fn system(&self, it: &mut Description<'_>) {
        let Some(system) = &self.system else { return };
        let raw = &system.raw;
        let fields = [
            ("architecture", Value::number(raw.processor_architecture)),
            ("level", Value::number(raw.processor_level)),
            ("revision", Value::number(raw.processor_revision)),
            ("processors", Value::number(raw.number_of_processors)),
            ("product", Value::number(raw.product_type)),
            ("version", Value::numbers(&[raw.major_version, raw.minor_version, raw.build_number])),
            ("platform", Value::number(raw.platform_id)),
            ("suite", Value::number(raw.suite_mask)),
            ("service pack", Value::text(system.csd_version().unwrap_or_default())),
            ("processor", Value::numbers(&raw.cpu.data)),
        ];
        it.add("system info", "", fields);
    }

    fn misc(&self, it: &mut Description<'_>) {
        let Some(misc) = &self.misc else { return };
        let raw = &misc.raw;
        let power = raw.processor_max_mhz().map(|max| {
            let rest = [raw.processor_current_mhz(), raw.processor_mhz_limit()];
            let idle = [raw.processor_max_idle_state(), raw.processor_current_idle_state()];
            let all: Vec<u32> = [Some(max)].into_iter().chain(rest).chain(idle).flatten().copied().collect();
            format!("{all:x?}")
        });
        let zone = raw.time_zone();
        let biases = zone.map(|zone| [zone.bias, zone.standard_bias, zone.daylight_bias]);
        // We have none if no feature is enabled.
        let xstate = raw.xstate_data().filter(|it| it.enabled_features != 0);
        let xstate = xstate.map(|it| it.iter().map(|(bit, it)| (bit, it.offset, it.size)).collect::<Vec<_>>());
        let fields = [
            ("size", Value::maybe(raw.size_of_info().copied())),
            ("flags", Value::maybe(raw.flags1().copied())),
            ("process", Value::maybe(raw.process_id().copied())),
            ("created", Value::maybe(raw.process_create_time().copied())),
            ("user time", Value::maybe(raw.process_user_time().copied())),
            ("kernel time", Value::maybe(raw.process_kernel_time().copied())),
            ("power", Value::maybe_text(power)),
            ("integrity", Value::maybe(raw.process_integrity_level().copied())),
            ("execute flags", Value::maybe(raw.process_execute_flags().copied())),
            ("protected", Value::maybe(raw.protected_process().copied())),
            ("time zone id", Value::maybe(raw.time_zone_id().copied())),
            ("time zone", Value::maybe_text(biases.map(|it| format!("{it:?}")))),
            ("standard name", Value::maybe_text(zone.map(|zone| text(&zone.standard_name)))),
            ("daylight name", Value::maybe_text(zone.map(|zone| text(&zone.daylight_name)))),
            ("build", Value::maybe_text(raw.build_string().map(|it| text(it)))),
            ("producer", Value::maybe_text(raw.dbg_bld_str().map(|it| text(it)))),
            ("xstate", Value::maybe_text(xstate.map(|it| format!("{it:x?}")))),
            ("cookie", Value::maybe(raw.process_cookie().copied())),
        ];
        it.add("misc info", "", fields);
    }

    fn threads(&'a self, it: &mut Description<'a>) {
        let names: Option<MinidumpThreadNames> = stream(self.dump);
        if names.is_some() {
            it.list("thread name");
        }
        if let Some(list) = &self.threads {
            it.list("thread");
            for thread in &list.threads {
                let raw = &thread.raw;
                let fields = [
                    ("suspended", Value::number(raw.suspend_count)),
                    ("priority", Value::numbers(&[raw.priority_class, raw.priority])),
                    ("teb", Value::number(raw.teb)),
                    ("stack start", Value::number(raw.stack.start_of_memory_range)),
                    ("stack size", Value::number(raw.stack.memory.data_size)),
                    ("stack bytes", Value::Bytes(self.stack(thread))),
                    ("name", Value::maybe_text(names.as_ref().and_then(|names| names.get_name(raw.thread_id)))),
                ];
                it.add("thread", raw.thread_id, fields);
                let context = self.system.as_ref().and_then(|system| thread.context(system, self.misc.as_ref()));
                registers(it, format!("of {}", raw.thread_id), context.as_deref());
            }
        }
        let Some(list) = stream::<MinidumpThreadInfoList>(self.dump) else { return };
        it.list("thread info");
        for info in &list.thread_infos {
            let raw = &info.raw;
            let times = [raw.create_time, raw.exit_time, raw.kernel_time, raw.user_time];
            let fields = [
                ("flags", Value::number(raw.dump_flags)),
                ("error", Value::number(raw.dump_error)),
                ("exit status", Value::number(raw.exit_status)),
                ("times", Value::numbers(&times)),
                ("start", Value::number(raw.start_address)),
                ("affinity", Value::number(raw.affinity)),
            ];
            it.add("thread info", raw.thread_id, fields);
        }
    }

    /// The peer returns the whole range that has the first address; the stack is a part of it.
    fn stack(&'a self, thread: &'a minidump::MinidumpThread<'a>) -> &'a [u8] {
        let descriptor = &thread.raw.stack;
        let memory = thread.stack_memory(&self.memory).filter(|_| descriptor.memory.data_size > 0);
        let Some(memory) = memory else { return &[] };
        let bytes = memory.bytes();
        let skip = (descriptor.start_of_memory_range - memory.base_address()) as usize;
        let end = bytes.len().min(skip + descriptor.memory.data_size as usize);
        &bytes[skip..end]
    }

    fn exception(&self, it: &mut Description<'_>) {
        let Some(exception) = stream::<MinidumpException<'_>>(self.dump) else { return };
        let record = &exception.raw.exception_record;
        let count = (record.number_parameters as usize).min(15);
        let fields = [
            ("thread", Value::number(exception.thread_id)),
            ("code", Value::number(record.exception_code)),
            ("flags", Value::number(record.exception_flags)),
            ("record", Value::number(record.exception_record)),
            ("address", Value::number(record.exception_address)),
            ("parameters", Value::numbers(&record.exception_information[..count])),
        ];
        it.add("exception", "", fields);
        let context = self.system.as_ref().and_then(|system| exception.context(system, self.misc.as_ref()));
        registers(it, "of the exception".to_owned(), context.as_deref());
    }

    fn modules(&self, it: &mut Description<'_>) {
        if let Some(list) = stream::<MinidumpModuleList>(self.dump) {
            it.list("module");
            list.iter().for_each(|module| module_fields(it, module));
        }
        let Some(list) = stream::<MinidumpUnloadedModuleList>(self.dump) else { return };
        it.list("unloaded module");
        for module in list.iter() {
            let raw = &module.raw;
            let fields = [
                ("size", Value::number(raw.size_of_image)),
                ("checksum", Value::number(raw.checksum)),
                ("time stamp", Value::number(raw.time_date_stamp)),
                ("name", Value::text(&module.name)),
            ];
            it.add("unloaded module", format!("{:#x}", raw.base_of_image), fields);
        }
    }

    fn ranges(&'a self, it: &mut Description<'a>) {
        if let Some(list) = &self.list {
            it.list("memory range");
            for range in list.iter() {
                let fields = [("size", Value::number(range.size)), ("bytes", Value::Bytes(range.bytes))];
                it.add("memory range", format!("{:#x}", range.base_address), fields);
            }
        }
        let Some(list) = &self.list64 else { return };
        it.list("64-bit range");
        for range in list.iter() {
            let fields = [("size", Value::number(range.size)), ("bytes", Value::Bytes(range.bytes))];
            it.add("64-bit range", format!("{:#x}", range.base_address), fields);
        }
    }

    fn rows(&self, it: &mut Description<'_>) {
        if let Some(list) = stream::<MinidumpMemoryInfoList<'_>>(self.dump) {
            it.list("memory info");
            for row in list.iter() {
                let raw = &row.raw;
                let fields = [
                    ("allocation base", Value::number(raw.allocation_base)),
                    ("allocation protection", Value::number(raw.allocation_protection)),
                    ("size", Value::number(raw.region_size)),
                    ("state", Value::number(raw.state)),
                    ("protection", Value::number(raw.protection)),
                    ("type", Value::number(raw._type)),
                ];
                it.add("memory info", format!("{:#x}", raw.base_address), fields);
            }
        }
        let Some(list) = stream::<MinidumpHandleDataStream>(self.dump) else { return };
        it.list("handle");
        for handle in &list.handles {
            let raw = &handle.raw;
            let number = |number: Option<&u32>| *number.expect("it is in both forms");
            let objects = handle.object_infos.iter().map(|it| (it.raw.info_type, it.raw.size_of_info));
            let fields = [
                ("type", Value::maybe_text(handle.type_name.as_ref())),
                ("name", Value::maybe_text(handle.object_name.as_ref())),
                ("access", Value::numbers(&[number(raw.attributes()), number(raw.granted_access())])),
                ("counts", Value::numbers(&[number(raw.handle_count()), number(raw.pointer_count())])),
                ("objects", Value::numbers(&objects.collect::<Vec<_>>())),
            ];
            it.add("handle", format!("{:#x}", raw.handle().expect("it is in both forms")), fields);
        }
    }
}

/// The text before the first NUL.
fn text(units: &[u16]) -> String {
    String::from_utf16_lossy(&units.iter().copied().take_while(|unit| *unit != 0).collect::<Vec<_>>())
}

fn registers(it: &mut Description<'_>, key: String, context: Option<&MinidumpContext>) {
    let Some(context) = context else { return };
    let pointers = [
        ("(instruction pointer)", context.get_instruction_pointer()),
        ("(stack pointer)", context.get_stack_pointer()),
    ];
    let pointers = pointers.map(|(name, value)| (name.to_owned(), Value::number(value)));
    let registers = fields_of_the_peer(&context.raw).into_iter().map(|(name, bits)| (name, Value::Number(bits)));
    it.add("context", key, pointers.into_iter().chain(registers));
}

fn module_fields(it: &mut Description<'_>, module: &MinidumpModule) {
    let raw = &module.raw;
    // A structure without its signature does not count.
    let version = (raw.version_info.signature == 0xFEEF_04BD).then(|| version(&raw.version_info));
    let fields = [
        ("size", Value::number(raw.size_of_image)),
        ("checksum", Value::number(raw.checksum)),
        ("time stamp", Value::number(raw.time_date_stamp)),
        ("name", Value::text(&module.name)),
        ("version", Value::maybe_text(version)),
        ("code view", Value::maybe_text(module.codeview_info.as_ref().map(code_view_text))),
        ("debug id", Value::maybe_text(module.debug_identifier().map(|id| id.breakpad().to_string()))),
        ("code id", Value::maybe_text(module.code_identifier())),
    ];
    it.add("module", format!("{:#x}", raw.base_of_image), fields);
}

fn version(it: &VS_FIXEDFILEINFO) -> String {
    let numbers = [it.file_version_hi, it.file_version_lo, it.product_version_hi, it.product_version_lo];
    let rest = [it.struct_version, it.file_flags_mask, it.file_flags, it.file_os, it.file_type, it.file_subtype];
    format!("{numbers:x?} {rest:x?} {:x?}", [it.file_date_hi, it.file_date_lo])
}

fn code_view_text(record: &CodeView) -> String {
    let path = |path: &[u8]| {
        let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
        String::from_utf8_lossy(&path[..end]).into_owned()
    };
    match record {
        CodeView::Pdb70(it) => {
            let guid = it.signature.to_string().to_uppercase().replace('-', "");
            format!("RSDS {guid} {:x} {:?}", it.age, path(&it.pdb_file_name))
        }
        CodeView::Pdb20(it) => format!("NB10 {:x} {:x} {:?}", it.signature, it.age, path(&it.pdb_file_name)),
        CodeView::Elf(it) => format!("build id {:02x?}", it.build_id),
        CodeView::Unknown(bytes) => format!("unknown {bytes:02x?}"),
    }
}
