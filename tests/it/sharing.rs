//! What can be sent to other threads, and what threads can share.

use std::sync::{Mutex, mpsc};
use std::thread;

use libtest_mimic::Trial;
use userdump::read::memory::{MemoryIndex, MemoryRegions, RegionIndex};
use userdump::read::module::{ModuleIndex, ModulesByAddress, UnloadedModuleIndex};
use userdump::read::{FullUserDump, Memory};
use userdump::redump::{Hooks, Options, Redump, Report};
use userdump::write::{MemoryRange, Plan};
use userdump::{Dump, FullUserDumpBuilder, MappedFile, Minidump, MinidumpBuilder, OwnedDump, RedumpError};

use crate::support::everything::everything;
use crate::support::forms::Form;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        views_are_shared_and_work_is_sent,
        a_dump_is_re_encoded_by_many_threads_at_once,
        what_is_planned_here_is_written_elsewhere,
    ]
}

const fn is_sent<T: Send>() {}
const fn is_shared<T: Send + Sync>() {}

/// Checked by the compiler. `Plan` and its results may hold readers, which are never shared.
fn views_are_shared_and_work_is_sent() {
    is_shared::<Dump<'_>>();
    is_shared::<Minidump<'_>>();
    is_shared::<FullUserDump<'_>>();
    is_shared::<Memory<'_>>();
    is_shared::<OwnedDump<Vec<u8>>>();
    is_shared::<OwnedDump<MappedFile>>();
    is_shared::<MemoryIndex>();
    is_shared::<RegionIndex>();
    is_shared::<ModuleIndex>();
    is_shared::<UnloadedModuleIndex>();
    is_shared::<ModulesByAddress<'_>>();
    is_shared::<MemoryRegions<'_>>();
    is_shared::<Options>();
    is_shared::<Report>();
    is_shared::<RedumpError>();
    is_sent::<Hooks<'_>>();
    is_sent::<Redump<'_>>();
    is_sent::<Plan<'_>>();
    is_sent::<MemoryRange<'_>>();
    is_sent::<MinidumpBuilder<'_>>();
    is_sent::<FullUserDumpBuilder<'_>>();
}

const LETTERS: [&str; 6] = ["/m", "/mr", "/mrR", "/mi", "/ma", "/f"];

fn a_dump_is_re_encoded_by_many_threads_at_once() {
    let source = everything(Form::USUAL).build();
    let dump = Dump::parse(&source).expect("it is a dump");
    let results = || {
        LETTERS.map(|letters| {
            let mut out = Vec::new();
            let options = letters.parse::<Options>().expect("letters").forced();
            userdump::redump(&dump, &options, &mut out).expect("it can be re-encoded");
            out
        })
    };
    let alone = results();
    let memory = dump.memory();
    let range = memory.visible_within(0, u64::MAX).next().expect("it has memory");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                assert!(results() == alone);
                assert_eq!(memory.read(range.address, &mut [0]), 1);
            });
        }
    });
}

fn what_is_planned_here_is_written_elsewhere() {
    let source = everything(Form::USUAL).build();
    let dump = Dump::parse(&source).expect("it is a dump");
    let seen = Mutex::new(0);
    let told = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel::<Redump<'_>>();
        scope.spawn(move || {
            for redump in receive {
                let size = redump.size();
                let mut out = Vec::new();
                redump.write_to(&mut out).expect("a vector accepts every write");
                assert_eq!(out.len() as u64, size);
            }
        });
        for letters in LETTERS {
            let hooks = Hooks::new().redact(|_, _, bytes| *seen.lock().expect("nothing panics") += bytes.len());
            let options = letters.parse::<Options>().expect("letters").forced();
            let redump = Redump::with_hooks(&dump, &options, hooks).expect("it can be re-encoded");
            let redump = redump.with_progress(|done, _| told.lock().expect("nothing panics").push(done));
            send.send(redump).expect("the receiver exists");
        }
    });
    assert!(seen.into_inner().expect("nothing panics") > 0);
    assert!(!told.into_inner().expect("nothing panics").is_empty());
}
