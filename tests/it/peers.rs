//! Dumps written by the crate are read by the `minidump` crate, by other authors, with the same content.

mod redumped;

use libtest_mimic::Trial;
use minidump::format::{CV_INFO_PDB70, GUID};
use minidump::system_info::{Cpu, Os};
use minidump::{
    CodeView, Minidump, MinidumpException, MinidumpHandleDataStream, MinidumpMemory64List, MinidumpMemoryInfoList,
    MinidumpMemoryList, MinidumpMiscInfo, MinidumpModuleList, MinidumpSystemInfo, MinidumpThreadInfoList,
    MinidumpThreadList, MinidumpThreadNames, MinidumpUnloadedModuleList, Module, RawMiscInfo,
};
use userdump::MinidumpBuilder;
use userdump::format;
use userdump::format::handle::{HandleDescriptor, HandleDescriptor2};
use userdump::format::memory::{MemoryState, MemoryType};
use userdump::format::module::FixedFileInfo;
use userdump::format::{
    ExceptionRecord, LocationDescriptor, MemoryDescriptor, MemoryProtection, MinidumpType, PlatformId,
    ProcessorArchitecture, RvaWidth, StreamType,
};
use userdump::write::MemoryRange;

use crate::plan::write;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    let own = trials![
        header_and_system_info_agree,
        threads_and_registers_of_amd64_agree,
        registers_of_other_processors_agree,
        modules_agree,
        memory_lists_agree,
        exceptions_agree,
        misc_info_agrees,
        unloaded_modules_agree,
        memory_infos_agree,
        thread_infos_and_names_agree,
        handles_agree,
        empty_lists_are_read,
        raw_streams_agree,
    ];
    [own, redumped::trials()].into_iter().flatten().collect()
}

