//! The contents of the builder for full user dumps are in the file, one part after another.

mod golden;
mod limits;
mod narrow;
mod sinks;

use libtest_mimic::Trial;
use userdump::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64, ImageFileMachine};
use userdump::format::{ExceptionRecord, MemoryInfo};
use userdump::write::{FullUserDumpBuilder, MemoryRange, Text};

use crate::support::trials;
use crate::synth::{UserDump, UserEvent, UserModule, UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    let own = trials![
        a_dump_is_what_the_assembler_makes_of_it,
        parts_may_be_missing,
        every_part_follows_the_one_before,
        the_order_of_adding_is_kept_within_a_part,
        the_version_information_is_that_of_the_debugger,
        memory_comes_from_pieces_and_readers_too,
    ];
    [own, golden::trials(), limits::trials(), narrow::trials(), sinks::trials()].into_iter().flatten().collect()
}

/// The builder of a width.
fn empty<'a>(wide: bool) -> FullUserDumpBuilder<'a> {
    if wide {
        FullUserDumpBuilder::new_64_bit(ImageFileMachine::AMD64)
    } else {
        FullUserDumpBuilder::new_32_bit(ImageFileMachine::I386)
    }
}

/// A builder with everything that the assembler's dump has.
fn builder(dump: &UserDump) -> FullUserDumpBuilder<'_> {
    let machine = ImageFileMachine(dump.machine);
    let mut builder = match dump.wide {
        true => FullUserDumpBuilder::new_64_bit(machine),
        false => FullUserDumpBuilder::new_32_bit(machine),
    };
    builder.system_version(dump.major, dump.minor);
    if let Some(event) = &dump.event {
        builder.debug_event(ExceptionDebugEvent64 {
            debug_event_code: 1,
            process_id: event.process,
            thread_id: event.thread,
            exception_record: ExceptionRecord {
                exception_code: event.code,
                exception_flags: event.flags,
                exception_record: event.record,
                exception_address: event.address,
                number_parameters: event.parameters,
                exception_information: event.information,
                ..Default::default()
            },
            first_chance: event.first_chance,
            ..Default::default()
        });
    }
    for thread in &dump.threads {
        let state = CrashThread64 {
            thread_id: thread.id,
            suspend_count: thread.suspend_count,
            priority_class: thread.priority_class,
            priority: thread.priority,
            teb: thread.teb,
            ..Default::default()
        };
        builder.thread(state, &thread.context);
    }
    for module in &dump.modules {
        // The caller does not provide the length.
        let (base_of_image, size_of_image) = (module.base, module.size);
        let record = CrashModule64 { base_of_image, size_of_image, image_name_length: 0xDEAD };
        builder.module(record, &module.name[..module.name.len() - 1]);
    }
    for region in &dump.regions {
        builder.region(row(region), MemoryRange::borrowed(region.base, &region.bytes));
    }
    if let Some(bytes) = &dump.version_info {
        builder.version_information(bytes);
    }
    builder
}

fn row(region: &UserRegion) -> MemoryInfo {
    MemoryInfo {
        base_address: region.base,
        allocation_base: region.allocation_base,
        allocation_protect: region.allocation_protect,
        alignment1: region.alignment[0],
        region_size: region.size,
        state: region.state,
        protect: region.protect,
        memory_type: region.kind,
        alignment2: region.alignment[1],
    }
}

/// A region of this size.
fn sized(size: u64) -> MemoryInfo {
    MemoryInfo { base_address: 0x1000, region_size: size, ..Default::default() }
}

/// Returns the file that the builder makes, and checks what the plan said about it.
fn write(builder: FullUserDumpBuilder<'_>) -> Vec<u8> {
    let plan = builder.plan().expect("everything fits");
    assert_eq!(plan.directory(), []);
    let size = plan.size();
    let mut file = Vec::new();
    let written = plan.write_to(&mut file).expect("a vector accepts every write");
    assert_eq!((written.size, written.shortfalls.len(), file.len() as u64), (size, 0, size));
    file
}

