//! Why the process stopped, in the terms of its operating system.

use core::fmt;

use crate::format::code_names::{
    LLDB_SI_CODE, exception_meaning, fast_fail_name, fuchsia_exception_name, linux_code_name, linux_signal_name,
    mac_code_name, mac_exception_name, ntstatus_name, solaris_signal_name,
};
use crate::format::{ExceptionRecord, PlatformId};

use crate::read::target::Target;

const GUARD_PAGE_VIOLATION: u32 = 0x8000_0001;
const ACCESS_VIOLATION: u32 = 0xc000_0005;
const IN_PAGE_ERROR: u32 = 0xc000_0006;
const STACK_OVERFLOW: u32 = 0xc000_00fd;
const STACK_BUFFER_OVERRUN: u32 = 0xc000_0409;
const CHROMIUM_OUT_OF_MEMORY: u32 = 0xe000_0008;
const CPP_EXCEPTION: u32 = 0xe06d_7363;

/// The range of the first parameter of a C++ exception: the version of the compiler's exception data, which is a date.
const CPP_VERSIONS: core::ops::RangeInclusive<u64> = 0x1993_0520..=0x1993_0522;

/// The kind of memory access that an instruction attempted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// A read.
    Read,
    /// A write.
    Write,
    /// The execution of an instruction.
    Execute,
    /// An undocumented kind of access, with its number as stored in the file.
    Unknown(u64),
}

/// Why the process stopped. The numbers are always present; names are available for known numbers.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let platform_id = userdump::format::PlatformId::LINUX;
/// # dump.system_info(userdump::format::SystemInfo { platform_id, ..Default::default() }, None);
/// # let record = userdump::format::ExceptionRecord { exception_code: 11, exception_flags: 1, ..Default::default() };
/// # dump.exception(userdump::format::ExceptionStream { exception_record: record, ..Default::default() }, None);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::exception::CrashReason;
///
/// let dump = userdump::Dump::parse(&file)?;
/// for exception in dump.exceptions() {
///     let reason = exception.reason();
///     assert_eq!(reason.to_string(), "SIGSEGV (11), SEGV_MAPERR (1)");
///     assert_eq!(reason, CrashReason::Linux { signal: 11, code: 1 });
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CrashReason {
    /// Windows: an exception code, usually an `NTSTATUS`.
    Windows {
        /// The code.
        code: u32,
        /// The details in the parameters.
        detail: WindowsDetail,
    },
    /// Linux and Android: a signal.
    Linux {
        /// The signal; `0xffffffff` if the dump was requested without a crash.
        signal: u32,
        /// The `si_code` of the signal. LLDB writes its mark `0x4c4c4442` instead.
        code: u32,
    },
    /// macOS and iOS: a Mach exception.
    Mac {
        /// The type of exception.
        exception: u32,
        /// The first code. For resource limits and guards, its upper half.
        code: u32,
        /// True for ARM processors, where some codes have other meanings.
        arm: bool,
    },
    /// Solaris: a signal.
    Solaris {
        /// The signal.
        signal: u32,
        /// The `si_code` of the signal.
        code: u32,
    },
    /// Fuchsia: an exception.
    Fuchsia {
        /// The type of exception.
        exception: u32,
    },
    /// Any other system.
    Unknown {
        /// The exception's code.
        code: u32,
        /// The exception's flags.
        flags: u32,
    },
}

/// The details in the parameters of a Windows exception.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowsDetail {
    /// Nothing that this crate decodes.
    None,
    /// An access violation, an access to a guard page, or a stack overflow.
    Access {
        /// The kind of access.
        access: Access,
        /// The address that was accessed. For 32-bit targets, its low 32 bits.
        address: u64,
    },
    /// A page that could not be read from its file.
    InPage {
        /// The kind of access.
        access: Access,
        /// The address that was accessed. For 32-bit targets, its low 32 bits.
        address: u64,
        /// The `NTSTATUS` of the failed read.
        status: u32,
    },
    /// A fail-fast exception: the program terminated itself.
    FastFail {
        /// The fail-fast code.
        code: u32,
    },
    /// An allocation failed in Chromium or a program that is based on it.
    OutOfMemory {
        /// The size of the allocation in bytes.
        size: u64,
    },
    /// A C++ exception of a Microsoft compiler, or a Rust panic in a program built for its ABI.
    CppException {
        /// The address of the thrown object; 0 if an exception was rethrown.
        object: u64,
        /// The address of the type description (`ThrowInfo`); 0 if an exception was rethrown.
        throw_info: u64,
    },
}

