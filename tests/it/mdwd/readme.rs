//! The README of the files: each statement of its table, word for word, with the test for it.

use libtest_mimic::Trial;

use super::answers::hex;
use super::{NAMES, exceptions, memory, streams, triage};
use crate::support::{Shared, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![every_statement_has_its_test];
    all.extend(streams::trials());
    all.extend(memory::trials());
    let of_statement = |(name, statement, test): Statement| {
        let words: String = statement.chars().take_while(|it| !matches!(it, ':' | '(' | ',')).collect();
        let words = words.trim().replace(' ', "_");
        shared_trial(format!("mdwd::{name}::{words}"), move |shared: &Shared| test(shared))
    };
    all.extend(STATEMENTS.map(of_statement));
    all
}

/// The first file of a row, the statement, and the test for it.
type Statement = (&'static str, &'static str, fn(&Shared));

const STATEMENTS: [Statement; 44] = [
    ("normal", "12 directory slots, 8 used", streams::eight_of_twelve),
    ("normal", "no Exception", streams::no_exception),
    (
        "normal",
        "six threads, SuspendCount -1 (Wine: class 51 of NtSetInformationThread is missing)",
        streams::six_threads,
    ),
    ("normal", "[7ffe0000,+aa0) kept", memory::shared_data),
    ("normal", "ThreadNames 2 entries", streams::two_names),
    (
        "exception-client",
        "ClientPointers: exception context (ip 140001051) differs from the thread's (in a system call)",
        exceptions::context_of_its_own,
    ),
    (
        "exception-client",
        "window at ExceptionAddress merged with another (140000fd1+130)",
        exceptions::window_at_the_address,
    ),
    (
        "exception-address-is-not-ip",
        "ExceptionAddress in private data has a window, the exception context's Rip (in another region) has none",
        exceptions::window_in_data,
    ),
    ("exception-of-unlisted-thread", "thread 0x99999 is not in the list", exceptions::unlisted_thread),
    (
        "exception-of-unlisted-thread",
        "nested record pointer, 15 parameters. dumpchk: exception-thread-missing",
        exceptions::nested_record,
    ),
    ("xstate-exception", "thread contexts 3247 bytes, flags 10005f", exceptions::extended_contexts),
    (
        "xstate-exception",
        "exception context only 1232 bytes though its flags say 10005f",
        exceptions::flag_without_extended_state,
    ),
    ("xstate-exception", "MiscInfo XState filled", exceptions::layout_of_extended_state),
    (
        "user-streams",
        "CommentA, 0x10001 (40 bytes), CommentW after ThreadNames, in the order given",
        streams::of_the_user,
    ),
    ("user-streams", "16 slots", streams::sixteen_slots),
    ("indirect", "stacks merged into windows: five of six Stack.Rva are 0", memory::merged_stacks),
    ("indirect", "windows clipped where unmapped (140000000+2ff)", memory::clipped_windows),
    ("process-thread-data", "TEBs 2000, PEB 7d0, parameters, FLS 7f90 (one merged range)", memory::process_data),
    ("wide-1965", "data sections, indirect, PEB, MemoryInfo, ThreadInfo", memory::wide),
    ("wide-1965", "HandleData and unloaded absent, 16 slots, four unused", streams::unfilled_slots),
    ("token", "Token 744 bytes, one entry", streams::token),
    ("triage", "flags become 100080", triage::flags),
    ("triage", "names without folder", triage::names),
    ("triage", "stack words and registers that are not pointers are aaaaaaaaaaaaaaaa", triage::words),
    ("triage", "ten 8-byte ranges at \"objects\"", triage::objects),
    (
        "triage-exception",
        "the same with Exception: general registers of ITS context are not filtered, only [100,4a0)",
        triage::exception,
    ),
    (
        "triage-indirect",
        "stack bytes that an indirect window covers are NOT filtered (planter: none of its words is; three stacks have \
         3, 1, 1 words replaced)",
        triage::covered_words,
    ),
    ("triage-indirect", "contexts are", triage::contexts_beside_covered_words),
    ("without-optional-full", "flags become 20400: no full memory, no Memory64List", streams::without_full_memory),
    (
        "callback-threads-excluded",
        "ThreadCallback cleared all write flags but of one thread: stacks of the five others stay in the MemoryList, \
         ThreadNames is damaged by dbgcore (count 2, 16 bytes: one row, of an excluded thread, name rva 0). dumpchk: \
         list-truncated, name-unreadable",
        streams::damaged_names,
    ),
    (
        "callback-module-excluded",
        "ntdll is absent from ModuleList, instruction windows in it remain",
        memory::window_without_module,
    ),
    ("callback-memory-added", "MemoryCallback: rw+40 and rw+1008 (+33, unaligned size)", memory::added),
    ("self-crash", "own process", exceptions::own_process),
    (
        "self-crash",
        "the dumping thread has suspend count 0 and its stack from within MiniDumpWriteDump",
        exceptions::dumping_thread,
    ),
    ("self-crash", "exception context higher on that stack", exceptions::higher_context),
    ("self-crash", "CvRecord (36, no more) for dbghelp and dbgcore only", streams::debug_records),
    ("self-crash-by-other-thread", "dumped by a helper thread, the faulting one waits", exceptions::helper_thread),
    (
        "x86-normal",
        "by the x86 dbgcore: contexts 716 (xstate 2723, flags 1007f), stacks from ESP-4",
        memory::narrow_contexts_and_stacks,
    ),
    ("x86-normal", "parameters beyond NumberParameters are stale and sign-extended", exceptions::stale_parameters),
    ("x86-normal", "triage words are 4 bytes", triage::narrow_words),
    ("x86-normal", "SuspendCount of the last thread 1", streams::suspended_thread),
    (
        "wow64-normal",
        "the 32-bit process by the x64 dbgcore: 64-bit stacks only ([RSP,StackBase64))",
        memory::stacks_of_64_bits,
    ),
    (
        "wow64-normal",
        "the thread in 32-bit code (cs 23) has the whole 64-bit stack, fe000 zeros nearly all, its 32-bit stack is \
         absent",
        memory::whole_stack,
    ),
    ("wow64-normal", "32-bit DLLs absent from ModuleList (Wine's toolhelp)", streams::no_narrow_modules),
];

