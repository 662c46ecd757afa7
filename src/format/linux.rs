//! Binary streams that Breakpad and minidump-writer add on Linux.

use crate::format::flag_sets::flag_sets;

use crate::format::location::Rva;

/// The layouts of the LinuxDsoDebug stream.
///
/// The stream does not record its layout. It follows from the pointer size and, for 64-bit targets, from the size of
/// the stream.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DsoDebugLayout {
    /// 32-bit targets: [`DsoDebug32`] and [`LinkMap32`].
    Bits32,
    /// 64-bit targets, as written by Breakpad: [`DsoDebug64`] and [`LinkMap64`].
    Bits64,
    /// 64-bit targets, as written by minidump-writer: [`DsoDebug64Packed`] and [`LinkMap64Packed`].
    Bits64Packed,
}

impl DsoDebugLayout {
    /// Returns the size of the stream's header in bytes. The dynamic section follows the header.
    #[must_use]
    pub const fn header_size(self) -> usize {
        match self {
            Self::Bits32 => DsoDebug32::SIZE,
            Self::Bits64 => DsoDebug64::SIZE,
            Self::Bits64Packed => DsoDebug64Packed::SIZE,
        }
    }

    /// Returns the size of a link map entry in bytes.
    #[must_use]
    pub const fn link_map_size(self) -> usize {
        match self {
            Self::Bits32 => LinkMap32::SIZE,
            Self::Bits64 => LinkMap64::SIZE,
            Self::Bits64Packed => LinkMap64Packed::SIZE,
        }
    }

    /// Returns the pointer size of the target in bytes.
    #[must_use]
    pub const fn pointer_size(self) -> u32 {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 | Self::Bits64Packed => 8,
        }
    }
}

structure! {
    /// The header of the LinuxDsoDebug stream of a 32-bit process: the dynamic linker's `r_debug`.
    #[doc(alias = "MDRawDebug32")]
    #[doc(alias = "DSO_DEBUG_32")]
    pub struct DsoDebug32 {
        /// Version of the protocol between the dynamic linker and debuggers, 1.
        pub version: u32,
        /// RVA of the link map entries; `0xffffffff` if there are none.
        pub map: Rva,
        /// Number of link map entries.
        pub dso_count: u32,
        /// Address of the function that the linker calls whenever the link map changes.
        pub brk: u32,
        /// Address at which the linker is loaded.
        pub ldbase: u32,
        /// Address of the dynamic section of the program.
        pub dynamic: u32,
    }
}

structure! {
    /// The header of the LinuxDsoDebug stream of a 64-bit process, with the padding that compilers insert, as in
    /// Breakpad.
    #[doc(alias = "MDRawDebug64")]
    pub struct DsoDebug64 {
        /// Version of the protocol between the dynamic linker and debuggers, 1.
        pub version: u32,
        /// RVA of the link map entries; `0xffffffff` if there are none.
        pub map: Rva,
        /// Number of link map entries.
        pub dso_count: u32,
        /// Padding.
        pub alignment: u32,
        /// Address of the function that the linker calls whenever the link map changes.
        pub brk: u64,
        /// Address at which the linker is loaded.
        pub ldbase: u64,
        /// Address of the dynamic section of the program.
        pub dynamic: u64,
    }
}

structure! {
    /// The header of the LinuxDsoDebug stream of a 64-bit process, packed as in minidump-writer.
    #[doc(alias = "DSO_DEBUG_64")]
    pub struct DsoDebug64Packed {
        /// Version of the protocol between the dynamic linker and debuggers, 1.
        pub version: u32,
        /// RVA of the link map entries; `0xffffffff` if there are none.
        pub map: Rva,
        /// Number of link map entries.
        pub dso_count: u32,
        /// Address of the function that the linker calls whenever the link map changes.
        pub brk: u64,
        /// Address at which the linker is loaded.
        pub ldbase: u64,
        /// Address of the dynamic section of the program.
        pub dynamic: u64,
    }
}

structure! {
    /// A shared object of a 32-bit process: the dynamic linker's `link_map`.
    #[doc(alias = "MDRawLinkMap32")]
    #[doc(alias = "LINK_MAP_32")]
    pub struct LinkMap32 {
        /// Difference between the addresses in memory and those in the object's file.
        pub addr: u32,
        /// RVA of the path, a `MINIDUMP_STRING`.
        pub name: Rva,
        /// Address of the object's dynamic section.
        pub ld: u32,
    }
}

