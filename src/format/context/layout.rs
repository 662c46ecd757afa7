//! The description of a context layout.

use core::fmt;
use core::ops::Range;

use crate::format::context::names::NameTable;
use crate::format::context::register::{RegisterField, RegisterGroup, Run};

/// A layout of a CPU context.
///
/// Offsets are in bytes from the start of the context record. A record may be longer than its layout.
///
/// ```
/// use userdump::format::context::ContextLayout;
///
/// let rip = ContextLayout::AMD64.register("rip").map(|register| (register.offset, register.size));
/// assert_eq!(rip, Some((248, 8)));
/// assert_eq!(ContextLayout::AMD64.instruction_pointer, 248);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContextLayout {
    /// Name of the layout in this crate.
    pub name: &'static str,
    /// Size of the fixed part in bytes.
    pub size: u32,
    /// Size in bytes of the padding at the end of the fixed part, which a record may lack.
    pub padding: u32,
    /// Offset of the context flags.
    pub flags_offset: u32,
    /// Size of the context flags in bytes, 4 or 8.
    pub flags_size: u32,
    /// The context flags that identify the processor. Any one of them is sufficient.
    pub cpu_flags: &'static [u32],
    /// Offset of the instruction pointer.
    pub instruction_pointer: u32,
    /// Offset of the stack pointer.
    pub stack_pointer: u32,
    /// Offset of the register that is the frame pointer by convention; `None` if there is none.
    pub frame_pointer: Option<u32>,
    /// Size in bytes of each of these three registers, 4 or 8.
    pub register_size: u32,
    /// Offset of the 512 bytes that the `FXSAVE` instruction stores; `None` if the layout has no such area.
    pub fxsave: Option<u32>,
    /// The register groups, each with the context flag that marks it as valid.
    ///
    /// Groups may share a flag. Groups without a flag are not listed, even if the layout has such registers.
    pub groups: &'static [(RegisterGroup, u32)],
    /// True if extended registers may follow the fixed part, as indicated by the flag of [`RegisterGroup::XState`].
    pub is_extensible: bool,
    pub(super) runs: &'static [Run],
    pub(super) names: &'static NameTable,
    pub(super) aliases: &'static [(&'static str, &'static str)],
}

/// Omits the registers, of which there are up to 140.
impl fmt::Debug for ContextLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextLayout").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}

impl ContextLayout {
    /// Returns the smallest size of a record in bytes: that of the fixed part without padding.
    #[must_use]
    pub const fn min_size(&self) -> u32 {
        self.size - self.padding
    }

    /// Returns the registers in ascending order of their offsets.
    ///
    /// Names are unique. Parameter home space, padding and reserved fields are not registers.
    pub fn registers(&self) -> impl Iterator<Item = RegisterField> + Clone + use<> {
        self.runs.iter().flat_map(Run::fields)
    }

    /// Returns the register with a name or a common alias, such as `x29` for `fp`.
    #[must_use]
    #[inline]
    pub fn register(&self, name: &str) -> Option<RegisterField> {
        self.names.find(name, self.runs, self.aliases)
    }

    /// Returns the byte ranges of a group's registers in the fixed part, in the order of the table.
    ///
    /// Apart from the flags, bytes in no group do not belong to a register: parameter home space, padding, reserved
    /// fields. Producers leave uninitialized memory in them.
    pub fn group_ranges(&self, group: RegisterGroup) -> impl Iterator<Item = Range<u32>> + Clone + use<> {
        let runs = self.runs.iter().filter(move |run| run.first.group == group);
        runs.flat_map(Run::ranges)
    }

    /// Returns the byte range of the context flags.
    #[must_use]
    pub const fn flags_range(&self) -> Range<u32> {
        self.flags_offset..self.flags_offset + self.flags_size
    }

    /// Returns the context flag that marks a group as valid; `None` if the layout has no flag for it.
    #[must_use]
    pub fn group_flag(&self, group: RegisterGroup) -> Option<u32> {
        self.groups.iter().find(|(it, _)| *it == group).map(|(_, flag)| *flag)
    }
}
