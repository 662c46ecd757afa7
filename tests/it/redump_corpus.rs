//! Every option on every dump of the corpus.
//!
//! The result is compared with the source byte by byte, by an index of memory that the tests build themselves.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::redump::{Options, redump};
use userdump::{Dump, RedumpError};

use crate::support::facts::Facts;
use crate::support::{Shared, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![stack_traces_need_no_word_that_is_filtered];
    let options = LETTERS.iter().chain(&UNIONS);
    all.extend(options.map(|options| {
        shared_trial(format!("redump_corpus::every_dump::{options}"), |shared| every_dump(shared, options))
    }));
    all
}

const LETTERS: [&str; 19] = [
    "m", "ma", "mA", "mf", "me", "maN", "mF", "mh", "mt", "mu", "mi", "mp", "mw", "md", "mc", "mr", "mR", "my",
    "mfFhut",
];
const UNIONS: [&str; 12] =
    ["mfN", "mcdFhiptuw", "mir", "mrR", "mpwR", "miy", "mar", "mid", "mwd", "mhur", "mfR", "mcdFhiprRtuwy"];

fn redumped(source: &[u8], options: &Options) -> Result<Vec<u8>, RedumpError> {
    let mut out = Vec::new();
    redump(&Dump::parse(source)?, options, &mut out)?;
    Ok(out)
}

/// The reason why a dump cannot be re-encoded, if there is one.
fn refusal(source: &[u8], letters: &str) -> Option<String> {
    let facts = Facts::of(source);
    if facts.big_endian {
        return Some("a big-endian dump cannot be re-encoded by this version".to_owned());
    }
    let full = letters.contains('N') && letters.contains(['a', 'f']);
    let (address, size, held) = full.then(|| lacking(&facts)).flatten()?;
    Some(format!(
        "memory at {address:#x} needs {size} bytes, {held} available: use the option letter `A` without `N` to continue"
    ))
}

/// The first region, by address, that is readable but lacks some of its bytes: its address, its size, and how many
/// bytes exist.
fn lacking(facts: &Facts<'_>) -> Option<(u64, u64, u64)> {
    let mut rows = facts.memory_infos();
    rows.retain(|row| row.state == 0x1000 && row.protect != 1 && row.protect & 0x100 == 0);
    rows.sort_by_key(|row| row.base);
    rows.into_iter().find_map(|row| {
        let end = row.base + row.size;
        let held = facts.ranges().into_iter().map(|range| {
            let range_end = range.address.saturating_add(range.bytes.0.len() as u64);
            range_end.min(end).saturating_sub(range.address.max(row.base))
        });
        let held: u64 = held.sum();
        (held < row.size).then_some((row.base, row.size, held))
    })
}

fn every_dump(shared: &Shared, letters: &'static str) {
    let options: Options = letters.parse().expect("the letters are known");
    let mut counts = [0; 2];
    for row in shared.corpus() {
        let (source, what) = (shared.corpus_file(&row), format!("/{letters} of {}", row.file));
        let out = match (redumped(&source, &options), refusal(&source, letters)) {
            (Ok(out), None) => out,
            (Err(error), Some(reason)) => {
                assert_eq!(error.to_string(), reason, "{what}");
                counts[1] += 1;
                continue;
            }
            (Ok(_), Some(reason)) => panic!("{what} should have been refused: {reason}"),
            (Err(error), None) => panic!("{what}: {error}"),
        };
        let again = redumped(&out, &options).unwrap_or_else(|error| panic!("{what}, second pass: {error}"));
        assert!(again == out, "{what}: a second pass changes the dump");
        let small = !letters.contains(['a', 'A', 'f']);
        let filtered = letters.contains('r') && small;
        let without_folders = letters.contains('R') && small;
        let ranges = Facts::of(&out).ranges().into_iter().map(|range| (range.address, range.bytes.0.to_vec()));
        // The system folder, in the page that the system shares with all processes.
        let ranges = ranges.map(|(address, mut bytes)| {
            let root = 0x7ffe_0030u64..0x7ffe_0238;
            let addresses = (0..).map(|position| address.wrapping_add(position));
            for (at, byte) in addresses.zip(&mut bytes).filter(|(at, _)| without_folders && root.contains(at)) {
                assert_eq!(*byte, 0, "{what}: the system folder at {at:#x}");
                *byte = Facts::of(&source).read(at, 1).first().copied().unwrap_or(0);
            }
            (address, bytes)
        });
        let ranges: Vec<_> = ranges.collect();
        let ranges = ranges.iter().map(|(address, bytes)| (*address, bytes.as_slice()));
        all_of_it_is_in(&source, ranges, filtered, &what);
        counts[0] += 1;
    }
    // Those of the other byte order, and those that describe more memory than they have.
    let refused = if letters.contains('N') { 2 + 5 } else { 2 };
    assert_eq!(counts, [81 - refused, refused], "/{letters}: numbers of dumps re-encoded and refused");
}

