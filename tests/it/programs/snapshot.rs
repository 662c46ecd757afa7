//! `snapshot` of processes that the tests start themselves, with an empty environment; and `write_minimal`.
//!
//! Where the kernel lets nobody trace them, and on other systems, these tests are ignored by name.

use libtest_mimic::{Completion, Failed, Trial};

use super::Folder;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    let own = trials![a_made_up_process_is_sound_for_the_check_and_the_peer, words_are_looked_at];
    type OfLinux = (&'static str, fn() -> Completion);
    let of_linux: [OfLinux; 6] = [
        ("everything_of_a_process_is_in_its_dump", linux::everything_of_a_process_is_in_its_dump),
        ("arguments_and_environment_come_along_only_if_asked_for", linux::arguments_and_environment),
        ("pages_that_cannot_be_read_are_zeros_and_told", linux::pages_that_cannot_be_read_are_zeros_and_told),
        ("every_letter_re_encodes_the_dump", linux::every_letter_re_encodes_the_dump),
        ("the_process_goes_on_after_a_failure", linux::the_process_goes_on_after_a_failure),
        ("the_process_goes_on_after_an_interrupt", linux::the_process_goes_on_after_an_interrupt),
    ];
    let of_linux = of_linux.into_iter().map(|(name, test)| {
        Trial::ignorable_test(format!("programs::snapshot::{name}"), move || -> Result<Completion, Failed> {
            Ok(test())
        })
    });
    own.into_iter().chain(of_linux).collect()
}

fn a_made_up_process_is_sound_for_the_check_and_the_peer() {
    let folder = Folder::with(&[]);
    let printed = folder.printed(0, "write_minimal", &["out.dmp"]);
    let file = folder.read("out.dmp");
    let last = format!("2 memory ranges, 8192 bytes; {} bytes in all", file.len());
    assert_eq!(printed.lines().last(), Some(&*last));
    assert!(folder.printed(0, "dumpchk", &["out.dmp"]).ends_with("no findings\n"));
    let peer = minidump::Minidump::read(&*file).expect("the peer opens it");
    let exception = peer.get_stream::<minidump::MinidumpException<'_>>().expect("it is there");
    let system = peer.get_stream::<minidump::MinidumpSystemInfo>().expect("it is there");
    assert_eq!(exception.get_crash_reason(system.os, system.cpu).to_string(), "EXCEPTION_ACCESS_VIOLATION_WRITE");
    let threads = peer.get_stream::<minidump::MinidumpThreadList<'_>>().expect("they are there");
    let memory = peer.get_memory().expect("it is there");
    assert!(
        threads.threads.iter().all(|thread| thread.stack_memory(&memory).is_some_and(|stack| stack.size() == 4096))
    );
}

fn words_are_looked_at() {
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

    fn elsewhere() -> Completion {
        Completion::ignored_with("there is no such process on this system")
    }

    pub use elsewhere as everything_of_a_process_is_in_its_dump;
    pub use elsewhere as arguments_and_environment;
    pub use elsewhere as pages_that_cannot_be_read_are_zeros_and_told;
    pub use elsewhere as every_letter_re_encodes_the_dump;
    pub use elsewhere as the_process_goes_on_after_a_failure;
    pub use elsewhere as the_process_goes_on_after_an_interrupt;
}

#[cfg(target_os = "linux")]
mod linux;
