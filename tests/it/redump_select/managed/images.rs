//! Images: those of the runtime, those with managed code, and those that stacks point into.

use libtest_mimic::Trial;
use userdump::redump::{Managed, Reason, Redump, Undecided};

use super::process::*;
use crate::support::cpu::{Cpu, put};
use crate::support::image::SIGNATURE_AT;
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::Module;

pub fn trials() -> Vec<Trial> {
    trials![
        the_runtime_is_known_by_its_base_name,
        a_program_with_the_runtime_in_it_is_one,
        data_and_tables_of_the_runtime_are_kept,
        metadata_and_headers_of_managed_images_are_kept,
        all_unwind_data_of_images_that_stacks_point_into_is_kept,
        precompiled_code_has_more_after_its_unwind_data,
        each_processor_has_its_entries,
        a_precompiled_image_says_which_system_it_is_for,
        where_nothing_describes_memory_sections_decide,
        a_filtered_result_has_code_tables_and_identity_only,
        images_without_headers_are_reported,
    ]
}

const OF_RUNTIME: fn(Reason) -> bool = |reason| matches!(reason, Reason::RuntimeData { module: 0 });
const OF_MANAGED: fn(Reason) -> bool = |reason| matches!(reason, Reason::ManagedImage { module: 1 });

fn the_runtime_is_known_by_its_base_name() {
    let long = format!("C:\\{}\\clr.dll", "folder of a long name\\".repeat(20));
    let long: &'static str = Box::leak(long.into_boxed_str());
    for name in ["coreclr.dll", "C:\\x\\CoreCLR.DLL", "c:/x/clr.dll", "x\\mscorwks.dll", "clr.dll\0", long] {
        let source = Process { runtime: name, ..Process::new(Cpu::AMD64) }.dump().build();
        let out = Redumped::once(&source, &managed("/m", Managed::Stacks));
        assert_eq!(out.report.undecided, [], "{name}");
    }
    for name in
        ["notclr.dll", "clr.dll.mui", "coreclr", "C:\\clr.dll\\x.dll", "", "\\", "coreclr.dll.config.not.so.short"]
    {
        let source = Process { runtime: name, ..Process::new(Cpu::AMD64) }.dump().build();
        let out = Redumped::once(&source, &managed("/m", Managed::Heap));
        assert_eq!(out.report.undecided, [Undecided::NoRuntime], "{name}");
        // The other presets, and nothing else.
        let walk = crate::support::redumped::parsed("/mi").identify().walk(userdump::redump::Walk::Tables);
        assert_eq!(hex(&out.ranges()), hex(&Redumped::once(&source, &walk).ranges()), "{name}");
    }
}

/// Exported names are sorted; that of the debugger interface is one of several.
fn a_program_with_the_runtime_in_it_is_one() {
    for (names, is_runtime) in [
        (vec!["DotNetRuntimeInfo"], true),
        (vec!["A", "DotNetRuntimeInfo", "g_dacTable", "z"], true),
        (vec!["A", "DotNetRuntimeDebugHeader", "DotNetRuntimeInf", "DotNetRuntimeInfos", "z"], false),
        (vec![], false),
    ] {
        let mut process = Process { runtime: "C:\\x\\program.exe", ..Process::new(Cpu::AMD64) };
        process.plain = with_exports(Cpu::AMD64, process.plain, &names);
        let source = process.dump().build();
        let of_runtime = |it| matches!(it, Reason::RuntimeData { .. });
        let found = selected(&source, &managed("/m", Managed::Stacks), of_runtime);
        let expected: Vec<_> = is_runtime.then_some((PLAIN + 0x2000, 0x4000)).into_iter().collect();
        assert_eq!(hex(&found), hex(&expected), "{names:?}");
    }
}

fn data_and_tables_of_the_runtime_are_kept() {
    let source = Process::new(Cpu::AMD64).dump().build();
    // `.rdata`, `.data`, `.pdata`, and the page that was written; neither code nor the last page.
    let found = selected(&source, &managed("/m", Managed::Stacks), OF_RUNTIME);
    assert_eq!(hex(&found), hex(&[(RUNTIME + 0x2000, 0x4000)]));
    let out = Redumped::with(&source, &managed("/m", Managed::Stacks));
    assert!(out.ranges().contains(&(RUNTIME + 0x2000, 0x4000)));
}

