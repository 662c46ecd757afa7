//! Directory, flags, threads and their names, modules, and other streams.

use libtest_mimic::Trial;
use userdump::format::{MinidumpType, StreamType};
use userdump::read::system::TokenInfoList;
use userdump::read::text::{CommentA, CommentW};
use userdump::read::thread::ThreadNames;

use super::readme::flags_asked;
use super::{NAMES, Planted, Sample};
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![slots_are_those_that_are_known, flags_are_those_that_are_known]
}

/// The order of the streams; user streams follow.
const ORDER: [u32; 14] = [3, 17, 4, 19, 5, 9, 16, 6, 7, 15, 21, 22, 24, 0];

/// 12 slots, one more each for an exception, `800`, `1000`, `40000` and each user stream, two for `4`; unused ones are
/// zero, at the end.
fn slots_are_those_that_are_known(shared: &Shared) {
    for name in NAMES {
        let sample = Sample::read(shared, name);
        let kinds = sample.kinds();
        let of_user: Vec<u32> = kinds.iter().copied().filter(|kind| !ORDER.contains(kind)).collect();
        let asked = flags_asked(shared, name);
        let more = [0x800, 0x1000, 0x4_0000].into_iter().filter(|flag| asked & flag != 0).count();
        let handles = if asked & 4 != 0 { 2 } else { 0 };
        let slots = 12 + more + handles + usize::from(kinds.contains(&6)) + of_user.len();
        assert_eq!(kinds.len(), slots, "{name}");
        let used: Vec<u32> = kinds.iter().copied().take_while(|kind| *kind != 0).collect();
        assert!(kinds[used.len()..].iter().all(|kind| *kind == 0), "{name}");
        let ordered: Vec<u32> = ORDER.into_iter().filter(|kind| used.contains(kind)).chain(of_user).collect();
        assert_eq!(used, ordered, "{name}");
        let unused = sample.dump().directory().iter().filter(|entry| entry.stream_type == StreamType::UNUSED);
        assert!(unused.map(|it| it.location).all(|it| (it.data_size, it.rva) == (0, 0)), "{name}");
        let expected: &[&str] = match name {
            "exception-of-unlisted-thread" => &["exception-thread-missing"],
            "callback-threads-excluded" => &["list-truncated", "name-unreadable"],
            _ => &[],
        };
        for code in expected {
            assert!(sample.findings().contains(code), "{name}: {:?}", sample.findings());
        }
        let others: Vec<_> = sample.findings().into_iter().filter(|code| !expected.contains(code)).collect();
        assert_eq!(others, [""; 0], "{name}");
    }
}

/// `100000` adds `80`; `400` clears `2` and `40`, and full memory has added `20000` by then.
fn flags_are_those_that_are_known(shared: &Shared) {
    for name in NAMES {
        let asked = flags_asked(shared, name);
        let expected = match asked {
            0x402 => 0x2_0400,
            _ if asked & 0x10_0000 != 0 => asked | 0x80,
            _ => asked,
        };
        let sample = Sample::read(shared, name);
        assert_eq!(sample.dump().flags().bits(), expected, "{name}");
        assert_eq!((sample.dump().header().version, sample.dump().header().check_sum), (0xa043_a793, 0), "{name}");
    }
}

pub fn eight_of_twelve(shared: &Shared) {
    let kinds = Sample::read(shared, "normal").kinds();
    assert_eq!((kinds.len(), kinds.iter().filter(|kind| **kind != 0).count()), (12, 8));
}

pub fn no_exception(shared: &Shared) {
    let sample = Sample::read(shared, "normal");
    assert!(!sample.has_stream(StreamType::EXCEPTION));
    assert_eq!(sample.dump().exceptions().count(), 0);
    assert_eq!(sample.dump().crashed_thread_id(), None);
}

fn suspend_counts(sample: &Sample) -> Vec<i32> {
    sample.dump().threads().map(|thread| thread.raw().suspend_count as i32).collect()
}

pub fn six_threads(shared: &Shared) {
    assert_eq!(suspend_counts(&Sample::read(shared, "normal")), [-1; 6]);
}

/// In the process that all dumps but one are of; no thread of the other one is suspended.
pub fn suspended_thread(shared: &Shared) {
    for name in ["x86-normal", "x86-exception", "x86-xstate", "x86-triage-exception"] {
        assert_eq!(suspend_counts(&Sample::read(shared, name)), [0, 0, 0, 0, 0, 1], "{name}");
    }
    assert_eq!(suspend_counts(&Sample::read(shared, "x86-self-crash")), [0; 4]);
}

fn names(sample: &Sample) -> Vec<(u32, String)> {
    let names: ThreadNames<'_> = sample.dump().stream().expect("it is valid").expect("it is present");
    let text = |name: userdump::read::thread::ThreadName<'_>| name.name().expect("it is present").to_string();
    names.iter().map(|name| (name.thread_id(), text(name))).collect()
}

pub fn two_names(shared: &Shared) {
    let planter = u32::try_from(Planted::read(shared, false).at("planter_tid")).expect("it is an ID");
    let names = names(&Sample::read(shared, "normal"));
    assert_eq!(names.len(), 2);
    assert_eq!((names[0].1.as_str(), names[1].clone()), ("the other one", (planter, "planter".to_owned())));
}

