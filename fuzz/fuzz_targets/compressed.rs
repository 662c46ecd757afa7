//! Compressed memory: valid arrays with damaged blocks, then damaged fields of the arrays.
//!
//! A damaged block affects only the regions of its bucket. After any other change, all calls return and agree with each
//! other, and a result contains no bytes that the source lacks.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use userdump::{Dump, redump};

#[derive(Arbitrary, Debug)]
struct Input {
    /// For each region: the distance from the previous one, the size, and a byte from which the contents are made.
    regions: Vec<(u8, u8, u8)>,
    /// The maximum number of regions in a bucket.
    together: u8,
    /// Changes to blocks: the index of the bucket, the offset in its block, and a byte to add.
    blocks: Vec<(u8, u16, u8)>,
    /// Changes to the header, regions and buckets: the offset of the field, and the value.
    fields: Vec<(u16, u64)>,
    /// Number of bytes that are missing at the end.
    cut: u8,
    /// The cache limit in words.
    limit: u16,
}

const FIRST: u64 = 0x10_0000;
/// The file header, the directory and the system information.
const HEADER: usize = 32 + 2 * 12 + 56;

struct Region {
    address: u64,
    bucket: usize,
    offset: usize,
    bytes: Vec<u8>,
}

impl Input {
    fn regions(&self) -> Vec<Region> {
        let together = usize::from(self.together % 8) + 1;
        let (mut address, mut held) = (FIRST, 0);
        let mut regions: Vec<Region> = Vec::new();
        for (number, &(gap, size, byte)) in self.regions.iter().take(64).enumerate() {
            address += u64::from(gap);
            let bucket = number / together;
            held = if regions.last().is_some_and(|region| region.bucket == bucket) { held } else { 0 };
            // At least one byte, and more or less compressible.
            let bytes = (0..=size).map(|at| if byte % 2 == 0 { byte } else { byte ^ at }).collect::<Vec<_>>();
            let next = address + bytes.len() as u64;
            let offset = held;
            held += bytes.len();
            regions.push(Region { address, bucket, offset, bytes });
            address = next;
        }
        regions
    }
}

