//! By traffic: the city's calls and the province's apart (12333 and 12393 carry both), each call once.

use super::calls::Calls;
use crate::ledger::{Cdr, Traffic};

/// Both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// The city's own.
    pub city: Calls,
    /// From elsewhere in the province.
    pub province: Calls,
}

impl Split {
    pub(super) fn add(&mut self, cdr: &Cdr) {
        match cdr.traffic {
            Traffic::City => self.city.add(cdr),
            Traffic::Province => self.province.add(cdr),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.city.merge(&other.city);
        self.province.merge(&other.province);
    }
}
