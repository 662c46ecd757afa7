//! The options of `redump` that name an exception, look for one, or make one up.

use libtest_mimic::Trial;

use super::{Folder, Ran};
use crate::redump_exceptions::finding;
use crate::redump_exceptions::words::{CONTEXT, JIT, POINTERS, RECORD, source};
use crate::support::cpu::Cpu;
use crate::support::facts::{Exception, Facts};
use crate::support::fixtures::{FULL_USER_DUMP, QUICK_START};
use crate::support::{Shared, golden, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        each_option_names_the_same_as_in_the_debugger,
        numbers_are_read_as_the_debugger_reads_them,
        the_last_use_of_an_option_counts,
        unreadable_addresses_are_refused,
        wrong_numbers_are_refused,
        contradicting_options_are_refused,
        options_of_the_debugger_that_are_ignored,
        made_up_exceptions_are_reported,
        exceptions_left_by_handlers_are_listed,
        finding_no_exception_is_not_a_failure,
    ];
    for name in golden::EXCEPTION_WORDS {
        trials.push(shared_trial(format!("programs::exceptions::golden_{name}"), move |shared| {
            options_give_the_result_of_the_debugger(shared, name);
        }));
    }
    trials.push(shared_trial("programs::exceptions::exceptions_found_in_real_dumps_are_right", |shared| {
        exceptions_found_in_real_dumps_are_right(shared);
    }));
    trials
}

fn folder() -> Folder {
    Folder::with(&[("in.dmp", &source(Cpu::AMD64).build())])
}

/// Returns thread ID, code, address and instruction pointer of an AMD64 exception.
fn said(exception: &Exception<'_>) -> (u32, u32, u64, u64) {
    let pointer = exception.context.0[248..256].try_into().expect("the slice has 8 bytes");
    (exception.thread, exception.code, exception.address, u64::from_le_bytes(pointer))
}

/// Returns the only exception of the result, and what the program printed.
fn written(folder: &Folder, words: &[&str]) -> ((u32, u32, u64, u64), Ran) {
    let words: Vec<_> = ["/o"].iter().chain(words).chain(&["in.dmp", "out.dmp"]).copied().collect();
    let ran = folder.run("redump", &words);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
    let bytes = folder.read("out.dmp");
    let [found] = Facts::of(&bytes).exceptions().try_into().expect("the result has one exception");
    (said(&found), ran)
}

/// Code and address.
type Raised = (u32, u64);

fn hex(number: u64) -> String {
    format!("{number:x}")
}

/// The rows are from the reference. By default, the record is a breakpoint at 0, and the registers are those of the thread.
fn each_option_names_the_same_as_in_the_debugger() {
    let folder = folder();
    let [pointers, record, context, jit] = [POINTERS, RECORD, CONTEXT, JIT].map(hex);
    let (violation, breakpoint) = ((0xc000_0005, 0x40_1000), (0x8000_0003, 0));
    // The instruction pointers at the crash, of the first thread, and of the second thread.
    let (crash, first, second) = (0x40_1000, 0x1000, 0x3000);
    let rows: [(&[&str], u32, Raised, u64); 9] = [
        (&["/xp", &pointers], 1, violation, crash),
        (&["/xr", &record, "/xc", &context], 1, violation, crash),
        (&["/xc", &context, "/xr", &record], 1, violation, crash),
        (&["/xr", &record], 1, violation, first),
        (&["/xc", &context], 1, breakpoint, crash),
        (&["/xt", "2"], 2, breakpoint, second),
        (&["/xp", &pointers, "/xt", "2"], 2, violation, crash),
        (&["/j", &jit], 2, violation, crash),
        (&["-xp", &pointers, "-xt", "2"], 2, violation, crash),
    ];
    for (words, thread, (code, address), pointer) in rows {
        for letters in ["/m", "/ma"] {
            let words: Vec<_> = [letters].iter().chain(words).copied().collect();
            let (found, ran) = written(&folder, &words);
            assert_eq!(found, (thread, code, address, pointer), "{words:?}");
            let line = "added       exception that the options name";
            assert!(ran.out.lines().any(|it| it == line), "{words:?}: {}", ran.out);
        }
    }
}