/// Writes a Windows dump for a processor, with what the function adds, and reads it with the peer.
fn read(architecture: ProcessorArchitecture, fill: impl Fn(&mut MinidumpBuilder<'_>)) -> Minidump<'static, Vec<u8>> {
    let mut dump = MinidumpBuilder::new();
    let service_pack = dump.text("Service Pack 3");
    let system = format::SystemInfo {
        processor_architecture: architecture,
        processor_level: 6,
        processor_revision: 0x5E03,
        number_of_processors: 8,
        product_type: 1,
        major_version: 10,
        minor_version: 2,
        build_number: 19045,
        platform_id: PlatformId::WIN32_NT,
        suite_mask: 0x100,
        ..format::SystemInfo::default()
    };
    dump.system_info(system, Some(service_pack)).time_date_stamp(1_700_000_000);
    dump.flags(MinidumpType::from_bits_retain(0x41826));
    fill(&mut dump);
    Minidump::read(write(dump)).expect("the peer opens it")
}

fn header_and_system_info_agree() {
    let dump = read(ProcessorArchitecture::AMD64, |_| ());
    assert_eq!((dump.header.flags, dump.header.time_date_stamp, dump.header.checksum), (0x41826, 1_700_000_000, 0));
    assert_eq!((dump.header.stream_count, dump.endian), (1, minidump::Endian::Little));
    let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is present");
    assert_eq!((system.os, system.cpu), (Os::Windows, Cpu::X86_64));
    assert_eq!(system.os_parts(), ("10.2.19045".to_owned(), Some("Service Pack 3".to_owned())));
    let raw = &system.raw;
    assert_eq!((raw.processor_level, raw.processor_revision, raw.number_of_processors), (6, 0x5E03, 8));
    assert_eq!((raw.product_type, raw.suite_mask, raw.platform_id), (1, 0x100, 2));
}

/// A context of this size with flags and some registers: offset, width, value.
fn context(size: usize, registers: &[(usize, usize, u64)]) -> Vec<u8> {
    let mut bytes = vec![0; size];
    for (at, width, value) in registers {
        bytes[*at..at + width].copy_from_slice(&value.to_le_bytes()[..*width]);
    }
    bytes
}

fn thread(id: u32, stack: (u64, u32)) -> format::Thread {
    format::Thread {
        thread_id: id,
        suspend_count: 2,
        priority_class: 0x20,
        priority: 9,
        teb: 0x7FF0_0000_0000 + u64::from(id),
        stack: MemoryDescriptor {
            start_of_memory_range: stack.0,
            memory: LocationDescriptor { data_size: stack.1, rva: 0 },
        },
        thread_context: LocationDescriptor::default(),
    }
}

fn threads_and_registers_of_amd64_agree() {
    let stack: Vec<u8> = (0..64).collect();
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        let registers = [(48, 4, 0x10_001F), (120, 8, 0xAAAA), (152, 8, 0x7000), (248, 8, 0x1_4000_1234)];
        let context = dump.part("CONTEXT", context(1232, &registers));
        dump.thread(thread(11, (0x7000, 64)), Some(context));
        // The second stack is in the middle of a range; the third thread has no stack and no registers.
        dump.thread(thread(12, (0x9010, 16)), Some(context)).thread(thread(13, (0, 0)), None);
        dump.memory(MemoryRange::from_pieces(0x7000, vec![&[0; 0]]));
        dump.memory(MemoryRange::from_reader(0x7000, 64, std::io::Cursor::new((0..64).collect::<Vec<u8>>())));
        dump.memory(MemoryRange::from_reader(0x9000, 64, std::io::repeat(9)));
    });
    let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is present");
    let list = dump.get_stream::<MinidumpThreadList<'_>>().expect("it is present");
    let memory = dump.get_memory().expect("it is present");
    assert_eq!(list.threads.iter().map(|thread| thread.raw.thread_id).collect::<Vec<_>>(), [11, 12, 13]);
    for thread in &list.threads {
        let raw = &thread.raw;
        assert_eq!((raw.suspend_count, raw.priority_class, raw.priority), (2, 0x20, 9));
        assert_eq!(raw.teb, 0x7FF0_0000_0000 + u64::from(raw.thread_id));
    }
    let [first, second, third] = list.threads.as_slice() else { panic!("there are three") };
    let context = first.context(&system, None).expect("it is present");
    assert_eq!((context.get_instruction_pointer(), context.get_stack_pointer()), (0x1_4000_1234, 0x7000));
    assert_eq!(context.get_register("rax"), Some(0xAAAA));
    assert_eq!(first.stack_memory(&memory).map(|stack| stack.bytes().to_vec()), Some(stack));
    assert_eq!(second.stack_memory(&memory).map(|stack| stack.base_address()), Some(0x9010));
    assert!(third.context(&system, None).is_none());
}

fn registers_of_other_processors_agree() {
    // Size and flags of the context, offsets of the program counter and the stack pointer, and their width.
    let cases = [
        (ProcessorArchitecture::X86, Cpu::X86, 716, 0x1_007F, (0, 184, 196), 4),
        (ProcessorArchitecture::ARM64, Cpu::Arm64, 912, 0x40_001F, (0, 264, 256), 8),
        (ProcessorArchitecture::ARM, Cpu::Arm, 368, 0x4000_0006, (0, 64, 56), 4),
    ];
    for (architecture, cpu, size, flags, (flags_at, pc, sp), width) in cases {
        let dump = read(architecture, |dump| {
            let registers = [(flags_at, 4, flags), (pc, width, 0x7100_1234), (sp, width, 0x12_FF00)];
            let context = dump.part("CONTEXT", context(size, &registers));
            dump.thread(thread(1, (0, 0)), Some(context));
        });
        let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is present");
        assert_eq!(system.cpu, cpu);
        let list = dump.get_stream::<MinidumpThreadList<'_>>().expect("it is present");
        let context = list.threads[0].context(&system, None).unwrap_or_else(|| panic!("{cpu:?}"));
        assert_eq!((context.get_instruction_pointer(), context.get_stack_pointer()), (0x7100_1234, 0x12_FF00));
    }
}

