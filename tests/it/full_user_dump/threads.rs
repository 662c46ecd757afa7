//! Threads and the offsets of their contexts: the file does not give the context size.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::read::FullUserDump;

use super::{Slot, context, context_of, empty, high, in_every_form, open, sound};
use crate::support::cpu::Cpu;
use crate::support::trials;
use crate::synth::{UserDump, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        threads_have_the_fields_of_the_file,
        contexts_have_the_size_of_the_processor,
        larger_contexts_are_found_by_their_room,
        smaller_contexts_are_found_by_their_room,
        padding_after_contexts_does_not_count,
        contexts_for_another_processor_keep_the_usual_size,
        contexts_may_be_anywhere,
        the_end_of_the_file_is_not_a_part,
        an_exception_of_a_missing_thread_has_no_registers,
        positions_beyond_4_gib_are_outside_the_file,
    ]
}

fn threads_have_the_fields_of_the_file() {
    in_every_form(sound, |dump, wide| {
        let threads = dump.threads();
        assert_eq!((threads.len(), threads.declared_len(), threads.fault()), (2, 2, None));
        assert_eq!(threads.entry_size(), if wide { 80 } else { 48 });
        for (index, id) in [(0, 7), (1, 8)] {
            let thread = threads.get(index).expect("it is present");
            assert_eq!((thread.id(), thread.teb()), (id, high(wide) + 0x1000 * u64::from(id)));
            let raw = thread.raw();
            assert_eq!((raw.suspend_count, raw.priority_class, raw.priority, raw.spare), (1, 32, 2, [0; 7]));
            let context = thread.context().expect("it is complete").expect("it is present");
            let pointers = (context.instruction_pointer(), context.stack_pointer());
            assert_eq!(pointers, (Some(0x40_1000 + u64::from(id)), Some(0x2000 + u64::from(id))));
            assert!(threads.by_id(id).is_some_and(|found| found.teb() == thread.teb()));
        }
        assert!(threads.get(2).is_none() && threads.by_id(9).is_none());
    });
}

/// A dump with these contexts and thread IDs counting from 1.
fn with_contexts(wide: bool, contexts: impl IntoIterator<Item = Vec<u8>>) -> UserDump {
    let threads = (1..).zip(contexts).map(|(id, context)| UserThread { id, context, ..UserThread::default() });
    UserDump { threads: threads.collect(), ..empty(wide).memory(0x1000, [1; 64]).service_pack("") }
}

/// The size of the contexts, and the instruction pointer of each.
fn found(dump: &FullUserDump<'_>) -> (u64, Vec<Option<u64>>) {
    let pointer =
        |thread: userdump::read::full_user_dump::UserThread<'_>| thread.context().ok()??.instruction_pointer();
    (dump.context_size(), dump.threads().iter().map(pointer).collect())
}

/// The value of [`found`] for contexts of that size with thread IDs from 1.
fn expected(size: u64, count: u64) -> (u64, Vec<Option<u64>>) {
    (size, (1..=count).map(Some).collect())
}

fn contexts_have_the_size_of_the_processor() {
    for (machine, cpu) in [(0x14c, Cpu::X86), (0x1c4, Cpu::ARM), (0x8664, Cpu::AMD64), (0xaa64, Cpu::ARM64)] {
        let wide = cpu.word == 8;
        for count in [1, 2, 5] {
            let contexts = || (1..=count).map(|number| context_of(cpu, number, 0x1000));
            in_every_form(
                |_| UserDump { machine, wide, ..with_contexts(wide, contexts()) },
                |dump, _| {
                    assert_eq!(found(dump), expected(cpu.size as u64, count));
                    let context = dump.threads().get(0).and_then(|thread| thread.context().ok()?);
                    assert_eq!(context.and_then(|context| context.stack_pointer()), Some(0x1000));
                },
            );
        }
    }
}

/// Contexts of an unusual size: truncated, or followed by filler.
fn resized(wide: bool, size: usize, count: u64) -> UserDump {
    let resized = |number| {
        let mut bytes = context(wide, number, 0x1000);
        bytes.resize(size, 0xee);
        bytes
    };
    with_contexts(wide, (1..=count).map(resized))
}

fn larger_contexts_are_found_by_their_room() {
    for (wide, size) in [(true, 1600), (true, 1233), (true, 2696), (false, 717), (false, 1292)] {
        for count in [2, 3, 7] {
            let bytes = resized(wide, size, count).build();
            assert_eq!(found(&open(&bytes)), expected(size as u64, count));
            assert_eq!(
                open(&bytes).threads().get(0).and_then(|it| it.context().ok()?).map(|it| it.as_bytes().len()),
                Some(size)
            );
        }
    }
    // Nothing shows that the bytes after a single context belong to it.
    assert_eq!(found(&open(&resized(true, 1600, 1).build())), expected(1232, 1));
}

fn smaller_contexts_are_found_by_their_room() {
    // x86 without the SSE area.
    for count in [1, 2, 3, 7] {
        let bytes = resized(false, 204, count).build();
        assert_eq!(found(&open(&bytes)), expected(204, count));
    }
}

