//! An address space with very many regions and modules, or very large stacks, of which little is stored twice.

use std::io::Write;

use userdump::MinidumpBuilder;
use userdump::format::{
    MemoryDescriptor, MemoryInfo, MinidumpType, Module, PlatformId, ProcessorArchitecture, StreamType, SystemInfo,
    Thread,
};
use userdump::write::MemoryRange;

use super::Numbers;
use super::process::{context, put_headers};

const STACK: u64 = 0x10_0000_0000;
const HEAP: u64 = 0x100_0000_0000;
const IMAGE: u64 = 0x7ff0_0000_0000;
/// The distance between regions, and between images, in bytes.
const REGION: u64 = 0x2000;
const IMAGES: u64 = 0x4000;
/// The size of what the dump has of a region outside images, in bytes.
const STORED: usize = 32;

/// The size of the process.
#[derive(Clone, Copy)]
pub struct Space {
    /// The number of regions, of which two are in each image.
    pub regions: usize,
    pub modules: usize,
    pub threads: usize,
    /// The size of each stack in bytes; all of it is in use.
    pub stack: usize,
}

impl Space {
    /// Returns the number of words on all stacks.
    pub fn words(&self) -> u64 {
        (self.threads * self.stack / 8) as u64
    }

    /// Writes the file: the ranges sorted, the regions shuffled.
    pub fn write(&self, sink: impl Write) {
        let mut numbers = Numbers(20);
        let outside = self.regions - 2 * self.modules;
        // Most of a large stack was never used. In the rest, one in eight words points to the heap.
        let word = |index| match index % 0x2000 {
            0..0x200 if numbers.below(8) == 0 => HEAP + REGION * numbers.below(outside) as u64,
            0..0x200 => numbers.draw(),
            _ => 0,
        };
        let stack: Vec<u8> = (0..self.stack / 8).map(word).flat_map(u64::to_le_bytes).collect();
        let (mut headers, stored) = (vec![0; 0x400], [0x5a; STORED]);
        put_headers(&mut headers, 0x2000, &[(b".data", 0x1000, 0x2000, 0xc000_0040)]);
        let mut dump = MinidumpBuilder::new();
        dump.flags(MinidumpType::WITH_FULL_MEMORY | MinidumpType::WITH_FULL_MEMORY_INFO);
        let processor_architecture = ProcessorArchitecture::AMD64;
        let platform_id = PlatformId::WIN32_NT;
        dump.system_info(SystemInfo { processor_architecture, platform_id, ..Default::default() }, None);
        let start_of = |index: usize| STACK + 2 * (index * self.stack) as u64;
        for index in 0..self.threads {
            let start = start_of(index);
            let context = dump.part("CONTEXT", context(start, 0));
            let thread_id = 4 + 4 * u32::try_from(index).expect("the index fits in 32 bits");
            let mut stack = MemoryDescriptor { start_of_memory_range: start, ..Default::default() };
            stack.memory.data_size = u32::try_from(self.stack).expect("the size fits in 32 bits");
            dump.thread(Thread { thread_id, stack, ..Default::default() }, Some(context));
        }
        let name = dump.text("C:\\library.dll");
        for index in 0..self.modules {
            let base_of_image = IMAGE + IMAGES * index as u64;
            dump.module(Module { base_of_image, size_of_image: 0x2000, ..Default::default() }, name, None, None);
        }
        let region = |base: u64, allocation_base: u64, protect: u32, memory_type: u32| MemoryInfo {
            base_address: base,
            allocation_base,
            allocation_protect: 4,
            region_size: 0x1000,
            state: 0x1000,
            protect,
            memory_type,
            ..Default::default()
        };
        let private = |index| HEAP + REGION * index as u64;
        let image = |index| IMAGE + IMAGES * index as u64;
        let mut rows: Vec<MemoryInfo> = (0..outside).map(|it| region(private(it), private(it), 4, 0x2_0000)).collect();
        rows.extend((0..self.modules).map(image).flat_map(|base| {
            [(base, 2), (base + 0x1000, 4)].map(|(start, protection)| region(start, base, protection, 0x100_0000))
        }));
        numbers.shuffle(&mut rows);
        rows.into_iter().for_each(|row| {
            dump.memory_info(row);
        });
        dump.list(StreamType::MEMORY64_LIST);
        let stacks = (0..self.threads).map(|index| (start_of(index), stack.as_slice()));
        let heap = (0..outside).map(|index| (private(index), stored.as_slice()));
        let images = (0..self.modules).map(image);
        let images = images.flat_map(|base| [(base, headers.as_slice()), (base + 0x1000, stored.as_slice())]);
        for (start, bytes) in stacks.chain(heap).chain(images) {
            dump.memory64(MemoryRange::borrowed(start, bytes));
        }
        dump.plan().expect("the dump can be planned").write_to(sink).expect("the dump can be written");
    }
}
