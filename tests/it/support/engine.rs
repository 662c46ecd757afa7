//! Compares our re-encoding with that of the debugger engine, by the table "Where we differ" in the crate's
//! documentation.
//!
//! The expected result is computed from the source and the engine's result, never from ours.

mod memory;

use std::ops::Range;

use userdump::redump::Engine;

use super::bare::{bare_of_size, valid_misc_info};
use super::facts::{Blob, Facts, MemoryInfo, Thread, ThreadInfo};
use super::in_use;
use super::narrow_side::NarrowSide;
use super::spans::position_of;

/// Streams that are carried along regardless of the options: thread names, comments, function tables and everything
/// that the engine drops.
const CARRIED: [u32; 7] = [10, 11, 18, 20, 23, 24, 0xfff0];
const FULL_MEMORY: u64 = 0x2;
const FILTER_MEMORY: u64 = 0x8;
const FILTER_MODULE_PATHS: u64 = 0x80;

const IPT_TRACE: u64 = 0x40_0000;
/// The engine that wrote a dump, by the build number in its header.
pub fn of(file: &[u8]) -> Engine {
    match file.get(6..8) {
        Some([0xd7, 0xa0]) => Engine::V2017,
        Some([0x43, 0xa0]) => Engine::V2026,
        other => panic!("{other:x?} is not a known engine"),
    }
}

/// A source, the engine's re-encoding of it, and ours.
pub struct Comparison<'a> {
    /// True if the engine is that of 2026.
    today: bool,
    source: Facts<'a>,
    engine: Facts<'a>,
    ours: Facts<'a>,
    narrow: bool,
    /// The 32-bit side of a 64-bit source.
    side: NarrowSide,
    faults: Vec<String>,
}

/// Every way in which our re-encoding is wrong; empty if it is right.
pub fn faults(source: &[u8], engine: &[u8], ours: &[u8]) -> Vec<String> {
    let source = Facts::of(source);
    let architecture = source.system_info().map(|system| system.architecture);
    let narrow = matches!(architecture, Some(0 | 5 | 10));
    let today = of(engine) == Engine::V2026;
    let (engine, ours) = (Facts::of(engine), Facts::of(ours));
    let side = NarrowSide::of(&source);
    let mut comparison = Comparison { today, source, engine, ours, narrow, side, faults: Vec::new() };
    comparison.run();
    comparison.faults
}

impl<'a> Comparison<'a> {
    fn run(&mut self) {
        self.equal("header flags", self.engine.header.flags, self.ours.header.flags);
        self.equal("time of the dump", self.engine.header.timestamp, self.ours.header.timestamp);
        self.kinds();
        self.threads();
        self.modules();
        self.exceptions();
        self.system();
        self.rows();
        self.handles();
        self.copied_streams();
        self.memory();
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: T, actual: T) {
        if expected != actual {
            self.faults.push(format!("{what}: {expected:x?} expected, {actual:x?} written"));
        }
    }

    /// True if the options zero bytes without meaning.
    fn is_private(&self) -> bool {
        self.ours.header.flags & (FILTER_MEMORY | FILTER_MODULE_PATHS) != 0
    }

    /// A context in which everything that must be zero is zero.
    fn bare(&self, context: &[u8]) -> Vec<u8> {
        bare_of_size(context, if self.ours.header.flags & FILTER_MEMORY != 0 { "r" } else { "R" })
    }

    fn mask(&self, address: u64) -> u64 {
        if self.narrow { address & 0xffff_ffff } else { address }
    }

    fn extend(&self, address: u64) -> u64 {
        match self.mask(address) {
            low if self.narrow && low >> 31 == 1 => low | 0xffff_ffff_0000_0000,
            low => low,
        }
    }

    /// The engine's streams, and those of the source that the engine drops.
    fn kinds(&mut self) {
        let mut expected = self.engine.kinds();
        let filtered = self.ours.header.flags & FILTER_MEMORY != 0;
        // With the option `r`, only streams without user data. The engine of 2026 keeps thread names, and has a letter
        // for traces.
        let carried = |kind: &u32| match (*kind, filtered) {
            (24, _) => !self.today,
            (23, _) if self.today && self.ours.header.flags & IPT_TRACE == 0 => false,
            (kind, true) => kind == 0xfff0,
            (kind, false) => CARRIED.contains(&kind) || kind > 0xffff,
        };
        expected.extend(self.source.kinds().into_iter().filter(carried));
        expected.extend(vec![6; self.source.exceptions().len().saturating_sub(1)]);
        expected.sort_unstable();
        let mut actual = self.ours.kinds();
        actual.sort_unstable();
        self.equal("streams", expected, actual);
    }

