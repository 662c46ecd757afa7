//! The layouts as the documentation of the format has them, in words and numbers of their own.

use userdump::format::context::RegisterGroup;

use super::{ANDROID, LINUX, MACOS, SOLARIS, WINDOWS};

/// A layout.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub architecture: u16,
    pub platform: u32,
    pub size: usize,
    pub padding: usize,
    pub flags_at: usize,
    pub flags_size: usize,
    /// Flags with every group of the layout.
    pub flags: u64,
    /// Instruction pointer, stack pointer, frame pointer, by name.
    pub pointers: [&'static str; 3],
    /// `integer 2`.
    pub groups: &'static [&'static str],
    /// Sizes at which the start of a record of this layout may be taken for another one: from, to.
    pub elsewhere: &'static [(usize, usize)],
    /// `4 debug at 8: dr0-3 dr6`: size, group, offset, names. `10/16` is 10 bytes every 16; `cpu` in front of `at`
    /// means bytes that the processor stores.
    pub registers: &'static [&'static str],
}

/// A register of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub group: RegisterGroup,
    pub offset: usize,
    pub size: usize,
    pub by_cpu: bool,
}

impl Table {
    /// All registers in the order of their places.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.registers.iter().flat_map(|line| fields(line)).collect();
        fields.sort_by_key(|field| field.offset);
        fields
    }

    /// The groups and their flags.
    pub fn groups(&self) -> Vec<(RegisterGroup, u64)> {
        let parse = |line: &&str| {
            let (name, flag) = line.split_once(' ').expect("a group and its flag");
            (group(name), u64::from_str_radix(flag, 16).expect("a hexadecimal number"))
        };
        self.groups.iter().map(parse).collect()
    }
}

fn fields(line: &str) -> Vec<Field> {
    let (head, names) = line.split_once(": ").expect("a colon");
    let (sort, offset) = head.split_once(" at ").expect("an offset");
    let sort: Vec<&str> = sort.split(' ').collect();
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let (size, stride) = sort[0].split_once('/').unwrap_or((sort[0], sort[0]));
    let names = names.split(' ').flat_map(|name| match name.split_once('-') {
        None => vec![name.to_owned()],
        Some((first, last)) => {
            let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
            (number(&first[stem.len()..])..=number(last)).map(|index| format!("{stem}{index}")).collect()
        }
    });
    let field = |(index, name)| Field {
        name,
        group: group(sort[1]),
        offset: number(offset) + index * number(stride),
        size: number(size),
        by_cpu: sort.get(2) == Some(&"cpu"),
    };
    names.enumerate().map(field).collect()
}

fn group(name: &str) -> RegisterGroup {
    match name {
        "control" => RegisterGroup::Control,
        "integer" => RegisterGroup::Integer,
        "segments" => RegisterGroup::Segments,
        "float" => RegisterGroup::FloatingPoint,
        "debug" => RegisterGroup::Debug,
        "extended" => RegisterGroup::Extended,
        "vector" => RegisterGroup::Vector,
        "dsp" => RegisterGroup::Dsp,
        "xstate" => RegisterGroup::XState,
        "extra" => RegisterGroup::Extra,
        _ => panic!("there is no group {name}"),
    }
}

