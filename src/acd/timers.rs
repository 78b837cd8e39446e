//! What is due when: one ordered set, so the next deadline is its first element.

use crate::id::{CallRef, OfferId, SeatId};
use std::collections::{BTreeMap, BTreeSet};

/// What a timer is for. At one instant they fire in this order: a caller who has waited long enough is sent on
/// before his offer counts as unanswered, and states end before anything new is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The call has waited as long as the group allows.
    Overflow(CallRef),
    /// The offer rang long enough.
    Offer(OfferId),
    /// Wrap-up or hold of the seat ends.
    Seat(SeatId),
    /// The seat that refused a call may be offered one again.
    Rested(SeatId),
    /// The call's skill is no longer asked for.
    Skill(CallRef),
    /// The next tier opens to the call.
    Tier(CallRef),
    /// A seat that did not take the call may be offered it again.
    Cooled(CallRef),
    /// The position is to be told.
    Announce(CallRef),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(u64, Timer)>,
    at: BTreeMap<Timer, u64>,
}

impl Timers {
    /// Arms the timer, moves it, or with `None` disarms it.
    pub(super) fn set(&mut self, timer: Timer, at: Option<u64>) {
        let before = match at {
            Some(at) => self.at.insert(timer.clone(), at),
            None => self.at.remove(&timer),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, timer.clone()));
        }
        if let Some(at) = at {
            self.due.insert((at, timer));
        }
    }

    /// When the timer is due, if it is armed.
    pub(super) fn at(&self, timer: &Timer) -> Option<u64> {
        self.at.get(timer).copied()
    }

    pub(super) fn next(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the first timer that is due.
    pub(super) fn pop(&mut self, mono: u64) -> Option<(u64, Timer)> {
        if self.next()? > mono {
            return None;
        }
        let (at, timer) = self.due.pop_first()?;
        self.at.remove(&timer);
        Some((at, timer))
    }
}
