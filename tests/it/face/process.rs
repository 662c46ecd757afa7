//! Process ID, threads and their names, for dumps of every format.

use libtest_mimic::Trial;
use minidump::{Minidump as Peer, MinidumpLinuxProcStatus, MinidumpMiscInfo, MinidumpThreadList, MinidumpThreadNames};
use userdump::format::StreamType;
use userdump::read::FullUserDump;
use userdump::read::system::SystemInfo;
use userdump::{Dump, Minidump};

use crate::support::cpu::Cpu;
use crate::support::{Shared, fixtures, trials};
use crate::synth::{self, MiscInfo, Text, Thread, UserDump, UserEvent, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        process_ids_are_found_wherever_they_are,
        threads_are_found_by_their_ids,
        fixtures_have_the_threads_of_the_peer,
        the_corpus_has_the_threads_of_the_peer,
    ]
}

const PROC_STATUS: u32 = 0x4767_0004;

fn dump() -> synth::Dump {
    synth::Dump::new().system_info(Cpu::AMD64.windows())
}

fn process_ids_are_found_wherever_they_are() {
    let found = |bytes: &[u8]| Dump::parse(bytes).expect("it is valid").process_id();
    let misc = |flags| MiscInfo { flags, process_id: 77, ..MiscInfo::of_size(24) };
    assert_eq!(found(&dump().misc_info(misc(1)).build()), Some(77));
    assert_eq!(found(&dump().misc_info(misc(2)).build()), None, "its flag says that it is not valid");
    let status = "Name:\tx\nPid:\t4711\n";
    assert_eq!(found(&dump().raw(PROC_STATUS, status).build()), Some(4711));
    assert_eq!(found(&dump().misc_info(misc(2)).raw(PROC_STATUS, status).build()), Some(4711));
    assert_eq!(found(&dump().misc_info(misc(1)).raw(PROC_STATUS, status).build()), Some(77));
    for text in ["Pid:\t4294967296\n", "Pid:\tx\n", "PPid:\t1\n", ""] {
        assert_eq!(found(&dump().raw(PROC_STATUS, text).build()), None, "{text:?}");
    }
    assert_eq!(found(&UserDump::wide().event(UserEvent { process: 88, ..UserEvent::default() }).build()), Some(88));
    assert_eq!(found(&UserDump::wide().build()), None);
}

fn threads_are_found_by_their_ids() {
    let teb = |bytes: &[u8], id| Dump::parse(bytes).expect("it is valid").thread(id).map(|thread| thread.teb());
    let name = |bytes: &[u8], id| Dump::parse(bytes).expect("it is valid").thread_name(id).map(|name| name.to_string());
    let thread = |id: u32, teb: u64| Thread { teb, ..Thread::new(id) };
    let dump = dump().thread(thread(5, 0x1000)).thread(thread(6, 0x2000)).thread(thread(5, 0x3000));
    let dump = dump.thread_name(6, "six").thread_name(7, Text::At(0xffff_fff0)).thread_name(8, "no thread");
    let bytes = dump.thread_ex(thread(9, 0x9000)).build();
    assert_eq!([5, 6, 7, 9].map(|id| teb(&bytes, id)), [Some(0x1000), Some(0x2000), None, Some(0x9000)]);
    assert_eq!([5, 7].map(|id| name(&bytes, id)), [None, None]);
    assert_eq!([6, 8].map(|id| name(&bytes, id)), ["six", "no thread"].map(|name| Some(name.to_owned())));
    let mini = Minidump::parse(&bytes).expect("it is valid");
    assert_eq!((mini.thread(6).map(|it| it.teb()), mini.thread(1).is_some()), (Some(0x2000), false));
    let any = Dump::from(mini);
    assert!(any.find::<SystemInfo<'_>>().is_some() && any.minidump().is_some());

    let thread = |id, teb| UserThread { id, teb, context: vec![0; Cpu::AMD64.size], ..UserThread::default() };
    let bytes = UserDump::wide().thread(thread(5, 0x1000)).thread(thread(6, 0x2000)).build();
    assert_eq!([4, 5, 6].map(|id| teb(&bytes, id)), [None, Some(0x1000), Some(0x2000)]);
    assert_eq!(name(&bytes, 5), None);
    let any = Dump::from(FullUserDump::parse(&bytes).expect("it is valid"));
    assert!(any.find::<SystemInfo<'_>>().is_none() && any.minidump().is_none());
}

/// Compares threads, names and the process ID; returns the number of names and of process IDs.
fn compare(name: &str, bytes: &[u8]) -> [usize; 2] {
    let Ok(dump @ Dump::Minidump(_)) = Dump::parse(bytes) else { return [0; 2] };
    let Ok(peer) = Peer::read(bytes) else { return [0; 2] };
    // The peer returns the second of two streams of a type; we return the first, as everywhere, and as the debugger
    // does.
    let is_twice = |kind: StreamType| {
        let streams = dump.minidump().into_iter().flat_map(|dump| dump.raw_streams());
        streams.filter(|stream| stream.stream_type() == kind).count() > 1
    };
    let mut names = 0;
    if let (Ok(list), false) = (peer.get_stream::<MinidumpThreadList<'_>>(), is_twice(StreamType::THREAD_LIST)) {
        let theirs = peer.get_stream::<MinidumpThreadNames>().ok();
        for thread in &list.threads {
            let id = thread.raw.thread_id;
            assert_eq!(dump.thread(id).map(|it| it.id()), Some(id), "{name}");
            let expected = theirs.as_ref().and_then(|names| names.get_name(id)).map(|name| name.into_owned());
            assert_eq!(dump.thread_name(id).map(|name| name.to_string()), expected, "{id:#x} of {name}");
            names += usize::from(expected.is_some());
        }
    }
    let of_misc = peer.get_stream::<MinidumpMiscInfo>().ok().and_then(|misc| misc.raw.process_id().copied());
    let of_status = || {
        let status = peer.get_stream::<MinidumpLinuxProcStatus<'_>>().ok()?;
        let mut pids = status.iter().filter(|(key, _)| key.as_bytes() == b"Pid");
        pids.next().and_then(|(_, value)| value.to_string_lossy().trim().parse().ok())
    };
    let expected = of_misc.or_else(of_status).filter(|_| !is_twice(StreamType::MISC_INFO));
    assert_eq!(dump.process_id(), expected, "{name}");
    [names, usize::from(expected.is_some())]
}

fn fixtures_have_the_threads_of_the_peer() {
    let counts: Vec<_> = fixtures::all().map(|(name, bytes)| compare(name, bytes)).collect();
    assert!(counts.iter().filter(|[_, process]| *process > 0).count() > 10, "{counts:?}");
}

fn the_corpus_has_the_threads_of_the_peer(shared: &Shared) {
    let counts = shared.corpus().into_iter().map(|row| compare(&row.file, &shared.corpus_file(&row)));
    let [names, processes] = counts.fold([0; 2], |[a, b], [c, d]| [a + c, b + d]);
    println!("{names} names, {processes} process IDs");
    assert!(names > 5 && processes > 20, "{names} and {processes}");
}
