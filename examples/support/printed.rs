//! Prints what a program has written.

use std::io::{self, Write};
use std::path::Path;

use crate::told::line;

/// Prints the summary of a result that is complete and has its name. The result stays even if that fails.
pub fn print_summary(output: &Path, text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
        let what = format!("written, but the summary cannot be printed: {error}");
        line(output, &io::Error::new(error.kind(), what))
    })
}
