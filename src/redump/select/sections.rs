//! Finds the sections of modules that the options `d` and `c` ask for.
//!
//! # Windows
//!
//! The section headers of the image in memory give their locations; the raw data of the file and rounding are not taken
//! into account. As in the engine, the machine, the sizes in the optional header and `SizeOfImage` are ignored; a
//! section may be beyond the latter. Addresses do not wrap around: a section that would begin above the highest address
//! is ignored, and one that extends above it ends there. The headers may be in several adjacent ranges. If some of
//! their bytes are missing, the sections before them are taken.
//!
//! The headers are taken together with the sections of an image that have bytes. Without the headers, a second pass
//! would not find sections; the engine leaves them out, and finds none then.
//!
//! # Linux
//!
//! Sections are the lines of `/proc/self/maps` with the path of the file that is mapped at the module's base. The
//! module name cannot be used, because Breakpad writes the name inside a library (`libc.so.6`) instead of its file name
//! (`libc-2.31.so`). The zeroed rest of a module's data is anonymous memory and does not belong to a file. Without such
//! lines, as in macOS and Crashpad dumps, there are no sections.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::format::StreamType;
use crate::format::linux::LinuxMapFlags;
use crate::format::module::SectionCharacteristics as Flags;
use crate::read::linux::{LinuxMapping, LinuxMaps};
use crate::read::module::{Image, ImageSection};
use crate::read::{Budget, Interval};
use crate::redump::report::Report;
use crate::redump::source::Source;

/// How much of an image the debugger reads to find the headers, in bytes.
const FIRST_READ: u64 = 0x200;
/// Marks the headers of an image in place of a section name.
const HEADERS: [u8; 8] = *b"headers\0";

/// A part of a module that an option asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// The index of the module in the list; of several at one base, that of the first.
    pub(super) module: u64,
    /// As in the section header; `headers` for the headers themselves; on Linux the permissions (`rw-p`).
    pub(super) name: [u8; 8],
    /// Its location, whether its bytes are there or not.
    pub(super) bounds: Interval,
    pub(super) kind: SectionKind,
}

impl Section {
    /// True for the headers of an image, which are taken together with its sections.
    pub(super) fn is_headers(&self) -> bool {
        self.name == HEADERS
    }
}

/// The option that asks for a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    /// `d`
    Data,
    /// `c`
    Code,
    /// Either.
    Both,
}

impl SectionKind {
    fn new(data: bool, code: bool) -> Option<Self> {
        match (data, code) {
            (true, false) => Some(Self::Data),
            (false, true) => Some(Self::Code),
            (true, true) => Some(Self::Both),
            (false, false) => None,
        }
    }

    pub(super) const fn is_data(self) -> bool {
        matches!(self, Self::Data | Self::Both)
    }

    pub(super) const fn is_code(self) -> bool {
        matches!(self, Self::Code | Self::Both)
    }
}

/// Returns all data and code sections, module by module, and the headers of images that have any.
///
/// Their number is limited by the file size: each section needs a header of 40 bytes or a line, and images of a valid
/// dump do not share headers. What exceeds this is reported. The bounds of sections may overlap or contain each other,
/// and so may those of modules.
pub(super) fn sections(source: &Source<'_>, report: &mut Report) -> Vec<Section> {
    let modules = source.dump().modules().into_iter();
    let bases = (0..).zip(modules.map(|module| source.target.mask(module.base())));
    if source.target.is_windows() { by_headers(source, bases, report) } else { by_mappings(source, bases) }
}

