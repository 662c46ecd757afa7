//! Exceptions and contexts.

use userdump::read::system::MiscInfo;
use userdump::read::{Context, Exception, Thread};

use super::{Planted, Sample};
use crate::support::Shared;

/// The number of bytes around an instruction, on each side, that are in the dump.
const AROUND: u64 = 0x80;

fn exception(sample: &Sample) -> Exception<'_> {
    sample.dump().exceptions().flatten().next().expect("it has one")
}

fn context<'a>(exception: &Exception<'a>) -> Context<'a> {
    exception.context().expect("it is in the file").expect("it is present")
}

fn thread_context<'a>(thread: &Thread<'a>) -> Context<'a> {
    thread.context().expect("it is in the file").expect("it is present")
}

fn instruction(context: &Context<'_>) -> u64 {
    context.instruction_pointer().expect("it is valid")
}

/// A word of the context flags, which are at 48 for AMD64 and at 0 for x86.
fn flags(context: &Context<'_>, at: usize) -> u32 {
    u32::from_le_bytes(context.as_bytes()[at..at + 4].try_into().expect("four bytes"))
}

pub fn context_of_its_own(shared: &Shared) {
    let sample = Sample::read(shared, "exception-client");
    let (dump, exception) = (sample.dump(), exception(&sample));
    assert_eq!(instruction(&context(&exception)), 0x1_4000_1051);
    let thread = dump.crashed_thread().expect("it is listed");
    assert_eq!(u64::from(thread.id()), Planted::read(shared, false).at("ep_tid"));
    let at = instruction(&thread_context(&thread));
    assert_ne!(at, 0x1_4000_1051);
    let module = dump.modules().at_address(at).expect("it is in a module");
    assert!(module.name().expect("it is present").to_string().ends_with("ntdll.dll"));
    // The instruction after the system call.
    assert_eq!(dump.memory().read_u16(at - 2), Some(u16::from_le_bytes([0x0f, 0x05])));
}

pub fn window_at_the_address(shared: &Shared) {
    let sample = Sample::read(shared, "exception-client");
    let address = exception(&sample).address();
    assert!(sample.has_range(0x1_4000_0fd1, 0x130));
    assert_eq!(address - AROUND, 0x1_4000_0fd1);
    // The rest is the window of a thread whose instruction is a few bytes further on.
    let dump = sample.dump();
    let is_other = |thread: &Thread<'_>| instruction(&thread_context(thread)) + AROUND == 0x1_4000_0fd1 + 0x130;
    assert_eq!(dump.threads().filter(is_other).count(), 1);
}

pub fn window_in_data(shared: &Shared) {
    let (sample, planted) = (Sample::read(shared, "exception-address-is-not-ip"), Planted::read(shared, false));
    let exception = exception(&sample);
    let (address, instruction) = (exception.address(), instruction(&context(&exception)));
    assert_eq!((address, instruction), (planted.at("rw") + 0x4000, planted.at("rx") + 0x1000));
    assert!(sample.has_range(address - AROUND, 2 * AROUND));
    assert_eq!(sample.range_at(instruction), None);
    let memory = sample.dump().memory();
    assert_eq!(memory.read(instruction, &mut [0]), 0);
    // The pattern that the program filled its memory with (`plant.c`).
    let fill = |at: u64| (at.wrapping_mul(7).wrapping_add(1 + (at >> 8)) & 0xff) as u8 | 1;
    let mut bytes = vec![0; 2 * AROUND as usize];
    assert_eq!(memory.read(address - AROUND, &mut bytes), bytes.len());
    let expected: Vec<u8> = (0x4000 - AROUND..0x4000 + AROUND).map(fill).collect();
    assert!(bytes == expected);
}

pub fn unlisted_thread(shared: &Shared) {
    let sample = Sample::read(shared, "exception-of-unlisted-thread");
    let dump = sample.dump();
    assert_eq!(dump.crashed_thread_id(), Some(0x9_9999));
    assert!(dump.crashed_thread().is_none());
    assert_eq!(dump.threads().count(), 6);
    assert!(exception(&sample).registers().is_some(), "its registers are in the dump nonetheless");
}

pub fn nested_record(shared: &Shared) {
    let (sample, planted) = (Sample::read(shared, "exception-of-unlisted-thread"), Planted::read(shared, false));
    let exception = exception(&sample);
    assert_eq!(exception.raw().exception_record.exception_record, planted.at("view"));
    let parameters: [u64; 15] = std::array::from_fn(|index| [1, 0x1234].get(index).copied().unwrap_or(0));
    assert_eq!(exception.parameters(), parameters);
    assert_eq!(sample.findings(), ["exception-thread-missing"]);
}

pub fn extended_contexts(shared: &Shared) {
    for (name, size, at, expected) in [("xstate-exception", 3247, 48, 0x10_005f), ("x86-xstate", 2723, 0, 0x1_007f)] {
        let sample = Sample::read(shared, name);
        let dump = sample.dump();
        let layout = dump.find::<MiscInfo<'_>>().and_then(|misc| misc.xstate());
        for thread in dump.threads() {
            let context = thread_context(&thread);
            assert_eq!((context.as_bytes().len(), flags(&context, at)), (size, expected), "{name}");
            let layout = layout.as_ref().expect("it is present");
            let extended = context.xstate(Some(layout)).expect("it has extended state");
            // Everything was in its initial state, which is not written: the mask says so, and what was requested.
            assert_eq!((extended.features(), extended.iter().count()), (0, 0), "{name}");
            assert_eq!(extended.saved(), Some(layout.enabled_features & !3), "{name}");
        }
        assert_eq!(dump.threads().count(), 6);
    }
    // All others have exactly the known part of a context.
    let sample = Sample::read(shared, "normal");
    for thread in sample.dump().threads() {
        assert_eq!((thread_context(&thread).as_bytes().len(), flags(&thread_context(&thread), 48)), (1232, 0x10_001f));
    }
}

