//! Dumps of real 32-bit processes by the debugger and by Windows, compared with the debugger's answers.

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::read::system::wow64::Wow64;

use crate::support::facts::Facts;
use crate::support::narrow_side::NarrowSide;
use crate::support::redumped::{Redumped, hex, parsed};
use crate::support::{Shared, golden, shared_trial};

pub fn trials() -> Vec<Trial> {
    type Test = fn(&Shared);
    let tests: [(&str, Test); 10] = [
        ("registers_are_those_that_the_debugger_shows", registers_are_those_that_the_debugger_shows),
        ("frames_are_those_that_the_debugger_shows", frames_are_those_that_the_debugger_shows),
        ("descriptors_are_as_the_debugger_writes_them_live", descriptors_are_as_the_debugger_writes_them_live),
        ("what_was_written_live_is_there", what_was_written_live_is_there),
        ("all_that_the_debugger_needs_is_there", all_that_the_debugger_needs_is_there),
        ("the_smallest_that_works_stays_whole", the_smallest_that_works_stays_whole),
        ("a_full_user_dump_gives_the_same", a_full_user_dump_gives_the_same),
        ("modules_of_both_widths", modules_of_both_widths),
        ("the_case_keeps_the_stack_of_the_program", the_case_keeps_the_stack_of_the_program),
        ("windows_7_named_the_stack_alone", windows_7_named_the_stack_alone),
    ];
    tests.into_iter().map(|(name, test)| shared_trial(format!("wow64::shared::{name}"), test)).collect()
}

/// The instruction, stack and frame pointers of each thread that the engine of 2017 shows after `.effmach x86`.
const LIVE: [[u64; 3]; 4] = [
    [0x7bcf_cc7c, 0x0022_fd08, 0x0022_fe48],
    [0x7bcf_cc7c, 0x009a_fdb0, 0x009a_fef0],
    [0x7bcf_cc7c, 0x00bb_fdb0, 0x00bb_fef0],
    [0x0040_16e8, 0x00dc_ff18, 0x00dc_ff50],
];

/// The crash is of the same program; its last thread was one instruction further.
pub fn expected(set: &str) -> [[u64; 3]; 4] {
    let mut all = LIVE;
    if set == "wow64-crash" {
        all[3][0] = 0x0040_16ea;
    }
    all
}

fn registers_are_those_that_the_debugger_shows(shared: &Shared) {
    for set in golden::WOW64_SETS {
        let source = shared.golden(&format!("{set}/ma.dmp"));
        for options in ["", "/m", "/mr", "/mp"] {
            let bytes =
                if options.is_empty() { source.clone() } else { Redumped::once(&source, &parsed(options)).bytes };
            let dump = Dump::parse(&bytes).unwrap();
            let memory = dump.memory();
            let side = Wow64::of(&dump, &memory).expect("it is a 32-bit process");
            let found = dump.threads().map(|thread| {
                let narrow = side.thread(&thread);
                let context = narrow.context().unwrap();
                let pointers = [context.instruction_pointer(), context.stack_pointer(), context.frame_pointer()];
                pointers.map(Option::unwrap)
            });
            let found: Vec<_> = found.collect();
            assert_eq!(hex(&found), hex(&expected(set)), "{set} {options}");
            assert_eq!(side.process_environment_block(), Some(0x7ffd_1000));
        }
    }
}

/// The frames that `~*k` of that engine shows: the position and return address of each.
pub const FRAMES: [&[(u64, u64)]; 4] = [
    &[
        (0x0022_fe48, 0x7b63_c2c2),
        (0x0022_fe68, 0x0040_17de),
        (0x0022_fea8, 0x0040_138e),
        (0x0022_ff48, 0x7bb4_ea40),
        (0x0022_ff68, 0x7bcf_ce83),
        (0x0022_ff80, 0x7bd3_1aa5),
        (0x0022_ffec, 0),
    ],
    &[
        (0x009a_fef0, 0x7b63_c2c2),
        (0x009a_ff10, 0x0040_16ce),
        (0x009a_ff50, 0x7bb4_ea40),
        (0x009a_ff68, 0x7bcf_ce83),
        (0x009a_ff80, 0x7bd3_1aa5),
        (0x009a_ffec, 0),
    ],
    &[
        (0x00bb_fef0, 0x7b63_c2c2),
        (0x00bb_ff10, 0x0040_16ce),
        (0x00bb_ff50, 0x7bb4_ea40),
        (0x00bb_ff68, 0x7bcf_ce83),
        (0x00bb_ff80, 0x7bd3_1aa5),
        (0x00bb_ffec, 0),
    ],
    &[(0x00dc_ff50, 0x7bb4_ea40), (0x00dc_ff68, 0x7bcf_ce83), (0x00dc_ff80, 0x7bd3_1aa5), (0x00dc_ffec, 0)],
];

