//! Records with everything they refer to, as read by the peer, and contradictory input.

use libtest_mimic::Trial;
use minidump::system_info::{Cpu, Os};
use minidump::{
    CodeView as PeerCodeView, Minidump, MinidumpException, MinidumpHandleDataStream, MinidumpMemoryInfoList,
    MinidumpMiscInfo, MinidumpModuleList, MinidumpSystemInfo, MinidumpThreadInfoList, MinidumpThreadList,
    MinidumpThreadNames, MinidumpUnloadedModuleList,
};
use userdump::format::exception::ExceptionFlags;
use userdump::format::memory::{MemoryState, MemoryType};
use userdump::format::module::{FixedFileInfo, Guid};
use userdump::format::system::{ArmCpuInfo, OtherCpuInfo, TimeZoneInformation, X86CpuInfo, XStateConfigFeature};
use userdump::format::thread::ThreadInfo;
use userdump::format::{MemoryProtection, PlatformId, ProcessorArchitecture};
use userdump::write::{
    CodeView, Exception, Handle, MemoryInfo, MemoryRange, MiscInfo, Module, SystemInfo, Thread, UnloadedModule,
};
use userdump::{MinidumpBuilder, WriteError};

use crate::plan::write;
use crate::support::facts::Facts;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        the_peer_reads_every_field_of_every_record,
        debug_records_are_those_of_the_format,
        modules_have_the_identifiers_of_their_records,
        miscellaneous_information_is_as_long_as_what_is_filled,
        texts_of_fixed_size_have_room_for_their_nul,
        regions_follow_their_state,
        a_thread_with_a_backing_store_is_extended,
        parts_can_be_shared,
        what_contradicts_itself_is_an_error_of_the_plan,
        the_first_fault_is_reported,
    ]
}

const SYSTEM: (ProcessorArchitecture, PlatformId) = (ProcessorArchitecture::AMD64, PlatformId::WIN32_NT);

fn system<'a>() -> SystemInfo<'a> {
    SystemInfo::new(SYSTEM.0, SYSTEM.1)
}

