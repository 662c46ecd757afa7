//! The table of processors, number by number, compared with one written by hand.

use libtest_mimic::Trial;
use userdump::format::ProcessorArchitecture;
use userdump::format::full_user_dump::ImageFileMachine;
use userdump::format::processor::CpuInfoForm;

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![every_processor_has_the_row_that_is_documented, numbers_without_a_name_have_a_plain_row]
}

/// Number, short name, pointer size, context layouts, machines, form of the processor information under Windows and by
/// Breakpad, window around instructions, bytes below the stack pointer, Thumb, codes of Mach exceptions for ARM.
type Row = (u16, &'static str, u32, &'static [&'static str], &'static [u32], [CpuInfoForm; 2], (u64, u64), [bool; 2]);

const X86: CpuInfoForm = CpuInfoForm::X86;
const ARM: CpuInfoForm = CpuInfoForm::Arm;
const OTHER: CpuInfoForm = CpuInfoForm::Other;

const ROWS: &[Row] = &[
    (0, "x86", 4, &["x86"], &[0x14c], [X86, X86], (0x80, 4), [false, false]),
    (1, "mips", 4, &["MIPS"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (2, "alpha", 4, &[], &[0x184], [OTHER, OTHER], (0x80, 0), [false, false]),
    (3, "ppc", 4, &["PowerPC"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (4, "shx", 4, &[], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (5, "arm", 4, &["ARM", "ARM (Breakpad)"], &[0x1c4, 0x1c0, 0x1c2], [OTHER, ARM], (0x100, 0), [true, true]),
    (6, "ia64", 8, &[], &[0x200], [OTHER, OTHER], (0x80, 0), [false, false]),
    (7, "alpha64", 8, &[], &[0x284], [OTHER, OTHER], (0x80, 0), [false, false]),
    (8, "", 8, &[], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (9, "amd64", 8, &["AMD64", "AMD64 (LLDB)"], &[0x8664], [OTHER, X86], (0x80, 0), [false, false]),
    (10, "x86", 4, &["x86"], &[0x14c], [X86, X86], (0x80, 4), [false, false]),
    (11, "", 8, &[], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (
        12,
        "arm64",
        8,
        &["ARM64", "ARM64 (LLDB)", "ARM64 (Breakpad)"],
        &[0xaa64],
        [OTHER, OTHER],
        (0x200, 0),
        [false, true],
    ),
    (13, "arm", 4, &["ARM", "ARM (Breakpad)"], &[0x1c4, 0x1c0, 0x1c2], [OTHER, ARM], (0x100, 0), [true, true]),
    (14, "x86", 4, &["x86"], &[0x14c], [X86, X86], (0x80, 4), [false, false]),
    (0x8001, "sparc", 8, &["SPARC"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (0x8002, "ppc64", 8, &["PPC64"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (0x8003, "arm64", 8, &["ARM64 (Breakpad)"], &[0xaa64], [OTHER, ARM], (0x200, 0), [false, true]),
    (0x8004, "mips64", 8, &["MIPS64 (Crashpad)", "MIPS"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (0x8005, "riscv32", 4, &["RISC-V 32"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (0x8006, "riscv64", 8, &["RISC-V 64"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (0x8007, "loongarch64", 8, &["LoongArch64"], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
    (0xffff, "", 8, &[], &[], [OTHER, OTHER], (0x80, 0), [false, false]),
];

fn row(architecture: ProcessorArchitecture) -> (Row, Vec<&'static str>, Vec<u32>) {
    let row = architecture.processor();
    let name = row.short_name.unwrap_or("");
    let forms = [row.cpu_info, row.breakpad_cpu_info];
    let memory = (row.code_window, row.below_stack_pointer);
    let flags = [row.has_thumb, row.has_arm_mach_codes];
    let layouts = row.contexts.iter().map(|layout| layout.name).collect();
    let machines = row.machines.iter().map(|machine| machine.0).collect();
    ((architecture.0, name, row.pointer_size, &[], &[], forms, memory, flags), layouts, machines)
}

fn every_processor_has_the_row_that_is_documented() {
    let known: Vec<u16> = ProcessorArchitecture::KNOWN.iter().map(|architecture| architecture.0).collect();
    assert_eq!(known, ROWS.iter().map(|row| row.0).collect::<Vec<_>>());
    for &(number, name, pointer_size, layouts, machines, forms, memory, flags) in ROWS {
        let architecture = ProcessorArchitecture(number);
        let plain: Row = (number, name, pointer_size, &[], &[], forms, memory, flags);
        assert_eq!(row(architecture), (plain, layouts.to_vec(), machines.to_vec()), "{number:#x}");
        assert_eq!(architecture.is_32_bit(), pointer_size == 4);
        let machine = ImageFileMachine::from_architecture(architecture);
        assert_eq!(machine.map(|machine| machine.0), machines.first().copied(), "{number:#x}");
        // The layouts are in descending order, because the first that fits is taken.
        assert!(architecture.processor().contexts.is_sorted_by(|before, next| before.size > next.size), "{number:#x}");
    }
    // A machine maps back to the processor itself, not to the one it emulates.
    let machines = ImageFileMachine::KNOWN.iter().map(|machine| machine.architecture().map(|it| it.0));
    let expected = [0, 2, 5, 5, 5, 6, 7, 9, 12].map(Some);
    assert_eq!(machines.collect::<Vec<_>>(), expected);
    assert_eq!(ImageFileMachine(0x166).architecture(), None);
    assert_eq!([X86, ARM, OTHER].map(CpuInfoForm::kept_size), [20, 8, 16]);
}

fn numbers_without_a_name_have_a_plain_row() {
    for number in [15, 0x8000, 0x8fff, 0xfffe] {
        assert_eq!(ProcessorArchitecture(number).processor(), ProcessorArchitecture::UNKNOWN.processor());
    }
    assert_eq!(ImageFileMachine(0x166).processor(), ProcessorArchitecture::UNKNOWN.processor());
}
