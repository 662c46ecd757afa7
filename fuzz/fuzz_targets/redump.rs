//! Options and any bytes: if they can be re-encoded, the result is a dump, and re-encoding it changes nothing.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use userdump::format::{MinidumpType, StreamType};
use userdump::redump::{Options, Redump};
use userdump::{Dump, Minidump};

/// The letters; a bit of the first two bytes stands for each.
const LETTERS: [char; 15] = ['a', 'A', 'f', 'F', 'h', 't', 'u', 'd', 'c', 'i', 'p', 'w', 'r', 'R', 'y'];

fuzz_target!(|data: &[u8]| {
    let Some((&first, source)) = data.split_first_chunk() else { return };
    let first = u16::from_le_bytes(first);
    let letters = (0..).zip(LETTERS).filter(|(bit, _)| first & (1 << bit) != 0).map(|(_, letter)| letter);
    let word: String = ['m'].into_iter().chain(letters).collect();
    let mut options: Options = word.parse().expect("these are letters");
    if first & 0x8000 != 0 {
        options = options.with_comment("fuzz");
    }
    let Some(once) = redump(source, &options) else { return };
    let Ok(Dump::Minidump(dump)) = Dump::parse(&once) else { panic!("the result is no minidump") };
    userdump_fuzz::walk(&dump);
    // Streams of other producers than Microsoft are carried though their heads cannot be read.
    let Ok(Dump::Minidump(before)) = Dump::parse(source) else { return };
    let before = unreadable(&before);
    assert!(unreadable(&dump).is_subset(&before), "the result has streams that cannot be read");
    let twice = redump(&once, &options).expect("the result can be re-encoded");
    // What the option `r` zeroes may be just what tells the bounds of a stack, if environment blocks lie on stacks.
    let filtered = options.minidump_type().contains(MinidumpType::FILTER_MEMORY);
    assert!(filtered || once == twice, "re-encoding the result changes it");
});

/// The types of the streams that cannot be read.
fn unreadable(dump: &Minidump<'_>) -> BTreeSet<StreamType> {
    dump.streams().filter(|(_, decoded)| decoded.is_err()).map(|(stream, _)| stream.stream_type()).collect()
}

/// `None` if the bytes are no dump, or one that the options cannot be carried out on.
fn redump(source: &[u8], options: &Options) -> Option<Vec<u8>> {
    let redump = Redump::new(&Dump::parse(source).ok()?, options).ok()?;
    let size = redump.size();
    let mut out = Vec::new();
    let report = redump.write_to(&mut out).expect("a vector takes everything");
    assert_eq!((report.size, out.len() as u64), (size, size));
    Some(out)
}
