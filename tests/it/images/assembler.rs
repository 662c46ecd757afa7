//! A hand-made image with all parts, for tests that change it and read it in a dump.

use std::borrow::Cow;

use userdump::Minidump;
use userdump::format::module::FixedFileInfo;
use userdump::read::module::Image;

use crate::support::cpu::{Cpu, put};
use crate::support::forms::open;
use crate::support::image::{CODE, DATA, SIGNATURE_AT, headers};
use crate::synth::{Dump, rsds};

pub const BASE: u64 = 0x1000_0000;
/// The offset of the optional header.
pub const OPTIONAL_AT: usize = SIGNATURE_AT + 24;

/// The resource directory; offsets within the resources count from here.
pub const RESOURCES_AT: usize = 0x1000;
/// The entry for versions in the first level.
pub const VERSIONS_AT: usize = RESOURCES_AT + 16 + 8 + 8;
pub const BY_NAME_AT: usize = 0x1100;
pub const BY_LANGUAGE_AT: usize = 0x1200;
/// The data entry of the first language.
pub const LEAF_AT: usize = 0x1280;
/// The resource of the first language, and its end.
pub const VERSION_AT: usize = 0x1400;
pub const VERSION_END: usize = VERSION_AT + 40 + 52;

/// The debug directory: an irrelevant entry, a CodeView record, another one, a miscellaneous record.
pub const DEBUG_AT: usize = 0x1800;
pub const CODE_VIEW_ENTRY_AT: usize = DEBUG_AT + 28;
pub const MISC_ENTRY_AT: usize = DEBUG_AT + 3 * 28;
pub const CODE_VIEW_AT: usize = 0x1900;
pub const SECOND_CODE_VIEW_AT: usize = 0x1980;
pub const MISC_AT: usize = 0x1a00;

pub const TIME: u32 = 0x5f5e_0ff1;
pub const CHECKSUM: u32 = 0x0002_3456;
pub const SIZE: u32 = 0x7000;
pub const SECTIONS: [(&str, u32, u32, u32); 2] = [(".text", 0x1000, 0x234, CODE), ("8letters", 0x3000, 0x345, DATA)];

/// The machine number in images.
pub fn machine(cpu: Cpu) -> u16 {
    match cpu {
        Cpu::X86 => 0x14c,
        Cpu::ARM => 0x1c4,
        Cpu::AMD64 => 0x8664,
        Cpu::ARM64 => 0xaa64,
        other => panic!("{other:?}"),
    }
}

/// The offset of the entries of the data directory; their count is in front of them.
pub fn directories_at(cpu: Cpu) -> usize {
    OPTIONAL_AT + if cpu.word == 8 { 112 } else { 96 }
}

/// Stores consecutive 32-bit numbers.
pub fn numbers(bytes: &mut [u8], at: usize, values: &[u32]) {
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    put(bytes, at, &values);
}

/// Stores the header of a resource directory (counts of entries with names and with numbers) and the entries.
pub fn resource_directory(bytes: &mut [u8], at: usize, counts: [u16; 2], entries: &[[u32; 2]]) {
    put(bytes, at, &[0; 12]);
    put(bytes, at + 12, &counts[0].to_le_bytes());
    put(bytes, at + 14, &counts[1].to_le_bytes());
    numbers(bytes, at + 16, entries.as_flattened());
}

/// The offset field of an entry that leads to a resource directory.
pub fn to(at: usize) -> u32 {
    0x8000_0000 | (at - RESOURCES_AT) as u32
}

/// The 13 numbers of a version.
pub fn version(first: u32) -> [u32; 13] {
    let mut version = [0; 13];
    version[..6].copy_from_slice(&[0xfeef_04bd, 0x1_0000, first, 0x4a61_0003, 0x000b_0000, 0x0005_0006]);
    version
}

fn version_resource(bytes: &mut [u8], at: usize, first: u32) {
    let key: Vec<u8> = "VS_VERSION_INFO\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    put(bytes, at, &[92, 0, 52, 0, 0, 0]);
    put(bytes, at + 6, &key);
    numbers(bytes, at + 40, &version(first));
}

/// Stores an entry of the debug directory; its file offset is ignored.
pub fn debug_entry(bytes: &mut [u8], at: usize, kind: u32, size: u32, position: u32) {
    numbers(bytes, at, &[0, TIME, 0, kind, size, position, 0x600]);
}

pub fn code_view() -> Vec<u8> {
    rsds([7; 16], 3, "C:\\a.pdb")
}