structure! {
    /// A shared object of a 64-bit process, with the padding that compilers insert, as in Breakpad.
    #[doc(alias = "MDRawLinkMap64")]
    pub struct LinkMap64 {
        /// Difference between the addresses in memory and those in the object's file.
        pub addr: u64,
        /// RVA of the path, a `MINIDUMP_STRING`.
        pub name: Rva,
        /// Padding.
        pub alignment: u32,
        /// Address of the object's dynamic section.
        pub ld: u64,
    }
}

structure! {
    /// A shared object of a 64-bit process, packed as in minidump-writer.
    #[doc(alias = "LINK_MAP_64")]
    pub struct LinkMap64Packed {
        /// Difference between the addresses in memory and those in the object's file.
        pub addr: u64,
        /// RVA of the path, a `MINIDUMP_STRING`.
        pub name: Rva,
        /// Address of the object's dynamic section.
        pub ld: u64,
    }
}

flag_sets! {
    /// The access to a mapping of a Linux process. The values of the three access rights are those of `mmap`.
    pub struct LinuxMapFlags: u32 {
        /// `r`: the memory can be read.
        #[doc(alias = "PROT_READ")]
        const READ = 1;
        /// `w`: the memory can be written.
        #[doc(alias = "PROT_WRITE")]
        const WRITE = 2;
        /// `x`: the memory can be executed.
        #[doc(alias = "PROT_EXEC")]
        const EXECUTE = 4;
        /// `s`: writes are visible to other processes; without this flag (`p`), the mapping is private.
        #[doc(alias = "MAP_SHARED")]
        const SHARED = 8;
    }
}

