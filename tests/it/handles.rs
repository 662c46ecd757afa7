//! Handles: both sizes of descriptors, names, chains of object information, and handle operations.

use libtest_mimic::Trial;
use userdump::format::handle::HandleObjectInformationType;
use userdump::read::handle::{Handle, HandleData, HandleOperationList};
use userdump::{Minidump, ReadError};

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{self, Bytes, Dump, Label, ObjectInfo, Shape, Text, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        a_handle_has_the_fields_of_the_file,
        the_shorter_descriptor_has_no_records,
        descriptors_between_the_two_sizes_are_the_shorter_ones,
        descriptors_beyond_the_longer_size_are_stepped_over,
        names_may_be_absent_and_shared,
        a_broken_name_only_affects_itself,
        the_first_handle_of_a_value_is_found,
        records_about_an_object_follow_each_other,
        a_record_may_be_empty,
        a_truncated_record_keeps_the_bytes_present,
        a_chain_that_leaves_the_file_ends_with_an_error,
        a_chain_that_begins_outside_the_file_is_one_error,
        a_cyclic_chain_ends_with_an_error,
        a_long_chain_is_not_a_loop,
        overlapping_records_end_too,
        operations_have_the_fields_of_the_file,
    ]
}

const WHAT: &str = "MINIDUMP_HANDLE_OBJECT_INFORMATION";

fn full() -> synth::Handle {
    synth::Handle {
        handle: 0x1_0000_0004,
        type_name: "Event".into(),
        object_name: "\\BaseNamedObjects\\x".into(),
        attributes: 2,
        access: 0x1f_0003,
        handles: 4,
        pointers: 0x8_0001,
        reserved: 6,
        objects: vec![ObjectInfo { kind: 6, bytes: vec![7; 5] }],
        objects_in_a_circle: false,
    }
}

fn a_handle_has_the_fields_of_the_file() {
    let dump = |_| Dump::new().handle(synth::Handle::default()).handle(full());
    in_every_form(dump, |dump, _| {
        assert_eq!(handles(dump).entry_size(), 40);
        let handle = handle(dump, 1);
        fields(&handle);
        assert_ne!(handle.raw().object_info_rva, 0);
        assert_eq!(handle.raw().reserved0, 6);
        assert_eq!(records(&handle), [Ok((6, vec![7; 5]))]);
    });
}

fn the_shorter_descriptor_has_no_records() {
    let dump = |_| Dump::new().handle(full()).handle(full()).shape(kind::HANDLE_DATA, Shape::usual().entry_size(32));
    in_every_form(dump, |dump, _| {
        assert_eq!((handles(dump).entry_size(), handles(dump).len()), (32, 2));
        for index in 0..2 {
            let handle = handle(dump, index);
            fields(&handle);
            // The bytes that follow in the file belong to the next entry.
            assert_eq!((handle.raw().object_info_rva, handle.raw().reserved0), (0, 0));
            assert_eq!(records(&handle), []);
        }
    });
}

fn descriptors_between_the_two_sizes_are_the_shorter_ones() {
    for size in [33, 36, 39] {
        let dump = |_| Dump::new().handle(full()).handle(full()).shape(12, Shape::usual().entry_size(size));
        in_every_form(dump, |dump, _| {
            assert_eq!((handles(dump).entry_size(), handles(dump).len()), (size.into(), 2));
            let handle = handle(dump, 1);
            fields(&handle);
            assert_eq!((handle.raw().object_info_rva, handle.raw().reserved0), (0, 0));
        });
    }
}

fn descriptors_beyond_the_longer_size_are_stepped_over() {
    for size in [41, 48, 100] {
        let dump =
            |_| Dump::new().handle(full()).handle(full()).shape(12, Shape::usual().entry_size(size).header_size(20));
        in_every_form(dump, |dump, _| {
            let handle = handle(dump, 1);
            fields(&handle);
            assert_eq!((handle.raw().reserved0, records(&handle)), (6, vec![Ok((6, vec![7; 5]))]));
        });
    }
}

