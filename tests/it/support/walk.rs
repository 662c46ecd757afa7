//! Goes through everything that the reader gives of a dump, for tests that care only that it can be gone through.

mod user;

use std::fmt::{self, Debug, Write};
use std::hint::black_box;

use userdump::format::StreamType;
use userdump::format::stream::Relocation;
use userdump::read::check::Finding;
use userdump::read::list::{Addressed, Record};
use userdump::read::memory::MemoryRegions;
use userdump::read::references::parts;
use userdump::read::{Context, List, Memory, MemoryRange, Module, RawStream, Stream, Thread};
use userdump::{Dump, Minidump, ReadError};

use super::vendor;

/// What was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Entries of the directory; none in a full user dump.
    pub streams: u64,
    /// Entries of the directory and of all lists, records of chains, ranges by address, findings.
    pub items: u64,
    /// What the check found.
    pub findings: u64,
}

/// Goes through all streams, entries, names, contexts, stacks, records and ranges, and through the check.
///
/// # Panics
///
/// If the reader does, if a stream, the memory or the check gives more items than the file has bytes, or if the views of
/// the memory contradict each other.
pub fn walk(bytes: &[u8]) -> Result<Walked, ReadError> {
    walk_and_see(bytes, &mut |_| ())
}

/// As [`walk`], and prints all of it to nowhere.
///
/// # Panics
///
/// As [`walk`], and if printing does.
pub fn walk_and_print(bytes: &[u8]) -> Result<Walked, ReadError> {
    walk_and_see(bytes, &mut |value| write!(Nowhere, "{value:x?}").expect("nowhere takes everything"))
}

struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

/// Everything that the walk sees, printed: equal for dumps that hold the same at the same places.
pub fn content(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    walk_and_see(bytes, &mut |value| lines.push(format!("{value:x?}"))).expect("the header is sound");
    lines
}

fn walk_and_see(bytes: &[u8], see: &mut dyn FnMut(&dyn Debug)) -> Result<Walked, ReadError> {
    let mut walk = Walk { see, items: 0, limit: bytes.len() as u64 };
    match Dump::parse(bytes)? {
        Dump::Minidump(dump) => Ok(walk.minidump(&dump)),
        Dump::FullUserDump(dump) => Ok(walk.user_dump(&dump)),
        other => panic!("the walk has no way through {other:?}"),
    }
}

struct Walk<'f> {
    see: &'f mut dyn FnMut(&dyn Debug),
    items: u64,
    /// How many items there may be at the end of what is being walked.
    limit: u64,
}

