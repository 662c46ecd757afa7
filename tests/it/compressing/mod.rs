//! Writing dumps with compressed memory: by the rules measured from the known writer, and with the same content as the
//! plain form.

mod builder;
mod redumps;
mod sinks;

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::num::NonZero;

use libtest_mimic::Trial;
use userdump::WriteError;
use userdump::write::{Plan, Written};

pub fn trials() -> Vec<Trial> {
    [builder::trials(), redumps::trials(), sinks::trials()].into_iter().flatten().collect()
}

/// Thread counts: only the calling thread, as many as any machine has, and more than there are buckets.
const THREADS: [usize; 4] = [1, 2, 3, 16];

fn threads(count: usize) -> NonZero<usize> {
    NonZero::new(count).expect("it is not zero")
}

/// Bytes of which some can be compressed and some cannot.
fn mixed(size: usize, seed: u64) -> Vec<u8> {
    let mut random = crate::roundtrip::Random::new(seed);
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        let run = 1 + random.below(5000) as usize;
        match random.below(3) {
            0 => bytes.resize(bytes.len() + run, 0),
            1 => (0..run).for_each(|at| bytes.push(b"some text that comes again"[at % 26])),
            _ => (0..run).for_each(|_| bytes.push(random.below(256) as u8)),
        }
    }
    bytes.truncate(size);
    bytes
}

/// The file that a plan writes.
fn file_of(plan: Plan<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    plan.write_to(&mut file).expect("a vector accepts every write");
    file
}

/// The file that a plan writes through every kind of sink and with any number of threads; it is always the same.
fn by_every_way<'a>(plan: impl Fn() -> Plan<'a>) -> (Vec<u8>, Written) {
    let mut first: Option<(Vec<u8>, Written)> = None;
    for count in THREADS {
        let mut pipe = Vec::new();
        let of_pipe = plan().with_threads(threads(count)).write_to(&mut pipe).expect("a vector accepts every write");
        let mut file = Cursor::new(Vec::new());
        let of_file =
            plan().with_threads(threads(count)).write_to_seekable(&mut file).expect("a vector accepts every write");
        assert_eq!(file.stream_position().expect("it has one"), of_file.size);
        assert_eq!(of_pipe, of_file, "{count} threads");
        assert!(pipe == *file.get_ref(), "{count} threads: a different file is written to a pipe");
        let (expected, written) = first.get_or_insert_with(|| (pipe.clone(), of_pipe.clone()));
        assert_eq!(of_pipe, *written, "{count} threads");
        assert!(pipe == *expected, "{count} threads write a different file");
    }
    first.expect("there are several ways")
}

/// A file in memory that accepts a limited number of bytes and of seeks.
struct Limited {
    file: Cursor<Vec<u8>>,
    bytes: usize,
    moves: usize,
}

impl Limited {
    fn new(bytes: usize, moves: usize) -> Self {
        Self { file: Cursor::new(Vec::new()), bytes, moves }
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.bytes);
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes -= count;
        self.file.write(&bytes[..count])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Limited {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.moves = self.moves.checked_sub(1).ok_or(io::ErrorKind::NotSeekable)?;
        self.file.seek(to)
    }
}

/// The sink's error, what was being written, its offset, and how much of it was written.
fn stopped(result: Result<Written, WriteError>) -> (io::ErrorKind, String, u64, u64) {
    match result {
        Err(WriteError::Io { item, offset, written, source, .. }) => (source.kind(), item.name.into(), offset, written),
        other => panic!("{other:?}"),
    }
}