impl CrashReason {
    pub(crate) fn new(record: &ExceptionRecord, target: Target) -> Self {
        let (code, flags) = (record.exception_code, record.exception_flags);
        match target.platform {
            Some(platform) if platform.is_windows() => {
                Self::Windows { code, detail: WindowsDetail::new(code, record.parameters(), target) }
            }
            Some(PlatformId::LINUX | PlatformId::ANDROID) => Self::Linux { signal: code, code: flags },
            Some(PlatformId::MAC_OS | PlatformId::IOS) => {
                Self::Mac { exception: code, code: flags, arm: target.processor().has_arm_mach_codes }
            }
            Some(PlatformId::SOLARIS) => Self::Solaris { signal: code, code: flags },
            Some(PlatformId::FUCHSIA) => Self::Fuchsia { exception: code },
            _ => Self::Unknown { code, flags },
        }
    }

    /// The name of the code; `None` if it is not known.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        match *self {
            Self::Windows { code, .. } => ntstatus_name(code),
            Self::Linux { signal, .. } => linux_signal_name(signal),
            Self::Mac { exception, .. } => mac_exception_name(exception),
            Self::Solaris { signal, .. } => solaris_signal_name(signal),
            Self::Fuchsia { exception } => fuchsia_exception_name(exception),
            Self::Unknown { .. } => None,
        }
    }

    /// The meaning of the code if its name does not tell it, for example `a thread names itself`.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        match *self {
            Self::Windows { code, .. } => exception_meaning(code),
            _ => None,
        }
    }

    /// The number that [`CrashReason::name`] names.
    #[must_use]
    pub const fn number(&self) -> u32 {
        match *self {
            Self::Windows { code, .. } | Self::Unknown { code, .. } => code,
            Self::Linux { signal, .. } | Self::Solaris { signal, .. } => signal,
            Self::Mac { exception, .. } | Self::Fuchsia { exception } => exception,
        }
    }

    /// The name of the second number: `si_code` of a signal, code of a Mach exception, or fail-fast code.
    #[must_use]
    pub fn code_name(&self) -> Option<&'static str> {
        match *self {
            Self::Linux { signal, code } => linux_code_name(signal, code),
            Self::Mac { exception, code, arm } => mac_code_name(exception, code, arm),
            Self::Windows { detail: WindowsDetail::FastFail { code }, .. } => fast_fail_name(code),
            Self::Windows { detail: WindowsDetail::InPage { status, .. }, .. } => ntstatus_name(status),
            Self::Windows { .. } | Self::Solaris { .. } | Self::Fuchsia { .. } | Self::Unknown { .. } => None,
        }
    }

    /// The second number, if there is one.
    #[must_use]
    pub const fn code(&self) -> Option<u32> {
        match *self {
            Self::Linux { code, .. } | Self::Mac { code, .. } | Self::Solaris { code, .. } => Some(code),
            Self::Windows { detail: WindowsDetail::FastFail { code }, .. } => Some(code),
            Self::Windows { detail: WindowsDetail::InPage { status, .. }, .. } => Some(status),
            Self::Unknown { flags, .. } => Some(flags),
            Self::Windows { .. } | Self::Fuchsia { .. } => None,
        }
    }
}

