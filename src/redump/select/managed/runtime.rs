//! Selects what a debugger needs of the runtime's image: global variables, virtual tables, names, unwind data.

use alloc::string::String;
use alloc::vec::Vec;

use crate::format::StreamType;
use crate::read::module::Image;
use crate::read::text::utf16::Utf16;
use crate::read::{Budget, Interval, gaps, overlapping};
use crate::redump::report::Report;

use crate::redump::select::ground::Ground;
use crate::redump::select::managed::sections::sections;
use crate::redump::select::managed::writable::Writable;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// The base names of .NET runtimes, in order of appearance.
const DOT_NET: [&str; 6] =
    ["mscorwks.dll", "mscorsvr.dll", "clr.dll", "coreclr.dll", "libcoreclr.so", "libcoreclr.dylib"];

/// The export of a program that contains the runtime ("single file"); debuggers look for it.
const EXPORT: &[u8] = b"DotNetRuntimeInfo";

/// The base names of Mono, and of Unity's version of it.
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

/// The length of the end of a path that is examined, in code units: enough for each name with a separator and NULs.
const LONGEST: usize = 32;

/// The sections that are taken, in addition to writable ones.
const SECTIONS: [[u8; 8]; 3] = [*b".rdata\0\0", *b".data\0\0\0", *b".pdata\0\0"];

/// How much of a name is read: more than is examined, so that it is known whether that is the complete name.
const NAME_END: u64 = LONGEST as u64 + 1;

/// The indices of the images that are runtimes.
pub(super) struct Runtimes {
    images: Vec<usize>,
    pub(super) has_mono: bool,
}

impl Runtimes {
    pub(super) fn find(ground: &Ground<'_, '_>) -> Self {
        let modules = ground.source.dump().modules();
        let mut runtimes = Self { images: Vec::new(), has_mono: false };
        for (index, listed) in ground.images.list().iter().enumerate() {
            let name = modules.get(listed.module).and_then(|module| base_name(&module.end_of_name(NAME_END)?));
            let is_one_of = |names: &[&str]| name.as_ref().is_some_and(|name| names.contains(&name.as_str()));
            let is_mono = is_one_of(&MONO);
            let has_export = || Image::at(&ground.source.memory, listed.base).is_some_and(|it| it.exports(EXPORT));
            if is_mono || is_one_of(&DOT_NET) || has_export() {
                runtimes.images.push(index);
                runtimes.has_mono |= is_mono;
            }
        }
        runtimes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Adds data and tables of the runtimes' images.
    pub(super) fn add_images(
        &self,
        wanted: &mut Wanted<'_, '_>,
        ground: &Ground<'_, '_>,
        writable: &Writable,
        budget: &mut Budget,
        report: &mut Report,
    ) {
        let of = |all| move |part: Interval| overlapping(all, part).filter_map(move |it| it.intersection(&part));
        for &index in &self.images {
            let Some(listed) = ground.images.list().get(index) else { continue };
            let image = Image::at(&ground.source.memory, listed.base);
            let allowed = ground.allowed(index, image.as_ref());
            let take = |part| {
                for part in allowed.parts_of(part) {
                    wanted.add(part, Reason::RuntimeData { module: listed.module });
                }
            };
            match &image {
                Some(image) => {
                    let found = sections(image, budget).unwrap_or_else(|error| {
                        report.fault(StreamType::MODULE_LIST, listed.module, "sections", error);
                        Vec::new()
                    });
                    let named = found.iter().filter(|section| SECTIONS.contains(&section.name));
                    let named = named.map(|section| section.place);
                    named.chain(writable.parts_of(ground, index, &found)).for_each(take);
                }
                // Not a Windows image, or its headers are missing: all of it except code.
                None if ground.is_filtered() => {
                    ground.images.parts(index).flat_map(of(&writable.read_only)).for_each(take);
                }
                None => ground.images.parts(index).flat_map(|part| gaps(&writable.executable, part)).for_each(take),
            }
        }
    }
}

/// Returns what follows the last separator of a path, in lower case; `None` if it is longer than any runtime's name.
fn base_name(path: &Utf16<'_>) -> Option<String> {
    // Only the end is read, so that a text that many modules share is not read completely for each of them.
    let lower = |unit| u8::try_from(unit).map_or('?', |byte| char::from(byte.to_ascii_lowercase()));
    let tail: String = path.tail(LONGEST).trim_end_nul().units().map(lower).collect();
    let (is_whole, from) = (path.as_bytes().len() <= 2 * LONGEST, tail.rfind(['/', '\\']));
    match from {
        Some(at) => tail.get(at + 1..).map(String::from),
        None => is_whole.then_some(tail),
    }
}
