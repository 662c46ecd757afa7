//! The description of the address space: that of the dump, or one that is made up.

use alloc::boxed::Box;
use core::cell::OnceCell;

use crate::read::memory::{MemoryInfo, MemoryInfoList, MemoryRegion, MemoryRegionIter, MemoryRegions};
use crate::read::{Interval, Minidump};

use crate::redump::known_memory::rows::MadeUpRows;

/// The regions of the address space, like [`MemoryRegions`].
pub(in crate::redump) enum AddressSpace<'s> {
    Described(Box<Described<'s>>),
    MadeUp(&'s MadeUpRows<'s>),
}

/// The regions that a dump describes.
pub(in crate::redump) struct Described<'s> {
    by_address: OnceCell<MemoryRegions<'s>>,
    of: Description<'s>,
}

/// Where the regions are described.
enum Description<'s> {
    Dump(Minidump<'s>),
    Rows(MemoryInfoList<'s>),
}

impl<'s> Described<'s> {
    fn new(of: Description<'s>) -> Box<Self> {
        Box::new(Self { by_address: OnceCell::new(), of })
    }

    fn iter(&self) -> MemoryRegionIter<'s> {
        match &self.of {
            Description::Dump(dump) => MemoryRegionIter::of_dump(dump),
            Description::Rows(rows) => MemoryRegionIter::of_rows(rows),
        }
    }

    fn by_address(&self) -> &MemoryRegions<'s> {
        // Most of those who ask for regions only iterate over them, and the index may need to sort a million.
        self.by_address.get_or_init(|| match self.of {
            Description::Dump(dump) => dump.regions(),
            Description::Rows(rows) => MemoryRegions::of_rows(rows),
        })
    }
}

impl<'s> AddressSpace<'s> {
    pub(in crate::redump) fn of_dump(dump: Minidump<'s>) -> Self {
        Self::Described(Described::new(Description::Dump(dump)))
    }

    pub(in crate::redump) fn of_rows(rows: MemoryInfoList<'s>) -> Self {
        Self::Described(Described::new(Description::Rows(rows)))
    }

    pub(in crate::redump) fn iter(&self) -> AddressSpaceIter<'s> {
        match self {
            Self::Described(described) => AddressSpaceIter::Described(described.iter()),
            Self::MadeUp(rows) => AddressSpaceIter::MadeUp(RowsIter::new(Rows::MadeUp(rows))),
        }
    }

    pub(in crate::redump) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(in crate::redump) fn at_address(&self, address: u64) -> Option<MemoryRegion<'s>> {
        match self {
            Self::Described(described) => described.by_address().at_address(address),
            Self::MadeUp(rows) => rows.at_address(address).map(MemoryRegion::of_row),
        }
    }
}

/// Iterator over an [`AddressSpace`].
pub(in crate::redump) enum AddressSpaceIter<'s> {
    Described(MemoryRegionIter<'s>),
    MadeUp(RowsIter<'s>),
}

impl<'s> Iterator for AddressSpaceIter<'s> {
    type Item = MemoryRegion<'s>;

    fn next(&mut self) -> Option<MemoryRegion<'s>> {
        match self {
            Self::Described(regions) => regions.next(),
            Self::MadeUp(rows) => rows.next().map(MemoryRegion::of_row),
        }
    }
}

/// Memory information entries by index.
#[derive(Clone, Copy)]
pub(in crate::redump) enum Rows<'s> {
    Listed(MemoryInfoList<'s>),
    MadeUp(&'s MadeUpRows<'s>),
}

impl<'s> Rows<'s> {
    pub(in crate::redump) fn get(&self, index: u64) -> Option<MemoryInfo> {
        match self {
            Self::Listed(list) => list.get(index),
            Self::MadeUp(rows) => rows.info(usize::try_from(index).ok()?),
        }
    }

    /// Returns the entries in their order.
    pub(in crate::redump) fn iter(self) -> RowsIter<'s> {
        RowsIter::new(self)
    }
}

/// Iterator over [`Rows`].
#[derive(Clone)]
pub(in crate::redump) struct RowsIter<'s> {
    rows: Rows<'s>,
    next: u64,
    /// Where the next entry that is made up is.
    of_range: Option<(usize, Interval, Option<u64>)>,
}

impl<'s> RowsIter<'s> {
    const fn new(rows: Rows<'s>) -> Self {
        Self { rows, next: 0, of_range: None }
    }
}

impl Iterator for RowsIter<'_> {
    type Item = MemoryInfo;

    fn next(&mut self) -> Option<MemoryInfo> {
        let entry = match self.rows {
            Rows::Listed(list) => list.get(self.next)?,
            Rows::MadeUp(rows) => rows.after(&mut self.of_range)?,
        };
        self.next += 1;
        Some(entry)
    }
}
