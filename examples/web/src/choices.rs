//! What the page offers, and the options that follow from it.

use userdump::redump::{Engine, Managed, Options, Walk};

use crate::letters::LETTERS;
use crate::page::chain;

/// Common choices: the options, a name, and the question that the result answers.
pub const COMMON: [(&str, &str, &str); 7] = [
    ("/m", "Smallest", "What crashed? For someone who has the binaries."),
    ("--walk /m", "Stacks", "Who called whom? For someone who does not have the binaries."),
    (
        "--identify --walk=names /mFhut",
        "Stacks and facts",
        "The same, with names, handles, regions and the build of every module.",
    ),
    ("--walk /mrR", "To share", "Stacks without what a stack trace does not need, no folders, no comments."),
    ("--walk /ms", "For strangers", "A triage dump: registers are filtered as well."),
    ("--managed --compress /m", ".NET", "Managed threads, stacks and exceptions."),
    ("--compress /ma", "Everything", "The same contents, compressed, for WinDbg of 2026 and later."),
];

/// Options other than letters: the word, and what it does. Of two that begin alike, the second includes the first.
pub const OTHERS: [(&str, &str); 7] = [
    ("--identify", "what identifies each image in memory: headers, debug records, version"),
    ("--walk", "what a debugger needs to walk all stacks without the binaries"),
    ("--walk=names", "the same, and the names of exported functions"),
    ("--managed", "what .NET debuggers need for threads, stacks and exceptions"),
    ("--managed=heap", "the same, and the heap of the garbage collector"),
    ("--compress", "compress the memory; debuggers open such minidumps since 2026 (10.0.29507)"),
    ("/f", "write a full user dump, the older format, which always has all memory; excludes everything else"),
];

/// The letters that the page lists last: they change flags only, or are rarely needed.
pub const RARE: &str = "APNMD";

/// Returns the letters of the debugger with what each adds, those that are rarely needed last.
pub fn letters() -> Vec<(char, &'static str)> {
    let (rare, usual): (Vec<_>, Vec<_>) = LETTERS.iter().partition(|(letter, _)| RARE.contains(*letter));
    [usual, rare].concat()
}

/// Parses options as they are written on the command line of `redump`: `--walk /mFhut`.
///
/// # Errors
///
/// The word that is wrong, and why.
pub fn options(words: &str) -> Result<Options, String> {
    let (others, letters): (Vec<&str>, Vec<&str>) = words.split_whitespace().partition(|word| word.starts_with("--"));
    let letters = if letters.is_empty() { "/m".to_owned() } else { letters.join(" ") };
    let options = match letters.as_str() {
        "/f" => Options::full_user_dump(),
        letters => Options::parse_letters(Engine::default(), letters).map_err(|error| chain(&error))?,
    };
    // The larger set applies.
    let (mut walk, mut managed) = (None, None);
    let mut result = options;
    for word in others {
        match word {
            "--identify" => result = result.identify(),
            "--walk" => walk = walk.max(Some(Walk::Tables)),
            "--walk=names" => walk = walk.max(Some(Walk::Names)),
            "--managed" => managed = managed.max(Some(Managed::Stacks)),
            "--managed=heap" => managed = managed.max(Some(Managed::Heap)),
            "--compress" => result = result.compressed(),
            _ => return Err(format!("{word:?} is not an option")),
        }
    }
    if let Some(walk) = walk {
        result = result.walk(walk);
    }
    Ok(managed.map_or(result.clone(), |managed| result.managed(managed)))
}

#[cfg(test)]
mod tests {
    use super::{COMMON, OTHERS, letters, options};

    #[test]
    fn everything_that_is_offered_can_be_parsed() {
        for (words, ..) in COMMON {
            options(words).unwrap();
        }
        for (word, _) in OTHERS {
            options(word).unwrap();
        }
        for (letter, _) in letters() {
            // `P` goes with `A` only.
            let with = if letter == 'P' { "A" } else { "" };
            options(&format!("/m{with}{letter}")).unwrap();
        }
    }

    #[test]
    fn the_larger_set_applies() {
        assert_eq!(options("--walk=names --walk /m"), options("--walk=names"));
        assert_eq!(options("--managed --managed=heap /m"), options("--managed=heap /m"));
        assert_ne!(options("--walk"), options(""));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(options("--walks").unwrap_err(), "\"--walks\" is not an option");
        assert!(options("/mX").unwrap_err().contains('X'));
        assert!(options("/f /mh").is_err() && options("/msy").is_err());
    }
}
