//! Layouts of the structures in which Windows stores data about a process, in the memory of that process.
//!
//! The names are those of `winternl.h` and of Microsoft's symbols; the offsets are from the symbols.

/// Offsets of fields in the structures of a process for one pointer size, in bytes from the start of each structure.
///
/// A 32-bit process on 64-bit Windows has these structures in both forms.
///
/// ```
/// use userdump::format::process::ProcessLayout;
///
/// assert_eq!(ProcessLayout::BITS_64.teb_process_environment_block, 0x60);
/// assert_eq!(ProcessLayout::BITS_32.teb_process_environment_block, 0x30);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ProcessLayout {
    /// Size of a pointer in bytes.
    pub pointer_size: u64,

    /// Size of the part of a `TEB` (thread environment block) that the debugger writes, in whole pages.
    pub teb_size: u64,
    /// `NtTib.StackBase`: the upper end of the stack.
    pub teb_stack_base: u64,
    /// `NtTib.StackLimit`: the lowest committed address of the stack.
    pub teb_stack_limit: u64,
    /// `NtTib.Self`: the address of the TEB itself.
    pub teb_self: u64,
    /// `ThreadLocalStoragePointer`: an array of pointers.
    pub teb_thread_local_storage_pointer: u64,
    /// `ProcessEnvironmentBlock`: the address of the `PEB`.
    pub teb_process_environment_block: u64,
    /// `FlsData`: the address of the fiber-local storage.
    pub teb_fls_data: u64,
    /// Size of the part of the fiber-local storage that the debugger writes.
    pub fls_data_size: u64,

    /// Size of the part of a `PEB` (process environment block) that the debugger writes, one page.
    pub peb_size: u64,
    /// `ImageBaseAddress`: the base address of the program.
    pub peb_image_base_address: u64,
    /// `Ldr`: the address of the `PEB_LDR_DATA`.
    pub peb_ldr: u64,
    /// `ProcessParameters`: the address of the `RTL_USER_PROCESS_PARAMETERS`.
    pub peb_process_parameters: u64,

    /// Size of a `PEB_LDR_DATA`, the loader's data about the process.
    pub ldr_data_size: u64,
    /// `InLoadOrderModuleList`: a `LIST_ENTRY` whose first pointer refers to the first `LDR_DATA_TABLE_ENTRY`.
    pub ldr_data_in_load_order_module_list: u64,
    /// Size of an `LDR_DATA_TABLE_ENTRY`. It begins with its `LIST_ENTRY` in that list, whose first pointer refers to
    /// the next entry.
    pub ldr_entry_size: u64,
    /// `DllBase`: the base address of the module.
    pub ldr_entry_dll_base: u64,
    /// `FullDllName`: a `UNICODE_STRING`.
    pub ldr_entry_full_dll_name: u64,

    /// Size of the part of an `RTL_USER_PROCESS_PARAMETERS` that the debugger writes.
    pub parameters_size: u64,
    /// `CurrentDirectory.DosPath`: a `UNICODE_STRING`.
    pub parameters_current_directory: u64,
    /// `ImagePathName`: a `UNICODE_STRING`.
    pub parameters_image_path_name: u64,
    /// `CommandLine`: a `UNICODE_STRING`.
    pub parameters_command_line: u64,
    /// `WindowTitle`: a `UNICODE_STRING`.
    pub parameters_window_title: u64,
    /// `Environment`: the address of the environment variables.
    pub parameters_environment: u64,

    /// `Length` of a `UNICODE_STRING`: the size of the string in bytes, in 16 bits.
    pub unicode_string_length: u64,
    /// `Buffer` of a `UNICODE_STRING`: the address of the string.
    pub unicode_string_buffer: u64,
}

impl ProcessLayout {
    /// The layout for 64-bit pointers.
    pub const BITS_64: Self = Self {
        pointer_size: 8,
        teb_size: 0x2000,
        teb_stack_base: 0x8,
        teb_stack_limit: 0x10,
        teb_self: 0x30,
        teb_thread_local_storage_pointer: 0x58,
        teb_process_environment_block: 0x60,
        teb_fls_data: 0x17c8,
        fls_data_size: 0x410,
        peb_size: 0x1000,
        peb_image_base_address: 0x10,
        peb_ldr: 0x18,
        peb_process_parameters: 0x20,
        ldr_data_size: 0x58,
        ldr_data_in_load_order_module_list: 0x10,
        ldr_entry_size: 0x120,
        ldr_entry_dll_base: 0x30,
        ldr_entry_full_dll_name: 0x48,
        parameters_size: 0x410,
        parameters_current_directory: 0x38,
        parameters_image_path_name: 0x60,
        parameters_command_line: 0x70,
        parameters_window_title: 0xb0,
        parameters_environment: 0x80,
        unicode_string_length: 0,
        unicode_string_buffer: 0x8,
    };

