//! The 32-bit side of a 64-bit dump.

use std::io::{self, Write};

use serde::Serialize;
use userdump::Dump;
use userdump::read::Memory;
use userdump::read::any_format::AnyThread;
use userdump::read::system::wow64::Wow64;

use crate::text::table;

/// What there is of it: of threads those that have something.
#[derive(Serialize)]
pub struct Wow64Facts {
    /// The 32-bit process environment block.
    process_environment_block: Option<u64>,
    threads: Vec<ThreadFacts>,
    /// The bases of 32-bit modules.
    modules: Vec<u64>,
}

#[derive(Serialize)]
struct ThreadFacts {
    thread: u32,
    environment_block: Option<u64>,
    instruction: Option<u64>,
    stack_pointer: Option<u64>,
    /// From the stack pointer to the end of the stack.
    stack_size: Option<u64>,
    /// How many of these bytes the dump has.
    stack_available: Option<u64>,
}

impl Wow64Facts {
    /// `None` if the dump is not of a 32-bit process on 64-bit Windows.
    pub fn of(dump: &Dump<'_>, memory: &Memory<'_>) -> Option<Self> {
        let process = Wow64::of(dump, memory)?;
        let threads = dump.threads().filter_map(|thread| ThreadFacts::of(&process, memory, &thread)).collect();
        let modules = dump.modules().filter(|module| process.is_32_bit(module)).map(|module| module.base()).collect();
        Some(Self { process_environment_block: process.process_environment_block(), threads, modules })
    }

    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "32-bit process on 64-bit Windows")?;
        let block = self.process_environment_block;
        block.map_or(Ok(()), |block| write!(out, ", environment block 0x{block:x}"))?;
        match self.modules.len() {
            1 => writeln!(out, ", 1 module of 32 bits")?,
            count => writeln!(out, ", {count} modules of 32 bits")?,
        }
        let pointer = |value: Option<u64>| value.map_or("-".to_owned(), |value| format!("0x{value:x}"));
        table(out, "32-bit sides of threads", self.threads.iter(), |row| {
            let (instruction, stack) = (pointer(row.instruction), pointer(row.stack_pointer));
            let size = match (row.stack_size, row.stack_available) {
                (Some(size), Some(available)) if available < size => {
                    format!("{size:>8} bytes, {available} in the file")
                }
                (Some(size), _) => format!("{size:>8} bytes"),
                (None, _) => String::new(),
            };
            format!("0x{:<6x} at {instruction:<18} stack {stack:<18} {size}", row.thread)
        })
    }
}

impl ThreadFacts {
    fn of(process: &Wow64<'_, '_>, memory: &Memory<'_>, thread: &AnyThread<'_>) -> Option<Self> {
        let narrow = process.thread(thread);
        let (context, stack) = (narrow.context(), narrow.stack());
        if context.is_none() && narrow.teb().is_none() {
            return None;
        }
        let size = stack.as_ref().map(|stack| stack.end - stack.start);
        Some(Self {
            thread: thread.id(),
            environment_block: narrow.teb(),
            instruction: context.and_then(|context| context.instruction_pointer()),
            stack_pointer: context.and_then(|context| context.stack_pointer()),
            stack_size: size,
            stack_available: stack.map(|stack| memory.run_len(stack.start, stack.end - stack.start)),
        })
    }
}
