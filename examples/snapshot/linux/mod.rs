//! Taking the snapshot.

mod modules;
mod proc;
mod registers;
mod stopped;
mod system;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use tempfile::NamedTempFile;
use userdump::MinidumpBuilder;
use userdump::format::MinidumpType;
use userdump::format::linux::LinuxMapFlags;
use userdump::read::linux::{
    LinuxAuxv, LinuxCmdLine, LinuxEnviron, LinuxMapping, LinuxMaps, LinuxProcStatus, MozLinuxLimits,
};
use userdump::write::{MemoryRange, ShortSource, Shortfall, Thread};

use crate::Arguments;
use crate::printed::print_summary;
use crate::told::printable;
use modules::modules;
use proc::Proc;
use stopped::Stopped;

pub fn snapshot(arguments: &Arguments) -> Result<(), String> {
    // Signals are polled while writing, so that an interrupt resumes the process and removes the output.
    let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect::<SigSet>();
    signals.thread_block().map_err(|error| format!("signals: {error}"))?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC);
    let signals = signals.map_err(|error| format!("signals: {error}"))?;

    let stopped = Stopped::process(arguments.process_id)?;
    let proc = Proc::new(arguments.process_id);
    let memory = Arc::new(proc.open("mem")?);
    // The texts are borrowed by the dump, and read while the process is stopped.
    let maps = proc.read("maps")?;
    let (status, auxv, limits) = (proc.read("status")?, proc.read("auxv")?, proc.read("limits")?);
    let cmdline = if arguments.cmdline { Some(proc.read("cmdline")?) } else { None };
    let environ = if arguments.environ { Some(proc.read("environ")?) } else { None };
    let mappings: Vec<LinuxMapping<'_>> = LinuxMaps::parse(&maps).iter().collect();

    let mut dump = MinidumpBuilder::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    dump.flags(MinidumpType::WITH_FULL_MEMORY).time_date_stamp(now.try_into().unwrap_or_default());
    dump.short_source(ShortSource::ZeroFillErrors);
    system::describe(&mut dump, &proc);
    dump.add(LinuxMaps::parse(&maps)).add(LinuxProcStatus::parse(&status)).add(LinuxAuxv::parse(&auxv, 8));
    dump.add(MozLinuxLimits::parse(&limits));
    if let Some(cmdline) = &cmdline {
        dump.add(LinuxCmdLine::parse(cmdline));
    }
    if let Some(environ) = &environ {
        dump.add(LinuxEnviron::parse(environ));
    }
    let mut threads = 0;
    for id in stopped.threads() {
        dump.add(thread(id, &proc, &mappings)?);
        threads += 1;
    }
    let mut count = 0;
    for module in modules(&mappings, &*memory) {
        dump.add(module);
        count += 1;
    }
    for mapping in mappings.iter().filter(|mapping| is_wanted(mapping)) {
        dump.memory64(MemoryRange::from_read_at(mapping.start, mapping.size(), memory.clone()));
    }

    let plan = dump.plan().map_err(|error| error.to_string())?;
    let (ranges, bytes) = plan.memory();
    let folder = arguments.output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let of_output = |error: &dyn std::fmt::Display| format!("{}: {error}", arguments.output.display());
    let mut file = NamedTempFile::new_in(folder).map_err(|error| of_output(&error))?;
    let written = plan.write_to(Interruptible { file: file.as_file_mut(), signals: &signals });
    // Resume the process before anything else.
    drop(stopped);
    let written = written.map_err(|error| {
        let source = std::error::Error::source(&error).map_or(String::new(), |source| format!(": {source}"));
        of_output(&format!("{error}{source}"))
    })?;
    file.persist(&arguments.output).map_err(|error| of_output(&error.error))?;

    let name = printable(&arguments.output.display().to_string());
    let mut told = format!("written     {name}, {} bytes\n", written.size);
    told += &format!("            threads: {threads}, modules: {count}, memory: {ranges} ranges, {bytes} bytes\n");
    told += &zeros(&written.shortfalls, &mappings);
    print_summary(&arguments.output, &told)
}

/// A thread with its registers and name. The stack is everything from the page of the stack pointer to the end of the mapping.
fn thread(id: i32, proc: &Proc, mappings: &[LinuxMapping<'_>]) -> Result<Thread<'static>, String> {
    let (registers, pointer) = registers::of_thread(id)?;
    let mut thread = Thread::new(id.unsigned_abs()).context(registers);
    if let Ok(name) = fs::read(proc.path(&format!("task/{id}/comm"))) {
        thread = thread.name(String::from_utf8_lossy(name.trim_ascii_end()).as_ref());
    }
    if let Some(mapping) = mappings.iter().find(|mapping| mapping.addresses().contains(&pointer) && is_wanted(mapping))
    {
        let start = pointer & !0xfff;
        // The size field has 32 bits; no stack comes close.
        thread = thread.stack(start, (mapping.end - start).min(1 << 31));
    }
    Ok(thread)
}

/// Whether to store a mapping. `[vvar]` and `[vsyscall]` belong to the kernel, and reading device memory may have side effects.
fn is_wanted(mapping: &LinuxMapping<'_>) -> bool {
    let path = mapping.path.as_bytes();
    let is_of_kernel = path.starts_with(b"[vvar") || path.starts_with(b"[vsyscall");
    let is_device = path.starts_with(b"/dev/") && !path.starts_with(b"/dev/shm/") && path != b"/dev/zero";
    mapping.flags.contains(LinuxMapFlags::READ) && !is_of_kernel && !is_device
}

/// Returns lines about what could not be read and is zero in the dump.
fn zeros(shortfalls: &[Shortfall], mappings: &[LinuxMapping<'_>]) -> String {
    let line = |gap: &Shortfall| {
        let start = gap.address + gap.offset;
        let path = mappings.iter().find(|mapping| mapping.addresses().contains(&start)).map(|mapping| mapping.path);
        let why = gap.error.map_or("no more to read".to_owned(), |error| error.to_string());
        format!("zeros       {start:#x} to {:#x} of {}: {why}\n", start + gap.missing, path.unwrap_or_default())
    };
    shortfalls.iter().map(line).collect()
}

/// A file that fails once the program has been interrupted.
struct Interruptible<'f> {
    file: &'f mut File,
    signals: &'f SignalFd,
}

impl Write for Interruptible<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.signals.read_signal() {
            Ok(Some(_)) => Err(io::Error::other("interrupted")),
            _ => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