/// One of everything, with different numbers in all fields.
fn sample(wide: bool) -> UserDump {
    // Addresses that differ in all bytes of the width.
    let address = |low: u32| if wide { 0x0123_4567_0000_0000 } else { 0 } + u64::from(low);
    let context = |seed: u8| (0..if wide { 1232 } else { 716 }).map(|at: usize| seed ^ at as u8).collect();
    let thread = |number: u32| UserThread {
        id: 0x100 + number,
        suspend_count: 0x200 + number,
        priority_class: 0x300 + number,
        priority: 0x400 + number,
        teb: address(0x7EFD_0000 + number),
        context: context(number as u8),
    };
    let region = |base: u32, bytes: &[u8]| UserRegion {
        allocation_base: address(base - 0x800),
        allocation_protect: 0x80,
        protect: 0x20,
        kind: 0x100_0000,
        alignment: [0xA1A2_A3A4, 1],
        ..UserRegion::new(address(base), bytes)
    };
    let event = UserEvent {
        process: 0x11,
        thread: 0x12,
        code: 0xC000_0005,
        flags: 0x13,
        record: address(0x14),
        address: address(0x8000_0015),
        parameters: 2,
        information: std::array::from_fn(|index| address(0x1600 + index as u32)),
        first_chance: 0x17,
    };
    let dump = if wide { UserDump::wide() } else { UserDump::narrow() };
    dump.event(event)
        .thread(thread(1))
        .thread(thread(2))
        .thread(thread(3))
        .module(address(0x0040_0000), 0x5000, "C:\\a.exe")
        .module(address(0x7700_0000), 0xF000_0000, "")
        .module(address(0xA500_0000), 0x7000, "C:\\odd\\\u{e4}.dll")
        .region(region(0x1000, &[1; 5]))
        .region(region(0x2000, &[]))
        .region(region(0xA000_0000, &[2; 300]))
        .service_pack("Service Pack 1")
}

fn a_dump_is_what_the_assembler_makes_of_it() {
    for wide in [false, true] {
        let file = write(builder(&sample(wide)));
        assert!(file == sample(wide).build(), "wide: {wide}");
    }
}

fn parts_may_be_missing() {
    type Remove = fn(&mut UserDump);
    let without: [(&str, Remove); 7] = [
        ("event", |dump| dump.event = None),
        ("threads", |dump| dump.threads.clear()),
        ("modules", |dump| dump.modules.clear()),
        ("regions", |dump| dump.regions.clear()),
        ("version information", |dump| dump.version_info = None),
        ("bytes of the version information", |dump| dump.version_info = Some(Vec::new())),
        ("everything", |dump| {
            (dump.event, dump.version_info) = (None, None);
            (dump.threads, dump.modules, dump.regions) = (Vec::new(), Vec::new(), Vec::new());
        }),
    ];
    for wide in [false, true] {
        for (what, remove) in without {
            let [mut given, mut expected] = [sample(wide), sample(wide)];
            remove(&mut given);
            remove(&mut expected);
            assert!(write(builder(&given)) == expected.build(), "without {what}, wide: {wide}");
        }
        let header = write(empty(wide));
        let (size, zeros) = if wide { (96, [0; 8].as_slice()) } else { (64, [0; 4].as_slice()) };
        assert_eq!(header.len(), size);
        let words: Vec<&[u8]> = header[32..].chunks(zeros.len()).collect();
        let end = [&[size as u8], &zeros[1..]].concat();
        // Where empty parts would begin, and zeros for what is absent: event, version information, the spare word.
        assert_eq!(words, [&end[..], &end, &end, &end, zeros, &end, zeros, zeros]);
    }
}

/// The version information of [`counted`], which also has two regions of 3 and 5 bytes.
const INFORMATION: &[u8; 4] = b"info";

/// Two of each, with offsets computed by hand.
fn counted<'a>(wide: bool) -> FullUserDumpBuilder<'a> {
    let mut dump = empty(wide);
    dump.system_version(0x0A0B, 0x0C0D).spare(0x0E0F).version_information(INFORMATION);
    dump.region(sized(3), MemoryRange::borrowed(1, b"abc")).module(CrashModule64::default(), b"a.exe");
    dump.thread(CrashThread64::default(), &[]).thread(CrashThread64::default(), &[]);
    dump.module(CrashModule64::default(), b"bc").region(sized(5), MemoryRange::borrowed(2, b"defgh"));
    dump.debug_event(ExceptionDebugEvent64 { process_id: 7, ..Default::default() });
    dump
}

