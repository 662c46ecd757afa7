//! The debugger's own full user dumps, decoded and built again, have the same bytes.

use libtest_mimic::Trial;
use userdump::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64, ImageFileMachine};
use userdump::format::{ExceptionRecord, MemoryInfo};
use userdump::write::{FullUserDumpBuilder, MemoryRange};

use crate::support::{golden, shared_trial};

pub fn trials() -> Vec<Trial> {
    let sets = golden::full_user().map(|set| {
        let name = format!("full_user_dump::write::golden::{set}");
        shared_trial(name, move |shared| the_same_bytes(&shared.golden(&format!("{set}/f.dmp"))))
    });
    sets.collect()
}

/// Reads consecutive numbers of a file from an offset.
struct Numbers<'a> {
    file: &'a [u8],
    wide: bool,
    at: usize,
}

impl<'a> Numbers<'a> {
    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes(4).try_into().expect("four bytes"))
    }

    /// Reads a number as wide as an address.
    fn word(&mut self) -> u64 {
        let low = u64::from(self.u32());
        if self.wide { low + (u64::from(self.u32()) << 32) } else { low }
    }

    /// Reads padding that only the wide form has.
    fn pad(&mut self) -> u32 {
        if self.wide { self.u32() } else { 0 }
    }

    fn bytes(&mut self, size: usize) -> &'a [u8] {
        self.at += size;
        &self.file[self.at - size..self.at]
    }

    /// Returns the numbers from another offset on.
    fn from(&self, at: u64) -> Self {
        Self { at: at as usize, ..*self }
    }
}

fn the_same_bytes(file: &[u8]) {
    let wide = file.starts_with(b"USERDU64");
    let mut header = Numbers { file, wide, at: 8 };
    let [major, minor, machine, thread_count, module_count, region_count] = std::array::from_fn(|_| header.u32());
    let [contexts, modules, memory, regions, event, states, version, spare] = std::array::from_fn(|_| header.word());
    let (constructor, context_size): (fn(_) -> FullUserDumpBuilder<'static>, usize) = match machine {
        0x14C => (FullUserDumpBuilder::new_32_bit, 716),
        0x8664 => (FullUserDumpBuilder::new_64_bit, 1232),
        other => panic!("{other:#x}"),
    };
    let mut dump: FullUserDumpBuilder<'_> = constructor(ImageFileMachine(machine));
    dump.system_version(major, minor).spare(spare);

    let mut at = header.from(event);
    let [debug_event_code, process_id, thread_id] = std::array::from_fn(|_| at.u32());
    // Fields are decoded in the order in which they are written here.
    dump.debug_event(ExceptionDebugEvent64 {
        debug_event_code,
        process_id,
        thread_id,
        alignment: at.pad(),
        exception_record: ExceptionRecord {
            exception_code: at.u32(),
            exception_flags: at.u32(),
            exception_record: at.word(),
            exception_address: at.word(),
            number_parameters: at.u32(),
            alignment: at.pad(),
            exception_information: std::array::from_fn(|_| at.word()),
        },
        first_chance: at.u32(),
        alignment2: at.pad(),
    });
    let (mut contexts, mut states) = (header.from(contexts), header.from(states));
    for _ in 0..thread_count {
        let [thread_id, suspend_count, priority_class, priority] = std::array::from_fn(|_| states.u32());
        let (teb, spare) = (states.word(), std::array::from_fn(|_| states.word()));
        let state = CrashThread64 { thread_id, suspend_count, priority_class, priority, teb, spare };
        dump.thread(state, contexts.bytes(context_size));
    }
    let mut modules = header.from(modules);
    for _ in 0..module_count {
        let (base_of_image, size_of_image, length) = (modules.word(), modules.u32(), modules.u32() as usize);
        let (nul, name) = modules.bytes(length).split_last().expect("a name has a NUL");
        assert_eq!(*nul, 0);
        dump.module(CrashModule64 { base_of_image, size_of_image, image_name_length: 0 }, name);
    }
    let (mut regions, mut data) = (header.from(regions), header.from(memory));
    for _ in 0..region_count {
        let row = MemoryInfo {
            base_address: regions.word(),
            allocation_base: regions.word(),
            allocation_protect: regions.u32(),
            alignment1: regions.pad(),
            region_size: regions.word(),
            state: regions.u32(),
            protect: regions.u32(),
            memory_type: regions.u32(),
            alignment2: regions.pad(),
        };
        dump.region(row, MemoryRange::borrowed(row.base_address, data.bytes(row.region_size as usize)));
    }
    assert_eq!(data.at as u64, version, "the version information follows");
    dump.service_pack("Service Pack 1");

    let plan = dump.plan().expect("it is below 4 GiB");
    assert_eq!(plan.size(), file.len() as u64);
    assert_eq!(plan.memory(), (region_count.into(), version - memory));
    let mut written = Vec::with_capacity(file.len());
    plan.write_to(&mut written).expect("a vector accepts every write");
    let different = written.iter().zip(file).position(|(ours, theirs)| ours != theirs);
    assert_eq!((different, written.len()), (None, file.len()));
}