fn frames_are_those_that_the_debugger_shows(shared: &Shared) {
    for set in golden::WOW64_SETS {
        let source = shared.golden(&format!("{set}/ma.dmp"));
        let side = NarrowSide::of(&Facts::of(&source));
        for options in ["/m", "/mr", "/mi", "/mir"] {
            let out = Redumped::once(&source, &parsed(options));
            for (thread, frames) in side.threads.iter().flatten().zip(FRAMES) {
                assert_eq!(hex(&thread.frames(&out.facts())), hex(frames), "{set} {options} {:#x}", thread.id);
            }
        }
    }
}

fn descriptors_are_as_the_debugger_writes_them_live(shared: &Shared) {
    for set in golden::WOW64_SETS {
        let (source, live) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&format!("{set}/m.dmp")));
        let stacks = |facts: &Facts<'_>| -> Vec<(u32, u64, u32)> {
            facts.threads().iter().map(|it| (it.id, it.stack_start, it.stack_size)).collect()
        };
        let expected = stacks(&Facts::of(&live));
        assert_eq!(expected.len(), 4);
        for options in ["/m", "/mi", "/mp", "/mw", "/mf", "/mr"] {
            let out = Redumped::once(&source, &parsed(options));
            assert_eq!(hex(&stacks(&out.facts())), hex(&expected), "{set} {options}");
        }
    }
}

fn what_was_written_live_is_there(shared: &Shared) {
    for set in golden::WOW64_SETS {
        let source = shared.golden(&format!("{set}/ma.dmp"));
        let in_source = Facts::of(&source);
        for name in golden::WOW64_LIVE.into_iter().filter(|name| *name != "ma") {
            let live = shared.golden(&format!("{set}/{name}.dmp"));
            let options = format!("/{}", name.replace('_', ""));
            let out = Redumped::once(&source, &parsed(&options));
            let ours = out.facts();
            let mut compared = 0;
            for range in Facts::of(&live).ranges() {
                // The engine of 2017 makes up the parts that a running process lacks.
                let held = in_source.read(range.address, range.size);
                if held == range.bytes.0 {
                    assert!(ours.read(range.address, range.size) == held, "{set} {name}: {:#x}", range.address);
                    compared += range.size;
                }
            }
            assert!(compared > 2500, "{set} {name}: {compared} bytes");
        }
    }
}

fn all_that_the_debugger_needs_is_there(shared: &Shared) {
    for set in golden::WOW64_SETS {
        let source = shared.golden(&format!("{set}/ma.dmp"));
        let side = NarrowSide::of(&Facts::of(&source));
        assert_eq!(side.threads.iter().flatten().count(), 4);
        let before = Facts::of(&source);
        for options in ["/m", "/mi", "/mp", "/mw", "/md", "/mc"] {
            let out = Redumped::once(&source, &parsed(options));
            let after = out.facts();
            let wanted = side.wanted();
            // For each of four threads: stack, area, window and two blocks; and the two blocks of the process.
            assert_eq!(wanted.len(), 4 * 5 + 2);
            for part in wanted {
                let size = part.end - part.start;
                let bytes = before.read(part.start, size);
                assert_eq!(bytes.len() as u64, size, "the source has {part:x?}");
                assert!(after.read(part.start, size) == bytes, "{set} {options}: {part:x?}");
            }
        }
    }
}

