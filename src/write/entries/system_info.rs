//! Processor and operating system.

use crate::format;
use crate::format::processor::CpuInfoForm;
use crate::format::system::{ArmCpuInfo, OtherCpuInfo, X86CpuInfo};
use crate::format::{PlatformId, ProcessorArchitecture};

use crate::write::builder::MinidumpBuilder;
use crate::write::encode::{self, Encode};
use crate::write::entries::content::AddTo;
use crate::write::text::Text;

/// Processor and operating system, for [`MinidumpBuilder::add`].
///
/// # Examples
///
/// ```
/// use userdump::format::{PlatformId, ProcessorArchitecture};
/// use userdump::write::{MinidumpBuilder, SystemInfo};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = MinidumpBuilder::new();
/// dump.add(SystemInfo::new(ProcessorArchitecture::ARM64, PlatformId::LINUX).number_of_processors(4));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// assert_eq!(userdump::Dump::parse(&file)?.target().pointer_size(), 8);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SystemInfo<'a> {
    record: format::SystemInfo,
    cpu: Option<CpuInfoForm>,
    csd_version: Option<Text<'a>>,
}

impl<'a> SystemInfo<'a> {
    /// Creates a record for a processor architecture and an operating system.
    #[must_use]
    pub fn new(processor_architecture: ProcessorArchitecture, platform_id: PlatformId) -> Self {
        let record = format::SystemInfo { processor_architecture, platform_id, ..Default::default() };
        Self { record, cpu: None, csd_version: None }
    }

    /// Sets processor level and revision. For x86 and AMD64, the level is the family, and the revision contains the model
    /// in its upper byte and the stepping in its lower byte.
    #[must_use]
    pub fn processor(mut self, level: u16, revision: u16) -> Self {
        (self.record.processor_level, self.record.processor_revision) = (level, revision);
        self
    }

    /// Sets the number of logical processors.
    #[must_use]
    pub fn number_of_processors(mut self, number_of_processors: u8) -> Self {
        self.record.number_of_processors = number_of_processors;
        self
    }

    /// Sets the edition of Windows: 1 workstation, 2 domain controller, 3 server.
    #[must_use]
    pub fn product_type(mut self, product_type: u8) -> Self {
        self.record.product_type = product_type;
        self
    }

    /// Sets the version of the system, such as 10, 0, 19045.
    #[must_use]
    pub fn version(mut self, major: u32, minor: u32, build: u32) -> Self {
        (self.record.major_version, self.record.minor_version, self.record.build_number) = (major, minor, build);
        self
    }

    /// Sets the service pack; on systems other than Windows, a longer version text such as that of `uname -a`.
    #[must_use]
    pub fn csd_version(mut self, text: impl Into<Text<'a>>) -> Self {
        self.csd_version = Some(text.into());
        self
    }

    /// Sets the product suites of Windows, as `VER_SUITE_*` bits.
    #[must_use]
    pub fn suite_mask(mut self, suite_mask: u16) -> Self {
        self.record.suite_mask = suite_mask;
        self
    }

    /// Sets the description of an x86 processor, or of an AMD64 processor outside Windows.
    #[must_use]
    pub fn x86_cpu(self, cpu: X86CpuInfo) -> Self {
        self.cpu(CpuInfoForm::X86, cpu)
    }

    /// Sets the description of an ARM processor outside Windows.
    #[must_use]
    pub fn arm_cpu(self, cpu: ArmCpuInfo) -> Self {
        self.cpu(CpuInfoForm::Arm, cpu)
    }

    /// Sets the description of any other processor, including AMD64 on Windows.
    #[must_use]
    pub fn other_cpu(self, cpu: OtherCpuInfo) -> Self {
        self.cpu(CpuInfoForm::Other, cpu)
    }

    fn cpu(mut self, form: CpuInfoForm, cpu: impl Encode) -> Self {
        let mut field = format::SystemInfo::default().cpu;
        field.iter_mut().zip(encode::encoded(cpu)).for_each(|(to, from)| *to = from);
        (self.record.cpu, self.cpu) = (field, Some(form));
        self
    }
}

impl<'a> AddTo<'a> for SystemInfo<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        const NAME: &str = "MINIDUMP_SYSTEM_INFO";
        if !dump.lists.system_infos.is_empty() {
            dump.added.invalid(NAME, "the dump has one already");
        }
        let processor = self.record.processor_architecture.processor();
        if self.cpu.is_some_and(|form| form != processor.cpu_info && form != processor.breakpad_cpu_info) {
            dump.added.invalid(NAME, "the processor description does not match the architecture");
        }
        let csd_version = self.csd_version.map(|text| dump.text(text));
        dump.system_info(self.record, csd_version);
    }
}
