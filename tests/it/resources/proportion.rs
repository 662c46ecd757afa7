//! Files made to be expensive, in two sizes: four times the bytes cost at most four times as much.

use std::time::Instant;

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::redump::redump;

use super::hostile::{file, words};
use super::{Count, Spent, measure};
use crate::support::redumped::parsed;
use crate::support::trials;
use crate::synth::{UserDump, UserModule, UserRegion};

pub fn trials() -> Vec<Trial> {
    trials![
        ranges_that_all_overlap,
        ranges_within_ranges,
        ranges_that_are_all_the_same,
        streams_that_are_all_the_same,
        handles_whose_chains_go_in_circles,
        annotations_that_point_at_each_other,
        module_names_that_overlap,
        paths_of_pdbs_that_overlap,
        regions_that_all_overlap,
        modules_that_are_all_the_same,
        functions_that_are_all_chained,
    ]
}

/// The cost of each part of the work on a dump.
type Costs = Vec<(&'static str, Spent)>;

/// Opens a dump, walks it, and re-encodes it. The times that are printed are for information only.
fn costs(file: &[u8], options: &[&'static str]) -> Costs {
    let mut costs = Costs::new();
    let mut cost = |what, work: &mut dyn FnMut()| {
        let start = Instant::now();
        let ((), spent) = measure(work);
        println!("  {} bytes, {what}: {:?}, {spent:?}", file.len(), start.elapsed());
        costs.push((what, spent));
    };
    let dump = Dump::parse(file).expect("the head is sound");
    cost("memory", &mut || {
        let memory = dump.memory();
        let mut buffer = [0; 16];
        // Every visible byte belongs to exactly one range, so the total is limited by the file.
        let read = memory.visible_ranges().map(|range| memory.read(range.address, &mut buffer)).sum::<usize>();
        assert!(read <= 16 * file.len());
    });
    cost("check", &mut || {
        let mut findings = 0;
        match &dump {
            Dump::Minidump(dump) => dump.check(&mut |_| findings += 1),
            Dump::FullUserDump(dump) => dump.check(&mut |_| findings += 1),
            _ => {}
        }
        assert!(findings <= file.len());
    });
    for what in options {
        let options = parsed(what);
        cost(what, &mut || {
            let mut sink = Count::default();
            let result = redump(&dump, &options, &mut sink).map(|report| report.size);
            assert_eq!(result.as_ref().ok().copied().unwrap_or_default(), sink.0, "{result:?}");
            assert!(sink.0 <= 16 * file.len() as u64, "{} bytes out", sink.0);
        });
    }
    costs
}

/// The sizes are powers of four apart, so that vectors that grow by doubling are equally full.
fn in_proportion(what: &str, build: impl Fn(u32) -> Vec<u8>, large: u32, options: &[&'static str]) {
    let (one, other) = (build(large / 4), build(large));
    assert!(other.len() <= 4 * one.len(), "{what}");
    println!("{what}, {large}");
    for ((part, small), (_, large)) in costs(&one, options).into_iter().zip(costs(&other, options)) {
        let figures = |spent: Spent| [spent.peak, spent.total, spent.calls];
        for (one, other) in figures(small).into_iter().zip(figures(large)) {
            // Plus a tenth, and the fixed cost of a dump.
            assert!(other <= one * 4 * 11 / 10 + 0x1000, "{what}, {part}: {one}, then {other}");
        }
        assert!(large.peak <= 32 * other.len() + 0x1_0000, "{what}, {part}: {} bytes, {large:?}", other.len());
    }
}

const SYSTEM: [u32; 14] = [9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
const MANY: u32 = 100_000;

/// A dump with a list of ranges; `range` gives the address and size of each, and the position of its bytes.
fn ranges(count: u32, range: impl Fn(u32) -> (u64, u32, u32)) -> Vec<u8> {
    let bytes: Vec<u8> = (0..16 * count).map(|at| at as u8).collect();
    let list = |at| {
        let row = |index| {
            let (address, size, into) = range(index);
            [address as u32, (address >> 32) as u32, size, at + into]
        };
        words([count].into_iter().chain((0..count).flat_map(row)))
    };
    file(&bytes, &[(7, &|_| words(SYSTEM)), (5, &list)])
}

const MEMORY: [&str; 6] = ["/m", "/ma", "/mA", "/mwi", "/mrR", "/f"];

fn ranges_that_all_overlap() {
    // Each range ends inside all following ones up to the last one, and each has half of the file.
    let build = |count| ranges(count, |index| (0x1_0000 + u64::from(index), 8 * count, 7 * index));
    in_proportion("ranges that all overlap", build, MANY, &MEMORY);
}

fn ranges_within_ranges() {
    // Nested ranges: each one is smaller at both ends than the previous one.
    let build = |count| ranges(count, |index| (0x1_0000 + u64::from(index), 16 * count - 2 * index, 0));
    in_proportion("ranges within ranges", build, MANY, &MEMORY);
    let build = |count| ranges(count, |index| (0x100_0000 - u64::from(index), 8 * count + 2 * index, 0));
    in_proportion("ranges around ranges", build, MANY, &MEMORY);
}

fn ranges_that_are_all_the_same() {
    in_proportion("ranges that are the same", |count| ranges(count, |_| (0x1_0000, 8 * count, 0)), MANY, &MEMORY);
}

/// A directory whose entries all refer to one stream.
fn same_streams(kind: u32, count: u32, stream: &[u8]) -> Vec<u8> {
    let at = 32 + 12 * count;
    let mut bytes = words([0x504d_444d, 0xa793, count, 32, 0, 0, 0, 0]);
    bytes.extend(words((0..count).flat_map(|_| [kind, stream.len() as u32, at])));
    bytes.extend(stream);
    bytes
}

fn streams_that_are_all_the_same() {
    let module = |count: u32| words([count].into_iter().chain((0..27 * count).map(|_| 0)));
    let exception = |_: u32| words((0..42).map(|_| 7));
    // A module list, comments, an exception, Crashpad information, mappings, and an unknown stream.
    let bytes = |count: u32| vec![0x41; 16 * count as usize];
    let maps = |count: u32| b"1000-2000 r-xp 0 0:0 0 \n".repeat(count as usize);
    for (kind, stream) in [
        (4, &module as &dyn Fn(u32) -> Vec<u8>),
        (10, &bytes),
        (11, &bytes),
        (6, &exception),
        (0x4350_0001, &bytes),
        (0x4767_0009, &bytes),
        (0x4767_0009, &maps),
        (0x9999_0000, &bytes),
    ] {
        let build = |count| same_streams(kind, count, &stream(count));
        in_proportion(&format!("streams of type {kind:#x}"), build, 10_000, &["/m", "/mR", "/mrR", "/f"]);
    }
}

fn handles_whose_chains_go_in_circles() {
    // The record to which the last record of the chain refers, in halves of the chain.
    for back_to in [0, 2, 1] {
        let build = |count: u32| {
            let base = 32 + 12;
            let next = |index| if index + 1 < count { index + 1 } else { count / 2 * back_to % count };
            let chain = words((0..count).flat_map(|index| [base + 12 * next(index), 1, 0]));
            let handle = |index| [index, 0, 0, 0, 0, 0, 0, 0, base + 12 * (index * 7 % count), 0];
            let list = |_| words([16, 40, count, 0].into_iter().chain((0..count).flat_map(handle)));
            file(&chain, &[(12, &list)])
        };
        in_proportion("chains in circles", build, MANY, &["/mh", "/mhrR"]);
    }
}

fn annotations_that_point_at_each_other() {
    // A list that can be read as links of modules, lists, pairs and objects: every word of it, as an offset or as a
    // size, leads to the start of the list itself.
    let build = |count: u32| {
        let filler = vec![0; 12 * count as usize];
        let stream = |at: u32| {
            let list = at + filler.len() as u32 + 52;
            let head = [1, 0, 0, 0, 0, 0, 0, 0, 0, list, list, list, list];
            words(head.into_iter().chain((0..list / 4).map(|_| list)))
        };
        file(&filler, &[(0x4350_0001, &stream)])
    };
    in_proportion("annotations", build, MANY, &["/m", "/mA", "/mR", "/mrR"]);
}

fn module_names_that_overlap() {
    // Each name begins one word after the previous one and takes half of the bytes.
    let build = |count: u32| {
        let size = 4 * count;
        let texts = words((0..2 * count).map(|_| size));
        let module = |at: u32| {
            let row = |index| {
                let mut row = [0; 27];
                (row[0], row[2], row[5]) = (index << 12, 0x1000, at + 4 * index);
                row
            };
            words([count].into_iter().chain((0..count).flat_map(row)))
        };
        file(&texts, &[(7, &|_| words(SYSTEM)), (4, &module)])
    };
    in_proportion("names of modules", build, MANY / 16, &["/m", "/f"]);
    in_proportion("names of modules", build, MANY / 16, &["/mR"]);
}

fn paths_of_pdbs_that_overlap() {
    // Each record begins two words after the previous one, with a path that ends at the end of the bytes.
    let build = |count: u32| {
        let records: Vec<u8> = b"RSDSRSDS".repeat(2 * count as usize);
        let module = |at: u32| {
            let row = |index| {
                let mut row = [0; 27];
                (row[0], row[2], row[19], row[20]) = (index << 12, 0x1000, 8 * count, at + 8 * index);
                row
            };
            words([count].into_iter().chain((0..count).flat_map(row)))
        };
        file(&records, &[(7, &|_| words(SYSTEM)), (4, &module)])
    };
    in_proportion("paths of PDBs", build, MANY, &["/m", "/mR"]);
}

fn regions_that_all_overlap() {
    for wide in [false, true] {
        let build = |count: u32| {
            let mut dump = if wide { UserDump::wide() } else { UserDump::narrow() };
            let region = |index| UserRegion::new(0x1_0000 + u64::from(index), [index as u8; 64]);
            dump.regions = (0..count).map(region).collect();
            dump.build()
        };
        in_proportion("regions that overlap", build, MANY, &["/f", "/m", "/mA", "/mwi", "/mrR"]);
    }
}

fn modules_that_are_all_the_same() {
    for wide in [false, true] {
        let build = |count: u32| {
            let mut dump = if wide { UserDump::wide() } else { UserDump::narrow() };
            let module = UserModule { base: 0x40_0000, size: 0x1000, name: b"C:\\a\\b.dll\0".to_vec() };
            dump.modules = vec![module; count as usize];
            dump.memory(0x40_0000, [0x41; 16]).build()
        };
        in_proportion("modules that are the same", build, MANY, &["/f", "/m", "/mdc", "/mrR"]);
    }
}

fn functions_that_are_all_chained() {
    // Records of 16 bytes that are chained to each other. In a single table the chains are circles; in separate tables
    // each entry follows a chain of its own, because its addresses are relative to another base.
    for bases in [1, 16] {
        let build = |count: u32| {
            let record = |index| [0x21, 0, 0, 16 * ((7 * index + 1) % count)];
            let records = words((0..count).flat_map(record));
            let tables = count / bases;
            let list = |at| words([1, 0x1000_0000, 0, 16 * count, at]);
            let table = |_| {
                let row = |table: u32| {
                    let entries = (0..bases).flat_map(move |index| [0, 4, 16 * index]);
                    [0, 0, 0, 0, 0x1000_0000 + 16 * table, 0, bases, 0].into_iter().chain(entries)
                };
                words([24, 32, 0, 12, tables, 0].into_iter().chain((0..tables).flat_map(row)))
            };
            file(&records, &[(7, &|_| words(SYSTEM)), (5, &list), (13, &table)])
        };
        in_proportion("functions that are chained", build, MANY, &["/m", "/mr", "/mA"]);
    }
}
