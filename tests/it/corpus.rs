//! The corpus of dumps by other producers: what we read of each, compared with what independent readers report.

mod refused;

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::format::StreamType;
use userdump::read::handle::HandleData;
use userdump::read::memory::{Memory64List, MemoryInfoList, MemoryList};
use userdump::read::module::UnloadedModuleList;
use userdump::read::thread::ThreadNames;
use userdump::read::{FromStream, MemoryRange, Module, ModuleList, ThreadList};

use crate::support::facts::Facts;
use crate::support::forms::open;
use crate::support::shared::{CorpusException, CorpusRow};
use crate::support::walk::walk;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    let own = trials![
        we_read_what_other_readers_report,
        we_read_what_other_readers_refuse,
        memory_by_address_is_what_the_ranges_hold,
        the_check_finds_what_was_broken_on_purpose,
        every_file_can_be_walked,
        every_prefix_of_the_smallest_files_can_be_walked,
    ];
    [own, refused::trials()].into_iter().flatten().collect()
}

const MERGED: &str = "LLDB merges modules with the same name; we keep all of them";
const NO_CONTEXT: &str = "LLDB only shows threads with a context that it can use";
const PADDING: &str = "four bytes of padding follow the count, as the size of the stream shows";

/// Our decisions where readers disagree or the manifest is wrong: file, figure, what we read, and why.
const DECISIONS: [(&str, &str, u64, &str); 16] = [
    ("real/lldb-linux-i386.dmp", "modules", 10, MERGED),
    ("real/lldb-bad-overlapping-streams.dmp", "modules", 10, MERGED),
    ("real/chromeos-abort.dmp", "modules", 5, MERGED),
    ("llvm-tests/lldb-modules-dup-min-addr.dmp", "modules", 2, MERGED),
    ("llvm-tests/lldb-arm-linux.dmp", "threads", 1, NO_CONTEXT),
    ("llvm-tests/lldb-arm64-macos.dmp", "threads", 1, NO_CONTEXT),
    ("synthetic/synth-le-windows-amd64-memory64.dmp", "threads", 1, NO_CONTEXT),
    ("synthetic/yaml-memory32-and-memory64.dmp", "threads", 1, NO_CONTEXT),
    ("synthetic/yaml-overlapping-memory.dmp", "threads", 1, NO_CONTEXT),
    ("llvm-tests/lldb-memory-list-padded.dmp", "memory bytes", 27, PADDING),
    ("llvm-tests/lldb-thread-list-padded.dmp", "threads", 2, PADDING),
    ("llvm-tests/lldb-regions-memlist.dmp", "memory bytes", 48, "skelsec finds no bytes; the list is valid"),
    (
        "synthetic/yaml-overlapping-memory.dmp",
        "memory ranges",
        5,
        "rust-minidump drops the empty range; we keep all entries",
    ),
    ("real/breakpad-exec-av-on-stack.dmp", "memory ranges", 5, "Breakpad drops lists with overlaps; we keep them"),
    (
        "real/lldb-bad-duplicate-streams.dmp",
        "threads",
        1,
        "the first of two lists counts, as in the files that this one was made from; only skelsec returns the second, which \
         overlaps other data",
    ),
    (
        "synthetic/yaml-windows-x86-every-raw-stream.dmp",
        "unloaded modules",
        2,
        "the RVAs of their names are 0, so other readers return no list; for us only the names are unreadable",
    ),
];

/// Files with a valid signature and invalid contents, found by fuzzing.
const NONSENSE: [&str; 2] = ["real/invalid-range.dmp", "real/invalid-record-count.dmp"];

/// The manifest calls this file's last stream `MozLinuxLimits`. Its type is 0x4d7a0004, the type of soft errors, and it
/// holds JSON about soft errors.
const MISNAMED: (&str, &str, &str) = ("real/linux-mini.dmp", "MozLinuxLimits", "MozSoftErrors");

