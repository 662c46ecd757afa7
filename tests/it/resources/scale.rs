//! Dumps of many ranges, modules and threads, and files of one TiB: their cost grows linearly with the number of
//! records.
//!
//! Time is not measured. Allocations and calls of the sink are counted; anything quadratic in the numbers used here
//! would not terminate.

use std::io::{self, ErrorKind, IoSlice, Seek, SeekFrom, Write};

use libtest_mimic::Trial;
use userdump::redump::Redump;
use userdump::{Dump, MappedFile, RedumpError, WriteError};

use super::hostile::{Stream, file, words};
use super::{Spent, measure};
use crate::support::cpu::put;
use crate::support::facts::Facts;
use crate::support::redumped::parsed;
use crate::support::{holes, trial_of_large_file, trials};

pub fn trials() -> Vec<Trial> {
    let mut trials =
        trials![a_million_ranges_cost_what_each_costs_in_a_smaller_dump, a_plan_takes_little_for_each_range,];
    let name = "resources::scale::a_tebibyte_goes_from_file_to_file_in_both_formats";
    trials.push(trial_of_large_file(name, a_tebibyte_goes_from_file_to_file_in_both_formats));
    trials
}

/// The number of modules and of ranges for each thread.
const MODULES: u64 = 5;
const RANGES: u64 = 50;
/// The size of a range, and the distance between the starts of ranges.
const SIZE: u64 = 8;
const STRIDE: u64 = 0x1000;
const MEMORY: u64 = 0x1_0000;
const IMAGES: u64 = 0x7f00_0000_0000;
const CONTEXT: usize = 1232;
const NAME: usize = 4 + 2 * 7 + 2;

fn put64(bytes: &mut [u8], at: usize, value: u64) {
    put(bytes, at, &value.to_le_bytes());
}

fn range_address(index: u64) -> u64 {
    MEMORY + STRIDE * index
}

/// The context of a thread: the stack pointer is in the first of its ranges, the instruction pointer in the middle one.
fn context(thread: u64) -> [u8; CONTEXT] {
    let mut bytes = [0; CONTEXT];
    put(&mut bytes, 0x30, &0x10_001fu32.to_le_bytes());
    put64(&mut bytes, 0x98, range_address(RANGES * thread));
    put64(&mut bytes, 0xf8, range_address(RANGES * thread + RANGES / 2));
    bytes
}

