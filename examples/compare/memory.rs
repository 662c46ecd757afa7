//! Compares memory by address, whether it is in a list, compressed, or in a full user dump.

use userdump::read::Memory;

use crate::difference::{Difference, Kind};

/// The maximum number of ranges of a kind that are listed, because two dumps can differ in any number of places.
const LISTED: usize = 12;

/// The number of bytes that are compared at a time.
const STEP: usize = 1 << 12;

/// The number of bytes of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub same: u64,
    pub changed: u64,
    pub only_first: u64,
    pub only_second: u64,
    /// Bytes of compressed memory that cannot be decompressed, in either dump.
    pub unreadable: u64,
}

/// Counts the bytes, and lists the first ranges that differ.
pub fn differences(both: [&Memory<'_>; 2]) -> (Totals, Vec<Difference>) {
    let mut totals = Totals::default();
    let mut changed = Ranges::default();
    for range in both[0].visible_ranges() {
        for common in both[1].visible_within(range.address, range.address.saturating_add(range.size.saturating_sub(1)))
        {
            compare(both, (common.address, common.size), &mut totals, &mut changed);
        }
    }
    totals.changed = changed.bytes;
    let [only_first, only_second] = [both, [both[1], both[0]]].map(only);
    (totals.only_first, totals.only_second) = (only_first.bytes, only_second.bytes);
    let mut found = changed.differences(|address| {
        Kind::Changed(
            address.map_or(Vec::new(), |address| vec![("bytes".to_owned(), both.map(|it| start(it, address)))]),
        )
    });
    found.extend(only_first.differences(|_| Kind::OnlyFirst));
    found.extend(only_second.differences(|_| Kind::OnlySecond));
    (totals, found)
}

/// Returns the ranges that only the first dump has.
fn only([here, there]: [&Memory<'_>; 2]) -> Ranges {
    let mut only = Ranges::default();
    for range in here.visible_ranges() {
        let mut done = 0;
        for common in there.visible_within(range.address, range.address.saturating_add(range.size.saturating_sub(1))) {
            let offset = common.address - range.address;
            only.add(range.address + done, offset - done);
            done = offset + common.size;
        }
        only.add(range.address.wrapping_add(done), range.size - done);
    }
    only
}

/// Returns the first bytes at an address, in hexadecimal.
fn start(memory: &Memory<'_>, address: u64) -> String {
    let mut bytes = [0; 8];
    let count = memory.read(address, &mut bytes);
    bytes[..count].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn compare(both: [&Memory<'_>; 2], (start, size): (u64, u64), totals: &mut Totals, changed: &mut Ranges) {
    let mut buffers = [[0; STEP], [0; STEP]];
    let mut done = 0;
    while done < size {
        let address = start + done;
        let step = usize::try_from(size - done).unwrap_or(STEP).min(STEP);
        let [mine, other] = buffers.each_mut().map(|buffer| &mut buffer[..step]);
        let read = both[0].read(address, mine).min(both[1].read(address, other));
        let (mine, other) = (&mine[..read], &other[..read]);
        totals.unreadable += (step - read) as u64;
        totals.same += read as u64;
        if mine != other {
            for (offset, _) in (0u64..).zip(mine.iter().zip(other)).filter(|(_, (mine, other))| mine != other) {
                totals.same -= 1;
                changed.add(address + offset, 1);
            }
        }
        done += step as u64;
    }
}

/// Address ranges in ascending order. Adjacent ranges are joined.
#[derive(Default)]
struct Ranges {
    listed: Vec<(u64, u64)>,
    count: u64,
    bytes: u64,
    end: Option<u64>,
}

impl Ranges {
    fn add(&mut self, address: u64, size: u64) {
        if size == 0 {
            return;
        }
        self.bytes += size;
        if self.end == Some(address) && self.count > 0 {
            if self.count <= LISTED as u64 {
                self.listed.last_mut().expect("the last range is listed").1 += size;
            }
        } else {
            self.count += 1;
            if self.listed.len() < LISTED {
                self.listed.push((address, size));
            }
        }
        self.end = address.checked_add(size);
    }

    /// Returns the listed ranges by address, and the rest as one difference.
    fn differences(&self, kind: impl Fn(Option<u64>) -> Kind) -> Vec<Difference> {
        let difference = |item, kind| Difference { section: "memory", item, kind };
        let listed = self
            .listed
            .iter()
            .map(|&(address, size)| difference(format!("{address:#018x}, {size} bytes"), kind(Some(address))));
        let (more, bytes) =
            (self.count - self.listed.len() as u64, self.listed.iter().map(|(_, size)| size).sum::<u64>());
        let rest = (more > 0).then(|| difference(format!("and {more} more, {} bytes", self.bytes - bytes), kind(None)));
        listed.chain(rest).collect()
    }
}
