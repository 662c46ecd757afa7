//! Tests `snapshot` with Linux processes, against what the kernel and their files report.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::Completion;
use minidump::{
    Minidump, MinidumpException, MinidumpLinuxMaps, MinidumpMemory64List, MinidumpModuleList, MinidumpSystemInfo,
    MinidumpThreadList, MinidumpThreadNames, Module as _,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use userdump::format::StreamType;

use super::super::{Folder, Ran};
use crate::options::LETTERS;
use crate::support::facts::Facts;

/// A process that is killed when this value is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Starts a process with three threads, a mapped file, and the given number of MiB of untouched memory.
    fn sleeper(words: &[&str]) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_sleeper"));
        Self::start(program, words, true)
    }

    /// Starts `sleep`, a small process.
    fn small() -> Self {
        Self::start(Command::new("sleep"), &["1000"], false)
    }

    fn start(mut program: Command, words: &[&str], says_when_ready: bool) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        program.args(words).env_clear().stdout(Stdio::piped()).stdin(Stdio::null());
        // Finds the program here, because the new process has no environment.
        if !says_when_ready {
            let found = std::env::split_paths(&path).map(|folder| folder.join(program.get_program()));
            let found = found.into_iter().find(|path| path.exists()).expect("the program is in PATH");
            let mut other = Command::new(found);
            other.args(words).env_clear().stdout(Stdio::null()).stdin(Stdio::null());
            program = other;
        }
        let mut process = Self(program.spawn().expect("the program can be started"));
        if says_when_ready {
            let mut line = String::new();
            let out = process.0.stdout.take().expect("standard output is piped");
            BufReader::new(out).read_line(&mut line).expect("the program prints a line");
            assert_eq!(line, "ready\n");
        }
        // Wait until all threads are blocked in system calls.
        for _ in 0..500 {
            let threads = process.threads();
            let waits = |id: &u32| process.syscall(*id).is_some();
            if process.status("State").starts_with('S') && threads.iter().all(waits) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        process
    }

    fn id(&self) -> u32 {
        self.0.id()
    }

    fn proc(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.id())).unwrap_or_default()
    }

    fn status(&self, key: &str) -> String {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_default().trim().to_owned()
    }

    fn threads(&self) -> Vec<u32> {
        let entries = fs::read_dir(format!("/proc/{}/task", self.id())).expect("the process is running");
        let mut ids: Vec<u32> = entries
            .map(|it| it.expect("the process is running").file_name().to_str().unwrap().parse().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Returns stack pointer and program counter of a thread in a system call, as the kernel reports them.
    fn syscall(&self, thread: u32) -> Option<(u64, u64)> {
        let line = self.proc(&format!("task/{thread}/syscall"));
        let mut words =
            line.split_whitespace().rev().map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok());
        let (pc, sp) = (words.next()??, words.next()??);
        Some((sp, pc))
    }

    /// Returns true once the process is sleeping and not traced.
    fn goes_on(&self) -> bool {
        (0..500).any(|_| {
            thread::sleep(Duration::from_millis(10));
            self.status("State").starts_with('S') && self.status("TracerPid") == "0"
        })
    }

    /// Writes a dump of the process and returns the output; `None` if the kernel does not allow tracing.
    fn snapshot(&self, folder: &Folder, options: &[&str]) -> Option<String> {
        let id = self.id().to_string();
        let words: Vec<&str> = options.iter().copied().chain([&*id, "out.dmp"]).collect();
        let Ran { code, out, err } = folder.run("snapshot", &words);
        if code == 1 && err.contains("this program needs Linux") {
            return None;
        }
        if code == 1 && err.contains("cannot be traced: ") {
            assert!(err.contains("CAP_SYS_PTRACE") && out.is_empty() && folder.files().len() < 2, "{err}");
            return None;
        }
        assert_eq!((code, &*err), (0, ""), "{out}");
        assert!(self.goes_on(), "{}", self.proc("status"));
        Some(out)
    }
}

