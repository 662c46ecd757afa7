//! The part of a context that may stay with the options `r` and `R`: its valid registers, by the tables of the tests.

use crate::contexts::tables::{TABLES, Table};

/// The flags that tell which registers are valid, for layouts whose flags also name the processor.
fn flags(table: &Table, record: &[u8]) -> u64 {
    let bytes = &record[table.flags_at..table.flags_at + table.flags_size];
    bytes.iter().rev().fold(0, |flags, byte| flags << 8 | u64::from(*byte))
}

/// A record of exactly the size of a layout, in which everything except valid registers is zero.
///
/// If the flags name no group, the registers that a stack trace needs are valid. `r` also removes floating point and
/// vectors.
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

/// The same for a record of any layout; no two layouts have the same size.
pub fn bare_of_size(record: &[u8], options: &str) -> Vec<u8> {
    match TABLES.iter().find(|table| table.size == record.len()) {
        Some(table) => bare(table, record, options),
        None => record.to_vec(),
    }
}

/// Zeroes the field of MiscInfo that the debugger leaves although no flag declares it valid: that for protected
/// processes.
pub fn valid_misc_info(bytes: &mut [u8]) {
    if bytes[4] & 0x80 == 0 {
        bytes[52..56].fill(0);
    }
}
