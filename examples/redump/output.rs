//! Shows progress if writing takes long.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use userdump::redump::Redump;

/// The size from which on a progress bar is shown, in bytes.
const WATCHED: u64 = 64 << 20;

/// Returns a progress bar, which is hidden if the result is small or standard error is not a terminal.
pub fn progress(redump: &Redump<'_>) -> ProgressBar {
    let size = redump.size();
    if size < WATCHED || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // With compressed memory, the number of bytes that will be written is unknown.
    let template = match redump.report().compressed {
        Some(_) => "{bar:40} {percent} %, {eta} left",
        None => "{bar:40} {bytes} of {total_bytes}, {eta} left",
    };
    let bar = ProgressBar::new(size).with_finish(ProgressFinish::AndClear);
    ProgressStyle::with_template(template).map_or(ProgressBar::hidden(), |style| bar.with_style(style))
}
