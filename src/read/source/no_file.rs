//! Without the feature `std` there are no files.

use crate::error::ReadError;

/// Has no values.
#[derive(Debug)]
pub(crate) enum SourceFile {}

impl SourceFile {
    pub(crate) const fn size(&self) -> u64 {
        match *self {}
    }

    pub(crate) fn kept(&self, _: &'static str, _: u64, _: u64) -> Result<&[u8], ReadError> {
        match *self {}
    }

    pub(crate) fn lent(&self, _: &'static str, _: u64, _: u64) -> Result<&[u8], ReadError> {
        match *self {}
    }

    pub(crate) fn copy(&self, _: &'static str, _: u64, _: &mut [u8]) -> Result<(), ReadError> {
        match *self {}
    }

    pub(crate) fn note(&self, _: ReadError) {
        match *self {}
    }

    pub(crate) fn fault(&self) -> Option<ReadError> {
        match *self {}
    }
}
