//! Compares look-ups by address with a linear search: memory, modules, regions; overlaps, truncation, the last address.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use userdump::format;
use userdump::format::ProcessorArchitecture;
use userdump::format::full_user_dump::ImageFileMachine;
use userdump::read::memory::VisibleRange;
use userdump::read::{Memory, ModuleList};
use userdump::write::{MemoryRange, Plan};
use userdump::{Dump, FullUserDumpBuilder, MinidumpBuilder};

/// All addresses are in a window of this size, or after the last address.
const SPAN: u64 = 0x200;

/// The starts of windows: low, around 2 GiB, before 4 GiB and before the end of 64 bits. The last two extend beyond it.
const BASES: [u64; 5] = [0, 0x1000, 0x8000_0000 - SPAN / 2, (1 << 32) - SPAN + 0x80, (u64::MAX - SPAN + 1) + 0x80];

#[derive(Arbitrary, Debug)]
struct Input {
    narrow: bool,
    full_user_dump: bool,
    base: u8,
    /// The list, the first address, and the size.
    ranges: Vec<(bool, u8, u8)>,
    modules: Vec<(u8, u8)>,
    regions: Vec<(u8, u8)>,
    /// Number of bytes of the last range that are missing at the end of the file.
    cut: u8,
}

/// Addresses, and the bytes at them.
struct Range {
    start: u64,
    bytes: Vec<u8>,
}

impl Input {
    fn base(&self) -> u64 {
        BASES[usize::from(self.base) % if self.narrow { 4 } else { 5 }]
    }

    fn last(&self) -> u64 {
        if self.narrow { u32::MAX.into() } else { u64::MAX }
    }

    /// The address as stored in the file. In a 32-bit process, every other address above 2 GiB is sign-extended.
    fn written(&self, into: u8) -> u64 {
        let address = self.base().saturating_add(into.into());
        let signed = self.narrow && address >= 0x8000_0000 && into % 2 == 1;
        if signed { address | 0xffff_ffff_0000_0000 } else { address }
    }

    /// The complete ranges in the order of their precedence, which is the order of the file.
    fn ranges(&self) -> Vec<Range> {
        let lists = [false, true].into_iter().flat_map(|list| self.ranges.iter().filter(move |range| range.0 == list));
        let in_order: Vec<_> = if self.full_user_dump { self.ranges.iter().collect() } else { lists.collect() };
        let range = |(rank, &&(_, into, size)): (u8, &&(bool, u8, u8))| Range {
            start: self.written(into),
            bytes: (0..size).map(|at| rank.wrapping_mul(31).wrapping_add(at)).collect(),
        };
        (0..=u8::MAX).cycle().zip(&in_order).map(range).collect()
    }

    fn row(&self, &(into, size): &(u8, u8)) -> format::MemoryInfo {
        let (base_address, region_size) = (self.written(into), size.into());
        format::MemoryInfo { base_address, region_size, state: 0x1000, protect: 4, ..Default::default() }
    }

    fn file(&self, ranges: &[Range]) -> Vec<u8> {
        let plan = if self.full_user_dump { self.user_dump(ranges) } else { self.minidump(ranges) };
        let mut file = Vec::new();
        plan.write_to(&mut file).expect("memory takes everything");
        file
    }

    fn minidump<'a>(&self, ranges: &'a [Range]) -> Plan<'a> {
        let mut dump = MinidumpBuilder::new();
        let processor_architecture =
            if self.narrow { ProcessorArchitecture::X86 } else { ProcessorArchitecture::AMD64 };
        dump.system_info(format::SystemInfo { processor_architecture, ..Default::default() }, None);
        for &(into, size) in &self.modules {
            let (base_of_image, size_of_image) = (self.written(into), size.into());
            dump.nameless_module(format::Module { base_of_image, size_of_image, ..Default::default() }, None, None);
        }
        self.regions.iter().for_each(|region| _ = dump.memory_info(self.row(region)));
        let first = self.ranges.iter().filter(|range| !range.0).count();
        for range in &ranges[..first] {
            dump.memory(MemoryRange::borrowed(range.start, &range.bytes));
        }
        for range in &ranges[first..] {
            dump.memory64(MemoryRange::borrowed(range.start, &range.bytes));
        }
        dump.plan().expect("it is small")
    }

    fn user_dump<'a>(&self, ranges: &'a [Range]) -> Plan<'a> {
        let mut dump = match self.narrow {
            true => FullUserDumpBuilder::new_32_bit(ImageFileMachine::I386),
            false => FullUserDumpBuilder::new_64_bit(ImageFileMachine::AMD64),
        };
        for &(into, size) in &self.modules {
            let (base_of_image, size_of_image) = (self.written(into), size.into());
            dump.module(
                format::full_user_dump::CrashModule64 { base_of_image, size_of_image, image_name_length: 0 },
                b"m",
            );
        }
        for range in ranges {
            let (base_address, region_size) = (range.start, range.bytes.len() as u64);
            let row = format::MemoryInfo { base_address, region_size, state: 0x1000, protect: 4, ..Default::default() };
            dump.region(row, MemoryRange::borrowed(range.start, &range.bytes));
        }
        dump.plan().expect("it is small")
    }
}

