//! Turns a dump into the plan of its re-encoding.

use alloc::vec::Vec;
use core::fmt;
use std::io;

use crate::error::{Item, RedumpError, WriteError};
use crate::format::{MemoryInfo, MinidumpType, StreamType};
use crate::read::Dump;
use crate::read::source::SourceFile;
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::Report;
use crate::redump::select::selected::{Selected, Selection};
use crate::redump::source::Source;
use crate::redump::{
    exception_at, full_user_dump, known_memory, minidump, overlaps, readable_bytes, select, transcode,
};
use crate::write::{MOST_PADDING, Plan};

/// A re-encoding that is planned but not written.
///
/// # Examples
///
/// ```
/// use userdump::redump::Redump;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let planned = Redump::new(&dump, &"/mFhut".parse()?)?;
/// println!("it will have {} bytes", planned.size());
/// for selected in planned.selected_memory() {
///     println!("{:#x} {} bytes: {}", selected.address, selected.size, selected.reason);
/// }
/// let mut small = Vec::new();
/// planned.write_to(&mut small)?;
/// # Ok(())
/// # }
/// ```
pub struct Redump<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) report: Report,
    pub(super) selected: Selected,
    /// The file that the plan reads, if the source is one.
    pub(super) file: Option<&'a SourceFile>,
}

/// Prints the sizes of what will be written.
impl fmt::Debug for Redump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redump").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Adds the exception that the options name, and the memory information that is made up.
fn complete<'a>(source: &mut Source<'a>, options: &Options, hooks: &Hooks<'a>) -> Result<(), RedumpError> {
    source.named = exception_at::found(source, options, hooks)?;
    source.made_up_rows = known_memory::made_up_rows(source, options, hooks);
    Ok(())
}

/// Returns how many memory information entries are made up.
fn made_up_rows(plan: &Plan<'_>) -> u64 {
    let list = plan.directory().iter().find(|entry| entry.stream_type == StreamType::MEMORY_INFO_LIST);
    list.map_or(0, |entry| u64::from(entry.location.data_size) / MemoryInfo::SIZE as u64)
}

/// Selects what goes into the result, and begins the report.
fn selected(source: &Source<'_>, options: &Options, hooks: &Hooks<'_>) -> Result<(Selection, Report), RedumpError> {
    let mut report = Report {
        truncated_tables: source.truncated_tables.clone(),
        faults: source.faults.clone(),
        ..Report::default()
    };
    let selection = select::select(source, options, hooks, &mut report)?;
    Ok((selection, report))
}

impl<'a> Redump<'a> {
    /// Selects what goes into the result, encodes it, and makes the plan.
    ///
    /// # Errors
    ///
    /// Every [`RedumpError`] except [`RedumpError::Write`].
    pub fn new(dump: &Dump<'a>, options: &Options) -> Result<Self, RedumpError> {
        Self::with_hooks(dump, options, Hooks::new())
    }

    /// Like [`Redump::new`], with the changes that a program makes.
    ///
    /// # Errors
    ///
    /// Every [`RedumpError`] except [`RedumpError::Write`].
    pub fn with_hooks(dump: &Dump<'a>, options: &Options, hooks: Hooks<'a>) -> Result<Self, RedumpError> {
        let file = dump.dump_bytes().bytes().file();
        let planned = Self::planned(dump, options, hooks, file);
        // Views may have missed what could not be read.
        file.and_then(SourceFile::fault).map_or(planned, |fault| Err(fault.into()))
    }

