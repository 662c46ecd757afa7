//! Re-encodings with compressed memory: the same content as the plain ones, whatever the source, the letters and the
//! hooks.

use std::io::Cursor;

use libtest_mimic::{Completion, Trial};
use userdump::format::{MinidumpType, StreamType};
use userdump::redump::{Hooks, Options, Redump, Report};
use userdump::{Dump, RedumpError};
use userdump_walk::compressed::{self, Compressed};

use super::{mixed, threads};
use crate::support::cpu::pattern;
use crate::support::everything::everything;
use crate::support::facts::Facts;
use crate::support::fixtures::{self, FULL_USER_DUMP, QUICK_START};
use crate::support::forms::Form;
use crate::support::redumped::{faults, parsed};
use crate::support::{Shared, golden, trials};
use crate::synth::{Dump as Synth, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        compressing_commutes_with_re_encoding,
        compressing_commutes_with_re_encoding_the_corpus,
        compressing_commutes_with_re_encoding_golden_dumps,
        hooks_and_comments_change_the_same,
        what_is_redacted_is_redacted_once,
        memory_that_changes_while_it_is_written_is_an_error,
        flags_of_compressed_dumps_are_those_of_the_options,
        a_full_user_dump_is_not_compressed,
        a_result_without_memory_is_not_compressed,
    ]
}

/// Letters for each kind of memory, and those that change its contents.
const LETTERS: [&str; 13] =
    ["/m", "/ma", "/mA", "/mf", "/mi", "/mp", "/mw", "/mcd", "/mFhtu", "/mr", "/mR", "/my", "/mcdFhiprRtuwy"];

/// Writes to a file with two threads and to a pipe with one, and checks the report.
fn written<'a>(
    source: &'a [u8],
    options: &Options,
    hooks: impl Fn() -> Hooks<'a>,
) -> Result<(Vec<u8>, Report), RedumpError> {
    let dump = Dump::parse(source).expect("the source is a dump");
    let planned = || Redump::with_hooks(&dump, options, hooks());
    let redump = planned()?.with_threads(threads(2));
    let (most, promised) = (redump.size(), redump.report().clone());
    let mut file = Cursor::new(Vec::new());
    let report = redump.write_to_seekable(&mut file)?;
    let file = file.into_inner();
    let mut pipe = Vec::new();
    let of_pipe = planned()?.with_threads(threads(1)).write_to(&mut pipe)?;
    assert!(pipe == file && report == of_pipe, "{options}: a different file is written to a pipe");
    assert_eq!(report.size, file.len() as u64);
    assert_eq!((promised.size, report.size <= most), (most, true), "{options}: {} of {most}", report.size);
    let (before, after) = (promised.compressed, report.compressed);
    assert_eq!(before.is_some(), after.is_some());
    if let Some((before, after)) = before.zip(after) {
        assert!(after.compressed_size <= before.compressed_size);
        let facts = Facts::of(&file);
        let found = Compressed::of(&facts).expect("the report has it");
        let numbers = (found.regions.len() as u64, found.buckets.len() as u64, found.words[6], found.words[7]);
        assert_eq!((after.regions, after.buckets, after.size, after.compressed_size), numbers);
        assert_eq!(report.memory_bytes, after.size);
    }
    // Except for these numbers, the report is the same before and after.
    let mut expected = promised;
    (expected.size, expected.compressed) = (report.size, report.compressed);
    assert!(expected == report, "{options}");
    Ok((file, report))
}

/// Compares a compressed result with the plain one. Returns whether there is a result.
fn check<'a>(source: &'a [u8], options: &Options, hooks: impl Fn() -> Hooks<'a>) -> bool {
    let plain = written(source, options, &hooks);
    let packed = written(source, &options.clone().compressed(), &hooks);
    match (plain, packed) {
        (Ok((plain, report)), Ok((packed, of_packed))) => {
            compressed::check(&plain, &packed);
            assert_eq!(report.compressed, None);
            let mut expected = report;
            (expected.size, expected.compressed) = (of_packed.size, of_packed.compressed);
            expected.streams_written.clone_from(&of_packed.streams_written);
            assert!(expected == of_packed, "{options}: a different report");
            true
        }
        (Err(plain), Err(packed)) => {
            assert_eq!(plain.to_string(), packed.to_string());
            false
        }
        (plain, packed) => panic!("{options}: {:?}, {:?}", plain.map(drop), packed.map(drop)),
    }
}

fn all_letters(source: &[u8]) -> usize {
    LETTERS.iter().filter(|letters| check(source, &parsed(letters), Hooks::new)).count()
}

fn compressing_commutes_with_re_encoding() {
    let mut count = [QUICK_START, FULL_USER_DUMP].into_iter().map(all_letters).sum::<usize>();
    for form in Form::ALL {
        count += all_letters(&form.build(everything(form)));
    }
    for redump in fixtures::redumps() {
        count += usize::from(check(redump.source_bytes(), &parsed(&redump.options), Hooks::new));
    }
    assert!(count > 100, "{count} results");
    println!("{count} results");
}

fn compressing_commutes_with_re_encoding_the_corpus(shared: &Shared) {
    let rows = shared.corpus();
    let count: usize = rows.iter().map(|row| all_letters(&shared.corpus_file(row))).sum();
    assert!(count > rows.len() * LETTERS.len() / 2, "{count} results");
    println!("{count} results");
}

fn compressing_commutes_with_re_encoding_golden_dumps(shared: &Shared) {
    for set in golden::SETS {
        let source = shared.golden(&format!("{set}/ma.dmp"));
        for letters in ["/ma", "/mcdFhiptuw", "/m"] {
            assert!(check(&source, &parsed(letters), Hooks::new), "{set}: {letters}");
        }
    }
}

