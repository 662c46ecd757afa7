//! Re-encoding to sinks that fail, for every source and result format.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::iter;

use libtest_mimic::Trial;
use userdump::redump::{Hooks, Redump};
use userdump::{Dump, RedumpError, WriteError};

use super::{Named, Scripted, named, stops_at_a_byte};
use crate::plan::{one_of_everything, write};
use crate::support::cpu::{Cpu, pattern};
use crate::support::fixtures::QUICK_START;
use crate::support::redumped::parsed;
use crate::support::trials;
use crate::synth::{UserDump, UserEvent, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_sink_that_fails_is_an_error_at_every_byte,
        a_sink_that_fails_in_a_larger_dump_is_an_error_at_bytes_of_each_kind,
        sinks_that_take_little_or_are_interrupted_get_the_same_file,
        what_a_buffering_sink_cannot_pass_on_is_an_error,
    ]
}

/// A full user dump with an event, two modules, and memory that `r` changes in part.
fn user_dump(wide: bool) -> Vec<u8> {
    let (dump, cpu) = if wide { (UserDump::wide(), Cpu::AMD64) } else { (UserDump::narrow(), Cpu::X86) };
    let event = UserEvent { process: 7, thread: 2, code: 5, address: 0x40_1010, ..UserEvent::default() };
    let thread = |id| UserThread { id, teb: 0x9000, context: cpu.context(0x40_0010, 0x7010), ..UserThread::default() };
    let dump = dump.event(event).thread(thread(1)).thread(thread(2));
    let dump = dump.module(0x40_0000, 0x200, "C:\\a\\a.exe").module(0x50_0000, 9, "b.dll").service_pack("1");
    let mut block = cpu.teb(0x8000, 0x7000);
    block.resize(0x40, 0x55);
    let dump = dump.memory(0x7000, pattern(0x7000, 0x43)).memory(0x9000, block);
    dump.memory(0x40_0000, [b"MZ".as_slice(), &pattern(2, 0x41)].concat()).build()
}

fn run(source: &[u8], options: &str, sink: impl Write) -> Result<(), WriteError> {
    let options = parsed(options);
    let dump = Dump::parse(source).expect("the header is valid");
    // Bytes that a program changes are written by a different path than those of the source.
    let hooks = Hooks::new().redact(|address, _, bytes| {
        bytes.iter_mut().take(usize::from(address == 0x7000)).for_each(|byte| *byte = 1);
    });
    let redump = Redump::with_hooks(&dump, &options, hooks).expect("it can be re-encoded");
    match redump.write_to(sink) {
        Ok(_) => Ok(()),
        Err(RedumpError::Write(error)) => Err(error),
        Err(error) => panic!("{options}: {error}"),
    }
}

fn written(source: &[u8], options: &str) -> Vec<u8> {
    let mut file = Vec::new();
    run(source, options, &mut file).expect("a vector accepts every write");
    file
}

/// Every byte of a full user dump without gaps, named by its own header and tables.
fn named_user(file: &[u8]) -> Vec<Named> {
    let wide = file[..8] == *b"USERDU64";
    let pick = |narrow: u64, wider: u64| if wide { wider } else { narrow };
    let number = |at: u64, size: u64| -> u64 {
        (0..size).rev().fold(0, |all, byte| all << 8 | u64::from(file[(at + byte) as usize]))
    };
    let word = pick(4, 8);
    let offset = |field: u64| number(0x20 + field * word, word);
    let [threads, modules, regions] = [0x14, 0x18, 0x1c].map(|at| number(at, 4));
    let [context_at, mut module_at, mut data_at, region_at, event_at, thread_at, version_at] =
        std::array::from_fn(|field| offset(field as u64));
    let (thread, context, region) = (pick(48, 80), pick(716, 1232), pick(28, 48));
    let mut parts: Vec<(u64, u64, &'static [&'static str], Option<u64>)> = vec![
        (0, pick(64, 96), &["USERMODE_CRASHDUMP_HEADER"], None),
        (event_at, pick(96, 176), &["DEBUG_EVENT"], None),
        (region_at, regions * region, &["MEMORY_BASIC_INFORMATION"], None),
    ];
    parts.extend((0..threads).map(|index| (context_at + index * context, context, &["CONTEXT"][..], Some(index))));
    parts.extend((0..threads).map(|index| (thread_at + index * thread, thread, &["CRASH_THREAD"][..], Some(index))));
    for index in 0..modules {
        let size = pick(12, 16) + number(module_at + pick(8, 12), 4);
        parts.push((module_at, size, &["CRASH_MODULE"], Some(index)));
        module_at += size;
    }
    for index in 0..regions {
        let size = number(region_at + index * region + pick(12, 24), word);
        parts.push((data_at, size, &["memory range"], Some(index)));
        data_at += size;
    }
    if version_at > 0 {
        parts.push((version_at, file.len() as u64 - version_at, &["version information"], None));
    }
    let part = |(start, size, names, index): (u64, u64, _, Option<u64>)| Named {
        start,
        end: start + size,
        names,
        counted: index.is_some(),
        index,
    };
    let mut all: Vec<Named> = parts.into_iter().filter(|part| part.1 > 0).map(part).collect();
    all.sort_by_key(|part| part.start);
    let ends = iter::once(0).chain(all.iter().map(|part| part.end));
    assert!(all.iter().map(|part| part.start).chain([file.len() as u64]).eq(ends), "every byte has a name");
    all
}

