//! Files made to be expensive: the cost of re-encoding them is limited by their size, not by their claims.

use libtest_mimic::Trial;
use userdump::redump::{Redump, redump};
use userdump::{Dump, RedumpError};

use super::{Count, Spent, measure};
use crate::support::redumped::parsed;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        module_names_that_overlap,
        module_names_that_are_all_the_same,
        code_view_records_that_overlap,
        handles_that_share_one_chain,
        handles_that_start_everywhere_in_one_chain,
        object_information_that_overlaps,
        a_chain_that_bites_its_tail,
        ranges_that_overlap_in_the_process,
        ranges_that_overlap_in_the_file,
        stacks_that_overlap_in_the_file,
        contexts_that_overlap_in_the_file,
        thread_names_that_overlap,
        streams_that_overlap,
    ]
}

/// The limit of the output as a multiple of the file size. A small constant is added for the parts that every dump has.
const OUTPUT: u64 = 4;
/// The limit of peak memory as a multiple of the file size: planning a record of a few bytes costs several times as
/// much.
const PEAK: usize = 12;
const LITTLE: u64 = 64 * 1024;

/// A stream type, and a function that makes the stream; it is passed a file position for its records to refer to.
pub(super) type Stream<'a> = (u32, &'a dyn Fn(u32) -> Vec<u8>);

