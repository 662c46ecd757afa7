//! One test for each row of the table "Where we differ" in the documentation of `redump`: what the engine did, which of
//! its dumps shows it, and what we do. The tests for the rows about full user dumps are in `redump_user`.

mod rows;

use libtest_mimic::Trial;
use userdump::redump::{MissingMemory, Outcome};

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::facts::{Facts, Handle as FoundHandle};
use crate::support::redumped::{Redumped, hex, parsed};
use crate::support::{fixtures, trials};
use crate::synth::{
    Dump, Exception, Handle, MemoryInfo, MiscInfo, Module, Part, Shape, Stack, SystemInfo, Text, Thread, ThreadInfo,
    kind,
};

pub fn trials() -> Vec<Trial> {
    let mut all = rows::trials();
    all.extend(trials![
        debug_records_of_modules,
        names_that_cannot_be_read,
        order_of_the_modules,
        reserved_fields,
        thread_names_and_counters,
        exit_status,
        rows_marked_invalid,
        priorities,
        object_information_of_handles,
        function_tables,
        debugger_build_string,
        misc_info_of_a_source_without_one,
        processor_level_and_revision,
        comments_and_streams_of_other_producers,
        a_second_stream_of_a_kind,
        several_exceptions,
        extended_state,
        stacks_that_are_scanned,
        memory_that_environment_blocks_refer_to,
        private_regions_that_touch,
        stack_without_bounds,
        headers_of_images,
        memory_across_ranges,
        order_of_the_ranges,
        memory_without_a_region,
        part_of_a_region,
        filtered_stacks,
        module_paths,
        overlapping_ranges,
        addresses_above_2_gib,
        other_systems,
        unused_entries_and_version,
    ]);
    all
}

fn filtered_stacks() {
    let case = case("synth/pointers.dmp", "synth-from-pointers/m_r.dmp", "/mr");
    let plain = Facts::of(fixtures::get("synth-from-pointers/m.dmp"));
    assert_eq!((case.engine.header.flags, case.ours.facts().header.flags), (0x40008, 0x40008));
    let bytes =
        |facts: &Facts<'_>| -> Vec<Vec<u8>> { facts.ranges().iter().map(|range| range.bytes.0.to_vec()).collect() };
    assert!(bytes(&case.engine) == bytes(&plain), "the engine filters nothing");
    let (engine, ours) = (bytes(&case.engine).concat(), bytes(&case.ours.facts()).concat());
    let zeros = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == 0).count();
    assert!(zeros(&ours) > zeros(&engine));
}

fn module_paths() {
    let case = streams("m_bigR", "/muR");
    let folders = |names: Vec<Option<String>>| names.into_iter().flatten().filter(|name| name.contains('\\')).count();
    let names = |facts: &Facts<'_>| facts.modules().into_iter().map(|it| it.name.text).collect::<Vec<_>>();
    assert_eq!([names(&case.engine), names(&case.ours.facts())].map(folders), [0, 0]);
    let unloaded = |facts: &Facts<'_>| facts.unloaded_modules().into_iter().map(|it| it.name.text).collect::<Vec<_>>();
    assert_eq!(folders(unloaded(&case.ours.facts())), 0);
}

/// A source, the engine's re-encoding of it, and ours.
struct Case {
    source: &'static [u8],
    engine: Facts<'static>,
    ours: Redumped,
}

fn case(source: &str, result: &str, options: &str) -> Case {
    let source = fixtures::get(source);
    Case { source, engine: Facts::of(fixtures::get(result)), ours: Redumped::of(source, options) }
}

/// A case with two modules, two threads, two handles and more.
fn streams(result: &str, options: &str) -> Case {
    case("synth/streams.dmp", &format!("synth-from-streams/{result}.dmp"), options)
}

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

fn debug_records_of_modules() {
    let Case { source, engine, ours } = streams("m", "/m");
    let sizes =
        |facts: &Facts<'_>| facts.modules().iter().map(|it| (it.code_view.len(), it.misc.len())).collect::<Vec<_>>();
    assert_eq!(sizes(&engine), [(0, 0), (0, 0)]);
    assert_eq!(sizes(&ours.facts()), [(35, 24), (35, 0)]);
    for (before, after) in Facts::of(source).modules().iter().zip(ours.facts().modules()) {
        assert!((before.code_view, before.misc) == (after.code_view, after.misc));
        assert!(after.code_view.starts_with(b"RSDS"));
    }
}

