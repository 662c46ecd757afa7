//! The command line.

use std::ffi::{OsStr, OsString};
use std::num::NonZero;
use std::path::PathBuf;

use userdump::format::StreamType;
use userdump::redump::{Engine, Hooks, Managed, Options, Walk};

use crate::help;
use crate::letters;

/// What `--help` prints.
pub fn help() -> String {
    format!("{USAGE}\n\n{LETTERS}\n{}\n{STATUS}", letters::lines())
}

const LETTERS: &str = "\
Letters, in any order. Without one, the result has threads, modules, system, exception, stacks and the code around instruction
pointers. Each of these adds to that, or removes from it:";

const STATUS: &str = "\
Example: redump --walk /mFhut crash.dmp small.dmp

Exit status: 0 if the result is written, 1 if it is not, 2 if the arguments are wrong, 3 if it is written but lacks registers
that INPUT has, or no debugger opens it.";

pub const USAGE: &str = "\
redump [/m[letters] | /f] [/o] [/u] [/b] [/c TEXT] [/xp ADDRESS] [/xr ADDRESS] [/xc ADDRESS] [/xt THREAD] [/j ADDRESS]
              [--identify] [--walk[=names]] [--managed[=heap]] [--made-up] [--engine YEAR] [--compress]
              [--threads COUNT] [--explain]
              [--keep ADDRESS+LENGTH] [--drop-stream TYPE] [--only-thread ID] [--read] [--force] [--] INPUT OUTPUT
       redump --find-exception [--read] [--] INPUT
  /m[letters]  what the result shall hold, as for the debugger's .dump: /m, /ma, /mfFhut
  /f           a full user dump, the older format, in place of a minidump
  /o           overwrite OUTPUT if it exists
  /u           add process, date and time to the name of OUTPUT, so that no file is replaced
  /b           pack the result into a cabinet: OUTPUT itself if its name ends in .cab, or else one beside it
  /c TEXT      add a comment
  /xp ADDRESS, /xr ADDRESS, /xc ADDRESS, /xt THREAD
               the exception of the result: EXCEPTION_POINTERS, EXCEPTION_RECORD or CONTEXT at an address in the memory of
               INPUT, and the thread; in hexadecimal, as for the debugger
  /j ADDRESS   the same by the JIT_DEBUG_INFO at an address
  /kpmf FILE   changes nothing: FILE would have memory of the kernel
  --identify   keep what identifies each image in memory: headers, debug records, version
  --walk       keep what a debugger needs to walk all stacks without the binaries; with --walk=names also the names of
               exported functions
  --managed    keep what debuggers of .NET need of threads, stacks and exceptions; with --managed=heap also the heap
  --made-up    make up what the debugger makes up: an exception where there was none, and with F memory information in which
               all memory is data
  --find-exception       print the exceptions that handlers of crashes left on stacks, with the words that name them
  --engine YEAR          the debugger that the result equals: 2026 (if nothing is said) or 2017
  --compress   compress the memory, whatever the letters are: debuggers open such a minidump since 2026 (10.0.29507)
  --threads COUNT        compress with so many threads; as many as the machine runs at once if this is not given
  --explain    print which memory was selected, and why
  --keep ADDRESS+LENGTH  add memory; may come several times, as the next two
  --drop-stream TYPE     leave out a stream: the name or the number of its type
  --only-thread ID       keep this thread and no other that is not named so
  --read       read INPUT into memory: for files that may change or be cut meanwhile, as on a network share;
               pipes and /dev/stdin are read in any case, 4 GiB of them at most
  --force      write what is refused otherwise: a full user dump that no debugger opens, and over a damaged INPUT the little
               that is left of it
  --           what follows are paths, even if they look like options
  -h, --help, /? print this and do nothing else
A new OUTPUT gets the permissions of INPUT; a file that is replaced keeps its own, and is not replaced if it is read-only.
OUTPUT `-` is standard output. Options may start with `-` in place of `/`.";