    fn threads(&mut self) {
        let (source, engine, ours) = (self.source.threads(), self.engine.threads(), self.ours.threads());
        self.equal("number of threads", engine.len(), ours.len());
        for (number, ((source, engine), ours)) in source.iter().zip(&engine).zip(&ours).enumerate() {
            let id = ours.id;
            self.equal("thread id", engine.id, id);
            self.equal(&format!("suspend count of {id}"), engine.suspend_count, ours.suspend_count);
            let priorities = (source.priority_class, source.priority);
            self.equal(&format!("priority of {id}"), priorities, (ours.priority_class, ours.priority));
            self.equal(&format!("environment block of {id}"), self.extend(engine.teb), ours.teb);
            let mut context = engine.context.to_vec();
            if context.len() < source.context.len() && self.today {
                // Where the engine cuts off an extended state, it leaves the flag for it set.
                let at = if self.narrow { 0 } else { 0x30 };
                context[at] &= !0x40;
            }
            let context = if self.is_private() { self.bare(&context) } else { context };
            self.equal(&format!("context of {id}"), Blob(&context), ours.context);
            let rule = self.stack_by_rule(source);
            let narrow = self.side.threads.get(number).and_then(Option::as_ref);
            let expected = match rule {
                // The engine only re-encodes the 64-bit stack; Windows writes the 32-bit one into the descriptor.
                _ if narrow.is_some() => narrow.map(|it| (it.stack.start, it.stack.end - it.stack.start)).unwrap(),
                // The engine compares the bounds of such a stack in two different forms and misses it.
                Some((start, size)) if self.narrow && start >> 31 != 0 => (self.extend(start), size),
                _ => (engine.stack_start, u64::from(engine.stack_size)),
            };
            // The stack pointer of an exception may be lower than that of its thread.
            let lower = rule.filter(|it| it.0 < expected.0 && it.0 + it.1 == expected.0 + expected.1);
            let (start, size) = self.in_use(source, lower.unwrap_or(expected)).0;
            let expected = (self.extend(start), size);
            self.equal(&format!("stack of {id}"), expected, (ours.stack_start, ours.stack_size.into()));
            let position = position_of(&self.ours.ranges(), expected.0, expected.1);
            self.equal(&format!("position of the stack of {id}"), position, ours.stack_at.0);
        }
    }

    /// `[SP, StackBase)` by the thread environment block; the whole stack if the stack pointer is elsewhere.
    fn stack_by_rule(&self, thread: &Thread<'_>) -> Option<(u64, u64)> {
        let bounds = self.bounds(thread);
        let pointers = in_use::pointers(&self.source, thread);
        let is_there = bounds.contains(pointers.first()?);
        let lowest = pointers.into_iter().filter(|pointer| is_there && bounds.contains(pointer)).min();
        let start = lowest.unwrap_or(bounds.start);
        Some((start, bounds.end - start)).filter(|_| !bounds.is_empty())
    }

    /// The whole stack by the thread environment block; empty if it has none.
    fn bounds(&self, thread: &Thread<'_>) -> Range<u64> {
        let architecture = self.source.system_info().map(|system| system.architecture);
        let word = architecture.and_then(in_use::registers).map_or(8, |(_, _, word, _)| word as u64);
        let teb = |offset: u64| pointer(self.source_bytes(thread.teb + offset, word));
        match (teb(2 * word), teb(word)) {
            (Some(limit), Some(base)) if base % 0x1000 == 0 && limit % 0x1000 == 0 => limit..base.max(limit),
            _ => 0..0,
        }
    }

    /// The stack that the descriptor of a thread names, and all stacks of the thread.
    fn in_use(&self, thread: &Thread<'_>, by_rule: (u64, u64)) -> ((u64, u64), Vec<Range<u64>>) {
        in_use::stacks((&self.source, &self.sorted(&self.source)), thread, by_rule, self.bounds(thread))
    }

