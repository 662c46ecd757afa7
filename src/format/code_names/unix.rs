//! Signals of Linux and Solaris, exceptions of Fuchsia.

/// The names of the signals that Linux and Solaris number alike.
const SHARED_SIGNALS: [&str; 7] = ["", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT"];

const LINUX_SIGNALS: [&str; 25] = [
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

const SOLARIS_SIGNALS: [&str; 9] =
    ["SIGEMT", "SIGFPE", "SIGKILL", "SIGBUS", "SIGSEGV", "SIGSYS", "SIGPIPE", "SIGALRM", "SIGTERM"];

fn signal(number: u32, others: &[&'static str]) -> Option<&'static str> {
    let number = usize::try_from(number).ok()?;
    let name = match number.checked_sub(SHARED_SIGNALS.len()) {
        Some(number) => others.get(number)?,
        None => SHARED_SIGNALS.get(number)?,
    };
    (!name.is_empty()).then_some(name)
}

/// The name of a Linux signal as Breakpad and Crashpad store it, and of Breakpad's dump without a crash.
#[must_use]
pub fn linux_signal_name(number: u32) -> Option<&'static str> {
    if number == 0xffff_ffff { Some("DUMP_REQUESTED") } else { signal(number, &LINUX_SIGNALS) }
}

/// The name of a Solaris signal, as far as they are ones that end a process.
#[must_use]
pub fn solaris_signal_name(number: u32) -> Option<&'static str> {
    signal(number, &SOLARIS_SIGNALS)
}

const ILL_CODES: [&str; 9] = [
    "ILL_ILLOPC",
    "ILL_ILLOPN",
    "ILL_ILLADR",
    "ILL_ILLTRP",
    "ILL_PRVOPC",
    "ILL_PRVREG",
    "ILL_COPROC",
    "ILL_BADSTK",
    "ILL_BADIADDR",
];
const TRAP_CODES: [&str; 6] = ["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF"];
const BUS_CODES: [&str; 5] = ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"];
const FPE_CODES: [&str; 8] =
    ["FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"];
const SEGV_CODES: [&str; 9] = [
    "SEGV_MAPERR",
    "SEGV_ACCERR",
    "SEGV_BNDERR",
    "SEGV_PKUERR",
    "SEGV_ACCADI",
    "SEGV_ADIDERR",
    "SEGV_ADIPERR",
    "SEGV_MTEAERR",
    "SEGV_MTESERR",
];
const SYS_CODES: [&str; 2] = ["SYS_SECCOMP", "SYS_USER_DISPATCH"];

/// What LLDB writes in place of an `si_code`: its name in ASCII, the first letter in the highest byte.
pub const LLDB_MARK: u32 = 0x4c4c_4442;

/// The name of the `si_code` that came with a Linux signal.
#[must_use]
pub fn linux_code_name(number: u32, code: u32) -> Option<&'static str> {
    // Whoever sends a signal gives it one of these, whatever the signal: -1 and below, mostly.
    match code {
        0 => return Some("SI_USER"),
        0x80 => return Some("SI_KERNEL"),
        0xffff_ffff => return Some("SI_QUEUE"),
        0xffff_fffe => return Some("SI_TIMER"),
        0xffff_fffd => return Some("SI_MESGQ"),
        0xffff_fffc => return Some("SI_ASYNCIO"),
        0xffff_fffb => return Some("SI_SIGIO"),
        0xffff_fffa => return Some("SI_TKILL"),
        LLDB_MARK => return Some("LLDB"),
        _ => {}
    }
    let codes: &[&'static str] = match number {
        4 => &ILL_CODES,
        5 => &TRAP_CODES,
        7 => &BUS_CODES,
        8 => &FPE_CODES,
        11 => &SEGV_CODES,
        31 => &SYS_CODES,
        _ => return None,
    };
    codes.get(usize::try_from(code.checked_sub(1)?).ok()?).copied()
}

/// The name of a Fuchsia exception, without `ZX_EXCP_`.
#[must_use]
pub fn fuchsia_exception_name(number: u32) -> Option<&'static str> {
    Some(match number {
        0x8 => "GENERAL",
        0x108 => "FATAL_PAGE_FAULT",
        0x208 => "UNDEFINED_INSTRUCTION",
        0x308 => "SW_BREAKPOINT",
        0x408 => "HW_BREAKPOINT",
        0x508 => "UNALIGNED_ACCESS",
        0x8008 => "THREAD_STARTING",
        0x8108 => "THREAD_EXITING",
        0x8208 => "POLICY_ERROR",
        0x8308 => "PROCESS_STARTING",
        _ => return None,
    })
}