fuzz_target!(|input: Input| {
    let mut ranges = input.ranges();
    let mut file = input.file(&ranges);
    if let Some(last) = ranges.last_mut() {
        let gone = usize::from(input.cut).min(last.bytes.len());
        last.bytes.truncate(last.bytes.len() - gone);
        file.truncate(file.len() - gone);
    }
    let dump = Dump::parse(&file).expect("it is a dump");
    let mask = input.last();
    let memory = dump.memory();
    let holder = |address: u64| {
        ranges.iter().enumerate().find_map(|(rank, range)| {
            let into = address.checked_sub(range.start & mask)?;
            Some((rank, *range.bytes.get(usize::try_from(into).ok()?)?))
        })
    };
    let addresses = (0..SPAN).filter_map(|into| input.base().checked_add(into)).take_while(|it| *it <= mask);
    let held: Vec<(u64, Option<(usize, u8)>)> = addresses.map(|address| (address, holder(address))).collect();
    check_memory(&memory, &held, mask);

    let first = |list: &[(u8, u8)], address: u64| {
        let has = |&(into, size): &(u8, u8)| {
            (address.checked_sub(input.written(into) & mask)).is_some_and(|from| from < size.into())
        };
        list.iter().find(|entry| has(entry)).map(|&(into, size)| (input.written(into), u64::from(size)))
    };
    let regions = dump.regions();
    let modules = match &dump {
        Dump::Minidump(dump) => dump.stream::<ModuleList<'_>>().expect("it is sound"),
        _ => None,
    };
    let index = modules.map(|modules| modules.by_address());
    for (address, _) in &held {
        if let Some((modules, index)) = modules.as_ref().zip(index.as_ref()) {
            let expected = first(&input.modules, *address);
            let found = [modules.at_address(*address), index.get(*address)];
            let found = found.map(|module| module.map(|module| (module.base(), module.size().into())));
            assert_eq!(found, [expected; 2]);
        }
        if !input.full_user_dump {
            let found = regions.at_address(*address).map(|region| (region.base(), region.size()));
            assert_eq!(found, first(&input.regions, *address));
        }
    }
});

fn contents(range: &VisibleRange<'_>) -> Vec<u8> {
    range.bytes().expect("it stands in the file").to_vec()
}

fn check_memory(memory: &Memory<'_>, held: &[(u64, Option<(usize, u8)>)], last: u64) {
    // A contiguous run for which one range takes precedence.
    let mut visible: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut before = None;
    for &(address, holder) in held {
        let rank = holder.map(|(rank, _)| rank);
        if let Some((_, byte)) = holder {
            match visible.last_mut().filter(|_| before == rank) {
                Some((_, bytes)) => bytes.push(byte),
                None => visible.push((address, vec![byte])),
            }
        }
        before = rank;
    }
    let found: Vec<_> = memory.visible_ranges().map(|range| (range.address, contents(&range))).collect();
    assert_eq!(found, visible);
    assert_eq!(memory.is_empty(), visible.is_empty());
    for (index, &(address, holder)) in held.iter().enumerate() {
        let run: Vec<u8> = held[index..].iter().map_while(|(_, holder)| Some((*holder)?.1)).collect();
        assert_eq!(memory.run_len(address, u64::MAX), run.len() as u64);
        assert_eq!(memory.run_len(address, 3), run.len().min(3) as u64);
        let mut buffer = [0; 17];
        let read = memory.read(address, &mut buffer);
        assert_eq!(buffer[..read], run[..run.len().min(17)]);
        assert!(memory.slice(address, 4).is_none_or(|bytes| run.starts_with(bytes)));

        let at = memory.range_at(address).map(|range| (range.address, contents(&range)));
        let has = |&&(start, ref bytes): &&(u64, Vec<u8>)| address - start < bytes.len() as u64;
        let expected = holder.and_then(|_| visible.iter().filter(|(start, _)| *start <= address).find(has));
        assert_eq!(at.as_ref(), expected);

        let end = address.saturating_add(17).min(last);
        let within: Vec<(u64, u8)> = memory
            .visible_within(address, end)
            .flat_map(|range| (0..).zip(contents(&range)).map(move |(at, byte)| (range.address + at, byte)))
            .collect();
        let expected = held[index..].iter().take_while(|(address, _)| *address <= end);
        assert!(within.into_iter().eq(expected.filter_map(|&(address, holder)| Some((address, holder?.1)))));
    }
}
