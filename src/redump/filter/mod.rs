//! The option `r`: filters stack words.
//!
//! A stack word stays if it can be part of a stack trace: as a return address, or as a frame pointer. A return address
//! follows code of a module and, where the dump has that code, a call. A frame pointer points into a stack, or to the
//! end of one. Text that does so by chance is removed ([`text`]). Where a chain of frame pointers starts in a context,
//! the return addresses next to them stay wherever they point ([`frames`]).
//!
//! Signatures of return addresses (ARM64 pointer authentication) are ignored, and stay in the word.

mod calls;
pub(super) mod code;
mod frames;
mod text;
pub(super) mod triage;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::format::ProcessorArchitecture;
use crate::read::{Interval, Intervals, Memory, Target, any_has, holder, overlapping, united};

use crate::read::system::wow64::X86;
use crate::redump::source::Source;

use calls::{Before, Calls};
use code::Code;
use frames::is_pointer;
use text::{BEFORE, Neighbourhood, is_plain_word, may_be_text};
use triage::Triage;

/// The stacks, what stays of their words, and the gaps between requested intervals.
pub(super) struct StackFilter {
    code: Arc<Code>,
    calls: Calls,
    /// The instruction pointers of all contexts, sorted. A stack trace through a signal handler has these, although no
    /// call is before them.
    instructions: Vec<u64>,
    /// The addresses of return addresses that the frame pointers lead to, sorted.
    frames: Vec<u64>,
    /// The bits of a return address that form the address.
    unsigned: u64,
    /// Sorted and disjoint.
    stacks: Vec<Interval>,
    /// All requested intervals, sorted and disjoint.
    wanted: Intervals,
    target: Target,
    word: u64,
    width: u32,
    /// What a word must also point to in order to stay (`s`).
    triage: Option<Arc<Triage>>,
}

/// The role of a word in a stack trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    ReturnAddress,
    FramePointer,
}

/// A stack word and its possible role.
#[derive(Clone, Copy, Debug)]
struct Pointing {
    address: u64,
    word: u64,
    its_use: Use,
}

/// A previous stack word, and whether it points to where a stack trace may lead.
#[derive(Clone, Copy, Debug)]
struct PastWord {
    word: u64,
    points: bool,
}

/// The most recent words.
type Past = [PastWord; BEFORE];

impl StackFilter {
    pub(super) fn new(
        source: &Source<'_>,
        (code, triage): (Arc<Code>, Option<Arc<Triage>>),
        stacks: Vec<Interval>,
        wanted: Intervals,
    ) -> Self {
        let (target, width) = (source.target, source.target.pointer_size());
        let stacks = united(stacks);
        let last = stacks.last().map_or(0, |stack| stack.last).max(code.last());
        Self {
            calls: Calls::of(target.architecture, target.is_windows()),
            instructions: instructions(source),
            unsigned: unsigned(target, last),
            frames: {
                let starts = source.contexts().filter_map(|context| context.frame_pointer());
                frames::return_addresses(&source.memory, target, starts, &stacks, &code)
            },
            code,
            stacks,
            wanted,
            target,
            word: width.into(),
            width,
            triage,
        }
    }

    /// Returns the filter for the 32-bit stacks in a 64-bit dump of a 32-bit process. `stacks` are sorted and disjoint;
    /// nothing else is changed. The instruction and frame pointers are the 32-bit ones.
    pub(super) fn narrow(
        source: &Source<'_>,
        (code, triage): (Arc<Code>, Option<Arc<Triage>>),
        stacks: Vec<Interval>,
        pointers: impl Iterator<Item = u64>,
        frame_pointers: impl Iterator<Item = u64>,
    ) -> Self {
        let mut instructions: Vec<u64> = instructions(source).into_iter().chain(pointers).collect();
        instructions.sort_unstable();
        instructions.dedup();
        Self {
            calls: Calls::X86,
            instructions,
            unsigned: u64::MAX,
            frames: frames::return_addresses(&source.memory, X86, frame_pointers, &stacks, &code),
            code,
            stacks,
            // Everything except stacks belongs to the other filter.
            wanted: core::iter::once(Interval { start: 0, last: u64::MAX }).collect(),
            target: X86,
            word: 4,
            width: 4,
            triage: triage.map(|triage| Arc::new(triage.of_target(X86))),
        }
    }