/// `IMAGE_DEBUG_MISC` with a name.
pub fn misc() -> Vec<u8> {
    [&[1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0], b"a.dbg\0\0\0".as_slice()].concat()
}

/// The image with all parts.
pub fn whole(cpu: Cpu) -> Vec<u8> {
    let mut image = headers(cpu, &SECTIONS);
    image.resize(0x1c00, 0);
    let bytes = &mut image;
    put(bytes, SIGNATURE_AT + 4, &machine(cpu).to_le_bytes());
    put(bytes, SIGNATURE_AT + 8, &TIME.to_le_bytes());
    numbers(bytes, OPTIONAL_AT + 56, &[SIZE, 0x400, CHECKSUM]);
    numbers(bytes, directories_at(cpu) - 4, &[16]);
    numbers(bytes, directories_at(cpu) + 8 * 2, &[RESOURCES_AT as u32, 0x700]);
    numbers(bytes, directories_at(cpu) + 8 * 6, &[DEBUG_AT as u32, 4 * 28]);

    let types = [[0x8000_0600, to(0x1300)], [3, to(0x1300)], [16, to(BY_NAME_AT)]];
    resource_directory(bytes, RESOURCES_AT, [1, 2], &types);
    resource_directory(bytes, BY_NAME_AT, [0, 1], &[[1, to(BY_LANGUAGE_AT)]]);
    resource_directory(bytes, BY_LANGUAGE_AT, [0, 2], &[[0x407, 0x280], [0x409, 0x290]]);
    numbers(bytes, LEAF_AT, &[VERSION_AT as u32, 92, 0, 0, 0x1500, 92, 0, 0]);
    version_resource(bytes, VERSION_AT, 0x000a_0001);
    version_resource(bytes, 0x1500, 0x000a_0002);

    let [code_view, misc] = [code_view(), misc()];
    debug_entry(bytes, DEBUG_AT, 12, 20, 0x1880);
    debug_entry(bytes, CODE_VIEW_ENTRY_AT, 2, code_view.len() as u32, CODE_VIEW_AT as u32);
    debug_entry(bytes, CODE_VIEW_ENTRY_AT + 28, 2, 27, SECOND_CODE_VIEW_AT as u32);
    debug_entry(bytes, MISC_ENTRY_AT, 4, misc.len() as u32, MISC_AT as u32);
    put(bytes, CODE_VIEW_AT, &code_view);
    put(bytes, SECOND_CODE_VIEW_AT, &rsds([8; 16], 4, "b"));
    put(bytes, MISC_AT, &misc);
    image
}

/// What an image contains besides its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub checksum: Option<u32>,
    pub size: Option<u32>,
    pub sections: usize,
    pub version: Option<[u32; 13]>,
    pub code_view: Option<Vec<u8>>,
    pub misc: Option<Vec<u8>>,
}

impl Parts {
    /// Those of the image with all parts.
    pub fn whole() -> Self {
        Self {
            checksum: Some(CHECKSUM),
            size: Some(SIZE),
            sections: 2,
            version: Some(version(0x000a_0001)),
            code_view: Some(code_view()),
            misc: Some(misc()),
        }
    }

    pub fn of(image: &Image<'_, '_>) -> Self {
        Self {
            checksum: image.checksum(),
            size: image.size_of_image(),
            sections: image.sections().count(),
            version: image.version().as_ref().map(words),
            code_view: image.code_view_record().map(Cow::into_owned),
            misc: image.misc_record().map(Cow::into_owned),
        }
    }
}

/// A version as its 13 numbers.
pub fn words(version: &FixedFileInfo) -> [u32; 13] {
    [
        version.signature,
        version.struc_version,
        version.file_version_ms,
        version.file_version_ls,
        version.product_version_ms,
        version.product_version_ls,
        version.file_flags_mask,
        version.file_flags,
        version.file_os,
        version.file_type,
        version.file_subtype,
        version.file_date_ms,
        version.file_date_ls,
    ]
}

/// The parts of the image at `base`, if there is one.
pub fn parts_at(dump: &Minidump<'_>, base: u64) -> Option<Parts> {
    Image::at(&dump.memory(), base).as_ref().map(Parts::of)
}

/// The parts of an image of AMD64 at [`BASE`].
pub fn parts(image: &[u8]) -> Option<Parts> {
    let bytes = Dump::new().system_info(Cpu::AMD64.windows()).memory(BASE, image).build();
    parts_at(&open(&bytes), BASE)
}

/// Checks the parts of the whole image after a change.
#[track_caller]
pub fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Parts {
    let mut image = whole(Cpu::AMD64);
    change(&mut image);
    parts(&image).expect("it is still an image")
}
