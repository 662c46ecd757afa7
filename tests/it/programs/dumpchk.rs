//! Checks that `dumpchk` prints the same exceptions, comments and findings as text and as JSON.

use libtest_mimic::Trial;
use userdump::read::check::FindingCode;

use super::{Folder, table, words};
use crate::support::cpu::Cpu;
use crate::support::forms::Form;
use crate::support::json::Json;
use crate::support::trials;
use crate::synth::{Dump, Exception, Module, Part, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        exceptions_have_address_and_module,
        comments_are_printed,
        every_finding_is_printed,
        dumps_that_no_debugger_opens_have_findings,
    ]
}

const LINUX: u32 = 0x8201;
const MAC: u32 = 0x8101;
const WINDOWS: u32 = 2;

/// An exception, the instruction pointer of its context, and the expected output.
struct Row {
    cpu: Cpu,
    platform: u32,
    exception: Exception,
    instruction: u64,
    module: (u64, &'static str),
    /// The reason, the accessed address, LLDB's description, and the place in the module.
    text: &'static str,
    accessed: Option<u64>,
    place: Option<(u64, u64)>,
    lldb: Option<&'static str>,
}

/// Returns an exception record of thread 42.
fn raised(code: u32, flags: u32, address: u64, parameters: &[u64]) -> Exception {
    let mut information = [0; 15];
    information[..parameters.len()].copy_from_slice(parameters);
    Exception { flags, information, parameters: parameters.len() as u32, ..Exception::new(42, code, address) }
}

/// Returns an exception record with LLDB's text instead of parameters.
fn of_lldb(text: &str) -> Exception {
    let mut bytes = [0; 120];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    let word =
        |index: usize| u64::from_le_bytes(bytes[8 * index..8 * index + 8].try_into().expect("the slice has 8 bytes"));
    Exception { information: std::array::from_fn(word), ..raised(11, 0x4c4c_4442, 0x40_05d0, &[0]) }
}

fn rows() -> Vec<Row> {
    let linux = Row {
        cpu: Cpu::AMD64,
        platform: LINUX,
        exception: raised(11, 1, 8, &[]),
        instruction: 0x40_05d0,
        module: (0x40_0000, "/usr/bin/app"),
        text: "SIGSEGV (11), SEGV_MAPERR (1) accessing 0x8 in thread 0x2a at 0x4005d0, /usr/bin/app + 0x5d0",
        accessed: Some(8),
        place: Some((0x40_05d0, 0x5d0)),
        lldb: None,
    };
    let windows = Row {
        cpu: Cpu::X86,
        platform: WINDOWS,
        // Debuggers sign-extend 32-bit addresses in the exception record and in the module list.
        exception: raised(0xc000_0005, 0, 0xffff_ffff_8040_1010, &[1, 0xffff_ffff_9000_0000]),
        instruction: 0x8040_1010,
        module: (0xffff_ffff_8040_0000, r"C:\a.exe"),
        text: r"ACCESS_VIOLATION (0xc0000005) writing 0x90000000 in thread 0x2a at 0x80401010, C:\a.exe + 0x1010",
        accessed: Some(0x9000_0000),
        place: Some((0x8040_1010, 0x1010)),
        lldb: None,
    };
    let (in_linux, in_windows) = (|| Row { exception: raised(0, 0, 0, &[]), ..copy(&linux) }, || copy(&windows));
    vec![
        Row {
            exception: of_lldb("signal SIGSEGV: address not mapped to object"),
            text: "SIGSEGV (11), LLDB (0x4c4c4442) (signal SIGSEGV: address not mapped to object) \
                   in thread 0x2a at 0x4005d0, /usr/bin/app + 0x5d0",
            accessed: None,
            lldb: Some("signal SIGSEGV: address not mapped to object"),
            ..in_linux()
        },
        Row {
            exception: raised(6, 0xffff_fffa, 0x3e8_0000_1234, &[]),
            text: "SIGABRT (6), SI_TKILL (0xfffffffa) in thread 0x2a at 0x4005d0, /usr/bin/app + 0x5d0",
            accessed: None,
            ..in_linux()
        },
        Row {
            // The address is outside all modules.
            exception: raised(11, 2, 0x7000, &[]),
            instruction: 0x7000,
            text: "SIGSEGV (11), SEGV_ACCERR (2) accessing 0x7000 in thread 0x2a at 0x7000",
            accessed: Some(0x7000),
            place: None,
            ..in_linux()
        },
        Row {
            cpu: Cpu::ARM,
            exception: raised(7, 1, 0xffff_ffff_9000_0001, &[]),
            instruction: 0x40_05d0,
            text: "SIGBUS (7), BUS_ADRALN (1) accessing 0x90000001 in thread 0x2a at 0x4005d0, /usr/bin/app + 0x5d0",
            accessed: Some(0x9000_0001),
            ..in_linux()
        },
        Row {
            platform: MAC,
            exception: raised(1, 1, 0x10, &[]),
            text: "EXC_BAD_ACCESS (1), KERN_INVALID_ADDRESS (1) accessing 0x10 in thread 0x2a at 0x4005d0, /usr/bin/app + 0x5d0",
            accessed: Some(0x10),
            ..in_linux()
        },
        Row {
            exception: raised(0xe000_0008, 0, 0x8040_1010, &[0x4000_0000]),
            text: r"CHROMIUM_OUT_OF_MEMORY (0xe0000008) allocating 1073741824 bytes in thread 0x2a at 0x80401010, C:\a.exe + 0x1010",
            accessed: None,
            ..in_windows()
        },
        Row {
            exception: raised(0xe06d_7363, 1, 0x8040_1010, &[0x1993_0520, 0x1000, 0x2000]),
            text: r"UNHANDLED_CPP_EXCEPTION (0xe06d7363): unhandled C++ exception, in thread 0x2a at 0x80401010, C:\a.exe + 0x1010",
            accessed: None,
            ..in_windows()
        },
        Row {
            // An exception that a program reports itself often has no address. The instruction pointer of the context is used.
            exception: raised(0x517_a7ed, 0, 0, &[]),
            text: r"CRASHPAD_SIMULATED (0x517a7ed): a dump was requested and nothing crashed, in thread 0x2a at 0x80401010, C:\a.exe + 0x1010",
            accessed: None,
            ..in_windows()
        },
        Row {
            exception: raised(0x8013_1623, 1, 0x8040_1010, &[]),
            text: r"CLR_FAIL_FAST (0x80131623): a .NET program ended itself by Environment.FailFast, in thread 0x2a at 0x80401010, C:\a.exe + 0x1010",
            accessed: None,
            ..in_windows()
        },
        Row {
            cpu: Cpu::AMD64,
            exception: raised(0xc000_0006, 0, 0x8040_1010, &[0, 0xffff_ffff_9000_0000, 0xc000_009c]),
            instruction: 0x8040_1010,
            module: (0x8040_0000, r"C:\a.exe"),
            text: r"IN_PAGE_ERROR (0xc0000006) reading 0xffffffff90000000, DEVICE_DATA_ERROR (0xc000009c) in thread 0x2a at 0x80401010, C:\a.exe + 0x1010",
            accessed: Some(0xffff_ffff_9000_0000),
            ..in_windows()
        },
        linux,
        windows,
    ]
}

fn copy(row: &Row) -> Row {
    Row { exception: row.exception.clone(), ..*row }
}

fn exceptions_have_address_and_module() {
    for row in rows() {
        let system = SystemInfo { platform: row.platform, ..row.cpu.windows() };
        let thread = Thread::new(42).context(row.cpu.context(row.instruction, 0x9000));
        let module = Module::new(row.module.0, 0x2000, row.module.1);
        let exception = Exception { context: Part::ContextOf(42), ..row.exception };
        let dump = Dump::new().system_info(system).thread(thread).module(module).exception(exception);
        let folder = Folder::with(&[("in.dmp", &dump.build())]);
        let printed = folder.run("dumpchk", &["in.dmp"]).out;
        assert_eq!(table(&printed, "exceptions: 1"), [row.text]);

        let found = Json::parse(folder.run("dumpchk", &["--json", "in.dmp"]).out.as_bytes());
        let [found] = found.get("exceptions").list() else { panic!("one exception expected: {found:?}") };
        let number = |key: &str| Some(found.get(key)).filter(|it| **it != Json::Null).map(Json::number);
        assert_eq!(number("thread"), Some(42));
        assert_eq!(number("code"), Some(row.exception.code.into()));
        assert_eq!(number("accessed"), row.accessed, "{}", row.text);
        let instruction = row.place.map_or(row.instruction, |(instruction, _)| instruction);
        assert_eq!(number("instruction"), Some(instruction), "{}", row.text);
        assert_eq!(number("module_offset"), row.place.map(|(_, offset)| offset), "{}", row.text);
        let module = row.place.map_or(Json::Null, |_| Json::Text(row.module.1.to_owned()));
        assert_eq!(*found.get("module"), module, "{}", row.text);
        assert_eq!(*found.get("lldb"), row.lldb.map_or(Json::Null, |text| Json::Text(text.to_owned())));
        assert!(row.text.starts_with(found.get("reason").text()), "{}: {found:?}", row.text);
        let name = row.text.split(' ').next().expect("the text starts with a name");
        assert_eq!(found.get("name").text(), name);
        // `threads` prints the same instruction address.
        let printed = folder.printed(0, "threads", &["in.dmp"]);
        let stopped = format!("thread 0x2a stopped at 0x{instruction:x}: {name} ");
        let base = if row.cpu.word == 4 { row.module.0 & 0xffff_ffff } else { row.module.0 };
        let listed = folder.printed(0, "modules", &["in.dmp"]);
        assert!(
            listed.starts_with(&format!("{base:#018x} to {:#018x}  {}\n", base + 0x2000, row.module.1)),
            "{listed}"
        );
        assert!(row.exception.address == 0 || printed.contains(&stopped), "{}: {printed}", row.text);
    }
}

fn comments_are_printed() {
    let dump = Dump::new().system_info(Cpu::AMD64.windows()).comment_a("first").comment_w("second\nof two lines 😀");
    let folder = Folder::with(&[("in.dmp", &dump.build())]);
    let printed = folder.run("dumpchk", &["in.dmp"]).out;
    assert_eq!(table(&printed, "comments: 2"), ["first", "second", "of two lines 😀"]);
    let found = Json::parse(folder.run("dumpchk", &["--json", "in.dmp"]).out.as_bytes());
    let found: Vec<_> = found.get("comments").list().iter().map(Json::text).collect();
    assert_eq!(found, ["first", "second\nof two lines 😀"]);
}

/// Uses the dumps of the tests of the check, one for each code.
fn every_finding_is_printed() {
    let mut tested = 0;
    for &code in FindingCode::ALL {
        let of_others = crate::compressed::broken::CODES.contains(&code) || OF_OTHERS.contains(&code);
        if of_others {
            continue;
        }
        let folder = Folder::with(&[("in.dmp", &crate::check::with(code, Form::USUAL))]);
        let printed = folder.printed(1, "dumpchk", &["in.dmp"]);
        let line = printed.lines().find(|line| line.starts_with(&format!("  {code}: ")));
        let line = line.unwrap_or_else(|| panic!("{code} is not in {printed}"));
        let found = Json::parse(folder.printed(1, "dumpchk", &["--json", "in.dmp"]).as_bytes());
        let findings = found.get("findings").list();
        let finding = findings.iter().find(|finding| finding.get("code").text() == code.as_str());
        let message = finding.unwrap_or_else(|| panic!("{code} is not in {findings:?}")).get("message").text();
        assert_eq!(words(line), words(&format!("{code}: {message}")));
        tested += 1;
    }
    assert!(tested > 40, "{tested} codes");
}

/// Codes that other tests cover.
const OF_OTHERS: [FindingCode; 4] =
    [FindingCode::PartOutsideFile, FindingCode::PartsOverlap, FindingCode::ImageMissing, FindingCode::FileUnreadable];

/// The debugger refuses these dumps. Each has a finding with the reason.
fn dumps_that_no_debugger_opens_have_findings() {
    let cpu = Cpu::AMD64;
    let bare = || Dump::new().system_info(cpu.windows());
    let thread = |id| Thread::new(id).context(cpu.context(0x1000, 0x2000));
    let complete = || bare().thread(thread(7)).module(Module::new(0x1000, 0x1000, "a.exe"));
    let rows: [(&str, Dump, &[&str]); 8] = [
        ("the flag without the list", complete().flags(2).memory(0x2000, "a"), &["flags-disagree"]),
        ("the list without the flag", complete().flags(4).memory64(0x2000, "a"), &["flags-disagree"]),
        ("no flags", complete().flags(0).memory64(0x2000, "a"), &["flags-disagree"]),
        (
            "different bytes at the same address",
            complete().memory(0x2000, "abc").memory(0x2001, "bd"),
            &["ranges-disagree"],
        ),
        (
            "an exception of a missing thread",
            complete().exception(Exception { context: Part::None, ..Exception::new(9, 1, 2) }),
            &["context-missing", "exception-thread-missing"],
        ),
        ("no thread", bare().module(Module::new(0x1000, 0x1000, "a.exe")), &["no-threads"]),
        ("no module", bare().thread(thread(7)), &["no-modules"]),
        (
            "registers of another processor",
            complete().thread(Thread::new(8).context(Cpu::ARM64.context(0x1000, 0x2000))),
            &["context-of-other-processor"],
        ),
    ];
    for (what, dump, codes) in rows {
        let folder = Folder::with(&[("in.dmp", &dump.build())]);
        let found = Json::parse(folder.printed(1, "dumpchk", &["--json", "in.dmp"]).as_bytes());
        let found: Vec<_> = found.get("findings").list().iter().map(|it| it.get("code").text()).collect();
        assert_eq!(found, codes, "{what}");
    }
    let folder = Folder::with(&[("in.dmp", &complete().build())]);
    assert!(folder.printed(0, "dumpchk", &["in.dmp"]).ends_with("\nno findings\n"));
}
