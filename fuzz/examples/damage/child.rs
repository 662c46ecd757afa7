//! Runs a program under limits, and reports how it ended. Only for Linux, because other systems report peak memory in
//! other units.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Time limit of a run.
const TIME: Duration = Duration::from_secs(5);
/// Memory limit of a run, in bytes.
pub const MEMORY: u64 = 512 << 20;
/// Maximum amount of standard error that is kept, in bytes.
const KEPT: usize = 1 << 16;

/// A finished run.
#[derive(Debug)]
pub struct Run {
    pub status: ExitStatus,
    pub time: Duration,
    /// Peak resident memory in bytes. It is at least the memory that this program used at the start of the run.
    pub peak: u64,
    pub stderr: String,
}

/// Failures that no input may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Panic,
    Signal,
    Time,
    Memory,
}

impl Run {
    pub fn fault(&self) -> Option<Fault> {
        if self.time > TIME {
            Some(Fault::Time)
        } else if self.peak > MEMORY || self.stderr.contains("memory allocation of ") {
            Some(Fault::Memory)
        } else if self.status.code() == Some(101) || self.stderr.contains("panicked at ") {
            Some(Fault::Panic)
        } else if self.status.signal().is_some() {
            Some(Fault::Signal)
        } else {
            None
        }
    }
}

/// Limits the memory that this program and its child processes can allocate, and disables their core dumps.
pub fn limit() -> io::Result<()> {
    for (resource, most) in [(libc::RLIMIT_DATA, MEMORY), (libc::RLIMIT_CORE, 0)] {
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: the structure is valid for reads during the call.
        if unsafe { libc::setrlimit(resource, &limit) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Returns the peak resident memory of this program in bytes.
pub fn own_peak() -> u64 {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the structure is valid for writes during the call, and zeros are a valid value of it.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    peak(&usage)
}

/// Linux counts in units of 1024 bytes.
fn peak(usage: &libc::rusage) -> u64 {
    u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10
}

/// Runs the program, and kills it if it exceeds the time limit.
pub fn run(program: &Path, arguments: &[String]) -> io::Result<Run> {
    let start = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| crate::sources::named(program, &error))?;
    let mut pipe = child.stderr.take().expect("it is a pipe");
    let mut stderr = Vec::new();
    // The pipe is closed when the program ends.
    let mut part = [0; 4096];
    loop {
        let left = (TIME + Duration::from_millis(1)).saturating_sub(start.elapsed());
        if left.is_zero() {
            child.kill()?;
            break;
        }
        if !readable(&pipe, left)? {
            continue;
        }
        match pipe.read(&mut part)? {
            0 => break,
            size => stderr.extend_from_slice(&part[..size.min(KEPT - KEPT.min(stderr.len()))]),
        }
    }
    let (status, usage) = wait(child.id())?;
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    Ok(Run { status, time: start.elapsed(), peak: peak(&usage), stderr })
}

/// Waits until there is data to read, or its end; returns false after the timeout.
fn readable(pipe: &impl AsRawFd, time: Duration) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX).saturating_add(1);
    // SAFETY: it is one structure, valid for reads and writes during the call.
    match unsafe { libc::poll(&mut poll, 1, milliseconds) } {
        0 => Ok(false),
        1.. => Ok(true),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            error => Err(error),
        },
    }
}

/// Like `Child::wait`, which does not return the resource usage.
fn wait(id: u32) -> io::Result<(ExitStatus, libc::rusage)> {
    let id = libc::pid_t::try_from(id).map_err(io::Error::other)?;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let mut status = 0;
    loop {
        // SAFETY: both are valid for writes during the call.
        if unsafe { libc::wait4(id, &mut status, 0, usage.as_mut_ptr()) } == id {
            // SAFETY: the call has filled it in.
            return Ok((ExitStatus::from_raw(status), unsafe { usage.assume_init() }));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
