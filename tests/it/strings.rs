//! `MINIDUMP_STRING`: sizes, terminators, invalid characters, and wrong RVAs.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::read::ModuleList;
use userdump::read::text::Utf16;
use userdump::read::thread::ThreadNames;

use crate::support::forms::{in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Handle, Module, SystemInfo, Text, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    trials![
        text_is_read_in_either_byte_order,
        no_terminator_is_needed_nor_taken,
        an_odd_size_leaves_the_last_byte_out,
        unpaired_surrogates_are_kept_and_shown_as_replacements,
        a_text_ends_before_its_first_nul,
        a_text_that_extends_past_the_file_is_an_error,
        a_position_outside_the_file_is_an_error,
        positions_beyond_4_gib_are_not_cut,
        zero_is_not_a_string_where_one_is_optional,
        zero_is_an_rva_where_a_string_is_required,
        texts_compare_with_strings_by_code_units,
        texts_print_as_text_and_debug_their_size,
    ]
}

fn text_is_read_in_either_byte_order() {
    for text in ["", "a", "main", "C:\\Übung\\é.exe", "😀 𝄞", "\u{fffd}\u{feff}"] {
        let expected = text.encode_utf16().collect::<Vec<_>>();
        check(text.into(), |found| {
            assert_eq!(found.units().collect::<Vec<_>>(), expected);
            assert_eq!((found.to_string_lossy().as_str(), found.is_valid()), (text, true));
            assert_eq!((found.is_empty(), found.as_bytes().len()), (text.is_empty(), 2 * expected.len()));
        });
    }
    let bytes = |dump: Dump| name(&dump.thread_name(1, "é𝄞").build()).expect("it is valid");
    assert_eq!(bytes(Dump::new()), [0xe9, 0, 0x34, 0xd8, 0x1e, 0xdd]);
    assert_eq!(bytes(Dump::new().big_endian()), [0, 0xe9, 0xd8, 0x34, 0xdd, 0x1e]);
}

fn no_terminator_is_needed_nor_taken() {
    // Another string follows directly, as in Wine's files.
    let wine = || Text::Units(4, vec![b'a'.into(), b'b'.into()]);
    let dump = |_| Dump::new().thread_name(1, wine()).thread_name(2, wine());
    in_every_form(dump, |dump, _| {
        let names = dump.stream::<ThreadNames<'_>>().expect("it is valid").expect("it is present");
        let names: Vec<_> = names.iter().map(|name| name.name().map(|name| name.to_string())).collect();
        assert_eq!(names, [Ok("ab".to_owned()), Ok("ab".to_owned())]);
    });
    // At the end of the file there is nothing to add either.
    let bytes = Dump::new().thread_name(1, wine()).build();
    assert_eq!(name(&bytes), Ok(vec![b'a', 0, b'b', 0]));
    assert_eq!(bytes[bytes.len() - 4..], [b'a', 0, b'b', 0]);
}

fn an_odd_size_leaves_the_last_byte_out() {
    let odd = |size| Text::Units(size, vec![0x6161, 0x6262, 0x6363]);
    check(odd(5), |found| {
        assert_eq!((found.as_bytes().len(), found.is_valid(), found.is_empty()), (5, false, false));
        assert_eq!(found.units().collect::<Vec<_>>(), [0x6161, 0x6262]);
        assert_eq!(found.to_string_lossy(), "\u{6161}\u{6262}");
        assert!(found != "\u{6161}\u{6262}", "a truncated text is not equal to anything");
        let trimmed = found.trim_end_nul();
        assert_eq!((trimmed.as_bytes().len(), trimmed.is_valid()), (4, true));
    });
    check(odd(1), |found| {
        assert_eq!((found.is_empty(), found.is_valid(), found.to_string_lossy().as_str()), (true, false, ""));
    });
}

fn unpaired_surrogates_are_kept_and_shown_as_replacements() {
    let units = vec![0xd83d, b'a'.into(), 0xdc00, 0xd83d, 0xde00, 0xd800];
    check(Text::Units(12, units.clone()), |found| {
        assert_eq!(found.units().collect::<Vec<_>>(), units);
        assert_eq!((found.to_string_lossy().as_str(), found.is_valid()), ("\u{fffd}a\u{fffd}😀\u{fffd}", false));
        assert_eq!(found.chars_lossy().count(), 5);
    });
}

fn a_text_ends_before_its_first_nul() {
    check(Text::Units(8, vec![b'a'.into(), 0, b'b'.into(), 0]), |found| {
        assert_eq!((found.to_string_lossy().as_str(), found.is_valid()), ("a", true));
    });
    check(Text::Units(6, vec![0; 3]), |found| assert!(found.is_empty()));
    // A unit with one zero byte is not a terminator, in either byte order.
    check(Text::Units(4, vec![0x6100, 0x0061]), |found| {
        assert_eq!(found.trim_end_nul().units().collect::<Vec<_>>(), [0x6100, 0x0061]);
    });
}

fn a_text_that_extends_past_the_file_is_an_error() {
    for (size, available) in [(6, 4), (0x7fff_ffff, 4), (u32::MAX, 4)] {
        let dump = move |_| Dump::new().thread_name(1, Text::Units(size, vec![1, 2]));
        in_every_form(dump, |dump, facts| {
            let text = dump.file_size() - 4;
            assert_eq!(facts.stream(24).map(|names| facts.u64(names.rva.0 + 8)), Some(text - 4));
            let error = truncated(text, size.into(), available);
            assert_eq!(first_name(dump).map(|_| ()), Err(error));
        });
    }
    // The size itself is cut.
    let bytes = Dump::new().thread_name(1, "ab").build();
    let start = bytes.len() - 10;
    for kept in 0..4 {
        assert_eq!(name(&bytes[..start + kept]), Err(truncated(start as u64, 4, kept as u64)));
    }
    for kept in 0..4 {
        assert_eq!(name(&bytes[..start + 4 + kept]), Err(truncated(start as u64 + 4, 4, kept as u64)));
    }
    assert_eq!(name(&bytes[..start + 8]), Ok(vec![b'a', 0, b'b', 0]));
}

