//! Threads, modules, handles: records that refer to other data. Each field gets a distinct value in the builder and is
//! read back by the plain decoder.

use libtest_mimic::Trial;
use userdump::MinidumpBuilder;
use userdump::format;
use userdump::format::handle::{HandleDescriptor, HandleDescriptor2};
use userdump::format::module::FixedFileInfo;
use userdump::format::{LocationDescriptor, MemoryDescriptor, RvaWidth};
use userdump::write::{MemoryRange, Text};

use super::{STALE, write};
use crate::support::facts::{self, Facts, Rva};
use crate::support::spans::position_of;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        threads_and_their_contexts,
        a_stack_has_a_position_only_where_the_memory_list_has_just_its_range,
        a_stack_of_two_equal_ranges_is_the_first,
        extended_threads,
        modules_with_their_debug_records,
        unloaded_modules,
        thread_names_by_wide_positions,
        handles_and_chains_of_object_information,
    ]
}

pub fn thread(id: u32, stack: u64, size: u32) -> format::Thread {
    format::Thread {
        thread_id: id,
        suspend_count: id + 1,
        priority_class: id + 2,
        priority: id + 3,
        teb: u64::from(id) << 32 | 4,
        stack: MemoryDescriptor {
            start_of_memory_range: stack,
            memory: LocationDescriptor { data_size: size, rva: STALE },
        },
        thread_context: LocationDescriptor { data_size: STALE, rva: STALE },
    }
}

fn threads_and_their_contexts() {
    let mut dump = MinidumpBuilder::new();
    let context = dump.part("CONTEXT", vec![7; 1232]);
    let odd = dump.part("CONTEXT", vec![8; 3]);
    dump.thread(thread(0x10, 0x7000, 16), Some(context));
    dump.thread(thread(0x20, u64::MAX, u32::MAX), Some(odd)).thread(thread(0x30, 0, 0), None);
    let file = write(dump);
    let facts = Facts::of(&file);
    let at = |index: usize| facts.threads()[index].context_at;
    let expected = |id, stack_start, stack_size, context_at, context| facts::Thread {
        id,
        suspend_count: id + 1,
        priority_class: id + 2,
        priority: id + 3,
        teb: u64::from(id) << 32 | 4,
        stack_start,
        stack_size,
        stack_at: Rva(0),
        context_at,
        context: facts::Blob(context),
    };
    let threads = facts.threads();
    assert_eq!(threads[0], expected(0x10, 0x7000, 16, at(0), &[7; 1232]));
    assert_eq!(threads[1], expected(0x20, u64::MAX, u32::MAX, at(1), &[8; 3]));
    assert_eq!(threads[2], expected(0x30, 0, 0, Rva(0), &[]));
    assert_eq!(threads.len(), 3);
    assert_eq!(facts.u32(facts.stream(3).expect("it is there").rva.0 + 4 + 2 * 48 + 40), 0, "no context has no size");
}

fn a_stack_has_a_position_only_where_the_memory_list_has_just_its_range() {
    // The stack is 16 bytes at 0x7000. The ranges of the memory list, and whether the stack gets a file position from
    // them.
    type Listed = (u64, usize);
    let cases: [(&[Listed], &[Listed], bool); 13] = [
        (&[(0x7000, 16)], &[], true),
        (&[(0x6000, 8), (0x7000, 16), (0x8000, 8)], &[], true),
        // The stack is a part of a range: at its start, at its end, inside.
        (&[(0x7000, 17)], &[], true),
        (&[(0x5000, 8), (0x6ff8, 24)], &[], true),
        (&[(0x6ff8, 32)], &[], true),
        (&[(0x7000, 15)], &[], false),
        (&[(0x6FFF, 16), (0x7001, 16)], &[], false),
        // Ranges that are also adjacent in the file, and ranges that are not.
        (&[(0x6000, 8), (0x7000, 8), (0x7008, 4), (0x700c, 8)], &[], true),
        (&[(0x7008, 8), (0x7000, 8)], &[], false),
        (&[], &[(0x7000, 16)], true),
        (&[], &[(0x6000, 8), (0x6ff0, 32)], true),
        (&[(0x7000, 17)], &[(0x7000, 16)], true),
        (&[], &[], false),
    ];
    let bytes = [0x55; 32];
    for (listed, listed64, found) in cases {
        let mut dump = MinidumpBuilder::new();
        dump.thread(thread(1, 0x7000, 16), None);
        for &(address, size) in listed {
            dump.memory(MemoryRange::borrowed(address, &bytes[..size]));
        }
        for &(address, size) in listed64 {
            dump.memory64(MemoryRange::borrowed(address, &bytes[..size]));
        }
        let file = write(dump);
        let facts = Facts::of(&file);
        let stack = &facts.threads()[0];
        assert_eq!((stack.stack_start, stack.stack_size), (0x7000, 16), "{listed:x?} {listed64:x?}");
        assert_eq!(stack.stack_at.0, position_of(&facts.ranges(), 0x7000, 16), "{listed:x?} {listed64:x?}");
        assert_eq!(stack.stack_at != Rva(0), found, "{listed:x?} {listed64:x?}");
    }
    let mut dump = MinidumpBuilder::new();
    dump.thread(thread(1, 0x7000, 0), None).memory(MemoryRange::borrowed(0x7000, &[]));
    let file = write(dump);
    assert_eq!(Facts::of(&file).threads()[0].stack_at, Rva(0), "an empty stack has no position");
}

