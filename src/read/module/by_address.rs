//! Finds modules by address, in dumps of either format.

use alloc::vec::Vec;
use core::fmt::{self, Write};

use crate::read::any_format::{AnyException, AnyModule};
use crate::read::dump::Dump;
use crate::read::dump_bytes::DumpBytes;
use crate::read::full_user_dump::UserModule;
use crate::read::interval::{Span, holder, settle};
use crate::read::module::extents::ModuleExtents;
use crate::read::shared::Shared;
use crate::read::source::Source;

/// The modules of a dump by address; see [`Dump::modules_by_address`].
///
/// Where modules overlap, the one that comes first in the list takes precedence. In a minidump, modules whose size is
/// too small are extended by what the dump records about the address space, as in [`ModuleExtents`].
#[derive(Clone)]
pub struct ModulesByAddress<'a> {
    dump: DumpBytes<'a>,
    modules: Modules<'a>,
}

#[derive(Clone)]
enum Modules<'a> {
    Minidump(ModuleExtents<'a>),
    FullUserDump(Shared<UserModules>),
}

/// The modules of a full user dump, without the bytes of the file.
#[derive(Default)]
struct UserModules {
    modules: Vec<UserModule<'static>>,
    /// The rank is the index of the module.
    spans: Vec<Span>,
}

/// An address in a module. Displayed as `kernelbase.dll+0x12ef0`, with the file name without its folder, or with the
/// base of the module if the name cannot be read.
///
/// # Examples
///
/// ```
/// use userdump::Dump;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let name = dump.text("C:\\app.exe");
/// # let module = userdump::format::Module {
/// #     base_of_image: 0x1_4000_0000, size_of_image: 0x5000, ..Default::default()
/// # };
/// # dump.module(module, name, None, None);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = Dump::parse(&file)?;
/// let place = dump.modules_by_address().locate(0x1_4000_12f0).expect("a module contains the address");
/// assert_eq!(place.to_string(), "app.exe+0x12f0");
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct ModuleOffset<'a> {
    /// The module.
    pub module: AnyModule<'a>,
    /// The distance from the module's base, in bytes.
    pub offset: u64,
}

impl<'a> Dump<'a> {
    /// Builds an index of the modules by address. Build it once and use it for many lookups: each takes time
    /// proportional to the logarithm of the number of modules.
    ///
    /// The index takes 24 bytes for each module and region, and n log n time to build if they are not sorted by
    /// address. For a full user dump, it also takes the size of a [`UserModule`] for each module.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = std::fs::read("crash.dmp")?;
    /// let dump = userdump::Dump::parse(&file)?;
    /// let modules = dump.modules_by_address();
    /// if let Some(place) = dump.exceptions().next().and_then(|exception| exception.instruction(&modules)) {
    ///     println!("crashed in {place}"); // crashed in app.exe+0x12f0
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn modules_by_address(&self) -> ModulesByAddress<'a> {
        let target = self.target();
        let modules = match self {
            Self::Minidump(dump) => Modules::Minidump(dump.module_extents()),
            Self::FullUserDump(dump) => {
                let modules: Vec<_> = dump.modules().map(|module| module.rebound(Source::NOTHING)).collect();
                let spans = modules.iter().zip(0..).filter_map(|(module, rank)| {
                    Some(Span { interval: target.interval(module.base(), module.size().into())?, rank })
                });
                let mut spans = spans.collect();
                settle(&mut spans);
                Modules::FullUserDump(Shared::new(UserModules { modules, spans }))
            }
        };
        ModulesByAddress { dump: *self.dump_bytes(), modules }
    }
}

impl<'a> ModulesByAddress<'a> {
    /// Returns the module that contains `address`.
    pub fn at_address(&self, address: u64) -> Option<AnyModule<'a>> {
        match &self.modules {
            Modules::Minidump(extents) => extents.at_address(address).map(AnyModule::Minidump),
            Modules::FullUserDump(user) => {
                let rank = holder(&user.spans, self.dump.target().mask(address))?.rank;
                let module = user.modules.get(usize::try_from(rank).ok()?)?;
                Some(AnyModule::FullUserDump(module.rebound(self.dump.source())))
            }
        }
    }

    /// Returns the module that contains `address`, and the offset of `address` in it.
    #[must_use]
    pub fn locate(&self, address: u64) -> Option<ModuleOffset<'a>> {
        let module = self.at_address(address)?;
        let target = self.dump.target();
        let offset = target.mask(address).wrapping_sub(target.mask(module.base()));
        Some(ModuleOffset { module, offset })
    }

    const fn size(&self) -> u64 {
        self.dump.file_size()
    }

    fn rebound<'b>(&self, source: Source<'b>) -> ModulesByAddress<'b> {
        let modules = match &self.modules {
            Modules::Minidump(extents) => Modules::Minidump(extents.rebound(source)),
            Modules::FullUserDump(user) => Modules::FullUserDump(Shared::clone(user)),
        };
        ModulesByAddress { dump: self.dump.rebound(source), modules }
    }

    fn emptied(&self) -> ModulesByAddress<'static> {
        ModulesByAddress { dump: self.dump.rebound(Source::NOTHING), modules: Modules::FullUserDump(Shared::default()) }
    }
}

kept_index! {
    /// A [`ModulesByAddress`] without the bytes of the dump, to be stored next to them: see
    /// [`OwnedDump`](crate::OwnedDump#examples).
    pub struct ModuleIndex of ModulesByAddress
}

impl fmt::Debug for ModulesByAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModulesByAddress").finish_non_exhaustive()
    }
}

impl fmt::Display for ModuleOffset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.module.name() {
            Ok(path) => {
                let mut name = BaseName { out: None, at: 0, start: 0 };
                write!(name, "{path}")?;
                write!(BaseName { out: Some(f), at: 0, ..name }, "{path}")?;
            }
            Err(_) => write!(f, "{:#x}", self.module.base())?,
        }
        write!(f, "+{:#x}", self.offset)
    }
}

/// Finds the part of a path after its last separator, or passes it on if it is known.
struct BaseName<'o, 'f> {
    /// `None` to find it.
    out: Option<&'o mut fmt::Formatter<'f>>,
    /// The number of characters so far, and of those before the name.
    at: usize,
    start: usize,
}

impl fmt::Write for BaseName<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.at += 1;
            match &mut self.out {
                Some(out) if self.at > self.start => out.write_char(character)?,
                None if matches!(character, '\\' | '/') => self.start = self.at,
                _ => {}
            }
        }
        Ok(())
    }
}

impl<'a> AnyException<'a> {
    /// Returns the module of the instruction that raised the exception, and the offset of the instruction in it. `None`
    /// if the instruction is not in a module or not known: see [`Self::instruction_address`].
    #[must_use]
    pub fn instruction(&self, modules: &ModulesByAddress<'a>) -> Option<ModuleOffset<'a>> {
        modules.locate(self.instruction_address()?)
    }
}