fn modules_agree() {
    let guid = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        let record = [b"RSDS".as_slice(), &guid, &[3, 0, 0, 0], b"C:\\build\\app.pdb\0"].concat();
        let (name, code_view) = (dump.text("C:\\Program Files\\äpp ☃ 🦀.exe"), dump.part("CodeView record", record));
        let version_info = FixedFileInfo {
            signature: 0xFEEF_04BD,
            struc_version: 0x1_0000,
            file_version_ms: 1 << 16 | 2,
            file_version_ls: 3 << 16 | 4,
            ..FixedFileInfo::default()
        };
        let module = format::Module {
            base_of_image: 0x1_4000_0000,
            size_of_image: 0x5000,
            check_sum: 0xC0DE,
            time_date_stamp: 0x6543_2100,
            version_info,
            ..format::Module::default()
        };
        dump.module(module, name, Some(code_view), None);
        let (name, code_view) =
            (dump.text("ntdll.dll"), dump.part("CodeView record", b"NB10\0\0\0\0\x01\0\0\0\x02\0\0\0n.pdb\0"));
        let module =
            format::Module { base_of_image: 0x7FFF_0000_0000, size_of_image: 0x1000, ..format::Module::default() };
        dump.module(module, name, Some(code_view), None);
    });
    let list = dump.get_stream::<MinidumpModuleList>().expect("it is present");
    let [first, second] = list.iter().collect::<Vec<_>>().try_into().expect("there are two");
    assert_eq!(
        (first.code_file().as_ref(), second.code_file().as_ref()),
        ("C:\\Program Files\\äpp ☃ 🦀.exe", "ntdll.dll")
    );
    assert_eq!((first.base_address(), first.size()), (0x1_4000_0000, 0x5000));
    assert_eq!((first.raw.checksum, first.raw.time_date_stamp), (0xC0DE, 0x6543_2100));
    assert_eq!(first.version().as_deref(), Some("1.2.3.4"));
    assert_eq!(first.debug_file().as_deref(), Some("C:\\build\\app.pdb"));
    // The first three fields of a GUID are little-endian numbers; the age comes last.
    let id = first.debug_identifier().expect("it has one").breakpad().to_string();
    assert_eq!(id, "0403020106050807090A0B0C0D0E0F103");
    let Some(CodeView::Pdb70(CV_INFO_PDB70 { signature: GUID { data1, .. }, age, .. })) = &first.codeview_info else {
        panic!("{:?}", first.codeview_info);
    };
    assert_eq!((*data1, *age), (0x0403_0201, 3));
    assert_eq!(second.debug_file().as_deref(), Some("n.pdb"));
    assert_eq!(list.module_at_address(0x1_4000_4FFF).map(Module::base_address), Some(0x1_4000_0000));
    assert_eq!(list.main_module().map(Module::base_address), Some(0x1_4000_0000));
}

fn memory_lists_agree() {
    let ranges: [(u64, Vec<u8>); 3] = [(0x2000, vec![2; 100]), (0x1000, vec![1; 3]), (u64::MAX - 99, vec![3; 7])];
    let narrow = read(ProcessorArchitecture::AMD64, |dump| {
        for (address, bytes) in &ranges {
            dump.memory(MemoryRange::from_reader(*address, bytes.len() as u64, std::io::Cursor::new(bytes.clone())));
        }
    });
    let list = narrow.get_stream::<MinidumpMemoryList<'_>>().expect("it is present");
    let found: Vec<_> = list.iter().map(|range| (range.base_address, range.bytes.to_vec())).collect();
    assert_eq!(found, ranges);
    let wide = read(ProcessorArchitecture::AMD64, |dump| {
        for (address, bytes) in &ranges {
            dump.memory64(MemoryRange::from_reader(*address, bytes.len() as u64, std::io::Cursor::new(bytes.clone())));
        }
    });
    let list = wide.get_stream::<MinidumpMemory64List<'_>>().expect("it is present");
    let found: Vec<_> = list.iter().map(|range| (range.base_address, range.bytes.to_vec())).collect();
    assert_eq!(found, ranges);
    let memory = wide.get_memory().expect("it is present");
    let word = memory.memory_at_address(0x2004).and_then(|range| range.get_memory_at_address::<u32>(0x2004));
    assert_eq!(word, Some(0x0202_0202));
}

