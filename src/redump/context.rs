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

/// The record cut to its fixed part, its flags no longer announcing what is cut off.
///
/// Records of layouts without an extended form are kept whole. As for the debugger, the size alone says which layout of
/// the processor it is, not the flags.
fn fixed_part<'a>(context: &Context<'a>, cpu: Option<ProcessorArchitecture>) -> Cow<'a, [u8]> {
    let bytes = context.as_bytes();
    let extended = EXTENDED.iter().find(|(layout, _)| by_size(bytes, cpu) == Some(layout));
    let Some((layout, flag)) = extended else {
        return bytes.into();
    };
    match bytes.get(..layout.size as usize) {
        Some(fixed) if fixed.len() < bytes.len() => {
            let mut fixed = fixed.to_vec();
            change_u32(&mut fixed, layout.flags_offset as usize, |flags| flags & !flag);
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
pub(super) fn formed<'a>(context: &Context<'a>, cpu: Option<ProcessorArchitecture>, form: Form) -> Cow<'a, [u8]> {
    let mut bytes = if form.whole { context.as_bytes().into() } else { fixed_part(context, cpu) };
    if !form.of_thread || by_size(context.as_bytes(), cpu) != Some(&ContextLayout::ARM) {
        return bytes;
    }
    if let (Some(pc), Some(status)) = (u32_at(&bytes, ARM_PC), u32_at(&bytes, ARM_CPSR)) {
        let marked = pc & !1 | u32::from(status & ARM_THUMB != 0);
        if marked != pc {
            change_u32(bytes.to_mut(), ARM_PC, |_| marked);
        }
    }
    bytes
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
