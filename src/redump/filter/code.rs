//! Finds where code is.
//!
//! Code is the executable memory of modules. Memory information or LinuxMaps, and the section headers of images in the
//! dump, tell what is executable; it is enough if one of them says so. All of a module may be code if neither describes
//! it.

use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::format::module::SectionCharacteristics;
use crate::read::module::{Image, ImageSection};
use crate::read::{Budget, Interval, Intervals, Union, any_has, common, gaps, holder, union, without};
use crate::redump::known_memory::address_space::AddressSpace;
use crate::redump::source::Source;

/// The page size; memory is executable in whole pages.
const PAGE: u64 = 0x1000;

/// The modules and their code, sorted and disjoint.
#[derive(Debug)]
pub(in crate::redump) struct Code {
    modules: Vec<Interval>,
    executable: Intervals,
    /// Memory that the dump describes as not executable, inside and outside modules.
    data: Intervals,
}

impl Code {
    pub(in crate::redump) fn new(source: &Source<'_>) -> Self {
        let regions = source.regions();
        let bases = bases(source);
        let modules = source.modules().to_vec();
        let (sections, unknown) = sections(source, &bases, &modules);
        let described = Described::new(source, &regions);
        // Memory without a description may be code.
        let unknown = union(unknown.into_iter().flat_map(|part| gaps(&described.all, part)));
        let Described { all, executable } = described;
        let data = without(all.consume(), executable.iter()).collect();
        let in_modules = |executable: Intervals| common(executable.consume(), modules.iter().copied());
        let of_images = in_modules(union(sections.into_iter().chain(unknown.consume())));
        let executable = union(in_modules(executable).chain(of_images));
        Self { modules, executable, data }
    }

    /// True if the address is in a module.
    pub(in crate::redump) fn is_in_module(&self, address: u64) -> bool {
        any_has(&self.modules, address)
    }

    /// True if the address follows code of a module.
    pub(super) fn follows_code(&self, address: u64) -> bool {
        self.executable.has(address.wrapping_sub(1))
    }

    /// True if the address is in the code of a module, or follows it.
    pub(in crate::redump) fn is_at_code(&self, address: u64) -> bool {
        self.executable.has(address) || self.follows_code(address)
    }

    /// True if the dump describes the memory at the address as not executable.
    pub(in crate::redump) fn is_data(&self, address: u64) -> bool {
        self.data.has(address) && !self.executable.has(address)
    }

    /// Returns the highest address of a module.
    pub(super) fn last(&self) -> u64 {
        self.modules.last().map_or(0, |module| module.last)
    }
}

/// Returns the base addresses of the modules, sorted and without duplicates.
fn bases(source: &Source<'_>) -> Vec<u64> {
    let modules = source.dump().modules().into_iter();
    let mut bases: Vec<u64> = modules.map(|module| source.target.mask(module.base())).collect();
    bases.sort_unstable();
    bases.dedup();
    bases
}

/// What the dump records about the address space, sorted and disjoint.
struct Described {
    all: Intervals,
    executable: Intervals,
}

impl Described {
    fn new(source: &Source<'_>, regions: &AddressSpace<'_>) -> Self {
        let (mut all, mut executable) = (Union::default(), Union::default());
        for region in regions.iter() {
            let Some(interval) = source.target.interval(region.base(), region.size()) else { continue };
            all.append(interval);
            if region.state() == MemoryState::COMMIT && region.protection().intersects(MemoryProtection::EXECUTABLE) {
                executable.append(interval);
            }
        }
        let executable = executable.into_intervals();
        // Every process has code, so without any the producer did not know the protections.
        let all = if executable.is_empty() { Intervals::default() } else { all.into_intervals() };
        Self { all, executable }
    }
}

/// Returns the executable sections of images whose headers are complete, and the modules without complete headers.
fn sections(source: &Source<'_>, bases: &[u64], modules: &[Interval]) -> (Vec<Interval>, Vec<Interval>) {
    // As for the sections that options ask for: in valid dumps, headers of different images do not overlap.
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
    // Up to the next module, so that the headers of one module do not apply to others in the same interval.
    let unknown = modules.iter().flat_map(|&module| gaps(&known, module)).collect();
    (sections, unknown)
}

/// Returns the executable sections of an image, or `None` if its headers are incomplete.
fn executable_sections(source: &Source<'_>, base: u64, budget: &mut Budget) -> Option<Vec<Interval>> {
    let image = Image::at(&source.memory, base)?;
    let mut found = Vec::new();
    for number in 0..image.number_of_sections() {
        budget.charge("IMAGE_SECTION_HEADER", base, ImageSection::HEADER_SIZE as u64).ok()?;
        let header = image.section(number)?;
        if header.characteristics.intersects(SectionCharacteristics::EXECUTE.union(SectionCharacteristics::CODE)) {
            // Some linkers leave the virtual size 0.
            let size = Some(u64::from(header.virtual_size)).filter(|&size| size > 0)?;
            let start = source.target.above(base, header.virtual_address.into())?;
            found.extend(source.target.interval(start, size.next_multiple_of(PAGE)));
        }
    }
    Some(found)
}