fn the_peer_reads_every_field_of_every_record() {
    let stack: Vec<u8> = (0..64).collect();
    let guid = Guid { data1: 0x0403_0201, data2: 0x0605, data3: 0x0807, data4: [9, 10, 11, 12, 13, 14, 15, 16] };
    let mut dump = MinidumpBuilder::new();
    dump.add(
        system().processor(6, 0x5e03).number_of_processors(8).product_type(1).version(10, 2, 19045).suite_mask(0x100),
    );
    let info = ThreadInfo { thread_id: 99, exit_status: 0x103, start_address: 0x1_4000_1000, ..Default::default() };
    dump.add(
        Thread::new(11)
            .suspend_count(2)
            .priority_class(0x20)
            .priority(9)
            .teb(0x7ff0_0000_0000)
            .name("main")
            .info(info)
            .stack_memory(MemoryRange::borrowed(0x7000, &stack)),
    );
    dump.add(Thread::new(12).stack(0x7010, 16));
    let version = ([1, 2, 3, 4], [5, 6, 7, 8]);
    dump.add(
        Module::new(0x1_4000_0000, 0x5000, "C:\\äpp ☃ 🦀.exe")
            .check_sum(0xc0de)
            .time_date_stamp(0x6543_2100)
            .version(version.0, version.1)
            .code_view(CodeView::pdb70(guid, 3, "C:\\build\\app.pdb")),
    );
    dump.add(UnloadedModule::new(0x7000_0000, 0x9000, "gone.dll").check_sum(5).time_date_stamp(6));
    dump.add(
        Exception::new(11, 0xc000_0005)
            .flags(ExceptionFlags::NONCONTINUABLE)
            .nested_record(5)
            .address(0x4004)
            .parameters([1, 0xdead_beef]),
    );
    dump.add(
        Handle::new(0x44)
            .type_name("Event")
            .object_name("\\BaseNamedObjects\\go")
            .attributes(1)
            .granted_access(0x1f_0003)
            .handle_count(2)
            .pointer_count(3),
    );
    let protect = MemoryProtection::EXECUTE_READ;
    let region = MemoryInfo::new(0x10_0000, 0x3000).memory_type(MemoryType::IMAGE).protect(protect);
    dump.add(region.allocation(0xf_0000, MemoryProtection::EXECUTE_WRITE_COPY));
    let file = write(dump);
    let dump = Minidump::read(&*file).expect("the peer opens it");

    let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is present");
    assert_eq!((system.os, system.cpu), (Os::Windows, Cpu::X86_64));
    assert_eq!(system.os_parts().0, "10.2.19045");
    let raw = &system.raw;
    assert_eq!((raw.processor_level, raw.processor_revision, raw.number_of_processors), (6, 0x5e03, 8));
    assert_eq!((raw.product_type, raw.suite_mask), (1, 0x100));

    let threads = dump.get_stream::<MinidumpThreadList<'_>>().expect("they are present");
    let memory = dump.get_memory().expect("it is present");
    let [first, second] = threads.threads.as_slice() else { panic!("there are two") };
    let raw = &first.raw;
    assert_eq!((raw.thread_id, raw.suspend_count, raw.priority_class, raw.priority), (11, 2, 0x20, 9));
    assert_eq!(raw.teb, 0x7ff0_0000_0000);
    assert_eq!(first.stack_memory(&memory).map(|stack| stack.bytes().to_vec()), Some(stack.clone()));
    // The second stack is part of the range of the first; its RVA is that of the part.
    assert_eq!((second.raw.stack.start_of_memory_range, second.raw.stack.memory.data_size), (0x7010, 16));
    assert_eq!(second.raw.stack.memory.rva, raw.stack.memory.rva + 16);
    let names = dump.get_stream::<MinidumpThreadNames>().expect("they are present");
    assert_eq!(names.get_name(11).as_deref(), Some("main"));
    let infos = dump.get_stream::<MinidumpThreadInfoList>().expect("they are present");
    let info = infos.get_thread_info(11).expect("the ID is that of the thread");
    assert_eq!((info.raw.exit_status, info.raw.start_address), (0x103, 0x1_4000_1000));

    let modules = dump.get_stream::<MinidumpModuleList>().expect("they are present");
    let module = modules.iter().next().expect("it is present");
    use minidump::Module as _;
    assert_eq!((module.base_address(), module.size()), (0x1_4000_0000, 0x5000));
    assert_eq!(module.code_file(), "C:\\äpp ☃ 🦀.exe");
    assert_eq!((module.raw.checksum, module.raw.time_date_stamp), (0xc0de, 0x6543_2100));
    assert_eq!(module.version().as_deref(), Some("1.2.3.4"));
    let product = (module.raw.version_info.product_version_hi, module.raw.version_info.product_version_lo);
    assert_eq!(product, (0x5_0006, 0x7_0008));
    assert_eq!(module.debug_file().as_deref(), Some("C:\\build\\app.pdb"));
    let id = module.debug_identifier().expect("it has one").breakpad().to_string();
    assert_eq!(id, "0403020106050807090A0B0C0D0E0F103");
    let unloaded = dump.get_stream::<MinidumpUnloadedModuleList>().expect("they are present");
    let gone = unloaded.iter().next().expect("it is present");
    assert_eq!((&*gone.name, gone.raw.base_of_image, gone.raw.size_of_image), ("gone.dll", 0x7000_0000, 0x9000));
    assert_eq!((gone.raw.checksum, gone.raw.time_date_stamp), (5, 6));

    let exception = dump.get_stream::<MinidumpException<'_>>().expect("it is present");
    assert_eq!(exception.get_crashing_thread_id(), 11);
    assert_eq!(exception.get_crash_reason(system.os, system.cpu).to_string(), "EXCEPTION_ACCESS_VIOLATION_WRITE");
    assert_eq!(exception.get_crash_address(system.os, system.cpu), 0xdead_beef);
    let record = &exception.raw.exception_record;
    assert_eq!((record.exception_flags, record.exception_record, record.exception_address), (1, 5, 0x4004));
    assert_eq!(record.number_parameters, 2);

    let handles = dump.get_stream::<MinidumpHandleDataStream>().expect("they are present");
    let handle = handles.iter().next().expect("it is present");
    assert_eq!(handle.type_name.as_deref(), Some("Event"));
    assert_eq!(handle.object_name.as_deref(), Some("\\BaseNamedObjects\\go"));
    let raw = &handle.raw;
    assert_eq!((raw.handle(), raw.attributes(), raw.granted_access()), (Some(&0x44), Some(&1), Some(&0x1f_0003)));
    assert_eq!((raw.handle_count(), raw.pointer_count()), (Some(&2), Some(&3)));

    let regions = dump.get_stream::<MinidumpMemoryInfoList<'_>>().expect("they are present");
    let raw = regions.iter().next().expect("it is present").raw.clone();
    assert_eq!((raw.base_address, raw.allocation_base, raw.region_size), (0x10_0000, 0xf_0000, 0x3000));
    assert_eq!((raw.state, raw.protection, raw._type, raw.allocation_protection), (0x1000, 0x20, 0x100_0000, 0x80));
}

