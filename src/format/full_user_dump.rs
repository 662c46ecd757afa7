//! The full user dump, the older format that the debugger's `/f` writes: `USERDUMP` for 32-bit processes, `USERDU64`
//! for 64-bit processes.
//!
//! Every structure has a 32-bit and a 64-bit form. The 64-bit form has all fields of the 32-bit form, so views convert
//! to it by zero extension. The names are those of Microsoft's old `ntiodump.h`; the layouts were checked against files
//! of the debugger engine 10.0.15063. Files are little-endian, and their parts are not aligned.

use crate::format::exception::ExceptionRecord;
use crate::format::memory::MemoryInfo;

/// The first eight bytes of a full user dump of a 32-bit process.
pub const USERDUMP_SIGNATURE: [u8; 8] = *b"USERDUMP";

/// The first eight bytes of a full user dump of a 64-bit process.
pub const USERDU64_SIGNATURE: [u8; 8] = *b"USERDU64";

/// The debug event code of an exception, `EXCEPTION_DEBUG_EVENT`.
pub const EXCEPTION_DEBUG_EVENT: u32 = 1;

structure! {
    /// The header of a full user dump of a 64-bit process.
    ///
    /// Offsets are in bytes from the start of the file. An offset of 0 means that the part is absent.
    #[doc(alias = "USERMODE_CRASHDUMP_HEADER64")]
    pub struct UsermodeCrashdumpHeader64 {
        /// [`USERDU64_SIGNATURE`]: `Signature` and `ValidDump` in C.
        pub signature: [u8; 8],
        /// Major version of the operating system.
        pub major_version: u32,
        /// Minor version of the operating system in the low half, build number in the high half.
        pub minor_version: u32,
        /// Processor architecture.
        pub machine_image_type: ImageFileMachine,
        /// Number of threads: entries in the arrays of contexts and of thread states.
        pub thread_count: u32,
        /// Number of modules.
        pub module_count: u32,
        /// Number of entries in the table of memory regions.
        pub memory_region_count: u32,
        /// Offset of the contexts, one for each thread. All have the same size, which the file does not record.
        pub thread_offset: u64,
        /// Offset of the packed [modules](CrashModule64).
        pub module_offset: u64,
        /// Offset of the contents of the first region. The contents of the others follow in the order of the table,
        /// without gaps.
        pub data_offset: u64,
        /// Offset of the table of regions, an array of [`MemoryInfo`] or [`MemoryBasicInformation32`].
        pub memory_region_offset: u64,
        /// Offset of the [debug event](ExceptionDebugEvent64).
        pub debug_event_offset: u64,
        /// Offset of the [thread states](CrashThread64), in the order of the contexts.
        pub thread_state_offset: u64,
        /// Offset of the version information: pairs of strings up to the end of the file.
        pub version_info_offset: u64,
        /// 0 in every file seen.
        #[doc(alias = "Spare1")]
        pub spare: u64,
    }
}

structure! {
    /// The header of a full user dump of a 32-bit process, see [`UsermodeCrashdumpHeader64`].
    #[doc(alias = "USERMODE_CRASHDUMP_HEADER32")]
    pub struct UsermodeCrashdumpHeader32 {
        /// [`USERDUMP_SIGNATURE`]: `Signature` and `ValidDump` in C.
        pub signature: [u8; 8],
        /// Major version of the operating system.
        pub major_version: u32,
        /// Minor version of the operating system in the low half, build number in the high half.
        pub minor_version: u32,
        /// Processor architecture.
        pub machine_image_type: ImageFileMachine,
        /// Number of threads: entries in the arrays of contexts and of thread states.
        pub thread_count: u32,
        /// Number of modules.
        pub module_count: u32,
        /// Number of entries in the table of memory regions.
        pub memory_region_count: u32,
        /// Offset of the contexts.
        pub thread_offset: u32,
        /// Offset of the modules.
        pub module_offset: u32,
        /// Offset of the contents of the first region.
        pub data_offset: u32,
        /// Offset of the table of regions.
        pub memory_region_offset: u32,
        /// Offset of the debug event.
        pub debug_event_offset: u32,
        /// Offset of the thread states.
        pub thread_state_offset: u32,
        /// Offset of the version information.
        pub version_info_offset: u32,
        /// 0 in every file seen.
        #[doc(alias = "Spare1")]
        pub spare: u32,
    }
}

impl From<UsermodeCrashdumpHeader32> for UsermodeCrashdumpHeader64 {
    fn from(narrow: UsermodeCrashdumpHeader32) -> Self {
        Self {
            signature: narrow.signature,
            major_version: narrow.major_version,
            minor_version: narrow.minor_version,
            machine_image_type: narrow.machine_image_type,
            thread_count: narrow.thread_count,
            module_count: narrow.module_count,
            memory_region_count: narrow.memory_region_count,
            thread_offset: narrow.thread_offset.into(),
            module_offset: narrow.module_offset.into(),
            data_offset: narrow.data_offset.into(),
            memory_region_offset: narrow.memory_region_offset.into(),
            debug_event_offset: narrow.debug_event_offset.into(),
            thread_state_offset: narrow.thread_state_offset.into(),
            version_info_offset: narrow.version_info_offset.into(),
            spare: narrow.spare.into(),
        }
    }
}