fn refused() -> Completion {
    Completion::ignored_with("the kernel does not allow tracing")
}

/// Returns the build ID of a file by searching for the header of its GNU note.
fn build_id(file: &[u8]) -> Option<String> {
    let header = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0";
    let at = file.windows(header.len()).position(|window| window == header)? + header.len();
    Some(file[at..at + 20].iter().map(|byte| format!("{byte:02x}")).collect())
}

pub fn everything_of_a_process_is_in_its_dump() -> Completion {
    let folder = Folder::with(&[("mapped", &[7; 4096])]);
    let process = Process::sleeper(&[folder.path("mapped").to_str().unwrap()]);
    let ids = process.threads();
    assert_eq!(ids.len(), 3);
    let waiting: Vec<_> = ids.iter().map(|id| process.syscall(*id).expect("the thread is in a system call")).collect();
    let Some(printed) = process.snapshot(&folder, &[]) else { return refused() };
    assert!(printed.contains(" threads: 3, ") && !printed.contains("zeros"), "{printed}");
    assert!(folder.printed(0, "dumpchk", &["out.dmp"]).ends_with("no findings\n"));

    let file = folder.read("out.dmp");
    let peer = Minidump::read(&*file).expect("the peer opens it");
    let system = peer.get_stream::<MinidumpSystemInfo>().expect("the dump has system information");
    assert!(peer.get_stream::<MinidumpException<'_>>().is_err(), "the process did not crash");
    let threads = peer.get_stream::<MinidumpThreadList<'_>>().expect("the dump has threads");
    let names = peer.get_stream::<MinidumpThreadNames>().expect("the dump has thread names");
    let memory = peer.get_memory().expect("the dump has memory");
    assert_eq!(threads.threads.iter().map(|it| it.raw.thread_id).collect::<Vec<_>>(), ids);
    for ((thread, waiting), name) in threads.threads.iter().zip(waiting).zip(["sleeper", "reader", "writer"]) {
        let context = thread.context(&system, None).expect("the thread has a context");
        assert_eq!((context.get_stack_pointer(), context.get_instruction_pointer()), waiting);
        assert_eq!(names.get_name(thread.raw.thread_id).as_deref(), Some(name));
        let stack = thread.stack_memory(&memory).expect("the thread has a stack");
        assert!(stack.memory_range().expect("the stack is not empty").contains(waiting.0));
    }

    // Code does not change: it must be the same as in the files, at the addresses that the kernel reports.
    let facts = Facts::of(&file);
    let maps = process.proc("maps");
    assert_eq!(facts.stream_bytes(StreamType::LINUX_MAPS.0).expect("the dump has the maps").0, maps.as_bytes());
    assert!(peer.get_stream::<MinidumpLinuxMaps<'_>>().expect("the dump has the maps").iter().count() > 10);
    let list = peer.get_stream::<MinidumpMemory64List<'_>>().expect("the dump has a memory list");
    let modules = peer.get_stream::<MinidumpModuleList>().expect("the dump has modules");
    let mut compared = 0;
    for line in maps.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (start, end) = fields[0].split_once('-').expect("a range");
        let number = |text: &str| u64::from_str_radix(text, 16).expect("a number");
        let (start, end, offset) = (number(start), number(end), number(fields[2]));
        let path = fields.get(5).copied().unwrap_or_default();
        let is_stored = list.iter().any(|range| range.base_address == start && range.size == end - start);
        let is_readable = fields[1].starts_with('r') && !path.starts_with("[vvar") && !path.starts_with("[vsyscall");
        assert_eq!(is_stored, is_readable, "{line}");
        if path.starts_with('/') && fields[1] == "r-xp" {
            let on_disk = fs::read(path).expect("the file can be read");
            let code = &on_disk[offset as usize..on_disk.len().min((offset + end - start) as usize)];
            assert!(facts.read(start, code.len() as u64) == code, "{line}");
            let module = modules.module_at_address(start).expect("the code belongs to a module");
            assert_eq!(module.code_file(), path);
            let known = build_id(&on_disk);
            assert_eq!(module.code_identifier().map(|id| id.to_string()), known, "{path}");
            compared += 1;
        }
    }
    assert!(compared >= 2, "the code of at least the program and one library");
    assert_eq!(
        facts.stream_bytes(StreamType::LINUX_PROC_STATUS.0).map(|it| it.0.starts_with(b"Name:\tsleeper\n")),
        Some(true)
    );
    let auxv = fs::read(format!("/proc/{}/auxv", process.id())).expect("the process is running");
    assert_eq!(facts.stream_bytes(StreamType::LINUX_AUXV.0).expect("the dump has the auxiliary vector").0, auxv);
    Completion::Completed
}

pub fn arguments_and_environment() -> Completion {
    let folder = Folder::with(&[]);
    let process = Process::small();
    for (options, cmdline, environ) in [
        (&[][..], false, false),
        (&["--cmdline"][..], true, false),
        (&["--environ"][..], false, true),
        (&["--environ", "--cmdline"][..], true, true),
    ] {
        if process.snapshot(&folder, options).is_none() {
            return refused();
        }
        let file = folder.read("out.dmp");
        let facts = Facts::of(&file);
        let found = facts.stream_bytes(StreamType::LINUX_CMD_LINE.0).map(|it| it.0.ends_with(b"sleep\x001000\0"));
        assert_eq!(found, cmdline.then_some(true), "{options:?}");
        let found = facts.stream_bytes(StreamType::LINUX_ENVIRON.0).map(|it| it.0.is_empty());
        assert_eq!(found, environ.then_some(true), "{options:?}");
    }
    Completion::Completed
}

/// After a mapped file is truncated, reading its last pages fails with EIO.
pub fn unreadable_pages_are_zero_and_reported() -> Completion {
    let folder = Folder::with(&[("mapped", &[7; 4 * 4096])]);
    let path = folder.path("mapped");
    let process = Process::sleeper(&[path.to_str().unwrap()]);
    File::options().write(true).open(&path).and_then(|file| file.set_len(4096)).expect("the file can be truncated");
    let Some(printed) = process.snapshot(&folder, &[]) else { return refused() };
    let maps = process.proc("maps");
    let line = maps.lines().find(|line| line.ends_with("/mapped")).expect("the file is mapped");
    let start = u64::from_str_radix(line.split('-').next().expect("a range"), 16).expect("a number");
    let zeros: Vec<&str> = printed.lines().filter(|line| line.starts_with("zeros ")).collect();
    let expected = format!("zeros       {:#x} to {:#x} of {}: ", start + 4096, start + 4 * 4096, path.display());
    assert!(zeros.len() == 1 && zeros[0].starts_with(&expected), "{printed}{expected}");
    let file = folder.read("out.dmp");
    let facts = Facts::of(&file);
    assert!(facts.read(start, 4096) == [7; 4096] && facts.read(start + 4096, 3 * 4096) == [0; 3 * 4096]);
    assert!(folder.printed(0, "dumpchk", &["out.dmp"]).ends_with("no findings\n"));
    Completion::Completed
}

pub fn every_letter_re_encodes_the_dump() -> Completion {
    let folder = Folder::with(&[]);
    let process = Process::small();
    if process.snapshot(&folder, &["--cmdline", "--environ"]).is_none() {
        return refused();
    }
    let source = folder.read("out.dmp");
    let source = Minidump::read(&*source).expect("the peer opens it");
    let context = |dump: &Minidump<'_, &[u8]>| {
        let system = dump.get_stream::<MinidumpSystemInfo>().expect("the dump has system information");
        let threads = dump.get_stream::<MinidumpThreadList<'_>>().expect("the dump has threads");
        let context = threads.threads[0].context(&system, None).expect("the thread has a context");
        (context.get_instruction_pointer(), context.get_stack_pointer())
    };
    let expected = context(&source);
    // `P` is valid only with `A`.
    let letters = LETTERS.iter().map(|(letter, _)| if *letter == 'P' { "AP".to_owned() } else { letter.to_string() });
    for letters in letters.chain([String::new(), "D".to_owned()]) {
        let word = format!("/m{letters}");
        folder.redump(&["/o", &word, "out.dmp", "small.dmp"]);
        let result = folder.read("small.dmp");
        let result = Minidump::read(&*result).expect("the peer opens it");
        assert_eq!(context(&result), expected, "{word}");
        let count =
            |dump: &Minidump<'_, &[u8]>| dump.get_stream::<MinidumpModuleList>().map(|list| list.iter().count());
        assert_eq!(count(&result).ok(), count(&source).ok(), "{word}");
        let printed = folder.printed(0, "dumpchk", &["small.dmp"]);
        assert!(printed.ends_with("no findings\n"), "{word}: {printed}");
    }
    Completion::Completed
}

