//! Unwind data of generated code, which function tables lead to: without it no debugger gets past a frame of such code.
//!
//! The debugger writes the data of each entry and stops there; where a range ends with it, it writes none. Here the data
//! of chained functions comes along as well, and what is cut comes as far as it goes.

use alloc::vec::Vec;

use crate::format::{ProcessorArchitecture, StreamType};
use crate::read::function_table::FunctionTableList;
use crate::read::{Budget, Memory, united};
use crate::redump::hooks::Hooks;
use crate::redump::report::Report;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// So many functions may be chained: Windows follows no more.
const LONGEST_CHAIN: usize = 32;

/// The size of `RUNTIME_FUNCTION` of AMD64 in bytes: begin, end, unwind data.
const FUNCTION: u64 = 12;

/// `UNW_FLAG_EHANDLER` and `UNW_FLAG_UHANDLER`, and `UNW_FLAG_CHAININFO`.
const HANDLERS: u8 = 3;
const CHAINED: u8 = 4;

/// Something that leads on, by its address, and what the addresses in it are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    address: u64,
    base: u64,
    /// True for another entry in memory, false for unwind data.
    is_function: bool,
}

/// What is at a place.
#[derive(Clone, Copy, Debug)]
struct Data {
    size: u64,
    next: Option<Place>,
}

/// Adds the unwind data that the entries of all tables lead to. With `is_filtered`, only what has the form of such data.
pub(super) fn unwind_data(wanted: &mut Wanted<'_, '_>, hooks: &Hooks<'_>, is_filtered: bool, report: &mut Report) {
    let source = wanted.source;
    let dump = source.dump();
    let Some(form) = source.target.architecture.and_then(Form::of) else { return };
    if dump.raw_stream(StreamType::FUNCTION_TABLE).is_none_or(|stream| !hooks.keeps_stream(&stream)) {
        return;
    }
    let mut places = Vec::new();
    for table in dump.find::<FunctionTableList<'_>>().into_iter().flatten() {
        let size = usize::try_from(table.entry_size).ok().filter(|&size| size >= form.entry_size());
        let entries = size.map(|size| table.entries.chunks_exact(size)).into_iter().flatten();
        places.extend(entries.filter_map(|entry| form.of_entry(table.descriptor.base_address, entry)));
    }
    // A chained function takes 16 bytes of memory that no other takes in a sound dump.
    let mut budget = Budget::times(source.plain_size, 1);
    let mut seen: Vec<Vec<Place>> = Vec::new();
    let mut intervals = Vec::new();
    while !places.is_empty() && seen.len() <= LONGEST_CHAIN {
        places.sort_unstable();
        places.dedup();
        places.retain(|place| seen.iter().all(|seen| seen.binary_search(place).is_err()));
        let mut chained = Vec::new();
        for place in &places {
            // The debugger does not follow chains: what is not sound is not missed.
            let is_strict = is_filtered || !seen.is_empty();
            let Some(data) = form.data(&source.memory, *place, is_strict) else { continue };
            intervals.extend(source.target.interval(place.address, data.size).and_then(|it| source.hull(it)));
            let Some(next) = data.next else { continue };
            if let Err(error) = budget.charge("UNWIND_INFO", 0, FUNCTION) {
                report.fault(StreamType::FUNCTION_TABLE, 0, "chained functions", error);
                break;
            }
            chained.push(next);
        }
        seen.push(core::mem::replace(&mut places, chained));
        if budget.is_spent() {
            break;
        }
    }
    drop(seen);
    united(intervals).into_iter().for_each(|interval| wanted.add(interval, Reason::UnwindData));
}

/// The layouts of entries and unwind data, by processor.
#[derive(Clone, Copy, Debug)]
enum Form {
    Amd64,
    Arm,
    Arm64,
}

impl Form {
    fn of(architecture: ProcessorArchitecture) -> Option<Self> {
        match architecture {
            ProcessorArchitecture::AMD64 => Some(Self::Amd64),
            ProcessorArchitecture::ARM => Some(Self::Arm),
            ProcessorArchitecture::ARM64 => Some(Self::Arm64),
            _ => None,
        }
    }

    /// The size of an entry in bytes, the least that one can have.
    const fn entry_size(self) -> usize {
        match self {
            Self::Amd64 => 12,
            Self::Arm | Self::Arm64 => 8,
        }
    }

    /// Where an entry leads, whose last word says it. Entries of ARM may have all in them.
    fn of_entry(self, base: u64, entry: &[u8]) -> Option<Place> {
        let word = entry.get(..self.entry_size())?.last_chunk().map(|word| u32::from_le_bytes(*word))?;
        match self {
            Self::Amd64 => Some(amd64_place(base, word)),
            Self::Arm | Self::Arm64 => {
                let is_elsewhere = word != 0 && word & 3 == 0;
                let address = base.wrapping_add(word.into());
                is_elsewhere.then_some(Place { address, base, is_function: false })
            }
        }
    }

    /// What is at a place; `None` if there is nothing that says how much it is.
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
        }
    }

    /// A record of `.xdata`: a header of one or two words, scopes of epilogs, codes, and the address of a handler.
    fn arm_data(self, memory: &Memory<'_>, address: u64, is_strict: bool) -> Option<Data> {
        let header = memory.read_u32(address)?;
        let bits = |word: u32, from: u32, count: u32| u64::from(word >> from & ((1 << count) - 1));
        if is_strict && bits(header, 18, 2) != 0 {
            return None;
        }
        let (mut epilogs, mut codes) = match self {
            Self::Arm => (bits(header, 23, 5), bits(header, 28, 4)),
            Self::Amd64 | Self::Arm64 => (bits(header, 22, 5), bits(header, 27, 5)),
        };
        let mut words = 1;
        if (epilogs, codes) == (0, 0) {
            let more = memory.read_u32(address.wrapping_add(4)).unwrap_or(0);
            (epilogs, codes, words) = (bits(more, 0, 16), bits(more, 16, 8), 2);
        }
        // Of a single epilog that is in the header, the number is that of its first code.
        let scopes = if bits(header, 21, 1) == 0 { epilogs } else { 0 };
        Some(Data { size: 4 * (words + scopes + codes + bits(header, 20, 1)), next: None })
    }
}

/// Where the last word of an entry leads: to unwind data, or if it is odd to another entry (`RUNTIME_FUNCTION_INDIRECT`).
fn amd64_place(base: u64, word: u32) -> Place {
    Place { address: base.wrapping_add((word & !1).into()), base, is_function: word & 1 != 0 }
}

/// `UNWIND_INFO`: version and flags, the number of codes, these, and then a chained entry or a handler and its data.
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
