//! The 32-bit side of a 64-bit dump of a 32-bit process, read without the crate. The positions were measured with the
//! debugger's engine on processes under Wine and on a dump written by Windows 7.

use std::ops::Range;

use super::bare::bare_of_size;
use super::excess::Rules;
use super::facts::{Facts, Thread};

/// The size of the area with the registers: a word, and the context.
const AREA: u64 = 4 + 716;
const CONTEXT: u64 = 4;

/// An environment block, and positions and sizes of the fields that stay.
type Block = (Range<u64>, &'static [(u64, u64)]);

/// The 32-bit side of a thread.
#[derive(Clone, Debug)]
pub struct NarrowThread {
    pub id: u32,
    /// The 64-bit environment block and the 32-bit one.
    pub tebs: [u64; 2],
    /// From the stack pointer to the end of the stack.
    pub stack: Range<u64>,
    /// The area with the saved registers, if the context is one of x86.
    pub area: Option<Range<u64>>,
    pub eip: u64,
    pub ebp: u64,
}

/// The threads in list order, and the 64-bit and the 32-bit process environment block.
#[derive(Clone, Debug, Default)]
pub struct NarrowSide {
    pub threads: Vec<Option<NarrowThread>>,
    pub pebs: Option<[u64; 2]>,
}

fn number(source: &Facts<'_>, address: u64, size: u64) -> Option<u64> {
    let bytes = source.read(address, size);
    (bytes.len() as u64 == size).then(|| bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

impl NarrowThread {
    fn of(source: &Facts<'_>, thread: &Thread<'_>) -> Option<Self> {
        let teb = thread.teb;
        let narrow = number(source, teb, 8).filter(|&it| it != 0 && number(source, it + 0x18, 4) == Some(it))?;
        let at = |at: usize, size: usize| {
            let bytes = thread.context.get(at..at + size)?;
            Some(bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
        };
        let slot = number(source, teb + 0x1488, 8)?;
        let context = slot + CONTEXT;
        let is_there = number(source, context, 4).is_some_and(|flags| flags & 0xffff_0000 == 0x1_0000);
        let [esp, eip, ebp] = match at(0x38, 2)? {
            // The low halves of Rsp, Rip and Rbp.
            0x23 => [0x98, 0xf8, 0xa0].map(|place| at(place, 4).unwrap_or(0)),
            _ => [196, 184, 180].map(|place| number(source, context + place, 4).unwrap_or(0)),
        };
        let [base, limit] = [4, 8].map(|place| number(source, narrow + place, 4).unwrap_or(0));
        let start = if (limit..base).contains(&esp) { esp } else { limit };
        let area = is_there.then(|| slot..slot + AREA);
        Some(Self { id: thread.id, tebs: [teb, narrow], stack: start..base, area, eip, ebp })
    }

    /// Frames by the chain of frame pointers: the position of each frame, and its return address.
    pub fn frames(&self, memory: &Facts<'_>) -> Vec<(u64, u64)> {
        let mut frames = Vec::new();
        let mut frame = self.ebp;
        while self.stack.contains(&frame) {
            let Some(address) = number(memory, frame + 4, 4) else { break };
            frames.push((frame, address));
            match number(memory, frame, 4) {
                Some(next) if next > frame => frame = next,
                _ => break,
            }
        }
        frames
    }
}

impl NarrowSide {
    /// Empty unless the source is of AMD64 and has 32-bit environment blocks.
    pub fn of(source: &Facts<'_>) -> Self {
        if source.system_info().is_none_or(|system| system.architecture != 9 || system.platform != 2) {
            return Self::default();
        }
        let threads: Vec<_> = source.threads().iter().map(|thread| NarrowThread::of(source, thread)).collect();
        let pebs = threads.iter().flatten().find_map(|thread| {
            let wide = number(source, thread.tebs[0] + 0x60, 8)?;
            Some([wide, number(source, thread.tebs[1] + 0x30, 4)?])
        });
        Self { threads, pebs }
    }

    pub fn is_empty(&self) -> bool {
        self.threads.iter().all(Option::is_none)
    }

    fn all(&self) -> impl Iterator<Item = &NarrowThread> {
        self.threads.iter().flatten()
    }

    pub fn stacks(&self) -> Vec<Range<u64>> {
        self.all().map(|thread| thread.stack.clone()).collect()
    }

    pub fn areas(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.all().filter_map(|thread| thread.area.clone())
    }

    /// The environment blocks that are kept without `p`, and the fields of each that stay with `r`: positions and
    /// sizes.
    pub fn blocks(&self) -> Vec<Block> {
        // The bounds of the stack, the addresses of the blocks themselves, and the slot that leads to the registers.
        const TEB64: &[(u64, u64)] = &[(0, 8), (8, 8), (16, 8), (0x30, 8), (0x60, 8), (0x1488, 8), (0x180c, 4)];
        const TEB32: &[(u64, u64)] = &[(4, 4), (8, 4), (0x18, 4), (0x30, 4)];
        // The base of the program.
        const PEB64: &[(u64, u64)] = &[(0x10, 8)];
        const PEB32: &[(u64, u64)] = &[(8, 4)];
        let tebs = self.all().flat_map(|it| [(it.tebs[0], 0x2000, TEB64), (it.tebs[1], 0x34, TEB32)]);
        let pebs = self.pebs.map(|[wide, narrow]| [(wide, 0x1000, PEB64), (narrow, 0x1000, PEB32)]);
        let all = tebs.chain(pebs.into_iter().flatten());
        all.map(|(at, size, kept)| (at..at + size, kept)).collect()
    }

    /// The parts of it that every small dump has.
    pub fn wanted(&self) -> Vec<Range<u64>> {
        let windows = self.all().map(|it| it.eip.saturating_sub(0x80)..it.eip + 0x80);
        let blocks = self.blocks().into_iter().map(|(block, _)| block);
        self.stacks().into_iter().chain(self.areas()).chain(windows).chain(blocks).collect()
    }

    /// The bytes of the source with `r`: words of 32-bit stacks are filtered, and so are registers and the blocks,
    /// except where `asked` has them.
    pub fn filtered(
        &self,
        rules: &Rules<'_, '_>,
        (start, bytes): (u64, &[u8]),
        ours: &[(u64, &[u8])],
        asked: Option<&[Range<u64>]>,
    ) -> Vec<u8> {
        let stacks = self.stacks();
        let frames: Vec<u64> = self.all().flat_map(|it| it.frames(rules.source)).map(|(frame, _)| frame + 4).collect();
        let rules = Rules { word: 4, stacks: &stacks, frames: &frames, ..*rules };
        let mut filtered = rules.filtered(start, bytes, ours);
        let mut put = |at: u64, byte: u8| {
            let place = at.checked_sub(start).and_then(|at| filtered.get_mut(usize::try_from(at).ok()?));
            place.into_iter().for_each(|place| *place = byte);
        };
        for area in self.areas() {
            let record = rules.source.read(area.start + CONTEXT, 716).to_vec();
            (area.start + CONTEXT..).zip(bare_of_size(&record, "r")).for_each(|(at, byte)| put(at, byte));
        }
        let Some(asked) = asked else { return filtered };
        for (block, kept) in self.blocks() {
            let within = |asked: &Range<u64>| asked.start < block.end && block.start < asked.end;
            let asked: Vec<_> = asked.iter().filter(|asked| within(asked)).collect();
            for at in block.clone() {
                let stays = kept.iter().any(|(from, size)| (*from..from + size).contains(&(at - block.start)));
                if !stays && !asked.iter().any(|asked| asked.contains(&at)) {
                    put(at, 0);
                }
            }
        }
        filtered
    }
}
