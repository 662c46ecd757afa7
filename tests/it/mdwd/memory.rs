//! Stacks, windows around instructions, and the other contents of the memory lists.

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::read::memory::MemoryInfoList;
use userdump::read::thread::ThreadInfoList;

use super::{NAMES, Planted, Sample};
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![stacks_are_whole, windows_are_present]
}

/// Each stack is found, by its own RVA or in the memory list, from its stack pointer to a page border.
fn stacks_are_whole(shared: &Shared) {
    for name in NAMES {
        let sample = Sample::read(shared, name);
        let dump = sample.dump();
        for thread in dump.threads() {
            let (id, raw) = (thread.id(), thread.raw().stack);
            let stack = dump.stack(&thread).expect("it is valid").expect("it is present");
            assert_eq!((stack.address, stack.size), (raw.start_of_memory_range, raw.memory.data_size.into()));
            assert_eq!((stack.bytes().unwrap().len() as u64, stack.fault()), (stack.size, None), "{name}: {id:#x}");
            let mut bytes = vec![0; stack.bytes().unwrap().len()];
            assert_eq!(dump.memory().read(stack.address, &mut bytes), bytes.len(), "{name}: {id:#x}");
            assert!(bytes == stack.bytes().unwrap(), "{name}: {id:#x}");
            let context = thread.context().expect("it is in the file").expect("it is present");
            let pointer = context.stack_pointer().expect("it is valid") - if sample.is_narrow() { 4 } else { 0 };
            let is_elsewhere = name == "wow64-normal" && context.register("cs").unwrap().as_u64() == Some(0x23);
            assert_eq!(stack.address == pointer, !is_elsewhere, "{name}: {id:#x}");
            assert_eq!((stack.address + stack.size) % 0x1000, 0, "{name}: {id:#x}");
        }
    }
    for (name, narrow) in [("normal", false), ("x86-normal", true)] {
        let (sample, planted) = (Sample::read(shared, name), Planted::read(shared, narrow));
        let id = u32::try_from(planted.at("planter_tid")).expect("it is an ID");
        let stack = sample.dump().threads().find(|it| it.id() == id).expect("it is listed").raw().stack;
        assert_eq!(stack.start_of_memory_range + u64::from(stack.memory.data_size), planted.at("planter_base"));
    }
}

/// Around the instruction of each thread and the exception address, 128 bytes on each side.
fn windows_are_present(shared: &Shared) {
    for name in NAMES {
        let sample = Sample::read(shared, name);
        let dump = sample.dump();
        let instructions = dump.threads().map(|thread| {
            let context = thread.context().expect("it is in the file").expect("it is present");
            context.instruction_pointer().expect("it is valid")
        });
        for at in instructions.chain(dump.exceptions().flatten().map(|it| it.address())) {
            assert_eq!(dump.memory().read(at - 0x80, &mut [0; 0x100]), 0x100, "{name}: {at:#x}");
        }
    }
}

pub fn shared_data(shared: &Shared) {
    for name in NAMES {
        let sample = Sample::read(shared, name);
        let start = sample.range_at(0x7ffe_0000).expect("it is present").0;
        // If a pointer leads next to it, the window is one range with it.
        let is_alone = !["indirect", "triage-indirect", "wide-1965"].contains(&name);
        assert_eq!(is_alone, sample.has_range(0x7ffe_0000, 0xaa0), "{name}");
        assert!(start <= 0x7ffe_0000);
        let mut page = vec![0; 0xaa0];
        assert_eq!(sample.dump().memory().read(0x7ffe_0000, &mut page), 0xaa0, "{name}");
        // The system folder.
        let folder: Vec<u8> = "C:\\windows\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(page[0x30..].starts_with(&folder), "{name}");
    }
}

pub fn merged_stacks(shared: &Shared) {
    let sample = Sample::read(shared, "indirect");
    let dump = sample.dump();
    let nowhere: Vec<_> = dump.threads().filter(|thread| thread.raw().stack.memory.rva == 0).collect();
    assert_eq!((nowhere.len(), dump.threads().count()), (5, 6));
    for thread in nowhere {
        let stack = dump.stack(&thread).expect("it is valid").expect("it is in a window");
        let (start, size) = sample.range_at(stack.address).expect("it is in a range");
        assert!((start, size) != (stack.address, stack.size), "{:#x} is a separate range", thread.id());
        assert!(start + size >= stack.address + stack.size);
    }
}

