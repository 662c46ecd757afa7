//! Thread contexts on their way into the result.

use alloc::borrow::Cow;

use crate::format::{CONTEXT_ARM64_XSTATE, CONTEXT_XSTATE, ContextLayout, ProcessorArchitecture};
use crate::read::Context;

/// The flag for extended state and the layouts that have a fixed part to cut a record to.
const EXTENDED: [(&ContextLayout, u32); 3] = [
    (&ContextLayout::X86, CONTEXT_XSTATE),
    (&ContextLayout::AMD64, CONTEXT_XSTATE),
    (&ContextLayout::ARM64, CONTEXT_ARM64_XSTATE),
];

/// The processor status bit of ARM for Thumb code, and where status and program counter are.
const ARM_THUMB: u32 = 0x20;
const ARM_PC: usize = 64;
const ARM_CPSR: usize = 68;

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
    /// The layout whose fixed part is kept, and the flag that announces what is cut off.
    ///
    /// Records of layouts without an extended form are kept whole. As for the debugger, the size alone says which layout
    /// of the processor it is, not the flags.
    fixed_part: Option<(&'static ContextLayout, u32)>,
    /// The program counter as the thread list has it.
    pc: Option<u32>,
}

impl Change {
    pub(super) fn new(context: &Context<'_>, cpu: Option<ProcessorArchitecture>, form: Form) -> Self {
        let bytes = context.as_bytes();
        let mut change = Self::default();
        let Some(layout) = by_size(bytes, cpu) else { return change };
        if !form.whole && bytes.len() > layout.size as usize {
            change.fixed_part = EXTENDED.into_iter().find(|(extended, _)| *extended == layout);
        }
        if form.of_thread && *layout == ContextLayout::ARM {
            if let (Some(pc), Some(status)) = (u32_at(bytes, ARM_PC), u32_at(bytes, ARM_CPSR)) {
                let marked = pc & !1 | u32::from(status & ARM_THUMB != 0);
                change.pc = Some(marked).filter(|&marked| marked != pc);
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
        if let Some((layout, flag)) = self.fixed_part {
            bytes = bytes.get(..layout.size as usize).unwrap_or_default().to_vec().into();
            change_u32(bytes.to_mut(), layout.flags_offset as usize, |flags| flags & !flag);
        }
        if let Some(pc) = self.pc {
            change_u32(bytes.to_mut(), ARM_PC, |_| pc);
        }
        bytes
    }
}

fn by_size(bytes: &[u8], cpu: Option<ProcessorArchitecture>) -> Option<&'static ContextLayout> {
    ContextLayout::for_architecture(cpu?, u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

fn u32_at(bytes: &[u8], position: usize) -> Option<u32> {
    bytes.get(position..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn change_u32(bytes: &mut [u8], position: usize, change: impl Fn(u32) -> u32) {
    if let Some(field) = bytes.get_mut(position..).and_then(|rest| rest.first_chunk_mut()) {
        *field = change(u32::from_le_bytes(*field)).to_le_bytes();
    }
}