fn we_read_what_other_readers_report(shared: &Shared) {
    let rows = shared.corpus();
    let mut agreed = 0;
    let mut decided = 0;
    for row in &rows {
        let bytes = shared.corpus_file(row);
        let dump = open(&bytes);
        assert_eq!(bytes.len() as u64, row.bytes, "{}", row.file);
        assert_eq!(in_order_of_the_manifest(&dump), our_names(row), "{}", row.file);
        assert_eq!(machine(&dump), (row.arch.as_str(), row.os.as_str()), "{}", row.file);
        assert_eq!(exception(&dump), row.exception, "{}", row.file);

        // No reader reports the names in dumps that LLDB does not read.
        if row.module_names.is_some() || row.modules.is_none() {
            assert_eq!(module_names(&dump), row.module_names, "{}", row.file);
        }

        let mut decisions = 0;
        for (what, reported, read) in figures(row, &dump) {
            let decision = DECISIONS.iter().find(|(file, about, ..)| *file == row.file && *about == what);
            decisions += usize::from(decision.is_some());
            let (expected, reason) = decision.map_or((reported, ""), |(.., ours, reason)| (Some(*ours), *reason));
            assert_eq!(read, expected, "{what} of {}; {reason}", row.file);
        }
        assert!(decisions > 0 || row.disagreeing.is_empty(), "{}: {} and no decision", row.file, row.disagreeing);
        decided += decisions;
        agreed += 1;
    }
    assert_eq!((agreed, rows.len(), decided), (81, 81, DECISIONS.len()));
    println!("{agreed} of {} files", rows.len());
}

