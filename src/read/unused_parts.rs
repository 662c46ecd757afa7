//! Finds the bytes in the parts of a stream that have no meaning.

use alloc::vec::Vec;
use core::ops::Range;

use crate::format::Module;
use crate::format::crashpad::{Annotation, CrashpadInfo};
use crate::format::linux::{DsoDebug64, DsoDebugLayout, LinkMap64};
use crate::format::mozilla::{MacBootArgs, MacBootArgsAligned};

use crate::read::bytes::{Bytes, integer_at};
use crate::read::references::Kind;

impl Kind {
    /// The bytes of a part that are padding or reserved, and those after its last entry. Texts are not examined.
    pub(crate) fn unused(self, source: &Bytes<'_>, bytes: &[u8]) -> Vec<Range<usize>> {
        let Some(layout) = self.layout(source, bytes) else { return Vec::new() };
        // The range in each entry, limited to the part.
        let in_entry = match self {
            Self::Modules { size, .. } => {
                Module::OFFSETS.reserved0.get()..usize::try_from(size).unwrap_or(Module::SIZE)
            }
            Self::DsoDebug(DsoDebugLayout::Bits64) => DsoDebug64::OFFSETS.alignment.range(),
            Self::LinkMaps(DsoDebugLayout::Bits64) => LinkMap64::OFFSETS.alignment.range(),
            Self::CrashpadInfo => CrashpadInfo::OFFSETS.reserved.range(),
            Self::Annotations => Annotation::OFFSETS.reserved.range(),
            Self::BootArgs { aligned: true } => MacBootArgsAligned::OFFSETS.alignment.range(),
            _ => 0..0,
        };
        let end = match self {
            Self::DsoDebug(layout) => dynamic_end(layout, source, bytes),
            Self::BootArgs { aligned: true } => MacBootArgsAligned::SIZE as u64,
            Self::BootArgs { aligned: false } => MacBootArgs::SIZE as u64,
            // Later versions have more fields.
            Self::CrashpadInfo | Self::ModuleInfo => u64::MAX,
            _ => layout.entries.saturating_mul(layout.size).saturating_add(layout.first),
        };
        let mut unused = Vec::new();
        if let Self::Modules { first, .. } = self {
            // The count precedes the padding.
            unused.push(size_of::<u32>()..usize::try_from(first).unwrap_or_default());
        }
        let start = usize::try_from(layout.first).unwrap_or(usize::MAX);
        let size = usize::try_from(layout.size).unwrap_or(usize::MAX);
        let entries = usize::try_from(layout.entries).unwrap_or(usize::MAX);
        if !in_entry.is_empty() {
            let starts = (0..entries).map(|entry| entry.saturating_mul(size).saturating_add(start));
            let starts = starts.take_while(|&start| start < bytes.len());
            unused.extend(starts.map(|start| start + in_entry.start..start.saturating_add(in_entry.end)));
        }
        unused.push(usize::try_from(end).unwrap_or(usize::MAX)..usize::MAX);
        unused
    }
}

/// The end of the dynamic section after the header, which ends with its first entry of tag 0.
fn dynamic_end(layout: DsoDebugLayout, source: &Bytes<'_>, bytes: &[u8]) -> u64 {
    let (head, width) = (layout.header_size(), layout.pointer_size());
    let entry = 2 * width as usize;
    let mut entries = bytes.get(head..).unwrap_or_default().chunks_exact(entry);
    let last = entries.position(|entry| integer_at(entry, 0, width, source.order()) == Some(0));
    last.map_or(u64::MAX, |last| (head + (last + 1) * entry) as u64)
}
