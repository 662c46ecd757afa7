//! Names of codes: those of `ntstatus.h` and `winnt.h` are compared with another reader, those made up by compilers,
//! runtimes and crash reporters are listed by hand.

use libtest_mimic::Trial;
use minidump::CrashReason as Peer;
use userdump::Minidump;
use userdump::format::code_names::{exception_meaning, fast_fail_name, ntstatus_name};

use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        every_status_of_the_peer_has_its_name,
        every_fast_fail_of_the_peer_has_its_name,
        codes_that_programs_made_up_have_names,
        the_cases_are_named,
    ]
}

/// Codes that the peer names differently: a number that `ntstatus.h` defines twice.
const OTHERWISE: [(u32, &str, &str); 1] = [(0xc000_04e0, "MEMORY_DECOMPRESSION_FAILURE", "INVALID_CONFIG_VALUE")];

/// Facilities with codes from 0x100 on, and the blocks of 0x100 that contain these codes.
const FURTHER: [(u32, &[u32]); 12] = [
    (0, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 0xc, 0x98, 0xa0, 0xa1, 0xa2, 0xc0, 0xce, 0xcf, 0xf5]),
    (0x1e, &[1, 2, 3, 4, 5, 6]),
    (0x22, &[1]),
    (0x23, &[0x10, 0x20]),
    (0x24, &[1]),
    (0x29, &[1, 4, 8, 0x10, 0x20, 0x30, 0x40, 0x50]),
    (0x35, &[0x10]),
    (0x36, &[0x80]),
    (0x37, &[6]),
    (0x42, &[0x10]),
    (0x5c, &[0xff]),
    (0xee, &[2]),
];

/// Below 0x10000 the peer has Win32 errors.
fn every_status_of_the_peer_has_its_name() {
    let further = FURTHER.iter().flat_map(|(facility, blocks)| blocks.iter().map(move |block| (*facility, *block)));
    // The peer compares a code with all names, one after the other, so only facilities that it has.
    let blocks = (0..0x5e).chain(0xe7..0xf0).map(|facility| (facility, 0)).chain(further);
    let blocks = blocks
        .flat_map(|(facility, block)| [0, 4, 8, 0xc].map(|severity| severity << 28 | facility << 16 | block << 8));
    let codes = blocks.filter(|&start| start >= 0x1_0000).flat_map(|start| start..start + 0x100);
    let (mut compared, mut otherwise) = (0, Vec::new());
    for code in codes {
        let Peer::WindowsNtStatus(status) = Peer::from_windows_error(code) else { continue };
        let theirs = format!("{status:?}");
        let theirs = theirs.trim_start_matches("STATUS_");
        compared += 1;
        let ours = ntstatus_name(code).unwrap_or_else(|| panic!("0x{code:x} is {theirs}"));
        if ours != theirs {
            otherwise.push((code, theirs.to_owned(), ours));
        }
    }
    let expected = OTHERWISE.map(|(code, theirs, ours)| (code, theirs.to_owned(), ours));
    assert_eq!(otherwise, expected);
    assert_eq!(compared, 2869, "as many as its source has");
}

fn every_fast_fail_of_the_peer_has_its_name() {
    let mut compared = 0;
    for code in 0..0x200 {
        let theirs = Peer::WindowsStackBufferOverrun(code.into()).to_string();
        if let Some((_, theirs)) = theirs.split_once("FAST_FAIL_") {
            assert_eq!(fast_fail_name(code), Some(theirs), "{code}");
            compared += 1;
        }
    }
    assert_eq!(compared, 74);
}

