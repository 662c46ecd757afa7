//! 32-bit processes on 64-bit Windows (WOW64), dumped by a 64-bit program.
//!
//! Such a dump is one of the 64-bit process that the 32-bit program runs in: 64-bit contexts, 64-bit environment blocks,
//! and stacks on which there is nothing but the layer between the two widths. What the program itself was doing is in
//! memory: see [`Wow64`].

pub(crate) mod module;
pub(crate) mod process;
pub(crate) mod thread;

pub use process::Wow64;
pub use thread::Wow64Thread;
#[cfg(feature = "std")]
pub(crate) use thread::X86;
