//! Sizes that claim bytes of others: they carry nothing along, and what has a valid location stays.

use libtest_mimic::Trial;

use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, parsed};
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        sizes_that_reach_into_memory_include_none,
        registers_are_not_given_up_for_handles,
        a_name_ends_at_its_nul,
        tokens_end_with_their_entries,
    ]
}

/// No small dump selects the memory at `0x500000`, which has this text.
const SECRET: &[u8] = b"SECRET-IN";

fn has_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET)
}

/// A result with these letters, which contains none of the memory and reports what could not be read.
fn small(source: &[u8], letters: &str) -> Redumped {
    assert!(has_secret(source));
    let out = Redumped::once(source, &parsed(letters));
    assert!(!has_secret(&out.bytes), "{letters}");
    assert!(out.bytes.len() < source.len() / 4, "{letters}: {} bytes", out.bytes.len());
    out
}

fn sizes_that_reach_into_memory_include_none(shared: &Shared) {
    for name in ["handle-info-over-memory.dmp", "handle-info-oversize.dmp"] {
        let source = shared.read(&format!("cases/{name}"));
        for letters in ["/m", "/mh", "/mrR", "/mhR", "/mht"] {
            let out = small(&source, letters);
            let facts = out.facts();
            if letters.contains('h') {
                let sources = Facts::of(&source).stream_bytes(12).expect("it is present").0.to_vec();
                let count = u32::from_le_bytes(sources[8..12].try_into().expect("four bytes"));
                assert_eq!(facts.handles().len(), count as usize, "{name} {letters}");
                assert!(facts.handles().iter().all(|handle| handle.objects.is_empty()), "{name} {letters}: the chain");
                assert_eq!(out.report.faults.len(), count as usize, "{name} {letters}: each is reported");
            }
        }
    }
}

fn registers_are_not_given_up_for_handles(shared: &Shared) {
    let source = shared.read("cases/handle-info-oversize.dmp");
    let facts = Facts::of(&source);
    for letters in ["/m", "/mh", "/mh --made-up"] {
        let options = parsed(letters.trim_end_matches(" --made-up"));
        let options = if letters.len() > 3 { options.with_made_up_records() } else { options };
        let out = Redumped::once(&source, &options);
        let (ours, theirs) = (out.facts().threads(), facts.threads());
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!(ours.context.0 == theirs.context.0 && ours.context.0.len() == 1232, "{letters}");
            assert_eq!((ours.stack_start, ours.stack_size), (theirs.stack_start, theirs.stack_size), "{letters}");
        }
        assert_eq!(out.report.contexts_lost, 0, "{letters}");
    }
}

fn a_name_ends_at_its_nul(shared: &Shared) {
    let source = shared.read("cases/big-name-over-memory.dmp");
    for letters in ["/m", "/mrR"] {
        let out = small(&source, letters);
        let module = out.facts().modules().remove(0);
        let name = if letters == "/m" { r"C:\x\a.exe" } else { "a.exe" };
        assert_eq!(module.name.text.as_deref(), Some(name), "{letters}");
    }
}

fn tokens_end_with_their_entries(shared: &Shared) {
    let source = shared.read("cases/bigstream-token-over-memory.dmp");
    for letters in ["/m", "/mrR", "/mh"] {
        let out = small(&source, letters);
        let tokens = out.facts().stream(19).expect("the debugger always writes one");
        assert!(tokens.size < 1000, "{letters}: {} bytes", tokens.size);
        let is_told = out.report.faults.iter().any(|fault| fault.stream_type.0 == 19);
        assert!(is_told, "{letters}: {:?}", out.report.faults);
    }
}
