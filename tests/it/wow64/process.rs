//! A 32-bit process with its 64-bit side, as Windows lays it out.

use crate::support::cpu::{Cpu, put};
use crate::synth::{Dump, Exception, Module, Stack, Thread};

pub const TEB: u64 = 0x7ffd_4000;
pub const NARROW_TEB: u64 = 0x7ffd_6000;
pub const PEB: u64 = 0x7ffd_0000;
pub const NARROW_PEB: u64 = 0x7ffd_2000;
/// The 64-bit stack, and the area of the WOW64 layer in it.
pub const WIDE_LIMIT: u64 = 0x1_0008_c000;
pub const WIDE_BASE: u64 = 0x1_0009_0000;
pub const AREA: u64 = 0x1_0008_f800;
/// The 32-bit stack.
pub const LIMIT: u64 = 0x1f_0000;
pub const BASE: u64 = 0x1f_4000;
pub const RSP: u64 = WIDE_LIMIT + 0x2c00;
pub const ESP: u64 = LIMIT + 0x3900;
pub const EBP: u64 = ESP + 0x40;
/// The program, with code at 0x1000.
pub const IMAGE: u64 = 0x40_0000;
pub const EIP: u64 = IMAGE + 0x1200;
/// The WOW64 layer, with the instruction at which the 64-bit side waits.
pub const LAYER: u64 = 0x7ff8_0000_0000;
pub const RIP: u64 = LAYER + 0x1800;
/// The target of a pointer on the 32-bit stack.
pub const HEAP: u64 = 0x60_0000;
pub const PARAMETERS: u64 = 0x70_0000;
pub const COMMAND_LINE: u64 = 0x70_1000;
pub const ENVIRONMENT: u64 = 0x71_0000;

/// The parts, which tests can change before the dump is built.
#[derive(Clone)]
pub struct Process {
    pub cpu: Cpu,
    /// The 64-bit context.
    pub context: Vec<u8>,
    /// The 32-bit context in the area.
    pub narrow_context: Vec<u8>,
    pub teb: Vec<u8>,
    /// The address of the 64-bit environment block in the thread's record.
    pub teb_at: u64,
    pub narrow_teb: Vec<u8>,
    pub peb: Vec<u8>,
    pub narrow_peb: Vec<u8>,
    pub wide_stack: Vec<u8>,
    pub stack: Vec<u8>,
    /// The stack in the thread's descriptor.
    pub described: (u64, u32),
    pub program: &'static str,
    pub layer: &'static str,
    pub exception: Option<Exception>,
    pub linux: bool,
    /// Additional memory.
    pub more: Vec<(u64, Vec<u8>)>,
}

impl Process {
    pub fn new() -> Self {
        Self::on(Cpu::AMD64)
    }

    /// The process on another 64-bit processor.
    pub fn on(cpu: Cpu) -> Self {
        let mut context = cpu.context(RIP, RSP);
        if cpu == Cpu::AMD64 {
            put(&mut context, 0x38, &0x33u16.to_le_bytes());
        }
        let mut narrow_context = Cpu::X86.context(EIP, ESP);
        put(&mut narrow_context, 180, &(EBP as u32).to_le_bytes());
        let mut teb = vec![0; 0x2000];
        for (at, value) in [
            (0, NARROW_TEB),
            (8, WIDE_BASE),
            (16, WIDE_LIMIT),
            (0x30, TEB),
            (0x60, PEB),
            (0x1488, AREA),
            (0x180c, 0x2000),
        ] {
            put(&mut teb, at, &value.to_le_bytes()[..if at == 0x180c { 4 } else { 8 }]);
        }
        let mut narrow_teb = vec![0; 0x1000];
        for (at, value) in [(4, BASE), (8, LIMIT), (0x18, NARROW_TEB), (0x30, NARROW_PEB)] {
            put(&mut narrow_teb, at, &(value as u32).to_le_bytes());
        }
        let (mut peb, mut narrow_peb) = (vec![0; 0x1000], vec![0; 0x1000]);
        put(&mut peb, 0x10, &IMAGE.to_le_bytes());
        put(&mut narrow_peb, 8, &(IMAGE as u32).to_le_bytes());
        put(&mut narrow_peb, 0x10, &(PARAMETERS as u32).to_le_bytes());
        let mut parameters = vec![0; 0x500];
        put(&mut parameters, 0x40, &8u16.to_le_bytes());
        put(&mut parameters, 0x44, &(COMMAND_LINE as u32).to_le_bytes());
        put(&mut parameters, 0x48, &(ENVIRONMENT as u32).to_le_bytes());
        // Calls before the return addresses that tests put on stacks.
        let mut image = vec![0x90; 0x3000];
        put(&mut image, 0x1300 - 5, &[0xe8]);
        let more = vec![
            (PARAMETERS, parameters),
            (COMMAND_LINE, b"a\0.\0e\0x\0".to_vec()),
            (ENVIRONMENT, vec![0x55; 0x2000]),
            (IMAGE, image),
            (LAYER, vec![0x90; 0x3000]),
            (HEAP, vec![0x11; 0x1000]),
        ];
        Self {
            cpu,
            context,
            narrow_context,
            teb,
            teb_at: TEB,
            narrow_teb,
            peb,
            narrow_peb,
            wide_stack: vec![0; (WIDE_BASE - WIDE_LIMIT) as usize],
            stack: vec![0; (BASE - LIMIT) as usize],
            described: (RSP, (WIDE_BASE - RSP) as u32),
            program: "C:\\app\\program.exe",
            layer: "C:\\Windows\\System32\\wow64.dll",
            exception: None,
            linux: false,
            more,
        }
    }

    /// The thread runs 32-bit code: the 64-bit registers hold the 32-bit ones, with other upper halves.
    pub fn running(mut self) -> Self {
        put(&mut self.context, 0x38, &0x23u16.to_le_bytes());
        for (at, value) in [(0x98, ESP), (0xf8, EIP + 8), (0xa0, EBP)] {
            put(&mut self.context, at, &value.to_le_bytes());
        }
        self
    }

    /// Puts a 4-byte word on the 32-bit stack.
    pub fn push(mut self, at: u64, value: u64) -> Self {
        put(&mut self.stack, (at - LIMIT) as usize, &(value as u32).to_le_bytes());
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut wide = self.wide_stack.clone();
        let area = (AREA - WIDE_LIMIT) as usize;
        put(&mut wide, area, &0x014c_0000u32.to_le_bytes());
        put(&mut wide, area + 4, &self.narrow_context);
        let (start, size) = self.described;
        let thread = Thread::new(7).stack(Stack::At(start, size, 0)).context(self.context.clone());
        let dump = Dump::new()
            .system_info(if self.linux { self.cpu.linux() } else { self.cpu.windows() })
            .thread(Thread { teb: self.teb_at, ..thread })
            .module(Module::new(IMAGE, 0x3000, self.program))
            .module(Module::new(LAYER, 0x3000, self.layer));
        let dump = self.exception.iter().cloned().fold(dump, Dump::exception);
        let memory = [
            (LIMIT, self.stack.clone()),
            (WIDE_LIMIT, wide),
            (TEB, self.teb.clone()),
            (NARROW_TEB, self.narrow_teb.clone()),
            (PEB, self.peb.clone()),
            (NARROW_PEB, self.narrow_peb.clone()),
        ];
        memory.into_iter().chain(self.more.clone()).fold(dump, |dump, (at, bytes)| dump.memory(at, bytes)).build()
    }
}
