//! Thread contexts on their way into the result.

use alloc::borrow::Cow;

use crate::format::context::{ContextLayout, RegisterGroup};
use crate::format::processor::Processor;
use crate::read::Context;

/// The processor status bit of ARM for Thumb code.
const ARM_THUMB: u32 = 0x20;

/// Which form of a record goes into the result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// With the extended state behind the fixed part (`y`).
    pub(super) whole: bool,
    /// For the thread list: there the debugger lets bit 0 of ARM's program counter say whether the processor status has
    /// Thumb code.
    pub(super) of_thread: bool,
}

/// What has to be changed of a record to give it a form: known before anything is copied.
#[derive(Clone, Copy, Default)]
pub(super) struct Change {
    /// The layout whose fixed part is kept, its flags no longer announcing what is cut off.
    ///
    /// Records of layouts without an extended form are kept whole. As for the debugger, the size alone says which layout
    /// of the processor it is, not the flags.
    fixed_part: Option<&'static ContextLayout>,
    /// Where the program counter stands, and what the thread list has for it.
    pc: Option<(u32, u32)>,
}

impl Change {
    pub(super) fn new(context: &Context<'_>, processor: &Processor, form: Form) -> Self {
        let bytes = context.as_bytes();
        let mut change = Self::default();
        // That of another processor stays as it is.
        let known = by_size(bytes, processor).filter(|_| context.layout().is_some());
        let Some(layout) = known else { return change };
        if !form.whole && layout.is_extensible && bytes.len() > layout.size as usize {
            change.fixed_part = Some(layout);
        }
        // The debugger knows the layout of Windows alone.
        if form.of_thread && processor.has_thumb && processor.windows_context() == Some(layout) {
            if let Some((pc, status)) = layout.register("pc").zip(layout.register("cpsr")) {
                let is_thumb = u32_at(bytes, status.offset).is_some_and(|status| status & ARM_THUMB != 0);
                let marked = |counter: u32| counter & !1 | u32::from(is_thumb);
                let counter = u32_at(bytes, pc.offset).filter(|&counter| marked(counter) != counter);
                change.pc = counter.map(|counter| (pc.offset, marked(counter)));
            }
        }
        change
    }

    pub(super) const fn is_none(&self) -> bool {
        self.fixed_part.is_none() && self.pc.is_none()
    }

    /// The record with the change.
    pub(super) fn applied<'a>(&self, context: &Context<'a>) -> Cow<'a, [u8]> {
        let mut bytes = Cow::Borrowed(context.as_bytes());
        if let Some(layout) = self.fixed_part {
            bytes = bytes.get(..layout.size as usize).unwrap_or_default().to_vec().into();
            let extended = layout.group_flag(RegisterGroup::XState).unwrap_or(0);
            change_u32(bytes.to_mut(), layout.flags_offset, |flags| flags & !extended);
        }
        if let Some((offset, marked)) = self.pc {
            change_u32(bytes.to_mut(), offset, |_| marked);
        }
        bytes
    }
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
