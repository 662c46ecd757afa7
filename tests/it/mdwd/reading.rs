//! What is read of each file, compared with the engine's answers.

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::format::{MinidumpType, ProcessorArchitecture};
use userdump::read::system::MiscInfo;
use userdump::read::thread::{ThreadInfoList, ThreadNames};
use userdump::read::{Context, Memory, SystemInfo};

use super::answers::{Answers, Exception, Module, State, System, Times};
use super::{NAMES, Sample};
use crate::support::{Shared, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![a_text_without_answers_is_refused];
    let reads = |name: &'static str| {
        shared_trial(format!("mdwd::reading::{name}"), move |shared: &Shared| {
            let sample = Sample::read(shared, name);
            agrees(&sample.bytes, &sample.answers, Found::Words);
            let is_triage = sample.dump().flags().contains(MinidumpType::from_bits_retain(0x10_0000));
            let kind = if is_triage { "User mini triage dump" } else { "User mini dump" };
            assert_eq!(sample.answers.kind, kind);
        })
    };
    all.extend(NAMES.map(reads));
    all
}

/// The engine's answers for a dump without an exception, and for one that a debugger makes of it.
const NO_EXCEPTION: Exception = Exception { address: 0, code: 0x8000_0003, flags: 0, parameters: Vec::new() };

/// Which return addresses a dump has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// All words that the engine used as return addresses.
    Words,
    /// Those into modules.
    ReturnAddresses,
}

/// Checks a dump against the answers: threads, modules, exception, registers, the instructions that they point to,
/// return addresses, times, system.
pub fn agrees(file: &[u8], answers: &Answers, words: Found) {
    let dump = Minidump::parse(file).expect("it is a dump");
    threads(&dump, answers);
    modules(&dump, answers);
    exception(&dump, answers);
    registers(&dump, answers);
    return_addresses(&dump, answers, words);
    times(&dump, answers);
    system(&dump, answers);
}

fn threads(dump: &Minidump<'_>, answers: &Answers) {
    let threads: Vec<_> = dump.threads().collect();
    assert_eq!(threads.len(), answers.threads.len());
    let (names, infos): (ThreadNames<'_>, ThreadInfoList<'_>) = (dump.list(), dump.list());
    let misc: MiscInfo<'_> = dump.find().expect("it is present");
    for (thread, answer) in threads.iter().zip(&answers.threads) {
        let id = thread.id();
        assert_eq!((misc.process_id(), id, thread.teb()), (Some(answer.process), answer.id, answer.teb));
        let raw = thread.raw();
        assert_eq!(raw.suspend_count as i32, answer.suspend_count, "thread {id:#x}");
        assert_eq!((raw.priority, raw.priority_class), (answer.priority, answer.priority_class), "thread {id:#x}");
        let name = names.by_id(id).and_then(|name| name.name().ok()).map(|name| name.to_string());
        assert_eq!(name, answer.name, "thread {id:#x}");
        if let Some((start, affinity)) = answer.info.filter(|_| !infos.is_empty()) {
            let info = infos.iter().find(|info| info.id() == id).expect("the engine has it").raw().to_owned();
            assert_eq!((info.start_address, info.affinity), (start, affinity), "thread {id:#x}");
        }
    }
    // The engine first shows the thread of the exception, and the first thread if there is no exception; none if that
    // thread is not listed.
    let shown: Vec<u32> = answers.threads.iter().filter(|it| it.is_current).map(|it| it.id).collect();
    let crashed = dump.exceptions().flatten().next().map_or(threads[0].id(), |exception| exception.thread_id());
    let listed: Vec<u32> = threads.iter().map(|it| it.id()).filter(|id| *id == crashed).collect();
    assert_eq!(listed, shown);
}

fn stem(path: &str) -> String {
    let file = path.rsplit('\\').next().unwrap_or_default();
    file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_lowercase()
}

fn modules(dump: &Minidump<'_>, answers: &Answers) {
    let Some(expected) = &answers.modules else { return };
    let mut found: Vec<Module> = dump
        .modules()
        .iter()
        .map(|module| {
            let raw = module.raw();
            let name = stem(&module.name().expect("it is present").to_string());
            Module { start: raw.base_of_image, end: raw.base_of_image + u64::from(raw.size_of_image), name }
        })
        .collect();
    found.sort();
    assert_eq!(&found, expected);
}

fn exception(dump: &Minidump<'_>, answers: &Answers) {
    let found = dump.exceptions().flatten().next().map_or(NO_EXCEPTION, |exception| Exception {
        address: exception.address(),
        code: exception.code(),
        flags: exception.raw().exception_record.exception_flags,
        parameters: exception.parameters().to_vec(),
    });
    assert_eq!(found, answers.exception);
}

fn registers(dump: &Minidump<'_>, answers: &Answers) {
    let memory = dump.memory();
    for (thread, state) in dump.threads().zip(&answers.registers) {
        let context = thread.context().expect("it is in the file").expect("it is present");
        same_state(dump, &memory, &context, state, &format!("thread {:#x}", thread.id()));
    }
    if let Some(state) = &answers.exception_registers {
        let exception = dump.exceptions().flatten().next().expect("the engine has it");
        let context = exception.context().expect("it is in the file").expect("it is present");
        same_state(dump, &memory, &context, state, "exception");
    }
}

