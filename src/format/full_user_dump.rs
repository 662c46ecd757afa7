//! The full user dump, the older format of the debugger's `/f`: `USERDUMP` for 32-bit processes, `USERDU64` for 64-bit.
//!
//! Every structure has two widths. Those of the 64-bit form hold all that the narrow ones do, so views widen the narrow
//! ones, with zeros. The names are those of Microsoft's old `ntiodump.h`, the layouts were checked against files of
//! the debugger engine 10.0.15063. Such files are little-endian, and their parts stand at any position.

use crate::format::exception::ExceptionRecord;
use crate::format::memory::MemoryInfo;

/// The first eight bytes of a full user dump of a 32-bit process.
pub const USERDUMP_SIGNATURE: [u8; 8] = *b"USERDUMP";

/// The first eight bytes of a full user dump of a 64-bit process.
pub const USERDU64_SIGNATURE: [u8; 8] = *b"USERDU64";

/// `EXCEPTION_DEBUG_EVENT`: the code of a debug event that tells of an exception.
pub const EXCEPTION_DEBUG_EVENT: u32 = 1;

structure! {
    /// First bytes of a full user dump of a 64-bit process.
    ///
    /// Offsets count bytes from the first one of the file. One that is 0 stands for a part that is not there.
    #[doc(alias = "USERMODE_CRASHDUMP_HEADER64")]
    pub struct UsermodeCrashdumpHeader64 {
        /// [`USERDU64_SIGNATURE`]: `Signature` and `ValidDump` in C.
        pub signature: [u8; 8],
        /// Major version of the operating system.
        pub major_version: u32,
        /// Minor version of the operating system in the low half, its build number in the high one.
        pub minor_version: u32,
        /// Kind of processor.
        pub machine_image_type: ImageFileMachine,
        /// Entries of the arrays of contexts and of thread states.
        pub thread_count: u32,
        /// Modules.
        pub module_count: u32,
        /// Entries of the table of regions.
        pub memory_region_count: u32,
        /// Where the contexts begin, one for each thread, all of one size, which the file does not say.
        pub thread_offset: u64,
        /// Where the [modules](CrashModule64) begin, packed.
        pub module_offset: u64,
        /// Where the bytes of the first region begin; those of the others follow in the order of the table, without
        /// gaps.
        pub data_offset: u64,
        /// Where the table of regions begins, of [`MemoryInfo`] or [`MemoryBasicInformation32`].
        pub memory_region_offset: u64,
        /// Where the [debug event](ExceptionDebugEvent64) is.
        pub debug_event_offset: u64,
        /// Where the [states](CrashThread64) of the threads begin, in the order of the contexts.
        pub thread_state_offset: u64,
        /// Where the version information is: pairs of texts, up to the end of the file.
        pub version_info_offset: u64,
        /// 0 in every file seen.
        #[doc(alias = "Spare1")]
        pub spare: u64,
    }
}

