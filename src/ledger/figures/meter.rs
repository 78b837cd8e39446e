//! Meters = counters since the start, for whoever takes differences: they never go down while the daemon runs.

use super::tally::Tally;
use super::wait::Waits;
use crate::ledger::Cdr;
use std::sync::Arc;

/// What has ended since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meter {
    /// Calls, visits and answers.
    pub tally: Arc<Tally>,
    /// How long callers waited for a person.
    pub waits: Waits,
}

impl Meter {
    /// Counts a call in.
    pub fn add(&mut self, cdr: &Cdr) {
        Arc::make_mut(&mut self.tally).add(cdr);
        self.waits.add(cdr);
    }
}