fn a_stack_of_two_equal_ranges_is_the_first() {
    let mut dump = MinidumpBuilder::new();
    dump.thread(thread(1, 0x7000, 4), None);
    dump.memory(MemoryRange::borrowed(0x7000, b"1st.")).memory(MemoryRange::borrowed(0x7000, b"2nd."));
    let file = write(dump);
    let facts = Facts::of(&file);
    assert_eq!(facts.blob(facts.threads()[0].stack_at, 4).0, b"1st.");
}

fn extended_threads() {
    let mut dump = MinidumpBuilder::new();
    let context = dump.part("CONTEXT", vec![9; 100]);
    let backing_store =
        MemoryDescriptor { start_of_memory_range: 0x9000, memory: LocationDescriptor { data_size: 4, rva: STALE } };
    dump.thread_ex(format::thread::ThreadEx { thread: thread(1, 0x7000, 8), backing_store }, Some(context));
    dump.memory(MemoryRange::borrowed(0x7000, &[1; 8])).memory(MemoryRange::borrowed(0x9000, &[2; 4]));
    let file = write(dump);
    let facts = Facts::of(&file);
    let list = facts.stream(8).expect("it is there");
    let at = list.rva.0 + 4;
    assert_eq!((list.size, facts.u32(list.rva.0)), (4 + 64, 1));
    assert_eq!([0, 4, 8, 12].map(|field| facts.u32(at + field)), [1, 2, 3, 4]);
    assert_eq!([16, 24, 48].map(|field| facts.u64(at + field)), [1 << 32 | 4, 0x7000, 0x9000]);
    // In all three, the size comes before the position.
    assert_eq!(facts.located(at + 32).0, [1; 8]);
    assert_eq!(facts.located(at + 40).0, [9; 100]);
    assert_eq!(facts.located(at + 56).0, [2; 4]);
}

fn version(start: u32) -> FixedFileInfo {
    FixedFileInfo {
        signature: start,
        struc_version: start + 1,
        file_version_ms: start + 2,
        file_version_ls: start + 3,
        product_version_ms: start + 4,
        product_version_ls: start + 5,
        file_flags_mask: start + 6,
        file_flags: start + 7,
        file_os: start + 8,
        file_type: start + 9,
        file_subtype: start + 10,
        file_date_ms: start + 11,
        file_date_ls: start + 12,
    }
}

fn modules_with_their_debug_records() {
    let stale = LocationDescriptor { data_size: STALE, rva: STALE };
    let module = |base: u64| format::Module {
        base_of_image: base,
        size_of_image: 2,
        check_sum: 3,
        time_date_stamp: 4,
        module_name_rva: STALE,
        version_info: version(100),
        cv_record: stale,
        misc_record: stale,
        reserved0: 5,
        reserved1: 6,
    };
    let mut dump = MinidumpBuilder::new();
    let (name, code_view, misc) = (dump.text("C:\\a.exe"), dump.part("CodeView", b"RSDS1"), dump.part("misc", b"m"));
    dump.module(module(0x1_0000_0001), name, Some(code_view), Some(misc));
    dump.module(module(1), name, None, Some(code_view));
    dump.nameless_module(module(2), Some(misc), None);
    let file = write(dump);
    let facts = Facts::of(&file);
    let modules = facts.modules();
    let found: Vec<_> = modules
        .iter()
        .map(|module| (module.base, module.name.text.as_deref(), module.code_view.0, module.misc.0))
        .collect();
    type Found<'a> = (u64, Option<&'a str>, &'a [u8], &'a [u8]);
    let expected: [Found<'_>; 3] = [
        (0x1_0000_0001, Some("C:\\a.exe"), b"RSDS1", b"m"),
        (1, Some("C:\\a.exe"), b"", b"RSDS1"),
        (2, None, b"m", b""),
    ];
    assert_eq!(found, expected);
    for module in &modules {
        assert_eq!((module.size, module.checksum, module.timestamp, module.reserved), (2, 3, 4, [5, 6]));
        assert_eq!(module.version, std::array::from_fn(|word| 100 + word as u32));
    }
    assert_eq!((modules[1].code_view_at, modules[2].misc_at, modules[2].name.at), (Rva(0), Rva(0), Rva(0)));
    assert_eq!(modules[0].name.at, modules[1].name.at);
    assert_eq!(modules[0].code_view_at, modules[1].misc_at);
    assert_eq!(facts.u16(modules[0].name.at.0 + 4 + 2 * 8), 0, "a NUL that does not count ends the text");
}

