//! Any bytes: if they are a dump, every part of it can be read, and a file gives the same as its bytes. A minidump can be kept as it is.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use userdump::Dump;

fuzz_target!(|data: &[u8]| {
    if let Ok(dump) = Dump::parse(data) {
        userdump_fuzz::walk_file(data, userdump_fuzz::walk(&dump));
        userdump_fuzz::as_is::check(data);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    userdump_fuzz::mutate(data, size, max_size, seed, 0, fuzzer_mutate)
});
