//! The output as JSON.

use std::io::{self, Write};

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use userdump::Dump;
use userdump::format::StreamType;
use userdump::read::any_format::{AnyException, AnyText};
use userdump::read::handle::HandleData;
use userdump::read::list::Record;
use userdump::read::memory::{Memory64List, MemoryInfoList, MemoryList};
use userdump::read::module::UnloadedModuleList;
use userdump::read::system::MiscInfo;
use userdump::read::thread::{StackWords, ThreadNames};
use userdump::read::{
    FromStream, FullUserDump, List, MemoryRange, Minidump, ModuleList, SystemInfo, Target, ThreadList,
};

use crate::exceptions::{Modules, Place, comments, lldb_text};
use crate::findings::Findings;
use crate::names::{available, format, meaning_of_address, system};
use crate::stacks::Stacks;
use crate::triage::Triage;
use crate::wow64::Wow64Facts;

/// What is printed. In a minidump, a count is that of the first stream of the type, `null` if there is none or its header
/// cannot be read. In a full user dump, it is that of the table, `null` if the format has no such table.
#[derive(Default, Serialize)]
struct Facts {
    /// `minidump`, `userdump` or `userdu64`.
    format: &'static str,
    arch: Option<&'static str>,
    os: Option<&'static str>,
    /// Major, minor, build.
    os_version: Option<[u32; 3]>,
    service_pack: Option<String>,
    process: Option<u32>,
    flags: Option<u64>,
    streams: Vec<StreamFacts>,
    threads: Option<u64>,
    /// The IDs of threads that have neither a stack descriptor nor memory at the stack pointer.
    threads_without_stack: Vec<u32>,
    modules: Option<u64>,
    memory_list: MemoryFacts,
    memory64_list: MemoryFacts,
    /// The memory ranges of a full user dump.
    memory: MemoryFacts,
    /// The number of memory regions that are described, with or without bytes.
    memory_info: Option<u64>,
    /// The words of all stacks; `null` if this is not a triage dump.
    triage: Option<StackWords>,
    /// `null` if this is not a 32-bit process on 64-bit Windows.
    wow64: Option<Wow64Facts>,
    thread_names: Option<u64>,
    unloaded_modules: Option<u64>,
    handles: Option<u64>,
    exceptions: Vec<ExceptionFacts>,
    /// The comments that the producer added.
    comments: Vec<String>,
}

#[derive(Serialize)]
struct AllFacts<'f> {
    #[serde(flatten)]
    facts: Facts,
    /// The first [`LISTED`](crate::findings::LISTED) findings of each code.
    #[serde(serialize_with = "finding_facts")]
    findings: &'f Findings<'f>,
    /// The number of findings that are not listed, by code.
    #[serde(serialize_with = "more_findings")]
    more_findings: &'f Findings<'f>,
}

#[derive(Serialize)]
struct StreamFacts {
    #[serde(rename = "type")]
    number: u32,
    name: StreamType,
    size: u32,
    rva: u32,
    /// The number of its bytes that are in the file.
    available: u64,
}