    /// True if the interval contains no stack and was requested completely.
    pub(super) fn leaves_alone(&self, interval: Interval) -> bool {
        overlapping(&self.stacks, interval).next().is_none() && self.gaps_in(interval).next().is_none()
    }

    /// Returns the parts of an interval that are there only because they separate two requested intervals that were
    /// joined.
    fn gaps_in(&self, interval: Interval) -> impl Iterator<Item = Interval> + '_ {
        let mut next = Some(interval.start);
        let after = interval.next().map(|start| Interval { start, last: u64::MAX });
        overlapping(&self.wanted, interval).chain(after).filter_map(move |wanted| {
            let start = next?;
            next = wanted.next();
            Some(Interval { start, last: wanted.start.checked_sub(1)? }).filter(|gap| gap.start <= gap.last)
        })
    }

    /// Returns the role that a word may have according to its value; `None` for most.
    #[inline]
    fn use_of(&self, memory: &Memory<'_>, word: u64) -> Option<Use> {
        if word == 0 {
            return None;
        }
        if any_has(&self.stacks, word) || any_has(&self.stacks, word.saturating_sub(1)) {
            return Some(Use::FramePointer);
        }
        let signed = self.target.mask(word);
        let address = signed & self.unsigned;
        if !self.code.follows_code(address) {
            return None;
        }
        // Only pointers to code are signed.
        let is_return = signed != address
            || self.calls.before(memory, address) != Before::Other
            || self.instructions.binary_search(&address).is_ok()
            || self.calls.returns_from_signal(memory, address);
        is_return.then_some(Use::ReturnAddress)
    }

    /// Returns the role that a word at an address of a stack may have.
    #[inline]
    fn use_at(&self, memory: &Memory<'_>, address: u64, word: u64) -> Option<Use> {
        let by_frames = || word != 0 && self.frames.binary_search(&address).is_ok();
        self.use_of(memory, word).or_else(|| by_frames().then_some(Use::ReturnAddress))
    }

    /// True if a word points somewhere only because it is text. `word_at` returns the words from it on, by their
    /// distance in words.
    fn is_text(&self, memory: &Memory<'_>, here: Pointing, past: &Past, word_at: impl Fn(u64) -> Option<u64>) -> bool {
        let Some(before) = past.last() else { return false };
        if !may_be_text(here.word, self.word, before.points) {
            return false;
        }
        let around = Neighbourhood::new(self.word, |number| match past.get(number) {
            Some(past) => Some(past.word),
            None if number == BEFORE => Some(here.word),
            None => word_at((number - BEFORE) as u64),
        });
        let points = |number: usize| past.get(number).is_some_and(|past| past.points);
        around.reads_as_text(points) && !self.is_of_frame(memory, here.address, here.its_use, &around)
    }

    /// Returns the words of a stack right before an address.
    fn past(&self, memory: &Memory<'_>, stack: Interval, address: u64) -> Past {
        core::array::from_fn(|number| {
            let distance = (BEFORE - number) as u64 * self.word;
            let at = address.checked_sub(distance).filter(|&at| at >= stack.start);
            let word = at.and_then(|at| memory.read_integer(at, self.width)).unwrap_or(0);
            PastWord { word, points: at.is_some_and(|at| self.use_at(memory, at, word).is_some()) }
        })
    }

    /// True for the frame pointer and the return address of a frame, which are adjacent; text does not look like this
    /// in any alphabet. The upper bytes of a 64-bit address are zero, so only text before them could be mistaken for
    /// one: the words stay if they have no more characters than is harmless.
    fn is_of_frame(&self, memory: &Memory<'_>, address: u64, its_use: Use, around: &Neighbourhood) -> bool {
        let (at, number) = match its_use {
            Use::FramePointer => (Some(address), BEFORE),
            Use::ReturnAddress => (address.checked_sub(self.word), BEFORE - 1),
        };
        let Some(at) = at else { return false };
        let (frame, next) = (around.word(number), around.word(number + 1));
        let leads_up = holder(&self.stacks, at).is_some_and(|stack| at < frame && stack.has(frame));
        leads_up
            && frame % self.word == 0
            && !(self.word == 4 && is_plain_word(frame))
            && [frame, next].into_iter().all(|word| is_pointer(word, self.width))
            && self.use_at(memory, at.saturating_add(self.word), next) == Some(Use::ReturnAddress)
    }

    /// Overwrites what a stack trace does not need in the bytes at `address` of `memory`.
    pub(super) fn filter(&self, memory: &Memory<'_>, address: u64, bytes: &mut [u8]) {
        let Some(part) = Interval::new(address, bytes.len() as u64) else { return };
        let filling = if self.triage.is_some() { Triage::PATTERN } else { 0 };
        let fill = |bytes: &mut [u8], from: u64, to: u64, filling: u8| {
            let range = usize::try_from(from - address).ok().zip(usize::try_from(to - address).ok());
            let taken = range.and_then(|(from, to)| bytes.get_mut(from..=to));
            taken.into_iter().flatten().for_each(|byte| *byte = filling);
        };
        for gap in self.gaps_in(part) {
            (gap.start..=gap.last)
                .filter(|&address| !self.code.is_in_module(self.target.mask(address)))
                .for_each(|address| fill(bytes, address, address, 0));
        }
        for stack in overlapping(&self.stacks, part) {
            let Some(cut) = stack.intersection(&part) else { continue };
            let mut word = cut.start - cut.start % self.word;
            let mut past = self.past(memory, stack, word);
            loop {
                let last = word.saturating_add(self.word - 1);
                // The value of a word that is only partly in the stack is unknown.
                let is_whole = stack.start <= word
                    && last <= stack.last
                    && self.triage.as_ref().is_none_or(|triage| triage.holds(word) && triage.holds(last));
                // A word may extend beyond the given bytes.
                let at_hand = |at: u64| value(bytes, at.checked_sub(address)?, self.word);
                let read = |at: u64| at_hand(at).or_else(|| memory.read_integer(at, self.width));
                let word_there = if is_whole { read(word) } else { None };
                let here = word_there.unwrap_or(0);
                let its_use = self.use_at(memory, word, here);
                let stays = its_use.is_some_and(|its_use| {
                    let here = Pointing { address: word, word: here, its_use };
                    let word_at = |distance: u64| read(word.checked_add(distance * self.word)?);
                    let is_explained = self.triage.as_ref().is_none_or(|triage| triage.points(here.word));
                    is_explained && !self.is_text(memory, here, &past, word_at)
                });
                // A zero word has nothing to remove.
                if !stays && word_there != Some(0) {
                    fill(bytes, word.max(cut.start), last.min(cut.last), filling);
                }
                past.rotate_left(1);
                if let Some(last) = past.last_mut() {
                    *last = PastWord { word: here, points: its_use.is_some() };
                }
                match last.checked_add(1).filter(|next| *next <= cut.last) {
                    Some(next) => word = next,
                    None => break,
                }
            }
        }
    }
}

