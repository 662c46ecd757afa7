//! The memory of the process: the lists that contain it, an index by address, and descriptions of its regions.

#[cfg(feature = "lz4")]
pub(crate) mod bucket_cache;
pub(crate) mod buckets;
pub(crate) mod by_address;
pub(crate) mod compressed;
pub(crate) mod contents;
pub(crate) mod info;
pub(crate) mod kept;
pub(crate) mod lists;
pub(crate) mod many;
pub(crate) mod of_minidump;
pub(crate) mod pieces;
pub(crate) mod positions;
#[cfg(feature = "std")]
pub(crate) mod queries;
pub(crate) mod regions;
pub(crate) mod search_table;
pub(crate) mod typed_reads;
pub(crate) mod visible;

pub use by_address::Memory;
pub use compressed::CompressedMemory;
pub use info::{MemoryInfo, MemoryInfoList};
pub use kept::MemoryIndex;
pub use lists::{Memory64List, Memory64Ranges, MemoryList, MemoryRange};
pub use regions::{MemoryRegion, MemoryRegionIter, MemoryRegions, RegionDetail, RegionIndex};
pub use visible::{VisibleRange, VisibleRanges};
