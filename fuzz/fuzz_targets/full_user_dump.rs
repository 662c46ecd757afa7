//! Full user dumps of both widths: visits and re-encodes any input, and reads back what is written.
//!
//! The last three bytes are options. If the bytes before them are not a full user dump, they describe a process from
//! which one is made.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use userdump::Dump;
use userdump::format::MemoryInfo;
use userdump::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64};
use userdump::read::FullUserDump;
use userdump_fuzz::process::Process;
use userdump_fuzz::{redumped, walk};

fuzz_target!(|data: &[u8]| {
    let Some((source, last)) = data.split_last_chunk() else { return };
    let options = redumped::options(*last);
    if let Ok(dump) = FullUserDump::parse(source) {
        walk(&Dump::FullUserDump(dump));
        return redumped::check(source, &options);
    }
    let Ok(process) = Process::arbitrary_take_rest(Unstructured::new(source)) else { return };
    let file = process.dump(true);
    let dump = FullUserDump::parse(&file).expect("it is a full user dump");
    read_back(&process, &dump);
    walk(&Dump::FullUserDump(dump));
    redumped::check_process(process, true, &options);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    userdump_fuzz::mutate(data, size, max_size, seed, 3, fuzzer_mutate)
});

fn read_back(process: &Process, dump: &FullUserDump<'_>) {
    // Numbers of 32-bit processes are returned without sign extension.
    let given = |address: u64| if dump.is_64_bit() { address } else { address & 0xffff_ffff };
    assert_eq!(dump.is_64_bit(), process.machine.is_wide());

    let threads = dump.threads().into_iter().map(|thread| *thread.raw());
    let expected = process.threads.iter().map(|thread| process.state(thread));
    assert!(threads.eq(expected.map(|state| CrashThread64 { teb: given(state.teb), ..state })));
    for (thread, given) in dump.threads().into_iter().zip(&process.threads) {
        let context = thread.context().expect("it is in the file").expect("the machine has contexts");
        let expected = given.context.as_ref().map_or_else(Vec::new, |context| context.bytes(process.machine));
        let (bytes, rest) = context.as_bytes().split_at(expected.len());
        assert!(bytes == expected && rest.iter().all(|byte| *byte == 0));
    }

    assert_eq!(dump.modules().count(), process.modules.len());
    for (module, expected) in dump.modules().zip(&process.modules) {
        let name = process.name(expected);
        let raw = CrashModule64 {
            base_of_image: given(process.address(expected.base)),
            size_of_image: expected.size.into(),
            image_name_length: name.len() as u32 + 1,
        };
        assert_eq!((*module.raw(), module.name().expect("it is in the file").as_bytes()), (raw, name.as_slice()));
    }

    let stored = process.stored();
    assert_eq!(dump.region_list().len(), stored.len() as u64);
    assert_eq!(dump.stored_regions().count(), stored.len());
    for (region, (row, bytes)) in dump.stored_regions().zip(&stored) {
        let (base_address, allocation_base) = (given(row.base_address), given(row.allocation_base));
        assert_eq!(*region.info.raw(), MemoryInfo { base_address, allocation_base, ..*row });
        assert_eq!(region.range.bytes().expect("they are in memory"), bytes);
    }

    let event = process.event().map(|event| {
        let mut record = event.exception_record;
        record.exception_address = given(record.exception_address);
        record.exception_information = record.exception_information.map(given);
        ExceptionDebugEvent64 { exception_record: record, ..event }
    });
    assert_eq!(dump.debug_event(), Ok(event));
}
