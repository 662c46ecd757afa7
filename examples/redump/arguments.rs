//! The command line.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use userdump::redump::Options;

pub const USAGE: &str = "\
usage: redump [/m[letters]] [/o] [/c TEXT] [--] INPUT OUTPUT
  /m[letters]  what the result shall hold, as for the debugger's .dump: /m, /ma, /mfFhut
  /o           overwrite OUTPUT if it exists
  /c TEXT      add a comment
  --           what follows are paths, even if they look like options
OUTPUT `-` is standard output. Options may start with `-` in place of `/`.";

/// What is to be done.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    pub overwrite: bool,
    pub input: PathBuf,
    /// `None` is standard output.
    pub output: Option<PathBuf>,
}

/// What a word of the command line is by its looks.
enum Word<'a> {
    Letters(&'a str),
    Overwrite,
    Comment,
    EndOfOptions,
    Path,
    Unknown(&'a str),
}

impl Arguments {
    /// Sorts the words that follow the program's name.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut letters = Vec::new();
        let mut comment = None;
        let mut overwrite = false;
        let mut paths = Vec::new();
        while let Some(word) = words.next() {
            match Word::of(&word) {
                Word::Letters(word) => letters.push(word.to_owned()),
                Word::Overwrite => overwrite = true,
                Word::Comment => comment = Some(text(words.next())?),
                Word::EndOfOptions => paths.extend(words.by_ref()),
                Word::Path => paths.push(word),
                Word::Unknown(word) => return Err(format!("{word:?} is not known")),
            }
        }
        let count = paths.len();
        let [input, output] =
            <[_; 2]>::try_from(paths).map_err(|_| format!("INPUT and OUTPUT are needed, {count} paths are given"))?;
        let mut options = match letters.as_slice() {
            [] => Options::new(),
            words => words.join(" ").parse().map_err(|error| format!("{}: {error}", words.join(" ")))?,
        };
        if let Some(comment) = comment {
            options = options.with_comment(comment);
        }
        let output = (output != "-").then(|| output.into());
        Ok(Self { options, overwrite, input: input.into(), output })
    }
}

impl<'a> Word<'a> {
    /// A slash also starts a path, so only what is exactly an option counts as one; a dash starts options alone.
    fn of(word: &'a OsStr) -> Self {
        let Some(word) = word.to_str() else { return Self::Path };
        let all_letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
        match word.strip_prefix(['/', '-']) {
            Some("o") => Self::Overwrite,
            Some("c") => Self::Comment,
            Some(bare) if bare.strip_prefix('m').is_some_and(all_letters) => Self::Letters(word),
            Some("-") if word == "--" => Self::EndOfOptions,
            Some(bare) if word.starts_with('-') && !bare.is_empty() => Self::Unknown(word),
            _ => Self::Path,
        }
    }
}

fn text(word: Option<OsString>) -> Result<String, String> {
    let word = word.ok_or("/c needs a text")?;
    word.into_string().map_err(|word| format!("the comment {word:?} is not Unicode"))
}
