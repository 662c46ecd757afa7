//! The sections of modules that the options `d` and `c` ask for.
//!
//! # Windows
//!
//! The section headers of the image in memory say where they are; the raw data of a file plays no part, and neither does
//! rounding. What the engine does not look at does not matter here either: the machine, sizes in the optional header,
//! and `SizeOfImage`, beyond which a section may lie or reach. A section that would begin above the highest address is
//! none, as addresses do not wrap around; one that reaches above it ends there. Headers may lie in several ranges that
//! touch. Where bytes of them are missing, the sections before are taken.
//!
//! With sections of an image that have bytes come the headers that told of them. Without, a second pass would find no
//! sections; the engine leaves the headers out, and finds none then.
//!
//! # Linux
//!
//! The lines of `/proc/self/maps` say it: those that have the path of the file that is mapped at the module's base. The
//! name of the module is no help, as Breakpad puts the name inside a library (`libc.so.6`) in place of that of its file
//! (`libc-2.31.so`). The zeroed rest of a module's data is anonymous memory and belongs to no file. Without such lines,
//! as in dumps of macOS and those of Crashpad, there are no sections.

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

/// How much of an image the debugger reads before it knows where the headers are.
const FIRST_READ: u64 = 0x200;
/// What stands for the name of a section where it is the headers.
const HEADERS: [u8; 8] = *b"headers\0";

/// A part of a module that an option asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// The number of the module in the list; of several at one base, that of the first.
    pub(super) module: u64,
    /// As the header has it; `headers` for the headers themselves; on Linux the rights (`rw-p`).
    pub(super) name: [u8; 8],
    /// Where it is, whatever of it is there.
    pub(super) bounds: Interval,
    pub(super) kind: SectionKind,
}

impl Section {
    /// True for the headers of an image, which come along with its sections.
    pub(super) fn is_headers(&self) -> bool {
        self.name == HEADERS
    }
}

/// Which option asks for a section.
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

/// Every section of data or code, module by module, and the headers of images that have some.
///
/// There are no more than the file has bytes for: a section takes a header of 40 bytes, or a line, and no header counts
/// for two images of a sound dump; what goes beyond it is reported. Their bounds may overlap and hold each other, and so
/// may those of modules.
pub(super) fn sections(source: &Source<'_>, report: &mut Report) -> Vec<Section> {
    let modules = source.dump().modules().into_iter();
    let bases = (0..).zip(modules.map(|module| source.target.mask(module.base())));
    if source.target.is_windows() { by_headers(source, bases, report) } else { by_mappings(source, bases) }
}

fn by_headers(source: &Source<'_>, bases: impl Iterator<Item = (u64, u64)>, report: &mut Report) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut seen = BTreeSet::new();
    // In sound dumps no two images have a header in common, so that all headers together are no larger than the file.
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
    // First by mapping and then by path, so that no path is looked at once for each of many modules.
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
        Some(Section { module, name: rights(mapping.flags), bounds, kind })
    };
    mappings.iter().filter_map(section).collect()
}

/// The rights as the kernel prints them.
fn rights(flags: LinuxMapFlags) -> [u8; 8] {
    let letter = |flag, set, clear| if flags.contains(flag) { set } else { clear };
    let [read, write] = [letter(LinuxMapFlags::READ, b'r', b'-'), letter(LinuxMapFlags::WRITE, b'w', b'-')];
    let [execute, sharing] = [letter(LinuxMapFlags::EXECUTE, b'x', b'-'), letter(LinuxMapFlags::SHARED, b's', b'p')];
    [read, write, execute, sharing, 0, 0, 0, 0]
}
