//! Random dumps before they are written: records and texts that the test owns.

use std::collections::HashMap;

use userdump::MinidumpBuilder;
use userdump::format;
use userdump::format::handle::{HandleDescriptor, HandleDescriptor2};
use userdump::format::module::FixedFileInfo;
use userdump::format::{
    ExceptionRecord, LocationDescriptor, MemoryDescriptor, MinidumpType, ProcessorArchitecture, StreamType,
};
use userdump::write::{MemoryRange, PartId, Text};

/// Reproducible pseudo-random numbers: Marsaglia's xorshift with shifts of 13, 7 and 17.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Similar seeds must not produce similar first numbers, and a state of 0 would stay 0.
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        (0..8).for_each(|_| _ = random.u64());
        random
    }

    pub fn u64(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn u32(&mut self) -> u32 {
        (self.u64() >> 32) as u32
    }

    fn u16(&mut self) -> u16 {
        (self.u64() >> 48) as u16
    }

    fn u8(&mut self) -> u8 {
        (self.u64() >> 56) as u8
    }

    /// A number from 0 up to, but not including, the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.u64() >> 8) % limit
    }

    fn bytes(&mut self, limit: u64) -> Vec<u8> {
        (0..self.below(limit)).map(|_| self.u8()).collect()
    }

    /// Up to four values; `None` one time in three.
    fn rows<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Option<Vec<T>> {
        (self.below(3) > 0).then(|| (0..self.below(5)).map(|_| make(self)).collect())
    }

    fn maybe<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| make(self))
    }
}

/// The index of a text or record in its pool; equal indexes refer to the same part.
pub type Number = usize;

/// A module, its name, its CodeView record, its miscellaneous record.
pub type ModuleRow = (format::Module, Option<Number>, Option<Number>, Option<Number>);
/// A handle, its type name, its object name.
pub type HandleRow = (HandleDescriptor2, Option<Number>, Option<Number>);

/// Everything a dump is built from. A list that is `None` is absent.
#[derive(Debug, Default)]
pub struct Input {
    pub flags: u64,
    pub time: u32,
    /// Arbitrary code units.
    pub texts: Vec<Vec<u16>>,
    pub records: Vec<Vec<u8>>,
    pub threads: Option<Vec<(format::Thread, Option<Number>)>>,
    pub thread_infos: Option<Vec<format::thread::ThreadInfo>>,
    pub thread_names: Option<Vec<(u32, Number)>>,
    pub modules: Option<Vec<ModuleRow>>,
    pub unloaded: Option<Vec<(format::module::UnloadedModule, Option<Number>)>>,
    pub handles: Option<Vec<HandleRow>>,
    pub memory_infos: Option<Vec<format::MemoryInfo>>,
    pub exceptions: Vec<(format::ExceptionStream, Option<Number>)>,
    pub system: Option<(format::SystemInfo, Option<Number>)>,
    pub comments: Vec<Number>,
    pub raw: Vec<(u32, Vec<u8>)>,
    pub memory: Option<Vec<(u64, Vec<u8>)>>,
    pub memory64: Option<Vec<(u64, Vec<u8>)>>,
}

/// Letters, halves of surrogate pairs, NUL, and arbitrary units.
fn text(random: &mut Random) -> Vec<u16> {
    let unit = |random: &mut Random| match random.below(6) {
        0 => 0xD800 + random.below(0x800) as u16,
        1 => [0, 0xFEFF, 0xFFFF, 0x5C][random.below(4) as usize],
        2 => random.u16(),
        _ => 0x61 + random.below(26) as u16,
    };
    (0..random.below(24)).map(|_| unit(random)).collect()
}

const TEXTS: u64 = 6;
const RECORDS: u64 = 6;

fn a_text(random: &mut Random) -> Number {
    random.below(TEXTS) as usize
}

fn a_record(random: &mut Random) -> Number {
    random.below(RECORDS) as usize
}

/// Addresses that coincide now and then, so that stacks are also memory ranges.
fn address(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.u64(),
        _ => 0x7000 + 0x10 * random.below(4),
    }
}

/// Few enough sizes for a stack and a range to have the same one.
fn size(random: &mut Random) -> u32 {
    4 * random.below(4) as u32
}

fn range(random: &mut Random) -> (u64, Vec<u8>) {
    (address(random), (0..size(random)).map(|_| random.u8()).collect())
}

