//! What a program changes of what the options select.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use std::collections::HashSet;

use crate::format::StreamType;
use crate::read::{Minidump, Module, RawStream, Thread};

use crate::redump::select::reason::Reason;

type KeepThread<'h> = Box<dyn Fn(&Thread<'_>) -> bool + Send + 'h>;
type KeepModule<'h> = Box<dyn Fn(&Module<'_>) -> bool + Send + 'h>;
type KeepStream<'h> = Box<dyn Fn(&RawStream<'_>) -> bool + Send + 'h>;

type Change<'h> = Box<dyn FnMut(u64, Reason, &mut [u8]) + Send + 'h>;

/// Changes bytes at an address that are there for a reason.
pub(super) struct Redactor<'h> {
    pub(super) change: Change<'h>,
    /// How many bytes it is shown on either side of those that it may change.
    pub(super) overlap: usize,
}

/// What a program changes of what the options select: threads, modules and streams to leave out, memory and streams to
/// add, and bytes to change on their way.
///
/// The callback of `MiniDumpWriteDump` offers the same to who dumps a running process.
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
    threads: Option<KeepThread<'h>>,
    modules: Option<KeepModule<'h>>,
    streams: Option<KeepStream<'h>>,
    pub(super) memory: Vec<(u64, u64)>,
    pub(super) added: Vec<(StreamType, Cow<'h, [u8]>)>,
    pub(super) blank: Vec<Range<u64>>,
    pub(super) redactor: Option<Redactor<'h>>,
}

impl<'h> Hooks<'h> {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps only threads for which `keep` is true, with their names, times and exceptions.
    ///
    /// Full memory holds the stacks of the others all the same.
    #[must_use]
    pub fn keep_threads(mut self, keep: impl Fn(&Thread<'_>) -> bool + Send + 'h) -> Self {
        self.threads = Some(Box::new(keep));
        self
    }

    /// Keeps only modules for which `keep` is true.
    #[must_use]
    pub fn keep_modules(mut self, keep: impl Fn(&Module<'_>) -> bool + Send + 'h) -> Self {
        self.modules = Some(Box::new(keep));
        self
    }

    /// Keeps only streams of the source for which `keep` is true. What the options leave out stays out.
    ///
    /// The debugger's own streams are not made up in place of those that are left out here. Of a stream that the source
    /// lacks and that would be made up, `keep` is asked as well: it then sees an empty stream of that type.
    #[must_use]
    pub fn keep_streams(mut self, keep: impl Fn(&RawStream<'_>) -> bool + Send + 'h) -> Self {
        self.streams = Some(Box::new(keep));
        self
    }

    /// Adds what the source has of `size` bytes from `address` on; [`Report::missing_memory`] says if that is not all.
    ///
    /// [`Report::missing_memory`]: crate::redump::Report::missing_memory
    #[must_use]
    pub fn add_memory(mut self, address: u64, size: u64) -> Self {
        self.memory.push((address, size));
        self
    }

    /// Adds a stream, of a private type or any other; it comes beside one of the same type in the source. To replace
    /// that one, leave it out by [`Hooks::keep_streams`].
    ///
    /// The bytes are written as they are: file offsets in them would have to be known beforehand.
    #[must_use]
    pub fn add_stream(mut self, stream_type: StreamType, bytes: impl Into<Cow<'h, [u8]>>) -> Self {
        self.added.push((stream_type, bytes.into()));
        self
    }

    /// Writes zeros in place of the memory at these addresses, for programs that have searched it beforehand.
    ///
    /// Addresses that are not in the result do no harm, and neither do ranges that overlap or touch. Of 32-bit targets
    /// the low 32 bits of a start count. [`Report::blanked_memory`](crate::redump::Report::blanked_memory) says how many
    /// bytes of the result are meant. What [`Hooks::redact`] is given is blank already.
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
    /// It is given an address (without the upper half on 32-bit targets), why the bytes are there, and the bytes. Memory
    /// comes in the order of addresses, in pieces of 1 MiB at most, each of bytes that are there for one reason. Around
    /// each piece it sees up to `overlap` bytes more on either side, as far as the source has them without a gap, whether
    /// they are in the result or not; the address is that of the first byte it sees. Changes to those bytes are ignored,
    /// so every byte of the result is changed in one call only.
    ///
    /// Thus what has at most `overlap + 1` bytes is seen whole in every call that may change one of its bytes, wherever
    /// pieces, ranges and reasons begin and end. With an overlap of 0, `change` is given each byte once.
    ///
    /// Bytes that are there for several reasons come with the one that is the first in
    /// [`Redump::selected_memory`](crate::redump::Redump::selected_memory); what only fills a gap between two stretches
    /// comes with the reason of the stretch before it. A second call of this method replaces the first.
    ///
    /// # Examples
    ///
    /// Numbers with 13 digits or more, whose end may be in the next piece:
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

    /// The IDs of the threads that are left out.
    pub(super) fn threads_left_out(&self, dump: &Minidump<'_>) -> HashSet<u32> {
        let Some(keep) = &self.threads else { return HashSet::new() };
        dump.threads().filter(|thread| !keep(thread)).map(|thread| thread.id()).collect()
    }

    pub(super) fn keeps_module(&self, module: &Module<'_>) -> bool {
        self.modules.as_ref().is_none_or(|keep| keep(module))
    }

    pub(super) fn keeps_stream(&self, stream: &RawStream<'_>) -> bool {
        self.streams.as_ref().is_none_or(|keep| keep(stream))
    }

    /// True if a stream of this type, which the source lacks, may be made up.
    pub(super) fn makes_up(&self, dump: &Minidump<'_>, stream_type: StreamType) -> bool {
        self.keeps_stream(&dump.absent_stream(stream_type))
    }

    /// True if the lists of memory are left out, and all memory with them.
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
