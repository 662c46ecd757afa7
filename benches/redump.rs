//! Re-encoding from file to file with each set of options, compared with copying the file.

mod support;

use std::fs;
use std::io::{self, Read, Seek, Write};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::redump::{Options, redump};
use userdump::{Dump, MappedFile};

use support::{Input, KIB, MIB, empty, input, large, scratch, trial};

const OPTIONS: [&str; 8] = ["/m", "/mi", "/mp", "/mw", "/mcd", "/mf", "/ma", "/mr"];
/// Options that write the entire heap.
const FULL: [&str; 3] = ["/mw", "/mf", "/ma"];

fn memory_in_all() -> usize {
    match (trial(), large()) {
        (true, _) => 8 * MIB,
        (_, true) => 1024 * MIB,
        _ => 64 * MIB,
    }
}

fn file_to_file(criterion: &mut Criterion) {
    let total = memory_in_all();
    for range in [64 * KIB, MIB] {
        let modules = if trial() { 10 } else { 100 };
        let file = input(&Input { total, range, modules, threads: modules });
        let path =
            tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("there is a folder").into_temp_path();
        fs::write(&path, &file).expect("there is room");
        let target = scratch();
        let mut group = criterion.benchmark_group(format!("redump/{} MiB in {} KiB", total / MIB, range / KIB));
        group.sample_size(10);
        for words in OPTIONS {
            let options: Options = words.parse().expect("they are known");
            let run = || {
                let source = MappedFile::open(&path).expect("it is there");
                let dump = Dump::parse(&source).expect("it is a dump");
                redump(&dump, &options, &target).expect("it can be re-encoded")
            };
            let from_memory = || {
                let source = MappedFile::read(&path).expect("it is there");
                let dump = Dump::parse(&source).expect("it is a dump");
                redump(&dump, &options, &target).expect("it can be re-encoded")
            };
            // Every way results in the same bytes, and re-encoding the result changes nothing.
            empty(&target);
            let size = run().size;
            let first = contents(&target);
            assert_eq!(first.len() as u64, size);
            let mut second = Vec::new();
            redump(&Dump::parse(&first).expect("it is a dump"), &options, &mut second).expect("so is that");
            assert!(first == second, "{words}");
            empty(&target);
            from_memory();
            assert!(contents(&target) == first, "{words}");
            assert_eq!(size > total as u64, FULL.contains(&words), "{words}: {size} bytes");

            group.throughput(Throughput::Bytes(size));
            let fresh = || empty(&target);
            group.bench_function(BenchmarkId::new("mapped", words), |bencher| {
                bencher.iter_batched(fresh, |()| run(), BatchSize::PerIteration);
            });
            if words == "/ma" || words == "/m" {
                group.bench_function(BenchmarkId::new("read", words), |bencher| {
                    bencher.iter_batched(fresh, |()| from_memory(), BatchSize::PerIteration);
                });
            }
        }
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function("io-copy", |bencher| {
            let copy = |()| {
                let mut source = fs::File::open(&path).expect("it is there");
                io::copy(&mut source, &mut &target).expect("there is room")
            };
            bencher.iter_batched(|| empty(&target), copy, BatchSize::PerIteration);
        });
        group.bench_function("read-write", |bencher| {
            let mut buffer = vec![0; MIB];
            let copy = |()| {
                let mut source = fs::File::open(&path).expect("it is there");
                loop {
                    match source.read(&mut buffer).expect("it can be read") {
                        0 => break,
                        count => (&target).write_all(&buffer[..count]).expect("there is room"),
                    }
                }
            };
            bencher.iter_batched(|| empty(&target), copy, BatchSize::PerIteration);
        });
    }
}

fn contents(mut file: &fs::File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("it was just written");
    bytes
}

criterion_group!(benches, file_to_file);
criterion_main!(benches);
