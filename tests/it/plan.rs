//! What the builder is given is in the file, at offsets that the layout rules allow.

mod process;
mod records;

use libtest_mimic::Trial;
use userdump::error::Item;
use userdump::format::{self, RvaWidth, StreamType};
use userdump::write::{MemoryRange, PartId, Plan, Shortfall, Text, Written};
use userdump::{MinidumpBuilder, WriteError};

use crate::support::facts::{Facts, Rva};
use crate::support::trials;

/// A stale RVA in the caller's record; no file may contain it.
const STALE: u32 = 0xDEAD_0000;

pub fn trials() -> Vec<Trial> {
    let own = trials![
        the_directory_has_the_order_of_the_debugger,
        what_readers_look_at_first_comes_first,
        streams_of_one_type_keep_their_order,
        every_byte_of_a_dump_belongs_to_something,
        structures_and_texts_are_aligned,
        memory_contents_are_packed_at_the_end,
        the_order_of_adding_makes_no_difference,
        shared_parts_are_written_once,
        parts_that_nothing_refers_to_are_written,
        references_of_both_widths_point_where_they_should,
        references_may_go_round_in_circles,
        a_reference_beyond_its_part_is_refused,
        a_part_of_another_builder_is_refused,
        odd_text_is_kept_completely,
    ];
    [own, process::trials(), records::trials()].into_iter().flatten().collect()
}

/// Returns the file that the builder makes, and checks what the plan said about it.
pub fn write(builder: MinidumpBuilder<'_>) -> Vec<u8> {
    write_plan(builder.plan().expect("everything fits"))
}

/// Address and size of each range whose reader ended early, and the offset from which it is filled with zeros.
pub fn shortfalls(written: &Written) -> Vec<(u64, u64, u64)> {
    let of_one = |it: &Shortfall| {
        assert_eq!((it.offset + it.missing, it.error), (it.size, None));
        (it.address, it.size, it.offset)
    };
    written.shortfalls.iter().map(of_one).collect()
}

fn write_plan(plan: Plan<'_>) -> Vec<u8> {
    let size = plan.size();
    let promised: Vec<_> =
        plan.directory().iter().map(|it| (it.stream_type.0, it.location.data_size, it.location.rva)).collect();
    let mut file = Vec::new();
    let written = plan.write_to(&mut file).expect("a vector accepts every write");
    assert_eq!((written.size, written.shortfalls.len()), (size, 0));
    assert_eq!(file.len() as u64, size);
    let facts = Facts::of(&file);
    let found: Vec<_> = facts.directory.iter().map(|it| (it.kind, it.size, it.rva.0 as u32)).collect();
    assert_eq!(found, promised);
    file
}

/// The kind of thing at an offset of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    pub start: u64,
    pub end: u64,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Head,
    Stream(u32),
    /// A context, a debug record or object information.
    Record,
    Text,
    Memory,
}

impl What {
    fn align(self) -> u64 {
        match self {
            Self::Head | Self::Stream(_) | Self::Record => 8,
            Self::Text => 4,
            Self::Memory => 1,
        }
    }
}

/// Everything that the plain decoder finds in a file, in file order, with shared extents listed once.
pub fn extents(facts: &Facts<'_>) -> Vec<Extent> {
    let mut found = vec![(Rva(0), 32 + 12 * u64::from(facts.header.streams), What::Head)];
    found.extend(facts.directory.iter().map(|it| (it.rva, it.size.into(), What::Stream(it.kind))));
    let modules = facts.modules();
    let handles = facts.handles();
    found.extend(facts.threads().iter().map(|it| (it.context_at, it.context.len() as u64, What::Record)));
    found.extend(facts.exceptions().iter().map(|it| (it.context_at, it.context.len() as u64, What::Record)));
    for module in &modules {
        found.push((module.code_view_at, module.code_view.len() as u64, What::Record));
        found.push((module.misc_at, module.misc.len() as u64, What::Record));
    }
    let objects = handles.iter().flat_map(|handle| &handle.objects);
    found.extend(objects.map(|object| (object.at, 12 + object.bytes.len() as u64, What::Record)));
    found.extend(facts.ranges().iter().map(|range| (range.at, range.size, What::Memory)));
    let (unloaded, names, system) = (facts.unloaded_modules(), facts.thread_names(), facts.system_info());
    let texts = modules.iter().map(|it| &it.name);
    let texts = texts.chain(handles.iter().flat_map(|it| [&it.type_name, &it.object_name]));
    let texts = texts.chain(unloaded.iter().map(|it| &it.name)).chain(names.iter().map(|it| &it.name));
    for text in texts.chain(system.iter().map(|it| &it.service_pack)).filter(|text| text.at != Rva(0)) {
        // The size, the UTF-16 units and the NUL.
        found.push((text.at, 4 + u64::from(facts.u32(text.at.0)) + 2, What::Text));
    }
    let mut extents: Vec<Extent> = found
        .into_iter()
        .filter(|&(_, size, _)| size > 0)
        .map(|(at, size, what)| Extent { start: at.0, end: at.0 + size, what })
        .collect();
    extents.sort();
    extents.dedup();
    extents
}

