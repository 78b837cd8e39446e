//! Transfers out = transfers asked for in these calls; joined = those whose target joined the caller.

use crate::ledger::Cdr;
use crate::ledger::transfers::Fate;

/// Whom callers were passed on to is in `report transfers`; this is how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transfers {
    /// Asked for.
    pub asked: u64,
    /// Of these, joined.
    pub joined: u64,
}

impl Transfers {
    pub(super) fn add(&mut self, cdr: &Cdr) {
        self.asked += cdr.transfers.len() as u64;
        self.joined += cdr.transfers.iter().filter(|t| t.fate == Some(Fate::Joined)).count() as u64;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.asked += other.asked;
        self.joined += other.joined;
    }
}
