//! Extended registers: standard and compacted areas, AVX, CET, damage, and the contents of real dumps.

use libtest_mimic::Trial;
use userdump::format::context::XSTATE_FEATURES;
use userdump::format::system::{XStateConfigFeature, XStateFeature as Place};
use userdump::read::Context;
use userdump::read::context::{CetUser, XState};

use super::{BIG, LITTLE, Sample, WINDOWS, config, contexts};
use crate::support::forms::{Form, open};
use crate::support::{Shared, trials};
use crate::synth::{Dump, Exception, MiscInfo, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        an_area_with_room_for_everything_is_read_by_the_offsets_in_the_miscellaneous_information,
        without_miscellaneous_information_avx_alone_has_a_known_place,
        a_compacted_area_only_has_room_for_requested_features,
        absent_avx_registers_are_zero_if_they_were_requested,
        crashpad_writes_cet_alone,
        x86_has_eight_avx_registers_behind_its_own_fixed_part,
        big_endian_files_hold_the_area_as_the_processor_stored_it,
        the_miscellaneous_information_of_the_dump_fits_the_context,
        a_truncated_area_has_what_is_present,
        what_cannot_be_a_context_ex_leaves_the_tail_opaque,
        hostile_numbers_are_survived,
        every_length_of_a_record_is_survived,
        the_table_of_features_is_in_order,
        breakpad_cet_amd64,
        breakpad_cet_x86,
        sentry_native_windows,
    ]
}

/// An AMD64 or x86 record with extended registers, under construction.
#[derive(Clone, Debug)]
struct Record {
    form: Form,
    x86: bool,
    flags: u32,
    /// `CONTEXT_EX`: offset and length of the whole, of the fixed part and of the chunk.
    ex: [(i32, u32); 3],
    present: u64,
    compaction: u64,
    /// The bytes after the header of the chunk.
    data: Vec<u8>,
}

impl Record {
    fn amd64(present: u64, compaction: u64, data: Vec<u8>) -> Self {
        let length = 64 + data.len() as u32;
        let ex = [(-1232, 1232 + 32 + length), (-1232, 1232), (32, length)];
        Self { form: LITTLE, x86: false, flags: 0x10_005f, ex, present, compaction, data }
    }

    fn x86(present: u64, compaction: u64, data: Vec<u8>) -> Self {
        let length = 64 + data.len() as u32;
        let ex = [(-716, 716 + 24 + length), (-716, 716), (24, length)];
        Self { x86: true, flags: 0x1_007f, ex, ..Self::amd64(present, compaction, data) }
    }

    fn sample(&self) -> Sample {
        let record = self.form.record(|bytes| {
            // XMM register n is sixteen bytes of 0xA0 + n.
            let (fxsave, size, registers) = if self.x86 { (204, 716, 8) } else { (256, 1232, 16) };
            if self.x86 {
                bytes.u32(self.flags);
            } else {
                bytes.zeros(48).u32(self.flags);
            }
            bytes.zeros(fxsave + 160 - bytes.len() as usize);
            for n in 0..registers {
                bytes.raw([0xa0 + n; 16]);
            }
            bytes.zeros(size - bytes.len() as usize);
            for (offset, length) in self.ex {
                bytes.i32(offset).u32(length);
            }
            let gap = usize::try_from(self.ex[2].0.saturating_sub(24)).unwrap_or(0).min(4096);
            bytes.filler(gap);
            bytes.raw(self.present.to_le_bytes()).raw(self.compaction.to_le_bytes()).zeros(48).raw(&self.data);
        });
        Sample { form: self.form, architecture: if self.x86 { 0 } else { 9 }, platform: WINDOWS, record }
    }

