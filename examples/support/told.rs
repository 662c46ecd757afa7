//! Error messages on one line.

use std::error::Error;
use std::path::Path;

/// Returns a path, an error, and the chain of its causes.
pub fn line(about: &Path, error: &dyn Error) -> String {
    let path = about.display().to_string();
    // On Windows, a path whose links were followed starts with a prefix that nobody has written.
    let short = path.strip_prefix(r"\\?\").filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
    let mut line = format!("{}: {error}", short.unwrap_or(&path));
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
