//! The index of memory without the bytes.

use crate::read::memory::by_address::Memory;

kept_index! {
    /// The index of memory without the bytes of the dump, to be stored next to them.
    ///
    /// [`Memory`] borrows the file, so the two cannot be in the same structure. This index contains everything that takes
    /// time to build, including the decompressed memory, but borrows nothing. To use it, bind it to the bytes, once for
    /// each use or once for several: bytes that are returned by reference live as long as the bound memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::read::memory::MemoryIndex;
    /// use userdump::{Dump, ReadError};
    ///
    /// struct Session {
    ///     file: Vec<u8>,
    ///     memory: MemoryIndex,
    /// }
    ///
    /// impl Session {
    ///     fn new(file: Vec<u8>) -> Result<Self, ReadError> {
    ///         let memory = Dump::parse(&file)?.memory().index();
    ///         Ok(Self { file, memory })
    ///     }
    ///
    ///     fn pointer(&self, address: u64) -> Option<u64> {
    ///         self.memory.bind(&self.file).read_pointer(address)
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut dump = userdump::MinidumpBuilder::new();
    /// # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, &[0x10, 0, 0x20, 0, 0, 0, 0, 0]));
    /// # let mut file = Vec::new();
    /// # dump.plan()?.write_to(&mut file)?;
    /// let session = Session::new(file)?;
    /// assert_eq!(session.pointer(0x20_0000), Some(0x20_0010));
    /// # Ok(())
    /// # }
    /// ```
    pub struct MemoryIndex of Memory
}
