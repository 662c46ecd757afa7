//! The parts that records refer to.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::error::{Item, WriteError};
use crate::format::context::ContextLayout;
use crate::format::debug::Size;

use crate::write::builder::MinidumpBuilder;
use crate::write::context::ContextBuilder;
use crate::write::memory_range::MemoryRange;
use crate::write::part::PartId;

/// Adds a record to a builder.
pub trait AddTo<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>);
}

impl<'a> AddTo<'a> for MemoryRange<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        dump.memory(self);
    }
}

/// Bytes that a record refers to, such as a context: new bytes, or a part that was added before.
///
/// Converts from bytes, from a [`PartId`] (several records may share a part), from a [`ContextBuilder`] and from a
/// [`CodeView`](crate::write::CodeView).
pub struct PartContent<'a>(Kind<'a>);

pub(super) enum Kind<'a> {
    Bytes(Cow<'a, [u8]>),
    Part(PartId),
    Context(Vec<u8>, ContextLayout),
    Fault(WriteError),
}

impl<'a> PartContent<'a> {
    pub(super) const fn fault(fault: WriteError) -> Self {
        Self(Kind::Fault(fault))
    }

    /// Adds the bytes as a part, unless they already are one. `None` after a mistake, which `plan` reports.
    pub(super) fn part(self, dump: &mut MinidumpBuilder<'a>, name: &'static str) -> Option<PartId> {
        match self.0 {
            Kind::Bytes(bytes) => Some(dump.part(name, bytes)),
            Kind::Part(part) => Some(part),
            Kind::Context(bytes, layout) => {
                dump.added.layout(&layout);
                Some(dump.part(name, bytes))
            }
            Kind::Fault(fault) => {
                dump.added.fail(fault);
                None
            }
        }
    }
}

/// Prints only the number of bytes.
impl fmt::Debug for PartContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut content = f.debug_tuple("PartContent");
        match &self.0 {
            Kind::Bytes(bytes) => content.field(&Size(bytes.len())),
            Kind::Part(part) => content.field(part),
            Kind::Context(bytes, _) => content.field(&Size(bytes.len())),
            Kind::Fault(fault) => content.field(fault),
        };
        content.finish()
    }
}

impl<'a> From<&'a [u8]> for PartContent<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }
}

impl From<Vec<u8>> for PartContent<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }
}

impl<'a> From<Cow<'a, [u8]>> for PartContent<'a> {
    fn from(bytes: Cow<'a, [u8]>) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<PartId> for PartContent<'_> {
    fn from(part: PartId) -> Self {
        Self(Kind::Part(part))
    }
}

impl From<&ContextBuilder> for PartContent<'_> {
    fn from(registers: &ContextBuilder) -> Self {
        match registers.encode() {
            Ok(bytes) => Self(Kind::Context(bytes, *registers.layout())),
            Err(fault) => Self::fault(fault),
        }
    }
}

impl From<&mut ContextBuilder> for PartContent<'_> {
    fn from(registers: &mut ContextBuilder) -> Self {
        (&*registers).into()
    }
}

impl From<ContextBuilder> for PartContent<'_> {
    fn from(registers: ContextBuilder) -> Self {
        (&registers).into()
    }
}

/// Encodes text for a field of `N` UTF-16 code units, the last of which is NUL.
pub(super) fn units<const N: usize>(text: &str, name: &'static str) -> Result<[u16; N], WriteError> {
    let mut field = [0; N];
    let found = text.encode_utf16().count();
    if found >= N {
        let (item, found, limit) = (Item { name, index: None }, found as u64, (N - 1) as u64);
        return Err(WriteError::SizeOverflow { item, found, unit: "characters", limit });
    }
    field.iter_mut().zip(text.encode_utf16()).for_each(|(to, from)| *to = from);
    Ok(field)
}
