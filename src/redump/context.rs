//! Thread contexts on their way into the result.

use alloc::borrow::Cow;

use crate::format::{ContextLayout, Processor, RegisterGroup};
use crate::read::Context;

/// The processor status bit of ARM for Thumb code.
const ARM_THUMB: u32 = 0x20;

/// The record cut to its fixed part, its flags no longer announcing what is cut off.
///
/// Records of layouts without an extended form are kept whole. As for the debugger, the size alone says which layout of
/// the processor it is, not the flags.
fn fixed_part<'a>(context: &Context<'a>, processor: &Processor) -> Cow<'a, [u8]> {
    let bytes = context.as_bytes();
    let Some(layout) = by_size(bytes, processor).filter(|layout| layout.is_extensible) else {
        return bytes.into();
    };
    match bytes.get(..layout.size as usize) {
        Some(fixed) if fixed.len() < bytes.len() => {
            let mut fixed = fixed.to_vec();
            let extended = layout.group_flag(RegisterGroup::XState).unwrap_or(0);
            change_u32(&mut fixed, layout.flags_offset, |flags| flags & !extended);
            fixed.into()
        }
        _ => bytes.into(),
    }
}

/// Which form of a record goes into the result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// With the extended state behind the fixed part (`y`).
    pub(super) whole: bool,
    /// For the thread list: there the debugger lets bit 0 of ARM's program counter say whether the processor status has
    /// Thumb code.
    pub(super) of_thread: bool,
}

/// The record in a form.
pub(super) fn formed<'a>(context: &Context<'a>, processor: &Processor, form: Form) -> Cow<'a, [u8]> {
    let mut bytes = if form.whole { context.as_bytes().into() } else { fixed_part(context, processor) };
    // The debugger knows the layout of Windows alone.
    let layout = by_size(context.as_bytes(), processor).filter(|&layout| processor.contexts.first() == Some(layout));
    let Some(layout) = layout.filter(|_| form.of_thread && processor.has_thumb) else {
        return bytes;
    };
    if let Some((pc, status)) = layout.register("pc").zip(layout.register("cpsr")) {
        let is_thumb = u32_at(&bytes, status.offset).is_some_and(|status| status & ARM_THUMB != 0);
        let marked = |counter: u32| counter & !1 | u32::from(is_thumb);
        if u32_at(&bytes, pc.offset).is_some_and(|counter| marked(counter) != counter) {
            change_u32(bytes.to_mut(), pc.offset, marked);
        }
    }
    bytes
}

fn by_size(bytes: &[u8], processor: &Processor) -> Option<&'static ContextLayout> {
    processor.context_of_size(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

fn u32_at(bytes: &[u8], position: u32) -> Option<u32> {
    bytes.get(position as usize..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn change_u32(bytes: &mut [u8], position: u32, change: impl Fn(u32) -> u32) {
    if let Some(field) = bytes.get_mut(position as usize..).and_then(|rest| rest.first_chunk_mut()) {
        *field = change(u32::from_le_bytes(*field)).to_le_bytes();
    }
}
