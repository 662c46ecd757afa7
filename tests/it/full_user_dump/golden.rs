//! The full user dumps that the debugger wrote, compared with facts that another program extracted, and with the
//! minidumps with full memory of the same stopped processes.

use libtest_mimic::Trial;
use userdump::MappedFile;
use userdump::format::ProcessorArchitecture;
use userdump::read::FullUserDump;
use userdump::read::full_user_dump::{UserModule, UserThread, VersionInformation};

use super::open;
use crate::support::facts::Facts;
use crate::support::json::Json;
use crate::support::{Shared, golden, shared_trial};

pub fn trials() -> Vec<Trial> {
    let of_set = |set: &'static str| {
        [
            shared_trial(format!("full_user_dump::golden::facts_of_{set}"), move |shared| facts(shared, set)),
            shared_trial(format!("full_user_dump::golden::{set}_and_its_minidump"), move |shared| twins(shared, set)),
        ]
    };
    golden::USER_DUMP_SETS.into_iter().flat_map(of_set).collect()
}

fn file(shared: &Shared, member: &str) -> MappedFile {
    MappedFile::open(shared.golden_path(member)).expect("it is unpacked")
}

fn numbers<const N: usize>(value: &Json, names: [&str; N]) -> [u64; N] {
    names.map(|name| value.get(name).number())
}

fn facts(shared: &Shared, set: &str) {
    let facts = Json::parse(&shared.read(&format!("golden/{set}.f.json")));
    assert_eq!(facts.get("kind").text(), "userdump");
    let file = file(shared, &format!("{set}/f.dmp"));
    assert_eq!(file.len() as u64, facts.get("size").number());
    let dump = open(&file);
    header(&dump, &facts);
    regions(&dump, &facts);
    threads(&dump, &facts);
    let modules: Vec<_> = dump
        .modules()
        .map(|it| {
            (it.base(), u64::from(it.size()), it.offset(), it.name().expect("it is complete").as_bytes().to_vec())
        })
        .collect();
    let module = |row: &Json| {
        let [base, size, offset] = numbers(row, ["base", "size", "offset"]);
        let name = row.get("name").text().trim_end_matches('\0');
        (base, size, offset, name.as_bytes().to_vec())
    };
    assert_eq!(modules, facts.get("modules").list().iter().map(module).collect::<Vec<_>>());
    event(&dump, facts.get("event").text());
    version(&dump);
}

fn header(dump: &FullUserDump<'_>, facts: &Json) {
    let (it, header) = (dump.header(), facts.get("header"));
    let fields = [it.major_version, it.minor_version, it.machine_image_type.0, it.thread_count, it.module_count];
    let expected = numbers(header, ["major", "minor", "machine", "threads", "modules"]);
    assert_eq!(fields.map(u64::from), expected);
    assert_eq!(u64::from(it.memory_region_count), header.get("regions").number());
    let positions = [
        it.thread_offset,
        it.module_offset,
        it.data_offset,
        it.memory_region_offset,
        it.debug_event_offset,
        it.thread_state_offset,
        it.version_info_offset,
        it.spare,
    ];
    let expected = [
        "thread_offset",
        "module_offset",
        "data_offset",
        "region_offset",
        "event_offset",
        "thread_state_offset",
        "version_info_offset",
        "spare",
    ];
    assert_eq!(positions, numbers(header, expected));
    assert_eq!(dump.context_size(), facts.get("context_stride").number());
    let wide = header.get("machine").number() == 0x8664;
    let architecture = if wide { ProcessorArchitecture::AMD64 } else { ProcessorArchitecture::X86 };
    assert_eq!((dump.is_64_bit(), dump.target().architecture), (wide, Some(architecture)));
}

