//! What the page shows of a dump: what `dumpchk` prints, as text and in tables.

use std::collections::BTreeSet;

use serde::Serialize;
use userdump::Dump;
use userdump::format::StreamType;
use userdump::format::memory::MemoryState;
use userdump::read::any_format::{AnyException, AnyModule, AnyText, AnyThread};
use userdump::read::memory::MemoryRegions;
use userdump::read::module::ModulesByAddress;
use userdump::read::{Memory, Minidump};

use crate::choices::{COMMON, OTHERS, RARE, letters};
use crate::exceptions::{Modules, comments, lldb_text};
use crate::findings::Findings;
use crate::names::available;
use crate::text;

/// The most rows of a table, because a damaged file can declare any number. `dumpchk` has the same limit.
const ROWS: usize = 1000;
/// The most characters of a string, for the same reason.
const CHARACTERS: usize = 300;
/// The most places that are listed for a stack, and how many words of it are searched.
const PLACES: usize = 8;
const WORDS: u64 = 512;

/// A dump for the page.
#[derive(Serialize)]
pub struct Contents {
    size: u64,
    /// Format, system, process, flags: lines of text.
    heading: Vec<String>,
    exceptions: Vec<ExceptionRow>,
    findings: Table<FindingRow>,
    threads: Table<ThreadRow>,
    modules: Table<ModuleRow>,
    unloaded: Table<ModuleRow>,
    streams: Table<StreamRow>,
    memory_ranges: u64,
    memory_bytes: u64,
    comments: Vec<String>,
    /// What `dumpchk` prints.
    text: String,
    choices: Choices,
}

/// What the page offers; the same for all dumps.
#[derive(Serialize)]
struct Choices {
    common: &'static [(&'static str, &'static str, &'static str)],
    letters: Vec<(char, &'static str)>,
    rare: &'static str,
    others: &'static [(&'static str, &'static str)],
}

/// The first rows of a table, and the number of all of them.
#[derive(Serialize)]
struct Table<T> {
    count: u64,
    rows: Vec<T>,
}

#[derive(Serialize)]
struct ExceptionRow {
    reason: String,
    thread: u32,
    /// The instruction: `victim.exe+0x179a`, or its address.
    place: Option<String>,
    /// The address that could not be accessed, where the reason does not tell it.
    accessed: Option<String>,
    lldb: Option<String>,
}

#[derive(Serialize)]
struct FindingRow {
    code: String,
    text: String,
}

#[derive(Serialize)]
struct ThreadRow {
    id: u32,
    name: String,
    instruction: Option<String>,
    /// The place of the instruction pointer in a module.
    place: Option<String>,
    stack_pointer: Option<String>,
    /// How many bytes of the stack the dump has, from the stack pointer on.
    stack_bytes: u64,
    /// Words on the stack that point to code of modules, from the stack pointer on. Some are return addresses.
    stack_places: Vec<String>,
    has_exception: bool,
}

#[derive(Serialize)]
struct ModuleRow {
    base: String,
    size: u32,
    name: String,
    version: Option<String>,
    debug_id: Option<String>,
}

#[derive(Serialize)]
struct StreamRow {
    name: String,
    size: u64,
    position: String,
    /// The number of its bytes that are in the file.
    available: u64,
}

impl<T> Table<T> {
    fn of<S>(mut all: impl Iterator<Item = S>, row: impl FnMut(S) -> T) -> Self {
        let rows: Vec<T> = all.by_ref().take(ROWS).map(row).collect();
        Self { count: (rows.len() + all.count()) as u64, rows }
    }
}

impl Contents {
    pub fn of(dump: &Dump<'_>) -> Self {
        let findings = Findings::count(dump);
        let text = printed(&findings);
        let heading = text.lines().take_while(|line| !line.starts_with("streams: ") && !line.starts_with("parts: "));
        let heading = heading.map(str::to_owned).collect();
        let (memory, modules) = (dump.memory(), dump.modules_by_address());
        let places = Modules::of(dump);
        let stacks = Stacks { dump, memory: &memory, modules: &modules, regions: dump.regions() };
        let raised: BTreeSet<u32> = dump.exceptions().map(|exception| exception.thread_id()).collect();
        let sizes = memory.visible_ranges().map(|range| range.size);
        let (memory_ranges, memory_bytes) = sizes.fold((0, 0u64), |(n, sum), size| (n + 1, sum.saturating_add(size)));
        let exception = |row: AnyException<'_>| {
            let instruction = places.place(&row).instruction;
            let place =
                instruction.map(|at| modules.locate(at).map_or(format!("{at:#x}"), |place| shown(&place.to_string())));
            let accessed = row.accessed_address().filter(|_| !dump.target().is_windows());
            ExceptionRow {
                reason: row.reason().to_string(),
                thread: row.thread_id(),
                place,
                accessed: accessed.map(|at| format!("{at:#x}")),
                lldb: lldb_text(&row).map(|text| shown(&text)),
            }
        };
        let (streams, comments) = match dump {
            Dump::Minidump(dump) => (streams(dump), comments(dump).take(ROWS).map(|text| multiline(&text)).collect()),
            _ => (Table { count: 0, rows: Vec::new() }, Vec::new()),
        };
        Self {
            size: dump.file_size(),
            heading,
            exceptions: dump.exceptions().take(ROWS).map(exception).collect(),
            findings: listed(&findings),
            threads: Table::of(dump.threads(), |thread| stacks.row(&thread, raised.contains(&thread.id()))),
            modules: Table::of(dump.modules(), |row| module(&row, dump, &memory)),
            unloaded: Table::of(dump.unloaded_modules(), |row| ModuleRow {
                base: address(dump.target().mask(row.raw().base_of_image)),
                size: row.raw().size_of_image,
                name: row.name().map_or(String::new(), |name| string(Some(AnyText::Utf16(name)))),
                version: None,
                debug_id: None,
            }),
            streams,
            memory_ranges,
            memory_bytes,
            comments,
            text,
            choices: Choices { common: &COMMON, letters: letters(), rare: RARE, others: &OTHERS },
        }
    }
}

