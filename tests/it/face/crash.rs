//! The crash address, and the thread and registers at the crash.

use libtest_mimic::Trial;
use minidump::system_info::Os;
use minidump::{Minidump as Peer, MinidumpException, MinidumpSystemInfo};
use userdump::Dump;
use userdump::read::any_format::AnyException;

use crate::support::cpu::Cpu;
use crate::support::{Shared, fixtures, trials};
use crate::synth::{self, Exception, Part, Thread, UserDump, UserEvent, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        the_crash_address_is_that_of_memory_or_instruction,
        crash_addresses_are_those_of_the_peer,
        registers_at_the_crash_are_those_of_the_exception,
    ]
}

const LINUX: u32 = 0x8201;
const MAC: u32 = 0x8101;
const IP: u64 = 0x40_05d0;
const RECORDED: u64 = 0x1234;

fn crash_address(bytes: &[u8]) -> Option<u64> {
    let dump = Dump::parse(bytes).expect("it is valid");
    let exception = dump.exceptions().next().expect("there is one");
    if let AnyException::Minidump(exception) = exception {
        assert_eq!(exception.crash_address(), dump.exceptions().next().and_then(|it| it.crash_address()));
    }
    exception.crash_address()
}

fn the_crash_address_is_that_of_memory_or_instruction() {
    let built = |platform, code, flags, parameters: &[u64], has_context: bool| {
        let mut system = Cpu::AMD64.linux();
        system.platform = platform;
        let mut exception =
            Exception { flags, parameters: parameters.len() as u32, ..Exception::new(1, code, RECORDED) };
        exception.information[..parameters.len()].copy_from_slice(parameters);
        if !has_context {
            exception.context = Part::None;
        }
        let thread = Thread::new(1).context(Cpu::AMD64.context(IP, 0x7000));
        crash_address(&synth::Dump::new().system_info(system).thread(thread).exception(exception).build())
    };
    // Windows: the parameter of an access violation, else the instruction address, which is in the record.
    assert_eq!(built(2, 0xc000_0005, 0, &[1, 0xdead], true), Some(0xdead));
    assert_eq!(built(2, 0xc000_0094, 0, &[], true), Some(RECORDED));
    // Linux and macOS: the record has the memory address, the context has the instruction address.
    assert_eq!(built(LINUX, 11, 1, &[], true), Some(RECORDED));
    assert_eq!(built(LINUX, 8, 1, &[], true), Some(IP));
    assert_eq!(built(LINUX, 8, 1, &[], false), None);
    assert_eq!(built(MAC, 1, 1, &[], true), Some(RECORDED));
    assert_eq!(built(MAC, 6, 1, &[], true), Some(IP));
    let event =
        |code| UserEvent { code, address: 0x77_0000, parameters: 2, information: [0; 15], ..UserEvent::default() };
    let event = |code| UserEvent {
        information: std::array::from_fn(|at| [1, 0xdead].get(at).copied().unwrap_or(0)),
        ..event(code)
    };
    assert_eq!(crash_address(&UserDump::narrow().event(event(0xc000_0005)).build()), Some(0xdead));
    assert_eq!(crash_address(&UserDump::narrow().event(event(0x8000_0003)).build()), Some(0x77_0000));
}

const STACK_OVERFLOW: u32 = 0xc000_00fd;

/// The peer gives the address in the record on every system except Windows, whatever it is. We differ where that is not
/// a memory address: signals and exceptions such as aborts have the address of the instruction. On Windows it gives the
/// memory address only for access violations.
fn crash_addresses_are_those_of_the_peer(shared: &Shared) {
    let (mut equal, mut decided) = (0, Vec::new());
    let mut compare = |name: &str, bytes: &[u8]| {
        let Ok(dump) = Dump::parse(bytes) else { return };
        let Ok(peer) = Peer::read(bytes) else { return };
        let Ok(system) = peer.get_stream::<MinidumpSystemInfo>() else { return };
        let Ok(theirs) = peer.get_stream::<MinidumpException<'_>>() else { return };
        let exception = dump.exceptions().next().expect("the peer has it");
        assert_eq!(dump.crashed_thread_id(), Some(theirs.get_crashing_thread_id()), "{name}");
        let expected = theirs.get_crash_address(system.os, system.cpu);
        if exception.crash_address() == Some(expected) {
            equal += 1;
            return;
        }
        decided.push(format!("{name}: {expected:#x} {:x?} {}", exception.crash_address(), exception.reason()));
        if system.os == Os::Windows {
            // Its parameters are those of an access violation.
            assert_eq!(exception.code(), STACK_OVERFLOW, "{decided:?}");
            assert_eq!(exception.crash_address(), Some(theirs.raw.exception_record.exception_information[1]), "{name}");
            return;
        }
        assert_eq!(exception.accessed_address(), None, "{name}");
        assert_eq!(exception.crash_address(), exception.registers().and_then(|it| it.instruction_pointer()), "{name}");
    };
    fixtures::all().for_each(|(name, bytes)| compare(name, bytes));
    for row in shared.corpus() {
        compare(&row.file, &shared.corpus_file(&row));
    }
    println!("{equal} equal, {} decided: {decided:#?}", decided.len());
    assert!(equal > 60, "{equal}");
}

fn registers_at_the_crash_are_those_of_the_exception() {
    let registers = |bytes: &[u8]| {
        let dump = Dump::parse(bytes).expect("it is valid");
        let thread = dump.crashed_thread().map(|thread| thread.id());
        (thread, dump.crash_registers().and_then(|context| context.instruction_pointer()))
    };
    let cpu = Cpu::AMD64;
    let dump = || {
        let threads = [Thread::new(1), Thread::new(2).context(cpu.context(0x2222, 0x7000))];
        threads.into_iter().fold(synth::Dump::new().system_info(cpu.windows()), |dump, thread| dump.thread(thread))
    };
    let exception = |context| Exception { context, ..Exception::new(2, 0x8000_0003, 0) };
    let own = Part::Bytes(cpu.context(0x3333, 0x7000));
    assert_eq!(registers(&dump().exception(exception(own)).build()), (Some(2), Some(0x3333)));
    assert_eq!(registers(&dump().exception(exception(Part::None)).build()), (Some(2), Some(0x2222)));
    assert_eq!(registers(&dump().exception(Exception { thread: 9, ..exception(Part::None) }).build()), (None, None));
    // Without an exception, Breakpad records who requested the dump.
    let asked: Vec<u8> = [3u32, 1, 2].iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(registers(&dump().raw(0x4767_0001, asked).build()), (Some(2), Some(0x2222)));
    assert_eq!(registers(&dump().build()), (None, None));
    let thread = UserThread { id: 5, context: cpu.context(0x5555, 0x7000), ..UserThread::default() };
    let event = UserEvent { thread: 5, code: 0x8000_0003, ..UserEvent::default() };
    let user = UserDump::wide().thread(thread).event(event);
    assert_eq!(registers(&user.build()), (Some(5), Some(0x5555)));
}