structure! {
    /// The state of a thread of a 64-bit process, except for its context.
    #[doc(alias = "CRASH_THREAD64")]
    pub struct CrashThread64 {
        /// The thread ID.
        pub thread_id: u32,
        /// Suspend count; the thread runs if it is 0.
        pub suspend_count: u32,
        /// Priority class, for example `NORMAL_PRIORITY_CLASS` (32).
        pub priority_class: u32,
        /// Priority within the class.
        pub priority: u32,
        /// Address of the thread environment block (TEB).
        pub teb: u64,
        /// 0 in every file seen.
        pub spare: [u64; 7],
    }
}

structure! {
    /// The state of a thread of a 32-bit process, except for its context.
    #[doc(alias = "CRASH_THREAD32")]
    pub struct CrashThread32 {
        /// The thread ID.
        pub thread_id: u32,
        /// Suspend count; the thread runs if it is 0.
        pub suspend_count: u32,
        /// Priority class, for example `NORMAL_PRIORITY_CLASS` (32).
        pub priority_class: u32,
        /// Priority within the class.
        pub priority: u32,
        /// Address of the thread environment block (TEB).
        pub teb: u32,
        /// 0 in every file seen.
        pub spare: [u32; 7],
    }
}

impl From<CrashThread32> for CrashThread64 {
    fn from(narrow: CrashThread32) -> Self {
        Self {
            thread_id: narrow.thread_id,
            suspend_count: narrow.suspend_count,
            priority_class: narrow.priority_class,
            priority: narrow.priority,
            teb: narrow.teb.into(),
            spare: narrow.spare.map(u64::from),
        }
    }
}

structure! {
    /// A module of a 64-bit process. Its path follows immediately.
    #[doc(alias = "CRASH_MODULE64")]
    pub struct CrashModule64 {
        /// Virtual address of the first byte.
        pub base_of_image: u64,
        /// Size in memory, in bytes.
        pub size_of_image: u32,
        /// Size of the path after this structure in bytes, including the NUL. The next module follows without padding.
        pub image_name_length: u32,
    }
}

structure! {
    /// A module of a 32-bit process. Its path follows immediately.
    #[doc(alias = "CRASH_MODULE32")]
    pub struct CrashModule32 {
        /// Virtual address of the first byte.
        pub base_of_image: u32,
        /// Size in memory, in bytes.
        pub size_of_image: u32,
        /// Size of the path after this structure in bytes, including the NUL.
        pub image_name_length: u32,
    }
}

impl From<CrashModule32> for CrashModule64 {
    fn from(narrow: CrashModule32) -> Self {
        Self {
            base_of_image: narrow.base_of_image.into(),
            size_of_image: narrow.size_of_image,
            image_name_length: narrow.image_name_length,
        }
    }
}

structure! {
    /// A memory region of a 32-bit process. The 64-bit form is [`MemoryInfo`].
    #[doc(alias = "MEMORY_BASIC_INFORMATION32")]
    pub struct MemoryBasicInformation32 {
        /// Virtual address of the first page.
        pub base_address: u32,
        /// Virtual address of the allocation that contains the region.
        pub allocation_base: u32,
        /// Initial [`MemoryProtection`](crate::format::MemoryProtection) of the allocation.
        pub allocation_protect: u32,
        /// Size in bytes.
        pub region_size: u32,
        /// [`MemoryState`](crate::format::memory::MemoryState).
        pub state: u32,
        /// Current [`MemoryProtection`](crate::format::MemoryProtection) of the pages.
        pub protect: u32,
        /// [`MemoryType`](crate::format::memory::MemoryType).
        pub memory_type: u32,
    }
}

impl From<MemoryBasicInformation32> for MemoryInfo {
    fn from(narrow: MemoryBasicInformation32) -> Self {
        Self {
            base_address: narrow.base_address.into(),
            allocation_base: narrow.allocation_base.into(),
            allocation_protect: narrow.allocation_protect,
            region_size: narrow.region_size.into(),
            state: narrow.state,
            protect: narrow.protect,
            memory_type: narrow.memory_type,
            ..Self::default()
        }
    }
}

structure! {
    /// The exception record of a 32-bit process: an [`ExceptionRecord`] without padding.
    #[doc(alias = "EXCEPTION_RECORD32")]
    pub struct ExceptionRecord32 {
        /// Exception code.
        pub exception_code: u32,
        /// [`ExceptionFlags`](crate::format::exception::ExceptionFlags).
        pub exception_flags: u32,
        /// Virtual address of the record of the exception that led to this one; 0 if there is none.
        pub exception_record: u32,
        /// Virtual address of the faulting instruction.
        pub exception_address: u32,
        /// Number of valid entries in `exception_information`.
        pub number_parameters: u32,
        /// Parameters whose meaning depends on the code; entries beyond `number_parameters` are unspecified.
        pub exception_information: [u32; 15],
    }
}

