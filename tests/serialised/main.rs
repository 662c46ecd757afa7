//! What the feature `serde` makes of reports, findings, records and identifiers.
//!
//! A binary of its own: beside `serde_json`, `assert_eq!(bytes, [])` no longer compiles.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use userdump::format::breakpad::AssertionInfo;
use userdump::format::exception::ExceptionRecord;
use userdump::format::handle::HandleOperation;
use userdump::format::linux::AuxType;
use userdump::format::system::{MiscInfo5, SystemTime};
use userdump::format::{
    DirectoryEntry, Guid, Header, LocationDescriptor, MemoryProtection, MinidumpType, Module, StreamType,
};
use userdump::read::check::FindingCode;
use userdump::read::linux::{LinuxMaps, MozLinuxLimits};
use userdump::read::module::{CodeId, DebugId, FileVersion};
use userdump::read::system::ProcessorPower;
use userdump::read::thread::StackWords;
use userdump::read::{ModuleList, Target};
use userdump::redump::{Engine, Managed, Redump, Walk};
use userdump::write::{Compressed, MemoryRange, ShortSource};
use userdump::{Dump, Minidump, MinidumpBuilder, ReadError};

/// The dump of the quick start.
const CRASH: &[u8] = include_bytes!("../fixtures/quick-start.dmp");

const LINUX_MAPS: u32 = 0x4767_0009;
const MOZ_LINUX_LIMITS: u32 = 0x4d7a_0003;

/// A dump with two files of Linux.
fn linux() -> Vec<u8> {
    let mut dump = MinidumpBuilder::new();
    dump.stream(StreamType(LINUX_MAPS), b"1000-2000 r-xp 00000010 08:01 77 /bin/app (deleted)\n".as_slice());
    dump.stream(StreamType(MOZ_LINUX_LIMITS), b"Max open files  1024  unlimited  files\n".as_slice());
    let mut file = Vec::new();
    dump.plan().expect("it is small").write_to(&mut file).expect("there is room");
    file
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("it is serialised")
}

/// The JSON of a value, out of which the same value comes back.
fn both<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Value {
    let text = serde_json::to_string(value).expect("it is serialised");
    assert_eq!(&serde_json::from_str::<T>(&text).expect("it comes back"), value, "{text}");
    json(value)
}

#[test]
fn values_have_the_names_of_their_fields() {
    let entry =
        DirectoryEntry { stream_type: StreamType(3), location: LocationDescriptor { data_size: 52, rva: 0x1c0 } };
    assert_eq!(both(&entry), json!({ "stream_type": "ThreadList", "location": { "data_size": 52, "rva": 448 } }));
    let unknown = DirectoryEntry { stream_type: StreamType(0xabc), ..entry };
    assert_eq!(both(&unknown)["stream_type"], "0xabc");
    assert_eq!(both(&AuxType(u64::MAX)), "0xffffffffffffffff");
    assert_eq!(
        both(&MinidumpType::from_bits_retain(0x8000_0000_0000_0006)),
        "WITH_FULL_MEMORY | WITH_HANDLE_DATA | 0x8000000000000000"
    );
    assert_eq!(both(&MemoryProtection::empty()), "0x0");
    let time = SystemTime { year: 2026, month: 11, day: 28, ..Default::default() };
    let fields = json!({
        "year": 2026, "month": 11, "day_of_week": 0, "day": 28, "hour": 0, "minute": 0, "second": 0, "milliseconds": 0,
    });
    assert_eq!(both(&time), fields);
    assert_eq!(both(&StackWords::default()), json!({ "words": 0, "filtered": 0, "lost": 0 }));
    assert_eq!(both(&Engine::V2017), "v2017");
    assert_eq!((both(&Walk::Tables), both(&Managed::Heap)), (json!("tables"), json!("heap")));
    assert_eq!(both(&FindingCode::NoThreads), "no-threads");
    let target = Dump::parse(CRASH).expect("it is one").target();
    assert_eq!(both::<Target>(&target), json!({ "architecture": "AMD64", "platform": "Windows NT" }));
}

