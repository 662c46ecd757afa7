//! The process: its memory and registers, which any dump has, and a full user dump of it.

use crate::images::assembler::{RESOURCES_AT, debug_entry, directories_at, numbers, resource_directory, to};
use crate::support::cpu::{Cpu, put};
use crate::support::image::{CODE, DATA, SIGNATURE_AT, headers};
use crate::synth::{UserDump, UserEvent, UserRegion, UserThread, rsds};
use userdump_walk::words::{all, within, word, words_of_8};

pub const STACK: u64 = 0x10_0000;
pub const HEAP: u64 = 0x20_0000;
const POINTED: u64 = 0x22_0000;
/// The page that the system shares with all processes.
const SHARED: u64 = 0x7ffe_0000;
pub const TEB: u64 = 0x70_0000;
/// Unwind data of generated code, which minidumps of AMD64 have.
pub const UNWIND: u64 = 0x72_0000;
const PEB: u64 = 0x71_0000;
const PARAMETERS: u64 = 0x30_0000;
const COMMAND_LINE: u64 = 0x30_1000;
const ENVIRONMENT: u64 = 0x31_0000;
pub const IMAGE: u64 = 0x40_0000;
/// An image with a section of data and one of code.
pub const SECTIONS: u64 = 0x1000_0000;

/// The offset of the section of constants in it, with memory after it.
const CONSTANTS: u64 = RESOURCES_AT as u64;
const BEHIND: u64 = 0x6000;

/// A context without the flag for debug registers, with words wherever there is no valid register.
pub fn context(cpu: Cpu) -> Vec<u8> {
    let mut context = cpu.context(IMAGE + 0x200, STACK + 0x40);
    // Edi and Esi, or Rbx.
    put(&mut context, if cpu.word == 4 { 0x9c } else { 0x90 }, &word("register").as_bytes()[..8]);
    put(&mut context, cpu.flags_at, &(cpu.flags & !0x10).to_le_bytes());
    // From the FXSAVE area, whose flag is set.
    put(&mut context, if cpu.word == 4 { 364 } else { 416 }, &all("vector register whose flag is set"));
    let (debug, padding) = if cpu.word == 4 { (4..28, 492) } else { (72..120, 672) };
    put(&mut context, debug.start, &within("registers whose flag is clear", debug.len()));
    put(&mut context, padding, &all("padding of a context"));
    if cpu.word == 8 {
        put(&mut context, 0, &within("parameter home fields", 48));
        put(&mut context, 768, &all("vector registers without a flag"));
    }
    context
}

/// The memory of the process.
pub fn memory(cpu: Cpu) -> Vec<(u64, Vec<u8>)> {
    let narrow = cpu.word == 4;
    let pick = |first, second| if narrow { first } else { second };
    let pointer = |bytes: &mut [u8], at: usize, to: u64| put(bytes, at, &to.to_le_bytes()[..cpu.word]);
    let block = |size: usize, at: usize, place: &str| {
        let mut bytes = vec![0; size];
        put(&mut bytes, at, &all(place));
        bytes
    };
    let mut stack = block(0x1000, 0x100, "stack");
    put(&mut stack, 0x1000 - 72, &all("end of the stack"));
    // A return address, and a pointer that `i` follows.
    pointer(&mut stack, 0x500, IMAGE + 0x123);
    pointer(&mut stack, 0x600, STACK + 0x800);
    pointer(&mut stack, 0x680, POINTED + 0x180);
    let mut teb = block(0x2000, 0x900, "thread environment block");
    put(&mut teb, 0, &cpu.teb(STACK + 0x1000, STACK));
    pointer(&mut teb, pick(0x30, 0x60), PEB);
    let mut peb = block(0x1000, 0x800, "process environment block");
    pointer(&mut peb, pick(0x10, 0x20), PARAMETERS);
    let mut parameters = block(0x500, 0x150, "process parameters");
    let text = pick(0x40, 0x70);
    put(&mut parameters, text, &72u16.to_le_bytes());
    pointer(&mut parameters, text + cpu.word, COMMAND_LINE);
    pointer(&mut parameters, pick(0x48, 0x80), ENVIRONMENT);
    // Not near the instruction: its surroundings are always included.
    let mut image = block(0x3000, 0x1800, "other memory");
    put(&mut image, 0x220, &within("code around an instruction", 36));
    let constants = ("r", CONSTANTS as u32, 0x700, 0x4000_0040);
    let mut sections = headers(cpu, &[constants, ("d", 0x2000, 0x100, DATA), ("c", 0x3000, 0x100, CODE)]);
    numbers(&mut sections, directories_at(cpu) - 4, &[16, 0, 0, 0, 0, RESOURCES_AT as u32, 0x300]);
    numbers(&mut sections, directories_at(cpu) + 8 * 6, &[CONSTANTS as u32 + 0x400, 5 * 28]);
    // The size of the headers, as far as the debugger counts it from the signature on.
    put(&mut sections, SIGNATURE_AT + 24 + 60, &(0x1000 - SIGNATURE_AT as u32).to_le_bytes());
    put(&mut sections, 0x800, &all("headers of an image"));
    let mut shared = block(0x1000, 0x40, "system folder");
    put(&mut shared, 0x274, &within("processor features", 64));
    put(&mut shared, 0x400, &all("other user shared data"));
    let mut data = block(0x100, 0x20, "data section");
    data.resize(0x200, 0);
    // After the section, on the same page.
    put(&mut data, 0x180, &within("debug record in writable memory", 0x80));
    vec![
        (SHARED, shared),
        (STACK, stack),
        (HEAP, block(0x1000, 0x200, "private memory")),
        (POINTED, block(0x1000, 0x200, "memory that a pointer leads to")),
        (PARAMETERS, parameters),
        (COMMAND_LINE, all("command line")),
        (ENVIRONMENT, block(0x2000, 0x100, "environment variables")),
        (IMAGE, image),
        (TEB, teb),
        (PEB, peb),
        (SECTIONS, sections),
        (SECTIONS + CONSTANTS, constants_of_image()),
        (SECTIONS + 0x2000, data),
        (SECTIONS + 0x3000, block(0x100, 0x20, "code section")),
        (SECTIONS + BEHIND, block(0x100, 0x20, "memory outside an image that its headers refer to")),
    ]
}

