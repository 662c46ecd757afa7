//! A bound on what a file may cost: work, memory, output.

use crate::error::ReadError;
use crate::read::work::worked;

/// What may be spent on one kind of work, in bytes that are looked at, kept or written.
///
/// References of a sound dump lead to different bytes, so that all of them together cost about what the file is long. In
/// a hostile one thousands may lead to the same bytes. Work is charged before it is done; once something did not fit,
/// nothing fits any more: trying again and again could take longer than the work itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    limit: u64,
    /// `None` from the first charge on that did not fit.
    left: Option<u64>,
}

impl Budget {
    /// So many times the size of the file.
    pub(crate) const fn times(file_size: u64, factor: u64) -> Self {
        Self::new(file_size.saturating_mul(factor))
    }

    /// So many bytes.
    #[cfg(feature = "std")]
    pub(crate) const fn bytes(limit: u64) -> Self {
        Self::new(limit)
    }

    /// The same, and so much more for any file.
    #[cfg(feature = "std")]
    pub(crate) const fn plus(self, constant: u64) -> Self {
        Self::new(self.limit.saturating_add(constant))
    }

    /// Nothing.
    #[cfg(feature = "std")]
    pub(crate) const fn spent() -> Self {
        Self { limit: 0, left: None }
    }

    const fn new(limit: u64) -> Self {
        Self { limit, left: Some(limit) }
    }

    /// True once a charge did not fit.
    pub(crate) const fn is_spent(&self) -> bool {
        self.left.is_none()
    }

    /// True if so much is left.
    #[cfg(feature = "std")]
    pub(crate) fn has(&self, cost: u64) -> bool {
        self.left.is_some_and(|left| left >= cost)
    }

    /// Takes the cost of what stands at `offset` of the file.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if it does not fit, or if something did not fit before.
    pub(crate) fn charge(&mut self, what: &'static str, offset: u64, cost: u64) -> Result<(), ReadError> {
        worked(1);
        self.left = self.left.and_then(|left| left.checked_sub(cost));
        self.left.map(drop).ok_or(ReadError::BudgetSpent { what, offset, limit: self.limit })
    }
}
