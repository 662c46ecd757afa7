//! What is known of one layout of CPU context.

use core::fmt;
use core::ops::Range;

use crate::format::context::names::NameTable;
use crate::format::context::register::{RegisterField, RegisterGroup, Run};

/// Fixed facts about one layout of CPU context.
///
/// Offsets are in bytes from the start of the record. A record may be longer than the layout.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContextLayout {
    /// What the layout is called here.
    pub name: &'static str,
    /// Size of the fixed part in bytes.
    pub size: u32,
    /// How many bytes at the end of the fixed part are padding, which a record may lack.
    pub padding: u32,
    /// Where the context flags are.
    pub flags_offset: u32,
    /// Size of the context flags in bytes, 4 or 8.
    pub flags_size: u32,
    /// The bits of the flags for the processor; where there are several, any one of them.
    pub cpu_flags: &'static [u32],
    /// Where the instruction pointer is.
    pub instruction_pointer: u32,
    /// Where the stack pointer is.
    pub stack_pointer: u32,
    /// Where the frame pointer is by convention; `None` if there is no such register.
    pub frame_pointer: Option<u32>,
    /// Size of these registers in bytes, 4 or 8.
    pub register_size: u32,
    /// Where the 512 bytes of the `FXSAVE` instruction are; `None` if there are none.
    pub fxsave: Option<u32>,
    /// The groups of registers and the bit of the flags that says that a group is valid.
    ///
    /// Groups may share a bit. A group that the layout has registers of but no bit is not listed.
    pub groups: &'static [(RegisterGroup, u32)],
    /// True if extended registers may follow the fixed part, which the flag of [`RegisterGroup::XState`] announces.
    pub is_extensible: bool,
    pub(super) runs: &'static [Run],
    pub(super) names: &'static NameTable,
    pub(super) aliases: &'static [(&'static str, &'static str)],
}

/// Leaves the registers out, of which there are up to 140.
impl fmt::Debug for ContextLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextLayout").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}

impl ContextLayout {
    /// The size in bytes of a record that has everything but padding.
    #[must_use]
    pub const fn least_size(&self) -> u32 {
        self.size - self.padding
    }

    /// The registers in the order of their places.
    ///
    /// Every name is there once. Homes of parameters, padding and reserved fields are no registers.
    pub fn registers(&self) -> impl Iterator<Item = RegisterField> + Clone + use<> {
        self.runs.iter().flat_map(Run::fields)
    }

    /// The register of a name, or of another name that is in common use for it, such as `x29` for `fp`.
    #[must_use]
    #[inline]
    pub fn register(&self, name: &str) -> Option<RegisterField> {
        self.names.find(name, self.runs, self.aliases)
    }

    /// Which bytes of the fixed part are registers of a group, in the order of the table.
    ///
    /// Bytes that are in no group (but for the flags) are no register: homes of parameters, padding, reserved fields.
    /// Producers leave there whatever was in memory.
    pub fn group_ranges(&self, group: RegisterGroup) -> impl Iterator<Item = Range<u32>> + Clone + use<> {
        let runs = self.runs.iter().filter(move |run| run.first.group == group);
        runs.flat_map(Run::ranges)
    }

    /// Where the context flags are, as [`ContextLayout::group_ranges`] says it of registers.
    #[must_use]
    pub const fn flags_range(&self) -> Range<u32> {
        self.flags_offset..self.flags_offset + self.flags_size
    }

    /// The bit of the flags that says that a group is valid; `None` if the layout has none for it.
    #[must_use]
    pub fn group_flag(&self, group: RegisterGroup) -> Option<u32> {
        self.groups.iter().find(|(it, _)| *it == group).map(|(_, flag)| *flag)
    }
}