#[test]
fn every_structure_comes_back() {
    let words = |count: usize| std::iter::successors(Some(1_u16), |word| Some(word.wrapping_mul(31))).take(count);
    // Arrays of more than 32 elements, of numbers and of structures.
    let mut info = AssertionInfo { line: 7, ..Default::default() };
    info.expression.iter_mut().zip(words(128)).for_each(|(to, from)| *to = from);
    let expected: Vec<u16> = words(128).collect();
    assert_eq!(both(&info)["expression"], json!(expected));
    let mut misc = MiscInfo5 { process_cookie: 9, ..Default::default() };
    misc.xstate_data.features[63].size = 64;
    assert_eq!(both(&misc)["xstate_data"]["features"][63]["size"], 64);
    both(&ExceptionRecord { exception_information: [u64::MAX; 15], ..Default::default() });
    both(&HandleOperation::default());
    both(&Header::default());
    both(&Compressed::default());
    let dump = Minidump::parse(CRASH).expect("it is one");
    for module in dump.stream::<ModuleList<'_>>().expect("it can be read").expect("it is there") {
        let text = both::<Module>(module.raw());
        assert_eq!(text["base_of_image"], module.base());
        assert_eq!(text["cv_record"]["data_size"], module.raw().cv_record.data_size);
    }
}

#[test]
fn identifiers_are_text() {
    let guid: Guid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6".parse().expect("it is one");
    assert_eq!(both(&guid), "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6");
    assert_eq!(both(&DebugId::Guid { guid, age: 0x1f }), "F81D4FAE7DEC11D0A76500A0C91E6BF61f");
    assert_eq!(both(&CodeId::from_image(0x5c9d_0000, 0x12000)), "5c9d000012000");
    assert_eq!(both(&FileVersion::from([10, 0, 19041, 1])), "10.0.19041.1");
}

#[test]
fn findings_are_what_dumpchk_prints() {
    let cut = &CRASH[..20_000];
    let mut findings = Vec::new();
    Dump::parse(cut).expect("the header is there").check(&mut |finding| findings.push(finding));
    assert!(!findings.is_empty());
    let whole = json(&findings[0]);
    let fields: Vec<&str> = whole.as_object().expect("it has fields").keys().map(String::as_str).collect();
    assert_eq!(fields, ["code", "entry", "message", "offset", "stream"]);
    assert_eq!((&whole["code"], &whole["stream"]), (&json!("file-truncated"), &Value::Null));
    assert!(
        whole["message"].as_str().is_some_and(|text| text.contains("the file ends at 20000 of at least")),
        "{whole}"
    );
    let file = tempfile::NamedTempFile::new().expect("there is room");
    std::fs::write(file.path(), cut).expect("there is room");
    let program = std::process::Command::new(env!("CARGO_BIN_EXE_dumpchk")).arg("--json").arg(file.path()).output();
    let printed: Value = serde_json::from_slice(&program.expect("it runs").stdout).expect("it is JSON");
    assert_eq!(printed["findings"], json(&findings));
}

