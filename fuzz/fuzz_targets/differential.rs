//! Compares the `minidump` crate where both accept a list: threads, modules, memory.
//!
//! The last three bytes are ignored, because seeds are shared with other targets. If the bytes before them are not a
//! dump, they describe a process from which a dump is made. Nothing is compared if the peer is known to omit something
//! or to choose another one of two; the tests list these cases (`tests/it/differential/explained.rs`).

#![no_main]

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use minidump::{
    MinidumpMemory64List, MinidumpMemoryList, MinidumpModuleList, MinidumpStream, MinidumpThreadList, Module,
};
use userdump::Minidump;
use userdump::format::StreamType;
use userdump::read::memory::{Memory64List, MemoryList};
use userdump::read::{FromStream, MemoryRange, ModuleList, ThreadList};
use userdump_fuzz::process::Process;

type Peer<'a> = minidump::Minidump<'a, &'a [u8]>;

thread_local! {
    /// True while the peer reads. If it panics, it does not accept its input.
    static PEER: Cell<bool> = const { Cell::new(false) };
}

fuzz_target!(
    init: {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !PEER.get() {
                abort(info);
            }
        }));
    },
    |data: &[u8]| {
        let Some((source, last)) = data.split_last_chunk::<3>() else { return };
        if Minidump::parse(source).is_ok() {
            return compare(source);
        }
        let Ok(process) = Process::arbitrary_take_rest(Unstructured::new(source)) else { return };
        if last[2] & 2 == 0 {
            compare(&process.dump(false));
        }
    }
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    userdump_fuzz::mutate(data, size, max_size, seed, 3, fuzzer_mutate)
});

/// Returns the result of the peer, unless it fails.
fn peer<T>(read: impl FnOnce() -> Option<T>) -> Option<T> {
    PEER.set(true);
    let result = catch_unwind(AssertUnwindSafe(read));
    PEER.set(false);
    result.ok().flatten()
}

fn compare(file: &[u8]) {
    let Ok(ours) = Minidump::parse(file) else { return };
    let Some(theirs) = peer(|| Peer::read(file).ok()) else { return };
    assert_eq!(ours.header().flags, theirs.header.flags);
    if let Some((list, peers)) = both::<ThreadList<'_>, MinidumpThreadList<'_>>(&ours, &theirs, (4, 48)) {
        let threads = list.into_iter().map(|thread| (thread.id(), thread.teb()));
        assert!(threads.eq(peers.threads.iter().map(|thread| (thread.raw.thread_id, thread.raw.teb))));
    }
    if let Some((list, peers)) = both::<ModuleList<'_>, MinidumpModuleList>(&ours, &theirs, (4, 108)) {
        modules(&list, &peers);
    }
    let list = both::<MemoryList<'_>, MinidumpMemoryList<'_>>(&ours, &theirs, (4, 16));
    let list64 = both::<Memory64List<'_>, MinidumpMemory64List<'_>>(&ours, &theirs, (16, 16));
    if let Some((list, peers)) = &list {
        let ranges: Vec<_> = list.iter().collect();
        same_ranges(&ours, &ranges, peers.iter().map(|range| (range.base_address, range.bytes)));
        if ours.directory().iter().all(|entry| entry.stream_type != StreamType::MEMORY64_LIST) {
            by_address(&ours, &ranges, |address| peers.memory_at_address(address)?.get_memory_at_address(address));
        }
    }
    if let Some((list, peers)) = &list64 {
        let ranges: Vec<_> = list.iter().collect();
        same_ranges(&ours, &ranges, peers.iter().map(|range| (range.base_address, range.bytes)));
        if ours.directory().iter().all(|entry| entry.stream_type != StreamType::MEMORY_LIST) {
            by_address(&ours, &ranges, |address| peers.memory_at_address(address)?.get_memory_at_address(address));
        }
    }
}

