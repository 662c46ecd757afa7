//! The lists and exceptions of a synthetic dump, compared with the plain decoder.

use libtest_mimic::Trial;

use super::both;
use crate::support::facts::Facts;
use crate::support::trials;
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    trials![threads, modules, memory, regions, exceptions, handles, names]
}

fn threads() {
    let thread = |id| Thread {
        suspend_count: 2,
        priority_class: 3,
        priority: 4,
        teb: 5,
        ..Thread::new(id).stack(Stack::stored(0x1000, [1, 2, 3])).context([id as u8; 8])
    };
    let listed = Thread::new(9).stack(Stack::Listed(0x2004, 8));
    let elsewhere = Thread::new(10).stack(Stack::At(0x3000, 0x100, 0)).context(Part::At(7, 99));
    let dump = || Dump::new().thread(thread(7)).thread(thread(8)).thread(listed.clone()).memory(0x2000, [6; 16]);
    both(dump, |facts| {
        let [first, second, third] = facts.threads().try_into().expect("three threads");
        assert_eq!((first.id, first.suspend_count, first.priority_class, first.priority, first.teb), (7, 2, 3, 4, 5));
        assert_eq!((first.stack_start, facts.blob(first.stack_at, 3).0), (0x1000, [1, 2, 3].as_slice()));
        assert_eq!((first.stack_size, first.context.0), (3, [7; 8].as_slice()));
        assert_eq!((second.id, second.context.0), (8, [8; 8].as_slice()));
        assert_eq!(third.stack_at.0, facts.ranges()[0].at.0 + 4);
        assert_eq!(facts.read(0x2004, 100), [6; 12]);
        assert!(facts.read(0x2010, 1).is_empty());
    });
    let bytes = Dump::new().thread(elsewhere).build();
    let at = Facts::of(&bytes).stream(3).expect("it is there").rva.0 as usize + 4;
    assert_eq!(bytes[at + 32..at + 48], [0, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 99, 0, 0, 0]);

    let extended = Thread { backing_store: Stack::At(11, 12, 13), ..thread(1) };
    let bytes = Dump::new().thread_ex(extended).build();
    let stream = Facts::of(&bytes).stream_bytes(8).expect("it is there");
    assert_eq!(stream.len(), 4 + 64);
    assert_eq!(stream[4 + 48..], [11, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 13, 0, 0, 0]);
}

fn modules() {
    let module = Module {
        checksum: 3,
        timestamp: 4,
        version: std::array::from_fn(|word| 100 + word as u32),
        misc: b"misc".into(),
        reserved: [5, 6],
        ..Module::new(0x1_0000_0001, 2, "a.exe")
    };
    let module = module.code_view(rsds([7; 16], 1, "a.pdb"));
    let nameless = Module { name: Text::None, ..Module::default() };
    let unloaded = UnloadedModule { checksum: 3, timestamp: 4, ..UnloadedModule::new(1, 2, "u.dll") };
    let dump = || Dump::new().module(module.clone()).module(nameless.clone()).unloaded_module(unloaded.clone());
    both(dump, |facts| {
        let [first, second] = facts.modules().try_into().expect("two modules");
        assert_eq!((first.base, first.size, first.checksum, first.timestamp), (0x1_0000_0001, 2, 3, 4));
        assert_eq!(first.name.text.as_deref(), Some("a.exe"));
        assert_eq!((first.version[0], first.version[12], first.reserved), (100, 112, [5, 6]));
        assert_eq!(
            (first.code_view.len(), &first.code_view[24..], first.misc.0),
            (30, b"a.pdb\0".as_slice(), b"misc".as_slice())
        );
        assert_eq!((second.name.text, second.code_view_at.0, second.misc_at.0), (None, 0, 0));
        let [gone] = facts.unloaded_modules().try_into().expect("one module");
        assert_eq!((gone.base, gone.size, gone.checksum, gone.timestamp), (1, 2, 3, 4));
        assert_eq!(gone.name.text.as_deref(), Some("u.dll"));
    });
}

fn memory() {
    let lying = Range64 { address: 0x50, size: 6, bytes: vec![4; 2] };
    let dump = || {
        let listed = Dump::new().memory(0x10, [1; 3]).memory_range(Range::At(0x20, 0, 0)).memory(0x30, [2; 2]);
        listed.memory64(0x40, [3; 5]).memory64_range(lying.clone())
    };
    both(dump, |facts| {
        let ranges = facts.ranges();
        let found: Vec<_> = ranges.iter().map(|range| (range.address, range.size, range.bytes.0)).collect();
        let expected: [(u64, u64, &[u8]); 5] =
            [(0x10, 3, &[1; 3]), (0x20, 0, &[]), (0x30, 2, &[2; 2]), (0x40, 5, &[3; 5]), (0x50, 6, &[4; 2])];
        assert_eq!(found, expected);
        assert_eq!(ranges[4].at.0, facts.bytes.len() as u64 - 2, "the bytes of the 64-bit list come last");
    });
}

