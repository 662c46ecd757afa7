//! What a triage dump has of its stacks: words that were taken out, and words that are lost.

use crate::format::MinidumpType;

use crate::read::memory::Memory;
use crate::read::minidump::Minidump;
use crate::read::thread::list::Thread;

/// How many bytes are looked at together.
const PIECE: usize = 0x1000;

/// The words of a stack, of the size of a pointer each, by what the dump has of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StackWords {
    /// As many as the thread's descriptor promises.
    #[cfg_attr(feature = "serde", serde(rename = "words"))]
    pub all: u64,
    /// Those that were taken out on purpose: each of their bytes is [`MinidumpType::TRIAGE_PATTERN`].
    pub filtered: u64,
    /// Those of which the dump lacks some byte: the file is cut, or its producer did not write them.
    pub lost: u64,
}

impl Minidump<'_> {
    /// True if the flags call it a triage dump ([`MinidumpType::FILTER_TRIAGE`]), as today's debugger does.
    ///
    /// Of its stacks and registers, words are left that are zero or point into modules or to memory of the dump. All
    /// others are [`MinidumpType::TRIAGE_PATTERN`], which is neither what they were nor damage of the file.
    #[must_use]
    pub fn is_triage(&self) -> bool {
        self.flags().contains(MinidumpType::FILTER_TRIAGE)
    }

    /// Counts the words of a thread's stack that were filtered, and those that are lost; `memory` is that of the dump.
    ///
    /// In a dump that is no triage dump, words that look like filtered ones are what they were.
    ///
    /// The time is in proportion to the size that the thread's descriptor gives the stack, of which the file may have less.
    #[must_use]
    pub fn stack_words(&self, memory: &Memory<'_>, thread: &Thread<'_>) -> StackWords {
        let target = self.target();
        let descriptor = &thread.raw().stack;
        let width = u64::from(target.pointer_size());
        let size = u64::from(descriptor.memory.data_size);
        let mut words = StackWords { all: size / width, ..StackWords::default() };
        let start = target.mask(descriptor.start_of_memory_range);
        let Some(last) = size.checked_sub(1).map(|size| start.saturating_add(size)) else { return words };
        let (mut piece, mut there, mut at) = ([0; PIECE], 0u64, start);
        while at <= last {
            let wanted = usize::try_from(last - at).unwrap_or(PIECE).saturating_add(1).min(PIECE);
            let bytes = piece.get_mut(..wanted).unwrap_or_default();
            let count = memory.read_uncached(at, bytes) as u64;
            let whole = bytes.get(..usize::try_from(count - count % width).unwrap_or(0)).unwrap_or_default();
            there += whole.len() as u64 / width;
            let is_filtered = |word: &&[u8]| word.iter().all(|&byte| byte == MinidumpType::TRIAGE_PATTERN);
            let filtered = whole.chunks_exact(if width == 4 { 4 } else { 8 }).filter(is_filtered).count();
            words.filtered += filtered as u64;
            let Some(next) = at.checked_add(count) else { break };
            // Across a gap, to the first word behind it.
            let skipped = match next <= last && count < wanted as u64 {
                true => memory.visible_within(next, last).next().map(|range| range.address - start),
                false => Some(next - start),
            };
            let place = skipped.map(|skipped| skipped.next_multiple_of(width));
            let Some(next) = place.and_then(|place| start.checked_add(place)) else { break };
            at = next;
        }
        words.lost = words.all.saturating_sub(there);
        words
    }
}
