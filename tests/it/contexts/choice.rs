//! Which layout a context record has, and what its high flags mean.

use libtest_mimic::Trial;
use userdump::format::ProcessorArchitecture;
use userdump::format::context::{ContextState, RegisterGroup};

use super::{ANDROID, LINUX, MACOS, Sample, WINDOWS};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        layouts_are_told_apart,
        high_flags_are_states_under_windows_and_processors_elsewhere,
        legacy_flags_of_windows_ce_name_no_processor,
        a_table_lookup_by_size_alone_takes_the_largest_that_fits,
        without_system_information_nothing_is_known,
    ]
}

fn layouts_are_told_apart() {
    let cases: &[(u16, u32, usize, u64, Option<&str>)] = &[
        // The two emulated forms of x86.
        (0, WINDOWS, 716, 0x1_003f, Some("x86")),
        (10, WINDOWS, 716, 0x1_003f, Some("x86")),
        (14, WINDOWS, 716, 0x1_003f, Some("x86")),
        (0, WINDOWS, 1147, 0x1_007f, Some("x86")),
        // By size alone, because the flags are the same.
        (9, WINDOWS, 1232, 0x10_001f, Some("AMD64")),
        (9, WINDOWS, 1407, 0x10_005f, Some("AMD64")),
        (9, LINUX, 736, 0x10_000f, Some("AMD64 (LLDB)")),
        (9, LINUX, 736, 0x8010_000f, Some("AMD64 (LLDB)")),
        (9, LINUX, 720, 0x10_000f, Some("AMD64 (LLDB)")),
        (9, LINUX, 1231, 0x10_000f, Some("AMD64 (LLDB)")),
        (9, LINUX, 400, 0x8010_000f, Some("AMD64 (LLDB)")),
        // Anything smaller than the full record counts as LLDB's.
        (9, WINDOWS, 400, 0x8010_000f, Some("AMD64 (LLDB)")),
        (9, LINUX, 400, 0x10_000f, Some("AMD64 (LLDB)")),
        // By size, and by flags if the size matches neither.
        (5, WINDOWS, 416, 0x20_000f, Some("ARM")),
        (5, LINUX, 368, 0x4000_0006, Some("ARM (Breakpad)")),
        (5, LINUX, 416, 0, Some("ARM")),
        (5, LINUX, 368, 0, Some("ARM (Breakpad)")),
        (5, LINUX, 420, 0x4000_0006, Some("ARM (Breakpad)")),
        (5, LINUX, 420, 0x20_000f, Some("ARM")),
        (5, WINDOWS, 420, 0x4020_000f, Some("ARM")),
        (5, LINUX, 380, 0x20_000f, Some("ARM")),
        (5, LINUX, 380, 0, Some("ARM (Breakpad)")),
        (5, LINUX, 300, 0x4000_0006, Some("ARM (Breakpad)")),
        // The smallest if nothing else decides.
        (5, LINUX, 300, 0, Some("ARM (Breakpad)")),
        (5, WINDOWS, 300, 0x20_000f, Some("ARM")),
        (13, WINDOWS, 416, 0x20_000f, Some("ARM")),
        (12, WINDOWS, 912, 0x40_000f, Some("ARM64")),
        (12, ANDROID, 912, 0x40_0007, Some("ARM64")),
        (12, MACOS, 800, 0x8000_0006, Some("ARM64 (LLDB)")),
        (12, MACOS, 796, 0x8000_0006, Some("ARM64 (Breakpad)")),
        (12, MACOS, 850, 0x8000_0006, Some("ARM64 (LLDB)")),
        (12, WINDOWS, 850, 0x40_0007, Some("ARM64")),
        (12, WINDOWS, 850, 0x8040_0007, Some("ARM64")),
        (12, WINDOWS, 2000, 0x40_0027, Some("ARM64")),
        // With anything in its high half, a 64-bit word does not hold Breakpad's flags.
        (12, LINUX, 2000, 0x6000_0000_8000_0006, Some("ARM64")),
        (12, LINUX, 2000, 0x8000_0006, Some("ARM64 (LLDB)")),
        (0x8003, MACOS, 796, 0x8000_0006, Some("ARM64 (Breakpad)")),
        (0x8003, MACOS, 800, 0x8000_0006, Some("ARM64 (Breakpad)")),
        (1, LINUX, 600, 0x4_000e, Some("MIPS")),
        (1, LINUX, 640, 0x4_000e, Some("MIPS")),
        (0x8004, LINUX, 600, 0x8_000e, Some("MIPS")),
        (0x8004, LINUX, 600, 0x4_000e, Some("MIPS")),
        (0x8004, LINUX, 640, 0x8_000e, Some("MIPS64 (Crashpad)")),
        // Crashpad's layout has no known writer.
        (0x8004, LINUX, 599, 0x8_000e, Some("MIPS")),
        (3, MACOS, 1004, 0x2000_0001, Some("PowerPC")),
        (0x8002, LINUX, 1160, 0x100_0001, Some("PPC64")),
        (0x8001, LINUX, 584, 0x1000_0003, Some("SPARC")),
        (0x8005, LINUX, 268, 0x80_0003, Some("RISC-V 32")),
        (0x8006, LINUX, 528, 0x800_0003, Some("RISC-V 64")),
        (0x8006, LINUX, 524, 0x800_0003, Some("RISC-V 64")),
        (0x8007, LINUX, 544, 0x80_0006, Some("LoongArch64")),
        // As proposed to Breakpad, with a bit that belongs to no other processor.
        (0x8007, LINUX, 540, 0x4006, Some("LoongArch64")),
        // These have no layout, although Itanium has the flag of MIPS64.
        (6, WINDOWS, 2672, 0x8_002f, None),
        (2, WINDOWS, 600, 0x2_000f, None),
        (4, WINDOWS, 256, 0xc3, None),
        (0xffff, LINUX, 600, 0x8_000e, None),
    ];
    for &(architecture, platform, size, flags, expected) in cases {
        let sample = Sample::of_flags(architecture, platform, size, flags);
        assert_eq!(sample.layout(), expected, "{architecture:#x} {platform:#x} {size} {flags:#x}");
    }
}

