//! Compares the results of `redump` with the `minidump` crate, which must open them unless there is a known reason.

use std::panic::{AssertUnwindSafe, catch_unwind};

use minidump::{
    Error, MinidumpMemory64List, MinidumpMemoryList, MinidumpModuleList, MinidumpStream, MinidumpThreadList,
};
use userdump::read::memory::{Memory64List, MemoryList};
use userdump::read::{FromStream, MemoryRange, Module, ModuleList, ThreadList};
use userdump::{Dump, Minidump};

type Peer<'a> = minidump::Minidump<'a, &'a [u8]>;

/// The contents of a list according to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Absent,
    Rows(usize),
    Refused(String),
}

/// Records how the peer handles the result and each of its lists. Returns an error for a difference without a known
/// reason.
pub fn judge(result: &[u8], full_user_dump: bool, note: &mut dyn FnMut(&str, &str)) -> Result<(), String> {
    match Dump::parse(result).map_err(|error| format!("our own reader refuses the result: {error}"))? {
        Dump::FullUserDump(_) if full_user_dump => {
            note("full user dump", "we open it, the peer has no reader for the format");
            Ok(())
        }
        Dump::Minidump(ours) if !full_user_dump => minidump(result, &ours, note),
        _ => Err("the result has another format than what was asked for".to_owned()),
    }
}

fn minidump(result: &[u8], dump: &Minidump<'_>, note: &mut dyn FnMut(&str, &str)) -> Result<(), String> {
    let peer = guarded(|| Peer::read(result)).map_err(|error| format!("the peer refuses the result: {error}"))?;
    note("minidump", "the peer opens it");
    let mut compare = |name: &str, ours: Answer, theirs: Answer, reason: Option<&str>| {
        let class = match (&ours, &theirs, reason) {
            (Answer::Absent, Answer::Absent, _) => "there is none, for the peer as well",
            (Answer::Rows(ours), Answer::Rows(theirs), _) if ours == theirs => "the peer reads as many rows",
            (Answer::Rows(_), Answer::Refused(_), Some(reason)) => reason,
            _ => return Err(format!("{name}: we say {ours:?}, the peer says {theirs:?}")),
        };
        note(name, class);
        Ok(())
    };
    compare(
        "threads",
        our(dump, |list: ThreadList<'_>| list.into_iter().count()),
        their(&peer, |list: MinidumpThreadList<'_>| list.threads.len()),
        None,
    )?;
    compare(
        "modules",
        our(dump, |list: ModuleList<'_>| list.into_iter().filter(is_kept).count()),
        their(&peer, |list: MinidumpModuleList| list.iter().count()),
        dump.stream::<ModuleList<'_>>().ok().flatten().and_then(|list| given_up(list, result)),
    )?;
    compare(
        "memory",
        our(dump, |list: MemoryList<'_>| list.into_iter().filter(is_whole).count()),
        their(&peer, |list: MinidumpMemoryList<'_>| list.iter().filter(|range| !range.bytes.is_empty()).count()),
        None,
    )?;
    compare(
        "64-bit memory",
        our(dump, |list: Memory64List<'_>| list.into_iter().filter(is_whole).count()),
        their(&peer, |list: MinidumpMemory64List<'_>| list.iter().filter(|range| !range.bytes.is_empty()).count()),
        None,
    )
}

/// The peer drops modules without a size, and those beyond the last address.
fn is_kept(module: &Module<'_>) -> bool {
    module.size() > 0 && module.base().checked_add(module.size().into()).is_some()
}

/// The ranges that both return: the peer omits empty ranges, and those that are truncated by the end of the file.
fn is_whole(range: &MemoryRange<'_>) -> bool {
    range.size > 0 && range.fault().is_none()
}

/// Returns the known reason for which the peer rejects a list of modules.
fn given_up(list: ModuleList<'_>, result: &[u8]) -> Option<&'static str> {
    list.into_iter().filter(is_kept).find_map(|module| {
        let name = module.name().ok().filter(|_| module.raw().module_name_rva != 0);
        let Some(name) = name else { return Some("the peer gives up the list for a module without a name") };
        let units: Vec<_> = name.units().collect();
        if name.as_bytes().len() % 2 != 0 || String::from_utf16(&units).is_err() {
            return Some("the peer gives up the list for a name that is no UTF-16");
        }
        let location = module.raw().cv_record;
        let record = result.get(location.rva as usize..)?.get(..location.data_size as usize)?;
        let head = match record.get(..4) {
            Some(b"RSDS") => 24,
            Some(b"NB10") => 16,
            _ => 4,
        };
        let is_cut = (1..head).contains(&record.len());
        is_cut.then_some("the peer gives up the list for a CodeView record that ends within its head")
    })
}

fn our<'a, T: FromStream<'a>>(dump: &Minidump<'a>, rows: impl FnOnce(T) -> usize) -> Answer {
    match dump.stream::<T>() {
        Ok(list) => list.map_or(Answer::Absent, |list| Answer::Rows(rows(list))),
        Err(error) => Answer::Refused(error.to_string()),
    }
}

fn their<'a, T: MinidumpStream<'a>>(dump: &'a Peer<'a>, rows: impl FnOnce(T) -> usize) -> Answer {
    match guarded(|| dump.get_stream::<T>().map(rows)) {
        Ok(count) => Answer::Rows(count),
        Err(error) if error == Error::StreamNotFound.to_string() => Answer::Absent,
        Err(error) => Answer::Refused(error),
    }
}

/// The peer may panic, which counts as a rejection.
fn guarded<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, String> {
    let result = catch_unwind(AssertUnwindSafe(read)).map_err(|_| "it panics".to_owned())?;
    result.map_err(|error| error.to_string())
}
