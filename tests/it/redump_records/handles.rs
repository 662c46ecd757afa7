//! Handles: entries of both sizes, names, and the chains of records about their objects.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::redump::Outcome;

use crate::support::facts::ObjectInfo as Found;
use crate::support::redumped::{Redumped, faults, parsed};
use crate::support::trials;
use crate::synth::{Bytes, Dump, Handle, Label, ObjectInfo, Shape, SystemInfo, Text, Thread, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        handles_are_kept_field_by_field_if_asked_for,
        shorter_rows_become_longer,
        a_name_that_cannot_be_read_is_absent,
        records_about_objects_are_kept_in_their_order,
        handles_may_have_the_same_records,
        chains_may_end_in_the_same_records,
        a_chain_may_begin_within_another_one,
        a_circle_is_cut_and_reported,
        a_circle_after_other_records_is_cut_and_reported,
        a_record_that_points_to_itself_is_kept_once,
        a_chain_that_leaves_the_file_is_kept_as_far_as_it_goes,
        a_record_that_the_file_cuts_takes_no_foreign_bytes,
    ]
}

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

fn handle(index: u32) -> Handle {
    Handle {
        handle: 0x1_0000_0000 + u64::from(index),
        type_name: ["Event", "File"][index as usize].into(),
        object_name: ["", "\\Device\\Null"][index as usize].into(),
        attributes: 0x10 + index,
        access: 0x1f_0003 + index,
        handles: 20 + index,
        pointers: 30 + index,
        reserved: 0xabcd + index,
        ..Handle::default()
    }
}

fn assert_handle(out: &Redumped, index: u32, reserved: u32) {
    let facts = out.facts();
    let found = &facts.handles()[index as usize];
    let expected = handle(index);
    assert_eq!((found.handle, found.attributes, found.access), (expected.handle, expected.attributes, expected.access));
    assert_eq!((found.handles, found.pointers), (expected.handles, expected.pointers));
    assert_eq!(found.reserved, Some(reserved));
    let names = [["Event", ""], ["File", "\\Device\\Null"]][index as usize];
    assert_eq!([&found.type_name, &found.object_name].map(|name| name.text.as_deref()), names.map(Some));
}

fn handles_are_kept_field_by_field_if_asked_for() {
    let dump = || base().handle(handle(0)).handle(handle(1));
    let longer = Shape::usual().header_size(32).entry_size(48);
    for source in [dump().build(), dump().shape(kind::HANDLE_DATA, longer).build()] {
        for options in ["/mh", "/ma", "/mA"] {
            let out = Redumped::of(&source, options);
            assert_handle(&out, 0, 0xabcd);
            assert_handle(&out, 1, 0xabce);
            let list = out.facts().stream_bytes(12).expect("it is kept");
            let head = [16u32, 40, 2, 0].map(u32::to_le_bytes);
            assert_eq!((list.len(), &list[..16]), (16 + 2 * 40, head.as_flattened()));
        }
        for options in ["/m", "/mFtuf"] {
            let out = Redumped::of(&source, options);
            assert_eq!((out.facts().stream(12), out.outcomes(12)), (None, vec![Outcome::NotRequested]));
        }
    }
    assert_eq!(Redumped::of(&base().build(), "/mh").facts().stream(12), None);
}

fn shorter_rows_become_longer() {
    for size in [32, 36, 39] {
        let dump = base().handle(handle(0)).handle(handle(1));
        let source = dump.shape(kind::HANDLE_DATA, Shape::usual().entry_size(size)).build();
        let out = Redumped::of(&source, "/mh");
        assert_handle(&out, 0, 0);
        assert_handle(&out, 1, 0);
        assert!(out.facts().handles().iter().all(|handle| handle.objects.is_empty()));
        assert_eq!(out.facts().stream(12).expect("it is kept").size, 16 + 2 * 40);
    }
}

