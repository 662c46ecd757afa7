//! Modules of full user dumps. The entries are packed, and their size depends on their name.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::debug::debug_without_bytes;
use crate::format::full_user_dump::{CrashModule32, CrashModule64};
use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::list::by_address::Addressed;
use crate::read::source::Source;
use crate::read::target::Target;
use crate::read::text::ansi::Ansi;
use crate::read::text::utf8::until_nul;

use crate::read::full_user_dump::dump::FullUserDump;

const WHAT: &str = "CRASH_MODULE";

/// A module of a [`FullUserDump`]. Its time stamp, version and symbols are only in its image in memory.
#[derive(Clone, Copy)]
pub struct UserModule<'a> {
    raw: CrashModule64,
    target: Target,
    /// The file offset of the entry.
    offset: u64,
    /// The file offset of the name.
    name_offset: u64,
    /// The part of the name that is in the file.
    name: &'a [u8],
}

debug_without_bytes!(UserModule { raw, offset; name });

impl<'a> UserModule<'a> {
    /// Returns the same entry for other bytes of the same size.
    pub(crate) fn rebound<'b>(&self, source: Source<'b>) -> UserModule<'b> {
        let Self { raw, target, offset, name_offset, .. } = *self;
        let name = Bytes::new(source, ByteOrder::Little).clipped(name_offset, raw.image_name_length.into());
        UserModule { raw, target, offset, name_offset, name }
    }

    /// Returns the entry without its name; an entry of the 32-bit format is zero-extended.
    #[must_use]
    pub const fn raw(&self) -> &CrashModule64 {
        &self.raw
    }

    /// Returns the file offset of the entry, in bytes.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the file offset of the end of the entry, according to its name length.
    pub(super) const fn end(&self) -> u64 {
        self.name_offset.saturating_add(self.raw.image_name_length as u64)
    }

    /// Returns the address of the first byte, as in the file.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.raw.base_of_image
    }

    /// Returns the size in memory, in bytes.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.raw.size_of_image
    }

    /// Returns the file name, usually with its folder, without its NUL.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn name(&self) -> Result<Ansi<'a>, ReadError> {
        let (needed, available) = (self.raw.image_name_length.into(), self.name.len() as u64);
        if available < needed {
            return Err(ReadError::Truncated { what: "ImageName", offset: self.name_offset, needed, available });
        }
        Ok(Ansi::new(until_nul(self.name)))
    }

    /// True if the module contains `address`.
    #[must_use]
    pub fn contains(&self, address: u64) -> bool {
        self.target.has(self.base(), self.size().into(), address)
    }
}

impl Addressed for UserModule<'_> {
    fn base(&self) -> u64 {
        self.raw.base_of_image
    }

    fn size(&self) -> u64 {
        self.raw.size_of_image.into()
    }
}

/// The modules of a [`FullUserDump`]: all complete entries, except that the name of the last one may be truncated.
#[derive(Clone, Debug)]
pub struct UserModules<'a> {
    dump: FullUserDump<'a>,
    offset: u64,
    left: u32,
}

impl<'a> UserModules<'a> {
    const fn new(dump: FullUserDump<'a>) -> Self {
        let header = dump.header();
        Self { dump, offset: header.module_offset, left: header.module_count }
    }

    /// Returns the number of modules that the header declares.
    #[must_use]
    pub const fn declared_len(&self) -> u32 {
        self.dump.header().module_count
    }

    /// Returns an error if the file has fewer modules than the header declares. This iterates over all modules.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        let mut all = Self::new(self.dump);
        let last = all.by_ref().last();
        let name = last.and_then(|module| module.name().err());
        let header_size = self.dump.width(CrashModule32::SIZE, CrashModule64::SIZE);
        let missing = || {
            // The header is at position 0.
            let room = if all.offset == 0 { 0 } else { header_size };
            let available = self.dump.bytes().available(all.offset, room);
            ReadError::Truncated { what: WHAT, offset: all.offset, needed: header_size, available }
        };
        name.or_else(|| (all.left > 0).then(missing))
    }
}

impl<'a> Iterator for UserModules<'a> {
    type Item = UserModule<'a>;

    fn next(&mut self) -> Option<UserModule<'a>> {
        // The header is at position 0, so there are no modules.
        if self.left == 0 || self.offset == 0 {
            return None;
        }
        let (bytes, offset) = (self.dump.bytes(), self.offset);
        let raw: Option<CrashModule64> = match self.dump.is_64_bit() {
            true => bytes.read(WHAT, offset).ok(),
            false => bytes.read::<CrashModule32>(WHAT, offset).ok().map(CrashModule64::from),
        };
        let raw = raw?;
        self.left -= 1;
        // The header of the entry is in the file, so this does not overflow.
        let name_offset = offset + self.dump.width(CrashModule32::SIZE, CrashModule64::SIZE);
        let name = bytes.clipped(name_offset, raw.image_name_length.into());
        self.offset = name_offset + u64::from(raw.image_name_length);
        Some(UserModule { raw, target: self.dump.target(), offset, name_offset, name })
    }
}

impl FusedIterator for UserModules<'_> {}

impl<'a> FullUserDump<'a> {
    /// Returns the modules in the order of the file, which is usually that of their addresses.
    #[must_use]
    pub const fn modules(&self) -> UserModules<'a> {
        UserModules::new(*self)
    }
}