/// Returns what `dumpchk` prints.
fn printed(findings: &Findings<'_>) -> String {
    let mut out = Vec::new();
    // A `Vec` accepts everything.
    let _ = text::print(&mut out, findings);
    String::from_utf8_lossy(&out).into_owned()
}

fn listed(findings: &Findings<'_>) -> Table<FindingRow> {
    let mut rows = Vec::new();
    let _ = findings.listed(|finding| {
        let row = FindingRow { code: finding.code.to_string(), text: finding.to_string() };
        rows.push(row);
        if rows.len() < ROWS { Ok(()) } else { Err(()) }
    });
    Table { count: findings.all(), rows }
}

fn streams(dump: &Minidump<'_>) -> Table<StreamRow> {
    let used = dump.directory().iter().filter(|entry| entry.stream_type != StreamType::UNUSED);
    Table::of(used, |entry| StreamRow {
        name: entry.stream_type.to_string(),
        size: entry.location.data_size.into(),
        position: format!("{:#x}", entry.location.rva),
        available: available(dump, &entry),
    })
}

/// What is needed to describe threads.
struct Stacks<'d, 'a> {
    dump: &'d Dump<'a>,
    memory: &'d Memory<'a>,
    modules: &'d ModulesByAddress<'a>,
    regions: MemoryRegions<'a>,
}

impl<'a> Stacks<'_, 'a> {
    fn row(&self, thread: &AnyThread<'a>, has_exception: bool) -> ThreadRow {
        let registers = thread.registers();
        let instruction = registers.as_ref().and_then(|registers| registers.instruction_pointer());
        let pointer = registers.and_then(|registers| registers.stack_pointer());
        let found = pointer.and_then(|pointer| self.memory.range_at(pointer).map(|range| (pointer, range)));
        ThreadRow {
            id: thread.id(),
            name: string(self.dump.thread_name(thread.id())),
            instruction: instruction.map(address),
            place: instruction.and_then(|at| self.place(at)),
            stack_pointer: pointer.map(address),
            stack_bytes: found
                .map_or(0, |(pointer, range)| range.address.wrapping_add(range.size).wrapping_sub(pointer)),
            stack_places: pointer.map_or(Vec::new(), |pointer| self.places(pointer)),
            has_exception,
        }
    }

    fn place(&self, at: u64) -> Option<String> {
        self.modules.locate(at).map(|place| shown(&place.to_string()))
    }

    /// Returns what the first words of a stack point to, if that is code.
    fn places(&self, pointer: u64) -> Vec<String> {
        let size = u64::from(self.dump.target().pointer_size());
        let words = (0..WORDS).map_while(|index| self.memory.read_pointer(pointer.wrapping_add(index * size)));
        words.filter(|word| self.may_be_code(*word)).filter_map(|word| self.place(word)).take(PLACES).collect()
    }

    /// True unless the dump says that the address is not executable.
    fn may_be_code(&self, at: u64) -> bool {
        let Some(region) = self.regions.at_address(at) else { return self.regions.is_empty() };
        region.state() == MemoryState::COMMIT && region.protection().allows_execute()
    }
}

fn module(row: &AnyModule<'_>, dump: &Dump<'_>, memory: &Memory<'_>) -> ModuleRow {
    ModuleRow {
        // 32-bit addresses may be sign-extended in the file.
        base: address(dump.target().mask(row.base())),
        size: row.size(),
        name: string(row.name().ok()),
        version: row.file_version(memory).map(|version| version.to_string()),
        debug_id: row.debug_id(memory).map(|id| id.to_string()),
    }
}

fn address(value: u64) -> String {
    format!("{value:#x}")
}

/// Returns a string from the dump, shortened and without control characters.
fn string(text: Option<AnyText<'_>>) -> String {
    match text {
        Some(AnyText::Utf16(text)) => text.trim_end_nul().chars_lossy().take(CHARACTERS).map(visible).collect(),
        Some(AnyText::Ansi(text)) => text.chars().take(CHARACTERS).map(visible).collect(),
        _ => String::new(),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(CHARACTERS).map(visible).collect()
}

fn multiline(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(ROWS);
    lines.map(shown).collect::<Vec<_>>().join("\n")
}

/// Control characters, and those that change the direction of what follows, could make a page show something else.
fn visible(c: char) -> char {
    let hides = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || hides { char::REPLACEMENT_CHARACTER } else { c }
}