fn a_name_that_cannot_be_read_is_absent() {
    let lost = || Text::At(0x7fff_0000);
    let source = base()
        .handle(Handle { object_name: lost(), ..Handle::new(4, "Event") })
        .handle(Handle { object_name: "\\x".into(), ..Handle::new(8, lost()) })
        .handle(Handle::new(12, Text::None))
        .build();
    let out = Redumped::of(&source, "/mh");
    assert_eq!(out.faults(), ["HandleData 0 object name", "HandleData 1 type name"]);
    let handles = out.facts().handles();
    let names: Vec<_> =
        handles.iter().map(|it| (it.handle, it.type_name.text.as_deref(), it.object_name.text.as_deref())).collect();
    assert_eq!(names, [(4, Some("Event"), None), (8, None, Some("\\x")), (12, None, None)]);
}

/// Types and bytes of the records.
fn objects(objects: &[Found<'_>]) -> Vec<(u32, Vec<u8>)> {
    objects.iter().map(|object| (object.kind, object.bytes.to_vec())).collect()
}

fn records_about_objects_are_kept_in_their_order() {
    let record =
        |kind: u32, size: usize| ObjectInfo { kind, bytes: (0..size).map(|at| at as u8 + kind as u8).collect() };
    let records = vec![record(6, 40), record(1, 3), record(0x7777, 0), record(1, 3)];
    let source =
        base().handle(Handle { objects: records.clone(), ..Handle::new(4, "Event") }).handle(handle(1)).build();
    for options in ["/mh", "/ma"] {
        let out = Redumped::of(&source, options);
        let facts = out.facts();
        let expected: Vec<_> = records.iter().map(|record| (record.kind, record.bytes.clone())).collect();
        assert_eq!(objects(&facts.handles()[0].objects), expected);
        assert!(facts.handles()[1].objects.is_empty());
        assert_eq!(out.faults(), [""; 0]);
    }
}

/// A dump with one handle for each of `firsts`. The records are numbered, and `next` gives the number of the following
/// record; number 0 means none. The number of a record is also its type and its bytes.
fn chains(firsts: &'static [usize], next: &'static [usize]) -> Vec<u8> {
    base()
        .written(kind::HANDLE_DATA, move |bytes| {
            let labels: Vec<Label> = next.iter().map(|_| bytes.label()).collect();
            let refer = |bytes: &mut Bytes, to: usize| {
                match to.checked_sub(1) {
                    Some(index) => bytes.rva(labels[index]),
                    None => bytes.u32(0),
                };
            };
            bytes.u32s(&[16, 40, firsts.len() as u32, 0]);
            for first in firsts {
                bytes.u64(4).u32s(&[0; 6]);
                refer(bytes, *first);
                bytes.u32(0);
            }
            for (number, to) in (1u8..).zip(next) {
                bytes.place(labels[usize::from(number) - 1]);
                refer(bytes, *to);
                bytes.u32s(&[number.into(), 5]).raw([number; 5]);
            }
        })
        .build()
}

/// Checks the numbers of the records of each handle, and that equal numbers are the same bytes in the file.
fn assert_chains(out: &Redumped, expected: &[&[u8]]) {
    let facts = out.facts();
    let handles = facts.handles();
    let found: Vec<Vec<(u32, Vec<u8>)>> = handles.iter().map(|handle| objects(&handle.objects)).collect();
    let record = |number: &u8| (u32::from(*number), vec![*number; 5]);
    assert_eq!(found, expected.iter().map(|chain| chain.iter().map(record).collect::<Vec<_>>()).collect::<Vec<_>>());
    let mut places: Vec<_> = handles.iter().flat_map(|handle| &handle.objects).map(|it| (it.kind, it.at)).collect();
    places.sort_unstable();
    places.dedup();
    let mut kinds: Vec<u32> = places.iter().map(|(kind, _)| *kind).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), places.len(), "records are carried once: {places:x?}");
}

fn handles_may_have_the_same_records() {
    let out = Redumped::of(&chains(&[1, 1], &[2, 0]), "/mh");
    assert_chains(&out, &[&[1, 2], &[1, 2]]);
    assert_eq!(out.faults(), [""; 0]);
}

