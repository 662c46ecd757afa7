//! What is kept to answer a question, whatever the letters are: [`Options::identify`], [`Options::walk`],
//! [`Options::managed`].
//!
//! With `r` and `s` only code, tables and identity of images are taken, and of stacks only the words that stay are followed.

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::format::module::SectionCharacteristics;
use crate::read::module::Image;
use crate::read::system::wow64::X86;
use crate::read::{Context, Interval, gaps, overlapping, united};
use crate::redump::filter::StackFilter;
use crate::redump::filter::code::Code;
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::Report;
use crate::redump::source::Source;

use crate::redump::select::code_pointers::{CodePointers, Outside, StacksOfWidth};
use crate::redump::select::images::Images;
use crate::redump::select::narrow::NarrowSide;
use crate::redump::select::present_and_merged;
use crate::redump::select::wanted::Wanted;
use crate::redump::select::{identify, managed, walk};

/// What all presets look at.
pub(super) struct Ground<'g, 'a> {
    pub(super) source: &'g Source<'a>,
    pub(super) options: &'g Options,
    pub(super) images: Images,
    /// All stacks that are in use, in the order of addresses and apart.
    pub(super) stacks: Vec<Interval>,
    pub(super) pointers: CodePointers,
    /// With `r` and `s` what is not code, table or identity of an image is not taken: the memory that is written to, in the
    /// order of addresses and apart. `None` without them.
    written_to: Option<Vec<Interval>>,
}

impl Ground<'_, '_> {
    /// True with `r` and `s`.
    pub(super) const fn is_filtered(&self) -> bool {
        self.written_to.is_some()
    }

    /// What may be taken of an image.
    pub(super) fn allowed(&self, index: usize, image: Option<&Image<'_, '_>>) -> Allowed {
        let Some(written_to) = &self.written_to else { return Allowed(None) };
        let sections = image.into_iter().flat_map(Image::sections);
        let writable = sections.filter(|section| section.characteristics.contains(SectionCharacteristics::WRITE));
        let writable = writable.filter_map(|it| image?.place(it.virtual_address.into(), it.virtual_size.into()));
        let writable = united(writable.collect());
        let parts = self.images.parts(index).flat_map(|part| gaps(written_to, part));
        Allowed(Some(parts.flat_map(|part| gaps(&writable, part)).collect()))
    }
}

/// The parts of an image that may be taken, in the order of addresses and apart; all of it and what is around it if there are
/// none.
pub(super) struct Allowed(Option<Vec<Interval>>);

impl Allowed {
    /// Those of an interval.
    pub(super) fn parts_of(&self, interval: Interval) -> impl Iterator<Item = Interval> + '_ {
        let whole = self.0.is_none().then_some(interval);
        let parts = self.0.iter().flat_map(move |parts| overlapping(parts, interval));
        whole.into_iter().chain(parts.filter_map(move |part| part.intersection(&interval)))
    }
}

/// Adds what the presets ask for. With `filtered`, where code is, stacks are filtered (`r`, `s`). `stacks` are those that descriptors name and the others beside them.
pub(super) fn presets(
    wanted: &mut Wanted<'_, '_>,
    (options, hooks): (&Options, &Hooks<'_>),
    stacks: Vec<Interval>,
    narrow: &NarrowSide,
    filtered: Option<&Rc<Code>>,
    report: &mut Report,
) -> Result<(), RedumpError> {
    if !options.identifies() && options.walks().is_none() {
        return Ok(());
    }
    let source = wanted.source;
    let images = Images::new(source, hooks);
    let target = source.target;
    let of_widths = narrow.by_width(stacks, target.pointer_size());
    let of_widths: Vec<_> =
        of_widths.into_iter().map(|(stacks, width)| (present_and_merged(source, stacks), width)).collect();
    let all = united(of_widths.iter().flat_map(|(stacks, _)| stacks).copied().collect());
    let pointers = if options.walks().is_some() {
        source.refuse_shared_bytes(&all)?;
        let outside = if filtered.is_some() { Outside::Executable(Vec::new()) } else { outside(source, &all) };
        let anything = vec![Interval { start: 0, last: u64::MAX }];
        let filter = |stacks: &[Interval], width: u32| {
            let rules = (Rc::clone(filtered?), None);
            Some(match width == target.pointer_size() {
                true => StackFilter::new(source, rules, stacks.to_vec(), anything.clone()),
                false => StackFilter::narrow(source, rules, stacks.to_vec(), narrow.instructions(), narrow.frames()),
            })
        };
        let of_widths = of_widths.into_iter().map(|(stacks, width)| {
            let filter = filter(&stacks, width);
            StacksOfWidth { stacks, width, filter }
        });
        let of_widths: Vec<StacksOfWidth> = of_widths.collect();
        let contexts = source.contexts().flat_map(|it| [it.instruction_pointer(), link_register(&it)]).flatten();
        let narrow = narrow.instructions().map(|address| X86.mask(address));
        let code = filtered.map_or_else(|| Rc::new(Code::new(source)), Rc::clone);
        CodePointers::find(source, (&images, &code), &outside, &of_widths, contexts.chain(narrow))
    } else {
        CodePointers::default()
    };
    let written_to = filtered.map(|_| writable(source));
    let ground = Ground { source, options, images, stacks: all, pointers, written_to };
    identify::identify(wanted, &ground, report);
    walk::walk(wanted, &ground, report);
    managed::managed(wanted, &ground, report);
    Ok(())
}

/// Where the code that runs returns to, on processors that have a register for it.
fn link_register(context: &Context<'_>) -> Option<u64> {
    ["lr", "ra"].into_iter().find_map(|name| context.register(name)?.as_u64())
}

/// Where generated code may be.
fn outside(source: &Source<'_>, stacks: &[Interval]) -> Outside {
    let regions = source.regions();
    if regions.is_empty() {
        return Outside::NotOn(stacks.to_vec());
    }
    let executable = regions.iter().filter(|region| {
        region.state() == MemoryState::COMMIT && region.protection().intersects(MemoryProtection::EXECUTABLE)
    });
    let executable = executable.filter_map(|region| source.target.interval(region.base(), region.size()));
    let executable = united(executable.collect());
    Outside::Executable(executable.into_iter().flat_map(|part| gaps(source.modules(), part)).collect())
}

/// Memory that can be written to, sorted and apart.
fn writable(source: &Source<'_>) -> Vec<Interval> {
    let regions = source.regions();
    let writable = regions.iter().filter(|region| region.protection().allows_write());
    united(writable.filter_map(|region| source.target.interval(region.base(), region.size())).collect())
}
