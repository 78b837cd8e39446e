//! How a live call has come to stand as it does, for those who look at it: since when, in whose line, and why it came there.

use super::rows::Came;
use crate::call::Call;
use crate::fact::{Cause, Fact, Supervision, Target};
use crate::id::GroupId;

/// Folded from the facts of one call.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Its first fact, wall µs.
    began: Option<i64>,
    /// Its stage, and since when, wall µs.
    stage: (&'static str, i64),
    /// Whose line it is in, or was last.
    pub group: Option<GroupId>,
    /// The first line it entered, wall µs.
    pub placed: Option<i64>,
    /// How its supervisor is there, from the moment he asked.
    pub supervision: Option<Supervision>,
    /// Who has it passed on at present, and why, in his words.
    passed: Option<(String, String)>,
    /// The line that it has left last without an answer, and why.
    overflowed: Option<(GroupId, Cause)>,
}

impl Standing {
    /// Takes a fact in; `call` is as it is after it.
    pub fn fold(&mut self, fact: &Fact, call: &Call, wall: i64) {
        self.began.get_or_insert(wall);
        match fact {
            Fact::Queued { group } => {
                self.group = Some(group.clone());
                self.placed.get_or_insert(wall);
            }
            Fact::Overflowed { group, why } => self.overflowed = Some((group.clone(), *why)),
            Fact::Supervised { mode, .. } => self.supervision = Some(*mode),
            Fact::TransferAsked { by, brief, .. } => {
                let asks = call.members().iter().find(|member| member.leg == *by);
                let seat = asks.and_then(|member| match &member.target {
                    Some(Target::Seat(seat)) => Some(seat.to_string()),
                    Some(Target::Trunk { .. }) | None => None,
                });
                self.passed = seat.map(|seat| (seat, brief.reason.clone()));
            }
            Fact::TransferEnded { .. } => self.passed = None,
            _ => {}
        }
        if self.stage.0 != call.stage() {
            self.stage = (call.stage(), wall);
        }
    }

    /// When it came, wall µs.
    pub fn began(&self, call: &Call) -> i64 {
        self.began.unwrap_or(call.journey.place)
    }

    /// Since when it is at this stage, wall µs.
    pub fn since(&self, call: &Call) -> i64 {
        if self.stage.0 == call.stage() && self.stage.1 > 0 { self.stage.1 } else { call.journey.place }
    }

    /// Why it has come where it is, if not by having been dialled.
    pub fn came(&self, call: &Call) -> Option<Came> {
        let journey = &call.journey;
        let came = |why: &str, from: String, cause: Option<Cause>| {
            let seen = cause.map_or("", crate::call::cause::seen).to_owned();
            Came { why: why.to_owned(), from, seen }
        };
        if let Some((from, why)) = &self.passed {
            return Some(Came { why: "transfer".to_owned(), from: from.clone(), seen: why.clone() });
        }
        if let Some((from, cause)) = &journey.came_back {
            return Some(came("returned", from.clone(), Some(*cause)));
        }
        if let Some(recall) = &journey.recall {
            return Some(came("callback", title(call, &recall.group), None));
        }
        let (group, why) = self.overflowed.as_ref()?;
        Some(came("overflow", title(call, group), Some(*why)))
    }
}

/// What the plan that the call began with calls the group.
fn title(call: &Call, group: &GroupId) -> String {
    call.journey.snapshot.plan.group(group).map_or_else(|| group.to_string(), |group| group.title.to_string())
}