/// Checks that no two extents overlap, that the gaps between them are zero and no larger than alignment requires, and
/// that everything is at an allowed offset.
pub fn check_layout(file: &[u8]) {
    let mut end = 0;
    for extent in extents(&Facts::of(file)) {
        assert!(extent.start >= end, "{extent:x?} begins before {end:#x}");
        let gap = &file[end as usize..extent.start as usize];
        assert!(gap.len() < 8 && gap.iter().all(|byte| *byte == 0), "{gap:x?} before {extent:x?}");
        assert_eq!(extent.start % extent.what.align(), 0, "{extent:x?}");
        end = extent.end;
    }
    assert_eq!(end, file.len() as u64, "there is data after the last known extent");
}

/// A dump with one of everything, with odd sizes where they are allowed.
pub fn one_of_everything<'a>() -> MinidumpBuilder<'a> {
    let mut dump = MinidumpBuilder::new();
    let [long, short] = ["C:\\a\\long.exe", "s"].map(|text| dump.text(text));
    let empty = dump.text("");
    let contexts = [60, 17, 5].map(|size| dump.part("CONTEXT", vec![0xC0; size]));
    let code_view = dump.part("CodeView record", b"RSDS, then a name");
    let misc = dump.part("IMAGE_DEBUG_MISC", &[3; 3]);
    let objects: [_; 2] = std::array::from_fn(|index| {
        let head = [[0; 4], 5u32.to_le_bytes(), (index as u32).to_le_bytes()].concat();
        dump.part("object", [head, vec![7; index]].concat())
    });
    dump.reference(objects[0], 0, RvaWidth::Rva, objects[1]);
    for (id, context) in contexts.iter().enumerate() {
        dump.thread(records::thread(id as u32 + 1, 0x7000 * (id as u64 + 1), 9), Some(*context));
    }
    dump.thread_name(1, short).thread_info(format::thread::ThreadInfo { thread_id: 1, ..Default::default() });
    dump.module(format::Module { base_of_image: 1, ..Default::default() }, long, Some(code_view), Some(misc));
    dump.module(format::Module { base_of_image: 2, ..Default::default() }, empty, None, Some(misc));
    dump.unloaded_module(format::module::UnloadedModule::default(), Some(short));
    dump.handle(format::handle::HandleDescriptor2::default(), Some(short), Some(long), Some(objects[0]));
    dump.memory_info(format::MemoryInfo { base_address: 5, ..Default::default() });
    dump.exception(format::ExceptionStream { thread_id: 1, ..Default::default() }, Some(contexts[1]));
    dump.exception(format::ExceptionStream { thread_id: 2, ..Default::default() }, None);
    dump.system_info(format::SystemInfo::default(), Some(empty)).misc_info(format::system::MiscInfo5::default());
    dump.comment("odd").stream(StreamType(0x1_0001), vec![1; 7]);
    dump.stream(StreamType::TOKEN, vec![2; 3]);
    dump.memory(MemoryRange::borrowed(0x7000, &[5; 9])).memory(MemoryRange::borrowed(0x100, &[6; 2]));
    dump.memory64(MemoryRange::borrowed(0x900, &[7; 7]));
    dump.memory64(MemoryRange::borrowed(0x1900, &[9; 11]));
    dump
}

fn the_directory_has_the_order_of_the_debugger() {
    let mut dump = MinidumpBuilder::new();
    // Raw streams first, lists last, each in reverse order.
    for kind in [0x9999_0000, 22, 21, 19, 13, 10, 0x1_0000, 23] {
        dump.stream(StreamType(kind), vec![1; 4]);
    }
    let name = dump.text("n");
    dump.thread_name(1, name).comment("c").handle(Default::default(), None, None, None);
    dump.misc_info(Default::default()).system_info(Default::default(), None).exception(Default::default(), None);
    dump.memory_info(Default::default()).memory64(MemoryRange::borrowed(1, &[1]));
    dump.memory(MemoryRange::borrowed(1, &[1])).unloaded_module(Default::default(), None);
    dump.nameless_module(Default::default(), None, None).thread_info(Default::default());
    dump.thread(Default::default(), None);
    let file = write(dump);
    let expected =
        [3, 17, 4, 14, 13, 19, 5, 9, 16, 6, 7, 15, 12, 21, 22, 11, 24, 0x9999_0000, 10, 0x1_0000, 23].as_slice();
    assert_eq!(Facts::of(&file).kinds(), expected);
}

