//! Images with managed code: their debugger reads the header of the runtime, metadata (names, signatures), static data, and
//! of precompiled code the header that says where its tables are.
//!
//! The layouts are those of `IMAGE_COR20_HEADER` (`corhdr.h`) and `READYTORUN_HEADER` (`readytorun.h` of the runtime).

use alloc::vec::Vec;

use crate::format::StreamType;
use crate::read::module::{Directory, Image};
use crate::read::{Budget, Interval};
use crate::redump::report::{Report, Undecided};
use crate::redump::source::Source;

use crate::redump::select::managed::writable::{Writable, sections};
use crate::redump::select::presets::Ground;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// Where the header has position and size of the metadata and of the header of precompiled code.
const METADATA: u64 = 8;
const NATIVE_HEADER: u64 = 64;

/// The size of a word in bytes.
const WORD: u64 = 8;

/// `RTR` and a NUL.
const READY_TO_RUN: u32 = 0x0052_5452;
/// Where the header of precompiled code has the number of its sections, where they begin, and the size of one: type,
/// position, size.
const NUMBER_OF_SECTIONS: u64 = 12;
const FIRST_SECTION: u64 = 16;
const SECTION: u64 = 12;

/// Adds what is needed of each image that has managed code.
pub(super) fn add(
    wanted: &mut Wanted<'_, '_>,
    ground: &Ground<'_, '_>,
    writable: &Writable,
    budget: &mut Budget,
    report: &mut Report,
) {
    let source = ground.source;
    let mut unknown = 0;
    for (index, listed) in ground.images.list().iter().enumerate() {
        let module = listed.module;
        let Some(image) = Image::at(&source.memory, listed.base) else {
            unknown += u64::from(source.memory.read_u16(listed.base).is_none());
            continue;
        };
        let Some(header) = image.directory(Directory::CommonLanguageRuntime) else { continue };
        let found = sections(&image, budget).unwrap_or_else(|error| {
            report.fault(StreamType::MODULE_LIST, module, "sections", error);
            Vec::new()
        });
        let allowed = ground.allowed(index, Some(&image));
        let parts = writable.parts_of(ground, index, &found).into_iter().chain(described(source, &image, header));
        for part in parts.flat_map(|part| allowed.parts_of(part).collect::<Vec<_>>()) {
            wanted.add(part, Reason::ManagedImage { module });
        }
    }
    if unknown > 0 && source.claims_full_memory {
        report.undecided.push(Undecided::Images(unknown));
    }
}

/// The header of the runtime, and what it leads to.
fn described(source: &Source<'_>, image: &Image<'_, '_>, header: Interval) -> impl Iterator<Item = Interval> {
    let number = |address: u64| source.memory.read_u32(address).map(u64::from);
    let directory = |at: u64| {
        let at = header.start.checked_add(at).filter(|at| at.checked_add(7).is_some_and(|last| header.has(last)))?;
        let (position, size) = (number(at)?, number(at + 4)?);
        image.place(position, size).filter(|_| position != 0)
    };
    let native = directory(NATIVE_HEADER);
    let table = native.and_then(|native| {
        let field = |at: u64| native.start.checked_add(at).and_then(|at| source.memory.read_u32(at));
        let count = field(0).filter(|&signature| signature == READY_TO_RUN).and_then(|_| field(NUMBER_OF_SECTIONS))?;
        source.target.interval(native.start, FIRST_SECTION + SECTION * u64::from(count))
    });
    // Debuggers read whole words.
    let rounded = |part: Interval| Interval { start: part.start & !(WORD - 1), last: part.last | (WORD - 1) };
    [Some(header), directory(METADATA), native, table].into_iter().flatten().map(rounded)
}
