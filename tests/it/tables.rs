//! Streams whose records each give their own size: security tokens and function tables.

use libtest_mimic::Trial;
use userdump::read::FromStream;
use userdump::read::function_table::FunctionTableList;
use userdump::read::system::TokenInfoList;
use userdump::{Minidump, ReadError};

use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::{Dump, FunctionTable, Shape, Token, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        tokens_have_the_bytes_of_the_file,
        a_stream_may_have_no_tokens,
        a_longer_token_header_is_accepted,
        a_shorter_token_header_is_an_error,
        tokens_are_kept_up_to_the_first_that_is_broken,
        tables_have_the_fields_of_the_file,
        a_stream_may_have_no_tables,
        longer_headers_and_descriptors_of_tables_are_accepted,
        shorter_headers_and_descriptors_of_tables_are_an_error,
        tables_are_kept_up_to_the_first_that_is_broken,
        padding_after_the_last_table_may_be_missing,
        tables_may_have_no_size_at_all,
    ]
}

const TOKENS: &str = "MINIDUMP_TOKEN_INFO_LIST";
const TOKEN: &str = "MINIDUMP_TOKEN_INFO_HEADER";
const TABLES: &str = "MINIDUMP_FUNCTION_TABLE_STREAM";
const TABLE: &str = "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR";

fn two_tokens() -> Dump {
    let token = |id, handle, data: &[u8]| Token { id, handle, data: data.to_vec() };
    Dump::new().token(token(7, 0x1_0000_0004, &[1; 9])).token(token(8, 0, &[]))
}

fn tokens_have_the_bytes_of_the_file() {
    // dbgeng gives 72 as the size of a token's header; this has no effect.
    for element in [0, 16, 72, u32::MAX] {
        let dump = |_| two_tokens().shape(kind::TOKEN, Shape::usual().entry_size(element));
        in_every_form(dump, |dump, facts| {
            let start = facts.stream(19).expect("it is present").rva.0 + 16;
            let list: TokenInfoList<'_> = view(dump).expect("it is valid");
            assert_eq!((list.declared_len(), list.raw().token_list_size, list.fault()), (2, 16 + 25 + 16, None));
            let tokens: Vec<_> = list.iter().collect();
            let heads = tokens.iter().map(|it| (it.offset, it.raw.token_size, it.raw.token_id, it.raw.token_handle));
            assert_eq!(heads.collect::<Vec<_>>(), [(start, 25, 7, 0x1_0000_0004), (start + 25, 16, 8, 0)]);
            let at = start as usize;
            assert_eq!([tokens[0].bytes, tokens[1].bytes], [&facts.bytes[at..at + 25], &facts.bytes[at + 25..at + 41]]);
            assert_eq!(tokens[0].bytes[16..], [1; 9]);
        });
    }
}

fn a_stream_may_have_no_tokens() {
    let dump = |_| {
        Dump::new().written(kind::TOKEN, |bytes| {
            bytes.u32s(&[16, 0, 16, 72]);
        })
    };
    in_every_form(dump, |dump, _| check_tokens(dump, &[], None));
}

fn a_longer_token_header_is_accepted() {
    for size in [17, 24, 60] {
        let dump = |_| two_tokens().shape(kind::TOKEN, Shape::usual().header_size(size));
        in_every_form(dump, |dump, _| check_tokens(dump, &[7, 8], None));
    }
}

