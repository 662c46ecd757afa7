//! The facts for people.

use std::collections::HashMap;
use std::io::{self, Write};

use userdump::format::StreamType;
use userdump::read::{
    ByAddress, Exception, Finding, HandleData, Memory64List, MemoryInfoList, MemoryList, Minidump, MiscInfo, Module,
    ModuleList, SystemInfo, Thread, ThreadList, ThreadNames, UnloadedModuleList, Utf16,
};

use crate::names::{architecture, system};

/// A broken file can announce any number of anything; so many rows of a kind are printed.
const ROWS: usize = 1000;
/// And so many characters of a text.
const CHARACTERS: usize = 300;

pub fn print(out: &mut impl Write, dump: &Minidump<'_>, findings: &[Finding]) -> io::Result<()> {
    head(out, dump)?;
    let used = dump.directory().iter().filter(|entry| entry.stream_type != StreamType::UNUSED);
    table(out, "streams", used, |entry| {
        let location = entry.location;
        format!("{:<24} {:>10} bytes at 0x{:x}", entry.stream_type.to_string(), location.data_size, location.rva)
    })?;
    let names = dump.stream::<ThreadNames<'_>>().ok().flatten().into_iter().flatten();
    let names: HashMap<u32, Utf16<'_>> =
        names.filter_map(|thread| Some((thread.thread_id(), thread.name().ok()?))).collect();
    let threads = dump.stream::<ThreadList<'_>>().ok().flatten();
    table(out, "threads", threads.into_iter().flatten(), |row| thread(&row, names.get(&row.id())))?;
    let modules = dump.stream::<ModuleList<'_>>().ok().flatten();
    table(out, "modules", modules.into_iter().flatten(), |row| module(&row))?;
    let unloaded = dump.stream::<UnloadedModuleList<'_>>().ok().flatten();
    table(out, "unloaded modules", unloaded.into_iter().flatten(), |row| {
        format!("0x{:016x} {:>10} bytes {}", row.raw().base_of_image, row.raw().size_of_image, text(row.name().ok()))
    })?;
    memory(out, dump)?;
    let modules = modules.map(|modules| modules.by_address());
    table(out, "exceptions", dump.exceptions().flatten(), |row| exception(&row, modules.as_ref()))?;
    table(out, "findings", findings.iter(), |finding| format!("{}: {finding}", finding.code))?;
    if findings.is_empty() { writeln!(out, "no findings") } else { Ok(()) }
}

fn head(out: &mut impl Write, dump: &Minidump<'_>) -> io::Result<()> {
    let known = |name: Option<&'static str>| name.unwrap_or("unknown");
    let target = dump.target();
    writeln!(out, "minidump of {} bytes, {}", dump.data().len(), utc(dump.header().time_date_stamp))?;
    write!(
        out,
        "{} on {}",
        known(target.architecture.and_then(architecture)),
        known(target.platform.and_then(system))
    )?;
    if let Ok(Some(system)) = dump.stream::<SystemInfo<'_>>() {
        let raw = system.raw();
        write!(out, " {}.{}.{}", raw.major_version, raw.minor_version, raw.build_number)?;
        if let Ok(Some(version)) = system.csd_version() {
            write!(out, " {}", text(Some(version)))?;
        }
    }
    let process = dump.stream::<MiscInfo<'_>>().ok().flatten().and_then(|misc| misc.process_id());
    process.map_or(Ok(()), |process| write!(out, ", process {process}"))?;
    let flags: Vec<&str> = dump.flags().iter_names().map(|(name, _)| name).collect();
    writeln!(out, "\nflags 0x{:x}: {}", dump.flags().bits(), flags.join(", "))
}

