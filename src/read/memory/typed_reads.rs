//! Reads integers, pointers and strings from memory.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::read::bytes::ByteOrder;
use crate::read::memory::by_address::Memory;
use crate::read::text::utf16::Utf16;

impl Memory<'_> {
    /// Reads the byte at `address`; `None` if it is not in the dump.
    #[inline]
    pub fn read_u8(&self, address: u64) -> Option<u8> {
        self.array(address).map(u8::from_le_bytes)
    }

    /// Reads the 16-bit integer at `address`, in the byte order of the file.
    #[inline]
    #[must_use]
    pub fn read_u16(&self, address: u64) -> Option<u16> {
        self.array(address).map(|bytes| match self.byte_order() {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        })
    }

    /// Reads the 32-bit integer at `address`, in the byte order of the file.
    #[inline]
    #[must_use]
    pub fn read_u32(&self, address: u64) -> Option<u32> {
        self.array(address).map(|bytes| match self.byte_order() {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        })
    }

    /// Reads the 64-bit integer at `address`, in the byte order of the file.
    #[inline]
    #[must_use]
    pub fn read_u64(&self, address: u64) -> Option<u64> {
        self.array(address).map(|bytes| match self.byte_order() {
            ByteOrder::Little => u64::from_le_bytes(bytes),
            ByteOrder::Big => u64::from_be_bytes(bytes),
        })
    }

    /// Reads the integer of `width` bytes (1, 2, 4 or 8) at `address`, in the byte order of the file.
    ///
    /// `None` if any of its bytes is not in the dump, or for any other width.
    #[inline]
    pub fn read_integer(&self, address: u64, width: u32) -> Option<u64> {
        match width {
            1 => self.read_u8(address).map(u64::from),
            2 => self.read_u16(address).map(u64::from),
            4 => self.read_u32(address).map(u64::from),
            8 => self.read_u64(address),
            _ => None,
        }
    }

    /// Reads the `N` bytes at `address`; `None` if any of them is not in the dump, or if no range contains `address`.
    #[inline]
    #[must_use]
    pub fn read_array<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        self.array(address)
    }

    /// Reads the pointer at `address`, which has 4 or 8 bytes depending on the target, zero-extended.
    #[inline]
    #[must_use]
    pub fn read_pointer(&self, address: u64) -> Option<u64> {
        self.read_integer(address, self.target().pointer_size())
    }

    /// Reads the NUL-terminated bytes at `address`, and returns them without the NUL. `None` if there is no NUL in the
    /// first `limit` bytes, or in the contiguous bytes of the dump.
    ///
    /// The result is borrowed if its bytes are contiguous in the file, as they usually are.
    pub fn read_c_string(&self, address: u64, limit: u64) -> Option<Cow<'_, [u8]>> {
        let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
        let first = self.rest_of_range(address)?;
        let start = first.get(..left).unwrap_or(first);
        if let Some(end) = start.iter().position(|&byte| byte == 0) {
            return start.get(..end).map(Cow::Borrowed);
        }
        if let Some(all) = self.contiguous(address, limit).filter(|all| all.len() > start.len()) {
            if let Some(end) = all.iter().position(|&byte| byte == 0) {
                return all.get(..end).map(Cow::Borrowed);
            }
        }
        let mut text: Cow<'_, [u8]> = Cow::Borrowed(&[]);
        for mut part in self.chunks_at(address) {
            let count = part.len().min(left);
            let end = part.iter().take(count).position(|&byte| byte == 0);
            cut(&mut part, end.unwrap_or(count));
            if text.is_empty() {
                text = part;
            } else {
                text.to_mut().extend_from_slice(&part);
            }
            if end.is_some() {
                return Some(text);
            }
            left -= count;
            if left == 0 {
                break;
            }
        }
        None
    }

    /// Reads the NUL-terminated UTF-16 string at `address`, and returns it without the NUL. `None` if there is no NUL
    /// in the first `limit` code units, or in the contiguous bytes of the dump. Unpaired surrogates are replaced by
    /// U+FFFD.
    #[must_use]
    pub fn read_utf16_c_string(&self, address: u64, limit: u64) -> Option<String> {
        if let Some(text) = self.utf16_c_string(address, limit) {
            return Some(text.to_string_lossy());
        }
        let order = self.byte_order();
        let unit = |pair: [u8; 2]| match order {
            ByteOrder::Little => u16::from_le_bytes(pair),
            ByteOrder::Big => u16::from_be_bytes(pair),
        };
        let mut chunks = self.chunks_at(address);
        let (mut chunk, mut at): (Cow<'_, [u8]>, usize) = (Cow::Borrowed(&[]), 0);
        let mut next = move || {
            while at == chunk.len() {
                (chunk, at) = (chunks.next()?, 0);
            }
            at += 1;
            chunk.get(at - 1).copied()
        };
        let mut units: Vec<u16> = Vec::new();
        for _ in 0..limit {
            match unit([next()?, next()?]) {
                0 => return Some(String::from_utf16_lossy(&units)),
                unit => units.push(unit),
            }
        }
        None
    }

    /// Returns the NUL-terminated UTF-16 string at `address` without the NUL, borrowed. `None` as for
    /// [`Memory::read_utf16_c_string`], and if its bytes are not contiguous in the file.
    #[must_use]
    pub fn utf16_c_string(&self, address: u64, limit: u64) -> Option<Utf16<'_>> {
        let within = |bytes: &'_ [u8]| {
            let pairs = bytes.chunks_exact(2).take(usize::try_from(limit).unwrap_or(usize::MAX));
            pairs.into_iter().position(|pair| pair == [0, 0])
        };
        let mut bytes = self.rest_of_range(address)?;
        let mut end = within(bytes);
        if end.is_none() {
            bytes = self.contiguous(address, limit.saturating_mul(2)).filter(|all| all.len() > bytes.len())?;
            end = within(bytes);
        }
        Some(Utf16::new(bytes.get(..2 * end?)?, self.byte_order()))
    }

    /// Returns the UTF-16 string of `size` bytes at `address`, as described by a `UNICODE_STRING` of the process.
    ///
    /// `None` if the dump does not have all bytes, or not contiguously in the file; in the latter case, use
    /// [`Memory::read`].
    #[must_use]
    pub fn utf16(&self, address: u64, size: u64) -> Option<Utf16<'_>> {
        self.slice(address, size).map(|bytes| Utf16::new(bytes, self.byte_order()))
    }
}

/// Truncates to the first `count` bytes. There must be at least that many.
fn cut(bytes: &mut Cow<'_, [u8]>, count: usize) {
    match bytes {
        Cow::Borrowed(bytes) => *bytes = bytes.get(..count).unwrap_or_default(),
        Cow::Owned(bytes) => bytes.truncate(count),
    }
}
