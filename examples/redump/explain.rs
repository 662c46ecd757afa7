//! Shows which memory was selected, and why.

use std::collections::{BTreeMap, BTreeSet};

use userdump::read::Memory;
use userdump::redump::{Redump, SelectedMemory};

/// The most lines printed for each kind, because a dump may have any number of pointers.
const LINES: usize = 12;

/// Returns a table of the reasons with their sizes in bytes; a byte that is there for several reasons counts for each.
/// The presets follow, each with the bytes that its reasons select, and with the bytes that only it selects, which are
/// its cost.
pub fn explain(redump: &Redump<'_>, memory: &Memory<'_>) -> String {
    let mut kinds: BTreeMap<&str, Vec<SelectedMemory>> = BTreeMap::new();
    for selected in redump.selected_memory() {
        kinds.entry(selected.reason.kind()).or_default().push(selected);
    }
    let mut text = format!("{:<36} {:>10} {:>14}\n", "selected", "stretches", "bytes");
    for (kind, stretches) in &kinds {
        text.push_str(&format!("{kind:<36} {:>10} {:>14}\n", stretches.len(), bytes(stretches, memory)));
        for one in stretches.iter().take(LINES).filter(|one| one.reason.to_string() != *kind) {
            let (address, size) = (one.address, bytes(&[*one], memory));
            text.push_str(&format!("  {:<34} {address:>#18x} {size:>6}\n", one.reason.to_string()));
        }
        if stretches.len() > LINES {
            text.push_str(&format!("  and {} more\n", stretches.len() - LINES));
        }
    }
    let all: Vec<SelectedMemory> = kinds.into_values().flatten().collect();
    let presets: BTreeSet<&str> = all.iter().filter_map(|it| it.reason.preset()).collect();
    for preset in presets {
        let (of_preset, others): (Vec<SelectedMemory>, _) =
            all.iter().partition(|it| it.reason.preset() == Some(preset));
        let (sum, alone) = (bytes(&of_preset, memory), bytes(&all, memory) - bytes(&others, memory));
        text.push_str(&format!("{:<36} {:>10} {sum:>14}\n", format!("--{preset}"), of_preset.len()));
        text.push_str(&format!("{:<36} {:>10} {alone:>14}\n", "  only for this preset", ""));
    }
    let report = redump.report();
    text.push_str(&format!("{:<36} {:>10} {:>14}\n", "ranges", report.memory_ranges, report.memory_bytes));
    text
}

/// Returns the number of bytes, each counted once.
pub fn bytes(stretches: &[SelectedMemory], memory: &Memory<'_>) -> u64 {
    let mut sorted: Vec<(u64, u64)> =
        stretches.iter().map(|it| (it.address, it.address.saturating_add(it.size.saturating_sub(1)))).collect();
    sorted.sort_unstable();
    let mut sum = 0u64;
    let mut next = Some(0);
    for (start, last) in sorted {
        let Some(free) = next else { break };
        if last >= free {
            let part = memory.visible_within(start.max(free), last);
            sum = part.fold(sum, |sum, range| sum.saturating_add(range.size));
            next = last.checked_add(1);
        }
    }
    sum
}
