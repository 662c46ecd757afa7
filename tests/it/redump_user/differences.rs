//! The rows of the table "Where we differ" about full user dumps; the others are in `redump_differences`.

use libtest_mimic::Trial;

use super::facts::User;
use super::redumped;
use crate::support::Shared;
use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::Facts;
use crate::support::trials;
use crate::synth::{UserDump, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        full_user_dumps_of_dumps,
        service_pack,
        debug_records_of_modules,
        priorities,
        modules_without_a_process_block,
        modules_above_2_gib,
    ]
}

/// A full user dump, the engine's re-encoding of it with `/m`, and ours.
struct Case {
    source: Vec<u8>,
    engine: Vec<u8>,
    ours: Vec<u8>,
}

fn case(shared: &Shared, set: &str) -> Case {
    let (source, engine) = (shared.golden(&format!("{set}/f.dmp")), shared.golden(&format!("{set}-from-f/m.dmp")));
    let (ours, _) = redumped(&source, "/m").unwrap_or_else(|error| panic!("{error}"));
    Case { source, engine, ours }
}

fn full_user_dumps_of_dumps(shared: &Shared) {
    // The engine: "User full dumps can only be written in live user-mode sessions".
    for name in ["live/f.dmp", "live/ma.dmp", "live/m.dmp"] {
        let (out, report) = redumped(&shared.golden(name), "/f").unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(out.starts_with(b"USERDU64"));
        assert_eq!(report.is_partial, name == "live/m.dmp", "{name}");
        assert_eq!(report.losses.is_empty(), name == "live/f.dmp", "{name}");
    }
}

fn service_pack(shared: &Shared) {
    for set in ["live", "live32"] {
        let Case { source, engine, ours } = case(shared, set);
        let text = |bytes: &[u8]| Facts::of(bytes).system_info().and_then(|system| system.service_pack.text);
        assert_eq!(User::of(&source).texts(), ["CRASH: OS SP", "Service Pack 1", "CRASH: Hotfixes", "none"]);
        assert_eq!(text(&engine), Some(String::new()));
        assert_eq!(text(&ours).as_deref(), Some("Service Pack 1"));
    }
}

fn debug_records_of_modules(shared: &Shared) {
    let Case { engine, ours, .. } = case(shared, "live");
    assert!(Facts::of(&engine).modules().iter().all(|module| module.code_view.is_empty()));
    let live = shared.golden("live/ma.dmp");
    let live = Facts::of(&live).modules();
    let mut records = 0;
    for module in Facts::of(&ours).modules() {
        let of_live = live.iter().find(|live| live.base == module.base).expect("the process has it");
        assert!(module.code_view == of_live.code_view);
        records += usize::from(module.code_view.starts_with(b"RSDS"));
    }
    assert!(records > 0);
}

fn priorities(shared: &Shared) {
    let Case { source, engine, ours } = case(shared, "live");
    let priorities = |bytes: &[u8]| -> Vec<_> {
        Facts::of(bytes).threads().iter().map(|thread| (thread.priority_class, thread.priority)).collect()
    };
    let user = User::of(&source);
    let kept: Vec<_> = user.threads.iter().map(|thread| (thread.priority_class, thread.priority)).collect();
    assert_eq!((priorities(&engine), priorities(&ours)), (vec![(0, 0); 5], kept.clone()));
    assert!(kept.iter().all(|(class, _)| *class == 32));
}

fn modules_without_a_process_block() {
    for (dump, cpu) in [(UserDump::wide(), Cpu::AMD64), (UserDump::narrow(), Cpu::X86)] {
        let thread = UserThread { id: 1, context: cpu.context(0x1010, 0x2000), ..UserThread::default() };
        let dump = dump.thread(thread).module(0x1000, 0x800, "C:\\a.exe").module(0x5000, 0x800, "b.dll");
        let source = dump.memory(0x1000, pattern(0x1000, 0x800)).build();
        let (out, _) = redumped(&source, "/m").unwrap_or_else(|error| panic!("{error}"));
        let modules = Facts::of(&out).modules().into_iter().map(|it| (it.base, it.size, it.name.text));
        let named = |base, name: &str| (base, 0x800, Some(name.to_owned()));
        assert_eq!(modules.collect::<Vec<_>>(), [named(0x1000, "C:\\a.exe"), named(0x5000, "b.dll")]);
    }
}

fn modules_above_2_gib(shared: &Shared) {
    let Case { engine, ours, .. } = case(shared, "live32");
    let last = |bytes: &[u8]| Facts::of(bytes).modules().last().map(|module| module.base);
    assert_eq!((last(&engine), last(&ours)), (Some(0xa500_0000), Some(0xffff_ffff_a500_0000)));
}
