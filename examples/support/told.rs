//! Error messages on one line.

use std::error::Error;
use std::path::Path;

/// Returns a path, an error, and the chain of its causes.
pub fn line(about: &Path, error: &dyn Error) -> String {
    let mut line = format!("{}: {error}", about.display());
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    printable(&line)
}

/// Escapes control characters, which paths may contain, so that the text stays on one line.
pub fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}