/// The number, a part of the name and a part of the meaning, from the sources of the programs that raise it.
const MADE_UP: [(u32, &str, &str); 43] = [
    // Visual C++ libraries: `'msc'`, the name of a thread, facility 0x6d with a Win32 error, `'san'`.
    (0xe06d_7363, "UNHANDLED_CPP_EXCEPTION", "unhandled C++ exception"),
    (0x406d_1388, "MS_VC_EXCEPTION", "a thread names itself"),
    (0xc06d_0057, "DELAY_LOAD", "parameter"),
    (0xc06d_007e, "DELAY_LOAD_MODULE", "DLL not found"),
    (0xc06d_007f, "DELAY_LOAD_PROCEDURE", "function"),
    (0xe073_616e, "SANITIZER", "sanitizer"),
    (0xe073_616f, "ADDRESS_SANITIZER", "AddressSanitizer"),
    // .NET: `'CCR'`, `'COM'`, `'DAC'`.
    (0xe043_4352, "CLR_EXCEPTION", ".NET"),
    (0xe043_4f4d, "CLR_EXCEPTION", ".NET"),
    (0xe044_4143, "CLR_NOTIFICATION", ".NET"),
    (0x0424_2420, "CLRDBG_NOTIFICATION", ".NET"),
    // `'COM'` + 1 and `'SSO'`; HRESULTs of `corerror.h` with which the runtime ends the process.
    (0xe043_4f4e, "CLR_HIJACK", ".NET"),
    (0xe053_534f, "CLR_SOFT_STACK_OVERFLOW", ".NET"),
    (0x8013_1506, "CLR_EXECUTION_ENGINE", ".NET"),
    (0x8013_1623, "CLR_FAIL_FAST", "Environment.FailFast"),
    // The facility of DXGI.
    (0x87a, "DIRECT3D_DEBUG_BREAK", "debug layer"),
    // Delphi's System unit and C++Builder.
    (0x0eed_fade, "DELPHI_EXCEPTION", "Delphi"),
    (0x0eed_fadf, "DELPHI_RERAISE", "Delphi"),
    (0x0eed_fae3, "DELPHI_UNHANDLED", "Delphi"),
    (0x0eef_face, "BORLAND_CPP", "C++Builder"),
    // libgcc: bit 29, the kind in bits 24 to 27, `'GCC'`.
    (0x2047_4343, "GCC_THROW", "MinGW"),
    (0x2147_4343, "GCC_UNWIND", "MinGW"),
    (0x2247_4343, "GCC_FORCED", "MinGW"),
    // LuaJIT: 0xe24c4a00 plus the error number.
    (0xe24c_4a02, "LUAJIT_RUNTIME_ERROR", "LuaJIT"),
    (0xe24c_4a04, "LUAJIT_OUT_OF_MEMORY", "LuaJIT"),
    (0xe24c_4a05, "LUAJIT_ERROR_IN_HANDLER", "LuaJIT"),
    (0xe24c_4a77, "LUAJIT_ERROR", "LuaJIT"),
    (0xe24c_4aff, "LUAJIT_ERROR", "LuaJIT"),
    // D: severity 3, bit 29, facility `'D'`, 1. Free Pascal: `'FPC'`. Rust of 2015 and 2016: `'RST'`.
    (0xe044_0001, "D_EXCEPTION", "exception of D"),
    (0xe046_5043, "FREE_PASCAL", "Free Pascal"),
    (0xe152_5354, "RUST_PANIC", "Rust"),
    // Go's runtime fails fast with its exit code; Visual Basic 6 borrows the code of a processor exception.
    (2, "WAIT_2", "Go program"),
    (0xc000_008f, "FLOAT_INEXACT_RESULT", "Visual Basic 6"),
    // Crash reporters and debuggers.
    (0x0517_a7ed, "CRASHPAD_SIMULATED", "nothing crashed"),
    (0x0cca_11ed, "CRASHPAD_TRIGGERED", "another process"),
    (0x4008_0201, "WINRT_ORIGINATE_ERROR", "Windows Runtime"),
    (0x4008_0202, "WINRT_TRANSFORM_ERROR", "Windows Runtime"),
    (0xc000_027b, "STOWED_EXCEPTION", "Windows Runtime"),
    // Wine.
    (0x8000_0100, "WINE_STUB", "Wine"),
    (0x8000_0101, "WINE_ASSERTION", "Wine"),
    // Win32 errors and HRESULTs that RPC and COM raise.
    (0x6ba, "RPC_S_SERVER_UNAVAILABLE", ""),
    (0x6f7, "RPC_X_BAD_STUB_DATA", ""),
    (0x8001_010d, "RPC_E_CANTCALLOUT_ININPUTSYNCCALL", ""),
];

fn codes_that_programs_made_up_have_names() {
    for (code, name, meaning) in MADE_UP {
        let found = ntstatus_name(code).unwrap_or_else(|| panic!("0x{code:x} is {name}"));
        assert!(found.starts_with(name), "0x{code:x} is {found}");
        assert_eq!(exception_meaning(code).is_some(), !meaning.is_empty(), "0x{code:x}");
        assert!(exception_meaning(code).unwrap_or("").contains(meaning), "0x{code:x}: {:?}", exception_meaning(code));
        super::check(super::WINDOWS, (code, 0), &[], &{
            let number = if code < 0x100 { code.to_string() } else { format!("{code:#x}") };
            let meaning = exception_meaning(code).map_or(String::new(), |meaning| format!(": {meaning}"));
            format!("{found} ({number}){meaning}")
        });
    }
    assert_eq!((ntstatus_name(0xe24c_4b00), exception_meaning(0xe24c_49ff)), (None, None));
    // The emulation of 32-bit code, and programs that end themselves.
    let named =
        [0x4000_001e, 0x4000_001f, 0x4000_0015, 0x4000_0005].map(|code| ntstatus_name(code).expect("it is named"));
    assert_eq!(named, ["WX86_SINGLE_STEP", "WX86_BREAKPOINT", "FATAL_APP_EXIT", "SEGMENT_NOTIFICATION"]);
}

fn the_cases_are_named(shared: &Shared) {
    for (file, expected) in [
        ("exception-cpp", "UNHANDLED_CPP_EXCEPTION (0xe06d7363): unhandled C++ exception"),
        ("exception-threadname", "MS_VC_EXCEPTION (0x406d1388): a thread names itself"),
        ("exception-x-fatal-app-exit", "FATAL_APP_EXIT (0x40000015)"),
        ("exception-chromium-oom", "CHROMIUM_OUT_OF_MEMORY (0xe0000008) allocating 1073741824 bytes"),
    ] {
        let bytes = shared.read(&format!("cases/{file}.dmp"));
        let dump = Minidump::parse(&bytes).expect("it is sound");
        let exception = dump.exceptions().next().expect("there is one").expect("it is sound");
        assert_eq!(exception.reason().to_string(), expected, "{file}");
    }
}