fn numbers_are_read_as_the_debugger_reads_them() {
    let folder = folder();
    let expected = written(&folder, &["/xr", &hex(RECORD)]).0;
    let spellings =
        [format!("{RECORD:#x}"), format!("{RECORD:X}"), format!("0n{RECORD}"), format!("00000000`{RECORD:08x}")];
    for spelling in spellings {
        assert_eq!(written(&folder, &["/xr", &spelling]).0, expected, "{spelling}");
    }
    for spelling in ["2", "0x2", "0n2", "02"] {
        assert_eq!(written(&folder, &["/xt", spelling]).0.0, 2, "{spelling}");
    }
}

/// The same as in the debugger, where this was tested.
fn the_last_use_of_an_option_counts() {
    let folder = folder();
    let (pointers, record) = (hex(POINTERS), hex(RECORD));
    for words in [&["/xt", "1", "/xt", "2"][..], &["/xt", "99", "/xt", "2"]] {
        assert_eq!(written(&folder, words).0.0, 2);
    }
    assert_eq!(written(&folder, &["/xr", "5", "/xr", &record]).0.1, 0xc000_0005);
    // A thread that is named explicitly takes precedence over the thread that another option implies, in any order.
    for words in [&["/xp", &pointers, "/xt", "2"][..], &["/xt", "2", "/xp", &pointers]] {
        assert_eq!(written(&folder, words).0.0, 2);
    }
}

fn unreadable_addresses_are_refused() {
    let folder = folder();
    let pointers = hex(POINTERS);
    let rows: [(&[&str], &str); 8] = [
        (&["/xp", "5"], "EXCEPTION_POINTERS at address 0x5 needs 16 bytes, 0 are in the dump"),
        (&["/xp", "703ff8"], "EXCEPTION_POINTERS at address 0x703ff8 needs 16 bytes, 8 are in the dump"),
        // The pointers are 0.
        (&["/xp", "700000"], "EXCEPTION_RECORD at address 0x0 needs 152 bytes, 0 are in the dump"),
        (&["/xr", "703ff0"], "EXCEPTION_RECORD at address 0x703ff0 needs 152 bytes, 16 are in the dump"),
        (&["/xc", "ffffffffffffffff"], "CONTEXT at address 0xffffffffffffffff needs 1232 bytes, 0 are in the dump"),
        (&["/j", "10"], "JIT_DEBUG_INFO at address 0x10 needs 40 bytes, 0 are in the dump"),
        (&["/xt", "99"], "thread 0x99 is not among the threads that are kept"),
        (&["/xp", &pointers, "/xt", "2", "--only-thread", "1"], "thread 0x2 is not among the threads that are kept"),
    ];
    for (words, expected) in rows {
        for more in [&["out.dmp"][..], &["/b", "out.cab"]] {
            let words: Vec<_> = words.iter().chain(&["in.dmp"]).chain(more).copied().collect();
            assert_eq!(folder.refusal(1, &words), format!("in.dmp: {expected}"), "{words:?}");
        }
    }
}

fn wrong_numbers_are_refused() {
    let folder = folder();
    for word in ["/xp", "/xr", "/xc", "/xt", "/j"] {
        assert_eq!(folder.refusal(2, &["in.dmp", "out.dmp", word]), format!("{word} needs a number"));
        for number in ["zzz", "", "0x", "-1", "0n12a", "10000000000000000"] {
            let expected = format!("{number:?} is not a hexadecimal number");
            assert_eq!(folder.refusal(2, &[word, number, "in.dmp", "out.dmp"]), expected, "{word}");
        }
    }
    let said = folder.refusal(2, &["/xt", "100000000", "in.dmp", "out.dmp"]);
    assert_eq!(said, "0x100000000 is not a thread ID");
}

