//! Sets of memory that answer a question, beside the debugger's letters.

use core::fmt;

use crate::redump::options::Options;

/// What is kept so that stacks can be walked without the binaries ([`Options::walk`]).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Walk {
    /// Unwind tables, and the code around return addresses.
    Tables,
    /// The same, and the export directories, which give functions names where there are no symbols.
    Names,
}

/// What is kept of a .NET process ([`Options::managed`]).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Managed {
    /// What threads, stacks and exceptions need.
    Stacks,
    /// The same, and the heap of the garbage collector.
    Heap,
}

/// The presets that are asked for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Presets {
    pub(super) identify: bool,
    pub(super) walk: Option<Walk>,
    pub(super) managed: Option<Managed>,
}

impl fmt::Debug for Presets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = f.debug_list();
        if self.identify {
            names.entry(&format_args!("identify"));
        }
        if let Some(walk) = self.walk {
            names.entry(&format_args!("walk: {walk:?}"));
        }
        if let Some(managed) = self.managed {
            names.entry(&format_args!("managed: {managed:?}"));
        }
        names.finish()
    }
}

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
