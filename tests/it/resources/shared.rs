//! Work that thousands of records request on the same bytes: it is charged before it is done, and when the limit is
//! exceeded, no more is done. Without limits each of these files would take minutes.

use libtest_mimic::Trial;
use userdump::redump::{Options, Outcome, redump};
use userdump::{Dump, ReadError};

use super::hostile::{Stream, file, stays_small, words};
use super::measure;
use crate::support::cpu::{Cpu, put};
use crate::support::facts::Facts;
use crate::support::image::{DATA, SIGNATURE_AT, headers};
use crate::support::redumped::parsed;
use crate::support::trials;
use crate::synth::{UserDump, UserRegion};

pub fn trials() -> Vec<Trial> {
    trials![
        streams_whose_references_go_in_a_circle,
        windows_of_many_exceptions_on_many_modules,
        folders_of_growing_sizes,
        comments_on_the_same_bytes,
        threads_with_the_same_registers_in_a_full_user_dump,
        debug_records_that_many_images_share,
        section_headers_that_many_images_share,
    ]
}

const CRASHPAD_INFO: u32 = 0x4350_0001;
const BASE: u32 = 0x1000_0000;

/// System information of AMD64 under Windows.
fn windows() -> Vec<u8> {
    words([9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0])
}

/// A module with its base, its size, and the position of its name.
fn module(base: u32, size: u32, name: u32) -> [u32; 27] {
    let mut row = [0; 27];
    (row[0], row[2], row[5]) = (base, size, name);
    row
}

fn list(rows: impl ExactSizeIterator<Item = [u32; 27]>) -> Vec<u8> {
    words([rows.len() as u32].into_iter().chain(rows.flatten()))
}

/// Each of the streams is the same module list, whose modules have most of the file as their information.
fn streams_whose_references_go_in_a_circle() {
    const ENTRIES: u32 = 5000;
    let links = |at: u32| {
        let entry = |index| [index, 100_000, at + index];
        words([ENTRIES].into_iter().chain((0..ENTRIES).flat_map(entry)))
    };
    let target = links(32 + 12 * (ENTRIES + 1));
    let size = target.len() as u32;
    let info = |at: u32| {
        let mut info = [0; 13];
        (info[0], info[11], info[12]) = (1, size, at);
        words(info)
    };
    let system: Stream<'_> = (7, &|_| windows());
    let streams: Vec<Stream<'_>> =
        [system].into_iter().chain((0..ENTRIES).map(|_| (CRASHPAD_INFO, &info as _))).collect();
    let bytes = file(&[target, vec![0; 200_000]].concat(), &streams);
    stays_small("streams that refer in a circle", &bytes, "/m");
    let report = redump(&Dump::parse(&bytes).unwrap(), &parsed("/m"), std::io::sink()).expect("it is re-encoded");
    let errors: Vec<ReadError> = report
        .streams
        .iter()
        .filter_map(|it| match it.outcome {
            Outcome::Unreadable(error) => Some(error),
            _ => None,
        })
        .collect();
    assert_eq!(errors.len(), ENTRIES as usize);
    // The first error comes from the limit of one stream, the last one from the total limit.
    let limits = [errors[0], errors[errors.len() - 1]].map(|error| match error {
        ReadError::BudgetSpent { limit, .. } => limit,
        other => panic!("{other}"),
    });
    assert_eq!(limits, [1, 2].map(|times| times * bytes.len() as u64));
}

fn windows_of_many_exceptions_on_many_modules() {
    const COUNT: u32 = 20_000;
    let modules = list((0..COUNT).map(|index| module(BASE + index % 0x80, 1, 0)));
    let exception = |_| {
        let mut exception = [0; 42];
        (exception[0], exception[2], exception[6]) = (1, 5, BASE + 0x40);
        words(exception)
    };
    let memory = vec![0x90; 0x100];
    let (modules, list) = (|_| modules.clone(), |at| words([1, BASE, 0, 0x100, at]));
    let mut streams: Vec<Stream<'_>> = vec![(7, &|_| windows()), (4, &modules), (5, &list)];
    streams.extend((0..COUNT).map(|_| (6, &exception as _)));
    stays_small("windows of exceptions", &file(&memory, &streams), "/mr");
}

/// All folders have the same ending, and most of them are longer than the text before any position.
fn folders_of_growing_sizes() {
    const FOLDERS: u32 = 3000;
    let mut names = Vec::new();
    let mut positions = Vec::new();
    for index in 0..FOLDERS {
        positions.push(names.len() as u32);
        let name = format!("/{}/end/x", "d".repeat(60 + index as usize / 4));
        names.extend(words([2 * name.len() as u32]));
        names.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        names.extend([0, 0]);
    }
    let rows =
        |at: u32| list(positions.iter().map(|position| module(0, 0, at + position)).collect::<Vec<_>>().into_iter());
    let mut streams: Vec<Stream<'_>> = vec![(7, &|_| windows()), (4, &rows)];
    streams.extend((0..20_000).map(|_| (0x1_0001, &(|_| b"/end /end /end /end ".to_vec()) as _)));
    stays_small("folders of growing sizes", &file(&names, &streams), "/mR");
}

