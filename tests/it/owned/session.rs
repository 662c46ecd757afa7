//! A structure that holds a file and everything that was built from it.

use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use libtest_mimic::Trial;
use userdump::read::Memory;
use userdump::{Dump, OwnedDump};

use super::{Session, addresses, compressed, dumps, seen};
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        a_session_says_what_borrowed_indexes_say,
        a_session_is_moved_and_cloned,
        sessions_are_sent_to_threads_and_shared,
        an_index_outlives_what_it_was_built_from,
        what_is_unpacked_is_shared,
        a_limit_of_the_cache_is_kept,
        many_threads_bind_and_read_compressed_memory,
        golden_dumps_are_kept,
    ]
}

/// The results of indexes that borrow the dump.
fn borrowed(dump: &Dump<'_>, addresses: &[u64]) -> Vec<String> {
    let (memory, regions) = (dump.memory(), dump.regions());
    seen(addresses, &memory, &regions, &dump.modules_by_address(), &dump.unloaded_modules_by_address())
}

fn same_ranges(kept: &Memory<'_>, borrowed: &Memory<'_>) {
    assert_eq!((kept.has_overlaps(), kept.is_empty()), (borrowed.has_overlaps(), borrowed.is_empty()));
    assert!(kept.visible_ranges().eq(borrowed.visible_ranges()));
    for (kept, borrowed) in kept.visible_ranges().zip(borrowed.visible_ranges()) {
        assert_eq!((kept.bytes(), kept.in_file()), (borrowed.bytes(), borrowed.in_file()));
    }
}

fn a_session_says_what_borrowed_indexes_say() {
    let mut with_something = [0; 4];
    for (name, bytes) in dumps() {
        let session = Session::new(OwnedDump::new(bytes.clone()).expect("it is a dump"));
        let dump = Dump::parse(&bytes).expect("it is a dump");
        let addresses = addresses(&session.dump);
        assert_eq!(session.seen(&addresses), borrowed(&dump, &addresses), "{name}");
        let (memory, expected) = (session.memory(), dump.memory());
        same_ranges(&memory, &expected);
        let regions = session.regions();
        assert_eq!(regions.iter().count(), dump.regions().iter().count(), "{name}");
        let has = |any: bool| usize::from(any);
        let found = [
            has(!memory.is_empty()),
            has(addresses.iter().any(|at| regions.at_address(*at).is_some())),
            has(addresses.iter().any(|at| session.modules().at_address(*at).is_some())),
            has(addresses.iter().any(|at| session.unloaded().at_address(*at).next().is_some())),
        ];
        found.iter().zip(&mut with_something).for_each(|(found, all)| *all += found);
    }
    assert!(with_something.iter().all(|count| *count > 4), "{with_something:?}");
}

fn a_session_is_moved_and_cloned() {
    for (name, bytes) in dumps() {
        let session = Session::new(OwnedDump::new(bytes).expect("it is a dump"));
        let addresses = addresses(&session.dump);
        let expected = session.seen(&addresses);
        let clone = session.clone();
        assert_eq!(clone.dump.as_ref(), session.dump.as_ref(), "{name}");
        assert_ne!(clone.dump.bytes().as_ptr(), session.dump.bytes().as_ptr(), "a vector is copied");
        let boxed = Box::new(session);
        let many = vec![*boxed, clone];
        for session in many {
            assert_eq!(session.seen(&addresses), expected, "{name}");
        }
    }
}

fn sessions_are_sent_to_threads_and_shared() {
    let (send, receive) = mpsc::channel::<(Session<Arc<[u8]>>, Vec<u64>, Vec<String>)>();
    let other = thread::spawn(move || {
        let mut count = 0;
        for (session, addresses, expected) in receive {
            let session = Arc::new(session);
            let threads = [0, 1].map(|_| {
                let (session, addresses) = (Arc::clone(&session), addresses.clone());
                thread::spawn(move || session.seen(&addresses))
            });
            threads.into_iter().for_each(|it| assert_eq!(it.join().expect("the thread does not panic"), expected));
            count += 1;
        }
        count
    });
    let dumps = dumps();
    let all = dumps.len();
    for (_, bytes) in dumps {
        let session = Session::new(OwnedDump::new(Arc::<[u8]>::from(bytes)).expect("it is a dump"));
        let addresses = addresses(&session.dump);
        let expected = session.seen(&addresses);
        send.send((session, addresses, expected)).expect("the receiver is alive");
    }
    drop(send);
    assert_eq!(other.join().expect("the thread does not panic"), all);
}

