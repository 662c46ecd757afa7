//! Information about the process that dumps of every format have.

use crate::read::any_format::{AnyText, AnyThread};
use crate::read::context::registers::Context;
use crate::read::dump::Dump;
use crate::read::linux::LinuxProcStatus;
use crate::read::list::entries::Iter;
use crate::read::minidump::Minidump;
use crate::read::module::list::{UnloadedModule, UnloadedModuleList};
use crate::read::module::unloaded_by_address::UnloadedByAddress;
use crate::read::raw_stream::FromStream;
use crate::read::system::misc::MiscInfo;
use crate::read::text::utf16::Utf16;
use crate::read::thread::list::{Thread, ThreadNames};

impl<'a> Minidump<'a> {
    /// The first thread with this ID. This searches the lists.
    #[must_use]
    pub fn thread(&self, id: u32) -> Option<Thread<'a>> {
        self.threads().find(|thread| thread.id() == id)
    }

    /// The name of the thread with this ID; `None` if it has none or if it cannot be read. This searches the list of
    /// names.
    #[must_use]
    pub fn thread_name(&self, id: u32) -> Option<Utf16<'a>> {
        self.list::<ThreadNames<'a>>().by_id(id)?.name().ok()
    }

    /// The process ID from the miscellaneous information or, without it, from `/proc/self/status`, which Breakpad
    /// writes on Linux. `None` if neither records it.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        let of_status = || u32::try_from(self.find::<LinuxProcStatus<'a>>()?.process_id()?).ok();
        self.find::<MiscInfo<'a>>().and_then(|info| info.process_id()).or_else(of_status)
    }

    /// The modules that were unloaded before the dump was taken; an empty list if the stream is absent or cannot be
    /// read.
    #[must_use]
    pub fn unloaded_modules(&self) -> UnloadedModuleList<'a> {
        self.list()
    }

    /// The unloaded modules by address, for more than a few lookups.
    ///
    /// Building the index takes 40 to 56 bytes per module, and O(n log n) time.
    #[must_use]
    pub fn unloaded_modules_by_address(&self) -> UnloadedByAddress<'a> {
        UnloadedByAddress::new(self.unloaded_modules(), *self.dump_bytes())
    }
}

/// Information that dumps of every format have. Where a format does not have something, the result is `None` or an
/// empty iterator.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("crash.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// println!("process {:?} of {} threads", dump.process_id(), dump.threads().count());
/// if let Some(thread) = dump.crashed_thread() {
///     let name = dump.thread_name(thread.id()).map(|name| name.to_string());
///     println!("thread {} crashed: {}", thread.id(), name.unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
impl<'a> Dump<'a> {
    /// The dump as a minidump, for data that only minidumps have; `None` if it is a full user dump.
    #[must_use]
    pub const fn minidump(&self) -> Option<&Minidump<'a>> {
        match self {
            Self::Minidump(dump) => Some(dump),
            Self::FullUserDump(_) => None,
        }
    }

    /// The first stream of the type that `T` views, if it is present and can be read: see [`Minidump::find`]. A full
    /// user dump has no streams.
    #[must_use]
    pub fn find<T: FromStream<'a>>(&self) -> Option<T> {
        self.minidump()?.find()
    }

    /// The process ID, from the debug event in a full user dump; see [`Minidump::process_id`]. `None` if the dump does
    /// not record it.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        match self {
            Self::Minidump(dump) => dump.process_id(),
            Self::FullUserDump(dump) => dump.process_id(),
        }
    }

    /// The first thread with this ID. This searches the threads.
    #[must_use]
    pub fn thread(&self, id: u32) -> Option<AnyThread<'a>> {
        self.threads().find(|thread| thread.id() == id)
    }

    /// The name of the thread with this ID; `None` if it has none or if it cannot be read. This searches the list of
    /// names. Threads of full user dumps have no names.
    pub fn thread_name(&self, id: u32) -> Option<AnyText<'a>> {
        self.minidump()?.thread_name(id).map(AnyText::Utf16)
    }

    /// The ID of the thread that crashed, from the first exception. If a minidump has no exception, the ID of the
    /// thread that requested the dump, as recorded by Breakpad.
    #[must_use]
    pub fn crashed_thread_id(&self) -> Option<u32> {
        match self {
            Self::Minidump(dump) => dump.crashed_thread_id(),
            Self::FullUserDump(_) => self.exceptions().next().map(|exception| exception.thread_id()),
        }
    }

    /// The thread that crashed, if the dump has it. Its own registers may be from a later time: see
    /// [`Self::crash_registers`].
    #[must_use]
    pub fn crashed_thread(&self) -> Option<AnyThread<'a>> {
        self.thread(self.crashed_thread_id()?)
    }

    /// The registers at the crash, from the first exception or, if there is none, from the thread that crashed. `None`
    /// if the dump has neither, or if they cannot be read.
    #[must_use]
    pub fn crash_registers(&self) -> Option<Context<'a>> {
        let of_exception = self.exceptions().next().and_then(|exception| exception.registers());
        of_exception.or_else(|| self.crashed_thread()?.registers())
    }

    /// The modules that were unloaded before the dump was taken, in file order. A full user dump has none.
    #[must_use]
    pub fn unloaded_modules(&self) -> Iter<'a, UnloadedModule<'a>> {
        self.unloaded_module_list().into_iter()
    }

    /// The unloaded modules by address, for more than a few lookups: see [`Minidump::unloaded_modules_by_address`]. A
    /// full user dump has none.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = std::fs::read("crash.dmp")?;
    /// let dump = userdump::Dump::parse(&file)?;
    /// let unloaded = dump.unloaded_modules_by_address();
    /// let crash = dump.crash_registers().and_then(|registers| registers.instruction_pointer());
    /// for module in crash.into_iter().flat_map(|address| unloaded.at_address(address)) {
    ///     println!("crashed where {} had been", module.name()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn unloaded_modules_by_address(&self) -> UnloadedByAddress<'a> {
        UnloadedByAddress::new(self.unloaded_module_list(), *self.dump_bytes())
    }

    fn unloaded_module_list(&self) -> UnloadedModuleList<'a> {
        self.minidump().map(|dump| dump.unloaded_modules()).unwrap_or_default()
    }
}
