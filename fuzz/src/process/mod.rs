//! Processes from which dumps are made, in the terms of both builders. A fuzzer's bytes describe them.

mod parts;

use arbitrary::Arbitrary;
use userdump::format;
use userdump::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64};
use userdump::format::handle::{HandleDescriptor, HandleDescriptor2};
use userdump::format::{
    ExceptionRecord, LocationDescriptor, MemoryDescriptor, MinidumpType, PlatformId, RvaWidth, StreamType,
};
use userdump::write::{MemoryRange, PartId, Text};
use userdump::{FullUserDumpBuilder, MinidumpBuilder};

pub use parts::{Address, Contents, Context, Machine};

/// Stream types without a method in the builder. The last one is unknown.
const KINDS: [u32; 16] = [
    10,
    13,
    19,
    21,
    22,
    23,
    0x8001,
    0x4767_0003,
    0x4767_0005,
    0x4767_0008,
    0x4767_0009,
    0x4767_000a,
    0x4350_0001,
    0x4d7a_0001,
    0x4d7a_0003,
    0x1_0000,
];

/// All data for a dump.
#[derive(Arbitrary, Debug)]
pub struct Process {
    pub machine: Machine,
    pub flags: u64,
    pub time: u32,
    pub system: Option<(u32, Number)>,
    /// Any code units.
    pub texts: Vec<Vec<u16>>,
    pub records: Vec<Vec<u8>>,
    pub contents: Vec<Contents>,
    pub threads: Vec<Thread>,
    pub modules: Vec<Module>,
    pub unloaded: Vec<(Address, u16, Option<Number>)>,
    pub handles: Vec<(u64, Option<Number>, Option<Number>)>,
    pub exceptions: Vec<Exception>,
    pub comments: Vec<Number>,
    pub raw: Vec<(u8, Number)>,
    /// For a raw stream: the index of the stream to which it points, and the offset of the pointer.
    pub references: Vec<(u8, u8, u16, bool)>,
    pub memory: Vec<(Address, Number)>,
    pub memory64: Vec<(Address, Number)>,
    pub regions: Vec<Region>,
}

/// The index of a string, a record or contents in their pool; if the pool has no such entry, it is empty.
pub type Number = u8;

#[derive(Arbitrary, Debug)]
pub struct Thread {
    pub id: u8,
    pub teb: Address,
    pub stack: (Address, u8),
    pub context: Option<Context>,
    pub name: Option<Number>,
    pub info: Option<(u32, u64)>,
    pub priority: u32,
}

#[derive(Arbitrary, Debug)]
pub struct Module {
    pub base: Address,
    pub size: u16,
    pub stamp: u32,
    pub name: Option<Number>,
    pub code_view: Option<Number>,
    pub misc: Option<Number>,
}

#[derive(Arbitrary, Debug)]
pub struct Exception {
    pub thread: u8,
    pub code: u32,
    pub address: Address,
    pub parameters: u8,
    pub information: Address,
    pub context: Option<Context>,
}

#[derive(Arbitrary, Debug)]
pub struct Region {
    pub base: Address,
    pub size: u16,
    pub state: u8,
    pub protect: u16,
    pub kind: u8,
}

impl Process {
    pub fn text(&self, number: Number) -> &[u16] {
        self.texts.get(usize::from(number)).map_or(&[], Vec::as_slice)
    }

    pub fn record(&self, number: Number) -> &[u8] {
        self.records.get(usize::from(number)).map_or(&[], Vec::as_slice)
    }

    pub fn bytes(&self, number: Number) -> Vec<u8> {
        self.contents.get(usize::from(number)).map_or_else(Vec::new, |contents| contents.bytes(self.machine))
    }

