//! Changes by number: the last ones are kept, so that whoever was away for a moment goes on where he was.

use crate::exchange::{CallRow, SeatRow};
use crate::id::CallRef;
use std::collections::VecDeque;
use std::sync::Arc;

/// Changes that are kept, and their length together.
pub const KEPT: usize = 1_024;
const KEPT_BYTES: usize = 8 << 20;

/// Some rows that changed at once, as they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// Its number, one more than the last.
    pub seq: u64,
    /// The rows that stand in it.
    pub rows: Arc<Rows>,
    /// `{"seq":…,"calls":[…],"over":[…],"seats":[…],"groups":[…]}`, without what has not changed.
    pub json: Arc<str>,
}

/// What has changed, as values: for readers who are shown a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// Calls as they are now.
    pub calls: Vec<Arc<CallRow>>,
    /// Calls that are over.
    pub over: Vec<CallRef>,
    /// Seats as they are now.
    pub seats: Vec<Arc<SeatRow>>,
    /// A group is another one than it was.
    pub groups: bool,
}

/// What follows a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resumed {
    /// These; none yet, if it is the last.
    On(Vec<Delta>),
    /// It is too long ago, or of another run: begin with a snapshot.
    Lost,
}

/// The last changes.
#[derive(Debug, Default)]
pub(super) struct Ring {
    deltas: VecDeque<Delta>,
    bytes: usize,
    last: u64,
}

impl Ring {
    /// The number that the next one gets.
    pub(super) fn next(&self) -> u64 {
        self.last + 1
    }

    pub(super) fn push(&mut self, delta: Delta) {
        self.last = delta.seq;
        self.bytes += delta.json.len();
        self.deltas.push_back(delta);
        while self.deltas.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(gone) = self.deltas.pop_front() else { return };
            self.bytes -= gone.json.len();
        }
    }

    pub(super) fn after(&self, seq: u64) -> Resumed {
        let first = self.deltas.front().map_or(self.last + 1, |d| d.seq);
        if seq > self.last || seq + 1 < first {
            return Resumed::Lost;
        }
        Resumed::On(self.deltas.iter().filter(|d| d.seq > seq).cloned().collect())
    }
}
