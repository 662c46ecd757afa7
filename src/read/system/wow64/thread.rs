//! The 32-bit side of a thread: environment block, registers, and stack.

use core::fmt;
use core::ops::Range;

use crate::format::context::{CONTEXT_X86, ContextLayout, RegisterGroup};
use crate::format::process::Wow64Layout;
use crate::format::{PlatformId, ProcessorArchitecture};

use crate::read::bytes::ByteOrder;
use crate::read::context::registers::Context;
use crate::read::memory::by_address::Memory;
use crate::read::system::wow64::process::{NARROW, PAGE};
use crate::read::target::Target;

/// The target of a 32-bit context.
pub(crate) const X86: Target =
    Target { architecture: Some(ProcessorArchitecture::X86), platform: Some(PlatformId::WIN32_NT) };
const CONTEXT_SIZE: usize = ContextLayout::X86.size as usize;
/// The lowest 64 KiB are never in use.
const LOWEST: u64 = 0x1_0000;
/// The x86 registers that are part of AMD64 registers, and the names of these.
const SHARED: [(&str, &str); 16] = [
    ("eax", "rax"),
    ("ecx", "rcx"),
    ("edx", "rdx"),
    ("ebx", "rbx"),
    ("esp", "rsp"),
    ("ebp", "rbp"),
    ("esi", "rsi"),
    ("edi", "rdi"),
    ("eip", "rip"),
    ("eflags", "eflags"),
    ("cs", "cs"),
    ("ds", "ds"),
    ("es", "es"),
    ("fs", "fs"),
    ("gs", "gs"),
    ("ss", "ss"),
];
/// The groups of these registers: control, integer, segments.
const SHARED_GROUPS: u32 = CONTEXT_X86 | 7;

/// The 32-bit side of a thread.
#[derive(Clone, Copy)]
pub struct Wow64Thread {
    teb: Option<u64>,
    stack_bounds: Option<(u64, u64)>,
    /// The address at which the layer saved the registers.
    saved_at: Option<u64>,
    is_running: bool,
    context: [u8; CONTEXT_SIZE],
    order: ByteOrder,
}

/// Does not print registers.
impl fmt::Debug for Wow64Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (teb, stack) = (self.teb, self.stack_bounds());
        f.debug_struct("Wow64Thread").field("teb", &teb).field("stack", &stack).finish_non_exhaustive()
    }
}

impl Wow64Thread {
    pub(super) fn new(memory: &Memory<'_>, wide: u64, context: Option<Context<'_>>) -> Self {
        let teb = Self::narrow_teb(memory, wide);
        let stack_bounds = teb.and_then(|teb| stack_bounds(memory, teb));
        let running = context.and_then(|context| lower_halves(&context));
        let saved = saved(memory, wide);
        let order = if running.is_some() { ByteOrder::Little } else { memory.byte_order() };
        Self {
            teb,
            stack_bounds,
            saved_at: saved.map(|(address, _)| address),
            is_running: running.is_some(),
            context: running.or_else(|| saved.map(|(_, context)| context)).unwrap_or([0; CONTEXT_SIZE]),
            order,
        }
    }

    /// The 32-bit thread environment block that a 64-bit one refers to, if it contains its own address.
    pub(super) fn narrow_teb(memory: &Memory<'_>, wide: u64) -> Option<u64> {
        if !is_block(wide) {
            return None;
        }
        let list = memory.read_u64(wide.wrapping_add(Wow64Layout::TEB_EXCEPTION_LIST));
        let offset = memory.read_u32(wide.wrapping_add(Wow64Layout::TEB_WOW_TEB_OFFSET)).filter(|&offset| offset != 0);
        let by_offset = offset.map(|offset| wide.wrapping_add_signed(i32::from_le_bytes(offset.to_le_bytes()).into()));
        let names_itself = |block: &u64| {
            let own = memory.read_u32(block.wrapping_add(NARROW.teb_self)).map(u64::from);
            block % PAGE == 0 && *block >= LOWEST && *block != wide && own == Some(*block)
        };
        list.into_iter().chain(by_offset).find(names_itself)
    }

    /// The address of the 32-bit thread environment block (TEB).
    #[doc(alias = "TEB32")]
    #[must_use]
    pub const fn teb(&self) -> Option<u64> {
        self.teb
    }

