//! Re-encodings of the fixtures as read by the peer, compared with what the peer reads from the source.

use libtest_mimic::Trial;
use minidump::system_info::PointerWidth;
use minidump::{
    Error, Minidump, MinidumpException, MinidumpHandleDataStream, MinidumpMemoryInfoList, MinidumpMiscInfo,
    MinidumpModuleList, MinidumpStream, MinidumpSystemInfo, MinidumpThreadInfoList, MinidumpThreadList,
    MinidumpThreadNames, MinidumpUnloadedModuleList, Module,
};
use userdump::redump::{Options, redump};
use userdump::{Dump, RedumpError};

use crate::support::{fixtures, trials};

pub fn trials() -> Vec<Trial> {
    trials![threads_and_modules_are_those_of_the_source, memory_is_that_of_the_source, every_stream_can_be_read]
}

const OPTIONS: [&str; 9] = ["/m", "/ma", "/mA", "/mf", "/mF", "/mu", "/mt", "/mh", "/mFhut"];

type Peer<'a> = Minidump<'a, &'a [u8]>;

/// Re-encodes each fixture that is not a re-encoding itself with each set of options, and passes source and result to
/// `look`. Sources that lack memory described by their own regions are only re-encoded with `A`.
fn each(look: impl Fn(&str, &Peer<'_>, &Peer<'_>)) {
    let sources: Vec<_> = fixtures::all().filter(|(name, _)| !name.contains("-from-")).collect();
    let (mut written, mut refused) = (0, 0);
    for (name, bytes) in &sources {
        let dump = Dump::parse(bytes).expect("it is a minidump");
        let source = Minidump::read(*bytes).expect("the peer opens the source");
        for words in OPTIONS {
            let options: Options = words.parse().expect("the options are known");
            let mut file = Vec::new();
            match redump(&dump, &options, &mut file) {
                Ok(_) => written += 1,
                Err(RedumpError::MissingMemory { .. }) if words == "/ma" || words == "/mf" => {
                    refused += 1;
                    continue;
                }
                Err(error) => panic!("{words} of {name}: {error}"),
            }
            let result = Minidump::read(file.as_slice()).unwrap_or_else(|error| panic!("{words} of {name}: {error}"));
            look(&format!("{words} of {name}"), &source, &result);
        }
    }
    assert_eq!(written + refused, sources.len() * OPTIONS.len());
    assert!(
        sources.len() >= 25 && refused < written / 4,
        "{} sources, {written} written, {refused} refused",
        sources.len()
    );
}

fn threads_and_modules_are_those_of_the_source() {
    each(|what, source, result| {
        let threads = |dump: &Peer<'_>| {
            let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is there");
            let misc = dump.get_stream::<MinidumpMiscInfo>().ok();
            let list = dump.get_stream::<MinidumpThreadList<'_>>().expect("it is there");
            let registers = |thread: &minidump::MinidumpThread<'_>| {
                let context = thread.context(&system, misc.as_ref());
                context.map(|context| context.registers().collect::<Vec<_>>())
            };
            list.threads
                .iter()
                .map(|thread| {
                    (thread.raw.thread_id, thread.raw.suspend_count, thread.raw.teb as u32, registers(thread))
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(threads(result), threads(source), "{what}");
        let modules = |dump: &Peer<'_>| {
            let list = dump.get_stream::<MinidumpModuleList>().expect("it is there");
            let module = |it: &minidump::MinidumpModule| {
                let id = it.debug_identifier().map(|id| id.to_string());
                let base = it.raw.base_of_image & mask(source);
                (it.name.clone(), base, it.raw.size_of_image, it.version().map(|it| it.to_string()), id)
            };
            list.iter().map(module).collect::<Vec<_>>()
        };
        assert_eq!(modules(result), modules(source), "{what}");
        let system = |dump: &Peer<'_>| {
            let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is there");
            (system.os, system.cpu, system.os_parts())
        };
        assert_eq!(system(result), system(source), "{what}");
        if let Ok(exception) = source.get_stream::<MinidumpException<'_>>() {
            let kept = result.get_stream::<MinidumpException<'_>>().expect("it is there");
            assert_eq!(
                kept.raw.exception_record.exception_code, exception.raw.exception_record.exception_code,
                "{what}"
            );
            assert_eq!(kept.thread_id, exception.thread_id, "{what}");
        }
    });
}

fn memory_is_that_of_the_source() {
    each(|what, source, result| {
        let Some(memory) = result.get_memory() else { panic!("{what} has no memory list") };
        let ranges: Vec<_> = memory.iter().collect();
        let bytes: usize = ranges.iter().map(|range| range.bytes().len()).sum();
        let held = source.get_memory();
        let there = held.as_ref().map_or(0, |held| held.iter().map(|range| range.bytes().len()).sum());
        assert!(bytes <= there, "{what} has {bytes} bytes of {there}");
        let mask = mask(source);
        let held: Vec<_> = held.iter().flat_map(|held| held.iter()).collect();
        for range in ranges {
            let (mut at, mut left) = (range.base_address() & mask, range.bytes());
            while !left.is_empty() {
                // The first range of the list that contains the address determines its bytes.
                let found = held.iter().find_map(|held| {
                    let into = usize::try_from(at.checked_sub(held.base_address() & mask)?).ok()?;
                    held.bytes().get(into..).filter(|bytes| !bytes.is_empty())
                });
                let found = found.unwrap_or_else(|| panic!("{what}: the source has nothing at {at:#x}"));
                let count = found.len().min(left.len());
                assert!(found[..count] == left[..count], "{what} at {at:#x}");
                (at, left) = (at + count as u64, &left[count..]);
            }
        }
    });
}

/// A mask for the significant bits of an address: addresses of 32-bit targets may be sign-extended.
fn mask(dump: &Peer<'_>) -> u64 {
    let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is there");
    if system.cpu.pointer_width() == PointerWidth::Bits32 { 0xFFFF_FFFF } else { u64::MAX }
}

fn every_stream_can_be_read() {
    fn read<'a, S: MinidumpStream<'a>>(what: &str, dump: &'a Peer<'a>) {
        match dump.get_stream::<S>() {
            Ok(_) | Err(Error::StreamNotFound) => {}
            Err(error) => panic!("{what}: stream {}: {error}", S::STREAM_TYPE),
        }
    }
    each(|what, _, result| {
        read::<MinidumpThreadList<'_>>(what, result);
        read::<MinidumpThreadInfoList>(what, result);
        read::<MinidumpThreadNames>(what, result);
        read::<MinidumpModuleList>(what, result);
        read::<MinidumpUnloadedModuleList>(what, result);
        read::<MinidumpMemoryInfoList<'_>>(what, result);
        read::<MinidumpException<'_>>(what, result);
        read::<MinidumpSystemInfo>(what, result);
        read::<MinidumpMiscInfo>(what, result);
        read::<MinidumpHandleDataStream>(what, result);
        let unknown: Vec<u32> = result.unknown_streams().map(|it| it.stream_type).collect();
        assert!(unknown.iter().all(|kind| *kind > 0xFF00), "{what}: {unknown:x?}");
    });
}
