//! What a full user dump contains.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::format::full_user_dump::{CrashModule64, CrashThread64, ExceptionDebugEvent64, ImageFileMachine};
use crate::format::{MemoryInfo, RvaWidth};
use crate::write::memory_range::{MemoryRange, ShortSource};
use crate::write::range_list::ComputedRegions;
use crate::write::text::Text;

/// Collects the content of a full user dump, the older format of the debugger's `/f`.
///
/// Records are handed in as those of 64-bit processes. For a 32-bit process they are narrowed: addresses may have a
/// high half of zeros, or one that extends the sign, and nothing else; parameters of the exception beyond their number
/// may be anything. Everything else of a record is written as it is, padding that the form has included.
///
/// The parts stand one behind the other without padding, in the order of the debugger engine: header, debug event,
/// table of regions, contexts, states of the threads, modules, memory, version information. Within a part, the order
/// is that of adding. The debugger sorts modules and regions by address.
///
/// Any of it may be missing. The debugger opens a dump only if it has a debug event, and at least one thread, one
/// module and one region.
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
    /// That of addresses and positions.
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
}

/// Prints how much there is, and nothing of it.
impl fmt::Debug for FullUserDumpBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut builder = f.debug_struct("FullUserDumpBuilder");
        builder.field("machine", &self.machine).field("threads", &self.threads.len());
        builder.field("modules", &self.modules.len()).field("regions", &self.regions.len()).finish_non_exhaustive()
    }
}

impl<'a> FullUserDumpBuilder<'a> {
    /// A dump of a 32-bit process (`USERDUMP`) that holds nothing yet.
    ///
    /// All of it must come to lie below 4 GiB in the file.
    #[must_use]
    pub fn new_32_bit(machine: ImageFileMachine) -> Self {
        Self::new(RvaWidth::Rva, machine)
    }

    /// A dump of a 64-bit process (`USERDU64`) that holds nothing yet.
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
        }
    }

    /// Sets the header's two words for the version of the operating system.
    ///
    /// The debugger puts the build number into the high half of `minor`.
    pub fn system_version(&mut self, major: u32, minor: u32) -> &mut Self {
        (self.major_version, self.minor_version) = (major, minor);
        self
    }

    /// Sets the header's last word, which is 0 in every file seen.
    pub fn spare(&mut self, spare: u64) -> &mut Self {
        self.spare = spare;
        self
    }

    /// Sets what happens when the reader of a memory range ends early; to stop is the default.
    pub fn short_source(&mut self, short_source: ShortSource) -> &mut Self {
        self.short_source = short_source;
        self
    }

    /// Sets the event that stopped the process.
    ///
    /// One that is no exception should come from a dump of the same width: what its fields mean depends on that.
    pub fn debug_event(&mut self, event: ExceptionDebugEvent64) -> &mut Self {
        self.event = Some(event);
        self
    }

    /// Adds a thread and its context.
    ///
    /// All contexts take as many bytes as the machine's do: 716 for x86, 1232 for AMD64, 416 for ARM, 912 for ARM64;
    /// for other machines as many as the longest one has. Shorter ones are filled up with zeros.
    pub fn thread(&mut self, state: CrashThread64, context: impl Into<Cow<'a, [u8]>>) -> &mut Self {
        self.threads.push((state, context.into()));
        self
    }

    /// True if a thread has been added.
    pub(crate) fn has_threads(&self) -> bool {
        !self.threads.is_empty()
    }

    /// Adds a module; `name` is its path in the 8-bit characters of the system, without a NUL.
    ///
    /// The NUL is added, and the record gets the length.
    pub fn module(&mut self, record: CrashModule64, name: impl Into<Cow<'a, [u8]>>) -> &mut Self {
        self.modules.push((record, name.into()));
        self
    }

    /// Adds a memory region and its bytes, of which there must be as many as its row says.
    ///
    /// The address of `contents` is for errors alone.
    pub fn region(&mut self, row: MemoryInfo, contents: MemoryRange<'a>) -> &mut Self {
        self.regions.push((row, contents));
        self
    }

    /// Lets the regions end with ones that are worked out when they are needed.
    pub(crate) fn computed_regions(&mut self, regions: Arc<dyn ComputedRegions + 'a>) {
        self.computed_regions = Some(regions);
    }

    /// Sets what stands behind the memory, up to the end of the file.
    pub fn version_information(&mut self, bytes: impl Into<Cow<'a, [u8]>>) -> &mut Self {
        self.version_information = Some(bytes.into());
        self
    }

    /// Sets the version information to that of the debugger engine, with this name of a service pack.
    ///
    /// It has pairs of texts in UTF-16, a NUL behind each, and one more at the end: `CRASH: OS SP` and the name up to
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
