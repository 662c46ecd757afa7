//! Windows user-mode crash dumps: read, written and re-encoded.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, missing_debug_implementations, unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::undocumented_unsafe_blocks
)]

extern crate alloc;

pub mod error;
#[cfg(feature = "mmap")]
mod file;
pub mod format;
pub mod read;
#[cfg(feature = "std")]
pub mod redump;
#[cfg(feature = "std")]
pub mod write;

pub use error::ReadError;
#[cfg(feature = "std")]
pub use error::{RedumpError, WriteError};
#[cfg(feature = "mmap")]
pub use file::MappedFile;
pub use read::{Dump, Minidump};
#[cfg(feature = "std")]
pub use redump::redump;
#[cfg(feature = "std")]
pub use write::MinidumpBuilder;
