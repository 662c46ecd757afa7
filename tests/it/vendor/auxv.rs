//! The auxiliary vector.

use libtest_mimic::Trial;
use userdump::format::linux::AuxType;
use userdump::read::linux::LinuxAuxv;

use super::{kind, linux, view};
use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        words_are_as_wide_as_pointers,
        without_a_system_words_have_64_bits,
        the_vector_ends_at_its_mark_or_at_the_last_whole_entry,
        types_have_the_names_of_the_kernel,
    ]
}

fn words_are_as_wide_as_pointers() {
    let entries = [(6_u64, 4096_u64), (9, 0x8048_1234), (33, 0xf775_6400), (1000, 7), (0, 0)];
    for is_32_bit in [false, true] {
        let dump = |_| {
            linux(is_32_bit).written(kind::LINUX_AUXV, move |bytes| {
                for (kind, value) in entries {
                    if is_32_bit {
                        bytes.u32s(&[kind as u32, value as u32]);
                    } else {
                        bytes.u64s(&[kind, value | 0x7fff << 32]);
                    }
                }
            })
        };
        in_every_form(dump, |dump, _| {
            let auxv: LinuxAuxv<'_> = view(dump);
            let high = if is_32_bit { 0 } else { 0x7fff << 32 };
            let found: Vec<_> = auxv.iter().map(|it| (it.aux_type.0, it.value)).collect();
            assert_eq!(found, [(6, high | 4096), (9, high | 0x8048_1234), (33, high | 0xf775_6400), (1000, high | 7)]);
            assert_eq!(auxv.get(AuxType::ENTRY), Some(high | 0x8048_1234));
            assert_eq!((auxv.get(AuxType::NULL), auxv.get(AuxType::PHDR)), (None, None));
            assert_eq!(auxv.as_bytes().len(), if is_32_bit { 40 } else { 80 });
        });
    }
}

fn without_a_system_words_have_64_bits() {
    let dump = |_| {
        Dump::new().written(kind::LINUX_AUXV, |bytes| {
            bytes.u64s(&[3, 4, 0, 0]);
        })
    };
    in_every_form(dump, |dump, _| assert_eq!(view::<LinuxAuxv<'_>>(dump).get(AuxType::PHDR), Some(4)));
}

fn the_vector_ends_at_its_mark_or_at_the_last_whole_entry() {
    let cases: [(&[u64], usize, usize); 4] =
        [(&[3, 4, 0, 0, 5, 6], 48, 1), (&[3, 4, 5, 6], 32, 2), (&[3, 4, 5, 6], 31, 1), (&[3, 4], 0, 0)];
    for (words, size, entries) in cases {
        let words = words.to_vec();
        let dump = |_| {
            let words = words.clone();
            linux(false).written(kind::LINUX_AUXV, move |bytes| {
                let end = bytes.len() as usize + size;
                bytes.u64s(&words).resize(end);
            })
        };
        in_every_form(dump, |dump, _| assert_eq!(view::<LinuxAuxv<'_>>(dump).iter().count(), entries));
    }
}

fn types_have_the_names_of_the_kernel() {
    let names = [
        (0, "AT_NULL"),
        (7, "AT_BASE"),
        (16, "AT_HWCAP"),
        (25, "AT_RANDOM"),
        (31, "AT_EXECFN"),
        (51, "AT_MINSIGSTKSZ"),
    ];
    for (number, name) in names {
        assert_eq!(AuxType(number).name(), Some(name));
    }
    assert_eq!((AuxType(60).name(), AuxType(60).to_string().as_str()), (None, "0x3c"));
    assert!(AuxType::KNOWN.windows(2).all(|pair| pair[0] < pair[1]));
}
