//! Where Windows keeps what it knows of a process, in the memory of the process.
//!
//! The names are those of `winternl.h` and of Microsoft's symbols, which have the positions too.

/// Positions of fields in the blocks of a process, for one width of pointers, in bytes from the start of each block.
///
/// A 32-bit process under 64-bit Windows has blocks of both widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ProcessLayout {
    /// Size of a pointer.
    pub pointer_size: u64,

    /// How much the debugger writes of a `TEB`, the thread environment block: whole pages.
    pub teb_size: u64,
    /// `NtTib.StackBase`: the end of the stack.
    pub teb_stack_base: u64,
    /// `NtTib.StackLimit`: the lowest address of the stack that is in use.
    pub teb_stack_limit: u64,
    /// `NtTib.Self`: the address of the block itself.
    pub teb_self: u64,
    /// `ThreadLocalStoragePointer`: an array of pointers.
    pub teb_thread_local_storage_pointer: u64,
    /// `ProcessEnvironmentBlock`: the `PEB`.
    pub teb_process_environment_block: u64,
    /// `FlsData`: storage that is local to fibers.
    pub teb_fls_data: u64,
    /// How much the debugger writes of that storage.
    pub fls_data_size: u64,

    /// How much the debugger writes of a `PEB`, the process environment block: a page.
    pub peb_size: u64,
    /// `ImageBaseAddress`: where the program is.
    pub peb_image_base_address: u64,
    /// `Ldr`: the `PEB_LDR_DATA`.
    pub peb_ldr: u64,
    /// `ProcessParameters`: the `RTL_USER_PROCESS_PARAMETERS`.
    pub peb_process_parameters: u64,

    /// Size of a `PEB_LDR_DATA`, what the loader keeps of the program.
    pub ldr_data_size: u64,
    /// `InLoadOrderModuleList`: a `LIST_ENTRY`, whose first pointer leads to the first `LDR_DATA_TABLE_ENTRY`.
    pub ldr_data_in_load_order_module_list: u64,
    /// Size of an `LDR_DATA_TABLE_ENTRY`. It begins with its place in that list, and so with a pointer to the next one.
    pub ldr_entry_size: u64,
    /// `DllBase`: where the module is.
    pub ldr_entry_dll_base: u64,
    /// `FullDllName`: a `UNICODE_STRING`.
    pub ldr_entry_full_dll_name: u64,

    /// How much the debugger writes of an `RTL_USER_PROCESS_PARAMETERS`.
    pub parameters_size: u64,
    /// `CurrentDirectory.DosPath`: a `UNICODE_STRING`, as are the next three.
    pub parameters_current_directory: u64,
    /// `ImagePathName`.
    pub parameters_image_path_name: u64,
    /// `CommandLine`.
    pub parameters_command_line: u64,
    /// `WindowTitle`.
    pub parameters_window_title: u64,
    /// `Environment`: the environment variables.
    pub parameters_environment: u64,

    /// `Length` of a `UNICODE_STRING`: the size of the text in bytes, in 16 bits.
    pub unicode_string_length: u64,
    /// `Buffer` of a `UNICODE_STRING`: where the text is.
    pub unicode_string_buffer: u64,
}

impl ProcessLayout {
    /// With pointers of 64 bits.
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

    /// With pointers of 32 bits.
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

    /// The layout for pointers of that many bytes: 4, or else 8.
    #[must_use]
    pub const fn of_pointer_size(pointer_size: u32) -> &'static Self {
        match pointer_size {
            4 => const { &Self::BITS_32 },
            _ => const { &Self::BITS_64 },
        }
    }
}

/// Where the 64-bit thread environment block of a 32-bit process (WOW64) leads to what the 32-bit code has, in bytes from
/// its start.
///
/// Measured on dumps of Windows 7 and of Wine 10; the names are those of Microsoft's symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wow64Layout;

