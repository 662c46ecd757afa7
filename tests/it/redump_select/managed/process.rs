//! A process with the .NET runtime, and the memory that is selected from it.

use userdump::redump::{Managed, Options, Reason, Redump};

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::image::{CODE, DATA, SIGNATURE_AT, headers};
use crate::support::redumped::parsed;
use crate::synth::{Dump, MemoryInfo, Module, Part, Stack, Thread};

pub const RUNTIME: u64 = 0x5000_0000;
pub const MANAGED: u64 = 0x5800_0000;
pub const PLAIN: u64 = 0x6000_0000;
pub const OTHER: u64 = 0x6800_0000;
/// The reserved start of the stack, the start of its committed part, the stack pointer, and the end.
pub const STACK: u64 = 0x3000_0000;
pub const STACK_LIMIT: u64 = STACK + 0x1000;
pub const STACK_POINTER: u64 = STACK + 0x3000;
pub const STACK_BASE: u64 = STACK + 0x4000;
const TEB: u64 = 0x3800_0000;

const READ_ONLY: u32 = 0x4000_0040;
const IMAGE_ROW: u32 = 0x100_0000;

/// Sections of all images here, of one page each from the second on.
const SECTIONS: [(&str, u32, u32, u32); 6] = [
    (".text", 0x1000, 0x1000, CODE),
    (".rdata", 0x2000, 0x1000, READ_ONLY),
    (".data", 0x3000, 0x1000, DATA),
    (".pdata", 0x4000, 0x1000, READ_ONLY),
    ("other", 0x5000, 0x1000, READ_ONLY),
    ("last", 0x6000, 0x1000, READ_ONLY),
];
/// The size of the images.
pub const SIZE: u32 = 0x7000;

/// Positions in images.
pub const TABLE_AT: usize = 0x4000;
pub const DATA_AT: usize = 0x2200;
pub const HEADER_AT: usize = 0x1100;
pub const METADATA_AT: usize = 0x1201;
pub const NATIVE_AT: usize = 0x1400;

pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn directory(image: &mut [u8], cpu: Cpu, index: usize, position: usize, size: usize) {
    let directories = SIGNATURE_AT + 24 + if cpu.word == 8 { 112 } else { 96 };
    put(image, directories - 4, &words(&[16]));
    put(image, directories + 8 * index, &words(&[position as u32, size as u32]));
}

/// An image with headers and sections, filled with the pattern.
pub fn image(cpu: Cpu, base: u64) -> Vec<u8> {
    let mut image = headers(cpu, &SECTIONS);
    image.extend(pattern(base + 0x1000, u64::from(SIZE) - 0x1000));
    let machine: u16 = match cpu.architecture {
        0 => 0x14c,
        5 => 0x1c4,
        12 => 0xaa64,
        _ => 0x8664,
    };
    put(&mut image, SIGNATURE_AT + 4, &machine.to_le_bytes());
    image
}

/// Adds a runtime header, metadata of an odd size, and a header of precompiled code with three sections.
pub fn with_managed_code(cpu: Cpu, mut image: Vec<u8>) -> Vec<u8> {
    directory(&mut image, cpu, 14, HEADER_AT, 72);
    put(&mut image, HEADER_AT, &[0; 72]);
    put(&mut image, HEADER_AT, &words(&[72, 0, METADATA_AT as u32, 0x83]));
    put(&mut image, HEADER_AT + 64, &words(&[NATIVE_AT as u32, 16]));
    put(&mut image, NATIVE_AT, b"RTR\0");
    put(&mut image, NATIVE_AT + 12, &words(&[3]));
    image
}

/// Adds these entries as the exception directory.
pub fn with_functions(cpu: Cpu, mut image: Vec<u8>, entries: &[u32]) -> Vec<u8> {
    directory(&mut image, cpu, 3, TABLE_AT, 4 * entries.len());
    put(&mut image, TABLE_AT, &words(entries));
    image
}

/// Adds an export directory with these names, which must be sorted.
pub fn with_exports(cpu: Cpu, mut image: Vec<u8>, names: &[&str]) -> Vec<u8> {
    const EXPORTS_AT: usize = 0x2400;
    directory(&mut image, cpu, 0, EXPORTS_AT, 40);
    let table = EXPORTS_AT + 40;
    put(&mut image, EXPORTS_AT + 24, &words(&[names.len() as u32, 0, table as u32]));
    let mut at = table + 4 * names.len();
    for (number, name) in names.iter().enumerate() {
        put(&mut image, table + 4 * number, &words(&[at as u32]));
        put(&mut image, at, name.as_bytes());
        put(&mut image, at + name.len(), &[0]);
        at += name.len() + 1;
    }
    image
}