pub fn flag_without_extended_state(shared: &Shared) {
    let sample = Sample::read(shared, "xstate-exception");
    let layout = sample.dump().find::<MiscInfo<'_>>().and_then(|misc| misc.xstate());
    let context = context(&exception(&sample));
    assert_eq!((context.as_bytes().len(), flags(&context, 48)), (1232, 0x10_005f));
    // There is none, whatever the flags say.
    assert!(context.tail().is_empty());
    assert!(context.xstate(layout.as_ref()).is_none_or(|state| state.iter().next().is_none()));
}

pub fn layout_of_extended_state(shared: &Shared) {
    let sample = Sample::read(shared, "xstate-exception");
    let misc: MiscInfo<'_> = sample.dump().find().expect("it is present");
    let layout = misc.xstate().expect("it is present");
    assert_ne!(layout.enabled_features, 0);
    // The number of bytes after the fixed part of a context, without what precedes the state.
    let known = layout.features.iter().filter(|feature| feature.size != 0).count();
    assert!(known >= 3, "{known} kinds of registers");
    assert_ne!(layout.size_of_info, 0);
}

pub fn own_process(shared: &Shared) {
    for name in ["self-crash", "self-crash-by-other-thread", "x86-self-crash"] {
        let sample = Sample::read(shared, name);
        let dump = sample.dump();
        assert!(sample.is_of_itself());
        // The libraries that wrote it are in it.
        let is_writer = |path: &str| path.ends_with("dbgcore.dll") || path.ends_with("dbghelp.dll");
        let names = dump.modules().iter().map(|it| it.name().expect("it is present").to_string()).collect::<Vec<_>>();
        assert_eq!(names.iter().filter(|name| is_writer(name)).count(), 2, "{name}");
        assert!(dump.crashed_thread().is_some(), "{name}");
    }
    let other = Sample::read(shared, "normal");
    assert!(!other.is_of_itself());
    assert!(other.dump().modules().iter().all(|it| !it.name().unwrap().to_string().contains("dbgcore")));
}

/// Whether a stack contains an address in the library that writes dumps.
fn is_dumping(sample: &Sample, thread: &Thread<'_>) -> bool {
    let dump = sample.dump();
    let stack = dump.stack(thread).expect("it is valid").expect("it is present");
    let module = dump.modules().iter().find(|it| it.name().unwrap().to_string().ends_with("dbgcore.dll"));
    let module = module.expect("it is in the process");
    let words =
        stack.bytes().unwrap().chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")));
    words.filter(|word| module.contains(*word)).count() > 0
}

pub fn dumping_thread(shared: &Shared) {
    let sample = Sample::read(shared, "self-crash");
    let dump = sample.dump();
    let running: Vec<_> = dump.threads().filter(|thread| thread.raw().suspend_count == 0).collect();
    assert_eq!(running.len(), 1);
    assert_eq!(Some(running[0].id()), dump.crashed_thread_id());
    for thread in dump.threads() {
        assert_eq!(is_dumping(&sample, &thread), thread.id() == running[0].id(), "{:#x}", thread.id());
    }
}

pub fn higher_context(shared: &Shared) {
    let sample = Sample::read(shared, "self-crash");
    let (dump, exception) = (sample.dump(), exception(&sample));
    let thread = dump.crashed_thread().expect("it is listed");
    let stack = dump.stack(&thread).expect("it is valid").expect("it is present");
    let [of_thread, of_exception] =
        [thread_context(&thread), context(&exception)].map(|it| it.stack_pointer().expect("it is valid"));
    assert!(of_thread < of_exception);
    assert_eq!(stack.address, of_thread);
    assert!(of_exception < stack.address + stack.size);
}

pub fn helper_thread(shared: &Shared) {
    let sample = Sample::read(shared, "self-crash-by-other-thread");
    let (dump, exception) = (sample.dump(), exception(&sample));
    let dumping: Vec<_> = dump.threads().filter(|thread| is_dumping(&sample, thread)).map(|it| it.id()).collect();
    let running: Vec<_> = dump.threads().filter(|it| it.raw().suspend_count == 0).map(|it| it.id()).collect();
    assert_eq!((dumping.len(), &dumping), (1, &running));
    let thread = dump.crashed_thread().expect("it is listed");
    assert_ne!(thread.id(), running[0]);
    // The thread is in a system call, and its exception is elsewhere.
    let at = instruction(&thread_context(&thread));
    assert_ne!(at, instruction(&context(&exception)));
    assert_eq!(dump.memory().read_u16(at - 2), Some(u16::from_le_bytes([0x0f, 0x05])));
}

pub fn stale_parameters(shared: &Shared) {
    for name in ["x86-exception", "x86-triage-exception", "x86-self-crash"] {
        let sample = Sample::read(shared, name);
        let exception = exception(&sample);
        assert_eq!(exception.parameters(), [1, 0x1234], "{name}");
        let all = exception.raw().exception_record.exception_information;
        let stale = &all[2..];
        assert!(stale.iter().any(|word| *word != 0), "{name}");
        let extended = |word: u64| i64::from(word as u32 as i32) as u64;
        assert!(stale.iter().all(|word| extended(*word) == *word), "{name}: {stale:x?}");
        assert!(stale.iter().any(|word| word >> 32 == 0xffff_ffff), "{name}: {stale:x?}");
    }
}