/// What is to be done.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    pub overwrite: bool,
    pub explain: bool,
    /// How many threads compress.
    pub threads: Option<NonZero<usize>>,
    /// Address and size of memory to add.
    pub keep: Vec<(u64, u64)>,
    pub drop_streams: Vec<StreamType>,
    /// All threads if there is none.
    pub only_threads: Vec<u32>,
    /// Whether the input is read into memory in place of mapping it.
    pub read: bool,
    pub force: bool,
    /// Whether the output gets a unique name.
    pub unique: bool,
    /// Whether the result is packed into a cabinet.
    pub cabinet: bool,
    /// Whether exceptions are looked for, in place of writing anything.
    pub find_exception: bool,
    pub input: PathBuf,
    /// `None` is standard output.
    pub output: Option<PathBuf>,
}

/// What a word of the command line is by its looks.
enum Word<'a> {
    Help,
    Letters(&'a str),
    Overwrite,
    Comment,
    /// One of the debugger's words for an exception: the word without its slash.
    Exception(&'a str),
    Identify,
    Walk(Walk),
    Managed(Managed),
    MadeUp,
    Unique,
    Cabinet,
    FindException,
    /// A word of the debugger's that changes nothing, and that a path may follow.
    KernelFile,
    Refused(&'static str),
    Engine,
    Compress,
    Threads,
    Explain,
    Keep,
    DropStream,
    OnlyThread,
    Read,
    Force,
    EndOfOptions,
    Path,
    Unknown(&'a str),
}

impl Arguments {
    /// Sorts the words that follow the program's name; `None` if they ask for help.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let mut letters = Vec::new();
        let mut comment = None;
        let mut overwrite = false;
        let (mut compress, mut explain, mut read, mut force) = (false, false, false, false);
        let (mut made_up, mut unique, mut cabinet, mut find_exception) = (false, false, false, false);
        let mut exception = Vec::new();
        let (mut identify, mut walk, mut managed) = (false, None, None);
        let mut threads = None;
        let (mut keep, mut drop_streams, mut only_threads) = (Vec::new(), Vec::new(), Vec::new());
        let mut engine = Engine::default();
        let mut paths = Vec::new();
        let mut kernel_file = None;
        while let Some(word) = words.next() {
            match Word::of(&word) {
                Word::Help => return Ok(None),
                Word::Letters(word) => letters.push(word.to_owned()),
                Word::Overwrite => overwrite = true,
                Word::Comment => comment = Some(text(words.next(), "/c needs a text")?),
                Word::Exception(name) => {
                    let value = text(words.next(), &format!("/{name} needs a number"))?;
                    let number =
                        debuggers_number(&value).ok_or_else(|| format!("{value:?} is not a hexadecimal number"))?;
                    exception.push((name.to_owned(), number));
                }
                Word::Identify => identify = true,
                // The larger of several counts.
                Word::Walk(asked) => walk = walk.max(Some(asked)),
                Word::Managed(asked) => managed = managed.max(Some(asked)),
                Word::MadeUp => made_up = true,
                Word::Unique => unique = true,
                Word::Cabinet => cabinet = true,
                Word::FindException => find_exception = true,
                Word::KernelFile => kernel_file = Some(paths.len()),
                Word::Refused(reason) => return Err(reason.to_owned()),
                Word::Engine => {
                    let year = text(words.next(), "--engine needs 2017 or 2026")?;
                    engine = match year.as_str() {
                        "2017" => Engine::V2017,
                        "2026" => Engine::V2026,
                        _ => return Err(format!("{year:?} is no engine: 2017 and 2026 are known")),
                    };
                }
                Word::Compress => compress = true,
                Word::Threads => {
                    let word = text(words.next(), "--threads needs a number")?;
                    threads = Some(word.parse().map_err(|_| format!("{word:?} is no number of threads"))?);
                }
                Word::Explain => explain = true,
                Word::Keep => keep.push(stretch(&text(words.next(), "--keep needs ADDRESS+LENGTH")?)?),
                Word::DropStream => {
                    drop_streams.push(stream_type(&text(words.next(), "--drop-stream needs a type")?)?);
                }
                Word::OnlyThread => {
                    let word = text(words.next(), "--only-thread needs a number")?;
                    let id = number(&word).and_then(|id| u32::try_from(id).ok());
                    only_threads.push(id.ok_or_else(|| format!("{word:?} is no number of a thread"))?);
                }
                Word::Read => read = true,
                Word::Force => force = true,
                Word::EndOfOptions => paths.extend(words.by_ref()),
                Word::Path => paths.push(word),
                Word::Unknown(word) => return Err(format!("{word:?} is not known")),
            }
        }
        let wanted = if find_exception { 1 } else { 2 };
        if let Some(at) = kernel_file.filter(|&at| paths.len() == wanted + 1 && at < paths.len()) {
            paths.remove(at);
        }
        if find_exception {
            if paths.len() > 1 {
                return Err("--find-exception writes no OUTPUT".to_owned());
            }
            paths.push("-".into());
        }
        let count = paths.len();
        let [input, output] =
            <[_; 2]>::try_from(paths).map_err(|_| format!("INPUT and OUTPUT are needed, {count} paths are given"))?;
        let words = if letters.is_empty() { "/m".to_owned() } else { letters.join(" ") };
        let mut options = Options::parse_as(engine, &words).map_err(|error| format!("{words}: {error}"))?;
        if let Some(comment) = comment {
            options = options.with_comment(comment);
        }
        for (name, number) in exception {
            options = named(options, &name, number)?;
        }
        if identify {
            options = options.identify();
        }
        if let Some(walk) = walk {
            options = options.walk(walk);
        }
        if let Some(managed) = managed {
            options = options.managed(managed);
        }
        if made_up {
            options = options.with_made_up_records();
        }
        if options.names_exception() && options.is_full_user_dump() {
            return Err("/f and a named exception do not go together: the format has no registers of one".to_owned());
        }
        for (word, needs_file) in [("/u", unique), ("/b", cabinet)] {
            if needs_file && output == "-" {
                return Err(format!("{word} needs a file"));
            }
        }
        if force {
            options = options.forced();
        }
        if compress && options.is_full_user_dump() {
            return Err("/f and --compress do not go together: only minidumps have compressed memory".to_owned());
        }
        if compress {
            options = options.compressed();
        }
        let output = (output != "-").then(|| output.into());
        let input = input.into();
        Ok(Some(Self {
            options,
            overwrite,
            explain,
            threads,
            keep,
            drop_streams,
            only_threads,
            read,
            force,
            unique,
            cabinet,
            find_exception,
            input,
            output,
        }))
    }
}

impl Arguments {
    /// What the options beside the debugger's ask for.
    pub fn hooks(&self) -> Hooks<'_> {
        let mut hooks = Hooks::new();
        for &(address, size) in &self.keep {
            hooks = hooks.add_memory(address, size);
        }
        if !self.drop_streams.is_empty() {
            hooks = hooks.keep_streams(|stream| !self.drop_streams.contains(&stream.stream_type()));
        }
        if !self.only_threads.is_empty() {
            hooks = hooks.keep_threads(|thread| self.only_threads.contains(&thread.id()));
        }
        hooks
    }
}

impl<'a> Word<'a> {
    /// A slash also starts a path, so only what is exactly an option counts as one; a dash starts options alone.
    fn of(word: &'a OsStr) -> Self {
        if help::is_asked_for(word) || word == "/?" {
            return Self::Help;
        }
        let Some(word) = word.to_str() else { return Self::Path };
        let all_letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
        match word.strip_prefix(['/', '-']) {
            Some("o") => Self::Overwrite,
            Some("f") => Self::Letters(word),
            Some("c") => Self::Comment,
            Some(name @ ("xr" | "xc" | "xp" | "xt" | "j")) => Self::Exception(name),
            Some("u") => Self::Unique,
            Some("b") => Self::Cabinet,
            Some("ba") => Self::Refused("/ba is refused: the files of symbols and images are not in a dump"),
            Some("kpmf") => Self::KernelFile,
            Some("a") => Self::Refused("/a is refused: a dump has one process, and there are no others to dump"),
            Some("-identify") if word.starts_with('-') => Self::Identify,
            Some("-walk") if word.starts_with('-') => Self::Walk(Walk::Tables),
            Some("-walk=names") if word.starts_with('-') => Self::Walk(Walk::Names),
            Some("-managed") if word.starts_with('-') => Self::Managed(Managed::Stacks),
            Some("-managed=heap") if word.starts_with('-') => Self::Managed(Managed::Heap),
            Some("-made-up") if word.starts_with('-') => Self::MadeUp,
            Some("-find-exception") if word.starts_with('-') => Self::FindException,
            Some("-engine") if word.starts_with('-') => Self::Engine,
            Some("-compress") if word.starts_with('-') => Self::Compress,
            Some("-threads") if word.starts_with('-') => Self::Threads,
            Some("-explain") if word.starts_with('-') => Self::Explain,
            Some("-keep") if word.starts_with('-') => Self::Keep,
            Some("-drop-stream") if word.starts_with('-') => Self::DropStream,
            Some("-only-thread") if word.starts_with('-') => Self::OnlyThread,
            Some("-force") if word.starts_with('-') => Self::Force,
            Some("-read") if word.starts_with('-') => Self::Read,
            Some(bare) if bare.strip_prefix('m').is_some_and(all_letters) => Self::Letters(word),
            Some("-") if word == "--" => Self::EndOfOptions,
            Some(bare) if word.starts_with('-') && !bare.is_empty() => Self::Unknown(word),
            _ => Self::Path,
        }
    }
}

fn text(word: Option<OsString>, missing: &str) -> Result<String, String> {
    word.ok_or(missing)?.into_string().map_err(|word| format!("{word:?} is not Unicode"))
}

/// A number, in hexadecimal behind `0x`.
fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(&digits.replace('`', ""), 16).ok(),
        None => word.parse().ok(),
    }
}

