//! Linux processes, whose memory is described by mappings.

use libtest_mimic::Trial;
use userdump::redump::{Managed, Reason};

use super::process::*;
use crate::support::cpu::{Cpu, pattern};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, Module, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![linux_mappings_describe_memory, without_mappings_all_is_kept, assemblies_are_mapped_as_files_or_by_sections]
}

const CORECLR: u64 = 0x7f00_0000_0000;
const HEAP: u64 = 0x7e00_0000_0000;
const STACK_LINE: u64 = 0x7d00_0000_0000;

/// Start, size, permissions, offset, inode and file name. At most one page of each is present.
const LINES: [(u64, u64, &str, u64, u64, &str); 14] = [
    (0x10_0000, 0x1000, "rw-p", 0, 0, "[heap]"),
    (0x20_0000, 0x1000, "r--p", 0, 0, ""),
    (0x30_0000, 0x1000, "rwxp", 0, 0, ""),
    (0x40_0000, 0x1000, "---p", 0, 0, ""),
    (0x50_0000, 0x1000, "rw-s", 0, 5, "/memfd:doublemapper (deleted)"),
    (0x60_0000, 0x1000, "r-xs", 0, 5, "/memfd:doublemapper (deleted)"),
    (0x70_0000, 0x1000, "r--p", 0, 6, "/usr/share/locale/x.mo"),
    // The stack of a thread, with its guard page below.
    (STACK_LINE - 0x1000, 0x1000, "---p", 0, 0, ""),
    (STACK_LINE, 0x1000, "rw-p", 0, 0, ""),
    // Memory of the garbage collector.
    (HEAP, 0x1000, "rw-p", 0, 0, ""),
    (HEAP + 0x1000, 0x1_0000_0000, "---p", 0, 0, ""),
    (CORECLR, 0x1000, "r--p", 0, 9, "/usr/share/dotnet/libcoreclr.so"),
    (CORECLR + 0x1000, 0x1000, "r-xp", 0x1000, 9, "/usr/share/dotnet/libcoreclr.so"),
    (CORECLR + 0x2000, 0x1000, "rw-p", 0x2000, 9, "/usr/share/dotnet/libcoreclr.so"),
];

fn of_linux() -> Dump {
    let thread = Thread::new(7).stack(Stack::Listed(STACK_LINE + 0x800, 0x800));
    let thread = thread.context(Cpu::AMD64.context(0x10, STACK_LINE + 0x800));
    let dump = Dump::new().flags(2).system_info(Cpu::AMD64.linux()).thread(thread);
    let dump = dump.module(Module::new(CORECLR, 0x3000, "/usr/share/dotnet/libcoreclr.so"));
    LINES.iter().fold(dump, |dump, &(start, ..)| dump.memory(start, pattern(start, 0x1000)))
}

fn maps() -> String {
    let lines = LINES.iter().map(|(start, size, rights, offset, inode, name)| {
        format!("{start:x}-{:x} {rights} {offset:08x} 08:01 {inode} {name}\n", start + size)
    });
    lines.collect()
}

fn linux_mappings_describe_memory() {
    let source = of_linux().raw(0x4767_0009, maps()).build();
    for detail in [Managed::Stacks, Managed::Heap] {
        let options = managed("/m", detail);
        let of = |wanted: Reason| selected(&source, &options, |it| it == wanted);
        let private = [(0x10_0000, 0x1000), (0x20_0000, 0x1000), (0x30_0000, 0x1000)];
        assert_eq!(hex(&of(Reason::RuntimePrivateMemory)), hex(&private), "{detail:?}");
        let mapped = [(0x50_0000, 0x1000), (0x60_0000, 0x1000)];
        assert_eq!(hex(&of(Reason::RuntimeMappedMemory)), hex(&mapped), "{detail:?}");
        let heap: &[(u64, u64)] = if detail == Managed::Heap { &[(HEAP, 0x1000)] } else { &[] };
        assert_eq!(hex(&of(Reason::ManagedHeap)), hex(heap), "{detail:?}");
        // All of the runtime except its code.
        let runtime = [(CORECLR, 0x1000), (CORECLR + 0x2000, 0x1000)];
        assert_eq!(hex(&of(Reason::RuntimeData { module: 0 })), hex(&runtime), "{detail:?}");
        assert_eq!(Redumped::with(&source, &options).report.undecided, []);
    }
}

fn without_mappings_all_is_kept() {
    let source = of_linux().build();
    let options = managed("/m", Managed::Stacks);
    let runtime = selected(&source, &options, |it| it == Reason::RuntimeData { module: 0 });
    assert_eq!(hex(&runtime), hex(&[(CORECLR, 0x3000)]));
    let out = Redumped::with(&source, &options);
    let has = |at: u64| out.ranges().iter().any(|&(start, size)| start <= at && at < start + size);
    for (start, ..) in LINES {
        assert!(has(start + 0x900), "{start:#x}");
    }
    assert_eq!(out.report.undecided.len(), 1);
}

/// With and without an entry in the module list: Breakpad lists every mapped file.
fn assemblies_are_mapped_as_files_or_by_sections() {
    const ASSEMBLY: u64 = 0x7c00_0000_0000;
    let below = 0xc00;
    let loaded = with_managed_code(Cpu::AMD64, image(Cpu::AMD64, ASSEMBLY));
    let flat = as_file(Cpu::AMD64, &loaded, below);
    for (image, below) in [(&loaded, 0), (&flat, below as u64)] {
        let size = image.len() as u64;
        let line = format!("{ASSEMBLY:x}-{:x} r--p 00000000 08:01 7 /usr/share/dotnet/App.dll\n", ASSEMBLY + size);
        for is_listed in [false, true] {
            let dump = of_linux().raw(0x4767_0009, maps() + &line).memory(ASSEMBLY, image);
            let module = is_listed.then(|| Module::new(ASSEMBLY, size as u32, "/usr/share/dotnet/App.dll"));
            let source = module.into_iter().fold(dump, Dump::module).build();
            let wanted = if is_listed { Reason::ManagedImage { module: 1 } } else { Reason::RuntimeMappedMemory };
            let found = selected(&source, &managed("/m", Managed::Stacks), |it| it == wanted);
            let at = ASSEMBLY - below;
            let needed = [(at + HEADER_AT as u64, 72), (at + 0x1200, 0x88), (at + NATIVE_AT as u64, 56)];
            let headers = if is_listed { vec![] } else { vec![(ASSEMBLY, 0x1000)] };
            let expected = united([&needed[..], &headers].concat());
            let found: Vec<_> = found.into_iter().filter(|it| it.0 >= ASSEMBLY).collect();
            assert_eq!(hex(&found), hex(&expected), "{below:#x} {is_listed}");
        }
    }
}
