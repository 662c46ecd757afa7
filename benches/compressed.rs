//! Compressed memory: written by one thread and by several, beside the encoder alone and the commands that people know.

mod support;

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};
use userdump::write::{MemoryRange, Plan};
use userdump::{Dump, MinidumpBuilder};

use support::{Count, KIB, MIB, Numbers, large, trial};

/// The bytes of a bucket.
const BUCKET: usize = 4 * MIB;

/// Memory of a process: what is never written to, text, pointers and counters, code, and what is compressed or random
/// already.
fn mixed(size: usize) -> Vec<u8> {
    let mut numbers = Numbers(16);
    let words: Vec<Vec<u8>> = (0..2000)
        .map(|_| {
            let length = 2 + numbers.below(9);
            numbers.bytes(length).iter().map(|byte| b'a' + byte % 26).collect()
        })
        .collect();
    let code = numbers.bytes(64 * KIB);
    let mut bytes = Vec::with_capacity(size + MIB);
    while bytes.len() < size {
        let end = bytes.len() + [4 * KIB, 64 * KIB, 256 * KIB, MIB][numbers.below(4)];
        match numbers.below(8) {
            0 | 1 => {}
            2 => {
                while bytes.len() < end {
                    bytes.extend_from_slice(&words[numbers.below(words.len())]);
                    bytes.push(b' ');
                }
            }
            3 => bytes.extend(numbers.bytes(end - bytes.len())),
            4 | 5 => {
                while bytes.len() < end {
                    // The low bytes of pointers differ, and what they stand beside is small.
                    bytes.extend((0x7ff6_0000_0000 + (numbers.draw() & 0xf_fff0)).to_le_bytes());
                    bytes.extend((numbers.draw() & 0xff).to_le_bytes());
                }
            }
            _ => {
                while bytes.len() < end {
                    let at = numbers.below(code.len() - 64);
                    let length = 4 + numbers.below(28);
                    bytes.extend_from_slice(&code[at..at + length]);
                }
            }
        }
        bytes.resize(end, 0);
    }
    bytes.truncate(size);
    bytes
}

/// The memory of a dump, in ranges.
struct Memory {
    name: String,
    ranges: Vec<(u64, Vec<u8>)>,
}

impl Memory {
    fn size(&self) -> usize {
        self.ranges.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    fn plan(&self, threads: usize) -> Plan<'_> {
        let mut dump = MinidumpBuilder::new();
        for (address, bytes) in &self.ranges {
            dump.memory64(MemoryRange::borrowed(*address, bytes));
        }
        dump.compressed();
        let threads = NonZero::new(threads).expect("there is one");
        dump.plan().expect("it is a dump").with_threads(threads)
    }
}

fn memories() -> Vec<Memory> {
    let total = match (trial(), large()) {
        (true, _) => 6 * MIB,
        (_, true) => 1024 * MIB,
        _ => 128 * MIB,
    };
    let bytes = mixed(total);
    let mut numbers = Numbers(1);
    let (mut rest, mut address, mut ranges) = (bytes.as_slice(), 0x1_0000, Vec::new());
    while !rest.is_empty() {
        let size = [4 * KIB, 64 * KIB, MIB, 9 * MIB][numbers.below(4)].min(rest.len());
        let (now, later) = rest.split_at(size);
        ranges.push((address, now.to_vec()));
        (rest, address) = (later, address + size as u64 + 64 * KIB as u64);
    }
    let mut all = vec![Memory { name: format!("{} MiB", total / MIB), ranges }];
    if let Some(path) = std::env::var_os("USERDUMP_BENCH_DUMP") {
        let path = Path::new(&path);
        let bytes = fs::read(path).expect("it can be read");
        let memory = Dump::parse(&bytes).expect("it is a dump").memory();
        let ranges = memory.visible_ranges().map(|range| (range.address, range.bytes.to_vec())).collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.push(Memory { name, ranges });
    }
    all
}

/// Forgets what is written; it can be moved like a file.
#[derive(Default)]
struct Forgets {
    count: Count,
    at: u64,
}