    fn look<T>(&self, config: Option<&XStateConfigFeature>, look: impl FnOnce(XState<'_>) -> T) -> T {
        self.sample().look(|context| look(context.xstate(config).expect("there are extended registers")))
    }
}

/// The layout of a processor with these features: number, offset, size.
fn features(enabled: u64, places: &[(usize, u32, u32)]) -> XStateConfigFeature {
    let mut features = [Place::default(); 64];
    places.iter().for_each(|(number, offset, size)| features[*number] = Place { offset: *offset, size: *size });
    XStateConfigFeature { size_of_info: 528, context_size: 0, enabled_features: enabled, features }
}

/// The high half of AVX register n is sixteen bytes of 0x10 + n.
fn avx() -> Vec<u8> {
    (0..16).flat_map(|n| [0x10 + n; 16]).collect()
}

fn ymm(n: u8) -> [u8; 32] {
    core::array::from_fn(|at| if at < 16 { 0xa0 + n } else { 0x10 + n })
}

fn two_words(first: u64, second: u64) -> Vec<u8> {
    [first.to_le_bytes(), second.to_le_bytes()].concat()
}

/// Number, size and bytes of each feature that is present.
fn seen(xstate: &XState<'_>) -> Vec<(u32, u32, Vec<u8>)> {
    xstate.iter().map(|feature| (feature.number, feature.size, feature.bytes.to_vec())).collect()
}

fn an_area_with_room_for_everything_is_read_by_the_offsets_in_the_miscellaneous_information() {
    // AVX at 576, then a gap of 64 bytes, opmask at 896, PKRU at 960.
    let mut data = avx();
    data.extend([0xEE; 64]);
    data.extend([0x55; 64]);
    data.extend([9, 0, 0, 0, 0, 0, 0, 0]);
    let config = features(0x227, &[(0, 0, 160), (1, 160, 256), (2, 576, 256), (5, 896, 64), (9, 960, 8)]);
    Record::amd64(0x227, 0, data).look(Some(&config), |xstate| {
        assert!(!xstate.is_compacted() && !xstate.is_truncated());
        assert_eq!((xstate.features(), xstate.saved()), (0x227, Some(0x227)));
        assert_eq!((xstate.declared_size(), xstate.as_bytes().len()), (64 + 392, 64 + 392));
        let xmm: Vec<u8> = (0..16).flat_map(|n| [0xa0 + n; 16]).collect();
        let expected = [
            (0, 160, vec![0; 160]),
            (1, 256, xmm),
            (2, 256, avx()),
            (5, 64, vec![0x55; 64]),
            (9, 8, vec![9, 0, 0, 0, 0, 0, 0, 0]),
        ];
        assert_eq!(seen(&xstate), expected);
        let names: Vec<_> = xstate.iter().filter_map(|feature| feature.name).collect();
        assert_eq!(names, ["x87", "SSE", "AVX", "opmask", "PKRU"]);
        assert_eq!(xstate.ymm_registers().collect::<Vec<_>>(), (0..16).map(|n| (n.into(), ymm(n))).collect::<Vec<_>>());
        assert_eq!((xstate.ymm(16), xstate.ymm(u32::MAX)), (None, None));
        assert_eq!((xstate.feature(3), xstate.feature(64), xstate.feature(u32::MAX)), (None, None, None));
        assert_eq!(xstate.cet_u(), None);
    });
}

fn without_miscellaneous_information_avx_alone_has_a_known_place() {
    let mut data = avx();
    data.extend([9; 128]);
    Record::amd64(0x204, 0, data).look(None, |xstate| {
        assert_eq!((xstate.features(), xstate.saved()), (0x204, None));
        assert_eq!(seen(&xstate), [(2, 256, avx()), (9, 0, vec![])]);
        assert_eq!(xstate.ymm(15), Some(ymm(15)));
    });
    // A layout without a size for it does not help, and one that places it inside the header is rejected.
    for place in [(9, 900, 0), (9, 0, 8), (9, 512, 8), (9, 575, 8)] {
        Record::amd64(0x204, 0, avx()).look(Some(&features(0x207, &[place])), |xstate| {
            assert_eq!(seen(&xstate), [(2, 256, avx()), (9, 0, vec![])], "{place:?}");
        });
    }
}

fn a_compacted_area_only_has_room_for_requested_features() {
    // Requested: AVX, opmask, PKRU, CET, tiles; opmask is not present but its space is reserved. PKRU leaves CET at an
    // odd multiple of 8; only the tiles begin at a multiple of 64.
    let mut data = avx();
    data.extend([0xEE; 64]);
    data.extend([9; 8]);
    data.extend([11; 16]);
    data.extend([0xEE; 40]);
    data.extend([17; 64]);
    let present = 1 << 2 | 1 << 9 | 1 << 11 | 1 << 17;
    let compaction = present | 1 << 5 | 1 << 63;
    let expected = [(2, 256, avx()), (9, 8, vec![9; 8]), (11, 16, vec![11; 16]), (17, 64, vec![17; 64])];
    let record = Record::amd64(present, compaction, data);
    // Offsets of a layout are ignored; its sizes are those of the manual.
    let config = features(0x2_0a27, &[(2, 576, 256), (5, 1088, 64), (9, 2688, 8), (11, 576, 16), (17, 2752, 64)]);
    for config in [None, Some(&config)] {
        record.look(config, |xstate| {
            assert!(xstate.is_compacted());
            assert_eq!((xstate.features(), xstate.saved()), (present, Some(present | 1 << 5)));
            assert_eq!(seen(&xstate), expected);
            assert_eq!(xstate.ymm(3), Some(ymm(3)));
            assert_eq!(xstate.cet_u(), Some(CetUser { msr: 0x0b0b_0b0b_0b0b_0b0b, ssp: 0x0b0b_0b0b_0b0b_0b0b }));
        });
    }
    // A size in the layout takes precedence over the one in the manual.
    let longer = features(0x2_0a27, &[(5, 1088, 72)]);
    record.look(Some(&longer), |xstate| {
        assert_eq!(xstate.feature(9).map(|it| it.bytes), Some(&[11; 8][..]));
    });
    // Nothing can be found after a feature of unknown size, nor can a feature that is present but was not requested.
    let unknown =
        Record { present: 1 << 2 | 1 << 9 | 1 << 62, compaction: 1 << 63 | 1 << 2 | 1 << 15 | 1 << 62, ..record };
    unknown.look(None, |xstate| assert_eq!(seen(&xstate), [(2, 256, avx()), (9, 0, vec![]), (62, 0, vec![])]));
}

fn absent_avx_registers_are_zero_if_they_were_requested() {
    let low_only = core::array::from_fn(|at| if at < 16 { 0xa3 } else { 0 });
    let cases = [
        // Compacted: the header says what was requested.
        (1 << 63 | 4, None, Some(low_only)),
        (1 << 63 | 0x800, None, None),
        // Not compacted: the layout says so, and without one the usual is assumed.
        (0, None, Some(low_only)),
        (0, Some(features(7, &[(2, 576, 256)])), Some(low_only)),
        (0, Some(features(3, &[])), None),
    ];
    for (compaction, config, expected) in cases {
        Record::amd64(0, compaction, avx()).look(config.as_ref(), |xstate| {
            assert_eq!((xstate.features(), seen(&xstate)), (0, vec![]));
            assert_eq!(xstate.ymm(3), expected, "{compaction:#x}");
        });
    }
}

fn crashpad_writes_cet_alone() {
    let data = two_words(1, 0x7f_1234_5678);
    let record = Record::amd64(0x800, 1 << 63 | 0x800, data);
    // CONTEXT_EX at 1232, header at 1296, registers at 1360.
    let record = Record { ex: [(-1232, 1376), (-1232, 1232), (64, 80)], ..record };
    assert_eq!(record.sample().record.len(), 1376);
    let config = features(0x8000_0000_0000_0803, &[(11, 576, 16)]);
    for config in [None, Some(&config)] {
        record.look(config, |xstate| {
            assert_eq!(xstate.cet_u(), Some(CetUser { msr: 1, ssp: 0x7f_1234_5678 }));
            assert_eq!(xstate.iter().map(|it| (it.number, it.name)).collect::<Vec<_>>(), [(11, Some("CET_U"))]);
            assert_eq!(xstate.ymm_registers().count(), 0);
        });
    }
}

fn x86_has_eight_avx_registers_behind_its_own_fixed_part() {
    Record::x86(4, 1 << 63 | 4, avx()).look(None, |xstate| {
        assert_eq!(xstate.ymm_registers().collect::<Vec<_>>(), (0..8).map(|n| (n.into(), ymm(n))).collect::<Vec<_>>());
        assert_eq!((xstate.ymm(7), xstate.ymm(8)), (Some(ymm(7)), None));
    });
}

fn big_endian_files_hold_the_area_as_the_processor_stored_it() {
    let mut data = avx();
    data.extend(two_words(1, 2));
    let record = Record { form: BIG, ..Record::amd64(0x804, 1 << 63 | 0x804, data) };
    record.look(None, |xstate| {
        assert_eq!((xstate.features(), xstate.ymm(3)), (0x804, Some(ymm(3))));
        assert_eq!(xstate.cet_u(), Some(CetUser { msr: 1, ssp: 2 }));
    });
}

fn the_miscellaneous_information_of_the_dump_fits_the_context() {
    let record = Record::amd64(4, 0, [vec![0xEE; 64], avx()].concat());
    for form in Form::ALL {
        let sample = Record { form, ..record.clone() }.sample();
        let mut misc = MiscInfo { xstate_context_size: 1648, xstate_features: 7, ..MiscInfo::of_size(1364) };
        misc.xstate[2] = [640, 256];
        let thread = Thread::new(7).context(sample.record);
        let dump = Dump::new().system_info(SystemInfo::default()).misc_info(misc).thread(thread);
        let file = form.build(dump.exception(Exception::new(7, 0xc000_0005, 0)));
        let dump = open(&file);
        let xstate = super::first_context(&dump).xstate(config(&dump).as_ref()).expect("there are extended registers");
        assert_eq!(xstate.ymm(15), Some(ymm(15)));
    }
}

fn a_truncated_area_has_what_is_present() {
    let whole = Record::amd64(0x804, 1 << 63 | 0x804, [avx(), vec![11; 16]].concat());
    let sample = whole.sample();
    // Where the groups begin: after CONTEXT_EX, which has a fourth entry here, and the header.
    let start = 1232 + 32 + 64;
    for missing in 0..=272_usize {
        let size = sample.record.len() - missing;
        let cut = Sample { record: sample.record[..size].to_vec(), ..sample.clone() };
        cut.look(|context| {
            let xstate = context.xstate(None).expect("the header is present");
            assert_eq!((xstate.is_truncated(), xstate.declared_size()), (missing > 0, 64 + 272));
            let there = size - start;
            let avx = xstate.feature(2).expect("it is present");
            assert_eq!((avx.size, avx.bytes.len()), (256, there.min(256)));
            let cet = xstate.feature(11).expect("it is present");
            assert_eq!((cet.size, cet.bytes.len()), (16, there.saturating_sub(256)));
            assert_eq!(xstate.cet_u().is_some(), missing == 0);
            let registers: Vec<_> = xstate.ymm_registers().map(|(number, _)| number).collect();
            assert_eq!(registers, (0..(there.min(256) / 16) as u32).collect::<Vec<_>>());
        });
    }
    // A chunk that declares a smaller size has fewer registers.
    let shorter = Record { ex: [whole.ex[0], whole.ex[1], (32, 64 + 20)], ..whole };
    shorter.look(None, |xstate| {
        assert!(!xstate.is_truncated());
        assert_eq!(xstate.ymm_registers().map(|(number, _)| number).collect::<Vec<_>>(), [0]);
        assert_eq!(xstate.feature(11).map(|it| (it.size, it.bytes.len())), Some((16, 0)));
    });
}

fn what_cannot_be_a_context_ex_leaves_the_tail_opaque() {
    let sound = Record::amd64(4, 1 << 63 | 4, avx());
    let [whole, legacy, chunk] = sound.ex;
    assert!(sound.sample().look(|context| context.xstate(None).is_some()));
    let mut cases = vec![
        [(0, 0), (0, 0), (0, 0)],
        [(-716, whole.1), legacy, chunk],
        [whole, (-1231, legacy.1), chunk],
        [(1232, whole.1), legacy, chunk],
        [(i32::MIN, whole.1), legacy, chunk],
        // The header is truncated.
        [whole, legacy, (chunk.0, 63)],
        [whole, legacy, (chunk.0, 0)],
        [whole, legacy, (24 + 4097, chunk.1)],
    ];
    for offset in [i32::MIN, -1232, -1, 0, 23, 100_000, i32::MAX, i32::MAX - 1231] {
        cases.push([whole, legacy, (offset, chunk.1)]);
        cases.push([whole, legacy, (offset, u32::MAX)]);
    }
    for ex in cases {
        let sample = Record { ex, ..sound.clone() }.sample();
        let cut = Sample { record: sample.record[..1700.min(sample.record.len())].to_vec(), ..sample };
        cut.look(|context| {
            assert!(context.xstate(None).is_none(), "{ex:?}");
            assert_eq!(context.tail(), &cut.record[1232..]);
        });
    }
    // The lengths of the others are not needed, and the smallest offset is 24.
    for ex in [[(-1232, 0), (-1232, 0), (24, u32::MAX)], [(-1232, u32::MAX), (-1232, u32::MAX), (24, 320)]] {
        assert_eq!(Record { ex, ..sound.clone() }.look(None, |xstate| xstate.ymm(0)), Some(ymm(0)));
    }
    // Without the flag there are no extended registers, whatever follows.
    for flags in [0x10_001f, 0x1f, 0, 0x40_005f] {
        assert!(Record { flags, ..sound.clone() }.sample().look(|context| context.xstate(None).is_none()));
    }
}

/// Calls every accessor.
fn exhaust(context: &Context<'_>, config: Option<&XStateConfigFeature>) {
    let Some(xstate) = context.xstate(config) else {
        return;
    };
    assert_eq!(xstate.iter().count(), xstate.features().count_ones() as usize);
    let size = context.as_bytes().len();
    assert!(xstate.iter().all(|feature| feature.bytes.len() <= size.min(feature.size as usize)));
    assert!(xstate.ymm_registers().count() <= 16);
    assert!(xstate.saved().is_none_or(|saved| saved >> 63 == 0 || !xstate.is_compacted()));
    let _ = (xstate.cet_u(), xstate.is_truncated(), format!("{xstate:?}"));
}

fn hostile_numbers_are_survived() {
    let numbers = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_ffe0];
    let mut configs = vec![None];
    for (offset, size) in numbers.iter().flat_map(|offset| numbers.map(|size| (*offset, size))) {
        let places: Vec<_> = (0..64).map(|number| (number, offset, size)).collect();
        configs.push(Some(features(u64::MAX, &places)));
    }
    for compaction in [0, 4, 1 << 63, u64::MAX, !(1 << 15)] {
        let sample = Record::amd64(u64::MAX, compaction, avx()).sample();
        configs.iter().for_each(|config| sample.look(|context| exhaust(&context, config.as_ref())));
    }
    for word in 0..6 + 2 + 4 {
        for number in numbers {
            let mut sample = Record::amd64(u64::MAX, u64::MAX, avx()).sample();
            // The words of CONTEXT_EX, the four bytes of filler after it, the header.
            let at = 1232 + 4 * word;
            sample.record[at..at + 4].copy_from_slice(&number.to_le_bytes());
            sample.look(|context| exhaust(&context, None));
        }
    }
}

