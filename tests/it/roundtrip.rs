//! Random dumps, written and read back by the plain decoder and by the crate's own reader.

mod input;

use libtest_mimic::Trial;
use userdump::format;
use userdump::read::handle::HandleData;
use userdump::read::memory::{Memory64List, MemoryInfoList, MemoryList};
use userdump::read::module::UnloadedModuleList;
use userdump::read::text::Utf16;
use userdump::read::thread::{ThreadInfoList, ThreadNames};
use userdump::read::{Minidump, ModuleList, SystemInfo, ThreadList};

use input::Number;
pub use input::{Input, Random};

use crate::plan::{check_layout, write};
use crate::support::facts::{Facts, Name};
use crate::support::spans::position_of;
use crate::support::trials;

const CASES: u64 = 200;

pub fn trials() -> Vec<Trial> {
    trials![
        the_plain_decoder_finds_what_went_in,
        the_reader_finds_what_went_in,
        the_same_input_makes_the_same_file,
        random_dumps_have_everything_occasionally,
        random_numbers_are_spread,
    ]
}

fn random_numbers_are_spread() {
    let mut random = Random::new(1);
    let mut counts = [0; 16];
    (0..16_000).for_each(|_| counts[random.below(16) as usize] += 1);
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    let firsts: Vec<u64> = (0..100).map(|seed| Random::new(seed).below(1 << 40)).collect();
    assert!((0..100).all(|at| !firsts[..at].contains(&firsts[at])));
}

fn the_same_input_makes_the_same_file() {
    for seed in 0..CASES {
        let input = Input::random(seed);
        assert!(write(input.build()) == write(input.build()), "seed {seed}");
    }
}

/// The other tests do not cover what never occurs, or is always empty.
fn random_dumps_have_everything_occasionally() {
    let inputs: Vec<Input> = (0..CASES).map(Input::random).collect();
    fn sizes<T>(inputs: &[Input], rows: impl Fn(&Input) -> Option<&Vec<T>>) -> [bool; 3] {
        let found: Vec<Option<usize>> = inputs.iter().map(|input| rows(input).map(Vec::len)).collect();
        [found.contains(&None), found.contains(&Some(0)), found.contains(&Some(4))]
    }
    let all = [
        sizes(&inputs, |input| input.threads.as_ref()),
        sizes(&inputs, |input| input.thread_infos.as_ref()),
        sizes(&inputs, |input| input.thread_names.as_ref()),
        sizes(&inputs, |input| input.modules.as_ref()),
        sizes(&inputs, |input| input.unloaded.as_ref()),
        sizes(&inputs, |input| input.handles.as_ref()),
        sizes(&inputs, |input| input.memory_infos.as_ref()),
        sizes(&inputs, |input| input.memory.as_ref()),
        sizes(&inputs, |input| input.memory64.as_ref()),
    ];
    assert_eq!(all, [[true; 3]; 9]);
    let files: Vec<Vec<u8>> = inputs.iter().map(|input| write(input.build())).collect();
    let stacks = files.iter().flat_map(|file| Facts::of(file).threads().into_iter().map(|it| it.stack_at.0 != 0));
    let (found, nowhere): (Vec<bool>, Vec<bool>) = stacks.partition(|found| *found);
    assert!(found.len() > 5 && nowhere.len() > 5, "{} stacks are ranges, {} are not", found.len(), nowhere.len());
    let texts = || inputs.iter().flat_map(|input| &input.texts);
    assert!(texts().any(Vec::is_empty) && texts().any(|text| String::from_utf16(text).is_err()));
}

/// The UTF-16 units at an offset, decoded by hand.
fn units(facts: &Facts<'_>, name: &Name) -> Option<Vec<u16>> {
    let at = name.at.0;
    (at != 0).then(|| (0..u64::from(facts.u32(at)) / 2).map(|unit| facts.u16(at + 4 + 2 * unit)).collect())
}

fn the_plain_decoder_finds_what_went_in() {
    for seed in 0..CASES {
        let input = Input::random(seed);
        let file = write(input.build());
        check_layout(&file);
        let facts = Facts::of(&file);
        assert_eq!((facts.header.flags, facts.header.timestamp), (input.flags, input.time), "seed {seed}");
        check_directory(&input, &facts);
        check_threads(&input, &facts);
        check_modules(&input, &facts);
        check_handles(&input, &facts);
        check_process(&input, &facts);
        check_memory(&input, &facts);
    }
}

