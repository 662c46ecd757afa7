//! The cost of keeping indexes: what was built is not built again, and binding does not allocate.

use std::hint::black_box;

use libtest_mimic::Trial;
use userdump::{Dump, OwnedDump};

use super::Session;
use crate::resources::{Spent, measure};
use crate::support::cpu::Cpu;
use crate::support::trials;
use crate::synth::{self, MemoryInfo, Module, UnloadedModule, UserDump, UserEvent};

pub fn trials() -> Vec<Trial> {
    trials![look_ups_of_a_session_build_nothing, lending_a_dump_parses_nothing, clones_of_indexes_are_shared,]
}

const NOTHING: Spent = Spent { peak: 0, total: 0, calls: 0 };

/// A process with `count` ranges, regions, modules and unloaded modules of one page each.
fn minidump(count: u64) -> Vec<u8> {
    let dump = synth::Dump::new().system_info(Cpu::AMD64.windows());
    let dump = (0..count).fold(dump, |dump, number| {
        let base = 0x1_0000 + number * 0x2000;
        dump.memory64(base, base.to_le_bytes())
            .memory_info(MemoryInfo::new(base, 0x1000))
            .module(Module::new(base, 0x1000, "a.dll"))
            .unloaded_module(UnloadedModule::new(base, 0x1000, "b.dll"))
    });
    dump.build()
}

fn user_dump(count: u64) -> Vec<u8> {
    (0..count)
        .fold(UserDump::wide().event(UserEvent::default()), |dump, number| {
            let base = 0x1_0000 + number * 0x2000;
            dump.memory(base, base.to_le_bytes()).module(base, 0x1000, "a.dll")
        })
        .build()
}

fn steps<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = userdump::__steps();
    let result = work();
    (result, userdump::__steps() - before)
}

/// Look-ups take a few steps regardless of the size of the dump; building takes at least one step for each range.
fn look_ups_of_a_session_build_nothing() {
    for file in [minidump, user_dump] {
        let mut taken = Vec::new();
        for count in [100, 10_000] {
            let owned = OwnedDump::new(file(count)).expect("it is a dump");
            let (session, built) = steps(|| Session::new(owned));
            assert!(built > 2 * count, "{built} steps for {count}");
            let base = 0x1_0000 + (count - 1) * 0x2000;
            let ((), asked) = steps(|| {
                for _ in 0..100 {
                    assert_eq!(session.memory().read_u64(base), Some(base));
                    assert_eq!(session.regions().at_address(base).map(|it| it.base()), Some(base));
                    assert_eq!(session.modules().at_address(base).map(|it| it.base()), Some(base));
                    let gone = session.unloaded().at_address(base).count();
                    assert_eq!(gone as u64, u64::from(session.dump.dump().minidump().is_some()));
                }
            });
            let ((), spent) = measure(|| {
                black_box((session.memory(), session.regions(), session.modules(), session.unloaded()));
                black_box(session.memory().read_u64(base));
                black_box((session.regions().at_address(base), session.modules().at_address(base)));
            });
            assert_eq!(spent, NOTHING, "binding allocates");
            println!("{count} of each: {built} steps to build, {asked} for 400 look-ups");
            taken.push(asked);
        }
        // The depth of the tree of unloaded modules is logarithmic.
        assert!(taken[0] < 100 * 40 && taken[1] < 2 * taken[0], "{taken:?}");
    }
}

/// Parsing scans the directory for the system information, and reads the tables of a full user dump.
fn lending_a_dump_parses_nothing() {
    let mut directory = b"MDMP\x93\xa7\0\0".to_vec();
    let count = 100_000u32;
    directory.extend([count, 32].iter().flat_map(|it| it.to_le_bytes()));
    directory.resize(32 + 12 * count as usize, 0);
    for (bytes, least) in [(directory, 100_000), (user_dump(10_000), 10_000)] {
        let (_, parsed) = steps(|| Dump::parse(&bytes).expect("it is a dump"));
        let owned = OwnedDump::new(bytes).expect("it is a dump");
        let (dump, lent) = steps(|| owned.dump());
        assert!(parsed >= least && lent == 0, "{parsed} steps to parse, {lent} to lend");
        assert_eq!(dump.data().unwrap().len(), owned.bytes().len());
        assert_eq!(measure(|| black_box(owned.dump()).data().unwrap().len()).1, NOTHING);
    }
}

fn clones_of_indexes_are_shared() {
    for file in [minidump, user_dump] {
        let owned = OwnedDump::new(file(1000)).expect("it is a dump");
        let session = Session::new(owned);
        let bound = (session.memory(), session.regions(), session.modules(), session.unloaded());
        let clones = || {
            let of_memory = (bound.0.clone(), bound.0.index(), session.memory.clone());
            let of_regions = (bound.1.clone(), bound.1.index(), session.regions.clone());
            let of_modules = (bound.2.clone(), bound.2.index(), session.modules.clone());
            let of_unloaded = (bound.3.clone(), bound.3.index(), session.unloaded.clone());
            drop(black_box((of_memory, of_regions, of_modules, of_unloaded)));
        };
        assert_eq!(measure(clones).1, NOTHING);
    }
}
