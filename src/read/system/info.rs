//! The processor and operating system of the dumped machine.

use crate::error::ReadError;
use crate::format;
use crate::format::processor::CpuInfoForm;
use crate::format::system::{ArmCpuInfo, OtherCpuInfo, X86CpuInfo};
use crate::format::{PlatformId, ProcessorArchitecture, StreamType};

use crate::read::dump_bytes::DumpBytes;
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::system::wine::WineInfo;
use crate::read::text::utf16::Utf16;

const WHAT: &str = "MINIDUMP_SYSTEM_INFO";

/// The system information stream.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let name = dump.text("Service Pack 1");
/// # let processor_architecture = userdump::format::ProcessorArchitecture::AMD64;
/// # dump.system_info(userdump::format::SystemInfo { processor_architecture, ..Default::default() }, Some(name));
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::SystemInfo;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// let system: SystemInfo = dump.stream()?.expect("the dump has system information");
/// assert_eq!(system.architecture().name(), Some("AMD64"));
/// assert_eq!(system.csd_version()?.map(|name| name.to_string()).as_deref(), Some("Service Pack 1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SystemInfo<'a> {
    raw: format::SystemInfo,
    offset: u64,
    dump: DumpBytes<'a>,
}

/// Information about the processor, in one of three forms.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CpuInformation {
    /// Vendor, version and features, as the `CPUID` instruction reports them.
    X86(X86CpuInfo),
    /// Main ID register, and the kernel's list of capabilities.
    Arm(ArmCpuInfo),
    /// Features by the numbers of `IsProcessorFeaturePresent`.
    Other(OtherCpuInfo),
}

impl<'a> SystemInfo<'a> {
    /// The stream as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::SystemInfo {
        &self.raw
    }

    /// The processor architecture, which also determines the layout of contexts.
    #[must_use]
    pub const fn architecture(&self) -> ProcessorArchitecture {
        self.raw.processor_architecture
    }

    /// The operating system.
    #[must_use]
    pub const fn platform(&self) -> PlatformId {
        self.raw.platform_id
    }

    /// The name of the service pack or, in dumps that were not written on Windows, a longer description of the system;
    /// `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    pub fn csd_version(&self) -> Result<Option<Utf16<'a>>, ReadError> {
        self.dump.optional_string(self.raw.csd_version_rva)
    }

    /// Information about the processor, in the form that the architecture and the producer use.
    ///
    /// For AMD64, Windows and Crashpad use the form of other processors, and Breakpad on Linux uses the x86 form, which
    /// is recognised by the 12 letters of the vendor. Zeros, which many producers write, are treated as the form of
    /// other processors.
    #[must_use]
    pub fn cpu(&self) -> CpuInformation {
        let processor = self.architecture().processor();
        let is_ambiguous = !self.platform().is_windows() && processor.cpu_info != processor.breakpad_cpu_info;
        let form = match processor.breakpad_cpu_info {
            _ if !is_ambiguous => processor.cpu_info,
            CpuInfoForm::X86 if !self.names_vendor() => processor.cpu_info,
            form => form,
        };
        match form {
            CpuInfoForm::X86 => CpuInformation::X86(self.cpu_as()),
            CpuInfoForm::Arm => CpuInformation::Arm(self.cpu_as()),
            CpuInfoForm::Other => CpuInformation::Other(self.cpu_as()),
        }
    }

    /// Information about Wine and the underlying system; `None` in dumps of other producers.
    #[must_use]
    pub fn wine(&self) -> Option<WineInfo<'a>> {
        WineInfo::at(self.dump.bytes(), self.offset.checked_add(format::SystemInfo::SIZE as u64)?)
    }

    /// The bytes of that information, if they are as Wine writes them.
    #[cfg(feature = "std")]
    pub(crate) fn wine_bytes(&self) -> Option<&'a [u8]> {
        WineInfo::whole(self.dump.bytes(), self.offset.checked_add(format::SystemInfo::SIZE as u64)?)
    }

    fn names_vendor(&self) -> bool {
        let printable = |byte: &u8| matches!(byte, b' '..=b'~');
        let vendor = self.raw.cpu.get(X86CpuInfo::OFFSETS.vendor_id.range());
        vendor.is_some_and(|vendor| vendor.iter().all(printable))
    }

    /// Decodes one form of the processor information; all forms fit in the 24 available bytes.
    fn cpu_as<T: crate::read::bytes::Decode + Default>(&self) -> T {
        self.dump.bytes().read_from(WHAT, &self.raw.cpu, self.offset).unwrap_or_default()
    }
}

impl<'a> FromStream<'a> for SystemInfo<'a> {
    const STREAM_TYPE: StreamType = StreamType::SYSTEM_INFO;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Ok(Self { raw: stream.read(WHAT, 0)?, offset: stream.offset(), dump: *stream.dump() })
    }
}
