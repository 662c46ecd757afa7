//! What Breakpad and minidump-writer add on Linux, as far as it is not text.

use crate::format::flag_sets::flag_sets;

use crate::format::location::Rva;

/// The layouts of the LinuxDsoDebug stream.
///
/// Nothing in the stream tells them apart: the width of pointers does and, of 64 bits, the size of the stream.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DsoDebugLayout {
    /// For 32-bit targets: [`DsoDebug32`] and [`LinkMap32`].
    Bits32,
    /// Breakpad's for 64-bit targets: [`DsoDebug64`] and [`LinkMap64`].
    Bits64,
    /// minidump-writer's for 64-bit targets: [`DsoDebug64Packed`] and [`LinkMap64Packed`].
    Bits64Packed,
}

impl DsoDebugLayout {
    /// Size of the stream's header in bytes; the dynamic section follows.
    #[must_use]
    pub const fn head_size(self) -> usize {
        match self {
            Self::Bits32 => DsoDebug32::SIZE,
            Self::Bits64 => DsoDebug64::SIZE,
            Self::Bits64Packed => DsoDebug64Packed::SIZE,
        }
    }

    /// Size of an entry of the link map in bytes.
    #[must_use]
    pub const fn link_map_size(self) -> usize {
        match self {
            Self::Bits32 => LinkMap32::SIZE,
            Self::Bits64 => LinkMap64::SIZE,
            Self::Bits64Packed => LinkMap64Packed::SIZE,
        }
    }

    /// Size of an address of the target in bytes.
    #[must_use]
    pub const fn pointer_size(self) -> u32 {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 | Self::Bits64Packed => 8,
        }
    }
}

