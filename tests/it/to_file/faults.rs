//! Sources that become shorter, and targets that have no room.

use libtest_mimic::{Completion, Trial};
use userdump::write::{MemoryRange, ShortSource};
use userdump::{MappedFile, MinidumpBuilder, WriteError};

use super::{KERNEL_COPIES, contents, file_of, in_memory, written};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_source_that_was_truncated_is_an_error,
        a_file_that_ends_early_is_treated_as_any_reader,
        a_socket_gets_the_same_bytes,
        a_file_that_is_open_for_appending_gets_the_same_bytes,
        a_file_that_may_not_grow_is_an_error_with_its_item,
    ]
}

fn a_source_that_was_truncated_is_an_error() {
    if !KERNEL_COPIES {
        return;
    }
    for kept in [0, 4096, 100_000, 400_000, 600_000] {
        let file = file_of(&contents(1 << 20));
        let map = MappedFile::open(file.path()).expect("it exists");
        let mut dump = MinidumpBuilder::new();
        // Both begin and end with a block, so nothing is read through the mapping.
        dump.memory64(MemoryRange::borrowed(0x1000, &map[..1 << 19]));
        dump.memory64(MemoryRange::borrowed(0x1000_0000, &map[1 << 19..])).parallel_to(&map);
        let plan = dump.plan().expect("it is small");
        let base = plan.size() - (1 << 20);
        file.as_file().set_len(kept).expect("it can be truncated");
        let target = tempfile::tempfile().expect("there is room");
        let error = plan.write_to_file(&target, map.copy_source().as_slice()).expect_err("the source is shorter");
        let WriteError::SourceEnded { item, offset, needed, available } = &error else { panic!("{error}") };
        let index = u64::from(kept >= 1 << 19);
        assert_eq!((item.name, item.index), ("memory range", Some(index)), "{error}");
        assert_eq!((*offset, *needed, *available), (base + (index << 19), 1 << 19, kept - (index << 19)), "{error}");
        let text =
            format!("memory range {index} at {offset:#x} needs 524288 bytes, the source file ended after {available}");
        assert_eq!(error.to_string(), text);
    }
}

/// A range in a file is not a mapping: what is missing is read like from every other reader, and may be zero-filled.
fn a_file_that_ends_early_is_treated_as_any_reader() {
    let size = 500_000u64;
    for at in [0, 4096, 5000] {
        for missing in [1, 4096, 100_001, 450_000, 500_000] {
            let file = file_of(&contents(at + size - missing));
            let opened = file.reopen().expect("it exists");
            let plan = |short_source| {
                let mut dump = MinidumpBuilder::new();
                dump.memory64(MemoryRange::from_file(0x1000, size, &opened, at).short_source(short_source));
                dump.memory64(MemoryRange::borrowed(0x9000_0000, b"behind")).parallel_to(&[]);
                dump.plan().expect("it is small")
            };
            let target = tempfile::tempfile().expect("there is room");
            let error = plan(ShortSource::Fail).write_to_file(&target, &[]).expect_err("bytes are missing");
            let WriteError::ShortSource { index, address, needed, available } = error else { panic!("{error}") };
            assert_eq!((index, address, needed, available), (0, 0x1000, size, size - missing));
            let (bytes, report) = written(plan(ShortSource::ZeroFill), &[], 0);
            assert!(bytes == in_memory(plan(ShortSource::ZeroFill)), "{at} {missing}");
            let gaps: Vec<_> = report.shortfalls.iter().map(|gap| (gap.address, gap.offset, gap.missing)).collect();
            assert_eq!(gaps, [(0x1000, size - missing, missing)], "{at}");
        }
    }
}