    /// Bytes of the source by address, in any form of the address.
    fn source_bytes(&self, address: u64, size: u64) -> &'a [u8] {
        let plain = self.source.read(self.mask(address), size);
        if plain.is_empty() { self.source.read(self.extend(address), size) } else { plain }
    }

    /// The source's order and records, the engine's base addresses.
    fn modules(&mut self) {
        let (source, engine, ours) = (self.source.modules(), self.engine.modules(), self.ours.modules());
        self.equal("number of modules", source.len(), ours.len());
        for (source, ours) in source.iter().zip(&ours) {
            let name = ours.name.text.clone().unwrap_or_default();
            self.equal(&format!("base of {name}"), self.extend(source.base), ours.base);
            let code_view = match self.ours.header.flags & FILTER_MODULE_PATHS {
                0 => source.code_view.0.to_vec(),
                _ => without_folder(source.code_view.0),
            };
            self.equal(&format!("CodeView record of {name}"), code_view.as_slice(), ours.code_view.0);
            self.equal(&format!("miscellaneous record of {name}"), source.misc, ours.misc);
            let reserved = if self.is_private() { [0; 2] } else { source.reserved };
            self.equal(&format!("reserved fields of {name}"), reserved, ours.reserved);
        }
        // The engine sign-extends the addresses of modules, except those of a full user dump.
        let mut expected: Vec<_> = engine
            .iter()
            .map(|it| (self.extend(it.base), it.size, it.checksum, it.timestamp, it.version, it.name.text.clone()))
            .collect();
        let mut actual: Vec<_> = ours
            .iter()
            .map(|it| (it.base, it.size, it.checksum, it.timestamp, it.version, it.name.text.clone()))
            .collect();
        expected.sort_unstable();
        actual.sort_unstable();
        self.equal("modules", expected, actual);
    }

    fn exceptions(&mut self) {
        let (engine, ours) = (self.engine.exceptions(), self.ours.exceptions());
        self.equal("number of exceptions", self.source.exceptions().len().max(1), ours.len());
        let facts = |it: &super::facts::Exception<'a>| {
            (it.thread, it.code, it.flags, it.record, it.address, it.parameters, it.information, it.context.to_vec())
        };
        let mut expected = engine.first().map(facts);
        if let Some((.., count, information, context)) = expected.as_mut().filter(|_| self.is_private()) {
            information.iter_mut().skip(*count as usize).for_each(|parameter| *parameter = 0);
            *context = self.bare(context);
        }
        self.equal("exception", expected, ours.first().map(facts));
    }

    fn system(&mut self) {
        let strip = |facts: &Facts<'a>| {
            facts.system_info().map(|it| {
                let numbers = (it.processors, it.product, it.major, it.minor, it.build, it.platform, it.suite);
                (it.architecture, numbers, it.cpu)
            })
        };
        self.equal("system information", strip(&self.engine), strip(&self.ours));
        // The engine does not look for the service pack in a full user dump.
        let service_pack = |facts: &Facts<'a>| facts.system_info().and_then(|it| it.service_pack.text);
        self.equal("service pack", service_pack(&self.source), service_pack(&self.ours));
        let processor = |facts: &Facts<'a>| facts.system_info().map(|it| (it.level, it.revision));
        self.equal("processor", processor(&self.source), processor(&self.ours));

        // Everything except the engine's own build string at [752, 832).
        let parts =
            |blob: Option<Blob<'a>>, range: Range<usize>| blob.and_then(|blob| blob.get(range).map(<[u8]>::to_vec));
        let (engine, ours) = (self.engine.stream_bytes(15), self.ours.stream_bytes(15));
        let mut expected = parts(engine, 0..752);
        expected.as_mut().filter(|_| self.is_private()).into_iter().for_each(|bytes| valid_misc_info(bytes));
        self.equal("MiscInfo up to its build strings", expected, parts(ours, 0..752));
        self.equal("MiscInfo after its build strings", parts(engine, 832..1364), parts(ours, 832..1364));
    }

    fn rows(&mut self) {
        let masked = |rows: Vec<MemoryInfo>, of: &Self| -> Vec<MemoryInfo> {
            let row = |row: MemoryInfo| MemoryInfo {
                base: of.extend(row.base),
                allocation_base: of.extend(row.allocation_base),
                ..row
            };
            rows.into_iter().map(row).collect()
        };
        let mut expected = masked(self.engine.memory_infos(), self);
        expected.sort_by_key(|row| row.base);
        self.equal("memory information", expected, self.ours.memory_infos());

        // The source's entries with their exit status; the engine clears it, and leaves invalid entries out.
        let ours = self.ours.thread_infos();
        if self.engine.stream(17).is_some() {
            let extended = |facts: &Facts<'a>| -> Vec<ThreadInfo> {
                let row = |row: ThreadInfo| ThreadInfo { start_address: self.extend(row.start_address), ..row };
                facts.thread_infos().into_iter().map(row).collect()
            };
            let (expected, mut engine) = (extended(&self.source), extended(&self.engine));
            if self.today {
                // Left over from other uses of the memory; the engine of 2017 writes 0.
                engine.iter_mut().for_each(|row| row.exit_status = 0);
            }
            self.equal("thread information", expected, ours.clone());
            let valid = ours.iter().filter(|row| row.flags & 8 == 0);
            let blanked: Vec<ThreadInfo> = valid.map(|row| ThreadInfo { exit_status: 0, ..*row }).collect();
            self.equal("thread information without exit states", engine, blanked);
        }
        let unloaded = |facts: &Facts<'a>, of: &Self| -> Vec<_> {
            let rows = facts.unloaded_modules().into_iter();
            rows.map(|it| (of.extend(it.base), it.size, it.checksum, it.timestamp, it.name.text)).collect()
        };
        self.equal("unloaded modules", unloaded(&self.engine, self), unloaded(&self.ours, self));
    }

    fn handles(&mut self) {
        type Row = (u64, Option<String>, Option<String>, [u32; 4]);
        let rows = |facts: &Facts<'a>| -> Vec<Row> {
            let row = |it: super::facts::Handle<'a>| {
                let numbers = [it.attributes, it.access, it.handles, it.pointers];
                (it.handle, it.type_name.text, it.object_name.text, numbers)
            };
            facts.handles().into_iter().map(row).collect()
        };
        self.equal("handles", rows(&self.engine), rows(&self.ours));
        if self.engine.stream(12).is_some() {
            let objects = |facts: &Facts<'a>| -> Vec<Vec<(u32, Vec<u8>)>> {
                let of_handle = |it: super::facts::Handle<'a>| {
                    it.objects.iter().map(|object| (object.kind, object.bytes.to_vec())).collect()
                };
                facts.handles().into_iter().map(of_handle).collect()
            };
            self.equal("object information", objects(&self.source), objects(&self.ours));
        }
    }

    /// Streams that are copied byte for byte if the source has them.
    fn copied_streams(&mut self) {
        for kind in self.ours.kinds() {
            let copied = CARRIED.contains(&kind) || kind > 0xffff || matches!(kind, 13 | 19 | 21 | 22);
            // Thread names are at other positions, and are compared by their text.
            if !copied || kind == 24 {
                continue;
            }
            let made_up = if matches!(kind, 19 | 21 | 22) { self.engine.stream_bytes(kind) } else { None };
            let expected = self.source.stream_bytes(kind).or(made_up);
            self.equal(&format!("stream {kind}"), expected, self.ours.stream_bytes(kind));
        }
        let names = |facts: &Facts<'a>| -> Vec<_> {
            facts.thread_names().into_iter().map(|it| (it.thread, it.name.text)).collect()
        };
        self.equal("thread names", names(&self.source), names(&self.ours));
    }
}

/// An `RSDS` record in which the path of the PDB is reduced to its file name.
fn without_folder(record: &[u8]) -> Vec<u8> {
    if !record.starts_with(b"RSDS") || record.len() < 24 {
        return record.to_vec();
    }
    let name = record[24..].rsplit(|&byte| byte == b'\\').next().unwrap_or_default();
    [&record[..24], name].concat()
}

fn pointer(bytes: &[u8]) -> Option<u64> {
    match bytes.len() {
        4 => Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?))),
        8 => Some(u64::from_le_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}
