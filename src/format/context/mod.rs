//! Layouts of the CPU contexts: which register is where, and what the flags say.
//!
//! The facts are those of `winnt.h`, of Breakpad's `minidump_cpu_*.h` and of Crashpad's `minidump_context.h`.

#[macro_use]
mod register;

mod arm;
mod layout;
mod loongarch;
mod mips;
mod names;
mod power;
mod riscv;
mod sparc;
mod state;
mod x86;
mod xstate;

pub use arm::{
    CONTEXT_ARM, CONTEXT_ARM_BREAKPAD, CONTEXT_ARM64, CONTEXT_ARM64_BREAKPAD, CONTEXT_ARM64_X18, CONTEXT_ARM64_XSTATE,
};
pub use layout::ContextLayout;
pub use loongarch::CONTEXT_LOONGARCH64;
pub use mips::{CONTEXT_MIPS, CONTEXT_MIPS64};
pub use power::{CONTEXT_PPC, CONTEXT_PPC64};
pub use register::{RegisterField, RegisterGroup};
pub use riscv::{CONTEXT_RISCV32, CONTEXT_RISCV64};
pub use sparc::CONTEXT_SPARC;
pub use state::{CONTEXT_CPU_MASK, ContextState};
pub use x86::{CONTEXT_AMD64, CONTEXT_X86, CONTEXT_XSTATE};
pub use xstate::{
    ContextChunk, ContextEx, FXSAVE_SIZE, XSTATE_COMPACTED, XSTATE_FEATURES, XSaveHeader, XStateFeatureInfo,
};
