//! The shared reference files: the corpus of dumps by other producers and the golden dumps by the debugger.

use std::env;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use ruzstd::decoding::StreamingDecoder;

use super::golden;

/// The folder that `USERDUMP_SHARED` names. A test that needs a missing file fails.
pub struct Shared {
    root: PathBuf,
}

impl Shared {
    /// `None` if the variable is not set.
    pub fn from_environment() -> Option<Self> {
        env::var_os("USERDUMP_SHARED").map(|root| Self { root: root.into() })
    }

    /// The bytes of a file, by its path below the folder.
    pub fn read(&self, path: &str) -> Vec<u8> {
        let path = self.root.join(path);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The content of a file packed with `zstd`, by its path below the folder.
    pub fn unpacked(&self, path: &str) -> Vec<u8> {
        let packed = self.read(path);
        let mut bytes = Vec::new();
        let decoder = StreamingDecoder::new(packed.as_slice()).map_err(io::Error::other);
        let size = decoder.and_then(|mut decoder| decoder.read_to_end(&mut bytes));
        size.unwrap_or_else(|error| panic!("{path}: {error}"));
        bytes
    }

    /// The path of an unpacked golden dump: `live/ma.dmp`. It must be one of [`golden::members`].
    pub fn golden_path(&self, member: &str) -> PathBuf {
        golden::path(&self.root.join("golden"), member)
    }

    /// The bytes of a golden dump. The larger ones have 28 MB: use [`Self::golden_path`] to map them.
    pub fn golden(&self, member: &str) -> Vec<u8> {
        let path = self.golden_path(member);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every row of the corpus's manifest.
    pub fn corpus(&self) -> Vec<CorpusRow> {
        let manifest = String::from_utf8(self.read("corpus/manifest.tsv")).expect("the manifest is UTF-8");
        let mut lines = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let names = lines.next().expect("the manifest has a line of column names");
        lines.map(|cells| CorpusRow::new(&names, &cells)).collect()
    }

    /// The bytes of a dump of the corpus.
    pub fn corpus_file(&self, row: &CorpusRow) -> Vec<u8> {
        self.read(&format!("corpus/{}", row.file))
    }
}

/// The values that independent readers report for one dump of the corpus; `None` where no reader reports one.
#[derive(Debug)]
pub struct CorpusRow {
    /// Its path below `corpus/`.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    pub arch: String,
    pub os: String,
    /// Names of the streams in directory order, including repeated ones; those without a name as `0x10001`.
    pub streams: Vec<String>,
    pub threads: Option<u64>,
    pub modules: Option<u64>,
    pub memory_ranges: Option<u64>,
    pub memory_bytes: Option<u64>,
    pub memory64_ranges: Option<u64>,
    pub memory64_bytes: Option<u64>,
    pub memory_infos: Option<u64>,
    pub thread_names: Option<u64>,
    pub unloaded_modules: Option<u64>,
    pub handles: Option<u64>,
    /// The number of modules with distinct names.
    pub module_names: Option<u64>,
    pub exception: Option<CorpusException>,
    /// The readers that report another value; empty if none does.
    pub disagreeing: String,
    /// The readers that fail on the dump; empty if none does.
    pub failing: String,
}

/// The thread, code and address of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorpusException {
    pub thread: u32,
    pub code: u32,
    pub address: u64,
}

impl CorpusRow {
    fn new(names: &[&str], cells: &[&str]) -> Self {
        let cell = |name: &str| {
            let column = names.iter().position(|it| *it == name);
            cells
                .get(column.unwrap_or_else(|| panic!("the manifest has no column {name}")))
                .copied()
                .unwrap_or_default()
        };
        let number = |name: &str| match cell(name) {
            "-" => None,
            digits => Some(digits.parse().unwrap_or_else(|_| panic!("{name} of {}: {digits}", cell("file")))),
        };
        Self {
            file: cell("file").to_owned(),
            bytes: number("bytes").expect("every row gives the size"),
            arch: cell("arch").to_owned(),
            os: cell("os").to_owned(),
            streams: cell("streams").split(',').flat_map(repeated).collect(),
            threads: number("threads"),
            modules: number("modules"),
            memory_ranges: number("memory list ranges"),
            memory_bytes: number("memory list bytes"),
            memory64_ranges: number("memory64 ranges"),
            memory64_bytes: number("memory64 bytes"),
            memory_infos: number("memory info entries"),
            thread_names: number("thread names"),
            unloaded_modules: number("unloaded modules"),
            handles: number("handles"),
            module_names: number("distinct module names"),
            exception: CorpusException::parse(cell("exception thread/code/address")),
            disagreeing: cell("where peers disagree").to_owned(),
            failing: cell("peers that fail").to_owned(),
        }
    }
}

impl CorpusException {
    fn parse(text: &str) -> Option<Self> {
        let hex = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a hexadecimal number");
        let parts: Vec<u64> = text.split('/').filter(|part| *part != "-").map(hex).collect();
        let &[thread, code, address] = parts.as_slice() else {
            return None;
        };
        Some(Self {
            thread: thread.try_into().expect("a 32-bit number"),
            code: code.try_into().expect("a 32-bit number"),
            address,
        })
    }
}

/// `Unusedx4` is four times `Unused`; in `Linux0x1` the `x` belongs to a number.
fn repeated(name: &str) -> Vec<String> {
    let counted = name
        .rsplit_once('x')
        .filter(|(stem, _)| *stem != "0")
        .and_then(|(stem, count)| Some((stem, count.parse().ok()?)));
    let (stem, count) = counted.unwrap_or((name, 1));
    vec![stem.to_owned(); count]
}