fn name(module: u64) -> Vec<u8> {
    let size = 14u32.to_le_bytes();
    let text = format!("{module:07}\0");
    size.into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// Rows after a header of words. Appending single bytes would take longer than the work under test.
fn list<const SIZE: usize>(head: &[u32], rows: impl Iterator<Item = [u8; SIZE]>) -> Vec<u8> {
    let mut bytes = words(head.iter().copied());
    rows.for_each(|row| bytes.extend_from_slice(&row));
    bytes
}

/// A dump with full memory. No two records share bytes in the file.
fn dump(threads: u64, ranges: u64) -> Vec<u8> {
    let modules = MODULES * threads;
    let mut target: Vec<u8> =
        (0..ranges).map(|index| [index as u8; SIZE as usize]).collect::<Vec<_>>().into_flattened();
    let contexts = target.len();
    (0..threads).for_each(|thread| target.extend_from_slice(&context(thread)));
    let names = target.len();
    (0..modules).for_each(|module| target.extend_from_slice(&name(module)));

    let system = |_| words([9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    let thread_list = |at: u32| {
        let row = |index: u64| {
            let mut row = [0; 48];
            put(&mut row, 0, &(index as u32 + 1).to_le_bytes());
            put64(&mut row, 24, range_address(RANGES * index));
            put(&mut row, 32, &(SIZE as u32).to_le_bytes());
            put(&mut row, 36, &(at + (SIZE * RANGES * index) as u32).to_le_bytes());
            put(&mut row, 40, &(CONTEXT as u32).to_le_bytes());
            put(&mut row, 44, &(at + (contexts + CONTEXT * index as usize) as u32).to_le_bytes());
            row
        };
        list(&[threads as u32], (0..threads).map(row))
    };
    let module_list = |at: u32| {
        let row = |index: u64| {
            let mut row = [0; 108];
            put64(&mut row, 0, IMAGES + 0x1_0000 * index);
            put(&mut row, 8, &0x1000u32.to_le_bytes());
            put(&mut row, 20, &(at + (names + NAME * index as usize) as u32).to_le_bytes());
            row
        };
        list(&[modules as u32], (0..modules).map(row))
    };
    let memory64_list = |at: u32| {
        let row =
            |index| [range_address(index), SIZE].map(u64::to_le_bytes).as_flattened().try_into().expect("16 bytes");
        list::<16>(&[ranges as u32, 0, at, 0], (0..ranges).map(row))
    };
    let memory_info_list = |_| {
        let row = |index: u64| {
            let mut row = [0; 48];
            put64(&mut row, 0, range_address(index));
            put64(&mut row, 8, range_address(index));
            put(&mut row, 16, &4u32.to_le_bytes());
            put64(&mut row, 24, SIZE);
            put(&mut row, 32, &words([0x1000, 4, 0x2_0000]));
            row
        };
        list(&[16, 48, ranges as u32, 0], (0..ranges).map(row))
    };
    let streams: [Stream<'_>; 5] =
        [(7, &system), (3, &thread_list), (4, &module_list), (9, &memory64_list), (16, &memory_info_list)];
    file(&target, &streams)
}

/// A sink that counts bytes and calls.
#[derive(Default)]
struct Calls {
    bytes: u64,
    calls: u64,
}

impl Write for Calls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        let size = runs.iter().map(|run| run.len()).sum();
        self.bytes += size as u64;
        self.calls += 1;
        Ok(size)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The cost of one task: allocations, and calls of the sink.
struct Cost {
    what: &'static str,
    spent: Spent,
    calls: u64,
}

/// Opens the dump, looks up every tenth range, and re-encodes it in part, as a whole, and into the other format.
fn costs(threads: u64) -> Vec<Cost> {
    let (modules, ranges) = (MODULES * threads, RANGES * threads);
    let file = dump(threads, ranges);
    let dump = Dump::parse(&file).expect("the head is sound");
    let (found, spent) = measure(|| {
        let memory = dump.memory();
        assert_eq!(memory.visible_ranges().count() as u64, ranges);
        (0..ranges).step_by(10).filter(|index| memory.read_u64(range_address(*index)).is_some()).count() as u64
    });
    assert_eq!(found, ranges / 10);
    let mut costs = vec![Cost { what: "look-ups", spent, calls: 0 }];
    // Stacks and windows around instruction pointers; then all memory. Ranges that happen to be in the user shared data
    // page are included.
    let shared = (0..ranges).filter(|index| (0x7ffe_0000..0x7ffe_0aa0).contains(&range_address(*index))).count() as u64;
    let few = 2 * threads + shared;
    let (few, all) = ((few, few * SIZE), (ranges, ranges * SIZE));
    for (what, expected) in [("/m", few), ("/ma", all), ("/f", all)] {
        let options = parsed(what);
        let mut sink = Calls::default();
        let run = || Redump::new(&dump, &options).expect("it can be re-encoded").write_to(&mut sink);
        let (report, spent) = measure(run);
        let report = report.expect("counting takes everything");
        assert_eq!((report.memory_ranges, report.memory_bytes), expected, "{what}");
        assert_eq!(report.size, sink.bytes, "{what}");
        // Directory, system information and other fixed parts take less than a page.
        let least = threads * 48 + modules * 100 + expected.0 * 16 + expected.1;
        assert!(
            report.size > least && report.size < file.len() as u64 + ranges * 48 + 0x1000,
            "{what}: {}",
            report.size
        );
        costs.push(Cost { what, spent, calls: sink.calls });
    }
    costs
}

fn a_million_ranges_cost_what_each_costs_in_a_smaller_dump() {
    // Powers of four, so that vectors that grow by doubling are equally full.
    let [small, medium, large] = [1250, 5000, 20_000].map(|threads| (threads, costs(threads)));
    for (small, larger) in [(&small, &medium), (&medium, &large)] {
        for (one, other) in small.1.iter().zip(&larger.1) {
            println!("{} of {} and {} threads: {:?}, {:?}", one.what, small.0, larger.0, one.spent, other.spent);
            let figures =
                |cost: &Cost| [cost.spent.peak as u64, cost.spent.total as u64, cost.spent.calls as u64, cost.calls];
            for (one, other) in figures(one).into_iter().zip(figures(other)) {
                // Plus a tenth for each thread, and the fixed cost of a dump.
                assert!(other <= one * 4 * 11 / 10 + 0x1_0000, "{}: {one}, then {other}", larger.1[0].what);
            }
        }
    }
}

/// The address, size and file position of a range take 24 bytes. Keeping all ranges of the source and of the result
/// leaves little room for more.
fn a_plan_takes_little_for_each_range() {
    const COUNT: u64 = 1_000_000;
    let file = dump(1, COUNT);
    let dump = Dump::parse(&file).expect("the head is sound");
    for words in ["/m", "/mf", "/ma", "/mA"] {
        let options = parsed(words);
        let mut sink = Calls::default();
        let run = || Redump::new(&dump, &options).expect("it can be re-encoded").write_to(&mut sink);
        let (report, spent) = measure(run);
        let report = report.expect("counting takes everything");
        println!("{words} of {COUNT} ranges: {spent:?}");
        assert_eq!((report.memory_ranges == COUNT, report.size), (words != "/m", sink.bytes), "{words}");
        assert!(spent.peak as u64 <= (16 << 20) + 32 * COUNT, "{words}: {spent:?}");
    }
}

/// A sink that keeps the first bytes and then fails.
struct Start(Vec<u8>);

impl Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.len().min(0x1_0000 - self.0.len()) {
            0 => Err(ErrorKind::StorageFull.into()),
            count => {
                self.0.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sparse file: one range for each of 16 address bits. The whole output is planned, and its start is written.
fn a_tebibyte_goes_from_file_to_file_in_both_formats() {
    const COUNT: u64 = 16;
    const EACH: u64 = 64 << 30;
    let system = |_| words([9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    let address = |index: u64| (index + 1) << 40;
    let thread_list = |at| words([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, CONTEXT as u32, at]);
    let module_list = |at: u32| {
        let mut rows = words([1, 0, 0x7f00, 0x1000]);
        rows.resize(4 + 108, 0);
        put(&mut rows, 4 + 20, &(at + CONTEXT as u32).to_le_bytes());
        rows
    };
    let memory64_list = |_| {
        // The bytes start one page after the start of the file.
        let rows = (0..COUNT).flat_map(|index| [address(index), EACH]);
        [COUNT, 0x1000].into_iter().chain(rows).flat_map(u64::to_le_bytes).collect()
    };
    let target: Vec<u8> = context(0).into_iter().chain(name(0)).collect();
    let streams: [Stream<'_>; 4] = [(7, &system), (3, &thread_list), (4, &module_list), (9, &memory64_list)];
    let head = file(&target, &streams);
    assert!(head.len() < 0x1000);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is a folder for tests");
    let path = folder.path().join("tebibyte.dmp");
    let mut sparse = holes::create(&path).expect("there is room");
    sparse.write_all(&head).and_then(|()| sparse.set_len(0x1000 + COUNT * EACH)).expect("files may have holes");
    // Writes the last byte of the last range.
    sparse.seek(SeekFrom::End(-1)).and_then(|_| sparse.write_all(b"!")).expect("there is room");
    let source = MappedFile::open(&path).expect("it was just made");
    let dump = Dump::parse(&source).expect("it is a dump");
    let mut last = [0];
    assert_eq!((dump.memory().read(address(COUNT - 1) + EACH - 1, &mut last), last), (1, *b"!"));

    for words in ["/ma", "/f"] {
        let mut start = Start(Vec::new());
        let (size, spent) = measure(|| {
            let redump = Redump::new(&dump, &parsed(words)).expect("64 bits are enough");
            let size = redump.size();
            let error = redump.write_to(&mut start).expect_err("it takes no more");
            assert!(matches!(error, RedumpError::Write(WriteError::Io { .. })), "{error}");
            size
        });
        println!("{words} of 1 TiB: {size} bytes, {spent:?}");
        assert!(spent.peak < 256 * 1024, "{words}: {spent:?}");
        let overhead = size - COUNT * EACH;
        assert!(overhead < 0x4000, "{words}: {overhead}");
        let found: Vec<_> = match words {
            "/ma" => Facts::of(&start.0).ranges().iter().map(|it| (it.address, it.size, it.at.0)).collect(),
            _ => {
                // The region entries, and the start of the memory: `MemoryRegionOffset`, `DataOffset`.
                let number = |at: usize| u64::from_le_bytes(start.0[at..at + 8].try_into().expect("eight"));
                let (table, mut at) = (number(0x38) as usize, number(0x30));
                let row = |index| (number(table + 48 * index), number(table + 48 * index + 24));
                let rows = (0..COUNT as usize).map(row);
                let placed = |(address, size)| {
                    at += size;
                    (address, size, at - size)
                };
                rows.map(placed).collect()
            }
        };
        let base = found[0].2;
        assert!(base <= overhead, "{words}: {base}");
        let expected: Vec<_> = (0..COUNT).map(|index| (address(index), EACH, base + index * EACH)).collect();
        assert_eq!(found, expected, "{words}");
    }
}
