//! Real processes: an independent reader of images finds in the small result what it finds in the source.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use pelite::{PeView, Wrap};
use userdump::{Dump, MappedFile};

use crate::support::golden::COMPRESSED;
use crate::support::redumped::{Redumped, parsed};
use crate::support::{Shared, shared_trial};

pub fn trials() -> Vec<Trial> {
    vec![shared_trial("identify::golden::images_are_as_in_the_source", images_are_as_in_the_source)]
}

/// A dump, the number of its images, CodeView records and versions, the number of these versions in read-only memory,
/// and the maximum size that all of it adds.
type Row = (&'static str, [usize; 4], usize);

const ROWS: [Row; 7] = [
    // SymbolStore makes 60 keys of it: 37 are those of the images, 20 of the symbols, and 3 of the runtime by its image
    // and version.
    ("net10/full.dmp", [37, 20, 30, 30], 125_000),
    ("live26/manu.dmp", [4, 1, 2, 2], 40_000),
    ("crash/ma.dmp", [4, 1, 2, 0], 40_000),
    ("crash/f.dmp", [4, 1, 2, 0], 40_000),
    ("crash32/ma.dmp", [4, 1, 2, 0], 40_000),
    ("wow64-crash/ma.dmp", [6, 0, 1, 1], 40_000),
    (COMPRESSED, [4, 1, 2, 2], 40_000),
];

fn images_are_as_in_the_source(shared: &Shared) {
    for (member, counts, most) in ROWS {
        let file = MappedFile::open(shared.golden_path(member)).expect("it is unpacked");
        let source = images(&file);
        let without = Redumped::once(&file, &parsed("/m")).bytes;
        assert_eq!(images(&without).len(), 0, "{member}");
        let mut versions = [0; 2];
        for (filters, options) in [(0, "/m --identify"), (1, "/mr --identify"), (1, "/ms --identify")] {
            let small = Redumped::once(&file, &parsed(options));
            let more = small.bytes.len().saturating_sub(without.len());
            assert!(more <= most, "{more} more bytes with {options} for {member}");
            assert_eq!(small.report.unavailable, [], "{options} of {member}");
            let again = Redumped::once(&small.bytes, &parsed(options));
            assert!(again.bytes == small.bytes, "a second pass with {options} changes {member}");
            let mut found = images(&small.bytes);
            versions[filters] = found.values().filter(|image| !image.version.is_empty()).count();
            for (base, image) in found.iter_mut().filter(|(_, image)| filters == 1 && image.version.is_empty()) {
                image.version.clone_from(&source[base].version);
            }
            let mut expected = source.clone();
            if options.starts_with("/ms") {
                found.values_mut().chain(expected.values_mut()).for_each(Image::forget_folders);
            }
            assert_eq!(found, expected, "{options} of {member}");
        }
        let symbols = source.values().map(|image| image.symbols.len()).sum();
        assert_eq!([source.len(), symbols, versions[0], versions[1]], counts, "{member}");
    }
}

/// What the other reader finds in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Image {
    /// Time stamp and size, the key of the binary.
    key: (u32, u32),
    symbols: Vec<String>,
    /// The types, sizes and checksums of all debug records.
    records: Vec<(u32, usize, u64)>,
    version: String,
}

impl Image {
    /// Keeps what remains of debug records without folders: base names, types and sizes. Nothing remains of embedded
    /// PDBs (17).
    fn forget_folders(&mut self) {
        for symbol in &mut self.symbols {
            let (record, path) = symbol.split_once("pdb_file_name: ").expect("it has a path");
            let folder = path.rfind(['/', '\\']).map_or(1, |at| at + 1);
            *symbol = format!("{record}{}", &path[folder..]);
        }
        self.records.iter_mut().filter(|(kind, ..)| [2, 4, 17].contains(kind)).for_each(|(.., sum)| *sum = 0);
    }
}

/// The images by base, of each module whose headers are present.
fn images(bytes: &[u8]) -> BTreeMap<u64, Image> {
    let dump = Dump::parse(bytes).expect("it is a dump");
    let memory = dump.memory();
    let mut images = BTreeMap::new();
    for module in dump.modules().filter(|module| module.size() > 0) {
        let size = module.size() as usize;
        // The reader requires images aligned to eight bytes.
        let mut buffer = vec![0; size + 8];
        let start = buffer.as_ptr().align_offset(8);
        let image = &mut buffer[start..start + size];
        let base = module.base();
        let end = base + size as u64;
        for range in memory.visible_within(base, end - 1) {
            let (from, to) = (range.address.clamp(base, end), (range.address + range.size).clamp(base, end));
            memory.read(from, &mut image[(from - base) as usize..(to - base) as usize]);
        }
        if let Ok(view) = PeView::from_bytes(image) {
            images.insert(base, look_at(&view));
        }
    }
    images
}

fn look_at(view: &PeView<'_>) -> Image {
    let stamp = view.file_header().TimeDateStamp;
    let size = match view.optional_header() {
        Wrap::T32(header) => header.SizeOfImage,
        Wrap::T64(header) => header.SizeOfImage,
    };
    let mut image = Image { key: (stamp, size), ..Image::default() };
    for entry in view.debug().into_iter().flatten() {
        let data = entry.data().unwrap_or_default();
        let sum = data.iter().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        image.records.push((entry.image().Type, data.len(), sum));
        let view = entry.entry().ok().and_then(|entry| entry.as_code_view());
        image.symbols.extend(view.map(|view| format!("{view:?}")));
    }
    let version = view.resources().ok().and_then(|resources| resources.version_info().ok());
    if let Some(version) = version {
        image.version = format!("{:?} {}", version.fixed(), version.source_code());
    }
    image
}
