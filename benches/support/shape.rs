//! Dumps of any size that every peer can open.

use userdump::MinidumpBuilder;
use userdump::format::{self, MemoryDescriptor, ProcessorArchitecture, StreamType};
use userdump::write::MemoryRange;

use super::Numbers;

/// The numbers of items in a dump.
#[derive(Clone, Copy, Default)]
pub struct Shape {
    pub ranges: usize,
    /// Mean size of a range in bytes.
    pub range_size: usize,
    /// Whether the ranges are in random order instead of sorted by address.
    pub shuffled: bool,
    pub modules: usize,
    pub threads: usize,
}

/// A dump and the addresses of its ranges.
pub struct Shaped {
    pub file: Vec<u8>,
    /// Start and size of each range, sorted by address.
    pub ranges: Vec<(u64, usize)>,
}

/// Strings of 31 characters, each followed by a NUL.
fn contents(numbers: &mut Numbers, size: usize) -> Vec<u8> {
    (0..size).map(|at| if at % 32 == 31 { 0 } else { b'a' + (numbers.draw() % 26) as u8 }).collect()
}

impl Shape {
    /// Returns a dump with full memory. Ranges are at least 4 KiB apart; names have about 40 characters.
    pub fn build(&self) -> Shaped {
        let mut numbers = Numbers((self.ranges + self.modules + self.threads) as u64);
        let mut address = 0x1_0000;
        let mut ranges = Vec::with_capacity(self.ranges);
        for _ in 0..self.ranges {
            let size = 32 * (1 + numbers.below(self.range_size / 16));
            ranges.push((address, size));
            address = (address + size as u64 + 0x1000 * (1 + numbers.draw() % 16)) & !0xfff;
        }
        let contents = contents(&mut numbers, ranges.iter().map(|(_, size)| size).sum());

        let mut dump = MinidumpBuilder::new();
        let system = format::SystemInfo { processor_architecture: ProcessorArchitecture::AMD64, ..Default::default() };
        dump.system_info(system, None).list(StreamType::MEMORY64_LIST).list(StreamType::MEMORY_INFO_LIST);
        let mut rest = contents.as_slice();
        let mut stored: Vec<MemoryRange<'_>> = Vec::with_capacity(ranges.len());
        for &(start, size) in &ranges {
            let (bytes, left) = rest.split_at(size);
            rest = left;
            stored.push(MemoryRange::borrowed(start, bytes));
            // `udmp-parser` ignores memory without memory information.
            let info = format::MemoryInfo { base_address: start, region_size: size as u64, ..Default::default() };
            dump.memory_info(info);
        }
        if self.shuffled {
            numbers.shuffle(&mut stored);
        }
        for range in stored {
            dump.memory64(range);
        }
        self.add_modules(&mut dump);
        self.add_threads(&mut dump, &ranges);

        let mut file = Vec::new();
        dump.plan().expect("the dump can be planned").write_to(&mut file).expect("writing to a vector succeeds");
        Shaped { file, ranges }
    }

    fn add_modules(&self, dump: &mut MinidumpBuilder<'_>) {
        for index in 0..self.modules {
            let name = dump.text(&*format!("C:\\Program Files\\Example\\library{index:06}.dll"));
            let base_of_image = 0x7ff0_0000_0000 + 0x10_0000 * index as u64;
            let module = format::Module { base_of_image, size_of_image: 0x8_0000, ..Default::default() };
            dump.module(module, name, None, None);
        }
    }

    fn add_threads(&self, dump: &mut MinidumpBuilder<'_>, ranges: &[(u64, usize)]) {
        // One context for all threads: `udmp-parser` requires each thread to have one.
        let context = dump.part("CONTEXT", vec![0; 1232]);
        for index in 0..self.threads {
            let thread_id = 4 + 4 * u32::try_from(index).expect("the index fits in 32 bits");
            let (start, size) = ranges.get(index).copied().unwrap_or((0x1000, 0));
            let mut stack = MemoryDescriptor { start_of_memory_range: start, ..Default::default() };
            stack.memory.data_size = u32::try_from(size).expect("stacks are small");
            let teb = 0x7fff_0000_0000 + 0x2000 * index as u64;
            dump.thread(format::Thread { thread_id, teb, stack, ..Default::default() }, Some(context));
            let name = dump.text(&*format!("worker {index}"));
            dump.thread_name(thread_id, name);
        }
    }
}