fn debug_records_are_those_of_the_format() {
    let guid = Guid { data1: 0x0403_0201, data2: 0x0605, data3: 0x0807, data4: [9, 10, 11, 12, 13, 14, 15, 16] };
    let cases: [(CodeView, &[u8]); 3] = [
        (
            CodeView::pdb70(guid, 0x1413_1211, "a.pdb"),
            b"RSDS\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14a.pdb\0",
        ),
        (CodeView::pdb20(0x0403_0201, 7, "b.pdb"), b"NB10\0\0\0\0\x01\x02\x03\x04\x07\0\0\0b.pdb\0"),
        (CodeView::elf_build_id(&[1, 2, 3]), b"LEpB\x01\x02\x03"),
    ];
    for (record, bytes) in cases {
        assert_eq!(record.encode().expect("it is valid"), bytes);
        let mut dump = MinidumpBuilder::new();
        dump.add(system()).add(Module::new(0x1000, 0x1000, "a").code_view(&record).misc(bytes));
        let file = write(dump);
        let module = &Facts::of(&file).modules()[0];
        assert_eq!((module.code_view.0, module.misc.0), (bytes, bytes));
        let peer = Minidump::read(&*file).expect("the peer opens it");
        let modules = peer.get_stream::<MinidumpModuleList>().expect("they are present");
        let read = modules.iter().next().expect("it is present").codeview_info.as_ref().expect("it is read");
        let kind = match read {
            PeerCodeView::Pdb70(_) => &b"RSDS"[..],
            PeerCodeView::Pdb20(_) => b"NB10",
            PeerCodeView::Elf(_) => b"LEpB",
            PeerCodeView::Unknown(_) => b"",
        };
        assert_eq!(kind, &bytes[..4]);
    }
}

fn modules_have_the_identifiers_of_their_records() {
    use minidump::Module as _;
    let build_id = *b"0123456789abcdefghij";
    let mut dump = MinidumpBuilder::new();
    dump.add(SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::LINUX));
    dump.add(Module::new(0x1000, 0x1000, "/bin/a").code_view(CodeView::elf_build_id(&build_id)));
    let file = write(dump);
    let peer = Minidump::read(&*file).expect("the peer opens it");
    let modules = peer.get_stream::<MinidumpModuleList>().expect("they are present");
    let module = modules.iter().next().expect("it is present");
    let hex: String = build_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(module.code_identifier().expect("it has one").to_string(), hex);
    let ours = userdump::Dump::parse(&file).expect("it opens");
    let ours = ours.modules().next().expect("it is present").debug_id(&ours.memory()).expect("it has one").to_string();
    assert_eq!(ours, module.debug_identifier().expect("it has one").breakpad().to_string());
}

