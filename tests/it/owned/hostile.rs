//! Owners that return different bytes each time, and indexes that are bound to bytes of another dump.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use libtest_mimic::Trial;
use userdump::read::Memory;
use userdump::read::memory::VisibleRange;
use userdump::{Dump, OwnedDump, redump};

use super::{Session, addresses, dumps};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        an_owner_that_changes_breaks_nothing,
        indexes_of_other_bytes_of_that_size_break_nothing,
        indexes_of_bytes_of_another_size_are_empty,
    ]
}

/// Returns its byte strings one after the other, then starts again.
struct Fickle {
    all: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl AsRef<[u8]> for Fickle {
    fn as_ref(&self) -> &[u8] {
        &self.all[self.next.fetch_add(1, Ordering::Relaxed) % self.all.len()]
    }
}

/// Replacements for a dump: other bytes of the same size, fewer, none, more.
fn others(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = vec![Vec::new(), vec![0; bytes.len()], vec![0xff; bytes.len()]];
    all.push(bytes.iter().rev().copied().collect());
    all.push(bytes.iter().map(|byte| byte ^ 0x55).collect());
    let mut swapped = bytes.to_vec();
    swapped.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    all.push(swapped);
    all.extend(
        [1, 20, 31, 32, 33, 100, bytes.len() / 2, bytes.len() - 1].map(|size| bytes[..size.min(bytes.len())].to_vec()),
    );
    all.push([bytes, &[0; 3000]].concat());
    all
}

/// Walks the whole dump. Short inputs are left out: the walk asserts that there are no more findings than bytes, which
/// does not hold for a few bytes without a header.
fn look(dump: &Dump<'_>) {
    if dump.data().unwrap().len() >= 1000 {
        userdump_walk::walk(dump, &mut |value| drop(black_box(format!("{value:?}"))));
        return;
    }
    let mut findings = 0;
    dump.check(&mut |_| findings += 1);
    assert!(findings < 1000);
    let streams = dump.minidump().map_or(0, |dump| dump.streams().filter(|(_, stream)| stream.is_ok()).count());
    let memory = dump.memory();
    black_box((streams, memory.visible_ranges().count(), memory.read_u64(0), dump.regions().iter().count()));
    black_box((dump.threads().count(), dump.exceptions().count(), dump.process_id(), dump.crash_registers()));
    for module in dump.modules() {
        black_box((module.name().is_ok(), module.debug_id(&memory), module.code_id(&memory)));
    }
}

fn an_owner_that_changes_breaks_nothing() {
    // A fifth of the fixtures, and all dumps that are made here.
    let some = dumps().into_iter().enumerate().filter(|(number, (name, _))| number % 5 == 0 || !name.contains('/'));
    for (_, (name, bytes)) in some.filter(|(_, (_, bytes))| bytes.len() < 200_000) {
        let _named = Named(name);
        let mut all = vec![bytes.clone()];
        all.extend(others(&bytes));
        all.extend(dumps().into_iter().filter(|(_, it)| it.len() < 20_000).take(3).map(|(_, it)| it));
        let count = all.len();
        let owned = OwnedDump::new(Fickle { all, next: AtomicUsize::new(0) }).expect("the first are a dump");
        for _ in 0..count {
            look(&owned.dump());
        }
        // Each call of a session sees other bytes.
        owned.bytes().next.store(0, Ordering::Relaxed);
        let session = Session::new(owned);
        for _ in 0..2 * count {
            look_at_all(&session, &[0, 0x10_0000, 0x40_0000, u64::MAX]);
        }
        let dump = session.dump.dump();
        let _ = redump(&dump, &"/m".parse().expect("letters"), Vec::new());
    }
}

/// Prints the name of the dump if its test fails.
struct Named(String);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("with {}", self.0);
        }
    }
}

/// Calls every look-up of the indexes.
fn look_at_all<B: AsRef<[u8]>>(session: &Session<B>, addresses: &[u64]) {
    black_box(session.seen(addresses));
    let memory = session.memory();
    for range in memory.visible_ranges().take(50) {
        look_at_range(&memory, &range);
    }
    let regions = session.regions();
    for region in regions.iter().take(50) {
        black_box((regions.at_address(region.base()).map(|it| it.memory_type()), regions.is_empty()));
    }
    for module in session.dump.dump().modules().take(50) {
        black_box((session.modules().locate(module.base()).map(|it| it.to_string()), module.debug_id(&memory)));
    }
}

