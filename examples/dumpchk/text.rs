//! The output as text.

use std::collections::HashMap;
use std::io::{self, Write};

use userdump::Dump;
use userdump::format::{MinidumpType, StreamType};
use userdump::read::any_format::{AnyException, AnyModule, AnyText, AnyThread};
use userdump::read::handle::HandleData;
use userdump::read::memory::{CompressedMemory, Memory64List, MemoryInfoList, MemoryList};
use userdump::read::module::UnloadedModuleList;
use userdump::read::system::MiscInfo;
use userdump::read::text::Utf16;
use userdump::read::thread::{StackWords, ThreadNames};
use userdump::read::{FullUserDump, Minidump, Module, SystemInfo, Target};

use crate::exceptions::{self, Modules, Place, lldb_text};
use crate::findings::Findings;
use crate::names::{available, system};
use crate::stacks::Stacks;
use crate::triage::Triage;
use crate::wow64::Wow64Facts;

/// The maximum number of rows of a table that are printed, because a damaged file can declare any number.
const ROWS: usize = 1000;
/// The maximum number of characters of a string that are printed.
const CHARACTERS: usize = 300;

pub fn print(out: &mut impl Write, findings: &Findings<'_>) -> io::Result<()> {
    let dump = findings.dump;
    match dump {
        Dump::Minidump(dump) => header(out, dump)?,
        Dump::FullUserDump(dump) => user_dump_header(out, dump)?,
        _ => {}
    }
    let by_address = dump.memory();
    Wow64Facts::of(dump, &by_address).map_or(Ok(()), |facts| facts.print(out))?;
    let names = thread_names(dump);
    let (mut triage, stacks) = (Triage::of(dump, &by_address), Stacks::of(&by_address));
    table(out, "threads", dump.threads(), |row| {
        let words = triage.as_mut().and_then(|stacks| stacks.words(&row));
        thread(&row, names.get(&row.id()), words, stacks.lack(&row))
    })?;
    table(out, "modules", dump.modules(), |row| module(&row, dump.target()))?;
    match dump {
        Dump::Minidump(dump) => memory(out, dump)?,
        Dump::FullUserDump(dump) => user_dump_memory(out, dump)?,
        _ => {}
    }
    exceptions(out, dump)?;
    if let Dump::Minidump(dump) = dump {
        comments(out, dump)?;
    }
    match findings.all() {
        0 => return writeln!(out, "no findings"),
        count => writeln!(out, "findings: {count}")?,
    }
    findings.listed(|finding| writeln!(out, "  {}: {finding}", finding.code))?;
    findings.more().try_for_each(|(code, more)| writeln!(out, "  {code}: and {more} more"))
}

fn target(out: &mut impl Write, target: Target) -> io::Result<()> {
    let known = |name: Option<&'static str>| name.unwrap_or("unknown");
    let (cpu, platform) = (target.processor().short_name, target.platform.and_then(system));
    write!(out, "{} on {}", known(cpu), known(platform))
}

fn header(out: &mut impl Write, dump: &Minidump<'_>) -> io::Result<()> {
    writeln!(out, "minidump of {} bytes, {}", dump.file_size(), utc(dump.header().time_date_stamp))?;
    target(out, dump.target())?;
    if let Ok(Some(system)) = dump.stream::<SystemInfo<'_>>() {
        let raw = system.raw();
        write!(out, " {}.{}.{}", raw.major_version, raw.minor_version, raw.build_number)?;
        let version = text(system.csd_version().ok().flatten().map(AnyText::Utf16));
        if !version.is_empty() {
            write!(out, " {version}")?;
        }
    }
    let process = dump.stream::<MiscInfo<'_>>().ok().flatten().and_then(|misc| misc.process_id());
    process.map_or(Ok(()), |process| write!(out, ", process {process}"))?;
    let flags: Vec<&str> = dump.flags().iter_names().map(|(name, _)| name).collect();
    let flags = if flags.is_empty() { String::new() } else { format!(": {}", flags.join(", ")) };
    writeln!(out, "\nflags 0x{:x}{flags}", dump.flags().bits())?;
    if dump.is_triage() {
        writeln!(out, "triage dump: words that were removed are filled with 0x{:x}", MinidumpType::TRIAGE_PATTERN)?;
    }
    let used = dump.directory().iter().filter(|entry| entry.stream_type != StreamType::UNUSED);
    table(out, "streams", used, |entry| {
        let location = entry.location;
        let (available, size) = (available(dump, &entry), location.data_size);
        let cut = if available < size.into() { format!(", {available} in the file") } else { String::new() };
        format!("{:<24} {size:>10} bytes at 0x{:x}{cut}", entry.stream_type.to_string(), location.rva)
    })
}

