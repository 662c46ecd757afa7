//! Converts the records of a full user dump to those of a minidump.
//!
//! A full user dump is re-encoded like the minidump with the same content. Its memory stays where it is. What the
//! format lacks is read from memory: everything that images tell about modules, the folders of module names that the
//! file cut off, the edition of the system, and the time.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format;
use crate::format::process::UserSharedData;
use crate::format::system::MiscInfoFlags;
use crate::format::{PlatformId, ProcessorArchitecture, StreamType};
use crate::read::module::Image;
use crate::read::{Budget, FullUserDump, Interval, Memory};
use crate::write::{MinidumpBuilder, PartId};

use crate::redump::full_user_dump::loader::Loader;

/// The seconds from the start of 1601 to the start of 1970.
const SECONDS_TO_1970: u64 = 11_644_473_600;

/// How many module names the loader's list has changed.
#[derive(Clone, Copy, Default)]
pub(super) struct Names {
    /// The names that got a folder.
    pub(super) with_folder: u64,
    /// Those among them that differ in case.
    pub(super) with_other_case: u64,
}

/// Returns the bytes of a minidump without memory, and how many names changed.
pub(super) fn records_of<'m>(dump: &FullUserDump<'m>, memory: &'m Memory<'m>) -> Result<(Vec<u8>, Names), RedumpError> {
    let mut builder = MinidumpBuilder::new();
    builder.time_date_stamp(time(memory));
    add_system_info(&mut builder, dump, memory);
    add_threads(&mut builder, dump);
    let names = add_modules(&mut builder, dump, memory);
    if !dump.region_list().is_empty() {
        // Its entries are those of the table of regions, which is used where it is.
        builder.list(StreamType::MEMORY_INFO_LIST);
    }
    let mut file = Vec::new();
    builder.plan()?.write_to(&mut file)?;
    Ok((file, names))
}

/// Returns the time of the dump in seconds since 1970; 0 if it is not in memory.
pub(super) fn time(memory: &Memory<'_>) -> u32 {
    let seconds = memory.read_u64(UserSharedData::SYSTEM_TIME).map(|units| units / 10_000_000);
    seconds.and_then(|seconds| u32::try_from(seconds.checked_sub(SECONDS_TO_1970)?).ok()).unwrap_or(0)
}

/// Returns the edition of Windows; 0 if it is not in memory.
pub(super) fn product_type(memory: &Memory<'_>) -> u8 {
    let is_valid = memory.read_u8(UserSharedData::PRODUCT_TYPE_IS_VALID).is_some_and(|flag| flag != 0);
    // The lowest of four bytes, because minidumps have only one.
    memory.read_u8(UserSharedData::NT_PRODUCT_TYPE).filter(|_| is_valid).unwrap_or(0)
}

fn add_system_info(builder: &mut MinidumpBuilder<'_>, dump: &FullUserDump<'_>, memory: &Memory<'_>) {
    let header = dump.header();
    let version = dump.service_pack().map(|text| builder.text(text.to_string_lossy().as_str()));
    let system_info = format::SystemInfo {
        processor_architecture: dump.target().architecture.unwrap_or(ProcessorArchitecture::UNKNOWN),
        // As in the debugger: the format does not record it.
        number_of_processors: 1,
        product_type: product_type(memory),
        major_version: header.major_version,
        minor_version: header.minor_version & 0xffff,
        build_number: dump.build_number(),
        platform_id: PlatformId::WIN32_NT,
        ..Default::default()
    };
    builder.system_info(system_info, version);
}

/// Adds the threads with their contexts, the exception, and the process ID.
fn add_threads<'a>(builder: &mut MinidumpBuilder<'a>, dump: &FullUserDump<'a>) {
    let exception = dump.exception().ok().flatten();
    let mut context_of_exception: Option<PartId> = None;
    builder.list(StreamType::THREAD_LIST);
    for thread in dump.threads() {
        let context = thread.registers().map(|context| builder.part("CONTEXT", context.as_bytes()));
        if exception.is_some_and(|exception| exception.thread_id() == thread.id()) {
            context_of_exception = context_of_exception.or(context);
        }
        let raw = thread.raw();
        let thread = format::Thread {
            thread_id: raw.thread_id,
            suspend_count: raw.suspend_count,
            priority_class: raw.priority_class,
            priority: raw.priority,
            teb: raw.teb,
            ..Default::default()
        };
        builder.thread(thread, context);
    }
    if let Some(exception) = exception {
        let thread_id = exception.thread_id();
        let record = format::ExceptionStream { thread_id, exception_record: *exception.record(), ..Default::default() };
        builder.exception(record, context_of_exception);
    }
    if let Ok(Some(event)) = dump.debug_event() {
        let mut misc_info = format::system::MiscInfo5::default();
        let first = &mut misc_info.misc_info4.misc_info3.misc_info2.misc_info;
        first.flags1 = MiscInfoFlags::PROCESS_ID.bits();
        first.process_id = event.process_id;
        builder.misc_info(misc_info);
    }
}

/// Adds the modules with what their images in memory tell about them. Returns how many names changed.
fn add_modules<'m>(builder: &mut MinidumpBuilder<'m>, dump: &FullUserDump<'m>, memory: &'m Memory<'m>) -> Names {
    builder.list(StreamType::MODULE_LIST);
    // In valid dumps, records of different modules do not overlap, so together they are not larger than the file.
    let mut budget = Budget::times(dump.file_size(), 1);
    let mut part = |builder: &mut MinidumpBuilder<'m>, name, image: Option<Image<'m, 'm>>, place: Option<Interval>| {
        budget.charge(name, 0, place?.size()).ok()?;
        Some(builder.part(name, image?.bytes_at(place?)?))
    };
    let mut loader = Loader::of(dump, memory);
    let mut names = Names::default();
    for module in dump.modules() {
        let name = module.name().ok().map(|name| name.to_string()).map(|name| {
            let path = if name.contains('\\') { None } else { loader.path(dump.target().mask(module.base()), &name) };
            names.with_folder += u64::from(path.is_some());
            names.with_other_case += u64::from(path.as_ref().is_some_and(|path| !path.ends_with(&name)));
            builder.text(path.unwrap_or(name).as_str())
        });
        let image = Image::at(memory, module.base());
        let code_view = part(builder, "CodeView record", image, image.and_then(|image| image.code_view_place()));
        let misc = part(builder, "IMAGE_DEBUG_MISC", image, image.and_then(|image| image.misc_place()));
        let record = format::Module {
            base_of_image: module.base(),
            size_of_image: module.size(),
            check_sum: image.and_then(|image| image.checksum()).unwrap_or(0),
            time_date_stamp: image.map_or(0, |image| image.time_date_stamp()),
            version_info: image.and_then(|image| image.version()).unwrap_or_default(),
            ..Default::default()
        };
        match name {
            Some(name) => builder.module(record, name, code_view, misc),
            None => builder.nameless_module(record, code_view, misc),
        };
    }
    names
}
