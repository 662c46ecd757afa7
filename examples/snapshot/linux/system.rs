//! Machine, system, and what is known of the process as a whole.

use std::fs;

use userdump::MinidumpBuilder;
use userdump::format::{PlatformId, StreamType};
use userdump::read::linux::LinuxCpuInfo;
use userdump::write::{MiscInfo, SystemInfo};

use super::proc::Proc;
use super::registers::ARCHITECTURE;

/// The unit of times in `/proc`, for programs: a hundredth of a second on every processor.
const TICKS: u64 = 100;

/// Adds what describes the machine and the process. None of it is needed, so that what cannot be read is left out.
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

/// Family, model and stepping, as far as the kernel calls them so.
fn processor<'a>(system: SystemInfo<'a>, cpus: &LinuxCpuInfo<'_>) -> SystemInfo<'a> {
    let Some(cpu) = cpus.processors().next() else { return system };
    let number = |key: &str| -> Option<u16> { cpu.get(key)?.to_str().ok()?.parse().ok() };
    match (number("cpu family"), number("model"), number("stepping")) {
        (Some(family), Some(model), Some(stepping)) => system.processor(family, model << 8 | stepping & 0xff),
        _ => system,
    }
}

/// When the process was started, in seconds since 1970, and its time in user mode and in the kernel, in seconds.
fn times(process: &str, machine: &str) -> Option<[u32; 3]> {
    // The name, which is the second field, may have blanks and parentheses in it.
    let fields: Vec<&str> = process.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let booted = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse::<u64>().ok()?;
    let seconds = |ticks: u64| u32::try_from(ticks / TICKS).ok();
    Some([u32::try_from(booted + field(22)? / TICKS).ok()?, seconds(field(14)?)?, seconds(field(15)?)?])
}