    /// The layout for 32-bit pointers.
    pub const BITS_32: Self = Self {
        pointer_size: 4,
        teb_size: 0x1000,
        teb_stack_base: 0x4,
        teb_stack_limit: 0x8,
        teb_self: 0x18,
        teb_thread_local_storage_pointer: 0x2c,
        teb_process_environment_block: 0x30,
        teb_fls_data: 0xfb4,
        fls_data_size: 0x208,
        peb_size: 0x1000,
        peb_image_base_address: 0x8,
        peb_ldr: 0xc,
        peb_process_parameters: 0x10,
        ldr_data_size: 0x30,
        ldr_data_in_load_order_module_list: 0xc,
        ldr_entry_size: 0xa8,
        ldr_entry_dll_base: 0x18,
        ldr_entry_full_dll_name: 0x24,
        parameters_size: 0x2a4,
        parameters_current_directory: 0x24,
        parameters_image_path_name: 0x38,
        parameters_command_line: 0x40,
        parameters_window_title: 0x70,
        parameters_environment: 0x48,
        unicode_string_length: 0,
        unicode_string_buffer: 0x4,
    };

    /// Returns the layout for a pointer size in bytes: 32-bit for 4, 64-bit for any other value.
    #[must_use]
    pub const fn for_pointer_size(pointer_size: u32) -> &'static Self {
        match pointer_size {
            4 => const { &Self::BITS_32 },
            _ => const { &Self::BITS_64 },
        }
    }
}

/// Offsets in the 64-bit thread environment block (TEB) of a 32-bit process (WOW64) that refer to data of the 32-bit
/// code, in bytes.
///
/// Measured on dumps of Windows 7 and of Wine 10. The names are those of Microsoft's symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wow64Layout;

impl Wow64Layout {
    /// `NtTib.ExceptionList`: the address of the 32-bit TEB; 0 in a 64-bit process.
    pub const TEB_EXCEPTION_LIST: u64 = 0;
    /// `WowTebOffset`: distance in bytes from this TEB to the 32-bit TEB, a signed 32-bit number; 0 before Windows 10.
    pub const TEB_WOW_TEB_OFFSET: u64 = 0x180c;
    /// `TlsSlots[1]`: the address of the WOW64 layer's data about the thread (`WOW64_CPURESERVED`).
    pub const TEB_CPU_AREA: u64 = 0x1488;
    /// `TlsSlots[10]`: the address of the data that WOW64 provides to the 32-bit system code (`WOW64INFO`), in the page
    /// of the 32-bit process environment block (PEB).
    pub const TEB_WOW64_INFO: u64 = 0x14d0;
    /// Offset of the 32-bit context in the `WOW64_CPURESERVED`. The context has the x86 layout.
    pub const CPU_AREA_CONTEXT: u64 = 4;
    /// The selector of 32-bit code segments, which an AMD64 thread uses while it runs 32-bit code.
    pub const CODE_SELECTOR: u64 = 0x23;
}

/// Addresses in the page that Windows shares with every process, at the same address in each.
#[doc(alias = "KUSER_SHARED_DATA")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserSharedData;

impl UserSharedData {
    /// Address of the page.
    pub const ADDRESS: u64 = 0x7ffe_0000;
    /// `SystemTime`: the time in 100 ns units since 1601 as a 64-bit number, followed by its upper half again.
    pub const SYSTEM_TIME: u64 = Self::ADDRESS + 0x14;
    /// `TimeZoneBias`: UTC minus local time in 100 ns units as a 64-bit number, followed by its upper half again.
    pub const TIME_ZONE_BIAS: u64 = Self::ADDRESS + 0x20;
    /// `NtSystemRoot`: the path of the Windows directory in UTF-16, terminated by a NUL.
    pub const NT_SYSTEM_ROOT: u64 = Self::ADDRESS + 0x30;
    /// Size of [`Self::NT_SYSTEM_ROOT`] in bytes: 260 UTF-16 code units.
    pub const NT_SYSTEM_ROOT_SIZE: u64 = 520;
    /// `TimeZoneId`: 1 for standard time, 2 for daylight saving time; 32 bits.
    pub const TIME_ZONE_ID: u64 = Self::ADDRESS + 0x240;
    /// `NtBuildNumber`: the build number of Windows, since Windows 10. The upper four bits are flags.
    pub const NT_BUILD_NUMBER: u64 = Self::ADDRESS + 0x260;
    /// `NtMajorVersion`: the major version of Windows.
    pub const NT_MAJOR_VERSION: u64 = Self::ADDRESS + 0x26c;
    /// `NtMinorVersion`: the minor version of Windows.
    pub const NT_MINOR_VERSION: u64 = Self::ADDRESS + 0x270;
    /// `NtProductType`: the product type of Windows (workstation, server, domain controller); 32 bits.
    pub const NT_PRODUCT_TYPE: u64 = Self::ADDRESS + 0x264;
    /// `ProductTypeIsValid`: 1 if the product type is valid; 8 bits.
    pub const PRODUCT_TYPE_IS_VALID: u64 = Self::ADDRESS + 0x268;
    /// `ProcessorFeatures`: one byte for each `PF_` constant of `winnt.h`, 1 if the processor has the feature.
    pub const PROCESSOR_FEATURES: u64 = Self::ADDRESS + 0x274;
    /// Size of [`Self::PROCESSOR_FEATURES`] in bytes.
    pub const PROCESSOR_FEATURES_SIZE: u64 = 64;
    /// `SuiteMask`: the product suites of Windows, as flags; 32 bits.
    pub const SUITE_MASK: u64 = Self::ADDRESS + 0x2d0;
    /// `TickCount`: clock ticks since the system started as a 64-bit number, followed by its upper half again.
    pub const TICK_COUNT: u64 = Self::ADDRESS + 0x320;
}
