//! Crash reasons in words: numbers and names from hand-made dumps, and the answers of another reader for the corpus.

mod addresses;
mod raised;

use libtest_mimic::Trial;
use minidump::{Minidump as Peer, MinidumpException, MinidumpSystemInfo};
use userdump::Minidump;
use userdump::format::exception::ExceptionFlags;
use userdump::read::exception::{Access, CrashReason, WindowsDetail};

use crate::support::{Shared, trials};
use crate::synth::{Dump, Exception, SystemInfo};

pub fn trials() -> Vec<Trial> {
    let here = trials![
        windows_codes_have_names_and_details,
        parameters_are_decoded,
        flags_are_those_of_windows,
        signals_and_their_codes_have_names,
        mach_exceptions_and_their_codes_have_names,
        other_systems_keep_the_numbers,
        corpus_reasons_are_those_of_another_reader,
        every_reason_in_the_corpus_is_that_of_the_peer,
    ];
    [here, addresses::trials(), raised::trials()].into_iter().flatten().collect()
}

const WINDOWS: u32 = 2;
const LINUX: u32 = 0x8201;
const MAC: u32 = 0x8101;

/// A dump with one exception: its code, flags and parameters.
fn dump(architecture: u16, platform: u32, (code, flags): (u32, u32), parameters: &[u64]) -> Vec<u8> {
    let system = SystemInfo { architecture, platform, ..SystemInfo::default() };
    let mut information = [0; 15];
    information[..parameters.len()].copy_from_slice(parameters);
    let exception = Exception { code, flags, parameters: parameters.len() as u32, information, ..Exception::default() };
    Dump::new().system_info(system).exception(exception).build()
}

fn reason(architecture: u16, platform: u32, numbers: (u32, u32), parameters: &[u64]) -> CrashReason {
    let bytes = dump(architecture, platform, numbers, parameters);
    let dump = Minidump::parse(&bytes).expect("it is sound");
    let mut exceptions = dump.exceptions();
    exceptions.next().expect("there is one").expect("it is sound").reason()
}

fn check(platform: u32, numbers: (u32, u32), parameters: &[u64], text: &str) {
    assert_eq!(reason(9, platform, numbers, parameters).to_string(), text);
}

fn windows_codes_have_names_and_details() {
    check(WINDOWS, (0xc000_0005, 0), &[1, 0x1234], "ACCESS_VIOLATION (0xc0000005) writing 0x1234");
    check(WINDOWS, (0xc000_0005, 0), &[0, 0], "ACCESS_VIOLATION (0xc0000005) reading 0x0");
    check(WINDOWS, (0xc000_0005, 0), &[8, 7], "ACCESS_VIOLATION (0xc0000005) executing 0x7");
    check(WINDOWS, (0xc000_0005, 0), &[3, 7], "ACCESS_VIOLATION (0xc0000005) access 3 to 0x7");
    // Without its parameters only the code is known.
    check(WINDOWS, (0xc000_0005, 0), &[1], "ACCESS_VIOLATION (0xc0000005)");
    check(
        WINDOWS,
        (0xc000_0006, 0),
        &[0, 0x7000, 0xffff_ffff_c000_009c],
        "IN_PAGE_ERROR (0xc0000006) reading 0x7000, DEVICE_DATA_ERROR (0xc000009c)",
    );
    check(WINDOWS, (0xc000_0409, 1), &[7], "STACK_BUFFER_OVERRUN (0xc0000409), FATAL_APP_EXIT (7)");
    check(WINDOWS, (0x8000_0003, 0), &[], "BREAKPOINT (0x80000003)");
    check(WINDOWS, (0x8000_0004, 0), &[], "SINGLE_STEP (0x80000004)");
    check(WINDOWS, (0x4001_0005, 0), &[], "DBG_CONTROL_C (0x40010005)");
    check(WINDOWS, (0xc000_0374, 0), &[], "HEAP_CORRUPTION (0xc0000374)");
    check(WINDOWS, (0x8000_0001, 0), &[0, 0x1000], "GUARD_PAGE_VIOLATION (0x80000001) reading 0x1000");
    check(WINDOWS, (0xc000_00fd, 0), &[1, 0x1000], "STACK_OVERFLOW (0xc00000fd) writing 0x1000");
    check(WINDOWS, (0xe000_0008, 0), &[], "CHROMIUM_OUT_OF_MEMORY (0xe0000008)");
    check(WINDOWS, (0xe000_0008, 1), &[4096], "CHROMIUM_OUT_OF_MEMORY (0xe0000008) allocating 4096 bytes");
    check(WINDOWS, (0x1234_5678, 0), &[], "0x12345678");
    check(WINDOWS, (0xffff_ffff, 0), &[], "0xffffffff");
    check(WINDOWS, (0, 0), &[], "SUCCESS (0)");
}

