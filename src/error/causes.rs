//! Errors and what caused them, in one line.

use core::fmt;
use std::error::Error;
use std::io;

use crate::error::{ReadError, RedumpError, WriteError};

/// Prints an error and its causes. What prints it does not return it as its source, so that nobody prints it again.
pub(super) struct Causes<'e>(pub(super) &'e io::Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl WriteError {
    /// What the sink or the reader of a memory range said; `None` if it is about neither.
    #[must_use]
    pub const fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Io { source, .. } | Self::Source { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl RedumpError {
    /// What the sink, or a reader of memory that a program added, said; `None` if it is about neither.
    #[must_use]
    pub const fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Write(error) => error.io_error(),
            _ => None,
        }
    }
}

impl From<ReadError> for RedumpError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<WriteError> for RedumpError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}
