//! Properties that hold for all options and wherever a file is cut: random letters and random cuts, the same in every
//! run.
//!
//! The order of letters is tested in `options`; second passes, and that nothing is invented, in `redump_corpus`; the
//! index against a plain search in `memory::naive`.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::Dump;

use crate::roundtrip::Random;
use crate::support::facts::Facts;
use crate::support::redumped::Redumped;
use crate::support::{fixtures, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        a_union_of_options_holds_what_each_holds,
        a_cut_dump_gives_no_bytes_beyond_the_cut,
        a_cut_full_user_dump_gives_no_bytes_beyond_the_cut,
    ]
}

/// Letters that add something: not those that filter, and not `y`, which changes the size of contexts.
const LETTERS: [char; 10] = ['A', 'F', 'h', 't', 'u', 'i', 'p', 'w', 'd', 'c'];

/// Up to three letters.
fn letters(random: &mut Random) -> String {
    (0..random.below(4)).map(|_| LETTERS[random.below(10) as usize]).collect()
}

/// The ranges by address. None overlap, because the source has been settled.
fn ranges<'a>(facts: &Facts<'a>) -> BTreeMap<u64, &'a [u8]> {
    facts.ranges().into_iter().map(|range| (range.address, range.bytes.0)).collect()
}

/// The first address at which the ranges do not have exactly these bytes; adjacent ranges are joined.
fn lacks(all: &BTreeMap<u64, &[u8]>, mut address: u64, mut bytes: &[u8]) -> Option<u64> {
    while !bytes.is_empty() {
        let Some((start, held)) = all.range(..=address).next_back() else { return Some(address) };
        let held = held.get((address - start) as usize..).filter(|held| !held.is_empty());
        let size = held.map_or(0, |held| held.len().min(bytes.len()));
        if held.is_none_or(|held| held[..size] != bytes[..size]) {
            return Some(address);
        }
        bytes = &bytes[size..];
        address += size as u64;
    }
    None
}

fn a_union_of_options_holds_what_each_holds() {
    let mut random = Random::new(7);
    let sources: BTreeMap<String, &[u8]> =
        fixtures::redumps().map(|redump| (redump.source.clone(), redump.source_bytes())).collect();
    let (mut cases, mut larger) = (0, 0);
    for (name, source) in &sources {
        for _ in 0..6 {
            let [one, other] = [letters(&mut random), letters(&mut random)];
            let union = Redumped::once(source, &format!("/m{one}{other}").parse().expect("they are letters"));
            let all = ranges(&union.facts());
            for word in [&one, &other] {
                let part = Redumped::once(source, &format!("/m{word}").parse().expect("they are letters"));
                for (address, bytes) in ranges(&part.facts()) {
                    let missing = lacks(&all, address, bytes);
                    assert_eq!(missing, None, "{name}: /m{word} has bytes that /m{one}{other} does not have");
                }
                let kinds = part.facts().kinds();
                // Full memory is in the other list.
                let there = |kind: &u32| union.facts().kinds().contains(kind) || (*kind == 5 && all.is_empty());
                let full = union.facts().kinds().contains(&9);
                assert!(
                    kinds.iter().all(|kind| there(kind) || (full && *kind == 5)),
                    "{name}: /m{word}, /m{one}{other}"
                );
                cases += 1;
                larger += usize::from(union.bytes.len() > part.bytes.len());
            }
        }
    }
    assert!(cases > 100 && larger > cases / 3, "{cases} cases, {larger} unions are larger");
}

/// Cuts the file at random offsets: the memory and streams that are returned are in the remaining file, at their
/// original offsets.
fn check_cuts(name: &str, whole: &[u8], random: &mut Random, cuts: usize) -> usize {
    let mut given = 0;
    for _ in 0..cuts {
        let file = &whole[..random.below(whole.len() as u64) as usize];
        let Ok(dump) = Dump::parse(file) else { continue };
        let mut inside = |offset: u64, bytes: &[u8]| {
            let there = file.get(offset as usize..offset as usize + bytes.len());
            assert_eq!(there, Some(bytes), "{name}, cut at {}: {offset:#x}", file.len());
            assert!(file.as_ptr_range().contains(&bytes.as_ptr()), "{name}: the bytes are those of the file");
            given += bytes.len();
        };
        let memory = dump.memory();
        for range in memory.visible_ranges().filter_map(|range| range.in_file()) {
            inside(range.offset, range.bytes().unwrap());
            assert_eq!(memory.run_len(range.address, range.size), range.size);
        }
        match &dump {
            Dump::Minidump(dump) => {
                dump.streams().filter(|(stream, _)| !stream.bytes().is_empty()).for_each(|(it, _)| {
                    inside(it.entry().location.rva.into(), it.bytes());
                })
            }
            Dump::FullUserDump(dump) => {
                dump.stored_regions().filter(|it| !it.range.bytes().unwrap().is_empty()).for_each(|it| {
                    inside(it.range.offset, it.range.bytes().unwrap());
                })
            }
            _ => unreachable!("there are two formats"),
        }
    }
    given
}

fn a_cut_dump_gives_no_bytes_beyond_the_cut() {
    let mut random = Random::new(8);
    let given: usize = fixtures::all().map(|(name, bytes)| check_cuts(name, bytes, &mut random, 8)).sum();
    assert!(given > 1_000_000, "{given} bytes");
}

fn a_cut_full_user_dump_gives_no_bytes_beyond_the_cut() {
    let given = check_cuts("full user dump", fixtures::FULL_USER_DUMP, &mut Random::new(9), 400);
    assert!(given > 1000, "{given} bytes");
}