fn metadata_and_headers_of_managed_images_are_kept() {
    let source = Process::new(Cpu::AMD64).dump().build();
    let expected = [
        (MANAGED + HEADER_AT as u64, 72),
        // Rounded up to whole words.
        (MANAGED + 0x1200, 0x88),
        // The runtime header, whose size is 16 bytes, and three sections.
        (MANAGED + NATIVE_AT as u64, 56),
        (MANAGED + 0x3000, 0x1000),
        (MANAGED + 0x5000, 0x1000),
    ];
    let found = selected(&source, &managed("/m", Managed::Stacks), OF_MANAGED);
    assert_eq!(hex(&found), hex(&expected));
    // No other image has such a header.
    let any = |reason| matches!(reason, Reason::ManagedImage { .. });
    assert_eq!(found, selected(&source, &managed("/m", Managed::Stacks), any));
    // An image that is not precompiled, and one whose tables are not those of current runtimes.
    for (signature, native, size) in [(*b"RTR\0", 0, 0), (*b"CORC", NATIVE_AT as u32, 16)] {
        let mut process = Process::new(Cpu::AMD64);
        put(&mut process.managed, NATIVE_AT, &signature);
        put(&mut process.managed, HEADER_AT + 64, &words(&[native, 16]));
        let found = selected(&process.dump().build(), &managed("/m", Managed::Stacks), OF_MANAGED);
        let native: Vec<_> = (size > 0).then_some((MANAGED + NATIVE_AT as u64, size)).into_iter().collect();
        assert_eq!(hex(&found), hex(&[&expected[..2], &native, &expected[3..]].concat()));
    }
}

/// Three functions; the stack has an address in the first one.
fn functions() -> Vec<u32> {
    let data = DATA_AT as u32;
    vec![0x1400, 0x1480, data, 0x1600, 0x1700, data + 0x80, 0x1800, 0x1900, data + 0x180]
}

fn with_data(mut image: Vec<u8>) -> Vec<u8> {
    put(&mut image, DATA_AT, &[1, 0, 2, 0]);
    // With a handler.
    put(&mut image, DATA_AT + 0x80, &[1 | 1 << 3, 0, 3, 0]);
    put(&mut image, DATA_AT + 0x180, &[1, 0, 0, 0]);
    image
}

fn all_unwind_data_of_images_that_stacks_point_into_is_kept() {
    let mut process = Process::new(Cpu::AMD64);
    process.plain = with_data(with_functions(Cpu::AMD64, process.plain, &functions()));
    process.words = vec![PLAIN + 0x1440, 0, PLAIN + 0x1840];
    let source = process.dump().build();
    let options = managed("/m", Managed::Stacks);
    let tables = selected(&source, &options, |it| matches!(it, Reason::UnwindTables { module: 2 }));
    assert!(tables.contains(&(PLAIN + TABLE_AT as u64, 36)), "{}", hex(&tables));
    // The sizes are those in `winnt.h`, plus 32 bytes.
    let data = PLAIN + DATA_AT as u64;
    let expected = [(data, 8 + 32), (data + 0x80, 4 + 8 + 8 + 32), (data + 0x180, 4 + 32)];
    let found = selected(&source, &options, |it| matches!(it, Reason::FunctionUnwindData { .. }));
    assert_eq!(hex(&found), hex(&expected));
    let code = selected(&source, &options, |it| matches!(it, Reason::ReferencedCode { .. }));
    assert_eq!(hex(&code), hex(&[(PLAIN + 0x1400, 0x80), (PLAIN + 0x1800, 0x80)]));
    // Nothing of this is kept without a pointer.
    process.words = vec![0];
    let of_pointers = |it| matches!(it, Reason::FunctionUnwindData { .. } | Reason::ReferencedCode { .. });
    assert_eq!(selected(&process.dump().build(), &options, of_pointers), []);
}

fn precompiled_code_has_more_after_its_unwind_data() {
    let mut process = Process::new(Cpu::AMD64);
    process.managed = with_data(with_functions(Cpu::AMD64, process.managed, &functions()));
    process.words = vec![MANAGED + 0x1440];
    let source = process.dump().build();
    let found =
        selected(&source, &managed("/m", Managed::Stacks), |it| matches!(it, Reason::FunctionUnwindData { .. }));
    // The gap between them, and the page after the last one.
    assert_eq!(hex(&found), hex(&[(MANAGED + DATA_AT as u64, 0x180 + 4 + 32 + 0x1000)]));
}

