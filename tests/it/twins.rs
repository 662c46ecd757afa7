//! Big-endian twins: the contents of a dump do not depend on its byte order.

use libtest_mimic::Trial;
use userdump::read::Stream;
use userdump::read::memory::VisibleRange;

use crate::support::everything::everything_of_all_producers;
use crate::support::forms::{Form, open};
use crate::support::walk::content;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![every_typed_stream_has_a_twin, dumps_of_another_assembler_have_twins]
}

const NONE: [[String; 2]; 0] = [];

/// The dump has a stream of every type that has a view, so this finds views without a twin and views that the walk does
/// not cover.
fn every_typed_stream_has_a_twin() {
    for filler in [0, 3] {
        let [little, big] = [false, true].map(|big_endian| {
            let form = Form { big_endian, filler };
            form.build(everything_of_all_producers(form))
        });
        for bytes in [&little, &big] {
            let decoded: Vec<_> = open(bytes).streams().map(|(stream, view)| (stream.stream_type(), view)).collect();
            for stream_type in Stream::TYPED {
                let mut of_type = decoded.iter().filter(|(it, _)| it == stream_type);
                assert!(of_type.any(|(_, view)| view.is_ok()), "the dump has no {stream_type}");
            }
        }
        assert_eq!(differences(&little, &big), NONE);
    }
}

/// Pairs that were assembled with the builder of rust-minidump.
fn dumps_of_another_assembler_have_twins(shared: &Shared) {
    let pair =
        |name: &str| ["le", "be"].map(|order| shared.read(&format!("corpus/synthetic/synth-{order}-{name}.dmp")));
    // Memory is opaque bytes; here it is filled with 32-bit words, which are compared below.
    let but_memory = |[little, big]: &[Vec<u8>; 2]| {
        let mut differences = differences(little, big);
        differences.retain(|lines| !lines.iter().all(|line| line.contains("Range { address: ")));
        differences
    };
    let windows = pair("windows-amd64-memory64");
    assert_eq!(but_memory(&windows), NONE);
    let linux = pair("linux-amd64-many-streams");
    let found = but_memory(&linux);
    assert_eq!(found.len(), 2);
    // A stream of an unknown type is opaque too; here it has a 32-bit word and a 64-bit one.
    let opaque =
        ["(0x10001, [ef, be, ad, de, 1, 0, 0, 0, 0, 0, 0, 0])", "(0x10001, [de, ad, be, ef, 0, 0, 0, 0, 0, 0, 0, 1])"];
    assert_eq!(found[0], opaque);
    // The size of this stream includes the dictionary after it: its first two words are read as one of 64 bits.
    let masks = found[1].each_ref().map(|line| line.rsplit_once("Some(").expect("the mask is last").1);
    assert_eq!(masks, ["88f00000886))", "8860000088f))"]);

    let words = |bytes: &[u8], word: fn([u8; 4]) -> u32| {
        let ranges = open(bytes).memory();
        let of_range = |range: VisibleRange<'_>| {
            let bytes = range.bytes().expect("it is in the file");
            let words = bytes.chunks(4).map(|bytes| word(bytes.try_into().expect("they are complete"))).collect();
            (range.address, range.size, words)
        };
        ranges.visible_ranges().map(of_range).collect::<Vec<(u64, u64, Vec<u32>)>>()
    };
    for ([little, big], ranges) in [(windows, 3), (linux, 2)] {
        let words = [words(&little, u32::from_le_bytes), words(&big, u32::from_be_bytes)];
        assert_eq!(words[0].len(), ranges);
        assert_eq!(words[0], words[1]);
    }
}

/// The lines in which two dumps differ.
fn differences(little: &[u8], big: &[u8]) -> Vec<[String; 2]> {
    assert_ne!(little, big);
    let [little, big] = [little, big].map(content);
    assert!(little.len() > 10, "{} lines", little.len());
    assert_eq!(little.len(), big.len());
    little.into_iter().zip(big).map(<[String; 2]>::from).filter(|[little, big]| little != big).collect()
}