/// A dump of the streams, with `target` right after the directory. The streams are passed its position.
pub(super) fn file(target: &[u8], streams: &[Stream<'_>]) -> Vec<u8> {
    let count = streams.len() as u32;
    let at = 32 + 12 * count;
    let mut directory = Vec::new();
    let mut tail = target.to_vec();
    for (kind, stream) in streams {
        let bytes = stream(at);
        let position = at + tail.len() as u32;
        directory.extend([*kind, bytes.len() as u32, position].into_iter().flat_map(u32::to_le_bytes));
        tail.extend(bytes);
    }
    let head = [0x504D_444D, 0xA793, count, 32, 0, 0, 0, 0];
    let head = head.into_iter().flat_map(u32::to_le_bytes);
    head.chain(directory).chain(tail).collect()
}

/// Little-endian words, end to end.
pub fn words(words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Re-encodes and checks that output and memory stay within bounds. The output is planned first, so that one that is
/// far too large is not written.
pub(super) fn stays_small(what: &str, file: &[u8], options: &str) -> Spent {
    let options = parsed(options);
    let dump = Dump::parse(file).expect("the head is sound");
    let size = file.len() as u64;
    let (planned, _) = measure(|| Redump::new(&dump, &options).map(|redump| redump.size()));
    match planned {
        Ok(planned) => assert!(planned <= OUTPUT * size + LITTLE, "{what}: {size} bytes would become {planned}"),
        Err(error) => assert!(!matches!(error, RedumpError::Write(_)), "{what}: {error}"),
    }
    let mut sink = Count::default();
    let (result, spent) = measure(|| redump(&dump, &options, &mut sink).map(|report| report.size));
    println!("{what}: {size} bytes, {options} {result:?}, {spent:?}");
    assert_eq!(result.unwrap_or(0), sink.0, "{what}");
    assert!(spent.peak <= PEAK * file.len() + LITTLE as usize, "{what}: {size} bytes cost {spent:?}");
    spent
}

/// Strings everywhere: one of `size` bytes begins at each multiple of four.
fn texts_everywhere(count: u32, size: u32) -> Vec<u8> {
    let mut bytes = words((0..count).map(|_| size));
    bytes.resize(bytes.len() + size as usize, 0x41);
    bytes
}

fn module(name: u32, code_view: [u32; 2]) -> [u32; 27] {
    let mut row = [0; 27];
    (row[5], row[19], row[20]) = (name, code_view[0], code_view[1]);
    row
}

const MODULES: u32 = 100_000;
const LONG: u32 = 1 << 20;

fn module_list(row: impl Fn(u32) -> [u32; 27]) -> Vec<u8> {
    words([MODULES].into_iter().chain((0..MODULES).flat_map(row)))
}

fn module_names_that_overlap() {
    let bytes =
        file(&texts_everywhere(MODULES, LONG), &[(4, &|at| module_list(|index| module(at + 4 * index, [0, 0])))]);
    stays_small("names that overlap", &bytes, "/m");
    stays_small("names that overlap", &bytes, "/ma");
}

fn module_names_that_are_all_the_same() {
    let bytes = file(&texts_everywhere(1, LONG), &[(4, &|at| module_list(|_| module(at, [0, 0])))]);
    stays_small("names that are the same", &bytes, "/m");
}

fn code_view_records_that_overlap() {
    let records = |at| module_list(|index| module(at, [LONG - index, at + index]));
    let bytes = file(&texts_everywhere(1, LONG), &[(4, &records)]);
    stays_small("CodeView records that overlap", &bytes, "/m");
}

const HANDLES: u32 = 50_000;

/// Handles without names whose object information begins at the positions given by `information`.
fn handle_data(information: impl Fn(u32) -> u32) -> Vec<u8> {
    let rows = (0..HANDLES).flat_map(|index| [index, 0, 0, 0, 0, 0, 0, 0, information(index), 0]);
    words([16, 40, HANDLES, 0].into_iter().chain(rows))
}

/// A chain of records without data, 12 bytes apart; the last one refers to `last`.
fn chain(at: u32, last: u32) -> Vec<u8> {
    let next = |index| if index + 1 == HANDLES { last } else { at + 12 * (index + 1) };
    words((0..HANDLES).flat_map(|index| [next(index), 1, 0]))
}

/// The position of the target in a file with one stream.
const TARGET: u32 = 32 + 12;

fn handles_that_share_one_chain() {
    let bytes = file(&chain(TARGET, 0), &[(12, &|at| handle_data(|_| at))]);
    stays_small("handles with one chain", &bytes, "/mh");
}

fn handles_that_start_everywhere_in_one_chain() {
    let along = file(&chain(TARGET, 0), &[(12, &|at| handle_data(|index| at + 12 * index))]);
    stays_small("handles along a chain", &along, "/mh");
    let back = file(&chain(TARGET, 0), &[(12, &|at| handle_data(|index| at + 12 * (HANDLES - 1 - index)))]);
    stays_small("handles along a chain, from its end", &back, "/mh");
}

fn object_information_that_overlaps() {
    // Every record claims all bytes to the end of the file.
    let overlapping = words((0..HANDLES).flat_map(|_| [0, 1, u32::MAX]));
    let bytes = file(&overlapping, &[(12, &|at| handle_data(|index| at + 12 * index))]);
    stays_small("object information that overlaps", &bytes, "/mh");
}

fn a_chain_that_bites_its_tail() {
    let bytes = file(&chain(TARGET, TARGET), &[(12, &|at| handle_data(|_| at))]);
    stays_small("a chain that bites its tail", &bytes, "/mh");
}

const RANGES: u32 = 20_000;

/// A memory list of ranges of one MiB; `row` gives the address and file position of each.
fn memory_list(row: impl Fn(u32) -> (u64, u32)) -> Vec<u8> {
    let descriptor = |(address, place): (u64, u32)| [address as u32, (address >> 32) as u32, LONG, place];
    words([RANGES].into_iter().chain((0..RANGES).flat_map(|index| descriptor(row(index)))))
}

fn ranges_that_overlap_in_the_process() {
    let narrow = |at| memory_list(|index| (u64::from(index) * 16, at));
    let bytes = file(&vec![0x55; LONG as usize], &[(5, &narrow)]);
    for options in ["/m", "/ma", "/mAF"] {
        stays_small("ranges that overlap in the process", &bytes, options);
    }
}

fn ranges_that_overlap_in_the_file() {
    let apart = |at| memory_list(|index| (u64::from(index) << 32, at));
    let bytes = file(&vec![0x55; LONG as usize], &[(5, &apart)]);
    for options in ["/m", "/ma"] {
        stays_small("ranges that overlap in the file", &bytes, options);
    }
}

/// Threads with a stack and a context each, given by size and position.
fn thread_list(count: u32, stack: impl Fn(u32) -> [u32; 2], context: impl Fn(u32) -> [u32; 2]) -> Vec<u8> {
    let row = |index| {
        let ([size, place], [length, at]) = (stack(index), context(index));
        [index, 0, 0, 0, 0, 0, 0, index, size, place, length, at]
    };
    words([count].into_iter().chain((0..count).flat_map(row)))
}

fn stacks_that_overlap_in_the_file() {
    // Fewer threads: more than 4 GiB would be rejected because it does not fit into a memory list.
    let bytes = file(&vec![0x55; LONG as usize], &[(3, &|at| thread_list(2000, |_| [LONG, at], |_| [0, 0]))]);
    stays_small("stacks that overlap in the file", &bytes, "/m");
}

fn contexts_that_overlap_in_the_file() {
    let contexts = |at| thread_list(RANGES, |_| [0, 0], |index| [LONG - index, at + index]);
    let bytes = file(&vec![0x55; LONG as usize], &[(3, &contexts)]);
    stays_small("contexts that overlap in the file", &bytes, "/m");
}

fn thread_names_that_overlap() {
    let names = |at| words([MODULES].into_iter().chain((0..MODULES).flat_map(|index| [index, at + 4 * index, 0])));
    let bytes = file(&texts_everywhere(MODULES, LONG), &[(24, &names)]);
    stays_small("thread names that overlap", &bytes, "/m");
}

fn streams_that_overlap() {
    // A thousand directory entries for the same bytes, of a type that may occur several times.
    let mut bytes = words([0x504D_444D, 0xA793, 1000, 32, 0, 0, 0, 0]);
    bytes.extend(words((0..1000).flat_map(|_| [0x9999_0000, LONG, 32 + 12 * 1000])));
    bytes.resize(bytes.len() + LONG as usize, 0x55);
    stays_small("streams that overlap", &bytes, "/m");
}
