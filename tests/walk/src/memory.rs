//! Walks memory and the address space. The results of an index must be consistent for any file.

use std::hint::black_box;

use userdump::error::BucketFault;
use userdump::read::any_format::AnyModule;
use userdump::read::memory::{MemoryRegion, MemoryRegions, VisibleRange};
use userdump::read::module::{CodeView, Image};
use userdump::read::{ByteOrder, Memory};
use userdump::{Dump, ReadError};

use crate::{SEARCHES, Walk};

impl Walk<'_> {
    pub(crate) fn memory(&mut self, memory: &Memory<'_>) {
        let mut before: Option<VisibleRange<'_>> = None;
        for range in memory.visible_ranges() {
            self.item(&range);
            let Some(bytes) = bytes_of(memory, &range) else {
                before = Some(range);
                continue;
            };
            assert!(range.size > 0 && bytes.len() as u64 == range.size, "a visible range has its bytes");
            let last = range.address + (range.size - 1);
            assert!(
                before.is_none_or(|it| it.address + (it.size - 1) < range.address),
                "visible ranges do not overlap"
            );
            assert_eq!([range.address, last].map(|at| memory.range_at(at)), [Some(range); 2]);
            assert_eq!(memory.slice(range.address, range.size), Some(bytes));
            // Asks for only one byte more, so that not all ranges are visited for each range.
            assert!(memory.run_len(range.address, range.size.saturating_add(1)) >= range.size);
            for around in [range.address.wrapping_sub(1), last.wrapping_add(1)] {
                assert_eq!(memory.range_at(around).is_some(), memory.run_len(around, 1) > 0);
            }
            let mut buffer = [0; 64];
            let read = memory.read(range.address, &mut buffer);
            let available = bytes.len().min(buffer.len());
            assert!(read >= available);
            assert_eq!(buffer[..available], bytes[..available]);
            let pointer = memory.read_pointer(last).is_some();
            self.see(&(read, pointer, memory.visible_within(range.address, last).count()));
            image_at(memory, range.address);
            before = Some(range);
        }
        assert_eq!(memory.is_empty(), before.is_none());
        let edges = memory.visible_ranges().take(8).flat_map(|range| [range.address, range.address + (range.size - 1)]);
        for address in edges.chain([0, 0xffff_ffff, u64::MAX]) {
            self.values(memory, address);
        }
    }

    /// Reads values at an address. They are not passed on, because they depend on the byte order.
    fn values(&mut self, memory: &Memory<'_>, address: u64) {
        let widths = [1, 2, 3, 4, 8].map(|width| memory.read_integer(address, width).is_some());
        let is_present = memory.run_len(address, 8) == 8;
        let is_damaged = || (0..8).any(|more| memory.fault_at(address.wrapping_add(more)).is_some());
        assert!(memory.read_u64(address).is_some() == is_present || is_damaged());
        let run = memory.run_len(address, u64::MAX);
        assert_eq!(memory.range_at(address).is_some(), run > 0);
        self.see(&(widths, run, memory.utf16(address, 8).is_some()));
        black_box((memory.read_u8(address), memory.read_u16(address), memory.read_u32(address)));
        black_box((memory.read_c_string(address, u64::MAX), memory.read_utf16_c_string(address, 64)));
    }

    pub(crate) fn regions(&mut self, regions: &MemoryRegions<'_>) {
        for region in regions.iter() {
            self.item(&(region, region.protection(), region.memory_type(), region.state()));
            let last = region.base().wrapping_add(region.size().wrapping_sub(1));
            let found = [region.base(), last].map(|address| regions.at_address(address).is_some());
            assert!(region.size() == 0 || found[0], "a region contains its first address");
            self.see(&found);
        }
        assert_eq!(regions.is_empty(), regions.iter().next().is_none());
    }
}

/// Reads the image at an address, if there is one. It is not passed on, because its values depend on the byte order.
pub(crate) fn image_at(memory: &Memory<'_>, address: u64) {
    let Some(image) = Image::at(memory, address) else { return };
    for record in [image.code_view_record(), image.misc_record()].iter().flatten() {
        assert!((1..=0x2_0000).contains(&record.len()));
        black_box(CodeView::new(record, ByteOrder::Little));
    }
    black_box((image.checksum(), image.size_of_image(), image.version(), image.sections().take(100).count()));
}

