//! By group: visits = answered + overflowed + abandoned + ended by us, each visit to its queue once.
//!
//! Answered: somebody was connected in the moment in which the visit ended. Overflowed: it went on to the plan's next step, and be
//! that a release. Abandoned: the caller hung up in it. The rest ended by us: a crash, a drain, an operator's hang-up.

use super::answers::since;
use super::grades::{Grades, is_about};
use crate::fact::Party;
use crate::ledger::{Attempt, Cdr, Visit};

/// The limit of GB/T 33358, µs; here from the visit's beginning.
const IN_TIME: u64 = 15_000_000;

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody answered.
    Answered,
    /// The call went on to the next step.
    Overflowed,
    /// The caller hung up.
    Abandoned,
    /// The switch ended the call.
    ByUs,
}

/// The visits to one group's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visits {
    /// All.
    pub visits: u64,
    /// Answered.
    pub answered: u64,
    /// Of these, within 15.000 s of the visit's beginning.
    pub in_15s: u64,
    /// Went on.
    pub overflowed: u64,
    /// Given up.
    pub abandoned: u64,
    /// Ended by the switch.
    pub ended: u64,
    /// Until the answer, µs in all.
    pub waited: u64,
    /// The longest visit, µs.
    pub longest: u64,
    /// With whoever answered, until he left or the call ended, µs in all.
    pub talk: u64,
    /// What callers say.
    pub grades: Grades,
}

impl Visits {
    pub(super) fn add(&mut self, cdr: &Cdr, visit: &Visit) {
        let lasted = since(visit.at, visit.end.unwrap_or(cdr.end));
        self.visits += 1;
        self.longest = self.longest.max(lasted);
        if is_about(cdr, visit) {
            self.grades.add(cdr);
        }
        let answer = answer(cdr, visit);
        match how(cdr, visit, answer) {
            Ended::Overflowed => self.overflowed += 1,
            Ended::Abandoned => self.abandoned += 1,
            Ended::ByUs => self.ended += 1,
            Ended::Answered => {
                self.answered += 1;
                self.in_15s += u64::from(lasted <= IN_TIME);
                self.waited = self.waited.saturating_add(lasted);
                let talk = answer.and_then(|a| Some(since(a.connected?, a.end.unwrap_or(cdr.end))));
                self.talk = self.talk.saturating_add(talk.unwrap_or(0));
            }
        }
    }

    /// Counts other visits in.
    pub fn merge(&mut self, other: &Self) {
        self.visits += other.visits;
        self.answered += other.answered;
        self.in_15s += other.in_15s;
        self.overflowed += other.overflowed;
        self.abandoned += other.abandoned;
        self.ended += other.ended;
        self.waited = self.waited.saturating_add(other.waited);
        self.longest = self.longest.max(other.longest);
        self.talk = self.talk.saturating_add(other.talk);
        self.grades.merge(&other.grades);
    }

    /// Each way of ending with its visits: their sum is all visits.
    #[must_use]
    pub fn by_end(&self) -> [(&'static str, u64); 4] {
        [
            ("answered", self.answered),
            ("overflowed", self.overflowed),
            ("abandoned", self.abandoned),
            ("ended", self.ended),
        ]
    }
}

impl Ended {
    /// How this visit of a call ended.
    #[must_use]
    pub fn of(cdr: &Cdr, visit: &Visit) -> Self {
        how(cdr, visit, answer(cdr, visit))
    }
}

/// Who answered it.
fn answer<'c>(cdr: &'c Cdr, visit: &Visit) -> Option<&'c Attempt> {
    let at = visit.end.filter(|_| visit.overflow.is_none())?;
    cdr.attempts.iter().find(|a| a.connected == Some(at))
}

fn how(cdr: &Cdr, visit: &Visit, answer: Option<&Attempt>) -> Ended {
    match (visit.overflow, answer, cdr.by) {
        (Some(_), ..) => Ended::Overflowed,
        (None, Some(_), _) => Ended::Answered,
        (None, None, Party::Caller) => Ended::Abandoned,
        (None, None, Party::Callee | Party::Switch) => Ended::ByUs,
    }
}
