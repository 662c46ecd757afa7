//! Every register of every layout, in both byte orders, complete and truncated.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use userdump::format::ProcessorArchitecture;
use userdump::format::context::RegisterGroup;
use userdump::read::Context;

use super::tables::{Field, TABLES, Table};
use super::{BIG, LITTLE, Sample};
use crate::support::forms::Form;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        the_tables_are_sound,
        every_register_is_found_where_it_is_documented,
        records_that_are_cut_short_have_the_registers_that_are_left,
        records_that_are_longer_have_a_tail,
        flags_give_the_valid_groups,
        registers_have_their_other_names,
        values_are_printed_in_their_width,
    ]
}

/// A distinct value for each offset, as wide as the widest register.
pub fn planted(offset: usize, size: usize) -> u128 {
    let value = (offset as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    value & u128::MAX >> (128 - 8 * size)
}

/// A record with a distinct value in each register.
pub fn record(table: &Table, big_endian: bool) -> Vec<u8> {
    let mut record = vec![0xEE; table.size];
    let mut plant = |offset: usize, size: usize, value: u128, little: bool| {
        let bytes =
            if little { value.to_le_bytes()[..size].to_vec() } else { value.to_be_bytes()[16 - size..].to_vec() };
        record[offset..offset + size].copy_from_slice(&bytes);
    };
    for field in table.fields() {
        plant(field.offset, field.size, planted(field.offset, field.size), field.by_cpu || !big_endian);
    }
    plant(table.flags_at, table.flags_size, table.flags.into(), !big_endian);
    record
}

fn sample(table: &Table, form: Form) -> Sample {
    let record = record(table, form.big_endian);
    Sample { form, architecture: table.architecture, platform: table.platform, record }
}

fn the_tables_are_sound() {
    for table in TABLES {
        let mut end = 0;
        let mut places: Vec<_> = table.fields().iter().map(|field| (field.offset, field.size)).collect();
        places.push((table.flags_at, table.flags_size));
        places.sort_unstable();
        for (offset, size) in places {
            assert!(offset >= end, "{}: two registers at {offset}", table.name);
            end = offset + size;
        }
        assert!(end <= table.size, "{}", table.name);
    }
    let tables: BTreeSet<_> = TABLES.iter().map(|table| table.name).collect();
    let layouts = ProcessorArchitecture::KNOWN.iter().flat_map(|architecture| architecture.processor().contexts);
    let layouts: BTreeSet<_> = layouts.map(|layout| layout.name).collect();
    assert_eq!(tables, layouts, "a layout has no table");
}

fn every_register_is_found_where_it_is_documented() {
    for (table, form) in TABLES.iter().flat_map(|table| [(table, LITTLE), (table, BIG)]) {
        sample(table, form).look(|context| {
            assert_eq!(context.layout().map(|layout| layout.name), Some(table.name));
            assert_eq!(context.flags(), Some(table.flags), "{} {form:?}", table.name);
            assert!(!context.is_truncated() && context.tail().is_empty());
            same_registers(table, &table.fields(), &context);
            same_by_name(table, &table.fields(), &context);
            let names: BTreeSet<_> = context.registers().map(|register| register.name).collect();
            assert_eq!(names.len(), table.fields().len(), "{}: a name is repeated", table.name);
            let pointers = [context.instruction_pointer(), context.stack_pointer(), context.frame_pointer()];
            let named = table.pointers.map(|name| context.register(name).and_then(|value| value.as_u64()));
            assert_eq!(pointers, named, "{} {form:?}", table.name);
            assert_eq!(context.register("nonsense"), None);
        });
    }
}

fn same_registers(table: &Table, expected: &[Field], context: &Context<'_>) {
    let found = context.registers().map(|it| (it.name.to_owned(), it.group, it.value.bits(), it.value.size() as usize));
    let wanted = expected.iter().map(|it| (it.name.clone(), it.group, planted(it.offset, it.size), it.size));
    assert_eq!(found.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{}", table.name);
}

fn same_by_name(table: &Table, expected: &[Field], context: &Context<'_>) {
    for field in table.fields() {
        let value = context.register(&field.name);
        let inside = expected.contains(&field).then(|| planted(field.offset, field.size));
        assert_eq!(value.map(|value| value.bits()), inside, "{} of {}", field.name, table.name);
        let small = inside.filter(|_| field.size <= 8).map(|bits| bits as u64);
        assert_eq!(value.and_then(|value| value.as_u64()), small);
    }
}

fn records_that_are_cut_short_have_the_registers_that_are_left() {
    for (table, form) in TABLES.iter().flat_map(|table| [(table, LITTLE), (table, BIG)]) {
        let whole = sample(table, form);
        let fields = table.fields();
        for size in 1..table.size {
            let elsewhere = table.elsewhere.iter().any(|(from, to)| (*from..=*to).contains(&size));
            let cut = Sample { record: whole.record[..size].to_vec(), ..whole.clone() };
            cut.look(|context| {
                let name = context.layout().map(|layout| layout.name);
                if name != Some(table.name) {
                    assert!(elsewhere, "{size} bytes of {}: {name:?}", table.name);
                    return;
                }
                assert_eq!(context.is_truncated(), size < table.size - table.padding, "{size} of {}", table.name);
                let inside = |field: &&Field| field.offset + field.size <= size;
                let left: Vec<_> = fields.iter().filter(inside).cloned().collect();
                same_registers(table, &left, &context);
                let last = left.iter().rev().take(2);
                last.for_each(|field| assert!(context.register(&field.name).is_some()));
                let gone = fields.iter().find(|field| field.offset + field.size > size);
                assert_eq!(gone.and_then(|field| context.register(&field.name)), None);
                assert_eq!(context.flags().is_some(), size >= table.flags_at + table.flags_size);
            });
        }
    }
}

fn records_that_are_longer_have_a_tail() {
    for table in TABLES {
        let mut longer = sample(table, LITTLE);
        longer.record.extend([1, 2, 3]);
        longer.look(|context| {
            assert_eq!(context.layout().map(|layout| layout.name), Some(table.name));
            same_registers(table, &table.fields(), &context);
            assert_eq!(context.tail(), [1, 2, 3]);
        });
    }
}

fn flags_give_the_valid_groups() {
    for (table, form) in TABLES.iter().flat_map(|table| [(table, LITTLE), (table, BIG)]) {
        let groups = table.groups();
        let low = 0xff;
        let cpu = table.flags & !low;
        let with = |flags: u64| {
            let mut sample = sample(table, form);
            let bytes = if form.big_endian { flags.to_be_bytes() } else { flags.to_le_bytes() };
            let bytes = match (table.flags_size, form.big_endian) {
                (4, true) => &bytes[4..],
                (size, _) => &bytes[..size],
            };
            sample.record[table.flags_at..][..bytes.len()].copy_from_slice(bytes);
            sample.look(|context| {
                let valid: Vec<_> = context.valid_groups().collect();
                for group in groups.iter().map(|(group, _)| *group) {
                    assert_eq!(context.is_valid(group), valid.contains(&group));
                }
                valid
            })
        };
        let of_flags = |flags: u64| -> Vec<RegisterGroup> {
            groups.iter().filter(|(_, flag)| flags & flag != 0).map(|(group, _)| *group).collect()
        };
        for bit in (0..8).map(|bit| 1 << bit) {
            assert_eq!(with(cpu | bit), of_flags(bit), "{} {bit:#x}", table.name);
            // No processor named: that of the dump.
            assert_eq!(with(bit), of_flags(bit), "{} {bit:#x}", table.name);
            // Another processor named: Alpha's number, which no layout has.
            assert_eq!(with(0x2_0000 | bit), [], "{} {bit:#x}", table.name);
        }
        assert_eq!(with(table.flags), groups.iter().map(|(group, _)| *group).collect::<Vec<_>>(), "{}", table.name);
        assert_eq!(with(0), []);
    }
}

fn registers_have_their_other_names() {
    let aliases: [(&str, &[(&str, &str)]); 9] = [
        ("ARM", &[("fp", "r11"), ("ip", "r12"), ("r13", "sp"), ("r14", "lr"), ("r15", "pc")]),
        ("ARM (Breakpad)", &[("fp", "r11"), ("r13", "sp"), ("r14", "lr"), ("r15", "pc")]),
        ("ARM64", &[("x29", "fp"), ("x30", "lr")]),
        ("ARM64 (Breakpad)", &[("x29", "fp"), ("x30", "lr")]),
        ("MIPS", &[("s0", "r16"), ("s7", "r23"), ("gp", "r28"), ("sp", "r29"), ("fp", "r30"), ("ra", "r31")]),
        ("PPC64", &[("pc", "srr0"), ("sp", "r1")]),
        ("SPARC", &[("g1", "g_r1"), ("o6", "g_r14"), ("l0", "g_r16"), ("i7", "g_r31"), ("sp", "g_r14")]),
        ("RISC-V 32", &[("fp", "s0")]),
        ("LoongArch64", &[("ra", "r1"), ("sp", "r3"), ("t8", "r20"), ("fp", "r22"), ("s8", "r31"), ("pc", "csr_era")]),
    ];
    for (name, aliases) in aliases {
        let table = TABLES.iter().find(|table| table.name == name).expect("the table exists");
        sample(table, LITTLE).look(|context| {
            for (alias, name) in aliases {
                assert!(context.register(name).is_some(), "{name}");
                assert_eq!(context.register(alias), context.register(name), "{alias}");
            }
        });
    }
}

fn values_are_printed_in_their_width() {
    let mut x86 = Sample::of_flags(0, super::WINDOWS, 716, 0x1_003f);
    x86.record[184..188].copy_from_slice(&[0x0a, 0xff, 0, 0]);
    x86.record[56..66].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f]);
    x86.look(|context| {
        let printed = |name| context.register(name).map(|value| (value.to_string(), format!("{value:?}")));
        assert_eq!(printed("eip"), Some(("0000ff0a".to_owned(), "0000ff0a".to_owned())));
        assert_eq!(printed("st0"), Some(("3fff8000000000000001".to_owned(), "3fff8000000000000001".to_owned())));
        let bytes = context.register("st0").map(|value| value.to_le_bytes());
        assert_eq!(bytes, Some([1, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f, 0, 0, 0, 0, 0, 0]));
    });
}
