//! Any bytes: they are a dump or they are not, and every part of a dump can be asked for. A minidump stays as it is if that is
//! asked for.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use userdump::Dump;

fuzz_target!(|data: &[u8]| {
    if let Ok(dump) = Dump::parse(data) {
        userdump_fuzz::walk(&dump);
        userdump_fuzz::as_is::check(data);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    userdump_fuzz::mutate(data, size, max_size, seed, 0, fuzzer_mutate)
});