fn check_directory(input: &Input, facts: &Facts<'_>) {
    let mut expected: Vec<u32> = input.raw.iter().map(|(kind, _)| *kind).collect();
    expected.extend(input.exceptions.iter().map(|_| 6).chain(input.comments.iter().map(|_| 11)));
    expected.extend(input.system.map(|_| 7));
    expected.extend(input.lists());
    let mut found = facts.kinds();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    // Equal types in the order in which they were added.
    for (kind, _) in &input.raw {
        let of_kind = input.raw.iter().filter(|(other, _)| other == kind).map(|(_, bytes)| bytes.as_slice());
        let streams = facts.directory.iter().filter(|it| it.kind == *kind);
        assert!(streams.map(|it| facts.blob(it.rva, it.size.into()).0).eq(of_kind), "{kind}");
    }
}

fn check_threads(input: &Input, facts: &Facts<'_>) {
    let rows = input.threads.iter().flatten();
    let threads = facts.threads();
    assert_eq!(threads.len(), rows.clone().count());
    for (found, (row, context)) in threads.iter().zip(rows) {
        let numbers = [found.id, found.suspend_count, found.priority_class, found.priority, found.stack_size];
        let stack = row.stack;
        let expected = [row.thread_id, row.suspend_count, row.priority_class, row.priority, stack.memory.data_size];
        assert_eq!((numbers, found.teb, found.stack_start), (expected, row.teb, stack.start_of_memory_range));
        assert_eq!(found.context.0, input.record(*context));
        let size = u64::from(stack.memory.data_size);
        assert_eq!(found.stack_at.0, position_of(&facts.ranges(), found.stack_start, size));
    }
    let infos: Vec<_> = input.thread_infos.iter().flatten().copied().collect();
    let found = facts.thread_infos().into_iter().map(|it| format::thread::ThreadInfo {
        thread_id: it.id,
        dump_flags: it.flags,
        dump_error: it.error,
        exit_status: it.exit_status,
        create_time: it.times[0],
        exit_time: it.times[1],
        kernel_time: it.times[2],
        user_time: it.times[3],
        start_address: it.start_address,
        affinity: it.affinity,
    });
    assert_eq!(found.collect::<Vec<_>>(), infos);
    let names = facts.thread_names().into_iter().map(|it| (it.thread, units(facts, &it.name)));
    let expected = input.thread_names.iter().flatten().map(|(id, name)| (*id, Some(input.texts[*name].clone())));
    assert_eq!(names.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

fn check_modules(input: &Input, facts: &Facts<'_>) {
    let rows = input.modules.iter().flatten();
    let modules = facts.modules();
    assert_eq!(modules.len(), rows.clone().count());
    for (found, (row, name, code_view, misc)) in modules.iter().zip(rows) {
        let numbers = (found.base, found.size, found.checksum, found.timestamp, found.reserved);
        let reserved = [row.reserved0, row.reserved1];
        assert_eq!(numbers, (row.base_of_image, row.size_of_image, row.check_sum, row.time_date_stamp, reserved));
        assert_eq!(found.version[0], row.version_info.signature);
        assert_eq!((found.version[1..12].to_vec(), found.version[12]), (vec![0; 11], row.version_info.file_date_ls));
        assert_eq!(units(facts, &found.name).as_deref(), input.units(*name));
        assert_eq!((found.code_view.0, found.misc.0), (input.record(*code_view), input.record(*misc)));
    }
    let found = facts.unloaded_modules().into_iter().map(|it| {
        let row = format::module::UnloadedModule {
            base_of_image: it.base,
            size_of_image: it.size,
            check_sum: it.checksum,
            time_date_stamp: it.timestamp,
            module_name_rva: 0,
        };
        (row, units(facts, &it.name))
    });
    let rows = input.unloaded.iter().flatten();
    let expected = rows.map(|(row, name)| {
        (format::module::UnloadedModule { module_name_rva: 0, ..*row }, input.units(*name).map(<[u16]>::to_vec))
    });
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

fn check_handles(input: &Input, facts: &Facts<'_>) {
    let rows = input.handles.iter().flatten();
    let handles = facts.handles();
    assert_eq!(handles.len(), rows.clone().count());
    for (found, (row, kind, name)) in handles.iter().zip(rows) {
        let raw = row.descriptor;
        assert_eq!((found.handle, found.reserved, found.objects.len()), (raw.handle, Some(row.reserved0), 0));
        let numbers = [found.attributes, found.access, found.handles, found.pointers];
        assert_eq!(numbers, [raw.attributes, raw.granted_access, raw.handle_count, raw.pointer_count]);
        assert_eq!(units(facts, &found.type_name).as_deref(), input.units(*kind));
        assert_eq!(units(facts, &found.object_name).as_deref(), input.units(*name));
    }
}

fn check_process(input: &Input, facts: &Facts<'_>) {
    let exceptions = facts.exceptions();
    assert_eq!(exceptions.len(), input.exceptions.len());
    for (found, (row, context)) in exceptions.iter().zip(&input.exceptions) {
        let raw = row.exception_record;
        let numbers = [found.thread, found.code, found.flags, found.parameters];
        let expected = [row.thread_id, raw.exception_code, raw.exception_flags, raw.number_parameters];
        assert_eq!((numbers, found.alignment), (expected, [row.alignment, raw.alignment]));
        assert_eq!((found.record, found.address), (raw.exception_record, raw.exception_address));
        assert_eq!((found.information, found.context.0), (raw.exception_information, input.record(*context)));
    }
    let system = facts.system_info();
    assert_eq!(system.is_some(), input.system.is_some());
    for (found, (row, version)) in system.iter().zip(&input.system) {
        assert_eq!(
            (found.architecture, found.level, found.processors),
            (9, row.processor_level, row.number_of_processors)
        );
        assert_eq!((found.build, found.cpu.0), (row.build_number, row.cpu.as_slice()));
        assert_eq!(units(facts, &found.service_pack).as_deref(), input.units(*version));
    }
    let comments = facts.directory.iter().filter(|it| it.kind == 11);
    let found = comments.map(|it| facts.blob(it.rva, it.size.into()).0.to_vec());
    let expected = input
        .comments
        .iter()
        .map(|text| input.texts[*text].iter().chain(&[0]).flat_map(|unit| unit.to_le_bytes()).collect());
    assert_eq!(found.collect::<Vec<Vec<u8>>>(), expected.collect::<Vec<Vec<u8>>>());
    let infos: Vec<_> = input.memory_infos.iter().flatten().copied().collect();
    let found = facts.memory_infos().into_iter().map(|it| format::MemoryInfo {
        base_address: it.base,
        allocation_base: it.allocation_base,
        allocation_protect: it.allocation_protect,
        alignment1: it.alignment[0],
        region_size: it.size,
        state: it.state,
        protect: it.protect,
        memory_type: it.kind,
        alignment2: it.alignment[1],
    });
    assert_eq!(found.collect::<Vec<_>>(), infos);
}

fn check_memory(input: &Input, facts: &Facts<'_>) {
    let ranges = facts.ranges();
    let found = ranges.iter().map(|range| (range.address, range.bytes.0));
    let expected =
        input.memory.iter().chain(&input.memory64).flatten().map(|(address, bytes)| (*address, bytes.as_slice()));
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

fn the_reader_finds_what_went_in() {
    for seed in 0..CASES {
        let input = Input::random(seed);
        let file = write(input.build());
        read_back(&input, &Minidump::parse(&file).expect("it is a minidump"));
    }
}

/// The rows of a list, or none if the dump has no such list; the input decides which is right.
macro_rules! rows {
    ($dump:ident, $list:ty, $input:expr) => {{
        let list = $dump.stream::<$list>().expect("the list is valid");
        assert_eq!(list.is_some(), $input.is_some());
        assert_eq!(list.map_or(0, |list| list.len()), $input.iter().flatten().count() as u64);
        assert!(list.is_none_or(|list| list.fault().is_none()));
        list.into_iter().flatten().zip($input.iter().flatten())
    }};
}

fn read_back(input: &Input, dump: &Minidump<'_>) {
    let same = |found: Option<Utf16<'_>>, number: Option<Number>| {
        // A reader's text ends before its first NUL.
        let written = input.units(number).and_then(|units| units.split(|&unit| unit == 0).next());
        assert_eq!(found.map(|text| text.units().collect::<Vec<_>>()).as_deref(), written);
    };
    assert_eq!((dump.header().flags, dump.header().time_date_stamp), (input.flags, input.time));
    for (thread, (row, context)) in rows!(dump, ThreadList<'_>, input.threads) {
        let raw = thread.raw();
        let stack = format::MemoryDescriptor {
            memory: format::LocationDescriptor { rva: raw.stack.memory.rva, ..row.stack.memory },
            ..row.stack
        };
        assert_eq!(*raw, format::Thread { stack, thread_context: raw.thread_context, ..*row });
        let bytes = thread.context().expect("it is present").map_or(&[][..], |context| context.as_bytes());
        assert_eq!(bytes, input.record(*context));
    }
    for (info, row) in rows!(dump, ThreadInfoList<'_>, input.thread_infos) {
        assert_eq!(info.raw(), row);
    }
    for (found, (id, name)) in rows!(dump, ThreadNames<'_>, input.thread_names) {
        assert_eq!(found.thread_id(), *id);
        same(found.name().ok(), Some(*name));
    }
    for (module, (row, name, code_view, misc)) in rows!(dump, ModuleList<'_>, input.modules) {
        let raw = *module.raw();
        let places = format::Module {
            module_name_rva: raw.module_name_rva,
            cv_record: raw.cv_record,
            misc_record: raw.misc_record,
            ..*row
        };
        assert_eq!(raw, places);
        assert_eq!(raw.module_name_rva == 0, name.is_none());
        if name.is_some() {
            same(module.name().ok(), *name);
        }
        let bytes = [raw.cv_record, raw.misc_record].map(|it| dump.location("record", it).expect("it is present"));
        assert_eq!(bytes, [input.record(*code_view), input.record(*misc)]);
    }
    for (module, (row, name)) in rows!(dump, UnloadedModuleList<'_>, input.unloaded) {
        let raw = *module.raw();
        assert_eq!(raw, format::module::UnloadedModule { module_name_rva: raw.module_name_rva, ..*row });
        assert_eq!(raw.module_name_rva == 0, name.is_none());
        if name.is_some() {
            same(module.name().ok(), *name);
        }
    }
    for (handle, (row, kind, name)) in rows!(dump, HandleData<'_>, input.handles) {
        let (found, row) = (handle.raw().descriptor, row.descriptor);
        let places = (found.type_name_rva, found.object_name_rva);
        assert_eq!(
            found,
            format::handle::HandleDescriptor { type_name_rva: places.0, object_name_rva: places.1, ..row }
        );
        same(handle.type_name().expect("it is present"), *kind);
        same(handle.object_name().expect("it is present"), *name);
        assert_eq!(handle.object_information().count(), 0);
    }
    for (region, row) in rows!(dump, MemoryInfoList<'_>, input.memory_infos) {
        assert_eq!(region.raw(), row);
    }
    let exceptions: Vec<_> = dump.exceptions().collect::<Result<_, _>>().expect("they are valid");
    assert_eq!(exceptions.len(), input.exceptions.len());
    for (exception, (row, context)) in exceptions.iter().zip(&input.exceptions) {
        let raw = *exception.raw();
        assert_eq!(raw, format::ExceptionStream { thread_context: raw.thread_context, ..*row });
        let bytes = exception.context().expect("it is present").map_or(&[][..], |context| context.as_bytes());
        assert_eq!(bytes, input.record(*context));
    }
    let system = dump.stream::<SystemInfo<'_>>().expect("it is valid");
    assert_eq!(system.is_some(), input.system.is_some());
    for (found, (row, _)) in system.iter().zip(&input.system) {
        let raw = *found.raw();
        assert_eq!(raw, format::SystemInfo { csd_version_rva: raw.csd_version_rva, ..*row });
    }
    read_back_memory(input, dump);
}

/// Checks each byte of each range, by address; where ranges overlap, the first in list order takes precedence.
fn read_back_memory(input: &Input, dump: &Minidump<'_>) {
    let list = dump.stream::<MemoryList<'_>>().expect("it is valid");
    let list64 = dump.stream::<Memory64List<'_>>().expect("it is valid");
    assert_eq!((list.is_some(), list64.is_some()), (input.memory.is_some(), input.memory64.is_some()));
    let ranges = || input.memory.iter().chain(&input.memory64).flatten();
    let found = list.into_iter().flatten().chain(list64.into_iter().flatten());
    let found: Vec<_> = found.map(|range| (range.address, range.size, range.bytes().unwrap())).collect();
    let expected: Vec<_> = ranges().map(|(address, bytes)| (*address, bytes.len() as u64, bytes.as_slice())).collect();
    assert_eq!(found, expected);
    let memory = dump.memory();
    for (address, bytes) in ranges() {
        for at in *address..address + bytes.len() as u64 {
            let mut byte = [0];
            assert_eq!(memory.read(at, &mut byte), 1, "{at:#x}");
            let held = |(address, bytes): &(u64, Vec<u8>)| bytes.get(at.checked_sub(*address)? as usize).copied();
            assert_eq!(Some(byte[0]), ranges().find_map(held), "{at:#x}");
        }
    }
}