fn a_shorter_token_header_is_an_error() {
    for size in [0, 15] {
        let dump = |_| two_tokens().shape(kind::TOKEN, Shape::usual().header_size(size));
        in_every_form(dump, |dump, facts| {
            let (offset, found) = (facts.stream(19).expect("it is present").rva.0, size.into());
            let error = ReadError::Size { what: TOKENS, offset, field: "ListHeaderSize", found, needed: 16 };
            assert_eq!(view::<TokenInfoList<'_>>(dump).err(), Some(error));
        });
    }
    let dump = |_| two_tokens().shape(kind::TOKEN, Shape::usual().data_size(15));
    in_every_form(dump, |dump, facts| {
        let offset = facts.stream(19).expect("it is present").rva.0;
        assert_eq!(view::<TokenInfoList<'_>>(dump).err(), Some(truncated(TOKENS, offset, 16, 15)));
    });
}

fn tokens_are_kept_up_to_the_first_that_is_broken() {
    // The count is larger than the number of entries.
    for count in [3, u32::MAX] {
        let dump = |_| two_tokens().shape(kind::TOKEN, Shape::usual().count(count.into()));
        in_every_form(dump, |dump, facts| {
            let end = facts.stream(19).expect("it is present").rva.0 + 57;
            check_tokens(dump, &[7, 8], Some(truncated(TOKEN, end, 16, 0)));
        });
    }
    // The stream ends inside a token.
    for (size, kept, missing) in [(56, [7].as_slice(), (41, 16, 15)), (40, &[], (16, 25, 24)), (20, &[], (16, 16, 4))] {
        let dump = |_| two_tokens().shape(kind::TOKEN, Shape::usual().data_size(size));
        in_every_form(dump, |dump, facts| {
            let (at, needed, available) = missing;
            let offset = facts.stream(19).expect("it is present").rva.0 + at;
            check_tokens(dump, kept, Some(truncated(TOKEN, offset, needed, available)));
        });
    }
    // A token claims to be smaller than its header, or larger than the stream.
    for found in [0, 1, 15, 100, u32::MAX] {
        let dump = |_| {
            Dump::new().written(kind::TOKEN, move |bytes| {
                bytes.u32s(&[64, 3, 16, 16, 16, 7]).u64(0).u32s(&[found, 8]).u64(0).u32s(&[16, 9]).u64(0);
            })
        };
        in_every_form(dump, |dump, facts| {
            let offset = facts.stream(19).expect("it is present").rva.0 + 32;
            let found = found.into();
            let fault = if found < 16 {
                ReadError::Size { what: TOKEN, offset, field: "TokenSize", found, needed: 16 }
            } else {
                truncated(TOKEN, offset, found, 32)
            };
            check_tokens(dump, &[7], Some(fault));
        });
    }
}

fn table(base: u64, entries: &[u8], padding: usize) -> FunctionTable {
    FunctionTable {
        minimum: base + 1,
        maximum: base + 2,
        base,
        native: vec![4; 6],
        entry_size: 5,
        entries: entries.to_vec(),
        padding,
    }
}

fn two_tables() -> Dump {
    Dump::new().function_table(table(0x7ff6_0000_0000, &[7; 10], 2)).function_table(table(0x2000, &[], 0))
}

fn tables_have_the_fields_of_the_file() {
    in_every_form(
        |_| two_tables(),
        |dump, _| {
            let list: FunctionTableList<'_> = view(dump).expect("it is valid");
            assert_eq!((list.declared_len(), list.fault()), (2, None));
            let raw = list.raw();
            assert_eq!((raw.size_of_native_descriptor, raw.size_of_function_entry, raw.size_of_align_pad), (6, 5, 0));
            let [first, second] = list.iter().collect::<Vec<_>>().try_into().expect("two tables");
            let descriptor = first.descriptor;
            let addresses = (descriptor.minimum_address, descriptor.maximum_address, descriptor.base_address);
            assert_eq!(addresses, (0x7ff6_0000_0001, 0x7ff6_0000_0002, 0x7ff6_0000_0000));
            assert_eq!((descriptor.entry_count, descriptor.size_of_align_pad), (2, 2));
            assert_eq!((first.native, first.entries, first.entry_size), ([4; 6].as_slice(), [7; 10].as_slice(), 5));
            assert_eq!((second.descriptor.base_address, second.entries), (0x2000, [].as_slice()));
        },
    );
}

fn a_stream_may_have_no_tables() {
    let dump = |_| {
        Dump::new().written(kind::FUNCTION_TABLE, |bytes| {
            bytes.u32s(&[24, 0, 0, 0, 0, 0]);
        })
    };
    in_every_form(dump, |dump, _| check_tables(dump, &[], None));
}

fn longer_headers_and_descriptors_of_tables_are_accepted() {
    for (header, descriptor) in [(24, 40), (32, 32), (25, 33), (60, 50)] {
        let dump = |_| {
            // The builder treats a longer header as padding after it, so it is written by hand here.
            Dump::new().written(kind::FUNCTION_TABLE, move |bytes| {
                bytes.u32s(&[header, descriptor, 3, 2, 2, 5]).filler(header as usize - 24 + 5);
                for base in [0x1000, 0x2000] {
                    bytes.u64s(&[base + 1, base + 2, base]).u32s(&[2, 1]).filler(descriptor as usize - 32);
                    bytes.raw([9; 3]).raw([8; 4]).filler(1);
                }
            })
        };
        in_every_form(dump, |dump, _| {
            check_tables(dump, &[0x1000, 0x2000], None);
            let list: FunctionTableList<'_> = view(dump).expect("it is valid");
            assert!(list.iter().all(|table| table.native == [9; 3] && table.entries == [8; 4]));
        });
    }
}

fn shorter_headers_and_descriptors_of_tables_are_an_error() {
    for (field, sizes, needed) in [("SizeOfHeader", [0, 23], 24), ("SizeOfDescriptor", [0, 31], 32)] {
        for found in sizes {
            let [header, descriptor] = if needed == 24 { [found, 32] } else { [24, found] };
            let dump = |_| {
                Dump::new().written(kind::FUNCTION_TABLE, move |bytes| {
                    bytes.u32s(&[header, descriptor, 0, 0, 1, 0]).zeros(32);
                })
            };
            in_every_form(dump, |dump, facts| {
                let (offset, found) = (facts.stream(13).expect("it is present").rva.0, found.into());
                let error = ReadError::Size { what: TABLES, offset, field, found, needed };
                assert_eq!(view::<FunctionTableList<'_>>(dump).err(), Some(error));
            });
        }
    }
    let dump = |_| two_tables().shape(kind::FUNCTION_TABLE, Shape::usual().data_size(23));
    in_every_form(dump, |dump, facts| {
        let offset = facts.stream(13).expect("it is present").rva.0;
        assert_eq!(view::<FunctionTableList<'_>>(dump).err(), Some(truncated(TABLES, offset, 24, 23)));
    });
}

fn tables_are_kept_up_to_the_first_that_is_broken() {
    for count in [3, u32::MAX] {
        let dump = |_| two_tables().shape(kind::FUNCTION_TABLE, Shape::usual().count(count.into()));
        in_every_form(dump, |dump, facts| {
            let end = facts.stream(13).expect("it is present").rva.0 + 24 + 50 + 38;
            check_tables(dump, &[0x7ff6_0000_0000, 0x2000], Some(truncated(TABLE, end, 32, 0)));
        });
    }
    let first = [0x7ff6_0000_0000].as_slice();
    let native = "native function table descriptor";
    let entries = "function table entries";
    for (size, kept, fault) in [
        (111, first, (native, 106, 6, 5)),
        (80, first, (TABLE, 74, 32, 6)),
        (71, &[], (entries, 62, 10, 9)),
        (61, &[], (native, 56, 6, 5)),
        (24, &[], (TABLE, 24, 32, 0)),
    ] {
        let dump = |_| two_tables().shape(kind::FUNCTION_TABLE, Shape::usual().data_size(size));
        in_every_form(dump, |dump, facts| {
            let (what, at, needed, available) = fault;
            let offset = facts.stream(13).expect("it is present").rva.0 + at;
            check_tables(dump, kept, Some(truncated(what, offset, needed, available)));
        });
    }
    // The product of the largest values stays below 2^64.
    let dump = |_| {
        Dump::new().written(kind::FUNCTION_TABLE, |bytes| {
            bytes.u32s(&[24, 32, 0, u32::MAX, 1, 0]).u64s(&[1, 2, 3]).u32s(&[u32::MAX, 0]);
        })
    };
    in_every_form(dump, |dump, facts| {
        let offset = facts.stream(13).expect("it is present").rva.0 + 56;
        check_tables(dump, &[], Some(truncated(entries, offset, 0xffff_fffe_0000_0001, 0)));
    });
    // The header extends past the end of the stream.
    let dump = |_| {
        Dump::new().written(kind::FUNCTION_TABLE, |bytes| {
            bytes.u32s(&[24, 32, 0, 0, 1, u32::MAX]);
        })
    };
    in_every_form(dump, |dump, facts| {
        let offset = facts.stream(13).expect("it is present").rva.0 + 24 + 0xffff_ffff;
        check_tables(dump, &[], Some(truncated(TABLE, offset, 32, 0)));
    });
}

fn padding_after_the_last_table_may_be_missing() {
    for padding in [1, 100, u32::MAX] {
        let dump = |_| {
            Dump::new().written(kind::FUNCTION_TABLE, move |bytes| {
                bytes.u32s(&[24, 32, 0, 4, 1, 0]).u64s(&[1, 2, 0x5000]).u32s(&[1, padding]).raw([1; 4]);
            })
        };
        in_every_form(dump, |dump, _| check_tables(dump, &[0x5000], None));
    }
}

fn tables_may_have_no_size_at_all() {
    // Descriptors take space, so a wrong count ends with the stream.
    let dump = |_| {
        Dump::new().written(kind::FUNCTION_TABLE, |bytes| {
            bytes.u32s(&[24, 32, 0, 0, u32::MAX, 0]).zeros(64);
        })
    };
    in_every_form(dump, |dump, facts| {
        let end = facts.stream(13).expect("it is present").rva.0 + 88;
        check_tables(dump, &[0, 0], Some(truncated(TABLE, end, 32, 0)));
    });
}

fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> Result<T, ReadError> {
    dump.stream().map(|stream| stream.expect("it is present"))
}

/// Checks the token IDs and what is missing.
fn check_tokens(dump: &Minidump<'_>, ids: &[u32], fault: Option<ReadError>) {
    let list: TokenInfoList<'_> = view(dump).expect("the header is valid");
    assert_eq!(list.iter().map(|token| token.raw.token_id).collect::<Vec<_>>(), ids);
    assert_eq!(list.fault(), fault);
}

/// Checks the addresses of the tables and what is missing.
fn check_tables(dump: &Minidump<'_>, bases: &[u64], fault: Option<ReadError>) {
    let list: FunctionTableList<'_> = view(dump).expect("the header is valid");
    assert_eq!(list.iter().map(|table| table.descriptor.base_address).collect::<Vec<_>>(), bases);
    assert_eq!(list.fault(), fault);
}

fn truncated(what: &'static str, offset: u64, needed: u64, available: u64) -> ReadError {
    ReadError::Truncated { what, offset, needed, available }
}