fn contradicting_options_are_refused() {
    let folder = folder();
    let said = folder.refusal(2, &["/f", "/xp", &hex(POINTERS), "in.dmp", "out.dmp"]);
    assert_eq!(said, "/f cannot be combined with a named exception: the format does not store its registers");
    assert_eq!(folder.refusal(2, &["/f", "/xt", "1", "in.dmp", "out.dmp"]), said);
    assert_eq!(folder.refusal(2, &["--find-exception", "in.dmp", "out.dmp"]), "--find-exception takes no OUTPUT");
    assert_eq!(folder.refusal(2, &["/u", "in.dmp", "-"]), "/u needs a file");
    let reason = "/a is refused: a dump has only one process";
    for word in ["/a", "-a"] {
        assert_eq!(folder.refusal(2, &[word, "in.dmp", "out.dmp"]), reason);
    }
}

/// The debugger takes the word after `/kpmf` as a file name. The file has nothing to do with a process; `redump` does not need it,
/// and the name may be missing.
fn options_of_the_debugger_that_are_ignored() {
    let folder = folder();
    let result = |words: &[&str]| {
        let words: Vec<_> = ["/o"].iter().chain(words).copied().collect();
        folder.redump(&words);
        folder.read("out.dmp")
    };
    let pointers = hex(POINTERS);
    for words in
        [&["/m", "in.dmp", "out.dmp"][..], &["/ma", "in.dmp", "out.dmp"], &["/xp", &pointers, "in.dmp", "out.dmp"]]
    {
        let expected = result(words);
        for more in [&["/kpmf"][..], &["/kpmf", "kernel.bin"], &["-kpmf", "kernel.bin"]] {
            for at in 0..=words.len() {
                // Between an option and its number, it would be taken as the number.
                if at == 1 && words[0] == "/xp" {
                    continue;
                }
                let words: Vec<_> = words[..at].iter().chain(more).chain(&words[at..]).copied().collect();
                assert!(result(&words) == expected, "{words:?}");
            }
        }
    }
    assert!(folder.refusal(2, &["/kpmf", "a", "b", "in.dmp", "new.dmp"]).starts_with("INPUT and OUTPUT are required"));
    let found = folder.run("redump", &["--find-exception", "/kpmf", "kernel.bin", "in.dmp"]);
    assert_eq!(found.code, 0, "{}", found.err);
}

