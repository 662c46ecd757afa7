//! All dumps: without hooks nothing changes, and with an inserted stream only offsets change.

use std::panic::catch_unwind;

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::read::RawStream;
use userdump::redump::{Hooks, Options, Outcome, Redump, StreamReport};
use userdump::{Dump, Minidump};
use userdump_walk::facts::{Positions, differences};

use crate::support::redumped::{findings, hooked};
use crate::support::walk::{vendor_content, walk};
use crate::support::{Shared, everything::everything_of_all_producers, fixtures, forms::Form, golden, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        fixtures_stay_as_they_are,
        golden_dumps_stay_as_they_are,
        the_corpus_stays_as_it_is,
        a_dump_of_everything_stays_as_it_is,
        damaged_dumps_stay_as_they_are,
        big_endian_dumps_and_full_user_dumps_are_refused,
        no_other_option_goes_with_it,
    ]
}

/// A stream type that is in no dump.
const NEW: u32 = 0x1_0042;
/// Streams whose bytes contain file offsets; their contents are compared through their views.
const WITH_POSITIONS: [u32; 7] = [8, 25, 0xfff0, 0x4350_0001, 0x4767_000a, 0x4d7a_0001, 0x4d7a_0002];

/// A text in it shares bytes with lists, whose offsets change.
const SHARED_BYTES: &str = "real/lldb-bad-overlapping-streams.dmp";

fn is_little_minidump(source: &[u8]) -> bool {
    source.starts_with(b"MDMP") && Minidump::parse(source).is_ok()
}

fn stays_as_it_is(source: &[u8], what: &str) -> bool {
    let (out, report) = hooked(source, "as-is", Hooks::new());
    assert!(out == source, "{what} is not the same without hooks");
    assert_eq!(report.size, source.len() as u64, "{what}");
    let is_copied = |stream: &StreamReport| stream.outcome == Outcome::Copied;
    assert!(report.streams.iter().all(is_copied), "{what}: {:?}", report.streams);
    moves_and_stays_the_same(source, what)
}

/// Ignores streams whose bytes contain file offsets.
fn only_the_stream_is_new(mut found: Vec<String>, what: &str) {
    let with_positions = WITH_POSITIONS.map(|kind| format!(": ({kind:x}, "));
    found.retain(|line| !with_positions.iter().any(|kind| line.contains(kind)) && !line.contains("10042"));
    let is_header = |line: &String| line.starts_with("- Header") || line.starts_with("+ Header");
    let header = found.iter().filter(|line| is_header(line)).count();
    found.retain(|line| !is_header(line));
    assert_eq!(header, 2, "{what}: {found:#?}");
    assert_eq!(found, [""; 0], "{what}");
}

/// Adds a stream, which moves everything after the directory. Returns false if there is nothing to compare with.
fn moves_and_stays_the_same(source: &[u8], what: &str) -> bool {
    let directory = u32::from_le_bytes(source[12..16].try_into().expect("it has 4 bytes"));
    let entries = u32::from_le_bytes(source[8..12].try_into().expect("it has 4 bytes"));
    if directory < 32 && entries > 0 {
        let dump = Dump::parse(source).expect("it is a dump");
        let hooks = Hooks::new().add_stream(StreamType(NEW), &b"new"[..]);
        let error = Redump::with_hooks(&dump, &Options::as_is(), hooks).expect_err("nothing can move");
        assert!(error.to_string().contains("a dump whose directory overlaps its header"), "{what}: {error}");
        return false;
    }
    let (out, _) = hooked(source, "as-is", Hooks::new().add_stream(StreamType(NEW), &b"thirteen byte"[..]));
    // The plain decoder panics on dumps that were broken on purpose.
    let found = catch_unwind(|| differences(source, &out, Positions::DoNotMatter));
    let Ok(found) = found else { return false };
    if what == SHARED_BYTES {
        return false;
    }
    only_the_stream_is_new(found, what);
    let [before, after] = [source, &out].map(|bytes| Minidump::parse(bytes).expect("it is a minidump"));
    let mut vendor = vendor_content(&after);
    vendor.retain(|line| !line.starts_with(&StreamType(NEW).to_string()));
    assert!(vendor_content(&before) == vendor, "{what}");
    let ranges = |dump: &Minidump<'_>| {
        let memory = dump.memory();
        memory.visible_ranges().map(|range| (range.address, range.bytes().map(<[u8]>::to_vec).ok())).collect::<Vec<_>>()
    };
    assert!(ranges(&before) == ranges(&after), "{what}");
    assert_eq!(after.raw_stream(StreamType(NEW)).map(|stream| stream.bytes()), Some(&b"thirteen byte"[..]), "{what}");
    let count = |bytes: &[u8]| findings(bytes).len();
    assert!(count(&out) <= count(source), "{what}: {:?} {:?}", findings(source), findings(&out));
    true
}

