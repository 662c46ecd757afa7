//! Errors that print their causes in the same line.

use core::fmt;
use std::error::Error;
use std::io;

use crate::error::{ReadError, RedumpError, WriteError};

/// Prints an error and its causes. An error that prints them does not return them as its source, so that they are not
/// printed twice.
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
    /// Returns the error of the output or of the reader of a memory range; `None` for other errors.
    #[must_use]
    pub const fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Io { source, .. } | Self::Source { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl RedumpError {
    /// Returns the error of the output, or of a reader of memory that a program added; `None` for other errors.
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
