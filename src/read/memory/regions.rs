//! A single view of the address space, regardless of the stream that describes it.

use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

use crate::format::MemoryProtection;
use crate::format::StreamType;
use crate::format::linux::LinuxMapFlags;
use crate::format::memory::{MemoryState, MemoryType};
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::interval::{Span, holder, settle};
use crate::read::linux::{LinuxMapping, LinuxMappings, LinuxMaps};
use crate::read::list::by_address::ByAddress;
use crate::read::list::entries::Iter;
use crate::read::memory::info::{MemoryInfo, MemoryInfoList};
use crate::read::minidump::Minidump;
use crate::read::shared::Shared;
use crate::read::target::Target;
use crate::read::text::utf8::Utf8;

/// A region of the address space in Windows' terms, which are more detailed.
///
/// | `/proc/self/maps` | here |
/// |---|---|
/// | a line | [`MemoryState::COMMIT`]; addresses without a line are free |
/// | `---` | [`MemoryProtection::NO_ACCESS`] |
/// | `r--` | [`MemoryProtection::READ_ONLY`] |
/// | `rw-`, `-w-` | [`MemoryProtection::READ_WRITE`]; of a file and private (`p`) [`MemoryProtection::WRITE_COPY`] |
/// | `--x` | [`MemoryProtection::EXECUTE`] |
/// | `r-x` | [`MemoryProtection::EXECUTE_READ`] |
/// | `rwx`, `-wx` | [`MemoryProtection::EXECUTE_READ_WRITE`]; of a file and private [`MemoryProtection::EXECUTE_WRITE_COPY`] |
/// | of a file, or shared (`s`) | [`MemoryType::MAPPED`]; the lines do not tell which files are modules |
/// | anything else | [`MemoryType::PRIVATE`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryRegion<'a> {
    detail: RegionDetail<'a>,
}

/// The description of a region in its stream.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegionDetail<'a> {
    /// An entry of the memory information list, or of the table of regions of a full user dump.
    MemoryInfo(MemoryInfo),
    /// A line of `/proc/self/maps`.
    LinuxMapping(LinuxMapping<'a>),
}

impl<'a> MemoryRegion<'a> {
    #[cfg(feature = "std")]
    pub(crate) const fn of_row(row: MemoryInfo) -> Self {
        Self { detail: RegionDetail::MemoryInfo(row) }
    }

    /// Returns the address of the first byte, as in the file.
    #[must_use]
    pub const fn base(&self) -> u64 {
        match &self.detail {
            RegionDetail::MemoryInfo(info) => info.base(),
            RegionDetail::LinuxMapping(mapping) => mapping.start,
        }
    }

    /// Returns the size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        match &self.detail {
            RegionDetail::MemoryInfo(info) => info.size(),
            RegionDetail::LinuxMapping(mapping) => mapping.size(),
        }
    }

    /// Returns whether the region is free, reserved or committed.
    #[must_use]
    pub const fn state(&self) -> MemoryState {
        match &self.detail {
            RegionDetail::MemoryInfo(info) => info.state(),
            RegionDetail::LinuxMapping(_) => MemoryState::COMMIT,
        }
    }

    /// Returns the access protection of the region.
    #[must_use]
    pub fn protection(&self) -> MemoryProtection {
        match &self.detail {
            RegionDetail::MemoryInfo(info) => info.protection(),
            RegionDetail::LinuxMapping(mapping) => protection(mapping),
        }
    }

    /// Returns whether the region is private memory, a mapped file or an image.
    #[must_use]
    pub fn memory_type(&self) -> MemoryType {
        match &self.detail {
            RegionDetail::MemoryInfo(info) => info.memory_type(),
            RegionDetail::LinuxMapping(mapping) if mapping.is_file() => MemoryType::MAPPED,
            RegionDetail::LinuxMapping(mapping) if mapping.flags.contains(LinuxMapFlags::SHARED) => MemoryType::MAPPED,
            RegionDetail::LinuxMapping(_) => MemoryType::PRIVATE,
        }
    }

    /// Returns the path of the mapped file, or the system's name for the memory, such as `[heap]`; empty if there is
    /// neither.
    ///
    /// Windows dumps do not record it. For them, look up the module at the address.
    #[must_use]
    pub const fn path(&self) -> Utf8<'a> {
        match &self.detail {
            RegionDetail::MemoryInfo(_) => Utf8::new(&[]),
            RegionDetail::LinuxMapping(mapping) => mapping.path,
        }
    }

    /// Returns the complete description of the region in its stream.
    #[must_use]
    pub const fn detail(&self) -> RegionDetail<'a> {
        self.detail
    }
}

