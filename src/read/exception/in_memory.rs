//! The structures of an exception in the memory of a Windows process, in the width of the process.

use alloc::vec::Vec;

use crate::format::context::{ContextEx, ContextLayout, RegisterGroup};
use crate::format::full_user_dump::ExceptionRecord32;
use crate::format::structure::Stored;
use crate::format::{ExceptionRecord, size32};
use crate::read::source::Source;

use crate::read::bytes::{Bytes, Decode};
use crate::read::context::registers::Context;
use crate::read::memory::by_address::Memory;
use crate::read::target::Target;

/// The maximum size of a context with extended registers, which no processor reaches.
const LARGEST_CONTEXT: u32 = 0x1_0000;

/// The size of an `EXCEPTION_RECORD` in bytes.
pub(crate) fn record_size(target: Target) -> u64 {
    if target.is_32_bit() { ExceptionRecord32::SIZE as u64 } else { ExceptionRecord::SIZE as u64 }
}

/// The size of the fixed part of a `CONTEXT` in bytes; `None` for processors that Windows does not support.
pub(crate) fn context_size(target: Target) -> Option<u64> {
    target.processor().windows_context().map(|layout| layout.size.into())
}

/// The structure at an address; `None` if it is not entirely in the dump.
pub(crate) fn structure_at<T: Decode + Stored>(memory: &Memory<'_>, address: u64) -> Option<T> {
    let bytes = bytes_at(memory, address, size32::<T>())?;
    Bytes::new(Source::Bytes(&bytes), memory.byte_order()).read("", 0).ok()
}

/// The addresses of the record and the context in an `EXCEPTION_POINTERS`.
pub(crate) fn pointers_at(memory: &Memory<'_>, address: u64) -> Option<(u64, u64)> {
    let second = address.checked_add(memory.target().pointer_size().into())?;
    memory.read_pointer(address).zip(memory.read_pointer(second))
}

/// An `EXCEPTION_RECORD`; a record of a 32-bit process is zero-extended.
pub(crate) fn record_at(memory: &Memory<'_>, address: u64) -> Option<ExceptionRecord> {
    match memory.target().is_32_bit() {
        true => structure_at::<ExceptionRecord32>(memory, address).map(ExceptionRecord::from),
        false => structure_at(memory, address),
    }
}

/// A `CONTEXT`. It includes the extended registers if its flags declare them, a `CONTEXT_EX` locates them, and all of
/// them are in the dump.
pub(crate) fn context_at(memory: &Memory<'_>, address: u64) -> Option<Vec<u8>> {
    let target = memory.target();
    let layout = target.processor().windows_context()?;
    let fixed = fixed_context_at(memory, address, layout)?;
    let context = Context::new(&fixed, target, memory.byte_order());
    if !layout.is_extensible || !context.is_valid(RegisterGroup::XState) {
        return Some(fixed);
    }
    let parts = address.checked_add(layout.size.into()).and_then(|end| structure_at::<ContextEx>(memory, end));
    let is_whole = |parts: &ContextEx| {
        let back = -i64::from(layout.size);
        let is_before = [parts.all, parts.legacy].iter().all(|part| i64::from(part.offset) == back);
        is_before && (layout.size + size32::<ContextEx>()..=LARGEST_CONTEXT).contains(&parts.all.length)
    };
    let whole = parts.filter(is_whole).and_then(|parts| bytes_at(memory, address, parts.all.length));
    Some(whole.unwrap_or(fixed))
}

/// The fixed part of a `CONTEXT`.
pub(crate) fn fixed_context_at(memory: &Memory<'_>, address: u64, layout: &ContextLayout) -> Option<Vec<u8>> {
    bytes_at(memory, address, layout.size)
}

fn bytes_at(memory: &Memory<'_>, address: u64, size: u32) -> Option<Vec<u8>> {
    let mut bytes = alloc::vec![0; usize::try_from(size).ok()?];
    (memory.read(address, &mut bytes) == bytes.len()).then_some(bytes)
}
