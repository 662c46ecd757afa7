//! System information and facts about the process.

use std::fs;

use userdump::MinidumpBuilder;
use userdump::format::{PlatformId, StreamType};
use userdump::read::linux::LinuxCpuInfo;
use userdump::write::{MiscInfo, SystemInfo};

use super::proc::Proc;
use super::registers::ARCHITECTURE;

/// Times in `/proc` are in hundredths of a second (`USER_HZ`).
const TICKS: u64 = 100;

/// Adds streams about machine and process. Files that cannot be read are left out.
pub fn describe(dump: &mut MinidumpBuilder<'_>, proc: &Proc) {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = |name: &str| text(&format!("/proc/sys/kernel/{name}")).trim().to_owned();
    let (release, version) = (kernel("osrelease"), kernel("version"));
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    let mut number = || numbers.next().unwrap_or(0);
    let system = SystemInfo::new(ARCHITECTURE, PlatformId::LINUX).version(number(), number(), number());
    let cpu_info = fs::read("/proc/cpuinfo").unwrap_or_default();
    let cpus = LinuxCpuInfo::parse(&cpu_info);
    let count = cpus.processors().filter(|cpu| cpu.number().is_some()).count();
    let machine = std::env::consts::ARCH;
    let system = system.csd_version(&*format!("Linux {release} {version} {machine}"));
    dump.add(processor(system, &cpus).number_of_processors(count.try_into().unwrap_or(u8::MAX)));
    dump.stream(StreamType::LINUX_CPU_INFO, cpu_info.clone());
    if let Some(text) = ["/etc/lsb-release", "/etc/os-release"].iter().find_map(|path| fs::read(path).ok()) {
        dump.stream(StreamType::LINUX_LSB_RELEASE, text);
    }

    let misc = MiscInfo::new().process_id(proc.process_id().unsigned_abs());
    dump.add(match times(&text(&proc.path("stat").to_string_lossy()), &text("/proc/stat")) {
        Some([create, user, system]) => misc.process_times(create, user, system),
        None => misc,
    });
}

/// Adds family, model and stepping, which `/proc/cpuinfo` has on x86.
fn processor<'a>(system: SystemInfo<'a>, cpus: &LinuxCpuInfo<'_>) -> SystemInfo<'a> {
    let Some(cpu) = cpus.processors().next() else { return system };
    let number = |key: &str| -> Option<u16> { cpu.get(key)?.to_str().ok()?.parse().ok() };
    match (number("cpu family"), number("model"), number("stepping")) {
        (Some(family), Some(model), Some(stepping)) => system.processor(family, model << 8 | stepping & 0xff),
        _ => system,
    }
}

/// Start time of the process in seconds since 1970, user and kernel time in seconds.
fn times(process: &str, machine: &str) -> Option<[u32; 3]> {
    // The second field, the name in parentheses, may contain spaces and parentheses.
    let fields: Vec<&str> = process.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let booted = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse::<u64>().ok()?;
    let seconds = |ticks: u64| u32::try_from(ticks / TICKS).ok();
    Some([u32::try_from(booted + field(22)? / TICKS).ok()?, seconds(field(14)?)?, seconds(field(15)?)?])
}
