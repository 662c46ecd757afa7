//! What needs no memory of its own: names, text, comparisons, look-ups, and everything that is printed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{Display, Write};
use std::fs;

use libtest_mimic::Trial;
use userdump::error::{BucketFault, Item, SourceFault};
use userdump::format::{Guid, MemoryProtection, ProcessorArchitecture, StreamType};
use userdump::read::any_format::AnyText;
use userdump::read::check::FindingCode;
use userdump::read::exception::Access;
use userdump::read::module::{CodeId, DebugId, UnloadedModuleList};
use userdump::read::text::{CommentA, CommentW, Utf8};
use userdump::read::thread::ThreadNames;
use userdump::read::{ModuleList, ThreadList};
use userdump::{Dump, Minidump, OwnedDump};

use super::{NOTHING, Sum, measure};
use crate::support::everything::everything_of_all_producers;
use crate::support::forms::{Form, open};
use crate::support::{fixtures, tree, trials};
use crate::synth;

pub fn trials() -> Vec<Trial> {
    trials![
        nothing_that_is_printed_is_stored,
        every_printed_type_is_listed,
        registers_by_name_allocate_nothing,
        text_of_memory_is_borrowed,
        names_are_compared_without_copies,
        look_ups_allocate_nothing,
        padded_text_is_what_the_standard_library_prints,
    ]
}

/// A value of each type with its own `Display` in the layers that read dumps.
fn with_values(look: &mut dyn FnMut(&'static str, &dyn Display)) {
    let bytes = everything_of_all_producers(Form::USUAL).build();
    let dump = Dump::parse(&bytes).expect("it is valid");
    let minidump = Minidump::parse(&bytes).expect("it is valid");
    let user = Dump::parse(include_bytes!("../../fixtures/full-user-dump.dmp")).expect("it is valid");
    for name in user.modules().filter_map(|module| module.name().ok()) {
        look("AnyText", &name);
        if let AnyText::Ansi(name) = name {
            look("Ansi", &name);
        }
    }
    for module in minidump.find::<ModuleList<'_>>().expect("it has modules") {
        look("Utf16", &module.name().expect("it has a name"));
    }
    let both = [&dump, &user];
    for dump in both {
        let modules = dump.modules_by_address();
        for module in dump.modules() {
            look("ModuleOffset", &modules.locate(module.base()).expect("it is in the module"));
        }
    }
    look("CommentA", &minidump.find::<CommentA<'_>>().expect("it has one"));
    look("CommentW", &minidump.find::<CommentW<'_>>().expect("it has one"));
    look("Utf8", &Utf8::new(b"caf\xc3\xa9 \xff"));
    for exception in minidump.exceptions().flatten() {
        look("CrashReason", &exception.reason());
    }
    look("Access", &Access::Unknown(7));
    for id in ["0123456789ABCDEF0123456789ABCDEF1", "5E3A1B2C1a"] {
        look("DebugId", &id.parse::<DebugId>().expect("it is one"));
    }
    look("CodeId", &CodeId::from_image(0x5e3a_1b2c, 0x1_2000));
    look("Guid", &Guid::default());
    for module in open(fixtures::QUICK_START).find::<ModuleList<'_>>().expect("it has modules") {
        if let Some(version) = module.file_version() {
            look("FileVersion", &version);
        }
    }
    let mut findings = Vec::new();
    Dump::parse(&bytes[..bytes.len() - 1]).expect("it is valid").check(&mut |finding| findings.push(finding));
    for finding in &findings {
        look("Finding", finding);
    }
    look("FindingCode", &FindingCode::FileTruncated);
    for thread in minidump.find::<ThreadList<'_>>().expect("it has threads") {
        for register in thread.registers().into_iter().flat_map(|context| context.registers()) {
            look("RegisterValue", &register.value);
        }
    }
    // All sets of flags and all numbers with names are declared by two macros.
    look("$type", &ProcessorArchitecture::AMD64);
    look("$type", &ProcessorArchitecture(0x77));
    look("$type", &StreamType(0x7777_7777));
    look("$type", &MemoryProtection::from_bits_retain(0x4000_0104));
    look("$type", &MemoryProtection::empty());
    look("Item", &Item { name: "thread", index: Some(1) });
    look("BucketFault", &BucketFault::CacheFull);
    look("SourceFault", &SourceFault::Shrunk);
    look("ParseError", &"?".parse::<Guid>().expect_err("it is none"));
    look("OwnedDumpError", &OwnedDump::new(vec![0; 9]).expect_err("it is none"));
    let zip = [b"PK\x03\x04".as_slice(), &[0; 22], &[5, 0, 0, 0], b"a.dmp", &[0; 40]].concat();
    for error in [&b"MDMP"[..], b"nonsense", &zip].map(|bytes| Dump::parse(bytes).expect_err("it is none")) {
        look("ReadError", &error);
        look("EntryName", &error);
    }
}

