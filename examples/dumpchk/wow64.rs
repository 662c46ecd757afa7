//! The 32-bit state in the 64-bit dump of a WOW64 process.

use std::io::{self, Write};

use serde::Serialize;
use userdump::Dump;
use userdump::read::Memory;
use userdump::read::any_format::AnyThread;
use userdump::read::system::wow64::Wow64;

use crate::text::table;

/// The 32-bit state. Threads without 32-bit state are left out.
#[derive(Serialize)]
pub struct Wow64Facts {
    /// The address of the 32-bit process environment block.
    process_environment_block: Option<u64>,
    threads: Vec<ThreadFacts>,
    /// The base addresses of 32-bit modules.
    modules: Vec<u64>,
}

#[derive(Serialize)]
struct ThreadFacts {
    thread: u32,
    environment_block: Option<u64>,
    instruction: Option<u64>,
    stack_pointer: Option<u64>,
    /// The size of the stack from the stack pointer to its end, in bytes.
    stack_size: Option<u64>,
    /// The number of these bytes that the dump has.
    stack_available: Option<u64>,
}

impl Wow64Facts {
    /// Returns `None` if this is not a 32-bit process on 64-bit Windows.
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
            1 => writeln!(out, ", 1 32-bit module")?,
            count => writeln!(out, ", {count} 32-bit modules")?,
        }
        let pointer = |value: Option<u64>| value.map_or("-".to_owned(), |value| format!("0x{value:x}"));
        table(out, "32-bit threads", self.threads.iter(), |row| {
            let (instruction, stack) = (pointer(row.instruction), pointer(row.stack_pointer));
            let size = match (row.stack_size, row.stack_available) {
                (Some(size), Some(available)) if available < size => {
                    format!("{size:>8} bytes, {available} in the dump")
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
        let wow64 = process.thread(thread);
        let (context, stack) = (wow64.context(), wow64.stack());
        if context.is_none() && wow64.teb().is_none() {
            return None;
        }
        let size = stack.as_ref().map(|stack| stack.end - stack.start);
        Some(Self {
            thread: thread.id(),
            environment_block: wow64.teb(),
            instruction: context.and_then(|context| context.instruction_pointer()),
            stack_pointer: context.and_then(|context| context.stack_pointer()),
            stack_size: size,
            stack_available: stack.map(|stack| memory.run_len(stack.start, stack.end - stack.start)),
        })
    }
}
