//! Checks the rules of compressed memory and decompresses it with a simple decoder. No code is shared with the crate.
//!
//! The rules were measured with the debugger and with the writer of Windows.

use crate::facts::{Facts, Rva};

/// The type of the stream.
const STREAM: u32 = 25;
/// The header flags for compressed and for full memory.
pub const COMPRESSED: u64 = 0x400_0000;
pub const FULL: u64 = 2;

/// An entry of the region array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub number: u64,
    pub address: u64,
    pub bucket: u64,
    pub size: u32,
    /// The offset in the uncompressed bucket.
    pub offset: u32,
}

/// An entry of the bucket array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub number: u64,
    pub size: u32,
    pub packed: u32,
    pub offset: u64,
    pub first: u64,
    pub count: u64,
}

/// The stream and its arrays.
#[derive(Debug)]
pub struct Compressed {
    pub offset: u64,
    /// The 64-bit fields after the header size and the version.
    pub words: [u64; 17],
    pub regions: Vec<Region>,
    pub buckets: Vec<Bucket>,
}

impl Compressed {
    /// Decodes the stream; returns `None` if there is no such stream.
    pub fn of(facts: &Facts<'_>) -> Option<Self> {
        let Rva(offset) = facts.stream(STREAM)?.rva;
        let words: [u64; 17] = std::array::from_fn(|index| facts.u64(offset + 8 + 8 * index as u64));
        let (regions_at, buckets_at) = (words[10], words[13]);
        let regions = (0..words[9]).map(|index| regions_at + 32 * index).map(|at| Region {
            number: facts.u64(at),
            address: facts.u64(at + 8),
            bucket: facts.u64(at + 16),
            size: facts.u32(at + 24),
            offset: facts.u32(at + 28),
        });
        let buckets = (0..words[12]).map(|index| buckets_at + 40 * index).map(|at| Bucket {
            number: facts.u64(at),
            size: facts.u32(at + 8),
            packed: facts.u32(at + 12),
            offset: facts.u64(at + 16),
            first: facts.u64(at + 24),
            count: facts.u64(at + 32),
        });
        Some(Self { offset, words, regions: regions.collect(), buckets: buckets.collect() })
    }

    /// Returns the rules that the file violates.
    pub fn broken(&self, facts: &Facts<'_>) -> Vec<String> {
        let [signature, _, _, most, offset, size, bytes, packed, saved, ..] = self.words;
        let [.., regions, _, regions_size, buckets, _, buckets_size, stream_at, stream_size] = self.words;
        let at = self.offset;
        let sum = |sizes: &mut dyn Iterator<Item = u32>| sizes.map(u64::from).sum::<u64>();
        let percent = 100.0 - 100.0 * packed as f64 / bytes as f64;
        let mut broken: Vec<String> = [
            ("size of the stream", facts.stream(STREAM).is_some_and(|stream| stream.size == 192)),
            ("size of the header", facts.u32(at) == 192),
            ("version", facts.u32(at + 4) == 2),
            ("signature", &signature.to_le_bytes() == b"!!pmdz!!"),
            ("position", offset == at),
            ("size to the end of the file", offset + size == facts.bytes.len() as u64),
            ("number of regions", regions > 0 && regions_size == 32 * regions),
            ("number of buckets", buckets > 0 && buckets_size == 40 * buckets),
            ("compression library", facts.u32(at + 144) == 1),
            ("zeros at the end", facts.blob(Rva(at + 148), 44).iter().all(|byte| *byte == 0)),
            ("flags", facts.header.flags & (COMPRESSED | FULL) == COMPRESSED),
            ("no other list", facts.stream(5).is_none() && facts.stream(9).is_none()),
            ("bytes by regions", sum(&mut self.regions.iter().map(|it| it.size)) == bytes),
            ("bytes by buckets", sum(&mut self.buckets.iter().map(|it| it.size)) == bytes),
            ("compressed bytes", sum(&mut self.buckets.iter().map(|it| it.packed)) == packed),
            ("percentage", (saved as f64 - percent).abs() <= 0.5 || (saved == 0 && percent < 0.0)),
        ]
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(rule, _)| rule.to_owned())
        .collect();
        for (pair, number) in self.regions.windows(2).zip(1..) {
            if pair[0].address + u64::from(pair[0].size) > pair[1].address {
                broken.push(format!("region {number} is not after the previous one"));
            }
        }
        for (region, number) in self.regions.iter().zip(0..) {
            let bucket = self.buckets.iter().find(|bucket| bucket.number == region.bucket);
            let fits = |bucket: &Bucket| u64::from(region.offset) + u64::from(region.size) <= bucket.size.into();
            if region.number != number || region.size == 0 || !bucket.is_some_and(fits) {
                broken.push(format!("region {number}"));
            }
        }
        for (bucket, number) in self.buckets.iter().zip(0..) {
            let end = bucket.offset + u64::from(bucket.packed);
            let placed = stream_at <= bucket.offset && end <= stream_at + stream_size;
            let mine = self.regions.iter().skip(bucket.first as usize).take(bucket.count as usize);
            let has_regions = mine.clone().all(|region| region.bucket == number) && mine.count() as u64 == bucket.count;
            let filled = sum(&mut self.regions.iter().filter(|it| it.bucket == number).map(|it| it.size));
            if bucket.number != number
                || u64::from(bucket.size.max(bucket.packed)) > most
                || !placed
                || !has_regions
                || filled != bucket.size.into()
            {
                broken.push(format!("bucket {number}"));
            }
        }
        broken
    }

    /// Returns the decompressed bytes of each bucket.
    pub fn unpacked(&self, facts: &Facts<'_>) -> Vec<Vec<u8>> {
        let block = |bucket: &Bucket| facts.blob(Rva(bucket.offset), bucket.packed.into()).0;
        self.buckets.iter().map(|bucket| unpack(block(bucket), bucket.size as usize)).collect()
    }
}

