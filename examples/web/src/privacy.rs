//! What in a result may tell something about a person or a machine, and what the options do about it.
//!
//! This is the contract of `r`, `R` and `s` in the documentation of `userdump::redump`, for the dump and the options at hand.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use userdump::Dump;
use userdump::format::StreamType;
use userdump::redump::{Options, Outcome, Report, SelectedMemory};

use crate::explain::bytes;
use crate::leaving::Hides;
use crate::remains::of_stream;

/// The kinds of reasons whose memory is stacks, code and tables. All other memory counts as data of the program, also that of kinds
/// that are not known here.
const NOT_DATA: [&str; 17] = [
    "stacks",
    "backing stores",
    "32-bit stacks",
    "32-bit registers",
    "environment blocks that lead to 32-bit registers",
    "instruction pointers",
    "exception addresses",
    "code sections",
    "unwind data",
    "shared data",
    "image headers",
    "image identities",
    "unwind tables",
    "unwind data of functions",
    "code that stacks point to",
    "export directories",
    "generated code that stacks point to",
];
const ALL: &str = "full memory";
/// Those whose memory is the command line and the environment.
const PARAMETERS: [&str; 2] = ["process parameters", "environment variables"];
/// The streams of Linux that have them.
const PARAMETER_STREAMS: [StreamType; 2] = [StreamType::LINUX_CMD_LINE, StreamType::LINUX_ENVIRON];

/// Folders that contain the folders of users, in lower case.
const HOMES: [&str; 3] = ["users", "documents and settings", "home"];
/// The most examples of a matter.
const EXAMPLES: usize = 3;

/// Something that may tell about a person or a machine.
#[derive(Debug, Serialize)]
pub struct Matter {
    what: &'static str,
    state: State,
    why: String,
    /// What is concerned.
    examples: Vec<String>,
}

/// What is left of it in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// None of it.
    Gone,
    /// A part, or it depends on what the memory happens to hold.
    Partly,
    /// All of it.
    Stays,
}

use State::{Gone, Partly, Stays};

/// The selected memory by the kind of its reason.
pub type Kinds = BTreeMap<&'static str, Vec<SelectedMemory>>;

