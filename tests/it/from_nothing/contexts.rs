//! Registers by name, for every layout: compared with the documented tables, the peer, and our reader.

use libtest_mimic::Trial;
use minidump::{Minidump as PeerDump, MinidumpMiscInfo, MinidumpSystemInfo, MinidumpThreadList};
use userdump::format::context::{ContextLayout, RegisterGroup};
use userdump::format::{PlatformId, ProcessorArchitecture};
use userdump::read::{Minidump, ThreadList};
use userdump::write::{ContextBuilder, MiscInfo, SystemInfo, Thread};
use userdump::{MinidumpBuilder, WriteError};

use crate::contexts::tables::{Field, TABLES, Table};
use crate::contexts::{fields_of_the_peer, planted};
use crate::plan::write;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        every_register_of_every_layout_is_where_it_is_documented,
        flags_name_the_groups_that_were_filled,
        chosen_flags_take_the_place_of_others,
        every_name_and_nothing_else_is_known,
        values_that_do_not_fit_are_errors,
        the_area_of_fxsave_is_that_of_single_registers,
        the_peer_reads_all_registers,
        avx_registers_are_read_again,
        the_area_of_crashpad_is_made_byte_for_byte,
        only_amd64_and_x86_have_extended_registers,
        contexts_of_another_processor_are_refused,
    ]
}

fn layout(table: &Table) -> &'static ContextLayout {
    let layouts = ProcessorArchitecture(table.architecture).processor().contexts;
    layouts.iter().find(|layout| layout.name == table.name).expect("the layout exists")
}

fn set(builder: &mut ContextBuilder, field: &Field) {
    let value = planted(field.offset, field.size).to_le_bytes();
    if field.size <= 8 {
        builder.register(&field.name, u64::from_le_bytes(value[..8].try_into().expect("eight bytes")));
    } else {
        builder.register_bytes(&field.name, &value[..field.size]);
    }
}

/// The bits for the processor and for every group that has one of these registers and a bit.
fn expected_flags(table: &Table, fields: &[Field]) -> u64 {
    let groups = table.groups();
    let all = groups.iter().fold(0, |all, (_, flag)| all | flag);
    let filled = groups.iter().filter(|(group, _)| fields.iter().any(|field| field.group == *group));
    let filled = filled.fold(0, |bits, (_, flag)| bits | flag);
    let x18 = if table.name == "ARM64" && fields.iter().any(|field| field.name == "x18") { 0x10 } else { 0 };
    // LLDB's own mark is not generated, nor is the bit of x18 for the processor.
    let mark = if table.name.contains("AMD64 (LLDB)") { 0x8000_0000 } else { 0 };
    let cpu = table.flags & !all & !mark & !if table.name == "ARM64" { 0x10 } else { 0 };
    cpu | filled | x18
}

fn builder(table: &Table) -> ContextBuilder {
    let mut builder = ContextBuilder::new(layout(table));
    if table.architecture == 0x8004 && table.name == "MIPS" {
        builder.cpu_flag(0x8_0000);
    }
    builder
}

fn every_register_of_every_layout_is_where_it_is_documented() {
    for table in TABLES {
        let fields = table.fields();
        let mut all = builder(table);
        let mut record = vec![0; table.size];
        let flags = expected_flags(table, &fields).to_le_bytes();
        record[table.flags_at..][..table.flags_size].copy_from_slice(&flags[..table.flags_size]);
        for field in &fields {
            set(&mut all, field);
            let value = planted(field.offset, field.size).to_le_bytes();
            record[field.offset..][..field.size].copy_from_slice(&value[..field.size]);
        }
        assert_eq!(all.encode().expect("all names are known"), record, "{}", table.name);
        // Setting a register again replaces its value.
        fields.iter().for_each(|field| _ = all.register_bytes(&field.name, &vec![0; field.size]));
        record.iter_mut().for_each(|byte| *byte = 0);
        record[table.flags_at..][..table.flags_size].copy_from_slice(&flags[..table.flags_size]);
        assert_eq!(all.encode().expect("all names are known"), record, "{}", table.name);
    }
}