pub struct Row {
    /// The names of its files, and the flags with which each was requested.
    pub files: Vec<(String, u64)>,
    /// The expected properties.
    pub expect: String,
}

pub fn rows(shared: &Shared) -> Vec<Row> {
    let readme = String::from_utf8(shared.read("golden/mdwd/README.md")).expect("it is UTF-8");
    let table = readme.lines().skip_while(|line| *line != "| file | flags | expect |").skip(2);
    let rows: Vec<Row> = table
        .map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| {
            let cells: Vec<&str> = line.splitn(3, " | ").collect();
            let [files, flags, expect] = cells[..] else { panic!("{line} does not have three cells") };
            let files: Vec<&str> = files.split(", ").map(|name| name.trim_end_matches(".dmp.zst")).collect();
            let flags: Vec<u64> = flags.split(", ").map(hex).collect();
            assert_eq!(files.len(), flags.len(), "{line}");
            Row { files: files.into_iter().map(str::to_owned).zip(flags).collect(), expect: expect.to_owned() }
        })
        .collect();
    assert!(!rows.is_empty(), "the README has no table");
    rows
}

/// The flags with which a file was requested.
pub fn flags_asked(shared: &Shared, name: &str) -> u64 {
    let files = rows(shared).into_iter().flat_map(|row| row.files);
    files.into_iter().find(|file| file.0 == name).unwrap_or_else(|| panic!("the README lacks {name}")).1
}

fn every_statement_has_its_test(shared: &Shared) {
    let rows = rows(shared);
    let names: Vec<&str> = rows.iter().flat_map(|row| &row.files).map(|file| file.0.as_str()).collect();
    assert_eq!(names, NAMES);
    let said = rows.iter().flat_map(|row| statements(&row.expect).into_iter().map(|it| (row.files[0].0.as_str(), it)));
    let tested = STATEMENTS.map(|(name, statement, _)| (name, statement));
    assert_eq!(said.collect::<Vec<_>>(), tested);
}

/// The statements of a cell; semicolons in parentheses do not split.
fn statements(cell: &str) -> Vec<&str> {
    let mut depth = 0;
    cell.split(|character| {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        character == ';' && depth == 0
    })
    .map(str::trim)
    .collect()
}
