//! Header, exceptions, system information, memory and empty lists, read back by the plain decoder.

use libtest_mimic::Trial;
use userdump::MinidumpBuilder;
use userdump::format::{
    self, ExceptionRecord, LocationDescriptor, MinidumpType, PlatformId, ProcessorArchitecture, StreamType,
};
use userdump::write::{MemoryRange, Text};

use super::records::thread;
use super::{STALE, write};
use crate::support::facts::{self, Facts, Rva};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        an_empty_dump_is_a_header_and_nothing_else,
        the_header_holds_flags_and_time,
        memory_infos_and_thread_infos,
        several_exceptions,
        system_info_with_and_without_service_pack,
        misc_info_states_its_own_size,
        comments_end_in_a_nul,
        both_memory_lists_at_once,
        lists_may_be_empty,
    ]
}

fn an_empty_dump_is_a_header_and_nothing_else() {
    let mut expected = [0; 32];
    expected[..8].copy_from_slice(b"MDMP\x93\xa7\0\0");
    expected[12] = 32;
    assert_eq!(write(MinidumpBuilder::new()), expected);
}

fn the_header_holds_flags_and_time() {
    let mut dump = MinidumpBuilder::new();
    dump.flags(MinidumpType::from_bits_retain(0x8000_0001_0204_1826)).time_date_stamp(0x6543_2101);
    let file = write(dump);
    let header = Facts::of(&file).header;
    assert_eq!((header.flags, header.timestamp), (0x8000_0001_0204_1826, 0x6543_2101));
    assert_eq!((header.version, header.checksum), (0xA793, 0));
}

fn memory_infos_and_thread_infos() {
    let mut dump = MinidumpBuilder::new();
    dump.memory_info(format::MemoryInfo {
        base_address: 1 << 60,
        allocation_base: 2,
        allocation_protect: 3,
        alignment1: 4,
        region_size: 5 << 60,
        state: 6,
        protect: 7,
        memory_type: 8,
        alignment2: 9,
    });
    dump.thread_info(format::thread::ThreadInfo {
        thread_id: 1,
        dump_flags: 2,
        dump_error: 3,
        exit_status: 4,
        create_time: 5,
        exit_time: 6,
        kernel_time: 7,
        user_time: 8,
        start_address: 9,
        affinity: 10,
    });
    let file = write(dump);
    let facts = Facts::of(&file);
    let info = facts::MemoryInfo {
        base: 1 << 60,
        allocation_base: 2,
        allocation_protect: 3,
        size: 5 << 60,
        state: 6,
        protect: 7,
        kind: 8,
        alignment: [4, 9],
    };
    assert_eq!(facts.memory_infos(), [info]);
    let info = facts::ThreadInfo {
        id: 1,
        flags: 2,
        error: 3,
        exit_status: 4,
        times: [5, 6, 7, 8],
        start_address: 9,
        affinity: 10,
    };
    assert_eq!(facts.thread_infos(), [info]);
}

fn several_exceptions() {
    let stream = |thread_id| format::ExceptionStream {
        thread_id,
        alignment: 2,
        exception_record: ExceptionRecord {
            exception_code: 0xC000_0005,
            exception_flags: 4,
            exception_record: 5 << 40,
            exception_address: 6 << 40,
            number_parameters: 7,
            alignment: 8,
            exception_information: std::array::from_fn(|word| 100 + word as u64),
        },
        thread_context: LocationDescriptor { data_size: STALE, rva: STALE },
    };
    let mut dump = MinidumpBuilder::new();
    let context = dump.part("CONTEXT", vec![1; 716]);
    let own = dump.part("CONTEXT", vec![2; 716]);
    dump.thread(thread(11, 0, 0), Some(context));
    dump.exception(stream(11), Some(context)).exception(stream(12), Some(own)).exception(stream(13), None);
    let file = write(dump);
    let facts = Facts::of(&file);
    let thread = &facts.threads()[0];
    let exceptions = facts.exceptions();
    let expected = |thread, context_at, context| facts::Exception {
        thread,
        code: 0xC000_0005,
        flags: 4,
        record: 5 << 40,
        address: 6 << 40,
        parameters: 7,
        information: std::array::from_fn(|word| 100 + word as u64),
        alignment: [2, 8],
        context_at,
        context: facts::Blob(context),
    };
    assert_eq!(exceptions[0], expected(11, thread.context_at, &[1; 716]));
    assert_eq!(exceptions[1], expected(12, exceptions[1].context_at, &[2; 716]));
    assert_eq!(exceptions[2], expected(13, Rva(0), &[]));
    assert_eq!(facts.kinds(), [3, 6, 6, 6]);
}

