//! Stopping and resuming a process.

use std::collections::BTreeMap;
use std::fs;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A process whose threads are stopped until this value is dropped. If this program is killed, the kernel resumes them.
pub struct Stopped {
    /// The stopped threads, each with the signal that it must receive when it is resumed.
    threads: BTreeMap<i32, Option<Signal>>,
}

impl Stopped {
    /// Stops every thread, including those that are started in the meantime.
    pub fn process(process_id: i32) -> Result<Self, String> {
        let mut stopped = Self { threads: BTreeMap::new() };
        let folder = format!("/proc/{process_id}/task");
        loop {
            let entries = fs::read_dir(&folder).map_err(|error| format!("process {process_id}: {error}"))?;
            let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
            let new: Vec<i32> = ids.filter(|id| !stopped.threads.contains_key(id)).collect();
            let before = stopped.threads.len();
            for id in new {
                stopped.stop(id).map_err(|error| refused(id, error))?;
            }
            // Only running threads can start others.
            if stopped.threads.len() == before {
                break;
            }
        }
        if stopped.threads.is_empty() { Err(format!("process {process_id} has ended")) } else { Ok(stopped) }
    }

    fn stop(&mut self, id: i32) -> Result<(), Errno> {
        let thread = Pid::from_raw(id);
        match ptrace::seize(thread, Options::empty()) {
            // The thread has ended.
            Err(Errno::ESRCH) => return Ok(()),
            other => other?,
        }
        // From here on it must be detached, whatever happens.
        self.threads.insert(id, None);
        match ptrace::interrupt(thread) {
            Err(Errno::ESRCH) => {
                self.threads.remove(&id);
                return Ok(());
            }
            other => other?,
        }
        loop {
            match waitpid(thread, Some(WaitPidFlag::__WALL)) {
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
                Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => {
                    self.threads.remove(&id);
                    return Ok(());
                }
                // A signal arrived first. It is delivered when the thread is resumed.
                Ok(WaitStatus::Stopped(_, signal)) => {
                    self.threads.insert(id, Some(signal));
                    return Ok(());
                }
                Ok(WaitStatus::PtraceEvent(..)) => return Ok(()),
                Ok(_) => {}
            }
        }
    }

    /// The thread IDs in ascending order; the first is usually that of the main thread.
    pub fn threads(&self) -> impl Iterator<Item = i32> + '_ {
        self.threads.keys().copied()
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for (id, signal) in &self.threads {
            // This fails if the thread was killed.
            let _ = ptrace::detach(Pid::from_raw(*id), *signal);
        }
    }
}

fn refused(id: i32, error: Errno) -> String {
    let advice = match error {
        Errno::EPERM => {
            ": run this program as the user of the process or as root (CAP_SYS_PTRACE), check kernel.yama.ptrace_scope and \
             whether a debugger is attached, and in a container allow ptrace (--cap-add=SYS_PTRACE)"
        }
        _ => "",
    };
    format!("thread {id} cannot be traced: {}{advice}", error.desc())
}
