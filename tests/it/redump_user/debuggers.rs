//! Measured requirements of the debugger for full user dumps, and its measured use of the user shared data page.

use libtest_mimic::Trial;
use userdump::redump::Report;

use super::facts::User;
use super::redumped;
use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::Facts;
use crate::support::trials;
use crate::synth::{Dump, Module, Thread, UserDump, UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        guard_pages_with_bytes_lose_their_guard_bit_in_the_wide_form,
        a_narrow_dump_lists_modules_that_have_images,
        what_every_debugger_refuses_is_refused,
        the_edition_counts_if_the_system_says_that_it_is_valid,
        the_time_is_that_of_the_system,
        contexts_behind_an_empty_table_are_found,
        threads_without_contexts_have_none_in_a_second_pass,
    ]
}

fn count(report: &Report, words: &str) -> u64 {
    report.losses.iter().filter(|loss| loss.what.contains(words)).map(|loss| loss.count).sum()
}

fn guard_pages_with_bytes_lose_their_guard_bit_in_the_wide_form() {
    for wide in [true, false] {
        let (dump, cpu) = if wide { (UserDump::wide(), Cpu::AMD64) } else { (UserDump::narrow(), Cpu::X86) };
        let guarded = UserRegion { protect: 0x104, ..UserRegion::new(0x1000, pattern(0x1000, 0x100)) };
        let thread = UserThread { id: 1, context: cpu.context(0x1010, 0x2010), ..UserThread::default() };
        let dump = dump.thread(thread).region(guarded).memory(0x2000, pattern(0x2000, 0x100)).build();
        let (out, report) = redumped(&dump, "/f").expect("it can be done");
        let user = User::of(&out);
        let regions: Vec<_> = user.regions.iter().map(|it| (it.row.base, it.row.protect, it.bytes.to_vec())).collect();
        let first = if wide { 4 } else { 0x104 };
        assert_eq!(regions, [(0x1000, first, pattern(0x1000, 0x100)), (0x2000, 4, pattern(0x2000, 0x100))]);
        assert_eq!(count(&report, "guard bits"), u64::from(wide));
        assert!(redumped(&out, "/f").expect("it can be done").0 == out, "a second pass changes the dump");
    }
}

fn a_narrow_dump_lists_modules_that_have_images() {
    let minidump = |cpu: Cpu, image: &[u8]| {
        Dump::new()
            .flags(2)
            .system_info(cpu.windows())
            .thread(Thread::new(1).context(cpu.context(0x1010, 0x2010)))
            .module(Module::new(0x40_0000, 0x1000, "C:\\a.exe"))
            .module(Module::new(0x5000_0000, 0x1000, "C:\\b.dll"))
            .memory64(0x1000, pattern(0x1000, 0x100))
            .memory64(0x5000_0000, image)
            .build()
    };
    for (cpu, image, expected, lost) in [
        (Cpu::X86, b"MZ and more".as_slice(), &[0x5000_0000u64][..], 1),
        (Cpu::ARM, b"MZ", &[0x5000_0000], 1),
        (Cpu::X86, b"M", &[0x40_0000, 0x5000_0000], 0),
        (Cpu::X86, b"ZM", &[0x40_0000, 0x5000_0000], 0),
        (Cpu::AMD64, b"MZ", &[0x40_0000, 0x5000_0000], 0),
    ] {
        let (out, report) = redumped(&minidump(cpu, image), "/f").expect("it can be done");
        let bases: Vec<u64> = User::of(&out).modules.iter().map(|module| module.base).collect();
        assert_eq!((bases.as_slice(), count(&report, "without an image")), (expected, lost), "{image:?}");
        // Everything that a full user dump lists is kept.
        assert!(redumped(&out, "/f").expect("it can be done").0 == out, "a second pass changes the dump");
    }
}