fn protection(mapping: &LinuxMapping<'_>) -> MemoryProtection {
    let copies = mapping.is_file() && !mapping.flags.contains(LinuxMapFlags::SHARED);
    let [read, write, execute] =
        [LinuxMapFlags::READ, LinuxMapFlags::WRITE, LinuxMapFlags::EXECUTE].map(|flag| mapping.flags.contains(flag));
    match (execute, write, read) {
        (false, false, false) => MemoryProtection::NO_ACCESS,
        (false, false, true) => MemoryProtection::READ_ONLY,
        (false, true, _) if copies => MemoryProtection::WRITE_COPY,
        (false, true, _) => MemoryProtection::READ_WRITE,
        (true, false, false) => MemoryProtection::EXECUTE,
        (true, false, true) => MemoryProtection::EXECUTE_READ,
        (true, true, _) if copies => MemoryProtection::EXECUTE_WRITE_COPY,
        (true, true, _) => MemoryProtection::EXECUTE_READ_WRITE,
    }
}

/// The regions of the address space, see [`Dump::regions`](crate::read::Dump::regions).
///
/// They come from the memory information list or, if it is missing or empty, from `/proc/self/maps`; in a full user
/// dump, they come from its table of regions. Where regions overlap, lookups find the one that comes first in the
/// stream.
///
/// # Examples
///
/// ```
/// use userdump::Minidump;
/// use userdump::format::MemoryProtection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # dump.memory_info(userdump::format::MemoryInfo {
/// #     base_address: 0x20_0000, region_size: 0x3000, state: 0x1000, protect: 4, ..Default::default()
/// # });
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = Minidump::parse(&file)?;
/// let region = dump.regions().at_address(0x20_1234).expect("the address is described");
/// assert_eq!((region.base(), region.size()), (0x20_0000, 0x3000));
/// assert_eq!(region.protection(), MemoryProtection::READ_WRITE);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryRegions<'a> {
    source: Source<'a>,
    rows: Option<ByAddress<'a, MemoryInfo>>,
    /// `None` if `rows` is `Some`.
    maps: Option<Mappings<'a>>,
}

/// The lines of `/proc/self/maps` by address. The rank of a line is its position in the text.
#[derive(Clone)]
struct Mappings<'a> {
    maps: LinuxMaps<'a>,
    /// The file offset of the text.
    offset: u64,
    /// The size of the text in bytes.
    size: u64,
    target: Target,
    spans: Shared<Vec<Span>>,
}

impl<'a> Mappings<'a> {
    fn new(maps: LinuxMaps<'a>, offset: u64, target: Target) -> Self {
        let mappings = maps.positions();
        let mappings = mappings.filter_map(|(rank, mapping)| {
            Some(Span { interval: target.interval(mapping.start, mapping.size())?, rank })
        });
        let mut spans: Vec<Span> = mappings.collect();
        settle(&mut spans);
        let size = maps.text().as_bytes().len() as u64;
        Self { maps, offset, size, target, spans: Shared::new(spans) }
    }

    /// Returns the same lines for other bytes of the same size.
    fn rebound<'b>(&self, source: Source<'b>) -> Mappings<'b> {
        let Self { offset, size, target, .. } = *self;
        let maps = self.maps.with_text(Bytes::new(source, ByteOrder::Little).clipped(offset, size));
        Mappings { maps, offset, size, target, spans: Shared::clone(&self.spans) }
    }

    fn get(&self, address: u64) -> Option<LinuxMapping<'a>> {
        self.maps.at_position(holder(&self.spans, self.target.mask(address))?.rank)
    }
}

/// Returns what describes the regions of a dump: the memory information list or, if it is missing or empty, the lines of
/// `/proc/self/maps` with their file offset.
fn described<'a>(dump: &Minidump<'a>) -> (Option<MemoryInfoList<'a>>, Option<(LinuxMaps<'a>, u64)>) {
    let rows = dump.find::<MemoryInfoList<'a>>().filter(|list| !list.is_empty());
    let maps = dump.raw_stream(StreamType::LINUX_MAPS).filter(|_| rows.is_none());
    (rows, maps.and_then(|maps| Some((maps.view().ok()?, maps.offset()))))
}

