//! Contexts of every layout: with `r` and `R` only valid registers remain; without them everything remains.

use libtest_mimic::Trial;

use crate::contexts::tables::{TABLES, Table};
use crate::support::bare::{bare, bare_of_size};
use crate::support::redumped::{Redumped, parsed};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, Exception, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![valid_registers_of_every_layout_remain, what_follows_a_layout_is_not_a_register];
    all.push(shared_trial("contract::contexts::stale_bytes_of_a_shared_file", stale_bytes_of_a_shared_file));
    all
}

/// A record without zero bytes, except in its flags.
fn record(table: &Table, flags: u64, size: usize) -> Vec<u8> {
    let mut record: Vec<u8> = (0..size).map(|at| b'A' + (at * 7 % 50) as u8).collect();
    record[table.flags_at..][..table.flags_size].copy_from_slice(&flags.to_le_bytes()[..table.flags_size]);
    record
}

fn dump(table: &Table, record: &[u8]) -> Vec<u8> {
    let system = SystemInfo { architecture: table.architecture, platform: table.platform, ..SystemInfo::default() };
    let thread = Thread::new(7).context(record);
    Dump::new().system_info(system).thread(thread).exception(Exception::new(7, 5, 0)).build()
}

/// The contexts of the thread and of the exception.
fn contexts(source: &[u8], options: &str) -> [Vec<u8>; 2] {
    let out = Redumped::once(source, &parsed(options));
    [out.facts().threads()[0].context.0.to_vec(), out.facts().exceptions()[0].context.0.to_vec()]
}

/// The bits that name the processor, with every choice of groups: none, each, all but each, all.
fn flags(table: &Table) -> Vec<u64> {
    let groups: Vec<u64> = table.groups().iter().map(|(_, flag)| *flag).collect();
    let all = groups.iter().fold(0, |all, flag| all | flag);
    let choices = groups.iter().flat_map(|&flag| [flag, all & !flag]).chain([0, all]);
    choices.map(|choice| table.flags & !all | choice).collect()
}

fn valid_registers_of_every_layout_remain() {
    for table in TABLES {
        for flags in flags(table) {
            let record = record(table, flags, table.size);
            let source = dump(table, &record);
            for options in ["/mr", "/mR", "/mrR", "/maR", "/mry"] {
                for context in contexts(&source, options) {
                    assert!(
                        unmarked(table, context) == unmarked(table, bare(table, &record, options)),
                        "{}, {flags:#x}, {options}",
                        table.name
                    );
                }
            }
            for context in contexts(&source, "/m") {
                assert!(unmarked(table, context) == unmarked(table, record.clone()), "{}, {flags:#x}, /m", table.name);
            }
        }
    }
}

/// Clears bit 0 of ARM's program counter, which the thread list uses for the Thumb bit.
fn unmarked(table: &Table, mut context: Vec<u8>) -> Vec<u8> {
    if table.size == 416 {
        context[64] &= !1;
    }
    context
}

fn what_follows_a_layout_is_not_a_register() {
    for table in TABLES {
        let record = record(table, table.flags, table.size + 20);
        for options in ["/mr", "/mR", "/mrRy"] {
            for context in contexts(&dump(table, &record), options) {
                let rest = context.get(table.size..).unwrap_or_default();
                assert!(rest.iter().all(|&byte| byte == 0), "{}, {options}", table.name);
            }
        }
    }
}

fn stale_bytes_of_a_shared_file(shared: &Shared) {
    let source = shared.read("cases/context-stale-bytes.dmp");
    let (plain, mut cleared) = (Redumped::of(&source, "/m"), 0);
    for options in ["/mr", "/mR", "/mrR"] {
        let out = Redumped::of(&source, options);
        let (before, after) = (plain.facts().threads(), out.facts().threads());
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            assert!(after.context.0 == bare_of_size(before.context.0, options), "{options}");
            cleared +=
                before.context.iter().zip(after.context.iter()).filter(|(before, after)| before != after).count();
        }
    }
    assert!(cleared > 0, "the file has stale bytes");
}