impl CrashReason {
    /// The address whose access failed, if the reason is a memory access. `recorded` is the address in the record, and
    /// `instruction` is that of the instruction.
    pub(crate) fn accessed_address(&self, recorded: u64, instruction: Option<u64>) -> Option<u64> {
        const SI_USER: u32 = 0;
        const SI_KERNEL: u32 = 0x80;
        match *self {
            Self::Windows {
                detail: WindowsDetail::Access { address, .. } | WindowsDetail::InPage { address, .. },
                ..
            } => Some(address),
            // LLDB records the address of the instruction. Signals that were sent have no address, nor do faults for
            // which the processor reports none. Old versions of Breakpad and LLDB write the code 0 in all cases.
            Self::Linux { signal: 7 | 11, code } | Self::Solaris { signal: 10 | 11, code } => match code {
                LLDB_SI_CODE | SI_KERNEL | 0x8000_0000.. => None,
                SI_USER => Some(recorded).filter(|_| instruction != Some(recorded)),
                _ => Some(recorded),
            },
            // EXC_BAD_ACCESS; the processor reports no address for EXC_I386_GPFLT.
            Self::Mac { exception: 1, code, arm } => Some(recorded).filter(|_| arm || code != 0xd),
            _ => None,
        }
    }
}

impl WindowsDetail {
    fn new(code: u32, parameters: &[u64], target: Target) -> Self {
        // Both are 32 bits wide. The fields have 64 bits, and debuggers sign-extend the values.
        let low = |value: u64| u32::try_from(value & 0xffff_ffff).unwrap_or(0);
        match (code, parameters) {
            (ACCESS_VIOLATION | GUARD_PAGE_VIOLATION | STACK_OVERFLOW, &[access, address, ..]) => {
                Self::Access { access: Access::new(access), address: target.mask(address) }
            }
            (IN_PAGE_ERROR, &[access, address, status, ..]) => {
                Self::InPage { access: Access::new(access), address: target.mask(address), status: low(status) }
            }
            (STACK_BUFFER_OVERRUN, &[reason, ..]) => Self::FastFail { code: low(reason) },
            (CHROMIUM_OUT_OF_MEMORY, &[size, ..]) => Self::OutOfMemory { size: target.mask(size) },
            (CPP_EXCEPTION, &[version, object, throw_info, ..]) if CPP_VERSIONS.contains(&version) => {
                Self::CppException { object: target.mask(object), throw_info: target.mask(throw_info) }
            }
            _ => Self::None,
        }
    }
}

impl Access {
    const fn new(number: u64) -> Self {
        match number {
            0 => Self::Read,
            1 => Self::Write,
            8 => Self::Execute,
            other => Self::Unknown(other),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("reading"),
            Self::Write => f.write_str("writing"),
            Self::Execute => f.write_str("executing"),
            Self::Unknown(number) => write!(f, "access {number} to"),
        }
    }
}

/// Prints names and numbers, such as `ACCESS_VIOLATION (0xc0000005) writing 0x1234` or `SIGSEGV (11), SEGV_MAPERR (1)`,
/// and the meaning of the code if its name does not tell it: `MS_VC_EXCEPTION (0x406d1388): a thread names itself`.
impl fmt::Display for CrashReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number();
        // Signals and exception types are small and known by their decimal numbers; other codes are not.
        let show = |f: &mut fmt::Formatter<'_>, number: u32| {
            if number < 0x100 { write!(f, "{number}") } else { write!(f, "{number:#x}") }
        };
        if let Some(name) = self.name() {
            write!(f, "{name} (")?;
            show(f, number)?;
            f.write_str(")")?;
        } else {
            show(f, number)?;
        }
        if let Self::Windows {
            detail: WindowsDetail::Access { access, address } | WindowsDetail::InPage { access, address, .. },
            ..
        } = self
        {
            write!(f, " {access} {address:#x}")?;
        }
        if let Self::Windows { detail: WindowsDetail::OutOfMemory { size }, .. } = self {
            write!(f, " allocating {size} bytes")?;
        }
        match (self.code_name(), self.code()) {
            (Some(name), Some(code)) => {
                write!(f, ", {name} (")?;
                show(f, code)?;
                f.write_str(")")?;
            }
            (None, Some(code)) => {
                f.write_str(", ")?;
                show(f, code)?;
            }
            (_, None) => {}
        }
        self.meaning().map_or(Ok(()), |meaning| write!(f, ": {meaning}"))
    }
}