/// The sizes of the five versions and the bits of the flags are from `minidumpapiset.h`.
fn miscellaneous_information_is_as_long_as_what_is_filled() {
    let zone = TimeZoneInformation { bias: -60, ..Default::default() };
    let config = XStateConfigFeature { size_of_info: 528, enabled_features: 7, ..Default::default() };
    type Fill = Box<dyn Fn(MiscInfo) -> MiscInfo>;
    type Words = Vec<(usize, u32)>;
    // The fill function, the size of the version, the bit, and the words that it stores at offsets.
    let parts: Vec<(Fill, usize, u32, Words)> = vec![
        (Box::new(|it| it.process_id(4321)), 24, 1, vec![(8, 4321)]),
        (Box::new(|it| it.process_times(1_600_000_000, 7, 8)), 24, 2, vec![(12, 1_600_000_000), (16, 7), (20, 8)]),
        (
            Box::new(|it| it.processor_power([3200, 3100, 3000], [2, 1])),
            44,
            4,
            vec![(24, 3200), (28, 3100), (32, 3000), (36, 2), (40, 1)],
        ),
        (Box::new(|it| it.process_integrity_level(0x2000)), 232, 0x10, vec![(44, 0x2000)]),
        (Box::new(|it| it.process_execute_flags(0x4d)), 232, 0x20, vec![(48, 0x4d)]),
        (Box::new(move |it| it.time_zone(2, zone)), 232, 0x40, vec![(56, 2), (60, -60_i32 as u32)]),
        (Box::new(|it| it.protected_process(1)), 232, 0x80, vec![(52, 1)]),
        (
            Box::new(|it| it.build_strings("19", "db")),
            832,
            0x100,
            vec![(232, 0x39_0031), (236, 0), (752, 0x62_0064), (756, 0)],
        ),
        (Box::new(move |it| it.xstate(config)), 1364, 0, vec![(832, 528), (840, 7)]),
        (Box::new(|it| it.process_cookie(0xc00c)), 1364, 0x200, vec![(1360, 0xc00c)]),
    ];
    for subset in 0_u32..1 << parts.len() {
        let chosen: Vec<_> =
            parts.iter().enumerate().filter(|(at, _)| subset & 1 << at != 0).map(|(_, it)| it).collect();
        let info = chosen.iter().fold(MiscInfo::new(), |info, (fill, ..)| fill(info));
        let mut dump = MinidumpBuilder::new();
        dump.add(info);
        let file = write(dump);
        let stream = Facts::of(&file).stream_bytes(15).expect("it is present").0;
        let size = chosen.iter().map(|(_, size, ..)| *size).max().unwrap_or(24);
        let mut expected = vec![0_u32; size / 4];
        expected[0] = size as u32;
        expected[1] = chosen.iter().fold(0, |bits, (_, _, bit, _)| bits | bit);
        for (at, word) in chosen.iter().flat_map(|(.., words)| words) {
            expected[at / 4] = *word;
        }
        let found: Vec<u32> =
            stream.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
        assert_eq!(found, expected, "{subset:#x}");
    }
    let mut dump = MinidumpBuilder::new();
    dump.add(system()).add(parts.iter().fold(MiscInfo::new(), |info, (fill, ..)| fill(info)));
    let file = write(dump);
    let peer = Minidump::read(&*file).expect("the peer opens it");
    let raw = peer.get_stream::<MinidumpMiscInfo>().expect("it is present").raw;
    assert_eq!(
        (raw.process_id(), raw.processor_max_mhz(), raw.process_cookie()),
        (Some(&4321), Some(&3200), Some(&0xc00c))
    );
    assert_eq!((raw.time_zone().map(|zone| zone.bias), raw.protected_process()), (Some(-60), Some(&1)));
}

fn texts_of_fixed_size_have_room_for_their_nul() {
    for (build, debug, fits) in [(259, 39, true), (260, 39, false), (259, 40, false), (0, 0, true)] {
        let mut dump = MinidumpBuilder::new();
        dump.add(MiscInfo::new().build_strings(&"b".repeat(build), &"d".repeat(debug)));
        let plan = dump.plan();
        assert_eq!(plan.is_ok(), fits, "{build} {debug}");
        assert!(fits || matches!(plan, Err(WriteError::SizeOverflow { .. })));
    }
    // Counted in UTF-16 units, of which a crab takes two.
    let mut dump = MinidumpBuilder::new();
    dump.add(MiscInfo::new().build_strings("", &"🦀".repeat(20)));
    let error = dump.plan().expect_err("there are 40").to_string();
    assert_eq!(error, "DbgBldStr has 40 characters, the format's limit is 39");
}

fn regions_follow_their_state() {
    let row = |region: MemoryInfo| {
        let mut dump = MinidumpBuilder::new();
        dump.add(region);
        let file = write(dump);
        let row = Facts::of(&file).memory_infos().remove(0);
        [
            row.base,
            row.allocation_base,
            row.allocation_protect.into(),
            row.size,
            row.state.into(),
            row.protect.into(),
            row.kind.into(),
        ]
    };
    let region = MemoryInfo::new(0x5000, 0x2000);
    assert_eq!(row(region), [0x5000, 0x5000, 4, 0x2000, 0x1000, 4, 0x2_0000]);
    // As described by `VirtualQuery`.
    assert_eq!(row(region.state(MemoryState::FREE)), [0x5000, 0, 0, 0x2000, 0x1_0000, 1, 0]);
    assert_eq!(row(region.state(MemoryState::RESERVE)), [0x5000, 0x5000, 4, 0x2000, 0x2000, 0, 0x2_0000]);
}