    /// True if the thread was running 32-bit code, so that its 32-bit registers are the lower halves of its 64-bit
    /// ones. Otherwise it was in 64-bit code, usually in a system call, and the layer had saved them.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.is_running
    }

    /// The address of the x86 context (716 bytes) that the layer saved when the thread last left 32-bit code. It is
    /// outdated if the thread was running 32-bit code.
    #[must_use]
    pub const fn saved_at(&self) -> Option<u64> {
        self.saved_at
    }

    /// The 32-bit registers, in the x86 layout; `None` if the dump has none. If the thread was running 32-bit code,
    /// they are limited to the general registers.
    #[doc(alias = "WOW64_CONTEXT")]
    #[must_use]
    pub fn context(&self) -> Option<Context<'_>> {
        let is_there = self.is_running || self.saved_at.is_some();
        is_there.then(|| Context::new(&self.context, X86, self.order))
    }

    /// The bounds of the 32-bit stack according to the 32-bit thread environment block, from the lowest address in use
    /// to its end: whole pages below 4 GiB.
    #[must_use]
    pub fn stack_bounds(&self) -> Option<Range<u64>> {
        self.stack_bounds.map(|(limit, base)| limit..base)
    }

    /// The 32-bit stack from the stack pointer to its end; all of it if the stack pointer is unknown or outside the
    /// stack.
    #[must_use]
    pub fn stack(&self) -> Option<Range<u64>> {
        let (limit, base) = self.stack_bounds?;
        let pointer = self.context().and_then(|context| context.stack_pointer());
        let start = pointer.filter(|pointer| (limit..base).contains(pointer)).unwrap_or(limit);
        Some(start..base)
    }
}

/// True if a 64-bit thread environment block can be at the address: such blocks are page-aligned.
const fn is_block(address: u64) -> bool {
    address != 0 && address % PAGE == 0
}

/// `StackLimit` and `StackBase` of a 32-bit thread environment block.
fn stack_bounds(memory: &Memory<'_>, teb: u64) -> Option<(u64, u64)> {
    let field = |at: u64| memory.read_u32(teb.wrapping_add(at)).map(u64::from);
    let (limit, base) = (field(NARROW.teb_stack_limit)?, field(NARROW.teb_stack_base)?);
    (limit % PAGE == 0 && base % PAGE == 0 && LOWEST <= limit && limit < base).then_some((limit, base))
}

/// The x86 registers of an AMD64 thread that runs 32-bit code.
fn lower_halves(context: &Context<'_>) -> Option<[u8; CONTEXT_SIZE]> {
    let is_whole = context.layout() == Some(&ContextLayout::AMD64)
        && context.is_for_its_processor()
        && [RegisterGroup::Control, RegisterGroup::Integer].iter().all(|group| context.is_valid(*group));
    let selector = || context.register("cs").and_then(|value| value.as_u64());
    if !is_whole || selector() != Some(Wow64Layout::CODE_SELECTOR) {
        return None;
    }
    let mut bytes = [0; CONTEXT_SIZE];
    let mut put = |at: u32, value: u32| {
        let place = usize::try_from(at).ok().and_then(|at| bytes.get_mut(at..at.checked_add(4)?));
        place.into_iter().for_each(|place| place.copy_from_slice(&value.to_le_bytes()));
    };
    put(ContextLayout::X86.flags_offset, SHARED_GROUPS);
    for (narrow, wide) in SHARED {
        let value = context.register(wide)?.as_u64()? & u64::from(u32::MAX);
        put(ContextLayout::X86.register(narrow)?.offset, u32::try_from(value).ok()?);
    }
    Some(bytes)
}

/// The context that the layer saved when the thread left 32-bit code, and its address.
fn saved(memory: &Memory<'_>, teb: u64) -> Option<(u64, [u8; CONTEXT_SIZE])> {
    if !is_block(teb) {
        return None;
    }
    let area = memory.read_u64(teb.wrapping_add(Wow64Layout::TEB_CPU_AREA))?;
    if area < LOWEST || area % 4 != 0 {
        return None;
    }
    let address = area.checked_add(Wow64Layout::CPU_AREA_CONTEXT)?;
    let mut bytes = [0; CONTEXT_SIZE];
    if memory.read(address, &mut bytes) < CONTEXT_SIZE {
        return None;
    }
    let context = Context::new(&bytes, X86, memory.byte_order());
    let is_sound = context.is_for_its_processor()
        && context.is_valid(RegisterGroup::Control)
        && context.instruction_pointer().is_some_and(|it| it >= LOWEST)
        && context.stack_pointer().is_some_and(|it| it >= LOWEST);
    is_sound.then_some((address, bytes))
}