/// The engine, given a name at position 0, wrote `Unknown_Module_00000001`40000000`.
fn names_that_cannot_be_read() {
    let nameless = Module { name: Text::None, ..Module::new(0x1_4000_0000, 0x1000, "") };
    let out = Redumped::of(&Dump::new().system_info(SystemInfo::default()).module(nameless).build(), "/m");
    let name = out.facts().modules()[0].name.clone();
    assert_eq!(
        (name.at.0 != 0, name.text.as_deref(), out.faults()),
        (true, Some(""), vec!["ModuleList 0 name".into()])
    );
}

fn order_of_the_modules() {
    let Case { engine, ours, .. } = streams("m", "/m");
    let bases = |facts: &Facts<'_>| facts.modules().iter().map(|module| module.base).collect::<Vec<_>>();
    assert_eq!(bases(&engine), [0x1000_0000, 0x1_4000_0000]);
    assert_eq!(bases(&ours.facts()), [0x1_4000_0000, 0x1000_0000]);
}

fn reserved_fields() {
    let Case { engine, ours, .. } = streams("m", "/m");
    assert!(engine.modules().iter().all(|module| module.reserved == [0, 0]));
    assert_eq!(ours.facts().modules()[0].reserved, [0x160, 7]);
    let out = Redumped::of(&base().handle(Handle { reserved: 0x1234, ..Handle::new(4, "Event") }).build(), "/mh");
    assert_eq!(out.facts().handles()[0].reserved, Some(0x1234));
}

fn thread_names_and_counters() {
    let [memory, counters] = [[1; 492].as_slice(), &[2; 152]];
    let out = Redumped::of(&base().thread_name(1, "main").raw(21, memory).raw(22, counters).build(), "/m");
    let facts = out.facts();
    assert_eq!(facts.thread_names()[0].name.text.as_deref(), Some("main"));
    assert_eq!([21, 22].map(|kind| facts.stream_bytes(kind).expect("it is kept").0), [memory, counters]);
}

fn exit_status() {
    let Case { engine, ours, .. } = streams("m_t", "/mt");
    let statuses = |facts: &Facts<'_>| facts.thread_infos().iter().map(|info| info.exit_status).collect::<Vec<_>>();
    assert_eq!((statuses(&engine), statuses(&ours.facts())), (vec![0], vec![0x103, 0x103]));
}

fn rows_marked_invalid() {
    let Case { engine, ours, .. } = streams("m_t", "/mt");
    let flags = |facts: &Facts<'_>| facts.thread_infos().iter().map(|info| (info.id, info.flags)).collect::<Vec<_>>();
    assert_eq!((flags(&engine), flags(&ours.facts())), (vec![(1, 0)], vec![(1, 0), (2, 8)]));
}

fn priorities() {
    let Case { engine, ours, .. } = streams("m", "/m");
    let priorities =
        |facts: &Facts<'_>| facts.threads().iter().map(|it| (it.priority_class, it.priority)).collect::<Vec<_>>();
    assert_eq!(priorities(&engine), [(0x40, 1), (0, 0)]);
    assert_eq!(priorities(&ours.facts()), [(0x40, 1), (0x20, 0)]);
    // The result is the same with and without memory information entries, whether or not the options ask for them.
    let thread = Thread { priority_class: 0x20, priority: 7, ..Thread::new(2) };
    for dump in [base(), base().thread_info(ThreadInfo { id: 2, ..ThreadInfo::default() })] {
        let out = Redumped::of(&dump.thread(thread.clone()).build(), "/m");
        assert_eq!(priorities(&out.facts()), [(0, 0), (0x20, 7)]);
    }
}