impl<'a> MemoryRegions<'a> {
    fn new(dump: &Minidump<'a>) -> Self {
        let (rows, maps) = described(dump);
        let maps = maps.map(|(maps, offset)| Mappings::new(maps, offset, dump.target()));
        Self { source: dump.bytes().source(), rows: rows.map(|list| list.by_address()), maps }
    }

    pub(crate) fn of_rows(rows: MemoryInfoList<'a>) -> Self {
        Self { source: rows.dump().bytes().source(), rows: Some(rows.by_address()), maps: None }
    }

    fn size(&self) -> u64 {
        self.source.size()
    }

    fn rebound<'b>(&self, source: Source<'b>) -> MemoryRegions<'b> {
        let rows = self.rows.as_ref().map(|rows| rows.rebound(source));
        MemoryRegions { source, rows, maps: self.maps.as_ref().map(|maps| maps.rebound(source)) }
    }

    const fn emptied(&self) -> MemoryRegions<'static> {
        MemoryRegions { source: Source::NOTHING, rows: None, maps: None }
    }

    /// True if the dump describes no regions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns all regions, in the order of their stream, which is usually that of their addresses.
    #[must_use]
    pub fn iter(&self) -> MemoryRegionIter<'a> {
        let rows = self.rows.as_ref().map(|rows| rows.list().iter());
        MemoryRegionIter { rows, maps: self.maps.as_ref().map(|mappings| mappings.maps.iter()) }
    }

    /// Returns the region that contains `address`, in logarithmic time.
    pub fn at_address(&self, address: u64) -> Option<MemoryRegion<'a>> {
        let row = self.rows.as_ref().and_then(|rows| rows.get(address)).map(RegionDetail::MemoryInfo);
        let detail = row.or_else(|| self.maps.as_ref()?.get(address).map(RegionDetail::LinuxMapping))?;
        Some(MemoryRegion { detail })
    }
}

impl<'a> IntoIterator for &MemoryRegions<'a> {
    type Item = MemoryRegion<'a>;
    type IntoIter = MemoryRegionIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over [`MemoryRegions`].
#[derive(Clone, Debug)]
pub struct MemoryRegionIter<'a> {
    rows: Option<Iter<'a, MemoryInfo>>,
    /// `None` if `rows` is `Some`.
    maps: Option<LinuxMappings<'a>>,
}

impl<'a> MemoryRegionIter<'a> {
    /// Returns all regions of a dump without building an index, which would sort them.
    pub(crate) fn of_dump(dump: &Minidump<'a>) -> Self {
        let (rows, maps) = described(dump);
        Self { rows: rows.map(|list| list.iter()), maps: maps.map(|(maps, _)| maps.iter()) }
    }

    #[cfg(feature = "std")]
    pub(crate) const fn of_rows(rows: &MemoryInfoList<'a>) -> Self {
        Self { rows: Some(rows.iter()), maps: None }
    }
}

impl<'a> Iterator for MemoryRegionIter<'a> {
    type Item = MemoryRegion<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.as_mut().and_then(Iterator::next).map(RegionDetail::MemoryInfo);
        let detail = row.or_else(|| self.maps.as_mut()?.next().map(RegionDetail::LinuxMapping))?;
        Some(MemoryRegion { detail })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match (&self.rows, &self.maps) {
            (Some(rows), _) => rows.size_hint(),
            (None, Some(maps)) => maps.size_hint(),
            (None, None) => (0, Some(0)),
        }
    }
}

impl DoubleEndedIterator for MemoryRegionIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let row = self.rows.as_mut().and_then(DoubleEndedIterator::next_back).map(RegionDetail::MemoryInfo);
        let detail = row.or_else(|| self.maps.as_mut()?.next_back().map(RegionDetail::LinuxMapping))?;
        Some(MemoryRegion { detail })
    }
}

impl FusedIterator for MemoryRegionIter<'_> {}

kept_index! {
    /// A [`MemoryRegions`] without the bytes of the dump, to be stored next to them: see
    /// [`OwnedDump`](crate::OwnedDump#examples).
    pub struct RegionIndex of MemoryRegions
}

impl fmt::Debug for MemoryRegions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRegions").finish_non_exhaustive()
    }
}

impl<'a> Minidump<'a> {
    /// Returns the address space of the process: the addresses in use, and their access protection.
    #[must_use]
    pub fn regions(&self) -> MemoryRegions<'a> {
        MemoryRegions::new(self)
    }
}
