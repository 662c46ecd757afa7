//! The stop description that LLDB writes in place of the parameters of an exception, with `r`, `R` and `s`.
//!
//! The texts are those of LLDB 22 (from the strings of its library).

use libtest_mimic::Trial;

use crate::support::cpu::Cpu;
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, Exception, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        the_signal_description_of_lldb_stays,
        other_stop_descriptions_are_removed,
        only_marked_records_have_a_text,
        the_mark_of_the_file_stays_if_it_is_empty
    ]
}

const LLDB: u32 = 0x4c4c_4442;

/// The record as LLDB writes it: one parameter, and text in all of them; `behind` fills the bytes after the text.
fn of_lldb(signal: u32, text: &str, behind: u8) -> Exception {
    let mut bytes = [behind; 120];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    if let Some(nul) = bytes.get_mut(text.len()) {
        *nul = 0;
    }
    let word = |index: usize| u64::from_le_bytes(bytes[8 * index..8 * index + 8].try_into().unwrap());
    Exception {
        flags: LLDB,
        parameters: 1,
        information: std::array::from_fn(word),
        ..Exception::new(1, signal, 0x40_0000)
    }
}

/// The parameters of the result, as bytes.
fn kept(cpu: Cpu, exception: Exception, options: &str) -> Vec<u8> {
    let thread = Thread::new(1).context(cpu.context(0x40_0000, 0));
    let source = Dump::new().system_info(cpu.linux()).thread(thread).exception(exception).build();
    let out = Redumped::once(&source, &options.parse().unwrap());
    let kept = out.facts().exceptions()[0].information;
    kept.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn the_signal_description_of_lldb_stays() {
    let texts = [
        (19, "signal SIGSTOP"),
        (6, "signal SIGABRT"),
        (11, "signal SIGSEGV: address not mapped to object (fault address=0x1234)"),
        (11, "signal SIGSEGV: invalid address"),
        (
            11,
            "signal SIGSEGV: upper bound violation (fault address=0x7fffffffe000, lower bound=0x1, upper bound=0xffffffffffffffff)",
        ),
        (8, "signal SIGFPE: integer divide by zero"),
        (6, "signal SIGABRT: sent by tkill system call (sender pid=4294967295, uid=1000)"),
        (7, "signal SIGBUS: sent by kernel (SI_KERNEL)"),
    ];
    for cpu in [Cpu::AMD64, Cpu::ARM64] {
        for (signal, text) in texts {
            let mut expected = text.as_bytes().to_vec();
            expected.resize(120, 0);
            for options in ["/mr", "/mR", "/mrR", "/ms"] {
                let kept = kept(cpu, of_lldb(signal, text, b'x'), options);
                assert_eq!(kept.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{options}");
            }
        }
    }
}

fn other_stop_descriptions_are_removed() {
    let texts = [
        (11, "hit program assert: password is hunter2"),
        (11, "signal"),
        (11, "signal SIGSEGV: password is hunter2"),
        (11, "signal SIGSEGV: invalid address of hunter2"),
        (11, "signal SIGSEGV: invalid address (fault address=0xhunter2)"),
        (11, "signal SIGSEGV: invalid address (fault address=0x1, hunter2)"),
        (11, "signal SIGSEGV: invalid address (fault address=0x12345678123456781)"),
        (11, "signal SIGSEGV: invalid address (uid=0xabcdef)"),
        (11, "signal SIGSEGV: invalid address ()"),
        (11, "signal SIGSEGV: invalid address (fault address=0x"),
        (11, "signal SIGABRT"),
        (11, "signal SIGSEGV2"),
        (12345, "signal SIGSEGV"),
        (11, "x"),
        (11, ""),
    ];
    for (signal, text) in texts {
        for options in ["/mr", "/mR", "/ms"] {
            assert_eq!(kept(Cpu::AMD64, of_lldb(signal, text, b'x'), options), [0; 120], "{text}, {options}");
        }
        let whole = kept(Cpu::AMD64, of_lldb(signal, text, b'x'), "/m");
        assert!(whole.starts_with(text.as_bytes()) && whole.ends_with(b"x"), "{text}");
    }
}

fn only_marked_records_have_a_text() {
    let text = "signal SIGSTOP";
    let exception = Exception { flags: 0, ..of_lldb(19, text, 0) };
    assert_eq!(kept(Cpu::AMD64, exception, "/mr")[..16], *b"signal S\0\0\0\0\0\0\0\0");
    let exception = Exception { flags: LLDB, parameters: 0, ..of_lldb(19, text, 0) };
    assert_eq!(kept(Cpu::AMD64, exception, "/mr")[..16], *b"signal SIGSTOP\0\0");
}

/// Without the marker LLDB does not look for the image `[vdso]`, which the loader of the process knows.
fn the_mark_of_the_file_stays_if_it_is_empty() {
    for (bytes, with_r) in [(vec![], true), (vec![1], false), (b"hunter2".to_vec(), false)] {
        let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).raw(LLDB, bytes.clone());
        let source = dump.build();
        for (options, stays) in [("/m", true), ("/mR", true), ("/mr", with_r), ("/ms", with_r)] {
            let out = Redumped::once(&source, &options.parse().unwrap());
            let found = out.facts().stream_bytes(LLDB).map(|bytes| bytes.to_vec());
            assert_eq!(found, stays.then(|| bytes.clone()), "{options}");
        }
    }
}