fn user_dump_header(out: &mut impl Write, dump: &FullUserDump<'_>) -> io::Result<()> {
    let header = dump.header();
    writeln!(
        out,
        "full user dump of {} bytes, {}",
        dump.file_size(),
        if dump.is_64_bit() { "USERDU64" } else { "USERDUMP" }
    )?;
    target(out, dump.target())?;
    write!(out, " {}.{}.{}", header.major_version, header.minor_version & 0xffff, dump.build_number())?;
    dump.service_pack().map_or(Ok(()), |name| write!(out, " {}", text(Some(AnyText::Utf16(name)))))?;
    let event = dump.debug_event().ok().flatten();
    event.map_or(Ok(()), |event| write!(out, ", process {}", event.process_id))?;
    writeln!(out)?;
    let parts = [
        ("contexts", header.thread_offset),
        ("thread states", header.thread_state_offset),
        ("modules", header.module_offset),
        ("regions", header.memory_region_offset),
        ("memory", header.data_offset),
        ("debug event", header.debug_event_offset),
        ("version information", header.version_info_offset),
    ];
    let there = parts.into_iter().filter(|(_, offset)| *offset != 0);
    table(out, "parts", there, |(name, offset)| format!("{name:<24} at 0x{offset:x}"))
}

fn thread_names<'a>(dump: &Dump<'a>) -> HashMap<u32, Utf16<'a>> {
    let names = match dump {
        Dump::Minidump(dump) => dump.stream::<ThreadNames<'_>>().ok().flatten(),
        _ => None,
    };
    let mut first = HashMap::new();
    for (id, name) in names.into_iter().flatten().filter_map(|thread| Some((thread.thread_id(), thread.name().ok()?))) {
        first.entry(id).or_insert(name);
    }
    first
}

fn thread(thread: &AnyThread<'_>, name: Option<&Utf16<'_>>, words: Option<StackWords>, lacks_stack: bool) -> String {
    let context = thread.context().ok().flatten();
    let pointer = |value: Option<u64>| value.map_or("-".to_owned(), |value| format!("0x{value:x}"));
    let instruction = pointer(context.and_then(|context| context.instruction_pointer()));
    let stack = pointer(context.and_then(|context| context.stack_pointer()));
    let (id, name) = (thread.id(), text(name.copied().map(AnyText::Utf16)));
    let words = words.map_or(String::new(), |words| {
        let lost = if words.lost > 0 { format!(", {} lost", words.lost) } else { String::new() };
        format!(", {} of {} words filtered{lost}", words.filtered, words.all)
    });
    let size = match thread {
        _ if lacks_stack => "no stack".to_owned(),
        AnyThread::Minidump(thread) => format!("{:>8} bytes{words}", thread.raw().stack.memory.data_size),
        _ => String::new(),
    };
    format!("0x{id:<6x} at {instruction:<18} stack {stack:<18} {size} {name}")
}

fn module(module: &AnyModule<'_>, target: Target) -> String {
    let version = match module {
        AnyModule::Minidump(module) => version(module),
        _ => String::new(),
    };
    // 32-bit addresses may be sign-extended in the file.
    let base = target.mask(module.base());
    format!("0x{base:016x} {:>10} bytes {}{version}", module.size(), text(module.name().ok()))
}

fn version(module: &Module<'_>) -> String {
    module.version().map_or(String::new(), |version| {
        let (high, low) = (version.file_version_ms, version.file_version_ls);
        format!(" ({}.{}.{}.{})", high >> 16, high & 0xffff, low >> 16, low & 0xffff)
    })
}

fn memory(out: &mut impl Write, dump: &Minidump<'_>) -> io::Result<()> {
    let unloaded = dump.stream::<UnloadedModuleList<'_>>().ok().flatten();
    table(out, "unloaded modules", unloaded.into_iter().flatten(), |row| {
        let name = text(row.name().ok().map(AnyText::Utf16));
        let base = dump.target().mask(row.raw().base_of_image);
        format!("0x{base:016x} {:>10} bytes {name}", row.raw().size_of_image)
    })?;
    if let Ok(Some(list)) = dump.stream::<MemoryList<'_>>() {
        ranges(out, "memory list", list.iter().map(|range| range.size))?;
    }
    if let Ok(Some(list)) = dump.stream::<Memory64List<'_>>() {
        ranges(out, "64-bit memory list", list.iter().map(|range| range.size))?;
    }
    if let Ok(Some(memory)) = dump.stream::<CompressedMemory<'_>>() {
        ranges(out, "compressed memory", memory.regions().iter().map(|region| region.size.into()))?;
        let packed = memory.buckets().iter().map(|bucket| u64::from(bucket.compressed_size));
        let packed = packed.fold(0, u64::saturating_add);
        writeln!(out, "  in {} buckets of {packed} bytes", memory.buckets().len())?;
    }
    if let Ok(Some(list)) = dump.stream::<MemoryInfoList<'_>>() {
        writeln!(out, "memory information: {} regions", list.len())?;
    }
    if let Ok(Some(list)) = dump.stream::<HandleData<'_>>() {
        writeln!(out, "handles: {}", list.len())?;
    }
    Ok(())
}

