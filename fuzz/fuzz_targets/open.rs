//! Any bytes: they are a dump or they are not, and every part of a dump can be asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use userdump::Dump;

fuzz_target!(|data: &[u8]| {
    if let Ok(dump) = Dump::parse(data) {
        userdump_fuzz::walk(&dump);
    }
});
