//! Selects what a debugger reads of images with managed code: the header of the runtime, metadata (names, signatures),
//! static data, and in precompiled code the header that describes its tables.
//!
//! The layouts are those of `IMAGE_COR20_HEADER` (`corhdr.h`) and `READYTORUN_HEADER` (`readytorun.h` of the runtime).

use alloc::vec::Vec;

use crate::format::StreamType;
use crate::read::module::{Directory, Image};
use crate::read::{Budget, Interval};
use crate::redump::report::{Report, Undecided};
use crate::redump::source::Source;

use crate::redump::select::ground::Ground;
use crate::redump::select::managed::sections::{Section, in_file, sections};
use crate::redump::select::managed::writable::Writable;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// The header begins with its size, which has this value in bytes.
const HEADER: u32 = 72;

/// The offsets in the header of the RVA and size of the metadata, and of those of the header of precompiled code.
const METADATA: u64 = 8;
const NATIVE_HEADER: u64 = 64;

/// The size of a word in bytes.
const WORD: u64 = 8;

/// `RTR` and a NUL.
const READY_TO_RUN: u32 = 0x0052_5452;
/// The offsets in the header of precompiled code of the section count and of the first section, and the size of a
/// section: type, RVA, size.
const NUMBER_OF_SECTIONS: u64 = 12;
const FIRST_SECTION: u64 = 16;
const SECTION: u64 = 12;

/// Adds what is needed of each image with managed code.
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
        let parts = writable.parts_of(ground, index, &found).chain(needed(source, &image, header, &found));
        for part in parts.flat_map(|part| allowed.parts_of(part).collect::<Vec<_>>()) {
            wanted.add(part, Reason::ManagedImage { module });
        }
    }
    if unknown > 0 && source.claims_full_memory {
        report.undecided.push(Undecided::Images(unknown));
    }
}

/// Returns the header of the runtime and what it refers to, either as the loader maps them or as they are in the file,
/// because the runtime maps a file without precompiled code unchanged. `header` is where the loader would have put the
/// header.
pub(super) fn needed(
    source: &Source<'_>,
    image: &Image<'_, '_>,
    header: Interval,
    sections: &[Section],
) -> Vec<Interval> {
    let in_file = |position: u64, size: u64| image.place(in_file(sections, position)?, size);
    let of_file = header.start.checked_sub(image.base()).and_then(|position| in_file(position, header.size()));
    match of_file.filter(|of_file| !is_header(source, &header) && is_header(source, of_file)) {
        Some(of_file) => described(source, of_file, in_file).collect(),
        None => described(source, header, |position, size| image.place(position, size)).collect(),
    }
}

/// True if a header of the runtime begins at the start of `place`.
pub(super) fn is_header(source: &Source<'_>, place: &Interval) -> bool {
    source.memory.read_u32(place.start) == Some(HEADER)
}

/// Returns what the header describes. `place` converts an RVA and a size to a location in memory.
fn described(
    source: &Source<'_>,
    header: Interval,
    place: impl Fn(u64, u64) -> Option<Interval>,
) -> impl Iterator<Item = Interval> {
    let number = |address: u64| source.memory.read_u32(address).map(u64::from);
    let directory = |at: u64| {
        let at = header.start.checked_add(at).filter(|at| at.checked_add(7).is_some_and(|last| header.has(last)))?;
        let (position, size) = (number(at)?, number(at + 4)?);
        place(position, size).filter(|_| position != 0)
    };
    let native = directory(NATIVE_HEADER);
    let table = native.and_then(|native| {
        let field = |at: u64| native.start.checked_add(at).and_then(|at| source.memory.read_u32(at));
        let count = field(0).filter(|&signature| signature == READY_TO_RUN).and_then(|_| field(NUMBER_OF_SECTIONS))?;
        source.target.interval(native.start, FIRST_SECTION + SECTION * u64::from(count))
    });
    // Debuggers read complete words.
    let rounded = |part: Interval| Interval { start: part.start & !(WORD - 1), last: part.last | (WORD - 1) };
    [Some(header), directory(METADATA), native, table].into_iter().flatten().map(rounded)
}
