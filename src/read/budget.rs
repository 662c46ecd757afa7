//! A limit on the work, memory and output that a file can cause.

use crate::error::ReadError;
use crate::read::work::worked;

/// The budget for one kind of work, in bytes that are examined, kept or written.
///
/// References in a valid dump lead to different bytes, so that following all of them costs about the size of the file.
/// In a hostile dump, thousands can lead to the same bytes. Work is charged before it is done. After the first charge
/// that does not fit, all later ones fail too, because repeated attempts could take longer than the work itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    limit: u64,
    /// `None` once a charge has failed.
    left: Option<u64>,
}

impl Budget {
    /// A budget of `factor` times the size of the file.
    pub(crate) const fn times(file_size: u64, factor: u64) -> Self {
        Self::new(file_size.saturating_mul(factor))
    }

    /// A budget of `limit` bytes.
    #[cfg(feature = "std")]
    pub(crate) const fn bytes(limit: u64) -> Self {
        Self::new(limit)
    }

    /// The same budget, increased by a constant.
    #[cfg(feature = "std")]
    pub(crate) const fn plus(self, constant: u64) -> Self {
        Self::new(self.limit.saturating_add(constant))
    }

    /// A budget that is already spent.
    #[cfg(feature = "std")]
    pub(crate) const fn spent() -> Self {
        Self { limit: 0, left: None }
    }

    const fn new(limit: u64) -> Self {
        Self { limit, left: Some(limit) }
    }

    /// True once a charge has failed.
    pub(crate) const fn is_spent(&self) -> bool {
        self.left.is_none()
    }

    /// True if at least `cost` is left.
    #[cfg(feature = "std")]
    pub(crate) fn has(&self, cost: u64) -> bool {
        self.left.is_some_and(|left| left >= cost)
    }

    /// Charges the cost of the data at `offset` in the file.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if the cost does not fit, or if an earlier charge failed.
    pub(crate) fn charge(&mut self, what: &'static str, offset: u64, cost: u64) -> Result<(), ReadError> {
        worked(1);
        self.left = self.left.and_then(|left| left.checked_sub(cost));
        self.left.map(drop).ok_or(ReadError::BudgetSpent { what, offset, limit: self.limit })
    }
}
