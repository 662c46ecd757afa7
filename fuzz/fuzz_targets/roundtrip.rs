//! A process that is written as a minidump and read back is unchanged.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use userdump::format::{self, RvaWidth, StreamType};
use userdump::read::handle::HandleData;
use userdump::read::memory::{Memory64List, MemoryInfoList, MemoryList};
use userdump::read::module::UnloadedModuleList;
use userdump::read::text::{CommentW, Utf16};
use userdump::read::thread::{ThreadInfoList, ThreadNames};
use userdump::read::{FromStream, Minidump, ModuleList, SystemInfo, ThreadList};
use userdump_fuzz::process::{Number, Process};

fuzz_target!(|process: Process| {
    let plan = process.minidump().plan().expect("nothing is too large");
    let (size, directory) = (plan.size(), plan.directory().to_vec());
    let mut file = Vec::new();
    let written = plan.write_to(&mut file).expect("memory takes everything");
    assert_eq!((written.size, file.len() as u64, written.shortfalls.len()), (size, size, 0));
    assert!(process.dump(false) == file, "the same input makes the same file");

    let dump = Minidump::parse(&file).expect("it is a minidump");
    assert!(dump.directory().iter().eq(directory));
    assert_eq!((dump.header().flags, dump.header().time_date_stamp), (process.flags, process.time));
    threads(&process, &dump);
    modules(&process, &dump);
    rest(&process, &dump);
    raw(&process, &dump);
    memory(&process, &dump);
    // Raw streams have arbitrary contents, and modules without a name cause findings.
    let mut names = process.modules.iter().map(|it| it.name).chain(process.unloaded.iter().map(|it| it.2));
    if process.raw.is_empty() && names.all(|name| name.is_some()) {
        dump.check(&mut |finding| assert_eq!(finding.error.filter(|error| error.is_truncated()), None, "{finding}"));
    }
});

/// Returns the list, which exists if it has entries.
fn list<'a, T: FromStream<'a>>(dump: &Minidump<'a>, rows: usize) -> Option<T> {
    let list = dump.stream::<T>().expect("the list is sound");
    assert_eq!(list.is_some(), rows > 0);
    list
}

/// Readers end a string before its first NUL.
fn same(process: &Process, found: Option<Utf16<'_>>, number: Option<Number>) {
    assert!(match (found, number) {
        (Some(text), Some(number)) => {
            text.units().eq(process.text(number).iter().copied().take_while(|&unit| unit != 0))
        }
        (found, number) => found.is_none() && number.is_none(),
    });
}

fn threads(process: &Process, dump: &Minidump<'_>) {
    let threads = list::<ThreadList<'_>>(dump, process.threads.len());
    assert_eq!(threads.map_or(0, |list| list.len()), process.threads.len() as u64);
    for (thread, given) in threads.into_iter().flatten().zip(&process.threads) {
        let raw = thread.raw();
        assert_eq!((raw.thread_id, raw.priority), (given.id.into(), given.priority));
        assert_eq!((raw.teb, raw.stack.start_of_memory_range), {
            (process.address(given.teb), process.address(given.stack.0))
        });
        assert_eq!(raw.stack.memory.data_size, given.stack.1.into());
        let context = thread.context().expect("it is in the file").map_or(&[][..], |context| context.as_bytes());
        let expected = given.context.as_ref().map_or_else(Vec::new, |context| context.bytes(process.machine));
        assert_eq!(context, expected);
    }
    let given: Vec<_> = process.threads.iter().filter_map(|thread| Some((thread.id, thread.name?))).collect();
    let names = list::<ThreadNames<'_>>(dump, given.len());
    assert_eq!(names.map_or(0, |list| list.len()), given.len() as u64);
    for (name, (id, text)) in names.into_iter().flatten().zip(given) {
        assert_eq!(name.thread_id(), id.into());
        same(process, name.name().ok(), Some(text));
    }
    let given = process.threads.iter().filter_map(|thread| Some((thread.id.into(), thread.info?)));
    let infos = list::<ThreadInfoList<'_>>(dump, given.clone().count());
    let infos = infos.into_iter().flatten().map(|info| (info.id(), (info.raw().dump_flags, info.raw().start_address)));
    assert!(infos.eq(given));
}

fn modules(process: &Process, dump: &Minidump<'_>) {
    let modules = list::<ModuleList<'_>>(dump, process.modules.len());
    assert_eq!(modules.map_or(0, |list| list.len()), process.modules.len() as u64);
    for (module, given) in modules.into_iter().flatten().zip(&process.modules) {
        let raw = module.raw();
        assert_eq!((module.base(), module.size()), (process.address(given.base), given.size.into()));
        assert_eq!(raw.time_date_stamp, given.stamp);
        same(process, Some(raw.module_name_rva).filter(|rva| *rva != 0).and(module.name().ok()), given.name);
        let records = [(raw.cv_record, given.code_view), (raw.misc_record, given.misc)];
        for (location, number) in records {
            let bytes = dump.location("record", location).expect("it is in the file");
            assert_eq!(bytes, number.map_or(&[][..], |number| process.record(number)));
        }
    }
    let unloaded = list::<UnloadedModuleList<'_>>(dump, process.unloaded.len());
    assert_eq!(unloaded.map_or(0, |list| list.len()), process.unloaded.len() as u64);
    for (module, &(base, size, name)) in unloaded.into_iter().flatten().zip(&process.unloaded) {
        let raw = module.raw();
        assert_eq!((raw.base_of_image, raw.size_of_image), (process.address(base), size.into()));
        same(process, Some(raw.module_name_rva).filter(|rva| *rva != 0).and(module.name().ok()), name);
    }
}