fn exceptions_agree() {
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        let context = dump.part("CONTEXT", context(1232, &[(48, 4, 0x10_001F), (152, 8, 0x7000), (248, 8, 0x4004)]));
        let mut information = [0; 15];
        (information[0], information[1]) = (1, 0xDEAD_BEEF);
        let exception_record = ExceptionRecord {
            exception_code: 0xC000_0005,
            exception_flags: 1,
            exception_record: 5,
            exception_address: 0x4004,
            number_parameters: 2,
            alignment: 0,
            exception_information: information,
        };
        dump.exception(
            format::ExceptionStream { thread_id: 77, exception_record, ..Default::default() },
            Some(context),
        );
    });
    let system = dump.get_stream::<MinidumpSystemInfo>().expect("it is present");
    let exception = dump.get_stream::<MinidumpException<'_>>().expect("it is present");
    assert_eq!(exception.get_crashing_thread_id(), 77);
    assert_eq!(exception.get_crash_address(system.os, system.cpu), 0xDEAD_BEEF);
    assert_eq!(exception.get_crash_reason(system.os, system.cpu).to_string(), "EXCEPTION_ACCESS_VIOLATION_WRITE");
    let record = &exception.raw.exception_record;
    assert_eq!((record.exception_code, record.exception_flags, record.exception_record), (0xC000_0005, 1, 5));
    assert_eq!((record.exception_address, record.number_parameters), (0x4004, 2));
    assert_eq!(record.exception_information[..3], [1, 0xDEAD_BEEF, 0]);
    let context = exception.context(&system, None).expect("it is present");
    assert_eq!((context.get_instruction_pointer(), context.get_stack_pointer()), (0x4004, 0x7000));
}

fn misc_info_agrees() {
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        let mut info = format::system::MiscInfo5 { process_cookie: 0xC00C, ..Default::default() };
        info.xstate_data.size_of_info = 528;
        info.xstate_data.enabled_features = 7;
        info.xstate_data.features[2] = format::system::XStateFeature { offset: 576, size: 256 };
        for (unit, letter) in info.misc_info4.build_string.iter_mut().zip("19041.1".encode_utf16()) {
            *unit = letter;
        }
        let third = &mut info.misc_info4.misc_info3;
        (third.process_integrity_level, third.time_zone_id, third.time_zone.bias) = (0x2000, 1, -60);
        third.misc_info2.processor_max_mhz = 3200;
        let first = &mut third.misc_info2.misc_info;
        (first.flags1, first.process_id, first.process_create_time) = (0x3F7, 4321, 1_600_000_000);
        dump.misc_info(info);
    });
    let misc = dump.get_stream::<MinidumpMiscInfo>().expect("it is present");
    let raw = &misc.raw;
    assert!(matches!(raw, RawMiscInfo::MiscInfo5(_)), "{raw:?}");
    assert_eq!((raw.process_id(), raw.process_create_time()), (Some(&4321), Some(&1_600_000_000)));
    assert_eq!((raw.processor_max_mhz(), raw.process_integrity_level()), (Some(&3200), Some(&0x2000)));
    assert_eq!((raw.time_zone_id(), raw.time_zone().map(|zone| zone.bias)), (Some(&1), Some(-60)));
    assert_eq!(raw.process_cookie(), Some(&0xC00C));
    let build: Vec<u16> =
        raw.build_string().expect("it is present").iter().copied().take_while(|unit| *unit != 0).collect();
    assert_eq!(String::from_utf16_lossy(&build), "19041.1");
    let features: Vec<_> = raw.xstate_data().expect("it is present").iter().collect();
    let found: Vec<_> = features.iter().map(|(index, feature)| (*index, feature.offset, feature.size)).collect();
    assert!(found.contains(&(2, 576, 256)), "{found:?}");
}

