//! A small file whose records all refer to the same bytes must not become a large one.

use libtest_mimic::Trial;
use userdump::redump::Outcome;
use userdump::{ReadError, RedumpError};

use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, parsed, refusal};
use crate::support::trials;
use crate::synth::{Dump, Exception, Handle, Module, Part, Range, SystemInfo, Text, Thread, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    trials![
        names_that_overlap_end_where_the_next_one_starts,
        records_that_overlap_are_carried_up_to_twice_the_file,
        streams_that_share_bytes_are_carried_up_to_twice_the_file,
        exceptions_that_share_bytes_are_carried_up_to_twice_the_file,
        memory_that_shares_bytes_is_refused_beyond_twice_the_file,
        what_many_records_share_is_charged_once,
        a_sound_dump_of_names_alone_is_within_bounds,
    ]
}

const POOL: u32 = 0x1_0001;

/// A pool of numbers in which a string of 1 KiB starts at every fourth byte, except for the last ones.
fn pool(dump: Dump) -> Dump {
    dump.raw(POOL, 0x400u32.to_le_bytes().repeat(2000))
}

/// Builds a dump with a pool of strings. `dump` is passed the position of the pool.
fn with_pool(dump: impl Fn(u32) -> Dump) -> Vec<u8> {
    let at = Facts::of(&dump(0).build()).stream(POOL).expect("the pool is there").rva.0 as u32;
    dump(at).build()
}

fn base() -> Dump {
    pool(Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)))
}

/// Checks that some of the requested parts are kept and the rest is reported, and that the result is at most three
/// times as large as the source: rewritten and carried bytes.
fn assert_bounded(source: &[u8], out: &Redumped, asked: usize, carried: usize) {
    assert!(carried > 0 && carried < asked, "{carried} of {asked} are carried");
    assert!(out.bytes.len() <= 3 * source.len(), "{} bytes of {}", out.bytes.len(), source.len());
}

/// Checks that the only finding is that parts share bytes, so all of them were carried.
fn assert_within_budget(out: &Redumped) {
    let others = out.report.faults.iter().filter(|fault| !matches!(fault.error, ReadError::PartShared { .. }));
    assert_eq!(others.count(), 0, "{:?}", out.faults());
}

fn names_that_overlap_end_where_the_next_one_starts() {
    // The high half of a length is the NUL of the previous name, so names can only share a little.
    let assert_small = |source: &[u8], options: &str| {
        let out = Redumped::once(source, &parsed(options));
        assert!(out.bytes.len() <= 2 * source.len(), "{} bytes of {}", out.bytes.len(), source.len());
        assert_within_budget(&out);
    };
    let module = |rva: u32| UnloadedModule { name: Text::At(rva.into()), ..UnloadedModule::default() };
    let unloaded = with_pool(|at| (0..500).fold(base(), |dump, index| dump.unloaded_module(module(at + 4 * index))));
    assert_small(&unloaded, "/mu");
    let module = |rva: u32| Module { name: Text::At(rva.into()), ..Module::default() };
    let loaded = with_pool(|at| (0..500).fold(base(), |dump, index| dump.module(module(at + 4 * index))));
    assert_small(&loaded, "/m");
    let handle = |rva: u32| Handle { object_name: Text::At(rva.into()), ..Handle::default() };
    let handles = with_pool(|at| (0..500).fold(base(), |dump, index| dump.handle(handle(at + 4 * index))));
    assert_small(&handles, "/mh");
    let name = |index: u32, at: u32| (index, Text::At((at + 4 * index).into()));
    let names = with_pool(|at| (0..500).fold(base(), |dump, index| dump.named_thread(name(index, at))));
    assert_small(&names, "/m");
}

fn records_that_overlap_are_carried_up_to_twice_the_file() {
    let module = |rva: u32| Module { code_view: Part::At(2000, rva), ..Module::new(0, 0, "m") };
    let source = with_pool(|at| (0..300).fold(base(), |dump, index| dump.module(module(at + index))));
    let out = Redumped::once(&source, &parsed("/m"));
    let kept = out.facts().modules().iter().filter(|module| module.code_view_at.0 != 0).count();
    assert_bounded(&source, &out, 300, kept);

    let thread = |index: u32, at: u32| Thread::new(index).context(Part::At(1232, at + index));
    let source = with_pool(|at| (0..300).fold(base(), |dump, index| dump.thread(thread(index, at))));
    let out = Redumped::once(&source, &parsed("/m"));
    let kept = out.facts().threads().iter().filter(|thread| thread.context_at.0 != 0).count();
    assert_bounded(&source, &out, 301, kept);
}

fn streams_that_share_bytes_are_carried_up_to_twice_the_file() {
    let kinds = [vec![7, 3], vec![POOL; 300]].concat();
    let source = base().order(&kinds).build();
    let out = Redumped::once(&source, &parsed("/m"));
    let carried = out.facts().directory.iter().filter(|entry| entry.kind == POOL).count();
    assert_bounded(&source, &out, 300, carried);
    let unreadable = out.outcomes(POOL).iter().filter(|outcome| matches!(outcome, Outcome::Unreadable(_))).count();
    assert_eq!(unreadable, 300 - carried);
}

fn exceptions_that_share_bytes_are_carried_up_to_twice_the_file() {
    let kinds = [vec![7, 3], vec![6; 2000]].concat();
    let exception = Exception { thread: 1, ..Exception::default() };
    let source = base().exception(exception).order(&kinds).build();
    let out = Redumped::once(&source, &parsed("/m"));
    assert_bounded(&source, &out, 2000, out.facts().exceptions().len());
}

fn memory_that_shares_bytes_is_refused_beyond_twice_the_file() {
    let ranges = |count: u64| {
        let range = |at: u32, index: u64| Range::At(0x1_0000 * index, 8000, at);
        with_pool(|at| (0..count).fold(base(), |dump, index| dump.memory_range(range(at, index))))
    };
    for options in ["/mf", "/ma", "/mA"] {
        let error = refusal(&ranges(100), options);
        assert!(matches!(error, RedumpError::Read(ReadError::BudgetSpent { what: "memory range", .. })), "{error:?}");
        assert_eq!(Redumped::of(&ranges(2), options).report.memory_bytes, 16000);
    }
    // Ranges that are not requested have no effect.
    assert_eq!(Redumped::of(&ranges(100), "/m").ranges(), []);
}

fn what_many_records_share_is_charged_once() {
    let module = |rva: u32| Module {
        name: Text::At(rva.into()),
        code_view: Part::At(4000, rva),
        misc: Part::At(4000, rva),
        ..Module::default()
    };
    let source = with_pool(|at| (0..300).fold(base(), |dump, _| dump.module(module(at))));
    let out = Redumped::of(&source, "/m");
    assert_within_budget(&out);
    let facts = out.facts();
    let modules = facts.modules();
    assert!(modules.iter().all(|it| (&it.name, it.code_view_at) == (&modules[0].name, modules[0].code_view_at)));
    assert_eq!(modules.len(), 300);
}

/// A dump whose parts do not overlap can always be carried, even if it consists of names only.
fn a_sound_dump_of_names_alone_is_within_bounds() {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1).context([1; 1300]));
    let dump = (0..200).fold(dump, |dump, index| dump.module(Module::new(index, 1, &"a long name ".repeat(50))));
    let dump = (0..200).fold(dump, |dump, id| dump.thread_name(id, &*"thread ".repeat(100)));
    let out = Redumped::of(&dump.exception(Exception::new(1, 1, 0)).raw(POOL, [1; 1000]).build(), "/ma");
    assert_eq!(out.faults(), [""; 0]);
}
