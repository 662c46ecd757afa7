//! Recognises call instructions, which leave a return address.

use crate::format::ProcessorArchitecture;
use crate::read::Memory;

/// The longest x86 call without prefixes, in bytes.
const LONGEST_X86: usize = 7;
/// How many bytes before a return address are examined: two A32 instructions.
const LONGEST: usize = 8;

/// What the code before an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// A call.
    Call,
    /// Not a call.
    Other,
    /// Unknown: the dump lacks the code, or the call instructions of the processor are not known here.
    Unknown,
}

/// The call instructions of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// `E8`, `9A` and the forms of `FF` that call.
    X86,
    /// Those of A32 and T32; bit 0 of a return address tells which.
    Arm,
    /// `BL`, `BLR` and the forms that check a signature. On Windows also those of AMD64, because a process may have
    /// code of both.
    Arm64 { with_amd64: bool },
    /// Unknown.
    Other,
}

impl Calls {
    pub(super) fn of(architecture: Option<ProcessorArchitecture>, is_windows: bool) -> Self {
        match architecture {
            Some(
                ProcessorArchitecture::X86
                | ProcessorArchitecture::X86_ON_WIN64
                | ProcessorArchitecture::X86_ON_ARM64
                | ProcessorArchitecture::AMD64,
            ) => Self::X86,
            Some(ProcessorArchitecture::ARM | ProcessorArchitecture::ARM32_ON_WIN64) => Self::Arm,
            Some(ProcessorArchitecture::ARM64 | ProcessorArchitecture::ARM64_OLD) => {
                Self::Arm64 { with_amd64: is_windows }
            }
            _ => Self::Other,
        }
    }

    /// Returns what is before `address`, a return address without signature.
    pub(super) fn before(self, memory: &Memory<'_>, address: u64) -> Before {
        if self == Self::Other {
            return Before::Unknown;
        }
        let (thumb, address) = match self {
            Self::Arm => (address & 1 != 0, address & !1),
            _ => (false, address),
        };
        let mut code = [0; LONGEST];
        let code = bytes_before(memory, address, &mut code);
        let is_call = match self {
            Self::X86 => x86(code),
            Self::Arm if thumb => t32(code),
            Self::Arm => a32(code),
            Self::Arm64 { with_amd64 } => a64(code) || with_amd64 && x86(code),
            Self::Other => false,
        };
        let needed = match self {
            Self::X86 | Self::Arm64 { with_amd64: true } => LONGEST_X86,
            Self::Arm if !thumb => LONGEST,
            _ => 4,
        };
        let is_whole = code.len() >= needed;
        match (is_call, is_whole) {
            (true, _) => Before::Call,
            (false, true) => Before::Other,
            (false, false) => Before::Unknown,
        }
    }

    /// True if the code at `address` returns from a signal handler: the kernel pushes this address, so no call is
    /// before it.
    pub(super) fn returns_from_signal(self, memory: &Memory<'_>, address: u64) -> bool {
        // `mov eax, 119; int 80h`, the same after `pop eax`, and with 173; `mov rax, 15; syscall` in both lengths.
        const X86: [&[u8]; 5] = [
            b"\xb8\x77\0\0\0\xcd\x80",
            b"\x58\xb8\x77\0\0\0\xcd\x80",
            b"\xb8\xad\0\0\0\xcd\x80",
            b"\x48\xc7\xc0\x0f\0\0\0\x0f\x05",
            b"\xb8\x0f\0\0\0\x0f\x05",
        ];
        // `mov x8, #139; svc #0`.
        const A64: [&[u8]; 1] = [b"\x68\x11\x80\xd2\x01\0\0\xd4"];
        // `mov r7, #119` or `#173` and `svc #0`, in A32 and T32.
        const ARM: [&[u8]; 4] =
            [b"\x77\x70\xa0\xe3\0\0\0\xef", b"\xad\x70\xa0\xe3\0\0\0\xef", b"\x77\x27\0\xdf", b"\xad\x27\0\xdf"];
        let (codes, address): (&[&[u8]], u64) = match self {
            Self::X86 => (&X86, address),
            Self::Arm => (&ARM, address & !1),
            Self::Arm64 { .. } => (&A64, address),
            Self::Other => return false,
        };
        let mut code = [0; 9];
        let there = memory.read(address, &mut code);
        let code = code.get(..there).unwrap_or_default();
        codes.iter().any(|known| code.starts_with(known))
    }
}

/// Returns the bytes right before `address`, as many as there are without a gap.
fn bytes_before<'b>(memory: &Memory<'_>, address: u64, bytes: &'b mut [u8; LONGEST]) -> &'b [u8] {
    let holds = |count: u64| address.checked_sub(count).is_some_and(|start| memory.run_len(start, count) == count);
    // Usually there are none.
    let Some(count) =
        Some(1).filter(|&one| holds(one)).and_then(|one| (one..=LONGEST as u64).rev().find(|&count| holds(count)))
    else {
        return &[];
    };
    let part = usize::try_from(count).ok().and_then(|count| bytes.get_mut(..count)).unwrap_or_default();
    memory.read(address.wrapping_sub(count), part);
    part
}

fn x86(code: &[u8]) -> bool {
    let end = |count: usize| code.len().checked_sub(count).and_then(|start| code.get(start..));
    let relative = end(5).is_some_and(|code| code.starts_with(&[0xe8]));
    let far = end(7).is_some_and(|code| code.starts_with(&[0x9a]));
    relative || far || (2..=LONGEST_X86).filter_map(end).any(calls_indirectly)
}

/// True if this is exactly one `FF /2` or `FF /3` instruction.
fn calls_indirectly(code: &[u8]) -> bool {
    let &[0xff, mod_rm, ref rest @ ..] = code else { return false };
    let (kind, operation, base) = (mod_rm >> 6, mod_rm >> 3 & 7, mod_rm & 7);
    let scaled = usize::from(kind != 3 && base == 4);
    let base = if scaled == 1 { rest.first().map_or(base, |scale| scale & 7) } else { base };
    let displacement = match kind {
        0 if base == 5 => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    // The operand of a far call is in memory.
    (operation == 2 || operation == 3 && kind != 3) && rest.len() == scaled + displacement
}

fn a64(code: &[u8]) -> bool {
    let Some(instruction) = code.last_chunk().map(|code| u32::from_le_bytes(*code)) else { return false };
    instruction & 0xfc00_0000 == 0x9400_0000 || instruction & 0xfeff_f000 == 0xd63f_0000
}

fn a32(code: &[u8]) -> bool {
    let Some(instruction) = code.last_chunk().map(|code| u32::from_le_bytes(*code)) else { return false };
    // The instruction before the last may have set the link register.
    let before = code.len().checked_sub(8).and_then(|start| code.get(start..)?.first_chunk());
    instruction & 0x0f00_0000 == 0x0b00_0000
        || instruction & 0xfe00_0000 == 0xfa00_0000
        || instruction & 0x0fff_fff0 == 0x012f_ff30
        || before.is_some_and(|before| u32::from_le_bytes(*before) == 0xe1a0_e00f)
}

fn t32(code: &[u8]) -> bool {
    let register = code.last_chunk().is_some_and(|code| u16::from_le_bytes(*code) & 0xff87 == 0x4780);
    let relative = code.last_chunk().is_some_and(|&[a, b, c, d]| {
        u16::from_le_bytes([a, b]) & 0xf800 == 0xf000 && u16::from_le_bytes([c, d]) & 0xc000 == 0xc000
    });
    register || relative
}
