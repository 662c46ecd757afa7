//! Reports what one format records and the other cannot hold.

use alloc::vec::Vec;
use std::collections::HashSet;

use crate::format::full_user_dump::ImageFileMachine;
use crate::format::stream::UserDumpPlace;
use crate::format::system::MiscInfoFlags;
use crate::format::{self, MemoryDescriptor, StreamType};
use crate::read::full_user_dump::VersionInformation;
use crate::read::linux::{LinuxMapping, LinuxMaps};
use crate::read::module::Image;
use crate::read::system::MiscInfo;
use crate::read::thread::ThreadExList;
use crate::read::{Budget, Context, FullUserDump, Interval, SystemInfo, ThreadList};
use crate::redump::accounts::{CHECKSUM, OF_WINE};
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::{Loss, Outcome, Report, StreamReport};
use crate::redump::source::Source;

use crate::redump::full_user_dump::as_minidump;

/// Reports the streams that a full user dump cannot hold.
pub(super) fn of_streams(source: &Source<'_>, options: &Options, hooks: &Hooks<'_>, report: &mut Report) {
    streams(source, hooks, report);
    report.lose("requested comment", u64::from(options.comment().is_some()));
    report.lose("requested streams", (hooks.added.len() + hooks.replaced.len()) as u64);
}

/// Reports what a full user dump cannot hold of the streams that it has.
pub(super) fn of_records(source: &Source<'_>, hooks: &Hooks<'_>, report: &mut Report) {
    of_modules(source, hooks, report);
    of_threads(source, report);
    of_process(source, report);
    of_regions(source, report);
}

/// Returns what a minidump cannot hold of a full user dump.
pub(super) fn of_minidump(dump: &FullUserDump<'_>) -> Vec<Loss> {
    let texts = match dump.version_information() {
        Some(VersionInformation::Texts(texts)) => {
            texts.iter().count().saturating_sub(usize::from(texts.service_pack().is_some()))
        }
        Some(_) => 1,
        None => 0,
    };
    let words = dump.threads().into_iter().filter(|thread| thread.raw().spare != [0; 7]).count();
    let event = dump.debug_event().ok().flatten();
    let is_exception = matches!(dump.exception(), Ok(Some(_)));
    let is_padded = event.is_some_and(|event| (event.alignment, event.alignment2) != (0, 0));
    let losses = [
        ("whether the exception was first-chance", usize::from(is_exception)),
        ("debug event that is not an exception", usize::from(event.is_some() && !is_exception)),
        ("padding of the debug event", usize::from(is_exception && is_padded)),
        ("version information except the service pack", texts),
        ("spare words of threads", words),
        ("spare word of the header", usize::from(dump.header().spare != 0)),
    ];
    losses.into_iter().filter_map(|(what, count)| Loss::new(what, count as u64)).collect()
}

/// Reports what happened to the streams. Of most types, only the first is used.
fn streams(source: &Source<'_>, hooks: &Hooks<'_>, report: &mut Report) {
    let has_rows = source.dump().raw_stream(StreamType::MEMORY_INFO_LIST).is_some();
    let mut met = HashSet::new();
    for (stream, decoded) in source.dump().streams().filter(|(stream, _)| stream.stream_type() != StreamType::UNUSED) {
        let first = met.insert(stream.stream_type());
        let outcome = match decoded {
            _ if !hooks.keeps_stream(&stream) => Outcome::LeftOut,
            Err(error) => Outcome::Unreadable(error),
            Ok(_) => match stream.stream_type().row().in_user_dump {
                UserDumpPlace::Own if first => Outcome::Rewritten,
                UserDumpPlace::Own => Outcome::Duplicate,
                UserDumpPlace::Regions if first && !has_rows => Outcome::Rewritten,
                UserDumpPlace::Regions | UserDumpPlace::None => Outcome::Unsupported,
            },
        };
        report.streams.push(StreamReport {
            index: stream.index(),
            stream_type: stream.stream_type(),
            size: source.declared_size(&stream),
            outcome,
        });
    }
}

/// Facts about modules are lost if the image in memory does not have them as well.
fn of_modules(source: &Source<'_>, hooks: &Hooks<'_>, report: &mut Report) {
    let (mut code_views, mut miscs, mut versions, mut stamps) = (0, 0, 0, 0);
    // In a hostile dump, many modules may share an image with a long record; records beyond this budget count as lost.
    let mut budget = Budget::times(source.plain_size, 2);
    let mut is_lost = |record: &[u8], image: Option<Image<'_, '_>>, place: Option<Interval>| {
        let place = place.filter(|place| place.size() == record.len() as u64);
        let mut in_memory = || {
            budget.charge("debug record", 0, record.len() as u64).ok()?;
            image?.bytes_at(place?)
        };
        !record.is_empty() && in_memory().as_deref() != Some(record)
    };
    for module in source.dump().modules().iter().filter(|module| hooks.keeps_module(module)) {
        let image = Image::at(&source.memory, module.base());
        let raw = module.raw();
        let record = module.code_view_record().ok().flatten();
        let in_memory = image.and_then(|image| image.code_view_place());
        code_views += u64::from(is_lost(record.unwrap_or_default(), image, in_memory));
        let in_memory = image.and_then(|image| image.misc_place());
        miscs += u64::from(is_lost(module.misc_record().unwrap_or_default(), image, in_memory));
        versions +=
            u64::from(module.version().copied() != image.and_then(|it| it.version()) && module.version().is_some());
        let in_memory = image.map(|image| (image.time_date_stamp(), image.checksum().unwrap_or(0))).unwrap_or_default();
        stamps += u64::from((raw.time_date_stamp, raw.check_sum) != in_memory);
    }
    report.lose("CodeView records of modules whose images in memory lack them", code_views);
    report.lose("miscellaneous debug records of modules whose images in memory lack them", miscs);
    report.lose("versions of modules whose images in memory lack them", versions);
    report.lose("time stamps or checksums of modules that differ from those of their images in memory", stamps);
}

