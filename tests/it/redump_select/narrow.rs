//! Addresses of 32-bit targets: compared without their upper halves, and written in one form.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::{Positions, differences};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{
    Dump, Exception, Handle, MemoryInfo, MiscInfo, Module, Stack, SystemInfo, Thread, ThreadInfo, UnloadedModule,
};

pub fn trials() -> Vec<Trial> {
    trials![
        extended_threads_are_treated_alike,
        on_linux_all_addresses_have_one_form,
        both_forms_of_addresses_give_the_same_dump,
        stacks_and_windows_above_2_gib_are_found,
        full_memory_above_2_gib_is_found,
        on_windows_addresses_are_sign_extended,
        numbers_that_are_not_addresses_are_left_alone,
        a_dump_may_have_both_forms,
        a_range_across_2_gib_is_one,
        on_linux_addresses_stay_zero_extended,
        addresses_of_64_bits_are_left_alone,
    ]
}

/// A way to extend a 32-bit address to 64 bits.
type Form = fn(u64) -> u64;

/// As the debugger does.
fn sign(address: u64) -> u64 {
    if address & 0x8000_0000 == 0 { address } else { address | 0xffff_ffff_0000_0000 }
}

/// As other producers do.
fn zero(address: u64) -> u64 {
    address
}

const TEB: u64 = 0x9ffd_0000;
const STACK: u64 = 0xb000_0000;
const HIGH: u64 = 0xa500_0000;
const FAULT: u64 = 0x9000_1234;

const OPTIONS: [&str; 10] = ["/m", "/mf", "/mF", "/mh", "/mt", "/mu", "/ma", "/mA", "/mFhtu", "/mfF"];

/// A process with everything of interest above 2 GiB, and a program below.
fn process(cpu: Cpu, system: SystemInfo, form: Form) -> Dump {
    let thread = Thread::new(7).stack(Stack::At(form(STACK + 0x3800), 0x800, 0));
    let thread = Thread { teb: form(TEB), ..thread.context(cpu.context(HIGH + 0x1204, STACK + 0x3000)) };
    let mut information = [0; 15];
    information[..3].copy_from_slice(&[1, form(FAULT), 0x7fff_ffff]);
    let exception = Exception { record: form(0x8000_0010), parameters: 3, information, ..Exception::default() };
    let exception = Exception { thread: 7, code: 0xc000_0005, address: form(FAULT), ..exception };
    let row = |base, size| MemoryInfo { allocation_base: form(STACK), ..MemoryInfo::new(form(base), size) };
    let info = ThreadInfo { id: 7, start_address: form(HIGH + 0x1000), affinity: 0xffff_ffff, ..ThreadInfo::default() };
    Dump::new()
        .system_info(system)
        .thread(thread)
        .module(Module::new(0x40_0000, 0x1000, "C:\\app.exe"))
        .module(Module::new(form(HIGH), 0x2000, "C:\\high.dll"))
        .unloaded_module(UnloadedModule::new(form(0xc000_0000), 0x1000, "gone.dll"))
        .exception(exception)
        .memory_info(row(STACK, 0x4000))
        .memory_info(row(0x40_0000, 0x1000))
        .thread_info(ThreadInfo { times: [0x8000_0000; 4], ..info })
        .handle(Handle::new(0x8000_0004, "Event"))
        .misc_info(MiscInfo::default())
        .memory(form(STACK), pattern(STACK, 0x4000))
        .memory(form(HIGH), pattern(HIGH, 0x2000))
        .memory(0x40_0000, pattern(0x40_0000, 0x1000))
        .memory(form(TEB), cpu.teb(STACK + 0x4000, STACK))
        .memory(form(0x9000_1000), pattern(0x9000_1000, 0x1000))
}

