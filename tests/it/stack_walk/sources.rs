//! The reader finds exactly the frames that the debugger shows for full and small dumps of many producers, by stack
//! pointer and return address.

use libtest_mimic::Trial;

use crate::support::facts::Facts;
use crate::support::redumped::hex;
use crate::support::{Shared, golden, trials};
use crate::wow64::shared::FRAMES;

use super::process::Process;
use super::{CORPUS, Frame, GOLDEN, count, truth, walk, walked};

pub fn trials() -> Vec<Trial> {
    trials![
        frames_of_golden_dumps_are_those_of_the_debugger,
        frames_of_the_corpus_are_those_of_the_debugger,
        frames_of_32_bit_processes_are_those_of_the_debugger,
        answers_are_understood,
    ]
}

fn frames_of_golden_dumps_are_those_of_the_debugger(shared: &Shared) {
    for (member, frames) in GOLDEN {
        let source = shared.golden(&format!("{member}.dmp"));
        compare(shared, &member.replace('/', "."), &source, frames);
    }
}

fn frames_of_the_corpus_are_those_of_the_debugger(shared: &Shared) {
    for (name, frames) in CORPUS {
        let source = shared.read(&format!("corpus/real/{name}.dmp"));
        compare(shared, &format!("corpus.{name}"), &source, frames);
    }
    assert_eq!((CORPUS.len(), CORPUS.iter().map(|row| row.1).sum()), (38, 1113));
}

fn compare(shared: &Shared, name: &str, source: &[u8], frames: usize) {
    let answer = shared.read(&format!("golden/frames/{name}.txt"));
    let theirs = truth::parse(&String::from_utf8_lossy(&answer));
    let ours = walk(source);
    assert_eq!(count(&theirs), frames, "{name}: frames in the answer");
    for (thread, frames) in &theirs {
        assert_eq!(ours.get(thread), Some(frames), "{name}: thread {thread:x}");
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: threads");
}

fn frames_of_32_bit_processes_are_those_of_the_debugger(shared: &Shared) {
    for set in golden::WOW64_SETS {
        let source = shared.golden(&format!("{set}/ma.dmp"));
        let process = Process::narrow(&Facts::of(&source));
        let threads = walked(&process);
        let ours: Vec<Vec<_>> = process
            .threads
            .iter()
            .map(|thread| threads[&thread.thread].iter().map(|frame| (frame.stack, frame.returns_to)).collect())
            .collect();
        assert_eq!(hex(&ours), hex(&FRAMES), "{set}");
    }
}

/// Lines as they occur in the answers of the 2026 debugger.
fn answers_are_understood() {
    let answer = "\
Unable to get thread data for thread 0
.  0  Id: 138.13c Suspend: -1 Teb: 00000000`7ffc0000 Unfrozen
Child-SP          RetAddr               Call Site
00007fff`fe1ffed0 00006fff`ffa54819     victim+0x179a
00007fff`fe1fff80 00000000`00000000     0xa
   1  Id: f0f0f0f0.39be Suspend: 0 Teb: 00fe8000 Unfrozen \"third worker\"
Unable to load image C:\\Windows\\System32\\KERNELBASE.dll, Win32 error 0n2
ChildEBP RetAddr      
010fef34 76e7aeb2     ntdll+0x6e59c
";
    let frame = |stack, returns_to| Frame { stack, returns_to };
    let first = vec![frame(0x7fff_fe1f_fed0, 0x6fff_ffa5_4819), frame(0x7fff_fe1f_ff80, 0)];
    let threads = [(0x13c, first), (0x39be, vec![frame(0x10f_ef34, 0x76e7_aeb2)])];
    assert_eq!(truth::parse(answer), threads.into_iter().collect());
}
