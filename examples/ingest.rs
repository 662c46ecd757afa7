//! Prints what a crash service needs from a dump of any format, as JSON: the reason of the crash, registers, stack words,
//! modules with the identifiers that symbol servers use, and the annotations of Crashpad and Breakpad.
//!
//! ```text
//! $ cargo run --release --example ingest -- tests/fixtures/quick-start.dmp
//! {
//!   "annotations": null,
//!   "architecture": "AMD64",
//!   "command_line": null,
//!   "crash": {
//!     "address": "0x1234",
//!     "instruction": "victim.exe+0x179a",
//!     "reason": "ACCESS_VIOLATION (0xc0000005) writing 0x1234",
//! ...
//! ```

mod support;

use std::process::ExitCode;

use serde_json::{Map, Value, json};
use userdump::Dump;
use userdump::format::context::RegisterGroup;
use userdump::read::crashpad::{CrashpadInfo, StringDictionary};
use userdump::read::linux::{LinuxCmdLine, LinuxLsbRelease};
use userdump::read::module::ModulesByAddress;
use userdump::read::{Memory, SystemInfo};

const HELP: &str = "\
ingest FILE

Prints what a crash service needs from a dump of any format, as one JSON object: the crash and its reason, registers, the words
at the stack pointer, modules with the identifiers that symbol servers use, and annotations.

Example: ingest crash.dmp";
/// The maximum number of stack words that are printed.
const WORDS: u64 = 32;

fn main() -> ExitCode {
    support::run(HELP, |file, _, out| {
        let crash = ingest(&Dump::parse(file)?);
        Ok(writeln!(out, "{crash:#}")?)
    })
}

fn ingest(dump: &Dump<'_>) -> Value {
    // Both are indexes: build them once and use them for all lookups.
    let (memory, modules) = (dump.memory(), dump.modules_by_address());
    let target = dump.target();
    json!({
        "system": system(dump),
        "architecture": target.architecture.map(|it| it.to_string()),
        "process": dump.process_id(),
        "threads": dump.threads().count(),
        "crash": crash(dump, &modules),
        "registers": registers(dump),
        "stack": stack(dump, &memory, &modules),
        "modules": dump.modules().map(|module| json!({
            "base": hex(target.mask(module.base())),
            "size": module.size(),
            "code_file": module.code_file(),
            "code_id": module.code_id(&memory).map(|id| id.to_string()),
            "debug_file": module.debug_file(&memory),
            "debug_id": module.debug_id(&memory).map(|id| id.to_string()),
            "version": module.file_version(&memory).map(|it| it.to_string()),
        })).collect::<Vec<_>>(),
        "unloaded_modules": dump.unloaded_modules().map(|module| json!({
            "base": hex(target.mask(module.base())),
            "code_file": module.code_file(),
            "code_id": module.code_id().map(|id| id.to_string()),
        })).collect::<Vec<_>>(),
        "annotations": dump.find().map(annotations),
        "command_line": dump.find::<LinuxCmdLine<'_>>().map(|it| it.text().to_string()),
        "distribution": dump.find::<LinuxLsbRelease<'_>>().map(|it| it.text().to_string()),
    })
}

fn system(dump: &Dump<'_>) -> Value {
    let version = dump.find::<SystemInfo<'_>>().map(|info| {
        let raw = info.raw();
        format!("{}.{}.{}", raw.major_version, raw.minor_version, raw.build_number)
    });
    json!({ "platform": dump.target().platform.map(|it| it.to_string()), "version": version })
}

fn crash<'a>(dump: &Dump<'a>, modules: &ModulesByAddress<'a>) -> Value {
    let exception = dump.exceptions().next();
    let thread = dump.crashed_thread_id();
    json!({
        "reason": exception.map(|it| it.reason().to_string()),
        "address": exception.and_then(|it| it.crash_address()).map(hex),
        "instruction": exception.and_then(|it| it.instruction(modules)).map(|place| place.to_string()),
        "thread": thread,
        "thread_name": thread.and_then(|id| dump.thread_name(id)).map(|name| name.to_string()),
    })
}

fn registers(dump: &Dump<'_>) -> Map<String, Value> {
    let wanted = [RegisterGroup::Control, RegisterGroup::Integer, RegisterGroup::Segments];
    let registers = dump.crash_registers().into_iter().flat_map(|context| context.registers());
    let wanted = registers.filter(|register| wanted.contains(&register.group));
    wanted.map(|register| (register.name.to_owned(), format!("0x{}", register.value).into())).collect()
}

/// Returns the words at the stack pointer, up to the first one that is not in the dump.
fn stack<'a>(dump: &Dump<'a>, memory: &Memory<'a>, modules: &ModulesByAddress<'a>) -> Vec<Value> {
    let Some(pointer) = dump.crash_registers().and_then(|context| context.stack_pointer()) else { return Vec::new() };
    let width = u64::from(dump.target().pointer_size());
    let addresses = (0..WORDS).map(|word| pointer.wrapping_add(word * width));
    let words = addresses.map_while(|address| Some((address, memory.read_pointer(address)?)));
    let place = |word| modules.locate(word).map(|place| place.to_string());
    words.map(|(at, word)| json!({ "address": hex(at), "value": hex(word), "in": place(word) })).collect()
}

fn annotations(info: CrashpadInfo<'_>) -> Value {
    let modules = info.modules().into_iter().flatten().map(|module| {
        let objects = module.annotation_objects().into_iter().flatten();
        let objects = objects.filter_map(|it| Some((it.name().ok()?.to_string(), it.text().ok()??.to_string().into())));
        let list = module.list_annotations().into_iter().flatten().filter_map(|it| it.text().ok());
        json!({
            "module": module.module_index(),
            "simple": module.simple_annotations().map(dictionary).ok(),
            "objects": objects.collect::<Map<_, _>>(),
            "list": list.map(|text| text.to_string()).collect::<Vec<_>>(),
        })
    });
    json!({
        "report": info.report_id().map(|id| id.to_string()),
        "client": info.client_id().map(|id| id.to_string()),
        "simple": info.simple_annotations().map(dictionary).ok(),
        "modules": modules.collect::<Vec<_>>(),
    })
}

fn dictionary(entries: StringDictionary<'_>) -> Map<String, Value> {
    let entries = entries.into_iter();
    entries.filter_map(|it| Some((it.key().ok()?.to_string(), it.value().ok()?.to_string().into()))).collect()
}

fn hex(number: u64) -> String {
    format!("{number:#x}")
}