impl Wow64Layout {
    /// `NtTib.ExceptionList`: the 32-bit thread environment block, where a 64-bit process has 0.
    pub const TEB_EXCEPTION_LIST: u64 = 0;
    /// `WowTebOffset`: how far behind this block the 32-bit one lies, in bytes, signed, in 32 bits; 0 before Windows 10.
    pub const TEB_WOW_TEB_OFFSET: u64 = 0x180c;
    /// `TlsSlots[1]`: what the layer between the two widths keeps of the thread (`WOW64_CPURESERVED`).
    pub const TEB_CPU_AREA: u64 = 0x1488;
    /// `TlsSlots[10]`: what it tells the 32-bit code of the system (`WOW64INFO`), in the page of the 32-bit process
    /// environment block.
    pub const TEB_WOW64_INFO: u64 = 0x14d0;
    /// Where that area has the 32-bit context, which has the layout of x86.
    pub const CPU_AREA_CONTEXT: u64 = 4;
    /// The selector of 32-bit code segments: that of a thread of AMD64 while it runs 32-bit code.
    pub const CODE_SELECTOR: u64 = 0x23;
}

/// Addresses in the page that the system shares with all processes, which is the same in all of them.
#[doc(alias = "KUSER_SHARED_DATA")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserSharedData;

impl UserSharedData {
    /// Where the page is.
    pub const ADDRESS: u64 = 0x7ffe_0000;
    /// `SystemTime`: the time as a number of 64 bits, in 100 ns since the start of 1601, then its upper half once more.
    pub const SYSTEM_TIME: u64 = Self::ADDRESS + 0x14;
    /// `TimeZoneBias`: how far local time is behind, in 100 ns as a number of 64 bits, then its upper half once more.
    pub const TIME_ZONE_BIAS: u64 = Self::ADDRESS + 0x20;
    /// `NtSystemRoot`: the folder of Windows, in UTF-16 up to a NUL.
    pub const NT_SYSTEM_ROOT: u64 = Self::ADDRESS + 0x30;
    /// The size of [`Self::NT_SYSTEM_ROOT`] in bytes: 260 units of UTF-16.
    pub const NT_SYSTEM_ROOT_SIZE: u64 = 520;
    /// `TimeZoneId`: 1 for standard time, 2 for daylight saving time, in 32 bits.
    pub const TIME_ZONE_ID: u64 = Self::ADDRESS + 0x240;
    /// `NtBuildNumber`: the build of Windows, since Windows 10; its upper four bits are flags.
    pub const NT_BUILD_NUMBER: u64 = Self::ADDRESS + 0x260;
    /// `NtMajorVersion`: first number of the version.
    pub const NT_MAJOR_VERSION: u64 = Self::ADDRESS + 0x26c;
    /// `NtMinorVersion`: second number of the version.
    pub const NT_MINOR_VERSION: u64 = Self::ADDRESS + 0x270;
    /// `NtProductType`: the edition of Windows, in 32 bits.
    pub const NT_PRODUCT_TYPE: u64 = Self::ADDRESS + 0x264;
    /// `ProductTypeIsValid`: 1 if the edition is, in 8 bits.
    pub const PRODUCT_TYPE_IS_VALID: u64 = Self::ADDRESS + 0x268;
    /// `ProcessorFeatures`: a byte for each `PF_` number of `winnt.h`, 1 if the processor has it.
    pub const PROCESSOR_FEATURES: u64 = Self::ADDRESS + 0x274;
    /// The size of [`Self::PROCESSOR_FEATURES`] in bytes.
    pub const PROCESSOR_FEATURES_SIZE: u64 = 64;
    /// `SuiteMask`: editions of Windows as flags, in 32 bits.
    pub const SUITE_MASK: u64 = Self::ADDRESS + 0x2d0;
    /// `TickCount`: ticks of the clock since the start as a number of 64 bits, then its upper half once more.
    pub const TICK_COUNT: u64 = Self::ADDRESS + 0x320;
}
