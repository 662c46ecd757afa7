//! The actual extents of modules.
//!
//! Some producers record the size of a single segment as the size of the module. The actual extent follows from the
//! description of the address space: a module includes all mappings of the file that is mapped at its base, all memory
//! information entries with its base as their allocation base, and entries for images without an allocation base that
//! follow its base without a gap.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::format::memory::{MemoryState, MemoryType};
use crate::read::source::Source;

#[cfg(feature = "std")]
use crate::read::interval::united;
use crate::read::interval::{Interval, Span, holder, settle};
use crate::read::memory::regions::{MemoryRegion, MemoryRegionIter, RegionDetail};
use crate::read::minidump::Minidump;
use crate::read::module::list::{Module, ModuleList};
use crate::read::shared::Shared;
use crate::read::target::Target;

/// The modules by address, with their extents according to the module list and to the description of the address space;
/// see [`Minidump::module_extents`].
///
/// Where modules overlap, the extents from the module list take precedence over all others; among these, the module
/// that comes first in the list takes precedence.
#[derive(Clone)]
pub struct ModuleExtents<'a> {
    list: ModuleList<'a>,
    target: Target,
    /// The rank is the index of the module; for extents that are not from the module list, it is the length of the list
    /// plus the index.
    spans: Shared<Vec<Span>>,
    count: u32,
}

impl<'a> ModuleExtents<'a> {
    pub(crate) fn new(dump: &Minidump<'a>, regions: MemoryRegionIter<'_>) -> Self {
        let (list, target) = (dump.modules(), dump.target());
        let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
        let mut spans = Vec::with_capacity(usize::try_from(list.len()).unwrap_or(0));
        let listed = (0..).zip(list).filter_map(|(rank, module)| {
            Some(Span { interval: target.interval(module.base(), module.size().into())?, rank })
        });
        spans.extend(listed);
        settle(&mut spans);
        let listed = spans.len();
        find_unlisted(target, &list, regions, |interval, module| {
            let rank = count.saturating_add(module);
            // Most regions are within the modules of the list, which take precedence.
            let of_list = spans.get(..listed).and_then(|listed| holder(listed, interval.start));
            if of_list.is_some_and(|span| span.interval.last >= interval.last) {
                return;
            }
            match spans.last_mut().filter(|span| span.rank == rank && span.interval.next() == Some(interval.start)) {
                Some(span) => span.interval.last = interval.last,
                None => spans.push(Span { interval, rank }),
            }
        });
        settle(&mut spans);
        Self { list, target, spans: Shared::new(spans), count }
    }

    /// Returns the same index for other bytes of the same size.
    pub(crate) fn rebound<'b>(&self, source: Source<'b>) -> ModuleExtents<'b> {
        let Self { list, target, ref spans, count } = *self;
        ModuleExtents { list: list.rebound(source), target, spans: Shared::clone(spans), count }
    }

    /// Returns the module that contains `address`, in logarithmic time.
    #[must_use]
    pub fn at_address(&self, address: u64) -> Option<Module<'a>> {
        let rank = holder(&self.spans, self.target.mask(address))?.rank;
        self.list.get(rank.checked_sub(self.count).unwrap_or(rank).into())
    }

    /// Returns the extents, sorted by address and without overlaps, each with the index of its module.
    #[cfg(feature = "std")]
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (Interval, u64)> + '_ {
        self.spans.iter().map(|span| (span.interval, span.rank.checked_sub(self.count).unwrap_or(span.rank).into()))
    }

    /// Returns the extents, sorted by address and without overlaps.
    #[cfg(feature = "std")]
    pub(crate) fn intervals(&self) -> Vec<Interval> {
        united(self.spans.iter().map(|span| span.interval).collect())
    }
}

impl fmt::Debug for ModuleExtents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleExtents").finish_non_exhaustive()
    }
}

impl<'a> Minidump<'a> {
    /// Builds an index of the modules by address. Modules whose size is too small are extended by the memory
    /// information or by the lines of `/proc/self/maps`. In contrast, [`Module::contains`] and
    /// [`ModuleList::by_address`](crate::read::List::by_address) use only the module list.
    ///
    /// The index takes 24 bytes for each module and each region outside the modules of the list, and n log n time to build if they are not sorted by
    /// address.
    #[must_use]
    pub fn module_extents(&self) -> ModuleExtents<'a> {
        ModuleExtents::new(self, MemoryRegionIter::of_dump(self))
    }
}

/// Finds what else belongs to modules, and passes it to `found` with the index of the module.
fn find_unlisted<'a>(
    target: Target,
    list: &ModuleList<'a>,
    regions: MemoryRegionIter<'_>,
    mut found: impl FnMut(Interval, u32),
) {
    let mut bases: Vec<(u64, u32)> = list.iter().map(|module| target.mask(module.base())).zip(0..).collect();
    bases.sort_unstable();
    // If several modules have the same base, the first takes precedence.
    bases.dedup_by_key(|&mut (base, _)| base);
    let interval = |region: &MemoryRegion<'_>| target.interval(region.base(), region.size());
    let first_in = |interval: Interval| {
        let at = bases.partition_point(|&(base, _)| base < interval.start);
        bases.get(at).filter(|(base, _)| *base <= interval.last)
    };
    let with_base = |base: u64| {
        let at = bases.binary_search_by_key(&base, |&(base, _)| base).ok()?;
        bases.get(at).map(|&(_, module)| module)
    };
    let mut mapped: BTreeMap<&[u8], u32> = BTreeMap::new();
    for region in regions.clone().filter(is_file) {
        if let Some(&(_, module)) = interval(&region).and_then(first_in) {
            mapped.entry(region.path().as_bytes()).or_insert(module);
        }
    }
    // Where the next entry of a module's image would begin, and the index of the module.
    let mut follows: Option<(u64, u32)> = None;
    for region in regions {
        let Some(interval) = interval(&region) else { continue };
        let module = match region.detail() {
            RegionDetail::LinuxMapping(_) if !is_file(&region) || mapped.is_empty() => None,
            RegionDetail::LinuxMapping(_) => mapped.get(region.path().as_bytes()).copied(),
            RegionDetail::MemoryInfo(row) if row.state() == MemoryState::COMMIT => {
                let allocation = target.mask(row.raw().allocation_base);
                match allocation {
                    0 if row.memory_type() == MemoryType::IMAGE => first_in(interval)
                        .map(|&(_, module)| module)
                        .or_else(|| follows.filter(|&(next, _)| next == interval.start).map(|(_, module)| module)),
                    0 => None,
                    base => with_base(base),
                }
            }
            RegionDetail::MemoryInfo(_) => None,
        };
        follows = interval.next().zip(module);
        if let Some(module) = module {
            found(interval, module);
        }
    }
}

fn is_file(region: &MemoryRegion<'_>) -> bool {
    matches!(region.detail(), RegionDetail::LinuxMapping(mapping) if mapping.is_file())
}
