//! The memory that the options `i`, `p` and `w` request by the rules of the table "Where we differ", computed from the
//! source alone and without the crate.

use std::ops::Range;

use super::facts::Facts;

/// The source, and the form of its addresses.
#[derive(Clone, Copy)]
pub struct Rules<'f, 'a> {
    pub source: &'f Facts<'a>,
    /// Its memory by comparable address.
    pub memory: &'f [(u64, &'a [u8])],
    /// True if addresses have 32 bits.
    pub narrow: bool,
    /// The size of the words of the stacks.
    pub word: u64,
    /// The stacks of all threads.
    pub stacks: &'f [Range<u64>],
    /// Positions of return addresses in the chain of frame pointers, which stay whatever their target.
    pub frames: &'f [u64],
}

impl<'a> Rules<'_, 'a> {
    fn mask(&self, address: u64) -> u64 {
        if self.narrow { address & 0xffff_ffff } else { address }
    }

    /// An integer in the memory of the source, even across ranges.
    fn number(&self, address: u64, size: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let wanted = bytes.get_mut(..usize::try_from(size).ok()?)?;
        match self.in_one_range(address, size) {
            Some(held) => wanted.copy_from_slice(held),
            None => {
                for (at, byte) in (address..address.checked_add(size)?).zip(wanted) {
                    *byte = byte_at(self.memory, self.mask(at))?;
                }
            }
        }
        Some(u64::from_le_bytes(bytes))
    }

    /// The bytes at an address, if the first range that has one of them has all. It nearly always does.
    fn in_one_range(&self, address: u64, size: u64) -> Option<&'a [u8]> {
        let first = self.mask(address);
        let last = self.mask(address.checked_add(size)?.checked_sub(1)?);
        let touches =
            |(start, bytes): &&(u64, &[u8])| *start <= last && first.saturating_sub(*start) < bytes.len() as u64;
        let (start, bytes) = self.memory.iter().find(touches).filter(|_| first <= last)?;
        let from = usize::try_from(first.checked_sub(*start)?).ok()?;
        bytes.get(from..from.checked_add(usize::try_from(size).ok()?)?)
    }

    fn pointer(&self, address: u64) -> Option<u64> {
        self.number(address, self.word).filter(|&pointer| pointer != 0)
    }

    /// The bytes at an address, in which stack words that no stack trace needs are zero.
    ///
    /// A word stays if it points into a stack (or to its end), or after a near call in executable memory of a module.
    /// It is zeroed if it points elsewhere, or into memory that is not executable, or where no call can be. For all
    /// other words both are accepted, and `ours` decides.
    pub fn filtered(&self, start: u64, bytes: &[u8], ours: &[(u64, &[u8])]) -> Vec<u8> {
        let word = self.word;
        let mut filtered = bytes.to_vec();
        for stack in self.stacks {
            let from = stack.start.max(start);
            let to = stack.end.min(start + bytes.len() as u64);
            let words = (from / word * word..to).step_by(usize::try_from(word).unwrap());
            for first in words {
                let whole = stack.start <= first && first + word <= stack.end;
                let value = self.number(first, word).filter(|_| whole);
                let stays = value.is_some_and(|value| {
                    let on_stack = self.stacks.iter().any(|stack| stack.start <= value && value <= stack.end);
                    // A stack trace through an exception handler contains the instruction that raised the exception.
                    let raised = self.source.exceptions().iter().any(|it| self.mask(it.address) == value);
                    on_stack
                        || raised
                        || self.frames.contains(&first)
                        || self.is_return(value).unwrap_or_else(|| (first..first + word).any(|at| is_set(ours, at)))
                });
                if !stays {
                    let place = |at: u64| usize::try_from(at - start).unwrap();
                    filtered[place(first.max(from))..place((first + word).min(to))].fill(0);
                }
            }
        }
        filtered
    }

    /// Whether a word is a return address; `None` if it may be one.
    fn is_return(&self, value: u64) -> Option<bool> {
        let modules = self.source.modules();
        let (behind, infos) = (value.wrapping_sub(1), self.source.memory_infos());
        if !modules.iter().any(|it| (self.mask(it.base)..self.mask(it.base) + u64::from(it.size)).contains(&behind)) {
            return Some(false);
        }
        let row = infos.iter().find(|it| (self.mask(it.base)..self.mask(it.base) + it.size).contains(&behind));
        let executable = row.is_none_or(|row| row.protect & 0xf0 != 0);
        let code = self.number(value.wrapping_sub(8), 8).map(u64::to_le_bytes);
        match (executable, code) {
            (false, _) => Some(false),
            (true, Some(code)) if code[3] == 0xe8 => Some(true),
            (true, Some(code)) if !code.contains(&0xff) && code[1] != 0x9a => Some(false),
            _ => None,
        }
    }

    /// A window for every aligned word on every stack that points outside of modules.
    pub fn pointers(&self) -> Vec<Range<u64>> {
        let modules: Vec<Range<u64>> = self
            .source
            .modules()
            .iter()
            .map(|it| (self.mask(it.base), u64::from(it.size)))
            .map(|(base, size)| base..base + size)
            .collect();
        let word = self.word;
        let mut windows = Vec::new();
        for stack in self.stacks {
            let mut at = stack.start.div_ceil(word) * word;
            while at + word <= stack.end {
                let pointer = self.number(at, word).filter(|it| modules.iter().all(|module| !module.contains(it)));
                windows.extend(pointer.map(|it| it.saturating_sub(0x100)..it.saturating_add(0x300)));
                at += word;
            }
        }
        windows.sort_by_key(|it| it.start);
        windows.dedup();
        windows
    }

    /// Environment blocks of the threads, at `tebs`, and of the process, and the memory that the engine adds for a
    /// running process; `today` selects the engine of 2026.
    pub fn blocks(&self, today: bool, tebs: &[u64]) -> Vec<Range<u64>> {
        let sized = |start: u64, size: u64| self.mask(start)..self.mask(start).saturating_add(size);
        let narrow = |wide: u64, narrow: u64| if self.narrow { narrow } else { wide };
        let local = if today { narrow(0x7f90, 0x3fc8) } else { narrow(0x410, 0x208) };
        let mut all = Vec::new();
        let mut process = None;
        for teb in tebs.iter().copied().filter(|&teb| teb != 0) {
            all.push(sized(teb, narrow(0x2000, 0x1000)));
            all.extend(self.pointer(teb + narrow(0x58, 0x2c)).map(|it| sized(it, self.word)));
            all.extend(self.pointer(teb + narrow(0x17c8, 0xfb4)).map(|it| sized(it, local)));
            process = process.or_else(|| self.pointer(teb + narrow(0x60, 0x30)));
        }
        let Some(process) = process else { return all };
        all.push(sized(process, 0x1000));
        if let Some(loader) = self.pointer(process + narrow(0x18, 0xc)) {
            all.push(sized(loader, narrow(0x58, 0x30)));
            all.extend(self.pointer(loader + narrow(0x10, 0xc)).map(|it| sized(it, narrow(0x120, 0xa8))));
        }
        let Some(parameters) = self.pointer(process + narrow(0x20, 0x10)) else { return all };
        all.push(sized(parameters, narrow(0x410, 0x2a4)));
        for string in [narrow(0x38, 0x24), narrow(0x60, 0x38), narrow(0x70, 0x40), narrow(0xb0, 0x70)] {
            let text = self.pointer(parameters + string + self.word);
            all.extend(self.number(parameters + string, 2).zip(text).map(|(size, text)| sized(text, size)));
        }
        all.extend(self.pointer(parameters + narrow(0x80, 0x48)).map(|it| sized(it, 0x2000)));
        all
    }

    /// Private regions by their protection; every range if there are no memory information entries.
    pub fn private(&self) -> Vec<Range<u64>> {
        let rows = self.source.memory_infos();
        if rows.is_empty() {
            let ranges = self.source.ranges();
            return ranges.iter().map(|it| self.mask(it.address)..self.mask(it.address) + it.size).collect();
        }
        let private = rows.iter().filter(|row| row.state == 0x1000 && row.kind == 0x2_0000 && row.protect & 0x7c != 0);
        private.map(|row| self.mask(row.base)..self.mask(row.base) + row.size).collect()
    }
}

/// Returns the byte at an address, if the memory has it.
fn byte_at(memory: &[(u64, &[u8])], address: u64) -> Option<u8> {
    let byte = |(start, bytes): &(u64, &[u8])| bytes.get(usize::try_from(address.checked_sub(*start)?).ok()?).copied();
    memory.iter().find_map(byte)
}

/// True if the byte at an address is present and not 0.
fn is_set(memory: &[(u64, &[u8])], address: u64) -> bool {
    byte_at(memory, address).is_some_and(|byte| byte != 0)
}
