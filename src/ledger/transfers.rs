//! Accountability: every transfer as a chain of moments, and what became of its caller (product §5).
//!
//! A caller is *lost* when he was neither joined nor with anybody nor gone by himself: a transfer without an outcome in a
//! call that ended otherwise than by the caller, or one whose agent was gone and after which nobody took the caller back
//! before the switch ended the call. That must never be; so it is derived from the facts, not told by whoever might lose him.

mod departments;

pub use departments::{Department, Departments, Reason};

use super::attempt::{Attempt, millis};
use crate::fact::{Brief, Cause, Fact, Party, TransferResult, Way};
use crate::id::LegRef;
use serde::{Deserialize, Serialize};

/// A department shall answer within this, µs from the asking.
const IN_TIME: i64 = 15_000_000;

/// One transfer of a call. Times are wall clock, µs since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its number within the call, from 1.
    pub transfer: u32,
    /// The leg of the agent who asked, or of whoever took his place since.
    pub by: LegRef,
    /// The number of the directory.
    pub to: String,
    /// What it is called there.
    pub title: String,
    /// How.
    pub way: Way,
    /// 110, 119, 120 or 122.
    pub emergency: bool,
    /// Who ordered it; empty: the agent by a key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ordered_by: String,
    /// Why, and where the caller is.
    #[serde(flatten)]
    pub brief: Brief,
    /// Asked.
    pub asked: i64,
    /// The target rang first.
    pub ringing: Option<i64>,
    /// It joined, or failed.
    pub end: Option<i64>,
    /// What was told of it; `None` in an ended call: the switch died, or forgot.
    pub result: Option<TransferResult>,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// The leg that joined.
    pub target: Option<LegRef>,
    /// The agent left, while it was under way or after the join.
    pub agent_left: Option<i64>,
    /// The target left after the join.
    pub target_left: Option<i64>,
    /// What became of the caller; `None` as long as it is not decided.
    pub fate: Option<Fate>,
}

/// What became of the caller by a transfer: exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The target joined him.
    Joined,
    /// He stayed with the agent, or came back to him, to another seat or into the queue.
    Returned,
    /// He hung up himself.
    CallerGone,
    /// None of these.
    Lost,
}

impl Transfer {
    /// From the asking to the join or failure, ms. `None` while it is under way.
    #[must_use]
    pub fn lasted_ms(&self) -> Option<u64> {
        self.end.map(|end| millis(self.asked, end))
    }

    /// The same, of one that rang and then joined or failed: how long agent and caller listened to it ring, ms.
    #[must_use]
    pub fn ring_ms(&self) -> Option<u64> {
        let counts = matches!(self.result, Some(TransferResult::Joined | TransferResult::Failed));
        self.lasted_ms().filter(|_| counts && self.ringing.is_some())
    }

    /// The target joined within 15.000 s of the asking.
    #[must_use]
    pub fn in_time(&self) -> bool {
        self.fate == Some(Fate::Joined) && self.end.is_some_and(|end| end - self.asked <= IN_TIME)
    }

    /// Told to have ended, and yet nobody is known to have the caller.
    fn is_between(&self) -> bool {
        self.result.is_some() && self.fate.is_none()
    }

    /// The facts can still say more of it.
    fn is_open(&self) -> bool {
        matches!(self.fate, None | Some(Fate::Joined))
    }
}

/// The caller of a live call, as far as transfers must know him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caller {
    /// His leg.
    pub leg: LegRef,
    /// He has left a talk that others go on with.
    pub gone: bool,
}

/// A new transfer.
pub(super) fn asked(fact: &Fact, at: i64) -> Option<Transfer> {
    let Fact::TransferAsked { transfer, by, to, title, way, emergency, ordered_by, brief } = fact else {
        return None;
    };
    Some(Transfer {
        transfer: *transfer,
        by: *by,
        to: to.clone(),
        title: title.clone(),
        way: *way,
        emergency: *emergency,
        ordered_by: ordered_by.clone(),
        brief: brief.clone(),
        asked: at,
        ringing: None,
        end: None,
        result: None,
        cause: None,
        target: None,
        agent_left: None,
        target_left: None,
        fate: None,
    })
}