fn system_info_with_and_without_service_pack() {
    let record = format::SystemInfo {
        processor_architecture: ProcessorArchitecture(1),
        processor_level: 2,
        processor_revision: 3,
        number_of_processors: 4,
        product_type: 5,
        major_version: 6,
        minor_version: 7,
        build_number: 8,
        platform_id: PlatformId(9),
        csd_version_rva: STALE,
        suite_mask: 10,
        reserved2: 11,
        cpu: std::array::from_fn(|byte| byte as u8),
    };
    for text in [Some("Service Pack 1"), Some(""), None] {
        let mut dump = MinidumpBuilder::new();
        let service_pack = text.map(|text| dump.text(text));
        dump.system_info(record, service_pack);
        let file = write(dump);
        let found = Facts::of(&file).system_info().expect("it is there");
        assert_eq!((found.architecture, found.level, found.revision, found.processors, found.product), (1, 2, 3, 4, 5));
        assert_eq!((found.major, found.minor, found.build, found.platform), (6, 7, 8, 9));
        assert_eq!((found.suite, found.reserved), (10, 11));
        assert_eq!(found.cpu.0, std::array::from_fn::<u8, 24, _>(|byte| byte as u8));
        assert_eq!(found.service_pack.text.as_deref(), text);
    }
}

fn misc_info_states_its_own_size() {
    let mut record = format::system::MiscInfo5 { process_cookie: 0xC00C_1E00, ..Default::default() };
    record.misc_info4.dbg_bld_str[0] = 0x64;
    let first = &mut record.misc_info4.misc_info3.misc_info2.misc_info;
    (first.size_of_info, first.flags1, first.process_id) = (STALE, 3, 77);
    let mut dump = MinidumpBuilder::new();
    dump.misc_info(record);
    let file = write(dump);
    let facts = Facts::of(&file);
    let stream = facts.stream(15).expect("it is there");
    assert_eq!(stream.size, 1364);
    assert_eq!([0, 4, 8, 752, 1360].map(|at| facts.u32(stream.rva.0 + at)), [1364, 3, 77, 0x64, 0xC00C_1E00]);
}

fn comments_end_in_a_nul() {
    let mut dump = MinidumpBuilder::new();
    dump.comment("hé").comment(Text::from_units([0xD800])).comment("");
    let file = write(dump);
    let facts = Facts::of(&file);
    let found: Vec<&[u8]> = facts.directory.iter().map(|it| facts.blob(it.rva, it.size.into()).0).collect();
    assert_eq!(facts.kinds(), [11, 11, 11]);
    assert_eq!(found, [b"h\0\xE9\0\0\0".as_slice(), b"\0\xD8\0\0", b"\0\0"]);
}

fn both_memory_lists_at_once() {
    let mut dump = MinidumpBuilder::new();
    dump.memory64(MemoryRange::borrowed(u64::MAX, &[9])).memory(MemoryRange::borrowed(0x2000, &[2; 5]));
    dump.memory(MemoryRange::borrowed(0x1000, &[1; 3])).memory(MemoryRange::borrowed(0x3000, &[]));
    dump.memory64(MemoryRange::from_pieces(0x5000, vec![&[5; 2], &[], &[6; 1]]));
    let plan = dump.plan().expect("it is small");
    assert_eq!(plan.memory(), (5, 3 + 5 + 1 + 3));
    let mut file = Vec::new();
    plan.write_to(&mut file).expect("memory takes everything");
    let facts = Facts::of(&file);
    let ranges = facts.ranges();
    let found: Vec<_> = ranges.iter().map(|range| (range.address, range.size, range.bytes.0)).collect();
    let expected: [(u64, u64, &[u8]); 5] =
        [(0x2000, 5, &[2; 5]), (0x1000, 3, &[1; 3]), (0x3000, 0, &[]), (u64::MAX, 1, &[9]), (0x5000, 3, &[5, 5, 6])];
    assert_eq!(found, expected);
    assert_eq!(facts.kinds(), [5, 9]);
}

fn lists_may_be_empty() {
    // Stream types, and the bytes of their lists without entries.
    let lists: [(u32, &[u32]); 9] = [
        (3, &[0]),
        (17, &[12, 64, 0]),
        (4, &[0]),
        (14, &[12, 24, 0]),
        (5, &[0]),
        (16, &[16, 48, 0, 0]),
        (12, &[16, 40, 0, 0]),
        (24, &[0]),
        (9, &[0, 0, 0, 0]),
    ];
    for (kind, words) in lists {
        let mut dump = MinidumpBuilder::new();
        dump.list(StreamType(kind)).list(StreamType(kind));
        let file = write(dump);
        let facts = Facts::of(&file);
        let mut expected: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        if kind == 9 {
            // Where the memory bytes would begin: after the list, at the end of the file.
            expected[8..].copy_from_slice(&(file.len() as u64).to_le_bytes());
        }
        assert_eq!(facts.kinds(), [kind]);
        assert_eq!(facts.stream_bytes(kind).map(|it| it.to_vec()), Some(expected), "list {kind}");
    }
    for kind in [0, 6, 7, 8, 11, 15, 19, 0x1_0000] {
        let mut dump = MinidumpBuilder::new();
        dump.list(StreamType(kind));
        assert_eq!(Facts::of(&write(dump)).kinds(), [0; 0], "list {kind}");
    }
    let mut dump = MinidumpBuilder::new();
    dump.list(StreamType::THREAD_LIST).thread(thread(1, 0, 0), None).list(StreamType::THREAD_LIST);
    assert_eq!(Facts::of(&write(dump)).threads().len(), 1, "a list that has entries keeps them");
}
