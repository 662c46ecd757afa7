//! Processors and memory for synthetic dumps: positions of the few registers and pointers that a re-encoder uses.

use crate::synth::SystemInfo;

/// A processor and its context, in numbers of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    pub architecture: u16,
    /// The size of a context without extended state.
    pub size: usize,
    pub flags_at: usize,
    pub flags: u32,
    pub ip_at: usize,
    pub sp_at: usize,
    /// The size of a pointer.
    pub word: usize,
    /// The reach of a window to either side of an instruction.
    pub reach: u64,
}

impl Cpu {
    pub const X86: Self =
        Self { architecture: 0, size: 716, flags_at: 0, flags: 0x1_003f, ip_at: 184, sp_at: 196, word: 4, reach: 0x80 };
    pub const ARM: Self =
        Self { architecture: 5, size: 416, flags_at: 0, flags: 0x20_000f, ip_at: 64, sp_at: 56, word: 4, reach: 0x100 };
    pub const AMD64: Self = Self {
        architecture: 9,
        size: 1232,
        flags_at: 48,
        flags: 0x10_001f,
        ip_at: 248,
        sp_at: 152,
        word: 8,
        reach: 0x80,
    };
    pub const ARM64: Self = Self {
        architecture: 12,
        size: 912,
        flags_at: 0,
        flags: 0x40_000f,
        ip_at: 264,
        sp_at: 256,
        word: 8,
        reach: 0x200,
    };
    pub const ALL: [Self; 4] = [Self::X86, Self::ARM, Self::AMD64, Self::ARM64];

    /// x86 on Itanium, x86 on ARM64, and 32-bit ARM on ARM64: different numbers, but otherwise the same as the
    /// processor itself.
    pub const EMULATED: [Self; 3] = [
        Self { architecture: 10, ..Self::X86 },
        Self { architecture: 14, ..Self::X86 },
        Self { architecture: 13, ..Self::ARM },
    ];
    /// ARM64 with Breakpad's first number for it, which has a different context.
    pub const ARM64_OLD: Self = Self { architecture: 0x8003, size: 796, flags: 0x8000_0006, ..Self::ARM64 };

    /// True for 32-bit ARM.
    pub const fn is_arm(self) -> bool {
        self.size == Self::ARM.size
    }

    pub const fn is_x86(self) -> bool {
        self.size == Self::X86.size
    }

    /// The position of the status register in an ARM context.
    pub const ARM_STATUS_AT: usize = 68;

    /// System information for Windows on this processor.
    pub fn windows(self) -> SystemInfo {
        SystemInfo { architecture: self.architecture, ..SystemInfo::default() }
    }

    /// System information for Linux, as Breakpad numbers it, on this processor.
    pub fn linux(self) -> SystemInfo {
        SystemInfo { platform: 0x8201, ..self.windows() }
    }

    /// A context with values in the other registers as well; the ARM status has no Thumb bit.
    pub fn context(self, ip: u64, sp: u64) -> Vec<u8> {
        let mut context: Vec<u8> = (0..self.size).map(|at| (at * 7 + 3) as u8).collect();
        put(&mut context, self.flags_at, &self.flags.to_le_bytes());
        put(&mut context, self.ip_at, &ip.to_le_bytes()[..self.word]);
        put(&mut context, self.sp_at, &sp.to_le_bytes()[..self.word]);
        if self.is_arm() {
            put(&mut context, Self::ARM_STATUS_AT, &0u32.to_le_bytes());
        }
        context
    }

    /// The start of a thread environment block: an irrelevant pointer, `StackBase`, `StackLimit`.
    pub fn teb(self, base: u64, limit: u64) -> Vec<u8> {
        [0, base, limit].iter().flat_map(|pointer| pointer.to_le_bytes()[..self.word].to_vec()).collect()
    }
}

/// Overwrites some bytes.
pub fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Memory that can be recognised: each byte follows from the low 32 bits of its address.
pub fn pattern(address: u64, size: u64) -> Vec<u8> {
    let byte = |at: u64| ((at & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    (0..size).map(|offset| byte(address.wrapping_add(offset))).collect()
}