fn unloaded_modules() {
    let row = |base| format::module::UnloadedModule {
        base_of_image: base,
        size_of_image: 2,
        check_sum: 3,
        time_date_stamp: 4,
        module_name_rva: STALE,
    };
    let mut dump = MinidumpBuilder::new();
    let name = dump.text("gone.dll");
    dump.unloaded_module(row(u64::MAX), Some(name)).unloaded_module(row(7), None);
    let file = write(dump);
    let found = Facts::of(&file).unloaded_modules();
    let fields: Vec<_> = found.iter().map(|it| (it.base, it.size, it.checksum, it.timestamp)).collect();
    assert_eq!(fields, [(u64::MAX, 2, 3, 4), (7, 2, 3, 4)]);
    assert_eq!((found[0].name.text.as_deref(), found[1].name.at), (Some("gone.dll"), Rva(0)));
}

fn thread_names_by_wide_positions() {
    let mut dump = MinidumpBuilder::new();
    let (main, odd) = (dump.text("main ☃ 🦀"), dump.text(Text::from_units([0x61, 0xDC00, 0xD800])));
    dump.thread_name(1, main).thread_name(2, odd).thread_name(3, main);
    let file = write(dump);
    let facts = Facts::of(&file);
    let names = facts.thread_names();
    let found: Vec<_> = names.iter().map(|it| (it.thread, it.name.text.as_deref())).collect();
    assert_eq!(found, [(1, Some("main ☃ 🦀")), (2, Some("a\u{FFFD}\u{FFFD}")), (3, Some("main ☃ 🦀"))]);
    let at = names[1].name.at.0;
    assert_eq!((facts.u32(at), [4, 6, 8, 10].map(|unit| facts.u16(at + unit))), (6, [0x61, 0xDC00, 0xD800, 0]));
    assert_eq!(names[0].name.at, names[2].name.at);
}

/// An object information record that does not refer to another one yet.
fn object(kind: u32, bytes: &[u8]) -> Vec<u8> {
    [&[0; 4], &kind.to_le_bytes(), &(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

fn handles_and_chains_of_object_information() {
    let row = |handle| HandleDescriptor2 {
        descriptor: HandleDescriptor {
            handle,
            type_name_rva: STALE,
            object_name_rva: STALE,
            attributes: 2,
            granted_access: 3,
            handle_count: 4,
            pointer_count: 5,
        },
        object_info_rva: STALE,
        reserved0: 6,
    };
    let mut dump = MinidumpBuilder::new();
    let (kind, name) = (dump.text("Event"), dump.text("\\BaseNamedObjects\\e"));
    // Two chains that share their last record.
    let last = dump.part("object", object(3, b"end"));
    let [first, other] = [(1, b"one".as_slice()), (2, b"")].map(|(kind, bytes)| {
        let part = dump.part("object", object(kind, bytes));
        dump.reference(part, 0, RvaWidth::Rva, last);
        part
    });
    dump.handle(row(1 << 40), Some(kind), Some(name), Some(first));
    dump.handle(row(2), Some(kind), None, Some(other)).handle(row(3), None, Some(kind), None);
    let file = write(dump);
    let facts = Facts::of(&file);
    let handles = facts.handles();
    let names: Vec<_> = handles
        .iter()
        .map(|it| (it.handle, it.type_name.text.as_deref(), it.object_name.text.as_deref(), it.reserved))
        .collect();
    let path = "\\BaseNamedObjects\\e";
    let expected = [
        (1 << 40, Some("Event"), Some(path), Some(6)),
        (2, Some("Event"), None, Some(6)),
        (3, None, Some("Event"), Some(6)),
    ];
    assert_eq!(names, expected);
    for handle in &handles {
        assert_eq!((handle.attributes, handle.access, handle.handles, handle.pointers), (2, 3, 4, 5));
    }
    let chain = |index: usize| -> Vec<(u32, &[u8])> {
        handles[index].objects.iter().map(|object| (object.kind, object.bytes.0)).collect()
    };
    assert_eq!(chain(0), [(1, b"one".as_slice()), (3, b"end")]);
    assert_eq!(chain(1), [(2, b"".as_slice()), (3, b"end")]);
    assert_eq!(chain(2), []);
    assert_eq!(handles[0].objects[1].at, handles[1].objects[1].at);
    let stream = facts.stream(12).expect("it is there");
    assert_eq!([0, 4, 8, 12].map(|field| facts.u32(stream.rva.0 + field)), [16, 40, 3, 0]);
}
