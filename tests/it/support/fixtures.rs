//! The dumps that are packed into `tests/fixtures`, unpacked in memory.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

use ruzstd::decoding::StreamingDecoder;

const ARCHIVES: [&[u8]; 2] =
    [include_bytes!("../../fixtures/synthetic.tar.zst"), include_bytes!("../../fixtures/live-small.tar.zst")];

/// The dump that the README's first example starts from: a crash, re-encoded by the debugger with `/mFhiptu`.
pub const QUICK_START: &[u8] = include_bytes!("../../fixtures/quick-start.dmp");

/// A full user dump with some of everything, made by the tests.
pub const FULL_USER_DUMP: &[u8] = include_bytes!("../../fixtures/full-user-dump.dmp");

/// A source, the options it was re-encoded with, and the debugger's result.
#[derive(Clone, Debug)]
pub struct Redump {
    /// The name of the source: `synth/stacks.dmp`.
    pub source: String,
    /// The options as the debugger takes them: `/mF`.
    pub options: String,
    /// The name of the result: `synth-from-stacks/m_bigF.dmp`.
    pub result: &'static str,
}

impl Redump {
    /// The bytes of the source.
    pub fn source_bytes(&self) -> &'static [u8] {
        get(&self.source)
    }

    /// The bytes that the debugger wrote.
    pub fn expected(&self) -> &'static [u8] {
        get(self.result)
    }
}

/// The bytes of one dump, by its path in the archives: `synth/stacks.dmp`, `live/m.dmp`.
pub fn get(name: &str) -> &'static [u8] {
    files().get(name).unwrap_or_else(|| panic!("the fixture {name} is missing"))
}

/// Every dump of the archives with its name, in the order of the names.
pub fn all() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    files().iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
}

/// Every re-encoding whose source is also present, in the order of the names.
pub fn redumps() -> impl Iterator<Item = Redump> {
    all().filter_map(|(result, _)| {
        let (folder, file) = result.split_once('/')?;
        let (family, name) = folder.split_once("-from-")?;
        let source = format!("{family}/{name}.dmp");
        files().contains_key(&source).then(|| Redump { source, options: options(file), result })
    })
}

/// `m_wbigF.dmp` is `/mwF`: upper-case letters are spelt out because some file systems ignore case.
pub fn options(file: &str) -> String {
    let letters = file.trim_end_matches(".dmp").replace("big", "").replace('_', "");
    format!("/{letters}")
}

fn files() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| ARCHIVES.into_iter().flat_map(unpack).collect())
}

fn unpack(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let decoder = StreamingDecoder::new(archive).expect("a fixture archive is a zstd frame");
    let mut files = Vec::new();
    for entry in tar::Archive::new(decoder).entries().expect("a fixture archive is a tar") {
        let mut entry = entry.expect("the fixture archive is complete");
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().expect("names of fixtures are plain").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("the fixture archive is complete");
        files.push((name, bytes));
    }
    files
}