fn the_smallest_that_works_stays_whole(shared: &Shared) {
    let source = shared.golden(golden::WOW64_SMALLEST);
    let out = Redumped::of(&source, "/m");
    let ranges = Facts::of(&source).ranges().len();
    assert_eq!(ranges, 17);
    for range in Facts::of(&source).ranges() {
        let kept = out.facts().read(range.address, range.size).to_vec();
        assert!(kept == range.bytes.0, "{:#x}+{:#x}: {} bytes", range.address, range.size, kept.len());
    }
}

fn a_full_user_dump_gives_the_same(shared: &Shared) {
    let minidump = Redumped::once(&shared.golden("wow64-live/ma.dmp"), &parsed("/m"));
    let user_dump = Redumped::once(&shared.golden("wow64-live/f.dmp"), &parsed("/m"));
    assert_eq!(hex(&user_dump.stacks()), hex(&minidump.stacks()));
    // None of the engines was asked about their order in a full user dump.
    assert_eq!(hex(&user_dump.ranges()), hex(&minidump.ranges()));
}

fn modules_of_both_widths(shared: &Shared) {
    let widths = |bytes: &[u8]| -> Vec<(String, bool)> {
        let dump = Dump::parse(bytes).unwrap();
        let memory = dump.memory();
        let side = Wow64::of(&dump, &memory).expect("it is a 32-bit process");
        let name = |path: String| path.rsplit('\\').next().unwrap_or_default().to_owned();
        dump.modules().map(|it| (name(it.name().unwrap().to_string()), side.is_32_bit(&it))).collect()
    };
    let of_32_bits = |bytes: &[u8]| -> Vec<String> {
        widths(bytes).into_iter().filter(|(_, is_narrow)| *is_narrow).map(|(name, _)| name).collect()
    };
    // By their images. The loader's list in the full user dump contains both widths, under the same folder name.
    assert_eq!(of_32_bits(&shared.golden("wow64-live/ma.dmp")), ["wow64.exe"]);
    let all = ["wow64.exe", "msvcrt.dll", "kernelbase.dll", "kernel32.dll", "ntdll.dll"];
    assert_eq!(of_32_bits(&shared.golden("wow64-live/f.dmp")), all);
    // By their names alone.
    let windows_7 = shared.read("corpus/real/syzygy-notepad-larger-64bit.dmp");
    assert_eq!(of_32_bits(&windows_7), ["notepad.exe"]);
    assert_eq!(widths(&windows_7).len(), 5);
}

/// From `cases.tsv`: the text is in the result for these options.
fn the_case_keeps_the_stack_of_the_program(shared: &Shared) {
    const TEXT: &[u8] = b"STACK32-OF-THE-PROGRAM";
    let source = shared.read("cases/wow64-taskmgr-full.dmp");
    let has = |bytes: &[u8]| bytes.windows(TEXT.len()).any(|window| window == TEXT);
    for options in ["/m", "/mi", "/mp"] {
        assert!(has(&Redumped::of(&source, options).bytes), "{options}");
    }
    for options in ["/mr", "/ms", "/mpr"] {
        assert!(!has(&Redumped::of(&source, options).bytes), "{options}");
    }
    let dump = Dump::parse(&source).unwrap();
    let memory = dump.memory();
    let side = Wow64::of(&dump, &memory).expect("it is a 32-bit process");
    let stacks: Vec<_> = dump.threads().map(|thread| side.thread(&thread).stack_bounds()).collect();
    assert_eq!(stacks, [Some(0x1f_0000..0x20_0000)]);
}

fn windows_7_named_the_stack_alone(shared: &Shared) {
    let source = shared.read("corpus/real/syzygy-notepad-larger-64bit.dmp");
    for options in ["/m", "/mi"] {
        let out = Redumped::of(&source, options);
        let stacks: Vec<_> = out.stacks().into_iter().map(|(start, size, _)| (start, size)).collect();
        assert_eq!(hex(&stacks), hex(&[(0x33_fc48, 0x3b8)]), "{options}");
        let range = Facts::of(&source).read(0x33_fc48, 0x3b8).to_vec();
        assert_eq!((out.facts().read(0x33_fc48, 0x3b8) == range, range.len()), (true, 0x3b8), "{options}");
    }
}
