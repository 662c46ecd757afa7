//! Re-encoding from file to file with each set of options, compared with copying the file.

mod support;

use std::fs;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::redump::{Options, Redump, redump};
use userdump::{Dump, MappedFile, SourceFile};

use support::{Image, Input, KIB, MIB, empty, input, large, settle, trial};

const OPTIONS: [&str; 8] = ["/m", "/mi", "/mp", "/mw", "/mcd", "/mf", "/ma", "/mr"];
/// Options that write the entire heap.
const FULL: [&str; 3] = ["/mw", "/mf", "/ma"];

fn total_memory() -> usize {
    match (trial(), large()) {
        (true, _) => 8 * MIB,
        (_, true) => 1024 * MIB,
        _ => 64 * MIB,
    }
}

fn file_to_file(criterion: &mut Criterion) {
    measure(criterion, "redump", Path::new(env!("CARGO_TARGET_TMPDIR")), &OPTIONS);
}

/// On a file system that shares blocks.
fn clone(criterion: &mut Criterion) {
    if let Some(image) = Image::xfs(400 * MIB as u64 + 3 * total_memory() as u64) {
        measure(criterion, "redump/clone", &image.folder(), &["/ma"]);
    }
}

fn measure(criterion: &mut Criterion, name: &str, folder: &Path, all_options: &[&str]) {
    let total = total_memory();
    for range in [64 * KIB, MIB] {
        let modules = if trial() { 10 } else { 100 };
        let file = input(&Input { total, range, modules, threads: modules });
        let path = tempfile::NamedTempFile::new_in(folder).expect("the scratch folder exists").into_temp_path();
        fs::write(&path, &file).expect("the scratch file can be written");
        settle(&path);
        let target = tempfile::tempfile_in(folder).expect("the scratch folder exists");
        let mut group = criterion.benchmark_group(format!("{name}/{} MiB in {} KiB", total / MIB, range / KIB));
        group.sample_size(10);
        for &words in all_options {
            let options: Options = words.parse().expect("the letters are valid");
            let run = || {
                let source = MappedFile::open(&path).expect("the file can be opened");
                let dump = Dump::parse(&source).expect("the dump can be parsed");
                let redump = Redump::new(&dump, &options).expect("the dump can be re-encoded");
                redump.write_to_file(&target, source.copy_source().as_slice()).expect("the dump can be written")
            };
            let from_memory = || {
                let source = MappedFile::read(&path).expect("the file can be opened");
                let dump = Dump::parse(&source).expect("the dump can be parsed");
                redump(&dump, &options, &target).expect("the dump can be re-encoded")
            };
            let from_file = || {
                let source = SourceFile::open(&path).expect("the file can be opened");
                let dump = Dump::from_source(&source).expect("the dump can be parsed");
                redump(&dump, &options, &target).expect("the dump can be re-encoded")
            };
            // Mapping and reading give the same result, and re-encoding the result does not change it.
            empty(&target);
            let size = run().size;
            let first = contents(&target);
            assert_eq!(first.len() as u64, size);
            let mut second = Vec::new();
            redump(&Dump::parse(&first).expect("the dump can be parsed"), &options, &mut second)
                .expect("the result can be re-encoded");
            assert!(first == second, "{words}");
            empty(&target);
            from_memory();
            assert!(contents(&target) == first, "{words}");
            empty(&target);
            from_file();
            assert!(contents(&target) == first, "{words}");
            assert_eq!(size > total as u64, FULL.contains(&words), "{words}: {size} bytes");

            group.throughput(Throughput::Bytes(size));
            let fresh = || empty(&target);
            group.bench_function(BenchmarkId::new("mapped", words), |bencher| {
                bencher.iter_batched(fresh, |()| run(), BatchSize::PerIteration);
            });
            if ["/ma", "/m", "/mi"].contains(&words) {
                group.bench_function(BenchmarkId::new("file source", words), |bencher| {
                    bencher.iter_batched(fresh, |()| from_file(), BatchSize::PerIteration);
                });
            }
            if words == "/ma" || words == "/m" {
                group.bench_function(BenchmarkId::new("read", words), |bencher| {
                    bencher.iter_batched(fresh, |()| from_memory(), BatchSize::PerIteration);
                });
            }
        }
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function("io-copy", |bencher| {
            let copy = |()| {
                let mut source = fs::File::open(&path).expect("the file can be opened");
                io::copy(&mut source, &mut &target).expect("the file can be written")
            };
            bencher.iter_batched(|| empty(&target), copy, BatchSize::PerIteration);
        });
        group.bench_function("read-write", |bencher| {
            let mut buffer = vec![0; MIB];
            let copy = |()| {
                let mut source = fs::File::open(&path).expect("the file can be opened");
                loop {
                    match source.read(&mut buffer).expect("the file can be read") {
                        0 => break,
                        count => (&target).write_all(&buffer[..count]).expect("the file can be written"),
                    }
                }
            };
            bencher.iter_batched(|| empty(&target), copy, BatchSize::PerIteration);
        });
    }
}

fn contents(mut file: &fs::File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("the file can be read back");
    bytes
}

criterion_group!(benches, file_to_file, clone);
criterion_main!(benches);