/// ARM64 and ARM have separate data or packed entries; on x86 the size is unknown.
fn each_processor_has_its_entries() {
    let data = DATA_AT as u32;
    for (cpu, entries, size) in [
        // One code word, then a function with a packed entry.
        (Cpu::ARM64, vec![0x1400, data, 0x1500, 0x0020_0001], 8 + 32),
        (Cpu::ARM, vec![0x1401, data, 0x1501, 0x0020_0001], 8 + 32),
        (Cpu::X86, vec![0x1400, data], 0x100 + 32),
    ] {
        let mut process = Process::new(cpu);
        process.plain = with_functions(cpu, process.plain, &entries);
        let header: u32 = 0x40 | if cpu.is_arm() { 1 << 28 } else { 1 << 27 };
        put(&mut process.plain, DATA_AT, &header.to_le_bytes());
        process.words = vec![PLAIN + 0x1440];
        let source = process.dump().build();
        let of_data = |it| matches!(it, Reason::FunctionUnwindData { .. });
        let found = selected(&source, &managed("/m", Managed::Stacks), of_data);
        assert_eq!(hex(&found), hex(&[(PLAIN + DATA_AT as u64, size)]), "{cpu:?}");
    }
}

/// The machine is combined by exclusive or with a number for the system: Linux, macOS, FreeBSD (`pedecoder.h` of the
/// runtime).
fn a_precompiled_image_says_which_system_it_is_for() {
    for (machine, is_known) in [(0x8664u16, true), (0xfd1d, true), (0xc020, true), (0x2ba0, true), (0x8665, false)] {
        let mut process = Process::new(Cpu::AMD64);
        process.plain = with_data(with_functions(Cpu::AMD64, process.plain, &functions()));
        put(&mut process.plain, SIGNATURE_AT + 4, &machine.to_le_bytes());
        process.words = vec![PLAIN + 0x1440];
        let of_data = |it| matches!(it, Reason::FunctionUnwindData { .. });
        let found = selected(&process.dump().build(), &managed("/m", Managed::Stacks), of_data);
        assert_eq!(found.len(), if is_known { 3 } else { 0 }, "{machine:#x}");
    }
}

/// The written page in a read-only section cannot be detected in this case.
fn where_nothing_describes_memory_sections_decide() {
    let source = Process { has_rows: false, ..Process::new(Cpu::AMD64) }.dump().build();
    let options = managed("/m", Managed::Stacks);
    assert_eq!(hex(&selected(&source, &options, OF_RUNTIME)), hex(&[(RUNTIME + 0x2000, 0x3000)]));
    let pages: Vec<_> = selected(&source, &options, OF_MANAGED).into_iter().filter(|it| it.1 >= 0x1000).collect();
    assert_eq!(hex(&pages), hex(&[(MANAGED + 0x3000, 0x1000)]));
}

fn a_filtered_result_has_code_tables_and_identity_only() {
    for letters in ["/mr", "/mrR", "/ms"] {
        let source = Process::new(Cpu::AMD64).dump().build();
        let options = managed(letters, Managed::Heap);
        let pages = [(RUNTIME + 0x2000, 0x1000), (RUNTIME + 0x4000, 0x1000)];
        assert_eq!(hex(&selected(&source, &options, OF_RUNTIME)), hex(&pages), "{letters}");
        let found = selected(&source, &options, OF_MANAGED);
        assert!(!found.is_empty() && found.iter().all(|(at, size)| at + size <= MANAGED + 0x2000), "{}", hex(&found));
        let of_program = |it| {
            matches!(
                it,
                Reason::RuntimeMappedMemory
                    | Reason::RuntimePrivateMemory
                    | Reason::ManagedHeap
                    | Reason::SourceMemory
                    | Reason::GeneratedCode
            )
        };
        assert_eq!(selected(&source, &options, of_program), [], "{letters}");
        // Regardless of the kind of source.
        let small = Process { flags: 0, ..Process::new(Cpu::AMD64) }.dump().build();
        assert_eq!(selected(&small, &options, of_program), [], "{letters}");
    }
}

fn images_without_headers_are_reported() {
    let source = Process::new(Cpu::AMD64).dump().module(Module::new(OTHER, SIZE, "paged-out.dll")).build();
    let dump = userdump::Dump::parse(&source).unwrap();
    let redump = Redump::new(&dump, &managed("/m", Managed::Stacks)).unwrap();
    assert_eq!(redump.report().undecided, [Undecided::Images(1)]);
    assert_eq!(Undecided::Images(1).to_string(), "whether an image without headers has managed code");
    assert_eq!(Undecided::Images(3).to_string(), "whether 3 images without headers have managed code");
}
