//! Code that the benches share: inputs made from a seed, sinks, and sizes.

// Each bench uses only a part of this module.
#![allow(dead_code, unused_imports)]

mod contents;
mod image;
mod input;
mod process;
mod shape;
mod space;

use std::fs::File;
use std::hint::black_box;
use std::io::{self, IoSlice, Seek, Write};

pub use contents::{Contents, PACKERS, Packer, contents};
pub use image::{Image, settle};
pub use input::{Input, input};
pub use process::{IMAGE_SIZE, Process};
pub use shape::{Shape, Shaped};
pub use space::Space;

pub const KIB: usize = 1 << 10;
pub const MIB: usize = 1 << 20;

/// Returns true if everything runs once without measuring. Inputs are small then.
pub fn trial() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// Scales a count down to a hundredth if nothing is measured.
pub fn count(full: usize) -> usize {
    if trial() { full.div_ceil(100) } else { full }
}

/// Returns true if inputs of a gigabyte are requested.
pub fn large() -> bool {
    std::env::var_os("USERDUMP_BENCH_LARGE").is_some()
}

/// Pseudorandom numbers that are the same in every run (SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.draw() % limit as u64).expect("the number is below a usize")
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    pub fn bytes(&mut self, size: usize) -> Vec<u8> {
        (0..size.div_ceil(8)).flat_map(|_| self.draw().to_le_bytes()).take(size).collect()
    }
}

/// A sink that only counts bytes.
#[derive(Default)]
pub struct Count(pub u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len() as u64;
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        let size = runs.iter().map(|run| run.len()).sum();
        self.0 += size as u64;
        Ok(size)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Creates an unnamed file in the folder that builds use.
pub fn scratch() -> File {
    tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("the scratch folder exists")
}

/// Empties a file.
pub fn empty(mut file: &File) {
    file.set_len(0).and_then(|()| file.rewind()).expect("the scratch file can be emptied");
}
