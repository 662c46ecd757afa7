//! The documented offsets in the environment blocks of a process: `winternl.h` and the symbols of ntdll, in both
//! widths.

use libtest_mimic::Trial;
use userdump::format::process::{ProcessLayout, UserSharedData};

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![blocks_of_a_process_have_their_documented_layout, the_shared_page_has_its_documented_layout]
}

/// Checks every field, and that none is left out.
macro_rules! layout {
    ($($field:ident: $wide:literal, $narrow:literal;)+) => {
        let ProcessLayout { $($field),+, .. } = ProcessLayout::BITS_64;
        $(assert_eq!($field, $wide, stringify!($field));)+
        let ProcessLayout { $($field),+, .. } = ProcessLayout::BITS_32;
        $(assert_eq!($field, $narrow, stringify!($field));)+
        let printed = format!("{:?}", ProcessLayout::BITS_64);
        assert_eq!(printed.matches(": ").count(), [$($wide),+].len(), "a field is not in the table: {printed}");
    };
}

fn blocks_of_a_process_have_their_documented_layout() {
    layout! {
        pointer_size: 8, 4;
        teb_size: 0x2000, 0x1000;
        teb_stack_base: 8, 4;
        teb_stack_limit: 0x10, 8;
        teb_self: 0x30, 0x18;
        teb_thread_local_storage_pointer: 0x58, 0x2c;
        teb_process_environment_block: 0x60, 0x30;
        teb_fls_data: 0x17c8, 0xfb4;
        fls_data_size: 0x410, 0x208;
        peb_size: 0x1000, 0x1000;
        peb_image_base_address: 0x10, 8;
        peb_ldr: 0x18, 0xc;
        peb_process_parameters: 0x20, 0x10;
        ldr_data_size: 0x58, 0x30;
        ldr_data_in_load_order_module_list: 0x10, 0xc;
        ldr_entry_size: 0x120, 0xa8;
        ldr_entry_dll_base: 0x30, 0x18;
        ldr_entry_full_dll_name: 0x48, 0x24;
        parameters_size: 0x410, 0x2a4;
        parameters_current_directory: 0x38, 0x24;
        parameters_image_path_name: 0x60, 0x38;
        parameters_command_line: 0x70, 0x40;
        parameters_window_title: 0xb0, 0x70;
        parameters_environment: 0x80, 0x48;
        unicode_string_length: 0, 0;
        unicode_string_buffer: 8, 4;
    }
    assert_eq!(*ProcessLayout::for_pointer_size(4), ProcessLayout::BITS_32);
    assert_eq!(*ProcessLayout::for_pointer_size(8), ProcessLayout::BITS_64);
}

fn the_shared_page_has_its_documented_layout() {
    assert_eq!(UserSharedData::ADDRESS, 0x7ffe_0000);
    assert_eq!(UserSharedData::SYSTEM_TIME, 0x7ffe_0014);
    assert_eq!(UserSharedData::TIME_ZONE_BIAS, 0x7ffe_0020);
    assert_eq!((UserSharedData::NT_SYSTEM_ROOT, UserSharedData::NT_SYSTEM_ROOT_SIZE), (0x7ffe_0030, 520));
    assert_eq!(UserSharedData::TIME_ZONE_ID, 0x7ffe_0240);
    assert_eq!((UserSharedData::PROCESSOR_FEATURES, UserSharedData::PROCESSOR_FEATURES_SIZE), (0x7ffe_0274, 64));
    assert_eq!((UserSharedData::SUITE_MASK, UserSharedData::TICK_COUNT), (0x7ffe_02d0, 0x7ffe_0320));
    assert_eq!(UserSharedData::NT_PRODUCT_TYPE, 0x7ffe_0264);
    assert_eq!(UserSharedData::PRODUCT_TYPE_IS_VALID, 0x7ffe_0268);
}
