//! Converts contexts to the layout that a full user dump has for its processor.

use alloc::borrow::Cow;
use alloc::vec;

use crate::format::context::ContextLayout;
use crate::format::processor::Processor;
use crate::read::Context;
use crate::redump::context_form::{Change, Form};

/// Returns the context in the Windows layout: cut to its fixed part or, if another producer has its own layout,
/// converted register by register.
pub(super) fn of_windows<'r>(context: &Context<'r>, processor: &Processor) -> Cow<'r, [u8]> {
    match (processor.windows_context(), context.layout()) {
        (Some(wanted), Some(found)) if wanted != found => registers_in(wanted, context).into(),
        _ => Change::new(context, processor, Form::FIXED_PART).applied(context),
    }
}

/// Returns a context in `layout` with the registers that both layouts have, and flags for the groups that are valid.
fn registers_in(layout: &ContextLayout, context: &Context<'_>) -> vec::Vec<u8> {
    let mut bytes = vec![0; layout.size as usize];
    let mut put = |offset: u32, value: &[u8]| {
        let start = offset as usize;
        if let Some(field) = bytes.get_mut(start..start.saturating_add(value.len())) {
            field.copy_from_slice(value);
        }
    };
    for field in layout.registers() {
        let value = context.register(field.name).filter(|value| value.size() == field.size);
        let value = value.map(|value| value.to_le_bytes());
        if let Some(value) = value.as_ref().and_then(|value| value.get(..field.size as usize)) {
            put(field.offset, value);
        }
    }
    let processor = layout.cpu_flags.first().copied().unwrap_or(0);
    let flags = context.valid_groups().filter_map(|group| layout.group_flag(group)).fold(processor, |all, it| all | it);
    put(layout.flags_offset, &flags.to_le_bytes());
    bytes
}