fn both_forms_of_addresses_give_the_same_dump() {
    for cpu in [Cpu::X86, Cpu::ARM] {
        let [signed, zeroed] = [sign, zero].map(|form: Form| process(cpu, cpu.windows(), form).build());
        assert!(signed != zeroed);
        for options in OPTIONS {
            let [signed, zeroed] = [&signed, &zeroed].map(|source| Redumped::of(source, options).bytes);
            assert!(signed == zeroed, "{options} of {cpu:?}");
        }
    }
}

fn stacks_and_windows_above_2_gib_are_found() {
    for (cpu, stack, windows) in [
        (Cpu::X86, (0xffff_ffff_b000_2ffc, 0x1004), [(0xffff_ffff_9000_11b4, 0x100), (0xffff_ffff_a500_1184, 0x100)]),
        (Cpu::ARM, (0xffff_ffff_b000_3000, 0x1000), [(0xffff_ffff_9000_1134, 0x200), (0xffff_ffff_a500_1104, 0x200)]),
    ] {
        for form in [sign, zero] {
            let out = Redumped::of(&process(cpu, cpu.windows(), form).build(), "/m");
            out.assert_memory(&[windows[0], windows[1], stack]);
            assert_eq!(hex(&out.stacks()), hex(&[(stack.0, stack.1, true)]));
        }
    }
}

fn full_memory_above_2_gib_is_found() {
    for form in [sign, zero] {
        let out = Redumped::of(&process(Cpu::X86, Cpu::X86.windows(), form).build(), "/ma");
        let expected: [(u64, u64); 5] = [
            (0x40_0000, 0x1000),
            (0xffff_ffff_9000_1000, 0x1000),
            (0xffff_ffff_9ffd_0000, 12),
            (0xffff_ffff_a500_0000, 0x2000),
            (0xffff_ffff_b000_0000, 0x4000),
        ];
        assert_eq!(hex(&out.ranges()), hex(&expected));
        assert_eq!(out.facts().read(0xffff_ffff_b000_1000, 16), pattern(STACK + 0x1000, 16));
        // Regions are matched too.
        let hidden = MemoryInfo { protect: 1, ..MemoryInfo::new(form(STACK + 0x1000), 0x1000) };
        let dump = Dump::new().system_info(Cpu::X86.windows()).thread(Thread::new(1)).memory_info(hidden);
        let source = dump.memory(STACK, pattern(STACK, 0x4000)).build();
        let out = Redumped::of(&source, "/ma");
        let high = 0xffff_ffff_b000_0000;
        out.assert_memory(&[(high, 0x1000), (high + 0x1000, 0x1000), (high + 0x2000, 0x2000)]);
    }
}

fn on_windows_addresses_are_sign_extended() {
    let out = Redumped::of(&process(Cpu::X86, Cpu::X86.windows(), zero).build(), "/mFtu");
    let facts = out.facts();
    assert_eq!(hex(&facts.threads()[0].teb), "ffffffff9ffd0000");
    assert_eq!(hex(&facts.modules().iter().map(|it| it.base).collect::<Vec<_>>()), "[400000, ffffffffa5000000]");
    assert_eq!(hex(&facts.unloaded_modules()[0].base), "ffffffffc0000000");
    assert_eq!(hex(&facts.thread_infos()[0].start_address), "ffffffffa5001000");
    let rows = facts.memory_infos();
    let bases = rows.iter().map(|row| (row.base, row.allocation_base, row.size)).collect::<Vec<_>>();
    let high = 0xffff_ffff_b000_0000u64;
    assert_eq!(hex(&bases), hex(&[(0x40_0000, high, 0x1000), (high, high, 0x4000)]));
    let exception = &facts.exceptions()[0];
    assert_eq!(hex(&[exception.address, exception.record]), "[ffffffff90001234, ffffffff80000010]");
    assert_eq!(hex(&exception.information[..4]), "[1, ffffffff90001234, 7fffffff, 0]");
    // A made-up entry has the address of its range.
    let source = Dump::new().system_info(Cpu::X86.windows()).thread(Thread::new(1)).memory(STACK, [1; 16]).build();
    let rows = Redumped::of(&source, "/mF").facts().memory_infos();
    assert_eq!(hex(&(rows[0].base, rows[0].allocation_base)), hex(&(high, high)));
    // The same goes for a stack that only the thread refers to, and for one without bytes.
    let thread = |id, stack| Thread::new(id).stack(stack);
    let dump = Dump::new().system_info(Cpu::X86.windows()).thread(thread(1, Stack::stored(STACK, pattern(STACK, 8))));
    let out = Redumped::of(&dump.thread(thread(2, Stack::At(STACK, 0, 0))).build(), "/m");
    assert_eq!(hex(&out.stacks()), hex(&[(high, 8, true), (high, 0, false)]));
}

