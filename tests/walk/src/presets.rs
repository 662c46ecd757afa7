//! Presets by the words that the program `redump` has for them, and out of bits.

use userdump::RedumpError;
use userdump::redump::{Engine, Managed, Options, Walk};

/// Each preset by its word.
pub const PRESETS: [&str; 5] = ["--identify", "--walk", "--walk=names", "--managed", "--managed=heap"];

/// Options from letters and words of presets, separated by spaces: `/mr --walk=names`.
///
/// # Errors
///
/// Those of [`Options::parse_as`], for which an unknown word is one of letters.
pub fn options(engine: Engine, words: &str) -> Result<Options, RedumpError> {
    let (presets, letters): (Vec<&str>, Vec<&str>) = words.split_whitespace().partition(|word| PRESETS.contains(word));
    let options = Options::parse_as(engine, &letters.join(" "))?;
    Ok(presets.into_iter().fold(options, with))
}

/// The letters among such words.
pub fn letters(words: &str) -> String {
    let letters: Vec<&str> = words.split_whitespace().filter(|word| !PRESETS.contains(word)).collect();
    letters.join(" ")
}

/// Adds what four bits stand for: the lowest `--identify`, the others no preset, one of the others, or two of them.
pub fn of_bits(options: Options, bits: u8) -> Options {
    let identify = (bits & 1 != 0).then_some("--identify");
    let others: &[&str] = match bits >> 1 & 7 {
        0 => &[],
        1 => &["--walk"],
        2 => &["--walk=names"],
        3 => &["--managed"],
        4 => &["--managed=heap"],
        5 => &["--walk", "--managed"],
        6 => &["--walk=names", "--managed"],
        _ => &["--walk=names", "--managed=heap"],
    };
    identify.into_iter().chain(others.iter().copied()).fold(options, with)
}

fn with(options: Options, preset: &str) -> Options {
    match preset {
        "--identify" => options.identify(),
        "--walk" => options.walk(Walk::Tables),
        "--walk=names" => options.walk(Walk::Names),
        "--managed" => options.managed(Managed::Stacks),
        "--managed=heap" => options.managed(Managed::Heap),
        other => panic!("{other} is not a preset"),
    }
}
