//! Programs that write a file tell so after it has its name, and only fail to tell if nobody listens.

use std::io::{ErrorKind, Write};
use std::process::{ChildStdin, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Completion, Trial};

use super::{Folder, Ran, command};
use crate::support::fixtures::QUICK_START;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![a_result_stays_if_its_summary_cannot_be_printed, a_result_stays_if_its_answer_cannot_be_printed]
}

/// Where this is not empty, the tests are ignored with this reason: Rust's standard library reads such a pipe itself.
const WITH_A_READER: &str = if cfg!(windows) { "every pipe to a child process has a reader" } else { "" };

/// Returns a pipe without a reader: what was the standard input of a program that has ended.
///
/// A test in another thread may start a program at the same time, which has a copy of the pipe until it is loaded.
fn pipe_without_reader() -> ChildStdin {
    let mut program = command("redump");
    let program = program.arg("--help").stdin(Stdio::piped()).stdout(Stdio::null());
    let mut program = program.spawn().expect("the program can be started");
    let mut pipe = program.stdin.take().expect("standard input is piped");
    assert!(program.wait().expect("the program ends").success());
    // A pipe holds more than this, so no write blocks.
    for _ in 0..4096 {
        match pipe.write_all(&[0]) {
            Ok(()) => thread::sleep(Duration::from_millis(1)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::BrokenPipe);
                return pipe;
            }
        }
    }
    panic!("the pipe has a reader");
}

/// Runs a program whose standard output has no reader.
fn unheard(folder: &Folder, program: &str, words: &[&str]) -> Ran {
    let mut command = command(program);
    command.args(words).current_dir(folder.path("")).stdin(Stdio::null()).stdout(pipe_without_reader());
    let ran = command.output().expect("the program can be started");
    let err = String::from_utf8(ran.stderr).expect("programs print UTF-8");
    Ran { code: ran.status.code().expect("the program was not killed by a signal"), out: String::new(), err }
}

/// A dump with an exception whose registers are outside of the file.
fn flawed() -> Vec<u8> {
    let mut bytes = QUICK_START.to_vec();
    // The directory entry of the exception, the eighth, has its RVA at offset 8 of 12; the stream has the RVA of the registers
    // at offset 164 of 168.
    let rva = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("it has 4 bytes"));
    let entry = rva(&bytes, 12) as usize + 7 * 12;
    assert_eq!(rva(&bytes, entry), 6);
    let registers = rva(&bytes, entry + 8) as usize + 164;
    bytes[registers..registers + 4].copy_from_slice(&0x7000_0000u32.to_le_bytes());
    bytes
}

fn a_result_stays_if_its_summary_cannot_be_printed() -> Completion {
    if !WITH_A_READER.is_empty() {
        return Completion::ignored_with(WITH_A_READER);
    }
    let rows: [(&str, &[&str], &[&str]); 8] = [
        ("redump", &["/m", "in.dmp", "out.dmp"], &["out.dmp"]),
        ("redump", &["/o", "/f", "--explain", "in.dmp", "old.dmp"], &["old.dmp"]),
        ("redump", &["/o", "/m", "in.dmp", "in.dmp"], &["in.dmp"]),
        ("redump", &["/ma", "--compress", "--read", "in.dmp", "out.dmp"], &["out.dmp"]),
        ("redump", &["/b", "in.dmp", "out.dmp"], &["out.dmp", "out.cab"]),
        ("sanitise", &["in.dmp", "out.dmp"], &["out.dmp"]),
        ("sanitise", &["--overwrite", "--pattern", "victim", "in.dmp", "old.dmp"], &["old.dmp"]),
        ("write_minimal", &["out.dmp"], &["out.dmp"]),
    ];
    for (program, words, outputs) in rows {
        let folder = || Folder::with(&[("in.dmp", QUICK_START), ("old.dmp", b"old")]);
        let [heard, mute] = [folder(), folder()];
        assert_eq!(heard.run(program, words).code, 0, "{words:?}");
        let ran = unheard(&mute, program, words);
        let start = format!("{program}: {}: written, but the summary cannot be printed: ", outputs[0]);
        assert!(ran.err.starts_with(&start) && ran.err.lines().count() == 1, "{words:?}: {}", ran.err);
        assert_eq!(ran.code, 1, "{words:?}");
        assert!(mute.files().keys().eq(heard.files().keys()), "{words:?}: {:?}", mute.files().keys());
        for output in outputs {
            // A cabinet has the time of the file.
            assert!(output.ends_with(".cab") || mute.read(output) == heard.read(output), "{words:?}: {output}");
        }
    }
    // The message also has what only the summary would have told.
    let folder = Folder::with(&[("in.dmp", &flawed())]);
    assert_eq!(folder.run("redump", &["/m", "in.dmp", "heard.dmp"]).code, 3);
    let ran = unheard(&folder, "redump", &["/m", "in.dmp", "out.dmp"]);
    assert!(ran.code == 1 && ran.err.contains("without the registers of a thread or an exception"), "{}", ran.err);
    assert!(folder.read("out.dmp") == folder.read("heard.dmp"));
    Completion::Completed
}

fn a_result_stays_if_its_answer_cannot_be_printed() -> Completion {
    if !WITH_A_READER.is_empty() {
        return Completion::ignored_with(WITH_A_READER);
    }
    let folder = Folder::with(&[("in.dmp", QUICK_START)]);
    assert_eq!(folder.run("redump", &["in.dmp", "expected.dmp"]).code, 0);
    let ran = unheard(&folder, "batch", &["--output", "out", "in.dmp"]);
    assert_eq!((ran.code, ran.err.as_str()), (2, "batch: standard output was closed\n"));
    assert!(folder.read("out/in.dmp") == folder.read("expected.dmp"));
    Completion::Completed
}