fn a_thread_with_a_backing_store_is_extended() {
    let mut dump = MinidumpBuilder::new();
    dump.add(Thread::new(1).stack(0x1000, 8).backing_store(0x2000, 16));
    dump.add(MemoryRange::borrowed(0x1000, &[1; 8])).add(MemoryRange::borrowed(0x2000, &[2; 16]));
    let file = write(dump);
    let facts = Facts::of(&file);
    assert!(facts.stream(3).is_none());
    // ThreadExList: a count, then the thread of 48 bytes, then address, size and RVA of the backing store.
    let list = facts.stream(8).expect("it is present").rva.0;
    assert_eq!((facts.u32(list), facts.u32(list + 4)), (1, 1));
    assert_eq!((facts.u64(list + 52), facts.u32(list + 60)), (0x2000, 16));
    assert_eq!(facts.blob(facts.rva(list + 64), 16).0, [2; 16]);
}

fn parts_can_be_shared() {
    let mut dump = MinidumpBuilder::new();
    let context = dump.part("context", vec![7; 1232]);
    dump.add(Thread::new(1).context(context)).add(Thread::new(2).context(context));
    dump.add(Exception::new(2, 1).context(context));
    let file = write(dump);
    let facts = Facts::of(&file);
    let threads = facts.threads();
    assert_eq!(threads[0].context_at, threads[1].context_at);
    assert_eq!(threads[0].context.0, [7; 1232]);
    assert_eq!(facts.exceptions()[0].context.0, [7; 1232]);
}

fn what_contradicts_itself_is_an_error_of_the_plan() {
    type Fill = Box<dyn Fn(&mut MinidumpBuilder<'_>)>;
    let x86 = X86CpuInfo { feature_information: 1, ..Default::default() };
    let cases: Vec<(Fill, &str)> = vec![
        (Box::new(|dump| _ = dump.add(system()).add(system())), "MINIDUMP_SYSTEM_INFO: the dump has one already"),
        (
            Box::new(|dump| _ = dump.add(MiscInfo::new()).add(MiscInfo::new())),
            "MINIDUMP_MISC_INFO: the dump has one already",
        ),
        (
            Box::new(|dump| _ = dump.add(system().arm_cpu(ArmCpuInfo::default()))),
            "MINIDUMP_SYSTEM_INFO: the processor description does not match the architecture",
        ),
        (
            Box::new(|dump| _ = dump.add(Thread::new(1).stack(0x1000, 1 << 32))),
            "stack has 4294967296 bytes, the format's limit is 4294967295",
        ),
        (
            Box::new(|dump| _ = dump.add(Thread::new(1).backing_store(u64::MAX, 2))),
            "backing store: it extends beyond the highest address",
        ),
        (
            Box::new(|dump| _ = dump.add(Exception::new(1, 2).parameters([0; 16]))),
            "MINIDUMP_EXCEPTION has 16 parameters, the format's limit is 15",
        ),
        (
            Box::new(|dump| _ = dump.add(Module::new(1, 2, "a").code_view(CodeView::elf_build_id(&[])))),
            "CodeView record: the build ID is empty",
        ),
        (
            Box::new(|dump| _ = dump.add(Module::new(1, 2, "a").code_view(CodeView::pdb20(1, 2, "a\0b")))),
            "CodeView record: the path contains a NUL",
        ),
    ];
    for (fill, message) in cases {
        let mut dump = MinidumpBuilder::new();
        fill(&mut dump);
        assert_eq!(dump.plan().expect_err("it is invalid").to_string(), message);
    }
    // Values at the limits are valid.
    let mut dump = MinidumpBuilder::new();
    dump.add(system().x86_cpu(x86)).add(Exception::new(1, 2).parameters([7; 15]));
    dump.add(Thread::new(1).stack(u64::MAX, 1)).add(Thread::new(2).stack(0, u32::MAX.into()));
    assert!(dump.plan().is_ok());
    let mut dump = MinidumpBuilder::new();
    dump.add(system().other_cpu(OtherCpuInfo::default()));
    dump.add(Module::new(1, 2, "").version_info(FixedFileInfo::default()));
    assert!(dump.plan().is_ok());
}

fn the_first_fault_is_reported() {
    let mut dump = MinidumpBuilder::new();
    dump.add(Thread::new(1).stack(0, 1 << 33)).add(system()).add(system());
    assert!(matches!(dump.plan(), Err(WriteError::SizeOverflow { found: 0x2_0000_0000, .. })));
}
