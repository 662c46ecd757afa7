//! Lists the exceptions that crash handlers left on stacks.

use userdump::Dump;
use userdump::read::exception::ExceptionPointers;

/// Returns a line for each, with the command-line words that name it.
pub fn found(dump: &Dump<'_>) -> String {
    let found = dump.find_exception_pointers(&dump.memory());
    if found.is_empty() {
        return "no exceptions found on the stacks\n".to_owned();
    }
    found.iter().map(|found| line(dump, found)).collect()
}

fn line(dump: &Dump<'_>, found: &ExceptionPointers) -> String {
    let ExceptionPointers { address, thread_id, reason, .. } = found;
    let raised = dump.target().mask(found.record.exception_address);
    let module = dump.modules().find(|module| module.contains(raised));
    let place = module.and_then(|module| {
        let name = module.name().ok()?.to_string();
        let name = name.rsplit(['\\', '/']).next().unwrap_or_default().to_owned();
        let offset = dump.target().mask(raised.wrapping_sub(module.base()));
        Some(format!(", {} + {offset:#x}", name.escape_debug()))
    });
    let place = place.unwrap_or_default();
    format!("/xp {address:#x} /xt {thread_id:#x}  {reason} at {raised:#x}{place}\n")
}
