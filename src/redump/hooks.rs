//! The changes that a program makes to what the options select.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::ops::Range;
use std::collections::HashSet;

use crate::format::{MinidumpType, StreamType};
use crate::read::module::UnloadedModule;
use crate::read::{Exception, Minidump, Module, RawStream, Thread};
use crate::write::Text;

use crate::redump::edits::{ExceptionEdit, ModuleEdit, ThreadEdit, UnloadedModuleEdit};
use crate::redump::select::reason::Reason;

type KeepThread<'h> = Box<dyn FnMut(&Thread<'_>) -> bool + Send + 'h>;
type KeepModule<'h> = Box<dyn FnMut(&Module<'_>) -> bool + Send + 'h>;
type KeepUnloaded<'h> = Box<dyn FnMut(&UnloadedModule<'_>) -> bool + Send + 'h>;
type KeepStream<'h> = Box<dyn FnMut(&RawStream<'_>) -> bool + Send + 'h>;
type MapThread<'h> = Box<dyn FnMut(&Thread<'_>, &mut ThreadEdit) + Send + 'h>;
type MapModule<'h> = Box<dyn FnMut(&Module<'_>, &mut ModuleEdit) + Send + 'h>;
type MapUnloaded<'h> = Box<dyn FnMut(&UnloadedModule<'_>, &mut UnloadedModuleEdit) + Send + 'h>;
type MapException<'h> = Box<dyn FnMut(&Exception<'_>, &mut ExceptionEdit) + Send + 'h>;

/// A closure of the program. It is never called while it is running.
type Called<T> = Option<RefCell<T>>;

type Change<'h> = Box<dyn FnMut(u64, Reason, &mut [u8]) + Send + 'h>;

/// A callback that changes memory.
pub(super) struct Redactor<'h> {
    pub(super) change: Change<'h>,
    /// The number of bytes that it sees on either side of those that it may change.
    pub(super) overlap: usize,
}