fn every_length_of_a_record_is_survived() {
    for record in [Record::amd64(0x807, 1 << 63 | 0x804, avx()), Record::x86(0x807, 0, avx())] {
        let whole = record.sample();
        for size in 1..whole.record.len() {
            let cut = Sample { record: whole.record[..size].to_vec(), ..whole.clone() };
            cut.look(|context| exhaust(&context, None));
        }
    }
}

fn the_table_of_features_is_in_order() {
    assert!(XSTATE_FEATURES.is_sorted_by(|a, b| a.number < b.number));
    assert!(XSTATE_FEATURES.iter().all(|feature| feature.number < 63 && !feature.name.is_empty()));
}

fn breakpad_cet_amd64(shared: &Shared) {
    let file = shared.read("corpus/real/breakpad-tiny-exe-cet-xsave-amd64.dmp");
    let dump = open(&file);
    let config = config(&dump).expect("the dump describes extended registers");
    assert_eq!((config.context_size, config.enabled_features), (1407, 0x8000_0000_0000_0803));
    let found: Vec<_> = contexts(&dump).map(|context| context.xstate(Some(&config))).collect();
    let [Some(xstate)] = found.as_slice() else {
        panic!("one thread with extended registers is expected: {found:?}");
    };
    assert_eq!((xstate.features(), xstate.saved()), (0x800, Some(0x800)));
    assert_eq!((xstate.declared_size(), xstate.is_truncated()), (80, false));
    assert_eq!(xstate.cet_u(), Some(CetUser { msr: 1, ssp: 0xcb_c83f_efc8 }));
    // This processor has no AVX registers, or they were not requested.
    assert_eq!(xstate.ymm(0), None);
}

