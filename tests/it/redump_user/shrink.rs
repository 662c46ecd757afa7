//! Minidumps made from full user dumps, compared with the engine's re-encodings of the same dumps.
//!
//! The comparison needs the source as a minidump, so the tests make one: what the format holds is read by a separate
//! decoder, and what it lacks is taken from the debugger's minidumps of the very same process.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::redump::Addition;

use super::facts::User;
use super::{redumped, redumped_as};
use crate::support::cpu::{Cpu, put};
use crate::support::facts::Facts;
use crate::support::{engine, fixtures, golden, shared_trial, trials};
use crate::synth::{
    Dump, Exception, MemoryInfo, MiscInfo, Module, Part, Range64, SystemInfo, Thread, UserDump, UserEvent, UserThread,
};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![every_re_encoding_is_compared, folders_come_from_the_loader];
    all.extend(golden::from_f().map(|(set, name)| {
        let result = format!("{set}-from-f/{name}.dmp");
        shared_trial(format!("redump_user::shrink::{result}"), move |shared| {
            let user = shared.golden(&format!("{set}/f.dmp"));
            let (live, expected) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&result));
            compare(&user, &live, &expected, &fixtures::options(&format!("{name}.dmp")));
        })
    }));
    all.extend(golden::user_dumps_of_2026().map(|(user, result, name)| {
        shared_trial(format!("redump_user::shrink::{result}"), move |shared| {
            let live = shared.golden(&user.replace("/f.dmp", "/ma.dmp"));
            let (user, expected) = (shared.golden(&user), shared.golden(&result));
            compare(&user, &live, &expected, &fixtures::options(&format!("{name}.dmp")));
        })
    }));
    all
}

fn every_re_encoding_is_compared() {
    assert_eq!(golden::from_f().count(), 4 * 33 + 6, "re-encodings of full user dumps by the engine");
    assert_eq!(golden::user_dumps_of_2026().count(), 5 * 20 + 1, "and by that of 2026");
}

/// In the debugger's own crash dumps the names lack their folders; its re-encodings have the folders.
fn folders_come_from_the_loader() {
    const THREAD_BLOCK: u64 = 0x1_0000;
    // Base, name in the table, path in the loader's list, name in the result.
    let modules = [
        (0x40_0000, "Main.exe", "C:\\app\\MAIN.EXE", "C:\\app\\MAIN.EXE"),
        (0x50_0000, "D:\\own.dll", "C:\\app\\own.dll", "D:\\own.dll"),
        (0x60_0000, "a.dll", "C:\\app\\ba.dll", "a.dll"),
        (0x70_0000, "b.dll", "b.dll", "b.dll"),
        (0x80_0000, "c.dll", "C:\\\u{65e5}\\c.dll", "C:\\\u{65e5}\\c.dll"),
        (0xc000_0000, "high.dll", "C:\\high.dll", "C:\\high.dll"),
    ];
    for (mut dump, cpu) in [(UserDump::wide(), Cpu::AMD64), (UserDump::narrow(), Cpu::X86)] {
        // Process block in the thread block, loader in the process block, list in the loader; base and name in an
        // entry.
        let [process, loader, list, base, name] =
            if cpu.word == 8 { [0x60, 0x18, 0x10, 0x30, 0x48] } else { [0x30, 0xc, 0xc, 0x18, 0x24] };
        let mut memory = vec![0; 0x4000];
        let mut pointer = |at: usize, to: usize| {
            put(&mut memory, at, &(THREAD_BLOCK + to as u64).to_le_bytes()[..cpu.word]);
        };
        let entry = |index: usize| 0x1000 + 0x100 * index;
        pointer(process, 0x200);
        pointer(0x200 + loader, 0x400);
        pointer(0x400 + list, entry(0));
        for index in 0..modules.len() {
            pointer(entry(index), if index + 1 < modules.len() { entry(index + 1) } else { 0x400 + list });
            pointer(entry(index) + name + cpu.word, 0x2000 + 0x100 * index);
        }
        for (index, (address, in_table, path, _)) in modules.into_iter().enumerate() {
            put(&mut memory, entry(index) + base, &u64::to_le_bytes(address)[..cpu.word]);
            let path: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
            put(&mut memory, entry(index) + name, &(path.len() as u16).to_le_bytes());
            put(&mut memory, 0x2000 + 0x100 * index, &path);
            dump = dump.module(address, 0x1000, in_table);
        }
        let thread = UserThread { id: 1, teb: THREAD_BLOCK, context: cpu.context(0, 0), ..UserThread::default() };
        let event = UserEvent { thread: 1, ..UserEvent::default() };
        let source = dump.event(event).thread(thread).memory(THREAD_BLOCK, memory).build();
        let (out, report) = redumped(&source, "/m").unwrap_or_else(|error| panic!("{error}"));
        // Three names differ from the table, one of them in case.
        let what = "folders of module names from the loader's list in memory";
        assert_eq!(report.additions, [Addition { what, count: 3 }]);
        assert!(report.losses.iter().any(|it| it.what.starts_with("case of module names") && it.count == 1));
        let names: Vec<_> = Facts::of(&out).modules().into_iter().filter_map(|module| module.name.text).collect();
        assert_eq!(names, modules.map(|(_, _, _, name)| name));
        // In a full user dump they stay unchanged.
        let (out, _) = redumped(&source, "/f").unwrap_or_else(|error| panic!("{error}"));
        assert!(out == source);
    }
}

