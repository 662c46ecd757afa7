//! Mach exceptions and the codes that come with them.

/// The name of a Mach exception type, and of what Crashpad and Breakpad make up.
#[must_use]
pub fn mac_exception_name(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "EXC_BAD_ACCESS",
        2 => "EXC_BAD_INSTRUCTION",
        3 => "EXC_ARITHMETIC",
        4 => "EXC_EMULATION",
        5 => "EXC_SOFTWARE",
        6 => "EXC_BREAKPOINT",
        7 => "EXC_SYSCALL",
        8 => "EXC_MACH_SYSCALL",
        9 => "EXC_RPC_ALERT",
        10 => "EXC_CRASH",
        11 => "EXC_RESOURCE",
        12 => "EXC_GUARD",
        13 => "EXC_CORPSE_NOTIFY",
        0x4350_7378 => "CRASHPAD_SIMULATED",
        0x4350_6e78 => "CRASHPAD_NS_EXCEPTION",
        _ => return None,
    })
}

/// The name of the code that came with a Mach exception; `arm` tells the processors apart that number them otherwise.
#[must_use]
pub fn mac_code_name(number: u32, code: u32, arm: bool) -> Option<&'static str> {
    if code == 0xdead_c0de {
        return Some("NS_EXCEPTION");
    }
    let name = match (number, code, arm) {
        (1, 1, _) => "KERN_INVALID_ADDRESS",
        (1, 2, _) => "KERN_PROTECTION_FAILURE",
        (1, 8, _) => "KERN_NO_ACCESS",
        (1, 9, _) => "KERN_MEMORY_FAILURE",
        (1, 10, _) => "KERN_MEMORY_ERROR",
        (1, 50, _) => "KERN_CODESIGN_ERROR",
        (1, 0xd, false) => "EXC_I386_GPFLT",
        (1, 0x101, true) => "EXC_ARM_DA_ALIGN",
        (1, 0x102, true) => "EXC_ARM_DA_DEBUG",
        (1, 0x103, true) => "EXC_ARM_SP_ALIGN",
        (1, 0x104, true) => "EXC_ARM_SWP",
        (2, 1, false) => "EXC_I386_INVOP",
        (2, 1, true) => "EXC_ARM_UNDEFINED",
        (3, 1, false) => "EXC_I386_DIV",
        (3, 2, false) => "EXC_I386_INTO",
        (3, 3, false) => "EXC_I386_NOEXT",
        (3, 4, false) => "EXC_I386_EXTOVR",
        (3, 5, false) => "EXC_I386_EXTERR",
        (3, 6, false) => "EXC_I386_EMERR",
        (3, 7, false) => "EXC_I386_BOUND",
        (3, 8, false) => "EXC_I386_SSEEXTERR",
        (5, 0x1_0000, _) => "EXC_BAD_SYSCALL",
        (5, 0x1_0001, _) => "EXC_BAD_PIPE",
        (5, 0x1_0002, _) => "EXC_ABORT",
        (5, 0x1_0003, _) => "EXC_UNIX_SIGNAL",
        (6, 1, false) => "EXC_I386_SGL",
        (6, 2, false) => "EXC_I386_BPT",
        (6, 1, true) => "EXC_ARM_BREAKPOINT",
        (11 | 12, _, _) => return of_high_half(number, code),
        _ => return None,
    };
    Some(name)
}

/// Resource limits and guards: Crashpad stores the upper half of their code, whose top three bits say which.
fn of_high_half(number: u32, code: u32) -> Option<&'static str> {
    Some(match (number, code >> 29) {
        (11, 1) => "RESOURCE_TYPE_CPU",
        (11, 2) => "RESOURCE_TYPE_WAKEUPS",
        (11, 3) => "RESOURCE_TYPE_MEMORY",
        (11, 4) => "RESOURCE_TYPE_IO",
        (11, 5) => "RESOURCE_TYPE_THREADS",
        (12, 1) => "GUARD_TYPE_MACH_PORT",
        (12, 2) => "GUARD_TYPE_FD",
        (12, 3) => "GUARD_TYPE_USER",
        (12, 4) => "GUARD_TYPE_VN",
        (12, 5) => "GUARD_TYPE_VIRT_MEMORY",
        _ => return None,
    })
}
