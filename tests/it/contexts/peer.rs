//! The registers of every corpus dump, compared with those that the `minidump` crate reads.
//!
//! It decodes contexts into its own structs, so all of their fields are compared, not only those that it calls
//! registers.

use libtest_mimic::Trial;
use minidump::format::{self as peer, FLOATING_SAVE_AREA_PPC, VECTOR_SAVE_AREA_PPC};
use minidump::{
    Minidump as PeerDump, MinidumpContext, MinidumpException, MinidumpMiscInfo, MinidumpRawContext, MinidumpSystemInfo,
    MinidumpThreadList,
};
use userdump::read::{Context, Stream};

use crate::support::forms::open;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![every_register_that_the_peer_reads_is_read_alike]
}

/// The dumps with contexts that the peer does not read, and the number of those contexts.
const OURS_ALONE: [(&str, usize); 2] = [
    // Of two streams with system information the peer takes the last, which says x86; the contexts belong to the first.
    ("synthetic/yaml-duplicate-stream-types.dmp", 1),
    // The peer has no layout for RISC-V.
    ("synthetic/yaml-linux-riscv64.dmp", 2),
];

#[derive(Debug, Default)]
struct Count {
    contexts: usize,
    registers: usize,
}

fn every_register_that_the_peer_reads_is_read_alike(shared: &Shared) {
    let mut count = Count::default();
    let mut ours_alone = Vec::new();
    for row in shared.corpus() {
        let file = shared.corpus_file(&row);
        let alone = compare(&row.file, &file, &mut count);
        if alone > 0 {
            ours_alone.push((row.file, alone));
        }
    }
    let expected: Vec<_> = OURS_ALONE.iter().map(|(file, count)| ((*file).to_owned(), *count)).collect();
    assert_eq!(ours_alone, expected, "{count:?}");
    assert_eq!((count.contexts, count.registers), (225, 18_509), "contexts and registers compared");
}

