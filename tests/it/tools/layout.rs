//! The layout of synthetic dumps: directory, shapes of lists, wrong sizes and offsets; and full user dumps.

use libtest_mimic::Trial;

use crate::support::facts::Facts;
use crate::support::trials;
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    trials![
        the_header_is_as_set,
        the_directory_has_the_order_asked_for,
        records_can_begin_lists_of_their_own,
        lists_have_the_shape_asked_for,
        streams_can_be_written_by_hand,
        user_dumps_have_their_parts_in_place,
    ]
}

fn the_header_is_as_set() {
    let bytes = Dump::new().version(0x1234_A793).timestamp(5).flags(0x1_0000_0002).raw(99, [1]).build();
    let facts = Facts::of(&bytes);
    let header = facts.header;
    assert_eq!((header.version, header.streams, header.directory.0, header.checksum), (0x1234_A793, 1, 32, 0));
    assert_eq!((header.timestamp, header.flags), (5, 0x1_0000_0002));
    let last = Dump::new().raw(99, [1]).memory64(0x10, [9; 4]).directory_last().build();
    let facts = Facts::of(&last);
    assert_eq!((facts.header.version, facts.kinds()), (0xA793, vec![99, 9]));
    assert_eq!(facts.header.directory.0 + 24 + 4, last.len() as u64, "only the bulk memory follows");
}

fn the_directory_has_the_order_asked_for() {
    let dump = || Dump::new().raw(5, [0; 4]).raw(7, [7; 3]).raw(7, [8; 2]);
    let kinds = |dump: Dump| {
        let bytes = dump.build();
        Facts::of(&bytes).directory.iter().map(|it| (it.kind, it.size)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(dump().unused(2)), [(5, 4), (7, 3), (7, 2), (0, 0), (0, 0)]);
    assert_eq!(kinds(dump().order(&[7, 0, 5, 7, 7])), [(7, 3), (0, 0), (5, 4), (7, 2), (7, 2)]);
    assert_eq!(kinds(dump().order(&[5])), [(5, 4)]);
}

fn records_can_begin_lists_of_their_own() {
    let thread = Thread::new;
    let bytes = Dump::new().thread(thread(1)).thread(thread(2)).separate().thread(thread(3)).build();
    let facts = Facts::of(&bytes);
    let ids: Vec<_> = facts.directory.iter().map(|it| (it.kind, it.size)).collect();
    assert_eq!(ids, [(3, 4 + 96), (3, 4 + 48)]);
    assert_eq!(facts.threads().len(), 2, "the first list counts");
}

fn lists_have_the_shape_asked_for() {
    let shaped = |dump: Dump, kind, shape| dump.shape(kind, shape).build();
    let two = || Dump::new().memory(0x10, [1; 3]).memory(0x20, [2; 3]);
    let bytes = shaped(two(), kind::MEMORY_LIST, Shape::usual().padded());
    assert_eq!(Facts::of(&bytes).stream(5).map(|it| it.size), Some(8 + 2 * 16));
    assert_eq!(Facts::of(&bytes).read(0x20, 3), [2; 3]);

    let larger = Shape::usual().header_size(20).entry_size(52).filler(1);
    let info = |base| MemoryInfo::new(base, 5);
    let bytes = shaped(Dump::new().memory_info(info(1)).memory_info(info(2)), kind::MEMORY_INFO_LIST, larger);
    let facts = Facts::of(&bytes);
    let bases: Vec<u64> = facts.memory_infos().iter().map(|it| it.base).collect();
    assert_eq!((bases, facts.stream(16).map(|it| (it.size, it.rva.0 % 2))), (vec![1, 2], Some((20 + 2 * 52, 1))));

    let short = Shape::usual().header_size(12);
    let bytes = shaped(Dump::new().memory_info(info(3)), kind::MEMORY_INFO_LIST, short);
    assert_eq!(Facts::of(&bytes).memory_infos()[0].base, 3);

    let lies = Shape::usual().count(9).data_size(77).rva(88);
    let bytes = shaped(two(), kind::MEMORY_LIST, lies);
    let entry = Facts::of(&bytes).directory[0];
    assert_eq!((entry.size, entry.rva.0, bytes[32 + 12]), (77, 88, 9));
}

fn streams_can_be_written_by_hand() {
    let bytes = Dump::new().written(0x10000, |bytes| {
        let end = bytes.label();
        bytes.u16(1).rva(end).place(end);
    });
    let bytes = bytes.big_endian().build();
    assert_eq!(Facts::of(&bytes).stream_bytes(0x10000).map(|it| it.to_vec()), Some(vec![0, 1, 0, 0, 0, 32 + 12 + 6]));
}

fn user_dumps_have_their_parts_in_place() {
    let filled = |dump: UserDump| {
        let thread = UserThread { id: 3, teb: 4, context: vec![5; 8], ..UserThread::default() };
        let event = UserEvent { code: 6, first_chance: 1, ..UserEvent::default() };
        dump.thread(thread).event(event).module(7, 8, "a").memory(9, [10; 3]).memory(11, [12; 2]).service_pack("SP")
    };
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));

    let narrow = filled(UserDump::narrow()).build();
    assert_eq!((&narrow[..8], number(&narrow, 16)), (b"USERDUMP".as_slice(), 0x14c));
    let offsets: Vec<u32> = (0..8).map(|index| number(&narrow, 32 + 4 * index)).collect();
    let (event, region, thread) = (64, 64 + 96, 64 + 96 + 2 * 28);
    let (state, module) = (thread + 8, thread + 8 + 48);
    let data = module + 12 + 2;
    assert_eq!(offsets, [thread, module, data, region, event, state, data + 5, 0]);
    let fields = [event + 12, event + 92, region, region + 28, state, state + 16, module, module + 4, module + 8];
    assert_eq!(fields.map(|at| number(&narrow, at as usize)), [6, 1, 9, 11, 3, 4, 7, 8, 2]);

    let wide = filled(UserDump::wide()).build();
    assert_eq!((&wide[..8], number(&wide, 16)), (b"USERDU64".as_slice(), 0x8664));
    let offsets: Vec<u32> = (0..8).map(|index| number(&wide, 32 + 8 * index)).collect();
    let (event, region, thread) = (96, 96 + 176, 96 + 176 + 2 * 48);
    let (state, module) = (thread + 8, thread + 8 + 80);
    let data = module + 16 + 2;
    assert_eq!(offsets, [thread, module, data, region, event, state, data + 5, 0]);
    let fields = [event + 16, event + 168, region, region + 48, state, state + 16, module, module + 8, module + 12];
    assert_eq!(fields.map(|at| number(&wide, at as usize)), [6, 1, 9, 11, 3, 4, 7, 8, 2]);
    assert_eq!(wide[data as usize..data as usize + 5], [10, 10, 10, 12, 12]);
    assert_eq!(wide[data as usize + 5], b'C');

    let bare = UserDump { filler: 1, ..UserDump::narrow() }.build();
    assert_eq!((number(&bare, 48), number(&bare, 56), number(&bare, 40)), (0, 0, 64 + 6));
    let described = UserRegion { size: 0x1000, bytes: Vec::new(), ..UserRegion::new(0x1000, []) };
    let bytes = UserDump::narrow().region(described).build();
    assert_eq!((number(&bytes, 28), number(&bytes, 64 + 12), bytes.len()), (1, 0x1000, 64 + 28));
}
