//! A dump and options: if it can be re-encoded, the result is a dump, re-encoding the result changes nothing, and the
//! laws of results hold: every byte of every structure is in the result, removed by an option letter, or in the report;
//! data that the contract of `r` and `R` removes is gone; the size, the report and the check contain nothing wrong.
//!
//! Bytes are only accounted for if their meaning is clear: in complete dumps whose lists have the size of their
//! entries, and in which no two structures overlap (`userdump_walk::accounted::is_judgeable`). The contract is tested
//! for the places that the builders can write, and for processes but not for mutated dumps, in which it is not known
//! what was planted where.
//!
//! The last three bytes are the options. If the bytes before them are not a dump, they describe a process from which
//! one is made.

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
        if last[2] & 4 != 0 {
            redumped::check_compressed(source, &options);
        }
        return redumped::check(source, &options);
    }
    let Ok(process) = Process::arbitrary_take_rest(Unstructured::new(source)) else { return };
    if last[2] & 4 != 0 {
        redumped::check_compressed(&process.dump(false), &options);
    }
    redumped::check_process(process, last[2] & 2 != 0, &options);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    userdump_fuzz::mutate(data, size, max_size, seed, 3, fuzzer_mutate)
});