impl Input {
    pub fn random(seed: u64) -> Self {
        let r = &mut Random::new(seed);
        // Streams for which the builder has no methods.
        let kinds = [10, 13, 19, 21, 22, 23, 0x8001, 0x1_0000, 0x4767_0003, 0xFFFF_FFFF];
        Self {
            flags: r.u64(),
            time: r.u32(),
            texts: (0..TEXTS).map(|_| text(r)).collect(),
            records: (0..RECORDS).map(|_| r.bytes(1300)).collect(),
            threads: r.rows(|r| (thread(r), r.maybe(a_record))),
            thread_infos: r.rows(thread_info),
            thread_names: r.rows(|r| (r.u32(), a_text(r))),
            modules: r.rows(|r| (module(r), r.maybe(a_text), r.maybe(a_record), r.maybe(a_record))),
            unloaded: r.rows(|r| (unloaded_module(r), r.maybe(a_text))),
            handles: r.rows(|r| (handle(r), r.maybe(a_text), r.maybe(a_text))),
            memory_infos: r.rows(memory_info),
            exceptions: r.rows(|r| (exception(r), r.maybe(a_record))).unwrap_or_default(),
            system: r.maybe(|r| (system_info(r), r.maybe(a_text))),
            comments: r.rows(a_text).unwrap_or_default(),
            raw: r.rows(|r| (kinds[r.below(10) as usize], r.bytes(60))).unwrap_or_default(),
            memory: r.rows(range),
            memory64: r.rows(range),
        }
    }

    fn text(&self, number: Number) -> Text<'_> {
        Text::from_units(self.texts[number].iter().copied())
    }

    pub fn build(&self) -> MinidumpBuilder<'_> {
        let mut dump = MinidumpBuilder::new();
        let (mut texts, mut records) = (HashMap::new(), HashMap::new());
        // A part only exists if something refers to it.
        let mut text = |dump: &mut MinidumpBuilder<'_>, number: Number| -> PartId {
            *texts.entry(number).or_insert_with(|| dump.text(self.text(number)))
        };
        let mut record = |dump: &mut MinidumpBuilder<'_>, number: Number| -> PartId {
            *records.entry(number).or_insert_with(|| dump.part("record", self.records[number].clone()))
        };
        dump.flags(MinidumpType::from_bits_retain(self.flags)).time_date_stamp(self.time);
        self.lists().for_each(|kind| _ = dump.list(StreamType(kind)));
        for (kind, bytes) in &self.raw {
            dump.stream(StreamType(*kind), bytes);
        }
        for &(row, context) in self.threads.iter().flatten() {
            let context = context.map(|number| record(&mut dump, number));
            dump.thread(row, context);
        }
        self.thread_infos.iter().flatten().for_each(|row| _ = dump.thread_info(*row));
        for &(id, name) in self.thread_names.iter().flatten() {
            let name = text(&mut dump, name);
            dump.thread_name(id, name);
        }
        for &(row, name, code_view, misc) in self.modules.iter().flatten() {
            let [code_view, misc] = [code_view, misc].map(|it| it.map(|number| record(&mut dump, number)));
            match name.map(|name| text(&mut dump, name)) {
                Some(name) => dump.module(row, name, code_view, misc),
                None => dump.nameless_module(row, code_view, misc),
            };
        }
        for &(row, name) in self.unloaded.iter().flatten() {
            let name = name.map(|name| text(&mut dump, name));
            dump.unloaded_module(row, name);
        }
        for &(row, kind, name) in self.handles.iter().flatten() {
            let [kind, name] = [kind, name].map(|it| it.map(|number| text(&mut dump, number)));
            dump.handle(row, kind, name, None);
        }
        self.memory_infos.iter().flatten().for_each(|row| _ = dump.memory_info(*row));
        for &(row, context) in &self.exceptions {
            let context = context.map(|number| record(&mut dump, number));
            dump.exception(row, context);
        }
        if let Some((row, version)) = self.system {
            let version = version.map(|version| text(&mut dump, version));
            dump.system_info(row, version);
        }
        self.comments.iter().for_each(|number| _ = dump.comment(self.text(*number)));
        for (address, bytes) in self.memory.iter().flatten() {
            dump.memory(MemoryRange::borrowed(*address, bytes));
        }
        for (address, bytes) in self.memory64.iter().flatten() {
            dump.memory64(MemoryRange::borrowed(*address, bytes));
        }
        dump
    }

    /// The types of the lists that are present, empty or not.
    pub fn lists(&self) -> impl Iterator<Item = u32> + use<> {
        let lists = [
            (3, self.threads.is_some()),
            (4, self.modules.is_some()),
            (5, self.memory.is_some()),
            (9, self.memory64.is_some()),
            (12, self.handles.is_some()),
            (14, self.unloaded.is_some()),
            (16, self.memory_infos.is_some()),
            (17, self.thread_infos.is_some()),
            (24, self.thread_names.is_some()),
        ];
        lists.into_iter().filter(|(_, there)| *there).map(|(kind, _)| kind)
    }

    pub fn units(&self, number: Option<Number>) -> Option<&[u16]> {
        number.map(|number| self.texts[number].as_slice())
    }

    pub fn record(&self, number: Option<Number>) -> &[u8] {
        number.map_or(&[], |number| self.records[number].as_slice())
    }
}

