//! What the option `s` takes out beyond `r`.
//!
//! The debugger describes a triage dump as one whose words are either zero or point into modules or to memory of the
//! dump. This holds for most of what `r` leaves, except some frame pointers and return addresses into generated code.

use alloc::sync::Arc;

use crate::format::MinidumpType;
use crate::read::{Intervals, Target};

use crate::redump::filter::code::Code;
use crate::redump::filter::text::is_plain_word;
use crate::redump::filter::unsigned;

/// The memory that words of a triage dump may point to.
#[derive(Debug)]
pub(in crate::redump) struct Triage {
    code: Arc<Code>,
    /// The memory of the result, sorted by address and disjoint.
    memory: Arc<Intervals>,
    target: Target,
    /// The bits of a return address that form the address.
    unsigned: u64,
}

impl Triage {
    /// The byte that replaces each byte that is taken out.
    pub(in crate::redump) const PATTERN: u8 = MinidumpType::TRIAGE_PATTERN;

    pub(in crate::redump) fn new(code: Arc<Code>, memory: Arc<Intervals>, target: Target) -> Self {
        let last = memory.last().map_or(0, |range| range.last).max(code.last());
        Self { code, memory, target, unsigned: unsigned(target, last) }
    }

    /// Returns the same for another width of the same process.
    pub(in crate::redump) fn of_target(&self, target: Target) -> Self {
        Self { code: Arc::clone(&self.code), memory: Arc::clone(&self.memory), target, unsigned: self.unsigned }
    }

    /// True if a word points into a module or to memory of the result.
    pub(super) fn points(&self, word: u64) -> bool {
        let address = self.target.mask(word) & self.unsigned;
        self.code.is_in_module(address) || self.memory.has(address)
    }

    /// True if the result has the byte at an address.
    pub(super) fn holds(&self, address: u64) -> bool {
        self.memory.has(address)
    }

    /// True if a general register may stay: it is zero, or a pointer that does not read as text.
    pub(in crate::redump) fn keeps_register(&self, value: u64) -> bool {
        let is_text = self.target.pointer_size() == 4 && is_plain_word(value);
        value == 0 || self.points(value) && !is_text
    }
}