fn parameters_are_decoded() {
    let CrashReason::Windows { code, detail } = reason(0, WINDOWS, (0xc000_0005, 0), &[1, 0xffff_ffff_9000_1234])
    else {
        panic!("it is a Windows dump");
    };
    assert_eq!(code, 0xc000_0005);
    // The debugger writes 32-bit addresses sign-extended.
    assert_eq!(detail, WindowsDetail::Access { access: Access::Write, address: 0x9000_1234 });
    for (architecture, address) in [(0, "0x90001234"), (9, "0xffffffff90001234")] {
        let of = |code, parameters: &[u64]| reason(architecture, WINDOWS, (code, 0), parameters).to_string();
        let high = 0xffff_ffff_9000_1234;
        assert_eq!(of(0xc000_0005, &[1, high]), format!("ACCESS_VIOLATION (0xc0000005) writing {address}"));
        assert_eq!(
            of(0xc000_0006, &[0, high, 0xc000_009c]),
            format!("IN_PAGE_ERROR (0xc0000006) reading {address}, DEVICE_DATA_ERROR (0xc000009c)")
        );
    }
    // Three parameters on 32-bit processors, four on others. The first is the version of the compiler.
    let thrown = |architecture, parameters: &[u64]| match reason(architecture, WINDOWS, (0xe06d_7363, 1), parameters) {
        CrashReason::Windows { detail, .. } => detail,
        other => panic!("it is a Windows dump: {other:?}"),
    };
    let detail = WindowsDetail::CppException { object: 0x9001_0000, throw_info: 0x40_2000 };
    assert_eq!(thrown(0, &[0x1993_0520, 0xffff_ffff_9001_0000, 0x40_2000]), detail);
    let detail = WindowsDetail::CppException { object: 0x9_1100, throw_info: 0x1_4000_2000 };
    assert_eq!(thrown(9, &[0x1993_0520, 0x9_1100, 0x1_4000_2000, 0x1_4000_0000]), detail);
    assert_eq!(thrown(9, &[0x1993_0520, 0x9_1100]), WindowsDetail::None);
    assert_eq!(thrown(9, &[7, 0x9_1100, 0x1_4000_2000]), WindowsDetail::None);
    let breakpoint = reason(9, WINDOWS, (0x8000_0003, 0), &[5, 6, 7]);
    assert_eq!(breakpoint, CrashReason::Windows { code: 0x8000_0003, detail: WindowsDetail::None });
    assert_eq!((breakpoint.name(), breakpoint.number(), breakpoint.code()), (Some("BREAKPOINT"), 0x8000_0003, None));
}

fn flags_are_those_of_windows() {
    let flags = |platform, flags| {
        let bytes = dump(9, platform, (0xc000_0005, flags), &[]);
        let dump = Minidump::parse(&bytes).expect("it is sound");
        dump.exceptions().next().expect("there is one").expect("it is sound").flags()
    };
    assert_eq!(flags(WINDOWS, 0), Some(ExceptionFlags::empty()));
    assert_eq!(flags(WINDOWS, 0x81), Some(ExceptionFlags::NONCONTINUABLE | ExceptionFlags::SOFTWARE_ORIGINATE));
    // An unnamed bit is kept.
    assert_eq!(flags(WINDOWS, 0x8000_0001).map(|flags| flags.bits()), Some(0x8000_0001));
    assert_eq!((flags(LINUX, 1), flags(MAC, 1)), (None, None));
}

