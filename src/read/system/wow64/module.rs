//! Determines which modules of a 32-bit process are 32-bit ones.

#[cfg(feature = "std")]
use crate::format::full_user_dump::ImageFileMachine;

use crate::read::any_format::AnyModule;
use crate::read::memory::by_address::Memory;
#[cfg(feature = "std")]
use crate::read::module::image::Image;

/// The 64-bit modules of the WOW64 layer, which can be at any address.
const LAYER: [&str; 8] = [
    "wow64.dll",
    "wow64cpu.dll",
    "wow64win.dll",
    "wow64base.dll",
    "wow64con.dll",
    "wowarmhw.dll",
    "xtajit.dll",
    "xtac.exe",
];

/// The number of characters of a path that are examined, which is enough for the last two components of interest.
const LONGEST: usize = 64;

/// True for `wow64.dll`, with or without a folder.
pub(super) fn is_layer(module: &AnyModule<'_>) -> bool {
    LastComponents::of(module).name.is("wow64.dll")
}

/// See [`Wow64::is_32_bit`](crate::read::system::wow64::Wow64::is_32_bit).
pub(super) fn is_32_bit(memory: &Memory<'_>, module: &AnyModule<'_>) -> bool {
    if module.base() > u32::MAX.into() {
        return false;
    }
    machine_is_narrow(memory, module.base()).unwrap_or_else(|| {
        let LastComponents { folder, name } = LastComponents::of(module);
        let is_layer = LAYER.iter().any(|own| name.is(own));
        // Before Windows 8, the 64-bit ntdll.dll is below 4 GiB as well.
        !(is_layer || name.is("ntdll.dll") && folder.is("system32"))
    })
}

/// The result according to the image in memory; `None` if there is none.
#[cfg(feature = "std")]
fn machine_is_narrow(memory: &Memory<'_>, base: u64) -> Option<bool> {
    Image::at(memory, base).map(|image| image.machine() == ImageFileMachine::I386)
}

#[cfg(not(feature = "std"))]
const fn machine_is_narrow(_: &Memory<'_>, _: u64) -> Option<bool> {
    None
}

/// The last two components of a path.
#[derive(Clone, Copy, Default)]
struct LastComponents {
    folder: Component,
    name: Component,
}

impl LastComponents {
    /// The components of a module's name; empty if it cannot be read.
    fn of(module: &AnyModule<'_>) -> Self {
        let mut last = Self::default();
        match module {
            AnyModule::Minidump(module) => {
                let end = module.end_of_name(LONGEST as u64);
                end.iter().flat_map(|text| text.chars_lossy()).for_each(|next| last.push(next));
            }
            AnyModule::FullUserDump(module) => {
                let name = module.name().unwrap_or_default();
                let skipped = name.as_bytes().len().saturating_sub(LONGEST);
                name.chars().skip(skipped).for_each(|next| last.push(next));
            }
        }
        last
    }

    fn push(&mut self, next: char) {
        match next {
            '\\' | '/' => *self = Self { folder: self.name, name: Component::default() },
            other => self.name.push(other),
        }
    }
}

/// A component of a path in lower case, truncated to the length of interest.
#[derive(Clone, Copy, Default)]
struct Component {
    letters: [u8; 16],
    length: usize,
}

impl Component {
    fn push(&mut self, next: char) {
        let letter = u8::try_from(next).unwrap_or(0).to_ascii_lowercase();
        if let Some(place) = self.letters.get_mut(self.length) {
            *place = letter;
        }
        self.length = self.length.saturating_add(1);
    }

    fn is(&self, name: &str) -> bool {
        self.letters.get(..self.length).is_some_and(|letters| letters == name.as_bytes())
    }
}
