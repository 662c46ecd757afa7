//! The target of a dump: its processor and operating system, which determine the form of addresses and registers.

use crate::format::processor::Processor;
use crate::format::{PlatformId, ProcessorArchitecture};

use crate::read::interval::Interval;

/// The processor and operating system of the dumped process, as far as they are recorded.
///
/// # Examples
///
/// ```
/// use userdump::format::ProcessorArchitecture;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let target = dump.target();
/// assert!(target.is_windows() && target.architecture == Some(ProcessorArchitecture::AMD64));
/// assert_eq!(target.pointer_size(), 8);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Target {
    /// The architecture in the first system information stream; `None` without one.
    pub architecture: Option<ProcessorArchitecture>,
    /// The platform in the same stream.
    pub platform: Option<PlatformId>,
}

impl Target {
    /// The properties of the processor. Without a known architecture, most of them are empty.
    #[inline]
    #[must_use]
    pub fn processor(&self) -> &'static Processor {
        self.architecture.unwrap_or(ProcessorArchitecture::UNKNOWN).processor()
    }

    /// The size of a pointer in bytes: 4 or 8; 8 if the architecture is unknown.
    #[inline]
    #[must_use]
    pub fn pointer_size(&self) -> u32 {
        self.processor().pointer_size
    }

    /// True if addresses have 32 bits.
    #[must_use]
    pub fn is_32_bit(&self) -> bool {
        self.pointer_size() == 4
    }

    /// True if the process ran on Windows.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.platform.is_some_and(|platform| platform.is_windows())
    }

    /// An address in the form in which addresses are compared: without the upper half on 32-bit targets.
    #[must_use]
    pub fn mask(&self, address: u64) -> u64 {
        address & self.last_address()
    }

    /// The highest address of the target.
    #[must_use]
    pub fn last_address(&self) -> u64 {
        if self.is_32_bit() { u32::MAX.into() } else { u64::MAX }
    }

    /// The `size` addresses from `base` on, in the form in which addresses are compared, limited to the highest
    /// address; `None` if `size` is 0.
    pub(crate) fn interval(&self, base: u64, size: u64) -> Option<Interval> {
        let Interval { start, last } = Interval::new(self.mask(base), size)?;
        Some(Interval { start, last: last.min(self.last_address()) })
    }

    /// True if the `size` addresses from `base` on include `address`.
    pub(crate) fn has(&self, base: u64, size: u64, address: u64) -> bool {
        self.interval(base, size).is_some_and(|interval| interval.has(self.mask(address)))
    }

    /// The address `distance` bytes above `base`; `None` if it is above the highest address, because addresses do not
    /// wrap around.
    #[cfg(feature = "std")]
    pub(crate) fn above(&self, base: u64, distance: u64) -> Option<u64> {
        base.checked_add(distance).filter(|&address| address <= self.last_address())
    }

    /// An address as Windows debuggers write it: the upper half of a 32-bit address repeats bit 31.
    #[must_use]
    pub fn sign_extend(&self, address: u64) -> u64 {
        match self.mask(address) {
            low if self.is_32_bit() && low & 0x8000_0000 != 0 => low | 0xffff_ffff_0000_0000,
            low => low,
        }
    }
}
