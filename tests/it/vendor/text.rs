//! Linux text files: keys and values, arguments, variables, limits.

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::read::linux::{
    Field, LinuxCmdLine, LinuxCpuInfo, LinuxEnviron, LinuxLsbRelease, LinuxProcFd, LinuxProcStat, LinuxProcStatus,
    LinuxProcUptime, MozLinuxLimits,
};
use userdump::read::mozilla::MozSoftErrors;
use userdump::read::text::Utf8;

use super::{kind, texts, view};
use crate::support::forms::{Form, open};
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        processors_are_paragraphs,
        a_paragraph_may_be_about_the_machine,
        a_status_is_keys_and_values,
        a_release_is_assignments,
        the_other_file_of_a_release_has_other_names,
        arguments_end_at_a_nul,
        variables_end_at_a_nul,
        limits_have_columns,
        text_that_is_not_utf8_is_kept,
        text_knows_whether_it_is_cut,
        empty_text_has_no_records,
        plain_texts_are_their_bytes,
    ]
}

/// Checks a dump that has one stream. The texts are bytes, so the byte order does not affect them.
fn look(kind: u32, text: impl AsRef<[u8]>, look: impl Fn(&Minidump<'_>)) {
    for form in Form::ALL {
        look(&open(&form.build(Dump::new().raw(kind, text.as_ref()))));
    }
}

fn pairs<'a>(fields: impl Iterator<Item = Field<'a>>) -> Vec<(String, String)> {
    fields.map(|field| (field.key.to_string(), field.value.to_string())).collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn processors_are_paragraphs() {
    let text = "processor\t: 0\nmodel name\t: A: B\npower management:\n\nprocessor\t: 1\n(no separator)\nflags\t\t: fpu vme\n\n";
    look(kind::LINUX_CPU_INFO, text, |dump| {
        let info: LinuxCpuInfo<'_> = view(dump);
        let [first, second] = info.processors().collect::<Vec<_>>().try_into().expect("two processors");
        assert_eq!(first.text(), "processor\t: 0\nmodel name\t: A: B\npower management:\n");
        let expected = owned(&[("processor", "0"), ("model name", "A: B"), ("power management", "")]);
        assert_eq!(pairs(first.fields()), expected);
        assert_eq!((first.number(), second.number()), (Some(0), Some(1)));
        assert_eq!(pairs(second.fields()), owned(&[("processor", "1"), ("flags", "fpu vme")]));
        assert_eq!((first.get("power management"), first.get("Power")), (Some(Utf8::default()), None));
        assert_eq!(second.get("flags").map(|it| it.to_string()), Some("fpu vme".to_owned()));
        assert_eq!((info.fields().count(), info.text() == text), (5, true));
    });
    // Cut inside the second processor, and with superfluous empty lines.
    look(kind::LINUX_CPU_INFO, "\n\n\nprocessor: 7\n\n\n\nprocessor: 8\nfla\0\0", |dump| {
        let info: LinuxCpuInfo<'_> = view(dump);
        assert_eq!(info.processors().map(|it| it.number()).collect::<Vec<_>>(), [Some(7), Some(8)]);
        assert_eq!(texts(info.processors().map(|it| it.text())), ["processor: 7\n", "processor: 8\nfla"]);
    });
}

fn a_paragraph_may_be_about_the_machine() {
    let text = "Processor\t: ARMv7\nprocessor\t: 0\n\nprocessor\t: 1\n\nFeatures\t: swp\nHardware\t: board";
    look(kind::LINUX_CPU_INFO, text, |dump| {
        let info: LinuxCpuInfo<'_> = view(dump);
        let numbers: Vec<_> = info.processors().map(|it| it.number()).collect();
        assert_eq!(numbers, [Some(0), Some(1), None]);
        let last = info.processors().last().expect("there are three");
        assert_eq!(last.get("Hardware").map(|it| it.to_string()), Some("board".to_owned()));
    });
}

fn a_status_is_keys_and_values() {
    let text = "Name:\tapp: 1\nPid:\t42\nUid:\t1\t2\t3\t4\nGroups:\t \nThreads:";
    look(kind::LINUX_PROC_STATUS, text, |dump| {
        let status: LinuxProcStatus<'_> = view(dump);
        let expected = [("Name", "app: 1"), ("Pid", "42"), ("Uid", "1\t2\t3\t4"), ("Groups", ""), ("Threads", "")];
        assert_eq!(pairs(status.fields()), owned(&expected));
        assert_eq!((status.process_id(), status.get("PPid")), (Some(42), None));
    });
    for number in ["-1", "+1", "", "0x10", "18446744073709551616"] {
        look(kind::LINUX_PROC_STATUS, format!("Pid:\t{number}\n"), |dump| {
            assert_eq!(view::<LinuxProcStatus<'_>>(dump).process_id(), None, "{number}");
        });
    }
}

fn a_release_is_assignments() {
    let text = "# $Id: file#1 = comment\nDISTRIB_ID=Ubuntu\n\nDISTRIB_RELEASE='16.04'\nDISTRIB_CODENAME=\"\n\
                DISTRIB_DESCRIPTION=\"Ubuntu = 16\\\"04\"\n  # also a=comment\nEMPTY=\nnothing\n";
    look(kind::LINUX_LSB_RELEASE, text, |dump| {
        let release: LinuxLsbRelease<'_> = view(dump);
        let expected = [
            ("DISTRIB_ID", "Ubuntu"),
            ("DISTRIB_RELEASE", "16.04"),
            ("DISTRIB_CODENAME", "\""),
            ("DISTRIB_DESCRIPTION", "Ubuntu = 16\\\"04"),
            ("EMPTY", ""),
        ];
        assert_eq!(pairs(release.fields()), owned(&expected));
        let found = [release.distribution(), release.release(), release.codename(), release.description()];
        assert_eq!(texts(found.into_iter().flatten()), ["Ubuntu", "16.04", "\"", "Ubuntu = 16\\\"04"]);
    });
}

fn the_other_file_of_a_release_has_other_names() {
    let text = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nNAME=\"Debian\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";
    look(kind::LINUX_LSB_RELEASE, text, |dump| {
        let release: LinuxLsbRelease<'_> = view(dump);
        let found = [release.distribution(), release.release(), release.codename(), release.description()];
        assert_eq!(texts(found.into_iter().flatten()), ["debian", "12", "bookworm", "Debian GNU/Linux 12"]);
    });
}

fn arguments_end_at_a_nul() {
    let cases: [(&str, &[&str]); 7] = [
        ("/bin/app\0--flag\0", &["/bin/app", "--flag"]),
        ("/bin/app\0--fl", &["/bin/app", "--fl"]),
        ("app\0\0last\0", &["app", "", "last"]),
        ("app: a title\0\0\0", &["app: a title", "", ""]),
        ("\0", &[""]),
        ("one", &["one"]),
        ("", &[]),
    ];
    for (text, expected) in cases {
        look(kind::LINUX_CMD_LINE, text, |dump| {
            let line: LinuxCmdLine<'_> = view(dump);
            assert_eq!(texts(line.arguments()), expected);
            assert_eq!(line.text(), text);
        });
    }
}

fn variables_end_at_a_nul() {
    look(kind::LINUX_ENVIRON, "LANG=C\0A=b=c\nd\0nothing\0Q= \"x\" \0=\0LAST=cu", |dump| {
        let environ: LinuxEnviron<'_> = view(dump);
        let expected = [("LANG", "C"), ("A", "b=c\nd"), ("Q", " \"x\" "), ("", ""), ("LAST", "cu")];
        assert_eq!(pairs(environ.variables()), owned(&expected));
        assert_eq!(texts(environ.strings())[2], "nothing");
        assert_eq!(environ.strings().count(), 6);
        assert_eq!((environ.get("A").map(|it| it.to_string()), environ.get("B")), (Some("b=c\nd".to_owned()), None));
    });
}

fn limits_have_columns() {
    let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                Max cpu time              unlimited            unlimited            seconds   \n\
                Max open files            1024                 1048576              files     \n\
                Max address space         18446744073709551614 unlimited            bytes     \n\
                Max nice priority         0                    0                    \n\
                Max realtime timeout      18446744073709551616 0                    us        \n\
                Max realtime priority     12\n";
    look(kind::MOZ_LINUX_LIMITS, text, |dump| {
        let limits: MozLinuxLimits<'_> = view(dump);
        let found: Vec<_> =
            limits.limits().map(|it| (it.name.to_string(), it.soft, it.hard, it.units.to_string())).collect();
        let expected = [
            ("Max cpu time", None, None, "seconds"),
            ("Max open files", Some(1024), Some(1_048_576), "files"),
            ("Max address space", Some(u64::MAX - 1), None, "bytes"),
            ("Max nice priority", Some(0), Some(0), ""),
        ];
        assert_eq!(found, expected.map(|(name, soft, hard, units)| (name.to_owned(), soft, hard, units.to_owned())));
        assert_eq!(limits.get("Max open files").and_then(|it| it.hard), Some(1_048_576));
        assert!(limits.get("Limit").is_none());
    });
}

fn text_that_is_not_utf8_is_kept() {
    look(kind::LINUX_CMD_LINE, b"/b\xfcn\0\xf0\x9f\0", |dump| {
        let line: LinuxCmdLine<'_> = view(dump);
        let [first, second] = line.arguments().collect::<Vec<_>>().try_into().expect("two arguments");
        assert_eq!((first.as_bytes(), second.as_bytes()), (b"/b\xfcn".as_slice(), b"\xf0\x9f".as_slice()));
        assert_eq!(
            (first.to_string(), first.to_string_lossy().into_owned()),
            ("/b\u{fffd}n".into(), "/b\u{fffd}n".into())
        );
        assert!(first.to_str().is_err());
        assert_eq!(format!("{first:?}"), "Utf8(4 bytes)");
        assert!(first != "/b\u{fffd}n");
    });
}

fn text_knows_whether_it_is_cut() {
    for (text, cut, lines) in
        [("", false, 0), ("a", true, 1), ("a\n", false, 1), ("a\nb", true, 2), ("a\n\0\0", false, 1), ("\n", false, 1)]
    {
        look(kind::LINUX_PROC_FD, text, |dump| {
            let text = view::<LinuxProcFd<'_>>(dump).text();
            assert_eq!((text.is_truncated(), text.lines().count()), (cut, lines), "{text:?}");
        });
    }
}

fn empty_text_has_no_records() {
    for text in ["", "\0", "\n\n", "\n\0"] {
        look(kind::LINUX_CPU_INFO, text, |dump| assert_eq!(view::<LinuxCpuInfo<'_>>(dump).processors().count(), 0));
        look(kind::LINUX_PROC_STATUS, text, |dump| assert_eq!(view::<LinuxProcStatus<'_>>(dump).fields().count(), 0));
        look(kind::LINUX_ENVIRON, text, |dump| assert_eq!(view::<LinuxEnviron<'_>>(dump).variables().count(), 0));
        look(kind::MOZ_LINUX_LIMITS, text, |dump| assert_eq!(view::<MozLinuxLimits<'_>>(dump).limits().count(), 0));
    }
}

fn plain_texts_are_their_bytes() {
    look(kind::LINUX_PROC_STAT, "1 (a) S\n", |dump| assert_eq!(view::<LinuxProcStat<'_>>(dump).text(), "1 (a) S\n"));
    look(kind::LINUX_PROC_UPTIME, "1.5 2.5\n", |dump| {
        assert_eq!(view::<LinuxProcUptime<'_>>(dump).text(), "1.5 2.5\n");
    });
    look(kind::LINUX_PROC_FD, "0 /dev/null\0", |dump| {
        let text = view::<LinuxProcFd<'_>>(dump).text();
        assert_eq!((text == "0 /dev/null\0", text.trim_end_nul() == "0 /dev/null"), (true, true));
    });
    look(kind::MOZ_SOFT_ERRORS, "[{\"a\": 1}]", |dump| {
        assert_eq!(view::<MozSoftErrors<'_>>(dump).text(), "[{\"a\": 1}]");
    });
}
