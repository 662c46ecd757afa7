//! Minidumps made of full user dumps, compared with what the debugger engine made of the same.
//!
//! The comparison wants the source as a minidump, so the tests make one of it: what the format has by a decoder of
//! their own, and what it lacks from the dumps that the debugger wrote of the very process.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use super::facts::User;
use super::redumped;
use crate::support::facts::Facts;
use crate::support::{engine, fixtures, golden, shared_trial, trials};
use crate::synth::{Dump, Exception, MemoryInfo, MiscInfo, Module, Part, Range64, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![every_re_encoding_is_compared];
    all.extend(golden::from_f().map(|(set, name)| {
        let result = format!("{set}-from-f/{name}.dmp");
        shared_trial(format!("redump_user::shrink::{result}"), move |shared| {
            let user = shared.golden(&format!("{set}/f.dmp"));
            let (live, expected) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&result));
            compare(&user, &live, &expected, &fixtures::options(&format!("{name}.dmp")));
        })
    }));
    all
}

fn every_re_encoding_is_compared() {
    assert_eq!(golden::from_f().count(), 4 * 33 + 6, "re-encodings of full user dumps by the engine");
}

fn compare(user: &[u8], live: &[u8], expected: &[u8], options: &str) {
    let (ours, _) = redumped(user, options).unwrap_or_else(|error| panic!("{error}"));
    let source = as_minidump(&User::of(user), &Facts::of(live), &Facts::of(expected));
    let faults = engine::faults(&source, expected, &ours);
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
    let (again, _) = redumped(&ours, options).unwrap_or_else(|error| panic!("second pass: {error}"));
    assert!(again == ours, "a second pass changes the dump");
}

/// The minidump that says what the full user dump says, and with it what its memory tells: of images by the engine's
/// word, but for the CodeView records, which the engine drops, by the word of the dump of the live process.
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