impl Write for Forgets {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.at += bytes.len() as u64;
        self.count.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Forgets {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(at) = to {
            self.at = at;
        }
        Ok(self.at)
    }
}

/// A command with its words.
const COMMANDS: [(&str, [&str; 2]); 2] = [("lz4", ["-1", "-c"]), ("zstd", ["-1", "-c"])];

/// Runs a command on a file and forgets its output; `None` if there is no such command.
fn run((program, words): (&str, [&str; 2]), path: &Path) -> Option<bool> {
    let mut command = Command::new(program);
    let command = command.args(words).arg("-q").arg(path).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null()).status().ok().map(|status| status.success())
}

fn write(criterion: &mut Criterion) {
    let all_threads = thread::available_parallelism().map_or(1, NonZero::get);
    for memory in memories() {
        let size = memory.size();
        // Ranges one behind the other, as everybody else gets them.
        let bytes: Vec<u8> = memory.ranges.iter().flat_map(|(_, bytes)| bytes).copied().collect();
        let mut file = Cursor::new(Vec::new());
        let written = memory.plan(2).write_to_seekable(&mut file).expect("memory takes everything");
        let file = file.into_inner();
        let mut pipe = Vec::new();
        memory.plan(1).write_to(&mut pipe).expect("memory takes everything");
        assert!(file == pipe);
        let compressed = written.compressed.expect("there is memory");
        assert_eq!(compressed.size, size as u64);
        assert!(bytes == unpacked(&file), "it unpacks to something else");
        println!("{}: {size} bytes, {} compressed", memory.name, compressed.compressed_size);

        let mut group = criterion.benchmark_group(format!("compressed/write/{}", memory.name));
        group.sample_size(10).throughput(Throughput::Bytes(size as u64));
        let mut counts = vec![1, 2, all_threads];
        counts.dedup();
        for threads in counts {
            group.bench_function(format!("{threads} threads"), |bencher| {
                let write = |plan: Plan<'_>| plan.write_to_seekable(Forgets::default()).expect("it takes everything");
                bencher.iter_batched(|| memory.plan(threads), write, BatchSize::PerIteration);
            });
        }
        group.bench_function("pipe/1 threads", |bencher| {
            let write = |plan: Plan<'_>| plan.write_to(Forgets::default()).expect("it takes everything");
            bencher.iter_batched(|| memory.plan(1), write, BatchSize::PerIteration);
        });
        group.bench_function("lz4_flex", |bencher| {
            let mut block = vec![0; get_maximum_output_size(BUCKET)];
            let mut table = CompressTable::large();
            bencher.iter(|| {
                let mut sink = Count::default();
                for bucket in bytes.chunks(BUCKET) {
                    let size = compress_into_with_table(bucket, &mut block, &mut table).expect("there is room");
                    sink.write_all(&block[..size]).expect("it takes everything");
                }
                sink.0
            });
        });
        let path = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("there is a folder");
        fs::write(&path, &bytes).expect("there is room");
        for command in COMMANDS {
            if run(command, path.path()) != Some(true) {
                println!("{} is not there", command.0);
                continue;
            }
            group.bench_function(format!("{} -1", command.0), |bencher| bencher.iter(|| run(command, path.path())));
        }
    }
}

/// The memory of the file, whose stream of compressed memory is its only one.
fn unpacked(file: &[u8]) -> Vec<u8> {
    let word = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().expect("eight bytes")) as usize;
    let half = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    let header = half(32 + 8);
    let (count, buckets) = (word(header + 104), word(header + 112));
    let rows = (0..count).map(|index| buckets + 40 * index);
    rows.flat_map(|row| {
        let (size, packed, offset) = (half(row + 8), half(row + 12), word(row + 16));
        let mut bytes = vec![0; size];
        assert_eq!(decompress_into(&file[offset..offset + packed], &mut bytes).expect("it is a block"), size);
        bytes
    })
    .collect()
}

criterion_group!(benches, write);
criterion_main!(benches);