fn object_information_of_handles() {
    let Case { engine, ours, .. } = streams("m_h", "/mh");
    let objects = |handle: &FoundHandle<'_>| {
        handle.objects.iter().map(|object| (object.kind, object.bytes.to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(engine.handles().iter().map(objects).collect::<Vec<_>>(), [vec![], vec![]]);
    assert_eq!(
        ours.facts().handles().iter().map(objects).collect::<Vec<_>>(),
        [vec![(4, b"EVENTINF".to_vec())], vec![]]
    );
}

fn function_tables() {
    let Case { source, engine, ours } = streams("m", "/m");
    let size_of_native = |facts: &Facts<'_>| facts.u32(facts.stream(13).expect("it is there").rva.0 + 8);
    assert_eq!((size_of_native(&engine), size_of_native(&ours.facts())), (112, 16));
    assert!(ours.facts().stream_bytes(13) == Facts::of(source).stream_bytes(13));
}

/// The text at offset 752 of MiscInfo, which has room for 40 code units.
fn debugger_build(facts: &Facts<'_>) -> String {
    let misc = facts.stream_bytes(15).expect("it is there");
    let units = misc[752..832].chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    String::from_utf16_lossy(&units.take_while(|unit| *unit != 0).collect::<Vec<_>>())
}

fn debugger_build_string() {
    let Case { engine, ours, .. } = streams("m", "/m");
    assert_eq!(debugger_build(&engine), "dbgeng.amd64,10.0.15063.400");
    assert_eq!(debugger_build(&ours.facts()), "", "the source has none");
    let misc = MiscInfo { debugger_build: "somebody else's, 1.0".to_owned(), ..MiscInfo::default() };
    let out = Redumped::of(&base().misc_info(misc).build(), "/m");
    assert_eq!(debugger_build(&out.facts()), "somebody else's, 1.0");
}

fn misc_info_of_a_source_without_one() {
    for options in ["/m", "/ma"] {
        let out = Redumped::of(&base().build(), options);
        assert_eq!((out.facts().stream(15), out.made_up().contains(&15)), (None, false));
    }
}

fn processor_level_and_revision() {
    let processor = |facts: &Facts<'_>| facts.system_info().map(|system| (system.level, system.revision));
    let Case { engine, ours, .. } = streams("m", "/m");
    assert_eq!((processor(&engine), processor(&ours.facts())), (Some((6, 0x0e03)), Some((6, 0x5e03))));
    for name in ["arm64", "arm"] {
        let Case { source, engine, ours } =
            case(&format!("synth-arm/{name}.dmp"), &format!("synth-arm-from-{name}/m.dmp"), "/m");
        assert_eq!(processor(&engine), Some((0, 0)));
        assert_eq!(processor(&ours.facts()), processor(&Facts::of(source)));
        assert_ne!(processor(&ours.facts()), Some((0, 0)));
    }
}

fn comments_and_streams_of_other_producers() {
    let Case { source, engine, ours } = streams("m", "/m");
    for (kind, outcome) in [(10, Outcome::Copied), (11, Outcome::Copied), (0x1_0000, Outcome::Unexamined)] {
        assert_eq!(engine.stream(kind), None);
        assert!(ours.facts().stream_bytes(kind) == Facts::of(source).stream_bytes(kind), "type {kind}");
        assert_eq!(ours.outcomes(kind), [outcome]);
    }
    // Known file offsets are adjusted.
    let dump = base().raw(0x1_0001, [0; 99]).written(0x4d7a_0002, |bytes| {
        let text = bytes.label();
        bytes.u32(0x4d7a_0002).rva64(text).place(text).string("-v");
    });
    let out = Redumped::of(&dump.shape(0x4d7a_0002, Shape::usual().data_size(12)).build(), "/m");
    let facts = out.facts();
    let text = facts.u64(facts.stream(0x4d7a_0002).expect("it is kept").rva.0 + 4);
    assert_eq!((facts.u32(text), &facts.bytes[text as usize + 4..][..4]), (4, b"-\0v\0".as_slice()));
    assert_eq!(out.outcomes(0x4d7a_0002), [Outcome::Relocated]);
}

fn a_second_stream_of_a_kind() {
    let source = base().separate().thread(Thread::new(2)).thread(Thread::new(3)).build();
    let out = Redumped::of(&source, "/m");
    assert_eq!(out.outcomes(kind::THREAD_LIST), [Outcome::Rewritten, Outcome::Duplicate]);
    assert_eq!(out.facts().threads().iter().map(|thread| thread.id).collect::<Vec<_>>(), [1]);
}

fn several_exceptions() {
    let exception = |code, address| Exception { thread: 1, code, address, ..Exception::default() };
    let dump = base().exception(exception(5, 0x1800)).exception(exception(6, 0x3800));
    let out = Redumped::of(&dump.memory(0x1000, pattern(0x1000, 0x4000)).build(), "/m");
    assert_eq!(out.facts().exceptions().iter().map(|it| it.code).collect::<Vec<_>>(), [5, 6]);
    out.assert_memory(&[(0x1780, 0x100), (0x3780, 0x100)]);
}

fn extended_state() {
    let mut context = Cpu::AMD64.context(1, 2);
    put(&mut context, 48, &0x10_005fu32.to_le_bytes());
    let source = Dump::new()
        .system_info(SystemInfo::default())
        .thread(Thread::new(1).context([context.as_slice(), &[7; 368]].concat()))
        .exception(Exception { thread: 1, context: Part::ContextOf(1), ..Exception::default() })
        .build();
    let out = Redumped::of(&source, "/m");
    put(&mut context, 48, &0x10_001fu32.to_le_bytes());
    let facts = out.facts();
    assert!(facts.threads()[0].context.0 == context && facts.exceptions()[0].context.0 == context);
    let whole = Redumped::of(&source, "/my").facts().threads()[0].context.0.to_vec();
    assert!(whole.len() == 1232 + 368 && whole == Facts::of(&source).threads()[0].context.0);
}

fn stacks_that_are_scanned() {
    let bytes = |facts: &Facts<'_>| facts.ranges().iter().map(|range| range.size).sum::<u64>();
    // In live processes, the engine scans all stacks as well; `redump_mini` covers those.
    let stacks = [Stack::stored(0x5000, words(&[0x10_0100])), Stack::stored(0x6000, words(&[0x20_0100]))];
    let [first, second] = stacks;
    let dump = Dump::new().system_info(SystemInfo::default());
    let dump = dump.thread(Thread::new(1).stack(first)).thread(Thread::new(2).stack(second));
    let source =
        dump.memory(0x10_0000, pattern(0x10_0000, 0x1000)).memory(0x20_0000, pattern(0x20_0000, 0x1000)).build();
    let out = Redumped::of(&source, "/mi");
    assert_eq!(out.ranges(), [(0x5000, 8), (0x6000, 8), (0x10_0000, 0x400), (0x20_0000, 0x400)]);
    // Here the stack of each thread has pointers; the engine only scanned that of the first thread.
    let Case { engine, ours, .. } = case("synth/pointers.dmp", "synth-from-pointers/m_i.dmp", "/mi");
    assert!(bytes(&engine) < bytes(&ours.facts()), "{} and {}", bytes(&engine), bytes(&ours.facts()));
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn memory_that_environment_blocks_refer_to() {
    let mut thread_block = vec![0; 0x2000];
    put(&mut thread_block, 0x60, &0x3_0000u64.to_le_bytes());
    let mut process_block = vec![0; 0x1000];
    put(&mut process_block, 0x20, &0x4_0000u64.to_le_bytes());
    let mut parameters = vec![0; 0x1000];
    put(&mut parameters, 0x70, &words(&[6, 0x5_0000]));
    put(&mut parameters, 0x80, &0x6_0000u64.to_le_bytes());
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread { teb: 0x2_0000, ..Thread::new(1) });
    let dump = dump.memory(0x2_0000, thread_block).memory(0x3_0000, process_block).memory(0x4_0000, parameters);
    let source = dump.memory(0x5_0000, b"c\0m\0d\0 \0").memory(0x6_0000, [7; 0x3000]).build();
    let out = Redumped::of(&source, "/mp");
    // Environment blocks, parameters, command line, environment.
    let expected = [(0x2_0000, 0x2000), (0x3_0000, 0x1000), (0x4_0000, 0x410), (0x5_0000, 6), (0x6_0000, 0x2000)];
    assert_eq!(out.ranges(), expected);
}

fn private_regions_that_touch() {
    let Case { engine, ours, .. } = case("synth/rows.dmp", "synth-from-rows/m_w.dmp", "/mw");
    let starts = |facts: &Facts<'_>| facts.ranges().iter().any(|range| range.address == 0x65_0000);
    assert_eq!((starts(&engine), starts(&ours.facts())), (true, false));
    assert!(!ours.facts().read(0x65_0000, 1).is_empty());
}

fn stack_without_bounds() {
    // The engine accepts neither bound of these stacks; the source does not give them a descriptor either.
    let Case { engine, ours, .. } = case("synth/stacks.dmp", "synth-from-stacks/m.dmp", "/m");
    let without = |facts: &Facts<'_>| -> Vec<u32> {
        facts.threads().iter().filter(|it| it.stack_size == 0).map(|it| it.id).collect()
    };
    // Here the stack pointers lead to the stacks.
    assert_eq!((without(&engine), without(&ours.facts())), (vec![106, 107, 108], vec![]));
    // Here there is no environment block, so this is the result of a plain `/m`. A second pass loses nothing.
    let thread = Thread::new(1).stack(Stack::Listed(0x1_0008, 0x800));
    let source =
        Dump::new().system_info(SystemInfo::default()).thread(thread).memory(0x1_0000, pattern(0x1_0000, 0x1000));
    let out = Redumped::of(&source.build(), "/m");
    assert_eq!(hex(&out.stacks()), hex(&[(0x1_0008, 0x800, true)]));
    out.assert_memory(&[(0x1_0008, 0x800)]);
}

fn headers_of_images() {
    let Case { source, engine, ours } = case("synth/sections.dmp", "synth-from-sections/m_d.dmp", "/md");
    // Two images with 3 and 25 section headers, which start at offset 0x188 of each image.
    for (base, end) in [(0x1_4000_0000, 0x200), (0x1_8000_0000, 0x188 + 25 * 40)] {
        assert!(engine.read(base, 1).is_empty());
        assert!(ours.facts().read(base, 0x1000) == Facts::of(source).read(base, end), "{base:#x}");
    }
    // The sections are found again: `ours` is already known to stay the same in a second pass. In the engine's result
    // they cannot be found.
    let again = Redumped::of(fixtures::get("synth-from-sections/m_d.dmp"), "/md");
    assert!(again.ranges().len() < engine.ranges().len());
}

fn memory_across_ranges() {
    // The threads are at 0x10 and 0x6ff0 in an image of 0x7000 bytes.
    let Case { engine, ours, .. } = case("synth/pointers.dmp", "synth-from-pointers/m.dmp", "/m");
    let image = |facts: &Facts<'_>| {
        let ranges = facts.ranges().into_iter().map(|range| (range.address, range.size));
        ranges.filter(|(address, _)| address >> 32 == 1).collect::<Vec<_>>()
    };
    assert_eq!(hex(&image(&engine)), hex(&[(0x1_4000_1780u64, 0x140)]));
    let expected = [(0x1_4000_0000u64, 0x90), (0x1_4000_1780, 0x140), (0x1_4000_6f70, 0x90)];
    assert_eq!(hex(&image(&ours.facts())), hex(&expected));
    // For a stack that is split into two ranges, the engine does not write a dump at all.
    let cpu = Cpu::AMD64;
    let thread = Thread { teb: 0x9000, ..Thread::new(1) }.context(cpu.context(0x6010, 0x1_0800));
    let dump = Dump::new().system_info(cpu.windows()).thread(thread).memory(0x9000, cpu.teb(0x1_2000, 0x1_0000));
    let dump = dump.memory(0x1_1000, pattern(0x1_1000, 0x1000)).memory(0x1_0000, pattern(0x1_0000, 0x1000));
    let dump = dump.memory(0x6000, pattern(0x6000, 0x20)).memory(0x5000, pattern(0x5000, 0x1000));
    Redumped::of(&dump.build(), "/m").assert_memory(&[(0x5f90, 0x90), (0x1_0800, 0x1800)]);
    // The last section of this image, at 0x19000, claims to extend beyond the end of the image.
    let Case { engine, ours, .. } = case("synth/sections.dmp", "synth-from-sections/m_d.dmp", "/md");
    let size = |facts: &Facts<'_>| facts.read(0x1_8001_9000, u64::MAX >> 1).len();
    assert_eq!((size(&engine), size(&ours.facts())), (0, 0x2_7000));
}