/// The changes that a program makes to what the options select: threads, modules and streams to leave out, memory and
/// streams to add, and memory to change before it is written.
///
/// The callback of `MiniDumpWriteDump` offers the same for dumps of a live process. With [`Options::as_is`], the hooks alone
/// decide what changes.
///
/// # When closures are called
///
/// All closures except redactors are called by [`Redump::with_hooks`], before anything is written: `keep_…` possibly several
/// times for the same item, for which it must return the same answer, and `map_…` once for each item that is kept. Redactors
/// are called while the result is written, once for every byte, even where memory is compressed in two passes.
///
/// [`Options::as_is`]: crate::redump::Options::as_is
/// [`Redump::with_hooks`]: crate::redump::Redump::with_hooks
///
/// # Examples
///
/// ```
/// use userdump::format::StreamType;
/// use userdump::redump::{Hooks, Reason, Redump};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut file = [0; 32];
/// # file[..8].copy_from_slice(b"MDMP\x93\xa7\0\0");
/// let dump = userdump::Dump::parse(&file)?;
/// let hooks = Hooks::new()
///     .keep_threads(|thread| thread.id() != 7)
///     .keep_streams(|stream| stream.stream_type() != StreamType::CRASHPAD_INFO)
///     .add_memory(0x7ffe_0000, 0x1000)
///     .add_stream(StreamType(0x1_0001), &b"build 17"[..])
///     .redact(|_address, reason, bytes| {
///         if matches!(reason, Reason::Stack { .. }) {
///             bytes.iter_mut().filter(|byte| byte.is_ascii_digit()).for_each(|byte| *byte = b'#');
///         }
///     });
/// let mut out = Vec::new();
/// Redump::with_hooks(&dump, &"/m".parse()?, hooks)?.write_to(&mut out)?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Hooks<'h> {
    threads: Called<KeepThread<'h>>,
    modules: Called<KeepModule<'h>>,
    unloaded: Called<KeepUnloaded<'h>>,
    streams: Called<KeepStream<'h>>,
    map_thread: Called<MapThread<'h>>,
    map_module: Called<MapModule<'h>>,
    map_unloaded: Called<MapUnloaded<'h>>,
    map_exception: Called<MapException<'h>>,
    pub(super) memory: Vec<(u64, u64)>,
    pub(super) added: Vec<(StreamType, Cow<'h, [u8]>)>,
    pub(super) replaced: Vec<(StreamType, Cow<'h, [u8]>)>,
    /// The IDs of threads and their new names, as little-endian code units.
    pub(super) thread_names: Vec<(u32, Vec<u8>)>,
    pub(super) flags: Option<MinidumpType>,
    pub(super) time_date_stamp: Option<u32>,
    pub(super) new_memory: Vec<(u64, Cow<'h, [u8]>)>,
    pub(super) blank: Vec<Range<u64>>,
    pub(super) redactor: Option<Redactor<'h>>,
}

impl<'h> Hooks<'h> {
    /// Makes no changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps only threads for which `keep` returns true, with their names, times and exceptions.
    ///
    /// Full memory still has the stacks of the other threads.
    #[must_use]
    pub fn keep_threads(mut self, keep: impl FnMut(&Thread<'_>) -> bool + Send + 'h) -> Self {
        self.threads = Some(RefCell::new(Box::new(keep)));
        self
    }

    /// Keeps only modules for which `keep` returns true.
    #[must_use]
    pub fn keep_modules(mut self, keep: impl FnMut(&Module<'_>) -> bool + Send + 'h) -> Self {
        self.modules = Some(RefCell::new(Box::new(keep)));
        self
    }

    /// Keeps only unloaded modules for which `keep` is true.
    #[must_use]
    pub fn keep_unloaded_modules(mut self, keep: impl FnMut(&UnloadedModule<'_>) -> bool + Send + 'h) -> Self {
        self.unloaded = Some(RefCell::new(Box::new(keep)));
        self
    }

    /// Keeps only streams of the source for which `keep` returns true. What the options leave out stays out.
    ///
    /// Streams that are left out here are not made up either. `keep` is also called for each stream that the source
    /// lacks and that would be made up; it then sees an empty stream of that type.
    #[must_use]
    pub fn keep_streams(mut self, keep: impl FnMut(&RawStream<'_>) -> bool + Send + 'h) -> Self {
        self.streams = Some(RefCell::new(Box::new(keep)));
        self
    }

    /// Changes the records of threads, and their registers. `map` is called once for each thread that is kept.
    #[must_use]
    pub fn map_thread(mut self, map: impl FnMut(&Thread<'_>, &mut ThreadEdit) + Send + 'h) -> Self {
        self.map_thread = Some(RefCell::new(Box::new(map)));
        self
    }

    /// Renames modules, and changes their records. `map` is called once for each module that is kept.
    ///
    /// The new name is written unchanged: the option `R` does not remove its folders. The old name may still be in memory,
    /// in the list of unloaded modules, and in the Linux streams about mapped files.
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::redump::Hooks;
    ///
    /// let hooks = Hooks::new().map_module(|module, new| {
    ///     if module.name().is_ok_and(|name| name.to_string_lossy().ends_with("old.exe")) {
    ///         new.rename("C:\\new.exe");
    ///     }
    /// });
    /// # drop(hooks);
    /// ```
    #[must_use]
    pub fn map_module(mut self, map: impl FnMut(&Module<'_>, &mut ModuleEdit) + Send + 'h) -> Self {
        self.map_module = Some(RefCell::new(Box::new(map)));
        self
    }

    /// Renames unloaded modules, and changes their records. `map` is called once for each unloaded module that is kept.
    #[must_use]
    pub fn map_unloaded_module(
        mut self,
        map: impl FnMut(&UnloadedModule<'_>, &mut UnloadedModuleEdit) + Send + 'h,
    ) -> Self {
        self.map_unloaded = Some(RefCell::new(Box::new(map)));
        self
    }

    /// Changes exceptions: code, address, parameters, thread, registers. `map` is called once for each exception that is
    /// kept, but not for an exception that the options name or that is made up.
    #[must_use]
    pub fn map_exception(mut self, map: impl FnMut(&Exception<'_>, &mut ExceptionEdit) + Send + 'h) -> Self {
        self.map_exception = Some(RefCell::new(Box::new(map)));
        self
    }

    /// Gives a thread a name, or replaces the one it has. The last name for an ID applies.
    #[must_use]
    pub fn name_thread<'t>(mut self, thread_id: u32, name: impl Into<Text<'t>>) -> Self {
        self.thread_names.retain(|(id, _)| *id != thread_id);
        self.thread_names.push((thread_id, name.into().as_bytes().to_vec()));
        self
    }

    /// Sets the flags in the header of the result, which say what the dump is meant to contain.
    #[must_use]
    pub fn flags(mut self, flags: MinidumpType) -> Self {
        self.flags = Some(flags);
        self
    }

    /// Sets the time stamp in the header of the result, in seconds since 1970 UTC.
    #[must_use]
    pub fn time_date_stamp(mut self, seconds: u32) -> Self {
        self.time_date_stamp = Some(seconds);
        self
    }

    /// Adds the `size` bytes from `address` on, as far as the source has them. [`Report::missing_memory`] lists the missing
    /// parts.
    ///
    /// [`Report::missing_memory`]: crate::redump::Report::missing_memory
    #[must_use]
    pub fn add_memory(mut self, address: u64, size: u64) -> Self {
        self.memory.push((address, size));
        self
    }

    /// Adds a stream, of a private type or any other. A stream of the same type in the source is kept as well; to
    /// replace it, use [`Hooks::replace_stream`].
    ///
    /// The bytes are written unchanged, so any file offsets in them must be known beforehand.
    #[must_use]
    pub fn add_stream(mut self, stream_type: StreamType, bytes: impl Into<Cow<'h, [u8]>>) -> Self {
        self.added.push((stream_type, bytes.into()));
        self
    }

    /// Replaces all streams of a type in the source with one stream, or adds it if there are none. The last of several calls
    /// for one type applies. A memory list is replaced together with all its memory.
    ///
    /// The bytes are written unchanged, so any file offsets in them must be known beforehand.
    #[must_use]
    pub fn replace_stream(mut self, stream_type: StreamType, bytes: impl Into<Cow<'h, [u8]>>) -> Self {
        self.replaced.retain(|(replaced, _)| *replaced != stream_type);
        self.replaced.push((stream_type, bytes.into()));
        self
    }

    /// Writes `bytes` instead of the memory at `address`, as far as it is in the result. Where replacements overlap, the last
    /// one applies. [`Hooks::blank`] and [`Hooks::redact`] are applied afterwards.
    #[must_use]
    pub fn replace_memory(mut self, address: u64, bytes: impl Into<Cow<'h, [u8]>>) -> Self {
        self.new_memory.push((address, bytes.into()));
        self
    }

    /// Writes zeros instead of the memory at these addresses, for programs that have searched it beforehand.
    ///
    /// Addresses that are not in the result are ignored, and ranges may overlap or touch. On 32-bit targets, only the
    /// low 32 bits of each start are used. [`Report::blanked_memory`](crate::redump::Report::blanked_memory) gives the
    /// number of blanked bytes in the result. [`Hooks::redact`] sees memory that is already blanked.
    #[must_use]
    pub fn blank(mut self, ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        self.blank.extend(ranges);
        self
    }

    /// Calls `change` on memory before it is written, with an overlap of 256 bytes: see
    /// [`Hooks::redact_with_overlap`].
    #[must_use]
    pub fn redact(self, change: impl FnMut(u64, Reason, &mut [u8]) + Send + 'h) -> Self {
        self.redact_with_overlap(256, change)
    }

    /// Calls `change` on memory before it is written.
    ///
    /// `change` gets an address (without the upper half on 32-bit targets), the reason why the bytes are there, and the
    /// bytes. Memory comes in address order, in pieces of at most 1 MiB; all bytes of a piece are there for the same
    /// reason. On either side of a piece, `change` also sees up to `overlap` bytes, as far as the source has them
    /// without a gap, whether they are in the result or not; the address is that of the first byte it sees. Changes to
    /// the bytes of the overlap are discarded, so each byte of the result is changed in one call only.
    ///
    /// Data of at most `overlap + 1` bytes is therefore seen completely in every call that may change one of its bytes,
    /// wherever pieces, ranges and reasons begin and end. With an overlap of 0, `change` sees each byte once.
    ///
    /// A piece ends where its range ends, where the reason changes, and after 1 MiB, because a range may be larger than the
    /// memory of the machine. Programs that need to see more of the neighbouring bytes ask for a larger overlap.
    ///
    /// With [`Options::as_is`](crate::redump::Options::as_is), pieces come in the order of the file. Each is part of one range
    /// of a memory list, or of a stack that is in no list, and its reason is [`Reason::FullMemory`]. Where ranges share bytes of
    /// the file, these belong to the first range in the list.
    ///
    /// Bytes that are there for several reasons come with the first one in
    /// [`Redump::selected_memory`](crate::redump::Redump::selected_memory). Bytes that only fill a gap between two
    /// stretches come with the reason of the stretch before them. A second call of this method replaces the first.
    ///
    /// # Examples
    ///
    /// Redacting numbers of 13 digits or more, whose end may be in the next piece:
    ///
    /// ```
    /// use userdump::redump::Hooks;
    ///
    /// let mut numbers = 0;
    /// let hooks = Hooks::new().redact_with_overlap(64, |_address, _reason, bytes| {
    ///     for number in bytes.chunk_by_mut(|a, b| a.is_ascii_digit() && b.is_ascii_digit()) {
    ///         if number.len() >= 13 {
    ///             number.fill(b'#');
    ///             numbers += 1;
    ///         }
    ///     }
    /// });
    /// # drop(hooks);
    /// ```
    #[must_use]
    pub fn redact_with_overlap(
        mut self,
        overlap: usize,
        change: impl FnMut(u64, Reason, &mut [u8]) + Send + 'h,
    ) -> Self {
        self.redactor = Some(Redactor { change: Box::new(change), overlap });
        self
    }

    /// Returns the IDs of the threads that are left out.
    pub(super) fn threads_left_out(&self, dump: &Minidump<'_>) -> HashSet<u32> {
        let Some(keep) = &self.threads else { return HashSet::new() };
        let mut keep = keep.borrow_mut();
        dump.threads().filter(|thread| !keep(thread)).map(|thread| thread.id()).collect()
    }

    pub(super) fn keeps_module(&self, module: &Module<'_>) -> bool {
        self.modules.as_ref().is_none_or(|keep| (keep.borrow_mut())(module))
    }

    pub(super) fn keeps_unloaded_module(&self, module: &UnloadedModule<'_>) -> bool {
        self.unloaded.as_ref().is_none_or(|keep| (keep.borrow_mut())(module))
    }

    pub(super) fn keeps_stream(&self, stream: &RawStream<'_>) -> bool {
        !self.replaces(stream.stream_type()) && self.streams.as_ref().is_none_or(|keep| (keep.borrow_mut())(stream))
    }

    /// Returns true if the program replaces the streams of this type.
    pub(super) fn replaces(&self, stream_type: StreamType) -> bool {
        self.replaced.iter().any(|(replaced, _)| *replaced == stream_type)
    }

    pub(super) fn mapped_thread(&self, thread: &Thread<'_>) -> ThreadEdit {
        let mut edit = ThreadEdit::new(thread.raw());
        if let Some(map) = &self.map_thread {
            (map.borrow_mut())(thread, &mut edit);
        }
        edit
    }

    pub(super) fn mapped_module(&self, module: &Module<'_>) -> ModuleEdit {
        let mut edit = ModuleEdit::new(module.raw());
        if let Some(map) = &self.map_module {
            (map.borrow_mut())(module, &mut edit);
        }
        edit
    }

    pub(super) fn mapped_unloaded_module(&self, module: &UnloadedModule<'_>) -> UnloadedModuleEdit {
        let mut edit = UnloadedModuleEdit::new(module.raw());
        if let Some(map) = &self.map_unloaded {
            (map.borrow_mut())(module, &mut edit);
        }
        edit
    }

    pub(super) fn mapped_exception(&self, exception: &Exception<'_>) -> ExceptionEdit {
        let mut edit = ExceptionEdit::new(exception.raw());
        if let Some(map) = &self.map_exception {
            (map.borrow_mut())(exception, &mut edit);
        }
        edit
    }

    /// Returns true if records are changed.
    fn map_records(&self) -> bool {
        self.map_thread.is_some()
            || self.map_module.is_some()
            || self.map_unloaded.is_some()
            || self.map_exception.is_some()
            || !self.thread_names.is_empty()
    }

    /// Returns true if records are left out or changed.
    pub(super) fn change_records(&self) -> bool {
        self.threads.is_some() || self.modules.is_some() || self.unloaded.is_some() || self.map_records()
    }

    /// Returns true if the header is not changed.
    pub(super) const fn keep_header(&self) -> bool {
        self.flags.is_none() && self.time_date_stamp.is_none()
    }

    /// Returns true for changes that a full user dump does not support.
    pub(super) fn need_a_minidump(&self) -> bool {
        self.map_records() || !self.keep_header()
    }

    /// Returns true if a stream of this type, which the source lacks, may be made up.
    pub(super) fn makes_up(&self, dump: &Minidump<'_>, stream_type: StreamType) -> bool {
        self.keeps_stream(&dump.absent_stream(stream_type))
    }

    /// Returns true if the memory lists are left out, and all memory with them.
    pub(super) fn leave_out_memory(&self, dump: &Minidump<'_>) -> bool {
        let lists = [StreamType::MEMORY_LIST, StreamType::MEMORY64_LIST];
        let mut lists = lists.into_iter().filter_map(|list| dump.raw_stream(list)).peekable();
        lists.peek().is_some() && lists.all(|list| !self.keeps_stream(&list))
    }
}

impl fmt::Debug for Hooks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("memory", &self.memory.len())
            .field("added", &self.added.len())
            .field("blank", &self.blank.len())
            .finish_non_exhaustive()
    }
}
