//! The debugger's answers: frames by stack pointer and return address.

use std::collections::BTreeMap;

use super::Frame;

/// The frames of each thread in the debugger's answer to `~*k`.
pub fn parse(text: &str) -> BTreeMap<u32, Vec<Frame>> {
    let mut threads: BTreeMap<u32, Vec<Frame>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(thread) = thread(line) {
            current = Some(thread);
            assert!(threads.insert(thread, Vec::new()).is_none(), "thread {thread:#x} comes twice");
        } else if let Some(frame) = frame(line) {
            threads.entry(current.expect("a frame belongs to a thread")).or_default().push(frame);
        }
    }
    threads
}

/// `.  0  Id: 138.13c Suspend: -1 Teb: …` starts thread 13c.
fn thread(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once(" Id: ")?;
    let (_, thread) = rest.split_whitespace().next()?.split_once('.')?;
    u32::from_str_radix(thread, 16).ok()
}

/// `00007fff`fe1ffed0 00006fff`ffa54819     victim+0x179a`
fn frame(line: &str) -> Option<Frame> {
    let mut words = line.split_whitespace().map(|word| {
        let digits = word.replace('`', "");
        u64::from_str_radix(&digits, 16).ok().filter(|_| [8, 16].contains(&digits.len()))
    });
    Some(Frame { stack: words.next()??, returns_to: words.next()?? })
}