fn order_of_the_ranges() {
    let Case { engine, ours, .. } = case("synth/stacks.dmp", "synth-from-stacks/m.dmp", "/m");
    let addresses = |facts: &Facts<'_>| facts.ranges().iter().map(|range| range.address).collect::<Vec<_>>();
    assert!(!addresses(&engine).is_sorted());
    assert!(addresses(&ours.facts()).is_sorted());
    assert!(addresses(&engine).iter().all(|&address| !ours.facts().read(address, 1).is_empty()));
}

fn memory_without_a_region() {
    // 0x680000, and the first and third page of 0x690000, have no entry.
    let Case { engine, ours, .. } = case("synth/rows.dmp", "synth-from-rows/ma.dmp", "/ma");
    let near = |facts: &Facts<'_>| {
        let ranges = facts.ranges().into_iter().map(|range| (range.address, range.size));
        ranges.filter(|(address, _)| (0x68_0000..0x70_0000).contains(address)).collect::<Vec<_>>()
    };
    assert_eq!(hex(&near(&engine)), hex(&[(0x69_1000, 0x1000)]));
    let expected = [0x68_0000, 0x69_0000, 0x69_1000, 0x69_2000].map(|address| (address, 0x1000));
    assert_eq!(hex(&near(&ours.facts())), hex(&expected));
}

