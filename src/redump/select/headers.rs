//! Selects image headers and what their data directories refer to: the option `e`.

use std::collections::HashSet;

use crate::read::module::Image;
use crate::redump::hooks::Hooks;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// Adds the headers of every image in the source, everything that its data directories refer to, and its debug records.
///
/// The debugger does this for a live process, and adds nothing when it re-encodes.
pub(super) fn headers(wanted: &mut Wanted<'_, '_>, hooks: &Hooks<'_>) {
    let source = wanted.source;
    if !source.target.is_windows() {
        return;
    }
    let mut seen = HashSet::new();
    for (number, module) in (0..).zip(source.dump().modules()) {
        let base = source.target.mask(module.base());
        if !seen.insert(base) || !hooks.keeps_module(&module) {
            continue;
        }
        let parts = Image::at(&source.memory, base).map(|image| image.described_parts());
        if parts.is_none() {
            wanted.count('e', None);
        }
        for part in parts.into_iter().flatten() {
            wanted.count('e', part);
            wanted.add(part, Reason::ModuleHeaders { module: number });
        }
    }
}
