//! Views that are a stream as a whole.

use alloc::vec::Vec;

use crate::format::StreamType;

/// A view whose bytes are the whole of a stream, so that
/// [`MinidumpBuilder::add`](crate::write::MinidumpBuilder::add) can write it again: texts of Linux, of crash reporters, comments.
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

    /// All bytes of the stream.
    fn stream_bytes(&self) -> &'a [u8];

    /// True if there are numbers or UTF-16 in it that are big-endian. It is then an error of the plan, as dumps are written
    /// little-endian.
    fn is_big_endian(&self) -> bool {
        false
    }
}

/// A record that is a line of a text stream, in the form of the Linux kernel.
pub trait TextLine {
    /// Appends the line with its line feed.
    fn put_line(&self, out: &mut Vec<u8>);
}