fn every_part_follows_the_one_before() {
    let narrow = write(counted(false));
    let words: Vec<u32> = narrow[..64].chunks(4).map(|it| u32::from_le_bytes(it.try_into().expect("four"))).collect();
    assert_eq!(&narrow[..8], b"USERDUMP");
    assert_eq!(words[2..8], [0x0A0B, 0x0C0D, 0x14C, 2, 2, 2]);
    // Event at 64, 96 bytes; regions at 160, 28 each; contexts at 216, 716 each; states at 1648, 48 each; modules at
    // 1744, 12 + 6 and 12 + 3; memory at 1777, 3 + 5; version information at 1785.
    assert_eq!(words[8..], [216, 1744, 1777, 160, 64, 1648, 1785, 0x0E0F]);
    assert_eq!(&narrow[1777..], b"abcdefghinfo");
    assert_eq!(&narrow[1756..1762], b"a.exe\0");
    assert_eq!((&narrow[1752..1756], &narrow[1770..1774]), (&[6, 0, 0, 0][..], &[3, 0, 0, 0][..]));

    let wide = write(counted(true));
    assert_eq!(&wide[..8], b"USERDU64");
    assert_eq!(
        wide[8..32],
        [[0x0B, 0x0A, 0, 0], [0x0D, 0x0C, 0, 0], [0x64, 0x86, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0]].concat()
    );
    let words: Vec<u64> = wide[32..96].chunks(8).map(|it| u64::from_le_bytes(it.try_into().expect("eight"))).collect();
    // Event at 96, 176 bytes; regions at 272, 48 each; contexts at 368, 1232 each; states at 2832, 80 each; modules at
    // 2992, 16 + 6 and 16 + 3; memory at 3033, 3 + 5; version information at 3041.
    assert_eq!(words, [368, 2992, 3033, 272, 96, 2832, 3041, 0x0E0F]);
    assert_eq!(&wide[3033..], b"abcdefghinfo");
    assert_eq!(&wide[3008..3014], b"a.exe\0");
}

fn the_order_of_adding_is_kept_within_a_part() {
    for wide in [false, true] {
        let module = |base| UserModule { base, size: 1, name: b"m\0".to_vec() };
        let [mut given, mut expected] = [sample(wide), sample(wide)];
        for dump in [&mut given, &mut expected] {
            dump.modules = [9, 3, 3, 7].map(module).into();
            dump.regions.reverse();
            dump.threads.rotate_left(1);
        }
        assert!(write(builder(&given)) == expected.build(), "wide: {wide}");
    }
}

fn the_version_information_is_that_of_the_debugger() {
    let engine = |name: &str| {
        let text = format!("CRASH: OS SP\0{name}\0CRASH: Hotfixes\0none\0\0");
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let header = write(empty(true)).len();
    let written = |name: Text<'_>| {
        let mut dump = empty(true);
        dump.version_information(b"replaced").service_pack(name);
        write(dump).split_off(header)
    };
    assert_eq!(written("Service Pack 1".into()), engine("Service Pack 1"));
    assert_eq!(written("Service Pack 1".into()).len(), 100);
    assert_eq!(written("".into()), engine(""));
    // Sources may have leftovers: a NUL with bytes after it, and half a UTF-16 unit.
    assert_eq!(written("SP 2\0\0junk".into()), engine("SP 2"));
    assert_eq!(written(Text::from_utf16_le(b"S\0P\0?")), engine("SP"));
    let mut dump = empty(true);
    dump.service_pack("replaced").version_information(b"raw");
    assert_eq!(write(dump).split_off(header), b"raw");
}

fn memory_comes_from_pieces_and_readers_too() {
    for wide in [false, true] {
        let expected = write(counted(wide));
        let mut dump = empty(wide);
        dump.system_version(0x0A0B, 0x0C0D).spare(0x0E0F).version_information(INFORMATION);
        dump.region(sized(3), MemoryRange::from_pieces(1, vec![b"a", b"", b"bc"]));
        dump.region(sized(5), MemoryRange::from_reader(2, 5, &b"defgh and more"[..]));
        dump.thread(CrashThread64::default(), &[]).thread(CrashThread64::default(), &[]);
        dump.module(CrashModule64::default(), b"a.exe").module(CrashModule64::default(), b"bc");
        dump.debug_event(ExceptionDebugEvent64 { process_id: 7, ..Default::default() });
        let plan = dump.plan().expect("it is small");
        assert_eq!(plan.memory(), (2, 8));
        let mut file = Vec::new();
        plan.write_to(&mut file).expect("a vector accepts every write");
        assert!(file == expected, "wide: {wide}");
    }
}