named_values! {
    /// The type of an entry of the auxiliary vector, which the kernel passes to every program that it starts.
    ///
    /// The values are those of the kernel's `auxvec.h`. Values from 32 on are used only on some architectures.
    pub struct AuxType(u64);

    /// The end of the vector.
    #[doc(alias = "AT_NULL")]
    NULL = 0 => "AT_NULL",
    /// Entry to be ignored.
    #[doc(alias = "AT_IGNORE")]
    IGNORE = 1 => "AT_IGNORE",
    /// File descriptor of the program.
    #[doc(alias = "AT_EXECFD")]
    EXECFD = 2 => "AT_EXECFD",
    /// Address of the program headers of the program.
    #[doc(alias = "AT_PHDR")]
    PHDR = 3 => "AT_PHDR",
    /// Size of a program header in bytes.
    #[doc(alias = "AT_PHENT")]
    PHENT = 4 => "AT_PHENT",
    /// Number of program headers.
    #[doc(alias = "AT_PHNUM")]
    PHNUM = 5 => "AT_PHNUM",
    /// Size of a page in bytes.
    #[doc(alias = "AT_PAGESZ")]
    PAGESZ = 6 => "AT_PAGESZ",
    /// Address at which the interpreter, the dynamic linker, is loaded.
    #[doc(alias = "AT_BASE")]
    BASE = 7 => "AT_BASE",
    /// Flags; none are in use.
    #[doc(alias = "AT_FLAGS")]
    FLAGS = 8 => "AT_FLAGS",
    /// Entry point of the program.
    #[doc(alias = "AT_ENTRY")]
    ENTRY = 9 => "AT_ENTRY",
    /// Not 0 if the program is not ELF.
    #[doc(alias = "AT_NOTELF")]
    NOTELF = 10 => "AT_NOTELF",
    /// User ID.
    #[doc(alias = "AT_UID")]
    UID = 11 => "AT_UID",
    /// Effective user ID.
    #[doc(alias = "AT_EUID")]
    EUID = 12 => "AT_EUID",
    /// Group ID.
    #[doc(alias = "AT_GID")]
    GID = 13 => "AT_GID",
    /// Effective group ID.
    #[doc(alias = "AT_EGID")]
    EGID = 14 => "AT_EGID",
    /// Address of a string that names the processor.
    #[doc(alias = "AT_PLATFORM")]
    PLATFORM = 15 => "AT_PLATFORM",
    /// Capabilities of the processor, as bits that depend on the architecture.
    #[doc(alias = "AT_HWCAP")]
    HWCAP = 16 => "AT_HWCAP",
    /// Clock ticks per second.
    #[doc(alias = "AT_CLKTCK")]
    CLKTCK = 17 => "AT_CLKTCK",
    /// Control word of the floating-point unit.
    #[doc(alias = "AT_FPUCW")]
    FPUCW = 18 => "AT_FPUCW",
    /// Size of a data cache block in bytes.
    #[doc(alias = "AT_DCACHEBSIZE")]
    DCACHEBSIZE = 19 => "AT_DCACHEBSIZE",
    /// Size of an instruction cache block in bytes.
    #[doc(alias = "AT_ICACHEBSIZE")]
    ICACHEBSIZE = 20 => "AT_ICACHEBSIZE",
    /// Size of a unified cache block in bytes.
    #[doc(alias = "AT_UCACHEBSIZE")]
    UCACHEBSIZE = 21 => "AT_UCACHEBSIZE",
    /// Entry to be ignored, on PowerPC.
    #[doc(alias = "AT_IGNOREPPC")]
    IGNOREPPC = 22 => "AT_IGNOREPPC",
    /// Not 0 if the program runs with more privileges than its user has (for example, set-user-ID programs).
    #[doc(alias = "AT_SECURE")]
    SECURE = 23 => "AT_SECURE",
    /// Address of a string that names the real processor, if it differs from `PLATFORM`.
    #[doc(alias = "AT_BASE_PLATFORM")]
    BASE_PLATFORM = 24 => "AT_BASE_PLATFORM",
    /// Address of 16 random bytes.
    #[doc(alias = "AT_RANDOM")]
    RANDOM = 25 => "AT_RANDOM",
    /// More capabilities of the processor.
    #[doc(alias = "AT_HWCAP2")]
    HWCAP2 = 26 => "AT_HWCAP2",
    /// Supported size of the area for restartable sequences (rseq), in bytes.
    #[doc(alias = "AT_RSEQ_FEATURE_SIZE")]
    RSEQ_FEATURE_SIZE = 27 => "AT_RSEQ_FEATURE_SIZE",
    /// Alignment of the area for restartable sequences (rseq), in bytes.
    #[doc(alias = "AT_RSEQ_ALIGN")]
    RSEQ_ALIGN = 28 => "AT_RSEQ_ALIGN",
    /// More capabilities of the processor.
    #[doc(alias = "AT_HWCAP3")]
    HWCAP3 = 29 => "AT_HWCAP3",
    /// More capabilities of the processor.
    #[doc(alias = "AT_HWCAP4")]
    HWCAP4 = 30 => "AT_HWCAP4",
    /// Address of the path of the program.
    #[doc(alias = "AT_EXECFN")]
    EXECFN = 31 => "AT_EXECFN",
    /// Address of the system call entry point, on x86.
    #[doc(alias = "AT_SYSINFO")]
    SYSINFO = 32 => "AT_SYSINFO",
    /// Address of the vDSO, the shared object that the kernel maps into every process.
    #[doc(alias = "AT_SYSINFO_EHDR")]
    SYSINFO_EHDR = 33 => "AT_SYSINFO_EHDR",
    /// Size of the L1 instruction cache in bytes.
    #[doc(alias = "AT_L1I_CACHESIZE")]
    L1I_CACHESIZE = 40 => "AT_L1I_CACHESIZE",
    /// Geometry of the L1 instruction cache: associativity in the upper 16 bits, line size in bytes in the lower 16
    /// bits.
    #[doc(alias = "AT_L1I_CACHEGEOMETRY")]
    L1I_CACHEGEOMETRY = 41 => "AT_L1I_CACHEGEOMETRY",
    /// Size of the L1 data cache in bytes.
    #[doc(alias = "AT_L1D_CACHESIZE")]
    L1D_CACHESIZE = 42 => "AT_L1D_CACHESIZE",
    /// Geometry of the L1 data cache: associativity and line size.
    #[doc(alias = "AT_L1D_CACHEGEOMETRY")]
    L1D_CACHEGEOMETRY = 43 => "AT_L1D_CACHEGEOMETRY",
    /// Size of the L2 cache in bytes.
    #[doc(alias = "AT_L2_CACHESIZE")]
    L2_CACHESIZE = 44 => "AT_L2_CACHESIZE",
    /// Geometry of the L2 cache: associativity and line size.
    #[doc(alias = "AT_L2_CACHEGEOMETRY")]
    L2_CACHEGEOMETRY = 45 => "AT_L2_CACHEGEOMETRY",
    /// Size of the L3 cache in bytes.
    #[doc(alias = "AT_L3_CACHESIZE")]
    L3_CACHESIZE = 46 => "AT_L3_CACHESIZE",
    /// Geometry of the L3 cache: associativity and line size.
    #[doc(alias = "AT_L3_CACHEGEOMETRY")]
    L3_CACHEGEOMETRY = 47 => "AT_L3_CACHEGEOMETRY",
    /// Minimum size of a signal handler's stack in bytes.
    #[doc(alias = "AT_MINSIGSTKSZ")]
    MINSIGSTKSZ = 51 => "AT_MINSIGSTKSZ",
}