fn comments_on_the_same_bytes() {
    const COMMENTS: u32 = 30_000;
    let mut text = "asked".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    text.resize(1 << 20, 0);
    let mut bytes = file(&text, &[(7, &|_| windows())]);
    // The directory is at the end.
    let (count, directory) = (COMMENTS + 1, bytes.len() as u32);
    let system: [u8; 12] = bytes[32..44].try_into().unwrap();
    bytes.extend(system);
    bytes.extend(words((0..COMMENTS).flat_map(|_| [11, text.len() as u32, 44])));
    bytes[8..12].copy_from_slice(&count.to_le_bytes());
    bytes[12..16].copy_from_slice(&directory.to_le_bytes());
    let dump = Dump::parse(&bytes).expect("it is a dump");
    for options in ["/m", "/mr"] {
        let options: Options = parsed(options).with_comment("asked");
        let (report, spent) = measure(|| redump(&dump, &options, std::io::sink()).expect("it is re-encoded"));
        assert!(report.size <= 4 * bytes.len() as u64, "{options}: {}", report.size);
        assert!(spent.peak <= 12 * bytes.len(), "{options}: {spent:?}");
    }
}

fn threads_with_the_same_registers_in_a_full_user_dump() {
    const THREADS: u32 = 20_000;
    let threads = |at: u32| {
        let row = |id| [id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1232, at];
        words([THREADS].into_iter().chain((0..THREADS).flat_map(row)))
    };
    let bytes = file(&[0x41; 1232], &[(7, &|_| windows()), (3, &threads)]);
    let mut out = Vec::new();
    let report = redump(&Dump::parse(&bytes).unwrap(), &parsed("/f"), &mut out).expect("it is re-encoded");
    let kept = THREADS as usize - report.faults.len();
    // Twice the size of the file without the entries of the thread list and the system information, plus 64 KiB. A
    // thread has a record of 80 bytes next to its context.
    let limit = 2 * bytes.len() as u64 - (4 + 48 * u64::from(THREADS) + 56) + 0x1_0000;
    assert_eq!(kept as u64, limit / (1232 + 80));
    assert!(report.size <= 2 * bytes.len() as u64 + 0x1_0000, "{} bytes of {}", report.size, bytes.len());
    for fault in &report.faults {
        assert_eq!(
            (fault.part, fault.error),
            ("context", ReadError::BudgetSpent { what: "CONTEXT", offset: 56, limit })
        );
    }
}

/// Images of 64 bytes, end to end, that all refer to the headers after them.
fn images(count: usize, shared: &[u8]) -> Vec<u8> {
    let mut memory = vec![0; 64 * count];
    for (index, dos) in memory.chunks_mut(64).enumerate() {
        put(dos, 0, b"MZ");
        put(dos, 0x3c, &(64 * (count - index) as u32).to_le_bytes());
    }
    memory.extend(&shared[SIGNATURE_AT..]);
    memory
}

/// Each image has a record of 100,000 bytes that starts 64 bytes after that of the previous image, in two regions that
/// are not adjacent in the file.
fn debug_records_that_many_images_share() {
    const IMAGES: usize = 2000;
    const RECORD: u32 = 100_000;
    let mut shared = headers(Cpu::AMD64, &[]);
    let directories = SIGNATURE_AT + 24 + 108;
    put(&mut shared, directories, &16u32.to_le_bytes());
    // From each base, the directory is as far away as the headers are from the first.
    let memory = images(IMAGES, &shared);
    let at = memory.len().next_multiple_of(64);
    put(&mut shared, directories + 4 + 6 * 8, &words([at as u32, 28]));
    let mut memory = images(IMAGES, &shared);
    memory.resize(at, 0);
    for _ in 0..IMAGES {
        memory.extend(words([0, 0, 0, 2, RECORD, at as u32 + 64 * IMAGES as u32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    }
    memory.resize(memory.len() + 64 * IMAGES + RECORD as usize, 0x41);
    let cut = at + 64 * IMAGES + RECORD as usize / 2;
    let (low, high) = memory.split_at(cut);
    let base = u64::from(BASE);
    let dump = UserDump::wide().region(UserRegion::new(base + cut as u64, high)).region(UserRegion::new(base, low));
    let bytes = (0..IMAGES as u64).fold(dump, |dump, index| dump.module(base + 64 * index, 64, "m")).build();
    let file = Dump::parse(&bytes).expect("it is a dump");
    let kept = {
        let mut out = Vec::new();
        redump(&file, &parsed("/m"), &mut out).expect("it is re-encoded");
        Facts::of(&out).modules().iter().filter(|module| module.code_view_at.0 != 0).count()
    };
    assert_eq!(kept, bytes.len() / RECORD as usize);
    let spent = stays_small("debug records", &bytes, "/m");
    assert!(spent.total <= 40 * bytes.len(), "{spent:?} for {} bytes", bytes.len());
}

fn section_headers_that_many_images_share() {
    const IMAGES: usize = 100;
    let sections: Vec<_> = (0..2000).map(|index| ("d", 0x1000 * index, 0x1000, DATA)).collect();
    let memory = images(IMAGES, &headers(Cpu::AMD64, &sections));
    let modules = list((0..IMAGES as u32).map(|index| module(BASE + 64 * index, 64, 0)));
    let size = memory.len() as u32;
    let streams: [Stream<'_>; 3] =
        [(7, &|_| windows()), (4, &|_| modules.clone()), (5, &|at| words([1, BASE, 0, size, at]))];
    let bytes = file(&memory, &streams);
    let report = redump(&Dump::parse(&bytes).unwrap(), &parsed("/md"), std::io::sink()).expect("it is re-encoded");
    let of_sections: Vec<_> = report.faults.iter().filter(|fault| fault.part == "sections").collect();
    let [fault] = of_sections.as_slice() else { panic!("{of_sections:?}") };
    let limit = bytes.len() as u64;
    assert_eq!((fault.stream_type.0, fault.item), (4, limit / 40 / 2000));
    assert!(matches!(fault.error, ReadError::BudgetSpent { limit: found, .. } if found == limit), "{}", fault.error);
}
