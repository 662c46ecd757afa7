//! The registers of a stopped thread.

use nix::sys::ptrace;
use nix::sys::ptrace::regset::{NT_PRFPREG, NT_PRSTATUS};
use nix::unistd::Pid;
use userdump::format::ProcessorArchitecture;
use userdump::format::context::ContextLayout;
use userdump::write::ContextBuilder;

/// Returns the registers and the stack pointer.
pub fn of_thread(id: i32) -> Result<(ContextBuilder, u64), String> {
    let thread = Pid::from_raw(id);
    let fault = |error| format!("registers of thread {id}: {error}");
    let general = ptrace::getregset::<NT_PRSTATUS>(thread).map_err(fault)?;
    let floating = ptrace::getregset::<NT_PRFPREG>(thread).map_err(fault)?;
    Ok(context(&general, &floating))
}

#[cfg(target_arch = "x86_64")]
pub const ARCHITECTURE: ProcessorArchitecture = ProcessorArchitecture::AMD64;
#[cfg(target_arch = "aarch64")]
pub const ARCHITECTURE: ProcessorArchitecture = ProcessorArchitecture::ARM64;

#[cfg(target_arch = "x86_64")]
fn context(general: &nix::libc::user_regs_struct, floating: &nix::libc::user_fpregs_struct) -> (ContextBuilder, u64) {
    let mut context = ContextBuilder::new(&ContextLayout::AMD64);
    for (name, value) in [
        ("rip", general.rip),
        ("rsp", general.rsp),
        ("rbp", general.rbp),
        ("eflags", general.eflags),
        ("rax", general.rax),
        ("rbx", general.rbx),
        ("rcx", general.rcx),
        ("rdx", general.rdx),
        ("rsi", general.rsi),
        ("rdi", general.rdi),
        ("r8", general.r8),
        ("r9", general.r9),
        ("r10", general.r10),
        ("r11", general.r11),
        ("r12", general.r12),
        ("r13", general.r13),
        ("r14", general.r14),
        ("r15", general.r15),
        ("cs", general.cs),
        ("ss", general.ss),
        ("ds", general.ds),
        ("es", general.es),
        ("fs", general.fs),
        ("gs", general.gs),
    ] {
        context.register(name, value);
    }
    // The structure is the FXSAVE area, under the kernel's field names.
    let mut area = Vec::with_capacity(512);
    for half in [floating.cwd, floating.swd, floating.ftw, floating.fop] {
        area.extend_from_slice(&half.to_le_bytes());
    }
    area.extend_from_slice(&floating.rip.to_le_bytes());
    area.extend_from_slice(&floating.rdp.to_le_bytes());
    let words = [floating.mxcsr, floating.mxcr_mask];
    let words = words.iter().chain(&floating.st_space).chain(&floating.xmm_space);
    words.for_each(|word| area.extend_from_slice(&word.to_le_bytes()));
    area.resize(512, 0);
    if let Some(area) = area.first_chunk() {
        context.fxsave(area);
    }
    (context, general.rsp)
}

#[cfg(target_arch = "aarch64")]
fn context(general: &nix::libc::user_regs_struct, floating: &nix::libc::user_fpsimd_struct) -> (ContextBuilder, u64) {
    let mut context = ContextBuilder::new(&ContextLayout::ARM64);
    for (number, value) in general.regs.iter().enumerate() {
        context.register(&format!("x{number}"), *value);
    }
    context.register("sp", general.sp).register("pc", general.pc).register("cpsr", general.pstate & 0xffff_ffff);
    for (number, value) in floating.vregs.iter().enumerate() {
        context.register_bytes(&format!("v{number}"), &value.to_le_bytes());
    }
    context.register("fpsr", floating.fpsr.into()).register("fpcr", floating.fpcr.into());
    (context, general.sp)
}
