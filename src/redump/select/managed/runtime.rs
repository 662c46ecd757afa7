//! The image of the runtime: what its debugger needs of it are global variables, virtual tables, names, unwind data.

use alloc::string::String;
use alloc::vec::Vec;

use crate::format::StreamType;
use crate::read::module::Image;
use crate::read::text::utf16::Utf16;
use crate::read::{Budget, Interval, gaps};
use crate::redump::report::Report;

use crate::redump::select::managed::writable::{Writable, sections};
use crate::redump::select::presets::Ground;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// The base names of images that are the runtime of .NET, in its order of appearance.
const DOT_NET: [&str; 6] =
    ["mscorwks.dll", "mscorsvr.dll", "clr.dll", "coreclr.dll", "libcoreclr.so", "libcoreclr.dylib"];

/// Those of Mono, and of what Unity makes of it.
const MONO: [&str; 8] = [
    "mono.dll",
    "mono-2.0.dll",
    "mono-2.0-bdwgc.dll",
    "mono-2.0-boehm.dll",
    "mono-2.0-sgen.dll",
    "libmonobdwgc-2.0.so",
    "libmonoboehm-2.0.so",
    "libmonosgen-2.0.so",
];

/// The end of a path that has each of these names, with a separator in front and room for NULs behind, in code units.
const LONGEST: usize = 32;

/// The sections that are taken, beside those that are written to.
const SECTIONS: [[u8; 8]; 3] = [*b".rdata\0\0", *b".data\0\0\0", *b".pdata\0\0"];

/// The images that are runtimes, by their index.
pub(super) struct Runtimes {
    images: Vec<usize>,
    pub(super) has_mono: bool,
}

impl Runtimes {
    pub(super) fn find(ground: &Ground<'_, '_>) -> Self {
        let modules = ground.source.dump().modules();
        let mut runtimes = Self { images: Vec::new(), has_mono: false };
        for (index, listed) in ground.images.list().iter().enumerate() {
            let name = modules.get(listed.module).and_then(|module| base_name(&module.name().ok()?));
            let Some(name) = name else { continue };
            let is_mono = MONO.contains(&name.as_str());
            if is_mono || DOT_NET.contains(&name.as_str()) {
                runtimes.images.push(index);
                runtimes.has_mono |= is_mono;
            }
        }
        runtimes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Adds data and tables of their images.
    pub(super) fn add_images(
        &self,
        wanted: &mut Wanted<'_, '_>,
        ground: &Ground<'_, '_>,
        writable: &Writable,
        budget: &mut Budget,
        report: &mut Report,
    ) {
        for &index in &self.images {
            let Some(listed) = ground.images.list().get(index) else { continue };
            let image = Image::at(&ground.source.memory, listed.base);
            let parts: Vec<Interval> = match &image {
                Some(image) => {
                    let found = sections(image, budget).unwrap_or_else(|error| {
                        report.fault(StreamType::MODULE_LIST, listed.module, "sections", error);
                        Vec::new()
                    });
                    let named = found.iter().filter(|(section, _)| SECTIONS.contains(&section.name));
                    let named = named.map(|&(_, place)| place);
                    named.chain(writable.parts_of(ground, index, &found)).collect()
                }
                // An image of another system, or one whose headers are missing: all of it but code.
                None => {
                    let parts = ground.images.parts(index);
                    parts.flat_map(|part| gaps(&writable.executable, part)).collect()
                }
            };
            let allowed = ground.allowed(index, image.as_ref());
            for part in parts.into_iter().flat_map(|part| allowed.parts_of(part)) {
                wanted.add(part, Reason::RuntimeData { module: listed.module });
            }
        }
    }
}

/// What follows the last separator of a path, in small letters; `None` if it is longer than the name of any runtime.
fn base_name(path: &Utf16<'_>) -> Option<String> {
    // The end alone is looked at, so that no text is gone through for each of many modules that have it in common.
    let lower = |unit| u8::try_from(unit).map_or('?', |byte| char::from(byte.to_ascii_lowercase()));
    let tail: String = path.tail(LONGEST).trim_end_nul().units().map(lower).collect();
    let (is_whole, from) = (path.as_bytes().len() <= 2 * LONGEST, tail.rfind(['/', '\\']));
    match from {
        Some(at) => tail.get(at + 1..).map(String::from),
        None => is_whole.then_some(tail),
    }
}
