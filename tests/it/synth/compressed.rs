//! Packs the memory of a dump into buckets, by the measured format, with literal offsets.

use crate::support::facts::Facts;

/// The type of the stream.
pub const COMPRESSED_MEMORY: u32 = 25;
/// `MiniDumpWithMemoryCompressed`.
pub const FLAG: u64 = 0x0400_0000;

/// A dump with compressed memory, and the positions of its parts.
#[derive(Clone)]
pub struct Packed {
    pub bytes: Vec<u8>,
    /// The position of the header, which precedes the arrays.
    pub header: usize,
    pub regions: usize,
    pub buckets: usize,
    /// Numbers of regions and of buckets.
    pub counts: (usize, usize),
}

/// A region without a file position: address, bucket, offset in the bucket, and bytes.
type Region = (u64, usize, usize, Vec<u8>);

/// Splits ranges, which are in address order, into regions, in buckets of at most `bucket` bytes.
fn regions(ranges: &[(u64, Vec<u8>)], bucket: usize) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let (mut number, mut held) = (0, 0);
    for (address, bytes) in ranges {
        for (piece, start) in bytes.chunks(bucket).zip((0..).step_by(bucket)) {
            if held + piece.len() > bucket {
                (number, held) = (number + 1, 0);
            }
            regions.push((address + start, number, held, piece.to_vec()));
            held += piece.len();
        }
    }
    regions
}

/// The same dump, a little-endian one with one memory list, with its memory in buckets of at most `bucket` bytes.
pub fn pack(file: &[u8], bucket: usize) -> Packed {
    let facts = Facts::of(file);
    let mut ranges: Vec<_> = facts.ranges().iter().map(|range| (range.address, range.bytes.to_vec())).collect();
    ranges.retain(|(_, bytes)| !bytes.is_empty());
    ranges.sort();
    let index = facts.directory.iter().position(|entry| [5, 9].contains(&entry.kind)).expect("it has a memory list");
    let entry = facts.header.directory.0 as usize + 12 * index;
    // The memory is removed if nothing follows it.
    let end = facts.stream(9).map(|list| facts.u64(list.rva.0 + 8) as usize);
    let total: usize = ranges.iter().map(|(_, bytes)| bytes.len()).sum();
    let kept = end.filter(|end| end + total == file.len()).unwrap_or(file.len());
    let regions = regions(&ranges, bucket);
    pack_regions(&file[..kept], entry, facts.header.flags, &regions, bucket)
}

fn pack_regions(file: &[u8], entry: usize, flags: u64, regions: &[Region], bucket: usize) -> Packed {
    let buckets = regions.last().map_or(0, |region| region.1 + 1);
    let header = file.len();
    let region_array = header + 192;
    let bucket_array = region_array + 32 * regions.len();
    let stream = bucket_array + 40 * buckets;
    let mut bytes = file.to_vec();
    bytes.resize(stream, 0);
    let counts = (regions.len(), buckets);
    let mut packed = Packed { bytes, header, regions: region_array, buckets: bucket_array, counts };
    for (number, (address, bucket, offset, contents)) in regions.iter().enumerate() {
        let at = packed.region(number);
        for (field, value) in [(0, number as u64), (8, *address), (16, *bucket as u64)] {
            packed.set64(at + field, value);
        }
        packed.set32(at + 24, contents.len() as u32);
        packed.set32(at + 28, *offset as u32);
    }
    let (mut plain, mut small) = (0, 0);
    for number in 0..buckets {
        let own: Vec<_> = regions.iter().enumerate().filter(|(_, region)| region.1 == number).collect();
        let contents: Vec<u8> = own.iter().flat_map(|(_, region)| region.3.iter().copied()).collect();
        let mut block = vec![0; lz4_flex::block::get_maximum_output_size(contents.len())];
        let size = lz4_flex::block::compress_into(&contents, &mut block).expect("there is room for all");
        block.truncate(size);
        let (at, offset) = (packed.bucket(number), packed.bytes.len() as u64);
        packed.set32(at + 8, contents.len() as u32);
        packed.set32(at + 12, block.len() as u32);
        let first = own.first().map_or(0, |(first, _)| *first as u64);
        for (field, value) in [(0, number as u64), (16, offset), (24, first), (32, own.len() as u64)] {
            packed.set64(at + field, value);
        }
        plain += contents.len() as u64;
        small += block.len() as u64;
        packed.bytes.extend(block);
    }
    let end = packed.bytes.len();
    packed.set32(header, 192);
    packed.set32(header + 4, 2);
    packed.bytes[header + 8..header + 16].copy_from_slice(b"!!pmdz!!");
    let saved = (100.0 - 100.0 * small as f64 / plain.max(1) as f64).round() as i64;
    for (field, value) in [
        (32, bucket as u64),
        (40, header as u64),
        (48, (end - header) as u64),
        (56, plain),
        (64, small),
        (72, saved as u64),
        (80, regions.len() as u64),
        (88, region_array as u64),
        (96, 32 * regions.len() as u64),
        (104, buckets as u64),
        (112, bucket_array as u64),
        (120, 40 * buckets as u64),
        (128, stream as u64),
        (136, (end - stream) as u64),
    ] {
        packed.set64(header + field, value);
    }
    packed.set32(header + 144, 1);
    for (field, value) in [(0, COMPRESSED_MEMORY), (4, 192), (8, header as u32)] {
        packed.set32(entry + field, value);
    }
    packed.set64(24, flags & !2 | FLAG);
    packed
}

impl Packed {
    /// The position of the entry of a region.
    pub fn region(&self, number: usize) -> usize {
        self.regions + 32 * number
    }

    /// The position of the entry of a bucket.
    pub fn bucket(&self, number: usize) -> usize {
        self.buckets + 40 * number
    }

    pub fn get32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }

    pub fn get64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    pub fn set32(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub fn set64(&mut self, at: usize, value: u64) {
        self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Position and size of the compressed bytes of a bucket.
    pub fn block(&self, number: usize) -> (usize, usize) {
        let at = self.bucket(number);
        (self.get64(at + 16) as usize, self.get32(at + 12) as usize)
    }

    /// Updates the file size in the header.
    pub fn resized(mut self) -> Self {
        let size = (self.bytes.len() - self.header) as u64;
        self.set64(self.header + 48, size);
        self
    }
}