/// The image in its file layout: sections are `below` bytes lower than in memory.
pub fn as_file(cpu: Cpu, image: &[u8], below: usize) -> Vec<u8> {
    let mut file = image[..0x1000].to_vec();
    file.truncate(0x1000 - below);
    file.extend(&image[0x1000..]);
    let table = crate::support::image::TABLE_AT[usize::from(cpu.word == 4)];
    for (number, (_, position, ..)) in SECTIONS.iter().enumerate() {
        put(&mut file, table + 40 * number + 20, &words(&[position - below as u32]));
    }
    file
}

pub fn row(base: u64, size: u64, protect: u32, kind: u32) -> MemoryInfo {
    MemoryInfo { protect, kind, ..MemoryInfo::new(base, size) }
}

/// Adds the memory information entries of an image whose second to last page was written.
pub fn rows_of_image(dump: Dump, base: u64) -> Dump {
    let pages = [2, 0x20, 2, 8, 2, 4, 2].into_iter().zip(0u64..);
    pages.fold(dump, |dump, (protect, number)| {
        let row = row(base + 0x1000 * number, 0x1000, protect, IMAGE_ROW);
        dump.memory_info(MemoryInfo { allocation_base: base, ..row })
    })
}

/// A process with all memory: a runtime, an image with managed code, one without, and a thread whose stack has some
/// words.
pub struct Process {
    pub cpu: Cpu,
    pub runtime: &'static str,
    pub managed: Vec<u8>,
    pub plain: Vec<u8>,
    pub words: Vec<u64>,
    pub has_rows: bool,
    pub flags: u64,
}

impl Process {
    pub fn new(cpu: Cpu) -> Self {
        let managed = with_managed_code(cpu, image(cpu, MANAGED));
        let plain = image(cpu, PLAIN);
        Self { cpu, runtime: "C:\\x\\coreclr.dll", managed, plain, words: vec![0], has_rows: true, flags: 2 }
    }

    /// The process as a dump, with `more` added.
    pub fn dump(&self) -> Dump {
        let cpu = self.cpu;
        let stack: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()[..cpu.word].to_vec()).collect();
        let used = [stack, vec![0; 0x1000]].concat()[..0x1000].to_vec();
        let context = Part::from(cpu.context(0x10, STACK_POINTER));
        let thread = Thread { teb: TEB, ..Thread::new(7) };
        let thread = thread.stack(Stack::Listed(STACK_POINTER, 0x1000)).context(context);
        let mut dump = Dump::new()
            .flags(self.flags)
            .system_info(cpu.windows())
            .thread(thread)
            .module(Module::new(RUNTIME, SIZE, self.runtime))
            .module(Module::new(MANAGED, SIZE, "C:\\x\\App.dll"))
            .module(Module::new(PLAIN, SIZE, "C:\\x\\plain.dll"))
            .memory(RUNTIME, image(cpu, RUNTIME))
            .memory(MANAGED, &self.managed)
            .memory(PLAIN, &self.plain)
            .memory(STACK_LIMIT, pattern(STACK_LIMIT, 0x2000))
            .memory(STACK_POINTER, used)
            .memory(TEB, cpu.teb(STACK_BASE, STACK_LIMIT));
        if self.has_rows {
            dump = [RUNTIME, MANAGED, PLAIN].into_iter().fold(dump, rows_of_image);
            let of_stack = |row: MemoryInfo| MemoryInfo { allocation_base: STACK, ..row };
            let reserved = MemoryInfo { state: 0x2000, protect: 0, ..row(STACK, 0x1000, 0, 0x2_0000) };
            dump = dump
                .memory_info(of_stack(reserved))
                .memory_info(of_stack(row(STACK_LIMIT, 0x3000, 4, 0x2_0000)))
                .memory_info(row(TEB, 0x1000, 4, 0x2_0000));
        }
        dump
    }
}

pub fn managed(letters: &str, detail: Managed) -> Options {
    parsed(letters).managed(detail)
}

/// Addresses and sizes of the memory that is selected for the reasons the test picks, with adjoining ranges merged.
pub fn selected(source: &[u8], options: &Options, is_wanted: impl Fn(Reason) -> bool) -> Vec<(u64, u64)> {
    let dump = userdump::Dump::parse(source).expect("the source is a dump");
    let redump = Redump::new(&dump, options).expect("it can be re-encoded");
    united(redump.selected_memory().filter(|it| is_wanted(it.reason)).map(|it| (it.address, it.size)).collect())
}

/// Addresses and sizes, sorted, with adjoining ranges merged.
pub fn united(mut all: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    all.sort_unstable();
    let mut united: Vec<(u64, u64)> = Vec::new();
    for (start, size) in all {
        match united.last_mut() {
            Some(before) if start <= before.0 + before.1 => before.1 = before.1.max(start + size - before.0),
            _ => united.push((start, size)),
        }
    }
    united
}