/// The debugger of 2017 finds only system information that ends within the first MiB. With 20,000 ranges and as many
/// rows of memory information it used to be beyond that.
fn what_readers_look_at_first_comes_first() {
    for is_compressed in [false, true] {
        let mut dump = MinidumpBuilder::new();
        let [name, service_pack] = [dump.text("app"), dump.text("Service Pack 1")];
        let context = dump.part("CONTEXT", vec![1; 1232]);
        for number in 0..30_000 {
            dump.memory_info(Default::default()).memory64(MemoryRange::borrowed(number << 12, &[1]));
            dump.thread_name(1, name).thread(Default::default(), None);
        }
        dump.exception(Default::default(), Some(context)).misc_info(Default::default());
        dump.system_info(Default::default(), Some(service_pack));
        if is_compressed {
            dump.compressed();
        }
        let (plan, mut file) = (dump.plan().expect("everything fits"), Vec::new());
        plan.write_to(&mut file).expect("a vector accepts every write");
        let facts = Facts::of(&file);
        let first = [7, 15, 6].map(|kind| facts.stream(kind).expect("it is present").rva);
        let system = facts.system_info().expect("it is present");
        let exception = &facts.exceptions()[0];
        assert_eq!(system.service_pack.text.as_deref(), Some("Service Pack 1"));
        let last = [exception.context_at, system.service_pack.at].into_iter().chain(first).max();
        assert!(first.is_sorted() && last.is_some_and(|last| last < Rva(0x2000)), "{first:?}, {last:?}");
    }
}

fn streams_of_one_type_keep_their_order() {
    let mut dump = MinidumpBuilder::new();
    for (kind, byte) in [(99, 1), (10, 2), (99, 3), (10, 4)] {
        dump.stream(StreamType(kind), vec![byte; 2]);
    }
    dump.comment("1").comment("2");
    let file = write(dump);
    let facts = Facts::of(&file);
    let found: Vec<_> = facts.directory.iter().map(|it| (it.kind, facts.u8(it.rva.0))).collect();
    assert_eq!(found, [(11, b'1'), (11, b'2'), (99, 1), (10, 2), (99, 3), (10, 4)]);
}

fn every_byte_of_a_dump_belongs_to_something() {
    let file = write(one_of_everything());
    check_layout(&file);
    let found = extents(&Facts::of(&file));
    let count = |wanted: fn(&What) -> bool| found.iter().filter(|it| wanted(&it.what)).count();
    assert_eq!(count(|what| matches!(what, What::Stream(_))), 16);
    assert_eq!(count(|what| *what == What::Record), 3 + 2 + 2);
    assert_eq!((count(|what| *what == What::Text), count(|what| *what == What::Memory)), (3, 4));
}

fn structures_and_texts_are_aligned() {
    // Odd sizes in every order: the next part must be aligned again.
    for shift in 1..10 {
        let mut dump = MinidumpBuilder::new();
        dump.stream(StreamType(0x1_0000), vec![1; shift]);
        let texts = ["", "1", "22", "333"].map(|text| dump.text(text));
        for (index, text) in texts.into_iter().enumerate() {
            let record = dump.part("record", vec![index as u8; shift + index + 1]);
            dump.module(Default::default(), text, Some(record), None);
        }
        dump.memory(MemoryRange::borrowed(5, &[2; 3])).memory64(MemoryRange::borrowed(9, &[3; 5]));
        let file = write(dump);
        check_layout(&file);
        let found = extents(&Facts::of(&file));
        for (before, next) in found.iter().zip(&found[1..]) {
            assert_eq!(
                next.start,
                before.end.next_multiple_of(next.what.align()),
                "{next:x?} begins after too large a gap"
            );
        }
    }
}