/// The index does not borrow the dump, the memory or the bytes.
fn an_index_outlives_what_it_was_built_from() {
    for (name, bytes) in dumps() {
        let copy = bytes.clone();
        let session = Session::new(OwnedDump::new(bytes).expect("it is a dump"));
        let addresses = addresses(&session.dump);
        let expected = session.seen(&addresses);
        let Session { dump, memory, regions, modules, unloaded } = session;
        drop(dump);
        let (memory, regions) = (memory.bind(&copy), regions.bind(&copy));
        let found = seen(&addresses, &memory, &regions, &modules.bind(&copy), &unloaded.bind(&copy));
        assert_eq!(found, expected, "{name}");
        // An index can be taken from a bound one again without loss.
        let again = [memory.index().bind(&copy), memory.clone()];
        again.iter().for_each(|again| same_ranges(again, &memory));
        assert_eq!(
            seen(&addresses, &again[0], &regions.index().bind(&copy), &modules.bind(&copy).index().bind(&copy), &{
                unloaded.bind(&copy).index().bind(&copy)
            }),
            expected,
            "{name}"
        );
    }
}

fn what_is_unpacked_is_shared() {
    let session = Session::new(OwnedDump::new(compressed()).expect("it is a dump"));
    let first = session.memory();
    let bytes = first.slice(0x10_0000, 0x1800).expect("it can be lent");
    let clones = [first.clone(), session.memory(), session.clone().memory.bind(&session.dump)];
    for clone in &clones {
        let before = userdump::__steps();
        assert!(std::ptr::eq(clone.slice(0x10_0000, 0x1800).expect("it is lent"), bytes), "it is unpacked once");
        assert!(userdump::__steps() - before < 10, "it is unpacked once");
    }
    // All clones share what one of them decompresses.
    let other = clones[0].slice(0x7000_0000, 16).expect("it can be lent");
    drop(session.clone());
    assert!(std::ptr::eq(first.slice(0x7000_0000, 16).expect("it is lent"), other));
}

fn a_limit_of_the_cache_is_kept() {
    let owned = OwnedDump::new(compressed()).expect("it is a dump");
    // Room for one of the three buckets.
    let index = owned.dump().memory_with_cache(0x1800).index();
    assert!(index.bind(&owned).slice(0x10_0000, 16).is_some());
    for _ in 0..2 {
        let memory = index.bind(&owned);
        assert!(memory.slice(0x10_0000, 16).is_some());
        assert!(memory.slice(0x7000_0000, 16).is_none(), "there is no room for another");
        assert_eq!(memory.read(0x7000_0000, &mut [0; 16]), 16);
    }
}

fn many_threads_bind_and_read_compressed_memory() {
    let bytes = compressed();
    for limit in [u64::MAX, 0x1800] {
        let owned = OwnedDump::new(Arc::<[u8]>::from(bytes.as_slice())).expect("it is a dump");
        let index = owned.dump().memory_with_cache(limit).index();
        let start = Arc::new(Barrier::new(4));
        let threads = [0u64, 1, 2, 3].map(|thread| {
            let (owned, index, start) = (owned.clone(), index.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for step in 0..500u64 {
                    let base = [0x10_0000, 0x30_0000, 0x7000_0000][((step + thread) % 3) as usize];
                    let address = base + (step * 0x1d + thread * 7) % 0x1700;
                    let mut buffer = [0; 50];
                    assert_eq!(index.bind(&owned).read(address, &mut buffer), 50);
                    assert_eq!(buffer.as_slice(), crate::support::cpu::pattern(address, 50), "{address:#x}");
                }
            })
        });
        threads.into_iter().for_each(|it| it.join().expect("the thread does not panic"));
    }
}

fn golden_dumps_are_kept(shared: &Shared) {
    for name in ["live/ma.dmp", "live/f.dmp"] {
        let owned = OwnedDump::open(shared.golden_path(name)).expect("it is a dump");
        let session = Session::new(owned);
        let addresses = addresses(&session.dump);
        let dump = session.dump.dump();
        assert_eq!(session.seen(&addresses), borrowed(&dump, &addresses), "{name}");
        same_ranges(&session.memory(), &dump.memory());
    }
}