/// The file, and the offset of each bucket's block.
fn file(regions: &[Region]) -> (Vec<u8>, Vec<(usize, usize)>) {
    let count = regions.last().map_or(0, |region| region.bucket + 1);
    let (region_array, bucket_array) = (HEADER + 192, HEADER + 192 + 32 * regions.len());
    let blocks: Vec<(Vec<u8>, usize)> = (0..count)
        .map(|number| {
            let own = regions.iter().filter(|region| region.bucket == number);
            let plain: Vec<u8> = own.flat_map(|region| region.bytes.iter().copied()).collect();
            let mut block = vec![0; lz4_flex::block::get_maximum_output_size(plain.len())];
            let size = lz4_flex::block::compress_into(&plain, &mut block).expect("there is room");
            block.truncate(size);
            (block, plain.len())
        })
        .collect();
    let stream = bucket_array + 40 * count;
    let [packed, plain] = [blocks.iter().map(|it| it.0.len()).sum::<usize>(), blocks.iter().map(|it| it.1).sum()];
    let mut file = Vec::new();
    let mut words = |words: &[u32]| file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    words(&[0x504d_444d, 0xa793, 2, 32, 0, 0, 0x0400_0000, 0]);
    words(&[7, 56, 56, 25, 192, HEADER as u32]);
    words(&[9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    words(&[192, 2]);
    file.extend(b"!!pmdz!!");
    let saved = 100 - (100 * packed as i64).checked_div(plain as i64).unwrap_or(100);
    let mut numbers = |numbers: &[u64]| file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    numbers(&[1, 1, 0x40_0000, HEADER as u64, (stream + packed - HEADER) as u64, plain as u64, packed as u64]);
    numbers(&[saved as u64, regions.len() as u64, region_array as u64, 32 * regions.len() as u64]);
    numbers(&[count as u64, bucket_array as u64, 40 * count as u64, stream as u64, packed as u64, 1]);
    file.resize(region_array, 0);
    for (number, region) in (0u64..).zip(regions) {
        let [size, offset] = [region.bytes.len() as u64, region.offset as u64];
        let numbers = [number, region.address, region.bucket as u64, offset << 32 | size];
        file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
    let mut at = stream;
    let mut places = Vec::new();
    for (number, (block, plain)) in blocks.iter().enumerate() {
        let first = regions.iter().position(|region| region.bucket == number).unwrap_or(0) as u64;
        let own = regions.iter().filter(|region| region.bucket == number).count() as u64;
        let sizes = (block.len() as u64) << 32 | *plain as u64;
        let numbers = [number as u64, sizes, at as u64, first, own];
        file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        places.push((at, block.len()));
        at += block.len();
    }
    blocks.iter().for_each(|(block, _)| file.extend(block));
    (file, places)
}

fuzz_target!(|input: Input| {
    let regions = input.regions();
    let (mut bytes, places) = file(&regions);
    let mut touched = vec![false; places.len()];
    for &(bucket, at, byte) in &input.blocks {
        let Some(number) = usize::from(bucket).checked_rem(places.len()) else { break };
        let (start, size) = places[number];
        let Some(at) = usize::from(at).checked_rem(size) else { continue };
        bytes[start + at] = bytes[start + at].wrapping_add(byte);
        touched[number] |= byte != 0;
    }
    let is_sound = !regions.is_empty() && input.fields.is_empty() && input.cut == 0;
    if is_sound {
        let dump = Dump::parse(&bytes).expect("the header is sound");
        let memory = dump.memory();
        for region in &regions {
            let mut buffer = vec![0; region.bytes.len()];
            let read = memory.read(region.address, &mut buffer);
            if !touched[region.bucket] {
                assert_eq!(buffer, region.bytes, "{:#x}", region.address);
                assert_eq!(memory.slice(region.address, read as u64), Some(region.bytes.as_slice()));
            } else if memory.fault_at(region.address).is_some() {
                assert_eq!(read, 0);
            }
        }
        let mut findings = 0;
        dump.check(&mut |finding| findings += usize::from(finding.stream.is_some_and(|stream| stream.0 == 25)));
        let broken = (0..touched.len()).filter(|number| {
            let region = regions.iter().find(|region| region.bucket == *number);
            region.is_some_and(|region| memory.fault_at(region.address).is_some())
        });
        assert_eq!(findings, broken.count());
    }
    for &(at, value) in &input.fields {
        let arrays = places.first().map_or(bytes.len(), |place| place.0) - HEADER;
        let at = HEADER + usize::from(at) % arrays.saturating_sub(8).max(1);
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    bytes.truncate(bytes.len().saturating_sub(input.cut.into()));
    let Ok(dump) = Dump::parse(&bytes) else { return };
    userdump_fuzz::walk(&dump);
    let limited = dump.memory_with_cache(8 * u64::from(input.limit));
    let mut buffers = [[0; 300], [0; 300]];
    for range in limited.visible_ranges().take(64) {
        let [one, two] = &mut buffers;
        assert_eq!(limited.read(range.address, one), limited.read_uncached(range.address, two));
        assert_eq!(one, two);
    }
    for options in ["/mA", "/mrR", "/m"] {
        let mut out = Vec::new();
        if redump(&dump, &options.parse().expect("they are known"), &mut out).is_ok() && options != "/mrR" {
            let (source, result) = (dump.memory(), Dump::parse(&out).expect("the result is a dump"));
            for range in result.memory().visible_ranges() {
                let bytes = range.bytes().expect("the result is plain");
                let mut expected = vec![0; bytes.len()];
                assert_eq!(source.read(range.address, &mut expected), bytes.len(), "{:#x}", range.address);
                assert_eq!(bytes, expected, "{:#x}", range.address);
            }
        }
    }
});