/// Returns the instruction pointers of all contexts, and the addresses at which exceptions were raised.
fn instructions(source: &Source<'_>) -> Vec<u64> {
    let raised = source.exceptions().filter_map(|exception| exception.instruction_address());
    let pointers = source.contexts().filter_map(|context| context.instruction_pointer()).chain(raised);
    let mut pointers: Vec<u64> = pointers.map(|pointer| source.target.mask(pointer)).collect();
    pointers.sort_unstable();
    pointers.dedup();
    pointers
}

/// Returns the bits of a return address that form the address: all except those of an ARM64 signature, which are above
/// the address space sizes in use. `last` is the highest known address.
pub(super) fn unsigned(target: Target, last: u64) -> u64 {
    const SIZES: [u32; 4] = [39, 47, 48, 52];
    let is_arm64 = matches!(target.architecture, Some(ProcessorArchitecture::ARM64 | ProcessorArchitecture::ARM64_OLD));
    let sizes = SIZES.into_iter().filter(|&size| size > 39 || !target.is_windows());
    let masks = sizes.map(|size| (1 << size) - 1);
    masks.filter(|&mask| is_arm64 && last <= mask).min().unwrap_or(u64::MAX)
}

/// Returns the little-endian word of 4 or 8 bytes at a position.
pub(super) fn value(bytes: &[u8], position: u64, width: u64) -> Option<u64> {
    let bytes = bytes.get(usize::try_from(position).ok()?..)?;
    match width {
        4 => bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes).into()),
        _ => bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
    }
}