fn names_may_be_absent_and_shared() {
    let dump = |_| {
        Dump::new().written(kind::HANDLE_DATA, |bytes| {
            let shared = bytes.label();
            bytes.u32s(&[16, 32, 3, 0]);
            for (handle, type_name) in [(4, true), (8, false), (12, true)] {
                bytes.u64(handle);
                if type_name {
                    bytes.rva(shared)
                } else {
                    bytes.u32(0)
                };
                bytes.zeros(20);
            }
            bytes.place(shared).string("File");
        })
    };
    in_every_form(dump, |dump, _| {
        let names: Vec<_> = handles(dump).iter().map(|handle| (handle.value(), names(&handle))).collect();
        let file = Ok(Some("File".to_owned()));
        assert_eq!(names, [(4, [file.clone(), Ok(None)]), (8, [Ok(None), Ok(None)]), (12, [file, Ok(None)])]);
    });
}

fn a_broken_name_only_affects_itself() {
    let broken = || synth::Handle { type_name: Text::At(0x7fff_0000), ..full() };
    let missing = ReadError::Truncated { what: "MINIDUMP_STRING", offset: 0x7fff_0000, needed: 4, available: 0 };
    let dump = |_| Dump::new().handle(broken()).handle(synth::Handle::new(8, "Key"));
    in_every_form(dump, |dump, _| {
        let object = Ok(Some("\\BaseNamedObjects\\x".to_owned()));
        assert_eq!(names(&handle(dump, 0)), [Err(missing), object]);
        assert_eq!(names(&handle(dump, 1)), [Ok(Some("Key".to_owned())), Ok(None)]);
    });
}

fn the_first_handle_of_a_value_is_found() {
    let with = |value, attributes| synth::Handle { attributes, ..synth::Handle::new(value, Text::None) };
    let dump = |_| Dump::new().handle(with(4, 1)).handle(with(8, 2)).handle(with(8, 3));
    in_every_form(dump, |dump, _| {
        let found = [4, 8, 5].map(|value| handles(dump).by_value(value).map(|it| it.raw().descriptor.attributes));
        assert_eq!(found, [Some(1), Some(2), None]);
    });
}

fn records_about_an_object_follow_each_other() {
    let objects = || {
        let bytes = [vec![1; 4], vec![2; 1], vec![], vec![3; 9]];
        bytes.into_iter().zip([6, 1, 8, 0x1234]).map(|(bytes, kind)| ObjectInfo { kind, bytes }).collect()
    };
    let dump =
        |_| Dump::new().handle(synth::Handle { objects: objects(), ..full() }).handle(synth::Handle::new(8, "File"));
    in_every_form(dump, |dump, _| {
        let found = records(&handle(dump, 0));
        assert_eq!(found, [Ok((6, vec![1; 4])), Ok((1, vec![2])), Ok((8, vec![])), Ok((0x1234, vec![3; 9]))]);
        assert_eq!(records(&handle(dump, 1)), []);
        let chain: Vec<_> = handle(dump, 0).object_information().map(|it| it.expect("it is complete")).collect();
        assert_eq!(chain[0].raw.info_type, HandleObjectInformationType::EVENT1);
        assert_eq!(chain[0].offset, u64::from(handle(dump, 0).raw().object_info_rva));
        assert!(chain.windows(2).all(|pair| u64::from(pair[0].raw.next_info_rva) == pair[1].offset));
        assert!(chain.iter().all(|it| it.fault().is_none()));
    });
}

fn a_record_may_be_empty() {
    chain(&[(None, 0)], 0, |dump, _| assert_eq!(records(&handle(dump, 0)), [Ok((100, vec![]))]));
}

fn a_truncated_record_keeps_the_bytes_present() {
    for (size, extra) in [(4, 3), (100, 0), (u32::MAX, 7)] {
        chain(&[(None, size)], extra, |dump, first| {
            let found: Vec<_> = handle(dump, 0).object_information().collect();
            let [Ok(record)] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((record.offset, record.bytes), (first, vec![0xee; extra].as_slice()));
            let (needed, available) = (12 + u64::from(size), 12 + extra as u64);
            assert_eq!(record.fault(), Some(ReadError::Truncated { what: WHAT, offset: first, needed, available }));
        });
    }
}