fn regions(dump: &FullUserDump<'_>, facts: &Json) {
    let found: Vec<_> = dump
        .region_list()
        .iter()
        .map(|it| *it.raw())
        .map(|it| {
            let words = [it.allocation_protect, it.state, it.protect, it.memory_type].map(u64::from);
            ([it.base_address, it.allocation_base, it.region_size], words)
        })
        .collect();
    let region = |row| {
        (numbers(row, ["base", "alloc_base", "size"]), numbers(row, ["alloc_protect", "state", "protect", "type"]))
    };
    assert_eq!(found, facts.get("regions").list().iter().map(region).collect::<Vec<_>>());
    let stored: Vec<_> = dump.stored_regions().map(|it| [it.range.address, it.range.size, it.range.offset]).collect();
    let memory = facts.get("memory").list();
    assert_eq!(stored, memory.iter().map(|row| numbers(row, ["va", "size", "offset"])).collect::<Vec<_>>());
    assert_eq!(stored.iter().map(|[_, size, _]| size).sum::<u64>(), facts.get("memory_total").number());
    let end = stored.last().map(|[_, size, offset]| size + offset);
    assert_eq!(end, Some(facts.get("data_end").number()));
    for it in dump.stored_regions() {
        let offset = it.range.offset as usize;
        assert!(
            it.range.bytes().unwrap() == &dump.data().unwrap()[offset..offset + it.range.size as usize],
            "{:#x}",
            it.range.address
        );
    }
}

fn threads(dump: &FullUserDump<'_>, facts: &Json) {
    let expected = facts.get("threads").list();
    assert_eq!(dump.threads().len(), expected.len() as u64);
    for (index, (thread, row)) in dump.threads().iter().zip(expected).enumerate() {
        let raw = thread.raw();
        let fields = [raw.thread_id, raw.suspend_count, raw.priority_class, raw.priority].map(u64::from);
        assert_eq!(fields, numbers(row, ["id", "suspend", "prio_class", "prio"]));
        assert_eq!((raw.teb, raw.spare), (row.get("teb").number(), [0; 7]));
        let context = thread.context().expect("it is complete").expect("it is present");
        let stride = facts.get("context_stride").number() as usize;
        let start = facts.get("header").get("thread_offset").number() as usize + index * stride;
        assert_eq!(context.as_bytes(), &dump.data().unwrap()[start..start + stride]);
        let row = row.get("context");
        assert_eq!((context.flags(), stride as u64), (Some(row.get("flags").number()), row.get("size").number()));
        let mut registers = 0;
        for name in ["rip", "rsp", "rbp", "eip", "esp", "ebp", "eflags", "mxcsr"] {
            let value = row.get(name);
            if *value != Json::Null {
                let found = context.register(name).and_then(|value| value.as_u64());
                assert_eq!(found, Some(value.number()), "{name} of thread {index}");
                registers += 1;
            }
        }
        assert_eq!(registers, if dump.is_64_bit() { 5 } else { 4 });
    }
}

/// The event as bytes in hexadecimal, decoded by the documented offsets.
fn event(dump: &FullUserDump<'_>, digits: &str) {
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits"))
        .collect();
    let wide = dump.is_64_bit();
    assert_eq!(bytes.len(), if wide { 176 } else { 96 });
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let long = |at: usize| match wide {
        true => u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")),
        false => word(at).into(),
    };
    let event = dump.debug_event().expect("it can be read").expect("it is present");
    assert_eq!([event.debug_event_code, event.process_id, event.thread_id], [word(0), word(4), word(8)]);
    let record = event.exception_record;
    let [code, flags, nested, address, count, information, chance] =
        if wide { [16, 20, 24, 32, 40, 48, 168] } else { [12, 16, 20, 24, 28, 32, 92] };
    assert_eq!([record.exception_code, record.exception_flags], [word(code), word(flags)]);
    assert_eq!([record.exception_record, record.exception_address], [long(nested), long(address)]);
    let width = if wide { 8 } else { 4 };
    let information: [u64; 15] = std::array::from_fn(|index| long(information + width * index));
    assert_eq!((record.number_parameters, record.exception_information), (word(count), information));
    assert_eq!(event.first_chance, word(chance));
    let exception = dump.exception().expect("it can be read").expect("it is valid");
    assert_eq!((exception.code(), exception.address()), (word(code), long(address)));
    assert!(dump.threads().by_id(exception.thread_id()).is_some());
}