fn location(r: &mut Random) -> LocationDescriptor {
    LocationDescriptor { data_size: r.u32(), rva: r.u32() }
}

fn thread(r: &mut Random) -> format::Thread {
    format::Thread {
        thread_id: r.u32(),
        suspend_count: r.u32(),
        priority_class: r.u32(),
        priority: r.u32(),
        teb: r.u64(),
        stack: MemoryDescriptor {
            start_of_memory_range: address(r),
            memory: LocationDescriptor { data_size: size(r), rva: r.u32() },
        },
        thread_context: location(r),
    }
}

fn thread_info(r: &mut Random) -> format::thread::ThreadInfo {
    format::thread::ThreadInfo {
        thread_id: r.u32(),
        dump_flags: r.u32(),
        dump_error: r.u32(),
        exit_status: r.u32(),
        create_time: r.u64(),
        exit_time: r.u64(),
        kernel_time: r.u64(),
        user_time: r.u64(),
        start_address: r.u64(),
        affinity: r.u64(),
    }
}

fn module(r: &mut Random) -> format::Module {
    format::Module {
        base_of_image: r.u64(),
        size_of_image: r.u32(),
        check_sum: r.u32(),
        time_date_stamp: r.u32(),
        module_name_rva: r.u32(),
        version_info: FixedFileInfo { signature: r.u32(), file_date_ls: r.u32(), ..FixedFileInfo::default() },
        cv_record: location(r),
        misc_record: location(r),
        reserved0: r.u64(),
        reserved1: r.u64(),
    }
}

fn unloaded_module(r: &mut Random) -> format::module::UnloadedModule {
    format::module::UnloadedModule {
        base_of_image: r.u64(),
        size_of_image: r.u32(),
        check_sum: r.u32(),
        time_date_stamp: r.u32(),
        module_name_rva: r.u32(),
    }
}

fn handle(r: &mut Random) -> HandleDescriptor2 {
    HandleDescriptor2 {
        descriptor: HandleDescriptor {
            handle: r.u64(),
            type_name_rva: r.u32(),
            object_name_rva: r.u32(),
            attributes: r.u32(),
            granted_access: r.u32(),
            handle_count: r.u32(),
            pointer_count: r.u32(),
        },
        object_info_rva: r.u32(),
        reserved0: r.u32(),
    }
}

fn memory_info(r: &mut Random) -> format::MemoryInfo {
    format::MemoryInfo {
        base_address: r.u64(),
        allocation_base: r.u64(),
        allocation_protect: r.u32(),
        alignment1: r.u32(),
        region_size: r.u64(),
        state: r.u32(),
        protect: r.u32(),
        memory_type: r.u32(),
        alignment2: r.u32(),
    }
}

fn exception(r: &mut Random) -> format::ExceptionStream {
    format::ExceptionStream {
        thread_id: r.u32(),
        alignment: r.u32(),
        exception_record: ExceptionRecord {
            exception_code: r.u32(),
            exception_flags: r.u32(),
            exception_record: r.u64(),
            exception_address: r.u64(),
            number_parameters: r.u32(),
            alignment: r.u32(),
            exception_information: std::array::from_fn(|_| r.u64()),
        },
        thread_context: location(r),
    }
}

fn system_info(r: &mut Random) -> format::SystemInfo {
    format::SystemInfo {
        // An architecture whose addresses are as wide as their fields.
        processor_architecture: ProcessorArchitecture::AMD64,
        processor_level: r.u16(),
        number_of_processors: r.u8(),
        build_number: r.u32(),
        csd_version_rva: r.u32(),
        cpu: std::array::from_fn(|_| r.u8()),
        ..format::SystemInfo::default()
    }
}
