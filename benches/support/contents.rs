//! Memory with mixed contents, written into dumps with and without compression, and commands that compress as well.

use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use userdump::write::{MemoryRange, Plan};
use userdump::{Dump, MinidumpBuilder};

use super::{KIB, MIB, Numbers, large, trial};

/// Memory of a process: bytes that were never written, text, pointers and counters, code, and data that is already
/// compressed or random.
fn mixed(size: usize) -> Vec<u8> {
    let mut numbers = Numbers(16);
    let words: Vec<Vec<u8>> = (0..2000)
        .map(|_| {
            let length = 2 + numbers.below(9);
            numbers.bytes(length).iter().map(|byte| b'a' + byte % 26).collect()
        })
        .collect();
    let code = numbers.bytes(64 * KIB);
    let mut bytes = Vec::with_capacity(size + MIB);
    while bytes.len() < size {
        let end = bytes.len() + [4 * KIB, 64 * KIB, 256 * KIB, MIB][numbers.below(4)];
        match numbers.below(8) {
            0 | 1 => {}
            2 => {
                while bytes.len() < end {
                    bytes.extend_from_slice(&words[numbers.below(words.len())]);
                    bytes.push(b' ');
                }
            }
            3 => bytes.extend(numbers.bytes(end - bytes.len())),
            4 | 5 => {
                while bytes.len() < end {
                    // The low bytes of pointers differ, and the values next to them are small.
                    bytes.extend((0x7ff6_0000_0000 + (numbers.draw() & 0xf_fff0)).to_le_bytes());
                    bytes.extend((numbers.draw() & 0xff).to_le_bytes());
                }
            }
            _ => {
                while bytes.len() < end {
                    let at = numbers.below(code.len() - 64);
                    let length = 4 + numbers.below(28);
                    bytes.extend_from_slice(&code[at..at + length]);
                }
            }
        }
        bytes.resize(end, 0);
    }
    bytes.truncate(size);
    bytes
}

/// The memory of a dump, as ranges.
pub struct Contents {
    pub name: String,
    /// The address and contents of each range, sorted by address.
    pub ranges: Vec<(u64, Vec<u8>)>,
}

impl Contents {
    pub fn size(&self) -> usize {
        self.ranges.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Plans a compressed dump that is written with this many threads.
    pub fn plan(&self, threads: usize) -> Plan<'_> {
        let mut dump = self.builder();
        dump.compressed();
        let threads = NonZero::new(threads).expect("the number of threads is not 0");
        dump.plan().expect("the dump can be planned").with_threads(threads)
    }

    /// Plans an uncompressed dump.
    pub fn plain(&self) -> Plan<'_> {
        self.builder().plan().expect("the dump can be planned")
    }

    fn builder(&self) -> MinidumpBuilder<'_> {
        let mut dump = MinidumpBuilder::new();
        for (address, bytes) in &self.ranges {
            dump.memory64(MemoryRange::borrowed(*address, bytes));
        }
        dump
    }
}

/// Returns memory with mixed contents, and the memory of the dump that `USERDUMP_BENCH_DUMP` names, in any format.
pub fn contents() -> Vec<Contents> {
    let total = match (trial(), large()) {
        (true, _) => 6 * MIB,
        (_, true) => 1024 * MIB,
        _ => 128 * MIB,
    };
    let bytes = mixed(total);
    let mut numbers = Numbers(1);
    let (mut rest, mut address, mut ranges) = (bytes.as_slice(), 0x1_0000, Vec::new());
    while !rest.is_empty() {
        let size = [4 * KIB, 64 * KIB, MIB, 9 * MIB][numbers.below(4)].min(rest.len());
        let (now, later) = rest.split_at(size);
        ranges.push((address, now.to_vec()));
        (rest, address) = (later, address + size as u64 + 64 * KIB as u64);
    }
    let mut all = vec![Contents { name: format!("{} MiB", total / MIB), ranges }];
    if let Some(path) = env::var_os("USERDUMP_BENCH_DUMP") {
        let path = Path::new(&path);
        let bytes = fs::read(path).expect("the dump can be read");
        let memory = Dump::parse(&bytes).expect("the dump can be parsed").memory_with_cache(u64::MAX);
        let ranges = memory
            .visible_ranges()
            .map(|range| (range.address, range.bytes().expect("the cache is large enough").to_vec()))
            .collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.push(Contents { name, ranges });
    }
    all
}

/// A command that compresses with one set of arguments and decompresses with another.
#[derive(Clone, Copy)]
pub struct Packer {
    pub program: &'static str,
    pack: &'static [&'static str],
    unpack: &'static [&'static str],
}

pub const PACKERS: [Packer; 2] = [
    Packer { program: "lz4", pack: &["-1", "-c", "-q"], unpack: &["-d", "-c", "-q"] },
    Packer { program: "zstd", pack: &["-1", "-c", "-q"], unpack: &["-d", "-c", "-q"] },
];

impl Packer {
    /// Compresses a file and discards the output; returns `None` if the command does not exist.
    pub fn pack(self, path: &Path) -> Option<bool> {
        run(self.command(self.pack, path), Stdio::null())
    }

    /// Decompresses a file and discards the output, like [`Packer::pack`].
    pub fn unpack(self, path: &Path) -> Option<bool> {
        run(self.command(self.unpack, path), Stdio::null())
    }

    /// Compresses a file into another file, like [`Packer::pack`].
    pub fn pack_into(self, path: &Path, packed: &Path) -> Option<bool> {
        run(self.command(self.pack, path), fs::File::create(packed).expect("the scratch folder exists").into())
    }

    fn command(self, words: &[&str], path: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.args(words).arg(path);
        command
    }
}

fn run(mut command: Command, output: Stdio) -> Option<bool> {
    let command = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
    command.status().ok().map(|status| status.success())
}
