//! The options that name sets of memory by the question that they answer.

use crate::redump::options::Options;
use crate::redump::presets::{Managed, Walk};

impl Options {
    /// Keeps what identifies each image in the memory of the source: its headers, debug records and version resource.
    ///
    /// Symbol servers and debuggers look for the binary and the symbols of a module by these, and not by the module list.
    #[must_use]
    pub fn identify(mut self) -> Self {
        self.presets.identify = true;
        self
    }

    /// True after [`Options::identify`], and with [`Options::managed`], which includes it.
    pub const fn identifies(&self) -> bool {
        self.presets.identify || self.presets.managed.is_some()
    }

    /// Keeps what a debugger needs to walk all stacks without the binaries: unwind tables, and code around return addresses.
    #[must_use]
    pub fn walk(mut self, walk: Walk) -> Self {
        self.presets.walk = Some(walk);
        self
    }

    /// What is kept for walking stacks; [`Options::managed`] includes it.
    pub fn walks(&self) -> Option<Walk> {
        self.presets.walk.or_else(|| self.presets.managed.map(|_| Walk::Tables))
    }

    /// Keeps what debuggers of .NET read, and what [`Options::walk`] and the letter `i` keep.
    ///
    /// They read a dump through a library that belongs to one build of the runtime. But what was recorded of their reads lies
    /// within memory that rules name, in any dump of a process that has the runtime: an image named `coreclr.dll`, `clr.dll`,
    /// `mscorwks.dll`, `libcoreclr.so` or as those of Mono and Unity, or a program that exports `DotNetRuntimeInfo`.
    ///
    /// | of | memory | reason |
    /// |---|---|---|
    /// | the runtime | pages that can be written, `.rdata`, `.data`, `.pdata`; of an image that is not one of Windows, or whose headers are missing, all but code | [`Reason::RuntimeData`](crate::redump::Reason::RuntimeData) |
    /// | images with managed code | pages that can be written, the header of the runtime, metadata, the header of precompiled code and its table of sections | [`Reason::ManagedImage`](crate::redump::Reason::ManagedImage) |
    /// | images that stacks point into | exception directory and all unwind data, in precompiled images with what stands behind it; 64 bytes of code on both sides of each pointer | [`Reason::UnwindTables`](crate::redump::Reason::UnwindTables), [`Reason::FunctionUnwindData`](crate::redump::Reason::FunctionUnwindData), [`Reason::PointedCode`](crate::redump::Reason::PointedCode) |
    /// | mapped memory outside of images | what can be written or executed, and the same parts of images with managed code that no list has | [`Reason::RuntimeMappedMemory`](crate::redump::Reason::RuntimeMappedMemory) |
    /// | private memory outside of images | all but guard pages, memory without access, and reservations that hold a stack or have 4 GiB and more | [`Reason::RuntimePrivateMemory`](crate::redump::Reason::RuntimePrivateMemory) |
    /// | reservations of 4 GiB and more, with [`Managed::Heap`] | the same | [`Reason::ManagedHeap`](crate::redump::Reason::ManagedHeap) |
    /// | Mono | code that function tables cover | [`Reason::GeneratedCode`](crate::redump::Reason::GeneratedCode) |
    /// | a source without full memory | all of it but stacks, in place of the four rows above | [`Reason::SourceMemory`](crate::redump::Reason::SourceMemory) |
    ///
    /// Without memory information and lines of LinuxMaps, sections say what can be written of images, and all memory outside of
    /// images and stacks is kept; neighbouring lines of anonymous memory count as one reservation. Collectors that reserve less
    /// than 4 GiB (of 32-bit processes, and older ones) cannot be told from other memory: their heap is kept in any case, and so
    /// is any in a full user dump, which tells of no memory that is only reserved.
    /// [`Report::undecided`](crate::redump::Report::undecided) has what the rules could not find or decide.
    #[must_use]
    pub fn managed(mut self, managed: Managed) -> Self {
        self.presets.managed = Some(managed);
        self
    }

    /// What is kept of a .NET process.
    pub const fn manages(&self) -> Option<Managed> {
        self.presets.managed
    }
}