/// A file that the debugger was measured to refuse is only written if that is forced, and the check reports it.
fn what_every_debugger_refuses_is_refused() {
    let dump = |cpu: Cpu| Dump::new().flags(2).system_info(cpu.windows());
    let thread = |cpu: Cpu| Thread::new(1).context(cpu.context(0x1010, 0x2010));
    let module = || Module::new(0x40_0000, 0x1000, "C:\\a.exe");
    let memory = |dump: Dump, first: &[u8]| dump.memory64(0x40_0000, [first, &[0; 62]].concat());
    for (cpu, first, is_refused) in
        [(Cpu::X86, b"no", true), (Cpu::ARM, b"MX", true), (Cpu::X86, b"MZ", false), (Cpu::AMD64, b"no", false)]
    {
        let source = memory(dump(cpu).thread(thread(cpu)).module(module()), first).build();
        let (forced, _) = redumped(&source, "/f").expect("it is forced");
        let mut out = Vec::new();
        let options = userdump::redump::Options::full_user_dump();
        match userdump::redump(&userdump::Dump::parse(&source).unwrap(), &options, &mut out) {
            Ok(_) => assert!(!is_refused && out == forced),
            Err(error) => {
                let expected = "every debugger would reject a full user dump of this source: \
                                none of its modules has an image in memory";
                assert!(is_refused && out.is_empty());
                assert_eq!(error.to_string(), expected);
            }
        }
        let mut found = Vec::new();
        let read = userdump::read::FullUserDump::parse(&forced).expect("the header is sound");
        read.check(&mut |finding| found.push(finding.code.as_str()));
        assert_eq!(found.contains(&"image-missing"), is_refused, "{found:?}");
    }
    let cpu = Cpu::AMD64;
    let reasons = [
        (memory(dump(cpu).module(module()), b"MZ"), "it has no threads"),
        (memory(dump(cpu).thread(thread(cpu)), b"MZ"), "it has no modules"),
        (dump(cpu).thread(thread(cpu)).module(module()), "it has no memory"),
    ];
    for (source, expected) in reasons {
        let source = source.build();
        let options = userdump::redump::Options::full_user_dump();
        match userdump::redump(&userdump::Dump::parse(&source).unwrap(), &options, std::io::sink()) {
            Err(userdump::RedumpError::Refused { reason }) => assert_eq!(reason, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

/// A full user dump with the user shared data page, in which some bytes are set.
fn with_system_page(bytes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut page = vec![0; 0x1000];
    for (at, bytes) in bytes {
        page[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    let thread = UserThread { id: 1, context: Cpu::AMD64.context(0x1010, 0x2010), ..UserThread::default() };
    UserDump::wide().thread(thread).memory(0x7ffe_0000, page).build()
}

fn the_edition_counts_if_the_system_says_that_it_is_valid() {
    // Measured with the debugger engine: the product type in four bytes, of which the lowest counts, and whether it is
    // valid.
    for (number, valid, expected) in [(1u32, 1u8, 1), (3, 1, 3), (2, 0, 0), (300, 1, 44), (0x102, 1, 2), (0, 1, 0)] {
        let dump = with_system_page(&[(0x264, &number.to_le_bytes()), (0x268, &[valid])]);
        let (out, _) = redumped(&dump, "/m").expect("it can be done");
        let system = Facts::of(&out).system_info().expect("every minidump of Windows has it");
        assert_eq!(system.product, expected, "{number} {valid}");
    }
}

fn the_time_is_that_of_the_system() {
    // 2020-01-01 00:00:00 UTC is 132_223_104 * 10^9 units of 100 ns after 1601, and 1_577_836_800 s after 1970.
    let units = 132_223_104_000_000_000u64;
    for (units, expected) in [(units, 1_577_836_800), (units + 9_999_999, 1_577_836_800), (0, 0)] {
        let low_then_high = units.to_le_bytes();
        let (out, _) = redumped(&with_system_page(&[(0x14, &low_then_high)]), "/m").expect("it can be done");
        assert_eq!(Facts::of(&out).header.timestamp, expected, "{units}");
    }
}

/// Found by fuzzing: an empty region table is at the position of the contexts.
fn contexts_behind_an_empty_table_are_found() {
    for wide in [true, false] {
        let dump = if wide { UserDump::wide() } else { UserDump::narrow() };
        let thread = UserThread { id: 1, context: pattern(0, 40), ..UserThread::default() };
        let dump = UserDump { machine: 0x184, ..dump }.thread(thread).build();
        let (out, _) = redumped(&dump, "/f").expect("it can be done");
        let read = userdump::read::FullUserDump::parse(&out).expect("the header is sound");
        assert_eq!(read.header().memory_region_offset, read.header().thread_offset);
        let contexts: Vec<_> =
            read.threads().iter().map(|thread| thread.context().expect("no context is cut")).collect();
        let bytes: Vec<_> = contexts.iter().flatten().map(|context| context.as_bytes()).collect();
        assert_eq!(bytes, [pattern(0, 40)]);
        assert!(redumped(&out, "/f").expect("it can be done").0 == out, "a second pass changes the dump");
    }
}

/// Found by fuzzing: for a processor without known contexts, the state after an empty context was taken for a context.
fn threads_without_contexts_have_none_in_a_second_pass() {
    for wide in [true, false] {
        let dump = if wide { UserDump::wide() } else { UserDump::narrow() };
        let thread = UserThread { id: 1, context: Vec::new(), ..UserThread::default() };
        let dump = UserDump { machine: 0x184, ..dump }.thread(thread).memory(0x2000, pattern(0x2000, 0x100)).build();
        let (out, _) = redumped(&dump, "/f").expect("it can be done");
        assert!(redumped(&out, "/f").expect("it can be done").0 == out, "a second pass changes the dump");
        let read = userdump::read::FullUserDump::parse(&out).expect("the header is sound");
        let contexts: Vec<_> =
            read.threads().iter().map(|thread| thread.context().expect("no context is cut")).collect();
        assert!(matches!(contexts[..], [None]), "{contexts:?}");
    }
}
