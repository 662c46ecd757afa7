//! 32-bit processes on 64-bit Windows (WOW64), dumped by a 64-bit program.
//!
//! Such a dump describes the 64-bit process that hosts the 32-bit program: 64-bit contexts, 64-bit environment blocks,
//! and stacks that contain only the WOW64 layer. The state of the 32-bit program itself is in memory: see [`Wow64`].

pub(crate) mod module;
pub(crate) mod process;
pub(crate) mod thread;

pub use process::Wow64;
pub use thread::Wow64Thread;
#[cfg(feature = "std")]
pub(crate) use thread::X86;