fn padding_after_contexts_does_not_count() {
    for (wide, size) in [(false, 716), (true, 1232)] {
        for filler in [1, 2, 4, 8, 16, 32, 1024] {
            for count in [1, 2, 4] {
                let bytes = UserDump { filler, ..resized(wide, size, count) }.build();
                assert_eq!(found(&open(&bytes)), expected(size as u64, count), "{filler} bytes, {count} threads");
            }
        }
    }
}

fn contexts_for_another_processor_keep_the_usual_size() {
    for (wide, size) in [(false, 716), (true, 1232)] {
        let bytes = with_contexts(wide, (0..3).map(|_| vec![0xee; 800])).build();
        assert_eq!(open(&bytes).context_size(), size);
        let bytes = with_contexts(wide, (0..3).map(|_| Vec::new())).build();
        assert_eq!(open(&bytes).context_size(), size);
    }
}

fn contexts_may_be_anywhere() {
    for wide in [false, true] {
        let mut bytes = sound(wide).build();
        let (start, end) = (Slot::Threads.get(&bytes) as usize, Slot::States.get(&bytes) as usize);
        let contexts = bytes[start..end].to_vec();
        bytes[start..end].fill(0xee);
        let behind = bytes.len() as u64;
        bytes.extend(contexts);
        Slot::Threads.set(&mut bytes, behind);
        let pointers = vec![Some(0x40_1007), Some(0x40_1008)];
        assert_eq!(found(&open(&bytes)), (if wide { 1232 } else { 716 }, pointers));
    }
}

fn the_end_of_the_file_is_not_a_part() {
    // Half of the last context is cut off; it must not be read as a smaller one.
    for wide in [false, true] {
        let bytes = sound(wide).build();
        let start = Slot::Threads.get(&bytes) as usize;
        let size = if wide { 1232 } else { 716 };
        for end in [start + size, start + size + 1, start + size + size / 2] {
            let mut bytes = bytes.clone();
            let states = bytes.split_off(Slot::States.get(&bytes) as usize)[..2 * if wide { 80 } else { 48 }].to_vec();
            let tail = bytes.split_off(start);
            let moved = bytes.len() as u64;
            bytes.extend(states);
            Slot::States.set(&mut bytes, moved);
            let position = bytes.len() as u64;
            Slot::Threads.set(&mut bytes, position);
            bytes.extend(&tail[..end - start]);
            for slot in [Slot::Modules, Slot::Data, Slot::Version] {
                slot.set(&mut bytes, 0);
            }
            let dump = open(&bytes);
            let threads: Vec<_> = dump.threads().iter().collect();
            assert!(threads[0].context().is_ok_and(|context| context.is_some()));
            let error = threads[1].context().map(|_| ());
            let (offset, available) = (position + size as u64, (end - start - size) as u64);
            let expected = ReadError::Truncated { what: "CONTEXT", offset, needed: size as u64, available };
            assert_eq!(error, Err(expected));
        }
    }
}

fn an_exception_of_a_missing_thread_has_no_registers() {
    in_every_form(
        |wide| {
            let mut dump = sound(wide);
            dump.threads.truncate(1);
            dump
        },
        |dump, _| {
            let exception = dump.exception().expect("it can be read").expect("it is present");
            assert_eq!(exception.thread_id(), 8);
            assert!(exception.context().is_ok_and(|context| context.is_none()));
        },
    );
}

fn positions_beyond_4_gib_are_outside_the_file() {
    let mut bytes = sound(true).build();
    // Truncated to 32 bits, each offset would be right.
    for slot in Slot::ALL {
        let position = slot.get(&bytes) | 1 << 32;
        slot.set(&mut bytes, position);
    }
    let dump = open(&bytes);
    let header = *dump.header();
    let truncated = |what, offset, needed| Some(ReadError::Truncated { what, offset, needed, available: 0 });
    assert_eq!(dump.threads().fault(), truncated("CRASH_THREAD", header.thread_state_offset, 160));
    assert_eq!(dump.modules().fault(), truncated("CRASH_MODULE", header.module_offset, 16));
    assert_eq!(dump.region_list().fault(), truncated("MEMORY_BASIC_INFORMATION", header.memory_region_offset, 144));
    assert_eq!(dump.debug_event().err(), truncated("DEBUG_EVENT", header.debug_event_offset, 176));
    assert_eq!(dump.exception().err(), truncated("DEBUG_EVENT", header.debug_event_offset, 176));
    assert!(dump.version_information().is_none() && dump.memory().is_empty());

    let mut bytes = sound(true).build();
    for slot in [Slot::Threads, Slot::Data] {
        let position = slot.get(&bytes) | 1 << 32;
        slot.set(&mut bytes, position);
    }
    let dump = open(&bytes);
    let contexts = dump.threads().iter().map(|thread| thread.context().err());
    let offset = |index: u64| dump.header().thread_offset + 1232 * index;
    let missing = |index| truncated("CONTEXT", offset(index), 1232);
    assert_eq!(contexts.collect::<Vec<_>>(), [missing(0), missing(1)]);
    let mut offset = dump.header().data_offset;
    for stored in dump.stored_regions() {
        assert_eq!(stored.range.fault(), truncated("memory range", offset, stored.info.size()));
        offset += stored.info.size();
    }
}