fn part_of_a_region() {
    let dump = base().memory(0x1000, pattern(0x1000, 0x123)).memory_info(MemoryInfo::new(0x1000, 0x1000));
    let out = Redumped::of(&dump.build(), "/mA");
    out.assert_memory(&[(0x1000, 0x123)]);
    assert_eq!(out.report.missing_memory, [MissingMemory { address: 0x1000, size: 0x1000, available: 0x123 }]);
}

fn overlapping_ranges() {
    let out = Redumped::of(&base().memory(0x1008, [1; 16]).memory(0x1000, [2; 16]).build(), "/mf");
    assert_eq!(hex(&out.ranges()), hex(&[(0x1000, 0x18)]));
    assert_eq!(out.facts().ranges()[0].bytes.0, [vec![2; 8], vec![1; 16]].concat());
}

fn addresses_above_2_gib() {
    // The addresses of the source are zero-extended; the engine's result lacks both the instruction of thread 1 and the
    // exception.
    let Case { engine, ours, .. } = case("synth32/high_zero.dmp", "synth32-from-high_zero/m.dmp", "/m");
    let high = |facts: &Facts<'_>| {
        let ranges = facts.ranges().into_iter().map(|range| (range.address, range.size));
        ranges.filter(|(address, _)| address & 0x8000_0000 != 0).collect::<Vec<_>>()
    };
    assert_eq!(hex(&high(&engine)), hex(&[(0xd000_0000u64, 0x1_0000), (0xb000_0000, 0x1_0000)]));
    let expected = [
        (0xffff_ffff_a000_1780u64, 0x100),
        (0xffff_ffff_a000_1f80, 0x100),
        (0xffff_ffff_a000_2f80, 0x100),
        (0xffff_ffff_b000_effc, 0x1004),
        (0xffff_ffff_d000_effc, 0x1004),
    ];
    assert_eq!(hex(&high(&ours.facts())), hex(&expected));
    // For the same process with sign-extended addresses, the engine does not write such a dump.
    let signed = Redumped::of(fixtures::get("synth32/high_stack.dmp"), "/m");
    assert_eq!(hex(&high(&signed.facts())), hex(&expected));
}

fn other_systems() {
    let thread = Thread { teb: 0x8000_1000, ..Thread::new(1) };
    let dump = Dump::new().system_info(Cpu::X86.linux()).thread(thread).module(Module::new(0xa000_0000, 1, "m"));
    let source = dump.memory(0x9000_0000, pattern(0x9000_0000, 16)).build();
    let out = Redumped::with(&source, &parsed("/ma"));
    let facts = out.facts();
    assert_eq!((facts.kinds(), out.made_up()), (vec![3, 4, 9, 7], vec![]));
    assert_eq!((facts.threads()[0].teb, facts.modules()[0].base), (0x8000_1000, 0xa000_0000));
    out.assert_memory(&[(0x9000_0000, 16)]);
}

fn unused_entries_and_version() {
    let Case { source, engine, ours } = streams("m", "/m");
    let unused = |facts: &Facts<'_>| facts.directory.iter().filter(|entry| entry.kind == 0).count();
    assert_eq!([unused(&Facts::of(source)), unused(&engine), unused(&ours.facts())], [4, 4, 0]);
    assert_eq!((engine.header.version, ours.facts().header.version), (0xa0d7_a793, 0xa793));
}