fn compare(user: &[u8], live: &[u8], expected: &[u8], options: &str) {
    let redumped = |source: &[u8], options: &str| redumped_as(engine::of(expected), source, options);
    let (ours, _) = redumped(user, options).unwrap_or_else(|error| panic!("{error}"));
    let source = as_minidump(&User::of(user), &Facts::of(live), &Facts::of(expected));
    let faults = engine::faults(&source, expected, &ours);
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
    let (again, _) = redumped(&ours, options).unwrap_or_else(|error| panic!("second pass: {error}"));
    assert!(again == ours, "a second pass changes the dump");
}

/// The minidump that corresponds to the full user dump and its memory. What the memory tells of images is taken from
/// the engine's result, except for the CodeView records, which the engine drops and which are taken from the dump of
/// the live process.
fn as_minidump(user: &User<'_>, live: &Facts<'_>, engine: &Facts<'_>) -> Vec<u8> {
    let mask = |address: u64| if user.wide { address } else { address & 0xffff_ffff };
    let system = engine.system_info().expect("the engine always writes it");
    let mut dump = Dump::new().timestamp(engine.header.timestamp).system_info(SystemInfo {
        architecture: match user.machine {
            0x14c => 0,
            0x8664 => 9,
            other => panic!("{other:#x}"),
        },
        level: 0,
        revision: 0,
        processors: 1,
        product: system.product,
        major: user.major,
        minor: user.minor & 0xffff,
        build: user.minor >> 16,
        platform: 2,
        service_pack: user.service_pack().as_str().into(),
        suite: 0,
        reserved: 0,
        cpu: [0; 24],
    });
    for thread in &user.threads {
        dump = dump.thread(Thread {
            suspend_count: thread.suspend_count,
            priority_class: thread.priority_class,
            priority: thread.priority,
            teb: thread.teb,
            context: thread.context.into(),
            ..Thread::new(thread.id)
        });
    }
    let of_engine: BTreeMap<u64, _> = engine.modules().into_iter().map(|it| (mask(it.base), it)).collect();
    let of_live: BTreeMap<u64, _> = live.modules().into_iter().map(|it| (mask(it.base), it)).collect();
    for module in &user.modules {
        let (engine, live) = (&of_engine[&module.base], &of_live[&module.base]);
        assert!(!live.code_view.is_empty() || live.misc.is_empty());
        dump = dump.module(Module {
            checksum: engine.checksum,
            timestamp: engine.timestamp,
            version: engine.version,
            code_view: live.code_view.0.into(),
            ..Module::new(module.base, module.size, &module.name)
        });
    }
    for region in &user.regions {
        let row = region.row;
        dump = dump.memory64_range(Range64 { address: row.base, size: row.size, bytes: region.bytes.to_vec() });
        dump = dump.memory_info(MemoryInfo {
            base: row.base,
            allocation_base: row.allocation_base,
            allocation_protect: row.allocation_protect,
            size: row.size,
            state: row.state,
            protect: row.protect,
            kind: row.kind,
            alignment: row.alignment,
        });
    }
    let event = user.event.as_ref().expect("the debugger always writes one");
    dump = dump.exception(Exception {
        thread: event.thread,
        code: event.exception,
        flags: event.flags,
        record: event.record,
        address: event.address,
        parameters: event.parameters,
        information: event.information,
        context: Part::ContextOf(event.thread),
        ..Exception::default()
    });
    dump.misc_info(MiscInfo { flags: 1, process_id: event.process, ..MiscInfo::default() }).build()
}
