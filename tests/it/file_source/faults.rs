//! What cannot be read is an error.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use libtest_mimic::Trial;
use userdump::error::SourceFault;
use userdump::redump::{Hooks, Redump};
use userdump::{Dump, ReadError, RedumpError, SourceFile};

use super::{on_disk, options_of};
use crate::owned::dumps;
use crate::support::cpu::{Cpu, pattern};
use crate::support::redumped::parsed;
use crate::support::trials;
use crate::synth;

pub fn trials() -> Vec<Trial> {
    trials![
        a_file_that_fails_anywhere_gives_no_other_result,
        a_check_reports_what_cannot_be_read,
        a_file_that_was_truncated_is_an_error,
        a_file_that_is_truncated_while_it_is_written_is_an_error,
        a_file_that_was_changed_is_an_error,
        the_limit_is_an_error,
        what_is_not_a_regular_file_is_refused,
    ]
}

/// The bytes, of which reading fails from an offset on, with an error of the system or by ending.
fn failing(bytes: &[u8], from: u64, ends: bool) -> SourceFile {
    let (size, bytes) = (bytes.len() as u64, bytes.to_vec());
    SourceFile::from_read_at(size, move |at: u64, room: &mut [u8]| {
        let left = from.saturating_sub(at).min(room.len() as u64) as usize;
        if left == 0 && !ends {
            return Err(io::Error::from_raw_os_error(5));
        }
        room[..left].copy_from_slice(&bytes[at as usize..][..left]);
        Ok(left)
    })
}

/// A dump whose head, lists and memory are in different blocks.
fn wide() -> Vec<u8> {
    let dump = synth::Dump::new().flags(2).system_info(Cpu::AMD64.windows()).raw(0x1_0000, vec![7; 70_000]);
    let dump = dump.module(synth::Module::new(0x40_0000, 0x1000, "app.exe"));
    (0..8u64).fold(dump, |dump, number| dump.memory64(number << 20, pattern(number << 20, 0x8000))).build()
}

fn a_file_that_fails_anywhere_gives_no_other_result() {
    let mut all = dumps();
    all.push(("wide".to_owned(), wide()));
    for (name, bytes) in all {
        for words in ["/m", "/ma", "/mr", "/f", "/as-is"] {
            let options = parsed(words);
            let mut expected = Vec::new();
            let borrowed = Dump::parse(&bytes).expect("it is a dump");
            if Redump::new(&borrowed, &options).and_then(|redump| redump.write_to(&mut expected)).is_err() {
                continue;
            }
            let mut failures = 0;
            for part in 0..=40 {
                let file = failing(&bytes, bytes.len() as u64 * part / 40, part % 2 == 0);
                let mut found = Vec::new();
                let written = Dump::from_source(&file)
                    .map_err(RedumpError::from)
                    .and_then(|dump| Redump::new(&dump, &options)?.write_to(&mut found));
                match written {
                    Ok(_) => assert!(found == expected, "{name}, {words}, {part}"),
                    Err(error) => {
                        failures += 1;
                        let text = error.to_string();
                        let is_named = text.contains("could be read: ") || text.contains("its reader");
                        assert!(is_named && file.fault().is_some(), "{name}, {words}, {part}: {text}");
                    }
                }
            }
            assert!(failures > 0, "{name}, {words}");
        }
    }
}

fn a_check_reports_what_cannot_be_read() {
    let bytes = wide();
    let file = failing(&bytes, 0x1_0000, false);
    let dump = Dump::from_source(&file).expect("the header can be read");
    let mut found = Vec::new();
    dump.check(&mut |finding| found.push(finding));
    assert!(found.iter().any(|it| matches!(it.error, Some(ReadError::Source { .. }))), "{found:?}");
}

fn a_file_that_was_truncated_is_an_error() {
    let bytes = wide();
    let (file, source) = on_disk(&bytes);
    let dump = Dump::from_source(&source).expect("it is a dump");
    let size = bytes.len() as u64;
    file.set_len(size - 0x4000).expect("it can be truncated");
    let memory = dump.memory();
    let mut room = vec![0; 0x8000];
    assert_eq!(memory.read(7 << 20, &mut room), 0);
    let (offset, needed) = (size - 0x8000, 0x8000);
    let error = ReadError::Source { what: "memory", offset, needed, available: 0x4000, fault: SourceFault::Shrunk };
    assert_eq!((source.fault(), memory.fault_at((7 << 20) + 0x7000)), (Some(error), Some(error)));
    assert_eq!((memory.fault_at(7 << 20), memory.read_u8(7 << 20)), (None, Some(pattern(7 << 20, 1)[0])));
    let text = format!(
        "memory at 0x{offset:x} needs 32768 bytes, 16384 could be read: the file is shorter than when it was opened"
    );
    assert_eq!(error.to_string(), text);
    let error = Redump::new(&dump, &parsed("/m")).expect_err("the file cannot be read");
    assert!(matches!(error, RedumpError::Read(ReadError::Source { .. })), "{error}");
}