pub fn the_process_goes_on_after_a_failure() -> Completion {
    let folder = Folder::with(&[]);
    let process = Process::small();
    if process.snapshot(&folder, &[]).is_none() {
        return refused();
    }
    let id = process.id().to_string();
    let ran = folder.run("snapshot", &[&id, "no/such/folder/out.dmp"]);
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert!(ran.err.starts_with("snapshot: no/such/folder/out.dmp: "), "{}", ran.err);
    assert!(process.goes_on());
    // A process that was already stopped remains stopped.
    let pid = Pid::from_raw(process.id() as i32);
    kill(pid, Signal::SIGSTOP).expect("the process is running");
    (0..500).find(|_| {
        thread::sleep(Duration::from_millis(10));
        process.status("State").starts_with('T')
    });
    let ran = folder.run("snapshot", &[&id, "stopped.dmp"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert_eq!((process.status("State").get(..1), &*process.status("TracerPid")), (Some("T"), "0"));
    kill(pid, Signal::SIGCONT).expect("the process is running");
    assert!(process.goes_on());
    // The process has ended.
    drop(process);
    let ran = folder.run("snapshot", &[&id, "gone.dmp"]);
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert_eq!(folder.files().len(), 2, "the failed snapshots left no files");
    Completion::Completed
}

pub fn the_process_goes_on_after_an_interrupt() -> Completion {
    let folder = Folder::with(&[("mapped", b"file")]);
    let process = Process::sleeper(&[folder.path("mapped").to_str().unwrap(), "1024"]);
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let mut snapshot = Command::new(env!("CARGO_BIN_EXE_snapshot"));
        snapshot.args([&*process.id().to_string(), "out.dmp"]).current_dir(folder.path("."));
        let mut snapshot =
            snapshot.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        // Wait until the temporary file grows.
        let begun = (0..1000).find(|_| {
            thread::sleep(Duration::from_millis(2));
            let has_ended = snapshot.try_wait().expect("the snapshot is a child process").is_some();
            let sizes = fs::read_dir(folder.path(".")).expect("the folder can be listed");
            let mut sizes = sizes.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
            has_ended || sizes.any(|size| size > 1 << 20)
        });
        assert!(begun.is_some(), "the snapshot did not start to write");
        let _ = kill(Pid::from_raw(snapshot.id() as i32), signal);
        let code = snapshot.wait().expect("the snapshot is a child process").code();
        let mut said = String::new();
        snapshot
            .stderr
            .take()
            .expect("standard error is piped")
            .read_to_string(&mut said)
            .expect("the message is UTF-8");
        if said.contains("cannot be traced: ") || said.contains("this program needs Linux") {
            return refused();
        }
        assert!(process.goes_on(), "{signal}: {}", process.proc("status"));
        assert!(!folder.path("out.dmp").exists(), "{signal}");
        if signal != Signal::SIGKILL {
            assert_eq!(code, Some(1), "{signal}: {said}");
            assert!(said.contains("interrupted"), "{said}");
            assert_eq!(folder.files().len(), 1, "{signal}: the snapshot left no file");
        }
    }
    Completion::Completed
}
