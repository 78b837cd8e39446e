//! What is said to one seat's pages beside what changes on the floor: who has its telephone, and a word of the supervisor.

use crate::exchange::SeatRow;
use crate::id::SeatId;
use dashmap::DashMap;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::broadcast;

/// Notes that wait for a page; of more it is told the state alone.
const WAITING: usize = 256;

/// One.
#[derive(Debug)]
pub(super) struct Note {
    /// To whom.
    pub seat: SeatId,
    /// As it is sent.
    pub text: Arc<str>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Notes {
    to: broadcast::Sender<Arc<Note>>,
    /// Which page has the telephone of a seat.
    holders: DashMap<SeatId, u64>,
    last: AtomicU64,
    /// Paperwork that has been extended: of each seat since when it is at it.
    extended: DashMap<SeatId, i64>,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            to: broadcast::Sender::new(WAITING),
            holders: DashMap::new(),
            last: AtomicU64::new(0),
            extended: DashMap::new(),
        }
    }
}

impl Notes {
    /// What comes from here on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Note>> {
        self.to.subscribe()
    }

    /// Which page has the telephone of a seat.
    pub fn holder(&self, seat: &SeatId) -> Option<u64> {
        self.holders.get(seat).map(|holder| *holder)
    }

    /// A page takes the telephone, or keeps it if it has it: then it is the one that it was.
    pub fn held(&self, seat: &SeatId, was: Option<u64>) -> u64 {
        if let Some(holder) = self.holder(seat).filter(|holder| was == Some(*holder)) {
            return holder;
        }
        let holder = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.holders.insert(seat.clone(), holder);
        self.say(seat, &json!({ "holder": holder }));
        holder
    }

    /// The paperwork that a seat is at is extended, which may be once.
    ///
    /// Whether it is the first time.
    pub fn extend(&self, row: &SeatRow) -> bool {
        row.work() != "wrap_up" || self.extended.insert(row.seat.clone(), row.since) != Some(row.since)
    }

    /// It has been.
    pub fn has_extended(&self, row: &SeatRow) -> bool {
        row.work() == "wrap_up" && self.extended.get(&row.seat).is_some_and(|since| *since == row.since)
    }

    /// Says something to the pages of a seat.
    pub fn say(&self, seat: &SeatId, what: &serde_json::Value) {
        // Nobody may be there.
        let _ = self.to.send(Arc::new(Note { seat: seat.clone(), text: what.to_string().into() }));
    }
}