fn numbers_that_are_not_addresses_are_left_alone() {
    let out = Redumped::of(&process(Cpu::X86, Cpu::X86.windows(), zero).build(), "/ma");
    let facts = out.facts();
    let info = facts.thread_infos()[0];
    assert_eq!((info.affinity, info.times), (0xffff_ffff, [0x8000_0000; 4]));
    assert_eq!(facts.handles()[0].handle, 0x8000_0004);
}

fn a_dump_may_have_both_forms() {
    // As in the engine's dumps: what it reads from the environment block is zero-extended, ranges are sign-extended.
    let cpu = Cpu::X86;
    let with = |of_thread: Form, of_memory: Form| {
        let context = cpu.context(HIGH + 0x1204, STACK + 0x2000);
        let thread = Thread { teb: of_thread(TEB), ..Thread::new(7).context(context) };
        let exception = Exception { thread: 7, address: of_thread(FAULT), ..Exception::default() };
        let dump = Dump::new().system_info(cpu.windows()).thread(thread).exception(exception);
        let dump = dump
            .memory(of_memory(STACK), pattern(STACK, 0x2000))
            .memory(of_thread(STACK + 0x2000), pattern(STACK + 0x2000, 0x2000));
        let dump = dump.memory(of_memory(TEB), cpu.teb(STACK + 0x4000, STACK));
        dump.memory(of_memory(HIGH), pattern(HIGH, 0x2000)).memory(of_memory(FAULT), pattern(FAULT, 4)).build()
    };
    let expected = [(0xffff_ffff_9000_1234, 4), (0xffff_ffff_a500_1184, 0x100), (0xffff_ffff_b000_1ffc, 0x2004)];
    for (of_thread, of_memory) in [(zero as Form, sign as Form), (sign, zero), (zero, zero), (sign, sign)] {
        let out = Redumped::of(&with(of_thread, of_memory), "/m");
        out.assert_memory(&expected);
    }
}

fn a_range_across_2_gib_is_one() {
    let dump = |rows: &[MemoryInfo]| {
        let dump = Dump::new().system_info(Cpu::X86.windows()).thread(Thread::new(1));
        let dump = dump.memory(0x7fff_f000, pattern(0x7fff_f000, 0x2000));
        rows.iter().fold(dump, |dump, row| dump.memory_info(row.clone())).build()
    };
    for options in ["/mf", "/ma", "/mA"] {
        Redumped::of(&dump(&[]), options).assert_memory(&[(0x7fff_f000, 0x2000)]);
        Redumped::of(&dump(&[MemoryInfo::new(0x7fff_f000, 0x2000)]), options).assert_memory(&[(0x7fff_f000, 0x2000)]);
        let rows = [MemoryInfo::new(0x8000_0000, 0x1000), MemoryInfo::new(0x7fff_f000, 0x1000)];
        let expected = [(0x7fff_f000, 0x1000), (0xffff_ffff_8000_0000, 0x1000)];
        Redumped::of(&dump(&rows), options).assert_memory(&expected);
    }
}