pub fn clipped_windows(shared: &Shared) {
    let (sample, planted) = (Sample::read(shared, "indirect"), Planted::read(shared, false));
    // A word of the stack is the address before the program.
    let pointer = planted.at("exe") - 1;
    assert_eq!((pointer + 1, pointer + 0x300), (0x1_4000_0000, 0x1_4000_02ff));
    assert!(sample.has_range(0x1_4000_0000, 0x2ff));
    assert_eq!(sample.dump().memory().read(pointer, &mut [0]), 0);
    assert_eq!(sample.dump().memory().read_u16(0x1_4000_0000), Some(u16::from_le_bytes(*b"MZ")));
}

/// A structure of a process and the offsets of its pointers, in 64 bits.
const PROCESS_PARAMETERS: u64 = 0x20;
const PARAMETERS_ENVIRONMENT: u64 = 0x80;
const FIBER_LOCAL_STORAGE: u64 = 0x17c8;

pub fn process_data(shared: &Shared) {
    let (sample, planted) = (Sample::read(shared, "process-thread-data"), Planted::read(shared, false));
    let dump = sample.dump();
    let memory = dump.memory();
    for thread in dump.threads() {
        assert!(sample.has_range(thread.teb(), 0x2000), "{:#x}", thread.id());
    }
    let process = planted.at("peb");
    assert!(sample.has_range(process, 0x7d0));
    let pointer = |address: u64| memory.read_u64(address).unwrap_or_else(|| panic!("{address:#x} is not present"));
    let parameters = pointer(process + PROCESS_PARAMETERS);
    let merged = sample.range_at(parameters).expect("they are present");
    assert_eq!(Some(merged), sample.range_at(pointer(parameters + PARAMETERS_ENVIRONMENT)));
    let storages = dump.threads().map(|thread| pointer(thread.teb() + FIBER_LOCAL_STORAGE)).filter(|at| *at != 0);
    let storages: Vec<u64> = storages.collect();
    assert!(!storages.is_empty());
    for storage in storages {
        assert_eq!(sample.range_at(storage), Some(merged));
        assert!(storage + 0x7f90 <= merged.0 + merged.1, "{storage:#x}");
    }
}

pub fn wide(shared: &Shared) {
    let (sample, planted) = (Sample::read(shared, "wide-1965"), Planted::read(shared, false));
    let (dump, plain) = (sample.dump(), Sample::read(shared, "normal"));
    let memory = dump.memory();
    // The words of the program's data section, from the first on (`plant.c`).
    assert_eq!(memory.read_u64(planted.at("planted_data") + 64), Some(0x11_00aa_aaa1));
    assert_eq!(memory.read_u64(planted.at("planted_data") + 64 + 8), Some(planted.at("planted_data") + 64));
    assert_eq!(plain.dump().memory().read_u64(planted.at("planted_data") + 64), None);
    for module in dump.modules().iter() {
        let (start, size) = (module.raw().base_of_image, u64::from(module.raw().size_of_image));
        let data = sample.ranges().iter().filter(|range| range.0 > start + 0x1000 && range.0 < start + size).count();
        assert!(data >= 2, "{} has {data} ranges", module.name().unwrap());
    }
    // The windows around what the stack points to, and the environment blocks.
    for name in ["rw", "ro", "rx", "rwx", "heap"] {
        let mut window = vec![0; 0x400];
        let from = planted.at(name) - if memory.read_u8(planted.at(name) - 0x100).is_some() { 0x100 } else { 0 };
        assert!(memory.read(from, &mut window) >= 0x300, "{name}");
    }
    let process = planted.at("peb");
    assert_eq!(memory.read(process, &mut vec![0; 0x7d0]), 0x7d0);
    assert_eq!(memory.read_u64(process + 0x10), Some(planted.at("exe")));
    let infos: MemoryInfoList<'_> = dump.stream().expect("it is valid").expect("it is present");
    assert!(infos.len() > 50 && infos.fault().is_none());
    let at = |name: &str| {
        infos.iter().find(|it| it.raw().base_address == planted.at(name)).expect("it is described").raw().protect
    };
    let protections = ["rw", "ro", "rx", "rwx", "na"].map(at);
    assert_eq!(protections, [4, 2, 0x20, 0x40, 1]);
    let times: ThreadInfoList<'_> = dump.stream().expect("it is valid").expect("it is present");
    let ids: Vec<u32> = times.iter().map(|it| it.id()).collect();
    assert_eq!(ids, dump.threads().map(|it| it.id()).collect::<Vec<_>>());
}