/// The texts are those that the writing program passed, `mdwd.c`.
pub fn of_the_user(shared: &Shared) {
    let sample = Sample::read(shared, "user-streams");
    let kinds = sample.kinds();
    let names = kinds.iter().position(|kind| *kind == StreamType::THREAD_NAMES.0).expect("it is present");
    assert_eq!(kinds[names + 1..][..4], [10, 0x1_0001, 11, 0]);
    let dump = sample.dump();
    let comment: CommentA<'_> = dump.stream().expect("it is valid").expect("it is present");
    assert_eq!(comment.to_string(), "a comment of the user");
    let comment: CommentW<'_> = dump.stream().expect("it is valid").expect("it is present");
    assert_eq!(comment.to_string(), "WIDE");
    let stream = dump.raw_stream(StreamType(0x1_0001)).expect("it is present");
    assert_eq!(stream.bytes().len(), 40);
    assert_eq!(stream.bytes(), [b"BLOB-OF-THE-USER".as_slice(), &[0; 24]].concat());
}

pub fn sixteen_slots(shared: &Shared) {
    assert_eq!(Sample::read(shared, "user-streams").kinds().len(), 16);
}

/// Besides the four that no dump uses, the two that were reserved for handles and unloaded modules.
pub fn unfilled_slots(shared: &Shared) {
    let sample = Sample::read(shared, "wide-1965");
    assert!(!sample.has_stream(StreamType::HANDLE_DATA) && !sample.has_stream(StreamType::UNLOADED_MODULE_LIST));
    let kinds = sample.kinds();
    assert_eq!((kinds.len(), kinds.iter().filter(|kind| **kind == 0).count()), (16, 4 + 2));
}

pub fn token(shared: &Shared) {
    let sample = Sample::read(shared, "token");
    let dump = sample.dump();
    assert_eq!(dump.raw_stream(StreamType::TOKEN).expect("it is present").bytes().len(), 744);
    let tokens: TokenInfoList<'_> = dump.stream().expect("it is valid").expect("it is present");
    assert_eq!(tokens.iter().count(), 1);
}

pub fn without_full_memory(shared: &Shared) {
    let sample = Sample::read(shared, "without-optional-full");
    let flags = sample.dump().flags();
    assert_eq!(flags.bits(), 0x2_0400);
    assert!(!flags.contains(MinidumpType::WITH_FULL_MEMORY));
    assert!(!sample.has_stream(StreamType::MEMORY64_LIST) && sample.has_stream(StreamType::MEMORY_LIST));
}

pub fn damaged_names(shared: &Shared) {
    let (sample, all) = (Sample::read(shared, "callback-threads-excluded"), Sample::read(shared, "normal"));
    let planter = Planted::read(shared, false).at("planter_tid");
    let dump = sample.dump();
    let threads: Vec<u64> = dump.threads().map(|thread| thread.id().into()).collect();
    assert_eq!(threads, [planter]);
    // All six threads of the process have their stacks in it.
    let whole = all.dump();
    let stacks: Vec<_> = whole.threads().map(|thread| thread.raw().stack).collect();
    assert_eq!(stacks.len(), 6);
    for stack in stacks {
        assert!(sample.has_range(stack.start_of_memory_range, stack.memory.data_size.into()), "{stack:?}");
    }
    let names: ThreadNames<'_> = dump.stream().expect("it is read").expect("it is present");
    assert_eq!(dump.raw_stream(StreamType::THREAD_NAMES).expect("it is present").declared_size(), 16);
    assert_eq!((names.declared_len(), names.len()), (2, 1));
    assert!(names.fault().expect("a row is missing").is_truncated());
    let name = names.get(0).expect("a row is present");
    let is_excluded = |id: u32| u64::from(id) != planter && whole.threads().any(|thread| thread.id() == id);
    assert!(is_excluded(name.thread_id()));
    assert_eq!(name.raw().rva_of_thread_name, 0);
    assert!(name.name().is_err());
    assert_eq!(sample.findings(), ["list-truncated", "name-unreadable"]);
}

/// `RSDS`, GUID, age, and eleven letters with a NUL.
pub fn debug_records(shared: &Shared) {
    for name in ["self-crash", "self-crash-by-other-thread", "x86-self-crash"] {
        let sample = Sample::read(shared, name);
        let mut with_record = Vec::new();
        for module in sample.dump().modules().iter() {
            let path = module.name().expect("it is present").to_string();
            let Some(record) = module.code_view_record().expect("it is in the file") else { continue };
            assert_eq!(record.len(), 36, "{path}");
            assert!(record.starts_with(b"RSDS") && record.ends_with(b".pdb\0"), "{path}");
            let file = path.rsplit('\\').next().expect("it has a name").to_owned();
            assert_eq!(&record[24..], file.replace(".dll", ".pdb\0").as_bytes());
            with_record.push(file);
        }
        with_record.sort_unstable();
        assert_eq!(with_record, ["dbgcore.dll", "dbghelp.dll"], "{name}");
    }
}

/// Of the modules that the 32-bit library lists for the same program, it has only the program itself.
pub fn no_narrow_modules(shared: &Shared) {
    let (sample, narrow) = (Sample::read(shared, "wow64-normal"), Sample::read(shared, "x86-normal"));
    let modules = |sample: &Sample| -> Vec<(u64, String)> {
        let list = sample.dump().modules();
        list.iter().map(|it| (it.raw().base_of_image, it.name().expect("it is present").to_string())).collect()
    };
    let listed = modules(&sample);
    let (present, absent): (Vec<_>, Vec<_>) = modules(&narrow).into_iter().partition(|it| listed.contains(it));
    assert_eq!(present.iter().map(|it| it.1.as_str()).collect::<Vec<_>>(), ["C:\\d\\plant32.exe"]);
    assert!(absent.len() == 3 && absent.iter().all(|it| listed.iter().all(|module| module.0 != it.0)), "{absent:x?}");
}