/// Returns everything that the result may tell, and what was removed of it.
pub fn matters(dump: &Dump<'_>, options: &Options, report: &Report, kinds: &Kinds) -> Vec<Matter> {
    let view = View { dump, report, kinds, hides: Hides::of(options), is_overruled: options.filter_is_overruled() };
    let stream = |what, stream_type, why| view.stream(what, stream_type, why);
    [
        Some(view.stacks()),
        Some(view.registers()),
        Some(view.data()),
        view.parameters(),
        view.free_text(),
        Some(view.folders()),
        stream(
            "Names of open files and registry keys",
            StreamType::HANDLE_DATA,
            "the letter h asks for handles; only the folders of modules are hidden in them, by R",
        ),
        stream("Security IDs of user and groups", StreamType::TOKEN, "every dump has the token; only s leaves it out"),
        stream("Names of threads", StreamType::THREAD_NAMES, "they tell what the threads do; programs set them"),
        Some(matter(
            "Names and versions of programs and libraries",
            Stays,
            "symbols are looked up by them",
            Vec::new(),
        )),
        Some(matter(
            "System, processor, time zone, times, process ID",
            Stays,
            "every dump describes the system and the process",
            Vec::new(),
        )),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the folders in the paths of modules, those of users first.
fn folders(dump: &Dump<'_>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for module in dump.modules().take(1000) {
        let name = module.name().map_or(String::new(), |name| name.to_string());
        let Some((folder, _)) = name.rsplit_once(['\\', '/']) else { continue };
        let is_of_user = folder.split(['\\', '/']).any(|part| HOMES.contains(&part.to_lowercase().as_str()));
        found.insert((!is_of_user, folder.to_owned()));
    }
    found.into_iter().map(|(_, folder)| folder).filter(|folder| !folder.is_empty()).collect()
}

fn matter(what: &'static str, state: State, why: impl Into<String>, examples: Vec<String>) -> Matter {
    Matter { what, state, why: why.into(), examples }
}

struct View<'d, 'a> {
    dump: &'d Dump<'a>,
    report: &'d Report,
    kinds: &'d Kinds,
    hides: Hides,
    is_overruled: bool,
}

impl View<'_, '_> {
    fn stacks(&self) -> Matter {
        let (state, why) = match self.hides {
            Hides { registers: true, .. } => (Gone, "s overwrites what a stack trace does not need with 0xaa"),
            Hides { typed: true, .. } => (Gone, "r overwrites what a stack trace does not need with zeros"),
            _ if self.is_overruled => (Stays, "full memory takes precedence over r"),
            _ => (Stays, "stacks stay as they are; the letters r and s filter them"),
        };
        matter("Text and numbers on stacks", state, why, Vec::new())
    }

    fn registers(&self) -> Matter {
        let (state, why) = match self.hides {
            Hides { registers: true, .. } => (Gone, "s keeps only what points into modules or memory of the result"),
            Hides { typed: true, .. } => {
                (Partly, "r removes vector registers; the others stay, because stack traces begin with them")
            }
            _ => (Stays, "stack traces begin with them; the letter s filters them"),
        };
        matter("Values in registers", state, why, Vec::new())
    }

    /// Data of the program, apart from stacks.
    fn data(&self) -> Matter {
        let what = "Data of the program: heap, variables";
        let selected: Vec<SelectedMemory> = self.data_kinds().flat_map(|(_, selected)| selected).copied().collect();
        if selected.is_empty() {
            let why = "the result has only stacks, code and tables";
            return matter(what, Gone, why, Vec::new());
        }
        let size = bytes(&selected, &self.dump.memory());
        let filtered = if self.hides.typed { ", which r and s do not filter" } else { "" };
        let why = if self.kinds.contains_key(ALL) {
            format!("all memory is in the result, {size} bytes")
        } else {
            format!("the letters add {size} bytes{filtered}")
        };
        let kinds = self.data_kinds().map(|(kind, _)| (*kind).to_owned());
        matter(what, Stays, why, kinds.take(EXAMPLES).collect())
    }

    fn parameters(&self) -> Option<Matter> {
        let what = "Command line and environment variables";
        let streams: Vec<StreamType> = PARAMETER_STREAMS.into_iter().filter(|it| self.source_has(*it)).collect();
        let names = |kept: bool| -> Vec<String> {
            streams.iter().filter(|it| self.result_has(**it) == kept).map(ToString::to_string).collect()
        };
        if !names(true).is_empty() {
            return Some(matter(what, Stays, "the letter r removes these streams", names(true)));
        }
        if PARAMETERS.iter().any(|kind| self.kinds.contains_key(kind)) {
            return Some(matter(what, Stays, "the letter p asks for them, and r removes them", Vec::new()));
        }
        if self.has_data() {
            return Some(matter(what, Partly, "they may be in the data of the program", Vec::new()));
        }
        if self.dump.target().is_windows() || !streams.is_empty() {
            return Some(matter(what, Gone, "they are neither in memory nor in streams of the result", names(false)));
        }
        None
    }

    /// Streams that may hold what someone typed.
    fn free_text(&self) -> Option<Matter> {
        let what = "Comments, annotations, unknown streams";
        let of = |wanted: &dyn Fn(&Outcome) -> bool| -> Vec<String> {
            let streams = self.report.streams.iter().filter(|stream| wanted(&stream.outcome));
            let typed = streams
                .filter(|it| of_stream(it.stream_type).is_none() && !PARAMETER_STREAMS.contains(&it.stream_type));
            typed.map(|stream| stream.stream_type.to_string()).collect()
        };
        let kept = of(&Outcome::is_kept);
        if !kept.is_empty() {
            return Some(matter(what, Stays, "the letter r removes these streams", kept));
        }
        let gone = of(&|_| true);
        let why =
            if self.hides.typed { "r and s leave out these streams" } else { "these streams are not in the result" };
        (!gone.is_empty()).then(|| matter(what, Gone, why, gone))
    }

    fn folders(&self) -> Matter {
        let what = "Folders, and user names in them";
        let mut folders = folders(self.dump);
        folders.truncate(EXAMPLES);
        let (state, why) = match (self.hides.folders, self.has_data()) {
            (true, false) => (Gone, "R reduces names to base names, and hides these folders in other text"),
            (true, true) => (Partly, "R hides them in names and streams; the data of the program is not searched"),
            (false, _) => (Stays, "the letters R and s hide them"),
        };
        matter(what, state, why, folders)
    }

    /// A stream that is there or not; `None` if the source lacks it.
    fn stream(&self, what: &'static str, stream_type: StreamType, why: &str) -> Option<Matter> {
        let state = if self.result_has(stream_type) { Stays } else { Gone };
        self.source_has(stream_type).then(|| matter(what, state, why, Vec::new()))
    }

    fn source_has(&self, stream_type: StreamType) -> bool {
        self.report.streams.iter().any(|stream| stream.stream_type == stream_type)
    }

    fn result_has(&self, stream_type: StreamType) -> bool {
        self.report.streams.iter().any(|stream| stream.stream_type == stream_type && stream.outcome.is_kept())
    }

    /// Returns the kinds of reasons whose memory is data of the program, with that memory.
    fn data_kinds(&self) -> impl Iterator<Item = (&&'static str, &Vec<SelectedMemory>)> {
        self.kinds.iter().filter(|(kind, _)| !NOT_DATA.contains(kind))
    }

    fn has_data(&self) -> bool {
        self.data_kinds().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, NOT_DATA, PARAMETERS};

    #[test]
    fn all_kinds_are_those_of_the_library() {
        let reasons = include_str!("../../../src/redump/select/reason.rs");
        for kind in NOT_DATA.iter().chain(&PARAMETERS).chain([&ALL]) {
            assert!(reasons.contains(&format!("=> \"{kind}\",")), "{kind}");
        }
    }
}