fn process() -> Vec<u8> {
    let dump = Synth::new().system_info(SystemInfo::default());
    let dump = dump.thread(Thread::new(1).stack(Stack::stored(0x5000, pattern(0x5000, 0x100))));
    let dump = dump.memory64(0x10_0000, mixed(9 << 20, 10));
    dump.memory64(0x400_0000, pattern(0x400_0000, 0x1003)).raw(0x1_0001, "private").build()
}

fn hooks_and_comments_change_the_same() {
    let source = process();
    let hooks = || {
        Hooks::new()
            .blank([0x11_0000..0x51_0000, 0x400_0003..0x400_0005])
            .add_stream(StreamType(0x1_0002), &b"added"[..])
            .add_memory(0x400_0000, 0x100)
            .keep_streams(|stream| stream.stream_type() != StreamType(0x1_0001))
            .redact(|address, _, bytes| {
                let changed = bytes.iter_mut().zip(address..).filter(|(_, at)| at % 1000 < 10);
                changed.for_each(|(byte, _)| *byte = b'#');
            })
    };
    for letters in ["/ma", "/m", "/mw", "/mrR"] {
        assert!(check(&source, &parsed(letters).with_comment("a comment"), hooks));
    }
}

/// A redactor may count, and return something else each time.
fn what_is_redacted_is_redacted_once() {
    let source = process();
    let dump = Dump::parse(&source).expect("it is a dump");
    let options = parsed("/ma").compressed();
    let mut files = Vec::new();
    for is_pipe in [true, false] {
        let mut bytes_seen = 0usize;
        let hooks = Hooks::new().redact_with_overlap(0, |_, _, bytes| {
            bytes_seen += bytes.len();
            bytes[0] = (bytes_seen >> 16) as u8;
        });
        let redump = Redump::with_hooks(&dump, &options, hooks).expect("it can be re-encoded");
        let mut file = Cursor::new(Vec::new());
        let report = match is_pipe {
            true => redump.write_to(file.get_mut()),
            false => redump.write_to_seekable(&mut file),
        };
        assert_eq!(report.expect("a vector accepts every write").memory_bytes, bytes_seen as u64, "pipe: {is_pipe}");
        files.push(file.into_inner());
    }
    assert!(files[0] == files[1]);
}

#[cfg(not(target_os = "linux"))]
fn memory_that_changes_while_it_is_written_is_an_error() -> Completion {
    Completion::ignored_with("a mapped file cannot be written to")
}

/// What is written twice may no longer fit into its place.
#[cfg(target_os = "linux")]
fn memory_that_changes_while_it_is_written_is_an_error() -> Completion {
    use std::os::unix::fs::FileExt;

    use userdump::WriteError;

    let source = process();
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("there is a folder");
    std::fs::write(file.path(), &source).expect("there is room");
    let mapped = userdump::MappedFile::open(file.path()).expect("it was just written");
    let dump = Dump::parse(&mapped).expect("it is a dump");
    let redump = Redump::new(&dump, &parsed("/ma").compressed()).expect("it can be re-encoded");
    let redump = redump.with_progress(|done, total| {
        if done == total / 2 {
            let at = source.len() as u64 - (5 << 20);
            file.as_file().write_all_at(&vec![0; 1 << 20], at).expect("there is room");
        }
    });
    match redump.write_to(std::io::sink()) {
        Err(RedumpError::Write(WriteError::InvalidInput { item, reason })) => {
            assert_eq!(item.name, "bucket");
            assert!(reason.contains("changed"), "{reason}");
        }
        other => panic!("{:?}", other.map(drop)),
    }
    Completion::Completed
}

fn flags_of_compressed_dumps_are_those_of_the_options() {
    for (letters, expected) in [("/m", 0x404_0000), ("/mF", 0x404_0800), ("/mA", 0x466_1824), ("/mw", 0x404_0200)] {
        let options = parsed(letters).compressed();
        assert_eq!(options.minidump_type().bits(), expected, "{letters}");
        let (file, _) = written(QUICK_START, &options, Hooks::new).expect("it can be re-encoded");
        assert_eq!(Facts::of(&file).header.flags, expected, "{letters}");
        let again = Options::from_minidump_type(options.minidump_type()).expect("letters exist for it");
        assert!(again.is_compressed() && again.minidump_type() == options.minidump_type());
    }
    let both = MinidumpType::WITH_FULL_MEMORY | MinidumpType::WITH_MEMORY_COMPRESSED;
    assert!(matches!(Options::from_minidump_type(both), Err(RedumpError::UnsupportedFlags { bits: 0x400_0000 })));
}

fn a_full_user_dump_is_not_compressed() {
    let options = Options::full_user_dump().forced().compressed();
    assert_eq!(options.minidump_type(), MinidumpType::empty());
    let error = Redump::new(&Dump::parse(QUICK_START).expect("it is a dump"), &options).expect_err("it is refused");
    let RedumpError::Write(error) = error else { panic!("{error:?}") };
    assert_eq!(error.to_string(), "full user dump: the format does not support compressed memory");
}

fn a_result_without_memory_is_not_compressed() {
    let hooks = || Hooks::new().keep_streams(|stream| stream.stream_type() != StreamType::MEMORY_LIST);
    let options = parsed("/m").compressed();
    let (packed, report) = written(QUICK_START, &options, hooks).expect("it can be re-encoded");
    let (plain, _) = written(QUICK_START, &parsed("/m"), hooks).expect("it can be re-encoded");
    assert_eq!((report.compressed, report.memory_bytes), (None, 0));
    assert!(packed == plain);
    assert_eq!(faults(&packed), [""; 0]);
}