fn unloaded_modules_agree() {
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        let name = dump.text("gone.dll");
        let row = format::module::UnloadedModule {
            base_of_image: 0x7000_0000,
            size_of_image: 0x9000,
            check_sum: 5,
            time_date_stamp: 6,
            module_name_rva: 0,
        };
        dump.unloaded_module(row, Some(name));
    });
    let list = dump.get_stream::<MinidumpUnloadedModuleList>().expect("it is present");
    let found: Vec<_> = list
        .iter()
        .map(|it| {
            (it.name.as_str(), it.raw.base_of_image, it.raw.size_of_image, it.raw.checksum, it.raw.time_date_stamp)
        })
        .collect();
    assert_eq!(found, [("gone.dll", 0x7000_0000, 0x9000, 5, 6)]);
}

fn memory_infos_agree() {
    let row = format::MemoryInfo {
        base_address: 0x10_0000,
        allocation_base: 0xF_0000,
        allocation_protect: MemoryProtection::READ_WRITE.bits(),
        region_size: 0x3000,
        state: MemoryState::COMMIT.bits(),
        protect: MemoryProtection::EXECUTE_READ.bits(),
        memory_type: MemoryType::IMAGE.bits(),
        ..format::MemoryInfo::default()
    };
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        dump.memory_info(row).memory_info(format::MemoryInfo { base_address: 0x20_0000, ..row });
    });
    let list = dump.get_stream::<MinidumpMemoryInfoList<'_>>().expect("it is present");
    let [first, second] = list.iter().collect::<Vec<_>>().try_into().expect("there are two");
    assert_eq!(
        (first.raw.base_address, first.raw.allocation_base, first.raw.region_size),
        (0x10_0000, 0xF_0000, 0x3000)
    );
    assert_eq!((first.raw.allocation_protection, first.raw.state), (4, 0x1000));
    assert_eq!((first.raw.protection, first.raw._type), (0x20, 0x100_0000));
    assert_eq!((first.is_executable(), first.is_readable(), first.is_writable()), (true, true, false));
    assert_eq!(second.raw.base_address, 0x20_0000);
}

fn thread_infos_and_names_agree() {
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        let (main, worker) = (dump.text("main ☃"), dump.text(""));
        dump.thread_name(5, main).thread_name(6, worker);
        dump.thread_info(format::thread::ThreadInfo {
            thread_id: 5,
            dump_flags: 2,
            dump_error: 3,
            exit_status: 0x103,
            create_time: 1 << 60,
            exit_time: 7,
            kernel_time: 8,
            user_time: 9,
            start_address: 0x1_4000_1000,
            affinity: 0xFF,
        });
    });
    let names = dump.get_stream::<MinidumpThreadNames>().expect("it is present");
    assert_eq!([5, 6, 7].map(|id| names.get_name(id)), [Some("main ☃".into()), Some("".into()), None]);
    let infos = dump.get_stream::<MinidumpThreadInfoList>().expect("it is present");
    let raw = &infos.get_thread_info(5).expect("it is present").raw;
    assert_eq!((raw.dump_flags, raw.dump_error, raw.exit_status), (2, 3, 0x103));
    assert_eq!([raw.create_time, raw.exit_time, raw.kernel_time, raw.user_time], [1 << 60, 7, 8, 9]);
    assert_eq!((raw.start_address, raw.affinity), (0x1_4000_1000, 0xFF));
}