impl Facts<'_> {
    /// Returns all memory of a dump, from either list or compressed, sorted by address, with adjacent ranges joined.
    pub fn memory(&self) -> Vec<(u64, Vec<u8>)> {
        let mut all: Vec<(u64, Vec<u8>)> = match Compressed::of(self) {
            None => self.ranges().iter().map(|range| (range.address, range.bytes.0.to_vec())).collect(),
            Some(compressed) => {
                let buckets = compressed.unpacked(self);
                let bytes = |it: &Region| &buckets[it.bucket as usize][it.offset as usize..][..it.size as usize];
                compressed.regions.iter().map(|region| (region.address, bytes(region).to_vec())).collect()
            }
        };
        all.retain(|(_, bytes)| !bytes.is_empty());
        all.sort_by_key(|(address, _)| *address);
        let mut joined: Vec<(u64, Vec<u8>)> = Vec::new();
        for (address, bytes) in all {
            match joined.last_mut() {
                Some((start, before)) if start.checked_add(before.len() as u64) == Some(address) => {
                    before.extend(bytes)
                }
                _ => joined.push((address, bytes)),
            }
        }
        joined
    }
}

/// Checks that a dump is the compressed form of another one: it follows all rules, has the same memory, and is equal before the
/// memory, except for the flags, the directory entry of the memory, and the RVAs of stacks.
///
/// # Panics
///
/// If a check fails.
pub fn check(plain: &[u8], compressed: &[u8]) {
    let [before, after] = [plain, compressed].map(Facts::of);
    let expected = before.memory();
    if expected.is_empty() {
        assert!(plain == compressed, "a dump without memory must not change");
        return;
    }
    let packed = Compressed::of(&after).expect("a dump with memory has the stream");
    assert_eq!(packed.broken(&after), [""; 0], "violated rules");
    assert!(after.memory() == expected, "the memory differs");
    assert_eq!(after.header.flags, before.header.flags & !FULL | COMPRESSED);
    let lists = [5, 9, STREAM];
    let kinds = |facts: &Facts<'_>| {
        let kinds = facts.directory.iter().map(|entry| if lists.contains(&entry.kind) { 9 } else { entry.kind });
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(kinds(&after), kinds(&before), "the directory differs");
    assert!(after.threads().iter().all(|thread| thread.stack_at == Rva(0)), "a stack has an RVA");
    assert!(neutral(&before) == neutral(&after), "the bytes before the memory differ");
}

/// Returns the file up to its memory, with zeros in the fields that may differ.
fn neutral(facts: &Facts<'_>) -> Vec<u8> {
    let lists = facts.directory.iter().zip(0u64..).filter(|(entry, _)| [5, 9, STREAM].contains(&entry.kind));
    let list = lists.clone().map(|(entry, _)| entry.rva.0).min().expect("the dump has memory");
    let mut start = facts.bytes[..list as usize].to_vec();
    let mut clear = |at: u64, size: usize| start[at as usize..][..size].fill(0);
    clear(24, 8);
    lists.for_each(|(_, index)| clear(facts.header.directory.0 + 12 * index, 12));
    for (kind, fields) in [(3, [36, 36]), (8, [36, 60])] {
        let Some(threads) = facts.stream(kind) else { continue };
        let count = u64::from(facts.u32(threads.rva.0));
        let row = (u64::from(threads.size) - 4) / count.max(1);
        for at in (0..count).map(|index| threads.rva.0 + 4 + row * index) {
            fields.iter().for_each(|field| clear(at + field, 4));
        }
    }
    start
}

/// Decompresses an LZ4 block.
///
/// # Panics
///
/// If the block is invalid or has another size.
fn unpack(block: &[u8], size: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(size);
    let mut rest = block;
    loop {
        let token = usize::from(take(&mut rest, 1)[0]);
        let literals = length(&mut rest, token >> 4);
        let literals = take(&mut rest, literals);
        out.extend_from_slice(literals);
        if rest.is_empty() {
            break;
        }
        let offset = usize::from(u16::from_le_bytes(take(&mut rest, 2).try_into().expect("the slice has 2 bytes")));
        let count = 4 + length(&mut rest, token & 15);
        assert!(offset > 0 && offset <= out.len(), "a match {offset} bytes before offset {}", out.len());
        match offset >= count {
            true => out.extend_from_within(out.len() - offset..out.len() - offset + count),
            false => (0..count).for_each(|_| out.push(out[out.len() - offset])),
        }
    }
    assert_eq!(out.len(), size, "the size of the decompressed block");
    out
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (now, later) = rest.split_at(count);
    *rest = later;
    now
}

/// Reads a length: four bits, continued in bytes if all of them are set.
fn length(rest: &mut &[u8], nibble: usize) -> usize {
    let (mut length, mut continues) = (nibble, nibble == 15);
    while continues {
        let more = usize::from(take(rest, 1)[0]);
        length += more;
        continues = more == 255;
    }
    length
}
