//! Writing under the eyes of the user if it takes long.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use userdump::redump::Redump;

/// From this size on, in bytes, writing takes long enough to be watched.
const WATCHED: u64 = 64 << 20;

/// A progress bar for what is going to be written: hidden unless that takes long and somebody watches.
pub fn progress(redump: &Redump<'_>) -> ProgressBar {
    let size = redump.size();
    if size < WATCHED || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // Of compressed memory nobody knows how many bytes are going to be written.
    let template = match redump.report().compressed {
        Some(_) => "{bar:40} {percent} %, {eta} left",
        None => "{bar:40} {bytes} of {total_bytes}, {eta} left",
    };
    let bar = ProgressBar::new(size).with_finish(ProgressFinish::AndClear);
    ProgressStyle::with_template(template).map_or(ProgressBar::hidden(), |style| bar.with_style(style))
}