fn memory_contents_are_packed_at_the_end() {
    let file = write(one_of_everything());
    let facts = Facts::of(&file);
    let ranges = facts.ranges();
    let list64 = facts.stream(9).expect("it is present");
    let (list, wide) = ranges.split_at(2);
    assert_eq!(list[0].at.0 + 9, list[1].at.0);
    assert_eq!(wide[0].at.0 + 7, wide[1].at.0);
    assert_eq!(wide[1].at.0 + 11, file.len() as u64);
    assert_eq!(facts.u64(list64.rva.0 + 8), list64.rva.0 + u64::from(list64.size), "the bytes come after the list");
    let first = list[0].at.0;
    let metadata = extents(&facts).into_iter().filter(|it| it.what != What::Memory && it.what != What::Stream(9));
    assert!(metadata.into_iter().all(|it| it.end <= first), "metadata comes first");
}

fn the_order_of_adding_makes_no_difference() {
    fn texts(dump: &mut MinidumpBuilder<'_>, turned: bool) -> [PartId; 2] {
        let mut add = |text: &str| dump.text(text);
        if turned {
            let second = add("second");
            [add("first"), second]
        } else {
            [add("first"), add("second")]
        }
    }
    type Step = fn(&mut MinidumpBuilder<'_>, [PartId; 2]);
    let steps: [Step; 6] = [
        |dump, [first, _]| _ = dump.module(format::Module::default(), first, None, None),
        |dump, [first, second]| _ = dump.thread_name(1, second).thread_name(2, first),
        |dump, _| {
            let context = dump.part("CONTEXT", vec![5; 9]);
            dump.thread(records::thread(1, 0x7000, 3), Some(context));
        },
        |dump, [_, second]| _ = dump.system_info(format::SystemInfo::default(), Some(second)),
        |dump, _| _ = dump.memory(MemoryRange::borrowed(0x7000, &[1; 3])).comment("c").flags(Default::default()),
        |dump, _| _ = dump.stream(StreamType::TOKEN, vec![7; 2]),
    ];
    let build = |turned: bool, order: [usize; 6]| {
        let mut dump = MinidumpBuilder::new();
        let texts = texts(&mut dump, turned);
        order.into_iter().for_each(|step| steps[step](&mut dump, texts));
        write(dump)
    };
    let expected = build(false, [0, 1, 2, 3, 4, 5]);
    for order in [[5, 4, 3, 2, 1, 0], [2, 0, 4, 1, 5, 3], [1, 3, 5, 0, 2, 4]] {
        assert!(build(false, order) == expected, "{order:?}");
        assert!(build(true, order) == expected, "{order:?}, texts reversed");
    }
    assert!(build(true, [0, 1, 2, 3, 4, 5]) == expected, "texts reversed");
}

fn shared_parts_are_written_once() {
    let mut dump = MinidumpBuilder::new();
    let name = dump.text("UniqueText");
    let context = dump.part("CONTEXT", b"UniqueBytes");
    for id in 0..50 {
        dump.thread(records::thread(id, 0, 0), Some(context)).thread_name(id, name);
        dump.module(Default::default(), name, Some(context), Some(context));
        dump.unloaded_module(Default::default(), Some(name)).exception(Default::default(), Some(context));
    }
    let file = write(dump);
    check_layout(&file);
    let times = |wanted: &[u8]| file.windows(wanted.len()).filter(|window| *window == wanted).count();
    assert_eq!((times(b"UniqueBytes"), times(b"U\0n\0i\0q\0u\0e\0T\0e\0x\0t\0\0\0")), (1, 1));
    assert!(Facts::of(&file).threads().iter().all(|thread| thread.context.0 == b"UniqueBytes"));
}

fn parts_that_nothing_refers_to_are_written() {
    let mut dump = MinidumpBuilder::new();
    dump.part("loose", b"nobody points here");
    let file = write(dump);
    assert_eq!(file[32..], *b"nobody points here");
}

fn references_of_both_widths_point_where_they_should() {
    let mut dump = MinidumpBuilder::new();
    let target = dump.part("target", b"target");
    let middle = dump.part("middle", vec![0xFF; 12]);
    let stream = dump.stream(StreamType(0x1_0000), vec![0xFF; 23]);
    dump.reference(stream, 3, RvaWidth::Rva, middle).reference(stream, 15, RvaWidth::Rva64, target);
    dump.reference(middle, 8, RvaWidth::Rva, target).reference(middle, 0, RvaWidth::Rva64, stream);
    let file = write(dump);
    let facts = Facts::of(&file);
    let at = facts.stream(0x1_0000).expect("it is present").rva.0;
    let (to_middle, to_target) = (u64::from(facts.u32(at + 3)), facts.u64(at + 15));
    assert_eq!(facts.blob(Rva(to_target), 6).0, b"target");
    assert_eq!((facts.u64(to_middle), u64::from(facts.u32(to_middle + 8))), (at, to_target));
    let around = [at..at + 3, at + 7..at + 15].map(|range| range.into_iter().all(|byte| facts.u8(byte) == 0xFF));
    assert_eq!(around, [true; 2], "bytes outside references do not change");
}

fn references_may_go_round_in_circles() {
    let mut dump = MinidumpBuilder::new();
    let [one, two] = [1, 2].map(|byte| dump.part("ring", vec![byte; 6]));
    dump.reference(one, 0, RvaWidth::Rva, two).reference(two, 0, RvaWidth::Rva, one);
    let own = dump.stream(StreamType(0x1_0000), vec![3; 8]);
    dump.reference(own, 0, RvaWidth::Rva, own).reference(own, 4, RvaWidth::Rva, one);
    let file = write(dump);
    let facts = Facts::of(&file);
    let at = facts.stream(0x1_0000).expect("it is present").rva.0;
    let first = u64::from(facts.u32(at + 4));
    let second = u64::from(facts.u32(first));
    assert_eq!((u64::from(facts.u32(at)), u64::from(facts.u32(second))), (at, first));
    assert_eq!([first, second].map(|at| facts.u16(at + 4)), [0x0101, 0x0202]);
}

fn a_reference_beyond_its_part_is_refused() {
    for (position, width, fits) in [
        (4, RvaWidth::Rva, true),
        (0, RvaWidth::Rva64, true),
        (5, RvaWidth::Rva, false),
        (1, RvaWidth::Rva64, false),
        (8, RvaWidth::Rva, false),
        (u64::MAX, RvaWidth::Rva, false),
    ] {
        let mut dump = MinidumpBuilder::new();
        dump.text("index 0");
        let part = dump.part("short", vec![0; 8]);
        dump.reference(part, position, width, part);
        let result = dump.plan().map(|plan| plan.size());
        if fits {
            assert!(result.is_ok(), "{position} {width:?}");
            continue;
        }
        let Err(WriteError::InvalidInput { item, reason }) = result else {
            panic!("{position} {width:?}: {result:?}");
        };
        assert_eq!(item, Item { name: "short", index: Some(1) });
        assert_eq!(reason, "a reference is beyond its end");
    }
}

fn a_part_of_another_builder_is_refused() {
    let mut other = MinidumpBuilder::new();
    let foreign = [(); 9].map(|()| other.part("foreign", vec![1; 8]))[8];
    type Use = fn(&mut MinidumpBuilder<'_>, PartId);
    let uses: [(&str, Use); 9] = [
        ("context", |dump, foreign| _ = dump.thread(Default::default(), Some(foreign))),
        ("exception context", |dump, foreign| _ = dump.exception(Default::default(), Some(foreign))),
        ("CodeView", |dump, foreign| _ = dump.nameless_module(Default::default(), Some(foreign), None)),
        ("misc", |dump, foreign| _ = dump.nameless_module(Default::default(), None, Some(foreign))),
        ("source of a reference", |dump, foreign| _ = dump.reference(foreign, 0, RvaWidth::Rva, foreign)),
        ("module name", |dump, foreign| _ = dump.module(Default::default(), foreign, None, None)),
        ("thread name", |dump, foreign| _ = dump.thread_name(1, foreign)),
        ("handle", |dump, foreign| _ = dump.handle(Default::default(), Some(foreign), None, None)),
        ("service pack", |dump, foreign| _ = dump.system_info(Default::default(), Some(foreign))),
    ];
    for (what, add) in uses {
        let mut dump = MinidumpBuilder::new();
        add(&mut dump, foreign);
        let result = dump.plan().map(|plan| plan.size());
        assert!(
            matches!(result, Err(WriteError::InvalidInput { item: Item { name: "part", index: Some(8) }, .. })),
            "{what}: {result:?}"
        );
    }
}

fn odd_text_is_kept_completely() {
    let mut dump = MinidumpBuilder::new();
    let name = dump.text(Text::from_utf16_le(&[0x61, 0, 0x62]));
    let end = dump.text("end");
    dump.thread_name(1, name).thread_name(2, end);
    let file = write(dump);
    let facts = Facts::of(&file);
    let names = facts.thread_names();
    assert_eq!(facts.blob(names[0].name.at, 9).0, [3, 0, 0, 0, 0x61, 0, 0x62, 0, 0]);
    assert_eq!(names[1].name.at.0 % 4, 0);
    assert_eq!(names[1].name.text.as_deref(), Some("end"));
}
