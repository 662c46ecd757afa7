//! Dumps by the crate `minidump-writer`.
//!
//! ```text
//! writer OUTPUT                    a child crashes, its parent dumps it
//! writer OUTPUT PID ADDRESS SIZE   a live process, with a block of its memory
//! ```

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::time::Duration;
use std::{env, error, hint, mem, ptr, thread};

use crash_context::CrashContext;
use crash_handler::CrashHandler;
use minidump_writer::CrashContextExt;
use minidump_writer::app_memory::AppMemory;
use minidump_writer::minidump_writer::MinidumpWriterConfig;

fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [output] => crash(output),
        [output, process, address, size] => {
            let process = process.parse()?;
            let ptr = usize::from_str_radix(address.trim_start_matches("0x"), 16)?;
            let mut writer = MinidumpWriterConfig::new(process, process);
            writer.set_app_memory(vec![AppMemory { ptr, length: size.parse()? }]);
            writer.write(&mut File::create(output)?)?;
            Ok(())
        }
        _ => Err("see the head of main.rs".into()),
    }
}

/// The child sends its context through one pipe, and waits at another one until it has been dumped.
fn crash(output: &str) -> Result<(), Box<dyn error::Error>> {
    let (mut context, mut done) = ([0; 2], [0; 2]);
    // SAFETY: the arrays have room for two descriptors, and each descriptor gets one owner.
    let (mut reader, mut release, child) = unsafe {
        libc::pipe(context.as_mut_ptr());
        libc::pipe(done.as_mut_ptr());
        (File::from_raw_fd(context[0]), File::from_raw_fd(done[1]), libc::fork())
    };
    if child == 0 {
        be_dumped(context[1], done[0]);
    }
    let mut bytes = vec![0; mem::size_of::<CrashContext>()];
    reader.read_exact(&mut bytes)?;
    let inner = CrashContext::from_bytes(&bytes).ok_or("the context is not complete")?;
    let mut writer = MinidumpWriterConfig::new(child, inner.tid);
    writer.set_crash_context(CrashContextExt { inner });
    writer.write(&mut File::create(output)?)?;
    release.write_all(b"x")?;
    // SAFETY: the status is not asked for.
    unsafe { libc::waitpid(child, ptr::null_mut(), 0) };
    Ok(())
}

fn be_dumped(context: i32, done: i32) -> ! {
    for number in 1..=3 {
        let wait = || {
            loop {
                thread::park();
            }
        };
        thread::Builder::new().name(format!("rust-{number}")).spawn(wait).expect("threads can be started");
    }
    // SAFETY: a handler of a signal may call `read`, `write` and `_exit`; nothing else runs in it.
    let event = unsafe {
        crash_handler::make_crash_event(move |crash: &CrashContext| {
            let mut released = 0_u8;
            libc::write(context, crash.as_bytes().as_ptr().cast(), crash.as_bytes().len());
            libc::read(done, ptr::from_mut(&mut released).cast(), 1);
            libc::_exit(0)
        })
    };
    let _handler = CrashHandler::attach(event).expect("the handler can be attached");
    thread::sleep(Duration::from_millis(200));
    descend(11);
    unreachable!("the address cannot be written to");
}

#[inline(never)]
fn descend(depth: u32) -> u32 {
    if depth == 0 {
        // SAFETY: it is not safe: this is the crash.
        unsafe { ptr::without_provenance_mut::<u32>(0x1234).write_volatile(1) };
        return 0;
    }
    hint::black_box(descend(depth - 1) + depth)
}