    /// Plants a secret on the stack of each thread. The stack is in the thread's descriptor and, if `blocks` are
    /// requested or the thread ID is odd, in its environment block. One secret is planted where no reference leads.
    pub fn plant_secrets(&mut self, blocks: bool) {
        let mut planted = vec![(Address(0x7c_3000), Contents::Secret { before: 0, words: Vec::new() })];
        for thread in self.threads.iter_mut().take(32) {
            let words = self.modules.iter().map(|module| module.base).take(4).collect();
            let secret = Contents::Secret { before: thread.id & 0x3f, words };
            let size = secret.bytes(self.machine).len() as u8;
            let start = thread.stack.0;
            thread.stack.1 = size;
            if blocks || thread.id & 1 == 1 {
                // An exception list, followed by both ends of the stack.
                let words = vec![Address(0), Address(start.0.wrapping_add(size.into())), start];
                planted.push((thread.teb, Contents::Pointers { words, room: 0 }));
            }
            planted.push((start, secret));
        }
        for (number, (address, contents)) in (self.contents.len()..).zip(planted) {
            let Ok(number) = Number::try_from(number) else { return };
            self.contents.push(contents);
            self.memory.insert(0, (address, number));
        }
    }

    /// Removes the secrets from memory; returns false if there are none.
    pub fn forget_secrets(&mut self) -> bool {
        let secrets = self.contents.iter_mut().filter(|contents| matches!(contents, Contents::Secret { .. }));
        secrets.map(|secret| *secret = Contents::Raw(Vec::new())).count() > 0
    }

    pub fn address(&self, address: Address) -> u64 {
        self.machine.address(address)
    }

    /// Returns the type of a raw stream.
    pub fn kind(number: u8) -> u32 {
        KINDS[usize::from(number) % KINDS.len()]
    }

    /// Returns the valid references: their fields are within their streams and do not overlap.
    pub fn sound_references(&self) -> impl Iterator<Item = (usize, u64, RvaWidth, usize)> {
        let mut taken: Vec<(usize, u64, u64)> = Vec::new();
        self.references.iter().filter_map(move |&(from, to, position, wide)| {
            let count = self.raw.len();
            let (from, to) = (usize::from(from) % count.max(1), usize::from(to) % count.max(1));
            let (position, size) = (u64::from(position), if wide { 8 } else { 4 });
            let room = self.record(self.raw.get(from)?.1).len() as u64;
            let free =
                |&(other, start, end): &(usize, u64, u64)| other != from || position + size <= start || end <= position;
            if position + size > room || !taken.iter().all(free) {
                return None;
            }
            taken.push((from, position, position + size));
            Some((from, position, if wide { RvaWidth::Rva64 } else { RvaWidth::Rva }, to))
        })
    }

