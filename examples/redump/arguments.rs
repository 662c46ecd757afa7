//! The command line.

use std::ffi::{OsStr, OsString};
use std::num::NonZero;
use std::path::PathBuf;

use userdump::format::StreamType;
use userdump::redump::{Engine, Hooks, Managed, Options, Walk};

use crate::help;
use crate::letters;
use crate::shells::rewritten;

/// What `--help` prints.
pub fn help() -> String {
    format!("{USAGE}\n\n{LETTERS}\n{}\n{STATUS}", letters::lines())
}

const LETTERS: &str = "\
Letters, in any order. Without one, the result has threads, modules, system, exception, stacks and the code around instruction
pointers. Each of these adds to that, or removes from it:";

const STATUS: &str = "\
Example: redump --walk /mFhut crash.dmp small.dmp

Exit status: 0 if the result is written, 1 if it is not or its summary cannot be printed, 2 if the arguments are wrong, 3 if it
is written but lacks registers that INPUT has, or no debugger opens it.";

pub const USAGE: &str = "\
redump [/m[letters] | /f | /as-is] [/o] [/u] [/b] [/c TEXT]
              [/xp ADDRESS] [/xr ADDRESS] [/xc ADDRESS] [/xt THREAD] [/j ADDRESS]
              [--identify] [--walk[=names]] [--managed[=heap]] [--made-up] [--engine YEAR] [--compress]
              [--threads COUNT] [--no-padding] [--explain]
              [--keep ADDRESS+LENGTH] [--drop-stream TYPE] [--only-thread ID] [--read] [--force] [--] INPUT OUTPUT
       redump --find-exception [--read] [--] INPUT
  /m[letters]  what the result contains, as in the debugger's .dump: /m, /ma, /mfFhut
  /f           write a full user dump, the older format, instead of a minidump
  /as-is       keep everything as it is, except for what --drop-stream and --only-thread remove and /c adds
  /o           overwrite OUTPUT if it exists
  /u           add process ID, date and time to the name of OUTPUT, so that no file is replaced
  /b           pack the result into a cabinet: OUTPUT itself if its name ends in .cab, otherwise a file next to it
  /c TEXT      add a comment
  /xp ADDRESS, /xr ADDRESS, /xc ADDRESS, /xt THREAD
               set the exception of the result: EXCEPTION_POINTERS, EXCEPTION_RECORD or CONTEXT at an address in the memory of
               INPUT, and the thread ID; in hexadecimal, as in the debugger
  /j ADDRESS   the same, with the JIT_DEBUG_INFO at an address
  /kpmf FILE   ignored; for the debugger, FILE has kernel memory
  --identify   keep what identifies each image in memory: headers, debug records, version
  --walk       keep what a debugger needs to walk all stacks without the binaries; --walk=names also keeps the names of
               exported functions
  --managed    keep what .NET debuggers need for threads, stacks and exceptions; --managed=heap also keeps the heap
  --made-up    make up records as the debugger does: an exception if there is none, and with F memory information in which
               all memory is data
  --find-exception       print the exceptions that crash handlers left on stacks, with the options that name them
  --engine YEAR          produce the output of the debugger of 2026 (default) or 2017
  --compress   compress the memory, whatever the letters are; debuggers open such minidumps since 2026 (10.0.29507)
  --threads COUNT        compress with this number of threads; the default is the number of processors
  --no-padding do not insert up to 4,095 zeros before full memory, with which file systems can share its blocks with INPUT
  --explain    print which memory was selected, and why
  --keep ADDRESS+LENGTH  add memory; can be repeated, like the next two options
  --drop-stream TYPE     leave out a stream, by the name or the number of its type
  --only-thread ID       keep only the threads that this option names
  --read       read INPUT piece by piece instead of mapping it; use this for files that may be changed or truncated
               meanwhile, such as on a network share. Pipes and /dev/stdin are always read into memory, up to 4 GiB
  --force      write what is refused otherwise: a full user dump that no debugger opens, or the small remainder of a damaged
               INPUT over INPUT
  --           treat all following words as paths, even if they look like options
  -h, --help, /?  print this help and exit
