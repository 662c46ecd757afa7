//! Memory information records.

use crate::format;
use crate::format::MemoryProtection;
use crate::format::memory::{MemoryState, MemoryType};

use crate::write::builder::MinidumpBuilder;
use crate::write::entries::content::AddTo;

/// A region of the address space, for [`MinidumpBuilder::add`].
///
/// # Examples
///
/// ```
/// use userdump::format::MemoryProtection;
/// use userdump::write::{MemoryInfo, MinidumpBuilder};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = MinidumpBuilder::new();
/// dump.add(MemoryInfo::new(0x20_0000, 0x1000).protect(MemoryProtection::EXECUTE_READ));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let regions = userdump::Dump::parse(&file)?.regions();
/// assert_eq!(regions.at_address(0x20_0010).unwrap().protection().to_string(), "EXECUTE_READ");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MemoryInfo(format::MemoryInfo);

impl MemoryInfo {
    /// Creates a region of `size` bytes at `base`. By default it is committed, private, readable and writable, and an
    /// allocation by itself.
    #[must_use]
    pub fn new(base: u64, size: u64) -> Self {
        let (state, memory_type) = (MemoryState::COMMIT.bits(), MemoryType::PRIVATE.bits());
        let protect = MemoryProtection::READ_WRITE.bits();
        Self(format::MemoryInfo {
            base_address: base,
            allocation_base: base,
            allocation_protect: protect,
            region_size: size,
            state,
            protect,
            memory_type,
            ..Default::default()
        })
    }

    /// Sets the base address of the allocation that contains the region, and its initial protection.
    #[must_use]
    pub fn allocation(mut self, base: u64, protect: MemoryProtection) -> Self {
        (self.0.allocation_base, self.0.allocation_protect) = (base, protect.bits());
        self
    }

    /// Sets the state. For a free region, allocation and type are cleared; for a reserved region, the protection.
    #[must_use]
    pub fn state(mut self, state: MemoryState) -> Self {
        self.0.state = state.bits();
        if state == MemoryState::FREE {
            let no_access = MemoryProtection::NO_ACCESS.bits();
            (self.0.allocation_base, self.0.allocation_protect, self.0.memory_type, self.0.protect) =
                (0, 0, 0, no_access);
        } else if state == MemoryState::RESERVE {
            self.0.protect = 0;
        }
        self
    }

    /// Sets the protection of the pages and of the allocation.
    #[must_use]
    pub fn protect(mut self, protect: MemoryProtection) -> Self {
        (self.0.protect, self.0.allocation_protect) = (protect.bits(), protect.bits());
        self
    }

    /// Sets the type: private, mapped or image.
    #[must_use]
    pub fn memory_type(mut self, memory_type: MemoryType) -> Self {
        self.0.memory_type = memory_type.bits();
        self
    }
}

impl<'a> AddTo<'a> for MemoryInfo {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        dump.memory_info(self.0);
    }
}
