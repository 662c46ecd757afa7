//! Adapts thread contexts to the result.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::format::ProcessorArchitecture;
use crate::format::context::{CONTEXT_CPU_MASK, ContextLayout, FXSAVE_SIZE, RegisterField, RegisterGroup};
use crate::format::processor::Processor;
use crate::format::system::XStateConfigFeature;
use crate::read::Context;
use crate::read::context::XState;

use crate::redump::accounts::Accounts;
use crate::redump::filter::triage::Triage;
use crate::redump::unused_bytes::keep_only;

/// The bit of ARM's processor status for Thumb code.
const ARM_THUMB: u32 = 0x20;

/// The form that a context has in the result.
#[derive(Clone, Copy)]
pub(super) struct Form<'f> {
    /// With the extended state after the fixed part (`y`).
    pub(super) whole: bool,
    /// For the thread list, where the debugger copies the Thumb bit of the processor status to bit 0 of ARM's program
    /// counter.
    pub(super) of_thread: bool,
    /// Without anything that is not a valid register (`r`, `R`).
    pub(super) bare: bool,
    /// Without general registers, except pointers that a triage dump may have (`s`).
    pub(super) triage: Option<&'f Triage>,
    /// With floating-point and vector registers, which programs copy text through and stack traces do not need (without
    /// `r`).
    pub(super) vectors: bool,
    /// Where the extended registers are, if the dump records it.
    pub(super) xstate: Option<&'f XStateConfigFeature>,
}

impl Form<'_> {
    /// The form of a context in a full user dump.
    pub(super) const FIXED_PART: Self =
        Self { whole: false, of_thread: false, bare: false, triage: None, vectors: true, xstate: None };
}

/// The changes that give a context its form, known before anything is copied.
#[derive(Clone, Default)]
pub(super) struct Change {
    /// The layout that the context is cut to; its flags then no longer declare the part that is cut off.
    ///
    /// Contexts of layouts without an extended form are kept whole. As in the debugger, the size alone determines which
    /// layout of the processor applies, not the flags.
    fixed_part: Option<&'static ContextLayout>,
    /// The byte ranges that stay, unless all of them do.
    used: Option<Vec<Range<u32>>>,
    /// The byte ranges that are overwritten with the triage pattern.
    filtered: Vec<Range<u32>>,
    /// The offset of the program counter, and its value in the thread list.
    pc: Option<(u32, u32)>,
}

impl Change {
    pub(super) fn new(context: &Context<'_>, processor: &Processor, form: Form<'_>) -> Self {
        let bytes = context.as_bytes();
        let mut change = Self { used: form.bare.then(|| used(context, form)).flatten(), ..Self::default() };
        if let Some(triage) = form.triage {
            change.filtered = filtered(context, triage);
        }
        // The context of another processor keeps its size.
        let known = by_size(bytes, processor).filter(|_| context.layout().is_some());
        let Some(layout) = known else { return change };
        // In an extended part that cannot be read, registers cannot be told from other data.
        let whole = form.whole && !(form.bare && context.xstate(form.xstate).is_none());
        if !whole && layout.is_extensible && bytes.len() > layout.size as usize {
            change.fixed_part = Some(layout);
        }
        // The debugger knows only the Windows layout.
        if form.of_thread && processor.has_thumb && processor.windows_context() == Some(layout) {
            if let Some((pc, status)) = layout.register("pc").zip(layout.register("cpsr")) {
                let is_thumb = u32_at(bytes, status.offset).is_some_and(|status| status & ARM_THUMB != 0);
                let marked = |counter: u32| counter & !1 | u32::from(is_thumb);
                let is_used = |used: &Vec<Range<u32>>| used.iter().any(|range| range.contains(&pc.offset));
                let counter = u32_at(bytes, pc.offset).filter(|&counter| marked(counter) != counter);
                let counter = counter.filter(|_| change.used.as_ref().is_none_or(is_used));
                change.pc = counter.map(|counter| (pc.offset, marked(counter)));
            }
        }
        change
    }

    pub(super) fn is_none(&self) -> bool {
        self.fixed_part.is_none() && self.used.is_none() && self.filtered.is_empty() && self.pc.is_none()
    }

    /// True if the change applies only to contexts in the thread list.
    pub(super) const fn is_of_thread(&self) -> bool {
        self.pc.is_some()
    }

    /// Writes the triage pattern over the filtered bytes.
    fn take_out(&self, bytes: &mut [u8]) {
        for range in &self.filtered {
            let range = range.start as usize..(range.end as usize).min(bytes.len());
            bytes.get_mut(range).into_iter().flatten().for_each(|byte| *byte = Triage::PATTERN);
        }
    }

    /// Returns the changed context.
    pub(super) fn applied<'a>(&self, context: &Context<'a>) -> Cow<'a, [u8]> {
        let mut bytes = Cow::Borrowed(context.as_bytes());
        if let Some(layout) = self.fixed_part {
            bytes = bytes.get(..layout.size as usize).unwrap_or_default().to_vec().into();
        }
        if let Some(used) = &self.used {
            keep_only(bytes.to_mut(), used.iter().map(|range| range.start as usize..range.end as usize));
        }
        if !self.filtered.is_empty() {
            self.take_out(bytes.to_mut());
        }
        if let Some(layout) = self.fixed_part {
            let extended = layout.group_flag(RegisterGroup::XState).unwrap_or(0);
            change_u32(bytes.to_mut(), layout.flags_offset, |flags| flags & !extended);
        }
        if let Some((offset, marked)) = self.pc {
            change_u32(bytes.to_mut(), offset, |_| marked);
        }
        bytes
    }
}