fn a_chain_that_leaves_the_file_ends_with_an_error() {
    // The header of the second record is cut.
    for available in 0..12 {
        let dump = |_| {
            Dump::new().written(kind::HANDLE_DATA, move |bytes| {
                let [first, second] = [bytes.label(), bytes.label()];
                bytes.u32s(&[16, 40, 1, 0]).zeros(32).rva(first).u32(0);
                bytes.place(first).rva(second).u32s(&[100, 0]).place(second).zeros(available);
            })
        };
        in_every_form(dump, |dump, _| {
            let (available, offset) = (available as u64, dump.file_size() - available as u64);
            let cut = ReadError::Truncated { what: WHAT, offset, needed: 12, available };
            assert_eq!(records(&handle(dump, 0)), [Ok((100, vec![])), Err(cut)]);
        });
    }
}

fn a_chain_that_begins_outside_the_file_is_one_error() {
    for rva in [0x10_0000, u32::MAX] {
        let dump = |_| {
            Dump::new().written(kind::HANDLE_DATA, move |bytes| {
                bytes.u32s(&[16, 40, 1, 0]).zeros(32).u32s(&[rva, 0]);
            })
        };
        let missing = ReadError::Truncated { what: WHAT, offset: rva.into(), needed: 12, available: 0 };
        in_every_form(dump, |dump, _| assert_eq!(records(&handle(dump, 0)), [Err(missing)]));
    }
}

fn a_cyclic_chain_ends_with_an_error() {
    for tail in [0, 1, 2, 3, 7, 8, 20] {
        for length in [1, 2, 3, 4, 5, 8, 13, 40] {
            let count = tail + length;
            let links: Vec<_> =
                (0..count).map(|index| (Some(if index + 1 < count { index + 1 } else { tail }), 0)).collect();
            chain(&links, 0, |dump, _| {
                let found = records(&handle(dump, 0));
                let kinds: Vec<_> = found.iter().map_while(|it| it.as_ref().ok().map(|it| it.0)).collect();
                let (whole, round) = kinds.split_at(count.min(kinds.len()));
                assert!(whole.iter().copied().eq(100..100 + count as u32), "all records are returned: {kinds:?}");
                let loop_kinds = (100 + tail as u32..100 + count as u32).cycle();
                assert!(round.iter().copied().eq(loop_kinds.take(round.len())), "and again in their order: {kinds:?}");
                assert!(kinds.len() <= 3 * count, "{} records of a chain of {count}", kinds.len());
                assert!(matches!(found.last(), Some(Err(ReadError::Cycle { what: WHAT, .. }))), "{:?}", found.last());
                assert_eq!(found.len(), kinds.len() + 1, "nothing follows the error");
            });
        }
    }
}

fn a_long_chain_is_not_a_loop() {
    let links: Vec<_> = (0..1000).map(|index| ((index < 999).then_some(index + 1), 1)).collect();
    chain(&links, 1, |dump, _| {
        let found = records(&handle(dump, 0));
        assert!(found.iter().flatten().map(|it| it.0).eq(100..1100) && found.len() == 1000);
    });
    // A chain that goes backwards in the file is not a cycle either.
    let links: Vec<_> = (0..50).map(|index| ((index > 0).then(|| index - 1), 0)).collect();
    for form in Form::ALL {
        let bytes = form.build(chained(links.clone(), 49, 0));
        assert_eq!(records(&handle(&open(&bytes), 0)).len(), 50);
    }
}

fn overlapping_records_end_too() {
    // Each word is the RVA of the next one, so a record begins at each of them.
    for (end, cycle) in [(None, false), (Some(0), true), (Some(99), true)] {
        let dump = |_| {
            Dump::new().written(kind::HANDLE_DATA, move |bytes| {
                let words: Vec<Label> = (0..100).map(|_| bytes.label()).collect();
                bytes.u32s(&[16, 40, 1, 0]).zeros(32).rva(words[0]).u32(0);
                for index in 0..100 {
                    bytes.place(words[index]);
                    match if index < 99 { Some(index + 1) } else { end } {
                        Some(next) => bytes.rva(words[next]),
                        None => bytes.u32(0),
                    };
                }
                bytes.zeros(8);
            })
        };
        in_every_form(dump, |dump, _| {
            let found = records(&handle(dump, 0));
            let whole = found.iter().filter(|record| record.is_ok()).count();
            assert!((100..=300).contains(&whole), "{whole} records");
            assert_eq!((found.len() - whole == 1, found[whole - 1].is_ok()), (cycle, true));
        });
    }
}

