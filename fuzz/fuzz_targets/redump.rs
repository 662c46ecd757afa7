//! A dump and options: if it can be re-encoded, the result is a dump, and re-encoding it changes nothing.
//!
//! The last three bytes are the options. If those before them are no dump, they say what to make one of.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use userdump::Dump;
use userdump_fuzz::process::Process;
use userdump_fuzz::redumped;

fuzz_target!(|data: &[u8]| {
    let Some((source, last)) = data.split_last_chunk() else { return };
    let options = redumped::options(*last);
    if Dump::parse(source).is_ok() {
        return redumped::check(source, &options);
    }
    let Ok(process) = Process::arbitrary_take_rest(Unstructured::new(source)) else { return };
    redumped::check_process(process, last[2] & 2 != 0, &options);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    userdump_fuzz::mutate(data, size, max_size, seed, 3, fuzzer_mutate)
});