/// Every address in a re-encoded dump of [`process`].
fn addresses(out: &Redumped) -> Vec<u64> {
    let facts = out.facts();
    let threads = facts.threads().into_iter().flat_map(|it| [it.teb, it.stack_start]).collect::<Vec<_>>();
    let modules = facts.modules().into_iter().map(|it| it.base).collect::<Vec<_>>();
    let unloaded = facts.unloaded_modules().into_iter().map(|it| it.base).collect::<Vec<_>>();
    let ranges = facts.ranges().into_iter().map(|it| it.address).collect::<Vec<_>>();
    let rows = facts.memory_infos().into_iter().flat_map(|it| [it.base, it.allocation_base]).collect::<Vec<_>>();
    let infos = facts.thread_infos().into_iter().map(|it| it.start_address).collect::<Vec<_>>();
    let exceptions = facts.exceptions();
    let exceptions = exceptions.iter().flat_map(|it| [it.address, it.record, it.information[1]]).collect::<Vec<_>>();
    [threads, modules, unloaded, ranges, rows, infos, exceptions].concat()
}

fn on_linux_addresses_stay_zero_extended() {
    for cpu in [Cpu::X86, Cpu::ARM] {
        let source = process(cpu, cpu.linux(), zero).build();
        for options in OPTIONS {
            let high = addresses(&Redumped::of(&source, options)).into_iter().filter(|it| it >> 32 != 0).count();
            assert_eq!(high, 0, "{options}");
        }
        // There the environment block has no meaning, but the stack pointer is below the stack that the descriptor
        // names.
        let out = Redumped::of(&source, "/m");
        let start = if cpu.is_x86() { STACK + 0x2ffc } else { STACK + 0x3000 };
        assert_eq!(hex(&out.stacks()), hex(&[(start, STACK + 0x4000 - start, true)]));
        out.assert_memory(&[
            (FAULT - cpu.reach, 2 * cpu.reach),
            (HIGH + 0x1204 - cpu.reach, 2 * cpu.reach),
            (start, STACK + 0x4000 - start),
        ]);
    }
}

fn addresses_of_64_bits_are_left_alone() {
    for system in [Cpu::AMD64.windows(), Cpu::AMD64.linux(), Cpu::ARM64.windows()] {
        for address in [0x8000_0000, 0xffff_8000_0000_0000u64] {
            let dump = Dump::new().system_info(system.clone()).thread(Thread::new(1));
            let source = dump.module(Module::new(address, 1, "a")).memory(address, pattern(address, 16)).build();
            let out = Redumped::of(&source, "/mf");
            out.assert_memory(&[(address, 16)]);
            assert_eq!(out.facts().modules()[0].base, address);
        }
    }
}

fn extended_threads_are_treated_alike() {
    let outputs = [sign, zero].map(|form: Form| {
        let thread = || Thread { teb: form(TEB), ..Thread::new(1).stack(Stack::Listed(form(STACK), 0x100)) };
        let dump = Dump::new().system_info(Cpu::X86.windows()).thread(thread()).thread_ex(thread());
        Redumped::of(&dump.memory(form(STACK), pattern(STACK, 0x100)).build(), "/m").bytes
    });
    assert!(outputs[0] == outputs[1], "{}", differences(&outputs[0], &outputs[1], Positions::Matter).join("\n"));
}

/// A reader that compares addresses without masking them must find what a thread or module refers to, as in the source.
fn on_linux_all_addresses_have_one_form() {
    let source = process(Cpu::X86, Cpu::X86.linux(), sign).build();
    for options in ["/m", "/ma"] {
        let out = Redumped::of(&source, options);
        let high = addresses(&out).into_iter().filter(|it| it & 0x8000_0000 != 0);
        let (signed, zeroed): (Vec<u64>, Vec<u64>) = high.partition(|address| address >> 32 != 0);
        assert!(zeroed.len() > 5, "{options}: {zeroed:x?}");
        // Only the code of the exception determines the meaning of a parameter, so it is kept unchanged.
        assert_eq!(signed, [out.facts().exceptions()[0].information[1]], "{options}: {signed:x?}");
    }
}
