//! Tests of `write_minimal`, and of `snapshot` with processes that the tests start with an empty environment.
//!
//! The tests of `snapshot` are reported as ignored on other systems, and if the kernel does not allow tracing.

use libtest_mimic::{Completion, Failed, Trial};

use super::{Folder, runner};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    let portable = trials![a_made_up_process_is_valid_for_the_check_and_the_peer, arguments_are_checked];
    type OfLinux = (&'static str, fn() -> Completion);
    let of_linux: [OfLinux; 6] = [
        ("everything_of_a_process_is_in_its_dump", linux::everything_of_a_process_is_in_its_dump),
        ("arguments_and_environment_are_only_in_the_dump_on_request", linux::arguments_and_environment),
        ("unreadable_pages_are_zero_and_reported", linux::unreadable_pages_are_zero_and_reported),
        ("every_letter_re_encodes_the_dump", linux::every_letter_re_encodes_the_dump),
        ("the_process_goes_on_after_a_failure", linux::the_process_goes_on_after_a_failure),
        ("the_process_goes_on_after_an_interrupt", linux::the_process_goes_on_after_an_interrupt),
    ];
    let of_linux = of_linux.into_iter().map(|(name, test)| {
        Trial::ignorable_test(format!("programs::snapshot::{name}"), move || -> Result<Completion, Failed> {
            Ok(if runner().is_some() { Completion::ignored_with("an emulator cannot trace a process") } else { test() })
        })
    });
    portable.into_iter().chain(of_linux).collect()
}

fn a_made_up_process_is_valid_for_the_check_and_the_peer() {
    let folder = Folder::with(&[]);
    let printed = folder.printed(0, "write_minimal", &["out.dmp"]);
    let file = folder.read("out.dmp");
    let last = format!("2 memory ranges, 8192 bytes; {} bytes in all", file.len());
    assert_eq!(printed.lines().last(), Some(&*last));
    assert!(folder.printed(0, "dumpchk", &["out.dmp"]).ends_with("no findings\n"));
    let peer = minidump::Minidump::read(&*file).expect("the peer opens it");
    let exception = peer.get_stream::<minidump::MinidumpException<'_>>().expect("the dump has an exception");
    let system = peer.get_stream::<minidump::MinidumpSystemInfo>().expect("the dump has system information");
    assert_eq!(exception.get_crash_reason(system.os, system.cpu).to_string(), "EXCEPTION_ACCESS_VIOLATION_WRITE");
    let threads = peer.get_stream::<minidump::MinidumpThreadList<'_>>().expect("the dump has threads");
    let memory = peer.get_memory().expect("the dump has memory");
    assert!(
        threads.threads.iter().all(|thread| thread.stack_memory(&memory).is_some_and(|stack| stack.size() == 4096))
    );
}

fn arguments_are_checked() {
    let folder = Folder::with(&[]);
    for (program, wrong) in [
        ("write_minimal", &[&[][..], &["a", "b"]][..]),
        (
            "snapshot",
            &[&[][..], &["1"], &["x", "out.dmp"], &["0", "out.dmp"], &["-1", "out.dmp"], &["--all", "1", "out.dmp"]],
        ),
    ] {
        assert!(folder.printed(0, program, &["--help"]).starts_with(&format!("usage: {program} ")));
        for words in wrong {
            let ran = folder.run(program, words);
            assert_eq!((ran.code, &*ran.out), (2, ""), "{program} {words:?}");
            assert!(ran.err.starts_with(&format!("{program}: ")), "{}", ran.err);
            assert!(ran.err.contains(&format!("`{program} --help`")), "{}", ran.err);
        }
    }
    assert!(folder.files().is_empty());
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use libtest_mimic::Completion;

    pub fn elsewhere() -> Completion {
        Completion::ignored_with("this system is not Linux")
    }

    pub use elsewhere as everything_of_a_process_is_in_its_dump;
    pub use elsewhere as arguments_and_environment;
    pub use elsewhere as unreadable_pages_are_zero_and_reported;
    pub use elsewhere as every_letter_re_encodes_the_dump;
    pub use elsewhere as the_process_goes_on_after_a_failure;
    pub use elsewhere as the_process_goes_on_after_an_interrupt;
}

#[cfg(target_os = "linux")]
mod linux;