fn nothing_that_is_printed_is_stored() {
    with_values(&mut |name, value| {
        let mut sum = Sum(0);
        let (result, spent) =
            measure(|| write!(sum, "{value} {value:#} {value:60} {value:>60} {value:*^9.3} {value:#>40}").is_ok());
        assert!(result && sum.0 > 0, "{name}: {value}");
        assert_eq!(spent, NOTHING, "{name}: {value}");
    });
}

/// Printed with errors of `std::io`, which allocate. Of `SourceFault`, those of the system do.
const ELSEWHERE: [&str; 1] = ["Causes"];

fn every_printed_type_is_listed() {
    let mut listed: BTreeSet<String> = ELSEWHERE.iter().map(|name| (*name).to_owned()).collect();
    with_values(&mut |name, _| {
        listed.insert(name.to_owned());
    });
    let mut found = BTreeSet::new();
    let mut folders = vec![tree::path("src/read"), tree::path("src/format"), tree::path("src/error")];
    let mut files = vec![tree::path("src/error.rs"), tree::path("src/file.rs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let name = |text: &str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && !"_$".contains(c)).unwrap_or(text.len());
        text[..end].to_owned()
    };
    for file in files {
        let source = fs::read_to_string(file).expect("it is text");
        found.extend(source.split("Display for ").skip(1).map(name));
        let derived = source.split("#[derive(").skip(1).filter(|it| it.split(')').next().unwrap().contains("Error"));
        for item in derived {
            let places = ["pub enum ", "pub struct "].map(|word| item.find(word).map(|at| at + word.len()));
            found.extend(places.into_iter().flatten().min().map(|at| name(&item[at..])));
        }
    }
    // Errors of other layers: they say what they were told by the system.
    let others = ["WriteError", "RedumpError"].map(str::to_owned);
    found.retain(|name| !others.contains(name));
    assert_eq!(found, listed);
}

fn registers_by_name_allocate_nothing() {
    let layouts = ProcessorArchitecture::KNOWN.iter().flat_map(|architecture| architecture.processor().contexts);
    let layouts: Vec<_> = layouts.collect();
    let own = layouts.iter().flat_map(|layout| layout.registers()).map(|register| register.name);
    let others =
        ["x29", "x30", "pc", "sp", "fp", "lr", "r13", "r15", "eax", "ax", "al", "EIP", "", "nonsense", "\u{e9}"];
    let names: Vec<&str> = own.chain(others).collect();
    let long = "r".repeat(1000);
    let (found, spent) = measure(|| {
        let names = names.iter().copied().chain([long.as_str()]);
        names.map(|name| layouts.iter().filter_map(|layout| layout.register(name)).count()).sum::<usize>()
    });
    assert!(found >= names.len() - others.len(), "{found} of {} names", names.len());
    assert_eq!(spent, NOTHING);

    let mut read = 0;
    let bytes = everything_of_all_producers(Form::USUAL).build();
    for thread in open(&bytes).find::<ThreadList<'_>>().expect("it has threads") {
        let (found, spent) = measure(|| {
            let context = thread.registers();
            names.iter().filter_map(|name| context.as_ref()?.register(name)).count()
        });
        assert_eq!(spent, NOTHING);
        read += found;
    }
    assert!(read > 0, "no register was read");
}

fn text_of_memory_is_borrowed() {
    // The ranges are adjacent in the file too: the text is contiguous although it is in three of them.
    let dump = synth::Dump::new().memory(0x1000, b"one\0two").memory(0x1007, b"thr");
    let dump = dump.memory(0x100a, b"ee\0").memory(0x2000, b"a\0b\0").memory(0x2004, b"c\0\0\0");
    let bytes = dump.memory(0x3000, b"ab").memory(0x4000, b"?").memory(0x3002, b"c\0").build();
    let memory = open(&bytes).memory();
    let (texts, spent) = measure(|| [0x1000, 0x1004].map(|at| memory.read_c_string(at, 64)));
    assert_eq!(texts, [b"one".as_slice(), b"twothree"].map(|text| Some(Cow::Borrowed(text))));
    assert!(texts.iter().flatten().all(|text| matches!(text, Cow::Borrowed(_))));
    assert_eq!(spent, NOTHING);
    let apart = memory.read_c_string(0x3000, 64);
    assert!(matches!(&apart, Some(Cow::Owned(text)) if text == b"abc"), "the file has something in between");
    assert_eq!(memory.read_c_string(0x1004, 8), None, "the NUL is beyond the limit");
    assert_eq!(memory.read_c_string(0x1004, 9).as_deref(), Some(b"twothree".as_slice()));

    let (text, spent) = measure(|| [3, 4, u64::MAX].map(|limit| memory.utf16_c_string(0x2000, limit)));
    assert!(text[0].is_none() && text[1..].iter().all(|text| text.is_some_and(|text| text == "abc")), "{text:?}");
    assert_eq!(spent, NOTHING);
    assert_eq!(measure(|| memory.utf16(0x2000, 6).is_some_and(|text| text == "abc")), (true, NOTHING));
    assert_eq!(measure(|| memory.utf16_c_string(0x3000, 9).is_none()), (true, NOTHING));
    let (text, spent) = measure(|| memory.read_utf16_c_string(0x2000, 64));
    assert_eq!((text.as_deref(), spent.calls), (Some("abc"), 1), "only the result");
}