/// Checks that the range gives as many bytes as it claims, whatever they are.
fn look_at_range(memory: &Memory<'_>, range: &VisibleRange<'_>) {
    match (range.bytes(), range.in_file()) {
        (Ok(bytes), in_file) => {
            assert_eq!(bytes.len() as u64, range.size);
            assert!(in_file.is_none_or(|it| it.bytes().unwrap() == bytes && it.fault().is_none()));
            assert_eq!(memory.slice(range.address, range.size), Some(bytes));
            assert!(memory.read(range.address, &mut [0; 16]) as u64 >= range.size.min(16));
        }
        (Err(_), in_file) => assert!(in_file.is_none(), "it is compressed"),
    }
    let address = range.address;
    black_box((memory.read_c_string(address, 200), memory.read_utf16_c_string(address, 200), memory.fault_at(address)));
}

fn indexes_of_other_bytes_of_that_size_break_nothing() {
    for (name, bytes) in dumps() {
        let session = Session::new(OwnedDump::new(bytes.clone()).expect("it is a dump"));
        let addresses = addresses(&session.dump);
        let ranges = session.memory().visible_ranges().count();
        for other in others(&bytes).into_iter().filter(|other| other.len() == bytes.len()) {
            // The dump is parsed from the original bytes.
            let other = Session { dump: OwnedDump::new(Twice::new(&bytes, other)).expect("a dump"), ..kept(&session) };
            look_at_all(&other, &addresses);
            assert_eq!(other.memory().visible_ranges().count(), ranges, "{name}: the index stays");
        }
    }
}

/// The indexes of a session, with another dump.
fn kept<B>(session: &Session<Vec<u8>>) -> Session<B>
where
    B: AsRef<[u8]> + From<Vec<u8>>,
{
    let Session { memory, regions, modules, unloaded, .. } = session.clone();
    let dump = OwnedDump::new(B::from(session.dump.as_ref().to_vec())).expect("it is a dump");
    Session { dump, memory, regions, modules, unloaded }
}

/// Returns the first bytes once, and the second ones from then on.
struct Twice(Fickle);

impl Twice {
    fn new(first: &[u8], second: Vec<u8>) -> Self {
        Self(Fickle { all: vec![first.to_vec(), second], next: AtomicUsize::new(0) })
    }
}

impl From<Vec<u8>> for Twice {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(&bytes, bytes.clone())
    }
}

impl AsRef<[u8]> for Twice {
    fn as_ref(&self) -> &[u8] {
        &self.0.all[self.0.next.fetch_add(1, Ordering::Relaxed).min(1)]
    }
}

fn indexes_of_bytes_of_another_size_are_empty() {
    for (name, bytes) in dumps() {
        let session = Session::new(OwnedDump::new(bytes.clone()).expect("it is a dump"));
        let addresses = addresses(&session.dump);
        for other in others(&bytes).into_iter().filter(|other| other.len() != bytes.len()) {
            let memory = session.memory.bind(&other);
            assert!(memory.is_empty() && memory.visible_ranges().next().is_none() && !memory.has_overlaps(), "{name}");
            let (regions, modules) = (session.regions.bind(&other), session.modules.bind(&other));
            let unloaded = session.unloaded.bind(&other);
            assert!(regions.is_empty(), "{name}");
            assert_eq!(unloaded.list().len(), 0, "{name}");
            for &address in &addresses {
                assert_eq!(
                    (memory.read(address, &mut [0]), memory.read_u8(address), memory.run_len(address, 1)),
                    (0, None, 0)
                );
                assert!(memory.slice(address, 1).is_none() && memory.range_at(address).is_none());
                assert!(regions.at_address(address).is_none() && modules.at_address(address).is_none());
                assert!(unloaded.at_address(address).next().is_none());
            }
        }
    }
}
