//! The cost of a plan with each preset in time and memory, which is proportional to the pointers and tables that are
//! examined.

#[path = "../tests/it/resources/allocator.rs"]
mod allocator;
mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::Dump;
use userdump::redump::{Managed, Options, Redump, Walk};

use allocator::measure;
use support::{KIB, Process, count};

/// Each preset with its name, and the options to compare it with.
fn presets() -> [(&'static str, Options); 6] {
    let letters = |words: &str| words.parse::<Options>().expect("the letters are valid");
    [
        ("m", letters("/m")),
        ("mi", letters("/mi")),
        ("identify", letters("/m").identify()),
        ("walk", letters("/m").walk(Walk::Tables)),
        ("managed", letters("/m").managed(Managed::Stacks)),
        ("managed=heap", letters("/m").managed(Managed::Heap)),
    ]
}

fn plan(criterion: &mut Criterion) {
    let once = Process { images: count(300), threads: count(1000), heap: count(500) };
    let sizes = [
        ("once", once),
        ("twice the threads", Process { threads: 2 * once.threads, ..once }),
        ("twice the images", Process { images: 2 * once.images, ..once }),
    ];
    let mut group = criterion.benchmark_group(format!("presets/{} images, {} threads", once.images, once.threads));
    group.sample_size(10);
    let mut figures = Vec::new();
    for (size, process) in sizes {
        let file = process.build();
        let dump = Dump::parse(&file).expect("the dump can be parsed");
        group.throughput(Throughput::Elements(process.words()));
        for (word, options) in presets() {
            let run = || Redump::new(black_box(&dump), &options).expect("the dump can be re-encoded");
            let (redump, spent) = measure(run);
            let result = redump.size();
            drop(redump);
            figures.push((word, size, spent.peak, result));
            group.bench_function(BenchmarkId::new(word, size), |bencher| bencher.iter(run));
        }
    }
    group.finish();
    for (word, size, peak, result) in &figures {
        println!("presets/{word}/{size}: at most {} KiB in use, {} KiB result", peak / KIB, result / KIB as u64);
    }
    let of = |wanted: &str, size: &str| {
        let figure = figures.iter().find(|(word, at, ..)| *word == wanted && *at == size);
        figure.map(|(_, _, peak, result)| (*peak, *result)).expect("the figure was measured")
    };
    for (word, _) in presets() {
        let (peak, result) = of(word, "once");
        for size in ["twice the threads", "twice the images"] {
            let (more, larger) = of(word, size);
            assert!(more <= 2 * peak + 64 * KIB, "{word}, {size}: {more} bytes in use, not {peak}");
            assert!(larger <= 2 * result + 64 * KIB as u64, "{word}, {size}: {larger} bytes, not {result}");
        }
    }
    // All tables are present and are walked: the result has more than the headers, and less than the images.
    let images = (once.images * support::IMAGE_SIZE) as u64;
    let more = of("walk", "once").1 - of("m", "once").1;
    assert!((images / 20..images).contains(&more), "{more} bytes of {images}");
}

criterion_group!(benches, plan);
criterion_main!(benches);
