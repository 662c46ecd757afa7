//! Writes the dump of a made-up process with two threads, a module and an exception, and prints its layout.
//!
//! ```text
//! $ cargo run --release --example write_minimal -- made-up.dmp
//! ThreadList at 0x648, 100 bytes
//! ModuleList at 0x6b0, 112 bytes
//! ...
//! 2 memory ranges, 8192 bytes; 12772 bytes in all
//! ```

#[path = "support/help.rs"]
mod help;
#[path = "support/printed.rs"]
mod printed;
#[path = "support/told.rs"]
mod told;

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use userdump::MinidumpBuilder;
use userdump::format::context::{ContextLayout, RegisterGroup};
use userdump::format::module::Guid;
use userdump::format::{MinidumpType, PlatformId, ProcessorArchitecture};
use userdump::write::{
    CodeView, ContextBuilder, Exception, MemoryInfo, MemoryRange, MiscInfo, Module, SystemInfo, Thread,
};

use printed::print_summary;
use told::line;

const HELP: &str = "\
write_minimal OUTPUT

Writes the dump of a made-up Windows process to OUTPUT, replacing any file there, and prints its layout.

Options:
  -h, --help  print this help and exit

Example: write_minimal made-up.dmp

Exit status: 0 if the dump was written, 1 if it was not or its layout cannot be printed, 2 if the arguments are wrong.";

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if words.iter().any(|word| help::is_asked_for(word)) {
        return help::print(HELP);
    }
    if let Some(option) = words.iter().find(|word| word.as_encoded_bytes().starts_with(b"-")) {
        return help::misused(HELP, &format!("{option:?} is not an option"));
    }
    let [path] = words.as_slice() else {
        return help::misused(HELP, "one path is needed");
    };
    match write(Path::new(path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            // If standard error is closed, the message cannot be printed anywhere.
            let _ = writeln!(io::stderr(), "write_minimal: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn write(path: &Path) -> Result<(), String> {
    let (file, layout) = made_up().map_err(|error| error.to_string())?;
    fs::write(path, file).map_err(|error| line(path, &error))?;
    print_summary(path, &layout)
}

/// Returns the dump and its layout.
fn made_up() -> Result<(Vec<u8>, String), Box<dyn Error>> {
    let code = 0x1_4000_1000;
    let mut dump = MinidumpBuilder::new();
    dump.flags(MinidumpType::WITH_FULL_MEMORY_INFO).time_date_stamp(1_700_000_000);
    let system = SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::WIN32_NT);
    dump.add(system.number_of_processors(4).product_type(1).version(10, 0, 19045));
    dump.add(MiscInfo::new().process_id(4242));

    let guid = Guid { data1: 0x1122_3344, data2: 5, data3: 6, data4: *b"a module" };
    let module = Module::new(0x1_4000_0000, 0x2_0000, "C:\\app\\app.exe").time_date_stamp(0x6543_2100);
    dump.add(module.version([1, 2, 3, 4], [1, 2, 0, 0]).code_view(CodeView::pdb70(guid, 1, "app.pdb")));

    let stacks = [[0x40; 4096], [0x41; 4096]];
    for ((id, name), stack) in [(100, "main"), (200, "worker")].into_iter().zip(&stacks) {
        let bottom = 0x10_0000 * u64::from(id);
        let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
        registers.register("rip", code).register("rsp", bottom + 0x800).register("rax", 0xdead);
        registers.register_bytes("xmm0", &[0x55; 16]).group(RegisterGroup::Segments);
        if id == 100 {
            let exception = Exception::new(id, 0xc000_0005).address(code).parameters([1, 0x1234]);
            dump.add(exception.context(&registers));
        }
        let thread = Thread::new(id).name(name).teb(0x7f_0000 + u64::from(id)).priority_class(0x20);
        dump.add(thread.context(registers).stack_memory(MemoryRange::borrowed(bottom, stack)));
        dump.add(MemoryInfo::new(bottom, 4096));
    }

    let plan = dump.plan()?;
    let mut layout = String::new();
    for entry in plan.directory() {
        writeln!(layout, "{} at {:#x}, {} bytes", entry.stream_type, entry.location.rva, entry.location.data_size)?;
    }
    let (ranges, bytes) = plan.memory();
    writeln!(layout, "{ranges} memory ranges, {bytes} bytes; {} bytes in all", plan.size())?;
    let mut file = Vec::new();
    plan.write_to(&mut file)?;
    Ok((file, layout))
}
