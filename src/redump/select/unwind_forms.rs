//! Function entries and unwind data, in the layout of each processor.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::ProcessorArchitecture;
use crate::format::full_user_dump::ImageFileMachine;
use crate::read::{Budget, Interval, Memory};

/// The most functions that may be chained; Windows does not follow more.
const LONGEST_CHAIN: usize = 32;

/// The size of `RUNTIME_FUNCTION` on AMD64 in bytes: begin, end, unwind data.
const FUNCTION: u64 = 12;

/// `UNW_FLAG_EHANDLER` and `UNW_FLAG_UHANDLER`, and `UNW_FLAG_CHAININFO`.
const HANDLERS: u8 = 3;
const CHAINED: u8 = 4;

/// How much of the data of precompiled x86 code is taken, in bytes, because the data does not record its size.
const X86_DATA: u64 = 0x100;

/// The values that the machine of a precompiled image is XORed with (`IMAGE_FILE_MACHINE_OS_MASK_*` of the runtime).
const LINUX: u32 = 0x7b79;
const APPLE: u32 = 0x4644;
const FREE_BSD: u32 = 0xadc4;

/// The location of unwind data or of another entry, and the base of the addresses in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) address: u64,
    base: u64,
    /// True for another entry in memory, false for unwind data.
    is_function: bool,
}

/// The data at a place.
#[derive(Clone, Copy, Debug)]
struct Data {
    size: u64,
    next: Option<Place>,
}

/// Finds the data at places and at those they refer to, each once. With `is_strict`, only what has the form of unwind
/// data counts; for chained data, this always applies, because the debugger does not follow chains and invalid data is
/// not missed.
///
/// # Errors
///
/// [`ReadError::BudgetSpent`] if the chains exceed `budget`. What was found before that counts.
pub(super) fn follow(
    form: Form,
    memory: &Memory<'_>,
    mut places: Vec<Place>,
    is_strict: bool,
    budget: &mut Budget,
    mut found: impl FnMut(Interval),
) -> Result<(), ReadError> {
    let mut seen: Vec<Vec<Place>> = Vec::new();
    while !places.is_empty() && seen.len() <= LONGEST_CHAIN {
        places.sort_unstable();
        places.dedup();
        places.retain(|place| seen.iter().all(|seen| seen.binary_search(place).is_err()));
        let mut chained = Vec::new();
        for place in &places {
            let Some(data) = form.data(memory, *place, is_strict || !seen.is_empty()) else { continue };
            memory.target().interval(place.address, data.size).into_iter().for_each(&mut found);
            let Some(next) = data.next else { continue };
            budget.charge("UNWIND_INFO", 0, FUNCTION)?;
            chained.push(next);
        }
        seen.push(core::mem::replace(&mut places, chained));
    }
    Ok(())
}

/// The layouts of entries and unwind data, by processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Amd64,
    Arm,
    Arm64,
    /// Only precompiled managed code has entries on x86.
    X86,
}

impl Form {
    /// Returns the layout in function tables.
    pub(super) fn of(architecture: ProcessorArchitecture) -> Option<Self> {
        match architecture {
            ProcessorArchitecture::AMD64 => Some(Self::Amd64),
            ProcessorArchitecture::ARM => Some(Self::Arm),
            ProcessorArchitecture::ARM64 => Some(Self::Arm64),
            _ => None,
        }
    }

    /// Returns the layout in the exception directory of an image.
    pub(super) fn of_machine(machine: ImageFileMachine) -> Option<Self> {
        // In precompiled .NET images, the machine also encodes the system, unless it is Windows.
        let system = |system: u32| ImageFileMachine(machine.0 ^ system);
        [0, LINUX, APPLE, FREE_BSD].into_iter().find_map(|number| match system(number) {
            ImageFileMachine::AMD64 => Some(Self::Amd64),
            ImageFileMachine::ARM64 => Some(Self::Arm64),
            ImageFileMachine::ARMNT => Some(Self::Arm),
            ImageFileMachine::I386 => Some(Self::X86),
            _ => None,
        })
    }

    /// Returns the minimum size of an entry in bytes.
    pub(super) const fn entry_size(self) -> usize {
        match self {
            Self::Amd64 => 12,
            Self::Arm | Self::Arm64 | Self::X86 => 8,
        }
    }

