//! Exceptions: all of them kept, or one made up.

use libtest_mimic::Trial;

use crate::support::cpu::Cpu;
use crate::support::facts;
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, Exception, Part, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        an_exception_is_kept_field_by_field,
        several_exceptions_are_kept_in_their_order,
        on_windows_an_exception_is_made_up,
        none_is_made_up_unless_it_is_asked_for,
        on_other_systems_none_is_made_up,
        without_threads_none_is_made_up,
        one_that_cannot_be_read_is_treated_as_absent,
    ]
}

fn threads(system: SystemInfo) -> Dump {
    let thread = |id: u32| Thread::new(id).context(Cpu::AMD64.context(id.into(), 0));
    Dump::new().system_info(system).thread(thread(5)).thread(thread(3))
}

fn an_exception_is_kept_field_by_field() {
    let context = Cpu::AMD64.context(0x77, 0x88);
    let exception = Exception {
        thread: 3,
        code: 0xc000_0005,
        flags: 0x81,
        record: 0x1234_5678_9abc,
        address: 0xffff_8000_1234_5678,
        parameters: 2,
        information: std::array::from_fn(|index| 0x8000_0000 + index as u64),
        alignment: [0x11, 0x22],
        context: context.clone().into(),
    };
    for system in [Cpu::AMD64.windows(), Cpu::AMD64.linux()] {
        let out = Redumped::of(&threads(system).exception(exception.clone()).build(), "/m");
        let facts = out.facts();
        let [kept] = facts.exceptions().try_into().expect("there is one");
        let facts::Exception { thread, code, flags, record, address, parameters, information, alignment, .. } = kept;
        assert_eq!((thread, code, flags, parameters), (3, 0xc000_0005, 0x81, 2));
        assert_eq!((record, address), (0x1234_5678_9abc, 0xffff_8000_1234_5678));
        // Including those beyond the number of parameters.
        assert_eq!(information, std::array::from_fn(|index| 0x8000_0000 + index as u64));
        assert_eq!(alignment, [0x11, 0x22]);
        assert!(kept.context.0 == context);
        assert!(!out.made_up().contains(&6));
    }
}

fn several_exceptions_are_kept_in_their_order() {
    let exception = |thread: u32, code| Exception {
        context: Cpu::AMD64.context(0x1000 + u64::from(code), 0).into(),
        ..Exception::new(thread, code, 0x9000_0000)
    };
    for system in [Cpu::AMD64.windows(), Cpu::AMD64.linux()] {
        let dump = threads(system).exception(exception(3, 9)).exception(exception(5, 7)).exception(exception(3, 8));
        let out = Redumped::of(&dump.build(), "/m");
        let facts = out.facts();
        let found: Vec<_> = facts.exceptions().iter().map(|it| (it.thread, it.code, it.context.to_vec())).collect();
        let expected = [(3, 9), (5, 7), (3, 8)];
        let context = |code: u32| Cpu::AMD64.context(0x1000 + u64::from(code), 0);
        assert!(found == expected.map(|(thread, code)| (thread, code, context(code))));
        assert!(out.outcomes(6).iter().all(|outcome| outcome.is_kept()));
    }
}

/// Checks that the exception is the one that the debugger makes up for thread 5.
fn assert_made_up(source: &[u8]) {
    for options in ["/m", "/ma"] {
        let out = Redumped::as_debugger(source, options);
        let facts = out.facts();
        let [made_up] = facts.exceptions().try_into().expect("there is one");
        assert_eq!((made_up.thread, made_up.code, made_up.flags), (5, 0x8000_0003, 0));
        assert_eq!((made_up.record, made_up.address, made_up.parameters), (0, 0, 0));
        assert_eq!((made_up.information, made_up.alignment), ([0; 15], [0; 2]));
        assert!(made_up.context.0 == Cpu::AMD64.context(5, 0));
        assert!(out.made_up().contains(&6));
    }
}

fn on_windows_an_exception_is_made_up() {
    // Windows 3.1, 95, NT and CE.
    for platform in 0..=3 {
        assert_made_up(&threads(SystemInfo { platform, ..SystemInfo::default() }).build());
    }
}

fn none_is_made_up_unless_it_is_asked_for() {
    let cut = threads(SystemInfo::default()).raw(6, [5; 167]).build();
    for source in [threads(SystemInfo::default()).build(), cut] {
        for options in ["/m", "/mfFhut", "/ma", "/mA", "/mr", "/mR", "/ms"] {
            let out = Redumped::of(&source, options);
            assert_eq!((out.facts().stream(6), out.made_up().contains(&6)), (None, false), "{options}");
        }
    }
}

fn on_other_systems_none_is_made_up() {
    for platform in [4, 0x8000, 0x8101, 0x8102, 0x8201, 0x8203, 0x8206, u32::MAX] {
        let system = SystemInfo { platform, ..SystemInfo::default() };
        let out = Redumped::as_debugger(&threads(system).build(), "/ma");
        assert_eq!((out.facts().stream(6), out.made_up()), (None, vec![]), "{platform:#x}");
    }
    // A dump without system information is not treated as a Windows dump.
    let out = Redumped::as_debugger(&Dump::new().thread(Thread::new(1)).build(), "/ma");
    assert_eq!((out.facts().kinds(), out.made_up()), (vec![3, 9], vec![]));
}

fn without_threads_none_is_made_up() {
    let out = Redumped::as_debugger(&Dump::new().system_info(SystemInfo::default()).build(), "/m");
    assert_eq!((out.facts().stream(6), out.made_up().contains(&6)), (None, false));
}

fn one_that_cannot_be_read_is_treated_as_absent() {
    let cut = |dump: Dump| dump.raw(6, [5; 167]);
    assert_made_up(&cut(threads(SystemInfo::default())).build());
    let exception = Exception { context: Part::None, ..Exception::new(3, 9, 0) };
    let out = Redumped::as_debugger(&cut(threads(SystemInfo::default())).exception(exception).build(), "/m");
    assert_eq!(out.facts().exceptions().len(), 1);
    assert_eq!((out.facts().exceptions()[0].code, out.made_up().contains(&6)), (9, false));
}
