//! Presets by the option names of the program `redump`, or from bits.

use userdump::RedumpError;
use userdump::redump::{Engine, Managed, Options, Walk};

/// The option names of the presets.
pub const PRESETS: [&str; 5] = ["--identify", "--walk", "--walk=names", "--managed", "--managed=heap"];

/// Parses letters and names of presets, separated by spaces: `/mr --walk=names`.
///
/// # Errors
///
/// Those of [`Options::parse_as`], which gets all words that are not names of presets.
pub fn options(engine: Engine, words: &str) -> Result<Options, RedumpError> {
    let (presets, letters): (Vec<&str>, Vec<&str>) = words.split_whitespace().partition(|word| PRESETS.contains(word));
    let options = Options::parse_as(engine, &letters.join(" "))?;
    Ok(presets.into_iter().fold(options, with))
}

/// Returns the words that are not names of presets.
pub fn letters(words: &str) -> String {
    let letters: Vec<&str> = words.split_whitespace().filter(|word| !PRESETS.contains(word)).collect();
    letters.join(" ")
}

/// Adds the presets that four bits select: the lowest bit `--identify`, the other three none, one or two other presets.
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