A new OUTPUT gets the permissions of INPUT. A file that is replaced keeps its permissions; a read-only file is not replaced.
OUTPUT `-` is standard output. Options may start with `-` instead of `/`.";

/// The parsed command line.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    pub overwrite: bool,
    pub explain: bool,
    /// The number of threads that compress.
    pub threads: Option<NonZero<usize>>,
    /// Addresses and sizes of memory to add.
    pub keep: Vec<(u64, u64)>,
    pub drop_streams: Vec<StreamType>,
    /// The IDs of the threads to keep; empty to keep all.
    pub only_threads: Vec<u32>,
    /// Whether to read the input into memory instead of mapping it.
    pub read: bool,
    pub force: bool,
    /// Whether to give the output a unique name.
    pub unique: bool,
    /// Whether to pack the result into a cabinet.
    pub cabinet: bool,
    /// Whether to look for exceptions instead of writing anything.
    pub find_exception: bool,
    pub input: PathBuf,
    /// `None` for standard output.
    pub output: Option<PathBuf>,
}

/// The kinds of command-line words.
enum Word<'a> {
    Help,
    Letters(&'a str),
    Overwrite,
    Comment,
    /// One of the debugger's options for an exception, without its slash.
    Exception(&'a str),
    Identify,
    Walk(Walk),
    Managed(Managed),
    MadeUp,
    Unique,
    Cabinet,
    FindException,
    /// An option of the debugger that is ignored, and that a path may follow.
    KernelFile,
    Refused(&'static str),
    Engine,
    Compress,
    Threads,
    NoPadding,
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
    /// Parses the words after the program's name; `None` if they ask for help.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let mut letters = Vec::new();
        let mut comment = None;
        let mut overwrite = false;
        let (mut compress, mut explain, mut read, mut force) = (false, false, false, false);
        let mut no_padding = false;
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
                // If the option is repeated, the larger set applies.
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
                        _ => return Err(format!("{year:?} is not an engine: use 2017 or 2026")),
                    };
                }
                Word::Compress => compress = true,
                Word::Threads => {
                    let word = text(words.next(), "--threads needs a number")?;
                    threads = Some(word.parse().map_err(|_| format!("{word:?} is not a number of threads"))?);
                }
                Word::NoPadding => no_padding = true,
                Word::Explain => explain = true,
                Word::Keep => keep.push(address_and_length(&text(words.next(), "--keep needs ADDRESS+LENGTH")?)?),
                Word::DropStream => {
                    drop_streams.push(stream_type(&text(words.next(), "--drop-stream needs a type")?)?);
                }
                Word::OnlyThread => {
                    let word = text(words.next(), "--only-thread needs a number")?;
                    let id = number(&word).and_then(|id| u32::try_from(id).ok());
                    only_threads.push(id.ok_or_else(|| format!("{word:?} is not a thread ID"))?);
                }
                Word::Read => read = true,
                Word::Force => force = true,
                Word::EndOfOptions => paths.extend(words.by_ref()),
                Word::Path => paths.push(word),
                Word::Unknown(word) => return Err(format!("unknown option {word:?}")),
            }
        }
        let wanted = if find_exception { 1 } else { 2 };
        if let Some(at) = kernel_file.filter(|&at| paths.len() == wanted + 1 && at < paths.len()) {
            paths.remove(at);
        }
        let is_option = |word: &str| !matches!(Word::of(OsStr::new(word)), Word::Path | Word::Unknown(_));
        let words = paths.iter().filter(|_| paths.len() > wanted).filter_map(|path| path.to_str());
        if let Some(message) = words.filter_map(|word| rewritten(word, is_option)).next() {
            return Err(message);
        }
        if find_exception {
            if paths.len() > 1 {
                return Err("--find-exception takes no OUTPUT".to_owned());
            }
            paths.push("-".into());
        }
        let count = paths.len();
        let [input, output] = <[_; 2]>::try_from(paths)
            .map_err(|_| format!("INPUT and OUTPUT are required, but {count} paths were given"))?;
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
        if no_padding {
            options = options.without_padding();
        }
        if options.names_exception() && options.is_full_user_dump() {
            return Err(
                "/f cannot be combined with a named exception: the format does not store its registers".to_owned()
            );
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
            return Err("/f cannot be combined with --compress: only minidumps can have compressed memory".to_owned());
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
    /// Returns the hooks for the options that the debugger does not have.
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
    /// A path may start with a slash too, so a word with a slash is an option only if it matches one exactly. Every
    /// word with a dash is an option.
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
            Some("ba") => Self::Refused("/ba is refused: a dump does not have the symbol and image files"),
            Some("kpmf") => Self::KernelFile,
            Some("a") => Self::Refused("/a is refused: a dump has only one process"),
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
            Some("-no-padding") if word.starts_with('-') => Self::NoPadding,
            Some("-explain") if word.starts_with('-') => Self::Explain,
            Some("-keep") if word.starts_with('-') => Self::Keep,
            Some("-drop-stream") if word.starts_with('-') => Self::DropStream,
            Some("-only-thread") if word.starts_with('-') => Self::OnlyThread,
            Some("-force") if word.starts_with('-') => Self::Force,
            Some("-read") if word.starts_with('-') => Self::Read,
            Some(bare) if bare.strip_prefix('m').is_some_and(all_letters) => Self::Letters(word),
            Some("as-is") => Self::Letters(word),
            Some("-") if word == "--" => Self::EndOfOptions,
            Some(bare) if word.starts_with('-') && !bare.is_empty() => Self::Unknown(word),
            _ => Self::Path,
        }
    }
}