    pub fn minidump(&self) -> MinidumpBuilder<'static> {
        let mut dump = MinidumpBuilder::new();
        dump.flags(MinidumpType::from_bits_retain(self.flags)).time_date_stamp(self.time);
        if let Some((build_number, version)) = self.system {
            let version = self.add_text(&mut dump, version);
            let processor_architecture = self.machine.architecture();
            let platform_id = PlatformId::WIN32_NT;
            let system = format::SystemInfo { processor_architecture, platform_id, build_number, ..Default::default() };
            dump.system_info(system, Some(version));
        }
        self.threads.iter().for_each(|thread| self.add_thread(&mut dump, thread));
        self.add_modules(&mut dump);
        for &(handle, kind, name) in &self.handles {
            let [kind, name] = [kind, name].map(|text| text.map(|number| self.add_text(&mut dump, number)));
            let descriptor = HandleDescriptor { handle, ..Default::default() };
            dump.handle(HandleDescriptor2 { descriptor, ..Default::default() }, kind, name, None);
        }
        for exception in &self.exceptions {
            let context = self.add_context(&mut dump, exception.context.as_ref());
            dump.exception(self.exception(exception), context);
        }
        self.comments.iter().for_each(|&number| _ = dump.comment(Text::from_units(self.text(number).iter().copied())));
        self.add_raw(&mut dump);
        for &(address, contents) in &self.memory {
            dump.memory(self.range(address, contents));
        }
        for &(address, contents) in &self.memory64 {
            dump.memory64(self.range(address, contents));
        }
        self.regions.iter().for_each(|region| _ = dump.memory_info(self.row(region)));
        dump
    }

    fn add_text(&self, dump: &mut MinidumpBuilder<'_>, number: Number) -> PartId {
        dump.text(Text::from_units(self.text(number).iter().copied()))
    }

    fn add_context(&self, dump: &mut MinidumpBuilder<'_>, context: Option<&Context>) -> Option<PartId> {
        context.map(|context| dump.part("context", context.bytes(self.machine)))
    }

    fn range(&self, address: Address, contents: Number) -> MemoryRange<'static> {
        let (address, bytes) = (self.address(address), self.bytes(contents));
        MemoryRange::from_reader(address, bytes.len() as u64, std::io::Cursor::new(bytes))
    }

    fn add_thread(&self, dump: &mut MinidumpBuilder<'_>, thread: &Thread) {
        let context = self.add_context(dump, thread.context.as_ref());
        let (thread_id, (start, size)) = (thread.id.into(), thread.stack);
        let stack = MemoryDescriptor {
            start_of_memory_range: self.address(start),
            memory: LocationDescriptor { data_size: size.into(), rva: 0 },
        };
        let (teb, priority) = (self.address(thread.teb), thread.priority);
        dump.thread(format::Thread { thread_id, teb, priority, stack, ..Default::default() }, context);
        if let Some(name) = thread.name {
            let name = self.add_text(dump, name);
            dump.thread_name(thread_id, name);
        }
        if let Some((dump_flags, start_address)) = thread.info {
            dump.thread_info(format::thread::ThreadInfo { thread_id, dump_flags, start_address, ..Default::default() });
        }
    }

    fn add_modules(&self, dump: &mut MinidumpBuilder<'_>) {
        for module in &self.modules {
            let [code_view, misc] = [module.code_view, module.misc]
                .map(|record| record.map(|number| dump.part("record", self.record(number).to_vec())));
            let record = format::Module {
                base_of_image: self.address(module.base),
                size_of_image: module.size.into(),
                time_date_stamp: module.stamp,
                ..Default::default()
            };
            match module.name.map(|name| self.add_text(dump, name)) {
                Some(name) => dump.module(record, name, code_view, misc),
                None => dump.nameless_module(record, code_view, misc),
            };
        }
        for &(base, size, name) in &self.unloaded {
            let name = name.map(|name| self.add_text(dump, name));
            let (base_of_image, size_of_image) = (self.address(base), size.into());
            dump.unloaded_module(
                format::module::UnloadedModule { base_of_image, size_of_image, ..Default::default() },
                name,
            );
        }
    }

    fn add_raw(&self, dump: &mut MinidumpBuilder<'_>) {
        let streams = self.raw.iter();
        let streams: Vec<PartId> = streams
            .map(|&(kind, record)| dump.stream(StreamType(Self::kind(kind)), self.record(record).to_vec()))
            .collect();
        for (from, position, width, to) in self.sound_references() {
            dump.reference(streams[from], position, width, streams[to]);
        }
    }

    pub fn exception(&self, exception: &Exception) -> format::ExceptionStream {
        let mut exception_information = [0; 15];
        exception_information[0] = 1;
        exception_information[1] = self.address(exception.information);
        let exception_record = ExceptionRecord {
            exception_code: exception.code,
            exception_address: self.address(exception.address),
            number_parameters: exception.parameters.into(),
            exception_information,
            ..Default::default()
        };
        format::ExceptionStream { thread_id: exception.thread.into(), exception_record, ..Default::default() }
    }

    pub fn row(&self, region: &Region) -> format::MemoryInfo {
        let base_address = self.address(region.base) & !0xfff;
        format::MemoryInfo {
            base_address,
            allocation_base: base_address & !0xffff,
            allocation_protect: region.protect.into(),
            region_size: region.size.into(),
            state: [0x1000, 0x1000, 0x2000, 0x1_0000][usize::from(region.state & 3)],
            protect: region.protect.into(),
            memory_type: [0x2_0000, 0x4_0000, 0x100_0000, 0][usize::from(region.kind & 3)],
            ..Default::default()
        }
    }

    /// Returns the table of a full user dump: entries with their contents, whose size is that of the entry.
    pub fn stored(&self) -> Vec<(format::MemoryInfo, Vec<u8>)> {
        let row = |(index, &(address, contents)): (usize, &(Address, Number))| {
            let bytes = self.bytes(contents);
            let base = format::MemoryInfo { state: 0x1000, protect: 4, memory_type: 0x2_0000, ..Default::default() };
            let row = self.regions.get(index).map_or(base, |region| self.row(region));
            let base_address = self.address(address);
            (format::MemoryInfo { base_address, region_size: bytes.len() as u64, ..row }, bytes)
        };
        self.memory.iter().chain(&self.memory64).enumerate().map(row).collect()
    }

    /// Returns the state of a thread in a full user dump.
    pub fn state(&self, thread: &Thread) -> CrashThread64 {
        let (teb, priority) = (self.address(thread.teb), thread.priority);
        CrashThread64 { thread_id: thread.id.into(), teb, priority, ..Default::default() }
    }

    /// Returns the name of a module in a full user dump: the low bytes of the code units, up to a NUL.
    pub fn name(&self, module: &Module) -> Vec<u8> {
        let units = module.name.map_or(&[][..], |name| self.text(name));
        units.iter().map(|unit| unit.to_le_bytes()[0]).take_while(|byte| *byte != 0).collect()
    }

    /// Returns the event of a full user dump: the first exception.
    pub fn event(&self) -> Option<ExceptionDebugEvent64> {
        let exception = self.exception(self.exceptions.first()?);
        Some(ExceptionDebugEvent64 {
            debug_event_code: format::full_user_dump::EXCEPTION_DEBUG_EVENT,
            process_id: self.time,
            thread_id: exception.thread_id,
            exception_record: exception.exception_record,
            ..Default::default()
        })
    }

    pub fn user_dump(&self) -> FullUserDumpBuilder<'static> {
        let machine = self.machine.image_file_machine();
        let mut dump = match self.machine.is_wide() {
            true => FullUserDumpBuilder::new_64_bit(machine),
            false => FullUserDumpBuilder::new_32_bit(machine),
        };
        self.event().into_iter().for_each(|event| _ = dump.debug_event(event));
        for thread in &self.threads {
            let context = thread.context.as_ref().map_or_else(Vec::new, |context| context.bytes(self.machine));
            dump.thread(self.state(thread), context);
        }
        for module in &self.modules {
            let (base_of_image, size_of_image) = (self.address(module.base), module.size.into());
            dump.module(CrashModule64 { base_of_image, size_of_image, image_name_length: 0 }, self.name(module));
        }
        for (row, bytes) in self.stored() {
            let size = row.region_size;
            dump.region(row, MemoryRange::from_reader(row.base_address, size, std::io::Cursor::new(bytes)));
        }
        if let Some((build, service_pack)) = self.system {
            dump.system_version(10, build);
            dump.service_pack(Text::from_units(self.text(service_pack).iter().copied()));
        }
        dump
    }

    /// Returns a dump of the process: a minidump or a full user dump.
    pub fn dump(&self, full_user_dump: bool) -> Vec<u8> {
        let plan = if full_user_dump { self.user_dump().plan() } else { self.minidump().plan() };
        let mut file = Vec::new();
        plan.expect("addresses fit, and sizes").write_to(&mut file).expect("memory takes everything");
        file
    }
}
