//! Lists the regions of the address space: state, type, protection, and the number of bytes of each that the dump has.
//!
//! ```text
//! $ cargo run --release --example regions -- tests/fixtures/quick-start.dmp
//! 0x0000000000000000        65536 free              ---            0
//! 0x0000000000010000         8192 commit   mapped   r--            0
//! 0x0000000000012000        57344 free              ---            0
//! 0x0000000000020000         4096 commit   private  ---            0
//! 0x0000000000021000         4096 commit   private  ---g           0
//! 0x0000000000022000      1040384 commit   private  rw-          624
//! ...
//! ```

mod support;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use userdump::Dump;
use userdump::format::MemoryProtection;
use userdump::format::memory::{MemoryState, MemoryType};

const HELP: &str = "\
regions FILE

Lists the regions of the address space: address, size, state, type, protection, the number of bytes that the dump has of the
region, and the module or file that is mapped there.

Example: regions crash.dmp";

fn main() -> ExitCode {
    support::run(HELP, list)
}

fn list(file: &[u8], _: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let dump = Dump::parse(file)?;
    let memory = dump.memory();
    let start = |address| dump.target().mask(address);
    let mut modules: Vec<_> = dump.modules().collect();
    modules.sort_by_key(|module| start(module.base()));
    let regions = dump.regions();
    if regions.is_empty() {
        return Err("the dump does not describe the regions of the process".into());
    }
    for region in regions.iter() {
        let (base, size) = (region.base(), region.size());
        let last = base.saturating_add(size.saturating_sub(1));
        let present: u64 = memory.visible_within(base, last).map(|range| range.size).sum();
        let before = modules.partition_point(|module| start(module.base()) <= start(base));
        let module = modules[..before].last().filter(|module| module.contains(base));
        // Linux records which file is mapped. On Windows only the module list has the names.
        let mapped = match module.and_then(|module| module.name().ok()) {
            Some(name) if region.path().is_empty() => name.to_string(),
            _ => region.path().to_string_lossy().into_owned(),
        };
        let (state, kind) = (state(region.state()), kind(region.memory_type()));
        let rights = rights(region.protection());
        let line = format!("{base:#018x} {size:>12} {state:<8} {kind:<8} {rights:<5} {present:>10} {mapped}");
        writeln!(out, "{}", support::printable(line.trim_end()))?;
    }
    Ok(())
}

fn rights(protection: MemoryProtection) -> String {
    let letter = |allowed, letter| if allowed { letter } else { '-' };
    let guard = if protection.contains(MemoryProtection::GUARD) { "g" } else { "" };
    let [read, write] = [letter(protection.allows_read(), 'r'), letter(protection.allows_write(), 'w')];
    format!("{read}{write}{}{guard}", letter(protection.allows_execute(), 'x'))
}

fn state(state: MemoryState) -> &'static str {
    match state {
        MemoryState::COMMIT => "commit",
        MemoryState::RESERVE => "reserve",
        MemoryState::FREE => "free",
        _ => "?",
    }
}

fn kind(kind: MemoryType) -> &'static str {
    match kind {
        MemoryType::PRIVATE => "private",
        MemoryType::MAPPED => "mapped",
        MemoryType::IMAGE => "image",
        _ => "",
    }
}