fn thread(thread: &Thread<'_>, name: Option<&Utf16<'_>>) -> String {
    let context = thread.context().ok().flatten();
    let pointer = |value: Option<u64>| value.map_or("-".to_owned(), |value| format!("0x{value:x}"));
    let instruction = pointer(context.and_then(|context| context.instruction_pointer()));
    let stack = pointer(context.and_then(|context| context.stack_pointer()));
    let size = thread.raw().stack.memory.data_size;
    let (id, name) = (thread.id(), text(name.copied()));
    format!("0x{id:<6x} at {instruction:<18} stack {stack:<18} {size:>8} bytes {name}")
}

fn module(module: &Module<'_>) -> String {
    let version = module.version().map_or(String::new(), |version| {
        let (high, low) = (version.file_version_ms, version.file_version_ls);
        format!(" ({}.{}.{}.{})", high >> 16, high & 0xffff, low >> 16, low & 0xffff)
    });
    format!("0x{:016x} {:>10} bytes {}{version}", module.base(), module.size(), text(module.name().ok()))
}

fn memory(out: &mut impl Write, dump: &Minidump<'_>) -> io::Result<()> {
    let mut rows = Vec::new();
    let mut ranges = |name, sizes: &mut dyn Iterator<Item = u64>| {
        let (count, bytes) = sizes.fold((0u64, 0u64), |(count, sum), size| (count + 1, sum.saturating_add(size)));
        rows.push(format!("{name}: {count} ranges, {bytes} bytes"));
    };
    if let Ok(Some(list)) = dump.stream::<MemoryList<'_>>() {
        ranges("memory list", &mut list.iter().map(|range| range.size));
    }
    if let Ok(Some(list)) = dump.stream::<Memory64List<'_>>() {
        ranges("64-bit memory list", &mut list.iter().map(|range| range.size));
    }
    if let Ok(Some(list)) = dump.stream::<MemoryInfoList<'_>>() {
        rows.push(format!("memory information: {} regions", list.len()));
    }
    if let Ok(Some(list)) = dump.stream::<HandleData<'_>>() {
        rows.push(format!("handles: {}", list.len()));
    }
    rows.iter().try_for_each(|row| writeln!(out, "{row}"))
}

fn exception(exception: &Exception<'_>, modules: Option<&ByAddress<'_, Module<'_>>>) -> String {
    let address = exception.address();
    let module = modules.and_then(|modules| modules.get(address));
    let place = module.map_or(String::new(), |module| {
        format!(", {} + 0x{:x}", text(module.name().ok()), address.wrapping_sub(module.base()))
    });
    format!("{} in thread 0x{:x} at 0x{address:x}{place}", exception.reason(), exception.thread_id())
}

/// A title with the number of rows, and the first of them; nothing if there are none.
fn table<T>(
    out: &mut impl Write,
    title: &str,
    mut rows: impl Iterator<Item = T>,
    shown: impl Fn(T) -> String,
) -> io::Result<()> {
    let first: Vec<String> = rows.by_ref().take(ROWS).map(shown).collect();
    let more = rows.count();
    if !first.is_empty() {
        writeln!(out, "{title}: {}", first.len() + more)?;
    }
    first.iter().try_for_each(|row| writeln!(out, "  {}", row.trim_end()))?;
    if more > 0 { writeln!(out, "  and {more} more") } else { Ok(()) }
}

/// A text of the dump, however long and whatever is in it; empty if it is absent or cannot be read.
fn text(text: Option<Utf16<'_>>) -> String {
    text.map_or(String::new(), |text| text.trim_end_nul().chars_lossy().take(CHARACTERS).map(visible).collect())
}

/// The text on one line and without characters that a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(visible).collect()
}

fn visible(c: char) -> String {
    if matches!(c, '\\' | '"' | '\'') { c.to_string() } else { c.escape_debug().to_string() }
}

/// Seconds since 1970 as a date and a time of day.
fn utc(seconds: u32) -> String {
    let (days, second) = (u64::from(seconds / 86400), seconds % 86400);
    // Counted from March on, so that the day a leap year adds comes last; 719468 days lie between then and 1970.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (month, day) = ((month + 2) % 12 + 1, day - (153 * month + 2) / 5 + 1);
    let year = era * 400 + year + u64::from(month < 3);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}
