//! `/proc/self/maps`: the address space of the process.

use alloc::format;
use alloc::vec::Vec;
use core::iter::FusedIterator;
use core::ops::Range;

use crate::error::ReadError;
use crate::format::StreamType;
use crate::format::linux::LinuxMapFlags;
use crate::format::stream::{TextLine, WholeStream};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::target::Target;
use crate::read::text::utf8::{Lines, Utf8};
use crate::read::work::worked;

/// `/proc/self/maps`: the mappings of the process, one per line.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let maps = b"00400000-0040b000 r-xp 00000000 08:01 1234 /usr/bin/app\n";
/// # dump.stream(userdump::format::StreamType::LINUX_MAPS, maps.as_slice());
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::linux::LinuxMaps;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// let maps: LinuxMaps = dump.stream()?.expect("the dump has the stream");
/// let mapping = maps.at_address(0x0040_1234).expect("the address is mapped");
/// assert_eq!(mapping.path, "/usr/bin/app");
/// assert_eq!(mapping.addresses(), 0x0040_0000..0x0040_b000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinuxMaps<'a> {
    text: Utf8<'a>,
    target: Target,
}

/// A mapping: a range of addresses with the same access rights and the same origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LinuxMapping<'a> {
    /// The first address.
    pub start: u64,
    /// The address after the last one.
    pub end: u64,
    /// The access rights and the kind of sharing.
    pub flags: LinuxMapFlags,
    /// The offset in the file at which the mapping starts, in bytes; 0 without a file.
    pub offset: u64,
    /// The device that contains the file, as major and minor number; 0 and 0 without a file.
    pub device: (u32, u32),
    /// The inode number of the file; 0 without a file.
    pub inode: u64,
    /// The path of the file, or a name in brackets from the kernel or Android (`[heap]`, `[anon:libc_malloc]`); empty
    /// for anonymous memory.
    ///
    /// It is encoded as the kernel prints it: a line feed in a path is `\012`. The suffix for deleted files is removed.
    pub path: Utf8<'a>,
    /// True if the path is followed by ` (deleted)`: the file, or its name, no longer existed.
    pub deleted: bool,
}

impl<'a> LinuxMaps<'a> {
    /// The mappings of another text.
    pub(crate) const fn with_text<'b>(&self, text: &'b [u8]) -> LinuxMaps<'b> {
        LinuxMaps { text: Utf8::new(text), target: self.target }
    }

    /// Views text that is not in a dump, such as `/proc/PID/maps` of a running process.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Self {
        Self { text: Utf8::new(text), target: Target::default() }
    }

    /// The text of the stream, as stored in the file.
    #[must_use]
    pub const fn text(&self) -> Utf8<'a> {
        self.text
    }

    /// The mappings in file order, which is ascending by address. Lines that are not mappings are skipped.
    ///
    /// If the text is truncated ([`Utf8::is_truncated`]), a part of the last path may be missing.
    #[must_use]
    pub fn iter(&self) -> LinuxMappings<'a> {
        LinuxMappings { lines: self.text.lines() }
    }

    /// The mappings, each with the offset of its line in the text.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (u32, LinuxMapping<'a>)> + use<'a> {
        let lines = self.text.lines().scan(0u32, |next, line| {
            let position = *next;
            *next = u32::try_from(line.as_bytes().len()).ok()?.checked_add(1)?.checked_add(position)?;
            Some((position, line))
        });
        lines.filter_map(|(position, line)| Some((position, mapping(line)?)))
    }

    /// The mapping whose line is at an offset.
    pub(crate) fn at_position(&self, position: u32) -> Option<LinuxMapping<'a>> {
        let rest = self.text.as_bytes().get(usize::try_from(position).ok()?..)?;
        mapping(Utf8::new(rest).lines().next()?)
    }

    /// The lines that are not mappings, because they are truncated or the stream contains other data.
    #[must_use]
    pub fn unreadable_lines(&self) -> impl DoubleEndedIterator<Item = Utf8<'a>> + FusedIterator + Clone + use<'a> {
        self.text.lines().filter(|line| mapping(*line).is_none())
    }

    /// The first mapping that contains `address`. For many lookups, see
    /// [`Minidump::regions`](crate::Minidump::regions).
    #[must_use]
    pub fn at_address(&self, address: u64) -> Option<LinuxMapping<'a>> {
        let address = self.target.mask(address);
        self.iter().find(|mapping| mapping.addresses().contains(&address))
    }
}

impl<'a> IntoIterator for LinuxMaps<'a> {
    type Item = LinuxMapping<'a>;
    type IntoIter = LinuxMappings<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &LinuxMaps<'a> {
    type Item = LinuxMapping<'a>;
    type IntoIter = LinuxMappings<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the mappings of [`LinuxMaps`].
#[derive(Clone, Debug)]
pub struct LinuxMappings<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for LinuxMappings<'a> {
    type Item = LinuxMapping<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.lines.find_map(mapping)
    }
}

