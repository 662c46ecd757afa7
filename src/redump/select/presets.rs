//! Selects what the presets ask for: [`Options::identify`], [`Options::walk`], [`Options::managed`].
//!
//! With `r` and `s`, only code, tables and identities of images are taken, and only stack words that stay are followed.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::system::wow64::X86;
use crate::read::{Context, Interval, Intervals, gaps, union, united};
use crate::redump::filter::StackFilter;
use crate::redump::filter::code::Code;
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::Report;
use crate::redump::source::Source;

use crate::redump::select::code_pointers::{CodePointers, Outside, StacksOfWidth};
use crate::redump::select::ground::Ground;
use crate::redump::select::images::Images;
use crate::redump::select::narrow::NarrowSide;
use crate::redump::select::present_and_merged;
use crate::redump::select::unwritten::Written;
use crate::redump::select::wanted::Wanted;
use crate::redump::select::{identify, managed, walk};

/// Adds what the presets ask for. With `filtered`, the code of the process, stacks are filtered (`r`, `s`). `stacks`
/// are those in descriptors and the additional ones; `contexts` are those of the threads and exceptions that are kept.
pub(super) fn presets<'c>(
    wanted: &mut Wanted<'_, '_>,
    (options, hooks): (&Options, &Hooks<'_>),
    (stacks, contexts): (Vec<Interval>, impl Iterator<Item = Context<'c>>),
    narrow: &NarrowSide,
    filtered: Option<&Arc<Code>>,
    report: &mut Report,
) -> Result<(), RedumpError> {
    if !options.identify_preset() && options.walk_preset().is_none() {
        return Ok(());
    }
    let source = wanted.source;
    let images = Images::new(source, hooks);
    let target = source.target;
    let of_widths = narrow.by_width(stacks, target.pointer_size());
    let of_widths: Vec<_> = of_widths
        .into_iter()
        .map(|(stacks, width)| {
            (present_and_merged(source, united(stacks).into_iter()).iter().collect::<Vec<_>>(), width)
        })
        .collect();
    let all = united(of_widths.iter().flat_map(|(stacks, _)| stacks).copied().collect());
    let pointers = if options.walk_preset().is_some() {
        source.refuse_shared_bytes(&all.iter().copied().collect())?;
        let outside =
            if filtered.is_some() { Outside::Executable(Intervals::default()) } else { outside(source, &all) };
        let anything: Intervals = core::iter::once(Interval { start: 0, last: u64::MAX }).collect();
        let filter = |stacks: &[Interval], width: u32| {
            let rules = (Arc::clone(filtered?), None);
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
        let contexts = contexts.flat_map(|it| [it.instruction_pointer(), link_register(&it)]).flatten();
        let narrow = narrow.instructions().map(|address| X86.mask(address));
        let code = filtered.map_or_else(|| Arc::new(Code::new(source)), Arc::clone);
        CodePointers::find(source, (&images, &code), &outside, &of_widths, contexts.chain(narrow))
    } else {
        CodePointers::default()
    };
    let written = filtered.map(|_| Written::of(source));
    let mut ground = Ground { source, options, images, stacks: all, pointers, written };
    identify::identify(wanted, &ground, report);
    walk::walk(wanted, &mut ground, report);
    managed::managed(wanted, &ground, report);
    Ok(())
}

/// Returns the return address in the link register, on processors that have one.
fn link_register(context: &Context<'_>) -> Option<u64> {
    ["lr", "ra"].into_iter().find_map(|name| context.register(name)?.as_u64())
}

/// Returns where generated code may be.
fn outside(source: &Source<'_>, stacks: &[Interval]) -> Outside {
    let regions = source.regions();
    if regions.is_empty() {
        return Outside::NotOn(stacks.to_vec());
    }
    let executable = regions.iter().filter(|region| {
        region.state() == MemoryState::COMMIT && region.protection().intersects(MemoryProtection::EXECUTABLE)
    });
    let executable = executable.filter_map(|region| source.target.interval(region.base(), region.size()));
    let executable = union(executable);
    let mut outside = Intervals::default();
    executable.consume().flat_map(|part| gaps(source.modules(), part)).for_each(|part| outside.append(part));
    Outside::Executable(outside)
}