/// Pairs of the manifest's figure and ours; `None` if the dump has no such stream.
fn figures(row: &CorpusRow, dump: &Minidump<'_>) -> [(&'static str, Option<u64>, Option<u64>); 10] {
    let list: Option<MemoryList<'_>> = view(dump);
    let list64: Option<Memory64List<'_>> = view(dump);
    let sum = |ranges: &mut dyn Iterator<Item = MemoryRange<'_>>| ranges.map(|range| range.size).sum::<u64>();
    [
        ("threads", row.threads, view::<ThreadList<'_>>(dump).map(|list| list.len())),
        ("modules", row.modules, view::<ModuleList<'_>>(dump).map(|list| list.len())),
        ("memory ranges", row.memory_ranges, list.map(|list| list.len())),
        ("memory bytes", row.memory_bytes, list.map(|list| sum(&mut list.iter()))),
        ("64-bit ranges", row.memory64_ranges, list64.map(|list| list.len())),
        ("64-bit bytes", row.memory64_bytes, list64.map(|list| sum(&mut list.iter()))),
        ("memory infos", row.memory_infos, view::<MemoryInfoList<'_>>(dump).map(|list| list.len())),
        ("thread names", row.thread_names, view::<ThreadNames<'_>>(dump).map(|list| list.len())),
        ("unloaded modules", row.unloaded_modules, view::<UnloadedModuleList<'_>>(dump).map(|list| list.len())),
        ("handles", row.handles, view::<HandleData<'_>>(dump).map(|list| list.len())),
    ]
}

fn module_names(dump: &Minidump<'_>) -> Option<u64> {
    let name = |module: Module<'_>| module.name().expect("every module has a name").to_string_lossy();
    Some(view::<ModuleList<'_>>(dump)?.iter().map(name).collect::<BTreeSet<_>>().len() as u64)
}

/// The errors with which readers reject dumps, how often each occurs, and what we decided. All of these dumps are
/// compared above.
const REFUSALS: [(&str, usize, &str); 21] = [
    (
        "MissingThreadList",
        22,
        "from its stack walker; a dump without threads is still a dump, and the check reports it",
    ),
    ("MissingSystemInfo", 1, "from its stack walker; data that does not depend on the processor is read"),
    ("udmp-parser: refuses", 19, "it gives no reason"),
    ("MinidumpMiscInfo size mismatch", 9, "an empty stream is an error of that stream; the others are read"),
    ("unsupported minidump architecture", 10, "lists do not need the context layout"),
    ("is not a valid PROCESSOR_ARCHITECTURE", 6, "an unknown number is kept as a number, and these are known"),
    ("unknown CPU for architecture", 1, "an unknown number is kept as a number, and this one is known"),
    ("is not a valid MINIDUMP_STREAM_TYPE", 1, "an unknown number is kept as a number"),
    ("Duplicate stream type", 4, "both are in the directory; a lookup by type returns the first"),
    ("found multiple streams of type", 2, "both are in the directory; a lookup by type returns the first"),
    (
        "MinidumpModuleList could not store module",
        3,
        "lists keep overlapping modules; by address the first takes precedence",
    ),
    ("could not store memory region", 1, "lists keep overlapping ranges; by address the first takes precedence"),
    ("has a memory region problem", 5, "a thread may have no stack, or one whose bytes are in a memory list"),
    ("ReadString found odd-sized", 2, "RVA 0 of the service pack name means that there is none"),
    ("code_identifier requires MinidumpSystemInfo", 2, "modules do not need system information"),
    ("codec can't decode", 3, "text is returned as UTF-16 units; a String has U+FFFD for invalid ones"),
    ("MinidumpHeaderSignatureMismatchException", 2, "big-endian dumps are read"),
    ("not recognized as a valid object file", 2, "big-endian dumps are read"),
    ("Unknown core file format", 2, "big-endian dumps are read"),
    (
        "skelsec: does not end",
        1,
        "a count is limited to what fits in the file, and SizeOfHeader gives the offset of the entries",
    ),
    ("exceeds end of file", 1, "a range cut by the end of the file keeps the bytes that are present"),
];
/// From the dumps with invalid contents, and from the one whose memory information list has a shorter header than
/// Microsoft's.
const UNEXPECTED_END: (&str, usize) = ("Unexpected EOF", 5);

fn we_read_what_other_readers_refuse(shared: &Shared) {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for row in shared.corpus() {
        for message in row.failing.split("; ").filter(|message| !message.is_empty()) {
            let fragments = REFUSALS.iter().map(|(fragment, ..)| *fragment).chain([UNEXPECTED_END.0]);
            let known = fragments.into_iter().find(|fragment| message.contains(fragment));
            *found.entry(known.unwrap_or_else(|| panic!("{}: {message} and no decision", row.file))).or_default() += 1;
        }
        open(&shared.corpus_file(&row));
    }
    let expected = REFUSALS.iter().map(|(fragment, count, _)| (*fragment, *count)).chain([UNEXPECTED_END]);
    assert_eq!(found, expected.collect());
}

fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> Option<T> {
    dump.stream().ok().flatten()
}

fn exception(dump: &Minidump<'_>) -> Option<CorpusException> {
    let exception = dump.exceptions().next()?.ok()?;
    let (thread, code, address) = (exception.thread_id(), exception.code(), exception.address());
    Some(CorpusException { thread, code, address })
}

/// The processor and the system as the manifest names them.
fn machine(dump: &Minidump<'_>) -> (&'static str, &'static str) {
    let target = dump.target();
    let processor = match target.architecture.map(|it| it.0) {
        Some(0) => "x86",
        Some(1) => "mips",
        Some(3) => "ppc",
        Some(5) => "arm",
        Some(9) => "amd64",
        Some(12) => "arm64",
        Some(0x8001) => "sparc",
        Some(0x8002) => "ppc64",
        Some(0x8003) => "arm64 (0x8003)",
        Some(0x8006) => "riscv64",
        _ => "-",
    };
    let system = match target.platform.map(|it| it.0) {
        Some(2) => "windows",
        Some(0x8101) => "macos",
        Some(0x8102) => "ios",
        Some(0x8201) => "linux",
        Some(0x8202) => "solaris",
        Some(0x8203) => "android",
        _ => "-",
    };
    (processor, system)
}

/// The stream names in the order of the manifest: directory order, with repeated ones at the place of the first.
fn in_order_of_the_manifest(dump: &Minidump<'_>) -> Vec<String> {
    let names: Vec<String> = dump.directory().iter().map(|entry| entry.stream_type.to_string()).collect();
    let first = |name: &String| names.iter().position(|other| other == name);
    let mut ordered = names.clone();
    ordered.sort_by_key(first);
    ordered
}

/// The manifest's names converted to ours. For some types that we name, the manifest gives the number alone
/// (`0x4d7a0001`) or after its own name (`Kasko(0x4b6b0001)`); the number decides.
fn our_names(row: &CorpusRow) -> Vec<String> {
    let our_name = |name: &String| {
        let (file, wrong, right) = MISNAMED;
        if row.file == file && name == wrong {
            return right.to_owned();
        }
        let number = name.split_once('(').map_or(name.as_str(), |(_, number)| number.trim_end_matches(')'));
        match number.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16)) {
            Some(number) => StreamType(number.expect("a hexadecimal number")).to_string(),
            None => name.clone(),
        }
    };
    row.streams.iter().map(our_name).collect()
}

fn memory_by_address_is_what_the_ranges_hold(shared: &Shared) {
    let mut compared = 0;
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        // The plain decoder reads only sound dumps.
        if NONSENSE.contains(&row.file.as_str()) {
            continue;
        }
        let (facts, memory) = (Facts::of(&bytes), open(&bytes).memory());
        for range in facts.ranges().into_iter().filter(|range| !range.bytes.is_empty()) {
            let last = range.bytes.len() as u64 - 1;
            for address in [0, 1, last / 2, last].map(|into| range.address + into.min(last)) {
                let expected = facts.read(address, 64);
                let mut buffer = vec![0; expected.len()];
                assert_eq!(memory.read(address, &mut buffer), expected.len(), "{}, {address:#x}", row.file);
                let until = overlapped(&facts, address).min(expected.len() as u64) as usize;
                assert_eq!(buffer[..until], expected[..until], "{}, {address:#x}", row.file);
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared} places");
}

/// The distance from an address to the start of the next range.
fn overlapped(facts: &Facts<'_>, address: u64) -> u64 {
    let next = facts.ranges().into_iter().map(|range| range.address).filter(|start| *start > address).min();
    next.map_or(u64::MAX, |start| start - address)
}

fn the_check_finds_what_was_broken_on_purpose(shared: &Shared) {
    let broken: BTreeMap<&str, &[(&str, &str)]> = BTreeMap::from([
        ("real/lldb-bad-duplicate-streams.dmp", [("duplicate-stream", "ThreadList")].as_slice()),
        ("real/lldb-bad-overlapping-streams.dmp", &[("streams-overlap", "LinuxLsbRelease")]),
        ("synthetic/cut-windows-amd64-memory64.dmp", &[("file-truncated", "")]),
        (
            "synthetic/yaml-duplicate-stream-types.dmp",
            &[
                ("duplicate-stream", "SystemInfo"),
                ("duplicate-stream", "ThreadList"),
                ("stack-not-listed", "ThreadList"),
            ],
        ),
        ("synthetic/yaml-memory32-and-memory64.dmp", &[("ranges-unsorted", "Memory64List")]),
        ("synthetic/yaml-overlapping-memory.dmp", &[("ranges-disagree", "MemoryList"); 2]),
        ("synthetic/yaml-windows-x86-every-raw-stream.dmp", &[("name-unreadable", "UnloadedModuleList"); 2]),
    ]);
    // Readers that use only these fields have found the streams.
    const NO_SIZE: [&str; 12] = [
        "facebook-streams",
        "dump-content",
        "arm-linux",
        "arm64-macos",
        "linux-arm-partial-uuids-match",
        "linux-arm-build-id-16",
        "linux-arm-build-id-20",
        "linux-arm-uuids-with-age",
        "regions-linux-map",
        "modules-dup-min-addr",
        "regions-memlist",
        "regions-memlist64",
    ];
    let implausible = |file: &str| -> &'static [(&'static str, &'static str)] {
        match file {
            "llvm-tests/lldb-linux-arm-build-id-16.dmp"
            | "llvm-tests/lldb-linux-arm-build-id-20.dmp"
            | "llvm-tests/lldb-linux-arm-uuids-with-age.dmp" => &[("module-repeated", "ModuleList")],
            "llvm-tests/lldb-thread-list-padded.dmp" => &[("context-missing", "ThreadList"); 2],
            "synthetic/synth-be-linux-amd64-many-streams.dmp" | "synthetic/synth-le-linux-amd64-many-streams.dmp" => {
                &[("context-missing", "Exception")]
            }
            _ => &[],
        }
    };
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        let mut found = Vec::new();
        open(&bytes).check(&mut |finding| {
            found.push((finding.code.as_str(), finding.stream.map(|stream| stream.to_string()).unwrap_or_default()));
        });
        if NONSENSE.contains(&row.file.as_str()) {
            assert!(found.iter().any(|(code, _)| *code == "stream-outside-file"), "{}: {found:?}", row.file);
            continue;
        }
        let facts = Facts::of(&bytes);
        let [list, list64] = [5, 9].map(|kind| facts.stream(kind).is_some());
        let absences = [
            ("no-system-info", row.arch == "-"),
            ("no-threads", row.threads.is_none()),
            ("no-modules", row.modules.is_none_or(|modules| modules == 0)),
            ("flags-disagree", (facts.header.flags & 2 != 0) != list64),
            ("memory-list-beside-full", list && list64),
        ];
        let mut expected: Vec<_> = absences.into_iter().filter(|it| it.1).map(|it| (it.0, String::new())).collect();
        let name = row.file.strip_prefix("llvm-tests/lldb-").and_then(|name| name.strip_suffix(".dmp"));
        if name.is_some_and(|name| NO_SIZE.contains(&name)) {
            expected.push(("stream-size-wrong", "MiscInfo".to_owned()));
        }
        // Today's debugger rejects dumps whose directory comes after a stream.
        let end = facts.header.directory.0 + 12 * u64::from(facts.header.streams);
        let before = facts.directory.iter().find(|it| it.kind != 0 && it.size > 0 && it.rva.0 < end);
        let before = before.filter(|_| facts.directory.len() as u64 == u64::from(facts.header.streams));
        expected.extend(before.map(|it| ("stream-before-directory-end", StreamType(it.kind).to_string())));
        expected.extend(implausible(&row.file).iter().map(|(code, stream)| (*code, (*stream).to_owned())));
        let of_file = broken.get(row.file.as_str()).copied().unwrap_or_default();
        expected.extend(of_file.iter().map(|(code, stream)| (*code, (*stream).to_owned())));
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{}", row.file);
    }
}

fn every_file_can_be_walked(shared: &Shared) {
    for row in shared.corpus() {
        let walked = walk(&shared.corpus_file(&row)).unwrap_or_else(|error| panic!("{}: {error}", row.file));
        assert_eq!(walked.streams, row.streams.len() as u64, "{}", row.file);
    }
}

fn every_prefix_of_the_smallest_files_can_be_walked(shared: &Shared) {
    let mut rows = shared.corpus();
    rows.sort_by_key(|row| row.bytes);
    for (rank, row) in rows.iter().enumerate() {
        let bytes = shared.corpus_file(row);
        // Larger files are sampled, each time at a different offset within a word.
        let step = match (rank < 10, bytes.len()) {
            (true, ..4096) => 1,
            (true, size) => size / 4096 + 1,
            (false, size) => size / 16 + 1,
        };
        for size in (0..bytes.len()).step_by(step) {
            assert_eq!(walk(&bytes[..size]).is_ok(), size >= 32, "{} cut at {size}", row.file);
        }
    }
}
