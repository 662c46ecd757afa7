//! All memory of a dump, compressed or not.

use super::{Facts, Rva, index};

impl Facts<'_> {
    /// All memory in the order of addresses, whatever form it has in the file. Ranges that touch are one.
    pub fn memory(&self) -> Vec<(u64, Vec<u8>)> {
        let plain = self.ranges().into_iter().map(|range| (range.address, range.bytes.to_vec()));
        let mut all: Vec<(u64, Vec<u8>)> = plain.chain(self.unpacked()).collect();
        all.sort();
        let mut joined: Vec<(u64, Vec<u8>)> = Vec::new();
        for (address, bytes) in all {
            match joined.last_mut().filter(|(start, before)| start + before.len() as u64 == address) {
                Some((_, before)) => before.extend(bytes),
                None => joined.push((address, bytes)),
            }
        }
        joined
    }

    /// The regions of compressed memory.
    fn unpacked(&self) -> Vec<(u64, Vec<u8>)> {
        let Some(stream) = self.stream(25) else { return Vec::new() };
        let at = stream.rva.0;
        let [regions, region_array] = [self.u64(at + 80), self.u64(at + 88)];
        let [buckets, bucket_array] = [self.u64(at + 104), self.u64(at + 112)];
        let unpack = |bucket| {
            let at = bucket_array + 40 * bucket;
            let size = index(u64::from(self.u32(at + 8)));
            let packed = self.blob(Rva(self.u64(at + 16)), u64::from(self.u32(at + 12)));
            let mut bytes = vec![0; size];
            let unpacked = lz4_flex::block::decompress_into(&packed, &mut bytes);
            assert_eq!(unpacked.ok(), Some(size), "bucket {bucket}");
            bytes
        };
        let unpacked: Vec<Vec<u8>> = (0..buckets).map(unpack).collect();
        let region = |number| {
            let at = region_array + 32 * number;
            let [size, offset] = [at + 24, at + 28].map(|at| index(u64::from(self.u32(at))));
            (self.u64(at + 8), unpacked[index(self.u64(at + 16))][offset..offset + size].to_vec())
        };
        (0..regions).map(region).collect()
    }
}