fn flags_name_the_groups_that_were_filled() {
    for table in TABLES {
        let flags_of = |builder: &ContextBuilder| {
            let record = builder.encode().expect("it is valid");
            let mut flags = [0; 8];
            flags[..table.flags_size].copy_from_slice(&record[table.flags_at..][..table.flags_size]);
            u64::from_le_bytes(flags)
        };
        assert_eq!(flags_of(&builder(table)), expected_flags(table, &[]), "{}", table.name);
        for field in table.fields() {
            let mut one = builder(table);
            set(&mut one, &field);
            assert_eq!(flags_of(&one), expected_flags(table, &[field]), "{}", table.name);
        }
        for (group, flag) in table.groups() {
            let mut one = builder(table);
            one.group(group);
            assert_eq!(flags_of(&one), expected_flags(table, &[]) | flag, "{}", table.name);
        }
    }
}

fn chosen_flags_take_the_place_of_others() {
    for table in TABLES {
        let chosen = if table.flags_size == 4 { 0x1234_5678 } else { 0x1234_5678_9abc_def0_u64 };
        let mut builder = builder(table);
        let record = builder.register(table.pointers[0], 7).flags(chosen).encode().expect("it is valid");
        let found = &record[table.flags_at..][..table.flags_size];
        assert_eq!(found, &chosen.to_le_bytes()[..table.flags_size], "{}", table.name);
    }
    // CONTEXT_MIPS, CONTEXT_AMD64.
    assert!(ContextBuilder::new(&ContextLayout::MIPS).cpu_flag(0x4_0000).encode().is_ok());
    let error = ContextBuilder::new(&ContextLayout::X86).cpu_flag(0x10_0000).encode();
    assert!(matches!(error, Err(WriteError::InvalidInput { .. })), "{error:?}");
}

/// Names of one layout are tried on all others: a layout knows the names of its table and their aliases.
fn every_name_and_nothing_else_is_known() {
    let names: Vec<String> = TABLES.iter().flat_map(|table| table.fields()).map(|field| field.name).collect();
    for table in TABLES {
        let fields = table.fields();
        for name in &names {
            let own = fields.iter().find(|field| field.name == *name);
            let found = layout(table).register(name);
            match own {
                Some(own) => {
                    let found = found.expect("it is in the table");
                    assert_eq!((found.name, found.offset as usize), (&*own.name, own.offset), "{}", table.name);
                }
                // An alias refers to a register of the table.
                None => assert!(found.is_none_or(|it| fields.iter().any(|own| own.name == it.name && it.name != name))),
            }
        }
        for name in ["", "nonsense", "RIP", "rip ", "x", "r", "a name that is longer than any register's name is"] {
            assert_eq!(layout(table).register(name), None, "{name:?}");
            let error = ContextBuilder::new(layout(table)).register(name, 1).encode().expect_err("it is unknown");
            assert_eq!(error.to_string(), format!("the context layout {} has no register {name:?}", table.name));
        }
    }
}

