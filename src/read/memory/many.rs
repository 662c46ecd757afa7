//! Reads at many addresses at once.

use crate::read::bytes::ByteOrder;
use crate::read::memory::by_address::Memory;
use crate::read::memory::pieces::Piece;
use crate::read::memory::search_table::GROUP;
use crate::read::work::worked;

/// Reads at many addresses in one call.
///
/// These methods return what the methods for one address return, for any addresses in any order, but look up many
/// addresses together. If the ranges or their bytes are not in the cache of the processor, this is several times
/// faster, because it waits for many of them at the same time. They allocate nothing.
///
/// They are for tools that know many addresses before they read: the words of a stack that may be pointers, all objects
/// of a generation of a heap, the next fields of many lists.
///
/// `values[i]` is what is at `addresses[i]`. If `values` is longer, the rest becomes `None`; if it is shorter, the
/// other addresses are not read.
impl Memory<'_> {
    /// Reads the 32-bit integers at all `addresses`, like [`Memory::read_u32`].
    pub fn read_u32s(&self, addresses: &[u64], values: &mut [Option<u32>]) {
        match self.byte_order() {
            ByteOrder::Little => self.read_each(addresses, values, u32::from_le_bytes),
            ByteOrder::Big => self.read_each(addresses, values, u32::from_be_bytes),
        }
    }

    /// Reads the 64-bit integers at all `addresses`, like [`Memory::read_u64`].
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::Minidump;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bytes = [0x20_0008_u64, 7].map(u64::to_le_bytes).concat();
    /// # let mut dump = userdump::MinidumpBuilder::new();
    /// # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, &bytes));
    /// # let mut file = Vec::new();
    /// # dump.plan()?.write_to(&mut file)?;
    /// let dump = Minidump::parse(&file)?;
    /// let memory = dump.memory();
    /// let mut values = [None; 3];
    /// memory.read_u64s(&[0x20_0008, 0x20_0000, 0x7fff_0000], &mut values);
    /// assert_eq!(values, [Some(7), Some(0x20_0008), None]); // the dump does not have the last one
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_u64s(&self, addresses: &[u64], values: &mut [Option<u64>]) {
        match self.byte_order() {
            ByteOrder::Little => self.read_each(addresses, values, u64::from_le_bytes),
            ByteOrder::Big => self.read_each(addresses, values, u64::from_be_bytes),
        }
    }

    /// Reads the pointers at all `addresses`, like [`Memory::read_pointer`].
    pub fn read_pointers(&self, addresses: &[u64], values: &mut [Option<u64>]) {
        if self.target().pointer_size() == 8 {
            return self.read_u64s(addresses, values);
        }
        match self.byte_order() {
            ByteOrder::Little => self.read_each(addresses, values, |bytes| u32::from_le_bytes(bytes).into()),
            ByteOrder::Big => self.read_each(addresses, values, |bytes| u32::from_be_bytes(bytes).into()),
        }
    }

    /// Reads `N` bytes at each of the `addresses`, like [`Memory::read_array`].
    pub fn read_arrays<const N: usize>(&self, addresses: &[u64], values: &mut [Option<[u8; N]>]) {
        self.read_each(addresses, values, |bytes| bytes);
    }

    fn read_each<const N: usize, V>(&self, addresses: &[u64], values: &mut [Option<V>], decode: impl Fn([u8; N]) -> V) {
        let mut values = values.iter_mut();
        self.in_groups(addresses, N as u64, |found| {
            let Some(value) = values.next() else { return false };
            *value = match self.plain(found.place).and_then(|bytes| bytes.first_chunk()) {
                Some(bytes) => Some(decode(*bytes)),
                None => found.pieces.first().and_then(|piece| self.elsewhere(piece, found.address)).map(&decode),
            };
            true
        });
        values.for_each(|value| *value = None);
    }

    /// Copies bytes from each of the `addresses` on into the buffer with the same index, like [`Memory::read`], and
    /// stores the numbers of bytes copied in `counts`.
    ///
    /// The buffers can be arrays, vectors or slices, and need not have the same size. As many reads take place as there
    /// are addresses, buffers and counts. Counts beyond that become 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::Minidump;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut dump = userdump::MinidumpBuilder::new();
    /// # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, b"abcdefgh"));
    /// # let mut file = Vec::new();
    /// # dump.plan()?.write_to(&mut file)?;
    /// let dump = Minidump::parse(&file)?;
    /// let (mut headers, mut counts) = ([[0; 4]; 3], [0; 3]);
    /// dump.memory().read_many(&[0x20_0001, 0x20_0006, 0x30_0000], &mut headers, &mut counts);
    /// assert_eq!(counts, [4, 2, 0]); // the dump ends after two bytes of the second one
    /// assert_eq!(headers, [*b"bcde", *b"gh\0\0", [0; 4]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_many<B: AsMut<[u8]>>(&self, addresses: &[u64], bufs: &mut [B], counts: &mut [usize]) {
        let mut bufs = bufs.iter_mut();
        let mut counts = counts.iter_mut();
        self.in_groups(addresses, 1, |found| {
            let Some(buf) = bufs.next() else { return false };
            let Some(count) = counts.next() else { return false };
            let first = found.pieces.split_first();
            *count = first.map_or(0, |(piece, next)| self.read_in(piece, next, found.address, buf.as_mut()));
            true
        });
        counts.for_each(|count| *count = 0);
    }

    /// Looks up all addresses, and passes the results to `visit` until it returns false.
    #[inline]
    fn in_groups(&self, addresses: &[u64], size: u64, mut visit: impl FnMut(Found<'_>) -> bool) {
        let (mut masked, mut pieces, mut places) = ([0; GROUP], [&[][..]; GROUP], [0; GROUP]);
        for group in addresses.chunks(GROUP) {
            worked(group.len() as u64);
            for (masked, address) in masked.iter_mut().zip(group) {
                *masked = self.mask(*address);
            }
            let masked = masked.get(..group.len()).unwrap_or_default();
            self.pieces().get_all(masked, &mut pieces);
            for ((place, address), pieces) in places.iter_mut().zip(masked).zip(&pieces) {
                *place = pieces.first().and_then(|piece: &Piece| piece.holds(*address, size)).unwrap_or(NOWHERE);
            }
            let found = masked.iter().zip(&pieces).zip(&places);
            let mut found = found.map(|((&address, &pieces), &place)| Found { address, pieces, place });
            if !found.all(&mut visit) {
                return;
            }
        }
    }
}

/// A place that is beyond the end of every file.
const NOWHERE: u64 = u64::MAX;

/// What is known about an address before its bytes are read.
#[derive(Clone, Copy)]
struct Found<'m> {
    /// The address as the index has it.
    address: u64,
    /// The piece that contains the address and those after it; empty if there is none.
    pieces: &'m [Piece],
    /// The place of its bytes if a single piece contains them.
    place: u64,
}