impl From<ExceptionRecord32> for ExceptionRecord {
    fn from(narrow: ExceptionRecord32) -> Self {
        Self {
            exception_code: narrow.exception_code,
            exception_flags: narrow.exception_flags,
            exception_record: narrow.exception_record.into(),
            exception_address: narrow.exception_address.into(),
            number_parameters: narrow.number_parameters,
            alignment: 0,
            exception_information: narrow.exception_information.map(u64::from),
        }
    }
}

structure! {
    /// The debug event that stopped a 64-bit process, nearly always an exception.
    ///
    /// Other events have the same size, but their bytes after `thread_id` have another meaning.
    #[doc(alias = "DEBUG_EVENT")]
    #[doc(alias = "EXCEPTION_DEBUG_INFO")]
    pub struct ExceptionDebugEvent64 {
        /// [`EXCEPTION_DEBUG_EVENT`], or the code of another event.
        pub debug_event_code: u32,
        /// The process ID.
        pub process_id: u32,
        /// ID of the thread in which the event occurred.
        pub thread_id: u32,
        /// Padding.
        pub alignment: u32,
        /// The exception.
        pub exception_record: ExceptionRecord,
        /// 1 if the process had not yet had a chance to handle the exception, 0 if it did not handle it.
        #[doc(alias = "dwFirstChance")]
        pub first_chance: u32,
        /// Padding.
        pub alignment2: u32,
    }
}

structure! {
    /// The debug event of a 32-bit process, see [`ExceptionDebugEvent64`].
    #[doc(alias = "DEBUG_EVENT")]
    pub struct ExceptionDebugEvent32 {
        /// [`EXCEPTION_DEBUG_EVENT`], or the code of another event.
        pub debug_event_code: u32,
        /// The process ID.
        pub process_id: u32,
        /// ID of the thread in which the event occurred.
        pub thread_id: u32,
        /// The exception.
        pub exception_record: ExceptionRecord32,
        /// 1 if the process had not yet had a chance to handle the exception, 0 if it did not handle it.
        #[doc(alias = "dwFirstChance")]
        pub first_chance: u32,
    }
}

impl From<ExceptionDebugEvent32> for ExceptionDebugEvent64 {
    fn from(narrow: ExceptionDebugEvent32) -> Self {
        Self {
            debug_event_code: narrow.debug_event_code,
            process_id: narrow.process_id,
            thread_id: narrow.thread_id,
            alignment: 0,
            exception_record: narrow.exception_record.into(),
            first_chance: narrow.first_chance,
            alignment2: 0,
        }
    }
}

structure! {
    /// A structure that old writers may store in place of the version information; we have not seen such a file.
    #[doc(alias = "CRASHDUMP_VERSION_INFO")]
    pub struct CrashdumpVersionInfo {
        /// Not 0 if the table lists guard pages whose contents are not in the file.
        pub ignore_guard_pages: u32,
        /// Size of a pointer in bits.
        pub pointer_size: u32,
    }
}

named_values! {
    /// Processor architecture, as in the PE header (`winnt.h`).
    ///
    /// ```
    /// use userdump::format::ProcessorArchitecture;
    /// use userdump::format::full_user_dump::ImageFileMachine;
    ///
    /// assert_eq!(ImageFileMachine(0x8664).architecture(), Some(ProcessorArchitecture::AMD64));
    /// ```
    #[doc(alias = "IMAGE_FILE_MACHINE_UNKNOWN")]
    pub struct ImageFileMachine(u32);

    /// 32-bit x86.
    #[doc(alias = "IMAGE_FILE_MACHINE_I386")]
    I386 = 0x14c => "I386",
    /// DEC Alpha.
    #[doc(alias = "IMAGE_FILE_MACHINE_ALPHA")]
    ALPHA = 0x184 => "ALPHA",
    /// 32-bit ARM.
    #[doc(alias = "IMAGE_FILE_MACHINE_ARM")]
    ARM = 0x1c0 => "ARM",
    /// 32-bit ARM with Thumb.
    #[doc(alias = "IMAGE_FILE_MACHINE_THUMB")]
    THUMB = 0x1c2 => "THUMB",
    /// 32-bit ARM with Thumb-2, the 32-bit ARM that Windows supports.
    #[doc(alias = "IMAGE_FILE_MACHINE_ARMNT")]
    ARMNT = 0x1c4 => "ARMNT",
    /// Intel Itanium.
    #[doc(alias = "IMAGE_FILE_MACHINE_IA64")]
    IA64 = 0x200 => "IA64",
    /// DEC Alpha with 64-bit addresses.
    #[doc(alias = "IMAGE_FILE_MACHINE_ALPHA64")]
    ALPHA64 = 0x284 => "ALPHA64",
    /// 64-bit x86.
    #[doc(alias = "IMAGE_FILE_MACHINE_AMD64")]
    AMD64 = 0x8664 => "AMD64",
    /// 64-bit ARM.
    #[doc(alias = "IMAGE_FILE_MACHINE_ARM64")]
    ARM64 = 0xaa64 => "ARM64",
}