fn operations_have_the_fields_of_the_file() {
    let dump = |_| {
        Dump::new().written(18, |bytes| {
            bytes.u32s(&[16, 288, 2, 0]).zeros(288);
            bytes
                .u64(0x1_0000_0004)
                .u32s(&[2, 3, 1, 5, 6, 7])
                .u64s(&std::array::from_fn::<_, 32, _>(|at| 100 + at as u64));
        })
    };
    in_every_form(dump, |dump, _| {
        let list: HandleOperationList<'_> = dump.stream().expect("it is valid").expect("it is present");
        let operation = list.get(1).expect("it is present");
        let ids = (operation.handle, operation.process_id, operation.thread_id, operation.operation_type);
        assert_eq!(ids, (0x1_0000_0004, 2, 3, 1));
        assert_eq!((operation.spare0, operation.depth, operation.index), (5, 6, 7));
        assert!(operation.return_addresses.into_iter().eq(100..132));
    });
}

fn handles<'a>(dump: &Minidump<'a>) -> HandleData<'a> {
    dump.stream().expect("it is valid").expect("it is present")
}

fn handle<'a>(dump: &Minidump<'a>, index: u64) -> Handle<'a> {
    handles(dump).get(index).expect("it is present")
}

/// Checks the fields of `full` in both forms.
fn fields(handle: &Handle<'_>) {
    let descriptor = handle.raw().descriptor;
    assert_eq!(handle.value(), 0x1_0000_0004);
    let numbers = (descriptor.attributes, descriptor.granted_access, descriptor.handle_count, descriptor.pointer_count);
    assert_eq!(numbers, (2, 0x1f_0003, 4, 0x8_0001));
    assert_eq!(names(handle), [Ok(Some("Event".to_owned())), Ok(Some("\\BaseNamedObjects\\x".to_owned()))]);
}

/// The type name and the object name.
fn names(handle: &Handle<'_>) -> [Result<Option<String>, ReadError>; 2] {
    [handle.type_name(), handle.object_name()].map(|name| name.map(|name| name.map(|name| name.to_string())))
}

/// The type and the bytes of each record in the chain.
fn records(handle: &Handle<'_>) -> Vec<Result<(u32, Vec<u8>), ReadError>> {
    handle.object_information().map(|it| it.map(|it| (it.raw.info_type.0, it.bytes.to_vec()))).collect()
}

/// Calls `look` for a handle with such a chain in every form, with the file offset of the first record.
fn chain(links: &[(Option<usize>, u32)], extra: usize, look: impl Fn(&Minidump<'_>, u64)) {
    in_every_form(
        |_| chained(links.to_vec(), 0, extra),
        |dump, facts| look(dump, facts.stream(12).map_or(0, |stream| u64::from(facts.u32(stream.rva.0 + 16 + 32)))),
    );
}

/// A handle whose chain begins with the record `first`. The records are contiguous; each has its type (counted from
/// 100), the index of the next one, and a size that may be wrong. `extra` bytes of filler follow the last.
fn chained(links: Vec<(Option<usize>, u32)>, first: usize, extra: usize) -> Dump {
    Dump::new().written(kind::HANDLE_DATA, move |bytes: &mut Bytes| {
        let labels: Vec<Label> = links.iter().map(|_| bytes.label()).collect();
        bytes.u32s(&[16, 40, 1, 0]).zeros(32).rva(labels[first]).u32(0);
        for (index, (next, size)) in links.iter().enumerate() {
            bytes.place(labels[index]);
            match next {
                Some(next) => bytes.rva(labels[*next]),
                None => bytes.u32(0),
            };
            bytes.u32s(&[100 + index as u32, *size]);
        }
        bytes.filler(extra);
    })
}
