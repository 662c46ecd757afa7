//! The changes that a program makes to what the options select.

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

/// A callback that changes memory.
pub(super) struct Redactor<'h> {
    pub(super) change: Change<'h>,
    /// How many bytes it sees on either side of those that it may change.
    pub(super) overlap: usize,
}

/// The changes that a program makes to what the options select: threads, modules and streams to leave out, memory and
/// streams to add, and memory to change before it is written.
///
/// The callback of `MiniDumpWriteDump` offers the same for dumps of a live process.
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
    /// Makes no changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps only threads for which `keep` returns true, with their names, times and exceptions.
    ///
    /// Full memory still has the stacks of the other threads.
    #[must_use]
    pub fn keep_threads(mut self, keep: impl Fn(&Thread<'_>) -> bool + Send + 'h) -> Self {
        self.threads = Some(Box::new(keep));
        self
    }

    /// Keeps only modules for which `keep` returns true.
    #[must_use]
    pub fn keep_modules(mut self, keep: impl Fn(&Module<'_>) -> bool + Send + 'h) -> Self {
        self.modules = Some(Box::new(keep));
        self
    }

    /// Keeps only streams of the source for which `keep` returns true. What the options leave out stays out.
    ///
    /// Streams that are left out here are not made up either. `keep` is also called for each stream that the source
    /// lacks and that would be made up; it then sees an empty stream of that type.
    #[must_use]
    pub fn keep_streams(mut self, keep: impl Fn(&RawStream<'_>) -> bool + Send + 'h) -> Self {
        self.streams = Some(Box::new(keep));
        self
    }

    /// Adds what the source has of the `size` bytes from `address` on. [`Report::missing_memory`] lists the missing
    /// parts.
    ///
    /// [`Report::missing_memory`]: crate::redump::Report::missing_memory
    #[must_use]
    pub fn add_memory(mut self, address: u64, size: u64) -> Self {
        self.memory.push((address, size));
        self
    }

    /// Adds a stream, of a private type or any other. A stream of the same type in the source is kept as well; to
    /// replace it, leave it out with [`Hooks::keep_streams`].
    ///
    /// The bytes are written unchanged, so file positions in them would have to be known beforehand.
    #[must_use]
    pub fn add_stream(mut self, stream_type: StreamType, bytes: impl Into<Cow<'h, [u8]>>) -> Self {
        self.added.push((stream_type, bytes.into()));
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

    /// True if the memory lists are left out, and all memory with them.
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