fn named_any(file: &[u8]) -> Vec<Named> {
    if file.starts_with(b"MDMP") { named(file) } else { named_user(file) }
}

/// Sources of both formats and both widths, with options for each.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let (narrow, wide) = (user_dump(false), user_dump(true));
    let everything = write(one_of_everything());
    vec![
        ("a minidump", everything, "/mAFhutr"),
        ("a narrow full user dump", narrow.clone(), "/f"),
        ("a narrow full user dump as a minidump", written(&narrow, "/mA"), "/f"),
        ("a wide full user dump", wide.clone(), "/mr"),
        ("a wide full user dump", wide.clone(), "/f"),
        ("a wide full user dump as a minidump", written(&wide, "/mA"), "/f"),
    ]
}

type Stop = (fn() -> io::Result<usize>, ErrorKind);

/// Writing nothing, and running out of space, alternately.
const STOPS: [Stop; 2] =
    [(|| Ok(0), ErrorKind::WriteZero), (|| Err(ErrorKind::StorageFull.into()), ErrorKind::StorageFull)];

fn a_sink_that_fails_is_an_error_at_every_byte() {
    for (what, source, options) in cases() {
        let expected = written(&source, options);
        assert!((2000..10_000).contains(&expected.len()), "{what}, {options}: {} bytes", expected.len());
        let named = named_any(&expected);
        for stops_at in 0..expected.len() {
            stops_at_a_byte(&expected, &named, stops_at, stops_at % 4 < 2, STOPS[stops_at % 2], |sink| {
                run(&source, options, sink)
            });
        }
    }
}

fn a_sink_that_fails_in_a_larger_dump_is_an_error_at_bytes_of_each_kind() {
    let source = QUICK_START;
    for options in ["/mAhut", "/mhutrR", "/f"] {
        let expected = written(source, options);
        assert!(expected.len() > 30_000);
        let named = named_any(&expected);
        // The first, the middle and the last byte of everything, and some others.
        let of_parts = named.iter().flat_map(|it| [it.start, it.start.midpoint(it.end), it.end - 1]);
        let anywhere = (0..expected.len() as u64).step_by(expected.len() / 100);
        for (turn, stops_at) in of_parts.chain(anywhere).enumerate() {
            stops_at_a_byte(&expected, &named, stops_at as usize, turn % 4 < 2, STOPS[turn % 2], |sink| {
                run(source, options, sink)
            });
        }
    }
}

fn sinks_that_take_little_or_are_interrupted_get_the_same_file() {
    let quick_start = [("the quick start's dump", QUICK_START.to_vec(), "/mhutrR")];
    for (what, source, options) in cases().into_iter().chain(quick_start) {
        let expected = written(&source, options);
        let mut calls = 0;
        let mut sink = Scripted::new(|_, _| {
            calls += 1;
            if calls % 3 == 1 { Err(ErrorKind::Interrupted.into()) } else { Ok(1) }
        });
        run(&source, options, &mut sink).expect("the sink accepts everything");
        assert!(sink.file == expected, "{what}, {options}");
    }
}

fn what_a_buffering_sink_cannot_pass_on_is_an_error() {
    for (what, source, options) in cases() {
        let full = Scripted::new(|_, _| Err(ErrorKind::StorageFull.into()));
        let size = written(&source, options).len() as u64;
        let result = run(&source, options, BufWriter::with_capacity(1 << 20, full));
        let Err(WriteError::Io { item, source, written, .. }) = result else {
            panic!("{what}, {options}: {result:?}");
        };
        assert_eq!((item.name, source.kind(), written), ("file", ErrorKind::StorageFull, size), "{what}, {options}");
    }
}
