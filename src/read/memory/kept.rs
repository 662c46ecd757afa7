//! The index of memory, kept without the bytes.

use crate::read::memory::by_address::Memory;

kept_index! {
    /// The index of memory without the bytes of the dump, to be kept beside them.
    ///
    /// [`Memory`] borrows the file, so that it cannot be in one structure with its owner. What takes time to build, and what is
    /// unpacked of compressed memory, is in this index, which borrows nothing. It is bound to the bytes for each use, or
    /// once for some of them: bytes that are lent live as long as the bound memory.
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
