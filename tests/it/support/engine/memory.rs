//! The memory: the ranges the engine wrote, and those that the table allows us to write in addition.

use std::ops::Range;

use super::{Comparison, FILTER_MEMORY, FULL_MEMORY, pointer};
use crate::support::excess::Rules;
use crate::support::facts::MemoryInfo;
use crate::support::facts::{Facts, Thread};
use crate::support::image;
use crate::support::in_use;
use crate::support::shared_page;
use crate::support::spans::{overlaps, span, uncovered, uncovered_by, unequal};

impl<'a> Comparison<'a> {
    pub(super) fn memory(&mut self) {
        let ours = self.sorted(&self.ours);
        let in_order = ours.windows(2).all(|pair| pair[0].0 + pair[0].1.len() as u64 <= pair[1].0);
        self.equal("ranges are in order and apart", true, in_order);
        let (engine, source) = (self.sorted(&self.engine), self.sorted(&self.source));

        // Whole stacks above 2 GiB, which the engine writes because it misjudges their bounds, are more than we
        // promise.
        let high = |address: u64| self.narrow && address >> 31 != 0;
        let by_rule = |it: &Thread<'_>| self.in_use(it, self.stack_by_rule(it).unwrap_or_default()).1;
        // Those of the 32-bit side have 4-byte words.
        let narrow_stacks = self.side.stacks();
        let all: Vec<Range<u64>> = self.source.threads().iter().flat_map(by_rule).collect();
        let stacks: Vec<_> = all.into_iter().flat_map(|stack| uncovered_by(stack, &narrow_stacks)).collect();
        // The saved 32-bit registers are in 64-bit stacks, but are not words of them.
        let areas: Vec<Range<u64>> = self.side.areas().collect();
        let stacks_of_words: Vec<_> = stacks.iter().flat_map(|stack| uncovered_by(stack.clone(), &areas)).collect();
        let rules = self.rules(&source, &stacks_of_words);
        let with_blocks = self.ours.header.flags & 0x100 == 0;
        let asked: Vec<_> = if self.ours.header.flags & 0x40 == 0 {
            Vec::new()
        } else {
            let narrow = Rules { word: 4, stacks: &narrow_stacks, ..rules };
            rules.pointers().into_iter().chain(narrow.pointers()).collect()
        };
        let filter = |ranges: &[(u64, &[u8])]| -> Vec<(u64, Vec<u8>)> {
            let one = |(start, bytes): &(u64, &[u8])| {
                let wide = rules.filtered(*start, bytes, &ours);
                if self.side.is_empty() {
                    return (*start, wide);
                }
                (*start, self.side.filtered(&rules, (*start, &wide), &ours, with_blocks.then_some(&asked[..])))
            };
            ranges.iter().map(one).collect()
        };
        let asked = self.ours.header.flags & FILTER_MEMORY != 0;
        let (kept_engine, kept_source) = if asked { (filter(&engine), filter(&source)) } else { Default::default() };
        // Words that the engine leaves in the stacks in spite of the option `r` are treated as filtered.
        let (engine, source) = if asked { (borrow(&kept_engine), borrow(&kept_source)) } else { (engine, source) };
        let hidden =
            |ranges| if self.today { shared_page::hidden(ranges, self.ours.header.flags) } else { owned(ranges) };
        let (hidden_engine, hidden_source) = (hidden(&engine), hidden(&source));
        let (engine, source) = (borrow(&hidden_engine), borrow(&hidden_source));
        let stranger = if self.today { shared_page::stranger(&source) } else { 0..0 };
        let mut missing = Vec::new();
        for (start, bytes) in &engine {
            for gap in unequal(*start, bytes, &ours) {
                let is_stack = high(gap.start) && !stacks.iter().any(|stack| overlaps(stack, &gap));
                let is_stranger = stranger.start <= gap.start && gap.end <= stranger.end;
                if !is_stack && !is_stranger {
                    missing.push(gap);
                }
            }
        }
        self.equal("bytes of the engine that we lack", Vec::new(), missing);
        let invented: Vec<_> = ours.iter().flat_map(|(start, bytes)| unequal(*start, bytes, &source)).collect();
        self.equal("bytes that the source lacks", Vec::new(), invented);

        let mut allowed = self.allowed_excess(&stacks);
        let present = |range: &Range<u64>| {
            let gaps = uncovered(range.clone(), &source);
            let mut at = range.start;
            let mut parts = Vec::new();
            for gap in gaps {
                parts.push(at..gap.start);
                at = gap.end;
            }
            parts.push(at..range.end);
            parts
        };
        let wanted = allowed.iter().flat_map(present).filter(|part| !part.is_empty());
        let written = engine.iter().map(|(start, bytes)| span((*start, bytes.len() as u64)));
        allowed.extend(Self::small_gaps(wanted.chain(written).collect::<Vec<_>>().into_iter()));
        let excess = ours.iter().flat_map(|(start, bytes)| uncovered(*start..*start + bytes.len() as u64, &engine));
        let unexplained: Vec<_> = excess.flat_map(|range| uncovered_by(range, &allowed)).collect();
        self.equal("bytes beyond the engine's that no rule explains", Vec::new(), unexplained);
    }

