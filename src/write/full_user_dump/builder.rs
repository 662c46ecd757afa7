//! Collects the content of a full user dump.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64, ImageFileMachine};
use crate::format::{MemoryInfo, RvaWidth};
use crate::write::memory_range::{MemoryRange, ShortSource};
use crate::write::range_list::ComputedRegions;
use crate::write::text::Text;

/// Collects the content of a full user dump, the older format that the debugger writes with `/f`.
///
/// Records are passed in their 64-bit form. For a 32-bit process they are narrowed: the upper half of an address must be
/// zero or a sign extension. Exception parameters beyond the number of parameters may have any value. All other fields are
/// written unchanged, including padding that exists in the narrow form.
///
/// The parts are written without padding (except for [`FullUserDumpBuilder::parallel_to`]), in the order of the debugger
/// engine: header, debug event, table of regions, contexts, states of the threads, modules, memory, version information.
/// Within a part, records are in the order in which they were added. The debugger sorts modules and regions by address.
///
/// Every part is optional. The debugger opens a dump only if it has a debug event and at least one thread, one module and
/// one region.
///
/// # Examples
///
/// ```
/// use userdump::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64, ImageFileMachine};
/// use userdump::format::MemoryInfo;
/// use userdump::write::{FullUserDumpBuilder, MemoryRange};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let page = [0x55; 4096];
/// let mut dump = FullUserDumpBuilder::new_64_bit(ImageFileMachine::AMD64);
/// dump.system_version(10, 19041 << 16).service_pack("Service Pack 1");
/// dump.debug_event(ExceptionDebugEvent64 { process_id: 4, thread_id: 8, ..Default::default() });
/// dump.thread(CrashThread64 { thread_id: 8, ..Default::default() }, vec![0; 1232]);
/// let module = CrashModule64 { base_of_image: 0x1_4000_0000, size_of_image: 0x5000, ..Default::default() };
/// dump.module(module, b"C:\\app\\app.exe");
/// let row = MemoryInfo { base_address: 0x20_0000, region_size: 4096, state: 0x1000, ..Default::default() };
/// dump.region(row, MemoryRange::borrowed(0x20_0000, &page));
///
/// let plan = dump.plan()?;
/// assert_eq!(plan.memory(), (1, 4096));
/// let mut file = Vec::new();
/// assert_eq!(plan.write_to(&mut file)?.size, file.len() as u64);
/// assert!(file.starts_with(b"USERDU64"));
/// # Ok(())
/// # }
/// ```
pub struct FullUserDumpBuilder<'a> {
    /// The width of addresses and file offsets.
    pub(super) width: RvaWidth,
    pub(super) machine: ImageFileMachine,
    pub(super) major_version: u32,
    pub(super) minor_version: u32,
    pub(super) spare: u64,
    pub(super) short_source: ShortSource,
    pub(super) event: Option<ExceptionDebugEvent64>,
    pub(super) threads: Vec<(CrashThread64, Cow<'a, [u8]>)>,
    pub(super) modules: Vec<(CrashModule64, Cow<'a, [u8]>)>,
    pub(super) regions: Vec<(MemoryInfo, MemoryRange<'a>)>,
    pub(super) computed_regions: Option<Arc<dyn ComputedRegions + 'a>>,
    pub(super) version_information: Option<Cow<'a, [u8]>>,
    /// The bytes of the file that the memory is parallel to.
    pub(super) parallel_to: Option<&'a [u8]>,
}

/// Prints counts, but no contents.
impl fmt::Debug for FullUserDumpBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut builder = f.debug_struct("FullUserDumpBuilder");
        builder.field("machine", &self.machine).field("threads", &self.threads.len());
        builder.field("modules", &self.modules.len()).field("regions", &self.regions.len()).finish_non_exhaustive()
    }
}

impl<'a> FullUserDumpBuilder<'a> {
    /// Creates an empty dump of a 32-bit process (`USERDUMP`).
    ///
    /// The whole file must be smaller than 4 GiB.
    #[must_use]
    pub fn new_32_bit(machine: ImageFileMachine) -> Self {
        Self::new(RvaWidth::Rva, machine)
    }

    /// Creates an empty dump of a 64-bit process (`USERDU64`).
    #[must_use]
    pub fn new_64_bit(machine: ImageFileMachine) -> Self {
        Self::new(RvaWidth::Rva64, machine)
    }