    /// Returns where the function of an entry begins, relative to its base, and where it ends, if the entry records it.
    pub(super) fn function(self, entry: &[u8]) -> Option<(u32, Option<u32>)> {
        let word = |at: usize| entry.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word));
        match self {
            Self::Amd64 => Some((word(0)?, Some(word(4)?))),
            // The lowest bit marks Thumb code.
            Self::Arm => Some((word(0)? & !1, None)),
            Self::Arm64 | Self::X86 => Some((word(0)?, None)),
        }
    }

    /// Returns where the last word of an entry refers to. ARM and ARM64 entries may contain their unwind data.
    pub(super) fn of_entry(self, base: u64, entry: &[u8]) -> Option<Place> {
        let word = entry.get(..self.entry_size())?.last_chunk().map(|word| u32::from_le_bytes(*word))?;
        match self {
            Self::Amd64 => Some(amd64_place(base, word)),
            Self::Arm | Self::Arm64 | Self::X86 => {
                let is_elsewhere = word != 0 && (word & 3 == 0 || self == Self::X86);
                let address = base.wrapping_add(word.into());
                is_elsewhere.then_some(Place { address, base, is_function: false })
            }
        }
    }

    /// Returns the data at a place; `None` if its size is unknown.
    fn data(self, memory: &Memory<'_>, place: Place, is_strict: bool) -> Option<Data> {
        match self {
            Self::Amd64 if place.is_function => {
                let word = memory.read_u32(place.address.wrapping_add(FUNCTION - 4));
                let next = word.map(|word| amd64_place(place.base, word));
                let is_sound = || next.is_some_and(|next| amd64_data(memory, next, true).is_some());
                (!is_strict || is_sound()).then_some(Data { size: FUNCTION, next })
            }
            Self::Amd64 => amd64_data(memory, place, is_strict),
            Self::Arm | Self::Arm64 => self.arm_data(memory, place.address, is_strict),
            Self::X86 => Some(Data { size: X86_DATA, next: None }),
        }
    }

    /// Reads an `.xdata` record: a header of one or two words, epilog scopes, codes, and the address of a handler.
    fn arm_data(self, memory: &Memory<'_>, address: u64, is_strict: bool) -> Option<Data> {
        let header = memory.read_u32(address)?;
        let bits = |word: u32, from: u32, count: u32| u64::from(word >> from & ((1 << count) - 1));
        if is_strict && bits(header, 18, 2) != 0 {
            return None;
        }
        let (mut epilogs, mut codes) = match self {
            Self::Arm => (bits(header, 23, 5), bits(header, 28, 4)),
            Self::Amd64 | Self::Arm64 | Self::X86 => (bits(header, 22, 5), bits(header, 27, 5)),
        };
        let mut words = 1;
        if (epilogs, codes) == (0, 0) {
            let more = memory.read_u32(address.wrapping_add(4)).unwrap_or(0);
            (epilogs, codes, words) = (bits(more, 0, 16), bits(more, 16, 8), 2);
        }
        // If a single epilog is in the header, the field is the index of its first code instead of a count.
        let scopes = if bits(header, 21, 1) == 0 { epilogs } else { 0 };
        Some(Data { size: 4 * (words + scopes + codes + bits(header, 20, 1)), next: None })
    }
}

/// Returns where the last word of an entry refers to: unwind data or, if it is odd, another entry
/// (`RUNTIME_FUNCTION_INDIRECT`).
fn amd64_place(base: u64, word: u32) -> Place {
    Place { address: base.wrapping_add((word & !1).into()), base, is_function: word & 1 != 0 }
}

/// Reads `UNWIND_INFO`: version and flags, the code count, the codes, and then a chained entry or a handler and its
/// data.
fn amd64_data(memory: &Memory<'_>, Place { address, base, .. }: Place, is_strict: bool) -> Option<Data> {
    let first = memory.read_u8(address)?;
    let (version, flags) = (first & 7, first >> 3);
    if is_strict && !((1..=3).contains(&version) && flags <= CHAINED) {
        return None;
    }
    let codes = u64::from(memory.read_u8(address.wrapping_add(2)).unwrap_or(0));
    let end = 4 + 2 * codes.next_multiple_of(2);
    if flags & CHAINED != 0 {
        let word = memory.read_u32(address.wrapping_add(end + FUNCTION - 4));
        return Some(Data { size: end + FUNCTION, next: word.map(|word| amd64_place(base, word)) });
    }
    let size = if flags & HANDLERS != 0 { end + 8 } else { 4 + 2 * codes };
    Some(Data { size, next: None })
}