fn of_threads(source: &Source<'_>, report: &mut Report) {
    let dump = source.dump();
    let extended = dump.list::<ThreadExList<'_>>();
    let stores = extended.iter().filter(|thread| thread.raw().backing_store.memory.data_size > 0);
    report.lose("backing stores of threads", stores.count() as u64);
    let is_described = |stack: &MemoryDescriptor| stack.memory.data_size > 0 || stack.start_of_memory_range != 0;
    let stacks = dump.threads().filter(|thread| is_described(&thread.raw().stack));
    report.lose("stack bounds, which the environment blocks also have", stacks.count() as u64);
    let contexts = dump.threads().filter_map(|thread| thread.registers());
    let extended_states = contexts.filter(|context| !context.tail().is_empty()).count();
    report.lose("extended states after the contexts of threads", extended_states as u64);
    let machine = source.target.architecture.and_then(ImageFileMachine::from_architecture);
    let windows = machine.and_then(|machine| machine.processor().windows_context());
    let is_foreign = |context: &Context<'_>| context.layout().is_some() && context.layout() != windows;
    let foreign = dump.threads().filter_map(|thread| thread.registers()).filter(is_foreign).count();
    report.lose(
        "contexts that are not in the Windows layout, of which registers with the same names stay",
        foreign as u64,
    );
    let exceptions = || dump.exceptions().flatten();
    report.lose("exceptions after the first", exceptions().skip(1).count() as u64);
    // The format has no context of an exception; readers use that of the thread.
    let differs = exceptions().next().is_some_and(|exception| {
        let of_exception = exception.registers();
        let thread = dump.list::<ThreadList<'_>>().by_id(exception.thread_id());
        let of_thread = thread.and_then(|thread| thread.registers());
        of_exception.is_some_and(|context| of_thread.is_none_or(|it| it.as_bytes() != context.as_bytes()))
    });
    report.lose("context of the exception, which differs from that of its thread", u64::from(differs));
}

fn of_process(source: &Source<'_>, report: &mut Report) {
    let (dump, memory) = (source.dump(), &source.memory);
    let time = dump.header().time_date_stamp;
    report.lose("time of the dump", u64::from(time != 0 && time != as_minidump::time(memory)));
    report.lose(CHECKSUM, u64::from(dump.header().check_sum != 0));
    if let Some(system) = dump.find::<SystemInfo<'_>>() {
        let raw = *system.raw();
        let processor = (raw.processor_level, raw.processor_revision, raw.cpu) != (0, 0, [0; 24]);
        report.lose("processor information", u64::from(processor || raw.number_of_processors > 1));
        let edition = raw.suite_mask != 0 || ![0, as_minidump::product_type(memory)].contains(&raw.product_type);
        report.lose("edition of the operating system", u64::from(edition));
        report.lose("operating system, which is not Windows", u64::from(!raw.platform_id.is_windows()));
        report.lose(OF_WINE, u64::from(system.wine().is_some()));
    }
    let misc = dump.find::<MiscInfo<'_>>();
    let more = misc.is_some_and(|misc| {
        let fields = format::system::MiscInfo::OFFSETS;
        // From the process ID on, or from the field after it if the flag says that it is valid.
        let known = if misc.process_id().is_some() { fields.process_id.range().end } else { fields.process_id.get() };
        let rest = dump.raw_stream(StreamType::MISC_INFO).and_then(|stream| stream.bytes().get(known..));
        let is_set = rest.is_some_and(|rest| rest.iter().any(|&byte| byte != 0));
        is_set || misc.flags().bits() & !MiscInfoFlags::PROCESS_ID.bits() != 0
    });
    report.lose("process information except the process ID", u64::from(more));
}

/// The region table cannot hold a region without bytes, and has an entry for each piece of a region with missing bytes.
fn of_regions(source: &Source<'_>, report: &mut Report) {
    let (mut empty, mut partial) = (0, 0);
    for region in source.dump().regions().iter() {
        let bounds = source.target.interval(region.base(), region.size());
        match bounds.and_then(|bounds| Some((bounds, source.present(bounds).next()?))) {
            None => empty += 1,
            Some((bounds, first)) => partial += u64::from(first != bounds),
        }
    }
    let dump = source.dump();
    let rows = dump.raw_stream(StreamType::MEMORY_INFO_LIST);
    let maps = dump.find::<LinuxMaps<'_>>().filter(|_| rows.is_none());
    let is_file = |mapping: &LinuxMapping<'_>| !mapping.path.as_bytes().is_empty() || mapping.inode != 0;
    let files = maps.iter().flat_map(|maps| maps.iter()).filter(is_file);
    report.lose("names and files of mappings", files.count() as u64);
    report.lose("lines that are not mappings", maps.iter().flat_map(|maps| maps.unreadable_lines()).count() as u64);
    report.lose("memory regions without bytes", empty);
    report.lose("extents of memory regions with missing bytes", partial);
}