fn high_flags_are_states_under_windows_and_processors_elsewhere() {
    use RegisterGroup::{Control, Integer};
    let look = |sample: Sample| sample.look(|context| (context.state(), context.valid_groups().collect::<Vec<_>>()));
    let states = [
        (0x0800_0000, ContextState::EXCEPTION_ACTIVE),
        (0x1000_0000, ContextState::SERVICE_ACTIVE),
        (0x2000_0000, ContextState::UNWOUND_TO_CALL),
        (0x4000_0000, ContextState::EXCEPTION_REQUEST),
        (0x8000_0000, ContextState::EXCEPTION_REPORTING),
        (0xd800_0000, ContextState::all() - ContextState::UNWOUND_TO_CALL),
        (0, ContextState::empty()),
    ];
    for (bits, state) in states {
        for platform in 0..4 {
            for (architecture, size, cpu) in [(0, 716, 0x1_0000), (9, 1232, 0x10_0000), (12, 912, 0x40_0000)] {
                let sample = Sample::of_flags(architecture, platform, size, bits | cpu | 3);
                assert_eq!(look(sample), (Some(state), vec![Control, Integer]), "{bits:#x}");
            }
        }
        // Not under Windows: there is no state, and the processor named by Windows' part counts.
        let sample = Sample::of_flags(9, LINUX, 1232, bits | 0x10_0003);
        assert_eq!(look(sample), (None, vec![Control, Integer]), "{bits:#x}");
    }
    // Without Windows' part, a high bit is a processor, and only the right one is accepted.
    assert_eq!(look(Sample::of_flags(0x8006, LINUX, 528, 0x800_0001)), (None, vec![Integer]));
    assert_eq!(look(Sample::of_flags(0x8006, LINUX, 528, 0x1000_0001)), (None, vec![]));
    assert_eq!(look(Sample::of_flags(9, LINUX, 1232, 0x4000_0003)), (None, vec![]));
    // Under Windows it never is.
    assert_eq!(look(Sample::of_flags(9, WINDOWS, 1232, 0x4000_0003)).1, [Control, Integer]);
}

fn legacy_flags_of_windows_ce_name_no_processor() {
    const WINDOWS_CE: u32 = 3;
    for flags in [0x40, 0x43, 0xc3] {
        let sample = Sample::of_flags(5, WINDOWS_CE, 416, flags);
        let groups = sample.look(|context| context.valid_groups().collect::<Vec<_>>());
        let expected = [RegisterGroup::Control, RegisterGroup::Integer];
        assert_eq!(groups, expected[..if flags == 0x40 { 0 } else { 2 }], "{flags:#x}");
    }
    // For a processor with extended registers, the same bit refers to those.
    let x86 = Sample::of_flags(0, WINDOWS_CE, 716, 0x40);
    assert!(x86.look(|context| context.is_valid(RegisterGroup::XState)));
}

fn a_table_lookup_by_size_alone_takes_the_largest_that_fits() {
    let name = |architecture, size| {
        ProcessorArchitecture(architecture).processor().context_of_size(size).map(|layout| layout.name)
    };
    let cases = [
        (0, 715, None),
        (0, 716, Some("x86")),
        (0, u32::MAX, Some("x86")),
        (9, 735, None),
        (9, 736, Some("AMD64 (LLDB)")),
        (9, 1231, Some("AMD64 (LLDB)")),
        (9, 1232, Some("AMD64")),
        (5, 367, None),
        (5, 368, Some("ARM (Breakpad)")),
        (5, 416, Some("ARM")),
        (12, 795, None),
        (12, 796, Some("ARM64 (Breakpad)")),
        (12, 800, Some("ARM64 (LLDB)")),
        (12, 912, Some("ARM64")),
        (0x8006, 523, None),
        (0x8006, 524, Some("RISC-V 64")),
        (6, u32::MAX, None),
    ];
    for (architecture, size, expected) in cases {
        assert_eq!(name(architecture, size), expected, "{architecture:#x} {size}");
    }
}

fn without_system_information_nothing_is_known() {
    use crate::support::forms::{Form, open};
    use crate::synth::{Dump, Thread};

    let file = Form::USUAL.build(Dump::new().thread(Thread::new(7).context([0xff; 1232])));
    let context = super::first_context(&open(&file));
    assert_eq!((context.layout(), context.flags(), context.state()), (None, None, None));
    assert_eq!((context.registers().count(), context.valid_groups().count()), (0, 0));
    assert!(context.tail().is_empty() && !context.is_truncated() && context.xstate(None).is_none());
    assert_eq!(context.as_bytes(), [0xff; 1232]);
}