fn signals_and_their_codes_have_names() {
    check(LINUX, (11, 1), &[], "SIGSEGV (11), SEGV_MAPERR (1)");
    check(LINUX, (11, 2), &[], "SIGSEGV (11), SEGV_ACCERR (2)");
    check(LINUX, (11, 0x80), &[], "SIGSEGV (11), SI_KERNEL (128)");
    check(LINUX, (6, 0xffff_fffa), &[], "SIGABRT (6), SI_TKILL (0xfffffffa)");
    check(LINUX, (7, 2), &[], "SIGBUS (7), BUS_ADRERR (2)");
    check(LINUX, (4, 1), &[], "SIGILL (4), ILL_ILLOPC (1)");
    check(LINUX, (8, 1), &[], "SIGFPE (8), FPE_INTDIV (1)");
    check(LINUX, (5, 2), &[], "SIGTRAP (5), TRAP_TRACE (2)");
    check(LINUX, (31, 1), &[], "SIGSYS (31), SYS_SECCOMP (1)");
    check(LINUX, (11, 99), &[], "SIGSEGV (11), 99");
    check(LINUX, (99, 1), &[], "99, 1");
    check(LINUX, (0xffff_ffff, 0), &[], "DUMP_REQUESTED (0xffffffff), SI_USER (0)");
    // Solaris uses other numbers from 7 on.
    check(0x8202, (10, 1), &[], "SIGBUS (10), 1");
    check(0x8202, (11, 1), &[], "SIGSEGV (11), 1");
    check(0x8202, (12, 0), &[], "SIGSYS (12), 0");
}

fn mach_exceptions_and_their_codes_have_names() {
    check(MAC, (1, 1), &[], "EXC_BAD_ACCESS (1), KERN_INVALID_ADDRESS (1)");
    check(MAC, (1, 2), &[], "EXC_BAD_ACCESS (1), KERN_PROTECTION_FAILURE (2)");
    check(MAC, (1, 0xd), &[], "EXC_BAD_ACCESS (1), EXC_I386_GPFLT (13)");
    check(MAC, (6, 2), &[], "EXC_BREAKPOINT (6), EXC_I386_BPT (2)");
    check(MAC, (2, 1), &[], "EXC_BAD_INSTRUCTION (2), EXC_I386_INVOP (1)");
    check(MAC, (5, 0xdead_c0de), &[], "EXC_SOFTWARE (5), NS_EXCEPTION (0xdeadc0de)");
    check(MAC, (0x4350_6e78, 0), &[], "CRASHPAD_NS_EXCEPTION (0x43506e78), 0");
    for architecture in [5, 12, 13, 0x8003] {
        let arm = reason(architecture, MAC, (6, 1), &[]);
        assert_eq!(arm.to_string(), "EXC_BREAKPOINT (6), EXC_ARM_BREAKPOINT (1)");
    }
    let guard = reason(12, MAC, (12, 2 << 29), &[]);
    assert_eq!(guard.code_name(), Some("GUARD_TYPE_FD"));
}

fn other_systems_keep_the_numbers() {
    check(0x8206, (0x108, 0), &[], "FATAL_PAGE_FAULT (0x108)");
    check(0x8204, (3, 4), &[], "3, 4");
    assert_eq!(reason(9, 0x8204, (3, 4), &[]), CrashReason::Unknown { code: 3, flags: 4 });
}

/// The reason that rust-minidump 0.27 reports for one dump of each kind that it names. It does not name `SI_USER`.
const BY_ANOTHER_READER: [(&str, &str, Option<&str>); 14] = [
    ("real/breakpad-ascii-read-av.dmp", "ACCESS_VIOLATION", None),
    ("real/breakpad-stack-exhaustion.dmp", "STACK_OVERFLOW", None),
    ("real/breakpad-tiny-exe-fastfail.dmp", "STACK_BUFFER_OVERRUN", Some("FATAL_APP_EXIT")),
    ("real/invalid-parameter.dmp", "INVALID_PARAMETER", None),
    ("real/syzygy-notepad-larger-64bit.dmp", "BREAKPOINT", None),
    // The peer calls it EXCEPTION_BOUNDS_EXCEEDED, the other name of the same code.
    ("real/syzygy-use-after-free.dmp", "ARRAY_BOUNDS_EXCEEDED", None),
    ("real/breakpad-linux-inline-crashpad.dmp", "SIGILL", Some("ILL_ILLOPN")),
    ("real/breakpad-linux-overflow.dmp", "SIGABRT", Some("SI_USER")),
    ("real/chromeos-chrome-20210406.dmp", "SIGSEGV", Some("SEGV_MAPERR")),
    ("real/linux-mini.dmp", "SIGSEGV", Some("SI_USER")),
    ("real/pipeline-inlines-macos-segv.dmp", "EXC_BAD_ACCESS", Some("KERN_INVALID_ADDRESS")),
    ("real/symbolic-crash-macos.dmp", "EXC_BAD_ACCESS", Some("KERN_INVALID_ADDRESS")),
    // Unknown to the peer.
    ("real/breakpad-ios-simulator-crashpad-annotation.dmp", "CRASHPAD_NS_EXCEPTION", None),
    ("synthetic/synth-be-linux-amd64-many-streams.dmp", "SIGSEGV", Some("SI_USER")),
];