fn rest(process: &Process, dump: &Minidump<'_>) {
    let system = dump.stream::<SystemInfo<'_>>().expect("it is sound");
    assert_eq!(system.is_some(), process.system.is_some());
    for (system, (build, version)) in system.into_iter().zip(process.system) {
        assert_eq!(system.raw().processor_architecture, process.machine.architecture());
        assert_eq!(system.raw().build_number, build);
        same(process, system.csd_version().expect("it is in the file"), Some(version));
    }
    let handles = list::<HandleData<'_>>(dump, process.handles.len());
    assert_eq!(handles.map_or(0, |list| list.len()), process.handles.len() as u64);
    for (handle, &(value, kind, name)) in handles.into_iter().flatten().zip(&process.handles) {
        assert_eq!(handle.raw().descriptor.handle, value);
        same(process, handle.type_name().expect("it is in the file"), kind);
        same(process, handle.object_name().expect("it is in the file"), name);
    }
    let exceptions: Vec<_> = dump.exceptions().map(|exception| exception.expect("it is sound")).collect();
    assert_eq!(exceptions.len(), process.exceptions.len());
    for (found, given) in exceptions.iter().zip(&process.exceptions) {
        let thread_context = found.raw().thread_context;
        assert_eq!(*found.raw(), format::ExceptionStream { thread_context, ..process.exception(given) });
        let context = found.context().expect("it is in the file").map_or(&[][..], |context| context.as_bytes());
        let expected = given.context.as_ref().map_or_else(Vec::new, |context| context.bytes(process.machine));
        assert_eq!(context, expected);
    }
    let regions = list::<MemoryInfoList<'_>>(dump, process.regions.len());
    let regions = regions.into_iter().flatten().map(|region| *region.raw());
    assert!(regions.eq(process.regions.iter().map(|region| process.row(region))));
    let comment = dump.stream::<CommentW<'_>>().expect("it is sound");
    assert_eq!(comment.is_some(), !process.comments.is_empty());
    for (comment, &given) in comment.into_iter().zip(&process.comments) {
        let units: Vec<u16> = comment.text().trim_end_nul().units().collect();
        assert!(process.text(given).starts_with(&units));
        assert!(process.text(given)[units.len()..].iter().all(|unit| *unit == 0));
    }
}

/// Raw streams are unchanged except for their references, which lead to the intended streams.
fn raw(process: &Process, dump: &Minidump<'_>) {
    let kinds: BTreeSet<u32> = process.raw.iter().map(|(kind, _)| Process::kind(*kind)).collect();
    // Streams with the same type are in the order in which they were added, as are all streams.
    let mut placed = vec![None; process.raw.len()];
    for kind in kinds {
        let found = dump.streams().map(|(stream, _)| stream).filter(|stream| stream.stream_type() == StreamType(kind));
        let given = (0..process.raw.len()).filter(|&index| Process::kind(process.raw[index].0) == kind);
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), given.clone().count());
        found.into_iter().zip(given).for_each(|(stream, index)| placed[index] = Some(stream));
    }
    let mut expected: Vec<Vec<u8>> = process.raw.iter().map(|(_, record)| process.record(*record).to_vec()).collect();
    for (from, position, width, to) in process.sound_references() {
        let target = placed[to].expect("each has its stream").entry().location.rva;
        let (at, bytes) = (position as usize, u64::from(target).to_le_bytes());
        let size = if width == RvaWidth::Rva { 4 } else { 8 };
        expected[from][at..at + size].copy_from_slice(&bytes[..size]);
    }
    let found = placed.iter().map(|stream| stream.expect("each has its stream").bytes());
    assert!(found.eq(expected.iter().map(Vec::as_slice)));
}

fn memory(process: &Process, dump: &Minidump<'_>) {
    let ranges = list::<MemoryList<'_>>(dump, process.memory.len()).into_iter().flatten();
    let ranges64 = list::<Memory64List<'_>>(dump, process.memory64.len()).into_iter().flatten();
    let found =
        ranges.chain(ranges64).map(|range| (range.address, range.bytes().expect("they are in memory").to_vec()));
    let given = process.memory.iter().chain(&process.memory64);
    assert!(found.eq(given.map(|&(address, contents)| (process.address(address), process.bytes(contents)))));
}
