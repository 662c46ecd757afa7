//! A dump and options: if it can be re-encoded, the result is a dump, re-encoding it changes nothing, and the laws of results
//! hold: every byte of every structure is in the result, asked away by a letter, or in the report; what the contract of `r`
//! and `R` calls gone is gone; size, report and check say nothing that is not so.
//!
//! Bytes are only accounted for where it is plain what they are: in dumps whose lists have the size of their entries, which are
//! whole, and in which no two structures share bytes (`userdump_walk::accounted::is_judgeable`). Of the contract there are
//! the places that the builders can make, in processes and not in mutated dumps, in which nobody knows what is planted where.
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