fn text(word: Option<OsString>, missing: &str) -> Result<String, String> {
    word.ok_or(missing)?.into_string().map_err(|word| format!("{word:?} is not Unicode"))
}

/// Parses a number, which is hexadecimal after `0x`.
fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(&digits.replace('`', ""), 16).ok(),
        None => word.parse().ok(),
    }
}

/// Parses a number as the debugger does: hexadecimal with or without `0x`, decimal after `0n`.
fn debuggers_number(word: &str) -> Option<u64> {
    match word.strip_prefix("0n") {
        Some(digits) => digits.parse().ok(),
        None => u64::from_str_radix(&word.strip_prefix("0x").unwrap_or(word).replace('`', ""), 16).ok(),
    }
}

/// Applies one of the debugger's options for an exception.
fn named(options: Options, word: &str, number: u64) -> Result<Options, String> {
    Ok(match word {
        "xr" => options.with_exception_record(number),
        "xc" => options.with_exception_context(number),
        "xp" => options.with_exception_pointers(number),
        "j" => options.with_jit_debug_info(number),
        _ => {
            let id = u32::try_from(number).map_err(|_| format!("{number:#x} is not a thread ID"))?;
            options.with_exception_thread(id)
        }
    })
}

fn address_and_length(word: &str) -> Result<(u64, u64), String> {
    let parts = word.split_once('+').and_then(|(address, size)| Some((number(address)?, number(size)?)));
    parts.ok_or_else(|| format!("{word:?} is not ADDRESS+LENGTH"))
}

fn stream_type(word: &str) -> Result<StreamType, String> {
    let named = StreamType::KNOWN.iter().find(|known| known.name().is_some_and(|name| name.eq_ignore_ascii_case(word)));
    let numbered = || number(word).and_then(|number| u32::try_from(number).ok()).map(StreamType);
    named.copied().or_else(numbered).ok_or_else(|| format!("{word:?} is not a stream type"))
}
