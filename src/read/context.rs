//! Thread contexts: the registers that every use of a dump starts from.

use crate::format::ContextLayout;

use super::bytes::{ByteOrder, integer_at};
use super::target::Target;

/// The register file of a thread, as bytes with a few registers known by place.
///
/// The layout follows from the architecture and the size. A register is `None` where the layout is not known, has no
/// such register, or the record is too short to hold it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    bytes: &'a [u8],
    layout: Option<&'static ContextLayout>,
    order: ByteOrder,
}

impl<'a> Context<'a> {
    pub(crate) fn new(bytes: &'a [u8], target: Target, order: ByteOrder) -> Self {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let layout = target.architecture.and_then(|cpu| ContextLayout::for_architecture(cpu, size));
        Self { bytes, layout, order }
    }

    /// The whole record as the file has it.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The layout of the record's fixed part; what follows it (extended state) is longer or nothing.
    pub const fn layout(&self) -> Option<&'static ContextLayout> {
        self.layout
    }

    /// Which parts the producer filled in, and for which processor.
    pub fn flags(&self) -> Option<u64> {
        let layout = self.layout?;
        integer_at(self.bytes, layout.flags_offset, layout.flags_size, self.order)
    }

    /// The address of the next instruction.
    pub fn instruction_pointer(&self) -> Option<u64> {
        self.register(self.layout?.instruction_pointer)
    }

    /// The stack pointer.
    pub fn stack_pointer(&self) -> Option<u64> {
        self.register(self.layout?.stack_pointer)
    }

    /// The register that compilers use as frame pointer; `None` on processors without such a convention.
    pub fn frame_pointer(&self) -> Option<u64> {
        self.register(self.layout?.frame_pointer?)
    }

    fn register(&self, position: u32) -> Option<u64> {
        integer_at(self.bytes, position, self.layout?.register_size, self.order)
    }
}