fn chains_may_end_in_the_same_records() {
    // 1 and 2 lead to 3, which leads to 4.
    let out = Redumped::of(&chains(&[1, 2], &[3, 3, 4, 0]), "/mh");
    assert_chains(&out, &[&[1, 3, 4], &[2, 3, 4]]);
    assert_eq!(out.faults(), [""; 0]);
    // Longer chains with the same end, and one that joins another halfway.
    let out = Redumped::of(&chains(&[1, 5, 7], &[2, 3, 4, 0, 6, 3, 5]), "/mh");
    assert_chains(&out, &[&[1, 2, 3, 4], &[5, 6, 3, 4], &[7, 5, 6, 3, 4]]);
}

fn a_chain_may_begin_within_another_one() {
    let out = Redumped::of(&chains(&[1, 2, 3], &[2, 3, 0]), "/mh");
    assert_chains(&out, &[&[1, 2, 3], &[2, 3], &[3]]);
    let out = Redumped::of(&chains(&[3, 2, 1], &[2, 3, 0]), "/mh");
    assert_chains(&out, &[&[3], &[2, 3], &[1, 2, 3]]);
    assert_eq!(out.faults(), [""; 0]);
}

/// Checks for the errors that kept records from being read, one for each handle named.
fn assert_circles(out: &Redumped, handles: &[u64]) {
    let found: Vec<u64> = out.report.faults.iter().map(|fault| fault.item).collect();
    assert_eq!(found, handles);
    for fault in &out.report.faults {
        assert_eq!((fault.stream_type.0, fault.part), (12, "object information"));
        assert!(matches!(fault.error, ReadError::Cycle { .. }), "{}", fault.error);
    }
}

fn a_circle_is_cut_and_reported() {
    let source = chains(&[1, 1], &[2, 3, 1]);
    assert_ne!(faults(&source), [""; 0]);
    let out = Redumped::of(&source, "/mh");
    assert_chains(&out, &[&[1, 2, 3], &[1, 2, 3]]);
    assert_circles(&out, &[0]);
    // Now there are no findings.
    assert_eq!(faults(&out.bytes), [""; 0]);
}

fn a_circle_after_other_records_is_cut_and_reported() {
    let out = Redumped::of(&chains(&[1], &[2, 3, 4, 2]), "/mh");
    assert_chains(&out, &[&[1, 2, 3, 4]]);
    assert_circles(&out, &[0]);
}

fn a_record_that_points_to_itself_is_kept_once() {
    let out = Redumped::of(&chains(&[1], &[1]), "/mh");
    assert_chains(&out, &[&[1]]);
    assert_circles(&out, &[0]);
}

fn a_chain_that_leaves_the_file_is_kept_as_far_as_it_goes() {
    let mut source = chains(&[1, 0], &[2, 0]);
    let second = crate::support::facts::Facts::of(&source).handles()[0].objects[1].at.0 as usize;
    source[second..second + 4].copy_from_slice(&0x7fff_0000u32.to_le_bytes());
    let out = Redumped::of(&source, "/mh");
    assert_chains(&out, &[&[1, 2], &[]]);
    assert_eq!(out.faults(), ["HandleData 0 object information"]);
    assert!(out.report.faults[0].error.is_truncated());
}

fn a_record_that_the_file_cuts_takes_no_foreign_bytes() {
    // The record is at the very end of the file.
    let objects = vec![ObjectInfo { kind: 6, bytes: vec![7; 40] }];
    let mut source = base().handle(Handle { objects, ..Handle::new(4, Text::None) }).build();
    source.truncate(source.len() - 30);
    let out = Redumped::once(&source, &parsed("/mh"));
    assert_eq!(out.faults(), ["HandleData 0 object information"]);
    let facts = out.facts();
    let at = u64::from(facts.u32(facts.stream(12).expect("it is kept").rva.0 + 16 + 32));
    assert_eq!((facts.u32(at), facts.u32(at + 4)), (0, 6));
    let rest = &out.bytes[at as usize + 12..][..facts.u32(at + 8) as usize];
    assert!(rest.starts_with(&[7; 10]) && rest[10..].iter().all(|byte| *byte == 0), "{rest:x?}");
    Redumped::of(&source, "/mh");
}
