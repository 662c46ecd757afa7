//! Secrets in the memory of processes, which must not be in a result that is filtered by `r`.

use std::collections::BTreeSet;

use userdump::Dump;
use userdump::redump::{Reason, SelectedMemory};

use crate::process::Process;
use crate::secret;

/// The number of bytes of a secret that must not appear: two words of a 32-bit process or one of a 64-bit process may
/// be kept.
const PIECE: usize = 8;

/// The pieces of the secret. Pieces of the text begin with a character, because zeros are everywhere.
struct Pieces(BTreeSet<[u8; PIECE]>);

impl Pieces {
    fn new() -> Self {
        let secret = secret::bytes();
        let pieces = secret.windows(PIECE).filter(|piece| piece[0] != 0);
        Self(pieces.filter_map(|piece| piece.try_into().ok()).collect())
    }

    /// Returns the offsets at which pieces begin.
    fn positions<'b>(&'b self, bytes: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
        let mut first = [false; 256];
        self.0.iter().for_each(|piece| first[usize::from(piece[0])] = true);
        let known = move |piece: &[u8]| first[usize::from(piece[0])] && self.0.contains(piece);
        bytes.windows(PIECE).enumerate().filter(move |(_, piece)| known(piece)).map(|(at, _)| at)
    }
}

/// Removes the secrets from the process. Returns false if there were none, or if the rest of its dump contains the same
/// bytes.
pub fn forget(process: &mut Process, full_user_dump: bool) -> bool {
    process.forget_secrets() && Pieces::new().positions(&process.dump(full_user_dump)).next().is_none()
}

/// Searches the filtered result of re-encoding a dump for secrets. They may only be in modules, in memory that was
/// selected for another reason than being a stack, and in words that point into modules or stacks.
pub fn check(source: &Dump<'_>, selected: &[SelectedMemory], result: &[u8]) {
    let pieces = Pieces::new();
    let mut found = pieces.positions(result).peekable();
    if found.peek().is_none() {
        return;
    }
    let target = source.target();
    let is_stack = |memory: &&SelectedMemory| matches!(memory.reason, Reason::Stack { .. });
    let (stacks, others): (Vec<_>, Vec<_>) = selected.iter().partition(is_stack);
    let span = |memory: &SelectedMemory| (memory.address, memory.size);
    let modules: Vec<_> = source.modules().map(|module| (target.mask(module.base()), module.size().into())).collect();
    let open: Vec<_> = others.into_iter().map(span).chain(modules.iter().copied()).collect();
    let ends: Vec<_> = stacks.into_iter().map(span).chain(modules).collect();
    // Both ends count: a word may point to the end of a stack.
    let is_in = |spans: &[(u64, u64)], address: u64| {
        spans.iter().any(|&(start, size)| target.mask(address).checked_sub(start).is_some_and(|into| into <= size))
    };

    let dump = Dump::parse(result).expect("the result is a dump");
    let memory = source.memory();
    let word = u64::from(target.pointer_size());
    let leads_somewhere = |address: u64| {
        let mut bytes = [0; 8];
        memory.read(address - address % word, &mut bytes[..word as usize]);
        is_in(&ends, u64::from_le_bytes(bytes))
    };
    for position in found {
        let ranges = dump.memory();
        let mut ranges = ranges.visible_ranges();
        let holder = ranges.find_map(|range| {
            let into = (position as u64).checked_sub(range.in_file()?.offset).filter(|into| *into < range.size)?;
            Some(range.address + into)
        });
        let address = holder.expect("a secret is in the filtered result, outside of memory");
        let mut bytes = (0..PIECE as u64).map(|into| address.wrapping_add(into));
        assert!(
            bytes.any(|address| is_in(&open, address) || leads_somewhere(address)),
            "a secret is in the filtered result, at {address:#x}"
        );
    }
}
