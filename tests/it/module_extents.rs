//! Modules whose size was truncated by the producer: the description of the address space completes them wherever an
//! address is looked up in modules.

use libtest_mimic::Trial;
use userdump::Minidump;

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::redumped::{Redumped, parsed};
use crate::support::trials;
use crate::synth::{Dump, Exception, MemoryInfo, Module, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        modules_reach_as_far_as_their_mappings,
        the_module_list_takes_precedence,
        pointers_into_all_of_a_module_are_not_followed,
        code_in_all_of_a_module_is_not_counted,
    ]
}

const FIRST: u64 = 0x4000_0000;
const SECOND: u64 = 0x5000_0000;
const STACK: u64 = 0x10_0000;

/// Two modules, each one page long in the list and four pages long in the address space.
fn modules() -> Dump {
    let module = |base| Module::new(base, 0x1000, "m");
    Dump::new().module(module(SECOND)).module(module(FIRST))
}

fn rows(dump: Dump, allocation: impl Fn(u64) -> u64, kind: u32) -> Dump {
    let row = |base, page: u64| MemoryInfo {
        allocation_base: allocation(base),
        kind,
        ..MemoryInfo::new(base + 0x1000 * page, 0x1000)
    };
    let all = [FIRST, SECOND].into_iter().flat_map(|base| (0..4).map(move |page| (base, page)));
    all.fold(dump, |dump, (base, page)| dump.memory_info(row(base, page)))
}

fn lines(dump: Dump) -> Dump {
    let line = |base: u64, name| {
        let page = |page: u64, rights| {
            let start = base + 0x1000 * page;
            format!("{start:x}-{:x} {rights} 00000000 08:01 7 /lib/{name}\n", start + 0x1000)
        };
        format!("{}{}{}{}", page(0, "r--p"), page(1, "r-xp"), page(2, "r--p"), page(3, "rw-p"))
    };
    dump.raw(0x4767_0009, line(FIRST, "a.so") + &line(SECOND, "b.so"))
}

fn bases(dump: &[u8], addresses: [u64; 6]) -> [Option<u64>; 6] {
    let dump = Minidump::parse(dump).unwrap();
    let extents = dump.module_extents();
    addresses.map(|address| extents.at_address(address).map(|module| module.base()))
}

fn modules_reach_as_far_as_their_mappings() {
    const IMAGE: u32 = 0x100_0000;
    let windows = || modules().system_info(Cpu::AMD64.windows());
    let linux = || modules().system_info(Cpu::AMD64.linux());
    let addresses = [FIRST, FIRST + 0xfff, FIRST + 0x3fff, FIRST + 0x4000, SECOND + 0x1000, SECOND - 1];
    let completed = [Some(FIRST), Some(FIRST), Some(FIRST), None, Some(SECOND), None];
    let by_list = [Some(FIRST), Some(FIRST), None, None, None, None];
    assert_eq!(bases(&windows().build(), addresses), by_list);
    assert_eq!(bases(&rows(windows(), |base| base, IMAGE).build(), addresses), completed);
    // Without allocation bases, only images show which regions belong together.
    assert_eq!(bases(&rows(windows(), |_| 0, IMAGE).build(), addresses), completed);
    assert_eq!(bases(&rows(windows(), |_| 0, 0x2_0000).build(), addresses), by_list);
    assert_eq!(bases(&lines(linux()).build(), addresses), completed);
    // The list itself is unchanged.
    let bytes = lines(linux()).build();
    assert!(Minidump::parse(&bytes).unwrap().modules().at_address(FIRST + 0x1000).is_none());
}

fn the_module_list_takes_precedence() {
    // A module inside the mappings of another one.
    let inner = Module::new(FIRST + 0x2000, 0x1000, "inner");
    let dump = lines(modules().module(inner).system_info(Cpu::AMD64.linux())).build();
    let addresses = [FIRST, FIRST + 0x1000, FIRST + 0x2000, FIRST + 0x2fff, FIRST + 0x3000, SECOND];
    let inner = Some(FIRST + 0x2000);
    assert_eq!(bases(&dump, addresses), [Some(FIRST), Some(FIRST), inner, inner, Some(FIRST), Some(SECOND)]);
}

/// A stack with a pointer into each page of a module, and one past its end.
fn pointers_into_all_of_a_module_are_not_followed() {
    let cpu = Cpu::AMD64;
    let mut stack = vec![0; 0x100];
    (0..4).for_each(|page| put(&mut stack, 8 * page, &(FIRST + 0x1000 * page as u64 + 0x800).to_le_bytes()));
    put(&mut stack, 0x80, &(FIRST + 0x4800).to_le_bytes());
    let thread = Thread::new(7).stack(Stack::At(STACK, 0x100, 0)).context(cpu.context(0, STACK));
    let dump = || modules().thread(thread.clone()).memory(STACK, &stack).memory(FIRST, pattern(FIRST, 0x5000));
    let windows = rows(dump().system_info(cpu.windows()), |base| base, 0x100_0000);
    for dump in [windows, lines(dump().system_info(cpu.linux()))] {
        let out = Redumped::twice(&dump.build(), &parsed("/miF"));
        assert_eq!(out.ranges(), [(STACK, 0x100), (FIRST + 0x4700, 0x400)]);
    }
}

fn code_in_all_of_a_module_is_not_counted() {
    let cpu = Cpu::AMD64;
    let at = FIRST + 0x1800;
    let exception = Exception { context: cpu.context(at, 0).into(), ..Exception::new(7, 11, at) };
    let dump = || {
        let dump = modules().system_info(cpu.linux()).thread(Thread::new(7));
        dump.exception(exception.clone()).memory(FIRST, [0x90; 0x4000])
    };
    let unfiltered = |dump: Dump| Redumped::once(&dump.build(), &parsed("/mr")).report.unfiltered_memory;
    assert_eq!([unfiltered(dump()), unfiltered(lines(dump()))], [0x100, 0]);
}
