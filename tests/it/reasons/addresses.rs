//! Which address of an exception is that of the instruction and which that of the memory; and the exceptions of LLDB.

use libtest_mimic::Trial;
use userdump::read::any_format::AnyException;
use userdump::{Dump as AnyDump, Minidump};

use crate::support::cpu::Cpu;
use crate::support::trials;
use crate::synth::{Dump, Exception, Part, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        memory_and_instruction_are_told_apart,
        without_a_context_the_instruction_is_known_under_windows_alone,
        addresses_of_32_bits_have_32_bits,
        a_dump_of_lldb_has_its_text,
        marks_of_lldb_without_a_text_have_none,
    ]
}

const MAC: u32 = 0x8101;
const SOLARIS: u32 = 0x8202;
const LLDB: u32 = 0x4c4c_4442;

/// The instruction pointer of the context, and the address in the record.
const INSTRUCTION: u64 = 0x40_05d0;
const RECORDED: u64 = 0x1234;

/// An exception on AMD64 and, if there is a thread, its context.
fn dump(platform: u32, exception: Exception, instruction: Option<u64>) -> Vec<u8> {
    let mut system = Cpu::AMD64.linux();
    system.platform = platform;
    let dump = Dump::new().system_info(system);
    let Some(instruction) = instruction else {
        return dump.exception(Exception { context: Part::None, ..exception }).build();
    };
    let mut context = vec![0; Cpu::AMD64.size];
    context[48..52].copy_from_slice(&Cpu::AMD64.flags.to_le_bytes());
    context[248..256].copy_from_slice(&instruction.to_le_bytes());
    dump.thread(Thread::new(7).context(context)).exception(exception).build()
}

/// The addresses of memory and instruction. The format-independent exception must give the same.
fn addresses(bytes: &[u8]) -> (Option<u64>, Option<u64>) {
    let dump = Minidump::parse(bytes).expect("it is sound");
    let exception = dump.exceptions().next().expect("there is one").expect("it is sound");
    let any = AnyDump::parse(bytes).expect("it is sound");
    let any: AnyException<'_> = any.exceptions().next().expect("there is one");
    let found = (exception.accessed_address(), exception.instruction_address());
    assert_eq!((any.accessed_address(), any.instruction_address()), found);
    found
}

fn raised(code: u32, flags: u32) -> Exception {
    Exception { flags, ..Exception::new(7, code, RECORDED) }
}

fn memory_and_instruction_are_told_apart() {
    let found = |platform, code, flags| addresses(&dump(platform, raised(code, flags), Some(INSTRUCTION))).0;
    let linux = |code, flags| found(0x8201, code, flags);
    // SIGSEGV and SIGBUS concern memory: as faults, or in the form that old versions of Breakpad write.
    for (signal, code) in [(11, 1), (11, 2), (11, 9), (7, 1), (7, 2), (11, 0), (7, 0)] {
        assert_eq!(linux(signal, code), Some(RECORDED), "{signal}, {code}");
        assert_eq!(found(0x8203, signal, code), Some(RECORDED), "{signal}, {code} on Android");
    }
    // A signal that was sent, and a fault whose address the processor does not report.
    for code in [0x80, 0xffff_ffff, 0xffff_fffa, LLDB] {
        assert_eq!((linux(11, code), linux(7, code)), (None, None), "{code:#x}");
    }
    // The other signals concern the instruction, or have no address.
    for signal in [4, 5, 6, 8, 31, 0xffff_ffff] {
        assert_eq!(linux(signal, 1), None, "{signal}");
    }
    assert_eq!(
        (found(SOLARIS, 11, 1), found(SOLARIS, 10, 1), found(SOLARIS, 7, 1)),
        (Some(RECORDED), Some(RECORDED), None)
    );
    assert_eq!((found(MAC, 1, 1), found(MAC, 1, 0xd), found(MAC, 6, 2)), (Some(RECORDED), None, None));
    assert_eq!((found(2, 0x8000_0003, 0), found(0x8206, 0x108, 0)), (None, None));
    let violation = Exception {
        parameters: 2,
        information: [[1, 0x5678].as_slice(), &[0; 13]].concat().try_into().unwrap(),
        ..raised(0xc000_0005, 0)
    };
    assert_eq!(addresses(&dump(2, violation, Some(INSTRUCTION))), (Some(0x5678), Some(RECORDED)));
    // Old versions of LLDB leave the flags 0 and record the instruction.
    assert_eq!(addresses(&dump(0x8201, raised(11, 0), Some(RECORDED))), (None, Some(RECORDED)));
    assert_eq!(addresses(&dump(0x8201, raised(11, 1), Some(RECORDED))), (Some(RECORDED), Some(RECORDED)));
}

fn without_a_context_the_instruction_is_known_under_windows_alone() {
    for (platform, instruction) in [(2, Some(RECORDED)), (0x8201, None), (MAC, None), (SOLARIS, None), (0x8206, None)] {
        assert_eq!(addresses(&dump(platform, raised(11, 1), None)).1, instruction, "{platform:#x}");
    }
}

fn addresses_of_32_bits_have_32_bits() {
    for (cpu, expected) in [(Cpu::X86, 0x9000_0000), (Cpu::ARM, 0x9000_0000), (Cpu::AMD64, 0xffff_ffff_9000_0000)] {
        let exception = Exception { address: 0xffff_ffff_9000_0000, context: Part::None, ..raised(11, 1) };
        let bytes = Dump::new().system_info(cpu.linux()).exception(exception).build();
        assert_eq!(addresses(&bytes).0, Some(expected), "{cpu:?}");
        let exception = Exception { address: 0xffff_ffff_9000_0000, context: Part::None, ..raised(0x8000_0003, 0) };
        let bytes = Dump::new().system_info(cpu.windows()).exception(exception).build();
        assert_eq!(addresses(&bytes).1, Some(expected), "{cpu:?}");
    }
}

/// The record as LLDB writes it: the address of the instruction, the marker in the flags, one parameter, and text in
/// all of them.
fn of_lldb(text: &[u8]) -> Exception {
    let mut bytes = [0; 120];
    bytes[..text.len()].copy_from_slice(text);
    let words = std::array::from_fn(|index| u64::from_le_bytes(bytes[8 * index..8 * index + 8].try_into().unwrap()));
    Exception { parameters: 1, information: words, ..raised(11, LLDB) }
}

fn description(bytes: &[u8]) -> Option<String> {
    let dump = Minidump::parse(bytes).expect("it is sound");
    let exception = dump.exceptions().next().expect("there is one").expect("it is sound");
    exception.lldb_description().map(|text| text.to_string())
}

fn a_dump_of_lldb_has_its_text() {
    let long = [b'x'; 120];
    for text in [b"signal SIGSEGV: address not mapped to object (fault address=0x1234)".as_slice(), b"a", &long] {
        let bytes = dump(0x8201, of_lldb(text), Some(RECORDED));
        assert_eq!(description(&bytes).as_deref(), Some(std::str::from_utf8(text).unwrap()));
        assert_eq!(addresses(&bytes), (None, Some(RECORDED)));
        let dump = Minidump::parse(&bytes).expect("it is sound");
        let reason = dump.exceptions().next().expect("there is one").expect("it is sound").reason();
        assert_eq!(reason.to_string(), "SIGSEGV (11), LLDB (0x4c4c4442)");
    }
}

fn marks_of_lldb_without_a_text_have_none() {
    assert_eq!(description(&dump(0x8201, of_lldb(b""), None)), None);
    assert_eq!(description(&dump(0x8201, Exception { flags: 1, ..of_lldb(b"text") }, None)), None);
}