fn user_dump_memory(out: &mut impl Write, dump: &FullUserDump<'_>) -> io::Result<()> {
    writeln!(out, "memory regions: {}", dump.region_list().len())?;
    ranges(out, "memory", dump.stored_regions().map(|region| region.range.size))
}

fn ranges(out: &mut impl Write, name: &str, sizes: impl Iterator<Item = u64>) -> io::Result<()> {
    let (count, bytes) = sizes.fold((0u64, 0u64), |(count, sum), size| (count + 1, sum.saturating_add(size)));
    writeln!(out, "{name}: {count} ranges, {bytes} bytes")
}

fn exceptions(out: &mut impl Write, dump: &Dump<'_>) -> io::Result<()> {
    let modules = Modules::of(dump);
    table(out, "exceptions", dump.exceptions(), |row| exception(&row, &modules.place(&row), dump.target()))
}

/// Formats an exception: `SIGSEGV (11), SEGV_MAPERR (1) accessing 0x8 in thread 0x2a at 0x4005d0, /usr/bin/app + 0x5d0`.
fn exception(exception: &AnyException<'_>, place: &Place<'_>, target: Target) -> String {
    // On Windows, the reason already contains the address.
    let accessed = exception.accessed_address().filter(|_| !target.is_windows());
    let accessed = accessed.map_or(String::new(), |address| format!(" accessing 0x{address:x}"));
    let description = lldb_text(exception).map_or(String::new(), |text| format!(" ({})", printable(&text)));
    let instruction = place.instruction.map_or(String::new(), |address| format!(" at 0x{address:x}"));
    let module = place.module.zip(place.offset);
    let module =
        module.map_or(String::new(), |(module, offset)| format!(", {} + 0x{offset:x}", text(module.name().ok())));
    let reason = exception.reason();
    let comma = if reason.meaning().is_some() { "," } else { "" };
    format!("{reason}{accessed}{description}{comma} in thread 0x{:x}{instruction}{module}", exception.thread_id())
}

/// Prints the comments. Further lines of a comment are indented below its first line.
fn comments(out: &mut impl Write, dump: &Minidump<'_>) -> io::Result<()> {
    table(out, "comments", exceptions::comments(dump), |comment| {
        let lines = comment.lines().filter(|line| !line.trim().is_empty()).take(ROWS);
        let lines: Vec<_> = lines.map(|line| line.chars().take(CHARACTERS).map(visible).collect::<String>()).collect();
        lines.join("\n    ")
    })
}

/// Prints a title with the number of rows, and the first [`ROWS`] rows; prints nothing if there are no rows.
pub fn table<T>(
    out: &mut impl Write,
    title: &str,
    mut rows: impl Iterator<Item = T>,
    shown: impl FnMut(T) -> String,
) -> io::Result<()> {
    let first: Vec<String> = rows.by_ref().take(ROWS).map(shown).collect();
    let more = rows.count();
    if !first.is_empty() {
        writeln!(out, "{title}: {}", first.len() + more)?;
    }
    first.iter().try_for_each(|row| writeln!(out, "  {}", row.trim_end()))?;
    if more > 0 { writeln!(out, "  and {more} more") } else { Ok(()) }
}

/// Returns a string from the dump, shortened and escaped; empty if it is absent or cannot be read.
fn text(text: Option<AnyText<'_>>) -> String {
    match text {
        Some(AnyText::Utf16(text)) => text.trim_end_nul().chars_lossy().take(CHARACTERS).map(visible).collect(),
        Some(AnyText::Ansi(text)) => text.chars().take(CHARACTERS).map(visible).collect(),
        _ => String::new(),
    }
}

/// Escapes line breaks and control characters, which a terminal would interpret.
pub fn printable(text: &str) -> String {
    text.chars().map(visible).collect()
}

fn visible(c: char) -> String {
    if matches!(c, '\\' | '"' | '\'') { c.to_string() } else { c.escape_debug().to_string() }
}

/// Formats seconds since 1970 as date and time of day.
fn utc(seconds: u32) -> String {
    let (days, second) = (u64::from(seconds / 86400), seconds % 86400);
    // Years start in March, so that the leap day is the last day of its year. 1970 starts 719468 days after 1 March of year 0.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (month, day) = ((month + 2) % 12 + 1, day - (153 * month + 2) / 5 + 1);
    let year = era * 400 + year + u64::from(month < 3);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}
