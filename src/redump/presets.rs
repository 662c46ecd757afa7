//! Presets: sets of memory that answer a question, in addition to the debugger's letters.

use core::fmt;

/// What is kept so that stacks can be walked without the binaries ([`Options::walk`](crate::redump::Options::walk)).
///
/// # Examples
///
/// ```
/// use userdump::redump::{Options, Redump, Walk};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let small = Redump::new(&dump, &"/m".parse()?)?.size();
/// let options = "/m".parse::<Options>()?.walk(Walk::Tables);
/// assert!(Redump::new(&dump, &options)?.size() >= small);
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Walk {
    /// Unwind tables, and the code around return addresses.
    Tables,
    /// The same, and the export directories, which name functions where there are no symbols.
    Names,
}

/// What is kept of a .NET process ([`Options::managed`](crate::redump::Options::managed)).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Managed {
    /// What threads, stacks and exceptions need.
    Stacks,
    /// The same, and the heap of the garbage collector.
    Heap,
}

/// The requested presets.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
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