/// A socket that is passed as a file.
fn a_socket_gets_the_same_bytes() {
    #[cfg(unix)]
    {
        use std::io::Read as _;
        use std::os::fd::OwnedFd;

        let file = file_of(&contents(300_000));
        let map = MappedFile::open(file.path()).expect("it exists");
        for compressed in [false, true] {
            let plan = || {
                let mut dump = MinidumpBuilder::new();
                dump.memory64(MemoryRange::borrowed(0x1000, &map)).parallel_to(&map);
                if compressed {
                    dump.compressed();
                }
                dump.plan().expect("it is small")
            };
            let (mut reader, writer) = std::os::unix::net::UnixStream::pair().expect("there are sockets");
            let expected = in_memory(plan());
            let received = std::thread::scope(|scope| {
                let reading = scope.spawn(move || {
                    let mut bytes = Vec::new();
                    reader.read_to_end(&mut bytes).map(|_| bytes)
                });
                let target = std::fs::File::from(OwnedFd::from(writer));
                let report = plan().write_to_file(&target, map.copy_source().as_slice()).expect("it is read");
                assert_eq!(report.bytes_by_kernel, 0);
                drop(target);
                reading.join().expect("it does not panic").expect("it can be read")
            });
            assert!(received == expected, "{compressed}");
        }
    }
}

/// The kernel refuses to copy to such a file, so the bytes take another way.
fn a_file_that_is_open_for_appending_gets_the_same_bytes() {
    let file = file_of(&contents(300_000));
    let map = MappedFile::open(file.path()).expect("it exists");
    let plan = || {
        let mut dump = MinidumpBuilder::new();
        dump.memory64(MemoryRange::borrowed(0x1000, &map)).parallel_to(&map);
        dump.plan().expect("it is small")
    };
    let target = tempfile::NamedTempFile::new().expect("there is room");
    let appending = std::fs::OpenOptions::new().append(true).open(target.path()).expect("it exists");
    plan().write_to_file(&appending, map.copy_source().as_slice()).expect("there is room");
    assert!(std::fs::read(target.path()).expect("it exists") == in_memory(plan()));
}

/// With a limit on the size of files, at any place. The limit belongs to a process, so the program `redump` gets it.
fn a_file_that_may_not_grow_is_an_error_with_its_item() -> Completion {
    #[cfg(not(target_os = "linux"))]
    return Completion::ignored_with("`ulimit` cannot limit file sizes");
    #[cfg(target_os = "linux")]
    {
        use crate::programs::{Folder, IN_AN_EMULATOR, runner};
        if runner().is_some() {
            return Completion::ignored_with(IN_AN_EMULATOR);
        }
        let (size, at) = (8 << 20, 0x10_0000u64);
        let cpu = crate::support::cpu::Cpu::AMD64;
        let dump = crate::synth::Dump::new().system_info(cpu.windows()).flags(2);
        let dump = dump.thread(crate::synth::Thread::new(1).context(cpu.context(0x1_4000_1000, 0x7f00)));
        let dump = dump.memory64(at, contents(size / 2)).memory64(at + size, contents(size / 2));
        let folder = Folder::with(&[("in.dmp", &dump.build())]);
        for (blocks, index) in [(1000, 0), (5000, 0), (12_000, 1)] {
            // Blocks of 512 bytes. Without the trap, a signal ends the program.
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" /ma in.dmp out.dmp");
            let mut shell = std::process::Command::new("sh");
            let program = Folder::program("redump");
            let ran = shell.arg("-c").arg(script).arg(program).current_dir(folder.path("")).output().expect("it runs");
            let text = String::from_utf8(ran.stderr).expect("it is text");
            assert_eq!(ran.status.code(), Some(1), "{text}");
            let needed = size / 2;
            let start = format!("redump: out.dmp: the result cannot be written: memory range {index} at 0x");
            assert!(text.starts_with(&start), "{text}");
            assert!(text.contains(&format!(" takes {needed} bytes, ")) && text.contains("File too large"), "{text}");
            assert!(!folder.path("out.dmp").exists());
        }
        Completion::Completed
    }
}
