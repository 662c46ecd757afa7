//! The walk through everything in a dump, for tests that only check that it succeeds, and for those that compare what
//! it sees.

use std::fmt::{self, Debug, Write};

use userdump::format::StreamType;
use userdump::{Dump, Minidump, ReadError};
use userdump_walk::{Walked, walk_stream};

use super::forms::file_of;

/// Walks the dump.
pub fn walk(bytes: &[u8]) -> Result<Walked, ReadError> {
    let walked = walk_and_see(bytes, &mut |_| ());
    // A file that is read piece by piece has the same.
    let file = file_of(bytes);
    let in_file = Dump::from_source(&file).map(|dump| userdump_walk::walk(&dump, &mut |_| ()));
    assert_eq!((in_file, file.fault()), (walked, None));
    walked
}

/// Like [`walk`], and formats every value.
pub fn walk_and_print(bytes: &[u8]) -> Result<Walked, ReadError> {
    walk_and_see(bytes, &mut |value| write!(Nowhere, "{value:x?}").expect("the sink accepts everything"))
}

struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

/// Everything that the walk sees, printed: equal for dumps with the same content at the same positions.
pub fn content(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    walk_and_see(bytes, &mut |value| lines.push(format!("{value:x?}"))).expect("the header is sound");
    lines
}

/// Everything that the views of the streams of other producers show, printed without positions: equal for dumps with
/// the same content.
pub fn vendor_content(dump: &Minidump<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (stream, decoded) in dump.streams() {
        let name = stream.stream_type();
        let (StreamType::JAVA_SCRIPT_DATA | StreamType::IPT_TRACE | StreamType(0x1_0000..)) = name else { continue };
        if let Ok(decoded) = decoded {
            walk_stream(&stream, &decoded, &mut |value| lines.push(format!("{name}: {value:x?}")));
        }
    }
    lines
}

fn walk_and_see(bytes: &[u8], see: &mut dyn FnMut(&dyn Debug)) -> Result<Walked, ReadError> {
    Dump::parse(bytes).map(|dump| userdump_walk::walk(&dump, see))
}