/// Returns the bytes of a visible range; `None` if they are compressed and cannot be borrowed.
fn bytes_of<'m>(memory: &Memory<'_>, range: &VisibleRange<'m>) -> Option<&'m [u8]> {
    let error = match range.bytes() {
        Ok(bytes) => return Some(bytes),
        Err(error) => error,
    };
    let is_full = matches!(error, ReadError::Bucket { fault: BucketFault::CacheFull, .. });
    assert!(matches!(error, ReadError::Bucket { .. }), "a visible range has its bytes: {error}");
    if is_full {
        assert_eq!(memory.read(range.address, &mut [0]), 1);
    } else {
        // Only for compressed memory, whose buckets are not decompressed before they are read.
        assert!(memory.fault_at(range.address).is_some() && range.in_file().is_none());
        assert_eq!((memory.read(range.address, &mut [0; 8]), memory.read_u8(range.address)), (0, None));
    }
    None
}

/// Checks the identifiers of a module: those from the module list must be the same when memory is available.
pub fn facts_of<'a>(memory: &Memory<'a>, module: &AnyModule<'a>) {
    let ids = (module.debug_id(memory), module.code_id(memory));
    if let Some(id) = ids.0 {
        assert_eq!(
            (id.to_string().parse(), format!("{id:#}").parse()),
            (Ok(id), Ok(id)),
            "an ID can be parsed from its text"
        );
    }
    if let Some(id) = ids.1 {
        assert_eq!(
            (id.to_string().parse(), format!("{id:#}").parse()),
            (Ok(id), Ok(id)),
            "an ID can be parsed from its text"
        );
    }
    black_box((module.time_date_stamp(memory), module.checksum(memory), module.file_version(memory)));
    black_box((module.debug_file(memory), module.code_file(), module.code_view(memory).is_ok()));
    if let AnyModule::Minidump(listed) = module {
        if let Ok(Some(_)) = listed.code_view_record() {
            assert_eq!(ids, (listed.debug_id(), listed.code_id()));
            assert_eq!(module.debug_file(memory), listed.debug_file());
        }
        assert!(listed.version().is_none() || module.version(memory).as_ref() == listed.version());
    }
}

/// Checks look-ups by address, and calls the methods that every dump has.
pub fn places_of(dump: &Dump<'_>) {
    let (modules, unloaded) = (dump.modules_by_address(), dump.unloaded_modules_by_address());
    for module in dump.modules().take(SEARCHES).filter(|module| module.size() > 0) {
        let place = modules.locate(module.base()).expect("a module with a size contains its base");
        assert!(place.module.contains(module.base()), "{place:?} of {module:?}");
    }
    for module in dump.unloaded_modules().take(SEARCHES) {
        let found = unloaded.at_address(module.base()).any(|it| it.raw() == module.raw());
        assert_eq!(found, module.size() > 0, "an unloaded module with a size contains its base");
        black_box((module.code_id(), module.code_file()));
    }
    let names = dump.threads().take(SEARCHES).filter(|thread| dump.thread_name(thread.id()).is_some()).count();
    let places = dump.exceptions().take(SEARCHES).filter_map(|exception| exception.instruction(&modules));
    black_box((names, places.count(), dump.process_id(), dump.crashed_thread(), dump.crash_registers()));
}

/// Checks that indexes without the bytes give the same results as those that borrow the bytes.
pub fn kept_of(dump: &Dump<'_>, memory: &Memory<'_>) {
    let source = dump.dump_bytes().source();
    let kept = memory.index().bind(&source);
    assert!(kept.visible_ranges().eq(memory.visible_ranges()));
    for range in memory.visible_ranges().take(SEARCHES) {
        assert_eq!(kept.read_u64(range.address), memory.read_u64(range.address));
    }
    let regions = dump.regions();
    let kept = regions.index().bind(&source);
    let facts =
        |region: MemoryRegion<'_>| (region.base(), region.size(), region.protection(), region.path().is_empty());
    for region in regions.iter().take(SEARCHES) {
        let [kept, borrowed] = [&kept, &regions].map(|index| index.at_address(region.base()).map(facts));
        assert_eq!(kept, borrowed);
    }
    let modules = dump.modules_by_address();
    let kept = modules.index().bind(&source);
    for module in dump.modules().take(SEARCHES) {
        let [kept, borrowed] =
            [&kept, &modules].map(|index| index.locate(module.base()).map(|it| (it.to_string(), it.module.size())));
        assert_eq!(kept, borrowed);
    }
    let unloaded = dump.unloaded_modules_by_address();
    let kept = unloaded.index().bind(&source);
    for module in dump.unloaded_modules().take(SEARCHES) {
        let [kept, borrowed] = [&kept, &unloaded].map(|index| index.at_address(module.base()).map(|it| *it.raw()));
        assert!(kept.eq(borrowed));
    }
}
