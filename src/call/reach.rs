//! Whom a transfer can reach, and the attempts that are made for it, one after the other.

use crate::dialplan::Digits;
use crate::id::{GroupId, SeatId, TrunkId};
use std::sync::Arc;

/// Somebody in the directory: a department, sub-centre, utility, emergency service, group or seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    /// What is dialled for it.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// 110, 119, 120, 122: never cancelled by anybody's hanging up.
    pub emergency: bool,
    /// What is tried, in order.
    pub tries: Vec<Try>,
}

impl Reachable {
    /// Number and title, for a screen.
    pub(super) fn called(&self) -> String {
        format!("{} {}", self.number, self.title).trim_end().to_owned()
    }
}

/// One thing to try. Times are µs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Try {
    /// A trunk; without any 1xx in `progress`, or without an answer in `timeout` from the first 1xx, the next try.
    Trunk {
        /// Which.
        trunk: TrunkId,
        /// The number in its local form.
        number: Digits,
        /// See above.
        progress: u64,
        /// See above.
        timeout: u64,
    },
    /// A seat of a group, whichever the floor gives.
    Group {
        /// Which.
        group: GroupId,
        /// In all.
        timeout: u64,
    },
    /// This seat.
    Seat {
        /// Which.
        seat: SeatId,
        /// How long it rings.
        timeout: u64,
    },
}

/// The attempts for one target.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) to: Arc<Reachable>,
    next: usize,
}

impl Reach {
    pub(super) fn new(to: Arc<Reachable>) -> Self {
        Self { to, next: 0 }
    }

    /// The next thing to try after an attempt that failed so. An ordinary line that was reached and did not answer, or was busy,
    /// is the same behind every trunk; an emergency line is tried on all of them.
    pub(super) fn next(&mut self, same_everywhere: bool) -> Option<Try> {
        loop {
            let found = self.to.tries.get(self.next)?;
            self.next += 1;
            let again = matches!(found, Try::Trunk { .. }) && self.next > 1;
            if !(same_everywhere && again && !self.to.emergency) {
                return Some(found.clone());
            }
        }
    }
}
