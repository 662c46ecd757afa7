//! The layouts of lists: headers with and without sizes, padding, entries larger and smaller than the known size, wrong
//! counts.

use libtest_mimic::Trial;
use userdump::read::list::Record;
use userdump::read::{List, Stream};
use userdump::{Minidump, ReadError};

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Shape, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        a_count_may_be_followed_by_padding,
        without_entries_the_size_of_the_stream_does_not_matter,
        bytes_after_the_entries_are_not_padding,
        present_entries_are_kept_when_the_count_does_not_fit,
        entries_before_the_end_of_the_file_are_kept,
        the_greatest_count_gives_no_more_than_the_stream,
        a_list_without_its_count_is_an_error,
        longer_headers_and_entries_are_accepted,
        shorter_headers_are_an_error,
        shorter_entries_are_an_error_if_there_are_any,
        a_sized_list_keeps_the_entries_that_are_present,
        sizes_beyond_the_stream_leave_nothing,
        a_sized_list_without_its_header_is_an_error,
        regions_have_a_count_of_64_bits,
        regions_may_have_the_shorter_header,
        regions_behind_the_shorter_header_may_be_none,
        memory64_has_a_count_of_64_bits,
        entries_are_found_by_index,
    ]
}

/// A kind of list whose header is only a count: its type, its name and the size of an entry.
struct Counted(u32, &'static str, usize);

const COUNTED: [Counted; 6] = [
    Counted(3, "MINIDUMP_THREAD_LIST", 48),
    Counted(4, "MINIDUMP_MODULE_LIST", 108),
    Counted(5, "MINIDUMP_MEMORY_LIST", 16),
    Counted(8, "MINIDUMP_THREAD_EX_LIST", 64),
    Counted(24, "MINIDUMP_THREAD_NAME_LIST", 12),
    Counted(0xfff0, "MINIDUMP_MODULE_LIST", 108),
];

impl Counted {
    /// A stream with these numbers at the start of its entries, the count `count`, and `extra` bytes after them.
    fn dump(&self, padding: usize, count: u32, keys: &'static [u32], extra: usize) -> Dump {
        let (kind, size) = (self.0, self.2);
        let wide = [4, 5, 0xfff0].contains(&kind);
        Dump::new().raw(0x1_0001, "x").written(kind, move |bytes| {
            bytes.u32(count).filler(padding);
            for key in keys {
                if wide {
                    bytes.u64((*key).into())
                } else {
                    bytes.u32(*key)
                };
                bytes.filler(size - if wide { 8 } else { 4 });
            }
            bytes.filler(extra);
        })
    }
}

/// A kind of list whose header gives the sizes of the header and the entries: its type, its name, these two sizes and
/// the name of the field with the entry size.
struct Sized(u32, &'static str, u32, u32, &'static str);

const SIZED: [Sized; 5] = [
    Sized(12, "MINIDUMP_HANDLE_DATA_STREAM", 16, 32, "SizeOfDescriptor"),
    Sized(14, "MINIDUMP_UNLOADED_MODULE_LIST", 12, 24, "SizeOfEntry"),
    Sized(16, "MINIDUMP_MEMORY_INFO_LIST", 16, 48, "SizeOfEntry"),
    Sized(17, "MINIDUMP_THREAD_INFO_LIST", 12, 64, "SizeOfEntry"),
    Sized(18, "MINIDUMP_HANDLE_OPERATION_LIST", 16, 32, "SizeOfEntry"),
];

impl Sized {
    /// A stream whose header gives these sizes and this count. Its entries have these sizes, or the usual ones if those
    /// given are smaller.
    fn dump(&self, header: u32, entry: u32, count: u32, keys: &'static [u32]) -> Dump {
        let (kind, least, size) = (self.0, self.2, self.3);
        Dump::new().raw(0x1_0001, "x").written(kind, move |bytes| {
            bytes.u32s(&[header, entry]);
            match (kind, least) {
                (16, _) => bytes.u64(count.into()),
                (_, 12) => bytes.u32(count),
                _ => bytes.u32s(&[count, 0]),
            };
            // A size that is too large is not backed by bytes.
            let room = |declared: u32, usual: u32| declared.min(1000).saturating_sub(usual) as usize;
            bytes.filler(room(header, least));
            for key in keys {
                if kind == 17 {
                    bytes.u32(*key).filler(4)
                } else {
                    bytes.u64((*key).into())
                };
                bytes.filler(size as usize - 8 + room(entry, size));
            }
        })
    }
}

fn a_count_may_be_followed_by_padding() {
    for list in COUNTED {
        for padding in [0, 4] {
            let keys = &[0x1001, 0x1002, 0x1003];
            in_every_form(|_| list.dump(padding, 3, keys, 0), |dump, _| sound(dump, &list, keys));
            in_every_form(|_| list.dump(padding, 1, &[5], 0), |dump, _| sound(dump, &list, &[5]));
        }
    }
}

fn without_entries_the_size_of_the_stream_does_not_matter() {
    for list in COUNTED {
        for extra in [0, 1, 4, 200] {
            in_every_form(|_| list.dump(0, 0, &[], extra), |dump, _| sound(dump, &list, &[]));
        }
    }
}

fn bytes_after_the_entries_are_not_padding() {
    for list in COUNTED {
        for extra in [1, 3, 5, 8, 120] {
            in_every_form(|_| list.dump(0, 2, &[6, 7], extra), |dump, _| sound(dump, &list, &[6, 7]));
        }
    }
}

fn present_entries_are_kept_when_the_count_does_not_fit() {
    for list in COUNTED {
        let size = list.2 as u64;
        for extra in [0, 1, list.2 - 1] {
            in_every_form(
                |_| list.dump(0, 4, &[6, 7], extra),
                |dump, facts| {
                    let offset = facts.stream(list.0).expect("it is present").rva.0 + 4;
                    let (needed, available) = (4 * size, 2 * size);
                    check(dump, list.0, &[6, 7], 4, Some(truncated(list.1, offset, needed, available)));
                },
            );
        }
    }
}

fn entries_before_the_end_of_the_file_are_kept() {
    for list in COUNTED {
        for form in Form::ALL {
            let bytes = form.build(list.dump(0, 3, &[6, 7, 8], 0));
            let first = bytes.len() - 3 * list.2;
            for missing in [1, list.2 - 1, list.2, 2 * list.2, 3 * list.2] {
                let kept = (3 * list.2 - missing) / list.2;
                let fault = truncated(list.1, first as u64, 3 * list.2 as u64, (kept * list.2) as u64);
                let dump = open(&bytes[..bytes.len() - missing]);
                check(&dump, list.0, &[6, 7, 8][..kept], 3, Some(fault));
            }
        }
    }
}

fn the_greatest_count_gives_no_more_than_the_stream() {
    for list in COUNTED {
        in_every_form(
            |_| list.dump(0, u32::MAX, &[6, 7], 0),
            |dump, facts| {
                let offset = facts.stream(list.0).expect("it is present").rva.0 + 4;
                let fault = truncated(list.1, offset, 0xffff_ffff * list.2 as u64, 2 * list.2 as u64);
                check(dump, list.0, &[6, 7], 0xffff_ffff, Some(fault));
            },
        );
    }
}

fn a_list_without_its_count_is_an_error() {
    for list in COUNTED {
        for size in 0..4 {
            let dump = |_| list.dump(0, 0, &[], 0).shape(list.0, Shape::usual().data_size(size));
            in_every_form(dump, |dump, facts| {
                let offset = facts.stream(list.0).expect("it is present").rva.0;
                assert_eq!(seen(dump, list.0), Err(truncated(list.1, offset, 4, size.into())));
            });
        }
    }
}

fn longer_headers_and_entries_are_accepted() {
    for list in SIZED {
        for (header, entry) in [(0, 0), (1, 0), (0, 1), (4, 8), (97, 33)] {
            let (header, entry) = (list.2 + header, list.3 + entry);
            in_every_form(
                |_| list.dump(header, entry, 3, &[6, 7, 8]),
                |dump, facts| {
                    check(dump, list.0, &[6, 7, 8], 3, None);
                    let seen = seen(dump, list.0).expect("it is valid");
                    let first = facts.stream(list.0).expect("it is present").rva.0 + u64::from(header);
                    assert_eq!((seen.entry_size, seen.first), (u64::from(entry), first));
                },
            );
        }
    }
}

fn shorter_headers_are_an_error() {
    for list in SIZED {
        // `minidump-synth` writes regions after a header of 12 bytes.
        let least = if list.0 == 16 { 12 } else { list.2 };
        for header in [0, 8, least - 1] {
            for (count, keys) in [(0, [].as_slice()), (1, &[6])] {
                in_every_form(
                    |_| list.dump(header, list.3, count, keys),
                    |dump, facts| {
                        let offset = facts.stream(list.0).expect("it is present").rva.0;
                        let (found, needed) = (header.into(), least.into());
                        let error = ReadError::Size { what: list.1, offset, field: "SizeOfHeader", found, needed };
                        assert_eq!(seen(dump, list.0), Err(error));
                    },
                );
            }
        }
    }
}

fn shorter_entries_are_an_error_if_there_are_any() {
    for list in SIZED {
        for entry in [0, 1, list.3 - 1] {
            in_every_form(
                |_| list.dump(list.2, entry, 1, &[6]),
                |dump, facts| {
                    let offset = facts.stream(list.0).expect("it is present").rva.0;
                    let (found, needed) = (entry.into(), list.3.into());
                    let error = ReadError::Size { what: list.1, offset, field: list.4, found, needed };
                    assert_eq!(seen(dump, list.0), Err(error));
                },
            );
            in_every_form(|_| list.dump(list.2, entry, 0, &[]), |dump, _| check(dump, list.0, &[], 0, None));
        }
    }
}

fn a_sized_list_keeps_the_entries_that_are_present() {
    for list in SIZED {
        for count in [3, u32::MAX] {
            in_every_form(
                |_| list.dump(list.2 + 4, list.3 + 4, count, &[6, 7]),
                |dump, facts| {
                    let first = facts.stream(list.0).expect("it is present").rva.0 + u64::from(list.2) + 4;
                    let size = u64::from(list.3) + 4;
                    let fault = truncated(list.1, first, u64::from(count) * size, 2 * size);
                    check(dump, list.0, &[6, 7], count.into(), Some(fault));
                },
            );
        }
    }
}

fn sizes_beyond_the_stream_leave_nothing() {
    for list in SIZED {
        for (header, entry) in [(u32::MAX, list.3), (list.2, u32::MAX), (u32::MAX, u32::MAX)] {
            in_every_form(
                |_| list.dump(header, entry, 2, &[6, 7]),
                |dump, facts| {
                    let first = facts.stream(list.0).expect("it is present").rva.0 + u64::from(header);
                    check(dump, list.0, &[], 2, Some(truncated(list.1, first, 2 * u64::from(entry), 0)));
                },
            );
        }
    }
}

fn a_sized_list_without_its_header_is_an_error() {
    for list in SIZED {
        for size in [0, 3, 8, 11] {
            let dump = |_| list.dump(list.2, list.3, 0, &[]).shape(list.0, Shape::usual().data_size(size));
            in_every_form(dump, |dump, facts| {
                let offset = facts.stream(list.0).expect("it is present").rva.0;
                assert_eq!(seen(dump, list.0), Err(truncated(list.1, offset, list.2.into(), size.into())));
            });
        }
    }
}

fn regions_have_a_count_of_64_bits() {
    let dump = |_| {
        Dump::new().written(kind::MEMORY_INFO_LIST, |bytes| {
            bytes.u32s(&[16, 48]).u64(u64::MAX).u64(6).zeros(40);
        })
    };
    in_every_form(dump, |dump, facts| {
        let first = facts.stream(16).expect("it is present").rva.0 + 16;
        // The product overflows 64 bits and saturates.
        let fault = truncated("MINIDUMP_MEMORY_INFO_LIST", first, u64::MAX, 48);
        check(dump, 16, &[6], u64::MAX, Some(fault));
    });
}

fn regions_may_have_the_shorter_header() {
    let dump = |_| {
        Dump::new().written(kind::MEMORY_INFO_LIST, |bytes| {
            // Read as 64 bits, the count would include the first address.
            bytes.u32s(&[12, 48, 2]).u64(6).filler(40).u64(7).filler(40);
        })
    };
    in_every_form(dump, |dump, _| check(dump, 16, &[6, 7], 2, None));
}

fn regions_behind_the_shorter_header_may_be_none() {
    let dump = |_| {
        Dump::new().written(kind::MEMORY_INFO_LIST, |bytes| {
            bytes.u32s(&[12, 48, 0]);
        })
    };
    in_every_form(dump, |dump, _| check(dump, 16, &[], 0, None));
}

fn memory64_has_a_count_of_64_bits() {
    for count in [2, 3, u64::MAX] {
        let dump = move |_| {
            Dump::new().raw(0x1_0001, "x").written(kind::MEMORY64_LIST, move |bytes| {
                bytes.u64s(&[count, 0, 6, 0, 7, 0]).filler(15);
            })
        };
        in_every_form(dump, |dump, facts| {
            let first = facts.stream(9).expect("it is present").rva.0 + 16;
            let fault = truncated("MINIDUMP_MEMORY64_LIST", first, count.saturating_mul(16), 32);
            check(dump, 9, &[6, 7], count, (count > 2).then_some(fault));
        });
    }
    let cut = |_| Dump::new().raw(kind::MEMORY64_LIST, [0; 15]);
    in_every_form(cut, |dump, facts| {
        let offset = facts.stream(9).expect("it is present").rva.0;
        assert_eq!(seen(dump, 9), Err(truncated("MINIDUMP_MEMORY64_LIST", offset, 16, 15)));
    });
}

fn entries_are_found_by_index() {
    let list = Counted(3, "MINIDUMP_THREAD_LIST", 48);
    let bytes = Form::USUAL.build(list.dump(4, 3, &[6, 7, 8], 0));
    let threads = open(&bytes).stream::<userdump::read::ThreadList<'_>>();
    let threads = threads.expect("it is valid").expect("it is present");
    let ids = |index| threads.get(index).map(|thread| thread.id());
    assert_eq!([0, 1, 2, 3, u64::MAX].map(ids), [Some(6), Some(7), Some(8), None, None]);
    assert_eq!([0, 1, 2].map(|index| threads.entry_offset(index)), [0, 48, 96].map(|at| bytes.len() as u64 - 144 + at));

    let mut iter = threads.iter();
    assert_eq!((iter.len(), iter.nth(1).map(|thread| thread.id()), iter.len()), (3, Some(7), 1));
    assert_eq!((iter.nth(1).map(|thread| thread.id()), iter.len()), (None, 0));
    assert!(iter.next().is_none());
    let mut iter = threads.iter();
    assert!(iter.nth(usize::MAX).is_none() && iter.next().is_none());
}

/// The contents of a list as a view returns them.
#[derive(Debug, PartialEq)]
struct Seen {
    keys: Vec<u64>,
    declared: u64,
    entry_size: u64,
    /// The file offset of the first entry.
    first: u64,
    fault: Option<ReadError>,
}

impl Seen {
    fn of<'a, R: Record<'a>>(list: &List<'a, R>, key: impl Fn(R) -> u64) -> Self {
        let keys: Vec<u64> = list.iter().map(&key).collect();
        let by_index: Vec<u64> = (0..list.len()).filter_map(|index| list.get(index).map(&key)).collect();
        assert_eq!((&by_index, keys.len() as u64), (&keys, list.len()));
        assert_eq!((list.is_empty(), list.get(list.len()).is_none()), (keys.is_empty(), true));
        Self {
            keys,
            declared: list.declared_len(),
            entry_size: list.entry_size(),
            first: list.entry_offset(0),
            fault: list.fault(),
        }
    }
}

/// The view of the first stream of a type.
fn seen(dump: &Minidump<'_>, kind: u32) -> Result<Seen, ReadError> {
    let mut of_kind = dump.streams().filter(|(stream, _)| stream.stream_type().0 == kind);
    Ok(match of_kind.next().expect("it is in the directory").1? {
        Stream::ThreadList(list) => Seen::of(&list, |thread| thread.id().into()),
        Stream::ThreadExList(list) => Seen::of(&list, |thread| thread.thread().id().into()),
        Stream::ModuleList(list) => Seen::of(&list, |module| module.base()),
        Stream::HostModuleList(list) => Seen::of(list.modules(), |module| module.base()),
        Stream::MemoryList(list) => Seen::of(&list, |range| range.address),
        Stream::Memory64List(list) => Seen::of(list.descriptors(), |descriptor| descriptor.start_of_memory_range),
        Stream::ThreadNames(list) => Seen::of(&list, |name| name.thread_id().into()),
        Stream::HandleData(list) => Seen::of(&list, |handle| handle.value()),
        Stream::UnloadedModuleList(list) => Seen::of(&list, |module| module.raw().base_of_image),
        Stream::MemoryInfoList(list) => Seen::of(&list, |region| region.base()),
        Stream::ThreadInfoList(list) => Seen::of(&list, |info| info.id().into()),
        Stream::HandleOperationList(list) => Seen::of(&list, |operation| operation.handle),
        other => panic!("{other:?} is not a list"),
    })
}

fn sound(dump: &Minidump<'_>, list: &Counted, keys: &[u32]) {
    check(dump, list.0, keys, keys.len() as u64, None);
}

fn check(dump: &Minidump<'_>, kind: u32, keys: &[u32], declared: u64, fault: Option<ReadError>) {
    let seen = seen(dump, kind).expect("the header is valid");
    let keys: Vec<u64> = keys.iter().copied().map(u64::from).collect();
    assert_eq!((seen.keys, seen.declared, seen.fault), (keys, declared, fault), "type {kind}");
}

fn truncated(what: &'static str, offset: u64, needed: u64, available: u64) -> ReadError {
    ReadError::Truncated { what, offset, needed, available }
}
