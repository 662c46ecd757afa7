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