fn by_headers(source: &Source<'_>, bases: impl Iterator<Item = (u64, u64)>, report: &mut Report) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut seen = BTreeSet::new();
    // In valid dumps, headers of different images do not overlap, so together they are not larger than the file.
    let mut budget = Budget::times(source.plain_size, 1);
    for (module, base) in bases.filter(|&(_, base)| seen.insert(base)) {
        let Some(image) = Image::at(&source.memory, base) else {
            continue;
        };
        let interval = |position, size| source.target.interval(source.target.above(base, position)?, size);
        let (mut count, mut data, mut code) = (0, false, false);
        let offset = || source.memory.range_at(base).map_or(0, |range| range.position());
        for number in 0..image.number_of_sections() {
            if let Err(error) = budget.charge("IMAGE_SECTION_HEADER", offset(), ImageSection::HEADER_SIZE as u64) {
                report.fault(StreamType::MODULE_LIST, module, "sections", error);
                break;
            }
            let Some(header) = image.section(number) else { break };
            count += 1;
            let bounds = interval(header.virtual_address.into(), header.virtual_size.into());
            if let Some((kind, bounds)) = kind(&header).zip(bounds) {
                let is_there = source.present(bounds).next().is_some();
                data |= is_there && kind.is_data();
                code |= is_there && kind.is_code();
                sections.push(Section { module, name: header.name, bounds, kind });
            }
        }
        if let Some(kind) = SectionKind::new(data, code) {
            let headers = image.headers(count);
            let parts = [(0, FIRST_READ), (headers.start, headers.end - headers.start)];
            let parts = parts.into_iter().filter_map(|(position, size)| interval(position, size));
            sections.extend(parts.map(|bounds| Section { module, name: HEADERS, bounds, kind }));
        }
        if budget.is_spent() {
            break;
        }
    }
    sections
}

fn kind(header: &ImageSection) -> Option<SectionKind> {
    let flags = header.characteristics;
    let data = flags.contains(Flags::READ | Flags::WRITE)
        && flags.intersects(Flags::INITIALIZED_DATA | Flags::UNINITIALIZED_DATA);
    SectionKind::new(data, flags.contains(Flags::CODE))
}

fn by_mappings(source: &Source<'_>, bases: impl Iterator<Item = (u64, u64)>) -> Vec<Section> {
    let maps = source.dump().find::<LinuxMaps<'_>>();
    let mut mappings: Vec<LinuxMapping<'_>> = maps.iter().flat_map(LinuxMaps::iter).filter(|it| it.is_file()).collect();
    mappings.sort_by_key(|mapping| mapping.start);
    // First by mapping and then by path, so that a path is not compared once for each of many modules.
    let mut mapped = BTreeMap::new();
    for (module, base) in bases {
        let at = mappings.partition_point(|mapping| mapping.start <= base).checked_sub(1);
        if let Some(at) = at.filter(|&at| mappings.get(at).is_some_and(|mapping| base < mapping.end)) {
            mapped.entry(at).or_insert(module);
        }
    }
    let mut files = BTreeMap::new();
    for (at, module) in mapped {
        let path = mappings.get(at).map_or(&[][..], |mapping| mapping.path.as_bytes());
        let first = files.entry(path).or_insert(module);
        *first = module.min(*first);
    }
    let section = |mapping: &LinuxMapping<'_>| {
        let can = |flag| mapping.flags.contains(flag);
        let kind = SectionKind::new(can(LinuxMapFlags::WRITE), can(LinuxMapFlags::EXECUTE))?;
        let module = *files.get(mapping.path.as_bytes())?;
        let bounds = source.target.interval(source.target.above(mapping.start, 0)?, mapping.size())?;
        Some(Section { module, name: permissions(mapping.flags), bounds, kind })
    };
    mappings.iter().filter_map(section).collect()
}

/// Returns the permissions as the kernel prints them.
fn permissions(flags: LinuxMapFlags) -> [u8; 8] {
    let letter = |flag, set, clear| if flags.contains(flag) { set } else { clear };
    let [read, write] = [letter(LinuxMapFlags::READ, b'r', b'-'), letter(LinuxMapFlags::WRITE, b'w', b'-')];
    let [execute, sharing] = [letter(LinuxMapFlags::EXECUTE, b'x', b'-'), letter(LinuxMapFlags::SHARED, b's', b'p')];
    [read, write, execute, sharing, 0, 0, 0, 0]
}
