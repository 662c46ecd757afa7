//! Code that the fuzz targets share: the walk over everything that a dump offers, mutation by meaning, processes from
//! which dumps are made, and re-encoding.

pub mod as_is;
mod canary;
mod contract;
mod findings;
mod laws;
mod mutate;
pub mod process;
pub mod random;
pub mod redumped;
mod secret;

use std::hint::black_box;

use userdump::{Dump, SourceFile};
use userdump_walk::Walked;

pub use mutate::mutate;

/// Reads everything in the bytes as in a file that is read piece by piece, and compares the number of things with `walked`.
pub fn walk_file(data: &[u8], walked: Walked) {
    let bytes = data.to_vec();
    let file = SourceFile::from_read_at(bytes.len() as u64, move |at: u64, room: &mut [u8]| {
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        let count = rest.len().min(room.len());
        room[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    });
    let dump = Dump::from_source(&file).expect("its bytes are a dump");
    assert_eq!((walk(&dump), file.fault()), (walked, None));
}

/// Reads everything in the dump. This must not panic, and no list may return more entries than it announces.
pub fn walk(dump: &Dump<'_>) -> Walked {
    userdump_walk::walk(dump, &mut |value| {
        black_box(value);
    })
}
