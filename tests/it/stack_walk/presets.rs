//! The memory that the presets keep: the reader finds every frame of the source in the result, and far fewer without
//! the presets.

use libtest_mimic::Trial;
use userdump::redump::{Managed, Options, Walk};

use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, parsed};
use crate::support::{Shared, golden, trials};

use super::process::Process;
use super::{CORPUS, GOLDEN, Threads, count, walk, walked};

pub fn trials() -> Vec<Trial> {
    trials![
        results_of_golden_dumps_have_all_frames,
        results_of_a_net_process_have_all_frames,
        results_of_the_corpus_have_all_frames,
        results_of_full_user_dumps_have_all_frames,
        results_of_32_bit_processes_have_all_frames,
        filtered_results_have_the_frames_of_programs,
        without_the_presets_frames_are_lost,
        results_are_small,
    ]
}

/// Each preset that keeps the memory needed to walk stacks, with letters of several kinds.
fn presets() -> [(&'static str, Options); 5] {
    [
        ("/m --walk", parsed("/m").walk(Walk::Tables)),
        ("/m --walk=names", parsed("/m").walk(Walk::Names)),
        ("/mip --walk", parsed("/mip").walk(Walk::Tables)),
        ("/m --managed", parsed("/m").managed(Managed::Stacks)),
        ("/m --managed=heap", parsed("/m").managed(Managed::Heap)),
    ]
}

fn all_frames_are_kept(name: &str, source: &[u8]) {
    let crashed = |bytes: &[u8]| walked(&Process::of_exceptions(&Facts::of(bytes)));
    let expected = walk(source);
    for (words, options) in presets() {
        let out = Redumped::once(source, &options);
        assert_same(&format!("{name} {words}"), &walk(&out.bytes), &expected);
        assert_eq!(crashed(&out.bytes), crashed(source), "{name} {words}: from where exceptions were raised");
    }
}

fn assert_same(name: &str, found: &Threads, expected: &Threads) {
    assert!(count(expected) > 0, "{name}: the source has no frames");
    for (thread, frames) in expected {
        assert_eq!(found.get(thread), Some(frames), "{name}: thread {thread:x}");
    }
}

fn results_of_golden_dumps_have_all_frames(shared: &Shared) {
    for (member, _) in GOLDEN.into_iter().filter(|(member, _)| !member.starts_with("net10")) {
        all_frames_are_kept(member, &shared.golden(&format!("{member}.dmp")));
    }
}

/// The full dump, and the runtime's own selection for its debugger, which has no images.
fn results_of_a_net_process_have_all_frames(shared: &Shared) {
    for member in golden::NET {
        all_frames_are_kept(member, &shared.golden(member));
    }
}

fn results_of_the_corpus_have_all_frames(shared: &Shared) {
    for (name, _) in CORPUS {
        all_frames_are_kept(name, &shared.read(&format!("corpus/real/{name}.dmp")));
    }
}

/// There is a minidump of the same stopped process.
fn results_of_full_user_dumps_have_all_frames(shared: &Shared) {
    for set in golden::USER_DUMP_SETS {
        let expected = walk(&shared.golden(&format!("{set}/ma.dmp")));
        let source = shared.golden(&format!("{set}/f.dmp"));
        for (words, options) in presets() {
            let out = Redumped::once(&source, &options);
            assert_same(&format!("{set}/f {words}"), &walk(&out.bytes), &expected);
        }
    }
}

fn results_of_32_bit_processes_have_all_frames(shared: &Shared) {
    let narrow = |bytes: &[u8]| walked(&Process::narrow(&Facts::of(bytes)));
    for set in golden::WOW64_SETS {
        let source = shared.golden(&format!("{set}/ma.dmp"));
        all_frames_are_kept(set, &source);
        let expected = narrow(&source);
        assert_eq!((count(&walk(&source)), count(&expected)), (30, 23), "{set}: frames of 64 and of 32 bits");
        for (words, options) in presets() {
            let out = Redumped::once(&source, &options);
            assert_same(&format!("{set} {words}"), &narrow(&out.bytes), &expected);
        }
    }
}

/// A real frame has a return address after a call, which stays. False frames disappear.
fn filtered_results_have_the_frames_of_programs(shared: &Shared) {
    for (member, _) in GOLDEN.into_iter().filter(|(member, _)| !member.starts_with("net10")) {
        let source = shared.golden(&format!("{member}.dmp"));
        for letters in ["/mr", "/mrR"] {
            let out = Redumped::once(&source, &parsed(letters).walk(Walk::Tables));
            assert_same(&format!("{member} {letters} --walk"), &walk(&out.bytes), &walk(&source));
        }
    }
}

/// The result of `/m` without presets: the number of frames found, and the number of those that are right. The engine
/// of 2017 shows the same number where it does not find an image file on its own disk, and the same frames.
///
/// A chain of frame pointers only needs the stack, so programs for x86 lose nothing.
const WITHOUT: [(&str, usize, usize); 7] = [
    ("crash26/manu", 9, 4),
    ("live26/manu", 12, 5),
    ("crash/ma", 9, 4),
    ("live/ma", 10, 5),
    ("crash32/ma", 43, 43),
    ("live32/ma", 44, 44),
    ("net10/full", 60, 9),
];

fn without_the_presets_frames_are_lost(shared: &Shared) {
    for (member, found, right) in WITHOUT {
        let source = shared.golden(&format!("{member}.dmp"));
        let expected = walk(&source);
        for options in [parsed("/m"), parsed("/m").identify()] {
            let frames = walk(&Redumped::once(&source, &options).bytes);
            let is_right = |thread: &u32, frame| expected[thread].contains(frame);
            let rights = frames.iter().flat_map(|(thread, frames)| frames.iter().filter(|it| is_right(thread, it)));
            assert_eq!((count(&frames), rights.count()), (found, right), "{member} {options}");
        }
    }
}

/// Upper limits for the sizes of results, in bytes. Measured: see the notes of the presets.
const SMALL: [(&str, usize); 5] = [
    ("crash26/manu", 200_000),
    ("live26/manu", 200_000),
    ("crash/ma", 200_000),
    ("crash32/ma", 100_000),
    ("net10/full", 1_300_000),
];

fn results_are_small(shared: &Shared) {
    for (member, limit) in SMALL {
        let source = shared.golden(&format!("{member}.dmp"));
        let size = Redumped::once(&source, &parsed("/m").walk(Walk::Tables)).bytes.len();
        assert!(size < limit, "{member}: {size} bytes");
    }
}
