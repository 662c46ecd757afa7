//! Each part that the preset keeps is needed: without it frames are lost, as in the debugger.

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::redump::{Hooks, Reason, Redump, Walk};

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::facts::Facts;
use crate::support::image::{CODE, SIGNATURE_AT, headers};
use crate::support::redumped::{Redumped, hooked, parsed};
use crate::support::{Shared, trials};
use crate::synth::{MemoryInfo, Module, Part, Stack, Thread};

use super::process::Process;
use super::{count, walk, walked};

pub fn trials() -> Vec<Trial> {
    trials![each_part_is_needed, half_a_set_is_worse_than_none]
}

/// The number of frames that the reader finds without a part of `--walk /m`: without headers and tables, without unwind
/// data, without code.
///
/// The engine of 2017 finds the same number without the first two, and does not need code; that of 2026 finds 10 in the
/// first dump without it.
const WITHOUT: [(&str, [usize; 3]); 3] =
    [("crash26/manu", [9, 5, 10]), ("crash/ma", [9, 9, 10]), ("net10/full", [60, 9, 18])];

fn each_part_is_needed(shared: &Shared) {
    for (member, expected) in WITHOUT {
        let source = shared.golden(&format!("{member}.dmp"));
        let dump = Dump::parse(&source).unwrap();
        let selected: Vec<_> = {
            let redump = Redump::new(&dump, &parsed("/m").walk(Walk::Tables)).unwrap();
            redump.selected_memory().collect()
        };
        // All parts of images except one are added to the memory that is kept without the preset.
        let without = |is_part: fn(Reason) -> bool| {
            let parts = selected.iter().filter(|it| is_of_image(it.reason) && !is_part(it.reason));
            let hooks = parts.fold(Hooks::new(), |hooks, part| hooks.add_memory(part.address, part.size));
            count(&walk(&hooked(&source, "/m", hooks).0))
        };
        let found = [
            without(|reason| matches!(reason, Reason::UnwindTables { .. })),
            without(|reason| matches!(reason, Reason::FunctionUnwindData { .. })),
            without(|reason| matches!(reason, Reason::ReferencedCode { .. })),
        ];
        assert_eq!(found, expected, "{member}");
        assert_eq!(without(|_| false), count(&walk(&source)), "{member}");
    }
}

fn is_of_image(reason: Reason) -> bool {
    matches!(reason, Reason::UnwindTables { .. } | Reason::FunctionUnwindData { .. } | Reason::ReferencedCode { .. })
}

const IMAGE: u64 = 0x40_0000;
const GENERATED: u64 = 0x200_0000;
const STACK: u64 = 0x10_0000;

/// An x86 process in which code of an image and generated code call each other: the return addresses, from the
/// innermost function on. Each is preceded by a different form of call.
const RETURNS: [(u64, &[u8]); 5] = [
    (IMAGE + 0x1400, &[0xe8, 1, 2, 3, 4]),
    (GENERATED + 0x100, &[0xff, 0xd0]),
    (GENERATED + 0x400, &[0xff, 0x55, 0x10]),
    (IMAGE + 0x1600, &[0xff, 0x15, 1, 2, 3, 4]),
    (GENERATED + 0x700, &[0xff, 0x94, 0x24, 1, 2, 3, 4]),
];

fn half_a_set_is_worse_than_none() {
    let cpu = Cpu::X86;
    let mut image = headers(cpu, &[(".text", 0x1000, 0x1000, CODE)]);
    image.extend(pattern(IMAGE + 0x1000, 0x1000));
    put(&mut image, SIGNATURE_AT + 4, &0x14cu16.to_le_bytes());
    put(&mut image, SIGNATURE_AT + 24 + 60, &0x400u32.to_le_bytes());
    let mut generated = pattern(GENERATED, 0x1000);
    let mut stack = vec![0; 0x100];
    for (index, (returns_to, call)) in RETURNS.into_iter().enumerate() {
        let (code, base) = if returns_to < GENERATED { (&mut image, IMAGE) } else { (&mut generated, GENERATED) };
        put(code, (returns_to - base) as usize - call.len(), call);
        let (frame, next) = (STACK + 0x20 * index as u64, STACK + 0x20 * (index as u64 + 1));
        put(&mut stack, (frame - STACK) as usize, &(next as u32).to_le_bytes());
        put(&mut stack, (frame - STACK) as usize + 4, &(returns_to as u32).to_le_bytes());
    }
    let mut context = cpu.context(IMAGE + 0x1200, STACK);
    // The frame pointer.
    put(&mut context, 180, &(STACK as u32).to_le_bytes());
    let row = |base, protect, kind| MemoryInfo { base, size: 0x1000, protect, kind, ..MemoryInfo::default() };
    let source = crate::synth::Dump::new()
        .system_info(cpu.windows())
        .thread(Thread::new(7).stack(Stack::Listed(STACK, stack.len() as u32)).context(Part::from(context)))
        .module(Module::new(IMAGE, 0x2000, "a.dll"))
        .memory(STACK, stack)
        .memory(IMAGE, image)
        .memory(GENERATED, generated)
        .memory_info(row(STACK, 4, 0x2_0000))
        .memory_info(row(IMAGE, 2, 0x100_0000))
        .memory_info(row(IMAGE + 0x1000, 0x20, 0x100_0000))
        .memory_info(row(GENERATED, 0x40, 0x2_0000))
        .build();
    let returns = |bytes: &[u8]| -> Vec<u64> { walk(bytes)[&7].iter().map(|frame| frame.returns_to).collect() };
    let mut expected: Vec<_> = RETURNS.iter().map(|row| row.0).collect();
    expected.push(0);
    assert_eq!(returns(&source), expected);
    assert_eq!(returns(&Redumped::of(&source, "/m").bytes), expected);
    let out = Redumped::with(&source, &parsed("/m").walk(Walk::Tables));
    assert_eq!(returns(&out.bytes), expected);
    // With only the kept parts of the image, the first return address into generated code is not accepted.
    let process = Process::of(&Facts::of(&out.bytes)).without(&(GENERATED..GENERATED + 0x1000));
    let found: Vec<_> = walked(&process)[&7].iter().map(|frame| frame.returns_to).collect();
    assert_eq!(found, [RETURNS[0].0, 0]);
}
