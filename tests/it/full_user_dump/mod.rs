//! Full user dumps, `USERDUMP` and `USERDU64`.

mod check;
mod damaged;
mod fixture;
mod golden;
mod large;
mod neutral;
mod read;
mod regions;
mod threads;
mod write;

use libtest_mimic::Trial;
use userdump::read::FullUserDump;

use crate::support::cpu::Cpu;
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    [
        check::trials(),
        damaged::trials(),
        fixture::trials(),
        golden::trials(),
        large::trials(),
        neutral::trials(),
        read::trials(),
        regions::trials(),
        threads::trials(),
        write::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The parts whose offsets are in the header, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Threads,
    Modules,
    Data,
    Regions,
    Event,
    States,
    Version,
}

impl Slot {
    const ALL: [Self; 7] =
        [Self::Threads, Self::Modules, Self::Data, Self::Regions, Self::Event, Self::States, Self::Version];

    fn place(self, bytes: &[u8]) -> std::ops::Range<usize> {
        let width = if is_wide(bytes) { 8 } else { 4 };
        let start = 32 + width * self as usize;
        start..start + width
    }

    fn get(self, bytes: &[u8]) -> u64 {
        let mut number = [0; 8];
        let place = self.place(bytes);
        number[..place.len()].copy_from_slice(&bytes[place]);
        u64::from_le_bytes(number)
    }

    fn set(self, bytes: &mut [u8], position: u64) {
        let place = self.place(bytes);
        let size = place.len();
        bytes[place].copy_from_slice(&position.to_le_bytes()[..size]);
    }
}

/// Sets the number of threads (5), modules (6) or regions (7).
fn set_word(bytes: &mut [u8], word: usize, value: u32) {
    bytes[4 * word..4 * word + 4].copy_from_slice(&value.to_le_bytes());
}

fn is_wide(bytes: &[u8]) -> bool {
    &bytes[..8] == b"USERDU64"
}

fn open(bytes: &[u8]) -> FullUserDump<'_> {
    FullUserDump::parse(bytes).expect("the header is valid")
}

fn empty(wide: bool) -> UserDump {
    if wide { UserDump::wide() } else { UserDump::narrow() }
}

/// A context of x86 or AMD64.
fn context(wide: bool, instruction: u64, stack: u64) -> Vec<u8> {
    context_of(if wide { Cpu::AMD64 } else { Cpu::X86 }, instruction, stack)
}

fn context_of(cpu: Cpu, instruction: u64, stack: u64) -> Vec<u8> {
    let mut bytes = vec![0; cpu.size];
    bytes[cpu.flags_at..cpu.flags_at + 4].copy_from_slice(&cpu.flags.to_le_bytes());
    for (at, value) in [(cpu.ip_at, instruction), (cpu.sp_at, stack)] {
        bytes[at..at + cpu.word].copy_from_slice(&value.to_le_bytes()[..cpu.word]);
    }
    bytes
}

/// An address above 2 GiB, and above 4 GiB for the wide form.
fn high(wide: bool) -> u64 {
    if wide { 0x7ff6_a500_0000 } else { 0xa500_0000 }
}

/// The parameters of the event of [`sound`]: the first two count.
fn information(wide: bool) -> [u64; 15] {
    std::array::from_fn(|index| if index == 0 { 1 } else { high(wide) + index as u64 })
}

/// A valid dump with some of everything. The fixture `full-user-dump.dmp` is the wide one.
pub fn sound(wide: bool) -> UserDump {
    let thread = |id: u32| UserThread {
        id,
        suspend_count: 1,
        priority_class: 32,
        priority: 2,
        teb: high(wide) + 0x1000 * u64::from(id),
        context: context(wide, 0x40_1000 + u64::from(id), 0x2000 + u64::from(id)),
    };
    let event = UserEvent {
        process: 0x120,
        thread: 8,
        code: 0xc000_0005,
        flags: 1,
        record: 0x3000,
        address: high(wide) + 0x10,
        parameters: 2,
        information: information(wide),
        first_chance: 1,
    };
    empty(wide)
        .event(event)
        .thread(thread(7))
        .thread(thread(8))
        .module(0x40_0000, 0x2000, "C:\\a.exe")
        .module(high(wide), 0x1000, "bcd.dll")
        .memory(0x2000, (0..24).collect::<Vec<u8>>())
        .memory(0x40_1000, [0x90; 9])
        .memory(high(wide), [0xcc; 31])
        .service_pack("Service Pack 1")
}

/// Calls `look` for the same dump in both widths, packed and with filler before each part.
fn in_every_form(dump: impl Fn(bool) -> UserDump, look: impl Fn(&FullUserDump<'_>, bool)) {
    for wide in [false, true] {
        for filler in [0, 3] {
            let bytes = UserDump { filler, ..dump(wide) }.build();
            look(&open(&bytes), wide);
        }
    }
}