    fn rules<'r>(&'r self, memory: &'r [(u64, &'a [u8])], stacks: &'r [Range<u64>]) -> Rules<'r, 'a> {
        let word = if self.narrow { 4 } else { 8 };
        Rules { source: &self.source, memory, narrow: self.narrow, word, stacks, frames: &[] }
    }

    /// The memory that the table allows us to write in addition to the engine's.
    fn allowed_excess(&self, stacks: &[Range<u64>]) -> Vec<Range<u64>> {
        if self.ours.header.flags & FULL_MEMORY != 0 {
            // Memory without an entry, memory whose entry says it is not readable, and the present part of an
            // incomplete region.
            let infos = self.source.memory_infos();
            let place = |row: &MemoryInfo| span((self.mask(row.base), row.size));
            let rows: Vec<Range<u64>> = infos.iter().map(place).collect();
            let closed = infos.iter().filter(|row| row.state != 0x1000 || row.protect == 1 || row.protect & 0x100 != 0);
            let sources = self.sorted(&self.source);
            let held = sources.iter().map(|(start, bytes)| *start..*start + bytes.len() as u64);
            let undescribed = held.flat_map(|range| uncovered_by(range, &rows));
            let cut = rows.iter().filter(|row| !uncovered((*row).clone(), &sources).is_empty());
            return undescribed.chain(cut.cloned()).chain(closed.map(place)).collect();
        }
        // Stacks, and windows, clipped or read across adjacent ranges.
        let architecture = self.source.system_info().map_or(9, |system| system.architecture);
        let (_, at, word, _) = in_use::registers(architecture).unwrap_or((152, 248, 8, 0));
        let reach = match architecture {
            5 => 0x100,
            12 => 0x200,
            _ => 0x80,
        };
        let thumb = u64::from(architecture == 5);
        let threads = self.source.threads();
        let instructions = threads.iter().filter_map(|thread| pointer(thread.context.get(at..at + word)?));
        let instructions = instructions.chain(in_use::raised(&self.source)).map(|ip| ip & !thumb);
        let exceptions = self.source.exceptions();
        let addresses = instructions.chain(exceptions.iter().map(|it| it.address)).map(|it| self.mask(it));
        let windows = addresses.map(|address| address.saturating_sub(reach)..address.saturating_add(reach));
        let mut allowed: Vec<Range<u64>> = windows.chain(stacks.iter().cloned()).collect();
        let memory = self.sorted(&self.source);
        let rules = self.rules(&memory, stacks);
        let narrow_stacks = self.side.stacks();
        let narrow = Rules { word: 4, stacks: &narrow_stacks, ..rules };
        allowed.extend(self.side.wanted());
        let asked = |bit| self.ours.header.flags & bit != 0;
        allowed.extend(self.sections());
        if asked(0x40) {
            allowed.extend(rules.pointers());
            allowed.extend(narrow.pointers());
        }
        if asked(0x100) {
            let tebs: Vec<u64> = threads.iter().map(|thread| thread.teb).collect();
            allowed.extend(rules.blocks(self.today, &tebs));
            let tebs: Vec<u64> = self.side.threads.iter().flatten().map(|thread| thread.tebs[1]).collect();
            allowed.extend(Rules { narrow: true, ..narrow }.blocks(self.today, &tebs));
        }
        if asked(0x200) {
            allowed.extend(rules.private());
        }
        if asked(0x8_0000) {
            let read = |address, size| self.source_bytes(address, size).to_vec();
            let modules = self.source.modules().into_iter();
            allowed.extend(modules.flat_map(|it| image::described(self.mask(it.base), read)));
        }
        allowed
    }

    /// Sections, which are clipped or read across adjacent ranges; and the headers of images that have some of them.
    fn sections(&self) -> Vec<Range<u64>> {
        let [data, code] = [0x1, 0x2000].map(|bit| self.ours.header.flags & bit != 0);
        let read = |address, size| self.source_bytes(address, size).to_vec();
        let sources = self.sorted(&self.source);
        let is_there = |section: &Range<u64>| uncovered(section.clone(), &sources) != [section.clone()];
        let mut allowed = Vec::new();
        for module in self.source.modules() {
            let (mut ranges, headers) = image::sections(self.mask(module.base), data, code, read).unwrap_or_default();
            ranges.retain(is_there);
            allowed.extend(headers.into_iter().filter(|_| !ranges.is_empty()));
            allowed.extend(ranges);
        }
        allowed
    }

    /// The gaps of up to 16 bytes between stretches, which are merged into one range.
    fn small_gaps(stretches: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
        let mut sorted: Vec<_> = stretches.collect();
        sorted.sort_by_key(|it| it.start);
        let mut end = 0;
        let mut gaps = Vec::new();
        for stretch in sorted {
            if stretch.start > end && stretch.start - end <= 16 {
                gaps.push(end..stretch.start);
            }
            end = end.max(stretch.end);
        }
        gaps
    }

    /// The ranges with bytes, by comparable address.
    pub(super) fn sorted(&self, facts: &Facts<'a>) -> Vec<(u64, &'a [u8])> {
        let ranges = facts.ranges().into_iter().filter(|range| !range.bytes.is_empty());
        let mut ranges: Vec<_> = ranges.map(|range| (self.mask(range.address), range.bytes.0)).collect();
        ranges.sort_by_key(|range| range.0);
        ranges
    }
}

fn owned(ranges: &[(u64, &[u8])]) -> Vec<(u64, Vec<u8>)> {
    ranges.iter().map(|(start, bytes)| (*start, bytes.to_vec())).collect()
}

fn borrow(ranges: &[(u64, Vec<u8>)]) -> Vec<(u64, &[u8])> {
    ranges.iter().map(|(start, bytes)| (*start, bytes.as_slice())).collect()
}