fn version(dump: &FullUserDump<'_>) {
    let Some(VersionInformation::Texts(texts)) = dump.version_information() else { panic!("the dump has no texts") };
    assert_eq!(texts.as_bytes().len(), 100);
    let pairs: Vec<_> = texts.iter().map(|(key, text)| (key.to_string(), text.to_string())).collect();
    let expected = [("CRASH: OS SP", "Service Pack 1"), ("CRASH: Hotfixes", "none")];
    assert_eq!(pairs, expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
    assert!(dump.service_pack().is_some_and(|text| text == "Service Pack 1"));
    assert_eq!(dump.build_number(), 7601);
}

/// The page that the kernel shares with every process: it contains a clock, so two dumps of a stopped process differ
/// there.
const SHARED_DATA: std::ops::Range<u64> = 0x7ffe_0000..0x7ffe_1000;

fn twins(shared: &Shared, set: &str) {
    let (user, mini) = (file(shared, &format!("{set}/f.dmp")), file(shared, &format!("{set}/ma.dmp")));
    let (dump, facts) = (open(&user), Facts::of(&mini));
    let low = |address: u64| if dump.is_64_bit() { address } else { address & 0xffff_ffff };
    let memory = dump.memory();
    let mut differing = Vec::new();
    let mut ranges = Vec::new();
    for range in facts.ranges() {
        let address = low(range.address);
        let found = memory.slice(address, range.size).unwrap_or_else(|| panic!("{address:#x} is not present"));
        if found != range.bytes.0 {
            let differ = (address..).zip(found.iter().zip(range.bytes.0)).filter(|(_, (one, other))| one != other);
            differing.extend(differ.map(|(address, _)| address));
        }
        ranges.push((address, range.size));
    }
    assert!(differing.len() <= 10 && differing.iter().all(|address| SHARED_DATA.contains(address)), "{differing:x?}");
    ranges.sort_unstable();
    let stored: Vec<_> = dump.stored_regions().map(|it| (it.range.address, it.range.size)).collect();
    assert_eq!(stored, ranges);

    // Segment registers (for AMD64 with the flags), and the other registers: their offsets in the contexts.
    let [control, integer] = if dump.is_64_bit() { [0x38..0x48, 0x78..0x100] } else { [0x8c..0x9c, 0x9c..0xcc] };
    let context = |thread: &UserThread<'_>| thread.context().ok().flatten().expect("it is present").as_bytes().to_vec();
    let general = |bytes: &[u8]| [&bytes[control.clone()], &bytes[integer.clone()]].concat();
    let found: Vec<_> = dump.threads().iter().map(|it| (it.id(), it.teb(), general(&context(&it)))).collect();
    let expected: Vec<_> = facts.threads().iter().map(|it| (it.id, low(it.teb), general(&it.context))).collect();
    assert_eq!(found, expected);

    // Where the process stopped early, the debugger knew some names only without their folders when it wrote the first
    // dump.
    let file_name = |path: &str| path.rsplit('\\').next().unwrap_or_default().to_owned();
    let name = |it: &UserModule<'_>| it.name().expect("it is complete").to_string();
    let named = |it: &crate::support::facts::Module<'_>| it.name.text.clone().unwrap_or_default();
    let mut expected: Vec<_> =
        facts.modules().iter().map(|it| (low(it.base), it.size, file_name(&named(it)))).collect();
    expected.sort_unstable();
    let found: Vec<_> = dump.modules().map(|it| (it.base(), it.size(), file_name(&name(&it)))).collect();
    assert_eq!(found, expected);
}