impl Walk<'_> {
    fn minidump(&mut self, dump: &Minidump<'_>) -> Walked {
        let size = dump.data().len() as u64;
        self.see(&(dump.flags(), dump.target(), dump.directory().fault()));
        let mut streams = 0;
        for (stream, decoded) in dump.streams() {
            streams += 1;
            self.allow(size);
            self.item(&(stream.index(), stream.entry(), stream.bytes().len(), stream.fault()));
            match decoded {
                Ok(decoded) => self.stream(&stream, &decoded),
                Err(error) => self.see(&error),
            }
        }
        self.allow(size);
        dump.threads().for_each(|thread| self.item(&dump.stack(&thread)));
        dump.exceptions().for_each(|exception| self.item(&exception.map(|it| it.thread_id())));
        self.allow(size);
        self.memory(&dump.memory());
        self.allow(size);
        self.regions(&dump.regions());
        self.see(&dump.crashed_thread_id());
        if let Some(thread) = dump.crashed_thread() {
            self.allow(1);
            self.thread(&thread);
        }
        self.allow(size);
        let findings = self.findings(|found| dump.check(found));
        Walked { streams, items: self.items, findings }
    }

    /// The number of findings of a check.
    fn findings(&mut self, check: impl FnOnce(&mut dyn FnMut(Finding))) -> u64 {
        let mut findings = 0;
        check(&mut |finding| {
            findings += 1;
            self.item(&(finding, format_args!("{finding}")));
        });
        findings
    }

    /// There may be so many items more.
    fn allow(&mut self, items: u64) {
        self.limit = self.items + items;
    }

    fn see(&mut self, value: &dyn Debug) {
        (self.see)(value);
    }

    fn item(&mut self, value: &dyn Debug) {
        self.items += 1;
        assert!(self.items <= self.limit, "a stream gives more items than the file has bytes");
        self.see(value);
    }

    fn list<'a, R: Record<'a>>(&mut self, list: &List<'a, R>, mut each: impl FnMut(&mut Self, R)) {
        self.see(&(list.len(), list.declared_len(), list.entry_size(), list.fault()));
        for entry in list {
            each(self, entry);
        }
    }

    fn stream(&mut self, stream: &RawStream<'_>, decoded: &Stream<'_>) {
        match decoded {
            Stream::Unused => {}
            Stream::ThreadList(list) => self.list(list, |walk, thread| walk.thread(&thread)),
            Stream::ThreadExList(list) => self.list(list, |walk, thread| {
                walk.thread(&thread.thread());
                walk.see(&(thread.raw(), thread.context().is_ok(), thread.backing_store()));
            }),
            Stream::ModuleList(list) => {
                self.list(list, |walk, module| walk.module(&module));
                by_address(list, |found, address| found.contains(address));
            }
            Stream::HostModuleList(list) => self.list(list.modules(), |walk, module| walk.module(&module)),
            Stream::MemoryList(list) => self.list(list, |walk, range| walk.item(&(range, range.fault()))),
            Stream::Memory64List(list) => {
                self.see(&(list.base_rva(), list.fault()));
                self.list(list.descriptors(), |walk, descriptor| walk.item(&descriptor));
                list.iter().for_each(|range| self.item(&(range, range.fault())));
            }
            Stream::Exception(exception) => {
                self.see(&(exception.raw(), exception.parameters(), exception.reason()));
                self.context(exception.context());
            }
            Stream::SystemInfo(system) => {
                let csd = system.csd_version().map(|text| text.map(|text| text.to_string_lossy()));
                self.see(&(system.raw(), csd, system.cpu(), system.wine()));
            }
            Stream::UnloadedModuleList(list) => {
                self.list(list, |walk, module| walk.item(&(module.raw(), module.name())));
                by_address(list, |found, address| {
                    list.at_address(address).any(|it| it.raw().base_of_image == found.raw().base_of_image)
                });
            }
            Stream::MemoryInfoList(list) => {
                self.list(list, |walk, region| walk.item(&(region.raw(), region.state())));
                by_address(list, |found, address| found.contains(address));
            }
            Stream::ThreadInfoList(list) => self.list(list, |walk, info| walk.item(&(info.raw(), info.flags()))),
            Stream::ThreadNames(list) => self.list(list, |walk, name| walk.item(&(name.raw(), name.name()))),
            Stream::HandleOperationList(list) => self.list(list, |walk, operation| walk.item(&operation)),
            Stream::HandleData(list) => self.list(list, |walk, handle| {
                walk.item(&(handle.raw(), handle.type_name(), handle.object_name()));
                handle.object_information().for_each(|object| walk.item(&object.map(|it| (it, it.fault()))));
            }),
            Stream::FunctionTable(list) => {
                self.see(&(list.raw(), list.fault()));
                list.iter().for_each(|table| self.item(&table));
            }
            Stream::Token(list) => {
                self.see(&(list.raw(), list.fault()));
                // What a token holds behind its head may have numbers in either byte order.
                list.iter().for_each(|token| self.item(&(token.raw, token.offset, token.bytes.len())));
            }
            Stream::MiscInfo(misc) => {
                self.see(&(misc.version(), misc.raw()));
                self.see(&(misc.standard_name(), misc.daylight_name(), misc.build_string(), misc.debug_build_string()));
            }
            // Where there is a longer form, the shorter one is part of it.
            Stream::SystemMemoryInfo(figures) => match figures.extended() {
                Some(extended) => self.see(&extended),
                None => self.see(&figures.basic()),
            },
            Stream::ProcessVmCounters(figures) => self.see(&(figures.basic(), figures.extended())),
            Stream::CommentA(comment) => self.see(&(comment.as_bytes(), comment.to_string())),
            Stream::CommentW(comment) => self.see(&(comment.text(), comment.to_string())),
            Stream::Raw(raw) => self.raw(stream, raw.stream_type(), raw.bytes()),
            other => {
                assert!(vendor::walk(stream, other, self.see), "the walk has no way through {other:?}");
                if stream.stream_type().row().relocation == Relocation::Known {
                    self.raw(stream, stream.stream_type(), stream.bytes());
                }
            }
        }
    }

    fn raw(&mut self, stream: &RawStream<'_>, stream_type: StreamType, bytes: &[u8]) {
        if stream_type.row().relocation != Relocation::Known {
            self.see(&(stream_type, bytes));
            return;
        }
        match parts(stream) {
            Ok(found) => {
                self.see(&found.faults);
                found.parts.iter().for_each(|part| self.item(&(part.offset, part.bytes.len(), &part.references)));
            }
            Err(error) => self.see(&error),
        }
    }

    fn thread(&mut self, thread: &Thread<'_>) {
        self.item(thread.raw());
        self.context(thread.context());
    }

    fn context(&mut self, context: Result<Option<Context<'_>>, ReadError>) {
        match context {
            Ok(Some(it)) => {
                let registers = [it.flags(), it.instruction_pointer(), it.stack_pointer(), it.frame_pointer()];
                self.see(&(it.as_bytes().len(), it.layout(), registers));
                self.see(&(it.state(), it.valid_groups().collect::<Vec<_>>(), it.registers().collect::<Vec<_>>()));
                let extended = it.xstate(None);
                self.see(&extended.map(|it| (it.features(), it.iter().collect::<Vec<_>>(), it.cet_u())));
            }
            other => self.see(&other.map(|_| ())),
        }
    }

    fn module(&mut self, module: &Module<'_>) {
        self.item(module.raw());
        let name = module.name().map(|name| (name.is_valid(), name.to_string_lossy()));
        self.see(&(name, module.version(), module.code_view(), module.misc_record()));
    }

    /// What the index says must agree with itself, whatever the file is.
    fn memory(&mut self, memory: &Memory<'_>) {
        let mut before: Option<MemoryRange<'_>> = None;
        for range in memory.visible_ranges() {
            self.item(&range);
            let last = range.address + (range.size - 1);
            assert_eq!(range.bytes.len() as u64, range.size, "a visible range has its bytes");
            assert!(before.is_none_or(|it| it.address + (it.size - 1) < range.address), "visible ranges are apart");
            assert_eq!([range.address, last].map(|at| memory.range_at(at)), [Some(range); 2]);
            assert_eq!(memory.slice(range.address, range.size), Some(range.bytes));
            assert!(memory.run_len(range.address, u64::MAX) >= range.size);
            let mut buffer = [0; 16];
            let read = memory.read(range.address, &mut buffer);
            let held = range.bytes.len().min(read);
            assert_eq!(buffer[..held], range.bytes[..held]);
            self.see(&(read, memory.read_pointer(last).is_some(), memory.visible_within(range.address, last).count()));
            before = Some(range);
        }
        assert_eq!(memory.is_empty(), before.is_none());
        let edges = memory.visible_ranges().take(8).flat_map(|range| [range.address, range.address + (range.size - 1)]);
        for address in edges.chain([0, 0xffff_ffff, u64::MAX]) {
            self.values(memory, address);
        }
    }

    /// Values at an address. Texts are not shown: memory is bytes, in either order.
    fn values(&mut self, memory: &Memory<'_>, address: u64) {
        let widths = [1, 2, 3, 4, 8].map(|width| memory.read_integer(address, width).is_some());
        assert_eq!(memory.read_u64(address).is_some(), memory.run_len(address, 8) == 8);
        self.see(&(widths, memory.utf16(address, 8).is_some()));
        black_box((memory.read_u8(address), memory.read_u16(address), memory.read_u32(address)));
        black_box((memory.read_c_string(address, u64::MAX), memory.read_utf16_c_string(address, 64)));
    }

    fn regions(&mut self, regions: &MemoryRegions<'_>) {
        for region in regions.iter() {
            self.item(&(region, region.protection(), region.memory_type(), region.state()));
            let last = region.base().wrapping_add(region.size().wrapping_sub(1));
            let found = [region.base(), last].map(|address| regions.at_address(address).is_some());
            assert!(region.size() == 0 || found[0], "a region has its first address");
            self.see(&found);
        }
        assert_eq!(regions.is_empty(), regions.iter().next().is_none());
    }
}

/// What the index finds has the address.
fn by_address<'a, R: Record<'a> + Addressed>(list: &List<'a, R>, has: impl Fn(&R, u64) -> bool) {
    let index = list.by_address();
    for entry in list {
        for address in [entry.base(), entry.base().wrapping_add(entry.size().wrapping_sub(1)), u64::MAX] {
            if let Some(found) = index.get(address) {
                assert!(has(&found, address), "{address:#x} is not where the index finds it");
            }
        }
    }
}
