//! The private memory of a re-encoding of a million ranges, for each set of letters and each form of the source.
//!
//! Nothing is timed: allocations are counted.

#[path = "../tests/it/resources/allocator.rs"]
mod allocator;
#[path = "../tests/it/resources/many_ranges.rs"]
mod many_ranges;

use std::io::{self, IoSlice, Write};
use std::num::NonZero;
use std::path::Path;

use userdump::Dump;
use userdump::redump::{Managed, Options, Redump, Walk};

use allocator::measure;
use many_ranges::{Form, ManyRanges, Order};

/// A sink that discards everything.
struct Nothing;

impl Write for Nothing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(runs.iter().map(|run| run.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const LETTERS: &str = "m ma mA mf mF mh mu mt mi mp mw md mc me ms mr mR my mM mD mT mN mFhut mwp mwi mip mdc mdi mcdi \
                       mwd mfFhut mAP mrR mrw mri mrwi mrF mrRF mRF mRw msF mFw mFi mFdc mFwipdcehut mwipdcehutF mrRwipdcehutF f";

/// The sets of letters, the presets, and compression.
fn options() -> Vec<(String, Options)> {
    let parsed = |word: &str| -> Options { format!("/{word}").parse().expect("the letters are valid") };
    let mut all: Vec<(String, Options)> =
        LETTERS.split_whitespace().map(|word| (format!("/{word}"), parsed(word))).collect();
    for word in ["m", "mF", "mr", "mrF", "mw", "mFw", "mfF"] {
        let word_of = |preset: &str| format!("/{word} --{preset}");
        all.push((word_of("identify"), parsed(word).identify()));
        all.push((word_of("walk"), parsed(word).walk(Walk::Names)));
        all.push((word_of("managed"), parsed(word).managed(Managed::Heap)));
    }
    for word in ["ma", "mw", "mi"] {
        all.push((format!("/{word} --compress"), parsed(word).compressed()));
    }
    all.push(("--as-is".to_owned(), Options::as_is()));
    all.push(("--as-is /c TEXT".to_owned(), Options::as_is().with_comment("TEXT")));
    all
}

fn sources(count: u32) -> Vec<(String, ManyRanges)> {
    let mut sources = Vec::new();
    for (form, of) in [(Form::List, "list"), (Form::List64, "list64")] {
        for (order, sorted) in [(Order::Sorted, "sorted"), (Order::Shuffled, "shuffled")] {
            for (rows, info) in
                [(None, "no rows"), (Some(Order::Sorted), "rows"), (Some(Order::Shuffled), "shuffled rows")]
            {
                for (in_module, place) in [(false, "heap"), (true, "image")] {
                    let source = ManyRanges { count, form, order, rows, in_module, overlapping: false };
                    sources.push((format!("{of}, {sorted}, {info}, {place}"), source));
                }
            }
        }
    }
    for (order, sorted) in [(Order::Sorted, "sorted"), (Order::Shuffled, "shuffled")] {
        let form = Form::List64;
        let source = ManyRanges { count, form, order, rows: None, in_module: false, overlapping: true };
        sources.push((format!("overlapping, {sorted}"), source));
    }
    sources
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let is_trial = std::env::args().any(|it| it == "--test");
    let count = if is_trial { 1000 } else { 1_000_000 };
    let wanted = |name: &str| arguments.iter().all(|word| name.contains(word.as_str()));
    let folder = std::env::var_os("USERDUMP_BENCH_FILES");
    println!("| source | options | peak, MiB | bytes a range beyond 16 MiB |\n|---|---|---|---|");
    let mut worst = 0;
    let mut visit = |name: &str, file: &[u8]| {
        if let Some(folder) = &folder {
            let path = Path::new(folder).join(name.replace(", ", "-").replace(' ', "_") + ".dmp");
            std::fs::write(path, file).expect("the folder exists");
            return;
        }
        for (word, options) in options() {
            let title = format!("{name}, {word}");
            if !wanted(&title) {
                continue;
            }
            let (result, spent) = measure(|| {
                let dump = Dump::parse(file).expect("the dump is valid");
                let redump = Redump::new(&dump, &options)?.with_threads(NonZero::<usize>::MIN);
                redump.write_to(Nothing)
            });
            let size = match result {
                Ok(report) => format!("{} ranges", report.memory_ranges),
                Err(error) => error.to_string(),
            };
            let beyond = spent.peak.saturating_sub(16 << 20) as f64 / f64::from(count);
            worst = worst.max(spent.peak);
            println!("| {name} | `{word}` ({size}) | {:.1} | {beyond:.1} |", spent.peak as f64 / f64::from(1 << 20));
        }
    };
    for (name, source) in sources(count) {
        let [user_dump, compressed] = ["user dump", "compressed memory"].map(|form| format!("{form} of {name}"));
        let of_interest = |title: &str| options().iter().any(|(word, _)| wanted(&format!("{title}, {word}")));
        if ![&name, &user_dump, &compressed].into_iter().any(|title| of_interest(title)) && folder.is_none() {
            continue;
        }
        let file = source.build();
        visit(&name, &file);
        if source.form == Form::List64 && source.order == Order::Sorted && !source.overlapping {
            let dump = Dump::parse(&file).expect("the dump is valid");
            let mut user = Vec::new();
            let options: Options = "/f".parse().expect("the letter is valid");
            Redump::new(&dump, &options).and_then(|it| it.write_to(&mut user)).expect("the dump can be re-encoded");
            visit(&user_dump, &user);
            let mut packed = Vec::new();
            let options: Options = "/maF".parse().expect("the letters are valid");
            Redump::new(&dump, &options.compressed())
                .and_then(|it| it.write_to(&mut packed))
                .expect("the dump can be re-encoded");
            visit(&compressed, &packed);
        }
    }
    println!("\nat most {:.1} MiB", worst as f64 / f64::from(1 << 20));
}
