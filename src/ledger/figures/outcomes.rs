//! Outcomes: calls = Σ over the closed list of [`Outcome`]s; each call has exactly one.

use crate::fact::Outcome;

/// How many calls ended in each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcomes([u64; Outcome::ALL.len()]);

impl Outcomes {
    pub(super) fn add(&mut self, outcome: Outcome) {
        if let Some(count) = self.0.get_mut(outcome as usize) {
            *count += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }

    /// All calls.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each outcome with its calls, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL.into_iter().zip(self.0)
    }
}