    fn planned(
        dump: &Dump<'a>,
        options: &Options,
        hooks: Hooks<'a>,
        file: Option<&'a SourceFile>,
    ) -> Result<Self, RedumpError> {
        if options.is_full_user_dump() && options.is_compressed() {
            let item = Item { name: "full user dump", index: None };
            let reason = "the format does not support compressed memory";
            return Err(WriteError::InvalidInput { item, reason }.into());
        }
        if options.is_full_user_dump() && options.names_exception() {
            let item = Item { name: "full user dump", index: None };
            let reason = "the format does not store the context of an exception, so naming one has no effect";
            return Err(WriteError::InvalidInput { item, reason }.into());
        }
        if options.is_full_user_dump() && hooks.need_a_minidump() {
            let item = Item { name: "full user dump", index: None };
            let reason = "hooks cannot change its records, and it has no flags";
            return Err(WriteError::InvalidInput { item, reason }.into());
        }
        if let Some(as_is) = options.as_is {
            return match dump {
                _ if options.conflict_with_as_is() => {
                    let item = Item { name: "as-is", index: None };
                    Err(WriteError::InvalidInput { item, reason: "it can be combined only with a comment" }.into())
                }
                Dump::Minidump(dump) => {
                    let asked = (options.comment(), options.has_padding());
                    let (plan, report, memory) = (as_is.plan)(dump, asked, hooks)?;
                    Ok(Self { plan, report, selected: Selected::all(memory), file })
                }
                Dump::FullUserDump(_) => Err(RedumpError::Unsupported { what: "a full user dump with `as-is`" }),
            };
        }
        let mut source = match dump {
            Dump::Minidump(dump) => minidump::open(dump)?,
            Dump::FullUserDump(dump) => full_user_dump::open(dump)?,
        };
        complete(&mut source, options, &hooks)?;
        let (mut selection, mut report) = selected(&source, options, &hooks)?;
        if let Dump::Minidump(dump) = dump {
            if let Some(sound) = minidump::without_broken(dump, &source, &selection.selected)? {
                source = sound;
                complete(&mut source, options, &hooks)?;
                (selection, report) = selected(&source, options, &hooks)?;
            }
        }
        report.filter_overruled = options.filter_is_overruled();
        if options.contain(MinidumpType::FILTER_MEMORY) {
            report.unfiltered_memory = selection.unfiltered(&source);
        }
        source.refuse_shared_bytes(&selection.selected.ranges)?;
        let asked = options.comment().map_or(0, |comment| 2 * comment.len() as u64);
        let asked = hooks.added.iter().fold(asked, |sum, (_, bytes)| sum.saturating_add(bytes.len() as u64));
        let asked = asked.saturating_add(source.named.as_ref().map_or(0, |named| named.view().file_size()));
        let missing = source.missing(&hooks.memory);
        let (mut carried, mut has_threads) = (Vec::new(), None);
        let parallel_to = options.has_padding().then(|| dump.dump_bytes().bytes().resident());
        let plan = match options.is_full_user_dump() {
            true => {
                let mut builder = full_user_dump::transcode(dump, &source, options, hooks, &selection, &mut report)?;
                has_threads = Some(builder.has_threads());
                if let Some(bytes) = parallel_to {
                    builder.parallel_to(bytes);
                }
                builder.plan()?
            }
            false => {
                report.losses.clone_from(&source.losses);
                report.additions.clone_from(&source.additions);
                report.is_partial =
                    selection.selected.full && (!report.missing_memory.is_empty() || !source.has_full_memory);
                let (mut builder, parts) = transcode::transcode(&source, options, hooks, &selection, &mut report)?;
                carried = parts;
                if let Some(bytes) = parallel_to {
                    builder.parallel_to(bytes);
                }
                builder.plan()?
            }
        };
        let rows = match options.is_full_user_dump() {
            true => plan.memory().0,
            false if report.made_up.contains(&StreamType::MEMORY_INFO_LIST) => made_up_rows(&plan),
            false => 0,
        };
        let asked = asked.saturating_add(rows.saturating_mul(MemoryInfo::SIZE as u64));
        source.refuse_growth(
            plan.size(),
            if parallel_to.is_some() { asked.saturating_add(MOST_PADDING) } else { asked },
        )?;
        report.missing_memory.extend(missing);
        overlaps::report(&source, &selection.selected.ranges, &mut report);
        report.source_size = source.file_size;
        report.readable_bytes = readable_bytes::readable_bytes(&source, carried, &report);
        report.size = plan.size();
        report.streams_written = plan.directory().to_vec();
        report.compressed = plan.compressed();
        (report.memory_ranges, report.memory_bytes) = plan.memory();
        report.judge(has_threads);
        Ok(Self { plan, report, selected: selection.selected, file })
    }
}

/// Re-encodes `dump` according to the options, and writes the result in one pass.
///
/// # Errors
///
/// Any [`RedumpError`]. Nothing is written until the whole result has been planned, so only [`RedumpError::Write`] can
/// leave a partial file.
///
/// # Examples
///
/// ```
/// use userdump::{Dump, redump::{Options, redump}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut file = [0; 32];
/// # file[..8].copy_from_slice(b"MDMP\x93\xa7\0\0");
/// let dump = Dump::parse(&file)?;
/// let options: Options = "/mfF".parse()?;
/// let mut out = Vec::new();
/// let report = redump(&dump, &options, &mut out)?;
/// assert_eq!(report.size, out.len() as u64);
/// # Ok(())
/// # }
/// ```
pub fn redump(dump: &Dump<'_>, options: &Options, sink: impl io::Write) -> Result<Report, RedumpError> {
    Redump::new(dump, options)?.write_to(sink)
}