pub const TABLES: &[Table] = &[
    Table {
        name: "x86",
        architecture: 0,
        platform: WINDOWS,
        size: 716,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x1_007f,
        pointers: ["eip", "esp", "ebp"],
        groups: &["control 1", "integer 2", "segments 4", "float 8", "debug 10", "extended 20", "xstate 40"],
        elsewhere: &[],
        registers: &[
            "4 debug at 4: dr0-3 dr6 dr7",
            "4 float at 28: fpcw fpsw fptw fpip fpipsel fpdp fpdpsel",
            "10 float cpu at 56: st0-7",
            "4 float at 136: cr0_npx_state",
            "4 segments at 140: gs fs es ds",
            "4 integer at 156: edi esi ebx edx ecx eax",
            "4 control at 180: ebp eip cs eflags esp ss",
            "2 extended cpu at 204: fx_fpcw fx_fpsw",
            "1 extended cpu at 208: fx_fptw",
            "2 extended cpu at 210: fx_fpop",
            "4 extended cpu at 212: fx_fpip",
            "2 extended cpu at 216: fx_fpipsel",
            "4 extended cpu at 220: fx_fpdp",
            "2 extended cpu at 224: fx_fpdpsel",
            "4 extended cpu at 228: mxcsr mxcsr_mask",
            "10/16 extended cpu at 236: fx_st0-7",
            "16 extended cpu at 364: xmm0-7",
        ],
    },
    Table {
        name: "AMD64",
        architecture: 9,
        platform: WINDOWS,
        size: 1232,
        padding: 0,
        flags_at: 48,
        flags_size: 4,
        flags: 0x10_005f,
        pointers: ["rip", "rsp", "rbp"],
        groups: &["control 1", "integer 2", "segments 4", "float 8", "debug 10", "xstate 40"],
        elsewhere: &[(1, 1231)],
        registers: &[
            "4 float at 52: mxcsr",
            "2 control at 56: cs",
            "2 segments at 58: ds es fs gs",
            "2 control at 66: ss",
            "4 control at 68: eflags",
            "8 debug at 72: dr0-3 dr6 dr7",
            "8 integer at 120: rax rcx rdx rbx",
            "8 control at 152: rsp",
            "8 integer at 160: rbp rsi rdi r8-15",
            "8 control at 248: rip",
            "2 float cpu at 256: fpcw fpsw",
            "1 float cpu at 260: fptw",
            "2 float cpu at 262: fpop",
            "4 float cpu at 264: fpip",
            "2 float cpu at 268: fpipsel",
            "4 float cpu at 272: fpdp",
            "2 float cpu at 276: fpdpsel",
            "4 float cpu at 280: fx_mxcsr mxcsr_mask",
            "10/16 float cpu at 288: st0-7",
            "16 float cpu at 416: xmm0-15",
            "16 vector at 768: v0-25",
            "8 vector at 1184: vector_control",
            "8 debug at 1192: debug_control last_branch_to_rip last_branch_from_rip",
            "8 debug at 1216: last_exception_to_rip last_exception_from_rip",
        ],
    },
    Table {
        name: "AMD64 (LLDB)",
        architecture: 9,
        platform: LINUX,
        size: 736,
        padding: 0,
        flags_at: 48,
        flags_size: 4,
        flags: 0x8010_005f,
        pointers: ["rip", "rsp", "rbp"],
        groups: &["control 1", "integer 2", "segments 4", "float 8", "debug 10", "xstate 40"],
        elsewhere: &[],
        registers: &[
            "4 float at 52: mxcsr",
            "2 control at 56: cs",
            "2 segments at 58: ds es fs gs",
            "2 control at 66: ss",
            "4 control at 68: eflags",
            "8 debug at 72: dr0-3 dr6 dr7",
            "8 integer at 120: rax rcx rdx rbx",
            "8 control at 152: rsp",
            "8 integer at 160: rbp rsi rdi r8-15",
            "8 control at 248: rip",
            "16 vector at 256: v0-25",
            "8 vector at 672: vector_control",
            "8 debug at 680: debug_control last_branch_to_rip last_branch_from_rip",
            "8 debug at 704: last_exception_to_rip last_exception_from_rip",
            "8 segments at 720: fs_base gs_base",
        ],
    },
    Table {
        name: "ARM",
        architecture: 5,
        platform: WINDOWS,
        size: 416,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x20_000f,
        pointers: ["pc", "sp", "r11"],
        groups: &["control 1", "integer 2", "float 4", "debug 8"],
        elsewhere: &[(1, 3), (368, 368)],
        registers: &[
            "4 integer at 4: r0-12",
            "4 control at 56: sp lr pc cpsr",
            "4 float at 72: fpscr",
            "8 float at 80: d0-31",
            "4 debug at 336: bvr0-7",
            "4 debug at 368: bcr0-7",
            "4 debug at 400: wvr0",
            "4 debug at 404: wcr0",
        ],
    },
    Table {
        name: "ARM (Breakpad)",
        architecture: 5,
        platform: ANDROID,
        size: 368,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x4000_0006,
        pointers: ["pc", "sp", "r11"],
        groups: &["integer 2", "float 4"],
        elsewhere: &[],
        registers: &[
            "4 integer at 4: r0-12 sp lr pc cpsr",
            "4 float at 72: fpscr",
            "8 float at 80: d0-31",
            "4 float at 336: extra0-7",
        ],
    },
    Table {
        name: "ARM64",
        architecture: 12,
        platform: WINDOWS,
        size: 912,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x40_003f,
        pointers: ["pc", "sp", "fp"],
        groups: &["control 1", "integer 2", "float 4", "debug 8", "xstate 20"],
        elsewhere: &[(1, 3), (796, 796), (800, 800)],
        registers: &[
            "4 control at 4: cpsr",
            "8 integer at 8: x0-28",
            "8 control at 240: fp lr sp pc",
            "16 float at 272: v0-31",
            "4 float at 784: fpcr fpsr",
            "4 debug at 792: bcr0-7",
            "8 debug at 824: bvr0-7",
            "4 debug at 888: wcr0-1",
            "8 debug at 896: wvr0-1",
        ],
    },
    Table {
        name: "ARM64 (LLDB)",
        architecture: 12,
        platform: MACOS,
        size: 800,
        padding: 0,
        flags_at: 0,
        flags_size: 8,
        flags: 0x8000_0006,
        pointers: ["pc", "sp", "fp"],
        groups: &["integer 2", "float 4"],
        elsewhere: &[(1, 799)],
        registers: ARM64_BREAKPAD,
    },
    Table {
        name: "ARM64 (Breakpad)",
        architecture: 0x8003,
        platform: ANDROID,
        size: 796,
        padding: 0,
        flags_at: 0,
        flags_size: 8,
        flags: 0x8000_0006,
        pointers: ["pc", "sp", "fp"],
        groups: &["integer 2", "float 4"],
        elsewhere: &[],
        registers: ARM64_BREAKPAD,
    },
    Table {
        name: "MIPS",
        architecture: 1,
        platform: LINUX,
        size: 600,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x4_000e,
        pointers: ["epc", "r29", "r30"],
        groups: &["integer 2", "float 4", "dsp 8"],
        elsewhere: &[],
        registers: MIPS,
    },
    Table {
        name: "MIPS",
        architecture: 0x8004,
        platform: ANDROID,
        size: 600,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x8_000e,
        pointers: ["epc", "r29", "r30"],
        groups: &["integer 2", "float 4", "dsp 8"],
        elsewhere: &[],
        registers: MIPS,
    },
    Table {
        name: "MIPS64 (Crashpad)",
        architecture: 0x8004,
        platform: LINUX,
        size: 640,
        padding: 0,
        flags_at: 0,
        flags_size: 8,
        flags: 0x8_000e,
        pointers: ["epc", "r29", "r30"],
        groups: &["integer 2", "float 4", "dsp 8"],
        elsewhere: &[(1, 639)],
        registers: &[
            "8 integer at 8: r0-31",
            "8 integer at 264: mdhi mdlo",
            "8 dsp at 280: hi1-3",
            "8 dsp at 304: lo1-3",
            "8 dsp at 328: dsp_control",
            "8 integer at 336: epc",
            "8 integer at 344: badvaddr",
            "8 integer at 352: status",
            "8 integer at 360: cause",
            "8 float at 368: f0-31",
            "8 float at 624: fpcsr",
            "8 float at 632: fir",
        ],
    },
    Table {
        name: "PowerPC",
        architecture: 3,
        platform: MACOS,
        size: 1004,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x2000_0029,
        pointers: ["srr0", "r1", ""],
        groups: &["control 1", "integer 1", "float 8", "vector 20"],
        elsewhere: &[],
        registers: &[
            "4 control at 4: srr0 srr1",
            "4 integer at 12: r0-31",
            "4 control at 140: cr xer lr ctr mq vrsave",
            "8 float at 164: f0-31",
            "4 float at 424: fpscr",
            "16 vector at 428: vr0-31",
            "16 vector at 940: vscr",
            "4 vector at 972: vrvalid",
        ],
    },
    Table {
        name: "PPC64",
        architecture: 0x8002,
        platform: LINUX,
        size: 1160,
        padding: 0,
        flags_at: 0,
        flags_size: 8,
        flags: 0x100_0029,
        pointers: ["srr0", "r1", ""],
        groups: &["control 1", "integer 1", "float 8", "vector 20"],
        elsewhere: &[],
        registers: &[
            "8 control at 8: srr0 srr1",
            "8 integer at 24: r0-31",
            "8 control at 280: cr xer lr ctr vrsave",
            "8 float at 320: f0-31",
            "4 float at 580: fpscr",
            "16 vector at 584: vr0-31",
            "16 vector at 1096: vscr",
            "4 vector at 1128: vrvalid",
        ],
    },
    Table {
        name: "SPARC",
        architecture: 0x8001,
        platform: SOLARIS,
        size: 584,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x1000_000f,
        pointers: ["pc", "g_r14", "g_r30"],
        groups: &["control 1", "integer 2", "float 4", "extra 8"],
        elsewhere: &[],
        registers: &[
            "8 integer at 8: g_r0-31",
            "8 control at 264: ccr pc npc y asi fprs",
            "8 float at 312: f0-31",
            "8 float at 576: fsr",
        ],
    },
    Table {
        name: "RISC-V 32",
        architecture: 0x8005,
        platform: LINUX,
        size: 268,
        padding: 0,
        flags_at: 0,
        flags_size: 4,
        flags: 0x80_0003,
        pointers: ["pc", "sp", "s0"],
        groups: &["integer 1", "float 2"],
        elsewhere: &[],
        registers: &[
            "4 integer at 8: pc ra sp gp tp t0-2 s0-1 a0-7 s2-11 t3-6",
            "4 float at 136: f0-31",
            "4 float at 264: fcsr",
        ],
    },
    Table {
        name: "RISC-V 64",
        architecture: 0x8006,
        platform: LINUX,
        size: 528,
        padding: 4,
        flags_at: 0,
        flags_size: 4,
        flags: 0x800_0003,
        pointers: ["pc", "sp", "s0"],
        groups: &["integer 1", "float 2"],
        elsewhere: &[],
        registers: &[
            "8 integer at 8: pc ra sp gp tp t0-2 s0-1 a0-7 s2-11 t3-6",
            "8 float at 264: f0-31",
            "4 float at 520: fcsr",
        ],
    },
    Table {
        name: "LoongArch64",
        architecture: 0x8007,
        platform: LINUX,
        size: 544,
        padding: 4,
        flags_at: 0,
        flags_size: 4,
        flags: 0x80_0006,
        pointers: ["csr_era", "r3", "r22"],
        groups: &["integer 2", "float 4"],
        elsewhere: &[],
        registers: &[
            "8 integer at 8: r0-31",
            "8 integer at 264: csr_era",
            "8 float at 272: f0-31",
            "8 float at 528: fcc",
            "4 float at 536: fcsr",
        ],
    },
];

const ARM64_BREAKPAD: &[&str] = &[
    "8 integer at 8: x0-28",
    "8 integer at 240: fp",
    "8 integer at 248: lr",
    "8 integer at 256: sp",
    "8 integer at 264: pc",
    "4 integer at 272: cpsr",
    "4 float at 276: fpsr",
    "4 float at 280: fpcr",
    "16 float at 284: v0-31",
];

const MIPS: &[&str] = &[
    "8 integer at 8: r0-31",
    "8 integer at 264: mdhi",
    "8 integer at 272: mdlo",
    "4 dsp at 280: hi1-3",
    "4 dsp at 292: lo1-3",
    "4 dsp at 304: dsp_control",
    "8 integer at 312: epc",
    "8 integer at 320: badvaddr",
    "4 integer at 328: status",
    "4 integer at 332: cause",
    "8 float at 336: f0-31",
    "4 float at 592: fpcsr",
    "4 float at 596: fir",
];