fn breakpad_cet_x86(shared: &Shared) {
    let file = shared.read("corpus/real/breakpad-tiny-exe-cet-xsave-x86.dmp");
    let dump = open(&file);
    let config = config(&dump).expect("the dump describes extended registers");
    assert_eq!((config.context_size, config.enabled_features), (1147, 7));
    // The chunk begins at a multiple of 64 in memory, so its offset differs from thread to thread.
    let mut places = Vec::new();
    for context in contexts(&dump) {
        let xstate = context.xstate(Some(&config)).expect("every thread has extended registers");
        places.push(xstate.as_bytes().as_ptr() as usize - context.as_bytes().as_ptr() as usize);
        assert_eq!((xstate.features(), xstate.saved(), xstate.declared_size()), (0, Some(0x804), 336));
        assert!(!xstate.is_truncated() && xstate.iter().next().is_none());
        let xmm = context.register("xmm1").expect("it is in the fixed part").to_le_bytes();
        assert_eq!(xstate.ymm(1), Some(core::array::from_fn(|at| if at < 16 { xmm[at] } else { 0 })));
    }
    assert_eq!(places, [808, 800, 792]);
}

fn sentry_native_windows(shared: &Shared) {
    let file = shared.read("corpus/real/sentry-native-windows.dmp");
    let dump = open(&file);
    let config = config(&dump).expect("the dump describes extended registers");
    let threads: Vec<_> = contexts(&dump).collect();
    assert_eq!(threads.len(), 5);
    for context in threads {
        let xstate = context.xstate(Some(&config)).expect("every thread has extended registers");
        // CET has no entry in the layout of the dump; its size is the manual's.
        assert_eq!((config.features[11].size, xstate.saved()), (0, Some(0x804)));
        assert_eq!((xstate.features(), xstate.is_truncated()), (0x800, false));
        assert_eq!(xstate.cet_u(), Some(CetUser { msr: 0, ssp: 0 }));
        assert!(xstate.ymm(15).is_some_and(|register| register[16..] == [0; 16]));
    }
    let exception = dump.exceptions().next().expect("there is an exception").expect("it can be read");
    let context = exception.context().expect("it is in the file").expect("it has a context");
    let xstate = context.xstate(Some(&config)).expect("the exception has extended registers");
    // The chunk is too far after the record's start: the record ends after 127 of 256 bytes.
    assert_eq!((xstate.declared_size(), xstate.as_bytes().len()), (328, 64 + 127));
    let avx = xstate.feature(2).expect("it is present");
    assert_eq!((xstate.features(), avx.size, avx.bytes.len()), (4, 256, 127));
    assert_eq!(xstate.ymm(0).map(|register| register[16..].to_vec()), Some(vec![1; 16]));
    assert_eq!(xstate.ymm_registers().map(|(number, _)| number).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
}
