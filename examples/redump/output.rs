//! Writing under the eyes of the user if it takes long.

use std::io::{self, IoSlice, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// From this size on, in bytes, writing takes long enough to be watched.
const WATCHED: u64 = 64 << 20;
/// How many bytes are written between two looks at the progress bar.
const STEP: usize = 4 << 20;

/// A progress bar for `size` bytes that are going to be written: hidden unless that takes long and somebody watches.
pub fn progress(size: u64) -> ProgressBar {
    if size < WATCHED || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    let bar = ProgressBar::new(size).with_finish(ProgressFinish::AndClear);
    style.map_or(ProgressBar::hidden(), |style| bar.with_style(style))
}

/// A sink that takes no more than a step at once: a large range would let the progress bar stand still.
pub struct Steps<W>(pub W);

impl<W: Write> Write for Steps<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(STEP)])
    }

    fn write_vectored(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut size = 0;
        let fits = |run: &&IoSlice<'_>| {
            size += run.len();
            size <= STEP
        };
        match runs.iter().take_while(fits).count() {
            0 => self.write(runs.first().map_or(&[], |run| run)),
            count => self.0.write_vectored(&runs[..count]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