fn same_state(dump: &Minidump<'_>, memory: &Memory<'_>, context: &Context<'_>, state: &State, what: &str) {
    for (name, value) in &state.registers {
        let ours = if name == "efl" { "eflags" } else { name };
        let found = context.register(ours).unwrap_or_else(|| panic!("{what} has no {ours}"));
        assert_eq!(found.as_u64(), Some(*value), "{ours} of {what}");
    }
    assert_eq!(context.instruction_pointer(), Some(state.address), "{what}");
    let mut bytes = vec![0; state.instruction.as_ref().map_or(1, Vec::len)];
    let found = memory.read(state.address, &mut bytes);
    assert_eq!(state.instruction.as_deref().unwrap_or_default(), &bytes[..found], "instruction of {what}");
    if let Some((name, offset)) = &state.symbol {
        let module = dump.modules().at_address(state.address).expect("the engine has it");
        let path = module.name().expect("it is present").to_string();
        assert_eq!((stem(&path), state.address - module.raw().base_of_image), (name.clone(), *offset), "{what}");
    }
}

/// The engine walks the stacks through memory in the dump: the return address of each frame is where the engine found
/// it.
fn return_addresses(dump: &Minidump<'_>, answers: &Answers, words: Found) {
    let Some(stacks) = &answers.stacks else { return };
    let memory = dump.memory();
    let is_narrow = dump.target().is_32_bit();
    let mut checked = 0;
    for (frames, state) in stacks.iter().zip(&answers.registers) {
        for (index, frame) in frames.iter().enumerate() {
            let place = match is_narrow {
                true => Some(frame.pointer + 4),
                // Before the next frame.
                false => frames.get(index + 1).map(|next| next.pointer - 8),
            };
            let Some(place) = place else { continue };
            if words == Found::ReturnAddresses && dump.modules().at_address(frame.return_address).is_none() {
                continue;
            }
            let found = memory.read_pointer(place);
            // Where the engine finds nothing, it prints 0.
            assert_eq!(found.unwrap_or(0), frame.return_address, "at {place:#x}");
            checked += usize::from(found.is_some());
        }
        let stack_pointer = state.registers.get("rsp").or(state.registers.get("esp"));
        assert!(is_narrow || Some(&frames[0].pointer) == stack_pointer);
    }
    assert!(checked > 0, "no return address is checked");
}

fn times(dump: &Minidump<'_>, answers: &Answers) {
    let Some(expected) = &answers.times else { return };
    let misc: MiscInfo<'_> = dump.find().expect("it is present");
    let session = u64::from(dump.header().time_date_stamp);
    let started = u64::from(misc.process_create_time().expect("it is present"));
    let in_milliseconds = |seconds: Option<u32>| u64::from(seconds.expect("it is present")) * 1000;
    // In units of 100 ns, in the data that the system shares with all processes.
    let interrupt_time = dump.memory().read_u64(0x7ffe_0008).expect("it is present");
    let found = Times {
        session: session * 1000,
        system_uptime: interrupt_time / 10_000,
        // It does not print times below a second.
        process_uptime: Some((session - started) * 1000).filter(|uptime| *uptime > 0),
        kernel: in_milliseconds(misc.process_kernel_time()),
        user: in_milliseconds(misc.process_user_time()),
    };
    assert_eq!(&found, expected);
}

fn system(dump: &Minidump<'_>, answers: &Answers) {
    let Some(expected) = &answers.system else { return };
    let system: SystemInfo<'_> = dump.find().expect("it is present");
    let raw = system.raw();
    let processor = match system.architecture() {
        ProcessorArchitecture::AMD64 => "x64",
        ProcessorArchitecture::X86 => "x86 compatible",
        other => panic!("{other:?}"),
    };
    let found = System {
        version: format!("Windows {}", raw.major_version),
        build: raw.build_number,
        processors: raw.number_of_processors,
        processor: processor.to_owned(),
        product: if raw.product_type == 1 { "WinNt" } else { "another" }.to_owned(),
    };
    assert_eq!(&found, expected);
}

/// A text without one of the answers fails: with one line less, or with one changed.
fn a_text_without_answers_is_refused(shared: &Shared) {
    let text = shared.read("golden/mdwd/expected/x86-exception.txt");
    let text = String::from_utf8(text).expect("it is UTF-8");
    let is_refused = |text: String| std::panic::catch_unwind(|| Answers::of(&text)).is_err();
    assert!(!is_refused(text.clone()));
    for command in ["> ||", "> ~*\n", "> lm", "> .exr -1", "> .ecxr", "> ~*e r", "> ~*k", "> .time", "> vertarget"] {
        assert!(text.contains(command), "{command}");
        assert!(is_refused(text.replacen(command, "> other\n", 1)), "{command}");
    }
    for part in ["eax=", "eip=", "Suspend:", "Teb:", "Priority:", "Parameter[0]", "ExceptionCode", "Uptime", "ChildEBP"]
    {
        assert!(is_refused(text.replace(part, "~")), "{part}");
    }
}