#[test]
fn reports_say_what_became_of_everything() {
    let dump = Dump::parse(CRASH).expect("it is one");
    let options = "/mt".parse().expect("these are letters");
    let redump = Redump::new(&dump, &options).expect("it can be re-encoded");
    let (report, written) = (redump.report(), json(redump.report()));
    assert_eq!((&written["size"], &written["source_size"]), (&json!(report.size), &json!(CRASH.len())));
    let streams = written["streams"].as_array().expect("it is a list");
    assert_eq!(streams.len(), report.streams.len());
    let threads = streams.iter().find(|stream| stream["stream_type"] == "ThreadList").expect("it is there");
    assert_eq!(threads["outcome"], "rewritten");
    let mut outcomes: Vec<String> = streams.iter().map(|stream| stream["outcome"].to_string()).collect();
    outcomes.sort();
    outcomes.dedup();
    assert!(outcomes.len() > 1, "{outcomes:?}");
    let memory: Vec<Value> = redump.selected_memory().map(|memory| json(&memory)).collect();
    assert!(memory.iter().any(|memory| memory["reason"]["stack"]["thread"].is_u64()), "{memory:?}");
    // A fault is what it says.
    let error = ReadError::Truncated { what: "MINIDUMP_THREAD_LIST", offset: 0x20, needed: 4, available: 1 };
    assert_eq!(json(&error), "MINIDUMP_THREAD_LIST at 0x20 needs 4 bytes, 1 available");
    assert_eq!(json(&userdump::redump::Outcome::Unreadable(error)), json!({ "unreadable": error.to_string() }));
}

#[test]
fn texts_are_strings() {
    let dump = Minidump::parse(CRASH).expect("it is one");
    for module in dump.modules() {
        let name = module.name().expect("it is there");
        assert_eq!(json(&name), name.to_string());
    }
    let file = linux();
    let dump = Minidump::parse(&file).expect("it is one");
    let mappings: Vec<_> = dump.find::<LinuxMaps<'_>>().expect("it is there").iter().collect();
    let expected = json!([{
        "start": 0x1000, "end": 0x2000, "flags": "READ | EXECUTE", "offset": 16, "device": [8, 1], "inode": 77,
        "path": "/bin/app", "deleted": true,
    }]);
    assert_eq!(json(&mappings), expected);
    let limits = dump.find::<MozLinuxLimits<'_>>().expect("it is there");
    let expected = json!({ "name": "Max open files", "soft": 1024, "hard": null, "units": "files" });
    assert_eq!(json(&limits.limits().next().expect("there is one")), expected);
}

/// Errors of a reader are text, which says more than a number but cannot be parsed.
#[test]
fn shortfalls_have_the_text_of_their_error() {
    let mut dump = MinidumpBuilder::new();
    dump.short_source(ShortSource::ZeroFillErrors);
    let failing = |_: u64, _: &mut [u8]| Err(std::io::ErrorKind::PermissionDenied.into());
    dump.memory64(MemoryRange::from_read_at(0x1000, 16, failing));
    dump.memory64(MemoryRange::from_reader(0x2000, 8, &b"five!"[..]));
    let written = dump.plan().expect("it is small").write_to(std::io::sink()).expect("errors are filled up");
    let expected = json!([
        { "address": 0x1000, "size": 16, "offset": 0, "missing": 16, "error": "permission denied" },
        { "address": 0x2000, "size": 8, "offset": 5, "missing": 3, "error": null },
    ]);
    assert_eq!(json(&written)["shortfalls"], expected);
}

#[test]
fn what_is_wrong_is_refused() {
    let error = |text: &str, of: fn(&str) -> Option<String>| of(text).unwrap_or_else(|| panic!("{text} is taken"));
    fn of<T: DeserializeOwned>(text: &str) -> Option<String> {
        serde_json::from_str::<T>(text).err().map(|error| error.to_string())
    }
    assert!(error("\"Threads\"", of::<StreamType>).starts_with("not a StreamType: expected a name or a number"));
    assert!(error("3", of::<StreamType>).starts_with("invalid type: integer `3`, expected text"));
    assert!(error("\"nothing\"", of::<FindingCode>).starts_with("not a FindingCode"));
    assert!(error("\"READ\"", of::<MemoryProtection>).starts_with("not a MemoryProtection"));
    assert!(error("[1, 2]", of::<ProcessorPower>).starts_with("invalid length 2"));
    assert!(error("{\"data_size\": 4}", of::<LocationDescriptor>).starts_with("missing field `rva`"));
    assert!(error("{\"data_size\": -4, \"rva\": 0}", of::<LocationDescriptor>).starts_with("invalid value"));
}
