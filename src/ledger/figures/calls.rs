//! A cell = every figure over the same calls, each of them once.

use super::abandoned::is_abandoned;
use super::answers::Answers;
use super::grades::Grades;
use super::outcomes::Outcomes;
use super::talk::talked;
use super::transfers::Transfers;
use crate::ledger::Cdr;
use crate::ledger::service_level::Figures;

/// The figures over some calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// How they ended.
    pub outcomes: Outcomes,
    /// Offered, connected, in 15 s.
    pub level: Figures,
    /// How long they waited.
    pub answers: Answers,
    /// Given up by their caller.
    pub abandoned: u64,
    /// Caller and person had each other, µs in all.
    pub talk: u64,
    /// Passed on.
    pub transfers: Transfers,
    /// What their callers say.
    pub grades: Grades,
}

impl Calls {
    /// Counts a call in.
    pub fn add(&mut self, cdr: &Cdr) {
        self.outcomes.add(cdr.outcome);
        self.level.add(cdr);
        self.answers.add(cdr);
        self.abandoned += u64::from(is_abandoned(cdr));
        self.talk = self.talk.saturating_add(talked(cdr));
        self.transfers.add(cdr);
        self.grades.add(cdr);
    }

    /// Counts other calls in.
    pub fn merge(&mut self, other: &Self) {
        self.outcomes.merge(&other.outcomes);
        self.level.merge(&other.level);
        self.answers.merge(&other.answers);
        self.abandoned += other.abandoned;
        self.talk = self.talk.saturating_add(other.talk);
        self.transfers.merge(&other.transfers);
        self.grades.merge(&other.grades);
    }
}
