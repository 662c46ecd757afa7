//! Threads: the two lists, times and states, names, exceptions; stacks and contexts have separate files.

mod contexts;
mod crashed;
mod exceptions;
mod positions;
mod stacks;

use libtest_mimic::Trial;
use userdump::format::thread::ThreadInfoFlags;
use userdump::read::ThreadList;
use userdump::read::thread::{ThreadExList, ThreadInfoList, ThreadNames};
use userdump::{Minidump, ReadError};

use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::{Dump, Part, Stack, Text, Thread, ThreadInfo};

pub fn trials() -> Vec<Trial> {
    let threads = trials![
        a_thread_has_the_fields_of_the_file,
        the_first_of_equal_numbers_is_found,
        an_extended_thread_is_a_thread_with_a_second_stack,
        a_backing_store_without_a_position_has_no_bytes,
        times_and_states_are_those_of_the_file,
        flags_without_a_name_are_kept,
        names_belong_to_their_threads,
        a_broken_name_does_not_affect_the_others,
    ];
    [threads, contexts::trials(), crashed::trials(), exceptions::trials(), positions::trials(), stacks::trials()]
        .into_iter()
        .flatten()
        .collect()
}

fn a_thread_has_the_fields_of_the_file() {
    let thread = Thread {
        suspend_count: 2,
        priority_class: 0x20,
        priority: 4,
        teb: 0x7ff_fffd_e000,
        stack: Stack::At(0xffff_ffff_8000_0000, 6, 7),
        context: Part::At(8, 9),
        ..Thread::new(0x1234_5678)
    };
    in_every_form(
        |_| Dump::new().thread(Thread::new(1)).thread(thread.clone()),
        |dump, _| {
            let thread = threads(dump).get(1).expect("it is there");
            assert_eq!((thread.id(), thread.teb()), (0x1234_5678, 0x7ff_fffd_e000));
            let raw = thread.raw();
            assert_eq!((raw.suspend_count, raw.priority_class, raw.priority), (2, 0x20, 4));
            let stack = (raw.stack.start_of_memory_range, raw.stack.memory.data_size, raw.stack.memory.rva);
            assert_eq!(stack, (0xffff_ffff_8000_0000, 6, 7));
            assert_eq!((raw.thread_context.data_size, raw.thread_context.rva), (8, 9));
            let nothing = threads(dump).get(0).expect("it is there");
            assert_eq!((nothing.id(), nothing.teb(), nothing.raw().stack.start_of_memory_range), (1, 0, 0));
        },
    );
}

fn the_first_of_equal_numbers_is_found() {
    let thread = |id, teb| Thread { teb, ..Thread::new(id) };
    in_every_form(
        |_| Dump::new().thread(thread(5, 1)).thread(thread(7, 2)).thread(thread(7, 3)),
        |dump, _| {
            let tebs = [5, 7, 6, 0].map(|id| threads(dump).by_id(id).map(|thread| thread.teb()));
            assert_eq!(tebs, [Some(1), Some(2), None, None]);
            assert_eq!(threads(dump).len(), 3, "all of them are kept");
        },
    );
}

fn an_extended_thread_is_a_thread_with_a_second_stack() {
    let thread = || Thread {
        teb: 0x1000,
        stack: Stack::stored(0x2000, [2; 4]),
        backing_store: Stack::stored(0x3000, [3; 6]),
        ..Thread::new(7).context([4; 5])
    };
    in_every_form(
        |_| Dump::new().thread(Thread::new(1)).thread_ex(Thread::new(6)).thread_ex(thread()),
        |dump, _| {
            let list: ThreadExList<'_> = dump.stream().expect("it is sound").expect("it is there");
            let [first, second] = [0, 1].map(|index| list.get(index).expect("it is there"));
            assert_eq!((first.thread().id(), first.backing_store()), (6, None));
            assert_eq!((second.thread().id(), second.thread().teb(), second.raw().thread.thread_id), (7, 0x1000, 7));
            let context = second.context().expect("it is in the file").expect("it is there");
            assert_eq!(context.as_bytes(), [4; 5]);
            let stack = dump.stack(&second.thread()).expect("it is in the file").expect("it is there");
            assert_eq!((stack.address, stack.bytes().unwrap()), (0x2000, [2; 4].as_slice()));
            let store = second.backing_store().expect("it is there");
            assert_eq!((store.address, store.bytes().unwrap(), store.fault()), (0x3000, [3; 6].as_slice(), None));
        },
    );
}

