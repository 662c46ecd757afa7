//! Writes a planned re-encoding to a sink.

use core::num::NonZero;
use std::fs::File;
use std::io;

use crate::error::{RedumpError, WriteError};
use crate::read::source::SourceFile;
use crate::write::Written;

use crate::redump::re_encoding::Redump;
use crate::redump::report::Report;
use crate::redump::select::reason::SelectedMemory;
use crate::write::CopySource;

impl<'a> Redump<'a> {
    /// Returns the size of the result in bytes; with compressed memory, an upper bound.
    ///
    /// After writing, [`Report::size`] is the actual size.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.plan.size()
    }

    /// Returns the report of what the result has and what it lacks.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the memory that was selected, each stretch with its reason, before overlapping stretches are joined to
    /// ranges.
    pub fn selected_memory(&self) -> impl Iterator<Item = SelectedMemory> + '_ {
        self.selected.iter()
    }

    /// Limits the threads that compress memory, as [`Plan::with_threads`] does.
    ///
    /// [`Plan::with_threads`]: crate::write::Plan::with_threads
    #[must_use]
    pub fn with_threads(self, limit: NonZero<usize>) -> Self {
        Self { plan: self.plan.with_threads(limit), ..self }
    }

    /// Calls `progress` from time to time while the result is written, as [`Plan::with_progress`] does.
    ///
    /// [`Plan::with_progress`]: crate::write::Plan::with_progress
    #[must_use]
    pub fn with_progress(self, progress: impl FnMut(u64, u64) + Send + 'a) -> Self {
        Self { plan: self.plan.with_progress(progress), ..self }
    }

    /// Writes the result in one pass. Compressed memory needs another pass before it: see [`Plan::write_to`].
    ///
    /// # Errors
    ///
    /// [`RedumpError::Write`].
    ///
    /// [`Plan::write_to`]: crate::write::Plan::write_to
    pub fn write_to(self, sink: impl io::Write) -> Result<Report, RedumpError> {
        let Self { plan, report, file, .. } = self;
        verified(plan.write_to(sink), file).map(|written| report.written(&written))
    }

    /// Writes the result in one pass, whether memory is compressed or not: see [`Plan::write_to_seekable`].
    ///
    /// # Errors
    ///
    /// [`RedumpError::Write`].
    ///
    /// [`Plan::write_to_seekable`]: crate::write::Plan::write_to_seekable
    pub fn write_to_seekable(self, sink: impl io::Write + io::Seek) -> Result<Report, RedumpError> {
        let Self { plan, report, file, .. } = self;
        verified(plan.write_to_seekable(sink), file).map(|written| report.written(&written))
    }

    /// Writes the result to a file, and lets the kernel copy what is borrowed from `sources`: see
    /// [`Plan::write_to_file`].
    ///
    /// # Errors
    ///
    /// [`RedumpError::Write`].
    ///
    /// [`Plan::write_to_file`]: crate::write::Plan::write_to_file
    pub fn write_to_file(self, file: &File, sources: &[CopySource<'_>]) -> Result<Report, RedumpError> {
        let Self { plan, report, file: source, .. } = self;
        verified(plan.write_to_file(file, sources), source).map(|written| report.written(&written))
    }
}

/// Returns the fault of the source, if it is a file that could not be read or was changed in the meantime. An error of
/// the output takes precedence.
fn verified(written: Result<Written, WriteError>, file: Option<&SourceFile>) -> Result<Written, RedumpError> {
    match (written, file) {
        (Err(error @ WriteError::Io { .. }), _) => Err(error.into()),
        (written, Some(file)) => file.verify().map_or(written.map_err(RedumpError::from), |fault| Err(fault.into())),
        (written, None) => Ok(written?),
    }
}