/// Books what a fact says of the transfers there are; `attempts` has the fact already.
pub(super) fn note(transfers: &mut [Transfer], caller: &mut Caller, attempts: &[Attempt], fact: &Fact, at: i64) {
    match fact {
        Fact::TransferRinging { transfer, .. } => {
            if let Some(open) = under_way(transfers, *transfer) {
                open.ringing.get_or_insert(at);
            }
        }
        Fact::TransferEnded { transfer, result, cause } => {
            if let Some(open) = under_way(transfers, *transfer) {
                (open.end, open.result, open.cause) = (Some(at), Some(*result), *cause);
                open.fate = fate(open, caller.gone);
                if *result == TransferResult::Joined {
                    // It has answered just now; a supervisor may have before.
                    let up = attempts.iter().filter(|a| a.end.is_none() && a.leg != open.by);
                    let last = up.filter(|a| a.answered.is_some()).max_by_key(|a| a.answered);
                    open.target = last.map(|a| a.leg);
                }
            }
        }
        // He goes to somebody: the agent's seat, another one, the queue.
        Fact::Queued { .. } | Fact::LegTried { .. } | Fact::Connected { .. } | Fact::Returned { .. } => {
            let told = matches!(fact, Fact::Returned { .. });
            let back = |t: &&mut Transfer| t.is_between() || (told && t.fate.is_none() && t.agent_left.is_some());
            transfers.iter_mut().filter(back).for_each(|t| t.fate = Some(Fate::Returned));
        }
        Fact::LegReplaced { leg, by, .. } => {
            let follow = |name: &mut LegRef| *name = if *name == *leg { *by } else { *name };
            follow(&mut caller.leg);
            transfers.iter_mut().for_each(|t| {
                follow(&mut t.by);
                t.target.as_mut().map(follow);
            });
        }
        Fact::LegEnded { leg, .. } | Fact::PartyLeft { leg, .. } => left(transfers, caller, *leg, at),
        _ => {}
    }
}

/// The call is over: no transfer stays open.
pub(super) fn close(transfers: &mut [Transfer], caller: Caller, by: Party, end: i64) {
    let himself = caller.gone || by == Party::Caller;
    for transfer in transfers.iter_mut() {
        if transfer.result.is_none() || transfer.fate.is_none() {
            transfer.fate = Some(if himself { Fate::CallerGone } else { Fate::Lost });
        }
        if transfer.fate == Some(Fate::Joined) {
            transfer.agent_left.get_or_insert(end);
            transfer.target_left.get_or_insert(end);
        }
        transfer.end.get_or_insert(end);
    }
}

fn under_way(transfers: &mut [Transfer], number: u32) -> Option<&mut Transfer> {
    transfers.iter_mut().rev().find(|t| t.transfer == number && t.result.is_none())
}

/// What the outcome alone says of the caller; `None`: what follows will tell.
fn fate(transfer: &Transfer, gone: bool) -> Option<Fate> {
    match transfer.result? {
        TransferResult::Joined => Some(Fate::Joined),
        TransferResult::CallerGone => Some(Fate::CallerGone),
        TransferResult::Failed | TransferResult::Cancelled | TransferResult::AgentGone if gone => {
            Some(Fate::CallerGone)
        }
        TransferResult::Failed | TransferResult::Cancelled if transfer.agent_left.is_none() => Some(Fate::Returned),
        TransferResult::Failed | TransferResult::Cancelled | TransferResult::AgentGone => transfer.fate,
    }
}

fn left(transfers: &mut [Transfer], caller: &mut Caller, leg: LegRef, at: i64) {
    if leg == caller.leg {
        caller.gone = true;
        transfers.iter_mut().filter(|t| t.is_between()).for_each(|t| t.fate = Some(Fate::CallerGone));
    }
    for transfer in transfers.iter_mut().filter(|t| t.is_open()) {
        if transfer.by == leg {
            transfer.agent_left.get_or_insert(at);
        }
        if transfer.target == Some(leg) {
            transfer.target_left.get_or_insert(at);
        }
    }
}

#[cfg(test)]
mod tests;