structure! {
    /// Head of the LinuxDsoDebug stream of a 32-bit process: what `r_debug` of the dynamic linker holds.
    #[doc(alias = "MDRawDebug32")]
    #[doc(alias = "DSO_DEBUG_32")]
    pub struct DsoDebug32 {
        /// Version of the protocol between linker and debugger, 1.
        pub version: u32,
        /// Where the entries of the link map begin; `0xffffffff` if there are none.
        pub map: Rva,
        /// Entries of the link map.
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
    /// Head of the LinuxDsoDebug stream of a 64-bit process, as Breakpad's compilers lay it out.
    #[doc(alias = "MDRawDebug64")]
    pub struct DsoDebug64 {
        /// Version of the protocol between linker and debugger, 1.
        pub version: u32,
        /// Where the entries of the link map begin; `0xffffffff` if there are none.
        pub map: Rva,
        /// Entries of the link map.
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
    /// Head of the LinuxDsoDebug stream of a 64-bit process, as minidump-writer packs it.
    #[doc(alias = "DSO_DEBUG_64")]
    pub struct DsoDebug64Packed {
        /// Version of the protocol between linker and debugger, 1.
        pub version: u32,
        /// Where the entries of the link map begin; `0xffffffff` if there are none.
        pub map: Rva,
        /// Entries of the link map.
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
    /// A shared object of a 32-bit process: what `link_map` of the dynamic linker holds.
    #[doc(alias = "MDRawLinkMap32")]
    #[doc(alias = "LINK_MAP_32")]
    pub struct LinkMap32 {
        /// How far the object lies from the addresses that its file gives.
        pub addr: u32,
        /// Where the path is, a `MINIDUMP_STRING`.
        pub name: Rva,
        /// Address of the object's dynamic section.
        pub ld: u32,
    }
}

structure! {
    /// A shared object of a 64-bit process, as Breakpad's compilers lay it out.
    #[doc(alias = "MDRawLinkMap64")]
    pub struct LinkMap64 {
        /// How far the object lies from the addresses that its file gives.
        pub addr: u64,
        /// Where the path is, a `MINIDUMP_STRING`.
        pub name: Rva,
        /// Padding.
        pub alignment: u32,
        /// Address of the object's dynamic section.
        pub ld: u64,
    }
}

structure! {
    /// A shared object of a 64-bit process, as minidump-writer packs it.
    #[doc(alias = "LINK_MAP_64")]
    pub struct LinkMap64Packed {
        /// How far the object lies from the addresses that its file gives.
        pub addr: u64,
        /// Where the path is, a `MINIDUMP_STRING`.
        pub name: Rva,
        /// Address of the object's dynamic section.
        pub ld: u64,
    }
}

flag_sets! {
    /// What may be done with a mapping of a Linux process; the three rights have the numbers of `mmap`.
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
        /// `s`: other processes see what is written; without it, `p`, the memory is private.
        #[doc(alias = "MAP_SHARED")]
        const SHARED = 8;
    }
}

named_values! {
    /// What an entry of the auxiliary vector tells; the kernel hands the vector to every program that it starts.
    ///
    /// The numbers are those of the kernel's `auxvec.h`; those from 32 on are in use on some architectures only.
    pub struct AuxType(u64);

    /// The end of the vector.
    #[doc(alias = "AT_NULL")]
    NULL = 0 => "AT_NULL",
    /// Nothing.
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
    /// Flags, none in use.
    #[doc(alias = "AT_FLAGS")]
    FLAGS = 8 => "AT_FLAGS",
    /// Address at which the program starts.
    #[doc(alias = "AT_ENTRY")]
    ENTRY = 9 => "AT_ENTRY",
    /// Not 0 if the program is not ELF.
    #[doc(alias = "AT_NOTELF")]
    NOTELF = 10 => "AT_NOTELF",
    /// User id.
    #[doc(alias = "AT_UID")]
    UID = 11 => "AT_UID",
    /// Effective user id.
    #[doc(alias = "AT_EUID")]
    EUID = 12 => "AT_EUID",
    /// Group id.
    #[doc(alias = "AT_GID")]
    GID = 13 => "AT_GID",
    /// Effective group id.
    #[doc(alias = "AT_EGID")]
    EGID = 14 => "AT_EGID",
    /// Address of a text that names the processor.
    #[doc(alias = "AT_PLATFORM")]
    PLATFORM = 15 => "AT_PLATFORM",
    /// What the processor can do, in bits that depend on the architecture.
    #[doc(alias = "AT_HWCAP")]
    HWCAP = 16 => "AT_HWCAP",
    /// Clock ticks per second.
    #[doc(alias = "AT_CLKTCK")]
    CLKTCK = 17 => "AT_CLKTCK",
    /// Control word of the floating-point unit.
    #[doc(alias = "AT_FPUCW")]
    FPUCW = 18 => "AT_FPUCW",
    /// Size of a block of the data cache in bytes.
    #[doc(alias = "AT_DCACHEBSIZE")]
    DCACHEBSIZE = 19 => "AT_DCACHEBSIZE",
    /// Size of a block of the instruction cache in bytes.
    #[doc(alias = "AT_ICACHEBSIZE")]
    ICACHEBSIZE = 20 => "AT_ICACHEBSIZE",
    /// Size of a block of the common cache in bytes.
    #[doc(alias = "AT_UCACHEBSIZE")]
    UCACHEBSIZE = 21 => "AT_UCACHEBSIZE",
    /// Nothing, on PowerPC.
    #[doc(alias = "AT_IGNOREPPC")]
    IGNOREPPC = 22 => "AT_IGNOREPPC",
    /// Not 0 if the program runs with rights that its user lacks.
    #[doc(alias = "AT_SECURE")]
    SECURE = 23 => "AT_SECURE",
    /// Address of a text that names the real processor, where that differs.
    #[doc(alias = "AT_BASE_PLATFORM")]
    BASE_PLATFORM = 24 => "AT_BASE_PLATFORM",
    /// Address of 16 random bytes.
    #[doc(alias = "AT_RANDOM")]
    RANDOM = 25 => "AT_RANDOM",
    /// More of what the processor can do.
    #[doc(alias = "AT_HWCAP2")]
    HWCAP2 = 26 => "AT_HWCAP2",
    /// Size of the area for restartable sequences, in bytes.
    #[doc(alias = "AT_RSEQ_FEATURE_SIZE")]
    RSEQ_FEATURE_SIZE = 27 => "AT_RSEQ_FEATURE_SIZE",
    /// Alignment of the area for restartable sequences, in bytes.
    #[doc(alias = "AT_RSEQ_ALIGN")]
    RSEQ_ALIGN = 28 => "AT_RSEQ_ALIGN",
    /// More of what the processor can do.
    #[doc(alias = "AT_HWCAP3")]
    HWCAP3 = 29 => "AT_HWCAP3",
    /// More of what the processor can do.
    #[doc(alias = "AT_HWCAP4")]
    HWCAP4 = 30 => "AT_HWCAP4",
    /// Address of the path of the program.
    #[doc(alias = "AT_EXECFN")]
    EXECFN = 31 => "AT_EXECFN",
    /// Address of the function that enters the kernel, on x86.
    #[doc(alias = "AT_SYSINFO")]
    SYSINFO = 32 => "AT_SYSINFO",
    /// Address of the vDSO, the shared object that the kernel puts into every process.
    #[doc(alias = "AT_SYSINFO_EHDR")]
    SYSINFO_EHDR = 33 => "AT_SYSINFO_EHDR",
    /// Size of the first cache for instructions, in bytes.
    #[doc(alias = "AT_L1I_CACHESIZE")]
    L1I_CACHESIZE = 40 => "AT_L1I_CACHESIZE",
    /// Ways of the first cache for instructions (upper 16 bits) and size of its line in bytes (lower 16).
    #[doc(alias = "AT_L1I_CACHEGEOMETRY")]
    L1I_CACHEGEOMETRY = 41 => "AT_L1I_CACHEGEOMETRY",
    /// Size of the first cache for data, in bytes.
    #[doc(alias = "AT_L1D_CACHESIZE")]
    L1D_CACHESIZE = 42 => "AT_L1D_CACHESIZE",
    /// Ways and size of the line of the first cache for data.
    #[doc(alias = "AT_L1D_CACHEGEOMETRY")]
    L1D_CACHEGEOMETRY = 43 => "AT_L1D_CACHEGEOMETRY",
    /// Size of the second cache, in bytes.
    #[doc(alias = "AT_L2_CACHESIZE")]
    L2_CACHESIZE = 44 => "AT_L2_CACHESIZE",
    /// Ways and size of the line of the second cache.
    #[doc(alias = "AT_L2_CACHEGEOMETRY")]
    L2_CACHEGEOMETRY = 45 => "AT_L2_CACHEGEOMETRY",
    /// Size of the third cache, in bytes.
    #[doc(alias = "AT_L3_CACHESIZE")]
    L3_CACHESIZE = 46 => "AT_L3_CACHESIZE",
    /// Ways and size of the line of the third cache.
    #[doc(alias = "AT_L3_CACHEGEOMETRY")]
    L3_CACHEGEOMETRY = 47 => "AT_L3_CACHEGEOMETRY",
    /// Least size of the stack of a signal handler, in bytes.
    #[doc(alias = "AT_MINSIGSTKSZ")]
    MINSIGSTKSZ = 51 => "AT_MINSIGSTKSZ",
}