fn handles_agree() {
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        let (kind, name) = (dump.text("Event"), dump.text("\\Sessions\\e"));
        let [second, first] = [7u32, 6].map(|kind| {
            let head = [[0; 4], kind.to_le_bytes(), 4u32.to_le_bytes(), [1, 2, 3, 4]].concat();
            dump.part("object", head)
        });
        dump.reference(first, 0, RvaWidth::Rva, second);
        let descriptor = HandleDescriptor {
            handle: 0x44,
            attributes: 1,
            granted_access: 0x1F_0003,
            handle_count: 2,
            pointer_count: 3,
            ..HandleDescriptor::default()
        };
        let row = HandleDescriptor2 { descriptor, ..HandleDescriptor2::default() };
        dump.handle(row, Some(kind), Some(name), Some(first)).handle(HandleDescriptor2::default(), None, None, None);
    });
    let stream = dump.get_stream::<MinidumpHandleDataStream>().expect("it is present");
    let [first, second] = stream.handles.as_slice() else { panic!("there are two") };
    assert_eq!((first.type_name.as_deref(), first.object_name.as_deref()), (Some("Event"), Some("\\Sessions\\e")));
    let raw = &first.raw;
    assert_eq!((raw.handle(), raw.attributes(), raw.granted_access()), (Some(&0x44), Some(&1), Some(&0x1F_0003)));
    assert_eq!((raw.handle_count(), raw.pointer_count()), (Some(&2), Some(&3)));
    let objects: Vec<_> = first.object_infos.iter().map(|it| (it.raw.info_type, it.raw.size_of_info)).collect();
    assert_eq!(objects, [(6, 4), (7, 4)]);
    assert_eq!(
        (second.type_name.as_deref(), second.object_name.as_deref(), second.object_infos.len()),
        (None, None, 0)
    );
}

fn empty_lists_are_read() {
    let kinds = [3, 4, 5, 9, 12, 14, 16, 17, 24];
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        kinds.iter().for_each(|kind| _ = dump.list(StreamType(*kind)));
    });
    assert_eq!(dump.get_stream::<MinidumpThreadList<'_>>().map(|list| list.threads.len()).ok(), Some(0));
    assert_eq!(dump.get_stream::<MinidumpModuleList>().map(|list| list.iter().count()).ok(), Some(0));
    assert_eq!(dump.get_stream::<MinidumpMemoryList<'_>>().map(|list| list.iter().count()).ok(), Some(0));
    assert_eq!(dump.get_stream::<MinidumpMemory64List<'_>>().map(|list| list.iter().count()).ok(), Some(0));
    assert_eq!(dump.get_stream::<MinidumpHandleDataStream>().map(|list| list.handles.len()).ok(), Some(0));
    assert_eq!(dump.get_stream::<MinidumpUnloadedModuleList>().map(|list| list.iter().count()).ok(), Some(0));
    assert_eq!(dump.get_stream::<MinidumpMemoryInfoList<'_>>().map(|list| list.iter().count()).ok(), Some(0));
    assert_eq!(dump.get_stream::<MinidumpThreadInfoList>().map(|list| list.thread_infos.len()).ok(), Some(0));
    assert!(dump.get_stream::<MinidumpThreadNames>().is_ok());
}

fn raw_streams_agree() {
    let dump = read(ProcessorArchitecture::AMD64, |dump| {
        dump.stream(StreamType(0x1_0042), vec![1, 2, 3]);
        dump.stream(StreamType::TOKEN, vec![4; 16]);
        dump.comment("x");
    });
    let found = [0x1_0042, 19, 11].map(|kind| dump.get_raw_stream(kind).map(<[u8]>::to_vec).ok());
    assert_eq!(found, [Some(vec![1, 2, 3]), Some(vec![4; 16]), Some(vec![b'x', 0, 0, 0])]);
    assert_eq!(dump.unknown_streams().map(|it| it.stream_type).collect::<Vec<_>>(), [0x1_0042]);
}