fn a_position_outside_the_file_is_an_error() {
    for rva in [0x1000, u64::from(u32::MAX), 0x1_0000_0000, u64::MAX - 4, u64::MAX] {
        let dump = move |_| Dump::new().thread_name(1, Text::At(rva));
        in_every_form(dump, |dump, _| assert_eq!(first_name(dump).map(|_| ()), Err(truncated(rva, 4, 0))));
    }
    let dump = |_| Dump::new().module(Module { name: Text::At(0x8000_0000), ..Module::default() });
    in_every_form(dump, |dump, _| {
        assert_eq!(module_name(dump).map(|_| ()), Err(truncated(0x8000_0000, 4, 0)));
    });
}

fn positions_beyond_4_gib_are_not_cut() {
    // The low half of the RVA is the offset of a string.
    let bytes = Dump::new().thread_name(1, "one").thread_name(2, Text::At(0x1_0000_0000)).build();
    let mut lying = bytes.clone();
    let first = bytes.len() as u64 - 12;
    let second = bytes.windows(8).rposition(|window| window == 0x1_0000_0000u64.to_le_bytes()).expect("it is planted");
    lying[second..second + 8].copy_from_slice(&(0x1_0000_0000 + first).to_le_bytes());
    let names = open(&lying).stream::<ThreadNames<'_>>().expect("it is valid").expect("it is present");
    let names: Vec<_> = names.iter().map(|name| name.name().map(|name| name.to_string())).collect();
    assert_eq!(names, [Ok("one".to_owned()), Err(truncated(0x1_0000_0000 + first, 4, 0))]);
}

fn zero_is_not_a_string_where_one_is_optional() {
    let dump = |_| {
        let system = SystemInfo { service_pack: Text::None, ..SystemInfo::default() };
        Dump::new().system_info(system).handle(Handle::new(1, Text::None))
    };
    in_every_form(dump, |dump, _| {
        let system = dump.stream::<userdump::read::SystemInfo<'_>>().expect("it is valid").expect("it is present");
        assert_eq!(system.csd_version(), Ok(None));
        let handles =
            dump.stream::<userdump::read::handle::HandleData<'_>>().expect("it is valid").expect("it is present");
        let handle = handles.get(0).expect("it is present");
        assert_eq!((handle.type_name(), handle.object_name()), (Ok(None), Ok(None)));
    });
}

fn zero_is_an_rva_where_a_string_is_required() {
    let dump = |_| {
        let dump = Dump::new().thread_name(1, Text::None).module(Module { name: Text::None, ..Module::default() });
        dump.unloaded_module(UnloadedModule { name: Text::None, ..UnloadedModule::default() })
    };
    in_every_form(dump, |dump, _| {
        // The signature is read as the size.
        let error = truncated(4, 0x504d_444d, dump.file_size() - 4);
        assert_eq!(first_name(dump).map(|_| ()), Err(error));
        assert_eq!(module_name(dump).map(|_| ()), Err(error));
        let unloaded = dump.stream::<userdump::read::module::UnloadedModuleList<'_>>().expect("it is valid");
        let unloaded = unloaded.and_then(|list| list.get(0)).expect("it is present");
        assert_eq!(unloaded.name().map(|_| ()), Err(error));
    });
}

fn texts_compare_with_strings_by_code_units() {
    check("é𝄞".into(), |found| {
        assert!(found == "é𝄞" && found == *"é𝄞");
        for other in ["é", "é𝄞\0", "", "e𝄞"] {
            assert!(found != other, "{other}");
        }
    });
    check(Text::Units(2, vec![0xd800]), |found| assert!(found != "\u{fffd}"));
}

fn texts_print_as_text_and_debug_their_size() {
    check(Text::Units(10, vec![b'"'.into(), b'\\'.into(), 0xd800, 0xe9, 0]), |found| {
        assert_eq!(found.to_string(), "\"\\\u{fffd}é");
        assert_eq!(format!("{found:?}"), "Utf16(8 bytes)");
    });
}

/// Calls `look` for a text in every form of a dump.
fn check(text: Text, look: impl Fn(Utf16<'_>)) {
    let dump = |_| Dump::new().thread_name(1, text.clone());
    in_every_form(dump, |dump, _| look(first_name(dump).expect("it is in the file")));
}

fn first_name<'a>(dump: &userdump::Minidump<'a>) -> Result<Utf16<'a>, ReadError> {
    let names = dump.stream::<ThreadNames<'_>>().expect("it is valid").expect("it is present");
    names.get(0).expect("it is present").name()
}

fn module_name<'a>(dump: &userdump::Minidump<'a>) -> Result<Utf16<'a>, ReadError> {
    let modules = dump.stream::<ModuleList<'_>>().expect("it is valid").expect("it is present");
    modules.get(0).expect("it is present").name()
}

/// The bytes of the first thread's name.
fn name(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    first_name(&open(bytes)).map(|name| name.as_bytes().to_vec())
}

fn truncated(offset: u64, needed: u64, available: u64) -> ReadError {
    ReadError::Truncated { what: "MINIDUMP_STRING", offset, needed, available }
}