/// Compares all contexts of threads and of the exception; returns the number of those that the peer does not read.
fn compare(name: &str, file: &[u8], count: &mut Count) -> usize {
    let ours = open(file);
    let theirs = PeerDump::read(file).ok();
    let system = theirs.as_ref().and_then(|dump| dump.get_stream::<MinidumpSystemInfo>().ok());
    let misc = theirs.as_ref().and_then(|dump| dump.get_stream::<MinidumpMiscInfo>().ok());
    let threads = theirs.as_ref().and_then(|dump| dump.get_stream::<MinidumpThreadList<'_>>().ok());
    let exception = theirs.as_ref().and_then(|dump| dump.get_stream::<MinidumpException<'_>>().ok());

    let mut pairs = Vec::new();
    // Of several streams of one type, the peer keeps the last.
    let mut lists = ours.streams().filter_map(|(_, decoded)| match decoded {
        Ok(Stream::ThreadList(list)) => Some(list),
        _ => None,
    });
    for (index, thread) in lists.next_back().into_iter().flatten().enumerate() {
        let peer = threads.as_ref().and_then(|list| list.threads.get(index));
        let peer = peer.zip(system.as_ref()).and_then(|(thread, system)| thread.context(system, misc.as_ref()));
        pairs.push((thread.context().ok().flatten(), peer));
    }
    if let Some(Ok(last)) = ours.exceptions().next_back() {
        let peer = exception.as_ref().zip(system.as_ref());
        pairs.push((last.context().ok().flatten(), peer.and_then(|(it, system)| it.context(system, misc.as_ref()))));
    }

    let mut alone = 0;
    for pair in pairs {
        match pair {
            (Some(ours), Some(theirs)) => {
                count.contexts += 1;
                count.registers += same(name, &ours, &theirs);
            }
            (Some(ours), None) if ours.instruction_pointer().is_some() => alone += 1,
            (None, Some(_)) => panic!("{name}: the peer reads a context that we do not"),
            _ => {}
        }
    }
    alone
}

/// Compares the registers and returns their number.
fn same(name: &str, ours: &Context<'_>, theirs: &MinidumpContext) -> usize {
    let pointers = [ours.instruction_pointer(), ours.stack_pointer()];
    assert_eq!(pointers, [theirs.get_instruction_pointer(), theirs.get_stack_pointer()].map(Some), "{name}");
    for (register, value) in theirs.registers() {
        let found = ours.register(register).and_then(|found| found.as_u64());
        assert_eq!(found, Some(value), "{name}: {register}");
    }
    let fields = fields(&theirs.raw);
    for (register, value) in &fields {
        let found = ours.register(register).map(|found| found.bits());
        assert_eq!(found, Some(*value), "{name}: {register}");
    }
    // We omit only what the peer does not declare.
    let left_out = ours.registers().filter(|it| !fields.iter().any(|(name, _)| name == it.name));
    let left_out: Vec<_> = left_out.map(|it| it.name).collect();
    assert_eq!(left_out, <[&str; 0]>::default(), "{name}");
    fields.len()
}

pub type Fields = Vec<(String, u128)>;

/// Every field of the peer's struct that is a register, under our name.
pub fn fields(raw: &MinidumpRawContext) -> Fields {
    let mut fields = Fields::new();
    match raw {
        MinidumpRawContext::X86(it) => x86(&mut fields, it),
        MinidumpRawContext::Amd64(it) => amd64(&mut fields, it),
        MinidumpRawContext::Arm(it) => {
            run(&mut fields, &["sp", "lr", "pc"], it.iregs[13..].iter().copied());
            numbered(&mut fields, "r", it.iregs[..13].iter().copied());
            run(&mut fields, &["cpsr"], [it.cpsr]);
            run(&mut fields, &["fpscr"], [it.float_save.fpscr & u64::from(u32::MAX)]);
            numbered(&mut fields, "d", it.float_save.regs);
            numbered(&mut fields, "extra", it.float_save.extra);
        }
        MinidumpRawContext::Arm64(it) => {
            arm64(&mut fields, &it.iregs, it.sp, it.pc, &it.float_regs);
            run(&mut fields, &["cpsr", "fpcr", "fpsr"], [it.cpsr, it.fpcr, it.fpsr]);
            numbered(&mut fields, "bcr", it.bcr);
            numbered(&mut fields, "bvr", it.bvr);
            numbered(&mut fields, "wcr", it.wcr);
            numbered(&mut fields, "wvr", it.wvr);
        }
        MinidumpRawContext::OldArm64(it) => {
            let (sp, pc) = (it.sp, it.pc);
            arm64(&mut fields, &{ it.iregs }, sp, pc, &{ it.float_regs });
            run(&mut fields, &["cpsr", "fpcr", "fpsr"], [it.cpsr, it.fpcr, it.fpsr]);
        }
        MinidumpRawContext::Mips(it) => {
            numbered(&mut fields, "r", it.iregs);
            run(&mut fields, &["mdhi", "mdlo", "epc", "badvaddr"], [it.mdhi, it.mdlo, it.epc, it.badvaddr]);
            run(&mut fields, &["hi1", "hi2", "hi3"], it.hi);
            run(&mut fields, &["lo1", "lo2", "lo3"], it.lo);
            run(&mut fields, &["dsp_control", "status", "cause"], [it.dsp_control, it.status, it.cause]);
            numbered(&mut fields, "f", it.float_save.regs);
            run(&mut fields, &["fpcsr", "fir"], [it.float_save.fpcsr, it.float_save.fir]);
        }
        MinidumpRawContext::Ppc(it) => {
            numbered(&mut fields, "r", it.gpr);
            let named = [it.srr0, it.srr1, it.cr, it.xer, it.lr, it.ctr, it.mq, it.vrsave];
            run(&mut fields, &["srr0", "srr1", "cr", "xer", "lr", "ctr", "mq", "vrsave"], named);
            power(&mut fields, &it.float_save, &it.vector_save);
        }
        MinidumpRawContext::Ppc64(it) => {
            numbered(&mut fields, "r", it.gpr);
            let named = [it.srr0, it.srr1, it.cr, it.xer, it.lr, it.ctr, it.vrsave];
            run(&mut fields, &["srr0", "srr1", "cr", "xer", "lr", "ctr", "vrsave"], named);
            power(&mut fields, &it.float_save, &it.vector_save);
        }
        MinidumpRawContext::Sparc(it) => {
            numbered(&mut fields, "g_r", it.g_r);
            run(&mut fields, &["ccr", "pc", "npc", "y", "asi", "fprs"], [it.ccr, it.pc, it.npc, it.y, it.asi, it.fprs]);
            numbered(&mut fields, "f", it.float_save.regs);
            run(&mut fields, &["fsr"], [it.float_save.fsr]);
        }
    }
    fields
}

fn x86(fields: &mut Fields, it: &peer::CONTEXT_X86) {
    run(fields, &["dr0", "dr1", "dr2", "dr3", "dr6", "dr7"], [it.dr0, it.dr1, it.dr2, it.dr3, it.dr6, it.dr7]);
    run(fields, &["gs", "fs", "es", "ds", "cs", "ss"], [it.gs, it.fs, it.es, it.ds, it.cs, it.ss]);
    run(fields, &["edi", "esi", "ebx", "edx", "ecx", "eax"], [it.edi, it.esi, it.ebx, it.edx, it.ecx, it.eax]);
    run(fields, &["ebp", "eip", "eflags", "esp"], [it.ebp, it.eip, it.eflags, it.esp]);
    let float = &it.float_save;
    run(fields, &["fpcw", "fpsw", "fptw"], [float.control_word, float.status_word, float.tag_word]);
    run(fields, &["fpip", "fpipsel"], [float.error_offset, float.error_selector]);
    run(fields, &["fpdp", "fpdpsel"], [float.data_offset, float.data_selector]);
    numbered(fields, "st", float.register_area.chunks_exact(10).map(le));
    run(fields, &["cr0_npx_state"], [float.cr0_npx_state]);
    fxsave(fields, &it.extended_registers, "fx_", "mxcsr", 8);
}

fn amd64(fields: &mut Fields, it: &peer::CONTEXT_AMD64) {
    run(fields, &["cs", "ds", "es", "fs", "gs", "ss"], [it.cs, it.ds, it.es, it.fs, it.gs, it.ss]);
    run(fields, &["mxcsr", "eflags"], [it.mx_csr, it.eflags]);
    run(fields, &["dr0", "dr1", "dr2", "dr3", "dr6", "dr7"], [it.dr0, it.dr1, it.dr2, it.dr3, it.dr6, it.dr7]);
    run(fields, &["rax", "rcx", "rdx", "rbx"], [it.rax, it.rcx, it.rdx, it.rbx]);
    run(fields, &["rsp", "rbp", "rsi", "rdi", "rip"], [it.rsp, it.rbp, it.rsi, it.rdi, it.rip]);
    let numbers = [it.r8, it.r9, it.r10, it.r11, it.r12, it.r13, it.r14, it.r15];
    run(fields, &["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"], numbers);
    fxsave(fields, &it.float_save, "", "fx_mxcsr", 16);
    numbered(fields, "v", it.vector_register);
    run(fields, &["vector_control", "debug_control"], [it.vector_control, it.debug_control]);
    run(fields, &["last_branch_to_rip", "last_branch_from_rip"], [it.last_branch_to_rip, it.last_branch_from_rip]);
    let exceptions = [it.last_exception_to_rip, it.last_exception_from_rip];
    run(fields, &["last_exception_to_rip", "last_exception_from_rip"], exceptions);
}

/// The peer keeps the area as bytes; the processor stores it little-endian.
fn fxsave(fields: &mut Fields, area: &[u8], prefix: &str, mxcsr: &str, registers: usize) {
    let places = [
        ("fpcw", 0, 2),
        ("fpsw", 2, 2),
        ("fptw", 4, 1),
        ("fpop", 6, 2),
        ("fpip", 8, 4),
        ("fpipsel", 12, 2),
        ("fpdp", 16, 4),
        ("fpdpsel", 20, 2),
    ];
    fields.extend(places.map(|(name, at, size)| (format!("{prefix}{name}"), le(&area[at..at + size]))));
    run(fields, &[mxcsr, "mxcsr_mask"], [le(&area[24..28]), le(&area[28..32])]);
    numbered(fields, &format!("{prefix}st"), area[32..160].chunks_exact(16).map(|slot| le(&slot[..10])));
    numbered(fields, "xmm", area[160..].chunks_exact(16).take(registers).map(le));
}

fn arm64(fields: &mut Fields, iregs: &[u64; 31], sp: u64, pc: u64, float: &[u128; 32]) {
    numbered(fields, "x", iregs[..29].iter().copied());
    run(fields, &["fp", "lr", "sp", "pc"], [iregs[29], iregs[30], sp, pc]);
    numbered(fields, "v", *float);
}

fn power(fields: &mut Fields, float: &FLOATING_SAVE_AREA_PPC, vector: &VECTOR_SAVE_AREA_PPC) {
    numbered(fields, "f", float.fpregs);
    run(fields, &["fpscr"], [float.fpscr]);
    numbered(fields, "vr", vector.save_vr);
    run(fields, &["vscr"], [vector.save_vscr]);
    run(fields, &["vrvalid"], [vector.save_vrvalid]);
}

fn run<T: Into<u128>>(fields: &mut Fields, names: &[&str], values: impl IntoIterator<Item = T>) {
    let before = fields.len();
    fields.extend(names.iter().map(|name| (*name).to_owned()).zip(values.into_iter().map(Into::into)));
    assert_eq!(fields.len() - before, names.len());
}

fn numbered<T: Into<u128>>(fields: &mut Fields, prefix: &str, values: impl IntoIterator<Item = T>) {
    let named = values.into_iter().enumerate().map(|(index, value)| (format!("{prefix}{index}"), value.into()));
    fields.extend(named);
}

fn le(bytes: &[u8]) -> u128 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte))
}