/// Checks that each byte of memory is at its address in a range of the source, or is filtered.
pub fn all_of_it_is_in<'a>(source: &[u8], memory: impl Iterator<Item = (u64, &'a [u8])>, filtered: bool, what: &str) {
    let source = Facts::of(source);
    let narrow =
        matches!(source.system_info().map(|system| system.architecture), Some(0 | 1 | 3 | 5 | 10 | 0x8001 | 0x8002));
    let comparable = |address: u64| if narrow { address & 0xffff_ffff } else { address };
    let mut held: BTreeMap<u64, Vec<&[u8]>> = BTreeMap::new();
    for range in source.ranges() {
        held.entry(comparable(range.address)).or_default().push(range.bytes.0);
    }
    for thread in source.threads() {
        // Stacks that are in no list.
        let bytes = source.blob(thread.stack_at, thread.stack_size.into());
        held.entry(comparable(thread.stack_start)).or_default().push(bytes.0);
    }
    let largest = held.values().flatten().map(|bytes| bytes.len() as u64).max().unwrap_or(0);
    for (address, bytes) in memory {
        let start = comparable(address);
        let last = start.saturating_add(bytes.len() as u64);
        let near: Vec<(u64, &[u8])> = held
            .range(start.saturating_sub(largest)..last)
            .flat_map(|(at, all)| all.iter().map(|bytes| (*at, *bytes)))
            .filter(|(at, held)| at.saturating_add(held.len() as u64) > start)
            .collect();
        let mut unexplained: Vec<bool> = vec![true; bytes.len()];
        for (at, held) in near {
            let skipped = start.saturating_sub(at) as usize;
            let into = at.saturating_sub(start) as usize;
            let ours = bytes.iter().zip(&mut unexplained).skip(into);
            for ((ours, unexplained), theirs) in ours.zip(&held[skipped..]) {
                *unexplained &= ours != theirs && !(filtered && *ours == 0);
            }
        }
        let invented = unexplained.iter().position(|unexplained| *unexplained);
        assert_eq!(invented.map(|at| start + at as u64), None, "{what}: a byte that is not in the source");
    }
}

/// Follows frame pointers from the registers: the return addresses that are in modules, except where the source marks
/// data.
fn frames(source: &Facts<'_>, facts: &Facts<'_>, (sp_at, fp_at, ip_at): (usize, usize, usize)) -> Vec<Vec<u64>> {
    let (modules, rows) = (facts.modules(), source.memory_infos());
    let is_data = |ip: u64| rows.iter().any(|it| it.base < ip && ip <= it.base + it.size && it.protect & 0xf0 == 0);
    let in_module =
        |ip: u64| modules.iter().any(|it| it.base <= ip && ip < it.base + u64::from(it.size)) && !is_data(ip);
    let mut traces = Vec::new();
    for thread in facts.threads() {
        let register =
            |at: usize| thread.context.0.get(at..at + 8).map(|it| u64::from_le_bytes(it.try_into().unwrap()));
        let mut trace: Vec<u64> = register(ip_at).into_iter().collect();
        let mut above = register(sp_at).unwrap_or(u64::MAX);
        let mut frame = register(fp_at);
        while let Some(at) = frame.filter(|&at| at >= above) {
            let number = |at: u64| facts.read(at, 8).try_into().ok().map(u64::from_le_bytes);
            let Some(ip) = at.checked_add(8).and_then(number).filter(|&ip| in_module(ip)) else { break };
            trace.push(ip);
            above = at + 1;
            frame = number(at);
        }
        traces.push(trace);
    }
    traces
}

/// The chain of frame pointers of AMD64 and ARM64, before and after: no frame is lost.
fn stack_traces_need_no_word_that_is_filtered(shared: &Shared) {
    let plain: Options = "m".parse().unwrap();
    let filtered: Options = "mr".parse().unwrap();
    let (mut traces, mut frames_beyond_the_first) = (0, 0);
    for row in shared.corpus().iter() {
        let source = shared.corpus_file(row);
        let facts = Facts::of(&source);
        let registers = match facts.system_info().filter(|_| !facts.big_endian).map(|system| system.architecture) {
            Some(9) => (152, 160, 248),
            Some(12) => (256, 240, 264),
            _ => continue,
        };
        let walked = [&plain, &filtered].map(|options| {
            let out = redumped(&source, options).expect("it is re-encoded");
            frames(&facts, &Facts::of(&out), registers)
        });
        assert_eq!(walked[0], walked[1], "{}", row.file);
        traces += walked[0].len();
        frames_beyond_the_first += walked[0].iter().map(|trace| trace.len().saturating_sub(1)).sum::<usize>();
    }
    assert!(traces > 90 && frames_beyond_the_first > 200, "{traces} traces, {frames_beyond_the_first} frames");
}