impl DoubleEndedIterator for LinuxMappings<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.lines.by_ref().rev().find_map(mapping)
    }
}

impl FusedIterator for LinuxMappings<'_> {}

impl LinuxMapping<'_> {
    /// The addresses.
    #[must_use]
    pub const fn addresses(&self) -> Range<u64> {
        self.start..self.end
    }

    /// The size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// True if the mapping is of a file, rather than of anonymous memory or a device of the kernel.
    ///
    /// Names that are made up by the kernel or Android end with a bracket (`[heap]`, `anon_inode:[perf_event]`). All
    /// other names are those of files, possibly without their folders if these were removed by a re-encoding.
    #[must_use]
    pub fn is_file(&self) -> bool {
        let path = self.path.as_bytes();
        let is_made_up = path.is_empty() || path.ends_with(b"]") && !path.starts_with(b"/");
        self.inode != 0 && !is_made_up
    }
}

impl<'a> WholeStream<'a> for LinuxMaps<'a> {
    fn stream_type(&self) -> StreamType {
        StreamType::LINUX_MAPS
    }

    fn stream_bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }
}

/// The kernel pads the columns before a path to 73 characters.
impl TextLine for LinuxMapping<'_> {
    fn put_line(&self, out: &mut Vec<u8>) {
        let letter = |flag, set, clear| if self.flags.contains(flag) { set } else { clear };
        let rights = [
            letter(LinuxMapFlags::READ, 'r', '-'),
            letter(LinuxMapFlags::WRITE, 'w', '-'),
            letter(LinuxMapFlags::EXECUTE, 'x', '-'),
            letter(LinuxMapFlags::SHARED, 's', 'p'),
        ];
        let Self { start, end, offset, device: (major, minor), inode, .. } = *self;
        let [r, w, x, p] = rights;
        let line = format!("{start:08x}-{end:08x} {r}{w}{x}{p} {offset:08x} {major:02x}:{minor:02x} {inode} ");
        if self.path.is_empty() {
            out.extend_from_slice(line.as_bytes());
        } else {
            out.extend_from_slice(format!("{line:<73}").as_bytes());
            out.extend_from_slice(self.path.as_bytes());
            out.extend_from_slice(if self.deleted { b" (deleted)" } else { b"" });
        }
        out.push(b'\n');
    }
}

impl<'a> FromStream<'a> for LinuxMaps<'a> {
    const STREAM_TYPE: StreamType = StreamType::LINUX_MAPS;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Ok(Self { text: Utf8::new(stream.present()?), target: stream.dump().target() })
    }
}

/// `00400000-0040b000 r-xp 00000000 08:01 1234       /usr/bin/app (deleted)`.
pub(crate) fn mapping(line: Utf8<'_>) -> Option<LinuxMapping<'_>> {
    worked(line.as_bytes().len() as u64);
    let mut rest = line.as_bytes();
    let (start, end) = word(&mut rest)?.split_at_byte(b'-')?;
    let flags = flags(word(&mut rest)?.as_bytes())?;
    let offset = word(&mut rest)?.hexadecimal()?;
    let (major, minor) = word(&mut rest)?.split_at_byte(b':')?;
    let number = |text: Utf8<'_>| u32::try_from(text.hexadecimal()?).ok();
    let device = (number(major)?, number(minor)?);
    let inode = word(&mut rest)?.decimal()?;
    // Spaces pad the column. The path after them may contain and end with further spaces.
    let path = rest.trim_ascii_start();
    let gone = path.strip_suffix(b" (deleted)");
    Some(LinuxMapping {
        start: start.hexadecimal()?,
        end: end.hexadecimal()?,
        flags,
        offset,
        device,
        inode,
        path: Utf8::new(gone.unwrap_or(path)),
        deleted: gone.is_some(),
    })
}

/// Takes the next word, up to white space or the end of the line.
fn word<'a>(rest: &mut &'a [u8]) -> Option<Utf8<'a>> {
    let text = rest.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end)?;
    *rest = after;
    (!word.is_empty()).then(|| Utf8::new(word))
}

/// Decodes the four letters. A hyphen means that a right is missing; the last letter is `s` or `p`.
fn flags(letters: &[u8]) -> Option<LinuxMapFlags> {
    let &[read, write, execute, sharing] = letters else {
        return None;
    };
    let rights = [
        (read, b'r', b'-', LinuxMapFlags::READ),
        (write, b'w', b'-', LinuxMapFlags::WRITE),
        (execute, b'x', b'-', LinuxMapFlags::EXECUTE),
        (sharing, b's', b'p', LinuxMapFlags::SHARED),
    ];
    rights.into_iter().try_fold(LinuxMapFlags::empty(), |flags, (letter, set, clear, flag)| match letter {
        _ if letter == set => Some(flags | flag),
        _ if letter == clear => Some(flags),
        _ => None,
    })
}