fn made_up_exceptions_are_reported() {
    let folder = folder();
    let ran = folder.run("redump", &["/m", "in.dmp", "plain.dmp"]);
    assert_eq!(ran.code, 0);
    assert_eq!(Facts::of(&folder.read("plain.dmp")).exceptions().len(), 0);
    let made_up = |out: &str| {
        let line = out.lines().find_map(|line| line.trim_start().strip_prefix("made up: "));
        line.unwrap_or_default().split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(!made_up(&ran.out).contains(&"Exception".to_owned()), "{}", ran.out);
    let (found, ran) = written(&folder, &["--made-up"]);
    assert_eq!(found, (1, 0x8000_0003, 0, 0x1000));
    assert!(made_up(&ran.out).contains(&"Exception".to_owned()), "{}", ran.out);
    // An exception that the options name is not made up.
    let (found, ran) = written(&folder, &["--made-up", "/xp", &hex(POINTERS)]);
    assert_eq!(found.1, 0xc000_0005);
    assert!(!made_up(&ran.out).contains(&"Exception".to_owned()), "{}", ran.out);
}

fn exceptions_left_by_handlers_are_listed() {
    for cpu in [Cpu::X86, Cpu::AMD64, Cpu::ARM64] {
        let folder = Folder::with(&[("in.dmp", &finding::dump(cpu, cpu.windows(), finding::stack(cpu, |_| ())))]);
        let ran = folder.run("redump", &["--find-exception", "in.dmp"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let (words, found) = ran.out.split_once("  ").expect("the line has two parts");
        assert_eq!(words, "/xp 0x200040 /xt 0x7");
        let raised = found.strip_suffix(" at 0x400010, a.exe + 0x10\n").expect("the place is at the end");
        assert!(raised.contains("(0xe06d7363)") && raised.contains("C++"), "{raised}");
        // The line starts with the options that name the exception.
        let words: Vec<_> = words.split(' ').chain(["in.dmp", "out.dmp"]).collect();
        assert_eq!(folder.run("redump", &words).code, 0);
        let bytes = folder.read("out.dmp");
        let [found] = Facts::of(&bytes).exceptions().try_into().expect("the result has one exception");
        assert_eq!((found.thread, found.code, found.address), (7, 0xe06d_7363, 0x40_0010));
    }
}

fn finding_no_exception_is_not_a_failure() {
    let folder = Folder::with(&[("in.dmp", QUICK_START), ("user.dmp", FULL_USER_DUMP), ("text.dmp", b"not a dump")]);
    for name in ["in.dmp", "user.dmp"] {
        let ran = folder.run("redump", &["--find-exception", name]);
        let expected = "no exceptions found on the stacks\n";
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, expected, ""));
    }
    assert!(folder.refusal(1, &["--find-exception", "text.dmp"]).starts_with("text.dmp: "));
    assert!(folder.refusal(1, &["--find-exception", "none.dmp"]).starts_with("none.dmp: "));
}

fn options_give_the_result_of_the_debugger(shared: &Shared, name: &str) {
    let member = |name: &str| shared.golden(&format!("exception-words/{name}.dmp"));
    let words = match name {
        "plain" => "--made-up",
        "xp" => "/xp 700100",
        "xpma" => "/ma /xp 700100",
        "xrxc" => "/xr 700200 /xc 700800",
        "xr" => "/xr 700200",
        "xc" => "/xc 700800",
        "xt" => "/xt 2",
        "xpxt" => "/xp 700100 /xt 2",
        "j" => "/j 701800",
        other => panic!("{other} is not known"),
    };
    let folder = Folder::with(&[("in.dmp", &member("in"))]);
    let (ours, _) = written(&folder, &words.split(' ').collect::<Vec<_>>());
    let theirs = member(name);
    let [theirs] = Facts::of(&theirs).exceptions().try_into().expect("the golden dump has one exception");
    let mut theirs = said(&theirs);
    if name == "xt" {
        // With only `/xt`, the debugger uses the registers of another thread, which is a documented difference.
        let source = member("in");
        let own = Facts::of(&source).threads().into_iter().find(|thread| thread.id == 2).expect("thread 2 exists");
        theirs.3 = u64::from_le_bytes(own.context.0[248..256].try_into().expect("the slice has 8 bytes"));
    }
    assert_eq!(ours, theirs);
}

/// Breakpad's crash handler left the exception on the stack. The expected values come from other readers, as listed in the
/// manifest of the corpus.
fn exceptions_found_in_real_dumps_are_right(shared: &Shared) {
    let names = ["breakpad-ascii-read-av", "breakpad-null-write-av", "breakpad-minidump2-2006"];
    for name in names {
        let row = shared.corpus().into_iter().find(|row| row.file.contains(name)).expect("the file is in the corpus");
        let expected = row.exception.expect("readers report an exception");
        let folder = Folder::with(&[("in.dmp", &shared.corpus_file(&row))]);
        let ran = folder.run("redump", &["--find-exception", "in.dmp"]);
        assert_eq!(ran.code, 0);
        let thread = format!("/xt {:#x}  ACCESS_VIOLATION ({:#x}) ", expected.thread, expected.code);
        let place = format!(" at {:#x}, ", expected.address);
        assert!(ran.out.contains(&thread) && ran.out.contains(&place), "{name}: {}", ran.out);
    }
}
