//! The file position of a stack in a thread's record, compared with the bytes of a memory list at its addresses.

use libtest_mimic::Trial;
use userdump::Minidump;

use crate::support::redumped::{Redumped, findings, parsed};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![a_position_is_believed_only_where_it_agrees_with_the_lists];
    trials.push(shared_trial("threads::positions::a_stack_of_which_a_list_has_half", a_stack_of_which_a_list_has_half));
    trials
}

const START: u64 = 0x20_0000;

fn a_position_is_believed_only_where_it_agrees_with_the_lists() {
    let stack: Vec<u8> = (0..=255).collect();
    let wrong = vec![0xEE; 256];
    // The part of the stack that the list has: all, the start, the middle, the end, nothing.
    for (from, to) in [(0, 256), (0, 100), (60, 130), (100, 256), (0, 0)] {
        for listed in [false, true] {
            for (own, agrees) in [(&stack, true), (&wrong, from == to)] {
                let base = Dump::new().system_info(SystemInfo::default());
                let thread = Thread::new(7).context([1; 1232]).stack(Stack::stored(START, own));
                let (address, bytes) = (START + from as u64, &stack[from..to]);
                let base = match (from == to, listed) {
                    (true, _) => base,
                    (_, false) => base.memory(address, bytes),
                    (_, true) => base.memory64(address, bytes),
                };
                let source = base.thread(thread).build();
                let what = format!("{from}..{to} of the stack, {agrees}");
                let found = findings(&source).iter().any(|it| it.contains("other bytes for the stack"));
                assert_eq!(found, !agrees, "{what}");

                let dump = Minidump::parse(&source).expect("a dump");
                let memory = dump.memory();
                let (start, expected) = if agrees { (START, own.as_slice()) } else { (address, bytes) };
                let seen: Vec<_> = memory
                    .visible_ranges()
                    .flat_map(|range| range.bytes().expect("it is in the file").to_vec())
                    .collect();
                assert_eq!(seen, expected, "{what}");
                let thread = dump.threads().next().expect("it is there");
                let range = dump.stack(&thread).expect("it can be read").expect("it is there");
                assert_eq!((range.address, range.bytes().unwrap()), (start, expected), "{what}");

                let out = Redumped::once(&source, &parsed("/m"));
                assert_eq!(out.facts().read(start, expected.len() as u64), expected, "{what}");
                assert_eq!(out.report.memory_bytes, expected.len() as u64, "{what}");
            }
        }
    }
}

/// From `cases.tsv`: the half that the list has, and a finding.
fn a_stack_of_which_a_list_has_half(shared: &Shared) {
    let source = shared.read("cases/stack-rva-partly.dmp");
    assert!(findings(&source).iter().any(|it| it.contains("other bytes for the stack")));
    let dump = Minidump::parse(&source).expect("a dump");
    let memory = dump.memory();
    let stack = memory.range_at(0x20_f000).and_then(|range| range.in_file()).expect("it is there");
    assert_eq!((stack.offset, stack.bytes().unwrap().len()), (0x6f0, 0x800));
    assert!(dump.memory().range_at(0x20_f800).is_none());
    let out = Redumped::once(&source, &parsed("/m"));
    let kept = out.facts().threads()[0].stack_size;
    assert!(kept <= 0x800, "{kept}");
}
