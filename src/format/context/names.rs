//! Registers by name: a hash table for each layout, built at compile time.

use crate::format::context::register::{RegisterField, Run, is_same};

/// More than twice the number of names of any layout.
const SLOTS: usize = 512;
/// Longer than the longest name.
const LONGEST: usize = 32;

/// Maps the names of a layout, and their aliases, to registers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NameTable {
    slots: [Slot; SLOTS],
}

/// An entry of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Slot {
    /// The number of the run plus 1; 0 if the slot is empty.
    run: u8,
    /// The number of the register in its run.
    register: u8,
    /// The number of the alias plus 1; 0 for the register's own name.
    alias: u8,
}

impl NameTable {
    /// The table of a layout. Duplicate names and aliases of unknown registers do not compile.
    pub(super) const fn new(runs: &[Run], aliases: &[(&str, &str)]) -> Self {
        let mut slots = [Slot { run: 0, register: 0, alias: 0 }; SLOTS];
        let (mut rest, mut run) = (runs, 1);
        while let [first, other_runs @ ..] = rest {
            let (mut names, mut register) = (first.names, 0);
            while let [name, other_names @ ..] = names {
                let first = place(runs, name);
                assert!(first.run == run && first.register == register, "a name is there twice");
                insert(&mut slots, name, Slot { run, register, alias: 0 });
                (names, register) = (other_names, register + 1);
            }
            (rest, run) = (other_runs, run + 1);
        }
        let (mut rest, mut alias) = (aliases, 1);
        while let [(name, of), others @ ..] = rest {
            let Place { run, register } = place(runs, of);
            assert!(run != 0, "an alias of nothing");
            assert!(place(runs, name).run == 0, "an alias that is a register's name");
            insert(&mut slots, name, Slot { run, register, alias });
            (rest, alias) = (others, alias + 1);
        }
        Self { slots }
    }

    /// The register with a name.
    #[inline]
    pub(super) fn find(&self, name: &str, runs: &[Run], aliases: &[(&str, &str)]) -> Option<RegisterField> {
        if name.len() > LONGEST {
            return None;
        }
        let mut at = hash(name.as_bytes());
        loop {
            let slot = self.slots.get(at % SLOTS)?;
            let run = runs.get(usize::from(slot.run).checked_sub(1)?)?;
            let known = match usize::from(slot.alias).checked_sub(1) {
                None => *run.names.get(usize::from(slot.register))?,
                Some(alias) => aliases.get(alias)?.0,
            };
            if known == name {
                return run.field(slot.register);
            }
            at += 1;
        }
    }
}

/// The position of a register in the runs; the run is 0 if there is none.
struct Place {
    run: u8,
    register: u8,
}

const fn place(runs: &[Run], name: &str) -> Place {
    let (mut rest, mut run) = (runs, 1);
    while let [first, other_runs @ ..] = rest {
        let (mut names, mut register) = (first.names, 0);
        while let [known, other_names @ ..] = names {
            if is_same(known.as_bytes(), name.as_bytes()) {
                return Place { run, register };
            }
            (names, register) = (other_names, register + 1);
        }
        (rest, run) = (other_runs, run + 1);
    }
    Place { run: 0, register: 0 }
}

/// Stores `slot` in the first empty slot, starting at the hash of the name.
const fn insert(slots: &mut [Slot; SLOTS], name: &str, slot: Slot) {
    assert!(name.len() <= LONGEST, "a name is too long");
    let mut at = hash(name.as_bytes());
    loop {
        let Some((_, [there, ..])) = slots.split_at_mut_checked(at % SLOTS) else { unreachable!() };
        if there.run == 0 {
            *there = slot;
            return;
        }
        at += 1;
    }
}

/// FNV-1a.
#[inline]
const fn hash(mut name: &[u8]) -> usize {
    let mut hash = 0x811c_9dc5_u32;
    while let [first, rest @ ..] = name {
        hash = (hash ^ *first as u32).wrapping_mul(0x0100_0193);
        name = rest;
    }
    ((hash >> 15) ^ hash) as usize & (SLOTS - 1)
}