fn names_are_compared_without_copies() {
    let bytes = everything_of_all_producers(Form::USUAL).build();
    let dump = open(&bytes);
    let own: Vec<String> = dump.modules().iter().filter_map(|module| Some(module.name().ok()?.to_string())).collect();
    assert!(!own.is_empty());
    let (found, spent) = measure(|| {
        let mut found = 0;
        for module in dump.find::<ModuleList<'_>>().into_iter().flatten() {
            found += usize::from(module.name().is_ok_and(|name| own.iter().any(|own| name == own.as_str())));
        }
        for name in dump.find::<ThreadNames<'_>>().into_iter().flatten() {
            found += usize::from(name.name().is_ok_and(|name| name != "nonsense"));
        }
        for module in dump.find::<UnloadedModuleList<'_>>().into_iter().flatten() {
            found += usize::from(module.name().is_ok_and(|name| name != "nonsense"));
        }
        found
    });
    assert_eq!((found > own.len(), spent), (true, NOTHING));
    let any = Dump::parse(&bytes).expect("it is valid");
    let (found, spent) =
        measure(|| any.modules().filter(|module| module.name().is_ok_and(|name| name == own[0].as_str())).count());
    assert_eq!((found > 0, spent), (true, NOTHING));
}

fn look_ups_allocate_nothing() {
    let mut dump = synth::Dump::new();
    for index in 0..100 {
        dump = dump.module(synth::Module::new(0x1000 * index, 0x800, "m"));
        dump = dump.unloaded_module(synth::UnloadedModule::new(0x1000 * index, 0x400, "u"));
        dump = dump.memory_info(synth::MemoryInfo::new(0x1000 * index, 0x1000)).memory(0x1000 * index, [1; 64]);
    }
    let bytes = dump.build();
    let dump = Dump::parse(&bytes).expect("it is valid");
    let (memory, regions, modules) = (dump.memory(), dump.regions(), dump.modules_by_address());
    let unloaded = dump.unloaded_modules_by_address();
    let listed = open(&bytes).modules().by_address();
    let (found, spent) = measure(|| {
        let mut found = [0; 6];
        for address in (0..0x6_4000).step_by(0x200) {
            found[0] += usize::from(memory.range_at(address).is_some());
            found[1] += usize::from(memory.read_pointer(address).is_some());
            found[2] += usize::from(regions.at_address(address).is_some());
            found[3] += usize::from(listed.get(address).is_some());
            // Regions extend modules.
            found[5] += usize::from(modules.locate(address).is_some());
            // What is found is returned in the order of the list, which takes memory; finding nothing does not.
            found[4] += if address % 0x1000 >= 0x400 { unloaded.at_address(address).count() } else { 0 };
        }
        found
    });
    assert_eq!(found[..5], [100, 100, 800, 400, 0]);
    assert!(found[5] >= 400, "{found:?}");
    assert_eq!(spent, NOTHING);
    let all: Vec<usize> = (0..0x6_4000).step_by(0x200).map(|at| unloaded.at_address(at).count()).collect();
    assert_eq!(all.iter().sum::<usize>(), 200);
}

fn padded_text_is_what_the_standard_library_prints() {
    let flags = MemoryProtection::from_bits_retain(0x4000_0104);
    let number = ProcessorArchitecture(0x77);
    for (value, text) in [(&flags as &dyn Display, flags.to_string()), (&number, number.to_string())] {
        assert_eq!(format!("{value:60}|{value:>60}|{value:*^60}"), format!("{text:60}|{text:>60}|{text:*^60}"));
        assert_eq!(
            format!("{value:.3}|{value:<9.3}|{value:\u{e9}^8.3}"),
            format!("{text:.3}|{text:<9.3}|{text:\u{e9}^8.3}")
        );
        assert_eq!(format!("{value:2}|{value:0}"), format!("{text:2}|{text:0}"));
    }
}
