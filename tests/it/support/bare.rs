//! What of a context may stay with the options `r` and `R`: its valid registers, by the tables of the tests.

use crate::contexts::tables::{TABLES, Table};

/// The bits of the flags that say which registers are valid, where they name a processor beside.
fn flags(table: &Table, record: &[u8]) -> u64 {
    let bytes = &record[table.flags_at..table.flags_at + table.flags_size];
    bytes.iter().rev().fold(0, |flags, byte| flags << 8 | u64::from(*byte))
}

/// A record of just the size of a layout with zeros in place of all that is no valid register.
///
/// Without a group in its flags, those that a stack trace needs are valid. With `r` floating point and vectors go too.
pub fn bare(table: &Table, record: &[u8], options: &str) -> Vec<u8> {
    let flags = flags(table, record);
    let groups = table.groups();
    let names_some = groups.iter().any(|(_, flag)| flags & flag != 0);
    let mut kept = vec![0; record.len()];
    let mut keep = |from: usize, size: usize| kept[from..from + size].copy_from_slice(&record[from..from + size]);
    keep(table.flags_at, table.flags_size);
    for field in table.fields() {
        use userdump::format::context::RegisterGroup::{
            Control, Dsp, Extended, FloatingPoint, Integer, Segments, Vector, XState,
        };

        let is_named = groups.iter().any(|(group, flag)| *group == field.group && flags & flag != 0);
        if options.contains('r') && [Dsp, Extended, FloatingPoint, Vector, XState].contains(&field.group) {
            continue;
        }
        if is_named || (!names_some && [Control, Integer, Segments].contains(&field.group)) {
            keep(field.offset, field.size);
        }
    }
    kept
}

/// The same for a record that may be of any layout; no two have the same size.
pub fn bare_of_size(record: &[u8], options: &str) -> Vec<u8> {
    match TABLES.iter().find(|table| table.size == record.len()) {
        Some(table) => bare(table, record, options),
        None => record.to_vec(),
    }
}

/// Zeroes what the debugger leaves in MiscInfo and no flag says to be valid: the word on protected processes.
pub fn valid_misc_info(bytes: &mut [u8]) {
    if bytes[4] & 0x80 == 0 {
        bytes[52..56].fill(0);
    }
}
