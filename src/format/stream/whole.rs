//! Views of streams that can be written again unchanged.

use alloc::vec::Vec;

use crate::format::stream::types::StreamType;

/// A view of an entire stream, which `MinidumpBuilder::add` can write unchanged: the text streams of Linux and of crash
/// reporters, and comments.
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
    /// Returns the type of the stream.
    fn stream_type(&self) -> StreamType;

    /// Returns the bytes of the stream.
    fn stream_bytes(&self) -> &'a [u8];

    /// Returns true if the stream contains big-endian numbers or UTF-16. Adding such a stream is an error, because
    /// dumps are written in little-endian byte order.
    fn is_big_endian(&self) -> bool {
        false
    }
}

/// A record that can be written as a line of a text stream, as the Linux kernel prints it.
pub trait TextLine {
    /// Appends the line, including its line feed.
    fn put_line(&self, out: &mut Vec<u8>);
}
