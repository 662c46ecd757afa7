//! Finds record fields that a full user dump cannot hold, by comparing each record with its form in the result.
//!
//! What is reported under its own name (see `losses`) counts as kept here.

use std::collections::HashSet;

use crate::format::memory::{Memory64List, MemoryDescriptor64, MemoryInfoListHeader};
use crate::format::thread::ThreadEx;
use crate::format::{self, MemoryDescriptor, Module, Thread};
use crate::read::list::Record;
use crate::read::{Claims, List, RawStream, Stream};
use crate::redump::accounts::{Accounts, COUNT};
use crate::redump::hooks::Hooks;
use crate::redump::record_rules::{EXCEPTION, MEMORY_INFO, MODULE, SYSTEM_INFO, THREAD, THREAD_EX};
use crate::redump::report::Report;
use crate::redump::select::selected::Selection;
use crate::redump::source::Source;

/// Reports the fields that are lost.
pub(super) fn compare(source: &Source<'_>, hooks: &Hooks<'_>, selection: &Selection, report: &mut Report) {
    let accounts = Accounts::new(source.target, source.file_size, false);
    let mut comparison = Comparison { source, hooks, selection, accounts, report };
    let mut met = HashSet::new();
    let dump = source.dump();
    for (stream, decoded) in dump.streams() {
        let counts = met.insert(stream.stream_type()) && hooks.keeps_stream(&stream);
        if let (true, Ok(decoded)) = (counts, decoded) {
            comparison.stream(&stream, decoded);
        }
    }
    let Comparison { accounts, report, .. } = comparison;
    let parts = Claims::of(&dump);
    accounts.close(dump.bytes(), parts.referred_to().chain(source.positions.intervals()), report);
}

struct Comparison<'s, 'd, 'h> {
    source: &'s Source<'d>,
    hooks: &'s Hooks<'h>,
    selection: &'s Selection,
    accounts: Accounts,
    report: &'s mut Report,
}

impl<'a> Comparison<'_, '_, '_> {
    fn list<R: Record<'a>>(&mut self, stream: &RawStream<'a>, list: &List<'a, R>, known: (usize, usize)) {
        self.accounts.list(stream, list, known);
        self.report.list_fault(stream.stream_type(), list);
    }

    fn stream(&mut self, stream: &RawStream<'a>, decoded: Stream<'a>) {
        let target = self.source.target;
        let mask = |address| target.mask(address);
        let of_thread = |raw: Thread| Thread { teb: mask(raw.teb), ..raw };
        match decoded {
            Stream::ThreadList(list) => {
                self.list(stream, &list, (COUNT, Thread::SIZE));
                for thread in list.iter().filter(|it| !self.selection.threads_left_out.contains(&it.id())) {
                    self.accounts.record(thread.raw(), &of_thread(*thread.raw()), &THREAD);
                    self.accounts.stack(self.source, &thread.raw().stack);
                }
            }
            Stream::ThreadExList(list) => {
                self.list(stream, &list, (COUNT, ThreadEx::SIZE));
                for thread in list.iter().filter(|it| !self.selection.threads_left_out.contains(&it.thread().id())) {
                    let raw = *thread.raw();
                    self.accounts.record(&raw, &ThreadEx { thread: of_thread(raw.thread), ..raw }, &THREAD_EX);
                    let stacks = [raw.thread.stack, raw.backing_store];
                    stacks.iter().for_each(|stack| self.accounts.stack(self.source, stack));
                }
            }
            Stream::ModuleList(list) => {
                self.list(stream, &list, (COUNT, Module::SIZE));
                for module in list.iter().filter(|module| self.hooks.keeps_module(module)) {
                    let raw = *module.raw();
                    let version_info = module.version().copied().unwrap_or_default();
                    let base_of_image = mask(raw.base_of_image);
                    let kept = Module { base_of_image, version_info, reserved0: 0, reserved1: 0, ..raw };
                    self.accounts.record(&raw, &kept, &MODULE);
                }
            }
            Stream::MemoryList(list) => {
                self.list(stream, &list, (COUNT, MemoryDescriptor::SIZE));
                self.accounts.ranges(stream.stream_type(), list.iter(), self.report);
            }
            Stream::Memory64List(list) => {
                self.list(stream, list.descriptors(), (Memory64List::SIZE, MemoryDescriptor64::SIZE));
                self.accounts.ranges(stream.stream_type(), list.iter(), self.report);
            }
            Stream::CompressedMemory(memory) => self.accounts.compressed_memory(stream, &memory),
            Stream::MemoryInfoList(list) => {
                self.list(stream, &list, (MemoryInfoListHeader::SIZE, format::MemoryInfo::SIZE));
                for region in &list {
                    let raw = *region.raw();
                    let [base_address, allocation_base] = [raw.base_address, raw.allocation_base].map(mask);
                    let kept = format::MemoryInfo { base_address, allocation_base, ..raw };
                    // The region entries of a `USERDUMP` have no padding.
                    let alignment = |field| if target.is_32_bit() { 0 } else { field };
                    let [alignment1, alignment2] = [raw.alignment1, raw.alignment2].map(alignment);
                    self.accounts.record(&raw, &format::MemoryInfo { alignment1, alignment2, ..kept }, &MEMORY_INFO);
                }
            }
            Stream::Exception(exception) => {
                let raw = *exception.raw();
                let record = raw.exception_record;
                let exception_record = format::ExceptionRecord {
                    exception_record: mask(record.exception_record),
                    exception_address: mask(record.exception_address),
                    exception_information: record.exception_information.map(mask),
                    alignment: if target.is_32_bit() { 0 } else { record.alignment },
                    ..record
                };
                let kept = format::ExceptionStream { exception_record, alignment: 0, ..raw };
                self.accounts.record(&raw, &kept, &EXCEPTION);
                self.accounts.unclaimed_from(
                    "bytes after the record of an exception",
                    stream,
                    format::ExceptionStream::SIZE,
                );
            }
            Stream::SystemInfo(system) => {
                let raw = *system.raw();
                // Both share one 32-bit field.
                let [build_number, minor_version] = [raw.build_number, raw.minor_version].map(|it| it & 0xffff);
                let kept = format::SystemInfo { build_number, minor_version, reserved2: 0, ..raw };
                self.accounts.record(&raw, &kept, &SYSTEM_INFO);
                self.accounts.unclaimed_from("bytes after the system information", stream, format::SystemInfo::SIZE);
            }
            _ => {}
        }
    }
}
