//! Satisfaction = grades of 3 (基本满意) and better / graded; solved = said to be solved / said whether it is.
//!
//! A call is graded once. Its grade is the call's, that of the visit whose agent served it last, and that of this agent.

use crate::ledger::{Attempt, Cdr, Visit};

/// The lowest grade of a caller who is satisfied.
const SATISFIED: usize = 3;

/// How callers were served, in their own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grades {
    /// Calls by grade, 1 (非常不满意) to 5 (非常满意).
    pub graded: [u64; 5],
    /// Their matter is solved.
    pub solved: u64,
    /// It is not.
    pub unsolved: u64,
}

impl Grades {
    pub(super) fn add(&mut self, cdr: &Cdr) {
        let Some(count) = cdr.grade.and_then(|grade| self.graded.get_mut(usize::from(grade).wrapping_sub(1))) else {
            return;
        };
        *count += 1;
        match cdr.solved {
            Some(true) => self.solved += 1,
            Some(false) => self.unsolved += 1,
            None => {}
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.graded.iter_mut().zip(other.graded).for_each(|(count, more)| *count += more);
        self.solved += other.solved;
        self.unsolved += other.unsolved;
    }

    /// Calls with a grade.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.graded.iter().sum()
    }

    /// Calls whose caller is satisfied.
    #[must_use]
    pub fn satisfied(&self) -> u64 {
        self.graded.iter().skip(SATISFIED - 1).sum()
    }
}

/// The leg that a call's grade is about: the last one in the talk.
pub(super) fn served_last(cdr: &Cdr) -> Option<&Attempt> {
    cdr.attempts.iter().filter(|a| a.connected.is_some()).max_by_key(|a| a.connected)
}

/// Whether a call's grade is about this visit: nobody was waited for later.
pub(super) fn is_about(cdr: &Cdr, visit: &Visit) -> bool {
    served_last(cdr).is_some_and(|a| visit.overflow.is_none() && visit.end == a.connected)
}