structure! {
    /// First bytes of a full user dump of a 32-bit process, see [`UsermodeCrashdumpHeader64`].
    #[doc(alias = "USERMODE_CRASHDUMP_HEADER32")]
    pub struct UsermodeCrashdumpHeader32 {
        /// [`USERDUMP_SIGNATURE`]: `Signature` and `ValidDump` in C.
        pub signature: [u8; 8],
        /// Major version of the operating system.
        pub major_version: u32,
        /// Minor version of the operating system in the low half, its build number in the high one.
        pub minor_version: u32,
        /// Kind of processor.
        pub machine_image_type: ImageFileMachine,
        /// Entries of the arrays of contexts and of thread states.
        pub thread_count: u32,
        /// Modules.
        pub module_count: u32,
        /// Entries of the table of regions.
        pub memory_region_count: u32,
        /// Where the contexts begin.
        pub thread_offset: u32,
        /// Where the modules begin.
        pub module_offset: u32,
        /// Where the bytes of the first region begin.
        pub data_offset: u32,
        /// Where the table of regions begins.
        pub memory_region_offset: u32,
        /// Where the debug event is.
        pub debug_event_offset: u32,
        /// Where the states of the threads begin.
        pub thread_state_offset: u32,
        /// Where the version information is.
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
    /// The state of a thread of a 64-bit process, beside its context.
    #[doc(alias = "CRASH_THREAD64")]
    pub struct CrashThread64 {
        /// The thread ID.
        pub thread_id: u32,
        /// How often it was suspended; it runs at 0.
        pub suspend_count: u32,
        /// `NORMAL_PRIORITY_CLASS` (32) and the like.
        pub priority_class: u32,
        /// The priority within the class.
        pub priority: u32,
        /// Address of the thread environment block.
        pub teb: u64,
        /// 0 in every file seen.
        pub spare: [u64; 7],
    }
}

structure! {
    /// The state of a thread of a 32-bit process, beside its context.
    #[doc(alias = "CRASH_THREAD32")]
    pub struct CrashThread32 {
        /// The thread ID.
        pub thread_id: u32,
        /// How often it was suspended; it runs at 0.
        pub suspend_count: u32,
        /// `NORMAL_PRIORITY_CLASS` (32) and the like.
        pub priority_class: u32,
        /// The priority within the class.
        pub priority: u32,
        /// Address of the thread environment block.
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
    /// A module of a 64-bit process, without its name, which follows at once.
    #[doc(alias = "CRASH_MODULE64")]
    pub struct CrashModule64 {
        /// Virtual address of the first byte.
        pub base_of_image: u64,
        /// Size in memory, in bytes.
        pub size_of_image: u32,
        /// Bytes of the path behind this structure, its NUL included; the next module begins behind it, at any
        /// position.
        pub image_name_length: u32,
    }
}

structure! {
    /// A module of a 32-bit process, without its name, which follows at once.
    #[doc(alias = "CRASH_MODULE32")]
    pub struct CrashModule32 {
        /// Virtual address of the first byte.
        pub base_of_image: u32,
        /// Size in memory, in bytes.
        pub size_of_image: u32,
        /// Bytes of the path behind this structure, its NUL included.
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
    /// A memory region of a 32-bit process; that of a 64-bit one is [`MemoryInfo`].
    #[doc(alias = "MEMORY_BASIC_INFORMATION32")]
    pub struct MemoryBasicInformation32 {
        /// Virtual address of the first page.
        pub base_address: u32,
        /// Virtual address of the allocation that the region is a part of.
        pub allocation_base: u32,
        /// [`MemoryProtection`](crate::format::MemoryProtection) that the allocation was made with.
        pub allocation_protect: u32,
        /// Size in bytes.
        pub region_size: u32,
        /// [`MemoryState`](crate::format::memory::MemoryState).
        pub state: u32,
        /// [`MemoryProtection`](crate::format::MemoryProtection) of the pages now.
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
    /// An exception as 32-bit processes have it: an [`ExceptionRecord`] without padding.
    #[doc(alias = "EXCEPTION_RECORD32")]
    pub struct ExceptionRecord32 {
        /// Kind of exception.
        pub exception_code: u32,
        /// An [`ExceptionFlags`](crate::format::exception::ExceptionFlags).
        pub exception_flags: u32,
        /// Virtual address of the exception that led to this one; 0 if there is none.
        pub exception_record: u32,
        /// Virtual address of the instruction at fault.
        pub exception_address: u32,
        /// Valid entries of `exception_information`.
        pub number_parameters: u32,
        /// Details by kind of exception; entries beyond `number_parameters` hold anything.
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
    /// The debug event of a 64-bit process, which stopped it: nearly always an exception, whose details are given here.
    ///
    /// Other events take as many bytes; in those, what is behind `thread_id` means something else.
    #[doc(alias = "DEBUG_EVENT")]
    #[doc(alias = "EXCEPTION_DEBUG_INFO")]
    pub struct ExceptionDebugEvent64 {
        /// [`EXCEPTION_DEBUG_EVENT`], or another event.
        pub debug_event_code: u32,
        /// The process ID.
        pub process_id: u32,
        /// The ID of the thread that it happened in.
        pub thread_id: u32,
        /// Padding.
        pub alignment: u32,
        /// What happened.
        pub exception_record: ExceptionRecord,
        /// 1 if the process could still have handled the exception, 0 if it had not.
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
        /// [`EXCEPTION_DEBUG_EVENT`], or another event.
        pub debug_event_code: u32,
        /// The process ID.
        pub process_id: u32,
        /// The ID of the thread that it happened in.
        pub thread_id: u32,
        /// What happened.
        pub exception_record: ExceptionRecord32,
        /// 1 if the process could still have handled the exception, 0 if it had not.
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
    /// What old writers may have at the place of the version information; no such file was at hand.
    #[doc(alias = "CRASHDUMP_VERSION_INFO")]
    pub struct CrashdumpVersionInfo {
        /// Not 0 if the table has guard pages of which the file has no bytes.
        pub ignore_guard_pages: u32,
        /// Size of a pointer in bits.
        pub pointer_size: u32,
    }
}

named_values! {
    /// Kind of processor, in the numbers of `winnt.h` for programs.
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
    /// 32-bit ARM with Thumb-2, which Windows runs on.
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