impl Change {
    /// Counts what the change removes.
    pub(super) fn account(&self, context: &Context<'_>, accounts: &mut Accounts) {
        if self.is_none() {
            return;
        }
        let (before, after) = (context.as_bytes(), self.applied(context));
        if before.len() > after.len() {
            accounts.lose("extended states after the contexts of threads");
        }
        let mut common = before.get(..after.len()).unwrap_or(before).to_vec();
        // What the options take out is not a loss.
        self.take_out(&mut common);
        if let Some(layout) = self.fixed_part {
            // The flags no longer declare the part that is cut off.
            let flags = u32_at(&after, layout.flags_offset).unwrap_or(0);
            change_u32(&mut common, layout.flags_offset, |_| flags);
        }
        accounts.bytes(
            "bit 0 of program counters, which is now the Thumb bit of the processor status",
            &common,
            &after,
        );
    }
}

/// Returns the byte ranges of the valid registers and of the flags that say which are valid; `None` if the layout is
/// unknown, as for processors without one.
///
/// Contexts of Breakpad on macOS were observed to name no register group. The registers that a stack trace needs are
/// then assumed to be valid.
fn used(context: &Context<'_>, form: Form<'_>) -> Option<Vec<Range<u32>>> {
    let foreign = || of_another_processor(context);
    let mut layout = context.layout().or_else(|| foreign().map(|(other, _)| other))?;
    let mut groups: Vec<RegisterGroup> = context.valid_groups().collect();
    if groups.is_empty() {
        groups.extend([RegisterGroup::Control, RegisterGroup::Integer, RegisterGroup::Segments]);
        if let Some((other, flags)) = foreign() {
            layout = other;
            groups.retain(|_| false);
            groups.extend(other.groups.iter().filter(|(_, flag)| flags & flag != 0).map(|(group, _)| *group));
        }
    }
    groups.retain(|group| form.vectors || !holds_data(*group));
    let registers = groups.into_iter().flat_map(|group| layout.group_ranges(group));
    let extended = context.xstate(form.xstate).filter(|_| form.vectors);
    let extended = extended.iter().flat_map(XState::used_ranges);
    Some([layout.flags_range()].into_iter().chain(registers).chain(extended).collect())
}

/// Returns the byte ranges that a triage dump fills with its pattern: registers that hold data, and general registers
/// that are neither zero nor explained. The instruction and stack pointers, the flags and the segments stay. A context
/// of unknown layout is filled completely.
fn filtered(context: &Context<'_>, triage: &Triage) -> Vec<Range<u32>> {
    let other = || of_another_processor(context).map(|(other, _)| other);
    let Some(layout) = context.layout().or_else(other) else {
        return alloc::vec![0..u32::try_from(context.as_bytes().len()).unwrap_or(u32::MAX)];
    };
    let mut ranges: Vec<_> = Vec::new();
    let mut before: Option<RegisterField> = None;
    // This includes the bytes of the FXSAVE area that do not belong to a register.
    ranges.extend(layout.fxsave.map(|start| start..start + FXSAVE_SIZE));
    for register in layout.registers() {
        let end = register.offset + register.size;
        if holds_data(register.group) {
            // Bytes between two registers of a group belong to the register file.
            let start = before.filter(|before| before.group == register.group && before.size == register.size);
            ranges.push(start.map_or(register.offset, |before| before.offset + before.size)..end);
        } else if is_general(layout, &register) {
            let value = value_at(context.as_bytes(), &register);
            if !value.is_some_and(|value| triage.keeps_register(value)) {
                ranges.push(register.offset..end);
            }
        }
        before = Some(register);
    }
    ranges
}

/// True for general-purpose registers: those of pointer size, except the instruction and stack pointers.
fn is_general(layout: &ContextLayout, register: &RegisterField) -> bool {
    let place = [layout.instruction_pointer, layout.stack_pointer];
    let is_frame = layout.frame_pointer == Some(register.offset);
    (register.group == RegisterGroup::Integer || is_frame) && !place.contains(&register.offset)
}

fn value_at(bytes: &[u8], register: &RegisterField) -> Option<u64> {
    let bytes = bytes.get(register.offset as usize..)?;
    match register.size {
        4 => bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes).into()),
        8 => bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
        _ => None,
    }
}

/// True for registers that hold data and that unwinding does not need.
const fn holds_data(group: RegisterGroup) -> bool {
    use RegisterGroup::{Dsp, Extended, FloatingPoint, Vector, XState};

    matches!(group, Dsp | Extended | FloatingPoint | Vector | XState)
}

/// Returns the layout of another processor that fits the size of a context and the processor in its flags, and the
/// flags.
fn of_another_processor(context: &Context<'_>) -> Option<(&'static ContextLayout, u32)> {
    if context.is_for_its_processor() {
        return None;
    }
    let bytes = context.as_bytes();
    let layouts = ProcessorArchitecture::KNOWN.iter().flat_map(|architecture| architecture.processor().contexts);
    let mut fitting = layouts.filter(|layout| layout.size as usize == bytes.len()).filter_map(|layout| {
        let flags = u32_at(bytes, layout.flags_offset)?;
        layout.cpu_flags.contains(&(flags & CONTEXT_CPU_MASK)).then_some((layout, flags))
    });
    fitting.next()
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
