//! The stacks of triage dumps: the words that were filtered and the words that are missing.

use crate::format::MinidumpType;

use crate::read::memory::Memory;
use crate::read::minidump::Minidump;
use crate::read::thread::list::Thread;

/// The number of bytes that are read at a time.
const PIECE: usize = 0x1000;

/// The number of words (of pointer size) of a stack, by what the dump contains for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StackWords {
    /// The number of words according to the thread's descriptor.
    #[cfg_attr(feature = "serde", serde(rename = "words"))]
    pub all: u64,
    /// The number of words that were filtered: all of their bytes are [`MinidumpType::TRIAGE_PATTERN`].
    pub filtered: u64,
    /// The number of words that are not entirely in the dump, because the file is truncated or the producer did not
    /// write them.
    pub lost: u64,
}

impl Minidump<'_> {
    /// True if the flags mark it as a triage dump ([`MinidumpType::FILTER_TRIAGE`]), as current debuggers do.
    ///
    /// In stacks and registers of such a dump, only words that are zero or point into modules or dumped memory have
    /// their original value. All others are [`MinidumpType::TRIAGE_PATTERN`], which is neither their original value nor
    /// a sign of damage.
    #[must_use]
    pub fn is_triage(&self) -> bool {
        self.flags().contains(MinidumpType::FILTER_TRIAGE)
    }

    /// Counts the words of a thread's stack that were filtered and those that are missing. `memory` is that of the
    /// dump.
    ///
    /// In a dump that is not a triage dump, words that look filtered are original values.
    ///
    /// The time is proportional to the size of the stack in the thread's descriptor, which may be more than the file
    /// contains.
    #[must_use]
    pub fn stack_words(&self, memory: &Memory<'_>, thread: &Thread<'_>) -> StackWords {
        let target = self.target();
        let descriptor = &thread.raw().stack;
        let width = u64::from(target.pointer_size());
        let size = u64::from(descriptor.memory.data_size);
        let mut words = StackWords { all: size / width, ..StackWords::default() };
        let start = target.mask(descriptor.start_of_memory_range);
        let Some(last) = size.checked_sub(1).map(|size| start.saturating_add(size)) else { return words };
        let (mut piece, mut present, mut at) = ([0; PIECE], 0u64, start);
        while at <= last {
            let wanted = usize::try_from(last - at).unwrap_or(PIECE).saturating_add(1).min(PIECE);
            let bytes = piece.get_mut(..wanted).unwrap_or_default();
            let count = memory.read_uncached(at, bytes) as u64;
            let whole = bytes.get(..usize::try_from(count - count % width).unwrap_or(0)).unwrap_or_default();
            present += whole.len() as u64 / width;
            let is_filtered = |word: &&[u8]| word.iter().all(|&byte| byte == MinidumpType::TRIAGE_PATTERN);
            let filtered = whole.chunks_exact(if width == 4 { 4 } else { 8 }).filter(is_filtered).count();
            words.filtered += filtered as u64;
            let Some(next) = at.checked_add(count) else { break };
            // Across a gap, continue at the first word after it.
            let skipped = match next <= last && count < wanted as u64 {
                true => memory.visible_within(next, last).next().map(|range| range.address - start),
                false => Some(next - start),
            };
            let place = skipped.map(|skipped| skipped.next_multiple_of(width));
            let Some(next) = place.and_then(|place| start.checked_add(place)) else { break };
            at = next;
        }
        words.lost = words.all.saturating_sub(present);
        words
    }
}