/// Returns the list if both crates read it the same way. Of several streams with the same type, the peer keeps only the
/// last. The list must have the expected header and entry sizes; streams of other sizes are open to interpretation.
fn both<'a, O: FromStream<'a>, T: MinidumpStream<'a>>(
    ours: &Minidump<'a>,
    theirs: &'a Peer<'a>,
    (header, entry): (u64, u64),
) -> Option<(O, T)> {
    let alone = ours.directory().iter().filter(|entry| entry.stream_type == O::STREAM_TYPE).count() == 1;
    let stream = ours.raw_stream(O::STREAM_TYPE)?;
    let count = stream.bytes().first_chunk().map(|count| u64::from(u32::from_le_bytes(*count)))?;
    let is_exact = stream.declared_size() == header + count * entry;
    let list = ours.stream::<O>().ok().flatten().filter(|_| alone && is_exact)?;
    Some((list, peer(|| theirs.get_stream::<T>().ok())?))
}

/// The peer drops modules without a size, and those beyond the last address. Its names do not end at a NUL, and are not
/// limited to 65,534 bytes.
fn modules(list: &ModuleList<'_>, peers: &MinidumpModuleList) {
    let peers = peers.iter().map(|module| {
        let units: Vec<_> = module.code_file().encode_utf16().take_while(|&unit| unit != 0).take(32_767).collect();
        let name = String::from_utf16_lossy(&units);
        (module.base_address(), module.size(), name)
    });
    let kept = list.into_iter().filter(|it| it.size() > 0 && it.base().checked_add(it.size().into()).is_some());
    let ours = kept.map(|module| {
        let name = module.name().map_or_else(|_| String::new(), |name| name.to_string_lossy());
        (module.base(), u64::from(module.size()), name)
    });
    assert!(ours.eq(peers));
}

/// The ranges that both return: the peer omits empty ranges, and those that are truncated by the end of the file.
fn whole<'r, 'a>(ranges: &'r [MemoryRange<'a>]) -> impl Iterator<Item = &'r MemoryRange<'a>> {
    ranges.iter().filter(|range| range.size > 0 && range.fault().is_none())
}

/// The peer reads memory from the header and the directory as well, where this crate assumes that there is none.
fn in_the_tables(ours: &Minidump<'_>, ranges: &[MemoryRange<'_>]) -> bool {
    let header = ours.header();
    let directory = u64::from(header.stream_directory_rva);
    let tables = [(0, 32), (directory, directory + 12 * u64::from(header.number_of_streams))];
    let overlaps = |range: &MemoryRange<'_>| {
        tables.iter().any(|(start, end)| range.offset < *end && range.offset.saturating_add(range.size) > *start)
    };
    ranges.iter().any(|range| range.size > 0 && overlaps(range))
}

fn same_ranges<'a>(dump: &Minidump<'_>, ranges: &[MemoryRange<'a>], peers: impl Iterator<Item = (u64, &'a [u8])>) {
    let ours = whole(ranges).map(|range| (range.address, range.bytes().expect("they are in memory")));
    assert!(in_the_tables(dump, ranges) || ours.eq(peers.filter(|(_, bytes)| !bytes.is_empty())));
}

/// Of overlapping ranges the peer drops some, and it does not know addresses that are equal apart from sign extension.
fn by_address(ours: &Minidump<'_>, ranges: &[MemoryRange<'_>], theirs: impl Fn(u64) -> Option<u8>) {
    let mut spans: Vec<_> = whole(ranges).map(|range| (range.address, range.size)).collect();
    spans.sort_unstable();
    let apart = spans.windows(2).all(|pair| pair[0].0.checked_add(pair[0].1).is_some_and(|end| end <= pair[1].0));
    let last = ours.target().last_address();
    let inside = spans.iter().all(|(address, size)| address.checked_add(*size).is_some_and(|end| end <= last));
    let all_whole = ranges.iter().all(|range| range.fault().is_none());
    if !apart || !inside || !all_whole || in_the_tables(ours, ranges) {
        return;
    }
    let memory = ours.memory();
    for (address, size) in spans.into_iter().take(64) {
        for address in [address, address + size / 2, address + size - 1] {
            let mut byte = [0];
            assert_eq!(memory.read(address, &mut byte), 1);
            assert_eq!(peer(|| theirs(address)), Some(byte[0]), "the byte at {address:#x}");
        }
    }
}
