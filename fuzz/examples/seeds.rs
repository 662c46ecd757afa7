//! Writes seeds: `cargo run --example seeds -- FOLDER`. They are minidumps and full user dumps of processes that are
//! made up from numbers, each followed by options, as the fuzz targets expect.

use std::path::PathBuf;
use std::{env, fs};

use arbitrary::{Arbitrary, Unstructured};
use userdump_fuzz::process::Process;
use userdump_fuzz::random::Random;

const COUNT: u64 = 64;

fn main() {
    let folder = PathBuf::from(env::args_os().nth(1).expect("a folder to write the seeds into"));
    for seed in 0..COUNT {
        let bytes = numbers(seed);
        let Ok(process) = Process::arbitrary_take_rest(Unstructured::new(&bytes)) else { continue };
        for (full_user_dump, name) in [(false, "minidump"), (true, "full-user-dump")] {
            let mut file = process.dump(full_user_dump);
            file.extend_from_slice(&bytes[..3]);
            let path = folder.join(format!("{name}-{seed:02}"));
            fs::write(&path, file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

/// Later seeds are longer.
fn numbers(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..256 + 64 * seed).map(|_| (random.next() >> 32) as u8).collect()
}
