//! By person: offered = answered + rang out + failed, over the legs to him; talk = Σ (leg's end − connected).
//!
//! Where nobody was signed in at the seat that rang, the seat stands for its person.

use super::answers::since;
use super::grades::{Grades, served_last};
use crate::fact::{Cause, Party, Target};
use crate::id::{AgentId, SeatId};
use crate::ledger::{Attempt, Cdr};

/// Whose legs these are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The agent who was signed in.
    Person(AgentId),
    /// The seat, where nobody was signed in, or the record is older than persons.
    Seat(SeatId),
    /// Those beyond the bound.
    Other,
}

/// What one person was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offers {
    /// Calls sent to him.
    pub offered: u64,
    /// Of these, he had their caller.
    pub answered: u64,
    /// Rang without an answer.
    pub rang_out: u64,
    /// Busy, declined, unreachable, or taken back before an answer.
    pub failed: u64,
    /// From the sending to the answer, µs in all.
    pub rang: u64,
    /// With callers, µs in all.
    pub talk: u64,
    /// The longest talk, µs.
    pub longest: u64,
    /// Talks that he ended. 坐席先挂
    pub hung_up: u64,
    /// Talks that his caller ended. 市民先挂
    pub caller_hung_up: u64,
    /// What his callers say.
    pub grades: Grades,
}

impl Offers {
    /// `None` for a leg that nobody's person has answered: a trunk's, or a supervisor's who only listens.
    pub(super) fn who(attempt: &Attempt) -> Option<Who> {
        match &attempt.target {
            Target::Seat(seat) if attempt.connected.is_some() || attempt.answered.is_none() => {
                Some(attempt.agent.clone().map_or_else(|| Who::Seat(seat.clone()), Who::Person))
            }
            Target::Seat(_) | Target::Trunk { .. } => None,
        }
    }

    pub(super) fn add(&mut self, cdr: &Cdr, attempt: &Attempt) {
        self.offered += 1;
        match (attempt.connected, attempt.cause) {
            (Some(connected), _) => {
                self.answered += 1;
                let talk = since(connected, attempt.end.unwrap_or(cdr.end));
                self.rang = self.rang.saturating_add(since(attempt.at, attempt.answered.unwrap_or(connected)));
                self.talk = self.talk.saturating_add(talk);
                self.longest = self.longest.max(talk);
                match attempt.by {
                    Some(Party::Callee) => self.hung_up += 1,
                    Some(Party::Caller) => self.caller_hung_up += 1,
                    Some(Party::Switch) | None => {}
                }
                if served_last(cdr).is_some_and(|last| last.leg == attempt.leg) {
                    self.grades.add(cdr);
                }
            }
            (None, Some(Cause::NoAnswer)) => self.rang_out += 1,
            (None, _) => self.failed += 1,
        }
    }

    /// Counts other offers in.
    pub fn merge(&mut self, other: &Self) {
        self.offered += other.offered;
        self.answered += other.answered;
        self.rang_out += other.rang_out;
        self.failed += other.failed;
        self.rang = self.rang.saturating_add(other.rang);
        self.talk = self.talk.saturating_add(other.talk);
        self.longest = self.longest.max(other.longest);
        self.hung_up += other.hung_up;
        self.caller_hung_up += other.caller_hung_up;
        self.grades.merge(&other.grades);
    }
}