/// What identifies the image: a version and debug records, one of them in data and one outside the image.
fn constants_of_image() -> Vec<u8> {
    let mut bytes = vec![0; 0x1000 + 0x700];
    let (named, version) = (RESOURCES_AT + 0x40, all("version of an image"));
    resource_directory(&mut bytes, RESOURCES_AT, [0, 1], &[[16, to(named)]]);
    resource_directory(&mut bytes, named, [0, 1], &[[1, to(named + 0x40)]]);
    resource_directory(&mut bytes, named + 0x40, [0, 1], &[[0x409, 0xc0]]);
    numbers(&mut bytes, RESOURCES_AT + 0xc0, &[RESOURCES_AT as u32 + 0x100, version.len() as u32]);
    put(&mut bytes, RESOURCES_AT + 0x100, &version);
    let records = [CONSTANTS as u32 + 0x500, 0x2180, BEHIND as u32];
    for (index, record) in records.into_iter().enumerate() {
        debug_entry(&mut bytes, CONSTANTS as usize + 0x400 + 28 * index, 13, 0x80, record);
    }
    put(&mut bytes, CONSTANTS as usize + 0x500, &all("debug record of an image"));
    let pdb = rsds([7; 16], 1, &path("folder in a debug record of an image", "PDB in a debug record of an image"));
    // The first record identifies the module, if the dump gives none.
    let first = rsds([8; 16], 1, "C:\\first.pdb");
    for (index, (at, record)) in [(0x680, &first), (0x600, &pdb)].into_iter().enumerate() {
        let entry = CONSTANTS as usize + 0x400 + 28 * (3 + index);
        debug_entry(&mut bytes, entry, 2, record.len() as u32, CONSTANTS as u32 + at);
        put(&mut bytes, CONSTANTS as usize + at as usize, record);
    }
    bytes.split_off(CONSTANTS as usize)
}

pub fn path(folder: &str, name: &str) -> String {
    format!("C:\\{}\\{}", word(folder), word(name))
}

/// A parameter that counts, followed by others. In 32 bits they are too short for a word.
pub fn parameters(cpu: Cpu) -> [u64; 15] {
    let mut information = [0; 15];
    if cpu.word == 8 {
        information[..2].copy_from_slice(&words_of_8::<2>("exception parameter"));
        information[2..].copy_from_slice(&words_of_8::<13>("exception parameter beyond the count"));
    }
    information
}

pub fn user_dump(cpu: Cpu) -> Vec<u8> {
    let dump = if cpu.word == 4 { UserDump::narrow() } else { UserDump::wide() };
    let mut event =
        UserEvent { process: 7, thread: 7, code: 0xc000_0005, address: IMAGE + 0x210, ..Default::default() };
    event.parameters = 2;
    event.information = parameters(cpu);
    let thread = UserThread { id: 7, teb: TEB, context: context(cpu), ..UserThread::default() };
    let dump = dump.event(event).thread(thread).module(IMAGE, 0x1000, &path("folder of a module", "module"));
    let dump = dump.module(SECTIONS, 0x4000, "coreclr.dll").service_pack(&word("service pack"));
    let region = |(at, bytes): (u64, Vec<u8>)| match at {
        HEAP => UserRegion::new(at, bytes),
        at if at == SECTIONS + CONSTANTS => UserRegion { kind: 0x4_0000, protect: 2, ..UserRegion::new(at, bytes) },
        // Mapped, so that `w` leaves them out.
        _ => UserRegion { kind: 0x4_0000, ..UserRegion::new(at, bytes) },
    };
    memory(cpu).into_iter().map(region).fold(dump, UserDump::region).build()
}