    fn new(width: RvaWidth, machine: ImageFileMachine) -> Self {
        Self {
            width,
            machine,
            major_version: 0,
            minor_version: 0,
            spare: 0,
            short_source: ShortSource::default(),
            event: None,
            threads: Vec::new(),
            modules: Vec::new(),
            regions: Vec::new(),
            computed_regions: None,
            version_information: None,
            parallel_to: None,
        }
    }

    /// Sets the two header words for the version of the operating system.
    ///
    /// The debugger puts the build number into the high half of `minor`.
    pub fn system_version(&mut self, major: u32, minor: u32) -> &mut Self {
        (self.major_version, self.minor_version) = (major, minor);
        self
    }

    /// Sets the last word of the header, which is 0 in all known files.
    pub fn spare(&mut self, spare: u64) -> &mut Self {
        self.spare = spare;
        self
    }

    /// Sets what happens if the reader of a memory range ends early. The default is to stop.
    pub fn short_source(&mut self, short_source: ShortSource) -> &mut Self {
        self.short_source = short_source;
        self
    }

    /// Makes the memory parallel to the bytes of a file: inserts up to 4,095 zeros before it, so that the first run of at least
    /// 64 KiB that is borrowed from `source` (or is in a file) stands at the same offset within 4 KiB as in the source.
    /// [`Plan::write_to_file`](crate::write::Plan::write_to_file) can then share blocks between both files.
    ///
    /// In a dump of a 32-bit process, it is also required that the result stays below 4 GiB. Nothing is inserted if
    /// there is no such run, for example if `source` is empty. The offset in the source is that in `source`, so this must
    /// begin at a multiple of 4 KiB of its file.
    pub fn parallel_to(&mut self, source: &'a [u8]) -> &mut Self {
        self.parallel_to = Some(source);
        self
    }

    /// Sets the debug event that stopped the process.
    ///
    /// An event that is not an exception should come from a dump of the same width, because the meaning of its fields
    /// depends on that.
    pub fn debug_event(&mut self, event: ExceptionDebugEvent64) -> &mut Self {
        self.event = Some(event);
        self
    }

    /// Adds a thread and its context.
    ///
    /// All contexts have the size that the machine requires: 716 bytes for x86, 1232 for AMD64, 416 for ARM, 912 for ARM64;
    /// for other machines, the size of the longest context. Shorter contexts are padded with zeros.
    pub fn thread(&mut self, state: CrashThread64, context: impl Into<Cow<'a, [u8]>>) -> &mut Self {
        self.threads.push((state, context.into()));
        self
    }

    /// Returns true if a thread has been added.
    pub(crate) fn has_threads(&self) -> bool {
        !self.threads.is_empty()
    }

    /// Adds a module; `name` is its path in the system's 8-bit code page, without a NUL.
    ///
    /// Adds the NUL, and sets the length in the record.
    pub fn module(&mut self, record: CrashModule64, name: impl Into<Cow<'a, [u8]>>) -> &mut Self {
        self.modules.push((record, name.into()));
        self
    }

    /// Adds a memory region and its bytes, whose number must match the row.
    ///
    /// The address of `contents` is used only in errors.
    pub fn region(&mut self, row: MemoryInfo, contents: MemoryRange<'a>) -> &mut Self {
        self.regions.push((row, contents));
        self
    }

    /// Adds regions that are computed when they are needed to the end of the table.
    pub(crate) fn computed_regions(&mut self, regions: Arc<dyn ComputedRegions + 'a>) {
        self.computed_regions = Some(regions);
    }

    /// Sets the bytes between the memory and the end of the file.
    pub fn version_information(&mut self, bytes: impl Into<Cow<'a, [u8]>>) -> &mut Self {
        self.version_information = Some(bytes.into());
        self
    }

    /// Sets the version information as the debugger engine writes it, with this service pack.
    ///
    /// It consists of pairs of NUL-terminated UTF-16 texts, and another NUL at the end: `CRASH: OS SP` and the name up to
    /// its first NUL, `CRASH: Hotfixes` and `none`.
    pub fn service_pack<'t>(&mut self, name: impl Into<Text<'t>>) -> &mut Self {
        let name = name.into();
        let units = |text: &'static str| text.encode_utf16().flat_map(u16::to_le_bytes);
        let mut bytes: Vec<u8> = units("CRASH: OS SP\0").collect();
        let pairs = name.as_bytes().chunks_exact(2).take_while(|unit| *unit != [0, 0]);
        bytes.extend(pairs.flatten());
        bytes.extend(units("\0CRASH: Hotfixes\0none\0\0"));
        self.version_information(bytes)
    }
}
