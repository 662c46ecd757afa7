//! Full user dumps beyond the offsets that 31 and 32 bits can hold.

use std::io::{Seek, SeekFrom, Write};

use libtest_mimic::Trial;
use userdump::read::FullUserDump;
use userdump::read::check::FindingCode;
use userdump::{Dump, MappedFile, redump};

use super::{Slot, context, empty};
use crate::support::{holes, trial_of_large_file};
use crate::synth::{UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    let trial = |name, test| trial_of_large_file(format!("full_user_dump::large::{name}"), test);
    vec![
        trial("memory_above_2_and_4_gib_is_read", memory_above_2_and_4_gib_is_read),
        trial("a_large_dump_is_shrunk", a_large_dump_is_shrunk),
    ]
}

const GIB: u64 = 1 << 30;
const TEXT: &[u8] = b"behind everything";

/// A sparse file: a region of `size` bytes at 1 MiB, and after it, at 2^40 or 3 GiB, one with a text.
fn file(wide: bool, size: u64) -> (tempfile::TempDir, MappedFile, u64) {
    let high = if wide { 1 << 40 } else { 3 * GIB };
    let large = UserRegion { size, ..UserRegion::new(0x10_0000, []) };
    let thread = UserThread { id: 7, context: context(wide, high, high), ..UserThread::default() };
    let mut bytes = empty(wide).thread(thread).region(large).memory(high, TEXT).service_pack("SP").build();
    // What follows the hole: the second region, and the version information.
    let (data, version) = (Slot::Data.get(&bytes), Slot::Version.get(&bytes));
    let behind = bytes.split_off(data as usize);
    Slot::Version.set(&mut bytes, version + size);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is a folder for tests");
    let path = folder.path().join("large.dmp");
    let mut file = holes::create(&path).expect("there is room");
    file.write_all(&bytes).and_then(|()| file.seek(SeekFrom::Start(data + size))).expect("sparse files are supported");
    file.write_all(&behind).expect("there is room");
    (folder, MappedFile::open(&path).expect("it can be mapped"), high)
}

/// The narrow form ends below 4 GiB.
const FORMS: [(bool, u64); 3] = [(true, 5 * GIB), (true, 2 * GIB + 1), (false, 2 * GIB + 1)];

fn memory_above_2_and_4_gib_is_read() {
    for (wide, size) in FORMS {
        let (_folder, file, high) = file(wide, size);
        let dump = FullUserDump::parse(&file).expect("the header is valid");
        dump.check(&mut |finding| assert_eq!(finding.code, FindingCode::NoModules, "{finding}"));
        let memory = dump.memory();
        assert_eq!(memory.slice(high, TEXT.len() as u64), Some(TEXT));
        assert_eq!(memory.slice(0x10_0000 + size - 4, 4), Some(&[0; 4][..]));
        assert_eq!(memory.read_u8(0x10_0000 + size), None);
        assert_eq!(memory.visible_ranges().map(|range| range.size).sum::<u64>(), size + TEXT.len() as u64);
        assert!(dump.service_pack().expect("it is present") == "SP");
    }
}

fn a_large_dump_is_shrunk() {
    for (wide, size) in FORMS {
        let (_folder, file, high) = file(wide, size);
        let dump = Dump::parse(&file).expect("the header is valid");
        let mut small = Vec::new();
        redump(&dump, &"/m".parse().expect("it is known"), &mut small).expect("it can be done");
        assert!(small.len() < 0x2000, "{} bytes", small.len());
        // The instruction window includes the text.
        let memory = Dump::parse(&small).expect("we wrote it").memory();
        assert_eq!(memory.slice(high, TEXT.len() as u64), Some(TEXT));
    }
}