fn values_that_do_not_fit_are_errors() {
    let fault = |fill: &dyn Fn(&mut ContextBuilder)| {
        let mut builder = ContextBuilder::new(&ContextLayout::AMD64);
        fill(&mut builder);
        // The first error is reported, whatever follows it.
        builder.register("rip", 1).register("nonsense", 1);
        builder.encode().expect_err("it is invalid").to_string()
    };
    assert_eq!(fault(&|it| _ = it.register("cs", 0x1_0000)), "cs: the value is too large for the register");
    assert_eq!(fault(&|it| _ = it.register_bytes("xmm3", &[1; 15])), "xmm3: the size of the register differs");
    assert_eq!(fault(&|it| _ = it.register_bytes("xmm3", &[0; 17])), "xmm3: the size of the register differs");
    assert_eq!(fault(&|it| _ = it.register_bytes("rip", &[1; 4])), "rip: the size of the register differs");
    // Two bytes, all of them set, fit; so does a short value of a wide register.
    let mut builder = ContextBuilder::new(&ContextLayout::AMD64);
    let record = builder.register("cs", 0xffff).register("xmm0", 5).encode().expect("both fit");
    assert_eq!((&record[56..58], &record[58..60]), (&[0xff; 2][..], &[0; 2][..]));
    assert_eq!(record[416..432], [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

fn the_area_of_fxsave_is_that_of_single_registers() {
    for (name, fxsave, group) in [("AMD64", 256, RegisterGroup::FloatingPoint), ("x86", 204, RegisterGroup::Extended)] {
        let table = TABLES.iter().find(|table| table.name == name).expect("the table exists");
        let mut area = [0; 512];
        let fields = table.fields();
        let inside = |field: &&Field| (fxsave..fxsave + 512).contains(&field.offset) && field.group == group;
        for field in fields.iter().filter(inside) {
            let value = planted(field.offset, field.size).to_le_bytes();
            area[field.offset - fxsave..][..field.size].copy_from_slice(&value[..field.size]);
        }
        let mut single = builder(table);
        fields.iter().filter(inside).for_each(|field| set(&mut single, field));
        if name == "AMD64" {
            // Windows stores the control word of SSE a second time.
            single.register("mxcsr", u32::from_le_bytes(area[24..28].try_into().expect("four bytes")).into());
        }
        assert_eq!(
            builder(table).fxsave(&area).encode().expect("it has an offset"),
            single.encode().expect("it is valid")
        );
    }
    for table in TABLES.iter().filter(|table| !["AMD64", "x86"].contains(&table.name)) {
        assert!(builder(table).fxsave(&[0; 512]).encode().is_err(), "{}", table.name);
    }
}

/// The peer has no layouts of LLDB, RISC-V and LoongArch, none of Windows for ARM, and for MIPS64 none that it reads.
fn the_peer_reads_all_registers() {
    let mut read = Vec::new();
    for table in TABLES {
        let mut registers = builder(table);
        table.fields().iter().for_each(|field| set(&mut registers, field));
        let mut dump = MinidumpBuilder::new();
        dump.add(SystemInfo::new(ProcessorArchitecture(table.architecture), PlatformId(table.platform)));
        dump.add(Thread::new(7).context(registers));
        let file = write(dump);
        let peer = PeerDump::read(&*file).expect("the peer opens it");
        let system = peer.get_stream::<MinidumpSystemInfo>().expect("it is present");
        let misc = peer.get_stream::<MinidumpMiscInfo>().ok();
        let threads = peer.get_stream::<MinidumpThreadList<'_>>().expect("they are present");
        let Some(context) = threads.threads[0].context(&system, misc.as_ref()) else { continue };
        for (name, value) in fields_of_the_peer(&context.raw) {
            let field = table.fields().into_iter().find(|field| field.name == name);
            let field = field.unwrap_or_else(|| panic!("{} has no {name}", table.name));
            assert_eq!(value, planted(field.offset, field.size), "{name} of {}", table.name);
        }
        read.push(table.name);
    }
    let expected = ["x86", "AMD64", "ARM (Breakpad)", "ARM64", "ARM64 (Breakpad)", "MIPS", "PowerPC", "PPC64", "SPARC"];
    assert_eq!(read, expected, "contexts that the peer reads");
}

fn avx_registers_are_read_again() {
    let register = |number: u8| core::array::from_fn::<u8, 32, _>(|at| number * 7 + at as u8);
    for (layout, architecture, count) in [
        (&ContextLayout::AMD64, ProcessorArchitecture::AMD64, 16),
        (&ContextLayout::X86, ProcessorArchitecture::X86, 8),
    ] {
        let mut registers = ContextBuilder::new(layout);
        (0..count).for_each(|number| _ = registers.ymm(number, &register(number)));
        registers.xstate(9, &[1, 2, 3, 4, 0, 0, 0, 0]).xstate(5, &[5; 64]);
        let config = registers.xstate_config();
        for misc in [None, Some(MiscInfo::new().xstate(config))] {
            let mut dump = MinidumpBuilder::new();
            dump.add(SystemInfo::new(architecture, PlatformId::WIN32_NT)).add(Thread::new(1).context(&registers));
            let has_misc = misc.is_some();
            misc.into_iter().for_each(|misc| _ = dump.add(misc));
            let file = write(dump);
            let dump = Minidump::parse(&file).expect("it opens");
            let threads = dump.stream::<ThreadList<'_>>().expect("they are valid").expect("they are present");
            let context =
                threads.get(0).expect("it is present").context().expect("it is valid").expect("it is present");
            let known = dump.stream::<userdump::read::system::MiscInfo<'_>>().expect("it is valid");
            let known = known.and_then(|misc| misc.xstate());
            assert_eq!(known, has_misc.then_some(config));
            let extended = context.xstate(known.as_ref()).expect("it has extended registers");
            for number in 0..count {
                assert_eq!(extended.ymm(number.into()), Some(register(number)));
            }
            assert_eq!(extended.ymm(count.into()), None);
            assert_eq!(extended.feature(9).expect("it is present").bytes, [1, 2, 3, 4, 0, 0, 0, 0]);
            assert_eq!(extended.feature(5).expect("it is present").bytes, [5; 64]);
            assert!(!extended.is_truncated());
        }
    }
    let error = ContextBuilder::new(&ContextLayout::X86).ymm(8, &[1; 32]).encode().expect_err("there are eight");
    assert_eq!(error.to_string(), "the context layout x86 has no register \"xmm8\"");
}

/// The numbers are those that Crashpad's `minidump_context.h` defines and Crashpad writes.
fn the_area_of_crashpad_is_made_byte_for_byte() {
    let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
    let (msr, ssp) = (0x1122_3344_5566_7788_u64, 0x7fff_0000_1000_u64);
    let group = [msr.to_le_bytes(), ssp.to_le_bytes()].concat();
    let record = registers.xstate(11, &group).encode().expect("it is valid");
    let words = |at: usize, count: usize| -> Vec<i64> {
        let words =
            record[at..at + 4 * count].chunks(4).map(|word| i32::from_le_bytes(word.try_into().expect("four bytes")));
        words.map(i64::from).collect()
    };
    assert_eq!(record.len(), 1376);
    assert_eq!(words(48, 1), [0x10_0040]);
    assert_eq!(words(1232, 6), [-1232, 1376, -1232, 1232, 64, 80]);
    assert_eq!(record[1256..1296], [0; 40]);
    assert_eq!(record[1296..1304], (1_u64 << 11).to_le_bytes());
    assert_eq!(record[1304..1312], (1_u64 << 63 | 1 << 11).to_le_bytes());
    assert_eq!(record[1312..1360], [0; 48]);
    assert_eq!(record[1360..], group);
    let config = registers.xstate_config();
    assert_eq!((config.context_size, config.enabled_features), (1376, 1 << 63 | 1 << 11));
    assert_eq!(config.feature(11), Some((576, 16)));
}

fn only_amd64_and_x86_have_extended_registers() {
    for table in TABLES {
        let has_place = ["AMD64", "x86"].contains(&table.name);
        assert_eq!(builder(table).xstate(9, &[0; 8]).encode().is_ok(), has_place, "{}", table.name);
    }
    let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
    for (number, size) in [(0, 160), (1, 256), (15, 8), (19, 8), (62, 8), (63, 8), (64, 8), (9, 7), (9, 9), (2, 0)] {
        let error = registers.clone().xstate(number, &vec![0; size]).encode();
        assert!(matches!(error, Err(WriteError::InvalidInput { .. })), "{number} of {size}: {error:?}");
    }
    // The feature that is aligned to 64 is so in the compacted area too: 576, 8, 640, 64.
    let config = registers.xstate(9, &[0; 8]).xstate(17, &[0; 64]).xstate_config();
    assert_eq!((config.feature(9), config.feature(17)), (Some((576, 8)), Some((640, 64))));
    assert_eq!(registers.encode().expect("it is valid").len(), 1232 + 64 + 640 + 64 - 512);
    assert_eq!(ContextBuilder::new(&ContextLayout::AMD64).xstate_config(), Default::default());
}

fn contexts_of_another_processor_are_refused() {
    for (system, table) in TABLES.iter().flat_map(|system| TABLES.iter().map(move |table| (system, table))) {
        let mut dump = MinidumpBuilder::new();
        dump.add(SystemInfo::new(ProcessorArchitecture(system.architecture), PlatformId::LINUX));
        dump.add(Thread::new(1).context(builder(table)));
        let known = ProcessorArchitecture(system.architecture).processor().contexts;
        let fits = known.iter().any(|layout| layout.name == table.name);
        assert_eq!(dump.plan().is_ok(), fits, "{} in a dump of {}", table.name, system.architecture);
    }
    let mut dump = MinidumpBuilder::new();
    dump.add(Thread::new(1).context(ContextBuilder::new(&ContextLayout::AMD64).register("eip", 1)));
    let error = dump.plan().expect_err("the register is unknown").to_string();
    assert_eq!(error, "the context layout AMD64 has no register \"eip\"");
}
