//! A .NET process on Windows with many images and threads, including all of their tables.

use userdump::MinidumpBuilder;
use userdump::format::{
    MemoryDescriptor, MemoryInfo, MinidumpType, Module, PlatformId, ProcessorArchitecture, SystemInfo, Thread,
};
use userdump::write::MemoryRange;

use super::Numbers;

const IMAGE: u64 = 0x7ff0_0000_0000;
const STACK: u64 = 0x10_0000_0000;
const TEB: u64 = 0x7f00_0000_0000;
const HEAP: u64 = 0x100_0000_0000;
const COLLECTED: u64 = 0x180_0000_0000;
/// The size of a garbage collector's reservation.
const RESERVED: u64 = 0x40_0000_0000;
const GENERATED: u64 = 0x200_0000_0000;
/// The parts of an image: headers, code, tables, data.
const CODE_AT: usize = 0x1000;
const TABLES_AT: usize = 0x1_1000;
const DATA_AT: usize = 0x1_8000;
pub const IMAGE_SIZE: usize = 0x1_a000;
/// The size of each function, and the number of functions.
const FUNCTION: usize = 0x80;
const FUNCTIONS: usize = (TABLES_AT - CODE_AT) / FUNCTION;
/// The tables: function entries, unwind data, the data that identifies the image, and the CLI header.
const UNWIND_DATA_AT: usize = TABLES_AT + 12 * FUNCTIONS;
const DEBUG_AT: usize = TABLES_AT + 0x6000;
const RESOURCES_AT: usize = DEBUG_AT + 0x400;
const CLI_AT: usize = DEBUG_AT + 0x800;
const STACK_SIZE: usize = 0x4000;
const HEAP_RANGE: usize = 0x4000;
const GENERATED_SIZE: usize = 0x10_0000;

