//! Memory counters of the machine and of the process, each in two forms.

use libtest_mimic::Trial;
use userdump::read::FromStream;
use userdump::read::system::{ProcessVmCounters, SystemMemoryInfo};
use userdump::{Minidump, ReadError};

use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::{Bytes, Dump, Shape};

pub fn trials() -> Vec<Trial> {
    trials![
        the_machine_has_the_figures_of_the_file,
        the_longer_form_of_the_machine_needs_its_size,
        the_process_has_the_figures_of_the_file,
        the_longer_form_of_the_process_has_its_private_usage_elsewhere,
        figures_that_are_cut_are_an_error,
    ]
}

const MACHINE: u32 = 21;
const PROCESS: u32 = 22;

/// Each field continues the count, whatever its width; the seventy counters count as one number.
fn machine(bytes: &mut Bytes) {
    bytes.u16s(&[1, 2]).u32s(&[3, 4, 5, 6, 7, 8]).u64s(&[9, 10, 11]).u32(12);
    bytes.u64s(&[13, 14]).u32(15).u64s(&[16, 17, 18, 19]).u32s(&[20, 21]);
    bytes.u64s(&[22, 23, 24, 25]);
    bytes.u64s(&[26, 27, 28, 29]).u32s(&std::array::from_fn::<_, 70, _>(|at| 1000 + at as u32)).u64s(&[31, 32]);
    bytes.u64((-33_i64) as u64).u64(34);
    bytes.u64s(&[35, 36, 37, 38]);
}

fn the_machine_has_the_figures_of_the_file() {
    in_every_form(
        |_| Dump::new().written(MACHINE, machine),
        |dump, facts| {
            assert_eq!(facts.stream(MACHINE).map(|stream| stream.size), Some(524));
            let figures: SystemMemoryInfo<'_> = view(dump).expect("it is sound");
            let basic = figures.basic();
            assert_eq!((basic.revision, basic.flags), (1, 2));
            let info = basic.basic_info;
            assert_eq!((info.timer_resolution, info.allocation_granularity), (3, 8));
            assert_eq!((info.minimum_user_mode_address, info.number_of_processors), (9, 12));
            let cache = basic.file_cache_info;
            assert_eq!((cache.current_size, cache.page_fault_count, cache.minimum_working_set), (13, 15, 16));
            assert_eq!((cache.transition_re_purpose_count, cache.flags), (20, 21));
            let perf = basic.basic_perf_info;
            assert_eq!((perf.available_pages, perf.peak_commitment), (22, 25));
            let perf = basic.perf_info;
            assert_eq!((perf.idle_process_time, perf.io_other_transfer_count), (26, 29));
            assert!(perf.counters.into_iter().eq(1000..1070));
            assert_eq!((perf.cc_total_dirty_pages, perf.resident_available_pages), (31, -33));
            assert_eq!(perf.shared_committed_pages, 34);
            let longer = figures.extended().expect("the stream is long enough");
            assert_eq!(longer.system_memory_info1, basic);
            let pages = [longer.mdl_pages_allocated, longer.pfn_database_committed_pages];
            assert_eq!((pages, longer.contiguous_pages_allocated), ([35, 36], 38));
        },
    );
}

fn the_longer_form_of_the_machine_needs_its_size() {
    for (size, longer) in [(492, false), (523, false), (524, true), (530, true)] {
        let dump =
            |_| Dump::new().written(MACHINE, machine).raw(99, [0; 9]).shape(MACHINE, Shape::usual().data_size(size));
        in_every_form(dump, |dump, _| {
            let figures: SystemMemoryInfo<'_> = view(dump).expect("it is sound");
            assert_eq!(figures.extended().is_some(), longer, "{size}");
            assert_eq!(figures.basic().perf_info.shared_committed_pages, 34);
        });
    }
}

/// The first eight counters, which both forms begin with.
fn process(bytes: &mut Bytes, flags: u16) -> &mut Bytes {
    bytes.u16s(&[2, flags]).u32(3).u64s(&[4, 5, 6, 7, 8, 9, 10, 11])
}

fn the_process_has_the_figures_of_the_file() {
    let dump = |_| {
        Dump::new().written(PROCESS, |bytes| {
            process(bytes, 0xabcd).u64(12);
        })
    };
    in_every_form(dump, |dump, _| {
        let figures: ProcessVmCounters<'_> = view(dump).expect("it is sound");
        let basic = figures.basic();
        assert_eq!((basic.revision, basic.alignment, basic.page_fault_count), (2, 0xabcd, 3));
        assert_eq!((basic.peak_working_set_size, basic.peak_pagefile_usage, basic.private_usage), (4, 11, 12));
        assert_eq!(figures.extended(), None);
    });
}

fn the_longer_form_of_the_process_has_its_private_usage_elsewhere() {
    for (size, longer) in [(80, false), (151, false), (152, true), (160, true)] {
        let dump = |_| {
            let dump = Dump::new().written(PROCESS, |bytes| {
                process(bytes, 31).u64s(&[20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
            });
            dump.raw(99, [0; 9]).shape(PROCESS, Shape::usual().data_size(size))
        };
        in_every_form(dump, |dump, _| {
            let figures: ProcessVmCounters<'_> = view(dump).expect("it is sound");
            let basic = figures.basic();
            assert_eq!((basic.page_fault_count, basic.peak_pagefile_usage), (3, 11));
            // At the position of the private usage in the shorter form, the longer one has the peak of the address
            // space.
            assert_eq!(basic.private_usage, if longer { 22 } else { 20 }, "{size}");
            let found = figures.extended();
            assert_eq!(found.is_some(), longer, "{size}");
            if let Some(found) = found {
                assert_eq!((found.revision, found.flags), (2, 31));
                let figures = (found.peak_virtual_size, found.virtual_size, found.private_usage);
                assert_eq!(figures, (20, 21, 22));
                assert_eq!((found.private_working_set_size, found.job_total_commit_limit), (23, 29));
            }
        });
    }
}

fn figures_that_are_cut_are_an_error() {
    for size in [0, 1, 491] {
        let dump = |_| Dump::new().written(MACHINE, machine).shape(MACHINE, Shape::usual().data_size(size));
        in_every_form(dump, |dump, facts| {
            let offset = facts.stream(MACHINE).expect("it is there").rva.0;
            let error = truncated("MINIDUMP_SYSTEM_MEMORY_INFO_1", offset, 492, size.into());
            assert_eq!(view::<SystemMemoryInfo<'_>>(dump).err(), Some(error));
        });
    }
    for size in [0, 1, 79] {
        let dump = |_| Dump::new().raw(PROCESS, [0; 152]).shape(PROCESS, Shape::usual().data_size(size));
        in_every_form(dump, |dump, facts| {
            let offset = facts.stream(PROCESS).expect("it is there").rva.0;
            let error = truncated("MINIDUMP_PROCESS_VM_COUNTERS_1", offset, 80, size.into());
            assert_eq!(view::<ProcessVmCounters<'_>>(dump).err(), Some(error));
        });
    }
}

fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> Result<T, ReadError> {
    dump.stream().map(|stream| stream.expect("it is there"))
}

fn truncated(what: &'static str, offset: u64, needed: u64, available: u64) -> ReadError {
    ReadError::Truncated { what, offset, needed, available }
}
