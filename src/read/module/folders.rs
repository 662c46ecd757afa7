//! Finds the folders of the build machine that are named in images.

use alloc::vec;
use alloc::vec::Vec;

use object::pe;

use crate::error::ReadError;

use crate::read::budget::Budget;
use crate::read::bytes::integer_at;
use crate::read::interval::Interval;
use crate::read::memory::by_address::Memory;
use crate::read::module::identity::{EMBEDDED_PDB, PERFMAP};
use crate::read::module::image::{Image, MAX_RECORD_SIZE};
use crate::read::module::mach_o::MachOImage;

/// Signatures of CodeView records, and the offset of the path: after the signature, GUID and age (`RSDS`), or after the
/// signature, offset, time stamp and age (`NB10`).
const PDB_70: (u32, u64) = (u32::from_le_bytes(*b"RSDS"), 24);
const PDB_20: (u32, u64) = (u32::from_le_bytes(*b"NB10"), 16);
/// The offset of the path in the record of a perfmap: after the magic number, signature and version.
const PERFMAP_PATH: u64 = 24;
/// The offsets in `IMAGE_DEBUG_MISC` of the flag for UTF-16 and of the text.
const MISC_IS_WIDE: u64 = 8;
const MISC_TEXT: u64 = 12;
/// Load commands with the offset of a path after their type and size: `LC_LOAD_DYLIB` and similar ones, `LC_RPATH`,
/// `LC_LOAD_DYLINKER`, `LC_ID_DYLINKER`, `LC_DYLD_ENVIRONMENT`. The highest bit (`LC_REQ_DYLD`) means that the loader
/// must understand the command.
const WITH_PATH: [u64; 10] = [0xc, 0xd, 0xe, 0xf, 0x18, 0x1c, 0x1f, 0x20, 0x23, 0x27];
const MUST_BE_KNOWN: u64 = 0x8000_0000;
/// The maximum size of a path that is read, in bytes.
const MAX_PATH_SIZE: u64 = MAX_RECORD_SIZE as u64;

impl Image<'_, '_> {
    /// Adds the places of folders in the debug records, each up to the separator before the file name.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if the records exceed the budget; what was found before is added.
    pub(crate) fn folders(&self, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<(), ReadError> {
        let memory = self.memory();
        self.each_debug_record(budget, |kind, place, budget| {
            let (at, is_wide) = match kind.0 {
                PERFMAP => (PERFMAP_PATH, false),
                EMBEDDED_PDB => return Ok(()),
                _ if kind == pe::IMAGE_DEBUG_TYPE_MISC => {
                    (MISC_TEXT, memory.read_u8(place.start.saturating_add(MISC_IS_WIDE)) == Some(1))
                }
                _ if kind == pe::IMAGE_DEBUG_TYPE_CODEVIEW => {
                    let mut signature = [0; 4];
                    memory.read(place.start, &mut signature);
                    let known = [PDB_70, PDB_20].into_iter().find(|known| known.0 == u32::from_le_bytes(signature));
                    (known.map_or(0, |known| known.1), false)
                }
                _ => return Ok(()),
            };
            let path = Interval { start: place.start.saturating_add(at), ..place };
            if path.start <= path.last {
                budget.charge("path in a debug record", 0, path.size())?;
                found.extend(folder(memory, path, if is_wide { 2 } else { 1 }));
            }
            Ok(())
        })
    }
}

impl MachOImage<'_, '_> {
    /// Adds the places of folders in the load commands.
    ///
    /// # Errors
    ///
    /// The same as for [`Image::folders`].
    pub(crate) fn folders(&self, budget: &mut Budget, found: &mut Vec<Interval>) -> Result<(), ReadError> {
        for (command, place) in self.commands() {
            budget.charge("load command", 0, place.size())?;
            let number = |position: u32| integer_at(&command, position, 4, self.byte_order());
            let has_path = number(0).is_some_and(|kind| WITH_PATH.contains(&(kind & !MUST_BE_KNOWN)));
            let start = number(8).filter(|_| has_path).and_then(|at| place.start.checked_add(at));
            let path = start.filter(|&start| place.has(start)).map(|start| Interval { start, ..place });
            found.extend(path.and_then(|path| folder(self.memory(), path, 1)));
        }
        Ok(())
    }
}

/// Returns the part of a path before its last separator, as far as its bytes are in the dump. The path ends at a NUL or
/// at the end of `place`.
fn folder(memory: &Memory<'_>, place: Interval, unit: usize) -> Option<Interval> {
    let mut bytes = vec![0; usize::try_from(place.size().min(MAX_PATH_SIZE)).ok()?];
    let there = memory.read(place.start, &mut bytes);
    let units = bytes.get(..there)?.chunks(unit);
    let is = |unit: &[u8], letter: u8| unit.first() == Some(&letter) && unit.get(1).is_none_or(|high| *high == 0);
    let path = units.take_while(|unit| !is(unit, 0));
    let separators = (0..).zip(path).filter(|(_, unit)| is(unit, b'/') || is(unit, b'\\'));
    let last: u64 = separators.last()?.0;
    Interval::new(place.start, last.checked_mul(unit as u64)?)
}