fn a_backing_store_without_a_position_has_no_bytes() {
    for (rva, available) in [(0, 0), (u32::MAX, 0)] {
        let thread = || Thread { backing_store: Stack::At(0x3000, 6, rva), ..Thread::new(7) };
        in_every_form(
            |_| Dump::new().thread_ex(thread()).memory(0x3000, [1; 6]),
            |dump, _| {
                let list: ThreadExList<'_> = dump.stream().expect("it is sound").expect("it is there");
                let store = list.get(0).and_then(|thread| thread.backing_store()).expect("it has a size");
                assert_eq!((store.address, store.size, store.bytes().unwrap()), (0x3000, 6, [].as_slice()));
                let fault = ReadError::Truncated { what: "memory range", offset: rva.into(), needed: 6, available };
                assert_eq!(store.fault(), Some(fault));
            },
        );
    }
}

fn times_and_states_are_those_of_the_file() {
    let info = ThreadInfo {
        id: 7,
        flags: 0x14,
        error: 0x8007_0005,
        exit_status: 0x103,
        times: [0x1d0_0000_0000_0001, 2, 3, 4],
        start_address: 0x7ff6_0000_1234,
        affinity: 0xff,
    };
    in_every_form(
        |_| Dump::new().thread_info(ThreadInfo::default()).thread_info(info.clone()),
        |dump, _| {
            let info = infos(dump).get(1).expect("it is there");
            assert_eq!(info.id(), 7);
            assert_eq!(info.flags(), ThreadInfoFlags::EXITED_THREAD | ThreadInfoFlags::INVALID_CONTEXT);
            let raw = info.raw();
            assert_eq!((raw.dump_error, raw.exit_status), (0x8007_0005, 0x103));
            let times = [raw.create_time, raw.exit_time, raw.kernel_time, raw.user_time];
            assert_eq!(times, [0x1d0_0000_0000_0001, 2, 3, 4]);
            assert_eq!((raw.start_address, raw.affinity), (0x7ff6_0000_1234, 0xff));
        },
    );
}

fn flags_without_a_name_are_kept() {
    in_every_form(
        |_| Dump::new().thread_info(ThreadInfo { flags: 0x8000_0041, ..ThreadInfo::default() }),
        |dump, _| assert_eq!(infos(dump).get(0).expect("it is there").flags().bits(), 0x8000_0041),
    );
}

fn names_belong_to_their_threads() {
    let dump =
        |_| Dump::new().thread_name(8, "worker").thread_name(7, "main").thread_name(8, "").thread(Thread::new(9));
    in_every_form(dump, |dump, _| {
        let expected = [(8, Ok("worker".to_owned())), (7, Ok("main".to_owned())), (8, Ok(String::new()))];
        assert_eq!(names(dump), expected);
        let list: ThreadNames<'_> = dump.stream().expect("it is sound").expect("it is there");
        let by_id = [7, 8, 9].map(|id| Some(list.by_id(id)?.name().expect("it is sound").to_string()));
        assert_eq!(by_id, [Some("main".to_owned()), Some("worker".to_owned()), None]);
    });
}

fn a_broken_name_does_not_affect_the_others() {
    let dump = |_| {
        let dump = Dump::new().thread_name(1, Text::At(0x1_0000_0040)).thread_name(2, "two");
        dump.thread_name(3, Text::Units(0x1000, vec![1])).thread_name(4, "four")
    };
    in_every_form(dump, |dump, _| {
        let outside = ReadError::Truncated { what: "MINIDUMP_STRING", offset: 0x1_0000_0040, needed: 4, available: 0 };
        let [first, second, third, fourth] = names(dump).try_into().expect("four entries");
        assert_eq!([first, second, fourth], [(1, Err(outside)), (2, Ok("two".into())), (4, Ok("four".into()))]);
        assert!(third.1.is_err_and(|error| error.is_truncated()));
    });
}

fn threads<'a>(dump: &Minidump<'a>) -> ThreadList<'a> {
    dump.stream().expect("it is sound").expect("it is there")
}

fn infos<'a>(dump: &Minidump<'a>) -> ThreadInfoList<'a> {
    dump.stream().expect("it is sound").expect("it is there")
}

/// The thread ID and the name in each entry of the thread names.
fn names(dump: &Minidump<'_>) -> Vec<(u32, Result<String, ReadError>)> {
    let list: ThreadNames<'_> = dump.stream().expect("it is sound").expect("it is there");
    list.iter().map(|entry| (entry.thread_id(), entry.name().map(|name| name.to_string()))).collect()
}