fn a_file_that_is_truncated_while_it_is_written_is_an_error() {
    for words in ["/ma", "/as-is", "/mrR", "/f", "/ma --compress"] {
        let bytes = wide();
        let (file, source) = on_disk(&bytes);
        let dump = Dump::from_source(&source).expect("it is a dump");
        let redump = Redump::new(&dump, &options_of(words)).expect("it can be planned");
        file.set_len(bytes.len() as u64 - 0x4000).expect("it can be truncated");
        let error = redump.write_to(io::sink()).expect_err("bytes are missing");
        assert!(error.to_string().contains("could be read: the file "), "{words}: {error}");
    }
}

fn a_file_that_was_changed_is_an_error() {
    let bytes = wide();
    let (mut file, source) = on_disk(&bytes);
    let dump = Dump::from_source(&source).expect("it is a dump");
    let redump = Redump::new(&dump, &parsed("/ma")).expect("it can be planned");
    file.write_all(b"more").expect("it can be written");
    let error = redump.write_to(io::sink()).expect_err("it was changed");
    assert!(error.to_string().ends_with("the file was changed after it was opened"), "{error}");
    assert!(matches!(source.fault(), Some(ReadError::Source { fault: SourceFault::Changed, .. })));
}

fn the_limit_is_an_error() {
    let bytes = wide();
    // Memory: two blocks at most, so that the ranges do not all fit.
    let (_, source) = on_disk(&bytes);
    let source = source.with_limit(0x4_0000);
    let memory_of = Dump::from_source(&source).expect("it is a dump");
    let memory = memory_of.memory();
    let lent: Vec<_> = memory.visible_ranges().map(|range| range.bytes()).collect();
    let full = |error: &ReadError| matches!(error, ReadError::Source { fault: SourceFault::CacheFull, .. });
    assert!(lent.iter().any(|bytes| bytes.as_ref().is_err_and(full)) && lent.iter().any(Result::is_ok));
    for (range, lent) in memory.visible_ranges().zip(&lent) {
        let mut room = vec![0; 0x8000];
        assert_eq!(memory.read(range.address, &mut room), room.len());
        assert_eq!(room, pattern(range.address, 0x8000));
        assert!(lent.as_ref().map_or(true, |bytes| *bytes == room));
    }
    // That memory could not be kept is not a fault.
    assert_eq!(source.fault(), None);
    // Structures.
    let (_, source) = on_disk(&bytes);
    let source = source.with_limit(0x1_0000);
    let dump = Dump::from_source(&source).expect("it is a dump");
    let error = Redump::with_hooks(&dump, &parsed("/m"), Hooks::new()).expect_err("the stream does not fit");
    assert!(
        error.to_string().ends_with("the limit for bytes of the file that are kept in memory is reached"),
        "{error}"
    );
}

fn what_is_not_a_regular_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(SourceFile::open(folder.path()).is_err());
    let missing = folder.path().join("missing");
    let text = SourceFile::open(&missing).expect_err("there is none").to_string();
    assert!(text.starts_with(&format!("{}: ", missing.display())), "{text}");
    #[cfg(unix)]
    {
        let error = SourceFile::open("/dev/null").expect_err("it is a device");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
    // Reads that are interrupted are repeated, and short reads are continued.
    let bytes = Arc::new(wide());
    let (of_source, calls) = (Arc::clone(&bytes), AtomicU64::new(0));
    let file = SourceFile::from_read_at(bytes.len() as u64, move |at: u64, room: &mut [u8]| {
        if calls.fetch_add(1, Ordering::Relaxed) % 3 == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = room.len().min(1000).min(of_source.len() - at as usize);
        room[..count].copy_from_slice(&of_source[at as usize..][..count]);
        Ok(count)
    });
    let mut result = Vec::new();
    let dump = Dump::from_source(&file).expect("it is a dump");
    Redump::new(&dump, &parsed("/ma")).and_then(|redump| redump.write_to(&mut result)).expect("all can be read");
    let mut expected = Vec::new();
    let dump = Dump::parse(&bytes).expect("it is a dump");
    Redump::new(&dump, &parsed("/ma")).and_then(|redump| redump.write_to(&mut expected)).expect("all can be read");
    assert!(result == expected);
}
