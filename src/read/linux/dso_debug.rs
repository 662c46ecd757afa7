//! The shared objects that the dynamic linker has loaded.

use crate::error::ReadError;
use crate::format::linux::{
    DsoDebug32, DsoDebug64, DsoDebug64Packed, DsoDebugLayout, LinkMap32, LinkMap64, LinkMap64Packed,
};
use crate::format::{Rva, StreamType};
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf16::Utf16;

use crate::read::linux::auxv::words;

/// The RVA that Breakpad writes if there is no link map.
const NO_MAP: Rva = Rva::MAX;

/// The shared objects that the dynamic linker has loaded, in the form that debuggers expect in a core file.
#[derive(Clone, Copy, Debug)]
pub struct LinuxDsoDebug<'a> {
    stream: RawStream<'a>,
    layout: DsoDebugLayout,
    /// The header, zero-extended to 64 bits.
    head: DsoDebug64,
}

/// The layout of a stream of link maps. It depends on the architecture and, for 64-bit processes, on the size.
///
/// The dynamic section consists of 16-byte pairs of words, so the size of the stream modulo 16 is that of the header,
/// which minidump-writer packs and Breakpad aligns.
pub(crate) fn layout(stream: &RawStream<'_>) -> DsoDebugLayout {
    const ENTRY: u64 = 2 * size_of::<u64>() as u64;

    if stream.dump().target().is_32_bit() {
        DsoDebugLayout::Bits32
    } else if stream.declared_size() % ENTRY == DsoDebug64Packed::SIZE as u64 % ENTRY {
        DsoDebugLayout::Bits64Packed
    } else {
        DsoDebugLayout::Bits64
    }
}

impl<'a> LinuxDsoDebug<'a> {
    /// The layout of the stream.
    #[must_use]
    pub const fn layout(&self) -> DsoDebugLayout {
        self.layout
    }

    /// The version of the protocol between linker and debugger; 1.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.head.version
    }

    /// The address of the function that the linker calls when the link map changes.
    #[must_use]
    pub const fn brk(&self) -> u64 {
        self.head.brk
    }

    /// The address at which the linker is loaded.
    #[must_use]
    pub const fn ldbase(&self) -> u64 {
        self.head.ldbase
    }

    /// The address of the dynamic section of the program.
    #[must_use]
    pub const fn dynamic(&self) -> u64 {
        self.head.dynamic
    }

    /// The bytes of the program's dynamic section in memory.
    #[must_use]
    pub fn dynamic_section(&self) -> &'a [u8] {
        self.stream.bytes().get(self.layout.header_size()..).unwrap_or_default()
    }

    /// The tags and values of the dynamic section, up to its end (tag 0).
    pub fn dynamic_entries(&self) -> impl Iterator<Item = (u64, u64)> + Clone + use<'a> {
        let order = self.stream.dump().byte_order();
        words(self.dynamic_section(), self.layout.pointer_size(), order).take_while(|(tag, _)| *tag != 0)
    }

    /// The shared objects, starting with the program.
    #[must_use]
    pub fn link_maps(&self) -> LinkMapList<'a> {
        let size = self.layout.link_map_size() as u64;
        let (rva, count) = if self.head.map == NO_MAP { (0, 0) } else { (self.head.map, self.head.dso_count) };
        List::at(self.stream.dump(), LinkMap::LIST, rva.into(), size, count.into(), u64::from(count) * size)
    }
}

impl<'a> FromStream<'a> for LinuxDsoDebug<'a> {
    const STREAM_TYPE: StreamType = StreamType::LINUX_DSO_DEBUG;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let layout = layout(stream);
        let head = match layout {
            DsoDebugLayout::Bits32 => {
                let DsoDebug32 { version, map, dso_count, brk, ldbase, dynamic } = stream.read("MDRawDebug32", 0)?;
                let (brk, ldbase, dynamic) = (brk.into(), ldbase.into(), dynamic.into());
                DsoDebug64 { version, map, dso_count, alignment: 0, brk, ldbase, dynamic }
            }
            DsoDebugLayout::Bits64 => stream.read("MDRawDebug64", 0)?,
            DsoDebugLayout::Bits64Packed => {
                let DsoDebug64Packed { version, map, dso_count, brk, ldbase, dynamic } =
                    stream.read("MDRawDebug64", 0)?;
                DsoDebug64 { version, map, dso_count, alignment: 0, brk, ldbase, dynamic }
            }
        };
        Ok(Self { stream: *stream, layout, head })
    }
}

/// A shared object.
#[derive(Clone, Copy, Debug)]
pub struct LinkMap<'a> {
    /// The entry, zero-extended to 64 bits.
    entry: LinkMap64,
    dump: DumpBytes<'a>,
}

/// The shared objects of a process, see [`LinuxDsoDebug::link_maps`].
pub type LinkMapList<'a> = List<'a, LinkMap<'a>>;

impl<'a> LinkMap<'a> {
    /// The difference between the object's addresses in memory and in its file; 0 for a program that is loaded at its
    /// link address.
    #[must_use]
    pub const fn addr(&self) -> u64 {
        self.entry.addr
    }

    /// The address of the object's dynamic section.
    #[must_use]
    pub const fn ld(&self) -> u64 {
        self.entry.ld
    }

    /// The path; empty for the program.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    pub fn name(&self) -> Result<Utf16<'a>, ReadError> {
        self.dump.string(self.entry.name.into())
    }
}

impl<'a> Record<'a> for LinkMap<'a> {
    const LIST: &'static str = "MDRawLinkMap";
    const SIZE: u64 = LinkMap32::SIZE as u64;

    /// The three layouts have different sizes.
    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        const PACKED: u64 = LinkMap64Packed::SIZE as u64;
        let bytes = dump.bytes();
        let entry = match size {
            Self::SIZE => {
                let LinkMap32 { addr, name, ld } = bytes.read(Self::LIST, offset)?;
                LinkMap64 { addr: addr.into(), name, alignment: 0, ld: ld.into() }
            }
            PACKED => {
                let LinkMap64Packed { addr, name, ld } = bytes.read(Self::LIST, offset)?;
                LinkMap64 { addr, name, alignment: 0, ld }
            }
            _ => bytes.read(Self::LIST, offset)?,
        };
        Ok(Self { entry, dump: *dump })
    }
}
