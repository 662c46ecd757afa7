//! The facts for programs.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use userdump::Dump;
use userdump::format::StreamType;
use userdump::read::any_format::AnyException;
use userdump::read::check::Finding;
use userdump::read::handle::HandleData;
use userdump::read::list::Record;
use userdump::read::memory::{Memory64List, MemoryInfoList, MemoryList};
use userdump::read::module::UnloadedModuleList;
use userdump::read::system::MiscInfo;
use userdump::read::thread::ThreadNames;
use userdump::read::{FromStream, FullUserDump, List, MemoryRange, Minidump, ModuleList, SystemInfo, ThreadList};

use crate::names::{format, system};

/// Counts are of the first stream of a type, `null` if there is none or its head cannot be read; those of a full user
/// dump are of its tables, and what its format lacks is `null`.
#[derive(Default, Serialize)]
struct Facts<'f> {
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
    modules: Option<u64>,
    memory_list: MemoryFacts,
    memory64_list: MemoryFacts,
    /// What a full user dump has bytes of.
    memory: MemoryFacts,
    /// The regions that are described: with bytes or without.
    memory_info: Option<u64>,
    thread_names: Option<u64>,
    unloaded_modules: Option<u64>,
    handles: Option<u64>,
    exceptions: Vec<ExceptionFacts>,
    #[serde(serialize_with = "finding_facts")]
    findings: &'f [Finding],
}

#[derive(Serialize)]
struct StreamFacts {
    #[serde(rename = "type")]
    number: u32,
    #[serde(serialize_with = "name")]
    name: StreamType,
    size: u32,
    rva: u32,
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
    address: u64,
}

#[derive(Serialize)]
struct FindingFacts {
    code: &'static str,
    stream: Option<String>,
    offset: u64,
    message: String,
}

pub fn print(out: &mut impl Write, dump: &Dump<'_>, findings: &[Finding]) -> io::Result<()> {
    let facts = Facts {
        format: format(dump),
        arch: dump.target().processor().short_name,
        os: dump.target().platform.and_then(system),
        exceptions: dump.exceptions().map(|exception| ExceptionFacts::of(&exception)).collect(),
        findings,
        ..match dump {
            Dump::Minidump(dump) => of_minidump(dump),
            Dump::FullUserDump(dump) => of_user_dump(dump),
            _ => Facts::default(),
        }
    };
    serde_json::to_writer_pretty(&mut *out, &facts)?;
    writeln!(out)
}

fn of_minidump(dump: &Minidump<'_>) -> Facts<'static> {
    let streams = dump.directory().iter().map(|entry| StreamFacts {
        number: entry.stream_type.0,
        name: entry.stream_type,
        size: entry.location.data_size,
        rva: entry.location.rva,
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
        ..Facts::default()
    }
}

fn of_user_dump(dump: &FullUserDump<'_>) -> Facts<'static> {
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

/// The first stream of its kind; a stream that cannot be read is among the findings.
fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> Option<T> {
    dump.stream().ok().flatten()
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
    fn of(exception: &AnyException<'_>) -> Self {
        Self { thread: exception.thread_id(), code: exception.code(), address: exception.address() }
    }
}

fn name<S: Serializer>(stream_type: &StreamType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(stream_type)
}

/// One after the other: a broken file can have as many findings as it has bytes.
fn finding_facts<S: Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(|finding| FindingFacts {
        code: finding.code.as_str(),
        stream: finding.stream.map(|stream| stream.to_string()),
        offset: finding.offset,
        message: finding.to_string(),
    }))
}