/// A number as the debugger reads it: in hexadecimal, with or without `0x`, or behind `0n` in decimal.
fn debuggers_number(word: &str) -> Option<u64> {
    match word.strip_prefix("0n") {
        Some(digits) => digits.parse().ok(),
        None => u64::from_str_radix(&word.strip_prefix("0x").unwrap_or(word).replace('`', ""), 16).ok(),
    }
}

/// The options with one of the debugger's words for an exception.
fn named(options: Options, word: &str, number: u64) -> Result<Options, String> {
    Ok(match word {
        "xr" => options.with_exception_record(number),
        "xc" => options.with_exception_context(number),
        "xp" => options.with_exception_pointers(number),
        "j" => options.with_jit_debug_info(number),
        _ => {
            let id = u32::try_from(number).map_err(|_| format!("{number:#x} is not the number of a thread"))?;
            options.with_exception_thread(id)
        }
    })
}

fn stretch(word: &str) -> Result<(u64, u64), String> {
    let parts = word.split_once('+').and_then(|(address, size)| Some((number(address)?, number(size)?)));
    parts.ok_or_else(|| format!("{word:?} is no ADDRESS+LENGTH"))
}

fn stream_type(word: &str) -> Result<StreamType, String> {
    let named = StreamType::KNOWN.iter().find(|known| known.name().is_some_and(|name| name.eq_ignore_ascii_case(word)));
    let numbered = || number(word).and_then(|number| u32::try_from(number).ok()).map(StreamType);
    named.copied().or_else(numbered).ok_or_else(|| format!("{word:?} is no type of a stream"))
}