pub fn window_without_module(shared: &Shared) {
    let (sample, all) = (Sample::read(shared, "callback-module-excluded"), Sample::read(shared, "normal"));
    let (dump, whole) = (sample.dump(), all.dump());
    let (listed, others) = (dump.modules(), whole.modules());
    let absent: Vec<_> = others.iter().filter(|it| listed.at_address(it.raw().base_of_image).is_none()).collect();
    let [module] = absent.as_slice() else { panic!("{} modules are absent", absent.len()) };
    assert!(module.name().unwrap().to_string().ends_with("ntdll.dll"));
    let windows: Vec<_> = sample.ranges().into_iter().filter(|range| module.contains(range.0)).collect();
    let of_whole: Vec<_> = all.ranges().into_iter().filter(|range| module.contains(range.0)).collect();
    assert_eq!(windows, of_whole);
    assert_eq!(windows.len(), 1);
}

pub fn added(shared: &Shared) {
    let (sample, planted) = (Sample::read(shared, "callback-memory-added"), Planted::read(shared, false));
    let memory = planted.at("rw");
    assert!(sample.has_range(memory, 0x40) && sample.has_range(memory + 0x1008, 0x33));
    let found = sample.dump().memory();
    assert_eq!(found.read(memory, &mut [0; 0x100]), 0x40);
    assert_eq!(found.read(memory + 0x1008, &mut [0; 0x100]), 0x33);
    // The program stored the address of its heap there.
    assert_eq!(found.read_u64(memory + 0x20), Some(planted.at("heap")));
}

pub fn narrow_contexts_and_stacks(shared: &Shared) {
    for (name, size, flags) in [
        ("x86-normal", 716, 0x1_003f),
        ("x86-exception", 716, 0x1_003f),
        ("x86-xstate", 2723, 0x1_007f),
        ("x86-triage-exception", 716, 0x1_003f),
        ("x86-self-crash", 716, 0x1_003f),
    ] {
        let sample = Sample::read(shared, name);
        assert!(sample.is_narrow() && sample.dump().target().is_32_bit());
        for (thread, state) in sample.dump().threads().zip(&sample.answers.registers) {
            let context = thread.context().expect("it is in the file").expect("it is present");
            let found = u32::from_le_bytes(context.as_bytes()[..4].try_into().expect("four bytes"));
            assert_eq!((context.as_bytes().len(), found), (size, flags), "{name}");
            assert_eq!(thread.raw().stack.start_of_memory_range, state.registers["esp"] - 4, "{name}");
        }
        // The exception's context has its flag, and no extended state.
        for exception in sample.dump().exceptions().flatten() {
            let context = exception.context().expect("it is in the file").expect("it is present");
            assert_eq!(context.as_bytes().len(), 716, "{name}");
            assert_eq!(context.as_bytes()[..4], 0x1_007f_u32.to_le_bytes(), "{name}");
        }
    }
}

pub fn stacks_of_64_bits(shared: &Shared) {
    let sample = Sample::read(shared, "wow64-normal");
    assert!(!sample.dump().target().is_32_bit());
    let (dump, narrow) = (sample.dump(), Sample::read(shared, "x86-normal"));
    // No byte of any 32-bit stack of the same program.
    for thread in narrow.dump().threads() {
        let stack = thread.raw().stack;
        let end = stack.start_of_memory_range + u64::from(stack.memory.data_size);
        let is_in = |range: &(u64, u64)| range.0 < end && stack.start_of_memory_range < range.0 + range.1;
        assert!(!sample.ranges().iter().any(is_in), "{:#x}", thread.id());
    }
    let states: Vec<_> = sample.answers.registers.iter().map(|state| &state.registers).collect();
    let in_64_bits = dump.threads().zip(states).filter(|(_, registers)| registers["cs"] == 0x33);
    let mut count = 0;
    for (thread, registers) in in_64_bits {
        let stack = thread.raw().stack;
        assert_eq!(stack.start_of_memory_range, registers["rsp"]);
        assert!(sample.has_range(stack.start_of_memory_range, stack.memory.data_size.into()));
        assert_eq!((stack.start_of_memory_range + u64::from(stack.memory.data_size)) % 0x1_0000, 0);
        count += 1;
    }
    assert_eq!(count, 5);
}

pub fn whole_stack(shared: &Shared) {
    let sample = Sample::read(shared, "wow64-normal");
    let dump = sample.dump();
    let (thread, state) = dump.threads().zip(&sample.answers.registers).next_back().expect("there are threads");
    assert_eq!(state.registers["cs"], 0x23);
    let stack = dump.stack(&thread).expect("it is valid").expect("it is present");
    assert_eq!(stack.size, 0xf_e000);
    assert!(
        stack.bytes().unwrap().len() as u64 == stack.size
            && stack.bytes().unwrap().iter().filter(|byte| **byte != 0).count() < 0x1000
    );
    assert_eq!(sample.range_at(state.registers["rsp"]), None);
    assert!(!sample.has_stream(StreamType::THREAD_INFO_LIST));
}