fn regions() {
    let info = MemoryInfo {
        base: 1,
        allocation_base: 2,
        allocation_protect: 3,
        size: 4,
        state: 5,
        protect: 6,
        kind: 7,
        alignment: [8, 9],
    };
    let thread =
        ThreadInfo { id: 1, flags: 2, error: 3, exit_status: 4, times: [5, 6, 7, 8], start_address: 9, affinity: 10 };
    let dump = || Dump::new().memory_info(info.clone()).memory_info(MemoryInfo::default()).thread_info(thread.clone());
    both(dump, |facts| {
        let [first, second] = facts.memory_infos().try_into().expect("two regions");
        assert_eq!((first.base, first.allocation_base, first.allocation_protect, first.size), (1, 2, 3, 4));
        assert_eq!((first.state, first.protect, first.kind, first.alignment), (5, 6, 7, [8, 9]));
        assert_eq!((second.base, second.size), (0x1000, 0x1000));
        let [first] = facts.thread_infos().try_into().expect("one thread");
        assert_eq!((first.id, first.flags, first.error, first.exit_status), (1, 2, 3, 4));
        assert_eq!((first.times, first.start_address, first.affinity), ([5, 6, 7, 8], 9, 10));
    });
}

fn exceptions() {
    let exception = Exception {
        thread: 7,
        code: 0xC000_0005,
        flags: 1,
        record: 2,
        address: 3,
        parameters: 4,
        information: std::array::from_fn(|word| 100 + word as u64),
        alignment: [5, 6],
        context: Part::ContextOf(7),
    };
    let thread = Thread::new(7).context([9; 5]);
    let dump = || Dump::new().exception(exception.clone()).exception(Exception::new(7, 1, 2)).thread(thread.clone());
    both(dump, |facts| {
        let [first, second] = facts.exceptions().try_into().expect("two exceptions");
        assert_eq!((first.thread, first.code, first.flags, first.record), (7, 0xC000_0005, 1, 2));
        assert_eq!((first.address, first.parameters, first.alignment), (3, 4, [5, 6]));
        assert_eq!((first.information[0], first.information[14]), (100, 114));
        assert_eq!((first.context_at, first.context.0), (facts.threads()[0].context_at, [9; 5].as_slice()));
        assert_eq!((second.thread, second.code, second.address), (7, 1, 2));
        assert_eq!(second.context_at, first.context_at);
        assert_eq!(facts.stream(6).map(|stream| stream.size), Some(168));
    });
}

fn handles() {
    let handle = Handle {
        handle: 1,
        type_name: "Event".into(),
        object_name: Text::None,
        attributes: 2,
        access: 3,
        handles: 4,
        pointers: 5,
        reserved: 6,
        objects: vec![ObjectInfo { kind: 7, bytes: vec![8; 3] }, ObjectInfo { kind: 9, bytes: vec![] }],
        objects_in_a_circle: false,
    };
    let dump = || Dump::new().handle(handle.clone()).handle(Handle::new(2, "File"));
    both(dump, |facts| {
        let [first, second] = facts.handles().try_into().expect("two handles");
        assert_eq!((first.handle, first.type_name.text.as_deref(), first.object_name.text), (1, Some("Event"), None));
        assert_eq!((first.attributes, first.access, first.handles, first.pointers), (2, 3, 4, 5));
        let objects: Vec<_> = first.objects.iter().map(|it| (it.kind, it.bytes.len())).collect();
        assert_eq!((first.reserved, objects), (Some(6), vec![(7, 3), (9, 0)]));
        assert_eq!((second.handle, second.type_name.text.as_deref()), (2, Some("File")));
        assert_eq!((second.reserved, second.objects.len()), (Some(0), 0));
    });
    let short = Shape::usual().entry_size(32);
    both(
        || dump().shape(kind::HANDLE_DATA, short.clone()),
        |facts| {
            assert_eq!(facts.stream(12).map(|stream| stream.size), Some(16 + 2 * 32));
            assert_eq!(facts.handles()[0].reserved, None);
        },
    );
    let round = Handle { objects_in_a_circle: true, ..handle };
    let bytes = Dump::new().handle(round).build();
    let facts = Facts::of(&bytes);
    let first = facts.stream(12).map_or(0, |stream| u64::from(facts.u32(stream.rva.0 + 16 + 32)));
    let second = u64::from(facts.u32(first));
    assert_eq!((first > 0, second > first, u64::from(facts.u32(second))), (true, true, first));
}

fn names() {
    let odd = Text::Units(3, vec![0x61, 0xD800]);
    let dump = || Dump::new().thread_name(1, "one").thread_name(2, Text::None).thread_name(3, odd.clone());
    both(dump, |facts| {
        let found = facts.thread_names();
        let names: Vec<_> = found.iter().map(|it| (it.thread, it.name.text.as_deref())).collect();
        assert_eq!(names, [(1, Some("one")), (2, None), (3, Some("a"))]);
        assert_eq!(facts.u32(found[2].name.at.0), 3);
    });
    let lying =
        Dump::new().thread_name(1, Text::At(0x1_0000_0005)).module(Module { name: Text::At(6), ..Module::default() });
    let bytes = lying.build();
    let facts = Facts::of(&bytes);
    assert_eq!(facts.stream(24).map(|it| facts.u64(it.rva.0 + 8)), Some(0x1_0000_0005));
    assert_eq!(facts.stream(4).map(|it| facts.u32(it.rva.0 + 24)), Some(6));
}