/// The size of the process.
#[derive(Clone, Copy)]
pub struct Process {
    pub images: usize,
    pub threads: usize,
    /// Number of private memory ranges; the garbage collector has as many.
    pub heap: usize,
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn put_words(bytes: &mut [u8], at: usize, words: &[u32]) {
    for (index, word) in words.iter().enumerate() {
        put(bytes, at + 4 * index, &word.to_le_bytes());
    }
}

/// Converts an offset in an image to 32 bits.
fn position(at: usize) -> u32 {
    u32::try_from(at).expect("images are small")
}

/// Writes the headers of an image of this size with these sections: name, start, end, flags.
pub(super) fn put_headers(image: &mut [u8], size: usize, sections: &[(&[u8], usize, usize, u32)]) {
    put(image, 0, b"MZ");
    put_words(image, 0x3c, &[0x80]);
    put(image, 0x80, b"PE\0\0\x64\x86");
    put(image, 0x86, &u16::try_from(sections.len()).expect("there are few sections").to_le_bytes());
    put(image, 0x94, &240u16.to_le_bytes());
    put(image, 0x98, &0x20bu16.to_le_bytes());
    // `SizeOfImage` and `SizeOfHeaders`, and the number of entries in the data directory.
    put_words(image, 0x98 + 56, &[position(size), 0x400]);
    put_words(image, 0x98 + 108, &[16]);
    for (index, &(name, start, end, flags)) in sections.iter().enumerate() {
        let at = 0x98 + 240 + 40 * index;
        put(image, at, name);
        put_words(image, at + 8, &[position(end - start), position(start), position(end - start), position(start)]);
        put_words(image, at + 36, &[flags]);
    }
}

/// Returns an image: headers, meaningless code, exception directory and unwind data, debug record, version resource,
/// and in every third image a CLI header with metadata.
fn image(numbers: &mut Numbers, is_managed: bool) -> Vec<u8> {
    let mut image = vec![0; IMAGE_SIZE];
    let directory = |index: usize| 0x98 + 112 + 8 * index;
    put_words(&mut image, directory(2), &[position(RESOURCES_AT), 0x200]);
    put_words(&mut image, directory(3), &[position(TABLES_AT), position(12 * FUNCTIONS)]);
    put_words(&mut image, directory(6), &[position(DEBUG_AT), 28]);
    if is_managed {
        put_words(&mut image, directory(14), &[position(CLI_AT), 72]);
        // The size of the header, the version of the runtime, and the location of the metadata.
        put_words(&mut image, CLI_AT, &[72, 2 | 5 << 16, position(CLI_AT + 0x80), 0x400]);
        put(&mut image, CLI_AT + 0x80, b"BSJB");
    }
    let sections: [(&[u8], usize, usize, u32); 3] = [
        (b".text", CODE_AT, TABLES_AT, 0x6000_0020),
        (b".rdata", TABLES_AT, DATA_AT, 0x4000_0040),
        (b".data", DATA_AT, IMAGE_SIZE, 0xc000_0040),
    ];
    put_headers(&mut image, IMAGE_SIZE, &sections);
    for part in [CODE_AT..TABLES_AT, DATA_AT..IMAGE_SIZE] {
        let bytes = numbers.bytes(part.len());
        image[part].copy_from_slice(&bytes);
    }
    let mut data = UNWIND_DATA_AT;
    for function in 0..FUNCTIONS {
        let begin = CODE_AT + FUNCTION * function;
        put_words(
            &mut image,
            TABLES_AT + 12 * function,
            &[position(begin), position(begin + FUNCTION), position(data)],
        );
        // Up to six unwind codes that save a register. Every eighth function is chained to the previous one.
        let codes = 2 * numbers.below(4);
        let is_chained = function % 8 == 7;
        image[data] = if is_chained { 1 | 4 << 3 } else { 1 };
        image[data + 2] = u8::try_from(codes).expect("the number of codes is small");
        for code in 0..codes {
            put(&mut image, data + 4 + 2 * code, &[1, 0x30]);
        }
        data += 4 + 2 * codes;
        if is_chained {
            let chained = image[TABLES_AT + 12 * (function - 1)..][..12].to_vec();
            put(&mut image, data, &chained);
            data += 12;
        }
    }
    assert!(data <= DEBUG_AT, "the unwind data overlaps the debug directory");
    // One record of type CodeView.
    put_words(&mut image, DEBUG_AT + 12, &[2, 0x40, position(DEBUG_AT + 0x40)]);
    put(&mut image, DEBUG_AT + 0x40, b"RSDS");
    put(&mut image, DEBUG_AT + 0x58, b"library.pdb\0");
    // The root, name and language directories of one version resource, and its data entry.
    for (level, (name, next)) in [(16, 0x8000_0020u32), (1, 0x8000_0040), (0x409, 0x60)].into_iter().enumerate() {
        put_words(&mut image, RESOURCES_AT + 0x20 * level + 12, &[1 << 16, name, next]);
    }
    put_words(&mut image, RESOURCES_AT + 0x60, &[position(RESOURCES_AT + 0x80), 0x100]);
    image
}

/// Returns an AMD64 `CONTEXT` with only the fields that are examined.
pub(super) fn context(stack_pointer: u64, instruction_pointer: u64) -> Vec<u8> {
    let mut bytes = vec![0; 1232];
    put(&mut bytes, 0x30, &0x0010_001fu32.to_le_bytes());
    put(&mut bytes, 0x98, &stack_pointer.to_le_bytes());
    put(&mut bytes, 0xf8, &instruction_pointer.to_le_bytes());
    bytes
}

impl Process {
    /// Returns the number of words on the used parts of all stacks, which are half of each.
    pub fn words(&self) -> u64 {
        (self.threads * STACK_SIZE / 8 / 2) as u64
    }

    /// Returns a stack: one in eight words points into the code of an image, and one in 64 into generated code.
    fn stack(&self, numbers: &mut Numbers) -> Vec<u8> {
        let word = |_| match numbers.below(64) {
            0..8 => {
                let image = IMAGE + (numbers.below(self.images) * IMAGE_SIZE) as u64;
                image + (CODE_AT + numbers.below(TABLES_AT - CODE_AT)) as u64
            }
            8 => GENERATED + numbers.below(GENERATED_SIZE) as u64,
            9..16 => HEAP + numbers.below(self.heap * HEAP_RANGE) as u64,
            _ => numbers.draw(),
        };
        (0..STACK_SIZE / 8).map(word).flat_map(u64::to_le_bytes).collect()
    }

