//! Waits = connected calls by t2 − t1: those of at most each bound, the last bound being none.

use crate::ledger::Cdr;
use crate::ledger::service_level::offered;

/// Bounds of the waits, s. 15 is the limit of GB/T 33358, so that its share can be read off exactly.
pub const BOUNDS: [u64; 12] = [1, 2, 5, 8, 10, 15, 20, 30, 60, 120, 300, 600];

/// How many waited how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// Those above the bound before and up to this one; the last are above all.
    counts: [u64; BOUNDS.len() + 1],
    sum: u64,
}

impl Waits {
    pub(super) fn add(&mut self, cdr: &Cdr) {
        let Some((t1, t2)) = cdr.t1.zip(cdr.t2).filter(|_| offered(cdr)) else { return };
        let wait = super::answers::since(t1, t2);
        let place = BOUNDS.partition_point(|bound| bound * 1_000_000 < wait);
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(wait);
    }

    /// Each bound with those who waited no longer.
    pub fn cumulated(&self) -> impl Iterator<Item = (u64, u64)> {
        BOUNDS.into_iter().zip(self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }))
    }

    /// All.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Together, µs.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }
}
