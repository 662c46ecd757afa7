//! Dumps that own their bytes, and indexes that are kept beside them.

mod cost;
mod hostile;
mod owners;
mod session;

use libtest_mimic::Trial;
use userdump::OwnedDump;
use userdump::read::Memory;
use userdump::read::memory::{MemoryIndex, MemoryRegions, RegionIndex};
use userdump::read::module::{ModuleIndex, ModulesByAddress, UnloadedByAddress, UnloadedModuleIndex};

use crate::support::cpu::Cpu;
use crate::support::everything::{everything, everything_of_all_producers};
use crate::support::fixtures;
use crate::support::forms::Form;
use crate::synth::compressed::pack;
use crate::synth::{self, Module, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    [cost::trials(), hostile::trials(), owners::trials(), session::trials()].into_iter().flatten().collect()
}

/// Dumps of every kind: fixtures, one with everything in either byte order, a full user dump, compressed memory.
pub fn dumps() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fixtures::all().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect();
    for form in Form::ALL {
        all.push((format!("everything {form:?}"), everything(form).build()));
        all.push((format!("all producers {form:?}"), everything_of_all_producers(form).build()));
    }
    all.push(("full user dump".to_owned(), fixtures::FULL_USER_DUMP.to_vec()));
    all.push(("compressed".to_owned(), compressed()));
    all.push(("lines".to_owned(), lines()));
    all
}

/// Compressed memory in three buckets at 0x10_0000, 0x30_0000 and 0x7000_0000, 0x1800 bytes each.
fn compressed() -> Vec<u8> {
    let dump = synth::Dump::new().flags(2).system_info(Cpu::AMD64.windows());
    let dump = [0x10_0000u64, 0x30_0000, 0x7000_0000]
        .into_iter()
        .fold(dump, |dump, base| dump.memory64(base, crate::support::cpu::pattern(base, 0x1800)));
    pack(&dump.build(), 0x1800).bytes
}

/// A Linux process with modules and memory, whose address space is described by text.
fn lines() -> Vec<u8> {
    let maps =
        "00400000-00402000 r-xp 00000000 08:01 12 /usr/bin/app\n00500000-00501000 rw-p 00000000 00:00 0 [heap]\n";
    synth::Dump::new()
        .raw(0x4767_0009, maps)
        .module(Module::new(0x40_0000, 0x1000, "/usr/bin/app"))
        .unloaded_module(UnloadedModule::new(0x60_0000, 0x1000, "/usr/lib/gone.so"))
        .memory(0x50_0000, [7; 100])
        .build()
}

/// What a debugger keeps for a dump.
#[derive(Clone, Debug)]
struct Session<B> {
    dump: OwnedDump<B>,
    memory: MemoryIndex,
    regions: RegionIndex,
    modules: ModuleIndex,
    unloaded: UnloadedModuleIndex,
}

impl<B: AsRef<[u8]>> Session<B> {
    fn new(dump: OwnedDump<B>) -> Self {
        let view = dump.dump();
        let (memory, regions) = (view.memory().index(), view.regions().index());
        let (modules, unloaded) = (view.modules_by_address().index(), view.unloaded_modules_by_address().index());
        Self { dump, memory, regions, modules, unloaded }
    }

    fn memory(&self) -> Memory<'_> {
        self.memory.bind(&self.dump)
    }

    fn regions(&self) -> MemoryRegions<'_> {
        self.regions.bind(&self.dump)
    }

    fn modules(&self) -> ModulesByAddress<'_> {
        self.modules.bind(&self.dump)
    }

    fn unloaded(&self) -> UnloadedByAddress<'_> {
        self.unloaded.bind(&self.dump)
    }

    /// The results of all look-ups at these addresses.
    fn seen(&self, addresses: &[u64]) -> Vec<String> {
        seen(addresses, &self.memory(), &self.regions(), &self.modules(), &self.unloaded())
    }
}

/// The results of the look-ups in the indexes at these addresses.
fn seen(
    addresses: &[u64],
    memory: &Memory<'_>,
    regions: &MemoryRegions<'_>,
    modules: &ModulesByAddress<'_>,
    unloaded: &UnloadedByAddress<'_>,
) -> Vec<String> {
    let of_address = |&address: &u64| {
        let mut buffer = [0; 40];
        let read = memory.read(address, &mut buffer);
        let region = regions.at_address(address);
        let region = region.map(|it| (it.base(), it.size(), it.state(), it.protection(), it.path().to_string_lossy()));
        let unloaded: Vec<_> = unloaded.at_address(address).map(|it| (it.base(), it.code_file())).collect();
        let place = modules.locate(address).map(|it| (it.to_string(), it.module.code_file(), it.module.size()));
        format!(
            "{address:#x}: {:?} {:?} {:?} {region:?} {place:?} {unloaded:?}",
            &buffer[..read],
            memory.slice(address, 8),
            (memory.read_pointer(address), memory.read_u16(address), memory.run_len(address, 1 << 20))
        )
    };
    addresses.iter().map(of_address).collect()
}

/// The addresses at which a dump has something, and their neighbours.
fn addresses<B: AsRef<[u8]>>(dump: &OwnedDump<B>) -> Vec<u64> {
    let view = dump.dump();
    let memory = view.memory();
    let ranges = memory.visible_ranges().take(40).flat_map(|it| [it.address, it.address + it.size - 1]);
    let regions = view.regions().iter().take(40).map(|it| it.base()).collect::<Vec<_>>();
    let modules = view.modules().map(|it| it.base()).chain(view.unloaded_modules().map(|it| it.base()));
    let all = ranges.chain(regions).chain(modules.take(40)).chain([0, u64::MAX]);
    all.flat_map(|address| [address.wrapping_sub(3), address, address.wrapping_add(5)]).collect()
}