    /// Returns the file: with full memory and the memory information.
    pub fn build(&self) -> Vec<u8> {
        let mut numbers = Numbers(17);
        let mut memory: Vec<(u64, Vec<u8>)> = Vec::new();
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
        let mut allocated = |allocation: u64, start: u64, size: u64, protection: u32, kind: u32| {
            let mut info = MemoryInfo { base_address: start, allocation_base: allocation, ..Default::default() };
            info.region_size = size;
            info.state = if protection == 0 { 0x2000 } else { 0x1000 };
            info.protect = protection;
            info.memory_type = kind;
            dump.memory_info(info);
        };
        let (of_image, mapped, private) = (0x100_0000, 0x4_0000, 0x2_0000);
        for index in 0..self.images {
            let base = IMAGE + (index * IMAGE_SIZE) as u64;
            memory.push((base, image(&mut numbers, index % 3 == 1)));
            for (start, end, protection) in
                [(0, CODE_AT, 2), (CODE_AT, TABLES_AT, 0x20), (TABLES_AT, DATA_AT, 2), (DATA_AT, IMAGE_SIZE, 4)]
            {
                allocated(base, base + start as u64, (end - start) as u64, protection, of_image);
            }
        }
        for index in 0..self.threads {
            let start = STACK + (index * 2 * STACK_SIZE) as u64;
            let teb = TEB + 0x2000 * index as u64;
            let block = [0, start + STACK_SIZE as u64, start].into_iter().chain([0; 509]);
            memory.push((start, self.stack(&mut numbers)));
            memory.push((teb, block.flat_map(u64::to_le_bytes).collect()));
            allocated(start, start, STACK_SIZE as u64, 4, private);
            allocated(teb, teb, 0x1000, 4, private);
        }
        for index in 0..self.heap {
            let (start, collected) = (HEAP + (index * HEAP_RANGE) as u64, COLLECTED + (index * HEAP_RANGE) as u64);
            for start in [start, collected] {
                memory.push((start, numbers.bytes(HEAP_RANGE)));
            }
            allocated(start, start, HEAP_RANGE as u64, 4, private);
            allocated(COLLECTED, collected, HEAP_RANGE as u64, 4, private);
        }
        let used = (self.heap * HEAP_RANGE) as u64;
        allocated(COLLECTED, COLLECTED + used, RESERVED - used, 0, private);
        memory.push((GENERATED, numbers.bytes(GENERATED_SIZE)));
        allocated(GENERATED, GENERATED, GENERATED_SIZE as u64, 0x20, mapped);
        memory.sort_by_key(|(start, _)| *start);

        for index in 0..self.images {
            let library = if index == 0 { "coreclr.dll".to_owned() } else { format!("library{index:06}.dll") };
            let name = dump.text(&*format!("C:\\Program Files\\Example\\{library}"));
            let base_of_image = IMAGE + (index * IMAGE_SIZE) as u64;
            let module = Module { base_of_image, size_of_image: position(IMAGE_SIZE), ..Default::default() };
            dump.module(module, name, None, None);
        }
        for index in 0..self.threads {
            let start = STACK + (index * 2 * STACK_SIZE + STACK_SIZE / 2) as u64;
            let code = IMAGE + (index % self.images * IMAGE_SIZE + CODE_AT + 0x40) as u64;
            let context = dump.part("CONTEXT", context(start, code));
            let thread_id = 4 + 4 * u32::try_from(index).expect("the index fits in 32 bits");
            let mut stack = MemoryDescriptor { start_of_memory_range: start, ..Default::default() };
            stack.memory.data_size = position(STACK_SIZE / 2);
            let teb = TEB + 0x2000 * index as u64;
            dump.thread(Thread { thread_id, teb, stack, ..Default::default() }, Some(context));
        }
        dump.list(userdump::format::StreamType::MEMORY64_LIST);
        for (start, bytes) in &memory {
            dump.memory64(MemoryRange::borrowed(*start, bytes));
        }
        let mut file = Vec::new();
        dump.plan().expect("the dump can be planned").write_to(&mut file).expect("writing to a vector succeeds");
        file
    }
}
