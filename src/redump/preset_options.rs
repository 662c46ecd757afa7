//! Options that select memory by the question that it answers.

use crate::redump::options::Options;
use crate::redump::presets::{Managed, Walk};

impl Options {
    /// Keeps what identifies each image in the source's memory: its headers, debug records and version resource.
    ///
    /// Symbol servers and debuggers use these, not the module list, to find the binary and the symbols of a module.
    #[must_use]
    pub fn identify(mut self) -> Self {
        self.presets.identify = true;
        self
    }

    /// True after [`Options::identify`] or [`Options::managed`], which includes it.
    #[must_use]
    pub const fn identify_preset(&self) -> bool {
        self.presets.identify || self.presets.managed.is_some()
    }

    /// Keeps what a debugger needs to walk all stacks without the binaries: unwind tables, and the code around return
    /// addresses.
    #[must_use]
    pub fn walk(mut self, walk: Walk) -> Self {
        self.presets.walk = Some(walk);
        self
    }

    /// Returns what is kept for walking stacks; [`Options::managed`] includes it.
    #[must_use]
    pub fn walk_preset(&self) -> Option<Walk> {
        self.presets.walk.or_else(|| self.presets.managed.map(|_| Walk::Tables))
    }

    /// Keeps what .NET debuggers read, and what [`Options::walk`] and the letter `i` keep.
    ///
    /// .NET debuggers read a dump through a library that belongs to one build of the runtime. All their recorded reads
    /// are within memory that the following rules select, in any dump of a process with a runtime: an image named
    /// `coreclr.dll`, `clr.dll`, `mscorwks.dll` or `libcoreclr.so`, or named like those of Mono and Unity, or a program
    /// that exports `DotNetRuntimeInfo`.
    ///
    /// | part | memory | reason |
    /// |---|---|---|
    /// | the runtime | writable pages, `.rdata`, `.data`, `.pdata`; everything except code if the image is not a Windows image, or if its headers are missing | [`Reason::RuntimeData`](crate::redump::Reason::RuntimeData) |
    /// | images with managed code | writable pages, the header of the runtime, metadata, the header of precompiled code and its section table | [`Reason::ManagedImage`](crate::redump::Reason::ManagedImage) |
    /// | images that stacks point into | exception directory and all unwind data, in precompiled images also what follows it; 64 bytes of code on both sides of each pointer | [`Reason::UnwindTables`](crate::redump::Reason::UnwindTables), [`Reason::FunctionUnwindData`](crate::redump::Reason::FunctionUnwindData), [`Reason::ReferencedCode`](crate::redump::Reason::ReferencedCode) |
    /// | mapped memory outside images | what is writable or executable, and the same parts of images with managed code that are not in any list | [`Reason::RuntimeMappedMemory`](crate::redump::Reason::RuntimeMappedMemory) |
    /// | private memory outside images | everything except guard pages, inaccessible memory, and reservations that contain a stack or are 4 GiB or larger | [`Reason::RuntimePrivateMemory`](crate::redump::Reason::RuntimePrivateMemory) |
    /// | reservations of 4 GiB or more, with [`Managed::Heap`] | the same | [`Reason::ManagedHeap`](crate::redump::Reason::ManagedHeap) |
    /// | Mono | code that function tables cover | [`Reason::GeneratedCode`](crate::redump::Reason::GeneratedCode) |
    /// | a source without full memory | all of it except stacks, instead of the four rows above | [`Reason::SourceMemory`](crate::redump::Reason::SourceMemory) |
    ///
    /// Without memory information and LinuxMaps, section headers tell what is writable in images, and all memory
    /// outside images and stacks is kept. Adjacent LinuxMaps lines of anonymous memory count as one reservation. A
    /// garbage collector that reserves less than 4 GiB (in 32-bit processes, or an older one) cannot be told from other
    /// memory, so its heap is always kept. The same goes for every heap in a full user dump, which does not record
    /// memory that is only reserved. [`Report::undecided`](crate::redump::Report::undecided) lists what the rules could
    /// not find or decide.
    #[must_use]
    pub fn managed(mut self, managed: Managed) -> Self {
        self.presets.managed = Some(managed);
        self
    }

    /// Returns what is kept of a .NET process.
    #[must_use]
    pub const fn managed_preset(&self) -> Option<Managed> {
        self.presets.managed
    }
}