fn fixtures_stay_as_they_are() {
    let dumps = fixtures::all().chain([("quick-start", fixtures::QUICK_START)]);
    let mut count = 0;
    for (name, source) in dumps.filter(|(_, source)| is_little_minidump(source)) {
        assert!(stays_as_it_is(source, name), "{name}");
        count += 1;
    }
    assert!(count > 20);
}

fn golden_dumps_stay_as_they_are(shared: &Shared) {
    // Each set has dumps of a process, and re-encodings of them by an engine.
    let names = golden::wanted().into_iter().chain([golden::COMPRESSED.to_owned(), golden::WOW64_SMALLEST.to_owned()]);
    let mut count = 0;
    for name in names {
        let source = shared.golden(&name);
        // The large ones have nothing that the small ones lack, except for their memory.
        if is_little_minidump(&source)
            && (source.len() < 4 << 20 || name.ends_with("/ma.dmp") || name.contains("compressed"))
        {
            assert!(stays_as_it_is(&source, &name), "{name}");
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

fn the_corpus_stays_as_it_is(shared: &Shared) {
    let mut count = 0;
    for row in shared.corpus() {
        let source = shared.corpus_file(&row);
        if is_little_minidump(&source) {
            count += usize::from(stays_as_it_is(&source, &row.file));
        }
    }
    assert!(count > 70, "{count}");
}

fn a_dump_of_everything_stays_as_it_is() {
    for filler in [0, 3, 64] {
        let form = Form { big_endian: false, filler };
        let source = form.build(everything_of_all_producers(form));
        assert!(stays_as_it_is(&source, &format!("filler {filler}")));
        assert!(Dump::parse(&source).is_ok());
    }
}

/// Cut at any offset, and with every byte of tables and records changed in turn.
fn damaged_dumps_stay_as_they_are() {
    let form = Form { big_endian: false, filler: 0 };
    let whole = form.build(everything_of_all_producers(form));
    let check = |source: &[u8], what: &str| {
        if Minidump::parse(source).is_err() {
            return;
        }
        assert!(hooked(source, "as-is", Hooks::new()).0 == source, "{what}");
        let hooks = Hooks::new()
            .keep_modules(|module| module.base() % 2 == 0)
            .keep_threads(|thread| thread.id() % 2 == 0)
            .map_module(|_, new| {
                new.rename("renamed").set_code_view(*b"NB10");
            })
            .map_exception(|_, new| {
                new.set_context([1; 8]);
            })
            .name_thread(1, "named")
            .add_stream(StreamType(NEW), &b"new"[..]);
        let dump = Dump::parse(source).expect("it is a dump");
        // A size may be too large for 32-bit offsets.
        let Ok(redump) = Redump::with_hooks(&dump, &Options::as_is(), hooks) else { return };
        let mut out = Vec::new();
        redump.write_to(&mut out).expect("a vector accepts every write");
        let dump = Minidump::parse(&out).expect("it is a minidump");
        let is_new = |stream: RawStream<'_>| stream.stream_type() == StreamType(NEW) && stream.bytes() == b"new";
        assert!(dump.raw_streams().any(is_new), "{what}");
        walk(&out).expect("it can be walked");
    };
    (32..whole.len()).step_by(37).for_each(|size| check(&whole[..size], &format!("{size} bytes")));
    for at in (8..whole.len()).step_by(5) {
        for byte in [0, 0x7f, 0xff] {
            let mut source = whole.clone();
            source[at] = byte;
            check(&source, &format!("{byte:#x} at {at:#x}"));
        }
    }
}

fn refusal(source: &[u8], options: &Options) -> String {
    let dump = Dump::parse(source).expect("it is a dump");
    format!("{:?}", Redump::new(&dump, options).expect_err("it is refused"))
}

fn big_endian_dumps_and_full_user_dumps_are_refused() {
    let form = Form { big_endian: true, filler: 0 };
    let big = form.build(everything_of_all_producers(form));
    assert!(refusal(&big, &Options::as_is()).contains("big-endian"));
    assert!(refusal(fixtures::FULL_USER_DUMP, &Options::as_is()).contains("full user dump"));
}

fn no_other_option_goes_with_it() {
    let source = fixtures::QUICK_START;
    for options in [Options::as_is().compressed(), Options::as_is().identify(), Options::as_is().with_made_up_records()]
    {
        assert!(refusal(source, &options).contains("it can be combined only with a comment"), "{options:?}");
    }
    assert!("/m as-is".parse::<Options>().is_err());
    for word in ["as-is", "/as-is", "-as-is"] {
        assert_eq!(word.parse::<Options>().expect("it is known"), Options::as_is());
    }
    assert_eq!(Options::as_is().to_string(), "/as-is");
    let commented = Options::as_is().with_comment("kept");
    let mut out = Vec::new();
    userdump::redump(&Dump::parse(source).expect("it is a dump"), &commented, &mut out).expect("it is written");
    let comments: Vec<_> = Minidump::parse(&out).expect("it is valid").raw_streams().collect();
    assert!(comments.iter().any(|stream| stream.stream_type() == StreamType::COMMENT_W));
}
