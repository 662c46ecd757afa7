//! Dumps made to cost more than their size justifies.

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::redump::redump;

use crate::resources::measure;
use crate::support::redumped::parsed;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![dumps_made_to_cost_cost_no_more_than_they_weigh]
}

/// Steps are counted, not timed; `growth` checks that four times the size costs four times as many.
fn dumps_made_to_cost_cost_no_more_than_they_weigh(shared: &Shared) {
    let rows = [
        ("hostile-crashpad-cycle.dmp", ["/m", "/ma", "/mR"]),
        ("hostile-folder-sizes.dmp", ["/mR", "/mrR", "/maR"]),
        ("hostile-exception-windows.dmp", ["/mr", "/m", "/ms"]),
    ];
    for (name, letters) in rows {
        let bytes = shared.read(&format!("cases/{name}"));
        let dump = Dump::parse(&bytes).expect("its header is valid");
        let held = |what: &str, work: &mut dyn FnMut()| {
            let before = userdump::__steps();
            let ((), spent) = measure(work);
            let steps = userdump::__steps() - before;
            println!("{name} {what}: {steps} steps for {} bytes, {spent:?}", bytes.len());
            assert!(steps <= 8 * bytes.len() as u64, "{name} {what}: {steps} steps for {} bytes", bytes.len());
            let most = 8 * bytes.len() + (16 << 20);
            assert!(spent.peak <= most, "{name} {what}: {} bytes of memory, {most} are the most", spent.peak);
        };
        held("check", &mut || dump.check(&mut |_| ()));
        for options in letters {
            held(options, &mut || {
                redump(&dump, &parsed(options), std::io::sink()).expect("it is re-encoded");
            });
        }
    }
}
