//! Processor and operating system of the dumped machine.

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
#[derive(Clone, Copy, Debug)]
pub struct SystemInfo<'a> {
    raw: format::SystemInfo,
    offset: u64,
    dump: DumpBytes<'a>,
}

/// What the dump says about the processor, in one of three forms.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CpuInformation {
    /// Vendor, version and features, as the `CPUID` instruction gave them.
    X86(X86CpuInfo),
    /// Main id register and the kernel's list of capabilities.
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

    /// The kind of processor, which also tells the layout of contexts.
    #[must_use]
    pub const fn architecture(&self) -> ProcessorArchitecture {
        self.raw.processor_architecture
    }

    /// The operating system.
    #[must_use]
    pub const fn platform(&self) -> PlatformId {
        self.raw.platform_id
    }

    /// The name of the service pack or, from producers outside Windows, a longer description of the system; `None` if
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    pub fn csd_version(&self) -> Result<Option<Utf16<'a>>, ReadError> {
        self.dump.optional_string(self.raw.csd_version_rva)
    }

    /// What the dump says about the processor, in the form that the architecture and the producer call for.
    ///
    /// AMD64 has the form of other processors in dumps of Windows and Crashpad but the x86 form where Breakpad wrote
    /// them on Linux; there the 12 letters of the vendor tell. Zeros, which many producers leave, look like the former.
    #[must_use]
    pub fn cpu(&self) -> CpuInformation {
        let processor = self.architecture().processor();
        let is_ambiguous = !self.platform().is_windows() && processor.cpu_info != processor.cpu_info_of_breakpad;
        let form = match processor.cpu_info_of_breakpad {
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

    /// What Wine says of itself and of the system beneath it; `None` in dumps of other producers.
    #[must_use]
    pub fn wine(&self) -> Option<WineInfo<'a>> {
        WineInfo::at(self.dump.bytes(), self.offset.checked_add(format::SystemInfo::SIZE as u64)?)
    }

    /// The bytes of that, if they are as Wine writes them.
    #[cfg(feature = "std")]
    pub(crate) fn wine_bytes(&self) -> Option<&'a [u8]> {
        WineInfo::whole(self.dump.bytes(), self.offset.checked_add(format::SystemInfo::SIZE as u64)?)
    }

    fn names_vendor(&self) -> bool {
        let printable = |byte: &u8| matches!(byte, b' '..=b'~');
        let vendor = self.raw.cpu.get(X86CpuInfo::OFFSETS.vendor_id.range());
        vendor.is_some_and(|vendor| vendor.iter().all(printable))
    }

    /// One form of the processor information; all of them fit into the 24 bytes that there are.
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
