//! Where code is.
//!
//! Code is what the modules have of executable memory. Which memory that is say the rows of the memory information or
//! the lines of LinuxMaps, and the section headers of images that are in the dump; whatever either calls executable
//! counts. Of a module that neither describes, all may be code.

use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::format::module::SectionCharacteristics;
use crate::read::memory::MemoryRegions;
use crate::read::module::{Image, ImageSection};
use crate::read::{Budget, Interval, any_has, append, gaps, holder, overlapping, united};
use crate::redump::source::Source;

/// The size of a page, to which memory is executable or not.
const PAGE: u64 = 0x1000;

/// Where modules and their code are; sorted and apart.
#[derive(Debug)]
pub(in crate::redump) struct Code {
    modules: Vec<Interval>,
    executable: Vec<Interval>,
    /// What the dump describes as memory that is not executable, whether a module is there or not.
    data: Vec<Interval>,
}

impl Code {
    pub(in crate::redump) fn new(source: &Source<'_>) -> Self {
        let regions = source.regions();
        let bases = bases(source);
        let modules = source.modules().to_vec();
        let (sections, unknown) = sections(source, &bases, &modules);
        let described = Described::new(source, &regions);
        // What nobody describes may be code.
        let unknown = unknown.into_iter().flat_map(|part| gaps(&described.all, part));
        // Overlaps go first, so that no module is met once for each of many sections at one place.
        let executable = united(described.executable.iter().copied().chain(sections).chain(unknown).collect());
        let executable = executable.into_iter();
        let executable = executable
            .flat_map(|part| overlapping(&modules, part).filter_map(move |module| module.intersection(&part)));
        let executable = executable.collect();
        let data = described.all.iter().flat_map(|&part| gaps(&described.executable, part)).collect();
        Self { modules, executable, data }
    }

    /// True if a module is at the address.
    pub(in crate::redump) fn is_in_module(&self, address: u64) -> bool {
        any_has(&self.modules, address)
    }

    /// True if the address follows an instruction of a module.
    pub(super) fn is_behind_code(&self, address: u64) -> bool {
        any_has(&self.executable, address.wrapping_sub(1))
    }

    /// True if the address is that of an instruction of a module, or follows one.
    pub(in crate::redump) fn is_at_code(&self, address: u64) -> bool {
        any_has(&self.executable, address) || self.is_behind_code(address)
    }

    /// True if the dump says that the memory at the address is not executable.
    pub(in crate::redump) fn is_data(&self, address: u64) -> bool {
        any_has(&self.data, address) && !any_has(&self.executable, address)
    }

    /// The highest address of a module.
    pub(super) fn last(&self) -> u64 {
        self.modules.last().map_or(0, |module| module.last)
    }
}

/// The base addresses of the modules, sorted, each once.
fn bases(source: &Source<'_>) -> Vec<u64> {
    let modules = source.dump().modules().into_iter();
    let mut bases: Vec<u64> = modules.map(|module| source.target.mask(module.base())).collect();
    bases.sort_unstable();
    bases.dedup();
    bases
}

/// What the dump says of the address space, sorted and apart.
struct Described {
    all: Vec<Interval>,
    executable: Vec<Interval>,
}

impl Described {
    fn new(source: &Source<'_>, regions: &MemoryRegions<'_>) -> Self {
        let (mut all, mut executable) = (Vec::new(), Vec::new());
        for region in regions.iter() {
            let Some(interval) = source.target.interval(region.base(), region.size()) else { continue };
            append(&mut all, interval);
            if region.state() == MemoryState::COMMIT && region.protection().intersects(MemoryProtection::EXECUTABLE) {
                append(&mut executable, interval);
            }
        }
        if executable.is_empty() {
            // No process is without code: whoever wrote this did not know the protections.
            all.clear();
        }
        Self { all: united(all), executable: united(executable) }
    }
}

/// The executable sections of images whose headers are all there, and the modules that have none such.
fn sections(source: &Source<'_>, bases: &[u64], modules: &[Interval]) -> (Vec<Interval>, Vec<Interval>) {
    // As for the sections that options ask for: in sound dumps no two images have a header in common.
    let mut budget = Budget::times(source.plain_size, 1);
    let mut sections = Vec::new();
    let mut known = Vec::new();
    for (number, &base) in bases.iter().enumerate() {
        let Some(module) = holder(modules, base) else { continue };
        let found = executable_sections(source, base, &mut budget);
        let next = bases.get(number + 1).map_or(u64::MAX, |next| next - 1);
        if let Some(found) = found {
            sections.extend(found);
            known.push(Interval { start: base, last: module.last.min(next) });
        }
    }
    // Up to the next module, so that none of several in one stretch speaks for the others.
    let unknown = modules.iter().flat_map(|&module| gaps(&known, module)).collect();
    (sections, unknown)
}

/// `None` if the headers do not tell.
fn executable_sections(source: &Source<'_>, base: u64, budget: &mut Budget) -> Option<Vec<Interval>> {
    let image = Image::at(&source.memory, base)?;
    let mut found = Vec::new();
    for number in 0..image.number_of_sections() {
        budget.charge("IMAGE_SECTION_HEADER", base, ImageSection::HEADER_SIZE as u64).ok()?;
        let header = image.section(number)?;
        if header.characteristics.intersects(SectionCharacteristics::EXECUTE.union(SectionCharacteristics::CODE)) {
            // Some linkers leave the size in memory out.
            let size = Some(u64::from(header.virtual_size)).filter(|&size| size > 0)?;
            let start = source.target.above(base, header.virtual_address.into())?;
            found.extend(source.target.interval(start, size.next_multiple_of(PAGE)));
        }
    }
    Some(found)
}
