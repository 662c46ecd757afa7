//! A 32-bit process in a 64-bit dump, and its 32-bit environment block.

use core::fmt;

use crate::format::ProcessorArchitecture;
use crate::format::process::{ProcessLayout, Wow64Layout};

use crate::read::any_format::{AnyModule, AnyThread};
use crate::read::context::registers::Context;
use crate::read::dump::Dump;
use crate::read::memory::by_address::Memory;
use crate::read::system::wow64::module::is_layer;
use crate::read::system::wow64::thread::Wow64Thread;

/// The page size of x86, AMD64 and ARM64 Windows.
pub(super) const PAGE: u64 = 0x1000;
pub(super) const NARROW: &ProcessLayout = &ProcessLayout::BITS_32;
pub(super) const WIDE: &ProcessLayout = &ProcessLayout::BITS_64;

/// The 32-bit side of a 64-bit dump of a 32-bit process.
///
/// It is read from the memory of the dump, and everything is verified: environment blocks must contain their own
/// addresses, and contexts must have the flags of x86. What is missing or does not pass is `None`; a small dump by the
/// debugger contains none of it.
///
/// The 32-bit program is an x86 one, on AMD64 or ARM64.
///
/// ```no_run
/// use userdump::Dump;
/// use userdump::read::system::wow64::Wow64;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("program.dmp")?;
/// let dump = Dump::parse(&file)?;
/// let memory = dump.memory();
/// if let Some(process) = Wow64::of(&dump, &memory) {
///     for thread in dump.threads() {
///         let narrow = process.thread(&thread);
///         let eip = narrow.context().and_then(|context| context.instruction_pointer());
///         println!("thread {:#x}: eip {eip:x?}, stack {:x?}", thread.id(), narrow.stack());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Wow64<'m, 'a> {
    memory: &'m Memory<'a>,
    process_environment_block: Option<u64>,
}

impl fmt::Debug for Wow64<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wow64({:#x?})", self.process_environment_block)
    }
}

impl<'m, 'a> Wow64<'m, 'a> {
    /// Creates the 32-bit side of a dump; `None` if it is not a dump of a 32-bit process on 64-bit Windows. `memory` is
    /// that of the dump.
    ///
    /// It is such a dump if `wow64.dll` is among its modules, or if a thread's environment block refers to a 32-bit
    /// one.
    #[must_use]
    pub fn of(dump: &Dump<'_>, memory: &'m Memory<'a>) -> Option<Self> {
        let target = dump.target();
        let is_64_bit = matches!(
            target.architecture,
            Some(ProcessorArchitecture::AMD64 | ProcessorArchitecture::ARM64 | ProcessorArchitecture::ARM64_OLD)
        );
        if !is_64_bit || !target.is_windows() {
            return None;
        }
        let has_layer = || dump.modules().any(|module| is_layer(&module));
        let blocks = || dump.threads().map(|thread| thread.teb()).filter(|&teb| teb != 0);
        if !blocks().any(|teb| Wow64Thread::narrow_teb(memory, teb).is_some()) && !has_layer() {
            return None;
        }
        let process_environment_block = blocks().find_map(|teb| process_environment_block(memory, teb));
        Some(Self { memory, process_environment_block })
    }

    /// The address of the 32-bit process environment block (PEB).
    ///
    /// The block is accepted if it is at the start of a page and contains the same image base as the 64-bit one.
    #[doc(alias = "PEB32")]
    #[must_use]
    pub const fn process_environment_block(&self) -> Option<u64> {
        self.process_environment_block
    }

    /// The 32-bit side of a thread of the dump.
    #[must_use]
    pub fn thread(&self, thread: &AnyThread<'_>) -> Wow64Thread {
        self.thread_at(thread.teb(), thread.context().ok().flatten())
    }

    /// The 32-bit side of the thread with this 64-bit environment block and these 64-bit registers; pass 0 and `None`
    /// for those that the dump does not have. The registers of an exception can be passed instead of the thread's own.
    #[must_use]
    pub fn thread_at(&self, teb: u64, context: Option<Context<'_>>) -> Wow64Thread {
        Wow64Thread::new(self.memory, teb, context)
    }

    /// True if a module is a 32-bit one, according to its image in memory or, without an image, its base and name.
    #[must_use]
    pub fn is_32_bit(&self, module: &AnyModule<'_>) -> bool {
        crate::read::system::wow64::module::is_32_bit(self.memory, module)
    }
}

/// Finds the 32-bit process environment block by means of the thread environment blocks.
fn process_environment_block(memory: &Memory<'_>, teb: u64) -> Option<u64> {
    let by_block = Wow64Thread::narrow_teb(memory, teb)
        .and_then(|narrow| memory.read_u32(narrow.wrapping_add(NARROW.teb_process_environment_block)))
        .map(u64::from);
    // The layer's information for the program is in the same page as that block.
    let information = memory.read_u64(teb.wrapping_add(Wow64Layout::TEB_WOW64_INFO));
    let by_information = information.map(|information| information & !(PAGE - 1));
    let wide = memory.read_u64(teb.wrapping_add(WIDE.teb_process_environment_block));
    let base_of = |block: u64, layout: &ProcessLayout| {
        let field = block.wrapping_add(layout.peb_image_base_address);
        memory.read_integer(field, if layout.pointer_size == 4 { 4 } else { 8 })
    };
    let wide_base = wide.and_then(|wide| base_of(wide, WIDE));
    let agrees = |block: u64, may_lack: bool| {
        let is_block = block != 0 && block % PAGE == 0 && block <= u32::MAX.into() && Some(block) != wide;
        let base = base_of(block, NARROW);
        is_block
            && match (base, wide_base) {
                (Some(base), Some(wide)) => base == wide,
                _ => may_lack,
            }
    };
    let blocks = [by_block.filter(|&block| agrees(block, true)), by_information.filter(|&block| agrees(block, false))];
    blocks.into_iter().flatten().next()
}