#[derive(Default, Serialize)]
struct MemoryFacts {
    ranges: Option<u64>,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct ExceptionFacts {
    thread: u32,
    code: u32,
    /// The address as stored in the record.
    address: u64,
    /// What `address` refers to, if the system is known.
    address_is: Option<&'static str>,
    /// The name of the code.
    name: Option<&'static str>,
    /// The meaning of the code, if the name does not tell it.
    meaning: Option<&'static str>,
    /// All information in the record, as text.
    reason: String,
    /// The address that could not be accessed; only its low 32 bits for a 32-bit target.
    accessed: Option<u64>,
    /// The address of the instruction that raised the exception, masked in the same way.
    instruction: Option<u64>,
    /// The file name of the module that contains the instruction.
    module: Option<String>,
    /// The offset of the instruction from the start of the module, in bytes.
    module_offset: Option<u64>,
    /// LLDB's description of the stop.
    lldb: Option<String>,
}

pub fn print(out: &mut impl Write, findings: &Findings<'_>) -> io::Result<()> {
    let dump = findings.dump;
    let (modules, memory) = (Modules::of(dump), dump.memory());
    let exception = |it: AnyException<'_>| ExceptionFacts::of(&it, &modules.place(&it), dump.target());
    let facts = Facts {
        format: format(dump),
        arch: dump.target().processor().short_name,
        os: dump.target().platform.and_then(system),
        threads_without_stack: {
            let stacks = Stacks::of(&memory);
            dump.threads().filter(|thread| stacks.lack(thread)).map(|thread| thread.id()).collect()
        },
        wow64: Wow64Facts::of(dump, &memory),
        triage: Triage::of(dump, &memory).map(|mut stacks| stacks.total(dump.threads())),
        exceptions: dump.exceptions().map(exception).collect(),
        ..match dump {
            Dump::Minidump(dump) => of_minidump(dump),
            Dump::FullUserDump(dump) => of_user_dump(dump),
            _ => Facts::default(),
        }
    };
    serde_json::to_writer_pretty(&mut *out, &AllFacts { facts, findings, more_findings: findings })?;
    writeln!(out)
}

fn of_minidump(dump: &Minidump<'_>) -> Facts {
    let streams = dump.directory().iter().map(|entry| StreamFacts {
        number: entry.stream_type.0,
        name: entry.stream_type,
        size: entry.location.data_size,
        rva: entry.location.rva,
        available: available(dump, &entry),
    });
    let system = view::<SystemInfo<'_>>(dump);
    let version = |system: &SystemInfo<'_>| {
        let raw = system.raw();
        [raw.major_version, raw.minor_version, raw.build_number]
    };
    Facts {
        os_version: system.as_ref().map(version),
        service_pack: system.and_then(|system| system.csd_version().ok().flatten()).map(|text| text.to_string()),
        process: view::<MiscInfo<'_>>(dump).and_then(|misc| misc.process_id()),
        flags: Some(dump.flags().bits()),
        streams: streams.collect(),
        threads: count(view::<ThreadList<'_>>(dump)),
        modules: count(view::<ModuleList<'_>>(dump)),
        memory_list: memory(view::<MemoryList<'_>>(dump)),
        memory64_list: memory(view::<Memory64List<'_>>(dump)),
        memory_info: count(view::<MemoryInfoList<'_>>(dump)),
        thread_names: count(view::<ThreadNames<'_>>(dump)),
        unloaded_modules: count(view::<UnloadedModuleList<'_>>(dump)),
        handles: count(view::<HandleData<'_>>(dump)),
        comments: comments(dump).collect(),
        ..Facts::default()
    }
}

fn of_user_dump(dump: &FullUserDump<'_>) -> Facts {
    let header = dump.header();
    Facts {
        os_version: Some([header.major_version, header.minor_version & 0xffff, dump.build_number()]),
        service_pack: dump.service_pack().map(|text| text.to_string()),
        process: dump.process_id(),
        threads: Some(dump.threads().len()),
        modules: Some(dump.modules().count() as u64),
        memory: memory(Some(dump.stored_regions().map(|region| region.range))),
        memory_info: Some(dump.region_list().len()),
        ..Facts::default()
    }
}

/// Returns the first stream of the type. A stream that cannot be read is reported as a finding.
fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> Option<T> {
    dump.stream().ok().flatten()
}

/// Returns the start of a name, because a damaged file can use one long name for any number of exceptions.
fn name_of_module(name: &AnyText<'_>) -> String {
    const CHARACTERS: usize = 1000;
    match name {
        AnyText::Utf16(name) => name.trim_end_nul().chars_lossy().take(CHARACTERS).collect(),
        AnyText::Ansi(name) => name.chars().take(CHARACTERS).collect(),
        _ => String::new(),
    }
}

fn count<'a, R: Record<'a>>(list: Option<List<'a, R>>) -> Option<u64> {
    list.map(|list| list.len())
}

fn memory<'a>(list: Option<impl IntoIterator<Item = MemoryRange<'a>>>) -> MemoryFacts {
    let Some(list) = list else { return MemoryFacts::default() };
    let add = |(ranges, bytes): (u64, u64), range: MemoryRange<'_>| (ranges + 1, bytes.saturating_add(range.size));
    let (ranges, bytes) = list.into_iter().fold((0, 0), add);
    MemoryFacts { ranges: Some(ranges), bytes: Some(bytes) }
}

impl ExceptionFacts {
    fn of(exception: &AnyException<'_>, place: &Place<'_>, target: Target) -> Self {
        let reason = exception.reason();
        Self {
            thread: exception.thread_id(),
            code: exception.code(),
            address: exception.address(),
            address_is: meaning_of_address(target),
            name: reason.name(),
            meaning: reason.meaning(),
            reason: reason.to_string(),
            accessed: exception.accessed_address(),
            instruction: place.instruction,
            module: place.module.and_then(|module| module.name().ok()).map(|name| name_of_module(&name)),
            module_offset: place.offset,
            lldb: lldb_text(exception),
        }
    }
}

/// Serialises the findings one after the other, without storing them.
fn finding_facts<S: Serializer>(findings: &&Findings<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(None)?;
    findings.listed(|finding| list.serialize_element(&finding))?;
    list.end()
}

fn more_findings<S: Serializer>(findings: &&Findings<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(findings.more())
}
