//! Streams of other producers: Breakpad, Crashpad, minidump-writer, Mozilla and Facebook.
//!
//! The streams are assembled by hand and read in every form; [`peers`] reads those of the corpus.

mod auxv;
mod breakpad;
mod crashpad;
mod dso_debug;
mod facebook;
mod hostile;
mod maps;
mod mozilla;
mod peers;
mod text;

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::read::FromStream;

use crate::synth::{Dump, SystemInfo};

pub fn trials() -> Vec<Trial> {
    let trials = [
        breakpad::trials(),
        text::trials(),
        maps::trials(),
        auxv::trials(),
        dso_debug::trials(),
        facebook::trials(),
        crashpad::trials(),
        mozilla::trials(),
        hostile::trials(),
        peers::trials(),
    ];
    trials.into_iter().flatten().collect()
}

/// Types of streams.
mod kind {
    pub const JAVA_SCRIPT_DATA: u32 = 20;
    pub const IPT_TRACE: u32 = 23;
    pub const CRASHPAD_INFO: u32 = 0x4350_0001;
    pub const BREAKPAD_INFO: u32 = 0x4767_0001;
    pub const ASSERTION_INFO: u32 = 0x4767_0002;
    pub const LINUX_CPU_INFO: u32 = 0x4767_0003;
    pub const LINUX_PROC_STATUS: u32 = 0x4767_0004;
    pub const LINUX_LSB_RELEASE: u32 = 0x4767_0005;
    pub const LINUX_CMD_LINE: u32 = 0x4767_0006;
    pub const LINUX_ENVIRON: u32 = 0x4767_0007;
    pub const LINUX_AUXV: u32 = 0x4767_0008;
    pub const LINUX_MAPS: u32 = 0x4767_0009;
    pub const LINUX_DSO_DEBUG: u32 = 0x4767_000a;
    pub const LINUX_PROC_STAT: u32 = 0x4767_000b;
    pub const LINUX_PROC_UPTIME: u32 = 0x4767_000c;
    pub const LINUX_PROC_FD: u32 = 0x4767_000d;
    pub const MOZ_MAC_CRASH_INFO: u32 = 0x4d7a_0001;
    pub const MOZ_MAC_BOOT_ARGS: u32 = 0x4d7a_0002;
    pub const MOZ_LINUX_LIMITS: u32 = 0x4d7a_0003;
    pub const MOZ_SOFT_ERRORS: u32 = 0x4d7a_0004;
}

/// The stream of this type.
fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> T {
    dump.stream().expect("the stream can be viewed").expect("the stream is there")
}

/// A dump of a Linux process: x86 or AMD64.
fn linux(is_32_bit: bool) -> Dump {
    let architecture = if is_32_bit { 0 } else { 9 };
    Dump::new().system_info(SystemInfo { architecture, platform: 0x8201, ..SystemInfo::default() })
}

/// Bytes as text, for comparisons.
fn texts<'a>(texts: impl IntoIterator<Item = userdump::read::text::Utf8<'a>>) -> Vec<String> {
    texts.into_iter().map(|text| text.to_str().expect("it is UTF-8").to_owned()).collect()
}
