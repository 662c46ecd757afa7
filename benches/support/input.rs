//! A dump of a Windows process that has data for every option.

use userdump::MinidumpBuilder;
use userdump::format::{
    ExceptionRecord, ExceptionStream, MemoryDescriptor, MemoryInfo, MinidumpType, Module, PlatformId,
    ProcessorArchitecture, SystemInfo, Thread,
};
use userdump::write::MemoryRange;

use super::{KIB, Numbers};

const IMAGE: u64 = 0x7ff0_0000_0000;
const STACK: u64 = 0x10_0000_0000;
const TEB: u64 = 0x7f00_0000_0000;
const HEAP: u64 = 0x100_0000_0000;
/// The sizes of each module and each thread's stack.
const IMAGE_SIZE: usize = 64 * KIB;
const STACK_SIZE: usize = 16 * KIB;

/// The size of a dump.
#[derive(Clone, Copy)]
pub struct Input {
    /// Approximate total size of the memory.
    pub total: usize,
    /// Size of a range of the heap.
    pub range: usize,
    pub modules: usize,
    pub threads: usize,
}

/// Writes bytes at an offset.
fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Returns an image with a code section and a data section.
fn image(numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = numbers.bytes(IMAGE_SIZE);
    bytes[..0x400].fill(0);
    put(&mut bytes, 0, b"MZ");
    put(&mut bytes, 0x3c, &0x80u32.to_le_bytes());
    put(&mut bytes, 0x80, b"PE\0\0");
    put(&mut bytes, 0x84, &[0x64, 0x86, 2, 0]);
    put(&mut bytes, 0x94, &240u16.to_le_bytes());
    put(&mut bytes, 0x98, &0x20bu16.to_le_bytes());
    for (index, (name, at, flags)) in
        [(b".text", 0x1000u32, 0x6000_0020u32), (b".data", 0x8000, 0xc000_0040)].iter().enumerate()
    {
        let header = 0x98 + 240 + 40 * index;
        put(&mut bytes, header, *name);
        put(&mut bytes, header + 8, &0x4000u32.to_le_bytes());
        put(&mut bytes, header + 12, &at.to_le_bytes());
        put(&mut bytes, header + 36, &flags.to_le_bytes());
    }
    bytes
}

/// Returns an AMD64 `CONTEXT` with only the fields that are examined.
fn context(stack_pointer: u64, instruction_pointer: u64) -> Vec<u8> {
    let mut bytes = vec![0; 1232];
    put(&mut bytes, 0x30, &0x0010_001fu32.to_le_bytes());
    put(&mut bytes, 0x98, &stack_pointer.to_le_bytes());
    put(&mut bytes, 0xf8, &instruction_pointer.to_le_bytes());
    bytes
}

/// Returns a stack: one in eight words points into the heap, another one into code.
fn stack(numbers: &mut Numbers, shape: &Input) -> Vec<u8> {
    let word = |_| match numbers.below(8) {
        0 => HEAP + numbers.draw() % shape.total as u64,
        1 => IMAGE + numbers.draw() % (shape.modules * IMAGE_SIZE) as u64,
        _ => numbers.draw(),
    };
    (0..STACK_SIZE / 8).map(word).flat_map(u64::to_le_bytes).collect()
}

/// Returns the file: with full memory, and a memory information entry for each range.
pub fn input(shape: &Input) -> Vec<u8> {
    let mut numbers = Numbers(shape.total as u64);
    // Must outlive the dump, which borrows from it.
    let mut memory = Vec::new();
    let mut dump = MinidumpBuilder::new();
    dump.flags(MinidumpType::WITH_FULL_MEMORY | MinidumpType::WITH_FULL_MEMORY_INFO);
    let system = SystemInfo {
        processor_architecture: ProcessorArchitecture::AMD64,
        platform_id: PlatformId::WIN32_NT,
        major_version: 10,
        build_number: 19041,
        ..Default::default()
    };
    dump.system_info(system, None);
    // Protection and type: images are readable and executable, all other memory is readable, writable and private.
    let (of_image, private) = ((0x20, 0x100_0000), (4, 0x2_0000));
    for index in 0..shape.modules {
        let name = dump.text(&*format!("C:\\Program Files\\Example\\library{index:06}.dll"));
        let base_of_image = IMAGE + (index * IMAGE_SIZE) as u64;
        let size_of_image = u32::try_from(IMAGE_SIZE).expect("images are small");
        dump.module(Module { base_of_image, size_of_image, ..Default::default() }, name, None, None);
        memory.push((base_of_image, image(&mut numbers), of_image));
    }
    for index in 0..shape.threads {
        let start = STACK + (index * 2 * STACK_SIZE) as u64;
        let (stack_pointer, end) = (start + STACK_SIZE as u64 / 2, start + STACK_SIZE as u64);
        let teb = TEB + 0x2000 * index as u64;
        let block = [0, end, start].into_iter().chain([0; 509]).flat_map(u64::to_le_bytes).collect();
        let context = dump.part("CONTEXT", context(stack_pointer, IMAGE + 0x1100 + index as u64));
        let mut record = Thread {
            thread_id: 4 + 4 * u32::try_from(index).expect("the index fits in 32 bits"),
            teb,
            ..Default::default()
        };
        record.stack = MemoryDescriptor { start_of_memory_range: stack_pointer, ..Default::default() };
        record.stack.memory.data_size = u32::try_from(STACK_SIZE / 2).expect("stacks are small");
        dump.thread(record, Some(context));
        memory.push((start, stack(&mut numbers, shape), private));
        memory.push((teb, block, private));
        if index == 0 {
            let exception = ExceptionRecord {
                exception_code: 0xc000_0005,
                exception_address: IMAGE + 0x1100,
                ..Default::default()
            };
            let record = ExceptionStream { thread_id: 4, exception_record: exception, ..Default::default() };
            dump.exception(record, Some(context));
        }
    }
    let (mut address, mut left) = (HEAP, shape.total);
    while left > 0 {
        let size = left.min(shape.range);
        memory.push((address, numbers.bytes(size), private));
        // Adjacent ranges would be merged.
        address += size as u64 + 0x1000;
        left -= size;
    }
    memory.sort_unstable_by_key(|(address, ..)| *address);
    for (base_address, bytes, (protect, memory_type)) in &memory {
        dump.memory64(MemoryRange::borrowed(*base_address, bytes));
        dump.memory_info(MemoryInfo {
            base_address: *base_address,
            allocation_base: *base_address,
            allocation_protect: *protect,
            region_size: bytes.len() as u64,
            state: 0x1000,
            protect: *protect,
            memory_type: *memory_type,
            ..Default::default()
        });
    }
    let plan = dump.plan().expect("the dump can be planned");
    let mut file = Vec::with_capacity(usize::try_from(plan.size()).expect("the size fits in usize"));
    plan.write_to(&mut file).expect("writing to a vector succeeds");
    file
}
