//! The documented layouts of other producers: Breakpad's `minidump_format.h`, Crashpad's `minidump_extensions.h`, and
//! the crates minidump-common and minidump-writer.

use libtest_mimic::Trial;
use userdump::format::{breakpad::*, crashpad::*, linux::*, module::*, mozilla::*, *};

use super::{Layout, Number, check, layouts};

layouts! {
    BreakpadInfo = 12 { validity: u32 = 0, dump_thread_id: u32 = 4, requesting_thread_id: u32 = 8 }
    AssertionType = 4 { 0: u32 = 0 }
    AssertionInfo = 776 {
        expression: [u16; 128] = 0,
        function: [u16; 128] = 256,
        file: [u16; 128] = 512,
        line: u32 = 768,
        assertion_type: AssertionType = 772,
    }

    AuxType = 8 { 0: u64 = 0 }
    DsoDebug32 = 24 {
        version: u32 = 0,
        map: u32 = 4,
        dso_count: u32 = 8,
        brk: u32 = 12,
        ldbase: u32 = 16,
        dynamic: u32 = 20,
    }
    DsoDebug64 = 40 {
        version: u32 = 0,
        map: u32 = 4,
        dso_count: u32 = 8,
        alignment: u32 = 12,
        brk: u64 = 16,
        ldbase: u64 = 24,
        dynamic: u64 = 32,
    }
    DsoDebug64Packed = 36 {
        version: u32 = 0,
        map: u32 = 4,
        dso_count: u32 = 8,
        brk: u64 = 12,
        ldbase: u64 = 20,
        dynamic: u64 = 28,
    }
    LinkMap32 = 12 { addr: u32 = 0, name: u32 = 4, ld: u32 = 8 }
    LinkMap64 = 24 { addr: u64 = 0, name: u32 = 8, alignment: u32 = 12, ld: u64 = 16 }
    LinkMap64Packed = 20 { addr: u64 = 0, name: u32 = 8, ld: u64 = 12 }

    CrashpadInfo = 64 {
        version: u32 = 0,
        report_id: Guid = 4,
        client_id: Guid = 20,
        simple_annotations: LocationDescriptor = 36,
        module_list: LocationDescriptor = 44,
        reserved: u32 = 52,
        address_mask: u64 = 56,
    }
    SimpleStringDictionaryEntry = 8 { key: u32 = 0, value: u32 = 4 }
    ModuleCrashpadInfoLink = 12 { minidump_module_list_index: u32 = 0, location: LocationDescriptor = 4 }
    ModuleCrashpadInfo = 28 {
        version: u32 = 0,
        list_annotations: LocationDescriptor = 4,
        simple_annotations: LocationDescriptor = 12,
        annotation_objects: LocationDescriptor = 20,
    }
    AnnotationType = 2 { 0: u16 = 0 }
    Annotation = 12 { name: u32 = 0, annotation_type: AnnotationType = 4, reserved: u16 = 6, value: u32 = 8 }

    MacCrashInfo = 172 {
        stream_type: StreamType = 0,
        record_count: u32 = 4,
        record_start_size: u32 = 8,
        records: [LocationDescriptor; 20] = 12,
    }
    MacCrashInfoRecord = 16 { stream_type: u64 = 0, version: u64 = 8 }
    MacCrashInfoRecord4 = 32 { record: MacCrashInfoRecord = 0, thread: u64 = 16, dialog_mode: u64 = 24 }
    MacCrashInfoRecord5 = 40 { record4: MacCrashInfoRecord4 = 0, abort_cause: u64 = 32 }
    MacBootArgs = 12 { stream_type: StreamType = 0, bootargs: u64 = 4 }
    MacBootArgsAligned = 16 { stream_type: StreamType = 0, alignment: u32 = 4, bootargs: u64 = 8 }
}
