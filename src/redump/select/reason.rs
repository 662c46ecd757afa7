//! Why memory is selected.

use core::fmt;

use crate::read::Interval;

/// The reason why memory goes into the result.
///
/// # Examples
///
/// ```
/// use userdump::redump::{Reason, Redump};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let planned = Redump::new(&dump, &"/m".parse()?)?;
/// let stacks = planned.selected_memory().filter(|it| matches!(it.reason, Reason::Stack { .. }));
/// assert_eq!(stacks.count(), 5);
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Reason {
    /// Requested by the program ([`Hooks::add_memory`](crate::redump::Hooks::add_memory)).
    Requested,
    /// The stack of a thread.
    Stack {
        /// The thread ID.
        thread: u32,
    },
    /// The memory to which a thread's processor spills registers (Itanium).
    BackingStore {
        /// The thread ID.
        thread: u32,
    },
    /// The 32-bit stack of a thread, in a 64-bit dump of a 32-bit process.
    Wow64Stack {
        /// The thread ID.
        thread: u32,
    },
    /// The 32-bit registers of such a thread, as saved by WOW64.
    Wow64Context {
        /// The thread ID.
        thread: u32,
    },
    /// The environment blocks of such a process and its threads, which lead a debugger to these registers.
    Wow64Blocks,
    /// The code around a thread's instruction pointer; in a 32-bit process also around the 32-bit one.
    InstructionPointer {
        /// The thread ID.
        thread: u32,
    },
    /// The code around the address of an exception, and around the instruction pointer of its context.
    ExceptionAddress,
    /// The unwind data of generated code that function tables refer to.
    UnwindData,
    /// Data that the system shares with all processes: on Windows the version, the time and the processor features
    /// (`KUSER_SHARED_DATA`), on Linux the `[vdso]` image.
    SharedData,
    /// Memory that a stack word points to (`i`).
    Pointer {
        /// The address of the word.
        at: u64,
    },
    /// Memory that a stack word may have pointed to before an earlier re-encoding filtered it (`i` of a source with `i`
    /// and `r`).
    FilteredPointer,
    /// The first word of an object that a stack points to, in a triage dump.
    TriageObject,
    /// A thread environment block (`p`).
    ThreadEnvironmentBlock {
        /// The thread ID.
        thread: u32,
    },
    /// Thread-local storage that a thread environment block points to (`p`).
    ThreadStorage {
        /// The thread ID.
        thread: u32,
    },
    /// The process environment block (`p`).
    ProcessEnvironmentBlock,
    /// The process parameters and their strings: command line, image path, working folder, window title (`p`).
    ProcessParameters,
    /// The environment variables (`p`).
    Environment,
    /// Loader data about the program (`p`).
    LoaderData,
    /// A private region that is writable or executable (`w`).
    PrivateRegion,
    /// A data section of a module (`d`).
    DataSection {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// A code section of a module (`c`).
    CodeSection {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// The headers of a module's image, and what its data directories refer to (`e`).
    ModuleHeaders {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// What identifies the image of a module: headers, debug records, version resource, build ID
    /// ([`Options::identify`](crate::redump::Options::identify)).
    ImageIdentity {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// Headers and unwind tables of an image that a stack points into
    /// ([`Options::walk`](crate::redump::Options::walk)).
    UnwindTables {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// The unwind data of functions that stack words point into ([`Options::walk`](crate::redump::Options::walk)).
    FunctionUnwindData {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// The code around stack words that point into an image ([`Options::walk`](crate::redump::Options::walk)).
    ReferencedCode {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// The export directory of an image that a stack points into ([`Walk::Names`](crate::redump::Walk::Names)).
    ExportNames {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// Data and tables of the image of a .NET or Mono runtime ([`Options::managed`](crate::redump::Options::managed)).
    RuntimeData {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// Writable pages, metadata and tables of precompiled code of an image with managed code
    /// ([`Options::managed`](crate::redump::Options::managed)).
    ManagedImage {
        /// The index of the module in the list, from 0.
        module: u64,
    },
    /// The code around stack words that point into executable memory outside images
    /// ([`Options::walk`](crate::redump::Options::walk)).
    GeneratedCode,
    /// Mapped memory outside images in which a runtime keeps code and data
    /// ([`Options::managed`](crate::redump::Options::managed)).
    RuntimeMappedMemory,
    /// Private memory in which a runtime keeps its data ([`Options::managed`](crate::redump::Options::managed)).
    RuntimePrivateMemory,
    /// Memory that the garbage collector has reserved ([`Managed::Heap`](crate::redump::Managed::Heap)).
    ManagedHeap,
    /// Memory of a source without full memory, which was chosen for a .NET debugger
    /// ([`Options::managed`](crate::redump::Options::managed)).
    SourceMemory,
    /// Part of full memory (`f`).
    FullMemory,
}

impl Reason {
    /// True for memory that every dump has, for stack traces and for what a debugger shows about the system.
    pub(super) const fn is_for_traces(&self) -> bool {
        matches!(
            self,
            Self::Stack { .. }
                | Self::BackingStore { .. }
                | Self::Wow64Stack { .. }
                | Self::Wow64Context { .. }
                | Self::Wow64Blocks
                | Self::InstructionPointer { .. }
                | Self::ExceptionAddress
                | Self::UnwindData
                | Self::SharedData
        )
    }

    /// True for memory that the presets take of images and that the program did not write: code, tables and identity.
    pub(super) const fn is_of_image(&self) -> bool {
        matches!(
            self,
            Self::ImageIdentity { .. }
                | Self::UnwindTables { .. }
                | Self::FunctionUnwindData { .. }
                | Self::ReferencedCode { .. }
                | Self::ExportNames { .. }
                | Self::RuntimeData { .. }
                | Self::ManagedImage { .. }
        )
    }

    /// Returns the preset that selects the memory, by the name of its method: `identify` for
    /// [`Options::identify`](crate::redump::Options::identify), `walk` or `managed`. Returns `None` for memory that
    /// letters select or that every dump has.
    ///
    /// ```
    /// use userdump::redump::Reason;
    ///
    /// assert_eq!(Reason::ImageIdentity { module: 0 }.preset(), Some("identify"));
    /// assert_eq!(Reason::ManagedHeap.preset(), Some("managed"));
    /// assert_eq!(Reason::PrivateRegion.preset(), None);
    /// ```
    #[must_use]
    pub const fn preset(&self) -> Option<&'static str> {
        match self {
            Self::ImageIdentity { .. } => Some("identify"),
            Self::UnwindTables { .. }
            | Self::FunctionUnwindData { .. }
            | Self::ReferencedCode { .. }
            | Self::ExportNames { .. }
            | Self::GeneratedCode => Some("walk"),
            Self::RuntimeData { .. }
            | Self::ManagedImage { .. }
            | Self::RuntimeMappedMemory
            | Self::RuntimePrivateMemory
            | Self::ManagedHeap
            | Self::SourceMemory => Some("managed"),
            _ => None,
        }
    }

    /// Returns the name of the kind of reason, for totals.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Stack { .. } => "stacks",
            Self::BackingStore { .. } => "backing stores",
            Self::Wow64Stack { .. } => "32-bit stacks",
            Self::Wow64Context { .. } => "32-bit registers",
            Self::Wow64Blocks => "environment blocks that lead to 32-bit registers",
            Self::InstructionPointer { .. } => "instruction pointers",
            Self::ExceptionAddress => "exception addresses",
            Self::Pointer { .. } => "pointers on stacks",
            Self::FilteredPointer => "pointers filtered before",
            Self::ThreadEnvironmentBlock { .. } => "thread environment blocks",
            Self::ThreadStorage { .. } => "thread storage",
            Self::ProcessEnvironmentBlock => "process environment block",
            Self::ProcessParameters => "process parameters",
            Self::Environment => "environment variables",
            Self::LoaderData => "loader data",
            Self::PrivateRegion => "private regions",
            Self::DataSection { .. } => "data sections",
            Self::CodeSection { .. } => "code sections",
            Self::UnwindData => "unwind data",
            Self::SharedData => "shared data",
            Self::TriageObject => "first words of objects",
            Self::ModuleHeaders { .. } => "image headers",
            Self::ImageIdentity { .. } => "image identities",
            Self::UnwindTables { .. } => "unwind tables",
            Self::FunctionUnwindData { .. } => "unwind data of functions",
            Self::ReferencedCode { .. } => "code that stacks point to",
            Self::ExportNames { .. } => "export directories",
            Self::RuntimeData { .. } => "data of the runtime",
            Self::ManagedImage { .. } => "managed images",
            Self::GeneratedCode => "generated code that stacks point to",
            Self::RuntimeMappedMemory => "mapped memory of the runtime",
            Self::RuntimePrivateMemory => "private memory of the runtime",
            Self::ManagedHeap => "heap of the garbage collector",
            Self::SourceMemory => "memory of a smaller source",
            Self::FullMemory => "full memory",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Stack { thread } => write!(f, "stack of thread {thread:#x}"),
            Self::BackingStore { thread } => write!(f, "backing store of thread {thread:#x}"),
            Self::Wow64Stack { thread } => write!(f, "32-bit stack of thread {thread:#x}"),
            Self::Wow64Context { thread } => write!(f, "32-bit registers of thread {thread:#x}"),
            Self::InstructionPointer { thread } => write!(f, "instruction pointer of thread {thread:#x}"),
            Self::ExceptionAddress => f.write_str("exception address"),
            Self::Pointer { at } => write!(f, "pointer at {at:#x}"),
            Self::ThreadEnvironmentBlock { thread } => write!(f, "environment block of thread {thread:#x}"),
            Self::ThreadStorage { thread } => write!(f, "storage of thread {thread:#x}"),
            Self::DataSection { module } => write!(f, "data section of module {module}"),
            Self::CodeSection { module } => write!(f, "code section of module {module}"),
            Self::ModuleHeaders { module } => write!(f, "headers of module {module}"),
            Self::ImageIdentity { module } => write!(f, "identity of module {module}"),
            Self::UnwindTables { module } => write!(f, "unwind tables of module {module}"),
            Self::FunctionUnwindData { module } => write!(f, "unwind data of functions of module {module}"),
            Self::ReferencedCode { module } => write!(f, "code of module {module} that stacks point to"),
            Self::ExportNames { module } => write!(f, "export directory of module {module}"),
            Self::RuntimeData { module } => write!(f, "data of the runtime, module {module}"),
            Self::ManagedImage { module } => write!(f, "managed image of module {module}"),
            Self::Requested
            | Self::FilteredPointer
            | Self::Wow64Blocks
            | Self::SharedData
            | Self::UnwindData
            | Self::TriageObject
            | Self::ProcessEnvironmentBlock
            | Self::ProcessParameters
            | Self::Environment
            | Self::LoaderData
            | Self::PrivateRegion
            | Self::GeneratedCode
            | Self::RuntimeMappedMemory
            | Self::RuntimePrivateMemory
            | Self::ManagedHeap
            | Self::SourceMemory
            | Self::FullMemory => f.write_str(self.kind()),
        }
    }
}

/// Memory that goes into the result.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SelectedMemory {
    /// The first address, without the upper half on 32-bit targets.
    pub address: u64,
    /// The size in bytes. The source may not have all of them.
    pub size: u64,
    /// Why it is selected.
    pub reason: Reason,
}

impl SelectedMemory {
    /// Returns its addresses; `None` if the size is 0.
    pub(in crate::redump) fn interval(&self) -> Option<Interval> {
        Interval::new(self.address, self.size)
    }
}
