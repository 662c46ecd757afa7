//! Compares modules, threads and exceptions of dumps of any format.

use userdump::read::any_format::{AnyModule, AnyThread};
use userdump::read::{Context, Memory};
use userdump::{Dump, ReadError};

use crate::difference::{Difference, Facts, items};
use crate::told::printable;

/// A dump and its memory index, which is built once because that takes a pass over all ranges.
pub struct Side<'a> {
    pub dump: Dump<'a>,
    pub memory: Memory<'a>,
}

pub fn differences(both: [&Side<'_>; 2]) -> Vec<Difference> {
    let system = items("system", both.map(|side| vec![("dump".to_owned(), system(side))]));
    let modules = items("modules", both.map(modules));
    let unloaded = items("unloaded modules", both.map(unloaded));
    let threads = items("threads", both.map(threads));
    let exceptions = items("exceptions", both.map(exceptions));
    [system, modules, unloaded, threads, exceptions].into_iter().flatten().collect()
}

/// Returns the fields that have a value.
fn facts<const COUNT: usize>(named: [(&str, Option<String>); COUNT]) -> Facts {
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), printable(&value?)))).collect()
}

/// Returns a string, or the reason why it cannot be read.
fn text(text: Result<impl ToString, ReadError>) -> Option<String> {
    Some(text.map_or_else(|error| format!("({error})"), |text| text.to_string()))
}

fn system(side: &Side<'_>) -> Facts {
    let target = side.dump.target();
    let minidump = side.dump.minidump();
    facts([
        ("format", Some(if minidump.is_some() { "minidump" } else { "full user dump" }.to_owned())),
        ("flags", minidump.map(|dump| format!("{:#x}", dump.flags().bits()))),
        ("time", minidump.map(|dump| dump.header().time_date_stamp.to_string())),
        ("architecture", target.architecture.map(|it| it.to_string())),
        ("platform", target.platform.map(|it| it.to_string())),
        ("process", side.dump.process_id().map(|id| id.to_string())),
    ])
}

fn modules(side: &Side<'_>) -> Vec<(String, Facts)> {
    let module = |module: AnyModule<'_>| {
        let of_file = facts([
            ("name", text(module.name())),
            ("size", Some(module.size().to_string())),
            ("time stamp", module.time_date_stamp(&side.memory).map(|it| format!("{it:#x}"))),
            ("checksum", module.checksum(&side.memory).map(|it| format!("{it:#x}"))),
            ("version", module.file_version(&side.memory).map(|it| it.to_string())),
            ("code ID", module.code_id(&side.memory).map(|it| it.to_string())),
            ("debug ID", module.debug_id(&side.memory).map(|it| it.to_string())),
            ("debug file", module.debug_file(&side.memory).map(|it| it.into_owned())),
        ]);
        (format!("{:#018x}", side.dump.target().mask(module.base())), of_file)
    };
    side.dump.modules().map(module).collect()
}

fn unloaded(side: &Side<'_>) -> Vec<(String, Facts)> {
    let modules = side.dump.unloaded_modules().map(|module| {
        let of_file = facts([
            ("name", text(module.name())),
            ("size", Some(module.size().to_string())),
            ("code ID", module.code_id().map(|it| it.to_string())),
        ]);
        (format!("{:#018x}", side.dump.target().mask(module.base())), of_file)
    });
    modules.collect()
}

fn threads(side: &Side<'_>) -> Vec<(String, Facts)> {
    let thread = |thread: AnyThread<'_>| {
        let mut found = facts([
            ("name", side.dump.thread_name(thread.id()).map(|name| name.to_string())),
            ("environment block", Some(format!("{:#x}", thread.teb()))),
        ]);
        if let AnyThread::Minidump(thread) = thread {
            let raw = thread.raw();
            let (start, size) = (raw.stack.start_of_memory_range, raw.stack.memory.data_size);
            found.extend(facts([
                ("stack", Some(format!("{:#x}, {size} bytes", side.dump.target().mask(start)))),
                ("suspend count", Some(raw.suspend_count.to_string())),
                ("priority", Some(format!("{}, {}", raw.priority_class, raw.priority))),
            ]));
        }
        found.extend(registers(thread.context()));
        (format!("{:#x}", thread.id()), found)
    };
    side.dump.threads().map(thread).collect()
}

fn exceptions(side: &Side<'_>) -> Vec<(String, Facts)> {
    let exceptions = side.dump.exceptions().map(|exception| {
        let mut found = facts([
            ("reason", Some(exception.reason().to_string())),
            ("address", Some(format!("{:#x}", side.dump.target().mask(exception.address())))),
            ("code", Some(format!("{:#x}", exception.code()))),
            ("flags", Some(format!("{:#x}", exception.record().exception_flags))),
            ("parameters", Some(format!("{:x?}", exception.parameters()))),
        ]);
        found.extend(registers(exception.context()));
        (format!("of thread {:#x}", exception.thread_id()), found)
    });
    exceptions.collect()
}

fn registers(context: Result<Option<Context<'_>>, ReadError>) -> Facts {
    match context {
        Ok(None) => Facts::new(),
        Ok(Some(context)) => {
            let registers = context.registers();
            registers.map(|register| (register.name.to_owned(), format!("0x{}", register.value))).collect()
        }
        Err(error) => facts([("registers", Some(format!("({error})")))]),
    }
}