fn corpus_reasons_are_those_of_another_reader(shared: &Shared) {
    for (file, name, code_name) in BY_ANOTHER_READER {
        let bytes = shared.read(&format!("corpus/{file}"));
        let dump = Minidump::parse(&bytes).expect("it is sound");
        let mut exceptions = dump.exceptions();
        let reason = exceptions.next().expect("there is one").expect("it is sound").reason();
        assert_eq!((reason.name(), reason.code_name()), (Some(name), code_name), "{file}: {reason}");
    }
}

/// Dumps for which the peer has another name, or none.
const OTHERWISE: [(&str, &str, &str); 3] = [
    ("real/breakpad-ios-simulator-crashpad-annotation.dmp", "unknown 0x43506e78 / 0x00000000", "CRASHPAD_NS_EXCEPTION"),
    // The same code has two names.
    ("real/syzygy-use-after-free.dmp", "BOUNDS_EXCEEDED", "ARRAY_BOUNDS_EXCEEDED"),
    // The peer does not know the signals of Solaris.
    ("synthetic/yaml-solaris-sparc.dmp", "unknown 0x0000000b / 0x00000000", "SIGSEGV"),
];

fn every_reason_in_the_corpus_is_that_of_the_peer(shared: &Shared) {
    let mut compared = 0;
    let mut differences = Vec::new();
    for row in shared.corpus() {
        let file = shared.corpus_file(&row);
        let (Ok(ours), Ok(peer)) = (Minidump::parse(&file), Peer::read(file.as_slice())) else {
            continue;
        };
        // If there are several exceptions, the peer keeps the last one.
        let (Some(Ok(exception)), Ok(system)) =
            (ours.exceptions().next_back(), peer.get_stream::<MinidumpSystemInfo>())
        else {
            continue;
        };
        let theirs = peer.get_stream::<MinidumpException<'_>>().expect("we read it");
        let theirs = theirs.get_crash_reason(system.os, system.cpu).to_string();
        let theirs = theirs.trim_start_matches("EXCEPTION_").trim_start_matches("STATUS_");
        compared += 1;
        let found = in_words_of_the_peer(&exception.reason());
        if found != theirs {
            differences.push((row.file, theirs.to_owned(), found));
        }
    }
    let expected = OTHERWISE.map(|(file, theirs, ours)| (file.to_owned(), theirs.to_owned(), ours.to_owned()));
    assert_eq!(differences, expected);
    assert_eq!(compared, 49);
}

/// The reason without the Windows prefixes, which only the peer uses.
fn in_words_of_the_peer(reason: &CrashReason) -> String {
    let Some(name) = reason.name() else {
        return format!("unknown {:#010x} / {:#010x}", reason.number(), reason.code().unwrap_or(0));
    };
    match (reason, reason.code_name()) {
        // The peer does not read the parameters of a stack overflow or a guard page.
        (CrashReason::Windows { code: 0xc000_0005, detail: WindowsDetail::Access { access, .. } }, _) => {
            let access = match access {
                Access::Read => "READ",
                Access::Write => "WRITE",
                Access::Execute => "EXEC",
                other => panic!("the corpus has {other:?}"),
            };
            format!("{name}_{access}")
        }
        (CrashReason::Windows { .. }, Some(code)) => format!("{name} / FAST_FAIL_{code}"),
        // The code of a signal that was sent is not worth mentioning.
        (_, Some("SI_USER")) => name.to_owned(),
        (_, Some(code)) => format!("{name} / {code}"),
        (CrashReason::Mac { code, .. }, None) if *code != 0 || name.starts_with("EXC_") => {
            format!("{name} / {code:#010x}")
        }
        (_, None) => name.to_owned(),
    }
}
