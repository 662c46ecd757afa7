//! Views of streams that can be written again as they are.

use alloc::vec::Vec;

use crate::format::stream::types::StreamType;

/// A view of a whole stream, which `MinidumpBuilder::add` can write as it is: the text
/// streams of Linux and of crash reporters, and comments.
///
/// # Examples
///
/// ```
/// use userdump::MinidumpBuilder;
/// use userdump::read::Minidump;
/// use userdump::read::linux::LinuxMaps;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = b"00400000-0040b000 r-xp 00000000 08:01 1234                               /usr/bin/app\n";
/// let maps = LinuxMaps::parse(text);
/// assert_eq!(maps.at_address(0x40_0010).map(|mapping| mapping.size()), Some(0xb000));
///
/// let mut dump = MinidumpBuilder::new();
/// dump.add(maps);
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let read = Minidump::parse(&file)?.stream::<LinuxMaps>()?.unwrap();
/// assert_eq!(read.text().as_bytes(), text);
/// # Ok(())
/// # }
/// ```
pub trait WholeStream<'a> {
    /// The type of the stream.
    fn stream_type(&self) -> StreamType;

    /// The bytes of the stream.
    fn stream_bytes(&self) -> &'a [u8];

    /// True if the stream holds big-endian numbers or UTF-16. Adding it is then an error, because dumps are written
    /// little-endian.
    fn is_big_endian(&self) -> bool {
        false
    }
}

/// A record that can be written as a line of a text stream, as the Linux kernel prints it.
pub trait TextLine {
    /// Appends the line, including its line feed.
    fn put_line(&self, out: &mut Vec<u8>);
}
